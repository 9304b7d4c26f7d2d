"""Where two rows that both hold leave the tier undecided, as a formula: `engine.heavier` for all facts at once."""

from collections.abc import Iterator
from typing import TypeAlias

from engine.heavier import lacks_of, placed, same_otherwise
from engine.measures import Bracket, Fine
from engine.normal import Normal
from engine.region import Form, both, either
from engine.rule import Row
from engine.tree import Arithmetic, Expr, Money, Number, Ref

# Stands for the upper end that neither the row nor the statute names.
_NO_END = Money(fen=10**30)
_NOTHING = Money(fen=0)
Ends: TypeAlias = list[tuple[Expr, Expr]]


def undecided(normal: Normal, one: Row, other: Row) -> Form:
    """Write where neither row is the heavier and they are no equals; everywhere, where that is not easily said.

    Only sums and products of facts and constants are compared: they have a value whatever the facts are.
    """
    if normal.rule.regime.tie != "heavier" or not (one.measures and other.measures):
        return True
    payers = {each.payer for each in (*one.measures, *other.measures) if isinstance(each, Fine)}
    ends: Ends = []
    for payer in sorted(payers):
        pair = _ends(normal, one, payer), _ends(normal, other, payer)
        if pair[0] is None or pair[1] is None:
            return True
        ends += zip(pair[0], pair[1], strict=True)
    equal = [normal.relation("=", mine, theirs) for mine, theirs in ends]
    unlike = [normal.relation("!=", mine, theirs) for mine, theirs in ends]
    less = [normal.relation("<", mine, theirs) for mine, theirs in ends]
    more = [normal.relation(">", mine, theirs) for mine, theirs in ends]
    equals = one.range_name == other.range_name and same_otherwise(one, other)
    equals = equals and not any(map(placed, (*one.measures, *other.measures)))
    return both([
        either([*less, both(equal)]) if not lacks_of(one, other) else True,
        either([*more, both(equal)]) if not lacks_of(other, one) else True,
        either(unlike) if equals else True,
    ])  # fmt: skip


def _ends(normal: Normal, row: Row, payer: str) -> tuple[Expr, Expr] | None:
    """Return the least and the greatest fine of a row; None where they are no plain sums and products."""
    fine = next((each for each in row.measures if isinstance(each, Fine) and each.payer == payer), None)
    if fine is None:
        return _NOTHING, _NOTHING
    if fine.floor is not None or fine.cap is not None:
        return None
    statutory = normal.rule.range_for(row, payer)
    amount = fine.amount
    low, high = (amount.low, amount.high) if isinstance(amount, Bracket) else (amount, amount)
    found = low or statutory.low or _NOTHING, high or statutory.high or _NO_END
    return found if all(_plain(normal, each) for each in found) else None


def _plain(normal: Normal, expr: Expr) -> bool:
    return all(
        isinstance(each, Number | Money)
        or (isinstance(each, Arithmetic) and each.op != "/")
        or (isinstance(each, Ref) and each.name in normal.rule.by_name)
        for each in _parts(expr)
    )


def _parts(expr: Expr) -> Iterator[Expr]:
    yield expr
    if isinstance(expr, Arithmetic):
        yield from _parts(expr.left)
        yield from _parts(expr.right)
