"""What an audit can find, as sentences in two languages; `cases.log.audit` finds it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

__all__ = ["LAST_PLACE", "AuditReport", "Finding", "Stamp", "finding"]

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
    "anchor_differs": (
        "{zh}是 SM3 锚点，与其所指的记录不符",
        "{en} is an SM3 anchor that does not match the records it names",
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
    "key_differs": (
        "幂等键“{more}”指向{zh}，而它答复的不是这个请求",
        "the key `{more}` points at {en}, which did not answer that request",
    ),
    "key_missing": (
        "{zh}答复过带幂等键的请求，而那个键缺失或被改动：同一请求再来就会再裁量一次",
        "{en} answered a request with an idempotency key, and that key is missing or was changed: the same request "
        "would be decided once more",
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
    "file_unusable": ("日志无法打开：{more}", "the log cannot be opened: {more}"),
    "integrity": ("数据库自检：{more}", "the database's own check says: {more}"),
    # Of what is published: files, tiles, signed checkpoints.
    "file_missing": ("缺少文件 {more}（{zh}）", "the file `{more}` ({en}) is missing"),
    "bundle_malformed": ("{zh}被改动：{more} 从它起切不开", "{en} was edited: `{more}` cannot be cut from there on"),
    "bundle_longer": ("{more} 在{zh}之后还有字节", "`{more}` has bytes after {en}"),
    "tile_length": ("{more}（{zh}）的长度不对", "`{more}` ({en}) has not the length of its hashes"),
    "tile_edited": (
        "{more} 里{zh}的哈希被改动，记录无恙",
        "`{more}` has another hash for {en}; what it stands for is sound",
    ),
    "records_differ": ("{zh}有改动：与 {more} 不符", "{en}: one was changed, `{more}` has another hash"),
    "record_or_tile": ("{zh}与 {more} 不符，二者必有一改", "{en} and `{more}` differ: one of them was changed"),
    "partial_differs": ("旧的 {more}（{zh}）与记录不符", "the older `{more}` ({en}) is not that of the records"),
    "no_id": ("{zh}没有编号", "{en} has no id"),
    "checkpoint_invalid": ("检查点不可信 · {more}", "a checkpoint cannot be believed: {more}"),
    "checkpoint_misnamed": ("检查点放错了地方：{more}", "a checkpoint stands under another name: {more}"),
    "history_rewritten": (
        "{zh}有改动：历史被改写或删改过，签过名的检查点 {more} 的树根与这些记录不符",
        "{en}: history was dropped or rewritten, the signed checkpoint {more} has another root than these records",
    ),
    "history_dropped": (
        "{zh}不见了：历史被删去，签过名的检查点 {more} 还计入它们",
        "{en}: history was dropped, the signed checkpoint {more} still counts them",
    ),
    "split_view": (
        "同一条数有两个签过名的树根（SPLIT VIEW，两套历史）：{more}",
        "SPLIT VIEW: two signed roots for one size: {more}",
    ),
    "keys_invalid": ("keys.json 不可用：{more}", "`keys.json` cannot be used: {more}"),
    "key_event_refused": (
        "{zh}里的密钥变更没有经较早的密钥签认：{more}",
        "{en} changes keys, and no older key of the log endorses it: {more}",
    ),
    "key_unnamed": (
        "密钥清单里的 {more}，日志里没有经较早密钥签认它的记录（添加、更换密钥若中途断了，把它做完）",
        "the key `{more}` is in the list, and no record that an older key endorsed names it (where adding or changing "
        "keys was cut, finish it)",
    ),
    "keys_differ": (
        "keys.json 与给定的密钥清单不是同一份的延续",
        "`keys.json` does not continue the list of keys that was given",
    ),
    "token_invalid": ("时间戳令牌不成立 · {more}", "a time-stamp token does not hold: {more}"),
    "token_misnamed": (
        "时间戳令牌 {more} 的字节不是其名字所说的",
        "the bytes of the time-stamp token `{more}` are not those its name says",
    ),
    "token_without_checkpoint": (
        "时间戳令牌 {more} 所说的检查点不在，或不可信",
        "the time-stamp token `{more}` is of a checkpoint that is not there, or cannot be believed",
    ),
    "index_differs": (
        "{more} 与实有的文件不符：导出没做完，或文件有增减",
        "`{more}` does not list the files that are there: an export was not finished, or files came or went",
    ),
    "node_missing": ("{zh}的子树哈希未存（第 {more} 层）", "the subtree hash of {en} is not stored (level {more})"),
    "node_edited": (
        "{zh}的子树哈希被改动（第 {more} 层）",
        "the stored subtree hash of {en} was edited (level {more})",
    ),
    "node_differs": (
        "{zh}与其子树哈希（第 {more} 层）不符，二者必有一改",
        "{en} and their stored subtree hash (level {more}) differ: one of them was changed",
    ),
    "signed_differs": (
        "签过名的检查点 {more} 的树根与记录不符",
        "the signed checkpoint {more} has another root than the records",
    ),
    "node_beyond": ("多出一个子树哈希（{more}）", "a subtree hash is stored that no records make up ({more})"),
    "nodes_unreadable": ("子树哈希无法读出：{more}", "subtree hashes cannot be read: {more}"),
    "cosignature_invalid": (
        "见证人对检查点的签名不可信 · {more}",
        "the cosignature of a checkpoint cannot be believed: {more}",
    ),
    "signed_unreadable": ("签过名的检查点无法读出：{more}", "signed checkpoints cannot be read: {more}"),
    # Notes: worth knowing, and no fault.
    "nothing_kept": (
        "没有给出早先留存的检查点（--seen），也没有见证人签名：日志所有者若把全部历史连同签名重做一遍，这样核验看不出来",
        "no checkpoint kept earlier was given (--seen), and no witness signed: had the log's owner made the whole "
        "history and its signatures anew, this verification could not tell",
    ),
    "keys_followed": (
        "{zh}里，已相信的密钥签认了更新的密钥，据此也予相信：{more}（请留存，并另行向日志的主办单位核对）",
        "{en} names newer keys, endorsed by a key that was believed, so they were believed too: {more} (keep them, and "
        "have the log's owner confirm them by another way)",
    ),
    "no_nonce": ("{more} 条记录没有随机数，自{zh}起", "{more} records have no nonce, from {en} on"),
    "time_back": (
        "{more} 条记录的时间早于前一条，自{zh}起",
        "{more} records are timed before the one before, from {en} on",
    ),
    "tokens_unchecked": (
        "{more} 个时间戳令牌未在此核验（给出 --ca 才核验）",
        "{more} time-stamp tokens were not checked here (`--ca` does it)",
    ),
    "more_findings": ("另有 {more} 项未列出", "{more} more findings are not listed"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing wrong: a stable code, the first record it touches if there is one, and a sentence in two languages."""

    code: str
    seq: int | None
    message_zh: str
    message_en: str


@dataclass(frozen=True, slots=True, order=True)
class Stamp:
    """What a time-stamp token that holds says: the first `size` records existed at `time`."""

    time: datetime
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditReport:
    """What verifying found: the records counted, the root derived from their bytes (None if one is lost), findings.

    `stamps` are what the time-stamp tokens say that hold, in order of time; None where they were not checked.
    """

    size: int
    root_hex: str | None
    findings: tuple[Finding, ...]
    stamps: tuple[Stamp, ...] | None = None

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
