"""Checks the vault against the log: every value is what its record vouches for, is there, or was erased by an event.

Without the vault's key nothing can be opened; then it is only counted that no value is missing or too many.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any

import sqlalchemy as sa

from cases.errors import CaseError, VaultDamaged
from cases.log.content import content_of
from cases.log.finding import Finding, finding
from cases.log.salvage import DAMAGE, Hole, readable
from cases.log.schema import ENTRY, VAULT
from cases.log.store import AuditLog, Entry
from cases.log.vault import erased_in, judge, rows_of
from cases.log.vault_key import VaultKey

__all__ = ["check_vault", "digests_in"]

_PAGE = 256


def check_vault(log: AuditLog, key: VaultKey | None, stop: int) -> Iterator[Finding]:
    """Everything wrong with the personal data of the records before `stop`, and rows that belong to no record.

    Damage is reported and never raised; LogUnavailable is raised when the file is busy.
    """
    try:
        yield from _records(log, key, stop)
        yield from _orphans(log)
    except DAMAGE as exc:
        yield finding("vault_damaged", more=exc)


def digests_in(content: dict[str, Any]) -> list[str] | None:
    """The digests of personal values a record names; None where it names none, or in no way that is known here."""
    pd = content.get("pd")
    listed = pd.get("_sd") if isinstance(pd, dict) else None
    return listed if isinstance(listed, list) and all(isinstance(each, str) for each in listed) else None


def _records(log: AuditLog, key: VaultKey | None, stop: int) -> Iterator[Finding]:
    waiting: list[tuple[Entry, list[str]]] = []
    for item in readable(log.entries, lambda entry: entry.seq, 0, stop):
        if isinstance(item, Hole):
            continue  # named already by the audit of the records
        # Most records hold no personal data, and need no second parsing.
        content = content_of(item.data)[0] if b'"pd":' in item.data or b'"erasure"' in item.data else {}
        if (digests := digests_in(content)) is not None:
            waiting.append((item, digests))
        if content.get("kind") == "erasure":
            yield from _still_there(log, item, content)
        if len(waiting) == _PAGE:
            yield from _judged(log, key, waiting)
            waiting = []
    yield from _judged(log, key, waiting)


def _judged(log: AuditLog, key: VaultKey | None, waiting: list[tuple[Entry, list[str]]]) -> Iterator[Finding]:
    with log.database.transaction() as conn:
        rows = conn.execute(rows_of([entry.id for entry, _ in waiting])).all()
    by_id = {record_id: list(found) for record_id, found in groupby(rows, key=lambda row: row[0])}
    for entry, digests in waiting:
        own = by_id.get(entry.id, [])
        try:
            if key is not None:
                judge(log, key, entry.id, digests, own)
            else:
                _counted(log, entry.id, digests, own)
        except VaultDamaged as exc:
            yield finding(f"vault_{exc.problem}", entry.seq, more=exc.what)
        except CaseError as exc:
            if not isinstance(exc, DAMAGE):
                raise
            yield finding("vault_damaged", entry.seq, more=exc)


def _counted(log: AuditLog, record_id: str, digests: list[str], rows: list[Any]) -> None:
    erased = erased_in(log, record_id)
    left = set(digests) - (frozenset() if erased is None else erased[1])
    if len(rows) < len(left):
        raise VaultDamaged(record_id, "missing", f"{len(rows)}/{len(left)}")
    if len(rows) > len(left):
        raise VaultDamaged(record_id, "mismatch", f"{len(rows)}/{len(left)}")


def _still_there(log: AuditLog, event: Entry, content: dict[str, Any]) -> Iterator[Finding]:
    """Values that an erasure names and that stand there all the same: put back from an older copy, say."""
    about = content.get("about")
    listed = about.get("records") if isinstance(about, dict) else None
    ids = [each.get("id") for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
    query = sa.select(VAULT.c.id).where(VAULT.c.id.in_([each for each in ids if isinstance(each, str)])).distinct()
    with log.database.transaction() as conn:
        back = list(conn.scalars(query.order_by(VAULT.c.id)))
    for record_id in back:
        # Where its mark stands, the record itself is named already.
        if erased_in(log, record_id) is None:
            yield finding("vault_erased_yet_present", event.seq, more=record_id)


def _orphans(log: AuditLog) -> Iterator[Finding]:
    for page in _pages(log):
        with log.database.transaction() as conn:
            found = {
                str(row[0]): row[1]
                for row in conn.execute(sa.select(ENTRY.c.id, ENTRY.c.bytes).where(ENTRY.c.id.in_(page)))
            }
        for record_id in page:
            data = found.get(record_id)
            if not isinstance(data, bytes) or digests_in(content_of(data)[0]) is None:
                yield finding("vault_orphan", more=record_id)


def _pages(log: AuditLog) -> Iterator[list[str]]:
    last: str | None = None
    while True:
        query = sa.select(VAULT.c.id).distinct().order_by(VAULT.c.id).limit(_PAGE)
        with log.database.transaction() as conn:
            page = _texts(conn.scalars(query if last is None else query.where(VAULT.c.id > last)))
        if not page:
            return
        yield page
        last = page[-1]


def _texts(values: Iterable[Any]) -> list[str]:
    return [str(each) for each in values]
