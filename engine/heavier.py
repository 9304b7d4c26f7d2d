"""Which of two tiers is the heavier, where the regime declares that the heavier wins (数档并合: 从重)."""

from collections.abc import Iterator
from itertools import permutations

from engine.arithmetic import Exact, Undefined
from engine.evaluate import Missing, Scope, compute, run_of
from engine.measures import Bracket, Fine, Measure, Warn
from engine.rule import Row, Rule
from engine.surface import Surface
from engine.tree import Expr

# Stands for the upper end that neither the row nor the statute names.
_NO_END = 10**30


def outweighs(rule: Rule, row: Row, other: Row, scope: Scope) -> bool:
    """Say whether the heavier wins here and `row` is beyond doubt the heavier of the two.

    It is where none of its fines is lower, one is greater, and it has every other measure that the second imposes; a
    licence revoked is not weighed against a fine. A warning alone is the lightest penalty there is (行政处罚法 第九条)
    and gives way to a fine. Brackets are compared at both ends, each within the row's own floor and cap. False, too,
    where a fact that an amount needs is missing, or where it has no value.
    """
    if rule.regime.tie != "heavier":
        return False
    if not row.measures:
        return False
    if not other.measures:
        # What the other imposes could not be read: only the most that the law allows is beyond doubt no lighter.
        return row.range_name == other.range_name and _is_the_most(rule, row, scope)
    if lacks_of(row, other):
        return False
    greater = False
    for payer in _payers(row, other):
        mine, theirs = _ends(rule, row, payer, scope), _ends(rule, other, payer, scope)
        if mine is None or theirs is None or mine[0] < theirs[0] or mine[1] < theirs[1]:
            return False
        greater = greater or mine > theirs
    return greater


def lacks_of(row: Row, other: Row) -> bool:
    """Say whether a row lacks a measure of another besides fines; a mere warning of the party gives way."""
    if row.besides == other.besides:
        return False
    lacking = [each for each in other.besides if each not in row.besides]
    return bool(lacking) and not (len(other.measures) == 1 and lacking[0] == Warn())


def same_otherwise(row: Row, other: Row) -> bool:
    """Say whether two rows impose the same measures besides fines."""
    mine, theirs = row.besides, other.besides
    return mine == theirs or (all(each in theirs for each in mine) and all(each in mine for each in theirs))


def as_heavy(rule: Rule, row: Row, other: Row, scope: Scope) -> bool:
    """Say whether two rows impose the same on these facts: the same measures, and every fine comes to the same."""
    if row is other:
        return True
    if row.range_name != other.range_name:
        return False
    for payer, fine in row.fines.items():
        against = other.fines.get(payer)
        if against is not None and fine.plain and against.plain and fine.plain != against.plain:
            return False
    if row.measures == other.measures:
        return True
    if not (row.measures and other.measures and same_otherwise(row, other)):
        return False
    for payer in _payers(row, other):
        mine, theirs = _ends(rule, row, payer, scope), _ends(rule, other, payer, scope)
        if mine is None or mine != theirs:
            return False
    return not any(placed(each) for each in (*row.measures, *other.measures))


def no_lighter(rule: Rule, row: Row, other: Row, scope: Scope) -> bool:
    """Say whether a row outweighs another, or imposes the same."""
    return row is other or outweighs(rule, row, other, scope) or as_heavy(rule, row, other, scope)


def placed(measure: Measure) -> bool:
    """Say whether the row itself says where in a bracket its fine lies: equal ends are then no equal fines."""
    return isinstance(measure, Fine) and isinstance(measure.amount, Bracket) and measure.amount.at is not None


def undecided(rule: Rule, holding: list[Row], scope: Scope) -> str:
    """Say why none of several rows that hold at once applies: nothing chooses, or none outweighs every other."""
    zh = rule.language == "zh"
    if rule.regime.tie != "heavier":
        return "而裁量标准没有规定适用哪一档" if zh else "and the benchmark does not say which applies"
    short = [text for row, other in permutations(holding, 2) for text in _short_of(rule, row, other, scope)]
    if zh:
        return f"应适用较重的一档，但没有一档重过其他各档：{'；'.join(short) or '各档轻重相同'}"
    return f"and the heavier applies, but none outweighs the others: {'; '.join(short) or 'they weigh the same'}"


def _short_of(rule: Rule, row: Row, other: Row, scope: Scope) -> Iterator[str]:
    """Say what one row has not that another has."""
    zh, surface = rule.language == "zh", Surface.of(rule)
    if not row.measures:
        yield f"“{row.tier}”的处理读不出" if zh else f"what `{row.tier}` imposes cannot be read"
        return
    for each in other.measures:
        if isinstance(each, Fine):
            mine, theirs = (_ends(rule, tier, each.payer, scope) for tier in (row, other))
            if mine is None or theirs is None:
                yield (
                    f"“{row.tier}”与“{other.tier}”的罚款不能比较"
                    if zh
                    else (f"the fines of `{row.tier}` and `{other.tier}` cannot be compared")
                )
            elif mine[0] < theirs[0] or mine[1] < theirs[1]:
                yield (
                    f"“{row.tier}”的罚款不及“{other.tier}”"
                    if zh
                    else (f"the fine of `{row.tier}` is short of that of `{other.tier}`")
                )
        elif each not in row.measures:
            what = surface.measure(each)
            yield f"“{row.tier}”没有“{other.tier}”的{what}" if zh else f"`{row.tier}` lacks {what} of `{other.tier}`"


def _payers(row: Row, other: Row) -> tuple[str, ...]:
    return row.payers if row.payers == other.payers else tuple(dict.fromkeys(row.payers + other.payers))


def _is_the_most(rule: Rule, row: Row, scope: Scope) -> bool:
    """Say whether a row's own fine is the statutory maximum."""
    most = rule.range_for(row, "").high
    mine = _ends(rule, row, "", scope)
    limit = None if most is None else compute(most, scope)
    return mine is not None and limit is not None and type(limit) is not Missing and mine[0] >= limit


def _ends(rule: Rule, row: Row, payer: str, scope: Scope) -> tuple[Exact, Exact] | None:
    """Return the least and the greatest fine a row imposes on a payer; None where that cannot be known."""
    fine = row.fines.get(payer)
    if fine is None:
        return 0, 0
    if fine.plain is not None:
        return fine.plain
    # Each of several rows is weighed against the others: their ends are computed once, and they are few.
    for weighed, to, ends in scope.weighed:
        if weighed is row and to == payer:
            return ends
    ends = _computed_ends(rule, row, fine, scope)
    scope.weighed.append((row, payer, ends))
    return ends


def _computed_ends(rule: Rule, row: Row, fine: Fine, scope: Scope) -> tuple[Exact, Exact] | None:
    inner = limited(rule, row, fine, scope)
    amount = fine.amount
    low, high = (amount.low, amount.high) if isinstance(amount, Bracket) else (amount, amount)
    try:
        least, most = _value(low or inner.low, 0, inner), _value(high or inner.high, _NO_END, inner)
        floor, cap = _value(fine.floor, 0, inner), _value(fine.cap, _NO_END, inner)
    except Undefined:
        # Said in its turn, if this row is the one.
        return None
    if least is None or most is None or floor is None or cap is None:
        return None
    return min(max(least, floor), cap), min(max(most, floor), cap)


def _value(expr: Expr | None, otherwise: Exact, scope: Scope) -> Exact | None:
    """Compute an end that may be open; None where a fact is missing."""
    found: Exact | Missing = otherwise if expr is None else run_of(expr)(scope)
    return None if type(found) is Missing else found


def limited(rule: Rule, row: Row, measure: Measure, scope: Scope) -> Scope:
    """Return the scope in which `法定下限` and `法定上限` are those of this fine's range."""
    statutory = rule.range_for(row, measure.payer if isinstance(measure, Fine) else "")
    return scope.within(statutory.name, statutory.low, statutory.high)
