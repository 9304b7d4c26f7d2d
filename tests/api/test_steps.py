"""The doors beside a decision, HTTP and command line: what they take, what they answer, and what they never tell."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from api.service import create_app
from api.settings import Settings
from cases.log.audit import verify_at
from cases.log.vault_key import KEY_FILE, VaultKey
from cases.replay import replay
from cases.watch import Watch
from tests.api.kit import COUNT, called, question
from tests.log.people import AT_HOME, ORIGIN, Office, files_of, found_in, office, person, personal_rules, traces_of

EVIDENCE = "sha256:" + "0" * 64
TWO = {"by": "4403-1", "approved_by": "4403-2"}
PURPOSE = {"purpose": "送达文书", "by": "4403-1"}
NEEDLES = [trace for value in [*person(1).values(), AT_HOME] for trace in traces_of(value)]
# The rule file itself names the places a choice may be.
LEAKS = [trace for value in person(1).values() for trace in traces_of(value)]


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Office]:
    with office(tmp_path) as it:
        yield it


@pytest.fixture
def client(here: Office) -> TestClient:
    app = create_app(
        here.desk.law,
        here.opened.log,
        Settings(rules=here.folder, data=here.folder),
        supervised=False,
        append=here.opened.append,
        keyring=here.opened.keyring,
        vault=here.opened.vault,
    )
    return TestClient(app, base_url="http://127.0.0.1", raise_server_exceptions=True)


def decided(client: TestClient, **changes: Any) -> dict[str, Any]:
    asked = question(facts={COUNT: 2, ORIGIN: AT_HOME}, party=person(1), **changes)
    answer = client.post("/v1/decisions", json=asked)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_nothing_that_can_be_read_tells_who_it_is_about(client: TestClient, here: Office, tmp_path: Path) -> None:
    first = decided(client, case_ref="2026-1")
    again = client.post(
        f"/v1/decisions/{first['id']}/corrections",
        json={"reason": "次数录错", "by": "4403-1", "facts": {COUNT: 1, ORIGIN: AT_HOME}, "party": person(1)},
    ).json()
    acts = [{"act": "一", "violation": "SZCG-013", "facts": {COUNT: 2, ORIGIN: AT_HOME}}]
    joint = client.post("/v1/cases", json={"on": "2026-11-01", "acts": acts, "party": person(1)}).json()
    refusal = decided(client, violation="SZCG-999")
    told = [json.dumps(each, ensure_ascii=False) for each in (first, again, joint, refusal)]

    for path in (
        f"/v1/decisions/{first['id']}",
        f"/v1/decisions/{first['id']}/why",
        f"/v1/decisions/{first['id']}/record",
        f"/v1/decisions/{again['id']}/record",
        f"/v1/cases/{joint['id']}",
        f"/v1/decisions/{joint['id']}/record",
        f"/decisions/{first['id']}",
        "/v1/cards",
        "/healthz",
    ):
        answer = client.get(path)
        assert answer.status_code == 200, (path, answer.text)
        told.append(answer.text)
    asked = json.dumps({COUNT: 2, ORIGIN: AT_HOME})
    told.append(client.get("/v1/violations/SZCG-013/next", params={"on": "2026-11-01", "facts": asked}).text)

    assert found_in("\n".join(told).encode(), NEEDLES) == []
    Watch(here.opened.log, tmp_path / "cards.sqlite3", here.desk.law.rulebook).catch_up()
    here.sealed()
    assert found_in(files_of(tmp_path), LEAKS) == []
    leaves = b"\n".join(entry.data for entry in here.opened.log.entries())
    assert found_in(leaves, NEEDLES) == []


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/v1/decisions", question(party={"姓名": 13912345678})),
        ("POST", "/v1/decisions", question(party={"电话": 13912345678.5})),
        ("POST", "/v1/decisions", question(party={"姓名": "13912345678" * 20})),
        ("POST", "/v1/decisions", question(party=["13912345678"])),
        ("POST", "/v1/decisions", question(party={"电话": "13912345678"}, violation=1)),
        ("POST", "/v1/decisions", question(party={"电话": "13912345678", "a": {}})),
        ("POST", "/v1/trials", question(party={"电话": ["13912345678"]})),
        ("POST", "/v1/cases", {"on": "2026-11-01", "acts": [], "party": {"电话": "13912345678"}}),
        ("POST", "/v1/case-trials", {"on": "2026-11-01", "acts": [], "party": {"电话": "13912345678"}}),
        ("POST", "/v1/cases/x/corrections", {"reason": "r", "by": "b", "party": {"电话": ["13912345678"]}}),
    ],
)
def test_a_problem_does_not_repeat_who_it_is_about(
    client: TestClient, here: Office, method: str, path: str, body: object
) -> None:
    size = here.opened.log.head().size

    answer = client.request(method, path, json=body)

    assert answer.status_code == 422
    assert "13912345678" not in answer.text
    assert here.opened.log.head().size == size


def test_a_personal_fact_of_a_wrong_kind_is_neither_judged_nor_repeated(client: TestClient) -> None:
    answer = client.post("/v1/decisions", json=question(facts={COUNT: 2, ORIGIN: "13912345678"}))
    asking = client.get(
        "/v1/violations/SZCG-013/next",
        params={"on": "2026-11-01", "facts": json.dumps({COUNT: 2, ORIGIN: "13912345678"})},
    )

    assert (answer.status_code, answer.json()["fine_fen"]) == (201, 10_000)
    assert asking.json()["complete"]
    assert "13912345678" not in answer.text + asking.text


def test_the_same_key_with_another_person_is_another_request(client: TestClient) -> None:
    asked, headers = question(party=person(1)), {"Idempotency-Key": '"k"'}
    first = client.post("/v1/decisions", json=asked, headers=headers)

    assert client.post("/v1/decisions", json=asked, headers=headers).json() == first.json()
    other = client.post("/v1/decisions", json=question(party=person(2)), headers=headers)
    assert (other.status_code, other.json()["type"]) == (422, "urn:zhunsheng:problem:idempotency_key_reused")


def test_personal_data_is_posted_for_read_recorded_erased_and_gone(client: TestClient, here: Office) -> None:
    ids = [decided(client, case_ref="2026-1")["id"] for _ in range(2)]
    place, other = (f"/v1/decisions/{each}" for each in ids)

    assert client.get(f"{place}/personal").status_code == 405
    read = client.post(f"{place}/personal", json=PURPOSE)
    assert read.headers["cache-control"] == "no-store"
    assert read.json()["personal"] == {f"/party/{n}": v for n, v in person(1).items()} | {"/facts/户籍": AT_HOME}
    event = json.loads(here.opened.log.read(read.json()["access"]["index"]).data)
    assert (event["kind"], event["about"]["purpose"], event["door"]) == ("access", "送达文书", "http")

    erased = client.post(f"{place}/erasures", json={"basis": "第四十七条", "scope": "case", **TWO})

    assert erased.status_code == 201
    (one,) = erased.json()["erasures"]
    assert [record["id"] for record in one["records"]] == ids
    for path in (place, other):
        gone = client.post(f"{path}/personal", json=PURPOSE).json()
        assert (gone["personal"], gone["erased_by"], gone["access"]) == ({}, one["index"], None)
        assert client.get(path).status_code == 200
    again = client.post(f"{place}/erasures", json={"basis": "第四十七条", **TWO})
    assert (again.status_code, again.json()["reason"]) == (409, "nothing_to_erase")
    here.sealed()
    assert client.get(f"{place}/proof").status_code == 200
    assert replay(here.opened.log).ok


def test_a_trial_says_that_it_is_one_wherever_it_is_read(client: TestClient) -> None:
    tried = client.post("/v1/trials", json=question())

    assert tried.status_code == 201
    place = tried.headers["location"]
    assert tried.json()["trial"] is True
    assert client.get(place).json() == tried.json()
    assert "这是试算，不是决定" in client.get(f"/decisions/{tried.json()['id']}").text
    for step, body in (
        ("corrections", {"reason": "r", "by": "b", "facts": {COUNT: 1}}),
        ("departures", {"imposed_fine_fen": 6_000, "reasons": ["r"], "evidence": [EVIDENCE], **TWO}),
    ):
        answer = client.post(f"{place}/{step}", json=body)
        assert (answer.status_code, answer.json()["reason"]) == (409, "not_a_decision")


def test_a_corrected_decision_shows_by_what_and_is_otherwise_unchanged(client: TestClient) -> None:
    first = client.post("/v1/decisions", json=question(case_ref="2026-1")).json()
    place = f"/v1/decisions/{first['id']}"
    body = {"reason": "次数录错", "by": "4403-1", "facts": {COUNT: 1}}

    answer = client.post(f"{place}/corrections", json=body)

    assert (answer.status_code, answer.json()["fine_fen"]) == (201, 5_000)
    assert client.get(place).json() == {**first, "corrected_by": answer.json()["id"]}
    assert client.get(answer.headers["location"]).json() == answer.json()
    assert answer.json()["id"] in client.get(f"/decisions/{first['id']}").text
    assert client.post(f"{place}/corrections", json=body).status_code == 200
    again = client.post(f"{place}/corrections", json=body | {"facts": {COUNT: 3}})
    assert (again.status_code, again.json()["reason"]) == (409, "corrected_already")


def test_a_departure_stands_beside_the_decision(client: TestClient) -> None:
    first = client.post("/v1/decisions", json=question()).json()
    place = f"/v1/decisions/{first['id']}"
    body = {"imposed_fine_fen": 6_000, "reasons": ["家庭困难"], "evidence": [EVIDENCE], **TWO}

    for change, status, reason in (
        ({"imposed_fine_fen": 4_900}, 409, "outside_range"),
        ({"approved_by": "4403-1"}, 409, "same_person"),
        ({"evidence": []}, 422, None),
        ({"evidence": ["photo.jpg"]}, 422, None),
        ({"reasons": []}, 422, None),
        ({"imposed_fine_fen": -1}, 422, None),
        ({"imposed_fine_fen": "6000"}, 422, None),
    ):
        answer = client.post(f"{place}/departures", json=body | change)
        assert (answer.status_code, answer.json().get("reason")) == (status, reason)
    answer = client.post(f"{place}/departures", json=body)

    assert (answer.status_code, answer.json()["computed_fine_fen"]) == (201, 10_000)
    assert client.get(place).json() == {**first, "departure": answer.json()["id"]}
    assert "逸脱" in client.get(f"/decisions/{first['id']}").text


@pytest.mark.parametrize("step", ["corrections", "departures", "erasures", "personal"])
def test_what_is_not_there_and_what_is_no_json_is_refused(client: TestClient, step: str) -> None:
    bodies: dict[str, dict[str, Any]] = {
        "corrections": {"reason": "r", "by": "b"},
        "departures": {"imposed_fine_fen": 1, "reasons": ["r"], "evidence": [EVIDENCE], **TWO},
        "erasures": {"basis": "b", **TWO},
        "personal": PURPOSE,
    }
    path = f"/v1/decisions/nothing/{step}"

    assert client.post(path, json=bodies[step]).status_code == 404
    assert client.post(path, json=bodies[step] | {"more": 1}).status_code == 422
    assert client.post(path, content=b"x", headers={"Content-Type": "application/json"}).status_code == 400
    assert client.post(path, content=b"{}", headers={"Content-Type": "text/plain"}).status_code == 415


def test_an_event_is_no_decision(client: TestClient, here: Office) -> None:
    event = here.opened.log.read(0).id

    assert client.get(f"/v1/decisions/{event}").status_code == 404
    assert client.get(f"/v1/decisions/{event}/why").status_code == 404
    assert client.get(f"/v1/cases/{event}").status_code == 404
    assert client.get(f"/decisions/{event}").status_code == 404


def test_the_command_line_keeps_reads_tries_and_erases(tmp_path: Path) -> None:
    rules, data, who = personal_rules(tmp_path / "rules"), tmp_path / "data", tmp_path / "who.json"
    who.write_text(json.dumps(person(1)), encoding="utf-8")
    common = ("--rules", str(rules), "--data", str(data))
    decide = ("decide", "SZCG-013", "--on", "2026-11-01", "--fact", f"{COUNT}=2", "--case", "2026-1", *common)

    made = called(*decide, "--party", str(who), "--fact", f"{ORIGIN}={AT_HOME}")
    tried = called(*decide, "--trial")
    assert (made.returncode, tried.returncode) == (0, 0), made.stderr + tried.stderr
    assert "试算" in tried.stdout
    assert found_in((made.stdout + made.stderr).encode(), NEEDLES) == []
    record = made.stdout.split("，")[-1].strip()
    read = called("audit", "personal", record, "--purpose", "送达", "--by", "4403-1", "--json", *common)
    assert json.loads(read.stdout)["personal"]["/party/姓名"] == person(1)["姓名"]
    one = called("audit", "erase", "--case", "2026-1", "--basis", "b", "--by", "1", "--approved-by", "1", *common)
    assert (one.returncode, "second" in one.stderr) == (1, True)
    erased = called("audit", "erase", "--case", "2026-1", "--basis", "b", "--by", "1", "--approved-by", "2", *common)
    assert (erased.returncode, "已抹除 1 条" in erased.stdout) == (0, True)
    gone = called("audit", "personal", record, "--purpose", "送达", "--by", "4403-1", *common)
    assert "已抹除" in gone.stdout
    assert called("audit", "verify", "--rules", str(rules), "--data", str(data)).returncode == 0
    assert verify_at(data / "log.sqlite3", vault=VaultKey.read(data / "keys" / KEY_FILE)).ok
    assert called("replay", "--data", str(data)).returncode == 0
    assert found_in(files_of(data), LEAKS) == []


@pytest.mark.parametrize("content", ["[]", "no json", '{"姓名": 13912345678}', '{"姓名": ""}', '{"姓名": "13912345678'])
def test_a_party_file_that_is_none_is_refused_without_repeating_it(tmp_path: Path, content: str) -> None:
    who = tmp_path / "who.json"
    who.write_text(content, encoding="utf-8")

    done = called("decide", "SZCG-013", "--on", "2026-11-01", "--party", str(who), "--data", str(tmp_path / "data"))

    assert done.returncode == 2
    assert "13912345678" not in done.stdout + done.stderr
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("which", [(), ("--case", "1", "--record", "x")])
def test_erasing_needs_one_of_case_and_record(tmp_path: Path, which: tuple[str, ...]) -> None:
    done = called("audit", "erase", *which, "--basis", "b", "--by", "1", "--approved-by", "2", "--data", str(tmp_path))

    assert done.returncode == 2
