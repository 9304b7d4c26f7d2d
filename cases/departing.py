"""What a departure (逸脱) departs from, and whether it may: asked before one is recorded, and again at every replay.

It departs from one computed fine on the party itself: that of a decision, or of one act of a case decided together.
The act's fine is the one that stands there (行政处罚法 29); a fine that fell away is not imposed, and the sum of a case
has no statutory range, so nothing departs from either.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict

from cases.errors import StepRefused
from cases.record import JointRecord, Record
from engine import Decision, Joint, Rulebook, Wire, decide, decide_together, joint_to_wire, to_wire
from engine.decision import Imposed
from engine.joined import Kept
from engine.measures import Fine

__all__ = ["DepartureSaid", "Fined", "fine_of", "may_depart", "two_people"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fined:
    """A fine as it was computed, and the statutory range of its provision.

    `least_beside` is what an imposed fine may not fall below either: the greatest fine of the same act that fell away
    beside this one by its amount. Below it, that provision would have been the one with the higher fine.
    """

    violation: str
    computed_fen: int
    low_fen: int
    high_fen: int | None
    currency: str | None
    least_beside: tuple[str, int] | None = None

    def to_wire(self) -> dict[str, Wire]:
        """Write what a departure says of the fine it departs from."""
        return {
            "computed_fine_fen": self.computed_fen,
            "currency": self.currency,
            "range": {"low_fen": self.low_fen, "high_fen": self.high_fen},
        }


class _Place(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    id: str
    index: int


class _Range(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    low_fen: int
    high_fen: int | None


class DepartureSaid(BaseModel):
    """What a departure's event says under `about`; `act` and `violation` stand there for an act of a case only."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    decision: _Place
    act: str | None = None
    violation: str | None = None
    computed_fine_fen: int
    imposed_fine_fen: int
    currency: str | None
    range: _Range
    reasons: list[str]
    evidence: list[str]
    by: str
    approved_by: str


def fine_of(record: Record | JointRecord, act: str | None, rulebook: Rulebook) -> Fined:
    """The fine on the party itself, computed again under the rule bytes of its day; `act` names the act of a case.

    Raise StepRefused where there is none, or where it does not come out as it was recorded.
    """
    if isinstance(record, JointRecord):
        return _of_act(record, act, rulebook)
    if act is not None:
        raise StepRefused("no_such_act", "a decision of one violation has no acts: depart from its fine")
    if not isinstance(record.decision["fine_fen"], int):
        raise StepRefused("no_fine", "no fine was computed, so there is none to depart from")
    asked = record.asked
    outcome = decide(rulebook, asked.violation, asked.on, asked.facts, decided=asked.decided)
    if isinstance(outcome, Decision) and to_wire(outcome)["measures"] == record.decision["measures"]:
        for each in outcome.measures:
            if _on_the_party(each) and each.amount_fen is not None:
                return _fined(outcome.rule.code, each, each.amount_fen, record.decision.get("currency"))
    raise _does_not_replay()


def _of_act(record: JointRecord, act: str | None, rulebook: Rulebook) -> Fined:
    if record.joint["outcome"] != "decision":
        raise StepRefused("no_fine", "the case was refused, so there is no fine to depart from")
    named = {part["act"] for part in record.joint["parts"]}
    if act not in named:
        known = ", ".join(f"`{each}`" for each in sorted(named))
        raise StepRefused("no_such_act", f"name the act whose fine is another: the case has {known}")
    asked = record.asked
    joint = decide_together(rulebook, asked.on, asked.acts, decided=asked.decided)
    if not isinstance(joint, Joint) or _imposed(joint_to_wire(joint)) != _imposed(record.joint):
        raise _does_not_replay()
    kept = next((each for each in joint.measures if each.act == act and _on_the_party(each.imposed)), None)
    if kept is None:
        raise StepRefused("no_fine", "no fine on the party stands for this act, so there is none to depart from")
    if kept.imposed.amount_fen is None:
        raise StepRefused("no_fine", "of this act only a range is published: no fine was computed to depart from")
    beside = _beside(joint, kept)
    return _fined(kept.violations[0], kept.imposed, kept.imposed.amount_fen, record.joint.get("currency"), beside)


def _imposed(joint: dict[str, Any]) -> list[Any]:
    """What a departure rests on: the measures that stand, and those of each part."""
    return [joint["measures"], *([each["act"], each["decision"]["measures"]] for each in joint["parts"])]


def _beside(joint: Joint, kept: Kept) -> tuple[str, int] | None:
    """The greatest fine that fell away beside this one because it is no higher; the code it is of."""
    fell: list[tuple[int, str]] = []
    for part in joint.parts:
        if part.act != kept.act or not isinstance(part.outcome, Decision):
            continue
        if not any(not each.payer for each in part.falls_away):
            continue
        for each in part.outcome.measures:
            # Where statutory maxima are compared, a fine with a lower one falls away whatever it comes to.
            by_amount = joint.compared.compare == "computed" or each.limit_fen == kept.imposed.limit_fen
            if _on_the_party(each) and by_amount:
                fell.append((_greatest(each), part.violation))
    if not fell:
        return None
    fen, code = max(fell)
    return code, fen


def _greatest(fine: Imposed) -> int:
    most = fine.amount_fen if fine.spread is None else fine.spread[1]
    assert most is not None, "no fine is held to be no lower than one without an upper end"
    return most


def _on_the_party(each: Imposed) -> bool:
    return isinstance(each.measure, Fine) and not each.measure.payer


def _fined(
    violation: str, fine: Imposed, fen: int, currency: str | None, beside: tuple[str, int] | None = None
) -> Fined:
    return Fined(
        violation=violation,
        computed_fen=fen,
        low_fen=fine.least_fen,
        high_fen=fine.limit_fen,
        currency=currency,
        least_beside=beside,
    )


def _does_not_replay() -> StepRefused:
    return StepRefused("does_not_replay", "decided again it comes out otherwise: replay the log first")


def may_depart(fine: Fined, imposed: int) -> None:
    """Raise StepRefused unless `imposed` is another fine, inside the statutory range, of the provision that stands."""
    if imposed == fine.computed_fen:
        raise StepRefused("same_fine", "the imposed fine is the computed one: that is no departure")
    if imposed < fine.low_fen or (fine.high_fen is not None and imposed > fine.high_fen):
        upper = "no upper end" if fine.high_fen is None else f"{fine.high_fen} fen"
        said = f"{imposed} fen is outside the statutory range: {fine.low_fen} fen to {upper}"
        raise StepRefused("outside_range", said)
    if fine.least_beside is not None and imposed < fine.least_beside[1]:
        code, fen = fine.least_beside
        said = (
            f"{imposed} fen is below the {fen} fen of `{code}`, which fell away because `{fine.violation}` is no lower"
        )
        raise StepRefused("below_fallen_fine", said)


def two_people(by: str, approved_by: str) -> None:
    """Raise StepRefused where one person approves what he does himself."""
    if by.strip().casefold() == approved_by.strip().casefold():
        raise StepRefused("same_person", "`by` and `approved_by` are one person: a second one has to approve")
