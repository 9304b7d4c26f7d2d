"""The nodes of a whole rule file: a rule, its tiers, ranges and cases, and the regime it belongs to."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from types import MappingProxyType
from typing import Literal, NamedTuple

from engine.fact import NOWHERE, Cell, Fact, Language, Place
from engine.measures import (
    Adjustment,
    Fine,
    InTier,
    Measure,
    NoPenalty,
    Restrict,
    RevokeLicence,
    StopBusiness,
    SuspendLicence,
    TierMove,
    exprs_of,
)
from engine.numbers import Rounding
from engine.plain import Ways
from engine.tree import (
    Condition,
    Expr,
    Money,
    Named,
    Number,
    Records,
    names_in,
    positive,
    ways_of,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Validity:
    """First and last day in force, both included; no last day means until further notice."""

    first: date
    last: date | None = None

    text: str = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        last = self.last.isoformat() if self.last else ""
        object.__setattr__(self, "text", f"{self.first.isoformat()} – {last}".rstrip())

    def holds_on(self, day: date) -> bool:
        return self.first <= day and (self.last is None or day <= self.last)


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """An article of law and the words it is quoted with."""

    article: str
    quote: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StatutoryRange:
    """The least and the greatest fine the statute allows; equal where it fixes it, None for no end (both: no fine)."""

    name: str
    low: Expr | None
    high: Expr | None
    cell: Cell

    @property
    def no_fine(self) -> bool:
        return self.low is None and self.high is None


# What a row goes by that imposes no fine and names no range.
NO_RANGE = StatutoryRange(name="", low=None, high=None, cell=Cell(text="", place=NOWHERE))


DefectKind = Literal[
    "below_statutory_range",
    "above_statutory_range",
    "missing_tier",
    "overlapping_tiers",
    "misprint",
    "unreadable",
    "no_benchmark",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Defect:
    """An error of the published table: kept as published, and refused by this name when a case meets it."""

    kind: DefectKind
    tier: str = ""
    when: Condition | None = None
    note: str = field(compare=False)
    cell: Cell


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledged:
    """A finding of the proof that is to stay, and why; of the tier, or of the fact or computed value, that it names.

    Written in a rule it covers no finding about a tier or a fact that it does not name; written in a regime, all.
    """

    prop: str
    tier: str = ""
    about: str = ""
    reason: str
    cell: Cell


Unmet = Literal["order_to_correct", "not_this_violation", "measures"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Precondition:
    """What must hold before any tier is looked at, and what follows when it does not."""

    when: Condition
    otherwise: Unmet
    measures: tuple[Measure, ...] = ()
    reads: tuple[str, ...]
    cell: Cell


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One tier (裁量阶次) of the published table; tiers move up and down within their `group`, in the order written."""

    tier: str
    group: str = ""
    when: Condition
    measures: tuple[Measure, ...]
    range_name: str
    quote: str
    defect: Defect | None = None
    reads: tuple[str, ...]
    when_cell: Cell
    outcome_cell: Cell

    # What the measures are computed from facts with: none for most rows, and then nothing can be missing.
    computed: tuple[tuple[Measure, Expr], ...] = field(init=False, compare=False, repr=False)
    # Its condition as plain tests on facts, where it is that simple; its fines by who pays, and its other measures.
    ways: Ways = field(init=False, compare=False, repr=False)
    # By whom its fines are paid.
    payers: tuple[str, ...] = field(init=False, compare=False, repr=False)
    fines: Mapping[str, Fine] = field(init=False, compare=False, repr=False)
    besides: tuple[Measure, ...] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "ways", ways_of(self.when))
        fines = [each for each in self.measures if isinstance(each, Fine)]
        object.__setattr__(self, "fines", MappingProxyType({each.payer: each for each in reversed(fines)}))
        object.__setattr__(self, "besides", tuple(each for each in self.measures if each not in fines))
        found = [(measure, expr) for measure in self.measures for expr in exprs_of(measure)]
        object.__setattr__(self, "computed", tuple(each for each in found if not isinstance(each[1], Money | Number)))
        object.__setattr__(self, "payers", tuple(self.fines))


@dataclass(frozen=True, slots=True, kw_only=True)
class GeneralMeasure:
    """A measure that general law attaches to every decision of a kind, with its article."""

    measure: Measure
    basis: str
    cell: Cell


@dataclass(frozen=True, slots=True, kw_only=True)
class Conventions:
    """What a benchmark document says once and a rule may say otherwise: how an amount is finished."""

    in_tier: tuple[InTier, ...] = ()
    moves: tuple[TierMove, ...] = ()
    adjustments: tuple[Adjustment, ...] = ()
    combine: Literal["multiply", "add", ""] = ""
    beyond_range: Literal["clamp", "refuse", ""] = ""
    rounding_step: int = 1
    rounding: Rounding = "floor"


Expected = tuple[Measure, ...] | str
Given = str | tuple[str, ...] | tuple[Mapping[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleCase:
    """A test case inside a rule file. `expect` is the measures, or the code of a refusal."""

    name: str
    on: date
    given: tuple[tuple[str, Given], ...]
    decided: date | None = None
    expect: Expected
    cell: Cell


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """A question the source leaves open, the answer the regime chose, and why."""

    question: str
    answer: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Provision:
    """One rule of general law: what follows where its condition holds. No measures: the penalty may not be imposed."""

    name: str
    when: Condition
    measures: tuple[Measure, ...]
    cell: Cell
    outcome_cell: Cell


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """An article of general law that stands around every penalty: limitation, age, procedure (通则)."""

    code: str
    name: str
    validity: Validity
    article: str
    quote: str = field(compare=False)
    currency: str
    facts: tuple[Fact, ...]
    values: tuple[Named, ...]
    provisions: tuple[Provision, ...]


# What a provision of general law can read of the fine itself.
_FINE = frozenset({"@fine", "@fined"})


class Standing(NamedTuple):
    """A provision of general law as it stands around one rule: the facts it needs, and whether it bars the penalty.

    `of_fine` says that what it attaches hangs on the fine, in its condition or in a figure.
    """

    guard: Guard
    provision: Provision
    needs: frozenset[str]
    bars: bool
    reads: tuple[str, ...]
    of_fine: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Regime:
    """One published benchmark document and the conventions its rules share.

    `currency` is the ISO 4217 code of every amount under it: whole hundredths of that currency's unit.
    """

    code: str
    name: str
    version: str
    number: str
    issuer: str
    published: date
    validity: Validity
    source: str
    bounds: Literal["inclusive", "exclusive", "more_only"]
    first_day_counts: bool
    tie: Literal["heavier", "refuse"]
    conventions: Conventions
    facts: tuple[Fact, ...]
    records: tuple[Records, ...] = ()
    values: tuple[Named, ...] = ()
    guards: tuple[Guard, ...] = ()
    currency: str
    case_given: tuple[tuple[str, str], ...] = ()
    lighter_law: Literal["yes", "no", ""] = ""
    always: tuple[GeneralMeasure, ...]
    when_not_penalised: tuple[GeneralMeasure, ...]
    declared: tuple[Declared, ...]
    acknowledged: tuple[Acknowledged, ...] = field(default=(), compare=False)
    cliff_fen: int | None = field(default=None, compare=False)
    remarks: tuple[str, ...]
    language: Language
    file: str
    digest: str

    # From which days on the guards in force that need facts of their own are which.
    guarded_from: tuple[date, ...] = field(init=False, compare=False, repr=False)
    guarded_by: tuple[str, ...] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        asking = [each for each in self.guards if each.facts]
        ends = [each.validity.last for each in asking if each.validity.last is not None]
        after = {last + timedelta(days=1) for last in ends if last < date.max}
        days = sorted({date.min, *(each.validity.first for each in asking), *after})
        names = [self.between.join(each.name for each in asking if each.validity.holds_on(day)) for day in days]
        object.__setattr__(self, "guarded_from", tuple(days))
        object.__setattr__(self, "guarded_by", tuple(names))

    @property
    def between(self) -> str:
        return "、" if self.language == "zh" else ", "

    def guard_names(self, on: date) -> str:
        """Name the guards in force on a day that need facts of their own."""
        return self.guarded_by[bisect_right(self.guarded_from, on) - 1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One violation under one regime: what it asks, what it costs, and on what law."""

    code: str
    name: str
    category: str
    power_item: str
    power_place: Place = field(compare=False)
    validity: Validity
    basis: tuple[Basis, ...]
    ranges: tuple[StatutoryRange, ...]
    facts: tuple[Fact, ...]
    records: tuple[Records, ...] = ()
    values: tuple[Named, ...] = ()
    conventions: Conventions
    preconditions: tuple[Precondition, ...]
    no_penalty: tuple[Row, ...]
    rows: tuple[Row, ...]
    defects: tuple[Defect, ...]
    gap_before: str = ""
    acknowledged: tuple[Acknowledged, ...] = field(default=(), compare=False)
    cliff_fen: int | None = field(default=None, compare=False)
    remarks: tuple[str, ...] = field(compare=False)
    cases: tuple[RuleCase, ...]
    case_given: tuple[tuple[str, Given], ...] = field(default=(), compare=False)
    regime: Regime
    language: Language = field(compare=False)
    file: str = field(compare=False)
    digest: str = field(compare=False)

    # What decide looks up again and again, worked out once.
    by_name: Mapping[str, Fact] = field(init=False, compare=False, repr=False)
    named: Mapping[str, Named] = field(init=False, compare=False, repr=False)
    lists: Mapping[str, Records] = field(init=False, compare=False, repr=False)
    asks: tuple[str, ...] = field(init=False, compare=False, repr=False)
    asked: frozenset[str] = field(init=False, compare=False, repr=False)
    # By whether they bar the penalty, and whether they need no fact of their own.
    provisions: Mapping[tuple[bool, bool], tuple[Standing, ...]] = field(init=False, compare=False, repr=False)
    range_by_name: Mapping[str, StatutoryRange] = field(init=False, compare=False, repr=False)
    # What every amount of its rows and every end of its statutory ranges is computed from: facts, and days of the case.
    amounts_need: frozenset[str] = field(init=False, compare=False, repr=False)
    general: frozenset[str] = field(init=False, compare=False, repr=False)
    counted: tuple[Fact, ...] = field(init=False, compare=False, repr=False)
    benchmark: str = field(init=False, compare=False, repr=False)
    top: Place = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_name", MappingProxyType({fact.name: fact for fact in self.facts}))
        object.__setattr__(self, "named", MappingProxyType({each.name: each for each in self.values}))
        object.__setattr__(self, "lists", MappingProxyType({each.fact.name: each for each in self.records}))
        object.__setattr__(self, "asks", self._asks())
        general = frozenset(fact.name for guard in self.regime.guards for fact in guard.facts)
        object.__setattr__(self, "general", general)
        object.__setattr__(self, "asked", general.union(self.asks))
        standing = list(self._standing())
        alone = [each for each in standing if not (each.needs or self._never(each.provision.when))]
        lists = {(bars, few): alone if few else standing for bars in (False, True) for few in (False, True)}
        provisions = {key: tuple(each for each in found if each.bars == key[0]) for key, found in lists.items()}
        object.__setattr__(self, "provisions", MappingProxyType(provisions))
        object.__setattr__(self, "range_by_name", MappingProxyType({each.name: each for each in self.ranges}))
        amounts = [end for each in self.ranges for end in (each.low, each.high) if end is not None]
        amounts += [expr for row in self.rows for _measure, expr in row.computed]
        behind = self.names_behind(name for expr in amounts for name in names_in(expr))
        needed = frozenset(name for name in behind if name in self.by_name or name.startswith("@"))
        object.__setattr__(self, "amounts_need", needed)
        object.__setattr__(self, "counted", tuple(fact for fact in self.facts if fact.count))
        object.__setattr__(self, "benchmark", f"{self.regime.name}（{self.regime.number}）")
        object.__setattr__(self, "top", Place(self.file, 1, 1))

    def _standing(self) -> Iterator[Standing]:
        for guard in self.regime.guards:
            for provision in guard.provisions:
                needs = frozenset(self.facts_behind(names_in(provision.when)))
                bars = len(provision.measures) == 1 and isinstance(provision.measures[0], NoPenalty)
                reads = tuple(names_in(provision.when))
                figures = [name for each in provision.measures for expr in exprs_of(each) for name in names_in(expr)]
                of_fine = not _FINE.isdisjoint(self.names_behind([*reads, *figures]))
                yield Standing(guard, provision, needs, bars, reads, of_fine)

    def _never(self, when: Condition) -> bool:
        """Say whether a condition asks only for a revocation or a stop of business that no row here imposes."""
        kinds = RevokeLicence | SuspendLicence | Restrict | StopBusiness
        imposed = any(isinstance(measure, kinds) for row in self.rows for measure in row.measures)
        return not imposed and positive(when) and {*names_in(when)} <= {"@revoked", "@stopped"}

    def _asks(self) -> tuple[str, ...]:
        """Name the facts this rule can ask for, in the order it would ask them; after a count, the days it counts."""
        tried: list[Row | Precondition] = [*self.no_penalty, *self.preconditions, *self.rows]
        read = [name for each in tried for name in each.reads]
        # Which gap of the table a case falls into is asked last of all conditions, but it is asked.
        read += [name for defect in self.defects if defect.when is not None for name in names_in(defect.when)]
        how = self.conventions
        read += [name for each in how.moves for name in each.reads]
        read += [name for each in how.in_tier for name in each.reads]
        read += [name for each in how.adjustments for name in names_in(each.when)]
        exprs = [expr for row in self.rows for measure in row.measures for expr in exprs_of(measure)]
        read += [name for expr in exprs for name in names_in(expr)]
        changes = [each.change for each in how.adjustments]
        bounds = [bound for each in changes for bound in (each.by, each.to, each.floor, each.cap)]
        bounds += [end for each in self.ranges for end in (each.low, each.high)]
        read += [name for bound in bounds if bound is not None for name in names_in(bound)]
        return self.facts_behind(read)

    def facts_behind(self, names: Iterable[str]) -> tuple[str, ...]:
        """Name the facts behind facts and named values, each once, in order; behind a count stand its days."""
        ordered: dict[str, None] = {}
        for name in self.names_behind(names):
            if (fact := self.by_name.get(name)) is not None:
                ordered[name] = None
                if fact.count:
                    ordered[fact.count.of] = None
        return tuple(ordered)

    def names_behind(self, names: Iterable[str]) -> tuple[str, ...]:
        """Name everything these names rest on, themselves included: facts, named values, and what the engine gives."""
        in_records = {value.name: value for each in self.records for value in each.values}
        waiting = list(reversed(list(names)))
        seen: dict[str, None] = {}
        while waiting:
            name = waiting.pop()
            if name in seen:
                continue
            seen[name] = None
            if (named := self.named.get(name) or in_records.get(name)) is not None:
                waiting += reversed(named.reads)
        return tuple(seen)

    def range_named(self, name: str) -> StatutoryRange:
        """Return the statutory range a row goes by; one that imposes no fine need name none."""
        return self.range_by_name.get(name, NO_RANGE)

    def range_for(self, row: Row, payer: str) -> StatutoryRange:
        """Return the statutory range of a fine: the one called like its payer, else the row's."""
        found = self.range_by_name.get(payer) if payer else None
        return found or self.range_named(row.range_name)
