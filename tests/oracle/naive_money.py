"""From an outcome to fen: brackets and the figure inside them, bounds, adjustments, rounding, statutory limits."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from tests.oracle.naive_text import FOLD, MONEY, UNITS, Case, Cell, Names, Refused, Worth, constant, multiplied, whole

Ends = tuple[Fraction, Fraction | None]
LARGEST = 2**53 - 1


@dataclass
class FineText:
    """A fine as its row writes it: one amount, or a bracket whose ends may be open."""

    low: Worth | None
    high: Worth | None
    bracket: bool
    payer: str = ""
    at: Worth | None = None
    floor: Worth | None = None
    cap: Worth | None = None


@dataclass
class OtherText:
    """Any other measure: its kind, the text it names, and its figure, or the two ends the law leaves for it."""

    kind: str
    what: str = ""
    figure: Worth | None = None
    ranged: bool = False
    low: Worth | None = None
    high: Worth | None = None


Measure = FineText | OtherText
PLAIN = {
    "警告": "warning", "通报批评": "public_criticism", "责令改正": "order_to_correct", "教育": "education",
    "不予处罚": "no_penalty", "可以不予处罚": "may_no_penalty",
}  # fmt: skip
NAMING = {"吊销": "revoke_licence", "标记": "flag"}
TIMED = {"暂扣": "suspend_licence", "责令停产停业": "stop_business", "限制": "restrict", "拘留": "detention"}


def outcome(text: str, names: Names) -> list[Measure]:
    """Read a row's outcome; nothing where it is `拒绝`."""
    cell = Cell(text, names)
    found: list[Measure] = []
    while cell.at < len(cell.words):
        if cell.take(",", ";"):
            continue
        if cell.peek() == "拒绝":
            return []
        word = cell.peek()
        last = found[-1] if found else None
        if word in ("不超过", "至多", "最高", "最多", "≤", "<=", "不少于", "不低于", "至少", "最低", "≥", ">="):
            assert isinstance(last, FineText), text
            cell.next()
            bound = cell.sum().worth
            if word in ("不超过", "至多", "最高", "最多", "≤", "<="):
                last.cap = bound
            else:
                last.floor = bound
        elif word == "此后":
            assert isinstance(last, FineText), text
            cell.next()
            last.low = last.high = beyond(last, cell.sum().worth)
        else:
            found.append(measure(cell))
    return found


def measure(cell: Cell) -> Measure:
    payer = cell.quoted() if cell.take("对") else ""
    word = cell.next()
    if word == "罚款":
        fine = amount(cell)
        fine.payer = payer
        return fine
    if word in PLAIN:
        return OtherText(PLAIN[word])
    if word in NAMING:
        return OtherText(NAMING[word], cell.quoted())
    if word == "没收" and not cell.peek().startswith("「"):
        return OtherText("confiscate_gains", figure=cell.atom().worth)
    if word == "没收":
        return OtherText("confiscate_goods", cell.quoted())
    if word == "责令":
        return OtherText("order", cell.quoted())
    if word == "另计":
        what = cell.quoted()
        return figured(OtherText("output", what), cell)
    assert word in TIMED, (cell.text, word)
    what = cell.quoted() if cell.peek().startswith("「") else ""
    found = OtherText(TIMED[word], what)
    return figured(found, cell) if cell.peek() not in ("", ",", ";") else found


def figured(found: OtherText, cell: Cell) -> OtherText:
    """Read a figure, or a range: 5日 至 15日, 6月 以下, 3年 以上, 1月 以上 3月 以下."""
    first = figure(cell)
    if cell.take("以下"):
        found.ranged, found.high = True, first
    elif cell.take("至", "到"):
        found.ranged, found.low, found.high = True, first, figure(cell)
    elif cell.take("以上"):
        found.ranged, found.low = True, first
        if cell.peek() not in ("", ",", ";"):
            found.high = figure(cell)
            cell.must("以下")
    else:
        found.figure = first
    return found


def figure(cell: Cell) -> Worth:
    """Read a figure; what it counts may stand behind a computed one."""
    worth = cell.sum().worth
    cell.take(*UNITS)
    return worth


class Line(FineText):
    """A fine that goes in a straight line along a fact, kept apart so that `此后` can say what is beyond it."""

    of: Worth
    last: Worth


def beyond(fine: FineText, amount: Worth) -> Worth:
    assert isinstance(fine, Line)
    inside, of, last = fine.low, fine.of, fine.last
    assert inside is not None
    return lambda case: amount(case) if of(case) > last(case) else inside(case)


def amount(cell: Cell) -> FineText:
    """Read what stands behind 罚款: an amount, a bracket of some form, or a straight line."""
    first = cell.sum()
    if cell.take("→", "->"):
        return along(cell, first.worth)
    if cell.take("以下"):
        found = FineText(None, first.worth, True)
    elif cell.take("至", "到"):
        second = cell.sum()
        low = first.worth
        number = ("bare", "number")
        if second.tail and first.figure and (second.head == first.figure or {second.head, first.figure} <= {*number}):
            # What the second end is multiplied by counts for a bare first end too: 2倍 至 3倍 × 货值.
            for each in second.tail:
                low = multiplied(low, each)
        found = FineText(low, second.worth, True)
    elif cell.take("以上"):
        found = FineText(first.worth, None, True)
        if cell.peek() not in ("", ",", ";", "按"):
            found.high = cell.sum().worth
            cell.must("以下")
    else:
        return FineText(first.worth, first.worth, False)
    if cell.take("按"):
        found.at = cell.sum().worth
    return found


def along(cell: Cell, low: Worth) -> FineText:
    high = cell.sum().worth
    cell.must("随")
    subject, start = cell.sum(), cell.sum()
    cell.must("→", "->")
    end = cell.sum()
    percent = Fraction(100 if subject.percent else 1)

    def on_axis(part: Any) -> Worth:
        scale = percent if part.figure == "bare" else Fraction(1)
        return lambda case: part.worth(case) / scale

    first, last = on_axis(start), on_axis(end)

    def worth(case: Case) -> Fraction:
        value, left, right = subject.worth(case), first(case), last(case)
        bottom, top = low(case), high(case)
        if left >= right:
            raise Refused("divided_by_zero")
        if value <= left:
            return Fraction(bottom)
        if value >= right:
            return Fraction(top)
        return Fraction(bottom + (top - bottom) * (value - left) / (right - left))

    found = Line(worth, worth, False)
    found.of, found.last = subject.worth, last
    return found


# --- the figure inside a bracket, and what is done to it


@dataclass
class InTier:
    when: Worth | None
    low: Fraction
    high: Fraction
    only_high: Fraction | None
    only_low: Fraction | None


@dataclass
class Adjustment:
    when: Worth
    word: str
    by: Worth
    to: Worth | None
    floor: Worth | None
    cap: Worth | None
    below: bool


@dataclass
class Finishing:
    """What is done between the row and the fen, as regime and rule say together."""

    in_tier: list[InTier]
    adjustments: list[Adjustment]
    combine: str
    beyond: str
    step: Fraction
    way: str


def share(text: str) -> Fraction:
    return Fraction(text.strip().removesuffix("%")) / (100 if text.strip().endswith("%") else 1)


def position(text: str) -> tuple[Fraction, Fraction]:
    """Read `50%`, `30% 至 小于 70%`, `取本档上限`, `取本档下限`, `只给幅度`."""
    known = {"取本档上限": (1, 1), "取本档下限": (0, 0), "只给幅度": (0, 1)}
    words = text.translate(FOLD).strip()
    if words in known:
        low, high = known[words]
        return Fraction(low), Fraction(high)
    parts = [share(part.replace("小于", "")) for part in re.split("至|到", words)]
    return parts[0], parts[-1]


def in_tier(entry: Any, names: Names) -> list[InTier]:
    if isinstance(entry, str):
        return [InTier(None, *position(entry), None, None)]
    found = []
    for each in entry:
        when = None if each.get("情形", "其余") == "其余" else Cell(each["情形"], names).formula()
        high, low = each.get("只有上限"), each.get("只有下限")
        only_high = None if high is None else position(high)[0]
        only_low = None if low is None else Fraction(low.strip().removesuffix("倍").strip())
        found.append(InTier(when, *position(each["取"]), only_high, only_low))
    return found


def adjustment(entry: Mapping[str, str], names: Names) -> Adjustment:
    """Read `下浮 30% 至 50%`, `上浮 5% × 月数，不超过 30%`, `加 500元`, `× 1.5`."""
    cell = Cell(entry["处理"], names)
    word, by = cell.next(), cell.sum().worth
    word = {"*": "×", "乘": "×", "乘以": "×", "+": "加", "-": "减", "−": "减"}.get(word, word)
    to = cell.sum().worth if cell.take("至", "到") else None
    found = Adjustment(Cell(entry["情形"], names).formula(), word, by, to, None, None, False)
    while cell.take(",", ";"):
        if cell.take("可低于法定下限"):
            found.below = True
        elif cell.take("不超过", "至多", "最高", "≤", "<="):
            found.cap = cell.sum().worth
        else:
            cell.must("不少于", "不低于", "至少", "≥", ">=")
            found.floor = cell.sum().worth
    cell.done(constant(0))
    return found


def rounding(text: str) -> tuple[Fraction, str]:
    step, way = re.split("[,]", text.translate(FOLD))
    found = re.fullmatch(r" *([0-9.]+) *(亿元|万元|元|分) *", step)
    assert found, text
    return Fraction(found[1]) * MONEY[found[2]], {"四舍六入五成双": "四舍六入"}.get(way.strip(), way.strip())


def fine(
    text: FineText, finishing: Finishing, statutory: tuple[Worth | None, Worth | None], end: str, outside: Case
) -> tuple[int, int | None]:
    """Work a fine out: the least and the greatest fen, which are the same where a figure is decided."""
    case = with_limits(outside, statutory)
    low, high = first_amount(text, finishing, end, case)
    low, high = bounded(text, (low, high), case)
    if low < 0:
        # Nothing is fined below zero, and what is no fine is not adjusted.
        if finishing.beyond != "取边界":
            raise Refused("outside_statutory_range")
        low, high = Fraction(0), None if high is None else max(high, Fraction(0))
    (low, high), below = adjusted(finishing, (low, high), case)
    if text.cap is not None:
        # A cap on the sum holds for the adjusted sum as well.
        cap = text.cap(case)
        low, high = min(low, cap), cap if high is None else min(high, cap)
    least = Fraction(0) if statutory[0] is None or below else statutory[0](case)
    most = None if statutory[1] is None else statutory[1](case)
    past = low < least or (most is not None and high is not None and high > most)
    if past and finishing.beyond != "取边界":
        raise Refused("outside_statutory_range")
    one = in_fen(low, finishing, least, most)
    other = None if high is None else in_fen(high, finishing, least, most)
    if other is not None and other > LARGEST:
        raise Refused("amount_too_large")
    return one, other


def with_limits(case: Case, statutory: tuple[Worth | None, Worth | None]) -> Case:
    low, high = statutory
    return Case(case.given, case.percent, case.named, case.on, case.decided, case.inside, low, high, case.outer)


def first_amount(text: FineText, finishing: Finishing, end: str, case: Case) -> Ends:
    low = None if text.low is None else text.low(case)
    if not text.bracket:
        assert low is not None
        return low, low
    high = None if text.high is None else text.high(case)
    bottom, top = open_ends(low, high, case)
    if end == "low":
        return bottom, bottom
    if end == "high" and top is not None:
        return top, top
    if text.at is not None:
        assert top is not None, "a share of what has no upper end is refused on loading"
        at = min(max(text.at(case), Fraction(0)), Fraction(1))
        return bottom + (top - bottom) * at, bottom + (top - bottom) * at
    return picked(finishing, low, high, case)


def open_ends(low: Fraction | None, high: Fraction | None, case: Case) -> Ends:
    """Close what a bracket leaves open by the statute's own end, where that has one."""
    if low is None:
        low = case.low(case) if case.low else Fraction(0)
    return low, high if high is not None else case.high(case) if case.high else None


def picked(finishing: Finishing, low: Fraction | None, high: Fraction | None, case: Case) -> Ends:
    """Take the figure that the published rule picks; without any rule it stays a range."""
    bottom, top = open_ends(low, high, case)
    holding = [each for each in finishing.in_tier if each.when is not None and each.when(case)]
    if len(holding) > 1:
        raise Refused("several_lines")
    if not holding:
        holding = [each for each in finishing.in_tier if each.when is None]
    if not holding:
        if finishing.in_tier:
            raise Refused("no_line")
        return bottom, top
    rule = holding[0]
    if high is None and low is not None and rule.only_low is not None:
        return low * rule.only_low, low * rule.only_low
    if low is None and high is not None and rule.only_high is not None:
        return high * rule.only_high, high * rule.only_high
    if top is None:
        return bottom, None
    return bottom + (top - bottom) * rule.low, bottom + (top - bottom) * rule.high


def bounded(text: FineText, ends: Ends, case: Case) -> Ends:
    low, high = ends
    if text.floor is not None:
        floor = text.floor(case)
        low, high = max(low, floor), None if high is None else max(high, floor)
    if text.cap is not None:
        cap = text.cap(case)
        low, high = min(low, cap), cap if high is None else min(high, cap)
    return low, high


def adjusted(finishing: Finishing, ends: Ends, case: Case) -> tuple[Ends, bool]:
    """Apply every adjustment that holds, to both ends: 下浮 30% 至 50% takes the greater off the lower end."""
    (low, high), first, below = ends, ends, False
    outside = case
    for each in finishing.adjustments:
        case = replace(outside, given={**outside.given, "基础罚款额": first[0], "此前罚款额": low})
        if not each.when(case):
            continue
        below = below or each.below
        by = bound_share(each, each.by, case)
        to = by if each.to is None else bound_share(each, each.to, case)
        for_low, for_high = (to, by) if each.word == "下浮" else (by, to)
        base = first if finishing.combine == "相加" else (low, high)
        low = changed(each.word, low, base[0], for_low)
        if high is not None:
            assert base[1] is not None
            high = changed(each.word, high, base[1], for_high)
    return (low, high), below


def bound_share(each: Adjustment, worth: Worth, case: Case) -> Fraction:
    value: Fraction = worth(case)
    if each.floor is not None:
        value = max(value, each.floor(case))
    return value if each.cap is None else min(value, each.cap(case))


def changed(word: str, now: Fraction, base: Fraction, by: Fraction) -> Fraction:
    after = {"上浮": now + base * by, "下浮": now - base * by, "加": now + by, "减": now - by, "×": now * by}[word]
    return max(after, Fraction(0))


def in_fen(value: Fraction, finishing: Finishing, least: Fraction, most: Fraction | None) -> int:
    """Round as declared, and never out of the statutory range."""
    fen = whole(value / finishing.step, finishing.way) * finishing.step * 100
    if fen < least * 100:
        fen = Fraction(-(-least * 100 // 1))
    if most is not None and fen > most * 100:
        fen = Fraction(most * 100 // 1)
    assert fen.denominator == 1
    return int(fen)
