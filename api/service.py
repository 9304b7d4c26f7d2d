"""The HTTP door: JSON under /v1 for case systems, pages for officers (`api.pages`), one desk behind both."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any

from fastapi import FastAPI, Header, Query
from fastapi.exceptions import RequestValidationError
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from api.answers import JSON, json, ok, problems
from api.asking import add_asking
from api.body import MAX_KEY, body_of, media_type_of, read_key
from api.case_steps import add_case_steps
from api.guard import LoopbackOnly
from api.joint import add_joint
from api.log import add_log
from api.models import (
    CardList,
    DecisionObject,
    DecisionRequest,
    Health,
    PowerItemObject,
    Problem,
    ViolationList,
    ViolationObject,
    read_request,
)
from api.pages import add_pages, problem_page, wants_page
from api.problems import ApiError, BadRequest, InvalidRequest, NotFound, problem, problem_of
from api.proof import add_proof
from api.search import search
from api.settings import Settings
from api.steps import add_steps
from api.strict import step
from cases.cardfile import read_cards
from cases.desk import Append, Desk, answer_of, find_decision
from cases.errors import CaseError
from cases.lawfiles import Law
from cases.log.keyring import Keyring
from cases.log.published import Published
from cases.log.store import AuditLog
from cases.log.vault import Vault
from cases.reasons import Reasons
from cases.steps import Steps, since
from engine import MEANING
from engine.schema import describe, describe_power_item

__all__ = ["create_app"]

DESCRIPTION = (
    "准绳: a violation code and its facts give one fixed penalty, with its law and its reasons. Every decision and "
    "every refusal is a record in an append-only log before it is answered."
)


def create_app(
    law: Law,
    log: AuditLog,
    settings: Settings,
    *,
    supervised: bool,
    append: Append | None = None,
    keyring: Keyring | None = None,
    gate: Callable[[], None] = lambda: None,
    vault: Vault | None = None,
) -> FastAPI:
    """Make the application for one law and one log; `supervised` says whether a watch runs beside it.

    `append` is how records get into the log where requests share a commit; `keyring` is had by whoever signs it;
    `gate` raises when nothing may be recorded. Without a `vault` personal data is refused.
    """
    app = FastAPI(
        title="Zhunsheng",
        version="1",
        description=DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        openapi_url="/v1/openapi.json",
        responses=problems(400, 403, 421, 503) | {500: {"description": "a defect of the service"}},
    )
    desk = Desk(law, log, append, vault)
    _add_decisions(app, desk)
    add_joint(app, desk)
    _add_law(app, law)
    add_proof(app, law)
    add_log(app, log, keyring)
    _add_operation(app, law, log, settings, gate, supervised=supervised)
    reasons = Reasons(law, log)
    steps = Steps(desk, reasons)
    add_steps(app, desk, steps)
    add_case_steps(app, desk, steps)
    add_asking(app, desk, reasons)
    add_pages(app, desk, reasons)
    app.add_exception_handler(ApiError, _answer_problem)
    app.add_exception_handler(CaseError, _answer_problem)
    app.add_exception_handler(HTTPException, _answer_http)
    app.add_exception_handler(RequestValidationError, _answer_invalid)
    app.add_middleware(LoopbackOnly)
    _describe_problem(app)
    return app


async def _answer_problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, ApiError | CaseError)
    answer = problem_of(error)
    return problem_page(answer.status_code, str(error)) if wants_page(request) else answer


async def _answer_invalid(_request: Request, error: Exception) -> Response:
    """A query or header of the wrong shape; what was sent is not echoed."""
    assert isinstance(error, RequestValidationError)
    errors = [
        {"pointer": "".join(step(str(part)) for part in each["loc"]), "detail": str(each["msg"])}
        for each in error.errors()
    ]
    return problem_of(InvalidRequest(errors))


async def _answer_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    title = str(error.detail).lower()
    detail = f"`{request.method} {request.url.path}` is not served here; see /v1/openapi.json"
    if wants_page(request):
        return problem_page(error.status_code, detail)
    answer = problem(error.status_code, title.replace(" ", "_"), title, detail)
    answer.headers.update(error.headers or {})
    return answer


def _describe_problem(app: FastAPI) -> None:
    """Put the problem's shape into the OpenAPI document, where every route refers to it."""
    make = app.openapi

    def openapi() -> dict[str, Any]:
        document = make()
        schema = Problem.model_json_schema()
        document.setdefault("components", {}).setdefault("schemas", {})["Problem"] = schema
        return document

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented way to extend the document


def _add_decisions(app: FastAPI, desk: Desk) -> None:
    # A thin route: the body goes from bytes through one validator, and the answer is plain values already.
    @app.post(
        "/v1/decisions",
        operation_id="decide",
        summary="Decide: one fixed penalty, or a refusal by name; recorded before it is answered",
        status_code=201,
        response_class=Response,
        responses=ok("decided, or refused by name, and recorded", DecisionObject, 201)
        | ok("the same idempotency key and request came before: its answer", DecisionObject)
        | problems(413, 415, 422),
        openapi_extra={
            "requestBody": {"required": True, "content": {JSON: {"schema": DecisionRequest.model_json_schema()}}}
        },
    )
    async def decide(
        request: Request,
        idempotency_key: Annotated[
            str | None, Header(max_length=MAX_KEY, description='a quoted string, as in "8e03978e-40d5-43e8-bc93"')
        ] = None,
    ) -> Response:
        if media_type_of(request) != JSON:
            detail = f"send the question as `{JSON}`"
            raise BadRequest(detail, status=415, code="not_json", title="unsupported media type")
        asked = read_request(await body_of(request))
        key = read_key(idempotency_key)
        recorded = await run_in_threadpool(desk.decide, asked.asked(), door="http", key=key, party=asked.party)
        headers = {"Location": f"/v1/decisions/{recorded.id}"}
        return json(recorded.answer, 200 if recorded.repeated else 201, headers)

    @app.get(
        "/v1/decisions/{id}",
        operation_id="read_decision",
        summary="Read a recorded decision or refusal",
        response_class=Response,
        responses=ok("as it was answered, and what became of it", DecisionObject) | problems(404),
    )
    def read_decision(id: str) -> Response:  # noqa: A002 - the field's own name
        return json(recorded_answer(desk.log, id))


def recorded_answer(log: AuditLog, record_id: str) -> Mapping[str, Any]:
    """The decision object of a record; NotFound where there is none."""
    entry = find_decision(log, record_id)
    if entry is None:
        raise NotFound(f"there is no decision `{record_id[:64]}`")
    recorded = answer_of(entry.data, entry.seq)
    if recorded.together:
        raise NotFound(f"`{record_id[:64]}` is a whole case; read it at `/v1/cases/{record_id[:64]}`")
    return {**recorded.answer, **since(log, record_id)}


def _add_law(app: FastAPI, law: Law) -> None:
    rulebook = law.rulebook

    @app.get(
        "/v1/violations",
        operation_id="list_violations",
        summary="Search violations by code, name or category",
        response_class=Response,
        responses=ok("the violations that match, in order of code", ViolationList) | problems(422),
    )
    def list_violations(
        q: Annotated[str, Query(max_length=100, description="words of a code, name or category")] = "",
        code: Annotated[str, Query(max_length=100, description="part of the code")] = "",
        name: Annotated[str, Query(max_length=100, description="part of the name")] = "",
        category: Annotated[str, Query(max_length=100, description="exactly this category")] = "",
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
        offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
    ) -> Response:
        found = search(rulebook, q, code=code, name=name, category=category)
        page = [
            {
                "violation": rule.code,
                "name": rule.name,
                "category": rule.category,
                "power_item": rule.power_item,
                "regime": rule.regime.code,
            }
            for rule in found[offset : offset + limit]
        ]
        return json({"total": len(found), "violations": page})

    @app.get(
        "/v1/violations/{code}",
        operation_id="read_violation",
        summary="What a violation asks (its facts as JSON Schema), its tiers and its law",
        response_class=Response,
        responses=ok("the violation", ViolationObject) | problems(404),
    )
    def read_violation(code: str) -> Response:
        rule = rulebook.rules.get(code)
        if rule is None:
            near = ", ".join(f"`{each}`" for each in rulebook.near(code))
            raise NotFound(f"there is no violation `{code[:64]}`" + (f"; did you mean {near}?" if near else ""))
        return json(describe(rule))

    @app.get(
        "/v1/power-items/{code}",
        operation_id="read_power_item",
        summary="One item of the published power-item catalogue",
        response_class=Response,
        responses=ok("the power item", PowerItemObject) | problems(404),
    )
    def read_power_item(code: str) -> Response:
        item = rulebook.power_items.get(code)
        if item is None:
            raise NotFound(f"there is no power item `{code[:64]}`, and a power that is not listed may not be used")
        return json(describe_power_item(item))


def _add_operation(
    app: FastAPI, law: Law, log: AuditLog, settings: Settings, gate: Callable[[], None], *, supervised: bool
) -> None:
    supervision = "on" if supervised else "off"

    @app.get(
        "/v1/cards",
        operation_id="list_cards",
        summary="The cards supervision has raised, newest first",
        response_class=Response,
        responses=ok("the cards", CardList),
    )
    def list_cards() -> Response:
        cards, read = read_cards(settings.cards)
        shown = [{name: getattr(card, name) for name in card.__slots__} for card in cards]
        return json({"supervision": supervision, "read": read, "cards": shown})

    @app.get(
        "/healthz",
        operation_id="health",
        summary="Whether decisions can be made and recorded",
        response_class=Response,
        responses=ok("yes", Health),
    )
    def health() -> Response:
        gate()
        head, latest = log.head(), Published(log).latest()
        return json(
            {
                "status": "ok",
                "rulebook": law.rulebook.digest,
                "meaning": MEANING,
                "violations": len(law.rulebook.rules),
                "log_size": head.size,
                "log_root": head.root.hex(),
                "signed_size": 0 if latest is None else latest.size,
                "store": log.database_version,
                "supervision": supervision,
            }
        )
