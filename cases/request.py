"""What a record says of the request it answers, so that the row which finds it again can be checked.

An idempotency key finds the record that a request was answered by. Key and fingerprint stand in a row (`idempotency`)
that whoever owns the database can change; changed or gone, the next retry is decided a second time. So each record has

    request   `sha256:` over the canonical JSON (RFC 8785) [nonce, key, fingerprint]; null where no key was given

Nonce: the record's own, so that two records of one key have nothing in common and no table of digests serves for more
than one. What keeps a short key from being guessed by who reads the record is the fingerprint, keyed under a secret
outside the database (`cases.log.vault`). Records written before this have no `request`, and vouch for no row:
what a row of theirs finds is answered as it always was.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import rfc8785

from engine import digest_of

__all__ = ["Request", "vouches"]

_NONCE = re.compile("[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class Request:
    """An idempotency key, and the fingerprint of what was asked under it.

    `earlier` are the fingerprints that the same request had under vault keys before this one: a row with one of them is
    of this request too, and stays as it is.
    """

    key: str
    fingerprint: str
    earlier: tuple[str, ...] = ()

    def digest(self, nonce: str) -> str:
        """What the record that answers it has under `request`, given that record's nonce; UTF-8 text only."""
        return digest_of(rfc8785.dumps([nonce, self.key, self.fingerprint]))


def vouches(content: Mapping[str, Any], request: Request) -> bool:
    """Whether a record that says this answered that request, or is too old to say."""
    if "request" not in content:
        return True
    nonce = content.get("nonce")
    if not (isinstance(nonce, str) and _NONCE.fullmatch(nonce)):
        return False
    return bool(content["request"] == request.digest(nonce))
