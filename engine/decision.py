"""What `decide` answers: a Decision or a Refusal, both frozen values with the steps that led there.

`to_wire` writes either as the one decision object that every door shows and every record keeps.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Literal, NamedTuple, TypeAlias

from engine.fact import Place
from engine.measures import (
    ConfiscateGains,
    ConfiscateGoods,
    Criticise,
    Detain,
    Educate,
    Fine,
    Flag,
    Measure,
    NoPenalty,
    Order,
    OrderToCorrect,
    Output,
    Restrict,
    RevokeLicence,
    StopBusiness,
    SuspendLicence,
    Warn,
    range_of,
)
from engine.numbers import exact_text
from engine.refusals import RefusalCode
from engine.rule import Basis, Rule
from engine.tree import Expr, Money, Number

# The version of what rules *mean*: it rises when any rule could give another outcome than before (CHANGELOG, starred).
MEANING = 2

StepKind = Literal[
    "power_item",
    "in_force",
    "guard",
    "not_reviewed",
    "other_version",
    "lighter_law",
    "count",
    "assumed",
    "not_used",
    "value",
    "no_penalty",
    "precondition",
    "tier",
    "heavier_tier",
    "same_outcome",
    "tier_move",
    "moved_tier",
    "amount",
    "bracket",
    "in_tier",
    "position",
    "bound",
    "adjustment",
    "rounding",
    "statutory_range",
    "below_range",
    "measure",
    "defect",
]
Wire: TypeAlias = "str | int | bool | list[Wire] | dict[str, Wire] | None"


class Step(NamedTuple):
    """One step of the reasoning that did or tried something.

    `text` is the rule's own words (of a named value its formula, or the line, branch or bands that gave it) and `at`
    where they stand; `reads` the facts looked at; `holds` whether a condition held; `before` and `after` the amount in
    fen around the step; `name` what the step is about. Where the amount is a published range, these are its upper end,
    and `least_before` and `least_after` its lower one.
    """

    kind: StepKind
    name: str = ""
    text: str = ""
    at: Place | None = None
    reads: tuple[tuple[str, str], ...] = ()
    holds: bool | None = None
    before: int | None = None
    after: int | None = None
    least_before: int | None = None
    least_after: int | None = None


class Imposed(NamedTuple):
    """One measure of a decision: what is imposed, the amount in fen where it is one, and the general law behind it.

    `spread` is the published range, least and greatest fen (None where the law names no upper end), of a fine whose
    figure no published rule picks. `value` is the figure of a measure that is not money, as text. `least_fen`
    and `limit_fen` are the least and the greatest fine the statute allows (None where it names no upper end);
    `of_fine` marks what general law attaches because of the fine, and what goes where the fine goes. None of the three
    is written on the wire.
    """

    measure: Measure
    amount_fen: int | None = None
    basis: str = ""
    spread: tuple[int, int | None] | None = None
    value: str = ""
    least_fen: int = 0
    limit_fen: int | None = None
    of_fine: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """One fixed penalty: its measures, the tier, the law and the steps.

    `fine_fen` is the fine on the party itself; None where there is none, or where only a range is published.
    """

    rule: Rule
    on: date
    tier: str
    measures: tuple[Imposed, ...]
    trace: tuple[Step, ...]

    @property
    def fine_fen(self) -> int | None:
        return next(
            (each.amount_fen for each in self.measures if isinstance(each.measure, Fine) and not each.measure.payer),
            None,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """No penalty may be computed, and why. `field` names the fact or input at fault, where one is.

    `wanted` names, where facts are missing, all that can still matter, in the order the rule asks for them; the day of
    the decision is `@decided`.
    """

    violation: str
    rule: Rule | None
    on: date
    code: RefusalCode
    message: str
    field: str | None
    trace: tuple[Step, ...]
    wanted: tuple[str, ...] = ()


Outcome = Decision | Refusal


def to_wire(outcome: Outcome) -> dict[str, Wire]:
    """Write an outcome as the decision object: text, whole numbers, booleans, null, lists and objects only.

    Every amount in it is whole hundredths of the unit of its `currency`, an ISO 4217 code; null where no rule is known.
    """
    rule = outcome.rule
    decided = isinstance(outcome, Decision)
    return {
        "outcome": "decision" if decided else "refusal",
        "violation": outcome.rule.code if isinstance(outcome, Decision) else outcome.violation,
        "name": rule.name if rule else None,
        "on": outcome.on.isoformat(),
        "tier": outcome.tier or None if isinstance(outcome, Decision) else None,
        "fine_fen": outcome.fine_fen if isinstance(outcome, Decision) else None,
        "currency": rule.regime.currency if rule else None,
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
    measure = imposed.measure
    wire: dict[str, Wire] = {"kind": kind_of(measure)}
    match measure:
        case Fine():
            if imposed.spread is None:
                wire["amount_fen"] = imposed.amount_fen
            else:
                wire = {"kind": "fine_range", "low_fen": imposed.spread[0], "high_fen": imposed.spread[1]}
        case ConfiscateGains():
            wire["amount_fen"] = imposed.amount_fen
        case ConfiscateGoods(goods=goods):
            wire["goods"] = goods
        case RevokeLicence(licence=licence):
            wire["licence"] = licence
        case SuspendLicence(licence=licence):
            wire["licence"] = licence
        case Order(what=what) | Flag(what=what) | Restrict(what=what):
            wire["what"] = what
        case Output(name=name):
            wire["name"] = name
        case NoPenalty(may=may):
            if may:
                wire["may"] = True
        case Warn() | Criticise() | OrderToCorrect() | Educate() | StopBusiness() | Detain():
            pass
    wire |= _figure(imposed)
    if not isinstance(measure, NoPenalty) and measure.payer:
        wire["payer"] = measure.payer
    if imposed.basis:
        wire["basis"] = imposed.basis
    return wire


def _figure(imposed: Imposed) -> dict[str, Wire]:
    """Write the time or the figure of a measure with its unit: one, or both ends of the range the law leaves."""
    match imposed.measure:
        case StopBusiness(time=None) | Restrict(time=None):
            return {}
        case SuspendLicence(unit=unit) | StopBusiness(unit=unit) | Restrict(unit=unit) | Detain(unit=unit):
            word = "time"
        case Output(unit=unit):
            word = "value"
        case _:
            return {}
    found = range_of(imposed.measure)
    if found is None:
        return {word: imposed.value, "unit": unit}
    return {f"{word}_low": _end(found.low), f"{word}_high": _end(found.high), "unit": unit}


def _end(figure: Expr | None) -> str | None:
    """Write one end of a range; money in whole units of its currency, null where the law names no end."""
    match figure:
        case None:
            return None
        case Money(fen=fen):
            return exact_text(Fraction(fen, 100))
        case Number(value=value):
            return exact_text(value)
        case _:
            raise AssertionError("what is imposed was worked out")


MeasureKind = Literal[
    "fine",
    "fine_range",
    "warning",
    "public_criticism",
    "confiscate_gains",
    "confiscate_goods",
    "revoke_licence",
    "suspend_licence",
    "stop_business",
    "restrict",
    "detention",
    "order_to_correct",
    "order",
    "output",
    "flag",
    "education",
    "no_penalty",
]
_KINDS: Mapping[type, MeasureKind] = {
    Fine: "fine",
    Warn: "warning",
    Criticise: "public_criticism",
    ConfiscateGains: "confiscate_gains",
    ConfiscateGoods: "confiscate_goods",
    RevokeLicence: "revoke_licence",
    SuspendLicence: "suspend_licence",
    StopBusiness: "stop_business",
    Restrict: "restrict",
    Detain: "detention",
    OrderToCorrect: "order_to_correct",
    Order: "order",
    Output: "output",
    Flag: "flag",
    Educate: "education",
    NoPenalty: "no_penalty",
}


def kind_of(measure: Measure) -> MeasureKind:
    """Name a measure's kind on the wire (行政处罚法 第九条 and what goes with a penalty)."""
    return _KINDS[type(measure)]


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
    if step.least_before is not None:
        wire["least_before_fen"] = step.least_before
    if step.least_after is not None:
        wire["least_after_fen"] = step.least_after
    return wire
