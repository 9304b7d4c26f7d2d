"""Coverage counts what the cases show and nothing else; a suggestion that is pasted is covered and passes."""

from datetime import date

import pytest

from engine import Rulebook
from engine.coverage import RuleCoverage, measure
from engine.cuts import Sites
from engine.rule import Rule
from engine.rule_cases import run_cases
from engine.suggest import suggest
from engine.units import Unit, units_of
from tests.engine.kit import REGIME, RULE, book, changed

ENGLISH = """language: English
violation: T-1
name: Spitting
category: city
power_item: P-1
in_force: 2023-12-15 to 2028-12-14
basis: {article: Article 3, quote: a fine}
statutory_range: fine 50 yuan to 500 yuan
facts:
  area: number, square metres, precise to 0.01, more than 0 to 100
tiers:
  - {tier: light, when: area <= 2, outcome: fine 50 yuan, quote: small}
  - {tier: heavy, when: area > 2, outcome: fine 500 yuan, quote: large}
cases:
  - {name: one, on: 2026-11-01, given: {area: "1"}, expect: fine 50 yuan}
"""
CASE = '  - {名: 一平方米, 日: 2026-11-01, 给: {面积: "1"}, 得: 罚款 50元}\n'


def measured(rulebook: Rulebook) -> RuleCoverage:
    (found,) = measure(rulebook, run_cases(rulebook))
    return found


def uncovered(rulebook: Rulebook) -> list[str]:
    return [unit.zh for unit in measured(rulebook).uncovered]


def with_cases(rule: str, *cases: str) -> str:
    """Put other cases into the small rule."""
    return changed(
        rule, (CASE, "".join(f"  - {{名: 例{n}, 日: 2026-11-01, {each}}}\n" for n, each in enumerate(cases)))
    )


def test_one_case_of_two_tiers_leaves_the_other_row_and_both_sides_of_the_threshold() -> None:
    found = measured(book())

    assert [unit.zh for unit in found.uncovered] == [
        "“重”一行",
        "面积 = 2 平方米（界限另一侧是 2.01）",
        "面积 = 2.01 平方米（界限另一侧是 2）",
    ]
    assert [unit.en for unit in found.uncovered][1] == "面积 = 2 平方米 (across the threshold from 2.01)"
    assert {unit.place.line for unit in found.uncovered} == {14, 18}


def test_the_value_and_its_neighbour_cover_a_threshold_and_nothing_farther_does() -> None:
    near = with_cases(RULE, '给: {面积: "2"}, 得: 罚款 50元', '给: {面积: "2.01"}, 得: 罚款 500元')
    far = with_cases(RULE, '给: {面积: "2"}, 得: 罚款 50元', '给: {面积: "2.02"}, 得: 罚款 500元')

    assert uncovered(book(near)) == []
    assert uncovered(book(far)) == ["面积 = 2.01 平方米（界限另一侧是 2）"]


@pytest.mark.parametrize(
    ("when", "sides"),
    [
        ("次数 ≥ 2", {"1", "2"}),
        ("次数 > 2", {"2", "3"}),
        ("次数 = 2", {"1", "2", "3"}),
        ("次数 ≥ 1", set()),
        ("次数 ≤ 99", set()),
        ("次数 ≥ 2 且 次数 < 5", {"1", "2", "4", "5"}),
    ],
)
def test_a_threshold_lies_between_two_neighbours_inside_the_domain(when: str, sides: set[str]) -> None:
    found = measured(book(changed(RULE, ("面积 ≤ 2\n", f"{when}\n"))))

    values = {unit.id[4] for unit in found.units if unit.kind == "threshold" and unit.id[2] == "次数"}
    assert values == sides


def test_a_refused_input_covers_nothing() -> None:
    found = measured(book(with_cases(RULE, '给: {面积: "200"}, 得: 拒绝 超出范围')))

    assert found.uncovered == found.units


MOVES = (
    "用例:",
    """移档:
  - {名称: 改正, 情形: 主动改正, 处理: 下移 1 档}
调整:
  - {名称: 主街, 情形: 地段 为 主街, 处理: 上浮 20%}
超出法定幅度: 取边界
用例:""",
)


def test_moves_and_adjustments_count_on_and_off_limits_hit_and_not_hit_and_the_move_that_leads_nowhere() -> None:
    rule = with_cases(
        changed(RULE, MOVES),
        '给: {面积: "2", 主动改正: 否, 地段: 小巷}, 得: 罚款 50元',
        '给: {面积: "2.01", 主动改正: 否, 地段: 主街}, 得: 罚款 500元',
    )

    assert uncovered(book(rule)) == ["移档“改正”用上", "拒绝“无档可移”"]


def test_gaps_and_overlaps_of_the_table_are_found_and_marked_defects_are_counted() -> None:
    gap = changed(RULE, ("情形: 面积 > 2\n", "情形: 面积 > 3 或 主动改正\n"), (CASE, ""), ("用例:\n", "用例:\n" + CASE))
    marked = changed(gap, ("用例:", "缺陷:\n  - {种类: 缺档, 情形: 面积 > 2, 说明: 漏写}\n用例:"))
    refuse = changed(REGIME, ("数档并合: 从重", "数档并合: 拒绝"))

    assert {"拒绝“无档可用”"} <= set(uncovered(book(gap)))
    assert {"拒绝“无档可用”", "拒绝“数档并合”"} <= set(uncovered(book(gap, refuse)))
    assert "缺陷“缺档”被拒绝" in uncovered(book(marked))
    assert "拒绝“无档可用”" not in uncovered(book(marked))


TABLE = (
    "裁量表:",
    """计算:
  单价: {行: 面积, 列: 地段, 表: {2 以下: {主街: 20元, 小巷、广场: 10元}, 大于 2 至 50: {主街: 40元, 小巷、广场: 30元}}}
超出法定幅度: 取边界
裁量表:""",
)


def test_every_cell_of_a_table_counts_and_so_does_the_hole_in_it() -> None:
    rule = changed(
        RULE,
        TABLE,
        ("处理: 罚款 50元\n", "处理: 罚款 单价 × 次数\n"),
        ('{面积: "1"}', '{面积: "1", 地段: 主街, 次数: 1}'),
    )
    rule = changed(rule, ("得: 罚款 50元", "得: 罚款 50元"))

    lines = [unit for unit in measured(book(rule)).units if unit.kind == "line"]
    left = uncovered(book(rule))

    assert len(lines) == 4
    assert sum(each.startswith("“单价”的") for each in left) == 3
    assert "拒绝“表中无此行”" in left


RECORDS = """  车:
    每项: {超限: "数，%，精确到 0.1，0 至 500", 种类: 选项 货车、客车}
    最多: 5
"""


def test_a_threshold_inside_a_list_of_records_is_seen_in_any_record() -> None:
    rule = changed(
        RULE,
        ("裁量表:", RECORDS + "裁量表:"),
        ("情形: 面积 ≤ 2\n", "情形: 非任一项(车, 超限 > 30)\n"),
        ("情形: 面积 > 2\n", "情形: 任一项(车, 超限 > 30)\n"),
        ('{面积: "1"}', '{车: [{超限: "1", 种类: 货车}, {超限: "30", 种类: 客车}]}'),
    )

    assert "车.超限 = 30 %（界限另一侧是 30.1）" not in uncovered(book(rule))
    assert "车.超限 = 30.1 %（界限另一侧是 30）" in uncovered(book(rule))


def test_an_unpublished_benchmark_has_only_its_refusal_to_show() -> None:
    rule = changed(
        RULE,
        ("用例:", "缺陷:\n  - {种类: 未公布裁量基准, 说明: 草案}\n用例:"),
        ("得: 罚款 50元", "得: 拒绝 未公布裁量基准"),
    )

    assert [unit.kind for unit in measured(book(rule)).units] == ["defect"]
    assert uncovered(book(rule)) == []


def pasted(rule: str, regime: str = REGIME) -> tuple[Rulebook, Rulebook]:
    """Put every suggestion under the cases of a rule, as a lawyer who ticks them all would."""
    before = book(rule, regime)
    cases = suggest(before, measured(before)).cases
    return before, book(rule + "".join(f"{each.yaml}\n" for each in cases), regime)


@pytest.mark.parametrize("changes", [(), (MOVES,), (TABLE, ("处理: 罚款 50元\n", "处理: 罚款 单价 × 次数\n"))])
def test_a_suggestion_that_is_pasted_passes_and_covers_what_it_said(changes: tuple[tuple[str, str], ...]) -> None:
    rule = changed(RULE, *changes, ('{面积: "1"}', '{面积: "1", 地段: 主街, 次数: 1, 主动改正: 否}'))
    rule = changed(rule, ("得: 罚款 50元", "得: 罚款 60元")) if changes == (MOVES,) else rule

    before, after = pasted(rule)

    assert measured(before).uncovered != ()
    assert [each.case.name for each in run_cases(after) if not each.passed] == []
    assert uncovered(after) == [unit.zh for unit in suggest(before, measured(before)).unreached]
    assert len(uncovered(after)) < len(uncovered(before))


def test_suggestions_are_always_the_same_change_little_and_leave_the_defaults_out() -> None:
    rule = changed(RULE, ("用例:", "用例默认: {地段: 小巷}\n用例:"))

    one, two = (suggest(book(rule), measured(book(rule))) for _ in range(2))

    assert [each.yaml for each in one.cases] == [each.yaml for each in two.cases]
    assert [each.yaml for each in one.cases] == [
        '  - {名: 建议：“重”一行, 日: 2026-11-01, 给: {面积: "2.01"}, 得: 罚款 500 元}',
        '  - {名: 建议：面积 = 2 平方米（界限另一侧是 2.01）, 日: 2026-11-01, 给: {面积: "2"}, 得: 罚款 50 元}',
    ]


def test_an_english_rule_is_answered_in_english() -> None:
    rulebook = book(ENGLISH)

    (first, second) = suggest(rulebook, measured(rulebook)).cases

    assert first.yaml == (
        '  - {name: "suggested: row `heavy`", on: 2026-11-01, given: {area: "2.01"}, expect: fine 500 yuan}'
    )
    after = book(f"{ENGLISH}{first.yaml}\n{second.yaml}\n")
    assert measured(after).uncovered == ()


def test_what_no_facts_reach_is_said_so() -> None:
    never = changed(RULE, ("情形: 面积 > 2\n", "情形: 面积 > 2 且 面积 ≤ 2\n"))

    found = suggest(book(never), measured(book(never)))

    assert "“重”一行" in [unit.zh for unit in found.unreached]


WORKERS = """  工人:
    每项: {月加班: "整数，小时，0 至 200", 占比: "数，%，精确到 1，0 至 100"}
    计算: {超出: [{情形: 月加班 > 100, 值: 2}, {情形: 其余, 值: 1}]}
    最多: 5
"""


@pytest.mark.parametrize(
    "when",
    [
        "项数(工人, 月加班 > 36) ≥ 1",
        "合计(工人, 超出, 月加班 > 36) ≥ 1",
        "最大一项(工人, 四舍五入到(占比, 10), 月加班 > 36) ≥ 1",
        "项数(工人, 月加班 > 36) ≥ 次数 - 1 且 每一项(工人, 月加班 ≥ 1 或 占比 > 5)",
    ],
)
def test_a_comparison_inside_a_list_of_records_is_written_in_the_units_of_its_fields(when: str) -> None:
    rule = changed(RULE, ("裁量表:", WORKERS + "裁量表:"), ("情形: 面积 > 2\n", f"情形: 面积 > 2 且 {when}\n"))

    found = measured(book(rule))

    assert found.failure == ""
    assert any("月加班 > 36 小时" in unit.zh for unit in found.units)


OTHER = changed(RULE, ("违法行为代码: T-1", "违法行为代码: T-2"))


def test_a_defect_in_measuring_one_rule_is_told_of_it_and_the_others_are_measured(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def units(rule: Rule, sites: Sites | None = None) -> tuple[Unit, ...]:
        if rule.code == "T-1":
            raise KeyError("月加班")
        return units_of(rule, sites)

    monkeypatch.setattr("engine.coverage.units_of", units)
    rulebook = book(t2=OTHER)

    one, other = measure(rulebook, run_cases(rulebook))

    assert (one.rule.code, one.failure, one.units) == ("T-1", "KeyError: '月加班'", ())
    assert other.failure == ""
    assert len(other.uncovered) == 3


def test_a_defect_in_the_search_for_cases_is_told_of_its_rule(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_given: object) -> None:
        raise ValueError("某")

    rulebook = book()
    monkeypatch.setattr("engine.suggest.expectation", broken)

    assert suggest(rulebook, measured(rulebook)).failure == "ValueError: 某"


SPEEDING = """违法行为代码: T-1
名称: 超速
类别: 交通
职权编码: P-1
施行: 2023-12-15 至 2028-12-14
依据: {条款: 某条例第三条, 原文: 处五十元以上五百元以下罚款。}
法定幅度: 罚款 50元 至 500元
事实:
  车速: 整数，公里每小时，0 至 300
  限速: 整数，公里每小时，20 至 120
前提:
  - {情形: 车速 > 限速, 否则: 不构成本违法行为}
裁量表:
  - {档次: 低限速, 情形: 限速 < 80, 处理: 罚款 50元, 原文: 某}
  - {档次: 高限速, 情形: 限速 ≥ 80, 处理: 罚款 500元, 原文: 某}
用例:
  - {名: 没有超速, 日: 2026-11-01, 给: {车速: 60, 限速: 60}, 得: 拒绝 不构成本违法行为}
  - {名: 超速, 日: 2026-11-01, 给: {车速: 100, 限速: 60}, 得: 罚款 50元}
"""


def test_a_threshold_is_shown_on_facts_under_which_its_sides_come_to_different_things() -> None:
    rulebook = book(SPEEDING)

    proposed = suggest(rulebook, measured(rulebook))

    sides = {str(dict(each.given)["限速"]): each.yaml for each in proposed.cases}
    assert "得: 罚款 50 元" in sides["79"]
    assert "得: 罚款 500 元" in sides["80"]


def test_a_threshold_that_changes_nothing_on_any_facts_is_shown_all_the_same() -> None:
    rulebook = book(changed(SPEEDING, ("罚款 500元, 原文", "罚款 50元, 原文")))

    proposed = suggest(rulebook, measured(rulebook))

    assert not any(unit.kind == "threshold" for unit in proposed.unreached)
    given = [each.given for each in proposed.cases]
    assert len(set(given)) == len(given)


LATE = """计算:
  分: {行: 面积, 表: {小于 10: 1, 10 以上: 5}}
  总: 分 × 次数
  期: {行: 总, 表: {小于 300: 1, 300 以上: 2}}
裁量表:
"""


def test_facts_behind_a_worked_out_value_are_varied_together() -> None:
    computed = LATE.replace("分:", "得分:").replace("分 ×", "得分 ×").replace("期:", "期数:")
    rule = changed(
        RULE, ("裁量表:\n", computed), ("处理: 罚款 50元\n", "处理: 罚款 50元 × 期数\n"), ("面积 ≤ 2", "面积 ≤ 50")
    )
    rule = changed(rule, ("面积 > 2", "面积 > 50"), ('{面积: "1"}', '{面积: "1", 次数: 1}'))

    found = suggest(book(rule), measured(book(rule)))

    lines = [unit.zh for unit in measured(book(rule)).units if unit.kind == "line"]
    assert "“期数”的 ≥ 300" in lines
    assert [each for each in lines if each in [unit.zh for unit in found.unreached]] == []


def test_the_days_of_the_act_and_of_the_decision_are_moved() -> None:
    rule = changed(
        RULE, ("情形: 面积 ≤ 2\n", "情形: 面积 ≤ 2 且 行为日 ≥ 2025-03-01\n"),
        ("情形: 面积 > 2\n", "情形: 面积 > 2 或 行为日 < 2025-03-01\n"),
    )  # fmt: skip

    found = suggest(book(rule), measured(book(rule)))

    assert found.unreached == ()
    assert date(2025, 2, 28) in [case.on for case in found.cases]


def test_a_case_that_fits_no_tier_or_several_is_no_answer_to_tick() -> None:
    gap = changed(RULE, ("情形: 面积 > 2\n", "情形: 面积 > 3\n"))

    found = suggest(book(gap), measured(book(gap)))

    assert [(case.yaml.endswith("得: 拒绝 无档可用}"), case.doubtful) for case in found.cases if case.doubtful] != []
    assert all(case.yaml.endswith("得: 拒绝 无档可用}") == case.doubtful for case in found.cases)
