"""Checking a log from its bytes up, trusting nothing the writer noted down; read this to see what tampering is found.

Everything is derived again by a second road: the hashes and the tree here share no code with `cases.tlog.tree`. An
edit, a loss, an insertion or an exchange is named by the first record it touches; where only a checkpoint disagrees, by
the records between the last checkpoint that agrees and that one. After a lost or unreadable record no later root can be
derived; the records themselves are still checked one by one.

Signed checkpoints must be of the records they count, cosignatures and time-stamp tokens of the checkpoint they stand
at, the rows of the upper tiles must follow from the records, and idempotency keys must be those the records answered.
Every key but the first must be named by a record that an older key endorsed.

What this cannot find: a consistent rewrite by the owner of the database and of the keys, every hash, checkpoint and
signature made anew, or a whole file put back from an older copy. That needs a checkpoint kept outside. Nor what the
log never vouched for: a removed checkpoint between two others, and the idempotency key of a record that was written
before records had `request`.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from cases.log.anchors import AnchorCheck
from cases.log.audit_published import Subtrees, from_outside, signed_checkpoints
from cases.log.audit_requests import RequestCheck
from cases.log.content import cited_by, content_of
from cases.log.finding import LAST_PLACE, AuditReport, Finding, finding
from cases.log.key_events import KeyEvent, check_key_events
from cases.log.opening import Where
from cases.log.salvage import DAMAGE, Hole, readable
from cases.log.second_tree import SecondTree, leaf_of
from cases.log.store import AuditLog, Checkpoint, Entry, Survey, digest_of
from cases.log.trust import Trust
from cases.log.vault_check import check_vault
from cases.log.vault_key import VaultKey
from engine.rulebook import read_manifest

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

__all__ = ["AuditReport", "Finding", "verify", "verify_at"]

MAX_FINDINGS = 1_000
_PAGE = 256


def verify(
    log: AuditLog,
    *,
    trust: Trust | None = None,
    vault: VaultKey | None = None,
    authority: Sequence[Certificate] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> AuditReport:
    """Check the log as it stands at this moment; others may go on appending. Findings come in order of position.

    With `trust`, every checkpoint that was signed must have the signatures it asks for (its root is compared anyway),
    and every key it lists must be vouched for by the log's key events.
    With the key of its `vault`, every personal value is opened and held against its digest too; else only counted.
    With the certificates of a time-stamping `authority`, every token is verified.
    Damage is reported and never raised; LogUnavailable is raised when the file is busy. `progress` is told how many
    records of how many are done.
    """
    return _Audit(log, trust, vault, authority, progress or (lambda _done, _all: None)).run()


def verify_at(
    where: Where,
    progress: Callable[[int, int], None] | None = None,
    *,
    trust: Trust | None = None,
    vault: VaultKey | None = None,
    authority: Sequence[Certificate] | None = None,
) -> AuditReport:
    """Check the log there, without appending to it; what is no readable log at all is one finding."""
    try:
        with AuditLog.open(where, read_only=True) as log:
            return verify(log, trust=trust, vault=vault, authority=authority, progress=progress)
    except DAMAGE as exc:
        return AuditReport(size=0, root_hex=None, findings=(finding("file_unusable", more=str(exc)),))


class _Audit:
    """One run over one log."""

    def __init__(
        self,
        log: AuditLog,
        trust: Trust | None,
        vault: VaultKey | None,
        authority: Sequence[Certificate] | None,
        progress: Callable[[int, int], None],
    ) -> None:
        self.log, self.trust, self.vault, self.authority, self.progress = log, trust, vault, authority, progress
        self.findings: list[Finding] = []
        self.unlisted = 0
        self.tree = SecondTree()  # over the leaf hashes as stored
        self.rehashed: SecondTree | None = None  # over the bytes, once they disagree with the leaf hashes
        self.whole = True  # no record is lost so far, so that roots can be derived
        self.position = 0  # the next one expected
        self.agreed = 0  # the size of the last checkpoint whose root is right
        self.doubtful: list[Checkpoint] = []  # the first and last one since whose root is wrong
        self.absent: list[tuple[int, int]] = []
        self.key_events: list[KeyEvent] = []
        self.subtrees = Subtrees()
        self.anchors = AnchorCheck(log)
        self.requests = RequestCheck(log)
        self.vouched: set[str] = set()  # cited digests that were looked up already

    def add(self, code: str, first: int | None = None, last: int | None = None, more: object = "") -> None:
        self._list([finding(code, first, last, more)])

    def _list(self, found: Iterable[Finding]) -> None:
        for each in found:
            if len(self.findings) < MAX_FINDINGS:
                self.findings.append(each)
            else:
                self.unlisted += 1

    def run(self) -> AuditReport:
        survey = self._survey()
        head, records, checkpoints = survey.head, survey.records, survey.checkpoints
        tops = (head.size if head else 0, records[1] + 1 if records else 0, checkpoints[1] if checkpoints else 0)
        stop = min(max(tops) if head or records or checkpoints else LAST_PLACE, LAST_PLACE)
        self.stored = self._sources()
        self._waiting_checkpoints = self._checkpoints(survey)
        self._next_checkpoint = next(self._waiting_checkpoints, None)
        self._waiting_signed = signed_checkpoints(self.log, self.trust, self.add)
        self._next_signed = next(self._waiting_signed, None)
        for item in readable(self.log.entries, lambda entry: entry.seq, records[0] if records else 0, stop):
            if isinstance(item, Hole):
                self._lose("record_unreadable", item.first, item.last)
                self.position = max(self.position, item.last + 1)
            else:
                self._record(item)
            if self.position % _PAGE == 0:
                self.progress(self.position, stop)
        self._end(survey, stop)
        self._public(stop)
        stamps = from_outside(self.log, self.trust, self.authority, self.add)
        self._duplicates()
        self._keys()
        if self.trust is not None:
            known = [log.key for log in self.trust.policy.logs]
            check_key_events(self.key_events, self.trust.listed, known, self.add)
        self._list(check_vault(self.log, self.vault, stop))
        self._database()
        self.progress(stop, stop)
        # Sorting is stable: of two findings on one record the more telling stays first.
        self.findings.sort(key=lambda found: LAST_PLACE if found.seq is None else found.seq)
        if self.unlisted:
            self.findings.append(finding("more_findings", more=self.unlisted))
        root = (self.rehashed or self.tree).root().hex() if self.whole else None
        # A hole without a known end counts for nothing.
        size = self.position if self.position < LAST_PLACE else self.absent[-1][0]
        return AuditReport(size=size, root_hex=root, findings=tuple(self.findings), stamps=stamps)

    def _survey(self) -> Survey:
        try:
            return self.log.survey()
        except DAMAGE:
            return Survey(head=None, records=None, checkpoints=None)

    def _sources(self) -> set[str] | None:
        """The digests stored; None when they cannot be read, for then nothing can be said to be missing."""
        stored: set[str] = set()
        try:
            for digest, data in self.log.sources():
                stored.add(digest)
                if digest_of(data) != digest:
                    self.add("source_edited", more=digest)
        except DAMAGE as exc:
            self.add("source_unreadable", more=exc)
            return None
        return stored

    def _checkpoints(self, survey: Survey) -> Iterator[Checkpoint]:
        if survey.checkpoints is None:
            # None written yet, or their table cannot be read: then the head alone vouches for the records.
            if survey.records is not None or (survey.head is not None and survey.head.size > 0):
                self.add("checkpoint_unreadable", more="-")
            return
        first, last = survey.checkpoints
        if survey.head is not None and survey.head.size != last:
            self.add("checkpoint_missing", more=survey.head.size)
        for item in readable(self.log.checkpoints, lambda point: point.size, first, min(last + 1, LAST_PLACE)):
            if isinstance(item, Hole):
                self.add("checkpoint_unreadable", more=f"{item.first}-{item.last}")
            elif item.size < 1:
                self.add("checkpoint_beyond", more=item.size)
            else:
                yield item

    def _lose(self, code: str, first: int, last: int) -> None:
        self.whole = False
        self.absent.append((first, last))
        self.add(code, first, last)

    def _record(self, entry: Entry) -> None:
        if entry.seq < 0:
            self.add("record_before_start", entry.seq)
            return
        if entry.seq > self.position:
            self._lose("record_missing", self.position, entry.seq - 1)
        self.position = entry.seq + 1
        leaf = leaf_of(entry.data)
        if leaf != entry.leaf_hash:
            self.add("record_edited", entry.seq)
            self.rehashed = self.rehashed or self.tree.copy()
        self.tree.push(entry.leaf_hash)
        if self.rehashed:
            self.rehashed.push(leaf)
        self.subtrees.leaf(entry.seq, entry.leaf_hash, leaf)
        content, wrong, where = content_of(entry.data)
        if wrong:
            self.add(wrong, entry.seq, more=where)
        if content.get("id") != entry.id:
            self.add("id_differs", entry.seq)
        if content.get("kind") == "anchor" and not self.anchors.holds(entry):
            self.add("anchor_differs", entry.seq)
        if content.get("kind") == "key_event" and leaf == entry.leaf_hash:
            self.key_events.append((entry.seq, content.get("about")))
        self.requests.record(entry.seq, content)
        for digest in cited_by(content):
            self._cited(entry.seq, digest)
        while (point := self._next_checkpoint) is not None and point.size <= self.position:
            if point.size == self.position and self.whole:
                self._compare(point)
            self._next_checkpoint = next(self._waiting_checkpoints, None)
        while (signed := self._next_signed) is not None and signed.size <= self.position:
            if signed.size == self.position and self.whole and not self._agrees(signed.root):
                self.add("signed_differs", signed.size - 1, more=signed.size)
            self._next_signed = next(self._waiting_signed, None)

    def _public(self, stop: int) -> None:
        """Signed checkpoints beyond the end, and the rows of which upper tiles are made."""
        while (signed := self._next_signed) is not None:
            # What was appended and signed since the survey is beyond its end too.
            if signed.size > max(stop, self._size_now()):
                self.add("history_dropped", stop, signed.size - 1, signed.size)
            self._next_signed = next(self._waiting_signed, None)
        sound = self.whole and not any(each.code in ("root_differs", "head_root") for each in self.findings)
        self.subtrees.compare(self.log, self.position if self.position < LAST_PLACE else 0, self.add, sound=sound)

    def _size_now(self) -> int:
        try:
            return self.log.head().size
        except DAMAGE:
            return 0

    def _cited(self, seq: int, digest: str) -> None:
        """A record cites the manifest of its rulebook, and the manifest every rule file: all must be stored."""
        if self.stored is None or digest in self.vouched:
            return
        self.vouched.add(digest)
        if digest not in self.stored:
            self.add("source_missing", seq, more=digest)
            return
        try:
            listed = read_manifest(self.log.source(digest)).values()
        except (ValueError, *DAMAGE):
            # Edited bytes are a finding already, and what is no manifest lists nothing.
            return
        for each in sorted({*listed} - self.stored):
            self.add("source_missing", seq, more=each)

    def _agrees(self, root: bytes) -> bool:
        # Where bytes and leaf hash disagree, that record is named already; either tree may then be the true one.
        return root == self.tree.root() or (self.rehashed is not None and root == self.rehashed.root())

    def _compare(self, point: Checkpoint) -> None:
        if not self._agrees(point.root):
            self.doubtful = [*self.doubtful[:1], point]
            return
        self._clear_doubt()
        self.agreed = point.size

    def _clear_doubt(self) -> None:
        # A later root is right, so every record before it is, and what differed were the checkpoints.
        if self.doubtful:
            self.add("checkpoint_edited", self.doubtful[0].size - 1, self.doubtful[-1].size - 1)
        self.doubtful = []

    def _end(self, survey: Survey, stop: int) -> None:
        """What only shows when all records are read: the tail, the head, and which side a wrong root was on."""
        head = survey.head
        size = stop if head is None else head.size
        last = max(self.position - 1, survey.records[1] if survey.records else -1)
        if self.position < size:
            self._lose("record_missing", self.position, size - 1)
        elif last >= size:
            self.add("record_beyond_head", size, last, more=size)
        if survey.checkpoints and survey.checkpoints[1] > max(size, self.position):
            self.add("checkpoint_beyond", more=survey.checkpoints[1])
        if head is None:
            self.add("head_unreadable")
        elif self.whole and head.size == self.position:
            if self._agrees(head.root):
                self._clear_doubt()
                if all(list(head.frontier.peaks) != tree.peaks() for tree in (self.tree, self.rehashed) if tree):
                    self.add("head_frontier")
            elif not self.doubtful:
                self.add("head_root")
        if self.doubtful:
            self.add("root_differs", self.agreed, self.doubtful[0].size - 1)

    def _duplicates(self) -> None:
        try:
            for seq, id_ in self.log.duplicates():
                self.add("duplicate_id", seq, more=id_)
        except DAMAGE:
            # The rows it could not get over are findings already.
            return

    def _keys(self) -> None:
        strange = False
        try:
            for key, fingerprint, seq in self.log.idempotency_keys():
                # Beyond the end it may belong to a record appended since the survey.
                beyond = seq >= self.position
                if self._lost(seq) or (beyond and next(self.log.entries(seq, seq + 1), None) is None):
                    self.add("key_points_nowhere", seq, more=key)
                elif not beyond and not self.requests.vouched(key, fingerprint, seq):
                    strange = True
            for first, last in self.requests.unkept():
                self.add("key_missing", first, last)
            if strange:
                self._strange_keys()
        except DAMAGE as exc:
            self.add("key_unreadable", more=exc)

    def _lost(self, seq: int) -> bool:
        before = bisect_right(self.absent, (seq, LAST_PLACE)) - 1
        return not 0 <= seq < LAST_PLACE or (before >= 0 and seq <= self.absent[before][1])

    def _strange_keys(self) -> None:
        """Keys that no record vouches for, but for those at a record that lacks its own: it is named already."""
        for key, fingerprint, seq in self.log.idempotency_keys():
            stands = seq < self.position and not self._lost(seq)
            if stands and not self.requests.lacks(seq) and not self.requests.vouched(key, fingerprint, seq):
                self.add("key_differs", seq, more=key)

    def _database(self) -> None:
        try:
            for name in self.log.changed_guards():
                self.add("guard_changed", more=name)
            for line in self.log.integrity():
                self.add("integrity", more=line)
        except DAMAGE as exc:
            self.add("integrity", more=exc)
