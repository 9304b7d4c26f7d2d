"""The log's own keys: private keys in files, and the dated list of public ones that verifiers are given.

    keys.json      every key the log ever had: vkey, from when, until when; public
    <key id>.key   a private key (text form of Go's x/mod), readable by its owner only; deleted when it is retired

Ed25519 for every verifier there is, ML-DSA-44 beside it for the day Ed25519 falls (tlog-checkpoint, Signatures). The
folder belongs on another volume, better another machine or account, than the database: who owns both can rewrite the
log and sign the rewrite, and only a witness outside would notice.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import orjson

from cases.errors import UnsafeStore
from cases.tlog.errors import TlogError
from cases.tlog.keys import KeyType, SignerKey, VerifierKey
from cases.tlog.note import NoteSignature

__all__ = [
    "DatedKey",
    "Keyring",
    "Signer",
    "lock_folder",
    "read_private",
    "read_secret",
    "sync_folder",
    "write_durably",
    "write_private",
]

LIST = "keys.json"
_TYPES = (KeyType.ED25519, KeyType.SUBTREE)


class Signer(Protocol):
    """Whatever signs a checkpoint under the log's name: a file key here, a device or a service elsewhere."""

    @property
    def verifier(self) -> VerifierKey:
        """The public half."""

    def sign(self, text: str, time: int | None = None) -> NoteSignature:
        """Sign the text of a note; `time` in POSIX seconds for the types that state one."""


@dataclass(frozen=True, slots=True)
class DatedKey:
    """A public key and when it signs: from `since`, until `until` (RFC 3339; None while it still does)."""

    key: VerifierKey
    since: str
    until: str | None = None

    def to_json(self) -> dict[str, str | None]:
        """As it stands in the list."""
        return {"vkey": str(self.key), "from": self.since, "until": self.until}


class Keyring:
    """The keys in one folder. UnsafeStore is raised for a folder or a list that is not as this program writes it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        path = folder / LIST
        try:
            found = orjson.loads(path.read_bytes())
            self.origin = str(found["origin"])
            self.keys = tuple(
                DatedKey(VerifierKey.parse(each["vkey"]), each["from"], each["until"]) for each in found["keys"]
            )
        except OSError as exc:
            raise UnsafeStore(str(path), f"it cannot be read ({exc.strerror})", "put the folder of keys back") from exc
        except (ValueError, KeyError, TypeError, TlogError) as exc:
            raise UnsafeStore(str(path), f"it is no list of keys ({exc})", "put back the one that was there") from exc

    @classmethod
    def create(cls, folder: Path, origin: str, now: str) -> Keyring:
        """Make a folder (mode 0700) with a new key of each type; UnsafeStore when it already holds a list."""
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        folder.chmod(0o700)
        if (folder / LIST).exists():
            raise UnsafeStore(str(folder), "it holds keys already", "name another folder")
        keys = [SignerKey(origin, each, secrets.token_bytes(32)) for each in _TYPES]
        for key in keys:
            write_private(_path(folder, key.verifier), key)
        _write_list(folder, origin, [DatedKey(key.verifier, now) for key in keys])
        return cls(folder)

    def signers(self) -> tuple[SignerKey, ...]:
        """The keys that sign now, Ed25519 first; UnsafeStore when one is missing or others can read it."""
        return tuple(self._read(key) for key in self.signing())

    def signing(self) -> tuple[VerifierKey, ...]:
        """The public halves of the keys in files that sign now; an SM2 key signs by a command (`cases.log.sm2`)."""
        return tuple(each.key for each in self.keys if each.until is None and each.key.type is not KeyType.SM2)

    def verifiers(self) -> tuple[VerifierKey, ...]:
        """Every key the log ever had."""
        return tuple(each.key for each in self.keys)

    def public_list(self) -> bytes:
        """The dated list, as it is published and exported."""
        return (self.folder / LIST).read_bytes()

    def add(self, now: str) -> tuple[SignerKey, ...]:
        """Begin a rotation: a new key of each type signs beside the old ones from now on."""
        keys = tuple(SignerKey(self.origin, each, secrets.token_bytes(32)) for each in _TYPES)
        for key in keys:
            write_private(_path(self.folder, key.verifier), key)
        self._write([*self.keys, *(DatedKey(key.verifier, now) for key in keys)])
        return keys

    def enlist(self, key: VerifierKey, now: str) -> None:
        """Put a public key into the list whose private half is elsewhere, so that its lines are known as the log's."""
        if key not in self.verifiers():
            self._write([*self.keys, DatedKey(key, now)])

    def retire(self, old: Iterable[VerifierKey], now: str) -> None:
        """End a rotation: these keys sign no more, and their private halves are deleted."""
        gone = set(old)
        self._write([replace(each, until=now) if each.key in gone else each for each in self.keys])
        for key in gone:
            _path(self.folder, key).unlink(missing_ok=True)

    def _write(self, keys: list[DatedKey]) -> None:
        _write_list(self.folder, self.origin, keys)
        self.keys = tuple(keys)

    def _read(self, key: VerifierKey) -> SignerKey:
        path = _path(self.folder, key)
        found = read_private(path)
        if found.verifier != key:
            raise UnsafeStore(str(path), "it is another key than the list says", "put the private key back")
        return found


def read_private(path: Path) -> SignerKey:
    """Read a file with one private key; UnsafeStore when it is missing, is none, or others can read it."""
    try:
        return SignerKey.parse(read_secret(path))
    except TlogError as exc:
        raise UnsafeStore(str(path), f"it is no private key ({exc})", "put the private key back") from exc


def read_secret(path: Path) -> str:
    """The text of a private file; UnsafeStore when it is missing, no text, or others can read it."""
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        if mode & 0o077:
            raise UnsafeStore(str(path), f"others may read it (mode {mode:o})", "chmod 600 it, and rotate the key")
        return path.read_text(encoding="ascii").removesuffix("\n")
    except OSError as exc:
        raise UnsafeStore(str(path), f"it cannot be read ({exc.strerror})", "put the private key back") from exc
    except ValueError as exc:
        raise UnsafeStore(str(path), "it is no private key", "put the private key back") from exc


def write_private(path: Path, key: SignerKey) -> None:
    """Write a private key, durably, readable by its owner only."""
    write_durably(path, f"{key.private_text()}\n".encode("ascii"), 0o600)


@contextmanager
def lock_folder(folder: Path, *, alone: bool) -> Iterator[None]:
    """Hold the folder of keys: many may use what is in it, and who changes it must be `alone`.

    UnsafeStore at once when others are in the way, or the folder cannot be read. The lock ends with the process,
    however that ends.
    """
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError as exc:
        raise UnsafeStore(str(folder), f"it cannot be read ({exc.strerror})", "put the folder of keys back") from exc
    try:
        try:
            fcntl.flock(handle, (fcntl.LOCK_EX if alone else fcntl.LOCK_SH) | fcntl.LOCK_NB)
        except BlockingIOError as exc:
            reason = "a service or an audit uses its keys" if alone else "its keys are being changed"
            raise UnsafeStore(str(folder), reason, "stop it first" if alone else "wait for that to end") from exc
        yield
    finally:
        os.close(handle)


def write_durably(path: Path, data: bytes, mode: int = 0o644) -> None:
    """Write a whole file so that after a power cut either the old or the new one is there, never half of one."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    handle = os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Wait until the names in a folder are on stable storage: a rename is durable when its folder is."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _path(folder: Path, key: VerifierKey) -> Path:
    return folder / f"{key.key_id.hex()}.key"


def _write_list(folder: Path, origin: str, keys: Iterable[DatedKey]) -> None:
    listed = {"origin": origin, "keys": [each.to_json() for each in keys]}
    write_durably(folder / LIST, orjson.dumps(listed, option=orjson.OPT_INDENT_2) + b"\n")
