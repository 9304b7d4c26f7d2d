"""Small rules with every form of condition, and the plain way to judge them: every point of their facts, one by one."""
# ruff: noqa: E501  # one way to write a node stands on one line

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache
from itertools import product
from typing import Any as Anything
from typing import TypeVar

from hypothesis import strategies as st

from engine.arithmetic import Undefined
from engine.evaluate import Missing, Scope, compute, evaluate
from engine.fact import NOWHERE, Cell, Fact
from engine.measures import Measure, NoPenalty
from engine.normal import Amount
from engine.numbers import Rounding
from engine.region import Axis, Box, Part, Range
from engine.rule import Precondition, Row, Rule
from engine.rulebook import Rulebook
from engine.tree import (
    All,
    Along,
    Any,
    Arithmetic,
    Band,
    Branches,
    Compare,
    Condition,
    Expr,
    Extreme,
    Formula,
    Is,
    Marginal,
    Money,
    Named,
    Not,
    Number,
    OneOf,
    Operator,
    Portions,
    Ref,
    Relation,
    RoundedTo,
    Table,
    names_in,
)
from engine.tree import Axis as TableAxis
from tests.engine.kit import RULE, book, changed

T = TypeVar("T")
CELL = Cell(text="", place=NOWHERE)
_FACTS = """  面积: 数，平方米，精确到 0.01，大于 0 至 100，越大越重
  主动改正: 是否，从轻
  地段: 选项 主街、小巷、广场
"""
_SMALL = """  甲: 是否
  乙: 是否
  区: 选项 城、乡、山
  件数: 整数，件，0 至 6
  重: 数，吨，精确到 0.1，大于 0 至 小于 0.7
  率: 数，%，精确到 0.1，-0.2 至 0.3
  金: 金额，元，0 至 0.05
"""
TEXT = changed(RULE, (_FACTS, _SMALL), ("面积 ≤ 2", "件数 ≤ 2"), ("面积 > 2", "件数 > 2"), ('面积: "1"', "件数: 1"))
OPERATORS: tuple[Operator, ...] = ("=", "!=", "<", "<=", ">", ">=")
ROUNDINGS: tuple[Rounding, ...] = ("floor", "ceiling", "half_up", "half_even")
Value = bool | int | str
Point = Mapping[str, Value]


@cache
def base() -> Rulebook:
    """Load the rule whose conditions the random ones take the place of."""
    return book(TEXT)


@dataclass(frozen=True, repr=False)
class Judged:
    """A rule with the facts it may read, and every point of them."""

    rulebook: Rulebook
    rule: Rule
    facts: tuple[str, ...]

    def __repr__(self) -> str:
        return f"rows over {'、'.join(self.facts)}"

    def points(self) -> Iterator[Point]:
        for values in product(*(values_of(self.rule.by_name[name]) for name in self.facts)):
            yield dict(zip(self.facts, values, strict=True))

    def scope(self, point: Point) -> Scope:
        return Scope(point, self.rule.by_name, self.rule.named, self.rule.lists)

    def truth(self, condition: Condition, point: Point) -> bool | None:
        """Say whether a condition holds at a point; None where it has no value."""
        try:
            found = evaluate(condition, self.scope(point))
        except Undefined:
            return None
        assert not isinstance(found, Missing)
        return found

    def inside(self, box: Box, point: Point) -> bool:
        return all(self._lies(axis, part, point) for axis, part in box.parts.items())

    def valueless(self, box: Box, point: Point) -> bool:
        """Say whether an expression that a box speaks of has no value at a point: the point is then on neither side."""
        for axis in box.parts:
            if isinstance(axis, Amount):
                try:
                    for each in (axis.left, axis.right):
                        if each is not None:
                            compute(each, self.scope(point))
                except Undefined:
                    return True
        return False

    def _lies(self, axis: Axis, part: Part, point: Point) -> bool:
        if isinstance(axis, Amount):
            try:
                value = compute(axis.left, self.scope(point))
                value -= 0 if axis.right is None else compute(axis.right, self.scope(point))
            except Undefined:
                return False
        else:
            assert isinstance(axis, str)
            value = point[axis]
        if not isinstance(part, Range):
            return value in part
        assert isinstance(value, int | Fraction)
        above = value > part.low if part.low_open else value >= part.low
        return above and (value < part.high if part.high_open else value <= part.high)


def values_of(fact: Fact) -> list[Value]:
    match fact.kind:
        case "yes_no":
            return [False, True]
        case "choice":
            return list(fact.choices)
        case _:
            return list(range(fact.low + fact.low_open, fact.high - fact.high_open + 1))


def plain(box: Box) -> bool:
    """Say whether a region speaks of facts alone."""
    return all(isinstance(axis, str) for axis in box.parts)


# --- random conditions -----------------------------------------------------------------------------------------------

# Facts by what they can be compared as.
TRUTHS, NUMBERS, AMOUNTS = ("甲", "乙"), ("件数", "重", "率"), ("金",)
FIGURES = tuple(Fraction(text) for text in "-1 0 0.001 0.0015 0.1 0.25 0.3 0.5 1 2 2.5 3 6 7".split())
STEPS = tuple(Fraction(text) for text in "0.2 0.25 1 3".split())


class Writer:
    """Draws trees over some of the small facts; `named` are the values computed so far."""

    def __init__(self, draw: st.DrawFn, facts: tuple[str, ...]) -> None:
        self.draw = draw
        self.facts = facts
        self.named: list[Named] = []

    def pick(self, options: Sequence[T]) -> T:
        return self.draw(st.sampled_from(options))

    def among(self, ways: Sequence[tuple[bool, Callable[[], Anything]]]) -> Anything:
        return self.pick([way for possible, way in ways if possible])()

    def some(self, names: tuple[str, ...]) -> list[str]:
        return [name for name in names if name in self.facts]

    def computed(self, kind: str) -> list[str]:
        return [each.name for each in self.named if each.kind == kind]

    def operator(self) -> Operator:
        return self.pick(OPERATORS)

    def condition(self, depth: int) -> Condition:
        truths = self.some(TRUTHS) + self.computed("yes_no")
        numbers = self.some(NUMBERS)
        measured = numbers + self.some(AMOUNTS)
        found: Condition = self.among([
            (bool(truths), lambda: Is(fact=self.pick(truths))),
            (bool(measured), lambda: Compare(fact=self.pick(measured), op=self.operator(), value=self.pick(range(-3, 8)))),
            ("区" in self.facts, lambda: OneOf(fact="区", choices=self.pick([("城",), ("乡", "山"), ("城", "山")]))),
            (bool(numbers), lambda: Relation(op=self.operator(), left=self.number(1), right=self.number(1))),
            (bool(numbers), lambda: Relation(op=self.operator(), left=Ref(name=self.pick(numbers)), right=self.figure())),
            ("金" in self.facts, lambda: Relation(op=self.operator(), left=Ref(name="金"), right=self.money())),
            (depth > 0, lambda: Not(part=self.condition(depth - 1))),
            (depth > 0, lambda: All(parts=(self.condition(depth - 1), self.condition(depth - 1)))),
            (depth > 0, lambda: Any(parts=(self.condition(depth - 1), self.condition(depth - 1)))),
            (depth > 0, lambda: Any(parts=(self.condition(depth - 1), self.condition(0), self.condition(0)))),
        ])  # fmt: skip
        return found

    def figure(self) -> Expr:
        return Number(value=self.pick(FIGURES))

    def number(self, depth: int) -> Expr:
        known = self.some(NUMBERS) + self.computed("number")
        deeper = depth > 0
        found: Expr = self.among([
            (True, self.figure),
            (bool(known), lambda: Ref(name=self.pick(known))),
            (deeper, lambda: Arithmetic(op=self.pick(("+", "-")), left=self.number(depth - 1), right=self.number(depth - 1))),
            (deeper, lambda: Arithmetic(op="*", left=self.figure(), right=self.number(depth - 1))),
            (deeper, lambda: Arithmetic(op="*", left=self.number(depth - 1), right=self.number(depth - 1))),
            (deeper, lambda: Arithmetic(op="/", left=self.number(depth - 1), right=self.number(0))),
            (deeper, lambda: Extreme(which=self.pick(("greatest", "least")), parts=(self.number(depth - 1), self.number(0)))),
            (deeper, lambda: RoundedTo(part=self.number(depth - 1), step=self.step(), mode=self.pick(ROUNDINGS))),
            (deeper, lambda: Portions(part=self.number(depth - 1), size=self.step(), started=self.pick((True, False)))),
            (deeper, lambda: Along(
                low=self.number(0), high=self.number(0), of=self.number(0), start=self.figure(), end=self.figure(),
                beyond=self.pick((None, Number(value=Fraction(2)))),
            )),
        ])  # fmt: skip
        return found

    def step(self) -> Expr:
        return Number(value=self.pick(STEPS))

    def money(self) -> Expr:
        fen = Money(fen=self.pick(range(6)))
        return self.pick((fen, Arithmetic(op="*", left=fen, right=self.number(1)) if self.some(NUMBERS) else fen))

    # --- named values

    def value(self) -> None:
        """Compute one more value, after those it may use."""
        numbers = self.some(NUMBERS) + self.computed("number")
        how: Formula | Branches | Table | Marginal = self.among([
            (True, lambda: Formula(part=self.condition(1))),
            (bool(numbers), lambda: Formula(part=self.number(2))),
            (True, self.branches),
            (True, self.branches),
            (bool(numbers), lambda: Table(rows=self.bands(self.pick(numbers)), columns=None, cells=self.cells(2, 1))),
            ("区" in self.facts and bool(self.some(TRUTHS)), lambda: Table(
                rows=TableAxis(name="区", keys=self.pick(((("城",), ("乡", "山")), (("城",), ("山",))))),
                columns=TableAxis(name=self.pick(self.some(TRUTHS)), keys=(True, False)), cells=self.cells(2, 2),
            )),
            (bool(numbers), lambda: Marginal(
                of=self.number(0), bands=tuple((key, self.figure()) for key in self.bands("").keys if isinstance(key, Band))
            )),
        ])  # fmt: skip
        truth = isinstance(how, Formula) and isinstance(how.part, Condition)
        name = f"值{len(self.named)}"
        self.named.append(Named(name=name, kind="yes_no" if truth else "number", how=how, shape=1, cell=CELL))

    def branches(self) -> Branches:
        last = self.pick(((None, self.figure()), (self.condition(1), self.figure())))
        return Branches(rows=((self.condition(1), self.number(0)), last))

    def bands(self, name: str) -> TableAxis:
        low, middle, high = sorted(self.draw(st.lists(st.sampled_from(FIGURES), min_size=3, max_size=3, unique=True)))
        ends = self.pick(((low, high), (None, high), (low, None), (None, None)))
        return TableAxis(
            name=name,
            keys=(
                Band(low=ends[0], high=middle),
                Band(low=middle, high=ends[1], low_open=True, high_open=self.pick((True, False))),
            ),
        )

    def cells(self, lines: int, columns: int) -> tuple[tuple[Expr, ...], ...]:
        return tuple(tuple(self.number(0) for _ in range(columns)) for _ in range(lines))


@st.composite
def judged(draw: st.DrawFn, *, computing: bool) -> Judged:
    """Draw a rule: three rows, perhaps a ground of no penalty and a precondition; `computing` with values of its own."""
    names = draw(st.lists(st.sampled_from([*TRUTHS, "区", *NUMBERS, *AMOUNTS]), min_size=1, max_size=3, unique=True))
    writer = Writer(draw, tuple(names))
    rulebook = base()
    rule = rulebook.rules["T-1"]
    for _ in range(writer.pick((1, 2, 3)) if computing else 0):
        writer.value()
    rows = [_row(rule.rows[number % 2], f"第{number}档", writer.condition(2)) for number in range(3)]
    grounds = [_row(rule.rows[0], "免", writer.condition(1), (NoPenalty(),)) for _ in range(writer.pick((0, 0, 1)))]
    before = [
        Precondition(when=when, otherwise="order_to_correct", reads=tuple(names_in(when)), cell=CELL)
        for when in [writer.condition(1) for _ in range(writer.pick((0, 0, 1)))]
    ]
    changed_rule = replace(
        rule, rows=tuple(rows), no_penalty=tuple(grounds), preconditions=tuple(before), values=tuple(writer.named), cases=()
    )  # fmt: skip
    held = {"T-1": changed_rule}
    whole = replace(rulebook, rules=held, versions={"T-1": (changed_rule,)})
    return Judged(whole, changed_rule, tuple(names))


def _row(row: Row, tier: str, when: Condition, measures: tuple[Measure, ...] = ()) -> Row:
    return replace(row, tier=tier, when=when, reads=tuple(names_in(when)), measures=measures or row.measures)
