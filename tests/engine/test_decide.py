"""Deciding, step by step in the order of law: gates, facts, grounds, preconditions, tier, amount, measures."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest

from engine import Decision, Outcome, Rulebook, to_wire
from engine.refusals import SENTENCES
from tests.engine.kit import (
    CATALOGUE,
    DAY,
    REGIME,
    RULE,
    ask,
    bare,
    book,
    changed,
    decided,
    refused,
    shipped,
)

ONE_DAY = timedelta(days=1)
FIRST, LAST = date(2023, 12, 15), date(2028, 12, 14)


def rule(
    *rows: str, facts: str = "", defects: str = "", before: str = "", statutory: str = "罚款 50元 至 500元"
) -> str:
    """Write a rule with these rows, each `情形 => 处理`, named 甲, 乙, 丙 … in turn."""
    tiers = ""
    for name, row in zip("甲乙丙丁戊", rows, strict=False):
        when, outcome = row.split(" => ")
        tiers += f"  - {{档次: {name}, 情形: '{when}', 处理: '{outcome}', 原文: 某}}\n"
    text = changed(RULE, ("罚款 50元 至 500元", statutory), ("裁量表:\n", f"{before}裁量表:\n"))
    if facts:
        text = changed(text, ("  地段", f"  {facts}\n  地段"))
    table = "裁量表:\n" + tiers if rows else ""
    return text[: text.index("裁量表:")] + table + defects + text[text.index("用例:") :]


def refuse_ties(regime: str = REGIME) -> str:
    return changed(regime, ("数档并合: 从重", "数档并合: 拒绝"))


def rounding(text: str) -> str:
    return changed(REGIME, ("取整: 1分，舍去", f"取整: {text}"))


# --- every refusal is reachable

BELOW = "缺陷:\n  - {种类: 低于法定幅度, 档次: 甲, 说明: 照录}\n"
ABOVE = "缺陷:\n  - {种类: 高于法定幅度, 档次: 甲, 说明: 照录}\n"
NO_TIER_HERE = "缺陷:\n  - {种类: 缺档, 情形: 非主动改正, 说明: 公布的表没有写}\n"
ONLY_WHEN_CORRECTED = "前提:\n  - {情形: 主动改正, 否则: 不构成本违法行为}\n"


def marked(kind: str) -> str:
    """A defect of the first tier."""
    return f"缺陷: [{{种类: {kind}, 档次: 甲, 说明: 照录原文}}]\n"


def computing(value: str, outcome: str, more: str = "") -> Rulebook:
    """A rule of one tier with one named value; a computed fine past the statute is refused."""
    text = rule(f"面积 > 0 => {outcome}", before=f"超出法定幅度: 拒绝\n计算:\n  {value}\n{more}")
    return book(text)


REFUSALS: dict[str, Callable[[], Outcome]] = {
    "unknown_violation": lambda: ask(book(), {}, violation="T-9"),
    "decided_before_act": lambda: ask(book(), {"面积": "1"}, decided=DAY - ONE_DAY),
    "no_law_on_day": lambda: ask(book(), {"面积": "1"}, on=LAST + ONE_DAY),
    "power_item_missing": lambda: ask(book(catalogue=changed(CATALOGUE, ("P-1", "P-2"))), {"面积": "1"}),
    "power_item_not_in_force": lambda: ask(book(), {"面积": "1"}, on=FIRST - ONE_DAY),
    "power_item_not_published": lambda: ask(book(), {"面积": "1"}, on=date(2023, 11, 22)),
    "unknown_fact": lambda: ask(book(), {"面即": "1"}),
    "missing_fact": lambda: ask(book(), {}),
    "wrong_kind": lambda: ask(book(), {"面积": "大"}),
    "out_of_domain": lambda: ask(book(), {"面积": "0"}),
    "conflicting_facts": lambda: ask(book(), {"面积": "1", "次数": 2, "往日": []}),
    "not_this_violation": lambda: ask(
        book(rule("面积 ≤ 2 => 罚款 50元", before=ONLY_WHEN_CORRECTED)), {"面积": "1", "主动改正": False}
    ),
    "no_tier": lambda: ask(book(rule("面积 < 2 => 罚款 50元")), {"面积": "2"}),
    "several_tiers": lambda: ask(
        book(rule("面积 ≤ 2 => 罚款 50元", "面积 ≥ 2 => 罚款 500元"), refuse_ties()), {"面积": "2"}
    ),
    "missing_tier": lambda: ask(book(rule("主动改正 => 罚款 50元", defects=NO_TIER_HERE)), {"主动改正": False}),
    "below_statutory_range": lambda: ask(book(rule("面积 ≤ 2 => 罚款 49元", defects=BELOW)), {"面积": "1"}),
    "above_statutory_range": lambda: ask(book(rule("面积 ≤ 2 => 罚款 501元", defects=ABOVE)), {"面积": "1"}),
    "overlapping_tiers": lambda: ask(
        book(rule("面积 ≤ 2 => 罚款 50元", "面积 ≥ 2 => 罚款 500元", defects=marked("档次重叠")), refuse_ties()),
        {"面积": "2"},
    ),
    "misprint": lambda: ask(book(rule("面积 ≤ 2 => 拒绝", defects=marked("错印"))), {"面积": "1"}),
    "unreadable": lambda: ask(book(rule("面积 ≤ 2 => 拒绝", defects=marked("原文残缺"))), {"面积": "1"}),
    "no_benchmark": lambda: ask(book(rule(defects="缺陷: [{种类: 未公布裁量基准, 说明: 没有公布}]\n")), {}),
    "no_line": lambda: ask(computing("单价: {行: 面积, 表: {2 以下: 1}}", "罚款 50元 × 单价"), {"面积": "3"}),
    "several_lines": lambda: ask(
        computing(
            "单价: [{情形: 面积 ≤ 2, 值: 1}, {情形: 面积 ≥ 2, 值: 2}]",
            "罚款 50元 × 单价",
        ),
        {"面积": "2"},
    ),
    "outside_statutory_range": lambda: ask(computing("单价: 1 + 1", "罚款 50元 × 面积"), {"面积": "11"}),
    "empty_list": lambda: ask(
        book(
            changed(
                rule("面积 ≤ 2 => 罚款 50元 × 天数(最小一项(车辆, 检验日), 行为日)，不超过 60元"),
                ("事实:\n", "事实:\n  车辆: {每项: {检验日: 日期}, 最多: 3}\n"),
                ("裁量表:\n", "超出法定幅度: 取边界\n裁量表:\n"),
            )
        ),
        {"面积": "1", "车辆": []},
    ),
    "ends_crossed": lambda: ask(
        book(changed(RULE, ("处理: 罚款 500元", "处理: 罚款 500元，拘留 进位到(1 × 面积, 1) 日 至 15日"))),
        {"面积": "16"},
    ),
    "divided_by_zero": lambda: ask(
        computing("单价: [{情形: 面积 ≤ 2, 值: 0}, {情形: 其余, 值: 2}]", "罚款 50元 ÷ 单价，不超过 60元"),
        {"面积": "1"},
    ),
    "no_move": lambda: ask(
        computing("单价: 1", "罚款 50元", "移档: [{名: 屡犯, 情形: 面积 > 2, 处理: 上移 1 档}]\n"), {"面积": "3"}
    ),
    "guard_refused": lambda: ask(shipped(), {"一年内次数": 2, "告知的罚款": 99}, violation="SZCG-013"),
    "amount_too_large": lambda: ask(
        computing("单价: 9999999999 × 9999999999 × 9999999999", "罚款 50元 × 单价，不超过 60元"), {"面积": "3"}
    ),
}


@pytest.mark.parametrize("code", SENTENCES)
def test_every_refusal_is_reached_and_says_so(code: str) -> None:
    outcome = refused(REFUSALS[code]())

    assert outcome.code == code
    assert "{" not in outcome.message
    assert "\n" not in outcome.message


@pytest.mark.parametrize("code", SENTENCES)
def test_a_refusal_shows_nothing_that_looks_like_a_penalty(code: str) -> None:
    wire = to_wire(REFUSALS[code]())

    assert (wire["outcome"], wire["fine_fen"], wire["tier"], wire["measures"]) == ("refusal", None, None, [])


@pytest.mark.parametrize(
    ("code", "field"),
    [
        ("unknown_violation", "violation"),
        ("no_law_on_day", "on"),
        ("unknown_fact", "面即"),
        ("missing_fact", "面积"),
        ("wrong_kind", "面积"),
        ("out_of_domain", "面积"),
        ("conflicting_facts", "次数"),
    ],
)
def test_a_refusal_for_what_was_sent_names_the_field(code: str, field: str) -> None:
    outcome = refused(REFUSALS[code]())

    assert outcome.field == field


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("unknown_violation", ("T-9", "T-1")),
        ("unknown_fact", ("面即", "面积")),
        ("missing_fact", ("面积",)),
        ("wrong_kind", ("面积", "大", "大于 0 至 100 平方米", "0.01")),
        ("out_of_domain", ("面积", "0", "大于 0 至 100 平方米")),
        ("conflicting_facts", ("次数", "2", "往日", "1")),
        ("several_tiers", ("甲", "乙")),
        ("missing_tier", ("公布的表没有写",)),
        ("below_statutory_range", ("甲", "罚款 50元 至 500元", "照录")),
        ("above_statutory_range", ("甲", "罚款 50元 至 500元", "照录")),
        ("decided_before_act", ("2026-10-31", "2026-11-01")),
        ("no_law_on_day", ("2028-12-15", "2023-12-15", "2028-12-14")),
        ("power_item_missing", ("P-1",)),
        ("power_item_not_published", ("P-1", "2023-11-22", "2023-11-23")),
        ("power_item_not_in_force", ("P-1", "2023-12-14", "2023-12-15")),
        ("not_this_violation", ("主动改正",)),
    ],
)
def test_a_refusal_repeats_what_was_found_and_says_what_was_expected(code: str, words: tuple[str, ...]) -> None:
    outcome = refused(REFUSALS[code]())

    assert [word for word in words if word not in outcome.message] == []


# --- the power item


@pytest.mark.parametrize(
    ("on", "code"),
    [
        (date(2024, 5, 31), "power_item_not_published"),
        (date(2024, 6, 1), "power_item_not_in_force"),
        (date(2024, 6, 30), "power_item_not_in_force"),
        (date(2024, 7, 1), None),
        (date(2025, 6, 30), None),
        (date(2025, 7, 1), "power_item_not_in_force"),
    ],
)
def test_a_power_is_used_only_when_published_and_in_force(on: date, code: str | None) -> None:
    catalogue = changed(
        CATALOGUE, ("公布: 2023-11-23", "公布: 2024-06-01"), ("2023-12-15 起", "2024-07-01 至 2025-06-30")
    )

    outcome = ask(book(catalogue=catalogue), {"面积": "1"}, on=on)

    assert (refused(outcome).code if code else decided(outcome).fine_fen) == (code or 5_000)


def test_a_power_in_force_before_it_is_published_may_not_be_used_yet() -> None:
    catalogue = changed(CATALOGUE, ("公布: 2023-11-23", "公布: 2024-06-01"))

    before, on_the_day = (
        ask(book(catalogue=catalogue), {"面积": "1"}, on=date(2024, 6, 1) - gap) for gap in (ONE_DAY, 0 * ONE_DAY)
    )

    assert refused(before).code == "power_item_not_published"
    assert decided(on_the_day).fine_fen == 5_000


def test_the_power_item_comes_before_everything_but_the_violation() -> None:
    nothing = book(catalogue=changed(CATALOGUE, ("P-1", "P-2")))

    outcomes = [ask(nothing, {"没有": 1}, on=date(1, 1, 1)), ask(nothing, {}, on=date(9999, 12, 31))]

    assert [refused(each).code for each in outcomes] == ["power_item_missing", "power_item_missing"]
    assert refused(ask(nothing, {}, violation="")).code == "unknown_violation"


# --- the law of the day

ALWAYS_LISTED = changed(CATALOGUE, ("公布: 2023-11-23, 施行: 2023-12-15 起", "公布: 1990-01-01, 施行: 1990-01-01 起"))


@pytest.mark.parametrize(
    ("on", "holds"),
    [
        (date(1990, 1, 1), False),
        (FIRST - ONE_DAY, False),
        (FIRST, True),
        (date(2024, 2, 29), True),
        (LAST, True),
        (LAST + ONE_DAY, False),
        (date.max, False),
    ],
)
def test_the_law_holds_from_its_first_day_to_its_last(on: date, *, holds: bool) -> None:
    outcome = ask(book(catalogue=ALWAYS_LISTED), {"面积": "1"}, on=on)

    assert isinstance(outcome, Decision) == holds


def test_the_day_before_the_first_has_no_law_though_the_power_is_listed() -> None:
    outcome = ask(book(catalogue=ALWAYS_LISTED), {"面积": "1"}, on=FIRST - ONE_DAY)

    assert refused(outcome).code == "no_law_on_day"


def test_a_law_without_a_last_day_holds_until_further_notice() -> None:
    regime = changed(REGIME, ("2023-12-15 至 2028-12-14", "2023-12-15 起"))
    open_ended = changed(RULE, ("2023-12-15 至 2028-12-14", "2023-12-15 起"))

    outcome = ask(book(open_ended, regime), {"面积": "1"}, on=date.max)

    assert decided(outcome).fine_fen == 5_000


# --- the violation


@pytest.mark.parametrize("code", ["SZCG-031 ", "SZCG-13", "szcg-013", "SZCG013"])
def test_an_unknown_code_is_answered_with_near_ones(code: str) -> None:
    outcome = refused(ask(shipped(), {}, violation=code))

    assert outcome.code == "unknown_violation"
    assert "SZCG-" in outcome.message
    assert outcome.rule is None


@pytest.mark.parametrize("code", ["", "无此行为", "x" * 10_000, "{found}", "%s", "\x00", "\ud800"])
def test_a_code_like_no_other_is_refused_without_a_guess(code: str) -> None:
    outcome = refused(ask(shipped(), {}, violation=code))

    assert outcome.code == "unknown_violation"
    assert "SZCG-" not in outcome.message
    assert len(outcome.message) < 200


# --- facts: what is asked


@pytest.mark.parametrize(
    ("when", "facts", "missing"),
    [
        ("主动改正 或 面积 ≤ 2", {"主动改正": True}, None),
        ("主动改正 或 面积 ≤ 2", {"面积": "2"}, None),
        ("主动改正 或 面积 ≤ 2", {"主动改正": False}, "面积"),
        ("主动改正 或 面积 ≤ 2", {"面积": "3"}, "主动改正"),
        ("主动改正 且 面积 ≤ 2", {"主动改正": False}, None),
        ("主动改正 且 面积 ≤ 2", {"面积": "3"}, None),
        ("主动改正 且 面积 ≤ 2", {"主动改正": True}, "面积"),
        ("非主动改正", {}, "主动改正"),
        ("非（主动改正 且 面积 ≤ 2）", {"主动改正": False}, None),
        ("地段 属于 主街、广场", {}, "地段"),
        ("地段 属于 主街、广场 或 面积 ≤ 2", {"地段": "小巷"}, "面积"),
        ("次数 ≥ 2", {}, "次数"),
        ("次数 ≥ 2", {"往日": []}, None),
        ("违法所得 > 5 且 面积 ≤ 2 且 主动改正", {}, "违法所得"),
        ("违法所得 > 5 且 面积 ≤ 2 且 主动改正", {"面积": "1"}, "违法所得"),
    ],
)
def test_a_fact_is_asked_for_only_where_the_condition_still_depends_on_it(
    when: str, facts: dict[str, str | bool], missing: str | None
) -> None:
    outcome = ask(book(rule(f"{when} => 罚款 50元")), facts)

    assert getattr(outcome, "field", None) == missing


def test_every_missing_fact_is_named_in_the_order_the_rule_asks() -> None:
    outcome = refused(ask(book(rule("违法所得 > 5 且 面积 ≤ 2 且 次数 = 1 => 罚款 50元")), {}))

    assert outcome.field == "违法所得"
    assert bare(outcome.message).startswith("还缺事实违法所得、面积、次数")


def test_a_fact_that_only_the_amount_needs_is_asked_for_when_its_row_holds() -> None:
    rulebook = book(
        rule(
            "主动改正 => 罚款 60元 × 面积",
            "非主动改正 => 罚款 50元 × 面积，没收 违法所得",
            statutory="罚款 50元 至 60元 × 面积",
        )
    )

    outcomes = [
        ask(rulebook, {"主动改正": True}),
        ask(rulebook, {"主动改正": False, "面积": "1"}),
        ask(rulebook, {"主动改正": True, "面积": "1"}),
    ]

    assert [getattr(each, "field", None) for each in outcomes] == ["面积", "违法所得", None]


def test_a_ground_for_no_penalty_is_asked_for_before_the_tier() -> None:
    ground = "不予处罚:\n  - {档次: 微, 情形: 主动改正, 处理: 不予处罚, 原文: 某}\n"

    outcome = refused(ask(book(rule("面积 ≤ 2 => 罚款 50元", before=ground)), {}))

    assert outcome.field == "主动改正"


# --- facts: what is accepted


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("面积", "1"), ("面积", "1.00"), ("面积", 1), ("面积", "0.01"), ("面积", "2.0"),
        ("主动改正", True), ("主动改正", "是"), ("主动改正", "yes"),
        ("主动改正", False), ("主动改正", "否"), ("主动改正", "no"),
        ("地段", "主街"), ("次数", 1), ("次数", "99"), ("违法所得", "0"), ("违法所得", 0), ("违法所得", "1234.56"),
        ("往日", []), ("往日", ["2026-01-01"]), ("往日", ()), ("往日", "2026-01-01,2026-02-01"), ("往日", ""),
        ("往日", ["2026-01-01"] * 98),
    ],
)  # fmt: skip
def test_a_value_of_its_kind_and_domain_is_accepted(name: str, given: str) -> None:
    outcome = ask(book(), {"面积": "1"} | {name: given})

    assert decided(outcome).fine_fen == 5_000


@pytest.mark.parametrize(
    ("name", "given", "code"),
    [
        ("面积", "0", "out_of_domain"), ("面积", "100.01", "out_of_domain"), ("面积", "-1", "out_of_domain"),
        ("面积", 101, "out_of_domain"), ("次数", 0, "out_of_domain"), ("次数", 100, "out_of_domain"),
        ("违法所得", "1000000.01", "out_of_domain"), ("违法所得", "-0.01", "out_of_domain"),
        ("面积", "1.001", "wrong_kind"), ("面积", "", "wrong_kind"), ("面积", "1e1", "wrong_kind"),
        ("面积", "1平方米", "wrong_kind"), ("面积", "１", "wrong_kind"), ("面积", "²", "wrong_kind"),
        ("面积", True, "wrong_kind"), ("面积", None, "wrong_kind"), ("面积", 1.5, "wrong_kind"),
        ("面积", float("nan"), "wrong_kind"), ("面积", ["1"], "wrong_kind"), ("面积", {}, "wrong_kind"),
        ("面积", "9" * 5_000, "wrong_kind"),
        ("次数", "1.5", "wrong_kind"), ("次数", "一", "wrong_kind"), ("次数", True, "wrong_kind"),
        ("主动改正", 1, "wrong_kind"), ("主动改正", "true", "wrong_kind"), ("主动改正", "", "wrong_kind"),
        ("主动改正", "Yes", "wrong_kind"), ("主动改正", None, "wrong_kind"), ("主动改正", [], "wrong_kind"),
        ("地段", "大街", "wrong_kind"), ("地段", "", "wrong_kind"), ("地段", 0, "wrong_kind"),
        ("地段", ["主街"], "wrong_kind"),
        ("往日", "昨天", "wrong_kind"), ("往日", ["2026-02-30"], "wrong_kind"), ("往日", [20260101], "wrong_kind"),
        ("往日", 20260101, "wrong_kind"), ("往日", {"2026-01-01": 1}, "wrong_kind"), ("往日", None, "wrong_kind"),
        ("往日", [["2026-01-01"]], "wrong_kind"), ("往日", ["2026-01-01"] * 1_001, "wrong_kind"),
        ("往日", ["2026-01-01"] * 99, "out_of_domain"),
        ("违法所得", "1.005", "wrong_kind"), ("违法所得", "1,000", "wrong_kind"), ("违法所得", 0.5, "wrong_kind"),
    ],
)  # fmt: skip
def test_a_value_of_another_kind_or_outside_the_domain_is_refused_by_name(name: str, given: str, code: str) -> None:
    outcome = refused(ask(book(), {"面积": "1"} | {name: given}))

    assert outcome.code == code
    assert outcome.field == ("次数" if len(str(given)) > 1_000 and code == "out_of_domain" else name)


@pytest.mark.parametrize(
    ("wrap", "code"),
    [
        (int, "out_of_domain"),
        (lambda huge: [huge], "wrong_kind"),
        (lambda huge: {"a": huge}, "wrong_kind"),
    ],
    ids=["alone", "list", "object"],
)
def test_a_whole_number_too_long_to_print_is_refused_like_any_other(wrap: Callable[[int], object], code: str) -> None:
    outcome = refused(ask(book(), {"面积": wrap(10**5_000)}))

    assert (outcome.code, outcome.field) == (code, "面积")
    assert len(outcome.message) < 200


def test_a_fact_of_the_regime_that_the_rule_does_not_use_is_checked_and_said_to_be_unused() -> None:
    outcome = decided(ask(book(), {"面积": "1", "违法所得": "5", "次数": 3}))

    unused = [step for step in outcome.trace if step.kind == "not_used"]
    assert [step.reads for step in unused] == [(("次数", "3"), ("违法所得", "5"))]


# --- counting


FIFTY_A_TIME = rule(
    "次数 = 1 => 罚款 50元", "次数 = 2 => 罚款 100元", "次数 = 3 => 罚款 150元", "次数 ≥ 4 => 罚款 500元"
)


@pytest.mark.parametrize(
    ("on", "days", "number"),
    [
        (date(2026, 11, 1), [], 1),
        (date(2026, 11, 1), ["2025-11-01"], 2),
        (date(2026, 11, 1), ["2025-10-31"], 1),
        (date(2026, 11, 1), ["2026-11-01"], 2),
        (date(2026, 11, 1), ["2026-11-02"], 1),
        (date(2026, 11, 1), ["2999-12-31", "1949-01-01"], 1),
        (date(2026, 11, 1), ["2026-03-05", "2026-03-05"], 3),
        (date(2026, 11, 1), ["2026-03-05", "2025-11-01", "2025-10-31"], 3),
        (date(2024, 2, 29), ["2023-02-28"], 2),
        (date(2024, 2, 29), ["2023-02-27"], 1),
        (date(2024, 2, 29), ["2023-03-01"], 2),
        (date(2025, 2, 28), ["2024-02-29"], 2),
        (date(2025, 2, 28), ["2024-02-28"], 2),
        (date(2025, 2, 28), ["2024-02-27"], 1),
        (date(2025, 3, 1), ["2024-02-29"], 1),
        (date(2025, 3, 1), ["2024-03-01"], 2),
    ],
)
def test_past_days_are_counted_in_the_window_with_the_act_itself(on: date, days: list[str], number: int) -> None:
    outcome = decided(ask(book(FIFTY_A_TIME), {"往日": days}, on=on))

    assert outcome.fine_fen == number * 5_000


@pytest.mark.parametrize(
    ("days", "number"), [(["2025-11-01"], 1), (["2025-11-02"], 2), (["2025-10-31"], 1), (["2026-11-01"], 2)]
)
def test_the_first_day_of_the_window_is_left_out_where_the_regime_says_so(days: list[str], number: int) -> None:
    regime = changed(REGIME, ("回溯首日: 计入", "回溯首日: 不计入"))

    outcome = decided(ask(book(FIFTY_A_TIME, regime), {"往日": days}))

    assert outcome.fine_fen == number * 5_000


@pytest.mark.parametrize(
    ("days", "number"), [(["2024-11-01"], 2), (["2024-10-31"], 1), (["2025-10-31", "2024-12-01"], 3)]
)
def test_the_window_is_as_long_as_the_fact_declares(days: list[str], number: int) -> None:
    regime = changed(REGIME, ("计 往日 1年内", "计 往日 2年内"))

    outcome = decided(ask(book(FIFTY_A_TIME, regime), {"往日": days}))

    assert outcome.fine_fen == number * 5_000


@pytest.mark.parametrize("stated", [2, "2"])
def test_a_stated_count_that_agrees_with_the_days_is_accepted(stated: int | str) -> None:
    outcome = decided(ask(book(FIFTY_A_TIME), {"往日": ["2026-01-01"], "次数": stated}))

    assert outcome.fine_fen == 10_000


@pytest.mark.parametrize("stated", [1, 3, 99])
def test_a_stated_count_that_the_days_contradict_is_refused(stated: int) -> None:
    outcome = refused(ask(book(FIFTY_A_TIME), {"往日": ["2026-01-01"], "次数": stated}))

    assert (outcome.code, outcome.field) == ("conflicting_facts", "次数")


def test_a_stated_count_alone_is_taken_as_it_is() -> None:
    outcome = decided(ask(book(FIFTY_A_TIME), {"次数": 2}))

    assert outcome.fine_fen == 10_000
    assert "count" not in [step.kind for step in outcome.trace]


def test_the_days_that_counted_are_in_the_trace() -> None:
    outcome = decided(ask(book(FIFTY_A_TIME), {"往日": ["2026-03-05", "2025-10-31", "2025-11-01"]}))

    (step,) = (step for step in outcome.trace if step.kind == "count")
    assert step.reads == (("往日", "2025-11-01,2026-03-05"), ("次数", "3"))


# --- grounds and preconditions


GROUND = "不予处罚:\n  - {档次: 微, 情形: 主动改正, 处理: 不予处罚, 原文: 某}\n"
ORDER_FIRST = "前提:\n  - {情形: 地段 为 主街, 否则: 只责令改正}\n"


def test_a_ground_for_no_penalty_decides_before_precondition_and_tier() -> None:
    rulebook = book(rule("面积 ≤ 2 => 罚款 50元", before=GROUND + ORDER_FIRST))

    outcome = to_wire(ask(rulebook, {"主动改正": True}))

    assert (outcome["tier"], outcome["fine_fen"]) == ("微", None)
    assert outcome["measures"] == [{"kind": "no_penalty"}, {"kind": "education", "basis": "某法第二条"}]


@pytest.mark.parametrize("turned", [False, True])
def test_a_ground_that_holds_decides_though_another_is_still_open(*, turned: bool) -> None:
    grounds = [
        "  - {档次: 微, 情形: 主动改正, 处理: 不予处罚, 原文: 某}\n",
        "  - {档次: 小, 情形: 面积 < 1, 处理: 不予处罚, 原文: 某}\n",
    ]
    rulebook = book(
        rule("面积 ≤ 2 => 罚款 50元", before="不予处罚:\n" + "".join(reversed(grounds) if turned else grounds))
    )

    outcomes = [ask(rulebook, {"主动改正": True}), ask(rulebook, {"主动改正": False})]

    assert decided(outcomes[0]).tier == "微"
    assert refused(outcomes[1]).field == "面积"


def test_where_none_need_be_imposed_it_is_asked_whether_none_shall_be() -> None:
    before = (
        "不予处罚:\n"
        "  - {档次: 微, 情形: 主动改正, 处理: 可以不予处罚, 原文: 某}\n"
        "  - {档次: 小, 情形: 面积 < 1, 处理: 不予处罚, 原文: 某}\n"
        "  - {档次: 偏, 情形: 地段 为 小巷, 处理: 可以不予处罚, 原文: 某}\n"
    )
    rulebook = book(rule("面积 ≤ 2 => 罚款 50元", before=before))

    assert refused(ask(rulebook, {"主动改正": True})).field == "面积"
    assert decided(ask(rulebook, {"主动改正": True, "面积": "1"})).tier == "微"
    assert decided(ask(rulebook, {"主动改正": True, "面积": "0.5"})).tier == "小"
    assert decided(ask(rulebook, {"面积": "0.5"})).tier == "小"


def test_no_penalty_may_be_a_tier_too_and_brings_its_own_measures() -> None:
    outcome = to_wire(ask(book(rule("次数 = 1 => 不予处罚")), {"次数": 1}))

    assert outcome["measures"] == [{"kind": "no_penalty"}, {"kind": "education", "basis": "某法第二条"}]


def test_a_ground_that_does_not_hold_leaves_the_tier() -> None:
    rulebook = book(rule("面积 ≤ 2 => 罚款 50元", before=GROUND))

    outcome = to_wire(ask(rulebook, {"主动改正": False, "面积": "1"}))

    assert outcome["tier"] == "甲"
    assert outcome["measures"] == [
        {"kind": "fine", "amount_fen": 5_000},
        {"kind": "order_to_correct", "basis": "某法第一条"},
    ]


def test_an_unmet_precondition_is_an_order_to_correct_and_nothing_else() -> None:
    rulebook = book(rule("面积 ≤ 2 => 罚款 50元", before=ORDER_FIRST))

    outcome = decided(ask(rulebook, {"地段": "小巷"}))

    assert (outcome.tier, outcome.fine_fen) == ("", None)
    assert [each["kind"] for each in to_wire(outcome)["measures"]] == ["order_to_correct"]  # type: ignore[union-attr,index,call-overload]  # a list of objects


def test_preconditions_are_looked_at_in_their_order() -> None:
    rulebook = book(
        rule("面积 ≤ 2 => 罚款 50元", before=ORDER_FIRST + "  - {情形: 主动改正, 否则: 不构成本违法行为}\n")
    )

    outcomes = [
        ask(rulebook, {"地段": "小巷", "主动改正": False}),
        ask(rulebook, {"地段": "主街", "主动改正": False}),
        ask(rulebook, {"地段": "主街", "主动改正": True, "面积": "1"}),
    ]

    assert decided(outcomes[0]).fine_fen is None
    assert refused(outcomes[1]).code == "not_this_violation"
    assert decided(outcomes[2]).fine_fen == 5_000


# --- tiers


HEAVIER_SECOND = ("面积 ≥ 2 => 罚款 60元", "主动改正 => 警告，罚款 70元", "地段 为 主街 => 警告")
EACH = {"面积": "2", "主动改正": True, "地段": "主街"}


def test_the_heavier_of_several_rows_wins_where_the_regime_says_so() -> None:
    outcome = decided(ask(book(rule(*HEAVIER_SECOND)), EACH))

    assert (outcome.tier, outcome.fine_fen) == ("乙", 7_000)
    assert "heavier_tier" in [step.kind for step in outcome.trace]


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_the_order_of_rows_does_not_matter(order: tuple[int, ...]) -> None:
    outcome = decided(ask(book(rule(*(HEAVIER_SECOND[index] for index in order))), EACH))

    assert outcome.fine_fen == 7_000


def test_rows_that_weigh_the_same_are_refused_though_the_heavier_wins() -> None:
    outcome = refused(ask(book(rule("面积 ≥ 2 => 罚款 60元", "主动改正 => 罚款 60元，警告")), EACH))

    assert outcome.code == "several_tiers"


@pytest.mark.parametrize("other", ["警告，没收「物」", "罚款 60元，警告", "罚款 60元，吊销「证」", "没收 违法所得"])
def test_a_dearer_row_that_lacks_a_measure_of_the_other_is_not_heavier_beyond_doubt(other: str) -> None:
    rulebook = book(rule("面积 ≥ 2 => 罚款 70元", f"主动改正 => {other}"))

    outcome = refused(ask(rulebook, EACH | {"违法所得": "5"}))

    assert outcome.code == "several_tiers"


@pytest.mark.parametrize(
    ("one", "two", "code"),
    [
        # Each has a measure that the other lacks: no figure makes one of them the heavier.
        ("罚款 60元，没收「物」", "罚款 70元，没收 违法所得", "several_tiers"),
        ("罚款 60元，警告", "罚款 2 × 违法所得，没收「物」", "several_tiers"),
        ("罚款 60元，警告", "罚款 2 × 违法所得，警告", "missing_fact"),
    ],
)
def test_what_makes_no_tier_the_heavier_is_not_asked_for(one: str, two: str, code: str) -> None:
    rulebook = book(
        rule(f"面积 ≥ 2 => {one}", f"主动改正 => {two}", statutory="罚款 50元 以上", before="超出法定幅度: 取边界\n")
    )

    assert refused(ask(rulebook, EACH)).code == code


def test_a_warning_alone_gives_way_to_a_fine() -> None:
    outcome = ask(book(rule("面积 ≥ 2 => 罚款 70元", "主动改正 => 警告")), EACH)

    assert decided(outcome).fine_fen == 7_000


def test_rows_that_come_to_the_same_are_no_conflict() -> None:
    outcome = ask(book(rule("面积 ≥ 2 => 罚款 70元", "主动改正 => 罚款 70元"), refuse_ties()), EACH)

    assert decided(outcome).fine_fen == 7_000


def test_which_row_is_heavier_depends_on_the_facts() -> None:
    rulebook = book(
        rule(
            "面积 ≥ 2 => 罚款 60元 × 面积，没收 违法所得",
            "主动改正 => 罚款 50元 × 面积",
            statutory="罚款 50元 至 60元 × 面积",
        )
    )

    outcome = decided(ask(rulebook, {"面积": "2.01", "主动改正": True, "违法所得": "3"}))

    assert (outcome.tier, outcome.fine_fen) == ("甲", 12_060)


def test_a_defective_row_that_is_the_heavier_is_refused_by_its_defect() -> None:
    outcome = refused(ask(book(rule("面积 ≥ 2 => 罚款 501元", "主动改正 => 罚款 500元", defects=ABOVE)), EACH))

    assert outcome.code == "above_statutory_range"


def test_no_row_without_a_marked_gap_is_no_tier() -> None:
    marked = book(rule("面积 < 2 => 罚款 50元", defects=NO_TIER_HERE))

    outcomes = [ask(marked, {"面积": "2", "主动改正": corrected}) for corrected in (False, True)]

    assert [refused(each).code for each in outcomes] == ["missing_tier", "no_tier"]


# --- amounts


@pytest.mark.parametrize(
    ("outcome_cell", "statutory", "facts", "fen"),
    [
        ("罚款 50元 × 面积", "罚款 50元 × 面积", {"面积": "3.5"}, 17_500),
        ("罚款 50元 × 面积", "罚款 50元 × 面积", {"面积": "0.01"}, 50),
        ("罚款 0.05元 × 面积", "罚款 0.01元 至 1元 × 面积", {"面积": "0.99"}, 4),
        ("罚款 1.5倍 × 违法所得", "罚款 1倍 至 2倍 × 违法所得", {"违法所得": "800"}, 120_000),
        ("罚款 1.5倍 × 违法所得", "罚款 1倍 至 2倍 × 违法所得", {"违法所得": "0.01"}, 1),
        ("罚款 1.5倍 × 违法所得", "罚款 1倍 至 2倍 × 违法所得", {"违法所得": "0.03"}, 4),
        ("罚款 1.5倍 × 违法所得", "罚款 1倍 至 2倍 × 违法所得", {"违法所得": "0"}, 0),
        ("罚款 0.333333倍 × 违法所得", "罚款 0倍 至 2倍 × 违法所得", {"违法所得": "1000000"}, 33_333_300),
    ],
)
def test_an_amount_is_exact_and_then_rounded_down_to_a_fen(
    outcome_cell: str, statutory: str, facts: dict[str, str], fen: int
) -> None:
    outcome = decided(ask(book(rule(f"次数 ≥ 1 => {outcome_cell}", statutory=statutory)), facts | {"次数": 1}))

    assert outcome.fine_fen == fen


@pytest.mark.parametrize(
    ("how", "area", "fen"),
    [
        ("1元，舍去", "1.99", 2_900),
        ("1元，进位", "1.99", 3_000),
        ("1元，四舍五入", "1.03", 1_500),
        ("1元，四舍五入", "1.04", 1_600),
        ("10元，四舍五入", "1", 2_000),
        ("10元，四舍五入", "2", 3_000),
        ("1分，舍去", "1.99", 2_985),
    ],
)
def test_rounding_is_as_the_regime_declares(how: str, area: str, fen: int) -> None:
    rulebook = book(rule("次数 = 1 => 罚款 15元 × 面积", statutory="罚款 1元 至 100元 × 面积"), rounding(how))

    outcome = decided(ask(rulebook, {"次数": 1, "面积": area}))

    assert outcome.fine_fen == fen


@pytest.mark.parametrize(
    ("how", "area", "fen"),
    [
        ("10元，四舍五入", "1", 1_600),
        ("10元，舍去", "1", 1_500),
        ("1元，舍去", "1.99", 2_985),
        ("100元，舍去", "2", 3_000),
        ("100元，进位", "2", 3_200),
        ("1万元，进位", "0.01", 16),
    ],
)
def test_rounding_never_leaves_the_statutory_range(how: str, area: str, fen: int) -> None:
    rulebook = book(rule("次数 = 1 => 罚款 15元 × 面积", statutory="罚款 15元 至 16元 × 面积"), rounding(how))

    outcome = decided(ask(rulebook, {"次数": 1, "面积": area}))

    assert outcome.fine_fen == fen


def test_what_rounding_did_is_in_the_trace() -> None:
    rulebook = book(
        rule("次数 = 1 => 罚款 15元 × 面积", statutory="罚款 15元 至 16元 × 面积"), rounding("10元，四舍五入")
    )

    outcome = decided(ask(rulebook, {"次数": 1, "面积": "1"}))

    amounts = [(step.kind, step.before, step.after) for step in outcome.trace if step.after is not None]
    assert amounts == [("amount", None, 1_500), ("rounding", 1_500, 2_000), ("statutory_range", 2_000, 1_600)]


@pytest.mark.parametrize(("gains", "kinds"), [("0", ["fine"]), ("0.01", ["fine", "confiscate_gains"])])
def test_gains_are_confiscated_where_there_are_any(gains: str, kinds: list[str]) -> None:
    rulebook = book(rule("次数 = 1 => 罚款 50元，没收 违法所得"))

    outcome = decided(ask(rulebook, {"次数": 1, "违法所得": gains}))

    wire = [each for each in to_wire(outcome)["measures"] if isinstance(each, dict)]  # type: ignore[union-attr]  # a list
    assert [each["kind"] for each in wire if each["kind"] != "order_to_correct"] == kinds


def test_several_measures_are_imposed_together_as_written() -> None:
    rulebook = book(rule("次数 = 1 => 警告，罚款 50元，没收「工具（全部）」，吊销「许可证」，没收 违法所得，教育"))

    outcome = to_wire(ask(rulebook, {"次数": 1, "违法所得": "12.34"}))

    assert outcome["measures"] == [
        {"kind": "warning"},
        {"kind": "fine", "amount_fen": 5_000},
        {"kind": "confiscate_goods", "goods": "工具（全部）"},
        {"kind": "revoke_licence", "licence": "许可证"},
        {"kind": "confiscate_gains", "amount_fen": 1_234},
        {"kind": "education"},
        {"kind": "order_to_correct", "basis": "某法第一条"},
    ]


def test_a_row_that_only_warns_has_no_fine() -> None:
    outcome = decided(ask(book(rule("次数 = 1 => 警告")), {"次数": 1}))

    assert outcome.fine_fen is None
    assert to_wire(outcome)["fine_fen"] is None
