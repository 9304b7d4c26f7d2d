"""The record of one decision: what was asked, what was answered, under which law, when. Canonical JSON (RFC 8785).

The bytes written here are the leaf of the log; nothing ever rebuilds them from columns. Personal data does not belong
in them: a case reference is the case system's number, never a name.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from typing import Any

import rfc8785

from engine import MEANING, GivenFacts, Wire

__all__ = ["VERSION", "Asked", "read_record", "write_record"]

VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a caller asked: the violation's code, the day of the act, the facts, and the case it belongs to.

    Facts hold text, whole numbers up to 2**53 - 1, booleans and lists of text only; the doors see to that.
    """

    violation: str
    on: date
    facts: GivenFacts
    case_ref: str | None = None

    def to_wire(self) -> dict[str, Wire]:
        """Write the question as JSON values."""
        wire: dict[str, Wire] = {"violation": self.violation, "on": self.on.isoformat(), "facts": _plain(self.facts)}
        if self.case_ref is not None:
            wire["case_ref"] = self.case_ref
        return wire

    @classmethod
    def from_wire(cls, wire: dict[str, Any]) -> Asked:
        """Read a question back from a record."""
        return cls(
            violation=wire["violation"],
            on=date.fromisoformat(wire["on"]),
            facts=wire["facts"],
            case_ref=wire.get("case_ref"),
        )


def _plain(facts: GivenFacts) -> dict[str, Wire]:
    return {name: value if isinstance(value, str | int) else list(value) for name, value in facts.items()}


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


def read_record(data: bytes) -> dict[str, Any]:
    """Read a record's bytes; ValueError where they are no JSON object of a version known here."""
    record = json.loads(data)
    if not isinstance(record, dict) or record.get("v") != VERSION:
        raise ValueError("no record of a version known here")
    return record
