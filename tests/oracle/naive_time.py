"""Days, as the second evaluator counts them: plain triples of year, month and day, and no calendar but its own."""

import re

Day = tuple[int, int, int]
FIRST_YEAR, LAST_YEAR = 1800, 2999


def day(text: str) -> Day:
    year, month, number = (int(part) for part in text.split("-"))
    return year, month, number


def written(on: Day) -> str:
    return f"{on[0]:04d}-{on[1]:02d}-{on[2]:02d}"


def span(text: str) -> tuple[Day, Day | None]:
    """Read `2023-12-15 至 2028-12-14` or `2023-12-15 起`."""
    days = re.findall("[0-9]{4}-[0-9]{2}-[0-9]{2}", text)
    return day(days[0]), day(days[1]) if len(days) == 2 else None


def within(on: Day, days: tuple[Day, Day | None]) -> bool:
    return days[0] <= on and (days[1] is None or on <= days[1])


def leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def month_length(year: int, month: int) -> int:
    return 28 + leap(year) if month == 2 else 30 if month in (4, 6, 9, 11) else 31


def tomorrow(on: Day) -> Day:
    year, month, number = on
    if number < month_length(year, month):
        return year, month, number + 1
    return (year, month + 1, 1) if month < 12 else (year + 1, 1, 1)


def yesterday(on: Day) -> Day:
    year, month, number = on
    if number > 1:
        return year, month, number - 1
    return (year, month - 1, month_length(year, month - 1)) if month > 1 else (year - 1, 12, 31)


def days_after(on: Day, steps: int) -> Day:
    """Walk there, one day at a time."""
    for _ in range(abs(steps)):
        on = tomorrow(on) if steps > 0 else yesterday(on)
    return on


def months_after(on: Day, steps: int) -> Day:
    """Give the same day of a later (or earlier) month; the month's last where it has no such day."""
    year, month = on[0], on[1]
    for _ in range(abs(steps)):
        month += 1 if steps > 0 else -1
        if month == 13:
            year, month = year + 1, 1
        if month == 0:
            year, month = year - 1, 12
    return year, month, min(on[2], month_length(year, month))


def days_between(first: Day, last: Day) -> int:
    """Count from one day to another; the last counts, the first does not."""

    def since_zero(on: Day) -> int:
        year, month, number = on
        before = year - 1
        days = before * 365 + before // 4 - before // 100 + before // 400
        return days + sum(month_length(year, each) for each in range(1, month)) + number

    return since_zero(last) - since_zero(first)


def full_months(first: Day, last: Day) -> int:
    """Count the months that have passed in full; the other way round they are negative."""
    if last < first:
        return -full_months(last, first)
    months = 0
    while months_after(first, months + 1) <= last:
        months += 1
    return months


def started_months(first: Day, last: Day) -> int:
    """Count the months that have begun; exactly so many months are no month more."""
    if last < first:
        return -started_months(last, first)
    months = full_months(first, last)
    return months if months_after(first, months) == last else months + 1


def full_years(first: Day, last: Day) -> int:
    if last < first:
        return -full_years(last, first)
    return full_months(first, last) // 12
