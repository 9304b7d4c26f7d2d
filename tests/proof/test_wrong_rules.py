"""For every property one rule that breaks it on purpose, and the same rule repaired.

The wrong one is refuted by a case that the engine has answered; the repaired one is proved. Where a grid of cases can
show the property, both are tried case by case: by the engine alone, and by nothing of the proof.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise, product
from typing import get_args

import pytest

from engine import Decision, Outcome, Refusal, Rulebook, decide
from engine.proof import Proof, Property, Shown
from engine.prove import prove
from engine.witness import Witness
from tests.engine.kit import DAY, RULE, book, changed

Facts = dict[str, str]
Grid = Mapping[str, tuple[str, ...]]
Holds = Callable[[list[tuple[Facts, Outcome]]], bool]

AREAS = ("0.01", "1", "1.99", "2", "2.01", "2.5", "3", "3.01", "24.99", "50", "100")
SPREAD: Grid = {"面积": AREAS}
COUNTS: Grid = {"次数": ("1", "2", "3", "10", "11", "50", "99")}
UP_TO = "法定幅度: 罚款 50元 至 500元", "法定幅度: 罚款 800元以下"
REFUSED = "超出法定幅度: 拒绝\n调整:\n  - {{名: 总是, 情形: 面积 ≥ 0, 处理: '{0}', 依据: 某}}\n"
SHARE = (
    REFUSED.format("加 700元，不超过 3元 × 面积")
    .replace("面积 ≥ 0", "{0}")
    .replace("{名", "{{名")
    .replace("某}", "某}}")
)
LIMITED = "超出法定幅度: 取边界\n"
MILDER = LIMITED + "调整:\n  - {{名: 改正, 情形: 主动改正, 处理: '{0}', 依据: 某}}\n"
FINED = ("面积 ≤ 2", "罚款 50元"), ("面积 > 2", "罚款 500元")


def rule(
    *rows: tuple[str, str], more: str = "", facts: tuple[str, str] | None = None, limits: tuple[str, str] | None = None
) -> str:
    """Put a rule together: its rows by condition and outcome, other keys, one fact and the limits as they shall be."""
    head = RULE.split("裁量表:")[0]
    head = head if limits is None else changed(head, limits)
    head = head if facts is None else changed(head, facts)
    table = "".join(
        f"  - {{档次: {name}, 情形: '{when}', 处理: '{outcome}', 原文: 某}}\n"
        for name, (when, outcome) in zip("甲乙丙丁", rows, strict=False)
    )
    case = "用例:\n  - {名: 没有填写, 日: 2026-11-01, 给: {}, 得: 拒绝 缺少事实}\n"
    return f"{head}{more}裁量表:\n{table}{case}"


# --- the same question asked of every point of a grid -----------------------------------------------------------------


def answers(rulebook: Rulebook, grid: Grid) -> list[tuple[Facts, Outcome]]:
    points = (dict(zip(grid, values, strict=True)) for values in product(*grid.values()))
    return [(facts, decide(rulebook, "T-1", DAY, facts)) for facts in points]


def never_refused(code: str) -> Holds:
    return lambda tried: not any(isinstance(each, Refusal) and each.code == code for _facts, each in tried)


def every_tier(tried: list[tuple[Facts, Outcome]]) -> bool:
    decided = [each for _facts, each in tried if isinstance(each, Decision)]
    return {each.tier for each in decided} == {row.tier for each in decided for row in each.rule.rows}


def rising(tried: list[tuple[Facts, Outcome]]) -> bool:
    return all(one <= two for one, two in neighbours(tried))


def nowhere_more_than(most: int) -> Holds:
    return lambda tried: all(abs(two - one) <= most for one, two in neighbours(tried))


def neighbours(tried: list[tuple[Facts, Outcome]]) -> Iterator[tuple[int, int]]:
    """Pair the fines of what follows each other on a grid of one fact."""
    fines = [each.fine_fen or 0 for _facts, each in tried if isinstance(each, Decision)]
    return pairwise(fines)


def without(fact: str) -> Holds:
    """Say that cases which differ in one fact only come to the same."""

    def holds(tried: list[tuple[Facts, Outcome]]) -> bool:
        found: dict[tuple[tuple[str, str], ...], set[object]] = {}
        for facts, each in tried:
            rest = tuple((name, value) for name, value in facts.items() if name != fact)
            found.setdefault(rest, set()).add(each.measures if isinstance(each, Decision) else each.code)
        return all(len(outcomes) == 1 for outcomes in found.values())

    return holds


def everywhere_counts(fact: str) -> Holds:
    """Say that a fact changes every case in which something is fined."""

    def holds(tried: list[tuple[Facts, Outcome]]) -> bool:
        fines: dict[tuple[tuple[str, str], ...], set[int | None]] = {}
        for facts, each in tried:
            rest = tuple((name, value) for name, value in facts.items() if name != fact)
            fines.setdefault(rest, set()).add(each.fine_fen if isinstance(each, Decision) else None)
        return all(len(outcomes) > 1 for outcomes in fines.values())

    return holds


# --- the rules --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A wrong rule and its repair; `answer` is what the engine says of the case that shows the wrong."""

    prop: Property
    wrong: str
    right: str
    answer: str | int | None
    warning: bool = False
    grid: Grid = field(default_factory=dict)
    holds: Holds | None = None


MIXED = ("面积 ≤ 2 且 主动改正", "罚款 50元"), ("面积 ≤ 2 且 非 主动改正", "罚款 100元")
TABLE = "计算:\n  额: {{行: 面积, 表: {{2以下: {0}, 大于 {1}: {2}}}}}\n"
BY_ORIGIN = ("  地段: 选项 主街、小巷、广场\n", "  户籍: 选项 本地、外地，个人信息\n")
BOUNDLESS = ("法定幅度: 罚款 50元 至 500元", "法定幅度: 罚款 50元以上")

PAIRS = [
    Pair(
        prop="complete", answer="no_tier", grid=SPREAD, holds=never_refused("no_tier"),
        wrong=rule(FINED[0], ("面积 > 3", "罚款 500元")),
        right=rule(*FINED),
    ),
    Pair(
        prop="unambiguous", answer="several_tiers", grid=SPREAD, holds=never_refused("several_tiers"),
        wrong=rule(("面积 ≤ 3", "罚款 50元，没收 「工具」"), FINED[1]),
        right=rule(("面积 ≤ 2", "罚款 50元，没收 「工具」"), FINED[1]),
    ),
    Pair(
        prop="reachable", answer=None, warning=True, grid=SPREAD, holds=every_tier,
        wrong=rule(*FINED, ("面积 > 3", "罚款 100元")),
        right=rule(FINED[0], ("面积 > 2 且 面积 ≤ 3", "罚款 100元"), ("面积 > 3", "罚款 500元")),
    ),
    Pair(
        prop="defined", answer="no_line", grid=SPREAD, holds=never_refused("no_line"),
        wrong=rule(FINED[0], ("面积 > 2", "罚款 额"), more=TABLE.format("50元", 3, "500元")),
        right=rule(FINED[0], ("面积 > 2", "罚款 额"), more=TABLE.format("50元", 2, "500元")),
    ),
    Pair(
        prop="inside_statute", answer="outside_statutory_range", grid=SPREAD,
        holds=never_refused("outside_statutory_range"),
        wrong=rule(FINED[0], ("面积 > 2", "罚款 20元 × 面积"), more="超出法定幅度: 拒绝\n"),
        right=rule(FINED[0], ("面积 > 2", "罚款 20元 × 面积"), more=LIMITED),
    ),
    Pair(
        # Below zero nothing is fined, and no adjustment makes a fine of it.
        prop="inside_statute", answer="outside_statutory_range", grid=SPREAD,
        holds=never_refused("outside_statutory_range"),
        wrong=rule(("面积 ≤ 100", "罚款 100元 - 2元 × 面积"), more=REFUSED.format("加 500元"), limits=UP_TO),
        right=rule(("面积 ≤ 100", "罚款 200元 - 2元 × 面积"), more=REFUSED.format("加 500元"), limits=UP_TO),
    ),
    Pair(
        prop="inside_statute", answer="outside_statutory_range", grid=SPREAD,
        holds=never_refused("outside_statutory_range"),
        wrong=rule(("面积 ≤ 100", "罚款 100元 - 2元 × 面积"), more="超出法定幅度: 拒绝\n", limits=UP_TO),
        right=rule(("面积 ≤ 100", "罚款 200元 - 2元 × 面积"), more="超出法定幅度: 拒绝\n", limits=UP_TO),
    ),
    Pair(
        # Adjusted past the statute at the end of the domain alone.
        prop="inside_statute", answer="outside_statutory_range", grid=SPREAD,
        holds=never_refused("outside_statutory_range"),
        wrong=rule(("面积 ≤ 100", "罚款 6元 × 面积"), more=REFUSED.format("上浮 50%"), limits=UP_TO),
        right=rule(("面积 ≤ 100", "罚款 6元 × 面积"), more=REFUSED.format("上浮 30%"), limits=UP_TO),
    ),
    Pair(
        # The condition of an adjustment counts, and what it is at most.
        prop="inside_statute", answer="outside_statutory_range", grid=SPREAD,
        holds=never_refused("outside_statutory_range"),
        wrong=rule(("面积 ≤ 100", "罚款 6元 × 面积"), more=SHARE.format("面积 ≥ 0"), limits=UP_TO),
        right=rule(("面积 ≤ 100", "罚款 6元 × 面积"), more=SHARE.format("面积 ≤ 50"), limits=UP_TO),
    ),
    Pair(
        prop="never_lighter", answer=5000, grid=SPREAD, holds=rising,
        wrong=rule(("面积 ≤ 2", "罚款 500元"), ("面积 > 2", "罚款 50元")),
        right=rule(*FINED),
    ),
    Pair(
        # Inside one row, where the amount is looked up.
        prop="never_lighter", answer=5000, grid=SPREAD, holds=rising,
        wrong=rule(("面积 ≤ 100", "罚款 额"), more=TABLE.format("500元", 2, "50元")),
        right=rule(("面积 ≤ 100", "罚款 额"), more=TABLE.format("50元", 2, "500元")),
    ),
    Pair(
        prop="mitigation_counts", answer=50000, warning=True,
        grid={"面积": AREAS, "主动改正": ("是", "否")}, holds=everywhere_counts("主动改正"),
        wrong=rule(*MIXED, ("面积 > 2", "罚款 500元")),
        right=rule(*MIXED, ("面积 > 2 且 主动改正", "罚款 300元"), ("面积 > 2 且 非 主动改正", "罚款 500元")),
    ),
    Pair(
        # Asked everywhere, and swallowed by the cap of a large area.
        prop="mitigation_counts", answer=50000, warning=True,
        grid={"面积": AREAS, "主动改正": ("是", "否")}, holds=everywhere_counts("主动改正"),
        wrong=rule(("面积 ≤ 100", "罚款 50元 × 面积 + 100元"), more=MILDER.format("下浮 20%")),
        right=rule(("面积 ≤ 100", "罚款 2元 × 面积 + 100元"), more=MILDER.format("下浮 20%")),
    ),
    Pair(
        # Asked everywhere, and by nothing lighter.
        prop="mitigation_counts", answer=5000, warning=True,
        grid={"面积": AREAS, "主动改正": ("是", "否")}, holds=everywhere_counts("主动改正"),
        wrong=rule(("面积 ≤ 2", "罚款 50元"), ("面积 > 2", "罚款 500元"), more=MILDER.format("下浮 0%")),
        right=rule(("面积 ≤ 2", "罚款 100元"), ("面积 > 2", "罚款 500元"), more=MILDER.format("下浮 20%")),
    ),
    Pair(
        prop="cliffs", answer=50000, warning=True, grid=SPREAD, holds=nowhere_more_than(10000),
        wrong=rule(*FINED, more="相邻处罚款相差不超过: 100元\n"),
        right=rule(FINED[0], ("面积 > 2", "罚款 150元"), more="相邻处罚款相差不超过: 100元\n"),
    ),
    Pair(
        prop="impartial", answer=50000, grid={"面积": AREAS, "户籍": ("本地", "外地")}, holds=without("户籍"),
        wrong=rule(
            ("面积 ≤ 2 且 户籍 为 本地", "罚款 50元"), ("面积 > 2 或 户籍 为 外地", "罚款 500元"), facts=BY_ORIGIN
        ),
        right=rule(*FINED, facts=BY_ORIGIN),
    ),
    Pair(
        prop="points", answer=50000,
        wrong=rule(("次数 ≥ 1", "罚款 50元 至 500元 按 10% × (次数 - 1)"), more=LIMITED),
        right=rule(("次数 ≥ 1", "罚款 50元 至 500元 按 1% × (次数 - 1)"), more=LIMITED),
    ),
    Pair(
        prop="limits", answer=None, warning=True,
        wrong=rule(FINED[0], ("面积 > 2", "罚款 4元 × 面积，最高 450元"), more=LIMITED),
        right=rule(FINED[0], ("面积 > 2", "罚款 5元 × 面积，最高 450元"), more=LIMITED),
    ),
    Pair(
        prop="overflow", answer="amount_too_large",
        wrong=changed(
            rule(FINED[0], ("面积 > 2", "罚款 1000000000 倍 × 违法所得，最高 900000000 倍 × 违法所得"), more=LIMITED),
            BOUNDLESS,
        ),
        right=changed(rule(FINED[0], ("面积 > 2", "罚款 1000000 倍 × 违法所得"), more=LIMITED), BOUNDLESS),
    ),
]  # fmt: skip
IDS = [f"{each.prop}-{number}" for number, each in enumerate(PAIRS)]


def proved(text: str) -> Proof:
    rulebook = book(text)
    return prove(rulebook, rulebook.rules["T-1"])


def of(proof: Proof, prop: Property) -> list[Shown]:
    return [each for each in proof.findings if each.property == prop]


def said(witness: Witness | None) -> str | int | None:
    """What the engine answered to a case: a fine in fen, or the code of a refusal."""
    if witness is None:
        return None
    return witness.outcome.fine_fen if isinstance(witness.outcome, Decision) else witness.outcome.code


def test_there_is_a_wrong_rule_for_every_property() -> None:
    # The quoted range has its own tests; versions need two files, below.
    assert {each.prop for each in PAIRS} | {"quoted_range", "versions"} == set(get_args(Property))


@pytest.mark.parametrize("pair", PAIRS, ids=IDS)
def test_a_wrong_rule_is_refuted_by_a_case_of_the_engine(pair: Pair) -> None:
    rulebook = book(pair.wrong)
    proof = prove(rulebook, rulebook.rules["T-1"])

    found = [each for each in of(proof, pair.prop) if each.verdict == "refuted"]
    assert proof.verdicts[pair.prop] == "refuted"
    assert {each.warning for each in found} == {pair.warning}
    assert said(found[-1].witness) == pair.answer
    if (witness := found[-1].witness) is not None:
        assert decide(rulebook, "T-1", witness.on, dict(witness.facts), decided=witness.decided) == witness.outcome


@pytest.mark.parametrize("pair", PAIRS, ids=IDS)
def test_the_repaired_rule_is_proved(pair: Pair) -> None:
    proof = proved(pair.right)

    assert [each.zh for each in of(proof, pair.prop)] == []
    # A personal fact that nothing asks for leaves nothing to search.
    assert proof.verdicts[pair.prop] == "proved"


@pytest.mark.parametrize("pair", [each for each in PAIRS if each.holds], ids=[
    name for name, each in zip(IDS, PAIRS, strict=True) if each.holds
])  # fmt: skip
def test_every_point_of_a_grid_says_the_same(pair: Pair) -> None:
    assert pair.holds is not None
    assert not pair.holds(answers(book(pair.wrong), pair.grid))
    assert pair.holds(answers(book(pair.right), pair.grid))


FIRST = changed(RULE, ("施行: 2023-12-15 至 2028-12-14", "施行: 2023-12-15 至 2026-12-01"))
LATER = changed(
    RULE, ("施行: 2023-12-15 至 2028-12-14", "施行: 2027-01-01 至 2028-12-14"), ("日: 2026-11-01", "日: 2027-11-01")
)


def test_a_gap_between_versions_is_shown_by_a_day_without_law_and_known_by_its_declaration() -> None:
    rulebook = book(FIRST, later=changed(LATER, ("法定幅度", "此前无规定: 等新版本\n法定幅度")))

    first, later = (prove(rulebook, each) for each in rulebook.versions["T-1"])

    (shown,) = of(later, "versions")
    assert (first.verdicts["versions"], later.verdicts["versions"]) == ("proved", "refuted")
    assert shown.witness is not None
    assert (shown.witness.on, said(shown.witness), shown.known) == (date(2026, 12, 2), "no_law_on_day", "等新版本")


def test_versions_that_meet_are_proved() -> None:
    rulebook = book(changed(FIRST, ("2026-12-01", "2026-12-31")), later=LATER)

    assert {prove(rulebook, each).verdicts["versions"] for each in rulebook.versions["T-1"]} == {"proved"}


# --- what must not be proved or refuted -------------------------------------------------------------------------------


def test_a_mitigating_fact_that_the_amount_is_computed_from_counts() -> None:
    more = "计算:\n  额:\n    - {情形: 主动改正, 值: 300元}\n    - {情形: 其余, 值: 500元}\n"

    proof = proved(rule(("面积 ≤ 2 且 主动改正", "罚款 50元"), ("面积 > 2 或 非 主动改正", "罚款 额"), more=more))

    assert proof.verdicts["mitigation_counts"] == "proved"


def test_a_step_of_a_line_is_no_proof_that_there_is_no_cliff() -> None:
    more = f"{LIMITED}相邻处罚款相差不超过: 15元\n"

    proof = proved(rule(("次数 = 1", "罚款 50元"), ("次数 > 1", "罚款 20元 × 次数"), more=more))

    assert proof.verdicts["cliffs"] == "not_proved"


def test_two_brackets_that_cross_are_not_silently_unambiguous() -> None:
    rows = (("面积 ≤ 3", "罚款 50元 至 100元 × 面积"), ("面积 > 2", "罚款 60元 至 250元"))

    proof = proved(rule(*rows, more=f"{LIMITED}档内取值: 只给幅度\n"))

    assert proof.verdicts["unambiguous"] in {"refuted", "not_proved"}


def test_what_stays_open_is_listed() -> None:
    more = f"{LIMITED}相邻处罚款相差不超过: 15元\n"

    proof = proved(rule(("次数 = 1", "罚款 50元"), ("次数 > 1", "罚款 20元 × 次数"), more=more))

    (shown,) = of(proof, "cliffs")
    assert (shown.verdict, shown.witness) == ("not_proved", None)


def test_a_finding_about_another_fact_is_not_covered_by_what_was_said_of_one() -> None:
    rows = ("面积 ≤ 2", "罚款 500元"), ("面积 > 2", "罚款 50元")

    def known(acknowledged: str) -> list[bool]:
        proof = proved(rule(*rows, more=f"认可:\n  - {{性质: 过罚相当, {acknowledged}理由: 照原表保留}}\n"))
        return [bool(each.known) for each in proof.findings if each.property == "never_lighter"]

    assert known("事实: 面积, ") == [True]
    assert known("事实: 次数, ") == [False]
    assert known("") == [False]


def test_one_tier_can_be_acknowledged_and_no_other() -> None:
    rows = (*FINED, ("面积 > 3", "罚款 100元"), ("面积 > 4", "罚款 100元"))
    proof = proved(rule(*rows, more="认可:\n  - {性质: 无空行, 档次: 丙, 理由: 照原表保留}\n"))

    assert [(each.tier, each.known) for each in of(proof, "reachable")] == [("丙", "照原表保留"), ("丁", "")]


def test_an_amount_in_a_region_is_told_in_yuan() -> None:
    proof = proved(rule(FINED[0], ("面积 > 2", "罚款 20元 × 面积 + 10元"), more="超出法定幅度: 拒绝\n"))

    assert any("(20 元 × 面积) + 10 元 > 500 元" in each.zh for each in of(proof, "inside_statute"))


def test_a_fact_times_a_constant_is_told_as_the_fact() -> None:
    proof = proved(rule(FINED[0], ("面积 > 2", "罚款 20元 × 面积"), more="超出法定幅度: 拒绝\n"))

    assert any("面积 ≥ 25.01 平方米" in each.zh for each in of(proof, "inside_statute"))


def test_a_case_lies_in_the_region_it_shows_lists_included() -> None:
    cars = (
        "  地段: 选项 主街、小巷、广场\n",
        '  车辆:\n    每项: {超载: "数，%，精确到 0.1，0 至 500"}\n    最多: 20\n',
    )
    rows = (("非 任一项(车辆, 超载 > 30%)", "罚款 50元，没收 「工具」"), ("项数(车辆) ≥ 1", "罚款 500元"))

    proof = proved(rule(*rows, facts=cars))

    (shown,) = [each for each in of(proof, "unambiguous") if each.verdict == "refuted"]
    assert "项数 (车辆) ≥ 1" in shown.zh
    assert shown.witness is not None
    assert dict(shown.witness.facts) == {"车辆": [{"超载": "0"}]}
    assert said(shown.witness) == "several_tiers"


def test_a_row_whose_expressions_cannot_come_together_is_idle() -> None:
    # Each comparison can hold, by its bounds; both together at no area.
    rows = (*FINED, ("面积 > 2 且 10 × 面积 - 面积 > 800 且 面积 ≤ 80", "罚款 100元"))

    proof = proved(rule(*rows))

    assert [each.tier for each in of(proof, "reachable")] == ["丙"]
