"""Which facts can still matter, and in which order: the questions that remain, never the amount.

`decide` itself says so: where facts are missing it names those its outcome still hangs on. What it would answer once
nothing is missing is not told here: a decision, and a refusal that is an answer, are given on the record only.
"""

from dataclasses import dataclass
from datetime import date

from engine.decide import decide
from engine.decision import Refusal, Wire
from engine.fact import Language
from engine.given import GivenFacts
from engine.refusals import RefusalCode
from engine.rule import Rule
from engine.rulebook import Rulebook
from engine.schema import fact_schema

# Refusals that say what is wrong with the question, and nothing about its answer.
_ABOUT_THE_QUESTION: frozenset[RefusalCode] = frozenset(
    {
        "unknown_violation",
        "decided_before_act",
        "no_law_on_day",
        "power_item_missing",
        "power_item_not_in_force",
        "power_item_not_published",
        "unknown_fact",
        "wrong_kind",
        "out_of_domain",
        "conflicting_facts",
        "missing_fact",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """What remains to be asked: nothing where `complete`; `refusal` says what is wrong with the facts given so far.

    `decided` says that the day of the decision is wanted too.
    """

    rule: Rule | None
    ask: tuple[str, ...]
    decided: bool
    refusal: Refusal | None

    @property
    def complete(self) -> bool:
        return not self.ask and not self.decided and self.refusal is None

    def to_wire(self, language: Language) -> dict[str, Wire]:
        """Write it as JSON values: each question with its name and JSON Schema."""
        rule = self.rule
        ask: list[Wire] = []
        if rule is not None:
            ask += [{"name": name, "schema": fact_schema(rule.by_name[name], rule)} for name in self.ask]
        if self.decided:
            title = "决定之日" if language == "zh" else "day of the decision"
            ask.append({"name": "decided", "schema": {"title": title, "type": "string", "format": "date"}})
        refusal = self.refusal
        return {
            "complete": self.complete,
            "ask": ask,
            "refusal": (
                {"code": refusal.code, "message": refusal.message, "field": refusal.field} if refusal else None
            ),
        }


def still_asked(
    rulebook: Rulebook, violation: str, on: date, facts: GivenFacts, *, decided: date | None = None
) -> Asking:
    """Say which facts can still matter, in the order the rule asks for them, and whether the day of decision does."""
    outcome = decide(rulebook, violation, on, facts, decided=decided)
    refusal = outcome if isinstance(outcome, Refusal) and outcome.code in _ABOUT_THE_QUESTION else None
    wanted = refusal.wanted if refusal is not None else ()
    return Asking(
        rule=outcome.rule,
        ask=tuple([name for name in wanted if not name.startswith("@")]),
        decided="@decided" in wanted,
        # A record in a list that lacks a field is wrong as given: it names no fact to ask for.
        refusal=None if wanted else refusal,
    )
