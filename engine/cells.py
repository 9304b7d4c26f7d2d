"""From parsed cells to what a row does: outcomes, statutory ranges, adjustments, tier moves, positions, table lines."""

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Literal, cast

import lark

from engine.currency import unit_word
from engine.expressions import MONEY_UNITS, Unusable
from engine.fact import Cell
from engine.grammar import Parsed, atom_of, first_token, token_of, tree_of
from engine.lines import Lines
from engine.measures import (
    Bracket,
    Change,
    ConfiscateGains,
    ConfiscateGoods,
    Criticise,
    Detain,
    Educate,
    Fine,
    Flag,
    Measure,
    Move,
    NoPenalty,
    Order,
    OrderToCorrect,
    Output,
    Position,
    Restrict,
    RevokeLicence,
    StopBusiness,
    SuspendLicence,
    Warn,
)
from engine.near import in_units
from engine.shapes import LINEAR, RATIO, STEPS, Typed
from engine.tree import Along, Arithmetic, Expr, Money, Named, Number
from engine.yamltext import Scalar

MAX_TIERS = 20


@dataclass(slots=True)
class Builder(Lines):
    """Builds every kind of cell of one file. Each public method returns None after recording a finding."""

    def outcome(self, cell: Scalar) -> tuple[Measure, ...] | None:
        return self.read(cell, "outcome", self._outcome)

    def statutory(self, cell: Scalar) -> tuple[Expr | None, Expr | None] | None:
        with self.without_limits():
            return self.read(cell, "statutory", self._statutory)

    def adjustment(self, cell: Scalar) -> Change | None:
        return self.read(cell, "adjustment", self._adjustment)

    def move(self, cell: Scalar) -> Move | None:
        return self.read(cell, "move", self._move)

    def position(self, cell: Scalar) -> Position | None:
        return self.read(cell, "position", lambda tree: self._position(tree, cell))

    # --- measures

    def _outcome(self, tree: Parsed) -> tuple[Measure, ...]:
        parts = [child for child in tree.children if isinstance(child, lark.Tree)]
        built: list[Measure] = []
        if len(parts) == 1 and parts[0].data == "refuse":
            # What was published cannot be read as an outcome; the defect says why.
            return ()
        for part in parts:
            if part.data in ("cap", "floor", "beyond"):
                self._bound_fine(part, built)
            elif part.data == "on_payer":
                built.append(self._on(token_of(part.children[1]), tree_of(part.children[2])))
            else:
                built.append(self._measure(part))
        first = first_token(parts[0])
        payers = [measure.payer for measure in built if isinstance(measure, Fine)]
        if len(set(payers)) != len(payers):
            self.fail("two_fines", first)
        if len(built) > 1 and any(isinstance(measure, NoPenalty) for measure in built):
            self.fail("no_penalty_with_others", first)
        return tuple(built)

    def _on(self, payer: lark.Token, part: Parsed) -> Measure:
        """Read a measure on a person or body named; no penalty is nobody's alone."""
        measure = self._measure(part)
        if isinstance(measure, NoPenalty):
            self.fail("no_penalty_with_others", payer)
        return replace(measure, payer=payer.value)

    def _bound_fine(self, part: Parsed, built: list[Measure]) -> None:
        """Read `不超过 3万元` behind a fine: it bounds the fine just written."""
        token = token_of(part.children[0])
        amount = self.sum(tree_of(part.children[1]))
        last = built[-1] if built else None
        if not isinstance(last, Fine) or amount.kind != "money":
            self.fail("bound_without_fine", token, found=token.value)
        if part.data == "cap" and last.cap is None:
            built[-1] = replace(last, cap=amount.node)
        elif part.data == "floor" and last.floor is None:
            built[-1] = replace(last, floor=amount.node)
        elif part.data == "beyond" and isinstance(last.amount, Along) and last.amount.beyond is None:
            built[-1] = replace(last, amount=replace(last.amount, beyond=amount.node))
        else:
            self.fail("bound_without_fine", token, found=token.value)

    def _measure(self, tree: Parsed) -> Measure:
        tokens = [child for child in tree.children if isinstance(child, lark.Token)]
        text = next((token.value for token in tokens if token.type == "TEXT"), "")
        match tree.data:
            case "fine":
                return Fine(amount=self._bracket(tree_of(tree.children[-1])))
            case "warn":
                return Warn()
            case "criticise":
                return Criticise()
            case "confiscate_gains":
                return ConfiscateGains(fact=self._gains(token_of(tree.children[1])))
            case "confiscate_goods":
                return ConfiscateGoods(goods=text)
            case "revoke":
                return RevokeLicence(licence=text)
            case "suspend":
                time, unit = self.time(tree)
                return SuspendLicence(licence=text, time=time, unit=unit)
            case "stop":
                if len(tree.children) == 1:
                    return StopBusiness()
                time, unit = self.time(tree)
                return StopBusiness(time=time, unit=unit)
            case "restrict":
                if len(tree.children) == 2:
                    return Restrict(what=text)
                time, unit = self.time(tree)
                return Restrict(what=text, time=time, unit=unit)
            case "detain":
                time, unit = self.time(tree)
                return Detain(time=time, unit=unit)
            case "order":
                return Order(what=text)
            case "output":
                self.no_points(tree)
                value, unit = self.figures(tree, self.any_figure)
                return Output(name=text, value=value, unit=unit)
            case "flag":
                return Flag(what=text)
            case "order_to_correct":
                return OrderToCorrect()
            case "educate":
                return Educate()
            case "refuse":
                self.fail("no_penalty_with_others", tokens[0])
            case _:
                return NoPenalty(may=tree.data == "may_no_penalty")

    def _gains(self, token: lark.Token) -> str:
        declared = self.declared(token)
        if declared.kind != "money":
            self.fail("wrong_fact_kind", token, found=declared.name, expected=self.say("金额", "money"))
        if isinstance(declared, Named) and declared.shape == RATIO:
            self.fail("ratio_used", token, found=declared.name)
        return declared.name

    # --- amounts

    def _money(self, tree: Parsed) -> Typed:
        typed = self.sum(tree)
        if typed.kind != "money":
            token = first_token(tree)
            expected = unit_word(self.lexicon.currency, self.language)
            self.fail("not_money", token, found=token.value, expected=expected)
        return typed

    def _bracket(self, tree: Parsed) -> Expr | Bracket:
        sums = [child for child in tree.children if isinstance(child, lark.Tree)]
        tokens = [child.type for child in tree.children if isinstance(child, lark.Token)]
        at: Expr | None = None
        if "AT" in tokens:
            at = self._share(sums.pop())
        match tree.data:
            case "one":
                if at is not None:
                    self.fail("at_without_bracket", first_token(tree))
                return cast(Expr, self._money(sums[0]).node)
            case "two":
                low, high = self._ends(sums[0], sums[1])
                return Bracket(low=low, high=high, at=at)
            case "only_high":
                return Bracket(low=None, high=self._money(sums[0]).node, at=at)
            case "only_low":
                return Bracket(low=self._money(sums[0]).node, high=None, at=at)
            case _:
                return self._along(sums)

    def _share(self, tree: Parsed) -> Expr:
        typed = self.sum(tree)
        if typed.kind != "number":
            token = first_token(tree)
            self.fail(
                "wrong_fact_kind", token, found=token.value, expected=self.say("0 至 1 之间的数或百分数", "a share")
            )
        return cast(Expr, typed.node)

    def _ends(self, low: Parsed, high: Parsed) -> tuple[Expr, Expr]:
        """Build both ends; what the second end is multiplied by counts for a bare first end too (2倍至3倍 × 货值)."""
        top = self._money(high)
        figure = atom_of(low, "literal")
        node = top.node
        if figure is not None and isinstance(node, Arithmetic) and node.op == "*":
            first = self.atom(figure)
            chain: list[Expr] = []
            while isinstance(node, Arithmetic) and node.op == "*":
                chain.append(node.right)
                node = node.left
            if isinstance(node, Number | Money) and type(node) is type(first.node):
                bottom: Expr = first.node
                for factor in reversed(chain):
                    bottom = Arithmetic(op="*", left=bottom, right=factor)
                return bottom, top.node
        return self._money(low).node, top.node

    def _along(self, sums: list[Parsed]) -> Along:
        low, high = self._money(sums[0]), self._money(sums[1])
        of, start, end = (self.sum(each) for each in sums[2:])
        token = first_token(sums[2])
        if of.kind not in ("number", "money") or not (of.kind == start.kind == end.kind):
            self.fail(
                "wrong_fact_kind", token, found=token.value, expected=self.say("整数、数或金额", "a number or money")
            )
        if max(low.shape, high.shape, start.shape, end.shape) >= LINEAR:
            repair = (
                "一条直线的两个金额和起止两点，要是常数或按级变化的量",
                "both amounts and both ends of a line must be constants or vary in steps",
            )
            self.fail("not_linear", token, found=token.value, repair=repair)
        first, last = self._in_unit(of, start), self._in_unit(of, end)
        if isinstance(first, Number) and isinstance(last, Number) and not first.value < last.value:
            self.fail("bad_domain", first_token(sums[3]), found=f"{first.value} → {last.value}")
        return Along(low=low.node, high=high.node, of=of.node, start=first, end=last)

    def _in_unit(self, of: Typed, figure: Typed) -> Expr:
        """Read a bare figure beside a percentage as a percentage."""
        if of.unit == "percent" and not figure.unit and isinstance(figure.node, Number):
            return Number(value=Fraction(figure.node.value, 100))
        return cast(Expr, figure.node)

    def _statutory(self, tree: Parsed) -> tuple[Expr | None, Expr | None]:
        if len(tree.children) == 1:
            # The statute knows no fine.
            return None, None
        amount = self._bracket(tree_of(tree.children[1]))
        if isinstance(amount, Bracket):
            if amount.at is not None:
                self.fail("at_without_bracket", first_token(tree))
            return amount.low, amount.high
        return amount, amount

    # --- between row and amount

    def _adjustment(self, tree: Parsed) -> Change:
        head = tree_of(tree.children[0])
        shares = [self.sum(child) for child in head.children if isinstance(child, lark.Tree)]
        by, to = shares[0], shares[-1]
        kind = cast(Literal["up", "down", "add", "subtract", "times"], str(head.data))
        wanted = "money" if kind in ("add", "subtract") else "number"
        if by.kind != wanted or to.kind != wanted:
            token = first_token(head)
            expected = (
                self.say("金额", "money") if wanted == "money" else self.say("百分数或倍数", "a share or a factor")
            )
            self.fail("wrong_arguments", token, found=token.value, expected=expected)
        change = Change(kind=kind, by=by.node, to=to.node if len(shares) == 2 else None)
        for child in tree.children[1:]:
            if not isinstance(child, lark.Tree):
                continue
            if child.data == "below_range":
                change = replace(change, below_range=True)
                continue
            bound = self.sum(tree_of(child.children[-1]))
            if bound.kind != by.kind:
                token = first_token(child)
                repair = in_units((by.kind, by.unit), (bound.kind, bound.unit))
                self.fail("unit_mismatch", token, found=token.value, expected=first_token(head).value, repair=repair)
            change = replace(change, cap=bound.node) if child.data == "cap" else replace(change, floor=bound.node)
        return change

    def _move(self, tree: Parsed) -> Move:
        match tree.data:
            case "top":
                return Move(end="high")
            case "bottom":
                return Move(end="low")
        number = token_of(tree.children[1])
        if not number.value.isdigit() or not 1 <= int(number.value) <= MAX_TIERS:
            self.fail("bad_domain", number, found=number.value)
        tiers = int(number.value)
        return Move(tiers=tiers if tree.data == "move_up" else -tiers, top_at_end=len(tree.children) > 3)

    def _position(self, tree: Parsed, scalar: Scalar) -> Position:
        cell = Cell(text=scalar.text, place=scalar.place)
        ends = [self.sum(child) for child in tree.children if isinstance(child, lark.Tree)]
        match tree.data:
            case "top":
                return Position(low=Fraction(1), high=Fraction(1), cell=cell)
            case "bottom":
                return Position(low=Fraction(0), high=Fraction(0), cell=cell)
            case "range_only":
                return Position(low=Fraction(0), high=Fraction(1), cell=cell)
        shares = [each.node.value for each in ends if isinstance(each.node, Number)]
        if len(shares) != len(ends) or not 0 <= shares[0] <= shares[-1] <= 1:
            token = first_token(tree)
            expected = self.say("0% 至 100%", "0 % to 100 %")
            self.fail("wrong_arguments", token, found=token.value, expected=expected)
        is_open = any(isinstance(child, lark.Token) and child.type == "LT" for child in tree.children)
        return Position(low=shares[0], high=shares[-1], high_open=is_open, cell=cell)


__all__ = ["LINEAR", "MONEY_UNITS", "STEPS", "Builder", "Unusable"]
