"""What can be said of a rule for all its facts: properties, verdicts, findings with the case that shows them.

A property is *proved*, *refuted* by a case that the engine has answered, or *not proved*; it is *not asked* where the
rule declares nothing that it could be asked of (no direction, no step, no points). A refuted one is *known* where the
rule file itself marks the defect or acknowledges the finding with a reason.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Literal

from engine.currency import unit_word
from engine.decision import MEANING, Decision
from engine.fact import Fact, Language, Place
from engine.given import unit_text, value_text
from engine.measures import Fine
from engine.normal import Amount, Normal
from engine.numbers import decimal_text, exact_text, yuan_text
from engine.region import Axis, Box, Part, Range
from engine.rule import Defect, Rule
from engine.surface import Surface
from engine.tree import Arithmetic, Condition, Each, Expr, Extreme, Limit, Money, Ref, RoundedTo
from engine.vocabulary import WORDS, spell
from engine.witness import Witness

Property = Literal[
    "complete",
    "unambiguous",
    "reachable",
    "defined",
    "inside_statute",
    "quoted_range",
    "never_lighter",
    "mitigation_counts",
    "cliffs",
    "impartial",
    "points",
    "versions",
    "limits",
    "overflow",
]
Verdict = Literal["proved", "refuted", "not_proved", "not_asked"]

PROPERTIES: Mapping[Property, tuple[str, str]] = {
    "complete": ("不遗漏：每个案件都落在某一档", "complete: every case falls into a tier"),
    "unambiguous": ("不两可：没有案件落在两档而不知适用哪一档", "unambiguous: no case falls into two tiers undecided"),
    "reachable": ("无空行：每一行都有案件用得到", "reachable: every row has a case"),
    "defined": (
        "算得出：用到的表和分情况总有且只有一行，没有除以零",
        "defined: tables and branches have exactly one line, and nothing is divided by nought",
    ),
    "inside_statute": ("不越权：取整之后仍在法定幅度内", "inside the statute, after rounding"),
    "quoted_range": ("幅度有据：法定幅度与所引条文一致", "the statutory range is the one in the quoted clause"),
    "never_lighter": ("过罚相当：更重的事实不会罚得更轻", "never lighter for a graver fact"),
    "mitigation_counts": ("从轻有用：从轻的事实处处起作用", "a mitigating fact changes something everywhere"),
    "cliffs": ("无陡坎：相邻事实的罚款相差不超过声明的限度", "no cliff above the declared step"),
    "impartial": ("不看身份：结果与个人信息无关", "the outcome does not depend on personal facts"),
    "points": ("分值合幅：最低分到下限，最高分不过上限", "points reach the minimum and do not pass the cap"),
    "versions": (
        "版本衔接：没有无法可依的一天，也没有两法并行的一天",
        "versions leave no day without law and none with two",
    ),
    "limits": ("限额有用：没有从不或者总是碰到的限额", "no limit that never bites or always does"),
    "overflow": ("不溢出：金额都在可记录的范围内", "no amount can overflow"),
}
VERDICTS: Mapping[Verdict, tuple[str, str]] = {
    "proved": ("已证明", "proved"),
    "refuted": ("不成立", "refuted"),
    "not_proved": ("未能证明", "not proved"),
    "not_asked": ("未声明，不问", "not asked"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One finding of a proof: where, what, in which region, and the case that shows it.

    `tier` and `about` (a fact or a computed value) name what it is about, where it is about one. `warning` says that it
    breaks nothing by itself; `known` is why the rule file says it is to stay, or nothing.
    """

    property: Property
    verdict: Verdict
    place: Place
    zh: str
    en: str
    tier: str = ""
    about: str = ""
    region: tuple[str, ...] = ()
    witness: Witness | None = None
    warning: bool = False
    known: str = ""

    def text(self, language: Language) -> str:
        return self.zh if language == "zh" else self.en


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """The verdicts on one rule and everything found, for one meaning of the language.

    `defects` shows each marked defect by a case that is refused by its name; None where no such case was found.
    `by_second` names the properties that the second opinion has settled, the search being too wide.
    """

    rule: Rule
    verdicts: Mapping[Property, Verdict]
    findings: tuple[Shown, ...]
    defects: tuple[tuple[Defect, Witness | None], ...] = ()
    by_second: frozenset[Property] = frozenset()
    meaning: int = MEANING


class Regions:
    """Writes regions in words, in the language of the rule."""

    def __init__(self, normal: Normal, language: Language | None = None) -> None:
        self.normal = normal
        self.rule = normal.rule
        self.language: Language = language or self.rule.language
        in_records = {each.name: each for records in self.rule.records for each in records.fields}
        self.surface = Surface({**in_records, **self.rule.by_name}, self.language, self.rule.regime.currency)

    def text(self, box: Box) -> str:
        """Say what a box requires; a fact it leaves free is not named."""
        order = {name: number for number, name in enumerate(self.rule.asks)}
        said = [
            (order.get(str(axis), len(order)), self.part(axis, part))
            for axis, part in box.parts.items()
            if part != self.normal.domain[axis]
        ]
        between = "，" if self.language == "zh" else ", "
        everything = "任何事实" if self.language == "zh" else "whatever the facts"
        return between.join(text for _order, text in sorted(said, key=lambda each: each[0]) if text) or everything

    def part(self, axis: Axis, part: Part) -> str:
        if not isinstance(part, Range):
            return self._answers(axis, part)
        every = self.normal.domain[axis]
        assert isinstance(every, Range)
        name, low, high = self._name(axis), self._figure(axis, part.low), self._figure(axis, part.high)
        if part.low == part.high:
            return f"{name} = {low}{self._unit(axis)}"
        ends = []
        if part.low != every.low or part.low_open:
            ends.append(f"{'>' if part.low_open else '≥'} {low}")
        if part.high != every.high or part.high_open:
            ends.append(f"{'<' if part.high_open else '≤'} {high}")
        if len(ends) == 2 and not (part.low_open or part.high_open):
            joined = f"{low}–{high}"
        else:
            joined = ("且 " if self.language == "zh" else " and ").join(ends)
        return f"{name} {joined}{self._unit(axis)}"

    def _answers(self, axis: Axis, part: frozenset[object]) -> str:
        if isinstance(axis, str) and axis in self.rule.by_name and self.rule.by_name[axis].kind == "choice":
            choices = [each for each in self.rule.by_name[axis].choices if each in part]
            return (
                f"{axis} {spell(WORDS, 'IN', self.language)} {('、' if self.language == 'zh' else ' / ').join(choices)}"
            )
        name = axis if isinstance(axis, str) else self.surface.condition(_condition(axis))
        return (
            name
            if True in part
            else f"{spell(WORDS, 'NOT', self.language)}{'' if self.language == 'zh' else ' '}{name}"
        )

    def _fact(self, axis: Axis) -> Fact | None:
        return self.rule.by_name.get(axis) if isinstance(axis, str) else None

    def _name(self, axis: Axis) -> str:
        if isinstance(axis, Amount):
            left = self.surface.expr(axis.left)
            return left if axis.right is None else f"{left} - ({self.surface.expr(axis.right)})"
        return {
            "@on": spell(WORDS, "ACT_DAY", self.language),
            "@decided": spell(WORDS, "DECISION_DAY", self.language),
        }.get(str(axis), str(axis))

    def _money(self, axis: Axis) -> bool:
        """Say whether an axis is an amount: its figures are fen, and people read yuan."""
        return isinstance(axis, Amount) and self._is_money(axis.left)

    def _is_money(self, expr: Expr) -> bool:
        match expr:
            case Money() | Limit():
                return True
            case Ref(name=name):
                declared = self.rule.by_name.get(name) or self.rule.named.get(name)
                return declared is not None and declared.kind == "money"
            case Arithmetic(op=op, left=left, right=right):
                of_right = self._is_money(right)
                return self._is_money(left) and not of_right if op == "/" else self._is_money(left) or of_right
            case Extreme(parts=parts):
                return any(self._is_money(part) for part in parts)
            case RoundedTo(part=part):
                return self._is_money(part)
            case _:
                return False

    def _figure(self, axis: Axis, value: int | Fraction) -> str:
        fact = self._fact(axis)
        if str(axis) in ("@on", "@decided"):
            return date.fromordinal(int(value)).isoformat()
        if fact is None:
            return exact_text(Fraction(value, 100) if self._money(axis) else Fraction(value))
        if fact.kind == "day":
            return value_text(fact, date.fromordinal(int(value)), self.language)
        return decimal_text(int(value), fact.scale)

    def _unit(self, axis: Axis) -> str:
        fact = self._fact(axis)
        if fact is None and self._money(axis):
            return f" {unit_word(self.rule.regime.currency, self.language)}"
        return f" {unit_text(fact, self.language)}" if fact is not None and fact.numeric and fact.unit else ""


def _condition(axis: Axis) -> Condition:
    assert isinstance(axis, Each)
    return axis


def fine_text(outcome: Decision, language: Language) -> str:
    """Write the fines of a decision, payer by payer."""
    unit = unit_word(outcome.rule.regime.currency, language)
    texts = []
    for each in outcome.measures:
        if isinstance(each.measure, Fine):
            low, high = each.spread or (each.amount_fen, each.amount_fen)
            ends_said = [yuan_text(end) for end in dict.fromkeys((low, high)) if end is not None]
            texts.append(f"{'–'.join(ends_said)} {unit}")
    return " + ".join(texts) or f"0 {unit}"


def fines_text(cases: Iterable[Witness], language: Language) -> str:
    """Write the fines of cases that follow each other."""
    return " → ".join(fine_text(each.outcome, language) for each in cases if isinstance(each.outcome, Decision))
