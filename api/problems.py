"""Problems of the HTTP door (RFC 9457): one table from what went wrong to what is answered.

    ApiError
    ├── BadRequest       400 / 413 / 415 / 421   the request cannot be read, or may not come from where it comes
    ├── InvalidRequest   422                     it can be read and its shape is wrong; `errors` says where
    ├── NotFound         404                     no such decision, violation or power item
    └── NotExplained     409                     a record of which no “what if” can be told: a refusal, another law

The room of records has its own tree (`cases.errors`); its leaves are mapped here too. A refusal is no problem: it is
an answer, recorded like a decision.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import orjson
from starlette.responses import Response

from cases.errors import (
    CaseError,
    KeyReused,
    LawFilesMissing,
    LogDamaged,
    LogUnavailable,
    NotPublished,
    RecordMissing,
    RecordTooLarge,
    RefusedToSign,
    SourceMissing,
    StepRefused,
    UnsafeStore,
    VaultClosed,
    VaultDamaged,
)

__all__ = [
    "CASE_STATUS",
    "ApiError",
    "BadRequest",
    "InvalidRequest",
    "NotExplained",
    "NotFound",
    "problem",
    "problem_of",
]

MEDIA_TYPE = "application/problem+json"
RETRY_SECONDS = "5"


class ApiError(Exception):
    """The base of what this door answers as a problem."""

    def __init__(self, status: int, code: str, title: str, detail: str, **more: Any) -> None:
        super().__init__(detail)
        self.status, self.code, self.title, self.detail, self.more = status, code, title, detail, more


class BadRequest(ApiError):
    """The request cannot be read, is too large, or does not come from this machine."""

    def __init__(
        self, detail: str, *, status: int = 400, code: str = "bad_request", title: str = "bad request"
    ) -> None:
        super().__init__(status, code, title, detail)


class InvalidRequest(ApiError):
    """The request can be read and its shape is wrong; nothing was decided or recorded."""

    def __init__(self, errors: list[dict[str, str]]) -> None:
        detail = "; ".join(f"{error['pointer'] or 'the body'}: {error['detail']}" for error in errors)
        super().__init__(422, "invalid_request", "the request has the wrong shape", detail, errors=errors)


class NotFound(ApiError):
    """There is no such thing."""

    def __init__(self, detail: str) -> None:
        super().__init__(404, "not_found", "not found", detail)


class NotExplained(ApiError):
    """The record is there, and no counterfactual can be told of it."""

    def __init__(self, detail: str) -> None:
        super().__init__(409, "no_counterfactual", "there is no counterfactual for this record", detail)


# Every leaf of the room of records; a test walks the tree so that none is missing.
CASE_STATUS: Mapping[type[CaseError], tuple[int, str]] = {
    LogUnavailable: (503, "the decision could not be recorded, so none is given"),
    KeyReused: (422, "the idempotency key was used for another request"),
    RecordTooLarge: (413, "the request is too large to record"),
    RecordMissing: (404, "there is no such record"),
    SourceMissing: (404, "there are no such rule bytes"),
    LogDamaged: (503, "the log is damaged"),
    NotPublished: (404, "no signed checkpoint covers it"),
    RefusedToSign: (503, "the log is not what was signed before, so nothing is recorded"),
    UnsafeStore: (503, "the log is not safe to use"),
    LawFilesMissing: (503, "there are no rule files"),
    StepRefused: (409, "this may not be done to that record"),
    VaultClosed: (503, "personal data cannot be kept here"),
    VaultDamaged: (503, "the personal data is not what the record says"),
}


def problem_of(error: ApiError | CaseError) -> Response:
    """Answer an error of either tree."""
    if isinstance(error, ApiError):
        return problem(error.status, error.code, error.title, error.detail, **error.more)
    status, title = CASE_STATUS[type(error)]
    more = {"reason": error.reason} if isinstance(error, StepRefused) else {}
    return problem(status, error.code, title, str(error), **more)


def problem(status: int, code: str, title: str, detail: str, **more: Any) -> Response:
    """Write a problem: `type` is a stable name, `detail` a sentence with what to do."""
    body = {"type": f"urn:zhunsheng:problem:{code}", "title": title, "status": status, "detail": detail, **more}
    headers = {"Retry-After": RETRY_SECONDS} if status == 503 else None
    return Response(_bytes(body), status_code=status, media_type=MEDIA_TYPE, headers=headers)


def _bytes(body: dict[str, Any]) -> bytes:
    try:
        return orjson.dumps(body)
    except TypeError:
        # The caller's own text is quoted, and it holds half a surrogate pair: JSON may, UTF-8 may not.
        return json.dumps(body).encode()
