"""The whole rule language on hand-computed figures: each form of amount, each step between the tier and the fine."""

from datetime import date
from typing import Any

import pytest

from engine import Decision, Outcome, Refusal, Rulebook, RuleFilesInvalid, load_rulebook
from engine.numbers import yuan_text
from tests.engine.kit import CATALOGUE, REGIME, ask, changed, codes

RULE = """违法行为代码: T-1
名称: 超标
类别: 环境
职权编码: P-1
施行: 2023-12-15 至 2028-12-14
依据: {条款: 某条例第三条, 原文: 处一百万元以下罚款。}
法定幅度: {单位: 罚款 100元 至 100万元, 责任人: 罚款 5万元 以下}
超出法定幅度: 取边界
事实:
  倍数: 数，倍，精确到 0.01，0 至 100
  面积: 数，平方米，精确到 0.01，0 至 10000
  占比: 数，%，精确到 0.1，0 至 100
  货值: 金额，元，0 至 1000000
  区域: 选项 一般、「敏感区（一类）」，不明按 一般
  温度: 整数，「度」，-20 至 60
  起日: 日期
  止日: 日期
  改正: 是否，从轻
  同类: 整数，次，0 至 99，取自 档案，计 同类日期 6个月内，不含本次
  同类日期: 日期列表
  车辆:
    每项: {吨数: "数，吨，精确到 0.1，0 至 100", 车型: 选项 货车、客车}
    计算: {单车: {行: 吨数, 表: {小于 10: 500元, 10 以上: 1000元}}}
    最多: 5
{computed}裁量表:
{rows}用例:
  - {名: 某, 日: 2026-11-01, 给: {}, 得: 拒绝 缺少事实}
"""
BROAD = changed(REGIME, ("数档并合: 从重", "数档并合: 拒绝"))


def law(*rows: str, computed: str = "", more: str = "", regime: str = BROAD, rule: str = RULE) -> Rulebook:
    """Load a rule of these rows, `情形 => 处理`, after a `计算` section and whatever else it says."""
    table = ""
    for name, row in zip("甲乙丙丁戊", rows, strict=False):
        when, outcome = row.split(" => ")
        table += f"  - {{档次: {name}, 情形: '{when}', 处理: '{outcome}', 适用幅度: 单位, 原文: 某}}\n"
    values = "计算:\n" + "".join(f"  {line}\n" for line in computed.splitlines()) if computed else ""
    text = rule.replace("{computed}", more + values).replace("{rows}", table)
    return load_rulebook({"r/regime.yaml": regime.encode(), "c.yaml": CATALOGUE.encode(), "r/t.yaml": text.encode()})


def yuan(outcome: Outcome) -> str:
    """The fine, in yuan."""
    assert isinstance(outcome, Decision), outcome
    assert outcome.fine_fen is not None
    return yuan_text(outcome.fine_fen)


def spread(outcome: Outcome) -> tuple[str, str]:
    """The published range of the fine, in yuan."""
    assert isinstance(outcome, Decision), outcome
    found = outcome.measures[0].spread
    assert found is not None
    assert found[1] is not None
    return yuan_text(found[0]), yuan_text(found[1])


VEHICLES = [{"吨数": "9.9", "车型": "货车"}, {"吨数": "10", "车型": "货车"}, {"吨数": "12.5", "车型": "客车"}]

BANDS = "累进额: {累进: 面积, 表: {0 至 100: 10元, 大于 100 至 500: 20元, 大于 500: 30元}}"
BASES = "基数: [{情形: 货值 > 0元, 值: 3倍 × 货值}, {情形: 其余, 值: 50000元}]"
POINTS = "加分: {行: 面积, 表: {小于 5: 0, 5 至 小于 10: 5%, 10 以上: 90%}}"
MANY_POINTS = "加分: {行: 面积, 表: {小于 5: 0, 5 以上: 90%}}"
SCORED = "罚款 法定上限 × 较小者(100%, 20% + 加分)"
TWO_DAYS = {"面积": "2.5", "起日": "2026-02-27", "止日": "2026-03-02"}

AMOUNTS: dict[str, tuple[str, str, dict[str, Any], str]] = {
    "sum and product": ("罚款 1000元 + 200元 × (同类 - 1)", "", {"同类": 4}, "1600"),
    "quotient": ("罚款 货值 ÷ 4", "", {"货值": "1000.02"}, "250"),
    "percent": ("罚款 5% × 货值", "", {"货值": "12345.67"}, "617.28"),
    "a fact in percent": ("罚款 占比 × 10000元", "", {"占比": "12.5"}, "1250"),
    "base with a floor": ("罚款 3倍 × 较大者(货值, 20万元)", "", {"货值": "1"}, "600000"),
    "least of three": ("罚款 较小者(货值, 5000元, 2倍 × 货值)", "", {"货值": "3000"}, "3000"),
    "cap": ("罚款 50元 × 面积，不超过 3000元", "", {"面积": "61"}, "3000"),
    "floor": ("罚款 50元 × 面积，不低于 500元", "", {"面积": "1"}, "500"),
    "area by day": ("罚款 20元 × 面积 × 天数(起日, 止日)", "", TWO_DAYS, "150"),
    "a started step counts": ("罚款 2万元 × 份数(倍数, 0.2)", "", {"倍数": "0.41"}, "60000"),
    "a full step counts": ("罚款 2万元 × 整份数(倍数, 0.2)", "", {"倍数": "0.41"}, "40000"),
    "a step just reached": ("罚款 2万元 × 份数(倍数, 0.2)", "", {"倍数": "0.4"}, "40000"),
    "along, inside": ("罚款 500元→1500元 随 面积 2→5", "", {"面积": "3.5"}, "1000"),
    "along, before": ("罚款 500元→1500元 随 面积 2→5", "", {"面积": "1"}, "500"),
    "along, beyond": ("罚款 500元→1500元 随 面积 2→5", "", {"面积": "9"}, "1500"),
    "along, and then": ("罚款 500元→1500元 随 面积 2→5，此后 2000元", "", {"面积": "5.01"}, "2000"),
    "rounded up between": ("罚款 进位到(货值, 100元)", "", {"货值": "1000.01"}, "1100"),
    "rounded half even": ("罚款 四舍六入到(货值, 100元)", "", {"货值": "1050"}, "1000"),
    "rounded half up": ("罚款 四舍五入到(货值, 100元)", "", {"货值": "1050"}, "1100"),
    "started months": ("罚款 100元 × 月数(起日, 止日)", "", {"起日": "2026-01-31", "止日": "2026-03-01"}, "200"),
    "full months": ("罚款 1000元 × 整月数(起日, 止日)", "", {"起日": "2026-01-31", "止日": "2026-02-28"}, "1000"),
    "full years": ("罚款 1000元 × 整年数(起日, 止日)", "", {"起日": "2020-02-29", "止日": "2026-02-28"}, "6000"),
    "days to the act": ("罚款 10元 × 天数(起日, 行为日)", "", {"起日": "2026-10-01"}, "310"),
    "share of the statute": ("罚款 法定上限 × 30%", "", {}, "300000"),
    "at a share": ("罚款 1万元 至 3万元 按 占比", "", {"占比": "25"}, "15000"),
    "records": ("罚款 合计(车辆, 单车)", "", {"车辆": VEHICLES}, "2500"),
    "records that meet a condition": ("罚款 合计(车辆, 100元 × 吨数, 车型 为 货车)", "", {"车辆": VEHICLES}, "1990"),
    "number of records": ("罚款 1000元 × 项数(车辆, 吨数 ≥ 10)", "", {"车辆": VEHICLES}, "2000"),
    "greatest record": ("罚款 最大一项(车辆, 100元 × 吨数)", "", {"车辆": VEHICLES}, "1250"),
    "table": ("罚款 单价 × 面积", TWO_WAYS := """单价:
    行: 面积
    列: 区域
    表:
      "[0..500)": {一般: 20元, 「敏感区（一类）」: 30元}
      500 以上: {一般: 40元, 「敏感区（一类）」: 60元}""", {"面积": "500", "区域": "敏感区（一类）"}, "30000"),
    "table, below": ("罚款 单价 × 面积", TWO_WAYS, {"面积": "499.99", "区域": "一般"}, "9999.8"),
    "an unknown fact": ("罚款 单价 × 面积", TWO_WAYS, {"面积": "10", "区域": "不明"}, "200"),
    "marginal bands": ("罚款 累进额", BANDS, {"面积": "600"}, "12000"),
    "branches": ("罚款 基数", BASES, {"货值": 0}, "50000"),
    "points": (SCORED, POINTS, {"面积": "5"}, "250000"),
    "points, capped": (SCORED, MANY_POINTS, {"面积": "5"}, "1000000"),
}  # fmt: skip


@pytest.mark.parametrize("name", AMOUNTS)
def test_an_amount_is_what_the_hand_computes(name: str) -> None:
    outcome, computed, facts, expected = AMOUNTS[name]

    assert (
        yuan(ask(law(f"面积 ≥ 0 或 非(面积 ≥ 0) => {outcome}", computed=computed), {"面积": "0", **facts})) == expected
    )


CONDITIONS: list[tuple[str, dict[str, Any], bool]] = [
    ("货值 > 2倍 × 100元", {"货值": "200.01"}, True),
    ("货值 > 2倍 × 100元", {"货值": "200"}, False),
    ("温度 < -5", {"温度": -6}, True),
    ("温度 < -5", {"温度": -5}, False),
    ("止日 ≤ 若干月后(起日, 6)", {"起日": "2026-01-31", "止日": "2026-07-31"}, True),
    ("止日 ≤ 若干月后(起日, 6)", {"起日": "2025-08-31", "止日": "2026-03-01"}, False),
    ("起日 < 2026-06-01", {"起日": "2026-05-31"}, True),
    ("任一项(车辆, 吨数 > 12)", {"车辆": VEHICLES}, True),
    ("每一项(车辆, 吨数 > 9.9)", {"车辆": VEHICLES}, False),
    ("每一项(车辆, 吨数 > 9.9)", {"车辆": []}, True),
    ("任一项(车辆, 吨数 > 0)", {"车辆": []}, False),
    ("区域 为 「敏感区（一类）」", {"区域": "敏感区（一类）"}, True),
    ("同类 = 1", {"同类日期": ["2026-05-01"]}, True),
    ("同类 = 1", {"同类日期": ["2026-04-30"]}, False),
]


@pytest.mark.parametrize(("when", "facts", "holds"), CONDITIONS)
def test_a_condition_holds_where_it_says(when: str, facts: dict[str, Any], *, holds: bool) -> None:
    rulebook = law(f"{when} => 罚款 200元", f"非({when}) => 罚款 100元")

    assert yuan(ask(rulebook, facts)) == ("200" if holds else "100")


IN_TIER = """档内取值:
  - {名: 从轻, 情形: 改正, 取: 0% 至 小于 50%, 只有上限: 20%}
  - {名: 一般, 情形: 其余, 取: 50%, 只有上限: 50%, 只有下限: 2倍}
"""


@pytest.mark.parametrize(
    ("outcome", "corrected", "expected"),
    [
        ("罚款 1万元 至 3万元", False, "20000"),
        ("罚款 1万元 以上 3万元 以下", False, "20000"),
        ("罚款 1倍 至 3倍 × 货值", False, "20000"),
        ("罚款 5万元 以下", False, "25000"),
        ("罚款 5万元 以下", True, "10000"),
        ("罚款 500元 以上", False, "1000"),
    ],
)
def test_the_in_tier_rule_picks_the_figure(outcome: str, *, corrected: bool, expected: str) -> None:
    rulebook = law(f"货值 > 0元 => {outcome}", more=IN_TIER)

    assert yuan(ask(rulebook, {"货值": "10000", "改正": corrected})) == expected


def test_where_no_figure_is_published_the_range_is_the_outcome() -> None:
    outcome = ask(law("货值 > 0元 => 罚款 1万元 至 3万元", more=IN_TIER), {"货值": "1", "改正": True})

    assert isinstance(outcome, Decision)
    assert outcome.fine_fen is None
    assert spread(outcome) == ("10000", "20000")


MOVES = """移档:
  - {名: 屡犯, 情形: 同类 ≥ 3, 处理: "上移 1 档，已在最高档的取上限"}
  - {名: 再犯, 情形: 同类 = 2, 处理: 取本档上限}
  - {名: 轻, 情形: 改正, 处理: 取本档下限}
档内取值: 只给幅度
"""
LADDER = ("面积 < 10 => 罚款 1万元 至 2万元", "面积 ≥ 10 => 罚款 2万元 至 4万元")


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"面积": "1", "同类": 2, "改正": False}, "20000"),
        ({"面积": "1", "同类": 0, "改正": True}, "10000"),
        ({"面积": "10", "同类": 3, "改正": False}, "40000"),
    ],
)
def test_a_tier_move_takes_an_end_of_the_bracket(facts: dict[str, Any], expected: str) -> None:
    assert yuan(ask(law(*LADDER, more=MOVES), facts)) == expected


def test_a_tier_move_goes_up_one_tier() -> None:
    outcome = ask(law(*LADDER, more=MOVES), {"面积": "1", "同类": 3, "改正": False})

    assert isinstance(outcome, Decision)
    assert outcome.tier == "乙"
    assert spread(outcome) == ("20000", "40000")


def test_moves_to_both_ends_are_refused() -> None:
    outcome = ask(law(*LADDER, more=MOVES), {"面积": "1", "同类": 2, "改正": True})

    assert isinstance(outcome, Refusal)
    assert outcome.code == "several_tiers"


TWO_CHANGES = """调整:
  - {名: 再犯, 情形: 同类 ≥ 1, 处理: "上浮 5% × 同类，不超过 20%"}
  - {名: 改正, 情形: 改正, 处理: 下浮 30%}
调整方式: 连乘
"""


@pytest.mark.parametrize(
    ("same", "corrected", "combine", "expected"),
    [
        (0, False, "连乘", "1000"),
        (2, False, "连乘", "1100"),
        (9, False, "连乘", "1200"),
        (9, True, "连乘", "840"),
        (9, True, "相加", "900"),
    ],
)
def test_adjustments_are_multiplied_or_added_as_declared(
    same: int, *, corrected: bool, combine: str, expected: str
) -> None:
    rulebook = law("面积 > 0 => 罚款 1000元", more=TWO_CHANGES.replace("连乘", combine))

    assert yuan(ask(rulebook, {"面积": "1", "同类": same, "改正": corrected})) == expected


def test_a_reduction_between_two_shares_leaves_a_range() -> None:
    more = "调整: [{名: 致歉, 情形: 改正, 处理: 下浮 30% 至 50%}]\n"

    assert spread(ask(law("面积 > 0 => 罚款 1000元", more=more), {"面积": "1", "改正": True})) == ("500", "700")


@pytest.mark.parametrize(("clause", "expected"), [("", "100"), ("，可低于法定下限", "60")])
def test_only_a_declared_reduction_falls_below_the_statute(clause: str, expected: str) -> None:
    more = f"调整: [{{名: 减轻, 情形: 改正, 处理: '下浮 50%{clause}'}}]\n"

    assert yuan(ask(law("面积 > 0 => 罚款 120元", more=more), {"面积": "1", "改正": True})) == expected


def test_several_payers_have_a_fine_each_and_the_partys_own_is_the_fine() -> None:
    outcome = ask(law("面积 > 0 => 罚款 10万元，对「责任人」罚款 6000元"), {"面积": "1"})

    assert yuan(outcome) == "100000"
    assert isinstance(outcome, Decision)
    assert [(each.amount_fen) for each in outcome.measures[:2]] == [10_000_000, 600_000]


def test_a_fine_past_the_statute_is_cut_where_the_rule_says_so() -> None:
    assert yuan(ask(law("面积 > 0 => 罚款 1000元 × 面积"), {"面积": "5000"})) == "1000000"


def test_named_values_stand_in_the_trace_once_with_their_value() -> None:
    rulebook = law(
        "情节严重 => 罚款 1000元 × 档数",
        "非情节严重 => 罚款 100元",
        computed="档数: 份数(倍数, 0.2)\n情节严重: 档数 > 3",
    )

    outcome = ask(rulebook, {"倍数": "0.7"})

    assert yuan(outcome) == "4000"
    assert [step.reads[-1] for step in outcome.trace if step.kind == "value"] == [("档数", "4"), ("情节严重", "是")]


LATER = REGIME.replace('版本: "1"', '版本: "2"').replace("2023-12-15 至", "2026-06-01 至") + "从旧兼从轻: 适用\n"


def versions(old: str, new: str) -> Rulebook:
    """Load two versions of one rule under two regimes; the second reaches back where it is lighter."""
    text = RULE.replace("{computed}", "")
    row = "  - {{档次: 甲, 情形: 面积 > 0, 处理: 罚款 {}, 适用幅度: 单位, 原文: 某}}\n"
    files = {
        "a/regime.yaml": changed(REGIME, ("至 2028-12-14", "至 2026-05-31")),
        "a/t.yaml": changed(text, ("至 2028-12-14", "至 2026-05-31"), ("{rows}", row.format(old))),
        "b/regime.yaml": changed(LATER, ("基准代号: T", "基准代号: U")),
        "b/t.yaml": changed(text, ("2023-12-15 至", "2026-06-01 至"), ("{rows}", row.format(new))),
        "c.yaml": CATALOGUE,
    }
    return load_rulebook({path: each.encode() for path, each in files.items()})


@pytest.mark.parametrize(
    ("old", "new", "decided", "expected"),
    [
        ("5000元", "2000元", date(2026, 11, 1), "2000"),
        ("5000元", "8000元", date(2026, 11, 1), "5000"),
        ("5000元", "2000元", None, "5000"),
        ("5000元", "2000元", date(2026, 5, 31), "5000"),
    ],
)
def test_the_lighter_of_two_versions_applies_and_both_are_told(
    old: str, new: str, decided: date | None, expected: str
) -> None:
    outcome = ask(versions(old, new), {"面积": "1"}, on=date(2026, 1, 5), decided=decided)

    assert yuan(outcome) == expected
    told = [step.kind for step in outcome.trace if step.kind in ("other_version", "lighter_law")]
    assert told == (["other_version", "lighter_law"] if decided == date(2026, 11, 1) else [])


# --- adjustments that ask what the fine has come to

SO_FAR = """调整方式: 连乘
调整:
  - {名: 情节, 情形: 改正, 处理: 上浮 50%, 依据: 某}
  - {名: 大额, 情形: 此前罚款额 > 1万元, 处理: 下浮 20%, 依据: 某}
  - {名: 基础, 情形: 基础罚款额 4万元 以上, 处理: 减 10% × 基础罚款额, 依据: 某}
"""


@pytest.mark.parametrize(
    ("area", "worse", "expected"),
    [
        ("100", False, "10000"), ("100.01", False, "8000.8"), ("66.67", True, "8000.4"), ("66.66", True, "9999"),
        ("400", False, "28000"), ("399.99", False, "31999.2"),
    ],
)  # fmt: skip
def test_an_adjustment_may_ask_what_the_fine_comes_to(area: str, worse: bool, expected: str) -> None:
    rulebook = law("面积 ≥ 0 => 罚款 100元 × 面积", more=SO_FAR)
    outcome = ask(rulebook, {"面积": area, "改正": worse})

    assert yuan(outcome) == expected
    told = [step for step in outcome.trace if step.kind == "adjustment" and step.name == "大额"]
    assert [name for step in told for name, _text in step.reads] == ["此前罚款额"]


@pytest.mark.parametrize(
    ("row", "more", "code"),
    [
        ("面积 ≥ 0 => 罚款 100元 至 900元", SO_FAR + "档内取值: 只给幅度\n", "fine_not_decided"),
        ("面积 ≥ 0 => 罚款 100元 以上", SO_FAR + "档内取值: 30% 至 50%\n", "fine_not_decided"),
        ("面积 ≥ 0 => 罚款 500元", SO_FAR.replace("上浮 50%", "上浮 10% 至 50%"), "fine_not_decided"),
        ("此前罚款额 > 5元 => 罚款 500元", "", "not_known_here"),
        ("面积 ≥ 0 => 罚款 500元 + 基础罚款额", "", "not_known_here"),
    ],
)
def test_what_the_fine_comes_to_is_known_to_adjustments_of_a_figure_alone(row: str, more: str, code: str) -> None:
    with pytest.raises(RuleFilesInvalid) as invalid:
        law(row, more=more)

    assert codes(invalid.value.findings) == [code]


def test_a_figure_inside_a_bracket_is_one_that_can_be_asked_for() -> None:
    rulebook = law("面积 ≥ 0 => 罚款 1万元 至 3万元", more=SO_FAR + "档内取值: 50%\n")

    assert yuan(ask(rulebook, {"面积": "1", "改正": False})) == "16000"
