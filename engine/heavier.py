"""Which of two tiers is the heavier, where the regime declares that the heavier wins (数档并合: 从重)."""

from fractions import Fraction

from engine.evaluate import Values, exactly
from engine.rule import Row, Rule
from engine.tree import Fine, facts_of_measure


def outweighs(rule: Rule, row: Row, other: Row, values: Values) -> bool:
    """Say whether the heavier wins here and `row` is beyond doubt the heavier of the two.

    It is where its fine is greater and it has every other measure that the second imposes; a licence revoked is not
    weighed against a fine. False, too, where a fact that an amount needs is missing.
    """
    if rule.regime.tie != "heavier" or not (_known(row, values) and _known(other, values)):
        return False
    lacking = [each for each in other.measures if not isinstance(each, Fine) and each not in row.measures]
    return not lacking and _fine(rule, row, values) > _fine(rule, other, values)


def _known(row: Row, values: Values) -> bool:
    return all(name in values for measure in row.measures for name in facts_of_measure(measure))


def _fine(rule: Rule, row: Row, values: Values) -> Fraction:
    amount = next((measure.amount for measure in row.measures if isinstance(measure, Fine)), None)
    return Fraction(*exactly(amount, values, rule.by_name)) if amount else Fraction(0)
