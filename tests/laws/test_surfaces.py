"""One tree, two surfaces: what is written in Chinese or in English is read back as the same tree, from either."""

from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import load_rulebook
from engine.cells import Builder
from engine.conventions import read_validity
from engine.currency import CURRENCIES, decimals, unit_of
from engine.declarations import read_declaration, read_facts
from engine.errors import Complaints
from engine.expressions import Bounds
from engine.fact import NOWHERE, Cell, Count, Fact, FactKind, Language, Source
from engine.lexer import PLAIN, NameKind, usable_name
from engine.load_regime import builder_for
from engine.measures import (
    Bracket,
    ConfiscateGains,
    ConfiscateGoods,
    Educate,
    Fine,
    Measure,
    NoPenalty,
    OrderToCorrect,
    Output,
    RevokeLicence,
    Warn,
)
from engine.rule import Rule, StatutoryRange, Validity
from engine.surface import Surface
from engine.tree import All, Any, Arithmetic, Compare, Condition, Expr, Is, Money, Not, OneOf, Ref
from engine.vocabulary import ENUMS, KEYS, UNITS, spell
from engine.yamltext import Mapping as YamlMapping
from engine.yamltext import Node, Scalar
from tests.engine.kit import CATALOGUE, REGIME, fixed, multiple, per_unit, shipped

CELL = Cell(text="", place=NOWHERE)
BOTH: tuple[Language, Language] = ("zh", "en")
# Characters that names are made of in practice, with words of the language inside them; and some that are not.
LETTERS = "面积不超过罚款非或且以上元倍日天主动改正abAZ_09é"
NAMES = st.text(LETTERS, min_size=1, max_size=8).filter(
    lambda name: all(usable_name(name, each, "CNY") for each in BOTH)
)
TEXTS = st.text(
    st.characters(exclude_characters="「」", exclude_categories=["Cs", "Cc", "Zl", "Zp"]), min_size=1, max_size=20
).filter(lambda text: bool(text.strip()))
SOURCES: st.SearchStrategy[Source] = st.sampled_from(["officer", "case_file", "history", "register"])
NUMERIC: tuple[tuple[FactKind, int | None], ...] = (("integer", 0), ("number", None), ("money", 2))
CONVENTIONS: st.SearchStrategy[Bounds] = st.sampled_from(["inclusive", "exclusive", "more_only"])


@st.composite
def facts_of_a_rule(draw: st.DrawFn) -> dict[str, Fact]:
    """Draw declarations of every kind, under names that nothing else has."""
    names = draw(st.lists(NAMES, min_size=12, max_size=12, unique=True))
    facts: list[Fact] = []
    yes_no, choice, days, integer, number, money, counted, *options = names
    source = draw(SOURCES)
    facts.append(
        Fact(
            name=yes_no,
            kind="yes_no",
            direction=draw(st.sampled_from(["graver", "lighter", "neither"])),
            source=source,
            question=draw(TEXTS),
            cell=CELL,
        )
    )
    facts.append(Fact(name=choice, kind="choice", choices=tuple(options), source=source, cell=CELL))
    facts.append(Fact(name=days, kind="days", source=source, cell=CELL))
    for name, (kind, scale_given) in zip((integer, number, money), NUMERIC, strict=True):
        scale = draw(st.integers(0, 6)) if scale_given is None else scale_given
        low = draw(st.integers(0, 10**9))
        high = low + draw(st.integers(2, 10**9))
        facts.append(
            Fact(
                name=name,
                kind=kind,
                unit="yuan" if kind == "money" else draw(st.sampled_from(sorted(UNITS.keys() - {"none"}))),
                scale=scale,
                low=low,
                high=high,
                low_open=draw(st.booleans()),
                high_open=draw(st.booleans()),
                direction=draw(st.sampled_from(["graver", "lighter", "neither"])),
                source=draw(SOURCES),
                cell=CELL,
            )
        )  # fmt: skip
    count = Count(of=days, back=draw(st.integers(1, 10)), first_day=True)
    facts.append(
        Fact(
            name=counted,
            kind="integer",
            unit=draw(st.sampled_from(sorted(UNITS.keys() - {"none"}))),
            low=1,
            high=99,
            count=count,
            cell=CELL,
        )
    )
    return {fact.name: fact for fact in facts}


def of_kind(facts: dict[str, Fact], *kinds: str) -> list[Fact]:
    return [fact for fact in facts.values() if fact.kind in kinds]


def conditions(facts: dict[str, Fact]) -> st.SearchStrategy[Condition]:
    """Draw condition trees over these facts, as deep as a person would write them."""
    yes_no = st.sampled_from(of_kind(facts, "yes_no")).map(lambda fact: Is(fact=fact.name))
    compared = st.builds(
        lambda fact, op, value: Compare(fact=fact.name, op=op, value=value),
        st.sampled_from(of_kind(facts, "integer", "number", "money")),
        st.sampled_from(["=", "!=", "<", "<=", ">", ">="]),
        st.integers(0, 10**12),
    )
    (choice,) = of_kind(facts, "choice")
    one_of = st.lists(st.sampled_from(choice.choices), min_size=1, max_size=3, unique=True).map(
        lambda chosen: OneOf(fact=choice.name, choices=tuple(chosen))
    )
    return st.recursive(
        yes_no | compared | one_of,
        lambda inner: (
            inner.map(lambda part: Not(part=part))
            | st.lists(inner, min_size=2, max_size=3).map(lambda parts: All(parts=tuple(parts)))
            | st.lists(inner, min_size=2, max_size=3).map(lambda parts: Any(parts=tuple(parts)))
        ),
        max_leaves=6,
    )


def rates(facts: dict[str, Fact]) -> st.SearchStrategy[tuple[Expr, Expr]]:
    """Draw two amounts of one kind, the lesser first."""
    fen = st.tuples(st.integers(0, 10**6), st.integers(0, 10**6)).map(sorted)
    counted = st.sampled_from(of_kind(facts, "integer", "number"))
    folds = st.tuples(st.integers(0, 9_999), st.integers(0, 9_999)).map(sorted)
    return (
        fen.map(lambda two: (fixed(two[0]), fixed(two[1])))
        | st.builds(lambda two, fact: (per_unit(two[0], fact.name), per_unit(two[1], fact.name)), fen, counted)
        | st.builds(
            lambda two, fact: (
                multiple(Fraction(two[0], 1000), fact.name),
                multiple(Fraction(two[1], 1000), fact.name),
            ),
            folds,
            st.sampled_from(of_kind(facts, "money")),
        )
    )


def outcomes(facts: dict[str, Fact], fine: st.SearchStrategy[Measure]) -> st.SearchStrategy[tuple[Measure, ...]]:
    """Draw the measures of a row: at most one fine, or no penalty alone."""
    others: st.SearchStrategy[Measure] = st.one_of(
        st.just(Warn()),
        st.just(OrderToCorrect()),
        st.just(Educate()),
        st.builds(ConfiscateGoods, goods=TEXTS),
        st.builds(RevokeLicence, licence=TEXTS),
        st.sampled_from(of_kind(facts, "money")).map(lambda fact: ConfiscateGains(fact=fact.name)),
    )
    several = st.builds(lambda first, rest: (first, *rest), fine | others, st.lists(others, max_size=3))
    return several | st.just((NoPenalty(),))


def reader(facts: dict[str, Fact], language: Language, *, bounds: Bounds = "inclusive") -> Builder:
    names: dict[str, NameKind] = {choice: "OPTION" for fact in facts.values() for choice in fact.choices}
    names.update(dict.fromkeys(facts, "FACT"))
    return Builder(facts, PLAIN[language].knowing(names), Complaints(language), bounds)


@settings(deadline=None, max_examples=50)
@given(data=st.data())
def test_a_condition_is_read_back_from_both_surfaces(data: st.DataObject) -> None:
    facts = data.draw(facts_of_a_rule())
    tree = data.draw(conditions(facts))
    bounds = data.draw(CONVENTIONS)

    written = {language: Surface(facts, language, "CNY").condition(tree) for language in BOTH}
    readers = {language: reader(facts, language, bounds=bounds) for language in BOTH}
    read = {language: readers[language].condition(Scalar(text, NOWHERE)) for language, text in written.items()}

    assert read == dict.fromkeys(BOTH, tree), written


@settings(deadline=None, max_examples=50)
@given(data=st.data())
def test_an_outcome_is_read_back_from_both_surfaces(data: st.DataObject) -> None:
    facts = data.draw(facts_of_a_rule())
    fines = rates(facts).map(lambda two: Fine(amount=two[0]))
    tree = data.draw(outcomes(facts, fines))

    written = {language: Surface(facts, language, "CNY").outcome(tree) for language in BOTH}
    read = {language: reader(facts, language).outcome(Scalar(text, NOWHERE)) for language, text in written.items()}

    assert read == dict.fromkeys(BOTH, tree), written


@settings(deadline=None, max_examples=50)
@given(data=st.data(), code=st.sampled_from(sorted(CURRENCIES)))
def test_amounts_in_any_currency_are_read_back_from_both_surfaces(data: st.DataObject, code: str) -> None:
    # Whole units: of some currencies no hundredths are in use.
    fen = data.draw(st.tuples(st.integers(0, 10**6), st.integers(0, 10**6)).map(sorted))
    money = Fact(name="某数额", kind="money", unit=unit_of(code), scale=decimals(code), high=10**9, cell=CELL)
    tree: tuple[Measure, ...] = (
        Fine(amount=Bracket(low=Money(fen=fen[0] * 100), high=Money(fen=fen[1] * 100))),
        Output(name="某", value=Money(fen=fen[1] * 100), unit=unit_of(code)),
    )
    when = Compare(fact="某数额", op=">", value=fen[0] * 10 ** decimals(code))

    for language in BOTH:
        surface = Surface({"某数额": money}, language, code)
        builder = builder_for({"某数额": money}, language, Complaints(language), currency=code)
        declared = Scalar(surface.declaration(money), NOWHERE)
        assert builder.outcome(Scalar(surface.outcome(tree), NOWHERE)) == tree
        assert builder.condition(Scalar(surface.condition(when), NOWHERE)) == when
        assert read_declaration("某数额", declared, language, True, Complaints(language), code) == money


@settings(deadline=None, max_examples=40)
@given(data=st.data())
def test_a_statutory_range_is_read_back_from_both_surfaces(data: st.DataObject) -> None:
    facts = data.draw(facts_of_a_rule())
    low, high = data.draw(rates(facts))
    tree = StatutoryRange(name="", low=low, high=high, cell=CELL)

    written = {language: Surface(facts, language, "CNY").statutory(tree) for language in BOTH}
    read = {language: reader(facts, language).statutory(Scalar(text, NOWHERE)) for language, text in written.items()}

    assert read == dict.fromkeys(BOTH, (low, high)), written


@settings(deadline=None, max_examples=50)
@given(facts=facts_of_a_rule())
def test_declarations_are_read_back_from_both_surfaces(facts: dict[str, Fact]) -> None:
    written = {
        language: {name: Surface(facts, language, "CNY").declaration(fact) for name, fact in facts.items()}
        for language in BOTH
    }

    for language, cells in written.items():
        complaints = Complaints(language)
        entries: dict[str, tuple[Scalar, Node]] = {
            name: (Scalar(name, NOWHERE), Scalar(text, NOWHERE)) for name, text in cells.items()
        }
        read = read_facts(YamlMapping(entries, NOWHERE), language, True, complaints, "CNY")
        assert complaints.findings == []
        assert read == facts
        assert [fact.question for fact in read.values()] == [fact.question for fact in facts.values()]


@given(first=st.dates(date(1949, 1, 1), date(2999, 1, 1)), length=st.none() | st.integers(0, 300))
def test_days_in_force_are_read_back_from_both_surfaces(first: date, length: int | None) -> None:
    tree = Validity(first=first, last=None if length is None else date.fromordinal(first.toordinal() + length))

    read = [
        read_validity(Scalar(Surface({}, each, "CNY").validity(tree), NOWHERE), each, Complaints(each)) for each in BOTH
    ]

    assert read == [tree, tree]


# --- a whole file


@dataclass(frozen=True)
class Sketch:
    """What a random rule file says, before it is written in a language."""

    facts: dict[str, Fact]
    statutory: tuple[Expr, Expr]
    preconditions: tuple[tuple[Condition, str], ...]
    grounds: tuple[Condition, ...]
    rows: tuple[tuple[Condition, tuple[Measure, ...]], ...]
    gap: Condition


def between(low: Expr, high: Expr) -> st.SearchStrategy[Measure]:
    """Draw a fine inside a statutory range."""
    match low, high:
        case Money(fen=least), Money(fen=most):
            return st.integers(least, most).map(lambda fen: Fine(amount=fixed(fen)))
        case Arithmetic(left=Money(fen=least), right=Ref(name=name)), Arithmetic(left=Money(fen=most)):
            return st.integers(least, most).map(lambda fen: Fine(amount=per_unit(fen, name)))
        case Arithmetic(), Arithmetic():
            return st.sampled_from([low, high]).map(lambda amount: Fine(amount=amount))
    raise AssertionError((low, high))


@st.composite
def sketches(draw: st.DrawFn) -> Sketch:
    facts = draw(facts_of_a_rule())
    low, high = draw(rates(facts))
    condition = conditions(facts)
    otherwise = st.sampled_from(list(ENUMS["otherwise"]))
    return Sketch(
        facts=facts,
        statutory=(low, high),
        preconditions=tuple(draw(st.lists(st.tuples(condition, otherwise), max_size=2))),
        grounds=tuple(draw(st.lists(condition, max_size=1))),
        rows=tuple(draw(st.lists(st.tuples(condition, outcomes(facts, between(low, high))), min_size=1, max_size=4))),
        gap=draw(condition),
    )


def scalar(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def written(sketch: Sketch, language: Language) -> str:
    """Write a whole rule file: the keys and cells of one language, the texts of its author as they are."""
    surface = Surface(sketch.facts, language, "CNY")

    def key(word: str) -> str:
        return spell(KEYS, word, language)

    def entry(**cells: str) -> str:
        return "  - {" + ", ".join(f"{key(word)}: {scalar(text)}" for word, text in cells.items()) + "}"

    low, high = sketch.statutory
    statutory = surface.statutory(StatutoryRange(name="", low=low, high=high, cell=CELL))
    lines = [f"{key('language')}: {'中文' if language == 'zh' else 'English'}"]
    lines += [
        f"{key(word)}: {scalar(text)}"
        for word, text in (("violation", "R-1"), ("name", "某行为"), ("category", "某类"), ("power_item", "P-1"))
    ]
    lines.append(f"{key('in_force')}: {surface.validity(Validity(first=date(2023, 12, 15), last=date(2028, 12, 14)))}")
    lines.append(f"{key('basis')}: {{{key('article')}: 第一条, {key('quote')}: 原文}}")
    lines.append(f"{key('statutory_range')}: {scalar(statutory)}")
    lines.append(f"{key('facts')}:")
    lines += [f"  {scalar(name)}: {scalar(surface.declaration(fact))}" for name, fact in sketch.facts.items()]
    if sketch.preconditions:
        lines.append(f"{key('preconditions')}:")
        lines += [
            entry(when=surface.condition(when), otherwise=spell(ENUMS["otherwise"], otherwise, language))
            for when, otherwise in sketch.preconditions
        ]
    if sketch.grounds:
        lines.append(f"{key('no_penalty')}:")
        lines += [
            entry(tier="微", when=surface.condition(when), outcome=surface.outcome((NoPenalty(),)), quote="原文")
            for when in sketch.grounds
        ]
    lines.append(f"{key('tiers')}:")
    lines += [
        entry(tier=f"第{number}档", when=surface.condition(when), outcome=surface.outcome(measures), quote="原文")
        for number, (when, measures) in enumerate(sketch.rows)
    ]
    lines.append(f"{key('defects')}:")
    lines.append(
        entry(kind=spell(ENUMS["kind"], "missing_tier", language), when=surface.condition(sketch.gap), note="某")
    )
    refuse = f"{surface.word('REFUSE')} {'缺少事实' if language == 'zh' else 'missing fact'}"
    lines.append(f"{key('cases')}:")
    lines.append(
        f"  - {{{key('name')}: 某例, {key('on')}: 2026-11-01, {key('given')}: {{}}, {key('expect')}: {refuse}}}"
    )
    return "\n".join(lines) + "\n"


def loaded(text: str) -> Rule:
    given = {"r/regime.yaml": REGIME.encode(), "catalogue.yaml": CATALOGUE.encode(), "r/rule.yaml": text.encode()}
    return load_rulebook(given).rules["R-1"]


@settings(deadline=None, max_examples=40)
@given(sketch=sketches())
def test_a_whole_rule_written_in_chinese_and_in_english_is_one_rule(sketch: Sketch) -> None:
    chinese, english = (loaded(written(sketch, language)) for language in BOTH)

    assert chinese == english
    assert (chinese.language, english.language) == BOTH
    assert tuple((row.when, row.measures) for row in chinese.rows) == sketch.rows
    assert tuple((each.when, each.otherwise) for each in chinese.preconditions) == sketch.preconditions
    assert (chinese.ranges[0].low, chinese.ranges[0].high) == sketch.statutory


@pytest.mark.parametrize("code", sorted(shipped().rules))
def test_every_shipped_rule_is_read_back_from_chinese(code: str) -> None:
    rule = shipped().rules[code]
    inner = {name: fact for each in rule.records for fact in each.fields for name in [fact.name]}
    surface = Surface({**rule.by_name, **inner}, "zh", "CNY")
    names = [*rule.named, *(value.name for each in rule.records for value in each.values)]
    builder = builder_for(rule.by_name, "zh", Complaints("zh"), records=rule.lists, names=names, currency="CNY")
    builder.named = dict(rule.named)

    for row in (*rule.no_penalty, *rule.rows):
        assert builder.condition(Scalar(surface.condition(row.when), NOWHERE)) == row.when
        assert builder.outcome(Scalar(surface.outcome(row.measures), NOWHERE)) == row.measures
    for each in rule.ranges:
        assert builder.statutory(Scalar(surface.statutory(each), NOWHERE)) == (each.low, each.high)
    assert builder.complaints.findings == []


def test_a_regime_in_english_is_the_regime_in_chinese() -> None:
    english = """language: English
regime: T
name: 某市裁量基准
version: "1"
number: 某管规〔2023〕1号
issuer: 某局
published: 2023-11-23
in_force: 2023-12-15 to 2028-12-14
source: 某网页
bounds: inclusive
first_day: counts
tie: heavier
rounding: 1 fen, floor
facts:
  当次: integer, items, 1 to 99, larger is graver, taken from history, counts 往日 1 years back
  往日: list of days, taken from history
  违法所得: money, yuan, 0 to 1000000
always:
  - {outcome: order to correct, basis: 某法第一条}
when_not_penalised:
  - {outcome: educate, basis: 某法第二条}
"""
    chinese = REGIME.replace("次数: 整数，次", "当次: 整数，件")

    read = [load_rulebook({"r/regime.yaml": text.encode()}).regimes[0] for text in (chinese, english)]

    assert read[0].language == "zh"
    assert replace(read[1], language="zh", digest=read[0].digest) == read[0]
