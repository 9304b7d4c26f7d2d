"""Group commit: records of many callers in one durable commit, in the order they came.

INVARIANT: `append` returns after the commit that holds the record, and never before. A group is at most 256 records and
never waits to grow: while one commit is on its way the next group gathers, so nobody waits for more than two commits.
(Waiting even 20 ms for more would slow the officer who is alone, and give the crowd nothing: it gathers by itself.)

After a failed commit the outcome is unknown, for all of its group: each caller is told so, nothing is assumed, and the
next group reads the head anew from the database.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Self

from cases.errors import CaseError, LogUnavailable
from cases.log.entry import Appended, KeySeen, NewEntry
from cases.log.store import AuditLog, check_entries

__all__ = ["GroupCommit"]

MOST = 256
"""Records in one commit; more gain nothing and make a failed one cost more."""

WAITING = 4096
"""Records that may wait; beyond it a caller is told to come back, instead of memory growing without end."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    entry: NewEntry
    sources: Mapping[str, bytes]
    place: Future[Appended | KeySeen]


class GroupCommit:
    """Appends to a log from many threads; one thread of its own commits. Close it, or use it as a context manager.

    `gate` is asked before every record and raises when none may be taken; `committed` is called after every commit, on
    the committing thread, and must be quick.
    """

    def __init__(
        self,
        log: AuditLog,
        *,
        gate: Callable[[], None] = lambda: None,
        committed: Callable[[], None] = lambda: None,
    ) -> None:
        self._log, self._gate, self._committed = log, gate, committed
        self._waiting: queue.Queue[_Waiting | None] = queue.Queue(WAITING)
        self._closing, self._closed = threading.Lock(), False
        self._thread = threading.Thread(target=self._work, name="group-commit", daemon=True)
        self._thread.start()

    def append(self, entry: NewEntry, sources: Mapping[str, bytes] | None = None) -> Appended | KeySeen:
        """Append one record as `AuditLog.append` does, with the same errors; LogUnavailable too when too many wait."""
        check_entries([entry], sources or {})
        self._gate()
        place: Future[Appended | KeySeen] = Future()
        with self._closing:
            if self._closed:
                # Nobody would ever take it, and the caller would wait for ever.
                raise ValueError("the log is closed")
            try:
                self._waiting.put_nowait(_Waiting(entry, sources or {}, place))
            except queue.Full:
                raise LogUnavailable(f"{self._waiting.maxsize} records are waiting to be written") from None
        return place.result()

    def close(self) -> None:
        """Commit what waits, then end the thread; ValueError for what is appended later."""
        with self._closing:
            self._closed = True
        self._waiting.put(None)
        self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _work(self) -> None:
        ended = False
        while not ended:
            first = self._waiting.get()
            group = [] if first is None else [first]
            ended = first is None
            while not ended and len(group) < MOST:
                try:
                    more = self._waiting.get_nowait()
                except queue.Empty:
                    break
                ended = more is None
                if more is not None:
                    group.append(more)
            if group:
                self._commit(group)

    def _commit(self, group: list[_Waiting]) -> None:
        sources: dict[str, bytes] = {}
        for each in group:
            sources.update(each.sources)
        try:
            places = self._log.append_each([each.entry for each in group], sources)
        except BaseException as exc:
            # Whatever it is, nobody may wait for ever; and a defect of ours stays loud in every caller.
            for each in group:
                each.place.set_exception(exc)
            return
        for each, place in zip(group, places, strict=True):
            if isinstance(place, CaseError):
                each.place.set_exception(place)
            else:
                each.place.set_result(place)
        self._committed()
