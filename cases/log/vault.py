"""The vault: personal values of records, encrypted and erasable, while the records themselves stand for ever.

    vault.key   in the keys folder, never in the database nor in its backups (`cases.log.vault_key`)
    vault_key   one data key for each case, wrapped (AES-256-GCM) under the key in that file
    vault       one disclosure for each value (RFC 9901), encrypted (AES-256-GCM) under its case's data key

INVARIANT: rows are written in the transaction of their record, and deleted in the transaction of an erasure event.
A row is bound to its record, field and case (associated data), so one that is exchanged with another does not open.
What opens is believed only where the record vouches for its digest.

Erasing deletes rows, and the case's data key with the last of them: the bytes are overwritten (`secure_delete`), and
copies of the database without `vault.key` never could be read. Copies of BOTH must die too.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import orjson
import sqlalchemy as sa
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic import BaseModel, ConfigDict, ValidationError

from cases.disclosure import Disclosure, read_disclosure
from cases.errors import RecordMissing, UnsafeStore, VaultDamaged
from cases.events import OWN_KEY, read_event
from cases.log.entry import Beside
from cases.log.schema import IDEMPOTENCY, VAULT, VAULT_KEY
from cases.log.store import AuditLog
from cases.log.vault_key import KEY_FILE, VaultKey

__all__ = [
    "ERASED",
    "ErasedRecord",
    "Held",
    "Vault",
    "erased_in",
    "erased_of",
    "marked",
    "scope_of",
]

_NONCE = 12
_MARK = f"{OWN_KEY}erasure "
ERASED = "erased"
"""The fingerprint of every mark: the row under a key of its own by which a record finds the event that erased it."""


class ErasedRecord(BaseModel):
    """A record as an erasure event names it: its id, its position, and the digests whose values are gone."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    id: str
    index: int
    digests: list[str]


@dataclass(frozen=True, slots=True)
class Held:
    """The personal values of one record that are there, and each digest that was erased with the event's place."""

    fields: tuple[Disclosure, ...]
    erased: tuple[tuple[str, int], ...]


def scope_of(case_ref: str | None, record_id: str) -> str:
    """What shares one data key: a case, or a record that belongs to none."""
    return f"record {record_id}" if case_ref is None else f"case {case_ref}"


class Vault:
    """The vault of one log. Its methods raise VaultDamaged, and what the log's own raise."""

    def __init__(self, log: AuditLog, key: VaultKey) -> None:
        self._log, self.key = log, key

    @classmethod
    def open(cls, log: AuditLog, folder: Path) -> Self:
        """Open the vault with the key in a folder, making one when there is none and nothing was encrypted yet."""
        path = folder / KEY_FILE
        if not path.exists():
            with log.database.transaction() as conn:
                used = conn.execute(sa.select(VAULT_KEY.c.case_ref).limit(1)).first()
            if used is not None:
                raise UnsafeStore(str(path), "it is missing, and personal data was encrypted under it", "put it back")
            return cls(log, VaultKey.create(path))
        return cls(log, VaultKey.read(path))

    def keeping(self, record_id: str, scope: str, disclosures: Sequence[Disclosure]) -> Beside:
        """What writes a record's values beside it, encrypted; a case whose key does not open is refused at once."""
        query = sa.select(VAULT_KEY.c.nonce, VAULT_KEY.c.wrapped).where(VAULT_KEY.c.case_ref == scope)
        with self._log.database.transaction() as conn:
            row = conn.execute(query).first()
        if row is not None:
            self.key.unwrap(scope, *row)

        def keep(conn: sa.Connection, _seq: int) -> None:
            # Asked again inside: another record of the case may have brought its key, or an erasure taken it.
            row = conn.execute(query).first()
            if row is None:
                fresh = secrets.token_bytes(32)
                conn.execute(sa.insert(VAULT_KEY).values(self.key.wrap(scope, fresh)))
                data_key = AESGCM(fresh)
            else:
                data_key = AESGCM(self.key.unwrap(scope, *row))
            conn.execute(sa.insert(VAULT), [_encrypted(data_key, record_id, scope, each) for each in disclosures])

        return keep

    def read(self, record_id: str, digests: Iterable[str]) -> Held:
        """The values of a record that are there, each checked against the digests its record vouches for."""
        with self._log.database.transaction() as conn:
            rows = conn.execute(rows_of([record_id])).all()
        return judge(self._log, self.key, record_id, digests, rows)

    def records_of(self, scope: str) -> list[str]:
        """The records of a case whose values are there, in the order of their ids."""
        query = sa.select(VAULT.c.id).where(VAULT.c.case_ref == scope).distinct().order_by(VAULT.c.id)
        with self._log.database.transaction() as conn:
            return list(conn.scalars(query))

    def holds(self, record_id: str) -> bool:
        """Whether any value of a record is there."""
        with self._log.database.transaction() as conn:
            return conn.execute(sa.select(VAULT.c.id).where(VAULT.c.id == record_id).limit(1)).first() is not None

    def erasing(self, record_ids: Sequence[str]) -> Beside:
        """What deletes the values of records beside the event that says so, and the data keys nothing is left under."""

        def erase(conn: sa.Connection, seq: int) -> None:
            named = VAULT.c.id.in_(record_ids)
            scopes = list(conn.scalars(sa.select(VAULT.c.case_ref).where(named).distinct()))
            conn.execute(sa.delete(VAULT).where(named))
            left = sa.select(VAULT.c.case_ref).where(VAULT.c.case_ref == VAULT_KEY.c.case_ref)
            conn.execute(sa.delete(VAULT_KEY).where(VAULT_KEY.c.case_ref.in_(scopes), ~sa.exists(left)))
            marks = {_mark(each) for each in record_ids}
            there = set(conn.scalars(sa.select(IDEMPOTENCY.c.key).where(IDEMPOTENCY.c.key.in_(marks))))
            if new := [{"key": each, "fingerprint": ERASED, "seq": seq} for each in sorted(marks - there)]:
                conn.execute(sa.insert(IDEMPOTENCY), new)

        return erase

    def erased_by(self, record_id: str) -> int | None:
        """The place of the event that erased a record's values, or None."""
        found = erased_in(self._log, record_id)
        return None if found is None else found[0]


def rows_of(record_ids: Sequence[str]) -> sa.Select[Any]:
    """The rows of records, each with the key it was encrypted under (null where that is gone)."""
    keys = VAULT.outerjoin(VAULT_KEY, VAULT.c.case_ref == VAULT_KEY.c.case_ref)
    query = sa.select(*VAULT.c, VAULT_KEY.c.nonce, VAULT_KEY.c.wrapped).select_from(keys)
    return query.where(VAULT.c.id.in_(record_ids)).order_by(VAULT.c.id, VAULT.c.field)


def judge(log: AuditLog, key: VaultKey, record_id: str, digests: Iterable[str], rows: Iterable[Any]) -> Held:
    """Open a record's rows and hold them against its digests; VaultDamaged names the first that is wrong."""
    vouched = set(digests)
    erased = erased_in(log, record_id)
    found: dict[str, Disclosure] = {}
    for row in rows:
        each = _decrypted(key, *row)
        if each.digest not in vouched:
            raise VaultDamaged(record_id, "mismatch", each.name)
        if erased is not None and each.digest in erased[1]:
            raise VaultDamaged(record_id, "erased_yet_present", each.name)
        found[each.digest] = each
    gone = sorted(vouched - set(found))
    for digest in gone:
        if erased is None or digest not in erased[1]:
            raise VaultDamaged(record_id, "missing", digest)
    places = () if erased is None else tuple((digest, erased[0]) for digest in gone)
    return Held(tuple(sorted(found.values(), key=lambda each: each.name)), places)


def erased_in(log: AuditLog, record_id: str) -> tuple[int, frozenset[str]] | None:
    """The place of the erasure event that names a record, and the digests it names; None where there is none."""
    mark = log.known(_mark(record_id))
    if mark is None:
        return None
    # The mark only finds the event; what counts is what the event, a leaf of the log, says.
    try:
        digests = erased_of(log.read(mark[0]).data).get(record_id)
    except RecordMissing:
        return None
    return None if digests is None else (mark[0], digests)


def erased_of(data: bytes) -> dict[str, frozenset[str]]:
    """The records that an erasure event names, by id, with the digests whose values are gone; of all else none."""
    try:
        event = read_event(data)
        named = [ErasedRecord.model_validate(each) for each in event.about["records"]]
    except (ValidationError, ValueError, KeyError, TypeError):
        return {}
    return {each.id: frozenset(each.digests) for each in named} if event.kind == "erasure" else {}


def marked(key: str) -> str | None:
    """The record that a mark is of; None where the key is no mark."""
    return key.removeprefix(_MARK) if key.startswith(_MARK) else None


def _mark(record_id: str) -> str:
    return f"{_MARK}{record_id}"


def _bound(record_id: str, field: str, scope: str) -> bytes:
    return orjson.dumps([record_id, field, scope])


def _encrypted(data_key: AESGCM, record_id: str, scope: str, each: Disclosure) -> dict[str, Any]:
    nonce = secrets.token_bytes(_NONCE)
    sealed = data_key.encrypt(nonce, each.text.encode("ascii"), _bound(record_id, each.name, scope))
    return {"id": record_id, "field": each.name, "case_ref": scope, "nonce": nonce, "ciphertext": sealed}


def _decrypted(
    key: VaultKey, record_id: str, field: str, scope: str, nonce: Any, ciphertext: Any, key_nonce: Any, wrapped: Any
) -> Disclosure:
    try:
        data_key = AESGCM(key.unwrap(scope, key_nonce, wrapped))
        found = read_disclosure(data_key.decrypt(nonce, ciphertext, _bound(record_id, field, scope)).decode("ascii"))
    except (VaultDamaged, InvalidTag, TypeError, ValueError) as exc:
        raise VaultDamaged(record_id, "unreadable", field) from exc
    if found.name != field:
        raise VaultDamaged(record_id, "mismatch", field)
    return found
