"""Two versions of a rule: the same meaning, who is treated otherwise, by how much, and what is proved of it."""

import pytest

from engine.compare import Comparison, compare
from tests.engine.kit import RULE, book, changed

CODE = "T-1"


def compared(old: str, new: str) -> Comparison:
    one, two = book(old), book(new)
    return compare(one, one.versions[CODE][0], two, two.versions[CODE][0])


def test_a_reformatted_rule_means_the_same() -> None:
    reworded = changed(RULE, ("面积 > 2", "面积   大于 2"), ("用例:", "备注: [另排]\n用例:"))

    found = compared(RULE, reworded)

    assert (found.same, found.never_heavier, found.never_lighter, found.differences) == ("proved",) * 3 + ((),)


def test_a_dearer_tier_is_told_with_its_region_and_the_greatest_change() -> None:
    found = compared(RULE, changed(RULE, ("罚款 50元\n", "罚款 80元\n")))

    assert (found.same, found.never_heavier, found.never_lighter) == ("refuted", "refuted", "proved")
    assert (found.most_up_fen, found.most_down_fen) == (3_000, 0)
    (difference,) = found.differences
    assert difference.region == "面积 ≤ 2 平方米"
    assert difference.change_fen == 3_000


def test_a_moved_threshold_concerns_those_between_alone() -> None:
    found = compared(RULE, changed(RULE, ("情形: 面积 ≤ 2", "情形: 面积 ≤ 3"), ("情形: 面积 > 2", "情形: 面积 > 3")))

    assert (found.never_heavier, found.never_lighter) == ("proved", "refuted")
    (difference,) = found.differences
    assert difference.region == "面积 2.01–3 平方米"
    assert dict(difference.old.facts)["面积"] == "3"
    assert difference.change_fen == -45_000


def test_a_new_ground_of_no_penalty_is_no_heavier() -> None:
    ground = "不予处罚:\n  - {档次: 轻微, 情形: 主动改正, 处理: 不予处罚, 原文: 某}\n裁量表:"
    found = compared(RULE, changed(RULE, ("裁量表:", ground)))

    assert (found.same, found.never_heavier, found.never_lighter) == ("refuted", "proved", "refuted")
    assert found.most_down_fen == -50_000


def test_other_conventions_are_not_proved_harmless() -> None:
    adjusted = changed(
        RULE,
        (
            "裁量表:",
            "调整:\n  - {名: 减, 情形: 主动改正, 处理: 下浮 10%}\n调整方式: 连乘\n超出法定幅度: 取边界\n裁量表:",
        ),
    )

    found = compared(RULE, adjusted)

    assert found.not_compared == ("conventions",)
    assert (found.never_heavier, found.never_lighter) == ("not_proved", "not_proved")


@pytest.mark.parametrize("kind", ["整数，平方米，1 至 300", "数，平方米，精确到 0.1，0 至 300"])
def test_a_fact_declared_otherwise_is_named(kind: str) -> None:
    line = next(each for each in RULE.splitlines() if each.strip().startswith("面积:"))
    found = compared(RULE, changed(RULE, (line, f"  面积: {kind}")))

    assert "面积" in found.facts
    assert found.same != "proved"
