"""What the adjustments of a rule make of an amount, written as an expression of facts alone, and its comparisons.

It says what `engine.figure` computes of one end of a fine while these adjustments hold and no others.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Literal

from engine.bounds import Bounds, split
from engine.cuts import walk
from engine.measures import Adjustment, Change, Fine
from engine.normal import Normal, constant
from engine.region import Form, both, either
from engine.rule import Rule, StatutoryRange
from engine.tree import Along, Arithmetic, Expr, Extreme, Limit, Money, Number, Operator, Ref, RoundedTo, names_in

NOTHING = Money(fen=0)
_SWAPPED: dict[Operator, Operator] = {"=": "=", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}


def bounded(fine: Fine, amount: Expr) -> Expr:
    """Write an amount inside the row's own floor and cap."""
    if fine.floor is not None:
        amount = Extreme(which="greatest", parts=(amount, fine.floor))
    return amount if fine.cap is None else Extreme(which="least", parts=(amount, fine.cap))


def adjusted(
    rule: Rule, fine: Fine, statutory: StatutoryRange, amount: Expr, held: Sequence[Adjustment], *, least: bool
) -> Expr:
    """Write what one end of a fine comes to once these adjustments are made; `least` where it is the lower end."""
    bounds = Bounds(rule.by_name, rule.named, rule.lists, statutory.low, statutory.high)
    base = now = located(bounded(fine, amount), statutory)
    for each in held:
        names = {"@base": base, "@so_far": now}
        by = located(_by(each.change, least=least), statutory, names)
        part = base if rule.conventions.combine == "add" else now
        match each.change.kind:
            case "up":
                now = _plus(now, _times(by, part))
            case "down":
                now = _plus(now, _times(Number(value=Fraction(-1)), _times(by, part)))
            case "add":
                now = _plus(now, by)
            case "subtract":
                now = Arithmetic(op="-", left=now, right=by)
            case "times":
                now = _times(by, now)
        if bounds.of(now).low < 0:
            now = Extreme(which="greatest", parts=(now, NOTHING))
    if held and fine.cap is not None:
        now = Extreme(which="least", parts=(now, located(fine.cap, statutory)))
    return now


def located(expr: Expr, statutory: StatutoryRange, names: Mapping[str, Expr] | None = None) -> Expr:
    """Put the limits of a statutory range, and what names stand for, in their places."""

    def inner(part: Expr) -> Expr:
        return located(part, statutory, names)

    match expr:
        case Limit(end=end):
            return (statutory.low if end == "low" else statutory.high) or NOTHING
        case Ref(name=name) if names is not None and name in names:
            return names[name]
        case Arithmetic(op=op, left=left, right=right):
            return Arithmetic(op=op, left=inner(left), right=inner(right))
        case Extreme(which=which, parts=parts):
            return Extreme(which=which, parts=tuple(inner(each) for each in parts))
        case RoundedTo(part=part):
            return replace(expr, part=inner(part))
        case Along(low=low, high=high, beyond=beyond):
            return replace(expr, low=inner(low), high=inner(high), beyond=None if beyond is None else inner(beyond))
        case _:
            return expr


def unlocated(rule: Rule, expr: Expr) -> bool:
    """Say whether an expression still hangs on statutory limits: through a value that is computed from them."""
    behind = [rule.named[name].how for name in rule.names_behind(names_in(expr)) if name in rule.named]
    return any(isinstance(node, Limit) for each in (expr, *behind) for _records, node in walk(each))


def stands(normal: Normal, op: Operator, left: Expr, right: Expr) -> Form:
    """Write a comparison, taking the greatest and the least of several apart: each of them is simpler by itself."""
    if left == right:
        return op in ("=", "<=", ">=")
    for one, other, way in ((left, right, op), (right, left, _SWAPPED[op])):
        apart = _apart(one)
        if isinstance(apart, Extreme) and way in ("<", "<=", ">", ">="):
            every = (apart.which == "greatest") == (way in ("<", "<="))
            return (both if every else either)(stands(normal, way, part, other) for part in apart.parts)
    return normal.relation(op, left, right)


def _by(change: Change, *, least: bool) -> Expr:
    """Write the share or the money of a change; of a share between two the one that this end takes."""
    ends = [each for each in (change.by, change.to) if each is not None]
    if len(ends) > 1:
        greatest = (change.kind == "down") == least
        by: Expr = Extreme(which="greatest" if greatest else "least", parts=tuple(ends))
        figures = [figure for each in ends if isinstance(figure := constant(each), int | Fraction)]
        if len(figures) == len(ends):
            by = Number(value=Fraction(max(figures) if greatest else min(figures)))
    else:
        by = change.by
    if change.floor is not None:
        by = Extreme(which="greatest", parts=(by, change.floor))
    return by if change.cap is None else Extreme(which="least", parts=(by, change.cap))


def _times(one: Expr, other: Expr) -> Expr:
    (left, first), (right, second) = split(one), split(other)
    figure: Expr = Number(value=left * right)
    if _priced(one) or _priced(other):
        # An amount of money is told as one.
        whole = (left * right).denominator == 1
        figure = Money(fen=int(left * right)) if whole else Arithmetic(op="*", left=figure, right=Money(fen=1))
    rests = [each for each in (first, second) if each is not None]
    if not rests:
        return figure
    rest = rests[0] if len(rests) == 1 else Arithmetic(op="*", left=rests[0], right=rests[1])
    return rest if figure == Number(value=Fraction(1)) else Arithmetic(op="*", left=figure, right=rest)


def _priced(expr: Expr) -> bool:
    """Say whether the constant factor of an expression is money."""
    if isinstance(expr, Arithmetic) and expr.op == "*":
        return _priced(expr.left) or _priced(expr.right)
    return isinstance(expr, Money)


def _plus(one: Expr, other: Expr) -> Expr:
    (left, first), (right, second) = split(one), split(other)
    if first == second:
        priced = Money(fen=1) if _priced(one) or _priced(other) else Number(value=Fraction(1))
        return _times(Number(value=left + right), _times(priced, first or Number(value=Fraction(1))))
    return Arithmetic(op="+", left=one, right=other)


def _apart(expr: Expr) -> Expr:
    """Bring a constant factor or summand of a greatest or least inside it."""
    figure, rest = split(expr)
    if rest is not None and figure != 1:
        inner = _apart(rest)
        if isinstance(inner, Extreme) and figure != 0:
            turned: Literal["greatest", "least"] = "least" if inner.which == "greatest" else "greatest"
            parts = tuple(_times(Number(value=figure), each) for each in inner.parts)
            return Extreme(which=inner.which if figure > 0 else turned, parts=parts)
        return expr
    if isinstance(expr, Arithmetic) and expr.op in ("+", "-"):
        left = _apart(expr.left)
        if isinstance(left, Extreme):
            parts = tuple(_plus_or_minus(expr.op, each, expr.right) for each in left.parts)
            return Extreme(which=left.which, parts=parts)
    return expr


def _plus_or_minus(op: str, one: Expr, other: Expr) -> Expr:
    return _plus(one, other) if op == "+" else Arithmetic(op="-", left=one, right=other)
