"""The facts of one decision, what has been worked out from them, and the functions that work it out.

Each node of the tree is made into one function of a scope when it is first asked for (`run_conditions`, `run_values`):
it looks up once what never changes, and a decision only calls it.
"""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any as Anything
from typing import TypeAlias, TypeVar, final

from engine.arithmetic import Exact, Undefined, ratio
from engine.fact import Fact
from engine.given import Value
from engine.rule import Row
from engine.tree import Day, Expr, Money, Named, Node, Number, Records


@final
class Missing(tuple[str, ...]):
    """The names of facts that are missing, in the order they were met."""

    __slots__ = ()


class Scope:
    """The facts of one decision and what has been worked out from them."""

    __slots__ = (
        "facts", "high", "insides", "limits", "lists", "low", "named", "outer", "root", "taken", "values", "weighed",
        "worked",
    )  # fmt: skip

    # By hand and not as a dataclass: every record of a list has one.
    def __init__(
        self,
        values: Mapping[str, Value],
        facts: Mapping[str, Fact],
        named: Mapping[str, Named],
        lists: Mapping[str, Records],
        low: Expr | None = None,
        high: Expr | None = None,
        outer: "Scope | None" = None,
        root: "Scope | None" = None,
    ) -> None:
        self.values, self.facts, self.named, self.lists = values, facts, named, lists
        self.low, self.high, self.outer, self.root = low, high, outer, root
        self.worked: dict[str, Anything] = {} if root is None else root.worked
        # What gave a named value: the line and column of its table, its branch, or its bands (`reasoning.line_text`).
        self.taken: dict[str, tuple[Anything, ...]] = {} if root is None else root.taken
        self.limits: dict[str, Scope] = {}
        self.insides: dict[str, tuple[Scope, ...]] = {}
        # The ends that fines of rows come to, by who pays, once they were weighed (`heavier`).
        self.weighed: list[tuple[Row, str, tuple[Exact, Exact] | None]] = []

    def declared(self, name: str) -> Fact | Named | None:
        found = self.named.get(name) or self.facts.get(name)
        return found if found is not None or self.outer is None else self.outer.declared(name)

    def raw(self, name: str) -> Value | Missing:
        """Return a fact's value as read, or what is missing."""
        if name in self.facts or name.startswith("@"):
            value = self.values.get(name)
            return Missing((name,)) if value is None else value
        return self.outer.raw(name) if self.outer is not None else Missing((name,))

    def value(self, name: str) -> Exact | date | bool | Missing:
        """Return a fact or named value as expressions use it: exact, a percentage as a share."""
        found: Anything = self.values.get(name)
        if found is not None:
            fact = self.facts.get(name)  # None for what the engine gives: @on, @decided, @fine.
            if fact is None or fact.over == 1:
                return found  # type: ignore[no-any-return]
            # Money of a currency without hundredths is given in whole units, and reckoned in hundredths like all money.
            return ratio(found * fact.over.denominator, fact.over.numerator)
        found = self.worked.get(name)
        if found is not None:
            return found  # type: ignore[no-any-return]
        named = self.named.get(name)
        if named is not None:
            try:
                # It names no statutory limit, so it is the same within all of them.
                found = self.worked[name] = run_of(named)(self.root or self)
            except Undefined as undefined:
                raise Undefined(undefined.code, undefined.name or name, undefined.axis) from undefined
            return found  # type: ignore[no-any-return]
        return Missing((name,)) if self.outer is None or name in self.facts else self.outer.value(name)

    def each_of(self, name: str) -> "tuple[Scope, ...] | Missing":
        """Return the scopes of all records of a list, in which their values are worked out once."""
        found = self.insides.get(name)
        if found is None:
            records: Anything = self.raw(name)
            if type(records) is Missing:
                return records
            of = self.lists[name]
            # Its own fields and values stand before those of the decision.
            found = self.insides[name] = tuple(
                [Scope(record, of.by_name, of.named, {}, self.low, self.high, self) for record in records]
            )
        return found

    def within(self, name: str, low: Expr | None, high: Expr | None) -> "Scope":
        """Return the scope in which 法定下限 and 法定上限 are the ends of the statutory range of that name."""
        found = self.limits.get(name)
        if found is None:
            found = Scope(self.values, self.facts, self.named, self.lists, low, high, root=self)
            self.limits[name] = found
        return found

    def with_given(self, amounts: Mapping[str, Value]) -> "Scope":
        """Return the scope in which the engine gives these too; no named value asks for them."""
        values = {**self.values, **amounts}
        root = self.root or self
        return Scope(values, self.facts, self.named, self.lists, self.low, self.high, root=root)

    def part(self) -> None:
        """Let go of the scopes made from it: they point back to it, and nothing need be collected later."""
        self.limits.clear()
        self.insides.clear()


# --- nodes as functions ----------------------------------------------------------------------------------------------

Run: TypeAlias = Callable[[Scope], Anything]
_Made = TypeVar("_Made", bound=Callable[[Anything], Run])
_MAKERS: dict[type, Callable[[Anything], Run]] = {}


def runs(kind: type[Node]) -> Callable[[_Made], _Made]:
    """Declare what makes the function of a kind of node."""

    def declare(maker: _Made) -> _Made:
        _MAKERS[kind] = maker
        return maker

    return declare


def run_of(node: Node) -> Run:
    """Return a node's function of a scope, made when it is first asked for."""
    try:
        return node.run
    except AttributeError:
        run = _MAKERS[type(node)](node)
        object.__setattr__(node, "run", run)
        return run


def constant(expr: Expr) -> Anything:
    """Return the value of an expression that is the same whatever the facts are, None of any other."""
    match expr:
        case Number(exact=value) | Money(fen=value) | Day(day=value):
            return value
        case _:
            return None


def both(*found: Anything) -> Missing:
    """Join what is missing on either side."""
    return Missing([name for each in found if type(each) is Missing for name in each])


def foremost(undefined: list[Undefined]) -> Undefined:
    """Choose which of several to tell of, by their names and not by their order."""
    return min(undefined, key=lambda each: (each.code, each.name))
