"""What `check` says of rule files that is no reason to refuse the rulebook.

Notices are of what is no mistake and yet seldom meant; an unlisted power is a mistake, of its own rule alone.

Published tables do print one tier in two rows (rules/jmhj-2020/JMHJ-2-6), so nothing here stops the law from loading.
"""

from collections.abc import Iterator
from dataclasses import fields

from engine.cuts import name_read, walk
from engine.errors import Complaints, Finding
from engine.rule import Rule
from engine.rulebook import Rulebook, close_codes
from engine.tree import names_of_named
from engine.words import listed


def notices(rulebook: Rulebook) -> tuple[Finding, ...]:
    """Look through every rule, in the order of the rulebook, and of its file."""
    return tuple(each for rule in rulebook.every_rule() for each in _of(rule))


def _names_read(rule: Rule) -> set[str]:
    """Return every name that anything of a rule reads, a computed value by itself left out."""
    parts = [getattr(rule, each.name) for each in fields(rule) if each.init and each.name not in ("regime", "values")]
    found = {name_read(node) for part in parts for _records, node in walk(part)}
    for value in rule.values:
        found |= set(names_of_named(value)) - {value.name}
    return found


def unlisted(rulebook: Rulebook) -> tuple[Finding, ...]:
    """Name every rule whose power item no catalogue lists: each of its cases is refused (凡未列入的权力不得行使).

    The rulebook loads all the same, because a power struck off the catalogue stops its own rules and no others, and
    what was decided before is replayed. A rule whose test case expects that refusal says that it knows.
    """
    found: list[Finding] = []
    for rule in rulebook.every_rule():
        known = any(case.expect == "power_item_missing" for case in rule.cases)
        if rule.power_item in rulebook.power_items or known:
            continue
        complaints = Complaints(rule.language)
        near = close_codes(rule.power_item, rulebook.power_items)
        zh, en = (f"，是不是{listed(near, 'zh', '或')}？", f": {listed(near, 'en', ' or ')}?") if near else ("", "")
        repair = (f"写目录里有的职权编码{zh}", f"write a power item of a catalogue{en}")
        complaints.add("power_item_missing", rule.power_place, found=rule.power_item, repair=repair)
        found += complaints.findings
    return tuple(found)


def _of(rule: Rule) -> Iterator[Finding]:
    complaints = Complaints(rule.language)
    for fact in rule.facts:
        # What a regime declares is there for all its rules; what a rule declares is there for itself.
        if fact.cell.place.file == rule.file and fact.name not in rule.asked:
            complaints.add("unused_fact", fact.cell.place, found=fact.name)
    read = _names_read(rule)
    for value in rule.values:
        if value.cell.place.file == rule.file and value.name not in read:
            complaints.add("unused_value", value.cell.place, found=value.name)
    seen: set[tuple[str, str, str]] = set()
    for row in rule.rows:
        name = (row.group, row.tier, row.range_name)
        if name in seen:
            repair = (
                "是同一档的，合成一行，情形用“或”；不是的，名称要分开",
                "one tier: join the rows with `or`; two tiers: give each a name",
            )
            complaints.add("tier_twice", row.when_cell.place, found=row.tier, repair=repair)
        seen.add(name)
    yield from sorted(complaints.findings, key=lambda each: each.place)
