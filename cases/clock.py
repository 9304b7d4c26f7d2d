"""The one file that knows the clock. Its time is the service's own claim: proof of time comes from outside."""

from datetime import UTC, date, datetime, timedelta, timezone

# China keeps one time all year; a fixed offset needs no time-zone database on the machine.
BEIJING = timezone(timedelta(hours=8))


def now() -> str:
    """The present moment as RFC 3339 in UTC, to the millisecond."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def today() -> date:
    """The present day in China, for a form to start from."""
    return datetime.now(BEIJING).date()


def posix_now() -> int:
    """The present moment in POSIX seconds, for signatures that state their time."""
    return int(datetime.now(UTC).timestamp())
