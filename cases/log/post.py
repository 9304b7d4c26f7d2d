"""One HTTP POST to a party outside (a witness, a time-stamp authority), bounded in time and in length.

INVARIANT: no redirect is followed and no proxy of the environment is asked: what leaves, leaves for the address that
was configured.
"""

from __future__ import annotations

import http.client
from dataclasses import dataclass
from urllib.parse import urlsplit

from cases.tlog.encoding import MAX_BYTES

__all__ = ["Answer", "NoAnswer", "post"]


class NoAnswer(Exception):
    """Nothing came back that can be read: no connection, no answer in time, or one that is too long."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; `media_type` is without parameters and in lower case."""

    status: int
    media_type: str
    body: bytes


def post(url: str, body: bytes, media_type: str, *, timeout: float) -> Answer:
    """Send the body and read an answer of at most 1 MiB; `timeout` in seconds, for each wait on the network."""
    parts = urlsplit(url)
    made = {"http": http.client.HTTPConnection, "https": http.client.HTTPSConnection}.get(parts.scheme)
    if made is None or not parts.hostname:
        raise NoAnswer(f"`{url}` is no http or https address")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        connection = made(parts.hostname, parts.port, timeout=timeout)
    except ValueError as exc:
        raise NoAnswer(f"`{url}` has no usable port") from exc
    try:
        connection.request("POST", path, body, {"Content-Type": media_type, "Connection": "close"})
        answer = connection.getresponse()
        data = answer.read(MAX_BYTES + 1)
        kind = answer.headers.get_content_type()
    except (OSError, http.client.HTTPException, UnicodeError) as exc:
        raise NoAnswer(f"`{url}` gave no answer ({exc or type(exc).__name__})") from exc
    finally:
        connection.close()
    if len(data) > MAX_BYTES:
        raise NoAnswer(f"`{url}` answered with more than {MAX_BYTES} bytes")
    return Answer(answer.status, kind, data)
