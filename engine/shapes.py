"""How an expression varies with the facts: not at all, in steps, in lines, or as a ratio of two lines.

The shape keeps the language decidable. A product of two lines could not be proved inside its statutory range, so it is
refused. A ratio of two lines (超载率, 少缴 ÷ 应缴) only chooses a tier: while one fact moves it rises or falls all the
way, as long as its divisor keeps its sign. So it may be compared with constants and be looked up in a table; whatever
else is made of it could turn back, and is refused.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any as Anything
from typing import Literal, NamedTuple

from engine.bounds import Bounds
from engine.tree import (
    Arithmetic,
    Between,
    Branches,
    Day,
    Expr,
    Extreme,
    Formula,
    Money,
    Named,
    Number,
    Records,
    Ref,
    Table,
    Tally,
    names_in,
    names_of_named,
)

CONSTANT, STEPS, LINEAR, RATIO = 0, 1, 2, 3
# A whole-number fact of at most so many values counts as steps: it may multiply another quantity.
MAX_STEPS = 100_000

Kind = Literal["number", "money", "day", "yes_no", "choice", "days", "records"]
NamedValue = Callable[[str], Named | None]


class Typed(NamedTuple):
    """An expression or condition with its kind, the unit it was written in, and its shape."""

    node: Anything
    kind: Kind
    unit: str = ""
    shape: int = CONSTANT


def straight(expr: Expr, named: NamedValue, lists: Mapping[str, Records]) -> bool:
    """Say whether an expression is a line in every single fact while the others stand still, or bends at its own parts.

    Where it bends (较大者, the lines of a table, branches) is what `engine.pieces` watches by itself. What is rounded
    or counted in portions goes up and down against a line that runs beside it.
    """
    match expr:
        case Number() | Money():
            return True
        case Ref(name=name):
            found = named(name)
            return found is None or _straight_named(found, named, lists)
        case Arithmetic(op="+" | "-", left=left, right=right):
            return straight(left, named, lists) and straight(right, named, lists)
        case Arithmetic(op="*", left=left, right=right):
            apart = not {*_behind(left, named)} & {*_behind(right, named)}
            return apart and straight(left, named, lists) and straight(right, named, lists)
        case Arithmetic(op="/", left=left, right=right):
            return isinstance(right, Number | Money) and straight(left, named, lists)
        case Extreme(parts=parts):
            return all(straight(part, named, lists) for part in parts)
        case Between(span="days", first=Ref() | Day() as first, last=Ref() | Day() as last):
            return first != last
        case Tally(records=records):
            # Records do not move while a fact does, if nothing inside the list reads a fact from outside it.
            return {*_behind(expr, named)} <= _own(lists[records]) | {records}
        case _:
            return False


def _straight_named(found: Named, named: NamedValue, lists: Mapping[str, Records]) -> bool:
    match found.how:
        case Formula(part=part):
            return found.kind in ("number", "money") and straight(part, named, lists)  # type: ignore[arg-type]  # a figure
        case Branches(rows=rows):
            return all(straight(value, named, lists) for _when, value in rows)
        case Table() as table:
            return all(straight(cell, named, lists) for cell in table.filled)
        case _:
            return False


def _behind(expr: Expr, named: NamedValue) -> Iterator[str]:
    """Yield every name an expression is worked out from, through named values."""
    for name in names_in(expr):
        yield name
        found = named(name)
        for each in () if found is None else names_of_named(found):
            yield from _behind(Ref(name=each), named)


def _own(records: Records) -> set[str]:
    inside = {each.name for each in records.fields} | {each.name for each in records.values}
    read = {name for each in records.values for name in names_of_named(each)}
    return inside if read <= inside else set()


def may_be_negative(divisor: Expr, bounds: Bounds) -> bool:
    """Say whether a divisor can lie below zero within the domains; at zero itself the case is refused by name."""
    return bounds.of(divisor).low < 0


def divisors_of(ratio: Named) -> Iterator[Expr]:
    """Yield what a named ratio divides by; one that is another ratio by name says it there."""
    waiting: list[Anything] = [ratio.how.part] if ratio.shape == RATIO and isinstance(ratio.how, Formula) else []
    while waiting:
        match waiting.pop():
            case Arithmetic(op="*", left=left, right=right):
                waiting += [left, right]
            case Arithmetic(op="/", right=right):
                yield right
