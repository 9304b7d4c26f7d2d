"""Selective disclosures (RFC 9901): a record holds digests of personal values, and the values stand outside it.

A disclosure is base64url of the JSON array [salt, name, value], and its digest base64url of the SHA-256 of that text.
The salt is 128 random bits of its own for every value of every record: an identity number has too few possible values,
and without a salt its digest could be guessed. Pure: whoever calls brings the salts.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

__all__ = ["ALGORITHM", "SALT_BYTES", "Disclosure", "digest_of", "digests_of", "disclose", "read_disclosure"]

ALGORITHM = "sha-256"
"""The digest's name in the IANA registry that `_sd_alg` refers to."""

SALT_BYTES = 16


@dataclass(frozen=True, slots=True)
class Disclosure:
    """One value under its name, with the text that its digest is taken of."""

    name: str
    value: Any
    text: str

    @property
    def digest(self) -> str:
        return digest_of(self.text)


def disclose(salt: bytes, name: str, value: Any) -> Disclosure:
    """Make a disclosure of a JSON value; ValueError for a salt that is not 128 bits."""
    if len(salt) != SALT_BYTES:
        raise ValueError(f"a salt has {SALT_BYTES} bytes and not {len(salt)}")
    # Escaped to ASCII: JSON may hold half a surrogate pair, which no UTF-8 can.
    return Disclosure(name, value, _base64url(json.dumps([_base64url(salt), name, value]).encode("ascii")))


def read_disclosure(text: str) -> Disclosure:
    """Read a disclosure's text; ValueError where it is none. What the text says is believed only by its digest."""
    try:
        found = json.loads(urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        _salt, name, value = found
    except (ValueError, TypeError, RecursionError):
        raise ValueError("it is no disclosure") from None
    if not isinstance(name, str):
        raise ValueError("it is no disclosure")
    return Disclosure(name, value, text)


def digest_of(text: str) -> str:
    """Digest a disclosure's text, as it stands in the record."""
    return _base64url(sha256(text.encode("ascii")).digest())


def digests_of(disclosures: Iterable[Disclosure]) -> list[str]:
    """Digest disclosures in the order of the digests, which says nothing of the order of the values."""
    return sorted(each.digest for each in disclosures)


def _base64url(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode("ascii")
