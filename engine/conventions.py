"""The cells that stand alone and name no fact: the days in force, and how amounts are rounded."""

from collections.abc import Mapping
from datetime import date

from engine.calendar import read_day
from engine.cells import Builder
from engine.errors import Complaints
from engine.expressions import Unusable
from engine.fact import Language
from engine.grammar import parse_cell, token_of
from engine.lexer import PLAIN, lexicon_of
from engine.numbers import Rounding
from engine.rule import Validity
from engine.yamltext import Scalar

_ROUNDINGS: Mapping[str, Rounding] = {
    "FLOOR": "floor", "CEILING": "ceiling", "HALF_UP": "half_up", "HALF_EVEN": "half_even",
}  # fmt: skip


def read_validity(cell: Scalar, language: Language, complaints: Complaints) -> Validity | None:
    """Read `2023-12-15 起` or `2023-12-15 至 2028-12-14`."""
    tree = parse_cell(cell, "validity", PLAIN[language], complaints)
    if tree is None:
        return None
    days: list[date] = []
    for child in tree.children:
        token = token_of(child)
        if token.type == "DAY":
            day = read_day(token.value)
            if day is None:
                complaints.add("bad_day", cell.at(token.start_pos or 0), found=token.value)
                return None
            days.append(day)
    if len(days) == 2 and days[1] < days[0]:
        complaints.add("upside_down_validity", cell.place)
        return None
    return Validity(first=days[0], last=days[1] if len(days) == 2 else None)


def read_rounding(
    cell: Scalar, language: Language, complaints: Complaints, currency: str
) -> tuple[int, Rounding] | None:
    """Read `1分，舍去`: the step in whole fen and the direction."""
    lexicon = lexicon_of(language, currency)
    tree = parse_cell(cell, "rounding", lexicon, complaints)
    if tree is None:
        return None
    builder = Builder({}, lexicon, complaints, cell=cell)
    number, unit = token_of(tree.children[0]), token_of(tree.children[1])
    try:
        step = builder.money(number, unit)
        if step < 1:
            builder.fail("bad_domain", number, found=number.value)
    except Unusable:
        return None
    return step, _ROUNDINGS[token_of(tree.children[3]).type]
