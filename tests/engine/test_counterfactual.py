"""What would have changed a decision: hand-computed nearest values, and that a search finds what a scan finds."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import engine.counterfactual
from engine import Decision, Outcome, decide, load_rulebook, to_wire
from engine.counterfactual import Counterfactual, Counterfactuals, counterfactuals
from engine.given import value_text
from engine.rulebook import Rulebook
from engine.why import change_text, step_text
from tests.engine.kit import CATALOGUE, DAY, REGIME, RULE, ask, book, changed, decided, shipped
from tests.laws.test_deciding import questions

# The rule language's own example: 50 to 150 yuan along 2 to 5 square metres, a fifth more on a repeat, tens of yuan.
STALL = """违法行为代码: T-1
名称: 占道
类别: 市容
职权编码: P-1
施行: 2023-12-15 至 2028-12-14
依据: {条款: 某条例第三条, 原文: 处五十元以上五百元以下罚款。}
法定幅度: 罚款 50元 至 500元
事实:
  面积: 数，平方米，精确到 0.01，大于 0 至 100，越大越重
  主动改正: 是否，从轻
裁量表:
  - {档次: 轻微, 情形: 面积 ≤ 2 且 次数 = 1, 处理: 警告, 原文: a}
  - {档次: 轻微再犯, 情形: 面积 ≤ 2 且 次数 ≥ 2, 处理: 罚款 50元, 原文: b}
  - {档次: 一般, 情形: 2 < 面积 ≤ 5, 处理: 罚款 50元→150元 随 面积 2→5, 原文: c}
  - {档次: 严重, 情形: 面积 > 5, 处理: "罚款 150元→500元 随 面积 5→20，此后 500元", 原文: d}
调整:
  - {名: 再犯, 情形: 次数 ≥ 2, 处理: 上浮 20%, 依据: 第九条}
  - {名: 改正, 情形: 主动改正, 处理: 下浮 30%, 依据: 第三十二条}
调整方式: 连乘
取整: 10元，四舍五入
超出法定幅度: 取边界
用例:
  - {名: 三点五平方米再犯, 日: 2026-11-01, 给: {面积: "3.5", 次数: 2, 主动改正: 否}, 得: 罚款 120元}
"""


def table(*rows: str, facts: str = "", more: str = "", statutory: str = "罚款 1分 至 1000000元") -> Rulebook:
    """One rule with these rows (`condition => outcome`), no tie rule needed."""
    tiers = "".join(
        f"  - {{档次: 第{number}档, 情形: {when}, 处理: {outcome}, 原文: x}}\n"
        for number, (when, outcome) in enumerate((row.split(" => ") for row in rows), 1)
    )
    head, _, _rest = RULE.partition("裁量表:\n")
    more = "超出法定幅度: 取边界\n" + more
    head = head.replace("罚款 50元 至 500元", statutory).replace("事实:\n", "事实:\n" + facts)
    return book(f"{head}{more}裁量表:\n{tiers}用例:\n  - {{名: 空, 日: 2026-11-01, 给: {{}}, 得: 拒绝 缺少事实}}\n")


def found(rulebook: Rulebook, facts: Mapping[str, Any], *, violation: str = "T-1", on: date = DAY) -> Counterfactuals:
    result = counterfactuals(rulebook, violation, on, facts)
    assert result is not None
    return result


def sentences(rulebook: Rulebook, facts: Mapping[str, Any], language: Any = "zh") -> list[str]:
    result = found(rulebook, facts)
    return [change_text(each, result.decision, language) for each in result.changes]


def test_the_nearest_area_that_rounds_to_another_fine_is_found_on_the_grid() -> None:
    # 4.37 m² is 129 yuan, 154.8 with the fifth, 150 rounded; 4.38 is 155.2, rounded 160. 4.62 is 164.8, 4.63 is 165.2.
    told = sentences(book(STALL), {"面积": "4.5", "次数": 2, "主动改正": False})

    assert told == [
        "若面积不超过 4.37 平方米（不低于 4.13 平方米） → 罚款 150 元",
        "若面积不低于 4.63 平方米（不超过 4.87 平方米） → 罚款 170 元",
        "若次数为 1 次 → 罚款 130 元",
        "若主动改正为是 → 罚款 110 元",
    ]


def test_the_same_is_said_in_english() -> None:
    told = sentences(book(STALL), {"面积": "4.5", "次数": 2, "主动改正": False}, "en")

    assert told[0] == "if 面积 were at most 4.37 square metres (and at least 4.13 square metres) → fine 150 yuan"
    assert told[-1] == "if 主动改正 were yes → fine 110 yuan"


def test_a_fine_that_no_longer_grows_turns_back_where_it_began_to_stand_still() -> None:
    # 484.99 rounds to 480 and 485 to 490, so 500 yuan begin at 495 yuan: 5 + 15 × 345/350 = 19.786, on the grid 19.79.
    told = sentences(book(STALL), {"面积": "30", "次数": 1, "主动改正": False})

    assert told[0].startswith("若面积不超过 19.78 平方米")
    assert told[0].endswith("→ 罚款 490 元")


def test_a_fine_by_the_area_is_not_told_cent_by_cent_but_at_its_tiers() -> None:
    rulebook = table(
        "面积 ≤ 2 => 罚款 100元 × 面积", "面积 > 2 且 面积 ≤ 5 => 罚款 300元 × 面积", "面积 > 5 => 罚款 1元"
    )

    for area in ("2.01", "2.02", "3.5", "4.99", "5"):
        changes = found(rulebook, {"面积": area}).changes

        assert [value_text(each.fact, each.value, "zh") for each in changes] == ["2", "5.01"]
        assert [decided(each.outcome).fine_fen for each in changes] == [20_000, 100]


def test_a_fine_that_goes_on_changing_is_told_at_the_nearest_value() -> None:
    rulebook = table("面积 ≤ 2 => 罚款 100元 × 面积", "面积 > 2 => 罚款 300元 × 面积")

    assert sentences(rulebook, {"面积": "3"}) == ["若面积不超过 2 平方米 → 罚款 200 元（按 2 平方米计）"]
    assert sentences(rulebook, {"面积": "1"}, "en") == [
        "if 面积 were at least 2.01 square metres → fine 603 yuan (at 2.01 square metres)"
    ]


def test_a_gradual_fine_still_turns_where_its_cap_is_reached() -> None:
    rulebook = table('面积 > 0 => "罚款 100元 × 面积，最多 350元"')

    changes = found(rulebook, {"面积": "2"}).changes

    # 3.5 m² is the cap exactly and nothing is cut yet; from 3.51 on the course of the reasoning is another.
    assert [(each.value, each.gradual, each.to_end) for each in changes] == [(351, True, True)]


SHARE = "  份额: 整数，点，1 至 10\n"


def steps(rulebook: Rulebook, facts: Mapping[str, Any], language: Any = "zh") -> list[str]:
    return [step_text(each, "CNY", language) for each in found(rulebook, facts).gradual]


def test_a_figure_that_changes_with_every_step_is_told_by_the_next_step_on_each_side() -> None:
    rulebook = table("份额 ≥ 1 => 罚款 5元 × 份额", facts=SHARE)

    assert sentences(rulebook, {"份额": 4}) == []
    assert steps(rulebook, {"份额": 4}) == [
        "份额每少 1 点，罚款少 5 元（3 点 → 罚款 15 元）",
        "份额每多 1 点，罚款多 5 元（5 点 → 罚款 25 元）",
    ]
    assert steps(rulebook, {"份额": 4}, "en") == [
        "each 1 point less of 份额: fine 5 yuan less (3 points → fine 15 yuan)",
        "each 1 point more of 份额: fine 5 yuan more (5 points → fine 25 yuan)",
    ]


@pytest.mark.parametrize(("share", "told"), [(1, ["份额每多 1 点"]), (10, ["份额每少 1 点"])])
def test_no_step_leads_out_of_the_domain(share: int, told: list[str]) -> None:
    rulebook = table("份额 ≥ 1 => 罚款 5元 × 份额", facts=SHARE)

    assert [each.partition("，")[0] for each in steps(rulebook, {"份额": share})] == told


def test_steps_that_differ_are_told_for_the_next_one_alone() -> None:
    # 3.33, 6.66 and 10 yuan: a third of ten yuan each, in whole fen.
    rulebook = table("份额 ≥ 1 => 罚款 10元 × 份额 ÷ 3", facts=SHARE)

    assert steps(rulebook, {"份额": 1}) == ["份额再多 1 点，罚款多 3.33 元（2 点 → 罚款 6.66 元）"]
    assert steps(rulebook, {"份额": 1}, "en") == [
        "the next 1 point more of 份额: fine 3.33 yuan more (2 points → fine 6.66 yuan)"
    ]


def test_every_figure_that_moves_is_told_and_a_day_moves_by_days() -> None:
    facts = "  到期日: 日期\n  缴纳日: 日期\n"
    rulebook = table(
        '面积 > 0 => "罚款 10元 × 天数(到期日, 缴纳日)，另计「逾期」 天数(到期日, 缴纳日)，警告"', facts=facts
    )

    told = steps(rulebook, {"面积": "1", "到期日": "2026-05-01", "缴纳日": "2026-05-05"})

    assert told == [
        "到期日每早 1 日，罚款多 10 元，另计逾期多 1 日（2026-04-30 → 罚款 50 元，另计逾期 5 日）",
        "到期日每晚 1 日，罚款少 10 元，另计逾期少 1 日（2026-05-02 → 罚款 30 元，另计逾期 3 日）",
        "缴纳日每早 1 日，罚款少 10 元，另计逾期少 1 日（2026-05-04 → 罚款 30 元，另计逾期 3 日）",
        "缴纳日每晚 1 日，罚款多 10 元，另计逾期多 1 日（2026-05-06 → 罚款 50 元，另计逾期 5 日）",
    ]


def test_a_published_range_that_moves_is_told_as_a_range() -> None:
    rulebook = table("面积 > 0 => 罚款 10元 至 20元 × 份额", facts=SHARE, more="档内取值: 只给幅度\n")

    assert (
        steps(rulebook, {"面积": "1", "份额": 9})[-1] == "份额每多 1 点，罚款幅度随之变动（10 点 → 罚款 100 至 200 元）"
    )


def test_a_next_step_that_is_a_turn_itself_is_told_once() -> None:
    rulebook = table('份额 ≥ 1 => "罚款 5元 × 份额，最多 22元"', facts=SHARE)

    result = found(rulebook, {"份额": 4})

    assert [(each.side, each.value) for each in result.gradual] == [("below", 3)]
    assert [(each.side, each.value) for each in result.changes] == [("above", 5)]


def test_every_other_answer_of_a_choice_is_tried() -> None:
    rulebook = table("地段 为 主街 => 罚款 300元", "地段 为 小巷 => 罚款 100元", "地段 为 广场 => 罚款 100元")

    assert sentences(rulebook, {"地段": "小巷"}) == [
        "若地段为主街 → 罚款 300 元",
        "若地段为广场 → “第3档”，罚款 100 元",
    ]


def test_days_that_are_counted_stand_as_their_count() -> None:
    changes = found(shipped(), {"历次处罚日期": ["2026-05-01"]}, violation="SZCG-013").changes

    assert [(each.fact.name, each.given, each.value, each.to_end) for each in changes] == [
        ("一年内次数", 2, 1, True),
        ("一年内次数", 2, 3, True),
    ]


def test_a_comparison_of_two_facts_turns_at_its_own_place() -> None:
    rulebook = table(
        "违法所得 > 2 × 税额 => 罚款 500元",
        "违法所得 ≤ 2 × 税额 => 罚款 50元",
        facts="  税额: 金额，元，0 至 1000000\n",
    )

    told = sentences(rulebook, {"违法所得": "100.01", "税额": "50"})

    assert told == ["若违法所得不超过 100 元 → 罚款 50 元", "若税额不低于 50.01 元 → 罚款 50 元"]


def test_a_line_of_a_table_is_a_threshold() -> None:
    more = "计算:\n  单价: {行: 面积, 表: {低于 10: 100元, 10 至 50: 200元, 大于 50 至 100: 300元}}\n"
    rulebook = table("次数 ≥ 1 => 罚款 单价", more=more)

    told = sentences(rulebook, {"面积": "20", "次数": 1})

    assert told == ["若面积不超过 9.99 平方米 → 罚款 100 元", "若面积不低于 50.01 平方米 → 罚款 300 元"]


def test_a_rate_that_rises_by_bands_turns_at_its_bands_and_not_between() -> None:
    more = "计算:\n  单价: {行: 面积, 表: {低于 10: 100元, 10 至 50: 200元, 大于 50 至 100: 300元}}\n"
    rulebook = table("次数 ≥ 1 => 罚款 单价 × 面积", more=more)

    changes = found(rulebook, {"面积": "20", "次数": 1}).changes

    assert [(each.value, decided(each.outcome).fine_fen) for each in changes] == [(999, 99_900), (5_001, 1_500_300)]


def test_started_steps_turn_at_each_step() -> None:
    rulebook = table('面积 > 0 => "罚款 1000元 × 份数(面积, 0.5)"')

    changes = found(rulebook, {"面积": "2.2"}).changes

    assert [(each.value, each.until) for each in changes] == [(200, 151), (251, 300)]


def test_days_of_the_calendar_turn_on_a_day() -> None:
    rulebook = table("缴纳日 ≤ 2026-06-30 => 罚款 50元", "缴纳日 > 2026-06-30 => 罚款 500元", facts="  缴纳日: 日期\n")

    assert sentences(rulebook, {"缴纳日": "2026-08-01"}) == ["若缴纳日不晚于 2026-06-30 → 罚款 50 元"]


def test_facts_another_answer_would_ask_for_are_named() -> None:
    rulebook = table(
        "主动改正 => 罚款 50元", "非 主动改正 且 面积 > 2 => 罚款 500元", "非 主动改正 且 面积 ≤ 2 => 罚款 60元"
    )

    assert sentences(rulebook, {"主动改正": True}) == ["若主动改正为否 → 还须查明面积"]


def test_a_refusal_has_no_counterfactual() -> None:
    assert counterfactuals(book(), "T-1", DAY, {}) is None
    assert counterfactuals(book(), "T-0", DAY, {"面积": "1"}) is None


def test_a_search_that_is_cut_short_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine.counterfactual, "BUDGET", 6)

    result = found(book(STALL), {"面积": "4.5", "次数": 2, "主动改正": False})

    assert result.cut == ("面积",)
    assert result.decided <= 3 * 6


def test_a_later_and_lighter_version_moves_the_place_where_the_outcome_turns() -> None:
    whole, first, then = (
        "施行: 2023-12-15 至 2028-12-14",
        "施行: 2023-12-15 至 2026-12-31",
        "施行: 2027-01-01 至 2028-12-14",
    )
    later = changed(
        REGIME, (whole, then), ('版本: "1"', '版本: "2"'), ("数档并合: 从重", "数档并合: 从重\n从旧兼从轻: 适用")
    )
    texts = {
        "catalogue.yaml": CATALOGUE,
        "r/regime.yaml": changed(REGIME, (whole, first)),
        "r/t-1.yaml": changed(RULE, (whole, first)),
        "s/regime.yaml": later,
        "s/t-1.yaml": changed(RULE, (whole, then), ("面积 ≤ 2", "面积 ≤ 3"), ("面积 > 2", "面积 > 3")),
    }
    rulebook = load_rulebook({path: text.encode() for path, text in texts.items()})

    result = counterfactuals(rulebook, "T-1", DAY, {"面积": "1"}, decided=date(2027, 2, 1))

    # By the old law 2.01 m² would cost more, but up to 3 m² the new one is lighter and applies.
    assert result is not None
    assert result.decision.rule.regime.version == "1"
    assert [each.value for each in result.changes] == [301]


# --- laws -------------------------------------------------------------------------------------------------------------

FIGURES = ("amount_fen", "low_fen", "high_fen", "time", "value")


def essence(outcome: Outcome, *, figures: bool = True) -> Any:
    """What a party would call the outcome; nothing of the search's own comparison."""
    wire: dict[str, Any] = to_wire(outcome)
    measures = [
        {key: value for key, value in each.items() if figures or key not in FIGURES} for each in wire["measures"]
    ]
    return wire["tier"], measures, wire["refusal"] and wire["refusal"]["code"]


def check(
    rulebook: Rulebook, code: str, on: date, facts: Mapping[str, Any], base: Decision, one: Counterfactual
) -> None:
    """Decide again at the reported value, and at the grid value just nearer to the given one."""
    rule = base.rule
    days = {fact.count.of for fact in rule.counted if fact.count and fact.name == one.fact.name}
    others = {name: value for name, value in facts.items() if name not in days}

    def at(value: Any) -> Outcome:
        return decide(rulebook, code, on, {**others, one.fact.name: value_text(one.fact, value, rule.language)})

    assert essence(at(one.value)) == essence(one.outcome) != essence(base)
    assert essence(at(one.until), figures=not one.moving) == essence(one.outcome, figures=not one.moving)
    if one.side != "other" and isinstance(one.value, int):
        nearer = one.value + (1 if one.side == "below" else -1)
        assert essence(at(nearer), figures=not one.gradual) == essence(base, figures=not one.gradual)


@settings(deadline=None, max_examples=120)
@given(question=questions())
def test_a_reported_change_changes_the_outcome_and_the_value_before_it_does_not(
    question: tuple[str, date, dict[str, Any]],
) -> None:
    code, on, facts = question

    result = counterfactuals(shipped(), code, on, facts)

    for each in result.changes if result else ():
        assert result is not None
        assert result.decision == decide(shipped(), code, on, facts)
        check(shipped(), code, on, facts, result.decision, each)


@settings(deadline=None, max_examples=60)
@given(area=st.integers(1, 10_000), times=st.integers(1, 4), corrected=st.booleans())
def test_the_same_holds_where_amounts_run_in_lines(area: int, times: int, corrected: bool) -> None:
    rulebook = STALLS
    facts = {"面积": f"{area // 100}.{area % 100:02d}", "次数": times, "主动改正": corrected}

    result = found(rulebook, facts)

    assert result.cut == ()
    for each in result.changes:
        check(rulebook, "T-1", DAY, facts, result.decision, each)


STALLS = book(STALL)


@pytest.mark.parametrize("area", ["0.5", "2", "2.01", "4.99", "5.01", "12.34", "99"])
def test_the_search_finds_what_a_scan_of_the_whole_grid_finds(area: str) -> None:
    facts = {"面积": area, "次数": 2, "主动改正": False}
    base = essence(ask(STALLS, facts))
    start = found(STALLS, facts).changes[0].given
    assert isinstance(start, int)

    def scan(points: range) -> int | None:
        return next(
            (at for at in points if essence(ask(STALLS, facts | {"面积": f"{at // 100}.{at % 100:02d}"})) != base), None
        )

    searched = {each.side: each.value for each in found(STALLS, facts).changes if each.fact.name == "面积"}

    assert searched.get("below") == scan(range(start - 1, 0, -1))
    assert searched.get("above") == scan(range(start + 1, 10_001))


# A ratio needs a measured divisor: a whole number of so many values is one.
PIECES = "  件数: 数，件，精确到 1，0 至 60\n"


@st.composite
def tables_of_pieces(draw: st.DrawFn) -> Rulebook:
    """Draw a rule over a whole number from 0 to 60 that every value of it fits: conditions and amounts in pieces."""

    def condition() -> str:
        a, b, size = draw(st.integers(0, 60)), draw(st.integers(0, 120)), draw(st.integers(2, 9))
        return draw(
            st.sampled_from(
                [f"件数 > {a}", f"件数 ≤ {a}", f"件数 = {a}", f"件数 ≠ {a}", f"2 × 件数 > {b} - 次数",
                 f"（件数 - {size}） ÷ 件数 ≥ {a}%", f"（2 × 件数 + {a}） ÷ （件数 + {size}） < 1.5",
                 f"比值 ≤ {a}%", f"{a} ÷ 较大者（件数，{size}） = 1",
                 f"份数（件数，{size}） ≥ {a // size}", f"较大者（件数，{a}） > {b // 2}", f"件数 × 3 - {a} < {b}"]
            )
        )  # fmt: skip

    def amount() -> str:
        a, size = draw(st.integers(1, 9)) * 100, draw(st.integers(2, 9))
        return draw(
            st.sampled_from(
                [f"罚款 {a}元", f"罚款 {a}元 × 份数（件数，{size}）",
                 f"罚款 {a}元→{a * 5}元 随 件数 {size}→{40 + size}",
                 "罚款 单价", "罚款 单价 × 件数", f"罚款 {a}元 × 件数，最多 {a * 9}元"]
            )
        )  # fmt: skip

    one, two, how = condition(), condition(), draw(st.sampled_from("且或"))
    cut = draw(st.integers(1, 30))
    prices = f"低于 {cut}: 100元, {cut} 至 40: 250元, 大于 40 至 60: 700元"
    more = f"计算:\n  单价: {{行: 件数, 表: {{{prices}}}}}\n  比值: （60 - 件数） ÷ （件数 + 1 × 次数）\n"
    both = f"{one} {how} {two}"
    rows = (both, f"非 （{both}） 且 {one}", f"非 （{both}） 且 非 （{one}）")
    return table(*[f'{row} => "{amount()}"' for row in rows], facts=PIECES, more=more)


@settings(deadline=None, max_examples=40)
@given(rulebook=tables_of_pieces(), number=st.integers(0, 60), times=st.integers(1, 4))
def test_on_any_rule_of_pieces_the_search_finds_what_a_scan_finds(rulebook: Rulebook, number: int, times: int) -> None:
    facts = {"件数": number, "次数": times}
    base = ask(rulebook, facts)
    result = counterfactuals(rulebook, "T-1", DAY, facts)
    if not isinstance(base, Decision) or result is None:
        # Nought pieces fine nothing, and that lies below the statute.
        return

    def scan(points: range, *, figures: bool) -> int | None:
        told = essence(base, figures=figures)
        return next(
            (at for at in points if essence(ask(rulebook, facts | {"件数": at}), figures=figures) != told), None
        )

    sides: dict[str, Counterfactual] = {each.side: each for each in result.changes if each.fact.name == "件数"}
    assert result.cut == ()
    for side, points in (("below", range(number - 1, -1, -1)), ("above", range(number + 1, 61))):
        exact, coarse = scan(points, figures=True), scan(points, figures=False)
        found_here = sides.get(side)
        if found_here is None:
            # Nothing changes but a figure with every step: so it changes with the very first.
            assert coarse is None
            assert exact in (None, points.start)
            assert (exact is None) == (side not in {each.side for each in result.gradual})
        elif found_here.gradual:
            assert coarse is None or abs(int(str(found_here.value)) - number) <= abs(coarse - number)
        else:
            assert found_here.value == exact


def test_the_work_of_the_shipped_cases_stays_small() -> None:
    found_all = [
        result
        for rule in list(shipped().rules.values())[::4]
        for case in rule.cases[:1]
        if (result := counterfactuals(shipped(), rule.code, case.on, dict(case.given)))
    ]

    assert [each.decision.rule.code for each in found_all if each.cut] == []
    assert max(each.decided for each in found_all) < 400


def test_what_the_search_does_not_vary_is_left_alone() -> None:
    facts = {"历次处罚日期": ["2026-05-01"]}

    changes = found(shipped(), facts, violation="SZCG-013").changes

    assert {each.fact.name for each in changes} == {"一年内次数"}
    assert facts == {"历次处罚日期": ["2026-05-01"]}


def test_the_example_is_the_one_the_rule_language_shows() -> None:
    assert decided(ask(STALLS, {"面积": "3.5", "次数": "2", "主动改正": "否"})).fine_fen == 12_000
    assert changed(STALL, ("10元，四舍五入", "1分，舍去")) != STALL
