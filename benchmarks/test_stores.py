"""Appending in groups of 256, beside what the store itself can do: the same rows, durable, without the log.

Read the ratio of the two in one run; the ceiling is one `executemany` of the driver in one commit, and in PostgreSQL a
second, higher one: one statement with an array for each column, as the log itself inserts.
"""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from cases.log.sqlite import _SETTINGS
from cases.log.store import AuditLog, NewEntry
from tests.log.places import STORES, PostgresPlace, place, superuser

GROUP = 256
DATA = b'{"id":"%s","pad":"' + b"x" * 850 + b'"}'
"""As long as a recorded decision."""


@contextmanager
def ceiling(
    store: str, folder: Path, *, arrays: bool = False
) -> Iterator[Callable[[list[tuple[int, str, bytes, bytes]]], None]]:
    """Insert rows like those of the log's table of records, all in one durable commit."""
    table = (
        "CREATE TABLE plain (seq BIGINT PRIMARY KEY, id TEXT NOT NULL UNIQUE, leaf {0} NOT NULL, bytes {0} NOT NULL)"
    )
    if store == "sqlite":
        with closing(sqlite3.connect(folder / "ceiling.db", isolation_level=None)) as raw:
            for name, (value, _) in _SETTINGS.items():
                raw.execute(f"PRAGMA {name}={value}").fetchall()
            raw.execute(table.format("BLOB"))

            def into_sqlite(rows: list[tuple[int, str, bytes, bytes]]) -> None:
                raw.execute("BEGIN IMMEDIATE")
                raw.executemany("INSERT INTO plain VALUES (?, ?, ?, ?)", rows)
                raw.execute("COMMIT")

            yield into_sqlite
        return
    made = PostgresPlace.new()
    with superuser(made.database) as conn:
        conn.execute(table.format("BYTEA"))

        def into_postgres(rows: list[tuple[int, str, bytes, bytes]]) -> None:
            with conn.transaction(), conn.cursor() as cursor:
                cursor.executemany("INSERT INTO plain VALUES (%s, %s, %s, %s)", rows)

        def by_arrays(rows: list[tuple[int, str, bytes, bytes]]) -> None:
            into = "INSERT INTO plain SELECT * FROM unnest(%b::bigint[], %b::text[], %b::bytea[], %b::bytea[])"
            with conn.transaction():
                conn.execute(into, list(map(list, zip(*rows, strict=True))))

        yield by_arrays if arrays else into_postgres
    made.drop()


def group(numbers: Iterator[int]) -> list[tuple[int, str, bytes]]:
    return [(n, f"{n:036d}", DATA % f"{n:036d}".encode()) for n in itertools.islice(numbers, GROUP)]


@pytest.mark.parametrize("store", STORES)
def test_ceiling_256_rows_in_one_durable_commit(benchmark: BenchmarkFixture, store: str, tmp_path: Path) -> None:
    numbers, leaf = itertools.count(), bytes(32)
    with ceiling(store, tmp_path) as insert:
        benchmark(lambda: insert([(n, name, leaf, data) for n, name, data in group(numbers)]))


def test_ceiling_256_rows_in_one_durable_commit_of_arrays(benchmark: BenchmarkFixture, tmp_path: Path) -> None:
    numbers, leaf = itertools.count(), bytes(32)
    with ceiling("postgresql", tmp_path, arrays=True) as insert:
        benchmark(lambda: insert([(n, name, leaf, data) for n, name, data in group(numbers)]))


@pytest.mark.parametrize("store", STORES)
def test_append_256_records_in_one_durable_commit(benchmark: BenchmarkFixture, store: str, tmp_path: Path) -> None:
    numbers, at = itertools.count(), place(store, tmp_path)
    with AuditLog.open(at.where) as log:
        places = benchmark(lambda: log.append([NewEntry(id=name, data=data) for _, name, data in group(numbers)]))

        assert len(places) == GROUP
        assert log.head().size % GROUP == 0
    if isinstance(at, PostgresPlace):
        at.drop()
