"""What is no mistake of a rule file, and yet seldom meant: said by `check`, and no reason to refuse the rulebook.

Published tables do print one tier in two rows (rules/jmhj-2020/JMHJ-2-6), so nothing here stops the law from loading.
"""

from collections.abc import Iterator
from dataclasses import fields

from engine.cuts import name_read, walk
from engine.errors import Complaints, Finding
from engine.rule import Rule
from engine.rulebook import Rulebook
from engine.tree import names_of_named


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
