"""START HERE. One question, one function: what does this violation owe on these facts, and by which rules?

`decide` reads the tree exactly, step by step in the order of law: power item, law of the day, facts, no-penalty
grounds, preconditions, tier, tier moves, figure, adjustments, rounding, statutory range, general measures. It is pure:
the law, the day and the facts are arguments; no clock, no file, no randomness.

Facts may be missing. A condition over a missing fact is neither true nor false (Kleene's three values), so a fact is
asked for only where the outcome can still depend on it, and the order of facts never matters.
"""

from collections.abc import Iterator
from datetime import date
from typing import Literal

from engine.arithmetic import Undefined
from engine.decision import Decision, Imposed, Outcome, Refusal, Step, kind_of
from engine.evaluate import Missing, compute
from engine.figure import figured, fine, moved
from engine.given import GivenFacts, shown
from engine.heavier import as_heavy, lacks_of, limited, no_lighter, outweighs, undecided
from engine.lighter import lighter
from engine.measures import (
    ConfiscateGains,
    Detain,
    Fine,
    Measure,
    NoPenalty,
    OrderToCorrect,
    Output,
    Restrict,
    RevokeLicence,
    StopBusiness,
    SuspendLicence,
    Warn,
    exprs_of,
)
from engine.plain import passes
from engine.reasoning import Reasoning, Refused
from engine.refusals import SENTENCES
from engine.rule import Defect, GeneralMeasure, Row, Rule, Standing
from engine.rulebook import Rulebook
from engine.tree import names_in
from engine.words import listed


def decide(rulebook: Rulebook, violation: str, on: date, facts: GivenFacts, *, decided: date | None = None) -> Outcome:
    """Compute the one penalty for a violation on the day of the act, or refuse by name.

    `on` is the day of the act: the law of that day applies and look-back windows count back from it. `decided` is the
    day of the decision, where it is known: a later version that is lighter applies where its regime declares so
    (从旧兼从轻, 行政处罚法 第三十七条); one before the day of the act is refused. The same arguments always give the
    same outcome. Never raises for what a caller sends; an exception is a defect of ours.
    """
    versions = rulebook.versions.get(violation)
    if versions is None:
        return _unknown_violation(rulebook, violation, on)
    rule = versions[0] if len(versions) == 1 else _in_force(versions, on)
    if decided is not None and decided < on:
        days = {"found": decided.isoformat(), "expected": on.isoformat()}
        return Reasoning(rulebook, rule, on, decided).refuse("decided_before_act", "decided", **days).refusal
    later = None if decided is None or decided <= on else _in_force(versions, decided)
    if later is None or later is rule or not later.validity.holds_on(decided or on):
        return _decide(rulebook, rule, on, facts, decided)
    if later.regime.lighter_law != "yes" or not rule.validity.holds_on(on):
        return _decide(rulebook, rule, on, facts, decided)
    old = _decide(rulebook, rule, on, _for(rule, later, facts), decided)
    return lighter(old, _decide(rulebook, later, on, _for(later, rule, facts), decided, as_of=decided))


def _for(rule: Rule, other: Rule, facts: GivenFacts) -> GivenFacts:
    """Leave out what only the other version asks for: a fact of either is no unknown fact."""
    return {name: facts[name] for name in facts if name in rule.by_name or name not in other.by_name}


def _in_force(versions: tuple[Rule, ...], day: date) -> Rule:
    """Return the version in force on a day; where none is, the last one that began before it, else the first."""
    begun = [rule for rule in versions if rule.validity.first <= day]
    return next((rule for rule in versions if rule.validity.holds_on(day)), begun[-1] if begun else versions[0])


def _decide(
    rulebook: Rulebook, rule: Rule, on: date, facts: GivenFacts, decided: date | None, as_of: date | None = None
) -> Outcome:
    deciding = _Deciding(Reasoning(rulebook, rule, on, decided))
    try:
        deciding.power_item()
        deciding.law_of_the_day(as_of or on)
        deciding.reasoning.read(facts)
        deciding.benchmark()
        return deciding.barred() or deciding.no_penalty() or deciding.unmet_precondition() or deciding.penalty()
    except Refused as refused:
        return refused.refusal
    finally:
        deciding.reasoning.scope.part()


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


class _Deciding:
    """The steps of one decision, in the order of law."""

    def __init__(self, reasoning: Reasoning) -> None:
        self.reasoning = reasoning
        self.rule = reasoning.rule
        self.trace = reasoning.trace
        self.not_reviewed: dict[str, None] = {}

    # --- may anything be decided at all?

    def power_item(self) -> None:
        """Refuse unless the power is listed, published and in force on the day (凡未列入、未公布的权力不得行使)."""
        reasoning, on = self.reasoning, self.reasoning.on
        item = reasoning.rulebook.power_items.get(self.rule.power_item)
        if item is None:
            raise reasoning.refuse("power_item_missing", found=self.rule.power_item)
        if on < item.published:
            raise reasoning.refuse(
                "power_item_not_published", found=item.code, day=on.isoformat(), expected=item.published.isoformat()
            )
        if not item.validity.holds_on(on):
            raise reasoning.refuse(
                "power_item_not_in_force", found=item.code, day=on.isoformat(), expected=item.validity.text
            )
        self.reasoning.step("power_item", item.code, item.name, item.cell.place)

    def law_of_the_day(self, day: date) -> None:
        rule = self.rule
        if not rule.validity.holds_on(day):
            raise self.reasoning.refuse("no_law_on_day", "on", found=day.isoformat(), expected=rule.validity.text)
        self.reasoning.step("in_force", rule.benchmark, rule.validity.text, rule.top)

    def benchmark(self) -> None:
        """Refuse where the statute gives a range and nobody has published a benchmark."""
        for defect in self.rule.defects:
            if defect.kind == "no_benchmark" and not defect.tier:
                raise self.defective(defect, "")

    # --- general law (通则): what bars a penalty, and what goes with one

    def barred(self) -> Decision | None:
        """Impose nothing where general law bars a penalty: limitation, age, capacity (行政处罚法 30, 31, 36)."""
        if not self.rule.provisions[True, self.reasoning.silent]:
            return None
        for standing in self.provisions(bars=True):
            imposed = [Imposed(standing.provision.measures[0])]
            self.general(imposed, self.rule.regime.when_not_penalised)
            return self.made(standing.provision.name, imposed)
        return None

    def review(self, imposed: list[Imposed]) -> None:
        """Add what general law attaches to this penalty, and refuse what it does not allow (45, 51, 57, 58, 63)."""
        if not self.rule.provisions[False, self.reasoning.silent]:
            self.tell_not_reviewed()
            return
        values, kinds = self.reasoning.values, {type(each.measure) for each in imposed}
        values["@fined"], values["@warned"] = Fine in kinds, Warn in kinds
        values["@revoked"] = not kinds.isdisjoint(_REVOKING)
        values["@stopped"] = StopBusiness in kinds
        most = _most(imposed)
        if most is not None:
            values["@fine"] = most
        for standing in self.provisions(bars=False):
            guard, provision = standing.guard, standing.provision
            if not provision.measures:
                raise self.reasoning.refuse("guard_refused", found=guard.article, expected=provision.name)
            imposed += [
                figured(self.reasoning, each)._replace(basis=guard.article, of_fine=standing.of_fine)
                for each in provision.measures
            ]
        self.tell_not_reviewed()

    def tell_not_reviewed(self) -> None:
        """Name the guards in force that the facts let nobody judge; most often no general fact was given at all."""
        regime = self.rule.regime
        silent = self.reasoning.silent
        names = regime.guard_names(self.reasoning.on) if silent else regime.between.join(self.not_reviewed)
        if names:
            self.reasoning.step("not_reviewed", names)

    def provisions(self, *, bars: bool) -> Iterator[Standing]:
        """Yield the provisions of general law that hold; remember the guards that the facts let nobody judge."""
        reasoning = self.reasoning
        # Most often no general fact is given at all, and only what needs none can be judged.
        silent = reasoning.silent
        for standing in self.rule.provisions[bars, silent]:
            guard, provision = standing.guard, standing.provision
            if not guard.validity.holds_on(reasoning.on):
                continue
            if standing.needs and standing.needs.isdisjoint(reasoning.texts):
                # Nothing was said that this provision could be judged by.
                self.not_reviewed[guard.name] = None
                continue
            holds = reasoning.holds(provision.when)
            if type(holds) is Missing:
                self.not_reviewed[guard.name] = None
                continue
            reads = reasoning.reads(standing.reads)
            if holds or reads:
                name = f"{guard.article} {provision.name}"
                self.reasoning.step("guard", name, provision.cell.text, provision.cell.place, reads, holds)
            if holds:
                yield standing

    # --- grounds and preconditions

    def no_penalty(self) -> Decision | None:
        """Impose nothing where a ground holds; ask where another may still hold that would say more."""
        if not self.rule.no_penalty:
            return None
        holding, unknown = self.tried("no_penalty", self.rule.no_penalty)
        if holding:
            # A ground on which no penalty shall be imposed comes before one on which none need be.
            row = min(holding, key=lambda each: (each.measures != _SHALL, each.tier))
            unknown = [each for each in unknown if each[0].measures == _SHALL != row.measures]
            if not unknown:
                return self.decision(row.tier, [Imposed(row.measures[0])], self.rule.regime.when_not_penalised)
        if unknown:
            raise self.reasoning.missing(*[names for _row, names in unknown])
        return None

    def unmet_precondition(self) -> Decision | None:
        reasoning = self.reasoning
        for each in self.rule.preconditions:
            holds = reasoning.holds(each.when)
            if type(holds) is Missing:
                raise reasoning.missing(holds)
            cell = each.cell
            self.reasoning.step("precondition", "", cell.text, cell.place, reasoning.reads(each.reads), holds)
            if holds:
                continue
            if each.otherwise == "not_this_violation":
                raise reasoning.refuse("not_this_violation", expected=cell.text)
            if each.otherwise == "measures":
                return self.decision("", [Imposed(measure) for measure in each.measures], self.rule.regime.always)
            general = [g for g in self.rule.regime.always if not isinstance(g.measure, OrderToCorrect)]
            return self.decision("", [Imposed(OrderToCorrect())], tuple(general))
        return None

    # --- tier, amount, measures

    def penalty(self) -> Decision:
        found = self.tier()
        self.usable(found)
        row, end = moved(self.reasoning, found)
        self.usable(row)
        imposed = [each for measure in row.measures if (each := self.imposed(row, measure, end)) is not None]
        regime = self.rule.regime
        spared = isinstance(row.measures[0], NoPenalty)
        return self.decision(row.tier, imposed, regime.when_not_penalised if spared else regime.always)

    def imposed(self, row: Row, measure: Measure, end: str) -> Imposed | None:
        """Work out one measure of the row; None where there is nothing to confiscate."""
        reasoning, cell = self.reasoning, row.outcome_cell
        match measure:
            case Fine():
                return fine(reasoning, row, measure, end)
            case ConfiscateGains(fact=name):
                gains = reasoning.amount(exprs_of(measure)[0])
                self.reasoning.step(
                    "measure", "confiscate_gains", cell.text, cell.place, reasoning.reads((name,)), gains > 0
                )
                return Imposed(measure, gains // 1) if gains > 0 else None
            case SuspendLicence() | StopBusiness() | Restrict() | Detain() | Output():
                exprs = exprs_of(measure)
                if not exprs:
                    return Imposed(measure)
                found = figured(reasoning, measure)
                reads = reasoning.reads(tuple([name for expr in exprs for name in names_in(expr)]))
                if reads:
                    self.reasoning.step("measure", kind_of(measure), cell.text, cell.place, reads)
                return found
            case _:
                return Imposed(measure)

    def tried(
        self, kind: Literal["no_penalty", "tier"], rows: tuple[Row, ...]
    ) -> tuple[list[Row], list[tuple[Row, Missing]]]:
        """Try every row, so that their order never matters: those that hold, and those that may with what they lack."""
        holding: list[Row] = []
        unknown: list[tuple[Row, Missing]] = []
        reasoning, append, new = self.reasoning, self.trace.append, tuple.__new__
        values, texts = reasoning.values, reasoning.texts
        names: tuple[str, ...] = ()
        told, reads = 0, reasoning.reads(())
        for row in rows:
            # At a glance where a row is made of plain tests on facts that are given, as most are.
            holds: bool | Missing | None = passes(row.ways, values) if row.ways else None
            if holds is None:
                holds = reasoning.holds(row.when)
            if row.reads != names or len(texts) != told:
                # The rows of a table read the same facts: quoted once, until another text is known.
                names, told, reads = row.reads, len(texts), reasoning.reads(row.reads)
            cell = row.when_cell
            known = holds if holds is True or holds is False else None
            # As `Reasoning.step` does it, for the dozens of rows that a table has.
            append(new(Step, (kind, row.tier, cell.text, cell.place, reads, known, None, None, None, None)))
            if holds is True:
                holding.append(row)
            elif holds is not False:
                unknown.append((row, holds))
        return holding, unknown

    def tier(self) -> Row:
        """Find the one row that holds."""
        reasoning = self.reasoning
        holding, unknown = self.tried("tier", self.rule.rows)
        if not holding:
            raise reasoning.missing(*[names for _row, names in unknown]) if unknown else self.no_tier()
        if len(holding) == 1 and not unknown and self.blocked(holding[0]):
            # It will be refused by its defect whatever its amounts come to.
            return holding[0]
        try:
            row = holding[0] if len(holding) == 1 else self.heaviest(holding)
        except Refused:
            unweighed = self.unweighed(holding)
            if (unweighed or unknown) and self.rule.regime.tie == "heavier":
                # An amount may still make one the heavier, or a third row that outweighs them all may still hold.
                raise reasoning.missing(unweighed, *[names for _row, names in unknown]) from None
            raise
        lacking = self.lacking(row)
        if lacking and self.left():
            lacking = ()
        # A row that may hold asks for nothing where the heavier row wins whether it holds or not.
        still = [names for each, names in unknown if not outweighs(self.rule, row, each, reasoning.scope)]
        if lacking or still:
            raise reasoning.missing(lacking, *still)
        return row

    def unweighed(self, holding: list[Row]) -> list[str]:
        """Name the missing facts behind the fines of several rows, if any row can outweigh the others at all."""
        if all(any(lacks_of(row, other) for other in holding) for row in holding):
            return []
        return [name for row in holding for name in self.lacking(row, only_fines=True)]

    def usable(self, row: Row) -> None:
        """Refuse where the row is marked as defective: no move leads out of what cannot be applied, or into it."""
        if row.defect is not None and self.blocked(row):
            raise self.defective(row.defect, row.tier, row)

    def blocked(self, row: Row) -> bool:
        """Say whether a row's defect forbids its use; two overlapping tiers each stand alone."""
        return row.defect is not None and (row.defect.kind != "overlapping_tiers" or not row.measures)

    def lacking(self, row: Row, *, only_fines: bool = False) -> tuple[str, ...]:
        """Name the missing facts that the row's own measures, or its fines, are computed from."""
        if self.reasoning.values.keys() >= self.rule.amounts_need:
            return ()
        found: list[str] = []
        for measure, expr in row.computed:
            if only_fines and not isinstance(measure, Fine):
                continue
            try:
                value = compute(expr, limited(self.rule, row, measure, self.reasoning.scope))
            except Undefined:
                # Said in its turn, when the amount itself is worked out.
                continue
            if type(value) is Missing:
                found += value
        return tuple(found)

    def left(self) -> bool:
        """Say whether a tier move leads out of the row that holds: what its own amount needs is then not asked for."""
        moves = self.rule.conventions.moves
        return any(each.move.tiers and self.reasoning.holds(each.when) is True for each in moves)

    def heaviest(self, holding: list[Row]) -> Row:
        """Take the row that outweighs every other, where the regime declares that the heavier wins and there is one."""
        names = listed([row.tier for row in holding], self.reasoning.language)
        scope = self.reasoning.scope
        if all(as_heavy(self.rule, holding[0], each, scope) for each in holding[1:]):
            # Whichever row counts, the outcome is the same one.
            row = min(holding, key=lambda each: each.tier)
            self.reasoning.step("same_outcome", row.tier, names, row.when_cell.place)
            return row
        for row in holding:
            if all(no_lighter(self.rule, row, each, scope) for each in reversed(holding)):
                self.reasoning.step("heavier_tier", row.tier, names, row.when_cell.place)
                return row
        for row in holding:
            if row.defect is not None and (row.defect.kind == "overlapping_tiers" or not row.measures):
                raise self.defective(row.defect, row.tier, row)
        why = undecided(self.rule, holding, self.reasoning.scope)
        raise self.reasoning.refuse("several_tiers", found=names, expected=why)

    def no_tier(self) -> Refused:
        """Refuse because no row holds: by the marked defect of the table where one says so."""
        unknown: list[Missing] = []
        reasoning = self.reasoning
        for defect in self.rule.defects:
            if defect.when is None:
                continue
            holds = reasoning.holds(defect.when)
            if type(holds) is Missing:
                unknown.append(holds)
            elif holds:
                reads = reasoning.reads(names_in(defect.when))
                self.reasoning.step("defect", defect.kind, defect.note, defect.cell.place, reads)
                return reasoning.refuse(defect.kind, found="", expected="", note=defect.note)
        # Which gap of the table it is can still depend on a fact.
        return reasoning.missing(*unknown) if unknown else reasoning.refuse("no_tier")

    def defective(self, defect: Defect, tier: str, row: Row | None = None) -> Refused:
        own = self.rule.range_by_name.get(row.range_name) if row is not None else None
        ranges = [own] if own is not None else list(self.rule.ranges)
        between = "；" if self.reasoning.language == "zh" else "; "
        expected = between.join(f"{each.name} {each.cell.text}".strip() for each in ranges)
        self.reasoning.step("defect", defect.kind, defect.note, defect.cell.place)
        return self.reasoning.refuse(defect.kind, found=tier, expected=expected, note=defect.note)

    def decision(self, tier: str, imposed: list[Imposed], general: tuple[GeneralMeasure, ...]) -> Decision:
        self.general(imposed, general)
        self.review(imposed)
        return self.made(tier, imposed)

    def general(self, imposed: list[Imposed], general: tuple[GeneralMeasure, ...]) -> None:
        for each in general:
            imposed.append(Imposed(each.measure, None, each.basis))
            self.reasoning.step("measure", kind_of(each.measure), each.basis, each.cell.place)

    def made(self, tier: str, imposed: list[Imposed]) -> Decision:
        return Decision(
            rule=self.rule, on=self.reasoning.on, tier=tier, measures=tuple(imposed), trace=tuple(self.trace)
        )


_SHALL = (NoPenalty(),)
_REVOKING = frozenset({RevokeLicence, SuspendLicence, Restrict})


def _most(imposed: list[Imposed]) -> int | None:
    """Return the party's own fine, the upper end of a published range, nothing where there is no fine; None is open."""
    for each in imposed:
        if isinstance(each.measure, Fine) and not each.measure.payer:
            return each.amount_fen if each.spread is None else each.spread[1]
    return 0
