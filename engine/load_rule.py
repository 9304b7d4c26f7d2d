"""Reads one violation's rule file into a Rule."""

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import cast

from engine.cells import Builder
from engine.checks import speaks_of_limits
from engine.declarations import read_facts
from engine.errors import Complaints
from engine.fact import Cell, Fact
from engine.finishing import FINISHING_KEYS, read_conventions
from engine.load_regime import (
    builder_for,
    case_given,
    check_names,
    compute_records,
    computed_names,
    read_acknowledged,
    read_cliff,
    read_in_force,
    read_records,
    record_names,
)
from engine.measures import Fine, Measure, NoPenalty
from engine.reading import Section, misshapen, section
from engine.rule import (
    Basis,
    Defect,
    DefectKind,
    Expected,
    Given,
    Precondition,
    Regime,
    Row,
    Rule,
    RuleCase,
    StatutoryRange,
    Unmet,
)
from engine.tree import Condition, names_in
from engine.values import read_values
from engine.vocabulary import ENUMS, KEYS, REFUSALS, WORDS, spell, spellings
from engine.words import listed
from engine.yamltext import Listing, Node, Scalar
from engine.yamltext import Mapping as YamlMapping

RULE_KEYS = (
    frozenset(
        "language violation name category power_item in_force basis statutory_range facts compute preconditions "
        "no_penalty tiers defects remarks cases gap_before case_given acknowledged cliff".split()
    )
    | FINISHING_KEYS
)
_ROW_KEYS = frozenset({"tier", "group", "when", "outcome", "range", "quote"})
_CASE_KEYS = frozenset({"name", "on", "decided", "given", "expect"})


def read_rule(top: Section, regime: Regime, file: str, digest: str, complaints: Complaints) -> Rule:
    """Read a rule file under its regime; what cannot be read is complained about and left out."""
    return _RuleReader(top, regime, file, digest, complaints).rule()


@dataclass(slots=True)
class _RuleReader:
    top: Section
    regime: Regime
    file: str
    digest: str
    complaints: Complaints

    def rule(self) -> Rule:
        top, regime = self.top, self.regime
        node = top.node("facts", required=False)
        how = (top.language, regime.first_day_counts, self.complaints, regime.currency)
        records, sections = read_records(node, *how)
        own = read_facts(node, *how)
        own |= {name: each.fact for name, each in records.items()}
        # A rule says otherwise than its regime by declaring a fact of the same name.
        general = {fact.name: fact for guard in regime.guards for fact in guard.facts}
        facts = general | {fact.name: fact for fact in regime.facts} | own
        lists = {each.fact.name: each for each in regime.records if each.fact.name not in own} | records
        check_names(facts, self.complaints)
        compute = top.node("compute", required=False)
        names = [*computed_names(compute), *record_names(sections), *(each.name for each in regime.values)]
        names += [value.name for each in regime.records for value in each.values]
        builder = builder_for(
            facts,
            top.language,
            self.complaints,
            bounds=regime.bounds,
            records=lists,
            names=names,
            currency=regime.currency,
        )
        builder.named = {each.name: each for each in regime.values}
        compute_records(builder, sections)
        values = {each.name: each for each in regime.values} | {
            each.name: each for each in read_values(compute, builder)
        }
        ranges = self.ranges(builder)
        conventions = read_conventions(top, builder, regime.conventions)
        defects = tuple(self.defects(builder))
        unpublished = any(each.kind == "no_benchmark" for each in defects)
        shared: dict[str, Given] = dict(regime.case_given)
        shared |= dict(case_given(top, facts, self.complaints))
        return Rule(
            code=top.text("violation"),
            name=top.text("name"),
            category=top.text("category"),
            power_item=top.text("power_item"),
            power_place=top.cell("power_item").place if top.has("power_item") else top.place,
            validity=read_in_force(top, self.complaints),
            basis=self.basis(),
            ranges=ranges,
            facts=tuple(facts.values()),
            records=tuple(builder.records.values()),
            values=(*(each for guard in regime.guards for each in guard.values), *values.values()),
            conventions=conventions,
            preconditions=tuple(self.preconditions(builder)),
            no_penalty=tuple(self.rows("no_penalty", builder, ranges)),
            rows=tuple(self.rows("tiers", builder, ranges, required=not unpublished)),
            defects=defects,
            gap_before=top.text("gap_before", required=False),
            acknowledged=(*read_acknowledged(top), *regime.acknowledged),
            cliff_fen=read_cliff(top, builder, regime.cliff_fen),
            remarks=top.texts("remarks"),
            cases=tuple(self.cases(builder, facts, shared)),
            case_given=tuple(shared.items()),
            regime=regime,
            language=top.language,
            file=self.file,
            digest=self.digest,
        )

    def basis(self) -> tuple[Basis, ...]:
        node = self.top.node("basis")
        keys = frozenset({"article", "quote"})
        if isinstance(node, Listing):
            inner = list(self.top.sections("basis", keys))
        else:
            inner = [part for part in [self.inner(node, keys)] if part]
        return tuple(Basis(article=part.text("article"), quote=part.text("quote")) for part in inner)

    def inner(self, node: Node | None, keys: frozenset[str]) -> Section | None:
        return section(node, keys, self.top.language, self.complaints) if node is not None else None

    def ranges(self, builder: Builder) -> tuple[StatutoryRange, ...]:
        node = self.top.node("statutory_range")
        cells: list[tuple[str, Scalar]] = []
        if isinstance(node, Scalar):
            cells = [("", node)]
        elif isinstance(node, YamlMapping):
            if not node.entries:
                self.complaints.add(
                    "nothing_there", node.place, found=spell(KEYS, "statutory_range", self.top.language)
                )
            for key, value in node.entries.values():
                if isinstance(value, Scalar):
                    cells.append((key.text, value))
                else:
                    misshapen(value, Scalar, self.complaints)
        elif node is not None:
            misshapen(node, Scalar, self.complaints)
        ranges: list[StatutoryRange] = []
        for name, cell in cells:
            if built := builder.statutory(cell):
                low, high = built
                ranges.append(StatutoryRange(name=name, low=low, high=high, cell=_cell(cell)))
            elif name:
                self.complaints.failed.add(name)
        return tuple(ranges)

    def preconditions(self, builder: Builder) -> Iterator[Precondition]:
        for inner in self.top.sections("preconditions", frozenset({"when", "otherwise"}), required=False):
            when = self.condition(inner, builder)
            otherwise, measures = self.otherwise(inner, builder)
            if when is not None:
                yield Precondition(
                    when=when,
                    otherwise=otherwise,
                    measures=measures,
                    reads=tuple(dict.fromkeys(names_in(when))),
                    cell=inner.cell("when"),
                )

    def otherwise(self, inner: Section, builder: Builder) -> tuple[Unmet, tuple[Measure, ...]]:
        """Read what follows where a precondition does not hold: one of two words, or measures other than fines."""
        known = spellings(ENUMS["otherwise"], inner.language)
        cell = inner.scalar("otherwise") if inner.has("otherwise") else None
        if cell is None or cell.text.strip() in known:
            question = ("前提不成立时怎样处理？", "what follows when the precondition does not hold?")
            return cast(Unmet, inner.choice("otherwise", question=question)), ()
        measures = builder.outcome(cell) or ()
        if any(isinstance(each, Fine) for each in measures):
            self.complaints.add("not_for_guards", cell.place)
        return "measures", measures

    def condition(self, inner: Section, builder: Builder) -> Condition | None:
        cell = inner.scalar("when")
        return builder.condition(cell) if cell else None

    def rows(
        self, word: str, builder: Builder, ranges: tuple[StatutoryRange, ...], *, required: bool = False
    ) -> Iterator[Row]:
        for inner in self.top.sections(word, _ROW_KEYS, required=required):
            tier, quote = inner.text("tier"), inner.text("quote")
            when = self.condition(inner, builder)
            cell = inner.scalar("outcome")
            measures = builder.outcome(cell) if cell else None
            name = inner.text("range", required=False)
            if not name and len(ranges) == 1:
                name = ranges[0].name
            elif name not in {each.name for each in ranges} and ranges:
                known = [each.name for each in ranges if each.name]
                repair = ("只有一个法定幅度，不用写", "there is only one range; leave it out")
                if known:
                    repair = (f"可写{listed(known, 'zh')}", f"allowed: {listed(known, 'en')}")
                if inner.has("range"):
                    place = inner.cell("range").place
                    self.complaints.add("bad_choice_of_words", place, found=name, repair=repair, about=name)
                elif word == "tiers" and _needs_range(measures, ranges):
                    self.complaints.add("range_not_named", inner.place, found=tier, repair=repair)
            if word == "no_penalty" and measures not in (None, (NoPenalty(),), (NoPenalty(may=True),)):
                self.complaints.add("only_no_penalty", inner.cell("outcome").place)
            if when is not None and measures is not None:
                yield Row(
                    tier=tier,
                    group=inner.text("group", required=False),
                    when=when,
                    measures=measures,
                    range_name=name,
                    quote=quote,
                    reads=tuple(dict.fromkeys(names_in(when))),
                    when_cell=inner.cell("when"),
                    outcome_cell=inner.cell("outcome"),
                )

    def defects(self, builder: Builder) -> Iterator[Defect]:
        for inner in self.top.sections("defects", frozenset({"kind", "tier", "when", "note"}), required=False):
            kind = cast(DefectKind, inner.choice("kind"))
            note = inner.text("note")
            # A missing tier has a condition, what is wrong with a tier has its name, a missing benchmark has neither.
            wanted = {"missing_tier": "when", "no_benchmark": "note"}.get(kind, "tier")
            when = self.condition(inner, builder) if wanted == "when" else None
            tier = inner.text("tier") if wanted == "tier" else ""
            for extra in {"when", "tier"} - {wanted}:
                if inner.has(extra):
                    self.complaints.add(
                        "unknown_key", inner.cell(extra).place, found=spell(KEYS, extra, inner.language)
                    )
            if when is not None or tier or wanted == "note":
                cell = inner.cell(wanted) if inner.has(wanted) else Cell(text="", place=inner.place)
                yield Defect(kind=kind, tier=tier, when=when, note=note, cell=cell)

    def cases(self, builder: Builder, facts: Mapping[str, Fact], shared: Mapping[str, Given]) -> Iterator[RuleCase]:
        if not self.top.has("cases"):
            self.complaints.add("no_test_case", self.top.place, found=self.top.text("violation"))
        seen: set[str] = set()
        for inner in self.top.sections("cases", _CASE_KEYS, required=False):
            name, day = inner.text("name"), inner.day("on")
            if name and name in seen:
                self.complaints.add("duplicate_name", inner.cell("name").place, found=name)
            seen.add(name)
            given = tuple({**shared, **dict(self.given(inner, facts))}.items())
            cell = inner.scalar("expect")
            expect = self.expect(cell, builder) if cell else None
            if expect is not None and day != date.min:
                decided = inner.day("decided") if inner.has("decided") else None
                yield RuleCase(
                    name=name, on=day, given=given, expect=expect, decided=decided, cell=inner.cell("expect")
                )

    def given(self, inner: Section, facts: Mapping[str, Fact]) -> Iterator[tuple[str, Given]]:
        node = inner.node("given")
        if node is None:
            return
        if not isinstance(node, YamlMapping):
            misshapen(node, YamlMapping, self.complaints)
            return
        for key, value in node.entries.values():
            if key.text not in facts:
                near = difflib.get_close_matches(key.text, facts, n=1, cutoff=0.5)
                repair = (f"是不是“{near[0]}”？", f"did you mean `{near[0]}`?") if near else ("", "")
                self.complaints.add("unknown_fact", key.place, found=key.text, repair=repair, about=key.text)
            elif isinstance(value, Scalar):
                if value.text[:1] in ("“", "”") and value.text not in facts[key.text].choices:
                    plain = value.text.strip("“”")
                    repair = (f'引号用半角的："{plain}"，或者不写', f'write plain quotes or none: `"{plain}"`')
                    self.complaints.add("smart_quote", value.place, found=value.text[0], repair=repair)
                yield key.text, value.text
            elif isinstance(value, Listing) and all(isinstance(item, Scalar) for item in value.items):
                yield key.text, tuple(item.text for item in value.items if isinstance(item, Scalar))
            elif isinstance(value, Listing) and all(isinstance(item, YamlMapping) for item in value.items):
                yield key.text, tuple(self.record(item) for item in value.items if isinstance(item, YamlMapping))
            else:
                misshapen(value, Scalar, self.complaints)

    def record(self, item: YamlMapping) -> Mapping[str, str]:
        """Read one record of a list, as a test case gives it."""
        for _key, value in item.entries.values():
            if not isinstance(value, Scalar):
                misshapen(value, Scalar, self.complaints)
        return {key.text: value.text for key, value in item.entries.values() if isinstance(value, Scalar)}

    def expect(self, cell: Scalar, builder: Builder) -> Expected | None:
        language = self.top.language
        refuse = spell(WORDS, "REFUSE", language)
        text = cell.text.strip()
        if not text.startswith(refuse):
            measures: tuple[Measure, ...] | None = builder.outcome(cell)
            return measures
        known = spellings(REFUSALS, language)
        name = text.removeprefix(refuse).strip()
        if name not in known:
            repair = (f"可写{listed(known, 'zh')}", f"allowed: {listed(known, 'en')}")
            self.complaints.add("bad_choice_of_words", cell.place, found=name, repair=repair)
            return None
        return known[name]


def _needs_range(measures: tuple[Measure, ...] | None, ranges: tuple[StatutoryRange, ...]) -> bool:
    """Say whether a row must name its statutory range: what imposes no fine, and speaks of no limit of one, need not.

    A fine on a payer who has a range of his own is bound by that one; what a refused row would impose is not known.
    """
    if measures is None:
        return False
    own = {each.name for each in ranges}
    bound = any(isinstance(each, Fine) and each.payer not in own for each in measures)
    return not measures or bound or speaks_of_limits(measures)


def _cell(scalar: Scalar) -> Cell:
    return Cell(text=scalar.text, place=scalar.place)
