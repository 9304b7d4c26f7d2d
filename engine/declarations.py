"""Fact declarations: `面积: 数，平方米，精确到 0.01，大于 0 至 10000，越大越重` becomes a Fact."""

from collections.abc import Mapping
from dataclasses import replace

import lark

from engine.currency import currency_of, decimals, money_words, unit_of, unit_word
from engine.errors import Complaints
from engine.expressions import Unusable
from engine.fact import Cell, Count, Direction, Fact, FactKind, Language, Source, Window
from engine.given import Problem, read_fact
from engine.grammar import Parsed, parse_cell, token_of, tree_of
from engine.lexer import lexicon_of, reserved_name, usable_name, why_not_a_name
from engine.near import CONSTANT
from engine.numbers import NotANumber, scaled
from engine.reading import misshapen
from engine.vocabulary import FOLDED
from engine.yamltext import Mapping as YamlMapping
from engine.yamltext import Node, Scalar

_KINDS: Mapping[str, FactKind] = {
    "YES_NO": "yes_no",
    "INTEGER": "integer",
    "NUMBER_KIND": "number",
    "MONEY": "money",
    "DATE": "day",
    "DAYS": "days",
    "CHOICE": "choice",
}
_DIRECTIONS: Mapping[str, Direction] = {
    "GRAVER": "graver",
    "AGGRAVATING": "graver",
    "LIGHTER": "lighter",
    "MITIGATING": "lighter",
}
_SOURCES: Mapping[str, Source] = {
    "OFFICER": "officer",
    "CASE_FILE": "case_file",
    "HISTORY": "history",
    "REGISTER": "register",
}
_WINDOWS: Mapping[str, tuple[Window, int]] = {
    "YEARS": ("years", 20),
    "MONTHS": ("months", 240),
    "DAYS_BACK": ("days", 3660),
}
MAX_SCALE = 6


def read_facts(
    node: Node | None,
    language: Language,
    first_day_counts: bool,
    complaints: Complaints,
    currency: str,
) -> dict[str, Fact]:
    """Read a section of declarations; a declaration that does not work is left out after its finding.

    A list of records is declared by a section of its own (`每项`) and read by `engine.values`.
    """
    if node is None:
        return {}
    if not isinstance(node, YamlMapping):
        misshapen(node, YamlMapping, complaints)
        return {}
    facts: dict[str, Fact] = {}
    for key, value in node.entries.values():
        if not check_name(key, language, complaints, currency) or isinstance(value, YamlMapping):
            continue
        if not isinstance(value, Scalar):
            misshapen(value, Scalar, complaints)
            complaints.failed.add(key.text)
        elif fact := read_declaration(key.text, value, language, first_day_counts, complaints, currency):
            facts[fact.name] = fact
        else:
            complaints.failed.add(key.text)
    return facts


def check_name(key: Scalar, language: Language, complaints: Complaints, currency: str) -> bool:
    """Say whether a name can be used, and complain where it cannot."""
    if usable_name(key.text, language, currency):
        return True
    complaints.add("bad_name", key.place, found=key.text, repair=why_not_a_name(key.text, language, currency))
    if key.text and not reserved_name(key.text, language, currency):
        # As cells are read: there 甲（乙） is 甲(乙).
        complaints.failed |= {key.text, key.text.translate(FOLDED)}
    return False


def read_declaration(
    name: str,
    cell: Scalar,
    language: Language,
    first_day_counts: bool,
    complaints: Complaints,
    currency: str,
) -> Fact | None:
    """Read one declaration; None after its finding. An amount is declared in the currency of its file."""
    tree = parse_cell(cell, "declaration", lexicon_of(language, currency), complaints)
    if tree is None:
        return None
    try:
        return _Declaration(name, cell, language, first_day_counts, complaints, currency, tree).fact()
    except Unusable:
        return None


class _Declaration:
    def __init__(
        self,
        name: str,
        cell: Scalar,
        language: Language,
        first_day_counts: bool,
        complaints: Complaints,
        currency: str,
        tree: Parsed,
    ) -> None:
        self.name = name
        self.cell = cell
        self.language = language
        self.first_day_counts = first_day_counts
        self.complaints = complaints
        self.currency = currency
        head = tree_of(tree.children[0])
        self.head = [token_of(child) for child in head.children]
        self.kind = _KINDS[token_of(head.children[0]).type]
        self.choices = tuple(token.value for token in self.head if token.type in ("NAME", "TEXT"))
        self.clauses: dict[str, list[lark.Token]] = {}
        for child in tree.children[1:]:
            if isinstance(child, lark.Tree):
                tokens = [token_of(token) for token in child.children]
                if child.data in self.clauses:
                    self.fail("duplicate_name", tokens[0], found=tokens[0].value)
                self.clauses[child.data] = tokens

    def fail(
        self,
        code: str,
        token: lark.Token | None,
        *,
        found: str = "",
        expected: str = "",
        repair: tuple[str, str] = ("", ""),
    ) -> None:
        place = self.cell.at(token.start_pos or 0) if token is not None else self.cell.place
        self.complaints.add(code, place, found=found, expected=expected, repair=repair)
        raise Unusable

    def say(self, zh: str, en: str) -> str:
        return zh if self.language == "zh" else en

    def fact(self) -> Fact:
        self.allowed()
        scale, low, high, low_open, high_open = self.domain()
        direction: Direction = "neither"
        if tokens := self.clauses.get("direction"):
            direction = _DIRECTIONS[tokens[0].type]
        source: Source = "officer"
        if tokens := self.clauses.get("source"):
            source = _SOURCES[tokens[1].type]
        question = self.clauses["ask"][1].value if "ask" in self.clauses else ""
        return self.with_unknown(Fact(
            name=self.name,
            kind=self.kind,
            unit=self.unit(),
            scale=scale,
            low=low,
            high=high,
            low_open=low_open,
            high_open=high_open,
            choices=self.choices,
            direction=direction,
            source=source,
            count=self.count(),
            question=question,
            personal="personal" in self.clauses,
            cell=Cell(text=self.cell.text, place=self.cell.place),
        ))  # fmt: skip

    def with_unknown(self, fact: Fact) -> Fact:
        """Add what an unknown fact counts as, where the schedule says so: a value of the fact, as text."""
        tokens = self.clauses.get("if_unknown")
        if tokens is None:
            return fact
        text = tokens[1].value
        if isinstance(read_fact(fact, text, self.language), Problem):
            self.fail("bad_domain", tokens[1], found=text, repair=CONSTANT)
        return replace(fact, if_unknown=text)

    def allowed(self) -> None:
        numeric = self.kind in ("integer", "number", "money")
        for clause, tokens in self.clauses.items():
            fits = {
                "unit_clause": numeric,
                "domain": numeric,
                "precision": self.kind == "number",
                "counts": self.kind == "integer",
                "without_this": self.kind == "integer" and "counts" in self.clauses,
                "if_unknown": self.kind != "days",
            }.get(clause, True)
            if clause == "direction":
                fits = numeric == (tokens[0].type in ("GRAVER", "LIGHTER")) and self.kind in (
                    "integer", "number", "money", "yes_no",
                )  # fmt: skip
            if not fits:
                self.fail("wrong_fact_kind", tokens[0], found=self.name, expected=self.say("别的种类", "another kind"))
        if self.kind == "choice":
            # A choice in 「」 may be worded as the source words it.
            quoted = {token.value for token in self.head if token.type == "TEXT"}
            bad = [
                each
                for each in self.choices
                if each not in quoted and not usable_name(each, self.language, self.currency)
            ]
            if bad:
                repair = (
                    f"选项可以照原文写在「」里：「{bad[0]}」",
                    f"a choice may stand in 「」 as the source words it: 「{bad[0]}」",
                )
                self.fail("bad_name", None, found=bad[0], repair=repair)
            if len(set(self.choices)) != len(self.choices) or len(self.choices) < 2:
                self.fail("bad_domain", None, found="、".join(self.choices))

    def unit(self) -> str:
        tokens = self.clauses.get("unit_clause")
        if self.kind == "money":
            if tokens is not None and tokens[0].type != "YUAN":
                # 金额，「贝壳」 would be money of no currency.
                self.fail("unit_mismatch", tokens[0], found=tokens[0].value, expected=self.name)
            return unit_of(self.currency)
        if self.kind not in ("integer", "number"):
            return ""
        if tokens is None:
            self.fail("question", None, expected=self.say(f"“{self.name}”的单位", f"the unit of `{self.name}`"))
            return ""
        own = tokens[0].value if tokens[0].type == "TEXT" else ""
        if currency_of(own) is not None or own in money_words(self.currency, self.language):
            # A figure in a unit called like a currency would be taken for an amount.
            self.fail("bad_name", tokens[0], found=tokens[0].value)
        if tokens[0].type == "YUAN":
            zh, en = unit_word(self.currency, "zh"), unit_word(self.currency, "en")
            repair = (f"有{zh}的是金额，种类写“金额”", f"what is in {en} is of the kind `money`")
            self.fail("unit_mismatch", tokens[0], found=tokens[0].value, expected=self.name, repair=repair)
        return "" if tokens[0].value == "none" else str(tokens[0].value)

    def domain(self) -> tuple[int, int, int, bool, bool]:
        if self.kind not in ("integer", "number", "money"):
            return 0, 0, 0, False, False
        # An amount has the decimals of its currency, however fine money is kept.
        scale = decimals(self.currency) if self.kind == "money" else 0
        if self.kind == "number":
            scale = self.precision()
        tokens = self.clauses.get("domain")
        if tokens is None:
            what = self.say(f"“{self.name}”最小和最大是多少", f"the least and the greatest `{self.name}`")
            self.fail("question", None, expected=what)
            return 0, 0, 0, False, False
        numbers = [token for token in tokens if token.type == "NUMBER"]
        # By position: two equal figures are equal tokens, and -20 至 20 has two of them.
        signs = zip((None, *tokens), tokens, strict=False)
        minus = [before is not None and before.type == "MINUS" for before, token in signs if token.type == "NUMBER"]
        try:
            low, high = (
                scaled(token.value, scale) * (-1 if sign else 1) for token, sign in zip(numbers, minus, strict=True)
            )
        except NotANumber as error:
            code = "too_precise" if error.too_precise else "number_too_long"
            self.fail(code, numbers[0], found=str(error), expected=self.name)
            raise Unusable from error
        low_open, high_open = tokens[0].type == "GT", any(token.type == "LT" for token in tokens)
        if low + low_open > high - high_open:
            repair = ("小的写在前，大的写在后", "write the least before the greatest")
            self.fail("bad_domain", numbers[0], found=self.cell.text, repair=repair)
        return scale, low, high, low_open, high_open

    def precision(self) -> int:
        tokens = self.clauses.get("precision")
        if tokens is None:
            what = self.say(f"“{self.name}”精确到多少", f"how precise `{self.name}` is")
            self.fail("question", None, expected=what)
            return 0
        step = tokens[1].value
        decimals = step.partition(".")[2]
        if step not in ("1", "0." + "0" * (len(decimals) - 1) + "1") or len(decimals) > MAX_SCALE:
            self.fail("bad_domain", tokens[1], found=step)
        return len(decimals)

    def count(self) -> Count | None:
        tokens = self.clauses.get("counts")
        if tokens is None:
            return None
        back = "0"
        window: Window = "ever"
        if tokens[2].type != "EVER":
            back = tokens[2].value
            window, most = _WINDOWS[tokens[3].type]
            if not back.isdigit() or int(back) < 1:
                self.fail("bad_domain", tokens[2], found=back)
            if int(back) > most:
                ever = ("不限期的写“不限期”", "without a limit write `without limit of time`")
                self.fail("past_limit", tokens[2], found=back, expected=str(most), repair=ever)
        return Count(
            of=tokens[1].value,
            back=int(back),
            window=window,
            first_day=self.first_day_counts,
            with_this="without_this" not in self.clauses and tokens[-1].type != "WITHOUT_THIS",
        )
