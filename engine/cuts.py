"""Where a rule compares a fact with a constant: the thresholds that its test cases must stand on both sides of.

A threshold is a *cut*: two neighbouring values of a fact's grid (1 for whole numbers, 0.01 for `精确到 0.01`, one fen
for money) between which a comparison changes its answer. `≤ 2` and `> 2` both cut between 2 and 2.01, `≥ 2` and `< 2`
between 1.99 and 2, `= 2` at both places. A cut that lies outside the fact's domain decides nothing and is none; the
same cut written in several rows is one. What is compared with something worked out, or a worked-out value with
anything, has no grid: there the two sides are that the comparison holds, and that it does not.
"""

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from fractions import Fraction
from math import ceil, floor
from typing import Any as Anything
from typing import NamedTuple

from engine.fact import Cell, Fact, Place
from engine.given import in_domain
from engine.measures import ConfiscateGains
from engine.rule import Rule
from engine.tree import (
    Axis,
    Band,
    Compare,
    Condition,
    Each,
    Expr,
    Is,
    Marginal,
    Money,
    Named,
    Number,
    OneOf,
    Operator,
    Ref,
    Relation,
    Table,
    Tally,
    names_in,
)

_MIRRORED: Mapping[Operator, Operator] = {"=": "=", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}


class Cut(NamedTuple):
    """Between `low` and `low` + 1 on the grid of a fact (of a record of `records`) an answer changes."""

    records: str
    fact: Fact
    low: int
    place: Place


class Sites(NamedTuple):
    """What a rule compares: cuts, comparisons without a grid, and the named values it uses (by list of records)."""

    cuts: tuple[Cut, ...]
    relations: tuple[tuple[str, Relation, Place], ...]
    named: tuple[tuple[str, Named], ...]


def conditions_of(rule: Rule) -> Iterator[tuple[Place, Condition]]:
    """Yield every condition of a rule outside its named values, with its place."""
    for row in (*rule.no_penalty, *rule.rows):
        yield row.when_cell.place, row.when
    for precondition in rule.preconditions:
        yield precondition.cell.place, precondition.when
    how = rule.conventions
    for move in how.moves:
        yield move.cell.place, move.when
    for change in how.adjustments:
        yield change.cell.place, change.when
    for each in how.in_tier:
        if each.when is not None:
            yield each.cell.place, each.when
    for defect in rule.defects:
        if defect.when is not None:
            yield defect.cell.place, defect.when


def sites_of(rule: Rule) -> Sites:
    """Find everything a rule compares with a constant; shared facts and values that it never uses are left out."""
    roots: list[tuple[Place, Anything]] = list(conditions_of(rule))
    roots += [(row.outcome_cell.place, row.measures) for row in (*rule.no_penalty, *rule.rows)]
    roots += [(each.cell.place, each.measures) for each in rule.preconditions]
    roots += [(each.outcome_cell.place, each.change) for each in rule.conventions.adjustments]
    roots += [(each.cell.place, (each.low, each.high)) for each in rule.ranges]
    named: dict[tuple[str, str], Named] = {}
    parts: list[tuple[str, Place, Anything]] = []
    waiting = [("", place, node) for place, node in roots]
    while waiting:
        records, place, root = waiting.pop(0)
        for inside, node in walk(root, records):
            parts.append((inside, place, node))
            for at in dict.fromkeys((inside, "")):
                found = _named(rule, at, name_read(node))
                if found is not None and (at, found.name) not in named:
                    named[at, found.name] = found
                    waiting.append((at, found.cell.place, found.how))
    cuts: dict[tuple[str, str, int], Cut] = {}
    relations: dict[tuple[str, Relation], tuple[str, Relation, Place]] = {}
    for inside, place, node in parts:
        made = list(_cuts(rule, inside, node, place))
        for cut in made:
            cuts.setdefault((cut.records, cut.fact.name, cut.low), cut)
        # What the fine has come to is no fact: an adjustment that asks for it is shown on and off instead.
        if isinstance(node, Relation) and not made and not {"@base", "@so_far"}.intersection(names_in(node)):
            relations.setdefault((inside, node), (inside, node, place))
    return Sites(tuple(cuts.values()), tuple(relations.values()), tuple((at, each) for (at, _), each in named.items()))


def walk(node: Anything, records: str = "") -> Iterator[tuple[str, Anything]]:
    """Yield a node and all below it, each with the list of records it stands inside."""
    if isinstance(node, tuple):
        for each in node:
            yield from walk(each, records)
    elif is_dataclass(node) and not isinstance(node, Cell | Fact):
        yield records, node
        inner = node.records if isinstance(node, Each | Tally) else records
        for each in fields(node):
            yield from walk(getattr(node, each.name), inner)


def name_read(node: Anything) -> str:
    """Return the name that a node reads; nothing where it reads none."""
    match node:
        case Ref(name=name) | Is(fact=name) | Compare(fact=name) | OneOf(fact=name) | ConfiscateGains(fact=name):
            return name
        case Axis(name=name):
            return name
        case _:
            return ""


def _named(rule: Rule, records: str, name: str) -> Named | None:
    if not records:
        return rule.named.get(name)
    return next((each for each in rule.lists[records].values if each.name == name), None)


def fact_of(rule: Rule, records: str, name: str) -> tuple[str, Fact] | None:
    """Find a fact by name where it is read: a field of the record first, then a fact of the rule."""
    if records:
        for each in rule.lists[records].fields:
            if each.name == name:
                return records, each
    return ("", rule.by_name[name]) if name in rule.by_name else None


def _cuts(rule: Rule, records: str, node: Anything, place: Place) -> Iterator[Cut]:
    match node:
        case Compare(fact=name, op=op, value=value):
            yield from _at(rule, records, name, op, Fraction(value), place, scaled=True)
        case Relation(op=op, left=Ref(name=name), right=right) if (constant := _constant(right)) is not None:
            yield from _at(rule, records, name, op, constant, place)
        case Relation(op=op, left=left, right=Ref(name=name)) if (constant := _constant(left)) is not None:
            yield from _at(rule, records, name, _MIRRORED[op], constant, place)
        case Table(rows=rows, columns=columns):
            for axis in (rows, columns):
                for key in () if axis is None else axis.keys:
                    if axis is not None and isinstance(key, Band):
                        yield from _band(rule, records, axis.name, key, place)
        case Marginal(of=Ref(name=name), bands=bands):
            for band, _rate in bands:
                yield from _band(rule, records, name, band, place)


def _constant(expr: Expr) -> Fraction | None:
    match expr:
        case Money(fen=fen):
            return Fraction(fen)
        case Number(value=value):
            return value
        case _:
            return None


def _band(rule: Rule, records: str, name: str, band: Band, place: Place) -> Iterator[Cut]:
    if band.low is not None:
        yield from _at(rule, records, name, ">" if band.low_open else ">=", band.low, place)
    if band.high is not None:
        yield from _at(rule, records, name, "<" if band.high_open else "<=", band.high, place)


def _at(
    rule: Rule, records: str, name: str, op: Operator, value: Fraction, place: Place, *, scaled: bool = False
) -> Iterator[Cut]:
    found = fact_of(rule, records, name)
    if found is None or not found[1].numeric:
        return
    at, fact = found
    exact = value if scaled else value * fact.grid
    lows = {"<=": [floor(exact)], ">": [floor(exact)], "<": [ceil(exact) - 1], ">=": [ceil(exact) - 1]}.get(op)
    if lows is None:
        lows = [floor(exact) - 1, floor(exact)] if exact == floor(exact) else []
    for low in lows:
        if in_domain(fact, low) and in_domain(fact, low + 1):
            yield Cut(at, fact, low, place)
