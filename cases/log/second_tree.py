"""The hash tree once more, by another road: RFC 6962, 2.1, as a binary counter.

The writer's tree is `cases.tlog.tree`. Whoever checks the writer (the audit, and the signer before it signs) uses this
one, so that one wrong line of code, or one flipped bit on its way, cannot be on both sides of a comparison.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

__all__ = ["SecondTree", "fold", "leaf_of", "root_of"]


def leaf_of(data: bytes) -> bytes:
    """SHA-256(0x00 || data)."""
    return hashlib.sha256(b"\x00" + data).digest()


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


class SecondTree:
    """At each height at most one perfect subtree waits for its right sibling."""

    def __init__(self, size: int = 0, peaks: Sequence[bytes] = ()) -> None:
        self.size = size
        smallest_first = iter(reversed(peaks))
        self._waiting = [next(smallest_first) if size >> height & 1 else None for height in range(size.bit_length())]

    def copy(self) -> SecondTree:
        return SecondTree(self.size, self.peaks())

    def push(self, carry: bytes) -> None:
        """Add a leaf hash at the right end."""
        self.size += 1
        for height, left in enumerate(self._waiting):
            if left is None:
                self._waiting[height] = carry
                return
            carry = _node(left, carry)
            self._waiting[height] = None
        self._waiting.append(carry)

    def peaks(self) -> list[bytes]:
        """The roots of the perfect subtrees, the largest first."""
        return [peak for peak in reversed(self._waiting) if peak is not None]

    def root(self) -> bytes:
        *larger, root = self.peaks() or [hashlib.sha256(b"").digest()]
        while larger:
            root = _node(larger.pop(), root)
        return root


def fold(row: Sequence[bytes]) -> bytes:
    """The root over subtree roots of one height side by side (the last may be of a smaller subtree); at least one.

    RFC 6962 splits at the largest power of two, so pairs from the left, with an odd one moving up as it is, give the
    same tree.
    """
    sha256, pairs = hashlib.sha256, list(row)
    while len(pairs) > 1:
        odd = pairs[len(pairs) & ~1 :]
        pairs = [sha256(b"\x01" + left + right).digest() for left, right in zip(pairs[::2], pairs[1::2], strict=False)]
        pairs += odd
    return pairs[0]


def root_of(rows: Iterable[Sequence[bytes]]) -> bytes:
    """The root of a tree by the right edge of its tiles: those at level 0 first, each as far as it goes."""
    over: list[bytes] = []
    for row in rows:
        # What is left of the level below is the last and smallest subtree of this one.
        over = [fold([*row, *over])] if row or over else []
    return over[0] if over else hashlib.sha256(b"").digest()
