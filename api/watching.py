"""The loop of the watch process: catch up with the log, wait a moment, and end when its service is gone."""

from __future__ import annotations

import os
import signal
import time

from api.settings import Settings
from cases.cardfile import Card, read_cards
from cases.lawfiles import Law
from cases.log.store import AuditLog
from cases.watch import Watch

__all__ = ["follow"]

INTERVAL = 0.3


def follow(law: Law, settings: Settings, *, once: bool, parent: int | None) -> tuple[Card, ...]:
    """Follow the log until it is told to end; with `once`, return the cards when everything is read."""
    if parent is not None:
        # A Ctrl-C on the terminal reaches both; the service ends this process itself.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    with AuditLog.open(settings.where, read_only=True) as log:
        watch = Watch(log, settings.cards, law.rulebook)
        watch.catch_up()
        while not once and (parent is None or os.getppid() == parent):
            time.sleep(INTERVAL)
            watch.catch_up()
    return read_cards(settings.cards)[0]
