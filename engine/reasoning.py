"""One decision in the making: the facts read so far, the steps taken, and how it refuses."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date
from fractions import Fraction
from typing import Any, TypeAlias

from engine.arithmetic import Undefined
from engine.currency import amount_text, unit_word
from engine.decision import Refusal, Step, StepKind
from engine.evaluate import Missing, Scope, run_of
from engine.fact import Fact, Language, Place
from engine.given import (
    GivenFacts,
    Problem,
    Value,
    count,
    days_text,
    domain_text,
    in_domain,
    read_fact,
    read_plain,
    read_records,
    shown,
    unknown,
    value_text,
)
from engine.numbers import MAX_SAFE_INTEGER, exact_text
from engine.refusals import SENTENCES, RefusalCode
from engine.rule import Rule
from engine.rulebook import Rulebook
from engine.spellings import BUILT_IN, called
from engine.tree import (
    Axis,
    Branches,
    Condition,
    Expr,
    Formula,
    Marginal,
    Money,
    Named,
    Table,
    ValueKind,
)
from engine.vocabulary import NO, YES
from engine.words import listed, quoted

Reads: TypeAlias = tuple[tuple[str, str], ...]
_new = tuple.__new__


class Refused(Exception):
    def __init__(self, refusal: Refusal) -> None:
        self.refusal = refusal


@dataclass(slots=True)
class Reasoning:
    """The facts of one decision, its trace, and the ways to ask and to refuse."""

    rulebook: Rulebook
    rule: Rule
    on: date
    decided: date | None = None
    values: dict[str, Value] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    trace: list[Step] = field(default_factory=list)
    scope: Scope = field(init=False)
    told: int = 0
    # Whether no fact of general law is given at all, as most often.
    silent: bool = True

    def __post_init__(self) -> None:
        rule = self.rule
        self.values["@on"] = self.on
        if self.decided is not None:
            self.values["@decided"] = self.decided
        self.scope = Scope(self.values, rule.by_name, rule.named, rule.lists)

    @property
    def language(self) -> Language:
        return self.rule.language

    @property
    def currency(self) -> str:
        return self.rule.regime.currency

    def said(self, fen: int) -> str:
        """Write an amount with its unit, as the rule's language says it."""
        return amount_text(fen, self.currency, self.language)

    def step(
        self,
        kind: StepKind,
        name: str = "",
        text: str = "",
        at: Place | None = None,
        reads: Reads = (),
        holds: bool | None = None,
        before: int | None = None,
        after: int | None = None,
        least_before: int | None = None,
        least_after: int | None = None,
    ) -> None:
        """Take one step more. A table has dozens of rows: made so, a step costs half of what calling Step does."""
        self.trace.append(_new(Step, (kind, name, text, at, reads, holds, before, after, least_before, least_after)))

    def refuse(self, code: RefusalCode, about: str | None = None, **words: str) -> Refused:
        sentence = SENTENCES[code][0 if self.language == "zh" else 1]
        return Refused(
            Refusal(
                violation=self.rule.code,
                rule=self.rule,
                on=self.on,
                code=code,
                message=sentence.format(**words),
                field=about,
                trace=tuple(self.trace),
            )
        )

    # --- facts

    def read(self, given: GivenFacts) -> None:
        """Read the facts in the order of their names, so that the first refused is always the same one."""
        rule, by_name = self.rule, self.rule.by_name
        names = sorted(given)
        for name in names:
            if name not in by_name:
                raise self.unknown_fact(name)
        for name in names:
            self.read_one(by_name[name], given[name])
        for fact in rule.counted:
            self.count(fact)
        self.silent = rule.general.isdisjoint(self.texts)
        if not rule.asked.issuperset(names):
            unused = [name for name in names if name not in rule.asked]
            self.step("not_used", reads=self.reads(unused))

    def read_one(self, fact: Fact, given: object) -> None:
        name, language = fact.name, self.rule.language
        plain = read_plain(fact, given, language)
        if plain is not None:
            self.values[name], self.texts[name] = plain, given  # type: ignore[assignment]  # canonical text
            return
        value: Value | Problem
        if fact.kind == "records":
            records = read_records(fact, self.rule.lists[name].by_name, given, language)
            value, text = (records, "") if isinstance(records, Problem) else records
        else:
            value = single = read_fact(fact, given, language)
            text = "" if isinstance(single, Problem) else value_text(fact, single, language)
        if isinstance(value, Problem):
            if value.code == "unknown_fact":
                raise self.refuse("unknown_fact", value.field, found=value.field, near=f"（{value.expected}）")
            raise self.refuse(value.code, value.field, field=value.field, found=value.found, expected=value.expected)
        self.values[name] = value
        self.texts[name] = text
        if fact.if_unknown and unknown(fact, given):
            self.step("assumed", name, fact.cell.text, fact.cell.place, ((name, text),))

    def unknown_fact(self, name: str) -> Refused:
        zh = self.language == "zh"
        names = listed(self.rule.asks, self.language)
        near = f"；本违法行为问的是{names}" if zh else f"; this violation asks for {names}"
        return self.refuse("unknown_fact", name, found=shown(name), near=near)

    def count(self, fact: Fact) -> None:
        """Fill a counted fact from the list of past days; both given must agree."""
        name, how, values = fact.name, fact.count, self.values
        if how is None or how.of not in values:
            return
        number, inside = count(how, values[how.of], self.on)  # type: ignore[arg-type]  # the loader: it counts days
        stated = values.get(name)
        if stated is not None and stated != number:
            raise self.refuse(
                "conflicting_facts", name, field=name, found=self.texts[name], other=how.of, expected=str(number)
            )
        if not in_domain(fact, number):
            expected = domain_text(fact, self.language)
            raise self.refuse("out_of_domain", name, field=name, found=str(number), expected=expected)
        values[name] = number
        text = self.texts[name] = value_text(fact, number, self.language)
        self.step("count", name, fact.cell.text, fact.cell.place, ((how.of, days_text(inside)), (name, text)))

    def reads(self, names: Iterable[str]) -> Reads:
        """Quote facts and named values by their values; a missing one is left out."""
        get = self.texts.get
        found: list[tuple[str, str]] = []
        for name in names:
            text = get(name)
            if text is not None:
                found.append((name, text))
        return tuple(found)

    # --- conditions and amounts, with the named values behind them told once

    def holds(self, condition: Condition, scope: Scope | None = None) -> bool | Missing:
        try:
            found: bool | Missing = run_of(condition)(scope or self.scope)
        except Undefined as undefined:
            raise self.undefined(undefined) from undefined
        if len(self.scope.worked) > self.told:
            self.tell()
        return found

    def amount(self, expr: Expr, scope: Scope | None = None) -> Any:
        """Compute an expression; refuse where a fact is missing or it has no value."""
        if type(expr) is Money:
            return expr.fen
        try:
            found = run_of(expr)(scope or self.scope)
        except Undefined as undefined:
            raise self.undefined(undefined) from undefined
        if len(self.scope.worked) > self.told:
            self.tell()
        if type(found) is Missing:
            raise self.missing(found)
        return found

    def tell(self) -> None:
        """Put the named values worked out since the last time into the trace."""
        worked, taken, rule, append = self.scope.worked, self.scope.taken, self.rule, self.trace.append
        language, currency, by_name = rule.language, rule.regime.currency, rule.named
        for name in list(worked)[self.told :]:
            value = worked[name]
            if type(value) is Missing:
                continue
            named, cell = by_name[name], by_name[name].cell
            self.texts[name] = quantity_text(named.kind, value, language, currency)
            words = line_text(named, taken[name], language, currency) if name in taken else cell.text
            reads = self.reads(named.quoted)
            append(_new(Step, ("value", name, words, cell.place, reads, None, None, None, None, None)))
        self.told = len(worked)

    def undefined(self, undefined: Undefined) -> Refused:
        name = undefined.name
        if undefined.code == "amount_too_large":
            return self.refuse("amount_too_large", expected=self.said(MAX_SAFE_INTEGER))
        shown_name = name or self.rule.name
        behind = self.reads(self.rule.facts_behind([name]))
        axis = undefined.axis
        if axis:
            # The value that no line covers, whether it was given or worked out a moment ago.
            worked = self.scope.worked.get(axis)
            text = self.texts.get(axis, "")
            if not text and worked is not None:
                text = quantity_text(self.rule.named[axis].kind, worked, self.language, self.currency)
            elif isinstance(given := self.scope.values.get(axis), date) and axis in BUILT_IN:
                text = given.isoformat()
            behind = ((called(axis, self.language), text),) if text else behind
        reads = listed([f"{each} {text}" for each, text in behind], self.language)
        return self.refuse(undefined.code, found=shown_name, expected=reads)

    def missing(self, *wanted: Iterable[str]) -> Refused:
        """Refuse for want of facts, naming those that can still matter, in the order the rule would ask for them."""
        names = {name for each in wanted for name in each}
        ordered = [name for name in self.rule.asks if name in names]
        ordered += [name for name in sorted(names) if name in BUILT_IN]
        said = [called(name, self.language) for name in ordered]
        between = "、" if self.language == "zh" else ", "
        refused = self.refuse("missing_fact", said[0], found=between.join(map(self.asked_as, said)))
        return Refused(replace(refused.refusal, wanted=tuple(ordered)))

    def asked_as(self, name: str) -> str:
        """Quote a name that is asked for; a count may be given, or the days that it is counted from."""
        fact = self.rule.by_name.get(name)
        asked = quoted(name, self.language)
        if fact is None or fact.count is None:
            return asked
        days = quoted(fact.count.of, self.language)
        return (
            f"{asked}（或填写据以计数的{days}）"
            if self.language == "zh"
            else f"{asked} (or {days}, from which it is counted)"
        )


def line_text(named: Named, taken: tuple[Any, ...], language: Language, currency: str) -> str:
    """Quote what gave a named value, in the file's words: its formula, the line of its table, its branch.

    Of marginal bands it names each that the value reached into, how much of it lies there, and what that comes to.
    """
    match named.how:
        case Table(rows=Axis(texts=())) | Branches(texts=()) | Marginal(texts=()):
            # A tree that was not read from a file has no words of one.
            return named.cell.text
        case Table(rows=rows, columns=columns):
            axes = [(rows, taken[0])] + ([] if columns is None else [(columns, taken[1])])
            told = [f"{called(axis.name, language)}“{axis.texts[at]}”" for axis, at in axes]
        case Branches(texts=texts):
            told = [f"“{texts[taken[0]]}”"]
        case Marginal(texts=texts, of_money=of_money):
            of: ValueKind = "money" if of_money else "number"
            told = [
                f"“{texts[at]}” {quantity_text(of, part, language, currency)}"
                f" → {quantity_text(named.kind, comes_to, language, currency)}"
                for at, part, comes_to in taken
            ]
        case Formula():
            return named.cell.text
    return ("，" if language == "zh" else ", ").join(told)


def quantity_text(kind: ValueKind, value: Any, language: Language, currency: str) -> str:
    """Write a worked-out value for people: an amount with its unit, a plain number, a day, yes or no."""
    match kind:
        case "money":
            whole = value if isinstance(value, int) else value.numerator // value.denominator
            if whole == value:
                return amount_text(whole, currency, language)
            return f"{exact_text(Fraction(value, 100))} {unit_word(currency, language)}"
        case "number":
            return exact_text(value)
        case "day":
            return str(value.isoformat())
        case "yes_no":
            return YES[language] if value else NO[language]
