"""The record of one answer: what was asked, what was answered, under which law, when. Canonical JSON (RFC 8785).

A record is of one violation (kind "decision", "trial" or "correction"; the answer stands under `decision`) or of a
whole case decided together (kind "joint", "joint_trial" or "joint_correction"; the answer stands under `joint`). A
trial decides nothing; a correction decides again what an earlier record decided on a wrong question, and both stand.

The bytes written here are the leaf of the log; nothing ever rebuilds them from columns. Personal data is never in them:
`pd` holds the digests of salted disclosures (RFC 9901), the values stand in the vault (`cases.log.vault`), and a case
reference is the case system's number, never a name.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Literal

import rfc8785
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from cases.disclosure import ALGORITHM
from cases.request import Request
from engine import MEANING, Act, GivenFact, GivenFacts, Wire

__all__ = [
    "VERSION",
    "Asked",
    "AskedTogether",
    "Correction",
    "JointRecord",
    "Record",
    "RecordKind",
    "plain_value",
    "read_any",
    "read_record",
    "write_record",
]

VERSION = 1

RecordKind = Literal["decision", "trial", "correction", "joint", "joint_trial", "joint_correction"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a caller asked: the violation's code, the day of the act, the facts, and the case it belongs to.

    Facts hold text, whole numbers up to 2**53 - 1, booleans, lists of text and lists of flat records only; the doors
    see to that. `decided` is the day of the decision, where it matters (从旧兼从轻).
    """

    violation: str
    on: date
    facts: GivenFacts
    case_ref: str | None = None
    decided: date | None = None

    def to_wire(self) -> dict[str, Wire]:
        """Write the question as JSON values."""
        wire: dict[str, Wire] = {"violation": self.violation, "on": self.on.isoformat(), "facts": _plain(self.facts)}
        if self.decided is not None:
            wire["decided"] = self.decided.isoformat()
        if self.case_ref is not None:
            wire["case_ref"] = self.case_ref
        return wire


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedTogether:
    """What a caller asked of a whole case: its violations, each with the act it belongs to, and their day."""

    on: date
    acts: tuple[Act, ...]
    case_ref: str | None = None
    decided: date | None = None

    def to_wire(self) -> dict[str, Wire]:
        """Write the question as JSON values."""
        wire: dict[str, Wire] = {"on": self.on.isoformat(), "acts": [_act(each) for each in self.acts]}
        if self.decided is not None:
            wire["decided"] = self.decided.isoformat()
        if self.case_ref is not None:
            wire["case_ref"] = self.case_ref
        return wire


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """Which record is corrected, why, and by whom (a staff number)."""

    id: str
    index: int
    reason: str
    by: str

    def to_wire(self) -> dict[str, Wire]:
        """Write what a correction's record says beside its question."""
        return {"corrects": {"id": self.id, "index": self.index}, "reason": self.reason, "by": self.by}


def _act(act: Act) -> dict[str, Wire]:
    wire: dict[str, Wire] = {"act": act.act, "violation": act.violation, "facts": _plain(act.facts)}
    if act.on is not None:
        wire["on"] = act.on.isoformat()
    return wire


def _plain(facts: GivenFacts) -> dict[str, Wire]:
    return {name: plain_value(value) for name, value in facts.items()}


def plain_value(value: GivenFact) -> Wire:
    """Write a given fact as JSON values."""
    if isinstance(value, str | int):
        return value
    return [each if isinstance(each, str) else dict(each) for each in value]


def write_record(
    *,
    record_id: str,
    time: str,
    nonce: str,
    door: str,
    rulebook: str,
    asked: Asked | AskedTogether,
    decision: dict[str, Wire],
    request: Request | None = None,
    digests: Sequence[str] = (),
    trial: bool = False,
    correction: Correction | None = None,
) -> bytes:
    """Write the record of a decision object, or of a joint object, as canonical bytes.

    `nonce` is 128 random bits in hex: without it a leaf of few possible contents could be guessed from its hash.
    `request` is the one it is appended under, if any. `digests` are those of the disclosures that hold the personal
    data, in their own order.
    """
    answer: Literal["decision", "joint"] = "decision" if isinstance(asked, Asked) else "joint"
    kind: RecordKind = answer
    if trial:
        kind = "trial" if answer == "decision" else "joint_trial"
    elif correction is not None:
        kind = "correction" if answer == "decision" else "joint_correction"
    record: dict[str, Wire] = {
        "v": VERSION,
        "kind": kind,
        "id": record_id,
        "time": time,
        "nonce": nonce,
        "door": door,
        "request": None if request is None else request.digest(nonce),
        "rulebook": rulebook,
        "meaning": MEANING,
        "asked": asked.to_wire(),
        answer: decision,
    }
    if digests:
        record["pd"] = {"_sd": list(digests), "_sd_alg": ALGORITHM}
    if correction is not None:
        record |= correction.to_wire()
    return rfc8785.dumps(record)


_STRICT = ConfigDict(strict=True, extra="forbid", frozen=True)
_Fact = bool | int | str | list[str] | list[dict[str, bool | int | str]]


class _Asked(BaseModel):
    model_config = _STRICT

    violation: str
    on: date
    facts: dict[str, _Fact]
    case_ref: str | None = None
    decided: date | None = None


class _Refusal(BaseModel):
    model_config = _STRICT

    code: str
    message: str
    field: str | None


class _Decision(BaseModel):
    # What readers of old records rely on; later versions may say more.
    model_config = ConfigDict(strict=True, extra="allow", frozen=True)

    outcome: Literal["decision", "refusal"]
    violation: str
    name: str | None
    on: date
    tier: str | None
    fine_fen: int | None
    measures: list[dict[str, Any]]
    refusal: _Refusal | None
    basis: list[dict[str, str]]
    rule: dict[str, str] | None
    trace: list[dict[str, Any]]


class _Part(BaseModel):
    model_config = ConfigDict(strict=True, extra="allow", frozen=True)

    act: str
    falls_away: list[dict[str, str | None]]
    decision: _Decision


class _JointRefusal(_Refusal):
    act: str | None
    violation: str | None


class _Joint(BaseModel):
    model_config = ConfigDict(strict=True, extra="allow", frozen=True)

    outcome: Literal["decision", "refusal"]
    on: date
    fine_fen: int | None
    fine_range: dict[str, int | None] | None
    measures: list[dict[str, Any]]
    refusal: _JointRefusal | None
    parts: list[_Part]
    comparison: dict[str, Any] | None
    trace: list[dict[str, Any]]


class _AskedAct(BaseModel):
    model_config = _STRICT

    act: str
    violation: str
    facts: dict[str, _Fact]
    on: date | None = None


class _AskedTogether(BaseModel):
    model_config = _STRICT

    on: date
    acts: list[_AskedAct]
    case_ref: str | None = None
    decided: date | None = None


class _Personal(BaseModel):
    model_config = _STRICT

    digests: Annotated[list[Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{43}$")]], Field(min_length=1)] = Field(
        alias="_sd"
    )
    algorithm: Literal["sha-256"] = Field(alias="_sd_alg")


class _Head(BaseModel):
    model_config = _STRICT

    v: Literal[1]
    id: str
    time: str
    nonce: str
    door: str
    request: str | None = None
    rulebook: str
    meaning: int
    pd: _Personal | None = None


class _Record(_Head):
    kind: Literal["decision", "trial"]
    asked: _Asked
    decision: Annotated[_Decision, Field(repr=False)]


class _Corrected(BaseModel):
    model_config = _STRICT

    id: str
    index: int


class _Correction(_Head):
    kind: Literal["correction"]
    asked: _Asked
    decision: Annotated[_Decision, Field(repr=False)]
    corrects: _Corrected
    reason: str
    by: str


class _JointRecord(_Head):
    kind: Literal["joint", "joint_trial"]
    asked: _AskedTogether
    joint: Annotated[_Joint, Field(repr=False)]


class _JointCorrection(_Head):
    kind: Literal["joint_correction"]
    asked: _AskedTogether
    joint: Annotated[_Joint, Field(repr=False)]
    corrects: _Corrected
    reason: str
    by: str


_SINGLE: TypeAdapter[_Record | _Correction] = TypeAdapter(Annotated[_Record | _Correction, Field(discriminator="kind")])
_ANY: TypeAdapter[_Record | _Correction | _JointRecord | _JointCorrection] = TypeAdapter(
    Annotated[_Record | _Correction | _JointRecord | _JointCorrection, Field(discriminator="kind")]
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A record as read back; `decision` is the decision object as it was written, `digests` those of personal data."""

    id: str
    time: str
    rulebook: str
    meaning: int
    asked: Asked
    decision: dict[str, Any]
    kind: Literal["decision", "trial", "correction"] = "decision"
    digests: tuple[str, ...] = ()
    correction: Correction | None = None

    @property
    def trial(self) -> bool:
        """Whether it only tried a question out."""
        return self.kind == "trial"


@dataclass(frozen=True, slots=True, kw_only=True)
class JointRecord:
    """The record of a case decided together, as read back; `joint` is the joint object as it was written."""

    id: str
    time: str
    rulebook: str
    meaning: int
    asked: AskedTogether
    joint: dict[str, Any]
    kind: Literal["joint", "joint_trial", "joint_correction"] = "joint"
    digests: tuple[str, ...] = ()
    correction: Correction | None = None

    @property
    def trial(self) -> bool:
        """Whether it only tried a case out."""
        return self.kind == "joint_trial"


def read_record(data: bytes) -> Record:
    """Read the bytes of a record of one violation, checking every part; ValueError where they are none known here.

    What stands in a log may have been written by anyone who could reach the file: readers further up rely on this.
    """
    return _single(_SINGLE.validate_json(data))


def read_any(data: bytes) -> Record | JointRecord:
    """Read a record of either kind, checked the same way; ValueError where the bytes are none known here."""
    read = _ANY.validate_json(data)
    return _together(read) if isinstance(read, _JointRecord | _JointCorrection) else _single(read)


def _digests(read: _Head) -> tuple[str, ...]:
    return () if read.pd is None else tuple(read.pd.digests)


def _single(read: _Record | _Correction) -> Record:
    asked = read.asked
    return Record(
        id=read.id,
        time=read.time,
        rulebook=read.rulebook,
        meaning=read.meaning,
        asked=Asked(
            violation=asked.violation,
            on=asked.on,
            facts=asked.facts,
            case_ref=asked.case_ref,
            decided=asked.decided,
        ),
        decision=read.decision.model_dump(mode="json"),
        kind=read.kind,
        digests=_digests(read),
        correction=_correction(read) if isinstance(read, _Correction) else None,
    )


def _correction(read: _Correction | _JointCorrection) -> Correction:
    return Correction(id=read.corrects.id, index=read.corrects.index, reason=read.reason, by=read.by)


def _together(read: _JointRecord | _JointCorrection) -> JointRecord:
    asked = read.asked
    return JointRecord(
        id=read.id,
        time=read.time,
        rulebook=read.rulebook,
        meaning=read.meaning,
        asked=AskedTogether(
            on=asked.on,
            acts=tuple(
                Act(act=each.act, violation=each.violation, facts=each.facts, on=each.on) for each in asked.acts
            ),
            case_ref=asked.case_ref,
            decided=asked.decided,
        ),
        joint=read.joint.model_dump(mode="json"),
        kind=read.kind,
        digests=_digests(read),
        correction=_correction(read) if isinstance(read, _JointCorrection) else None,
    )
