"""What a condition and an expression are on given facts: exact, and honest about facts that are missing.

A condition is true, false, or `Missing`: the facts it still hangs on (Kleene's three values). An expression is an exact
number, an amount in fen, a day, or `Missing`. Named values are worked out once, on first use.
"""

import operator
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from itertools import repeat
from typing import Any as Anything

from engine.arithmetic import Exact, Undefined, bounded, product, quotient, ratio, steps, time_after, time_between
from engine.fact import Fact
from engine.given import Value
from engine.plain import passes
from engine.rule import Row
from engine.tree import (
    COMPARE,
    All,
    Along,
    Always,
    Any,
    Arithmetic,
    Axis,
    Between,
    Branches,
    Compare,
    Condition,
    Day,
    Each,
    Expr,
    Extreme,
    Formula,
    Is,
    Later,
    Limit,
    Marginal,
    Money,
    Named,
    Not,
    Number,
    OneOf,
    Portions,
    Records,
    Ref,
    Relation,
    RoundedTo,
    Table,
    Tally,
)


class Missing(tuple[str, ...]):
    """The names of facts that are missing, in the order they were met."""

    __slots__ = ()


@dataclass(slots=True)
class Scope:
    """The facts of one decision and what has been worked out from them."""

    values: Mapping[str, Value]
    facts: Mapping[str, Fact]
    named: Mapping[str, Named]
    lists: Mapping[str, Records]
    low: Expr | None = None
    high: Expr | None = None
    worked: dict[str, Anything] = field(default_factory=dict)
    # What gave a named value: the line and column of its table, its branch, or its bands (`reasoning.line_text`).
    taken: dict[str, tuple[Anything, ...]] = field(default_factory=dict)
    outer: "Scope | None" = None
    limits: "dict[str, Scope]" = field(default_factory=dict)
    insides: "dict[str, tuple[Scope, ...]]" = field(default_factory=dict)
    # The ends that fines of rows come to, by who pays, once they were weighed (`heavier`).
    weighed: list[tuple[Row, str, tuple[Exact, Exact] | None]] = field(default_factory=list)

    def declared(self, name: str) -> Fact | Named | None:
        found = self.named.get(name) or self.facts.get(name)
        return found if found is not None or self.outer is None else self.outer.declared(name)

    def raw(self, name: str) -> Value | Missing:
        """Return a fact's value as read, or what is missing."""
        if name in self.facts or name.startswith("@"):
            value = self.values.get(name)
            return Missing((name,)) if value is None else value
        return self.outer.raw(name) if self.outer is not None else Missing((name,))

    def value(self, name: str) -> Exact | date | bool | Missing:
        """Return a fact or named value as expressions use it: exact, a percentage as a share."""
        found: Anything = self.worked.get(name)
        if found is None and (named := self.named.get(name)) is not None:
            found = self.worked[name] = _work(named, self)
        if found is not None:
            return found  # type: ignore[no-any-return]
        fact = self.facts.get(name)
        if fact is None and self.outer is not None:
            return self.outer.value(name)
        found = self.values.get(name)  # Without a fact it is what the engine gives: @on, @decided, @fine.
        if found is None or fact is None or fact.over == 1:
            return Missing((name,)) if found is None else found
        # Money of a currency without hundredths is given in whole units, and reckoned in hundredths like all money.
        return ratio(found * fact.over.denominator, fact.over.numerator)

    def inside(self, records: Records, record: Mapping[str, Value]) -> "Scope":
        """Return the scope of one record: its own fields and values before those of the decision."""
        return Scope(record, records.by_name, records.named, {}, self.low, self.high, outer=self)

    def each_of(self, name: str) -> "tuple[Scope, ...] | Missing":
        """Return the scopes of all records of a list, in which their values are worked out once."""
        found = self.insides.get(name)
        if found is None:
            records: Anything = self.raw(name)
            if isinstance(records, Missing):
                return records
            found = self.insides[name] = tuple([self.inside(self.lists[name], record) for record in records])
        return found

    def within(self, name: str, low: Expr | None, high: Expr | None) -> "Scope":
        """Return the scope in which 法定下限 and 法定上限 are the ends of the statutory range of that name."""
        found = self.limits.get(name)
        if found is None:
            found = Scope(
                self.values, self.facts, self.named, self.lists, low, high, worked=self.worked, taken=self.taken
            )
            self.limits[name] = found
        return found


# --- conditions ------------------------------------------------------------------------------------------------------


def evaluate(condition: Condition, scope: Scope) -> bool | Missing:
    """Evaluate in Kleene's three values: Missing where a missing fact still decides."""
    return _EVALUATE[type(condition)](condition, scope)


def _is(condition: Is, scope: Scope) -> bool | Missing:
    answer: Anything = scope.values.get(condition.fact)
    if answer is None:
        name = condition.fact
        answer = scope.value(name) if scope.declared(name).__class__ is Named else scope.raw(name)
    return answer if isinstance(answer, Missing) else answer is True


def _compare(condition: Compare, scope: Scope) -> bool | Missing:
    given: Anything = scope.values.get(condition.fact)
    if given is None:
        given = scope.raw(condition.fact)
        if isinstance(given, Missing):
            return given
    return COMPARE[condition.op](given, condition.value)


def _one_of(condition: OneOf, scope: Scope) -> bool | Missing:
    chosen: Anything = scope.values.get(condition.fact)
    if chosen is None:
        chosen = scope.raw(condition.fact)
        if isinstance(chosen, Missing):
            return chosen
    return chosen in condition.choices


def _relation(condition: Relation, scope: Scope) -> bool | Missing:
    left, right = condition.left, condition.right
    one, other = _COMPUTE[type(left)](left, scope), _COMPUTE[type(right)](right, scope)
    if isinstance(one, Missing) or isinstance(other, Missing):
        return _both(one, other)
    return COMPARE[condition.op](one, other)


def _not(condition: Not, scope: Scope) -> bool | Missing:
    inner = evaluate(condition.part, scope)
    return inner if isinstance(inner, Missing) else not inner


def _all(condition: All, scope: Scope) -> bool | Missing:
    return _joined(condition, scope, False)


def _any(condition: Any, scope: Scope) -> bool | Missing:
    return _joined(condition, scope, True)


def _each(condition: Each, scope: Scope) -> bool | Missing:
    scopes = scope.each_of(condition.records)
    if isinstance(scopes, Missing):
        return scopes
    return _settled(zip(repeat(condition.where), scopes, strict=False), condition.which == "any")


def _joined(condition: All | Any, scope: Scope, settles: bool) -> bool | Missing:
    holds = passes(condition.ways, scope.values) if condition.ways else None
    return _settled(zip(condition.parts, repeat(scope), strict=False), settles) if holds is None else holds


def _settled(parts: Iterable[tuple[Condition, Scope]], settles: bool) -> bool | Missing:
    """Join parts, in whatever order they are written: one that settles wins, then what is missing, then no value."""
    missing: tuple[str, ...] = ()
    undefined: list[Undefined] = []
    for part, scope in parts:
        try:
            holds = _EVALUATE[type(part)](part, scope)
        except Undefined as none:
            undefined.append(none)
            continue
        if holds is settles:
            return settles
        if holds is not True and holds is not False:
            missing += holds
    if missing:
        return Missing(missing)
    if undefined:
        raise _foremost(undefined)
    return not settles


def _foremost(undefined: list[Undefined]) -> Undefined:
    """Choose which of several to tell of, by their names and not by their order."""
    return min(undefined, key=lambda each: (each.code, each.name))


# One look for the reading of a node: conditions are asked for by the hundred in one decision.
_EVALUATE: Mapping[type, Callable[[Anything, Scope], bool | Missing]] = {
    Is: _is,
    Compare: _compare,
    OneOf: _one_of,
    Relation: _relation,
    Each: _each,
    Not: _not,
    All: _all,
    Any: _any,
    Always: lambda _condition, _scope: True,
}


def _both(*found: Anything) -> Missing:
    return Missing([name for each in found if isinstance(each, Missing) for name in each])


# --- expressions -----------------------------------------------------------------------------------------------------


def compute(expr: Expr, scope: Scope) -> Anything:
    """Compute exactly: a number, fen, or a day; Missing where a fact is; raise Undefined where there is no value."""
    return _COMPUTE[type(expr)](expr, scope)


def _limit(expr: Limit, scope: Scope) -> Anything:
    limit = scope.low if expr.end == "low" else scope.high
    return 0 if limit is None else compute(limit, scope)


def _arithmetic(expr: Arithmetic, scope: Scope) -> Anything:
    left, right = expr.left, expr.right
    one, other = _COMPUTE[type(left)](left, scope), _COMPUTE[type(right)](right, scope)
    if isinstance(one, Missing) or isinstance(other, Missing):
        return _both(one, other)
    return bounded(_ARITHMETIC[expr.op](one, other))


_ARITHMETIC: Mapping[str, Callable[[Anything, Anything], Exact]] = {
    "+": operator.add, "-": operator.sub, "*": product, "/": quotient,
}  # fmt: skip


def _extreme(expr: Extreme, scope: Scope) -> Anything:
    found = [_COMPUTE[type(part)](part, scope) for part in expr.parts]
    if Missing in map(type, found):
        return _both(*found)
    return max(found) if expr.which == "greatest" else min(found)


def _rounded_to(expr: RoundedTo, scope: Scope) -> Anything:
    value, unit = compute(expr.part, scope), compute(expr.step, scope)
    return value if isinstance(value, Missing) else steps(value, unit, expr.mode) * unit


def _portions(expr: Portions, scope: Scope) -> Anything:
    value, unit = compute(expr.part, scope), compute(expr.size, scope)
    if isinstance(value, Missing):
        return value
    return steps(value, unit, "ceiling" if expr.started else "floor")


def _between(expr: Between, scope: Scope) -> Anything:
    first, last = compute(expr.first, scope), compute(expr.last, scope)
    if isinstance(first, Missing) or isinstance(last, Missing):
        return _both(first, last)
    return time_between(expr.span, first, last)


def _later(expr: Later, scope: Scope) -> Anything:
    day, by = compute(expr.day, scope), compute(expr.by, scope)
    if isinstance(day, Missing) or isinstance(by, Missing):
        return _both(day, by)
    return time_after(expr.unit, day, int(by))


def _along(expr: Along, scope: Scope) -> Anything:
    ends = [compute(each, scope) for each in (expr.of, expr.start, expr.end, expr.low, expr.high)]
    if missing := _both(*ends):
        return missing
    at, first, last, bottom, top = ends
    if at > last and expr.beyond is not None:
        return compute(expr.beyond, scope)
    if first >= last:
        raise Undefined("divided_by_zero", "")
    share = min(max(Fraction(at - first, last - first), Fraction(0)), Fraction(1))
    return bottom + (top - bottom) * share


def _tally(tally: Tally, scope: Scope) -> Anything:
    scopes = scope.each_of(tally.records)
    if isinstance(scopes, Missing):
        return scopes
    if tally.where is None and tally.part is None:
        return len(scopes)
    found: list[Anything] = []
    missing: tuple[str, ...] = ()
    where, part = tally.where, tally.part
    for inner in scopes:
        holds = True if where is None else _EVALUATE[type(where)](where, inner)
        if holds is True:
            value = 1 if part is None else _COMPUTE[type(part)](part, inner)
            missing += value if isinstance(value, Missing) else ()
            found.append(value)
        elif holds is not False:
            missing += holds
    if missing:
        return Missing(missing)
    if tally.what in ("count", "total"):
        return bounded(sum(found))
    if tally.of_days and not found:
        raise Undefined("empty_list", tally.records)
    return (max if tally.what == "greatest" else min)(found, default=0)


_COMPUTE: Mapping[type, Callable[[Anything, Scope], Anything]] = {
    Money: lambda expr, _scope: expr.fen,
    Number: lambda expr, _scope: expr.exact,
    Day: lambda expr, _scope: expr.day,
    Ref: lambda expr, scope: scope.value(expr.name),
    Limit: _limit,
    Arithmetic: _arithmetic,
    Extreme: _extreme,
    RoundedTo: _rounded_to,
    Portions: _portions,
    Between: _between,
    Later: _later,
    Along: _along,
    Tally: _tally,
}


# --- named values ----------------------------------------------------------------------------------------------------


def _work(named: Named, scope: Scope) -> Anything:
    try:
        return _how(named, scope)
    except Undefined as undefined:
        raise Undefined(undefined.code, undefined.name or named.name, undefined.axis) from undefined


def _how(named: Named, scope: Scope) -> Anything:
    match named.how:
        case Formula(part=part):
            if named.kind == "yes_no":
                return evaluate(part, scope)  # type: ignore[arg-type]  # a yes/no value is a condition
            return compute(part, scope)  # type: ignore[arg-type]
        case Branches(rows=rows):
            return _branches(named.name, rows, scope)
        case Table(rows=axis, columns=columns, cells=cells):
            line = line_of(axis, scope)
            column = 0 if columns is None else line_of(columns, scope)
            if isinstance(line, Missing) or isinstance(column, Missing):
                return _both(line, column)
            scope.taken[named.name] = (line, column)
            return compute(cells[line][column], scope)
        case Marginal(of=of, bands=bands):
            amount = compute(of, scope)
            if isinstance(amount, Missing):
                return amount
            if not any(band.holds(amount) for band, _rate in bands):
                raise Undefined("no_line", named.name)
            total: Exact = 0
            passed: list[tuple[int, Exact, Exact]] = []
            for index, (band, rate) in enumerate(bands):
                bottom = band.low or Fraction(0)
                if amount > bottom:
                    top = amount if band.high is None else min(amount, band.high)
                    each = compute(rate, scope)
                    if isinstance(each, Missing):
                        return each
                    passed.append((index, top - bottom, (top - bottom) * each))
                    total += passed[-1][2]
            scope.taken[named.name] = tuple(passed)
            return bounded(total)


def _branches(name: str, rows: tuple[tuple[Condition | None, Expr], ...], scope: Scope) -> Anything:
    holding: list[int] = []
    missing: tuple[str, ...] = ()
    undefined: list[Undefined] = []
    otherwise: list[int] = []
    for index, (when, _value) in enumerate(rows):
        if when is None:
            otherwise = [index]
            continue
        try:
            holds = _EVALUATE[type(when)](when, scope)
        except Undefined as none:
            undefined.append(none)
            continue
        if holds is True:
            holding.append(index)
        elif holds is not False:
            missing += holds
    if len(holding) > 1:
        # Two hold already, whatever else is missing or has no value.
        raise Undefined("several_lines", name)
    if missing:
        return Missing(missing)
    if undefined:
        raise _foremost(undefined)
    found = holding or otherwise
    if not found:
        raise Undefined("no_line", name)
    scope.taken[name] = (found[0],)
    return compute(rows[found[0]][1], scope)


def line_of(axis: Axis, scope: Scope) -> int | Missing:
    """Find the line of a table that holds; raise Undefined where none does."""
    declared = scope.declared(axis.name)
    plain = isinstance(declared, Fact) and declared.kind == "choice"
    value = scope.raw(axis.name) if plain else scope.value(axis.name)
    if isinstance(value, Missing):
        return value
    found = axis.line(value)
    if found is None:
        raise Undefined("no_line", "", axis.name)
    return found


__all__ = ["Missing", "Scope", "compute", "evaluate", "line_of"]
