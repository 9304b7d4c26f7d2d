"""What `decide_together` answers: a Joint or a JointRefusal, both frozen values with every part and every step.

A part is a whole decision of its own and is never rewritten: what falls away beside another part is marked on it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal, NamedTuple

from engine.decision import MEANING, Imposed, Outcome, Refusal, Wire, imposed_to_wire, to_wire
from engine.given import GivenFacts
from engine.rulebook import OneAct

JointRefusalCode = Literal[
    "no_parts",
    "same_violation_twice",
    "act_on_two_days",
    "part_refused",
    "comparison_not_declared",
    "comparison_not_in_force",
    "fines_not_comparable",
    "unlike_gains",
    "amount_too_large",
    "several_currencies",
]

SENTENCES: Mapping[JointRefusalCode, tuple[str, str]] = {
    "no_parts": ("没有写明任何违法行为", "no violation is stated"),
    "same_violation_twice": (
        "行为“{act}”下“{found}”写了两次；同一个行为违反同一项规定只有一次，分开的行为要用不同的名称",
        "the act `{act}` has `{found}` twice: one act breaks one provision once; separate acts need separate names",
    ),
    "act_on_two_days": (
        "行为“{act}”写了不同的日期（{found}）；同一个行为只有一个行为日",
        "the act `{act}` is given on several days ({found}): one act has one day",
    ),
    "part_refused": ("{found}", "{found}"),
    "comparison_not_declared": (
        "没有声明同一个行为的罚款怎样比较（行政处罚法第二十九条），不能合并裁量",
        "nobody declared how the fines of one act are compared (article 29), so nothing is decided together",
    ),
    "comparison_not_in_force": (
        "行为“{act}”那天（{found}），声明的比较办法“{expected}”不在施行期，不能比较罚款",
        "on the day of `{act}` ({found}) the declared comparison `{expected}` is not in force",
    ),
    "fines_not_comparable": (
        "行为“{act}”的罚款（{found}）分不出哪一项高：公布的只是幅度，或者没有法定最高数额",
        "it cannot be told which fine of `{act}` is the higher ({found}): only a range is published, or no upper end",
    ),
    "unlike_gains": (
        "行为“{act}”的违法所得写了不同的数额（{found}）；同一个行为的违法所得只没收一次",
        "the gains of `{act}` are given as different amounts ({found}): the gains of one act are confiscated once",
    ),
    "amount_too_large": ("罚款合计超过 {expected}", "the fines together pass {expected}"),
    "several_currencies": (
        "各项的货币不同（{found}），数额不能相加，也不能比较",
        "the violations are in different currencies ({found}): their amounts are neither added nor compared",
    ),
}

JointStepKind = Literal[
    "declared", "stands", "falls_away", "falls_with_fine", "kept_once", "judged_apart", "act_total", "total"
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One violation of a case: violations with the same `act` label are one act; `on` is its day where it differs."""

    act: str
    violation: str
    facts: GivenFacts
    on: date | None = None


class Sum(NamedTuple):
    """An amount in fen as its least and greatest; no `high` where the law names no upper end."""

    low: int
    high: int | None


class JointStep(NamedTuple):
    """One step of deciding together. `by` names the violation whose fine stands; `limit` is a statutory maximum."""

    kind: JointStepKind
    act: str = ""
    violation: str = ""
    payer: str = ""
    by: str = ""
    text: str = ""
    fen: Sum | None = None
    limit: int | None = None


class FallsAway(NamedTuple):
    """The fine of a part that gives way to the fine of another part of the same act, and why."""

    payer: str
    by: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One violation's own outcome, and which of its fines fall away."""

    act: str
    outcome: Outcome
    falls_away: tuple[FallsAway, ...] = ()

    @property
    def violation(self) -> str:
        return self.outcome.violation if isinstance(self.outcome, Refusal) else self.outcome.rule.code


class Kept(NamedTuple):
    """A measure that stands: for which act, and which of its violations impose it."""

    act: str
    violations: tuple[str, ...]
    imposed: Imposed


@dataclass(frozen=True, slots=True, kw_only=True)
class Joint:
    """What a case owes as a whole. `fine` sums the party's own fines that stand; None where there is none."""

    on: date
    parts: tuple[Part, ...]
    measures: tuple[Kept, ...]
    fine: Sum | None
    compared: OneAct
    trace: tuple[JointStep, ...]

    @property
    def fine_fen(self) -> int | None:
        """The sum, where every fine in it is one figure."""
        return self.fine.low if self.fine is not None and self.fine.low == self.fine.high else None


@dataclass(frozen=True, slots=True, kw_only=True)
class JointRefusal:
    """Why the case is not decided together. `act` and `violation` name the part at fault, where one is."""

    on: date
    parts: tuple[Part, ...]
    code: JointRefusalCode
    message: str
    act: str | None = None
    violation: str | None = None
    field: str | None = None


def currencies(parts: Iterable[Part]) -> dict[str, str]:
    """Map the currencies of a case to the first violation in each; a code that is no violation has none."""
    found: dict[str, str] = {}
    for part in parts:
        rule = part.outcome.rule
        if rule is not None:
            found.setdefault(rule.regime.currency, part.violation)
    return found


def joint_to_wire(joint: Joint | JointRefusal) -> dict[str, Wire]:
    """Write either as the one joint object: text, whole numbers, booleans, null, lists and objects only.

    Its `currency` is that of every part, and null where there is no such one.
    """
    decided = joint if isinstance(joint, Joint) else None
    refused = joint if isinstance(joint, JointRefusal) else None
    used = list(currencies(joint.parts))
    spread = decided.fine if decided is not None and decided.fine_fen is None else None
    return {
        "outcome": "decision" if decided else "refusal",
        "on": joint.on.isoformat(),
        "fine_fen": decided.fine_fen if decided else None,
        "currency": used[0] if len(used) == 1 else None,
        "fine_range": {"low_fen": spread.low, "high_fen": spread.high} if spread else None,
        "measures": [_kept(each) for each in decided.measures] if decided else [],
        "refusal": (
            {
                "code": refused.code,
                "message": refused.message,
                "act": refused.act,
                "violation": refused.violation,
                "field": refused.field,
            }
            if refused
            else None
        ),
        "parts": [_part(each) for each in joint.parts],
        "comparison": _compared(decided.compared) if decided else None,
        "meaning": MEANING,
        "trace": [_step(step) for step in decided.trace] if decided else [],
    }


def _kept(kept: Kept) -> dict[str, Wire]:
    return {**imposed_to_wire(kept.imposed), "act": kept.act, "violations": list(kept.violations)}


def _part(part: Part) -> dict[str, Wire]:
    return {
        "act": part.act,
        "falls_away": [{"payer": each.payer or None, "by": each.by, "reason": each.reason} for each in part.falls_away],
        "decision": to_wire(part.outcome),
    }


def _compared(how: OneAct) -> dict[str, Wire]:
    return {
        "code": how.code,
        "article": how.article,
        "quote": how.quote,
        "compare": how.compare,
        "declared": [
            {"question": each.question, "answer": each.answer, "reason": each.reason} for each in how.declared
        ],
    }


def _step(step: JointStep) -> dict[str, Wire]:
    wire: dict[str, Wire] = {"step": step.kind}
    for name, text in (
        ("act", step.act),
        ("violation", step.violation),
        ("payer", step.payer),
        ("by", step.by),
        ("text", step.text),
    ):
        if text:
            wire[name] = text
    if step.fen is not None:
        wire |= {"low_fen": step.fen.low, "high_fen": step.fen.high}
    if step.limit is not None:
        wire["limit_fen"] = step.limit
    return wire
