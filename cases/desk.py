"""Where a question becomes a recorded answer: decide, write the record, append it durably, and only then answer.

INVARIANT: `Desk.decide` returns after the record's commit and never before; when the commit fails it raises.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import rfc8785
from uuid_utils import uuid7

from cases.clock import now
from cases.disclosure import SALT_BYTES, digests_of, disclose
from cases.errors import LogDamaged, VaultClosed
from cases.events import OWN_KEY, EventKind, is_event, new_event
from cases.lawfiles import Law
from cases.log.entry import Beside
from cases.log.store import Appended, AuditLog, Entry, KeySeen, NewEntry
from cases.log.vault import Vault, scope_of
from cases.personal import PersonalFacts
from cases.record import Asked, AskedTogether, Correction, JointRecord, read_any, write_record
from cases.request import Request
from engine import MEANING, Wire, decide, decide_together, joint_to_wire, to_wire

__all__ = ["Desk", "Recorded", "answer_of", "corrects_key", "find_decision"]


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

NOBODY: Mapping[str, str] = {}


class Desk:
    """Decides under one law and records in one log; usable from many threads.

    `append` is how records get there where several callers share a commit (`OpenLog.append`). Personal data, the
    `party` of a question and facts marked 个人信息, goes to the `vault`, encrypted, in the transaction of its record:
    it is not decided by, and stands in no record, trace or answer. Without a vault it is refused (VaultClosed).
    """

    def __init__(self, law: Law, log: AuditLog, append: Append | None = None, vault: Vault | None = None) -> None:
        self.law = law
        self.log = log
        self.vault = vault
        self.personal = PersonalFacts(law.rulebook)
        self._append = append or (lambda entry, sources: log.append([entry], sources)[0])
        self._published = False

    def decide(
        self,
        asked: Asked,
        *,
        door: str,
        key: str | None = None,
        party: Mapping[str, str] = NOBODY,
        trial: bool = False,
    ) -> Recorded:
        """Decide, record, and answer from the record; a `trial` (试算) is recorded as one and decides nothing.

        With an idempotency `key` seen before and the same question, the recorded answer comes again and nothing is
        decided or recorded; with another question, KeyReused. LogUnavailable means that no answer may be given.
        """
        question, personal = self.personal.divide(asked, party)
        return self._record(question, self._decided(question), personal, door, key, trial=trial)

    def decide_together(
        self,
        asked: AskedTogether,
        *,
        door: str,
        key: str | None = None,
        party: Mapping[str, str] = NOBODY,
        trial: bool = False,
    ) -> Recorded:
        """Decide a whole case, record it as one record, and answer from it; keys, trials, failures as in `decide`."""
        question, personal = self.personal.divide_together(asked, party)
        return self._record(question, self._decided(question), personal, door, key, trial=trial)

    def correct(
        self, asked: Asked | AskedTogether, correction: Correction, *, door: str, party: Mapping[str, str] = NOBODY
    ) -> Recorded:
        """Decide a corrected question, or a corrected case, and record it as the one correction of that record.

        The same correction again is answered from its record; another one of the same record is KeyReused.
        """
        question: Asked | AskedTogether
        if isinstance(asked, Asked):
            question, personal = self.personal.divide(asked, party)
        else:
            question, personal = self.personal.divide_together(asked, party)
        key = corrects_key(correction.id)
        return self._record(question, self._decided(question), personal, door, key, correction=correction)

    def append_event(
        self,
        kind: EventKind,
        about: dict[str, Any],
        *,
        door: str,
        key: str | None = None,
        beside: Beside | None = None,
        rulebook: str | None = None,
    ) -> tuple[str, int, bool]:
        """Record an event durably: its id and place, and whether an equal one stood under its `key` already.

        `beside` is done in its transaction. With other content under the same key, KeyReused.
        """
        request = None if key is None else self._request(key, {"kind": kind, "about": about}, {})
        event_id, data = new_event(kind, about, door=door, request=request, rulebook=rulebook)
        entry = NewEntry(id=event_id, data=data, request=request, beside=beside)
        place = self._append(entry, {})
        if isinstance(place, KeySeen):
            return self.log.read(place.seq).id, place.seq, True
        return event_id, place.seq, False

    def _decided(self, asked: Asked | AskedTogether) -> dict[str, Wire]:
        book = self.law.rulebook
        if isinstance(asked, Asked):
            return to_wire(decide(book, asked.violation, asked.on, asked.facts, decided=asked.decided))
        return joint_to_wire(decide_together(book, asked.on, asked.acts, decided=asked.decided))

    def _record(
        self,
        asked: Asked | AskedTogether,
        decision: dict[str, Wire],
        personal: dict[str, Wire],
        door: str,
        key: str | None,
        *,
        trial: bool = False,
        correction: Correction | None = None,
    ) -> Recorded:
        said: dict[str, Wire] = {"asked": asked.to_wire(), "trial": trial}
        if correction is not None:
            said |= correction.to_wire()
        request = None if key is None else self._request(key, said, personal)
        record_id = str(uuid7())
        disclosures = [disclose(secrets.token_bytes(SALT_BYTES), name, value) for name, value in personal.items()]
        beside = None
        if disclosures:
            if self.vault is None:
                raise VaultClosed
            beside = self.vault.keeping(record_id, scope_of(asked.case_ref, record_id), disclosures)
        self._publish(door)
        data = write_record(
            record_id=record_id,
            time=now(),
            nonce=secrets.token_hex(16),
            door=door,
            rulebook=self.law.rulebook.digest,
            asked=asked,
            decision=decision,
            request=request,
            digests=digests_of(disclosures),
            trial=trial,
            correction=correction,
        )
        entry = NewEntry(id=record_id, data=data, request=request, beside=beside)
        place = self._append(entry, {})
        if isinstance(place, KeySeen):
            earlier = self.log.read(place.seq)
            return answer_of(earlier.data, place.seq, repeated=True)
        marks = _marks(trial, correction)
        return Recorded(
            id=record_id,
            index=place.seq,
            answer={**decision, "id": record_id, "index": place.seq, **marks},
            together=isinstance(asked, AskedTogether),
        )

    def _request(self, key: str, said: dict[str, Wire], personal: dict[str, Wire]) -> Request:
        """Fingerprint what is asked, so that the same key with another request is noticed.

        With personal data in it a plain digest could be guessed: an identity number has few possible values, and the
        log keeps fingerprints for ever. So it is keyed (HMAC) under the secret outside the database.
        """
        # Personal values may hold half a surrogate pair, which canonical JSON cannot; this spelling is as fixed.
        asked = rfc8785.dumps(said) + json.dumps(personal, sort_keys=True).encode("ascii")
        if self.vault is not None:
            return Request(key, self.vault.key.fingerprint(asked), self.vault.key.earlier_fingerprints(asked))
        if personal:
            raise VaultClosed
        return Request(key, sha256(asked).hexdigest())

    def _publish(self, door: str) -> None:
        """Record the rule files, with their bytes, before the first decision that rests on them; once for each set."""
        if self._published:
            return
        book = self.law.rulebook
        request = Request(f"{OWN_KEY}publication {book.digest}", book.digest)
        if self.log.known(request.key) is None:
            about: dict[str, Wire] = {
                "files": len(self.law.sources) - 1,
                "violations": len(book.rules),
                "meaning": MEANING,
            }
            event_id, data = new_event("publication", about, door=door, request=request, rulebook=book.digest)
            self._append(NewEntry(id=event_id, data=data, request=request), self.law.sources)
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
    decided = record.joint if isinstance(record, JointRecord) else record.decision
    answer = {**decided, "id": record.id, "index": index, **_marks(record.trial, record.correction)}
    return Recorded(id=record.id, index=index, answer=answer, repeated=repeated, together=together)


def _marks(trial: bool, correction: Correction | None) -> dict[str, Wire]:
    """What the answer says besides of a trial and of a correction."""
    if correction is not None:
        return correction.to_wire()
    return {"trial": True} if trial else {}


def corrects_key(record_id: str) -> str:
    """The key under which the one correction of a record stands."""
    return f"{OWN_KEY}correction {record_id}"
