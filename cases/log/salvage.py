"""Reading what a damaged log still gives: around the pages that are lost, and inside records that are no JSON.

Nothing here raises for damage, goes round for ever, or reads position by position through a gap: a broken row can
claim any position up to 2**63.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import rfc8785

from cases.errors import LogDamaged, UnsafeStore

__all__ = ["DAMAGE", "Hole", "cited_by", "content_of", "readable"]

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


def content_of(data: bytes) -> tuple[dict[str, Any], str | None, str]:
    """The JSON object in the bytes (empty when there is none), what is wrong with it, and where."""
    try:
        value = json.loads(data)
        if isinstance(value, dict) and rfc8785.dumps(value) == data:
            return value, None, ""
        twice: list[str] = []
        json.loads(data, object_pairs_hook=lambda pairs: twice.extend(_repeated(pairs)))
    except (ValueError, RecursionError):
        return {}, "not_canonical", ""
    known = value if isinstance(value, dict) else {}
    return (known, "duplicate_key", twice[0]) if twice else (known, "not_canonical", "")


def _repeated(pairs: list[tuple[str, Any]]) -> list[str]:
    names = [name for name, _ in pairs]
    return sorted({name for name in names if names.count(name) > 1})


def cited_by(record: dict[str, Any]) -> Iterator[str]:
    """The digests a record cites: `rulebook`, and `sources` as a list or as the values of an object."""
    cited = record.get("sources")
    listed = list(cited.values()) if isinstance(cited, dict) else cited if isinstance(cited, list) else []
    every = [record.get("rulebook"), *listed]
    yield from (digest for digest in every if isinstance(digest, str))
