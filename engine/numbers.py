"""Exact numbers: text becomes a scaled whole number, and nothing here or above ever becomes a float.

A quantity with scale 2 holds 3.50 as 350. Money has scale 2, so its unit is the fen (分). Bounds keep every amount
inside the integers that JSON readers everywhere hold exactly (RFC 8785 and RFC 7493: at most 2**53 - 1).
"""

from fractions import Fraction
from typing import Literal

MONEY_SCALE = 2
MAX_SAFE_INTEGER = 2**53 - 1
MAX_DIGITS = 15

Rounding = Literal["floor", "ceiling", "half_up", "half_even"]


class NotANumber(ValueError):
    """The text is no plain decimal number; `too_precise` when only its decimals are too many."""

    def __init__(self, text: str, *, too_precise: bool = False) -> None:
        super().__init__(text)
        self.too_precise = too_precise


def scaled(text: str, scale: int) -> int:
    """Return `text` (digits, optionally a sign and a decimal point) times 10**scale; raise NotANumber otherwise.

    Only ASCII digits count: `str.isdigit` would also take `²` and `٣`. Trailing zeros never make a number too precise.
    """
    body = text[1:] if text.startswith("-") else text
    whole, point, decimals = body.partition(".")
    if not (digits(whole) and (digits(decimals) if point else True)):
        raise NotANumber(text)
    decimals = decimals.rstrip("0")
    if len(decimals) > scale:
        raise NotANumber(text, too_precise=True)
    value = int(whole + decimals.ljust(scale, "0"))
    return -value if text.startswith("-") else value


def digits(text: str) -> bool:
    """Say whether a text is made of ASCII digits alone, and of no more than a number may have."""
    return text.isascii() and text.isdigit() and len(text) <= MAX_DIGITS


def exact(text: str) -> Fraction:
    """Return the number written in `text`, exactly; raise NotANumber otherwise."""
    scale = len(text.partition(".")[2])
    return Fraction(scaled(text, scale), 10**scale)


def decimal_text(value: int, scale: int) -> str:
    """Write a scaled number the one canonical way: no trailing zeros, no exponent."""
    if scale == 0:
        return str(value)
    sign = "-" if value < 0 else ""
    whole, decimals = divmod(abs(value), 10**scale)
    if not decimals:
        return f"{sign}{whole}"
    tail = str(decimals).rjust(scale, "0").rstrip("0")
    return f"{sign}{whole}.{tail}"


def yuan_text(fen: int) -> str:
    """Write an amount of hundredths in whole units of its currency: 10000 fen is `100`."""
    return decimal_text(fen, MONEY_SCALE)


def round_to(numerator: int, denominator: int, step: int, direction: Rounding) -> int:
    """Round an exact amount of fen, numerator over denominator, to a multiple of `step` fen."""
    return round_steps(numerator, denominator * step, direction) * step


def round_steps(numerator: int, unit: int, direction: Rounding) -> int:
    """Round numerator / unit to a whole number; half up goes away from zero only upwards, half even to the even one."""
    match direction:
        case "ceiling":
            return -(-numerator // unit)
        case "floor":
            return numerator // unit
        case "half_up":
            return (2 * numerator + unit) // (2 * unit)
        case "half_even":
            return round(Fraction(numerator, unit))


def exact_text(value: Fraction | int) -> str:
    """Write an exact number: as a decimal where it is one, else as a fraction."""
    if type(value) is int:
        return str(value)
    above, below = value.numerator, value.denominator
    if below == 1:
        return str(above)
    for scale in range(MAX_DIGITS):
        if 10**scale % below == 0:
            return decimal_text(above * (10**scale // below), scale)
    return f"{above}/{below}"
