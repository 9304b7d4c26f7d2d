"""Regions of facts: for each axis a set of values, and formulas of “this axis lies in that set”.

An axis is a fact of a rule on its grid, or an expression that a rule compares (`engine.normal` makes them). A region is
a box: one set for each axis, every axis it does not name being free.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple, TypeAlias, cast

Exact: TypeAlias = int | Fraction
Axis: TypeAlias = object


class Range(NamedTuple):
    """The numbers between two ends; an end may be left out by `low_open`, `high_open`."""

    low: Exact
    high: Exact
    low_open: bool = False
    high_open: bool = False

    @property
    def empty(self) -> bool:
        return self.low > self.high or (self.low == self.high and (self.low_open or self.high_open))


Part: TypeAlias = Range | frozenset[object]


def tightened(part: Range, grain: Fraction | None) -> Range:
    """Return the same numbers with both ends on the grid of `grain`, and closed; as it is where there is no grid."""
    if grain is None:
        return part
    low, high = Fraction(part.low, grain), Fraction(part.high, grain)
    first, last = -(-low.numerator // low.denominator), high.numerator // high.denominator
    if part.low_open and first == low:
        first += 1
    if part.high_open and last == high:
        last -= 1
    if grain == 1:
        return Range(first, last)
    return Range(first * grain, last * grain)


def common(one: Part, other: Part) -> Part:
    """Return what lies in both."""
    if isinstance(one, Range) and isinstance(other, Range):
        low, low_open = max((one.low, one.low_open), (other.low, other.low_open))
        high, closed = min((one.high, not one.high_open), (other.high, not other.high_open))
        return Range(low, high, low_open, not closed)
    return cast(frozenset[object], one) & cast(frozenset[object], other)


def without(one: Part, other: Part) -> tuple[Part, ...]:
    """Return what lies in one and not in the other: at most two ranges, or one set."""
    if isinstance(one, Range) and isinstance(other, Range):
        below = common(one, Range(one.low, other.low, one.low_open, not other.low_open))
        above = common(one, Range(other.high, one.high, not other.high_open, one.high_open))
        return tuple(part for part in (below, above) if not nothing(part))
    rest = cast(frozenset[object], one) - cast(frozenset[object], other)
    return (rest,) if rest else ()


def nothing(part: Part) -> bool:
    """Say whether no value is left."""
    return part.empty if isinstance(part, Range) else not part


# --- formulas --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class In:
    """The value on an axis lies in a part."""

    axis: Axis
    part: Part


@dataclass(frozen=True, slots=True)
class Both:
    """All of these hold."""

    parts: tuple["Form", ...]


@dataclass(frozen=True, slots=True)
class Either:
    """At least one of these holds."""

    parts: tuple["Form", ...]


Form: TypeAlias = In | Both | Either | bool


def both(parts: Iterable[Form]) -> Form:
    """Join formulas that must all hold."""
    found: list[Form] = []
    for part in parts:
        if part is False:
            return False
        if part is not True:
            found += part.parts if isinstance(part, Both) else (part,)
    return found[0] if len(found) == 1 else Both(tuple(found)) if found else True


def either(parts: Iterable[Form]) -> Form:
    """Join formulas of which one must hold."""
    found: list[Form] = []
    for part in parts:
        if part is True:
            return True
        if part is not False:
            found += part.parts if isinstance(part, Either) else (part,)
    return found[0] if len(found) == 1 else Either(tuple(found)) if found else False


# --- boxes -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Box:
    """One part for each axis that is not free."""

    parts: Mapping[Axis, Part]

    def narrowed(self, axis: Axis, part: Part) -> "Box":
        return Box({**self.parts, axis: part})


class TooWide(Exception):
    """A search would take more steps than it may: nothing is proved by it."""


@dataclass(slots=True)
class Search:
    """Finds the boxes in which a formula holds.

    `domain` says what an axis can be at all, `grains` on what grid its numbers stand (None: on none), `left` how many
    steps the search may take. Axes may hang together (an expression and its facts): `linked` narrows a box by that, or
    says that it is empty; it never leaves out a point.
    """

    domain: Mapping[Axis, Part]
    grains: Mapping[Axis, Fraction | None]
    linked: Callable[[Box], Box | None] = lambda box: box
    left: int = 20_000

    def boxes(self, form: Form, box: Box | None = None) -> Iterator[Box]:
        """Yield disjoint boxes that together are exactly where the formula holds; raise TooWide past the budget."""
        box = box or Box({})
        waiting: list[tuple[list[Form], Box]] = [([form], box)]
        while waiting:
            forms, box = waiting.pop()
            self.left -= 1
            if self.left < 0:
                raise TooWide
            rest = self._reduced(forms, box)
            if rest is None:
                continue
            certain = [each for each in rest if isinstance(each, In)]
            if certain:
                # What must hold anyway narrows the box before anything is tried.
                narrow = self.narrowed(box, certain)
                if narrow is not None:
                    waiting.append(([each for each in rest if not isinstance(each, In)], narrow))
                continue
            if not rest:
                yield box
                continue
            choice = min((each for each in rest if isinstance(each, Either)), key=lambda each: len(each.parts))
            waiting += reversed(list(self._tried(choice, rest, box)))

    def narrowed(self, box: Box, literals: Iterable[In]) -> Box | None:
        """Return what of a box meets all of these; None where nothing does."""
        for each in literals:
            part = common(self.part(box, each.axis), each.part)
            if nothing(part):
                return None
            box = box.narrowed(each.axis, part)
        return self.linked(box)

    def part(self, box: Box, axis: Axis) -> Part:
        return box.parts[axis] if axis in box.parts else self.domain[axis]

    def _tried(self, choice: Either, rest: list[Form], box: Box) -> Iterator[tuple[list[Form], Box]]:
        """Split a box by the first literal of a choice: where it holds, and where it does not."""
        literal = next(_literals(choice))
        now = self.part(box, literal.axis)
        for part in (common(now, literal.part), *without(now, literal.part)):
            # What is left between two neighbours of a grid (> 4 and < 5) holds no point of it.
            exact = tightened(part, self.grains[literal.axis]) if isinstance(part, Range) else part
            narrow = None if nothing(exact) else self.linked(box.narrowed(literal.axis, exact))
            if narrow is not None:
                yield rest, narrow

    def _reduced(self, forms: Iterable[Form], box: Box) -> list[Form] | None:
        """Leave out what holds in the whole box; None where something holds nowhere in it."""
        found: list[Form] = []
        for form in forms:
            now = self.reduced(form, box)
            if now is False:
                return None
            if now is not True:
                found += now.parts if isinstance(now, Both) else (now,)
        return found

    def reduced(self, form: Form, box: Box) -> Form:
        """Simplify a formula by what a box says."""
        match form:
            case bool():
                return form
            case In(axis=axis, part=part):
                now = self.part(box, axis)
                inside = common(now, part)
                if nothing(inside):
                    return False
                return True if inside == now else form
            case Both(parts=parts):
                return both(self.reduced(each, box) for each in parts)
            case Either(parts=parts):
                return either(self.reduced(each, box) for each in parts)


def _literals(form: Form) -> Iterator[In]:
    match form:
        case In():
            yield form
        case Both(parts=parts) | Either(parts=parts):
            for each in parts:
                yield from _literals(each)
        case bool():
            return


def merged(boxes: Iterable[Box], grains: Mapping[Axis, Fraction | None]) -> list[Box]:
    """Join boxes that differ on one axis only and touch there, so that a region is told in as few boxes as is easy."""
    found = list(boxes)
    while True:
        before = len(found)
        for axis in dict.fromkeys(axis for box in found for axis in box.parts):
            found = _merged_along(found, axis, grains.get(axis))
        if len(found) == before:
            return found


def _merged_along(boxes: list[Box], axis: Axis, grain: Fraction | None) -> list[Box]:
    """Join what is alike but for one axis."""
    alike: dict[frozenset[tuple[Axis, Part]], list[Box]] = {}
    rest: list[Box] = []
    for box in boxes:
        if axis in box.parts:
            alike.setdefault(frozenset(each for each in box.parts.items() if each[0] != axis), []).append(box)
        else:
            rest.append(box)
    for group in alike.values():
        rest += [group[0].narrowed(axis, part) for part in _joined([box.parts[axis] for box in group], grain)]
    return rest


def _joined(parts: list[Part], grain: Fraction | None) -> list[Part]:
    """Join the parts of one axis: choices to one set, ranges where they touch."""
    if not all(isinstance(part, Range) for part in parts):
        return [frozenset().union(*cast(list[frozenset[object]], parts))]
    found: list[Range] = []
    for part in sorted(cast(list[Range], parts)):
        last = found[-1] if found else None
        if last is not None and _touching(last, part, grain):
            high = max(last, part, key=lambda each: (each.high, not each.high_open))
            found[-1] = Range(last.low, high.high, last.low_open, high.high_open)
        else:
            found.append(part)
    return list(found)


def _touching(low: Range, high: Range, grain: Fraction | None) -> bool:
    """Say whether nothing lies between two ranges: neighbours on a grid; without one, an end that one of them has."""
    if grain is not None and not (low.high_open or high.low_open):
        return low.high + grain >= high.low
    return low.high > high.low or (low.high == high.low and not (low.high_open and high.low_open))
