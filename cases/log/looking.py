"""One entry bundle by itself: its bytes cut into records, each hashed, and what the records say, taken together.

Bundles do not depend on each other, so that several processes can look at them and hand over next to nothing.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from cases.log.content import cited_by, content_of
from cases.log.files import Folder, Web
from cases.log.second_tree import fold
from cases.tlog.tiles import FULL, Bundle, Tile

__all__ = ["Looked", "Said", "cut", "look", "said_in"]


class Said(NamedTuple):
    """What records of one bundle say, taken together; places are counted within the bundle.

    `wrong` is what is wrong with records (code, place, what); `cited` are the digests, each with the first that cites
    it; `bare` are without nonce; `times` is where the first time stands, that time, and the last one (None: no record
    has any); `back` are timed before the one before; `events` is what key events say.
    """

    ids: list[str]
    kinds: dict[str, int]
    wrong: list[tuple[str, int, str]]
    cited: dict[str, int]
    bare: list[int]
    times: tuple[int, str, str] | None
    back: list[int]
    events: list[tuple[int, Any]]


class Looked(NamedTuple):
    """A bundle and the tile of its leaf hashes, as they were found (None: there is no such file).

    `leaves` are the hashes of the records as far as they could be cut, `root` is the root over them where the bundle
    is full; `rest` is how many bytes were left over. `said` is what all of them say, None where it was not asked for.
    """

    bundle: Bundle
    leaves: list[bytes] | None
    root: bytes | None
    rest: int
    said: Said | None
    tile: bytes | None


def look(files: Folder | Web, bundle: Bundle, *, contents: bool = True) -> Looked:
    """Read a bundle and its tile; `contents` asks what the records say, too. Raises what the files raise."""
    tile = read_wide(files, Tile(0, bundle.index, bundle.width))
    data, whole = _read(files, bundle)
    if data is None:
        return Looked(bundle, None, None, 0, None, tile)
    entries, rest = cut(data, bundle.width)
    sha256 = hashlib.sha256
    leaves = [sha256(b"\x00" + entry).digest() for entry in entries]
    root = fold(leaves) if len(leaves) == FULL else None
    said = _said(enumerate(entries)) if contents else None
    # A full bundle stands in for the partial one that went when it came: then what follows is not of this tree.
    return Looked(bundle, leaves, root, rest if whole else 0, said, tile)


def said_in(files: Folder | Web, bundle: Bundle, row: Sequence[bytes]) -> Said:
    """What those records of a bundle say that have the leaf hashes of a row: the others are not what was logged."""
    entries, _rest = cut(_read(files, bundle)[0] or b"", bundle.width)
    sha256 = hashlib.sha256
    pairs = enumerate(zip(entries, row, strict=False))
    return _said((place, entry) for place, (entry, leaf) in pairs if sha256(b"\x00" + entry).digest() == leaf)


def _read(files: Folder | Web, bundle: Bundle) -> tuple[bytes | None, bool]:
    """The bytes of a bundle, and whether they are its own: a full one takes the place of the partial ones before it."""
    data = files.read(bundle.path)
    if data is not None or bundle.width == FULL:
        return data, True
    return files.read(Bundle(bundle.index).path), False


def read_wide(files: Folder | Web, tile: Tile) -> bytes | None:
    """The tile, or the beginning of the full one that took its place (tlog-tiles, Partial Tiles)."""
    data = files.read(tile.path)
    if data is None and tile.width < FULL:
        full = files.read(Tile(tile.level, tile.index).path)
        return None if full is None else full[: tile.width * 32]
    return data


def cut(data: bytes, width: int) -> tuple[list[bytes], int]:
    """Up to `width` entries, as far as the lengths before them lead, and how many bytes are left over."""
    entries: list[bytes] = []
    at, end = 0, len(data)
    while at + 2 <= end and len(entries) < width:
        stop = at + 2 + (data[at] << 8 | data[at + 1])
        if stop > end:
            break
        entries.append(data[at + 2 : stop])
        at = stop
    return entries, end - at


def _said(entries: Iterable[tuple[int, bytes]]) -> Said:
    said = Said([], Counter(), [], {}, [], None, [], [])
    kinds, begun, last = said.kinds, None, ""
    for place, entry in entries:
        content, wrong, where = content_of(entry)
        get = content.get
        id_, time, kind, nonce = get("id"), get("time"), get("kind"), get("nonce")
        if wrong is not None:
            said.wrong.append((wrong, place, where))
        if isinstance(id_, str):
            said.ids.append(id_)
        else:
            said.wrong.append(("no_id", place, ""))
        kinds[kind if isinstance(kind, str) else ""] += 1
        if kind == "key_event":
            said.events.append((place, get("about")))
        if not (isinstance(nonce, str) and nonce):
            said.bare.append(place)
        if isinstance(time, str) and time:
            if begun is None:
                begun = (place, time)
            elif time < last:
                said.back.append(place)
            last = time
        for digest in cited_by(content):
            said.cited.setdefault(digest, place)
    return said if begun is None else said._replace(times=(*begun, last))
