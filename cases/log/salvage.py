"""Reading what a damaged log still gives, around the pages that are lost.

Nothing here raises for damage, goes round for ever, or reads position by position through a gap: a broken row can
claim any position up to 2**63.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol, TypeVar

from cases.errors import LogDamaged, UnsafeStore

__all__ = ["DAMAGE", "Hole", "readable"]

DAMAGE = (LogDamaged, UnsafeStore)
"""What the store raises when it cannot read a place."""

_PAGE = 256
_T = TypeVar("_T")
_Out_co = TypeVar("_Out_co", covariant=True)


class _Reader(Protocol[_Out_co]):
    def __call__(self, start: int, stop: int | None, *, page: int = ...) -> Iterator[_Out_co]: ...


@dataclass(frozen=True, slots=True)
class Hole:
    """Places first..last that cannot be read."""

    first: int
    last: int


def readable(read: _Reader[_T], place: Callable[[_T], int], start: int, stop: int) -> Iterator[_T | Hole]:
    """Everything from start up to stop that can be read, and where it cannot."""
    at = start
    while at < stop:
        try:
            for item in read(at, stop):
                yield item
                at = place(item) + 1
            return
        except DAMAGE:
            pass
        # One at a time as far as the damage, then over it.
        for _ in range(_PAGE):
            try:
                found = next(read(at, stop, page=1), None)
            except DAMAGE:
                beyond = _beyond(read, at, stop)
                yield Hole(at, beyond - 1)
                at = beyond
                break
            if found is None:
                return
            yield found
            at = place(found) + 1


def _beyond(read: _Reader[_T], bad: int, stop: int) -> int:
    """The first place after `bad` from which reading works again; in leaps, for a lost page can hide any number."""
    first, step, good = bad, 1, stop
    while bad + step < stop:
        if _works(read, bad + step, stop):
            good = bad + step
            break
        bad += step
        step = step if bad - first < _PAGE else step * 2
    while good - bad > 1:
        middle = (good + bad) // 2
        good, bad = (middle, bad) if _works(read, middle, stop) else (good, middle)
    return good


def _works(read: _Reader[_T], place: int, stop: int) -> bool:
    try:
        next(read(place, stop, page=1), None)
    except DAMAGE:
        return False
    return True
