"""A tier that depends on nothing: `任何情形`, alone in its cell."""

import pytest

from engine import RuleFilesInvalid
from engine.coverage import measure
from engine.rule_cases import run_cases
from tests.engine.kit import ask, codes, decided, files, findings, refused
from tests.engine.test_counterfactual import table
from tests.engine.test_language import law, yuan

ALWAYS = "任何情形 => 罚款 300元"
GROUND = "不予处罚: [{档次: 轻微, 情形: 改正, 处理: 不予处罚, 原文: 某}]\n"


def test_a_tier_that_always_holds_asks_for_nothing() -> None:
    outcome = decided(ask(law(ALWAYS), {}))

    assert yuan(outcome) == "300"
    assert [(step.text, step.reads, step.holds) for step in outcome.trace if step.kind == "tier"] == [
        ("任何情形", (), True)
    ]


def test_what_comes_before_the_table_still_comes_before_it() -> None:
    assert decided(ask(law(ALWAYS, more=GROUND), {"改正": True})).tier == "轻微"
    assert yuan(ask(law(ALWAYS, more=GROUND), {"改正": False})) == "300"


def test_beside_another_row_that_holds_it_is_one_of_several() -> None:
    assert refused(ask(law(ALWAYS, "面积 > 5 => 罚款 400元"), {"面积": "6"})).code == "several_tiers"
    assert yuan(ask(law(ALWAYS, "面积 > 5 => 罚款 400元"), {"面积": "5"})) == "300"


def test_an_adjustment_may_always_apply() -> None:
    more = "调整: [{名: 加成, 情形: 任何情形, 处理: 上浮 10%}]\n"

    assert yuan(ask(law(ALWAYS, more=more), {})) == "330"


@pytest.mark.parametrize(
    "when", ["任何情形 且 面积 > 5", "非 任何情形", "(任何情形)", "面积 > 5 或 任何情形", "任何情形 任何情形"]
)
def test_it_stands_alone_in_its_cell(when: str) -> None:
    with pytest.raises(RuleFilesInvalid) as invalid:
        law(f"{when} => 罚款 300元")

    assert codes(invalid.value.findings) == ["cell_syntax"]


def test_it_is_no_value_and_no_card_looks_at_it() -> None:
    with pytest.raises(RuleFilesInvalid):
        law(ALWAYS, computed="某值: 任何情形")
    cards = "督察牌规则: 某\n事实: {某事: 是否}\n规则: [{名: 某, 级别: 黄牌, 情形: 任何情形, 理由: 某, 依据: 某}]\n"
    assert codes(findings(files() | {"cards.yaml": cards.encode()})) == ["not_for_cards"]


def test_no_case_can_show_that_it_does_not_hold() -> None:
    more = "调整: [{名: 加成, 情形: 任何情形, 处理: 上浮 10%}]\n"
    rulebook = table("任何情形 => 罚款 300元", more=more)

    covered = measure(rulebook, list(run_cases(rulebook)))

    assert [unit.id for unit in covered[0].units if unit.kind == "adjustment"] == [("adjustment", "加成", "on")]
