"""Until callers have identities, only this machine may call: every request is checked before anything reads it.

Binding to loopback is not enough. A web page elsewhere can make an officer's browser post here, and a name that is
rebound to 127.0.0.1 can make it read the answers; so the Host must be a loopback name, and a request that changes
something must not come from another origin.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.problems import BadRequest, problem_of
from api.settings import is_loopback

__all__ = ["LoopbackOnly"]

SECURITY_HEADERS = (
    (b"content-security-policy", b"default-src 'self'; frame-ancestors 'none'; form-action 'self'; base-uri 'none'"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
)


class LoopbackOnly:
    """ASGI middleware that refuses foreign hosts and origins, and sets the headers that every answer carries."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *SECURITY_HEADERS]
            await send(message)

        refused = refusal(Headers(scope=scope), scope["method"])
        if refused:
            await problem_of(refused)(scope, receive, send_with_headers)
        else:
            await self.app(scope, receive, send_with_headers)


def refusal(headers: Headers, method: str) -> BadRequest | None:
    """Say why a request may not be served, or None."""
    host, _ = _parts("//" + headers.get("host", ""))
    if not is_loopback(host):
        detail = f"the host `{headers.get('host', '')}` is not this machine; use 127.0.0.1"
        return BadRequest(detail, status=421, code="not_this_host", title="misdirected request")
    origin = headers.get("origin")
    if method not in ("GET", "HEAD", "OPTIONS") and origin is not None and _parts(origin)[1] != headers.get("host"):
        detail = f"the request comes from a page of `{origin}`, which may not decide here"
        return BadRequest(detail, status=403, code="foreign_origin", title="foreign origin")
    return None


def _parts(url: str) -> tuple[str, str]:
    """The host name, and the host with its port, of a URL; empty where it cannot be read."""
    try:
        split = urlsplit(url)
        return split.hostname or "", split.netloc
    except ValueError:
        return "", ""
