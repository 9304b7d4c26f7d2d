"""Many callers, few commits: every answer is the caller's own, and a commit that fails is told to all it was for."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from cases.errors import MAX_RECORD_BYTES, KeyReused, LogUnavailable, RecordTooLarge, RefusedToSign
from cases.log import group, sqlite
from cases.log.audit import verify
from cases.log.group import GroupCommit
from cases.log.store import Appended, AuditLog, KeySeen, NewEntry, digest_of
from cases.request import Request
from tests.api.kit import pages_in_use, until
from tests.log.kit import numbered


@pytest.fixture
def log(tmp_path: Path) -> Iterator[AuditLog]:
    with AuditLog.open(tmp_path / "log.sqlite3") as opened:
        yield opened


def keyed(number: int, key: str, fingerprint: str) -> NewEntry:
    (entry,) = numbered(number, number + 1)
    return NewEntry(id=entry.id, data=entry.data, request=Request(key, fingerprint))


class Held:
    """A log that commits nothing before it is let go, and counts the groups it is given."""

    def __init__(self, log: AuditLog, monkeypatch: pytest.MonkeyPatch) -> None:
        self.groups: list[list[str]] = []
        self.reached, self.released = threading.Event(), threading.Event()
        commit = log.append_each

        def held(entries: Sequence[NewEntry], sources: Mapping[str, bytes] | None = None) -> object:
            self.groups.append([each.id for each in entries])
            self.reached.set()
            assert self.released.wait(60)
            return commit(entries, sources)

        monkeypatch.setattr(log, "append_each", held)


class Crowd:
    """Callers that wait: the first holds the commit, the others gather in one group behind it."""

    def __init__(self, writer: GroupCommit, held: Held, pool: ThreadPoolExecutor) -> None:
        self._writer, self._held, self._pool = writer, held, pool
        self.answers: list[Future[Appended | KeySeen]] = []

    def send(self, *entries: NewEntry, sources: Mapping[str, bytes] | None = None) -> None:
        for entry in entries:
            before = self._writer._waiting.qsize()
            self.answers.append(self._pool.submit(self._writer.append, entry, sources))
            if len(self.answers) == 1:
                assert self._held.reached.wait(60)
            else:
                until(lambda before=before: self._writer._waiting.qsize() == before + 1, "waiting")  # type: ignore[misc]

    def outcomes(self) -> list[Appended | KeySeen | BaseException]:
        self._held.released.set()
        return [each.exception(60) or each.result() for each in self.answers]


@pytest.fixture
def crowd(log: AuditLog, monkeypatch: pytest.MonkeyPatch) -> Iterator[Crowd]:
    held = Held(log, monkeypatch)
    with ThreadPoolExecutor(16) as pool, GroupCommit(log) as writer:
        try:
            yield Crowd(writer, held, pool)
        finally:
            held.released.set()


def test_of_16_threads_with_50_records_each_every_one_is_told_its_own_place_and_commits_are_far_fewer(
    log: AuditLog,
) -> None:
    told: dict[str, int] = {}
    woken: list[None] = []
    start = threading.Barrier(16)

    def send(caller: int, append: Callable[[NewEntry], Appended | KeySeen]) -> None:
        start.wait(60)
        for entry in numbered(caller * 50, caller * 50 + 50):
            told[entry.id] = append(entry).seq

    with GroupCommit(log, committed=lambda: woken.append(None)) as writer, ThreadPoolExecutor(16) as pool:
        for done in [pool.submit(send, caller, writer.append) for caller in range(16)]:
            done.result()

    assert {entry.id: entry.seq for entry in log.entries()} == told
    assert sorted(told.values()) == list(range(800))
    commits = len(list(log.checkpoints()))
    assert len(woken) == commits
    assert commits <= 800 / 4
    assert verify(log).ok


def test_the_records_of_one_caller_stand_in_the_order_he_sent_them(log: AuditLog) -> None:
    with GroupCommit(log) as writer:
        assert [writer.append(each) for each in numbered(0, 5)] == [Appended(seq=each) for each in range(5)]


def test_those_who_come_while_a_commit_is_on_its_way_share_the_next_one(
    crowd: Crowd, log: AuditLog, tmp_path: Path
) -> None:
    crowd.send(*numbered(0, 9))

    assert crowd.outcomes() == [Appended(seq=each) for each in range(9)]
    assert [point.size for point in log.checkpoints()] == [1, 9]


def test_a_group_is_never_longer_than_its_limit(crowd: Crowd, log: AuditLog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(group, "MOST", 4)
    crowd.send(*numbered(0, 11))

    assert crowd.outcomes() == [Appended(seq=each) for each in range(11)]
    assert [point.size for point in log.checkpoints()] == [1, 5, 9, 11]


def test_a_reused_key_refuses_its_caller_alone_and_a_repeated_one_gets_its_earlier_place(
    crowd: Crowd, log: AuditLog
) -> None:
    crowd.send(keyed(0, "k", "same"))
    crowd.send(*numbered(1, 3), keyed(3, "k", "other"), keyed(4, "k", "same"), *numbered(5, 7))

    found = crowd.outcomes()

    assert found[:3] == [Appended(seq=0), Appended(seq=1), Appended(seq=2)]
    assert isinstance(found[3], KeyReused)
    assert (found[3].key, found[3].seq) == ("k", 0)
    assert found[4:] == [KeySeen(seq=0), Appended(seq=3), Appended(seq=4)]
    assert [entry.id for entry in log.entries()] == ["r0", "r1", "r2", "r5", "r6"]


def test_one_key_twice_in_one_group_is_one_record(crowd: Crowd, log: AuditLog) -> None:
    crowd.send(*numbered(0, 1), keyed(1, "k", "same"), keyed(2, "k", "same"), keyed(3, "k", "other"), *numbered(4, 5))

    found = crowd.outcomes()

    assert found[:3] == [Appended(seq=0), Appended(seq=1), KeySeen(seq=1)]
    assert isinstance(found[3], KeyReused)
    assert found[4] == Appended(seq=2)
    assert [point.size for point in log.checkpoints()] == [1, 3]
    assert log.known("k") == (1, "same")


def test_a_record_that_is_too_large_refuses_its_caller_alone(crowd: Crowd, log: AuditLog) -> None:
    crowd.send(*numbered(0, 2))
    with pytest.raises(RecordTooLarge) as refused:
        crowd._writer.append(NewEntry(id="large", data=b"x" * (MAX_RECORD_BYTES + 1)))
    crowd.send(NewEntry(id="largest", data=b"x" * MAX_RECORD_BYTES))

    assert refused.value.id == "large"
    assert crowd.outcomes() == [Appended(seq=each) for each in range(3)]
    assert log.find("large") is None


def test_the_rule_bytes_of_every_caller_of_a_group_are_kept(crowd: Crowd, log: AuditLog) -> None:
    files = [b"one", b"two", b"three"]
    for number, data in enumerate(files):
        crowd.send(*numbered(number, number + 1), sources={digest_of(data): data})

    assert crowd.outcomes() == [Appended(seq=each) for each in range(3)]
    assert dict(log.sources()) == {digest_of(data): data for data in files}
    with pytest.raises(ValueError, match="another digest"):
        crowd._writer.append(numbered(3, 4)[0], {digest_of(b"one"): b"two"})


def test_a_commit_that_fails_is_told_to_every_caller_it_was_for_and_the_next_one_goes_on(
    log: AuditLog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit = pages_in_use(tmp_path / "log.sqlite3")
    log.close()
    monkeypatch.setitem(sqlite._SETTINGS, "max_page_count", (str(limit), limit))
    large = [NewEntry(id=each.id, data=each.data + b" " * 60_000) for each in numbered(0, 8)]

    with AuditLog.open(tmp_path / "log.sqlite3") as full:
        held = Held(full, monkeypatch)
        with ThreadPoolExecutor(16) as pool, GroupCommit(full) as writer:
            crowd = Crowd(writer, held, pool)
            crowd.send(*large)
            found = crowd.outcomes()
            monkeypatch.delitem(sqlite._SETTINGS, "max_page_count")
            full.database.close()
            # Connections kept their limit; those made from here on have none.
            full.database._start()

            assert [type(each) for each in found] == [LogUnavailable] * 8
            assert all("full" in str(each) for each in found)
            assert [len(each) for each in held.groups] == [1, 7]
            assert full.head().size == 0
            assert writer.append(large[3]) == Appended(seq=0)


def test_a_defect_in_a_commit_is_told_to_every_caller_and_ends_nothing(
    crowd: Crowd, log: AuditLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    crowd.send(*numbered(0, 3), *numbered(2, 3))  # one id twice: the caller's bug

    found = crowd.outcomes()

    assert found[0] == Appended(seq=0)
    assert [str(each) for each in found[1:]] == ["two of the new records have the same id"] * 3
    assert crowd._writer.append(numbered(1, 2)[0]) == Appended(seq=1)


def test_when_too_many_wait_the_next_caller_is_told_to_come_back(
    log: AuditLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(group, "WAITING", 3)
    held = Held(log, monkeypatch)
    with ThreadPoolExecutor(16) as pool, GroupCommit(log) as writer:
        crowd = Crowd(writer, held, pool)
        crowd.send(*numbered(0, 4))  # one on its way, three waiting

        with pytest.raises(LogUnavailable, match="3 records are waiting to be written"):
            writer.append(numbered(4, 5)[0])

        assert crowd.outcomes() == [Appended(seq=each) for each in range(4)]
        assert writer.append(numbered(4, 5)[0]) == Appended(seq=4)


def test_closing_commits_what_waits_and_later_callers_are_told_that_it_is_closed(
    log: AuditLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = Held(log, monkeypatch)
    writer = GroupCommit(log)
    with ThreadPoolExecutor(16) as pool:
        crowd = Crowd(writer, held, pool)
        crowd.send(*numbered(0, 6))
        closing = pool.submit(writer.close)
        until(lambda: writer._closed, "closing")

        with pytest.raises(ValueError, match="closed"):
            writer.append(numbered(6, 7)[0])
        assert not closing.done()
        assert crowd.outcomes() == [Appended(seq=each) for each in range(6)]
        closing.result(60)

    assert log.head().size == 6
    with pytest.raises(ValueError, match="closed"):
        writer.append(numbered(6, 7)[0])


def test_the_gate_is_asked_before_every_record(log: AuditLog) -> None:
    refusals: list[RefusedToSign] = []

    def gate() -> None:
        if refusals:
            raise refusals[0]

    with GroupCommit(log, gate=gate) as writer:
        writer.append(numbered(0, 1)[0])
        refusals.append(RefusedToSign("another log"))

        with pytest.raises(RefusedToSign, match="another log"):
            writer.append(numbered(1, 2)[0])
    assert log.head().size == 1


def test_another_process_may_append_between_two_groups(log: AuditLog, tmp_path: Path) -> None:
    with GroupCommit(log) as writer, AuditLog.open(tmp_path / "log.sqlite3") as other:
        places = []
        for number in range(0, 20, 2):
            places.append(writer.append(numbered(number, number + 1)[0]).seq)
            places += [each.seq for each in other.append(numbered(number + 1, number + 2))]

    assert places == list(range(20))
    with sqlite3.connect(tmp_path / "log.sqlite3") as raw:
        assert raw.execute("SELECT count(*) FROM checkpoint").fetchone() == (20,)
    raw.close()
