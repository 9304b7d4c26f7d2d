"""Exact arithmetic on the values of expressions: numbers, fen and days; and the few ways it has no value."""

from datetime import date, timedelta
from fractions import Fraction
from typing import Literal, TypeAlias

from engine.calendar import full_months, months_after, started_months
from engine.numbers import Rounding, round_steps

Exact: TypeAlias = int | Fraction
Span = Literal["days", "started_months", "full_months", "full_years"]
_LARGEST = 10**30
_LEAST = -_LARGEST


class Undefined(Exception):
    """A value has no meaning on these facts: no line of a table or several, a zero divisor, a sum past all bounds.

    `name` is the named value it happened in, `axis` the name whose value no line of its table covers.
    """

    def __init__(
        self,
        code: Literal["no_line", "several_lines", "empty_list", "divided_by_zero", "amount_too_large"],
        name: str,
        axis: str = "",
    ) -> None:
        super().__init__(code, name, axis)
        self.code = code
        self.name = name
        self.axis = axis


def ratio(above: int, below: int) -> Exact:
    """Divide exactly; a whole result is a whole number, which is quicker to go on with than a fraction."""
    return above // below if above % below == 0 else Fraction(above, below)


def product(one: Exact, other: Exact) -> Exact:
    """Multiply exactly."""
    if type(one) is int and type(other) is int:
        return one * other
    return ratio(one.numerator * other.numerator, one.denominator * other.denominator)


def quotient(one: Exact, other: Exact) -> Exact:
    """Divide exactly."""
    if other == 0:
        raise Undefined("divided_by_zero", "")
    return ratio(one.numerator * other.denominator, one.denominator * other.numerator)


def clamped(share: Exact) -> Exact:
    """Return a share that lies from 0 to 1, the nearer end for one that lies outside."""
    above, below = share.numerator, share.denominator
    return 0 if above <= 0 else 1 if above >= below else share


def bounded(value: Exact) -> Exact:
    """Return the value, unless it has grown past anything the law could mean."""
    above, below = value.numerator, value.denominator
    if not _LEAST * below < above < _LARGEST * below:
        raise Undefined("amount_too_large", "")
    return value


def steps(value: Exact, step: Exact, mode: Rounding) -> int:
    """Count the steps, greater than nought, that a value makes, as a whole number."""
    return round_steps(value.numerator * step.denominator, value.denominator * step.numerator, mode)


def time_between(span: Span, first: date, last: date) -> int:
    """Count days (the first not counted), months or years from one day to another; negative where it is earlier."""
    match span:
        case "days":
            return (last - first).days
        case "started_months":
            return started_months(first, last)
        case "full_months":
            return full_months(first, last)
        case "full_years":
            months = full_months(first, last)
            return months // 12 if months >= 0 else -(-months // 12)


def time_after(unit: Literal["days", "months", "years"], day: date, steps: int) -> date:
    """Return the day so many days, months or years later."""
    try:
        if unit == "days":
            return day + timedelta(days=steps)
        return months_after(day, steps * (12 if unit == "years" else 1))
    except (OverflowError, ValueError) as error:
        raise Undefined("amount_too_large", "") from error
