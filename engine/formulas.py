"""From parsed cells to conditions, on top of expressions: comparisons, choices, 且, 或, 非."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NoReturn, cast

import lark

from engine.errors import Complaints
from engine.fact import Fact
from engine.functions import Functions
from engine.grammar import Parsed, atom_of, first_token, numeric_words, signed_figure, token_of, tree_of, trees
from engine.lexer import tokens_of
from engine.near import bounds, in_units
from engine.shapes import CONSTANT, RATIO, STEPS, Typed
from engine.tree import All, Always, Any, Compare, Condition, Not, OneOf, Operator, Relation
from engine.words import listed
from engine.yamltext import Scalar

OPERATORS: Mapping[str, Operator] = {"EQ": "=", "NE": "!=", "LT": "<", "LE": "<=", "GT": ">", "GE": ">="}
_FLIPPED: Mapping[Operator, Operator] = {"=": "=", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}


@dataclass(slots=True)
class Formulas(Functions):
    """Builds conditions and expressions from one file's cells."""

    def condition(self, cell: Scalar) -> Condition | None:
        with self.without_limits():
            return self.read(cell, "condition", lambda tree: self._whole_cell(tree_of(tree.children[0])))

    def formula(self, cell: Scalar) -> Typed | None:
        return self.read(cell, "formula", lambda tree: self.any(tree_of(tree.children[0])))

    # --- conditions

    def _whole_cell(self, tree: Parsed) -> Condition:
        return Always() if tree.data == "always" else self.truth(tree)

    def truth(self, tree: Parsed) -> Condition:
        """Build a part that must be a condition."""
        typed = self.any(tree)
        if typed.kind != "yes_no":
            token = first_token(tree)
            fact = self.facts.get(token.value)
            found = fact.name if fact else token.value
            self.fail("wrong_fact_kind", token, found=found, expected=self.say("是否", "a yes or no fact"))
        return cast(Condition, typed.node)

    def any(self, tree: Parsed) -> Typed:
        if len(tree.children) == 1:
            return self._all(tree_of(tree.children[0]))
        parts = [self._all(child) for child in trees(tree)]
        return Typed(Any(parts=self._truths(parts, tree)), "yes_no", shape=STEPS)

    def _all(self, tree: Parsed) -> Typed:
        if len(tree.children) == 1:
            return self._negation(tree_of(tree.children[0]))
        parts = [self._negation(child) for child in trees(tree)]
        return Typed(All(parts=self._truths(parts, tree)), "yes_no", shape=STEPS)

    def _truths(self, parts: list[Typed], tree: Parsed) -> tuple[Condition, ...]:
        for part, child in zip(parts, trees(tree), strict=True):
            if part.kind != "yes_no":
                token = first_token(child)
                self.fail("wrong_fact_kind", token, found=token.value, expected=self.say("是否", "a yes or no fact"))
        return tuple(part.node for part in parts)

    def _negation(self, tree: Parsed) -> Typed:
        match tree.data:
            case "negated":
                inner = self._negation(tree_of(tree.children[1]))
                part = self._truths([inner], lark.Tree("all", [tree.children[1]]))[0]
                return Typed(Not(part=part), "yes_no", shape=STEPS)
            case "bounded":
                return self._bounded(tree)
            case "spanned":
                return self._spanned(tree)
            case "one_of":
                return self._one_of(tree)
            case _:
                return self._chain(tree)

    def _chain(self, tree: Parsed) -> Typed:
        if len(tree.children) == 1:
            return self.compared(tree_of(tree.children[0]))
        operands = [tree_of(child) for child in tree.children[::2]]
        signs = [token_of(tree_of(child).children[0]) for child in tree.children[1::2]]
        parts = tuple(
            self._compare(left, sign, right) for left, sign, right in zip(operands, signs, operands[1:], strict=False)
        )
        return Typed(parts[0] if len(parts) == 1 else All(parts=parts), "yes_no", shape=STEPS)

    def _compare(self, left: Parsed, sign: lark.Token, right: Parsed) -> Condition:
        op = OPERATORS[sign.type]
        if (choice := self._choice(left)) is not None:
            return self._choose(choice, op, first_token(left), right)
        if signed_figure(left) is not None and atom_of(right, "fact") is not None:
            left, right, op = right, left, _FLIPPED[op]
        return self._relate(left, op, right)

    def _choice(self, tree: Parsed) -> Fact | None:
        atom = atom_of(tree, "fact")
        if atom is None:
            return None
        fact = self.declared(token_of(atom.children[0]))
        return fact if isinstance(fact, Fact) and fact.kind == "choice" else None

    def _choose(self, fact: Fact, op: Operator, token: lark.Token, right: Parsed) -> Condition:
        if op not in ("=", "!="):
            self.fail("wrong_fact_kind", token, found=fact.name, expected=numeric_words(self.language))
        chosen = OneOf(fact=fact.name, choices=(self._option(fact, right),))
        return chosen if op == "=" else Not(part=chosen)

    def _relate(self, left: Parsed, op: Operator, right: Parsed) -> Condition:
        """Compare two sums; a numeric fact against a plain figure stays on the fact's own scale."""
        atom, figure = atom_of(left, "fact"), signed_figure(right)
        if atom is not None and figure is not None:
            token = token_of(atom.children[0])
            declared = self.declared(token)
            if isinstance(declared, Fact) and declared.kind not in ("integer", "number", "money"):
                self._not_numeric(declared, token)
            if isinstance(declared, Fact):
                sign, literal = figure
                return Compare(fact=declared.name, op=op, value=sign * self.literal_of(declared, literal))
        if atom_of(right, "option") is not None:
            token = first_token(left)
            self.fail("wrong_fact_kind", token, found=token.value, expected=self.say("选项", "a choice"))
        one, other = self.compared(left), self.compared(right)
        for typed, tree in ((one, left), (other, right)):
            if typed.kind not in ("number", "money", "day"):
                token = first_token(tree)
                fact = self.facts.get(token.value)
                if fact is not None:
                    self._not_numeric(fact, token)
                self.fail("wrong_fact_kind", token, found=token.value, expected=numeric_words(self.language))
        if one.shape == other.shape == CONSTANT:
            expected = self.say("事实或计算出的值", "a fact or a computed value")
            token = first_token(left)
            # 面积 超过1不超过2: the second bound has lost its name.
            words = tokens_of(self.cell, self.lexicon, Complaints()) or []
            at = next((number for number, word in enumerate(words) if word.offset == token.start_pos), 0)
            repair = bounds(self.cell.text, words, at) or ("", "")
            self.fail("cell_syntax", token, found=token.value, expected=expected, repair=repair)
        if one.kind != other.kind or (one.unit and other.unit and one.unit != other.unit):
            token = first_token(right)
            repair = in_units((one.kind, one.unit), (other.kind, other.unit))
            self.fail("unit_mismatch", token, found=token.value, expected=first_token(left).value, repair=repair)
        if RATIO in (one.shape, other.shape) and CONSTANT not in (one.shape, other.shape):
            # Against another quantity a ratio could turn back.
            token = first_token(right)
            self.fail("ratio_used", token, found=token.value)
        return Relation(op=op, left=one.node, right=other.node)

    def _not_numeric(self, fact: Fact, token: lark.Token) -> NoReturn:
        repair = ("", "")
        if fact.kind == "yes_no":
            repair = (f"直接写“{fact.name}”或“非{fact.name}”", f"write `{fact.name}` or `not {fact.name}`")
        self.fail("wrong_fact_kind", token, found=fact.name, expected=numeric_words(self.language), repair=repair)

    def _bounded(self, tree: Parsed) -> Typed:
        left, figure = tree_of(tree.children[0]), tree_of(tree.children[1])
        more = token_of(tree.children[2]).type == "OR_MORE"
        return Typed(self._relate(left, self._bound(more), figure), "yes_no", shape=STEPS)

    def _spanned(self, tree: Parsed) -> Typed:
        left, low, _more, high, _less = tree.children
        subject = tree_of(left)
        parts = (
            self._relate(subject, self._bound(True), tree_of(low)),
            self._relate(subject, self._bound(False), tree_of(high)),
        )
        return Typed(All(parts=parts), "yes_no", shape=STEPS)

    def _bound(self, more: bool) -> Operator:
        # 以上、以下 mean what the regime says they mean.
        if more:
            return ">=" if self.more_included else ">"
        return "<=" if self.less_included else "<"

    @property
    def more_included(self) -> bool:
        return self.bounds != "exclusive"

    @property
    def less_included(self) -> bool:
        return self.bounds == "inclusive"

    def _one_of(self, tree: Parsed) -> Typed:
        operands = list(trees(tree))
        fact = self._choice(operands[0])
        if fact is None:
            token = first_token(operands[0])
            self.fail("wrong_fact_kind", token, found=token.value, expected=self.say("选项", "a choice"))
        node = OneOf(fact=fact.name, choices=tuple(self._option(fact, operand) for operand in operands[1:]))
        return Typed(node, "yes_no", shape=STEPS)

    def _option(self, fact: Fact, operand: Parsed) -> str:
        atom = atom_of(operand, "option")
        token = token_of(atom.children[0]) if atom is not None else first_token(operand)
        if atom is None or token.value not in fact.choices:
            self.fail(
                "unknown_choice",
                token,
                found=token.value,
                expected=fact.name,
                repair=(f"可选{listed(fact.choices, 'zh')}", f"choose from {listed(fact.choices, 'en')}"),
            )
        return str(token.value)
