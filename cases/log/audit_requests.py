"""The rows of idempotency keys, checked by the audit against what the records say of the requests they answer.

A record's `request` (`cases.request`) vouches for one row; an erasure event for the mark of each record it names. What
a record without `request` answered, written before there was one, nothing vouches for.
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_left
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from cases.log.salvage import DAMAGE
from cases.log.store import AuditLog
from cases.log.vault import ERASED, erased_of, marked
from cases.request import Request

__all__ = ["RequestCheck"]

_DIGEST = re.compile("sha256:[0-9a-f]{64}")
_NONCE = re.compile("[0-9a-f]{32}")
_WIDTH = 32 + 16


class RequestCheck:
    """Takes every record in order, then every row; 57 bytes are kept of a record that answers a request."""

    def __init__(self, log: AuditLog) -> None:
        self._log = log
        self._asked = array("q")  # places of the records that answer one, then what each says and whether a row does
        self._said = bytearray()
        self._kept = bytearray()
        self._unasked = array("q")  # places of the records that say they answer none
        self._named = lru_cache(maxsize=4)(self._erased_at)

    def record(self, seq: int, content: dict[str, Any]) -> None:
        """Take what a record says."""
        if "request" not in content:
            return
        said, nonce = content["request"], content.get("nonce")
        if said is None:
            self._unasked.append(seq)
            return
        good = isinstance(said, str) and isinstance(nonce, str) and _DIGEST.fullmatch(said) and _NONCE.fullmatch(nonce)
        self._asked.append(seq)
        # What is neither digest nor nonce is said of no row: no digest is all zeros.
        self._said += bytes.fromhex(said.removeprefix("sha256:") + nonce) if good else bytes(_WIDTH)
        self._kept.append(0)

    def vouched(self, key: str, fingerprint: str, seq: int) -> bool:
        """Whether the record at that place vouches for this row, or is too old to say; remembered for `unkept`."""
        if (record_id := marked(key)) is not None:
            return fingerprint == ERASED and record_id in self._named(seq)
        at = bisect_left(self._asked, seq)
        if at == len(self._asked) or self._asked[at] != seq:
            place = bisect_left(self._unasked, seq)
            return place == len(self._unasked) or self._unasked[place] != seq
        said = self._said[at * _WIDTH : (at + 1) * _WIDTH]
        if Request(key, fingerprint).digest(said[32:].hex()) != f"sha256:{said[:32].hex()}":
            return False
        self._kept[at] = 1
        return True

    def lacks(self, seq: int) -> bool:
        """Whether the record at that place answers a request, and no row so far is its own."""
        at = bisect_left(self._asked, seq)
        return at < len(self._asked) and self._asked[at] == seq and not self._kept[at]

    def unkept(self) -> Iterator[tuple[int, int]]:
        """The first and last of each run of records whose row is not there, or is another; after all rows were seen."""
        first = last = -1
        for at, seq in enumerate(self._asked):
            if self._kept[at]:
                continue
            if seq != last + 1 or first < 0:
                if first >= 0:
                    yield first, last
                first = seq
            last = seq
        if first >= 0:
            yield first, last

    def _erased_at(self, seq: int) -> frozenset[str]:
        try:
            entry = next(self._log.entries(seq, seq + 1), None)
        except DAMAGE:
            entry = None  # named already by the audit of the records
        return frozenset() if entry is None else frozenset(erased_of(entry.data))
