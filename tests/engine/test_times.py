"""Measures whose time or figure is computed: what can be said, what it comes to, and what is refused."""

from typing import Any

import pytest

from engine import Decision, RuleFilesInvalid, load_rulebook, to_wire
from engine.explain import measure_text
from engine.rule_cases import run_cases
from tests.engine.kit import REGIME, RULE, ask, changed, codes, decided, files, refused
from tests.engine.test_language import law

VALUES = "停: {行: 面积, 表: {小于 10: 1, 10 以上: 2}}\n扣分: 2 × 停\n几份: 份数(倍数, 0.5)\n一半: 停 ÷ 2"


def measured(outcome: str, facts: dict[str, Any]) -> list[Any]:
    """Decide and return the measures of the row itself."""
    wire: Any = to_wire(decided(ask(law(f"面积 ≥ 0 => {outcome}", computed=VALUES), {"面积": "10", **facts})))
    return [each for each in wire["measures"] if "basis" not in each]


@pytest.mark.parametrize(
    ("outcome", "facts", "expected"),
    [
        ("暂扣「证」 停 月", {}, {"kind": "suspend_licence", "licence": "证", "time": "2", "unit": "month"}),
        ("暂扣「证」 (停 + 1) 个月", {}, {"kind": "suspend_licence", "licence": "证", "time": "3", "unit": "month"}),
        ("暂扣「证」 2 × 停 月", {}, {"kind": "suspend_licence", "licence": "证", "time": "4", "unit": "month"}),
        ("责令停产停业 几份 日", {"倍数": "1.1"}, {"kind": "stop_business", "time": "3", "unit": "day"}),
        ("限制「从业」 扣分 年", {}, {"kind": "restrict", "what": "从业", "time": "4", "unit": "year"}),
        ("拘留 停 天", {}, {"kind": "detention", "time": "2", "unit": "day"}),
        (
            "拘留 天数(起日, 止日) 日",
            {"起日": "2026-05-01", "止日": "2026-05-04"},
            {"kind": "detention", "time": "3", "unit": "day"},
        ),
        ("另计「记分」 扣分 点", {}, {"kind": "output", "name": "记分", "value": "4", "unit": "point"}),
        ("另计「学时」 一半 小时", {}, {"kind": "output", "name": "学时", "value": "1", "unit": "hour"}),
        ("另计「限期」 停 日", {}, {"kind": "output", "name": "限期", "value": "2", "unit": "day"}),
    ],
)
def test_a_time_may_be_computed_and_its_unit_stands_behind_it(
    outcome: str, facts: dict[str, Any], expected: dict[str, str]
) -> None:
    assert measured(outcome, facts) == [expected]


@pytest.mark.parametrize(
    ("outcome", "code"),
    [
        ("暂扣「证」 停", "wrong_arguments"),  # of what?
        ("暂扣「证」 停 点", "wrong_arguments"),
        ("暂扣「证」 6 平方米", "wrong_arguments"),
        ("暂扣「证」 一半 月", "wrong_arguments"),  # nobody knows how long half a month is
        ("暂扣「证」 1.5 月", "wrong_arguments"),
        ("另计「限期」 一半 日", "wrong_arguments"),
        ("暂扣「证」 同类 月", "unit_mismatch"),  # declared in times
        ("暂扣「证」 天数(起日, 止日) 月", "unit_mismatch"),
        ("暂扣「证」 货值 月", "unit_mismatch"),
        ("另计「某」 占比 %", "unit_mismatch"),
        ("另计「某」 温度 度", "unit_mismatch"),  # a unit of the file's own stands with its fact
        ("暂扣「证」 停 月 月", "cell_syntax"),
    ],
)
def test_a_time_that_nobody_can_count_is_refused_at_load(outcome: str, code: str) -> None:
    with pytest.raises(RuleFilesInvalid) as invalid:
        law(f"面积 ≥ 0 => {outcome}", computed=VALUES)

    assert codes(invalid.value.findings) == [code]


RANGES = [
    ("拘留 10日 以下", {"kind": "detention", "time_low": None, "time_high": "10", "unit": "day"}, "行政拘留 10 日以下"),
    (
        "拘留 5日 至 10日",
        {"kind": "detention", "time_low": "5", "time_high": "10", "unit": "day"},
        "行政拘留 5 至 10 日",
    ),
    ("拘留 5 至 10日", {"kind": "detention", "time_low": "5", "time_high": "10", "unit": "day"}, "行政拘留 5 至 10 日"),
    (
        "暂扣「驾驶证」 3个月以上6个月以下",
        {"kind": "suspend_licence", "licence": "驾驶证", "time_low": "3", "time_high": "6", "unit": "month"},
        "暂扣驾驶证 3 至 6 月",
    ),
    (
        "责令停产停业 10日 以上",
        {"kind": "stop_business", "time_low": "10", "time_high": None, "unit": "day"},
        "责令停产停业 10 日以上",
    ),
    (
        "限制「从业」 1 至 5年",
        {"kind": "restrict", "what": "从业", "time_low": "1", "time_high": "5", "unit": "year"},
        "限制从业 1 至 5 年",
    ),
    (
        "另计「滞纳金」 0.5元 至 3元",
        {"kind": "output", "name": "滞纳金", "value_low": "0.5", "value_high": "3", "unit": "yuan"},
        "另计滞纳金 0.5 至 3 元",
    ),
    (
        "另计「份额」 5 至 10%",
        {"kind": "output", "name": "份额", "value_low": "0.05", "value_high": "0.1", "unit": "percent"},
        "另计份额 5 至 10 %",
    ),
]


@pytest.mark.parametrize(("outcome", "expected", "said"), RANGES, ids=[each[0] for each in RANGES])
def test_a_time_the_law_leaves_between_two_ends_is_the_published_range(
    outcome: str, expected: dict[str, str | None], said: str
) -> None:
    (found,) = measured(outcome, {})

    assert found == expected
    assert measure_text(found, "zh", "CNY") == said


@pytest.mark.parametrize(
    ("measure", "said"),
    [
        ({"kind": "detention", "time_low": None, "time_high": "1", "unit": "day"}, "detention up to 1 day"),
        ({"kind": "detention", "time_low": "5", "time_high": "10", "unit": "day"}, "detention 5 to 10 days"),
        (
            {"kind": "stop_business", "time_low": "10", "time_high": None, "unit": "day"},
            "stop of business 10 days or more",
        ),
        ({"kind": "output", "name": "share", "value": "0.05", "unit": "percent"}, "also share 5 %"),
    ],
)
def test_a_range_of_a_time_is_told_in_english(measure: dict[str, Any], said: str) -> None:
    assert measure_text(measure, "en", "CNY") == said


@pytest.mark.parametrize(
    ("outcome", "code"),
    [
        ("拘留 10日 至 5日", "bad_domain"),
        ("拘留 5日 至 5日", "bad_domain"),  # that is one figure
        ("拘留 5 至 10", "wrong_arguments"),  # of what?
        ("暂扣「证」 6月 至 1年", "unit_mismatch"),
        ("暂扣「证」 0.5 至 6月", "wrong_arguments"),
        ("另计「某」 1元 至 3点", "unit_mismatch"),
        ("拘留 5日 至", "cell_ends_early"),
    ],
)
def test_a_range_of_a_time_that_says_nothing_is_refused_at_load(outcome: str, code: str) -> None:
    with pytest.raises(RuleFilesInvalid) as invalid:
        law(f"面积 ≥ 0 => {outcome}", computed=VALUES)

    assert codes(invalid.value.findings) == [code]


def test_a_test_case_expects_the_range_and_no_figure_in_it() -> None:
    for expected, passes in [("拘留 5日 至 10日", True), ("拘留 5日", False), ("拘留 10日 以下", False)]:
        bent = changed(
            RULE,
            ("罚款 50元\n    原文", "罚款 50元，拘留 5 至 10日\n    原文"),
            ("得: 罚款 50元", f"得: 罚款 50元，{expected}"),
        )
        (result,) = run_cases(load_rulebook(files(bent)))

        assert result.passed is passes
        assert "拘留 5 日 至 10 日" in result.found


def test_only_the_same_range_is_as_heavy() -> None:
    def both(one: str, other: str) -> str:
        outcome = ask(law(f"面积 ≥ 0 => {one}", f"面积 ≥ 1 => {other}", regime=REGIME), {"面积": "10"})
        return outcome.tier if isinstance(outcome, Decision) else outcome.code

    assert both("罚款 100元，拘留 5 至 10日", "罚款 200元，拘留 5 至 10日") == "乙"
    assert both("拘留 5 至 10日", "拘留 5日 至 10日") == "乙"
    assert both("罚款 100元，拘留 5 至 10日", "罚款 200元，拘留 10日 以下") == "several_tiers"
    assert both("罚款 100元，拘留 5日", "罚款 200元，拘留 5 至 10日") == "several_tiers"


ON_OTHERS = [
    ("对「个人」警告", {"kind": "warning"}, "对个人警告", "warning on 个人"),
    (
        "对「个人」拘留 5日 至 10日",
        {"kind": "detention", "time_low": "5", "time_high": "10", "unit": "day"},
        "对个人行政拘留 5 至 10 日",
        "detention on 个人 5 to 10 days",
    ),
    (
        "对「个人」限制「从业」 5年",
        {"kind": "restrict", "what": "从业", "time": "5", "unit": "year"},
        "对个人限制从业 5 年",
        "restriction of 从业 on 个人 5 years",
    ),
    ("对「个人」吊销「证」", {"kind": "revoke_licence", "licence": "证"}, "对个人吊销证", "revocation of 证 on 个人"),
    (
        "对「个人」没收 货值",
        {"kind": "confiscate_gains", "amount_fen": 500},
        "对个人没收违法所得 5 元",
        "confiscation of unlawful gains on 个人 5 yuan",
    ),
]


@pytest.mark.parametrize(("outcome", "expected", "zh", "en"), ON_OTHERS, ids=[each[0] for each in ON_OTHERS])
def test_any_measure_may_be_imposed_on_another_person_or_body(
    outcome: str, expected: dict[str, Any], zh: str, en: str
) -> None:
    (found,) = measured(outcome, {"货值": "5"})

    assert found == {**expected, "payer": "个人"}
    assert (measure_text(found, "zh", "CNY"), measure_text(found, "en", "CNY")) == (zh, en)


@pytest.mark.parametrize(
    ("outcome", "code"),
    [
        ("对「个人」不予处罚", "no_penalty_with_others"),
        ("对「个人」可以不予处罚", "no_penalty_with_others"),
        ("对「个人」拒绝", "no_penalty_with_others"),
        ("对「个人」", "cell_ends_early"),
        ("对「个人」不超过 5元", "cell_syntax"),
        ("对「个人」对「单位」警告", "cell_syntax"),
        ("对「个人」警告，不超过 5元", "bound_without_fine"),
    ],
)
def test_a_measure_on_another_that_says_nothing_is_refused_at_load(outcome: str, code: str) -> None:
    with pytest.raises(RuleFilesInvalid) as invalid:
        law(f"面积 ≥ 0 => {outcome}", computed=VALUES)

    assert codes(invalid.value.findings) == [code]


def test_a_warning_of_another_is_no_warning_of_the_party() -> None:
    bent = changed(
        RULE, ("罚款 50元\n    原文", "警告，对「个人」警告\n    原文"), ("得: 罚款 50元", "得: 警告，对「个人」警告")
    )
    (result,) = run_cases(load_rulebook(files(bent)))
    (other,) = run_cases(load_rulebook(files(changed(bent, ("得: 警告，对「个人」警告", "得: 警告")))))
    outcome = ask(law("面积 ≥ 0 => 对「个人」警告", "面积 ≥ 1 => 罚款 100元", regime=REGIME), {"面积": "10"})

    assert (result.passed, other.passed) == (True, False)
    # A warning of the party gives way to its fine; that of another does not.
    assert not isinstance(outcome, Decision)
    assert outcome.code == "several_tiers"


@pytest.mark.parametrize(
    ("outcome", "told"),
    [
        ("另计「记分」 6分", "记分写“6点”；是钱的，写“0.06元”"),
        ("另计「记分」 停 × 12分", "“12点”"),
        ("另计「记分」 1分 至 3分", "“1点”"),
    ],
)
def test_hundredths_below_one_unit_are_not_taken_for_points(outcome: str, told: str) -> None:
    with pytest.raises(RuleFilesInvalid) as invalid:
        law(f"面积 ≥ 0 => {outcome}", computed=VALUES)

    (finding,) = invalid.value.findings
    assert finding.code == "points_or_money"
    assert told in finding.repair


def test_points_and_money_of_a_unit_or_more_are_what_they_say() -> None:
    figures = [measured(f"另计「某」 {text}", {})[0] for text in ("6点", "0.06元", "600分", "100分")]

    assert [(each["value"], each["unit"]) for each in figures] == [
        ("6", "point"), ("0.06", "yuan"), ("6", "yuan"), ("1", "yuan"),
    ]  # fmt: skip
    # A fine in hundredths is a fine.
    assert measured("罚款 10001分，另计「某」 1点", {})[0]["amount_fen"] == 10001


COMPUTED = [
    ("拘留 2 × 同类 日 至 15日", 3, {"kind": "detention", "time_low": "6", "time_high": "15", "unit": "day"}),
    ("拘留 5 至 (2 × 同类) 日", 4, {"kind": "detention", "time_low": "5", "time_high": "8", "unit": "day"}),
    ("拘留 (2 × 同类) 日 以下", 4, {"kind": "detention", "time_low": None, "time_high": "8", "unit": "day"}),
    ("拘留 2 × 同类 日 至 6日", 3, {"kind": "detention", "time": "6", "unit": "day"}),
    (
        "另计「费」 10元 × 同类 至 50元",
        3,
        {"kind": "output", "name": "费", "value_low": "30", "value_high": "50", "unit": "yuan"},
    ),
    ("另计「费」 10元 × 同类 至 50元", 5, {"kind": "output", "name": "费", "value": "50", "unit": "yuan"}),
]


@pytest.mark.parametrize(("outcome", "items", "expected"), COMPUTED)
def test_an_end_of_a_range_may_be_computed(outcome: str, items: int, expected: dict[str, str | None]) -> None:
    (found,) = measured(outcome, {"同类": items})

    assert found == expected


def test_ends_that_cross_are_refused_by_name() -> None:
    outcome = refused(ask(law("面积 ≥ 0 => 拘留 2 × 同类 日 至 15日"), {"面积": "1", "同类": 8}))

    assert (outcome.code, "16" in outcome.message, "15" in outcome.message) == ("ends_crossed", True, True)


@pytest.mark.parametrize(
    ("outcome", "code"),
    [("拘留 面积 日 至 15日", "unit_mismatch"), ("拘留 同类 ÷ 2 日 至 15日", "wrong_arguments")],
)
def test_a_computed_end_is_a_whole_number_in_its_unit(outcome: str, code: str) -> None:
    with pytest.raises(RuleFilesInvalid) as invalid:
        law(f"面积 ≥ 0 => {outcome}")

    assert codes(invalid.value.findings) == [code]
