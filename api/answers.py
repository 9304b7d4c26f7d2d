"""How a route answers and describes itself: plain JSON out, problems and models in the OpenAPI document."""

from __future__ import annotations

from typing import Any

import orjson
from pydantic import BaseModel
from starlette.responses import Response

__all__ = ["JSON", "json", "ok", "problems"]

JSON = "application/json"
_PROBLEM = {"$ref": "#/components/schemas/Problem"}


def json(content: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """Answer plain JSON values as they are."""
    return Response(orjson.dumps(content), status_code=status, media_type=JSON, headers=headers)


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Describe the problems of a route for OpenAPI."""
    return {
        status: {"description": "a problem (RFC 9457)", "content": {"application/problem+json": {"schema": _PROBLEM}}}
        for status in statuses
    }


def ok(description: str, model: type[BaseModel], status: int = 200) -> dict[int | str, dict[str, Any]]:
    """Describe the answer of a route for OpenAPI."""
    return {status: {"description": description, "model": model}}
