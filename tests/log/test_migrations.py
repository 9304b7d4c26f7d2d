"""The steps make exactly the tables the program knows; an older log becomes a new one, whole, and only when asked."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from cases.errors import LogDamaged, UnsafeStore
from cases.log import migrations
from cases.log.audit import verify_at
from cases.log.migrations import FIRST, migrate
from cases.log.opening import upgrade_store
from cases.log.postgres import RIGHTS, PostgresDatabase
from cases.log.schema import REVISION, TABLES
from cases.log.sqlite import SqliteDatabase, create_file
from cases.log.store import AuditLog
from tests.log.kit import record
from tests.log.places import OWNER, SERVICE, Place, PostgresPlace, SqlitePlace, tamper, url


def engine_of(at: Place) -> sa.Engine:
    if isinstance(at, PostgresPlace):
        return sa.create_engine(url(at.database, "postgres").replace("postgresql:", "postgresql+psycopg:"))
    return sa.create_engine(f"sqlite:///{at.where}")


def owners_url(at: Place) -> Path | str:
    """Whom upgrading takes: the owner, not the service's role."""
    return url(at.database, OWNER) if isinstance(at, PostgresPlace) else at.where


def make_old(at: Place, size: int) -> None:
    """Make a log of the first layout with `size` records, as the program of that day left it."""
    if isinstance(at, PostgresPlace):
        with at.owner() as owner:
            owner.do("DROP SCHEMA public CASCADE")
            owner.do(f"CREATE SCHEMA public AUTHORIZATION {OWNER}")
        database: PostgresDatabase | SqliteDatabase = PostgresDatabase(
            url(at.database, OWNER), read_only=False, owner=True
        )
    else:
        assert isinstance(at, SqlitePlace)
        create_file(at.path)
        database = SqliteDatabase(at.path, read_only=False)
    with closing(database), database.transaction(creating=True) as conn:
        migrate(conn, FIRST)
    with at.owner() as owner:
        for seq in range(size):
            data = b'{"id":"%d","pad":""}' % seq
            leaf = hashlib.sha256(b"\x00" + data).digest()
            owner.do("INSERT INTO entry VALUES (?, ?, ?, ?)", seq, str(seq), leaf, data)
    if isinstance(at, PostgresPlace):
        with at.owner() as owner:
            # As the first program granted it: to the tables of its day.
            owner.do(f"GRANT USAGE ON SCHEMA public TO {SERVICE}")
            for table in ("entry", "checkpoint", "source", "idempotency", "meta"):
                owner.do(f"GRANT SELECT, INSERT ON {table} TO {SERVICE}")
            owner.do(f"GRANT SELECT, UPDATE ON head TO {SERVICE}")
            owner.do(f"GRANT SELECT ON alembic_version TO {SERVICE}")


def set_head(at: Place, like: AuditLog) -> None:
    """Give the log the head and the last checkpoint of another with the same records."""
    head = like.head()
    with at.owner() as owner:
        size, root, frontier = head.size, head.root, head.frontier.to_bytes()
        owner.do("UPDATE head SET size = ?, root = ?, frontier = ?", size, root, frontier)
        owner.do("INSERT INTO checkpoint VALUES (?, ?)", size, root)


@pytest.fixture
def wanted(tmp_path: Path) -> Iterator[AuditLog]:
    """What the upgraded log must be: the same records, appended by the program of today."""
    with AuditLog.open(tmp_path / "wanted.db") as log:
        log.append([record(str(seq)) for seq in range(600)])
        yield log


def nodes(at: Place) -> list[tuple[int, int, bytes]]:
    with at.owner() as owner:
        rows = owner.rows("SELECT level, place, hash FROM node ORDER BY level, place")
    return [(level, place, bytes(root)) for level, place, root in rows]


def test_the_steps_make_the_tables_the_program_knows(at: Place) -> None:
    AuditLog.open(at.where).close()

    engine = engine_of(at)
    with engine.connect() as conn:
        context = MigrationContext.configure(conn, opts={"compare_type": True, "compare_server_default": True})
        differences = compare_metadata(context, TABLES)
    engine.dispose()

    assert differences == []


def test_the_newest_step_is_the_one_the_program_knows_and_there_is_one_line_of_them() -> None:
    scripts = ScriptDirectory(str(Path(migrations.__file__).parent))

    assert scripts.get_heads() == [REVISION]
    assert [each.revision for each in scripts.walk_revisions()] == ["0002", "0001"]


def test_an_older_log_is_upgraded_when_asked_and_not_by_opening_it(at: Place, wanted: AuditLog) -> None:
    make_old(at, 600)
    set_head(at, wanted)
    if isinstance(at, SqlitePlace):
        # The first program knew no Alembic.
        with at.owner() as owner:
            owner.do("DROP TABLE alembic_version")

    for read_only in (True, False):
        with pytest.raises(UnsafeStore, match="zhunsheng store upgrade"):
            AuditLog.open(at.where, read_only=read_only)
    before = upgrade_store(owners_url(at))

    assert before == ("1" if isinstance(at, SqlitePlace) else FIRST)
    assert upgrade_store(owners_url(at)) == REVISION
    assert [(level, place) for level, place, _ in nodes(at)] == [(1, 0), (1, 1)]
    with wanted.database.transaction() as conn:
        assert nodes(at) == [tuple(row) for row in conn.execute(sa.select(TABLES.tables["node"]))]
    with AuditLog.open(at.where) as log:
        assert log.head() == wanted.head()
        log.append([record("one more")])
    assert verify_at(at.where).ok


def test_an_older_log_without_its_guards_or_a_record_stays_as_it_is(at: Place, wanted: AuditLog) -> None:
    make_old(at, 600)
    set_head(at, wanted)

    with at.owner() as owner:
        owner.disarm()
        (row,) = owner.rows("SELECT id, leaf_hash, bytes FROM entry WHERE seq = 300")
        owner.do("DELETE FROM entry WHERE seq = 300")
        owner.arm()
    with pytest.raises(LogDamaged, match="256 to 511"):
        upgrade_store(owners_url(at))
    with at.owner() as owner:
        owner.do("INSERT INTO entry VALUES (300, ?, ?, ?)", *row)
    tamper(at)
    with pytest.raises(UnsafeStore, match="trigger"):
        upgrade_store(owners_url(at))

    with at.owner() as owner:
        assert owner.rows("SELECT version_num FROM alembic_version") == [(FIRST,)]


def test_the_first_step_makes_what_the_first_program_made(tmp_path: Path) -> None:
    at = SqlitePlace(tmp_path / "log.db")
    make_old(at, 0)
    with closing(sqlite3.connect(tmp_path / "first.db")) as first:
        first.executescript(Path(__file__).with_name("version_1.sql").read_text(encoding="utf-8"))
        asked = "SELECT name, sql FROM sqlite_master WHERE tbl_name <> 'alembic_version' AND sql IS NOT NULL"
        made = {name: "".join(sql.split()) for name, sql in first.execute(asked)}

    with at.owner() as owner:
        assert {name: "".join(sql.split()) for name, sql in owner.rows(asked)} == made


def test_levels_above_the_first_are_derived_too(at: Place, tmp_path: Path) -> None:
    size = 65_536
    rows = [(seq, str(seq), hashlib.sha256(seq.to_bytes(4)).digest(), b"") for seq in range(size)]
    make_old(at, 0)
    with at.owner() as owner:
        owner.fill(rows)
        owner.do("UPDATE head SET size = ?", size)
    upgrade_store(owners_url(at))

    level = [row[2] for row in rows]
    while len(level) > 1:
        level = [hashlib.sha256(b"\x01" + level[at] + level[at + 1]).digest() for at in range(0, len(level), 2)]
    assert len(nodes(at)) == 257
    assert nodes(at)[-1] == (2, 0, level[0])


def test_every_table_has_rights_for_the_service() -> None:
    assert {*RIGHTS} == {*TABLES.tables, "alembic_version"}
