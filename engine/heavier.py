"""Which of two tiers is the heavier, where the regime declares that the heavier wins (数档并合: 从重)."""

from fractions import Fraction

from engine.evaluate import Missing, Scope, compute
from engine.rule import Row, Rule
from engine.tree import Bracket, Fine, Measure, Warn


def outweighs(rule: Rule, row: Row, other: Row, scope: Scope) -> bool:
    """Say whether the heavier wins here and `row` is beyond doubt the heavier of the two.

    It is where none of its fines is lower, one is greater, and it has every other measure that the second imposes; a
    licence revoked is not weighed against a fine. A warning alone is the lightest penalty there is (行政处罚法 第九条)
    and gives way to a fine. Brackets are compared at both ends. False, too, where a fact that an amount needs is
    missing.
    """
    if rule.regime.tie != "heavier":
        return False
    if not row.measures:
        return False
    if not other.measures:
        # What the other imposes could not be read: only the most that the law allows is beyond doubt no lighter.
        return row.range_name == other.range_name and _is_the_most(rule, row, scope)
    lacking = [each for each in other.measures if not isinstance(each, Fine) and each not in row.measures]
    if lacking and not (len(other.measures) == 1 and isinstance(lacking[0], Warn)):
        return False
    payers = {each.payer for each in (*row.measures, *other.measures) if isinstance(each, Fine)}
    greater = False
    for payer in payers:
        mine, theirs = _ends(rule, row, payer, scope), _ends(rule, other, payer, scope)
        if mine is None or theirs is None or mine[0] < theirs[0] or mine[1] < theirs[1]:
            return False
        greater = greater or mine > theirs
    return greater


def _is_the_most(rule: Rule, row: Row, scope: Scope) -> bool:
    """Say whether a row's own fine is the statutory maximum."""
    most = rule.range_for(row, "").high
    mine = _ends(rule, row, "", scope)
    limit = None if most is None else compute(most, scope)
    return mine is not None and limit is not None and not isinstance(limit, Missing) and mine[0] >= limit


def _ends(rule: Rule, row: Row, payer: str, scope: Scope) -> tuple[Fraction, Fraction] | None:
    """Return the least and the greatest fine a row imposes on a payer; None where that cannot be known."""
    fine = next((each for each in row.measures if isinstance(each, Fine) and each.payer == payer), None)
    if fine is None:
        return Fraction(0), Fraction(0)
    inner = limited(rule, row, fine, scope)
    if not isinstance(fine.amount, Bracket):
        amount = compute(fine.amount, inner)
        return None if isinstance(amount, Missing) else (Fraction(amount), Fraction(amount))
    low = 0 if fine.amount.low is None else compute(fine.amount.low, inner)
    high = low if fine.amount.high is None else compute(fine.amount.high, inner)
    return None if isinstance(low, Missing) or isinstance(high, Missing) else (Fraction(low), Fraction(high))


def limited(rule: Rule, row: Row, measure: Measure, scope: Scope) -> Scope:
    """Return the scope in which `法定下限` and `法定上限` are those of this fine's range."""
    statutory = rule.range_for(row, measure.payer if isinstance(measure, Fine) else "")
    return Scope(
        scope.values, scope.facts, scope.named, scope.lists, statutory.low, statutory.high, worked=scope.worked
    )
