"""That a graver fact is never punished more lightly: what is proved of random rules holds at every pair of points."""

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from engine import Decision, Outcome
from engine.courses import Courses
from engine.fact import NOWHERE, Cell
from engine.lighter import is_lighter_than
from engine.measures import (
    Adjustment,
    Bracket,
    Change,
    ConfiscateGoods,
    Fine,
    InTier,
    Measure,
    Move,
    Position,
    TierMove,
)
from engine.proof import Verdict
from engine.prove import prove
from engine.prove_order import Orders
from engine.prove_rows import Rows
from engine.tree import Arithmetic, Expr, Money, Number, Ref
from tests.engine.kit import REGIME, RULE, book, changed
from tests.proof.kit import TEXT, Judged, Writer, judged, values_of
from tests.proof.test_findings import of_row, outcomes

CELL = Cell(text="", place=NOWHERE)
MOVES = (
    Move(tiers=1, top_at_end=True), Move(tiers=1), Move(tiers=-1), Move(end="high"), Move(end="low"),
)  # fmt: skip
PLACES = (("1/2", "1/2"), ("0", "1/2"), ("1/2", "1"), ("0", "1"))


@st.composite
def directed_rules(draw: st.DrawFn) -> Judged:
    """Draw a rule with facts that say which way is graver, brackets, and what follows the row."""
    small = draw(judged(computing=draw(st.booleans())))
    rule = small.rule
    writer = Writer(draw, small.facts)
    writer.named = list(rule.values)
    facts = tuple(
        replace(each, direction=writer.pick(("graver", "lighter", "graver")))
        if each.name in small.facts and (each.numeric or each.kind == "yes_no")
        else each
        for each in rule.facts
    )
    rows = tuple(replace(row, measures=_measures(writer), defect=of_row(writer, row)) for row in rule.rows)
    moves = tuple(
        TierMove(name=f"移{n}", when=writer.condition(0), move=writer.pick(MOVES), cell=CELL, outcome_cell=CELL)
        for n in range(writer.pick((0, 0, 1, 2)))
    )
    how = replace(
        rule.conventions, moves=moves, in_tier=_in_tier(writer), adjustments=_adjustments(writer), beyond_range="clamp"
    )
    regime = replace(rule.regime, tie=writer.pick(("heavier", "refuse")))
    changed = replace(rule, facts=facts, rows=rows, conventions=how, regime=regime)
    rulebook = replace(book(TEXT), rules={"T-1": changed}, versions={"T-1": (changed,)})
    return Judged(rulebook, changed, small.facts)


def _measures(writer: Writer) -> tuple[Measure, ...]:
    low, more = writer.pick((5_000, 8_000, 10_000)), writer.pick((0, 5_000, 20_000))
    fixed = Money(fen=low)
    amount: Expr | Bracket = fixed
    each_more: list[Expr] = [
        Arithmetic(op="*", left=Money(fen=1_000), right=Ref(name=name)) for name in writer.some(("件数",))
    ]
    if more:
        amount = Bracket(low=writer.pick((fixed, None, fixed)), high=Money(fen=low + more))
    elif each_more and writer.pick(("fixed", "each")) == "each":
        amount = Arithmetic(op="+", left=fixed, right=each_more[0])
    goods = (ConfiscateGoods(goods="工具"),) if writer.pick(("with", "", "")) else ()
    return (Fine(amount=amount), *goods)


def _in_tier(writer: Writer) -> tuple[InTier, ...]:
    def rule(name: str, negated: bool) -> InTier:
        low, high = (Fraction(each) for each in writer.pick(PLACES))
        only = writer.pick((None, Fraction(1, 2), Fraction(1, 4)))
        when = None if negated else writer.condition(0)
        return InTier(name=name, when=when, position=Position(low=low, high=high, cell=CELL), only_high=only, cell=CELL)

    return writer.pick(((), (rule("定", True),), (rule("轻", False), rule("余", True))))


def _adjustments(writer: Writer) -> tuple[Adjustment, ...]:
    if writer.pick(("none", "none", "")):
        return ()
    change = Change(kind=writer.pick(("up", "down", "add")), by=Number(value=Fraction(1, 4)))
    change = replace(change, by=Money(fen=3_000)) if change.kind == "add" else change
    return (Adjustment(name="调", when=writer.condition(0), change=change, cell=CELL, outcome_cell=CELL),)


def pairs(small: Judged) -> Iterator[tuple[Outcome, Outcome]]:
    """Yield what a milder and the next graver value of one fact come to, all others being the same."""
    points = list(small.points())
    found = {tuple(point.values()): outcome for point, outcome in zip(points, outcomes(small), strict=True)}
    for at, name in enumerate(small.facts):
        fact = small.rule.by_name[name]
        if fact.direction == "neither":
            continue
        values = values_of(fact)
        for key, outcome in found.items():
            place = values.index(key[at])
            if place + 1 < len(values):
                other = found[*key[:at], values[place + 1], *key[at + 1 :]]
                yield (outcome, other) if fact.direction == "graver" else (other, outcome)


@settings(
    deadline=None, max_examples=250, derandomize=True, phases=(Phase.generate,), suppress_health_check=list(HealthCheck)
)
@given(directed_rules())
def test_what_is_proved_never_lighter_is_so_between_all_neighbours(small: Judged) -> None:
    rows = Rows(small.rulebook, small.rule)
    found = list(Orders(Courses(rows)).never_lighter())
    refuted = any(each.verdict == "refuted" for each in found)
    proved = not found and "never_lighter" not in rows.unsure
    if not (refuted or proved):
        return
    lighter = any(
        isinstance(mild, Decision) and isinstance(grave, Decision) and is_lighter_than(grave, mild)
        for mild, grave in pairs(small)
    )

    assert lighter == refuted


def verdict(text: str) -> Verdict:
    rulebook = book(text)
    return prove(rulebook, rulebook.rules["T-1"]).verdicts["never_lighter"]


def test_a_threshold_behind_a_computed_value_is_a_step_too() -> None:
    # 次数 is graver when larger, and 这次 is compared instead of it.
    facts = ("计算:\n  这次: 次数 + 1\n裁量表:\n", "情形: 这次 < 3", "情形: 这次 ≥ 3")
    text = changed(RULE, ("裁量表:\n", facts[0]), ("情形: 面积 ≤ 2", facts[1]), ("情形: 面积 > 2", facts[2]))
    text = changed(text, ('给: {面积: "1"}', "给: {次数: 1}"))
    turned = changed(
        text,
        (facts[1], "情形: 这次 ≥ 3"),
        (f"{facts[2]}\n    处理: 罚款 500元", "情形: 这次 < 3\n    处理: 罚款 500元"),
    )

    assert verdict(text) == "proved"
    assert verdict(changed(turned, ("{次数: 1}", "{次数: 2}"))) == "refuted"


def test_where_other_facts_decide_too_when_it_turns_nothing_is_claimed_without_a_search() -> None:
    rows = ("情形: 面积 × 次数 ≤ 20", "情形: 面积 × 次数 > 20")
    text = changed(RULE, ("情形: 面积 ≤ 2", rows[0]), ("情形: 面积 > 2", rows[1]))
    text = changed(text, ('给: {面积: "1"}', '给: {面积: "1", 次数: 1}'))
    turned = changed(
        text, ("罚款 50元\n", "罚款 400元\n"), ("罚款 500元\n", "罚款 60元\n"), ("得: 罚款 50元", "得: 罚款 400元")
    )

    assert verdict(text) == "proved"
    assert verdict(turned) in ("not_proved", "refuted")


def test_the_same_fine_without_what_went_with_it_is_lighter() -> None:
    text = changed(
        RULE, ("处理: 罚款 50元\n", "处理: 罚款 50元，没收「工具」\n"), ("处理: 罚款 500元\n", "处理: 罚款 50元\n")
    )
    text = changed(text, ("得: 罚款 50元", "得: 罚款 50元，没收「工具」"))

    assert verdict(text) == "refuted"


def test_fines_that_are_higher_at_one_end_and_lower_at_the_other_are_told_and_not_called_lighter() -> None:
    text = changed(
        RULE, ("处理: 罚款 50元\n", "处理: 罚款 100元\n"), ("处理: 罚款 500元\n", "处理: 罚款 60元 至 500元\n")
    )
    text = changed(text, ("得: 罚款 50元", "得: 罚款 100元"))
    rulebook = book(text, changed(REGIME, ("取整: 1分，舍去", "取整: 1分，舍去\n档内取值: 只给幅度")))
    shown = [each for each in prove(rulebook, rulebook.rules["T-1"]).findings if each.property == "never_lighter"]

    assert [each.verdict for each in shown] == ["not_proved"]
    assert shown[0].witness is not None
    assert "100 元 → 60–500 元" in shown[0].zh
