"""Proposes the test cases that are missing: facts that show an uncovered unit, with the engine's own answer.

A lawyer ticks or rejects each; nothing here says that the answer is right. The search starts from the facts of the
rule's own cases, changes as few of them as lead to the unit (most often one or two), moves the days of the act and of
the decision, and is bounded and always the same: what is not reached within `MAX_RUNS` decisions is said to be
unreached, not impossible. A case that fits no tier, or several, is no answer to tick: it shows where the table may be
wrong.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import combinations, islice
from typing import TypeAlias

from engine.coverage import INPUT, Facts, Plan, RuleCoverage, gaps
from engine.cuts import Cut, fact_of, walk
from engine.decide import decide
from engine.decision import Decision, Outcome
from engine.fact import Fact, Language
from engine.given import in_domain, value_text
from engine.rule import Given, Rule, RuleCase
from engine.rule_cases import expectation
from engine.rulebook import Rulebook
from engine.tree import (
    COMPARE,
    All,
    Always,
    Any,
    Compare,
    Condition,
    Day,
    Each,
    Formula,
    Is,
    Not,
    OneOf,
    Relation,
    names_in,
)
from engine.units import Id, Unit
from engine.vocabulary import KEYS, NO, YES, spell

MAX_RUNS = 300
MAX_BASES = 12
MAX_WAYS = 16
MAX_SINGLES = 30
# Once a threshold is shown, how many more facts are tried for some under which its two sides come to different things.
MAX_TURNS = 40
MAX_PAIRS = 120
MAX_DAYS = 24
_PREFIX: Mapping[Language, str] = {"zh": "建议：", "en": "suggested: "}

# The new answers to some facts, as text; the first name is the list of records a field belongs to, or nothing.
Way: TypeAlias = dict[tuple[str, str], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """One case that is missing: the units it shows, and how it stands in the rule file."""

    covers: tuple[Unit, ...]
    name: str
    on: date
    given: tuple[tuple[str, Given], ...]
    outcome: Outcome
    yaml: str

    @property
    def doubtful(self) -> bool:
        """Say whether it shows a possible gap or overlap of the table rather than an answer to tick."""
        return not isinstance(self.outcome, Decision) and self.outcome.code in ("no_tier", "several_tiers")


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestions:
    """What is proposed for one rule, and what the search did not reach."""

    rule: Rule
    cases: tuple[Suggestion, ...]
    unreached: tuple[Unit, ...]
    # What stopped the search: a defect of this program, told for this rule alone.
    failure: str = ""


def suggest(rulebook: Rulebook, coverage: RuleCoverage) -> Suggestions:
    """Propose cases for every uncovered unit of a rule, in the order of its units; one case may show several."""
    try:
        return _proposed(rulebook, coverage)
    except Exception as error:
        return Suggestions(rule=coverage.rule, cases=(), unreached=(), failure=f"{type(error).__name__}: {error}")


def _proposed(rulebook: Rulebook, coverage: RuleCoverage) -> Suggestions:
    search = _Search(rulebook, coverage)
    waiting = {unit.id: unit for unit in coverage.uncovered}
    found: list[Suggestion] = []
    names = {case.name for case in coverage.rule.cases}
    unreached: list[Unit] = []
    shown: set[Id] = set()
    for unit in coverage.uncovered:
        if unit.id not in waiting:
            continue
        tried = search.best(unit)
        if tried is None and unit.id not in shown:
            unreached.append(unit)
            continue
        if tried is None or (unit.id in shown and not search.turns(unit, tried)):
            # A case proposed before shows it, and none shows it better.
            del waiting[unit.id]
            continue
        shown |= tried.seen
        seen = [each for name, each in waiting.items() if name in tried.seen]
        covers = tuple(each for each in seen if each is unit or search.turns(each, tried))
        for each in covers:
            del waiting[each.id]
        name = free_name(_PREFIX[coverage.rule.language] + unit.text(coverage.rule.language), names)
        names.add(name)
        found.append(_suggestion(coverage.rule, name, covers, tried))
    # What a later case shows by the way has been reached after all.
    left = tuple(unit for unit in unreached if unit.id in waiting)
    return Suggestions(rule=coverage.rule, cases=tuple(found), unreached=left)


@dataclass(frozen=True, slots=True)
class _Tried:
    case: RuleCase
    outcome: Outcome
    seen: frozenset[Id]


class _Search:
    def __init__(self, rulebook: Rulebook, coverage: RuleCoverage) -> None:
        self.rulebook = rulebook
        self.rule = rule = coverage.rule
        self.plan = Plan(rule, coverage.sites, coverage.units)
        self.known: dict[tuple[str, str, str], _Tried] = {}
        tried = [self.run(case, dict(case.given)) for case in rule.cases]
        usable = [each for each in tried if isinstance(each.outcome, Decision) or each.outcome.code not in INPUT]
        self.bases = [each.case for each in _spread(usable or tried, MAX_BASES)]
        self.days = _days(rule)
        self.singles = list(_singles(rule, coverage.sites.cuts, self.days))

    def run(self, base: RuleCase, given: Facts) -> _Tried:
        """Decide facts on the day of a case, once."""
        key = (base.on.isoformat(), str(base.decided), repr(sorted(given.items())))
        if key not in self.known:
            outcome = decide(self.rulebook, self.rule.code, base.on, given, decided=base.decided)
            case = RuleCase(
                name="", on=base.on, decided=base.decided, given=tuple(given.items()), expect="", cell=base.cell
            )
            mine = outcome.rule is not None and outcome.rule.digest == self.rule.digest
            seen = self.plan.observe(self.rulebook, case, outcome) if mine else frozenset[Id]()
            self.known[key] = _Tried(case, outcome, seen)
        return self.known[key]

    def best(self, unit: Unit) -> _Tried | None:
        """Find facts that show a unit; for a threshold, if it can be, facts under which it changes the outcome."""
        first: _Tried | None = None
        left = MAX_TURNS
        for each in self.tries(unit):
            if unit.id in each.seen:
                if self.turns(unit, each):
                    return each
                first = first or each
            left -= first is not None
            if left < 0:
                break
        return first

    def turns(self, unit: Unit, tried: _Tried) -> bool:
        """Say whether the other side of a threshold comes to something else on the same facts; of other units, yes."""
        if unit.kind != "threshold":
            return True
        _kind, records, name, low, value = unit.id
        found = fact_of(self.rule, records, name)
        assert found is not None
        across = value_text(found[1], 2 * int(low) + 1 - int(value), self.rule.language)
        given = _applied(self.rule, dict(tried.case.given), {(records, name): across})
        if given is None:
            return False
        other = self.run(tried.case, given)
        return expectation(other.outcome, self.rule) != expectation(tried.outcome, self.rule)

    def tries(self, unit: Unit) -> Iterator[_Tried]:
        """Yield facts that may show a unit, decided; the likeliest first, at most `MAX_RUNS` of them."""
        yield from islice((self.run(base, given) for base, given in self.candidates(unit)), MAX_RUNS)

    def candidates(self, unit: Unit) -> Iterator[tuple[RuleCase, Facts]]:
        rule = self.rule
        if unit.kind == "refusal" and self.bases:
            for code, given in gaps(self.rulebook, rule):
                if unit.id == ("refusal", code):
                    yield rule.cases[0], given
        records = unit.id[1] if unit.kind in ("threshold", "comparison", "line") else ""
        ways = ways_to(rule, unit.when, True, records) if unit.when is not None else []
        led = [(base, way) for way in ways for base in self.bases]
        made = [(_differences(rule, base, way), base, way) for base, way in led]
        for _count, base, way in sorted(made, key=lambda each: each[0]):
            yield from self.changed(base, way)
        yield from self.moved(ways)
        yield from self.behind(unit)
        for way in ways[:3]:
            for base in self.bases[:2]:
                for other in self.singles[:MAX_SINGLES]:
                    yield from self.changed(base, other | way)
        for base in self.bases:
            for way in self.singles:
                yield from self.changed(base, way)

    def moved(self, ways: list[Way]) -> Iterator[tuple[RuleCase, Facts]]:
        """Move the day of the act, and that of the decision, to where the rule's own days lie."""
        for base in self.bases[:2]:
            for way in ways[:2] or [{}]:
                for day in self.days:
                    yield from self.changed(replace(base, on=day), way)
                    if day > base.on:
                        yield from self.changed(replace(base, decided=day), way)

    def behind(self, unit: Unit) -> Iterator[tuple[RuleCase, Facts]]:
        """Change the facts that a worked-out value rests on: one, then two of them at once."""
        names = [unit.id[2]] if unit.kind == "line" else list(names_in(unit.when)) if unit.when is not None else []
        records = {unit.id[1]} if unit.kind in ("line", "comparison") else set()
        facts = {*self.rule.facts_behind(names), *records}
        mine = [way for way in self.singles for (inside, name) in way if (inside or name) in facts]
        for base in self.bases[:3]:
            for way in mine[:MAX_SINGLES]:
                yield from self.changed(base, way)
        pairs = ((one, two) for one, two in combinations(mine, 2) if one.keys() != two.keys())
        for one, two in islice(pairs, MAX_PAIRS):
            for base in self.bases[:1]:
                yield from self.changed(base, one | two)

    def changed(self, base: RuleCase, way: Way) -> Iterator[tuple[RuleCase, Facts]]:
        given = _applied(self.rule, dict(base.given), way)
        if given is not None:
            yield base, given


def _spread(found: list[_Tried], most: int) -> list[_Tried]:
    """Take so many evenly from first to last."""
    if len(found) <= most:
        return found
    return [found[number * (len(found) - 1) // (most - 1)] for number in range(most)]


def _differences(rule: Rule, base: RuleCase, way: Way) -> int:
    given = dict(base.given)
    return sum(records != "" or given.get(name) != text for (records, name), text in way.items())


def _applied(rule: Rule, given: dict[str, Given], way: Way) -> dict[str, Given] | None:
    """Give facts other answers; None where a field's list has no record to change."""
    for (records, name), text in way.items():
        if records:
            listed = given.get(records)
            if not listed or isinstance(listed, str) or isinstance(listed[0], str):
                return None
            given[records] = ({**listed[0], name: text}, *listed[1:])
            continue
        count = rule.by_name[name].count
        if count is not None and count.of not in dict(rule.case_given):
            given.pop(count.of, None)
        given[name] = text
    return given


# --- ways to make a condition hold --------------------------------------------------------------------------------


def ways_to(rule: Rule, condition: Condition, want: bool, records: str = "") -> list[Way]:
    """List answers that most likely make a condition hold, or not: each fact at the edge of what is asked of it."""
    match condition:
        case Is(fact=name):
            found = fact_of(rule, records, name)
            if found is not None:
                return [{(found[0], name): (YES if want else NO)[rule.language]}]
            named = rule.named.get(name)
            inside = named is not None and named.kind == "yes_no" and isinstance(named.how, Formula)
            return ways_to(rule, named.how.part, want) if inside else []  # type: ignore[union-attr, arg-type]
        case Compare(fact=name, op=op, value=value):
            found = fact_of(rule, records, name)
            if found is None:
                return []
            fact = found[1]
            near = [each for each in (value, value + 1, value - 1) if in_domain(fact, each)]
            fitting = [each for each in near if COMPARE[op](each, value) is want]
            return [{(found[0], name): value_text(fact, each, rule.language)} for each in fitting]
        case OneOf(fact=name, choices=choices):
            found = fact_of(rule, records, name)
            if found is None:
                return []
            return [{(found[0], name): each} for each in found[1].choices if (each in choices) is want][:MAX_WAYS]
        case Not(part=part):
            return ways_to(rule, part, not want, records)
        case Each(records=name, where=where):
            return ways_to(rule, where, want, name)
        case Always():
            return [{}] if want else []
        case Relation():
            return []
        case All(parts=parts) | Any(parts=parts):
            each_way = [ways_to(rule, part, want, records) for part in parts]
            if isinstance(condition, All) is not want:
                return [way for ways in each_way for way in ways][:MAX_WAYS]
            return _together(each_way)


def _together(each_way: Iterable[list[Way]]) -> list[Way]:
    """Combine a way for each part; where two parts ask one fact for different answers, either is tried."""
    found: list[Way] = [{}]
    for ways in each_way:
        if not ways:
            continue
        combined = [both for way in ways for one in found for both in (one | way, way | one)]
        unique = {tuple(sorted(way.items())): way for way in combined}
        found = list(unique.values())[:MAX_WAYS]
    return found


def _days(rule: Rule) -> list[date]:
    """List days worth trying: around each day that the rule names, and the ends of its own days in force."""
    parts = (rule.values, rule.no_penalty, rule.preconditions, rule.rows, rule.conventions, rule.ranges, rule.defects)
    named = {node.day for _records, node in walk(parts) if isinstance(node, Day)}
    around = {day + timedelta(days=step) for day in named for step in (-1, 0, 1)}
    ends = {day for day in (rule.validity.first, rule.validity.last) if day is not None}
    return sorted(around)[:MAX_DAYS] + sorted(ends - around)


def _singles(rule: Rule, cuts: tuple[Cut, ...], days: list[date]) -> Iterator[Way]:
    """Yield single answers worth trying: every choice, yes and no, thresholds, the ends of domains and beside them."""
    for name in rule.asks:
        fact = rule.by_name[name]
        if name in rule.general:
            continue
        if fact.kind == "records":
            for field in rule.lists[name].fields:
                yield from ({(name, field.name): text} for text in _answers(rule, field, cuts, days, name))
        else:
            yield from ({("", name): text} for text in _answers(rule, fact, cuts, days, ""))


def _answers(rule: Rule, fact: Fact, cuts: tuple[Cut, ...], days: list[date], records: str) -> list[str]:
    if fact.kind == "yes_no":
        return [YES[rule.language], NO[rule.language]]
    if fact.kind == "choice":
        return list(fact.choices)
    if fact.kind == "day":
        on = sorted({case.on for case in rule.cases})[:3]
        back = [day - timedelta(days=step) for day in on for step in (0, 1, 31, 366, 1100)]
        return [day.isoformat() for day in (*days, *back)]
    if not fact.numeric:
        return []
    lows = [cut.low for cut in cuts if (cut.records, cut.fact.name) == (records, fact.name)]
    points = {low + step for low in lows for step in (0, 1)}
    low, high = fact.low + fact.low_open, fact.high - fact.high_open
    points |= {low, low + 1, high, high - 1}
    points |= {low + (high - low) * share // 1000 for share in (1, 3, 10, 33, 100, 333)}
    return [value_text(fact, value, rule.language) for value in sorted(points) if in_domain(fact, value)]


# --- the case as it stands in the file ------------------------------------------------------------------------------


def free_name(name: str, taken: set[str]) -> str:
    """Return a name that no case of the rule has yet, by a number behind it where it must."""
    plain = " ".join(name.split())
    numbered = (plain if number == 1 else f"{plain} ({number})" for number in range(1, len(taken) + 2))
    return next(each for each in numbered if each not in taken)


def _suggestion(rule: Rule, name: str, covers: tuple[Unit, ...], tried: _Tried) -> Suggestion:
    default = dict(rule.case_given)
    given = tuple((key, value) for key, value in tried.case.given if key not in default or default[key] != value)
    return Suggestion(
        covers=covers,
        name=name,
        on=tried.case.on,
        given=given,
        outcome=tried.outcome,
        yaml=case_line(rule, name, tried.case.on, tried.case.decided, given, tried.outcome),
    )


def case_line(
    rule: Rule, name: str, on: date, decided: date | None, given: Iterable[tuple[str, Given]], outcome: Outcome
) -> str:
    """Write a case as a line of the rule file, in its language."""
    column = 0 if rule.language == "zh" else 1
    words = [KEYS["name"][column][-1]]
    words += [spell(KEYS, key, rule.language) for key in ("on", "decided", "given", "expect")]
    inside = ", ".join(f"{_scalar(key)}: {_value(rule, key, value)}" for key, value in given)
    parts = [f"{words[0]}: {_scalar(name)}", f"{words[1]}: {on.isoformat()}"]
    if decided is not None:
        parts.append(f"{words[2]}: {decided.isoformat()}")
    parts += [f"{words[3]}: {{{inside}}}", f"{words[4]}: {_scalar(expectation(outcome, rule))}"]
    return f"  - {{{', '.join(parts)}}}"


def _value(rule: Rule, name: str, value: Given, records: str = "") -> str:
    if isinstance(value, str):
        found = fact_of(rule, records, name)
        quoted = found is not None and found[1].kind in ("number", "money")
        return json.dumps(value, ensure_ascii=False) if quoted and value[-1:].isdigit() else _scalar(value)
    items = [
        _scalar(each)
        if isinstance(each, str)
        else "{" + ", ".join(f"{_scalar(key)}: {_value(rule, key, inner, name)}" for key, inner in each.items()) + "}"
        for each in value
    ]
    return f"[{', '.join(items)}]"


def _scalar(text: str) -> str:
    """Write a YAML scalar inside `{…}`: plain where nothing in it is a sign of YAML, else in double quotes."""
    plain = re.fullmatch(r"[^\s\-?:,\[\]{}#&*!|>'\"%@`=<~\\]([^:,\[\]{}#'\"\\\x00-\x1f]*[^\s:,\[\]{}#'\"\\])?", text)
    return text if plain else json.dumps(text, ensure_ascii=False)
