"""The facts of a rule as JSON Schema: valid, closed, and true to what the engine accepts."""

from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import Refusal
from engine.fact import Fact
from engine.schema import describe, describe_power_item, facts_schema
from tests.engine.kit import ask, book, shipped

CODES = list(shipped().rules)


@pytest.mark.parametrize("code", CODES)
def test_the_schema_of_every_rule_is_valid_json_schema(code: str) -> None:
    schema = facts_schema(shipped().rules[code])

    valid = jsonschema_rs.meta.is_valid(schema)

    assert valid


@pytest.mark.parametrize("code", CODES)
def test_a_schema_offers_the_facts_a_rule_asks_and_no_others(code: str) -> None:
    rule = shipped().rules[code]

    schema: dict[str, Any] = facts_schema(rule)

    asked = [name for name, each in dict(schema["properties"]).items() if "x-guard" not in each]
    assert tuple(asked) == rule.asks
    assert schema["additionalProperties"] is False
    assert "required" not in schema


def test_each_kind_of_fact_is_described_in_its_own_way() -> None:
    rule = book().rules["T-1"]
    schemas = {name: dict[str, Any](describe(rule)["facts"]["properties"]).get(name) for name in rule.asks}  # type: ignore[call-overload,index,arg-type]  # an object of objects

    area = schemas["面积"]

    assert area is not None
    assert (area["type"], area["x-unit"], area["x-direction"], area["x-minimum"], area["x-maximum"]) == (
        "string", "平方米", "graver", "0.01", "100",
    )  # fmt: skip


def value_of(fact: Fact) -> st.SearchStrategy[Any]:
    """Draw values of roughly the right shape, in and out of the schema."""
    match fact.kind:
        case "yes_no":
            return st.booleans()
        case "choice":
            return st.sampled_from(fact.choices)
        case "days":
            return st.lists(st.dates().map(lambda day: day.isoformat()), max_size=3)
        case "integer":
            return st.integers(fact.low - 2, fact.high + 2)
        case _:
            return st.from_regex(r"\A[0-9]{1,6}(\.[0-9]{1,3})?\Z") | st.text("0123456789.-", max_size=6)


@pytest.mark.parametrize("code", ["SZCG-003", "SZCG-039", "SZCG-055", "SZCG-070", "SZCG-071", "SZCG-073", "SZCG-074"])
@settings(deadline=None, max_examples=60)
@given(data=st.data())
def test_facts_that_fit_the_schema_are_never_of_the_wrong_kind(code: str, data: st.DataObject) -> None:
    rule = shipped().rules[code]
    optional = {name: value_of(rule.by_name[name]) for name in rule.asks}
    facts = data.draw(st.fixed_dictionaries({}, optional=optional))
    days = [day for given in facts.values() if isinstance(given, list) for day in given]
    fits = jsonschema_rs.is_valid(facts_schema(rule), facts) and all("1800" <= day[:4] <= "2999" for day in days)

    outcome = ask(shipped(), facts, violation=code)

    if fits:
        assert not (isinstance(outcome, Refusal) and outcome.code in ("wrong_kind", "unknown_fact"))


@pytest.mark.parametrize("code", ["SZCG-003", "SZCG-041", "SZCG-074"])
def test_a_description_holds_the_whole_table(code: str) -> None:
    rule = shipped().rules[code]

    description: dict[str, Any] = describe(rule)

    assert [tier["tier"] for tier in description["tiers"]] == [row.tier for row in (*rule.no_penalty, *rule.rows)]
    assert len(description["defects"]) == len(rule.defects)
    assert description["regime"]["number"] == "深城管规〔2023〕2号"
    assert description["in_force"] == {"first": "2023-12-15", "last": "2028-12-14"}


def test_a_power_item_is_described() -> None:
    item = shipped().power_items["SZCG-P-001"]

    description = describe_power_item(item)

    assert description["power_item"] == "SZCG-P-001"
    assert description["in_force"] == {"first": "2023-12-15", "last": None}
