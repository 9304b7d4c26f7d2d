"""Proves what a rule's amounts come to: inside the statute, points that fit, limits that bite, no overflow."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from itertools import combinations

from engine.adjusted import NOTHING, adjusted, bounded, located, stands, unlocated
from engine.amounts import may_leave
from engine.bounds import Bounds
from engine.decision import Decision, Outcome
from engine.fact import Place
from engine.measures import Adjustment, Bracket, Fine
from engine.normal import BoxBounds
from engine.numbers import MAX_SAFE_INTEGER
from engine.proof import Property, Shown
from engine.prove_rows import Rows, refused_as
from engine.region import Box, Form, Range, both
from engine.rule import Row
from engine.tree import Expr, Limit, Money, Number, Operator, names_in
from engine.weights import blocked
from engine.witness import Check, Witnesses

# So many adjustments are tried in every combination.
MOST_ADJUSTED = 4
_NONE, _ALL = Number(value=Fraction(0)), Number(value=Fraction(1))


@dataclass(slots=True)
class Amounts:
    """The amounts of one rule, row by row."""

    rows: Rows

    def fines(self) -> Iterator[tuple[Row, Fine]]:
        for row in self.rows.rule.rows:
            for measure in row.measures:
                if isinstance(measure, Fine):
                    yield row, measure

    # --- inside the statute

    def inside_statute(self) -> Iterator[Shown]:
        """Find fines that leave the statutory range: marked ones with their case, and those the rule would refuse."""
        rows, rule = self.rows, self.rows.rule
        for row in rule.rows:
            defect = row.defect
            if defect is None or defect.kind not in ("below_statutory_range", "above_statutory_range"):
                continue
            found = rows.some(rows.reached, rows.holds[id(row)])
            if found is not None:
                where = rows.regions.text(found)
                yield from rows.shown(
                    "inside_statute", row.outcome_cell.place, found, refused_as(defect.kind),
                    f"“{row.tier}”公布的罚款越出法定幅度：{where}",
                    f"`{row.tier}` was published outside the statute: {where}",
                    known=defect.note, tier=row.tier,
                )  # fmt: skip
        if rule.conventions.beyond_range == "clamp":
            # What is computed past the range is cut to it, and rounding goes inwards: nothing can leave it.
            return
        for row, fine in self.fines():
            if not may_leave(rule, row, fine):
                continue
            yield from self.leaving(row, fine)

    def leaving(self, row: Row, fine: Fine) -> Iterator[Shown]:
        """Find where a fine of a row leaves its statutory range: as computed, or once it is adjusted."""
        rows, rule = self.rows, self.rows.rule
        how, statutory = rule.conventions, rule.range_for(row, fine.payer)
        bracket = isinstance(fine.amount, Bracket)
        low, high = (fine.amount.low, fine.amount.high) if isinstance(fine.amount, Bracket) else (fine.amount,) * 2
        if how.adjustments and bracket:
            low, high = low or statutory.low, high or statutory.high
        moved = any(move.move.tiers for move in how.moves)
        # A tier move works a row out where its own condition need not hold.
        here = rows.reached if moved else both([rows.reached, rows.holds[id(row)]])
        before, found = "inside_statute" in rows.unsure, list[Shown]()
        ways: list[tuple[Form, Expr, Operator, Expr]] = []
        if how.adjustments and low is not None:
            # What is below zero is refused before it is adjusted.
            ways.append((True, located(bounded(fine, low), statutory), "<", NOTHING))
        for held in self.together():
            least = NOTHING if any(each.change.below_range for each in held) else statutory.low or NOTHING
            ends: list[tuple[Expr | None, Operator, Expr | None]] = [(low, "<", least), (high, ">", statutory.high)]
            for amount, op, limit in ends:
                if amount is not None and limit is not None:
                    now = adjusted(rule, fine, statutory, amount, held, least=op == "<")
                    ways.append((self.alone(held), now, op, limit))
        for form, amount, op, limit in ways:
            found += self.compared(
                "inside_statute", row, amount, op, located(limit, statutory), row.outcome_cell.place,
                refused_as("outside_statutory_range"),
                f"“{row.tier}”算出的罚款越出法定幅度（{statutory.cell.text}），会被拒绝",
                f"`{row.tier}` computes a fine outside the statute ({statutory.cell.text}): it is refused",
                here=both([here, form]),
            )  # fmt: skip
            if found and how.adjustments:
                break
        if moved or (how.adjustments and (bracket or not self.every_way)):
            rows.unsure.add("inside_statute")
        if found and not before:
            # The row is refuted; where else in it the same is so need not be shown.
            rows.unsure.discard("inside_statute")
        yield from found

    @property
    def every_way(self) -> bool:
        """Say whether `together` names every way in which adjustments can hold."""
        adjustments = self.rows.rule.conventions.adjustments
        return len(adjustments) <= MOST_ADJUSTED and not any(each.of_fine for each in adjustments)

    def together(self) -> Iterator[tuple[Adjustment, ...]]:
        """Yield adjustments that can hold together: each set of a few; of many none, each by itself, and all."""
        adjustments = self.rows.rule.conventions.adjustments
        few = len(adjustments) <= MOST_ADJUSTED
        for many in range(len(adjustments) + 1) if few else sorted({0, 1, len(adjustments)}):
            yield from combinations(adjustments, many)

    def alone(self, held: tuple[Adjustment, ...]) -> Form:
        """Say where these adjustments hold and no others, as far as they ask for facts alone."""
        normal = self.rows.normal
        asked = [each for each in self.rows.rule.conventions.adjustments if not each.of_fine]
        return both(normal.form(each.when, each in held) for each in asked)

    def compared(
        self,
        prop: Property,
        row: Row,
        left: Expr,
        op: Operator,
        right: Expr,
        place: Place,
        check: Check,
        zh: str,
        en: str,
        here: Form | None = None,
    ) -> Iterator[Shown]:
        """Show where in a row (or `here`) one amount stands so to another."""
        rows = self.rows
        if unlocated(rows.rule, left) or unlocated(rows.rule, right):
            self.rows.unsure.add(prop)
            return
        form = stands(rows.normal, op, left, right)
        if here is None:
            here = both([rows.reached, rows.holds[id(row)]])

        def leaves(box: Box) -> Iterator[Shown]:
            where = rows.regions.text(box)
            for each in rows.shown(prop, place, box, check, f"{zh}：{where}", f"{en}: {where}", tier=row.tier):
                if each.verdict == "refuted":
                    yield each
                else:
                    rows.unsure.add(prop)

        before = prop in rows.unsure
        found = list(rows.several(prop, rows.merged(here, form), leaves))
        if found and not before:
            # The row is refuted; where else in it the same is so need not be shown.
            rows.unsure.discard(prop)
        yield from found

    # --- points: the share of the bracket

    def shares(self) -> Iterator[Fine]:
        """Yield the fines whose place in their bracket the row itself computes."""
        for row, fine in self.fines():
            if isinstance(fine.amount, Bracket) and fine.amount.at is not None and not blocked(row):
                yield fine

    def points(self) -> Iterator[Shown]:
        """Find shares of a bracket (points) that never reach its lower end, or pass its upper one."""
        for row, fine in self.fines():
            if not isinstance(fine.amount, Bracket) or fine.amount.at is None or blocked(row):
                continue
            place, share = row.outcome_cell.place, fine.amount.at
            yield from self.compared(
                "points", row, share, ">", _ALL, place, _decided,
                f"“{row.tier}”的分值可以超过满分，罚款停在上限",
                f"`{row.tier}`: points can pass the cap; the fine stays there",
            )  # fmt: skip
            if self.never(row, share, "<=", _NONE):
                yield Shown(
                    property="points", verdict="refuted", place=place, tier=row.tier, warning=True,
                    zh=f"“{row.tier}”的最低分也到不了下限",
                    en=f"`{row.tier}`: the least points never reach the lower end",
                )  # fmt: skip

    def never(self, row: Row, left: Expr, op: Operator, right: Expr) -> bool:
        """Say whether a comparison holds nowhere in a row, beyond doubt."""
        rows = self.rows
        if isinstance(left, Limit) or isinstance(right, Limit):
            return False
        for box in rows.boxes(rows.reached, rows.holds[id(row)], rows.normal.relation(op, left, right)):
            search = Witnesses(rows.rulebook, rows.normal)
            found = search.find(box, lambda _outcome: True)
            if found is not None or not search.empty:
                return False
        return True

    # --- limits that never bite, or always do

    def limits(self) -> Iterator[Shown]:
        """Find caps and floors of a fine that change nothing, or everything."""
        for row, fine in self.fines():
            if isinstance(fine.amount, Bracket | Money) or blocked(row):
                continue
            bounds: list[tuple[Expr | None, Operator, Operator, str, str]] = [
                (fine.cap, ">", "<=", "上限", "cap"),
                (fine.floor, "<", ">=", "下限", "floor"),
            ]
            for bound, bites, rests, zh, en in bounds:
                if bound is None:
                    continue
                for op, zh_when, en_when in ((bites, "从不碰到", "never bites"), (rests, "总是碰到", "always bites")):
                    if self.never(row, fine.amount, op, bound):
                        yield Shown(
                            property="limits", verdict="refuted", place=row.outcome_cell.place,
                            tier=row.tier, warning=True,
                            zh=f"“{row.tier}”罚款的{zh}{zh_when}", en=f"the {en} of the fine of `{row.tier}` {en_when}",
                        )  # fmt: skip

    # --- nothing overflows

    def overflow(self) -> Iterator[Shown]:
        """Find fines that can grow past what a record may hold; such a case is refused by name."""
        rows, rule = self.rows, self.rows.rule
        for row, fine in self.fines():
            statutory = rule.range_for(row, fine.payer)
            high = fine.amount.high if isinstance(fine.amount, Bracket) else fine.amount
            tops = [each for each in (high, fine.cap, statutory.high) if each is not None]
            bounds = Bounds(rule.by_name, rule.named, rule.lists, statutory.low, statutory.high)
            capped = [each for each in tops if bounds.of(each).high <= MAX_SAFE_INTEGER]
            if not tops or capped:
                continue
            boxes = [
                box
                for box in rows.merged(rows.reached, rows.holds[id(row)])
                if BoxBounds(rows.normal, box).of(tops[0]).high > MAX_SAFE_INTEGER
            ]
            yield from rows.several("overflow", boxes, partial(self.too_large, row, tops[0]))

    def too_large(self, row: Row, amount: Expr, box: Box) -> Iterator[Shown]:
        """Show a fine that no record can hold, in a region where its bounds allow one: where its facts are greatest."""
        rows = self.rows
        for name in rows.rule.facts_behind(names_in(amount)):
            part = box.parts.get(name, rows.normal.domain.get(name))
            if isinstance(part, Range):
                box = box.narrowed(name, Range(part.high, part.high))
        where = rows.regions.text(box)
        return rows.shown(
            "overflow", row.outcome_cell.place, box, refused_as("amount_too_large"),
            f"“{row.tier}”的罚款可以大到记录不下，届时按名拒绝：{where}",
            f"the fine of `{row.tier}` can grow past what a record holds; it is then refused by name: {where}",
            tier=row.tier,
        )  # fmt: skip


def _decided(outcome: Outcome) -> bool:
    return isinstance(outcome, Decision)
