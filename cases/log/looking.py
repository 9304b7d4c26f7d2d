"""One entry bundle by itself: its bytes cut into records, each hashed, and what each record says of itself.

Bundles do not depend on each other, so that several processes can look at them.
"""

from __future__ import annotations

import hashlib
from typing import Any, NamedTuple

from cases.log.content import cited_by, content_of
from cases.log.files import Folder, Web
from cases.tlog.tiles import FULL, Bundle, Tile

__all__ = ["Fact", "Looked", "cut", "look", "mark_of"]


class Fact(NamedTuple):
    """What a record says; `mark` is 64 bits of the SHA-256 of its id, None where it has none.

    `about` is what a key event says, None for every other record.
    """

    mark: int | None
    time: str
    kind: str
    nonce: bool
    cited: tuple[str, ...]
    wrong: str | None
    where: str
    about: Any


class Looked(NamedTuple):
    """A bundle and the tile of its leaf hashes, as they were found (None: there is no such file).

    `leaves` are the hashes of the records as far as they could be cut; `rest` is how many bytes were left over.
    """

    bundle: Bundle
    leaves: list[bytes] | None
    rest: int
    facts: list[Fact]
    tile: bytes | None


def look(files: Folder | Web, bundle: Bundle, *, contents: bool = True) -> Looked:
    """Read a bundle and its tile; `contents` asks for the facts too. Raises what the files raise."""
    tile = read_wide(files, Tile(0, bundle.index, bundle.width))
    data = files.read(bundle.path)
    whole = data is not None or bundle.width == FULL
    if data is None and not whole:
        data = files.read(Bundle(bundle.index).path)
    if data is None:
        return Looked(bundle, None, 0, [], tile)
    entries, rest = cut(data, bundle.width)
    sha256 = hashlib.sha256
    leaves = [sha256(b"\x00" + entry).digest() for entry in entries]
    facts = [_fact(entry) for entry in entries] if contents else []
    # A full bundle stands in for the partial one that went when it came: then what follows is not of this tree.
    return Looked(bundle, leaves, rest if whole else 0, facts, tile)


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


def mark_of(id_: str) -> int:
    """64 bits that tell ids apart, all but certainly."""
    return int.from_bytes(hashlib.sha256(id_.encode("utf-8", "surrogatepass")).digest()[:8])


def _fact(data: bytes) -> Fact:
    content, wrong, where = content_of(data)
    get = content.get
    id_, time, kind, nonce = get("id"), get("time"), get("kind"), get("nonce")
    return Fact(
        mark_of(id_) if isinstance(id_, str) else None,
        time if isinstance(time, str) else "",
        kind if isinstance(kind, str) else "",
        isinstance(nonce, str) and nonce != "",
        tuple(cited_by(content)),
        wrong,
        where,
        get("about") if kind == "key_event" else None,
    )
