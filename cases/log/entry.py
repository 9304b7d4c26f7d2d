"""What goes into the log and what comes out: the values of `cases.log.store`, and how a stored row becomes one.

A row is checked on its way out. SQLite keeps a type per value and not per column, so what someone else wrote, or a
damaged page gives, can be anything; it becomes LogDamaged here and never a strange value further up.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from cases.errors import LogDamaged
from cases.request import Request
from cases.tlog.tree import Frontier
from engine import digest_of

__all__ = [
    "Appended",
    "Beside",
    "Checkpoint",
    "Entry",
    "Head",
    "KeySeen",
    "NewEntry",
    "Survey",
    "checkpoint_of",
    "digest_of",
    "entry_of",
    "head_of",
    "key_of",
    "source_of",
]


Beside = Callable[[sa.Connection, int], None]
"""Writes or deletes, in the record's own transaction and knowing its position, what stands or falls with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEntry:
    """A record to append: its id, its exact bytes, and the request it answers, found again under its key.

    The bytes have the digest of that request (`cases.request`), or nothing vouches for the row that is written for it.

    `beside` is called once the record's row stands, and not at all where the key came before. What it raises fails
    everybody whose records share the commit, so it may only do what was found possible before.
    """

    id: str
    data: bytes
    request: Request | None = None
    beside: Beside | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Appended:
    """The record now stands at position `seq`."""

    seq: int


@dataclass(frozen=True, slots=True, kw_only=True)
class KeySeen:
    """The key came before with the same fingerprint: nothing was appended, the answer is the record at `seq`."""

    seq: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A record as it stands in the log."""

    seq: int
    id: str
    leaf_hash: bytes
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What the log says of itself now: how many records, and the root over them."""

    size: int
    root: bytes
    frontier: Frontier


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """What the log said of itself after one commit."""

    size: int
    root: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """The head, and the first and last place in use, all of one instant; None for what is absent or unreadable."""

    head: Head | None
    records: tuple[int, int] | None
    checkpoints: tuple[int, int] | None


def _typed(row: Sequence[Any], *kinds: type) -> Sequence[Any]:
    for value, kind in zip(row, kinds, strict=True):
        if type(value) is not kind:
            seq = row[0] if type(row[0]) is int else None
            raise LogDamaged("a value is not of the kind that is written there", seq)
    return row


def entry_of(row: Sequence[Any]) -> Entry:
    """A row of `entry`."""
    seq, id_, leaf, data = _typed(row, int, str, bytes, bytes)
    return Entry(seq=seq, id=id_, leaf_hash=leaf, data=data)


def checkpoint_of(row: Sequence[Any]) -> Checkpoint:
    """A row of `checkpoint`."""
    size, root = row
    if type(size) is not int or type(root) is not bytes:
        raise LogDamaged("a checkpoint is not of the kind that is written there")
    return Checkpoint(size=size, root=root)


def key_of(row: Sequence[Any]) -> tuple[str, str, int]:
    """A row of `idempotency`: key, fingerprint, position."""
    key, fingerprint, seq = _typed(row, str, str, int)
    return key, fingerprint, seq


def source_of(row: Sequence[Any]) -> tuple[str, bytes]:
    """A row of `source`: digest and bytes, not compared."""
    digest, data = _typed(row, str, bytes)
    return digest, data


def head_of(rows: Sequence[Sequence[Any]]) -> Head:
    """The one row of `head`."""
    if len(rows) != 1:
        raise LogDamaged(f"it has {len(rows)} heads and not one")
    one, size, root, frontier = rows[0]
    if type(size) is not int or type(root) is not bytes or type(frontier) is not bytes or one != 1:
        raise LogDamaged("its head is not of the kind that is written there")
    try:
        return Head(size=size, root=root, frontier=Frontier.from_bytes(size, frontier))
    except ValueError as exc:
        raise LogDamaged(f"its head contradicts itself: {exc}") from exc
