"""Expressions and named values as functions of a scope: exact numbers, fen and days, or what is missing."""

import operator
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any as Anything

from engine.arithmetic import Exact, Undefined, bounded, product, quotient, ratio, steps, time_after, time_between
from engine.fact import Fact
from engine.numbers import Rounding, round_steps
from engine.plain import passes
from engine.scope import Missing, Run, Scope, both, constant, foremost, run_of, runs
from engine.tree import (
    Along,
    Arithmetic,
    Axis,
    Between,
    Branches,
    Day,
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
    Ref,
    RoundedTo,
    Table,
    Tally,
    ways_of,
)


@runs(Money)
@runs(Number)
@runs(Day)
def _constant(expr: Money | Number | Day) -> Run:
    value = constant(expr)
    return lambda _scope: value


@runs(Ref)
def _ref(expr: Ref) -> Run:
    name = expr.name
    return lambda scope: scope.value(name)


@runs(Limit)
def _limit(expr: Limit) -> Run:
    low = expr.end == "low"

    def run(scope: Scope) -> Anything:
        limit = scope.low if low else scope.high
        return 0 if limit is None else run_of(limit)(scope)

    return run


_ARITHMETIC: Mapping[str, Callable[[Anything, Anything], Exact]] = {
    "+": operator.add, "-": operator.sub, "*": product, "/": quotient,
}  # fmt: skip
# Of whole numbers, as most are, the result is whole, and below this nothing is beyond bounds.
_OF_WHOLES: Mapping[str, Callable[[int, int], int]] = {"+": operator.add, "-": operator.sub, "*": operator.mul}
_LARGEST = 10**15
_LEAST = -_LARGEST


@runs(Arithmetic)
def _arithmetic(expr: Arithmetic) -> Run:
    if (share := _share(expr)) is not None:
        return _times(*share)
    left, right, reckon = run_of(expr.left), run_of(expr.right), _ARITHMETIC[expr.op]
    first, second = constant(expr.left), constant(expr.right)
    whole = _OF_WHOLES.get(expr.op)

    def run(scope: Scope) -> Anything:
        one = left(scope) if first is None else first
        other = right(scope) if second is None else second
        if whole is not None and type(one) is int and type(other) is int:
            found = whole(one, other)
            return found if _LEAST < found < _LARGEST else bounded(found)
        if type(one) is Missing or type(other) is Missing:
            return both(one, other)
        return bounded(reckon(one, other))

    return run


def _share(expr: Arithmetic) -> tuple[Run, int, int] | None:
    """Read a product with a constant, or a quotient by one, as so many parts of so many of an expression."""
    first, second = constant(expr.left), constant(expr.right)
    if expr.op == "*" and second is not None:
        return run_of(expr.left), second.numerator, second.denominator
    if expr.op == "*" and first is not None:
        return run_of(expr.right), first.numerator, first.denominator
    if expr.op == "/" and second is not None and second > 0:
        return run_of(expr.left), second.denominator, second.numerator
    return None


def _times(part: Run, above: int, below: int) -> Run:
    def run(scope: Scope) -> Anything:
        value = part(scope)
        if type(value) is Missing:
            return value
        if type(value) is int:
            found = value * above
            if below == 1 and _LEAST < found < _LARGEST:
                return found
            return bounded(ratio(found, below))
        return bounded(ratio(value.numerator * above, value.denominator * below))

    return run


@runs(Extreme)
def _extreme(expr: Extreme) -> Run:
    parts, choose = tuple(map(run_of, expr.parts)), max if expr.which == "greatest" else min
    if len(parts) == 2 and (bound := constant(expr.parts[1])) is not None:
        return _bound(parts[0], bound, choose)

    def run(scope: Scope) -> Anything:
        found = [part(scope) for part in parts]
        return both(*found) if Missing in map(type, found) else choose(found)

    return run


def _bound(part: Run, bound: Anything, choose: Callable[[Anything, Anything], Anything]) -> Run:
    def run(scope: Scope) -> Anything:
        value = part(scope)
        return value if type(value) is Missing else choose(value, bound)

    return run


def _in_steps(part: Expr, step: Expr, mode: Rounding) -> Callable[[Scope], tuple[Anything, Anything]]:
    """Count how many steps a value makes: a whole number, or what is missing; with it goes the step."""
    value_of, step_of, plain = run_of(part), run_of(step), constant(step)
    name = part.name if isinstance(part, Ref) else None

    def run(scope: Scope) -> tuple[Anything, Anything]:
        unit = step_of(scope) if plain is None else plain
        if name is not None and (fact := scope.facts.get(name)) is not None:
            # A fact on its scale is a whole number, and no fraction need be made of it.
            given: Anything = scope.values.get(name)
            if given is not None:
                over = fact.over
                return round_steps(
                    given * unit.denominator * over.denominator, over.numerator * unit.numerator, mode
                ), unit
        value = value_of(scope)
        return value if type(value) is Missing else steps(value, unit, mode), unit

    return run


@runs(RoundedTo)
def _rounded_to(expr: RoundedTo) -> Run:
    in_steps = _in_steps(expr.part, expr.step, expr.mode)

    def run(scope: Scope) -> Anything:
        count, unit = in_steps(scope)
        return count if type(count) is Missing else count * unit

    return run


@runs(Portions)
def _portions(expr: Portions) -> Run:
    in_steps = _in_steps(expr.part, expr.size, "ceiling" if expr.started else "floor")
    return lambda scope: in_steps(scope)[0]


@runs(Between)
def _between(expr: Between) -> Run:
    begin, end, span = run_of(expr.first), run_of(expr.last), expr.span

    def run(scope: Scope) -> Anything:
        first, last = begin(scope), end(scope)
        if type(first) is Missing or type(last) is Missing:
            return both(first, last)
        return time_between(span, first, last)

    return run


@runs(Later)
def _later(expr: Later) -> Run:
    begin, length, unit = run_of(expr.day), run_of(expr.by), expr.unit

    def run(scope: Scope) -> Anything:
        day, by = begin(scope), length(scope)
        if type(day) is Missing or type(by) is Missing:
            return both(day, by)
        return time_after(unit, day, int(by))

    return run


@runs(Along)
def _along(expr: Along) -> Run:
    parts = [run_of(each) for each in (expr.of, expr.start, expr.end, expr.low, expr.high)]
    beyond = None if expr.beyond is None else run_of(expr.beyond)

    def run(scope: Scope) -> Anything:
        ends = [part(scope) for part in parts]
        if missing := both(*ends):
            return missing
        at, first, last, bottom, top = ends
        if at > last and beyond is not None:
            return beyond(scope)
        if first >= last:
            raise Undefined("divided_by_zero", "")
        share = min(max(Fraction(at - first, last - first), Fraction(0)), Fraction(1))
        return bottom + (top - bottom) * share

    return run


@runs(Tally)
def _tally(tally: Tally) -> Run:
    name = tally.records
    where = None if tally.where is None else run_of(tally.where)
    part = None if tally.part is None else run_of(tally.part)
    choose = max if tally.what == "greatest" else min
    summed = tally.what in ("count", "total")

    def run(scope: Scope) -> Anything:
        scopes = scope.each_of(name)
        if type(scopes) is Missing:
            return scopes
        found: list[Anything] = []
        missing: tuple[str, ...] = ()
        for inner in scopes:
            holds = True if where is None else where(inner)
            if holds is True:
                value = 1 if part is None else part(inner)
                missing += value if type(value) is Missing else ()
                found.append(value)
            elif holds is not False:
                missing += holds
        if missing:
            return Missing(missing)
        if summed:
            return bounded(sum(found))
        if tally.of_days and not found:
            raise Undefined("empty_list", name)
        return choose(found, default=0)

    return _counted(tally, run) if part is None else run


def _counted(tally: Tally, otherwise: Run) -> Run:
    """Count records at a glance, where they themselves say all that is asked."""
    name, ways = tally.records, () if tally.where is None else ways_of(tally.where)
    if not ways and tally.where is not None:
        return otherwise

    def run(scope: Scope) -> Anything:
        records: Anything = scope.values.get(name)
        if records is None:
            return otherwise(scope)
        if not ways:
            return len(records)
        found = 0
        for record in records:
            holds = passes(ways, record)
            if holds is None:
                return otherwise(scope)
            found += holds
        return found

    return run


# --- named values ----------------------------------------------------------------------------------------------------


@runs(Named)
def _named(named: Named) -> Run:
    match named.how:
        case Formula(part=part):
            return run_of(part)
        case Branches() as branches:
            return _branches(named.name, branches)
        case Table() as table:
            return _table(named.name, table)
        case Marginal() as marginal:
            return _marginal(named.name, marginal)


def _branches(name: str, branches: Branches) -> Run:
    conditions = [(index, run_of(when)) for index, (when, _value) in enumerate(branches.rows) if when is not None]
    otherwise = [index for index, (when, _value) in enumerate(branches.rows) if when is None][-1:]
    values = [run_of(value) for _when, value in branches.rows]

    def run(scope: Scope) -> Anything:
        holding: list[int] = []
        missing: tuple[str, ...] = ()
        undefined: list[Undefined] = []
        for index, when in conditions:
            try:
                holds = when(scope)
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
            raise foremost(undefined)
        found = holding or otherwise
        if not found:
            raise Undefined("no_line", name)
        scope.taken[name] = (found[0],)
        return values[found[0]](scope)

    return run


def _table(name: str, table: Table) -> Run:
    axis, columns = table.rows, table.columns
    cells = [[None if cell is None else run_of(cell) for cell in line] for line in table.cells]

    def run(scope: Scope) -> Anything:
        line = line_of(axis, scope)
        column = 0 if columns is None else line_of(columns, scope)
        if type(line) is Missing or type(column) is Missing:
            return both(line, column)
        cell = cells[line][column]
        if cell is None:
            raise Undefined("no_line", name)
        scope.taken[name] = (line, column)
        return cell(scope)

    return run


def _marginal(name: str, marginal: Marginal) -> Run:
    of, bands = run_of(marginal.of), [(band, run_of(rate)) for band, rate in marginal.bands]

    def run(scope: Scope) -> Anything:
        amount = of(scope)
        if type(amount) is Missing:
            return amount
        if not any(band.holds(amount) for band, _rate in bands):
            raise Undefined("no_line", name)
        total: Exact = 0
        passed: list[tuple[int, Exact, Exact]] = []
        for index, (band, rate) in enumerate(bands):
            bottom = band.low or Fraction(0)
            if amount > bottom:
                top = amount if band.high is None else min(amount, band.high)
                each = rate(scope)
                if type(each) is Missing:
                    return each
                passed.append((index, top - bottom, (top - bottom) * each))
                total += passed[-1][2]
        scope.taken[name] = tuple(passed)
        return bounded(total)

    return run


def line_of(axis: Axis, scope: Scope) -> int | Missing:
    """Find the line of a table that holds; raise Undefined where none does."""
    declared = scope.declared(axis.name)
    plain = isinstance(declared, Fact) and declared.kind == "choice"
    value = scope.raw(axis.name) if plain else scope.value(axis.name)
    if type(value) is Missing:
        return value
    found = axis.line(value)
    if found is None:
        raise Undefined("no_line", "", axis.name)
    return found
