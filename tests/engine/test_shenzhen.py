"""The published vectors of the Shenzhen standard (domain.md 7.1), through the engine and as the world sees them."""

import pytest

from engine import to_wire
from tests.engine.kit import DAY, ask, decided, refused, shipped, shipped_files

FACTS = {
    "拒不改正": True,
    "占地面积": "3.5",
    "威胁辱骂殴打工作人员": False,
    "扰乱正常工作秩序": False,
    "造成较大影响和严重后果": False,
}


@pytest.mark.parametrize(
    ("earlier", "yuan"),
    [
        ([], 50),
        (["2026-05-01"], 100),
        (["2026-05-01", "2026-06-01"], 200),
        (["2025-11-01", "2026-02-01", "2026-03-01", "2026-05-01", "2026-06-01"], 200),
        (["2025-10-31"], 50),
        (["2025-11-01"], 100),
    ],
)
def test_spitting_costs_fifty_a_hundred_two_hundred_by_the_penalties_of_the_year_before(
    earlier: list[str], yuan: int
) -> None:
    outcome = decided(ask(shipped(), {"历次处罚日期": earlier}, violation="SZCG-013"))

    assert outcome.fine_fen == yuan * 100


def test_three_and_a_half_square_metres_the_third_time_cost_three_thousand_five_hundred_and_the_goods() -> None:
    outcome = to_wire(ask(shipped(), {"拒不改正": True, "占地面积": "3.5", "一年内次数": 3}, violation="SZCG-003"))

    assert outcome["fine_fen"] == 350_000
    assert outcome["measures"] == [
        {"kind": "fine", "amount_fen": 350_000},
        {"kind": "confiscate_goods", "goods": "违法堆放、摆卖的物品和实施违法行为的工具"},
        {"kind": "order_to_correct", "basis": "《中华人民共和国行政处罚法》第二十八条第一款"},
    ]


@pytest.mark.parametrize("number", [1, 2])
def test_the_first_and_second_time_on_the_street_have_no_tier_and_that_is_said(number: int) -> None:
    outcome = refused(ask(shipped(), FACTS | {"一年内次数": number}, violation="SZCG-003"))

    assert outcome.code == "missing_tier"


def test_one_and_a_half_times_a_compensation_of_eight_hundred_is_twelve_hundred() -> None:
    outcome = decided(ask(shipped(), {"一年内次数": 2, "赔偿额": "800"}, violation="SZCG-039"))

    assert outcome.fine_fen == 120_000


def test_an_amount_published_below_the_statute_is_refused_and_never_corrected() -> None:
    first, second = (ask(shipped(), {"一年内次数": number}, violation="SZCG-027") for number in (1, 2))

    assert refused(first).code == "below_statutory_range"
    assert decided(second).fine_fen == 300_000


@pytest.mark.parametrize(("party", "fen"), [("单位", 10_000_000), ("个人", 10_000)])
def test_one_tier_with_two_amounts_depends_on_the_party(party: str, fen: int) -> None:
    outcome = decided(ask(shipped(), {"当事人": party, "一年内次数": 1, "违法所得": 0}, violation="SZCG-055"))

    assert outcome.fine_fen == fen


def test_the_decision_object_of_spitting_is_whole() -> None:
    rule = shipped().rules["SZCG-013"]
    where = "szcg-2023/SZCG-013.yaml"
    lines = shipped_files()[where].decode().splitlines()

    outcome = to_wire(ask(shipped(), {"历次处罚日期": ["2025-11-01", "2025-10-31"]}, violation="SZCG-013"))

    trace = outcome.pop("trace")
    assert outcome == {
        "outcome": "decision",
        "violation": "SZCG-013",
        "name": rule.name,
        "on": DAY.isoformat(),
        "tier": "情节较重",
        "fine_fen": 10_000,
        "currency": "CNY",
        "measures": [
            {"kind": "fine", "amount_fen": 10_000},
            {"kind": "order_to_correct", "basis": "《中华人民共和国行政处罚法》第二十八条第一款"},
        ],
        "refusal": None,
        "basis": [
            {
                "article": "《深圳经济特区市容和环境卫生管理条例》第四十一条第一款、第四款",
                "quote": "处五十元以上二百元以下罚款",
            }
        ],
        "rule": {"regime": "SZCG", "version": "2023", "digest": rule.digest},
        "meaning": 2,
    }
    assert isinstance(trace, list)
    steps = [step for step in trace if isinstance(step, dict)]
    assert str(steps[1]["name"]).startswith("深圳市城市管理行政处罚裁量权实施标准（2023年版）")
    assert [(step["step"], step.get("name")) for step in steps if step["step"] != "in_force"] == [
        ("power_item", "SZCG-P-013"),
        ("count", "一年内次数"),
        ("tier", "情节较轻"),
        ("tier", "情节较重"),
        ("tier", "情节严重"),
        ("amount", "情节较重"),
        ("statutory_range", None),
        ("measure", "order_to_correct"),
        ("not_reviewed", shipped().rules["SZCG-013"].regime.guarded_by[-1]),
    ]
    assert [step.get("holds") for step in steps if step["step"] == "tier"] == [False, True, False]
    assert [step["reads"] for step in steps if step["step"] == "tier"] == [{"一年内次数": "2"}] * 3
    assert steps[2]["reads"] == {"历次处罚日期": "2025-11-01", "一年内次数": "2"}
    assert (steps[6]["text"], steps[6]["after_fen"]) == ("罚款 100元", 10_000)
    assert (steps[7]["before_fen"], steps[7]["after_fen"]) == (10_000, 10_000)
    for step in steps[3:8]:
        file, line, column = str(step["at"]).rsplit(":", 2)
        assert file == where
        assert lines[int(line) - 1][int(column) - 1 :] == step["text"]
