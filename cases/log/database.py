"""What the log asks of a database, whichever it is; `cases.log.store` is written against this and nothing else."""

from __future__ import annotations

import os
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from cases.errors import CaseError, LogDamaged, LogUnavailable, UnsafeStore
from cases.log.schema import LAYOUT, REVISION, TABLES

__all__ = ["Database", "Setting", "columns_of", "refuse_unless_ok"]

_T = TypeVar("_T")
OLD = "1"
"""The version that logs before the first migration say of themselves, in a table `meta`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One thing durability or safety rests on, as the database says it now; `needed` is empty where any will do."""

    name: str
    value: str
    needed: str
    ok: bool
    repair: str = ""

    @property
    def note(self) -> str:
        """What to tell people about it now; nothing when it is as needed."""
        return "" if self.ok and self.needed else self.repair


class Database(ABC):
    """One database with every setting that durability rests on in force, on each connection, or refused (UnsafeStore).

    INVARIANT: a transaction that ended well is on stable storage, and of two that write, one waits for the other
    before it reads (SQLite: BEGIN IMMEDIATE; PostgreSQL: the head row, FOR UPDATE). One that only reads sees one
    instant.

    Threads may share it; a forked child goes on with connections of its own.
    """

    def __init__(self, *, read_only: bool, lenient: bool = False) -> None:
        """Open; a `lenient` one connects although a setting is not in force, to tell people which."""
        self.read_only, self.lenient = read_only, lenient
        self._inherited: list[sa.Engine] = []
        self._start()

    def _start(self) -> None:
        self._pid, self._closed, self._appending = os.getpid(), False, threading.Lock()
        self._engine = self._make_engine()

    @property
    @abstractmethod
    def name(self) -> str:
        """What people call it: the path of a file, or a URL without its password."""

    @property
    @abstractmethod
    def version(self) -> str:
        """The database and its version, for health reports: `SQLite 3.40.1`."""

    @abstractmethod
    def _make_engine(self) -> sa.Engine:
        """An engine whose connections have every setting in force; nothing is connected yet."""

    @abstractmethod
    def _options(self, *, writing: bool) -> dict[str, object]:
        """How SQLAlchemy is to begin a transaction of that kind."""

    @abstractmethod
    def _before_writing(self, conn: sa.Connection) -> None:
        """The start of a transaction that writes: wait for the other writer, and check what could have changed."""

    @abstractmethod
    def insert(self, conn: sa.Connection, table: sa.Table, rows: Sequence[tuple[object, ...]]) -> None:
        """Insert rows of all columns in their order, as the driver takes them fastest; no value is looked at again."""

    @abstractmethod
    def settings(self, conn: sa.Connection) -> tuple[Setting, ...]:
        """Everything durability rests on, as the database says it on this connection."""

    @abstractmethod
    def meaning(self, exc: DBAPIError, *, writing: bool = False) -> CaseError | None:
        """What a database error means here; None for one that is not about the database: our bug, or the caller's."""

    @abstractmethod
    def replace_keys(self, conn: sa.Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Put these rows of `vault_key` in the place of those of the same cases, whose values go on pointing there."""

    @abstractmethod
    def changed_guards(self, conn: sa.Connection) -> tuple[str, ...]:
        """The names of append-only guards that are missing, disabled, other than ours, or added."""

    @abstractmethod
    def integrity(self, conn: sa.Connection) -> tuple[str, ...]:
        """What the database's own check finds, at most 20 sentences; none when all is well."""

    def close(self) -> None:
        """Close every connection that this process opened."""
        if self._pid == os.getpid():
            self._engine.dispose()
        self._closed = True

    @contextmanager
    def transaction(self, *, writing: bool = False, creating: bool = False) -> Iterator[sa.Connection]:
        """One transaction, committed when the block ends well; database errors come out as `meaning` says.

        `creating` is for making the tables: it writes, and there is no head yet to wait for.
        """
        if self._closed:
            raise ValueError("the log is closed")
        if self._pid != os.getpid():
            # A forked child must neither use nor close its parent's connections: closing one could undo what the
            # parent is writing. They are kept, untouched.
            self._inherited.append(self._engine)
            self._start()
        alters = writing or creating
        try:
            # The database's own lock would do, but waiting for that is by polling or holds a connection, and unfair.
            with self._appending if alters else nullcontext(), self._engine.connect() as raw:
                conn = raw.execution_options(**self._options(writing=alters))
                try:
                    with conn.begin():
                        if writing:
                            self._before_writing(conn)
                        yield conn
                except (DBAPIError, UnicodeDecodeError):
                    # After a failed flush or commit nothing this connection remembers may be believed.
                    conn.invalidate()
                    raise
        except UnicodeDecodeError as exc:
            # An error about a damaged schema quotes it, and Python's driver then fails to read the message.
            raise LogDamaged("its schema is not text") from exc
        except PoolTimeout as exc:
            raise LogUnavailable("all its connections are in use") from exc
        except DBAPIError as exc:
            told = self.meaning(exc, writing=alters)
            if told is None:
                raise
            raise told from exc

    def attempt(self, conn: sa.Connection, read: Callable[[], _T]) -> _T | None:
        """What `read` gives, or None where damage keeps it from reading; the transaction goes on either way."""
        try:
            # After an error PostgreSQL does nothing more in a transaction but go back to a savepoint.
            with conn.begin_nested():
                return read()
        except (LogDamaged, UnicodeDecodeError):
            return None
        except DBAPIError as exc:
            if isinstance(self.meaning(exc), LogUnavailable):
                raise
            return None

    def layout(self, conn: sa.Connection) -> str | None:
        """The revision of the tables, `1` for a log older than revisions; None where there is no table at all.

        Raises UnsafeStore when what is there is no log of this program.
        """
        tables = set(sa.inspect(conn).get_table_names())
        if not tables:
            return None
        if LAYOUT.name in tables:
            found = conn.scalars(sa.select(LAYOUT.c.version_num)).all()
            if len(found) == 1 and (found != [REVISION] or set(TABLES.tables) <= tables):
                return str(found[0])
        elif "meta" in tables:
            found = conn.scalars(sa.text("SELECT value FROM meta WHERE name = 'version'")).all()
            if found == [OLD]:
                return OLD
        raise UnsafeStore(self.name, "it is not a log of this program", "give the place of a log")

    def check_layout(self, conn: sa.Connection) -> None:
        """Raise UnsafeStore unless the tables are this program's, and what keeps them append-only is in force."""
        found = self.layout(conn)
        if found is None:
            raise UnsafeStore(self.name, "there is no log in it", "make one with `zhunsheng store create`")
        if found != REVISION:
            older = found < REVISION or found == OLD
            repair = "copy it, then run `zhunsheng store upgrade`" if older else "use the program that wrote it"
            raise UnsafeStore(self.name, f"its layout has version `{found}`, this program knows `{REVISION}`", repair)
        # An auditor must be able to read what an appender must not touch.
        if not self.read_only and (changed := self.changed_guards(conn)):
            reason = f"its append-only trigger `{changed[0]}` was removed, changed or added"
            raise UnsafeStore(self.name, reason, "verify the log and find out who did it")

    def upgrade(self) -> str:
        """Bring the tables of an older log up to this program's, all or none; the revision it had.

        Nothing may append meanwhile. Raises UnsafeStore when it is no log, or a newer one, or its guards were changed.
        """
        with self.transaction(creating=True) as conn:
            found = self.layout(conn)
            if found == OLD or (found is not None and found < REVISION):
                from cases.log.migrations import FIRST, migrate, stamp  # noqa: PLC0415 - using a log needs no Alembic

                if found == OLD:
                    stamp(conn, FIRST)
                migrate(conn)
                self.after_upgrade(conn)
            self.check_layout(conn)
        return str(found)

    @abstractmethod
    def after_upgrade(self, conn: sa.Connection) -> None:
        """Give whoever uses the log the rights to new tables; nothing where there are no roles."""

    def check(self) -> None:
        """Raise UnsafeStore unless this is a log that may be used as it was opened."""
        with self.transaction() as conn:
            self.check_layout(conn)


def columns_of(table: sa.Table) -> str:
    """The names of a table's columns as a statement lists them."""
    return ", ".join(column.name for column in table.columns)


def refuse_unless_ok(name: str, settings: tuple[Setting, ...]) -> None:
    """Raise UnsafeStore for the first setting that is not as needed."""
    for each in settings:
        if not each.ok:
            reason = f"its setting `{each.name}` reads back as `{each.value}` and not `{each.needed}`"
            raise UnsafeStore(name, reason, each.repair)
