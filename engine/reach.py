"""Whether adjustments can take a fine out of its statutory range, as far as intervals show.

The figures that a row and then each adjustment can give are followed as intervals, with every adjustment applied and
left out. `None` is certain; a named adjustment means only that nothing here excludes it.
"""

from fractions import Fraction
from typing import NamedTuple

from engine.bounds import Bounds, Interval
from engine.measures import Adjustment, Bracket, Change, Fine
from engine.rule import Row, Rule, StatutoryRange
from engine.tree import Expr


class _Reach(NamedTuple):
    """The least and the greatest fen an amount can come to; `high` is None where nothing bounds it."""

    low: Fraction
    high: Fraction | None

    def hull(self, other: "_Reach") -> "_Reach":
        high = None if self.high is None or other.high is None else max(self.high, other.high)
        return _Reach(min(self.low, other.low), high)

    def bounded(self, bounds: Bounds, floor: Expr | None, cap: Expr | None) -> "_Reach":
        low, high = self
        if floor is not None:
            least = bounds.of(floor)
            low, high = max(low, least.low), None if high is None else max(high, least.high)
        if cap is not None:
            most = bounds.of(cap)
            low, high = min(low, most.low), most.high if high is None else min(high, most.high)
        return _Reach(low, high)


def leaving(rule: Rule, row: Row, fine: Fine) -> Adjustment | None:
    """Return the first adjustment that may take a fine of a row out of its statutory range."""
    how = rule.conventions
    if not how.adjustments:
        return None
    statutory = rule.range_for(row, fine.payer)
    bounds = Bounds(rule.by_name, rule.named, rule.lists, statutory.low, statutory.high)
    least = Fraction(0) if statutory.low is None else bounds.of(statutory.low).high
    most = None if statutory.high is None else bounds.of(statutory.high).low
    first = _first(rule, fine, statutory, bounds).bounded(bounds, fine.floor, fine.cap)
    # Where an adjustment holds that may fall below the statutory minimum, nothing is too low: the low track lacks them.
    low_track = high_track = first
    for each in how.adjustments:
        high_track = high_track.hull(_changed(each.change, high_track, first, bounds, added=how.combine == "add"))
        if not each.change.below_range:
            low_track = low_track.hull(_changed(each.change, low_track, first, bounds, added=how.combine == "add"))
        low = low_track.bounded(bounds, None, fine.cap).low
        high = high_track.bounded(bounds, None, fine.cap).high
        if low < least or (most is not None and (high is None or high > most)):
            return each
    return None


def _first(rule: Rule, fine: Fine, statutory: StatutoryRange, bounds: Bounds) -> _Reach:
    """Return what the row itself states, wherever in its bracket a figure is picked."""
    amount = fine.amount
    if not isinstance(amount, Bracket):
        return _Reach(*bounds.of(amount))
    low = amount.low if amount.low is not None else statutory.low
    high = amount.high if amount.high is not None else statutory.high
    bottom = Interval(Fraction(0), Fraction(0)) if low is None else bounds.of(low)
    top = None if high is None else bounds.of(high)
    reach = _Reach(*bottom).hull(_Reach(bottom.low, None) if top is None else _Reach(*top))
    for each in rule.conventions.in_tier:
        if amount.high is None and each.only_low is not None:
            reach = reach.hull(_Reach(bottom.low * each.only_low, bottom.high * each.only_low))
        if amount.low is None and top is not None and each.only_high is not None:
            reach = reach.hull(_Reach(top.low * each.only_high, top.high * each.only_high))
    return reach


def _changed(change: Change, now: _Reach, first: _Reach, bounds: Bounds, *, added: bool) -> _Reach:
    """Return what an adjustment makes of an amount; its share of the first amount where shares are added up."""
    by = _Reach(*bounds.of(change.by)).bounded(bounds, change.floor, change.cap)
    if change.to is not None:
        by = by.hull(_Reach(*bounds.of(change.to)).bounded(bounds, change.floor, change.cap))
    match change.kind:
        case "up" | "down":
            sign = 1 if change.kind == "up" else -1
            shares = _Reach(*sorted((sign * by.low, sign * _top(by))))
            if added:
                part = _times(first, shares)
                high = None if now.high is None or part.high is None else now.high + part.high
                found = _Reach(now.low + part.low, high)
            else:
                found = _times(now, _Reach(1 + shares.low, 1 + _top(shares)))
        case "add":
            found = _Reach(now.low + by.low, None if now.high is None else now.high + _top(by))
        case "subtract":
            found = _Reach(now.low - _top(by), None if now.high is None else now.high - by.low)
        case "times":
            found = _times(now, by)
    return _Reach(max(found.low, Fraction(0)), None if found.high is None else max(found.high, Fraction(0)))


def _top(reach: _Reach) -> Fraction:
    # A share and a cap on it are always bounded: only a bracket without an upper end is not.
    assert reach.high is not None
    return reach.high


def _times(one: _Reach, share: _Reach) -> _Reach:
    """Multiply by a share; without an upper end nothing is known above, and below zero is cut off later."""
    if one.high is None:
        return _Reach(min(one.low * share.low, one.low * _top(share), Fraction(0)), None)
    corners = [left * right for left in (one.low, one.high) for right in (share.low, _top(share))]
    return _Reach(min(corners), max(corners))
