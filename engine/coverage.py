"""What the test cases of the rules show, in the units that matter (`engine.units`), and what they leave unshown.

A unit is covered by what a case's decision did, as its trace tells it: a row that held and was not set aside by a
heavier one, a move that held, a limit that cut. A side of a threshold is covered by a case whose fact has exactly that
value and where some step read the fact. A case that is refused for its input (a missing fact, a value of the wrong
kind) covers nothing. A case counts for the version of the rule that decided it.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace

from engine.arithmetic import Undefined
from engine.cuts import Sites, sites_of, walk
from engine.decide import decide
from engine.decision import Decision, Outcome, Step
from engine.evaluate import Missing, Scope, compute, evaluate, line_of
from engine.fact import Fact
from engine.figure import least_computed
from engine.given import Value, value_text
from engine.measures import Fine
from engine.reasoning import Reasoning, Refused
from engine.rule import Given, Row, Rule, RuleCase
from engine.rule_cases import CaseResult
from engine.rulebook import Rulebook
from engine.tree import Branches, Compare, Is, Marginal, Named, OneOf, Table
from engine.units import Id, Unit, at, line_id, refusal, units_of

Facts = Mapping[str, Given]
# Refused before the rule's own text was looked at, or for want of a fact: such a case shows nothing of the text.
INPUT = frozenset(
    "unknown_violation decided_before_act no_law_on_day power_item_missing power_item_not_in_force "
    "power_item_not_published unknown_fact missing_fact wrong_kind out_of_domain conflicting_facts".split()
)
OWN = frozenset(
    "no_tier several_tiers not_this_violation no_line several_lines empty_list no_move divided_by_zero".split()
)
UNDEFINED = frozenset({"no_line", "several_lines", "empty_list", "divided_by_zero"})
MAX_POINTS = 400
MAX_TRIES = 3


@dataclass(frozen=True, slots=True)
class RuleCoverage:
    """The units of one version of a rule, and the ids of those that its cases show."""

    rule: Rule
    sites: Sites
    units: tuple[Unit, ...]
    seen: frozenset[Id]
    # What stopped the measuring: a defect of this program, told for this rule so that the others are measured still.
    failure: str = ""

    @property
    def uncovered(self) -> tuple[Unit, ...]:
        return tuple(unit for unit in self.units if unit.id not in self.seen)


def measure(rulebook: Rulebook, results: Iterable[CaseResult]) -> tuple[RuleCoverage, ...]:
    """Measure every rule by the results of its cases, in their order; rules without a result are left out."""
    by_rule: dict[str, tuple[Rule, list[CaseResult]]] = {}
    for result in results:
        by_rule.setdefault(result.rule.file, (result.rule, []))[1].append(result)
    plans: dict[str, Plan] = {}
    seen: dict[str, set[Id]] = {}
    failures: dict[str, str] = {}
    for rule, found in by_rule.values():
        for result in found:
            by = result.outcome.rule or rule
            if by.file not in failures:
                with _told(failures, by):
                    plan = plans.get(by.file) or plans.setdefault(by.file, Plan.of(by))
                    seen.setdefault(by.file, set()).update(plan.observe(rulebook, result.case, result.outcome))
    measured = {file: RuleCoverage(rule, Sites((), (), ()), (), frozenset()) for file, (rule, _) in by_rule.items()}
    for file, (rule, found) in by_rule.items():
        with _told(failures, rule):
            plan = plans.get(file) or Plan.of(rule)
            units = {unit.id: unit for unit in (*plan.units, *possible_refusals(rulebook, rule))}
            for result in found:
                # A refusal that a case meets is one that the rule can give.
                code = "" if isinstance(result.outcome, Decision) else result.outcome.code
                if code in OWN and ("refusal", code) not in units:
                    units["refusal", code] = refusal(code, rule.top)
            measured[file] = RuleCoverage(rule, plan.sites, tuple(units.values()), frozenset(seen.get(file, set())))
        if file in failures:
            measured[file] = replace(measured[file], failure=failures[file])
    return tuple(measured.values())


@contextmanager
def _told(failures: dict[str, str], rule: Rule) -> Iterator[None]:
    """Tell a defect of ours under the rule it shows in: a lawyer's other rules are measured all the same."""
    try:
        yield
    except Exception as error:
        failures.setdefault(rule.file, f"{type(error).__name__}: {error}")


@dataclass(frozen=True, slots=True)
class Plan:
    """What there is to see of a rule, worked out once for all its cases."""

    rule: Rule
    sites: Sites
    units: tuple[Unit, ...]

    @classmethod
    def of(cls, rule: Rule) -> "Plan":
        sites = sites_of(rule)
        return cls(rule, sites, units_of(rule, sites))

    def observe(self, rulebook: Rulebook, case: RuleCase, outcome: Outcome) -> frozenset[Id]:
        """Return the ids of the units that the outcome of one case shows."""
        if not isinstance(outcome, Decision) and outcome.code in INPUT:
            return frozenset()
        trace = _chosen(outcome.trace)
        seen = set(_from_trace(trace, self.rule))
        if not isinstance(outcome, Decision):
            seen.add(("refusal", outcome.code))
            if outcome.code == "outside_statutory_range":
                seen |= {("limit", name, "hit") for name in _ranges_of_last_fine(trace, self.rule)}
        reasoning = Reasoning(rulebook, self.rule, case.on, case.decided)
        try:
            reasoning.read(dict(case.given))
        except Refused:
            return frozenset(seen)
        read = {
            name for step in trace if step.kind not in ("count", "assumed", "not_used") for name, _text in step.reads
        }
        worked = {step.name for step in trace if step.kind == "value"}
        if not isinstance(outcome, Decision) and outcome.code in UNDEFINED:
            # Refused while a value was being worked out: no step had read its facts yet.
            read |= {name for name, _value in case.given}
        seen.update(self._values(reasoning.scope, read, worked))
        if isinstance(outcome, Decision):
            seen.update(_lower_ends(reasoning, trace, outcome))
        return frozenset(seen)

    def _values(self, scope: Scope, read: set[str], worked: set[str]) -> Iterator[Id]:
        for records, fact, low, _place in self.sites.cuts:
            if (records or fact.name) in read:
                for inner in _scopes(scope, records):
                    value = inner.values.get(fact.name)
                    if value in (low, low + 1):
                        yield ("threshold", records, fact.name, str(low), str(value))
        for unit in self.units:
            if unit.kind == "comparison" and unit.when is not None:
                for inner in _scopes(scope, unit.id[1]):
                    try:
                        if evaluate(unit.when, inner) is True:
                            yield unit.id
                    except Undefined:
                        continue
        for records, named in self.sites.named:
            if named.name in worked or records in read:
                for inner in _scopes(scope, records):
                    yield from _lines(records, named, inner)


def _scopes(scope: Scope, records: str) -> Iterator[Scope]:
    """Yield the scope of a decision, or that of each record of a list."""
    if not records:
        yield scope
        return
    found = scope.each_of(records)
    yield from () if isinstance(found, Missing) else found


def _lines(records: str, named: Named, scope: Scope) -> Iterator[Id]:
    try:
        match named.how:
            case Table(rows=rows, columns=columns):
                line, column = line_of(rows, scope), 0 if columns is None else line_of(columns, scope)
                if not isinstance(line, Missing) and not isinstance(column, Missing):
                    yield line_id(records, named.name, line, column)
            case Branches(rows=branches):
                holding = [evaluate(when, scope) if when is not None else None for when, _value in branches]
                for index, holds in enumerate(holding):
                    if holds is True or (holds is None and not any(holding)):
                        yield line_id(records, named.name, index)
            case Marginal(of=of, bands=bands):
                amount = compute(of, scope)
                for index, (band, _rate) in enumerate(bands):
                    if not isinstance(amount, Missing) and band.holds(amount):
                        yield line_id(records, named.name, index)
    except Undefined:
        return


def _chosen(trace: tuple[Step, ...]) -> tuple[Step, ...]:
    """Leave out the steps of the version that was weighed and not applied."""
    ends = [index for index, step in enumerate(trace) if step.kind == "lighter_law"]
    return trace[ends[-1] + 1 :] if ends else trace


def _from_trace(trace: tuple[Step, ...], rule: Rule) -> Iterator[Id]:
    held: list[Id] = []
    heavier: Id | None = None
    fine, bounds, rounded = ("", ""), set[str](), False
    for step in trace:
        place = at(step.at) if step.at else ""
        match step.kind:
            case "no_penalty" | "tier":
                held += [("row", place)] if step.holds else []
            case "heavier_tier":
                heavier = ("row", place)
            case "precondition":
                yield ("precondition", place, "met" if step.holds else "unmet")
            case "tier_move":
                yield ("move", step.name, "on" if step.holds else "off")
            case "adjustment":
                yield ("adjustment", step.name, "on" if step.holds else "off")
            case "position" if place:
                yield ("in_tier", place)
            case "defect":
                yield ("defect", place)
            case "amount" | "bracket":
                fine, bounds, rounded = (place, step.name), set(), False
            case "bound":
                bounds.add(step.name)
            case "rounding":
                rounded = True
            case "statutory_range":
                yield ("limit", step.name, "hit" if step.before != step.after else "free")
                if step.before is not None and step.before < 0:
                    # Cut before its adjustments; what became of it stands in a later step.
                    continue
                yield ("rounding", "hit" if rounded else "free")
                for kind in ("floor", "cap"):
                    yield ("bound", *fine, kind, "hit" if kind in bounds else "free")
    yield from held if heavier is None else [each for each in held if each == heavier]


def _lower_ends(reasoning: Reasoning, trace: tuple[Step, ...], decision: Decision) -> Iterator[Id]:
    """Yield what happened to the lower ends of published ranges, which the trace does not follow."""
    rule = reasoning.rule
    for each in decision.measures:
        if not isinstance(each.measure, Fine) or each.spread is None:
            continue
        steps = [(step.at, step.name) for step in trace if step.kind in ("amount", "bracket")]
        payer, wanted = each.measure.payer, each.measure
        row = next(
            row for row in rule.rows if (row.outcome_cell.place, payer or row.tier) in steps and wanted in row.measures
        )
        low, least = least_computed(reasoning, row, each.measure)
        if low < least:
            yield ("limit", rule.range_for(row, each.measure.payer).name, "hit")
        elif low != each.spread[0]:
            yield ("rounding", "hit")


def _ranges_of_last_fine(trace: tuple[Step, ...], rule: Rule) -> Iterator[str]:
    last = next((step for step in reversed(trace) if step.kind in ("amount", "bracket")), None)
    for row in rule.rows:
        if last is not None and row.outcome_cell.place == last.at:
            yield rule.range_for(row, last.name if last.name != row.tier else "").name


# --- refusals that hang on all conditions of the table at once ----------------------------------------------------


def possible_refusals(rulebook: Rulebook, rule: Rule) -> Iterator[Unit]:
    """Look for facts that fit no tier, or several between which nothing chooses, among the values around thresholds.

    Only where every condition of the table reads plain facts, and at most `MAX_POINTS` combinations, evenly spread
    where there are more; each find is confirmed by deciding it. What is not found is not counted as a gap.
    """
    for code, _given in gaps(rulebook, rule):
        yield refusal(code, rule.rows[0].when_cell.place)


def gaps(rulebook: Rulebook, rule: Rule) -> Iterator[tuple[str, Facts]]:
    """Yield each refusal of the whole table that was found, with facts that give it."""
    axes = _axes(rule)
    if not axes or not rule.rows or not rule.cases:
        return
    base = rule.cases[0]
    tries: dict[str, int] = {}
    for values in _points(axes):
        holding = _holding(rule, values)
        code = "" if len(holding) == 1 else "several_tiers" if holding else "no_tier"
        if len({(row.measures, row.range_name) for row in holding}) == 1 or tries.get(code, 0) >= MAX_TRIES:
            continue
        tries[code] = tries.get(code, 0) + 1
        given = with_values(rule, dict(base.given), values)
        outcome = decide(rulebook, rule.code, base.on, given, decided=base.decided)
        if not isinstance(outcome, Decision) and outcome.code == code:
            tries[code] = MAX_TRIES
            yield code, given


def _axes(rule: Rule) -> dict[str, list[Value]]:
    """Return the values around the thresholds of each fact the table reads; nothing where it reads more than facts."""
    conditions = [*(row.when for row in (*rule.no_penalty, *rule.rows)), *(each.when for each in rule.preconditions)]
    conditions += [defect.when for defect in rule.defects if defect.when is not None]
    names: dict[str, Fact] = {}
    points: dict[str, set[int]] = {}
    for _records, node in walk(tuple(conditions)):
        match node:
            case Is(fact=name) | OneOf(fact=name) if name in rule.by_name:
                names[name] = rule.by_name[name]
            case Compare(fact=name, value=value) if name in rule.by_name:
                names[name] = rule.by_name[name]
                points.setdefault(name, set()).add(value)
            case _:
                if type(node).__name__ not in ("All", "Any", "Not", "Always"):
                    return {}
    return {name: _around(fact, points.get(name, set())) for name, fact in names.items()}


def _around(fact: Fact, points: set[int]) -> list[Value]:
    if fact.kind == "yes_no":
        return [False, True]
    if fact.kind == "choice":
        return list(fact.choices)
    near = {value + step for value in points for step in (-1, 0, 1)}
    return [value for value in sorted(near) if fact.low + fact.low_open <= value <= fact.high - fact.high_open]


def _points(axes: Mapping[str, list[Value]]) -> Iterator[dict[str, Value]]:
    total = 1
    for values in axes.values():
        total *= len(values)
    count = min(total, MAX_POINTS)
    for number in range(count):
        # Evenly spread over the product, first and last included, without walking through it.
        index = number if count == total else number * (total - 1) // (count - 1)
        point: dict[str, Value] = {}
        for name, values in axes.items():
            index, which = divmod(index, len(values))
            point[name] = values[which]
        yield point


def _holding(rule: Rule, values: Mapping[str, Value]) -> list[Row]:
    """Return the rows that hold on plain facts; one made-up row where a ground or a precondition comes before them."""
    scope = Scope(values, rule.by_name, rule.named, rule.lists)
    first = rule.rows[:1]
    if any(evaluate(row.when, scope) for row in rule.no_penalty):
        return list(first)
    if not all(evaluate(each.when, scope) for each in rule.preconditions):
        return list(first)
    return [row for row in rule.rows if evaluate(row.when, scope)]


def with_values(rule: Rule, given: dict[str, Given], values: Mapping[str, Value]) -> dict[str, Given]:
    """Give facts other values, as text; a counted fact that is given no longer rests on the days it counts."""
    for name, value in values.items():
        fact = rule.by_name[name]
        if fact.count:
            given.pop(fact.count.of, None)
        given[name] = value_text(fact, value, rule.language)  # type: ignore[arg-type]  # no records here
    return given
