"""The cases inside rule files are run as the specification: right ones pass, wrong ones are reported."""

import pytest

from engine.rule_cases import run_cases
from tests.engine.kit import RULE, book, changed, shipped


def test_every_shipped_case_passes() -> None:
    results = list(run_cases(shipped()))

    assert [f"{each.rule.code} {each.case.name}: {each.found}" for each in results if not each.passed] == []
    assert len(results) > 300


def test_every_shipped_rule_has_a_case() -> None:
    with_cases = {each.rule.code for each in run_cases(shipped())}

    assert with_cases == set(shipped().rules)


@pytest.mark.parametrize(
    ("expect", "passed"),
    [
        ("罚款 50元", True),
        ("罚款 50.00元", True),
        ("罚款 5000分", True),
        ("罚款 50元，责令改正", True),
        ("罚款 51元", False),
        ("罚款 50元，警告", False),
        ("罚款 50元，教育", False),
        ("警告", False),
        ("责令改正", False),
        ("不予处罚", False),
        ("拒绝 缺少事实", False),
        ("拒绝 无档可用", False),
    ],
)
def test_an_expectation_is_compared_with_what_is_imposed(expect: str, *, passed: bool) -> None:
    (result,) = run_cases(book(changed(RULE, ("得: 罚款 50元", f'得: "{expect}"'))))

    assert result.passed == passed
    assert result.found.startswith("罚款 50 元")


@pytest.mark.parametrize(
    ("given", "expect", "passed"),
    [
        ('{面积: "0"}', "拒绝 超出范围", True),
        ("{}", "拒绝 缺少事实", True),
        ("{面积: 大}", "拒绝 种类不对", True),
        ('{面积: "0"}', "拒绝 缺少事实", False),
        ('{面积: "0"}', "罚款 50元", False),
        ('{面积: "1", 往日: [2026-01-01], 次数: 1}', "拒绝 事实矛盾", True),
    ],
)
def test_an_expected_refusal_must_be_refused_by_that_name(given: str, expect: str, *, passed: bool) -> None:
    (result,) = run_cases(book(changed(RULE, ('{面积: "1"}', given), ("得: 罚款 50元", f"得: {expect}"))))

    assert result.passed == passed
    assert result.found.startswith("拒绝")


def test_a_failed_case_says_what_was_expected_and_what_came() -> None:
    (result,) = run_cases(book(changed(RULE, ("得: 罚款 50元", "得: 罚款 500元"))))

    assert (result.rule.code, result.case.name) == ("T-1", "一平方米")
    assert result.expected == "罚款 500 元"
    assert result.found.startswith("罚款 50 元")


def test_a_case_on_a_day_without_law_is_a_refusal() -> None:
    (result,) = run_cases(
        book(changed(RULE, ("日: 2026-11-01", "日: 2029-01-01"), ("得: 罚款 50元", "得: 拒绝 当日无法可依")))
    )

    assert result.passed
