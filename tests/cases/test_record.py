"""A record's bytes say exactly what was asked and answered, in one spelling."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from cases.record import VERSION, Asked, read_record, write_record
from engine import MEANING

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
values = texts | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.lists(texts, max_size=4)
questions = st.builds(
    Asked,
    violation=texts,
    on=st.dates(),
    facts=st.dictionaries(texts, values, max_size=5),
    case_ref=st.none() | texts,
)


def written(asked: Asked, **changes: Any) -> bytes:
    fields: dict[str, Any] = {
        "record_id": "a",
        "time": "2026-11-01T00:00:00.000Z",
        "nonce": "0" * 32,
        "door": "test",
        "rulebook": "sha256:0",
        "decision": {
            "outcome": "decision",
            "violation": "A",
            "name": None,
            "on": "2026-11-01",
            "tier": None,
            "fine_fen": 10_000,
            "measures": [],
            "refusal": None,
            "basis": [],
            "rule": None,
            "trace": [],
        },
    }
    return write_record(asked=asked, **(fields | changes))


@given(questions)
def test_a_question_comes_back_from_its_record(asked: Asked) -> None:
    record = read_record(written(asked))

    assert record.asked == asked


@given(questions)
def test_a_record_is_canonical_json(asked: Asked) -> None:
    data = written(asked)

    assert rfc8785.dumps(json.loads(data)) == data


@given(questions)
def test_the_order_of_the_facts_does_not_show(asked: Asked) -> None:
    turned = Asked(
        violation=asked.violation, on=asked.on, facts=dict(reversed(list(asked.facts.items()))), case_ref=asked.case_ref
    )

    assert written(turned) == written(asked)


def test_a_record_carries_its_version_and_what_rules_meant() -> None:
    record = json.loads(written(Asked(violation="A", on=date(2026, 11, 1), facts={})))

    assert (record["v"], record["meaning"]) == (VERSION, MEANING)


def test_a_question_without_a_case_says_nothing_of_one() -> None:
    record = json.loads(written(Asked(violation="A", on=date(2026, 11, 1), facts={})))

    assert "case_ref" not in record["asked"]


@pytest.mark.parametrize("version", [0, 2, "1", None])
def test_a_record_of_an_unknown_version_is_refused(version: object) -> None:
    record = json.loads(written(Asked(violation="A", on=date(2026, 11, 1), facts={})))

    with pytest.raises(ValueError, match=r"\bv\n"):
        read_record(json.dumps(record | {"v": version}).encode())


@pytest.mark.parametrize("data", [b"", b"{", b"\xff", b"[1]", b"1", b"{}"])
def test_bytes_that_are_no_record_are_refused(data: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the sentence is JSON's own for most of them
        read_record(data)


def test_a_fact_that_cannot_be_written_exactly_is_never_written() -> None:
    asked = Asked(violation="A", on=date(2026, 11, 1), facts={"a": 2**53})

    with pytest.raises(rfc8785.IntegerDomainError):
        written(asked)
