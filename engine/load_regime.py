"""Reads the files that many rules share: the regime, the power-item catalogue and the card rules."""

from collections.abc import Mapping
from datetime import date
from typing import Literal

from engine.cells import Builder
from engine.conventions import read_rounding, read_validity
from engine.declarations import read_facts
from engine.errors import Complaints
from engine.lexer import PLAIN, NameKind
from engine.numbers import Rounding
from engine.reading import Section
from engine.rule import Declared, GeneralMeasure, Regime, Validity
from engine.rulebook import CardRule, PowerItem
from engine.tree import Cell, Educate, Fact, Language, OrderToCorrect

REGIME_KEYS = frozenset(
    "language regime name version number issuer published in_force source bounds first_day tie rounding facts always "
    "when_not_penalised declared remarks".split()
)
CATALOGUE_KEYS = frozenset(["language", "catalogue", "source", "agency", "items"])
CARD_KEYS = frozenset(["language", "cards", "facts", "rules"])
NEVER = Validity(first=date.min, last=date.min)

QUESTIONS: Mapping[str, tuple[str, str]] = {
    "bounds": ("“以上”“以下”是否包括本数？", "do `or more` and `or less` include the figure itself?"),
    "first_day": (
        "回溯期的第一天（恰满周年的那一天）算不算？",
        "does the first day of the look-back window, exactly so many years before, count?",
    ),
    "tie": (
        "一件事同时符合两档时，适用更重的一档，还是拒绝？",
        "when two tiers hold, does the heavier win, or is it refused?",
    ),
    "rounding": ("罚款不是整分时怎样取整？", "how is a fine rounded?"),
}


def builder_for(
    facts: Mapping[str, Fact], language: Language, complaints: Complaints, *, bounds_inclusive: bool = True
) -> Builder:
    """Make the builder of one file's cells; two names that clash have already been complained about."""
    names: dict[str, NameKind] = {}
    for fact in facts.values():
        names.update(dict.fromkeys(fact.choices, "OPTION"))
    names.update(dict.fromkeys(facts, "FACT"))
    return Builder(facts, PLAIN[language].knowing(names), complaints, bounds_inclusive)


def check_names(facts: Mapping[str, Fact], complaints: Complaints) -> None:
    """Complain where a choice is called like a fact, or a count counts what is no list of days."""
    for fact in facts.values():
        for choice in fact.choices:
            if choice in facts:
                complaints.add("duplicate_name", fact.cell.place, found=choice)
        if fact.count and (fact.count.of not in facts or facts[fact.count.of].kind != "days"):
            complaints.add("unknown_fact", fact.cell.place, found=fact.count.of)


def read_regime(top: Section, file: str, digest: str, complaints: Complaints) -> Regime:
    """Read a regime file; what is missing is complained about and filled with a value that is never used."""
    language = top.language
    first_day_counts = top.choice("first_day", question=QUESTIONS["first_day"]) == "counts"
    facts = read_facts(top.node("facts", required=False), language, first_day_counts, complaints)
    check_names(facts, complaints)
    step: int = 1
    rounding: Rounding = "floor"
    if top.has("rounding"):
        cell = top.scalar("rounding")
        read = read_rounding(cell, language, complaints) if cell else None
        step, rounding = read or (1, "floor")
    else:
        column = 0 if language == "zh" else 1
        repair = ("请写，如“取整: 1分，舍去”", "write, for example, `rounding: 1 fen, floor`")
        complaints.add("question", top.place, expected=QUESTIONS["rounding"][column], repair=repair)
    tie: Literal["heavier", "refuse"] = (
        "heavier" if top.choice("tie", question=QUESTIONS["tie"]) == "heavier" else "refuse"
    )
    return Regime(
        code=top.text("regime"),
        name=top.text("name"),
        version=top.text("version"),
        number=top.text("number"),
        issuer=top.text("issuer"),
        published=top.day("published"),
        validity=read_in_force(top, complaints),
        source=top.text("source"),
        bounds_inclusive=top.choice("bounds", question=QUESTIONS["bounds"]) == "inclusive",
        first_day_counts=first_day_counts,
        tie=tie,
        rounding_step=step,
        rounding=rounding,
        facts=tuple(facts.values()),
        always=_general(top, "always", facts, complaints),
        when_not_penalised=_general(top, "when_not_penalised", facts, complaints),
        declared=tuple(
            Declared(question=inner.text("question"), answer=inner.text("answer"), reason=inner.text("reason"))
            for inner in top.sections("declared", frozenset({"question", "answer", "reason"}), required=False)
        ),
        remarks=top.texts("remarks"),
        language=language,
        file=file,
        digest=digest,
    )


def read_in_force(top: Section, complaints: Complaints) -> Validity:
    """Read the validity of a file; a year 1 that is never in force where it cannot be read."""
    cell = top.scalar("in_force")
    validity = read_validity(cell, top.language, complaints) if cell else None
    return validity or NEVER


def _general(top: Section, word: str, facts: Mapping[str, Fact], complaints: Complaints) -> tuple[GeneralMeasure, ...]:
    builder = builder_for(facts, top.language, complaints)
    measures: list[GeneralMeasure] = []
    for inner in top.sections(word, frozenset({"outcome", "basis"}), required=False):
        cell, basis = inner.scalar("outcome"), inner.text("basis")
        built = builder.outcome(cell) if cell else None
        if built and not all(isinstance(each, OrderToCorrect | Educate) for each in built):
            complaints.add("not_general", inner.cell("outcome").place)
        elif built:
            measures.extend(GeneralMeasure(measure=each, basis=basis, cell=inner.cell("outcome")) for each in built)
    return tuple(measures)


def read_catalogue(top: Section, complaints: Complaints) -> list[PowerItem]:
    """Read a power-item catalogue."""
    top.text("catalogue")
    top.text("source")
    agency = top.text("agency")
    items: list[PowerItem] = []
    for inner in top.sections("items", frozenset({"power_item", "name", "published", "in_force", "agency"})):
        items.append(
            PowerItem(
                code=inner.text("power_item"),
                name=inner.text("name"),
                agency=inner.text("agency", required=False) or agency,
                published=inner.day("published"),
                validity=read_in_force(inner, complaints),
                cell=Cell(text=inner.text("power_item"), place=inner.place),
            )
        )
    return items


def read_cards(top: Section, complaints: Complaints) -> tuple[tuple[Fact, ...], tuple[CardRule, ...]]:
    """Read the card rules and the facts of the event they look at."""
    facts = read_facts(top.node("facts"), top.language, True, complaints)
    check_names(facts, complaints)
    builder = builder_for(facts, top.language, complaints)
    rules: list[CardRule] = []
    for inner in top.sections("rules", frozenset({"name", "level", "when", "reason", "basis"})):
        cell = inner.scalar("when")
        when = builder.condition(cell) if cell else None
        name, level, reason, basis = (
            inner.text("name"),
            inner.choice("level"),
            inner.text("reason"),
            inner.text("basis"),
        )
        if when is not None:
            rules.append(
                CardRule(name=name, level=level, when=when, reason=reason, basis=basis, cell=inner.cell("when"))
            )
    return tuple(facts.values()), tuple(rules)
