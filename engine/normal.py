"""Conditions of a rule as formulas over regions: every comparison becomes “this axis lies in that set”.

A fact stands on its own grid, so its axis is exact. What a rule compares besides facts (a sum, a computed value, the
days between two dates) is an axis of its own, bounded by what its facts allow: what holds for all its values holds for
all facts; what holds for some of them has still to be shown on facts. A condition over a list of records is an axis
that is met or not.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from itertools import combinations
from typing import cast

from engine.bounds import Bounds, Interval, split
from engine.calendar import FIRST_YEAR, LAST_YEAR
from engine.cuts import sites_of
from engine.fact import Fact
from engine.kinds import Kinds, Record, some_record
from engine.pieces import on_grid
from engine.region import Axis, Box, Exact, Form, In, Part, Range, Search, both, common, either, nothing, tightened
from engine.rule import Rule
from engine.tree import (
    All,
    Always,
    Any,
    Arithmetic,
    Band,
    Branches,
    Compare,
    Condition,
    Day,
    Each,
    Expr,
    Formula,
    Is,
    Marginal,
    Money,
    Named,
    Not,
    Number,
    OneOf,
    Operator,
    Period,
    Ref,
    Relation,
    Table,
    Tally,
)
from engine.tree import Axis as TableAxis
from engine.wholes import is_whole, is_whole_named

_NEGATED: dict[Operator, Operator] = {"=": "!=", "!=": "=", "<": ">=", "<=": ">", ">": "<=", ">=": "<"}
_TURNED: dict[Operator, Operator] = {"=": "=", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
_DAYS = Range(date(FIRST_YEAR, 1, 1).toordinal(), date(LAST_YEAR, 12, 31).toordinal())
_ANSWERS: frozenset[object] = frozenset({True, False})
_WIDE = Fraction(10**31)


@dataclass(frozen=True, slots=True)
class Amount:
    """An axis that is no fact: what an expression comes to, less another."""

    left: Expr
    right: Expr | None


@dataclass(slots=True)
class Normal:
    """The axes of one rule, and its conditions as formulas over them."""

    rule: Rule
    domain: dict[Axis, Part] = field(default_factory=dict)
    grains: dict[Axis, Fraction | None] = field(default_factory=dict)
    kinds: dict[str, Kinds] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for fact in self.rule.facts:
            part = domain_of(fact)
            if part is not None:
                self.domain[fact.name] = part
                self.grains[fact.name] = Fraction(1)
        validity = self.rule.validity
        first = validity.first.toordinal()
        last = _DAYS.high if validity.last is None else validity.last.toordinal()
        self.domain["@on"] = Range(first, last)
        # A decision before its act is refused.
        self.domain["@decided"] = Range(first, _DAYS.high)
        self.grains["@on"] = self.grains["@decided"] = Fraction(1)

    def search(self, left: int) -> Search:
        """Return a search over this rule's axes."""
        return Search(self.domain, self.grains, self.linked, left)

    # --- conditions

    def form(self, condition: Condition, holds: bool = True) -> Form:
        """Write a condition, or that it does not hold, as a formula."""
        match condition:
            case Is(fact=name):
                named = self.rule.named.get(name)
                if named is not None and isinstance(named.how, Formula):
                    return self.form(cast(Condition, named.how.part), holds)
                return self._met(name, holds)
            case Compare(fact=name, op=op, value=value):
                return self._compared(name, op if holds else _NEGATED[op], value)
            case OneOf(fact=name, choices=choices):
                chosen: frozenset[object] = frozenset(choices)
                every = cast(frozenset[object], self.domain[name])
                return In(name, chosen & every if holds else every - chosen)
            case Relation(op=op, left=left, right=right):
                return self.relation(op if holds else _NEGATED[op], left, right)
            case Each():
                return self._met(condition, holds)
            case Always():
                return holds
            case Not(part=part):
                return self.form(part, not holds)
            case All(parts=parts):
                return (both if holds else either)(self.form(part, holds) for part in parts)
            case Any(parts=parts):
                return (either if holds else both)(self.form(part, holds) for part in parts)

    def _met(self, axis: Axis, holds: bool) -> Form:
        self.domain.setdefault(axis, _ANSWERS)
        return In(axis, frozenset({holds}))

    def relation(self, op: Operator, left: Expr, right: Expr) -> Form:
        """Write a comparison of two expressions."""
        left, right = self.plain(left), self.plain(right)
        if constant(left) is not None:
            left, right, op = right, left, _TURNED[op]
        value = constant(right)
        if value is not None and isinstance(left, Ref):
            fact = self.rule.by_name.get(left.name)
            if fact is not None:
                return self._compared(left.name, op, on_grid(fact, value))
            if left.name in self.domain and isinstance(value, date):
                return self._compared(left.name, op, value.toordinal())
            lines = self._lines(left.name)
            if lines is not None:
                return either(both([form, self.relation(op, each, right)]) for form, each in lines)
        if isinstance(value, int | Fraction):
            factor, rest = split(left)
            if factor != 0 and isinstance(rest, Ref) and rest != left and rest.name in self.rule.by_name:
                # 10 × x against 70 is x against 7.
                now = op if factor > 0 else _TURNED[op]
                return self.relation(now, rest, Number(value=Fraction(value, factor)))
        if value is None:
            (factor, rest), (other, same) = split(left), split(right)
            if rest is not None and rest == same and factor != other:
                # 5 × x against 3 × x is x against 0.
                return self.relation(op if factor > other else _TURNED[op], rest, Number(value=Fraction(0)))
            if rest is not None and rest == same and isinstance(rest, Ref) and rest.name in self.rule.by_name:
                return _holds(op, 0, 0)
            return self._compared(self.axis(left, right), op, 0)
        if constant(left) is not None:
            return _holds(op, cast(Exact, constant(left)), cast(Exact, value))
        return self._compared(self.axis(left, None), op, value.toordinal() if isinstance(value, date) else value)

    def plain(self, expr: Expr) -> Expr:
        """Look through a name that only stands for a formula."""
        while isinstance(expr, Ref):
            named = self.rule.named.get(expr.name)
            if named is None or not isinstance(named.how, Formula) or named.kind == "yes_no":
                break
            expr = cast(Expr, named.how.part)
        return expr

    def axis(self, left: Expr, right: Expr | None) -> Axis:
        """Return the axis of an expression, or of the difference of two."""
        found = Amount(left, right)
        if found not in self.domain:
            whole = all(is_whole(each, self.whole_name) for each in (left, right) if each is not None)
            self.grains[found] = Fraction(1) if whole else None
            self.domain[found] = Range(-_WIDE, _WIDE)
            self.domain[found] = tightened(self.reach(found, Box({})), self.grains[found])
        return found

    def whole_name(self, name: str) -> bool:
        """Say whether a name is whole whatever the facts are; not where a field of a record is called like it."""
        inner = {each.name for records in self.rule.records for each in records.fields}
        if name in inner.union(each.name for records in self.rule.records for each in records.values):
            return False
        if (named := self.rule.named.get(name)) is not None:
            return is_whole_named(named, self.whole_name)
        fact = self.rule.by_name.get(name)
        return fact is not None and fact.kind == "integer" and fact.unit != "percent"

    def _compared(self, axis: Axis, op: Operator, value: Exact) -> Form:
        every = cast(Range, self.domain[axis])
        grain = self.grains[axis]
        below = Range(every.low, value, False, op in ("<", "!=", ">="))
        above = Range(value, every.high, op in (">", "!=", "<="), False)
        parts = {
            "<": (below,), "<=": (below,), ">": (above,), ">=": (above,),
            "=": (Range(value, value),), "!=": (below, above),
        }[op]  # fmt: skip
        found = [tightened(cast(Range, common(each, every)), grain) for each in parts]
        return either(In(axis, each) for each in found if not each.empty)

    # --- tables and branches

    def _lines(self, name: str) -> list[tuple[Form, Expr]] | None:
        """List the lines of a table or the branches of a value whose cells are all constants, each with its formula."""
        named = self.rule.named.get(name)
        if named is None:
            return None
        lines = list(self.lines(named))
        return lines if lines and all(constant(value) is not None for _form, value in lines) else None

    def lines(self, named: Named) -> Iterator[tuple[Form, Expr]]:
        """Yield each line (and column) of a table, each branch of a value: where it holds, and what it gives."""
        match named.how:
            case Table() as table:
                for form, cell in self.cells(table):
                    if cell is not None:
                        yield form, cell
            case Branches(rows=branches):
                said = [when for when, _value in branches if when is not None]
                for when, value in branches:
                    none = both(self.form(each, False) for each in said)
                    yield none if when is None else self.form(when), value
            case _:
                return

    def cells(self, table: Table) -> Iterator[tuple[Form, Expr | None]]:
        """Yield each cell of a table, blank ones too, with where it is the one that is found."""
        columns = table.columns
        for number, line in enumerate(table.cells):
            row = self.key(table.rows, number)
            for other, cell in enumerate(line):
                yield row if columns is None else both([row, self.key(columns, other)]), cell

    def missing(self, named: Named) -> Form:
        """Write that a table, bands or branches have no line, though what they look up has a value."""
        match named.how:
            case Table(rows=rows, columns=columns) as table:
                off = [self.off(axis) for axis in (rows, columns) if axis is not None]
                return either([*off, *(form for form, cell in self.cells(table) if cell is None)])
            case Branches(rows=branches):
                if any(when is None for when, _value in branches):
                    return False
                return both(self.form(when, False) for when, _value in branches if when is not None)
            case Marginal(of=of, bands=bands):
                return both(self.outside(of, band) for band, _rate in bands)
            case Formula():
                return False

    def doubled(self, named: Named) -> Form:
        """Write that two branches of a value hold at once."""
        rows = named.how.rows if isinstance(named.how, Branches) else ()
        said = [self.form(when) for when, _value in rows if when is not None]
        return either(both(pair) for pair in combinations(said, 2))

    def key(self, axis: TableAxis, number: int) -> Form:
        """Write that a line of a table is the one that is found."""
        key = axis.keys[number]
        match key:
            case bool():
                return self.form(Is(fact=axis.name), key)
            case Band():
                return both(self.relation(op, Ref(name=axis.name), Number(value=end)) for op, end in self._ends(key))
            case Period():
                return both(self.relation(op, Ref(name=axis.name), end) for op, end in _days_of(key))
            case tuple():
                return In(axis.name, frozenset(key))

    def off(self, axis: TableAxis) -> Form:
        """Write that no line of a table is found along an axis."""
        return both(self.without(axis, number) for number in range(len(axis.keys)))

    def without(self, axis: TableAxis, number: int) -> Form:
        key = axis.keys[number]
        match key:
            case bool():
                return self.form(Is(fact=axis.name), not key)
            case Band():
                return self.outside(Ref(name=axis.name), key)
            case Period():
                ends = _days_of(key)
                return either(self.relation(_NEGATED[op], Ref(name=axis.name), end) for op, end in ends)
            case tuple():
                every = cast(frozenset[object], self.domain[axis.name])
                return In(axis.name, every - frozenset(key)) if every - frozenset(key) else False

    def outside(self, expr: Expr, band: Band) -> Form:
        """Write that a value lies outside a band."""
        return either(self.relation(_NEGATED[op], expr, Number(value=end)) for op, end in self._ends(band))

    def _ends(self, band: Band) -> Iterator[tuple[Operator, Fraction]]:
        if band.low is not None:
            yield (">" if band.low_open else ">="), Fraction(band.low)
        if band.high is not None:
            yield ("<" if band.high_open else "<="), Fraction(band.high)

    # --- how axes hang together

    def linked(self, box: Box) -> Box | None:
        """Narrow the axes that are expressions by what the box says of their facts; None where nothing is left."""
        on, decided = box.parts.get("@on"), box.parts.get("@decided")
        if isinstance(on, Range) and isinstance(decided, Range):
            days = Range(on.low, decided.high)
            if nothing(common(on, days)) or nothing(common(decided, days)):
                return None
            box = box.narrowed("@on", common(on, days)).narrowed("@decided", common(decided, days))
        for axis, part in list(box.parts.items()):
            if isinstance(axis, Amount):
                now = tightened(cast(Range, common(self.reach(axis, box), part)), self.grains[axis])
                if nothing(now):
                    return None
                if now != part:
                    box = box.narrowed(axis, now)
        for name in self.lists_of(box):
            if self.listed(name, box) is None:
                return None
        return box

    # --- what a list can hold

    def lists_of(self, box: Box) -> list[str]:
        """Name the lists of records that a box speaks of, as far as their kinds of records are known."""
        found = {_list_of(axis): None for axis in box.parts}
        return [name for name in found if name and self.kinds_of(name).known]

    def kinds_of(self, name: str) -> Kinds:
        if name not in self.kinds:
            self.kinds[name] = Kinds(self.rule, sites_of(self.rule), self.rule.lists[name])
        return self.kinds[name]

    def listed(self, name: str, box: Box, *, last: bool = False) -> list[Record] | None:
        """Return records that a box allows in a list; None where no list of them is what it says."""
        asked: list[tuple[Condition, bool]] = []
        least, most = 0, self.rule.lists[name].fact.high
        for axis, part in box.parts.items():
            if _list_of(axis) != name:
                continue
            if isinstance(axis, Each):
                if len(cast(frozenset[object], part)) == 1:
                    asked.append(some_record(axis, True in cast(frozenset[object], part)))
            elif isinstance(axis, Amount) and isinstance(axis.left, Tally) and isinstance(part, Range):
                count = tightened(part, Fraction(1))
                if axis.left.where is None:
                    least, most = max(least, int(count.low)), min(most, int(count.high))
                elif count.low >= 1 or count.high < 1:
                    asked.append((axis.left.where, count.low >= 1))
        if least > most:
            return None
        return self.kinds_of(name).list_of(asked, least, most, last=last)

    def reach(self, axis: Amount, box: Box) -> Range:
        """Return bounds of what an axis can come to inside a box."""
        bounds = BoxBounds(self, box)
        left = bounds.of(axis.left)
        right = Interval(Fraction(0), Fraction(0)) if axis.right is None else bounds.of(axis.right)
        return Range(max(left.low - right.high, -_WIDE), min(left.high - right.low, _WIDE))


class BoxBounds(Bounds):
    """Bounds of expressions inside one box: only the lines of a table that can be met there count."""

    __slots__ = ("box", "normal")

    def __init__(self, normal: Normal, box: Box) -> None:
        super().__init__(normal.rule.by_name, normal.rule.named, normal.rule.lists)
        self.normal, self.box = normal, box

    def name(self, name: str) -> Interval:
        fact = self.facts.get(name)
        part = self.box.parts.get(name)
        if fact is None or not isinstance(part, Range) or not fact.numeric:
            return super().name(name)
        return Interval(Fraction(part.low, fact.grid), Fraction(part.high, fact.grid))

    def named_value(self, named: Named) -> Interval:
        if isinstance(named.how, Table | Branches):
            search = Search(self.normal.domain, self.normal.grains)
            met = [
                self.of(value)
                for form, value in self.normal.lines(named)
                if search.reduced(form, self.box) is not False
            ]
            if met:
                return Interval(min(each.low for each in met), max(each.high for each in met))
        return super().named_value(named)


def _days_of(period: Period) -> Iterator[tuple[Operator, Day]]:
    if period.first is not None:
        yield ">=", Day(day=period.first)
    if period.last is not None:
        yield "<=", Day(day=period.last)


def _list_of(axis: Axis) -> str:
    """Name the list that an axis is a condition over, or counts the records of."""
    match axis:
        case Each(records=name) | Amount(left=Tally(what="count", records=name), right=None):
            return name
        case _:
            return ""


def domain_of(fact: Fact) -> Part | None:
    """Return all that a fact can be, on its grid; None for lists."""
    match fact.kind:
        case "yes_no":
            return _ANSWERS
        case "choice":
            return frozenset(fact.choices)
        case "integer" | "number" | "money":
            return Range(fact.low + fact.low_open, fact.high - fact.high_open)
        case "day":
            return _DAYS
        case "days" | "records":
            return None


def constant(expr: Expr) -> Fraction | int | date | None:
    """Return the value of a literal."""
    match expr:
        case Number(value=value):
            return value
        case Money(fen=fen):
            return fen
        case Day(day=day):
            return day
        case Arithmetic(op="-", left=left, right=right):
            one, other = constant(left), constant(right)
            if isinstance(one, int | Fraction) and isinstance(other, int | Fraction):
                return one - other
            return None
        case _:
            return None


def _holds(op: Operator, one: Exact, other: Exact) -> bool:
    return {"=": one == other, "!=": one != other, "<": one < other, "<=": one <= other, ">": one > other,
            ">=": one >= other}[op]  # fmt: skip
