"""Whatever is done to a log behind its back is found, and the first record it touches is named."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from cases.log.audit import AuditReport, verify, verify_at
from cases.log.store import AuditLog, NewEntry
from cases.request import Request
from tests.log.places import STORES, Owner, Place, PostgresPlace, Pristine, place
from tests.log.tampering import SIZE, STARTS, codes, content, fill, first, leaf, row, shift, tampered

records = st.integers(0, SIZE - 1)
pairs = st.lists(records, min_size=2, max_size=2, unique=True)


@pytest.fixture(scope="module", params=STORES)
def filled(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pristine]:
    made = place(request.param, tmp_path_factory.mktemp("filled"))
    fill(made.where)
    yield Pristine.of(made)
    if isinstance(made, PostgresPlace):
        made.drop()


def test_an_untouched_log_is_clean_and_its_root_derived(filled: Pristine) -> None:
    filled.restore()
    told: list[tuple[int, int]] = []

    report = verify_at(filled.where, lambda done, every: told.append((done, every)))

    with AuditLog.open(filled.where, read_only=True) as log:
        assert report == AuditReport(size=SIZE, root_hex=log.head().root.hex(), findings=())
    assert report.ok
    assert told[-1] == (SIZE, SIZE)


def test_an_empty_log_is_clean(at: Place) -> None:
    with AuditLog.open(at.where) as log:
        report = verify(log)

    assert report == AuditReport(size=0, root_hex=hashlib.sha256().hexdigest(), findings=())


@settings(deadline=None)
@given(seq=records, bit=st.integers(0))
def test_a_flipped_bit_in_the_bytes_names_the_record(filled: Pristine, seq: int, bit: int) -> None:
    def change(owner: Owner) -> None:
        data = bytearray(row(owner, seq)[2])
        data[bit // 8 % len(data)] ^= 1 << bit % 8
        owner.do("UPDATE entry SET bytes = ? WHERE seq = ?", bytes(data), seq)

    report = tampered(filled, change)

    assert (first(report), codes(report)[0]) == (seq, "record_edited")
    assert report.findings[0].message_en.startswith(f"record {seq} was edited")
    assert "root_differs" not in codes(report)


@settings(deadline=None, max_examples=30)
@given(seq=records, bit=st.integers(0, 255))
def test_a_flipped_bit_in_a_leaf_hash_names_the_record(filled: Pristine, seq: int, bit: int) -> None:
    def change(owner: Owner) -> None:
        value = int.from_bytes(row(owner, seq)[1]) ^ 1 << bit
        owner.do("UPDATE entry SET leaf_hash = ? WHERE seq = ?", value.to_bytes(32), seq)

    report = tampered(filled, change)

    assert (first(report), codes(report)) == (seq, ["record_edited"])


@settings(deadline=None, max_examples=30)
@given(seq=records)
def test_bytes_and_leaf_hash_edited_together_name_the_commit(filled: Pristine, seq: int) -> None:
    def change(owner: Owner) -> None:
        data = content(row(owner, seq)[0], amount=1)
        owner.do("UPDATE entry SET bytes = ?, leaf_hash = ? WHERE seq = ?", data, leaf(data), seq)

    report = tampered(filled, change)

    assert (first(report), codes(report)) == (STARTS[seq], ["root_differs"])


@settings(deadline=None, max_examples=30)
@given(seq=records)
def test_a_deleted_record_is_named(filled: Pristine, seq: int) -> None:
    report = tampered(filled, lambda owner: owner.do("DELETE FROM entry WHERE seq = ?", seq))

    assert (first(report), codes(report)[0]) == (seq, "record_missing")
    assert report.findings[0].message_en == f"record {seq} is missing"
    assert "key_points_nowhere" in codes(report)
    assert report.root_hex is None


@settings(deadline=None, max_examples=30)
@given(seq=records)
def test_a_deleted_record_whose_place_was_closed_names_the_commit(filled: Pristine, seq: int) -> None:
    def change(owner: Owner) -> None:
        owner.do("DELETE FROM entry WHERE seq = ?", seq)
        shift(owner, seq + 1, -1)

    report = tampered(filled, change)

    assert first(report) == STARTS[seq]


@settings(deadline=None, max_examples=30)
@given(seq=st.integers(0, SIZE))
def test_an_inserted_record_names_the_commit(filled: Pristine, seq: int) -> None:
    def change(owner: Owner) -> None:
        shift(owner, seq, 1)
        data = content("new")
        owner.do("INSERT INTO entry VALUES (?, 'new', ?, ?)", seq, leaf(data), data)

    report = tampered(filled, change)

    assert first(report) == (STARTS[seq] if seq < SIZE else SIZE)
    assert "record_beyond_head" in codes(report)


@settings(deadline=None, max_examples=30)
@given(pair=pairs)
def test_exchanged_bytes_name_the_first_of_the_two(filled: Pristine, pair: list[int]) -> None:
    def change(owner: Owner) -> None:
        one, other = (row(owner, seq)[2] for seq in pair)
        owner.do("UPDATE entry SET bytes = ? WHERE seq = ?", other, pair[0])
        owner.do("UPDATE entry SET bytes = ? WHERE seq = ?", one, pair[1])

    report = tampered(filled, change)

    assert (first(report), codes(report)[0]) == (min(pair), "record_edited")


@settings(deadline=None, max_examples=30)
@given(pair=pairs)
def test_exchanged_rows_name_the_commit_of_the_first(filled: Pristine, pair: list[int]) -> None:
    def change(owner: Owner) -> None:
        owner.do("UPDATE entry SET seq = -1 WHERE seq = ?", pair[0])
        owner.do("UPDATE entry SET seq = ? WHERE seq = ?", pair[0], pair[1])
        owner.do("UPDATE entry SET seq = ? WHERE seq = -1", pair[1])

    report = tampered(filled, change)

    assert (first(report), codes(report)) == (STARTS[min(pair)], ["root_differs"])


ZEROS = bytes(32)


@pytest.mark.parametrize(
    ("sql", "values", "code", "seq"),
    [
        ("UPDATE head SET root = ?", [ZEROS], "head_root", None),
        ("UPDATE head SET frontier = ?", [ZEROS * 2], "head_frontier", None),
        ("UPDATE head SET frontier = ?", [b"x"], "head_unreadable", None),
        ("DELETE FROM head", [], "head_unreadable", None),
        ("UPDATE head SET size = 7, frontier = ?", [ZEROS * 3], "record_beyond_head", 7),
        ("UPDATE head SET size = ?, frontier = ?", [1 << 61, ZEROS], "record_missing", SIZE),
        ("UPDATE checkpoint SET root = ? WHERE size = 4", [ZEROS], "checkpoint_edited", 3),
        ("UPDATE checkpoint SET size = 3 WHERE size = 4", [], "checkpoint_edited", 2),
        ("UPDATE checkpoint SET size = 99 WHERE size = 4", [], "checkpoint_beyond", None),
        ("DELETE FROM checkpoint WHERE size = 12", [], "checkpoint_missing", None),
        ("DELETE FROM checkpoint", [], "checkpoint_unreadable", None),
        ("UPDATE entry SET id = 'x' WHERE seq = 5", [], "id_differs", 5),
        ("INSERT INTO entry VALUES (-3, 'x', ?, ?)", [b"", b""], "record_before_start", -3),
        ("INSERT INTO entry VALUES (9223372036854775807, 'x', ?, ?)", [b"", b""], "record_beyond_head", SIZE),
        ("UPDATE source SET bytes = ?", [b""], "source_edited", None),
        ("DELETE FROM source", [], "source_missing", 0),
        ("INSERT INTO idempotency VALUES ('x', 'f', 50)", [], "key_points_nowhere", 50),
        ("INSERT INTO idempotency VALUES ('x', 'f', -1)", [], "key_points_nowhere", -1),
    ],
)
def test_every_other_edit_is_found(
    filled: Pristine, sql: str, values: list[object], code: str, seq: int | None
) -> None:
    report = tampered(filled, lambda owner: owner.do(sql, *values))

    assert (code, seq) in [(found.code, found.seq) for found in report.findings]


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
def test_a_record_that_was_never_right_is_named(at: Place, data: bytes, code: str) -> None:
    with AuditLog.open(at.where) as log:
        log.append([NewEntry(id="first", data=b'{"id":"first","sources":7}'), NewEntry(id="a", data=data)])

        report = verify(log)

    assert (code, 1) in [(found.code, found.seq) for found in report.findings]
    assert {found.seq for found in report.findings} == {1}


def test_what_others_append_meanwhile_is_no_finding(at: Place) -> None:
    with AuditLog.open(at.where) as log, AuditLog.open(at.where) as other:
        log.append([NewEntry(id=str(n), data=rfc8785.dumps({"id": str(n)})) for n in range(600)])

        def meanwhile(done: int, _every: int) -> None:
            name = f"meanwhile {done}"
            other.append([NewEntry(id=name, data=rfc8785.dumps({"id": name}), request=Request(name, "f"))])

        report = verify(log, progress=meanwhile)

        assert report.ok
        assert report.size == 600
        assert other.head().size > 600
