"""Reads request bodies and keys, and stops where a body is larger than any question needs to be."""

from __future__ import annotations

from urllib.parse import parse_qsl

from starlette.requests import Request

from api.problems import BadRequest

__all__ = ["MAX_KEY", "body_of", "form_of", "media_type_of", "read_key"]

MAX_BODY = 32 * 1024
MAX_FIELDS = 200
MAX_KEY = 255
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


def read_key(header: str | None) -> str | None:
    """Read an Idempotency-Key: a structured-field string in quotes, or the bare text many clients send."""
    if header is None:
        return None
    key = header[1:-1] if len(header) > 1 and header[0] == header[-1] == '"' else header
    if not key or not key.isprintable() or not key.isascii() or '"' in key:
        raise BadRequest("the Idempotency-Key must be a non-empty string of printable ASCII", code="bad_key")
    return key
