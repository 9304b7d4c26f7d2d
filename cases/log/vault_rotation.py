"""Changing the vault's key: every case's data key is wrapped anew, and only then the old key goes.

    1  the new key is made, as `vault.next.key`          from here on whoever opens the vault opens what either wrapped
    2  every data key is wrapped under it, page by page  each page is one transaction, each row is under one of the two
    3  all rows are read back and opened with it alone
    4  a key_event record names both keys by their ids, and is signed
    5  it is renamed to `vault.key`: the old key is gone

Cut at any moment, `rotate_vault` run again finishes it: rows that the new key opens are left alone, the record is not
written twice, and a data key that a service wrapped in between, under the old key, is wrapped anew. The values
themselves are not touched. Nobody may use the vault meanwhile: the lock on the folder of keys sees to that.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from cases.errors import LogDamaged
from cases.log.key_events import VAULT_ROTATED
from cases.log.keyring import Keyring, lock_folder, sync_folder
from cases.log.rotation import append_key_event, sealer_of
from cases.log.schema import VAULT_KEY
from cases.log.store import AuditLog
from cases.log.vault_key import KEY_FILE, NEXT_FILE, VaultKey

__all__ = ["VaultRotated", "rotate_vault"]

_PAGE = 1_000  # data keys wrapped anew in one transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class VaultRotated:
    """What a change came to: the ids of both keys, how many data keys there are, and where the record stands."""

    new: str
    old: str
    data_keys: int
    index: int


def rotate_vault(log: AuditLog, folder: Path) -> VaultRotated:
    """Change the vault's key in a folder of keys, or finish changing it.

    VaultDamaged, with nothing changed, when a data key does not open under the key that is there: it could never be
    opened again. Raises what signing, the log and the keyring raise.
    """
    with lock_folder(folder, alone=True):
        # Read while nobody changes them.
        keyring, here = Keyring(folder), folder / KEY_FILE
        following = folder / NEXT_FILE
        sealer = sealer_of(log, keyring)
        sealer.check()
        old = VaultKey.read(here)
        for row in _rows(log):
            old.unwrap(*row)
        for left in folder.glob(f".{NEXT_FILE}.*"):
            left.unlink()  # of a run that ended while it wrote: a key that never was
        new = old.following or old.follow(following)
        sync_folder(folder)  # an earlier run may have ended before it was certain that the file stays
        old.following = new
        _wrap_anew(log, old, new)
        count = sum(1 for row in _rows(log) if new.unwrap(*row))
        seq = _announce(log, keyring, old, new)
        sealer.seal()
        _replace(following, here)
        return VaultRotated(new=new.id, old=old.id, data_keys=count, index=seq)


def _wrap_anew(log: AuditLog, old: VaultKey, new: VaultKey) -> None:
    last: str | None = None
    while True:
        with log.database.transaction(writing=True) as conn:
            page = _page(conn, last)
            foreign = [row for row in page if not new.wrapped_here(*row)]
            if foreign:
                log.database.replace_keys(conn, [new.wrap(row[0], old.unwrap(*row)) for row in foreign])
        if not page:
            return
        last = page[-1][0]


def _announce(log: AuditLog, keyring: Keyring, old: VaultKey, new: VaultKey) -> int:
    about = {
        "event": VAULT_ROTATED,
        "origin": keyring.origin,
        "vkeys": [],  # it names no key that signs
        "vault_key": {"new": new.id, "old": old.id},
    }
    return append_key_event(log, f"{VAULT_ROTATED} {new.id}", about)


def _replace(following: Path, here: Path) -> None:
    following.replace(here)
    sync_folder(here.parent)


def _rows(log: AuditLog) -> Iterator[Sequence[Any]]:
    last: str | None = None
    while True:
        with log.database.transaction() as conn:
            page = _page(conn, last)
        if not page:
            return
        yield from page
        last = page[-1][0]


def _page(conn: sa.Connection, last: str | None) -> Sequence[Sequence[Any]]:
    query = sa.select(VAULT_KEY.c.case_ref, VAULT_KEY.c.nonce, VAULT_KEY.c.wrapped).order_by(VAULT_KEY.c.case_ref)
    page = conn.execute((query if last is None else query.where(VAULT_KEY.c.case_ref > last)).limit(_PAGE)).all()
    places = [row[0] for row in page]
    # A damaged page can give rows out of order, or of another kind, and who believed it could go round for ever.
    if any(not isinstance(each, str) for each in places) or places != sorted({*places}) or places[:1] == [last]:
        raise LogDamaged("rows of `vault_key` are out of order")
    return page
