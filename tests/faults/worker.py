"""A process that appends a small group and seals, telling each position only after it was acknowledged."""

from __future__ import annotations

from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from unittest.mock import patch

from cases.errors import CaseError
from cases.log import sqlite
from cases.log.keyring import Keyring
from cases.log.opened import STATE
from cases.log.sealing import Sealer, SigningState
from cases.log.store import AuditLog
from tests.log.kit import keyed

GROUP = 3


def work(folder: Path, pipe: Connection, weak: bool) -> None:
    """Wait to be told, then append and seal; after an error once more, as a service would."""
    if weak:
        # The teeth: without a journal a transaction that was cut short stands half done.
        sqlite._SETTINGS["journal_mode"] = ("OFF", "off")
        patch.object(sqlite.SqliteDatabase, "_before_writing", lambda *_: None).start()
    keyring = Keyring(folder / "keys")
    with AuditLog.open(folder / "log.sqlite3") as log:
        sealer = Sealer(log, SigningState(folder / "keys" / STATE, keyring.origin), keyring.origin, keyring.signers())
        sealer.check()
        pipe.send("ready")
        pipe.recv()
        for _ in range(2):
            with suppress(CaseError):
                group = [keyed(f"new-{number}", f"key {number}", "f") for number in range(GROUP)]
                for entry, place in zip(group, log.append(group), strict=True):
                    pipe.send((place.seq, entry.id))
                sealer.seal()
                pipe.send("sealed")
                return
