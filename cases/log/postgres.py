"""The log in a PostgreSQL database: rights, guards, connections, settings and what errors mean.

Everything that knows it is PostgreSQL is in this file. Two roles share the work: the owner makes and upgrades the
tables (`zhunsheng store create`), and the service's role, which owns nothing, may insert and read. Of processes that
append, all wait for the one row of `head`; a reader sees one snapshot and waits for nobody.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

import psycopg
import sqlalchemy as sa
from psycopg import sql as pgsql
from sqlalchemy.exc import ArgumentError, DBAPIError

from cases.errors import CaseError, LogDamaged, LogUnavailable, UnsafeStore
from cases.log.database import Database, Setting, columns_of, refuse_unless_ok
from cases.log.guards import FUNCTIONS, pg_frozen
from cases.log.schema import FROZEN, HEAD, LAYOUT, VAULT, VAULT_KEY

__all__ = ["RIGHTS", "PostgresDatabase"]

OLDEST = 140_000
"""server_version_num of PostgreSQL 14, the oldest that its makers still mended when this was written."""

# What each must read back as. `on` and `remote_apply` both wait for the server's own disk.
_NEEDED: dict[str, tuple[tuple[str, ...], str]] = {
    "synchronous_commit": (("on", "remote_apply"), "stop what changes it"),
    "fsync": (("on",), "set it to `on`, and verify the log: what was written meanwhile may be lost in a power cut"),
    "full_page_writes": (("on",), "set it to `on`: a torn page cannot be mended without"),
    "data_sync_retry": (("off",), "set it to `off`: after a failed flush the server must start anew"),
    "zero_damaged_pages": (("off",), "set it to `off`: it would blot out damaged records"),
    "ignore_checksum_failure": (("off",), "set it to `off`: it would pass damaged records on"),
    "server_encoding": (("UTF8",), "make the database with ENCODING 'UTF8'"),
    "standard_conforming_strings": (("on",), "set it to `on`"),
}
# Told to people who check, and no ground to refuse.
_NOTED = {
    "data_checksums": ("on", "advised is `on`: stop the server and run `pg_checksums --enable`"),
    "synchronous_standby_names": ("", ""),
    "wal_sync_method": ("", ""),
}
# A server can be told to drop these while it runs.
_BY_THE_HOUR = ("synchronous_commit", "fsync", "full_page_writes")

# A paused process loses the head row before those who wait for it give up.
_LIMITS = {"lock_timeout": "10s", "idle_in_transaction_session_timeout": "8s", "search_path": "public"}
_STATEMENT = {False: "60s", True: "1h"}
"""How long a statement may take, by whether it is an auditor's connection, who reads whole tables."""

RIGHTS: dict[str, frozenset[str]] = {
    **{table.name: frozenset({"SELECT", "INSERT"}) for table in FROZEN},
    HEAD.name: frozenset({"SELECT", "UPDATE"}),
    VAULT.name: frozenset({"SELECT", "INSERT", "DELETE"}),
    VAULT_KEY.name: frozenset({"SELECT", "INSERT", "DELETE"}),
    LAYOUT.name: frozenset({"SELECT"}),
}
"""What the service's role may do with each table, and nothing else."""
_ALL_RIGHTS = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER")

# Connection lost or refused, server stopping, out of disk, memory or connections, a lock or time limit, two in each
# other's way, a server that only reads: the log itself may be sound.
_BUSY = ("08", "25P03", "25006", "40", "53", "55", "57")
_DAMAGED = ("XX", "58")
_NO_TABLE, _DENIED = ("42P01", "42703"), "42501"

_TRIGGERS = sa.text(
    "SELECT c.relname, t.tgname, p.proname, t.tgtype, t.tgenabled::text, p.prosrc, l.lanname, p.prosecdef, "
    "coalesce(p.proconfig::text, ''), t.tgqual IS NULL, t.tgnargs, t.tgattr::text "
    "FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid "
    "JOIN pg_language l ON l.oid = p.prolang "
    "WHERE NOT t.tgisinternal AND c.oid = ANY(CAST(:tables AS regclass[]))"
)
_GUARDS = {
    f"{each.table}.{each.name}": (
        each.function, each.kind, "A", FUNCTIONS[each.function], "plpgsql", False, "", True, 0, "",
    )
    for table in (*FROZEN, HEAD, LAYOUT)
    for each in pg_frozen(table.name)
}  # fmt: skip
_HIDING = sa.text(
    "SELECT 'rule ' || rulename FROM pg_rewrite WHERE ev_class = ANY(CAST(:tables AS regclass[])) "
    "UNION ALL SELECT 'row security on ' || relname FROM pg_class "
    "WHERE relrowsecurity AND oid = ANY(CAST(:tables AS regclass[])) "
    "UNION ALL SELECT 'table ' || inhrelid::regclass::text FROM pg_inherits "
    "WHERE inhparent = ANY(CAST(:tables AS regclass[]))"
)
_UNLOGGED = sa.text(
    "SELECT relname FROM pg_class WHERE oid = ANY(CAST(:tables AS regclass[])) AND relpersistence <> 'p'"
)
_HOLDS = ", ".join(
    f"has_{'table' if right in ('DELETE', 'TRUNCATE', 'TRIGGER') else 'any_column'}_privilege(oid, '{right}')"
    for right in _ALL_RIGHTS
)
_RIGHTS = sa.text(
    f"SELECT pg_has_role(session_user, relowner, 'MEMBER'), {_HOLDS} "  # noqa: S608 - our own words
    "FROM pg_class WHERE oid = CAST(:table AS regclass)"
)
_COUNTS = "SELECT " + ", ".join(f"(SELECT count(*) FROM {table})" for table in RIGHTS)  # noqa: S608 - our names
_ROLE = sa.text("SELECT rolname, quote_ident(rolname), rolsuper FROM pg_roles WHERE rolname = session_user")
_SERVICE_ROLES = sa.text(
    "SELECT quote_ident(r.rolname) FROM pg_class c, aclexplode(c.relacl) a JOIN pg_roles r ON r.oid = a.grantee "
    "WHERE c.oid = 'entry'::regclass AND a.privilege_type = 'INSERT' AND a.grantee <> c.relowner"
)
_ARRAYS: dict[type, str] = {int: "bigint[]", str: "text[]", bytes: "bytea[]"}


class PostgresDatabase(Database):
    """One PostgreSQL database, by URL; `owner` is for making the tables, which the service's role may not."""

    def __init__(self, url: str, *, read_only: bool, lenient: bool = False, owner: bool = False) -> None:
        try:
            # The scheme is the driver's name; the message of a URL that cannot be read could hold a password.
            self._url = sa.make_url("postgresql+psycopg:" + url.partition(":")[2])
        except (ArgumentError, ValueError):
            raise UnsafeStore("postgresql://…", "its URL cannot be read", "write postgresql://USER@HOST/DB") from None
        self._owner, self._version = owner, "PostgreSQL"
        super().__init__(read_only=read_only, lenient=lenient)

    @property
    def name(self) -> str:
        host = self._url.host or self._url.query.get("host") or "localhost"
        port = f":{self._url.port}" if self._url.port else ""
        return f"postgresql://{self._url.username or ''}@{host}{port}/{self._url.database or ''}"

    @property
    def version(self) -> str:
        return self._version

    def _make_engine(self) -> sa.Engine:
        engine = sa.create_engine(
            self._url,
            pool_size=16,
            max_overflow=0,
            pool_timeout=10,
            pool_pre_ping=True,  # a server that was started anew costs no caller an error
            connect_args={
                "connect_timeout": 10,
                "application_name": "zhunsheng",
                "tcp_user_timeout": 30_000,
                "client_encoding": "UTF8",
            },
            use_native_hstore=False,  # saves asking for a type that is not used
        )
        sa.event.listen(engine, "connect", lambda raw, _record: self._settle(raw))
        return engine

    def _settle(self, raw: psycopg.Connection[tuple[str, ...]]) -> None:
        raw.autocommit = True
        limits = {**_LIMITS, "statement_timeout": _STATEMENT[self.read_only]}
        set_all = ", ".join(f"set_config('{name}', '{value}', false)" for name, value in limits.items())
        # Whatever the role or the database was given: a commit waits for the disk, or for a standby besides.
        waits = "CASE current_setting('synchronous_commit') WHEN 'remote_apply' THEN 'remote_apply' ELSE 'on' END"
        raw.execute(pgsql.SQL(f"SELECT {set_all}, set_config('synchronous_commit', {waits}, false)"))
        if not self.lenient:
            refuse_unless_ok(self.name, _read_back(raw))
        self._version = f"PostgreSQL {raw.info.server_version // 10_000}.{raw.info.server_version % 10_000}"
        raw.autocommit = False

    def _options(self, *, writing: bool) -> dict[str, object]:
        # A writer reads the head after waiting for it, and must see what the other one wrote.
        level = "READ COMMITTED" if writing else "REPEATABLE READ"
        return {"isolation_level": level, "postgresql_readonly": not writing}

    def _before_writing(self, conn: sa.Connection) -> None:
        asked = ", ".join(f"current_setting('{name}')" for name in _BY_THE_HOUR)
        row = conn.exec_driver_sql(f"SELECT {asked} FROM head FOR UPDATE").first()  # noqa: S608 - our own words
        for name, value in zip(_BY_THE_HOUR, row or (), strict=False):
            needed, repair = _NEEDED[name]
            if value not in needed:
                raise UnsafeStore(self.name, f"its setting `{name}` was switched to `{value}`", repair)

    def insert(self, conn: sa.Connection, table: sa.Table, rows: Sequence[tuple[object, ...]]) -> None:
        # One statement with an array for each column: half the time of one statement for each row.
        arrays = ", ".join(f"%b::{_ARRAYS[column.type.python_type]}" for column in table.columns)
        into = f"INSERT INTO {table.name} ({columns_of(table)}) SELECT * FROM unnest({arrays})"  # noqa: S608 - our own names
        conn.exec_driver_sql(into, tuple(map(list, zip(*rows, strict=True))))

    def settings(self, conn: sa.Connection) -> tuple[Setting, ...]:
        raw = cast("psycopg.Connection[tuple[str, ...]]", conn.connection.driver_connection)
        noted = [
            Setting(name=name, value=value or "", needed="", ok=True, repair="" if advised in ("", value) else advice)
            for (name, value), (advised, advice) in zip(_ask(raw, _NOTED), _NOTED.values(), strict=True)
        ]
        return (*_read_back(raw), *noted)

    def create(self, role: str) -> None:
        """Make the tables where there are none, and give the service's role its rights; for the owner.

        Raises UnsafeStore when the role is not there, or what is there is no log of this program.
        """
        with self.transaction(creating=True) as conn:
            conn.exec_driver_sql("SELECT pg_advisory_xact_lock(7310)")  # of two that create, one waits
            known = conn.execute(sa.text("SELECT quote_ident(rolname) FROM pg_roles WHERE rolname = :n"), {"n": role})
            quoted = known.scalar()
            if quoted is None:
                raise UnsafeStore(self.name, f"there is no role `{role}`", f'run `CREATE ROLE "{role}" LOGIN` first')
            if self.layout(conn) is None:
                # Making a log loads Alembic; using one does not.
                from cases.log.migrations import migrate  # noqa: PLC0415

                migrate(conn)
            self._grant(conn, quoted)
            self.check_layout(conn)

    def after_upgrade(self, conn: sa.Connection) -> None:
        for role in conn.scalars(_SERVICE_ROLES).all():
            self._grant(conn, role)

    def _grant(self, conn: sa.Connection, role: str) -> None:
        conn.exec_driver_sql(f"GRANT USAGE ON SCHEMA public TO {role}")
        for table, rights in RIGHTS.items():
            conn.exec_driver_sql(f"REVOKE ALL ON {table} FROM {role}, PUBLIC")
            conn.exec_driver_sql(f"GRANT {', '.join(sorted(rights))} ON {table} TO {role}")

    def check_layout(self, conn: sa.Connection) -> None:
        super().check_layout(conn)
        for table in conn.scalars(_UNLOGGED, {"tables": list(RIGHTS)}):
            repair = f"run `ALTER TABLE {table} SET LOGGED` as the owner, and verify the log"
            raise UnsafeStore(self.name, f"its table `{table}` is UNLOGGED, and a crash would empty it", repair)
        if not self.read_only and not self._owner:
            self._check_rights(conn)

    def _check_rights(self, conn: sa.Connection) -> None:
        role, quoted, superuser = conn.execute(_ROLE).one()
        make = "run `zhunsheng store create URL --service-role NAME` as the owner, and connect as that role"
        if superuser:
            raise UnsafeStore(self.name, f"the role `{role}` is a superuser, whom no guard stops", make)
        for table, allowed in RIGHTS.items():
            owns, *held = conn.execute(_RIGHTS, {"table": table}).one()
            if owns:
                raise UnsafeStore(
                    self.name, f"the role `{role}` owns the table `{table}`, or may act as its owner", make
                )
            for right, holds in zip(_ALL_RIGHTS, held, strict=True):
                if holds and right not in allowed:
                    repair = f"run `REVOKE {right} ON {table} FROM {quoted}, PUBLIC` as the owner"
                    raise UnsafeStore(self.name, f"the role `{role}` holds {right} on `{table}`", repair)
                if right in allowed and not holds:
                    repair = f"run `GRANT {right} ON {table} TO {quoted}` as the owner"
                    raise UnsafeStore(self.name, f"the role `{role}` lacks {right} on `{table}`", repair)

    def replace_keys(self, conn: sa.Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        # The service's role may delete and insert here and not UPDATE. In one statement the values that point to a key
        # are never without it: foreign keys are asked at the end of a statement, and a row goes before it comes again.
        conn.exec_driver_sql(
            "WITH gone AS (DELETE FROM vault_key WHERE case_ref = %s RETURNING case_ref) "
            "INSERT INTO vault_key (case_ref, nonce, wrapped) SELECT case_ref, %s, %s FROM gone",
            [(row["case_ref"], row["nonce"], row["wrapped"]) for row in rows],
        )

    def changed_guards(self, conn: sa.Connection) -> tuple[str, ...]:
        rows = conn.execute(_TRIGGERS, {"tables": list(RIGHTS)}).all()
        found = {f"{table}.{name}": tuple(more) for table, name, *more in rows}
        changed = {name for name in _GUARDS | found if _GUARDS.get(name) != found.get(name)}
        # What hides rows, or turns a statement into another, is a guard taken out by another name.
        changed |= set(conn.scalars(_HIDING, {"tables": list(RIGHTS)}))
        return tuple(sorted(changed))

    def integrity(self, conn: sa.Connection) -> tuple[str, ...]:
        """Where a table and its index do not hold the same rows; reading them all also checks every page's checksum."""
        counted = {}
        for by, table_scan, index_scan in (("index", "off", "on"), ("table", "on", "off")):
            scans = [
                ("seqscan", table_scan),
                *((kind, index_scan) for kind in ("indexscan", "indexonlyscan", "bitmapscan")),
            ]
            set_all = ", ".join(f"set_config('enable_{kind}', '{value}', true)" for kind, value in scans)
            conn.exec_driver_sql(f"SELECT {set_all}")
            counted[by] = conn.exec_driver_sql(_COUNTS).one()
        return tuple(
            f"the table `{table}` holds {rows} rows and its index {indexed}: run `REINDEX TABLE {table}` and verify"
            for table, rows, indexed in zip(RIGHTS, counted["table"], counted["index"], strict=True)
            if rows != indexed
        )

    def meaning(self, exc: DBAPIError, *, writing: bool = False) -> CaseError | None:
        error = exc.orig
        if not isinstance(error, psycopg.Error):
            return None
        code, said = error.sqlstate or "", " ".join(str(error).split())
        if code == _DENIED:
            repair = (
                "give the service's role its rights: `zhunsheng store create URL --service-role NAME`, as the owner"
            )
            return UnsafeStore(self.name, said, repair)
        if code in _NO_TABLE:
            return UnsafeStore(self.name, f"it is not a log of this program ({said})", "give the place of a log")
        if code.startswith(_DAMAGED):
            # A failed read is damage; a failed write leaves the outcome unknown.
            return LogUnavailable(said) if writing and code.startswith("58") else LogDamaged(said)
        if code.startswith(_BUSY) or exc.connection_invalidated:
            return LogUnavailable(said)
        # A connection that could not be made, or broke, has no code.
        if not code and isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
            return LogUnavailable(said)
        return None


def _ask(raw: psycopg.Connection[tuple[str, ...]], names: Iterable[str]) -> list[tuple[str, str | None]]:
    asked = "SELECT name, current_setting(name, true) FROM unnest(%s::text[]) WITH ORDINALITY AS n(name, i) ORDER BY i"
    return [(name, value) for name, value in raw.execute(asked, [list(names)])]


def _read_back(raw: psycopg.Connection[tuple[str, ...]]) -> tuple[Setting, ...]:
    version = raw.info.server_version
    oldest = Setting(
        name="server_version_num",
        value=str(version),
        needed=f"{OLDEST} or more",
        ok=version >= OLDEST,
        repair="use PostgreSQL 14 or newer",
    )
    read = [
        Setting(name=name, value=value or "", needed=needed[0], ok=value in needed, repair=repair)
        for (name, value), (needed, repair) in zip(_ask(raw, _NEEDED), _NEEDED.values(), strict=True)
    ]
    return (oldest, *read)
