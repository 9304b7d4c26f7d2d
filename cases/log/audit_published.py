"""What was made public, checked by the audit: signed checkpoints, what others signed of them, and the upper tiles."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from cases.log.finding import Stamp
from cases.log.published import Token
from cases.log.salvage import DAMAGE
from cases.log.schema import COSIGNATURE, NODE, SIGNED, TOKEN
from cases.log.second_tree import fold
from cases.log.store import AuditLog, digest_of
from cases.log.trust import Trust
from cases.tlog.checkpoint import Checkpoint
from cases.tlog.errors import TlogError
from cases.tlog.keys import VerifierKey
from cases.tlog.note import Note, NoteSignature
from cases.tlog.tiles import FULL

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

__all__ = ["Subtrees", "from_outside", "signed_checkpoints"]

_PAGE = 256
Add = Callable[..., None]
"""`add(code, first, last, more)` takes a finding."""


def signed_checkpoints(log: AuditLog, trust: Trust | None, add: Add) -> Iterator[Checkpoint]:
    """Every signed checkpoint that can be read and, where keys are given, believed; in order of size."""
    try:
        for size, data in _rows(log, [SIGNED.c.size], SIGNED.c.note):
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


def from_outside(
    log: AuditLog, trust: Trust | None, authority: Sequence[Certificate] | None, add: Add
) -> tuple[Stamp, ...] | None:
    """Cosignatures and time-stamp tokens: each of the checkpoint it is kept for, under the name it has there.

    A cosignature is verified where the trust names its witness, a token where the certificates of its authority are
    given: returned is what those say that hold, in order of time; None without certificates.
    """
    held: list[Stamp] = []
    known = {(each.key.name, each.key.key_id): each.key for each in trust.policy.witnesses} if trust else {}
    cosigned, stamped = (each.outerjoin(SIGNED, SIGNED.c.size == each.c.size) for each in (COSIGNATURE, TOKEN))
    try:
        keys = [COSIGNATURE.c.size, COSIGNATURE.c.key]
        for size, key, line, note in _rows(log, keys, COSIGNATURE.c.line, SIGNED.c.note, within=cosigned):
            if wrong := _line_wrong(known, key, line, note):
                add("cosignature_invalid", more=f"{size}, {key}: {wrong}")
        keys = [TOKEN.c.size, TOKEN.c.digest]
        for size, digest, data, note in _rows(log, keys, TOKEN.c.bytes, SIGNED.c.note, within=stamped):
            if type(note) is not bytes:
                add("token_without_checkpoint", more=f"{size}, {digest}")
            elif wrong := _token_wrong(digest, data, note):
                add("token_invalid", more=f"{size}, {digest}: {wrong}")
            elif authority is not None:
                held += _stamp(Token(size, digest, data), note, authority, add)
    except DAMAGE as exc:
        add("signed_unreadable", more=exc)
    return None if authority is None else tuple(sorted(held))


def _stamp(token: Token, signed: bytes, authority: Sequence[Certificate], add: Add) -> list[Stamp]:
    from cases.log.stamps import TokenRefused, verify_token  # noqa: PLC0415 - few give certificates

    try:
        return [Stamp(verify_token(token, signed, authority), token.size)]
    except TokenRefused as wrong:
        add("token_invalid", more=f"{token.size}, {token.digest}: {wrong}")
        return []


def _line_wrong(known: dict[tuple[str, bytes], VerifierKey], key: Any, line: Any, note: Any) -> str | None:
    if type(note) is not bytes:
        return "no checkpoint of that size was signed"
    try:
        found = NoteSignature.parse(line.decode().removesuffix("\n"))
        if found.line().encode() != line:
            return "it is not written as signature lines are"
        if key != f"{found.name} {found.key_id.hex()}":
            return f"it is of the key {found.name} {found.key_id.hex()}"
        if witness := known.get((found.name, found.key_id)):
            witness.verify(Note.parse(note).text, found)
    except (AttributeError, UnicodeDecodeError, TlogError) as wrong:
        return str(wrong)
    return None


def _token_wrong(digest: Any, data: Any, note: bytes) -> str | None:
    if type(data) is not bytes or digest_of(data) != digest:
        return "its bytes have another digest"
    # It says which bytes it is over by their SHA-256. Who could write another token with this one in it needs no such
    # trick: without the authority's certificates nothing tells a forged token.
    return None if sha256(note).digest() in data else "it is over other bytes than that checkpoint's"


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
        rows = (
            ((level, place), hash_) for level, place, hash_ in _rows(log, [NODE.c.level, NODE.c.place], NODE.c.hash)
        )
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


def _rows(
    log: AuditLog, keys: Sequence[sa.Column[Any]], *more: sa.Column[Any], within: sa.FromClause | None = None
) -> Iterator[Sequence[Any]]:
    """Each row of a table, or of a join, in order of its key, in bounded memory."""
    bound: sa.ColumnElement[bool] = sa.true()
    while True:
        query = sa.select(*keys, *more).where(bound).order_by(*keys).limit(_PAGE)
        with log.database.transaction() as conn:
            rows = conn.execute(query if within is None else query.select_from(within)).all()
        yield from rows
        if len(rows) < _PAGE:
            return
        bound = sa.tuple_(*keys) > sa.tuple_(*(sa.literal(each) for each in rows[-1][: len(keys)]))
