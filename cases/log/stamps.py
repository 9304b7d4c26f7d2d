"""Time-stamp tokens verified (RFC 3161), of the log here and of an exported one; `cases.log.timestamp` asks for them.

A token is over SHA-256 of the checkpoint as the log signed it: those bytes never change, while cosignatures still come.
`openssl ts -verify -in TOKEN -token_in -data CHECKPOINT -CAfile CA` says the same.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from cryptography.x509 import Certificate, load_pem_x509_certificates
from rfc3161_client import TimeStampResponse, VerificationError, VerifierBuilder, decode_timestamp_response

from cases.errors import UnsafeStore
from cases.log.entry import digest_of
from cases.log.files import Folder, Web
from cases.log.finding import Stamp
from cases.log.published import Published, Token
from cases.tlog.note import Note

__all__ = [
    "Stamped", "TokenRefused", "decoded", "read_certificates", "stamps_of", "verify_token", "verify_tokens",
]  # fmt: skip

_NAME = re.compile(r"(0|[1-9][0-9]{0,17})\.([0-9a-f]{64})\.tsr")
Add = Callable[..., None]
"""`add(code, first, last, more)` takes a finding."""


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
    reply = decoded(_granted(token.data))
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


def stamps_of(
    files: Folder | Web, names: Sequence[str], notes: Mapping[int, Note], trusted: Sequence[Certificate], add: Add
) -> tuple[Stamp, ...]:
    """What the tokens of an export say that hold, in order of time.

    `names` are those in its folder of tokens, `notes` its checkpoints that are believed, by size. What does not hold is
    a finding.
    """
    held: list[Stamp] = []
    for name in names:
        path = f"tokens/{name}"
        data = files.read(path)
        if data is None:
            add("file_missing", more=path)
            continue
        digest, found = digest_of(data), _NAME.fullmatch(name)
        if found is None or digest != f"sha256:{found[2]}":
            add("token_misnamed", more=path)
            continue
        size = int(found[1])
        if size not in notes:
            add("token_without_checkpoint", more=path)
            continue
        try:
            held.append(Stamp(verify_token(Token(size, digest, data), _as_signed(notes[size]), trusted), size))
        except TokenRefused as wrong:
            add("token_invalid", more=f"{path}: {wrong}")
    return tuple(sorted(held))


def _as_signed(note: Note) -> bytes:
    """A checkpoint as the log signed it: cosignatures came later, and the log's own lines are all under its origin."""
    origin = note.text.partition("\n")[0]
    return Note(note.text, tuple(line for line in note.signatures if line.name == origin)).to_bytes()


def decoded(data: bytes) -> TimeStampResponse:
    """Read a response of an authority; TokenRefused where it is none."""
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
