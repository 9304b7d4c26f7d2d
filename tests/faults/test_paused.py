"""One log, many who write and sign: a paused one never signs a second tree of a size, and positions are given once."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from cases.log.audit import verify
from cases.log.keyring import Keyring
from cases.log.opened import STATE, OpenLog
from cases.log.published import Published
from cases.log.sealing import Sealer, SigningState
from cases.log.store import AuditLog
from cases.tlog.tree import verify_consistency
from tests.api.kit import until
from tests.faults.kit import roots, signed
from tests.faults.pausing import POINTS, hammer, sign_with_a_pause
from tests.log.kit import ORIGIN, THEN, numbered, record
from tests.log.places import STORES, Place, PostgresPlace, place

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(["tests.faults.worker", "tests.faults.pausing"])


@pytest.fixture(params=STORES)
def at(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    made = place(request.param, tmp_path)
    yield made
    if isinstance(made, PostgresPlace):
        made.drop()


def paused(at: Place, folder: Path, point: str, *, careless: bool = False) -> dict[int, set[bytes]]:
    """The roots that were signed of each size, when one signer is stopped at a point and another signs a different log.

    While it is stopped the log is put back to where it was signed, as from a copy, and grows to the same size with
    other records; the other signer signs that. Then the first goes on.
    """
    keyring = Keyring.create(folder / "keys", ORIGIN, THEN)
    state = SigningState.create(keyring.folder / STATE, ORIGIN)
    made: dict[int, set[bytes]] = {}
    pipe, end = _context.Pipe()
    with AuditLog.open(at.where) as log:
        sealer = Sealer(log, state, ORIGIN, keyring.signers())
        log.append(numbered(0, 2))
        sealer.seal()
        old = log.head()
        log.append(numbered(2, 5))
        child = _context.Process(target=sign_with_a_pause, args=(at.where, keyring.folder, point, end, careless))
        child.start()
        end.close()
        assert pipe.recv() == "stopping"
        pid = child.pid
        assert pid is not None
        until(lambda: stopped(pid), "stopping")
        if point == "before the swap":
            put_back(at, old.root, old.frontier.to_bytes())
            log.append([record(f"other{number}") for number in range(3)])
        found = sealer.seal()
        assert found is not None
        made.setdefault(found.size, set()).add(found.checkpoint.root)
        os.kill(pid, signal.SIGCONT)
        told: Any = pipe.recv()
        child.join()
        for size, root in told[0] if isinstance(told, tuple) else told:
            made.setdefault(size, set()).add(root)
        for each in signed(log, keyring.folder):
            made.setdefault(each.size, set()).add(each.root)
        # Signing goes on.
        log.append([record("after")])
        if not careless:
            last = sealer.seal()
            assert last is not None
            assert last.size == 6
    return made


def stopped(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] == "T"


def put_back(at: Place, root: bytes, frontier: bytes) -> None:
    """Make the log two records long again, the triggers as they were."""
    with at.owner() as owner:
        owner.do("BEGIN")
        owner.disarm()
        owner.do("DELETE FROM entry WHERE seq >= 2")
        owner.do("DELETE FROM checkpoint WHERE size > 2")
        owner.do("UPDATE head SET size = 2, root = ?, frontier = ?", root, frontier)
        owner.arm()
        owner.do("COMMIT")


@pytest.mark.parametrize("point", POINTS)
def test_a_signer_stopped_in_the_middle_never_signs_a_second_tree_of_a_size(
    at: Place, tmp_path: Path, point: str
) -> None:
    made = paused(at, tmp_path, point)

    assert made.keys() == {2, 5} or made.keys() == {2, 5, 6}
    assert {size: len(trees) for size, trees in made.items()} == dict.fromkeys(made, 1)


def test_a_signer_that_does_not_compare_signs_a_second_tree(tmp_path: Path) -> None:
    made = paused(place("sqlite", tmp_path), tmp_path, "before the swap", careless=True)

    assert len(made[5]) == 2


def hammered(at: Place, folder: Path, processes: int, threads: int, count: int, *, unlocked: bool = False) -> list[str]:
    """Processes and threads append to one log that each of them signs; what went wrong."""
    keys = folder / "keys"
    OpenLog.open(at.where, keys, origin=ORIGIN).close()
    got: Any = _context.Queue()
    workers = [
        _context.Process(target=hammer, args=(at.where, keys, f"p{number}", threads, count, got, unlocked))
        for number in range(processes)
    ]
    for each in workers:
        each.start()
    told = [got.get(timeout=600) for _ in workers]
    for each in workers:
        each.join()
    wrong = [each for _, failed, _ in told for each in failed]
    places = sorted(place for each, _, _ in told for place in each)
    # The record of the first keys stands before them.
    if [seq for seq, _ in places] != list(range(1, 1 + processes * threads * count)):
        wrong.append("not each position once")
    with AuditLog.open(at.where) as log:
        kept = {entry.seq: entry.id for entry in log.entries()}
        wrong += [f"{id_} is not at {seq}" for seq, id_ in places if kept.get(seq) != id_]
        wrong += [found.message_en for found in verify(log).findings]
        made, points = roots(log), signed(log, keys)
        seen = {size: root for _, _, each in told for size, root in each.items()}
        if not seen.items() <= {point.size: point.root for point in points}.items():
            wrong.append("a signer saw another checkpoint")
        wrong += [f"signed at {point.size} is no prefix" for point in points if made[point.size] != point.root]
        if not wrong:
            published = Published(log)
            assert points[-1].size == log.head().size
            # Each continues the one before it, and so every one every other.
            for one, other in pairwise(points):
                path = published.consistency(one.size, other.size)
                verify_consistency(one.size, other.size, path, one.root, other.root)
    return wrong


def test_processes_that_append_and_sign_together_get_each_position_once(at: Place, tmp_path: Path) -> None:
    assert hammered(at, tmp_path, 3, 4, 12) == []


@pytest.mark.long
def test_many_records_from_processes_that_sign_together_stand_once_each(at: Place, tmp_path: Path) -> None:
    assert hammered(at, tmp_path, 3, 4, 500) == []


def test_without_waiting_for_the_head_records_are_refused_or_stand_twice(tmp_path: Path) -> None:
    made = place("postgres", tmp_path)

    assert hammered(made, tmp_path, 3, 2, 12, unlocked=True) != []
