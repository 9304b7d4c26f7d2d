"""A log with all that appends to it and signs it: what a door opens. START HERE to see how the parts meet.

    GroupCommit  many callers, one durable commit      then wakes
    Sealing      reads back, derives again, signs      then shows, through
    Published    tiles, checkpoints and proofs
    Vault        personal data, beside the records and erasable

INVARIANT: nothing is appended to a log that is not a continuation of what was signed: opening compares, and once
signing was refused every append is.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Self

from cases.clock import now
from cases.errors import RefusedToSign
from cases.events import OWN_KEY, new_event
from cases.log.entry import Appended, KeySeen, NewEntry
from cases.log.group import GroupCommit
from cases.log.keyring import LIST, Keyring
from cases.log.published import Published, SignedCheckpoint
from cases.log.sealing import Sealer, Sealing, SigningState
from cases.log.store import AuditLog
from cases.log.vault import Vault

__all__ = ["OpenLog"]

STATE = "signing.sqlite3"


class OpenLog:
    """Open it with `OpenLog.open`, close it, or use it as a context manager; usable from many threads."""

    def __init__(
        self, log: AuditLog, keyring: Keyring, state: SigningState, sealed: Callable[[SignedCheckpoint], None]
    ) -> None:
        self.log, self.keyring, self.published = log, keyring, Published(log)
        self.vault = Vault.open(log, keyring.folder)
        self.sealer = Sealer(log, state, keyring.origin, keyring.signers())
        self.sealer.check()
        self._sealing = Sealing(self.sealer, sealed=sealed)
        self._group = GroupCommit(log, gate=self._sealing.gate, committed=self._sealing.wake)

    @classmethod
    def open(
        cls,
        where: Path,
        keys: Path,
        *,
        origin: str | None = None,
        sealed: Callable[[SignedCheckpoint], None] = lambda _: None,
    ) -> Self:
        """Open the log at `where` with the keys in the folder `keys`, making both when neither is there.

        `origin` names a log that is new (a URL without scheme); else it takes a random name. Raises RefusedToSign when
        the log is not what was signed, and what the log and the keyring raise.
        """
        log = AuditLog.open(where)
        try:
            if (keys / LIST).exists():
                keyring = Keyring(keys)
            elif Published(log).latest() is not None:
                raise RefusedToSign(f"it was signed before, and the folder `{keys}` has no keys: put them back")
            else:
                keyring = Keyring.create(keys, origin or f"zhunsheng.local/{secrets.token_hex(8)}", now())
                SigningState.create(keys / STATE, keyring.origin)
            opened = cls(log, keyring, SigningState(keys / STATE, keyring.origin), sealed)
        except BaseException:
            log.close()
            raise
        opened._record_first_keys()
        return opened

    def append(self, entry: NewEntry, sources: Mapping[str, bytes] | None = None) -> Appended | KeySeen:
        """Append one record, durably (`GroupCommit.append`); RefusedToSign when the log may not grow."""
        return self._group.append(entry, sources)

    def close(self) -> None:
        """Commit what waits, sign it, and close every connection."""
        self._group.close()
        self._sealing.close()
        self.log.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _record_first_keys(self) -> None:
        key = f"{OWN_KEY}key_event created"
        if self.log.known(key) is None:
            vkeys = [str(each.key) for each in self.keyring.keys if each.until is None]
            about = {"event": "created", "origin": self.keyring.origin, "vkeys": vkeys}
            event_id, data = new_event("key_event", about, door="log")
            self.append(NewEntry(id=event_id, data=data, key=key, fingerprint="created"))
