"""The log in one SQLite file: triggers, connections, settings and what errors mean.

Everything that knows it is SQLite is in this file. SQLite keeps a rollback journal here (`DELETE`,
`synchronous=EXTRA`), never WAL: before SQLite 3.51.3 a WAL file with two writers can be corrupted, and the SQLite
inside Python is often older.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import QueuePool

from cases.errors import CaseError, LogDamaged, LogUnavailable, UnsafeStore
from cases.log.database import Database
from cases.log.schema import FROZEN, HEAD, META, SCHEMA_VERSION, TABLES
from cases.tlog.tree import EMPTY

__all__ = ["SqliteDatabase", "create_file", "settle"]


def _guards() -> Iterator[tuple[str, str]]:
    refuse = "BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END"
    yield "head_delete", f"CREATE TRIGGER head_delete BEFORE DELETE ON head {refuse}"
    yield "head_shrink", f"CREATE TRIGGER head_shrink BEFORE UPDATE ON head WHEN NEW.size <= OLD.size {refuse}"
    for table in FROZEN:
        name, keys = table.name, [column.name for column in table.primary_key]
        for verb in ("update", "delete"):
            yield f"{name}_{verb}", f"CREATE TRIGGER {name}_{verb} BEFORE {verb.upper()} ON {name} {refuse}"
        # INSERT OR REPLACE deletes without asking the delete trigger.
        same = " AND ".join(f"{key} = NEW.{key}" for key in keys)
        twin = f"WHEN EXISTS (SELECT 1 FROM {name} WHERE {same})"  # noqa: S608 - names of our own tables
        yield f"{name}_replace", f"CREATE TRIGGER {name}_replace BEFORE INSERT ON {name} {twin} {refuse}"


GUARDS = dict(_guards())
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
    """One log file, with every setting in force on each of its connections, or refused (UnsafeStore)."""

    def __init__(self, path: Path, *, read_only: bool) -> None:
        self.path, self.read_only = path, read_only
        self._inherited: list[sa.Engine] = []
        self._start()

    @property
    def name(self) -> str:
        return str(self.path)

    @property
    def version(self) -> str:
        return f"SQLite {sqlite3.sqlite_version}"

    def _start(self) -> None:
        self._pid, self._closed, self._appending = os.getpid(), False, threading.Lock()
        # No upper limit on connections: a thread waits for the file, which has a time limit, and not for the pool.
        self._engine: sa.Engine = sa.create_engine(
            "sqlite://", creator=self._connect, poolclass=QueuePool, max_overflow=-1
        )
        sa.event.listen(self._engine, "begin", _begin)
        self._file = _identity(self.path)

    def _connect(self) -> sqlite3.Connection:
        # mode=rw and not rwc: a log that vanished must not be replaced by an empty one. isolation_level=None: Python's
        # driver begins no transaction of its own.
        address = f"{self.path.absolute().as_uri()}?mode=rw"
        raw = sqlite3.connect(address, uri=True, timeout=10, isolation_level=None, check_same_thread=False)
        try:
            settle(raw, self.path)
            raw.execute(f"PRAGMA query_only={int(self.read_only)}")
        except BaseException:
            raw.close()
            raise
        return raw

    def close(self) -> None:
        if self._pid == os.getpid():
            self._engine.dispose()
        self._closed = True

    @contextmanager
    def transaction(self, *, writing: bool = False) -> Iterator[sa.Connection]:
        if self._closed:
            raise ValueError("the log is closed")
        if self._pid != os.getpid():
            # A forked child must neither use nor close its parent's connections: closing one could undo what the
            # parent is writing. They are kept, untouched.
            self._inherited.append(self._engine)
            self._start()
        try:
            # The file's own lock would do, but waiting for that is by polling, and unfair.
            with self._appending if writing else nullcontext(), self._engine.connect() as raw:
                conn = raw.execution_options(writing=writing)
                try:
                    with conn.begin():
                        if writing:
                            self._still_ours(conn)
                        yield conn
                except (DBAPIError, UnicodeDecodeError):
                    # After a failed flush or commit nothing this connection remembers may be believed.
                    conn.invalidate()
                    raise
        except UnicodeDecodeError as exc:
            # An error about a damaged schema quotes it, and Python's driver then fails to read the message.
            raise LogDamaged("its schema is not text") from exc
        except DBAPIError as exc:
            told = self.meaning(exc, writing=writing)
            if told is None:
                raise
            raise told from exc

    def _still_ours(self, conn: sa.Connection) -> None:
        if _identity(self.path) != self._file:
            raise LogUnavailable(f"the file `{self.path}` was moved or replaced while it was open")
        if conn.exec_driver_sql("PRAGMA journal_mode").scalar() != "delete":
            raise UnsafeStore(str(self.path), "it was switched to WAL mode", _LEAVE_WAL)

    def check_schema(self) -> None:
        path = str(self.path)
        with self.transaction(writing=not self.read_only) as conn:
            tables = sa.inspect(conn).get_table_names()
            if not tables and not self.read_only:
                TABLES.create_all(conn)
                for sql in GUARDS.values():
                    conn.exec_driver_sql(sql)
                conn.execute(sa.insert(META).values(name="version", value=SCHEMA_VERSION))
                conn.execute(sa.insert(HEAD).values(one=1, size=0, root=EMPTY.root(), frontier=EMPTY.to_bytes()))
                return
            query = sa.select(META.c.value).where(META.c.name == "version")
            version = conn.execute(query).scalar() if set(TABLES.tables) <= set(tables) else None
            if version is None:
                raise UnsafeStore(path, "it is not a log of this program", "give the path of a log")
            if version != SCHEMA_VERSION:
                reason = f"its layout has version `{version}`, this program knows `{SCHEMA_VERSION}`"
                raise UnsafeStore(path, reason, "use the program that wrote it")
            # An auditor must be able to read what an appender must not touch.
            if not self.read_only and (changed := self.changed_guards(conn)):
                reason = f"its append-only trigger `{changed[0]}` was removed, changed or added"
                raise UnsafeStore(path, reason, "verify the log and find out who did it")

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


def settle(raw: sqlite3.Connection, path: Path) -> None:
    """Put every setting in force that durability rests on, and read it back; UnsafeStore when one is not."""
    for name, (value, wanted) in _SETTINGS.items():
        if name == "journal_mode" and raw.execute("PRAGMA journal_mode").fetchone() == ("wal",):
            # Asking for DELETE would convert the file, under the feet of whoever put it there.
            raise UnsafeStore(str(path), "it was switched to WAL mode", _LEAVE_WAL)
        raw.execute(f"PRAGMA {name}={value}").fetchall()
        found = raw.execute(f"PRAGMA {name}").fetchone()
        if found != (wanted,):
            reason = f"its setting `{name}` reads back as `{found and found[0]}` and not `{wanted}`"
            raise UnsafeStore(str(path), reason, "use an SQLite library that honours it")


def _begin(conn: sa.Connection) -> None:
    # An appender takes the write lock first: one that read and then upgraded could be refused in the middle.
    conn.exec_driver_sql("BEGIN IMMEDIATE" if conn.get_execution_options().get("writing") else "BEGIN")


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
