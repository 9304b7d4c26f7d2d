"""The record of one decision: what was asked, what was answered, under which law, when. Canonical JSON (RFC 8785).

The bytes written here are the leaf of the log; nothing ever rebuilds them from columns. Personal data does not belong
in them: a case reference is the case system's number, never a name.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Literal

import rfc8785
from pydantic import BaseModel, ConfigDict, Field

from engine import MEANING, GivenFact, GivenFacts, Wire

__all__ = ["VERSION", "Asked", "Record", "plain_value", "read_record", "write_record"]

VERSION = 1


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
    asked: Asked,
    decision: dict[str, Wire],
) -> bytes:
    """Write a decision's record as canonical bytes.

    `nonce` is 128 random bits in hex: without it a leaf of few possible contents could be guessed from its hash.
    """
    record: dict[str, Wire] = {
        "v": VERSION,
        "kind": "decision",
        "id": record_id,
        "time": time,
        "nonce": nonce,
        "door": door,
        "rulebook": rulebook,
        "meaning": MEANING,
        "asked": asked.to_wire(),
        "decision": decision,
    }
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


class _Record(BaseModel):
    model_config = _STRICT

    v: Literal[1]
    kind: Literal["decision"]
    id: str
    time: str
    nonce: str
    door: str
    rulebook: str
    meaning: int
    asked: _Asked
    decision: Annotated[_Decision, Field(repr=False)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A record as read back; `decision` is the decision object as it was written."""

    id: str
    time: str
    rulebook: str
    meaning: int
    asked: Asked
    decision: dict[str, Any]


def read_record(data: bytes) -> Record:
    """Read a record's bytes, checking every part of its shape; ValueError where they are no decision known here.

    What stands in a log may have been written by anyone who could reach the file: readers further up rely on this.
    """
    read = _Record.model_validate_json(data)
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
    )
