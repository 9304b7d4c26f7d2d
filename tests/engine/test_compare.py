"""Two versions of a rule: the same meaning, who is treated otherwise, by how much, and what is proved of it."""

import pytest

from engine import Refusal
from engine.compare import Comparison, compare
from tests.engine.kit import REGIME, RULE, book, changed

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


def test_another_adjustment_is_told_where_it_holds() -> None:
    adjusted = changed(
        RULE,
        (
            "裁量表:",
            "调整:\n  - {名: 减, 情形: 主动改正, 处理: 下浮 10%}\n调整方式: 连乘\n超出法定幅度: 取边界\n裁量表:",
        ),
    )

    found = compared(RULE, adjusted)

    assert (found.never_heavier, found.never_lighter) == ("not_proved", "refuted")
    assert [(each.region, each.change_fen) for each in found.differences] == [
        ("面积 ≥ 2.01 平方米，主动改正", -5_000),
    ]


@pytest.mark.parametrize("kind", ["整数，平方米，1 至 300", "数，平方米，精确到 0.1，0 至 300"])
def test_a_fact_declared_otherwise_is_named(kind: str) -> None:
    line = next(each for each in RULE.splitlines() if each.strip().startswith("面积:"))
    found = compared(RULE, changed(RULE, (line, f"  面积: {kind}")))

    assert "面积" in found.facts
    assert found.same != "proved"


# A rule whose fine is looked up: three tables, of which one stands behind the fine.
COMPUTED = changed(
    RULE,
    (
        "裁量表:",
        "计算:\n"
        "  每日: 较大者(面积 × 10元, 60元)\n"
        "  日数: {行: 面积, 表: {10 以下: 1, 超过10 至 20: 2, 超过20: 5}}\n"
        "超出法定幅度: 取边界\n裁量表:",
    ),
    ("罚款 500元\n", "罚款 每日 × 日数\n"),
)


def test_a_table_behind_a_computed_fine_concerns_its_changed_line_alone() -> None:
    found = compared(COMPUTED, changed(COMPUTED, ("至 20: 2", "至 20: 1.5")))

    assert (found.same, found.never_heavier, found.never_lighter) == ("refuted", "not_proved", "refuted")
    assert found.not_compared == ()
    (difference,) = found.differences
    assert difference.region == "面积 10.01–20 平方米"
    # 20 m² at 10 yuan, one and a half days instead of two.
    assert found.most_down_fen == difference.change_fen == -10_000


def test_a_floor_inside_a_computed_fine_concerns_those_below_it() -> None:
    found = compared(COMPUTED, changed(COMPUTED, ("60元", "70元")))

    assert [each.region for each in found.differences] == ["面积 2.01–6.99 平方米"]
    assert (found.most_up_fen, found.most_down_fen) == (1_000, 0)


def test_a_value_whose_change_no_outcome_reads_changes_nothing() -> None:
    idle = changed(COMPUTED, ("计算:\n", "计算:\n  另数: 面积 × 2\n"))

    found = compared(idle, changed(idle, ("面积 × 2", "面积 × 3")))

    assert (found.same, found.never_heavier, found.never_lighter) == ("proved",) * 3


MOVED = changed(
    RULE, ("裁量表:", "移档:\n  - {名: 重犯, 情形: 主动改正, 处理: 上移 1 档，已在最高档的取上限, 依据: 某条}\n裁量表:")
)


def test_a_row_that_moves_to_a_changed_one_is_told_too() -> None:
    found = compared(MOVED, changed(MOVED, ("罚款 500元\n", "罚款 400元\n")))

    regions = {each.region: each.change_fen for each in found.differences}
    assert regions["面积 ≤ 2 平方米，主动改正"] == -10_000
    assert found.never_lighter == "refuted"


@pytest.mark.parametrize(
    ("old", "new", "down"),
    [
        # The same bracket, another place in it; and the same fine without the measure beside it.
        ("罚款 100元 至 500元 按 面积 ÷ 200", "罚款 100元 至 500元 按 面积 ÷ 400", True),
        ("罚款 500元，没收「物」", "罚款 500元", True),
        ("罚款 500元", "罚款 500元，没收「物」", False),
    ],
)
def test_what_a_bracket_does_not_show_is_no_proof(old: str, new: str, *, down: bool) -> None:
    found = compared(changed(RULE, ("罚款 500元\n", f"{old}\n")), changed(RULE, ("罚款 500元\n", f"{new}\n")))

    assert found.same == "refuted"
    assert (found.never_lighter == "refuted") == down
    assert (found.never_heavier == "refuted") == (not down)


def test_what_goes_with_every_penalty_is_compared() -> None:
    one, two = book(RULE), book(RULE, regime=changed(REGIME, ("{处理: 责令改正", "{处理: 教育")))

    found = compare(one, one.versions[CODE][0], two, two.versions[CODE][0])

    assert found.same == "refuted"


LOADS = changed(
    RULE,
    (
        "  地段:",
        "  车辆:\n"
        '    每项: {超载: "数，%，精确到 0.1，0 至 200", 车型: 选项 货车、客车}\n'
        "    计算: {单车: [{情形: 车型 为 货车, 值: 100元}, {情形: 其余, 值: 60元}]}\n"
        "    最多: 5\n"
        "  地段:",
    ),
    ("罚款 500元\n", "罚款 较小者(合计(车辆, 单车) + 50元, 500元)\n"),
    ("裁量表:", "超出法定幅度: 取边界\n裁量表:"),
)


def test_what_is_computed_for_each_record_is_compared_with_a_record() -> None:
    found = compared(LOADS, changed(LOADS, ("值: 60元", "值: 90元")))

    (difference,) = found.differences
    assert difference.region == "面积 ≥ 2.01 平方米"
    assert dict(difference.old.facts)["车辆"] == [{"超载": "0", "车型": "客车"}]
    assert difference.change_fen == 3_000
    assert found.never_lighter == "not_proved"


def test_a_published_range_changes_by_the_end_that_changes_more() -> None:
    ranged = changed(RULE, ("罚款 500元\n", "罚款 100元 至 500元\n"), ("裁量表:", "档内取值: 只给幅度\n裁量表:"))

    found = compared(ranged, changed(ranged, ("100元 至 500元", "150元 至 500元")))

    assert (found.never_heavier, found.never_lighter) == ("refuted", "proved")
    assert found.most_up_fen == 5_000


def test_tiers_that_all_rise_are_never_lighter_wherever_a_move_leads() -> None:
    found = compared(MOVED, changed(MOVED, ("罚款 50元\n", "罚款 60元\n")))

    assert (found.never_heavier, found.never_lighter) == ("refuted", "proved")


def test_a_fact_that_only_the_new_formula_reads_is_compared() -> None:
    counted = changed(COMPUTED, ("  地段:", "  人数: 整数，人，1 至 9\n  地段:"))

    found = compared(COMPUTED, changed(counted, ("面积 × 10元", "面积 × 10元 × 人数")))

    assert found.facts == ("人数",)
    assert found.never_heavier == "refuted"
    assert found.most_up_fen > 0


# Two rows hold at once above 5 m²; the first always outweighs the second, wherever both can be weighed.
WEIGHED = changed(
    RULE,
    (
        "裁量表:",
        "计算:\n  低: {行: 面积, 表: {10 以下: 60元, 超过10: 70元}}\n超出法定幅度: 取边界\n裁量表:",
    ),
    ("用例:", "  - {档次: 另, 情形: 面积 > 5, 处理: 罚款 低, 原文: 某}\n用例:"),
)


def test_a_lighter_row_that_cannot_be_weighed_any_more_is_told() -> None:
    found = compared(WEIGHED, changed(WEIGHED, ("超过10: 70元", "超过30: 70元")))

    assert (found.same, found.not_compared) == ("refuted", ())
    (difference,) = found.differences
    assert difference.region == "面积 10.01–30 平方米"
    assert isinstance(difference.new, Refusal)
    assert difference.new.code == "several_tiers"


def test_a_lighter_row_whose_figure_alone_changes_is_not_heard_of() -> None:
    found = compared(WEIGHED, changed(WEIGHED, ("超过10: 70元", "超过10: 80元")))

    assert (found.same, found.never_heavier, found.never_lighter) == ("proved",) * 3


def test_a_lighter_row_that_loses_what_the_heavier_one_lacks_is_told() -> None:
    old = changed(WEIGHED, ("处理: 罚款 低,", '处理: "罚款 低，没收「物」",'))

    found = compared(old, WEIGHED)

    assert found.same == "refuted"
    assert [each.region for each in found.differences] == ["面积 ≥ 5.01 平方米"]
    assert isinstance(found.differences[0].old.outcome, Refusal)


BRANCHED = changed(
    RULE,
    (
        "裁量表:",
        "计算:\n  额: [{情形: 面积 < 20, 值: 60元}, {情形: 面积 > 50, 值: 60元}, {情形: 其余, 值: 70元}]\n裁量表:",
    ),
    ("罚款 500元\n", "罚款 额\n"),
)


def test_branches_that_come_to_hold_together_are_told_though_they_give_the_same() -> None:
    found = compared(BRANCHED, changed(BRANCHED, ("面积 > 50", "面积 > 10")))

    assert found.same == "refuted"
    refused = [each.region for each in found.differences if isinstance(each.new, Refusal)]
    assert refused == ["面积 10.01–50 平方米"]


@pytest.mark.parametrize(
    ("kind", "given"),
    [("0 至 200", ["0", "200"]), ("大于 0 至 80", ["80.01", "100"]), ("大于 0 至 100，不明按 3", ["不明"])],
)
def test_facts_that_only_one_version_reads_are_shown(kind: str, given: list[str]) -> None:
    found = compared(RULE, changed(RULE, ("大于 0 至 100", kind)))

    assert found.facts == ("面积",)
    assert (found.same, found.never_heavier, found.never_lighter) == ("refuted", "proved", "proved")
    for each in found.differences:
        assert each.region == "“面积”的声明不同，任何事实"
        assert dict(each.old.facts)["面积"] in given
        assert isinstance(each.old.outcome, Refusal) != isinstance(each.new, Refusal)


def test_an_unknown_that_counts_as_something_else_is_no_proof_of_anything_that_was_not_shown() -> None:
    old, new = (changed(RULE, ("大于 0 至 100", f"大于 0 至 100，不明按 {value}")) for value in ("1", "50"))

    found = compared(old, new)

    assert (found.same, found.never_heavier, found.never_lighter) == ("refuted", "refuted", "not_proved")
    assert found.most_up_fen == 45_000
    (difference,) = found.differences
    assert dict(difference.old.facts)["面积"] == "不明"


COUNTED = changed(
    RULE,
    ("  地段:", "  违法日: 日期列表\n  次数: 整数，次，1 至 99，计 违法日 1年内\n  地段:"),
    ("    情形: 面积 > 2\n", "    情形: 面积 > 2 且 次数 ≥ 2\n"),
    ("    情形: 面积 ≤ 2\n", "    情形: 面积 ≤ 2 或 次数 = 1\n"),
)


@pytest.mark.parametrize(
    ("window", "up"),
    [("2年内", True), ("不限期", True), ("6个月内", False), ("30日内", False), ("1年内，不含本次", False)],
)
def test_another_window_of_counting_is_shown_by_the_days_it_counts(window: str, *, up: bool) -> None:
    kind = ("1 至 99，计 违法日 1年内", f"{0 if '不含' in window else 1} 至 99，计 违法日 {window}")
    found = compared(COUNTED, changed(COUNTED, kind))

    assert found.facts == ("次数",)
    assert found.same == "refuted"
    assert (found.never_heavier, found.never_lighter) == (
        ("refuted", "not_proved") if up else ("not_proved", "refuted")
    )
    assert (found.most_up_fen, found.most_down_fen) == ((45_000, 0) if up else (0, -45_000))


def test_a_formula_written_in_another_way_means_the_same() -> None:
    old = changed(RULE, ("罚款 500元\n", "罚款 5元 × 面积，警告\n"), ("裁量表:", "超出法定幅度: 取边界\n裁量表:"))

    found = compared(old, changed(old, ("罚款 5元 × 面积，警告", "警告，罚款 面积 × 5元")))

    assert (found.same, found.never_heavier, found.never_lighter) == ("proved",) * 3
