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
