"""The log as files: what C2SP tlog-tiles asks of a static directory, and what a stranger needs beside it.

    checkpoint                       the newest signed checkpoint
    tile/<level>/<index>[.p/<width>]  and  tile/entries/<index>[.p/<width>]
    checkpoints/<size>               every signed checkpoint, so that consistency can be shown
    tokens/<size>.<digest>.tsr       RFC 3161 time-stamps over them
    sources/<sha256>                 rule bytes that records cite, so that decisions can be replayed
    keys.json                        the dated list of keys; whoever verifies must have it from elsewhere
    checkpoints/index, tokens/index  the names in those folders, for readers on the web

INVARIANT: `checkpoint` is renamed into place after everything it counts is on stable storage; a file that never
changes is written once, with mode 0444, and what stands there already is never replaced by other bytes (UnsafeStore).
An export that was broken off is finished by the next one.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from cases.errors import LogDamaged, LogUnavailable, NotPublished, UnsafeStore
from cases.log.files import INDEX
from cases.log.published import Published, SignedCheckpoint
from cases.log.second_tree import leaf_of
from cases.log.store import AuditLog, digest_of
from cases.tlog.checkpoint import Checkpoint
from cases.tlog.errors import TlogError
from cases.tlog.note import Note
from cases.tlog.tiles import FULL, Bundle, Tile, tiles_of, width_of, write_bundle
from cases.tlog.tree import verify_consistency

__all__ = ["Exported", "export"]

_PAGE = 8 * FULL  # records read at a time: 134 MB where all are of the longest, 6 MB where they are decisions
_AT_ONCE = 256  # checkpoints
_WRITERS = 8  # one after the other, each file would wait for the disk alone
_OTHER_LOG = "export to another folder, and find out which of the two logs is the true one"


@dataclass(frozen=True, slots=True)
class Exported:
    """What the folder shows now, and how many files were written for it."""

    checkpoint: Checkpoint
    written: int


def export(log: AuditLog, folder: Path, keys: bytes, *, progress: Callable[[int, int], None] | None = None) -> Exported:
    """Write the log up to its newest signed checkpoint; `keys` is the public list (`Keyring.public_list`).

    Only what is new is written. NotPublished when nothing was signed yet; UnsafeStore when the folder shows another
    log, a longer one, or other bytes; LogUnavailable when another export is at work or the disk is full; LogDamaged
    when a row does not match its hash.
    """
    published = Published(log)
    latest = published.latest()
    if latest is None:
        raise NotPublished("nothing was signed yet, so there is nothing to export")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _alone(folder), ThreadPoolExecutor(_WRITERS) as pool:
            work = _Export(log, published, folder, pool, progress or (lambda _done, _all: None))
            return Exported(latest.checkpoint, work.run(latest.checkpoint, latest.note, keys))
    except OSError as exc:
        raise LogUnavailable(f"the folder `{folder}` cannot be written ({exc.strerror})") from exc


class _Export:
    def __init__(
        self,
        log: AuditLog,
        published: Published,
        folder: Path,
        pool: ThreadPoolExecutor,
        progress: Callable[[int, int], None],
    ) -> None:
        self.log, self.published, self.folder, self.pool, self.progress = log, published, folder, pool, progress
        self.dirty: set[Path] = set()
        self.written = 0

    def run(self, newest: Checkpoint, note: Note, keys: bytes) -> int:
        since = self._since(newest)
        self._write((f"sources/{digest.removeprefix('sha256:')}", data) for digest, data in self._sources())
        self._records(newest.size, since)
        self._upper_tiles(newest.size, since)
        self.written += self._replace("keys.json", keys)
        self._flush()
        self.written += self._replace("checkpoint", note.to_bytes())
        self._flush()
        # After it, never before: a reader may not find a checkpoint beyond the newest.
        self._checkpoints(newest.size)
        self._drop_partials(newest.size, since)
        return self.written

    def _since(self, newest: Checkpoint) -> int:
        """The size the folder shows already, once it is clear that this log continues it."""
        path = self.folder / "checkpoint"
        if not path.exists():
            return 0
        try:
            old = Checkpoint.parse(Note.parse(path.read_bytes()).text)
        except TlogError as wrong:
            raise UnsafeStore(
                str(path), f"it is no checkpoint ({wrong})", "verify that folder, or take an empty one"
            ) from wrong
        if old.origin != newest.origin:
            raise UnsafeStore(str(path), f"it is of the log `{old.origin}` and not of `{newest.origin}`", _OTHER_LOG)
        if old.size > newest.size:
            reason = f"it counts {old.size} records and this log only {newest.size}: it was put back from an older copy"
            raise UnsafeStore(str(path), reason, _OTHER_LOG)
        if old.size > 0:
            try:
                proof = self.published.consistency(old.size, newest.size)
                verify_consistency(old.size, newest.size, proof, old.root, newest.root)
            except TlogError as wrong:
                reason = f"its {old.size} records are not the first {old.size} of this log: a fork"
                raise UnsafeStore(str(path), reason, _OTHER_LOG) from wrong
        return old.size

    def _sources(self) -> Iterator[tuple[str, bytes]]:
        for digest, data in self.log.sources():
            if digest_of(data) != digest:
                raise LogDamaged(f"the rule bytes under `{digest}` have another digest")
            yield digest, data

    def _records(self, size: int, since: int) -> None:
        """Entry bundles and the tiles of level 0, from rows read many bundles at a time."""
        for start, stop in _stretches(self._lacking(size, since), size):
            leaves: list[bytes] = []
            entries: list[bytes] = []
            for entry in self.log.entries(start, stop, page=_PAGE):
                if entry.seq != start + len(entries) or leaf_of(entry.data) != entry.leaf_hash:
                    raise LogDamaged("it is missing or does not match its hash: verify the log", entry.seq)
                leaves.append(entry.leaf_hash)
                entries.append(entry.data)
            if len(entries) != stop - start:
                raise LogDamaged("it is missing: verify the log", start + len(entries))
            files: list[tuple[str, bytes]] = []
            for at in range(0, len(entries), FULL):
                index, part = (start + at) // FULL, slice(at, at + FULL)
                width = len(leaves[part])
                files.append((Bundle(index, width).path, write_bundle(entries[part])))
                files.append((Tile(0, index, width).path, b"".join(leaves[part])))
            self._write(files)
            self.progress(stop, size)

    def _lacking(self, size: int, since: int) -> Iterator[int]:
        """Each bundle that is new, or whose files went."""
        for index in range((size + FULL - 1) // FULL):
            width = width_of(0, index, size)
            paths = (Bundle(index, width).path, Tile(0, index, width).path)
            if (index + 1) * FULL > since or not all((self.folder / path).exists() for path in paths):
                yield index

    def _upper_tiles(self, size: int, since: int) -> None:
        for tile in tiles_of(size):
            new = (tile.index + 1) * FULL << (8 * tile.level) > since
            if tile.level > 0 and (new or not (self.folder / tile.path).exists()):
                self._write([(tile.path, self.published.tile(tile))])

    def _checkpoints(self, size: int) -> None:
        signed = self.published.signed(size)
        names: list[str] = []
        while page := list(islice(signed, _AT_ONCE)):
            # Cosignatures come later than the checkpoint they are for, so these files change.
            self.written += sum(self.pool.map(self._write_checkpoint, page))
            names += [str(each.size) for each in page]
        self._list("checkpoints", names)
        tokens = [
            each
            for stamped in self.published.stamped_sizes()
            if stamped <= size
            for each in self.published.tokens(stamped)
        ]
        files = {each.name: each.data for each in tokens}
        self._write((f"tokens/{name}", data) for name, data in files.items())
        self._list("tokens", list(files))
        self._flush()

    def _write_checkpoint(self, signed: SignedCheckpoint) -> bool:
        path, data = f"checkpoints/{signed.size}", signed.note.to_bytes()
        kept = self._read(path)
        if kept is not None and kept.partition(b"\n\n")[0] != data.partition(b"\n\n")[0]:
            raise UnsafeStore(str(self.folder / path), "it is another checkpoint than this log signed", _OTHER_LOG)
        return self._replace(path, data)

    def _list(self, folder: str, names: list[str]) -> None:
        if names:
            self._replace(f"{folder}/{INDEX}", "".join(f"{name}\n" for name in sorted(names)).encode())

    def _drop_partials(self, size: int, since: int) -> None:
        """Narrow tiles go once the full one has come (tlog-tiles, Partial Tiles)."""
        level = 0
        while since >> (8 * level):
            index = (since >> (8 * level)) // FULL
            if width_of(level, index, size) == FULL:
                kinds: list[Tile | Bundle] = [Tile(level, index, 1), *([Bundle(index, 1)] if level == 0 else [])]
                for each in kinds:
                    folder = (self.folder / each.path).parent
                    for path in folder.glob("*"):
                        path.unlink()
                    if folder.exists():
                        folder.rmdir()
            level += 1

    def _read(self, path: str) -> bytes | None:
        try:
            return (self.folder / path).read_bytes()
        except FileNotFoundError:
            return None

    def _write(self, files: Iterable[tuple[str, bytes]]) -> None:
        """Write files that never change; those that are there must have these bytes."""
        for made in self.pool.map(self._write_once, files):
            self.written += made

    def _write_once(self, file: tuple[str, bytes]) -> bool:
        path, data = file
        kept = self._read(path)
        if kept is None:
            self._put(self.folder / path, data, 0o444)
        elif kept != data:
            raise UnsafeStore(str(self.folder / path), "it holds other bytes than this log: a fork", _OTHER_LOG)
        return kept is None

    def _replace(self, path: str, data: bytes) -> bool:
        """Write a file that changes in the log's life, and say whether it did."""
        changed = self._read(path) != data
        if changed:
            self._put(self.folder / path, data, 0o644)
        return changed

    def _put(self, path: Path, data: bytes, mode: int) -> None:
        self._make(path.parent)
        # The same name every time: what a killed export left half written is written over, not left behind.
        temporary = path.with_name(f".{path.name}.new")
        temporary.unlink(missing_ok=True)
        with os.fdopen(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        self.dirty.add(path.parent)

    def _make(self, folder: Path) -> None:
        if not folder.is_dir():
            self._make(folder.parent)
            folder.mkdir(exist_ok=True)
            self.dirty.add(folder.parent)

    def _flush(self) -> None:
        """A rename is durable when its folder is."""
        while self.dirty:
            handle = os.open(self.dirty.pop(), os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)


def _stretches(indexes: Iterator[int], size: int) -> Iterator[tuple[int, int]]:
    """Records start..stop of bundles that follow each other, a page at most."""
    start = stop = -1
    for index in indexes:
        first, last = index * FULL, min((index + 1) * FULL, size)
        if first != stop or last - start > _PAGE:
            if stop > start:
                yield start, stop
            start = first
        stop = last
    if stop > start:
        yield start, stop


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Keep two exports from writing one folder at the same time."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as exc:
        raise LogUnavailable(f"another export is writing to `{folder}`") from exc
    finally:
        os.close(handle)
