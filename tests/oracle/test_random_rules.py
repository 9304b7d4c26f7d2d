"""The engine and the naive second reading on random rule files, in every construct of the language."""

from dataclasses import replace
from datetime import date
from fractions import Fraction
from typing import Any

from hypothesis import HealthCheck, Phase, assume, event, given, settings
from hypothesis import strategies as st

from engine import Refusal, Rulebook, RuleFilesInvalid, decide, load_rulebook
from tests.oracle.kit import parts, seen, sent
from tests.oracle.naive import Item, Oracle
from tests.oracle.naive_facts import Declaration, Fact
from tests.oracle.random_rules import Files, rule_files

EXAMPLES = 100
# A whole rulebook shrinks for minutes; the first one that differs says enough.
PHASES = (Phase.generate,)
DAYS = [(2024, 2, 29), (2024, 1, 31), (2023, 2, 28), (2024, 3, 31), (2023, 12, 31), (2024, 6, 30), (2020, 2, 29)]
FIGURES = [
    Fraction(text) for text in "-3 0 0.1 1 2 2.5 3 4 5 8 10 12 12.5 15 20 50 100 300 500 999.99 1000 3000 5000".split()
]


def value_of(fact: Declaration) -> st.SearchStrategy[Any]:
    """Draw a value of a fact: near what rules compare it with, or anywhere; or unknown, where that may be said."""
    found: st.SearchStrategy[Any]
    if fact.kind == "清单":
        each = st.fixed_dictionaries({name: value_of(inner) for name, inner in fact.fields.items()})
        return st.lists(each, max_size=fact.most)
    if fact.kind == "日期":
        found = st.sampled_from(DAYS) | st.dates(date(2021, 1, 1), date(2025, 12, 31)).map(parts)
    elif fact.kind == "日期列表":
        return st.lists(st.sampled_from(DAYS) | st.dates(date(2021, 1, 1), date(2024, 12, 31)).map(parts), max_size=4)
    elif fact.kind in ("是否", "选项"):
        found = st.sampled_from(fact.values([]))
    else:
        least, most = int(fact.least / fact.step), int(fact.greatest / fact.step)
        anywhere = st.integers(least, most).map(lambda scaled: scaled * fact.step)
        found = st.sampled_from(fact.values(FIGURES)) | anywhere
    return found | st.just("不明") if fact.if_unknown else found


@st.composite
def situations(draw: st.DrawFn, item: Item) -> tuple[date, date | None, dict[str, Fact]]:
    """Draw the day of the act, the day of the decision, and every fact; a count as a number or as its days."""
    on = draw(st.sampled_from(DAYS[:6]) | st.dates(date(2023, 1, 1), date(2025, 1, 1)).map(parts))
    later = draw(st.none() | st.sampled_from([0, 1, 30, 366, -1]))
    act = date(*on)
    decided = None if later is None else date.fromordinal(act.toordinal() + later)
    facts = {name: draw(value_of(fact)) for name, fact in item.facts.items()}
    for name, fact in item.facts.items():
        if fact.counts:
            facts.pop(draw(st.sampled_from([name, fact.counts])))
    return act, decided, facts


def loaded(files: Files) -> Rulebook | None:
    try:
        return load_rulebook({path: text.encode() for path, text in files.texts.items()})
    except RuleFilesInvalid as invalid:
        event(f"refused: {invalid.findings[0].code}")
        return None


def test_both_agree_on_random_rule_files_and_most_of_those_can_be_loaded() -> None:
    accepted: list[bool] = []

    @settings(
        deadline=None, max_examples=EXAMPLES, derandomize=True, phases=PHASES, suppress_health_check=list(HealthCheck)
    )
    @given(files=rule_files(), data=st.data())
    def agree(files: Files, data: st.DataObject) -> None:
        rulebook = loaded(files)
        accepted.append(rulebook is not None)
        assume(rulebook)
        assert rulebook is not None
        oracle = Oracle(files.texts)
        for _ in range(3):
            on, decided, facts = data.draw(situations(oracle.items["T-1"]))
            given_facts = sent(oracle.items["T-1"], facts)

            outcome = decide(rulebook, "T-1", on, given_facts, decided=decided)

            expected = oracle.answer("T-1", parts(on), facts, parts(decided) if decided else None)
            event(expected.refusal or "decided")
            assert seen(outcome) == expected

            # What the engine decides without some of the facts, they would not have changed.
            dropped = data.draw(st.sets(st.sampled_from(sorted(facts)), min_size=1))
            some = {name: value for name, value in given_facts.items() if name not in dropped}
            early = decide(rulebook, "T-1", on, some, decided=decided)
            unreadable = expected.refusal in ("out_of_domain", "conflicting_facts")
            if not unreadable and not (isinstance(early, Refusal) and early.code == "missing_fact"):
                found = seen(early)
                kinds = {kind for kind, *_rest in found.measures}
                if found.measures == expected.measures and not kinds.isdisjoint({"no_penalty", "may_no_penalty"}):
                    # Two grounds may hold at once: without some of the facts the other of them may be the one named.
                    found = replace(found, tier=expected.tier)
                assert found == expected

    agree()
    assert sum(accepted) > 0.7 * len(accepted), f"{sum(accepted)} of {len(accepted)}"
