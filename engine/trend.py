"""Which way an expression goes while one fact grows: up, down, not at all, or not to be said from its shape."""

from fractions import Fraction
from itertools import pairwise
from typing import Literal

from engine.bounds import Bounds, Interval
from engine.rule import Rule
from engine.tree import (
    Along,
    Arithmetic,
    Axis,
    Band,
    Branches,
    Day,
    Expr,
    Extreme,
    Formula,
    Limit,
    Marginal,
    Money,
    Named,
    Number,
    Portions,
    Ref,
    RoundedTo,
    Table,
    names_in,
    names_of_named,
)

Trend = Literal["flat", "up", "down", "unknown"]
_TURNED: dict[Trend, Trend] = {"flat": "flat", "up": "down", "down": "up", "unknown": "unknown"}


def trend(rule: Rule, expr: Expr, fact: str) -> Trend:
    """Say which way an expression goes while a fact grows by itself; a named value is looked through."""
    if fact not in rule.names_behind(names_in(expr)):
        return "flat"
    match expr:
        case Number() | Money() | Day() | Limit():
            return "flat"
        case Ref(name=name):
            return "up" if name == fact else _named(rule, rule.named[name], fact) if name in rule.named else "flat"
        case Arithmetic(op="+", left=left, right=right):
            return joined(trend(rule, left, fact), trend(rule, right, fact))
        case Arithmetic(op="-", left=left, right=right):
            return joined(trend(rule, left, fact), _TURNED[trend(rule, right, fact)])
        case Arithmetic(op="*", left=left, right=right):
            bounds = Bounds(rule.by_name, rule.named, rule.lists)
            one = _scaled(trend(rule, left, fact), bounds.of(right))
            return joined(one, _scaled(trend(rule, right, fact), bounds.of(left)))
        case Arithmetic(op="/", left=left, right=right) if trend(rule, right, fact) == "flat":
            return _scaled(trend(rule, left, fact), Bounds(rule.by_name, rule.named, rule.lists).of(right))
        case Extreme(parts=parts):
            return joined(*(trend(rule, part, fact) for part in parts))
        case RoundedTo(part=part) | Portions(part=part):
            return trend(rule, part, fact)
        case Along(low=low, high=high, of=of, start=start, end=end, beyond=None):
            if any(trend(rule, each, fact) != "flat" for each in (low, high, start, end)):
                return "unknown"
            bounds = Bounds(rule.by_name, rule.named, rule.lists)
            bottom, top = bounds.of(low), bounds.of(high)
            way = trend(rule, of, fact)
            return way if top.low >= bottom.high else _TURNED[way] if top.high <= bottom.low else "unknown"
        case _:
            return "unknown"


def turned(way: Trend) -> Trend:
    """Return the way of an expression that is subtracted."""
    return _TURNED[way]


def joined(*found: Trend) -> Trend:
    """Return the way of a whole whose parts go these ways."""
    ways = {each for each in found if each != "flat"}
    return "flat" if not ways else ways.pop() if len(ways) == 1 else "unknown"


def _scaled(way: Trend, factor: Interval) -> Trend:
    if way == "flat" or factor.low >= 0:
        return way
    return _TURNED[way] if factor.high <= 0 else "unknown"


def _named(rule: Rule, named: Named, fact: str) -> Trend:
    match named.how:
        case Formula(part=part) if named.kind in ("number", "money"):
            return trend(rule, part, fact)  # type: ignore[arg-type]  # no yes or no: an expression
        case Table(rows=rows, columns=None, cells=cells) if rows.name == fact:
            return _along(rule, rows, [line[0] for line in cells])
        case Table(rows=rows, columns=Axis() as columns, cells=cells) if rows.name == fact != columns.name:
            return joined(*(_along(rule, rows, list(column)) for column in zip(*cells, strict=True)))
        case Table(columns=Axis() as columns, cells=cells) if columns.name == fact:
            return joined(*(_along(rule, columns, list(line)) for line in cells))
        case Marginal(of=of, bands=bands):
            bounds = Bounds(rule.by_name, rule.named, rule.lists)
            rates = [rate for _band, rate in bands]
            flat = all(trend(rule, rate, fact) == "flat" and bounds.of(rate).low >= 0 for rate in rates)
            return trend(rule, of, fact) if flat else "unknown"
        case Branches() | Table() | Formula():
            return "flat" if fact not in rule.names_behind(names_of_named(named)) else "unknown"


def _along(rule: Rule, axis: Axis, cells: list[Expr | None]) -> Trend:
    """Follow the cells of one column from the lowest band to the highest; a blank one has no amount to compare."""
    if not all(isinstance(key, Band) for key in axis.keys):
        return "unknown"
    bands = [(key.low if key.low is not None else Fraction(-(10**30)), cell) for key, cell in _pairs(axis, cells)]
    bounds = Bounds(rule.by_name, rule.named, rule.lists)
    ways: list[Trend] = [trend(rule, cell, axis.name) for cell in cells if cell is not None]
    for (_low, one), (_next, other) in pairwise(sorted(bands, key=lambda each: each[0])):
        before, after = bounds.of(one), bounds.of(other)
        if before.high == after.low == before.low == after.high:
            ways.append("flat")
        else:
            ways.append("up" if after.low >= before.high else "down" if after.high <= before.low else "unknown")
    return joined(*ways)


def _pairs(axis: Axis, cells: list[Expr | None]) -> list[tuple[Band, Expr]]:
    pairs = zip(axis.keys, cells, strict=True)
    return [(key, cell) for key, cell in pairs if isinstance(key, Band) and cell is not None]
