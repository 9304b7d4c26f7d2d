"""What a correction or a departure says of an earlier record, held against that record; what is wrong, in words.

Both stand in the log by their own bytes, so an edited one is found by its hash. Here is found what was written wrongly:
a correction of something that is no decision, a departure from another fine than the recorded one or outside the law.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from cases.departing import DepartureSaid, fine_of, may_depart, two_people
from cases.errors import StepRefused
from cases.events import Event
from cases.lawfiles import Law
from cases.log.store import AuditLog
from cases.record import JointRecord, Record, read_any

__all__ = ["wrong_correction", "wrong_departure"]

Said = tuple[str, str]

_REFUSED: dict[str, str] = {
    "no_fine": "没有可以逸脱的罚款",
    "same_fine": "所处罚款就是算得的罚款",
    "outside_range": "所处罚款超出法定幅度",
    "no_such_act": "案件没有这个行为",
    "below_fallen_fine": "所处罚款低于同一个行为不再处罚的另一项罚款",
    "does_not_replay": "所逸脱的决定重算不同",
    "same_person": "提出和批准是同一个人",
}


def wrong_correction(log: AuditLog, seq: int, record: Record | JointRecord) -> Iterator[Said]:
    """Yield what is wrong with what the record at `seq` says it corrects; nothing where it is no correction."""
    correction = record.correction
    if correction is None:
        return
    target = _target(log, seq, correction.id, correction.index)
    if not isinstance(target, Record | JointRecord):
        yield _joined("更正", "the correction", target)
    elif isinstance(target, JointRecord) != isinstance(record, JointRecord):
        yield (
            f"更正：第 {correction.index} 号是另一种记录；单项决定和合并裁量的案件不能互相更正",
            f"the correction: record {correction.index} is of another form; a decision and a whole case never correct "
            "each other",
        )
    elif target.asked.case_ref != record.asked.case_ref:
        yield (
            f"更正：案件编号与第 {correction.index} 号的不同",
            f"the correction: its case number is not that of record {correction.index}",
        )


def wrong_departure(log: AuditLog, seq: int, event: Event, law_of: Callable[[str], Law | str]) -> Iterator[Said]:
    """Yield what is wrong with the departure at `seq`: of the record it names, of its figures, or of its two people.

    `law_of` gives the law of a digest, or says why it cannot be had.
    """
    try:
        said = DepartureSaid.model_validate(event.about)
    except ValueError:
        yield "这条逸脱读不懂", "the departure cannot be read"
        return
    target = _target(log, seq, said.decision.id, said.decision.index)
    if not isinstance(target, Record | JointRecord):
        yield _joined("逸脱", "the departure", target)
        return
    if event.rulebook != target.rulebook:
        yield "逸脱：规则文件不是所逸脱的决定的", "the departure: its rule files are not those of the decision"
    law = law_of(target.rulebook)
    if isinstance(law, str):
        yield f"当时的规则文件无法取得：{law}", f"the rule files of the day cannot be had: {law}"
        return
    try:
        fine = fine_of(target, said.act, law.rulebook)
        told = said.model_dump(mode="json")
        for name, value in {**fine.to_wire(), "violation": None if said.act is None else fine.violation}.items():
            if told[name] != value:
                yield f"逸脱：{name} {told[name]} → {value}", f"the departure: {name} {told[name]} → {value}"
        may_depart(fine, said.imposed_fine_fen)
        two_people(said.by, said.approved_by)
    except StepRefused as refused:
        yield f"逸脱：{_REFUSED[refused.reason]}（{refused.reason}）", f"the departure: {refused.sentence}"


def _target(log: AuditLog, seq: int, record_id: str, index: int) -> Record | JointRecord | Said:
    """The decision or case that is named, or what is wrong with the name."""
    if not 0 <= index < seq:
        return f"第 {index} 号不在它前面", f"record {index} does not stand before it"
    entry = log.read(index)
    if entry.id != record_id:
        return f"第 {index} 号的编号不是它所写的", f"record {index} has another id than it says"
    try:
        record = read_any(entry.data)
    except ValueError:
        return f"第 {index} 号不是决定", f"record {index} is no decision"
    if record.trial:
        return f"第 {index} 号是试算，不是决定", f"record {index} is a trial and no decision"
    return record


def _joined(zh: str, en: str, wrong: Said) -> Said:
    return f"{zh}：{wrong[0]}", f"{en}: {wrong[1]}"
