"""Whatever is done to an exported log is found from its files alone, and the record it touches is named."""

# ruff: noqa: S608 - the tests play the owner of the file, who writes what he likes

from __future__ import annotations

import hashlib
import random
import re
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import rfc8785

from cases.clock import posix_now
from cases.log.audit import verify_at
from cases.log.export import export
from cases.log.files import Folder
from cases.log.rotation import rotate
from cases.log.sealing import Sealer, SigningState
from cases.log.store import AuditLog, NewEntry, digest_of
from cases.log.trust import Trust
from cases.log.verify_files import FilesReport, Kept, verify_files
from cases.tlog.errors import Malformed
from cases.tlog.keys import KeyType, SignerKey
from cases.tlog.policy import KnownLog, Policy, Witness
from cases.tlog.tiles import Bundle, Tile, parse_path
from tests.log.kit import ORIGIN, sealed

RULES = b"rules of a city"
SIZE = 256 * 5 + 77
FLIPS = [150, pytest.param(1_000, marks=pytest.mark.long)]


def content(number: int, **more: Any) -> bytes:
    return rfc8785.dumps(
        {
            "id": f"r{number}",
            "kind": "decision",
            "nonce": f"{number:032x}",
            "rulebook": digest_of(RULES),
            "time": f"2026-11-01T08:{number // 60:02}:{number % 60:02}.000Z",
            **more,
        }
    )


def entries(start: int, stop: int, **more: Any) -> list[NewEntry]:
    return [NewEntry(id=f"r{number}", data=content(number, **more)) for number in range(start, stop)]


@dataclass(frozen=True)
class Shown:
    """An exported log, what was published of it, and whom its verifier believes."""

    folder: Path
    keys: bytes
    trust: Trust
    store: Path
    signers: tuple[SignerKey, ...]

    def verify(self, *seen: bytes, trust: Trust | None = None, jobs: int = 1) -> FilesReport:
        kept = [Kept(f"seen {number}", data) for number, data in enumerate(seen)]
        return verify_files(Folder(self.folder), trust or self.trust, kept, jobs=jobs)

    def checkpoint(self, size: int) -> bytes:
        return (self.folder / f"checkpoints/{size}").read_bytes()


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Shown:
    """A log of five full bundles and a part of one, signed at three sizes."""
    folder = tmp_path_factory.mktemp("shown")
    with sealed(folder) as it:
        at = 0
        for stop in (100, 700, SIZE):
            it.log.append(entries(at, stop), {digest_of(RULES): RULES})
            it.sealer.seal()
            at = stop
        export(it.log, folder / "out", it.keyring.public_list())
        keys = it.keyring.public_list()
        return Shown(folder / "out", keys, Trust.of_list(keys), it.file, it.keyring.signers())


@contextmanager
def changed(shown: Shown, path: str, data: bytes | None) -> Iterator[None]:
    """The file with other bytes, or away, for a while."""
    file = shown.folder / path
    before = file.read_bytes()
    file.chmod(0o644)
    try:
        if data is None:
            file.unlink()
        else:
            file.write_bytes(data)
        yield
    finally:
        file.write_bytes(before)


def first(report: FilesReport) -> tuple[str, int | None]:
    return report.findings[0].code, report.findings[0].seq


def test_an_untouched_export_is_sound_with_every_kind_of_trust(shown: Shown) -> None:
    ed25519, mldsa = (each.verifier for each in shown.signers)
    for trust in (shown.trust, Trust.of_keys([str(ed25519)]), Trust.of_keys([str(mldsa)]),
                  Trust(Policy(logs=(KnownLog(ed25519),), quorum=None))):  # fmt: skip
        report = shown.verify(trust=trust)

        assert (report.findings, report.size, report.checkpoints) == ((), SIZE, 4)
        assert report.kinds == {"decision": SIZE}
        assert [each.code for each in report.notes] == ["nothing_kept"]
    assert shown.verify(shown.checkpoint(100)).notes == ()


def record_at(data: bytes, index: int, place: int) -> int:
    """The record of a bundle in whose bytes, its length among them, a place lies."""
    at = 0
    while True:
        at += 2 + int.from_bytes(data[at : at + 2])
        if place < at:
            return index
        index += 1


@pytest.mark.parametrize("count", FLIPS)
def test_every_flipped_bit_in_a_file_is_found_and_the_record_named(shown: Shown, count: int) -> None:
    rng = random.Random(7)  # noqa: S311
    files = sorted(path.relative_to(shown.folder).as_posix() for path in shown.folder.rglob("*") if path.is_file())
    assert len(files) == 6 * 2 + 1 + 1 + 4 + 1 + 1
    for number in range(count):
        path = files[number % len(files)]
        data = bytearray((shown.folder / path).read_bytes())
        place = rng.randrange(len(data))
        data[place] ^= 1 << rng.randrange(8)
        with changed(shown, path, bytes(data)):
            report = shown.verify(shown.checkpoint(100)) if path != "checkpoints/100" else shown.verify()
        where = f"{path} byte {place}"
        assert not report.ok, where
        if not path.startswith("tile/"):
            continue
        kind = parse_path(path)
        if isinstance(kind, Bundle):
            expected = record_at((shown.folder / path).read_bytes(), kind.index * 256, place)
            assert first(report)[0] in {"record_edited", "bundle_malformed"}, where
        else:
            assert isinstance(kind, Tile)
            expected = (kind.index * 256 + place // 32) << (8 * kind.level)
            assert first(report)[0] == "tile_edited", where
            assert path in report.findings[0].message_en
        assert (len(report.findings), first(report)[1]) == (1, expected), (where, report.findings)


@pytest.mark.parametrize("count", FLIPS)
def test_every_flipped_bit_in_the_rows_is_found_by_the_audit_of_the_store(
    shown: Shown, tmp_path: Path, count: int
) -> None:
    rng = random.Random(8)  # noqa: S311
    path = tmp_path / "log.sqlite3"
    shutil.copy(shown.store, path)
    columns = [("entry", "seq", "bytes"), ("entry", "seq", "leaf_hash"), ("node", "place", "hash"),
               ("signed", "size", "note"), ("checkpoint", "size", "root")]  # fmt: skip
    assert verify_at(path, trust=shown.trust).ok
    for number in range(count // 2):
        table, key, column = columns[number % len(columns)]
        with sqlite3.connect(path, isolation_level=None) as raw:
            for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
                raw.execute(f"DROP TRIGGER {name}")
            rows = raw.execute(f"SELECT {key}, {column} FROM {table}").fetchall()
            seq, before = rng.choice(rows)
            data = bytearray(before)
            data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
            raw.execute(f"UPDATE {table} SET {column} = ? WHERE {key} = ?", (bytes(data), seq))

            found = [each for each in verify_at(path, trust=shown.trust).findings if each.code != "guard_changed"]

            raw.execute(f"UPDATE {table} SET {column} = ? WHERE {key} = ?", (before, seq))
        assert found, (table, seq)
        if table == "entry":
            assert (found[0].code, found[0].seq) == ("record_edited", seq)
        elif table == "node":
            assert (found[0].code, found[0].seq) == ("node_edited", seq * 256)
        elif table == "signed":
            assert {each.code for each in found} <= {"checkpoint_invalid", "signed_differs", "checkpoint_misnamed"}
    raw.close()


def rows(shown: Shown, tmp_path: Path, *statements: str) -> list[tuple[str, int | None]]:
    path = tmp_path / "log.sqlite3"
    shutil.copy(shown.store, path)
    raw = sqlite3.connect(path, isolation_level=None)
    for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        raw.execute(f"DROP TRIGGER {name}")
    for each in statements:
        raw.execute(each)
    raw.close()
    found = verify_at(path, trust=shown.trust).findings
    return [(each.code, each.seq) for each in found if each.code != "guard_changed"]


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("DELETE FROM node WHERE place = 3", ("node_missing", 768)),
        ("INSERT INTO node VALUES (1, 77, x'00')", ("node_beyond", None)),
        ("INSERT INTO node VALUES (2, 0, x'00')", ("node_beyond", None)),
        ("UPDATE node SET place = 9 WHERE place = 4", ("node_missing", 1024)),
        ("UPDATE node SET hash = (SELECT hash FROM node WHERE place = 0) WHERE place = 1", ("node_edited", 256)),
        ("UPDATE signed SET note = 'text' WHERE size = 100", ("checkpoint_invalid", None)),
        ("UPDATE signed SET size = 101 WHERE size = 100", ("checkpoint_misnamed", None)),
        (f"UPDATE signed SET size = {SIZE + 5} WHERE size = {SIZE}", ("checkpoint_misnamed", None)),
        ("INSERT INTO cosignature VALUES (100, 'w 00', x'00')", ("cosignature_invalid", None)),
    ],
)
def test_rows_made_public_are_part_of_the_audit(
    shown: Shown, tmp_path: Path, statement: str, expected: tuple[str, int | None]
) -> None:
    assert expected in rows(shown, tmp_path, statement)


def test_a_record_and_its_leaf_hash_changed_together_are_named_by_their_subtree(shown: Shown, tmp_path: Path) -> None:
    data = content(900, kind="other")
    leaf = hashlib.sha256(b"\x00" + data).hexdigest()

    found = rows(shown, tmp_path, f"UPDATE entry SET bytes = x'{data.hex()}', leaf_hash = x'{leaf}' WHERE seq = 900")

    assert ("node_differs", 768) in found
    assert ("root_differs", 700) in found


@pytest.mark.parametrize("path", ["tile/entries/002", "tile/0/003", "tile/1/000.p/5", "tile/entries/005.p/77"])
def test_a_missing_file_is_named_with_its_records(shown: Shown, path: str) -> None:
    with changed(shown, path, None):
        report = shown.verify()

    kind = parse_path(path)
    start = kind.index * 256
    assert [(each.code, each.seq) for each in report.findings] == [("file_missing", start)]
    assert path in report.findings[0].message_en
    assert path in report.findings[0].message_zh


def test_a_bundle_and_its_tile_both_lost_leave_the_rest_checked(shown: Shown) -> None:
    with changed(shown, "tile/entries/002", None), changed(shown, "tile/0/002", None):
        report = shown.verify()

    assert [(each.code, each.seq) for each in report.findings] == [("file_missing", 512)] * 2
    assert report.root_hex is not None


def pack(datas: list[bytes]) -> bytes:
    return b"".join(len(each).to_bytes(2) + each for each in datas)


def test_a_record_and_its_tile_changed_together_are_named_by_the_tile_above(shown: Shown) -> None:
    datas = [content(number) for number in range(512, 768)]
    datas[40] = content(552, kind="forged")
    tile = b"".join(hashlib.sha256(b"\x00" + each).digest() for each in datas)

    with changed(shown, "tile/entries/002", pack(datas)), changed(shown, "tile/0/002", tile):
        report = shown.verify()

    assert first(report) == ("records_differ", 512)
    assert "tile/1/000.p/5" in report.findings[0].message_en


def test_a_bundle_with_bytes_after_its_last_record_is_named(shown: Shown) -> None:
    with changed(shown, "tile/entries/002", (shown.folder / "tile/entries/002").read_bytes() + b"\0\0"):
        assert first(shown.verify()) == ("bundle_longer", 767)


def forge(shown: Shown, tmp_path: Path, change: Callable[[list[NewEntry]], None]) -> Shown:
    """What the owner of the database AND the keys can do: another history, signed with the log's own keys."""
    records = entries(0, SIZE)
    change(records)
    keys = tmp_path / "keys"
    with AuditLog.open(tmp_path / "log.sqlite3") as log:
        sealer = Sealer(log, SigningState.create(tmp_path / "state", ORIGIN), ORIGIN, shown.signers)
        for start, stop in ((0, 100), (100, 700), (700, len(records))):
            log.append(records[start:stop], {digest_of(RULES): RULES})
            sealer.seal()
        export(log, tmp_path / "forged", shown.keys)
    return Shown(tmp_path / "forged", shown.keys, shown.trust, keys, shown.signers)


def test_history_rewritten_with_the_logs_own_key_is_found_with_one_checkpoint_kept_outside(
    shown: Shown, tmp_path: Path
) -> None:
    def change(records: list[NewEntry]) -> None:
        records[300] = NewEntry(id="r300", data=content(300, kind="lenient"))

    forged = forge(shown, tmp_path, change)

    alone = forged.verify()
    assert alone.ok
    assert [each.code for each in alone.notes] == ["nothing_kept"]
    assert "could not tell" in alone.notes[0].message_en
    assert forged.verify(shown.checkpoint(100)).ok
    held = forged.verify(shown.checkpoint(100), shown.checkpoint(700))
    assert {(each.code, each.seq) for each in held.findings} == {("history_rewritten", 100), ("split_view", 699)}
    assert [each.data for each in held.shown] == [forged.checkpoint(700), shown.checkpoint(700)]


def test_dropped_history_is_found_with_a_checkpoint_kept_outside(shown: Shown, tmp_path: Path) -> None:
    forged = forge(shown, tmp_path, lambda records: records.__delitem__(slice(720, None)))

    assert forged.verify().ok
    report = forged.verify(shown.checkpoint(700), shown.checkpoint(SIZE))
    assert [(each.code, each.seq) for each in report.findings] == [("history_dropped", 720)]
    assert "历史被删去" in report.findings[0].message_zh


def test_an_older_checkpoint_put_back_is_told_by_those_beside_it(shown: Shown) -> None:
    with changed(shown, "checkpoint", shown.checkpoint(700)):
        report = shown.verify()

    assert ("history_dropped", 700) in [(each.code, each.seq) for each in report.findings]


def test_two_signed_roots_of_one_size_are_a_split_view(shown: Shown, tmp_path: Path) -> None:
    forged = forge(shown, tmp_path, lambda records: records.__setitem__(5, NewEntry(id="x", data=content(5, id="x"))))

    with changed(shown, "checkpoints/700", forged.checkpoint(700)):
        report = shown.verify(shown.checkpoint(SIZE), forged.checkpoint(SIZE))
        codes = {each.code for each in report.findings}
        assert codes == {"split_view", "history_rewritten"}
        assert len(report.shown) == 2


def test_signatures_of_others_and_witness_quorums_are_held_to_the_policy(shown: Shown) -> None:
    log = shown.signers[0]
    other = SignerKey("other.example/log", KeyType.ED25519, b"\1" * 32)
    witness = SignerKey("witness.example/w", KeyType.COSIGNATURE, b"\2" * 32)
    policy = Policy(
        logs=(KnownLog(log.verifier),), witnesses=(Witness("w", witness.verifier),), quorum="w"
    )  # fmt: skip
    note = (shown.folder / "checkpoint").read_bytes()
    text = note.decode().rpartition("\n\n")[0] + "\n"

    assert first(shown.verify(trust=Trust.of_keys([str(other.verifier)]))) == ("checkpoint_invalid", None)
    assert first(shown.verify(trust=Trust(policy))) == ("checkpoint_invalid", None)
    with changed(shown, "checkpoint", note + witness.sign(text, posix_now()).line().encode()):
        report = shown.verify(trust=Trust(policy))
        assert (report.ok, report.witnessed, report.notes) == (True, ("w",), ())
    unsigned = shown.verify(text.encode() + b"\n" + other.sign(text).line().encode())
    assert first(unsigned) == ("checkpoint_invalid", None)
    assert "seen 0" in unsigned.findings[0].message_en


@pytest.mark.parametrize(
    "wrong", ["", "log", "log+00000000+AAAA", str(SignerKey("w", KeyType.COSIGNATURE, b"2" * 32).verifier)]
)
def test_a_key_that_cannot_sign_for_a_log_is_refused(wrong: str) -> None:
    with pytest.raises(Malformed):
        Trust.of_keys([wrong])


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        ([content(0), b'{"id": "r1"}'], ("not_canonical", 1)),
        ([content(0), content(1), content(1)], ("duplicate_id", 2)),
        ([content(0), b'{"kind":"decision"}'], ("no_id", 1)),
        ([content(0), content(1, rulebook=digest_of(b"lost"))], ("source_missing", 1)),
        ([content(0, sources={"a": "../keys.json"})], ("source_missing", 0)),
    ],
)
def test_records_that_were_never_right_are_named(
    tmp_path: Path, records: list[bytes], expected: tuple[str, int]
) -> None:
    with sealed(tmp_path) as it:
        it.log.append([NewEntry(id=str(n), data=each) for n, each in enumerate(records)], {digest_of(RULES): RULES})
        it.sealer.seal()
        export(it.log, tmp_path / "out", it.keyring.public_list())

        assert first(verify_files(Folder(tmp_path / "out"), Trust.of_list(it.keyring.public_list()))) == expected


def test_time_that_goes_back_and_records_without_nonce_are_worth_a_note(tmp_path: Path) -> None:
    times = ["2026-01-01T00:00:02Z", "2026-01-01T00:00:01Z", "2026-01-01T00:00:03Z"]
    with sealed(tmp_path) as it:
        it.log.append([NewEntry(id=f"{n}", data=content(n, time=each)) for n, each in enumerate(times)])
        it.log.append([NewEntry(id="bare", data=b'{"id":"bare"}')], {digest_of(RULES): RULES})
        it.sealer.seal()
        export(it.log, tmp_path / "out", it.keyring.public_list())
        report = verify_files(Folder(tmp_path / "out"), Trust.of_list(it.keyring.public_list()))

    assert (report.ok, report.kinds) == (True, {"": 1, "decision": 3})
    assert [(each.code, each.seq) for each in report.notes] == [
        ("nothing_kept", None),
        ("no_nonce", 3),
        ("time_back", 1),
    ]


def test_after_a_rotation_the_list_an_auditor_kept_is_continued_by_the_one_beside_the_log(tmp_path: Path) -> None:
    with sealed(tmp_path) as it:
        it.log.append(entries(0, 5), {digest_of(RULES): RULES})
        it.sealer.seal()
        kept = it.keyring.public_list()
        rotate(it.log, it.keyring)
        it.log.append(entries(9, 12))
        Sealer(it.log, it.state, ORIGIN, it.keyring.signers()).seal()
        export(it.log, tmp_path / "out", it.keyring.public_list())
        files = Folder(tmp_path / "out")

        assert verify_files(files, Trust.of_list(it.keyring.public_list())).ok
        # An auditor with the old list comes to the keys that signed last by the record that names them.
        followed = verify_files(files, Trust.of_list(kept))
        assert (followed.ok, [each.seq for each in followed.followed]) == (True, [5])
        until = re.search(rb'"until": "([^"]+)"', it.keyring.public_list())
        assert until is not None
        other = it.keyring.public_list().replace(until[1], b"2026-11-02T10:00:00.000Z")
        found = verify_files(files, Trust.of_list(other)).findings
        assert [each.code for each in found] == ["keys_differ"]


def test_what_an_edited_record_says_is_not_taken_for_what_was_logged(shown: Shown) -> None:
    data = (shown.folder / "tile/entries/001").read_bytes()
    at = data.index(b'"kind":"decision"')
    with changed(shown, "tile/entries/001", data[:at] + b'"kind":"revision"' + data[at + 17 :]):
        report = shown.verify()

    assert [(each.code, each.seq) for each in report.findings] == [("record_edited", 256)]
    assert report.kinds == {"decision": SIZE - 1}


def test_several_processes_find_what_one_finds(shown: Shown, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cases.log.verify_files._WORTH_PROCESSES", 0)
    data = bytearray((shown.folder / "tile/entries/001").read_bytes())
    data[400] ^= 4

    assert shown.verify(jobs=2) == shown.verify()
    with changed(shown, "tile/entries/001", bytes(data)):
        assert shown.verify(jobs=2) == shown.verify()
        assert not shown.verify(jobs=2).ok
