"""The hash tree once more, by another road: RFC 6962, 2.1, as a binary counter.

The writer's tree is `cases.tlog.tree`. Whoever checks the writer (the audit, and the signer before it signs) uses this
one, so that one wrong line of code, or one flipped bit on its way, cannot be on both sides of a comparison.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

__all__ = ["SecondTree", "leaf_of"]


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
