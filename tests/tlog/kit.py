"""RFC 6962 word for word on lists of leaves, shared by the tests of this folder; it imports nothing of `cases`."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).parent


def mth(leaves: list[bytes]) -> bytes:
    """MTH(D), 2.1."""
    n = len(leaves)
    if n == 0:
        return hashlib.sha256().digest()
    if n == 1:
        return hashlib.sha256(b"\x00" + leaves[0]).digest()
    k = largest_power_below(n)
    return hashlib.sha256(b"\x01" + mth(leaves[:k]) + mth(leaves[k:])).digest()


def largest_power_below(n: int) -> int:
    k = 1
    while k * 2 < n:
        k *= 2
    return k


def path(m: int, leaves: list[bytes]) -> list[bytes]:
    """PATH(m, D), 2.1.1."""
    n = len(leaves)
    if n == 1:
        return []
    k = largest_power_below(n)
    return [*path(m, leaves[:k]), mth(leaves[k:])] if m < k else [*path(m - k, leaves[k:]), mth(leaves[:k])]


def subproof(m: int, leaves: list[bytes], known: bool = True) -> list[bytes]:
    """SUBPROOF(m, D, b), 2.1.2."""
    n = len(leaves)
    if m == n:
        return [] if known else [mth(leaves)]
    k = largest_power_below(n)
    if m <= k:
        return [*subproof(m, leaves[:k], known), mth(leaves[k:])]
    return [*subproof(m - k, leaves[k:], False), mth(leaves[:k])]


def leaves_of(n: int) -> list[bytes]:
    return [b"%d" % i for i in range(n)]


def reader(leaves: list[bytes]) -> Callable[[int, int], bytes]:
    """A HashReader over leaves; asked for what is not there, it fails."""
    known: dict[tuple[int, int], bytes] = {}

    def read(height: int, index: int) -> bytes:
        assert index << height >= 0
        assert (index + 1) << height <= len(leaves)
        if (height, index) not in known:
            if height == 0:
                known[0, index] = mth([leaves[index]])
            else:
                both = read(height - 1, 2 * index) + read(height - 1, 2 * index + 1)
                known[height, index] = hashlib.sha256(b"\x01" + both).digest()
        return known[height, index]

    return read


def flipped(data: bytes, bit: int) -> bytes:
    """The same bytes with one bit the other way."""
    changed = bytearray(data)
    changed[bit // 8 % len(data)] ^= 1 << bit % 8
    return bytes(changed)
