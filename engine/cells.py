"""From parsed cells to nodes: conditions, outcomes and statutory ranges, checked against the facts a file declares."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any as Anything
from typing import NoReturn, TypeVar

import lark

from engine.errors import Complaints
from engine.grammar import Parsed, parse_cell, token_of, tree_of
from engine.lexer import Lexicon
from engine.numbers import MAX_DIGITS, NotANumber, exact, scaled
from engine.tree import (
    NOWHERE,
    All,
    Amount,
    Any,
    Compare,
    Condition,
    ConfiscateGains,
    ConfiscateGoods,
    Educate,
    Fact,
    Fine,
    Fixed,
    Is,
    Language,
    Measure,
    Multiple,
    NoPenalty,
    Not,
    OneOf,
    Operator,
    OrderToCorrect,
    PerUnit,
    RevokeLicence,
    Warn,
)
from engine.words import listed
from engine.yamltext import Scalar

_OPERATORS: Mapping[str, Operator] = {"EQ": "=", "NE": "!=", "LT": "<", "LE": "<=", "GT": ">", "GE": ">="}
_FLIPPED: Mapping[Operator, Operator] = {"=": "=", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}

T = TypeVar("T")
NOTHING = Scalar("", NOWHERE)


class Unusable(Exception):
    """A finding was recorded while building; the cell gives no node."""


@dataclass(slots=True)
class Builder:
    """Builds nodes from one file's cells: it knows the facts, and complains with the place of each word."""

    facts: Mapping[str, Fact]
    lexicon: Lexicon
    complaints: Complaints
    bounds_inclusive: bool = True
    cell: Scalar = field(default=NOTHING)

    # Each public method returns None after recording a finding.

    def condition(self, cell: Scalar) -> Condition | None:
        return self._read(cell, "condition", lambda tree: self._any(tree_of(tree.children[0])))

    def outcome(self, cell: Scalar) -> tuple[Measure, ...] | None:
        return self._read(cell, "outcome", self._outcome)

    def statutory(self, cell: Scalar) -> tuple[Amount, Amount] | None:
        return self._read(cell, "statutory", self._statutory)

    def _read(self, cell: Scalar, start: str, build: Callable[[Parsed], T]) -> T | None:
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

    # --- conditions

    def _any(self, tree: Parsed) -> Condition:
        parts = tuple(self._all(tree_of(child)) for child in tree.children if isinstance(child, lark.Tree))
        return parts[0] if len(parts) == 1 else Any(parts=parts)

    def _all(self, tree: Parsed) -> Condition:
        parts = tuple(self._negation(tree_of(child)) for child in tree.children if isinstance(child, lark.Tree))
        return parts[0] if len(parts) == 1 else All(parts=parts)

    def _negation(self, tree: Parsed) -> Condition:
        match tree.data:
            case "negated":
                return Not(part=self._negation(tree_of(tree.children[1])))
            case "group":
                return self._any(tree_of(tree.children[1]))
            case "bounded":
                return self._bounded(tree)
            case "one_of":
                return self._one_of(tree)
            case _:
                return self._chain(tree)

    def _chain(self, tree: Parsed) -> Condition:
        if len(tree.children) == 1:
            return Is(fact=self._fact(tree_of(tree.children[0]), ("yes_no",)).name)
        operands = [tree_of(child) for child in tree.children[::2]]
        comparators = [token_of(tree_of(child).children[0]) for child in tree.children[1::2]]
        parts = tuple(
            self._compare(left, sign, right)
            for left, sign, right in zip(operands, comparators, operands[1:], strict=False)
        )
        return parts[0] if len(parts) == 1 else All(parts=parts)

    def _compare(self, left: Parsed, sign: lark.Token, right: Parsed) -> Condition:
        op = _OPERATORS[sign.type]
        if left.data == "literal" and right.data == "fact":
            left, right, op = right, left, _FLIPPED[op]
        if right.data == "option":
            fact = self._fact(left, ("choice",))
            chosen = OneOf(fact=fact.name, choices=(self._option(fact, right),))
            if op == "=":
                return chosen
            if op == "!=":
                return Not(part=chosen)
            self.fail("wrong_fact_kind", sign, found=fact.name, expected=_numeric_words(self.lexicon.language))
        fact = self._fact(left, ("integer", "number", "money"))
        if right.data != "literal":
            self.fail(
                "wrong_fact_kind",
                token_of(right.children[0]),
                found=token_of(right.children[0]).value,
                expected=_word("数字", "a number", self.lexicon.language),
            )
        return Compare(fact=fact.name, op=op, value=self._literal(fact, right))

    def _bounded(self, tree: Parsed) -> Condition:
        fact = self._fact(tree_of(tree.children[0]), ("integer", "number", "money"))
        figure = tree_of(tree.children[1])
        if figure.data != "literal":
            name = token_of(figure.children[0])
            self.fail("cell_syntax", name, found=name.value, expected=_word("数字", "a number", self.lexicon.language))
        value = self._literal(fact, figure)
        more = token_of(tree_of(tree.children[2]).children[0]).type == "OR_MORE"
        # 以上、以下 mean what the regime says they mean.
        op: Operator = (">=" if more else "<=") if self.bounds_inclusive else (">" if more else "<")
        return Compare(fact=fact.name, op=op, value=value)

    def _one_of(self, tree: Parsed) -> Condition:
        operands = [tree_of(child) for child in tree.children if isinstance(child, lark.Tree)]
        fact = self._fact(operands[0], ("choice",))
        return OneOf(fact=fact.name, choices=tuple(self._option(fact, operand) for operand in operands[1:]))

    def _fact(self, operand: Parsed, kinds: tuple[str, ...]) -> Fact:
        token = token_of(operand.children[0])
        if operand.data != "fact":
            self.fail(
                "cell_syntax",
                token,
                found=token.value,
                expected=_word("事实名称", "a fact", self.lexicon.language),
            )
        return self.fact_of(token, kinds)

    def fact_of(self, token: lark.Token, kinds: tuple[str, ...]) -> Fact:
        fact = self.facts[token.value]
        if fact.kind not in kinds:
            language = self.lexicon.language
            wanted = _word("是否", "a yes or no fact", language)
            if "choice" in kinds:
                wanted = _word("选项", "a choice", language)
            elif "yes_no" not in kinds:
                wanted = _numeric_words(language)
            repair = ("", "")
            if fact.kind == "yes_no":
                repair = (f"直接写“{fact.name}”或“非{fact.name}”", f"write `{fact.name}` or `not {fact.name}`")
            self.fail("wrong_fact_kind", token, found=fact.name, expected=wanted, repair=repair)
        return fact

    def _option(self, fact: Fact, operand: Parsed) -> str:
        token = token_of(operand.children[0])
        if operand.data != "option" or token.value not in fact.choices:
            self.fail(
                "unknown_choice",
                token,
                found=token.value,
                expected=fact.name,
                repair=(f"可选{listed(fact.choices, 'zh')}", f"choose from {listed(fact.choices, 'en')}"),
            )
        return str(token.value)

    def _literal(self, fact: Fact, operand: Parsed) -> int:
        number = token_of(operand.children[0])
        if len(operand.children) > 1:
            unit = token_of(tree_of(operand.children[1]).children[0])
            if fact.kind == "money":
                if unit.type == "UNIT":
                    self.fail("unit_mismatch", unit, found=unit.value, expected=fact.name)
                return self.money(number, unit)
            if unit.type != "UNIT" or unit.value != fact.unit:
                self.fail("unit_mismatch", unit, found=unit.value, expected=fact.name)
        return self.scaled(number, fact)

    def scaled(self, number: lark.Token, fact: Fact) -> int:
        try:
            return scaled(number.value, fact.scale)
        except NotANumber as error:
            code = "too_precise" if error.too_precise else "number_too_long"
            self.fail(code, number, found=number.value, expected=fact.name)

    # --- amounts and measures

    def _outcome(self, tree: Parsed) -> tuple[Measure, ...]:
        measures = [child for child in tree.children if isinstance(child, lark.Tree)]
        built = tuple(self._measure(measure) for measure in measures)
        first = _first_token(measures[0])
        if sum(isinstance(measure, Fine) for measure in built) > 1:
            self.fail("two_fines", first)
        if len(built) > 1 and any(isinstance(measure, NoPenalty) for measure in built):
            self.fail("no_penalty_with_others", first)
        return built

    def _measure(self, tree: Parsed) -> Measure:
        match tree.data:
            case "fine":
                return Fine(amount=self._amount(tree_of(tree.children[1])))
            case "warn":
                return Warn()
            case "confiscate_gains":
                return ConfiscateGains(fact=self.fact_of(token_of(tree.children[1]), ("money",)).name)
            case "confiscate_goods":
                return ConfiscateGoods(goods=token_of(tree.children[1]).value)
            case "revoke":
                return RevokeLicence(licence=token_of(tree.children[1]).value)
            case "order_to_correct":
                return OrderToCorrect()
            case "educate":
                return Educate()
            case _:
                return NoPenalty()

    def _amount(self, tree: Parsed) -> Amount:
        return self._amounts(tree)[0]

    def _statutory(self, tree: Parsed) -> tuple[Amount, Amount]:
        amounts = self._amounts(tree)
        return amounts[0], amounts[-1]

    def _amounts(self, tree: Parsed) -> list[Amount]:
        """Build the one or two amounts of a cell, all over the same fact where it names one."""
        base: Fact | None = None
        quantities = [
            child for child in tree.children if isinstance(child, lark.Tree) and child.data in ("money", "fold")
        ]
        per = next((child for child in tree.children if isinstance(child, lark.Tree) and child.data == "per"), None)
        folds = bool(quantities) and quantities[0].data == "fold"
        for child in tree.children:
            if isinstance(child, lark.Token) and child.type == "FACT":
                base = self.fact_of(child, ("money",) if folds else ("integer", "number"))
        if per is not None:
            unit = token_of(per.children[1])
            if base is None or base.unit != unit.value:
                self.fail("unit_mismatch", unit, found=unit.value, expected=base.name if base else "×")
        amounts: list[Amount] = []
        for quantity in quantities:
            number = token_of(quantity.children[0])
            if folds:
                assert base is not None
                amounts.append(Multiple(ratio=self._exact(number), fact=base.name))
            else:
                fen = self.money(number, token_of(quantity.children[1]))
                amounts.append(PerUnit(fen=fen, fact=base.name) if base else Fixed(fen=fen))
        return amounts

    def _exact(self, number: lark.Token) -> Fraction:
        try:
            return exact(number.value)
        except NotANumber:
            self.fail("number_too_long", number, found=number.value)

    def money(self, number: lark.Token, unit: lark.Token) -> int:
        amount = self._exact(number) * {"FEN": 1, "YUAN": 100, "WAN_YUAN": 1_000_000}[unit.type]
        if amount.denominator != 1:
            self.fail("too_precise", number, found=number.value, expected=_word("分", "fen", self.lexicon.language))
        if len(str(amount)) > MAX_DIGITS:
            self.fail("number_too_long", number, found=number.value)
        return int(amount)


def _numeric_words(language: Language) -> str:
    return _word("整数、数或金额", "a number or money", language)


def _word(zh: str, en: str, language: Language) -> str:
    return zh if language == "zh" else en


def _first_token(tree: Parsed) -> lark.Token:
    return next(tree.scan_values(lambda value: isinstance(value, lark.Token)))
