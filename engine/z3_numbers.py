"""Exact numbers and truths as terms of z3: what `engine.z3_terms` writes a rule with.

A number is a whole term over a constant, so that rounding is division of whole numbers and nothing is ever a real.
What is not followed is a *guess*: a variable of its own that may be anything.
"""

from collections.abc import Callable, Iterable
from fractions import Fraction
from math import lcm
from typing import Any as Anything
from typing import NamedTuple, TypeAlias

import z3

from engine.numbers import Rounding
from engine.tree import COMPARE, Operator

# z3 ships no types. A truth is a boolean of Python where it is known, else a term.
Term: TypeAlias = Anything
# A product or a quotient is written case by case along a fact that has no more values than this.
MOST_CASES = 32


class Value(NamedTuple):
    """A number or a day: `term` over the constant `below` (greater than 0), where it is `there`."""

    term: Term
    below: int
    there: Term


class Truth(NamedTuple):
    """Where a condition holds and where it fails, read from left to right as the engine does; else it has no value."""

    holds: Term
    fails: Term


def every(parts: Iterable[Term]) -> Term:
    """Join what must all hold."""
    found = [part for part in parts if part is not True]
    if any(part is False for part in found):
        return False
    return True if not found else found[0] if len(found) == 1 else z3.And(*found)


def some(parts: Iterable[Term]) -> Term:
    """Join what must hold once."""
    found = [part for part in parts if part is not False]
    if any(part is True for part in found):
        return True
    return False if not found else found[0] if len(found) == 1 else z3.Or(*found)


def no(part: Term) -> Term:
    return not part if isinstance(part, bool) else z3.Not(part)


def plainly(holds: Term) -> Truth:
    """Return a truth that has a value everywhere."""
    return Truth(holds, no(holds))


def variables_in(term: Term) -> set[str]:
    """Name the variables in a term."""
    names: set[str] = set()
    waiting, seen = [term], set()
    while waiting:
        each = waiting.pop()
        if each.get_id() in seen:
            continue
        seen.add(each.get_id())
        if z3.is_const(each) and each.decl().kind() == z3.Z3_OP_UNINTERPRETED:
            names.add(each.decl().name())
        waiting += each.children()
    return names


def figure_of(term: Term) -> int | None:
    """Return the whole number a term always is; None where it hangs on a fact."""
    plain = z3.simplify(term)
    return int(plain.as_long()) if z3.is_int_value(plain) else None


def compared(op: Operator, one: Value, other: Value) -> Truth:
    """Compare two values: without a value of both there is no answer."""
    there = every([one.there, other.there])
    holds = COMPARE[op](one.term * other.below, other.term * one.below)
    return Truth(every([there, holds]), every([there, no(holds)]))


def chosen(cases: list[tuple[Term, Value]]) -> Value:
    """Return the value of the first case that holds; where none does, there is none."""
    below = lcm(*(value.below for _when, value in cases))
    scaled = [(when, value.term * (below // value.below), value.there) for when, value in cases]
    when, term, there = scaled[-1]
    there = every([when, there])
    for when, each, is_there in reversed(scaled[:-1]):
        if when is True:
            term, there = each, is_there
        elif when is not False:
            term = z3.If(when, each, term)
            there = some([every([when, is_there]), every([no(when), there])])
    return Value(term, below, there)


def plus(one: Value, other: Value) -> Value:
    below = lcm(one.below, other.below)
    term = one.term * (below // one.below) + other.term * (below // other.below)
    return Value(term, below, every([one.there, other.there]))


def minus(one: Value, other: Value) -> Value:
    return plus(one, other._replace(term=-other.term))


def best(found: list[Value], op: Operator) -> Value:
    """Return the greatest or the least of several, by the comparison that beats the others."""
    taken = found[0]._replace(there=True)
    for value in found[1:]:
        each = value._replace(there=True)
        taken = chosen([(compared(op, each, taken).holds, each), (True, taken)])
    return taken._replace(there=every(each.there for each in found))


class Numbers:
    """A context of z3 with the variables made in it, what always holds of them (`sides`), and the `guesses`."""

    def __init__(self) -> None:
        self.context = z3.Context()
        self.variables: dict[str, Term] = {}
        # The variables that have few values.
        self.small: dict[str, range] = {}
        self.sides: list[Term] = []
        self.guesses: dict[object, Term] = {}

    def whole(self, name: str, low: int, high: int) -> None:
        """Make a variable that is a whole number between two ends."""
        variable = self.variables[name] = z3.Int(name, self.context)
        self.sides += [variable >= low, variable <= high]
        if high - low < MOST_CASES:
            self.small[name] = range(low, high + 1)

    def guess(self, key: object, make: Callable[[str, Anything], Term]) -> Term:
        """Return a variable that may be anything; the same one for the same node."""
        if key not in self.guesses:
            self.guesses[key] = make(f"?{len(self.guesses)}", self.context)
        return self.guesses[key]

    def guessed(self, key: object) -> Value:
        """Return a number that may be anything, or nothing."""
        return Value(self.guess(key, z3.Real), 1, self.guess((key, "there"), z3.Bool))

    def constant(self, value: Fraction | int) -> Value:
        exact = Fraction(value)
        return Value(z3.IntVal(exact.numerator, self.context), exact.denominator, True)

    def times(self, one: Value, other: Value) -> Value:
        """Multiply; two terms that vary case by case along a fact with few values, where one of them is."""
        below, there = one.below * other.below, every([one.there, other.there])
        if figure_of(one.term) is None and figure_of(other.term) is None:
            for factor, rest in ((one, other), (other, one)):
                cases = [(when, Value(rest.term * each, below, True)) for when, each in self._cases(factor.term)]
                if cases:
                    return chosen(cases)._replace(there=there)
        return Value(one.term * other.term, below, there)

    def over(self, one: Value, other: Value) -> Value | None:
        """Divide by a constant, or case by case; None for another divisor."""
        there = every([one.there, other.there])
        figure = figure_of(other.term)
        if figure is not None:
            return _divided(one, other, figure)._replace(there=every([there, figure != 0]))
        cases = [(when, _divided(one, other, each)) for when, each in self._cases(other.term)]
        return chosen(cases)._replace(there=every([there, other.term != 0])) if cases else None

    def _cases(self, term: Term) -> list[tuple[Term, int]]:
        """List the figures of a term that hangs on one fact with few values, each with where; none for another term."""
        names = variables_in(term)
        if len(names) != 1 or not names <= self.small.keys():
            return []
        name = names.pop()
        variable = self.variables[name]
        points = [(each, z3.IntVal(each, self.context)) for each in self.small[name]]
        figures = [(variable == each, figure_of(z3.substitute(term, (variable, value)))) for each, value in points]
        return [(when, figure) for when, figure in figures if figure is not None]

    def rounded(self, inner: Value, unit: Fraction, mode: Rounding) -> Term:
        """Round how often a unit goes into a value to a whole number."""
        above, below = inner.term * unit.denominator, inner.below * unit.numerator
        match mode:
            case "floor":
                return self._floor(above, below)
            case "ceiling":
                return -self._floor(-above, below)
            case "half_up":
                return self._floor(2 * above + below, 2 * below)
            case "half_even":
                down = self._floor(above, below)
                rest, odd = above - down * below, down - 2 * self._floor(down, 2)
                return z3.If(2 * rest < below, down, z3.If(2 * rest > below, down + 1, down + odd))

    def _floor(self, above: Term, below: int) -> Term:
        """Divide down to a whole number: the one for which what is left lies between 0 and the divisor."""
        if below == 1 and z3.is_int(above):
            return above
        down = z3.FreshInt("floor", self.context)
        self.sides += [down * below <= above, above < down * below + below]
        return down


def _divided(one: Value, other: Value, figure: int) -> Value:
    """Divide by a term that is known to be that figure; by nothing there is no value, and any term will do."""
    if figure == 0:
        return one
    sign = 1 if figure > 0 else -1
    return Value(one.term * (other.below * sign), one.below * abs(figure), True)
