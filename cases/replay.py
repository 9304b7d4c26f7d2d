"""Decides every recorded question again, from the rule bytes of its day, and names every difference in words.

What a correction or a departure says of the record it is about is held against that record too (`cases.bonds`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from cases.bonds import wrong_correction, wrong_departure
from cases.errors import CaseError
from cases.events import read_event
from cases.lawfiles import Law, law_from_log, read_law
from cases.log.store import AuditLog, Entry
from cases.record import JointRecord, Record, read_any
from engine import MEANING, Rulebook, RuleFilesInvalid, decide, decide_together, joint_to_wire, to_wire

__all__ = ["Difference", "ReplayReport", "replay", "replay_in_processes"]

_WORDS: dict[str, tuple[str, str]] = {
    "outcome": ("结论", "outcome"),
    "name": ("名称", "name"),
    "tier": ("档次", "tier"),
    "fine_fen": ("罚款（分）", "fine (fen)"),
    "currency": ("货币", "currency"),
    "measures": ("处理", "measures"),
    "refusal": ("拒绝", "refusal"),
    "message": ("拒绝理由", "sentence of the refusal"),
    "field": ("所指事实", "fact at fault"),
    "basis": ("依据", "basis"),
    "rule": ("规则文件", "rule file"),
    "meaning": ("引擎含义版本", "engine meaning-version"),
    "violation": ("违法行为代码", "violation"),
    "on": ("日期", "day"),
    "fine_range": ("罚款幅度（分）", "range of the fine (fen)"),
    "comparison": ("声明的比较", "declared comparison"),
    "act": ("行为", "act"),
    "falls_away": ("不再处罚的罚款", "fines that fall away"),
    "part_at_fault": ("拒绝所指的行为", "part at fault"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A record that does not come out as it stands: its place and, in Chinese and English, what differs."""

    index: int
    id: str
    message_zh: str
    message_en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayReport:
    """How many records were decided again and which came out differently."""

    replayed: int
    differences: tuple[Difference, ...]

    @property
    def ok(self) -> bool:
        return not self.differences


_CHUNK = 1_000  # records: small enough that processes end together, large enough that asking for one costs nothing


def replay(
    log: AuditLog,
    *,
    start: int = 0,
    stop: int | None = None,
    law: Law | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> ReplayReport:
    """Replay the records of [start, stop), each under the law it names, or all under `law` where one is given.

    With another law the report says what that law would have decided otherwise, and nothing of what records say of
    each other. Events decide nothing and are not counted; of them only departures are looked at. Raises LogDamaged
    where the log itself cannot be read; verifying the log is another question (`cases.log.audit`).
    """
    total = min(log.head().size, stop if stop is not None else 2**62) - start
    laws: dict[str, Law | str] = {}
    differences: list[Difference] = []
    replayed = 0
    for done, entry in enumerate(log.entries(start, stop), 1):
        decided, found = _one(log, entry, law, laws)
        replayed += decided
        differences += found
        if progress:
            progress(done, total)
    return ReplayReport(replayed=replayed, differences=tuple(differences))


def replay_in_processes(
    where: Path | str,
    jobs: int,
    *,
    start: int = 0,
    stop: int | None = None,
    rules: Path | None = None,
    cache: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> ReplayReport:
    """As `replay`, of the log at `where`, in several processes; under the rule files of `rules` where given.

    The report is the same, in the same order, whatever `jobs` is. Raises as `replay` does, and what reading the rule
    files raises.
    """
    with AuditLog.open(where, read_only=True) as log:
        size = log.head().size
        end = size if stop is None else min(stop, size)
        if jobs <= 1 or end - start <= _CHUNK:
            law = None if rules is None else read_law(rules, cache)
            return replay(log, start=start, stop=end, law=law, progress=progress)
    chunks = [(first, min(first + _CHUNK, end)) for first in range(start, end, _CHUNK)]
    parts: list[ReplayReport] = []
    # Spawned and not forked: a forked child would inherit connections and locks in whatever state they are.
    with ProcessPoolExecutor(min(jobs, len(chunks)), get_context("spawn"), _begin, (where, rules, cache)) as pool:
        for (_, last), part in zip(chunks, pool.map(_replay_chunk, chunks), strict=True):
            parts.append(part)
            if progress:
                progress(last - start, end - start)
    return ReplayReport(
        replayed=sum(part.replayed for part in parts),
        differences=tuple(each for part in parts for each in part.differences),
    )


_process: list[tuple[AuditLog, Law | None]] = []


def _begin(where: Path | str, rules: Path | None, cache: Path | None) -> None:
    """Open, once in each process, what its chunks share."""
    _process.append((AuditLog.open(where, read_only=True), None if rules is None else read_law(rules, cache)))


def _replay_chunk(chunk: tuple[int, int]) -> ReplayReport:
    log, law = _process[0]
    return replay(log, start=chunk[0], stop=chunk[1], law=law)


def _one(log: AuditLog, entry: Entry, law: Law | None, laws: dict[str, Law | str]) -> tuple[bool, list[Difference]]:
    """Decide one record again: whether it decided anything (an event did not), and what differs."""

    def said(parts: list[tuple[str, str]]) -> list[Difference]:
        zh, en = "；".join(zh for zh, _ in parts), "; ".join(en for _, en in parts)
        return [Difference(index=entry.seq, id=entry.id, message_zh=zh, message_en=en)] if parts else []

    try:
        record = read_any(entry.data)
    except ValueError:
        try:
            event = read_event(entry.data)
        except ValueError:
            return True, said([("这条记录读不懂", "the record cannot be read")])
        if event.kind != "departure" or law is not None:
            return False, []
        return False, said(list(wrong_departure(log, entry.seq, event, lambda digest: _law(log, digest, laws))))
    found = law or _law(log, record.rulebook, laws)
    if isinstance(found, str):
        return True, said([(f"当时的规则文件无法取得：{found}", f"the rule files of the day cannot be had: {found}")])
    parts = list(_differences(record, found.rulebook))
    if parts and record.meaning != MEANING:
        parts.insert(
            0, (f"引擎含义版本 {record.meaning} → {MEANING}", f"engine meaning-version {record.meaning} → {MEANING}")
        )
    if law is None:
        parts += wrong_correction(log, entry.seq, record)
    return True, said(parts)


def _differences(record: Record | JointRecord, rulebook: Rulebook) -> Iterator[tuple[str, str]]:
    asked = record.asked
    if isinstance(record, Record):
        again = to_wire(decide(rulebook, record.asked.violation, asked.on, record.asked.facts, decided=asked.decided))
        yield from _compare(record.decision, again)
        return
    joint = joint_to_wire(decide_together(rulebook, asked.on, record.asked.acts, decided=asked.decided))
    yield from _compare_together(record.joint, joint)


def _compare_together(recorded: dict[str, Any], again: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Compare a whole case: what is said of it, then each of its parts under its place in the case."""
    before, after = dict(recorded), dict(again)
    old, new = before.pop("parts"), after.pop("parts")
    yield from _compare(before, after)
    if len(old) != len(new):
        yield f"有 {len(old)} 项，现为 {len(new)} 项", f"there were {len(old)} parts and now are {len(new)}"
    for number, (one, other) in enumerate(zip(old, new, strict=False), 1):
        marks = ({**each, "decision": None} for each in (one, other))
        for zh, en in (*_compare(*marks), *_compare(one["decision"], other["decision"])):
            yield f"第 {number} 项：{zh}", f"part {number}: {en}"


def _law(log: AuditLog, digest: str, laws: dict[str, Law | str]) -> Law | str:
    if digest not in laws:
        try:
            laws[digest] = law_from_log(log, digest)
        except CaseError as error:
            laws[digest] = str(error)
        except RuleFilesInvalid as error:
            laws[digest] = str(error.findings[0])
    return laws[digest]


def _compare(recorded: dict[str, Any], again: dict[str, Any]) -> Iterator[tuple[str, str]]:
    recorded, again = _flat(recorded), _flat(again)
    # A record from before the currency was written says nothing of it, and nothing is held against it.
    recorded = {"currency": again.get("currency"), **recorded}
    for key in sorted({*recorded, *again} - {"trace"}):
        before, after = recorded.get(key), again.get(key)
        if before != after:
            zh, en = _WORDS.get(key, (key, key))
            yield f"{zh} {_short(before)} → {_short(after)}", f"{en} {_short(before)} → {_short(after)}"
    old, new = recorded.get("trace", []), again.get("trace", [])
    for number, (before, after) in enumerate(zip(old, new, strict=False), 1):
        if before != after:
            changed = [key for key in sorted({*before, *after}) if before.get(key) != after.get(key)]
            detail = ", ".join(f"{key} {_short(before.get(key))} → {_short(after.get(key))}" for key in changed)
            yield f"第 {number} 步理由不同（{detail}）", f"step {number} of the reasoning differs ({detail})"
            return
    if len(old) != len(new):
        yield f"理由有 {len(old)} 步，现为 {len(new)} 步", f"the reasoning had {len(old)} steps and now has {len(new)}"


def _flat(decision: dict[str, Any]) -> dict[str, Any]:
    """Put a refusal's fields beside the others, so that a difference names the one that changed."""
    refusal = decision.get("refusal")
    fields = refusal if isinstance(refusal, dict) else {}
    flat = {**decision, "refusal": fields.get("code"), "message": fields.get("message"), "field": fields.get("field")}
    return flat | ({"part_at_fault": (fields["act"], fields["violation"])} if "act" in fields else {})


def _short(value: object) -> str:
    text = "—" if value is None else str(value)
    return text if len(text) <= 120 else text[:119] + "…"
