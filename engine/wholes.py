"""Whether a number is whole whatever the facts are."""

from collections.abc import Callable

from engine.tree import (
    Arithmetic,
    Between,
    Branches,
    Expr,
    Extreme,
    Formula,
    Marginal,
    Named,
    Number,
    Portions,
    Ref,
    RoundedTo,
    Table,
    Tally,
)


def is_whole(node: Expr, whole_name: Callable[[str], bool]) -> bool:
    """Say whether a number is whole whatever the facts are; `whole_name` says it of facts and named values."""
    match node:
        case Number(value=value):
            return value.denominator == 1
        case Ref(name=name):
            return whole_name(name)
        case Arithmetic(op="+" | "-" | "*", left=left, right=right):
            return is_whole(left, whole_name) and is_whole(right, whole_name)
        case Extreme(parts=parts):
            return all(is_whole(part, whole_name) for part in parts)
        case RoundedTo(step=step):
            return is_whole(step, whole_name)
        case Tally(what="total" | "greatest" | "least", part=part):
            return part is not None and is_whole(part, whole_name)
        case Portions() | Between() | Tally():
            return True
        case _:
            return False


def is_whole_named(named: Named, whole_name: Callable[[str], bool]) -> bool:
    """Say it of a named value."""
    match named.how:
        case Formula(part=part):
            return named.kind == "number" and is_whole(part, whole_name)  # type: ignore[arg-type]  # no yes or no
        case Branches(rows=rows):
            return all(is_whole(value, whole_name) for _when, value in rows)
        case Table() as table:
            return all(is_whole(cell, whole_name) for cell in table.filled)
        case Marginal():
            return False
