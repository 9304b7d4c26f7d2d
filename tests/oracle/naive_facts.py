"""What a file declares, read a second time: the facts, the lists of records, and what is computed from them."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from tests.oracle import naive_time as time
from tests.oracle.naive_text import (
    COMPARISONS,
    Case,
    Cell,
    Names,
    Refused,
    Worth,
    compare,
    constant,
    decision_day,
    fold,
)

Fact = bool | str | Fraction | time.Day | list[time.Day] | list[Mapping[str, Any]]


@dataclass
class Declaration:
    """One fact as its line in the file declares it."""

    name: str
    kind: str
    choices: list[str] = field(default_factory=list)
    unit: str = ""
    step: Fraction = Fraction(1)
    low: Fraction = Fraction(0)
    high: Fraction = Fraction(0)
    above_low: bool = False
    below_high: bool = False
    counts: str = ""
    back: int = 0
    window: str = ""
    with_this: bool = True
    if_unknown: str = ""
    fields: dict[str, "Declaration"] = field(default_factory=dict)
    most: int = 0

    @property
    def least(self) -> Fraction:
        return self.low + self.step if self.above_low else self.low

    @property
    def greatest(self) -> Fraction:
        return self.high - self.step if self.below_high else self.high

    def values(self, constants: list[Fraction]) -> list[Fact]:
        """List values that stand for all others: both answers, every choice, each side of every constant."""
        if self.kind == "是否":
            return [True, False]
        if self.kind == "选项":
            return list(self.choices)
        if self.kind == "日期":
            return [(2020, 2, 29), (2024, 5, 31), (2024, 6, 1), (2026, 10, 31)]
        near = {self.least, self.greatest}
        near |= {constant + side * self.step for constant in constants for side in (-1, 0, 1)}
        return sorted(
            value for value in near if self.least <= value <= self.greatest and (value / self.step).denominator == 1
        )

    def read(self, text: str) -> Fact:
        """Read a value as a file writes it."""
        if self.kind == "是否":
            return text == "是"
        if self.kind == "选项":
            return text
        return time.day(text) if self.kind == "日期" else Fraction(text)


def declaration(name: str, text: str | Mapping[str, Any]) -> Declaration:
    """Read `数，平方米，精确到 0.01，大于 0 至 100`, or a list of records with its fields."""
    found = Declaration(name, "")
    if not isinstance(text, str):
        found.kind, found.most = "清单", int(text["最多"])
        found.fields = {each: declaration(each, inner) for each, inner in text["每项"].items()}
        return found
    number = "(-? *[0-9.]+)"
    for clause in re.split("[,;](?![^「]*」)", fold(text)):
        words = clause.strip()
        if not found.kind:
            found.kind = re.split(r"[\s「]", words)[0]
            found.choices = [
                each.strip().strip("「」") for each in re.split("、(?![^「]*」)", words.removeprefix(found.kind))
            ]
        elif words.startswith("精确到"):
            found.step = Fraction(words.removeprefix("精确到").strip())
        elif words.startswith("不明按"):
            found.if_unknown = words.removeprefix("不明按").strip().strip("「」")
        elif words == "不含本次":
            found.with_this = False
        elif window := re.fullmatch("计 *(.+?) *([0-9]+) *(年内|个月内|月内|日内|天内)", words):
            found.counts, found.back, found.window = window[1], int(window[2]), window[3]
        elif window := re.fullmatch("计 *(.+?) +不限期", words):
            found.counts, found.window = window[1], "不限期"
        elif bounds := re.fullmatch(rf"(大于 *)?{number} *(?:至|到) *(小于 *)?{number}", words):
            found.above_low, found.below_high = bool(bounds[1]), bool(bounds[3])
            found.low, found.high = (Fraction(bounds[each].replace(" ", "")) for each in (2, 4))
        elif not found.unit and not re.match("取自|问|越大|从", words):
            found.unit = words.strip("「」")
    if found.kind == "金额":
        found.step = Fraction(1, 100)
    return found


def names_of(facts: Mapping[str, Declaration], computed: set[str], inclusive: str) -> Names:
    """Gather every name the cells of a file may use."""
    every = [*facts.values(), *(inner for fact in facts.values() for inner in fact.fields.values())]
    percent = {fact.name for fact in every if fact.unit in ("%", "百分点")}
    choices = {choice for fact in every if fact.kind == "选项" for choice in fact.choices}
    units = {fact.unit for fact in every if fact.unit}
    more, less = inclusive != "不含本数", inclusive == "含本数"
    return Names({fact.name for fact in every} | computed, percent, choices - {""}, units, more, less)


# --- what is computed

Line = Callable[[Any], bool]


def line(text: str, percent: bool, names: Names) -> Line:
    """Read one line of a table: `[0..500)`, `500以上1000以下`, `大于 2 至 5`, `小于 30`, a figure, choices."""
    cell = Cell(text, names)
    if text.strip() in ("是", "否"):
        return lambda value: bool(value == (text.strip() == "是"))

    def end() -> Any:
        part = cell.sum()
        value = part.worth(EMPTY)
        return value / 100 if percent and part.figure == "bare" else value

    if cell.peek() in ("[", "("):
        low_sign = ">=" if cell.next() == "[" else ">"
        low = end()
        cell.must("..")
        high = end()
        return both(low_sign, low, "<=" if cell.next() == "]" else "<", high)
    if cell.peek() in COMPARISONS:
        sign, bound = COMPARISONS[cell.next()], end()
        if cell.take("至", "到"):
            assert sign == ">", text
            return both(">", bound, "<" if cell.take("小于") else "<=", end())
        return lambda value: compare(value, sign, bound)
    first = end()
    if cell.take("以上"):
        more = ">=" if names.more else ">"
        if not cell.peek():
            return lambda value: compare(value, more, first)
        last = end()
        cell.must("以下")
        return both(more, first, "<=" if names.less else "<", last)
    if cell.take("以下"):
        return lambda value: compare(value, "<=" if names.less else "<", first)
    if cell.take("起"):
        return lambda value: compare(value, ">=", first)
    if cell.take("至", "到"):
        return both(">=", first, "<" if cell.take("小于") else "<=", end())
    among = [first]
    while cell.take("、"):
        among.append(end())
    return lambda value: value in among


EMPTY = Case({}, set(), {}, (2000, 1, 1), None, {})


def both(low_sign: str, low: Any, high_sign: str, high: Any) -> Line:
    return lambda value: compare(value, low_sign, low) and compare(value, high_sign, high)


def the_one(lines: list[Line], value: Any) -> int:
    holding = [number for number, each in enumerate(lines) if each(value)]
    if not holding:
        raise Refused("no_line")
    assert len(holding) == 1, "the loader lets no two lines hold at once"
    return holding[0]


def computed(entry: Any, names: Names) -> Worth:
    """Read one named value: a formula, branches, a table, or bands with a rate each."""
    if isinstance(entry, str):
        return Cell(entry, names).formula()
    if isinstance(entry, list):
        return branches(entry, names)
    if "累进" in entry:
        return marginal(entry, names)
    return table(entry, names)


def branches(rows: list[Mapping[str, str]], names: Names) -> Worth:
    read = [
        (None if row["情形"] == "其余" else Cell(row["情形"], names).formula(), Cell(row["值"], names).formula())
        for row in rows
    ]

    def worth(case: Case) -> Any:
        holding, refused = [], []
        for when, value in read:
            try:
                holding += [value] if when is not None and when(case) else []
            except Refused as refusal:
                refused.append(str(refusal))
        if len(holding) > 1:
            raise Refused("several_lines")
        if refused:
            raise Refused("missing_fact" if "missing_fact" in refused else min(refused))
        if not holding:
            holding = [value for when, value in read if when is None]
        if not holding:
            raise Refused("no_line")
        return holding[0](case)

    return worth


def looked_up(name: str, case: Case) -> Any:
    return case.on if name == "行为日" else decision_day(case) if name == "决定日" else case.of(name)


def table(entry: Mapping[str, Any], names: Names) -> Worth:
    row, column, cells = entry["行"], entry.get("列"), entry["表"]
    rows = [line(key, row in names.percent, names) for key in cells]
    if column is None:
        values = [printed(each, names) for each in cells.values()]
        return lambda case: values[the_one(rows, looked_up(row, case))](case)
    columns = [line(key, column in names.percent, names) for key in next(iter(cells.values()))]
    grid = [[printed(each, names) for each in inner.values()] for inner in cells.values()]

    def worth(case: Case) -> Any:
        across, down = the_one(rows, looked_up(row, case)), the_one(columns, looked_up(column, case))
        return grid[across][down](case)

    return worth


def printed(cell: str, names: Names) -> Worth:
    """Read one cell of a table; where a dash is printed, nothing is owed and nothing is forgiven."""

    def blank(_case: Case) -> Any:
        raise Refused("no_line")

    return blank if cell == "—" else Cell(cell, names).formula()


def marginal(entry: Mapping[str, Any], names: Names) -> Worth:
    """Read bands: the rate of each counts for the part of the value that lies in it; the value must be on a line."""
    of = Cell(entry["累进"], names).formula()
    percent = entry["累进"].strip() in names.percent
    bands = [(line(key, percent, names), ends(key, percent, names), rate) for key, rate in entry["表"].items()]
    rates = [Cell(rate, names).formula() for _line, _ends, rate in bands]

    def worth(case: Case) -> Any:
        value = of(case)
        the_one([band for band, _ends, _rate in bands], value)
        total = Fraction(0)
        for (_line, (low, high), _rate), rate in zip(bands, rates, strict=True):
            top = value if high is None else min(value, high)
            if top > low:
                total += (top - low) * rate(case)
        return total

    return worth


def ends(key: str, percent: bool, names: Names) -> tuple[Fraction, Fraction | None]:
    """Find the figures a band goes between; a band without a lower one begins at nothing."""
    figures = []
    cell = Cell(key, names)
    while cell.at < len(cell.words):
        if cell.is_figure():
            part = cell.sum()
            value = part.worth(EMPTY)
            figures.append(value / 100 if percent and part.figure == "bare" else value)
        else:
            cell.next()
    if len(figures) == 2:
        return figures[0], figures[1]
    open_below = any(word in cell.words for word in ("以下", "小于", "不超过", "不满", "低于", "<", "≤"))
    return (Fraction(0), figures[0]) if open_below else (figures[0], None)


__all__ = ["Declaration", "Fact", "computed", "constant", "declaration", "line", "names_of"]
