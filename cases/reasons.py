"""What would have changed a recorded decision, worked out from its record under the rule bytes of its day.

Only what stands in the log is asked about: trying facts until the fine fits is the oldest abuse, so no door answers
“what if” for a question that was never recorded.
"""

from __future__ import annotations

from dataclasses import dataclass
from threading import Lock

from cases.errors import CaseError
from cases.lawfiles import Law, law_from_log
from cases.log.store import AuditLog
from cases.record import Record
from engine import RuleFilesInvalid, decide, to_wire
from engine.why import Why, why

__all__ = ["NoReasons", "Reasons"]

_KEPT = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class NoReasons:
    """Why nothing can be said of a record, in Chinese and English."""

    message_zh: str
    message_en: str


class Reasons:
    """Answers for records of one log; the laws of earlier days are read from the log and kept, the last few of them."""

    def __init__(self, law: Law, log: AuditLog) -> None:
        self._log = log
        self._laws: dict[str, Law] = {law.rulebook.digest: law}
        self._lock = Lock()

    def of(self, record: Record) -> Why | NoReasons:
        """Say what would have changed a recorded decision; NoReasons for a refusal, or where it does not replay.

        Where this engine decides otherwise than was recorded, its “what if” would belong to another decision.
        """
        if record.decision["outcome"] != "decision":
            return NoReasons(
                message_zh="这是一条拒绝，理由就在拒绝里；没有处罚可以比较",
                message_en="this is a refusal, and says itself why; there is no penalty to compare",
            )
        asked = record.asked
        try:
            rulebook = self.law_of(record.rulebook).rulebook
        except (CaseError, RuleFilesInvalid) as error:
            return NoReasons(
                message_zh=f"当时的规则文件无法取得：{error}",
                message_en=f"the rule files of the day cannot be had: {error}",
            )
        found = why(rulebook, asked.violation, asked.on, asked.facts, decided=asked.decided)
        again = to_wire(decide(rulebook, asked.violation, asked.on, asked.facts, decided=asked.decided))
        if found is None or any(again[name] != record.decision[name] for name in ("tier", "measures")):
            return NoReasons(
                message_zh="按当时的规则文件重算，结果与记录不同；请先重放核对",
                message_en="decided again from the rule bytes of its day it comes out otherwise; replay the log first",
            )
        return found

    def law_of(self, digest: str) -> Law:
        """The law a record names; CaseError or RuleFilesInvalid where it cannot be had."""
        with self._lock:
            law = self._laws.get(digest)
            if law is None:
                law = law_from_log(self._log, digest)
                if len(self._laws) > _KEPT:
                    # The first is the law in force; the oldest of the others goes.
                    self._laws.pop(list(self._laws)[1])
                self._laws[digest] = law
            return law
