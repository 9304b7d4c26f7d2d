"""From parsed cells to expressions, checked against the names a file declares.

Every expression has a kind (number, money, day, yes/no) and a shape (`engine.shapes`): a product of two lines could not
be proved inside its statutory range, so it is refused; a ratio of two lines may be compared and looked up, no more.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any as Anything
from typing import Literal, NoReturn, TypeVar

import lark

from engine.bounds import Bounds as Reach
from engine.calendar import read_day
from engine.currency import decimals, money_word
from engine.errors import Complaints
from engine.fact import NOWHERE, Fact, Language
from engine.grammar import Parsed, first_token, numeric_words, parse_cell, token_of, tree_of, trees
from engine.lexer import Lexicon
from engine.near import in_unit, in_units, per_unit
from engine.numbers import MAX_DIGITS, MONEY_SCALE, NotANumber, exact, exact_text, scaled
from engine.shapes import LINEAR, MAX_STEPS, RATIO, STEPS, Kind, Typed, may_be_negative, straight
from engine.tree import (
    Arithmetic,
    Condition,
    Day,
    Expr,
    Is,
    Limit,
    Money,
    Named,
    Number,
    Records,
    Ref,
)
from engine.vocabulary import UNITS, spell
from engine.wholes import is_whole_named
from engine.yamltext import Scalar

# What the engine itself knows of a case, by the name it has among values.
BUILT_IN: Mapping[str, str] = {
    "ACT_DAY": "@on", "DECISION_DAY": "@decided", "BASE_FINE": "@base", "FINE_SO_FAR": "@so_far",
    "FINE_AMOUNT": "@fine", "IS_FINED": "@fined", "IS_WARNED": "@warned",
    "IS_REVOKED": "@revoked", "IS_STOPPED": "@stopped",
}  # fmt: skip
MONEY_UNITS: Mapping[str, int] = {"FEN": 1, "YUAN": 100, "WAN_YUAN": 1_000_000}
# Whether 以上 and 以下 include the figure: both, neither, or 以上 alone.
Bounds = Literal["inclusive", "exclusive", "more_only"]

STEPPED = (
    "“×”的一边、“÷”后面的除数，要是按级变化的量或常数：查表的数、份数、天数，"
    f"还有取值不超过 {MAX_STEPS // 10_000} 万个的整数事实",
    "one side of `×`, and what `÷` divides by, must vary in steps or be a constant: tables, steps, days, "
    f"and a whole-number fact only up to {MAX_STEPS:,} values",
)

T = TypeVar("T")
NOTHING = Scalar("", NOWHERE)


class Unusable(Exception):
    """A finding was recorded while building; the cell gives no node."""


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
    # Whether an adjustment is read: only it knows what the fine has come to so far.
    adjusting: bool = False

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

    # `engine.functions` builds functions, and parentheses hold conditions too: `engine.formulas` builds those.

    def call(self, tree: Parsed) -> Typed:
        raise NotImplementedError

    def any(self, tree: Parsed) -> Typed:
        raise NotImplementedError

    def truth(self, tree: Parsed) -> Condition:
        raise NotImplementedError

    # --- sums and products

    def sum(self, tree: Parsed) -> Typed:
        """Build a sum that goes on into something else: a ratio does not."""
        return self.no_ratio(first_token(tree), self.compared(tree))

    def no_ratio(self, token: lark.Token, typed: Typed) -> Typed:
        if typed.shape == RATIO:
            self.fail("ratio_used", token, found=token.value)
        return typed

    def compared(self, tree: Parsed) -> Typed:
        """Build a sum that is compared with another: it may be a ratio."""
        typed = self._product(tree_of(tree.children[0]))
        for sign, child in zip(tree.children[1::2], tree.children[2::2], strict=True):
            other = self._product(tree_of(child))
            token = token_of(sign)
            self.no_ratio(token, typed)
            self.no_ratio(token, other)
            same = typed.kind == other.kind and typed.kind in ("number", "money")
            for one, two, at in ((typed, other, tree_of(child)), (other, typed, tree)):
                # 超标率 + 5 would be 500 % more: a bare figure beside a share has to say which it is.
                if one.unit == "percent" and isinstance(two.node, Number) and not two.unit:
                    figure = exact_text(abs(two.node.value) * 100)
                    repair = (f"写 {figure}%，或写清是几个百分点", f"write {figure}%, or so many percent as are meant")
                    found = exact_text(abs(two.node.value))
                    self.fail("unit_mismatch", first_token(at), found=found, expected="%", repair=repair)
            if not same or (typed.unit and other.unit and typed.unit != other.unit):
                repair = in_units((typed.kind, typed.unit), (other.kind, other.unit))
                right, left = first_token(tree_of(child)).value, first_token(tree).value
                self.fail("unit_mismatch", token, found=right, expected=left, repair=repair)
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
                after = self.say("“×”后面的事实", "the fact after `×`")
                self.fail(
                    "unit_mismatch", unit, found=self.text(unit), expected=after, repair=per_unit(self.lexicon.currency)
                )
        return typed

    def _numeric(self, token: lark.Token, *typed: Typed) -> None:
        if any(each.kind not in ("number", "money") for each in typed):
            self.fail("wrong_fact_kind", token, found=token.value, expected=numeric_words(self.language))

    def _times(self, left: Typed, token: lark.Token, right: Typed) -> Typed:
        self._numeric(token, left, right)
        if left.kind == right.kind == "money":
            repair = (
                "金额只能与数相乘：一边写成没有单位的数",
                "money is multiplied by a number: one side may be no money",
            )
            self.fail("unit_mismatch", token, found=self.say("金额", "money"), expected="×", repair=repair)
        # 超载率 × 100% is the same ratio.
        figure = right.node if left.shape == RATIO else left.node
        if RATIO in (left.shape, right.shape) and figure != Number(value=Fraction(1)):
            self.fail("ratio_used", token, found=token.value)
        if left.shape == right.shape == LINEAR:
            self.fail("not_linear", token, found=token.value, repair=STEPPED)
        kind: Kind = "money" if "money" in (left.kind, right.kind) else "number"
        node = Arithmetic(op="*", left=left.node, right=right.node)
        return Typed(node, kind, "", max(left.shape, right.shape))

    def _over(self, left: Typed, token: lark.Token, right: Typed) -> Typed:
        self._numeric(token, left, right)
        if right.kind == "money" and left.kind != "money":
            repair = ("只有金额可以除以金额", "only money is divided by money")
            self.fail("unit_mismatch", token, found=token.value, expected=self.say("金额", "money"), repair=repair)
        self.no_ratio(token, left)
        self.no_ratio(token, right)
        shape = max(left.shape, right.shape)
        if right.shape == LINEAR:
            self._ratio(left, token, right)
            shape = RATIO
        kind: Kind = "number" if left.kind == right.kind else "money"
        return Typed(Arithmetic(op="/", left=left.node, right=right.node), kind, "", shape)

    def _ratio(self, left: Typed, token: lark.Token, right: Typed) -> None:
        """Hold a quotient of two lines to what keeps it rising or falling all the way while one fact moves."""
        facts, named = dict(self.facts), dict(self.named)
        if self.record is not None:
            facts |= {each.name: each for each in self.record.fields}
            named |= {each.name: each for each in self.record.values}
        if not all(straight(each.node, named.get, self.records) for each in (left, right)):
            self.fail("not_straight", token, found=token.value)
        if may_be_negative(right.node, Reach(facts, named, self.records)):
            self.fail("divisor_below_zero", token, found=token.value)

    # --- atoms

    def atom(self, tree: Parsed) -> Typed:
        token = first_token(tree)
        match tree.data:
            case "fact":
                return self._name(token)
            case "literal":
                return self._figure(tree)
            case "negative":
                inner = self.no_ratio(token, self.atom(tree_of(tree.children[1])))
                self._numeric(token, inner)
                if isinstance(inner.node, Number):
                    return inner._replace(node=Number(value=-inner.node.value))
                if isinstance(inner.node, Money):
                    return inner._replace(node=Money(fen=-inner.node.fen))
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
                so_far = token.type in ("BASE_FINE", "FINE_SO_FAR")
                known = self.adjusting if so_far else self.reviewing
                if not known and token.type not in ("ACT_DAY", "DECISION_DAY"):
                    self.fail("not_known_here", token, found=token.value)
                if token.type.startswith("IS_"):
                    return Typed(Is(fact=BUILT_IN[token.type]), "yes_no", shape=STEPS)
                kind: Kind = "money" if so_far or token.type == "FINE_AMOUNT" else "day"
                return Typed(Ref(name=BUILT_IN[token.type]), kind, shape=LINEAR)
            case "group":
                return self.any(tree_of(tree.children[1]))
            case "call":
                return self.call(tree)
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
        self.fail("not_known_here", token, found=name, about=name, repair=self._why_unknown(name))

    def _why_unknown(self, name: str) -> tuple[str, str]:
        if self.record is not None:
            return (
                "清单的每一项里只认得这一项自己的内容、写在前面的计算值和本案的事实",
                "inside a record only its own fields, its own values computed above and the facts are known",
            )
        inside = {each.name for of in self.records.values() for each in of.fields}
        if name in inside | {each.name for of in self.records.values() for each in of.values}:
            return (
                "每项的内容只能写在“合计(…)”“任一项(…)”这类括号里",
                "a record's fields stand only inside `total of (…)` and the like",
            )
        return f"“{name}”写在后面：计算出的值要先写后用", f"`{name}` is declared further down: compute before use"

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

    # --- figures

    @property
    def language(self) -> Language:
        return self.lexicon.language

    def say(self, zh: str, en: str) -> str:
        return zh if self.language == "zh" else en

    def text(self, token: lark.Token) -> str:
        """Write a unit as people do; any other word as it stands."""
        known = token.type == "UNIT" and token.value in UNITS
        return spell(UNITS, token.value, self.language) if known else str(token.value)

    @property
    def whole_words(self) -> str:
        return self.say(
            "整数（算出来的数先用“进位到(…, 1)”或“舍去到(…, 1)”取整）", "a whole number (`round up (…, 1)`)"
        )

    def literal_of(self, fact: Fact, literal: Parsed) -> int:
        """Read a figure on a fact's own scale; a unit, where one stands, must be the fact's."""
        number = next(child for child in literal.children if isinstance(child, lark.Token))
        unit = next((child for child in trees(literal) if child.data == "unit"), None)
        if unit is not None:
            token = token_of(unit.children[0])
            repair = in_unit(fact.name, fact.kind, fact.unit, self.lexicon.currency, number.value)
            if fact.kind == "money":
                if token.type not in MONEY_UNITS:
                    self.fail("unit_mismatch", token, found=self.text(token), expected=fact.name, repair=repair)
                # The amount is whole units where no hundredths are in use.
                return int(self.money(number, token) * fact.grid)
            if token.type in MONEY_UNITS or token.value != fact.unit:
                self.fail("unit_mismatch", token, found=self.text(token), expected=fact.name, repair=repair)
        try:
            return scaled(number.value, fact.scale)
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
        whole, _, part = number.value.partition(".")
        if len(part) == 3 and unit.type == "YUAN" and int(whole):
            # 1.000 euros is a thousand where it was published; nobody means one.
            figure = whole + part
            repair = (f"千位不用点：写 {figure}", f"no point between thousands: write {figure}")
            self.fail("too_precise", number, found=number.value, expected=self.say("金额", "an amount"), repair=repair)
        if Fraction(amount, 10 ** (MONEY_SCALE - decimals(currency))).denominator != 1:
            self.fail("too_precise", number, found=number.value, expected=money_word("FEN", currency, self.language))
        if len(str(amount)) > MAX_DIGITS:
            self.fail("number_too_long", number, found=number.value)
        return int(amount)
