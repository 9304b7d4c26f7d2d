"""Finds violations the way an officer looks for them: by code, by part of it, by words of the name or category."""

from __future__ import annotations

from engine import Rulebook
from engine.rule import Rule

__all__ = ["by_category", "exact", "search"]


def search(rulebook: Rulebook, words: str = "", *, code: str = "", name: str = "", category: str = "") -> list[Rule]:
    """Return the rules that match everything given, in order of code.

    Every word of `words` stands somewhere in code, name or category; `code` and `name` are parts of theirs;
    `category` is exactly theirs. Case does not matter.
    """
    wanted = words.casefold().split()
    return [
        rule
        for rule in rulebook.rules.values()
        if (not category or rule.category == category)
        and code.casefold() in rule.code.casefold()
        and name.casefold() in rule.name.casefold()
        and all(word in f"{rule.code} {rule.name} {rule.category}".casefold() for word in wanted)
    ]


def exact(rulebook: Rulebook, typed: str) -> Rule | None:
    """Return the one rule a typed code means: the code itself in any case, or its number where only one has it."""
    code = typed.strip().upper()
    if code in rulebook.rules:
        return rulebook.rules[code]
    if not (code.isascii() and code.isdigit() and len(code) <= 9):
        return None
    found = [rule for rule in rulebook.rules.values() if _number(rule.code) == int(code)]
    return found[0] if len(found) == 1 else None


def _number(code: str) -> int | None:
    tail = code.rpartition("-")[2]
    return int(tail) if tail.isascii() and tail.isdigit() else None


def by_category(rulebook: Rulebook) -> dict[str, dict[str, int]]:
    """Count the rules of each category under the name of each regime, the largest regime first."""
    counts: dict[str, dict[str, int]] = {}
    for rule in rulebook.rules.values():
        regime = counts.setdefault(rule.regime.name, {})
        regime[rule.category] = regime.get(rule.category, 0) + 1
    return dict(sorted(counts.items(), key=lambda each: -sum(each[1].values())))
