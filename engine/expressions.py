"""From parsed cells to expressions, checked against the names a file declares.

Every expression has a kind (number, money, day, yes/no) and a shape. The shape keeps the language decidable: a product
of two quantities that both vary without steps could not be proved inside its statutory range, so it is refused.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any as Anything
from typing import Literal, NamedTuple, NoReturn, TypeVar

import lark

from engine.arithmetic import Span
from engine.calendar import read_day
from engine.currency import decimals, money_word
from engine.errors import Complaints
from engine.fact import NOWHERE, Fact, Language
from engine.grammar import Parsed, parse_cell, token_of, tree_of
from engine.lexer import Lexicon
from engine.numbers import MAX_DIGITS, MONEY_SCALE, NotANumber, Rounding, exact, exact_text, scaled
from engine.tree import (
    Arithmetic,
    Between,
    Condition,
    Day,
    Each,
    Expr,
    Extreme,
    Is,
    Later,
    Limit,
    Money,
    Named,
    Number,
    Portions,
    Records,
    Ref,
    RoundedTo,
    Tally,
    is_whole,
    is_whole_named,
)
from engine.yamltext import Scalar

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
# What the engine itself knows of a case, by the name it has among values.
BUILT_IN: Mapping[str, str] = {
    "ACT_DAY": "@on", "DECISION_DAY": "@decided", "FINE_AMOUNT": "@fine",
    "IS_FINED": "@fined", "IS_WARNED": "@warned", "IS_REVOKED": "@revoked", "IS_STOPPED": "@stopped",
}  # fmt: skip
MONEY_UNITS: Mapping[str, int] = {"FEN": 1, "YUAN": 100, "WAN_YUAN": 1_000_000}
# A whole-number fact of at most so many values counts as steps: it may multiply another quantity.
MAX_STEPS = 100_000

# Whether 以上 and 以下 include the figure: both, neither, or 以上 alone.
Bounds = Literal["inclusive", "exclusive", "more_only"]
Kind = Literal["number", "money", "day", "yes_no", "choice", "days", "records"]
CONSTANT, STEPS, LINEAR = 0, 1, 2

T = TypeVar("T")
NOTHING = Scalar("", NOWHERE)


class Unusable(Exception):
    """A finding was recorded while building; the cell gives no node."""


class Typed(NamedTuple):
    """An expression or condition with its kind, the unit it was written in, and its shape."""

    node: Anything
    kind: Kind
    unit: str = ""
    shape: int = CONSTANT


@dataclass(slots=True)
class Expressions:
    """Builds expressions from one file's cells; complains with the place of each word."""

    facts: Mapping[str, Fact]
    lexicon: Lexicon
    complaints: Complaints
    bounds: Bounds = "inclusive"
    named: dict[str, Named] = field(default_factory=dict)
    records: Mapping[str, Records] = field(default_factory=dict)
    cell: Scalar = field(default=NOTHING)
    record: Records | None = None
    computing: bool = False
    # Whether the penalty is already known: only general law looks back at it.
    reviewing: bool = False

    def read(self, cell: Scalar, start: str, build: Callable[[Parsed], T]) -> T | None:
        """Parse a cell and build from it; None after recording a finding."""
        tree = parse_cell(cell, start, self.lexicon, self.complaints)
        if tree is None:
            return None
        self.cell = cell
        try:
            return build(tree)
        except Unusable:
            return None

    def fail(self, code: str, token: lark.Token, **fields: Anything) -> NoReturn:
        self.complaints.add(code, self.cell.at(token.start_pos or 0), **fields)
        raise Unusable

    @contextmanager
    def without_limits(self) -> Iterator[None]:
        """Let cells not name the statutory limits: they belong to one fine, and nothing else knows them."""
        outer, self.computing = self.computing, True
        try:
            yield
        finally:
            self.computing = outer

    @contextmanager
    def within(self, records: Records) -> Iterator[None]:
        """Let cells name the fields of one record."""
        outer, self.record = self.record, records
        try:
            yield
        finally:
            self.record = outer

    # Parentheses and functions hold conditions too: `engine.formulas` builds those.

    def any(self, tree: Parsed) -> Typed:
        raise NotImplementedError

    def truth(self, tree: Parsed) -> Condition:
        raise NotImplementedError

    # --- sums and products

    def sum(self, tree: Parsed) -> Typed:
        typed = self._product(tree_of(tree.children[0]))
        for sign, child in zip(tree.children[1::2], tree.children[2::2], strict=True):
            other = self._product(tree_of(child))
            token = token_of(sign)
            same = typed.kind == other.kind and typed.kind in ("number", "money")
            for one, two, at in ((typed, other, tree_of(child)), (other, typed, tree)):
                # 超标率 + 5 would be 500 % more: a bare figure beside a share has to say which it is.
                if one.unit == "percent" and isinstance(two.node, Number) and not two.unit:
                    figure = exact_text(abs(two.node.value) * 100)
                    repair = (f"写 {figure}%，或写清是几个百分点", f"write {figure}%, or so many percent as are meant")
                    found = exact_text(abs(two.node.value))
                    self.fail("unit_mismatch", first_token(at), found=found, expected="%", repair=repair)
            if not same or (typed.unit and other.unit and typed.unit != other.unit):
                self.fail("unit_mismatch", token, found=first_token(tree_of(child)).value, expected=token.value)
            op: Literal["+", "-"] = "+" if token.type == "PLUS" else "-"
            node = Arithmetic(op=op, left=typed.node, right=other.node)
            typed = Typed(node, typed.kind, typed.unit or other.unit, max(typed.shape, other.shape))
        return typed

    def _product(self, tree: Parsed) -> Typed:
        per = next((each for each in tree.iter_subtrees() if each.data == "per"), None)
        typed = self.atom(tree_of(tree.children[0]))
        units: list[str] = []
        for sign, child in zip(tree.children[1::2], tree.children[2::2], strict=True):
            token, other = token_of(sign), self.atom(tree_of(child))
            units.append(other.unit)
            typed = self._times(typed, token, other) if token.type == "TIMES_SIGN" else self._over(typed, token, other)
        if per is not None and tree.children[0] is not None and per in tree_of(tree.children[0]).children:
            unit = token_of(per.children[1])
            if unit.value not in units:
                self.fail("unit_mismatch", unit, found=unit.value, expected=units[0] if units else "×")
        return typed

    def _numeric(self, token: lark.Token, *typed: Typed) -> None:
        if any(each.kind not in ("number", "money") for each in typed):
            self.fail("wrong_fact_kind", token, found=token.value, expected=numeric_words(self.language))

    def _times(self, left: Typed, token: lark.Token, right: Typed) -> Typed:
        self._numeric(token, left, right)
        if left.kind == right.kind == "money":
            self.fail(
                "unit_mismatch", token, found=token.value, expected=self.say("金额与数相乘", "money times a number")
            )
        if left.shape == right.shape == LINEAR:
            self.fail("not_linear", token, found=token.value)
        kind: Kind = "money" if "money" in (left.kind, right.kind) else "number"
        node = Arithmetic(op="*", left=left.node, right=right.node)
        return Typed(node, kind, "", max(left.shape, right.shape))

    def _over(self, left: Typed, token: lark.Token, right: Typed) -> Typed:
        self._numeric(token, left, right)
        if right.kind == "money" and left.kind != "money":
            self.fail("unit_mismatch", token, found=token.value, expected=self.say("金额", "money"))
        if right.shape == LINEAR:
            self.fail("not_linear", token, found=token.value)
        kind: Kind = "number" if left.kind == right.kind else "money"
        return Typed(Arithmetic(op="/", left=left.node, right=right.node), kind, "", max(left.shape, right.shape))

    # --- atoms

    def atom(self, tree: Parsed) -> Typed:
        token = first_token(tree)
        match tree.data:
            case "fact":
                return self._name(token)
            case "literal":
                return self._figure(tree)
            case "negative":
                inner = self.atom(tree_of(tree.children[1]))
                self._numeric(token, inner)
                if isinstance(inner.node, Number):
                    return inner._replace(node=Number(value=-inner.node.value))
                zero: Expr = Money(fen=0) if inner.kind == "money" else Number(value=Fraction(0))
                return inner._replace(node=Arithmetic(op="-", left=zero, right=inner.node))
            case "day":
                day = read_day(token.value)
                if day is None:
                    self.fail("bad_day", token, found=token.value)
                return Typed(Day(day=day), "day")
            case "limit":
                if self.computing:
                    # A named value is worked out once for every fine; the limits belong to one fine.
                    self.fail("not_known_here", token, found=token.value)
                return Typed(Limit(end="low" if token.type == "LIMIT_LOW" else "high"), "money", shape=LINEAR)
            case "built_in":
                if not self.reviewing and token.type not in ("ACT_DAY", "DECISION_DAY"):
                    self.fail("not_known_here", token, found=token.value)
                if token.type.startswith("IS_"):
                    return Typed(Is(fact=BUILT_IN[token.type]), "yes_no", shape=STEPS)
                kind: Kind = "money" if token.type == "FINE_AMOUNT" else "day"
                return Typed(Ref(name=BUILT_IN[token.type]), kind, shape=LINEAR)
            case "group":
                return self.any(tree_of(tree.children[1]))
            case "call":
                return self._call(tree)
            case _:
                self.fail("wrong_fact_kind", token, found=token.value, expected=numeric_words(self.language))

    def declared(self, token: lark.Token) -> Fact | Named:
        """Find what a name stands for here: a field or value of the record at hand, a fact, a named value."""
        name = str(token.value)
        if self.record is not None:
            own: dict[str, Fact | Named] = {each.name: each for each in self.record.fields}
            own |= {each.name: each for each in self.record.values}
            if name in own:
                return own[name]
        if name in self.facts:
            return self.facts[name]
        if name in self.named:
            return self.named[name]
        self.fail(
            "not_known_here",
            token,
            found=name,
            repair=(
                "每项的内容只能写在“合计(…)”“任一项(…)”这类括号里；计算出的值要先写后用",
                "a record's fields stand only inside `total of (…)` and the like; compute before use",
            ),
        )

    def whole_name(self, name: str) -> bool:
        declared = self.facts.get(name) or self.named.get(name)
        if self.record is not None:
            own: tuple[Fact | Named, ...] = (*self.record.fields, *self.record.values)
            declared = next((each for each in own if each.name == name), declared)
        if isinstance(declared, Named):
            return is_whole_named(declared, self.whole_name)
        return declared is not None and declared.kind == "integer" and declared.unit != "percent"

    def _name(self, token: lark.Token) -> Typed:
        declared = self.declared(token)
        name = declared.name
        if isinstance(declared, Named):
            node = Is(fact=name) if declared.kind == "yes_no" else Ref(name=name)
            return Typed(node, declared.kind, "", declared.shape)
        match declared.kind:
            case "yes_no":
                return Typed(Is(fact=name), "yes_no", shape=STEPS)
            case "integer":
                shape = STEPS if declared.high - declared.low <= MAX_STEPS else LINEAR
                return Typed(Ref(name=name), "number", declared.unit, shape)
            case "number":
                return Typed(Ref(name=name), "number", declared.unit, LINEAR)
            case "money":
                return Typed(Ref(name=name), "money", "", LINEAR)
            case "day":
                return Typed(Ref(name=name), "day", "", LINEAR)
            case "choice" | "days" | "records":
                return Typed(Ref(name=name), declared.kind)

    def _figure(self, tree: Parsed) -> Typed:
        number = next(child for child in tree.children if isinstance(child, lark.Token))
        unit = next((child for child in trees(tree) if child.data == "unit"), None)
        if unit is None:
            return Typed(Number(value=self.exact(number)), "number")
        token = token_of(unit.children[0])
        if token.type in MONEY_UNITS:
            return Typed(Money(fen=self.money(number, token)), "money")
        value = self.exact(number)
        if token.value == "percent":
            return Typed(Number(value=Fraction(value, 100)), "number", "percent")
        return Typed(Number(value=value), "number", "" if token.value == "fold" else str(token.value))

    def _call(self, tree: Parsed) -> Typed:
        name = token_of(tree_of(tree.children[0]).children[0])
        arguments = list(trees(tree))[1:]
        if name.type in ("NUMBER_OF", "TOTAL_OF", "GREATEST_IN", "ANY_OF", "EVERY_OF"):
            return self._over_records(name, arguments)
        typed = [self.any(argument) for argument in arguments]
        if name.type in ("GREATEST", "LEAST"):
            if len(typed) < 2 or len({each.kind for each in typed}) != 1 or typed[0].kind not in ("number", "money"):
                self.fail(
                    "wrong_arguments", name, found=name.value, expected=self.say("同类的数或金额", "numbers or money")
                )
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
                expected = self.say(
                    "整数（算出来的数先用“进位到(…, 1)”或“舍去到(…, 1)”取整）", "a whole number (`round up (…, 1)`)"
                )
                self.fail("wrong_arguments", name, found=name.value, expected=expected)
            return Typed(Later(unit=_LATER[name.type], day=one.node, by=two.node), "day", "", LINEAR)
        self._kinds(name, one.kind == two.kind and one.kind in ("number", "money"))
        step = two.node
        positive = (isinstance(step, Number) and step.value > 0) or (isinstance(step, Money) and step.fen > 0)
        if not positive or (one.unit and two.unit and one.unit != two.unit):
            self.fail("wrong_arguments", name, found=name.value, expected=self.say("大于零的步长", "a step above zero"))
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
            self.fail("wrong_arguments", name, found=token.value, expected=self.say("一个清单", "a list of records"))
        wanted = (1, 2) if name.type == "NUMBER_OF" else (2, 3) if name.type in ("TOTAL_OF", "GREATEST_IN") else (2,)
        if len(arguments) not in wanted:
            self.fail(
                "wrong_arguments", name, found=name.value, expected=self.say("清单和每项的式子", "a list and a part")
            )
        where: Condition | None = None
        part = Typed(None, "number", "", STEPS)
        with self.within(records):
            conditions = arguments[1:] if name.type not in ("TOTAL_OF", "GREATEST_IN") else arguments[2:]
            if conditions:
                where = self.truth(conditions[0])
            if name.type in ("TOTAL_OF", "GREATEST_IN"):
                part = self.any(arguments[1])
                self._kinds(name, part.kind in ("number", "money"))
        if name.type in ("ANY_OF", "EVERY_OF"):
            assert where is not None
            which: Literal["any", "all"] = "any" if name.type == "ANY_OF" else "all"
            return Typed(Each(which=which, records=token.value, where=where), "yes_no", shape=STEPS)
        what: Literal["count", "total", "greatest"] = (
            "count" if name.type == "NUMBER_OF" else "total" if name.type == "TOTAL_OF" else "greatest"
        )
        return part._replace(node=Tally(what=what, records=token.value, where=where, part=part.node))

    # --- figures

    @property
    def language(self) -> Language:
        return self.lexicon.language

    def say(self, zh: str, en: str) -> str:
        return zh if self.language == "zh" else en

    def literal_of(self, fact: Fact, literal: Parsed) -> int:
        """Read a figure on a fact's own scale; a unit, where one stands, must be the fact's."""
        number = next(child for child in literal.children if isinstance(child, lark.Token))
        unit = next((child for child in trees(literal) if child.data == "unit"), None)
        if unit is not None:
            token = token_of(unit.children[0])
            if fact.kind == "money":
                if token.type not in MONEY_UNITS:
                    self.fail("unit_mismatch", token, found=token.value, expected=fact.name)
                return self.money(number, token)
            if token.type in MONEY_UNITS or token.value != fact.unit:
                self.fail("unit_mismatch", token, found=token.value, expected=fact.name)
        # An amount has the decimals of its currency, however fine money is kept.
        places = decimals(self.lexicon.currency) if fact.kind == "money" else fact.scale
        try:
            return scaled(number.value, places) * int(10 ** (fact.scale - places))
        except NotANumber as error:
            code = "too_precise" if error.too_precise else "number_too_long"
            self.fail(code, number, found=number.value, expected=fact.name)

    def exact(self, number: lark.Token) -> Fraction:
        try:
            return exact(number.value)
        except NotANumber:
            self.fail("number_too_long", number, found=number.value)

    def money(self, number: lark.Token, unit: lark.Token) -> int:
        amount = self.exact(number) * MONEY_UNITS[unit.type]
        currency = self.lexicon.currency
        if Fraction(amount, 10 ** (MONEY_SCALE - decimals(currency))).denominator != 1:
            self.fail("too_precise", number, found=number.value, expected=money_word("FEN", currency, self.language))
        if len(str(amount)) > MAX_DIGITS:
            self.fail("number_too_long", number, found=number.value)
        return int(amount)


def trees(tree: Parsed) -> Iterator[Parsed]:
    return (child for child in tree.children if isinstance(child, lark.Tree))


def atom_of(tree: Parsed, kind: str) -> Parsed | None:
    """Return the one atom of this kind that a sum consists of."""
    if tree.data != "sum" or len(tree.children) != 1:
        return None
    product = tree_of(tree.children[0])
    atom = tree_of(product.children[0])
    return atom if len(product.children) == 1 and atom.data == kind else None


def numeric_words(language: Language) -> str:
    return "整数、数或金额" if language == "zh" else "a number or money"


def first_token(tree: Parsed) -> lark.Token:
    return next(tree.scan_values(lambda value: isinstance(value, lark.Token)))
