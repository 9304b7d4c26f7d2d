"""Calendar arithmetic on days, as Chinese law counts them; no clock is read here."""

import calendar
from datetime import date

# Laws still in force go back further than any act that is punished under them.
FIRST_YEAR = 1800
LAST_YEAR = 2999


def read_day(text: str) -> date | None:
    """Read `YYYY-MM-DD`, the only spelling; None for anything else or a day outside 1800-2999."""
    if len(text) != 10 or text[4] != "-" or text[7] != "-":
        # Python would also read 20261031 and ISO week dates (2026-W44-7).
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if FIRST_YEAR <= day.year <= LAST_YEAR else None


def months_after(day: date, months: int) -> date:
    """Return the corresponding day so many months later; the month's last day where it has no such day (民法典 202)."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    month += 1
    if day.day <= 28:
        # Every month has this day.
        return date(year, month, day.day)
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


def full_months(first: date, last: date) -> int:
    """Count the whole months from `first` to `last`; negative where `last` is earlier."""
    if last < first:
        return -full_months(last, first)
    months = (last.year - first.year) * 12 + last.month - first.month
    return months if months_after(first, months) <= last else months - 1


def started_months(first: date, last: date) -> int:
    """Count the months from `first` to `last`, a started one as a whole one."""
    if last < first:
        return -started_months(last, first)
    months = full_months(first, last)
    return months if months_after(first, months) == last else months + 1
