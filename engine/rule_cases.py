"""Runs the test cases that stand inside the rule files; they are the specification, this only compares."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction

from engine.currency import currency_of
from engine.decide import decide
from engine.decision import Decision, Imposed, Outcome
from engine.fact import Language
from engine.measures import (
    Bracket,
    Detain,
    Educate,
    FigureRange,
    Fine,
    Measure,
    OrderToCorrect,
    Output,
    Restrict,
    StopBusiness,
    SuspendLicence,
)
from engine.rule import Rule, RuleCase
from engine.rulebook import Rulebook
from engine.surface import Surface
from engine.tree import Money, Number
from engine.vocabulary import REFUSALS, WORDS, spell


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseResult:
    """One case: what it expects and what came out, both in the words of the rule file."""

    rule: Rule
    case: RuleCase
    passed: bool
    expected: str
    found: str
    outcome: Outcome


def run_cases(rulebook: Rulebook) -> Iterator[CaseResult]:
    """Decide every test case of every rule."""
    for rule in rulebook.every_rule():
        for case in rule.cases:
            yield run_case(rulebook, rule, case)


def run_case(rulebook: Rulebook, rule: Rule, case: RuleCase) -> CaseResult:
    """Decide one case and compare.

    The measures must be those expected; what general law adds to every decision (an order to correct, education) may
    be left out of the expectation, as may what a guard adds. An expected refusal must be refused by that name.
    """
    outcome = decide(rulebook, rule.code, case.on, dict(case.given), decided=case.decided)
    surface = Surface.of(rule)
    if isinstance(case.expect, str):
        expected = f"{spell(WORDS, 'REFUSE', rule.language)} {spell(REFUSALS, case.expect, rule.language)}"
        passed = not isinstance(outcome, Decision) and outcome.code == case.expect
    else:
        expected = surface.outcome(case.expect)
        passed = isinstance(outcome, Decision) and _matches(case.expect, outcome.measures, surface)
    return CaseResult(
        rule=rule,
        case=case,
        passed=passed,
        expected=expected,
        found=_written(outcome, surface, rule.language),
        outcome=outcome,
    )


# What goes without saying in a test case, where it is the party's own.
_GENERAL: tuple[Measure, ...] = (OrderToCorrect(), Educate())


def expectation(outcome: Outcome, rule: Rule) -> str:
    """Write an outcome as the `得` of a case that passes: what general law adds is left out where anything else is."""
    if not isinstance(outcome, Decision):
        return f"{spell(WORDS, 'REFUSE', rule.language)} {spell(REFUSALS, outcome.code, rule.language)}"
    surface = Surface.of(rule)
    own = [each for each in outcome.measures if not each.basis] or list(outcome.measures)
    chosen = [each for each in own if each.measure not in _GENERAL] or own
    return surface.comma([_imposed(each, surface) for each in chosen])


def _matches(expected: tuple[Measure, ...], imposed: tuple[Imposed, ...], surface: Surface) -> bool:
    wanted = sorted(surface.measure(measure) for measure in expected)
    found = sorted(
        _imposed(each, surface)
        for each in imposed
        if each.measure in expected or not (each.basis or each.measure in _GENERAL)
    )
    return wanted == found


def _imposed(each: Imposed, surface: Surface) -> str:
    """Write an imposed measure as the amount it came to, so that `罚款 1000元 × 面积` reads `罚款 3500 元`."""
    measure = each.measure
    match measure:
        case Fine(payer=payer):
            if each.spread is None:
                return surface.measure(Fine(amount=Money(fen=each.amount_fen or 0), payer=payer))
            low, high = each.spread
            least = Money(fen=low) if low or high is None else None
            most = None if high is None else Money(fen=high)
            return surface.measure(Fine(amount=Bracket(low=least, high=most), payer=payer))
        case SuspendLicence() | Detain() | StopBusiness() | Restrict() if each.value:
            return surface.measure(replace(measure, time=_number(each.value)))
        case Output(value=FigureRange()):
            # Nothing was worked out: the range is what was published.
            return surface.measure(measure)
        case Output(unit=unit) if currency_of(unit) is not None:
            return surface.measure(replace(measure, value=Money(fen=int(Fraction(each.value) * 100))))
        case Output():
            return surface.measure(replace(measure, value=_number(each.value)))
        case _:
            return surface.measure(measure)


def _number(text: str) -> Number:
    return Number(value=Fraction(text))


def _written(outcome: Outcome, surface: Surface, language: Language) -> str:
    if isinstance(outcome, Decision):
        return surface.comma([_imposed(each, surface) for each in outcome.measures])
    return f"{spell(WORDS, 'REFUSE', language)} {spell(REFUSALS, outcome.code, language)}: {outcome.message}"
