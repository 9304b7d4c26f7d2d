"""The door of a witness: add-checkpoint over HTTP (C2SP tlog-witness v1.0.0), and nothing else.

It is made to be reached from outside: there is nothing to log in to, for only what a known log signed is answered with
more than a status.
"""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from cases.errors import CaseError
from cases.log.witness import Verdict, WitnessStore

__all__ = ["MAX_BODY", "witness_app"]

MAX_BODY = 1 << 20
"""The longest request: a note has at most 1 MiB, and a checkpoint with 100 signatures a third of it."""


def witness_app(store: WitnessStore) -> Starlette:
    """Make the application of one witness."""

    async def add_checkpoint(request: Request) -> Response:
        body = bytearray()
        try:
            async for part in request.stream():
                body += part
                if len(body) > MAX_BODY:
                    return _answer(Verdict(413, b"a request has at most 1 MiB\n"), close=True)
        except ClientDisconnect:
            return _answer(Verdict(400, b"the request ended early\n"))
        try:
            return _answer(await run_in_threadpool(store.add, bytes(body)))
        except CaseError as exc:
            # Nothing was cosigned. What is wrong is for the auditor, not for whoever asks.
            request.app.state.problem = str(exc)
            return _answer(Verdict(503, b"the witness cannot keep anything now\n"))

    app = Starlette(routes=[Route("/add-checkpoint", add_checkpoint, methods=["POST"])])
    app.state.problem = None
    return app


def _answer(verdict: Verdict, *, close: bool = False) -> Response:
    headers = {"Content-Type": verdict.media_type, "Cache-Control": "no-store"}
    if close:
        headers["Connection"] = "close"
    return Response(verdict.body, verdict.status, headers)
