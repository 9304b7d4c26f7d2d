"""The log for strangers, under /log/: checkpoints, tiles, entry bundles, time-stamps and keys, named as in an export
(C2SP tlog-tiles); and under /v1/ the proof of one record, and of one checkpoint continuing another.

Bytes are served as they are: a signature covers every one of them.
"""

from __future__ import annotations

import base64
from typing import Annotated

from fastapi import FastAPI, Path, Query
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from api.answers import json, ok, problems
from api.problems import NotFound
from cases.log.keyring import Keyring
from cases.log.published import Published
from cases.log.store import AuditLog
from cases.tlog.errors import TlogError
from cases.tlog.tiles import Bundle, parse_path

__all__ = ["add_log"]

TEXT = "text/plain; charset=utf-8"
BYTES = "application/octet-stream"
FOREVER = {"Cache-Control": "public, max-age=31536000, immutable"}
BRIEFLY = {"Cache-Control": "public, max-age=1"}


class ConsistencyProof(BaseModel):
    """RFC 6962, 2.1.2: the log of size `new` begins with the log of size `old`."""

    old: int
    new: int
    proof: list[str] = Field(description="hashes in base64, as RFC 6962 orders them")


def add_log(app: FastAPI, log: AuditLog, keyring: Keyring | None) -> None:
    """Add the routes; `keyring` is None where another process signs, and its list is then served there."""
    published = Published(log)

    @app.get(
        "/log/checkpoint",
        operation_id="read_checkpoint",
        summary="The newest signed checkpoint, with the cosignatures it has (C2SP tlog-checkpoint)",
        response_class=Response,
        responses=_text("a signed note") | problems(404),
    )
    def checkpoint() -> Response:
        latest = published.latest()
        if latest is None:
            raise NotFound("no checkpoint was signed yet; ask again in a moment")
        return Response(latest.note.to_bytes(), media_type=TEXT, headers=BRIEFLY)

    @app.get(
        "/log/checkpoints/index",
        operation_id="list_checkpoints",
        summary="The size of every signed checkpoint, one on a line",
        response_class=Response,
        responses=_text("sizes"),
    )
    def checkpoints() -> Response:
        latest = published.latest()
        sizes = [str(each.size) for each in published.signed(latest.size if latest else 0)]
        return Response("".join(f"{each}\n" for each in sorted(sizes)), media_type=TEXT, headers=BRIEFLY)

    @app.get(
        "/log/checkpoints/{size}",
        operation_id="read_checkpoint_of_size",
        summary="The signed checkpoint of a size, with the cosignatures it has",
        response_class=Response,
        responses=_text("a signed note") | problems(404, 422),
    )
    def checkpoint_of(size: Annotated[str, Path(pattern=r"^[1-9][0-9]{0,17}$")]) -> Response:
        return Response(published.checkpoint(int(size)).note.to_bytes(), media_type=TEXT, headers=BRIEFLY)

    @app.get(
        "/log/tokens/index",
        operation_id="list_tokens",
        summary="The name of every RFC 3161 time-stamp token over a checkpoint, one on a line",
        response_class=Response,
        responses=_text("names: the checkpoint's size, and the token's SHA-256 in hex"),
    )
    def tokens() -> Response:
        names = published.token_names()
        return Response("".join(f"{each}\n" for each in names), media_type=TEXT, headers=BRIEFLY)

    @app.get(
        "/log/tokens/{name}",
        operation_id="read_token",
        summary="A time-stamp token (RFC 3161) over a checkpoint as the log signed it, without cosignatures",
        response_class=Response,
        responses=_bytes("the token in DER") | problems(404),
    )
    def token(name: str, request: Request) -> Response:
        # Not `name` itself, as for a tile.
        found = published.token(request.scope["path"].removeprefix("/log/tokens/"))
        return Response(found.data, media_type=BYTES, headers=FOREVER)

    @app.get(
        "/log/sources/{digest}",
        operation_id="read_source",
        summary="Rule bytes that records cite, by their SHA-256 in hex",
        response_class=Response,
        responses=_bytes("a rule file, or the manifest of a rulebook") | problems(404),
    )
    def source(digest: str) -> Response:
        return Response(log.source(f"sha256:{digest[:64]}"), media_type=BYTES, headers=FOREVER)

    @app.get(
        "/log/tile/{path:path}",
        operation_id="read_tile",
        summary="A tile of hashes, or a bundle of entries (C2SP tlog-tiles); it never changes",
        response_class=Response,
        responses=_bytes("the tile's hashes, or the bundle's entries") | problems(404),
    )
    def tile(path: str, request: Request) -> Response:
        try:
            # Not `path` itself: a newline at its end is lost where the route is matched.
            place = parse_path(request.scope["path"].removeprefix("/log/"))
        except TlogError as error:
            raise NotFound(f"there is no tile `{path[:64]}`: {error}") from error
        data = published.bundle(place) if isinstance(place, Bundle) else published.tile(place)
        return Response(data, media_type=BYTES, headers=FOREVER)

    @app.get(
        "/log/keys.json",
        operation_id="list_keys",
        summary="Every key the log ever signed with, and when; take it from somewhere else too before you trust it",
        response_class=Response,
        responses=problems(404),
    )
    def keys() -> Response:
        if keyring is None:
            raise NotFound("the log is signed by another process; ask its operator for the keys")
        return Response(keyring.public_list(), media_type="application/json", headers=BRIEFLY)

    @app.get(
        "/v1/decisions/{id}/proof",
        operation_id="read_inclusion_proof",
        summary="That a record stands in the log (C2SP tlog-proof); 404 until a signed checkpoint covers it",
        response_class=Response,
        responses=_text("a .tlog-proof, good offline and for ever") | problems(404),
    )
    def proof(id: str) -> Response:  # noqa: A002 - the field's own name
        entry = log.find(id)
        if entry is None:
            raise NotFound(f"there is no record `{id[:64]}`")
        headers = {"Content-Disposition": f'attachment; filename="{entry.id}.tlog-proof"'}
        return Response(published.proof(entry.seq).to_bytes(), media_type=TEXT, headers=headers)

    @app.get(
        "/v1/decisions/{id}/record",
        operation_id="read_record",
        summary="The exact bytes of a record: the leaf that its proof is about",
        response_class=Response,
        responses=_bytes("canonical JSON (RFC 8785)") | problems(404),
    )
    def record(id: str) -> Response:  # noqa: A002 - see above
        entry = log.find(id)
        if entry is None:
            raise NotFound(f"there is no record `{id[:64]}`")
        return Response(entry.data, media_type=BYTES, headers=FOREVER)

    @app.get(
        "/v1/log/consistency",
        operation_id="read_consistency_proof",
        summary="That the log of one size is the beginning of the log of another (RFC 6962, 2.1.2)",
        response_class=Response,
        responses=ok("the proof", ConsistencyProof) | problems(404, 422),
    )
    def consistency(old: Annotated[int, Query(ge=1, lt=2**62)], new: Annotated[int, Query(ge=1, lt=2**62)]) -> Response:
        path = [base64.b64encode(each).decode() for each in published.consistency(old, new)]
        return json({"old": old, "new": new, "proof": path})


def _text(description: str) -> dict[int | str, dict[str, object]]:
    return {200: {"description": description, "content": {"text/plain": {"schema": {"type": "string"}}}}}


def _bytes(description: str) -> dict[int | str, dict[str, object]]:
    binary = {"schema": {"type": "string", "format": "binary"}}
    return {200: {"description": description, "content": {BYTES: binary}}}
