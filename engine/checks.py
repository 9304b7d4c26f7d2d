"""What must be true of a rule before it may be used: amounts inside the statute, defects real, nothing overflowing.

Two amounts that are rates of the same thing are compared by their rates, others by how small and large they can get.
What can be shown to lie outside is an error or a marked defect; what cannot be shown either way needs a declared answer
(超出法定幅度).
"""

from collections.abc import Iterable, Iterator
from dataclasses import fields, is_dataclass, replace
from typing import Literal

from engine.bounds import Bounds, split
from engine.currency import amount_text
from engine.cuts import walk
from engine.errors import Complaints
from engine.fact import Place
from engine.measures import Bracket, Fine, Measure
from engine.numbers import MAX_SAFE_INTEGER
from engine.reach import leaving
from engine.rule import Defect, DefectKind, Row, Rule, StatutoryRange
from engine.shapes import divisors_of, may_be_negative
from engine.surface import Surface
from engine.tree import Arithmetic, Expr, Limit, Ref
from engine.vocabulary import ENUMS, KEYS, WORDS, spell
from engine.words import listed

BEYOND = (
    "算出的罚款会不会越出法定幅度还不能确定：越出时取边界，还是拒绝？",
    "the fine may leave its statutory range: is it cut to the limit then, or refused?",
)
IN_TIER = (
    "公布的是幅度：档内取哪个数？",
    "a bracket is published: which figure inside it is taken?",
)
ONLY_LOW = ("只有下限的罚款取下限的几倍？", "how many times the lower end, where there is no upper one?")


def checked(rule: Rule, complaints: Complaints) -> Rule:
    """Return the rule with every row that leaves the statutory range tied to its marked defect; complain otherwise."""
    bounds = Bounds(rule.by_name, rule.named, rule.lists)
    for each in rule.ranges:
        _range_checks(each, rule, bounds, complaints)
    rows = tuple(_row(row, rule, bounds, complaints) for row in rule.rows)
    used = {id(row.defect) for row in rows if row.defect}
    for defect in rule.defects:
        if defect.tier and id(defect) not in used:
            name = spell(ENUMS["kind"], defect.kind, rule.language)
            complaints.add("defect_not_there", defect.cell.place, found=f"{defect.tier} {name}")
    for named in rule.values:
        # The regime's own ratio was held to the regime's facts; this rule may declare them otherwise.
        if any(may_be_negative(each, bounds) for each in divisors_of(named)):
            complaints.add("divisor_below_zero", named.cell.place, found=named.name)
    _finishing(rule, complaints)
    _decided(rule, complaints)
    regime = rule.regime.validity
    inside = regime.holds_on(rule.validity.first) and (
        regime.last is None or (rule.validity.last is not None and rule.validity.last <= regime.last)
    )
    if not inside:
        complaints.add("not_in_force", _top(rule), expected=f"{regime.first} – {regime.last or ''}")
    return replace(rule, rows=rows)


def _top(rule: Rule) -> Place:
    return Place(rule.file, 1, 1)


def _greatest(rule: Rule) -> str:
    """Write the greatest amount that is held exactly."""
    return amount_text(MAX_SAFE_INTEGER, rule.regime.currency, rule.language)


def _ask(
    rule: Rule, key: str, question: tuple[str, str], offered: Iterable[str], place: Place, complaints: Complaints
) -> None:
    """Ask what nobody said; each line that is offered loads as it stands."""
    word, column = spell(KEYS, key, rule.language), 0 if rule.language == "zh" else 1
    lines = [f"{word}: {each}" for each in offered]
    repair = (f"请写{listed(lines, 'zh', '或')}", f"write {listed(lines, 'en', ' or ')}")
    complaints.add("question", place, expected=question[column], repair=repair)


def _ask_beyond(rule: Rule, place: Place, complaints: Complaints) -> None:
    offered = [spell(ENUMS["beyond_range"], word, rule.language) for word in ENUMS["beyond_range"]]
    _ask(rule, "beyond_range", BEYOND, offered, place, complaints)


def _decided(rule: Rule, complaints: Complaints) -> None:
    """Hold an adjustment that asks what the fine comes to against fines that are ranges."""
    how = rule.conventions
    asking = next((each for each in how.adjustments if each.of_fine), None)
    if asking is None:
        return
    picked = bool(how.in_tier) and all(each.position.low == each.position.high for each in how.in_tier)
    for row in rule.rows:
        for fine in row.measures:
            if not isinstance(fine, Fine) or not isinstance(fine.amount, Bracket):
                continue
            topped = fine.amount.high is not None or rule.range_for(row, fine.payer).high is not None
            if not topped or not (picked or fine.amount.at is not None):
                complaints.add("fine_not_decided", row.outcome_cell.place, found=asking.name)
    for each in how.adjustments:
        if each.change.to is not None:
            complaints.add("fine_not_decided", each.outcome_cell.place, found=asking.name)


def _finishing(rule: Rule, complaints: Complaints) -> None:
    """Ask for what a bracket or an adjustment needs and nobody said."""
    how = rule.conventions
    fines = [(row, each) for row in rule.rows if row.defect is None for each in row.measures if isinstance(each, Fine)]
    for row, each in fines:
        if isinstance(each.amount, Bracket) and each.amount.at is None and not how.in_tier:
            offered = ("50%", spell(WORDS, "RANGE_ONLY", rule.language))
            _ask(rule, "in_tier", IN_TIER, offered, row.outcome_cell.place, complaints)
            break
    if not how.beyond_range and (place := _left(rule, fines)) is not None:
        _ask_beyond(rule, place, complaints)


def _left(rule: Rule, fines: list[tuple[Row, Fine]]) -> Place | None:
    """Return the place of the first adjustment that may lead out of the statute; of the row, where it is inherited."""
    order_of = {id(each): index for index, each in enumerate(rule.conventions.adjustments)}
    found = [(each, row) for row, fine in fines if (each := leaving(rule, row, fine)) is not None]
    if not found:
        return None
    cause, row = min(found, key=lambda pair: order_of[id(pair[0])])
    place = cause.outcome_cell.place
    return place if place.file == rule.file else row.outcome_cell.place


def _range_checks(each: StatutoryRange, rule: Rule, bounds: Bounds, complaints: Complaints) -> None:
    if each.low is not None and each.high is not None and order(each.low, each.high, bounds) == "above":
        complaints.add("range_upside_down", each.cell.place)
    if each.high is not None and bounds.of(each.high).high > MAX_SAFE_INTEGER:
        _too_large(rule, each.high, bounds, each.cell.place, complaints)


def _too_large(rule: Rule, amount: Expr, bounds: Bounds, place: Place, complaints: Complaints) -> None:
    """Complain of an amount without an end that can be held; of the divisor, where that may be zero."""
    surface = Surface.of(rule)
    for divisor in _divisors(amount, rule):
        around = bounds.of(divisor)
        if around.low <= 0 <= around.high:
            repair = (
                "让除数的事实从大于 0 起，或写 较大者(…, 1)",
                "declare the fact so that the divisor stays above zero, or write `greatest of (…, 1)`",
            )
            complaints.add("divisor_may_be_zero", place, found=surface.expr(divisor), repair=repair)
            return
    complaints.add("amount_may_overflow", place, expected=_greatest(rule))


def _divisors(amount: object, rule: Rule) -> Iterator[Expr]:
    """Yield everything that an amount is divided by, through named values."""
    match amount:
        case Arithmetic(op="/", left=left, right=right):
            yield right
            yield from _divisors(left, rule)
        case Ref(name=name) if name in rule.named:
            yield from _divisors(rule.named[name].how, rule)
        case tuple():
            for each in amount:
                yield from _divisors(each, rule)
        case _ if is_dataclass(amount):
            for field in fields(amount):
                yield from _divisors(getattr(amount, field.name), rule)


Order = Literal["below", "at_most", "same", "at_least", "above", "unknown"]


def order(one: Expr, other: Expr, bounds: Bounds) -> Order:
    """Say how two amounts stand to each other for all facts; `below` and `above` leave no doubt."""
    (left, first), (right, second) = split(one), split(other)
    if first == second and (first is None or bounds.of(first).low >= 0):
        return "below" if left < right else "above" if left > right else "same"
    mine, theirs = bounds.of(one), bounds.of(other)
    if mine.high <= theirs.low:
        return "below" if mine.high < theirs.low else "at_most"
    if mine.low >= theirs.high:
        return "above" if mine.low > theirs.high else "at_least"
    return "unknown"


def _row(row: Row, rule: Rule, bounds: Bounds, complaints: Complaints) -> Row:
    marked = [each for each in rule.defects if each.tier == row.tier]
    if not row.measures:
        known = next(
            (each for each in marked if each.kind not in ("below_statutory_range", "above_statutory_range")), None
        )
        if known is None:
            _unmarked(row, rule, complaints)
        return replace(row, defect=known)
    found: Defect | None = next(
        (each for each in marked if each.kind not in ("below_statutory_range", "above_statutory_range")), None
    )
    others = tuple(each for each in row.measures if not isinstance(each, Fine))
    if rule.range_named(row.range_name).no_fine and speaks_of_limits(others):
        _no_fine(row, rule.range_named(row.range_name), complaints)
    for measure in row.measures:
        if isinstance(measure, Fine):
            found = _fine(row, rule, measure, marked, bounds, complaints) or found
    return replace(row, defect=found) if found is not None else row


def speaks_of_limits(measures: tuple[Measure, ...]) -> bool:
    """Say whether a measure is worked out from the statutory minimum or maximum."""
    return any(isinstance(node, Limit) for _records, node in walk(measures))


def _no_fine(row: Row, statutory: StatutoryRange, complaints: Complaints) -> None:
    repair = ("请核对法律有没有罚款，或者用“适用幅度”指明另一个", "does the law know a fine? or name another `range`")
    place = row.outcome_cell.place
    complaints.add("fine_without_range", place, found=row.tier, expected=statutory.cell.text, repair=repair)


def _unmarked(row: Row, rule: Rule, complaints: Complaints) -> None:
    word = spell(KEYS, "defects", rule.language)
    complaints.add(
        "refused_tier_not_marked",
        row.outcome_cell.place,
        found=row.tier,
        repair=(f"请在“{word}”里写明种类、档次和说明", f"say kind, tier and note under `{word}`"),
    )


def _fine(
    row: Row, rule: Rule, fine: Fine, marked: list[Defect], bounds: Bounds, complaints: Complaints
) -> Defect | None:
    """Compare one fine with its statutory range; return the marked defect it is an instance of."""
    statutory = rule.range_for(row, fine.payer)
    if statutory.no_fine:
        _no_fine(row, statutory, complaints)
        return None
    inner = Bounds(bounds.facts, bounds.named, bounds.lists, statutory.low, statutory.high, bounds.known)
    place = row.outcome_cell.place
    amount = fine.amount
    low, high = (amount.low, amount.high) if isinstance(amount, Bracket) else (amount, amount)
    if high is not None and inner.of(high).high > MAX_SAFE_INTEGER and fine.cap is None:
        _too_large(rule, high, inner, place, complaints)
    if isinstance(amount, Bracket) and low is not None and high is not None and order(low, high, inner) == "above":
        complaints.add("range_upside_down", place)
    # An end the row leaves open is the statute's own: …以下 begins where the statute begins.
    least: Order = "same" if statutory.low is None or low is None else order(low, statutory.low, inner)
    most: Order = "same" if statutory.high is None or high is None else order(high, statutory.high, inner)
    if isinstance(amount, Bracket) and amount.at is not None and high is None and statutory.high is None:
        # A share of what has no upper end is nothing.
        complaints.add("at_without_bracket", place)
    kind: DefectKind | None = None
    if least == "below" and fine.floor is None:
        kind = "below_statutory_range"
    elif most == "above" and fine.cap is None:
        kind = "above_statutory_range"
    if kind is None:
        unsure = (
            least in ("unknown", "at_most") or most in ("unknown", "at_least") or (fine.floor, fine.cap) != (None, None)
        )
        if unsure and not rule.conventions.beyond_range and not _inside(fine, statutory, inner):
            _ask_beyond(rule, place, complaints)
        return None
    found = next((each for each in marked if each.kind == kind), None)
    if found is None and not any(each.kind in ("misprint", "unreadable") for each in marked):
        word = spell(ENUMS["kind"], kind, rule.language)
        complaints.add(
            "outside_statutory_range",
            place,
            found=row.tier,
            expected=statutory.cell.text,
            repair=(
                f"请核对原文；公布的表确实如此的，在“缺陷”里写明“种类: {word}”、“档次: {row.tier}”",
                f"compare with the source; if it was published so, mark it under `defects` as `kind: {word}`",
            ),
        )
    return found


def _inside(fine: Fine, statutory: StatutoryRange, bounds: Bounds) -> bool:
    """Say whether floor and cap keep a fine inside constant limits whatever it computes to."""
    amount = fine.amount
    ends = [amount.low, amount.high] if isinstance(amount, Bracket) else [amount, amount]
    least = max((bounds.of(each).low for each in (ends[0], fine.floor) if each is not None), default=None)
    most = min((bounds.of(each).high for each in (ends[1], fine.cap) if each is not None), default=None)
    low_fine = statutory.low is None or (least is not None and least >= bounds.of(statutory.low).high)
    high_fine = statutory.high is None or (most is not None and most <= bounds.of(statutory.high).low)
    return low_fine and high_fine
