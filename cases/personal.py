"""What says who somebody is: taken out of a question before anything is decided, told or recorded.

A question's personal data is its `party` (who it is about) and every fact that the rule marks 个人信息. Each value is
named by where it stood in the question, as a JSON pointer (RFC 6901): `/party/姓名`, `/facts/户籍`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from cases.record import Asked, AskedTogether, plain_value
from engine import GivenFact, GivenFacts, Rulebook, Wire

__all__ = ["PersonalFacts", "pointer"]


def pointer(*steps: str) -> str:
    """Write a JSON pointer (RFC 6901)."""
    return "".join("/" + step.replace("~", "~0").replace("/", "~1") for step in steps)


class PersonalFacts:
    """Which facts of which violation are personal, by one rulebook.

    A fact is personal where any version of the violation's rule marks it. A fact the violation does not declare is
    personal where any rule of the book marks its name: what was meant for another form must not be recorded either.
    """

    def __init__(self, rulebook: Rulebook) -> None:
        marked: dict[str, set[str]] = {}
        declared: dict[str, set[str]] = {}
        for rule in rulebook.every_rule():
            declared.setdefault(rule.code, set()).update(rule.by_name)
            own = {fact.name for fact in rule.facts if fact.personal}
            own |= {name for name, each in rule.lists.items() if any(field.personal for field in each.fields)}
            marked.setdefault(rule.code, set()).update(own)
        self._anywhere = frozenset().union(*marked.values())
        self._of = {code: marked[code] | (self._anywhere - declared[code]) for code in marked if self._anywhere}

    def taken_from(self, violation: str, facts: GivenFacts) -> tuple[GivenFacts, dict[str, GivenFact]]:
        """The facts without the personal ones, and these."""
        names = self._of.get(violation, self._anywhere)
        personal = {name: facts[name] for name in facts if name in names}
        return ({name: facts[name] for name in facts if name not in personal} if personal else facts), personal

    def divide(self, asked: Asked, party: Mapping[str, str]) -> tuple[Asked, dict[str, Wire]]:
        """The question as it is decided and recorded, and its personal values by pointer."""
        facts, personal = self.taken_from(asked.violation, asked.facts)
        found: dict[str, Wire] = {pointer("party", name): value for name, value in party.items()}
        found |= {pointer("facts", name): plain_value(value) for name, value in personal.items()}
        return (replace(asked, facts=facts) if personal else asked), found

    def divide_together(self, asked: AskedTogether, party: Mapping[str, str]) -> tuple[AskedTogether, dict[str, Wire]]:
        """The same for a whole case."""
        found: dict[str, Wire] = {pointer("party", name): value for name, value in party.items()}
        acts = []
        for number, act in enumerate(asked.acts):
            facts, personal = self.taken_from(act.violation, act.facts)
            acts.append(replace(act, facts=facts) if personal else act)
            found |= {
                pointer("acts", str(number), "facts", name): plain_value(value) for name, value in personal.items()
            }
        return replace(asked, acts=tuple(acts)), found
