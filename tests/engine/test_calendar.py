"""Days and look-back windows, as the law counts them."""

from datetime import date

import pytest

from engine.calendar import months_after, read_day


@pytest.mark.parametrize(
    ("day", "years", "earlier"),
    [
        (date(2026, 11, 1), 1, date(2025, 11, 1)),
        (date(2024, 2, 29), 1, date(2023, 2, 28)),
        (date(2028, 2, 29), 4, date(2024, 2, 29)),
        (date(2025, 2, 28), 1, date(2024, 2, 28)),
        (date(2024, 3, 1), 1, date(2023, 3, 1)),
        (date(2024, 12, 31), 10, date(2014, 12, 31)),
    ],
)
def test_the_day_years_before_is_the_corresponding_day_or_the_end_of_its_month(
    day: date, years: int, earlier: date
) -> None:
    found = months_after(day, -12 * years)

    assert found == earlier


@pytest.mark.parametrize("text", ["2026-11-01", "1800-01-01", "2999-12-31", "2024-02-29"])
def test_a_day_is_read_as_year_month_day(text: str) -> None:
    day = read_day(text)

    assert day is not None
    assert day.isoformat() == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-11-1",
        "2026/11/01",
        "20261101",
        "2026-305",
        "2026-02-29",
        "2026-13-01",
        "2026-00-10",
        "1799-12-31",
        "3000-01-01",
        "0001-01-01",
        "２０２６-11-01",
        "2026-11-01T00:00",
        " 2026-11-01",
        "2026-11-01\n",
        "202٦-11-01",
    ],
)
def test_anything_else_is_no_day(text: str) -> None:
    day = read_day(text)

    assert day is None
