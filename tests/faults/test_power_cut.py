"""The power goes after any operation on the disk: what was acknowledged is there, and the log is sound.

Our own statements, written down while the log runs them, are run once more on an SQLite whose file system notes every
operation; then each moment between two operations is a cut, with several outcomes of what was not flushed yet.
"""

from __future__ import annotations

import random
import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import chain, pairwise
from pathlib import Path
from typing import Any

import apsw
import pytest
import sqlalchemy as sa

from cases.errors import CaseError
from cases.log import sqlite
from cases.log.audit import verify
from cases.log.sealing import SigningState
from cases.log.store import AuditLog, NewEntry
from tests.faults.disk import Did, Recording, after_cut, outcomes
from tests.log.kit import ORIGIN, keyed, numbered, record, sealed

LOG = "log.sqlite3"
BEFORE = 2
Statement = tuple[str, tuple[Any, ...]]


@dataclass(frozen=True)
class Story:
    """What was on the disk, what was done to it, and how many records there are after each acknowledgement."""

    files: dict[str, bytes]
    did: list[Did]


def groups(count: int) -> list[list[NewEntry]]:
    """Small groups, one with a record that takes many pages."""
    return [
        [keyed(f"{group}-a", f"key {group}", "f"), record(f"{group}-b", "x" * (20_000 if group % 2 else 10))]
        for group in range(count)
    ]


@contextmanager
def noted(log: AuditLog) -> Iterator[list[list[Statement]]]:
    """Every transaction of a log that wrote, as the statements it ran."""
    transactions: list[list[Statement]] = []
    engine = log.database._engine

    def ran(_conn: Any, _cursor: Any, statement: str, given: Any, _context: Any, many: bool) -> None:
        if statement.startswith("BEGIN"):
            transactions.append([])
        transactions[-1] += [(statement, tuple(each)) for each in given] if many else [(statement, tuple(given))]

    sa.event.listen(engine, "before_cursor_execute", ran)
    yield transactions
    sa.event.remove(engine, "before_cursor_execute", ran)
    transactions[:] = [each for each in transactions if each[0][0] == "BEGIN IMMEDIATE"]


def told(path: Path, transactions: Sequence[Sequence[Statement]], **settings: str) -> Story:
    """Run transactions on a file with our settings, or others, and note what its disk is asked to do."""
    files = {path.name: path.read_bytes()}
    disk = Recording(f"recording-{path}")
    raw = apsw.Connection(str(path), vfs=f"recording-{path}")
    for name, (value, _) in sqlite._SETTINGS.items():
        raw.execute(f"PRAGMA {name}={settings.get(name, value)}").fetchall()
    disk.did.clear()
    for number, statements in enumerate(transactions):
        for statement, given in statements:
            raw.execute(statement, given).fetchall()
        raw.execute("COMMIT")
        disk.did.append(Did("acknowledged", at=number + 1))
    raw.close()
    disk.unregister()
    return Story(files, disk.did)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log of a few records."""
    folder = tmp_path_factory.mktemp("shared")
    with AuditLog.open(folder / LOG) as log:
        log.append(numbered(0, BEFORE))
    return folder


def appending(shared: Path, folder: Path, count: int, **settings: str) -> Story:
    """The story of so many groups appended to the log."""
    folder.mkdir()
    for copy in ("noted", "told"):
        shutil.copy(shared / LOG, folder / copy)
    with AuditLog.open(folder / "noted") as log, noted(log) as transactions:
        for group in groups(count):
            log.append(group)
    (folder / "told").rename(folder / LOG)
    story = told(folder / LOG, transactions, **settings)
    # The same statements made the same log.
    with AuditLog.open(folder / LOG) as made, AuditLog.open(folder / "noted") as wanted:
        assert [*made.entries()] == [*wanted.entries()]
    return story


def cuts(story: Story, folder: Path, seeds: int) -> Iterator[tuple[str, int]]:
    """Make the disk after every cut and outcome in a folder: what to call it, and how much was acknowledged."""
    for cut in range(len(story.did) + 1):
        acknowledged = max((each.at for each in story.did[:cut] if each.what == "acknowledged"), default=0)
        seen: set[tuple[tuple[str, bytes], ...]] = set()
        for seed in range(seeds):
            for outcome, chosen in outcomes(random.Random(f"{cut} {seed}")):  # noqa: S311 - which sectors, not a secret
                left = after_cut(story.files, story.did[:cut], chosen)
                if (key := tuple(sorted(left.items()))) in seen:
                    continue
                seen.add(key)
                shutil.rmtree(folder, ignore_errors=True)
                folder.mkdir()
                for name, data in left.items():
                    (folder / name).write_bytes(data)
                yield f"{outcome} at {cut} of {len(story.did)}", acknowledged


def lost(story: Story, folder: Path, seeds: int = 1) -> Iterator[str]:
    """The cuts after which the log is not sound, or lacks what was acknowledged."""
    tried = 0
    for name, acknowledged in cuts(story, folder, seeds):
        tried += 1
        wanted = [entry.id for entry in chain(numbered(0, BEFORE), *groups(acknowledged))]
        try:
            with AuditLog.open(folder / LOG) as log:
                ids = [entry.id for entry in log.entries()]
                report = verify(log)
        except CaseError as exc:
            yield f"{name}: {exc}"
            continue
        if ids[: len(wanted)] != wanted or not report.ok or (len(ids) - BEFORE) % 2:
            yield f"{name}: {len(ids)} records, {len(wanted)} acknowledged, {report.findings[:1]}"
    assert tried > len(story.did)


@pytest.fixture
def ram(tmp_path: Path) -> Iterator[Path]:
    """A folder for disks that need not last: in memory where there is such a place."""
    place = Path("/dev/shm")  # noqa: S108 - a folder of our own in it
    folder = place / f"zhunsheng-{tmp_path.name}-{random.getrandbits(40):x}" if place.is_dir() else tmp_path / "ram"
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def test_a_power_cut_at_any_operation_of_an_append_loses_nothing_acknowledged(
    shared: Path, tmp_path: Path, ram: Path
) -> None:
    assert [*lost(appending(shared, tmp_path / "story", 2), ram)] == []


@pytest.mark.long
def test_power_cuts_with_many_outcomes_lose_nothing_acknowledged(shared: Path, tmp_path: Path, ram: Path) -> None:
    assert [*lost(appending(shared, tmp_path / "story", 6), ram, seeds=8)] == []


@pytest.mark.parametrize("settings", [{"synchronous": "OFF"}, {"synchronous": "FULL"}], ids=str)
def test_with_fewer_flushes_power_cuts_lose_records(
    shared: Path, tmp_path: Path, ram: Path, settings: dict[str, str]
) -> None:
    """FULL flushes all but the deletion of the journal: when that comes back, it takes the last commit with it."""
    assert any(lost(appending(shared, tmp_path / "story", 2, **settings), ram))


def swapping(folder: Path, **settings: str) -> tuple[Story, list[int]]:
    """The story of the signing state moved on twice, and the sizes it says in turn."""
    with sealed(folder) as it:
        it.grow(1)
        path, states = it.state.path, [it.state.read()]
        before = path.read_bytes()
        for size in (3, 6):
            it.grow(size - states[-1].size)
            states.append(it.state.read())
    path.write_bytes(before)
    change = "UPDATE signed SET size = ?, root = ?, frontier = ? WHERE size = ? AND root = ?"
    swaps = [
        [
            ("BEGIN IMMEDIATE", ()),
            (change, (new.size, new.root, b"".join(new.peaks), old.size, old.root)),
        ]
        for old, new in pairwise(states)
    ]
    return told(path, swaps, **settings), [state.size for state in states]


def forgotten(story: Story, sizes: list[int], folder: Path) -> list[str]:
    """The cuts after which the signing state cannot be read, or is behind what it acknowledged."""
    (name,) = story.files
    wrong = []
    for cut, acknowledged in cuts(story, folder, 1):
        try:
            size = SigningState(folder / name, ORIGIN).read().size
        except CaseError as exc:
            wrong.append(f"{cut}: {exc}")
            continue
        if size not in sizes[acknowledged : acknowledged + 2]:
            wrong.append(f"{cut}: {size}")
    return wrong


def test_a_power_cut_at_any_operation_never_takes_the_signing_state_back(tmp_path: Path, ram: Path) -> None:
    assert forgotten(*swapping(tmp_path / "story"), ram) == []


def test_with_fewer_flushes_power_cuts_take_the_signing_state_back(tmp_path: Path, ram: Path) -> None:
    assert forgotten(*swapping(tmp_path / "story", synchronous="OFF"), ram) != []


def test_the_statements_that_are_run_again_are_those_of_the_signing_state(tmp_path: Path) -> None:
    ran: list[str] = []
    with sealed(tmp_path) as it:
        it.grow(1)
        connect = it.state._connect

        def watched() -> sqlite3.Connection:
            raw = connect()
            raw.set_trace_callback(ran.append)
            return raw

        it.state._connect = watched  # type: ignore[method-assign]
        last = it.state.read()
        ran.clear()
        with closing(watched()):
            assert it.state.swap(last, last)
    assert [each.split()[0] for each in ran] == ["BEGIN", "UPDATE", "COMMIT"]
