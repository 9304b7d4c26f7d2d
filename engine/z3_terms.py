"""The tree of a rule as terms of z3, an independent decision procedure: every fact a whole number on its own grid.

Written after `engine.evaluate` alone, so that it shares nothing with the proof by cells but the tree. What is not
followed is a guess (`engine.z3_numbers`): lists of records, months and years between days, the ends of a statutory
range. What holds for no guess holds for no fact; a model that rests on one shows nothing. Amounts past all bounds
(10**30) are taken for amounts.
"""

from datetime import date
from fractions import Fraction

import z3

from engine.calendar import FIRST_YEAR, LAST_YEAR
from engine.fact import Fact
from engine.rule import Rule
from engine.tree import (
    COMPARE,
    All,
    Along,
    Always,
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
    Later,
    Limit,
    Marginal,
    Money,
    Named,
    Not,
    Number,
    OneOf,
    Operator,
    Period,
    Portions,
    Ref,
    Relation,
    RoundedTo,
    Table,
    Tally,
)
from engine.z3_numbers import (
    Numbers,
    Term,
    Truth,
    Value,
    best,
    chosen,
    compared,
    every,
    figure_of,
    minus,
    no,
    plainly,
    plus,
    some,
)

_CALENDAR = date(FIRST_YEAR, 1, 1).toordinal(), date(LAST_YEAR, 12, 31).toordinal()


class Terms(Numbers):
    """One rule in a context of its own; facts by name, a choice by its place among the choices, a day by its number."""

    def __init__(self, rule: Rule) -> None:
        super().__init__()
        self.rule = rule
        self.worked: dict[str, Value] = {}
        self.answers: dict[str, Truth] = {}

    def variable(self, name: str) -> Term | None:
        """Return the variable of a fact or of a day the engine gives, made when it is first read; None for lists."""
        if name not in self.variables:
            self._declare(name, self.rule.by_name.get(name))
        return self.variables.get(name)

    def _declare(self, name: str, fact: Fact | None) -> None:
        if fact is None:
            validity = self.rule.validity
            if name == "@on":
                last = _CALENDAR[1] if validity.last is None else validity.last.toordinal()
                self.whole(name, validity.first.toordinal(), last)
            elif name == "@decided":
                self.whole(name, *_CALENDAR)
            if {"@on", "@decided"} <= self.variables.keys():
                self.sides.append(self.variables["@on"] <= self.variables["@decided"])
            return
        match fact.kind:
            case "yes_no":
                self.variables[name] = z3.Bool(name, self.context)
            case "choice":
                self.whole(name, 0, len(fact.choices) - 1)
            case "integer" | "number" | "money":
                self.whole(name, fact.low + fact.low_open, fact.high - fact.high_open)
            case "day":
                self.whole(name, *_CALENDAR)
            case "days" | "records":
                pass

    # --- conditions

    def truth(self, condition: Condition) -> Truth:
        match condition:
            case Is(fact=name):
                return self.answer(name)
            case Compare(fact=name, op=op, value=value):
                return plainly(COMPARE[op](self.variable(name), value))
            case OneOf(fact=name, choices=choices):
                return plainly(self._one_of(name, choices))
            case Relation(op=op, left=left, right=right):
                return compared(op, self.value(left), self.value(right))
            case Each():
                return plainly(self.guess(condition, z3.Bool))
            case Always():
                return plainly(z3.BoolVal(True))
            case Not(part=part):
                inner = self.truth(part)
                return Truth(inner.fails, inner.holds)
            case All(parts=parts):
                found = [self.truth(part) for part in parts]
                return Truth(every(each.holds for each in found), some(each.fails for each in found))
            case Any(parts=parts):
                found = [self.truth(part) for part in parts]
                return Truth(some(each.holds for each in found), every(each.fails for each in found))

    def answer(self, name: str) -> Truth:
        """Return a yes/no fact, or a named condition."""
        named = self.rule.named.get(name)
        if named is not None and isinstance(named.how, Formula):
            if name not in self.answers:
                self.answers[name] = self.truth(named.how.part)  # type: ignore[arg-type]  # a yes/no value
            return self.answers[name]
        variable = self.variable(name)
        return plainly(self.guess(name, z3.Bool) if variable is None else variable)

    def _one_of(self, name: str, choices: tuple[str, ...]) -> Term:
        known = self.rule.by_name[name].choices
        return some(self.variable(name) == known.index(each) for each in choices)

    # --- expressions

    def value(self, expr: Expr) -> Value:
        match expr:
            case Money(fen=fen):
                return self.constant(fen)
            case Number(value=value):
                return self.constant(value)
            case Day(day=day):
                return self.constant(day.toordinal())
            case Ref(name=name):
                return self.named(name)
            case Arithmetic(op=op, left=left, right=right):
                one, other = self.value(left), self.value(right)
                match op:
                    case "+":
                        return plus(one, other)
                    case "-":
                        return minus(one, other)
                    case "*":
                        return self.times(one, other)
                    case "/":
                        return self.over(one, other) or self.guessed(expr)
            case Extreme(which=which, parts=parts):
                return best([self.value(part) for part in parts], ">" if which == "greatest" else "<")
            case RoundedTo(part=part, step=step, mode=mode):
                inner, unit = self.value(part), self._literal(step)
                if unit is None:
                    return self.guessed(expr)
                return Value(self.rounded(inner, unit, mode) * unit.numerator, unit.denominator, inner.there)
            case Portions(part=part, size=size, started=started):
                inner, unit = self.value(part), self._literal(size)
                if unit is None:
                    return self.guessed(expr)
                return Value(self.rounded(inner, unit, "ceiling" if started else "floor"), 1, inner.there)
            case Between(span=span, first=first, last=last):
                start, end = self.value(first), self.value(last)
                time = end.term - start.term if span == "days" else self.guess(expr, z3.Int)
                return Value(time, 1, every([start.there, end.there]))
            case Later(unit=time_unit, day=day, by=by):
                return self._later(expr, self.value(day), self.value(by), in_days=time_unit == "days")
            case Along():
                return self._along(expr)
            case Limit() | Tally():
                return self.guessed(expr)

    def _literal(self, expr: Expr) -> Fraction | None:
        """Return the value of an expression that is the same whatever the facts are."""
        found = self.value(expr)
        figure = figure_of(found.term)
        return None if figure is None else Fraction(figure, found.below)

    def named(self, name: str) -> Value:
        """Return a fact as expressions use it (a percentage as a share), or a named value."""
        named = self.rule.named.get(name)
        if named is not None:
            if name not in self.worked:
                self.worked[name] = self._how(named)
            return self.worked[name]
        variable = self.variable(name)
        if variable is None:
            return self.guessed(name)
        fact = self.rule.by_name.get(name)
        per = Fraction(1) if fact is None or not fact.numeric else fact.grid
        return Value(variable * per.denominator, per.numerator, True)

    def _later(self, expr: Later, day: Value, by: Value, *, in_days: bool) -> Value:
        """Return a later day; months and years, and parts of a day, are not followed."""
        if not in_days or by.below != 1:
            return Value(self.guess(expr, z3.Int), 1, self.guess((expr, "there"), z3.Bool))
        found = plus(day, by)
        there = [found.there, found.term >= date.min.toordinal(), found.term <= date.max.toordinal()]
        return found._replace(there=every(there))

    def _along(self, expr: Along) -> Value:
        first, last = self._literal(expr.start), self._literal(expr.end)
        if first is None or last is None:
            return self.guessed(expr)
        at, low, high = self.value(expr.of), self.value(expr.low), self.value(expr.high)
        after = compared(">", at, self.constant(last)).holds
        cases: list[tuple[Term, Value]] = []
        if expr.beyond is not None:
            cases.append((after, self.value(expr.beyond)))
        if first < last:
            share = self.times(minus(at, self.constant(first)), self.constant(Fraction(1, last - first)))
            line = plus(low, self.times(minus(high, low), share))
            before = compared("<=", at, self.constant(first)).holds
            cases += [(after, high), (before, low), (True, line)]
        if not cases:
            return low._replace(there=False)
        found = chosen(cases)
        return found._replace(there=every([at.there, low.there, high.there, found.there]))

    # --- named values

    def _how(self, named: Named) -> Value:
        match named.how:
            case Formula(part=part):
                return self.value(part)  # type: ignore[arg-type]  # a condition is never asked for its value
            case Branches() | Table():
                return chosen(self.lines(named))
            case Marginal(of=of, bands=bands):
                amount, nothing = self.value(of), self.constant(0)
                total = nothing
                for band, rate in bands:
                    bottom, price = self.constant(band.low or 0), self.value(rate)
                    top = amount if band.high is None else best([amount, self.constant(band.high)], "<")
                    above = compared(">", amount, bottom).holds
                    total = plus(total, chosen([(above, self.times(minus(top, bottom), price)), (True, nothing)]))
                held = some(self._in_band(amount, band) for band, _rate in bands)
                return total._replace(there=every([amount.there, held, total.there]))

    def _in_band(self, value: Value, band: Band) -> Term:
        above: Operator = ">" if band.low_open else ">="
        under: Operator = "<" if band.high_open else "<="
        ends: list[Term] = [value.there]
        if band.low is not None:
            ends.append(compared(above, value, self.constant(band.low)).holds)
        if band.high is not None:
            ends.append(compared(under, value, self.constant(band.high)).holds)
        return every(ends)

    def lines(self, named: Named) -> list[tuple[Term, Value]]:
        """List the lines of a table or the branches of a value: where each is the one, and what it gives."""
        match named.how:
            case Table(rows=rows, columns=columns, cells=cells):
                across = [True] if columns is None else self.keys(columns)
                return [
                    (every([first, second]), self.value(cell))
                    for first, line in zip(self.keys(rows), cells, strict=True)
                    for second, cell in zip(across, line, strict=True)
                    if cell is not None
                ]
            case Branches(rows=branches):
                said = [(at, self.truth(when)) for at, (when, _value) in enumerate(branches) if when is not None]
                found = []
                for number, (_when, value) in enumerate(branches):
                    alone = every(each.holds if at == number else each.fails for at, each in said)
                    found.append((alone, self.value(value)))
                return found
            case _:
                return []

    def keys(self, axis: Axis) -> list[Term]:
        """Say of each line along an axis where it is met."""
        found: list[Term] = []
        for key in axis.keys:
            match key:
                case bool():
                    answer = self.answer(axis.name)
                    found.append(answer.holds if key else answer.fails)
                case Band():
                    found.append(self._in_band(self.named(axis.name), key))
                case Period(first=first, last=last):
                    low, high = (None if day is None else Fraction(day.toordinal()) for day in (first, last))
                    found.append(self._in_band(self.named(axis.name), Band(low=low, high=high)))
                case tuple():
                    found.append(self._one_of(axis.name, key))
        return found

    # --- what can go wrong with a named value

    def missing(self, named: Named) -> Term:
        """Say where a table, branches or bands have no line, though what they look up is there."""
        match named.how:
            case Table(rows=rows, columns=columns):
                axes = [rows] if columns is None else [rows, columns]
                found = some(at for at, _value in self.lines(named))
                return every([*map(self._looked_up, axes), no(found)])
            case Branches(rows=branches):
                if any(when is None for when, _value in branches):
                    return False
                return every(self.truth(when).fails for when, _value in branches if when is not None)
            case Marginal(of=of, bands=bands):
                amount = self.value(of)
                return every([amount.there, *(no(self._in_band(amount, band)) for band, _rate in bands)])
            case Formula():
                return False

    def _looked_up(self, axis: Axis) -> Term:
        """Say where there is something to look up along an axis."""
        if isinstance(axis.keys[0], Band | Period):
            return self.named(axis.name).there
        answer = self.answer(axis.name) if isinstance(axis.keys[0], bool) else plainly(True)
        return some([answer.holds, answer.fails])

    def doubled(self, named: Named) -> Term:
        """Say where two branches of a value hold at once."""
        if not isinstance(named.how, Branches):
            return False
        found = [self.truth(when).holds for when, _value in named.how.rows if when is not None]
        return some(every([one, other]) for at, one in enumerate(found) for other in found[at + 1 :])
