"""What is proved of rules over lists of records, held against every short list."""

from collections.abc import Iterator
from itertools import combinations_with_replacement

import pytest

from engine import Refusal, decide
from engine.proof import Proof, Property, Verdict
from engine.prove import prove
from tests.engine.kit import DAY, RULE, book, changed

_FACTS = "  地段: 选项 主街、小巷、广场\n"
LISTED = _FACTS + "  因子: {每项: {种类: 选项 一般、重, 倍数: '数，倍，精确到 0.1，大于 0 至 10'}, 最多: 3}\n"
RECORDS = [{"种类": kind, "倍数": times} for kind in ("一般", "重") for times in ("0.1", "0.2", "0.3", "1", "10")]
ONE = "项数(因子) = 1 且 "


def rule(light: str, heavy: str) -> str:
    case = "{名: 没有填写, 日: 2026-11-01, 给: {}, 得: 拒绝 缺少事实}"
    return changed(
        RULE, (_FACTS, LISTED), ("情形: 面积 ≤ 2", f"情形: {light}"), ("情形: 面积 > 2", f"情形: {heavy}"),
        ('{名: 一平方米, 日: 2026-11-01, 给: {面积: "1"}, 得: 罚款 50元}', case),
    )  # fmt: skip


def lists() -> Iterator[list[dict[str, str]]]:
    for many in range(3):
        yield from (list(each) for each in combinations_with_replacement(RECORDS, many))


@pytest.mark.parametrize(
    ("light", "heavy", "verdict"),
    [
        # One record is at most 0.2, or more; none at all and several are the heavier tier's.
        (ONE + "任一项(因子, 倍数 ≤ 0.2)", ONE + "任一项(因子, 倍数 > 0.2) 或 项数(因子) ≠ 1", "proved"),
        (ONE + "任一项(因子, 倍数 ≤ 0.2)", ONE + "任一项(因子, 倍数 > 0.3) 或 项数(因子) ≠ 1", "refuted"),
        # Of several records one may be small and another large: no list is left out.
        ("每一项(因子, 倍数 ≤ 0.2)", "任一项(因子, 倍数 > 0.2)", "proved"),
        ("每一项(因子, 种类 为 一般)", "任一项(因子, 种类 为 重 且 倍数 > 0.2)", "refuted"),
        ("项数(因子, 种类 为 重) = 0", "任一项(因子, 种类 为 重)", "proved"),
        ("任一项(因子, 种类 为 一般)", "任一项(因子, 种类 为 重)", "refuted"),
    ],
)
def test_every_list_falls_into_a_tier_or_one_that_does_not_is_shown(light: str, heavy: str, verdict: Verdict) -> None:
    rulebook = book(rule(light, heavy))
    proof: Proof = prove(rulebook, rulebook.rules["T-1"])
    gaps = [
        found
        for each in lists()
        if isinstance(found := decide(rulebook, "T-1", DAY, {"因子": each}), Refusal) and found.code == "no_tier"
    ]
    prop: Property = "complete"

    assert proof.verdicts[prop] == verdict
    assert bool(gaps) == (verdict == "refuted")
    assert all(each.witness is not None for each in proof.findings if each.property == prop)


def test_a_row_that_no_list_comes_to_is_told() -> None:
    never = ONE + "任一项(因子, 倍数 ≤ 0.2) 且 任一项(因子, 倍数 > 0.2)"
    rulebook = book(rule(never, "每一项(因子, 倍数 > 0) 或 项数(因子) = 0"))
    shown = [each for each in prove(rulebook, rulebook.rules["T-1"]).findings if each.property == "reachable"]

    assert [(each.verdict, each.tier) for each in shown] == [("refuted", "轻")]
