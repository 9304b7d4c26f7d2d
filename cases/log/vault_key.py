"""The vault's key: the secret outside the database that wraps the data keys of cases, and fingerprints requests.

    vault.key        32 random bytes (hex); below it, once it was changed, the fingerprint keys of those before it
    vault.next.key   the key that will take its place, while it is being changed (`cases.log.vault_rotation`)

INVARIANT: while both are there, `vault.key` wraps and fingerprints, and what either of them wrapped opens.

A fingerprint stays in the log for ever, and a retry must be known by it: so a key that goes leaves what it
fingerprinted with, one way derived, and nothing that opens the vault. New requests are fingerprinted by the new key:
whoever had the old one can try guesses at old fingerprints, as before, and at none that came later.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Sequence
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from cases.errors import UnsafeStore, VaultDamaged
from cases.log.keyring import read_secret, sync_folder, write_durably

__all__ = ["KEY_FILE", "NEXT_FILE", "VaultKey"]

KEY_FILE = "vault.key"
NEXT_FILE = "vault.next.key"
_NONCE = 12
_LENGTH = 32
_WHOLE = "the case's key"


class VaultKey:
    """The key that wraps now, and the one that will follow it, if it is being changed; `id` names it in the log."""

    def __init__(self, secret: bytes, earlier: Sequence[bytes] = (), following: VaultKey | None = None) -> None:
        # Three uses, three keys: what one gives away says nothing of the others.
        self.id = _derive(secret, b"zhunsheng vault key id")[:8].hex()
        self._wrapping = AESGCM(_derive(secret, b"zhunsheng vault wrapping"))
        self._prints = (_derive(secret, b"zhunsheng request fingerprint"), *earlier)
        self.following = following

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read the key file, and the next one beside it where it is being changed.

        UnsafeStore when it is missing, or one of them is no key, or others can read it.
        """
        following = path.with_name(NEXT_FILE)
        return cls(*_read(path), following=cls(*_read(following)) if following.exists() else None)

    @classmethod
    def create(cls, path: Path) -> Self:
        """Make a key file (mode 0600), durably, or take the one that another process made just now."""
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        made = path.with_name(f".{path.name}.{secrets.token_hex(4)}.new")
        write_durably(made, f"{secrets.token_hex(_LENGTH)}\n".encode("ascii"), 0o600)
        # A link, unlike a rename, never replaces: of two that start at once one key is kept, whole, and both use it.
        with suppress(FileExistsError):
            path.hardlink_to(made)
        made.unlink()
        sync_folder(path.parent)
        return cls.read(path)

    def follow(self, path: Path) -> VaultKey:
        """Make the file (mode 0600), durably, of a new key that will follow this one, and read it back."""
        lines = [secrets.token_hex(_LENGTH), *(each.hex() for each in self._prints)]
        write_durably(path, "".join(f"{line}\n" for line in lines).encode("ascii"), 0o600)
        return VaultKey(*_read(path))

    def fingerprint(self, request: bytes) -> str:
        """A keyed digest of a request: equal for equal requests, and no way to try guesses for who has not the key."""
        return self._fingerprint(self._prints[0], request)

    def earlier_fingerprints(self, request: bytes) -> tuple[str, ...]:
        """The digests of the same request under the keys before this one, the newest first."""
        return tuple(self._fingerprint(each, request) for each in self._prints[1:])

    def wrap(self, scope: str, data_key: bytes) -> dict[str, Any]:
        """The row that keeps a case's data key."""
        nonce = secrets.token_bytes(_NONCE)
        return {"case_ref": scope, "nonce": nonce, "wrapped": self._wrapping.encrypt(nonce, data_key, scope.encode())}

    def unwrap(self, scope: str, nonce: Any, wrapped: Any) -> bytes:
        """The data key of a case; VaultDamaged when the row is not one of this key, nor of the one that follows."""
        for each in (self, self.following):
            if each is not None and (found := each._opened(scope, nonce, wrapped)) is not None:
                return found
        raise VaultDamaged(str(scope), "unreadable", _WHOLE)

    def wrapped_here(self, scope: str, nonce: Any, wrapped: Any) -> bool:
        """Whether the row is one of this very key."""
        return self._opened(scope, nonce, wrapped) is not None

    def _opened(self, scope: str, nonce: Any, wrapped: Any) -> bytes | None:
        try:
            return self._wrapping.decrypt(nonce, wrapped, scope.encode())
        except (InvalidTag, AttributeError, TypeError, ValueError):  # what a tampered row holds can be of any kind
            return None

    @staticmethod
    def _fingerprint(key: bytes, request: bytes) -> str:
        return hmac.digest(key, request, sha256).hex()


def _read(path: Path) -> tuple[bytes, list[bytes]]:
    try:
        secret, *earlier = (bytes.fromhex(line) for line in read_secret(path).split("\n"))
    except ValueError:
        secret, earlier = b"", []
    if any(len(each) != _LENGTH for each in (secret, *earlier)):
        raise UnsafeStore(str(path), "it is no vault key", "put the one back that was there")
    return secret, earlier


def _derive(secret: bytes, purpose: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=_LENGTH, salt=None, info=purpose).derive(secret)
