"""A witness of logs (C2SP tlog-witness v1.0.0): it cosigns only what continues all it cosigned before.

For an auditor's own machine. It needs no access to the log: the log sends each new checkpoint with a proof. What it
cosigned it keeps for ever, each with the log's signature: the log can never again show the auditor another past.

INVARIANT: of one log no two checkpoints are ever cosigned that do not continue each other. Comparing with the last one
and keeping the new one are one transaction, durable before the cosignature leaves.

What it refuses though the log signed it is kept too, for a fork that is signed is the proof of one.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from cases.clock import posix_now
from cases.errors import LogUnavailable, UnsafeStore
from cases.log.database import refuse_unless_ok
from cases.log.keyring import read_private
from cases.log.sqlite import create_file, settle
from cases.tlog.checkpoint import Checkpoint
from cases.tlog.errors import Malformed, ProofInvalid, TlogError
from cases.tlog.keys import KeyType, SignerKey, VerifierKey, open_note
from cases.tlog.note import Note
from cases.tlog.tree import EMPTY_ROOT
from cases.tlog.witnessing import AddCheckpoint, write_cosignatures, write_size

__all__ = ["Kept", "Verdict", "WitnessStore", "cosigner_keys"]

SIZE_TYPE, TEXT_TYPE = "text/x.tlog.size", "text/plain; charset=utf-8"
MOST_REFUSED = 1_000
"""Refused checkpoints kept for each log: only its own signer can fill them, and one is proof enough."""

_SCHEMA = (
    "CREATE TABLE cosigned (origin TEXT NOT NULL, size INTEGER NOT NULL, root BLOB NOT NULL, time INTEGER NOT NULL, "
    "note BLOB NOT NULL, PRIMARY KEY (origin, size))",
    "CREATE TABLE refused (origin TEXT NOT NULL, size INTEGER NOT NULL, root BLOB NOT NULL, time INTEGER NOT NULL, "
    "status INTEGER NOT NULL, note BLOB NOT NULL, PRIMARY KEY (origin, size, root))",
    # A seat belt: who owns the file can take them out.
    "CREATE TRIGGER cosigned_update BEFORE UPDATE ON cosigned BEGIN SELECT RAISE(ABORT, 'kept for ever'); END",
    "CREATE TRIGGER cosigned_delete BEFORE DELETE ON cosigned BEGIN SELECT RAISE(ABORT, 'kept for ever'); END",
)
_LARGEST = 2**63 - 1  # of a whole number in SQLite


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer to an add-checkpoint request, as HTTP has it."""

    status: int
    body: bytes
    media_type: str = TEXT_TYPE


@dataclass(frozen=True, slots=True)
class Kept:
    """A checkpoint the witness keeps, when it came (POSIX seconds), and the status of the answer: 200 is cosigned."""

    checkpoint: Checkpoint
    note: Note
    time: int
    status: int


def cosigner_keys(paths: Sequence[Path]) -> tuple[SignerKey, ...]:
    """Read the witness's private keys; UnsafeStore for one that others can read, or that makes no cosignatures."""
    keys = tuple(read_private(path) for path in paths)
    for key, path in zip(keys, paths, strict=True):
        if key.type not in (KeyType.COSIGNATURE, KeyType.SUBTREE):
            raise UnsafeStore(str(path), "it is a log's key", "make a witness's with `audit witness key`")
    return keys


class WitnessStore:
    """What one witness has cosigned, in one file; usable from many threads and processes.

    It is made by `create` and never again by itself: one that was lost and began anew would cosign any past. `logs` are
    the keys of the logs it knows: those of one name are one log's. UnsafeStore is raised for a file that is missing or
    no such state, LogUnavailable when it is busy or full.
    """

    def __init__(
        self,
        path: Path,
        signers: Sequence[SignerKey] = (),
        logs: Sequence[VerifierKey] = (),
        clock: Callable[[], int] = posix_now,
    ) -> None:
        self.path, self._signers, self._clock = path, tuple(signers), clock
        self._logs: dict[str, list[VerifierKey]] = {}
        for key in logs:
            self._logs.setdefault(key.name, []).append(key)

    @classmethod
    def create(cls, path: Path) -> WitnessStore:
        """Make the file of a witness that has cosigned nothing yet; UnsafeStore where one is already."""
        if path.exists():
            raise UnsafeStore(str(path), "it is there already", "name another, or use it as it is")
        create_file(path)
        store = cls(path)
        with store._transaction() as raw:
            for statement in _SCHEMA:
                raw.execute(statement)
        return store

    def add(self, body: bytes) -> Verdict:
        """Answer one add-checkpoint request: 200, 400, 403, 404, 409 or 422; LogUnavailable when nothing was kept."""
        try:
            asked = AddCheckpoint.parse(body)
        except Malformed as exc:
            return _said(400, str(exc))
        if asked.checkpoint.size > _LARGEST:
            return _said(400, "this witness keeps sizes of at most 63 bits")
        keys = self._logs.get(asked.checkpoint.origin)
        if keys is None:
            return _said(404, "this witness does not know that log")
        try:
            verified = open_note(asked.note, keys)
        except TlogError as exc:
            return _said(403, str(exc))
        # Lines of unknown keys are whatever the sender put there; only what verified is kept.
        note = Note(asked.note.text, tuple(each.signature for each in verified))
        with self._transaction() as raw:
            return self._decide(raw, asked, note)  # after the commit: the block ends before this returns

    def _decide(self, raw: sqlite3.Connection, asked: AddCheckpoint, note: Note) -> Verdict:
        point, now = asked.checkpoint, self._clock()
        latest = _latest(raw, point.origin)
        size, root = latest or (0, EMPTY_ROOT)
        same = raw.execute(
            "SELECT root FROM cosigned WHERE origin = ? AND size = ?", (point.origin, point.size)
        ).fetchone()
        fork = same is not None and same[0] != point.root
        if fork or asked.old != size:
            if fork:
                _keep_refused(raw, point, note, now, 409)
            return Verdict(409, write_size(size), SIZE_TYPE)
        try:
            asked.verify(root)
        except ProofInvalid as exc:
            _keep_refused(raw, point, note, now, 422)
            return _said(422, str(exc))
        lines = [key.sign(note.text, now) for key in self._signers]
        # A signature that was computed wrongly can give the key away: none leaves unverified.
        open_note(Note(note.text, tuple(lines)), [key.verifier for key in self._signers])
        if same is None:
            row = (point.origin, point.size, point.root, now, note.adding(lines).to_bytes())
            raw.execute("INSERT INTO cosigned VALUES (?, ?, ?, ?, ?)", row)
        return Verdict(200, write_cosignatures(lines))

    def latest(self) -> tuple[Kept, ...]:
        """The newest checkpoint cosigned of each log, by origin."""
        newest = "SELECT origin, max(size) FROM cosigned GROUP BY origin ORDER BY origin"
        with self._reading() as raw:
            places = raw.execute(newest).fetchall()
        return tuple(kept for origin, size in places for kept in self.kept(origin, size, size + 1))

    def kept(self, origin: str, start: int = 0, stop: int = _LARGEST) -> Iterator[Kept]:
        """Every checkpoint cosigned of one log with start <= size < stop, in order."""
        query = (
            "SELECT note, time, 200 FROM cosigned WHERE origin = ? AND size >= ? AND size < ? ORDER BY size LIMIT 256"
        )
        while True:
            with self._reading() as raw:
                rows = raw.execute(query, (origin, start, stop)).fetchall()
            for row in rows:
                found = _kept(*row)
                yield found
                start = found.checkpoint.size + 1
            if len(rows) < 256:
                return

    def refused(self) -> tuple[Kept, ...]:
        """What a log signed and this witness refused: another tree of a size it cosigned (409), no good proof (422)."""
        with self._reading() as raw:
            rows = raw.execute("SELECT note, time, status FROM refused ORDER BY origin, size").fetchall()
        return tuple(_kept(*row) for row in rows)

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """One transaction that took the write lock before it read, and is durable when the block ends well."""
        with self._reading() as raw, raw:
            raw.execute("BEGIN IMMEDIATE")
            yield raw

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        if not self.path.is_file():
            repair = "put the newest copy of it back; where there is none, retire the key and make a new one"
            raise UnsafeStore(str(self.path), "there is no such file", repair)
        # mode=rw and not rwc: a state that vanished must not be replaced by an empty one.
        address = f"{self.path.absolute().as_uri()}?mode=rw"
        try:
            with closing(sqlite3.connect(address, uri=True, timeout=10, isolation_level=None)) as raw:
                refuse_unless_ok(str(self.path), settle(raw))
                yield raw
        except sqlite3.OperationalError as exc:
            raise LogUnavailable(f"`{self.path}`: {exc}") from exc
        except sqlite3.DatabaseError as exc:
            raise UnsafeStore(str(self.path), f"it is no state of a witness ({exc})", "put its own back") from exc


def _latest(raw: sqlite3.Connection, origin: str) -> tuple[int, bytes] | None:
    row: tuple[int, bytes] | None = raw.execute(
        "SELECT size, root FROM cosigned WHERE origin = ? ORDER BY size DESC LIMIT 1", (origin,)
    ).fetchone()
    return row


def _keep_refused(raw: sqlite3.Connection, point: Checkpoint, note: Note, now: int, status: int) -> None:
    (count,) = raw.execute("SELECT count(*) FROM refused WHERE origin = ?", (point.origin,)).fetchone()
    if count < MOST_REFUSED:
        row = (point.origin, point.size, point.root, now, status, note.to_bytes())
        raw.execute("INSERT OR IGNORE INTO refused VALUES (?, ?, ?, ?, ?, ?)", row)


def _kept(data: bytes, time: int, status: int) -> Kept:
    note = Note.parse(data)
    return Kept(Checkpoint.parse(note.text), note, time, status)


def _said(status: int, sentence: str) -> Verdict:
    return Verdict(status, f"{sentence}\n".encode())
