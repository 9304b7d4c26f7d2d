"""The door for whole cases: several violations decided together, recorded as one record."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from fastapi import FastAPI, Header
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StrictStr, StringConstraints
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from api.answers import JSON, json, ok, problems
from api.body import MAX_KEY, body_of, media_type_of, read_key
from api.models import (
    PARTY,
    ActDeparture,
    DecidedObject,
    FactName,
    FactValue,
    MeasureObject,
    Party,
    RecordPlace,
    read_day_text,
)
from api.problems import BadRequest, NotFound
from api.strict import read_as
from cases.desk import Desk, answer_of, find_decision
from cases.record import AskedTogether
from cases.steps import since_case
from engine import Act
from engine.joined import JointRefusalCode, JointStepKind

__all__ = [
    "MAX_ACTS",
    "ActLabel",
    "ActRequest",
    "JointObject",
    "JointRequest",
    "add_joint",
    "in_one_piece",
    "read_case_request",
    "read_joint_request",
]

MAX_ACTS = 20
ActLabel = Annotated[StrictStr, StringConstraints(min_length=1, max_length=100)]
_Day = Annotated[date, BeforeValidator(read_day_text)]


class ActRequest(BaseModel):
    """One violation of the case."""

    model_config = ConfigDict(extra="forbid")

    act: ActLabel = Field(
        description="which act of the party this is: violations with the same label are one act and fined once",
        examples=["行为一"],
    )
    violation: Annotated[StrictStr, StringConstraints(min_length=1, max_length=64)] = Field(
        description="code of the violation", examples=["SZCG-013"]
    )
    facts: Annotated[dict[FactName, FactValue], Field(max_length=100)] = Field(
        description="facts by name; numbers with decimals as text, never as a JSON number",
        examples=[{"一年内次数": 2}],
    )
    on: _Day | None = Field(default=None, description="day of this act, where it is another than the case's")

    def asked(self) -> Act:
        """The act as the desk takes it."""
        return Act(act=self.act, violation=self.violation, facts=self.facts, on=self.on)


class JointRequest(BaseModel):
    """A case: what do these violations of one party cost together?"""

    model_config = ConfigDict(extra="forbid", title="JointRequest")

    on: _Day = Field(
        description="day of the acts (1800 to 2999): the law of this day applies, and look-back counts back from it",
        examples=["2026-11-01"],
    )
    acts: Annotated[list[ActRequest], Field(min_length=1, max_length=MAX_ACTS)]
    decided: _Day | None = Field(
        default=None,
        description="day of the decision: where the regime declares so, a later and lighter version of the law applies",
    )
    case_ref: Annotated[StrictStr, StringConstraints(min_length=1, max_length=100)] | None = Field(
        default=None, description="the case system's number for the case; never a name or other personal data"
    )
    party: Party = Field(default={}, description=PARTY, examples=[{"姓名": "张三", "电话": "13800000000"}])

    def asked(self) -> AskedTogether:
        """The question as the desk takes it."""
        return AskedTogether(
            on=self.on,
            acts=tuple(each.asked() for each in self.acts),
            case_ref=self.case_ref,
            decided=self.decided,
        )


def read_joint_request(body: bytes) -> JointRequest:
    """Read a body, or a file, as strictly as one decision is asked for. Raise BadRequest, InvalidRequest."""
    return read_as(JointRequest, body, "expected an object with `on` and `acts`")


class RangeOfFine(BaseModel):
    low_fen: int
    high_fen: int | None = Field(description="null where the law names no upper end")


class KeptMeasure(MeasureObject):
    """A measure that stands, and which violations of which act impose it."""

    act: str
    violations: list[str]


class FallsAwayObject(BaseModel):
    """A fine of this part that gives way to the fine of another part of the same act."""

    payer: str | None = Field(description="whose fine; null for the party itself")
    by: str = Field(description="code of the violation whose fine stands")
    reason: str


class PartObject(BaseModel):
    """One violation: its own decision object, whole, and which of its fines fall away."""

    act: str
    falls_away: list[FallsAwayObject]
    decision: DecidedObject


class JointRefusalObject(BaseModel):
    """Why the case is not decided together; `act`, `violation` and `field` name what is at fault, where they can."""

    code: JointRefusalCode
    message: str
    act: str | None
    violation: str | None
    field: str | None


class DeclaredObject(BaseModel):
    question: str
    answer: str
    reason: str


class ComparisonObject(BaseModel):
    """The article on one act and one fine, and which fines are compared, as declared."""

    code: str
    article: str
    quote: str
    compare: Literal["computed", "statutory"]
    declared: list[DeclaredObject]


class JointStepObject(BaseModel):
    """One step of deciding together; fields that say nothing are absent."""

    step: JointStepKind
    act: str | None = None
    violation: str | None = None
    payer: str | None = None
    by: str | None = Field(default=None, description="the violation whose fine stands, or what is meant by the step")
    text: str | None = None
    low_fen: int | None = None
    high_fen: int | None = None
    limit_fen: int | None = Field(default=None, description="the greatest fine the statute allows")


class JointObject(BaseModel):
    """A case decided together, or refused as a whole; the same from every door and in the record."""

    id: str
    index: int = Field(description="position of the record in the log, from 0")
    outcome: Literal["decision", "refusal"]
    on: date
    fine_fen: int | None = Field(
        description="the fines on the party itself that stand, added up; null where there is none, or only a range"
    )
    currency: str | None = Field(description="ISO 4217 code of every amount; null where the parts have no one currency")
    fine_range: RangeOfFine | None = Field(description="the sum where a part is only a published range")
    measures: list[KeptMeasure]
    refusal: JointRefusalObject | None
    parts: list[PartObject] = Field(description="in order of act and code")
    comparison: ComparisonObject | None
    meaning: int = Field(description="version of what rules mean to the engine")
    trace: list[JointStepObject]
    trial: bool = Field(default=False, description="true of a trial, which decides nothing; else absent")
    corrects: RecordPlace | None = Field(default=None, description="of a correction: which record; else absent")
    reason: str | None = Field(default=None, description="of a correction: why; else absent")
    by: str | None = Field(default=None, description="of a correction: whose; else absent")
    corrected_by: str | None = Field(default=None, description="id of the record that corrects this one; else absent")
    departures: list[ActDeparture] | None = Field(
        default=None, description="the acts whose fine was departed from, in order of their labels; else absent"
    )


def in_one_piece(model: type[BaseModel]) -> dict[str, Any]:
    """Describe a request in one piece: an OpenAPI document has no place for a schema's own definitions."""
    schema = model.model_json_schema()
    definitions = schema.pop("$defs", {})

    def whole(value: Any) -> Any:
        if isinstance(value, list):
            return [whole(each) for each in value]
        if not isinstance(value, dict):
            return value
        if "$ref" in value:
            return whole(definitions[value["$ref"].removeprefix("#/$defs/")])
        return {name: whole(each) for name, each in value.items()}

    found: dict[str, Any] = whole(schema)
    return found


async def read_case_request(request: Request) -> JointRequest:
    """Read the body of a request about a case. Raise BadRequest, InvalidRequest."""
    if media_type_of(request) != JSON:
        detail = f"send the case as `{JSON}`"
        raise BadRequest(detail, status=415, code="not_json", title="unsupported media type")
    return read_joint_request(await body_of(request))


def add_joint(app: FastAPI, desk: Desk) -> None:
    """Add the routes to an application."""

    @app.post(
        "/v1/cases",
        operation_id="decide_together",
        summary="Decide a whole case: separate acts add up, one act is fined once; recorded before it is answered",
        status_code=201,
        response_class=Response,
        responses=ok("decided, or refused by name, and recorded", JointObject, 201)
        | ok("the same idempotency key and request came before: its answer", JointObject)
        | problems(413, 415, 422),
        openapi_extra={"requestBody": {"required": True, "content": {JSON: {"schema": in_one_piece(JointRequest)}}}},
    )
    async def decide_together(
        request: Request,
        idempotency_key: Annotated[
            str | None, Header(max_length=MAX_KEY, description='a quoted string, as in "8e03978e-40d5-43e8-bc93"')
        ] = None,
    ) -> Response:
        asked = await read_case_request(request)
        key = read_key(idempotency_key)
        recorded = await run_in_threadpool(desk.decide_together, asked.asked(), door="http", key=key, party=asked.party)
        headers = {"Location": f"/v1/cases/{recorded.id}"}
        return json(recorded.answer, 200 if recorded.repeated else 201, headers)

    @app.get(
        "/v1/cases/{id}",
        operation_id="read_case",
        summary="Read a recorded case that was decided together",
        response_class=Response,
        responses=ok("as it was answered, and what became of it", JointObject) | problems(404),
    )
    def read_case(id: str) -> Response:  # noqa: A002 - the field's own name
        entry = find_decision(desk.log, id)
        recorded = None if entry is None else answer_of(entry.data, entry.seq)
        if recorded is None or not recorded.together:
            raise NotFound(f"there is no case `{id[:64]}`" + ("" if recorded is None else "; it is a single decision"))
        return json({**recorded.answer, **since_case(desk.log, recorded)})
