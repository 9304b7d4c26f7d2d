"""What the tests against the naive reading share: how values go to the engine, and how its answers come back."""

from collections.abc import Mapping
from datetime import date
from fractions import Fraction
from typing import Any

from engine import GivenFacts, Outcome, to_wire
from tests.oracle.naive import GENERAL, Answer, Item
from tests.oracle.naive_facts import Declaration, Fact
from tests.oracle.naive_time import Day, written


def parts(on: date) -> Day:
    return on.year, on.month, on.day


def given_as(fact: Declaration, value: Any) -> Any:
    """Write a value of the oracle the way a caller gives it."""
    match value:
        case bool() | str():
            return value
        case Fraction():
            if fact.kind == "整数":
                return int(value)
            scaled = value / fact.step
            assert scaled.denominator == 1
            digits = len(str(fact.step.denominator)) - 1
            sign = "-" if scaled < 0 else ""
            whole, decimals = divmod(abs(int(scaled)), 10**digits)
            return f"{sign}{whole}.{decimals:0{digits}d}" if digits else f"{sign}{whole}"
        case list() if fact.kind == "清单":
            return [{name: given_as(fact.fields[name], inner) for name, inner in each.items()} for each in value]
        case list():
            return [written(each) for each in value]
        case _:
            return written(value)


def sent(item: Item, facts: Mapping[str, Fact]) -> GivenFacts:
    return {name: given_as(item.facts[name], value) for name, value in facts.items()}


def seen(outcome: Outcome) -> Answer:
    """Bring an outcome of the engine to the oracle's form, by its wire form alone."""
    wire: dict[str, Any] = to_wire(outcome)
    if wire["refusal"]:
        return Answer(refusal=wire["refusal"]["code"])
    measures = tuple(measure(each) for each in wire["measures"])
    return Answer(tier=wire["tier"] or "", fine_fen=wire["fine_fen"], measures=measures)


def measure(wire: Mapping[str, Any]) -> tuple[str, ...]:
    kind = "may_no_penalty" if wire.get("may") else wire["kind"]
    named = next((wire[key] for key in ("goods", "licence", "what", "name") if key in wire), None)
    figures = [str(wire[key]) for key in ("amount_fen", "low_fen", "high_fen") if key in wire]
    figures += [str(Fraction(wire[key])) for key in ("time", "value") if key in wire]
    for key in ("time", "value"):
        if f"{key}_low" in wire:
            ends = (wire[f"{key}_low"], wire[f"{key}_high"])
            figures.append("..".join(str(None if end is None else Fraction(end)) for end in ends))
    found = [kind, *([named] if named else []), *figures]
    found += [f"对{wire['payer']}"] if "payer" in wire else []
    found += [GENERAL] if "basis" in wire else []
    return tuple(found)
