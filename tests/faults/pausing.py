"""Processes that sign one log together, and one that stops itself in the middle of it."""

from __future__ import annotations

import os
import signal
import threading
from multiprocessing.connection import Connection
from multiprocessing.queues import Queue
from pathlib import Path
from typing import Any
from unittest.mock import patch

import sqlalchemy as sa

from cases.log import store
from cases.log.entry import Appended, head_of
from cases.log.keyring import Keyring
from cases.log.opened import STATE, OpenLog
from cases.log.postgres import PostgresDatabase
from cases.log.schema import HEAD
from cases.log.sealing import LastSigned, Sealer, SigningState
from cases.log.store import AuditLog
from tests.log.kit import record

POINTS = ("before the swap", "before the signature", "before it is kept")


def sign_with_a_pause(where: Path | str, keys: Path, point: str, pipe: Connection, careless: bool) -> None:
    """Seal once, stopped at that point until it is told to go on; tells what it signed."""
    keyring = Keyring(keys)
    state = SigningState(keys / STATE, keyring.origin)
    if careless:
        # The teeth: the file is written, whatever it says.
        patch.object(state, "swap", lambda _old, new: SigningState.swap(state, state.read(), new)).start()
    with AuditLog.open(where) as log:
        sealer = Sealer(log, state, keyring.origin, keyring.signers())
        sealer.check()

        def stop() -> None:
            if not stopped:
                stopped.append(True)
                pipe.send("stopping")
                os.kill(os.getpid(), signal.SIGSTOP)

        stopped: list[bool] = []
        signed: list[tuple[int, bytes]] = []
        rederived, sign, keep = sealer._rederived, sealer._sign, sealer._published.add_signed

        def noted(tree: LastSigned) -> Any:
            if point == "before the signature":
                stop()
            signed.append((tree.size, tree.root))
            return sign(tree)

        def derived(*given: Any) -> LastSigned:
            found = rederived(*given)
            if point == "before the swap":
                stop()
            return found

        def kept(note: Any) -> None:
            if point == "before it is kept":
                stop()
            keep(note)

        patch.object(sealer, "_rederived", derived).start()
        patch.object(sealer, "_sign", noted).start()
        patch.object(sealer._published, "add_signed", kept).start()
        try:
            sealer.seal()
            pipe.send(signed)
        except Exception as exc:
            pipe.send((signed, repr(exc)))


def hammer(where: Path | str, keys: Path, name: str, threads: int, count: int, got: Queue[Any], unlocked: bool) -> None:
    """Append from many threads through a log of its own that signs; tells each position with its id, or what failed."""
    if unlocked:
        # The teeth: nobody waits for the head.
        patch.object(PostgresDatabase, "_before_writing", lambda *_: None).start()
        patch.object(store, "_head", lambda conn, **_: head_of(conn.execute(sa.select(HEAD)).all())).start()
    places: list[tuple[int, str]] = []
    failed: list[str] = []
    seen: dict[int, bytes] = {}
    with OpenLog.open(where, keys, sealed=lambda point: seen.update({point.size: point.checkpoint.root})) as log:

        def append(thread: int) -> None:
            try:
                for number in range(count):
                    id_ = f"{name}-{thread}-{number}"
                    place = log.append(record(id_))
                    assert isinstance(place, Appended)
                    places.append((place.seq, id_))
            except Exception as exc:
                failed.append(repr(exc))

        workers = [threading.Thread(target=append, args=(thread,)) for thread in range(threads)]
        for each in workers:
            each.start()
        for each in workers:
            each.join()
    got.put((places, failed, seen))
