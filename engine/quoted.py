"""Reads a clause of law into the ranges of fines it states: 处五十元以上二百元以下罚款 is 50 to 200 yuan.

It reads what a clause says of a fine and no other figure: days, articles and the amounts of a condition
(违法所得十万元以上的) are passed over, and so is what it cannot read for certain. A range it misses becomes
a question to a person; a range it invents could vouch for a wrong rule.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, NamedTuple

from engine.currency import CURRENCIES
from engine.numerals import lower_of, numeral

Of = Literal["money", "multiple", "share"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated:
    """A range a clause states: its ends, None for one it does not state, the words it was read from, and where.

    Money is in fen; a multiple and a share are plain numbers: 百分之五 is 1/20. `each` says how many counts the figures
    are still to be multiplied by: 每平方米每日 is two. `high_open` says that the upper end itself is left out (不满).
    """

    of: Of
    low: Fraction | None
    high: Fraction | None
    high_open: bool = False
    each: int = 0
    text: str
    start: int


class _Unit(NamedTuple):
    of: Of
    size: Fraction


_Role = Literal["range", "low", "high", "below", "bare", "none"]


class _Figure(NamedTuple):
    """One figure, or two joined by a dash, and what the words around it make of it; the numbers lack their unit."""

    role: _Role
    unit: _Unit | None
    low: Fraction | None
    high: Fraction | None
    number: str
    # The words that say what it bounds are part of it: it starts before the number and stops behind.
    start: int
    at: int
    stop: int


class _Wording(NamedTuple):
    """How one language words a range: what a figure looks like, and what is said before and after it."""

    figure: re.Pattern[str]
    at_most: re.Pattern[str]
    at_least: re.Pattern[str]
    below: re.Pattern[str]
    above: re.Pattern[str]
    or_more: re.Pattern[str]
    open_low: re.Pattern[str]
    joint: re.Pattern[str]
    boundary: re.Pattern[str]
    condition: re.Pattern[str]
    fine: re.Pattern[str]
    fine_before: re.Pattern[str]
    fine_just_before: re.Pattern[str]
    fine_after: re.Pattern[str]
    each_before: re.Pattern[str]
    each_after: re.Pattern[str]


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text, re.IGNORECASE)


def _before(text: str) -> re.Pattern[str]:
    return _pattern(rf"(?:{text})\s*$")


# Blanks that a line of a printed table leaves inside a figure; bounded, so that no text is slow to read.
_GAP = r"\s{0,3}"


def _figure(number: str, prefix: str, suffix: str, dash: str, bound: str) -> str:
    def one(name: str) -> str:
        return rf"(?P<{name}_prefix>{prefix})?(?P<{name}>{number}){_GAP}(?P<{name}_suffix>{suffix})?"

    return rf"(?:{one('first')}{_GAP}(?:{dash}){_GAP})?{one('last')}(?:{_GAP}(?P<bound>{bound}))?"


_SIGNS = "〇零一二两三四五六七八九十百千万亿"
_ARABIC = r"(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:\.[0-9]+)?"
# 处 as a verb of punishing: not 处分, 处置, nor the mere 处罚.
_IMPOSE = "处(?![分置理境于方])(?!罚(?![款金锾]))"
_HIGHEST = "(?:最高|上限)(?:不得?超过|可以?|为|额|达|处以?|罚款)*"
_LOWEST = "(?:最低|下限)(?:不得?(?:低于|少于)|为|额|处以?|罚款)*"

_CHINESE = _Wording(
    figure=_pattern(
        # No part of a longer number, and no 第三, 数百, 十余万.
        rf"(?<![0-9.数几余多第{_SIGNS}])(?<![0-9],)"
        + _figure(
            number=rf"(?:{_ARABIC}(?:{_GAP}[十百千万亿]{{1,2}})?|[{_SIGNS}]+)",
            prefix="[百千万]分之",
            suffix="元(?:整|人民币)?(?![旦月素件宵首])|倍(?!数)|%",
            dash="至|到|-+",
            bound="以[上下内]|之内",
        )
    ),
    at_most=_before(f"不得?(?:超过|高于|多于|大于)|至多|最多|{_HIGHEST}"),
    at_least=_before(f"不得?(?:低于|少于|小于)|至少|{_LOWEST}"),
    below=_before("不足|不满|未满|未?达到?|低于|少于|小于"),
    above=_before("超过|超出|高于|多于|大于|满"),
    or_more=_pattern("以上"),
    open_low=_before("以上[，、,]?(?:至|到)?"),
    joint=_pattern(r"\s*[，、,]?(?:至|到|-+|并?且|而|但)?\s*"),
    boundary=_pattern("[，。；：;:\n]|,(?![0-9]{3})"),
    condition=_pattern(r"\s*的(?!\s*(?:行政)?(?:罚|标准|比例|幅度|金额|数额))"),
    fine=_pattern(f"{_IMPOSE}|罚"),
    fine_before=_pattern(f"{_IMPOSE}|罚[款金锾则]|幅度|最[高低]|[上下]限"),
    fine_just_before=_before(r"(?:处以?|罚[款金锾]|每\S{1,4})(?:人民币|新台币)?"),
    fine_after=_pattern(r"\s*的?(?:标准|比例|幅度)?(?:计算|加?处以?)*(?:行政)?罚[款金锾]"),
    each_before=_pattern("每|按[日月次]"),
    each_after=_pattern(r"\s*(?:/|每)"),
)

_CODES = "|".join(CURRENCIES)
# 20 000 000 EUR, 1'000 francs.
_SPACED = "[0-9]{1,3}(?:[ \u00a0\u2009\u202f'’][0-9]{3})+(?![0-9])"

_ENGLISH = _Wording(
    figure=_pattern(
        r"(?<![\w.,])(?P<between>between\s{1,3})?"
        + _figure(
            number=rf"(?:(?:{_SPACED}|{_ARABIC})(?:\s{{1,3}}(?:thousand|million|billion))?|(?:one|two|three|four|five|six|seven|eight|nine|ten)\b)",
            prefix=rf"(?:rmb|{_CODES}|us\$|nt\$|hk\$|[$€£¥])\s{{0,3}}",
            suffix=rf"(?:yuan|dollars?|euros?|pounds?|francs?|rmb|{_CODES}|times?|fold|percent|per cent)\b|%",
            dash=r"(?(between)and\b|(?:to\b|-+))",
            bound=r"or (?:more|above|over|less|below|under)\b",
        )
    ),
    at_most=_before(
        "(?:not|no) (?:more|greater|higher|larger) than|(?:not|without) exceeding|not (?:to |be )?exceed|up to|at most"
        "|(?:a )?maximum of"
    ),
    at_least=_before("(?:not|no) (?:less|fewer|lower|smaller) than|at least|(?:a )?minimum of"),
    below=_before("(?:less|fewer|lower) than|under|below"),
    above=_before("(?:more|greater|higher) than|exceed(?:s|ing)?|over|above"),
    or_more=_pattern("or (?:more|above|over)"),
    open_low=_before("(?:not|no) (?:less|fewer|lower|smaller) than [^,.;]{0,40}(?:and|but)"),
    joint=_pattern(r"\s*,?\s*(?:and|but|or|to)?\s*"),
    boundary=_pattern(r"[;:\n]|\.(?=\s|$)"),
    condition=_pattern(r"(?!)"),
    fine=_pattern(r"\b(?:fine|penalt)"),
    fine_before=_pattern(r"\b(?:fine|penalt)(?!.*\b(?:if|where|when|whose|unless)\b)"),
    fine_just_before=_before("(?:fined?|penalty)(?: of| at)?"),
    fine_after=_pattern(r"\s*(?:fine|penalty)\b"),
    each_before=_pattern(r"\b(?:per|for (?:each|every))\b"),
    each_after=_pattern(r"\s*(?:/|per\b|for (?:each|every)\b)"),
)

_MONEY, _TIMES, _PERCENT = (
    _Unit("money", Fraction(100)),
    _Unit("multiple", Fraction(1)),
    _Unit("share", Fraction(1, 100)),
)
_RATIOS = {
    "倍": _TIMES,
    "time": _TIMES,
    "times": _TIMES,
    "fold": _TIMES,
    "%": _PERCENT,
    "percent": _PERCENT,
    "per cent": _PERCENT,
    "百分之": _PERCENT,
    "千分之": _Unit("share", Fraction(1, 1000)),
    "万分之": _Unit("share", Fraction(1, 10_000)),
}
_FAR, _NEAR = 400, 80
_CJK = re.compile("[\u4e00-\u9fff]")
# Sign for sign, so that a place in the plain text is the same place in the clause.
_PLAIN = str.maketrans(
    "０１２３４５６７８９．％／○－–—～〜~萬億兩圓圆處罰鍰滿過於標準額數臺幣",
    "0123456789.%/〇------万亿两元元处罚锾满过于标准额数台币",
)


def ranges_in(clause: str) -> tuple[Stated, ...]:
    """Return the ranges of fines a clause states, in its order."""
    text = clause.translate(_PLAIN)
    words = _CHINESE if _CJK.search(text) else _ENGLISH
    # A figure is judged by its own part of the sentence, and never by more than these many signs of it.
    parts = [0, *(each.end() for each in words.boundary.finditer(text))]
    found = []
    for figure in _joined(list(_figures(text, words)), text, words):
        begins = max(parts[bisect_right(parts, figure.at) - 1], figure.at - _FAR)
        before, after = text[begins : figure.at], text[figure.stop : figure.stop + _NEAR]
        if figure.unit is None or not _of_a_fine(figure, before, after, text, words):
            continue
        counts = list(words.each_before.finditer(before))
        start = begins + counts[0].start() if counts else figure.start
        found.append(
            Stated(
                of=figure.unit.of,
                low=None if figure.low is None else figure.low * figure.unit.size,
                high=None if figure.high is None else figure.high * figure.unit.size,
                high_open=figure.role == "below",
                each=len(counts) + bool(words.each_after.match(after)),
                text=clause[start : figure.stop].strip(),
                start=start,
            )
        )
    return tuple(found)


def _figures(text: str, words: _Wording) -> Iterator[_Figure]:
    for match in words.figure.finditer(text):
        last, value = match["last"].lower(), numeral(match["last"].lower())
        unit = _unit(match["last_prefix"], match["last_suffix"])
        near = max(0, match.start() - _NEAR)
        if value is None:
            continue
        if match["first"]:
            first = lower_of(match["first"].lower(), last)
            own = _unit(match["first_prefix"], match["first_suffix"])
            upward = words.or_more.match(match["bound"] or "")
            if first is not None and own in (None, unit or own) and not upward:
                yield _Figure("range", unit or own, first, value, last, match.start(), match.start(), match.end())
            continue
        role, start = _role(text[near : match.start()], match["bound"] or "", words)
        low = None if role in ("high", "below") else value
        high = None if role == "low" else value
        yield _Figure(role, unit, low, high, last, near + start, match.start(), match.end())


def _unit(prefix: str | None, suffix: str | None) -> _Unit | None:
    """Return the unit a figure is written with; whatever is no ratio is money."""
    said = (suffix or prefix or "").strip().lower()
    return _RATIOS.get(said, _MONEY) if said else None


def _role(before: str, bound: str, words: _Wording) -> tuple[_Role, int]:
    """Say what a figure is by the words around it, and where they begin."""
    roles: tuple[tuple[re.Pattern[str], _Role], ...] = (
        (words.at_most, "high"),
        (words.at_least, "low"),
        (words.below, "below"),
        (words.above, "none"),
    )
    for pattern, role in roles:
        if found := pattern.search(before):
            return role, found.start()
    if not bound:
        return "bare", len(before)
    return "low" if words.or_more.match(bound) else "high", len(before)


def _joined(figures: list[_Figure], text: str, words: _Wording) -> Iterator[_Figure]:
    """Put a lower end and the upper end right behind it together; leave out what is no range by itself.

    What 不足 and 超过 bound is a condition. A lower end with a figure right behind it that is no upper end of its kind
    (三倍以上但不超过五万元, 二万元以上五万元下) says something that is not read here, and so does an upper end whose
    lower one is no figure (等值以上三倍以下).
    """
    waiting: _Figure | None = None
    for figure in figures:
        if waiting is not None and words.joint.fullmatch(text, waiting.stop, figure.start):
            yield from _together(waiting, figure)
            waiting = None
            continue
        if waiting is not None:
            yield waiting
        waiting = figure if figure.role == "low" else None
        open_below = figure.role == "high" and words.open_low.search(text[max(0, figure.start - _NEAR) : figure.start])
        if figure.role in ("range", "high", "bare") and not open_below:
            yield figure
    if waiting is not None:
        yield waiting


def _together(lower: _Figure, upper: _Figure) -> Iterator[_Figure]:
    unit = upper.unit or lower.unit
    if unit is None or upper.role not in ("high", "below"):
        return
    if lower.unit is None:
        low = lower_of(lower.number, upper.number)
    elif lower.low is not None and (lower.unit == unit or "money" not in (lower.unit.of, unit.of)):
        # 百分之五十以上二倍以下: both are ratios.
        low = lower.low * lower.unit.size * Fraction(1, unit.size)
    else:
        return
    role: _Role = "below" if upper.role == "below" else "range"
    yield _Figure(role, unit, low, upper.high, upper.number, lower.start, lower.at, upper.stop)


def _of_a_fine(figure: _Figure, before: str, after: str, text: str, words: _Wording) -> bool:
    """Say whether a figure is what is imposed: the words say so, or the clause names no fine at all but its range."""
    if words.condition.match(after):
        return False
    if words.fine_after.match(after):
        return True
    if figure.role == "bare":
        return words.fine_just_before.search(before) is not None
    return words.fine_before.search(before) is not None or words.fine.search(text) is None
