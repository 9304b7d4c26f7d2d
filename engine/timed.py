"""From parsed cells to the times and the other figures of measures: one figure, or the range that the law leaves."""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import cast

import lark

from engine.currency import unit_of, unit_word
from engine.formulas import Formulas
from engine.grammar import Parsed, first_token, token_of, tree_of
from engine.measures import FigureRange
from engine.numbers import MONEY_SCALE, exact_text
from engine.shapes import Typed
from engine.tree import Expr, Money, Number
from engine.vocabulary import UNITS, spell, spell_for
from engine.wholes import is_whole

# Units of time; the longer ones have no parts that a calendar could count.
_OF_THE_CALENDAR = ("day", "month", "year")
_TIMES = (*_OF_THE_CALENDAR, "hour", "minute")


def _bare(typed: Typed) -> bool:
    """Say whether this is a plain figure that says nothing of what it counts."""
    return isinstance(typed.node, Number) and not typed.unit


def _size(figure: Expr) -> Fraction:
    assert isinstance(figure, Number | Money)
    return Fraction(figure.fen) if isinstance(figure, Money) else figure.value


@dataclass(slots=True)
class Timed(Formulas):
    """Builds what stands behind a measure: how long, or how much of something else than money."""

    def time(self, tree: Parsed) -> tuple[Expr | FigureRange, str]:
        """Read how long a measure lasts, in whole units of time."""
        return self.figures(tree, self.one_time)

    def one_time(self, typed: Typed, token: lark.Token) -> None:
        """Refuse what is no whole number of a unit of time."""
        if typed.kind != "number" or typed.unit not in _TIMES:
            expected = self.say(
                "带单位的时间，如 6月；算出来的数把单位写在后面",
                "a time with its unit, such as 6 months; a computed figure has it behind",
            )
            self.fail("wrong_arguments", token, found=token.value, expected=expected)
        self._whole(typed, token)

    def no_points(self, tree: Parsed) -> None:
        """Refuse hundredths of money below one unit: `6分` is six points and was not meant as 0.06 yuan."""
        for literal in tree.find_data("literal"):
            number = next((each for each in literal.children if isinstance(each, lark.Token)), None)
            unit = next((each for each in literal.find_data("unit")), None)
            if number is None or unit is None or token_of(unit.children[0]).type != "FEN":
                continue
            fen = self.exact(number)
            if fen < 10**MONEY_SCALE:
                code = self.lexicon.currency
                point, one = spell_for(UNITS, "point", number.value, self.language), unit_word(code, self.language)
                amount = exact_text(Fraction(fen, 10**MONEY_SCALE))
                self.fail(
                    "points_or_money",
                    number,
                    found=f"{number.value}{token_of(unit.children[0]).value}",
                    repair=(
                        f"记分写“{number.value}点”；是钱的，写“{amount}{one}”",
                        f"points are written `{number.value} {point}`, money `{amount} {one}`",
                    ),
                )

    def any_figure(self, typed: Typed, token: lark.Token) -> None:
        """Refuse what is no number and no money, and a part of a day, a month or a year."""
        if typed.kind not in ("number", "money"):
            self.fail("wrong_arguments", token, found=token.value, expected=self.say("一个数", "a number"))
        if typed.unit in _OF_THE_CALENDAR:
            self._whole(typed, token)

    def figures(self, tree: Parsed, check: Callable[[Typed, lark.Token], None]) -> tuple[Expr | FigureRange, str]:
        """Read the figure behind a measure, or the range that the law leaves for it, and its unit."""
        last = tree_of(tree.children[-1])
        parts = [last] if last.data == "figure" else [each for each in last.children if isinstance(each, lark.Tree)]
        ends = [self._in_own_unit(each) for each in parts]
        if len(ends) == 2 and _bare(ends[0]) and ends[1].kind == "number":
            # 5 至 10日: what the second end counts, a bare first one counts too.
            share = Fraction(1, 100) if ends[1].unit == "percent" else Fraction(1)
            assert isinstance(ends[0].node, Number)
            ends[0] = ends[0]._replace(node=Number(value=ends[0].node.value * share), unit=ends[1].unit)
        for typed, part in zip(ends, parts, strict=True):
            check(typed, first_token(part))
        unit = unit_of(self.lexicon.currency) if ends[-1].kind == "money" else ends[-1].unit
        if last.data == "figure":
            return cast(Expr, ends[0].node), unit
        return self._figure_range(str(last.data), ends, [first_token(each) for each in parts]), unit

    def _figure_range(self, shape: str, ends: list[Typed], tokens: list[lark.Token]) -> FigureRange:
        """Build a range in one unit, its lower end first."""
        nodes = [cast(Expr, each.node) for each in ends]
        low, high = nodes[0], nodes[-1]
        if (ends[0].kind, ends[0].unit) != (ends[-1].kind, ends[-1].unit):
            repair = ("两头用同一个单位，如 6月 至 12月", "both ends in one unit, such as 6 months to 12 months")
            self.fail("unit_mismatch", tokens[-1], found=tokens[-1].value, expected=tokens[0].value, repair=repair)
        # What is computed is looked at when it is known.
        plain = len(nodes) == 2 and isinstance(low, Number | Money) and isinstance(high, Number | Money)
        if plain and _size(low) >= _size(high):
            self.fail("bad_domain", tokens[0], found=f"{tokens[0].value} → {tokens[-1].value}")
        return FigureRange(
            low=None if shape == "figure_or_less" else low, high=None if shape == "figure_or_more" else high
        )

    def _in_own_unit(self, tree: Parsed) -> Typed:
        """Read a figure; what a computed one counts is written behind it, unless its parts say so."""
        typed = self.sum(tree_of(tree.children[0]))
        if len(tree.children) == 1:
            return typed
        token = token_of(tree.children[1])
        counts = token.value in UNITS and token.value not in ("percent", "none")
        if typed.kind != "number" or not counts or typed.unit not in ("", token.value):
            found = spell(UNITS, token.value, self.language) if token.value in UNITS else token.value
            self.fail("unit_mismatch", token, found=found, expected=first_token(tree).value)
        return typed._replace(unit=str(token.value))

    def _whole(self, typed: Typed, token: lark.Token) -> None:
        if not is_whole(typed.node, self.whole_name):
            self.fail("wrong_arguments", token, found=token.value, expected=self.whole_words)
