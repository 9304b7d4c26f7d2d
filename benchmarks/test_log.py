"""What the log adds to its store: groups of 256 records, beside the same rows inserted without the log, in turn.

The ceiling is measured between the appends of the same run, so that a busy machine slows both; read the ratio. Aims:
0.5 of the ceiling on either store, and 10,000 records a second on SQLite.
"""

from __future__ import annotations

import itertools
import sqlite3
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from cases.log.sqlite import _SETTINGS
from cases.log.store import Appended, AuditLog, NewEntry
from tests.log.places import STORES, PostgresPlace, place, url

GROUP = 256
Row = tuple[int, str, bytes, bytes]
TABLE = "CREATE TABLE floor (seq BIGINT PRIMARY KEY, id {} NOT NULL UNIQUE, leaf_hash {} NOT NULL, bytes {} NOT NULL)"


def group(number: int, pad: int = 850) -> list[NewEntry]:
    """Records of about the size of a recorded decision."""
    ids = [f"{seq:036d}" for seq in range(number * GROUP, (number + 1) * GROUP)]
    return [NewEntry(id=id_, data=b'{"id":"%s","pad":"%s"}' % (id_.encode(), b"x" * pad)) for id_ in ids]


@contextmanager
def sqlite_floor(folder: Path) -> Iterator[Callable[[Sequence[Row]], None]]:
    """Insert rows in one durable commit, and nothing else."""
    with closing(sqlite3.connect(folder / "floor.sqlite3", isolation_level=None)) as raw:
        for name, (value, _) in _SETTINGS.items():
            raw.execute(f"PRAGMA {name}={value}").fetchall()
        raw.execute(TABLE.replace("BIGINT", "INTEGER").format("TEXT", "BLOB", "BLOB"))

        def insert(rows: Sequence[Row]) -> None:
            raw.execute("BEGIN IMMEDIATE")
            raw.executemany("INSERT INTO floor VALUES (?, ?, ?, ?)", rows)
            raw.execute("COMMIT")

        yield insert


@contextmanager
def postgres_floor(database: str) -> Iterator[Callable[[Sequence[Row]], None]]:
    """Insert rows in one durable commit, and nothing else."""
    with psycopg.connect(url(database, "postgres")) as raw:
        raw.execute(TABLE.format('TEXT COLLATE "C"', "BYTEA", "BYTEA"))
        raw.commit()

        def insert(rows: Sequence[Row]) -> None:
            raw.cursor().executemany("INSERT INTO floor VALUES (%s, %s, %s, %s)", rows)
            raw.commit()

        yield insert


@pytest.mark.parametrize("store", STORES)
def test_groups_of_256_beside_the_stores_own_ceiling(benchmark: BenchmarkFixture, tmp_path: Path, store: str) -> None:
    made = place(store, tmp_path)
    numbers = itertools.count()
    ceiling: list[float] = []
    floor = postgres_floor(made.database) if isinstance(made, PostgresPlace) else sqlite_floor(tmp_path)
    with AuditLog.open(made.where) as log, floor as insert:

        def next_group() -> tuple[tuple[list[NewEntry]], dict[str, object]]:
            number = next(numbers)
            entries = group(number)
            rows = [(number * GROUP + at, each.id, bytes(32), each.data) for at, each in enumerate(entries)]
            start = time.perf_counter()
            insert(rows)
            ceiling.append(time.perf_counter() - start)
            return (entries,), {}

        places = benchmark.pedantic(log.append, setup=next_group, rounds=100, warmup_rounds=3)  # type: ignore[no-untyped-call]

        assert [each.seq for each in places][-1] == log.head().size - 1
    if benchmark.stats is not None:
        taken = benchmark.stats.stats.median
        benchmark.extra_info["records_per_second"] = round(GROUP / taken)
        benchmark.extra_info["ceiling_per_second"] = round(GROUP / statistics.median(ceiling))
        benchmark.extra_info["ratio"] = round(statistics.median(ceiling) / taken, 2)
    if isinstance(made, PostgresPlace):
        made.drop()


@pytest.mark.long
def test_a_log_of_a_million_records_takes_the_next_one_within_five_seconds(
    benchmark: BenchmarkFixture, tmp_path: Path
) -> None:
    path, many = tmp_path / "log.sqlite3", 1_000_000
    with AuditLog.open(path) as log:
        for start in range(0, many, 20_000):
            ids = [f"{seq:036d}" for seq in range(start, start + 20_000)]
            log.append([NewEntry(id=id_, data=b'{"id":"%s"}' % id_.encode()) for id_ in ids])

    def open_and_append() -> Appended:
        with AuditLog.open(path) as log:
            (place,) = log.append([NewEntry(id="one more", data=b'{"id":"one more"}')])
        assert isinstance(place, Appended)
        return place

    began = time.perf_counter()
    given = benchmark.pedantic(open_and_append, rounds=1)  # type: ignore[no-untyped-call]

    assert given.seq == many
    assert time.perf_counter() - began < 5
