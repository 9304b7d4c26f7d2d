"""The log asks its witnesses: each newest checkpoint goes to every one of them, and the cosignatures are kept.

    witnesses.txt   in the folder of keys: a C2SP tlog-policy file; each witness with its URL, groups, and the quorum

INVARIANT: no cosignature is kept that does not verify under the key the policy names. Each witness has a thread of its
own, so that neither recording nor sealing nor another witness ever waits for one. Only the newest checkpoint is asked
for: a witness that slept is asked for one that covers all it missed.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace

from cases.errors import CaseError, UnsafeStore
from cases.log.keyring import Keyring
from cases.log.post import NoAnswer, post
from cases.log.published import Published, SignedCheckpoint
from cases.tlog.errors import Malformed, TlogError
from cases.tlog.note import NoteSignature
from cases.tlog.policy import KnownLog, Policy, Witness
from cases.tlog.witnessing import AddCheckpoint, parse_cosignatures, parse_size

__all__ = ["POLICY", "Refused", "WitnessState", "Witnessing", "ask", "read_policy"]

POLICY = "witnesses.txt"
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 300.0
_WRONG = {
    400: "it finds the request malformed, or has seen a larger tree",
    403: "it finds no signature of a key it knows for this log: give it the log's new vkey",
    404: "it does not know this log: give it the log's vkey",
    422: "it says that this tree does NOT continue the one it has seen: keep everything and verify the log",
}


class Refused(Exception):
    """A witness gave no cosignature; `str()` says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WitnessState:
    """What is known of one witness: the size it last cosigned here, and what was wrong the last time, if anything."""

    name: str
    size: int
    problem: str | None = None


def read_policy(keyring: Keyring) -> Policy | None:
    """The policy in the folder of keys, with every key the log ever had as its logs; None where there is no file."""
    path = keyring.folder / POLICY
    try:
        read = Policy.parse(path.read_bytes())
        return replace(read, logs=tuple(KnownLog(key) for key in keyring.verifiers()))
    except FileNotFoundError:
        return None
    except OSError as exc:
        raise UnsafeStore(str(path), f"it cannot be read ({exc.strerror})", "make it readable") from exc
    except Malformed as exc:
        raise UnsafeStore(str(path), f"it is no policy ({exc})", "correct it; C2SP tlog-policy says how") from exc


def ask(
    published: Published, witness: Witness, point: SignedCheckpoint, seen: int, *, timeout: float
) -> tuple[NoteSignature, ...]:
    """Ask a witness that has seen size `seen` for cosignatures, verified; when it tells another size, once more.

    Raises Refused, and what `Published` raises.
    """
    # Twice the same conflict would be a witness that contradicts itself, or another client of it: the next turn tells.
    for _ in range(2):
        old = min(seen, point.size)
        path = published.consistency(old, point.size) if old > 0 else []
        body = AddCheckpoint(old, tuple(path), point.note).to_bytes()
        try:
            answer = post(f"{(witness.url or '').rstrip('/')}/add-checkpoint", body, "text/plain", timeout=timeout)
        except NoAnswer as exc:
            raise Refused(str(exc)) from exc
        if answer.status == 200:
            return _verified(witness, point, answer.body)
        if answer.status != 409:
            raise Refused(_WRONG.get(answer.status, f"it answered with HTTP status {answer.status}"))
        try:
            told = parse_size(answer.body)
        except Malformed as exc:
            raise Refused(f"it told a conflict and no size ({exc})") from exc
        if told > point.size:
            raise Refused(f"it has seen {told} records and the log has {point.size}: was the log put back?")
        if told == seen == point.size:
            raise Refused(f"it has seen ANOTHER tree of {told} records: keep everything and verify the log")
        seen = told
    raise Refused("it told a conflict twice")


def _verified(witness: Witness, point: SignedCheckpoint, body: bytes) -> tuple[NoteSignature, ...]:
    try:
        lines = parse_cosignatures(body)
        ours = [each for each in lines if (each.name, each.key_id) == (witness.key.name, witness.key.key_id)]
        for each in ours:
            witness.key.verify(point.note.text, each)
    except TlogError as exc:
        raise Refused(f"its answer cannot be used: {exc}") from exc
    if not ours:
        raise Refused("its answer has no cosignature of the key that the policy names")
    return tuple(ours)


class Witnessing:
    """Asks the witnesses in the background. `offer` each new checkpoint; close it, or it ends with the process.

    `timeout` bounds each wait on the network, `interval` is the least time between two questions to one witness, both
    in seconds. After a failure it waits `pause` seconds, twice as long each time, up to five minutes.
    """

    def __init__(
        self,
        published: Published,
        witnesses: Sequence[Witness],
        *,
        timeout: float = 5.0,
        interval: float = 1.0,
        pause: float = FIRST_PAUSE,
    ) -> None:
        self._timeout = timeout
        self._threads = [
            _Asking(published, each, timeout, interval, pause) for each in witnesses if each.url is not None
        ]
        for thread in self._threads:
            thread.start()

    def offer(self, point: SignedCheckpoint) -> None:
        """Say that this is the newest checkpoint; returns at once."""
        for thread in self._threads:
            thread.newest = point
            thread.wanted.set()

    def states(self) -> tuple[WitnessState, ...]:
        """How it stands with each witness, for health reports."""
        return tuple(thread.state for thread in self._threads)

    def close(self) -> None:
        """End; what is not cosigned yet is asked for at the next start."""
        for thread in self._threads:
            thread.ended.set()
            thread.wanted.set()
        for thread in self._threads:
            thread.join(3 * self._timeout)


class _Asking(threading.Thread):
    def __init__(self, published: Published, witness: Witness, timeout: float, interval: float, pause: float) -> None:
        super().__init__(name=f"witness-{witness.name}", daemon=True)
        self._published, self._witness = published, witness
        self._timeout, self._interval, self._pause = timeout, interval, pause
        self.state = WitnessState(name=witness.name, size=0)
        self.newest: SignedCheckpoint | None = None
        self.wanted, self.ended = threading.Event(), threading.Event()
        self.wanted.set()  # What was signed before this process began may not be cosigned yet.

    def run(self) -> None:
        pause, started = self._pause, False
        while True:
            self.wanted.wait()
            if self.ended.is_set():
                return
            self.wanted.clear()
            try:
                if not started:
                    size = self._published.cosigned_by(self._witness.key)
                    self.state, started = replace(self.state, size=size), True
                self._turn()
                wait, pause = self._interval, self._pause
                self.state = replace(self.state, problem=None)
            except (Refused, CaseError) as exc:
                self.state = replace(self.state, problem=str(exc))
                wait, pause = pause, min(2 * pause, LONGEST_PAUSE)
                self.wanted.set()
            if self.ended.wait(wait):
                return

    def _turn(self) -> None:
        point = self.newest or self._published.latest()
        if point is None or point.size <= self.state.size:
            return
        for line in ask(self._published, self._witness, point, self.state.size, timeout=self._timeout):
            self._published.add_cosignature(point.size, line)
        self.state = replace(self.state, size=point.size)
