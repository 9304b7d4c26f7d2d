"""Numbers as legal prose writes them: 二十万, 五〇〇, 1.5万, 20,000, 20 000, 5 million; the doubtful is none."""

import re
from fractions import Fraction

from engine.numbers import MAX_DIGITS, NotANumber, exact

_DIGITS = {digit: value for value, digit in enumerate("〇一二三四五六七八九")} | {"零": 0, "两": 2}
_UNITS = {"十": 10, "百": 100, "千": 1000}
_MYRIADS = {"亿": 10**8, "万": 10**4}
_NAMES = "zero one two three four five six seven eight nine ten".split()
_GRAND = {"thousand": 1000, "million": 10**6, "billion": 10**9}

_ARABIC = re.compile(r"((?:[0-9]{1,3}(?:[,'’\s][0-9]{3})+|[0-9]+)(?:\.[0-9]+)?)\s*([十百千万亿]*|[a-z]+)")
_LAST_UNIT = re.compile(r"[百千万亿]+$|\s*(?:thousand|million|billion)$")


def numeral(text: str) -> Fraction | None:
    """Return the number a text writes, in Arabic or Chinese numerals or both; None where it writes none for certain."""
    if text in _NAMES:
        return Fraction(_NAMES.index(text))
    arabic = _ARABIC.fullmatch(text)
    if arabic is None:
        return _han(text)
    try:
        value = exact(re.sub(r"[,'’\s]", "", arabic[1]))
    except NotANumber:
        return None
    if arabic[2] in _GRAND:
        return value * _GRAND[arabic[2]]
    for sign in arabic[2]:
        unit = _UNITS.get(sign) or _MYRIADS.get(sign)
        if unit is None:
            return None
        value *= unit
    return value


def lower_of(text: str, higher: str) -> Fraction | None:
    """Return the lower of two numbers that may share the unit of the higher: 3 of 3至5万 is thirty thousand.

    It shares the unit only where it then stays the lower one: the 500 of 500至1万 is five hundred.
    """
    value, last = numeral(text), _LAST_UNIT.search(higher)
    if value is None or last is None or _LAST_UNIT.search(text):
        return value
    count, whole = numeral(higher[: last.start()]), numeral(higher)
    if count is None or whole is None or value >= count:
        return value
    return value * whole * Fraction(1, count)


def _han(text: str) -> Fraction | None:
    if len(text) > 1 and all(sign in _DIGITS for sign in text):
        # Older texts write 五〇〇元; 三五元, without a zero, means three or five.
        digits = "".join(str(_DIGITS[sign]) for sign in text)
        plain = "0" in digits and not digits.startswith("0") and len(digits) <= MAX_DIGITS
        return Fraction(int(digits)) if plain else None
    total, rest = 0, text
    for sign, size in _MYRIADS.items():
        head, found, tail = rest.partition(sign)
        if found:
            section = _section(head, first=not total)
            if section is None:
                return None
            total, rest = total + section * size, tail
    section = _section(rest, first=not total) if rest or not total else 0
    return None if section is None else Fraction(total + section)


def _section(text: str, *, first: bool) -> int | None:
    """Read the part below a myriad: units descend, and 零 stands only where one of them is left out.

    一百五 and 三万五 are read by people as 150 and 35000, and by the letter otherwise: neither is taken.
    """
    total, least, digit, gap = 0, 10_000, 0, False
    for place, sign in enumerate(text):
        if sign in _UNITS:
            unit = _UNITS[sign]
            ten = unit == 10 and (least == 100 or (first and place == 0))
            if unit >= least or (gap and unit * 10 == least < 10_000) or not (digit or (ten and not gap)):
                return None
            total, least, digit, gap = total + (digit or 1) * unit, unit, 0, False
        elif digit or sign not in _DIGITS:
            return None
        elif _DIGITS[sign]:
            digit = _DIGITS[sign]
        elif gap or least == 10 or (first and place == 0):
            return None
        else:
            gap = True
    if not digit:
        return None if gap or not total else total
    return total + digit if gap or least == 10 or (first and least == 10_000) else None
