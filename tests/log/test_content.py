"""Whether bytes are canonical JSON: what the quick reading says is what RFC 8785 says, for any bytes."""

import json
from typing import Any

import orjson
import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from cases.log.content import content_of

whole = st.integers(-3, 3) | st.sampled_from([2**53 - 1, 2**53, -(2**53), 2**63, 2**64, 10**30])
plain = st.none() | st.booleans() | whole | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=3)
values = st.recursive(
    plain, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
)
WRITERS = [
    rfc8785.dumps,
    orjson.dumps,
    lambda value: orjson.dumps(value, option=orjson.OPT_SORT_KEYS),
    lambda value: json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode(),
]


def canonical(data: bytes) -> bool:
    try:
        value = json.loads(data)
        return isinstance(value, dict) and rfc8785.dumps(value) == data
    except ValueError:
        return False


@given(values=st.dictionaries(st.text(max_size=3), values, max_size=3), writer=st.sampled_from(WRITERS))
def test_the_quick_reading_says_what_rfc_8785_says(values: Any, writer: Any) -> None:
    try:
        data = writer(values)
    except (ValueError, TypeError):
        # A number or a text that this writer cannot write.
        return

    value, wrong, _where = content_of(data)

    assert (wrong is None) == canonical(data)
    assert wrong is not None or value == json.loads(data)


@pytest.mark.parametrize(
    ("data", "wrong", "where"),
    [
        (b'{"a":9007199254740991,"b":[{"c":true}]}', None, ""),
        (b'{"a":9007199254740992}', "not_canonical", ""),
        (b'{"a":1.0}', "not_canonical", ""),
        (b'{"a":1e21}', "not_canonical", ""),
        (b'{"a":1e+21}', None, ""),
        (b'{"b":1,"a":1}', "not_canonical", ""),
        # By UTF-16 units U+1F600 stands before U+FF61, by code points behind it.
        ('{"😀":1,"｡":1}'.encode(), None, ""),
        ('{"｡":1,"😀":1}'.encode(), "not_canonical", ""),
        (b'{"a":1,"a":1}', "duplicate_key", "a"),
        (b'[1]', "not_canonical", ""),
        (b'{"a":1}x', "not_canonical", ""),
        (b'{"a":' + b"[" * 2000 + b"]" * 2000 + b"}", "not_canonical", ""),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(data: bytes, wrong: str | None, where: str) -> None:
    assert content_of(data)[1:] == (wrong, where)
