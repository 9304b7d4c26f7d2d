"""Corners that a blind trial of the rule language found: each was a wrong outcome, a crash, or a silence."""

import re
from datetime import date
from fractions import Fraction
from itertools import permutations

import pytest

from engine import Outcome, Refusal, Rulebook
from engine.explain import explain
from engine.notices import notices, unlisted
from engine.proof import Proof
from engine.prove import prove
from engine.quoted import ranges_in
from engine.tree import Compare, Marginal
from tests.engine.kit import DAY, REGIME, RULE, ask, book, changed, codes, decided, files, findings, refused

AREA = "  面积: 数，平方米，精确到 0.01，大于 0 至 100，越大越重\n"


def with_facts(facts: str, *changes: tuple[str, str]) -> str:
    """Add facts to the small rule, and change it otherwise."""
    return changed(RULE, (AREA, AREA + facts), *changes)


# --- figures below zero


@pytest.mark.parametrize(
    ("fact", "value"), [("整数，点", "-20"), ("数，点，精确到 0.1", "-3.5"), ("金额，元", "-20"), ("金额，元", "20")]
)
def test_a_domain_may_lie_evenly_around_zero(fact: str, value: str) -> None:
    rule = with_facts(f"  分值: {fact}，-20 至 20\n", ("情形: 面积 > 2", "情形: 面积 > 2 且 分值 ≤ 分值"))

    assert decided(ask(book(rule), {"面积": "3", "分值": value})).fine_fen == 50_000


@pytest.mark.parametrize("when", ["分值 ≥ -5", "-5 ≤ 分值", "分值 ≥ -5%", "分值 不低于 -5 且 地段 不为 广场"])
def test_a_bare_figure_below_zero_is_in_the_unit_of_its_fact(when: str) -> None:
    rule = with_facts("  分值: 数，%，精确到 1，-20 至 20\n", ("情形: 面积 > 2", f"情形: {when}"))
    read = book(rule).rules["T-1"].rows[1].when

    assert Compare(fact="分值", op=">=", value=-5) in (read, *getattr(read, "parts", ()))


@pytest.mark.parametrize(
    ("when", "code"),
    [("分值 ≥ -5吨", "unit_mismatch"), ("分值 ≥ -5.5", "too_precise"), ("-5 ≤ 地段", "wrong_fact_kind")],
)
def test_a_figure_below_zero_is_held_to_its_fact(when: str, code: str) -> None:
    rule = with_facts("  分值: 数，%，精确到 1，-20 至 20\n", ("情形: 面积 > 2", f"情形: {when}"))

    assert codes(findings(files(rule))) == [code]


def test_the_lines_of_a_table_may_be_amounts_below_zero() -> None:
    values = "计算:\n  系数: {行: 余额, 表: {-100元 至 小于 0元: 1, 0元 至 100元: 2}}\n裁量表:"
    rule = with_facts("  余额: 金额，元，-100 至 100\n", ("裁量表:", values), ("情形: 面积 > 2", "情形: 系数 = 1"))

    outcomes = [ask(book(rule), {"面积": "3", "余额": value}) for value in ("-100", "-0.01")]

    assert [decided(outcome).tier for outcome in outcomes] == ["重", "重"]


def test_a_bare_figure_on_a_marginal_band_is_in_the_unit_of_the_fact_it_cuts() -> None:
    values = "计算:\n  额: {累进: 超载, 表: {0 至 30: 10元, 大于 30: 20元}}\n裁量表:"
    rule = with_facts("  超载: 数，%，精确到 1，0 至 500\n", ("裁量表:", values))
    how, share = book(rule).rules["T-1"].values[0].how, Fraction(3, 10)

    assert isinstance(how, Marginal)
    assert [(band.low, band.high) for band, _rate in how.bands] == [(0, share), (share, None)]


# --- below the statutory minimum


def test_what_falls_below_the_statute_is_never_told_to_lie_inside_it() -> None:
    change = "超出法定幅度: 取边界\n调整:\n"
    change += "  - {名: 减轻, 情形: 主动改正, 处理: '下浮 50%，可低于法定下限', 依据: 某法第五条}\n裁量表:"
    rulebook = book(changed(RULE, ("裁量表:", change)))

    below, inside = (ask(rulebook, {"面积": area, "主动改正": True}) for area in ("1", "3"))

    assert (decided(below).fine_fen, decided(inside).fine_fen) == (2_500, 25_000)
    assert [(step.name, step.text, step.before, step.after) for step in below.trace if step.kind == "below_range"] == [
        ("减轻", "某法第五条", 5_000, 2_500)
    ]
    assert not any("在法定幅度内" in line or "inside the statutory" in line for line in told(below))
    assert [step.kind for step in inside.trace if step.kind == "below_range"] == []
    assert any("在法定幅度内" in line for line in told(inside))


def told(outcome: Outcome) -> tuple[str, ...]:
    return (*explain(outcome, "zh"), *explain(outcome, "en"))


# --- ratios of two measured quantities


LOADS = """  核定: 数，吨，精确到 0.001，0 至 100
  实载: 数，吨，精确到 0.001，0 至 200
  少缴: 金额，元，0 至 100000
  应缴: 金额，元，0 至 100000
  余量: 数，吨，精确到 0.1，-5 至 5
  车辆:
    每项: {重: "数，吨，精确到 0.1，0 至 9", 限: "数，吨，精确到 0.1，0 至 9"}
    计算: {车率: (重 - 限) ÷ 限}
    最多: 5
"""
RATE = "  率: (实载 - 核定) ÷ 核定 × 100%\n"


def loads(when: str, values: str = "", outcome: str = "罚款 500元") -> str:
    computed = f"计算:\n{values}裁量表:" if values else "裁量表:"
    changes = (("裁量表:", computed), ("情形: 面积 > 2\n", f"情形: {when}\n"), ("罚款 500元\n", f"{outcome}\n"))
    return with_facts(LOADS, *changes)


@pytest.mark.parametrize(
    ("when", "values"),
    [
        ("(实载 - 核定) ÷ 核定 > 50%", ""),
        ("50% < 率", RATE),
        ("10% < 率 且 非(率 ≤ 50%)", RATE),
        ("级 = 3", RATE + "  级: {行: 率, 表: {50% 以下: 1, 大于 50%: 3}}\n"),
        ("级 = 3", RATE + "  级: {行: 地段, 列: 率, 表: {主街、小巷、广场: {50% 以下: 1, 大于 50%: 3}}}\n"),
        ("实载 ÷ 核定 > 1.5", ""),
        ("较大者(实载, 0.001) ÷ 较大者(核定, 0.001) > 1.5", ""),
    ],
)
def test_a_ratio_of_two_measured_quantities_chooses_the_tier(when: str, values: str) -> None:
    rulebook = book(loads(when, values))
    facts = {"面积": "3", "核定": "10", "地段": "主街"}

    at, above = (holding(rulebook, facts | {"实载": weight}) for weight in ("15", "15.001"))

    assert (at, above) == ([], ["重"])


def holding(rulebook: Rulebook, facts: dict[str, str]) -> list[str]:
    """Name the tiers that held; the light one needs a small area, and does not hold here."""
    return [step.name for step in ask(rulebook, facts).trace if step.kind == "tier" and step.holds]


def test_a_ratio_of_amounts_and_one_inside_a_list_of_records() -> None:
    taxes = book(loads("少缴 ÷ 应缴 > 10%"))
    trucks = book(loads("任一项(车辆, 车率 ≥ 0.5)"))

    assert holding(taxes, {"面积": "3", "少缴": "10.01", "应缴": "100"}) == ["重"]
    assert holding(taxes, {"面积": "3", "少缴": "10", "应缴": "100"}) == []
    assert decided(ask(trucks, {"面积": "3", "车辆": [{"重": "3", "限": "3"}, {"重": "3", "限": "2"}]})).tier == "重"


def test_a_divisor_of_nought_is_refused_by_the_name_of_the_ratio() -> None:
    outcome = refused(ask(book(loads("率 > 50%", RATE)), {"面积": "3", "核定": "0", "实载": "1"}))

    assert outcome.code == "divided_by_zero"
    assert "率" in outcome.message


@pytest.mark.parametrize(
    ("when", "values", "outcome", "code"),
    [
        ("实载 ÷ 核定 - 1 > 50%", "", "罚款 500元", "ratio_used"),
        ("实载 ÷ 核定 × 2 > 50%", "", "罚款 500元", "ratio_used"),
        ("实载 ÷ 核定 ÷ 2 > 50%", "", "罚款 500元", "ratio_used"),
        ("-(实载 ÷ 核定) > 50%", "", "罚款 500元", "ratio_used"),
        ("实载 ÷ 核定 > 面积 ÷ 3", "", "罚款 500元", "ratio_used"),
        ("实载 ÷ 核定 > 次数", "", "罚款 500元", "ratio_used"),
        ("进位到(实载 ÷ 核定, 1) > 2", "", "罚款 500元", "ratio_used"),
        ("较大者(实载 ÷ 核定, 1) > 2", "", "罚款 500元", "ratio_used"),
        ("合计(车辆, 车率) > 2", "", "罚款 500元", "ratio_used"),
        ("面积 > 2", RATE, "罚款 500元 × 率", "ratio_used"),
        ("面积 > 2", "", "罚款 100元 × 实载 ÷ 核定", "ratio_used"),
        ("面积 > 2", RATE, "罚款 100元 至 500元 按 率", "ratio_used"),
        ("面积 > 2", "  额: {累进: 实载 ÷ 核定, 表: {0 以上: 1元}}\n", "罚款 500元", "ratio_used"),
        ("面积 > 2", RATE + "  额: [{情形: 面积 > 1, 值: 率}, {情形: 其余, 值: 1}]\n", "罚款 500元", "ratio_used"),
        ("面积 > 2", RATE + "  额: {行: 面积, 表: {0 以上: 率}}\n", "罚款 500元", "ratio_used"),
        ("进位到(实载, 1) ÷ 核定 > 2", "", "罚款 500元", "not_straight"),
        ("实载 ÷ 进位到(核定, 1) > 2", "", "罚款 500元", "not_straight"),
        ("次数 × (次数 × 面积) ÷ 核定 > 2", "", "罚款 500元", "not_straight"),
        ("实载 ÷ 余量 > 2", "", "罚款 500元", "divisor_below_zero"),
        ("实载 ÷ (核定 - 余量) > 2", "", "罚款 500元", "divisor_below_zero"),
        ("实载 × 核定 > 2", "", "罚款 500元", "not_linear"),
    ],
)
def test_what_a_ratio_may_not_become_is_refused_with_its_reason(
    when: str, values: str, outcome: str, code: str
) -> None:
    assert code in codes(findings(files(loads(when, values, outcome))))


def test_a_ratio_of_the_regime_is_held_to_the_facts_a_rule_declares_otherwise() -> None:
    facts = "  违法所得: 金额，元，0 至 1000000\n  成本: 金额，元，0 至 1000\n计算:\n  利率: 违法所得 ÷ 成本\n"
    regime = changed(REGIME, ("  违法所得: 金额，元，0 至 1000000\n", facts))
    rule = with_facts("  成本: 金额，元，-10 至 1000\n")

    assert codes(findings(files(regime=regime))) == []
    assert "divisor_below_zero" in codes(findings(files(rule, regime)))


# --- one order is as good as another


@pytest.mark.parametrize("joined", ["{} 且 {} 且 {}", "({1} 且 {0}) 且 {2}"])
@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_what_settles_wins_then_what_is_missing_then_what_has_no_value(order: tuple[int, ...], joined: str) -> None:
    parts = ("率 > 50%", "主动改正", "面积 > 2")
    rulebook = book(loads(joined.format(*[parts[each] for each in order]), RATE))
    facts = {"核定": "0", "实载": "1"}

    settled, missing, nought = (
        ask(rulebook, facts | more) for more in ({"面积": "1"}, {"面积": "3"}, {"面积": "3", "主动改正": True})
    )

    assert decided(settled).tier == "轻"
    assert (refused(missing).code, refused(missing).field) == ("missing_fact", "主动改正")
    assert refused(nought).code == "divided_by_zero"


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_the_same_holds_for_each_record_and_for_branches(order: tuple[int, ...]) -> None:
    trucks = ({"重": "3", "限": "2"}, {"重": "3", "限": "0"}, {"重": "1", "限": "2"})
    listed = [trucks[each] for each in order]
    rows = ("{情形: 率 > 50%, 值: 1}", "{情形: 主动改正, 值: 2}", "{情形: 面积 > 2, 值: 3}")
    branches = f"  级: [{', '.join(rows[each] for each in order)}]\n"
    rulebook = book(loads("级 = 3", RATE + branches))
    facts = {"面积": "3", "核定": "0", "实载": "1"}

    assert decided(ask(book(loads("任一项(车辆, 车率 ≥ 0.5)")), {"面积": "3", "车辆": listed})).tier == "重"
    assert refused(ask(rulebook, facts)).field == "主动改正"
    assert refused(ask(rulebook, facts | {"主动改正": False})).code == "divided_by_zero"
    assert refused(ask(rulebook, facts | {"主动改正": True})).code == "several_lines"


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_of_two_without_a_value_the_same_one_is_told_in_either_order(order: tuple[int, int]) -> None:
    parts = ("率 > 50%", "价 > 1")
    rulebook = book(loads(" 且 ".join(parts[each] for each in order), RATE + "  价: {行: 面积, 表: {2 以下: 1}}\n"))

    assert refused(ask(rulebook, {"面积": "3", "核定": "0", "实载": "1"})).code == "divided_by_zero"


# --- limits, and what has none


@pytest.mark.parametrize(
    ("facts", "limit", "way_out"),
    [
        ("  车辆:\n    每项: {车型: 选项 甲、乙}\n    最多: 201\n", "201 超过上限 200", "把项数、合计另设为事实"),
        ("  几次: 整数，次，1 至 9，计 往日 21年内\n", "21 超过上限 20", "不限期的写“不限期”"),
        ("  几次: 整数，次，1 至 9，计 往日 241月内\n", "241 超过上限 240", "不限期的写“不限期”"),
    ],
)
def test_a_figure_past_a_limit_names_the_limit_and_a_way_out(facts: str, limit: str, way_out: str) -> None:
    (finding,) = findings(files(with_facts(facts)))

    assert limit in finding.message
    assert way_out in finding.repair


@pytest.mark.parametrize("most", ["0", "-1", "1.5", "二十"])
def test_a_list_of_no_number_of_records_is_still_no_list(most: str) -> None:
    facts = f"  车辆:\n    每项: {{车型: 选项 甲、乙}}\n    最多: {most}\n"

    assert codes(findings(files(with_facts(facts)))) == ["bad_domain"]


@pytest.mark.parametrize(("first_day", "with_this", "counted"), [("计入", "", "3"), ("不计入", "，不含本次", "2")])
def test_a_count_may_look_back_without_limit_of_time(first_day: str, with_this: str, counted: str) -> None:
    regime = changed(REGIME, ("回溯首日: 计入", f"回溯首日: {first_day}"))
    rule = with_facts(f"  终身次数: 整数，次，0 至 9，计 往日 不限期{with_this}\n", ("面积 > 2\n", "终身次数 ≥ 2\n"))
    facts = {"面积": "3", "往日": ["1980-01-01", "2026-10-31", "2026-11-02"]}

    outcome = decided(ask(book(rule, regime), facts))

    assert dict(next(step for step in outcome.trace if step.name == "终身次数").reads)["终身次数"] == counted


# --- refusals that say what holds


def both_hold(one: str, other: str, regime: str = REGIME) -> tuple[str, str]:
    """Refuse where two tiers hold, in Chinese, and return the code and the message."""
    rule = changed(
        RULE, ("情形: 面积 ≤ 2", "情形: 面积 ≤ 5"), ("罚款 50元\n", f"{one}\n"), ("罚款 500元\n", f"{other}\n")
    )
    outcome = refused(ask(book(changed(rule, ("得: 罚款 50元", "得: 拒绝 数档并合")), regime), {"面积": "3"}))
    return outcome.code, outcome.message


def test_where_neither_of_two_tiers_outweighs_the_other_what_each_lacks_is_said() -> None:
    code, message = both_hold("罚款 50元，吊销「证」", "罚款 500元，警告")

    assert code == "several_tiers"
    assert "“轻”的罚款不及“重”；“轻”没有“重”的警告；“重”没有“轻”的吊销 「证」" in message
    assert "没有规定适用哪一档" not in message


def test_where_nothing_chooses_between_two_tiers_that_is_said() -> None:
    _code, message = both_hold("罚款 50元", "罚款 500元", changed(REGIME, ("数档并合: 从重", "数档并合: 拒绝")))

    assert "裁量标准没有规定适用哪一档" in message


def test_two_rules_of_one_bracket_that_hold_at_once_are_named_and_none_names_the_facts() -> None:
    rules = "档内取值:\n  - {名: 从轻, 情形: 主动改正, 取: 10%}\n  - {名: 小巷, 情形: 地段 为 小巷, 取: 20%}\n裁量表:"
    rulebook = book(changed(RULE, ("裁量表:", rules), ("罚款 500元\n", "罚款 100元 至 500元\n")))

    both, none = (
        refused(ask(rulebook, {"面积": "3", "主动改正": corrected, "地段": street}))
        for corrected, street in ((True, "小巷"), (False, "广场"))
    )

    assert (both.code, none.code) == ("several_lines", "no_line")
    assert "从轻" in both.message.partition("：")[2]
    assert "主动改正 否" in none.message
    assert "地段 广场" in none.message


# --- what is no mistake, and seldom meant


def test_a_fact_of_a_rule_that_nothing_uses_and_one_name_for_two_tiers_are_noticed() -> None:
    rule = changed(RULE, ("  - 档次: 重\n", "  - 档次: 轻\n"))

    found = notices(book(rule))

    assert [(each.code, each.place.line) for each in found] == [
        ("unused_fact", 10),
        ("unused_fact", 11),
        ("tier_twice", 18),
    ]
    assert "主动改正" in found[0].message
    assert "两行都叫“轻”" in found[2].message


def test_a_computed_value_that_nothing_reads_is_noticed() -> None:
    rule = changed(
        RULE,
        ("裁量表:", "计算:\n  甲: 2 × 面积\n  乙: 3 × 甲\n  丙: 10元 × 面积\n裁量表:"),
        ("处理: 罚款 500元", "处理: 罚款 较大者(丙, 500元)"),
        ("裁量表:", "超出法定幅度: 取边界\n裁量表:"),
    )

    found = [each for each in notices(book(rule)) if each.code == "unused_value"]

    assert [each.message for each in found] == ["算出的“乙”没有用到"]


def test_what_the_regime_declares_and_one_name_in_two_groups_are_not_noticed() -> None:
    rule = changed(RULE, ("  - 档次: 重\n", "  - 档次: 轻\n    组: 乙\n"), ("  主动改正: 是否，从轻\n", ""))
    rule = changed(rule, ("  地段: 选项 主街、小巷、广场\n", ""))

    assert notices(book(rule)) == ()


# --- what is wrong with the question


def test_a_power_that_no_catalogue_lists_is_named_with_the_one_that_was_meant() -> None:
    (found,) = unlisted(book(changed(RULE, ("职权编码: P-1\n", "职权编码: P-7\n"))))

    assert (found.code, found.place.line, found.place.column) == ("power_item_missing", 4, 7)
    assert "P-7" in found.message
    assert "P-1" in found.repair
    assert unlisted(book()) == ()


def test_a_rule_whose_case_expects_its_power_to_be_unlisted_is_not_told_so() -> None:
    rule = changed(RULE, ("职权编码: P-1\n", "职权编码: P-7\n"), ("得: 罚款 50元", "得: 拒绝 职权未列入"))

    assert unlisted(book(rule)) == ()


@pytest.mark.parametrize(
    ("given", "write"),
    [
        ("5.000", "“5”或“5000”"), ("12.500", "“12.5”或“12500”"), ("5.0000", "“5”"), ("00005", "“5”"), ("05.5", "“5.5”"),
    ],
)  # fmt: skip
def test_a_figure_with_zeros_that_may_mean_thousands_or_a_slip_is_refused(given: str, write: str) -> None:
    outcome = refused(ask(book(), {"面积": given}))

    assert (outcome.code, outcome.field) == ("wrong_kind", "面积")
    assert outcome.message.endswith(f"写{write}")


@pytest.mark.parametrize("given", ["5", "5.0", "5.00", "5.5", "5.50", "20.50", 5])
def test_zeros_within_the_declared_precision_are_read(given: str | int) -> None:
    assert decided(ask(book(), {"面积": given})).tier == "重"


def test_a_whole_number_is_given_without_a_point() -> None:
    rule = changed(RULE, ("情形: 面积 > 2", "情形: 次数 > 2"))

    assert refused(ask(book(rule), {"面积": "3", "次数": "3.0"})).message.endswith("写“3”")


def test_a_decision_before_the_act_is_refused_by_both_days() -> None:
    before, same = (ask(book(), {"面积": "1"}, decided=day) for day in (DAY - date.resolution, DAY))

    assert (refused(before).code, refused(before).field) == ("decided_before_act", "decided")
    assert "2026-10-31" in refused(before).message
    assert "2026-11-01" in refused(before).message
    assert decided(same).tier == "轻"


# --- a cell in which the published table prints nothing

ENGLISH = """language: en
violation: T-1
name: 占道
category: 市容
power_item: P-1
in_force: 2023-12-15 to 2028-12-14
basis: {article: 某条例第三条, quote: 处五十元以上五百元以下罚款。}
statutory_range: fine 50 yuan to 500 yuan
facts:
  面积: number, square metres, precise to 0.01, more than 0 to 100, larger is graver
  主动改正: yes or no, mitigating
  地段: choice 主街 / 小巷 / 广场
compute:
  价:
    row: 地段
    column: 主动改正
    table:
    TABLE
tiers:
  - {tier: 轻, when: 面积 <= 2, outcome: fine 50 yuan, quote: 某}
  - {tier: 重, when: 面积 > 2, outcome: fine 价, quote: 某}
cases:
  - {name: 一平方米, on: 2026-11-01, given: {面积: "1"}, expect: fine 50 yuan}
"""
PLAIN = re.sub("compute:.*TABLE\n", "", ENGLISH, flags=re.DOTALL).replace("fine 价", "fine 500 yuan")
GRID = """计算:
  价:
    行: 地段
    列: 主动改正
    表:
      主街: {是: 50元, 否: 100元}
      小巷、广场: {是: —, 否: 80元}
裁量表:"""


def proved(rule: str) -> Proof:
    rulebook = book(rule)
    return prove(rulebook, rulebook.rules["T-1"])


def gridded(grid: str = GRID, *more: tuple[str, str]) -> str:
    return changed(RULE, ("裁量表:", grid), ("罚款 500元\n", "罚款 价\n"), *more)


@pytest.mark.parametrize("dash", ["—", "——", "－", '"-"', "／", "/"])
def test_a_blank_cell_of_a_table_owes_nothing_and_forgives_nothing(dash: str) -> None:
    rulebook = book(gridded(GRID.replace("—", dash)))

    blank, filled = (ask(rulebook, {"面积": "3", "主动改正": corrected, "地段": "小巷"}) for corrected in (True, False))

    assert refused(blank).code == "no_line"
    assert "小巷" in refused(blank).message
    assert "是" in refused(blank).message
    assert decided(filled).fine_fen == 8_000


def test_a_blank_cell_is_the_same_in_english() -> None:
    lines = "主街: {yes: 50 yuan, no: 100 yuan}", "小巷 / 广场: {yes: —, no: 80 yuan}"
    english = changed(ENGLISH, ("    TABLE", "\n".join(f"      {line}" for line in lines)))

    assert book(english).rules["T-1"].named["价"].how == book(gridded()).rules["T-1"].named["价"].how


def test_a_blank_cell_that_a_case_comes_to_is_a_gap_and_one_that_none_does_is_not() -> None:
    found, covered = (
        [each for each in proved(rule).findings if each.property == "defined"]
        for rule in (gridded(), gridded(GRID, ("情形: 面积 > 2", "情形: 面积 > 2 且 (地段 为 主街 或 非 主动改正)")))
    )

    assert [(each.verdict, each.about) for each in found] == [("refuted", "价")]
    assert found[0].witness is not None
    assert isinstance(found[0].witness.outcome, Refusal)
    assert found[0].witness.outcome.code == "no_line"
    assert covered == []


def test_a_table_of_blank_cells_alone_is_none_and_a_left_out_cell_is_told_how_it_is_written() -> None:
    blank = re.sub("[0-9]+元", "—", GRID)
    left_out = GRID.replace("是: —, ", "")

    (nothing,), (missing,) = (findings(files(gridded(each))) for each in (blank, left_out))

    assert nothing.code == "nothing_there"
    assert missing.code == "missing_column"
    assert "写“—”" in missing.repair


# --- figures as laws print them


@pytest.mark.parametrize(
    ("language", "written", "plain"),
    [
        ("zh", "罚款 0.000005亿元", "罚款 500元"), ("zh", "罚款 0.000005 亿人民币元", "罚款 500元"),
        ("zh", "罚款 ¥0.000005亿元", "罚款 500元"), ("zh", "罚款 1'000元 × 5 ÷ 10", "罚款 1000元 × 5 ÷ 10"),
        ("zh", "罚款 1\u202f000元 × 5 ÷ 10", "罚款 1000元 × 5 ÷ 10"),
        ("en", "fine 0.0005 million yuan", "fine 500 yuan"), ("en", "fine 0.0000005 billion yuan", "fine 500 yuan"),
        ("en", "fine RMB 0.0005 million", "fine 500 yuan"),
        ("en", "fine 1’000 yuan × 50 per cent", "fine 1000 yuan × 50%"),
        ("en", "fine 1\u00a0000 yuan × 50 per cent", "fine 1000 yuan × 50%"),
    ],
)  # fmt: skip
def test_a_figure_is_read_as_laws_print_it(language: str, written: str, plain: str) -> None:
    base, fine = (RULE, "罚款 500元\n") if language == "zh" else (PLAIN, "fine 500 yuan, quote")
    rows = [
        book(changed(base, (fine, fine.replace(fine.strip().removesuffix(", quote"), each)))).rules["T-1"].rows
        for each in (written, plain)
    ]

    assert rows[0] == rows[1]


@pytest.mark.parametrize("outcome", ["罚款 5亿", "罚款 500亿 × 面积", "罚款 1'00元", "罚款 1 000元"])
def test_a_figure_in_pieces_is_no_figure(outcome: str) -> None:
    assert findings(files(changed(RULE, ("罚款 500元\n", f"{outcome}\n"))))


@pytest.mark.parametrize(
    ("clause", "high"),
    [
        ("administrative fines up to 20 000 000 EUR, or up to 4 % of turnover", 20_000_000),
        ("administrative fines up to EUR 20\u202f000\u202f000", 20_000_000),
        ("a fine of up to 10’000 francs", 10_000), ("a fine not exceeding $50,000,000", 50_000_000),
    ],
)  # fmt: skip
def test_a_quoted_range_is_read_with_blanks_between_its_thousands(clause: str, high: int) -> None:
    first = ranges_in(clause)[0]

    assert (first.low, first.high) == (None, Fraction(high * 100))
