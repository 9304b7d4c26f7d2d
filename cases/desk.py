"""Where a question becomes a recorded answer: decide, write the record, append it durably, and only then answer.

INVARIANT: `Desk.decide` returns after the record's commit and never before; when the commit fails it raises.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256

import rfc8785
from uuid_utils import uuid7

from cases.clock import now
from cases.errors import LogDamaged
from cases.events import OWN_KEY, is_event, new_event
from cases.lawfiles import Law
from cases.log.store import Appended, AuditLog, Entry, KeySeen, NewEntry
from cases.record import Asked, AskedTogether, JointRecord, read_any, write_record
from engine import MEANING, Wire, decide, decide_together, joint_to_wire, to_wire

__all__ = ["Desk", "Recorded", "answer_of", "find_decision"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """An answer that stands in the log: the decision object, or the joint object, with its `id` and `index`."""

    id: str
    index: int
    answer: dict[str, Wire]
    repeated: bool = False
    together: bool = False


Append = Callable[[NewEntry, Mapping[str, bytes]], Appended | KeySeen]
"""Appends one record durably, with the rule bytes it rests on."""


class Desk:
    """Decides under one law and records in one log; usable from many threads.

    `append` is how records get there where several callers share a commit (`OpenLog.append`).
    """

    def __init__(self, law: Law, log: AuditLog, append: Append | None = None) -> None:
        self.law = law
        self.log = log
        self._append = append or (lambda entry, sources: log.append([entry], sources)[0])
        self._published = False

    def decide(self, asked: Asked, *, door: str, key: str | None = None) -> Recorded:
        """Decide, record, and answer from the record.

        With an idempotency `key` seen before and the same question, the recorded answer comes again and nothing is
        decided or recorded; with another question, KeyReused. LogUnavailable means that no answer may be given.
        """
        outcome = decide(self.law.rulebook, asked.violation, asked.on, asked.facts, decided=asked.decided)
        return self._record(asked, to_wire(outcome), door, key)

    def decide_together(self, asked: AskedTogether, *, door: str, key: str | None = None) -> Recorded:
        """Decide a whole case, record it as one record, and answer from it; keys and failures as in `decide`."""
        joint = decide_together(self.law.rulebook, asked.on, asked.acts, decided=asked.decided)
        return self._record(asked, joint_to_wire(joint), door, key)

    def _record(self, asked: Asked | AskedTogether, decision: dict[str, Wire], door: str, key: str | None) -> Recorded:
        self._publish(door)
        fingerprint = sha256(rfc8785.dumps(asked.to_wire())).hexdigest() if key is not None else None
        record_id = str(uuid7())
        data = write_record(
            record_id=record_id,
            time=now(),
            nonce=secrets.token_hex(16),
            door=door,
            rulebook=self.law.rulebook.digest,
            asked=asked,
            decision=decision,
        )
        place = self._append(NewEntry(id=record_id, data=data, key=key, fingerprint=fingerprint), {})
        if isinstance(place, KeySeen):
            earlier = self.log.read(place.seq)
            return answer_of(earlier.data, place.seq, repeated=True)
        return Recorded(
            id=record_id,
            index=place.seq,
            answer={**decision, "id": record_id, "index": place.seq},
            together=isinstance(asked, AskedTogether),
        )

    def _publish(self, door: str) -> None:
        """Record the rule files, with their bytes, before the first decision that rests on them; once for each set."""
        if self._published:
            return
        book = self.law.rulebook
        key = f"{OWN_KEY}publication {book.digest}"
        if self.log.known(key) is None:
            about: dict[str, Wire] = {
                "files": len(self.law.sources) - 1,
                "violations": len(book.rules),
                "meaning": MEANING,
            }
            event_id, data = new_event("publication", about, door=door, rulebook=book.digest)
            entry = NewEntry(id=event_id, data=data, key=key, fingerprint=book.digest)
            self._append(entry, self.law.sources)
        self._published = True


def find_decision(log: AuditLog, record_id: str) -> Entry | None:
    """The record of a decision or a whole case with that id; None where there is none, and for the log's own events."""
    entry = log.find(record_id)
    return None if entry is None or is_event(entry.data) else entry


def answer_of(data: bytes, index: int, *, repeated: bool = False) -> Recorded:
    """Read the answer back from a record's bytes; LogDamaged where they are no record."""
    try:
        record = read_any(data)
    except ValueError as error:
        raise LogDamaged("its bytes are no decision", index) from error
    together = isinstance(record, JointRecord)
    content = record.joint if isinstance(record, JointRecord) else record.decision
    answer = {**content, "id": record.id, "index": index}
    return Recorded(id=record.id, index=index, answer=answer, repeated=repeated, together=together)
