"""Keys change without a gap: the old ones name the new ones in the log, both sign, and a cut at any place is mended."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from cases.errors import NotPublished, RefusedToSign, UnsafeStore
from cases.events import read_event
from cases.log import keyring as keyring_file
from cases.log import rotation
from cases.log.audit import verify_at
from cases.log.key_events import check_endorsement, endorsement_text
from cases.log.keyring import Keyring, lock_folder, write_private
from cases.log.opened import OpenLog
from cases.log.published import Published
from cases.log.rotation import rotate
from cases.log.sealing import Sealer, SigningState
from cases.log.store import AuditLog
from cases.tlog.checkpoint import Checkpoint
from cases.tlog.errors import Malformed, SignatureInvalid, TlogError, Unsigned
from cases.tlog.keys import KeyType, SignerKey, open_note
from cases.tlog.note import Note
from tests.log.kit import ORIGIN, THEN, numbered, sealed


class Cut(Exception):
    """The process ends here."""


def key_events(log: AuditLog) -> list[tuple[int, dict[str, Any]]]:
    return [(entry.seq, read_event(entry.data).about) for entry in log.entries() if b'"kind":"key_event"' in entry.data]


def signing(folder: Path) -> list[str]:
    return [str(each.key) for each in Keyring(folder).keys if each.until is None]


def test_the_old_keys_endorse_the_new_ones_and_one_checkpoint_over_that_is_signed_by_both(tmp_path: Path) -> None:
    with sealed(tmp_path) as it:
        it.grow(3)
        old = it.keyring.verifiers()

        done = rotate(it.log, it.keyring)

        ((seq, about),) = key_events(it.log)
        assert (about["event"], about["origin"]) == ("rotated", ORIGIN)
        assert about["vkeys"] == [str(key) for key in done.new] == signing(it.keyring.folder)
        assert about["retiring"] == [str(key) for key in old]
        assert check_endorsement(about, old) == (old[0],)  # Ed25519; an ML-DSA-44 key signs checkpoints only
        assert done.overlap is not None
        assert done.overlap.size > seq
        assert {each.key for each in open_note(done.overlap.note, [*old, *done.new])} == {*old, *done.new}
        assert [each.until is None for each in it.keyring.keys] == [False, False, True, True]
        private = {path.stem for path in it.keyring.folder.glob("*.key")}
        assert private == {key.key_id.hex() for key in done.new}
    with sealed(tmp_path) as it:
        it.grow(1)
        latest = it.published.latest()
        assert latest is not None
        assert [each.key for each in open_note(latest.note, it.keyring.verifiers())] == list(done.new)
    assert verify_at(tmp_path / "log.sqlite3").ok


CUTS: dict[str, Callable[[pytest.MonkeyPatch], None]] = {
    "between the new private keys": lambda patch: _nth(patch, keyring_file, "write_private", 2),
    "before the new list": lambda patch: _nth(patch, keyring_file, "_write_list", 1),
    "after the new list": lambda patch: _nth(patch, rotation, "_announce", 1),
    "after the record": lambda patch: _nth(patch, rotation, "_overlap", 1),
    "after the signing state moved": lambda patch: _nth(patch, Sealer, "_sign", 1),
    "after the overlap": lambda patch: _nth(patch, Keyring, "retire", 1),
    "before the private halves go": lambda patch: _nth(patch, Path, "unlink", 1),
    "between the private halves": lambda patch: _nth(patch, Path, "unlink", 2),
}


def _nth(patch: pytest.MonkeyPatch, where: object, name: str, count: int) -> None:
    """Cut at the count-th call, before it does anything."""
    real, calls = getattr(where, name), [0]

    def cut(*args: Any, **more: Any) -> Any:
        calls[0] += 1
        if calls[0] >= count:
            raise Cut
        return real(*args, **more)

    patch.setattr(where, name, cut)


@pytest.mark.parametrize("cut", CUTS)
def test_a_change_that_was_cut_is_finished_by_running_it_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cut: str
) -> None:
    with sealed(tmp_path) as it:
        it.grow(2)
        old = it.keyring.verifiers()
        with monkeypatch.context() as patched:
            CUTS[cut](patched)
            with pytest.raises(Cut):
                rotate(it.log, it.keyring)
    # As after a power cut: everything is read anew. In between the service may run, and signs with what it finds.
    with OpenLog.open(tmp_path / "log.sqlite3", tmp_path / "keys") as opened:
        opened.append(numbered(100, 101)[0])
    with AuditLog.open(tmp_path / "log.sqlite3") as log:
        rotate(log, Keyring(tmp_path / "keys"))

    with sealed(tmp_path) as it:
        after = Keyring(tmp_path / "keys")
        assert [each.key for each in after.keys if each.until is not None] == list(old)
        assert [each.key.type for each in after.keys if each.until is None] == [KeyType.ED25519, KeyType.SUBTREE]
        # The key of personal data is there too, and signs nothing.
        stems = {path.stem for path in after.folder.glob("*.key")} - {"vault"}
        assert stems == {each.key.key_id.hex() for each in after.keys if each.until is None}
        rotated = [(seq, about) for seq, about in key_events(it.log) if about["event"] == "rotated"]
        assert len(rotated) == 1
        seq, about = rotated[0]
        assert about["vkeys"] == signing(after.folder)
        assert check_endorsement(about, old) == (old[0],)
        both = set(after.verifiers())
        overlaps = [
            size
            for size in range(seq + 1, it.log.head().size + 1)
            if size in _signed(it.log) and {each.key for each in open_note(_signed(it.log)[size], both)} == both
        ]
        assert overlaps
    assert verify_at(tmp_path / "log.sqlite3").ok


def _signed(log: AuditLog) -> dict[int, Note]:
    published, found = Published(log), {}
    for point in log.checkpoints():
        with suppress(NotPublished):  # not every commit was signed
            found[point.size] = published.checkpoint(point.size).note
    return found


def test_a_checkpoint_signed_by_the_old_keys_only_is_no_overlap(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Something with the old keys in its memory signs first; one record more makes a checkpoint for both."""
    with sealed(tmp_path) as it:
        it.grow(2)
        real, before = rotation._overlap, list(it.keyring.verifiers())

        def hurried(*args: Any) -> Any:
            it.sealer.seal()
            return real(*args)

        monkeypatch.setattr(rotation, "_overlap", hurried)
        done = rotate(it.log, it.keyring)

        assert [about["event"] for _, about in key_events(it.log)] == ["rotated", "overlap"]
        assert done.overlap is not None
        assert {each.key for each in open_note(done.overlap.note, it.keyring.verifiers())} == {*before, *done.new}


def test_a_program_that_always_signs_first_with_the_old_keys_stops_the_change_and_not_the_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with sealed(tmp_path) as it:
        it.grow(2)
        real = Sealer.seal

        def second(sealer: Sealer) -> Any:
            real(it.sealer)
            return real(sealer)

        with monkeypatch.context() as patched:
            patched.setattr(Sealer, "seal", second)
            with pytest.raises(RefusedToSign, match="stop the service"):
                rotate(it.log, it.keyring)
        assert len(signing(it.keyring.folder)) == 4

        rotate(it.log, Keyring(it.keyring.folder))
        assert len(signing(it.keyring.folder)) == 2


def test_no_keys_are_changed_under_a_log_that_is_open_and_no_log_is_opened_while_they_are(tmp_path: Path) -> None:
    where, keys = tmp_path / "log.sqlite3", tmp_path / "keys"
    with OpenLog.open(where, keys, origin=ORIGIN), AuditLog.open(where) as log:
        with OpenLog.open(where, keys):  # a second one that signs with the same keys
            pass
        with pytest.raises(UnsafeStore, match="stop it first"):
            rotate(log, Keyring(keys))
    with lock_folder(keys, alone=True), pytest.raises(UnsafeStore, match="being changed"):
        OpenLog.open(where, keys)
    with AuditLog.open(where) as log:
        rotate(log, Keyring(keys))
    with OpenLog.open(where, keys) as opened:
        assert [about["event"] for _, about in key_events(opened.log)] == ["created", "rotated"]


def test_the_endorsement_is_over_these_keys_by_an_older_one_and_is_no_checkpoint(tmp_path: Path) -> None:
    with sealed(tmp_path) as it:
        it.grow(1)
        old = it.keyring.verifiers()
        rotate(it.log, it.keyring)
        ((_, about),) = key_events(it.log)
    new = Keyring(tmp_path / "keys").verifiers()[2:]
    stranger = SignerKey(ORIGIN, KeyType.ED25519, b"s" * 32)

    with pytest.raises(Malformed):
        Checkpoint.parse(endorsement_text(about))
    with pytest.raises(Unsigned):
        check_endorsement(about, [stranger.verifier, *new])
    changes: tuple[dict[str, Any], ...] = (
        {"vkeys": [*about["vkeys"], str(stranger.verifier)]},
        {"retiring": []},
        {"origin": "other.example"},
        {"event": "added"},
        {"endorsement": ""},
        {"endorsement": about["endorsement"].replace("rotated", "changed")},
    )
    for changed in changes:
        with pytest.raises(TlogError):
            check_endorsement(about | changed, old)
    forged = about | {"vkeys": [str(stranger.verifier)]}
    text = endorsement_text(forged)
    named = json.loads(json.dumps(about["endorsement"])).split("\n\n")[1]
    with pytest.raises(SignatureInvalid):
        check_endorsement(forged | {"endorsement": f"{text}\n{named}"}, old)
    shapes: tuple[dict[str, Any], ...] = (
        {},
        {"event": 1, "origin": ORIGIN, "vkeys": []},
        {"event": "a", "origin": ORIGIN, "vkeys": [1]},
    )
    for broken in shapes:
        with pytest.raises(Malformed):
            endorsement_text(broken)


def test_private_keys_of_others_in_the_folder_are_left_alone(tmp_path: Path) -> None:
    with sealed(tmp_path) as it:
        it.grow(1)
        witness = SignerKey("witness.example", KeyType.COSIGNATURE, b"w" * 32)
        write_private(it.keyring.folder / "witness.key", witness)
        write_private(it.keyring.folder / f"{witness.verifier.key_id.hex()}.key", witness)

        rotate(it.log, it.keyring)

        assert len(list(it.keyring.folder.glob("*.key"))) == 4


def test_a_second_rotation_begins_where_the_first_ended(tmp_path: Path) -> None:
    with sealed(tmp_path) as it:
        it.grow(1)
        first = rotate(it.log, it.keyring)
        second = rotate(it.log, Keyring(it.keyring.folder))

        assert second.old == first.new
        assert len(Keyring(it.keyring.folder).keys) == 6
        state = SigningState(it.keyring.folder / "signing.sqlite3", ORIGIN).read()
        assert second.overlap is not None
        assert state.size == second.overlap.size == it.log.head().size
    assert Keyring(tmp_path / "keys").keys[2].since > THEN
