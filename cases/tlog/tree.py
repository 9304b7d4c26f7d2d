"""The hash tree over the log's records, as RFC 6962 section 2.1 defines it; pure, and no SQL or file is known here.

A tree of n leaves is held as its frontier: the roots of the perfect subtrees it falls into, one for each set bit of n.
That is all an appender needs to remember, at most 64 hashes for any log, and the root follows from it.

A proof is made from the roots of perfect subtrees, which a HashReader gives from wherever they are kept. Verifying
returns nothing or raises ProofInvalid: an answer nobody looks at cannot pass for a yes. The verifiers follow the
definitions, recursively, at most 64 deep.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from cases.tlog.encoding import MAX_SIZE
from cases.tlog.errors import ProofInvalid

__all__ = [
    "EMPTY",
    "EMPTY_ROOT",
    "HASH_BYTES",
    "Frontier",
    "HashReader",
    "consistency_path",
    "inclusion_path",
    "leaf_hash",
    "node_hash",
    "range_root",
    "subtree_consistency_path",
    "valid_subtree",
    "verify_consistency",
    "verify_inclusion",
    "verify_subtree_consistency",
    "verify_subtree_inclusion",
]

HASH_BYTES = 32

EMPTY_ROOT = hashlib.sha256(b"").digest()
"""The root of the tree without leaves (RFC 6962, 2.1)."""


def leaf_hash(data: bytes) -> bytes:
    """The hash of one record's exact bytes: SHA-256(0x00 || data) (RFC 6962, 2.1)."""
    # The two prefixes keep a leaf from ever being read as a node: without them a second tree has the same root.
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node: SHA-256(0x01 || left || right) (RFC 6962, 2.1)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Frontier:
    """A tree of `size` leaves, reduced to what appending and the root need.

    INVARIANT: `peaks` are the roots of the perfect subtrees from left (largest) to right (smallest), one for each set
    bit of `size`. Breaking it raises ValueError.
    """

    size: int
    peaks: tuple[bytes, ...]

    def __post_init__(self) -> None:
        if self.size < 0 or len(self.peaks) != self.size.bit_count():
            raise ValueError(f"a tree of {self.size} leaves has {self.size.bit_count()} peaks, not {len(self.peaks)}")

    def append(self, leaf: bytes) -> Frontier:
        """The tree with one more leaf hash at its right end."""
        return self.extend((leaf,))[0]

    def extend(self, leaves: Iterable[bytes]) -> tuple[Frontier, list[tuple[int, int, bytes]]]:
        """The tree with these leaf hashes at its right end, and the tile hashes above level 0 that they completed.

        Each is (level, index in the level, root): the perfect subtree of height 8 * level (tlog-tiles, Merkle Tree).
        Within a level they come in order. About two hashes a leaf.
        """
        sha256 = hashlib.sha256  # node_hash, inlined: this loop is where an appender spends its time
        peaks, size = list(self.peaks), self.size
        done: list[tuple[int, int, bytes]] = []
        for leaf in leaves:
            root, rest, height = leaf, size, 0
            # A trailing one bit of the size is a full subtree as large as the one in hand: they become one.
            while rest & 1:
                root = sha256(b"\x01" + peaks.pop() + root).digest()
                rest >>= 1
                height += 1
                if not height & 7:
                    done.append((height >> 3, size >> height, root))
            peaks.append(root)
            size += 1
        return Frontier(size=size, peaks=tuple(peaks)), done

    def root(self) -> bytes:
        """The Merkle tree hash of all leaves (RFC 6962, 2.1)."""
        if not self.peaks:
            return EMPTY_ROOT
        *larger, root = self.peaks
        for peak in reversed(larger):
            root = node_hash(peak, root)
        return root

    def to_bytes(self) -> bytes:
        """The peaks, 32 bytes each, left to right."""
        return b"".join(self.peaks)

    @classmethod
    def from_bytes(cls, size: int, data: bytes) -> Frontier:
        """The tree that `to_bytes` wrote; ValueError when the length cannot belong to `size`."""
        if size < 0 or len(data) != size.bit_count() * HASH_BYTES:
            raise ValueError(f"{len(data)} bytes cannot be the frontier of a tree of {size} leaves")
        return cls(size=size, peaks=tuple(data[at : at + HASH_BYTES] for at in range(0, len(data), HASH_BYTES)))


EMPTY = Frontier(size=0, peaks=())
"""The tree without leaves."""

HashReader = Callable[[int, int], bytes]
"""`read(height, index)` gives MTH(D[index << height : (index + 1) << height]), the root of a perfect subtree.

It is asked only for subtrees that lie wholly inside the tree the caller named.
"""


def valid_subtree(start: int, stop: int) -> bool:
    """Whether leaves [start, stop) are a subtree a proof can speak of (draft-ietf-plants-merkle-tree-certs, 4.1).

    `start` must be a multiple of the smallest power of two that is not less than the number of leaves.
    """
    if not 0 <= start <= stop <= MAX_SIZE:
        return False
    return start in (0, stop) or start % (1 << (stop - start - 1).bit_length()) == 0


def range_root(start: int, stop: int, read: HashReader) -> bytes:
    """MTH(D[start:stop]) of a valid subtree, in at most 64 reads; ValueError when it is none."""
    if not valid_subtree(start, stop):
        raise ValueError(f"leaves [{start}, {stop}) are no subtree")
    size = stop - start
    if size == 0:
        return EMPTY_ROOT
    if size.bit_count() == 1:
        height = size.bit_length() - 1
        return read(height, start >> height)
    middle = start + _left(size)
    return node_hash(range_root(start, middle, read), range_root(middle, stop, read))


def inclusion_path(index: int, stop: int, read: HashReader, start: int = 0) -> list[bytes]:
    """PATH(index, D[start:stop]) of RFC 6962, 2.1.1: the hashes beside the leaf's way up, the leaf's sibling first.

    With `start` 0 it proves the leaf in the tree of `stop` leaves, else in that subtree. ValueError when the range is
    no subtree or the leaf is not in it.
    """
    if not (valid_subtree(start, stop) and start <= index < stop):
        raise ValueError(f"there is no leaf {index} in a subtree [{start}, {stop})")
    path: list[bytes] = []
    while stop - start > 1:
        middle = start + _left(stop - start)
        if index < middle:
            path.append(range_root(middle, stop, read))
            stop = middle
        else:
            path.append(range_root(start, middle, read))
            start = middle
    return path[::-1]


def consistency_path(old: int, new: int, read: HashReader) -> list[bytes]:
    """PROOF(old, D[new]) of RFC 6962, 2.1.2; ValueError unless 0 < old <= new."""
    if not 0 < old <= new:
        raise ValueError(f"no proof leads from {old} to {new} leaves")
    return subtree_consistency_path(0, old, new, read)


def subtree_consistency_path(start: int, stop: int, size: int, read: HashReader) -> list[bytes]:
    """The proof that the subtree [start, stop) is part of the tree of `size` leaves (the draft's section 4.4).

    Empty for an empty subtree. ValueError when the range is no subtree of that tree.
    """
    if not (valid_subtree(start, stop) and stop <= size <= MAX_SIZE):
        raise ValueError(f"leaves [{start}, {stop}) are no subtree of a tree of {size} leaves")
    if start == stop:
        return []
    path: list[bytes] = []
    low, high, known = 0, size, True
    while (start, stop) != (low, high):
        middle = low + _left(high - low)
        if stop <= middle:
            path.append(range_root(middle, high, read))
            high = middle
        else:
            path.append(range_root(low, middle, read))
            if start < middle:  # The subtree holds the whole left side, which the path now gives.
                start, known = middle, False
            low = middle
    if not known:
        path.append(range_root(low, high, read))
    return path[::-1]


def verify_inclusion(leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> None:
    """That the leaf hash stands at `index` in the tree of `size` leaves with this root; else ProofInvalid."""
    verify_subtree_inclusion(leaf, index, 0, size, path, root)


def verify_subtree_inclusion(
    leaf: bytes, index: int, start: int, stop: int, path: Sequence[bytes], root: bytes
) -> None:
    """That the leaf hash stands at `index` in the subtree [start, stop) with this root; else ProofInvalid."""
    if not (valid_subtree(start, stop) and start <= index < stop):
        raise ProofInvalid(f"there is no leaf {index} in a subtree [{start}, {stop})")
    _need_hashes(leaf, *path)
    rest = iter(path)

    def climb(index: int, size: int) -> bytes:
        if size == 1:
            return leaf
        left = _left(size)
        if index < left:
            below = climb(index, left)
            return node_hash(below, _next(rest))
        below = climb(index - left, size - left)
        return node_hash(_next(rest), below)

    found = climb(index - start, stop - start)
    _need_end(rest)
    if found != root:
        raise ProofInvalid(f"the proof leads from leaf {index} to another root")


def verify_consistency(old: int, new: int, path: Sequence[bytes], old_root: bytes, new_root: bytes) -> None:
    """That the tree of `new` leaves begins with the tree of `old` leaves, 0 < old <= new; else ProofInvalid."""
    if old < 1:
        raise ProofInvalid(f"a tree of {old} leaves is the beginning of every tree, which proves nothing")
    verify_subtree_consistency(0, old, new, path, old_root, new_root)


def verify_subtree_consistency(
    start: int, stop: int, size: int, path: Sequence[bytes], subtree_root: bytes, root: bytes
) -> None:
    """That the tree of `size` leaves has this subtree at [start, stop); else ProofInvalid.

    An empty subtree is part of every tree: only its own root is checked, `root` is not.
    """
    if not (valid_subtree(start, stop) and stop <= size <= MAX_SIZE):
        raise ProofInvalid(f"leaves [{start}, {stop}) are no subtree of a tree of {size} leaves")
    # With an empty path nothing is hashed and the roots are only compared.
    _need_hashes(*path, *([subtree_root] if path else []))
    rest = iter(path)

    def climb(start: int, stop: int, size: int, known: bool) -> tuple[bytes, bytes]:
        """The roots of what the subtree and the tree have in these `size` leaves."""
        if (start, stop) == (0, size):
            both = subtree_root if known else _next(rest)
            return both, both
        left = _left(size)
        if stop <= left:
            part, whole = climb(start, stop, left, known)
            return part, node_hash(whole, _next(rest))
        if start >= left:
            part, whole = climb(start - left, stop - left, size - left, known)
            return part, node_hash(_next(rest), whole)
        # The subtree holds the whole left side, so it starts here: its root is in the proof, no longer the one given.
        part, whole = climb(0, stop - left, size - left, known=False)
        beside = _next(rest)
        return node_hash(beside, part), node_hash(beside, whole)

    found = (EMPTY_ROOT, root) if start == stop else climb(start, stop, size, known=True)
    _need_end(rest)
    if found != (subtree_root, root):
        raise ProofInvalid(f"the proof does not lead from the root of [{start}, {stop}) to the root of {size} leaves")


def _left(size: int) -> int:
    """The largest power of two below a size of two or more: the leaves on the left (RFC 6962, 2.1)."""
    return 1 << ((size - 1).bit_length() - 1)


def _next(path: Iterator[bytes]) -> bytes:
    for each in path:
        return each
    raise ProofInvalid("the proof has too few hashes")


def _need_end(path: Iterator[bytes]) -> None:
    for _ in path:
        raise ProofInvalid("the proof has too many hashes")


def _need_hashes(*given: bytes) -> None:
    for each in given:
        if len(each) != HASH_BYTES:
            raise ProofInvalid(f"a hash has {len(each)} bytes, not {HASH_BYTES}")
