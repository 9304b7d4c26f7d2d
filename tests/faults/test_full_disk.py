"""On a full disk nothing is acknowledged that is not there, and all goes on by itself when there is room."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from unittest.mock import patch

from cases.errors import CaseError, LogUnavailable
from cases.log import sqlite
from cases.log.keyring import Keyring
from cases.log.opened import STATE
from cases.log.sealing import Sealer, Sealing, SigningState
from cases.log.store import AuditLog
from tests.faults.kit import broken_promises, mounted
from tests.log.kit import ORIGIN, THEN, record
from tests.log.places import OWNER, PostgresPlace, server, superuser, template

ROOM = 150_000


def filled(log: AuditLog, sealer: Sealer, told: dict[int, str], size: int) -> list[CaseError]:
    """Append and seal until neither goes; what refused. Each record that was acknowledged is noted."""
    refused: list[CaseError] = []
    while len(refused) < 5:
        id_ = f"{len(told)}-{len(refused)}-{size}"
        try:
            (place,) = log.append([record(id_, "x" * size)])
            told[place.seq] = id_
        except CaseError as exc:
            refused.append(exc)
        # A seal that found no room is made up for by the next.
        with suppress(LogUnavailable):
            sealer.seal()
    return refused


def signer(log: AuditLog, folder: Path) -> Sealer:
    keyring = Keyring.create(folder / "keys", ORIGIN, THEN)
    return Sealer(log, SigningState.create(folder / "keys" / STATE, ORIGIN), ORIGIN, keyring.signers())


def test_a_full_disk_under_log_and_signer_loses_nothing_and_both_go_on_by_themselves(small_disk: Path) -> None:
    ballast, told = small_disk / "ballast", dict[int, str]()
    ballast.write_bytes(b"x" * ROOM)
    with AuditLog.open(small_disk / "log.sqlite3") as log:
        sealer = signer(log, small_disk)

        # Large ones first, then such as still go into the last pages.
        refused = [each for size in (5_000, 10) for each in filled(log, sealer, told, size)]

        assert {type(each) for each in refused} == {LogUnavailable}
        assert len(told) > 3
        assert log.head().size == len(told)
        covered = threading.Event()
        size = log.head().size + 1
        sealing = Sealing(sealer, interval=0, sealed=lambda point: covered.set() if point.size >= size else None)
        sealing.wake()
        ballast.unlink()
        (place,) = log.append([record("room")])
        told[place.seq] = "room"
        sealing.wake()
        assert covered.wait(60)
        sealing.close()
    assert broken_promises(small_disk / "log.sqlite3", small_disk / "keys", told) == []


def test_without_a_journal_a_full_disk_leaves_an_append_half_done(small_disk: Path) -> None:
    ballast, told = small_disk / "ballast", dict[int, str]()
    ballast.write_bytes(b"x" * ROOM)
    with (
        patch.dict(sqlite._SETTINGS, journal_mode=("OFF", "off")),
        patch.object(sqlite.SqliteDatabase, "_before_writing"),
        AuditLog.open(small_disk / "log.sqlite3") as log,
        suppress(CaseError),
    ):
        filled(log, signer(log, small_disk), told, 5_000)
    ballast.unlink()

    assert broken_promises(small_disk / "log.sqlite3", None, told) != []


@contextmanager
def small_database() -> Iterator[tuple[PostgresPlace, Path]]:
    """A log in PostgreSQL whose tables are on a disk of 16 MB; the server's own files are elsewhere."""
    template()
    data = Path(str(server().pgdata))
    # Beside its data, where the server's user may go.
    with mounted(data.parent / "small", "16m") as disk:
        owner, tables = data.stat(), disk / "tables"
        tables.mkdir()
        os.chown(tables, owner.st_uid, owner.st_gid)
        with superuser() as raw:
            raw.execute(f"CREATE TABLESPACE small LOCATION '{tables}'")
            raw.execute(f"CREATE DATABASE small TEMPLATE log TABLESPACE small OWNER {OWNER} STRATEGY file_copy")
        made = PostgresPlace("small")
        try:
            yield made, disk
        finally:
            made.drop()
            with superuser() as raw:
                raw.execute("DROP TABLESPACE small")


def test_a_full_volume_under_postgresql_loses_nothing_and_it_goes_on(tmp_path: Path) -> None:
    with small_database() as (at, disk):
        ballast, told = disk / "ballast", dict[int, str]()
        free = os.statvfs(disk)
        ballast.write_bytes(b"x" * (free.f_bavail * free.f_frsize - 500_000))
        with AuditLog.open(at.where) as log:
            refused = filled(log, signer(log, tmp_path), told, 40_000)

            assert {type(each) for each in refused} == {LogUnavailable}
            assert len(told) > 3
            assert log.head().size == len(told)
            ballast.unlink()
            (place,) = log.append([record("room")])
            told[place.seq] = "room"
        assert broken_promises(at.where, tmp_path / "keys", told) == []
