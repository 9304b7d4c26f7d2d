"""The readings beside a decision: what can still matter before it, and what would have changed it after it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from api.service import create_app
from api.settings import Settings
from cases.desk import Desk
from cases.log.store import AuditLog
from tests.api.kit import COUNT, DAY, FIRST, ask, called, dearer_law, question, rewrite, small_law, small_rules

THREE_QUESTIONS = {"威胁辱骂殴打工作人员", "扰乱正常工作秩序", "造成较大影响和严重后果"}


def still(client: TestClient, code: str = "SZCG-003", *, status: int = 200, **query: Any) -> Any:
    facts = query.pop("facts", {})
    text = facts if isinstance(facts, str) else json.dumps(facts, ensure_ascii=False)
    answer = client.get(f"/v1/violations/{code}/next", params={"on": DAY.isoformat(), "facts": text, **query})
    assert answer.status_code == status, answer.text
    return answer.json()


def size(client: TestClient) -> int:
    return int(client.get("/healthz").json()["log_size"])


def recorded(client: TestClient, **changes: Any) -> str:
    answer = client.post("/v1/decisions", json=question(**changes))
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def why(client: TestClient, record_id: str, status: int = 200) -> Any:
    answer = client.get(f"/v1/decisions/{record_id}/why")
    assert answer.status_code == status, answer.text
    return answer.json()


# --- before: what can still matter


def test_only_facts_that_can_still_matter_are_asked_for_and_nothing_is_recorded(client: TestClient) -> None:
    first = still(client)
    then = still(client, facts={"拒不改正": True, "占地面积": "3.5"})
    done = still(client, facts={"拒不改正": True, "占地面积": "3.5", COUNT: 3})

    assert [each["name"] for each in first["ask"]] == ["拒不改正"]
    assert first["ask"][0]["schema"]["type"] == "boolean"
    assert {each["name"] for each in then["ask"]} == THREE_QUESTIONS | {COUNT}
    assert done == {"complete": True, "ask": [], "refusal": None}
    assert size(client) == 0


def test_no_amount_is_told_before_the_record(client: TestClient) -> None:
    answers = [still(client, "SZCG-013", facts={COUNT: count}) for count in (1, 2, 3)]

    assert answers == [{"complete": True, "ask": [], "refusal": None}] * 3


def test_what_is_wrong_with_a_fact_is_said(client: TestClient) -> None:
    refusal = still(client, "SZCG-013", facts={COUNT: 0})["refusal"]

    assert (refusal["code"], refusal["field"]) == ("out_of_domain", COUNT)


def test_an_unknown_violation_is_not_found(client: TestClient) -> None:
    assert still(client, "SZCG-999", status=404)["title"] == "not found"


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ({"facts": "[]"}, "/facts"),
        ({"facts": "{"}, "/facts"),
        ({"facts": '{"面积": 3.5}'}, "/facts/面积"),
        ({"facts": '{"a": 1, "a": 2}'}, ""),
        ({"on": "2026-13-01"}, "/on"),
        ({"decided": "0"}, "/decided"),
        ({"facts": " " * 20_001}, "/query/facts"),
    ],
)
def test_a_query_of_the_wrong_shape_is_said_by_its_place(
    client: TestClient, query: dict[str, str], pointer: str
) -> None:
    found = still(client, status=422, **query)

    assert [each["pointer"] for each in found["errors"]] == [pointer]


# --- after: what would have changed it


def test_a_recorded_decision_says_what_would_have_changed_it_in_both_languages(client: TestClient) -> None:
    found = why(client, recorded(client))

    assert [each["zh"] for each in found["counterfactuals"]] == [
        "若一年内次数为 1 次 → 罚款 50 元",
        "若一年内次数不低于 3 次 → 罚款 200 元",
    ]
    assert [each["en"] for each in found["counterfactuals"]] == [
        "if 一年内次数 were 1 times → fine 50 yuan",
        "if 一年内次数 were at least 3 times → fine 200 yuan",
    ]
    assert [each["zh"] for each in found["tiers"]] == [
        "“情节较轻”未适用：一年内次数 2 次，不是 1 次，差 1 次",
        "“情节严重”未适用：一年内次数 2 次，不到 3 次，差 1 次",
    ]
    assert found["gradual"] == []
    assert found["cut"] == []
    assert [each["fine_fen"] for each in found["counterfactuals"]] == [5_000, 20_000]


def test_reading_why_records_nothing_and_leaves_the_decision_object_as_it_is(client: TestClient) -> None:
    record_id = recorded(client)
    before = client.get(f"/v1/decisions/{record_id}").json()

    why(client, record_id)

    assert client.get(f"/v1/decisions/{record_id}").json() == before
    assert size(client) == FIRST + 1


def test_there_is_no_what_if_for_what_was_never_recorded_nor_for_a_refusal(client: TestClient) -> None:
    refused = recorded(client, facts={})

    assert why(client, "nothing", 404)["status"] == 404
    assert why(client, refused, 409)["type"] == "urn:zhunsheng:problem:no_counterfactual"


def test_a_record_is_read_under_the_rule_bytes_of_its_day(log: AuditLog, settings: Settings) -> None:
    record_id = Desk(dearer_law(), log).decide(ask(1), door="test").id
    later = TestClient(create_app(small_law(), log, settings, supervised=False), base_url="http://127.0.0.1")

    found = why(later, record_id)

    assert found["counterfactuals"][0]["zh"] == "若一年内次数为 2 次 → 罚款 120 元"


def test_a_record_that_comes_out_otherwise_is_not_explained(client: TestClient, settings: Settings) -> None:
    record_id = recorded(client)
    rewrite(settings.log, FIRST, lambda record: record["decision"].update(tier="情节严重"))

    assert "replay" in why(client, record_id, 409)["detail"]


# --- the other doors


def test_the_command_prints_what_would_have_changed_it_after_the_reasons(tmp_path: Path) -> None:
    folders = ("--rules", str(small_rules(tmp_path / "rules")), "--data", str(tmp_path))

    done = called("decide", "SZCG-013", "--on", "2026-11-01", "--fact", f"{COUNT}=2", "--why", *folders)
    english = called("decide", "SZCG-013", "--on", "2026-11-01", "--why", "--lang", "en", *folders)
    both = called("decide", "SZCG-013", "--on", "2026-11-01", "--why", "--json", *folders)

    lines = done.stdout.splitlines()
    start = lines.index("怎样会不同：")
    assert lines[start - 1] == "结果：罚款 100 元，责令改正"
    assert lines[-2] == "若一年内次数不低于 3 次 → 罚款 200 元"
    assert "this is a refusal" in english.stdout
    assert (both.returncode, both.stdout) == (2, "")


def test_the_page_of_a_decision_shows_it_folded_and_that_of_a_refusal_does_not(client: TestClient) -> None:
    decided, refused = recorded(client), recorded(client, facts={})

    pages = [client.get(f"/decisions/{each}").text for each in (decided, refused)]

    assert '<details class="why">' in pages[0]
    assert "若一年内次数为 1 次 → 罚款 50 元" in pages[0]
    assert "怎样会不同" not in pages[1]


def test_a_page_without_the_rules_of_its_day_is_shown_all_the_same(log: AuditLog, settings: Settings) -> None:
    record_id = Desk(dearer_law(), log).decide(ask(2), door="test").id
    rewrite(settings.log, FIRST, lambda record: record.update(rulebook="sha256:" + "0" * 64))
    later = TestClient(create_app(small_law(), log, settings, supervised=False), base_url="http://127.0.0.1")

    answer = later.get(f"/decisions/{record_id}")

    assert answer.status_code == 200
    assert "怎样会不同" not in answer.text


def test_a_form_that_comes_back_marks_what_is_still_needed(client: TestClient) -> None:
    typed = {"f.拒不改正": "是", "f.占地面积": "3.5", "on": "2026-11-01"}

    fresh, back = client.get("/violations/SZCG-003"), client.get("/violations/SZCG-003", params=typed)
    complete = client.get("/violations/SZCG-003", params=typed | {f"f.{COUNT}": "3"})

    assert (fresh.text.count("还须填写"), back.text.count("还须填写"), complete.text.count("还须填写")) == (0, 4, 0)
