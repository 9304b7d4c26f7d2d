"""Signing checkpoints: what was appended is read back, its root derived a second time, and only then signed.

INVARIANT: the log never signs two trees that do not continue each other. What was signed last stands in a file of its
own, apart from the database; each new signature first moves that file from the old size and root to the new ones
(compare-and-swap, durable), and is made only when that succeeded. So a database put back from an older copy, a second
signer, one that was paused and goes on later, or an edited record ends in RefusedToSign, and nothing is signed.

What this cannot stop: who puts the database AND this file back together. For that a witness outside is needed.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from cases.clock import posix_now
from cases.errors import CaseError, LogUnavailable, RefusedToSign, UnsafeStore
from cases.log.database import refuse_unless_ok
from cases.log.keyring import Signer
from cases.log.published import Published, SignedCheckpoint
from cases.log.second_tree import SecondTree, leaf_of
from cases.log.sqlite import create_file, settle
from cases.log.store import AuditLog, Head
from cases.tlog.checkpoint import Checkpoint
from cases.tlog.errors import TlogError
from cases.tlog.keys import KeyType, open_note
from cases.tlog.note import Note
from cases.tlog.tree import EMPTY_ROOT, HASH_BYTES

__all__ = ["Sealer", "Sealing", "SigningState"]

_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS signed (one INTEGER PRIMARY KEY CHECK (one = 1), origin TEXT NOT NULL, "
    "size INTEGER NOT NULL, root BLOB NOT NULL, frontier BLOB NOT NULL)"
)


@dataclass(frozen=True, slots=True)
class LastSigned:
    """The tree that was signed last: how many leaves, its root, and the peaks it grows from."""

    size: int
    root: bytes
    peaks: tuple[bytes, ...]


class SigningState:
    """The file that says what was signed last. It is made by `create`, and never again by itself."""

    def __init__(self, path: Path, origin: str) -> None:
        self.path, self._origin = path, origin

    @classmethod
    def create(cls, path: Path, origin: str) -> SigningState:
        """Make the file for a log of which nothing was signed yet; one that is there already stays as it is."""
        create_file(path)
        state = cls(path, origin)
        with state._writing() as raw:
            raw.execute(_SCHEMA)
            raw.execute("INSERT OR IGNORE INTO signed VALUES (1, ?, 0, ?, ?)", (origin, EMPTY_ROOT, b""))
        return state

    def read(self) -> LastSigned:
        """What was signed last; UnsafeStore when the file is missing, or belongs to another log; LogUnavailable."""
        try:
            with closing(self._connect()) as raw:
                found = raw.execute("SELECT origin, size, root, frontier FROM signed").fetchone()
        except sqlite3.Error as exc:
            raise self._meaning(exc) from exc
        if found is None or found[0] != self._origin:
            name = None if found is None else found[0]
            raise UnsafeStore(
                str(self.path), f"it is of the log `{name}` and not of `{self._origin}`", "put back its own"
            )
        _, size, root, frontier = found
        peaks = tuple(frontier[at : at + HASH_BYTES] for at in range(0, len(frontier), HASH_BYTES))
        if len(peaks) != size.bit_count() or SecondTree(size, peaks).root() != root:
            raise UnsafeStore(str(self.path), "it contradicts itself", "put back the newest copy of it")
        return LastSigned(size, root, peaks)

    def swap(self, old: LastSigned, new: LastSigned) -> bool:
        """Move from `old` to `new`, durably, and say whether it was done: not when the file no longer says `old`.

        Raises as `read` does; LogUnavailable with the outcome unknown: whoever goes on reads the file anew.
        """
        with self._writing() as raw:
            done = raw.execute(
                "UPDATE signed SET size = ?, root = ?, frontier = ? WHERE size = ? AND root = ?",
                (new.size, new.root, b"".join(new.peaks), old.size, old.root),
            )
        return done.rowcount == 1

    @contextmanager
    def alone(self) -> Iterator[tuple[str, int]]:
        """Keep every other writer of the file out until the block ends; gives the log's name and the size signed."""
        with self._writing() as raw:
            name, size = raw.execute("SELECT origin, size FROM signed").fetchone()
            yield name, size

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        try:
            with closing(self._connect()) as raw, raw:
                raw.execute("BEGIN IMMEDIATE")
                yield raw
        except sqlite3.Error as exc:
            raise self._meaning(exc) from exc

    def _meaning(self, exc: sqlite3.Error) -> CaseError:
        lasting = (sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
        if self.path.exists() and getattr(exc, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF not in lasting:
            # Locked, full, a disk that fails: it may pass, and the file itself may be sound.
            return LogUnavailable(f"`{self.path}` cannot be used ({exc})")
        return UnsafeStore(str(self.path), f"it cannot be read ({exc})", "put back the newest copy of it")

    def _connect(self) -> sqlite3.Connection:
        address = f"{self.path.absolute().as_uri()}?mode=rw"
        raw = sqlite3.connect(address, uri=True, timeout=10, isolation_level=None)
        try:
            refuse_unless_ok(str(self.path), settle(raw))
        except BaseException:
            raw.close()
            raise
        return raw


class Sealer:
    """Signs the checkpoints of one log with the keys it is given."""

    def __init__(self, log: AuditLog, state: SigningState, origin: str, signers: Sequence[Signer]) -> None:
        self._log, self._state, self._origin, self._signers = log, state, origin, signers
        self._published = Published(log)

    def check(self) -> None:
        """Compare the log with what was signed last, without reading its records; RefusedToSign when it is another."""
        self._compared()

    def seal(self) -> SignedCheckpoint | None:
        """Sign the log as it stands and keep the checkpoint; the newest one when nothing was added; None when empty.

        Raises RefusedToSign, and what the log and the state raise.
        """
        while True:
            last, head, kept = self._compared()
            if head.size == last.size:
                break
            new = self._rederived(last, head)
            if self._state.swap(last, new):
                last = new
                break
            # Another signer was quicker. What it signed is compared with the log before this one goes on.
        if last.size == 0 or (kept is not None and kept.size == last.size):
            return kept
        # Either it is new, or a signer died between the swap and here: this tree may be signed, and no other.
        self._published.add_signed(self._sign(last))
        return self._published.checkpoint(last.size)

    def _compared(self) -> tuple[LastSigned, Head, SignedCheckpoint | None]:
        # In this order: another signer may move all three, and each is never behind the one read before it.
        kept, last, head = self._published.latest(), self._state.read(), self._log.head()
        if kept is not None and kept.size > last.size:
            raise RefusedToSign(
                f"a checkpoint of size {kept.size} is published and `{self._state.path}` knows of {last.size} only: "
                "put back the newest copy of that file"
            )
        if head.size < last.size:
            raise RefusedToSign(
                f"it holds {head.size} records and {last.size} were signed: it was put back from an older copy; "
                "put back the newest one"
            )
        if head.size == last.size and head.root != last.root:
            raise RefusedToSign(f"its {head.size} records are not those that were signed: verify it")
        return last, head, kept

    def _rederived(self, last: LastSigned, head: Head) -> LastSigned:
        tree = SecondTree(last.size, last.peaks)
        for entry in self._log.entries(last.size, head.size):
            if entry.seq != tree.size:
                raise RefusedToSign(f"record {tree.size} is missing: verify the log")
            leaf = leaf_of(entry.data)
            if leaf != entry.leaf_hash:
                raise RefusedToSign(f"record {entry.seq} reads back with other bytes than were written: verify the log")
            tree.push(leaf)
        if tree.size != head.size or tree.root() != head.root:
            raise RefusedToSign(
                f"its root at {head.size} records is not that of the records after the {last.size} signed ones: "
                "an earlier record was changed; verify the log"
            )
        return LastSigned(tree.size, tree.root(), tuple(tree.peaks()))

    def _sign(self, tree: LastSigned) -> Note:
        text = Checkpoint(origin=self._origin, size=tree.size, root=tree.root).to_text()
        now = posix_now()
        signatures = [each.sign(text, now if each.verifier.type is KeyType.SUBTREE else None) for each in self._signers]
        note = Note(text, tuple(signatures))
        try:
            # A signature that was computed wrongly can give the key away: none leaves unverified.
            open_note(note, [each.verifier for each in self._signers if each.verifier.type is not KeyType.SM2])
        except TlogError as exc:
            raise RefusedToSign(f"a new signature does not verify ({exc}): check the machine") from exc
        return note


class Sealing:
    """Seals in the background whenever it is woken, at most every `interval` seconds; `gate` raises once it refused."""

    def __init__(
        self, sealer: Sealer, *, interval: float = 0.1, sealed: Callable[[SignedCheckpoint], None] = lambda _: None
    ) -> None:
        self._sealer, self._interval, self._sealed = sealer, interval, sealed
        self.refused: RefusedToSign | None = None
        self._wanted, self._ended = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._work, name="sealing", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Say that something was appended."""
        self._wanted.set()

    def gate(self) -> None:
        """Raise RefusedToSign once signing was refused: then nothing may be recorded either."""
        if self.refused is not None:
            raise self.refused

    def close(self) -> None:
        """Seal once more what is not sealed yet, and end."""
        self._ended.set()
        self._wanted.set()
        self._thread.join()

    def _work(self) -> None:
        while not (self._ended.is_set() and not self._wanted.is_set()):
            self._wanted.wait()
            self._wanted.clear()
            try:
                found = self._sealer.seal()
                if found is not None:
                    self._sealed(found)
            except RefusedToSign as exc:
                self.refused = exc
                return
            except LogUnavailable:
                # Busy or full: the records stand, and are sealed when it passes.
                if not self._ended.wait(1.0):
                    self._wanted.set()
            except CaseError as exc:
                # A state that vanished, a note that is none: that does not pass by itself.
                self.refused = RefusedToSign(str(exc))
                return
            except BaseException as exc:
                # A defect of ours stays loud, and nothing is recorded that nobody would sign.
                self.refused = RefusedToSign(f"signing ended with {exc!r}")
                raise
            self._ended.wait(self._interval)
