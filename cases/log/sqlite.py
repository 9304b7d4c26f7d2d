"""The log in one SQLite file: triggers, connections, settings and what errors mean.

Everything that knows it is SQLite is in this file. SQLite keeps a rollback journal here (`DELETE`,
`synchronous=EXTRA`), never WAL: before SQLite 3.51.3 a WAL file with two writers can be corrupted, and the SQLite
inside Python is often older.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import QueuePool

from cases.errors import CaseError, LogDamaged, LogUnavailable, UnsafeStore
from cases.log.database import Database, Setting, columns_of, refuse_unless_ok
from cases.log.guards import HEAD_GUARDS, REVISION_GUARDS, sqlite_frozen
from cases.log.schema import FROZEN

__all__ = ["SqliteDatabase", "create_file", "settle"]


GUARDS = {
    **HEAD_GUARDS,
    **REVISION_GUARDS,
    **{
        name: sql
        for table in FROZEN
        for name, sql in sqlite_frozen(table.name, [key.name for key in table.primary_key]).items()
    },
}
"""The triggers that keep the log append-only, by name."""

# Set on every connection, and read back as the last column says.
_SETTINGS: dict[str, tuple[str, object]] = {
    "busy_timeout": ("10000", 10_000),  # milliseconds; first, because the others may have to wait for a lock
    "journal_mode": ("DELETE", "delete"),
    "synchronous": ("EXTRA", 3),  # also flushes the folder: a deleted journal cannot come back after a power cut
    "fullfsync": ("ON", 1),  # on macOS plain fsync leaves the data in the drive's cache
    "foreign_keys": ("ON", 1),
    "secure_delete": ("ON", 1),  # what is deleted is overwritten: personal data that was erased is gone from the file
    "trusted_schema": ("OFF", 0),  # a schema that someone edited must not run functions
    "cell_size_check": ("ON", 1),  # finds damage when a page is read, before it is believed
}
_LEAVE_WAL = (
    "stop every program that has it open, run `PRAGMA journal_mode=DELETE` on it with the sqlite3 tool, then verify it"
)

# PERM, BUSY, LOCKED, NOMEM, READONLY, INTERRUPT, FULL, CANTOPEN, PROTOCOL: the file itself may be sound.
_BUSY = frozenset({3, 5, 6, 7, 8, 9, 13, 14, 15})
_IOERR, _NOTADB = 10, 26


def create_file(path: Path) -> None:
    """Make folder and empty file when absent, the file readable by its owner only; LogUnavailable when that fails."""
    try:
        missing = [folder for folder in path.parents if not folder.exists()]
        path.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileExistsError):
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        # A new folder is itself an entry in its parent, and SQLite flushes only the folder of the file.
        for folder in missing:
            handle = os.open(folder.parent, os.O_RDONLY)
            os.fsync(handle)
            os.close(handle)
    except OSError as exc:
        raise LogUnavailable(f"`{path}` cannot be created ({exc.strerror})") from exc


class SqliteDatabase(Database):
    """One log file; it must be there, however empty."""

    def __init__(self, path: Path, *, read_only: bool, lenient: bool = False) -> None:
        self.path = path
        super().__init__(read_only=read_only, lenient=lenient)

    @property
    def name(self) -> str:
        return str(self.path)

    @property
    def version(self) -> str:
        return f"SQLite {sqlite3.sqlite_version}"

    def _make_engine(self) -> sa.Engine:
        # No upper limit on connections: a thread waits for the file, which has a time limit, and not for the pool.
        engine = sa.create_engine("sqlite://", creator=self._connect, poolclass=QueuePool, max_overflow=-1)
        sa.event.listen(engine, "begin", _begin)
        self._file = _identity(self.path)
        return engine

    def _connect(self) -> sqlite3.Connection:
        # mode=rw and not rwc: a log that vanished must not be replaced by an empty one. isolation_level=None: Python's
        # driver begins no transaction of its own.
        address = f"{self.path.absolute().as_uri()}?mode=rw"
        raw = sqlite3.connect(address, uri=True, timeout=10, isolation_level=None, check_same_thread=False)
        try:
            settings = settle(raw)
            if not self.lenient:
                refuse_unless_ok(self.name, settings)
            raw.execute(f"PRAGMA query_only={int(self.read_only)}")
        except BaseException:
            raw.close()
            raise
        return raw

    def _options(self, *, writing: bool) -> dict[str, object]:
        return {"writing": writing}

    def settings(self, conn: sa.Connection) -> tuple[Setting, ...]:
        return tuple(_read_back(cast(sqlite3.Connection, conn.connection.driver_connection)))

    def _before_writing(self, conn: sa.Connection) -> None:
        if _identity(self.path) != self._file:
            raise LogUnavailable(f"the file `{self.path}` was moved or replaced while it was open")
        mode = conn.exec_driver_sql("PRAGMA journal_mode").scalar()
        if mode != "delete":
            raise UnsafeStore(
                self.name, f"its setting `journal_mode` reads back as `{mode}` and not `delete`", _LEAVE_WAL
            )

    def insert(self, conn: sa.Connection, table: sa.Table, rows: Sequence[tuple[object, ...]]) -> None:
        marks = ", ".join("?" * len(table.columns))
        conn.exec_driver_sql(f"INSERT INTO {table.name} ({columns_of(table)}) VALUES ({marks})", list(rows))  # noqa: S608 - our own names

    def create(self) -> None:
        """Make the tables where there are none, then check as `check` does."""
        with self.transaction() as conn:
            if self.layout(conn) is not None:
                self.check_layout(conn)
                return
        with self.transaction(creating=True) as conn:
            # Another process may have made them in between.
            if self.layout(conn) is None:
                # Making a log loads Alembic; using one does not.
                from cases.log.migrations import migrate  # noqa: PLC0415

                migrate(conn)
            self.check_layout(conn)

    def after_upgrade(self, conn: sa.Connection) -> None:
        return  # a file has no roles

    def replace_keys(self, conn: sa.Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        conn.exec_driver_sql(
            "UPDATE vault_key SET nonce = ?, wrapped = ? WHERE case_ref = ?",
            [(row["nonce"], row["wrapped"], row["case_ref"]) for row in rows],
        )

    def changed_guards(self, conn: sa.Connection) -> tuple[str, ...]:
        rows = conn.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").all()
        found = {str(row[0]): row[1] for row in rows}
        return tuple(sorted(name for name in GUARDS | found if GUARDS.get(name) != found.get(name)))

    def integrity(self, conn: sa.Connection) -> tuple[str, ...]:
        said = conn.exec_driver_sql("PRAGMA integrity_check(20)").scalars().all()
        return tuple(str(line) for line in said if line != "ok")

    def meaning(self, exc: DBAPIError, *, writing: bool = False) -> CaseError | None:
        error = exc.orig
        if not isinstance(error, sqlite3.DatabaseError):
            return None
        if isinstance(error, sqlite3.IntegrityError | sqlite3.ProgrammingError):
            return None
        # Text that is no UTF-8 is reported without a code.
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code == _NOTADB:
            return UnsafeStore(str(self.path), "it is not a database", "give the path of a log, or restore it")
        # A failed read of the disk is damage; a failed write leaves the outcome unknown.
        if code in _BUSY or (code == _IOERR and writing):
            return LogUnavailable(str(error))
        return LogDamaged(str(error))


def settle(raw: sqlite3.Connection) -> tuple[Setting, ...]:
    """Put every setting in force that durability rests on, and give what reads back (`refuse_unless_ok`)."""
    for name, (value, _) in _SETTINGS.items():
        # Asking a file in WAL mode for DELETE would convert it, under the feet of whoever put it there.
        if name != "journal_mode" or not _is_wal(raw):
            raw.execute(f"PRAGMA {name}={value}").fetchall()
    return tuple(_read_back(raw))


def _is_wal(raw: sqlite3.Connection) -> bool:
    return bool(raw.execute("PRAGMA journal_mode").fetchone() == ("wal",))


def _read_back(raw: sqlite3.Connection) -> Iterator[Setting]:
    for name, (_, wanted) in _SETTINGS.items():
        found = raw.execute(f"PRAGMA {name}").fetchone()
        value = "" if found is None else str(found[0])
        repair = _LEAVE_WAL if value == "wal" else "use an SQLite library that honours it"
        yield Setting(name=name, value=value, needed=str(wanted), ok=found == (wanted,), repair=repair)


def _begin(conn: sa.Connection) -> None:
    # An appender takes the write lock first: one that read and then upgraded could be refused in the middle.
    conn.exec_driver_sql("BEGIN IMMEDIATE" if conn.get_execution_options().get("writing") else "BEGIN")


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
