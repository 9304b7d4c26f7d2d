"""Tiles (C2SP tlog-tiles v0.1.0): the tree cut into files of 256 hashes, and the entries into bundles of 256.

    tile/<level>/<index>[.p/<width>]       hashes; hash i of tile n at level l is that of the perfect subtree
                                           of height 8 * l with index 256 * n + i
    tile/entries/<index>[.p/<width>]       entries, each after its length in two bytes

The index is in groups of three digits, all but the last after an x: 1234067 is x001/x234/067. A tile with fewer than
256 hashes is partial and says its width. Full tiles never change; a partial one goes when the full one has come.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from cases.tlog.encoding import MAX_SIZE
from cases.tlog.errors import Malformed
from cases.tlog.tree import HASH_BYTES, node_hash

__all__ = [
    "FULL",
    "MAX_ENTRY_BYTES",
    "Bundle",
    "Tile",
    "TileReader",
    "bundles_of",
    "parse_path",
    "read_bundle",
    "tile_with",
    "tiles_of",
    "width_of",
    "write_bundle",
]

FULL = 256
"""The hashes of a full tile, and the entries of a full bundle."""

MAX_ENTRY_BYTES = 65_535
"""What two bytes can say of an entry's length."""

_HEIGHT = 8  # of the subtree that a tile shows
_MAX_LEVEL = 63
_PREFIX_BYTES = 2
_PATH = re.compile(r"tile/(entries|0|[1-9][0-9]?)/((?:x[0-9]{3}/){0,6}[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?")


@dataclass(frozen=True, slots=True)
class Bundle:
    """Entries [256 * index, 256 * index + width) of the log."""

    index: int
    width: int = FULL

    def __post_init__(self) -> None:
        _need_place(self.index, self.width)

    @property
    def path(self) -> str:
        """Where the bundle stands under the log's prefix."""
        return f"tile/entries/{_place(self.index, self.width)}"


@dataclass(frozen=True, slots=True)
class Tile:
    """The first `width` hashes of tile `index` at `level`."""

    level: int
    index: int
    width: int = FULL

    def __post_init__(self) -> None:
        if not 0 <= self.level <= _MAX_LEVEL:
            raise Malformed(f"a tile cannot be at level {self.level}")
        _need_place(self.index, self.width)

    @property
    def path(self) -> str:
        """Where the tile stands under the log's prefix."""
        return f"tile/{self.level}/{_place(self.index, self.width)}"


def parse_path(path: str) -> Tile | Bundle:
    """The tile or bundle that stands at a path; every other spelling of it is Malformed."""
    parts = _PATH.fullmatch(path)
    if parts is None:
        raise Malformed("the path is not that of a tile or an entry bundle")
    kind, groups, width = parts.groups()
    index = int(groups.replace("x", "").replace("/", ""))
    place = (index, int(width or FULL))
    found = Bundle(*place) if kind == "entries" else Tile(int(kind), *place)
    if found.path != path:  # groups of zeros in front, or `.p/256`
        raise Malformed("the path is not the shortest spelling of its tile")
    return found


def width_of(level: int, index: int, size: int) -> int:
    """How many hashes that tile has in a tree of `size` leaves: 0 (there is none) to 256."""
    return min(FULL, max(0, (size >> (_HEIGHT * level)) - index * FULL))


def tiles_of(size: int, since: int = 0) -> Iterator[Tile]:
    """Every tile of a tree of `size` leaves, level by level, full ones first; without those a tree of `since` has."""
    for level in range(_MAX_LEVEL + 1):
        hashes = size >> (_HEIGHT * level)
        if hashes == 0:
            return
        for place in _places(hashes, since >> (_HEIGHT * level)):
            yield Tile(level, *place)


def bundles_of(size: int, since: int = 0) -> Iterator[Bundle]:
    """Every entry bundle of a log of `size` entries; without those a log of `since` entries has."""
    for place in _places(size, since):
        yield Bundle(*place)


def tile_with(height: int, index: int, size: int) -> tuple[Tile, range]:
    """The tile in which a tree of `size` leaves keeps a perfect subtree, and the places in it that make the root.

    The subtree is leaves [index << height, (index + 1) << height); ValueError when the tree does not hold it.
    """
    level, rest = divmod(height, _HEIGHT)
    if height < 0 or index < 0 or (index + 1) << height > size:
        raise ValueError(f"a tree of {size} leaves has no subtree {index} of height {height}")
    tile, first = divmod(index << rest, FULL)
    return Tile(level, tile, width_of(level, tile, size)), range(first, first + (1 << rest))


class TileReader:
    """A HashReader over the tiles of a tree of `size` leaves; keeps each tile it fetched, so make one for each proof.

    `fetch(level, index, width)` gives the bytes of a tile. What it gives is believed: verify the proof made from it.
    """

    def __init__(self, size: int, fetch: Callable[[int, int, int], bytes]) -> None:
        self._size = size
        self._fetch = fetch
        self._tiles: dict[Tile, bytes] = {}

    def __call__(self, height: int, index: int) -> bytes:
        """The root of a perfect subtree; Malformed when a tile has not the bytes of its width."""
        tile, places = tile_with(height, index, self._size)
        data = self._tiles.get(tile)
        if data is None:
            data = self._fetch(tile.level, tile.index, tile.width)
            if len(data) != tile.width * HASH_BYTES:
                raise Malformed(f"{tile.path} has {len(data)} bytes, not {tile.width * HASH_BYTES}")
            self._tiles[tile] = data
        hashes = [data[at * HASH_BYTES : (at + 1) * HASH_BYTES] for at in places]
        while len(hashes) > 1:
            hashes = [node_hash(*pair) for pair in zip(hashes[::2], hashes[1::2], strict=True)]
        return hashes[0]


def write_bundle(entries: Sequence[bytes]) -> bytes:
    """The bytes of an entry bundle: 1 to 256 entries of at most 65,535 bytes each."""
    _need_width(len(entries))
    for entry in entries:
        if len(entry) > MAX_ENTRY_BYTES:
            raise Malformed(f"an entry has {len(entry)} bytes and the limit is {MAX_ENTRY_BYTES}")
    return b"".join(len(entry).to_bytes(_PREFIX_BYTES) + entry for entry in entries)


def read_bundle(data: bytes, width: int) -> list[bytes]:
    """The entries of a bundle, which must be exactly `width`."""
    entries: list[bytes] = []
    at = 0
    while at < len(data):
        start = at + _PREFIX_BYTES
        at = start + int.from_bytes(data[at:start])
        if start > len(data) or at > len(data):
            raise Malformed(f"entry {len(entries)} of the bundle is cut off")
        entries.append(data[start:at])
    if len(entries) != width:
        raise Malformed(f"the bundle has {len(entries)} entries, not {width}")
    return entries


def _places(hashes: int, before: int) -> Iterator[tuple[int, int]]:
    """Index and width of the tiles that `hashes` in a row fill, without those that the first `before` of them fill."""
    for index in range(before // FULL, hashes // FULL):
        yield index, FULL
    if hashes % FULL and hashes != before:
        yield hashes // FULL, hashes % FULL


def _place(index: int, width: int) -> str:
    groups = [f"{index % 1000:03}"]
    while index := index // 1000:
        groups.append(f"x{index % 1000:03}")
    return "/".join(reversed(groups)) + ("" if width == FULL else f".p/{width}")


def _need_place(index: int, width: int) -> None:
    if not 0 <= index <= MAX_SIZE:
        raise Malformed(f"a tile cannot have index {index}")
    _need_width(width)


def _need_width(width: int) -> None:
    if not 1 <= width <= FULL:
        raise Malformed(f"a tile or bundle cannot have width {width}, only 1 to {FULL}")
