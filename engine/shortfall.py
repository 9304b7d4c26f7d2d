"""Why another tier did not apply, and by how much: of each row that did not hold, what was short on the grid."""

from collections.abc import Iterator
from fractions import Fraction
from itertools import product
from typing import NamedTuple

from engine.arithmetic import Undefined
from engine.decision import Decision
from engine.evaluate import Missing, Scope, compute, evaluate
from engine.fact import Fact
from engine.given import Value
from engine.pieces import on_grid
from engine.rule import Row
from engine.tree import (
    All,
    Always,
    Any,
    Compare,
    Condition,
    Each,
    Formula,
    Is,
    Money,
    Not,
    Number,
    OneOf,
    Operator,
    Ref,
    Relation,
)

MAX_WAYS = 3

_NEGATED: dict[Operator, Operator] = {"=": "!=", "!=": "=", "<": ">=", "<=": ">", ">": "<=", ">=": "<"}
_TURNED: dict[Operator, Operator] = {"=": "=", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}


class Gap(NamedTuple):
    """A number that was not what a row requires: `op bound` is required, `short` is how far the given value is from it.

    All three stand on the fact's grid; `bound` may lie between two of its points.
    """

    fact: Fact
    given: int
    op: Operator
    bound: Fraction
    short: int


class Answer(NamedTuple):
    """A yes/no fact or a choice that was not what a row requires: any of `wanted`."""

    fact: Fact
    given: Value
    wanted: tuple[str | bool, ...]


Lack = Gap | Answer
_Ways = tuple[tuple[Lack | None, ...], ...]


class Shortfall(NamedTuple):
    """A row that did not hold, and the shortest ways in which it would have: in each, all that was lacking."""

    row: Row
    ways: tuple[tuple[Lack, ...], ...]


def shortfalls(decision: Decision, scope: Scope) -> tuple[Shortfall, ...]:
    """Say of each row that did not hold for want of a number what it lacked, in the order of the table.

    `scope` holds the facts of the decision. Rows that fail by nothing but answers are left to the trace, which quotes
    them; so are rows whose condition is no plain comparison of a fact with a constant.
    """
    return tuple(_shortfalls(decision, scope))


def _shortfalls(decision: Decision, scope: Scope) -> Iterator[Shortfall]:
    rule = decision.rule
    for row in (*rule.no_penalty, *rule.rows):
        try:
            if evaluate(row.when, scope) is not False:
                continue
        except Undefined:
            continue
        known = [way for way in _ways(row.when, scope, False) if None not in way]
        ways = [tuple([each for each in dict.fromkeys(way) if each is not None]) for way in known]
        shortest = sorted((way for way in ways if any(isinstance(each, Gap) for each in way)), key=len)
        if shortest:
            yield Shortfall(row, tuple(shortest[:MAX_WAYS]))


def _ways(condition: Condition, scope: Scope, negated: bool) -> _Ways:
    """List the ways in which a condition could hold, each as what is lacking; None stands for what cannot be said."""
    match condition:
        case Not(part=part):
            return _ways(part, scope, not negated)
        case All(parts=parts) | Any(parts=parts):
            each = [_ways(part, scope, negated) for part in parts]
            if isinstance(condition, Any) is not negated:
                return tuple(way for ways in each for way in ways)
            # Two facts seldom have more than two ways each; a table that has is not worth telling.
            kept = [ways[: MAX_WAYS + 1] for ways in each]
            joined = [tuple(lack for way in ways for lack in way) for _number, ways in zip(range(64), product(*kept))]  # noqa: B905 - the first 64 of them
            return tuple(joined)
        case Is(fact=name) if (named := scope.named.get(name)) is not None:
            if isinstance(named.how, Formula) and isinstance(named.how.part, Condition):
                return _ways(named.how.part, scope, negated)
            return ((None,),)
        case Always():
            return ((),)
        case Compare() | Relation() | Is() | OneOf() | Each():
            return ((_lack(condition, scope, negated),),) if _fails(condition, scope, negated) else ((),)


def _fails(condition: Condition, scope: Scope, negated: bool) -> bool:
    try:
        return evaluate(condition, scope) is negated
    except Undefined:
        return True


def _lack(condition: Condition, scope: Scope, negated: bool) -> Lack | None:
    match condition:
        case Compare(fact=name, op=op, value=value):
            return _gap(name, op, Fraction(value), scope, negated)
        case Relation(op=op, left=Ref(name=name), right=Number() | Money() as constant) if name in scope.facts:
            return _gap(name, op, on_grid(scope.facts[name], compute(constant, scope)), scope, negated)
        case Relation(op=op, left=Number() | Money() as constant, right=Ref(name=name)) if name in scope.facts:
            return _gap(name, _TURNED[op], on_grid(scope.facts[name], compute(constant, scope)), scope, negated)
        case Is(fact=name):
            return _answer(name, (not negated,), scope)
        case OneOf(fact=name, choices=choices):
            wanted = tuple([each for each in scope.facts[name].choices if (each in choices) is not negated])
            return _answer(name, wanted, scope)
        case _:
            return None


def _gap(name: str, op: Operator, bound: Fraction, scope: Scope, negated: bool) -> Gap | None:
    fact, given = scope.facts[name], scope.raw(name)
    if not fact.numeric or not isinstance(given, int):
        return None
    required = _NEGATED[op] if negated else op
    floor, ceiling = bound.numerator // bound.denominator, -(-bound.numerator // bound.denominator)
    match required:
        case ">":
            needed = floor + 1
        case ">=":
            needed = ceiling
        case "<":
            needed = ceiling - 1
        case "<=":
            needed = floor
        case "=" if floor == ceiling:
            needed = floor
        case "!=":
            needed = given + 1
        case _:
            return None
    return Gap(fact, given, required, bound, abs(needed - given))


def _answer(name: str, wanted: tuple[str | bool, ...], scope: Scope) -> Answer | None:
    given = scope.raw(name)
    return None if isinstance(given, Missing) or not wanted else Answer(scope.facts[name], given, wanted)
