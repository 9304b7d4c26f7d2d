"""The two readings beside a decision: which facts can still matter before it, and what would have changed it after.

Before it no amount is told; after it, it stands on the record. Between the two there is no door.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import FastAPI, Query
from pydantic import BaseModel, Field
from starlette.responses import Response

from api.answers import json, ok, problems
from api.models import MeasureObject, RefusalObject, read_question
from api.problems import NotExplained, NotFound
from cases.desk import Desk, find_decision
from cases.errors import LogDamaged
from cases.reasons import NoReasons, Reasons
from cases.record import JointRecord, read_any
from engine.asking import still_asked

__all__ = ["add_asking"]

_DAY: dict[str, Any] = {"format": "date"}


class AskedFact(BaseModel):
    """One question: the fact's name and its JSON Schema; `decided` is the parameter of that name, no fact."""

    name: str
    fact: dict[str, Any] = Field(alias="schema")


class NextObject(BaseModel):
    """What can still matter, in the order to ask it."""

    complete: bool = Field(description="nothing is missing: the answer is had by recording the decision")
    ask: list[AskedFact]
    refusal: RefusalObject | None = Field(description="what is wrong with the question as it stands")


class TierReason(BaseModel):
    """Why a tier did not apply, and by how much."""

    tier: str
    zh: str
    en: str


class ChangeRefusal(BaseModel):
    code: str
    message: str


class Change(BaseModel):
    """The nearest value of one fact, all others as they are, that gives another outcome; it goes on up to `until`."""

    fact: str
    side: Literal["below", "above", "other"]
    given: str
    value: str
    until: str
    moving: bool = Field(description="figures go on changing up to `until`; those told are at `value`")
    outcome: Literal["decision", "refusal"]
    tier: str | None
    fine_fen: int | None
    currency: str = Field(description="ISO 4217 code")
    measures: list[MeasureObject]
    refusal: ChangeRefusal | None
    zh: str
    en: str


class GradualStep(BaseModel):
    """The next step of one fact, all others as they are, where every step changes the figures of the decision."""

    fact: str
    side: Literal["below", "above"]
    given: str
    value: str
    steady: bool = Field(description="the steps beside this one change the figures by as much")
    fine_fen: int | None
    measures: list[MeasureObject]
    zh: str
    en: str


class WhyObject(BaseModel):
    """Why a recorded decision was not another: what other tiers lacked, and the least changes of facts."""

    id: str
    tiers: list[TierReason]
    gradual: list[GradualStep]
    counterfactuals: list[Change]
    cut: list[str] = Field(description="facts whose search was cut short: nearer changes may not be listed")


def add_asking(app: FastAPI, desk: Desk, reasons: Reasons) -> None:
    """Add the routes to an application."""

    @app.get(
        "/v1/violations/{code}/next",
        operation_id="ask_next",
        summary="Which facts can still matter; gives no amount and records nothing",
        response_class=Response,
        responses=ok("what remains to be asked", NextObject) | problems(404, 422),
    )
    def ask_next(
        code: str,
        on: Annotated[str, Query(max_length=10, description="day of the act", json_schema_extra=_DAY)],
        facts: Annotated[
            str, Query(max_length=20_000, description='the facts so far, a JSON object: {"一年内次数": 2}')
        ] = "{}",
        decided: Annotated[
            str | None, Query(max_length=10, description="day of the decision", json_schema_extra=_DAY)
        ] = None,
    ) -> Response:
        rulebook = desk.law.rulebook
        if code not in rulebook.rules:
            raise NotFound(f"there is no violation `{code[:64]}`")
        # Personal facts decide nothing, and no complaint may repeat them.
        asked, _ = desk.personal.divide(read_question(code, on, facts, decided), {})
        asking = still_asked(rulebook, code, asked.on, asked.facts, decided=asked.decided)
        return json(asking.to_wire(rulebook.rules[code].language))

    @app.get(
        "/v1/decisions/{id}/why",
        operation_id="read_why",
        summary="Why a recorded decision was not another, and the least changes of facts that would have changed it",
        response_class=Response,
        responses=ok("from the record, under the rule bytes of its day", WhyObject) | problems(404, 409),
    )
    def read_why(id: str) -> Response:  # noqa: A002 - the field's own name
        entry = find_decision(desk.log, id)
        if entry is None:
            raise NotFound(f"there is no decision `{id[:64]}`")
        try:
            record = read_any(entry.data)
        except ValueError as error:
            raise LogDamaged("its bytes are no decision", entry.seq) from error
        if isinstance(record, JointRecord):
            raise NotFound(f"`{id[:64]}` is a whole case; its parts say what each rests on")
        found = reasons.of(record)
        if isinstance(found, NoReasons):
            raise NotExplained(found.message_en)
        return json({"id": record.id, **found.to_wire()})
