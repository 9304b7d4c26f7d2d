"""The doors beside a case decided together: what they take, what they answer, and what a case is read with later."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from cases.log.audit import verify
from cases.log.store import AuditLog
from cases.replay import replay
from tests.api.kit import COUNT, FIRST, question

EVIDENCE = "sha256:" + "0" * 64
TWO = {"by": "4403-1", "approved_by": "4403-2"}
WHY = {"reason": "次数录错", "by": "4403-1"}
FINE: dict[str, Any] = {
    "act": "甲", "imposed_fine_fen": 15_000, "reasons": ["家庭困难"], "evidence": [EVIDENCE], **TWO,
}  # fmt: skip
SPIT = {"act": "甲", "violation": "SZCG-013", "facts": {COUNT: 3}}
STALL = {"act": "甲", "violation": "SZCG-003", "facts": {"拒不改正": True, "占地面积": "0.1", COUNT: 3}}
CASE: dict[str, Any] = {"on": "2026-11-01", "acts": [SPIT, STALL, {**SPIT, "act": "乙"}], "case_ref": "2026-1"}


def decided(client: TestClient, path: str = "/v1/cases", **changes: Any) -> dict[str, Any]:
    answer = client.post(path, json=CASE | changes)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_a_case_is_tried_out_and_says_so_wherever_it_is_read(client: TestClient, log: AuditLog) -> None:
    headers = {"Idempotency-Key": '"k"'}
    first, again = (client.post("/v1/case-trials", json=CASE, headers=headers) for _ in range(2))

    assert [each.status_code for each in (first, again)] == [201, 200]
    assert (first.json(), first.json()["trial"]) == (again.json(), True)
    place = first.headers["location"]
    assert place == f"/v1/cases/{first.json()['id']}"
    assert client.get(place).json() == first.json()
    assert client.post("/v1/cases", json=CASE, headers=headers).status_code == 422
    assert json.loads(log.read(FIRST).data)["kind"] == "joint_trial"
    for step, body in (("corrections", {**WHY, "on": "2026-11-02"}), ("departures", FINE)):
        answer = client.post(f"{place}/{step}", json=body)
        assert (answer.status_code, answer.json()["reason"]) == (409, "not_a_decision")
    assert log.head().size == FIRST + 1


def test_a_corrected_case_shows_by_what_and_is_otherwise_unchanged(client: TestClient, log: AuditLog) -> None:
    first = decided(client)
    place = f"/v1/cases/{first['id']}"
    body = WHY | {"acts": [{**SPIT, "facts": {COUNT: 1}}]}

    answer = client.post(f"{place}/corrections", json=body)

    again = answer.json()
    assert (answer.status_code, again["fine_fen"]) == (201, 5_000)
    assert (again["corrects"], again["reason"], again["by"]) == (
        {"id": first["id"], "index": first["index"]}, "次数录错", "4403-1",
    )  # fmt: skip
    assert json.loads(log.read(again["index"]).data)["asked"] == {
        "on": "2026-11-01", "acts": body["acts"], "case_ref": "2026-1",
    }  # fmt: skip
    assert client.get(place).json() == {**first, "corrected_by": again["id"]}
    assert answer.headers["location"] == f"/v1/cases/{again['id']}"
    assert client.get(answer.headers["location"]).json() == again
    repeated = client.post(f"{place}/corrections", json=body)
    assert (repeated.status_code, repeated.json()) == (200, again)
    for change, reason in (({"acts": [STALL]}, "corrected_already"), ({"acts": None}, "nothing_corrected")):
        refused = client.post(f"{place}/corrections", json=body | change)
        assert (refused.status_code, refused.json()["reason"]) == (409, reason)
    later = client.post(f"{answer.headers['location']}/corrections", json=WHY | {"on": "2026-11-02"}).json()
    assert (later["on"], later["fine_fen"]) == ("2026-11-02", 5_000)
    assert replay(log).ok
    assert verify(log).ok


def test_a_departure_from_the_fine_of_an_act_stands_beside_the_case(client: TestClient, log: AuditLog) -> None:
    first = decided(client)
    place = f"/v1/cases/{first['id']}"

    for change, status, reason in (
        ({"imposed_fine_fen": 4_900}, 409, "outside_range"),
        ({"imposed_fine_fen": 9_900}, 409, "below_fallen_fine"),
        ({"imposed_fine_fen": 20_000}, 409, "same_fine"),
        ({"act": "丙"}, 409, "no_such_act"),
        ({"approved_by": "4403-1"}, 409, "same_person"),
        ({"act": ""}, 422, None),
        ({"act": None}, 422, None),
        ({"evidence": []}, 422, None),
    ):
        answer = client.post(f"{place}/departures", json=FINE | change)
        assert (answer.status_code, answer.json().get("reason")) == (status, reason)
    one, other = (
        client.post(f"{place}/departures", json=FINE),
        client.post(f"{place}/departures", json=FINE | {"act": "乙"}),
    )

    told = one.json()
    assert (one.status_code, told["computed_fine_fen"], told["act"], told["violation"]) == (
        201,
        20_000,
        "甲",
        "SZCG-013",
    )
    assert json.loads(log.read(told["index"]).data)["about"] == {
        k: v for k, v in told.items() if k not in {"id", "index"}
    }
    departures = [{"act": "乙", "id": other.json()["id"]}, {"act": "甲", "id": told["id"]}]
    assert client.get(place).json() == {**first, "departures": departures}
    assert client.post(f"{place}/departures", json=FINE).json() == told
    again = client.post(f"{place}/departures", json=FINE | {"imposed_fine_fen": 16_000})
    assert (again.status_code, again.json()["reason"]) == (409, "departed_already")
    assert replay(log).ok


def test_a_decision_and_a_case_are_stepped_on_each_at_its_own_door(client: TestClient) -> None:
    case, single = decided(client)["id"], client.post("/v1/decisions", json=question()).json()["id"]
    leave = {name: value for name, value in FINE.items() if name != "act"}

    for path, body, reason in (
        (f"/v1/decisions/{case}/corrections", WHY | {"on": "2026-11-02"}, "not_a_decision"),
        (f"/v1/decisions/{case}/departures", leave, "not_a_decision"),
        (f"/v1/cases/{single}/corrections", WHY | {"on": "2026-11-02"}, "not_a_case"),
        (f"/v1/cases/{single}/departures", FINE, "not_a_case"),
    ):
        answer = client.post(path, json=body)
        assert (answer.status_code, answer.json()["reason"]) == (409, reason)


@pytest.mark.parametrize(("step", "body"), [("corrections", {**WHY, "on": "2026-11-02"}), ("departures", FINE)])
def test_what_is_not_there_and_what_is_no_json_is_refused(client: TestClient, step: str, body: dict[str, Any]) -> None:
    path = f"/v1/cases/nothing/{step}"

    assert client.post(path, json=body).status_code == 404
    assert client.post(path, json=body | {"more": 1}).status_code == 422
    assert client.post(path, content=b"x", headers={"Content-Type": "application/json"}).status_code == 400
    assert client.post(path, content=b"{}", headers={"Content-Type": "text/plain"}).status_code == 415


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"acts": []}, "/acts"),
        ({"acts": [SPIT] * 21}, "/acts"),
        ({"acts": [{**SPIT, "facts": {COUNT: 1.5}}]}, "/acts/0/facts/一年内次数"),
        ({"acts": [{**SPIT, "facts": {COUNT: None}}]}, "/acts/0/facts/一年内次数"),
        ({"facts": {COUNT: 1}}, "/facts"),
        ({"violation": "SZCG-013"}, "/violation"),
        ({"case_ref": "2026-2"}, "/case_ref"),
    ],
)
def test_a_correction_of_another_shape_says_where(
    client: TestClient, log: AuditLog, change: dict[str, Any], pointer: str
) -> None:
    first = decided(client)

    answer = client.post(f"/v1/cases/{first['id']}/corrections", json=WHY | change)

    assert answer.status_code == 422
    assert [each["pointer"] for each in answer.json()["errors"]] == [pointer]
    assert log.head().size == FIRST + 1


def test_the_personal_data_of_a_corrected_case_is_its_own(client: TestClient, tmp_path: Path) -> None:
    first = decided(client, party={"姓名": "错的人"})
    body = WHY | {"party": {"姓名": "对的人"}}

    again = client.post(f"/v1/cases/{first['id']}/corrections", json=body).json()

    ask = {"purpose": "送达", "by": "4403-1"}
    read = [client.post(f"/v1/decisions/{each['id']}/personal", json=ask).json()["personal"] for each in (first, again)]
    assert read == [{"/party/姓名": "错的人"}, {"/party/姓名": "对的人"}]
    assert "对的人" not in json.dumps(again, ensure_ascii=False)
