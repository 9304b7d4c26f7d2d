"""Every system call by which an append and a seal write to the disk fails once, or is the last one of its process."""

from __future__ import annotations

import multiprocessing
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.kit import broken_promises
from tests.faults.worker import GROUP, work
from tests.log.kit import numbered, sealed
from tests.needs import missing, needs

CALLS = ("write", "pwrite64", "fsync", "fdatasync", "rename", "unlink", "ftruncate", "openat")
FAULTS = ("error=EIO", "error=ENOSPC", "signal=KILL")
BEFORE = 3

# One interpreter with everything loaded, from which each worker is forked in a moment.
_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(["tests.faults.worker"])


@pytest.fixture(scope="module")
def strace() -> str:
    return needs("strace", "it makes system calls fail")


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log of a few records, sealed."""
    folder = tmp_path_factory.mktemp("before")
    with sealed(folder) as it:
        it.log.append(numbered(0, BEFORE))
        it.sealer.seal()
    return folder


@pytest.fixture(scope="module")
def calls(strace: str, before: Path, tmp_path_factory: pytest.TempPathFactory) -> Counter[str]:
    """How often each of the calls is made by one append and one seal that nothing disturbs."""
    folder = tmp_path_factory.mktemp("undisturbed") / "copy"
    told, sealed = run(strace, before, folder, f"trace={','.join(CALLS)}", folder.with_name("trace"))
    assert sealed
    assert [seq for seq, _ in told] == [BEFORE + number for number in range(GROUP)]
    counted = Counter(re.findall(r"^(?:\d+ +)?(\w+)\(", folder.with_name("trace").read_text(), re.MULTILINE))
    # The worker tells what it has by `write`, and each file is written, flushed and unlinked in turn.
    assert counted.keys() >= {"write", "pwrite64", "fdatasync", "unlink", "openat"}
    return counted


def run(
    strace: str, before: Path, folder: Path, what: str, out: Path, *, weak: bool = False
) -> tuple[list[tuple[int, str]], bool]:
    """Let a worker do its work in a copy of a folder, under strace; what it acknowledged, and if it came to its end."""
    shutil.copytree(before, folder)
    pipe, end = _context.Pipe()
    worker = _context.Process(target=work, args=(folder, end, weak))
    worker.start()
    end.close()
    assert pipe.recv() == "ready"
    tracer = subprocess.Popen(
        [strace, "-f", "-p", str(worker.pid), "-o", str(out), "-e", what], stderr=subprocess.PIPE, text=True
    )
    assert tracer.stderr is not None
    line = tracer.stderr.readline()
    if "attached" not in line:
        worker.kill()
        missing(f"strace may not attach to a process here: {line.strip()}")
    told: list[tuple[int, str]] = []
    sealed = False
    try:
        pipe.send("go")
        while True:
            said = pipe.recv()
            if said == "sealed":
                sealed = True
            else:
                told.append(said)
    except EOFError:
        pass
    worker.join()
    tracer.communicate()
    return told, sealed


def faults(calls: Counter[str], every: int) -> Iterator[tuple[str, int, str]]:
    """Every k-th of all calls with all faults; which faults go with which call shifts from one to the next."""
    sites = [(call, number, fault) for call in CALLS for number in range(1, calls[call] + 1) for fault in FAULTS]
    return iter(sites[::every])


def violations(
    strace: str, before: Path, folder: Path, sites: Iterator[tuple[str, int, str]], *, weak: bool = False
) -> dict[str, list[str]]:
    """What each fault broke."""
    found = {}
    for call, number, fault in sites:
        name = f"{call}-{number}-{fault.partition('=')[2]}"
        copy = folder / name
        what = f"inject={call}:{fault}:when={number}"
        told, sealed = run(strace, before, copy, what, folder / "trace", weak=weak)
        acknowledged = {seq: f"r{seq}" for seq in range(BEFORE)} | dict(told)
        wrong = broken_promises(copy / "log.sqlite3", copy / "keys", acknowledged)
        # `write` is how the worker tells what it has, and no part of the log.
        if not sealed and fault != "signal=KILL" and call != "write":
            wrong.append("after the error passed it did not go on")
        if wrong:
            found[name] = wrong
    return found


def test_a_call_that_fails_or_is_the_last_one_breaks_no_promise(
    strace: str, before: Path, calls: Counter[str], tmp_path: Path
) -> None:
    every = max(1, calls.total() * len(FAULTS) // 25)
    # No multiple of the number of faults, or each call would meet the same one.
    assert violations(strace, before, tmp_path, faults(calls, every + (every % 3 == 0))) == {}


@pytest.mark.long
def test_no_call_that_fails_or_is_the_last_one_breaks_a_promise(
    strace: str, before: Path, calls: Counter[str], tmp_path: Path
) -> None:
    assert violations(strace, before, tmp_path, faults(calls, 1)) == {}


def test_without_a_journal_a_killed_append_is_found_half_done(
    strace: str, before: Path, calls: Counter[str], tmp_path: Path
) -> None:
    sites = [("pwrite64", number, "signal=KILL") for number in range(2, 6)]

    assert violations(strace, before, tmp_path, iter(sites), weak=True) != {}
