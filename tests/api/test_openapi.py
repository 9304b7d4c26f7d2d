"""The OpenAPI document is a promise to callers: it is kept, and it changes only on purpose.

To write the golden file anew after a change that is meant: `GOLDEN=write ./run pytest tests/api/test_openapi.py`, then
read the difference as a change to a promise.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import Case, GenerationMode
from schemathesis.checks import CHECKS
from schemathesis.schemas import BaseSchema
from starlette.testclient import TestClient

from api.service import create_app
from api.settings import Settings
from cases.log.audit import verify
from cases.log.store import AuditLog
from cases.log.vault import Vault
from tests.api.kit import RULES, small_law

GOLDEN = Path(__file__).with_name("openapi.json")
THIS_MACHINE = {"Host": "127.0.0.1"}
# What JSON Schema cannot say, and the service refuses: 1.0 as a whole number, a day in the year 433, two questions
# under one idempotency key, and a query parameter that is text and no JSON object.
BEYOND_SCHEMA = (
    "is a floating-point number",
    "expected a day as YYYY-MM-DD",
    "idempotency_key_reused",
    "expected a JSON object of facts",
    "the key `",
)


@pytest.fixture(scope="module")
def served_log(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AuditLog]:
    with AuditLog.open(tmp_path_factory.mktemp("openapi") / "log.sqlite3") as opened:
        yield opened


@pytest.fixture(scope="module")
def api(served_log: AuditLog, tmp_path_factory: pytest.TempPathFactory) -> BaseSchema:
    folders = Settings(rules=RULES, data=tmp_path_factory.mktemp("data"))
    app = create_app(small_law(), served_log, folders, supervised=False, vault=Vault.open(served_log, folders.keys))
    found: BaseSchema = schemathesis.openapi.from_asgi("/v1/openapi.json", app, headers=THIS_MACHINE)
    return found


OPERATIONS = {
    "POST /v1/decisions": "decide",
    "GET /v1/decisions/{id}": "read_decision",
    "GET /v1/decisions/{id}/why": "read_why",
    "GET /v1/decisions/{id}/proof": "read_inclusion_proof",
    "GET /v1/decisions/{id}/record": "read_record",
    "POST /v1/trials": "try_out",
    "POST /v1/decisions/{id}/corrections": "correct",
    "POST /v1/decisions/{id}/departures": "depart",
    "POST /v1/decisions/{id}/erasures": "erase",
    "POST /v1/decisions/{id}/personal": "read_personal",
    "POST /v1/cases": "decide_together",
    "GET /v1/cases/{id}": "read_case",
    "POST /v1/case-trials": "try_out_case",
    "POST /v1/cases/{id}/corrections": "correct_case",
    "POST /v1/cases/{id}/departures": "depart_in_case",
    "GET /v1/violations": "list_violations",
    "GET /v1/violations/{code}": "read_violation",
    "GET /v1/violations/{code}/next": "ask_next",
    "GET /v1/violations/{code}/proof": "read_proof",
    "GET /v1/power-items/{code}": "read_power_item",
    "GET /v1/cards": "list_cards",
    "GET /log/checkpoint": "read_checkpoint",
    "GET /log/checkpoints/index": "list_checkpoints",
    "GET /log/tokens/index": "list_tokens",
    "GET /log/tokens/{name}": "read_token",
    "GET /log/sources/{digest}": "read_source",
    "GET /log/checkpoints/{size}": "read_checkpoint_of_size",
    "GET /log/tile/{path}": "read_tile",
    "GET /log/keys.json": "list_keys",
    "GET /v1/log/consistency": "read_consistency_proof",
    "GET /healthz": "health",
}


@pytest.mark.parametrize(
    ("operation", "mode"),
    [
        *((operation, GenerationMode.POSITIVE) for operation in OPERATIONS),
        ("POST /v1/decisions", GenerationMode.NEGATIVE),
        ("POST /v1/cases", GenerationMode.NEGATIVE),
        ("GET /v1/violations", GenerationMode.NEGATIVE),
        ("GET /v1/violations/{code}/next", GenerationMode.NEGATIVE),
    ],
)
def test_every_operation_keeps_what_the_document_says_of_it(
    api: BaseSchema, operation: str, mode: GenerationMode
) -> None:
    method, path = operation.split()

    @settings(max_examples=25, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    @given(api[path][method].as_strategy(generation_mode=mode))
    def keeps(case: Case[Any]) -> None:
        response = case.call(headers=THIS_MACHINE)
        by_design = any(words in response.text for words in BEYOND_SCHEMA)
        names = ["positive_data_acceptance"] if by_design else []
        # A body over the limit is refused before its schema is looked at; the check does not count that as refused.
        names += ["negative_data_rejection"] if response.status_code == 413 else []
        excluded: list[Any] = CHECKS.get_by_names(names) if names else []
        case.validate_response(response, excluded_checks=excluded)

    keeps()


def test_what_was_recorded_while_everything_was_asked_is_sound(served_log: AuditLog) -> None:
    assert verify(served_log).ok


def test_the_document_is_the_published_one(client: TestClient) -> None:
    document = client.get("/v1/openapi.json").json()

    if os.environ.get("GOLDEN") == "write":
        GOLDEN.write_text(json.dumps(document, ensure_ascii=False, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    assert document == json.loads(GOLDEN.read_text(encoding="utf-8"))


def test_the_document_names_every_operation(client: TestClient) -> None:
    document = client.get("/v1/openapi.json").json()

    operations = {
        f"{method.upper()} {path}": operation["operationId"]
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }
    assert operations == OPERATIONS
