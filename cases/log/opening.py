"""Where a log is, and what is there: a path is an SQLite file, `postgresql://…` a PostgreSQL database."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from cases.errors import CaseError, UnsafeStore
from cases.log.database import Database, Setting
from cases.log.sqlite import SqliteDatabase, create_file

__all__ = ["Checked", "Where", "check_store", "create_store", "is_url", "name_of", "open_database", "upgrade_store"]

Where = Path | str


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What a store says of itself; `problem` is the sentence with which opening it refuses, beside its settings."""

    name: str
    version: str
    settings: tuple[Setting, ...]
    problem: str | None

    @property
    def ok(self) -> bool:
        """Whether the log may be used."""
        return self.problem is None and all(each.ok for each in self.settings)


def is_url(where: Where) -> bool:
    """Whether that names a PostgreSQL database, and not a file."""
    return isinstance(where, str) and where.startswith(("postgresql:", "postgres:", "postgresql+psycopg:"))


def name_of(where: Where) -> str:
    """What people call it; never a password."""
    return _database(where, read_only=True).name if is_url(where) else str(where)


def _database(where: Where, *, read_only: bool, lenient: bool = False, owner: bool = False) -> Database:
    if isinstance(where, str) and is_url(where):
        # A log in a file needs no PostgreSQL driver.
        from cases.log.postgres import PostgresDatabase  # noqa: PLC0415

        return PostgresDatabase(where, read_only=read_only, lenient=lenient, owner=owner)
    return SqliteDatabase(Path(where), read_only=read_only, lenient=lenient)


def open_database(where: Where, *, read_only: bool) -> Database:
    """Open the log there; an SQLite file is made when absent, but not when `read_only`. Raises as `AuditLog.open`."""
    if not is_url(where):
        if read_only:
            _need_file(where)
        else:
            create_file(Path(where))
    database = _database(where, read_only=read_only)
    try:
        if isinstance(database, SqliteDatabase) and not read_only:
            database.create()
        else:
            database.check()
    except BaseException:
        database.close()
        raise
    return database


def create_store(where: Where, role: str | None) -> None:
    """Make an empty log and give the service's role its rights; one that is there is kept, its rights given anew.

    PostgreSQL needs a role, and SQLite has none: ValueError. Run it as the owner; raises UnsafeStore as opening does.
    """
    if is_url(where) != (role is not None):
        raise ValueError("a PostgreSQL log needs the name of the service's role, and a file has no roles")
    if role is None:
        open_database(where, read_only=False).close()
        return
    from cases.log.postgres import PostgresDatabase  # noqa: PLC0415 - see _database

    with closing(PostgresDatabase(str(where), read_only=False, owner=True)) as database:
        database.create(role)


def upgrade_store(where: Where) -> str:
    """Bring an older log up to this program's layout, all or nothing, and say which it had. Nothing may append."""
    if not is_url(where):
        _need_file(where)
    with closing(_database(where, read_only=False, owner=True)) as database:
        return database.upgrade()


def check_store(where: Where) -> Checked:
    """Read back every setting durability rests on, and say what would keep the log from being opened."""
    name, version, problem = "", "", None
    settings: tuple[Setting, ...] = ()
    try:
        name = name_of(where)
        if not is_url(where):
            _need_file(where)
        with closing(_database(where, read_only=False, lenient=True)) as database:
            with database.transaction() as conn:
                version, settings = database.version, database.settings(conn)
            database.check()
    except CaseError as exc:
        problem = str(exc)
    return Checked(name=name, version=version, settings=settings, problem=problem)


def _need_file(where: Where) -> None:
    if not Path(where).is_file():
        raise UnsafeStore(str(where), "there is no such file", "give the path of an existing log")
