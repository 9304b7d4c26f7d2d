"""The shapes of the HTTP door: what may be sent, and the decision object that every door gives.

Requests are validated by these; answers are already plain JSON values and are only described by them (OpenAPI).
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
    StrictStr,
    StringConstraints,
)

from api.problems import BadRequest, InvalidRequest
from api.strict import read_as, read_json, validated
from cases.record import Asked
from engine.calendar import read_day
from engine.decision import MeasureKind, StepKind
from engine.numbers import MAX_SAFE_INTEGER
from engine.refusals import RefusalCode

__all__ = [
    "CardObject",
    "DecidedObject",
    "DecisionObject",
    "DecisionRequest",
    "Health",
    "Party",
    "PowerItemObject",
    "Problem",
    "RecordPlace",
    "ViolationList",
    "ViolationObject",
    "read_day_text",
    "read_question",
    "read_request",
]


def read_day_text(value: object) -> date:
    """Read a day as text; ValueError where it is none."""
    day = read_day(value) if isinstance(value, str) else None
    if day is None:
        raise ValueError("expected a day as YYYY-MM-DD text")
    return day


SafeInt = Annotated[StrictInt, Field(ge=-MAX_SAFE_INTEGER, le=MAX_SAFE_INTEGER)]
ShortText = Annotated[StrictStr, StringConstraints(max_length=200)]
FactName = Annotated[StrictStr, StringConstraints(min_length=1, max_length=80)]
PartyName = Annotated[StrictStr, StringConstraints(min_length=1, max_length=40)]
PartyValue = Annotated[StrictStr, StringConstraints(min_length=1, max_length=200)]
Party = Annotated[dict[PartyName, PartyValue], Field(max_length=20)]
Record = Annotated[dict[FactName, StrictBool | SafeInt | ShortText], Field(max_length=40)]
FactValue = (
    StrictBool
    | SafeInt
    | ShortText
    | Annotated[list[ShortText], Field(max_length=1000)]
    | Annotated[list[Record], Field(max_length=200)]
)


PARTY = (
    "who it is about: names of your choice and their values. Nothing is decided by it; it is kept encrypted beside the "
    "record, which holds salted digests only (RFC 9901), and it can be erased"
)


class DecisionRequest(BaseModel):
    """A question: which penalty does this violation carry on these facts?"""

    model_config = ConfigDict(extra="forbid", title="DecisionRequest")

    violation: Annotated[StrictStr, StringConstraints(min_length=1, max_length=64)] = Field(
        description="code of the violation", examples=["SZCG-013"]
    )
    on: Annotated[date, BeforeValidator(read_day_text)] = Field(
        description="day of the act (1800 to 2999): the law of this day applies, and look-back counts back from it",
        examples=["2026-11-01"],
    )
    facts: Annotated[dict[FactName, FactValue], Field(max_length=100)] = Field(
        description="facts by name; numbers with decimals as text, never as a JSON number",
        examples=[{"一年内次数": 2}],
    )
    decided: Annotated[date, BeforeValidator(read_day_text)] | None = Field(
        default=None,
        description="day of the decision: where the regime declares so, a later and lighter version of the law applies",
    )
    case_ref: Annotated[StrictStr, StringConstraints(min_length=1, max_length=100)] | None = Field(
        default=None, description="the case system's number for the case; never a name or other personal data"
    )
    party: Party = Field(default={}, description=PARTY, examples=[{"姓名": "张三", "电话": "13800000000"}])

    def asked(self) -> Asked:
        """The question as the desk takes it."""
        return Asked(
            violation=self.violation, on=self.on, facts=self.facts, case_ref=self.case_ref, decided=self.decided
        )


def read_request(body: bytes) -> DecisionRequest:
    """Read a request body strictly: no duplicate key, no float, no NaN, no field that is not known.

    Raise BadRequest where it is no JSON, InvalidRequest where it is JSON of another shape.
    """
    return read_as(DecisionRequest, body, "expected an object with `violation`, `on` and `facts`")


def read_question(code: str, on: str, facts: str, decided: str | None) -> Asked:
    """Read a question whose facts stand in a query, as strictly as one in a body.

    Raise InvalidRequest where anything is not as it should be: a query that cannot be read has a wrong shape.
    """
    try:
        value = read_json(facts.encode(errors="surrogatepass"), "expected a JSON object of facts", "/facts")
    except BadRequest as error:
        raise InvalidRequest([{"pointer": "/facts", "detail": error.detail}]) from error
    if not isinstance(value, dict):
        raise InvalidRequest([{"pointer": "/facts", "detail": "expected a JSON object of facts"}])
    question: dict[str, Any] = {"violation": code, "on": on, "facts": value}
    return validated(DecisionRequest, question if decided is None else {**question, "decided": decided}).asked()


class MeasureObject(BaseModel):
    """One measure; which other fields it has depends on its kind. Amounts are hundredths of the currency's unit."""

    kind: MeasureKind
    amount_fen: int | None = Field(default=None, description="of a fine or of confiscated gains")
    payer: str | None = Field(default=None, description="who else it is imposed on; absent for the party itself")
    low_fen: int | None = Field(default=None, description="of a published range from which no rule picks a figure")
    high_fen: int | None = Field(default=None, description="its upper end; null where the law names none")
    goods: str | None = Field(default=None, description="what is confiscated")
    licence: str | None = Field(default=None, description="what is revoked or suspended")
    what: str | None = Field(default=None, description="what is ordered, restricted or flagged")
    name: str | None = Field(default=None, description="of an output besides the fine")
    value: str | None = Field(default=None, description="its figure, as text")
    value_low: str | None = Field(default=None, description="of a range the law leaves for it; null where it is open")
    value_high: str | None = Field(default=None, description="its upper end; null where it is open")
    time: str | None = Field(default=None, description="how long, as text")
    time_low: str | None = Field(default=None, description="of a range the law leaves for it; null where it is open")
    time_high: str | None = Field(default=None, description="its upper end; null where it is open")
    unit: str | None = Field(default=None, description="the unit of the time or the value")
    may: bool | None = Field(
        default=None, description="true where no penalty need be imposed, absent where none shall be"
    )
    basis: str | None = Field(default=None, description="the general law behind it, where it is not the tier's own")


class RefusalObject(BaseModel):
    """Why nothing may be imposed."""

    code: RefusalCode
    message: str
    field: str | None


class BasisObject(BaseModel):
    article: str
    quote: str


class RuleObject(BaseModel):
    """The rule file that decided: `digest` is `sha256:` and the hex digest of its bytes."""

    regime: str
    version: str
    digest: str


class StepObject(BaseModel):
    """One step of the reasoning; fields that say nothing are absent."""

    step: StepKind
    name: str | None = None
    text: str | None = Field(default=None, description="the rule's own words")
    at: str | None = Field(default=None, description="where they stand: file:line:column")
    reads: dict[str, str] | None = Field(default=None, description="the facts looked at")
    holds: bool | None = None
    before_fen: int | None = None
    after_fen: int | None = None
    least_before_fen: int | None = Field(default=None, description="of a published range, its lower end before")
    least_after_fen: int | None = Field(
        default=None, description="and after; before_fen and after_fen are its upper end"
    )


class DecidedObject(BaseModel):
    """What was decided of one violation, or refused."""

    outcome: Literal["decision", "refusal"]
    violation: str
    name: str | None
    on: date
    tier: str | None
    fine_fen: int | None = Field(
        description="whole hundredths of the currency's unit, on the party itself; "
        "null where there is no fine or only a range is published"
    )
    currency: str | None = Field(description="ISO 4217 code of every amount; null where no rule is known")
    measures: list[MeasureObject]
    refusal: RefusalObject | None
    basis: list[BasisObject]
    rule: RuleObject | None
    meaning: int = Field(description="version of what rules mean to the engine")
    trace: list[StepObject]


class RecordPlace(BaseModel):
    """A record: its id and its position in the log, from 0."""

    id: str
    index: int


class DecisionObject(DecidedObject):
    """The one decision object, the same from every door and in the record."""

    id: str
    index: int = Field(description="position of the record in the log, from 0")
    trial: bool = Field(default=False, description="true of a trial, which decides nothing; else absent")
    corrects: RecordPlace | None = Field(default=None, description="of a correction: which record; else absent")
    reason: str | None = Field(default=None, description="of a correction: why; else absent")
    by: str | None = Field(default=None, description="of a correction: whose; else absent")
    corrected_by: str | None = Field(default=None, description="id of the record that corrects this one; else absent")
    departure: str | None = Field(default=None, description="id of the departure from its fine; else absent")


class ActDeparture(BaseModel):
    """A departure from the fine of one act of a case: its id."""

    act: str
    id: str


class ViolationSummary(BaseModel):
    violation: str
    name: str
    category: str
    power_item: str
    regime: str


class ViolationList(BaseModel):
    total: int
    violations: list[ViolationSummary]


class InForce(BaseModel):
    first: date
    last: date | None


class RegimeObject(BaseModel):
    code: str
    name: str
    version: str
    number: str
    issuer: str
    published: date
    source: str
    currency: str = Field(description="ISO 4217 code")


class RangeObject(BaseModel):
    name: str
    text: str


class PreconditionObject(BaseModel):
    when: str
    otherwise: Literal["order_to_correct", "not_this_violation"]


class TierObject(BaseModel):
    tier: str
    when: str
    outcome: str
    quote: str


class DefectObject(BaseModel):
    kind: str
    tier: str | None
    note: str


class ComputedObject(BaseModel):
    """A named value of the rule, in its own words."""

    name: str
    text: str


class FinishingObject(BaseModel):
    """What happens between the tier and the amount."""

    kind: Literal["tier_move", "in_tier", "adjustment"]
    name: str
    when: str | None = Field(description="null where it holds when no other does")
    outcome: str
    basis: str


class GuardObject(BaseModel):
    """An article of general law that stands around the penalty."""

    guard: str
    name: str
    article: str


class ViolationObject(BaseModel):
    """A violation: what it asks (`facts` is a JSON Schema), its tiers and its law."""

    violation: str
    name: str
    category: str
    power_item: str
    in_force: InForce
    regime: RegimeObject
    digest: str
    basis: list[BasisObject]
    statutory_ranges: list[RangeObject]
    preconditions: list[PreconditionObject]
    tiers: list[TierObject]
    computed: list[ComputedObject]
    finishing: list[FinishingObject]
    guards: list[GuardObject]
    defects: list[DefectObject]
    remarks: list[str]
    facts: dict[str, Any]


class PowerItemObject(BaseModel):
    power_item: str
    name: str
    agency: str
    published: date
    in_force: InForce


class CardObject(BaseModel):
    """A yellow or red card: record `index` was held against record `earlier`."""

    index: int
    earlier: int | None
    level: str
    name: str
    case_ref: str
    violation: str
    time: str
    reason: str
    basis: str


class CardList(BaseModel):
    supervision: Literal["on", "off"]
    read: int = Field(description="records that supervision has read")
    cards: list[CardObject]


class Health(BaseModel):
    status: Literal["ok"]
    rulebook: str
    meaning: int
    violations: int
    log_size: int
    log_root: str
    signed_size: int = Field(description="records that the newest signed checkpoint covers")
    store: str = Field(description="the database of the log and its version")
    supervision: Literal["on", "off"]


class Problem(BaseModel):
    """A problem (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[dict[str, str]] | None = None
    reason: str | None = Field(default=None, description="of `step_refused`: a stable word for why")
