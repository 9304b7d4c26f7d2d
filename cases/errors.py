"""Everything the room of records can refuse, in one tree; read this when you catch one of them.

    CaseError
    ├── LogUnavailable   log_unavailable          the record could not be made durable, or the log is busy; try again
    ├── UnsafeStore      unsafe_store             start-up refused: the file or its settings cannot keep the promise
    ├── KeyReused        idempotency_key_reused   the same key came with another payload
    ├── RecordTooLarge   record_too_large         a record is longer than a log entry may be
    ├── RecordMissing    record_missing           no record stands at that place
    ├── SourceMissing    source_missing           no rule bytes are stored under that digest
    ├── NotPublished     not_published            no signed checkpoint covers what was asked for
    ├── RefusedToSign    refused_to_sign          the log is not what was signed before: nothing is signed or recorded
    ├── LawFilesMissing  law_files_missing        no rule files can be read where they were looked for
    ├── StepRefused      step_refused             what was asked for may not be done to that record; `reason` says why
    ├── VaultClosed      vault_closed             personal data was given, and there is no key to keep it under
    ├── VaultDamaged     vault_damaged            personal data is missing, exchanged or edited; never one erased
    └── LogDamaged       log_damaged              the file cannot be read, or contradicts itself

`code` is stable and for machines, the fields are for programs, `str()` is one sentence for people. What is not in
this tree is a bug of ours and stays loud.
"""

from __future__ import annotations

from typing import ClassVar, Literal

__all__ = [
    "MAX_RECORD_BYTES",
    "CaseError",
    "KeyReused",
    "LawFilesMissing",
    "LogDamaged",
    "LogUnavailable",
    "NotPublished",
    "RecordMissing",
    "RecordTooLarge",
    "RefusedToSign",
    "SourceMissing",
    "StepReason",
    "StepRefused",
    "UnsafeStore",
    "VaultClosed",
    "VaultDamaged",
]

# An entry bundle of C2SP tlog-tiles prefixes each entry with a 16-bit length.
MAX_RECORD_BYTES = 65_535


# The fields, not the sentence, are the exception's arguments: so one that crosses a process boundary is rebuilt whole.
class CaseError(Exception):
    """The base of the tree; catch it to catch every refusal of this room."""

    code: ClassVar[str]


class LogUnavailable(CaseError):
    """The record could not be made durable: disk full, I/O error, locked by another process.

    After it the outcome is UNKNOWN: the record may or may not be in the log. Retry with the same idempotency key;
    the answer is then the earlier record if there is one. Over HTTP: 503 (RFC 9110, section 15.6.4).
    """

    code = "log_unavailable"

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        return f"the log is not available: {self.reason}; free space or wait, then retry with the same idempotency key"


class UnsafeStore(CaseError):
    """Start-up refused: a durability setting read back wrong, or the file is not a log of this version."""

    code = "unsafe_store"

    def __init__(self, path: str, reason: str, repair: str) -> None:
        super().__init__(path, reason, repair)
        self.path, self.reason, self.repair = path, reason, repair

    def __str__(self) -> str:
        return f"the log `{self.path}` is not safe to use: {self.reason}; {self.repair}"


class KeyReused(CaseError):
    """The idempotency key stands in the log with another payload; nothing of the call was written.

    Over HTTP: 422 (draft-ietf-httpapi-idempotency-key-header, section 2.7).
    """

    code = "idempotency_key_reused"

    def __init__(self, key: str, seq: int | None = None) -> None:
        super().__init__(key, seq)
        self.key, self.seq = key, seq

    def __str__(self) -> str:
        where = "in the same batch" if self.seq is None else f"for record {self.seq}"
        return f"the idempotency key `{self.key}` was used {where} with other content; send new content under a new key"


class RecordTooLarge(CaseError):
    """A record is longer than 65,535 bytes; nothing of the call was written."""

    code = "record_too_large"

    def __init__(self, id: str, size: int) -> None:  # noqa: A002 - the record's own word for it
        super().__init__(id, size)
        self.id, self.size = id, size

    def __str__(self) -> str:
        return (
            f"the record `{self.id}` has {self.size} bytes and the limit is {MAX_RECORD_BYTES}; "
            "keep large evidence elsewhere and name it by its SHA-256 digest"
        )


class RecordMissing(CaseError):
    """No record stands at that place, and none should."""

    code = "record_missing"

    def __init__(self, seq: int, size: int) -> None:
        super().__init__(seq, size)
        self.seq, self.size = seq, size

    def __str__(self) -> str:
        return f"there is no record `{self.seq}`: the log holds {self.size}, counted from 0"


class SourceMissing(CaseError):
    """No rule bytes are stored under that digest."""

    code = "source_missing"

    def __init__(self, digest: str) -> None:
        super().__init__(digest)
        self.digest = digest

    def __str__(self) -> str:
        return f"no rule bytes are stored under `{self.digest}`; give the digest as a record states it: sha256:<64 hex>"


class LogDamaged(CaseError):
    """The file cannot be read at some place, or what it says contradicts itself; `seq` names the record if known."""

    code = "log_damaged"

    def __init__(self, reason: str, seq: int | None = None) -> None:
        super().__init__(reason, seq)
        self.reason, self.seq = reason, seq

    def __str__(self) -> str:
        where = "the log is damaged" if self.seq is None else f"the log is damaged at record {self.seq}"
        return f"{where}: {self.reason}; keep the file as it is, verify it, and restore from a copy that verifies"


class LawFilesMissing(CaseError):
    """No rule files can be read from a folder."""

    code = "law_files_missing"

    def __init__(self, folder: str, reason_zh: str, reason: str) -> None:
        super().__init__(folder, reason_zh, reason)
        self.folder, self.reason_zh, self.reason = folder, reason_zh, reason

    @property
    def message_zh(self) -> str:
        """The sentence in Chinese."""
        return f"“{self.folder}”里没有规则文件：{self.reason_zh}；用 --rules 指明文件夹"

    def __str__(self) -> str:
        return f"no rule files in `{self.folder}`: {self.reason}; give the folder with `--rules`"


class NotPublished(CaseError):
    """What was asked for is not, or not yet, covered by a signed checkpoint."""

    code = "not_published"

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        return self.reason


class RefusedToSign(CaseError):
    """The log is not a continuation of what was signed before; until that is understood nothing is signed or recorded.

    A restored old backup, a fork or an edited record looks like this. Over HTTP: 503.
    """

    code = "refused_to_sign"

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        return f"the log is not signed any further: {self.reason}"


StepReason = Literal[
    "not_a_decision",
    "not_a_case",
    "corrected_already",
    "nothing_corrected",
    "departed_already",
    "no_fine",
    "same_fine",
    "outside_range",
    "no_such_act",
    "below_fallen_fine",
    "does_not_replay",
    "same_person",
    "nothing_to_erase",
    "no_personal_data",
]


class StepRefused(CaseError):
    """A correction, departure, erasure or reading that may not be; nothing was recorded. Over HTTP: 409."""

    code = "step_refused"

    def __init__(self, reason: StepReason, sentence: str) -> None:
        super().__init__(reason, sentence)
        self.reason, self.sentence = reason, sentence

    def __str__(self) -> str:
        return self.sentence


class VaultClosed(CaseError):
    """Personal data was given where there is no key to encrypt it under: nothing was decided or recorded."""

    code = "vault_closed"

    def __init__(self) -> None:
        super().__init__()

    def __str__(self) -> str:
        return "personal data cannot be kept here: the log was opened without its vault; ask without it"


class VaultDamaged(CaseError):
    """The personal data of a record is not what the record says: `problem` and `what` (a field or a digest) name it."""

    code = "vault_damaged"

    def __init__(
        self, record: str, problem: Literal["mismatch", "missing", "unreadable", "erased_yet_present"], what: str
    ) -> None:
        super().__init__(record, problem, what)
        self.record, self.problem, self.what = record, problem, what

    def __str__(self) -> str:
        said = {
            "mismatch": "is not what its record vouches for",
            "missing": "is missing, and no record says that it was erased",
            "unreadable": "cannot be decrypted: it was edited, exchanged, or belongs to another key",
            "erased_yet_present": "stands there, and a record says that it was erased",
        }[self.problem]
        return f"the personal data `{self.what}` of record `{self.record}` {said}; verify the log"
