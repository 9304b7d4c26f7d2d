"""The one file that knows durable-rules: it runs the card rules over one self-contained event at a time.

What durable-rules 2.0.28 was measured to do well is a condition over a single message, and that is all it is asked:
no joins, no windows, no timers, no state between events (they live in `cases.watch`). Each card rule is a ruleset of
its own, so that one event can raise several cards.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from durable import engine as durable

from engine.rulebook import CardRule
from engine.tree import All, Always, Compare, Condition, Each, Is, Not, OneOf, Relation
from engine.tree import Any as AnyOf

__all__ = ["MAX_RULES", "CardRules", "Event"]

Event = Mapping[str, bool | int | str]

# An object that holds 512 rulesets or more never answers again; this stays well below.
MAX_RULES = 400

_DURABLE = {"=": None, "!=": "$neq", "<": "$lt", "<=": "$lte", ">": "$gt", ">=": "$gte"}
_OPPOSITE = {"=": "!=", "!=": "=", "<": ">=", "<=": ">", ">": "<=", ">=": "<"}


class _Host(durable.Host):  # type: ignore[misc]  # the package ships no types
    """A host without the polling threads of the stock one: nothing here waits for timers."""

    def _run(self) -> None:
        pass


class CardRules:
    """Card rules compiled into durable-rules; `raised_by` says which of them an event raises."""

    def __init__(self, rules: Iterable[CardRule]) -> None:
        self._rules = tuple(rules)
        if len(self._rules) > MAX_RULES:
            raise ValueError(f"{len(self._rules)} card rules, durable-rules holds {MAX_RULES} safely")
        self._host = _Host()
        self._fired: list[CardRule] = []
        for number, rule in enumerate(self._rules):
            self._host.set_rulesets(
                {f"card_{number}": {"rule": {"all": [{"m": condition(rule.when)}], "run": self._collect(rule)}}}
            )

    def _collect(self, rule: CardRule) -> Any:
        # durable-rules swallows what an action raises: one line that cannot fail.
        return lambda _context: self._fired.append(rule)

    def raised_by(self, event: Event) -> tuple[CardRule, ...]:
        """Return the rules that hold for an event, in the order of the files."""
        self._fired.clear()
        for number in range(len(self._rules)):
            try:
                self._host.post(f"card_{number}", dict(event))
            except durable.MessageNotHandledException:
                # Its way of saying that no rule matched.
                continue
        return tuple(self._fired)


def condition(when: Condition, *, negated: bool = False) -> dict[str, Any]:
    """Write a condition as durable-rules JSON; it has no `not`, so negation moves inward to the comparisons."""
    match when:
        case Is(fact=fact):
            return {fact: not negated}
        case Compare(fact=fact, op=op, value=value):
            name = _DURABLE[_OPPOSITE[op] if negated else op]
            return {fact: value} if name is None else {name: {fact: value}}
        case OneOf(fact=fact, choices=choices):
            tests = [{"$neq": {fact: choice}} if negated else {fact: choice} for choice in choices]
            return tests[0] if len(tests) == 1 else {"$and" if negated else "$or": tests}
        case Not(part=part):
            return condition(part, negated=not negated)
        case All(parts=parts):
            return {"$or" if negated else "$and": [condition(part, negated=negated) for part in parts]}
        case AnyOf(parts=parts):
            return {"$and" if negated else "$or": [condition(part, negated=negated) for part in parts]}
        case Relation() | Each() | Always():
            # The loader refuses these in card rules.
            raise TypeError(when)
