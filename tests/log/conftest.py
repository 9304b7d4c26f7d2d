"""An empty log on each store."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cases.log.store import AuditLog
from tests.log.places import STORES, Place, PostgresPlace, place


@pytest.fixture(params=STORES)
def at(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    made = place(request.param, tmp_path)
    yield made
    if isinstance(made, PostgresPlace):
        made.drop()


@pytest.fixture
def log(at: Place) -> Iterator[AuditLog]:
    with AuditLog.open(at.where) as opened:
        yield opened
