"""What cannot be asked is a problem (RFC 9457) that says where and how to mend it, and nothing is recorded."""

from __future__ import annotations

import json
from typing import Any

import pytest
from starlette.testclient import TestClient

from api.body import MAX_BODY
from cases.log.store import AuditLog
from tests.api.kit import COUNT, question

JSON = "application/json"


def raw(facts: str) -> str:
    """A question whose facts are written by hand."""
    return '{"violation": "SZCG-013", "on": "2026-11-01", "facts": ' + facts + "}"


def text(**changes: Any) -> str:
    return json.dumps(question(**changes))


def problem(client: TestClient, body: str | bytes, content_type: str = JSON, key: str = "") -> dict[str, Any]:
    headers = {"Content-Type": content_type} | ({"Idempotency-Key": key} if key else {})
    answer = client.post("/v1/decisions", content=body, headers=headers)
    assert answer.headers["content-type"] == "application/problem+json"
    found: dict[str, Any] = answer.json()
    assert found["status"] == answer.status_code
    assert found["type"].startswith("urn:zhunsheng:problem:")
    assert found["title"]
    assert "\n" not in found["detail"]
    return found


@pytest.mark.parametrize(
    ("body", "status", "says"),
    [
        pytest.param(raw('{"一年内次数": 2.0}'), 422, "write it as text", id="float"),
        pytest.param(raw('{"一年内次数": 2e0}'), 422, "write it as text", id="exponent"),
        pytest.param(raw('{"一年内次数": NaN}'), 422, "`NaN`", id="NaN"),
        pytest.param(raw('{"一年内次数": -Infinity}'), 422, "`-Infinity`", id="infinity"),
        pytest.param(raw('{"a": [[1.5]]}'), 422, "/facts/a/0/0", id="nested float"),
        pytest.param('{"on": "2026-11-01", "on": "2026-11-02"}', 422, "`on` is written twice", id="duplicate key"),
        pytest.param(raw('{"a": 1, "a": 1}'), 422, "`a` is written twice", id="nested duplicate key"),
        pytest.param("", 400, "no JSON", id="empty"),
        pytest.param("{", 400, "no JSON", id="not JSON"),
        pytest.param('{"a": 1} x', 400, "no JSON", id="more than JSON"),
        pytest.param(b'{"violation": "\xff"}', 400, "no JSON", id="not UTF-8"),
        pytest.param("[" * 20_000, 400, "no JSON", id="deep list"),
        pytest.param('{"a":' * 5_000 + "1" + "}" * 5_000, 400, "no JSON", id="deep object"),
        pytest.param(raw('{"a": ' + "1" * 5_000 + "}"), 400, "no JSON", id="5,000 digits"),
        pytest.param("[]", 422, "expected an object", id="list"),
        pytest.param("null", 422, "expected an object", id="null"),
        pytest.param('"x"', 422, "expected an object", id="text"),
        pytest.param(text(facts={"a": 2**53}), 422, "/facts/a", id="unsafe integer"),
        pytest.param(text(facts={"a": None}), 422, "/facts/a", id="null fact"),
        pytest.param(text(facts={"a": {"b": 1}}), 422, "/facts/a", id="object as a fact"),
        pytest.param(text(facts={"a": ["2026-01-01", 1]}), 422, "/facts/a", id="mixed list"),
        pytest.param(text(facts={"a": ["x"] * 1_001}), 422, "/facts/a", id="long list"),
        pytest.param(text(facts={"a": "x" * 201}), 422, "/facts/a", id="long text"),
        pytest.param(text(facts={"": 1}), 422, "/facts/", id="fact without a name"),
        pytest.param(text(facts={"x" * 81: 1}), 422, "/facts/xxx", id="long fact name"),
        pytest.param(text(facts={str(n): 1 for n in range(101)}), 422, "/facts: ", id="too many facts"),
        pytest.param(text(facts=[]), 422, "/facts: ", id="facts as a list"),
        pytest.param(text(extra=1), 422, "/extra: ", id="extra field"),
        pytest.param(text(on="2026-02-30"), 422, "/on: expected a day as YYYY-MM-DD", id="no such day"),
        pytest.param(text(on="2026-1-1"), 422, "/on: ", id="short day"),
        pytest.param(text(on="2026-11-01T00:00:00"), 422, "/on: ", id="day with a time"),
        pytest.param(text(on=20_261_101), 422, "/on: ", id="day as a number"),
        pytest.param(text(violation=""), 422, "/violation: ", id="empty code"),
        pytest.param(text(violation=13), 422, "/violation: ", id="code as a number"),
        pytest.param(text(violation="x" * 65), 422, "/violation: ", id="long code"),
        pytest.param(text(case_ref=""), 422, "/case_ref: ", id="empty case number"),
        pytest.param(text(case_ref="x" * 101), 422, "/case_ref: ", id="long case number"),
        pytest.param("{}", 422, "/violation: Field required; /on: Field required", id="nothing given"),
        pytest.param(raw('{"a": "\\ud800"}'), 422, "/facts/a", id="lone surrogate"),
        pytest.param(raw('{"\\ud800": 1}'), 422, "/facts/", id="lone surrogate in a name"),
        pytest.param('{"violation": "\\ud800", "on": "2026-11-01", "facts": {}}', 422, "/violation", id="in a code"),
        pytest.param(text(facts={"a": "x" * MAX_BODY}), 413, "larger than 32768 bytes", id="too large"),
    ],
)
def test_a_question_that_cannot_be_read_is_a_problem_and_no_record(
    client: TestClient, log: AuditLog, body: str | bytes, status: int, says: str
) -> None:
    found = problem(client, body)

    assert found["status"] == status
    assert says in found["detail"]
    assert log.head().size == 0


def test_every_wrong_place_is_named_once_by_its_json_pointer(client: TestClient) -> None:
    found = problem(client, text(on="x", extra=1, facts={"a/b": None, "c~d": {}}))

    assert [each["pointer"] for each in found["errors"]] == ["/on", "/facts/a~1b", "/facts/c~0d", "/extra"]


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "application/jsonx"])
def test_another_content_type_is_a_problem(client: TestClient, log: AuditLog, content_type: str) -> None:
    found = problem(client, text(), content_type)

    assert found["status"] == 415
    assert log.head().size == 0


def test_a_charset_beside_the_content_type_is_no_problem(client: TestClient) -> None:
    answer = client.post("/v1/decisions", content=text(), headers={"Content-Type": "Application/JSON; charset=utf-8"})

    assert answer.status_code == 201


@pytest.mark.parametrize("key", ['""', "a\x7f", "键".encode().decode("latin-1")])
def test_a_key_that_is_no_key_is_a_problem(client: TestClient, log: AuditLog, key: str) -> None:
    headers = [(b"Content-Type", b"application/json"), (b"Idempotency-Key", key.encode("latin-1"))]

    answer = client.post("/v1/decisions", content=text(), headers=headers)

    assert answer.status_code == 400
    assert answer.json()["type"] == "urn:zhunsheng:problem:bad_key"
    assert log.head().size == 0


def test_the_largest_body_that_is_read_is_answered(client: TestClient) -> None:
    body = text()

    answer = client.post(
        "/v1/decisions", content=body + " " * (MAX_BODY - len(body.encode())), headers={"Content-Type": JSON}
    )

    assert answer.status_code == 201


def test_the_limits_of_a_question_are_allowed(client: TestClient) -> None:
    facts = {"x" * 80: "x" * 200, "a": 2**53 - 1, "b": -(2**53) + 1, "c": ["2026-01-01"] * 1_000}

    answer = client.post("/v1/decisions", json=question(violation="x" * 64, facts=facts, case_ref="x" * 100))

    assert answer.status_code == 201
    assert answer.json()["refusal"]["code"] == "unknown_violation"


def test_a_problem_never_repeats_a_fact_back(client: TestClient) -> None:
    found = problem(client, text(facts={COUNT: {"身份证号": "440301199001011234"}}))

    assert "440301199001011234" not in json.dumps(found)


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/v1/none", 404), ("PUT", "/v1/decisions", 405)])
def test_what_is_not_served_is_a_problem(client: TestClient, method: str, path: str, status: int) -> None:
    answer = client.request(method, path)

    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"] == f"`{method} {path}` is not served here; see /v1/openapi.json"
    assert answer.headers.get("allow") == ("POST" if status == 405 else None)


def quiet(client: TestClient) -> TestClient:
    """The same application, answering 500 where it would raise."""
    return TestClient(client.app, base_url="http://127.0.0.1", raise_server_exceptions=False)


@pytest.mark.parametrize("body", ['{"\\ud800": 1, "\\ud800": 2}', '{"\\ud800": 1.5}'])
def test_half_a_surrogate_pair_in_a_key_is_a_problem(client: TestClient, body: str) -> None:
    answer = quiet(client).post("/v1/decisions", content=body, headers={"Content-Type": JSON})

    assert answer.status_code in {400, 422}
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("query", ["limit=0", "limit=x", "q=" + "x" * 101])
def test_a_wrong_query_is_a_problem(client: TestClient, query: str) -> None:
    answer = client.get(f"/v1/violations?{query}")

    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")


@pytest.mark.parametrize("key", ["x" * 256, '"', 'a"b'])
def test_a_key_that_cannot_be_one_is_a_problem(client: TestClient, key: str) -> None:
    answer = client.post("/v1/decisions", json=question(), headers={"Idempotency-Key": key})

    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("header", [{"Host": "["}, {"Host": "[::1"}, {"Origin": "http://["}])
def test_a_host_or_origin_that_cannot_be_read_is_refused(client: TestClient, header: dict[str, str]) -> None:
    answer = quiet(client).post("/v1/decisions", json=question(), headers=header)

    assert answer.status_code in {400, 403, 421}
