"""Why another tier did not apply, and by how much: on the grid of the fact, for every comparison."""

from collections.abc import Mapping
from typing import Any

import pytest

from engine.fact import Language
from engine.rulebook import Rulebook
from engine.why import tier_text, why
from tests.engine.kit import DAY, book
from tests.engine.test_counterfactual import STALL, table


def told(rulebook: Rulebook, facts: Mapping[str, Any], language: Language = "zh") -> list[str]:
    reasons = why(rulebook, "T-1", DAY, facts)
    assert reasons is not None
    return [tier_text(each, language) for each in reasons.tiers]


def test_the_next_tier_says_how_much_was_lacking_on_the_grid() -> None:
    sentences = told(book(STALL), {"面积": "3.5", "次数": 2, "主动改正": False})

    assert sentences == [
        "“轻微”未适用：面积 3.5 平方米，超过 2 平方米，超出 1.5 平方米；并且次数 2 次，不是 1 次，差 1 次",
        "“轻微再犯”未适用：面积 3.5 平方米，超过 2 平方米，超出 1.5 平方米",
        "“严重”未适用：面积 3.5 平方米，未超过 5 平方米，差 1.51 平方米",
    ]


def test_the_same_is_said_in_english() -> None:
    sentences = told(book(STALL), {"面积": "3.5", "次数": 2, "主动改正": False}, "en")

    assert sentences[-1] == (
        "“严重” did not apply: 面积 3.5 square metres, not more than 5 square metres, 1.51 square metres too little"
    )


@pytest.mark.parametrize(
    ("condition", "lacking"),
    [
        ("面积 > 5", "面积 3.5 平方米，未超过 5 平方米，差 1.51 平方米"),
        ("面积 ≥ 5", "面积 3.5 平方米，不到 5 平方米，差 1.5 平方米"),
        ("面积 < 3", "面积 3.5 平方米，不低于 3 平方米，超出 0.51 平方米"),
        ("面积 ≤ 3", "面积 3.5 平方米，超过 3 平方米，超出 0.5 平方米"),
        ("非 面积 ≤ 5", "面积 3.5 平方米，未超过 5 平方米，差 1.51 平方米"),
        (
            "非 (面积 ≤ 5 或 次数 = 1)",
            "面积 3.5 平方米，未超过 5 平方米，差 1.51 平方米；并且次数 1 次，正是 1 次，差 1 次",
        ),
        ("面积 > 5 或 次数 ≥ 3", "面积 3.5 平方米，未超过 5 平方米，差 1.51 平方米；或者次数 1 次，不到 3 次，差 2 次"),
        ("次数 ≥ 3 且 地段 属于 主街、小巷", "次数 1 次，不到 3 次，差 2 次；并且地段为广场，不是主街或小巷"),
        ("次数 ≥ 3 且 非 主动改正", "次数 1 次，不到 3 次，差 2 次；并且主动改正为是，不是否"),
    ],
)
def test_each_comparison_says_what_was_short(condition: str, lacking: str) -> None:
    rulebook = table(f"{condition} => 罚款 500元", "面积 = 3.5 且 次数 = 1 => 罚款 60元")

    sentences = told(rulebook, {"面积": "3.5", "次数": 1, "地段": "广场", "主动改正": True})

    assert sentences == [f"“第1档”未适用：{lacking}"]


def test_a_row_that_fails_by_answers_alone_is_left_to_the_trace() -> None:
    rulebook = table("地段 为 主街 => 罚款 500元", "地段 属于 小巷、广场 => 罚款 60元")

    assert told(rulebook, {"地段": "小巷"}) == []


def test_a_condition_that_compares_two_facts_is_left_to_the_trace() -> None:
    rulebook = table("违法所得 > 面积 × 100元 => 罚款 500元", "违法所得 ≤ 面积 × 100元 => 罚款 60元")

    assert told(rulebook, {"违法所得": "1", "面积": "3"}) == []
