"""Every node of the tree is written in Chinese and in English, and read back as itself from both."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction
from typing import Any as Anything

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.cells import Builder
from engine.declarations import read_declaration
from engine.errors import Complaints
from engine.fact import NOWHERE, Cell, Count, Fact, Language
from engine.lexer import PLAIN, NameKind, usable_name
from engine.measures import (
    Bracket,
    Change,
    ConfiscateGains,
    ConfiscateGoods,
    Criticise,
    Detain,
    Educate,
    FigureRange,
    Fine,
    Flag,
    Measure,
    Move,
    NoPenalty,
    Order,
    OrderToCorrect,
    Output,
    Position,
    Restrict,
    RevokeLicence,
    StopBusiness,
    SuspendLicence,
    Warn,
)
from engine.rule import StatutoryRange
from engine.surface import Surface
from engine.tree import (
    All,
    Along,
    Always,
    Any,
    Arithmetic,
    Band,
    Between,
    Compare,
    Condition,
    Day,
    Each,
    Expr,
    Extreme,
    Formula,
    Is,
    Later,
    Limit,
    Money,
    Named,
    Not,
    Number,
    OneOf,
    Period,
    Portions,
    Records,
    Ref,
    Relation,
    RoundedTo,
    Tally,
)
from engine.yamltext import Scalar

CELL = Cell(text="", place=NOWHERE)
BOTH: tuple[Language, Language] = ("zh", "en")
TEXTS = st.sampled_from(["许可证", "person in charge", "甲，乙（丙）", "100% × 元", "以上 or more"])


def fact(name: str, kind: Anything, **more: Anything) -> Fact:
    return Fact(name=name, kind=kind, cell=CELL, **more)


OPTIONS = ("城区", "suburb", "山区（一类）、其余")
FIELDS = (
    fact("超载", "number", unit="percent", scale=1, high=2000),
    fact("车型", "choice", choices=("货车", "客车")),
    fact("座位", "integer", unit="person", high=9),
    fact("检验日", "day"),
)
LIST = fact("车辆", "records", high=9)
FACTS = {
    each.name: each
    for each in (
        fact("面积", "number", unit="m2", scale=2, low=-500, high=9_999),
        fact("率", "number", unit="percent", scale=1, high=1_000),
        fact("件数", "integer", unit="桶", high=50),
        fact("货值", "money", unit="yuan", scale=2, high=10**9),
        fact("重犯", "yes_no"),
        fact("区域", "choice", choices=OPTIONS),
        fact("责令日", "day"),
        fact("复查日", "day"),
        fact("期限", "integer", unit="month", high=50),
        LIST,
    )
}
NAMED_KINDS: dict[str, Anything] = {"档数": "number", "基数": "money", "届满": "day", "重大": "yes_no"}
NAMED = {
    name: Named(name=name, kind=kind, how=Formula(part=Number(value=Fraction(0))), shape=1, cell=CELL)
    for name, kind in NAMED_KINDS.items()
}
RECORDS = Records(fact=LIST, fields=FIELDS)
WRITABLE = FACTS | {each.name: each for each in FIELDS}


def reader(language: Language) -> Builder:
    names: dict[str, NameKind] = {"桶": "UNIT"}
    every = [*FACTS.values(), *FIELDS]
    names |= {choice: "OPTION" for each in every for choice in each.choices if usable_name(choice, language, "CNY")}
    names |= dict.fromkeys([*(each.name for each in every), *NAMED], "FACT")
    lexicon = PLAIN[language].knowing(names)
    return Builder(FACTS, lexicon, Complaints(language), named=dict(NAMED), records={LIST.name: RECORDS})


# --- expressions, by kind; a product has at most one measured side, as the language wants it

DECIMALS = st.integers(-5_000, 5_000).map(lambda thousandths: Number(value=Fraction(thousandths, 1000)))
STEPS = st.integers(1, 5_000).map(lambda thousandths: Number(value=Fraction(thousandths, 1000)))
FEN = st.integers(0, 10**9).map(lambda fen: Money(fen=fen))
DAYS = st.dates(date(1950, 1, 1), date(2900, 1, 1)).map(lambda day: Day(day=day))


def refs(*names: str) -> st.SearchStrategy[Expr]:
    return st.sampled_from(names).map(lambda name: Ref(name=name))


def arithmetic(op: Anything, left: st.SearchStrategy[Expr], right: st.SearchStrategy[Expr]) -> st.SearchStrategy[Expr]:
    return st.builds(lambda one, two: Arithmetic(op=op, left=one, right=two), left, right)


def days() -> st.SearchStrategy[Expr]:
    simple: st.SearchStrategy[Expr] = DAYS | refs("责令日", "复查日", "届满", "@on", "@decided")
    by = st.integers(-40, 400).map(lambda number: Number(value=Fraction(number))) | refs("档数", "期限")
    unit: st.SearchStrategy[Anything] = st.sampled_from(["days", "months", "years"])
    which: st.SearchStrategy[Anything] = st.sampled_from(["greatest", "least"])
    return st.one_of(
        simple,
        st.builds(lambda unit, day, by: Later(unit=unit, day=day, by=by), unit, simple, by),
        st.builds(lambda which, one, two: Extreme(which=which, parts=(one, two)), which, simple, simple),
        which.map(lambda what: Tally(what=what, records="车辆", part=Ref(name="检验日"), of_days=True)),
    )


def common(inner: st.SearchStrategy[Expr], positive: st.SearchStrategy[Expr]) -> st.SearchStrategy[Expr]:
    """What both numbers and money do: sums, extremes, rounding."""
    modes: st.SearchStrategy[Anything] = st.sampled_from(["floor", "ceiling", "half_up", "half_even"])
    which: st.SearchStrategy[Anything] = st.sampled_from(["greatest", "least"])
    several = st.lists(inner, min_size=2, max_size=3)
    return st.one_of(
        arithmetic("+", inner, inner),
        arithmetic("-", inner, inner),
        st.builds(lambda which, parts: Extreme(which=which, parts=tuple(parts)), which, several),
        st.builds(lambda part, step, mode: RoundedTo(part=part, step=step, mode=mode), inner, positive, modes),
    )


def numbers() -> st.SearchStrategy[Expr]:
    """Numbers without a unit of their own: products, counts and constants."""
    spans: st.SearchStrategy[Anything] = st.sampled_from(["days", "started_months", "full_months", "full_years"])
    between = st.builds(lambda span, one, two: Between(span=span, first=one, last=two), spans, days(), days())
    whole = refs("件数", "档数", "期限")
    measured = refs("面积", "率")
    portions = st.builds(
        lambda part, size, started: Portions(part=part, size=size, started=started), measured, STEPS, st.booleans()
    )
    of_money = st.builds(
        lambda size, started: Portions(part=Ref(name="货值"), size=size, started=started),
        FEN.filter(lambda size: size.fen > 0),
        st.booleans(),
    )
    tally: st.SearchStrategy[Expr] = st.builds(
        lambda where: Tally(what="count", records="车辆", where=where), st.none() | of_records()
    )
    part = arithmetic("*", STEPS, refs("座位") | refs("超载"))
    which: st.SearchStrategy[Anything] = st.sampled_from(["total", "greatest", "least"])
    totals = st.builds(
        lambda what, part, where: Tally(what=what, records="车辆", part=part, where=where),
        which,
        part,
        st.none() | of_records(),
    )
    leaves = st.one_of(
        DECIMALS,
        refs("档数"),
        arithmetic("*", DECIMALS, whole | measured | between),
        arithmetic("*", whole, measured),
        arithmetic("/", measured, STEPS | whole),
        arithmetic("/", refs("货值"), FEN | refs("基数")),
        portions,
        of_money,
        tally,
        totals,
        refs("率")
        .flatmap(lambda ref: st.builds(lambda step: RoundedTo(part=ref, step=step, mode="floor"), STEPS))
        .map(lambda rounded: Arithmetic(op="*", left=Number(value=Fraction(1)), right=rounded)),
    )
    return st.recursive(leaves, lambda inner: common(inner, STEPS), max_leaves=3)


def money() -> st.SearchStrategy[Expr]:
    leaves = st.one_of(
        FEN,
        refs("货值", "基数"),
        arithmetic("*", FEN, numbers()),
        arithmetic("*", DECIMALS, refs("货值")),
        arithmetic("/", refs("货值"), STEPS),
        st.sampled_from([Limit(end="low"), Limit(end="high")]),
        arithmetic("*", st.just(Limit(end="high")), DECIMALS),
        st.builds(
            lambda where: Tally(
                what="total",
                records="车辆",
                part=Arithmetic(op="*", left=Money(fen=100), right=Ref(name="座位")),
                where=where,
            ),
            of_records(),
        ),
    )
    return st.recursive(leaves, lambda inner: common(inner, FEN.filter(lambda step: step.fen > 0)), max_leaves=3)


# --- conditions

OPERATORS: st.SearchStrategy[Anything] = st.sampled_from(["=", "!=", "<", "<=", ">", ">="])


def compared(*facts: Fact) -> st.SearchStrategy[Condition]:
    return st.builds(
        lambda each, op, value: Compare(fact=each.name, op=op, value=value),
        st.sampled_from(facts),
        OPERATORS,
        st.integers(0, 10**6),
    )


def chosen(name: str, options: Sequence[str]) -> st.SearchStrategy[Condition]:
    several = st.lists(st.sampled_from(options), min_size=1, max_size=3, unique=True)
    return several.map(lambda found: OneOf(fact=name, choices=tuple(found)))


def joined(leaves: st.SearchStrategy[Condition]) -> st.SearchStrategy[Condition]:
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            inner.map(lambda part: Not(part=part)),
            st.lists(inner, min_size=2, max_size=3).map(lambda parts: All(parts=tuple(parts))),
            st.lists(inner, min_size=2, max_size=3).map(lambda parts: Any(parts=tuple(parts))),
        ),
        max_leaves=3,
    )


def of_records() -> st.SearchStrategy[Condition]:
    return joined(compared(FIELDS[0], FIELDS[2], FACTS["面积"]) | chosen("车型", ("货车", "客车")))


def relation(one: st.SearchStrategy[Expr], two: st.SearchStrategy[Expr]) -> st.SearchStrategy[Condition]:
    return st.builds(lambda op, left, right: Relation(op=op, left=left, right=right), OPERATORS, one, two)


def no_limits(tree: Anything) -> bool:
    return "Limit(" not in repr(tree)


def conditions() -> st.SearchStrategy[Condition]:
    which: st.SearchStrategy[Anything] = st.sampled_from(["any", "all"])
    return joined(
        st.one_of(
            st.sampled_from(["重犯", "重大"]).map(lambda name: Is(fact=name)),
            compared(*(each for each in FACTS.values() if each.numeric)),
            chosen("区域", OPTIONS),
            relation(refs("面积", "件数").map(lambda ref: Arithmetic(op="*", left=ref, right=ref)), numbers()).filter(
                lambda each: "面积" not in repr(each)
            ),
            relation(refs("货值", "基数"), money()),
            relation(refs("责令日", "届满"), days()),
            st.builds(lambda which, where: Each(which=which, records="车辆", where=where), which, of_records()),
        )
    ).filter(no_limits)


# --- measures


def fines() -> st.SearchStrategy[Measure]:
    ends = st.none() | money()
    bracket = st.builds(lambda low, high, at: Bracket(low=low, high=high, at=at), ends, ends, st.none() | numbers())
    rate = arithmetic("*", FEN, refs("面积"))
    rates = st.builds(lambda low, high: Bracket(low=low, high=high), FEN | rate, rate)
    along = st.builds(
        lambda low, high, of, start, width, beyond: Along(
            low=low,
            high=high,
            of=of,
            start=start,
            end=Number(value=start.value + width.value),
            beyond=beyond,
        ),
        FEN,
        FEN | refs("基数"),
        refs("面积", "率", "件数") | arithmetic("-", refs("面积"), refs("面积")),
        DECIMALS,
        STEPS,
        st.none() | money(),
    )
    amounts = st.one_of(
        money(), bracket.filter(lambda each: each.low is not None or each.high is not None), rates, along
    )
    payer = st.just("") | TEXTS
    bound = st.none() | money()
    return st.builds(
        lambda amount, payer, floor, cap: Fine(amount=amount, payer=payer, floor=floor, cap=cap),
        amounts,
        payer,
        bound,
        bound,
    )


def others() -> st.SearchStrategy[Measure]:
    def timed(unit: str) -> st.SearchStrategy[tuple[Expr, str]]:
        figure: st.SearchStrategy[Expr] = st.integers(1, 99).map(lambda number: Number(value=Fraction(number)))
        return st.one_of(
            figure.map(lambda value: (value, unit)),
            st.just((Ref(name="期限"), "month")),
            st.just((Ref(name="档数"), unit)),
            figure.map(lambda value: (Arithmetic(op="+", left=Ref(name="档数"), right=value), unit)),
        )

    def spread(unit: str) -> st.SearchStrategy[tuple[FigureRange, str]]:
        ends = st.tuples(st.integers(1, 50), st.integers(51, 99)).map(
            lambda pair: [Number(value=Fraction(each)) for each in pair]
        )
        return st.one_of(
            ends.map(lambda pair: (FigureRange(low=pair[0], high=pair[1]), unit)),
            ends.map(lambda pair: (FigureRange(low=None, high=pair[1]), unit)),
            ends.map(lambda pair: (FigureRange(low=pair[0], high=None), unit)),
        )

    units = st.sampled_from(["day", "month", "year"])
    time: st.SearchStrategy[Anything] = units.flatmap(timed) | units.flatmap(spread)
    percent = STEPS.map(lambda value: (value, "percent"))
    plain = numbers().filter(lambda value: isinstance(value, Number)).map(lambda value: (value, ""))
    amount = FEN.map(lambda value: (value, "yuan"))
    return st.one_of(
        st.sampled_from(
            [Warn(), Criticise(), OrderToCorrect(), Educate(), StopBusiness(), ConfiscateGains(fact="货值")]
        ),
        TEXTS.map(lambda text: ConfiscateGoods(goods=text)),
        TEXTS.map(lambda text: RevokeLicence(licence=text)),
        TEXTS.map(lambda text: Order(what=text)),
        TEXTS.map(lambda text: Flag(what=text)),
        TEXTS.map(lambda text: Restrict(what=text)),
        st.builds(lambda text, each: SuspendLicence(licence=text, time=each[0], unit=each[1]), TEXTS, time),
        st.builds(lambda text, each: Restrict(what=text, time=each[0], unit=each[1]), TEXTS, time),
        time.map(lambda each: StopBusiness(time=each[0], unit=each[1])),
        time.map(lambda each: Detain(time=each[0], unit=each[1])),
        st.builds(
            lambda text, each: Output(name=text, value=each[0], unit=each[1]), TEXTS, time | percent | plain | amount
        ),
    )


def on_others() -> st.SearchStrategy[Measure]:
    """Every measure, on the party or on another."""
    return st.builds(lambda measure, payer: replace(measure, payer=payer), others(), st.just("") | TEXTS)


def outcomes() -> st.SearchStrategy[tuple[Measure, ...]]:
    several = st.builds(lambda first, rest: (first, *rest), fines() | on_others(), st.lists(on_others(), max_size=2))
    alone = st.sampled_from([(NoPenalty(),), (NoPenalty(may=True),), ()])
    return several | alone


# --- the laws

REAL = settings(deadline=None, max_examples=60)


def back(write: str, read: str, tree: Anything) -> None:
    """Write a tree in both languages and read both back."""
    for language in BOTH:
        text = getattr(Surface(WRITABLE, language, "CNY"), write)(tree)
        builder = reader(language)
        found = getattr(builder, read)(Scalar(text, NOWHERE))
        assert builder.complaints.findings == [], text
        assert (found.node if read == "formula" else found) == tree, text


@REAL
@given(tree=numbers() | days() | money().filter(no_limits))
def test_an_expression_is_read_back(tree: Expr) -> None:
    back("expr", "formula", tree)


@REAL
@given(tree=conditions() | st.just(Always()))
def test_a_condition_is_read_back(tree: Condition) -> None:
    back("condition", "condition", tree)


@settings(deadline=None, max_examples=120)
@given(tree=outcomes())
def test_an_outcome_of_any_measures_is_read_back(tree: tuple[Measure, ...]) -> None:
    back("outcome", "outcome", tree)


@REAL
@given(low=st.none() | money(), high=st.none() | money())
def test_a_statutory_range_of_any_ends_is_read_back(low: Expr | None, high: Expr | None) -> None:
    if not no_limits((low, high)):
        return
    for language in BOTH:
        text = Surface(WRITABLE, language, "CNY").statutory(StatutoryRange(name="", low=low, high=high, cell=CELL))
        assert reader(language).statutory(Scalar(text, NOWHERE)) == (low, high), text


@REAL
@given(data=st.data())
def test_an_adjustment_is_read_back(data: st.DataObject) -> None:
    kind: Anything = data.draw(st.sampled_from(["up", "down", "times", "add", "subtract"]))
    value = money() if kind in ("add", "subtract") else numbers()
    tree = Change(
        kind=kind,
        by=data.draw(value),
        to=data.draw(st.none() | value) if kind in ("up", "down") else None,
        floor=data.draw(st.none() | value),
        cap=data.draw(st.none() | value),
        below_range=data.draw(st.booleans()),
    )
    back("change", "adjustment", tree)


@given(tiers=st.integers(-20, 20).filter(bool), top=st.booleans(), end=st.sampled_from(["low", "high"]))
def test_a_tier_move_is_read_back(tiers: int, top: bool, end: Anything) -> None:
    back("move", "move", Move(tiers=tiers, top_at_end=top and tiers > 0))
    back("move", "move", Move(end=end))


@given(ends=st.tuples(st.integers(0, 1000), st.integers(0, 1000)).map(sorted), is_open=st.booleans())
def test_a_position_in_a_bracket_is_read_back(ends: list[int], is_open: bool) -> None:
    low, high = (Fraction(end, 1000) for end in ends)
    back("position", "position", Position(low=low, high=high, high_open=is_open and low < high, cell=CELL))


@REAL
@given(data=st.data())
def test_the_lines_of_a_table_are_read_back(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(["面积", "率", "件数", "货值", "档数", "基数", "区域", "重犯", "重大", "届满"]))
    axis = FACTS.get(name) or NAMED[name]
    key: Anything
    if axis.kind == "yes_no":
        key = data.draw(st.booleans())
    elif axis.kind == "choice":
        key = tuple(data.draw(st.lists(st.sampled_from(OPTIONS), min_size=1, unique=True)))
    elif axis.kind == "day":
        ends = data.draw(st.tuples(st.dates(date(2000, 1, 1), date(2100, 1, 1)), st.integers(0, 900)))
        period = Period(first=ends[0], last=ends[0] + timedelta(ends[1]))
        key = data.draw(st.sampled_from([period, replace(period, first=None), replace(period, last=None)]))
    else:
        scale = 1 if axis.kind == "money" else 1000
        least = 0 if axis.kind == "money" else -900
        low, high = sorted(data.draw(st.tuples(st.integers(least, 9_000), st.integers(least, 9_000))))
        open_low, open_high = data.draw(st.booleans()), data.draw(st.booleans())
        band = Band(low=Fraction(low, scale), high=Fraction(high, scale), low_open=open_low, high_open=open_high)
        no_low, no_high = replace(band, low=None, low_open=False), replace(band, high=None, high_open=False)
        key = data.draw(st.sampled_from([band, no_low, no_high]))
    for language in BOTH:
        text = Surface(WRITABLE, language, "CNY").key(key, axis)
        assert reader(language).key(Scalar(text, NOWHERE), axis) == key, text


@st.composite
def declarations(draw: st.DrawFn) -> Fact:
    kind = draw(st.sampled_from(["yes_no", "choice", "integer", "number", "money", "day", "days"]))
    more: dict[str, Anything] = {"source": draw(st.sampled_from(["officer", "case_file", "history", "register"]))}
    more["question"] = draw(st.just("") | TEXTS)
    unknown = {"yes_no": ["是"], "choice": list(OPTIONS), "day": ["2024-02-29"]}.get(kind, ["7"])
    if kind != "days" and draw(st.booleans()):
        more["if_unknown"] = draw(st.sampled_from(unknown))
    if kind == "choice":
        more["choices"] = OPTIONS
    if kind in ("integer", "number", "money"):
        more["scale"] = {"integer": 0, "money": 2}.get(kind, draw(st.integers(0, 6)))
        more["unit"] = (
            "yuan" if kind == "money" else draw(st.sampled_from(["m2", "percent", "桶", "parts per million"]))
        )
        scaled = 10 ** more["scale"]
        more["low"], more["high"] = draw(st.integers(-999, 6)) * scaled, draw(st.integers(8, 999)) * scaled
        more["low_open"], more["high_open"] = draw(st.booleans()), draw(st.booleans())
        more["direction"] = draw(st.sampled_from(["graver", "lighter", "neither"]))
    if kind == "integer" and draw(st.booleans()):
        window: Anything = draw(st.sampled_from(["years", "months", "days", "ever"]))
        back = 0 if window == "ever" else draw(st.integers(1, 20))
        more["count"] = Count(of="往日", back=back, window=window, first_day=True, with_this=draw(st.booleans()))
    return fact("某事", kind, **more)


@settings(deadline=None, max_examples=100)
@given(tree=declarations())
def test_a_declaration_with_every_clause_is_read_back(tree: Fact) -> None:
    for language in BOTH:
        complaints = Complaints(language)
        text = Surface({}, language, "CNY").declaration(tree)
        read = read_declaration("某事", Scalar(text, NOWHERE), language, True, complaints, "CNY")
        assert complaints.findings == [], text
        assert read == tree, text
        assert read.question == tree.question


@pytest.mark.parametrize("language", BOTH)
def test_a_bare_end_beside_a_rate_stays_a_bare_end(language: Language) -> None:
    rate = Arithmetic(op="*", left=Money(fen=200), right=Ref(name="面积"))
    tree = (Fine(amount=Bracket(low=Money(fen=100), high=rate)),)

    text = Surface(WRITABLE, language, "CNY").outcome(tree)

    assert reader(language).outcome(Scalar(text, NOWHERE)) == tree
