"""A disk that remembers: every write, flush, cut and deletion SQLite makes, and what a power cut could leave of them.

The model. What was written to a file is safe once that file was flushed. Of what came after its last flush any part
may be there, down to sectors of 512 bytes, in any combination. A new file is found again once it was flushed (SQLite
flushes the folder with it); a deleted one is gone for good when its folder was flushed, and may come back until then.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import apsw

SECTOR = 512


@dataclass(frozen=True, slots=True)
class Did:
    """One operation on a file, by its name; `what` is write, truncate, sync, delete, delete_sync or acknowledged."""

    what: str
    name: str = ""
    at: int = 0
    data: bytes = b""


class Recording(apsw.VFS):
    """The machine's own file system for SQLite, with every operation written down."""

    def __init__(self, name: str) -> None:
        self.did: list[Did] = []
        self.base = ""
        super().__init__(name, self.base)

    def xOpen(self, name: Any, flags: list[int]) -> RecordingFile:
        return RecordingFile(self, name, flags)

    def xDelete(self, filename: str, syncdir: bool) -> None:
        super().xDelete(filename, syncdir)
        self.did.append(Did("delete_sync" if syncdir else "delete", Path(filename).name))


class RecordingFile(apsw.VFSFile):
    def __init__(self, vfs: Recording, name: Any, flags: list[int]) -> None:
        self._did = vfs.did
        self._name = Path(name.filename() if isinstance(name, apsw.URIFilename) else str(name)).name
        super().__init__(vfs.base, name, flags)

    def xWrite(self, data: bytes, offset: int) -> None:
        super().xWrite(data, offset)
        self._did.append(Did("write", self._name, offset, bytes(data)))

    def xTruncate(self, newsize: int) -> None:
        super().xTruncate(newsize)
        self._did.append(Did("truncate", self._name, newsize))

    def xSync(self, flags: int) -> None:
        super().xSync(flags)
        self._did.append(Did("sync", self._name))


@dataclass
class _File:
    """What is safe of a file (None: nothing, not even its name), and what came since."""

    safe: bytes | None = None
    since: list[Did] = field(default_factory=list)


Chooser = Callable[[list[Did]], Iterable[Did]]
"""Which of the operations that are not safe happened, in which order they were given."""


def after_cut(files: dict[str, bytes], did: Sequence[Did], chosen: Chooser) -> dict[str, bytes]:
    """The files a power cut leaves after these operations, begun on `files`."""
    disk = {name: _File(safe=data) for name, data in files.items()}
    for each in did:
        one = disk.setdefault(each.name, _File())
        if each.what == "sync":
            one.safe, one.since = _applied(one, one.since), []
        elif each.what == "delete_sync":
            del disk[each.name]
        elif each.what != "acknowledged":
            one.since.append(each)
    left = {name: _applied(one, chosen(one.since)) for name, one in disk.items()}
    return {name: data for name, data in left.items() if data is not None}


def _applied(one: _File, did: Iterable[Did]) -> bytes | None:
    data = None if one.safe is None else bytearray(one.safe)
    for each in did:
        if each.what == "delete":
            data = None
            continue
        if data is None:
            data = bytearray()
        if each.what == "truncate":
            del data[each.at :]
        data.extend(bytes(max(0, each.at + len(each.data) - len(data))))
        data[each.at : each.at + len(each.data)] = each.data
    return None if data is None else bytes(data)


def outcomes(chance: random.Random) -> Iterator[tuple[str, Chooser]]:
    """Ways in which what was not flushed can come out."""
    yield "lost", lambda _since: ()
    yield "kept", lambda since: since
    yield "torn", lambda since: [*since[:-1], *_sectors(since[-1:])[:1]]
    yield "some", lambda since: [each for each in _sectors(since) if chance.random() < 0.5]
    yield "newest", lambda since: since[-1:]


def _sectors(did: Iterable[Did]) -> list[Did]:
    return [
        Did(each.what, each.name, each.at + start, each.data[start : start + SECTOR])
        for each in did
        for start in range(0, max(1, len(each.data)), SECTOR)
    ]
