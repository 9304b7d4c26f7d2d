"""Verifying a published log from its files alone, in a folder or on the web, with keys that came from elsewhere.

Checked are the signatures, every record against its leaf hash, every tile against the tiles below it, the root, every
other signed checkpoint against the records it counts, the checkpoints an auditor kept, and the records themselves:
canonical JSON, ids that stand once, rule bytes that are cited and there, keys that older keys endorsed.

What this cannot find: everything made anew by who holds the log's key. That needs one earlier checkpoint, kept
outside (`seen`), or witnesses (a policy with a quorum). The report says so where neither was given.
"""

from __future__ import annotations

import multiprocessing
from array import array
from base64 import b64encode
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from itertools import islice, pairwise
from typing import TYPE_CHECKING

from cases.errors import NotPublished
from cases.log.content import content_of
from cases.log.files import INDEX, Folder, Web, names_in
from cases.log.finding import LAST_PLACE, Finding, Stamp, finding
from cases.log.following import follow
from cases.log.key_events import Endorsed, KeyEvent, check_key_events
from cases.log.looking import Looked, cut, look, said_in
from cases.log.tile_check import TileCheck
from cases.log.trust import Trust, continues, read_key_list
from cases.tlog.checkpoint import Checkpoint
from cases.tlog.errors import TlogError
from cases.tlog.note import Note
from cases.tlog.tiles import FULL, Bundle, bundles_of
from engine.rulebook import digest_of, read_manifest

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

__all__ = ["FilesReport", "Kept", "verify_files"]

MAX_FINDINGS = 1_000
_CHUNK = 16  # bundles that a process looks at in one go
_WORTH_PROCESSES = 16_384  # records; below it they take longer to start than to help


@dataclass(frozen=True, slots=True)
class Kept:
    """A checkpoint that was kept outside the log: where, and its bytes."""

    name: str
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class FilesReport:
    """What verifying found. `findings` are faults, `notes` are worth knowing; `shown` are the notes of a split view.

    `followed` are the records by which keys came to be believed that were not given. `stamps` are what the time-stamp
    tokens say that hold, in order of time; None where they were not checked.
    """

    origin: str | None
    size: int
    root_hex: str | None
    findings: tuple[Finding, ...]
    notes: tuple[Finding, ...]
    kinds: dict[str, int]
    checkpoints: int
    witnessed: tuple[str, ...]
    shown: tuple[Kept, ...]
    stamps: tuple[Stamp, ...] | None
    followed: tuple[Endorsed, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing at all is wrong."""
        return not self.findings


@dataclass(frozen=True, slots=True)
class _Point:
    """A signed checkpoint that the records must agree with; `outside` when an auditor kept it."""

    size: int
    root: bytes
    name: str
    outside: bool

    def __str__(self) -> str:
        return f"{self.name} ({self.size}, {b64encode(self.root).decode()})"


def verify_files(
    files: Folder | Web,
    trust: Trust,
    seen: Sequence[Kept] = (),
    *,
    authority: Sequence[Certificate] | None = None,
    jobs: int = 1,
    contents: bool = True,
    progress: Callable[[int, int], None] | None = None,
) -> FilesReport:
    """Check everything; findings come in order of position, and damage is reported and never raised.

    Where the keys given do not reach the newest checkpoint, the log's key events are followed from them. Tokens are
    verified under the certificates of a time-stamping `authority`, and only counted without. `jobs` processes look at
    bundles where there are many; without `contents` only the tree is checked. NotPublished is raised where there is no
    checkpoint at all, LogUnavailable where the files cannot be reached.
    """
    trust, followed = follow(files, trust)
    show = progress or (lambda _done, _all: None)
    return _Verify(files, trust, followed, seen, authority, jobs, contents, show).run()


@dataclass
class _Verify:
    files: Folder | Web
    trust: Trust
    followed: tuple[Endorsed, ...]
    seen: Sequence[Kept]
    authority: Sequence[Certificate] | None
    jobs: int
    contents: bool
    progress: Callable[[int, int], None]
    findings: list[Finding] = field(default_factory=list)
    notes: list[Finding] = field(default_factory=list)
    unlisted: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    marks: array[int] = field(default_factory=lambda: array("q"))  # 64 bits of every id, as this process hashes it
    bare: array[int] = field(default_factory=lambda: array("Q"))  # records without nonce
    back: array[int] = field(default_factory=lambda: array("Q"))  # records timed before the one before
    time: str = ""
    key_events: list[KeyEvent] = field(default_factory=list)
    vouched: set[str] = field(default_factory=set)
    agreed: int = 0  # the size of the last signed checkpoint whose root is right
    witnessed: tuple[str, ...] = ()
    tokens: list[str] = field(default_factory=list)
    published: dict[int, Note] = field(default_factory=dict)  # believed checkpoints beside the newest, by size
    stamps: tuple[Stamp, ...] | None = None

    def add(self, code: str, first: int | None = None, last: int | None = None, more: object = "") -> None:
        if len(self.findings) < MAX_FINDINGS:
            self.findings.append(finding(code, first, last, more))
        else:
            self.unlisted += 1

    def run(self) -> FilesReport:
        for step in self.followed:
            self.notes.append(finding("keys_followed", step.seq, more=", ".join(map(str, step.keys))))
        others = self._others()
        newest, points = self._newest(others)
        shown = self._split(points)
        self._keys()
        self._tokens()
        if newest is None:
            return self._report(None, None, points, shown)
        size = newest.size
        self.tree = TileCheck(self.files, size, self.add)
        root = self._walk(newest, sorted((each for each in points if each.size <= size), key=lambda each: each.size))
        for each in points:
            if each.size > size:
                self.add("history_dropped", size, each.size - 1, each)
        self._duplicates(size)
        self._sources()
        if self.contents:
            known = [log.key for log in self.trust.policy.logs]
            check_key_events(self.key_events, self.trust.listed, known, self.add)
        self._say()
        self.progress(size, size)
        return self._report(newest, root, points, shown)

    def _report(
        self, newest: Checkpoint | None, root: bytes | None, points: list[_Point], shown: tuple[Kept, ...]
    ) -> FilesReport:
        self.findings.sort(key=lambda found: LAST_PLACE if found.seq is None else found.seq)
        if self.unlisted:
            self.findings.append(finding("more_findings", more=self.unlisted))
        return FilesReport(
            origin=newest.origin if newest else None,
            size=newest.size if newest else 0,
            root_hex=root.hex() if root is not None else None,
            findings=tuple(self.findings),
            notes=tuple(self.notes),
            kinds=dict(sorted(self.kinds.items())),
            checkpoints=len(points),
            witnessed=self.witnessed,
            shown=shown,
            stamps=self.stamps,
            followed=self.followed,
        )

    def _others(self) -> list[Kept]:
        """Every checkpoint beside the newest one. They are read first: more may be published meanwhile."""
        self.tokens = self._listed("tokens")  # before those they are over, for the same reason
        folder = "checkpoints"
        found = []
        for name in self._listed(folder):
            data = self.files.read(f"{folder}/{name}")
            if data is None:
                self.add("file_missing", more=f"{folder}/{name}")
            else:
                found.append(Kept(f"{folder}/{name}", data))
        return found

    def _tokens(self) -> None:
        if self.authority is not None:
            from cases.log.stamps import stamps_of  # noqa: PLC0415 - few give certificates

            self.stamps = stamps_of(self.files, self.tokens, self.published, self.authority, self.add)
        elif self.tokens:
            self.notes.append(finding("tokens_unchecked", more=len(self.tokens)))

    def _listed(self, folder: str) -> list[str]:
        names = names_in(self.files, folder)
        if self.files.names(folder) is not None:  # else the index itself is all there is to go by
            index = self.files.read(f"{folder}/{INDEX}") or b""
            if "".join(f"{name}\n" for name in sorted(names)).encode() != index:
                self.add("index_differs", more=f"{folder}/{INDEX}")
        return names

    def _newest(self, others: list[Kept]) -> tuple[Checkpoint | None, list[_Point]]:
        """The newest checkpoint that can be believed, and every one whose root the records must have."""
        data = self.files.read("checkpoint")
        if data is None:
            raise NotPublished(f"there is no `checkpoint` in `{self.files}`: it is not a published log")
        points: list[_Point] = []
        last = max((each.name for each in others), key=lambda name: (len(name), name), default="")
        newest: Checkpoint | None = None
        for kept, outside in ((Kept("checkpoint", data), False), *((each, False) for each in others)):
            point = self._believed(kept, outside=outside)
            if point is None:
                continue
            points.append(point[1])
            # Where the file `checkpoint` cannot be believed, the last of the others stands in for it: the tiles of
            # earlier ones need not be there any more.
            if kept.name in ("checkpoint", last) and newest is None:
                newest = point[0]
            if kept.name not in ("checkpoint", f"checkpoints/{point[0].size}"):
                self.add("checkpoint_misnamed", more=kept.name)
        if newest is not None and points[0].name == "checkpoint":
            try:
                self.witnessed = tuple(sorted(self.trust.accept(Note.parse(data)).witnessed))
            except TlogError as wrong:
                self.add("checkpoint_invalid", more=f"checkpoint: {wrong}")
        for kept in self.seen:
            point = self._believed(kept, outside=True)
            points += [point[1]] if point else []
        return newest, points

    def _believed(self, kept: Kept, *, outside: bool) -> tuple[Checkpoint, _Point] | None:
        try:
            note = Note.parse(kept.data)
            found = self.trust.signed(note)
        except TlogError as wrong:
            self.add("checkpoint_invalid", more=f"{kept.name}: {wrong}")
            return None
        if kept.name == f"checkpoints/{found.size}":
            self.published[found.size] = note
        return found, _Point(found.size, found.root, kept.name, outside)

    def _split(self, points: list[_Point]) -> tuple[Kept, ...]:
        """Two signed checkpoints of one size with two roots: the log showed two histories, whatever the records say."""
        first: dict[int, _Point] = {}
        shown: dict[str, None] = {}
        for each in points:
            other = first.setdefault(each.size, each)
            if other.root != each.root:
                self.add("split_view", each.size - 1, None, f"{other} ≠ {each}")
                shown |= {other.name: None, each.name: None}
        seen = {each.name: each.data for each in self.seen}
        return tuple(Kept(name, seen.get(name) or self.files.read(name) or b"") for name in shown)

    def _keys(self) -> None:
        """The list beside the log is never believed; but it must be sound, and continue the one that was given."""
        data = self.files.read("keys.json")
        if data is None:
            return
        try:
            origin, keys = read_key_list(data)
        except TlogError as wrong:
            self.add("keys_invalid", more=wrong)
            return
        ours = {log.key for log in self.trust.policy.logs if log.key.name == origin}
        if not ours <= {each.key for each in keys} or not continues(self.trust.listed, keys):
            self.add("keys_differ")

    def _walk(self, newest: Checkpoint, points: list[_Point]) -> bytes | None:
        """Every bundle in order, and the root at each signed size on the way; the root of all."""
        waiting = deque(points)
        size = newest.size
        while waiting and waiting[0].size == 0:
            waiting.popleft()  # every history begins with nothing
        edge = None
        for looked in self._looked(size):
            first = looked.bundle.index * FULL
            if looked.bundle.width < FULL:
                edge = looked
                break
            row = self.tree.full(looked)
            self._said(looked, row)
            self._compare(waiting, first, row, first + FULL)
            self.tree.push()
            self.progress(first + FULL, size)
        row = self.tree.edge(edge, newest.root)
        if edge is not None:
            self._said(edge, row)
        self._compare(waiting, size - size % FULL, row, size)
        root = None if row is None else self.tree.root_at(row)
        if root not in (None, newest.root) and self._suspect(size) is None and self.agreed < size:
            self._differs("root_differs", size, "")
        return root

    def _looked(self, size: int) -> Iterator[Looked]:
        if self.jobs <= 1 or size < _WORTH_PROCESSES:
            for bundle in bundles_of(size):
                yield look(self.files, bundle, contents=self.contents)
            return
        bundles = bundles_of(size)
        with ProcessPoolExecutor(self.jobs, mp_context=multiprocessing.get_context("spawn")) as pool:
            waiting: deque[object] = deque()
            while True:
                chunk = list(islice(bundles, _CHUNK))
                if chunk:
                    waiting.append(pool.submit(_look_at, self.files, chunk, contents=self.contents))
                if waiting and (not chunk or len(waiting) > 2 * self.jobs):
                    yield from waiting.popleft().result()  # type: ignore[attr-defined]
                elif not chunk:
                    return

    def _compare(self, waiting: deque[_Point], first: int, row: Sequence[bytes] | None, stop: int) -> None:
        while waiting and waiting[0].size <= stop:
            size = waiting[0].size
            root = None if row is None else self.tree.root_at(row[: size - first])
            agrees = False
            while waiting and waiting[0].size == size:
                point = waiting.popleft()
                agrees = agrees or point.root == root
                # What is named already, or will be, explains why a checkpoint beside it has another root.
                explained = point.name == "checkpoint" or self._suspect(size) is not None
                if root not in (None, point.root) and (point.outside or not explained):
                    self._differs("history_rewritten", size, point)
            if agrees:
                self.agreed = size

    def _suspect(self, size: int) -> int | None:
        return min((first for first in self.tree.suspects if self.agreed <= first < size), default=None)

    def _differs(self, code: str, size: int, more: object) -> None:
        suspect = self._suspect(size)
        self.add(code, self.agreed if suspect is None else suspect, size - 1, more)

    def _said(self, looked: Looked, row: Sequence[bytes] | None) -> None:
        """Take what the records say; those that are not what was logged are named already, and say nothing."""
        if looked.said is None or row is None:
            return
        first = looked.bundle.index * FULL
        said = looked.said if looked.leaves == row else said_in(self.files, looked.bundle, row)
        for code, place, more in said.wrong:
            self.add(code, first + place, None, more)
        self.marks.extend(map(hash, said.ids))
        self.kinds.update(said.kinds)
        self.key_events += [(first + place, about) for place, about in said.events]
        self.bare.extend([first + place for place in said.bare])
        if said.times is not None:
            place, time, last = said.times
            self.back.extend([first + each for each in ([place] if time < self.time else []) + said.back])
            self.time = last
        for digest, place in said.cited.items():
            self._cited(first + place, digest)

    def _cited(self, seq: int, digest: str, *, manifest: bool = True) -> None:
        """A record cites the manifest of its rulebook, and the manifest every rule file."""
        if digest in self.vouched:
            return
        self.vouched.add(digest)
        name = digest.removeprefix("sha256:")
        data = self.files.read(f"sources/{name}") if name.isalnum() else None
        if data is None:
            self.add("source_missing", seq, None, digest)
        elif digest_of(data) != digest:
            self.add("source_edited", seq, None, digest)
        elif manifest:
            try:
                listed = read_manifest(data).values()
            except ValueError:
                return  # what is no manifest lists nothing
            for each in sorted({*listed}):
                self._cited(seq, each, manifest=False)

    def _sources(self) -> None:
        """Rule bytes that no record cites are still what their name says."""
        if not self.contents:
            return
        for name in self.files.names("sources") or ():
            digest = f"sha256:{name}"
            if digest not in self.vouched and digest_of(self.files.read(f"sources/{name}") or b"") != digest:
                self.add("source_edited", more=digest)

    def _duplicates(self, size: int) -> None:
        ordered = sorted(self.marks)
        twice = {one for one, other in pairwise(ordered) if one == other}
        if not twice:
            return
        # Only now is it worth reading everything again, to see which ids those are.
        used: set[str] = set()
        for bundle in bundles_of(size):
            data = self.files.read(bundle.path) or self.files.read(Bundle(bundle.index).path) or b""
            for seq, entry in enumerate(cut(data, bundle.width)[0], bundle.index * FULL):
                id_ = content_of(entry)[0].get("id")
                if isinstance(id_, str) and hash(id_) in twice:
                    if id_ in used:
                        self.add("duplicate_id", seq, None, id_)
                    used.add(id_)

    def _say(self) -> None:
        if not self.seen and not self.witnessed:
            self.notes.append(finding("nothing_kept"))
        for code, places in (("no_nonce", self.bare), ("time_back", self.back)):
            if places:
                self.notes.append(finding(code, places[0], more=len(places)))


def _look_at(files: Folder | Web, bundles: Iterable[Bundle], *, contents: bool) -> list[Looked]:
    return [look(files, bundle, contents=contents) for bundle in bundles]
