"""Laws of deciding: deterministic, total, free of order, without floats, inside the statute."""

import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from datetime import date
from fractions import Fraction
from typing import Any

import orjson
import pytest
import rfc8785
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine import Decision, GivenFacts, Outcome, Refusal, decide, load_rulebook, to_wire
from engine.explain import explain
from engine.fact import Fact
from engine.tree import Arithmetic, Expr, Money, Number, Ref
from tests.engine.kit import REGIME, ROOT, ask, book, shipped, shipped_files

CODES = sorted(code for code in shipped().rules if code.startswith("SZCG"))
DAY = date(2026, 11, 1)
DAYS = st.dates(date(2023, 12, 15), date(2028, 12, 14)) | st.dates() | st.sampled_from([date.min, date.max, DAY])


def value_of(fact: Fact) -> st.SearchStrategy[Any]:
    """Draw a value that fits a fact."""
    match fact.kind:
        case "yes_no":
            return st.booleans()
        case "choice":
            return st.sampled_from(fact.choices)
        case "days":
            return st.lists(st.dates(date(2025, 10, 1), date(2026, 11, 3)).map(date.isoformat), max_size=4)
        case "integer":
            return st.integers(1, 5) | st.integers(fact.low, fact.high)
        case "number" | "money":
            low, high = fact.low + fact.low_open, fact.high - fact.high_open
            return st.integers(low, high).map(lambda value: f"{value // 100}.{value % 100:02d}")
        case "day":
            return st.dates(date(2000, 1, 1), date(2030, 1, 1)).map(date.isoformat)
        case "records":
            return st.just([])


@st.composite
def questions(draw: st.DrawFn) -> tuple[str, date, dict[str, Any]]:
    """Draw a shipped violation, a day, and some facts that fit it."""
    code = draw(st.sampled_from(CODES))
    rule = shipped().rules[code]
    some = draw(st.sets(st.sampled_from(rule.asks)) if draw(st.booleans()) else st.just(set(rule.asks)))
    facts = {name: draw(value_of(rule.by_name[name])) for name in rule.asks if name in some}
    for fact in rule.counted:
        # The number and the days contradict each other more often than not: keep one.
        if fact.count and fact.count.of in facts and fact.name in facts:
            del facts[draw(st.sampled_from([fact.name, fact.count.of]))]
    return code, draw(st.just(DAY) | DAYS), facts


# Whole numbers on both sides of what Python is willing to print.
HUGE = st.sampled_from([16, 19, 4299, 4300, 5000]).map(lambda digits: 10**digits)
SCALARS = st.none() | st.booleans() | st.integers() | HUGE | st.floats() | st.text(max_size=20)
LONG = st.sampled_from(["9" * 100_000, "2026-01-01," * 5_000, "面" * 100_000, "." * 10_000, "-" * 10_000, "{" * 10_000])


def json_of(scalars: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Draw JSON values, lists and objects of these scalars among them."""
    return st.recursive(
        scalars,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
        max_leaves=10,
    )


TEXTUAL = json_of(SCALARS | LONG)
# A JSON escape may smuggle in a lone surrogate, which is no text that bytes can carry.
JSON = json_of(SCALARS | LONG | st.characters(categories=["Cs"]))
ANY_TEXT = st.text(st.characters(), max_size=30) | LONG


def floats_in(value: object) -> bool:
    match value:
        case float():
            return True
        case dict():
            return any(floats_in(part) for part in [*value, *value.values()])
        case list() | tuple():
            return any(floats_in(part) for part in value)
    return False


@settings(deadline=None, max_examples=80)
@given(question=questions())
def test_the_same_question_has_the_same_bytes(question: tuple[str, date, GivenFacts]) -> None:
    code, on, facts = question

    first, second = (to_wire(decide(shipped(), code, on, facts)) for _ in range(2))

    assert rfc8785.dumps(first) == rfc8785.dumps(second)
    assert orjson.dumps(first) == orjson.dumps(second)
    assert orjson.loads(rfc8785.dumps(first)) == first


IN_A_CHILD = """
import hashlib
from pathlib import Path
import rfc8785
from engine import decide, load_rulebook, to_wire
from engine.explain import explain

root = Path("rules")
rulebook = load_rulebook({path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*.yaml")})
found = hashlib.sha256(rulebook.digest.encode())
for rule in rulebook.rules.values():
    for case in rule.cases:
        for facts in (dict(case.given), dict(reversed(case.given)), {}):
            outcome = decide(rulebook, rule.code, case.on, facts)
            found.update(rfc8785.dumps(to_wire(outcome)))
            found.update("".join(explain(outcome, "zh")).encode())
    found.update(rfc8785.dumps(to_wire(decide(rulebook, rule.code + "?", case.on, {}))))
print(found.hexdigest())
"""


def test_another_process_with_another_hash_seed_gives_the_same_bytes() -> None:
    digests = [
        subprocess.run(
            [sys.executable, "-c", IN_A_CHILD], cwd=ROOT, env={"PYTHONHASHSEED": seed}, check=True, timeout=900,
            capture_output=True, text=True,
        ).stdout
        for seed in ("0", "4242")
    ]  # fmt: skip

    assert digests[0] == digests[1] != ""


@settings(deadline=None, max_examples=80)
@given(code=st.sampled_from(CODES) | ANY_TEXT, on=DAYS, facts=st.dictionaries(ANY_TEXT, JSON, max_size=4))
def test_any_code_any_day_and_any_facts_have_an_outcome(code: str, on: date, facts: dict[str, Any]) -> None:
    outcome = decide(shipped(), code, on, facts)

    assert isinstance(outcome, Decision | Refusal)
    assert not floats_in(to_wire(outcome))
    assert explain(outcome, "zh")
    assert explain(outcome, "en")


@settings(deadline=None, max_examples=80)
@given(data=st.data())
def test_any_value_of_a_declared_fact_has_an_outcome(data: st.DataObject) -> None:
    code = data.draw(st.sampled_from(CODES))
    rule = shipped().rules[code]
    names = data.draw(st.lists(st.sampled_from(list(rule.by_name)), unique=True, min_size=1, max_size=3))
    facts = {name: data.draw(JSON | value_of(rule.by_name[name])) for name in names}

    outcome = ask(shipped(), facts, violation=code)

    assert isinstance(outcome, Decision | Refusal)
    assert not floats_in(to_wire(outcome))


@settings(deadline=None, max_examples=80)
@given(facts=st.dictionaries(st.text(max_size=10), TEXTUAL, max_size=3), code=st.text(max_size=10))
def test_what_was_sent_as_text_is_recorded_as_text(facts: dict[str, Any], code: str) -> None:
    outcomes = [to_wire(ask(shipped(), facts, violation=each)) for each in (code, "SZCG-074")]

    read_back = [orjson.loads(rfc8785.dumps(outcome)) for outcome in outcomes]

    assert read_back == outcomes


@settings(deadline=None, max_examples=80)
@given(question=questions(), dice=st.randoms(use_true_random=False))
def test_the_order_of_facts_does_not_matter(question: tuple[str, date, dict[str, Any]], dice: Any) -> None:
    code, on, facts = question
    shuffled = list(facts.items())
    dice.shuffle(shuffled)

    outcomes = decide(shipped(), code, on, facts), decide(shipped(), code, on, dict(shuffled))

    assert rfc8785.dumps(to_wire(outcomes[0])) == rfc8785.dumps(to_wire(outcomes[1]))


@settings(deadline=None, max_examples=80)
@given(question=questions(), dice=st.randoms(use_true_random=False))
def test_the_order_of_past_days_does_not_matter(question: tuple[str, date, dict[str, Any]], dice: Any) -> None:
    code, on, facts = question
    turned = {
        name: dice.sample(value, len(value)) if isinstance(value, list) else value for name, value in facts.items()
    }

    outcomes = decide(shipped(), code, on, facts), decide(shipped(), code, on, turned)

    assert to_wire(outcomes[0]) == to_wire(outcomes[1])


ROW = re.compile(r"(?m)^  - 档次: .*\n(?:    .*\n)+")


def reversed_rows(text: str) -> str:
    """Turn the rows of a table around, in the text of its file."""
    head, _, rest = text.partition("裁量表:\n")
    rows = ROW.findall(rest)
    return head + "裁量表:\n" + "".join(reversed(rows)) + rest[rest.index("".join(rows)) + len("".join(rows)) :]


@pytest.fixture(scope="module")
def turned() -> Any:
    files = {
        path: reversed_rows(data.decode()).encode() if "SZCG-" in path else data
        for path, data in shipped_files().items()
    }
    return load_rulebook(files)


def essence(outcome: Outcome) -> Mapping[str, Any]:
    """Leave what an outcome says about the penalty: not where in the file its rows stand, nor which is asked first."""
    wire: dict[str, Any] = to_wire(outcome)
    refusal = wire["refusal"] and wire["refusal"]["code"]
    return {key: wire[key] for key in ("outcome", "tier", "fine_fen", "measures")} | {"refusal": refusal}


@settings(deadline=None, max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(question=questions())
def test_the_order_of_rows_in_a_file_does_not_matter(turned: Any, question: tuple[str, date, GivenFacts]) -> None:
    code, on, facts = question
    assert turned.rules[code].rows[0].tier == shipped().rules[code].rows[-1].tier

    outcomes = decide(shipped(), code, on, facts), decide(turned, code, on, facts)

    assert essence(outcomes[0]) == essence(outcomes[1])


def exactly(amount: Expr | None, facts: Mapping[str, Any]) -> Fraction:
    """Compute an amount in fen from the facts as sent: nothing of the engine's arithmetic."""
    match amount:
        case Money(fen=fen):
            return Fraction(fen)
        case Arithmetic(op="*", left=Money(fen=fen), right=Ref(name=name)):
            return fen * Fraction(facts[name])
        case Arithmetic(op="*", left=Number(value=ratio), right=Ref(name=name)):
            return ratio * Fraction(facts[name]) * 100
    raise AssertionError(amount)


@settings(deadline=None, max_examples=80)
@given(question=questions())
def test_a_fine_is_a_whole_number_of_fen_inside_the_statutory_range(question: tuple[str, date, GivenFacts]) -> None:
    code, on, facts = question

    outcome = decide(shipped(), code, on, facts)

    if isinstance(outcome, Decision) and outcome.fine_fen is not None:
        (statutory,) = (outcome.rule.range_named(step.name) for step in outcome.trace if step.kind == "statutory_range")
        assert type(outcome.fine_fen) is int
        assert 0 <= outcome.fine_fen < 2**53
        assert exactly(statutory.low, facts) <= outcome.fine_fen <= exactly(statutory.high, facts)


@settings(deadline=None, max_examples=80)
@given(question=questions())
def test_no_outcome_holds_a_float(question: tuple[str, date, GivenFacts]) -> None:
    code, on, facts = question

    wire = to_wire(decide(shipped(), code, on, facts))

    assert not floats_in(wire)


@settings(deadline=None, max_examples=100)
@given(question=questions())
def test_a_decision_carries_its_law(question: tuple[str, date, GivenFacts]) -> None:
    code, on, facts = question

    wire: dict[str, Any] = to_wire(decide(shipped(), code, on, facts))

    assert wire["rule"]["digest"] == shipped().rules[code].digest
    assert wire["basis"]
    assert wire["on"] == on.isoformat()


@pytest.mark.parametrize("spoil", [lambda facts: facts | {"x": 1}, lambda facts: facts | {"面积": "-1"}])
def test_one_bad_fact_refuses_whatever_the_others_say(spoil: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    facts: dict[str, Any] = {"面积": "1", "主动改正": True}

    outcomes = [ask(book(regime=REGIME), given) for given in (facts, spoil(facts))]

    assert isinstance(outcomes[0], Decision)
    assert isinstance(outcomes[1], Refusal)
