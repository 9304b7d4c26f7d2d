"""Time-stamps by an authority outside (RFC 3161): what a checkpoint covers existed at that moment, says someone else.

A token is over SHA-256 of the checkpoint as the log signed it (`Published.signed_bytes`).

INVARIANT: no token is kept that does not verify under the certificates the caller trusts.
"""

from __future__ import annotations

from collections.abc import Sequence

from cryptography.x509 import Certificate
from rfc3161_client import HashAlgorithm, TimestampRequestBuilder

from cases.errors import NotPublished
from cases.log.entry import digest_of
from cases.log.post import NoAnswer, post
from cases.log.published import Published, Token
from cases.log.stamps import Stamped, TokenRefused, decoded, verify_token, verify_tokens

__all__ = ["request_token"]

_QUERY, _REPLY = "application/timestamp-query", "application/timestamp-reply"


def request_token(published: Published, url: str, trusted: Sequence[Certificate], *, timeout: float = 30.0) -> Stamped:
    """Have the newest checkpoint time-stamped, and keep the token; one that has a good token is not stamped again.

    Raises NotPublished when nothing is signed yet, TokenRefused, and what `Published` raises.
    """
    point = published.latest()
    if point is None:
        raise NotPublished("no checkpoint is signed yet")
    for stamped, problem in verify_tokens(published, point.size, trusted):
        if stamped is not None and problem is None:
            return stamped
    data = published.signed_bytes(point.size)
    asked = TimestampRequestBuilder().data(data).hash_algorithm(HashAlgorithm.SHA256).nonce(nonce=True).build()
    try:
        answer = post(url, asked.as_bytes(), _QUERY, timeout=timeout)
    except NoAnswer as exc:
        raise TokenRefused(str(exc)) from exc
    if answer.status != 200 or answer.media_type != _REPLY:
        raise TokenRefused(f"`{url}` answered with HTTP status {answer.status} and {answer.media_type}")
    reply = decoded(answer.body)
    if reply.status != 0:
        raise TokenRefused(f"`{url}` gave no token: status {reply.status}, {', '.join(reply.status_string) or '-'}")
    if reply.tst_info.nonce != asked.nonce:
        raise TokenRefused("the token answers another request: its nonce differs")
    found = reply.time_stamp_token()
    token = Token(point.size, digest_of(found), found)
    # Verified as it will be read back, out of the token alone.
    time = verify_token(token, data, trusted)
    published.add_token(token)
    return Stamped(point.size, time, token)
