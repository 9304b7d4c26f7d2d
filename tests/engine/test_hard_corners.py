"""Corners that were once wrong: each loads, refuses or asks as it should now."""

import pytest

from tests.engine.kit import (
    REGIME,
    RULE,
    ask,
    book,
    changed,
    codes,
    decided,
    files,
    findings,
    refused,
    shipped,
)
from tests.engine.test_decide import rule


def changed_rule(*changes: tuple[str, str]) -> list[str]:
    return codes(findings(files(changed(RULE, *changes))))


def test_a_gap_that_hangs_on_a_missing_fact_is_asked_for_and_not_answered() -> None:
    facts = {"应急处置演练": "开展过但未定期", "逾期未改正": True}

    refusal = refused(ask(shipped(), facts, violation="SZCG-073"))

    assert (refusal.code, refusal.field) == ("missing_fact", "建立应急处置预案")


def test_what_cannot_change_the_heavier_row_is_not_asked_for() -> None:
    facts = {"轻微并及时改正": False, "拒不改正": True, "威胁辱骂殴打工作人员": True}

    decision = decided(ask(shipped(), facts, violation="SZCG-002"))

    assert decision.fine_fen == 500_000


def test_deeply_nested_facts_are_refused() -> None:
    nested: list[object] = []
    for _ in range(5_000):
        nested = [nested]

    refusal = refused(ask(book(), {"面积": nested}))

    assert refusal.code == "wrong_kind"


@pytest.mark.parametrize(
    ("domain", "days"), [("3 至 99", []), ("1 至 小于 3", ["2026-10-01", "2026-10-02"])], ids=["below", "above"]
)
def test_a_counted_number_must_lie_in_its_domain(domain: str, days: list[str]) -> None:
    rulebook = book(rule("次数 ≥ 1 => 罚款 50元"), changed(REGIME, ("1 至 99", domain)))

    refusal = refused(ask(rulebook, {"往日": days}))

    assert refusal.code == "out_of_domain"


@pytest.mark.parametrize("outcome", ["罚款 50元", "没收 违法所得", "不予处罚"])
def test_general_law_adds_only_orders_and_education(outcome: str) -> None:
    regime = changed(REGIME, ("处理: 责令改正", f"处理: {outcome}"))

    assert codes(findings(files(regime=regime))) == ["not_general"]


@pytest.mark.parametrize(
    "change",
    [
        ("法定幅度: 罚款 50元 至 500元", "法定幅度: {}"),
        ("依据: {条款: 某条例第三条, 原文: 处五十元以上五百元以下罚款。}", "依据: []"),
    ],
    ids=["range", "basis"],
)
def test_an_empty_section_is_a_finding(change: tuple[str, str]) -> None:
    assert changed_rule(change) == ["nothing_there"]


def test_a_rule_with_an_empty_list_of_cases_is_a_finding() -> None:
    assert codes(findings(files(RULE[: RULE.index("用例:")] + "用例: []\n"))) == ["nothing_there"]


def test_two_cases_without_a_name_are_two_findings_and_no_crash() -> None:
    nameless = '  - {日: 2026-11-01, 给: {面积: "1"}, 得: 罚款 50元}\n'

    assert codes(findings(files(RULE + nameless + nameless))) == ["missing_key", "missing_key"]


def test_a_precision_of_one_before_a_domain_of_hundreds_is_two_numbers() -> None:
    assert (
        changed_rule(
            ("精确到 0.01，大于 0 至 100", "精确到 1，100 至 500"),
            ('面积: "1"', '面积: "100"'),
            ("罚款 50元}", "罚款 500元}"),
        )
        == []
    )


def test_many_negations_side_by_side_are_not_deep() -> None:
    assert changed_rule(("情形: 面积 ≤ 2", "情形: 面积 ≤ 2 且 " + " 且 ".join(["非主动改正"] * 21))) == []


def test_a_language_in_quotes_is_read() -> None:
    assert "unknown_kind_of_file" not in codes(findings(files(x='language: "English"\nviolation: T-2\n')))


def test_a_full_width_letter_in_a_name_is_a_finding() -> None:
    assert "bad_name" in changed_rule(("地段: 选项", "面积Ａ: 是否\n  地段: 选项"))


@pytest.mark.parametrize(
    "cell", ['"面积 \\u2264 2 且 丁"', "'面积 ≤ 2 且 丁'", "面积 ≤ 2 且 丁"], ids=["escape", "quoted", "plain"]
)
def test_a_place_is_exact_or_the_start_of_its_cell(cell: str) -> None:
    text = changed(RULE, ("情形: 面积 ≤ 2", f"情形: {cell}"))

    (finding,) = findings(files(text))

    line = text.splitlines()[finding.place.line - 1]
    at = line[finding.place.column - 1]
    assert at == "丁" or ("\\" in cell and line[: finding.place.column - 1].endswith('情形: "'))


@pytest.mark.parametrize("colon", ["类别：市容", "类别:市容"])
def test_a_colon_that_is_none_is_named_on_its_own_line(colon: str) -> None:
    (finding,) = findings(files(changed(RULE, ("类别: 市容", colon))))

    assert finding.place.line == 3
    assert "冒号" in finding.repair


def test_a_full_width_comma_between_braces_is_named() -> None:
    (finding,) = findings(files(changed(RULE, ("名: 一平方米, 日", "名: 一平方米， 日"))))

    assert "逗号" in finding.repair


def test_a_regime_without_its_days_adds_no_complaint_to_its_rules() -> None:
    regime = changed(REGIME, ("施行: 2023-12-15 至 2028-12-14\n", ""))

    assert codes(findings(files(regime=regime))) == ["missing_key"]


def test_every_question_a_regime_leaves_open_comes_with_its_repair() -> None:
    regime = REGIME
    for line in ("以上以下: 含本数\n", "回溯首日: 计入\n", "数档并合: 从重\n", "取整: 1分，舍去\n"):
        regime = changed(regime, (line, ""))

    found = findings(files(regime=regime))

    assert [each.code for each in found] == ["question"] * 4
    assert all(each.repair for each in found)


def test_a_value_with_line_breaks_is_shown_on_one_line() -> None:
    refusal = refused(ask(book(), {"面积": "一\n二"}))

    assert "\n" not in refusal.message
