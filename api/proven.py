"""Proof cards in sentences: findings with their case and what to do, totals by property, the card of one rule."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from engine.card import LEVELS, Card
from engine.fact import Language
from engine.proof import PROPERTIES, VERDICTS, Property
from engine.vocabulary import ENUMS, spell

__all__ = ["STANDINGS", "card_lines", "finding_lines", "findings_of", "totals", "totals_lines", "unused", "unused_line"]

# How a rule can stand on a property, the worst first; the words of the totals.
STANDINGS: Mapping[str, tuple[str, str]] = {
    **LEVELS,
    "known": ("已知", "known"),
    "proved": VERDICTS["proved"],
    "not_asked": VERDICTS["not_asked"],
}


def findings_of(cards: Iterable[Card]) -> list[Card]:
    """List every finding of some cards with its violation, the worst first, the known ones last."""
    found = [
        {"violation": card["violation"], "rule": card["file"], **each} for card in cards for each in card["findings"]
    ]
    order = list(LEVELS)
    return sorted(found, key=lambda each: (each["known"] is not None, order.index(each["level"])))


def finding_lines(finding: Card, language: Language) -> Iterator[str]:
    """Write one finding: its place and sentence, further regions, the case that shows it, and what to do."""
    zh = language == "zh"
    place = f"{finding['file']}:{finding['line']}:{finding['column']}"
    word = _word(finding["property"], language)
    yield f"{place} {finding['violation']} [{word}] {finding[language]}"
    for region in finding["region"]:
        if region not in finding[language]:
            yield f"    {'也在这里：' if zh else 'and here: '}{region}"
    if finding["case"] is not None:
        yield f"    {case_text(finding['case'], language)}"
    if finding["known"] is not None:
        yield f"    {'已知：' if zh else 'known: '}{finding['known']}"
    else:
        yield f"    {'怎么办：' if zh else 'what to do: '}{finding['todo'][language]}"


def case_text(case: Card, language: Language) -> str:
    """Write a case and the engine's answer on one line."""
    zh = language == "zh"
    days = case["on"] if case["decided"] is None else f"{case['on']} → {case['decided']}"
    facts = ("，" if zh else ", ").join(f"{name}={fact_value(value)}" for name, value in case["facts"].items())
    tier = (f"“{case['tier']}”" if zh else f"`{case['tier']}`: ") if case["tier"] else ""
    nothing = "不填事实" if zh else "no facts"
    return f"案例（{days}）：{facts or nothing} → {tier}{case[language]}" if zh else (
        f"case ({days}): {facts or nothing} → {tier}{case[language]}"
    )  # fmt: skip


def totals(cards: Iterable[Card]) -> dict[str, dict[str, int]]:
    """Count, for each property, how many rules stand how on it."""
    counted = {each: Counter[str]() for each in PROPERTIES}
    for card in cards:
        for each in card["properties"]:
            counted[each["property"]][each["standing"]] += 1
    return {prop: {each: found[each] for each in STANDINGS if found[each]} for prop, found in counted.items()}


def totals_lines(counted: Mapping[str, Mapping[str, int]], language: Language) -> Iterator[str]:
    """Write the totals, a line for each property."""
    column = 0 if language == "zh" else 1
    between = "，" if language == "zh" else ", "
    for prop, found in counted.items():
        texts = [f"{STANDINGS[each][column]} {number}" for each, number in found.items()]
        yield f"  {_word(prop, language)}{'：' if language == 'zh' else ': '}{between.join(texts)}"


def unused(cards: Sequence[Card]) -> list[Card]:
    """List the acknowledgements that no finding of these cards has, each once."""
    by_place: dict[tuple[str, int], list[Card]] = {}
    for card in cards:
        for each in card["acknowledged"]:
            by_place.setdefault((each["file"], each["line"]), []).append(each)
    return [found[0] for found in by_place.values() if not any(each["used"] for each in found)]


def unused_line(acknowledged: Card, language: Language) -> str:
    """Say that an acknowledgement has nothing to acknowledge."""
    place = f"{acknowledged['file']}:{acknowledged['line']}:{acknowledged['column']}"
    word = _word(acknowledged["property"], language)
    if language == "zh":
        return f"{place} [{word}] 这条认可没有对应的发现，可以删去：{acknowledged['reason']}"
    return f"{place} [{word}] nothing is found that this acknowledges; take it out: {acknowledged['reason']}"


def card_lines(card: Card, language: Language) -> Iterator[str]:
    """Write the card of one rule."""
    zh, column = language == "zh", 0 if language == "zh" else 1
    regime = card["regime"]
    first, last = card["in_force"]["first"], card["in_force"]["last"] or "…"
    yield f"{card['violation']} {card['name']}（{first} – {last}）" if zh else (
        f"{card['violation']} {card['name']} ({first} – {last})"
    )  # fmt: skip
    yield f"{regime['name']} {regime['version']}，{card['file']}" if zh else (
        f"{regime['name']} {regime['version']}, {card['file']}"
    )  # fmt: skip
    yield f"{card['digest']}，规则语言含义第 {card['meaning']} 版" if zh else (
        f"{card['digest']}, meaning {card['meaning']}"
    )  # fmt: skip
    for each in card["properties"]:
        yield f"  {STANDINGS[each['standing']][column]}{'：' if zh else ': '}{each[language]}"
    for finding in findings_of([card]):
        yield from finding_lines(finding, language)
    for each in card["defects"]:
        kind, at = spell(ENUMS["kind"], each["kind"], language), each["tier"] or each["when"] or ""
        yield f"{'缺陷' if zh else 'defect'} [{kind}] {f'“{at}”' if at else ''}{each['note']}"
        if each["case"] is not None:
            yield f"    {case_text(each['case'], language)}"
    for each in card["acknowledged"]:
        word = _word(each["property"], language)
        tier = "".join(f"“{each[key]}”" for key in ("tier", "about") if each[key])
        yield f"{'认可' if zh else 'acknowledged'} [{word}] {tier}{each['reason']}"


def _word(prop: Property | str, language: Language) -> str:
    return spell(ENUMS["property"], prop, language)


def fact_value(value: Any) -> str:
    """Write a fact's value: text, a list of days, or records as `(field value, …)`."""
    if isinstance(value, str):
        return value
    return "[" + ", ".join(_record(each) if isinstance(each, dict) else str(each) for each in value) + "]"


def _record(record: dict[str, Any]) -> str:
    return "(" + ", ".join(f"{name} {value}" for name, value in record.items()) + ")"
