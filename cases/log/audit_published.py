"""What was made public from the rows, checked by the audit: signed checkpoints, tokens, the hashes of upper tiles."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from cases.log.finding import Stamp
from cases.log.published import Token
from cases.log.salvage import DAMAGE
from cases.log.schema import COSIGNATURE, NODE, SIGNED, TOKEN
from cases.log.second_tree import fold
from cases.log.store import AuditLog
from cases.log.trust import Trust
from cases.tlog.checkpoint import Checkpoint
from cases.tlog.errors import TlogError
from cases.tlog.note import Note, NoteSignature
from cases.tlog.tiles import FULL

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

__all__ = ["Subtrees", "signed_checkpoints", "stamps_in"]

_PAGE = 256
Add = Callable[..., None]
"""`add(code, first, last, more)` takes a finding."""


def signed_checkpoints(log: AuditLog, trust: Trust | None, add: Add) -> Iterator[Checkpoint]:
    """Every signed checkpoint that can be read and, where keys are given, believed; in order of size."""
    try:
        for key, line in _rows(log, COSIGNATURE.c.size, COSIGNATURE.c.key, COSIGNATURE.c.line):
            if not _is_line(line):
                add("signed_unreadable", more=f"{key[0]}, {key[1]}")
        for (size,), data in _rows(log, SIGNED.c.size, SIGNED.c.note):
            try:
                if type(data) is not bytes:
                    raise TlogError("it is not made of bytes")
                found = trust.signed(Note.parse(data)) if trust else Checkpoint.parse(Note.parse(data).text)
            except TlogError as wrong:
                add("checkpoint_invalid", more=f"{size}: {wrong}")
                continue
            if found.size != size:
                add("checkpoint_misnamed", more=size)
            yield found
    except DAMAGE as exc:
        add("signed_unreadable", more=exc)


def stamps_in(log: AuditLog, trusted: Sequence[Certificate], add: Add) -> tuple[Stamp, ...]:
    """What the time-stamp tokens say that hold under these certificates, in order of time."""
    from cases.log.stamps import TokenRefused, verify_token  # noqa: PLC0415 - few give certificates

    held: list[Stamp] = []
    try:
        for (size, digest), data in _rows(log, TOKEN.c.size, TOKEN.c.digest, TOKEN.c.bytes):
            with log.database.transaction() as conn:
                signed = conn.execute(sa.select(SIGNED.c.note).where(SIGNED.c.size == size)).scalar()
            if type(signed) is not bytes:
                add("token_without_checkpoint", more=f"{size}, {digest}")
            elif type(data) is not bytes:
                add("tokens_unreadable", more=f"{size}, {digest}")
            else:
                try:
                    held.append(Stamp(verify_token(Token(size, digest, data), signed, trusted), size))
                except TokenRefused as wrong:
                    add("token_invalid", more=f"{size}, {digest}: {wrong}")
    except DAMAGE as exc:
        add("tokens_unreadable", more=exc)
    return tuple(sorted(held))


class Subtrees:
    """The roots of every 256, 65,536, … records, made again and compared with the rows they are kept in."""

    def __init__(self) -> None:
        # By the leaf hashes as stored; and by the bytes, where these say otherwise. Which is true shows above them.
        self._first: dict[int, set[bytes]] = {}
        self._group = -1
        self._stored: list[bytes] = []
        self._made: list[bytes] = []

    def leaf(self, seq: int, stored: bytes, made: bytes) -> None:
        """Take the leaf hash of a record, as it is stored and as its bytes give it; in order."""
        if seq // FULL != self._group:
            self._group, self._stored, self._made = seq // FULL, [], []
        self._stored.append(stored)
        self._made.append(made)
        if len(self._stored) == FULL:
            rows = [self._stored] if self._stored == self._made else [self._stored, self._made]
            self._first[self._group] = {fold(row) for row in rows}

    def compare(self, log: AuditLog, size: int, add: Add, *, sound: bool) -> None:
        """Compare with the rows of a log of `size` records; `sound` when the root says that its records are right."""
        known, level = self._first, 1
        rows = _rows(log, NODE.c.level, NODE.c.place, NODE.c.hash)
        try:
            row = next(rows, None)
            while known:
                above: dict[int, bytes] = {}
                for place in sorted(known):
                    first, last = place << (8 * level), ((place + 1) << (8 * level)) - 1
                    while row is not None and row[0] < (level, place):
                        _need_place(log, row[0], size, add)
                        row = next(rows, None)
                    above[place] = min(known[place])
                    if row is None or row[0] != (level, place):
                        add("node_missing", first, last, level)
                        continue
                    if row[1] in known[place]:
                        above[place] = row[1]
                    else:
                        add("node_edited" if sound else "node_differs", first, last, level)
                    row = next(rows, None)
                known, level = _folded(above), level + 1
            while row is not None:
                _need_place(log, row[0], size, add)
                row = next(rows, None)
        except DAMAGE as exc:
            add("nodes_unreadable", more=exc)


def _need_place(log: AuditLog, key: tuple[Any, ...], size: int, add: Add) -> None:
    """A row nobody expected is no fault where records were lost, or where others appended them meanwhile."""
    level, place = key
    good = type(level) is int and type(place) is int and level >= 1 and place >= 0
    if not good or place >= max(size, log.head().size) >> (8 * level):
        add("node_beyond", more=key)


def _folded(below: dict[int, bytes]) -> dict[int, set[bytes]]:
    """The roots over each 256 of them that are all known."""
    found = {}
    for place in range((max(below) + 1) // FULL if below else 0):
        row = [below[each] for each in range(place * FULL, (place + 1) * FULL) if each in below]
        if len(row) == FULL:
            found[place] = {fold(row)}
    return found


def _is_line(data: Any) -> bool:
    try:
        NoteSignature.parse(data.decode().removesuffix("\n"))
    except (AttributeError, UnicodeDecodeError, TlogError):
        return False
    return True


def _rows(log: AuditLog, *columns: sa.Column[Any]) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """Each row as its key and its last column, in order of the key, in bounded memory."""
    *keys, _ = columns
    bound: sa.ColumnElement[bool] = sa.true()
    while True:
        query = sa.select(*columns).where(bound).order_by(*keys).limit(_PAGE)
        with log.database.transaction() as conn:
            rows = conn.execute(query).all()
        for row in rows:
            yield tuple(row[:-1]), row[-1]
        if len(rows) < _PAGE:
            return
        bound = sa.tuple_(*keys) > sa.tuple_(*(sa.literal(each) for each in rows[-1][:-1]))
