"""Proves what the conditions of a rule say by themselves: no gap, no undecided overlap, no idle row, no missing line.

Each property is a formula that must hold nowhere (`engine.normal`); where it does, the region is told with a case that
the engine has answered so (`engine.witness`).
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import combinations

from engine.decision import Outcome, Refusal
from engine.evaluate import Scope
from engine.fact import Place
from engine.heavier import outweighs
from engine.measures import Bracket, Fine
from engine.normal import Normal
from engine.proof import Property, Regions, Shown, Verdict
from engine.region import Box, Form, TooWide, both, either, merged
from engine.rule import Defect, Row, Rule
from engine.rulebook import Rulebook
from engine.tree import Branches, Named, Table, names_in
from engine.witness import Check, Witness, Witnesses

BUDGET = 20_000
MAX_REGIONS = 5
# Regions in which nothing is found are passed over, so many of them.
MAX_TRIED = 50
_NEVER = ("条件自相矛盾，或者超出了事实的范围", "its condition can never hold")


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

    def some(self, *forms: Form) -> Box | None:
        """Find one place where all of these hold."""
        return next(self.normal.search(BUDGET).boxes(both(forms)), None)

    def nowhere(self, prop: Property, *forms: Form) -> bool:
        """Say whether all of these hold nowhere; a region over expressions needs a case, or the property stays open."""
        for number, box in enumerate(self.normal.search(BUDGET).boxes(both(forms))):
            if all(isinstance(axis, str) for axis in box.parts):
                return False
            search = Witnesses(self.rulebook, self.normal)
            if number < MAX_TRIED and search.find(box, lambda _outcome: True) is not None:
                return False
            if number >= MAX_TRIED or not search.empty:
                self.unsure.add(prop)
                return False
        return True

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
        uncovered = both([self.reached, *(self.fails[id(row)] for row in rule.rows)])
        gaps = [defect for defect in rule.defects if defect.when is not None]
        unmarked = [self.normal.form(defect.when, False) for defect in gaps if defect.when is not None]

        def gap(box: Box) -> Iterator[Shown]:
            where = self.regions.text(box)
            return self.shown(
                "complete", rule.top, box, refused_as("no_tier"),
                f"没有一档管这样的案件：{where}", f"no tier covers these cases: {where}",
            )  # fmt: skip

        yield from self.several("complete", merged(self.boxes(uncovered, *unmarked)), gap)
        for defect in gaps:
            if defect.when is None:
                continue
            found = self.some(uncovered, self.normal.form(defect.when))
            if found is not None:
                where = self.regions.text(found)
                yield from self.shown(
                    "complete", defect.cell.place, found, refused_as(defect.kind),
                    f"公布的表没有管到：{where}", f"the published table does not cover: {where}", known=defect.note,
                )  # fmt: skip

    # --- no undecided overlap

    def unambiguous(self) -> Iterator[Shown]:
        """Find cases in which two rows hold and nothing decides between them."""
        rule = self.rule
        scope = Scope({}, rule.by_name, rule.named, rule.lists)
        for one, other in combinations(rule.rows, 2):
            if (one.measures, one.range_name) == (other.measures, other.range_name):
                continue
            if outweighs(rule, one, other, scope) or outweighs(rule, other, one, scope):
                # Constant amounts: the heavier one wins whatever the facts are.
                continue
            boxes = merged(self.boxes(self.reached, self.holds[id(one)], self.holds[id(other)]))
            yield from self.several("unambiguous", boxes, partial(self.overlap, one, other))

    def overlap(self, one: Row, other: Row, box: Box) -> Iterator[Shown]:
        """Show that nothing decides between two rows in a region, where that is so."""
        names = f"{one.tier}（{one.when_cell.place}）", f"{other.tier}（{other.when_cell.place}）"
        where = self.regions.text(box)
        found = self.shown(
            "unambiguous", other.when_cell.place, box, _undecided,
            f"“{names[0]}”和“{names[1]}”同时成立，不知适用哪一档：{where}",
            f"`{names[0]}` and `{names[1]}` both hold and nothing decides: {where}",
            known=_known(one) or _known(other), tier=other.tier,
        )  # fmt: skip
        return (each for each in found if each.verdict == "refuted" or not self.settled(one, other))

    def settled(self, one: Row, other: Row) -> bool:
        """Say whether one of two rows always gives way: they differ only in a fine, and that is one figure in each."""
        rest = [[each for each in row.measures if not isinstance(each, Fine)] for row in (one, other)]
        fines = [each for row in (one, other) for each in row.measures if isinstance(each, Fine)]
        return (
            self.rule.regime.tie == "heavier"
            and one.range_name == other.range_name
            and all(each in rest[1] for each in rest[0])
            and all(each in rest[0] for each in rest[1])
            and len(fines) == 2
            and len({each.payer for each in fines}) == 1
            and not any(isinstance(each.amount, Bracket) for each in fines)
        )

    # --- no idle row

    def reachable(self) -> Iterator[Shown]:
        """Find rows that no case comes to."""
        rule = self.rule
        scope = Scope({}, rule.by_name, rule.named, rule.lists)
        for row in rule.no_penalty:
            if self.nowhere("reachable", self.normal.form(row.when)):
                yield self.idle(
                    row.tier, row.when_cell.place, "条件自相矛盾，或者超出了事实的范围", "its condition can never hold"
                )
        for row in rule.rows:
            place, held = row.when_cell.place, self.holds[id(row)]
            if self.nowhere("reachable", held):
                yield self.idle(row.tier, place, *_NEVER)
                continue
            if self.nowhere("reachable", self.reached, held):
                zh = "凡符合这一行的，都已经不予处罚，或者不符合前提"
                yield self.idle(row.tier, place, zh, "whoever meets it is not penalised, or fails a precondition")
                continue
            heavier = [each for each in rule.rows if outweighs(rule, each, row, scope)]
            if self.nowhere("reachable", self.reached, held, *(self.fails[id(each)] for each in heavier)):
                names = "、".join(dict.fromkeys(each.tier for each in heavier))
                zh, en = (
                    f"凡符合这一行的，也都符合更重的“{names}”",
                    f"whoever meets it also meets the heavier `{names}`",
                )
                yield self.idle(row.tier, place, zh, en, known=_known(row))

    def idle(self, tier: str, place: Place, zh: str, en: str, known: str = "") -> Shown:
        return Shown(
            property="reachable",
            verdict="refuted",
            place=place,
            zh=f"没有案件用得到“{tier}”：{zh}",
            en=f"no case comes to `{tier}`: {en}",
            tier=tier,
            warning=True,
            known=known,
        )

    # --- every lookup has one line

    def defined(self) -> Iterator[Shown]:
        """Find cases in which a table or a value by branches has no line, or several."""
        rule = self.rule
        for named in rule.values:
            if not isinstance(named.how, Table | Branches):
                continue
            for used in self.uses(named):
                lines = [form for form, _value in self.normal.lines(named)]
                otherwise = isinstance(named.how, Branches) and any(when is None for when, _value in named.how.rows)
                found: list[Shown] = []
                if not otherwise:
                    found += self.undefined(named, used, both(_turned(self.normal, named)), "no_line")
                if isinstance(named.how, Branches):
                    said = [form for form, (when, _v) in zip(lines, named.how.rows, strict=True) if when is not None]
                    for one, other in combinations(said, 2):
                        found += self.undefined(named, used, both([one, other]), "several_lines")
                yield from found
                if found:
                    # Once is enough: other rows read the same table.
                    break

    def undefined(self, named: Named, used: Form, form: Form, code: str) -> Iterator[Shown]:
        none = code == "no_line"

        def lines(box: Box) -> Iterator[Shown]:
            where = self.regions.text(box)
            return self.shown(
                "defined", named.cell.place, box, refused_as(code),
                f"“{named.name}”{'没有一行管到' if none else '有几行同时成立'}：{where}",
                f"`{named.name}` has {'no line' if none else 'several lines'} for: {where}",
            )  # fmt: skip

        yield from self.several("defined", merged(self.boxes(self.reached, used, form)), lines)

    def uses(self, named: Named) -> Iterator[Form]:
        """Yield where a named value is worked out: everywhere if a condition needs it, else in the rows that use it."""
        rule = self.rule
        always = [name for row in (*rule.no_penalty, *rule.rows) for name in row.reads]
        always += [name for each in rule.preconditions for name in each.reads]
        if named.name in rule.names_behind(always):
            yield True
            return
        how = rule.conventions
        later = [name for move in how.moves for name in move.reads]
        later += [name for each in how.adjustments for name in each.reads]
        later += [name for each in how.in_tier for name in each.reads]
        anyhow = named.name in rule.names_behind(later)
        for row in rule.rows:
            reads = [name for _measure, expr in row.computed for name in names_in(expr)]
            if row.measures and (anyhow or named.name in rule.names_behind(reads)):
                yield self.holds[id(row)]

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
        self, prop: Property, place: Place, box: Box, check: Check, zh: str, en: str, *, known: str = "", tier: str = ""
    ) -> Iterator[Shown]:
        """Make a finding of a region: refuted with a case the engine answered so, else not proved; none if empty."""
        search = Witnesses(self.rulebook, self.normal)
        witness = search.find(box, check)
        if search.empty:
            return
        verdict: Verdict = "not_proved" if witness is None else "refuted"
        yield Shown(
            property=prop, verdict=verdict, place=place, zh=zh, en=en,
            region=(self.regions.text(box),), witness=witness, known=known, tier=tier,
        )  # fmt: skip


def refused_as(code: str) -> Check:
    """Say whether an outcome is a refusal by that name."""
    return lambda outcome: isinstance(outcome, Refusal) and outcome.code == code


def _undecided(outcome: Outcome) -> bool:
    return isinstance(outcome, Refusal) and outcome.code in ("several_tiers", "overlapping_tiers")


def _known(row: Row) -> str:
    return row.defect.note if row.defect is not None else ""


def _turned(normal: Normal, named: Named) -> Iterator[Form]:
    """Yield, for each line, that it does not hold."""
    match named.how:
        case Branches(rows=rows):
            for when, _value in rows:
                if when is not None:
                    yield normal.form(when, False)
        case Table(rows=rows, columns=columns):
            outside = [normal.off(axis) for axis in (rows, columns) if axis is not None]
            yield either(outside)
        case _:
            return
