"""What can be done to the file of a log, byte by byte, and to its tables because it is SQLite."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cases.errors import LogDamaged, LogUnavailable, UnsafeStore
from cases.log.audit import verify_at
from cases.log.store import AuditLog, NewEntry, digest_of
from tests.log.places import Owner, Pristine, SqlitePlace
from tests.log.tampering import RULES, SIZE, codes, content, fill, first, tampered

records = st.integers(0, SIZE - 1)


@pytest.fixture(scope="module")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("pristine") / "log.db"
    fill(path)
    return path


@pytest.fixture
def filled(pristine: Path) -> Pristine:
    return Pristine.of(SqlitePlace(pristine))


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("damaged") / "log.db"


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


@pytest.mark.parametrize(
    ("sql", "code", "seq"),
    [
        ("UPDATE head SET root = 'text'", "head_unreadable", None),
        ("UPDATE checkpoint SET root = 'text' WHERE size = 4", "checkpoint_unreadable", None),
        ("UPDATE entry SET id = 5 WHERE seq = 5", "id_differs", 5),
        ("UPDATE entry SET bytes = 'text' WHERE seq = 5", "record_unreadable", 5),
        ("UPDATE entry SET id = CAST(x'ff' AS TEXT) WHERE seq = 5", "record_unreadable", 5),
        ("CREATE TRIGGER more AFTER INSERT ON entry BEGIN SELECT 1; END", "guard_changed", None),
    ],
)
def test_what_only_sqlite_lets_an_owner_do_is_found(filled: Pristine, sql: str, code: str, seq: int | None) -> None:
    report = tampered(filled, lambda owner: owner.do(sql))

    assert (code, seq) in [(found.code, found.seq) for found in report.findings]


def test_an_id_that_stands_twice_is_found_without_the_index(filled: Pristine) -> None:
    def change(owner: Owner) -> None:
        owner.do("CREATE TABLE copy AS SELECT * FROM entry")
        owner.do("DROP TABLE entry")
        owner.do("CREATE TABLE entry (seq INTEGER PRIMARY KEY, id TEXT, leaf_hash BLOB, bytes BLOB)")
        owner.do("INSERT INTO entry SELECT * FROM copy")
        owner.do("UPDATE entry SET id = (SELECT id FROM entry WHERE seq = 2) WHERE seq = 7")

    report = tampered(filled, change)

    assert ("duplicate_id", 7) in [(found.code, found.seq) for found in report.findings]
