"""Changing the log's keys: new ones sign beside the old ones over their own announcement, then the old ones are gone.

    1  new keys are made and listed                      from here on whoever opens the log signs with both
    2  a key_event record names new and old keys, and carries the endorsement: the old keys signed the new ones
    3  one checkpoint that covers that record is signed with both
    4  the old keys are retired: listed until now, their private halves deleted

Whoever knew the old keys comes by 2 and 3 to the new ones without trusting anybody. Cut at any moment, `rotate` run
again finishes it: what is done is seen, in the list and in the log, and not done twice. A service signs with the keys
it read when it started, so it must be stopped first: the lock on the folder of keys sees to that.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cases.clock import now
from cases.errors import RefusedToSign, UnsafeStore
from cases.events import OWN_KEY, new_event
from cases.log.entry import NewEntry
from cases.log.key_events import endorsement_text
from cases.log.keyring import Keyring, lock_folder, read_private
from cases.log.opened import STATE
from cases.log.published import Published, SignedCheckpoint
from cases.log.sealing import Sealer, SigningState
from cases.log.sm2 import signers_of
from cases.log.store import AuditLog
from cases.request import Request
from cases.tlog.errors import TlogError
from cases.tlog.keys import KeyType, VerifierKey, open_note
from cases.tlog.note import Note

__all__ = ["Rotated", "append_key_event", "record_added", "rotate", "sealer_of"]

_TRIES = 3
_ENDORSING = (KeyType.ED25519, KeyType.SM2)
"""ML-DSA-44 keys sign checkpoints only (subtree/v1): what they endorse is the checkpoint that covers the record."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotated:
    """What a rotation came to: the keys that sign now, those that do no more, and the checkpoint signed with both.

    `overlap` is None when only private halves of keys retired before were left to delete.
    """

    new: tuple[VerifierKey, ...]
    old: tuple[VerifierKey, ...]
    overlap: SignedCheckpoint | None


def rotate(log: AuditLog, keyring: Keyring) -> Rotated:
    """Change the keys of the log, or finish changing them. Raises what signing, the log and the keyring raise."""
    with lock_folder(keyring.folder, alone=True):
        if _leftovers(keyring):
            return Rotated(new=_signing(keyring), old=(), overlap=None)
        # More than one Ed25519 key signs: an earlier run was cut after step 1.
        if sum(key.type is KeyType.ED25519 for key in _signing(keyring)) == 1:
            keyring.add(now())
        old, new = _halves(keyring)
        seq = _announce(log, keyring, old, new)
        overlap = _overlap(log, keyring, seq, {*old, *new})
        keyring.retire(old, now())
        return Rotated(new=new, old=old, overlap=overlap)


def record_added(log: AuditLog, keyring: Keyring, added: VerifierKey) -> int:
    """Record that one more key signs beside the others (SM2), endorsed by them, and sign a checkpoint that covers it.

    Returns the position of the record. Without that checkpoint an export would list a key that no record in it names.
    """
    about = {"event": "added", "origin": keyring.origin, "vkeys": [str(added)]}
    about["endorsement"] = _endorse(keyring, about)
    seq = append_key_event(log, f"added {added.key_id.hex()}", about)
    sealer_of(log, keyring).seal()
    return seq


def _signing(keyring: Keyring) -> tuple[VerifierKey, ...]:
    return keyring.signing()


def _halves(keyring: Keyring) -> tuple[tuple[VerifierKey, ...], tuple[VerifierKey, ...]]:
    """The keys that sign now, those before the rotation and those it made; the list is in the order they came."""
    signing = _signing(keyring)
    if len(signing) % 2 or len(signing) < 2:
        raise UnsafeStore(str(keyring.folder), f"{len(signing)} keys sign, not pairs of them", "put the list back")
    return signing[:-2], signing[-2:]


def _leftovers(keyring: Keyring) -> bool:
    """Delete private halves of this log that no signing key has, left by a cut; True when one was a retired key's."""
    signing = {key.key_id.hex() for key in _signing(keyring)}
    retired = {each.key.key_id.hex() for each in keyring.keys if each.until is not None}
    found = [
        path
        for path in keyring.folder.glob("*.key")
        if re.fullmatch("[0-9a-f]{8}", path.stem)
        and path.stem not in signing
        and read_private(path).name == keyring.origin
    ]
    for path in found:
        path.unlink()
    return not retired.isdisjoint(path.stem for path in found)


def _announce(log: AuditLog, keyring: Keyring, old: Sequence[VerifierKey], new: Sequence[VerifierKey]) -> int:
    about: dict[str, Any] = {
        "event": "rotated",
        "origin": keyring.origin,
        "vkeys": [str(key) for key in new],
        "retiring": [str(key) for key in old],
    }
    about["endorsement"] = _endorse(keyring, about)
    return append_key_event(log, f"rotated {new[0].key_id.hex()}", about)


def _endorse(keyring: Keyring, about: Mapping[str, Any]) -> str:
    text, named = endorsement_text(about), about["vkeys"]
    lines = [
        each.sign(text)
        for each in signers_of(keyring)
        if each.verifier.type in _ENDORSING and str(each.verifier) not in named
    ]
    return Note(text, tuple(lines)).to_bytes().decode()


def append_key_event(log: AuditLog, what: str, about: Mapping[str, Any]) -> int:
    """Record a key event once, under a key of the log's own that `what` names, and give its position."""
    # The fingerprint leaves the endorsement out: a second one may read differently and mean the same.
    request = Request(f"{OWN_KEY}key_event {what}", what)
    event_id, data = new_event("key_event", dict(about), door="log", request=request)
    (place,) = log.append([NewEntry(id=event_id, data=data, request=request)])
    return place.seq


def sealer_of(log: AuditLog, keyring: Keyring) -> Sealer:
    """What signs the log with the keys that sign now."""
    return Sealer(log, SigningState(keyring.folder / STATE, keyring.origin), keyring.origin, signers_of(keyring))


def _overlap(log: AuditLog, keyring: Keyring, seq: int, keys: set[VerifierKey]) -> SignedCheckpoint:
    """A checkpoint that covers the record and that all of the keys signed."""
    published = Published(log)
    sealer = sealer_of(log, keyring)
    for _ in range(_TRIES):
        point = sealer.seal()
        if point is not None and point.size > seq and _signed_by_all(point, keys):
            return published.checkpoint(point.size)
        # It was signed already, with fewer keys; one record more makes another checkpoint.
        about = {"event": "overlap", "origin": keyring.origin, "vkeys": sorted(str(key) for key in keys)}
        event_id, data = new_event("key_event", about, door="log")
        log.append([NewEntry(id=event_id, data=data)])
    raise RefusedToSign("another program signs it with the old keys only: stop the service and run this again")


def _signed_by_all(point: SignedCheckpoint, keys: set[VerifierKey]) -> bool:
    try:
        return {each.key for each in open_note(point.note, keys)} == keys
    except TlogError:
        return False
