"""Writes the tree back as cells, in Chinese or in English: one tree, two surfaces.

Reading what this writes gives the same tree again, in either vocabulary; that is what keeps the two from drifting
apart (tests/laws). Names, units' meanings and quoted texts are the rule's own and stay as they are.
"""

from collections.abc import Mapping
from fractions import Fraction

from engine.currency import amount_text, currency_of, unit_word
from engine.fact import Fact, Language
from engine.lexer import usable_name
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
from engine.numbers import decimal_text, exact_text
from engine.rule import Rule, StatutoryRange, Validity
from engine.spellings import BUILT_IN, CHANGES, KINDS, LATER, OPERATORS, ROUNDED, SIGNS, SPANS, TALLIES, WINDOWS
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
    Is,
    Key,
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
from engine.vocabulary import UNITS, WORDS, spell, spell_for


class Surface:
    """Writes cells in one language and currency; the facts, and the fields of records, put numbers on their scale."""

    def __init__(
        self,
        facts: Mapping[str, Fact],
        language: Language,
        currency: str,
        lists: Mapping[str, Records] | None = None,
    ) -> None:
        self.facts = facts
        self.language: Language = language
        self.currency = currency
        self.lists = lists or {}

    @classmethod
    def of(cls, rule: Rule) -> "Surface":
        """Write the cells of a rule in its own language and currency."""
        return cls(rule.by_name, rule.language, rule.regime.currency, rule.lists)

    def inside(self, records: str) -> "Surface":
        """Write what stands inside a list of records: its fields come before the facts of the decision."""
        if records not in self.lists:
            return self
        facts = {**self.facts, **{each.name: each for each in self.lists[records].fields}}
        return Surface(facts, self.language, self.currency)

    def word(self, word: str) -> str:
        return spell(WORDS, word, self.language)

    def join(self, *parts: str) -> str:
        return " ".join(part for part in parts if part)

    def comma(self, parts: list[str]) -> str:
        return ("，" if self.language == "zh" else ", ").join(parts)

    # --- conditions

    def condition(self, condition: Condition) -> str:
        """Write a condition; every part that is itself joined stands in parentheses, so nothing rests on precedence."""
        match condition:
            case Is(fact=fact):
                return self.word(BUILT_IN[fact]) if fact in BUILT_IN else fact
            case Compare(fact=fact, op=op, value=value):
                return self.join(fact, self.word(OPERATORS[op]), self.number(self.facts[fact], value))
            case Relation(op=op, left=left, right=right):
                return self.join(f"({self.expr(left)})", self.word(OPERATORS[op]), f"({self.expr(right)})")
            case OneOf(fact=fact, choices=choices):
                if len(choices) == 1:
                    return self.join(fact, self.word("EQ"), self.choice(choices[0]))
                return self.join(fact, self.word("IN"), self.choices(choices))
            case Each(which=which, records=records, where=where):
                return self.call(
                    "ANY_OF" if which == "any" else "EVERY_OF", records, self.inside(records).condition(where)
                )
            case Always():
                return self.word("ALWAYS")
            case Not(part=part):
                return self.join(self.word("NOT"), f"({self.condition(part)})")
            case All(parts=parts):
                return f" {self.word('AND')} ".join(f"({self.condition(part)})" for part in parts)
            case Any(parts=parts):
                return f" {self.word('OR')} ".join(f"({self.condition(part)})" for part in parts)

    def choice(self, choice: str) -> str:
        """Write a choice; one worded like its source stands in 「」."""
        return choice if usable_name(choice, self.language, self.currency) else f"「{choice}」"

    def choices(self, choices: tuple[str, ...]) -> str:
        return f" {self.word('SEPARATOR')} ".join(map(self.choice, choices))

    def call(self, word: str, *arguments: str) -> str:
        return f"{self.word(word)} ({self.comma(list(arguments))})"

    def number(self, fact: Fact, value: int) -> str:
        return decimal_text(value, fact.scale) + self.unit(fact)

    def unit(self, fact: Fact) -> str:
        if fact.kind == "money":
            return " " + unit_word(currency_of(fact.unit) or self.currency, self.language)
        # A unit of the file's own that is no plain word is left out: a figure without a unit is in the fact's.
        plain = fact.unit in UNITS or usable_name(fact.unit, self.language, self.currency)
        return " " + self.unit_word(fact.unit) if plain else ""

    def unit_word(self, unit: str) -> str:
        return spell(UNITS, unit, self.language) if unit in UNITS else unit

    # --- expressions

    def expr(self, expr: Expr) -> str:
        """Write an expression; both sides of a sign stand in parentheses where they are joined themselves."""
        match expr:
            case Money(fen=fen):
                return self.money(fen)
            case Number(value=value):
                return self.figure(value)
            case Day(day=day):
                return day.isoformat()
            case Ref(name=name):
                return self.word(BUILT_IN[name]) if name in BUILT_IN else name
            case Limit(end=end):
                return self.word("LIMIT_LOW" if end == "low" else "LIMIT_HIGH")
            case Arithmetic(op=op, left=left, right=right):
                return self.join(self.inner(left), self.word(SIGNS[op]), self.inner(right))
            case Extreme(which=which, parts=parts):
                return self.call("GREATEST" if which == "greatest" else "LEAST", *map(self.expr, parts))
            case RoundedTo(part=part, step=step, mode=mode):
                return self.call(ROUNDED[mode], self.expr(part), self.beside(part, step))
            case Portions(part=part, size=size, started=started):
                return self.call("STARTED" if started else "FULL", self.expr(part), self.beside(part, size))
            case Between(span=span, first=first, last=last):
                return self.call(SPANS[span], self.expr(first), self.expr(last))
            case Later(unit=unit, day=day, by=by):
                return self.call(LATER[unit], self.expr(day), self.expr(by))
            case Along():
                return self.along(expr)
            case Tally(what=what, records=records, where=where, part=part):
                arguments, inside = [records], self.inside(records)
                if part is not None:
                    arguments.append(inside.expr(part))
                if where is not None:
                    arguments.append(inside.condition(where))
                return self.call(TALLIES[what], *arguments)

    def inner(self, expr: Expr) -> str:
        return f"({self.expr(expr)})" if isinstance(expr, Arithmetic) else self.expr(expr)

    def beside(self, part: Expr, figure: Expr) -> str:
        """Write a figure that stands beside a value: beside a percentage a bare one would be read as one."""
        if isinstance(figure, Number) and self.in_percent(part):
            return self.percent(figure.value)
        return self.expr(figure)

    def in_percent(self, expr: Expr) -> bool:
        match expr:
            case Ref(name=name):
                return name in self.facts and self.facts[name].unit == "percent"
            case Arithmetic(op="+" | "-", left=left, right=right):
                return self.in_percent(left) or self.in_percent(right)
            case Extreme(parts=parts):
                return any(map(self.in_percent, parts))
            case RoundedTo(part=part):
                return self.in_percent(part)
            case Tally(records=records, part=part):
                return part is not None and self.inside(records).in_percent(part)
            case _:
                return False

    def percent(self, share: Fraction) -> str:
        return self.join(exact_text(share * 100), self.unit_word("percent"))

    def figure(self, value: Fraction) -> str:
        """Write a plain number; the rule language reads decimals, so every number it holds is one."""
        return exact_text(value)

    def money(self, fen: int) -> str:
        return amount_text(fen, self.currency, self.language)

    def along(self, along: Along) -> str:
        text = self.join(
            self.expr(along.low), self.word("ARROW"), self.expr(along.high), self.word("ALONG"), self.inner(along.of),
            self.apart(along.of, along.start), self.word("ARROW"), self.beside(along.of, along.end),
        )  # fmt: skip
        if along.beyond is None:
            return text
        return self.comma([text, self.join(self.word("THEN"), self.expr(along.beyond))])

    def apart(self, of: Expr, start: Expr) -> str:
        """Write the figure a line starts at so that it is not taken for a part of what stands before it (x -3)."""
        text = self.beside(of, start)
        return f"({text})" if isinstance(start, Arithmetic) or text.startswith("-") else text

    # --- measures

    def outcome(self, measures: tuple[Measure, ...]) -> str:
        """Write the measures of a row."""
        if not measures:
            return self.word("REFUSE")
        return self.comma([self.measure(measure) for measure in measures])

    def measure(self, measure: Measure) -> str:
        """Write one measure, and on whom where it is not the party."""
        payer = "" if isinstance(measure, NoPenalty) else measure.payer
        on = self.join(self.word("ON_PAYER"), f"「{payer}」") if payer else ""
        return self.join(on, self.imposed(measure))

    def imposed(self, measure: Measure) -> str:
        """Write what a measure imposes."""
        match measure:
            case Fine():
                return self.fine(measure)
            case Warn():
                return self.word("WARN")
            case Criticise():
                return self.word("CRITICISE")
            case ConfiscateGains(fact=fact):
                return self.join(self.word("CONFISCATE"), fact)
            case ConfiscateGoods(goods=goods):
                return self.join(self.word("CONFISCATE"), f"「{goods}」")
            case RevokeLicence(licence=licence):
                return self.join(self.word("REVOKE"), f"「{licence}」")
            case SuspendLicence(licence=licence, time=time, unit=unit):
                return self.join(self.word("SUSPEND"), f"「{licence}」", self.time(time, unit))
            case StopBusiness(time=time, unit=unit):
                return self.join(self.word("STOP"), "" if time is None else self.time(time, unit))
            case Restrict(what=what, time=time, unit=unit):
                return self.join(self.word("RESTRICT"), f"「{what}」", "" if time is None else self.time(time, unit))
            case Detain(time=time, unit=unit):
                return self.join(self.word("DETAIN"), self.time(time, unit))
            case OrderToCorrect():
                return self.word("CORRECT")
            case Order(what=what):
                return self.join(self.word("ORDER"), f"「{what}」")
            case Output(name=name, value=value, unit=unit):
                return self.join(self.word("OUTPUT"), f"「{name}」", self.time(value, unit))
            case Flag(what=what):
                return self.join(self.word("FLAG"), f"「{what}」")
            case Educate():
                return self.word("EDUCATE")
            case NoPenalty(may=may):
                return self.word("MAY_NO_PENALTY" if may else "NO_PENALTY")

    def time(self, value: Expr | FigureRange, unit: str) -> str:
        """Write a figure with its unit; one of the file's own is carried by the facts of the expression itself."""
        if isinstance(value, FigureRange):
            low, high = ("" if each is None else self.time(each, unit) for each in (value.low, value.high))
            if low and high:
                return self.join(low, self.word("TO"), high)
            return self.join(high, self.word("OR_LESS")) if high else self.join(low, self.word("OR_MORE"))
        if isinstance(value, Number):
            # Percentages were read as shares.
            if unit == "percent":
                return self.percent(value.value)
            figure = exact_text(value.value)
            return self.join(figure, spell_for(UNITS, unit, figure, self.language) if unit in UNITS else unit)
        return self.join(self.inner(value), self.unit_word(unit)) if unit in UNITS else self.expr(value)

    def fine(self, fine: Fine) -> str:
        return self.comma([self.join(self.word("FINE"), self.amount(fine.amount)), *self.bounds(fine)])

    def bounds(self, of: Fine | Change) -> list[str]:
        ends = (("GE", of.floor), ("LE", of.cap))
        return [self.join(self.word(word), self.expr(end)) for word, end in ends if end is not None]

    def amount(self, amount: Expr | Bracket) -> str:
        if not isinstance(amount, Bracket):
            return self.expr(amount)
        low = "" if amount.low is None else self.end(amount.low)
        high = "" if amount.high is None else self.end(amount.high)
        if isinstance(amount.low, Number | Money) and isinstance(amount.high, Arithmetic):
            # A bare first end would be multiplied by what the second one is multiplied by.
            low = f"({low})"
        if not low:
            text = self.join(high, self.word("OR_LESS"))
        elif not high:
            text = self.join(low, self.word("OR_MORE"))
        else:
            text = self.join(low, self.word("TO"), high)
        if amount.at is None:
            return text
        # `at least of (…)` would be read as `at least`.
        share = self.expr(amount.at)
        return self.join(text, self.word("AT"), f"({share})" if isinstance(amount.at, Extreme) else share)

    def end(self, expr: Expr) -> str:
        return f"({self.expr(expr)})" if isinstance(expr, Arithmetic) else self.expr(expr)

    def statutory(self, each: StatutoryRange) -> str:
        """Write a statutory range."""
        if each.no_fine:
            return self.word("NO_FINE")
        if each.low == each.high and each.low is not None:
            return self.join(self.word("FINE"), self.expr(each.low))
        return self.join(self.word("FINE"), self.amount(Bracket(low=each.low, high=each.high)))

    # --- between row and amount

    def change(self, change: Change) -> str:
        """Write an adjustment."""
        until = "" if change.to is None else self.join(self.word("TO"), self.expr(change.to))
        parts = [self.join(self.word(CHANGES[change.kind]), self.expr(change.by), until), *self.bounds(change)]
        if change.below_range:
            parts.append(self.word("BELOW_RANGE"))
        return self.comma(parts)

    def move(self, move: Move) -> str:
        """Write a tier move."""
        if move.tiers == 0:
            return self.word("TOP_OF_TIER" if move.end == "high" else "BOTTOM_OF_TIER")
        up = move.tiers > 0
        text = self.join(self.word("TIER_UP" if up else "TIER_DOWN"), str(abs(move.tiers)), self.word("TIERS"))
        return self.comma([text, self.word("TOP_AT_END")]) if move.top_at_end else text

    def position(self, position: Position) -> str:
        """Write where in a bracket a figure lies."""
        low, high = exact_text(position.low), exact_text(position.high)
        if position.low == position.high:
            return low
        return self.join(low, self.word("TO"), self.word("LT") if position.high_open else "", high)

    def key(self, key: Key, axis: Fact | Named) -> str:
        """Write one line of a table's axis."""
        percent = isinstance(axis, Fact) and axis.unit == "percent"

        def end(value: Fraction) -> str:
            if axis.kind == "money":
                return self.money(value.numerator)
            return self.percent(value) if percent else exact_text(value)

        match key:
            case bool():
                return self.word("YES" if key else "NO")
            case Band(low=None, high=Fraction() as high, high_open=is_open):
                return self.join(self.word("LT" if is_open else "LE"), end(high))
            case Band(low=Fraction() as low, high=None, low_open=is_open):
                return self.join(self.word("GT" if is_open else "GE"), end(low))
            case Band(low=low, high=high, low_open=low_open, high_open=high_open):
                assert low is not None
                assert high is not None
                return f"{'(' if low_open else '['}{end(low)} .. {end(high)}{')' if high_open else ']'}"
            case Period(first=None, last=last):
                return self.join(self.word("LE"), str(last))
            case Period(first=first, last=last):
                until = self.word("FROM_ON") if last is None else self.join(self.word("TO"), str(last))
                return self.join(str(first), until)
            case tuple():
                return self.choices(key)

    # --- declarations

    def declaration(self, fact: Fact) -> str:
        """Write a fact's declaration."""
        kind = self.word(KINDS[fact.kind])
        clauses = [self.join(kind, self.choices(fact.choices))]
        if not fact.unit and fact.kind in ("integer", "number"):
            clauses.append(self.unit_word("none"))
        if fact.unit:
            written = self.unit_word(fact.unit) if fact.unit in UNITS else f"「{fact.unit}」"
            clauses.append(self.unit(fact).strip() if fact.kind == "money" else written)
        if fact.kind == "number":
            clauses.append(self.join(self.word("PRECISION"), decimal_text(1, fact.scale)))
        if fact.numeric:
            clauses.append(self.domain(fact))
        if fact.direction != "neither":
            graver = fact.direction == "graver"
            word = ("GRAVER" if graver else "LIGHTER") if fact.numeric else ("AGGRAVATING" if graver else "MITIGATING")
            clauses.append(self.word(word))
        clauses.append(self.join(self.word("SOURCE"), self.word(fact.source.upper())))
        if fact.count:
            back = "" if fact.count.window == "ever" else str(fact.count.back)
            window = spell_for(WORDS, WINDOWS[fact.count.window], back, self.language)
            clauses.append(self.join(self.word("COUNTS"), fact.count.of, back, window))
            if not fact.count.with_this:
                clauses.append(self.word("WITHOUT_THIS"))
        if fact.if_unknown:
            clauses.append(self.join(self.word("IF_UNKNOWN"), self.choice(fact.if_unknown)))
        if fact.personal:
            clauses.append(self.word("PERSONAL"))
        if fact.question:
            clauses.append(self.join(self.word("ASK"), f"「{fact.question}」"))
        return self.comma(clauses)

    def domain(self, fact: Fact) -> str:
        low, high = decimal_text(fact.low, fact.scale), decimal_text(fact.high, fact.scale)
        above, under = self.word("GT") if fact.low_open else "", self.word("LT") if fact.high_open else ""
        return self.join(above, low, self.word("TO"), under, high)

    def validity(self, validity: Validity) -> str:
        """Write the days in force."""
        first = validity.first.isoformat()
        if validity.last is None:
            return self.join(first, self.word("FROM_ON"))
        return self.join(first, self.word("TO"), validity.last.isoformat())
