"""Who holds an older key of a log comes to the newer ones by what the log says, and by nothing else."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cases.events import new_event
from cases.log.export import export
from cases.log.files import Folder, files_at
from cases.log.keyring import Keyring
from cases.log.rotation import record_added, rotate
from cases.log.sealing import Sealer, SigningState
from cases.log.sm2 import add_sm2
from cases.log.store import AuditLog, NewEntry
from cases.log.trust import Trust
from cases.log.verify_files import FilesReport, verify_files
from cases.tlog.keys import KeyType, SignerKey
from cases.tlog.note import Note
from cases.tlog.policy import KnownLog, Policy
from tests.log.kit import ORIGIN, THEN, numbered, on_the_web, sealed
from tests.log.test_key_events import announced, naming
from tests.log.test_sm2 import keys as sm2_keys

WAYS: dict[str, Callable[[Keyring], Trust]] = {
    "--vkey": lambda keyring: Trust.of_keys([str(keyring.verifiers()[0])]),
    "--keys": lambda keyring: Trust.of_list(keyring.public_list()),
    "--policy": lambda keyring: Trust(Policy(logs=(KnownLog(keyring.verifiers()[0]),), quorum=None)),
}


def grown(folder: Path, count: int) -> None:
    with sealed(folder) as it:
        it.grow(count)


def rotated(folder: Path) -> tuple[int, tuple[str, ...]]:
    """Change the keys: the record that says so, and the new ones."""
    with AuditLog.open(folder / "log.sqlite3") as log:
        done = rotate(log, Keyring(folder / "keys"))
    assert done.overlap is not None
    return done.overlap.size - 1, tuple(map(str, done.new))


def shown(folder: Path) -> Path:
    with AuditLog.open(folder / "log.sqlite3") as log:
        export(log, folder / "out", Keyring(folder / "keys").public_list())
    return folder / "out"


def steps(report: FilesReport) -> list[tuple[int, tuple[str, ...]]]:
    return [(each.seq, tuple(map(str, each.keys))) for each in report.followed]


def codes(report: FilesReport) -> set[str]:
    return {each.code for each in report.findings}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("sizes", [(3, 2, 2), (3, 300, 300), (250, 4, 1), (254, 1, 254)])
def test_two_changes_of_keys_are_followed_from_the_first_key(tmp_path: Path, way: str, sizes: tuple[int, ...]) -> None:
    grown(tmp_path, sizes[0])
    trust = WAYS[way](Keyring(tmp_path / "keys"))
    changes = []
    for count in sizes[1:]:
        changes.append(rotated(tmp_path))
        grown(tmp_path, count)

    # Exported once at the end: what earlier checkpoints had of their last bundle is not there.
    report = verify_files(Folder(shown(tmp_path)), trust)

    assert (report.findings, report.size, steps(report)) == ((), sum(sizes) + 2, changes)
    notes = [each for each in report.notes if each.code == "keys_followed"]
    assert [each.seq for each in notes] == [seq for seq, _ in changes]
    for note, (_, vkeys) in zip(notes, changes, strict=True):
        assert all(vkey in note.message_zh and vkey in note.message_en for vkey in vkeys)


def test_exports_along_the_way_and_the_web_lead_there_too(tmp_path: Path) -> None:
    changes = []
    grown(tmp_path, 200)
    trust = WAYS["--vkey"](Keyring(tmp_path / "keys"))
    for _ in range(2):
        shown(tmp_path)
        changes.append(rotated(tmp_path))
        shown(tmp_path)
        grown(tmp_path, 100)
    out = shown(tmp_path)

    assert steps(verify_files(Folder(out), trust)) == changes
    with on_the_web(out) as address:
        report = verify_files(files_at(address), trust)
        assert (report.findings, steps(report)) == ((), changes)


def test_nothing_is_followed_where_the_keys_given_reach_the_newest_checkpoint(tmp_path: Path) -> None:
    grown(tmp_path, 3)
    before = {way: make(Keyring(tmp_path / "keys")) for way, make in WAYS.items()}
    change = rotated(tmp_path)
    out = shown(tmp_path)

    # Old and new keys signed the newest one. To who has the old list the new lines are unknown until he followed.
    for way, expected in (("--vkey", []), ("--policy", []), ("--keys", [change])):
        report = verify_files(Folder(out), before[way])
        assert (report.findings, steps(report)) == ((), expected)
    grown(tmp_path, 1)
    assert steps(verify_files(Folder(shown(tmp_path)), WAYS["--keys"](Keyring(tmp_path / "keys")))) == []


def test_an_sm2_line_that_came_after_the_list_is_known_by_its_record(tmp_path: Path) -> None:
    grown(tmp_path, 3)
    keyring = Keyring(tmp_path / "keys")
    trust = Trust.of_list(keyring.public_list())
    _, public, command = sm2_keys(tmp_path)
    with AuditLog.open(tmp_path / "log.sqlite3") as log:
        signer = add_sm2(keyring, public.read_bytes(), shlex.split(command))
        seq = record_added(log, keyring, signer.verifier)

    report = verify_files(Folder(shown(tmp_path)), trust)

    assert (report.findings, steps(report)) == ((), [(seq, (str(signer.verifier),))])


ATTACKER = SignerKey(ORIGIN, KeyType.ED25519, b"a" * 32)
ATTACKER_TOO = SignerKey(ORIGIN, KeyType.SUBTREE, b"a" * 32)


def taken_over(folder: Path, about: dict[str, Any]) -> Folder:
    """Who owns the database, and none of the log's keys, goes on with keys of his own after recording this event."""
    event_id, data = new_event("key_event", about, door="log")
    with AuditLog.open(folder / "log.sqlite3") as log:
        log.append([NewEntry(id=event_id, data=data)])
        state = SigningState(folder / "keys/signing.sqlite3", ORIGIN)
        sealer = Sealer(log, state, ORIGIN, (ATTACKER, ATTACKER_TOO))
        sealer.seal()
        log.append(numbered(900, 903))
        sealer.seal()
        export(log, folder / "out", Keyring(folder / "keys").public_list())
    return Folder(folder / "out")


def attack(*signers: SignerKey) -> dict[str, Any]:
    return naming(*signers, vkeys=[str(each.verifier) for each in (ATTACKER, ATTACKER_TOO)])


@pytest.mark.parametrize("way", WAYS)
def test_keys_that_no_believed_key_endorsed_are_never_followed(tmp_path: Path, way: str) -> None:
    grown(tmp_path, 5)
    keyring = Keyring(tmp_path / "keys")
    trust = WAYS[way](keyring)
    keyring.add(THEN)  # keys.json beside the log may say what it likes
    for signer in (ATTACKER, ATTACKER_TOO):
        keyring.enlist(signer.verifier, THEN)
    files = taken_over(tmp_path, attack(ATTACKER, SignerKey(ORIGIN, KeyType.ED25519, b"t" * 32)))

    report = verify_files(files, trust)

    assert steps(report) == []
    assert "checkpoint_invalid" in codes(report)


@pytest.mark.parametrize("way", WAYS)
def test_an_endorsement_in_a_record_that_no_believed_checkpoint_covers_is_not_followed(
    tmp_path: Path, way: str
) -> None:
    """Not even a true one: the log of whom the key is must have signed it into its history."""
    with sealed(tmp_path) as it:
        it.grow(5)
        true = it.keyring.signers()[0]
        trust = WAYS[way](it.keyring)
    files = taken_over(tmp_path, attack(true))

    report = verify_files(files, trust)

    assert steps(report) == []
    assert "checkpoint_invalid" in codes(report)


def test_one_step_endorsed_and_the_next_one_not_goes_one_step_only(tmp_path: Path) -> None:
    grown(tmp_path, 5)
    trust = WAYS["--vkey"](Keyring(tmp_path / "keys"))
    change = rotated(tmp_path)
    grown(tmp_path, 2)
    files = taken_over(tmp_path, attack(ATTACKER, SignerKey(ORIGIN, KeyType.ED25519, b"t" * 32)))

    report = verify_files(files, trust)

    assert steps(report) == [change]
    assert "checkpoint_invalid" in codes(report)


def test_after_following_a_list_still_knows_every_line_under_the_logs_name(tmp_path: Path) -> None:
    grown(tmp_path, 3)
    trust = WAYS["--keys"](Keyring(tmp_path / "keys"))
    change = rotated(tmp_path)
    grown(tmp_path, 2)
    out = shown(tmp_path)
    path = out / "checkpoint"
    note = Note.parse(path.read_bytes())
    path.write_bytes(note.adding([ATTACKER.sign(note.text)]).to_bytes())

    report = verify_files(Folder(out), trust)

    assert steps(report) == [change]
    assert codes(report) == {"checkpoint_invalid"}
    assert "not in the list" in report.findings[0].message_en


def test_damage_behind_the_record_is_named_as_ever_and_damage_before_it_leads_nowhere(tmp_path: Path) -> None:
    grown(tmp_path, 3)
    trust = WAYS["--vkey"](Keyring(tmp_path / "keys"))
    change = rotated(tmp_path)
    grown(tmp_path, 300)
    out = shown(tmp_path)

    def flipped(path: Path, text: bytes) -> FilesReport:
        before = path.read_bytes()
        path.chmod(0o644)
        path.write_bytes(before.replace(text, text[:-1] + b"9", 1))
        try:
            return verify_files(Folder(out), trust)
        finally:
            path.write_bytes(before)

    behind = flipped(out / "tile/entries/000", b'{"id":"r8')
    assert steps(behind) == [change]
    assert [(each.code, each.seq) for each in behind.findings] == [("record_edited", 8)]
    for text in (b'{"id":"r1', b'"event":"rotated'):
        report = flipped(out / "tile/entries/000", text)
        assert steps(report) == []
        assert codes(report) == {"checkpoint_invalid"}


def test_checkpoints_with_names_that_are_no_size_lead_nowhere(tmp_path: Path) -> None:
    grown(tmp_path, 3)
    trust = WAYS["--vkey"](Keyring(tmp_path / "keys"))
    change = rotated(tmp_path)
    grown(tmp_path, 2)
    out = shown(tmp_path)
    for name in ("9" * 200, "٣", "-1", "0", "999999999999999999", "index.new"):
        (out / "checkpoints" / name).write_bytes((out / "checkpoints/3").read_bytes())

    assert steps(verify_files(Folder(out), trust)) == [change]


def test_an_event_signed_into_history_by_the_true_keys_but_endorsed_by_none_is_not_followed(tmp_path: Path) -> None:
    with sealed(tmp_path) as it:
        it.grow(3)
        seq = announced(it, attack(ATTACKER, SignerKey(ORIGIN, KeyType.ED25519, b"t" * 32)))
        trust = WAYS["--keys"](it.keyring)
    files = taken_over(tmp_path, {"event": "overlap", "origin": ORIGIN, "vkeys": [str(ATTACKER.verifier)]})

    report = verify_files(files, trust)

    assert steps(report) == []
    assert "checkpoint_invalid" in codes(report)
    assert seq < report.size or report.size == 0
