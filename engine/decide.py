"""START HERE. One question, one function: what does this violation owe on these facts, and by which rules?

`decide` reads the tree exactly, step by step in the order of law: power item, law of the day, facts, no-penalty
grounds, preconditions, tier, amount, rounding, statutory range, general measures. It is pure: the law, the day and the
facts are arguments; no clock, no file, no randomness.

Facts may be missing. A condition over a missing fact is neither true nor false (Kleene's three values), so a fact is
asked for only where the outcome can still depend on it, and the order of facts never matters.
"""

from dataclasses import dataclass, field
from datetime import date
from typing import Literal, TypeAlias

from engine.decision import Decision, Imposed, Outcome, Refusal, Step, kind_of
from engine.evaluate import evaluate, exactly
from engine.given import GivenFacts, Problem, Value, count, domain_text, in_domain, read_fact, shown, value_text
from engine.heavier import outweighs
from engine.numbers import round_to
from engine.refusals import SENTENCES, RefusalCode
from engine.rule import GeneralMeasure, Row, Rule
from engine.rulebook import Rulebook
from engine.tree import (
    Amount,
    ConfiscateGains,
    Fact,
    Fine,
    Fixed,
    Language,
    NoPenalty,
    OrderToCorrect,
    facts_in,
    facts_of_measure,
)
from engine.words import listed

Names: TypeAlias = tuple[str, ...]


def decide(rulebook: Rulebook, violation: str, on: date, facts: GivenFacts) -> Outcome:
    """Compute the one penalty for a violation on the day of the act, or refuse by name.

    `on` is the day of the act: the law of that day applies and look-back windows count back from it. The same
    arguments always give the same outcome. Never raises for what a caller sends; an exception is a defect of ours.
    """
    rule = rulebook.rules.get(violation)
    if rule is None:
        return _unknown_violation(rulebook, violation, on)
    reasoning = _Reasoning(rulebook, rule, on)
    try:
        reasoning.power_item()
        reasoning.law_of_the_day()
        reasoning.read(facts)
        return reasoning.no_penalty() or reasoning.unmet_precondition() or reasoning.penalty()
    except _Refused as refused:
        return refused.refusal


def _unknown_violation(rulebook: Rulebook, violation: str, on: date) -> Refusal:
    zh = rulebook.language == "zh"
    codes = rulebook.near(violation)
    names = listed(codes, rulebook.language)
    near = (f"，是不是{names}？" if zh else f"; did you mean {names}?") if codes else ""
    sentence = SENTENCES["unknown_violation"][0 if zh else 1]
    return Refusal(
        violation=violation,
        rule=None,
        on=on,
        code="unknown_violation",
        message=sentence.format(found=shown(violation), near=near),
        field="violation",
        trace=(),
    )


class _Refused(Exception):
    def __init__(self, refusal: Refusal) -> None:
        self.refusal = refusal


@dataclass(slots=True)
class _Reasoning:
    """One decision in the making: the facts read so far and the steps taken."""

    rulebook: Rulebook
    rule: Rule
    on: date
    values: dict[str, Value] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    trace: list[Step] = field(default_factory=list)

    @property
    def language(self) -> Language:
        return self.rule.language

    def refuse(self, code: RefusalCode, about: str | None = None, **words: str) -> "_Refused":
        sentence = SENTENCES[code][0 if self.language == "zh" else 1]
        return _Refused(
            Refusal(
                violation=self.rule.code,
                rule=self.rule,
                on=self.on,
                code=code,
                message=sentence.format(**words),
                field=about,
                trace=tuple(self.trace),
            )
        )

    # --- may anything be decided at all?

    def power_item(self) -> None:
        """Refuse unless the power is listed, published and in force on the day (凡未列入、未公布的权力不得行使)."""
        item = self.rulebook.power_items.get(self.rule.power_item)
        if item is None:
            raise self.refuse("power_item_missing", found=self.rule.power_item)
        if self.on < item.published:
            raise self.refuse(
                "power_item_not_published",
                found=item.code,
                day=self.on.isoformat(),
                expected=item.published.isoformat(),
            )
        if not item.validity.holds_on(self.on):
            raise self.refuse(
                "power_item_not_in_force", found=item.code, day=self.on.isoformat(), expected=item.validity.text
            )
        self.trace.append(Step("power_item", item.code, item.name, item.cell.place))

    def law_of_the_day(self) -> None:
        rule = self.rule
        if not rule.validity.holds_on(self.on):
            raise self.refuse("no_law_on_day", "on", found=self.on.isoformat(), expected=rule.validity.text)
        self.trace.append(Step("in_force", rule.benchmark, rule.validity.text, rule.top))

    # --- facts

    def read(self, given: GivenFacts) -> None:
        """Read the facts in the order of their names, so that the first refused is always the same one."""
        rule = self.rule
        names = sorted(given)
        for name in names:
            if name not in rule.by_name:
                raise self.unknown_fact(name)
        for name in names:
            fact = rule.by_name[name]
            value = read_fact(fact, given[name], self.language)
            if isinstance(value, Problem):
                raise self.refuse(
                    value.code, value.field, field=value.field, found=value.found, expected=value.expected
                )
            self.values[name] = value
            self.texts[name] = value_text(fact, value, self.language)
        for fact in rule.counted:
            self.count(fact)
        unused = tuple([name for name in names if name not in rule.asks])
        if unused:
            self.trace.append(Step("not_used", reads=self.reads(unused)))

    def unknown_fact(self, name: str) -> "_Refused":
        zh = self.language == "zh"
        names = listed(self.rule.asks, self.language)
        near = f"；本违法行为问的是{names}" if zh else f"; this violation asks for {names}"
        return self.refuse("unknown_fact", name, found=shown(name), near=near)

    def count(self, fact: Fact) -> None:
        """Fill a counted fact from the list of past days; both given must agree."""
        name = fact.name
        if fact.count is None or fact.count.of not in self.values:
            return
        days = self.values[fact.count.of]
        assert isinstance(days, tuple)
        number, inside = count(fact.count, days, self.on)
        stated = self.values.get(name)
        if stated is not None and stated != number:
            raise self.refuse(
                "conflicting_facts",
                name,
                field=name,
                found=self.texts[name],
                other=fact.count.of,
                expected=str(number),
            )
        if not in_domain(fact, number):
            expected = domain_text(fact, self.language)
            raise self.refuse("out_of_domain", name, field=name, found=str(number), expected=expected)
        self.values[name] = number
        self.texts[name] = value_text(fact, number, self.language)
        counted = ",".join(day.isoformat() for day in inside)
        self.trace.append(
            Step("count", name, fact.cell.text, fact.cell.place, ((fact.count.of, counted), (name, self.texts[name])))
        )

    def reads(self, names: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
        texts = self.texts
        return tuple([(name, texts[name]) for name in names if name in texts])

    # --- grounds and preconditions

    def no_penalty(self) -> Decision | None:
        """Impose nothing where a ground holds, whatever else is unknown; ask where one may still hold."""
        holding, unknown = self.tried("no_penalty", self.rule.no_penalty)
        if holding:
            tier = min(row.tier for row in holding)
            return self.decision(tier, [Imposed(NoPenalty())], self.rule.regime.when_not_penalised)
        if unknown:
            raise self.missing([row.reads for row in unknown])
        return None

    def unmet_precondition(self) -> Decision | None:
        for each in self.rule.preconditions:
            holds = evaluate(each.when, self.values)
            if holds is None:
                raise self.missing([each.reads])
            cell = each.cell
            self.trace.append(Step("precondition", "", cell.text, cell.place, self.reads(each.reads), holds))
            if holds:
                continue
            if each.otherwise == "not_this_violation":
                raise self.refuse("not_this_violation", expected=cell.text)
            general = [g for g in self.rule.regime.always if not isinstance(g.measure, OrderToCorrect)]
            return self.decision("", [Imposed(OrderToCorrect())], tuple(general))
        return None

    # --- tier, amount, measures

    def penalty(self) -> Decision:
        row = self.tier()
        if row.defect is not None:
            raise self.defective(row)
        imposed: list[Imposed] = []
        for measure in row.measures:
            if isinstance(measure, Fine):
                imposed.append(Imposed(measure, self.fine(row, measure.amount)))
            elif isinstance(measure, ConfiscateGains):
                gains = self.values[measure.fact]
                assert isinstance(gains, int)
                cell = row.outcome_cell
                self.trace.append(
                    Step("measure", "confiscate_gains", cell.text, cell.place, self.reads((measure.fact,)), gains > 0)
                )
                if gains > 0:
                    imposed.append(Imposed(measure, gains))
            else:
                imposed.append(Imposed(measure))
        regime = self.rule.regime
        spared = isinstance(row.measures[0], NoPenalty)
        return self.decision(row.tier, imposed, regime.when_not_penalised if spared else regime.always)

    def tried(self, kind: Literal["no_penalty", "tier"], rows: tuple[Row, ...]) -> tuple[list[Row], list[Row]]:
        """Try every row, so that their order never matters: those that hold, and those that may."""
        holding: list[Row] = []
        unknown: list[Row] = []
        for row in rows:
            holds = evaluate(row.when, self.values)
            cell = row.when_cell
            self.trace.append(Step(kind, row.tier, cell.text, cell.place, self.reads(row.reads), holds))
            if holds:
                holding.append(row)
            elif holds is None:
                unknown.append(row)
        return holding, unknown

    def tier(self) -> Row:
        """Find the one row that holds."""
        holding, unknown = self.tried("tier", self.rule.rows)
        if not holding:
            raise self.missing([row.reads for row in unknown]) if unknown else self.no_tier()
        needed = [facts_of_measure(measure) for row in holding for measure in row.measures]
        if any(name not in self.values for names in needed for name in names):
            raise self.missing(needed + [row.reads for row in unknown])
        row = holding[0] if len(holding) == 1 else self.heaviest(holding)
        # A row that may hold asks for nothing where the heavier row wins whether it holds or not.
        open_rows = [each for each in unknown if not outweighs(self.rule, row, each, self.values)]
        if open_rows:
            raise self.missing([each.reads for each in open_rows])
        return row

    def heaviest(self, holding: list[Row]) -> Row:
        """Take the row that outweighs every other, where the regime declares that the heavier wins and there is one."""
        names = listed([row.tier for row in holding], self.language)
        for row in holding:
            if all(each is row or outweighs(self.rule, row, each, self.values) for each in holding):
                self.trace.append(Step("heavier_tier", row.tier, names, row.when_cell.place))
                return row
        raise self.refuse("several_tiers", found=names)

    def no_tier(self) -> "_Refused":
        """Refuse because no row holds: by the marked defect of the table where one says so."""
        unknown: list[Names] = []
        for defect in self.rule.defects:
            holds = evaluate(defect.when, self.values) if defect.when is not None else False
            if holds and defect.when is not None:
                reads = self.reads(facts_in(defect.when))
                self.trace.append(Step("defect", defect.kind, defect.note, defect.cell.place, reads))
                return self.refuse("missing_tier", note=defect.note)
            if holds is None and defect.when is not None:
                unknown.append(facts_in(defect.when))
        # Which gap of the table it is can still depend on a fact.
        return self.missing(unknown) if unknown else self.refuse("no_tier")

    def defective(self, row: Row) -> "_Refused":
        defect = row.defect
        assert defect is not None
        statutory = self.rule.range_named(row.range_name)
        self.trace.append(Step("defect", defect.kind, defect.note, defect.cell.place))
        return self.refuse(defect.kind, found=row.tier, expected=statutory.cell.text, note=defect.note)

    def fine(self, row: Row, amount: Amount) -> int:
        """Compute the fine in whole fen: exact, rounded as declared; rounding never leaves the statutory range."""
        numerator, denominator = exactly(amount, self.values, self.rule.by_name)
        rule, regime = self.rule, self.rule.regime
        fen = numerator // denominator
        cell = row.outcome_cell
        reads = () if isinstance(amount, Fixed) else self.reads((amount.fact,))
        self.trace.append(Step("amount", row.tier, cell.text, cell.place, reads, after=fen))
        rounded = round_to(numerator, denominator, regime.rounding_step, regime.rounding)
        if rounded * denominator != numerator:
            self.trace.append(Step("rounding", regime.rounding, str(regime.rounding_step), before=fen, after=rounded))
        statutory = rule.range_named(row.range_name)
        low, low_denominator = exactly(statutory.low, self.values, rule.by_name)
        high, high_denominator = exactly(statutory.high, self.values, rule.by_name)
        # INVARIANT: engine.checks proved every unmarked row inside its range: only rounding can leave it.
        assert low * denominator <= numerator * low_denominator, (self.rule.code, row.tier)
        assert numerator * high_denominator <= high * denominator, (self.rule.code, row.tier)
        inward = min(max(rounded, -(-low // low_denominator)), high // high_denominator)
        cell = statutory.cell
        self.trace.append(Step("statutory_range", statutory.name, cell.text, cell.place, before=rounded, after=inward))
        return inward

    def decision(self, tier: str, imposed: list[Imposed], general: tuple[GeneralMeasure, ...]) -> Decision:
        for each in general:
            imposed.append(Imposed(each.measure, None, each.basis))
            self.trace.append(Step("measure", kind_of(each.measure), each.basis, each.cell.place))
        return Decision(rule=self.rule, on=self.on, tier=tier, measures=tuple(imposed), trace=tuple(self.trace))

    def missing(self, reads: list[Names]) -> "_Refused":
        """Refuse for want of facts, naming those that can still matter, in the order the rule would ask for them."""
        wanted = {name for names in reads for name in names if name not in self.values}
        names = [name for name in self.rule.asks if name in wanted]
        return self.refuse("missing_fact", names[0], found=listed(names, self.language))
