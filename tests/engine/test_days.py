"""Days as values: the earliest and the latest of several, and of the records of a list."""

from typing import Any

import pytest

from engine import RuleFilesInvalid
from engine.rulebook import Rulebook
from tests.engine.kit import ask, changed, codes, refused
from tests.engine.test_language import RULE, law, yuan

DAYS = {"起日": "2026-05-01", "止日": "2026-05-04"}
WITH_DAYS = changed(RULE, ("车型: 选项 货车、客车}", "车型: 选项 货车、客车, 检验日: 日期}"))
VEHICLES = [
    {"吨数": "9", "车型": "货车", "检验日": "2026-05-02"},
    {"吨数": "12", "车型": "货车", "检验日": "2026-05-09"},
    {"吨数": "3", "车型": "客车", "检验日": "2026-05-03"},
]


def inspected(amount: str, computed: str = "") -> Rulebook:
    return law(f"面积 ≥ 0 => 罚款 {amount}", computed=computed, rule=WITH_DAYS)


@pytest.mark.parametrize(
    ("amount", "expected"),
    [
        ("100元 × 天数(较小者(起日, 止日), 2026-05-11)", "1000"),
        ("100元 × 天数(较大者(起日, 止日), 2026-05-11)", "700"),
        ("100元 × 天数(较大者(起日, 止日, 2026-05-10), 行为日)", "17500"),
    ],
)
def test_the_earlier_or_the_later_of_days_is_a_day(amount: str, expected: str) -> None:
    assert yuan(ask(law(f"面积 ≥ 0 => 罚款 {amount}"), {"面积": "1", **DAYS})) == expected


@pytest.mark.parametrize(
    ("amount", "expected"),
    [
        ("100元 × 天数(最小一项(车辆, 检验日), 2026-05-12)", "1000"),
        ("100元 × 天数(最大一项(车辆, 检验日), 2026-05-12)", "300"),
        ("100元 × 天数(最大一项(车辆, 检验日, 车型 为 客车), 2026-05-12)", "900"),
        ("100元 × 天数(最大一项(车辆, 若干日后(检验日, 1)), 2026-05-12)", "200"),
        ("最小一项(车辆, 100元 × 吨数)", "300"),
        ("100元 × 最小一项(车辆, 2 × 吨数)", "600"),
    ],
)
def test_a_list_of_records_has_a_least_and_a_greatest_also_of_days(amount: str, expected: str) -> None:
    assert yuan(ask(inspected(amount), {"面积": "1", "车辆": VEHICLES})) == expected


@pytest.mark.parametrize("vehicles", [[], VEHICLES[:2]])
def test_of_no_records_there_is_no_day_and_it_is_refused_by_name(vehicles: list[Any]) -> None:
    rulebook = inspected("100元 × 天数(首检, 2026-05-12)", "首检: 最小一项(车辆, 检验日, 车型 为 客车)")

    outcome = refused(ask(rulebook, {"面积": "1", "车辆": vehicles}))

    assert outcome.code == "empty_list"
    assert "车辆" in outcome.message


def test_of_no_records_the_least_amount_is_nought() -> None:
    assert yuan(ask(inspected("最小一项(车辆, 100元 × 吨数) + 200元"), {"面积": "1", "车辆": []})) == "200"


@pytest.mark.parametrize(
    "amount", ["100元 × 天数(合计(车辆, 检验日), 止日)", "较大者(起日, 100元)", "100元 × 天数(较大者(起日, 5), 止日)"]
)
def test_days_are_neither_summed_nor_compared_with_anything_else(amount: str) -> None:
    with pytest.raises(RuleFilesInvalid) as invalid:
        inspected(amount)

    assert codes(invalid.value.findings) == ["wrong_arguments"]


RATES = """费率:
  行: {axis}
  表: {lines}"""
BY_DAY = "{早于 2026-05-01: 100元, 2026-05-01 至 2026-06-30: 250元, 2026-07-01起: 300元}"


@pytest.mark.parametrize(
    ("start", "expected"),
    [("2026-04-30", "100"), ("2026-05-01", "250"), ("2026-06-30", "250"), ("2026-07-01", "300")],
)
@pytest.mark.parametrize("axis", ["起日", "次日"])
def test_a_line_of_a_table_is_a_span_of_days(axis: str, start: str, expected: str) -> None:
    # A named day is looked up as well as a fact; here it is the fact's own day.
    computed = "次日: 若干日后(起日, 0)\n" + RATES.format(axis=axis, lines=BY_DAY)

    assert yuan(ask(law("面积 ≥ 0 => 罚款 费率", computed=computed), {"面积": "1", "起日": start})) == expected


def test_a_table_by_the_day_of_the_act_has_a_column_too() -> None:
    lines = "{早于 2026-11-01: {是: 1元, 否: 2元}, 2026-11-01起: {是: 300元, 否: 400元}}"
    table = f"费率:\n  行: 行为日\n  列: 改正\n  表: {lines}"
    outcome = ask(law("面积 ≥ 0 => 罚款 费率", computed=table), {"面积": "1", "改正": False})

    assert yuan(outcome) == "400"


def test_a_day_on_no_line_is_refused_with_that_day() -> None:
    lines = '{早于 2026-05-01: 100元, "[2026-05-02..2026-06-01)": 250元}'
    rulebook = law("面积 ≥ 0 => 罚款 费率", computed=RATES.format(axis="起日", lines=lines))

    for day in ("2026-05-01", "2026-06-01"):
        outcome = refused(ask(rulebook, {"面积": "1", "起日": day}))
        assert (outcome.code, day in outcome.message) == ("no_line", True)


def test_the_day_of_the_act_on_no_line_is_told() -> None:
    rulebook = law("面积 ≥ 0 => 罚款 费率", computed=RATES.format(axis="行为日", lines="{早于 2026-05-01: 100元}"))

    outcome = refused(ask(rulebook, {"面积": "1"}))

    assert outcome.code == "no_line"
    assert "行为日 2026-11-01" in outcome.message


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        ("{不晚于 2026-05-01: 100元, 2026-05-01起: 250元}", "lines_overlap"),
        ("{2026-05-01: 100元, 2026-05-01 至 2026-06-30: 250元}", "lines_overlap"),
        ("{早于 2026-05-01: 100元, 2026-06-30 至 2026-05-01: 250元}", "bad_domain"),
        ('{"[2026-05-01..2026-05-01)": 100元}', "bad_domain"),
        ("{2026-05-01 以上: 100元}", "not_a_band"),
        ("{早于 5: 100元}", "not_a_band"),
        ("{是: 100元}", "not_a_band"),
    ],
)
def test_lines_by_day_that_overlap_or_are_none_are_refused_at_load(lines: str, code: str) -> None:
    with pytest.raises(RuleFilesInvalid) as invalid:
        law("面积 ≥ 0 => 罚款 费率", computed=RATES.format(axis="起日", lines=lines))

    assert codes(invalid.value.findings) == [code]


def test_figures_have_no_line_that_begins_on_a_day() -> None:
    with pytest.raises(RuleFilesInvalid) as invalid:
        law("面积 ≥ 0 => 罚款 费率", computed="费率:\n  行: 面积\n  表: {5起: 100元}")

    assert codes(invalid.value.findings) == ["not_a_band"]
