"""What is SQLite's own: its file, its journal, its limits, its disk."""

from __future__ import annotations

import shutil
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from cases.errors import LogUnavailable, UnsafeStore
from cases.log import sqlite
from cases.log.audit import verify
from cases.log.store import Appended, AuditLog, digest_of
from tests.log.kit import keyed, record


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "folder" / "log.db"


@pytest.fixture
def log(path: Path) -> Iterator[AuditLog]:
    with AuditLog.open(path) as opened:
        yield opened


def test_a_new_file_is_for_its_owner_only(log: AuditLog, path: Path) -> None:
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_file_in_wal_mode_is_refused_and_left_as_it_is(path: Path) -> None:
    AuditLog.open(path).close()
    raw = sqlite3.connect(path)
    raw.execute("PRAGMA journal_mode=WAL")
    raw.close()

    with pytest.raises(UnsafeStore, match="`journal_mode` reads back as `wal`"):
        AuditLog.open(path)

    raw = sqlite3.connect(path)
    assert raw.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    raw.close()


def test_a_file_switched_to_wal_while_open_takes_no_more_records(log: AuditLog, path: Path) -> None:
    log.append([record("a")])
    raw = sqlite3.connect(path)
    raw.execute("PRAGMA journal_mode=WAL")

    with pytest.raises(UnsafeStore, match="`journal_mode` reads back as `wal`"):
        log.append([record("b")])

    raw.close()


@pytest.mark.parametrize("name", [*sqlite._SETTINGS])
def test_a_setting_that_reads_back_wrong_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setitem(sqlite._SETTINGS, name, (sqlite._SETTINGS[name][0], "otherwise"))

    with pytest.raises(UnsafeStore, match=f"`{name}` reads back as .* not `otherwise`"):
        AuditLog.open(path)


@pytest.mark.parametrize("value", ["OFF", "NORMAL", "FULL"])
def test_a_file_flushed_less_than_needed_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setitem(sqlite._SETTINGS, "synchronous", (value, 3))

    with pytest.raises(UnsafeStore, match="`synchronous` reads back as"):
        AuditLog.open(path)


def test_a_file_that_is_no_log_is_refused(tmp_path: Path) -> None:
    text, other = tmp_path / "text", tmp_path / "other.db"
    text.write_text("not a database at all " * 100)
    raw = sqlite3.connect(other)
    raw.execute("CREATE TABLE t (x)")
    raw.close()

    for path in (text, other):
        with pytest.raises(UnsafeStore):
            AuditLog.open(path)
    with pytest.raises(UnsafeStore, match="no such file"):
        AuditLog.open(tmp_path / "absent.db", read_only=True)
    assert not (tmp_path / "absent.db").exists()


def test_a_log_whose_file_was_replaced_takes_no_more_records(log: AuditLog, path: Path) -> None:
    shutil.copy(path, path.with_suffix(".copy"))
    path.with_suffix(".copy").replace(path)

    with pytest.raises(LogUnavailable, match="moved or replaced"):
        log.append([record("a")])


def test_a_locked_file_is_unavailable_and_works_again_afterwards(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sqlite._SETTINGS, "busy_timeout", ("20", 20))
    with AuditLog.open(path) as log:
        raw = sqlite3.connect(path, isolation_level=None)
        raw.execute("BEGIN EXCLUSIVE")

        with pytest.raises(LogUnavailable, match="locked"):
            log.append([record("a")])
        raw.close()

        assert log.append([record("a")]) == (Appended(seq=0),)


def fill(log: AuditLog) -> list[int]:
    """Append until the log refuses; the positions acknowledged before that."""
    kept: list[int] = []

    def until_refused() -> None:
        for number in range(1_000):
            kept.append(log.append([record(f"fill{number}", "x" * 5_000)])[0].seq)

    with pytest.raises(LogUnavailable, match="full"):
        until_refused()
    return kept


def check_after_full(log: AuditLog, kept: list[int]) -> None:
    assert kept == list(range(len(kept)))
    assert len(kept) > 3
    assert log.head().size == len(kept)
    assert verify(log).ok


def test_a_file_at_its_limit_loses_nothing_and_goes_on_when_there_is_space(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sqlite._SETTINGS, "max_page_count", ("80", 80))
    with AuditLog.open(path) as log:
        kept = fill(log)
        check_after_full(log, kept)
        monkeypatch.delitem(sqlite._SETTINGS, "max_page_count")

    with AuditLog.open(path) as log:
        assert log.append([record("after")]) == (Appended(seq=len(kept)),)
        assert verify(log).ok


def test_a_row_cannot_be_replaced(log: AuditLog, path: Path) -> None:
    log.append([keyed("a", "key", "f")], {digest_of(b"x"): b"x"})

    with closing(sqlite3.connect(path)) as raw:
        for table in ("entry", "checkpoint", "source", "idempotency"):
            with pytest.raises(sqlite3.IntegrityError, match="append-only"):
                raw.execute(f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}")  # noqa: S608 - our names


def test_using_a_log_loads_neither_alembic_nor_a_driver_of_another_database(log: AuditLog, path: Path) -> None:
    program = (
        "import sys; from cases.log.store import AuditLog, NewEntry; "
        "AuditLog.open(sys.argv[1]).append([NewEntry(id='a', data=b'{}')]); "
        "print([name for name in ('alembic', 'psycopg') if name in sys.modules])"
    )

    done = subprocess.run([sys.executable, "-c", program, str(path)], capture_output=True, text=True, check=True)

    assert done.stdout == "[]\n"
