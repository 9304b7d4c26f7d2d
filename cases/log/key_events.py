"""Key events: what a log says of its own keys. In a record the older keys endorse the new ones, over a text of its own.

created   the keys the log begins with: nobody endorses them, whoever verifies has them from elsewhere
added     one more key, endorsed by those that sign
rotated   new keys, endorsed by those that retire: from there on the word of these counts no more
overlap   says nothing new: it makes a checkpoint that old and new keys sign
vault_rotated   the key of the vault is another (`cases.log.vault_rotation`): it names no key that signs, nor ends one
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cases.log.keyring import DatedKey
from cases.tlog.errors import Malformed, TlogError, Unsigned
from cases.tlog.keys import KeyType, VerifierKey, open_note
from cases.tlog.note import Note

__all__ = [
    "VAULT_ROTATED",
    "Endorsed",
    "KeyEvent",
    "check_endorsement",
    "check_key_events",
    "endorsed",
    "endorsement_text",
]

KeyEvent = tuple[int, Any]
"""The position of a record of kind "key_event", and what stands under its `about`."""

VAULT_ROTATED = "vault_rotated"
_UNENDORSED = ("created", "overlap", VAULT_ROTATED)
Add = Callable[..., None]
"""`add(code, first, last, more)` takes a finding."""


@dataclass(frozen=True, slots=True)
class Endorsed:
    """The record at `seq` names new keys, and an older key that counts endorsed them."""

    seq: int
    keys: tuple[VerifierKey, ...]


@dataclass(frozen=True, slots=True)
class _Refused:
    seq: int
    reason: TlogError


def endorsement_text(about: Mapping[str, Any]) -> str:
    """What the old keys sign: no checkpoint, for its second line is no number.

    Malformed where the key event is of another shape.
    """
    match about:
        case {"event": str(event), "origin": str(origin), "vkeys": [*vkeys]}:
            retiring = about.get("retiring", [])
            if isinstance(retiring, list) and all(isinstance(each, str) for each in (*vkeys, *retiring)):
                lines = [f"new {each}" for each in vkeys] + [f"retiring {each}" for each in retiring]
                return "\n".join([f"zhunsheng key_event v1 {event}", f"origin {origin}", *lines]) + "\n"
    raise Malformed("it is no key event")


def check_endorsement(about: Mapping[str, Any], known: Sequence[VerifierKey]) -> tuple[VerifierKey, ...]:
    """Which of the known keys endorsed the keys this event names; Unsigned, SignatureInvalid or Malformed if none did.

    A key that is itself among the new ones is no witness for them.
    """
    text, note = endorsement_text(about), Note.parse(str(about.get("endorsement", "")).encode())
    if note.text != text:
        raise Malformed("the endorsement is of another key event")
    older = [key for key in known if str(key) not in about["vkeys"]]
    return tuple(each.key for each in open_note(note, older))


def endorsed(events: Iterable[KeyEvent], known: Iterable[VerifierKey]) -> list[Endorsed]:
    """Every event, in their order, whose new keys are endorsed by a key known before it: given, or endorsed itself."""
    return [each for each in _followed(events, known) if isinstance(each, Endorsed)]


def check_key_events(
    events: Sequence[KeyEvent], listed: Sequence[DatedKey], known: Iterable[VerifierKey], add: Add
) -> None:
    """Hold the events to their endorsements and, where the log's dated list is given, that list to the events.

    Without it what keys endorsed that are not known here cannot be judged, and is no finding.
    """
    first = _first(events, listed) if listed else tuple(known)
    vouched = {*first}
    for each in _followed(events, first):
        if isinstance(each, Endorsed):
            vouched.update(each.keys)
        elif listed or not isinstance(each.reason, Unsigned):
            add("key_event_refused", each.seq, None, each.reason)
    for dated in listed:
        if dated.key not in vouched:
            add("key_unnamed", more=dated.key)


def _followed(events: Iterable[KeyEvent], known: Iterable[VerifierKey]) -> Iterable[Endorsed | _Refused]:
    counting = [*known]
    for seq, about in events:
        try:
            endorsement_text(about)
            if about["event"] in _UNENDORSED and "endorsement" not in about:
                continue
            by, new = check_endorsement(about, counting), _new(about)
            if any(key.name != about["origin"] for key in by):
                raise Malformed("the endorsement is by the key of another log")
        except TlogError as wrong:
            yield _Refused(seq, wrong)
            continue
        retiring = about.get("retiring", ())
        counting = [key for key in counting if str(key) not in retiring]
        counting += [key for key in new if key not in counting]
        yield Endorsed(seq, new)


def _new(about: Mapping[str, Any]) -> tuple[VerifierKey, ...]:
    found = tuple(VerifierKey.parse(each) for each in about["vkeys"])
    if any(key.name != about["origin"] or key.type is KeyType.COSIGNATURE for key in found):
        raise Malformed("it names a key that does not sign for this log")
    return found


def _first(events: Sequence[KeyEvent], listed: Sequence[DatedKey]) -> tuple[VerifierKey, ...]:
    """The keys a log began with: as its first record of them says; without that record, those of the earliest date."""
    match events[:1]:
        case [(_, {"event": "created", "vkeys": [*vkeys]})]:
            return tuple(each.key for each in listed if str(each.key) in vkeys)
    begun = min(each.since for each in listed)
    return tuple(each.key for each in listed if each.since == begun)
