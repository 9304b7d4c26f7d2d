"""Entries against tiles, tiles against the tiles below, and the root: all derived again from the entries up.

Where two files disagree, the tile above them tells which one was changed; at the right edge, where no tile above
counts them yet, the signed root does. So a changed record and a changed tile are told apart, and the tree goes on from
the one that is right. Shares no code with the writer's tree (`cases.tlog.tree`).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

from cases.log.files import Folder, Web
from cases.log.looking import Looked, cut, read_wide
from cases.log.second_tree import fold, leaf_of, root_of
from cases.tlog.tiles import FULL, Bundle, Tile, width_of

__all__ = ["TileCheck"]

_HASH = 32
Row = list[bytes]
Add = Callable[..., None]
"""`add(code, first, last, more)` takes a finding."""


class TileCheck:
    """The tree of `size` leaves. Give it every bundle in order with `full`, the last one with `edge`."""

    def __init__(self, files: Folder | Web, size: int, add: Add) -> None:
        self._files, self._size, self._add = files, size, add
        self._rows: list[list[bytes | None]] = []  # level 1 first: what is complete, and not yet a full tile
        self._above: dict[int, tuple[int, Row | None]] = {}  # for each level the tile read last
        self._root: bytes | None = None
        self.suspects: list[int] = []  # the first record of what is, or will be, named as changed above some hash

    def full(self, looked: Looked) -> Row | None:
        """Take a full bundle; the leaf hashes that are right as far as can be told, None where none can be had."""
        row, root = self._settle(0, looked.bundle.index, self._leaves(looked), self._tile_row(looked), looked)
        self._root = root
        return row

    def push(self) -> None:
        """Go on to the next bundle, after the roots within this one were asked for."""
        self._push(1, self._root)

    def root_at(self, row: Sequence[bytes]) -> bytes | None:
        """The root when the bundle in hand goes as far as `row`; None where a hash is lost."""
        rows: list[Sequence[bytes]] = [row]
        for each in self._rows:
            if None in each:
                return None
            rows.append([known for known in each if known is not None])
        return root_of(rows)

    def edge(self, looked: Looked | None, root: bytes | None) -> Row | None:
        """Take the last, partial bundle, if there is one, and the tiles of the right edge; `root` is the signed one.

        Gives the leaf hashes that are right as far as can be told; None where none can be had.
        """
        pairs = [self._edge_row(looked), *(self._edge_above(level) for level in range(1, len(self._rows) + 1))]
        unlike = [level for level, (made, found) in enumerate(pairs) if None not in (made, found) and made != found]
        # What was derived is tried first; nearly always nothing differs and this is one root.
        for choice in itertools.product((0, 1), repeat=len(unlike)):
            chosen = [made if made is not None else found for made, found in pairs]
            for level, pick in zip(unlike, choice, strict=True):
                chosen[level] = pairs[level][pick]
            rows = [row for row in chosen if row is not None]
            if len(rows) == len(chosen) and root is not None and root_of(rows) == root:
                for level, pick in zip(unlike, choice, strict=True):
                    self._name(level, pairs[level], looked, right=pick)
                break
        else:
            chosen = [found if made is None or len(made) < len(found or ()) else made for made, found in pairs]
            for level in unlike:
                self._name(level, pairs[level], looked, right=None)
        self._rows = [list(row) if row is not None else [None] for row in chosen[1:]]
        if chosen[0]:
            self._older(chosen[0])
        return chosen[0]

    def _leaves(self, looked: Looked) -> Row | None:
        first, bundle = looked.bundle.index * FULL, looked.bundle
        if looked.leaves is None:
            self._add("file_missing", first, first + bundle.width - 1, bundle.path)
            return None
        if len(looked.leaves) == bundle.width and looked.rest:
            self._add("bundle_longer", first + bundle.width - 1, None, bundle.path)
        return looked.leaves

    def _tile_row(self, looked: Looked) -> Row | None:
        return self._hashes(Tile(0, looked.bundle.index, looked.bundle.width), looked.tile)

    def _hashes(self, tile: Tile, data: bytes | None) -> Row | None:
        first, last = _records(tile.level, tile.index * FULL, tile.index * FULL + tile.width - 1)
        if data is None:
            self._add("file_missing", first, last, tile.path)
            return None
        if len(data) != tile.width * _HASH:
            self._add("tile_length", first, last, tile.path)
            return None
        return [data[at : at + _HASH] for at in range(0, len(data), _HASH)]

    def _tile(self, level: int, index: int) -> Row | None:
        kept = self._above.get(level)
        if kept is None or kept[0] != index:
            tile = Tile(level, index, width_of(level, index, self._size))
            kept = self._above[level] = (index, self._hashes(tile, read_wide(self._files, tile)))
        return kept[1]

    def _settle(
        self, level: int, index: int, made: Sequence[bytes | None] | None, found: Row | None, looked: Looked | None
    ) -> tuple[Row | None, bytes | None]:
        """The hashes of a full tile and the root over them, from those derived and those found in the file."""
        derived = None if made is None else [each for each in made if each is not None]
        complete = derived is not None and len(derived) == FULL
        upper = self._tile(level + 1, index // FULL)
        above = None if upper is None else upper[index % FULL]
        if derived is not None and derived == found:
            root = (looked.root if looked is not None else None) or fold(derived)
            if above not in (None, root):  # Which of the two was changed shows when the tile above is complete.
                self.suspects.append(_records(level + 1, index, index)[0])
            return derived, root
        if made is not None and found is not None:
            rights = [
                pick for pick, row in enumerate((derived if complete else None, found)) if row and fold(row) == above
            ]
            right = rights[0] if rights else None
            self._name(level, (list(made), found), looked, right=right, index=index)
            if right == 1 or (right is None and not complete):
                return found, fold(found)
        if derived is not None and complete:
            return derived, fold(derived)
        return (found, fold(found)) if found is not None else (None, above)

    def _name(
        self,
        level: int,
        rows: tuple[Sequence[bytes | None] | None, Row | None],
        looked: Looked | None,
        *,
        right: int | None,
        index: int | None = None,
    ) -> None:
        """Say what was changed: the tile (`right` 0), what is below it (1), or one of the two (None)."""
        made, found = (list(each or ()) for each in rows)
        place = next(
            (at for at, (one, two) in enumerate(zip(made, found, strict=False)) if one is not None and one != two),
            len(made),
        )
        if index is None:
            index = self._edge_index(level)
        width = width_of(level, index, self._size)
        if place >= width:  # Only what is lost is missing, and that is said elsewhere.
            return
        path = Tile(level, index, width).path
        first, last = _records(level, index * FULL + place, index * FULL + place)
        cut_off = level == 0 and len(made) < width and place == len(made)
        if right == 0:
            self._add("tile_edited", first, last, path)
        elif cut_off and looked is not None:
            self._add("bundle_malformed", first, None, looked.bundle.path)
        elif right == 1 and level == 0:
            self._add("record_edited", first)
        elif right == 1:
            self._add("records_differ", first, last, path)
        else:
            self.suspects.append(first)
            self._add("record_or_tile", first, last, path)

    def _push(self, level: int, root: bytes | None) -> None:
        while len(self._rows) < level:
            self._rows.append([])
        row = self._rows[level - 1]
        row.append(root)
        if len(row) == FULL:
            index = self._count(level) // FULL - 1
            settled = self._settle(level, index, row, self._tile(level, index), None)[1]
            self._rows[level - 1] = []
            self._push(level + 1, settled)

    def _count(self, level: int) -> int:
        """How many hashes that level has so far."""
        count = 0
        for row in reversed(self._rows[level - 1 :]):
            count = count * FULL + len(row)
        return count

    def _edge_index(self, level: int) -> int:
        return (self._size >> (8 * level)) // FULL

    def _edge_row(self, looked: Looked | None) -> tuple[Row | None, Row | None]:
        if looked is None:
            return [], []
        return self._leaves(looked), self._tile_row(looked)

    def _edge_above(self, level: int) -> tuple[Row | None, Row | None]:
        row = self._rows[level - 1]
        if not row:
            return [], []
        made = None if None in row else [each for each in row if each is not None]
        return made, self._tile(level, self._edge_index(level))

    def _older(self, row: Row) -> None:
        """Narrower copies of the last bundle and tile, from earlier in the log's life, begin as the wide ones do."""
        index = self._edge_index(0)
        for path in (Bundle(index, 1).path, Tile(0, index, 1).path):
            folder = path.rpartition("/")[0]
            for name in self._files.names(folder) or ():
                width = int(name) if name.isdecimal() else 0
                data = self._files.read(f"{folder}/{name}") if 0 < width < len(row) else None
                if data is None:
                    continue
                if "entries" in folder:
                    entries, rest = cut(data, width)
                    same = not rest and [leaf_of(each) for each in entries] == row[:width]
                else:
                    same = data == b"".join(row[:width])
                if not same:
                    self._add("partial_differs", index * FULL, index * FULL + width - 1, f"{folder}/{name}")


def _records(level: int, first: int, last: int) -> tuple[int, int]:
    """The records under hashes first..last of a level."""
    return first << (8 * level), ((last + 1) << (8 * level)) - 1
