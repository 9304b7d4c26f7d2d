"""From parsed cells to the functions of the rule language: rounding, portions, time between days, lists of records."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

import lark

from engine.arithmetic import Span
from engine.expressions import Expressions
from engine.grammar import Parsed, first_token, token_of, tree_of, trees
from engine.numbers import Rounding
from engine.shapes import LINEAR, STEPS, Typed
from engine.tree import Between, Condition, Each, Extreme, Later, Money, Number, Portions, RoundedTo, Tally
from engine.wholes import is_whole

_ROUNDINGS: Mapping[str, Rounding] = {
    "UP_TO": "ceiling", "DOWN_TO": "floor", "HALF_UP_TO": "half_up", "HALF_EVEN_TO": "half_even",
}  # fmt: skip
_SPANS: Mapping[str, Span] = {
    "DAYS_BETWEEN": "days", "STARTED_MONTHS": "started_months",
    "FULL_MONTHS": "full_months", "FULL_YEARS": "full_years",
}  # fmt: skip
_LATER: Mapping[str, Literal["days", "months", "years"]] = {
    "DAYS_AFTER": "days", "MONTHS_AFTER": "months", "YEARS_AFTER": "years",
}  # fmt: skip
_TALLIES: Mapping[str, Literal["count", "total", "greatest", "least"]] = {
    "NUMBER_OF": "count", "TOTAL_OF": "total", "GREATEST_IN": "greatest", "LEAST_IN": "least",
}  # fmt: skip
# Kinds of which one is the greatest; only the first two can be summed.
_ORDERED = ("number", "money", "day")


@dataclass(slots=True)
class Functions(Expressions):
    """Builds what is called by a name and parentheses."""

    def call(self, tree: Parsed) -> Typed:
        name = token_of(tree_of(tree.children[0]).children[0])
        arguments = list(trees(tree))[1:]
        if name.type in (*_TALLIES, "ANY_OF", "EVERY_OF"):
            return self._over_records(name, arguments)
        typed = [self.no_ratio(name, self.any(argument)) for argument in arguments]
        if name.type in ("GREATEST", "LEAST"):
            if len(typed) < 2 or len({each.kind for each in typed}) != 1 or typed[0].kind not in _ORDERED:
                expected = self.say("同类的数、金额或日期", "numbers, money or days")
                self.fail("wrong_arguments", name, found=name.value, expected=expected)
            node = Extreme(
                which="greatest" if name.type == "GREATEST" else "least", parts=tuple(each.node for each in typed)
            )
            unit = next((each.unit for each in typed if each.unit), "")
            return Typed(node, typed[0].kind, unit, max(each.shape for each in typed))
        if len(typed) != 2:
            self.fail("wrong_arguments", name, found=name.value, expected=self.say("两项", "two"))
        one, two = typed
        if name.type in _SPANS:
            self._kinds(name, one.kind == two.kind == "day")
            unit = {"days": "day", "full_years": "year"}.get(_SPANS[name.type], "month")
            return Typed(Between(span=_SPANS[name.type], first=one.node, last=two.node), "number", unit, STEPS)
        if name.type in _LATER:
            self._kinds(name, one.kind == "day" and two.kind == "number")
            if not is_whole(two.node, self.whole_name):
                self.fail("wrong_arguments", name, found=name.value, expected=self.whole_words)
            return Typed(Later(unit=_LATER[name.type], day=one.node, by=two.node), "day", "", LINEAR)
        self._kinds(name, one.kind == two.kind and one.kind in ("number", "money"))
        step = two.node
        positive = (isinstance(step, Number) and step.value > 0) or (isinstance(step, Money) and step.fen > 0)
        if not positive or (one.unit and two.unit and one.unit != two.unit):
            expected = self.say("大于零的步长", "a step above zero")
            if not isinstance(step, Number | Money):
                # A step that moves with the facts would make steps of every width.
                expected = self.say(
                    "写定的步长（一个数字，不能是名称或算式）", "a constant step: a figure, no name and no formula"
                )
            self.fail("wrong_arguments", name, found=name.value, expected=expected)
        if one.unit == "percent" and not two.unit:
            step = Number(value=Fraction(step.value, 100))
        if name.type in _ROUNDINGS:
            return one._replace(node=RoundedTo(part=one.node, step=step, mode=_ROUNDINGS[name.type]))
        return Typed(Portions(part=one.node, size=step, started=name.type == "STARTED"), "number", "", STEPS)

    def _kinds(self, token: lark.Token, right: bool) -> None:
        if not right:
            expected = self.say("日期、数或金额，各归各位", "days, numbers or money in their places")
            self.fail("wrong_arguments", token, found=token.value, expected=expected)

    def _over_records(self, name: lark.Token, arguments: list[Parsed]) -> Typed:
        token = first_token(arguments[0])
        records = self.records.get(token.value)
        if records is None or self.record is not None:
            expected = self.say("一个清单", "a list of records")
            self.fail("wrong_arguments", name, found=token.value, expected=expected, about=str(token.value))
        in_parts = _TALLIES.get(name.type, "count") != "count"
        wanted = (1, 2) if name.type == "NUMBER_OF" else (2, 3) if in_parts else (2,)
        if len(arguments) not in wanted:
            self.fail(
                "wrong_arguments", name, found=name.value, expected=self.say("清单和每项的式子", "a list and a part")
            )
        where: Condition | None = None
        part = Typed(None, "number", "", STEPS)
        with self.within(records):
            conditions = arguments[2 if in_parts else 1 :]
            if conditions:
                where = self.truth(conditions[0])
            if in_parts:
                part = self.no_ratio(name, self.any(arguments[1]))
                self._kinds(name, part.kind in (_ORDERED[:2] if name.type == "TOTAL_OF" else _ORDERED))
        if name.type in ("ANY_OF", "EVERY_OF"):
            assert where is not None
            which: Literal["any", "all"] = "any" if name.type == "ANY_OF" else "all"
            return Typed(Each(which=which, records=token.value, where=where), "yes_no", shape=STEPS)
        what, days = _TALLIES[name.type], part.kind == "day"
        return part._replace(node=Tally(what=what, records=token.value, where=where, part=part.node, of_days=days))
