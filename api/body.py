"""Reads request bodies, and stops where one is larger than any question needs to be."""

from __future__ import annotations

from urllib.parse import parse_qsl

from starlette.requests import Request

from api.problems import BadRequest

__all__ = ["body_of", "form_of", "media_type_of"]

MAX_BODY = 32 * 1024
MAX_FIELDS = 200
FORM = "application/x-www-form-urlencoded"


def media_type_of(request: Request) -> str:
    """The media type a request says its body has, without parameters."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


async def body_of(request: Request) -> bytes:
    """Read a body; BadRequest (413) where it is too large, before the rest of it is read."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY:
            detail = f"the body is larger than {MAX_BODY} bytes"
            raise BadRequest(detail, status=413, code="too_large", title="request too large")
    return bytes(body)


async def form_of(request: Request) -> dict[str, str]:
    """Read an HTML form; of a field sent twice the last counts. BadRequest where it is no form."""
    if media_type_of(request) != FORM:
        raise BadRequest(f"send the form as `{FORM}`", status=415, code="not_a_form", title="unsupported media type")
    try:
        text = (await body_of(request)).decode("utf-8")
        fields = parse_qsl(text, keep_blank_values=True, max_num_fields=MAX_FIELDS, errors="strict")
    except ValueError as error:
        raise BadRequest("the form cannot be read", code="not_a_form", title="bad form") from error
    return {name: value.strip() for name, value in fields}
