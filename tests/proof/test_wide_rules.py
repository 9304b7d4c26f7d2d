"""Rules too wide for the proof by cells: z3 is asked, the engine checks what it finds, and what it gives up is open."""

from collections.abc import Callable
from pathlib import Path

import pytest

from api.second import second
from cases.proofs import cards
from engine import Refusal
from engine.asked import Ask
from engine.card import card
from engine.proof import Proof
from engine.prove import prove
from engine.second_opinion import STEPS, SecondOpinion, opinion
from tests.engine.kit import REGIME, RULE, book, changed

PAIRS = 16
_FACTS = "  地段: 选项 主街、小巷、广场\n"


def wide(*, left_out: int = 0, regime: str = REGIME, second_row: str = "") -> tuple[Callable[[Ask | None], Proof], str]:
    """Write a rule over many pairs of questions: one row where each pair has a yes, one where some pair has none."""
    facts = "".join(f"  甲{n}: 是否\n  乙{n}: 是否\n" for n in range(PAIRS))
    each_has = " 且 ".join(f"(甲{n} 或 乙{n})" for n in range(PAIRS))
    one_has_not = " 或 ".join(f"非甲{n} 且 非乙{n}" for n in range(left_out, PAIRS))
    case = "{名: 没有填写, 日: 2026-11-01, 给: {}, 得: 拒绝 缺少事实}"
    text = changed(
        RULE, (_FACTS, _FACTS + facts), ("情形: 面积 ≤ 2", f"情形: {each_has}"),
        ("情形: 面积 > 2", f"情形: {second_row or one_has_not}"),
        ('{名: 一平方米, 日: 2026-11-01, 给: {面积: "1"}, 得: 罚款 50元}', case),
    )  # fmt: skip
    rulebook = book(text, regime)
    return (lambda ask: prove(rulebook, rulebook.rules["T-1"], ask)), text


def test_without_z3_a_wide_rule_is_not_proved_and_says_what_would_help() -> None:
    proof = wide()[0](None)
    (shown,) = [each for each in proof.findings if each.property == "complete"]

    assert proof.verdicts["complete"] == shown.verdict == "not_proved"
    assert "uv sync --extra prove" in shown.zh
    assert "uv sync --extra prove" in shown.en


def test_with_z3_it_is_proved_and_the_card_says_by_whom() -> None:
    proved, text = wide()
    proof = proved(opinion)
    rulebook = book(text)
    written = {each["property"]: each for each in card(rulebook, proof)["properties"]}

    assert proof.verdicts["complete"] == "proved"
    assert proof.by_second == {"complete"}
    assert [name for name, each in written.items() if "z3" in each["zh"] and "z3" in each["en"]] == ["complete"]


def test_what_z3_finds_is_shown_by_a_case_that_the_engine_has_answered() -> None:
    proof = wide(left_out=1)[0](opinion)
    (shown,) = [each for each in proof.findings if each.property == "complete"]

    assert proof.verdicts["complete"] == "refuted"
    assert shown.witness is not None
    assert isinstance(shown.witness.outcome, Refusal)
    assert shown.witness.outcome.code == "no_tier"
    assert "z3" in shown.zh


def test_two_tiers_that_both_hold_are_found_too() -> None:
    also = " 且 ".join(f"(甲{n} 或 乙{n} 或 主动改正)" for n in range(PAIRS))
    proof = wide(second_row=also, regime=changed(REGIME, ("数档并合: 从重", "数档并合: 拒绝")))[0](opinion)
    shown = [each for each in proof.findings if each.property == "unambiguous"]

    assert [each.verdict for each in shown] == ["refuted"]
    assert shown[0].witness is not None
    assert isinstance(shown[0].witness.outcome, Refusal)
    assert shown[0].witness.outcome.code == "several_tiers"


@pytest.mark.parametrize(("steps", "most"), [(10, None), (STEPS, 0)], ids=["a question", "the rule"])
def test_where_z3_runs_out_of_steps_it_stays_open(steps: int, most: int | None) -> None:
    proof = wide()[0](lambda rule: SecondOpinion(rule, steps=steps, most=most))
    (shown,) = [each for each in proof.findings if each.property == "complete"]

    assert proof.verdicts["complete"] == shown.verdict == "not_proved"
    assert shown.witness is None


def test_check_asks_it_and_a_card_made_without_it_is_not_kept_for_one_with_it(tmp_path: Path) -> None:
    rulebook = book(wide()[1])
    rules = list(rulebook.every_rule())

    def stands(ask: Ask | None) -> str:
        (made,) = cards(rulebook, rules, tmp_path, ask)
        return next(str(each["standing"]) for each in made["properties"] if each["property"] == "complete")

    assert [stands(None), stands(second()), stands(None), stands(second())] == ["not_proved", "proved"] * 2
