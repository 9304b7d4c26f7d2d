"""How heavy two rows weigh against each other whatever the facts are: the ends of their fines, and other measures.

What comes after the row (`Late`) is the same for a whole region once its conditions are settled there: tier moves, the
rule that picks a figure inside the bracket, adjustments.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

from engine.adjusted import NOTHING, bounded
from engine.bounds import Bounds, split
from engine.checks import Order, order
from engine.measures import Adjustment, Bracket, Fine, InTier, Measure, NoPenalty, OrderToCorrect, TierMove
from engine.rule import Row, Rule
from engine.tree import Arithmetic, Expr, Number

NO_LOWER = ("same", "at_least", "above")


class Late(NamedTuple):
    """What follows the row: so many tiers up, whether the last one gives its upper end, which end, which figure."""

    tiers: int = 0
    top: bool = False
    end: str = ""
    in_tier: InTier | None = None
    adjusted: tuple[str, ...] = ()


def late(moves: Iterable[TierMove], in_tier: InTier | None, adjustments: Iterable[Adjustment]) -> Late | None:
    """Sum up what holds after the row; None where two moves take different ends: that is refused."""
    held = [each.move for each in moves]
    ends = {each.end for each in held if each.end}
    if len(ends) > 1:
        return None
    names = tuple(each.name for each in adjustments)
    return Late(sum(each.tiers for each in held), any(each.top_at_end for each in held), "".join(ends), in_tier, names)


@dataclass(slots=True)
class Weights:
    """The rows of one rule on the scales; `bounds` says how far its facts reach."""

    rule: Rule
    bounds: Bounds = field(init=False)

    def __post_init__(self) -> None:
        rule = self.rule
        self.bounds = Bounds(rule.by_name, rule.named, rule.lists)

    def orders(self, row: Row | None, other: Row, bounds: Bounds | None = None) -> list[Order]:
        """Say how the fines of two rows stand to each other, payer by payer, at both ends."""
        found: list[Order] = []
        for payer in payers(other):
            mine, theirs = self.ends(row, payer), self.ends(other, payer)
            assert theirs is not None
            found += ["below"] if mine is None else self._compared(mine, theirs, bounds)
        return found

    def _compared(
        self, mine: tuple[Expr | None, ...], theirs: tuple[Expr | None, ...], bounds: Bounds | None
    ) -> list[Order]:
        found: list[Order] = []
        for one, two in zip(mine, theirs, strict=True):
            if one is None or two is None:
                found.append("same" if one is two else "above" if one is None else "below")
            else:
                found.append(order(one, two, bounds or self.bounds))
        return found

    def ends(self, row: Row | None, payer: str) -> tuple[Expr | None, Expr | None] | None:
        """Return the two ends of a row's fine, those of the statute where it leaves them open; None for no fine."""
        fine = _fine(row, payer)
        if row is None or fine is None:
            return None
        limits = self.rule.range_for(row, payer)
        if not isinstance(fine.amount, Bracket):
            return bounded(fine, fine.amount), bounded(fine, fine.amount)
        low, high = fine.amount.low or limits.low or NOTHING, fine.amount.high or limits.high
        return bounded(fine, low), None if high is None else bounded(fine, high)

    def surely_lighter(self, row: Row, other: Row) -> bool:
        """Say whether the other row is the heavier beyond doubt."""
        found = self.orders(row, other)
        return all(each in ("same", "at_most", "below") for each in found) and "below" in found

    def covers(self, row: Row, other: Row) -> bool:
        """Say whether a row imposes whatever another does, and at least as much, whatever the facts are."""
        if not (row.measures and other.measures) or not others(other.measures) <= others(row.measures):
            return False
        return all(each in NO_LOWER for each in self.orders(row, other))

    def no_lighter(self, grave: Row, after: Late, mild: Row, before: Late, bounds: Bounds | None = None) -> bool:
        """Say whether what is imposed on the graver side is beyond doubt no lighter than on the milder one."""
        one, other = self.moved(grave, after), self.moved(mild, before)
        if one is None or other is None:
            # Refused on one side: there is nothing to compare.
            return True
        (grave, end), (mild, old_end) = one, other
        if after.adjusted != before.adjusted:
            return False
        if grave is mild and (end, after.in_tier) == (old_end, before.in_tier):
            return True
        if after.adjusted and not self._ranges_rise(grave, mild, bounds):
            return False
        found: list[Order] = []
        for payer in payers(mild):
            raw = self._raw(grave, after, end, mild, before, old_end, payer, bounds)
            if raw is None:
                mine = self._figure(grave, payer, end, after.in_tier, mild=False)
                theirs = self._figure(mild, payer, old_end, before.in_tier, mild=True)
                assert theirs is not None
                raw = ["below"] if mine is None else self._compared(mine, theirs, bounds)
            found += raw
        kept = others(mild.measures) <= others(grave.measures)
        return all(each in NO_LOWER for each in found) and (kept or "above" in found)

    def _ranges_rise(self, grave: Row, mild: Row, bounds: Bounds | None) -> bool:
        """Say whether the statute cuts the graver row nowhere lower than the milder one."""
        for payer in payers(mild):
            mine, theirs = (self.rule.range_for(row, payer) for row in (grave, mild))
            found = self._compared((mine.low or NOTHING, mine.high), (theirs.low or NOTHING, theirs.high), bounds)
            if any(each not in NO_LOWER for each in found):
                return False
        return True

    def _raw(
        self,
        grave: Row,
        after: Late,
        end: str,
        mild: Row,
        before: Late,
        old_end: str,
        payer: str,
        bounds: Bounds | None,
    ) -> list[Order] | None:
        """Compare brackets as published, where the same figure of both is taken; None where that decides nothing."""
        if (end, after.in_tier) != (old_end, before.in_tier):
            return None
        amounts = [fine.amount for row in (grave, mild) if (fine := _fine(row, payer)) is not None]
        if len(amounts) < 2 or not all(isinstance(each, Bracket) and each.at is None for each in amounts):
            return None
        open_ends = {(each.low is None, each.high is None) for each in amounts if isinstance(each, Bracket)}
        if after.in_tier is not None and len(open_ends) > 1:
            return None
        mine, theirs = self.ends(grave, payer), self.ends(mild, payer)
        assert mine is not None
        assert theirs is not None
        found = self._compared(mine, theirs, bounds)
        return found if all(each in NO_LOWER for each in found) else None

    def moved(self, row: Row, by: Late) -> tuple[Row, str] | None:
        """Return the row that counts after tier moves and the end to take; None where the move is refused."""
        if by.tiers == 0:
            return row, by.end
        ladder = list(dict.fromkeys(each.tier for each in self.rule.rows if each.group == row.group))
        at, end = ladder.index(row.tier) + by.tiers, by.end
        if not 0 <= at < len(ladder):
            if not (at >= len(ladder) and by.top):
                return None
            if ladder.index(row.tier) == len(ladder) - 1:
                end = "high"
            at = len(ladder) - 1
        found = [each for each in self.rule.rows if each.group == row.group and each.tier == ladder[at]]
        return (found[0], end) if len(found) == 1 and not blocked(found[0]) else None

    def _figure(
        self, row: Row, payer: str, end: str, in_tier: InTier | None, *, mild: bool
    ) -> tuple[Expr | None, Expr | None] | None:
        """Return the least and the greatest that is imposed; where that cannot be said, the most against a claim."""
        fine = _fine(row, payer)
        ends = self.ends(row, payer)
        if fine is None or ends is None or not isinstance(fine.amount, Bracket):
            return ends
        low, high = fine.amount.low, fine.amount.high
        limits = self.rule.range_for(row, payer)
        bottom, top = low or limits.low or NOTHING, high or limits.high
        found: tuple[Expr, Expr | None]
        if end == "low" or (end == "high" and top is not None):
            found = (bottom, bottom) if top is None or end == "low" else (top, top)
        elif fine.amount.at is not None and top is not None:
            found = (top, top) if mild else (bottom, bottom)
        elif in_tier is None:
            found = bottom, top
        elif high is None and low is not None and in_tier.only_low is not None:
            found = (_times(low, in_tier.only_low),) * 2
        elif low is None and high is not None and in_tier.only_high is not None:
            found = (_times(high, in_tier.only_high),) * 2
        elif top is None:
            found = bottom, None
        else:
            found = _within(bottom, top, in_tier.position.low), _within(bottom, top, in_tier.position.high)
        return bounded(fine, found[0]), None if found[1] is None else bounded(fine, found[1])


def blocked(row: Row) -> bool:
    """Say whether a row's own defect refuses whoever comes to it; two overlapping tiers each stand alone."""
    return not row.measures or (row.defect is not None and row.defect.kind != "overlapping_tiers")


def payers(row: Row) -> list[str]:
    """List who is fined by a row."""
    return list(dict.fromkeys(each.payer for each in row.measures if isinstance(each, Fine)))


def others(measures: Iterable[Measure]) -> set[Measure]:
    """Return what is imposed besides fines, as far as it makes a decision heavier."""
    return {each for each in measures if not isinstance(each, Fine | OrderToCorrect | NoPenalty)}


def _fine(row: Row | None, payer: str) -> Fine | None:
    fines = () if row is None else (each for each in row.measures if isinstance(each, Fine) and each.payer == payer)
    return next(iter(fines), None)


def _times(amount: Expr, factor: Fraction) -> Expr:
    return Arithmetic(op="*", left=Number(value=factor), right=amount)


@lru_cache(maxsize=1000)
def _within(bottom: Expr, top: Expr, share: Fraction) -> Expr:
    """Return what lies at a share between two amounts; of two rates of the same thing the rate between them."""
    (low, of_low), (high, of_high) = split(bottom), split(top)
    if low == 0:
        of_low = of_high
    if of_low != of_high:
        return Arithmetic(op="+", left=_times(bottom, 1 - share), right=_times(top, share))
    rate = Number(value=low + (high - low) * share)
    return rate if of_high is None else Arithmetic(op="*", left=rate, right=of_high)
