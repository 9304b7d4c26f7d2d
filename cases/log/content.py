"""What is in a record's bytes, asked of them alone: is it canonical JSON, and what does it cite."""

from __future__ import annotations

import json
from typing import Any

import orjson
import rfc8785

__all__ = ["cited_by", "content_of"]

_STRICT = orjson.OPT_SORT_KEYS | orjson.OPT_STRICT_INTEGER


def content_of(data: bytes) -> tuple[dict[str, Any], str | None, str]:
    """The JSON object in the bytes (empty when there is none), what is wrong with it, and where."""
    quick = _quick(data)
    if quick is not None:
        return quick, None, ""
    try:
        value = json.loads(data)
        if isinstance(value, dict) and rfc8785.dumps(value) == data:
            return value, None, ""
        twice: list[str] = []
        json.loads(data, object_pairs_hook=lambda pairs: twice.extend(_repeated(pairs)))
    except (ValueError, RecursionError):
        return {}, "not_canonical", ""
    known = value if isinstance(value, dict) else {}
    return (known, "duplicate_key", twice[0]) if twice else (known, "not_canonical", "")


def cited_by(record: dict[str, Any]) -> list[str]:
    """The digests a record cites: `rulebook`, and `sources` as a list or as the values of an object."""
    cited = record.get("sources")
    listed = cited.values() if isinstance(cited, dict) else cited if isinstance(cited, list) else ()
    return [digest for digest in (record.get("rulebook"), *listed) if isinstance(digest, str)]


def _quick(data: bytes) -> dict[str, Any] | None:
    """The object, where orjson alone can tell that the bytes are canonical; None says nothing either way.

    orjson and RFC 8785 write the same, but for fractions, for numbers beyond 2**53 (the strict option refuses them),
    and for the order of keys beyond the basic plane. A key that stands twice comes out shorter than it went in.
    """
    try:
        value = orjson.loads(data)
        if type(value) is not dict or orjson.dumps(value, option=_STRICT) != data:
            return None
    except (ValueError, TypeError):  # orjson refuses to write what is nested too deeply, by a TypeError
        return None
    # The first bytes of four in UTF-8.
    if 0xF0 in data or 0xF1 in data or 0xF2 in data or 0xF3 in data or 0xF4 in data:
        return None
    waiting: list[Any] = [value]
    for each in waiting:  # it grows
        for inner in each.values() if type(each) is dict else each:
            kind = type(inner)
            if kind is str:
                continue
            if kind is dict or kind is list:
                waiting.append(inner)
            elif kind is float:
                return None
    return value


def _repeated(pairs: list[tuple[str, Any]]) -> list[str]:
    names = [name for name, _ in pairs]
    return sorted({name for name in names if names.count(name) > 1})
