"""Measures whose time or figure is computed: what can be said, what it comes to, and what is refused."""

from typing import Any

import pytest

from engine import RuleFilesInvalid, to_wire
from tests.engine.kit import ask, codes, decided
from tests.engine.test_language import law

VALUES = "停: {行: 面积, 表: {小于 10: 1, 10 以上: 2}}\n扣分: 2 × 停\n几份: 份数(倍数, 0.5)\n一半: 停 ÷ 2"


def measured(outcome: str, facts: dict[str, Any]) -> list[Any]:
    """Decide and return the measures of the row itself."""
    wire: Any = to_wire(decided(ask(law(f"面积 ≥ 0 => {outcome}", computed=VALUES), {"面积": "10", **facts})))
    return [each for each in wire["measures"] if "basis" not in each]


@pytest.mark.parametrize(
    ("outcome", "facts", "expected"),
    [
        ("暂扣「证」 停 月", {}, {"kind": "suspend_licence", "licence": "证", "time": "2", "unit": "month"}),
        ("暂扣「证」 (停 + 1) 个月", {}, {"kind": "suspend_licence", "licence": "证", "time": "3", "unit": "month"}),
        ("暂扣「证」 2 × 停 月", {}, {"kind": "suspend_licence", "licence": "证", "time": "4", "unit": "month"}),
        ("责令停产停业 几份 日", {"倍数": "1.1"}, {"kind": "stop_business", "time": "3", "unit": "day"}),
        ("限制「从业」 扣分 年", {}, {"kind": "restrict", "what": "从业", "time": "4", "unit": "year"}),
        ("拘留 停 天", {}, {"kind": "detention", "time": "2", "unit": "day"}),
        (
            "拘留 天数(起日, 止日) 日",
            {"起日": "2026-05-01", "止日": "2026-05-04"},
            {"kind": "detention", "time": "3", "unit": "day"},
        ),
        ("另计「记分」 扣分 点", {}, {"kind": "output", "name": "记分", "value": "4", "unit": "point"}),
        ("另计「学时」 一半 小时", {}, {"kind": "output", "name": "学时", "value": "1", "unit": "hour"}),
        ("另计「限期」 停 日", {}, {"kind": "output", "name": "限期", "value": "2", "unit": "day"}),
    ],
)
def test_a_time_may_be_computed_and_its_unit_stands_behind_it(
    outcome: str, facts: dict[str, Any], expected: dict[str, str]
) -> None:
    assert measured(outcome, facts) == [expected]


@pytest.mark.parametrize(
    ("outcome", "code"),
    [
        ("暂扣「证」 停", "wrong_arguments"),  # of what?
        ("暂扣「证」 停 点", "wrong_arguments"),
        ("暂扣「证」 6 平方米", "wrong_arguments"),
        ("暂扣「证」 一半 月", "wrong_arguments"),  # nobody knows how long half a month is
        ("暂扣「证」 1.5 月", "wrong_arguments"),
        ("另计「限期」 一半 日", "wrong_arguments"),
        ("暂扣「证」 同类 月", "unit_mismatch"),  # declared in times
        ("暂扣「证」 天数(起日, 止日) 月", "unit_mismatch"),
        ("暂扣「证」 货值 月", "unit_mismatch"),
        ("另计「某」 占比 %", "unit_mismatch"),
        ("另计「某」 温度 度", "unit_mismatch"),  # a unit of the file's own stands with its fact
        ("暂扣「证」 停 月 月", "cell_syntax"),
    ],
)
def test_a_time_that_nobody_can_count_is_refused_at_load(outcome: str, code: str) -> None:
    with pytest.raises(RuleFilesInvalid) as invalid:
        law(f"面积 ≥ 0 => {outcome}", computed=VALUES)

    assert codes(invalid.value.findings) == [code]
