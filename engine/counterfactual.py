"""What would have changed the outcome: for each fact by itself, the least change on its declared grid. Exact.

**What counts as another outcome.** Another tier, other measures, another figure, or a refusal. Where a figure changes
with every step of a fact (it does from the given value to the next, and again from there), that figure is *gradual* on
that side: then only another tier, other measures, or another course of the reasoning counts (an adjustment, a cap, a
line of a table), not each fen. That it changes with every step is told by the next one. A fine that rounding holds
still between thresholds is not gradual: they are reported.

Every change found here is an outcome of `decide`, and so is its neighbour on the given fact's side. The work is
bounded: at most `BUDGET` outcomes a fact; a fact whose search was cut short is named.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from fractions import Fraction
from typing import Literal, NamedTuple

from engine.calendar import FIRST_YEAR, LAST_YEAR
from engine.decide import decide
from engine.decision import Decision, Imposed, Outcome, imposed_to_wire
from engine.fact import Fact
from engine.given import GivenFact, GivenFacts, Single, Value, value_text
from engine.pieces import Piece, pieces_of, signs, taken, thresholds
from engine.reasoning import Reasoning, Refused
from engine.rule import Rule
from engine.rulebook import Rulebook

BUDGET = 200

Side = Literal["below", "above", "other"]
# What of the trace makes another course of the reasoning where the figure itself is gradual.
_COURSE = ("adjustment", "tier_move", "moved_tier", "in_tier", "position", "bound", "lighter_law")
_FIGURES = ("amount_fen", "low_fen", "high_fen", "time", "value")


@dataclass(frozen=True, slots=True, kw_only=True)
class Counterfactual:
    """The nearest value of one fact on one side that gives another outcome, all other facts as they are.

    The same outcome holds from `value` up to `until`, away from the given value; `to_end` says that this is the end of
    the fact's domain. `gradual` says that figures of the decision that change with every step were set aside, `moving`
    that those of the new outcome go on changing up to `until`: the ones told are those at `value`.
    """

    fact: Fact
    given: Single
    value: Single
    until: Single
    side: Side
    to_end: bool = False
    gradual: bool = False
    moving: bool = False
    outcome: Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Gradual:
    """The next step of a fact towards a side where figures change with every step; no threshold, and yet it counts.

    `changing` holds the measures that change, as they are and as they would be; `steady` says that the steps beside
    this one change them by as much.
    """

    fact: Fact
    given: Single
    value: Single
    side: Side
    steady: bool
    changing: tuple[tuple[Imposed, Imposed], ...]
    outcome: Decision


@dataclass(frozen=True, slots=True, kw_only=True)
class Counterfactuals:
    """What was found, in the order the rule asks for its facts; `cut` names facts not searched to the end."""

    decision: Decision
    changes: tuple[Counterfactual, ...]
    gradual: tuple[Gradual, ...]
    cut: tuple[str, ...]
    decided: int


def counterfactuals(
    rulebook: Rulebook, violation: str, on: date, facts: GivenFacts, *, decided: date | None = None
) -> Counterfactuals | None:
    """Find the least changes that would have changed a decision; None where these facts give no decision."""
    outcome = decide(rulebook, violation, on, facts, decided=decided)
    if not isinstance(outcome, Decision):
        return None
    case = _Case(rulebook, outcome.rule, on, decided, facts)
    found: list[Counterfactual] = []
    gradual: list[Gradual] = []
    cut: list[str] = []
    total = 0
    for name in outcome.rule.asks:
        value = case.values.get(name)
        if value is None or isinstance(value, tuple):
            continue
        search = _Search(case, outcome.rule.by_name[name], value)
        try:
            found += search.changes()
        except _Cut:
            # Nearest changes come first: what was found before the end of the budget stands.
            found += search.found
            cut.append(name)
        if any(each.of_fine for each in outcome.rule.conventions.adjustments) and name not in cut:
            # Where an adjustment asks what the fine comes to, it can turn between any two points.
            cut += [name] if search.fact.numeric or search.fact.kind == "day" else []
        gradual += search.steps
        total += len(search.seen)
    return Counterfactuals(
        decision=outcome, changes=tuple(found), gradual=tuple(gradual), cut=tuple(cut), decided=total
    )


class _Cut(Exception):
    pass


@dataclass(slots=True)
class _Case:
    """One decision whose facts are varied one at a time; days that are counted stand as their count."""

    rulebook: Rulebook
    rule: Rule
    on: date
    decided: date | None
    facts: GivenFacts
    values: dict[str, Value] = field(init=False)
    versions: tuple[tuple[Rule, tuple[Piece, ...]], ...] = field(init=False)

    def __post_init__(self) -> None:
        reasoning = Reasoning(self.rulebook, self.rule, self.on, self.decided)
        reasoning.read(self.facts)
        self.values = reasoning.values
        counted: dict[str, GivenFact] = {
            fact.name: reasoning.texts[fact.name]
            for fact in self.rule.counted
            if fact.count and fact.count.of in self.facts
        }
        days = {fact.count.of for fact in self.rule.counted if fact.count}
        self.facts = {name: value for name, value in self.facts.items() if name not in days} | counted
        versions = self.rulebook.versions[self.rule.code]
        self.versions = tuple([(rule, pieces_of(rule)) for rule in versions])

    def with_value(self, fact: Fact, value: Single) -> GivenFacts:
        return {**self.facts, fact.name: value_text(fact, value, self.rule.language)}

    def outcome(self, facts: GivenFacts) -> Outcome:
        return decide(self.rulebook, self.rule.code, self.on, facts, decided=self.decided)

    def pieces(self, facts: GivenFacts, told: set[str]) -> tuple[tuple[object, ...], tuple[object, ...]]:
        """Return where these facts lie between all turning points, and the lines that gave the values `told` of."""
        found: list[object] = []
        lines: list[object] = []
        for rule, pieces in self.versions:
            reasoning = Reasoning(self.rulebook, rule, self.on, self.decided)
            try:
                reasoning.read(facts)
            except Refused as refused:
                found.append(refused.refusal.code)
                continue
            found.append(signs(pieces, reasoning.scope))
            named = tuple([each for each in rule.values if each.name in told])
            lines.append(taken(named, reasoning.scope))
        return tuple(found), tuple(lines)


class _Seen(NamedTuple):
    """One outcome and what of it is compared: tier and measures, the figures of each, the course, the pieces."""

    outcome: Outcome
    kinds: tuple[object, ...]
    figures: tuple[tuple[str, ...], ...]
    course: tuple[object, ...]
    pieces: tuple[object, ...]


def _seen(case: _Case, facts: GivenFacts) -> _Seen:
    outcome = case.outcome(facts)
    pieces, lines = case.pieces(facts, {step.name for step in outcome.trace if step.kind == "value"})
    course = tuple([(step.kind, step.name, step.holds) for step in outcome.trace if step.kind in _COURSE])
    if not isinstance(outcome, Decision):
        return _Seen(outcome, (outcome.code,), (), (), pieces)
    wires = [imposed_to_wire(each) for each in outcome.measures]
    kinds = [tuple(sorted((key, str(wire[key])) for key in wire if key not in _FIGURES)) for wire in wires]
    figures = [tuple([str(wire[key]) for key in _FIGURES if key in wire]) for wire in wires]
    return _Seen(outcome, (outcome.tier, *kinds), tuple(figures), (course, lines), pieces)


class _Run(NamedTuple):
    """Three points in a row, and the measures whose figure changes with each of the two steps between them."""

    moving: frozenset[int] = frozenset()
    line: tuple[_Seen, ...] = ()

    @property
    def steady(self) -> bool:
        """Say whether both steps change every figure by the same."""
        a, b, c = [[each.figures[index] for index in sorted(self.moving)] for each in self.line]
        return _steps(a, b) == _steps(b, c)


def _steps(one: list[tuple[str, ...]], other: list[tuple[str, ...]]) -> list[Fraction]:
    pairs = [pair for before, after in zip(one, other, strict=True) for pair in zip(before, after, strict=True)]
    # An end that the law does not name has no figure.
    return [Fraction(after) - Fraction(before) for before, after in pairs if before != after]


class _Search:
    """The search over one fact."""

    def __init__(self, case: _Case, fact: Fact, value: Single) -> None:
        self.case, self.fact, self.value = case, fact, value
        self.seen: dict[Single, _Seen] = {}
        self.found: list[Counterfactual] = []
        self.steps: list[Gradual] = []

    def changes(self) -> list[Counterfactual]:
        fact, value = self.fact, self.value
        if fact.kind == "yes_no":
            self.others((not value,))
        elif fact.kind == "choice":
            self.others(tuple([each for each in fact.choices if each != value]))
        else:
            at = value.toordinal() if isinstance(value, date) else int(value)  # type: ignore[arg-type]  # numeric
            for side, end in (("below", self.ends[0]), ("above", self.ends[1])):
                self.nearest(at, end, side)  # type: ignore[arg-type]  # one of the sides
        return self.found

    def others(self, values: tuple[Single, ...]) -> None:
        given = self.at(self.value)
        for value in values:
            seen = self.at(value)
            if _differs(seen, given):
                self.found.append(
                    Counterfactual(
                        fact=self.fact, given=self.value, value=value, until=value, side="other", outcome=seen.outcome
                    )
                )

    # --- numbers and days, on the grid of whole steps

    @property
    def ends(self) -> tuple[int, int]:
        fact = self.fact
        if fact.kind == "day":
            return date(FIRST_YEAR, 1, 1).toordinal(), date(LAST_YEAR, 12, 31).toordinal()
        return fact.low + fact.low_open, fact.high - fact.high_open

    def single(self, point: int) -> Single:
        return date.fromordinal(point) if self.fact.kind == "day" else point

    def at(self, value: Single) -> _Seen:
        if value not in self.seen:
            if len(self.seen) >= BUDGET:
                raise _Cut
            self.seen[value] = _seen(self.case, self.case.with_value(self.fact, value))
        return self.seen[value]

    def on(self, point: int) -> _Seen:
        return self.at(self.single(point))

    def nearest(self, start: int, end: int, side: Side) -> None:
        """Find the nearest point towards `end` with another outcome, and how far that outcome goes on."""
        given = self.on(start)
        run = self.gradual(start, end)
        aside = run.moving
        point = self.first(start, end, _same_as(given, aside))
        while point is not None and not _differs(self.on(point), given):
            # Another course that comes to the same figure by chance is no other outcome.
            point = self.first(point, end, _same_as(given._replace(course=self.on(point).course), aside))
        if aside and point != start + (1 if end > start else -1):
            self.step(start, end, side, run)
        if point is None:
            return
        change = self.on(point)
        entry = Counterfactual(
            fact=self.fact, given=self.value, value=self.single(point), until=self.single(point), side=side,
            to_end=point == end, gradual=bool(aside), outcome=change.outcome,
        )  # fmt: skip
        self.found.append(entry)
        moving = self.gradual(point, end).moving
        beyond = self.first(point, end, _same_as(change, moving))
        last = end if beyond is None else beyond + (1 if side == "below" else -1)
        self.found[-1] = replace(entry, until=self.single(last), to_end=last == end, moving=bool(moving))

    def step(self, start: int, end: int, side: Side, run: _Run) -> None:
        """Keep the next step: nothing else would say that the fact counts at all."""
        value = self.single(start + (1 if end > start else -1))
        here, there = self.on(start).outcome, self.at(value).outcome
        assert isinstance(here, Decision)
        assert isinstance(there, Decision), "three points in a row have the same measures"
        changing = tuple([(here.measures[index], there.measures[index]) for index in sorted(run.moving)])
        self.steps.append(
            Gradual(
                fact=self.fact, given=self.value, value=value, side=side, steady=run.steady, changing=changing,
                outcome=there,
            )
        )  # fmt: skip

    def gradual(self, start: int, end: int) -> _Run:
        """Name the measures whose figure changes with each of two steps in a row: they are set aside on this side.

        The steps are the next two, or, where the second ends in another tier, the next one and the one before it.
        """
        step = 1 if end > start else -1
        low, high = self.ends
        for points in ([start, start + step, start + 2 * step], [start - step, start, start + step]):
            if start == end or not all(low <= point <= high for point in points):
                continue
            line = tuple([self.on(point) for point in points])
            if all(each.kinds == line[0].kinds for each in line):
                figures = list(zip(*(each.figures for each in line), strict=True))
                return _Run(frozenset([index for index, (a, b, c) in enumerate(figures) if b not in (a, c)]), line)
        return _Run()

    def first(self, start: int, end: int, same: Callable[[_Seen], bool]) -> int | None:
        """Find the first point after `start` that is not the same; thresholds the rule names are looked at first."""
        here = start
        for stop in self.stops(start, end):
            found = self.between(here, stop, same)
            if found is not None:
                return found
            here = stop
        return None

    def stops(self, start: int, end: int) -> Iterator[int]:
        """Yield points around the constants the fact is held against, outwards, and the end."""
        step = 1 if end > start else -1
        known = {
            point + each for _rule, pieces in self.case.versions for point in thresholds(pieces, self.fact)
            for each in (-1, 0, 1)
        }  # fmt: skip
        inside = [point for point in known | {start + step, end} if step * start < step * point <= step * end]
        yield from sorted(inside, reverse=step < 0)

    def between(self, start: int, end: int, same: Callable[[_Seen], bool]) -> int | None:
        """Bisect: equal pieces at both ends mean that nothing turns between them."""
        one, other = self.on(start), self.on(end)
        if same(other) and one.pieces == other.pieces:
            return None
        if abs(end - start) == 1:
            return None if same(other) else end
        middle = (start + end) // 2
        found = self.between(start, middle, same)
        return self.between(middle, end, same) if found is None else found


def _same_as(given: _Seen, aside: frozenset[int]) -> Callable[[_Seen], bool]:
    """Compare with an outcome, the figures of some measures set aside; where any are, the course counts instead."""

    def same(seen: _Seen) -> bool:
        if seen.kinds != given.kinds or (aside and seen.course != given.course):
            return False
        pairs = enumerate(zip(seen.figures, given.figures, strict=True))
        return all(one == other for index, (one, other) in pairs if index not in aside)

    return same


def _differs(one: _Seen, other: _Seen) -> bool:
    return one.kinds != other.kinds or one.figures != other.figures
