"""How a decision would have come out otherwise, in plain Chinese and English: least changes, and what a tier lacked.

A reading for decisions that stand on the record already: who may try facts until the fine fits is not deterred by a
fixed fine. The doors see to that; here are only the sentences.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from engine.counterfactual import Counterfactual, Counterfactuals, Gradual, counterfactuals
from engine.decision import Decision, Imposed, Outcome, Wire, imposed_to_wire
from engine.explain import measure_text, measure_unit
from engine.fact import Fact, Language
from engine.given import GivenFacts, Single, unit_text, value_text
from engine.numbers import exact_text
from engine.reasoning import Reasoning
from engine.rulebook import Rulebook
from engine.shortfall import Answer, Gap, Shortfall, shortfalls
from engine.vocabulary import NO, YES

LANGUAGES: tuple[Language, Language] = ("zh", "en")


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """What a decision lacked for other tiers, and the least change of each fact that would have changed it."""

    found: Counterfactuals
    tiers: tuple[Shortfall, ...]

    def sentences(self, language: Language) -> tuple[str, ...]:
        """Say it in a language: the tiers that did not apply, what every step changes, the changes, what was cut."""
        cut = [_cut(name, language) for name in self.found.cut]
        tiers = [tier_text(each, language) for each in self.tiers]
        currency = self.found.decision.rule.regime.currency
        steps = [step_text(each, currency, language) for each in self.found.gradual]
        changes = [change_text(each, self.found.decision, language) for each in self.found.changes]
        return (*tiers, *steps, *changes, *cut)

    def to_wire(self) -> dict[str, Wire]:
        """Write it as JSON values, each with its sentence in both languages."""
        decision = self.found.decision
        changes: list[Wire] = [_change(each, decision) for each in self.found.changes]
        return {
            "tiers": [
                {"tier": each.row.tier, **{language: tier_text(each, language) for language in LANGUAGES}}
                for each in self.tiers
            ],
            "gradual": [_step(each, decision) for each in self.found.gradual],
            "counterfactuals": changes,
            "cut": list(self.found.cut),
        }


def why(rulebook: Rulebook, violation: str, on: date, facts: GivenFacts, *, decided: date | None = None) -> Why | None:
    """Work out what would have changed a decision; None where these facts give none (a refusal says itself why)."""
    found = counterfactuals(rulebook, violation, on, facts, decided=decided)
    if found is None:
        return None
    reasoning = Reasoning(rulebook, found.decision.rule, on, decided)
    reasoning.read(facts)
    return Why(found=found, tiers=shortfalls(found.decision, reasoning.scope))


def _change(change: Counterfactual, decision: Decision) -> dict[str, Wire]:
    outcome, fact = change.outcome, change.fact
    decides = isinstance(outcome, Decision)
    language = decision.rule.language
    return {
        "fact": fact.name,
        "side": change.side,
        "given": value_text(fact, change.given, language),
        "value": value_text(fact, change.value, language),
        "until": value_text(fact, change.until, language),
        "moving": change.moving,
        "outcome": "decision" if decides else "refusal",
        "tier": (outcome.tier or None) if isinstance(outcome, Decision) else None,
        "fine_fen": outcome.fine_fen if isinstance(outcome, Decision) else None,
        "currency": decision.rule.regime.currency,
        "measures": [imposed_to_wire(each) for each in outcome.measures] if isinstance(outcome, Decision) else [],
        "refusal": None if isinstance(outcome, Decision) else {"code": outcome.code, "message": outcome.message},
        "zh": change_text(change, decision, "zh"),
        "en": change_text(change, decision, "en"),
    }


def _step(step: Gradual, decision: Decision) -> dict[str, Wire]:
    fact, language, currency = step.fact, decision.rule.language, decision.rule.regime.currency
    return {
        "fact": fact.name,
        "side": step.side,
        "given": value_text(fact, step.given, language),
        "value": value_text(fact, step.value, language),
        "steady": step.steady,
        "fine_fen": step.outcome.fine_fen,
        "measures": [imposed_to_wire(each) for each in step.outcome.measures],
        "zh": step_text(step, currency, "zh"),
        "en": step_text(step, currency, "en"),
    }


# --- sentences -------------------------------------------------------------------------------------------------------


def change_text(change: Counterfactual, decision: Decision, language: Language) -> str:
    """Write one change: `若面积不超过 4.37 平方米 → 罚款 150 元`."""
    text = f"{_supposed(change, language)} → {_outcome_text(change.outcome, decision, language)}"
    if not change.moving or change.until == change.value:
        return text
    at = _with_unit(change.fact, change.value, language)
    return f"{text}（按 {at}计）" if language == "zh" else f"{text} (at {at})"


def step_text(step: Gradual, currency: str, language: Language) -> str:
    """Write what one step of a fact changes: `份额每多 1 分，罚款多 5 元（5 分 → 罚款 25 元）`."""
    zh, fact, day = language == "zh", step.fact, isinstance(step.value, date)
    word = _STEP[step.side == "below", day][0 if zh else 1]
    size = ("1 日" if zh else "1 day") if day else _with_unit(fact, 1, language)
    told = ("，" if zh else ", ").join(_by_how_much(*each, currency, language) for each in step.changing)
    at = _with_unit(fact, step.value, language)
    there = _measures((each for _, each in step.changing), currency, language)
    if zh:
        return f"{fact.name}{'每' if step.steady else '再'}{word} {size}，{told}（{at} → {there}）"
    return f"{'each' if step.steady else 'the next'} {size} {word} of {fact.name}: {told} ({at} → {there})"


# By whether the step goes below the given value, and whether it is a day.
_STEP = {
    (True, False): ("少", "less"),
    (False, False): ("多", "more"),
    (True, True): ("早", "earlier"),
    (False, True): ("晚", "later"),
}


def _by_how_much(here: Imposed, there: Imposed, currency: str, language: Language) -> str:
    """Say by how much a measure changes: `罚款多 5 元`; of a range only that it does."""
    zh = language == "zh"
    before, after = imposed_to_wire(here), imposed_to_wire(there)
    if here.spread is not None or there.spread is not None:
        return "罚款幅度随之变动" if zh else "the range of the fine changes"
    figure = next(key for key in ("amount_fen", "time", "value") if before.get(key) != after.get(key))
    change = Fraction(str(after[figure])) - Fraction(str(before[figure]))
    word = measure_text({key: each for key, each in after.items() if key != figure}, language, currency)
    unit = measure_unit(after, language, currency)
    text = f"{exact_text(Fraction(abs(change), 100 if figure == 'amount_fen' else 1))} {unit}".strip()
    if zh:
        return f"{word}{'多' if change > 0 else '少'} {text}"
    return f"{word} {text} {'more' if change > 0 else 'less'}"


def _supposed(change: Counterfactual, language: Language) -> str:
    fact, zh = change.fact, language == "zh"
    value = _with_unit(fact, change.value, language)
    if change.until == change.value:
        return f"若{fact.name}为{_spaced(value)}" if zh else f"if {fact.name} were {value}"
    below = change.side == "below"
    day = isinstance(change.value, date)
    words = _BOUND[below, day]
    text = f"若{fact.name}{words[0]} {value}" if zh else f"if {fact.name} were {words[1]} {value}"
    if change.to_end:
        return text
    back = _BOUND[not below, day]
    until = _with_unit(fact, change.until, language)
    return f"{text}（{back[0]} {until}）" if zh else f"{text} (and {back[1]} {until})"


# By whether the value lies below the given one, and whether it is a day.
_BOUND = {
    (True, False): ("不超过", "at most"),
    (False, False): ("不低于", "at least"),
    (True, True): ("不晚于", "not after"),
    (False, True): ("不早于", "not before"),
}


def _with_unit(fact: Fact, value: Single, language: Language) -> str:
    if isinstance(value, bool):
        return YES[language] if value else NO[language]
    text = value_text(fact, value, language)
    return f"{text} {unit_text(fact, language, text)}".strip() if fact.numeric else text


def _spaced(value: str) -> str:
    """A figure stands apart from Chinese words, a word does not."""
    return f" {value}" if value[:1].isascii() else value


def _outcome_text(outcome: Outcome, decision: Decision, language: Language) -> str:
    zh = language == "zh"
    if not isinstance(outcome, Decision):
        if outcome.code == "missing_fact":
            names = ("、" if zh else ", ").join(outcome.wanted)
            return f"还须查明{names}" if zh else f"{names} would have to be established"
        return f"不能作出处罚：{outcome.message}" if zh else f"no penalty could be decided: {outcome.message}"
    currency = decision.rule.regime.currency
    own = [each for each in outcome.measures if not each.basis] or list(outcome.measures)
    text = _measures(own, currency, language)
    if not text:
        text = "无处罚" if zh else "nothing is imposed"
    before = [each for each in decision.measures if not each.basis] or list(decision.measures)
    told = _measures(before, currency, language)
    if text == told and outcome.tier:
        # The penalty reads the same; what differs is the tier, or what general law adds.
        return f"“{outcome.tier}”，{text}" if zh else f"“{outcome.tier}”, {text}"
    return text


def _measures(imposed: Iterable[Imposed], currency: str, language: Language) -> str:
    """Write measures of a decision in a row, amounts in its currency."""
    texts = (measure_text(imposed_to_wire(each), language, currency) for each in imposed)
    return ("，" if language == "zh" else ", ").join(texts)


def tier_text(shortfall: Shortfall, language: Language) -> str:
    """Write why a tier did not apply: `“严重”未适用：面积 3.5 平方米，未超过 5 平方米，差 1.51 平方米`."""
    zh = language == "zh"
    ways = [("；并且" if zh else "; and ").join(_lack_text(each, language) for each in way) for way in shortfall.ways]
    told = ("；或者" if zh else "; or ").join(ways)
    return f"“{shortfall.row.tier}”未适用：{told}" if zh else f"“{shortfall.row.tier}” did not apply: {told}"


# What a given value does, by the comparison that was required of it.
_FAILED = {
    ">": ("未超过", "not more than"),
    ">=": ("不到", "less than"),
    "<": ("不低于", "not less than"),
    "<=": ("超过", "more than"),
    "=": ("不是", "not"),
    "!=": ("正是", "exactly"),
}


def _lack_text(lack: Gap | Answer, language: Language) -> str:
    zh = language == "zh"
    fact = lack.fact
    match lack:
        case Answer(given=given, wanted=wanted):
            names = [_word(each, language) for each in wanted]
            shown = _word(given, language) if isinstance(given, str | bool) else ""
            if zh:
                return f"{fact.name}为{shown}，不是{'或'.join(names)}"
            return f"{fact.name} is {shown}, not {' or '.join(names)}"
        case Gap(given=given, op=op, bound=bound, short=short):
            exact = [exact_text(Fraction(each, 10**fact.scale)) for each in (given, bound, short)]
            figures = [f"{each} {unit_text(fact, language, each)}".strip() for each in exact]
            failed = _FAILED[op][0 if zh else 1]
            over = op in ("<", "<=")
            if zh:
                return f"{fact.name} {figures[0]}，{failed} {figures[1]}，{'超出' if over else '差'} {figures[2]}"
            return (
                f"{fact.name} {figures[0]}, {failed} {figures[1]}, {figures[2]} too {'much' if over else 'little'}"
                if op not in ("=", "!=")
                else f"{fact.name} {figures[0]}, {failed} {figures[1]}, {figures[2]} away"
            )


def _word(value: str | bool, language: Language) -> str:
    if isinstance(value, bool):
        return YES[language] if value else NO[language]
    return value


def _cut(name: str, language: Language) -> str:
    if language == "zh":
        return f"{name}：没有逐一算完，可能还有更近的变化没有列出"
    return f"{name}: not every value was worked out, so nearer changes may not be listed"
