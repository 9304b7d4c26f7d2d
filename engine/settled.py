"""One fact steps from a milder to a graver value and all others stay: regions of all others, with both sides settled.

A region is split until every condition that decides a case either holds or fails in all of it, on both sides. What an
expression over the fact comes to on each side is an axis of its own (`Sided`), bounded by what the other axes allow.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from itertools import pairwise
from typing import Literal, NamedTuple, cast

from engine.arithmetic import Undefined
from engine.evaluate import Missing, Scope, compute, evaluate
from engine.fact import Fact
from engine.given import Value
from engine.normal import Amount, Normal
from engine.region import (
    Axis,
    Both,
    Box,
    Either,
    Form,
    In,
    Part,
    Range,
    Search,
    both,
    common,
    either,
    merged,
    nothing,
    tightened,
)
from engine.tree import Condition, Each, names_in
from engine.trend import joined, trend, turned

Side = Literal["mild", "grave"]
SIDES: tuple[Side, Side] = ("mild", "grave")
# So many values of a fact are tried one by one, where nothing says which way an expression goes.
MOST_VALUES = 1_000


class Sided(NamedTuple):
    """What an expression or a condition over lists comes to on one side of a step."""

    axis: Axis
    side: Side


class Piece(NamedTuple):
    """A region, and which conditions hold in all of it on the milder and on the graver side."""

    box: Box
    mild: tuple[bool, ...]
    grave: tuple[bool, ...]


@dataclass(slots=True)
class Step:
    """A fact between two values; a search over both sides takes at most `left` steps."""

    normal: Normal
    fact: Fact
    mild: Part
    grave: Part
    left: int = 20_000
    axes: dict[Axis, Form | None] = field(default_factory=dict)
    search: Search = field(init=False)

    def __post_init__(self) -> None:
        normal = self.normal
        self.search = Search(dict(normal.domain), dict(normal.grains), self.linked, self.left)

    @property
    def exact(self) -> bool:
        """Say whether each side is one value."""
        return all(not isinstance(part, Range) or part.low == part.high for part in (self.mild, self.grave))

    def part(self, side: Side) -> Part:
        return self.mild if side == "mild" else self.grave

    def form(self, form: Form, side: Side) -> Form:
        """Return what a formula comes to on one side."""
        match form:
            case bool():
                return form
            case Both(parts=parts):
                return both(self.form(each, side) for each in parts)
            case Either(parts=parts):
                return either(self.form(each, side) for each in parts)
            case In(axis=axis, part=part):
                if axis == self.fact.name:
                    now = self.part(side)
                    inside = common(now, part)
                    return False if nothing(inside) else True if inside == now else form
                if isinstance(axis, str) or not rests_on(self.normal, axis, self.fact):
                    return form
                return self._sided(axis, part, side)

    def _sided(self, axis: Axis, part: Part, side: Side) -> Form:
        value = value_at(self.normal, axis, self.fact, self.part(side))
        if value is not None:
            return not nothing(common(value, part))
        own = Sided(axis, side)
        if own not in self.search.domain:
            domain = self.normal.domain[axis]
            if isinstance(axis, Amount):
                now = common(self.normal.reach(axis, Box({self.fact.name: self.part(side)})), domain)
                domain = tightened(cast(Range, now), self.normal.grains[axis])
                self.search.grains[own] = self.normal.grains[axis]  # type: ignore[index]
            self.search.domain[own] = domain  # type: ignore[index]
        inside = common(self.search.domain[own], part)
        return False if nothing(inside) else True if inside == self.search.domain[own] else In(own, part)

    def linked(self, box: Box) -> Box | None:
        """Narrow what expressions come to by what the box says of their facts, on each side."""
        narrow = self.normal.linked(box)
        if narrow is None:
            return None
        box = narrow
        for axis, part in list(box.parts.items()):
            if isinstance(axis, Sided) and isinstance(axis.axis, Amount):
                here = box.narrowed(self.fact.name, self.part(axis.side))
                now = common(common(self.normal.reach(axis.axis, here), part), self._beside(axis, box))
                now = tightened(cast(Range, now), self.normal.grains[axis.axis])
                if nothing(now):
                    return None
                if now != part:
                    box = box.narrowed(axis, now)
        return box

    def _beside(self, axis: Sided, box: Box) -> Range:
        """Bound an expression by what it comes to on the other side, where it is known which way it goes."""
        side: Side = "grave" if axis.side == "mild" else "mild"
        other = (
            cast(Range, self.search.part(box, own)) if (own := Sided(axis.axis, side)) in self.search.domain else None
        )
        every = cast(Range, self.search.domain[axis])
        way = trend_of(self.normal, cast(Amount, axis.axis), self.fact)
        if other is None or way not in ("flat", "up", "down"):
            return every
        grows = ((way == "up") == (self.fact.direction != "lighter")) == (axis.side == "grave")
        if way == "flat":
            return other
        if grows:
            return Range(other.low, max(every.high, other.low), other.low_open, False)
        return Range(min(every.low, other.high), other.high, False, other.high_open)

    def on(self, box: Box, side: Side) -> Box:
        """Return a region of both sides as the rule's own axes say it on one of them."""
        parts = {axis: part for axis, part in box.parts.items() if not isinstance(axis, Sided)}
        parts |= {axis.axis: part for axis, part in box.parts.items() if isinstance(axis, Sided) and axis.side == side}
        return Box(parts).narrowed(self.fact.name, self.part(side))

    def others(self, box: Box) -> Box:
        """Return what a region says of everything but the fact itself."""
        return Box({axis: part for axis, part in self.on(box, "mild").parts.items() if axis != self.fact.name})

    def merged(self, *forms: Form) -> list[Box]:
        """Find where all of these hold, in few boxes; raise TooWide."""
        return merged(self.boxes(*forms), self.search.grains)

    def boxes(self, *forms: Form) -> list[Box]:
        """Find where all of these hold; raise TooWide."""
        return list(self.search.boxes(both(forms)))

    def settled(self, box: Box, forms: Iterable[tuple[Form, Form]]) -> Iterator[Piece]:
        """Split a region until each condition (with its contrary) is settled on both sides; raise TooWide."""
        waiting: list[tuple[Form, Form, Side]] = []
        for holds, fails in forms:
            waiting += [(self.form(holds, side), self.form(fails, side), side) for side in SIDES]
        for narrow, answers in self._split(box, waiting, 0, ()):
            yield Piece(narrow, answers[0::2], answers[1::2])

    def _split(
        self, box: Box, waiting: list[tuple[Form, Form, Side]], at: int, answers: tuple[bool, ...]
    ) -> Iterator[tuple[Box, tuple[bool, ...]]]:
        while at < len(waiting):
            holds, fails, _side = waiting[at]
            now, contrary = self.search.reduced(holds, box), self.search.reduced(fails, box)
            if not (now is False or contrary is False):
                for answer, form in ((False, contrary), (True, now)):
                    for narrow in self.search.boxes(form, box):
                        yield from self._split(narrow, waiting, at + 1, (*answers, answer))
                return
            answers, at = (*answers, contrary is False), at + 1
        yield box, answers


def steps_of(
    normal: Normal, fact: Fact, forms: Iterable[Form], also: Iterable[int]
) -> tuple[list[tuple[Part, Part]], list[Range]]:
    """Find where a fact turns a formula: steps between two neighbouring values, lower first, and open stretches.

    Inside an open stretch something turns that other facts decide as well: no value of this one alone says where.
    `also` are values after which there is a step besides.
    """
    if fact.kind == "yes_no":
        return [(frozenset({False}), frozenset({True}))], []
    every = normal.domain.get(fact.name)
    if not isinstance(every, Range):
        return [], []
    low, high = int(every.low), int(every.high)
    turns = set(also)
    open_ends = False
    for axis, parts in _literals(forms):
        if axis == fact.name:
            turns |= {turn for part in parts for turn in _ends(cast(Range, part))}
        elif not isinstance(axis, str) and rests_on(normal, axis, fact):
            found = _turns(normal, axis, parts, fact, low, high)
            open_ends = open_ends or found is None
            turns |= found or set()
    turns = {each for each in turns if low <= each < high}
    steps: list[tuple[Part, Part]] = [(Range(each, each), Range(each + 1, each + 1)) for each in sorted(turns)]
    if not open_ends:
        return steps, []
    edges = [low, *(each + 1 for each in sorted(turns)), high + 1]
    return steps, [Range(one, two - 1) for one, two in pairwise(edges) if two - one > 1]


def _ends(part: Range) -> Iterator[int]:
    """Yield the value after which a part of a fact's grid begins or ends."""
    yield int(part.low) - 1
    yield int(part.high)


def _turns(normal: Normal, axis: Axis, parts: list[Part], fact: Fact, low: int, high: int) -> set[int] | None:
    """Find after which values of a fact an expression over it alone crosses the ends of some parts; None: unknown."""

    def tests(value: int) -> tuple[bool, ...] | None:
        found = value_at(normal, axis, fact, Range(value, value))
        if found is None:
            return None
        if not isinstance(found, Range):
            return (True in found,)
        return tuple(
            test for part in parts for end in (cast(Range, part).low, cast(Range, part).high)
            for test in (found.low < end, found.low <= end)
        )  # fmt: skip

    if tests(low) is None:
        return None
    if high - low < MOST_VALUES:
        seen = [tests(value) for value in range(low, high + 1)]
        if None in seen:
            return None
        return {low + at for at, (one, two) in enumerate(pairwise(seen)) if one != two}
    if not isinstance(axis, Amount) or trend_of(normal, axis, fact) not in ("up", "down", "flat"):
        return None
    return _bisected(tests, low, high)


def _bisected(tests: Callable[[int], tuple[bool, ...] | None], low: int, high: int) -> set[int] | None:
    """Find the turns of tests that each turn at most once."""
    turns: set[int] = set()
    waiting = [(low, high, tests(low), tests(high))]
    while waiting:
        first, last, one, two = waiting.pop()
        if one is None or two is None:
            return None
        if one == two:
            continue
        if last == first + 1:
            turns.add(first)
            continue
        middle = (first + last) // 2
        between = tests(middle)
        waiting += [(first, middle, one, between), (middle, last, between, two)]
    return turns


def value_at(normal: Normal, axis: Axis, fact: Fact, part: Part) -> Part | None:
    """Work out an expression at one value of a fact; None where other facts decide too, or where it has no value."""
    if isinstance(part, Range) and part.low != part.high:
        return None
    value = int(part.low) if isinstance(part, Range) else cast(bool, next(iter(part)))
    scope = Scope({fact.name: cast(Value, value)}, normal.rule.by_name, normal.rule.named, normal.rule.lists)
    try:
        if isinstance(axis, Each):
            met = evaluate(axis, scope)
            return None if isinstance(met, Missing) else frozenset({met})
        if not isinstance(axis, Amount):
            return None
        found = [compute(each, scope) for each in (axis.left, axis.right) if each is not None]
    except Undefined:
        return None
    if any(isinstance(each, Missing) for each in found):
        return None
    ends = [each.toordinal() if isinstance(each, date) else cast(Fraction, each) for each in found]
    total = ends[0] - ends[1] if len(ends) > 1 else ends[0]
    return Range(total, total)


def rests_on(normal: Normal, axis: Axis, fact: Fact) -> bool:
    """Say whether an expression or a condition over lists is worked out from a fact."""
    return fact.name in normal.rule.names_behind(_names(axis))


def trend_of(normal: Normal, axis: Amount, fact: Fact) -> str:
    """Say which way an axis goes while a fact grows."""
    found = trend(normal.rule, axis.left, fact.name)
    return found if axis.right is None else joined(found, turned(trend(normal.rule, axis.right, fact.name)))


def _names(axis: Axis) -> list[str]:
    match axis:
        case Amount(left=left, right=right):
            return [name for each in (left, right) if each is not None for name in names_in(each)]
        case Each():
            return list(names_in(cast(Condition, axis)))
        case _:
            return []


def _literals(forms: Iterable[Form]) -> list[tuple[Axis, list[Part]]]:
    """List the axes of formulas with the parts they are asked about."""
    found: dict[Axis, dict[Part, None]] = {}
    waiting = list(forms)
    while waiting:
        match waiting.pop():
            case In(axis=axis, part=part):
                found.setdefault(axis, {})[part] = None
            case Both(parts=parts) | Either(parts=parts):
                waiting += parts
            case bool():
                pass
    return [(axis, list(parts)) for axis, parts in found.items()]
