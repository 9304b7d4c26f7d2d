"""What can be read over HTTP: violations, power items, cards, health; and who may ask."""

from __future__ import annotations

import json
from typing import Any

import pytest
from starlette.testclient import TestClient

from api.problems import CASE_STATUS, problem_of
from api.service import create_app
from api.settings import Settings
from cases.errors import CaseError, LogUnavailable
from cases.log.store import AuditLog
from tests.api.kit import COUNT, FIRST, has_supervision, question, shipped_law


def read(client: TestClient, path: str, **query: Any) -> Any:
    answer = client.get(path, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def codes(found: dict[str, Any]) -> list[str]:
    return [each["violation"] for each in found["violations"]]


def test_all_violations_are_listed_in_order_of_code(client: TestClient) -> None:
    found = read(client, "/v1/violations", limit=1000)

    total = len(shipped_law().rulebook.rules)
    assert (found["total"], len(found["violations"])) == (total, total)
    assert codes(found) == sorted(codes(found))
    assert next(each for each in found["violations"] if each["violation"] == "SZCG-013") == {
        "violation": "SZCG-013",
        "name": "随地吐痰、便溺和乱吐、乱扔香口胶渣、瓜果皮核、纸屑、烟头或者其他垃圾",
        "category": "市容和环境卫生",
        "power_item": "SZCG-P-013",
        "regime": "SZCG",
    }


@pytest.mark.parametrize("words", ["SZCG-013", "szcg-013", "吐痰", "吐痰 烟头", "吐痰 市容"])
def test_violations_are_found_by_code_name_and_category(client: TestClient, words: str) -> None:
    found = codes(read(client, "/v1/violations", q=words))

    assert "SZCG-013" in found
    assert len(found) < 10


def test_violations_are_found_by_exactly_their_category(client: TestClient) -> None:
    rules = shipped_law().rulebook.rules.values()
    category = next(iter(rules)).category

    found = read(client, "/v1/violations", category=category)

    assert codes(found) == [rule.code for rule in rules if rule.category == category]
    assert read(client, "/v1/violations", category=category[:-1])["total"] == 0


def test_pages_of_violations_join_to_the_whole(client: TestClient) -> None:
    total = len(shipped_law().rulebook.rules)

    pages = [read(client, "/v1/violations", limit=50, offset=offset) for offset in range(0, total + 50, 50)]

    assert [len(page["violations"]) for page in pages[-2:]] == [total % 50, 0]
    assert {page["total"] for page in pages} == {total}
    assert [code for page in pages for code in codes(page)] == codes(read(client, "/v1/violations", limit=1000))


def test_a_violation_says_what_it_asks_as_json_schema(client: TestClient) -> None:
    found = read(client, "/v1/violations/SZCG-013")

    facts = found["facts"]
    assert facts["type"] == "object"
    assert {COUNT, "历次处罚日期"} <= {*facts["properties"]}
    assert (found["power_item"], found["in_force"]) == (
        "SZCG-P-013",
        {"first": "2023-12-15", "last": "2028-12-14"},
    )
    assert [tier["tier"] for tier in found["tiers"]] == ["情节较轻", "情节较重", "情节严重"]
    assert found["regime"]["number"] == "深城管规〔2023〕2号"
    assert found["digest"] == shipped_law().rulebook.rules["SZCG-013"].digest


def test_a_violation_shows_the_known_defects_of_its_table(client: TestClient) -> None:
    found = read(client, "/v1/violations/SZCG-003")

    assert [defect["kind"] for defect in found["defects"]] == ["missing_tier"]


def test_a_mistyped_code_is_answered_with_near_ones(client: TestClient) -> None:
    answer = client.get("/v1/violations/SZCG-13")

    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert "there is no violation `SZCG-13`; did you mean" in answer.json()["detail"]
    assert "`SZCG-013`" in answer.json()["detail"]


def test_a_code_like_no_other_is_answered_without_a_guess(client: TestClient) -> None:
    answer = client.get("/v1/violations/⚖")

    assert answer.status_code == 404
    assert answer.json()["detail"] == "there is no violation `⚖`"


def test_a_power_item_says_whose_power_it_is_and_since_when(client: TestClient) -> None:
    found = read(client, "/v1/power-items/SZCG-P-013")

    assert found == {
        "power_item": "SZCG-P-013",
        "name": "对随地吐痰、便溺和乱扔垃圾的处罚",
        "agency": "深圳市城市管理和综合执法局",
        "published": "2023-11-23",
        "in_force": {"first": "2023-12-15", "last": None},
    }


def test_a_power_that_is_not_listed_may_not_be_used(client: TestClient) -> None:
    answer = client.get("/v1/power-items/P-0")

    assert answer.status_code == 404
    assert answer.json()["detail"] == "there is no power item `P-0`, and a power that is not listed may not be used"


def test_before_any_watch_ran_there_are_no_cards(client: TestClient) -> None:
    assert read(client, "/v1/cards") == {"supervision": "off", "read": 0, "cards": []}


@pytest.mark.skipif(not has_supervision(), reason="durable-rules is not installed: it needs a C compiler, see README")
def test_the_cards_supervision_raised_are_listed(client: TestClient, log: AuditLog, settings: Settings) -> None:
    from cases.watch import Watch  # noqa: PLC0415 - durable-rules may be missing

    for count in (3, 1):
        client.post("/v1/decisions", json=question(facts={COUNT: count}, case_ref="案一"))
    Watch(log, settings.cards, shipped_law().rulebook).catch_up()

    found = read(client, "/v1/cards")

    (card,) = found["cards"]
    assert (found["read"], card["earlier"], card["index"]) == (FIRST + 2, FIRST, FIRST + 1)
    assert (card["level"], card["case_ref"], card["violation"]) == ("yellow", "案一", "SZCG-013")


def test_health_names_the_law_and_the_state_of_the_log(client: TestClient, log: AuditLog) -> None:
    client.post("/v1/decisions", json=question())

    found = read(client, "/healthz")

    assert (found["status"], found["violations"], found["log_size"]) == (
        "ok",
        len(shipped_law().rulebook.rules),
        FIRST + 1,
    )
    assert found["rulebook"] == shipped_law().rulebook.digest
    assert found["log_root"] == log.head().root.hex()


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:8000", "localhost:8000", "[::1]:8000", "127.9.9.9"])
def test_this_machine_may_ask(client: TestClient, host: str) -> None:
    assert client.get("/healthz", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example", "10.0.0.1", ""])
def test_a_name_of_another_machine_may_not_ask(client: TestClient, log: AuditLog, host: str) -> None:
    answer = client.post("/v1/decisions", json=question(), headers={"Host": host})

    assert answer.status_code == 421
    assert answer.json()["type"] == "urn:zhunsheng:problem:not_this_host"
    assert log.head().size == 0


@pytest.mark.parametrize("path", ["/v1/decisions", "/violations/SZCG-013"])
@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:81", "http://localhost"])
def test_a_page_of_another_origin_may_not_decide(client: TestClient, log: AuditLog, path: str, origin: str) -> None:
    answer = client.post(path, json=question(), headers={"Origin": origin})

    assert answer.status_code == 403
    assert answer.json()["type"] == "urn:zhunsheng:problem:foreign_origin"
    assert log.head().size == 0


def test_a_page_of_this_origin_may_decide(client: TestClient) -> None:
    answer = client.post("/v1/decisions", json=question(), headers={"Origin": "http://127.0.0.1"})

    assert answer.status_code == 201


@pytest.mark.parametrize("path", ["/", "/healthz", "/v1/none", "/static/style.css", "/violations/SZCG-013"])
def test_every_answer_forbids_script_framing_and_guessing_its_type(client: TestClient, path: str) -> None:
    headers = client.get(path).headers

    assert "default-src 'self'" in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert "access-control-allow-origin" not in headers


def leaves(error: type[CaseError]) -> list[type[CaseError]]:
    return [leaf for child in error.__subclasses__() for leaf in leaves(child)] or [error]


def test_every_leaf_of_the_room_of_records_has_a_status() -> None:
    assert {*leaves(CaseError)} == {*CASE_STATUS}


def test_a_log_that_is_not_available_asks_the_caller_to_come_again() -> None:
    answer = problem_of(LogUnavailable("disk full"))

    body = json.loads(bytes(answer.body))
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert body["type"] == "urn:zhunsheng:problem:log_unavailable"
    assert "retry with the same idempotency key" in body["detail"]


def test_health_says_whether_a_watch_runs_beside_the_service(log: AuditLog, settings: Settings) -> None:
    app = create_app(shipped_law(), log, settings, supervised=True)

    found = read(TestClient(app, base_url="http://127.0.0.1"), "/healthz")

    assert found["supervision"] == "on"


@pytest.mark.parametrize(
    "query", [{"code": "013"}, {"name": "吐痰"}, {"q": "szcg 痰"}, {"category": "市容和环境卫生", "name": "吐痰"}]
)
def test_violations_are_found_by_each_kind_of_word(client: TestClient, query: dict[str, str]) -> None:
    found = read(client, "/v1/violations", **query)

    assert "SZCG-013" in codes(found)
    assert found["total"] < 10
