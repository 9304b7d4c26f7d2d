"""What recording costs, beside the floor below it: one bare durable insert of as many bytes, in the same run.

Named inputs: the second offence of SZCG-013 under the small law of the tests. Figures are indicative.
"""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from pytest_benchmark.fixture import BenchmarkFixture
from starlette.testclient import TestClient

from api.service import create_app
from api.settings import Settings
from cases.desk import Desk
from cases.log.audit import verify
from cases.log.sqlite import _SETTINGS
from cases.log.store import AuditLog, NewEntry
from cases.replay import replay
from engine import decide, to_wire
from tests.api.kit import COUNT, DAY, FIRST, RULES, ask, question, small_law

MANY = 500


@pytest.fixture
def log(tmp_path: Path) -> Iterator[AuditLog]:
    with AuditLog.open(tmp_path / "log.sqlite3") as opened:
        yield opened


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The bytes of one recorded decision."""
    with AuditLog.open(tmp_path_factory.mktemp("one") / "log.sqlite3") as log:
        Desk(small_law(), log).decide(ask(), door="benchmark")
        return log.read(FIRST).data


@pytest.fixture(scope="module")
def long_log(tmp_path_factory: pytest.TempPathFactory, record: bytes) -> Iterator[AuditLog]:
    """A log of many recorded decisions."""
    with AuditLog.open(tmp_path_factory.mktemp("many") / "log.sqlite3") as log:
        log.append([entry(number, record) for number in range(MANY)], small_law().sources)
        yield log


def entry(number: int, record: bytes) -> NewEntry:
    """One more record of the same size: only its id differs."""
    name = f"{number:036d}"
    at = record.index(b'"id":"') + len(b'"id":"')
    return NewEntry(id=name, data=record[:at] + name.encode() + record[at + len(name) :])


def test_floor_one_bare_durable_insert(benchmark: BenchmarkFixture, tmp_path: Path, record: bytes) -> None:
    with closing(sqlite3.connect(tmp_path / "floor.sqlite3", isolation_level=None)) as raw:
        for name, (value, _) in _SETTINGS.items():
            raw.execute(f"PRAGMA {name}={value}").fetchall()
        raw.execute("CREATE TABLE entry (seq INTEGER PRIMARY KEY, bytes BLOB NOT NULL)")

        def insert() -> None:
            raw.execute("BEGIN IMMEDIATE")
            raw.execute("INSERT INTO entry (bytes) VALUES (?)", (record,))
            raw.execute("COMMIT")

        benchmark(insert)


def test_append_one_record_in_one_durable_commit(benchmark: BenchmarkFixture, log: AuditLog, record: bytes) -> None:
    numbers = itertools.count()

    places = benchmark(lambda: log.append([entry(next(numbers), record)]))

    assert len(places) == 1


def test_append_64_records_in_one_durable_commit(benchmark: BenchmarkFixture, log: AuditLog, record: bytes) -> None:
    numbers = itertools.count()

    places = benchmark(lambda: log.append([entry(next(numbers), record) for _ in range(64)]))

    assert len(places) == 64


def test_floor_decide_alone(benchmark: BenchmarkFixture) -> None:
    rulebook = small_law().rulebook

    wire = benchmark(lambda: to_wire(decide(rulebook, "SZCG-013", DAY, {COUNT: 2})))

    assert wire["fine_fen"] == 10_000


def test_decide_and_record_at_the_desk(benchmark: BenchmarkFixture, log: AuditLog) -> None:
    desk = Desk(small_law(), log)
    desk.decide(ask(), door="benchmark")

    given = benchmark(lambda: desk.decide(ask(), door="benchmark"))

    assert given.answer["fine_fen"] == 10_000


def test_replay_500_records(benchmark: BenchmarkFixture, long_log: AuditLog) -> None:
    report = benchmark(lambda: replay(long_log))

    assert (report.replayed, report.ok) == (MANY, True)


def test_verify_500_records(benchmark: BenchmarkFixture, long_log: AuditLog) -> None:
    report = benchmark(lambda: verify(long_log))

    assert (report.size, report.ok) == (MANY, True)


def test_one_post_in_process(benchmark: BenchmarkFixture, log: AuditLog, tmp_path: Path) -> None:
    app = create_app(small_law(), log, Settings(rules=RULES, data=tmp_path), supervised=False)
    client = TestClient(app, base_url="http://127.0.0.1")
    client.post("/v1/decisions", json=question())

    answer = benchmark(lambda: client.post("/v1/decisions", json=question()))

    assert answer.status_code == 201
