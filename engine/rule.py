"""The nodes of a whole rule file: a rule, its tiers, ranges and cases, and the regime it belongs to."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType
from typing import Literal

from engine.numbers import Rounding
from engine.tree import Amount, Cell, Condition, Fact, Language, Measure, Place, facts_of_measure


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
    """The least and the greatest fine the statute allows; equal where it fixes the amount."""

    name: str
    low: Amount
    high: Amount
    cell: Cell


DefectKind = Literal["below_statutory_range", "above_statutory_range", "missing_tier"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Defect:
    """An error of the published table: kept as published, and refused by this name when a case meets it."""

    kind: DefectKind
    tier: str = ""
    when: Condition | None = None
    note: str = field(compare=False)
    cell: Cell


Unmet = Literal["order_to_correct", "not_this_violation"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Precondition:
    """What must hold before any tier is looked at, and what follows when it does not."""

    when: Condition
    otherwise: Unmet
    reads: tuple[str, ...]
    cell: Cell


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One tier (裁量阶次) of the published table."""

    tier: str
    when: Condition
    measures: tuple[Measure, ...]
    range_name: str
    quote: str
    defect: Defect | None = None
    reads: tuple[str, ...]
    when_cell: Cell
    outcome_cell: Cell


@dataclass(frozen=True, slots=True, kw_only=True)
class GeneralMeasure:
    """A measure that general law attaches to every decision of a kind, with its article."""

    measure: Measure
    basis: str
    cell: Cell


Expected = tuple[Measure, ...] | str


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleCase:
    """A test case inside a rule file. `expect` is the measures, or the code of a refusal."""

    name: str
    on: date
    given: tuple[tuple[str, str | tuple[str, ...]], ...]
    expect: Expected
    cell: Cell


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """A question the source leaves open, the answer the regime chose, and why."""

    question: str
    answer: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Regime:
    """One published benchmark document and the conventions its rules share."""

    code: str
    name: str
    version: str
    number: str
    issuer: str
    published: date
    validity: Validity
    source: str
    bounds_inclusive: bool
    first_day_counts: bool
    tie: Literal["heavier", "refuse"]
    rounding_step: int
    rounding: Rounding
    facts: tuple[Fact, ...]
    always: tuple[GeneralMeasure, ...]
    when_not_penalised: tuple[GeneralMeasure, ...]
    declared: tuple[Declared, ...]
    remarks: tuple[str, ...]
    language: Language
    file: str
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One violation under one regime: what it asks, what it costs, and on what law."""

    code: str
    name: str
    category: str
    power_item: str
    validity: Validity
    basis: tuple[Basis, ...]
    ranges: tuple[StatutoryRange, ...]
    facts: tuple[Fact, ...]
    preconditions: tuple[Precondition, ...]
    no_penalty: tuple[Row, ...]
    rows: tuple[Row, ...]
    defects: tuple[Defect, ...]
    remarks: tuple[str, ...] = field(compare=False)
    cases: tuple[RuleCase, ...]
    regime: Regime
    language: Language = field(compare=False)
    file: str = field(compare=False)
    digest: str = field(compare=False)

    # What decide looks up again and again, worked out once.
    by_name: Mapping[str, Fact] = field(init=False, compare=False, repr=False)
    asks: tuple[str, ...] = field(init=False, compare=False, repr=False)
    counted: tuple[Fact, ...] = field(init=False, compare=False, repr=False)
    benchmark: str = field(init=False, compare=False, repr=False)
    top: Place = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_name", MappingProxyType({fact.name: fact for fact in self.facts}))
        object.__setattr__(self, "asks", self._asks())
        object.__setattr__(self, "counted", tuple(fact for fact in self.facts if fact.count))
        object.__setattr__(self, "benchmark", f"{self.regime.name}（{self.regime.number}）")
        object.__setattr__(self, "top", Place(self.file, 1, 1))

    def _asks(self) -> tuple[str, ...]:
        """Name the facts this rule can ask for, in the order it would ask them; after a count, the days it counts."""
        read: dict[str, None] = {}
        for row in self.no_penalty:
            read.update(dict.fromkeys(row.reads))
        for condition in self.preconditions:
            read.update(dict.fromkeys(condition.reads))
        for row in self.rows:
            read.update(dict.fromkeys(row.reads))
        for row in self.rows:
            for measure in row.measures:
                read.update(dict.fromkeys(facts_of_measure(measure)))
        ordered: dict[str, None] = {}
        for name in read:
            ordered[name] = None
            count = self.by_name[name].count
            if count:
                ordered[count.of] = None
        return tuple(ordered)

    def range_named(self, name: str) -> StatutoryRange:
        """Return the statutory range a row goes by."""
        return next(each for each in self.ranges if each.name == name)
