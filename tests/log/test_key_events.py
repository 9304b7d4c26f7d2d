"""Every key but the first is named by a record that an older key endorsed; another one in a list of keys is found."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import orjson
import pytest

from cases.events import new_event
from cases.log import rotation
from cases.log.audit import AuditReport, verify_at
from cases.log.export import export
from cases.log.files import Folder
from cases.log.key_events import endorsement_text
from cases.log.keyring import Keyring
from cases.log.opened import OpenLog
from cases.log.published import Published
from cases.log.rotation import record_added, rotate
from cases.log.sm2 import add_sm2
from cases.log.store import AuditLog, NewEntry
from cases.log.trust import Trust
from cases.log.verify_files import FilesReport, verify_files
from cases.tlog.keys import KeyType, SignerKey
from cases.tlog.note import Note
from tests.log.kit import ORIGIN, Sealed, numbered, sealed
from tests.log.test_sm2 import keys as sm2_keys

STRANGER = SignerKey(ORIGIN, KeyType.ED25519, b"s" * 32)
LATER = "2026-12-01T08:00:00.000Z"


def opened(folder: Path, *, rotations: int) -> Path:
    """A log as a service makes it, its keys changed so many times, and its export."""
    where, keys = folder / "log.sqlite3", folder / "keys"
    for number in range(rotations + 1):
        with OpenLog.open(where, keys, origin=ORIGIN) as log:
            log.append(numbered(number, number + 1)[0])
        if number < rotations:
            with AuditLog.open(where) as raw:
                rotate(raw, Keyring(keys))
    return shown(folder)


def shown(folder: Path) -> Path:
    with AuditLog.open(folder / "log.sqlite3") as log:
        export(log, folder / "out", Keyring(folder / "keys").public_list())
    return folder / "out"


def with_stranger(data: bytes, since: str) -> bytes:
    """The list of keys with one more."""
    listed = orjson.loads(data)
    listed["keys"].append({"vkey": str(STRANGER.verifier), "from": since, "until": None})
    return orjson.dumps(listed, option=orjson.OPT_INDENT_2) + b"\n"


def found(report: FilesReport | AuditReport) -> list[tuple[str, int | None]]:
    return [(each.code, each.seq) for each in report.findings if each.code.startswith("key_")]


@pytest.mark.parametrize("rotations", [0, 1, 2])
def test_a_log_whose_keys_were_changed_by_the_book_is_accepted(tmp_path: Path, rotations: int) -> None:
    out = opened(tmp_path, rotations=rotations)
    trust = Trust.of_list((tmp_path / "keys/keys.json").read_bytes())

    assert len(trust.listed) == 2 * (rotations + 1)
    assert verify_files(Folder(out), trust).findings == ()
    assert verify_at(tmp_path / "log.sqlite3", trust=trust).findings == ()


def test_a_log_without_a_record_of_its_first_keys_takes_those_of_the_first_date(tmp_path: Path) -> None:
    with sealed(tmp_path) as it:
        it.grow(2)
        rotate(it.log, it.keyring)
    trust = Trust.of_list((tmp_path / "keys/keys.json").read_bytes())

    assert verify_files(Folder(shown(tmp_path)), trust).findings == ()
    assert verify_at(tmp_path / "log.sqlite3", trust=trust).findings == ()


@pytest.mark.parametrize("rotations", [0, 1])
@pytest.mark.parametrize("first", [False, True], ids=["later", "as if it was there from the first"])
def test_a_key_in_the_list_that_no_record_names_is_found(tmp_path: Path, rotations: int, first: bool) -> None:
    out = opened(tmp_path, rotations=rotations)
    keys = tmp_path / "keys/keys.json"
    listed = keys.read_bytes()
    since = orjson.loads(listed)["keys"][0]["from"] if first else LATER
    smuggled = with_stranger(listed, since)
    (out / "keys.json").write_bytes(smuggled)
    keys.write_bytes(smuggled)

    for report in (
        verify_files(Folder(out), Trust.of_list(smuggled)),
        verify_at(tmp_path / "log.sqlite3", trust=Trust.of_dated(Keyring(tmp_path / "keys").keys)),
    ):
        assert found(report) == [("key_unnamed", None)]
        assert str(STRANGER.verifier) in report.findings[-1].message_en
        assert str(STRANGER.verifier) in report.findings[-1].message_zh


def announced(it: Sealed, about: Any) -> int:
    """Record a key event and sign it, as who has the log's keys in his memory can."""
    event_id, data = new_event("key_event", about, door="log")
    (place,) = it.log.append([NewEntry(id=event_id, data=data)])
    it.sealer.seal()
    return place.seq


def naming(*signers: SignerKey, **more: Any) -> dict[str, Any]:
    """An event that names the stranger's key, endorsed by these."""
    about = {"event": "rotated", "origin": ORIGIN, "vkeys": [str(STRANGER.verifier)], "retiring": [], **more}
    text = endorsement_text(about)
    return {**about, "endorsement": Note(text, tuple(each.sign(text) for each in signers)).to_bytes().decode()}


def forged(true: SignerKey) -> dict[str, dict[str, Any]]:
    stranger = naming(STRANGER)
    text = endorsement_text(stranger)
    line = naming(true, event="added")["endorsement"].split("\n\n")[1]
    witness = SignerKey(ORIGIN, KeyType.COSIGNATURE, b"w" * 32)
    return {
        "by itself": stranger,
        "by another stranger": naming(SignerKey(ORIGIN, KeyType.ED25519, b"t" * 32)),
        "with a signature from another event": {**stranger, "endorsement": f"{text}\n{line}"},
        "with another event's endorsement": {**stranger, "endorsement": naming(true, event="added")["endorsement"]},
        "with none": {name: value for name, value in stranger.items() if name != "endorsement"},
        "for another log": naming(true, origin="other.example"),
        "for a key that signs no checkpoints": naming(true, vkeys=[str(witness.verifier)]),
        "for what is no key": naming(true, vkeys=["nonsense"]),
        "without a shape": {"event": "rotated"},
    }


@pytest.mark.parametrize("way", forged(STRANGER))
def test_an_endorsement_that_does_not_verify_is_named_with_its_record(tmp_path: Path, way: str) -> None:
    with sealed(tmp_path) as it:
        it.grow(3)
        true = it.keyring.signers()[0]
        seq = announced(it, forged(true)[way])
        it.grow(1)
    trust = Trust.of_list((tmp_path / "keys/keys.json").read_bytes())
    files = Folder(shown(tmp_path))

    for report in (verify_files(files, trust), verify_at(tmp_path / "log.sqlite3", trust=trust)):
        assert found(report) == [("key_event_refused", seq)]
        assert f"第 {seq} 号记录" in report.findings[0].message_zh
    # And the key it names is not taken for one of the log's, whoever lists it.
    smuggled = Trust.of_list(with_stranger((tmp_path / "keys/keys.json").read_bytes(), LATER))
    assert found(verify_files(files, smuggled)) == [("key_event_refused", seq), ("key_unnamed", None)]


def test_keys_that_were_retired_endorse_no_more(tmp_path: Path) -> None:
    with sealed(tmp_path) as it:
        it.grow(1)
        old = it.keyring.signers()[0]
        rotate(it.log, it.keyring)
    with sealed(tmp_path) as it:
        seq = announced(it, naming(old))
    trust = Trust.of_list((tmp_path / "keys/keys.json").read_bytes())

    assert found(verify_files(Folder(shown(tmp_path)), trust)) == [("key_event_refused", seq)]


def test_without_the_list_only_what_known_keys_say_is_judged(tmp_path: Path) -> None:
    out = opened(tmp_path, rotations=1)
    ed25519 = [key for key in Keyring(tmp_path / "keys").verifiers() if key.type is KeyType.ED25519]
    newest = Trust.of_keys([str(ed25519[-1])])
    assert found(verify_files(Folder(out), newest)) == []  # endorsed by a key he was not given

    with sealed(tmp_path) as it:
        seq = announced(it, forged(it.keyring.signers()[0])["with a signature from another event"])
    assert found(verify_files(Folder(shown(tmp_path)), newest)) == [("key_event_refused", seq)]


def test_a_change_that_was_cut_before_its_record_is_told_until_it_is_finished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    where, keys = tmp_path / "log.sqlite3", tmp_path / "keys"
    opened(tmp_path, rotations=0)

    def cut(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, AuditLog.open(where) as log:
        patched.setattr(rotation, "_announce", cut)
        with pytest.raises(KeyboardInterrupt):
            rotate(log, Keyring(keys))
    with OpenLog.open(where, keys) as service:
        service.append(numbered(7, 8)[0])
    assert found(verify_at(where, trust=Trust.of_dated(Keyring(keys).keys))) == [("key_unnamed", None)] * 2
    with AuditLog.open(where) as log:
        rotate(log, Keyring(keys))

    assert verify_at(where, trust=Trust.of_dated(Keyring(keys).keys)).findings == ()


def test_an_sm2_key_is_vouched_for_as_soon_as_it_is_added(tmp_path: Path) -> None:
    opened(tmp_path, rotations=1)
    _, public, command = sm2_keys(tmp_path)
    keyring = Keyring(tmp_path / "keys")
    with AuditLog.open(tmp_path / "log.sqlite3") as log:
        signer = add_sm2(keyring, public.read_bytes(), shlex.split(command))
        trust = Trust.of_list(keyring.public_list())
        assert found(verify_at(tmp_path / "log.sqlite3", trust=trust)) == [("key_unnamed", None)]
        seq = record_added(log, keyring, signer.verifier)
        latest = Published(log).latest()

    assert latest is not None
    assert latest.size == seq + 1  # what the export shows covers the record
    assert verify_files(Folder(shown(tmp_path)), trust).findings == ()
    assert verify_at(tmp_path / "log.sqlite3", trust=trust).findings == ()


def test_other_processes_find_key_events_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cases.log.verify_files._WORTH_PROCESSES", 0)
    out = opened(tmp_path, rotations=2)
    trust = Trust.of_list((tmp_path / "keys/keys.json").read_bytes())

    assert verify_files(Folder(out), trust, jobs=2).findings == ()
