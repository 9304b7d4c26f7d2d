"""SM3 anchors: records that name a range of records by a digest of the Chinese standard (GB/T 32905).

    from, to   the range: entries from <= n < to; it begins where the last anchor's ended
    sm3        SM3 over those entries as entry bundles have them: each after its length in two bytes, big-endian
    size, root the signed checkpoint of `to` records

So who has the entry bundles of an export needs OpenSSL alone: `cat` them, cut the range, `openssl dgst -sm3`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives import hashes

from cases.errors import LogDamaged, NotPublished
from cases.events import OWN_KEY, new_event, read_event
from cases.log.entry import Entry, KeySeen, NewEntry
from cases.log.published import Published
from cases.log.store import AuditLog
from cases.request import Request
from cases.tlog.tiles import write_bundle

__all__ = ["Anchor", "AnchorCheck", "anchor", "last_anchor"]

_PAGE = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor:
    """What an anchor record says, and its place."""

    seq: int
    start: int
    stop: int
    sm3: str
    root: str

    @classmethod
    def read(cls, entry: Entry) -> Anchor:
        """Read an anchor record; ValueError where it is anything else."""
        event = read_event(entry.data)
        if event.kind != "anchor":
            raise ValueError("it is no anchor")
        return cls._of(entry.seq, event.about)

    @classmethod
    def _of(cls, seq: int, about: Mapping[str, Any]) -> Anchor:
        kinds = {name: type(value) for name, value in about.items()}  # exactly: True would pass for a number
        if kinds != {"from": int, "to": int, "sm3": str, "size": int, "root": str}:
            raise ValueError("it is no anchor")
        start, stop = about["from"], about["to"]
        if not 0 <= start < stop <= seq or about["size"] != stop:
            raise ValueError("it is an anchor of no range before it")
        return cls(seq=seq, start=start, stop=stop, sm3=about["sm3"], root=about["root"])


def anchor(log: AuditLog) -> Anchor | None:
    """Append an anchor over what was signed since the last one; None when nothing was. NotPublished before all."""
    point = Published(log).latest()
    if point is None:
        raise NotPublished("no checkpoint is signed yet")
    last = last_anchor(log)
    start, stop = 0 if last is None else last.stop, point.size
    # Only the last anchor and what it stood among is new: an anchor of itself would go on for ever.
    if start == stop or (last is not None and start == last.seq and stop == last.seq + 1):
        return None
    about = {
        "from": start, "to": stop, "sm3": _sm3(log, start, stop), "size": stop, "root": point.checkpoint.root.hex(),
    }  # fmt: skip
    # The key lets one anchor only begin at a place, whoever else makes one now.
    request = Request(f"{OWN_KEY}anchor {start}", "anchor")
    event_id, data = new_event("anchor", about, door="log", request=request)
    (place,) = log.append([NewEntry(id=event_id, data=data, request=request)])
    return Anchor.read(log.read(place.seq)) if isinstance(place, KeySeen) else Anchor._of(place.seq, about)


def last_anchor(log: AuditLog) -> Anchor | None:
    """The newest anchor, looked for from the end."""
    stop = log.head().size
    while stop > 0:
        start = max(0, stop - _PAGE)
        for entry in reversed(list(log.entries(start, stop))):
            try:
                return Anchor.read(entry)
            except ValueError:
                continue
        stop = start
    return None


class AnchorCheck:
    """Checks the anchors of one log, given in their order; the audit's part of this file."""

    def __init__(self, log: AuditLog) -> None:
        self._log, self._begins = log, 0

    def holds(self, entry: Entry) -> bool:
        """Whether this record, of kind "anchor", begins where the last one ended and names what stands there."""
        try:
            found = Anchor.read(entry)
        except ValueError:
            return False
        begins, self._begins = self._begins, found.stop
        try:
            roots = [point.root.hex() for point in self._log.checkpoints(found.stop, found.stop + 1)]
            named = _sm3(self._log, found.start, found.stop)
        except LogDamaged:
            return False
        return found.start == begins and roots == [found.root] and named == found.sm3


def _sm3(log: AuditLog, start: int, stop: int) -> str:
    # Not hashlib's: whether that has SM3 depends on the OpenSSL that Python was built with.
    digest = hashes.Hash(hashes.SM3())
    for entry in log.entries(start, stop):
        digest.update(write_bundle([entry.data]))
    return digest.finalize().hex()
