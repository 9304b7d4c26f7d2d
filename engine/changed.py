"""Where a computed value of one version of a rule can come to something else in another version.

It speaks of facts and of values that both versions compute alike; a value whose own lines are looked up by one that
changed can differ anywhere.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any as Anything

from engine.adjusted import stands, unlocated
from engine.cuts import walk
from engine.normal import Normal, constant
from engine.region import Form, both, either
from engine.rule import Rule
from engine.tree import Along, Arithmetic, Branches, Expr, Formula, Later, Named, Table, Tally, names_in


@dataclass(slots=True)
class Changed:
    """The values of two versions, held against each other; `other` names facts and lists declared otherwise."""

    old: Normal
    new: Normal
    other: frozenset[str]
    known: dict[str, Form] = field(default_factory=dict)

    def any_of(self, names: Iterable[str]) -> Form:
        """Say where one of these facts or values can differ."""
        return either(self.name(each) for each in dict.fromkeys(names))

    def name(self, name: str) -> Form:
        found = self.known.get(name)
        if found is None:
            found = self.known[name] = self._name(name)
        return found

    def _name(self, name: str) -> Form:
        one, two = self.old.rule.named.get(name), self.new.rule.named.get(name)
        if one is None and two is None:
            # A fact, what the engine gives, or the field or the value of a record, of which no formula speaks.
            inner, other = _of_records(self.old.rule, name), _of_records(self.new.rule, name)
            return True if name in self.other or inner != other else self.any_of(inner.reads if inner else ())
        if one is None or two is None or one.kind != two.kind:
            return True
        if one == two:
            return self.any_of(one.reads)
        match one.how, two.how:
            case Formula(part=left), Formula(part=right) if one.kind in ("money", "number"):
                return self._expr(left, right)  # type: ignore[arg-type]  # of a figure it is an expression
            case Table() | Branches(), Table() | Branches() if not self._moved(one) and not self._moved(two):
                return either(self._lines(one, two))
            case _:
                return True

    def _moved(self, named: Named) -> bool:
        """Say whether it changed which line is found on the same facts."""
        asked: list[str] = []
        match named.how:
            case Table(rows=rows, columns=columns):
                asked = [axis.name for axis in (rows, columns) if axis is not None]
            case Branches(rows=branches):
                asked = [name for when, _value in branches if when is not None for name in names_in(when)]
        return self.any_of(asked) is not False

    def _lines(self, one: Named, two: Named) -> Iterator[Form]:
        """Yield where a line of the old version meets one of the new that gives something else, or none at all."""
        before, after = list(self.old.lines(one)), list(self.new.lines(two))
        for form, left in before:
            for other, right in after:
                apart = self._expr(left, right)
                if apart is not False:
                    yield both([form, other, apart])
        yield both([self.old.missing(one), either(form for form, _value in after)])
        yield both([self.new.missing(two), either(form for form, _value in before)])
        if [form for form, _value in before] != [form for form, _value in after]:
            yield self.old.doubled(one)
            yield self.new.doubled(two)

    def _expr(self, left: Expr, right: Expr) -> Form:
        if left == right:
            return self.any_of(names_in(left))
        names = (*names_in(left), *names_in(right))
        one, two = self.old.rule.by_name, self.new.rule.by_name
        if any((each in one) != (each in two) for each in names) or self.any_of(names) is not False:
            return True
        if any(unlocated(self.old.rule, each) for each in (left, right)) or partial(left) != partial(right):
            return True
        return either([stands(self.old, "<", left, right), stands(self.old, ">", left, right)])


def partial(whole: Anything) -> set[object]:
    """List what may leave an expression without a value: divisors, the first of no days, a line of no length."""
    found: set[object] = set()
    for _records, node in walk(whole):
        match node:
            case Later() | Tally(of_days=True):
                found.add(node)
            case Along(start=start, end=end) if constant(start) is None or constant(end) is None:
                found.add(node)
            case Arithmetic(op="/", right=right) if constant(right) is None:
                found.add(right)
    return found


def _of_records(rule: Rule, name: str) -> Named | None:
    found = (each.named[name] for each in rule.records if name in each.named)
    return next(found, None)
