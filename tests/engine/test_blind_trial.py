"""Corners that a blind trial of the rule language found: each was a wrong outcome, a crash, or a silence."""

from fractions import Fraction

import pytest

from engine import Outcome
from engine.explain import explain
from engine.tree import Compare, Marginal
from tests.engine.kit import RULE, ask, book, changed, codes, decided, files, findings

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
    change = "超出法定幅度: 取边界\n调整: [{名: 减轻, 情形: 主动改正, 处理: '下浮 50%，可低于法定下限', 依据: 某法第五条}]\n裁量表:"
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
