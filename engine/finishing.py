"""Reads what happens between the tier and the amount: in-tier rules, tier moves, adjustments, rounding, limits.

A benchmark document says these once, in its regime file, and every rule inherits them by name; a rule may add its own,
drop some by name (`不适用`), or say one of them otherwise.
"""

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from typing import Literal, cast

from engine.cells import Builder
from engine.conventions import read_rounding
from engine.errors import Complaints
from engine.measures import Adjustment, InTier, TierMove
from engine.numbers import NotANumber, exact
from engine.reading import Section, section
from engine.rule import Conventions
from engine.tree import Condition
from engine.vocabulary import UNITS, WORDS, spell
from engine.yamltext import Listing, Scalar

FINISHING_KEYS = frozenset("in_tier moves adjustments combine beyond_range rounding not_applied".split())
_IN_TIER_KEYS = frozenset({"name", "when", "take", "only_high", "only_low", "basis"})
_CHANGE_KEYS = frozenset({"name", "when", "outcome", "basis"})

COMBINE = ("有两项以上调整时，是连乘还是相加？", "when several adjustments hold, are they multiplied or added?")


def read_conventions(top: Section, builder: Builder, inherited: Conventions) -> Conventions:
    """Read what a file says of finishing an amount, on top of what it inherits."""
    complaints = builder.complaints
    how = _without(inherited, top, complaints)
    if top.has("in_tier"):
        # A file that has an in-tier rule of its own says otherwise than its regime.
        how = replace(how, in_tier=tuple(_in_tier(top, builder)))
    how = replace(
        how,
        moves=(*how.moves, *_moves(top, builder)),
        adjustments=(*how.adjustments, *_adjustments(top, builder)),
    )
    if top.has("combine"):
        how = replace(how, combine=cast(Literal["multiply", "add"], top.choice("combine")))
    if top.has("beyond_range"):
        how = replace(how, beyond_range=cast(Literal["clamp", "refuse"], top.choice("beyond_range")))
    if top.has("rounding"):
        cell = top.scalar("rounding")
        read = read_rounding(cell, top.language, complaints, builder.lexicon.currency) if cell else None
        if read is not None:
            how = replace(how, rounding_step=read[0], rounding=read[1])
    if len(how.adjustments) > 1 and not how.combine:
        top.choice("combine", question=COMBINE)
    _unique([*(each.name for each in how.moves), *(each.name for each in how.adjustments)], top, complaints)
    return how


def _without(how: Conventions, top: Section, complaints: Complaints) -> Conventions:
    dropped = set(top.texts("not_applied"))
    known = {*(each.name for each in how.moves), *(each.name for each in how.adjustments)}
    for name in sorted(dropped - known):
        complaints.add("bad_choice_of_words", top.cell("not_applied").place, found=name, about=name)
    return replace(
        how,
        moves=tuple(each for each in how.moves if each.name not in dropped),
        adjustments=tuple(each for each in how.adjustments if each.name not in dropped),
    )


def _unique(names: list[str], top: Section, complaints: Complaints) -> None:
    for name in sorted({name for name in names if names.count(name) > 1}):
        complaints.add("duplicate_name", top.place, found=name)


def _in_tier(top: Section, builder: Builder) -> Iterator[InTier]:
    node = top.node("in_tier")
    if isinstance(node, Scalar):
        position = builder.position(node)
        if position is not None:
            yield InTier(name="", when=None, position=position, cell=position.cell)
        return
    if not isinstance(node, Listing):
        top.listing("in_tier")
        return
    for item in node.items:
        inner = section(item, _IN_TIER_KEYS, top.language, builder.complaints)
        if inner is None:
            continue
        name, cell = inner.text("name"), inner.scalar("take")
        position = builder.position(cell) if cell else None
        basis = inner.text("basis", required=False)
        only_low, only_high = _only_low(inner), _only_high(inner, builder)
        when, usable = _when(inner, builder)
        if position is not None and usable:
            yield InTier(
                name=name,
                when=when,
                position=position,
                only_high=only_high,
                only_low=only_low,
                basis=basis,
                cell=inner.cell("take"),
            )


def _only_high(inner: Section, builder: Builder) -> Fraction | None:
    cell = inner.scalar("only_high") if inner.has("only_high") else None
    position = builder.position(cell) if cell else None
    if position is not None and position.low != position.high:
        builder.complaints.add("bad_domain", inner.cell("only_high").place, found=position.cell.text)
    return position.low if position is not None else None


def _only_low(inner: Section) -> Fraction | None:
    if not inner.has("only_low"):
        return None
    scalar = inner.scalar("only_low")
    if scalar is None:
        return None
    word = spell(UNITS, "fold", inner.language)
    try:
        return exact(scalar.text.strip().removesuffix(word).strip())
    except NotANumber:
        inner.complaints.add("bad_domain", scalar.place, found=scalar.text)
        return None


def _when(inner: Section, builder: Builder) -> tuple[Condition | None, bool]:
    """Read a condition that may be left out or be `其余`; the second value says whether it could be read."""
    cell = inner.scalar("when", required=False)
    if cell is None:
        return None, not inner.has("when")
    if cell.text.strip() == spell(WORDS, "OTHERWISE", inner.language):
        return None, True
    when = builder.condition(cell)
    return when, when is not None


def _rows(top: Section, word: str, builder: Builder) -> Iterator[tuple[Section, Condition, Scalar]]:
    for inner in top.sections(word, _CHANGE_KEYS, required=False):
        name = inner.text("name")
        when_cell, cell = inner.scalar("when"), inner.scalar("outcome")
        when = builder.condition(when_cell) if when_cell else None
        if when is not None and cell is not None:
            yield inner, when, cell
        else:
            builder.complaints.failed.add(name)


def _moves(top: Section, builder: Builder) -> Iterator[TierMove]:
    for inner, when, cell in _rows(top, "moves", builder):
        move = builder.move(cell)
        if move is None:
            builder.complaints.failed.add(inner.text("name"))
        else:
            yield TierMove(
                name=inner.text("name"),
                when=when,
                move=move,
                basis=inner.text("basis", required=False),
                cell=inner.cell("when"),
                outcome_cell=inner.cell("outcome"),
            )


def _adjustments(top: Section, builder: Builder) -> Iterator[Adjustment]:
    builder.adjusting = True
    for inner, when, cell in _rows(top, "adjustments", builder):
        change = builder.adjustment(cell)
        if change is None:
            builder.complaints.failed.add(inner.text("name"))
        else:
            yield Adjustment(
                name=inner.text("name"),
                when=when,
                change=change,
                basis=inner.text("basis", required=False),
                cell=inner.cell("when"),
                outcome_cell=inner.cell("outcome"),
            )
    builder.adjusting = False
