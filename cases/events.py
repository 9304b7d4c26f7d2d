"""What stands in the log beside decisions: rules published, keys changed, records corrected, data erased or read.

An event is canonical JSON (RFC 8785) with the head every record has; what else it says is under `about`, and depends on
its kind. It decides nothing, so replay passes over it.
"""

from __future__ import annotations

import secrets
from typing import Any, Literal, get_args

import rfc8785
from pydantic import BaseModel, ConfigDict
from uuid_utils import uuid7

from cases.clock import now
from cases.request import Request

__all__ = ["KINDS", "OWN_KEY", "VERSION", "Event", "EventKind", "is_event", "new_event", "read_event"]

VERSION = 1

EventKind = Literal["publication", "key_event", "departure", "erasure", "access", "anchor"]
"""publication: rule files, before their first use. key_event: a key is created or changed. departure: another
fine than the computed one was imposed. erasure: personal data was deleted. access: personal data was read. anchor: a
digest by another algorithm over a range of records."""

OWN_KEY = "\x1f"
"""Idempotency keys of the log's own records begin so; no caller's key can, for those are printable."""


class Event(BaseModel):
    """An event as it stands in the log."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    v: Literal[1]
    kind: EventKind
    id: str
    time: str
    nonce: str
    door: str
    request: str | None = None
    rulebook: str | None = None
    about: dict[str, Any]


def new_event(
    kind: EventKind, about: dict[str, Any], *, door: str, request: Request | None = None, rulebook: str | None = None
) -> tuple[str, bytes]:
    """Make an event of this moment: its new id and its bytes.

    `request` is the one it is appended under, if any; `rulebook` names rule bytes it rests on, by digest.
    """
    event_id, nonce = str(uuid7()), secrets.token_hex(16)
    event: dict[str, Any] = {
        "v": VERSION,
        "kind": kind,
        "id": event_id,
        "time": now(),
        "nonce": nonce,
        "door": door,
        "request": None if request is None else request.digest(nonce),
        "about": about,
    }
    if rulebook is not None:
        event["rulebook"] = rulebook
    return event_id, rfc8785.dumps(event)


def read_event(data: bytes) -> Event:
    """Read an event's bytes; ValueError where they are none known here."""
    return Event.model_validate_json(data)


def is_event(data: bytes) -> bool:
    """Say whether a record's bytes are an event and no decision."""
    try:
        read_event(data)
    except ValueError:
        return False
    return True


KINDS: tuple[str, ...] = get_args(EventKind)
