"""The engine and the naive second reading on every item of the shipped rulebook.

Two relations are tested.

With every fact given, both must agree exactly: the refusal's name, or tier, fine and measures.

With facts missing, the engine may decide or ask. It judges each condition in three values (Kleene) and asks whenever
one condition is still open, so it may ask although, by luck of the table, no answer would change the outcome; the naive
reading knows no missing facts and tries them all. So what is tested is one direction: whenever the engine does not ask,
every completion of the missing facts has that same outcome; and whenever it asks, it asks for something not yet given.
"""

import itertools
import random
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import Refusal
from tests.engine.kit import RULES, ask, shipped
from tests.oracle.kit import parts, seen, sent
from tests.oracle.naive import Answer, Item, Oracle, texts
from tests.oracle.naive_facts import Declaration, Fact
from tests.oracle.naive_time import Day, day

ORACLE = Oracle(texts(RULES))
CODES = sorted(ORACLE.items)
# The dearer properties are asked of one regime, for the sake of time.
SHENZHEN = [code for code in CODES if code.startswith("SZCG")]
FIRST, LAST = date(2023, 12, 15), date(2028, 12, 14)
EDGES = [
    date(2023, 11, 22), date(2023, 11, 23), FIRST - timedelta(1), FIRST, date(2024, 2, 28), date(2024, 2, 29),
    date(2024, 3, 1), date(2025, 2, 28), date(2025, 3, 1), date(2028, 2, 29), LAST, LAST + timedelta(1),
    date(2031, 1, 1),
]  # fmt: skip
SHIFTS = [0, 1, -1, 364, 365, 366, 367, 730, 731, 40, 200, 300]


def asked(item: Item) -> list[Declaration]:
    """List the facts the table reads; the days behind a count are a second way to give the count."""
    return [item.facts[name] for name in item.reads]


def grid(item: Item, missing: list[Declaration], limit: int) -> Iterator[dict[str, Fact]]:
    """Walk the representative values of some facts: all of them, or `limit` drawn evenly where they are too many."""
    values = [fact.values(item.constants(fact.name)) for fact in missing]
    total = 1
    for each in values:
        total *= len(each)
    if total <= limit:
        chosen: Iterator[tuple[Fact, ...]] = itertools.product(*values)
    else:
        dice = random.Random(total)  # noqa: S311  # a fixed sample of a grid, nothing secret
        chosen = (tuple(dice.choice(each) for each in values) for _ in range(limit))
    for combination in chosen:
        yield {fact.name: value for fact, value in zip(missing, combination, strict=True)}


def value_of(fact: Declaration, constants: list[Fraction]) -> st.SearchStrategy[Fact]:
    near = st.sampled_from(fact.values(constants))
    if fact.kind in ("是否", "选项"):
        return near
    least, most = int(fact.low / fact.step) + fact.above_low, int(fact.high / fact.step) - fact.below_high
    return near | st.integers(least, most).map(lambda scaled: scaled * fact.step)


def past(on: date) -> st.SearchStrategy[list[Day]]:
    """Draw days of past penalties, most of them on the edges of the window: a year ago to the day, today, tomorrow."""
    shifted = st.sampled_from([parts(on - timedelta(shift)) for shift in SHIFTS])
    leap = st.sampled_from([(2024, 2, 28), (2024, 2, 29), (2024, 3, 1), (2023, 2, 28), (2023, 3, 1), (2027, 2, 28)])
    anywhere = st.dates(date(1949, 1, 1), date(2030, 1, 1)).map(parts)
    return st.lists(shifted | leap | anywhere, max_size=5)


@st.composite
def situations(draw: st.DrawFn, item: Item) -> tuple[date, dict[str, Fact]]:
    """Draw a day and all the facts the table reads, each count as a number, as days, or as both."""
    on = draw(st.sampled_from(EDGES) | st.dates(FIRST, LAST) | st.dates(date(2023, 1, 1), date(2030, 1, 1)))
    facts: dict[str, Fact] = {}
    for fact in asked(item):
        number = draw(value_of(fact, item.constants(fact.name)))
        if not fact.counts:
            facts[fact.name] = number
            continue
        how = draw(st.sampled_from(["number", "days", "both"]))
        if how != "number":
            facts[fact.counts] = draw(past(on))
        if how != "days":
            facts[fact.name] = number
    return on, facts


@pytest.mark.parametrize("code", CODES)
def test_both_agree_on_the_grid_of_values_that_matter(code: str) -> None:
    item = ORACLE.items[code]
    on = date(2026, 11, 1)

    differing = [
        (facts, mine, theirs)
        for facts in grid(item, asked(item), 25)
        if (mine := seen(ask(shipped(), sent(item, facts), on=on, violation=code)))
        != (theirs := ORACLE.answer(code, parts(on), facts))
    ]

    assert differing == []


@pytest.mark.parametrize("code", SHENZHEN)
@settings(deadline=None, max_examples=14)
@given(data=st.data())
def test_both_agree_on_any_day_with_every_fact_given(code: str, data: st.DataObject) -> None:
    item = ORACLE.items[code]
    on, facts = data.draw(situations(item))

    outcome = ask(shipped(), sent(item, facts), on=on, violation=code)

    assert seen(outcome) == ORACLE.answer(code, parts(on), facts)


@pytest.mark.parametrize("code", SHENZHEN)
@settings(deadline=None, max_examples=7)
@given(data=st.data())
def test_what_the_engine_decides_early_no_completion_changes(code: str, data: st.DataObject) -> None:
    item = ORACLE.items[code]
    on, facts = data.draw(situations(item))
    dropped = data.draw(st.sets(st.sampled_from(sorted(facts)), min_size=1)) if facts else set()
    some = {name: value for name, value in facts.items() if name not in dropped}
    counted = {fact.counts for fact in item.facts.values() if fact.counts} & set(some)
    missing = [fact for fact in asked(item) if fact.name not in some and fact.counts not in counted]

    outcome = ask(shipped(), sent(item, some), on=on, violation=code)

    if isinstance(outcome, Refusal) and outcome.code == "missing_fact":
        assert outcome.field in {fact.name for fact in missing}
    else:
        answers = [ORACLE.answer(code, parts(on), some | rest) for rest in grid(item, missing, 30)]
        assert answers == [seen(outcome)] * len(answers)


@pytest.mark.parametrize("code", SHENZHEN)
@settings(deadline=None, max_examples=4)
@given(data=st.data())
def test_answering_what_is_asked_ends_in_a_decision_and_asks_nothing_twice(code: str, data: st.DataObject) -> None:
    item = ORACLE.items[code]
    on, everything = data.draw(situations(item).filter(lambda situation: FIRST <= situation[0] <= LAST))
    # A count that its days contradict is refused only when both are sent; that is another question.
    everything = {name: value for name, value in everything.items() if item.facts[name].counts not in everything}
    answers: dict[str, Fact] = {}
    questions: list[str] = []

    while isinstance(outcome := ask(shipped(), sent(item, answers), on=on, violation=code), Refusal):
        if outcome.code != "missing_fact":
            break
        name = outcome.field or ""
        questions.append(name)
        days = item.facts[name].counts
        answers |= {each: everything[each] for each in (name, days) if each in everything}
        assert len(questions) <= len(item.facts)

    assert len(set(questions)) == len(questions)
    assert seen(outcome) == ORACLE.answer(code, parts(on), everything)


@pytest.mark.parametrize("code", SHENZHEN)
def test_the_oracle_gives_what_the_cases_in_the_file_expect(code: str) -> None:
    item = ORACLE.items[code]

    answers = [
        (ORACLE.answer(code, day(case["日"]), complete(item, case["给"])), case["得"])
        for case in item.cases
        if fits(item, case["给"])
    ]

    assert [(answer, expected) for answer, expected in answers if not meets(answer, expected)] == []
    assert answers


def fits(item: Item, facts: Mapping[str, Any]) -> bool:
    """Leave out the cases about values outside their domain: the oracle takes values that fit."""
    return all(
        item.facts[name].low + item.facts[name].above_low * item.facts[name].step
        <= Fraction(text)
        <= item.facts[name].high
        for name, text in facts.items()
        if item.facts[name].kind in ("整数", "数", "金额")
    )


def complete(item: Item, facts: Mapping[str, Any]) -> dict[str, Fact]:
    """Read the facts of a case, and give what it leaves out the value that hurts least."""
    read: dict[str, Fact] = {}
    for name, text in facts.items():
        kind = item.facts[name].kind
        read[name] = (
            text == "是" if kind == "是否" else [day(each) for each in text] if kind == "日期列表"
            else Fraction(text) if kind in ("整数", "数", "金额") else text
        )  # fmt: skip
    for fact in asked(item):
        if fact.name not in read and fact.counts not in read:
            first = fact.values([])[0]
            read[fact.name] = False if fact.kind == "是否" else first
    return read


REFUSED = {
    "缺档": "missing_tier", "无档可用": "no_tier", "数档并合": "several_tiers", "低于法定幅度": "below_statutory_range",
    "高于法定幅度": "above_statutory_range", "不构成本违法行为": "not_this_violation", "事实矛盾": "conflicting_facts",
    "超出范围": "out_of_domain", "当日无法可依": "no_law_on_day", "职权未生效": "power_item_not_in_force",
}  # fmt: skip


def meets(answer: Answer, expected: str) -> bool:
    if expected.startswith("拒绝"):
        return answer.refusal == REFUSED[expected.removeprefix("拒绝").strip()]
    yuan = [part.strip() for part in expected.split("，") if part.startswith("罚款")]
    fen = int(Fraction(yuan[0].removeprefix("罚款").strip().removesuffix("元")) * 100) if yuan else None
    return not answer.refusal and answer.fine_fen == fen
