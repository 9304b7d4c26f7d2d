"""A service whose store would not keep what is acknowledged does not start, and says what to do."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from cases.log.store import AuditLog
from tests.api.kit import small_rules, zhunsheng
from tests.log.places import PostgresPlace, server_setting


@pytest.fixture(scope="module")
def rules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_rules(tmp_path_factory.mktemp("rules"))


@pytest.fixture
def at() -> Iterator[PostgresPlace]:
    made = PostgresPlace.new()
    yield made
    made.drop()


def refusal(rules: Path, data: Path, **env: str) -> str:
    """What the service says instead of starting."""
    done = zhunsheng("serve", "--port", "0", "--rules", str(rules), "--data", str(data), env=env)

    assert done.returncode not in (0, -9)
    assert "Traceback" not in done.stderr
    return done.stderr


def test_a_service_on_a_file_in_wal_mode_does_not_start(rules: Path, tmp_path: Path) -> None:
    AuditLog.open(tmp_path / "log.sqlite3").close()
    with closing(sqlite3.connect(tmp_path / "log.sqlite3")) as raw:
        raw.execute("PRAGMA journal_mode=WAL")

    assert "journal_mode" in refusal(rules, tmp_path)


@pytest.mark.parametrize("name", ["fsync", "full_page_writes"])
def test_a_service_on_a_server_that_does_not_flush_does_not_start(
    rules: Path, tmp_path: Path, at: PostgresPlace, name: str
) -> None:
    with server_setting(name, "off"):
        said = refusal(rules, tmp_path, ZHUNSHENG_STORE=at.where)

    assert name in said
