"""What a condition and an expression are on given facts: exact, and honest about facts that are missing.

A condition is true, false, or `Missing`: the facts it still hangs on (Kleene's three values). An expression is an exact
number, an amount in fen, a day, or `Missing`. Named values are worked out once, on first use.
"""

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction
from typing import Any as Anything
from typing import Literal, TypeAlias

from engine.calendar import full_months, months_after, started_months
from engine.fact import Fact
from engine.given import Value
from engine.numbers import round_steps
from engine.tree import (
    All,
    Along,
    Any,
    Arithmetic,
    Axis,
    Band,
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
    Key,
    Later,
    Limit,
    Marginal,
    Money,
    Named,
    Not,
    Number,
    OneOf,
    Operator,
    Portions,
    Records,
    Ref,
    Relation,
    RoundedTo,
    Table,
    Tally,
)

Exact: TypeAlias = int | Fraction

COMPARE: Mapping[Operator, Callable[[Anything, Anything], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_LARGEST = 10**30


class Missing(tuple[str, ...]):
    """The names of facts that are missing, in the order they were met."""

    __slots__ = ()


class Undefined(Exception):
    """A value has no meaning on these facts: no line of a table or several, a zero divisor, a sum past all bounds."""

    def __init__(
        self, code: Literal["no_line", "several_lines", "divided_by_zero", "amount_too_large"], name: str
    ) -> None:
        super().__init__(code, name)
        self.code = code
        self.name = name


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
    outer: "Scope | None" = None

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
        return value

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
    settles = condition.which == "any"
    missing: tuple[str, ...] = ()
    for record in records:
        holds = evaluate(condition.where, scope.inside(lists, record))
        if isinstance(holds, Missing):
            missing += holds
        elif holds is settles:
            return settles
    return Missing(missing) if missing else not settles


def _joined(parts: tuple[Condition, ...], scope: Scope, settles: bool) -> bool | Missing:
    """Join parts: one that `settles` decides whatever else is missing."""
    missing: tuple[str, ...] = ()
    for part in parts:
        holds = _EVALUATE[type(part)](part, scope)
        if holds is settles:
            return settles
        if holds is not True and holds is not False:
            missing += holds
    return Missing(missing) if missing else not settles


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
}


def _both(*found: Anything) -> Missing:
    return Missing(name for each in found if isinstance(each, Missing) for name in each)


# --- expressions -----------------------------------------------------------------------------------------------------


def compute(expr: Expr, scope: Scope) -> Anything:
    """Compute exactly: a number, fen, or a day; Missing where a fact is; raise Undefined where there is no value."""
    match expr:
        case Money(fen=fen):
            return fen
        case Number(value=value):
            return value
        case Day(day=day):
            return day
        case Ref(name=name):
            return scope.value(name)
        case Limit(end=end):
            limit = scope.low if end == "low" else scope.high
            return 0 if limit is None else compute(limit, scope)
        case Arithmetic(op=op, left=left, right=right):
            one, other = compute(left, scope), compute(right, scope)
            if isinstance(one, Missing) or isinstance(other, Missing):
                return _both(one, other)
            return _bounded(_arithmetic(op, one, other, expr))
        case Extreme(which=which, parts=parts):
            found = [compute(part, scope) for part in parts]
            missing = _both(*found)
            return missing or (max(found) if which == "greatest" else min(found))
        case RoundedTo(part=part, step=step, mode=mode):
            value, unit = compute(part, scope), compute(step, scope)
            return value if isinstance(value, Missing) else _whole(Fraction(value, unit), mode) * unit
        case Portions(part=part, size=size, started=started):
            value, unit = compute(part, scope), compute(size, scope)
            if isinstance(value, Missing):
                return value
            return _whole(Fraction(value, unit), "ceiling" if started else "floor")
        case Between(span=span, first=first, last=last):
            one, other = compute(first, scope), compute(last, scope)
            if isinstance(one, Missing) or isinstance(other, Missing):
                return _both(one, other)
            return _between(span, one, other)
        case Later(unit=unit, day=day, by=by):
            start, steps = compute(day, scope), compute(by, scope)
            if isinstance(start, Missing) or isinstance(steps, Missing):
                return _both(start, steps)
            return _later(unit, start, int(steps))
        case Along(low=low, high=high, of=of, start=start, end=end, beyond=beyond):
            ends = [compute(each, scope) for each in (of, start, end, low, high)]
            if missing := _both(*ends):
                return missing
            at, first, last, bottom, top = ends
            if at > last and beyond is not None:
                return compute(beyond, scope)
            if first >= last:
                raise Undefined("divided_by_zero", "")
            share = min(max(Fraction(at - first, last - first), Fraction(0)), Fraction(1))
            return bottom + (top - bottom) * share
        case Tally():
            return _tally(expr, scope)


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
    return max(found, default=0) if tally.what == "greatest" else _bounded(sum(found))


def _arithmetic(op: str, one: Exact, other: Exact, expr: Expr) -> Exact:
    match op:
        case "+":
            return one + other
        case "-":
            return one - other
        case "*":
            return one * other
        case _:
            if other == 0:
                raise Undefined("divided_by_zero", "")
            return Fraction(one, other)


def _bounded(value: Exact) -> Exact:
    if not -_LARGEST < value < _LARGEST:
        raise Undefined("amount_too_large", "")
    return value


def _whole(value: Exact, mode: Literal["floor", "ceiling", "half_up", "half_even"]) -> int:
    exact = Fraction(value)
    return round_steps(exact.numerator, exact.denominator, mode)


def _between(span: str, first: date, last: date) -> int:
    match span:
        case "days":
            return (last - first).days
        case "started_months":
            return started_months(first, last)
        case "full_months":
            return full_months(first, last)
        case _:
            months = full_months(first, last)
            return months // 12 if months >= 0 else -(-months // 12)


def _later(unit: str, day: date, steps: int) -> date:
    try:
        if unit == "days":
            return day + timedelta(days=steps)
        return months_after(day, steps * (12 if unit == "years" else 1))
    except (OverflowError, ValueError) as error:
        raise Undefined("amount_too_large", "") from error


# --- named values ----------------------------------------------------------------------------------------------------


def _work(named: Named, scope: Scope) -> Anything:
    try:
        return _how(named, scope)
    except Undefined as undefined:
        raise Undefined(undefined.code, undefined.name or named.name) from undefined


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
            return compute(cells[line][column], scope)
        case Marginal(of=of, bands=bands):
            amount = compute(of, scope)
            if isinstance(amount, Missing):
                return amount
            if not any(band.holds(amount) for band, _rate in bands):
                raise Undefined("no_line", named.name)
            total: Exact = 0
            for band, rate in bands:
                bottom = band.low or Fraction(0)
                if amount > bottom:
                    top = amount if band.high is None else min(amount, band.high)
                    each = compute(rate, scope)
                    if isinstance(each, Missing):
                        return each
                    total += (top - bottom) * each
            return _bounded(total)


def _branches(name: str, rows: tuple[tuple[Condition | None, Expr], ...], scope: Scope) -> Anything:
    holding: list[Expr] = []
    missing: tuple[str, ...] = ()
    otherwise: Expr | None = None
    for when, value in rows:
        if when is None:
            otherwise = value
            continue
        holds = evaluate(when, scope)
        if isinstance(holds, Missing):
            missing += holds
        elif holds:
            holding.append(value)
    if missing:
        return Missing(missing)
    if len(holding) > 1:
        raise Undefined("several_lines", name)
    if not holding and otherwise is None:
        raise Undefined("no_line", name)
    return compute(holding[0] if holding else otherwise, scope)  # type: ignore[arg-type]  # one of them is there


def line_of(axis: Axis, scope: Scope) -> int | Missing:
    """Find the line of a table that holds; raise Undefined where none does."""
    declared = scope.declared(axis.name)
    plain = isinstance(declared, Fact) and declared.kind == "choice"
    value = scope.raw(axis.name) if plain else scope.value(axis.name)
    if isinstance(value, Missing):
        return value
    found = next((index for index, key in enumerate(axis.keys) if _key_holds(key, value)), None)
    if found is None:
        # The loader made sure that no two lines hold at once.
        raise Undefined("no_line", axis.name)
    return found


def _key_holds(key: Key, value: Anything) -> bool:
    match key:
        case bool():
            return value is key
        case Band():
            return key.holds(value)
        case tuple():
            return value in key


__all__ = ["Exact", "Missing", "Scope", "Undefined", "compute", "evaluate", "line_of"]
