"""Reads bodies strictly: one spelling of JSON, one complaint for each place, and no complaint repeats a value."""

from __future__ import annotations

import json
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from api.problems import BadRequest, InvalidRequest

__all__ = ["read_as", "read_json", "step", "validated"]

_Model = TypeVar("_Model", bound=BaseModel)


def read_as(model: type[_Model], body: bytes, expected: str) -> _Model:
    """Read a body strictly as one of the request models; no duplicate key, no float, no field that is not known.

    Raise BadRequest where it is no JSON, InvalidRequest where it is JSON of another shape.
    """
    value = read_json(body, "the body is no JSON object that can be read")
    if not isinstance(value, dict):
        raise InvalidRequest([{"pointer": "", "detail": expected}])
    return validated(model, value)


def read_json(text: bytes, complaint: str, pointer: str = "") -> Any:
    """Read JSON without floats and duplicate keys; BadRequest with the complaint where it is none."""
    try:
        value = json.loads(text, object_pairs_hook=_unique, parse_float=_Float, parse_constant=_Float)
        _refuse_floats(value, pointer)
    except (ValueError, RecursionError) as error:
        raise BadRequest(complaint, code="not_json", title="not JSON") from error
    return value


def validated(model: type[_Model], value: dict[str, Any]) -> _Model:
    """Check the shape; InvalidRequest says what is wrong, once for each place."""
    try:
        return model.model_validate(value)
    except ValidationError as error:
        # A union complains once for each of its members; a caller needs one complaint a place.
        found = {each["pointer"]: each for each in map(_error, error.errors(include_url=False))}
        raise InvalidRequest(list(found.values())[:20]) from error


class _Float:
    """A floating-point number met while reading: kept as its text until the place it stands at is known."""

    def __init__(self, text: str) -> None:
        self.text = text


def _refuse_floats(value: object, pointer: str = "") -> None:
    if isinstance(value, _Float):
        # What was sent is not repeated, here or in any complaint about a body: it may say who somebody is.
        shown = "this" if any(map(str.isdigit, value.text)) else f"`{value.text}`"
        detail = f"{shown} is a floating-point number; write it as text, in quotes"
        raise InvalidRequest([{"pointer": pointer, "detail": detail}])
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in children:
        _refuse_floats(child, pointer + step(str(key)))


def step(name: str) -> str:
    """Write one step of a JSON pointer (RFC 6901)."""
    return "/" + name.replace("~", "~0").replace("/", "~1")


def _error(error: Any) -> dict[str, str]:
    # Which member of the union of fact values failed is noise; the first three steps name the place.
    place = [str(part) for part in error["loc"]]
    # Of a whole case the facts stand two steps further down: acts, number, facts.
    start = 2 if place[:1] == ["acts"] else 0
    of_facts = place[start : start + 1] == ["facts"]
    shown = place[: start + 2] if of_facts else place
    detail = error["msg"].removeprefix("Value error, ")
    if of_facts and len(place) > start + 2:
        detail = (
            "expected true or false, a whole number up to 2**53 - 1, text of at most 200 characters, "
            "a list of at most 1,000 days as text, or a list of at most 200 flat records"
        )
    return {"pointer": "".join(map(step, shown)), "detail": detail}


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise InvalidRequest([{"pointer": "", "detail": f"the key `{key}` is written twice; keep one"}])
        found[key] = value
    return found
