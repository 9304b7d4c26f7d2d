"""The proof card over HTTP: the same as the command line's, made once, and never in the penalty path."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from api.service import create_app
from api.settings import Settings
from cases import proofs
from cases.log.store import AuditLog
from engine import Rulebook
from engine.proof import Proof
from engine.prove import prove
from engine.rule import Rule
from tests.api.kit import called, question, small_law, small_rules


@pytest.fixture
def small(settings: Settings, log: AuditLog) -> TestClient:
    return TestClient(create_app(small_law(), log, settings, supervised=False), base_url="http://127.0.0.1")


def test_the_card_is_the_one_of_the_command_line(small: TestClient, tmp_path: Path) -> None:
    answer = small.get("/v1/violations/SZCG-003/proof")

    told = called("card", "SZCG-003", "--rules", str(small_rules(tmp_path / "rules")), "--json")
    assert answer.status_code == 200
    assert answer.json() == json.loads(told.stdout)


def test_a_violation_that_is_not_there_has_no_proof(small: TestClient) -> None:
    assert small.get("/v1/violations/SZCG-999/proof").status_code == 404


def test_it_is_made_once_and_only_when_asked_for(small: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []

    def proved(rulebook: Rulebook, rule: Rule) -> Proof:
        made.append(rule.code)
        return prove(rulebook, rule)

    monkeypatch.setattr(proofs, "prove", proved)
    small.post("/v1/decisions", json=question())
    assert made == []
    first, again = (small.get("/v1/violations/SZCG-013/proof") for _ in range(2))

    assert made == ["SZCG-013"]
    assert first.content == again.content
