"""POST /v1/cases and `zhunsheng decide-case`: one question about a whole case, one object, one record."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from cases.log.store import AuditLog
from cases.replay import replay
from tests.api.kit import COUNT, FIRST, FIRST_SIGNED, called, question, small_rules

PATH = "/v1/cases"
KEYS = {
    "id", "index", "outcome", "on", "fine_fen", "currency", "fine_range", "measures", "refusal", "parts", "comparison",
    "meaning", "trace",
}  # fmt: skip
STALL = {"act": "甲", "violation": "SZCG-003", "facts": {"拒不改正": True, "占地面积": "3.5", COUNT: 3}}
SPIT = {"act": "甲", "violation": "SZCG-013", "facts": {COUNT: 2}}
CASE: dict[str, Any] = {"on": "2026-11-01", "acts": [STALL, SPIT, {**SPIT, "act": "乙", "on": "2026-10-31"}]}


def post(client: TestClient, body: object = None, key: str | None = None) -> Any:
    return client.post(PATH, json=body or CASE, headers={"Idempotency-Key": key} if key else {})


def test_a_case_is_decided_recorded_and_read_again(client: TestClient, log: AuditLog) -> None:
    answer = post(client, CASE | {"case_ref": "2026-17"})

    joint = answer.json()
    assert answer.status_code == 201
    assert {*joint} == KEYS
    assert (joint["outcome"], joint["fine_fen"], joint["refusal"]) == ("decision", 350_000 + 10_000, None)
    assert [(part["act"], part["decision"]["violation"], len(part["falls_away"])) for part in joint["parts"]] == [
        ("乙", "SZCG-013", 0),
        ("甲", "SZCG-003", 0),
        ("甲", "SZCG-013", 1),
    ]
    assert json.loads(log.read(FIRST).data)["asked"] == CASE | {"case_ref": "2026-17"}
    again = client.get(answer.headers["Location"])
    assert answer.headers["Location"] == f"{PATH}/{joint['id']}"
    assert (again.status_code, again.json()) == (200, joint)
    assert replay(log).ok


def test_a_refused_part_refuses_the_case_and_is_recorded(client: TestClient, log: AuditLog) -> None:
    refusal = post(client, CASE | {"acts": [SPIT, {**SPIT, "act": "乙", "facts": {}}]}).json()

    assert (refusal["outcome"], refusal["fine_fen"], len(refusal["parts"])) == ("refusal", None, 2)
    assert refusal["refusal"] | {"message": ""} == {
        "code": "part_refused", "message": "", "act": "乙", "violation": "SZCG-013", "field": COUNT,
    }  # fmt: skip
    assert log.head().size == FIRST + 1


def test_the_same_key_and_case_give_the_recorded_answer_again(client: TestClient, log: AuditLog) -> None:
    first, again, other = post(client, key="k"), post(client, key="k"), post(client, CASE | {"acts": [SPIT]}, key="k")

    assert [each.status_code for each in (first, again, other)] == [201, 200, 422]
    assert again.json() == first.json()
    assert client.post("/v1/decisions", json=question(), headers={"Idempotency-Key": "k"}).status_code == 422
    assert log.head().size == FIRST + 1


def test_a_case_and_a_decision_are_read_at_their_own_places(client: TestClient) -> None:
    case, decision = post(client).json()["id"], client.post("/v1/decisions", json=question()).json()["id"]

    wrong = [f"/v1/decisions/{case}", f"/v1/decisions/{case}/why", f"{PATH}/{decision}", f"{PATH}/none"]
    answers = [client.get(path) for path in wrong]

    assert [answer.status_code for answer in answers] == [404] * 4
    assert f"/v1/cases/{case}" in answers[0].json()["detail"]
    assert client.get(f"/decisions/{case}").status_code == 404


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"on": "2026-11-01", "acts": []}, "/acts"),
        ({"on": "2026-11-01"}, "/acts"),
        (CASE | {"acts": [SPIT] * 21}, "/acts"),
        (CASE | {"extra": 1}, "/extra"),
        (CASE | {"acts": [{**SPIT, "act": ""}]}, "/acts/0/act"),
        (CASE | {"acts": [SPIT, {**STALL, "facts": {"占地面积": 3.5}}]}, "/acts/1/facts/占地面积"),
        (CASE | {"acts": [SPIT, {**STALL, "facts": {"占地面积": None}}]}, "/acts/1/facts/占地面积"),
        (CASE | {"acts": [{**SPIT, "on": "yesterday"}]}, "/acts/0/on"),
    ],
)
def test_a_case_of_another_shape_is_a_problem_and_is_not_recorded(
    client: TestClient, log: AuditLog, body: object, pointer: str
) -> None:
    answer = post(client, body)

    assert answer.status_code == 422
    assert [each["pointer"] for each in answer.json()["errors"]] == [pointer]
    assert log.head().size == 0


def test_a_case_must_be_json(client: TestClient) -> None:
    assert client.post(PATH, content=b"{", headers={"Content-Type": "application/json"}).status_code == 400
    assert client.post(PATH, content=b"{}", headers={"Content-Type": "text/plain"}).status_code == 415


# --- the command line


@pytest.fixture(scope="module")
def rules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_rules(tmp_path_factory.mktemp("rules"))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "case.json"
    path.write_text(json.dumps(CASE), encoding="utf-8")
    return path


def folders(rules: Path, data: Path) -> tuple[str, ...]:
    return ("--rules", str(rules), "--data", str(data))


def test_deciding_a_case_prints_its_parts_what_fell_away_and_the_sum(rules: Path, file: Path, tmp_path: Path) -> None:
    done = called("decide-case", str(file), *folders(rules, tmp_path))

    assert (done.returncode, done.stderr) == (0, "")
    assert "SZCG-013 罚款 100 元，法定最高 200 元，不再处罚（已按 SZCG-003 罚款），其他处理保留" in done.stdout
    assert done.stdout.splitlines()[-2] == "结果：罚款合计 3600 元"
    assert done.stdout.splitlines()[-1].startswith(f"日志第 {FIRST_SIGNED} 号，")


def test_deciding_a_case_for_a_program_prints_the_object_of_the_log(
    rules: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Standard(io.StringIO):
        buffer = io.BytesIO(json.dumps(CASE).encode())

    monkeypatch.setattr("sys.stdin", Standard())

    done = called("decide-case", "-", *folders(rules, tmp_path), "--json", "--key", "k")

    joint = json.loads(done.stdout)
    assert (done.returncode, {*joint}, joint["fine_fen"]) == (0, KEYS, 360_000)


def test_a_refused_case_ends_with_1(rules: Path, file: Path, tmp_path: Path) -> None:
    file.write_text(json.dumps(CASE | {"acts": [SPIT, SPIT]}), encoding="utf-8")

    done = called("decide-case", str(file), *folders(rules, tmp_path), "--lang", "en")

    assert done.returncode == 1
    assert "refused together: " in done.stdout


@pytest.mark.parametrize("content", [None, "{", "[]", '{"on": "2026-11-01"}', " " * 40_000])
def test_a_file_that_is_no_case_is_misuse(rules: Path, file: Path, tmp_path: Path, content: str | None) -> None:
    if content is None:
        file.unlink()
    else:
        file.write_text(content, encoding="utf-8")

    done = called("decide-case", str(file), *folders(rules, tmp_path))

    assert (done.returncode, done.stdout) == (2, "")
    assert "case.json" in done.stderr


def test_a_case_is_tried_out_on_the_command_line_too(rules: Path, file: Path, tmp_path: Path) -> None:
    tried = called("decide-case", str(file), *folders(rules, tmp_path), "--trial")
    english = called("decide-case", str(file), *folders(rules, tmp_path), "--trial", "--lang", "en")
    told = called("decide-case", str(file), *folders(rules, tmp_path), "--trial", "--json")

    assert tried.returncode == 0
    assert "这是试算，不是决定" in tried.stdout.splitlines()
    assert "this is a trial and no decision" in english.stdout.splitlines()
    assert {*json.loads(told.stdout)} == KEYS | {"trial"}
    assert called("replay", "--data", str(tmp_path)).returncode == 0


def test_a_key_that_cannot_be_printed_is_misuse(rules: Path, file: Path, tmp_path: Path) -> None:
    assert called("decide-case", str(file), *folders(rules, tmp_path), "--key", "\n").returncode == 2
