"""Proves what the conditions of a rule say by themselves: no gap, no undecided overlap, no idle row, no missing line.

Each property is a formula that must hold nowhere (`engine.normal`); where it does, the region is told with a case that
the engine has answered so (`engine.witness`).
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import combinations

from engine.decision import Outcome, Refusal
from engine.evaluate import Scope
from engine.fact import Place
from engine.heavier import outweighs
from engine.measures import Measure, exprs_of
from engine.normal import Normal, constant
from engine.proof import Property, Regions, Shown, Verdict
from engine.region import Box, Form, TooWide, both, either, merged
from engine.rule import Defect, Row, Rule
from engine.rulebook import Rulebook
from engine.shapes import divisors_of
from engine.tree import Expr, Formula, Named, Number, names_in
from engine.weighing import undecided
from engine.witness import Check, Witness, Witnesses

BUDGET = 20_000
MAX_REGIONS = 5
# Regions in which nothing is found are passed over, so many of them.
MAX_TRIED = 50
_NEVER = ("条件自相矛盾，或者超出了事实的范围", "its condition can never hold")
_SPARED = (
    "凡符合这一行的，都已经不予处罚，或者不符合前提",
    "whoever meets it is not penalised, or fails a precondition",
)


@dataclass(slots=True)
class Rows:
    """The conditions of one rule as formulas, and the searches over them.

    `unsure` names the properties of which no search spoke for every case.
    """

    rulebook: Rulebook
    rule: Rule
    unsure: set[Property] = field(default_factory=set)
    normal: Normal = field(init=False)
    regions: Regions = field(init=False)
    # Where the tiers are looked at: no ground of no penalty, every precondition.
    reached: Form = field(init=False)
    holds: dict[int, Form] = field(init=False)
    fails: dict[int, Form] = field(init=False)

    def __post_init__(self) -> None:
        rule = self.rule
        self.normal = Normal(rule)
        self.regions = Regions(self.normal)
        grounds = [self.normal.form(row.when, False) for row in rule.no_penalty]
        self.reached = both([*grounds, *(self.normal.form(each.when) for each in rule.preconditions)])
        self.holds = {id(row): self.normal.form(row.when) for row in rule.rows}
        self.fails = {id(row): self.normal.form(row.when, False) for row in rule.rows}

    def boxes(self, *forms: Form) -> list[Box]:
        """Find where all of these hold; raise TooWide."""
        return list(self.normal.search(BUDGET).boxes(both(forms)))

    def merged(self, *forms: Form) -> list[Box]:
        """Find where all of these hold, in few boxes; raise TooWide."""
        return merged(self.boxes(*forms), self.normal.grains)

    def some(self, *forms: Form) -> Box | None:
        """Find one place where all of these hold."""
        return next(self.normal.search(BUDGET).boxes(both(forms)), None)

    def regions_of_rows(self) -> Iterator[Box]:
        """Yield one region of each row that a case can come to."""
        for row in self.rule.rows:
            box = self.some(self.reached, self.holds[id(row)])
            if box is not None:
                yield box

    # --- no gap

    def complete(self) -> Iterator[Shown]:
        """Find cases that no row and no marked gap covers; a marked gap is known."""
        rule = self.rule
        if self.unpublished is not None:
            defect = self.unpublished
            yield from self.shown(
                "complete", defect.cell.place, Box({}), refused_as(defect.kind),
                "没有公布的裁量基准", "no benchmark is published", known=defect.note,
            )  # fmt: skip
            return
        gaps = [(defect, defect.when) for defect in rule.defects if defect.when is not None]
        unmarked = [self.normal.form(when, False) for _defect, when in gaps]
        for box in self.told(self.merged(self.uncovered(), *unmarked)):
            where = self.regions.text(box)
            yield from self.shown(
                "complete", rule.top, box, refused_as("no_tier"),
                f"没有一档管这样的案件：{where}", f"no tier covers these cases: {where}",
            )  # fmt: skip
        for defect, when in gaps:
            for box in self.told(self.merged(self.uncovered(), self.normal.form(when)), 1):
                where = self.regions.text(box)
                yield from self.shown(
                    "complete", defect.cell.place, box, refused_as(defect.kind),
                    f"公布的表没有管到：{where}", f"the published table does not cover: {where}", known=defect.note,
                )  # fmt: skip

    @property
    def unpublished(self) -> Defect | None:
        """Return the mark that nobody has published a table: then every case is refused, and no row is ever used."""
        whole = (each for each in self.rule.defects if each.kind == "no_benchmark" and not each.tier)
        return next(whole, None)

    def uncovered(self) -> Form:
        """Say where the tiers are looked at and none holds."""
        return both([self.reached, *(self.fails[id(row)] for row in self.rule.rows)])

    # --- no undecided overlap

    def unambiguous(self) -> Iterator[Shown]:
        """Find cases in which two rows hold and nothing decides between them."""
        rule = self.rule
        if self.unpublished is not None:
            return
        for one, other in combinations(rule.rows, 2):
            if (one.measures, one.range_name) == (other.measures, other.range_name):
                continue
            if self.outweighs(one, other) or self.outweighs(other, one):
                # Constant amounts: the heavier one wins whatever the facts are.
                continue
            # Where a third row outweighs both, it is the one.
            above = [each for each in rule.rows if self.outweighs(each, one) and self.outweighs(each, other)]
            alone = [self.fails[id(each)] for each in above]
            both_hold = [self.reached, self.holds[id(one)], self.holds[id(other)], *alone]
            for box in self.told(self.merged(*both_hold, undecided(self.normal, one, other))):
                names = f"{one.tier}（{one.when_cell.place}）", f"{other.tier}（{other.when_cell.place}）"
                where = self.regions.text(box)
                yield from self.shown(
                    "unambiguous", other.when_cell.place, box, undecided_tiers,
                    f"“{names[0]}”和“{names[1]}”同时成立，不知适用哪一档：{where}",
                    f"`{names[0]}` and `{names[1]}` both hold and nothing decides: {where}",
                    known=_known(one) or _known(other), tier=other.tier,
                )  # fmt: skip

    def outweighs(self, row: Row, other: Row) -> bool:
        """Say whether a row is heavier than another whatever the facts are."""
        rule = self.rule
        return outweighs(rule, row, other, Scope({}, rule.by_name, rule.named, rule.lists))

    # --- no idle row

    def reachable(self) -> Iterator[Shown]:
        """Find rows that no case comes to; that one does is shown by a case, not by a region."""
        rule = self.rule
        if self.unpublished is not None:
            return
        for row in rule.no_penalty:
            yield from self.idle(row, [self.normal.form(row.when)], (), *_NEVER)
        for row in rule.rows:
            holds = self.holds[id(row)]
            heavier = [each for each in rule.rows if self.outweighs(each, row)]
            names = "、".join(dict.fromkeys(each.tier for each in heavier))
            if self.some(holds) is None:
                reason = _NEVER
            elif self.some(self.reached, holds) is None:
                reason = _SPARED
            elif heavier:
                zh, en = (
                    f"凡符合这一行的，也都符合更重的“{names}”",
                    f"whoever meets it also meets the heavier `{names}`",
                )
                reason = zh, en
            else:
                reason = _NEVER
            yield from self.idle(
                row, [self.reached, holds, *(self.fails[id(each)] for each in heavier)], heavier, *reason
            )

    def idle(self, row: Row, forms: list[Form], heavier: Sequence[Row], zh: str, en: str) -> Iterator[Shown]:
        """Say that no case comes to a row, or that none was found; nothing where one was."""
        instead = [(each.tier, each.when_cell.place) for each in heavier]
        nowhere = True
        for number, box in enumerate(self.normal.search(BUDGET).boxes(both(forms))):
            search = Witnesses(self.rulebook, self.normal)
            if number < MAX_REGIONS and search.find(box, _comes_to(row, instead)) is not None:
                return
            nowhere = nowhere and number < MAX_REGIONS and search.empty
        if row in self.rule.rows and any(move.move.tiers for move in self.rule.conventions.moves):
            # A tier move may lead to a row whose own condition never holds.
            nowhere = False
        yield Shown(
            property="reachable",
            verdict="refuted" if nowhere else "not_proved",
            place=row.when_cell.place,
            zh=f"没有案件用得到“{row.tier}”：{zh}" if nowhere else f"没有找到用得到“{row.tier}”的案件",
            en=f"no case comes to `{row.tier}`: {en}" if nowhere else f"no case was found that comes to `{row.tier}`",
            tier=row.tier,
            warning=True,
            known=_known(row),
        )

    # --- every lookup has one line

    def defined(self) -> Iterator[Shown]:
        """Find cases in which a table, bands or a value by branches have no line, or several."""
        rule = self.rule
        if self.unpublished is not None:
            return
        for named in rule.values:
            if isinstance(named.how, Formula):
                yield from self.divided(named)
                continue
            for used in self.uses(named):
                found = list(self.undefined(named, used, self.normal.missing(named), "no_line"))
                found += self.undefined(named, used, self.normal.doubled(named), "several_lines")
                yield from found
                if found:
                    # Once is enough: other rows read the same table.
                    break

    def divided(self, named: Named) -> Iterator[Shown]:
        """Find cases in which a ratio would be divided by nought."""
        for divisor in divisors_of(named):
            if constant(divisor) is not None:
                continue
            nought = self.normal.relation("=", divisor, Number(value=Fraction(0)))
            for used in self.uses(named):
                found = list(self.undefined(named, used, nought, "divided_by_zero"))
                yield from found
                if found:
                    break

    def undefined(self, named: Named, used: Form, form: Form, code: str) -> Iterator[Shown]:
        zh, en = {
            "no_line": ("没有一行管到", "no line"), "several_lines": ("有几行同时成立", "several lines"),
            "divided_by_zero": ("除以零", "a divisor that is nought"),
        }[code]  # fmt: skip
        for box in self.told(self.merged(used, form)):
            where = self.regions.text(box)
            yield from self.shown(
                "defined", named.cell.place, box, refused_as(code),
                f"“{named.name}”{zh}：{where}", f"`{named.name}` has {en} for: {where}", about=named.name,
            )  # fmt: skip

    def uses(self, named: Named) -> Iterator[Form]:
        """Yield where a named value may be worked out, in the order of a decision.

        A ground or a precondition without a value is a refusal too: where it has none, no tier is looked at.
        """
        rule, normal = self.rule, self.normal
        if any(self.rests(row.reads, named) for row in rule.no_penalty):
            yield True
            return
        region = [normal.form(row.when, False) for row in rule.no_penalty]
        for each in rule.preconditions:
            if self.rests(each.reads, named):
                yield both(region)
                return
            if each.measures and self.rests(_behind(each.measures), named):
                yield both([*region, normal.form(each.when, False)])
            region.append(normal.form(each.when))
        if any(self.rests(row.reads, named) for row in rule.rows):
            yield self.reached
            return
        if any(self.rests(names_in(each.when), named) for each in rule.defects if each.when is not None):
            yield self.uncovered()
        how = rule.conventions
        finishing = [name for move in how.moves for name in move.reads]
        finishing += [name for each in how.in_tier for name in each.reads]
        for adjustment in how.adjustments:
            finishing += adjustment.reads
            change = adjustment.change
            finishing += _names([change.by, change.to, change.floor, change.cap])
        finishing += _names([end for statutory in rule.ranges for end in (statutory.low, statutory.high)])
        moved = any(move.move.tiers for move in how.moves)
        for row in rule.rows:
            # A tier move works out what another row imposes.
            imposing = rule.rows if moved else (row,)
            reads = [*finishing, *(name for each in imposing for name in _behind(each.measures))]
            if row.measures and self.rests(reads, named):
                yield both([self.reached, self.holds[id(row)]])

    def rests(self, names: Iterable[str], named: Named) -> bool:
        return named.name in self.rule.names_behind(names)

    # --- the defects that are marked

    def marked(self) -> Iterator[tuple[Defect, Witness | None]]:
        """Show each marked defect by a case that is refused by its name."""
        rule = self.rule
        uncovered = both([self.reached, *(self.fails[id(row)] for row in rule.rows)])
        for defect in rule.defects:
            if defect.when is not None:
                met = both([uncovered, self.normal.form(defect.when)])
            else:
                mine = either(self.holds[id(row)] for row in rule.rows if row.tier == defect.tier)
                others = either(self.holds[id(row)] for row in rule.rows if row.tier != defect.tier)
                overlap = others if defect.kind == "overlapping_tiers" else True
                met = both([self.reached, mine, overlap]) if defect.tier else self.reached
            search = Witnesses(self.rulebook, self.normal)
            try:
                boxes = self.boxes(met)[:MAX_TRIED]
            except TooWide:
                boxes = []
            tried = (search.find(box, refused_as(defect.kind)) for box in boxes)
            yield defect, next((each for each in tried if each is not None), None)

    # --- what is shown

    def told(self, boxes: Iterable[Box], most: int = MAX_REGIONS) -> Iterator[Box]:
        """Yield the regions to tell: the first few that bounds of expressions alone did not make up."""
        for box in boxes:
            if most == 0:
                return
            search = Witnesses(self.rulebook, self.normal, left=0)
            search.find(box, lambda _outcome: False)
            if not search.empty:
                most -= 1
                yield box

    def several(self, prop: Property, boxes: list[Box], found: Callable[[Box], Iterable[Shown]]) -> Iterator[Shown]:
        """Show the first few regions in which something is found; regions left untried leave the property open."""
        count = 0
        for number, box in enumerate(boxes):
            if count >= MAX_REGIONS:
                return
            if number >= MAX_TRIED:
                self.unsure.add(prop)
                return
            for each in found(box):
                count += 1
                yield each

    def shown(
        self,
        prop: Property,
        place: Place,
        box: Box,
        check: Check,
        zh: str,
        en: str,
        *,
        known: str = "",
        tier: str = "",
        about: str = "",
    ) -> Iterator[Shown]:
        """Make a finding of a region: refuted with a case the engine answered so, else not proved; none if empty."""
        search = Witnesses(self.rulebook, self.normal)
        witness = search.find(box, check)
        if search.empty:
            return
        verdict: Verdict = "not_proved" if witness is None else "refuted"
        yield Shown(
            property=prop, verdict=verdict, place=place, zh=zh, en=en,
            region=(self.regions.text(box),), witness=witness, known=known, tier=tier, about=about,
        )  # fmt: skip


def refused_as(code: str) -> Check:
    """Say whether an outcome is a refusal by that name."""
    return lambda outcome: isinstance(outcome, Refusal) and outcome.code == code


def undecided_tiers(outcome: Outcome) -> bool:
    """Say whether a case is refused because nothing decides between tiers."""
    return isinstance(outcome, Refusal) and outcome.code in ("several_tiers", "overlapping_tiers")


def _comes_to(row: Row, instead: list[tuple[str, Place]]) -> Check:
    """Say whether a row held in an outcome, and none of these did."""

    def check(outcome: Outcome) -> bool:
        steps = [each for each in outcome.trace if each.kind in ("tier", "no_penalty") and each.holds is True]
        held = [(each.name, each.at) for each in steps]
        return (row.tier, row.when_cell.place) in held and not any(each in held for each in instead)

    return check


def _known(row: Row) -> str:
    """Say why a row is marked as standing in the way of another; other defects explain no overlap."""
    defect = row.defect
    return defect.note if defect is not None and (defect.kind == "overlapping_tiers" or not row.measures) else ""


def _behind(measures: Iterable[Measure]) -> list[str]:
    return _names([expr for measure in measures for expr in exprs_of(measure)])


def _names(exprs: Iterable[Expr | None]) -> list[str]:
    return [name for expr in exprs if expr is not None for name in names_in(expr)]
