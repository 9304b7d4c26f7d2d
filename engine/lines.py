"""From parsed cells to the lines of a table: choices, answers, bands of a quantity, spans of days."""

from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

import lark

from engine.fact import Fact
from engine.formulas import OPERATORS
from engine.grammar import Parsed, first_token, token_of
from engine.near import band, in_unit
from engine.timed import Timed
from engine.tree import Band, Day, Key, Money, Named, Number, Period
from engine.yamltext import Scalar

_PERIODS = (
    "一行写成“早于2026-07-01”、“2026-07-01起”或“2026-07-01至2026-12-31”",
    "a line is `before 2026-07-01`, `2026-07-01 onwards` or `2026-07-01 to 2026-12-31`",
)
_BANDS = (
    "一行写成一个数、“0 至 5”、“[0..5)”、“大于 5”或“5 以上”",
    "a line is a figure, `0 to 5`, `[0..5)`, `more than 5` or `5 or more`",
)


def _next_day(day: date, by: int) -> date:
    return day + timedelta(days=by)


@dataclass(slots=True)
class Lines(Timed):
    """Builds what a line, or a column, of a table says of the name that is looked up."""

    def key(self, cell: Scalar, axis: Fact | Named) -> Key | None:
        return self.read(cell, "key", lambda tree: self._key(tree, axis))

    def _key(self, tree: Parsed, axis: Fact | Named) -> Key:
        token = first_token(tree)
        if axis.kind == "yes_no":
            if tree.data != "answer":
                self.fail("wrong_fact_kind", token, found=token.value, expected=self.say("是或否", "yes or no"))
            return token.type == "YES"
        if axis.kind == "choice":
            assert isinstance(axis, Fact)
            tokens = list(tree.scan_values(lambda value: isinstance(value, lark.Token)))
            options = tuple(str(each.value) for each in tokens if each.type in ("OPTION", "TEXT"))
            unknown = next(
                (each for each in tokens if each.value not in axis.choices and each.type != "SEPARATOR"), None
            )
            if unknown is not None:
                self.fail("unknown_choice", unknown, found=unknown.value, expected=axis.name)
            return options
        if axis.kind == "day":
            return self._period(tree)
        if tree.data in ("options", "answer"):
            self.fail("wrong_fact_kind", token, found=token.value, expected=self.say("数的范围", "a band of numbers"))
        if tree.data == "onwards_key":
            self.fail("not_a_band", token, found=self.cell.text, repair=_BANDS)
        return self._band(tree, axis)

    def _period(self, tree: Parsed) -> Period:
        """Read a line of a table by days as its first and its last day."""
        token = first_token(tree)
        days = [self._day(child) for child in tree.children if isinstance(child, lark.Tree)]
        if not days:
            self.fail("not_a_band", token, found=self.cell.text, repair=_PERIODS)
        tokens = [child.type for child in tree.children if isinstance(child, lark.Token)]
        first: date | None = days[0]
        last: date | None = days[-1]
        match tree.data:
            case "exactly":
                pass
            case "onwards_key":
                last = None
            case "beyond_key" if tokens[0] in ("LT", "LE"):
                first, last = None, _next_day(days[0], -1) if tokens[0] == "LT" else days[0]
            case "beyond_key" if tokens[0] in ("GT", "GE"):
                first, last = _next_day(days[0], 1) if tokens[0] == "GT" else days[0], None
            case "between_key" | "interval":
                first = _next_day(days[0], 1) if tokens[0] in ("GT", "LPAR") else days[0]
                last = _next_day(days[1], -1) if tokens[-1] in ("LT", "RPAR") else days[1]
            case _:
                self.fail("not_a_band", token, found=self.cell.text, repair=_PERIODS)
        if first is not None and last is not None and first > last:
            self.fail("bad_domain", token, found=f"{first} → {last}")
        return Period(first=first, last=last)

    def _day(self, tree: Parsed) -> date:
        typed = self.sum(tree)
        if not isinstance(typed.node, Day):
            self.fail("not_a_band", first_token(tree), found=self.cell.text, repair=_PERIODS)
        return typed.node.day

    def _band(self, tree: Parsed, axis: Fact | Named) -> Band:
        ends = [
            self._end(child, axis) for child in tree.children if isinstance(child, lark.Tree) and child.data == "sum"
        ]
        tokens = [child.type for child in tree.children if isinstance(child, lark.Token)]
        more, less = not self.more_included, not self.less_included
        match tree.data:
            case "exactly":
                band = Band(low=ends[0], high=ends[0])
            case "beyond_key":
                sign = OPERATORS[token_of(tree.children[0]).type]
                if sign == "!=":
                    self.fail("bad_domain", first_token(tree), found="≠")
                low = ends[0] if sign in (">", ">=", "=") else None
                high = ends[0] if sign in ("<", "<=", "=") else None
                band = Band(low=low, high=high, low_open=sign == ">", high_open=sign == "<")
            case "from_key":
                band = Band(low=ends[0], high=None, low_open=more)
            case "upto_key":
                band = Band(low=None, high=ends[0], high_open=less)
            case "span_key":
                band = Band(low=ends[0], high=ends[1], low_open=more, high_open=less)
            case "between_key":
                band = Band(low=ends[0], high=ends[1], low_open=tokens[0] == "GT", high_open=tokens[-1] == "LT")
            case _:
                band = Band(low=ends[0], high=ends[1], low_open=tokens[0] == "LPAR", high_open=tokens[-1] == "RPAR")
        if band.low is not None and band.high is not None and band.low > band.high:
            self.fail("bad_domain", first_token(tree), found=f"{band.low} → {band.high}")
        return band

    def said(self, tree: Parsed) -> str:
        """Write the unit of a figure, or the figure where it has none."""
        token = next((each for each in tree.scan_values(lambda _each: True) if each.type == "UNIT"), first_token(tree))
        return self.text(token)

    def _end(self, tree: Parsed, axis: Fact | Named) -> Fraction:
        """Read the end of a band as the value the axis would have there: fen for money, a share for a percentage."""
        token = first_token(tree)
        typed = self.sum(tree)
        unit = axis.unit if isinstance(axis, Fact) else ""
        figure = token.value if token.type == "NUMBER" else "50"
        repair = in_unit(axis.name, axis.kind, unit, self.lexicon.currency, figure)
        if not isinstance(typed.node, Money | Number):
            # `0-5` is a subtraction, and a name has another value in every case.
            self.fail("not_a_band", token, found=self.cell.text, repair=band(self.cell.text) or _BANDS)
        if axis.kind == "money":
            if not isinstance(typed.node, Money):
                self.fail("unit_mismatch", token, found=token.value, expected=axis.name, repair=repair)
            return Fraction(typed.node.fen)
        if not isinstance(typed.node, Number) or (typed.unit and unit and typed.unit != unit):
            self.fail("unit_mismatch", token, found=self.said(tree), expected=axis.name, repair=repair)
        return Fraction(typed.node.value, 100 if unit == "percent" and not typed.unit else 1)
