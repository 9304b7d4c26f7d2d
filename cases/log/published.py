"""What the log shows the world: tiles, entry bundles, signed checkpoints and proofs (C2SP tlog-tiles, tlog-proof).

All of it is derived from rows and can be derived again, byte for byte. Nothing beyond the newest signed checkpoint is
shown: a record that no signature covers is not yet published.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from cases.errors import LogDamaged, NotPublished
from cases.log.schema import COSIGNATURE, ENTRY, NODE, SIGNED, TOKEN
from cases.log.store import AuditLog
from cases.tlog.checkpoint import Checkpoint
from cases.tlog.errors import TlogError
from cases.tlog.keys import VerifierKey
from cases.tlog.note import Note, NoteSignature
from cases.tlog.policy import Policy
from cases.tlog.proof import TlogProof
from cases.tlog.tiles import FULL, Bundle, Tile, TileReader, width_of, write_bundle
from cases.tlog.tree import consistency_path, inclusion_path

__all__ = ["Published", "SignedCheckpoint", "Token"]

_PAGE = 64  # checkpoints read at a time
_BEYOND = 2**62
_TOKEN_NAME = re.compile(r"(0|[1-9][0-9]{0,17})\..*\.tsr", re.DOTALL)


@dataclass(frozen=True, slots=True)
class SignedCheckpoint:
    """A checkpoint of the log, with every cosignature that came for it."""

    checkpoint: Checkpoint
    note: Note

    @property
    def size(self) -> int:
        return self.checkpoint.size


@dataclass(frozen=True, slots=True)
class Token:
    """An RFC 3161 time-stamp token (DER) over the note of the checkpoint of `size`, as `digest` names those bytes."""

    size: int
    digest: str
    data: bytes

    @property
    def name(self) -> str:
        """What the file is called, in an export and where it is served."""
        return token_name(self.size, self.digest)


def token_name(size: int, digest: str) -> str:
    """The name of the file of a token."""
    return f"{size}.{digest.removeprefix('sha256:')}.tsr"


class Published:
    """Reads what is published of one log. Every method raises what the log's own raise."""

    def __init__(self, log: AuditLog) -> None:
        self._log = log

    def latest(self) -> SignedCheckpoint | None:
        """The newest signed checkpoint; None before the first."""
        with self._log.database.transaction() as conn:
            row = conn.execute(sa.select(SIGNED).order_by(SIGNED.c.size.desc()).limit(1)).first()
            return None if row is None else self._checkpoint(conn, row[0], row[1])

    def checkpoint(self, size: int) -> SignedCheckpoint:
        """The signed checkpoint of that size; NotPublished where none was signed."""
        with self._log.database.transaction() as conn:
            note = conn.execute(sa.select(SIGNED.c.note).where(SIGNED.c.size == size)).scalar()
            if note is None:
                raise NotPublished(f"no checkpoint of size {size} was signed")
            return self._checkpoint(conn, size, note)

    def signed(self, upto: int) -> Iterator[SignedCheckpoint]:
        """Every signed checkpoint of at most that size, in order, in bounded memory."""
        last = -1
        while True:
            query = sa.select(SIGNED).where(SIGNED.c.size > last, SIGNED.c.size <= upto).order_by(SIGNED.c.size)
            with self._log.database.transaction() as conn:
                page = [self._checkpoint(conn, *row) for row in conn.execute(query.limit(_PAGE)).all()]
            yield from page
            if len(page) < _PAGE:
                return
            last = page[-1].size

    def signed_bytes(self, size: int) -> bytes:
        """The checkpoint of that size as the log signed it, before any witness did: these bytes never change."""
        with self._log.database.transaction() as conn:
            note = conn.execute(sa.select(SIGNED.c.note).where(SIGNED.c.size == size)).scalar()
        if note is None:
            raise NotPublished(f"no checkpoint of size {size} was signed")
        return bytes(note)

    def witnessed(self, policy: Policy) -> SignedCheckpoint | None:
        """The newest checkpoint that the policy accepts, with enough cosignatures; None when there is none."""
        size, before = SIGNED.c.size, _BEYOND
        while True:
            query = sa.select(SIGNED).where(size < before).order_by(size.desc()).limit(_PAGE)
            if policy.quorum is not None:
                query = query.where(sa.exists().where(COSIGNATURE.c.size == size))
            with self._log.database.transaction() as conn:
                found = [self._checkpoint(conn, row[0], row[1]) for row in conn.execute(query).all()]
            for each in found:
                if policy.satisfied(each.note):
                    return each
            if len(found) < _PAGE:
                return None
            before = found[-1].size

    def cosigned_by(self, key: VerifierKey) -> int:
        """The largest size for which a cosignature of that key is kept; 0 when there is none."""
        named = f"{key.name} {key.key_id.hex()}"
        with self._log.database.transaction() as conn:
            query = sa.select(sa.func.max(COSIGNATURE.c.size)).where(COSIGNATURE.c.key == named)
            return conn.execute(query).scalar() or 0

    def covering(self, index: int) -> SignedCheckpoint | None:
        """The newest signed checkpoint, where it covers that record; else None."""
        latest = self.latest()
        return latest if latest is not None and index < latest.size else None

    def tile(self, tile: Tile) -> bytes:
        """The hashes of a tile, 32 bytes each; NotPublished where no signed tree has it so wide."""
        self._need(tile.level, tile.index, tile.width, tile.path)
        first = tile.index * FULL
        with self._log.database.transaction() as conn:
            if tile.level == 0:
                query = _range(ENTRY.c.leaf_hash, ENTRY.c.seq, first, tile.width)
            else:
                query = _range(NODE.c.hash, NODE.c.place, first, tile.width).where(NODE.c.level == tile.level)
            hashes = conn.scalars(query).all()
        if len(hashes) != tile.width:
            raise NotPublished(f"the rows of `{tile.path}` are missing: verify the log")
        return b"".join(hashes)

    def bundle(self, bundle: Bundle) -> bytes:
        """The exact bytes of up to 256 records, each after its length; NotPublished as for a tile."""
        self._need(0, bundle.index, bundle.width, bundle.path)
        with self._log.database.transaction() as conn:
            entries = conn.scalars(_range(ENTRY.c.bytes, ENTRY.c.seq, bundle.index * FULL, bundle.width)).all()
        if len(entries) != bundle.width:
            raise NotPublished(f"the rows of `{bundle.path}` are missing: verify the log")
        return write_bundle(entries)

    def proof(self, index: int) -> TlogProof:
        """That the record stands in the log, under the newest checkpoint; NotPublished until one covers it."""
        covering = self.covering(index)
        if covering is None:
            raise NotPublished(f"no signed checkpoint covers record {index} yet; ask again in a moment")
        path = inclusion_path(index, covering.size, self._reader(covering.size))
        return TlogProof(index, tuple(path), covering.note)

    def consistency(self, old: int, new: int) -> list[bytes]:
        """The proof of RFC 6962, 2.1.2, that the log of size `new` continues that of size `old`; 0 < old <= new."""
        latest = self.latest()
        if not 0 < old <= new or latest is None or new > latest.size:
            size = 0 if latest is None else latest.size
            raise NotPublished(f"sizes are 0 < old <= new <= {size}, the newest signed size; these are {old} and {new}")
        return consistency_path(old, new, self._reader(new))

    def tokens(self, size: int) -> Sequence[Token]:
        """The time-stamp tokens over the checkpoint of that size."""
        query = sa.select(TOKEN).where(TOKEN.c.size == size).order_by(TOKEN.c.digest)
        with self._log.database.transaction() as conn:
            return [Token(*row) for row in conn.execute(query)]

    def stamped_sizes(self) -> Sequence[int]:
        """The sizes of the checkpoints that have time-stamp tokens, in order."""
        with self._log.database.transaction() as conn:
            return conn.scalars(sa.select(TOKEN.c.size).distinct().order_by(TOKEN.c.size)).all()

    def token_names(self) -> Sequence[str]:
        """The name of every time-stamp token, sorted."""
        with self._log.database.transaction() as conn:
            return sorted(token_name(*row) for row in conn.execute(sa.select(TOKEN.c.size, TOKEN.c.digest)))

    def token(self, name: str) -> Token:
        """The time-stamp token of that name; NotPublished where there is none."""
        named = _TOKEN_NAME.fullmatch(name)
        for each in () if named is None else self.tokens(int(named[1])):
            if each.name == name:
                return each
        raise NotPublished(f"there is no time-stamp token `{name[:100]}`")

    def add_signed(self, note: Note) -> None:
        """Keep a signed checkpoint, unless one of its size is kept already."""
        size = Checkpoint.parse(note.text).size
        self._keep(SIGNED, {"size": size}, {"note": note.to_bytes()})

    def add_cosignature(self, size: int, line: NoteSignature) -> None:
        """Keep a witness's line for the checkpoint of that size, unless that key's line is kept already."""
        key = f"{line.name} {line.key_id.hex()}"
        self._keep(COSIGNATURE, {"size": size, "key": key}, {"line": line.line().encode()})

    def add_token(self, token: Token) -> None:
        """Keep a time-stamp token, unless it is kept already."""
        self._keep(TOKEN, {"size": token.size, "digest": token.digest}, {"bytes": token.data})

    def _keep(self, table: sa.Table, key: dict[str, object], values: dict[str, object]) -> None:
        same = sa.and_(*(table.c[name] == value for name, value in key.items()))
        with self._log.database.transaction(writing=True) as conn:
            if conn.execute(sa.select(sa.literal(1)).where(sa.exists().where(same))).first() is None:
                conn.execute(sa.insert(table).values(**key, **values))

    def _checkpoint(self, conn: sa.Connection, size: int, data: bytes) -> SignedCheckpoint:
        try:
            note = Note.parse(data)
            found = Checkpoint.parse(note.text)
        except TlogError as exc:
            raise LogDamaged(f"what is kept as its checkpoint of size {size} is none ({exc})") from exc
        query = sa.select(COSIGNATURE.c.line).where(COSIGNATURE.c.size == size).order_by(COSIGNATURE.c.key)
        lines = [NoteSignature.parse(line.decode().removesuffix("\n")) for line in conn.scalars(query)]
        return SignedCheckpoint(found, note.adding(lines))

    def _need(self, level: int, index: int, width: int, path: str) -> None:
        latest = self.latest()
        if width > width_of(level, index, 0 if latest is None else latest.size):
            raise NotPublished(f"no signed checkpoint has `{path}`")

    def _reader(self, size: int) -> TileReader:
        return TileReader(size, lambda level, index, width: self.tile(Tile(level, index, width)))


def _range(shown: sa.Column[bytes], place: sa.Column[int], first: int, width: int) -> sa.Select[bytes]:
    return sa.select(shown).where(place >= first, place < first + width).order_by(place)
