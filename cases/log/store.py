"""The append-only log: one sequence without gaps; whoever appends or reads records starts here.

INVARIANT: `append` returns only after the commit is on stable storage, and every position it gave is kept. All of one
call is one transaction: records, idempotency keys, rule bytes, tree head and checkpoint stand together or not at all.
Nothing is updated or deleted but the one head row; triggers refuse the rest. They are a seat belt: who owns the file
can take them out, and `cases.log.audit` finds what was done then.

Several processes may append to one log, threads may share an `AuditLog`, and a forked child may go on using the one
it inherited. What it asks of its database is said in `cases.log.database`.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Self, TypeVar

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from cases.errors import (
    MAX_RECORD_BYTES,
    CaseError,
    KeyReused,
    LogDamaged,
    RecordMissing,
    RecordTooLarge,
    SourceMissing,
)
from cases.log.content import content_of
from cases.log.database import Database
from cases.log.entry import (
    Appended,
    Checkpoint,
    Entry,
    Head,
    KeySeen,
    NewEntry,
    Survey,
    checkpoint_of,
    digest_of,
    entry_of,
    head_of,
    key_of,
    source_of,
)
from cases.log.opening import Where, open_database
from cases.log.schema import CHECKPOINT, ENTRY, HEAD, IDEMPOTENCY, NODE, SOURCE
from cases.request import Request, vouches
from cases.tlog.tree import leaf_hash

__all__ = [
    "Appended",
    "AuditLog",
    "Checkpoint",
    "Entry",
    "Head",
    "KeySeen",
    "NewEntry",
    "Outcome",
    "Survey",
    "check_entries",
    "digest_of",
]

_PAGE = 256  # records read at a time: at most 16 MB
_T = TypeVar("_T")
_Row = Sequence[Any]
Outcome = Appended | KeySeen | KeyReused | LogDamaged
"""Where a record stands, or why its key kept it from being appended."""


class AuditLog:
    """One log. Open it with `AuditLog.open`, close it, or use it as a context manager.

    Every method raises LogUnavailable when the database is busy or out of reach, and LogDamaged when what it needs
    there cannot be read.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    @classmethod
    def open(cls, where: Where, *, read_only: bool = False) -> Self:
        """Open the log there: a path is an SQLite file, `postgresql://…` a PostgreSQL database.

        Folder, file (mode 0600) and tables are created when absent, but not when `read_only`, and never in PostgreSQL:
        there the owner does it (`cases.log.opening.create_store`). Raises UnsafeStore when it is no log of this
        version, its triggers were changed, a setting that durability rests on is not in force, or the role may do more
        than it must. `read_only` never appends, but may finish what a killed writer left half done: SQLite has to roll
        that back before anything can be read.
        """
        return cls(open_database(where, read_only=read_only))

    @property
    def database(self) -> Database:
        """The database under it, for what else is kept there (`cases.log.published`, `cases.log.vault`)."""
        return self._database

    def close(self) -> None:
        """Close every connection; the log cannot be used afterwards."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    @property
    def name(self) -> str:
        """Where it is: the path of a file, or a URL without its password."""
        return self._database.name

    @property
    def database_version(self) -> str:
        """The database and its version, for health reports: `SQLite 3.40.1`."""
        return self._database.version

    def append(
        self, entries: Sequence[NewEntry], sources: Mapping[str, bytes] | None = None
    ) -> tuple[Appended | KeySeen, ...]:
        """Append all entries, or none, in one durable commit, and say for each where it stands.

        `sources` are rule bytes by digest, stored unless they are there already. An entry whose key came before with
        the same fingerprint, in the log or earlier in this call, is not appended: KeySeen gives the earlier position.
        Raises RecordTooLarge, KeyReused or, where the record found does not vouch for its key (`cases.request`),
        LogDamaged, with nothing written; LogUnavailable with the outcome unknown. A wrong
        digest or an id already in the log is the caller's bug: ValueError.
        """
        return tuple(_need(place) for place in self._commit(entries, sources or {}, together=True))

    def append_each(
        self, entries: Sequence[NewEntry], sources: Mapping[str, bytes] | None = None
    ) -> tuple[Outcome, ...]:
        """As `append`, for entries of several callers: one that its key keeps from being appended is refused alone."""
        return self._commit(entries, sources or {}, together=False)

    def _commit(
        self, entries: Sequence[NewEntry], sources: Mapping[str, bytes], *, together: bool
    ) -> tuple[Outcome, ...]:
        check_entries(entries, sources)
        if self._database.read_only:
            raise io.UnsupportedOperation("the log was opened for reading only")
        try:
            with self._database.transaction(writing=True) as conn:
                places = _append(self._database, conn, entries, sources)
                if together:
                    # Raised inside the transaction: nothing of the call is written.
                    list(map(_need, places))
                return places
        except IntegrityError as exc:
            for entry in entries:
                if self.find(entry.id):
                    raise ValueError(f"the id {entry.id!r} is already in the log") from exc
            raise LogDamaged("a row stands where the next record belongs, beyond what the head counts") from exc

    def known(self, key: str) -> tuple[int, str] | None:
        """The position and fingerprint recorded for an idempotency key, or None."""
        found = self._find(IDEMPOTENCY, IDEMPOTENCY.c.key == key, key_of)
        return None if found is None else (found[2], found[1])

    def read(self, seq: int) -> Entry:
        """The record at a position; RecordMissing when the log is shorter."""
        found = next(self.entries(seq, seq + 1), None) if 0 <= seq < 2**62 else None
        if found is None:
            size = self.head().size
            raise LogDamaged("it is missing", seq) if 0 <= seq < size else RecordMissing(seq, size)
        return found

    def find(self, id: str) -> Entry | None:  # noqa: A002 - the record's own word for it
        """The record with that id, or None."""
        return self._find(ENTRY, ENTRY.c.id == id, entry_of)

    def entries(self, start: int = 0, stop: int | None = None, *, page: int = _PAGE) -> Iterator[Entry]:
        """The records with start <= seq < stop in order, in bounded memory; a long reader never holds up a writer."""
        return self._walk(ENTRY, entry_of, start=start, stop=stop, page=page)

    def checkpoints(self, start: int = 0, stop: int | None = None, *, page: int = _PAGE) -> Iterator[Checkpoint]:
        """The checkpoints with start <= size < stop, one for each commit, in order."""
        return self._walk(CHECKPOINT, checkpoint_of, start=start, stop=stop, page=page)

    def idempotency_keys(self) -> Iterator[tuple[str, str, int]]:
        """Every idempotency key with its fingerprint and position, by key."""
        return self._walk(IDEMPOTENCY, key_of, start="")

    def sources(self) -> Iterator[tuple[str, bytes]]:
        """Every digest with its bytes as they stand, UNCHECKED, for the auditor; all others ask `source`."""
        return self._walk(SOURCE, source_of, start="", page=8)

    def source(self, digest: str) -> bytes:
        """The rule bytes with that digest, checked against it; SourceMissing when none are stored."""
        found = self._find(SOURCE, SOURCE.c.digest == digest, source_of)
        if found is None:
            raise SourceMissing(digest)
        if digest_of(found[1]) != digest:
            raise LogDamaged(f"the rule bytes under `{digest}` have another digest")
        return found[1]

    def head(self) -> Head:
        """How many records there are, and the root over them."""
        with self._database.transaction() as conn:
            return _head(conn)

    def survey(self) -> Survey:
        """What can be said of the whole log at one instant, however damaged; for the auditor."""
        with self._database.transaction() as conn:
            return Survey(
                head=self._database.attempt(conn, lambda: _head(conn)),
                records=self._database.attempt(conn, lambda: _span(conn, ENTRY.c.seq)),
                checkpoints=self._database.attempt(conn, lambda: _span(conn, CHECKPOINT.c.size)),
            )

    def integrity(self) -> tuple[str, ...]:
        """What the database's own check says of the file, at most 20 sentences; none when all is well."""
        with self._database.transaction() as conn:
            return self._database.integrity(conn)

    def changed_guards(self) -> tuple[str, ...]:
        """The triggers that are missing, changed or added, by name."""
        with self._database.transaction() as conn:
            return self._database.changed_guards(conn)

    def duplicates(self) -> tuple[tuple[int, str], ...]:
        """Each id that stands more than once (at most 20), with the last position that has it."""
        # `|| ''` keeps the database from answering out of the index, which may be what was tampered with.
        key = ENTRY.c.id.concat("")
        query = sa.select(sa.func.max(ENTRY.c.seq), sa.func.max(ENTRY.c.id)).group_by(key).having(sa.func.count() > 1)
        with self._database.transaction() as conn:
            return tuple((int(seq), str(id_)) for seq, id_ in conn.execute(query.limit(20)))

    def _find(self, table: sa.Table, condition: sa.ColumnElement[bool], make: Callable[[_Row], _T]) -> _T | None:
        with self._database.transaction() as conn:
            row = conn.execute(sa.select(table).where(condition)).first()
        return None if row is None else make(row)

    def _walk(
        self,
        table: sa.Table,
        make: Callable[[_Row], _T],
        *,
        start: int | str,
        stop: int | None = None,
        page: int = _PAGE,
    ) -> Iterator[_T]:
        place = next(iter(table.columns))
        bound, last = place >= start, None
        while True:
            query = sa.select(table).where(bound).order_by(place).limit(page)
            with self._database.transaction() as conn:
                rows = conn.execute(query if stop is None else query.where(place < stop)).all()
            for row in rows:
                made = make(row)
                # A damaged page can give rows out of order, and a reader that believed it could go round for ever.
                if row[0] < start if last is None else row[0] <= last:
                    raise LogDamaged(f"rows of `{table.name}` are out of order")
                last = row[0]
                yield made
            if len(rows) < page:
                return
            bound = place > last


def check_entries(entries: Sequence[NewEntry], sources: Mapping[str, bytes]) -> None:
    """What `append` refuses before it asks the database; raises as it does."""
    for digest, data in sources.items():
        if digest_of(data) != digest:
            raise ValueError(f"the bytes given under {digest!r} have another digest")
    for entry in entries:
        if len(entry.data) > MAX_RECORD_BYTES:
            raise RecordTooLarge(entry.id, len(entry.data))


def _need(place: Outcome) -> Appended | KeySeen:
    if isinstance(place, CaseError):
        raise place
    return place


def _append(
    database: Database, conn: sa.Connection, entries: Sequence[NewEntry], sources: Mapping[str, bytes]
) -> tuple[Outcome, ...]:
    head = _head(conn, lock=True)
    if head.frontier.root() != head.root:
        raise LogDamaged("its head contradicts itself: the root is not that of the frontier")
    keys = {entry.request.key for entry in entries if entry.request is not None}
    found = conn.execute(sa.select(IDEMPOTENCY).where(IDEMPOTENCY.c.key.in_(keys))).all() if keys else ()
    seen = {key: (fingerprint, seq, True) for key, fingerprint, seq in map(key_of, found)}
    strange = _strange(conn, seen)
    outcomes: list[Outcome] = []
    rows: list[tuple[int, str, bytes, bytes]] = []
    for entry in entries:
        position = head.size + len(rows)
        if (asked := entry.request) is not None:
            fingerprint, seq, stored = seen.setdefault(asked.key, (asked.fingerprint, position, False))
            if asked.key in strange:
                outcomes.append(
                    LogDamaged(f"it does not vouch for the idempotency key `{asked.key}` that finds it", seq)
                )
                continue
            if fingerprint not in (asked.fingerprint, *asked.earlier):
                outcomes.append(KeyReused(asked.key, seq if stored else None))
                continue
            if stored or seq != position:
                outcomes.append(KeySeen(seq=seq))
                continue
        rows.append((position, entry.id, leaf_hash(entry.data), entry.data))
        outcomes.append(Appended(seq=position))
    if len({id_ for _, id_, _, _ in rows}) < len(rows):
        raise ValueError("two of the new records have the same id")
    frontier, nodes = head.frontier.extend(leaf for _, _, leaf, _ in rows)
    fresh = [(key, mark, seq) for key, (mark, seq, stored) in seen.items() if not stored]
    present = set(conn.scalars(sa.select(SOURCE.c.digest).where(SOURCE.c.digest.in_(sources)))) if sources else set()
    absent = [each for each in sources.items() if each[0] not in present]
    root = frontier.root()
    checkpoints = [(frontier.size, root)] if rows else []
    every: tuple[tuple[sa.Table, Sequence[tuple[Any, ...]]], ...] = (
        (SOURCE, absent), (ENTRY, rows), (NODE, nodes), (IDEMPOTENCY, fresh), (CHECKPOINT, checkpoints),
    )  # fmt: skip
    for table, new in every:
        if new:
            database.insert(conn, table, new)
    if rows:
        conn.execute(sa.update(HEAD).values(size=frontier.size, root=root, frontier=frontier.to_bytes()))
    for entry, outcome in zip(entries, outcomes, strict=True):
        if entry.beside is not None and isinstance(outcome, Appended):
            entry.beside(conn, outcome.seq)
    return tuple(outcomes)


def _strange(conn: sa.Connection, rows: Mapping[str, tuple[str, int, bool]]) -> set[str]:
    """The keys, with fingerprint and position as they stand, that the records there do not vouch for.

    Whoever can write rows could else have a retry answered with somebody else's decision. A record from before
    `request` was written vouches for nothing, and what it finds is believed.
    """
    places = {seq for _, seq, _ in rows.values()}
    query = sa.select(ENTRY.c.seq, ENTRY.c.bytes).where(ENTRY.c.seq.in_(places))
    found = {row[0]: row[1] for row in conn.execute(query)} if places else {}
    return {
        key for key, (fingerprint, seq, _) in rows.items() if not _vouched(found.get(seq), Request(key, fingerprint))
    }


def _vouched(data: Any, request: Request) -> bool:
    if not isinstance(data, bytes):
        return False
    content, wrong, _ = content_of(data)
    return wrong is None and vouches(content, request)


def _head(conn: sa.Connection, *, lock: bool = False) -> Head:
    query = sa.select(HEAD)
    return head_of(conn.execute(query.with_for_update() if lock else query).all())


def _span(conn: sa.Connection, place: sa.Column[Any]) -> tuple[int, int] | None:
    # Two questions: together the database would read every row, apart it looks at both ends of an index.
    first, last = (conn.execute(sa.select(end(place))).scalar() for end in (sa.func.min, sa.func.max))
    return (first, last) if type(first) is int and type(last) is int else None
