"""What every fault test asks of a log afterwards, and what a missing tool means."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

from cases.errors import CaseError
from cases.log.audit import verify
from cases.log.keyring import Keyring
from cases.log.opened import STATE
from cases.log.schema import SIGNED
from cases.log.sealing import Sealer, SigningState
from cases.log.second_tree import SecondTree, leaf_of
from cases.log.store import AuditLog
from cases.tlog.checkpoint import Checkpoint
from cases.tlog.keys import open_note
from cases.tlog.note import Note
from tests.log.kit import record

AFTER = "after"


@contextmanager
def mounted(folder: Path, size: str) -> Iterator[Path]:
    """A disk in memory of that size; where none may be mounted (it takes root) a test is skipped, and says so."""
    folder.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "none", str(folder)], capture_output=True, check=False, text=True
    )
    if done.returncode:
        pytest.skip(f"a small disk cannot be mounted here: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def broken_promises(where: Path | str, keys: Path | None, acknowledged: Mapping[int, str]) -> list[str]:
    """What a log lost or got wrong, after a fault; none when it kept every promise.

    Every acknowledged record stands at its position under its id; positions are gapless and no id stands twice; the
    audit finds nothing; what was signed, and what may be, is a prefix of what is there, its root derived again from
    the bytes. Then one more record is appended and, with `keys`, signed.
    """
    try:
        with AuditLog.open(where) as log:
            return [*_kept(log, acknowledged), *(_signed(log, keys) if keys else ()), *_goes_on(log, keys)]
    except CaseError as exc:
        return [f"unusable: {exc}"]


def roots(log: AuditLog) -> list[bytes]:
    """The root at every size from 0 on, derived from the bytes."""
    tree = SecondTree()
    made = [tree.root()]
    for entry in log.entries():
        tree.push(leaf_of(entry.data))
        made.append(tree.root())
    return made


def signed(log: AuditLog, keys: Path) -> list[Checkpoint]:
    """Every signed checkpoint in order of size, its signatures verified."""
    verifiers = Keyring(keys).verifiers()
    with log.database.transaction() as conn:
        notes = [Note.parse(data) for data in conn.scalars(sa.select(SIGNED.c.note).order_by(SIGNED.c.size))]
    for note in notes:
        assert len(open_note(note, verifiers)) == len(verifiers)
    return [Checkpoint.parse(note.text) for note in notes]


def _kept(log: AuditLog, acknowledged: Mapping[int, str]) -> list[str]:
    kept = {entry.seq: entry.id for entry in log.entries()}
    lost = {seq: id_ for seq, id_ in acknowledged.items() if kept.get(seq) != id_}
    wrong = [f"lost: {seq} {id_}" for seq, id_ in sorted(lost.items())[:5]]
    if sorted(kept) != list(range(len(kept))):
        wrong.append("positions have gaps")
    if len(set(kept.values())) < len(kept):
        wrong.append("an id stands twice")
    return [*wrong, *(found.message_en for found in verify(log).findings)]


def _signed(log: AuditLog, keys: Path) -> list[str]:
    made = roots(log)
    last = SigningState(keys / STATE, Keyring(keys).origin).read()
    points = [*((point.size, point.root) for point in signed(log, keys)), (last.size, last.root)]
    return [f"signed at {size} is no prefix" for size, root in points if size >= len(made) or made[size] != root]


def _goes_on(log: AuditLog, keys: Path | None) -> list[str]:
    size = log.head().size
    (place,) = log.append([record(f"{AFTER}-{size}")])
    wrong = [] if place.seq == size else [f"the next record went to {place.seq} and not {size}"]
    if keys:
        keyring = Keyring(keys)
        point = Sealer(log, SigningState(keys / STATE, keyring.origin), keyring.origin, keyring.signers()).seal()
        if point is None or point.checkpoint.root != roots(log)[size + 1]:
            wrong.append("signing does not go on")
    return wrong
