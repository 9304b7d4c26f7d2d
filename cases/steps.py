"""What may happen to a recorded decision afterwards: corrected, departed from, its personal data read or erased.

The decision itself is never touched. Every step is a record of its own, and stands in the log before it is answered or
anything leaves. `by` and `approved_by` are staff numbers and, like reasons and purposes, stand in the log for ever:
nothing that says who a party is belongs in them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from hashlib import sha256
from typing import Any

import rfc8785

from cases.departing import fine_of, may_depart, two_people
from cases.desk import Desk, Recorded, corrects_key
from cases.errors import KeyReused, LogDamaged, StepRefused, VaultClosed
from cases.events import OWN_KEY, Event, read_event
from cases.log.store import AuditLog, Entry
from cases.log.vault import Vault, scope_of
from cases.reasons import Reasons
from cases.record import Asked, AskedTogether, Correction, JointRecord, Record, plain_value, read_any
from engine import Act, GivenFacts, Wire

__all__ = ["Corrected", "CorrectedCase", "Departure", "Steps", "since", "since_case"]

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
class CorrectedCase:
    """What a correction changes in the question of a whole case; None leaves it. Acts are given anew, all of them."""

    on: date | None = None
    acts: Sequence[Act] | None = None
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
            raise _nothing_corrected()
        return self._correct(asked, record, entry, reason=reason, by=by, door=door, party=party)

    def correct_case(
        self,
        entry: Entry,
        change: CorrectedCase,
        *,
        reason: str,
        by: str,
        door: str,
        party: dict[str, str] | None = None,
    ) -> Recorded:
        """Decide the corrected question of a whole case again; chain, personal data and repetition as in `correct`."""
        record = _case_of(entry)
        asked = AskedTogether(
            on=change.on or record.asked.on,
            acts=record.asked.acts if change.acts is None else tuple(change.acts),
            decided=change.decided or record.asked.decided,
            case_ref=record.asked.case_ref,
        )
        if _same_case(asked, record.asked) and not party:
            raise _nothing_corrected()
        return self._correct(asked, record, entry, reason=reason, by=by, door=door, party=party)

    def _correct(
        self,
        asked: Asked | AskedTogether,
        record: Record | JointRecord,
        entry: Entry,
        *,
        reason: str,
        by: str,
        door: str,
        party: dict[str, str] | None,
    ) -> Recorded:
        correction = Correction(id=record.id, index=entry.seq, reason=reason, by=by)
        try:
            return self._desk.correct(asked, correction, door=door, party=party or {})
        except KeyReused as error:
            raise StepRefused(
                "corrected_already", f"record {error.seq} corrects this one already: correct that one"
            ) from error

    def depart(self, entry: Entry, departure: Departure, *, door: str) -> dict[str, Wire]:
        """Record that another fine than the computed one is imposed, inside the statutory range; both stand."""
        return self._depart(_decision_of(entry), entry, None, departure, door)

    def depart_case(self, entry: Entry, act: str, departure: Departure, *, door: str) -> dict[str, Wire]:
        """Record the same of the fine that stands for one act of a case; each act may be departed from once.

        The fine stays inside the range of the provision that stands, and one that fell away beside it by its amount
        stays no higher: else another provision would be the one to go by.
        """
        return self._depart(_case_of(entry), entry, act, departure, door)

    def _depart(
        self, record: Record | JointRecord, entry: Entry, act: str | None, departure: Departure, door: str
    ) -> dict[str, Wire]:
        two_people(departure.by, departure.approved_by)
        if self._log.known(corrects_key(record.id)) is not None:
            raise StepRefused("corrected_already", "the decision was corrected: depart from its correction")
        fine = fine_of(record, act, self._reasons.law_of(record.rulebook).rulebook)
        may_depart(fine, departure.imposed_fine_fen)
        about: dict[str, Wire] = {
            "decision": {"id": record.id, "index": entry.seq},
            **({} if act is None else {"act": act, "violation": fine.violation}),
            **fine.to_wire(),
            "imposed_fine_fen": departure.imposed_fine_fen,
            "reasons": list(departure.reasons),
            "evidence": list(departure.evidence),
            "by": departure.by,
            "approved_by": departure.approved_by,
        }
        try:
            event_id, index, _ = self._desk.append_event(
                "departure", about, door=door, key=_departs_key(record.id, act), rulebook=record.rulebook
            )
        except KeyReused as error:
            what = "this decision" if act is None else "this act"
            raise StepRefused("departed_already", f"record {error.seq} departs from {what} already") from error
        return {"id": event_id, "index": index, **about}

    def erase(
        self, entry: Entry, *, basis: str, by: str, approved_by: str, door: str, whole_case: bool = False
    ) -> dict[str, Wire]:
        """Erase the personal data of one record (抹除), or of its whole case, and record that.

        The tree and every proof stay as they are.
        """
        two_people(by, approved_by)
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
        two_people(by, approved_by)
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
    departure = _departed(log, record_id, None)
    return _corrected(log, record_id) | ({} if departure is None else {"departure": departure})


def since_case(log: AuditLog, case: Recorded) -> dict[str, Wire]:
    """What became of a whole case: `corrected_by`, and `departures` with the act of each, where there are any."""
    departures: list[Wire] = []
    parts: Any = case.answer["parts"]
    for act in sorted({str(each["act"]) for each in parts}):
        departure = _departed(log, case.id, act)
        if departure is not None:
            departures.append({"act": act, "id": departure})
    return _corrected(log, case.id) | ({"departures": departures} if departures else {})


def _corrected(log: AuditLog, record_id: str) -> dict[str, Wire]:
    corrected = log.known(corrects_key(record_id))
    if corrected is None:
        return {}
    later = _read(log.read(corrected[0]))
    if later.correction is None or later.correction.id != record_id:
        raise LogDamaged(f"it is marked as the correction of `{record_id}` and says otherwise", corrected[0])
    return {"corrected_by": later.id}


def _departed(log: AuditLog, record_id: str, act: str | None) -> str | None:
    departed = log.known(_departs_key(record_id, act))
    if departed is None:
        return None
    event = _event(log.read(departed[0]))
    about = event.about
    if event.kind != "departure" or about.get("decision", {}).get("id") != record_id or about.get("act") != act:
        raise LogDamaged(f"it is marked as the departure from `{record_id}` and says otherwise", departed[0])
    return event.id


def _departs_key(record_id: str, act: str | None) -> str:
    # An act is called anything; its digest is as long as any other's.
    return f"{OWN_KEY}departure {record_id}" + ("" if act is None else f" {sha256(act.encode()).hexdigest()}")


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
        raise StepRefused("not_a_decision", "that record is a whole case decided together: take the step on the case")
    _no_trial(record)
    return record


def _case_of(entry: Entry) -> JointRecord:
    record = _read(entry)
    if not isinstance(record, JointRecord):
        raise StepRefused("not_a_case", "that record is a decision of one violation: take the step on the decision")
    _no_trial(record)
    return record


def _no_trial(record: Record | JointRecord) -> None:
    if record.trial:
        raise StepRefused("not_a_decision", "a trial decided nothing: there is nothing to correct or to depart from")


def _nothing_corrected() -> StepRefused:
    return StepRefused("nothing_corrected", "the corrected question is the recorded one: say what is corrected")


def _same_case(one: AskedTogether, other: AskedTogether) -> bool:
    """Whether two cases ask the same: the order of their acts never matters, nor whether the case's day is repeated."""

    def said(asked: AskedTogether) -> tuple[AskedTogether, list[str]]:
        acts = (replace(each, on=each.on or asked.on) for each in asked.acts)
        # Personal facts are in it still, and may hold what canonical JSON cannot write.
        told = (json.dumps(replace(asked, acts=(each,)).to_wire(), sort_keys=True) for each in acts)
        return replace(asked, acts=()), sorted(told)

    return said(one) == said(other)


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
