"""The doors beside a case decided together: trials before it, corrections and departures after it.

Its personal data is read and erased like that of any record (`api.steps`).
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from fastapi import FastAPI, Header
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from api.answers import JSON, json, ok, problems
from api.body import MAX_KEY, read_key
from api.joint import MAX_ACTS, ActLabel, ActRequest, JointObject, JointRequest, in_one_piece, read_case_request
from api.models import PARTY, Party, read_day_text
from api.problems import NotFound
from api.steps import FOR_EVER, DepartureObject, DepartureRequest, Staff, Words, read_step
from cases.desk import Desk
from cases.log.store import Entry
from cases.steps import CorrectedCase, Departure, Steps

__all__ = ["add_case_steps"]

_Day = Annotated[date, BeforeValidator(read_day_text)]


class CaseCorrectionRequest(BaseModel):
    """What was wrong with the case; what is left out stays as it was, acts are given anew, all of them."""

    model_config = ConfigDict(extra="forbid", title="CaseCorrectionRequest")

    reason: Words = Field(description=f"why{FOR_EVER}")
    by: Staff
    on: _Day | None = None
    acts: Annotated[list[ActRequest], Field(min_length=1, max_length=MAX_ACTS)] | None = None
    decided: _Day | None = None
    party: Party = Field(default={}, description=f"{PARTY}. It is not carried over from the corrected record")


class CaseDepartureRequest(DepartureRequest):
    """Another fine than the computed one for one act of a case: both stand."""

    model_config = ConfigDict(extra="forbid", title="CaseDepartureRequest")

    act: ActLabel = Field(description="whose fine is another: the label of the act in the case", examples=["行为一"])


class CaseDepartureObject(DepartureObject):
    """A departure from the fine of one act of a case, as it stands in the log; the amounts are of that act."""

    act: str
    violation: str = Field(description="the violation whose fine stands for the act, and whose statutory range it is")


def add_case_steps(app: FastAPI, desk: Desk, steps: Steps) -> None:
    """Add the routes to an application."""

    def entry_of(record_id: str) -> Entry:
        entry = desk.log.find(record_id)
        if entry is None:
            raise NotFound(f"there is no case `{record_id[:64]}`")
        return entry

    @app.post(
        "/v1/case-trials",
        operation_id="try_out_case",
        summary="Try a whole case out: recorded as a trial, never counted, and no decision",
        status_code=201,
        response_class=Response,
        responses=ok("what would be decided, recorded as a trial", JointObject, 201)
        | ok("the same idempotency key and request came before: its answer", JointObject)
        | problems(413, 415, 422),
        openapi_extra=_body(JointRequest),
    )
    async def try_out_case(
        request: Request,
        idempotency_key: Annotated[
            str | None, Header(max_length=MAX_KEY, description='a quoted string, as in "8e03978e-40d5-43e8-bc93"')
        ] = None,
    ) -> Response:
        asked = await read_case_request(request)
        key = read_key(idempotency_key)
        recorded = await run_in_threadpool(
            desk.decide_together, asked.asked(), door="http", key=key, party=asked.party, trial=True
        )
        headers = {"Location": f"/v1/cases/{recorded.id}"}
        return json(recorded.answer, 200 if recorded.repeated else 201, headers)

    @app.post(
        "/v1/cases/{id}/corrections",
        operation_id="correct_case",
        summary="Correct a case decided together: the corrected case is decided anew, and both records stand",
        status_code=201,
        response_class=Response,
        responses=ok("decided again and recorded", JointObject, 201)
        | ok("the same correction came before: its answer", JointObject)
        | problems(404, 409, 413, 415, 422),
        openapi_extra=_body(CaseCorrectionRequest),
    )
    async def correct_case(request: Request, id: str) -> Response:  # noqa: A002 - the field's own name
        asked = await read_step(request, CaseCorrectionRequest, "expected an object with `reason` and `by`")
        acts = None if asked.acts is None else [each.asked() for each in asked.acts]
        change = CorrectedCase(on=asked.on, acts=acts, decided=asked.decided)

        def done() -> Response:
            recorded = steps.correct_case(
                entry_of(id), change, reason=asked.reason, by=asked.by, door="http", party=asked.party
            )
            headers = {"Location": f"/v1/cases/{recorded.id}"}
            return json(recorded.answer, 200 if recorded.repeated else 201, headers)

        return await run_in_threadpool(done)

    @app.post(
        "/v1/cases/{id}/departures",
        operation_id="depart_in_case",
        summary="Record that another fine is imposed for one act of a case, inside the statutory range, by two people",
        status_code=201,
        response_class=Response,
        responses=ok("recorded; the case stands as it was", CaseDepartureObject, 201)
        | problems(404, 409, 413, 415, 422),
        openapi_extra=_body(CaseDepartureRequest),
    )
    async def depart_in_case(request: Request, id: str) -> Response:  # noqa: A002 - the field's own name
        expected = "expected an object with `act`, `imposed_fine_fen` and its reasons"
        asked = await read_step(request, CaseDepartureRequest, expected)
        departure = Departure(**asked.model_dump(exclude={"act"}))
        told = await run_in_threadpool(lambda: steps.depart_case(entry_of(id), asked.act, departure, door="http"))
        return json(told, 201)


def _body(model: type[BaseModel]) -> dict[str, Any]:
    return {"requestBody": {"required": True, "content": {JSON: {"schema": in_one_piece(model)}}}}
