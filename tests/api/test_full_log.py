"""A log that cannot take a record gives no decision, loses none, and goes on when there is room."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from httpx2 import Response
from starlette.testclient import TestClient

from api.service import create_app
from api.settings import Settings
from cases.log import sqlite
from cases.log.audit import verify
from cases.log.store import AuditLog
from tests.api.kit import FIRST, RULES, pages_in_use, question, small_law, tamper


def client_of(log: AuditLog, settings: Settings) -> TestClient:
    return TestClient(create_app(small_law(), log, settings, supervised=False), base_url="http://127.0.0.1")


def test_a_full_log_is_503_and_the_same_key_is_decided_once_there_is_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(rules=RULES, data=tmp_path)
    with AuditLog.open(settings.log) as log:
        client_of(log, settings).post("/v1/decisions", json=question())
    limit = pages_in_use(settings.log) + 6
    monkeypatch.setitem(sqlite._SETTINGS, "max_page_count", (str(limit), limit))
    with AuditLog.open(settings.log) as log:
        client = client_of(log, settings)
        answers: list[Response] = []

        while not answers or answers[-1].status_code == 201:
            assert len(answers) < 50
            answers.append(
                client.post("/v1/decisions", json=question(), headers={"Idempotency-Key": f"k{len(answers)}"})
            )

        refused = answers.pop()
        assert (refused.status_code, refused.headers["Retry-After"]) == (503, "5")
        assert refused.headers["content-type"] == "application/problem+json"
        assert refused.json()["type"] == "urn:zhunsheng:problem:log_unavailable"
        assert "fine_fen" not in refused.text
        assert client.get("/healthz").json()["log_size"] == FIRST + len(answers) + 1
        assert [client.get(each.headers["Location"]).json() for each in answers] == [each.json() for each in answers]
    monkeypatch.delitem(sqlite._SETTINGS, "max_page_count")

    with AuditLog.open(settings.log) as log:
        headers = {"Idempotency-Key": f"k{len(answers)}"}
        again = client_of(log, settings).post("/v1/decisions", json=question(), headers=headers)

        assert (again.status_code, again.json()["index"]) == (201, FIRST + len(answers) + 1)
        assert verify(log).ok


def test_the_page_of_a_full_log_gives_no_fine_and_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(rules=RULES, data=tmp_path)
    AuditLog.open(settings.log).close()
    limit = pages_in_use(settings.log)
    monkeypatch.setitem(sqlite._SETTINGS, "max_page_count", (str(limit), limit))

    with AuditLog.open(settings.log) as log:
        form = {"on": "2026-11-01", "f.一年内次数": "2"}
        answer = client_of(log, settings).post("/violations/SZCG-013", data=form, headers={"Accept": "text/html"})

    assert answer.status_code == 503
    assert "现在不能作出决定" in answer.text
    assert "100" not in answer.text


def test_a_damaged_log_is_503_and_takes_no_record(tmp_path: Path) -> None:
    settings = Settings(rules=RULES, data=tmp_path)
    with AuditLog.open(settings.log) as log:
        client = client_of(log, settings)
        client.post("/v1/decisions", json=question())
        tamper(settings.log, ("UPDATE head SET root = zeroblob(32)", ()))

        answer = client.post("/v1/decisions", json=question())

    assert answer.status_code == 503
    assert json.loads(answer.content)["type"] == "urn:zhunsheng:problem:log_damaged"
    with AuditLog.open(settings.log, read_only=True) as log:
        assert log.head().size == FIRST + 1
