"""The store keeps what it acknowledged: positions, keys, threads, processes, full disks, kills."""

from __future__ import annotations

import os
import pickle
import random
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from cases.errors import (
    CaseError,
    KeyReused,
    LogDamaged,
    LogUnavailable,
    RecordMissing,
    RecordTooLarge,
    SourceMissing,
    UnsafeStore,
)
from cases.log import sqlite
from cases.log.audit import verify, verify_file
from cases.log.store import Appended, AuditLog, KeySeen, NewEntry, digest_of

# A child that appends one record after the other and prints each position only after it was acknowledged.
APPENDER = """
    import sys
    from pathlib import Path
    from cases.log.store import AuditLog, NewEntry

    path, name, count, padding = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), "x" * int(sys.argv[4])
    with AuditLog.open(path) as log:
        for number in range(count):
            id = f"{name}-{number}"
            place, = log.append([NewEntry(id=id, data=b'{"id":"%s","pad":"%s"}' % (id.encode(), padding.encode()))])
            print(place.seq, id, flush=True)
"""


def record(id: str, pad: str = "") -> NewEntry:  # noqa: A002 - the record's own word for it
    return NewEntry(id=id, data=f'{{"id":"{id}","pad":"{pad}"}}'.encode())


def keyed(id: str, key: str, fingerprint: str) -> NewEntry:  # noqa: A002 - see above
    return NewEntry(id=id, data=f'{{"id":"{id}"}}'.encode(), key=key, fingerprint=fingerprint)


def appender(path: Path, name: str, count: int, padding: int = 0) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", textwrap.dedent(APPENDER), str(path), name, str(count), str(padding)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2])


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "folder" / "log.db"


@pytest.fixture
def log(path: Path) -> Iterator[AuditLog]:
    with AuditLog.open(path) as opened:
        yield opened


def test_an_appended_record_is_read_back_by_position_and_by_id(log: AuditLog) -> None:
    places = log.append([record("a"), record("b")])

    assert places == (Appended(seq=0), Appended(seq=1))
    assert log.read(1).data == b'{"id":"b","pad":""}'
    assert log.find("b") == log.read(1)
    assert log.find("c") is None
    assert [point.size for point in log.checkpoints()] == [2]


def test_a_new_file_is_for_its_owner_only(log: AuditLog, path: Path) -> None:
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_records_are_streamed_across_pages_in_order(log: AuditLog) -> None:
    log.append([record(str(n)) for n in range(600)])

    assert [entry.seq for entry in log.entries()] == list(range(600))
    assert [entry.seq for entry in log.entries(250, 520)] == list(range(250, 520))


def test_a_reopened_log_goes_on_where_it_ended(path: Path) -> None:
    with AuditLog.open(path) as log:
        log.append([record("a"), record("b"), record("c")])

    with AuditLog.open(path) as log:
        places = log.append([record("d")])

        assert places == (Appended(seq=3),)
        assert verify(log).ok


def test_eight_threads_get_positions_without_gaps(log: AuditLog) -> None:
    def work(name: int) -> list[int]:
        return [log.append([record(f"{name}-{number}")])[0].seq for number in range(15)]

    with ThreadPoolExecutor(8) as pool:
        given = [seq for seqs in pool.map(work, range(8)) for seq in seqs]

    assert sorted(given) == list(range(120))
    assert verify(log).ok


def test_four_processes_get_positions_without_gaps(path: Path) -> None:
    children = [appender(path, f"child{number}", 25) for number in range(4)]

    said = [child.communicate(timeout=300)[0] for child in children]

    assert [child.returncode for child in children] == [0, 0, 0, 0]
    acknowledged = dict(line.split() for text in said for line in text.splitlines())
    with AuditLog.open(path, read_only=True) as log:
        assert {str(entry.seq): entry.id for entry in log.entries()} == acknowledged
        assert sorted(map(int, acknowledged)) == list(range(100))
        assert verify(log).ok


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_forked_child_may_go_on_appending(log: AuditLog) -> None:
    log.append([record("parent")])

    child = os.fork()
    if child == 0:  # pragma: no cover - runs in the child
        status = 1
        try:
            status = 0 if log.append([record("child")]) == (Appended(seq=1),) else 2
        finally:
            os._exit(status)
    _, status = os.waitpid(child, 0)
    places = log.append([record("parent again")])

    assert status == 0
    assert places == (Appended(seq=2),)
    assert verify(log).ok


def test_a_file_in_wal_mode_is_refused_and_left_as_it_is(path: Path) -> None:
    AuditLog.open(path).close()
    raw = sqlite3.connect(path)
    raw.execute("PRAGMA journal_mode=WAL")
    raw.close()

    with pytest.raises(UnsafeStore, match="WAL mode"):
        AuditLog.open(path)

    raw = sqlite3.connect(path)
    assert raw.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    raw.close()


def test_a_file_switched_to_wal_while_open_takes_no_more_records(log: AuditLog, path: Path) -> None:
    log.append([record("a")])
    raw = sqlite3.connect(path)
    raw.execute("PRAGMA journal_mode=WAL")

    with pytest.raises(UnsafeStore, match="WAL mode"):
        log.append([record("b")])

    raw.close()


def test_a_setting_that_reads_back_wrong_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sqlite._SETTINGS, "synchronous", ("NORMAL", 3))

    with pytest.raises(UnsafeStore, match="synchronous"):
        AuditLog.open(path)


def test_a_file_that_is_no_log_is_refused(tmp_path: Path) -> None:
    text, other = tmp_path / "text", tmp_path / "other.db"
    text.write_text("not a database at all " * 100)
    raw = sqlite3.connect(other)
    raw.execute("CREATE TABLE t (x)")
    raw.close()

    for path in (text, other):
        with pytest.raises(UnsafeStore):
            AuditLog.open(path)
    with pytest.raises(UnsafeStore, match="no such file"):
        AuditLog.open(tmp_path / "absent.db", read_only=True)
    assert not (tmp_path / "absent.db").exists()


def test_a_layout_of_another_version_is_refused(path: Path) -> None:
    AuditLog.open(path).close()
    tamper(path, "UPDATE meta SET value = '99'")

    with pytest.raises(UnsafeStore, match="version `99`"):
        AuditLog.open(path, read_only=True)


def test_a_log_without_its_triggers_takes_no_records_but_can_be_read(path: Path) -> None:
    AuditLog.open(path).close()
    tamper(path)

    with pytest.raises(UnsafeStore, match="trigger"):
        AuditLog.open(path)
    AuditLog.open(path, read_only=True).close()


def test_a_log_opened_for_reading_takes_no_records(log: AuditLog, path: Path) -> None:
    with AuditLog.open(path, read_only=True) as reader, pytest.raises(OSError, match="reading only"):
        reader.append([record("a")])


def test_a_log_whose_file_was_replaced_takes_no_more_records(log: AuditLog, path: Path) -> None:
    shutil.copy(path, path.with_suffix(".copy"))
    path.with_suffix(".copy").replace(path)

    with pytest.raises(LogUnavailable, match="moved or replaced"):
        log.append([record("a")])


def test_a_key_seen_again_gives_the_earlier_position_and_appends_nothing(log: AuditLog) -> None:
    first = log.append([record("x"), keyed("a", "key", "f")])
    again = log.append([keyed("b", "key", "f"), record("y")])

    assert first[1] == Appended(seq=1)
    assert again == (KeySeen(seq=1), Appended(seq=2))
    assert log.known("key") == (1, "f")
    assert log.known("other") is None
    assert log.find("b") is None


def test_a_key_twice_in_one_call_is_one_record(log: AuditLog) -> None:
    places = log.append([keyed("a", "key", "f"), keyed("b", "key", "f"), keyed("c", "other", "f")])

    assert places == (Appended(seq=0), KeySeen(seq=0), Appended(seq=1))


def test_a_key_with_other_content_is_refused_and_nothing_of_the_call_is_written(log: AuditLog) -> None:
    log.append([keyed("a", "key", "f")])

    with pytest.raises(KeyReused, match="`key`") as refused:
        log.append([record("x"), keyed("b", "key", "g")])

    assert refused.value.seq == 0
    assert log.head().size == 1


def test_a_hundred_equal_requests_at_once_are_one_record(log: AuditLog) -> None:
    with ThreadPoolExecutor(8) as pool:
        places = list(pool.map(lambda n: log.append([keyed(f"id{n}", "key", "f")])[0], range(100)))

    assert sum(isinstance(place, Appended) for place in places) == 1
    assert {place.seq for place in places} == {0}
    assert log.head().size == 1


def test_a_record_too_large_is_refused_before_anything_is_written(log: AuditLog) -> None:
    largest = NewEntry(id="largest", data=b"x" * 65_535)

    with pytest.raises(RecordTooLarge, match="65536 bytes"):
        log.append([record("a"), NewEntry(id="b", data=b"x" * 65_536)])
    places = log.append([largest])

    assert places == (Appended(seq=0),)
    assert log.read(0).data == largest.data


def test_a_position_beyond_the_end_is_missing(log: AuditLog) -> None:
    log.append([record("a")])

    for seq in (1, -1, 2**80):
        with pytest.raises(RecordMissing):
            log.read(seq)


def test_rule_bytes_are_kept_once_under_their_digest(log: AuditLog) -> None:
    data = "规则".encode()
    log.append([record("a")], {digest_of(data): data})
    log.append([record("b")], {digest_of(data): data})

    assert log.source(digest_of(data)) == data
    assert list(log.sources()) == [(digest_of(data), data)]
    with pytest.raises(SourceMissing):
        log.source(digest_of(b""))


def test_bugs_of_the_caller_stay_loud(log: AuditLog) -> None:
    log.append([record("a")])

    with pytest.raises(ValueError, match="another digest"):
        log.append([record("b")], {"sha256:00": b""})
    with pytest.raises(ValueError, match="already in the log"):
        log.append([record("a")])
    with pytest.raises(ValueError, match="same id"):
        log.append([record("c"), record("c")])
    with pytest.raises(ValueError, match="fingerprint"):
        log.append([NewEntry(id="d", data=b"", key="key")])
    assert log.head().size == 1


@pytest.mark.parametrize("table", ["entry", "checkpoint", "source", "idempotency", "meta"])
def test_the_triggers_refuse_to_change_or_delete_a_row(log: AuditLog, path: Path, table: str) -> None:
    log.append([keyed("a", "key", "f")], {digest_of(b"x"): b"x"})
    raw = sqlite3.connect(path)
    column = raw.execute(f"SELECT name FROM pragma_table_info('{table}')").fetchone()[0]  # noqa: S608 - our names

    for change in (
        f"UPDATE {table} SET {column} = {column}",  # noqa: S608 - see above
        f"DELETE FROM {table}",  # noqa: S608 - see above
        f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}",  # noqa: S608 - see above
    ):
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            raw.execute(change)
    raw.close()


def test_the_head_can_neither_shrink_nor_go(log: AuditLog, path: Path) -> None:
    log.append([record("a")])
    raw = sqlite3.connect(path)

    for change in ("UPDATE head SET size = 0", "DELETE FROM head"):
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            raw.execute(change)
    raw.close()


def test_a_head_that_contradicts_itself_takes_no_more_records(log: AuditLog, path: Path) -> None:
    log.append([record("a")])
    tamper(path, "UPDATE head SET root = zeroblob(32)")

    with pytest.raises(LogDamaged, match="contradicts itself"):
        log.append([record("b")])


def test_rule_bytes_that_were_changed_are_not_given_out(log: AuditLog, path: Path) -> None:
    log.append([record("a")], {digest_of(b"x"): b"x"})
    tamper(path, "UPDATE source SET bytes = x'79'")

    with pytest.raises(LogDamaged, match="another digest"):
        log.source(digest_of(b"x"))


def test_a_locked_file_is_unavailable_and_works_again_afterwards(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sqlite._SETTINGS, "busy_timeout", ("20", 20))
    with AuditLog.open(path) as log:
        raw = sqlite3.connect(path, isolation_level=None)
        raw.execute("BEGIN EXCLUSIVE")

        with pytest.raises(LogUnavailable, match="locked"):
            log.append([record("a")])
        raw.close()

        assert log.append([record("a")]) == (Appended(seq=0),)


def test_a_closed_log_cannot_be_used(path: Path) -> None:
    log = AuditLog.open(path)
    log.close()

    with pytest.raises(ValueError, match="closed"):
        log.head()


def fill(log: AuditLog) -> list[int]:
    """Append until the log refuses; the positions acknowledged before that."""
    kept: list[int] = []

    def until_refused() -> None:
        for number in range(1_000):
            kept.append(log.append([record(f"fill{number}", "x" * 5_000)])[0].seq)

    with pytest.raises(LogUnavailable, match="full"):
        until_refused()
    return kept


def check_after_full(log: AuditLog, kept: list[int]) -> None:
    assert kept == list(range(len(kept)))
    assert len(kept) > 3
    assert log.head().size == len(kept)
    assert verify(log).ok


def test_a_file_at_its_limit_loses_nothing_and_goes_on_when_there_is_space(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sqlite._SETTINGS, "max_page_count", ("80", 80))
    with AuditLog.open(path) as log:
        kept = fill(log)
        check_after_full(log, kept)
        monkeypatch.delitem(sqlite._SETTINGS, "max_page_count")

    with AuditLog.open(path) as log:
        assert log.append([record("after")]) == (Appended(seq=len(kept)),)
        assert verify(log).ok


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = shutil.which("mount")
    if mount is None or not hasattr(os, "geteuid") or os.geteuid() != 0:
        pytest.skip("a full disk needs root and `mount`; the limit of the file itself is tested above")
    done = subprocess.run(
        [mount, "-t", "tmpfs", "-o", "size=512k", "none", str(folder)], capture_output=True, check=False
    )
    if done.returncode:
        pytest.skip(f"a small disk cannot be mounted here: {done.stderr.decode(errors='replace').strip()}")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_loses_nothing_and_goes_on_when_there_is_space(small_disk: Path) -> None:
    ballast = small_disk / "ballast"
    ballast.write_bytes(b"x" * 200_000)
    with AuditLog.open(small_disk / "log.db") as log:
        kept = fill(log)
        check_after_full(log, kept)
        ballast.unlink()

        assert log.append([record("after")]) == (Appended(seq=len(kept)),)
        assert verify(log).ok


def test_killed_at_any_moment_it_keeps_every_acknowledged_record(path: Path) -> None:
    chance = random.Random(20250101)  # noqa: S311 - which moments, not a secret
    acknowledged: dict[int, str] = {}

    for turn in range(6):
        child = appender(path, f"turn{turn}", 10_000, padding=chance.choice([0, 3_000, 30_000]))
        assert child.stdout is not None
        lines = [child.stdout.readline() for _ in range(chance.randrange(1, 40))]
        child.send_signal(signal.SIGKILL)
        lines += child.stdout.readlines()
        child.stdout.close()
        child.wait()
        acknowledged |= {int(line.split()[0]): line.split()[1] for line in lines if line.endswith("\n")}

    with AuditLog.open(path, read_only=True) as log:
        kept = {entry.seq: entry.id for entry in log.entries()}
    assert acknowledged.items() <= kept.items()
    assert sorted(kept) == list(range(len(kept)))
    assert verify_file(path).ok


def test_every_refusal_of_the_log_has_a_code_of_its_own_and_one_sentence() -> None:
    every = [
        LogUnavailable("disk full"),
        UnsafeStore("p", "it is odd", "mend it"),
        KeyReused("k", 1),
        RecordTooLarge("a", 70_000),
        RecordMissing(3, 2),
        SourceMissing("sha256:0"),
        LogDamaged("it is torn", 4),
    ]

    assert {type(error) for error in every} <= set(CaseError.__subclasses__())
    assert len({leaf.code for leaf in CaseError.__subclasses__()}) == len(CaseError.__subclasses__())
    assert [str(pickle.loads(pickle.dumps(error))) for error in every] == [str(error) for error in every]  # noqa: S301 - our own
    assert not any("\n" in str(error) or str(error).endswith(".") for error in every)


def tamper(path: Path, *changes: str) -> None:
    """What the owner of the file can do: take the triggers out and change rows."""
    raw = sqlite3.connect(path)
    for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        raw.execute(f"DROP TRIGGER {name}")
    for change in changes:
        raw.execute(change)
    raw.commit()
    raw.close()
