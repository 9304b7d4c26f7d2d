"""The facts as given: text, whole numbers, booleans and lists become values on the declared scale, or a problem.

No float is accepted, here or anywhere: a number with decimals is given as text (`"3.5"`).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TypeAlias

from engine.calendar import months_after, read_day
from engine.currency import currency_of, unit_word
from engine.fact import Count, Fact, Language
from engine.numbers import NotANumber, decimal_text, digits, scaled
from engine.refusals import RefusalCode
from engine.vocabulary import FOLDED, NO, UNITS, UNKNOWN, YES, spell_for
from engine.words import listed

GivenRecord: TypeAlias = Mapping[str, str | int | bool]
GivenFact: TypeAlias = str | int | bool | Sequence[str] | Sequence[GivenRecord]
GivenFacts: TypeAlias = Mapping[str, GivenFact]
Single: TypeAlias = bool | int | str | date | tuple[date, ...]
Value: TypeAlias = Single | tuple[Mapping[str, Single], ...]

MAX_DAYS = 1_000
MAX_RECORDS = 200
_UNKNOWN = tuple(UNKNOWN.values())
_FIGURE = re.compile(r"(-?[0-9]+(?:\.[0-9]+)?)\s*(.*)")
# Zeros before a figure say nothing, or that a digit was lost.
_AMBIGUOUS = re.compile(r"-?0[0-9].*")
# A point between thousands, as much of Europe writes it.
_POINTED = re.compile(r"-?[1-9][0-9]{0,2}(?:\.[0-9]{3})+")
# What parts days that are given as one text; blanks around a day say nothing.
BETWEEN_DAYS = re.compile("[,，、]")
_YES_NO: Mapping[str, bool] = {**dict.fromkeys(YES.values(), True), **dict.fromkeys(NO.values(), False)}


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a given fact cannot be used: the refusal's code and the words for its sentence."""

    code: RefusalCode
    field: str
    found: str
    expected: str


def unknown(fact: Fact, given: object) -> bool:
    """Say whether a fact is given as unknown, where the schedule itself says what an unknown counts as."""
    return bool(fact.if_unknown) and given in _UNKNOWN


def read_plain(fact: Fact, given: object, language: Language) -> str | int | None:
    """Read a fact given in its canonical text, as most are: a choice, yes or no, a number; None for any other."""
    if given.__class__ is not str or (fact.if_unknown and given in _UNKNOWN):
        return None
    text = str(given)
    match fact.kind:
        case "choice":
            return text if text in fact.choices else None
        case "yes_no":
            return True if text == YES[language] else False if text == NO[language] else None
        case "integer" | "number" | "money":
            whole, point, decimals = text.partition(".")
            if not digits(whole) or (whole[0] == "0" and whole != "0"):
                return None
            value = int(whole) * fact.one
            if point:
                if not digits(decimals) or decimals[-1] == "0" or len(decimals) > fact.scale:
                    return None
                value += int(decimals) * 10 ** (fact.scale - len(decimals))
            return value if in_domain(fact, value) else None
        case _:
            return None


def read_fact(fact: Fact, given: object, language: Language) -> Single | Problem:
    """Turn one given fact into its value; the reader of any object, because callers send any JSON."""
    if fact.if_unknown and unknown(fact, given):
        given = fact.if_unknown
    match fact.kind:
        case "yes_no":
            value = given if isinstance(given, bool) else _YES_NO.get(given) if isinstance(given, str) else None
            return _wrong(fact, given, language) if value is None else value
        case "choice":
            return given if isinstance(given, str) and given in fact.choices else _wrong(fact, given, language)
        case "days":
            return _days(fact, given, language)
        case "day":
            day = read_day(given) if isinstance(given, str) else None
            return _wrong(fact, given, language) if day is None else day
        case "records":
            return _wrong(fact, given, language)
        case "integer" | "number" | "money":
            return _number(fact, given, language)


def read_records(
    fact: Fact, fields: Mapping[str, Fact], given: object, language: Language
) -> tuple[tuple[Mapping[str, Single], ...], str] | Problem:
    """Turn a given list of records into values, and into one line of text; every record says all that its fields ask.

    The line writes each record in the order of its fields.
    """
    if isinstance(given, str) or not isinstance(given, (list, tuple, Sequence)):
        return _wrong(fact, given, language)
    if len(given) > min(fact.high, MAX_RECORDS):
        return _wrong(fact, given, language)
    records: list[Mapping[str, Single]] = []
    lines: list[str] = []
    comma, semicolon = ("、", "；") if language == "zh" else (", ", "; ")
    for number, each in enumerate(given, 1):
        if not isinstance(each, (dict, Mapping)):
            return Problem("wrong_kind", f"{fact.name}[{number}]", shown(each), domain_text(fact, language))
        if not each.keys() <= fields.keys():
            name = min(each.keys() - fields.keys())
            where = f"{fact.name}[{number}].{shown(name)}"
            return Problem("unknown_fact", where, shown(name), listed(fields, language))
        record: dict[str, Single] = {}
        said: list[str] = []
        for name, inner in fields.items():
            if name not in each:
                where = f"{fact.name}[{number}].{name}"
                return Problem("missing_fact", where, where, "")
            text = each[name]
            plain = read_plain(inner, text, language)
            if plain is None:
                value = read_fact(inner, text, language)
                if isinstance(value, Problem):
                    return Problem(value.code, f"{fact.name}[{number}].{name}", value.found, value.expected)
                record[name], text = value, value_text(inner, value, language)
            else:
                record[name] = plain
            said.append(f"{name} {text}")
        records.append(record)
        lines.append(f"({comma.join(said)})")
    return tuple(records), semicolon.join(lines)


def _number(fact: Fact, given: object, language: Language) -> int | Problem:
    if isinstance(given, bool):
        return _wrong(fact, given, language)
    if isinstance(given, int):
        value: int = given * 10**fact.scale
    elif isinstance(given, str):
        try:
            value = scaled(given, fact.scale)
        except NotANumber:
            return _wrong(fact, given, language)
        if _AMBIGUOUS.fullmatch(given) or len(given.partition(".")[2]) > fact.scale:
            return _ambiguous(fact, given, value, language)
    else:
        return _wrong(fact, given, language)
    if not in_domain(fact, value):
        return Problem("out_of_domain", fact.name, shown(given), domain_text(fact, language))
    return value


def _ambiguous(fact: Fact, given: str, value: int, language: Language) -> Problem:
    """Refuse 12.000 where hundredths are the finest, and 00012: a thousand may be meant, or a slip of the keys."""
    meant = [decimal_text(value, fact.scale)]
    if _POINTED.fullmatch(given):
        meant.append(given.replace(".", ""))
    either = listed(meant, language, "或" if language == "zh" else " or ")
    more = f"；写{either}" if language == "zh" else f"; write {either}"
    return Problem("wrong_kind", fact.name, shown(given), domain_text(fact, language) + more)


def _days(fact: Fact, given: object, language: Language) -> tuple[date, ...] | Problem:
    if isinstance(given, str):
        given = [part.strip() for part in BETWEEN_DAYS.split(given) if part.strip()]
    if not isinstance(given, (list, tuple, Sequence)) or len(given) > MAX_DAYS:
        return _wrong(fact, given, language)
    days: list[date] = []
    for text in given:
        day = read_day(text) if isinstance(text, str) else None
        if day is None:
            return _wrong(fact, text, language)
        days.append(day)
    # Two penalties on one day are two; the order they are given in is not a fact.
    return tuple(sorted(days))


def _wrong(fact: Fact, given: object, language: Language) -> Problem:
    expected = domain_text(fact, language)
    if fact.kind == "choice" and isinstance(given, int):
        # 20 is none of the choices 20 and 30, and nobody sees why.
        example = shown(given) if shown(given) in fact.choices else fact.choices[0]
        expected += f'（写成文字："{example}"）' if language == "zh" else f' (sent as text: "{example}")'
    if fact.kind in ("integer", "number", "money") and isinstance(given, str):
        figure = _FIGURE.fullmatch(given.translate(FOLDED).strip())
        if figure and figure[1] != given and figure[2] in ("", *(unit_text(fact, each) for each in ("zh", "en"))):
            expected += f"；写“{figure[1]}”" if language == "zh" else f"; write `{figure[1]}`"
    return Problem("wrong_kind", fact.name, shown(given), expected)


def shown(given: object) -> str:
    """Write what a caller sent, for a message; short, and never a surprise: a blank at either end is seen."""
    match given:
        case bool():
            return "true" if given else "false"
        case None:
            return "null"
        case list() | tuple() | dict():
            return "[…]"
        case _:
            try:
                text = " ".join(str(given).split())
            except ValueError:
                # A whole number of more digits than Python is willing to print.
                return "…"
            if isinstance(given, str) and text:
                text = "␣" * given[0].isspace() + text + "␣" * given[-1].isspace()
            return text if len(text) <= 40 else text[:39] + "…"


def in_domain(fact: Fact, value: int) -> bool:
    """Say whether a number on the fact's scale lies in its domain."""
    return fact.low + fact.low_open <= value <= fact.high - fact.high_open


def count(count: Count, days: Sequence[date], on: date) -> tuple[int, tuple[date, ...]]:
    """Count the offences in the window before `on`, with the one on `on` where so declared; return the days that count.

    Days after `on` are not past; a day equal to `on` is.
    """
    first = window_start(count, on)
    inside = [day for day in days if first <= day <= on and (day > first or count.first_day)]
    return len(inside) + count.with_this, tuple(inside)


def window_start(count: Count, on: date) -> date:
    """Return the first day of the window that is counted, whether or not it counts itself."""
    if count.window == "ever":
        return date.min
    if count.window == "days":
        return on - timedelta(days=count.back)
    return months_after(on, -count.back * (12 if count.window == "years" else 1))


def value_text(fact: Fact, value: Single, language: Language) -> str:
    """Write a value the one canonical way, in the language of its rule."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return YES[language] if value else NO[language]
    if isinstance(value, int):
        return decimal_text(value, fact.scale)
    return days_text(value) if isinstance(value, tuple) else value.isoformat()


def days_text(days: Sequence[date]) -> str:
    """Write a list of days on one line."""
    return ",".join([day.isoformat() for day in days])


def unit_text(fact: Fact, language: Language, figure: str = "") -> str:
    """Write a fact's unit in a language, as it stands beside a figure where one is given."""
    if fact.kind == "money" and (code := currency_of(fact.unit)) is not None:
        return unit_word(code, language)
    return spell_for(UNITS, fact.unit, figure, language) if fact.unit in UNITS else fact.unit


def domain_text(fact: Fact, language: Language) -> str:
    """Say in words what values a fact takes."""
    zh = language == "zh"
    match fact.kind:
        case "yes_no":
            return "“是”或“否”" if zh else "yes or no"
        case "choice":
            return listed(fact.choices, language, "或" if zh else " or ")
        case "day":
            return "日期，如 2026-01-31" if zh else "a day such as 2026-01-31"
        case "records":
            return f"至多 {fact.high} 项的清单" if zh else f"a list of at most {fact.high} records"
        case "days":
            return "日期清单，如 2026-01-31" if zh else "a list of days such as 2026-01-31"
        case "integer" | "number" | "money":
            low, high = decimal_text(fact.low, fact.scale), decimal_text(fact.high, fact.scale)
            unit = unit_text(fact, language)
            step = decimal_text(1, fact.scale)
            if zh:
                kind = "整数" if fact.scale == 0 else f'精确到 {step} 的数（写成文字，如 "3.5"）'
                bounds = f"{'大于 ' if fact.low_open else ''}{low} 至 {'小于 ' if fact.high_open else ''}{high} {unit}"
                return f"{bounds}，{kind}"
            kind = "a whole number" if fact.scale == 0 else f'a number precise to {step}, as text such as "3.5"'
            bounds = (
                f"{'more than ' if fact.low_open else ''}{low} to {'less than ' if fact.high_open else ''}{high} {unit}"
            )
            return f"{kind}, {bounds}"
