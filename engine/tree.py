"""The one tree a rule file becomes: small frozen nodes, the same for the Chinese and the English surface.

Every capability (decide, explain, schema, surface) is a reading of this tree and matches on its nodes exhaustively.
Where a node came from (`Place`, `Cell.text`) is kept for people and left out of equality: two files that mean the same
are equal. Facts stand in `engine.fact`; here are expressions, conditions, measures and named values.
"""

import operator
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from types import MappingProxyType
from typing import Any as Anything
from typing import Literal

from engine.arithmetic import Exact, Span, ratio
from engine.fact import Cell, Fact
from engine.node import Node
from engine.numbers import Rounding
from engine.plain import Ways, all_ways, among, any_way, one_way, opposite

# --- expressions ---------------------------------------------------------------------------------------------------
# An expression is a number, an amount of money (in fen) or a day. Numbers are exact fractions.

Quantity = Literal["number", "money", "day"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Number(Node):
    """A plain number: 1.5, 1.5 fold, 20 % (which is 0.2), 5 tonnes."""

    value: Fraction
    # The same, as a whole number where it is one, which is quicker to reckon with.
    exact: Exact = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "exact", ratio(self.value.numerator, self.value.denominator))


@dataclass(frozen=True, slots=True, kw_only=True)
class Money(Node):
    """So many fen."""

    fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Day(Node):
    """A day of the calendar."""

    day: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Ref(Node):
    """A numeric, money or day fact, or a named value; a fact in % counts as that share."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit(Node):
    """The lower or the upper end of the row's statutory range (法定下限、法定上限)."""

    end: Literal["low", "high"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Arithmetic(Node):
    op: Literal["+", "-", "*", "/"]
    left: "Expr"
    right: "Expr"


@dataclass(frozen=True, slots=True, kw_only=True)
class Extreme(Node):
    """The greatest or the least of several."""

    which: Literal["greatest", "least"]
    parts: tuple["Expr", ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundedTo(Node):
    """A value rounded to a multiple of a constant step."""

    part: "Expr"
    step: "Expr"
    mode: Rounding


@dataclass(frozen=True, slots=True, kw_only=True)
class Portions(Node):
    """How many steps of a constant size a value makes: started ones count (不足一份按一份), or only full ones."""

    part: "Expr"
    size: "Expr"
    started: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Between(Node):
    """Time from one day to a later one: days (the first not counted), months or years; negative where it is earlier."""

    span: Span
    first: "Expr"
    last: "Expr"


@dataclass(frozen=True, slots=True, kw_only=True)
class Later(Node):
    """The day so many days, months or years after a day; the month's last where it has no such day (民法典 202)."""

    unit: Literal["days", "months", "years"]
    day: "Expr"
    by: "Expr"


@dataclass(frozen=True, slots=True, kw_only=True)
class Along(Node):
    """From `low` to `high` in a straight line while `of` goes from `start` to `end`; beyond the ends it stays there."""

    low: "Expr"
    high: "Expr"
    of: "Expr"
    start: "Expr"
    end: "Expr"
    beyond: "Expr | None" = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally(Node):
    """Over a list of records: how many meet a condition, or the sum, the greatest or the least of an expression.

    Of no records the sum, the greatest and the least number or amount are nought; a day (`of_days`) there is none.
    """

    what: Literal["count", "total", "greatest", "least"]
    records: str
    where: "Condition | None" = None
    part: "Expr | None" = None
    of_days: bool = False


Expr = (
    Number | Money | Day | Ref | Limit | Arithmetic | Extreme | RoundedTo | Portions | Between | Later | Along | Tally
)

# --- conditions ----------------------------------------------------------------------------------------------------

Operator = Literal["=", "!=", "<", "<=", ">", ">="]


@dataclass(frozen=True, slots=True, kw_only=True)
class Is(Node):
    """A yes/no fact, or a named condition, is yes."""

    fact: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Compare(Node):
    """A numeric fact against a constant, both on the fact's scale."""

    fact: str
    op: Operator
    value: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation(Node):
    """Two expressions of one kind compared."""

    op: Operator
    left: Expr
    right: Expr


@dataclass(frozen=True, slots=True, kw_only=True)
class OneOf(Node):
    """A choice fact is one of these."""

    fact: str
    choices: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Each(Node):
    """Any, or every, record of a list meets a condition; of an empty list none does, and every one does."""

    which: Literal["any", "all"]
    records: str
    where: "Condition"


@dataclass(frozen=True, slots=True, kw_only=True)
class Not(Node):
    part: "Condition"


@dataclass(frozen=True, slots=True, kw_only=True)
class All(Node):
    parts: tuple["Condition", ...]
    ways: Ways = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "ways", all_ways(map(ways_of, self.parts)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Any(Node):
    parts: tuple["Condition", ...]
    ways: Ways = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "ways", any_way(map(ways_of, self.parts)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Always(Node):
    """Holds whatever the facts are (任何情形); the whole of a cell, never a part of another condition."""


Condition = Is | Compare | Relation | OneOf | Each | Not | All | Any | Always

COMPARE: Mapping[Operator, Callable[[Anything, Anything], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def ways_of(condition: Condition) -> Ways:
    """Write a condition as the ways in which it holds, where it is made of plain tests on facts."""
    match condition:
        case Is(fact=name):
            return one_way(name, True, operator.is_)
        case Compare(fact=name, op=op, value=value):
            return one_way(name, value, COMPARE[op])
        case OneOf(fact=name, choices=(choice,)):
            return one_way(name, choice, operator.eq)
        case OneOf(fact=name, choices=choices):
            return one_way(name, choices, among)
        case Not(part=part):
            return opposite(ways_of(part))
        case All(ways=ways) | Any(ways=ways):
            return ways
        case _:
            return ()


# --- named values (计算): tables, steps, intermediate amounts --------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """A piece of a numeric axis on the fact's scale; an end that is None is open for ever."""

    low: Fraction | None
    high: Fraction | None
    low_open: bool = False
    high_open: bool = False

    def holds(self, value: Fraction | int) -> bool:
        above = self.low is None or (value > self.low if self.low_open else value >= self.low)
        return above and (self.high is None or (value < self.high if self.high_open else value <= self.high))


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """The days from one to another, both included; an end that is None is open for ever."""

    first: date | None
    last: date | None

    def holds(self, day: date) -> bool:
        return (self.first is None or day >= self.first) and (self.last is None or day <= self.last)


Key = Band | Period | tuple[str, ...] | bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """What a table looks up: a name, and what each line of the table says of it, as keys and in the file's words."""

    name: str
    keys: tuple[Key, ...]
    texts: tuple[str, ...] = field(default=(), compare=False)

    def line(self, value: Anything) -> int | None:
        """Find the line a value falls on; the loader makes sure that no two hold at once."""
        for index, key in enumerate(self.keys):
            if isinstance(key, Band | Period):
                holds = key.holds(value)
            else:
                holds = value is key if isinstance(key, bool) else value in key
            if holds:
                return index
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Formula:
    part: "Expr | Condition"


@dataclass(frozen=True, slots=True, kw_only=True)
class Branches:
    """The value of the one branch whose condition holds; None stands for “otherwise”."""

    rows: tuple[tuple["Condition | None", Expr], ...]
    texts: tuple[str, ...] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A lookup in one or two dimensions; `cells` stand row by row, and None is one that the source leaves blank."""

    rows: Axis
    columns: Axis | None
    cells: tuple[tuple[Expr | None, ...], ...]

    @property
    def filled(self) -> tuple[Expr, ...]:
        return tuple([cell for line in self.cells for cell in line if cell is not None])


@dataclass(frozen=True, slots=True, kw_only=True)
class Marginal:
    """Each band's rate on the part of a value that lies in the band, summed (超额累进); `of_money`: of an amount."""

    of: Expr
    bands: tuple[tuple[Band, Expr], ...]
    texts: tuple[str, ...] = field(default=(), compare=False)
    of_money: bool = field(default=False, compare=False)


ValueKind = Literal["number", "money", "day", "yes_no"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Named(Node):
    """A named value of a rule or of a record: worked out once, quoted in the trace.

    `shape` says how it varies with the facts: 0 not at all, 1 in steps, 2 in lines, 3 as a ratio (`engine.shapes`).
    """

    name: str
    kind: ValueKind
    how: Formula | Branches | Table | Marginal
    shape: int = field(compare=False)
    cell: Cell
    # The names it is worked out from, each once; and what the trace quotes with it, itself last.
    reads: tuple[str, ...] = field(init=False, compare=False, repr=False)
    quoted: tuple[str, ...] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "reads", tuple(dict.fromkeys(names_of_named(self))))
        object.__setattr__(self, "quoted", (*self.reads, self.name))


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """A list of small records (vehicles, animals, days): the facts of each, and what is worked out for each."""

    fact: Fact
    fields: tuple[Fact, ...]
    values: tuple[Named, ...] = ()
    by_name: Mapping[str, Fact] = field(init=False, compare=False, repr=False)
    named: Mapping[str, Named] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_name", MappingProxyType({each.name: each for each in self.fields}))
        object.__setattr__(self, "named", MappingProxyType({each.name: each for each in self.values}))


# --- what a node reads ----------------------------------------------------------------------------------------------


def names_in(node: Expr | Condition) -> Iterator[str]:
    """Yield the names of facts, named values and record fields a node reads directly, in the order it names them."""
    match node:
        case Number() | Money() | Day() | Limit() | Always():
            return
        case Ref(name=name) | Is(fact=name) | Compare(fact=name) | OneOf(fact=name):
            yield name
        case Tally(records=name, where=where, part=part):
            yield name
            for each in (where, part):
                if each is not None:
                    yield from names_in(each)
        case Each(records=name, where=where):
            yield name
            yield from names_in(where)
        case Arithmetic(left=left, right=right) | Relation(left=left, right=right):
            yield from names_in(left)
            yield from names_in(right)
        case Extreme(parts=parts) | All(parts=parts) | Any(parts=parts):
            for part in parts:
                yield from names_in(part)
        case RoundedTo(part=part) | Portions(part=part) | Not(part=part):
            yield from names_in(part)
        case Between(first=first, last=last):
            yield from names_in(first)
            yield from names_in(last)
        case Later(day=day, by=by):
            yield from names_in(day)
            yield from names_in(by)
        case Along(low=low, high=high, of=of, start=start, end=end, beyond=beyond):
            for each in (of, low, high, start, end, beyond):
                if each is not None:
                    yield from names_in(each)


def names_of_named(named: Named) -> Iterator[str]:
    """Yield the names a named value is worked out from."""
    match named.how:
        case Formula(part=part):
            yield from names_in(part)
        case Branches(rows=rows):
            for when, value in rows:
                if when is not None:
                    yield from names_in(when)
                yield from names_in(value)
        case Table(rows=axis, columns=columns) as table:
            yield axis.name
            if columns is not None:
                yield columns.name
            for cell in table.filled:
                yield from names_in(cell)
        case Marginal(of=of, bands=bands):
            yield from names_in(of)
            for _band, rate in bands:
                yield from names_in(rate)


def positive(when: Condition) -> bool:
    """Say whether a condition is made of answers and of 且 and 或 alone: where every answer is no, it does not hold."""
    match when:
        case Is():
            return True
        case All(parts=parts) | Any(parts=parts):
            return all(map(positive, parts))
        case _:
            return False
