"""Proves that a graver fact is never punished more lightly, and that a mitigating one counts everywhere.

One fact moves, all others stay. Between two thresholds nothing but an amount can change, and `engine.trend` says which
way it goes; at a threshold, and from no to yes, one row gives way to another, or what follows the row changes: tier
moves, the figure inside the bracket, adjustments. Where that could be lighter, the region is split until all that
decides is settled on both sides (`engine.settled`); then the shape of the amounts says that it is not
(`engine.weights`), or one case stands for all of them, where every fine is a constant.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise, product

from engine.checks import order
from engine.courses import Course, Courses
from engine.decision import Decision, Outcome, Refusal
from engine.fact import Fact
from engine.lighter import is_lighter_than
from engine.measures import Change, Fine, InTier
from engine.normal import BoxBounds
from engine.proof import Property, Shown, fines_text
from engine.prove_rows import Rows
from engine.region import Box, Form, In, Range, both, either
from engine.rule import Row
from engine.settled import Piece, Step
from engine.tree import Expr, Number
from engine.trend import trend
from engine.weights import NO_LOWER, Late, blocked, late, payers
from engine.witness import Witnesses

# Refusals that conditions and constants alone lead to: what one case of a settled region meets, all of it meets.
_SETTLED = frozenset(
    "no_tier several_tiers overlapping_tiers missing_tier misprint unreadable no_benchmark no_move"
    " below_statutory_range above_statutory_range outside_statutory_range not_this_violation".split()
)
# Cases of the same two courses that are decided, where amounts hang on facts.
MOST_TRIED = 5


@dataclass(slots=True)
class Orders:
    """The comparisons of one rule's rows across each step of its facts."""

    courses: Courses
    # What one case showed of all cases that go these two ways, or the shape of their amounts.
    fine: set[tuple[Course, Course]] = field(default_factory=set)
    tried: Counter[tuple[Course, Course]] = field(default_factory=Counter)
    lighter: dict[tuple[int, int], bool] = field(default_factory=dict)

    @property
    def rows(self) -> Rows:
        return self.courses.rows

    def leave_open(self, left: bool = True, prop: Property = "never_lighter") -> None:
        """Leave a property open: a search could not speak for every case."""
        if left:
            self.rows.unsure.add(prop)

    # --- never lighter for a graver fact

    def never_lighter(self) -> Iterator[Shown]:
        """Find cases in which a graver fact leads to a lighter penalty (or a mitigating one to a heavier)."""
        if any(each.of_fine for each in self.rows.rule.conventions.adjustments) and self.courses.directed():
            # Where an adjustment asks what the fine comes to, it can turn where no threshold of a fact is.
            self.leave_open()
        for fact in self.courses.directed():
            found = False
            by_shape = self.between(fact)
            searches = (self.across, self.later) if by_shape else (self.across, self.within, self.later)
            steps, stretches = self.courses.turns(fact)
            for first, second in (*steps, *((each, each) for each in stretches)):
                mild, grave = (first, second) if fact.direction == "graver" else (second, first)
                step = Step(self.rows.normal, fact, mild, grave)
                for shown in (each for search in searches for each in search(step)):
                    found = True
                    yield shown
            if not found and not by_shape:
                self.leave_open()

    def across(self, step: Step) -> Iterator[Shown]:
        """Compare the rows that meet where a fact steps from the milder value to the graver one."""
        rows, rule = self.rows, self.rows.rule
        conditions = [name for row in (*rule.no_penalty, *rule.rows) for name in row.reads]
        conditions += [name for each in rule.preconditions for name in each.reads]
        if step.fact.name not in rule.names_behind(conditions):
            # The same row decides on both sides.
            return
        reached = step.form(rows.reached, "mild")
        at_mild = {id(row): both([reached, step.form(rows.holds[id(row)], "mild")]) for row in rule.rows}
        for row in rule.rows:
            worse = [each for each in rule.rows if each is not row and self.may_be_lighter(row, each)]
            if worse:
                here = both([step.form(rows.reached, "grave"), step.form(self.courses.winning(row), "grave")])
                yield from self.judged(step, here, either(at_mild[id(each)] for each in worse))
        yield from self.judged(step, step.form(self.courses.spared(), "grave"), either(at_mild.values()))

    def within(self, step: Step) -> Iterator[Shown]:
        """Compare a row with itself across a step, where its amount is looked up or computed from the fact."""
        rows = self.rows
        for row in rows.rule.rows:
            if self.courses.reads(row, step.fact):
                held = both([rows.reached, rows.holds[id(row)]])
                yield from self.judged(step, step.form(held, "mild"), step.form(held, "grave"), by_shape=False)

    def judged(self, step: Step, *forms: Form, by_shape: bool = True) -> Iterator[Shown]:
        """Compare both sides of a step wherever these hold."""
        boxes = step.merged(*forms)
        yield from self.rows.several("never_lighter", boxes, partial(self.compared, step, by_shape))

    def compared(self, step: Step, by_shape: bool, box: Box) -> Iterator[Shown]:
        """Settle a region and compare both sides; a finding where the graver one is the lighter."""
        for piece in step.settled(box, self.courses.forms()):
            mild, grave = self.courses.course(piece.mild), self.courses.course(piece.grave)
            key = (mild, grave)
            if by_shape and (key in self.fine or self.no_lighter(step, piece.box, mild, grave)):
                continue
            if not step.exact:
                self.leave_open()
                continue
            self.tried[key] += 1
            if self.tried[key] > MOST_TRIED:
                # Cases that go the same two ways have not settled it; so many more would not either.
                self.leave_open()
                return
            for shown in self.decided(step, piece, key):
                yield shown
                return

    def no_lighter(self, step: Step, box: Box, mild: Course, grave: Course) -> bool:
        """Say whether the graver course is beyond doubt no lighter, as far as the shape of the amounts shows."""
        if "refused" in (mild.kind, grave.kind) or mild.kind == "spared":
            # There is nothing to compare, and nothing is lighter than nothing.
            return True
        if None in (mild.row, mild.late, grave.row, grave.late):
            return False
        assert mild.row is not None
        assert mild.late is not None
        assert grave.row is not None
        assert grave.late is not None
        if self.courses.weights.no_lighter(grave.row, grave.late, mild.row, mild.late):
            self.fine.add((mild, grave))
            return True
        if self.courses.constant:
            return False
        ends = [part for part in (step.mild, step.grave) if isinstance(part, Range)]
        if ends:
            low, high = min(each.low for each in ends), max(each.high for each in ends)
            box = box.narrowed(step.fact.name, Range(low, high))
        bounds = BoxBounds(self.rows.normal, box)
        return self.courses.weights.no_lighter(grave.row, grave.late, mild.row, mild.late, bounds)

    def decided(self, step: Step, piece: Piece, key: tuple[Course, Course]) -> Iterator[Shown]:
        """Decide both sides of a step at a point of a settled region."""
        rows, fact = self.rows, step.fact
        search = Witnesses(rows.rulebook, rows.normal)
        here = step.on(piece.box, "mild")
        mild = search.find(here, lambda outcome: isinstance(outcome, Decision) or self.settles(outcome))
        if mild is None:
            self.leave_open(not search.empty)
            return
        value = step.grave.low if isinstance(step.grave, Range) else next(iter(step.grave))
        grave = search.again(mild, fact.name, value)
        stands_for_all = (
            self.courses.constant and grave is not None and search.lies_in(grave, step.on(piece.box, "grave"))
        )
        if grave is None or not isinstance(grave.outcome, Decision) or not isinstance(mild.outcome, Decision):
            settled = grave is not None and all(
                isinstance(each.outcome, Decision) or self.settles(each.outcome) for each in (mild, grave)
            )
            self.leave_open(not (settled and stands_for_all))
            return
        lighter = is_lighter_than(grave.outcome, mild.outcome)
        if not lighter and not _lower_somewhere(grave.outcome, mild.outcome):
            if stands_for_all:
                self.fine.add(key)
            # Where amounts hang on facts, one case says nothing of the others.
            self.leave_open(not stands_for_all)
            return
        where = rows.regions.text(step.others(piece.box))
        texts = [dict(each.facts)[fact.name] for each in (mild, grave)]
        yield Shown(
            property="never_lighter",
            # Where one fine, or one end of it, is lower and another higher, nobody can say which is the lighter.
            verdict="refuted" if lighter else "not_proved",
            place=fact.cell.place,
            zh=f"“{fact.name}”从 {texts[0]} 到 {texts[1]} 更重，{'却罚得更轻' if lighter else '罚款有高有低'}"
            f"（{fines_text((mild, grave), 'zh')}）：{where}",
            en=f"`{fact.name}` from {texts[0]} to {texts[1]} is graver and"
            f" {'costs less' if lighter else 'costs less in part'} ({fines_text((mild, grave), 'en')}): {where}",
            about=fact.name,
            region=(where,),
            witness=grave,
        )

    def settles(self, outcome: Outcome) -> bool:
        """Say whether an outcome is a refusal that conditions alone lead to."""
        return self.courses.constant and isinstance(outcome, Refusal) and outcome.code in _SETTLED

    def may_be_lighter(self, row: Row, other: Row) -> bool:
        """Say whether a row is not surely at least as heavy as another, whatever follows them both."""
        refused = blocked(row) or blocked(other)
        if refused and self.rows.rule.regime.tie != "heavier":
            return False
        key = (id(row), id(other))
        if key not in self.lighter:
            how = self.rows.rule.conventions
            sums = {0}
            for move in how.moves:
                sums |= {each + move.move.tiers for each in sums}
            ends = {"", *(move.move.end for move in how.moves)}
            top = any(move.move.top_at_end for move in how.moves)
            adjusted = ((), ("any",)) if how.adjustments else ((),)
            lates = [Late(*each) for each in product(sums, (top,), ends, how.in_tier or (None,), adjusted)]
            self.lighter[key] = not all(self.courses.weights.no_lighter(row, each, other, each) for each in lates)
        return self.lighter[key]

    def between(self, fact: Fact) -> bool:
        """Say whether no amount can go the wrong way between two thresholds, as far as its shape shows."""
        rule = self.rows.rule
        right = ("flat", "up") if fact.direction == "graver" else ("flat", "down")
        exprs: list[Expr] = [expr for row in rule.rows for _measure, expr in row.computed]
        exprs += [end for each in rule.ranges for end in (each.low, each.high) if end is not None]
        changes = [each.change for each in rule.conventions.adjustments]
        exprs += [each for change in changes for each in (change.by, change.to) if each is not None]
        return all(trend(rule, expr, fact.name) in right for expr in exprs)

    # --- what comes after the tier: moves, the figure inside the bracket, adjustments

    def later(self, step: Step) -> Iterator[Shown]:
        """Compare both sides of a step where what moves, places or adjusts the fine differs for the milder."""
        rows = self.rows
        if step.fact.name not in rows.rule.names_behind(self.courses.late_names()):
            return
        reached = step.form(rows.reached, "mild")
        found = [each for each in (self.moving(step), self.placed(step), self.adjusting(step)) if each is not False]
        for wrong in found:
            yield from self.judged(step, reached, wrong)

    def moving(self, step: Step) -> Form:
        """Say where the tier moves of the graver side may come to less than those of the milder."""
        moves = self.rows.rule.conventions.moves
        normal = self.rows.normal
        forms = [(normal.form(each.when), normal.form(each.when, False)) for each in moves]
        wrong: list[Form] = []
        for piece in step.settled(Box({}), forms):
            sides = [
                late([move for move, holds in zip(moves, side, strict=True) if holds], None, ())
                for side in (piece.mild, piece.grave)
            ]
            mild, grave = sides
            if mild is None or grave is None or mild == grave:
                continue
            same_end = mild.end == grave.end or (
                mild.tiers == grave.tiers and (mild.end == "low" or grave.end == "high")
            )
            if mild.tiers == grave.tiers and same_end:
                continue
            if mild.tiers < grave.tiers and self.ladders() and (same_end or self.steps_meet()):
                continue
            wrong.append(both(In(axis, part) for axis, part in piece.box.parts.items()))
        return either(wrong)

    def placed(self, step: Step) -> Form:
        """Say where an in-tier rule gives way to one that picks a lower figure."""
        how = self.rows.rule.conventions
        wrong: list[Form] = []
        for first, second in product(how.in_tier, repeat=2):
            lower = second.position.low < first.position.low or second.position.high < first.position.high
            only = [(first.only_low, second.only_low), (first.only_high, second.only_high)]
            lower = lower or any(one != two and (one is None or two is None or two < one) for one, two in only)
            if second is not first and lower:
                wrong.append(both([step.form(self.picked(first), "mild"), step.form(self.picked(second), "grave")]))
        return either(wrong)

    def adjusting(self, step: Step) -> Form:
        """Say where an adjustment that raises is lost on the way to the graver side, or one that lowers is won."""
        normal = self.rows.normal
        wrong: list[Form] = []
        for each in self.rows.rule.conventions.adjustments:
            met, unmet, raised = normal.form(each.when), normal.form(each.when, False), raises_by(each.change)
            if raised is not False:
                wrong.append(both([step.form(met, "mild"), step.form(unmet, "grave")]))
            if raised is not True:
                wrong.append(both([step.form(unmet, "mild"), step.form(met, "grave")]))
        return either(wrong)

    def picked(self, rule_in: InTier) -> Form:
        """Say where an in-tier rule picks the figure; the one without a condition where no other does."""
        normal, how = self.rows.normal, self.rows.rule.conventions
        if rule_in.when is not None:
            return normal.form(rule_in.when)
        return both(normal.form(each.when, False) for each in how.in_tier if each.when is not None)

    def steps_meet(self) -> bool:
        """Say whether each tier of a group surely begins no lower than the one below it ends, payer by payer."""
        weights = self.courses.weights
        for lower, upper in self.neighbours():
            for payer in payers(lower):
                mine, theirs = weights.ends(lower, payer), weights.ends(upper, payer)
                most = None if mine is None else mine[1]
                least = None if theirs is None else theirs[0]
                if most is None or least is None or order(least, most, weights.bounds) not in NO_LOWER:
                    return False
        return True

    def ladders(self) -> bool:
        """Say whether each tier of a group is surely no heavier than the next one up."""
        return all(
            self.courses.weights.no_lighter(upper, Late(in_tier=each), lower, Late(in_tier=each))
            for lower, upper in self.neighbours()
            for each in self.rows.rule.conventions.in_tier or (None,)
        )

    def neighbours(self) -> Iterator[tuple[Row, Row]]:
        """Yield each tier of a group with the next one up."""
        rule = self.rows.rule
        for group in {row.group for row in rule.rows}:
            yield from pairwise([row for row in rule.rows if row.group == group])


def raises_by(change: Change) -> bool | None:
    """Say whether an adjustment raises the fine; None where it may do either."""
    match change.kind:
        case "up" | "add":
            return True
        case "down" | "subtract":
            return False
        case "times":
            return change.by.value >= 1 if isinstance(change.by, Number) else None


def _lower_somewhere(one: Decision, other: Decision) -> bool:
    """Say whether some end of a fine is lower in one decision, though not all of it is lighter."""
    ends = [{each.measure.payer: each.spread or (each.amount_fen or 0,) * 2 for each in decision.measures
             if isinstance(each.measure, Fine)} for decision in (one, other)]  # fmt: skip
    for payer, (low, high) in ends[1].items():
        mine = ends[0].get(payer, (0, 0))
        if mine[0] < low or (mine[1] is not None and (high is None or mine[1] < high)):
            return True
    return False
