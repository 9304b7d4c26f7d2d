"""Proves that a graver fact is never punished more lightly, and that a mitigating one counts everywhere.

One fact moves, all others stay. Between two thresholds nothing but an amount can change, and `engine.trend` says which
way it goes; at a threshold, and from no to yes, one row gives way to another: wherever two rows meet across it, the
second must not be the lighter for a graver fact. In-tier rules and adjustments raise what is higher at least as far as
what is lower, so rows are compared before them; where they, or a tier move, read the fact themselves, nothing is
claimed from their shape.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from typing import Literal

from engine.bounds import Bounds
from engine.checks import Order, order
from engine.currency import unit_word
from engine.cuts import sites_of
from engine.decision import Decision
from engine.fact import Fact, Language
from engine.lighter import is_lighter_than
from engine.measures import Bracket, Change, Fine, InTier, Move
from engine.numbers import yuan_text
from engine.proof import Property, Shown
from engine.prove_rows import MAX_REGIONS, Rows
from engine.region import Box, Form, Part, Range, both, either
from engine.rule import Row
from engine.tree import Condition, Expr, Money, Number, names_in
from engine.trend import trend
from engine.witness import Witness, Witnesses

Way = Literal["up", "down"]
_NO_LOWER = ("same", "at_least", "above")
# A row that imposes nothing: a ground of no penalty, or an unmet precondition.
_NOTHING = None


@dataclass(slots=True)
class Orders:
    """The comparisons of one rule's rows across each step of its facts."""

    rows: Rows
    steps: dict[str, list[tuple[Part, Part]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for records, fact, low, _place in sites_of(self.rows.rule).cuts:
            if not records:
                self.steps.setdefault(fact.name, []).append((Range(low, low), Range(low + 1, low + 1)))
        for fact in self.rows.rule.facts:
            if fact.kind == "yes_no":
                self.steps[fact.name] = [(frozenset({False}), frozenset({True}))]

    def leave_open(self, left: bool = True, prop: Property = "never_lighter") -> None:
        """Leave a property open: a search could not speak for every case."""
        if left:
            self.rows.unsure.add(prop)

    def directed(self) -> list[Fact]:
        """List the facts that a rule asks for and says a direction of."""
        rule = self.rows.rule
        return [fact for fact in rule.facts if fact.direction != "neither" and fact.name in rule.asks]

    # --- never lighter for a graver fact

    def never_lighter(self) -> Iterator[Shown]:
        """Find cases in which a graver fact leads to a lighter penalty (or a mitigating one to a heavier)."""
        if any(each.of_fine for each in self.rows.rule.conventions.adjustments) and self.directed():
            # Where an adjustment asks what the fine comes to, it can turn where no threshold of a fact is.
            self.leave_open()
        for fact in self.directed():
            found = False
            by_shape = self.between(fact)
            searches = (self.across, self.later) if by_shape else (self.across, self.within, self.later)
            for first, second in self.steps.get(fact.name, []):
                mild, grave = (first, second) if fact.direction == "graver" else (second, first)
                for shown in (each for search in searches for each in search(fact, mild, grave)):
                    found = True
                    yield shown
            if not found and not by_shape:
                self.leave_open()

    def across(self, fact: Fact, before: Part, after: Part) -> Iterator[Shown]:
        """Compare the rows that meet where a fact steps from the milder value to the graver one."""
        rows, rule = self.rows, self.rows.rule
        conditions = [name for row in (*rule.no_penalty, *rule.rows) for name in row.reads]
        conditions += [name for each in rule.preconditions for name in each.reads]
        if fact.name not in rule.names_behind(conditions):
            # The same row decides on both sides.
            return
        search = rows.normal.search(20_000)
        mild, grave = Box({fact.name: before}), Box({fact.name: after})
        reached = [search.reduced(rows.reached, box) for box in (mild, grave)]
        at_mild = {id(row): both([reached[0], search.reduced(rows.holds[id(row)], mild)]) for row in rule.rows}
        for row in (*rule.rows, _NOTHING):
            worse = [each for each in rule.rows if each is not row and self.may_be_lighter(row, each)]
            if not worse:
                continue
            if row is None:
                here = search.reduced(self.spared(), grave)
            else:
                here = both([reached[1], search.reduced(self.winning(row), grave)])
            there = either(at_mild[id(each)] for each in worse)
            boxes = rows.merged(here, there)
            yield from rows.several("never_lighter", boxes, partial(self.compared, fact, before, after))

    def within(self, fact: Fact, before: Part, after: Part) -> Iterator[Shown]:
        """Compare a row with itself across a step, where its amount is looked up or computed from the fact."""
        rows = self.rows
        search = rows.normal.search(20_000)
        sides = [Box({fact.name: part}) for part in (before, after)]
        for row in rows.rule.rows:
            if self.reads(row, fact):
                held = both([rows.reached, rows.holds[id(row)]])
                boxes = rows.merged(*(search.reduced(held, side) for side in sides))
                yield from rows.several("never_lighter", boxes, partial(self.compared, fact, before, after))

    def compared(self, fact: Fact, before: Part, after: Part, box: Box) -> Iterator[Shown]:
        """Decide both sides of a step at a point of a region; a finding where the graver one is the lighter."""
        rows = self.rows
        search = Witnesses(rows.rulebook, rows.normal)
        mild = search.find(box.narrowed(fact.name, before), lambda outcome: isinstance(outcome, Decision))
        if mild is None:
            if not search.empty:
                self.leave_open()
            return
        value = after.low if isinstance(after, Range) else next(iter(after))
        grave = search.again(mild, fact.name, value)
        if grave is None or not isinstance(grave.outcome, Decision) or not isinstance(mild.outcome, Decision):
            return
        if not is_lighter_than(grave.outcome, mild.outcome):
            # One case that is not lighter says nothing of the others.
            self.leave_open()
            return
        where = rows.regions.text(box)
        texts = [dict(each.facts)[fact.name] for each in (mild, grave)]
        yield Shown(
            property="never_lighter",
            verdict="refuted",
            place=fact.cell.place,
            zh=f"“{fact.name}”从 {texts[0]} 到 {texts[1]} 更重，却罚得更轻（{_fines(mild, grave, 'zh')}）：{where}",
            en=f"`{fact.name}` from {texts[0]} to {texts[1]} is graver and costs less"
            f" ({_fines(mild, grave, 'en')}): {where}",
            region=(where,),
            witness=grave,
        )

    def winning(self, row: Row) -> Form:
        """Say where a row holds and no row that is surely the heavier does, where the heavier wins."""
        rows, rule = self.rows, self.rows.rule
        heavier = [each for each in rule.rows if each is not row and self.surely_lighter(row, each)]
        over = [rows.fails[id(each)] for each in heavier if rule.regime.tie == "heavier"]
        return both([rows.holds[id(row)], *over])

    def spared(self) -> Form:
        """Say where nothing is imposed: a ground of no penalty holds."""
        return either(self.rows.normal.form(row.when) for row in self.rows.rule.no_penalty)

    def may_be_lighter(self, row: Row | None, other: Row) -> bool:
        """Say whether a row is not surely at least as heavy as another."""
        return any(each not in ("same", "at_least", "above") for each in self.orders(row, other))

    def surely_lighter(self, row: Row, other: Row) -> bool:
        """Say whether the other row is the heavier beyond doubt."""
        return all(each in ("same", "at_most", "below") for each in self.orders(row, other)) and any(
            each == "below" for each in self.orders(row, other)
        )

    def orders(self, row: Row | None, other: Row) -> list[Order]:
        """Say how the fines of two rows stand to each other, payer by payer, at both ends."""
        found: list[Order] = []
        for payer in dict.fromkeys(each.payer for each in other.measures if isinstance(each, Fine)):
            mine, theirs = ends(row, payer), ends(other, payer)
            if theirs is None:
                continue
            if mine is None:
                found.append("below")
                continue
            rule = self.rows.rule
            bounds = Bounds(rule.by_name, rule.named, rule.lists)
            # An end the row leaves open is the statute's own.
            limits = [rule.range_for(each, payer) for each in (row, other) if each is not None]
            low = (mine[0] or limits[0].low, theirs[0] or limits[1].low)
            high = (mine[1] or limits[0].high, theirs[1] or limits[1].high)
            for one, two in (low, high):
                if one is None or two is None:
                    found.append("same" if one is two else "unknown")
                else:
                    found.append(order(one, two, bounds))
        return found

    def between(self, fact: Fact) -> bool:
        """Say whether no amount can go the wrong way between two thresholds, as far as its shape shows."""
        rule = self.rows.rule
        right = ("flat", "up") if fact.direction == "graver" else ("flat", "down")
        exprs: list[Expr] = [expr for row in rule.rows for _measure, expr in row.computed]
        exprs += [end for each in rule.ranges for end in (each.low, each.high) if end is not None]
        changes = [each.change for each in rule.conventions.adjustments]
        exprs += [each for change in changes for each in (change.by, change.to) if each is not None]
        return all(trend(rule, expr, fact.name) in right for expr in exprs)

    # --- cliffs

    def cliffs(self) -> Iterator[Shown]:
        """Find steps of a numeric fact across which the fine jumps by more than the rule declares it may."""
        rule = self.rows.rule
        most = rule.cliff_fen
        assert most is not None
        how = rule.conventions
        plain = not (how.moves or how.adjustments or how.in_tier) and all(
            isinstance(expr, Money) for row in rule.rows for _measure, expr in row.computed
        )
        for fact in rule.facts:
            if fact.numeric and fact.name in rule.asks:
                moved = [row for row in rule.rows if self.reads(row, fact)]
                for before, after in (*self.steps.get(fact.name, []), *(self.edges(fact) if moved else ())):
                    yield from self.jumps(fact, before, after, most)
        # Where every amount is a constant, one case of a region stands for all of it.
        self.leave_open(not plain, "cliffs")

    def reads(self, row: Row, fact: Fact) -> bool:
        """Say whether an amount of a row is computed from a fact."""
        rule = self.rows.rule
        return fact.name in rule.names_behind(name for _measure, expr in row.computed for name in names_in(expr))

    def edges(self, fact: Fact) -> Iterator[tuple[Part, Part]]:
        """Yield the first and the last step of a fact's domain: between thresholds a line is steepest anywhere."""
        domain = self.rows.normal.domain[fact.name]
        if isinstance(domain, Range) and domain.low < domain.high:
            yield Range(domain.low, domain.low), Range(domain.low + 1, domain.low + 1)
            yield Range(domain.high - 1, domain.high - 1), Range(domain.high, domain.high)

    def jumps(self, fact: Fact, before: Part, after: Part, most: int) -> Iterator[Shown]:
        rows, rule = self.rows, self.rows.rule
        search = rows.normal.search(20_000)
        one, two = Box({fact.name: before}), Box({fact.name: after})
        for row in rule.rows:
            here = search.reduced(both([rows.reached, rows.holds[id(row)]]), one)
            others = [each for each in rule.rows if each is not row or self.reads(row, fact)]
            there = either(search.reduced(rows.holds[id(each)], two) for each in others)
            boxes = rows.merged(here, there)
            yield from rows.several("cliffs", boxes, partial(self.jump, row, fact, before, after, most))

    def jump(self, row: Row, fact: Fact, before: Part, after: Part, most: int, box: Box) -> Iterator[Shown]:
        """Decide both sides of a step at a point of a region; a finding where the fine jumps."""
        cases = Witnesses(self.rows.rulebook, self.rows.normal)
        low = cases.find(box.narrowed(fact.name, before), lambda outcome: isinstance(outcome, Decision))
        high = None if low is None else cases.again(low, fact.name, after.low if isinstance(after, Range) else True)
        if low is None or high is None:
            self.leave_open(not cases.empty, "cliffs")
            return
        if not isinstance(low.outcome, Decision) or not isinstance(high.outcome, Decision):
            return
        fines = low.outcome.fine_fen, high.outcome.fine_fen
        if None in fines or abs((fines[1] or 0) - (fines[0] or 0)) <= most:
            return
        where = self.rows.regions.text(box)
        texts = [dict(each.facts)[fact.name] for each in (low, high)]
        yield Shown(
            property="cliffs",
            verdict="refuted",
            place=row.when_cell.place,
            zh=f"“{fact.name}”从 {texts[0]} 到 {texts[1]}，罚款一步从 {_fines(low, high, 'zh')}：{where}",
            en=f"`{fact.name}` from {texts[0]} to {texts[1]}: the fine jumps {_fines(low, high, 'en')}: {where}",
            tier=row.tier,
            region=(where,),
            witness=high,
            warning=True,
        )

    # --- what comes after the tier: moves, the figure inside the bracket, adjustments

    def later(self, fact: Fact, mild: Part, grave: Part) -> Iterator[Shown]:
        """Compare what moves, in-tier rules and adjustments do on both sides of a step."""
        rows, rule, how = self.rows, self.rows.rule, self.rows.rule.conventions
        if fact.name not in rule.names_behind(self.late_names()):
            return
        search = rows.normal.search(20_000)
        one, two = Box({fact.name: mild}), Box({fact.name: grave})
        wrong: list[Form] = []
        # From the top of a tier to the next tier is no step down, where that begins no lower than this ends.
        met_by_next = self.steps_meet()
        lifting = [each.when for each in how.moves if each.move.tiers > 0 and raises(each.move)]
        none_lifts = both(search.reduced(rows.normal.form(when, False), two) for when in lifting)
        raising = [(each.when, raises(each.move), met_by_next and not each.move.tiers) for each in how.moves]
        raising += [(each.when, raises_by(each.change), False) for each in how.adjustments]
        for when, raised, replaced in raising:
            met, unmet = rows.normal.form(when), rows.normal.form(when, False)
            # What raises is lost on the way to the graver side, or what lowers is won there.
            if raised is not False:
                kept = none_lifts if raised and replaced else True
                wrong.append(both([search.reduced(met, one), search.reduced(unmet, two), kept]))
            if raised is not True:
                wrong.append(both([search.reduced(unmet, one), search.reduced(met, two)]))
        for first in how.in_tier:
            for second in how.in_tier:
                lower = (second.position.low, second.position.high) < (first.position.low, first.position.high)
                if second is not first and lower:
                    wrong.append(
                        both([search.reduced(self.picked(first), one), search.reduced(self.picked(second), two)])
                    )
        if how.moves and not self.ladders():
            self.leave_open()
        boxes = rows.merged(search.reduced(rows.reached, one), either(wrong))
        yield from rows.several("never_lighter", boxes, partial(self.compared, fact, mild, grave))

    def picked(self, rule_in: InTier) -> Form:
        """Say where an in-tier rule picks the figure; the one without a condition where no other does."""
        normal, how = self.rows.normal, self.rows.rule.conventions
        if rule_in.when is not None:
            return normal.form(rule_in.when)
        return both(normal.form(each.when, False) for each in how.in_tier if each.when is not None)

    def late_names(self) -> list[str]:
        how = self.rows.rule.conventions
        late = [name for move in how.moves for name in move.reads]
        late += [name for each in how.adjustments for name in each.reads]
        return late + [name for each in how.in_tier for name in each.reads]

    def steps_meet(self) -> bool:
        """Say whether each tier of a group surely begins no lower than the one below it ends, payer by payer."""
        rule = self.rows.rule
        bounds = Bounds(rule.by_name, rule.named, rule.lists)
        for group in {row.group for row in rule.rows}:
            for lower, upper in pairwise([row for row in rule.rows if row.group == group]):
                for fine in (each for each in lower.measures if isinstance(each, Fine)):
                    mine, theirs = ends(lower, fine.payer), ends(upper, fine.payer)
                    most = None if mine is None else mine[1] or rule.range_for(lower, fine.payer).high
                    least = None if theirs is None else theirs[0] or rule.range_for(upper, fine.payer).low
                    if most is None or least is None or order(least, most, bounds) not in _NO_LOWER:
                        return False
        return True

    def ladders(self) -> bool:
        """Say whether each tier of a group is surely no heavier than the next one up."""
        rule = self.rows.rule
        groups = {row.group for row in rule.rows}
        found = [[row for row in rule.rows if row.group == group] for group in groups]
        return all(
            each in ("same", "at_least", "above")
            for rows in found
            for lower, upper in pairwise(rows)
            for each in self.orders(upper, lower)
        )

    # --- a mitigating fact that changes nothing

    def mitigation(self) -> Iterator[Shown]:
        """Find where a yes to a mitigating question changes no condition of the rule."""
        rows, rule = self.rows, self.rows.rule
        search = rows.normal.search(20_000)
        how = rule.conventions
        late: list[Condition] = [move.when for move in how.moves]
        late += [each.when for each in how.adjustments]
        late += [each.when for each in how.in_tier if each.when is not None]
        for fact in self.directed():
            if fact.kind != "yes_no" or fact.direction != "lighter":
                continue
            no, yes = Box({fact.name: frozenset({False})}), Box({fact.name: frozenset({True})})
            same: list[Form] = [search.reduced(rows.reached, no), search.reduced(rows.reached, yes)]
            for when in late:
                met, unmet = rows.normal.form(when), rows.normal.form(when, False)
                same.append(either(both(search.reduced(each, box) for box in (no, yes)) for each in (met, unmet)))
            # Where the amount itself is computed from the fact, it does change something.
            fined = [row for row in rule.rows if any(isinstance(each, Fine) for each in row.measures)]
            fined = [row for row in fined if not self.reads(row, fact)]
            changes = [each.change for each in how.adjustments]
            bounds = [
                bound for each in changes for bound in (each.by, each.to, each.floor, each.cap) if bound is not None
            ]
            bounds += [end for each in rule.ranges for end in (each.low, each.high) if end is not None]
            if fact.name in rule.names_behind(name for bound in bounds for name in names_in(bound)):
                continue
            stays = either(both(search.reduced(self.winning(row), box) for box in (no, yes)) for row in fined)
            boxes = rows.merged(*same, stays)
            if not boxes:
                continue
            where = rows.regions.text(boxes[0])
            witness = Witnesses(rows.rulebook, rows.normal).find(
                boxes[0].narrowed(fact.name, frozenset({True})), lambda outcome: isinstance(outcome, Decision)
            )
            yield Shown(
                property="mitigation_counts",
                verdict="refuted" if witness is not None else "not_proved",
                place=fact.cell.place,
                zh=f"从轻的事实“{fact.name}”在这里不起作用：{where}",
                en=f"the mitigating fact `{fact.name}` changes nothing here: {where}",
                region=tuple(rows.regions.text(box) for box in boxes[:MAX_REGIONS]),
                witness=witness,
                warning=True,
            )


def ends(row: Row | None, payer: str) -> tuple[Expr | None, Expr | None] | None:
    """Return the two ends of a row's fine on a payer; None where it imposes none."""
    if row is None:
        return None
    fine = next((each for each in row.measures if isinstance(each, Fine) and each.payer == payer), None)
    if fine is None:
        return None
    amount = fine.amount
    return (amount.low, amount.high) if isinstance(amount, Bracket) else (amount, amount)


def raises(move: Move) -> bool | None:
    """Say whether a tier move raises the fine; None where it may do either."""
    if move.end:
        return move.end == "high" if move.tiers == 0 or (move.tiers > 0) == (move.end == "high") else None
    return move.tiers > 0


def raises_by(change: Change) -> bool | None:
    """Say whether an adjustment raises the fine; None where it may do either."""
    match change.kind:
        case "up" | "add":
            return True
        case "down" | "subtract":
            return False
        case "times":
            return change.by.value >= 1 if isinstance(change.by, Number) else None


def fine_text(outcome: Decision, language: Language) -> str:
    """Write the fines of a decision, payer by payer."""
    unit = unit_word(outcome.rule.regime.currency, language)
    texts = []
    for each in outcome.measures:
        if isinstance(each.measure, Fine):
            low, high = each.spread or (each.amount_fen, each.amount_fen)
            ends_said = [yuan_text(end) for end in dict.fromkeys((low, high)) if end is not None]
            texts.append(f"{'–'.join(ends_said)} {unit}")
    return " + ".join(texts) or f"0 {unit}"


def _fines(mild: Witness, grave: Witness, language: Language) -> str:
    return " → ".join(fine_text(each.outcome, language) for each in (mild, grave) if isinstance(each.outcome, Decision))
