"""How small and how large an expression can get over the domains of its facts: intervals, never too narrow."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import NamedTuple

from engine.fact import Fact
from engine.tree import (
    Along,
    Arithmetic,
    Band,
    Between,
    Branches,
    Condition,
    Day,
    Each,
    Expr,
    Extreme,
    Formula,
    Later,
    Limit,
    Marginal,
    Money,
    Named,
    Number,
    Portions,
    Records,
    Ref,
    RoundedTo,
    Table,
    Tally,
)

# The calendar the engine reads is shorter than this many days.
MOST_DAYS = 450_000
_WIDE = Fraction(10**30)


class Interval(NamedTuple):
    """All values an expression can take lie here, both ends included."""

    low: Fraction
    high: Fraction


EVERYTHING = Interval(-_WIDE, _WIDE)


@dataclass(slots=True)
class Bounds:
    """Bounds of expressions over one rule's facts; `low` and `high` are the statutory limits a fine may name."""

    facts: Mapping[str, Fact]
    named: Mapping[str, Named]
    lists: Mapping[str, Records]
    low: Expr | None = None
    high: Expr | None = None
    known: dict[str, Interval] = field(default_factory=dict)

    def of(self, expr: Expr) -> Interval:
        match expr:
            case Money(fen=fen):
                return Interval(Fraction(fen), Fraction(fen))
            case Number(value=value):
                return Interval(value, value)
            case Day() | Later():
                return EVERYTHING
            case Ref(name=name):
                return self.name(name)
            case Limit(end=end):
                limit = self.low if end == "low" else self.high
                return Interval(Fraction(0), Fraction(0)) if limit is None else self.of(limit)
            case Arithmetic(op=op, left=left, right=right):
                return _arithmetic(op, self.of(left), self.of(right))
            case Extreme(which=which, parts=parts):
                found = [self.of(part) for part in parts]
                take = max if which == "greatest" else min
                return Interval(take(each.low for each in found), take(each.high for each in found))
            case RoundedTo(part=part, step=step):
                inner, size = self.of(part), self.of(step).high
                return Interval(inner.low - size, inner.high + size)
            case Portions(part=part, size=size):
                inner, unit = self.of(part), self.of(size).low
                return Interval(Fraction(inner.low // unit), Fraction(inner.high // unit + 1))
            case Between(span=span):
                most = Fraction(MOST_DAYS if span == "days" else MOST_DAYS // 28)
                return Interval(-most, most)
            case Along(low=low, high=high, beyond=beyond):
                return _hull([self.of(each) for each in (low, high, beyond) if each is not None])
            case Tally(what=what, records=name, part=part):
                return self._tally(what, self.lists[name], part)

    def _tally(self, what: str, records: Records, part: Expr | None) -> Interval:
        most = Fraction(records.fact.high)
        if part is None:
            return Interval(Fraction(0), most)
        inner = Bounds(
            {**self.facts, **{each.name: each for each in records.fields}},
            {**self.named, **{each.name: each for each in records.values}},
            {},
            self.low,
            self.high,
        ).of(part)
        if what in ("greatest", "least"):
            return Interval(min(Fraction(0), inner.low), max(Fraction(0), inner.high))
        return Interval(min(Fraction(0), inner.low * most), max(Fraction(0), inner.high * most))

    def name(self, name: str) -> Interval:
        fact = self.facts.get(name)
        if fact is not None:
            if fact.kind not in ("integer", "number", "money"):
                return EVERYTHING
            return Interval(Fraction(fact.low, fact.grid), Fraction(fact.high, fact.grid))
        if name not in self.named:
            return EVERYTHING
        if name not in self.known:
            self.known[name] = self.named_value(self.named[name])
        return self.known[name]

    def named_value(self, named: Named) -> Interval:
        match named.how:
            case Formula(part=part):
                return EVERYTHING if named.kind in ("day", "yes_no") else self.of(_expr(part))
            case Branches(rows=rows):
                return _hull([self.of(value) for _when, value in rows])
            case Table() as table:
                return _hull([self.of(cell) for cell in table.filled])
            case Marginal(of=of, bands=bands):
                top = max(self.of(of).high, Fraction(0))
                rates = [self.of(rate) for _band, rate in bands]
                least = sum((min(rate.low, Fraction(0)) for rate in rates), Fraction(0))
                total = Fraction(0)
                for (band, _rate), rate in zip(bands, rates, strict=True):
                    total += _width(band, top) * max(rate.high, Fraction(0))
                return Interval(least * top, total)


def _width(band: Band, top: Fraction) -> Fraction:
    high = top if band.high is None else min(band.high, top)
    return max(Fraction(0), high - (band.low or Fraction(0)))


def _expr(part: "Expr | Condition") -> Expr:
    assert not isinstance(part, Each)
    return part  # type: ignore[return-value]  # a formula that is no condition is an expression


def _hull(found: list[Interval]) -> Interval:
    return Interval(min(each.low for each in found), max(each.high for each in found))


def _arithmetic(op: str, left: Interval, right: Interval) -> Interval:
    match op:
        case "+":
            return Interval(left.low + right.low, left.high + right.high)
        case "-":
            return Interval(left.low - right.high, left.high - right.low)
        case "*":
            corners = [one * other for one in left for other in right]
            return Interval(min(corners), max(corners))
        case _:
            if right.low <= 0 <= right.high:
                return EVERYTHING
            corners = [Fraction(one, other) for one in left for other in right]
            return Interval(min(corners), max(corners))


def split(expr: Expr) -> tuple[Fraction, Expr | None]:
    """Write an expression as a constant times the rest; the rest is None for a constant."""
    match expr:
        case Money(fen=fen):
            return Fraction(fen), None
        case Number(value=value):
            return value, None
        case Arithmetic(op="*", left=left, right=right):
            one, first = split(left)
            other, second = split(right)
            if first is None or second is None:
                return one * other, second if first is None else first
            return one * other, Arithmetic(op="*", left=first, right=second)
        case _:
            return Fraction(1), expr
