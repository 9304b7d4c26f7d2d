"""POST /v1/decisions: one decision object, recorded before it is answered, once for each idempotency key."""

from __future__ import annotations

import json
import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from starlette.testclient import TestClient

from api.settings import Settings
from cases.log.store import AuditLog
from tests.api.kit import COUNT, FIRST, question, shipped_law, tamper

PATH = "/v1/decisions"
KEYS = {
    "id", "index", "outcome", "violation", "name", "on", "tier", "fine_fen", "currency", "measures", "refusal", "basis",
    "rule", "meaning", "trace",
}  # fmt: skip


def post(client: TestClient, body: object = None, key: str | None = None) -> Any:
    headers = {"Idempotency-Key": key} if key else {}
    return client.post(PATH, json=question() if body is None else body, headers=headers)


def test_the_second_offence_costs_a_hundred_yuan(client: TestClient) -> None:
    answer = post(client)

    decision = answer.json()
    assert answer.status_code == 201
    assert answer.headers["content-type"] == "application/json"
    assert {*decision} == KEYS
    assert (decision["outcome"], decision["violation"], decision["on"]) == ("decision", "SZCG-013", "2026-11-01")
    assert (decision["fine_fen"], decision["tier"], decision["refusal"]) == (10_000, "情节较重", None)
    assert decision["index"] == FIRST


def test_a_decision_names_its_measures_and_the_general_law_behind_them(client: TestClient) -> None:
    decision = post(client).json()

    assert decision["measures"] == [
        {"kind": "fine", "amount_fen": 10_000},
        {"kind": "order_to_correct", "basis": "《中华人民共和国行政处罚法》第二十八条第一款"},
    ]


def test_a_decision_names_its_law_and_the_bytes_of_its_rule(client: TestClient) -> None:
    decision = post(client).json()

    digest = shipped_law().rulebook.rules["SZCG-013"].digest
    assert decision["rule"] == {"regime": "SZCG", "version": "2023", "digest": digest}
    assert [{*basis} for basis in decision["basis"]] == [{"article", "quote"}]
    assert "第四十一条" in decision["basis"][0]["article"]


def test_a_decision_shows_every_step_with_its_place_in_the_rule_file(client: TestClient) -> None:
    trace = post(client).json()["trace"]

    tiers = [(step["name"], step["holds"]) for step in trace if step["step"] == "tier"]
    assert tiers == [("情节较轻", False), ("情节较重", True), ("情节严重", False)]
    assert all(re.fullmatch(r"[a-z0-9-]+/[A-Za-z0-9-]+\.yaml:\d+:\d+", step["at"]) for step in trace if "at" in step)
    assert trace[3]["reads"] == {COUNT: "2"}


def test_the_location_of_a_new_decision_gives_it_again(client: TestClient) -> None:
    answer = post(client)

    again = client.get(answer.headers["Location"])

    assert answer.headers["Location"] == f"/v1/decisions/{answer.json()['id']}"
    assert (again.status_code, again.json()) == (200, answer.json())


def test_a_decision_stands_in_the_log_when_it_is_answered(client: TestClient, log: AuditLog) -> None:
    decision = post(client, question(case_ref="2026-17")).json()

    entry = log.read(FIRST)
    record = json.loads(entry.data)
    assert entry.id == decision["id"]
    assert record["decision"] | {"id": entry.id, "index": FIRST} == decision
    assert (record["door"], record["asked"]) == ("http", question(case_ref="2026-17"))


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        pytest.param({"violation": "SZCG-999"}, "unknown_violation", "violation", id="unknown violation"),
        pytest.param({"facts": {}}, "missing_fact", COUNT, id="missing fact"),
        pytest.param({"facts": {COUNT: 2, "颜色": "红"}}, "unknown_fact", "颜色", id="unknown fact"),
        pytest.param({"facts": {COUNT: True}}, "wrong_kind", COUNT, id="wrong kind"),
        pytest.param({"facts": {COUNT: 100}}, "out_of_domain", COUNT, id="out of domain"),
        pytest.param({"on": "2023-12-14"}, "power_item_not_in_force", None, id="day before the power"),
        pytest.param({"on": "2028-12-15"}, "no_law_on_day", "on", id="day after the law"),
    ],
)
def test_a_refusal_is_an_answer_and_is_recorded(
    client: TestClient, log: AuditLog, changes: dict[str, Any], code: str, field: str | None
) -> None:
    answer = post(client, question(**changes))

    refusal = answer.json()
    assert answer.status_code == 201
    assert {*refusal} == KEYS
    assert (refusal["outcome"], refusal["fine_fen"], refusal["measures"]) == ("refusal", None, [])
    assert {*refusal["refusal"]} == {"code", "message", "field"}
    assert (refusal["refusal"]["code"], refusal["refusal"]["field"]) == (code, field)
    assert log.head().size == FIRST + 1


def test_a_defect_of_the_published_table_is_refused_by_its_name(client: TestClient) -> None:
    facts = {
        "拒不改正": True, "占地面积": "3.5", COUNT: 1, "威胁辱骂殴打工作人员": False, "扰乱正常工作秩序": False,
        "造成较大影响和严重后果": False,
    }  # fmt: skip

    refusal = post(client, question(violation="SZCG-003", facts=facts)).json()

    assert refusal["refusal"]["code"] == "missing_tier"


def test_the_fine_by_area_is_exact(client: TestClient) -> None:
    facts = {"拒不改正": True, "占地面积": "3.57", COUNT: 3}

    decision = post(client, question(violation="SZCG-003", facts=facts)).json()

    assert decision["fine_fen"] == 357_000


def test_days_may_be_given_instead_of_the_count(client: TestClient) -> None:
    decision = post(client, question(facts={"历次处罚日期": ["2025-11-01", "2025-10-31"]})).json()

    assert decision["fine_fen"] == 10_000


def test_the_same_key_and_question_give_the_recorded_answer_again(client: TestClient, log: AuditLog) -> None:
    first = post(client, key='"8e03978e"')

    again = post(client, key='"8e03978e"')

    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json()
    assert again.headers["Location"] == first.headers["Location"]
    assert log.head().size == FIRST + 1


def test_a_key_without_quotes_is_the_same_key(client: TestClient) -> None:
    first = post(client, key='"abc"')

    again = post(client, key="abc")

    assert (again.status_code, again.json()["id"]) == (200, first.json()["id"])


def test_the_same_key_with_the_facts_in_another_order_is_the_same_question(client: TestClient, log: AuditLog) -> None:
    facts = {"拒不改正": True, "占地面积": "3", COUNT: 3}
    post(client, question(violation="SZCG-003", facts=facts), key="k")

    again = post(client, question(violation="SZCG-003", facts=dict(reversed(facts.items()))), key="k")

    assert again.status_code == 200
    assert log.head().size == FIRST + 1


def test_the_same_key_with_another_question_is_refused(client: TestClient, log: AuditLog) -> None:
    post(client, key="k")

    answer = post(client, question(facts={COUNT: 3}), key="k")

    assert answer.status_code == 422
    assert answer.json()["type"] == "urn:zhunsheng:problem:idempotency_key_reused"
    assert "`k`" in answer.json()["detail"]
    assert log.head().size == FIRST + 1


def test_a_hundred_equal_posts_at_once_are_one_record(client: TestClient, log: AuditLog) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: post(client, key="k"), range(100)))

    assert sorted({answer.status_code for answer in answers}) == [200, 201]
    assert [answer.status_code for answer in answers].count(201) == 1
    assert len({json.dumps(answer.json(), sort_keys=True) for answer in answers}) == 1
    assert log.head().size == FIRST + 1


def test_equal_posts_without_a_key_are_records_of_their_own(client: TestClient, log: AuditLog) -> None:
    first, second = post(client).json(), post(client).json()

    assert first["id"] != second["id"]
    assert (first["index"], second["index"]) == (FIRST, FIRST + 1)
    assert log.head().size == FIRST + 2


def test_a_recorded_refusal_is_read_back_like_a_decision(client: TestClient) -> None:
    refusal = post(client, question(facts={})).json()

    assert client.get(f"{PATH}/{refusal['id']}").json() == refusal


def test_an_unknown_decision_is_not_found(client: TestClient) -> None:
    answer = client.get(f"{PATH}/0190-none")

    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"] == "there is no decision `0190-none`"


def test_a_retry_through_a_changed_row_is_no_answer(client: TestClient, log: AuditLog, settings: Settings) -> None:
    mine = post(client, key="mine").json()
    theirs = post(client, question(facts={COUNT: 1}), key="theirs").json()
    tamper(settings.log, ("UPDATE idempotency SET seq = ? WHERE key = 'mine'", (theirs["index"],)))

    retried, other = post(client, key="mine"), post(client, key="mine", body=question(facts={COUNT: 1}))

    for each in (retried, other):
        assert (each.status_code, each.json()["type"]) == (503, "urn:zhunsheng:problem:log_damaged")
        assert f"the log is damaged at record {theirs['index']}: it does not vouch for" in each.json()["detail"]
        assert mine["id"] not in each.text
        assert theirs["id"] not in each.text
    assert post(client, question(facts={COUNT: 1}), key="theirs").json()["id"] == theirs["id"]
    assert log.head().size == theirs["index"] + 1
