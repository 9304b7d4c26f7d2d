"""What `decide` answers: a Decision or a Refusal, both frozen values with the steps that led there.

`to_wire` writes either as the one decision object that every door shows and every record keeps.
"""

from dataclasses import dataclass
from datetime import date
from typing import Literal, NamedTuple, TypeAlias

from engine.refusals import RefusalCode
from engine.rule import Basis, Rule
from engine.tree import (
    ConfiscateGains,
    ConfiscateGoods,
    Educate,
    Fine,
    Measure,
    NoPenalty,
    OrderToCorrect,
    Place,
    RevokeLicence,
    Warn,
)

# The version of what rules *mean*: it rises when any rule could give another outcome than before (CHANGELOG, starred).
MEANING = 1

StepKind = Literal[
    "power_item",
    "in_force",
    "count",
    "not_used",
    "no_penalty",
    "precondition",
    "tier",
    "heavier_tier",
    "amount",
    "rounding",
    "statutory_range",
    "measure",
    "defect",
]
Wire: TypeAlias = "str | int | bool | list[Wire] | dict[str, Wire] | None"


class Step(NamedTuple):
    """One step of the reasoning that did or tried something.

    `text` is the rule's own words and `at` where they stand; `reads` the facts looked at; `holds` whether a condition
    held; `before` and `after` the amount in fen around the step; `name` what the step is about.
    """

    kind: StepKind
    name: str = ""
    text: str = ""
    at: Place | None = None
    reads: tuple[tuple[str, str], ...] = ()
    holds: bool | None = None
    before: int | None = None
    after: int | None = None


class Imposed(NamedTuple):
    """One measure of a decision: what is imposed, the amount in fen where it is one, and the general law behind it."""

    measure: Measure
    amount_fen: int | None = None
    basis: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """One fixed penalty: its measures, the tier, the law and the steps. `fine_fen` is None where there is no fine."""

    rule: Rule
    on: date
    tier: str
    measures: tuple[Imposed, ...]
    trace: tuple[Step, ...]

    @property
    def fine_fen(self) -> int | None:
        return next((each.amount_fen for each in self.measures if isinstance(each.measure, Fine)), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """No penalty may be computed, and why. `field` names the fact or input at fault, where one is."""

    violation: str
    rule: Rule | None
    on: date
    code: RefusalCode
    message: str
    field: str | None
    trace: tuple[Step, ...]


Outcome = Decision | Refusal


def to_wire(outcome: Outcome) -> dict[str, Wire]:
    """Write an outcome as the decision object: text, whole numbers, booleans, null, lists and objects only."""
    rule = outcome.rule
    decided = isinstance(outcome, Decision)
    return {
        "outcome": "decision" if decided else "refusal",
        "violation": outcome.rule.code if isinstance(outcome, Decision) else outcome.violation,
        "name": rule.name if rule else None,
        "on": outcome.on.isoformat(),
        "tier": outcome.tier or None if isinstance(outcome, Decision) else None,
        "fine_fen": outcome.fine_fen if isinstance(outcome, Decision) else None,
        "measures": [imposed_to_wire(each) for each in outcome.measures] if isinstance(outcome, Decision) else [],
        "refusal": (
            {"code": outcome.code, "message": outcome.message, "field": outcome.field}
            if isinstance(outcome, Refusal)
            else None
        ),
        "basis": [_basis(each) for each in rule.basis] if rule else [],
        "rule": ({"regime": rule.regime.code, "version": rule.regime.version, "digest": rule.digest} if rule else None),
        "meaning": MEANING,
        "trace": [_step(step) for step in outcome.trace],
    }


def _basis(basis: Basis) -> dict[str, Wire]:
    return {"article": basis.article, "quote": basis.quote}


def imposed_to_wire(imposed: Imposed) -> dict[str, Wire]:
    """Write one measure with its `kind` and its own fields."""
    wire: dict[str, Wire] = {"kind": kind_of(imposed.measure)}
    match imposed.measure:
        case Fine() | ConfiscateGains():
            wire["amount_fen"] = imposed.amount_fen
        case ConfiscateGoods(goods=goods):
            wire["goods"] = goods
        case RevokeLicence(licence=licence):
            wire["licence"] = licence
        case Warn() | OrderToCorrect() | Educate() | NoPenalty():
            pass
    if imposed.basis:
        wire["basis"] = imposed.basis
    return wire


MeasureKind = Literal[
    "fine",
    "warning",
    "confiscate_gains",
    "confiscate_goods",
    "revoke_licence",
    "order_to_correct",
    "education",
    "no_penalty",
]


def kind_of(measure: Measure) -> MeasureKind:
    """Name a measure's kind on the wire (行政处罚法 第九条 and what goes with a penalty)."""
    match measure:
        case Fine():
            return "fine"
        case Warn():
            return "warning"
        case ConfiscateGains():
            return "confiscate_gains"
        case ConfiscateGoods():
            return "confiscate_goods"
        case RevokeLicence():
            return "revoke_licence"
        case OrderToCorrect():
            return "order_to_correct"
        case Educate():
            return "education"
        case NoPenalty():
            return "no_penalty"


def _step(step: Step) -> dict[str, Wire]:
    wire: dict[str, Wire] = {"step": step.kind}
    if step.name:
        wire["name"] = step.name
    if step.text:
        wire["text"] = step.text
    if step.at:
        wire["at"] = str(step.at)
    if step.reads:
        wire["reads"] = dict(step.reads)
    if step.holds is not None:
        wire["holds"] = step.holds
    if step.before is not None:
        wire["before_fen"] = step.before
    if step.after is not None:
        wire["after_fen"] = step.after
    return wire
