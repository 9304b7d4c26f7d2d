"""What a fine can come to, as far as its tree shows: whether it may leave the statute, or need rounding.

Both answers are on the safe side: `False` is certain, `True` means that nothing here excludes it.
"""

from fractions import Fraction
from math import gcd

from engine.bounds import Bounds
from engine.checks import order
from engine.measures import Bracket, Fine, InTier
from engine.reach import leaving
from engine.rule import Row, Rule
from engine.tree import (
    Arithmetic,
    Branches,
    Expr,
    Extreme,
    Formula,
    Limit,
    Money,
    Named,
    Number,
    Portions,
    Ref,
    RoundedTo,
    Table,
    Tally,
)


def may_leave(rule: Rule, row: Row, fine: Fine) -> bool:
    """Say whether a fine may be computed past its statutory range: by its amount, or by an adjustment."""
    if row.defect is not None:
        return False
    statutory = rule.range_for(row, fine.payer)
    if leaving(rule, row, fine) is not None:
        return True
    bounds = Bounds(rule.by_name, rule.named, rule.lists, statutory.low, statutory.high)
    ends = (fine.amount.low, fine.amount.high) if isinstance(fine.amount, Bracket) else (fine.amount, fine.amount)
    least = [each for each in (ends[0], fine.floor) if each is not None]
    most = [each for each in (ends[1], fine.cap) if each is not None]
    # Where the statute names no minimum, nothing below zero is a fine all the same.
    lowest = statutory.low or Money(fen=0)
    if least:
        if not any(order(each, lowest, bounds) in ("same", "at_least", "above") for each in least):
            return True
        if fine.cap is not None and order(fine.cap, lowest, bounds) not in ("same", "at_least", "above"):
            return True
    if statutory.high is not None and most:
        if not any(order(each, statutory.high, bounds) in ("same", "at_most", "below") for each in most):
            return True
        if fine.floor is not None and order(fine.floor, statutory.high, bounds) not in ("same", "at_most", "below"):
            return True
    return False


def may_round(rule: Rule, row: Row, fine: Fine) -> bool:
    """Say whether a fine may come to something that is no multiple of the rounding step."""
    if row.defect is not None:
        return False
    how = rule.conventions
    grains = _Grains(rule, row, fine)
    if isinstance(fine.amount, Bracket):
        if fine.amount.at is not None:
            return True
        low = Limit(end="low") if fine.amount.low is None else fine.amount.low
        ends = [grains.of(each) for each in (low, fine.amount.high) if each is not None]
        found = [each for rule_in in how.in_tier for each in _picked(ends, rule_in)] or ends
    else:
        found = [grains.of(fine.amount)]
    found += [grains.of(each) for each in (fine.floor, fine.cap) if each is not None]
    for change in (each.change for each in how.adjustments):
        by = _joined([grains.of(each) for each in (change.by, change.to, change.floor, change.cap) if each is not None])
        base = _joined(found)
        if by is None or base is None:
            return True
        found.append(base * by if change.kind in ("up", "down", "times") else by)
    grain = _joined(found)
    return grain is None or (Fraction(grain, how.rounding_step)).denominator != 1


def _picked(ends: list[Fraction | None], rule_in: InTier) -> list[Fraction | None]:
    """Return the grains of what an in-tier rule makes of the ends of a bracket."""
    shares = [rule_in.position.low, rule_in.position.high, rule_in.only_low or 1, rule_in.only_high or 1]
    base = _joined(ends)
    return [base, *(None if base is None else base * Fraction(share) for share in shares)]


def _joined(grains: list[Fraction | None]) -> Fraction | None:
    """Return the greatest step of which every multiple of these is a multiple; None where one has none."""
    total = Fraction(0)
    for each in grains:
        if each is None:
            return None
        total = Fraction(
            gcd(total.numerator * each.denominator, each.numerator * total.denominator),
            total.denominator * each.denominator,
        )
    return total


class _Grains:
    """For each expression the step of which all its values are multiples; zero for nothing but zero."""

    def __init__(self, rule: Rule, row: Row, fine: Fine) -> None:
        self.rule = rule
        self.statutory = rule.range_for(row, fine.payer)
        self.known: dict[str, Fraction | None] = {}

    def of(self, expr: Expr) -> Fraction | None:
        match expr:
            case Money(fen=fen):
                return Fraction(abs(fen))
            case Number(value=value):
                return abs(value)
            case Ref(name=name):
                return self.name(name)
            case Limit(end=end):
                limit = self.statutory.low if end == "low" else self.statutory.high
                return Fraction(0) if limit is None else self.of(limit)
            case Arithmetic(op="+" | "-", left=left, right=right):
                return _joined([self.of(left), self.of(right)])
            case Arithmetic(op="*", left=left, right=right):
                one, other = self.of(left), self.of(right)
                return None if one is None or other is None else one * other
            case Extreme(parts=parts):
                return _joined([self.of(part) for part in parts])
            case RoundedTo(step=step):
                return self.of(step)
            case Portions():
                return Fraction(1)
            case Tally(what="count"):
                return Fraction(1)
            case _:
                return None

    def name(self, name: str) -> Fraction | None:
        fact = self.rule.by_name.get(name)
        if fact is not None:
            return Fraction(1, fact.grid) if fact.numeric else None
        if name not in self.known and name in self.rule.named:
            self.known[name] = self.named(self.rule.named[name])
        return self.known.get(name)

    def named(self, named: Named) -> Fraction | None:
        match named.how:
            case Formula(part=part) if named.kind in ("number", "money"):
                return self.of(part)  # type: ignore[arg-type]  # a value that is no yes or no is an expression
            case Branches(rows=rows):
                return _joined([self.of(value) for _when, value in rows])
            case Table() as table:
                return _joined([self.of(cell) for cell in table.filled])
            case _:
                return None


__all__ = ["may_leave", "may_round"]
