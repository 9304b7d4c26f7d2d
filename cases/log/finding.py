"""What an audit can find, as sentences in two languages; `cases.log.audit` finds it."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["LAST_PLACE", "AuditReport", "Finding", "finding"]

LAST_PLACE = 2**62
"""Beyond any position; a range that ends here has no known end."""

# Code of a finding -> (Chinese, English).
_SENTENCES: dict[str, tuple[str, str]] = {
    "record_missing": ("{zh}缺失", "{en} is missing"),
    "record_unreadable": ("{zh}无法读出", "{en} cannot be read"),
    "record_edited": ("{zh}被改动：内容与叶哈希不符", "{en} was edited: its bytes do not match its leaf hash"),
    "record_before_start": ("{zh}排在日志起点之前", "{en} stands before the start of the log"),
    "record_beyond_head": (
        "{zh}超出日志末尾：日志头只计 {more} 条",
        "{en} is beyond the end: the head counts {more}",
    ),
    "id_differs": ("{zh}的编号列与内容里的 id 不符", "{en} has an id column that differs from the id in its bytes"),
    "duplicate_id": ("{zh}的编号“{more}”已用过", "{en} has the id `{more}` of an earlier record"),
    "not_canonical": ("{zh}不是规范 JSON（RFC 8785）", "{en} is not canonical JSON (RFC 8785)"),
    "duplicate_key": ("{zh}里“{more}”写了两次", "{en} holds the key `{more}` twice"),
    "root_differs": (
        "{zh}有改动：检查点的树根不符",
        "{en}: one was changed, the root at the checkpoint differs",
    ),
    "checkpoint_edited": ("{zh}处的检查点被改动，记录无恙", "the checkpoint at {en} was edited; the records are sound"),
    "checkpoint_beyond": (
        "检查点计 {more} 条，超出日志末尾",
        "a checkpoint counts {more} records, beyond the end",
    ),
    "checkpoint_unreadable": ("检查点无法读出（{more}）", "checkpoints cannot be read ({more})"),
    "checkpoint_missing": (
        "日志头计 {more} 条，却没有这样的检查点",
        "the head counts {more}, and no checkpoint does",
    ),
    "head_unreadable": ("日志头无法读出", "the head of the log cannot be read"),
    "head_root": ("日志头的树根与记录不符", "the root in the head is not that of the records"),
    "head_frontier": ("日志头的边缘与记录不符", "the frontier in the head is not that of the records"),
    "source_edited": ("规则文本“{more}”与其摘要不符", "the rule bytes under `{more}` do not match that digest"),
    "source_unreadable": ("规则文本无法读出：{more}", "rule bytes cannot be read: {more}"),
    "source_missing": ("{zh}引用的规则文本“{more}”未存", "{en} names rule bytes `{more}` that are not stored"),
    "key_points_nowhere": (
        "幂等键“{more}”指向不存在的{zh}",
        "the key `{more}` points at {en}, which is not there",
    ),
    "key_unreadable": ("幂等键无法读出：{more}", "idempotency keys cannot be read: {more}"),
    "guard_changed": (
        "只增不改的触发器“{more}”被动过",
        "the append-only trigger `{more}` was changed",
    ),
    "vault_mismatch": (
        "{zh}的个人信息“{more}”与记录里的摘要不符",
        "{en} has personal data `{more}` that its digests do not vouch for",
    ),
    "vault_missing": (
        "{zh}的个人信息“{more}”缺失，也没有抹除记录",
        "{en} lacks its personal data `{more}`, and no record says that it was erased",
    ),
    "vault_unreadable": (
        "{zh}的个人信息“{more}”解不开：被改动、调换，或者不是这把密钥",
        "{en} has personal data `{more}` that does not open: edited, exchanged, or of another key",
    ),
    "vault_erased_yet_present": (
        "{zh}：个人信息“{more}”记为已抹除，却还在",
        "{en}: the personal data `{more}` was erased by a record, and is there",
    ),
    "vault_orphan": (
        "个人信息库里有“{more}”的内容，却没有记录提到它",
        "the vault holds data of `{more}`, which no record names",
    ),
    "vault_damaged": ("{zh}的个人信息无法核对：{more}", "the personal data of {en} cannot be checked: {more}"),
    "file_unusable": ("日志文件无法打开：{more}", "the log file cannot be opened: {more}"),
    "integrity": ("数据库自检：{more}", "the database's own check says: {more}"),
    "more_findings": ("另有 {more} 项未列出", "{more} more findings are not listed"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing wrong: a stable code, the first record it touches if there is one, and a sentence in two languages."""

    code: str
    seq: int | None
    message_zh: str
    message_en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditReport:
    """What verifying found: the records counted, the root derived from their bytes (None if one is lost), findings."""

    size: int
    root_hex: str | None
    findings: tuple[Finding, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing at all is wrong."""
        return not self.findings


def finding(code: str, first: int | None = None, last: int | None = None, more: object = "") -> Finding:
    """A finding on records first..last (or none), with `more` to say."""
    zh, en = f"第 {first} 号记录", f"record {first}"
    if first is not None and last is not None and last > first:
        end_zh, end_en = (f"至 {last} 号", f"to {last}") if last < LAST_PLACE - 1 else ("号起的", "and later")
        zh, en = f"第 {first} {end_zh}记录", f"records {first} {end_en}"
    said_zh, said_en = (text.format(zh=zh, en=en, more=more) for text in _SENTENCES[code])
    return Finding(code=code, seq=first, message_zh=said_zh, message_en=said_en)
