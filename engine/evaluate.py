"""What a condition and an expression are on given facts: exact, and honest about facts that are missing.

A condition is true, false, or `Missing`: the facts it still hangs on (Kleene's three values). An expression is an exact
number, an amount in fen, a day, or `Missing`. Named values are worked out once, on first use.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import Any as Anything

from engine.arithmetic import Exact, Undefined, bounded, product, quotient, time_after, time_between, whole
from engine.fact import Fact
from engine.given import Value
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
        if name in self.named:
            if name not in self.worked:
                self.worked[name] = _work(self.named[name], self)
            found: Exact | date | bool | Missing = self.worked[name]
            return found
        fact = self.facts.get(name)
        if fact is None:
            if self.outer is not None:
                return self.outer.value(name)
            built_in = self.values.get(name)
            return Missing((name,)) if built_in is None else built_in  # type: ignore[return-value]  # @on, @decided, @fine
        value = self.values.get(name)
        if value is None:
            return Missing((name,))
        if fact.kind == "number" or fact.unit == "percent":
            assert isinstance(value, int)
            return Fraction(value, 10**fact.scale * (100 if fact.unit == "percent" else 1))
        assert not isinstance(value, str | tuple)
        return value * 100 if fact.kind == "money" and not fact.scale else value  # type: ignore[operator]  # an integer

    def inside(self, records: Records, record: Mapping[str, Value]) -> "Scope":
        """Return the scope of one record: its own fields and values before those of the decision."""
        return Scope(
            record,
            {each.name: each for each in records.fields},
            {each.name: each for each in records.values},
            {},
            self.low,
            self.high,
            outer=self,
        )

    def within(self, name: str, low: Expr | None, high: Expr | None) -> "Scope":
        """Return the scope in which 法定下限 and 法定上限 are the ends of the statutory range of that name."""
        found = self.limits.get(name)
        if found is None:
            found = Scope(
                self.values, self.facts, self.named, self.lists, low, high, worked=self.worked, taken=self.taken
            )
            self.limits[name] = found
        return found

    def records(self, name: str) -> tuple[Mapping[str, Value], ...] | Missing:
        return self.raw(name)  # type: ignore[return-value]  # a fact of kind records holds records


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
    one, other = compute(condition.left, scope), compute(condition.right, scope)
    if isinstance(one, Missing) or isinstance(other, Missing):
        return _both(one, other)
    return COMPARE[condition.op](one, other)


def _not(condition: Not, scope: Scope) -> bool | Missing:
    inner = evaluate(condition.part, scope)
    return inner if isinstance(inner, Missing) else not inner


def _all(condition: All, scope: Scope) -> bool | Missing:
    return _joined(condition.parts, scope, False)


def _any(condition: Any, scope: Scope) -> bool | Missing:
    return _joined(condition.parts, scope, True)


def _each(condition: Each, scope: Scope) -> bool | Missing:
    records = scope.records(condition.records)
    if isinstance(records, Missing):
        return records
    lists = scope.lists[condition.records]
    return _settled([(condition.where, scope.inside(lists, record)) for record in records], condition.which == "any")


def _joined(parts: tuple[Condition, ...], scope: Scope, settles: bool) -> bool | Missing:
    return _settled([(part, scope) for part in parts], settles)


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
    return Missing(name for each in found if isinstance(each, Missing) for name in each)


# --- expressions -----------------------------------------------------------------------------------------------------


def compute(expr: Expr, scope: Scope) -> Anything:
    """Compute exactly: a number, fen, or a day; Missing where a fact is; raise Undefined where there is no value."""
    return _COMPUTE[type(expr)](expr, scope)


def _limit(expr: Limit, scope: Scope) -> Anything:
    limit = scope.low if expr.end == "low" else scope.high
    return 0 if limit is None else compute(limit, scope)


def _arithmetic(expr: Arithmetic, scope: Scope) -> Anything:
    one, other = compute(expr.left, scope), compute(expr.right, scope)
    if isinstance(one, Missing) or isinstance(other, Missing):
        return _both(one, other)
    match expr.op:
        case "+":
            value = one + other
        case "-":
            value = one - other
        case "*":
            value = product(one, other)
        case "/":
            value = quotient(one, other)
    return bounded(value)


def _extreme(expr: Extreme, scope: Scope) -> Anything:
    found = [compute(part, scope) for part in expr.parts]
    missing = _both(*found)
    return missing or (max(found) if expr.which == "greatest" else min(found))


def _rounded_to(expr: RoundedTo, scope: Scope) -> Anything:
    value, unit = compute(expr.part, scope), compute(expr.step, scope)
    return value if isinstance(value, Missing) else whole(Fraction(value, unit), expr.mode) * unit


def _portions(expr: Portions, scope: Scope) -> Anything:
    value, unit = compute(expr.part, scope), compute(expr.size, scope)
    if isinstance(value, Missing):
        return value
    return whole(Fraction(value, unit), "ceiling" if expr.started else "floor")


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
    records = scope.records(tally.records)
    if isinstance(records, Missing):
        return records
    lists = scope.lists[tally.records]
    found: list[Anything] = []
    missing: tuple[str, ...] = ()
    for record in records:
        inner = scope.inside(lists, record)
        holds = evaluate(tally.where, inner) if tally.where is not None else True
        if isinstance(holds, Missing):
            missing += holds
        elif holds:
            value = compute(tally.part, inner) if tally.part is not None else 1
            missing += value if isinstance(value, Missing) else ()
            found.append(value)
    if missing:
        return Missing(missing)
    if tally.what in ("count", "total"):
        return bounded(sum(found))
    if tally.of_days and not found:
        raise Undefined("empty_list", tally.records)
    return (max if tally.what == "greatest" else min)(found, default=0)


_COMPUTE: Mapping[type, Callable[[Anything, Scope], Anything]] = {
    Money: lambda expr, _scope: expr.fen,
    Number: lambda expr, _scope: expr.value,
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
            holds = evaluate(when, scope)
        except Undefined as none:
            undefined.append(none)
            continue
        if isinstance(holds, Missing):
            missing += holds
        elif holds:
            holding.append(index)
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
