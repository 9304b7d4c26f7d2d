"""Calendar arithmetic on days, as Chinese law counts them; no clock is read here."""

import calendar
import re
from datetime import date

FIRST_YEAR = 1949
LAST_YEAR = 2999
# Python would also read ISO week dates (2026-W44-7).
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def years_before(day: date, years: int) -> date:
    """Return the corresponding day `years` earlier; where the month has no such day, the month's last day.

    That is how a period counted in years is reckoned (《民法典》第二百零二条: 没有对应日的，月末日为期间的最后一日).
    """
    year = day.year - years
    return date(year, day.month, min(day.day, calendar.monthrange(year, day.month)[1]))


def read_day(text: str) -> date | None:
    """Read `YYYY-MM-DD`, the only spelling; None for anything else or a day outside 1949-2999."""
    if not _DAY.fullmatch(text):
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if FIRST_YEAR <= day.year <= LAST_YEAR else None
