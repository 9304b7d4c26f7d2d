"""What the test cases of one rule have to show, one by one: its units of coverage.

Rows and preconditions, both sides of every threshold (`engine.cuts`), lines of tables and branches, moves and
adjustments on and off, in-tier rules, limits, rounding and bounds that bite and that do not, marked defects, and the
refusals its own text can give. General law (通则) stands around every rule and is not counted for each.
"""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from fractions import Fraction
from math import ceil, floor
from typing import Literal, NamedTuple, TypeAlias

from engine.amounts import may_leave, may_round
from engine.bounds import Bounds
from engine.checks import order
from engine.cuts import Sites, fact_of, sites_of
from engine.fact import NOWHERE, Cell, Fact, Place
from engine.measures import Bracket, Fine
from engine.numbers import decimal_text
from engine.rule import Rule
from engine.surface import Surface
from engine.tree import (
    All,
    Always,
    Axis,
    Band,
    Branches,
    Compare,
    Condition,
    Day,
    Is,
    Key,
    Marginal,
    Named,
    Not,
    OneOf,
    Operator,
    Period,
    Ref,
    Relation,
    Table,
)
from engine.vocabulary import ENUMS, REFUSALS, spell

UnitKind = Literal[
    "row",
    "precondition",
    "threshold",
    "comparison",
    "line",
    "move",
    "adjustment",
    "in_tier",
    "limit",
    "rounding",
    "bound",
    "defect",
    "refusal",
]
KINDS: dict[UnitKind, tuple[str, str]] = {
    "row": ("档次和不予处罚各行", "rows"),
    "precondition": ("前提成立与不成立", "preconditions met and unmet"),
    "threshold": ("界限两侧", "sides of thresholds"),
    "comparison": ("算出的值比较成立与不成立", "computed comparisons, both ways"),
    "line": ("表的各格与各分支", "lines of tables and branches"),
    "move": ("移档用与不用", "tier moves on and off"),
    "adjustment": ("调整用与不用", "adjustments on and off"),
    "in_tier": ("档内取值各项", "in-tier rules"),
    "limit": ("法定幅度碰到与不碰到", "statutory limits hit and not hit"),
    "rounding": ("取整动与不动", "rounding that changes and does not"),
    "bound": ("一档自己的上下限碰到与不碰到", "caps and floors hit and not hit"),
    "defect": ("已标明的缺陷", "marked defects"),
    "refusal": ("拒绝", "refusals"),
}
Id: TypeAlias = tuple[str, ...]


class Unit(NamedTuple):
    """One thing a case has to show: where it stands, what it is in words, and a condition that leads to it if known."""

    kind: UnitKind
    id: Id
    place: Place
    zh: str
    en: str
    when: Condition | None = None

    def text(self, language: str) -> str:
        return self.zh if language == "zh" else self.en


def at(place: Place) -> str:
    """Name a place inside an id."""
    return str(place)


def units_of(rule: Rule, sites: Sites | None = None) -> tuple[Unit, ...]:
    """List what the cases of a rule have to show; refusals only those that its text makes possible beyond doubt.

    Whether a table leaves a gap or two rows can hold at once hangs on all its conditions: `engine.coverage` looks.
    """
    if any(each.kind == "no_benchmark" and not each.tier for each in rule.defects):
        # Nothing else of such a rule is ever looked at.
        return tuple(_defects(rule))[:1]
    sites = sites or sites_of(rule)
    found = [
        *_rows(rule),
        *_thresholds(rule, sites),
        *_lines(rule, sites),
        *_finishing(rule),
        *_amounts(rule),
        *_defects(rule),
        *_refusals(rule, sites),
    ]
    return tuple({each.id: each for each in found}.values())


def _rows(rule: Rule) -> Iterator[Unit]:
    for row in (*rule.no_penalty, *rule.rows):
        place = row.when_cell.place
        yield Unit("row", ("row", at(place)), place, f"“{row.tier}”一行", f"row `{row.tier}`", row.when)
    for each in rule.preconditions:
        cell = each.cell
        yield Unit(
            "precondition", ("precondition", at(cell.place), "met"), cell.place,
            f"前提“{cell.text}”成立", f"precondition `{cell.text}` met", each.when,
        )  # fmt: skip
        if isinstance(each.when, Always):
            continue
        yield Unit(
            "precondition", ("precondition", at(cell.place), "unmet"), cell.place,
            f"前提“{cell.text}”不成立", f"precondition `{cell.text}` unmet", Not(part=each.when),
        )  # fmt: skip


def _thresholds(rule: Rule, sites: Sites) -> Iterator[Unit]:
    surface = Surface.of(rule)
    for records, fact, low, place in sites.cuts:
        for value in (low, low + 1):
            text = surface.number(fact, value)
            other = decimal_text(2 * low + 1 - value, fact.scale)
            of = f"{records}.{fact.name}" if records else fact.name
            when = Compare(fact=fact.name, op="=", value=value)
            yield Unit(
                "threshold", ("threshold", records, fact.name, str(low), str(value)), place,
                f"{of} = {text}（界限另一侧是 {other}）", f"{of} = {text} (across the threshold from {other})", when,
            )  # fmt: skip
    for records, relation, place in sites.relations:
        text = surface.inside(records).condition(relation)
        for holds in _sides(rule, records, relation):
            yield Unit(
                "comparison", ("comparison", records, text, str(holds)), place,
                f"“{text}”{'成立' if holds else '不成立'}", f"`{text}` {'holds' if holds else 'does not hold'}",
                relation if holds else Not(part=relation),
            )  # fmt: skip


_CERTAIN: Mapping[Operator, tuple[set[str], set[str]]] = {
    ">=": ({"same", "at_least", "above"}, {"below"}),
    ">": ({"above"}, {"same", "at_most", "below"}),
    "<=": ({"same", "at_most", "below"}, {"above"}),
    "<": ({"below"}, {"same", "at_least", "above"}),
    "=": ({"same"}, {"below", "above"}),
    "!=": ({"below", "above"}, {"same"}),
}


def _sides(rule: Rule, records: str, relation: Relation) -> tuple[bool, ...]:
    """Return the answers a comparison can have, as far as the domains show; both where in doubt."""
    if records:
        return (True, False)
    how = order(relation.left, relation.right, Bounds(rule.by_name, rule.named, rule.lists))
    always, never = _CERTAIN[relation.op]
    return (True,) if how in always else (False,) if how in never else (True, False)


def line_id(records: str, named: str, row: int, column: int = 0) -> Id:
    """Name one cell of a table, one branch or one band of a named value."""
    return ("line", records, named, str(row), str(column))


def _lines(rule: Rule, sites: Sites) -> Iterator[Unit]:
    surface = Surface.of(rule)
    for records, named in sites.named:
        match named.how:
            case Table(rows=rows, columns=columns, cells=cells):
                for index, key in enumerate(rows.keys):
                    for across, other in enumerate(columns.keys if columns is not None else (None,)):
                        if cells[index][across] is None:
                            continue
                        text = _key_text(rule, records, rows, key, surface)
                        aims = [_aim(rule, records, rows, key)]
                        if columns is not None and other is not None:
                            text += f" × {_key_text(rule, records, columns, other, surface)}"
                            aims.append(_aim(rule, records, columns, other))
                        yield _line(named, line_id(records, named.name, index, across), text, _both(aims))
            case Branches(rows=branches):
                otherwise = [Not(part=when) for when, _value in branches if when is not None]
                for index, (when, _value) in enumerate(branches):
                    text = "其余" if rule.language == "zh" else "otherwise"
                    if when is not None:
                        text = surface.inside(records).condition(when)
                    aim = when if when is not None else _both(list(otherwise))
                    yield _line(named, line_id(records, named.name, index), text, aim)
            case Marginal(of=of, bands=bands):
                for index, (band, _rate) in enumerate(bands):
                    axis = Axis(name=of.name if isinstance(of, Ref) else "", keys=())
                    text = _key_text(rule, records, axis, band, surface)
                    yield _line(named, line_id(records, named.name, index), text, _aim(rule, records, axis, band))


def _line(named: Named, name: Id, text: str, when: Condition | None) -> Unit:
    return Unit("line", name, named.cell.place, f"“{named.name}”的 {text}", f"`{named.name}`: {text}", when)


# Stands for what a marginal table cuts where that has no name of its own.
_PLAIN = Fact(name="", kind="number", cell=Cell(text="", place=NOWHERE))


def _key_text(rule: Rule, records: str, axis: Axis, key: Key, surface: Surface) -> str:
    found = fact_of(rule, records, axis.name)
    inner = {each.name: each for lists in rule.records if lists.fact.name == records for each in lists.values}
    declared = found[1] if found is not None else rule.named.get(axis.name) or inner.get(axis.name)
    return surface.key(key, declared or _PLAIN)


def _both(aims: list[Condition | None]) -> Condition | None:
    known = tuple(each for each in aims if each is not None)
    return None if not known else known[0] if len(known) == 1 else All(parts=known)


def _aim(rule: Rule, records: str, axis: Axis, key: Key) -> Condition | None:
    """Write the line of an axis as a condition over its fact; None where it looks up a value that is worked out."""
    found = fact_of(rule, records, axis.name)
    match key:
        case bool():
            return Is(fact=axis.name) if key else Not(part=Is(fact=axis.name))
        case tuple():
            return OneOf(fact=axis.name, choices=key) if found is not None else None
        case Band(low=low, high=high, low_open=low_open, high_open=high_open):
            if found is None:
                return None
            per = found[1].grid
            parts: list[Condition | None] = []
            if low is not None:
                least = floor(low * per) + 1 if low_open else ceil(low * per)
                parts.append(Compare(fact=axis.name, op=">=", value=least))
            if high is not None:
                most = ceil(high * per) - 1 if high_open else floor(high * per)
                parts.append(Compare(fact=axis.name, op="<=", value=most))
            return _both(parts)
        case Period(first=first, last=last):
            ends: list[tuple[Operator, date | None]] = [(">=", first), ("<=", last)]
            of = Ref(name=axis.name)
            return _both([Relation(op=op, left=of, right=Day(day=day)) for op, day in ends if day is not None])


def _finishing(rule: Rule) -> Iterator[Unit]:
    how = rule.conventions
    fines = [each for row in rule.rows for each in row.measures if isinstance(each, Fine)]
    for each in how.moves if rule.rows else ():
        yield from _on_off("move", each.name, each.cell, each.when)
    for change in how.adjustments if fines else ():
        yield from _on_off("adjustment", change.name, change.cell, change.when)
    sound = [each for row in rule.rows if row.defect is None for each in row.measures if isinstance(each, Fine)]
    brackets = [each.amount for each in sound if isinstance(each.amount, Bracket) and each.amount.at is None]
    for rule_in in how.in_tier:
        # A bracket without an upper end is left alone, unless the rule says how many times its lower one.
        if any(each.high is not None or rule_in.only_low is not None for each in brackets):
            name, place = rule_in.name or rule_in.cell.text, rule_in.cell.place
            others = [Not(part=each.when) for each in how.in_tier if each.when is not None]
            when = rule_in.when if rule_in.when is not None else _both(list(others))
            yield Unit("in_tier", ("in_tier", at(place)), place, f"档内取值“{name}”", f"in-tier rule `{name}`", when)


def _on_off(kind: Literal["move", "adjustment"], name: str, cell: Cell, when: Condition) -> Iterator[Unit]:
    word = ("移档", "tier move") if kind == "move" else ("调整", "adjustment")
    yield Unit(kind, (kind, name, "on"), cell.place, f"{word[0]}“{name}”用上", f"{word[1]} `{name}` on", when)
    if isinstance(when, Always):
        return
    off = Not(part=when)
    yield Unit(kind, (kind, name, "off"), cell.place, f"{word[0]}“{name}”不用", f"{word[1]} `{name}` off", off)


def _amounts(rule: Rule) -> Iterator[Unit]:
    """List what happens to an amount at its bounds: only what the amounts and domains do not exclude."""
    # Where adjustments can move an amount to its limits, they are where to look first.
    adjusted = _both([each.when for each in rule.conventions.adjustments])
    for row in rule.rows:
        for fine in row.measures:
            if not isinstance(fine, Fine):
                continue
            place = row.outcome_cell.place
            who = fine.payer or row.tier
            for kind, bound, words in (
                ("floor", fine.floor, ("下限", "floor")),
                ("cap", fine.cap, ("上限", "cap")),
            ):
                for hit in ("hit", "free") if bound is not None else ():
                    yield Unit(
                        "bound", ("bound", at(place), who, kind, hit), place,
                        f"“{who}”自己的{words[0]}{_HIT[hit][0]}", f"the {words[1]} of `{who}` {_HIT[hit][1]}", row.when,
                    )  # fmt: skip
            statutory = rule.range_for(row, fine.payer)
            place = statutory.cell.place
            for hit in ("hit", "free") if may_leave(rule, row, fine) else ():
                yield Unit(
                    "limit", ("limit", statutory.name, hit), place,
                    f"法定幅度“{statutory.cell.text}”{_HIT[hit][0]}",
                    f"statutory range `{statutory.cell.text}` {_HIT[hit][1]}", adjusted if hit == "hit" else None,
                )  # fmt: skip
            for hit in ("hit", "free") if may_round(rule, row, fine) else ():
                words = ("取整改变数额", "rounding changes an amount")
                if hit == "free":
                    words = ("取整不改变数额", "rounding changes nothing")
                yield Unit("rounding", ("rounding", hit), rule.top, *words, adjusted if hit == "hit" else None)


_HIT = {"hit": ("碰到", "is hit"), "free": ("没有碰到", "is not hit")}


def _defects(rule: Rule) -> Iterator[Unit]:
    for each in rule.defects:
        place = each.cell.place
        zh, en = (spell(ENUMS["kind"], each.kind, language) for language in ("zh", "en"))
        tier = next((row for row in rule.rows if row.tier == each.tier), None) if each.tier else None
        when = each.when if each.when is not None else tier.when if tier is not None else None
        name = f" {each.tier}" if each.tier else ""
        yield Unit(
            "defect", ("defect", at(place)), place, f"缺陷“{zh}{name}”被拒绝", f"defect `{en}{name}` refused", when
        )


def refusal(code: str, place: Place, when: Condition | None = None) -> Unit:
    """Make the unit of a refusal by its code."""
    zh, en = (spell(REFUSALS, code, language) for language in ("zh", "en"))
    return Unit("refusal", ("refusal", code), place, f"拒绝“{zh}”", f"refusal `{en}`", when)


def _refusals(rule: Rule, sites: Sites) -> Iterator[Unit]:
    how = rule.conventions
    for each in rule.preconditions:
        if each.otherwise == "not_this_violation":
            yield refusal("not_this_violation", each.cell.place, Not(part=each.when))
    for move in how.moves if rule.rows else ():
        if move.move.tiers < 0 or (move.move.tiers > 0 and not move.move.top_at_end):
            yield refusal("no_move", move.cell.place, move.when)
    for records, named in sites.named:
        if isinstance(named.how, Table):
            for axis in (named.how.rows, named.how.columns):
                hole = None if axis is None else _hole(rule, records, axis, sites)
                if hole is not None:
                    yield refusal("no_line", named.cell.place, None if records else hole)
        if isinstance(named.how, Branches) and all(when is not None for when, _value in named.how.rows):
            whens = [when for when, _value in named.how.rows if when is not None]
            if not _covers(whens):
                yield refusal("no_line", named.cell.place, All(parts=tuple(Not(part=when) for when in whens)))
    for row in rule.rows:
        for fine in row.measures:
            if isinstance(fine, Fine) and how.beyond_range != "clamp" and may_leave(rule, row, fine):
                yield refusal("outside_statutory_range", row.outcome_cell.place, row.when)


def _hole(rule: Rule, records: str, axis: Axis, sites: Sites) -> Condition | None:
    """Find a value of a fact that stands on no line of a table; None where there is none, or it is worked out."""
    found = fact_of(rule, records, axis.name)
    if found is None:
        return None
    fact, per = found[1], found[1].grid
    if fact.kind == "choice":
        known = {each for key in axis.keys if isinstance(key, tuple) for each in key}
        missing = tuple(each for each in fact.choices if each not in known)
        return OneOf(fact=fact.name, choices=missing) if missing else None
    if fact.kind == "day":
        periods = [key for key in axis.keys if isinstance(key, Period)]
        beside = [each.first - timedelta(days=1) for each in periods if each.first is not None]
        beside += [each.last + timedelta(days=1) for each in periods if each.last is not None]
        uncovered = sorted(day for day in beside if not any(each.holds(day) for each in periods))
        return Relation(op="=", left=Ref(name=fact.name), right=Day(day=uncovered[0])) if uncovered else None
    if not fact.numeric:
        return None
    lows = [cut.low for cut in sites.cuts if (cut.records, cut.fact.name) == (found[0], fact.name)]
    points = {fact.low + fact.low_open, fact.high - fact.high_open, *lows, *(low + 1 for low in lows)}
    bands = [key for key in axis.keys if isinstance(key, Band)]
    for value in sorted(points):
        if not any(band.holds(Fraction(value, per)) for band in bands):
            return Compare(fact=fact.name, op="=", value=value)
    return None


def _covers(whens: list[Condition]) -> bool:
    """Say whether one condition is the plain negation of another, so that one of them always holds."""
    return any(Not(part=one) in whens for one in whens)
