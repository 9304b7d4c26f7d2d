"""What may happen to a recorded decision afterwards: corrected, departed from, its personal data read or erased.

The decision itself is never touched. Every step is a record of its own, and stands in the log before it is answered or
anything leaves. `by` and `approved_by` are staff numbers and, like reasons and purposes, stand in the log for ever:
nothing that says who a party is belongs in them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from hashlib import sha256
from typing import Any

import rfc8785

from cases.desk import Desk, Recorded, corrects_key
from cases.errors import KeyReused, LogDamaged, StepRefused, VaultClosed
from cases.events import OWN_KEY, Event, read_event
from cases.log.store import AuditLog, Entry
from cases.log.vault import Vault, scope_of
from cases.reasons import Reasons
from cases.record import Asked, Correction, JointRecord, Record, plain_value, read_any
from engine import Decision, GivenFacts, Wire, decide, to_wire
from engine.decision import Imposed
from engine.measures import Fine

__all__ = ["Corrected", "Departure", "Steps", "since"]

# Of one erasure event, so that it stays below the longest record; a case with more values is erased by several.
_MOST_BYTES = 48_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Corrected:
    """What a correction changes in the question; None leaves it as it was. Facts are given anew, all of them."""

    violation: str | None = None
    on: date | None = None
    facts: GivenFacts | None = None
    decided: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Departure:
    """Another fine than the computed one (逸脱), in fen: why, on what evidence (digests), by whom, approved by whom."""

    imposed_fine_fen: int
    reasons: Sequence[str]
    evidence: Sequence[str]
    by: str
    approved_by: str


class Steps:
    """The steps of one log. StepRefused is raised where a step may not be, and then nothing was recorded."""

    def __init__(self, desk: Desk, reasons: Reasons) -> None:
        self._desk, self._reasons = desk, reasons
        self._log = desk.log

    def correct(
        self, entry: Entry, change: Corrected, *, reason: str, by: str, door: str, party: dict[str, str] | None = None
    ) -> Recorded:
        """Decide a corrected question again (更正); only of the newest record of its chain.

        Personal data is not carried over: what is wanted with the new record is given with it. The same correction
        again is answered from its record.
        """
        record = _decision_of(entry)
        asked = Asked(
            violation=change.violation or record.asked.violation,
            on=change.on or record.asked.on,
            facts=_as_written(record.asked.facts if change.facts is None else change.facts),
            decided=change.decided or record.asked.decided,
            case_ref=record.asked.case_ref,
        )
        if asked == replace(record.asked, facts=_as_written(record.asked.facts)) and not party:
            raise StepRefused("nothing_corrected", "the corrected question is the recorded one: say what is corrected")
        correction = Correction(id=record.id, index=entry.seq, reason=reason, by=by)
        try:
            return self._desk.correct(asked, correction, door=door, party=party or {})
        except KeyReused as error:
            raise StepRefused(
                "corrected_already", f"record {error.seq} corrects this one already: correct that one"
            ) from error

    def depart(self, entry: Entry, departure: Departure, *, door: str) -> dict[str, Wire]:
        """Record that another fine than the computed one is imposed, inside the statutory range; both stand."""
        record = _decision_of(entry)
        _two_people(departure.by, departure.approved_by)
        if self._log.known(corrects_key(record.id)) is not None:
            raise StepRefused("corrected_already", "the decision was corrected: depart from its correction")
        fine = self._fine(record)
        imposed, low, high = departure.imposed_fine_fen, fine.least_fen, fine.limit_fen
        if imposed == fine.amount_fen:
            raise StepRefused("same_fine", "the imposed fine is the computed one: that is no departure")
        if imposed < low or (high is not None and imposed > high):
            upper = "no upper end" if high is None else f"{high} fen"
            raise StepRefused("outside_range", f"{imposed} fen is outside the statutory range: {low} fen to {upper}")
        about: dict[str, Wire] = {
            "decision": {"id": record.id, "index": entry.seq},
            "computed_fine_fen": fine.amount_fen,
            "imposed_fine_fen": imposed,
            "currency": record.decision.get("currency"),
            "range": {"low_fen": low, "high_fen": high},
            "reasons": list(departure.reasons),
            "evidence": list(departure.evidence),
            "by": departure.by,
            "approved_by": departure.approved_by,
        }
        try:
            event_id, index, _ = self._desk.append_event(
                "departure", about, door=door, key=_departs_key(record.id), rulebook=record.rulebook
            )
        except KeyReused as error:
            raise StepRefused("departed_already", f"record {error.seq} departs from this decision already") from error
        return {"id": event_id, "index": index, **about}

    def _fine(self, record: Record) -> Imposed:
        """The fine on the party itself, computed again under the rule bytes of its day, with its statutory range."""
        asked = record.asked
        if not isinstance(record.decision["fine_fen"], int):
            raise StepRefused("no_fine", "no fine was computed, so there is none to depart from")
        rulebook = self._reasons.law_of(record.rulebook).rulebook
        outcome = decide(rulebook, asked.violation, asked.on, asked.facts, decided=asked.decided)
        if isinstance(outcome, Decision) and to_wire(outcome)["measures"] == record.decision["measures"]:
            for each in outcome.measures:
                if isinstance(each.measure, Fine) and not each.measure.payer:
                    return each
        raise StepRefused("does_not_replay", "decided again it comes out otherwise: replay the log first")

    def erase(
        self, entry: Entry, *, basis: str, by: str, approved_by: str, door: str, whole_case: bool = False
    ) -> dict[str, Wire]:
        """Erase the personal data of one record (抹除), or of its whole case, and record that.

        The tree and every proof stay as they are.
        """
        _two_people(by, approved_by)
        case_ref = _read(entry).asked.case_ref
        if whole_case and case_ref is not None:
            return self.erase_case(case_ref, basis=basis, by=by, approved_by=approved_by, door=door)
        if not self._vault.holds(entry.id):
            gone = self._vault.erased_by(entry.id)
            said = "there is no personal data of this record" if gone is None else f"record {gone} erased it already"
            raise StepRefused("nothing_to_erase", said)
        return self._erase([entry.id], {"basis": basis, "by": by, "approved_by": approved_by}, door)

    def erase_case(self, case_ref: str, *, basis: str, by: str, approved_by: str, door: str) -> dict[str, Wire]:
        """Erase the personal data of every record of a case, and its data key with the last of them."""
        _two_people(by, approved_by)
        found = self._vault.records_of(scope_of(case_ref, ""))
        if not found:
            raise StepRefused("nothing_to_erase", "there is no personal data of this case")
        return self._erase(found, {"basis": basis, "by": by, "approved_by": approved_by}, door)

    def _erase(self, record_ids: Sequence[str], said: dict[str, str], door: str) -> dict[str, Wire]:
        events: list[Wire] = []
        for batch in _batches(self._targets(record_ids)):
            ids = [str(each["id"]) for each in batch]
            about: dict[str, Wire] = {"records": list(batch), **said}
            # Two who erase the same at once make one event.
            key = f"{OWN_KEY}erasing {sha256(','.join(ids).encode()).hexdigest()}"
            try:
                event_id, index, _ = self._desk.append_event(
                    "erasure", about, door=door, key=key, beside=self._vault.erasing(ids)
                )
            except KeyReused as error:
                raise StepRefused("nothing_to_erase", f"record {error.seq} erased it already") from error
            events.append({"id": event_id, "index": index, **about})
        return {"erasures": events}

    def _targets(self, record_ids: Sequence[str]) -> Iterator[dict[str, Wire]]:
        for record_id in record_ids:
            entry = self._log.find(record_id)
            if entry is None:
                raise LogDamaged(f"the vault holds data of `{record_id}`, and no record has that id")
            yield {"id": record_id, "index": entry.seq, "digests": list(_read(entry).digests)}

    def read_personal(self, entry: Entry, *, purpose: str, by: str, door: str) -> dict[str, Wire]:
        """The personal data of a record; that it was read, what for and by whom, is on the record before it leaves."""
        digests = _read(entry).digests
        if not digests:
            raise StepRefused("no_personal_data", "no personal data was given with this record")
        held = self._vault.read(entry.id, digests)
        access: dict[str, Wire] | None = None
        if held.fields:
            about: dict[str, Wire] = {
                "record": {"id": entry.id, "index": entry.seq},
                "fields": [each.name for each in held.fields],
                "purpose": purpose,
                "by": by,
            }
            event_id, index, _ = self._desk.append_event("access", about, door=door)
            access = {"id": event_id, "index": index}
        return {
            "id": entry.id,
            "index": entry.seq,
            "personal": {each.name: each.value for each in held.fields},
            "erased_by": held.erased[0][1] if held.erased else None,
            "access": access,
        }

    @property
    def _vault(self) -> Vault:
        if self._desk.vault is None:
            raise VaultClosed
        return self._desk.vault


def since(log: AuditLog, record_id: str) -> dict[str, Wire]:
    """What became of a decision: `corrected_by` and `departure`, ids of later records, where there are any."""
    found: dict[str, Wire] = {}
    corrected = log.known(corrects_key(record_id))
    if corrected is not None:
        entry = log.read(corrected[0])
        later = _read(entry)
        if not isinstance(later, Record) or later.correction is None or later.correction.id != record_id:
            raise LogDamaged(f"it is marked as the correction of `{record_id}` and says otherwise", entry.seq)
        found["corrected_by"] = later.id
    departed = log.known(_departs_key(record_id))
    if departed is not None:
        event = _event(log.read(departed[0]))
        if event.kind != "departure" or event.about.get("decision", {}).get("id") != record_id:
            raise LogDamaged(f"it is marked as the departure from `{record_id}` and says otherwise", departed[0])
        found["departure"] = event.id
    return found


def _departs_key(record_id: str) -> str:
    return f"{OWN_KEY}departure {record_id}"


def _read(entry: Entry) -> Record | JointRecord:
    try:
        return read_any(entry.data)
    except ValueError as error:
        if isinstance(_event_or_none(entry), Event):
            raise StepRefused("not_a_decision", "that record is an event of the log and no decision") from error
        raise LogDamaged("its bytes are no decision", entry.seq) from error


def _event(entry: Entry) -> Event:
    found = _event_or_none(entry)
    if found is None:
        raise LogDamaged("its bytes are no event", entry.seq)
    return found


def _event_or_none(entry: Entry) -> Event | None:
    try:
        return read_event(entry.data)
    except ValueError:
        return None


def _decision_of(entry: Entry) -> Record:
    record = _read(entry)
    if isinstance(record, JointRecord):
        raise StepRefused("not_a_decision", "a case decided together is decided anew as a case, not step by step")
    if record.kind == "trial":
        raise StepRefused("not_a_decision", "a trial decided nothing: there is nothing to correct or to depart from")
    return record


def _two_people(by: str, approved_by: str) -> None:
    if by.strip().casefold() == approved_by.strip().casefold():
        raise StepRefused("same_person", "`by` and `approved_by` are one person: a second one has to approve")


def _as_written(facts: GivenFacts) -> dict[str, Any]:
    return {name: plain_value(value) for name, value in facts.items()}


def _batches(targets: Iterator[dict[str, Wire]]) -> Iterator[list[dict[str, Wire]]]:
    batch: list[dict[str, Wire]] = []
    size = 0
    for each in targets:
        length = len(rfc8785.dumps(each))
        if batch and size + length > _MOST_BYTES:
            yield batch
            batch, size = [], 0
        batch.append(each)
        size += length
    if batch:
        yield batch
