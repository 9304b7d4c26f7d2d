"""What the proof by cells says of whole random rules, held against what the engine answers at every point."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from engine import Decision, Outcome, Refusal, decide
from engine.fact import NOWHERE, Cell
from engine.given import value_text
from engine.measures import ConfiscateGoods, Fine, Measure, Move, TierMove
from engine.prove_rows import Rows
from engine.rule import Defect, Row
from engine.tree import Arithmetic, Expr, Money, Ref
from tests.engine.kit import DAY
from tests.proof.kit import Judged, Writer, judged

CELL = Cell(text="", place=NOWHERE)


@st.composite
def whole_rules(draw: st.DrawFn) -> Judged:
    """Draw a rule whose rows impose various things, with a tie rule, tier moves, and marked defects."""
    small = draw(judged(computing=draw(st.booleans())))
    rule = small.rule
    writer = Writer(draw, small.facts)
    writer.named = list(rule.values)
    regime = replace(rule.regime, tie=writer.pick(("heavier", "refuse")))
    rows = [replace(row, measures=_measures(writer), defect=of_row(writer, row)) for row in rule.rows]
    defects = [
        Defect(kind="missing_tier", when=writer.condition(1), note="某", cell=CELL)
        for _ in range(writer.pick((0, 0, 1, 2)))
    ]
    moves = [
        TierMove(name="移", when=writer.condition(0), move=Move(tiers=1, top_at_end=True), cell=CELL, outcome_cell=CELL)
        for _ in range(writer.pick((0, 0, 0, 1)))
    ]
    conventions = replace(rule.conventions, moves=tuple(moves))
    changed = replace(rule, regime=regime, rows=tuple(rows), defects=tuple(defects), conventions=conventions)
    rulebook = replace(small.rulebook, rules={"T-1": changed}, versions={"T-1": (changed,)})
    return Judged(rulebook, changed, small.facts)


def of_row(writer: Writer, row: Row) -> Defect | None:
    """Mark a row now and then."""
    kinds = (None, None, None, None, "overlapping_tiers", "misprint")
    kind = writer.pick(kinds)
    return None if kind is None else Defect(kind=kind, tier=row.tier, note="某", cell=CELL)  # type: ignore[arg-type]


def _measures(writer: Writer) -> tuple[Measure, ...]:
    names: list[str] = writer.some(("件数", "重")) + writer.computed("number")
    computed, with_goods = writer.pick((True, False)), writer.pick((True, False, False))
    fen = Money(fen=writer.pick((5_000, 10_000, 20_000)))
    amount: Expr = fen
    if names and computed:
        rest = Arithmetic(op="*", left=Money(fen=1_000), right=Ref(name=writer.pick(names)))
        amount = Arithmetic(op="+", left=fen, right=rest)
    goods = (ConfiscateGoods(goods="工具"),) if with_goods else ()
    return (Fine(amount=amount), *goods)


def outcomes(small: Judged) -> list[Outcome]:
    """Decide at every point."""
    found = []
    for point in small.points():
        by_name = small.rule.by_name
        facts = {name: value_text(by_name[name], value, "zh") for name, value in point.items()}
        found.append(decide(small.rulebook, "T-1", DAY, facts))
    return found


def refused(found: list[Outcome], *codes: str) -> bool:
    return any(isinstance(each, Refusal) and each.code in codes for each in found)


@pytest.mark.filterwarnings("ignore:Generating overly large repr")
@settings(
    deadline=None, max_examples=120, derandomize=True, phases=(Phase.generate,), suppress_health_check=list(HealthCheck)
)
@given(whole_rules())
def test_what_is_proved_is_so_at_every_point_and_what_is_refuted_is_shown(small: Judged) -> None:
    rows = Rows(small.rulebook, small.rule)
    every = outcomes(small)
    assert not refused(every, "missing_fact", "out_of_domain", "unknown_fact")

    for prop, codes in (
        ("complete", ("no_tier", "missing_tier")),
        ("unambiguous", ("several_tiers", "overlapping_tiers")),
        ("defined", ("no_line", "several_lines")),
    ):
        found = list(getattr(rows, prop)())

        assert found or not refused(every, *codes), prop
        for each in found:
            assert each.verdict == "not_proved" or (each.witness and refused([each.witness.outcome], *codes))
            assert each.verdict == "not_proved" or refused(every, *codes)

    idle = {each.zh.split("“")[1].split("”")[0] for each in rows.reachable() if each.verdict == "refuted"}
    open_ones = {each.zh.split("“")[1].split("”")[0] for each in rows.reachable()}
    decided = {each.tier for each in every if isinstance(each, Decision)}
    assert not idle & decided
    held = {
        step.name for each in every for step in each.trace if step.kind in ("tier", "no_penalty") and step.holds is True
    }
    if refused(every, "no_line", "several_lines", "divided_by_zero"):
        # With a fact left out, a row may hold before a value without a line is looked up.
        return
    assert {row.tier for row in small.rule.rows} - open_ones <= held
