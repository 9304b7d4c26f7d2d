"""From the row to the fine: tier moves, the figure inside the bracket, adjustments, rounding, statutory limits.

Every amount is carried as two ends. They are equal where a figure is decided; where the published law itself leaves a
range and no rule picks a figure, both ends go the same way and the outcome is the published range.
"""

from fractions import Fraction
from typing import Any, NamedTuple

from engine.arithmetic import Exact, clamped, product
from engine.currency import currency_of
from engine.decision import Imposed
from engine.evaluate import Missing, Scope
from engine.measures import (
    Adjustment,
    Bracket,
    Change,
    FigureRange,
    Fine,
    InTier,
    Measure,
    Output,
    exprs_of,
    range_of,
    with_figure,
)
from engine.numbers import MAX_SAFE_INTEGER, exact_text, round_to
from engine.reasoning import Reasoning
from engine.rule import Row, StatutoryRange
from engine.spellings import called
from engine.tree import Expr, Limit, Money, Number
from engine.words import listed

_LOW, _HIGH = Limit(end="low"), Limit(end="high")


class Ends(NamedTuple):
    """An amount as its least and greatest value in fen; `high` is None where the law names no upper end."""

    low: Exact
    high: Exact | None

    @property
    def decided(self) -> bool:
        return self.low == self.high


def moved(reasoning: Reasoning, row: Row) -> tuple[Row, str]:
    """Apply the tier moves that hold: the row that counts now, and the end of its bracket to take, if any."""
    rule, how = reasoning.rule, reasoning.rule.conventions
    if not how.moves:
        return row, ""
    tiers, top_at_end = 0, False
    ends: dict[str, str] = {}
    for each in how.moves:
        holds = reasoning.holds(each.when)
        if type(holds) is Missing:
            raise reasoning.missing(holds)
        reads = reasoning.reads(each.reads)
        reasoning.step("tier_move", each.name, each.outcome_cell.text, each.cell.place, reads, holds)
        if holds:
            tiers += each.move.tiers
            top_at_end = top_at_end or each.move.top_at_end
            if each.move.end:
                ends[each.name] = each.move.end
    if len(set(ends.values())) > 1:
        zh = reasoning.language == "zh"
        unsaid = "而裁量标准没有规定适用哪一项" if zh else "and the benchmark does not say which applies"
        raise reasoning.refuse("several_tiers", found=listed(ends, reasoning.language), expected=unsaid)
    end = next(iter(ends.values()), "")
    if tiers == 0:
        return row, end
    ladder = list(dict.fromkeys(each.tier for each in rule.rows if each.group == row.group))
    at = ladder.index(row.tier) + tiers
    if not 0 <= at < len(ladder):
        if not (at >= len(ladder) and top_at_end):
            why = "已在最高或最低一档" if reasoning.language == "zh" else "it is the first or the last tier"
            raise reasoning.refuse("no_move", found=row.tier, expected=why)
        if ladder.index(row.tier) == len(ladder) - 1:
            end = "high"
        at = len(ladder) - 1
    found = [each for each in rule.rows if each.group == row.group and each.tier == ladder[at]]
    if len(found) != 1:
        raise reasoning.refuse(
            "no_move", found=row.tier, expected=listed([each.tier for each in found], reasoning.language)
        )
    reasoning.step("moved_tier", found[0].tier, row.tier, found[0].when_cell.place)
    return found[0], end


def fine(reasoning: Reasoning, row: Row, measure: Fine, end: str) -> Imposed:
    """Compute one fine of a row in whole fen, or the published range where no figure is decided."""
    statutory = reasoning.rule.range_for(row, measure.payer)
    scope = reasoning.scope.within(statutory.name, statutory.low, statutory.high)
    ends, below = _computed(reasoning, row, measure, scope, end)
    low, high, least, limit = _inside(reasoning, statutory, ends, below, scope)
    if high is not None and high > MAX_SAFE_INTEGER:
        raise reasoning.refuse("amount_too_large", expected=reasoning.said(MAX_SAFE_INTEGER))
    if low == high:
        return Imposed(measure, low, least_fen=least, limit_fen=limit)
    return Imposed(measure, None, spread=(low, high), least_fen=least, limit_fen=limit)


def figured(reasoning: Reasoning, measure: Measure) -> Imposed:
    """Work out the time or the figure of a measure, where it has one; money in whole units of its currency.

    Two ends of a range that meet are one figure; where they cross, the published range says nothing: refused by name.
    """
    exprs, left = exprs_of(measure), range_of(measure)
    is_money = isinstance(measure, Output) and currency_of(measure.unit) is not None
    if left is None:
        value = reasoning.amount(exprs[0]) if exprs else 0
        return Imposed(measure, value=exact_text(Fraction(value, 100) if is_money else value) if exprs else "")
    found: list[Any] = [None if end is None else reasoning.amount(end) for end in (left.low, left.high)]
    low, high = [each if each is None else _literal(each, is_money) for each in found]
    if low is not None and high is not None and found[0] >= found[1]:
        texts = [exact_text(Fraction(each, 100) if is_money else each) for each in found]
        if found[0] > found[1]:
            raise reasoning.refuse("ends_crossed", found=texts[0], expected=texts[1])
        return Imposed(with_figure(measure, low), value=texts[0])
    return Imposed(with_figure(measure, FigureRange(low=low, high=high)))


def _literal(value: Exact, is_money: bool) -> Number | Money:
    return Money(fen=_fen(value)) if is_money else Number(value=Fraction(value))


def least_computed(reasoning: Reasoning, row: Row, measure: Fine) -> tuple[Exact, Exact]:
    """Compute the lower end of a published range again, and the least that the statute allows it to be.

    The trace follows the upper end; whether rounding or the statute changed the lower one shows only here.
    """
    statutory = reasoning.rule.range_for(row, measure.payer)
    scope = reasoning.scope.within(statutory.name, statutory.low, statutory.high)
    ends, below = _computed(reasoning, row, measure, scope, "")
    return ends.low, 0 if below else _statutory_least(reasoning, statutory, scope)


def _statutory_least(reasoning: Reasoning, statutory: StatutoryRange, scope: Scope) -> Exact:
    return 0 if statutory.low is None else reasoning.amount(statutory.low, scope)


def _computed(
    reasoning: Reasoning, row: Row, measure: Fine, scope: Scope, end: str
) -> tuple[Ends, tuple[Adjustment, ...]]:
    """Compute what the row, its bounds and the adjustments make, before rounding and before the statute.

    With it go the adjustments that let it fall below the statutory minimum (减轻).
    """
    ends = _bounded(reasoning, measure, _at_first(reasoning, row, measure, scope, end), scope)
    ends, below = _adjusted(reasoning, reasoning.rule.range_for(row, measure.payer), ends, scope)
    if measure.cap is not None:
        # A cap that the law puts on the sum holds for the adjusted sum as well.
        cap = reasoning.amount(measure.cap, scope)
        ends = Ends(min(ends.low, cap), _least(ends.high, cap))
    return ends, below


def _fen(value: Exact) -> int:
    return value if isinstance(value, int) else value.numerator // value.denominator


def _least(high: Exact | None, cap: Exact) -> Exact:
    return cap if high is None else min(high, cap)


def _at_first(reasoning: Reasoning, row: Row, measure: Fine, scope: Scope, end: str) -> Ends:
    """Return the amount the row itself states, with the figure picked inside its bracket."""
    cell = row.outcome_cell
    name = measure.payer or row.tier
    if not isinstance(measure.amount, Bracket):
        value = reasoning.amount(measure.amount, scope)
        reads = reasoning.reads(measure.reads) if measure.reads else ()
        reasoning.step("amount", name, cell.text, cell.place, reads, after=_fen(value))
        return Ends(value, value)
    bracket = measure.amount
    low = None if bracket.low is None else reasoning.amount(bracket.low, scope)
    high = None if bracket.high is None else reasoning.amount(bracket.high, scope)
    reads = reasoning.reads(bracket.reads) if bracket.reads else ()
    reasoning.step(
        "bracket",
        name,
        cell.text,
        cell.place,
        reads,
        before=None if low is None else _fen(low),
        after=None if high is None else _fen(high),
    )
    return _picked(reasoning, bracket, low, high, end, scope)


def _picked(
    reasoning: Reasoning, bracket: Bracket, low: Exact | None, high: Exact | None, end: str, scope: Scope
) -> Ends:
    """Pick the figure inside a bracket: by the move, by the row's own share, or by the in-tier rule."""
    # An end the row leaves open is the statute's own: …以下 begins where the statute begins.
    bottom: Exact = low if low is not None else reasoning.amount(_LOW, scope)
    top: Exact | None = high
    if top is None and scope.high is not None:
        top = reasoning.amount(_HIGH, scope)
    if end == "low" or (end == "high" and top is not None):
        value = bottom if top is None or end == "low" else top
        reasoning.step("position", end, "", after=_fen(value))
        return Ends(value, value)
    if bracket.at is not None and top is not None:
        share = reasoning.amount(bracket.at, scope)
        value = bottom + product(top - bottom, clamped(share))
        reasoning.step("position", "at", "", reads=reasoning.reads(bracket.at_reads), after=_fen(value))
        return Ends(value, value)
    rule = _in_tier(reasoning)
    if rule is None:
        return Ends(bottom, top)
    position, name, place = rule.position, rule.name, rule.cell.place
    only: Exact | None = None
    if high is None and low is not None and rule.only_low is not None:
        only = low * rule.only_low
    elif low is None and high is not None and rule.only_high is not None:
        only = high * rule.only_high
    if only is not None:
        text = exact_text(rule.only_low or 1) if high is None else exact_text((rule.only_high or 1) * 100) + "%"
        reasoning.step("position", name, text, place, after=_fen(only))
        return Ends(only, only)
    if top is None:
        return Ends(bottom, None)
    least, most = bottom + product(top - bottom, position.low), bottom + product(top - bottom, position.high)
    reasoning.step(
        "position", name, position.cell.text, place, before=None if least == most else _fen(least), after=_fen(most)
    )
    return Ends(least, most)


def _in_tier(reasoning: Reasoning) -> InTier | None:
    """Find the one in-tier rule that holds; the one without a condition is for when no other does."""
    found: list[InTier] = []
    otherwise = None
    missing: tuple[str, ...] = ()
    where = "档内取值" if reasoning.language == "zh" else "in_tier"
    for each in reasoning.rule.conventions.in_tier:
        if each.when is None:
            otherwise = each
            continue
        holds = reasoning.holds(each.when)
        reads = reasoning.reads(each.reads)
        if type(holds) is Missing:
            missing += holds
        else:
            reasoning.step("in_tier", each.name, each.basis, each.cell.place, reads, holds)
            found += [each] if holds else []
    if missing:
        raise reasoning.missing(missing)
    if len(found) > 1:
        names = listed([each.name or each.cell.text for each in found], reasoning.language)
        raise reasoning.refuse("several_lines", found=where, expected=names)
    chosen = found[0] if found else otherwise
    if chosen is None:
        if not reasoning.rule.conventions.in_tier:
            return None
        asked = (name for each in reasoning.rule.conventions.in_tier for name in each.reads)
        given = [f"{name} {text}" for name, text in reasoning.reads(tuple(dict.fromkeys(asked)))]
        raise reasoning.refuse("no_line", found=where, expected=listed(given, reasoning.language))
    return chosen


def _bounded(reasoning: Reasoning, measure: Fine, ends: Ends, scope: Scope) -> Ends:
    """Apply the row's own floor and cap to what it computes."""
    if measure.floor is None and measure.cap is None:
        return ends
    low, high = ends
    for bound, least in ((measure.floor, True), (measure.cap, False)):
        if bound is None:
            continue
        value = reasoning.amount(bound, scope)
        before = high
        if least:
            low, high = max(low, value), None if high is None else max(high, value)
        else:
            low, high = min(low, value), _least(high, value)
        if high is not None and high != before:
            kind = "floor" if least else "cap"
            before_fen = None if before is None else _fen(before)
            reasoning.step("bound", kind, "", before=before_fen, after=_fen(high))
    return Ends(low, high)


def _fined(reasoning: Reasoning, statutory: StatutoryRange, ends: Ends) -> Ends:
    """Return an amount that can be adjusted: below zero nothing is fined, so it is cut to nothing or refused."""
    low, high = ends
    if low >= 0:
        return ends
    how, cell = reasoning.rule.conventions, statutory.cell
    if how.beyond_range != "clamp":
        shown = reasoning.said(_round(low, how.rounding_step, how.rounding))
        raise reasoning.refuse("outside_statutory_range", found=shown, expected=cell.text)
    # Not to the statutory minimum: what is computed below that is not raised to it before adjustments either, and the
    # lesser amount would come to the heavier fine.
    now = Ends(max(low, 0), None if high is None else max(high, 0))
    before = low if high is None or now.high == high else high
    reasoning.step("statutory_range", statutory.name, cell.text, cell.place, before=_fen(before), after=0)
    return now


def _adjusted(
    reasoning: Reasoning, statutory: StatutoryRange, ends: Ends, scope: Scope
) -> tuple[Ends, tuple[Adjustment, ...]]:
    """Apply the adjustments that hold: one upon the other, or their shares of the first amount added up."""
    how = reasoning.rule.conventions
    if not how.adjustments:
        return ends, ()
    ends = _fined(reasoning, statutory, ends)
    added = how.combine == "add"
    base, now, below = ends, ends, tuple[Adjustment, ...]()
    outer = scope
    for each in how.adjustments:
        scope, told = outer, tuple[tuple[str, str], ...]()
        if each.of_fine:
            # The loader made sure that the fine is a figure here, and no range.
            amounts: dict[str, Any] = {"@base": base.low, "@so_far": now.low}
            scope = outer.with_given(amounts)
            told = tuple(
                (called(name, reasoning.language), reasoning.said(_fen(amounts[name])))
                for name in each.reads
                if name in amounts
            )
        holds = reasoning.holds(each.when, scope)
        if type(holds) is Missing:
            raise reasoning.missing(holds)
        reads = (*reasoning.reads(each.reads), *told)
        if not holds:
            reasoning.step("adjustment", each.name, each.outcome_cell.text, each.cell.place, reads, False)
            continue
        before = now
        low_by, high_by = _shares(reasoning, each.change, scope)
        low = _changed(each, low_by, now.low, base.low if added else now.low)
        high = now.high
        if high is not None and base.high is not None:
            high = _changed(each, high_by, high, base.high if added else high)
        now = Ends(low, high)
        below += (each,) if each.change.below_range else ()
        reasoning.step(
            "adjustment",
            each.name,
            each.outcome_cell.text,
            each.cell.place,
            reads,
            True,
            before=None if before.high is None else _fen(before.high),
            after=None if now.high is None else _fen(now.high),
            least_before=None if before.decided and now.decided else _fen(before.low),
            least_after=None if before.decided and now.decided else _fen(now.low),
        )
    return now, below


def _shares(reasoning: Reasoning, change: Change, scope: Scope) -> tuple[Exact, Exact]:
    """Return the share for the lower and the upper end: a reduction of 30 % to 50 % takes 50 % off the lower one."""
    by = _within(reasoning, change.by, change.floor, change.cap, scope)
    to = by if change.to is None else _within(reasoning, change.to, change.floor, change.cap, scope)
    less, more = min(by, to), max(by, to)
    return (more, less) if change.kind == "down" else (less, more)


def _changed(adjustment: Adjustment, by: Exact, now: Exact, base: Exact) -> Exact:
    change = adjustment.change
    match change.kind:
        case "up":
            value = now + product(base, by)
        case "down":
            value = now - product(base, by)
        case "add":
            value = now + by
        case "subtract":
            value = now - by
        case "times":
            value = product(now, by)
    # What takes off more than there is leaves nothing.
    return max(value, 0)


def _within(reasoning: Reasoning, by: Expr, floor: Expr | None, cap: Expr | None, scope: Scope) -> Exact:
    value: Exact = reasoning.amount(by, scope)
    if floor is not None:
        value = max(value, reasoning.amount(floor, scope))
    if cap is not None:
        value = min(value, reasoning.amount(cap, scope))
    return value


def _rounded(reasoning: Reasoning, ends: Ends) -> tuple[int, int | None]:
    how = reasoning.rule.conventions
    low = _round(ends.low, how.rounding_step, how.rounding)
    high: int | None = low
    if ends.high is not ends.low:
        high = None if ends.high is None else _round(ends.high, how.rounding_step, how.rounding)
    if ends.high is not None and high != ends.high:
        step = f"{how.rounding_step}"
        reasoning.step("rounding", how.rounding, step, before=_fen(ends.high), after=high)
    return low, high


def _round(value: Exact, step: int, direction: str) -> int:
    if isinstance(value, int) and value % step == 0:
        return value
    exact = Fraction(value)
    return round_to(exact.numerator, exact.denominator, step, direction)  # type: ignore[arg-type]


def _inside(
    reasoning: Reasoning, statutory: StatutoryRange, ends: Ends, below: tuple[Adjustment, ...], scope: Scope
) -> tuple[int, int | None, int, int | None]:
    """Round, and keep the fine inside the statute: rounding never leaves it, what computed past it is cut or refused.

    The last two figures are the least and the greatest fine the statute allows.
    """
    rounded = _rounded(reasoning, ends)
    lowest = _statutory_least(reasoning, statutory, scope)
    least: Exact = 0 if below else lowest
    most = None if statutory.high is None else reasoning.amount(statutory.high, scope)
    outside = ends.low < least or (most is not None and ends.high is not None and ends.high > most)
    if outside and reasoning.rule.conventions.beyond_range != "clamp":
        shown = reasoning.said(rounded[0] if ends.low < least or rounded[1] is None else rounded[1])
        raise reasoning.refuse("outside_statutory_range", found=shown, expected=statutory.cell.text)
    up, down = int(-(-least // 1)), None if most is None else int(most // 1)
    low = _inward(rounded[0], up, down)
    high: int | None = low
    if rounded[1] != rounded[0]:
        high = None if rounded[1] is None else _inward(rounded[1], up, down)
    cell = statutory.cell
    if high != low and low != rounded[0]:
        # Of a range the lower end may be cut alone.
        reasoning.step("statutory_range", statutory.name, cell.text, cell.place, before=rounded[0], after=low)
    inside = None if low >= lowest else False
    reasoning.step(
        "statutory_range", statutory.name, cell.text, cell.place, holds=inside, before=rounded[1], after=high
    )
    for each in below if low < lowest else ():
        # Below the statutory minimum only what the law itself allows to be, and by name.
        reasoning.step("below_range", each.name, each.basis, each.cell.place, before=_fen(lowest), after=low)
    return low, high, int(-(-lowest // 1)), down


def _inward(value: int, up: int, down: int | None) -> int:
    inner = max(value, up)
    return inner if down is None else min(inner, down)
