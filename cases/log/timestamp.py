"""Time-stamps by an authority outside (RFC 3161): what a checkpoint covers existed at that moment, says someone else.

A token is over SHA-256 of the checkpoint as the log signed it (`Published.signed_bytes`): those bytes never change,
while cosignatures still come. `openssl ts -verify -in TOKEN -token_in -data CHECKPOINT -CAfile CA` says the same.

INVARIANT: no token is kept that does not verify under the certificates the caller trusts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from cryptography.x509 import Certificate, load_pem_x509_certificates
from rfc3161_client import (
    HashAlgorithm,
    TimestampRequestBuilder,
    TimeStampResponse,
    VerificationError,
    VerifierBuilder,
    decode_timestamp_response,
)

from cases.errors import NotPublished, UnsafeStore
from cases.log.entry import digest_of
from cases.log.post import NoAnswer, post
from cases.log.published import Published, Token

__all__ = ["Stamped", "TokenRefused", "read_certificates", "request_token", "verify_token", "verify_tokens"]

_QUERY, _REPLY = "application/timestamp-query", "application/timestamp-reply"


class TokenRefused(Exception):
    """No time-stamp was given, or it does not verify; `str()` says why."""


@dataclass(frozen=True, slots=True)
class Stamped:
    """A token that verifies: the checkpoint of `size` existed at `time`."""

    size: int
    time: datetime
    token: Token


def read_certificates(path: Path) -> tuple[Certificate, ...]:
    """The certificates in a PEM file; UnsafeStore when there is none, or none that signed itself (a root)."""
    try:
        found = load_pem_x509_certificates(path.read_bytes())
    except OSError as exc:
        raise UnsafeStore(str(path), f"it cannot be read ({exc.strerror})", "name a PEM file") from exc
    except ValueError as exc:
        raise UnsafeStore(str(path), f"it holds no certificates ({exc})", "name a PEM file") from exc
    if not any(_is_root(each) for each in found):
        raise UnsafeStore(str(path), "it holds no root certificate", "add the authority's root certificate")
    return tuple(found)


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
    reply = _decoded(answer.body)
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


def verify_tokens(
    published: Published, size: int, trusted: Sequence[Certificate]
) -> list[tuple[Stamped | None, str | None]]:
    """Each token kept for the checkpoint of that size: what it proves, or what is wrong with it."""
    data = published.signed_bytes(size)
    found: list[tuple[Stamped | None, str | None]] = []
    for token in published.tokens(size):
        try:
            found.append((Stamped(size, verify_token(token, data, trusted), token), None))
        except TokenRefused as exc:
            found.append((None, f"{token.digest}: {exc}"))
    return found


def verify_token(token: Token, data: bytes, trusted: Sequence[Certificate]) -> datetime:
    """The time the authority states for these bytes; TokenRefused when the token does not verify."""
    if digest_of(token.data) != token.digest:
        raise TokenRefused("its bytes have another digest than they are kept under")
    reply = _decoded(_granted(token.data))
    builder = VerifierBuilder(
        roots=[each for each in trusted if _is_root(each)],
        intermediates=[each for each in trusted if not _is_root(each)],
    )
    try:
        if reply.tst_info.message_imprint.message != sha256(data).digest():
            raise TokenRefused("it is over other bytes than this checkpoint's")
        builder.build().verify_message(reply, data)
    except (VerificationError, ValueError) as exc:
        raise TokenRefused(str(exc)) from exc
    return reply.tst_info.gen_time


def _decoded(data: bytes) -> TimeStampResponse:
    try:
        return decode_timestamp_response(data)
    except ValueError as exc:
        # Also where an authority sends a chain of certificates that is not in the order DER has for sets.
        raise TokenRefused(f"the answer is no time-stamp response in DER ({exc})") from exc


def _granted(token: bytes) -> bytes:
    """The response that has this token: SEQUENCE { PKIStatusInfo { granted }, token } (RFC 3161, 2.4.2)."""
    content = bytes.fromhex("3003020100") + token
    length = len(content)
    if length < 0x80:
        return b"\x30" + bytes([length]) + content
    octets = length.to_bytes((length.bit_length() + 7) // 8)
    return b"\x30" + bytes([0x80 | len(octets)]) + octets + content


def _is_root(certificate: Certificate) -> bool:
    return certificate.issuer == certificate.subject
