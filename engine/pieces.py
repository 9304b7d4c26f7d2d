"""Where a rule's outcome can turn while one fact moves: its comparisons and bands, as signs that never turn back.

While a single fact grows, the sign of each comparison changes one way only, because both sides are linear in the fact,
or a ratio of two lines whose divisor is never below zero is held against a constant (`engine.shapes`): it rises or
falls all the way, and where the divisor is zero there is no value, which is a side of its own. So two points with equal
pieces have nothing between them: that is what makes a search for the nearest change exact.
"""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from datetime import date
from fractions import Fraction
from typing import Any as Anything

from engine.arithmetic import Undefined
from engine.evaluate import Missing, Scope, compute, evaluate
from engine.fact import Cell, Fact
from engine.rule import Rule
from engine.tree import (
    Along,
    Axis,
    Band,
    Branches,
    Compare,
    Day,
    Each,
    Extreme,
    Formula,
    Key,
    Marginal,
    Money,
    Named,
    Number,
    Period,
    Ref,
    Relation,
    Table,
    Tally,
)

Piece = Compare | Relation | Axis | Along | Extreme | Tally | Each


def pieces_of(rule: Rule) -> tuple[Piece, ...]:
    """Collect what can turn the outcome of a rule while a number or a day moves, each once."""
    roots = (rule.values, rule.no_penalty, rule.preconditions, rule.rows, rule.defects, rule.ranges, rule.conventions)
    found = (node for node in _walk(roots) if isinstance(node, Piece))
    return tuple(dict.fromkeys(found))


def _walk(node: object) -> Iterator[object]:
    # Reflection, so that a new node is walked from the day it exists. What is inside a list of records is judged whole.
    if isinstance(node, tuple):
        for each in node:
            yield from _walk(each)
    elif is_dataclass(node) and not isinstance(node, Cell):
        yield node
        if not isinstance(node, Tally | Each):
            for field in fields(node):
                yield from _walk(getattr(node, field.name))


def signs(pieces: tuple[Piece, ...], scope: Scope) -> tuple[object, ...]:
    """Say on which side of everything that can turn the outcome these facts lie."""
    return tuple([_side(piece, scope) for piece in pieces])


def _side(piece: Piece, scope: Scope) -> object:
    try:
        match piece:
            case Compare(fact=name, value=value):
                return _sign(scope.raw(name), value)
            case Relation(left=left, right=right):
                return _sign(compute(left, scope), compute(right, scope))
            case Axis(keys=keys):
                at = _at(piece, scope)
                ends = [end for key in keys for end in _ends(key)]
                return tuple([_sign(at, end) for end in ends]) if ends else at
            case Along(of=of, start=start, end=end):
                at = compute(of, scope)
                return _sign(at, compute(start, scope)), _sign(at, compute(end, scope))
            case Extreme(which=which, parts=parts):
                found = [compute(part, scope) for part in parts]
                if any(isinstance(each, Missing) for each in found):
                    return None
                return found.index(max(found) if which == "greatest" else min(found))
            case Tally(records=name, where=where):
                return compute(Tally(what="count", records=name, where=where), scope)
            case Each():
                return evaluate(piece, scope)
    except Undefined as undefined:
        return undefined.code


def _sign(one: Anything, other: Anything) -> int | None:
    if isinstance(one, Missing) or isinstance(other, Missing):
        return None
    return int(one > other) - int(one < other)


def taken(named: tuple[Named, ...], scope: Scope) -> tuple[object, ...]:
    """Say which line of each table, and which branch, gives these named values."""
    return tuple([_taken(each, scope) for each in named])


def _taken(named: Named, scope: Scope) -> object:
    try:
        match named.how:
            case Table(rows=rows, columns=columns):
                return tuple([_line(axis, scope) for axis in (rows, columns) if axis is not None])
            case Branches(rows=rows):
                return tuple([evaluate(when, scope) for when, _value in rows if when is not None])
            case Formula() | Marginal():
                return None
    except Undefined as undefined:
        return undefined.code


def _line(axis: Axis, scope: Scope) -> object:
    at = _at(axis, scope)
    return at if isinstance(at, Missing) else [isinstance(key, Band | Period) and key.holds(at) for key in axis.keys]


def _ends(key: Key) -> tuple[Fraction | date, ...]:
    match key:
        case Band(low=low, high=high):
            return tuple(end for end in (low, high) if end is not None)
        case Period(first=first, last=last):
            return tuple(end for end in (first, last) if end is not None)
        case bool() | tuple():
            return ()


def _at(axis: Axis, scope: Scope) -> Anything:
    return scope.raw(axis.name) if isinstance(scope.raw(axis.name), str) else scope.value(axis.name)


def thresholds(pieces: tuple[Piece, ...], fact: Fact) -> tuple[int, ...]:
    """Return the constants a fact is directly held against, on its grid: a search that starts there is short."""
    found: set[int] = set()
    for piece in pieces:
        match piece:
            case Compare(fact=name, value=value) if name == fact.name:
                found.add(value)
            case Relation(left=Ref(name=name), right=Number() | Money() | Day() as constant) if name == fact.name:
                found |= _around(fact, constant)
            case Relation(left=Number() | Money() | Day() as constant, right=Ref(name=name)) if name == fact.name:
                found |= _around(fact, constant)
            case Along(of=Ref(name=name), start=start, end=end) if name == fact.name:
                for figure in (start, end):
                    if isinstance(figure, Number | Money | Day):
                        found |= _around(fact, figure)
            case Axis(name=name, keys=keys) if name == fact.name:
                for limit in (end for key in keys for end in _ends(key)):
                    found |= _near(on_grid(fact, limit))
            case _:
                pass
    return tuple(sorted(found))


def _around(fact: Fact, constant: Number | Money | Day) -> set[int]:
    match constant:
        case Number(value=value):
            return _near(on_grid(fact, value))
        case Money(fen=fen):
            return _near(on_grid(fact, fen))
        case Day(day=day):
            return {day.toordinal()}


def on_grid(fact: Fact, value: Fraction | int | date) -> Fraction:
    """Write a value as expressions use it on the fact's own grid; it may lie between two points of it."""
    if isinstance(value, date):
        return Fraction(value.toordinal())
    return Fraction(value) * fact.grid


def _near(value: Fraction) -> set[int]:
    return {value.numerator // value.denominator, -(-value.numerator // value.denominator)}
