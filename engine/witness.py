"""From a region to a case a person believes: facts on their grid, round where they can be, run through the engine.

Nothing is shown that `decide` has not answered. A region over an expression (a sum, a computed value) is halved along
the facts behind it until a point is found, within a bounded number of decisions.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from itertools import product
from typing import cast

from engine.arithmetic import Undefined
from engine.cuts import walk
from engine.decide import decide
from engine.decision import Outcome, Refusal
from engine.evaluate import Missing, Scope, compute, evaluate
from engine.fact import Fact
from engine.given import GivenFact, Problem, Single, Value, read_fact, read_records, value_text
from engine.kinds import Record
from engine.normal import Amount, Normal, domain_of
from engine.region import Axis, Box, Part, Range, common
from engine.rule import Rule
from engine.rulebook import Rulebook
from engine.tree import Axis as TableAxis
from engine.tree import Compare, Each, Is, OneOf, Ref, Tally

MAX_DECISIONS = 200
MAX_HALVES = 2_000
MAX_ASKED = 60
# So many figures are tried at both ends together.
MAX_CORNERED = 6
# So many kinds of records are tried.
MAX_RECORDS_TRIED = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Witness:
    """One case and the engine's answer to it."""

    rule: Rule
    on: date
    decided: date | None
    facts: tuple[tuple[str, GivenFact], ...]
    outcome: Outcome


Check = Callable[[Outcome], bool]


@dataclass(slots=True)
class Witnesses:
    """Looks for cases of one rule; `left` is how many decisions may still be made.

    `empty` says of the last search that the region holds no point at all: bounds of expressions had been too wide.
    """

    rulebook: Rulebook
    normal: Normal
    left: int = MAX_DECISIONS
    empty: bool = False

    @property
    def rule(self) -> Rule:
        return self.normal.rule

    def find(self, box: Box, check: Check) -> Witness | None:
        """Find a case inside a region whose outcome passes; None where none was found (see `empty`)."""
        self.empty = True
        for values in self.points(box):
            self.empty = False
            for lists in self.lists_in(box):
                if self.left <= 0:
                    return None
                found = self.case(values, lists, box)
                if found is not None and check(found.outcome) and self.lies_in(found, box):
                    return found
        return None

    def lists_in(self, box: Box) -> Iterator[dict[str, GivenFact]]:
        """Yield lists of records to try where a region speaks of them: none, one record, each at its ends."""
        names = {
            node.records
            for axis in box.parts
            for _records, node in walk(axis)
            if isinstance(node, Each | Tally) and node.records in self.rule.lists
        }
        known = self.normal.lists_of(box)
        for last in (False, True) if known else ():
            fitting = {name: self.normal.listed(name, box, last=last) or () for name in known}
            yield {name: [self.written(name, each) for each in found] for name, found in fitting.items()}
        each_way: list[list[tuple[str, GivenFact]]] = [
            [(name, []), *((name, [self.record(name, pick)]) for pick in (lowest, highest))] for name in sorted(names)
        ]
        for lists in product(*each_way):
            yield dict(lists)

    def lists_of(self, names: Iterable[str]) -> Iterator[dict[str, GivenFact]]:
        """Yield lists of records to try where amounts hang on them: none, and one record of every simple kind."""
        each_way: list[list[tuple[str, GivenFact]]] = []
        for name in names:
            if name in self.rule.lists:
                said = [[(each, text) for text in self.simple(each)] for each in self.rule.lists[name].fields]
                records = [{fact.name: text for fact, text in picks} for picks in product(*said)]
                each_way.append([(name, []), *((name, [record]) for record in records[:MAX_RECORDS_TRIED])])
        for lists in product(*each_way):
            yield dict(lists)

    def simple(self, fact: Fact) -> list[str]:
        """Write the simple values of a field: of a figure its ends and one, of anything else each."""
        part = domain_of(fact)
        if not isinstance(part, Range):
            return [cast(str, text_of(fact, each, self.rule)) for each in sorted(part or (), key=str)]
        picks = {int(part.low), int(part.high), *(each for each in (fact.one,) if part.low <= each <= part.high)}
        return [cast(str, text_of(fact, each, self.rule)) for each in sorted(picks)]

    def record(self, name: str, pick: Callable[[Part, Fact | None], object]) -> dict[str, str | int | bool]:
        """Write one record of a list, each of its fields at an end."""
        found: dict[str, str | int | bool] = {}
        for each in self.rule.lists[name].fields:
            part = domain_of(each)
            if part is not None:
                found[each.name] = cast(str, text_of(each, pick(part, each), self.rule))
        return found

    def written(self, name: str, record: Record) -> dict[str, str | int | bool]:
        """Write a record of a list as it is given."""
        fields = self.rule.lists[name].fields
        return {each.name: cast(str, text_of(each, record[each.name], self.rule)) for each in fields}

    def lies_in(self, case: Witness, box: Box) -> bool:
        """Say whether a case has what a region says of expressions and lists, as the engine works them out."""
        rule = self.rule
        values: dict[str, Value] = {"@on": case.on}
        if case.decided is not None:
            values["@decided"] = case.decided
        for name, given in case.facts:
            fact = rule.by_name[name]
            if fact.kind == "records":
                records = read_records(fact, rule.lists[name].by_name, given, rule.language)
                read: object = records if isinstance(records, Problem) else records[0]
            else:
                read = read_fact(fact, given, rule.language)
            if not isinstance(read, Problem):
                values[name] = cast(Value, read)
        scope = Scope(values, rule.by_name, rule.named, rule.lists)
        return all(worked(axis, scope, part) for axis, part in box.parts.items() if not isinstance(axis, str))

    def points(self, box: Box) -> Iterator[dict[Axis, object]]:
        """Yield points of a region: round ones first, then its corners, then those of its halves."""
        waiting, steps = [box], 0
        computed = any(isinstance(axis, Amount) for axis in box.parts)
        while waiting:
            steps += 1
            if steps > MAX_HALVES:
                self.empty = False
                return
            narrow = self.normal.linked(waiting.pop(0))
            if narrow is None:
                continue
            full: dict[Axis, Part] = {name: self.normal.domain[name] for name in self.behind(narrow)}
            full.update(narrow.parts)
            for pick in (rounded, lowest, highest):
                parts = [(axis, part) for axis, part in full.items() if isinstance(axis, str)]
                values: dict[Axis, object] = {axis: pick(part, self.rule.by_name.get(axis)) for axis, part in parts}
                if not computed or self.inside(values, narrow):
                    yield values
            if computed:
                waiting += self.halves(narrow)

    def corners(self, box: Box, names: Iterable[str]) -> Iterator[dict[Axis, object]]:
        """Yield the corners of a region along a few of its figures, everything else being round."""
        narrow = self.normal.linked(box)
        if narrow is None:
            return
        full: dict[str, Part] = {name: self.normal.domain[name] for name in self.behind(narrow)}
        full |= {name: self.normal.domain[name] for name in names if name in self.normal.domain}
        full |= {axis: part for axis, part in narrow.parts.items() if isinstance(axis, str)}
        along = [name for name in names if isinstance(full.get(name), Range)][:MAX_CORNERED]
        for picks in product((highest, lowest), repeat=len(along)):
            pick = dict(zip(along, picks, strict=True))
            values: dict[Axis, object] = {
                name: pick.get(name, rounded)(part, self.rule.by_name.get(name)) for name, part in full.items()
            }
            if self.inside(values, narrow):
                yield values

    def inside(self, values: dict[Axis, object], box: Box) -> bool:
        """Say whether the expressions of a region may come to what it says at a point of its facts."""
        for axis, value in values.items():
            part: Part = (
                frozenset({value}) if isinstance(value, bool | str) else Range(cast(int, value), cast(int, value))
            )
            box = box.narrowed(axis, part)
        return self.normal.linked(box) is not None

    def halves(self, box: Box) -> list[Box]:
        """Split a region along a fact that its expressions are computed from: the one with most left to choose."""
        behind = {name: box.parts.get(name, self.normal.domain[name]) for name in self.behind(box)}
        if not any(_size(part) > 1 for part in behind.values()):
            return []
        name = max(behind, key=lambda each: _size(behind[each]))
        part = behind[name]
        if isinstance(part, Range):
            low, high = int(part.low), int(part.high)
            # Most figures of a law are small: halving by magnitude comes near them sooner.
            middle = (low + high) // 2 if high < 64 or low > high // 8 else max(low, high // 8)
            parts: list[Part] = [Range(low, middle), Range(middle + 1, high)]
        else:
            parts = [frozenset({each}) for each in sorted(part, key=str)]
        return [box.narrowed(name, each) for each in parts]

    def behind(self, box: Box) -> tuple[str, ...]:
        """Name the facts the expressions of a region are computed from, as far as a region can speak of them."""
        names = [
            node.name if isinstance(node, Ref | TableAxis) else node.fact
            for axis in box.parts
            if isinstance(axis, Amount)
            for _records, node in walk((axis.left, axis.right))
            if isinstance(node, Ref | Is | OneOf | Compare | TableAxis)
        ]
        return tuple(name for name in self.rule.names_behind(names) if name in self.normal.domain)

    def case(self, values: dict[Axis, object], lists: dict[str, GivenFact], box: Box) -> Witness | None:
        """Decide at a point, answering what else is asked for; None where the questions do not end."""
        facts: dict[str, GivenFact] = dict(lists)
        decided = date.fromordinal(cast(int, values["@decided"])) if "@decided" in values else None
        for fact in self.rule.facts:
            if fact.name in values:
                facts[fact.name] = text_of(fact, values[fact.name], self.rule)
        on = self.day(values.get("@on"))
        return self.answered(facts, on if decided is None else min(on, decided), decided, box)

    def again(self, case: Witness, name: str, value: object) -> Witness | None:
        """Decide the same case with one fact changed."""
        facts = {**dict(case.facts), name: text_of(self.rule.by_name[name], value, self.rule)}
        return self.answered(facts, case.on, case.decided, Box({}))

    def answered(self, facts: dict[str, GivenFact], on: date, decided: date | None, box: Box) -> Witness | None:
        rule = self.rule
        for _ in range(MAX_ASKED):
            self.left -= 1
            outcome = decide(self.rulebook, rule.code, on, facts, decided=decided)
            wanted = outcome.wanted if isinstance(outcome, Refusal) and outcome.code == "missing_fact" else ()
            if not wanted:
                break
            for name in wanted:
                if name == "@decided":
                    decided = on
                elif name in rule.by_name and name not in facts and not self.counted(name):
                    facts[name] = self.filled(name, box)
        else:
            return None
        if isinstance(outcome, Refusal) and outcome.code in ("several_tiers", "overlapping_tiers"):
            # Two rows are refused before all facts are asked for; a third could still be the heavier one.
            rest = [name for name in rule.asks if name not in facts and not self.counted(name)]
            facts |= {name: self.filled(name, box) for name in rest}
            outcome = decide(self.rulebook, rule.code, on, facts, decided=decided)
        order = [name for name in rule.asks if name in facts] + [name for name in facts if name not in rule.asks]
        given = tuple((name, facts[name]) for name in order)
        return Witness(rule=rule, on=on, decided=decided, facts=given, outcome=outcome)

    def filled(self, name: str, box: Box) -> GivenFact:
        """Answer what is asked for besides a point: with what the region allows."""
        fact = self.rule.by_name[name]
        part = box.parts.get(name) or domain_of(fact)
        return [] if part is None else text_of(fact, rounded(part, fact), self.rule)

    def counted(self, name: str) -> bool:
        """Say whether a list of days need not be given, because its count is asked for."""
        return any(fact.count is not None and fact.count.of == name for fact in self.rule.counted)

    def day(self, point: object) -> date:
        """Return the day of the act: the point's own, else one its own cases use, else the first in force."""
        if point is not None:
            return date.fromordinal(cast(int, point))
        validity = self.rule.validity
        used = [case.on for case in self.rule.cases if validity.holds_on(case.on)]
        return max(used, default=validity.first)


def worked(axis: Axis, scope: Scope, part: Part) -> bool:
    """Say whether an expression or a condition comes to what a region says; yes where it has no value to compare."""
    try:
        if isinstance(axis, Each):
            met = evaluate(axis, scope)
            return isinstance(met, Missing) or not isinstance(part, frozenset) or met in part
        if not isinstance(axis, Amount) or not isinstance(part, Range):
            return True
        found = [compute(each, scope) for each in (axis.left, axis.right) if each is not None]
    except Undefined:
        return True
    if any(isinstance(each, Missing) for each in found):
        return True
    ends = [each.toordinal() if isinstance(each, date) else each for each in found]
    value = ends[0] - ends[1] if len(ends) > 1 else ends[0]
    return not common(Range(value, value), part).empty  # type: ignore[union-attr]  # two ranges have a range in common


def text_of(fact: Fact, value: object, rule: Rule) -> GivenFact:
    """Write a value of an axis as a fact is given."""
    single = date.fromordinal(cast(int, value)) if fact.kind == "day" else value
    if isinstance(single, bool):
        return value_text(fact, single, rule.language)
    if fact.numeric:
        single = int(cast(int, single))
    return value_text(fact, cast(Single, single), rule.language)


def domain_values(fact: Fact, normal: Normal) -> tuple[object, ...]:
    """List values of a fact that are worth trying: all of a few, the ends of many."""
    part = normal.domain.get(fact.name)
    if part is None:
        return ()
    if not isinstance(part, Range):
        return tuple(sorted(part, key=str))
    return (int(part.low), int(part.high))


def rounded(part: Part, fact: Fact | None = None) -> object:
    """Pick the roundest value of a part near its lower end; of choices the one named first, of answers no."""
    if not isinstance(part, Range):
        return _first(part, fact)
    low, high = int(part.low), int(part.high)
    if low <= 0 <= high:
        return 0
    if low < 0:
        return -cast(int, rounded(Range(-high, -low)))
    step = 10 ** (len(str(low)) - 1)
    while step > 1:
        up = -(-low // step) * step
        if up <= high:
            return up
        step //= 10
    return low


def lowest(part: Part, fact: Fact | None = None) -> object:
    """Pick the least value of a part."""
    return int(part.low) if isinstance(part, Range) else _first(part, fact)


def highest(part: Part, fact: Fact | None = None) -> object:
    """Pick the greatest value of a part; of choices the one named last, of answers yes."""
    return int(part.high) if isinstance(part, Range) else _first(part, fact, -1)


def _first(part: frozenset[object], fact: Fact | None, at: int = 0) -> object:
    ordered = (False, True) if fact is None or fact.kind == "yes_no" else fact.choices
    return [each for each in ordered if each in part][at]


def _size(part: Part) -> int:
    return int(part.high) - int(part.low) + 1 if isinstance(part, Range) else len(part)
