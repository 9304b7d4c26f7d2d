"""One application over an empty log, asked in process from this machine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from api.service import create_app
from api.settings import Settings
from cases.log.store import AuditLog
from cases.log.vault import Vault
from tests.api.kit import RULES, shipped_law


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(rules=RULES, data=tmp_path)


@pytest.fixture
def log(settings: Settings) -> Iterator[AuditLog]:
    with AuditLog.open(settings.log) as opened:
        yield opened


@pytest.fixture
def client(settings: Settings, log: AuditLog) -> TestClient:
    app = create_app(shipped_law(), log, settings, supervised=False, vault=Vault.open(log, settings.keys))
    return TestClient(app, base_url="http://127.0.0.1")
