"""Conditions that are plain tests on facts, flattened: most rows of most tables are, and one loop tries them."""

import operator
from collections.abc import Callable, Mapping
from typing import Any as Anything

from engine.tree import COMPARE, All, Compare, Condition, Is, Not, OneOf, Operator

_OPPOSITE: Mapping[Operator, Operator] = {"=": "!=", "!=": "=", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}

# A fact, the constant it is held against, and how.
Test = tuple[str, Anything, Callable[[Anything, Anything], bool]]


def plain_tests(when: Condition) -> tuple[Test, ...]:
    """Flatten a condition of plain tests on facts joined by 且, as most rows are; empty for any other condition."""
    match when:
        case Is(fact=name):
            return ((name, True, operator.is_),)
        case Compare(fact=name, op=op, value=value):
            return ((name, value, COMPARE[op]),)
        case OneOf(fact=name, choices=(choice,)):
            return ((name, choice, operator.eq),)
        case OneOf(fact=name, choices=choices):
            return ((name, choices, _among),)
        case Not(part=Is(fact=name)):
            return ((name, True, operator.is_not),)
        case Not(part=Compare(fact=name, op=op, value=value)):
            return ((name, value, COMPARE[_OPPOSITE[op]]),)
        case Not(part=OneOf(fact=name, choices=choices)):
            return ((name, choices, _not_among),)
        case All(parts=parts):
            found = [plain_tests(part) for part in parts]
            return tuple([test for tests in found for test in tests]) if all(found) else ()
        case _:
            return ()


def _not_among(chosen: Anything, choices: Anything) -> bool:
    return chosen not in choices


def _among(chosen: Anything, choices: Anything) -> bool:
    return chosen in choices
