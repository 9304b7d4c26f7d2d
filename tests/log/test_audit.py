"""Whatever is done to a log behind its back is found, and the first record it touches is named."""

from __future__ import annotations

import hashlib
import random
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from cases.errors import LogDamaged, LogUnavailable, UnsafeStore
from cases.log.audit import AuditReport, verify, verify_at
from cases.log.store import AuditLog, NewEntry, digest_of

RULES = "第一条 规则".encode()
BATCHES = (1, 3, 1, 2, 4, 1)
SIZE = sum(BATCHES)
STARTS = [start for batch, size in enumerate(BATCHES) for start in [sum(BATCHES[:batch])] * size]
"""For each record the first one of its commit: a change no record shows alone is named from there."""

records = st.integers(0, SIZE - 1)
pairs = st.lists(records, min_size=2, max_size=2, unique=True)


def content(name: str, **more: object) -> bytes:
    return rfc8785.dumps({"id": name, "rulebook": digest_of(RULES), "text": "事实", **more})  # type: ignore[dict-item]


def leaf(data: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + data).digest()


@pytest.fixture(scope="module")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("pristine") / "log.db"
    with AuditLog.open(path) as log:
        for batch, size in enumerate(BATCHES):
            names = [f"{batch}-{number}" for number in range(size)]
            entries = [NewEntry(id=name, data=content(name), key=f"key {name}", fingerprint="f") for name in names]
            log.append(entries, {digest_of(RULES): RULES})
    return path


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tampered") / "log.db"


class Owner:
    """What the owner of the file can do: take the triggers out, and then anything."""

    def __init__(self, raw: sqlite3.Connection) -> None:
        self.raw = raw
        raw.execute("PRAGMA synchronous=OFF")
        raw.execute("PRAGMA ignore_check_constraints=ON")
        self.guards = raw.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for name, _ in self.guards:
            raw.execute(f"DROP TRIGGER {name}")

    def do(self, sql: str, *values: object) -> None:
        self.raw.execute(sql, values)

    def row(self, seq: int) -> tuple[str, bytes, bytes]:
        id_, leaf_hash, data = self.raw.execute(
            "SELECT id, leaf_hash, bytes FROM entry WHERE seq = ?", (seq,)
        ).fetchone()
        return id_, leaf_hash, data

    def shift(self, start: int, by: int) -> None:
        self.do("UPDATE entry SET seq = seq + 1000 WHERE seq >= ?", start)
        self.do("UPDATE entry SET seq = seq - 1000 + ? WHERE seq >= 1000", by)


def tampered(path: Path, pristine: Path, change: Callable[[Owner], None]) -> AuditReport:
    """The report on a copy in which the triggers stand again, as if nothing had been."""
    shutil.copyfile(pristine, path)
    with closing(sqlite3.connect(path)) as raw:
        owner = Owner(raw)
        change(owner)
        for _, sql in owner.guards:
            raw.execute(sql)
        raw.commit()
    return verify_at(path)


def first(report: AuditReport) -> int | None:
    return report.findings[0].seq if report.findings else None


def codes(report: AuditReport) -> list[str]:
    return [found.code for found in report.findings]


def test_an_untouched_log_is_clean_and_its_root_derived(path: Path, pristine: Path) -> None:
    shutil.copyfile(pristine, path)
    told: list[tuple[int, int]] = []

    report = verify_at(path, lambda done, every: told.append((done, every)))

    with AuditLog.open(path, read_only=True) as log:
        assert report == AuditReport(size=SIZE, root_hex=log.head().root.hex(), findings=())
    assert report.ok
    assert told[-1] == (SIZE, SIZE)


def test_an_empty_log_is_clean(tmp_path: Path) -> None:
    with AuditLog.open(tmp_path / "log.db") as log:
        report = verify(log)

    assert report == AuditReport(size=0, root_hex=hashlib.sha256().hexdigest(), findings=())


@settings(deadline=None)
@given(seq=records, bit=st.integers(0))
def test_a_flipped_bit_in_the_bytes_names_the_record(path: Path, pristine: Path, seq: int, bit: int) -> None:
    def change(owner: Owner) -> None:
        data = bytearray(owner.row(seq)[2])
        data[bit // 8 % len(data)] ^= 1 << bit % 8
        owner.do("UPDATE entry SET bytes = ? WHERE seq = ?", bytes(data), seq)

    report = tampered(path, pristine, change)

    assert (first(report), codes(report)[0]) == (seq, "record_edited")
    assert report.findings[0].message_en.startswith(f"record {seq} was edited")
    assert "root_differs" not in codes(report)


@settings(deadline=None, max_examples=30)
@given(seq=records, bit=st.integers(0, 255))
def test_a_flipped_bit_in_a_leaf_hash_names_the_record(path: Path, pristine: Path, seq: int, bit: int) -> None:
    def change(owner: Owner) -> None:
        value = int.from_bytes(owner.row(seq)[1]) ^ 1 << bit
        owner.do("UPDATE entry SET leaf_hash = ? WHERE seq = ?", value.to_bytes(32), seq)

    report = tampered(path, pristine, change)

    assert (first(report), codes(report)) == (seq, ["record_edited"])


@settings(deadline=None, max_examples=30)
@given(seq=records)
def test_bytes_and_leaf_hash_edited_together_name_the_commit(path: Path, pristine: Path, seq: int) -> None:
    def change(owner: Owner) -> None:
        data = content(owner.row(seq)[0], amount=1)
        owner.do("UPDATE entry SET bytes = ?, leaf_hash = ? WHERE seq = ?", data, leaf(data), seq)

    report = tampered(path, pristine, change)

    assert (first(report), codes(report)) == (STARTS[seq], ["root_differs"])


@settings(deadline=None, max_examples=30)
@given(seq=records)
def test_a_deleted_record_is_named(path: Path, pristine: Path, seq: int) -> None:
    report = tampered(path, pristine, lambda owner: owner.do("DELETE FROM entry WHERE seq = ?", seq))

    assert (first(report), codes(report)[0]) == (seq, "record_missing")
    assert report.findings[0].message_en == f"record {seq} is missing"
    assert "key_points_nowhere" in codes(report)
    assert report.root_hex is None


@settings(deadline=None, max_examples=30)
@given(seq=records)
def test_a_deleted_record_whose_place_was_closed_names_the_commit(path: Path, pristine: Path, seq: int) -> None:
    def change(owner: Owner) -> None:
        owner.do("DELETE FROM entry WHERE seq = ?", seq)
        owner.shift(seq + 1, -1)

    report = tampered(path, pristine, change)

    assert first(report) == STARTS[seq]


@settings(deadline=None, max_examples=30)
@given(seq=st.integers(0, SIZE))
def test_an_inserted_record_names_the_commit(path: Path, pristine: Path, seq: int) -> None:
    def change(owner: Owner) -> None:
        owner.shift(seq, 1)
        data = content("new")
        owner.do("INSERT INTO entry VALUES (?, 'new', ?, ?)", seq, leaf(data), data)

    report = tampered(path, pristine, change)

    assert first(report) == (STARTS[seq] if seq < SIZE else SIZE)
    assert "record_beyond_head" in codes(report)


@settings(deadline=None, max_examples=30)
@given(pair=pairs)
def test_exchanged_bytes_name_the_first_of_the_two(path: Path, pristine: Path, pair: list[int]) -> None:
    def change(owner: Owner) -> None:
        one, other = (owner.row(seq)[2] for seq in pair)
        owner.do("UPDATE entry SET bytes = ? WHERE seq = ?", other, pair[0])
        owner.do("UPDATE entry SET bytes = ? WHERE seq = ?", one, pair[1])

    report = tampered(path, pristine, change)

    assert (first(report), codes(report)[0]) == (min(pair), "record_edited")


@settings(deadline=None, max_examples=30)
@given(pair=pairs)
def test_exchanged_rows_name_the_commit_of_the_first(path: Path, pristine: Path, pair: list[int]) -> None:
    def change(owner: Owner) -> None:
        owner.do("UPDATE entry SET seq = -1 WHERE seq = ?", pair[0])
        owner.do("UPDATE entry SET seq = ? WHERE seq = ?", pair[0], pair[1])
        owner.do("UPDATE entry SET seq = ? WHERE seq = -1", pair[1])

    report = tampered(path, pristine, change)

    assert (first(report), codes(report)) == (STARTS[min(pair)], ["root_differs"])


@pytest.mark.parametrize(
    ("sql", "code", "seq"),
    [
        ("UPDATE head SET root = zeroblob(32)", "head_root", None),
        ("UPDATE head SET frontier = zeroblob(64)", "head_frontier", None),
        ("UPDATE head SET frontier = x'00'", "head_unreadable", None),
        ("UPDATE head SET root = 'text'", "head_unreadable", None),
        ("DELETE FROM head", "head_unreadable", None),
        ("UPDATE head SET size = 7, frontier = zeroblob(96)", "record_beyond_head", 7),
        ("UPDATE head SET size = 1 << 61, frontier = zeroblob(32)", "record_missing", SIZE),
        ("UPDATE checkpoint SET root = zeroblob(32) WHERE size = 4", "checkpoint_edited", 3),
        ("UPDATE checkpoint SET root = 'text' WHERE size = 4", "checkpoint_unreadable", None),
        ("UPDATE checkpoint SET size = 3 WHERE size = 4", "checkpoint_edited", 2),
        ("UPDATE checkpoint SET size = 99 WHERE size = 4", "checkpoint_beyond", None),
        ("DELETE FROM checkpoint WHERE size = 12", "checkpoint_missing", None),
        ("DELETE FROM checkpoint", "checkpoint_unreadable", None),
        ("UPDATE entry SET id = 'x' WHERE seq = 5", "id_differs", 5),
        ("UPDATE entry SET id = 5 WHERE seq = 5", "id_differs", 5),
        ("UPDATE entry SET bytes = 'text' WHERE seq = 5", "record_unreadable", 5),
        ("UPDATE entry SET id = CAST(x'ff' AS TEXT) WHERE seq = 5", "record_unreadable", 5),
        ("INSERT INTO entry VALUES (-3, 'x', x'00', x'00')", "record_before_start", -3),
        ("INSERT INTO entry VALUES (9223372036854775807, 'x', x'00', x'00')", "record_beyond_head", SIZE),
        ("UPDATE source SET bytes = x'00'", "source_edited", None),
        ("DELETE FROM source", "source_missing", 0),
        ("INSERT INTO idempotency VALUES ('x', 'f', 50)", "key_points_nowhere", 50),
        ("INSERT INTO idempotency VALUES ('x', 'f', -1)", "key_points_nowhere", -1),
        ("CREATE TRIGGER more AFTER INSERT ON entry BEGIN SELECT 1; END", "guard_changed", None),
    ],
)
def test_every_other_edit_is_found(path: Path, pristine: Path, sql: str, code: str, seq: int | None) -> None:
    report = tampered(path, pristine, lambda owner: owner.do(sql))

    assert (code, seq) in [(found.code, found.seq) for found in report.findings]


def test_an_id_that_stands_twice_is_found_without_the_index(path: Path, pristine: Path) -> None:
    def change(owner: Owner) -> None:
        owner.do("CREATE TABLE copy AS SELECT * FROM entry")
        owner.do("DROP TABLE entry")
        owner.do("CREATE TABLE entry (seq INTEGER PRIMARY KEY, id TEXT, leaf_hash BLOB, bytes BLOB)")
        owner.do("INSERT INTO entry SELECT * FROM copy")
        owner.do("UPDATE entry SET id = (SELECT id FROM entry WHERE seq = 2) WHERE seq = 7")

    report = tampered(path, pristine, change)

    assert ("duplicate_id", 7) in [(found.code, found.seq) for found in report.findings]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b'{"id": "a"}', "not_canonical"),
        (b'{"id":"a","b":1}', "not_canonical"),
        (b'{"id":"a","id":"a"}', "duplicate_key"),
        (b'{"id":"a","n":1e400}', "not_canonical"),
        (b'{"id":"a","n":NaN}', "not_canonical"),
        (b'{"id":"a","n":9007199254740993}', "not_canonical"),
        (b'{"id":"\\ud800"}', "not_canonical"),
        (b"[" * 60_000, "not_canonical"),
        (b'["a"]', "not_canonical"),
        (b"", "not_canonical"),
        (b"\xff", "not_canonical"),
        (b'{"id":"b"}', "id_differs"),
        (b'{"id":"a","rulebook":"sha256:0"}', "source_missing"),
        (b'{"id":"a","sources":["sha256:0"]}', "source_missing"),
        (b'{"id":"a","sources":{"x":"sha256:0"}}', "source_missing"),
    ],
)
def test_a_record_that_was_never_right_is_named(tmp_path: Path, data: bytes, code: str) -> None:
    with AuditLog.open(tmp_path / "log.db") as log:
        log.append([NewEntry(id="first", data=b'{"id":"first","sources":7}'), NewEntry(id="a", data=data)])

        report = verify(log)

    assert (code, 1) in [(found.code, found.seq) for found in report.findings]
    assert {found.seq for found in report.findings} == {1}


@settings(deadline=None)
@given(seq=records, offset=st.integers(0), change=st.integers(1, 255))
def test_a_byte_changed_inside_the_file_names_its_record(
    path: Path, pristine: Path, seq: int, offset: int, change: int
) -> None:
    shutil.copyfile(pristine, path)
    with AuditLog.open(path, read_only=True) as log:
        data = log.read(seq).data
    damaged = bytearray(pristine.read_bytes())
    damaged[damaged.index(data) + offset % len(data)] ^= change
    path.write_bytes(damaged)

    report = verify_at(path)

    assert pristine.read_bytes().count(data) == 1
    assert (first(report), codes(report)[0]) == (seq, "record_edited")


@settings(deadline=None, max_examples=250)
@given(seed=st.integers(0), count=st.integers(1, 40), length=st.floats(0, 1))
def test_no_damage_to_the_file_crashes_the_audit_or_passes_it_with_other_records(
    path: Path, pristine: Path, seed: int, count: int, length: float
) -> None:
    chance = random.Random(seed)  # noqa: S311 - damage, not a secret
    damaged = bytearray(pristine.read_bytes())
    for _ in range(count):
        # Half of the damage goes where the file's own structure is: the starts of its pages.
        page = chance.randrange(len(damaged) // 4096) * 4096
        damaged[chance.choice([page + chance.randrange(100), chance.randrange(len(damaged))])] = chance.randrange(256)
    path.write_bytes(damaged if length > 0.2 else damaged[: int(len(damaged) * length * 5)])

    report = verify_at(path)

    assert all(found.message_en and found.message_zh for found in report.findings)
    if report.ok:
        with AuditLog.open(path, read_only=True) as log, AuditLog.open(pristine, read_only=True) as before:
            assert list(log.entries()) == list(before.entries())


@settings(deadline=None, max_examples=60)
@given(seed=st.integers(0))
def test_a_damaged_file_is_refused_with_a_name_when_appending(path: Path, pristine: Path, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - see above
    damaged = bytearray(pristine.read_bytes())
    for _ in range(20):
        damaged[chance.randrange(len(damaged))] ^= 1 << chance.randrange(8)
    path.write_bytes(damaged)

    try:
        with AuditLog.open(path) as log:
            log.append([NewEntry(id="new", data=content("new"))])
    except (UnsafeStore, LogDamaged, LogUnavailable):
        return


@pytest.mark.parametrize("damage", [b"", b"not a log", b"\x00" * 4096])
def test_a_file_without_its_header_is_one_finding(path: Path, pristine: Path, damage: bytes) -> None:
    path.write_bytes(damage + pristine.read_bytes()[len(damage) :] if damage else b"")

    report = verify_at(path)

    assert codes(report) == ["file_unusable"]
    assert not report.ok


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("long") / "log.db"
    with AuditLog.open(path) as log:
        for batch in range(10):
            names = [f"{batch}-{number}" for number in range(200)]
            log.append([NewEntry(id=name, data=content(name)) for name in names], {digest_of(RULES): RULES})
    return path


def test_a_lost_page_is_named_and_the_records_after_it_are_still_checked(long: Path, path: Path) -> None:
    damaged = bytearray(long.read_bytes())
    page = damaged.index(content("4-100")) // 4096 * 4096
    damaged[page : page + 4096] = bytes(4096)
    after = damaged.index(content("8-0"))
    damaged[after + 10] ^= 1
    path.write_bytes(damaged)

    report = verify_at(path)

    lost, *others = report.findings
    assert lost.code == "record_unreadable"
    assert lost.seq is not None
    assert 850 < lost.seq <= 900
    assert ("record_edited", 1_600) in [(found.code, found.seq) for found in others]
    assert report.size == 2_000


def test_what_others_append_meanwhile_is_no_finding(tmp_path: Path) -> None:
    with AuditLog.open(tmp_path / "log.db") as log, AuditLog.open(tmp_path / "log.db") as other:
        log.append([NewEntry(id=str(n), data=rfc8785.dumps({"id": str(n)})) for n in range(600)])

        def meanwhile(done: int, _every: int) -> None:
            name = f"meanwhile {done}"
            other.append([NewEntry(id=name, data=rfc8785.dumps({"id": name}), key=name, fingerprint="f")])

        report = verify(log, progress=meanwhile)

        assert report.ok
        assert report.size == 600
        assert other.head().size > 600
