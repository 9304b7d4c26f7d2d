"""What leaves the doors says its currency: the object, the schema of its facts, the officer's page."""

from __future__ import annotations

from starlette.testclient import TestClient

FACTS = {"合約經費或工程面積": 500, "一年內告發次數": 1}
FORM = {"on": "2026-11-01"} | {f"f.{name}": str(value) for name, value in FACTS.items()}


def test_a_decision_says_the_currency_of_its_regime(client: TestClient) -> None:
    question = {"violation": "TWCF-001", "on": "2026-11-01", "facts": FACTS}

    decision = client.post("/v1/decisions", json=question).json()

    assert (decision["fine_fen"], decision["currency"]) == (600_000, "TWD")


def test_a_violation_says_the_currency_of_its_regime_and_of_its_amounts(client: TestClient) -> None:
    found = {code: client.get(f"/v1/violations/{code}").json() for code in ("TWCF-001", "SPAQ-001")}
    money = [each for each in found["SPAQ-001"]["facts"]["properties"].values() if each["x-kind"] == "money"]

    assert [each["regime"]["currency"] for each in found.values()] == ["TWD", "CNY"]
    assert {(each["x-unit"], each["x-currency"]) for each in money} == {("元", "CNY")}


def test_the_page_says_the_currency(client: TestClient) -> None:
    page = client.post("/violations/TWCF-001", data=FORM).text

    assert "罚款 <b>6000</b> 新台币元" in page
    assert "结果：罚款 6000 新台币元" in page


def test_what_would_have_changed_it_says_the_currency(client: TestClient) -> None:
    question = {"violation": "TWCF-001", "on": "2026-11-01", "facts": FACTS}
    decision = client.post("/v1/decisions", json=question).json()

    changes = client.get(f"/v1/decisions/{decision['id']}/why").json()["counterfactuals"]

    assert {each["currency"] for each in changes} == {"TWD"}
    assert any("9000 新台币元" in each["zh"] and "9000 New Taiwan dollars" in each["en"] for each in changes)


def test_a_case_in_two_currencies_is_refused_by_name(client: TestClient) -> None:
    acts = [
        {"act": "甲", "violation": "TWCF-001", "facts": FACTS},
        {"act": "乙", "violation": "SZCG-013", "facts": {"一年内次数": 1}},
    ]

    joint = client.post("/v1/cases", json={"on": "2026-11-01", "acts": acts}).json()

    assert (joint["outcome"], joint["currency"], joint["fine_fen"]) == ("refusal", None, None)
    assert joint["refusal"]["code"] == "several_currencies"
    assert [part["decision"]["currency"] for part in joint["parts"]] == ["CNY", "TWD"]
