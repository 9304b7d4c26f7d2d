"""Cases in which a proof by cells could be too kind: each was once called proved, or excused, and was not."""

from collections.abc import Iterable

import pytest

from engine import Refusal
from engine.courses import Courses
from engine.proof import Shown
from engine.prove_order import Orders
from engine.prove_rows import Rows
from engine.second_opinion import SecondOpinion
from tests.engine.kit import REGIME, RULE, book, changed

FACTS = "  地段: 选项 主街、小巷、广场\n"
TABLES = "裁量表:\n"


def rows(rule: str, regime: str = REGIME) -> Rows:
    rulebook = book(rule, regime)
    return Rows(rulebook, rulebook.rules["T-1"])


def verdicts(found: Iterable[Shown]) -> list[str]:
    return [each.verdict for each in found]


def test_a_ground_that_looks_up_a_missing_line_is_told() -> None:
    table = '计算:\n  系数: {行: 面积, 表: {"1 至 50": "2", "大于 50 至 100": "3"}}\n'
    ground = "不予处罚:\n  - {档次: 免, 情形: 系数 > 2.5, 处理: 不予处罚, 原文: 原文}\n"
    found = rows(changed(RULE, (TABLES, table + ground + TABLES)))

    assert verdicts(found.defined()) == ["refuted"]
    assert SecondOpinion(found.rule).without_a_line(found.rule.values[0]).where == "somewhere"


def test_bands_that_are_summed_can_lack_one_too() -> None:
    bands = '计算:\n  数额: {累进: 面积, 表: {"0 至 10": 5元, "大于 10 至 50": 6元}}\n'
    found = rows(
        changed(RULE, (TABLES, bands + TABLES), ("处理: 罚款 500元", "处理: 罚款 数额，不超过 500元，最低 50元"))
    )

    assert verdicts(found.defined()) == ["refuted"]
    assert SecondOpinion(found.rule).without_a_line(found.rule.values[0]).where == "somewhere"


def test_a_row_over_an_expression_that_no_fact_can_meet_is_idle() -> None:
    # 0.03 × a hundredth is never 0.01: bounds alone do not know.
    found = rows(changed(RULE, ("情形: 面积 ≤ 2\n", "情形: 面积 ≤ 2 且 0.03 × 面积 = 0.01\n")))

    assert [each.verdict == "proved" for each in found.reachable()] == [False]
    assert SecondOpinion(found.rule).reach(found.rule.rows[0]).where == "nowhere"


def test_a_defect_of_another_kind_does_not_excuse_an_overlap() -> None:
    regime = changed(REGIME, ("数档并合: 从重", "数档并合: 拒绝"))
    defect = "缺陷:\n  - {种类: 原文残缺, 档次: 轻, 说明: 看不清}\n用例:"
    found = rows(changed(RULE, ("面积 > 2", "面积 > 1"), ("用例:", defect)), regime)

    assert [(each.verdict, each.known) for each in found.unambiguous()] == [("refuted", "")]


def test_a_third_row_that_outweighs_two_decides_between_them_and_only_there() -> None:
    row = "  - {{档次: {}, 情形: {}, 处理: {}, 原文: 原文}}\n"
    three = row.format("三", "面积 > 2 且 主动改正", "罚款 60元，没收「工具」") + row.format(
        "四", "面积 > 50", "罚款 500元，没收「工具」"
    )
    text = changed(RULE, ("处理: 罚款 500元\n", "处理: 罚款 400元\n"), ("用例:", three + "用例:"))
    shown = [each for each in rows(text).unambiguous() if each.verdict == "refuted"]

    assert len(shown) == 1
    assert "面积" in shown[0].region[0]
    assert "50" in shown[0].region[0]


def test_where_fines_hang_on_a_fact_the_heavier_row_is_proved_or_a_case_is_shown() -> None:
    fact = FACTS + "  货值: 金额，元，0 至 100\n"
    ranged = changed(RULE, (FACTS, fact), ("法定幅度: 罚款 50元 至 500元", "法定幅度: 罚款 1倍 至 5倍 × 货值"))
    ranged = changed(ranged, ("罚款 50元\n", "罚款 3倍 × 货值\n"), ("罚款 500元\n", "罚款 5倍 × 货值\n"))
    ranged = changed(
        ranged, ("面积 > 2", "面积 > 1"), ('给: {面积: "1"}, 得: 罚款 50元', '给: {面积: "1", 货值: 10}, 得: 罚款 30元')
    )

    assert verdicts(rows(ranged).unambiguous()) == []
    goods = changed(ranged, ("罚款 3倍 × 货值\n", "罚款 3倍 × 货值，没收「工具」\n"))
    assert verdicts(rows(goods).unambiguous()) == ["refuted"]


def test_a_table_nobody_has_published_is_known_and_nothing_else_is_asked_of_it() -> None:
    defect = "缺陷:\n  - {种类: 未公布裁量基准, 说明: 征求意见稿}\n用例:"
    found = rows(changed(RULE, ("用例:", defect), ("得: 罚款 50元", "得: 拒绝 未公布裁量基准")))

    assert [(each.verdict, each.known) for each in found.complete()] == [("refuted", "征求意见稿")]
    assert verdicts(found.unambiguous()) == verdicts(found.reachable()) == verdicts(found.defined()) == []


def test_the_sum_of_a_field_called_like_a_whole_number_is_no_whole_number() -> None:
    listed = FACTS + "  件数: 整数，件，0 至 9\n  车辆: {每项: {件数: '数，吨，精确到 0.1，0 至 5'}, 最多: 4}\n"
    text = changed(
        RULE, (FACTS, listed), ("面积 ≤ 2", "合计(车辆, 件数) ≤ 0吨"), ("面积 > 2", "合计(车辆, 件数) ≥ 1吨"),
        ('给: {面积: "1"}', "给: {车辆: []}"),
    )  # fmt: skip

    assert verdicts(rows(text).complete()) == ["not_proved"]


def test_a_day_between_two_lines_of_a_table_by_day_is_found() -> None:
    facts = FACTS + "  期限: 日期\n"
    for lines, verdict in (
        ("{早于 2026-05-01: 300元, 晚于 2026-05-01: 400元}", "refuted"),
        ("{早于 2026-05-01: 300元, 2026-05-01起: 400元}", ""),
    ):
        table = f"计算:\n  费率: {{行: 期限, 表: {lines}}}\n"
        found = rows(changed(RULE, (FACTS, facts), (TABLES, table + TABLES), ("处理: 罚款 500元", "处理: 罚款 费率")))
        assert verdicts(found.defined()) == ([verdict] if verdict else [])
        where = SecondOpinion(found.rule).without_a_line(found.rule.values[0]).where
        assert where == ("somewhere" if verdict else "nowhere")


@pytest.mark.parametrize("asked", ["基础罚款额", "此前罚款额"])
def test_an_adjustment_that_asks_what_the_fine_comes_to_leaves_the_order_open(asked: str) -> None:
    # 300 yuan become 150 one step further: no threshold of a fact is there.
    more = f"调整:\n  - {{名: 大额, 情形: {asked} > 300元, 处理: 下浮 50%, 依据: 某}}\n超出法定幅度: 取边界\n"
    found = rows(changed(RULE, (TABLES, more + TABLES), ("处理: 罚款 500元", "处理: 罚款 100元 × 面积")))
    orders = Orders(Courses(found))

    shown = [each.verdict for each in orders.never_lighter()]

    assert shown or "never_lighter" in found.unsure


def test_a_ratio_of_nothing_is_told_and_a_precondition_settles_it() -> None:
    facts = FACTS + "  应缴: 金额，元，0 至 100\n  少缴: 金额，元，0 至 100\n"
    ratio = changed(
        RULE, (FACTS, facts), (TABLES, "计算:\n  比例: 少缴 ÷ 应缴\n" + TABLES), ("面积 ≤ 2", "比例 ≤ 20%"),
        ("面积 > 2", "比例 > 20%"), ('给: {面积: "1"}', "给: {应缴: 10, 少缴: 1}"),
    )  # fmt: skip
    shown = list(rows(ratio).defined())

    assert verdicts(shown) == ["refuted"]
    assert shown[0].witness is not None
    assert isinstance(shown[0].witness.outcome, Refusal)
    assert shown[0].witness.outcome.code == "divided_by_zero"
    before = "前提:\n  - {情形: 应缴 > 0, 否则: 不构成本违法行为}\n"
    assert verdicts(rows(changed(ratio, ("裁量表:\n", before + "裁量表:\n"))).defined()) == []
    assert verdicts(rows(changed(ratio, ("应缴: 金额，元，0 至", "应缴: 金额，元，大于 0 至"))).defined()) == []
