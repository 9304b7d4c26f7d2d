"""The doors beside a decision: trials before it, and corrections, departures, erasures and readings after it."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal, TypeVar

from fastapi import FastAPI, Header
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StrictStr, StringConstraints
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from api.answers import JSON, json, ok, problems
from api.body import MAX_KEY, body_of, media_type_of, read_key
from api.models import (
    PARTY,
    DecisionObject,
    DecisionRequest,
    FactName,
    FactValue,
    Party,
    RecordPlace,
    SafeInt,
    read_day_text,
    read_request,
)
from api.problems import BadRequest, NotFound
from api.strict import read_as
from cases.desk import Desk
from cases.log.store import Entry
from cases.steps import Corrected, Departure, Steps

__all__ = ["FOR_EVER", "DepartureObject", "DepartureRequest", "Staff", "Words", "add_steps", "read_step"]

_Model = TypeVar("_Model", bound=BaseModel)
_FORBID = ConfigDict(extra="forbid")
_Day = Annotated[date, BeforeValidator(read_day_text)]
Staff = Annotated[
    StrictStr, StringConstraints(min_length=1, max_length=64), Field(description="staff number", examples=["4403-0172"])
]
Words = Annotated[StrictStr, StringConstraints(min_length=1, max_length=500)]
_Digest = Annotated[StrictStr, StringConstraints(pattern=r"^sha256:[0-9a-f]{64}$")]
FOR_EVER = "; stands in the log for ever, so name no party in it"


class CorrectionRequest(BaseModel):
    """What was wrong with the question; what is left out stays as it was, facts are given anew, all of them."""

    model_config = _FORBID | {"title": "CorrectionRequest"}

    reason: Words = Field(description=f"why{FOR_EVER}")
    by: Staff
    violation: Annotated[StrictStr, StringConstraints(min_length=1, max_length=64)] | None = None
    on: _Day | None = None
    facts: Annotated[dict[FactName, FactValue], Field(max_length=100)] | None = None
    decided: _Day | None = None
    party: Party = Field(default={}, description=f"{PARTY}. It is not carried over from the corrected record")


class DepartureRequest(BaseModel):
    """Another fine than the computed one: both stand."""

    model_config = _FORBID | {"title": "DepartureRequest"}

    imposed_fine_fen: Annotated[SafeInt, Field(ge=0)] = Field(description="inside the statutory range")
    reasons: Annotated[list[Words], Field(min_length=1, max_length=20)] = Field(description=f"why{FOR_EVER}")
    evidence: Annotated[list[_Digest], Field(min_length=1, max_length=100)] = Field(
        description="digests of what it rests on: sha256:<64 hex>"
    )
    by: Staff
    approved_by: Staff


class ErasureRequest(BaseModel):
    """Whose decision it is that personal data goes, and on what basis."""

    model_config = _FORBID | {"title": "ErasureRequest"}

    scope: Literal["record", "case"] = Field(
        default="record", description="this record's, or that of every record of its case"
    )
    basis: Words = Field(description=f"the law or the request it rests on{FOR_EVER}")
    by: Staff
    approved_by: Staff


class PersonalRequest(BaseModel):
    """Who wants to see personal data, and what for."""

    model_config = _FORBID | {"title": "PersonalRequest"}

    purpose: Words = Field(description=f"what for{FOR_EVER}")
    by: Staff


class FineRange(BaseModel):
    low_fen: int
    high_fen: int | None = Field(description="null where the law names no upper end")


class DepartureObject(BaseModel):
    """A departure as it stands in the log."""

    id: str
    index: int
    decision: RecordPlace
    computed_fine_fen: int
    imposed_fine_fen: int
    currency: str | None
    range: FineRange
    reasons: list[str]
    evidence: list[str]
    by: str
    approved_by: str


class ErasedObject(BaseModel):
    """A record whose personal data is gone, and the digests whose values nobody can show any more."""

    id: str
    index: int
    digests: list[str]


class ErasureObject(BaseModel):
    """An erasure as it stands in the log."""

    id: str
    index: int
    records: list[ErasedObject]
    basis: str
    by: str
    approved_by: str


class ErasuresObject(BaseModel):
    """What was erased; more than one event where a case has very many values."""

    erasures: list[ErasureObject]


class PersonalObject(BaseModel):
    """The personal data of a record, by where it stood in the question (JSON pointers)."""

    id: str
    index: int
    personal: dict[str, Any] = Field(examples=[{"/party/姓名": "张三"}])
    erased_by: int | None = Field(description="position of the erasure after which values are gone")
    access: RecordPlace | None = Field(description="the record of this reading; null where nothing was left to read")


async def read_step(request: Request, model: type[_Model], expected: str) -> _Model:
    """Read the body of a step as strictly as a question. Raise BadRequest, InvalidRequest."""
    if media_type_of(request) != JSON:
        raise BadRequest(f"send it as `{JSON}`", status=415, code="not_json", title="unsupported media type")
    return read_as(model, await body_of(request), expected)


def add_steps(app: FastAPI, desk: Desk, steps: Steps) -> None:
    """Add the routes to an application."""

    def entry_of(record_id: str) -> Entry:
        entry = desk.log.find(record_id)
        if entry is None:
            raise NotFound(f"there is no decision `{record_id[:64]}`")
        return entry

    @app.post(
        "/v1/trials",
        operation_id="try_out",
        summary="Try a question out: recorded as a trial, never counted, and no decision",
        status_code=201,
        response_class=Response,
        responses=ok("what would be decided, recorded as a trial", DecisionObject, 201)
        | ok("the same idempotency key and request came before: its answer", DecisionObject)
        | problems(413, 415, 422),
        openapi_extra=_body(DecisionRequest),
    )
    async def try_out(
        request: Request,
        idempotency_key: Annotated[
            str | None, Header(max_length=MAX_KEY, description='a quoted string, as in "8e03978e-40d5-43e8-bc93"')
        ] = None,
    ) -> Response:
        if media_type_of(request) != JSON:
            raise BadRequest(f"send it as `{JSON}`", status=415, code="not_json", title="unsupported media type")
        asked = read_request(await body_of(request))
        key = read_key(idempotency_key)
        recorded = await run_in_threadpool(
            desk.decide, asked.asked(), door="http", key=key, party=asked.party, trial=True
        )
        headers = {"Location": f"/v1/decisions/{recorded.id}"}
        return json(recorded.answer, 200 if recorded.repeated else 201, headers)

    @app.post(
        "/v1/decisions/{id}/corrections",
        operation_id="correct",
        summary="Correct a decision: the corrected question is decided anew, and both records stand",
        status_code=201,
        response_class=Response,
        responses=ok("decided again and recorded", DecisionObject, 201)
        | ok("the same correction came before: its answer", DecisionObject)
        | problems(404, 409, 413, 415, 422),
        openapi_extra=_body(CorrectionRequest),
    )
    async def correct(request: Request, id: str) -> Response:  # noqa: A002 - the field's own name
        asked = await read_step(request, CorrectionRequest, "expected an object with `reason` and `by`")
        change = Corrected(violation=asked.violation, on=asked.on, facts=asked.facts, decided=asked.decided)

        def done() -> Response:
            recorded = steps.correct(
                entry_of(id), change, reason=asked.reason, by=asked.by, door="http", party=asked.party
            )
            headers = {"Location": f"/v1/decisions/{recorded.id}"}
            return json(recorded.answer, 200 if recorded.repeated else 201, headers)

        return await run_in_threadpool(done)

    @app.post(
        "/v1/decisions/{id}/departures",
        operation_id="depart",
        summary="Record that another fine is imposed, inside the statutory range, by two people",
        status_code=201,
        response_class=Response,
        responses=ok("recorded; the decision stands as it was", DepartureObject, 201)
        | problems(404, 409, 413, 415, 422),
        openapi_extra=_body(DepartureRequest),
    )
    async def depart(request: Request, id: str) -> Response:  # noqa: A002 - the field's own name
        asked = await read_step(request, DepartureRequest, "expected an object with `imposed_fine_fen` and its reasons")
        departure = Departure(**asked.model_dump())
        return json(await run_in_threadpool(lambda: steps.depart(entry_of(id), departure, door="http")), 201)

    @app.post(
        "/v1/decisions/{id}/erasures",
        operation_id="erase",
        summary="Erase personal data of a record or its case; the log, its proofs and its replay stay whole",
        status_code=201,
        response_class=Response,
        responses=ok("gone, and recorded", ErasuresObject, 201) | problems(404, 409, 413, 415, 422),
        openapi_extra=_body(ErasureRequest),
    )
    async def erase(request: Request, id: str) -> Response:  # noqa: A002 - the field's own name
        asked = await read_step(request, ErasureRequest, "expected an object with `basis`, `by` and `approved_by`")
        said: dict[str, str] = {"basis": asked.basis, "by": asked.by, "approved_by": asked.approved_by}

        def done() -> Response:
            erased = steps.erase(entry_of(id), whole_case=asked.scope == "case", door="http", **said)
            return json(erased, 201)

        return await run_in_threadpool(done)

    @app.post(
        "/v1/decisions/{id}/personal",
        operation_id="read_personal",
        summary="Read the personal data of a record; that it was read is on the record first",
        response_class=Response,
        responses=ok("the values that are there", PersonalObject) | problems(404, 409, 413, 415, 422),
        openapi_extra=_body(PersonalRequest),
    )
    async def read_personal(request: Request, id: str) -> Response:  # noqa: A002 - the field's own name
        asked = await read_step(request, PersonalRequest, "expected an object with `purpose` and `by`")
        found = await run_in_threadpool(
            lambda: steps.read_personal(entry_of(id), purpose=asked.purpose, by=asked.by, door="http")
        )
        return json(found, headers={"Cache-Control": "no-store"})


def _body(model: type[BaseModel]) -> dict[str, Any]:
    return {"requestBody": {"required": True, "content": {JSON: {"schema": model.model_json_schema()}}}}
