"""What deciding and loading cost. Named inputs come from the rule files' own cases; `an_empty_floor` is the floor.

Run with `./run pytest benchmarks/test_engine.py --benchmark-enable --benchmark-only -n 0`. The figures are indicative.
"""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from engine import Decision, Outcome, Refusal, Rulebook, decide, load_rulebook, to_wire
from engine.cells import Builder
from engine.errors import Complaints
from engine.explain import explain
from engine.fact import NOWHERE
from engine.lexer import PLAIN
from engine.rule import RuleCase
from engine.why import why
from engine.yamltext import Scalar

RULES = Path(__file__).parents[1] / "rules"
FILES = {path.relative_to(RULES).as_posix(): path.read_bytes() for path in sorted(RULES.rglob("*.yaml"))}
BOOK = load_rulebook(FILES)
DAY = date(2026, 11, 1)


def case_of(code: str, name: str) -> RuleCase:
    return next(case for case in BOOK.rules[code].cases if case.name == name)


def facts_of(case: RuleCase) -> dict[str, Any]:
    return dict(case.given)


SPITTING = facts_of(case_of("SZCG-013", "恰在一周年前被处罚过，在追溯期内"))
# The rule with the most conditions to try, in its case with the most facts.
HEAVIEST_RULE = max(BOOK.rules.values(), key=lambda rule: sum(len(row.reads) for row in rule.rows))
HEAVIEST = max(HEAVIEST_RULE.cases, key=lambda case: (isinstance(case.expect, tuple), len(case.given)))
DECIDED = decide(BOOK, "SZCG-013", DAY, SPITTING)


def test_an_empty_floor(benchmark: BenchmarkFixture) -> None:
    def floor(book: Rulebook, code: str, on: date, facts: dict[str, Any]) -> Outcome:
        return DECIDED

    outcome = benchmark(floor, BOOK, "SZCG-013", DAY, SPITTING)

    assert outcome is DECIDED


def test_one_decision_with_its_trace(benchmark: BenchmarkFixture) -> None:
    outcome = benchmark(decide, BOOK, "SZCG-013", DAY, SPITTING)

    assert isinstance(outcome, Decision)
    assert outcome.fine_fen == 10_000


def test_one_decision_of_the_heaviest_rule(benchmark: BenchmarkFixture) -> None:
    outcome = benchmark(decide, BOOK, HEAVIEST_RULE.code, HEAVIEST.on, facts_of(HEAVIEST))

    assert isinstance(outcome, Decision)
    assert len(outcome.trace) > 8


def test_one_refusal_for_a_missing_fact(benchmark: BenchmarkFixture) -> None:
    outcome = benchmark(decide, BOOK, "SZCG-013", DAY, {})

    assert isinstance(outcome, Refusal)


def test_one_refusal_of_an_unknown_violation_with_near_codes(benchmark: BenchmarkFixture) -> None:
    outcome = benchmark(decide, BOOK, "SZCG-13", DAY, {})

    assert isinstance(outcome, Refusal)


def test_the_wire_form_of_a_decision(benchmark: BenchmarkFixture) -> None:
    wire = benchmark(to_wire, DECIDED)

    assert wire["fine_fen"] == 10_000


def test_the_explanation_of_a_decision(benchmark: BenchmarkFixture) -> None:
    sentences = benchmark(explain, DECIDED, "zh")

    assert len(sentences) > 5


@pytest.mark.parametrize(("code", "facts"), [("SZCG-013", SPITTING), (HEAVIEST_RULE.code, facts_of(HEAVIEST))])
def test_what_would_have_changed_a_decision(benchmark: BenchmarkFixture, code: str, facts: dict[str, Any]) -> None:
    reasons = benchmark(why, BOOK, code, DAY, facts)

    assert reasons.found.changes


def test_loading_all_shipped_files(benchmark: BenchmarkFixture) -> None:
    book = benchmark(load_rulebook, FILES)

    assert book.digest == BOOK.digest


FIRST_NUMBER = next(fact.name for fact in HEAVIEST_RULE.facts if fact.numeric)


@pytest.mark.parametrize("text", [f"{FIRST_NUMBER} ≥ 3", HEAVIEST_RULE.rows[-1].when_cell.text], ids=["short", "long"])
def test_parsing_one_cell(benchmark: BenchmarkFixture, text: str) -> None:
    facts = dict(HEAVIEST_RULE.by_name)
    names: dict[str, Any] = {choice: "OPTION" for fact in facts.values() for choice in fact.choices}
    builder = Builder(facts, PLAIN["zh"].knowing(names | dict.fromkeys(facts, "FACT")), Complaints())
    cell = Scalar(text, NOWHERE)

    condition = benchmark(builder.condition, cell)

    assert condition is not None
    assert builder.complaints.findings == []
