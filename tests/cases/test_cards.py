"""durable-rules finds of every card rule what the rule says, and is known to one file only."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import load_rulebook
from engine.fact import Cell, Place
from engine.rulebook import CardRule
from engine.tree import All, Any, Compare, Condition, Is, Not, OneOf, Operator
from tests.api.kit import ROOT, small_law

cards = pytest.importorskip("cases.cards", reason="durable-rules is not installed: it needs a C compiler, see README")

OPERATORS: Mapping[Operator, Callable[[int, int], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
FLAGS = ("此前已裁量", "事实不同", "flag")
NUMBERS = ("已裁量次数", "金额")
CHOICES = {"级别": ("黄牌", "红牌", "口头"), "door": ("http", "cli", "page")}

# Small numbers meet their thresholds; the large ones go to the end of what a fact may hold.
numbers = st.integers(-3, 3) | st.sampled_from([2**31, 2**53 - 1, -(2**53) + 1])
leaves: st.SearchStrategy[Condition] = (
    st.builds(Is, fact=st.sampled_from(FLAGS))
    | st.builds(Compare, fact=st.sampled_from(NUMBERS), op=st.sampled_from(list(OPERATORS)), value=numbers)
    | st.sampled_from(sorted(CHOICES)).flatmap(
        lambda fact: st.builds(
            OneOf,
            fact=st.just(fact),
            choices=st.lists(st.sampled_from(CHOICES[fact]), min_size=1, unique=True).map(tuple),
        )
    )
)
conditions = st.recursive(
    leaves,
    lambda parts: (
        st.builds(Not, part=parts)
        | st.builds(All, parts=st.lists(parts, min_size=1, max_size=3).map(tuple))
        | st.builds(Any, parts=st.lists(parts, min_size=1, max_size=3).map(tuple))
    ),
    max_leaves=8,
)
events = st.fixed_dictionaries(
    {flag: st.booleans() for flag in FLAGS}
    | dict.fromkeys(NUMBERS, numbers)
    | {fact: st.sampled_from(choices) for fact, choices in CHOICES.items()}
)


def holds(when: Condition, event: Mapping[str, bool | int | str]) -> bool:
    """The plain reading of a condition, against which durable-rules is held."""
    match when:
        case Is(fact=fact):
            return event[fact] is True
        case Compare(fact=fact, op=op, value=value):
            found = event[fact]
            assert isinstance(found, int)
            return OPERATORS[op](found, value)
        case OneOf(fact=fact, choices=choices):
            return event[fact] in choices
        case Not(part=part):
            return not holds(part, event)
        case All(parts=parts):
            return all(holds(part, event) for part in parts)
        case Any(parts=parts):
            return any(holds(part, event) for part in parts)
        case _:
            raise AssertionError(when)


def rule(name: str, when: Condition, level: str = "yellow") -> CardRule:
    cell = Cell(text="", place=Place("cards.yaml", 1, 1))
    return CardRule(name=name, level=level, when=when, reason="理由", basis="依据", cell=cell)


@settings(max_examples=150, deadline=None)
@given(st.lists(conditions, min_size=1, max_size=3), st.lists(events, min_size=1, max_size=6))
def test_every_condition_raises_what_its_plain_reading_says(
    whens: list[Condition], posted: list[dict[str, bool | int | str]]
) -> None:
    rules = [rule(f"规则 {number}", when) for number, when in enumerate(whens)]
    engine = cards.CardRules(rules)

    raised = [engine.raised_by(event) for event in posted]

    assert raised == [tuple(each for each in rules if holds(each.when, event)) for event in posted]


@settings(max_examples=50, deadline=None)
@given(conditions, events)
def test_a_negated_condition_raises_exactly_what_the_condition_does_not(
    when: Condition, event: dict[str, bool | int | str]
) -> None:
    one, other = rule("一", when), rule("二", Not(part=when))

    raised = cards.CardRules([one, other]).raised_by(event)

    assert raised in ((one,), (other,))


def test_two_rules_that_hold_of_one_event_both_raise_their_card_in_the_order_of_the_files() -> None:
    yellow, red = rule("黄", Is(fact="flag")), rule("红", Compare(fact="金额", op=">", value=0), "red")

    raised = cards.CardRules([red, yellow]).raised_by({"flag": True, "金额": 1})

    assert raised == (red, yellow)


def test_the_same_event_raises_the_same_cards_each_time() -> None:
    engine = cards.CardRules([rule("黄", Is(fact="flag"))])

    raised = [len(engine.raised_by({"flag": flag})) for flag in (True, True, False, True, False, False)]

    assert raised == [1, 1, 0, 1, 0, 0]


def test_an_event_is_not_changed_by_being_looked_at() -> None:
    event = {"flag": True}

    cards.CardRules([rule("黄", Is(fact="flag"))]).raised_by(event)

    assert event == {"flag": True}


def test_no_rules_raise_no_card() -> None:
    assert cards.CardRules([]).raised_by({"flag": True}) == ()


def test_more_rules_than_durable_rules_holds_safely_are_refused_before_it_sees_them() -> None:
    rules = [rule(str(number), Is(fact="flag")) for number in range(cards.MAX_RULES + 1)]

    with pytest.raises(ValueError, match="401 card rules, durable-rules holds 400 safely"):
        cards.CardRules(rules)


def test_the_shipped_card_is_raised_by_other_facts_and_by_nothing_else() -> None:
    (shipped,) = small_law().rulebook.cards
    engine = cards.CardRules([shipped])

    raised = {
        (before, differ): engine.raised_by({"此前已裁量": before, "事实不同": differ, "已裁量次数": 2})
        for before in (True, False)
        for differ in (True, False)
    }

    assert raised == {(True, True): (shipped,), (True, False): (), (False, True): (), (False, False): ()}


def test_card_rules_of_a_file_reach_durable_rules_with_every_word_of_the_language() -> None:
    text = """督察牌规则: 试
事实:
  换事实: 是否
  次数: 整数，次，0 至 100
规则:
  - {名称: 甲, 级别: 黄牌, 情形: 换事实 且 次数 ≥ 2, 理由: 理, 依据: 据}
  - {名称: 乙, 级别: 红牌, 情形: 非换事实 或 次数 > 5, 理由: 理, 依据: 据}
"""
    engine = cards.CardRules(load_rulebook({"cards.yaml": text.encode()}).cards)

    raised = [
        [each.name for each in engine.raised_by({"换事实": changed, "次数": times})]
        for changed, times in ((True, 1), (True, 2), (False, 2), (True, 6))
    ]

    assert raised == [[], ["甲"], ["乙"], ["甲", "乙"]]


def test_one_file_of_the_project_imports_durable_rules() -> None:
    importers = {
        path.relative_to(ROOT).as_posix()
        for room in ("engine", "cases", "api")
        for path in (ROOT / room).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_bytes()))
        if (isinstance(node, ast.Import) and any(each.name.split(".")[0] == "durable" for each in node.names))
        or (isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "durable")
    }

    assert importers == {"cases/cards.py"}
