"""The store keeps what it acknowledged: positions, keys, threads, processes, kills; the same on every database."""

from __future__ import annotations

import os
import pickle
import random
import signal
import sqlite3
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from cases.errors import (
    CaseError,
    KeyReused,
    LogDamaged,
    LogUnavailable,
    RecordMissing,
    RecordTooLarge,
    SourceMissing,
    UnsafeStore,
)
from cases.log.audit import verify, verify_at
from cases.log.schema import FROZEN, LAYOUT, TABLES
from cases.log.store import Appended, AuditLog, KeySeen, NewEntry, digest_of
from tests.log.kit import appender, keyed, record
from tests.log.places import Place, tamper

REFUSED = (sqlite3.IntegrityError, psycopg.IntegrityError)


def test_an_appended_record_is_read_back_by_position_and_by_id(log: AuditLog) -> None:
    places = log.append([record("a"), record("b")])

    assert places == (Appended(seq=0), Appended(seq=1))
    assert log.read(1).data == b'{"id":"b","pad":""}'
    assert log.find("b") == log.read(1)
    assert log.find("c") is None
    assert [point.size for point in log.checkpoints()] == [2]


def test_records_are_streamed_across_pages_in_order(log: AuditLog) -> None:
    log.append([record(str(n)) for n in range(600)])

    assert [entry.seq for entry in log.entries()] == list(range(600))
    assert [entry.seq for entry in log.entries(250, 520)] == list(range(250, 520))


def test_a_reopened_log_goes_on_where_it_ended(at: Place) -> None:
    with AuditLog.open(at.where) as log:
        log.append([record("a"), record("b"), record("c")])

    with AuditLog.open(at.where) as log:
        places = log.append([record("d")])

        assert places == (Appended(seq=3),)
        assert verify(log).ok


def test_eight_threads_get_positions_without_gaps(log: AuditLog) -> None:
    def work(name: int) -> list[int]:
        return [log.append([record(f"{name}-{number}")])[0].seq for number in range(15)]

    with ThreadPoolExecutor(8) as pool:
        given = [seq for seqs in pool.map(work, range(8)) for seq in seqs]

    assert sorted(given) == list(range(120))
    assert verify(log).ok


def test_four_processes_get_positions_without_gaps(at: Place) -> None:
    children = [appender(at.where, f"child{number}", 25) for number in range(4)]

    said = [child.communicate(timeout=300)[0] for child in children]

    assert [child.returncode for child in children] == [0, 0, 0, 0]
    acknowledged = dict(line.split() for text in said for line in text.splitlines())
    with AuditLog.open(at.where, read_only=True) as log:
        assert {str(entry.seq): entry.id for entry in log.entries()} == acknowledged
        assert sorted(map(int, acknowledged)) == list(range(100))
        assert verify(log).ok


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_forked_child_may_go_on_appending(log: AuditLog) -> None:
    log.append([record("parent")])

    child = os.fork()
    if child == 0:  # pragma: no cover - runs in the child
        status = 1
        try:
            status = 0 if log.append([record("child")]) == (Appended(seq=1),) else 2
        finally:
            os._exit(status)
    _, status = os.waitpid(child, 0)
    places = log.append([record("parent again")])

    assert status == 0
    assert places == (Appended(seq=2),)
    assert verify(log).ok


def test_a_layout_of_another_version_is_refused(at: Place) -> None:
    AuditLog.open(at.where).close()
    tamper(at, "UPDATE alembic_version SET version_num = '99'")

    with pytest.raises(UnsafeStore, match="version `99`"):
        AuditLog.open(at.where, read_only=True)


def test_a_log_without_its_triggers_takes_no_records_but_can_be_read(at: Place) -> None:
    AuditLog.open(at.where).close()
    tamper(at)

    with pytest.raises(UnsafeStore, match="trigger"):
        AuditLog.open(at.where)
    AuditLog.open(at.where, read_only=True).close()


def test_a_log_opened_for_reading_takes_no_records(log: AuditLog, at: Place) -> None:
    with AuditLog.open(at.where, read_only=True) as reader, pytest.raises(OSError, match="reading only"):
        reader.append([record("a")])


def test_a_key_seen_again_gives_the_earlier_position_and_appends_nothing(log: AuditLog) -> None:
    first = log.append([record("x"), keyed("a", "key", "f")])
    again = log.append([keyed("b", "key", "f"), record("y")])

    assert first[1] == Appended(seq=1)
    assert again == (KeySeen(seq=1), Appended(seq=2))
    assert log.known("key") == (1, "f")
    assert log.known("other") is None
    assert log.find("b") is None


def test_a_key_twice_in_one_call_is_one_record(log: AuditLog) -> None:
    places = log.append([keyed("a", "key", "f"), keyed("b", "key", "f"), keyed("c", "other", "f")])

    assert places == (Appended(seq=0), KeySeen(seq=0), Appended(seq=1))


def test_a_key_with_other_content_is_refused_and_nothing_of_the_call_is_written(log: AuditLog) -> None:
    log.append([keyed("a", "key", "f")])

    with pytest.raises(KeyReused, match="`key`") as refused:
        log.append([record("x"), keyed("b", "key", "g")])

    assert refused.value.seq == 0
    assert log.head().size == 1


def test_a_hundred_equal_requests_at_once_are_one_record(log: AuditLog) -> None:
    with ThreadPoolExecutor(8) as pool:
        places = list(pool.map(lambda n: log.append([keyed(f"id{n}", "key", "f")])[0], range(100)))

    assert sum(isinstance(place, Appended) for place in places) == 1
    assert {place.seq for place in places} == {0}
    assert log.head().size == 1


def test_a_record_too_large_is_refused_before_anything_is_written(log: AuditLog) -> None:
    largest = NewEntry(id="largest", data=b"x" * 65_535)

    with pytest.raises(RecordTooLarge, match="65536 bytes"):
        log.append([record("a"), NewEntry(id="b", data=b"x" * 65_536)])
    places = log.append([largest])

    assert places == (Appended(seq=0),)
    assert log.read(0).data == largest.data


def test_a_position_beyond_the_end_is_missing(log: AuditLog) -> None:
    log.append([record("a")])

    for seq in (1, -1, 2**80):
        with pytest.raises(RecordMissing):
            log.read(seq)


def test_rule_bytes_are_kept_once_under_their_digest(log: AuditLog) -> None:
    data = "规则".encode()
    log.append([record("a")], {digest_of(data): data})
    log.append([record("b")], {digest_of(data): data})

    assert log.source(digest_of(data)) == data
    assert list(log.sources()) == [(digest_of(data), data)]
    with pytest.raises(SourceMissing):
        log.source(digest_of(b""))


def test_bugs_of_the_caller_stay_loud(log: AuditLog) -> None:
    log.append([record("a")])

    with pytest.raises(ValueError, match="another digest"):
        log.append([record("b")], {"sha256:00": b""})
    with pytest.raises(ValueError, match="already in the log"):
        log.append([record("a")])
    with pytest.raises(ValueError, match="same id"):
        log.append([record("c"), record("c")])
    assert log.head().size == 1


@pytest.mark.parametrize("table", [table.name for table in FROZEN] + [LAYOUT.name])
def test_the_triggers_refuse_to_change_or_delete_a_row(at: Place, table: str) -> None:
    with AuditLog.open(at.where) as log:
        log.append([keyed("a", "key", "f"), *map(record, map(str, range(256)))], {digest_of(b"x"): b"x"})
        log.append([record("b")])

    with at.owner() as owner:
        owner.do("INSERT INTO signed VALUES (1, ?)", b"")
        owner.do("INSERT INTO cosignature VALUES (1, 'w', ?)", b"")
        owner.do("INSERT INTO token VALUES (1, 'd', ?)", b"")
        assert owner.rows(f"SELECT count(*) FROM {table}") != [(0,)]  # noqa: S608 - our names
        column = "version_num" if table == LAYOUT.name else next(iter(TABLES.tables[table].columns)).name

        for change in (f"UPDATE {table} SET {column} = {column}", f"DELETE FROM {table}"):  # noqa: S608 - our names
            with pytest.raises(REFUSED, match="append-only"):
                owner.do(change)


def test_the_head_can_neither_shrink_nor_go(log: AuditLog, at: Place) -> None:
    log.append([record("a")])

    with at.owner() as owner:
        for change in ("UPDATE head SET size = 0", "UPDATE head SET size = size", "DELETE FROM head"):
            with pytest.raises(REFUSED, match="append-only"):
                owner.do(change)


def test_the_layout_only_goes_forward(log: AuditLog, at: Place) -> None:
    with at.owner() as owner, pytest.raises(REFUSED, match="append-only"):
        owner.do("UPDATE alembic_version SET version_num = '0001'")


def test_a_place_with_other_tables_is_no_log(at: Place) -> None:
    AuditLog.open(at.where).close()
    with at.owner() as owner:
        for table in ("vault", "vault_key", "alembic_version"):
            owner.do(f"DROP TABLE {table}")

    for read_only in (False, True):
        with pytest.raises(UnsafeStore, match="not a log"):
            AuditLog.open(at.where, read_only=read_only)


def test_a_head_that_contradicts_itself_takes_no_more_records(log: AuditLog, at: Place) -> None:
    log.append([record("a")])
    tamper(at, ("UPDATE head SET root = ?", bytes(32)))

    with pytest.raises(LogDamaged, match="contradicts itself"):
        log.append([record("b")])


def test_rule_bytes_that_were_changed_are_not_given_out(log: AuditLog, at: Place) -> None:
    log.append([record("a")], {digest_of(b"x"): b"x"})
    tamper(at, ("UPDATE source SET bytes = ?", b"y"))

    with pytest.raises(LogDamaged, match="another digest"):
        log.source(digest_of(b"x"))


def test_a_closed_log_cannot_be_used(at: Place) -> None:
    log = AuditLog.open(at.where)
    log.close()

    with pytest.raises(ValueError, match="closed"):
        log.head()


def test_killed_at_any_moment_it_keeps_every_acknowledged_record(at: Place) -> None:
    chance = random.Random(20250101)  # noqa: S311 - which moments, not a secret
    acknowledged: dict[int, str] = {}

    for turn in range(6):
        child = appender(at.where, f"turn{turn}", 10_000, padding=chance.choice([0, 3_000, 30_000]))
        assert child.stdout is not None
        lines = [child.stdout.readline() for _ in range(chance.randrange(1, 40))]
        child.send_signal(signal.SIGKILL)
        lines += child.stdout.readlines()
        child.stdout.close()
        child.wait()
        acknowledged |= {int(line.split()[0]): line.split()[1] for line in lines if line.endswith("\n")}

    with AuditLog.open(at.where, read_only=True) as log:
        kept = {entry.seq: entry.id for entry in log.entries()}
    assert acknowledged.items() <= kept.items()
    assert sorted(kept) == list(range(len(kept)))
    assert verify_at(at.where).ok


def test_every_refusal_of_the_log_has_a_code_of_its_own_and_one_sentence() -> None:
    every = [
        LogUnavailable("disk full"),
        UnsafeStore("p", "it is odd", "mend it"),
        KeyReused("k", 1),
        RecordTooLarge("a", 70_000),
        RecordMissing(3, 2),
        SourceMissing("sha256:0"),
        LogDamaged("it is torn", 4),
    ]

    assert {type(error) for error in every} <= set(CaseError.__subclasses__())
    assert len({leaf.code for leaf in CaseError.__subclasses__()}) == len(CaseError.__subclasses__())
    assert [str(pickle.loads(pickle.dumps(error))) for error in every] == [str(error) for error in every]  # noqa: S301 - our own
    assert not any("\n" in str(error) or str(error).endswith(".") for error in every)
