"""Writes the tree back as cells, in Chinese or in English: one tree, two surfaces.

Reading what this writes gives the same tree again, in either vocabulary; that is what keeps the two from drifting
apart (tests/laws). Names, units' meanings and quoted texts are the rule's own and stay as they are.
"""

from engine.numbers import MONEY_SCALE, decimal_text
from engine.rule import StatutoryRange, Validity
from engine.tree import (
    All,
    Amount,
    Any,
    Compare,
    Condition,
    ConfiscateGains,
    ConfiscateGoods,
    Educate,
    Fact,
    Fine,
    Fixed,
    Is,
    Language,
    Measure,
    Multiple,
    NoPenalty,
    Not,
    OneOf,
    OrderToCorrect,
    PerUnit,
    RevokeLicence,
    Warn,
)
from engine.vocabulary import UNITS, WORDS, spell

_OPERATORS = {"=": "EQ", "!=": "NE", "<": "LT", "<=": "LE", ">": "GT", ">=": "GE"}
_KINDS = {
    "yes_no": "YES_NO",
    "choice": "CHOICE",
    "integer": "INTEGER",
    "number": "NUMBER_KIND",
    "money": "MONEY",
    "days": "DAYS",
}


class Surface:
    """Writes cells in one language; it needs the facts to put numbers back on their scale."""

    def __init__(self, facts: dict[str, Fact], language: Language) -> None:
        self.facts = facts
        self.language: Language = language

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
                return fact
            case Compare(fact=fact, op=op, value=value):
                return self.join(fact, self.word(_OPERATORS[op]), self.number(self.facts[fact], value))
            case OneOf(fact=fact, choices=choices):
                if len(choices) == 1:
                    return self.join(fact, self.word("EQ"), choices[0])
                separator = self.word("SEPARATOR")
                return self.join(fact, self.word("IN"), f" {separator} ".join(choices))
            case Not(part=part):
                return self.join(self.word("NOT"), f"({self.condition(part)})")
            case All(parts=parts):
                return f" {self.word('AND')} ".join(f"({self.condition(part)})" for part in parts)
            case Any(parts=parts):
                return f" {self.word('OR')} ".join(f"({self.condition(part)})" for part in parts)

    def number(self, fact: Fact, value: int) -> str:
        return decimal_text(value, fact.scale) + self.unit(fact)

    def unit(self, fact: Fact) -> str:
        if fact.kind == "money":
            return " " + self.word("YUAN")
        return " " + spell(UNITS, fact.unit, self.language) if fact.unit else ""

    # --- measures

    def outcome(self, measures: tuple[Measure, ...]) -> str:
        """Write the measures of a row."""
        return self.comma([self.measure(measure) for measure in measures])

    def measure(self, measure: Measure) -> str:
        match measure:
            case Fine(amount=amount):
                return self.join(self.word("FINE"), self.amount(amount))
            case Warn():
                return self.word("WARN")
            case ConfiscateGains(fact=fact):
                return self.join(self.word("CONFISCATE"), fact)
            case ConfiscateGoods(goods=goods):
                return self.join(self.word("CONFISCATE"), f"「{goods}」")
            case RevokeLicence(licence=licence):
                return self.join(self.word("REVOKE"), f"「{licence}」")
            case OrderToCorrect():
                return self.word("CORRECT")
            case Educate():
                return self.word("EDUCATE")
            case NoPenalty():
                return self.word("NO_PENALTY")

    def amount(self, amount: Amount) -> str:
        match amount:
            case Fixed():
                return self.rate(amount)
            case PerUnit(fact=fact) | Multiple(fact=fact):
                return self.join(self.rate(amount), self.word("TIMES_SIGN"), fact)

    def rate(self, amount: Amount) -> str:
        match amount:
            case Fixed(fen=fen) | PerUnit(fen=fen):
                return f"{decimal_text(fen, MONEY_SCALE)} {self.word('YUAN')}"
            case Multiple(ratio=ratio):
                # A ratio was read from a decimal, so its denominator divides a power of ten.
                scale = next(scale for scale in range(16) if 10**scale % ratio.denominator == 0)
                written = decimal_text(ratio.numerator * (10**scale // ratio.denominator), scale)
                return f"{written} {self.word('FOLD')}"

    def statutory(self, each: StatutoryRange) -> str:
        """Write a statutory range."""
        low, high = self.rate(each.low), self.rate(each.high)
        span = low if low == high else self.join(low, self.word("TO"), high)
        match each.high:
            case Fixed():
                return self.join(self.word("FINE"), span)
            case PerUnit(fact=fact) | Multiple(fact=fact):
                return self.join(self.word("FINE"), span, self.word("TIMES_SIGN"), fact)

    # --- declarations

    def declaration(self, fact: Fact) -> str:
        """Write a fact's declaration."""
        kind = self.word(_KINDS[fact.kind])
        clauses = [self.join(kind, f" {self.word('SEPARATOR')} ".join(fact.choices))]
        if fact.unit:
            clauses.append(self.word("YUAN") if fact.kind == "money" else spell(UNITS, fact.unit, self.language))
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
            years = str(fact.count.years)
            clauses.append(self.join(self.word("COUNTS"), fact.count.of, years, self.word("YEARS")))
        if fact.question:
            clauses.append(self.join(self.word("ASK"), f"「{fact.question}」"))
        return self.comma(clauses)

    def domain(self, fact: Fact) -> str:
        low = self.join(self.word("GT") if fact.low_open else "", decimal_text(fact.low, fact.scale))
        high = self.join(self.word("LT") if fact.high_open else "", decimal_text(fact.high, fact.scale))
        return self.join(low, self.word("TO"), high)

    def validity(self, validity: Validity) -> str:
        """Write the days in force."""
        first = validity.first.isoformat()
        if validity.last is None:
            return self.join(first, self.word("FROM_ON"))
        return self.join(first, self.word("TO"), validity.last.isoformat())
