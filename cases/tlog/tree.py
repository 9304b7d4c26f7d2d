"""The hash tree over the log's records, as RFC 6962 section 2.1 defines it; pure, and no SQL or file is known here.

A tree of n leaves is held as its frontier: the roots of the perfect subtrees it falls into, one for each set bit of n.
That is all an appender needs to remember, at most 64 hashes for any log, and the root follows from it.

Inclusion and consistency proofs are not here: they need the leaves, not the frontier.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

__all__ = ["EMPTY", "EMPTY_ROOT", "HASH_BYTES", "Frontier", "leaf_hash", "node_hash"]

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
        kept = len(self.peaks)
        size = self.size
        # A trailing one bit of the size is a full subtree as large as the one in hand: they become one.
        while size & 1:
            kept -= 1
            leaf = node_hash(self.peaks[kept], leaf)
            size >>= 1
        return Frontier(size=self.size + 1, peaks=(*self.peaks[:kept], leaf))

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
