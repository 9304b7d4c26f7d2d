"""Conditions that are plain tests on facts, as alternatives: most rows of most tables are, and one loop tries them."""

import operator
from collections.abc import Callable, Iterable, Mapping
from itertools import product
from typing import Any

# A fact, the constant it is held against, and how.
Test = tuple[str, Any, Callable[[Any, Any], bool]]
# The ways in which a condition holds, in each of them all of its tests; none where it is not that simple.
Ways = tuple[tuple[Test, ...], ...]

# Past so many, the parts of a condition are sooner tried one by one.
_MOST = 8


def among(chosen: Any, choices: Any) -> bool:
    return chosen in choices


def _not_among(chosen: Any, choices: Any) -> bool:
    return chosen not in choices


_OPPOSITES = (
    (operator.is_, operator.is_not),
    (operator.eq, operator.ne),
    (operator.lt, operator.ge),
    (operator.gt, operator.le),
    (among, _not_among),
)
_OPPOSITE: Mapping[Callable[[Any, Any], bool], Callable[[Any, Any], bool]] = dict(
    [*_OPPOSITES, *((other, one) for one, other in _OPPOSITES)]
)


def one_way(name: str, against: Any, test: Callable[[Any, Any], bool]) -> Ways:
    """Write a condition of one test."""
    return (((name, against, test),),)


def opposite(ways: Ways) -> Ways:
    """Write that a condition of one test does not hold."""
    match ways:
        case (((name, against, test),),):
            return one_way(name, against, _OPPOSITE[test])
        case _:
            return ()


def all_ways(parts: Iterable[Ways]) -> Ways:
    """Write that every part holds (且)."""
    found: list[tuple[Test, ...]] = [()]
    for ways in parts:
        if len(found) * len(ways) > _MOST:
            return ()
        found = [(*one, *other) for one, other in product(found, ways)]
    return tuple(found)


def any_way(parts: Iterable[Ways]) -> Ways:
    """Write that some part holds (或)."""
    found: list[tuple[Test, ...]] = []
    for ways in parts:
        if not ways:
            return ()
        found += ways
    return tuple(found) if len(found) <= _MOST else ()


def passes(ways: Ways, values: Mapping[str, Any]) -> bool | None:
    """Say whether facts pass in one of the ways; None where one of those tried is missing, which may then matter."""
    for way in ways:
        for name, against, test in way:
            given = values.get(name)
            if given is None:
                return None
            if not test(given, against):
                break
        else:
            return True
    return False
