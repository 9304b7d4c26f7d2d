"""What is PostgreSQL's own: roles, server settings, triggers taken out, connections and servers that die."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from cases.errors import LogDamaged, LogUnavailable, UnsafeStore
from cases.log import postgres
from cases.log.audit import AuditReport, verify, verify_at
from cases.log.opening import check_store, create_store, name_of
from cases.log.schema import FROZEN
from cases.log.store import Appended, AuditLog
from tests.log.kit import appender, record
from tests.log.places import (
    OWNER,
    SERVICE,
    PostgresPlace,
    server,
    server_setting,
    start_again,
    superuser,
    template,
    url,
)


@pytest.fixture
def at() -> Iterator[PostgresPlace]:
    made = PostgresPlace.new()
    yield made
    made.drop()


@pytest.fixture
def log(at: PostgresPlace) -> Iterator[AuditLog]:
    with AuditLog.open(at.where) as opened:
        yield opened


def codes(report: AuditReport) -> set[tuple[str, int | None]]:
    return {(found.code, found.seq) for found in report.findings}


# Roles and rights


def test_the_service_may_insert_and_read_and_nothing_else(log: AuditLog, at: PostgresPlace) -> None:
    log.append([record("a")])

    with psycopg.connect(at.where, autocommit=True) as service:
        for table in FROZEN:
            for change in (f"DELETE FROM {table}", f"TRUNCATE {table}", f"DROP TABLE {table}"):  # noqa: S608 - our names
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    service.execute(change)
        for change in (
            "UPDATE entry SET id = 'x'",
            "DELETE FROM head",
            "ALTER TABLE entry DISABLE TRIGGER ALL",
            "UPDATE vault SET field = 'x'",
            "UPDATE alembic_version SET version_num = '9'",
            "CREATE TABLE more (x int)",
            "SET session_replication_role = replica",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                service.execute(change)


@pytest.mark.parametrize("role", [OWNER, "postgres"])
def test_an_owner_or_a_superuser_may_read_and_not_serve(at: PostgresPlace, role: str) -> None:
    where = url(at.database, role)

    with pytest.raises(UnsafeStore, match="zhunsheng store create URL --service-role NAME"):
        AuditLog.open(where)

    assert verify_at(where).ok


@pytest.mark.parametrize(
    ("grant", "says"),
    [
        (f"GRANT UPDATE ON entry TO {SERVICE}", f"REVOKE UPDATE ON entry FROM {SERVICE}"),
        (f"GRANT UPDATE (bytes) ON entry TO {SERVICE}", "REVOKE UPDATE ON entry"),
        (f"GRANT DELETE ON checkpoint TO {SERVICE}", "REVOKE DELETE ON checkpoint"),
        ("GRANT TRUNCATE ON node TO PUBLIC", f"REVOKE TRUNCATE ON node FROM {SERVICE}, PUBLIC"),
        (f"GRANT TRIGGER ON source TO {SERVICE}", "REVOKE TRIGGER ON source"),
        (f"GRANT DELETE ON head TO {SERVICE}", "REVOKE DELETE ON head"),
        (f"GRANT UPDATE ON alembic_version TO {SERVICE}", "REVOKE UPDATE ON alembic_version"),
        (f"REVOKE INSERT ON entry FROM {SERVICE}", f"GRANT INSERT ON entry TO {SERVICE}"),
    ],
)
def test_a_role_with_other_rights_is_refused_with_the_statement_to_run(
    at: PostgresPlace, grant: str, says: str
) -> None:
    with at.owner() as owner:
        owner.do(grant)

    with pytest.raises(UnsafeStore) as refused:
        AuditLog.open(at.where)

    assert f"run `{says}" in str(refused.value)
    create_store(url(at.database, OWNER), SERVICE)
    AuditLog.open(at.where).close()


def test_a_member_of_the_owner_is_refused(at: PostgresPlace) -> None:
    with superuser() as raw:
        raw.execute(f"CREATE ROLE zs_member LOGIN NOINHERIT IN ROLE {OWNER}")
    create_store(url(at.database, OWNER), "zs_member")

    with pytest.raises(UnsafeStore, match="may act as its owner"):
        AuditLog.open(url(at.database, "zs_member"))


def test_an_auditor_needs_no_more_than_to_read(at: PostgresPlace, log: AuditLog) -> None:
    log.append([record("a")])
    with at.owner() as owner:
        owner.do("CREATE ROLE zs_auditor LOGIN")
        owner.do("GRANT SELECT ON ALL TABLES IN SCHEMA public TO zs_auditor")

    report = verify_at(url(at.database, "zs_auditor"))

    assert (report.ok, report.size) == (True, 1)
    with at.owner() as owner:
        owner.do("REVOKE ALL ON ALL TABLES IN SCHEMA public FROM zs_auditor")


def test_a_stranger_is_told_what_rights_to_ask_for(at: PostgresPlace) -> None:
    with superuser() as raw:
        raw.execute("CREATE ROLE zs_stranger LOGIN")

    with pytest.raises(UnsafeStore, match=r"permission denied.*zhunsheng store create URL --service-role NAME"):
        AuditLog.open(url(at.database, "zs_stranger"))


def test_a_log_is_made_only_by_its_owner_for_a_role_that_is_there(at: PostgresPlace) -> None:
    with at.owner() as owner:
        owner.do("DROP SCHEMA public CASCADE")
        owner.do(f"CREATE SCHEMA public AUTHORIZATION {OWNER}")
        owner.do(f"GRANT USAGE ON SCHEMA public TO {SERVICE}")

    with pytest.raises(UnsafeStore, match="zhunsheng store create"):
        AuditLog.open(at.where)
    with pytest.raises(UnsafeStore, match="CREATE ROLE"):
        create_store(url(at.database, OWNER), "nobody")
    with pytest.raises(UnsafeStore, match="permission denied"):
        create_store(at.where, SERVICE)
    create_store(url(at.database, OWNER), SERVICE)
    create_store(url(at.database, OWNER), SERVICE)

    AuditLog.open(at.where).close()


# Settings


@pytest.mark.parametrize("name", ["fsync", "full_page_writes"])
def test_a_server_that_does_not_flush_takes_no_records(log: AuditLog, at: PostgresPlace, name: str) -> None:
    log.append([record("a")])

    with server_setting(name, "off"):
        with pytest.raises(UnsafeStore, match=f"`{name}` reads back as `off`"):
            AuditLog.open(at.where)
        with pytest.raises(UnsafeStore, match=f"`{name}` was switched to `off`"):
            log.append([record("b")])
        checked = check_store(at.where)

    assert [each.name for each in checked.settings if not each.ok] == [name]
    assert not checked.ok
    assert log.append([record("b")]) == (Appended(seq=1),)
    assert check_store(at.where).ok


def test_a_commit_waits_for_the_disk_whatever_the_role_was_given(at: PostgresPlace) -> None:
    with at.owner() as owner:
        owner.do(f"ALTER ROLE {SERVICE} IN DATABASE {at.database} SET synchronous_commit = off")

    with AuditLog.open(at.where) as log:
        log.append([record("a")])
        with log.database.transaction() as conn:
            read = {each.name: each.value for each in log.database.settings(conn)}

    assert read["synchronous_commit"] == "on"
    with psycopg.connect(at.where) as plain:
        assert plain.execute("SHOW synchronous_commit").fetchone() == ("off",)


def test_waiting_for_standbys_too_is_kept(at: PostgresPlace) -> None:
    with at.owner() as owner:
        owner.do(f"ALTER DATABASE {at.database} SET synchronous_commit = remote_apply")

    read = {each.name: each.value for each in check_store(at.where).settings}

    assert read["synchronous_commit"] == "remote_apply"


@pytest.mark.parametrize("name", [*postgres._NEEDED])
def test_a_setting_that_reads_back_wrong_is_refused(
    at: PostgresPlace, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setitem(postgres._NEEDED, name, (("otherwise",), "mend it"))

    with pytest.raises(UnsafeStore, match=f"`{name}` reads back as .* not `otherwise`; mend it"):
        AuditLog.open(at.where)


def test_a_server_too_old_is_refused(at: PostgresPlace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "OLDEST", 990_000)

    with pytest.raises(UnsafeStore, match="server_version_num"):
        AuditLog.open(at.where)


def test_a_database_of_another_encoding_is_refused() -> None:
    template()
    with superuser() as raw:
        raw.execute(f"CREATE DATABASE ascii OWNER {OWNER} TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE 'C'")

    with pytest.raises(UnsafeStore, match="server_encoding"):
        create_store(url("ascii", OWNER), SERVICE)


def test_a_table_that_a_crash_would_empty_is_refused(at: PostgresPlace) -> None:
    with at.owner() as owner:
        owner.do("ALTER TABLE checkpoint SET UNLOGGED")

    with pytest.raises(UnsafeStore, match="ALTER TABLE checkpoint SET LOGGED"):
        AuditLog.open(at.where)


def test_a_password_is_never_shown() -> None:
    for secret in ("postgresql://a:hunter2@host:5433/db", "postgres://a@host:5433/db?password=hunter2&sslmode=require"):
        assert name_of(secret) == "postgresql://a@host:5433/db"
    for secret in (
        "postgresql://a:hunter2@127.0.0.1:1/db",
        "postgresql://a:hunter2@[::1/db",
        "postgresql://a:hunter2@h:x/",
    ):
        shown = check_store(secret)
        assert not shown.ok
        assert "hunter2" not in repr(shown)


# Guards


@pytest.mark.parametrize(
    ("change", "guard"),
    [
        ("ALTER TABLE entry DISABLE TRIGGER entry_frozen", "entry.entry_frozen"),
        # Such a trigger does not fire for whoever says he replicates.
        ("ALTER TABLE entry ENABLE TRIGGER entry_frozen", "entry.entry_frozen"),
        ("DROP TRIGGER head_kept ON head", "head.head_kept"),
        (
            "CREATE OR REPLACE FUNCTION log_append_only() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN OLD; END'",
            "checkpoint.checkpoint_frozen",
        ),
        (
            "CREATE OR REPLACE TRIGGER entry_frozen BEFORE UPDATE OF id OR DELETE OR TRUNCATE ON entry "
            "FOR EACH STATEMENT EXECUTE FUNCTION log_append_only()",
            "entry.entry_frozen",
        ),
        (
            "CREATE TRIGGER more AFTER INSERT ON entry FOR EACH STATEMENT EXECUTE FUNCTION log_append_only()",
            "entry.more",
        ),
        ("CREATE RULE lost AS ON INSERT TO entry DO INSTEAD NOTHING", "rule lost"),
        ("ALTER TABLE entry ENABLE ROW LEVEL SECURITY", "row security on entry"),
        ("CREATE TABLE child () INHERITS (entry)", "table child"),
    ],
)
def test_a_guard_that_was_touched_is_named(at: PostgresPlace, change: str, guard: str) -> None:
    with at.owner() as owner:
        owner.do(change)

    with pytest.raises(UnsafeStore, match="append-only trigger"):
        AuditLog.open(at.where)

    assert any(guard in found.message_en for found in verify_at(at.where).findings if found.code == "guard_changed")


def test_a_table_cannot_be_emptied(log: AuditLog, at: PostgresPlace) -> None:
    log.append([record("a")])

    with at.owner() as owner:
        # A foreign key would refuse too, but another way: the guard stands first for the tables without one.
        for table in ("checkpoint", "node", "source", "idempotency", "head", "token", "alembic_version"):
            with pytest.raises(psycopg.IntegrityError, match="append-only"):
                owner.do(f"TRUNCATE {table}")
        with pytest.raises(psycopg.IntegrityError, match="append-only"):
            owner.do("TRUNCATE entry CASCADE")
        owner.do("SET session_replication_role = replica")
        with pytest.raises(psycopg.IntegrityError, match="append-only"):
            owner.do("DELETE FROM entry")


def test_a_row_hidden_from_its_index_is_found(log: AuditLog, at: PostgresPlace) -> None:
    log.append([record("a"), record("b")])
    with at.owner() as owner:
        owner.disarm()
        owner.do("UPDATE pg_index SET indisready = false, indisvalid = false WHERE indrelid = 'entry'::regclass")
    with at.owner() as owner:
        owner.do("SET session_replication_role = replica")
        owner.do("INSERT INTO entry VALUES (2, 'hidden', ?, ?)", b"", b"")
        owner.do("UPDATE pg_index SET indisready = true, indisvalid = true WHERE indrelid = 'entry'::regclass")
        owner.arm()

    report = verify_at(at.where)

    assert ("integrity", None) in codes(report)


def test_an_id_that_stands_twice_is_found_without_the_index(log: AuditLog, at: PostgresPlace) -> None:
    log.append([record(name) for name in "abcd"])
    with at.owner() as owner:
        owner.disarm()
        owner.do("ALTER TABLE entry DROP CONSTRAINT entry_id_key")
        owner.do("UPDATE entry SET id = 'b' WHERE seq = 3")
        owner.arm()

    assert ("duplicate_id", 3) in codes(verify_at(at.where))


def test_a_lost_table_is_damage_and_no_crash(log: AuditLog, at: PostgresPlace) -> None:
    log.append([record("a")])
    with at.owner() as owner:
        owner.do("DROP TABLE checkpoint")

    report = verify(log)

    assert "checkpoint_unreadable" in {found.code for found in report.findings}
    assert {found.code for found in verify_at(at.where).findings} == {"file_unusable"}
    with pytest.raises(UnsafeStore):
        log.append([record("b")])


# Connections, locks, crashes


def test_another_writer_that_hangs_makes_the_log_unavailable_and_not_for_ever(
    at: PostgresPlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(postgres._LIMITS, "lock_timeout", "50ms")
    with AuditLog.open(at.where) as log:
        with at.owner() as other:
            other.do("BEGIN")
            other.do("SELECT * FROM head FOR UPDATE")

            with pytest.raises(LogUnavailable, match="lock timeout"):
                log.append([record("a")])
            assert log.head().size == 0
            other.do("ROLLBACK")

        assert log.append([record("a")]) == (Appended(seq=0),)


def test_a_paused_writer_loses_its_turn_before_the_others_give_up(
    at: PostgresPlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(postgres._LIMITS, "idle_in_transaction_session_timeout", "100ms")
    with AuditLog.open(at.where) as paused, AuditLog.open(at.where) as other:

        def pause() -> None:
            with paused.database.transaction(writing=True) as conn:
                assert other.append([record("b")]) == (Appended(seq=0),)
                conn.exec_driver_sql("SELECT 1")

        with pytest.raises(LogUnavailable, match="idle-in-transaction"):
            pause()

        assert paused.append([record("a")]) == (Appended(seq=1),)
        assert verify(paused).ok


def test_a_dropped_connection_is_replaced(log: AuditLog, at: PostgresPlace) -> None:
    log.append([record("a")])
    with superuser() as raw:
        raw.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()",
            [at.database],
        )

    assert log.append([record("b")]) == (Appended(seq=1),)


def test_a_connection_dropped_in_the_middle_leaves_the_outcome_unknown_and_nothing_half_done(
    log: AuditLog, at: PostgresPlace
) -> None:
    def drop() -> None:
        with log.database.transaction(writing=True) as conn:
            conn.exec_driver_sql("INSERT INTO checkpoint VALUES (1, '')")
            pid = conn.exec_driver_sql("SELECT pg_backend_pid()").scalar()
            with superuser() as raw:
                raw.execute("SELECT pg_terminate_backend(%s)", [pid])

    with pytest.raises(LogUnavailable):
        drop()

    assert log.append([record("a")]) == (Appended(seq=0),)
    assert verify(log).ok


def test_more_threads_than_connections_wait_for_one(at: PostgresPlace) -> None:
    with AuditLog.open(at.where) as log, ThreadPoolExecutor(40) as pool:
        log.append([record("a")])
        assert set(pool.map(lambda _: log.head().size, range(200))) == {1}


def test_a_server_without_connections_left_is_unavailable(log: AuditLog, at: PostgresPlace) -> None:
    with at.owner() as owner:
        owner.do(f"ALTER DATABASE {at.database} CONNECTION LIMIT 0")

    with pytest.raises(LogUnavailable, match="too many connections"):
        AuditLog.open(at.where)


def test_damage_to_a_page_is_named(log: AuditLog, at: PostgresPlace) -> None:
    log.append([record(str(n), "x" * 500) for n in range(100)])
    with at.owner() as owner:
        owner.do("CHECKPOINT")
        ((path,),) = owner.rows("SELECT current_setting('data_directory') || '/' || pg_relation_filepath('entry')")
    log.close()
    _restart()
    with Path(path).open("r+b") as file:
        file.seek(2 * 8192 + 4000)
        file.write(b"\xff" * 8)

    with AuditLog.open(at.where) as again, pytest.raises(LogDamaged, match="invalid page"):
        list(again.entries())
    report = verify_at(at.where)

    lost = [found for found in report.findings if found.code == "record_unreadable"]
    assert lost
    assert lost[0].seq is not None
    assert 20 < lost[0].seq < 50


def _restart() -> None:
    pid = server().get_pid()
    assert pid is not None
    os.kill(pid, signal.SIGINT)
    start_again("it was stopped")


def test_a_killed_server_loses_no_acknowledged_record(at: PostgresPlace) -> None:
    chance = random.Random(20261123)  # noqa: S311 - which moments, not a secret
    acknowledged: dict[int, str] = {}

    for turn in range(2):
        children = [appender(at.where, f"turn{turn}-{number}", 10_000, padding=500) for number in range(2)]
        outs = [child.stdout for child in children]
        lines: list[str] = []
        for out in outs:
            assert out is not None
            lines += [out.readline() for _ in range(chance.randrange(3, 30))]
        pid = server().get_pid()
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        # A machine may keep the dead process's number for seconds, and the server would take it for alive.
        for name in ("postmaster.pid", ".s.PGSQL.5432.lock"):
            (server().pgdata / name).unlink()
        for child, out in zip(children, outs, strict=True):
            assert out is not None
            lines += out.readlines()
            out.close()
            assert child.wait() != 0
        acknowledged |= {int(line.split()[0]): line.split()[1] for line in lines if line.endswith("\n")}
        start_again("it was killed")

    with AuditLog.open(at.where) as log:
        kept = {entry.seq: entry.id for entry in log.entries()}
        assert acknowledged.items() <= kept.items()
        assert sorted(kept) == list(range(len(kept)))
        assert len(kept) - len(acknowledged) <= 2 * 2
        assert log.append([record("after")]) == (Appended(seq=len(kept)),)
        assert verify(log).ok


def _hammer(where: str, name: str, places: multiprocessing.Queue[list[int]]) -> None:
    with AuditLog.open(where) as log:
        got = [log.append([record(f"{name}-{n}-{k}") for k in range(1 + n % 3)]) for n in range(60)]
    places.put([place.seq for each in got for place in each])


def test_processes_that_hammer_one_log_get_each_position_once(at: PostgresPlace) -> None:
    spawn = multiprocessing.get_context("spawn")
    places: multiprocessing.Queue[list[int]] = spawn.Queue()
    workers = [spawn.Process(target=_hammer, args=(at.where, f"w{number}", places)) for number in range(2)]
    for worker in workers:
        worker.start()
    got = [seq for _ in workers for seq in places.get(timeout=120)]
    for worker in workers:
        worker.join()

    assert sorted(got) == list(range(240))
    assert verify_at(at.where).ok
