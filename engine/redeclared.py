"""Facts that two versions declare otherwise, and what could be given so that it shows.

Past days that only one window counts; an unknown that only one version reads, or reads as something else; values that
only one of them takes.
"""

from collections.abc import Iterator
from datetime import date, timedelta

from engine.fact import Count, Fact
from engine.given import GivenFact, window_start
from engine.normal import domain_of
from engine.region import Part, Range, without
from engine.rule import Rule
from engine.vocabulary import UNKNOWN
from engine.witness import text_of

# So many past days are tried together.
MOST_DAYS = 4
ONE_DAY, ONE_YEAR = timedelta(days=1), timedelta(days=366)

Given = tuple[str, GivenFact]


def shown_by(old: tuple[Rule, Fact], new: tuple[Rule, Fact], on: date) -> Iterator[Given]:
    """Yield a fact to give, by name, in the place of the one that is declared otherwise."""
    (rule, before), (other, after) = old, new
    one_count, two_count = before.count, after.count
    if one_count is not None and two_count is not None and one_count.of == two_count.of and one_count != two_count:
        for days in _past(one_count, two_count, on):
            yield one_count.of, days
    if before.if_unknown != after.if_unknown:
        yield before.name, UNKNOWN[rule.language]
    one, two = domain_of(before), domain_of(after)
    if one is not None and two is not None:
        for fact, of, part in (
            *((before, rule, part) for part in without(one, two)),
            *((after, other, part) for part in without(two, one)),
        ):
            for value in _ends(part):
                yield fact.name, text_of(fact, value, of)


def _past(one: Count, other: Count, on: date) -> Iterator[list[str]]:
    """Yield lists of past days: about the beginning of either window and between the two, with some recent ones."""
    first, last = sorted(window_start(each, on) for each in (one, other))
    if first == date.min:
        first = last - ONE_YEAR if last != date.min else on - ONE_YEAR
        last = max(last, first)
    about = [first - ONE_DAY, first, first + ONE_DAY, first + (last - first) // 2, last - ONE_DAY, last, last + ONE_DAY]
    recent = [on - ONE_DAY * number for number in range(1, MOST_DAYS)]
    for count in range(MOST_DAYS):
        for day in [*about, on]:
            if day <= on:
                yield [each.isoformat() for each in dict.fromkeys([*recent[:count], day])]


def _ends(part: Part) -> Iterator[object]:
    if isinstance(part, Range):
        yield from dict.fromkeys([int(part.low) + part.low_open, int(part.high) - part.high_open])
    else:
        yield from sorted(part, key=str)
