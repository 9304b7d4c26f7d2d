"""A log to tamper with, and what verifying it then says."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import rfc8785

from cases.log.audit import AuditReport, verify_at
from cases.log.store import AuditLog, NewEntry, digest_of
from cases.request import Request
from tests.log.places import Owner, Pristine

RULES = "第一条 规则".encode()
BATCHES = (1, 3, 1, 2, 4, 1)
SIZE = sum(BATCHES)
STARTS = [start for batch, size in enumerate(BATCHES) for start in [sum(BATCHES[:batch])] * size]
"""For each record the first one of its commit: a change no record shows alone is named from there."""


def fill(where: Path | str) -> None:
    """Append SIZE records, in commits of BATCHES."""
    with AuditLog.open(where) as log:
        for batch, size in enumerate(BATCHES):
            names = [f"{batch}-{number}" for number in range(size)]
            entries = [NewEntry(id=name, data=content(name), request=Request(f"key {name}", "f")) for name in names]
            log.append(entries, {digest_of(RULES): RULES})


def tampered(filled: Pristine, change: Callable[[Owner], None]) -> AuditReport:
    """The report on a copy in which the triggers stand again, as if nothing had been."""
    with filled.restored() as owner:
        change(owner)
    return verify_at(filled.where)


def row(owner: Owner, seq: int) -> tuple[str, bytes, bytes]:
    """Id, leaf hash and bytes of a record."""
    ((id_, leaf_hash, data),) = owner.rows("SELECT id, leaf_hash, bytes FROM entry WHERE seq = ?", seq)
    return id_, bytes(leaf_hash), bytes(data)


def shift(owner: Owner, start: int, by: int) -> None:
    """Move every record from `start` on to another place."""
    owner.do("UPDATE entry SET seq = seq + 1000 WHERE seq >= ?", start)
    owner.do("UPDATE entry SET seq = seq - 1000 + ? WHERE seq >= 1000", by)


def content(name: str, **more: object) -> bytes:
    return rfc8785.dumps({"id": name, "rulebook": digest_of(RULES), "text": "事实", **more})  # type: ignore[dict-item]


def leaf(data: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + data).digest()


def first(report: AuditReport) -> int | None:
    return report.findings[0].seq if report.findings else None


def codes(report: AuditReport) -> list[str]:
    return [found.code for found in report.findings]
