"""Reads the files that many rules share: the regime, the power-item catalogue and the card rules."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from datetime import date
from types import MappingProxyType
from typing import Literal, cast

from engine.cells import Builder
from engine.conventions import read_validity
from engine.currency import CURRENCIES, DEFAULT, find_currency, money_word, near_currencies
from engine.declarations import read_facts
from engine.errors import Complaints
from engine.expressions import Bounds
from engine.fact import Cell, Fact, Language
from engine.finishing import FINISHING_KEYS, read_conventions
from engine.lexer import NameKind, lexicon_of, usable_name
from engine.measures import Educate, Fine, OrderToCorrect
from engine.reading import Section, misshapen
from engine.rule import Acknowledged, Conventions, Declared, GeneralMeasure, Guard, Provision, Regime, Validity
from engine.rulebook import CardRule, PowerItem
from engine.tree import All, Always, Compare, Condition, Each, Is, Money, Named, Not, OneOf, Records, Ref, Relation
from engine.tree import Any as AnyOf
from engine.values import read_record_facts, read_values, record_sections
from engine.vocabulary import UNITS
from engine.words import listed
from engine.yamltext import Listing, Node, Scalar
from engine.yamltext import Mapping as YamlMapping

REGIME_KEYS = (
    frozenset(
        "language regime name version number issuer published in_force source bounds first_day tie facts compute "
        "always "
        "when_not_penalised declared remarks currency lighter_law "
        "case_given guards acknowledged cliff".split()
    )
    | FINISHING_KEYS
)
GUARD_KEYS = frozenset("language guard name in_force basis quote currency facts compute provisions".split())
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
    "rounding": ("罚款不是整{0}时怎样取整？", "how is a fine rounded?"),
}


def builder_for(
    facts: Mapping[str, Fact],
    language: Language,
    complaints: Complaints,
    *,
    bounds: Bounds = "inclusive",
    records: Mapping[str, Records] = MappingProxyType({}),
    names: Iterable[str] = (),
    currency: str,
) -> Builder:
    """Make the builder of one file's cells; `names` are those that `计算` will give a meaning to.

    Two names that clash have already been complained about.
    """
    known: dict[str, NameKind] = {}
    units: dict[str, NameKind] = {}
    every = [*facts.values(), *(fact for each in records.values() for fact in each.fields)]
    for fact in every:
        # Choices worded like the source stand in 「」 wherever they are named.
        usable = (choice for choice in fact.choices if usable_name(choice, language, currency))
        known.update(dict.fromkeys(usable, "OPTION"))
        if fact.unit and fact.unit not in UNITS and fact.kind != "money":
            known[fact.unit] = units[fact.unit] = "UNIT"
    # A name whose declaration failed is a name all the same: its uses are no unknown words.
    known.update(dict.fromkeys([*(fact.name for fact in every), *names, *sorted(complaints.failed)], "FACT"))
    # A unit that is also a name stays known as a unit, for where only a unit can stand.
    return Builder(
        facts, lexicon_of(language, currency).knowing(units).knowing(known), complaints, bounds, records=records
    )


def computed_names(node: Node | None) -> list[str]:
    """Name what a `计算` section computes, before anything in it is read."""
    return list(node.entries) if isinstance(node, YamlMapping) else []


def read_records(
    node: Node | None, language: Language, first_day_counts: bool, complaints: Complaints, currency: str
) -> tuple[dict[str, Records], dict[str, Section]]:
    """Read the lists of records among the facts, and the sections their own `计算` stands in."""
    records: dict[str, Records] = {}
    sections: dict[str, Section] = {}
    for name, (key, inner) in record_sections(node, language, complaints).items():
        found = read_record_facts(name, key, inner, first_day_counts, currency)
        if found is not None:
            records[name], sections[name] = found, inner
    return records, sections


def compute_records(builder: Builder, sections: Mapping[str, Section]) -> None:
    """Read what is computed for each record of a list, now that the file's own names are known."""
    records = dict(builder.records)
    for name, inner in sections.items():
        with builder.within(records[name]):
            values = read_values(inner.node("compute", required=False), builder)
        records[name] = replace(records[name], values=values)
    builder.records = records


def check_names(facts: Mapping[str, Fact], complaints: Complaints) -> None:
    """Complain where a choice is called like a fact, or a count counts what is no list of days."""
    for fact in facts.values():
        for choice in fact.choices:
            if choice in facts:
                complaints.add("duplicate_name", fact.cell.place, found=choice)
        if fact.count and (fact.count.of not in facts or facts[fact.count.of].kind != "days"):
            repair = (
                "计数要数一个日期列表，先在“事实”里声明它",
                "a count counts a list of days: declare it under `facts` as `list of days`",
            )
            complaints.add("unknown_fact", fact.cell.place, found=fact.count.of, repair=repair, about=fact.count.of)


def read_guard(top: Section, complaints: Complaints, currency: str) -> Guard:
    """Read an article of general law that stands around every penalty."""
    facts = read_facts(top.node("facts", required=False), top.language, True, complaints, currency)
    check_names(facts, complaints)
    node = top.node("compute", required=False)
    builder = builder_for(facts, top.language, complaints, names=computed_names(node), currency=currency)
    builder.reviewing = True
    values = read_values(node, builder)
    provisions: list[Provision] = []
    for inner in top.sections("provisions", frozenset({"name", "when", "outcome"})):
        name, when_cell, cell = inner.text("name"), inner.scalar("when"), inner.scalar("outcome")
        when = builder.condition(when_cell) if when_cell else None
        measures = builder.outcome(cell) if cell else None
        if measures is not None and any(isinstance(each, Fine) for each in measures):
            # General law bounds and bars penalties; what a violation costs is its own rule's business.
            complaints.add("not_for_guards", inner.cell("outcome").place)
        elif when is not None and measures is not None:
            provisions.append(
                Provision(
                    name=name,
                    when=when,
                    measures=measures,
                    cell=inner.cell("when"),
                    outcome_cell=inner.cell("outcome"),
                )
            )
    return Guard(
        code=top.text("guard"),
        name=top.text("name"),
        validity=read_in_force(top, complaints),
        article=top.text("basis"),
        quote=top.text("quote"),
        currency=currency,
        facts=tuple(facts.values()),
        values=values,
        provisions=tuple(provisions),
    )


def read_currency(top: Section, complaints: Complaints) -> str | None:
    """Read the code of the currency a file says; the yuan where it says none, None after complaining of an unknown one.

    What is in an unknown currency is not read: every amount in it would seem to be another mistake.
    """
    cell = top.scalar("currency", required=False) if top.has("currency") else None
    if cell is None:
        return DEFAULT
    text = cell.text.strip()
    code = find_currency(text, top.language)
    if code is None:
        near = near_currencies(text, top.language)
        asked = (f"是不是{listed(near, 'zh')}？", f"did you mean {listed(near, 'en')}? ") if near else ("", "")
        known = (f"可写{'、'.join(CURRENCIES)}", f"allowed: {', '.join(CURRENCIES)}")
        repair = (asked[0] + known[0], asked[1] + known[1])
        complaints.add("unknown_currency", cell.place, found=text, repair=repair)
    return code


def names_money(node: object) -> bool:
    """Say whether anything in a guard states an amount, asks for one or looks at the fine."""
    match node:
        case Money() | Fact(kind="money") | Named(kind="money") | Ref(name="@fine"):
            return True
        case tuple():
            return any(map(names_money, node))
        case _ if is_dataclass(node):
            return any(names_money(getattr(node, each.name)) for each in fields(node))
        case _:
            return False


def _guards(
    top: Section, facts: Mapping[str, Fact], guards: Mapping[str, Guard], currency: str, complaints: Complaints
) -> Iterator[Guard]:
    """Find the guards a regime names; their facts may not mean something else under it, nor their amounts."""
    taken = {name: fact.kind for name, fact in facts.items()}
    for code in top.texts("guards"):
        guard = guards.get(code)
        if guard is None:
            repair = (f"已有的通则有{listed(guards, 'zh')}", f"there are {listed(guards, 'en')}")
            complaints.add("unknown_guard", top.cell("guards").place, found=code, repair=repair, about=code)
            continue
        if guard.currency != currency and names_money(guard):
            # 3000元 is no line for a fine in euros, and nobody has said what would be.
            repair = (
                f"从“通则”里去掉它，或者另写一条“货币: {currency}”的通则",
                f"leave it out of `guards`, or write a guard of your own that says `currency: {currency}`",
            )
            place = top.cell("guards").place
            complaints.add("guard_currency", place, found=code, expected=guard.currency, repair=repair)
            continue
        for fact in guard.facts:
            if taken.setdefault(fact.name, fact.kind) != fact.kind:
                complaints.add("duplicate_name", top.cell("guards").place, found=fact.name)
        yield guard


def read_regime(
    top: Section, file: str, digest: str, guards: Mapping[str, Guard], complaints: Complaints, currency: str
) -> Regime:
    """Read a regime file; what is missing is complained about and filled with a value that is never used."""
    language = top.language
    first_day_counts = top.choice("first_day", question=QUESTIONS["first_day"]) == "counts"
    declared = top.node("facts", required=False)
    records, sections = read_records(declared, language, first_day_counts, complaints, currency)
    facts = read_facts(declared, language, first_day_counts, complaints, currency)
    facts |= {name: each.fact for name, each in records.items()}
    check_names(facts, complaints)
    bounds = cast(Bounds, top.choice("bounds", question=QUESTIONS["bounds"]))
    node = top.node("compute", required=False)
    names = [*computed_names(node), *record_names(sections)]
    builder = builder_for(facts, language, complaints, bounds=bounds, records=records, names=names, currency=currency)
    compute_records(builder, sections)
    values = read_values(node, builder)
    if not top.has("rounding"):
        column = 0 if language == "zh" else 1
        zh, en = money_word("FEN", currency, "zh"), money_word("FEN", currency, "en")
        repair = (f"请写，如“取整: 1{zh}，舍去”", f"write, for example, `rounding: 1 {en}, floor`")
        complaints.add("question", top.place, expected=QUESTIONS["rounding"][column].format(zh), repair=repair)
    tie: Literal["heavier", "refuse"] = (
        "heavier" if top.choice("tie", question=QUESTIONS["tie"]) == "heavier" else "refuse"
    )
    lighter: Literal["yes", "no", ""] = ""
    if top.has("lighter_law"):
        lighter = "yes" if top.choice("lighter_law") == "yes" else "no"
    return Regime(
        code=top.text("regime"),
        name=top.text("name"),
        version=top.text("version"),
        number=top.text("number"),
        issuer=top.text("issuer"),
        published=top.day("published"),
        validity=read_in_force(top, complaints),
        source=top.text("source"),
        bounds=bounds,
        first_day_counts=first_day_counts,
        tie=tie,
        conventions=read_conventions(top, builder, Conventions()),
        facts=tuple(facts.values()),
        records=tuple(builder.records.values()),
        values=values,
        guards=tuple(_guards(top, facts, guards, currency, complaints)),
        case_given=tuple(case_given(top, facts, complaints)),
        currency=currency,
        lighter_law=lighter,
        always=_general(top, "always", builder, complaints),
        when_not_penalised=_general(top, "when_not_penalised", builder, complaints),
        declared=tuple(
            Declared(question=inner.text("question"), answer=inner.text("answer"), reason=inner.text("reason"))
            for inner in top.sections("declared", frozenset({"question", "answer", "reason"}), required=False)
        ),
        acknowledged=read_acknowledged(top),
        cliff_fen=read_cliff(top, builder, None),
        remarks=top.texts("remarks"),
        language=language,
        file=file,
        digest=digest,
    )


def read_acknowledged(top: Section) -> tuple[Acknowledged, ...]:
    """Read which findings of the proof are to stay, each with its reason."""
    keys = frozenset({"property", "tier", "facts", "reason"})
    return tuple(
        Acknowledged(
            prop=inner.choice("property"),
            tier=inner.text("tier", required=False),
            about=inner.text("facts", required=False),
            reason=inner.text("reason"),
            cell=inner.cell("reason"),
        )
        for inner in top.sections("acknowledged", keys, required=False)
    )


def read_cliff(top: Section, builder: Builder, inherited: int | None) -> int | None:
    """Read how much more the fine may be from one value of a fact to the next, in fen; None where nobody says."""
    cell = top.scalar("cliff") if top.has("cliff") else None
    if cell is None:
        return inherited
    typed = builder.formula(cell)
    if typed is None:
        return None
    if not isinstance(typed.node, Money):
        builder.complaints.add("not_money", cell.place, found=cell.text)
        return None
    return typed.node.fen


def plain(condition: Condition) -> bool:
    """Say whether a condition only looks at single facts."""
    match condition:
        case Is() | Compare() | OneOf():
            return True
        case Relation() | Each() | Always():
            return False
        case Not(part=part):
            return plain(part)
        case All(parts=parts) | AnyOf(parts=parts):
            return all(map(plain, parts))


def case_given(top: Section, facts: Mapping[str, Fact], complaints: Complaints) -> Iterator[tuple[str, str]]:
    """Read what every test case of the regime is given unless it says otherwise."""
    node = top.node("case_given", required=False)
    if node is None:
        return
    if not isinstance(node, YamlMapping):
        misshapen(node, YamlMapping, complaints)
        return
    for key, value in node.entries.values():
        if key.text not in facts:
            complaints.add("unknown_fact", key.place, found=key.text, about=key.text)
        elif isinstance(value, Scalar):
            yield key.text, value.text
        else:
            repair = _DEFAULT_LIST[facts[key.text].kind == "days"] if isinstance(value, Listing) else ("", "")
            misshapen(value, Scalar, complaints, repair)


# What to write where a list stands under `case_given`, which holds none: another list, a list of days.
_DEFAULT_LIST = (
    ("清单不能作默认，请写在每个用例的“给”里", "no list can be given by default: write it in `given` of each case"),
    (
        '日期列表在这里写成文字，如 "2025-11-01,2026-03-05"，没有日期的写 ""',
        'a list of days is written as text here, such as "2025-11-01,2026-03-05", and none as ""',
    ),
)


def record_names(sections: Mapping[str, Section]) -> list[str]:
    """Name what is computed for the records of lists."""
    return [name for inner in sections.values() for name in computed_names(inner.node("compute", required=False))]


def read_in_force(top: Section, complaints: Complaints) -> Validity:
    """Read the validity of a file; a year 1 that is never in force where it cannot be read."""
    cell = top.scalar("in_force")
    validity = read_validity(cell, top.language, complaints) if cell else None
    return validity or NEVER


def _general(top: Section, word: str, builder: Builder, complaints: Complaints) -> tuple[GeneralMeasure, ...]:
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
    # A card looks at an event, which has no regime: an amount in it is in yuan.
    facts = read_facts(top.node("facts"), top.language, True, complaints, DEFAULT)
    check_names(facts, complaints)
    builder = builder_for(facts, top.language, complaints, currency=DEFAULT)
    rules: list[CardRule] = []
    for inner in top.sections("rules", frozenset({"name", "level", "when", "reason", "basis"})):
        cell = inner.scalar("when")
        when = builder.condition(cell) if cell else None
        if when is not None and not plain(when):
            # durable-rules looks at one event: a comparison of two of its figures is no condition it can run.
            complaints.add("not_for_cards", inner.cell("when").place)
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
