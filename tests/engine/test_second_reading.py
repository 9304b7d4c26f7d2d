"""Corners that the second reading of the rules found: each was a wrong outcome, a crash, or a silence."""

from datetime import date

import pytest

from engine import decide
from tests.engine.kit import DAY, REGIME, RULE, ask, book, changed, codes, decided, files, findings, refused

FINISHED = changed(REGIME, ("取整: 1分，舍去", "取整: 1分，舍去\n超出法定幅度: 取边界\n档内取值: 只给幅度"))
MORE_FACTS = (
    "  地段: 选项 主街、小巷、广场",
    "  地段: 选项 主街、小巷、广场\n  件数: 整数，件，0 至 9\n  责令日: 日期",
)
OVERLAPPING = ("情形: 面积 ≤ 2", "情形: 面积 ≤ 5")


def test_a_missing_fact_that_only_the_records_read_is_asked_for() -> None:
    vehicles = "  车辆:\n    每项: {车型: 选项 甲、乙}\n    计算: {单车: 10元 × 件数}\n    最多: 3"
    rule = changed(RULE, MORE_FACTS, ("罚款 500元\n", "罚款 50元 + 合计(车辆, 单车)\n"))
    rule = changed(rule, ("  责令日: 日期", f"  责令日: 日期\n{vehicles}"))

    outcome = refused(ask(book(rule, FINISHED), {"面积": "3", "车辆": [{"车型": "甲"}]}))

    assert (outcome.code, outcome.field) == ("missing_fact", "件数")


def test_a_missing_fact_that_only_a_gap_of_the_table_reads_is_asked_for() -> None:
    gap = "缺陷:\n  - {种类: 缺档, 情形: 主动改正, 说明: 某}\n用例:"
    rule = changed(RULE, ("情形: 面积 > 2", "情形: 2 < 面积 < 5"), ("用例:", gap))

    outcome = refused(ask(book(rule), {"面积": "30"}))

    assert (outcome.code, outcome.field) == ("missing_fact", "主动改正")


def test_a_tier_whose_amount_has_no_value_is_not_weighed_against_another() -> None:
    value = "计算:\n  价: {行: 面积, 表: {小于 1: 60元}}\n裁量表:"
    rule = changed(RULE, ("裁量表:", value), OVERLAPPING, ("罚款 500元\n", "罚款 价\n"))

    assert refused(ask(book(rule, FINISHED), {"面积": "3"})).code == "several_tiers"


def test_the_heavier_tier_is_weighed_within_its_own_cap() -> None:
    capped = '"罚款 100元 × 面积，不超过 100元"\n'
    rule = changed(RULE, OVERLAPPING, ("罚款 50元\n", "罚款 120元\n"), ("罚款 500元\n", capped))

    assert decided(ask(book(rule, FINISHED), {"面积": "3"})).fine_fen == 12_000


def test_statutory_limits_are_no_part_of_conditions_or_of_a_statutory_range() -> None:
    compared = changed(RULE, ("情形: 面积 > 2", "情形: 违法所得 > 法定上限"))
    of_itself = changed(RULE, ("罚款 50元 至 500元", "罚款 50元 至 法定上限 × 2"))

    assert "not_known_here" in codes(findings(files(compared)))
    assert "not_known_here" in codes(findings(files(of_itself)))


def test_the_fine_is_known_to_general_law_alone() -> None:
    rule = changed(RULE, ("情形: 面积 > 2", "情形: 罚款额 > 2元"))

    assert codes(findings(files(rule))) == ["not_known_here"]


def test_a_branch_has_a_number_an_amount_or_a_day() -> None:
    for value in ("面积 > 2", "地段"):
        branches = f"计算:\n  重: [{{情形: 面积 > 1, 值: {value}}}, {{情形: 其余, 值: {value}}}]\n裁量表:"

        assert codes(findings(files(changed(RULE, ("裁量表:", branches))))) == ["mixed_kinds"]


def test_a_share_of_a_bracket_needs_an_upper_end_somewhere() -> None:
    rule = changed(RULE, ("罚款 500元\n", "罚款 100元以上 按 50%\n"))
    open_statute = changed(rule, ("法定幅度: 罚款 50元 至 500元", "法定幅度: 罚款 50元 以上"))

    assert decided(ask(book(rule, FINISHED), {"面积": "3"})).fine_fen == 30_000
    assert codes(findings(files(open_statute, FINISHED))) == ["at_without_bracket"]


def test_a_bracket_without_an_upper_end_ends_where_the_statute_ends() -> None:
    rule = changed(RULE, ("罚款 500元\n", "罚款 60元以上\n"))

    assert decided(ask(book(rule, FINISHED), {"面积": "3"})).measures[0].spread == (6_000, 50_000)


def test_the_bottom_of_a_tier_without_an_upper_end_is_its_lower_end() -> None:
    move = "移档:\n  - {名: 轻, 情形: 面积 > 2, 处理: 取本档下限}\n裁量表:"
    rule = changed(RULE, ("罚款 500元\n", "罚款 60元以上\n"), ("裁量表:", move))
    regime = changed(FINISHED, ("只给幅度", "\n  - {名: 一般, 情形: 其余, 取: 50%, 只有下限: 2倍}"))

    assert decided(ask(book(rule, regime), {"面积": "3"})).fine_fen == 6_000


def test_a_reduction_between_two_shares_gives_a_range_the_right_way_round() -> None:
    rule = changed(RULE, ("罚款 500元\n", "罚款 400元\n"))
    for shares in ("30% 至 50%", "50% 至 30%"):
        regime = FINISHED + f"调整:\n  - {{名: 减, 情形: 面积 > 2, 处理: 下浮 {shares}}}\n"
        regime = changed(regime, ("面积 > 2", "违法所得 = 0"))

        outcome = decided(ask(book(rule, regime), {"面积": "3", "违法所得": 0}))

        assert outcome.measures[0].spread == (20_000, 28_000)


def test_a_value_on_no_marginal_band_is_refused() -> None:
    marginal = "计算:\n  累: {累进: 面积, 表: {0 至 2: 50元}}\n裁量表:"
    rule = changed(RULE, ("裁量表:", marginal), ("罚款 500元\n", "罚款 累\n"))

    assert refused(ask(book(rule, FINISHED), {"面积": "3"})).code == "no_line"


def test_so_many_days_after_are_whole_days() -> None:
    rule = changed(RULE, MORE_FACTS, ("情形: 面积 > 2", "情形: 若干日后(责令日, 1.9) > 2026-01-02"))

    assert codes(findings(files(rule))) == ["wrong_arguments"]


def test_two_versions_may_ask_for_facts_of_their_own() -> None:
    regime = changed(FINISHED, ("取整:", "从旧兼从轻: 适用\n取整:"))
    old = changed(
        RULE, ("施行: 2023-12-15 至 2028-12-14", "施行: 2023-12-15 至 2026-06-30"), ("日: 2026-11", "日: 2026-01")
    )
    new = changed(
        RULE,
        ("施行: 2023-12-15 至 2028-12-14", "施行: 2026-07-01 至 2028-12-14"),
        ("  主动改正: 是否，从轻", "  当场改正: 是否，从轻"),
        ("情形: 面积 > 2", "情形: 面积 > 2 且 非当场改正"),
        ("情形: 面积 ≤ 2", "情形: 面积 ≤ 2 或 当场改正"),
    )
    rulebook = book(old, regime, new=new)

    outcome = decide(rulebook, "T-1", date(2026, 1, 1), {"面积": "3", "主动改正": "否", "当场改正": "是"}, decided=DAY)

    assert decided(outcome).fine_fen == 5_000


def test_a_published_range_that_is_lower_at_both_ends_is_the_lighter_law() -> None:
    regime = changed(FINISHED, ("取整:", "从旧兼从轻: 适用\n取整:"))
    old = changed(
        RULE,
        ("施行: 2023-12-15 至 2028-12-14", "施行: 2023-12-15 至 2026-06-30"),
        ("日: 2026-11", "日: 2026-01"),
        ("罚款 500元\n", "罚款 300元 至 500元\n"),
    )
    new = changed(
        RULE,
        ("施行: 2023-12-15 至 2028-12-14", "施行: 2026-07-01 至 2028-12-14"),
        ("罚款 500元\n", "罚款 100元 至 200元\n"),
    )

    outcome = decide(book(old, regime, new=new), "T-1", date(2026, 1, 1), {"面积": "3"}, decided=DAY)

    assert decided(outcome).measures[0].spread == (10_000, 20_000)


def test_a_bare_figure_beside_a_share_is_refused() -> None:
    more = ("  地段: 选项 主街、小巷、广场", "  地段: 选项 主街、小巷、广场\n  超标率: 数，%，0 至 100，精确到 1")
    bare = changed(RULE, more, ("情形: 面积 > 2", "情形: 面积 > 2 × (超标率 + 5)"))
    share = changed(RULE, more, ("情形: 面积 > 2", "情形: 面积 > 2 × (超标率 + 5%)"))

    (finding,) = findings(files(bare))
    assert finding.code == "unit_mismatch"
    assert "500%" in finding.repair
    assert "unit_mismatch" not in codes(findings(files(share)))


@pytest.mark.parametrize("days", ["件数 × 0.5", "件数 ÷ 2", "1.5"])
def test_a_day_lies_a_whole_number_of_days_after_another(days: str) -> None:
    part = changed(RULE, MORE_FACTS, ("情形: 面积 > 2", f"情形: 若干日后(责令日, {days}) < 行为日"))
    whole = changed(RULE, MORE_FACTS, ("情形: 面积 > 2", f"情形: 若干日后(责令日, 进位到({days}, 1)) < 行为日"))

    assert codes(findings(files(part))) == ["wrong_arguments"]
    assert "wrong_arguments" not in codes(findings(files(whole)))


@pytest.mark.parametrize(
    ("bands", "gap"),
    [
        ("{小于 10: 5元, 10 至 20: 6元, 大于 30: 7元}", ("20", "30")),
        ("{10 至 20: 6元, 大于 20: 7元}", ("0", "10")),
    ],
)
def test_a_part_that_no_marginal_band_prices_is_refused(bands: str, gap: tuple[str, str]) -> None:
    value = f"计算:\n  累进额: {{累进: 面积, 表: {bands}}}\n裁量表:"
    rule = changed(RULE, ("裁量表:", value), ("罚款 500元\n", "罚款 累进额\n"))

    (finding,) = [each for each in findings(files(rule, FINISHED)) if each.code == "bands_gap"]
    assert all(end in finding.message for end in gap)


def test_what_a_tier_that_is_left_would_need_is_not_asked_for() -> None:
    moves = "移档:\n  - {名: 从重, 情形: 主动改正, 处理: 上移 1 档}\n裁量表:"
    rule = changed(RULE, ("裁量表:", moves), ("罚款 50元\n", "罚款 5元 × 天数(行为日, 决定日)\n"))

    assert decided(ask(book(rule, FINISHED), {"面积": "1", "主动改正": "是"})).fine_fen == 50_000
    assert refused(ask(book(rule, FINISHED), {"面积": "1", "主动改正": "否"})).code == "missing_fact"


def test_whether_a_third_row_settles_two_that_are_undecided_is_asked_first() -> None:
    third = "裁量表:\n  - {档次: 顶, 情形: 主动改正, 处理: 警告，罚款 500元, 原文: 某}\n"
    rule = changed(RULE, ("裁量表:\n", third), OVERLAPPING, ("处理: 罚款 50元\n", "处理: 警告，罚款 50元\n"))
    rule = changed(rule, ("处理: 罚款 500元\n", "处理: 罚款 60元\n"))

    assert refused(ask(book(rule), {"面积": "3"})).code == "missing_fact"
    assert decided(ask(book(rule), {"面积": "3", "主动改正": "是"})).tier == "顶"
    assert refused(ask(book(rule), {"面积": "3", "主动改正": "否"})).code == "several_tiers"
