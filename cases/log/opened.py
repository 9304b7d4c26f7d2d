"""A log with all that appends to it and signs it: what a door opens. START HERE to see how the parts meet.

    GroupCommit  many callers, one durable commit      then wakes
    Sealing      reads back, derives again, signs      then shows, through
    Published    tiles, checkpoints and proofs         and asks, where the service runs,
    Witnessing   those outside who cosign them
    Vault        personal data, beside the records and erasable

INVARIANT: nothing is appended to a log that is not a continuation of what was signed: opening compares, and once
signing was refused every append is.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Self

from cases.clock import now
from cases.errors import RefusedToSign
from cases.events import OWN_KEY, new_event
from cases.log.entry import Appended, KeySeen, NewEntry
from cases.log.group import GroupCommit
from cases.log.keyring import LIST, Keyring, lock_folder
from cases.log.published import Published, SignedCheckpoint
from cases.log.sealing import Sealer, Sealing, SigningState
from cases.log.sm2 import signers_of
from cases.log.store import AuditLog
from cases.log.vault import Vault
from cases.log.witness_client import Witnessing, read_policy
from cases.request import Request

__all__ = ["OpenLog"]

STATE = "signing.sqlite3"
FIRST_KEYS = f"{OWN_KEY}key_event created"


class OpenLog:
    """Open it with `OpenLog.open`, close it, or use it as a context manager; usable from many threads."""

    def __init__(
        self,
        log: AuditLog,
        keyring: Keyring,
        state: SigningState,
        sealed: Callable[[SignedCheckpoint], None],
        *,
        witnessed: bool,
    ) -> None:
        self.log, self.keyring, self.published, self._held = log, keyring, Published(log), ExitStack()
        self.vault = Vault.open(log, keyring.folder)
        self.sealer = Sealer(log, state, keyring.origin, signers_of(keyring))
        self.sealer.check()
        policy = read_policy(keyring) if witnessed else None
        self.witnessing = Witnessing(self.published, policy.witnesses if policy else ())

        def tell(point: SignedCheckpoint) -> None:
            self.witnessing.offer(point)
            sealed(point)

        self._sealing = Sealing(self.sealer, sealed=tell)
        self._group = GroupCommit(log, gate=self._sealing.gate, committed=self._sealing.wake)

    @classmethod
    def open(
        cls,
        where: Path | str,
        keys: Path,
        *,
        origin: str | None = None,
        witnessed: bool = False,
        sealed: Callable[[SignedCheckpoint], None] = lambda _: None,
    ) -> Self:
        """Open the log at `where` with the keys in the folder `keys`, making both when neither is there.

        `origin` names a log that is new (a URL without scheme); else it takes a random name. `witnessed` asks the
        witnesses of the policy among the keys, if there is one. Raises RefusedToSign when the log is not what was
        signed, UnsafeStore while its keys are being changed, and what the log and the keyring raise.
        """
        with ExitStack() as held:
            log = held.enter_context(AuditLog.open(where))
            _need_keys(log, keys, origin)
            # Held before the list is read: it must not change while its keys sign.
            held.enter_context(lock_folder(keys, alone=False))
            keyring = Keyring(keys)
            state = SigningState(keys / STATE, keyring.origin)
            opened = cls(log, keyring, state, sealed, witnessed=witnessed)
            opened._held = held.pop_all()
        try:
            opened._record_first_keys()
        except BaseException:
            opened.close()
            raise
        return opened

    def append(self, entry: NewEntry, sources: Mapping[str, bytes] | None = None) -> Appended | KeySeen:
        """Append one record, durably (`GroupCommit.append`); RefusedToSign when the log may not grow."""
        return self._group.append(entry, sources)

    def gate(self) -> None:
        """Raise RefusedToSign once signing was refused: then nothing is recorded either."""
        self._sealing.gate()

    def close(self) -> None:
        """Commit what waits, sign it, and close every connection."""
        self._group.close()
        self._sealing.close()
        self.witnessing.close()
        self._held.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _record_first_keys(self) -> None:
        if self.log.known(FIRST_KEYS) is None:
            vkeys = [str(each.key) for each in self.keyring.keys if each.until is None]
            about = {"event": "created", "origin": self.keyring.origin, "vkeys": vkeys}
            request = Request(FIRST_KEYS, "created")
            event_id, data = new_event("key_event", about, door="log", request=request)
            self.append(NewEntry(id=event_id, data=data, request=request))


def _need_keys(log: AuditLog, folder: Path, origin: str | None) -> None:
    """Make the keys of a log that has none yet; RefusedToSign where it had some and they are gone."""
    # Asked before the list is looked for: whoever makes both at this moment makes the list first.
    begun = log.known(FIRST_KEYS) is not None or Published(log).latest() is not None
    if not (folder / LIST).exists():
        if begun:
            raise RefusedToSign(f"it was signed before, and the folder `{folder}` has no keys: put them back")
        state = SigningState.create(folder / STATE, origin or f"zhunsheng.local/{secrets.token_hex(8)}")
        # Killed after the state and before the keys, the next one takes its name; of two at once, one makes them.
        with state.alone() as (name, size):
            if size > 0:
                raise RefusedToSign(
                    f"`{state.path}` knows of {size} signed records and no keys are there: put them back"
                )
            if not (folder / LIST).exists():
                Keyring.create(folder, name, now())
