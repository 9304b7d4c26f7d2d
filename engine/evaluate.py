"""What a condition and an amount are on given facts: exact, and in three values where facts are missing."""

import operator
from collections.abc import Callable, Mapping
from typing import Any as Anything
from typing import TypeAlias

from engine.given import Value
from engine.tree import All, Amount, Any, Compare, Condition, Fact, Fixed, Is, Multiple, Not, OneOf, Operator, PerUnit

Values: TypeAlias = Mapping[str, Value]

COMPARE: Mapping[Operator, Callable[[Anything, Anything], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def evaluate(condition: Condition, values: Values) -> bool | None:
    """Evaluate in Kleene's three values: None where a missing fact still decides."""
    match condition:
        case Compare(fact=name, op=op, value=value):
            given = values.get(name)
            return None if given is None else COMPARE[op](given, value)
        case Is(fact=name):
            answer = values.get(name)
            return None if answer is None else answer is True
        case OneOf(fact=name, choices=choices):
            chosen = values.get(name)
            return None if chosen is None else chosen in choices
        case Not(part=part):
            inner = evaluate(part, values)
            return None if inner is None else not inner
        case All(parts=parts):
            found: bool | None = True
            for part in parts:
                holds = evaluate(part, values)
                if holds is False:
                    return False
                if holds is None:
                    found = None
            return found
        case Any(parts=parts):
            found = False
            for part in parts:
                holds = evaluate(part, values)
                if holds is True:
                    return True
                if holds is None:
                    found = None
            return found


def exactly(amount: Amount, values: Values, facts: Mapping[str, Fact]) -> tuple[int, int]:
    """Compute an amount of fen exactly, as numerator and denominator."""
    match amount:
        case Fixed(fen=fen):
            return fen, 1
        case PerUnit(fen=fen, fact=name):
            return fen * _number(values, name), 10 ** facts[name].scale
        case Multiple(ratio=ratio, fact=name):
            return ratio.numerator * _number(values, name), ratio.denominator


def _number(values: Values, name: str) -> int:
    value = values[name]
    assert isinstance(value, int)
    return value
