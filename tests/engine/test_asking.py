"""Which facts can still matter: what `decide` itself still asks for, and never what it would answer."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import Refusal, decide
from engine.asking import still_asked
from tests.engine.kit import DAY, book, shipped
from tests.engine.test_counterfactual import STALL, table
from tests.laws.test_deciding import questions, value_of


def test_a_ground_for_no_penalty_and_the_tiers_ask_in_the_order_of_the_rule() -> None:
    asking = still_asked(shipped(), "SZCG-003", DAY, {})

    assert (asking.complete, asking.ask, asking.refusal) == (False, ("拒不改正",), None)


def test_only_facts_that_can_still_matter_are_asked_for() -> None:
    facts: dict[str, Any] = {"拒不改正": True, "占地面积": "3.5"}

    first = still_asked(shipped(), "SZCG-003", DAY, facts)
    then = still_asked(shipped(), "SZCG-003", DAY, facts | {"一年内次数": 3})

    assert set(first.ask) == {"威胁辱骂殴打工作人员", "扰乱正常工作秩序", "造成较大影响和严重后果", "一年内次数"}
    assert list(first.ask) == [name for name in shipped().rules["SZCG-003"].asks if name in first.ask]
    assert then.complete


def test_what_adjusts_the_amount_is_asked_for_once_the_tier_is_known() -> None:
    rulebook = book(STALL)

    assert still_asked(rulebook, "T-1", DAY, {}).ask == ("面积", "次数")
    assert still_asked(rulebook, "T-1", DAY, {"面积": "1", "次数": 1}).complete
    assert still_asked(rulebook, "T-1", DAY, {"面积": "3", "次数": 1}).ask == ("主动改正",)


@pytest.mark.parametrize(
    ("violation", "on", "facts", "code"),
    [
        ("SZCG-0", DAY, {}, "unknown_violation"),
        ("SZCG-013", date(2029, 1, 1), {}, "no_law_on_day"),
        ("SZCG-013", DAY, {"x": 1}, "unknown_fact"),
        ("SZCG-013", DAY, {"一年内次数": "x"}, "wrong_kind"),
        ("SZCG-013", DAY, {"一年内次数": 0}, "out_of_domain"),
        ("SZCG-013", DAY, {"一年内次数": 1, "历次处罚日期": ["2026-05-01"]}, "conflicting_facts"),
    ],
)
def test_what_is_wrong_with_the_question_is_said(violation: str, on: date, facts: dict[str, Any], code: str) -> None:
    asking = still_asked(shipped(), violation, on, facts)

    assert asking.refusal is not None
    assert (asking.refusal.code, asking.complete, asking.ask) == (code, False, ())


def test_a_refusal_that_is_an_answer_is_not_told_off_the_record() -> None:
    rulebook = table("面积 > 2 => 罚款 60元")

    asking = still_asked(rulebook, "T-1", DAY, {"面积": "1"})

    assert isinstance(decide(rulebook, "T-1", DAY, {"面积": "1"}), Refusal)
    assert (asking.complete, asking.refusal) == (True, None)
    assert asking.to_wire("zh") == {"complete": True, "ask": [], "refusal": None}


def test_each_question_comes_with_its_schema() -> None:
    wire: dict[str, Any] = still_asked(book(STALL), "T-1", DAY, {"面积": "1"}).to_wire("zh")

    (question,) = wire["ask"]
    assert question["name"] == "次数"
    assert question["schema"]["type"] == "integer"


def test_the_day_of_the_decision_is_asked_for_where_the_rule_reads_it() -> None:
    rulebook = table("天数（行为日，决定日） > 10 => 罚款 60元", "天数（行为日，决定日） ≤ 10 => 罚款 50元")

    asking = still_asked(rulebook, "T-1", DAY, {})
    then = still_asked(rulebook, "T-1", DAY, {}, decided=date(2026, 12, 1))

    assert (asking.complete, asking.ask, asking.decided) == (False, (), True)
    assert asking.to_wire("en")["ask"] == [
        {"name": "decided", "schema": {"title": "day of the decision", "type": "string", "format": "date"}}
    ]
    assert then.complete


@settings(deadline=None, max_examples=80)
@given(question=questions(), data=st.data())
def test_answering_what_is_asked_for_always_comes_to_an_end(
    question: tuple[str, date, dict[str, Any]], data: st.DataObject
) -> None:
    code, on, facts = question
    rule = shipped().rules[code]
    rounds = 0

    while (asking := still_asked(shipped(), code, on, facts)).ask:
        assert not set(asking.ask) & set(facts)
        rounds += 1
        name = asking.ask[0]
        facts = facts | {name: data.draw(value_of(rule.by_name[name]))}

    assert rounds <= len(rule.asks)
    assert asking.complete or asking.refusal is not None
