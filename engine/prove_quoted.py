"""Proves that the statutory range a rule declares (法定幅度) is one that the clause it quotes states (依据 → 原文).

Compared are the figures and what they are of: money, money for each of something, or a share or multiple of an amount.
What that something is called is not compared: a fact has a name of its own. A quote that says of itself that it is no
clause (来源归纳，不是条文) or is of no article (没有写条款) vouches for nothing.
"""

import re
from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import NamedTuple

from engine.bounds import split
from engine.proof import Shown, Verdict
from engine.quoted import Stated, ranges_in
from engine.rule import Basis, Rule, StatutoryRange
from engine.tree import Arithmetic, Between, Expr, Money, Portions, Ref

_NO_CLAUSE = re.compile("不是条文|来源归纳|条文大意|原文没有读到|not the wording", re.IGNORECASE)
_NO_ARTICLE = re.compile("没有写条款|no article", re.IGNORECASE)
_SENTENCE = re.compile("[；。;]")


class _Figures(NamedTuple):
    """A range as figures: of money or of a ratio, how many counts they are multiplied by, and both ends."""

    money: bool
    each: int
    low: Fraction | None
    high: Fraction | None

    @property
    def kind(self) -> tuple[bool, int]:
        return self.money, self.each

    def inside(self, other: "_Figures") -> bool:
        """Say whether no figure of this range lies outside another."""
        low = other.low is None or (self.low is not None and self.low >= other.low)
        return low and (other.high is None or (self.high is not None and self.high <= other.high))


class _Quoted(NamedTuple):
    """A range a quote states: its words and figures, whether the quote is the clause, and whom the sentence names."""

    text: str
    figures: _Figures
    clause: bool
    # The declared range (单位, 情节严重) whose name stands last before it in its sentence.
    name: str


def quoted_range(rule: Rule) -> Iterator[Shown]:
    """Find the statutory ranges that no quoted clause states with both ends; nothing is said of those it does state.

    One is refuted where the clauses state a single range of its kind, which is another and no other range of the rule
    either; also where it lies inside that one, as a branch of the clause that is nowhere quoted. Else it is a question.
    """
    declared = {each.name: _declared(each, rule) for each in rule.ranges}
    quoted = list(_quoted(rule))
    clauses = [each for each in quoted if each.clause]
    # A name that stands before its own range may be named before another one again (超过核定载质量百分之三十).
    settled = {"", *(each.name for each in clauses if declared.get(each.name) == each.figures)}
    for statutory in rule.ranges:
        figures = declared[statutory.name]
        if statutory.no_fine and not clauses:
            # The statute knows no fine, and no clause states one.
            continue
        if any(each.figures == figures and each.name in {*settled, statutory.name} for each in clauses):
            continue
        yield _shown(statutory, figures, _other(figures, clauses, declared.values()), quoted)


def verdict_on(rule: Rule, findings: Iterable[Shown]) -> Verdict:
    """Return the verdict on a rule with these findings."""
    verdicts = {finding.verdict for finding in findings}
    if not verdicts and all(each.no_fine for each in rule.ranges):
        return "not_asked"
    return "refuted" if "refuted" in verdicts else "not_proved" if verdicts else "proved"


def _other(
    figures: _Figures | None, clauses: Iterable[_Quoted], declared: Iterable[_Figures | None]
) -> _Figures | None:
    """Return the one range of this kind that the clauses state, where no range of the rule is that one."""
    stated = {each.figures for each in clauses if figures is not None and each.figures.kind == figures.kind}
    return stated.pop() if len(stated) == 1 and stated.isdisjoint(declared) else None


# --- what a rule declares


def _declared(statutory: StatutoryRange, rule: Rule) -> _Figures | None:
    """Return the figures of a declared range; None where it has no end, or more in it than a figure and facts."""
    # From 0 yuan is how a range without a lower end can be written.
    low = statutory.low if statutory.low != Money(fen=0) else None
    given = [each for each in (low, statutory.high) if each is not None]
    ends = [_end(each, rule) for each in given]
    found = [each for each in ends if each is not None]
    if len({each.kind for each in found}) != 1 or len(found) < len(given):
        return None
    return found[0]._replace(
        low=found[0].low if low is not None else None,
        high=found[-1].high if statutory.high is not None else None,
    )


def _end(expr: Expr, rule: Rule) -> _Figures | None:
    """Return one end as a range of its own: a figure times facts; None where another figure hides in a named value."""
    value, rest = split(expr)
    factors = list(_factors(rest)) if rest is not None else []
    if not all(isinstance(each, Portions | Between) or _is_fact(each, rule) for each in factors):
        return None
    money = any(isinstance(each, Money) for each in _factors(expr))
    # One factor of a ratio is the amount it is a ratio of; all others are counts.
    return _Figures(money, len(factors) - (not money), value, value)


def _is_fact(expr: Expr, rule: Rule) -> bool:
    return isinstance(expr, Ref) and expr.name in rule.by_name


def _factors(expr: Expr) -> Iterator[Expr]:
    match expr:
        case Arithmetic(op="*", left=left, right=right):
            yield from _factors(left)
            yield from _factors(right)
        case _:
            yield expr


# --- what its quotes state


def _quoted(rule: Rule) -> Iterator[_Quoted]:
    names = [each.name for each in rule.ranges if each.name]
    for basis in rule.basis:
        for stated in ranges_in(basis.quote):
            if not stated.high_open:
                figures = _Figures(stated.of == "money", stated.each, stated.low, stated.high)
                yield _Quoted(stated.text, figures, _is_clause(basis), _named(basis.quote, stated, names))


def _is_clause(basis: Basis) -> bool:
    return not (_NO_CLAUSE.search(basis.quote) or _NO_ARTICLE.search(basis.article))


def _named(quote: str, stated: Stated, names: list[str]) -> str:
    begins = max((each.end() for each in _SENTENCE.finditer(quote, 0, stated.start)), default=0)
    sentence = quote[begins : stated.start]
    found = [(sentence.rfind(name) + len(name), len(name), name) for name in names if name in sentence]
    return max(found)[2] if found else ""


# --- the finding


def _shown(statutory: StatutoryRange, figures: _Figures | None, other: _Figures | None, quoted: list[_Quoted]) -> Shown:
    said, beside = (_texts(each for each in quoted if each.clause == clause) for clause in (True, False))
    zh = f"法定幅度写的是 {statutory.cell.text}；所引条文里读到：{said or '没有读到幅度'}"
    en = f"the statutory range is {statutory.cell.text}; the quoted clause says: {said or 'no range'}"
    if beside:
        zh += f"；不是条文原文的引文里读到：{beside}"
        en += f"; a quote that is not the clause says: {beside}"
    names = [each.name for each in quoted if each.clause and each.figures == figures]
    if names:
        zh += f"；同样的幅度说的是“{names[0]}”"
        en += f"; the same figures are said of `{names[0]}`"
    if figures is not None and other is not None and figures.inside(other):
        zh += "；比条文窄，如果是条文的一支，请引那一支"
        en += "; it is narrower than the clause: if it is a branch of it, quote that branch"
    return Shown(
        property="quoted_range",
        verdict="not_proved" if other is None else "refuted",
        place=statutory.cell.place,
        zh=f"{zh}。请核对，或者把条文引全",
        en=f"{en}. Compare them, or quote the clause in full",
    )


def _texts(quoted: Iterable[_Quoted]) -> str:
    return "、".join(dict.fromkeys(f"“{each.text}”" for each in quoted))
