"""The vault's key changes, killed wherever: every value can be read at every moment, and then the old key is gone."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from cases.desk import Recorded
from cases.errors import KeyReused, RefusedToSign, UnsafeStore, VaultDamaged
from cases.events import read_event
from cases.log.audit import verify
from cases.log.database import Database
from cases.log.export import export
from cases.log.files import Folder
from cases.log.key_events import check_key_events
from cases.log.keyring import DatedKey, Keyring, lock_folder
from cases.log.opened import OpenLog
from cases.log.store import AuditLog
from cases.log.trust import Trust
from cases.log.vault import Vault
from cases.log.vault_key import KEY_FILE, NEXT_FILE, VaultKey
from cases.log.vault_rotation import VaultRotated, rotate_vault
from cases.log.verify_files import verify_files
from cases.steps import Departure
from cases.tlog.keys import KeyType, SignerKey
from tests.api.kit import ROOT, environment
from tests.log.kit import ORIGIN, THEN
from tests.log.people import Office, files_of, office, person
from tests.log.places import Place, SqlitePlace, tamper

CASES = (None, "2026-1", "2026-1", "2026-2", "2026-3", "2026-4")
KEYS = 5  # data keys of those: one for each case, and one for the record of none


@dataclass(frozen=True)
class Filled:
    """A log at a place, its keys in a folder, and what was decided there; nobody has it open."""

    at: Place
    folder: Path
    decided: Sequence[Recorded]

    @property
    def keys(self) -> Path:
        return self.folder / "keys"

    @property
    def key(self) -> VaultKey:
        return VaultKey.read(self.keys / KEY_FILE)

    def change(self) -> VaultRotated:
        with AuditLog.open(self.at.where) as log:
            return rotate_vault(log, self.keys)

    def open(self) -> Any:
        return office(self.folder, self.at.where)

    def wrapped(self) -> list[tuple[Any, ...]]:
        with self.at.owner() as owner:
            found = owner.rows("SELECT case_ref, nonce, wrapped FROM vault_key ORDER BY case_ref")
            return [(each[0], bytes(each[1]), bytes(each[2])) for each in found]

    def check(self, it: Office) -> None:
        """Everything that was decided can be read, is answered again, and is what the log vouches for."""
        for number, each in enumerate(self.decided):
            assert it.values(each)["/party/姓名"] == person(number)["姓名"]
            again = it.decide(number, CASES[number], key=f"key {number}")
            assert (again.id, again.repeated) == (each.id, True)
        trust = Trust.of_dated(it.opened.keyring.keys, ())
        it.sealed()
        assert verify(it.opened.log, trust=trust, vault=self.key).findings == ()


@pytest.fixture
def filled(at: Place, tmp_path: Path) -> Filled:
    with office(tmp_path, at.where) as it:
        decided = [it.decide(number, case, key=f"key {number}") for number, case in enumerate(CASES)]
        it.sealed()
    return Filled(at, tmp_path, decided)


@pytest.fixture
def in_a_file(tmp_path: Path) -> Filled:
    with office(tmp_path) as it:
        decided = [it.decide(number, case, key=f"key {number}") for number, case in enumerate(CASES)]
        it.sealed()
    return Filled(SqlitePlace(tmp_path / "log.sqlite3"), tmp_path, decided)


def changes(log: AuditLog) -> list[dict[str, Any]]:
    """What the log says of changes of this key."""
    found = [read_event(each.data).about for each in log.entries() if b'"vault_rotated"' in each.data]
    return [{name: said for name, said in each.items() if name != "origin"} for each in found]


def test_every_data_key_is_wrapped_anew_the_log_says_so_and_the_old_key_is_gone(filled: Filled) -> None:
    before, rows = filled.key, filled.wrapped()
    secret = (filled.keys / KEY_FILE).read_text("ascii").strip()

    done = filled.change()

    after = filled.key
    assert (done.old, done.new, done.data_keys) == (before.id, after.id, KEYS)
    assert before.id != after.id
    assert [row[0] for row in filled.wrapped()] == [row[0] for row in rows]
    for old, new in zip(rows, filled.wrapped(), strict=True):
        assert before.unwrap(*old) == after.unwrap(*new)  # the data keys are the same, so no value was touched
        assert not before.wrapped_here(*new)
        assert not after.wrapped_here(*old)
    path = filled.keys / KEY_FILE
    assert path.stat().st_mode & 0o777 == 0o600
    assert {each.name for each in filled.keys.glob("*vault*")} | {each.name for each in filled.keys.glob(".*")} == {
        KEY_FILE
    }
    assert secret.encode() not in files_of(filled.folder)
    with filled.open() as it:
        filled.check(it)
        named = {"new": after.id, "old": before.id}
        assert changes(it.opened.log) == [{"event": "vault_rotated", "vkeys": [], "vault_key": named}]
        assert read_event(it.opened.log.read(done.index).data).about["vault_key"] == named
        later = it.decide(7, "2026-1")
        assert it.values(later)["/party/姓名"] == person(7)["姓名"]
        it.erase(later, whole_case=True)
        it.sealed()
        listed = it.opened.keyring.public_list()
        export(it.opened.log, filled.folder / "out", listed)
        assert verify_files(Folder(filled.folder / "out"), Trust.of_list(listed)).findings == ()


def test_a_retry_is_known_after_any_number_of_changes_and_what_is_new_is_fingerprinted_by_the_new_key(
    filled: Filled,
) -> None:
    leave = Departure(
        imposed_fine_fen=5_500, reasons=["困难"], evidence=[f"sha256:{'0' * 64}"], by="4403-1", approved_by="4403-2"
    )
    with filled.open() as it:
        departed = it.steps.depart(it.opened.log.read(filled.decided[3].index), leave, door="test")
    old = filled.key

    for number in (10, 11):
        filled.change()
        with filled.open() as it:
            made = it.decide(number, None, key=f"key {number}")
            again = it.decide(number, None, key=f"key {number}")
            assert (made.repeated, again.repeated, again.id) == (False, True, made.id)

    with filled.open() as it:
        filled.check(it)
        assert it.decide(10, None, key="key 10").repeated
        again = it.steps.depart(it.opened.log.read(filled.decided[3].index), leave, door="test")
        assert again == departed
        for number in (0, 10):
            with pytest.raises(KeyReused):
                it.decide(number + 1, None, key=f"key {number}")
        prints = {key: fingerprint for key, fingerprint, _ in it.opened.log.idempotency_keys()}
    # Who had the old key cannot try guesses at what was asked since.
    request = b"a request"
    assert filled.key.fingerprint(request) != old.fingerprint(request)
    assert old.fingerprint(request) in filled.key.earlier_fingerprints(request)
    assert len(filled.key.earlier_fingerprints(request)) == 2
    assert len(set(prints.values())) == len(prints)


# --- killed -----------------------------------------------------------------------------------------------------------

KILLED = """
import os, signal, sys
from pathlib import Path
from cases.log import vault_rotation
from cases.log.database import Database
from cases.log.postgres import PostgresDatabase
from cases.log.sealing import Sealer
from cases.log.sqlite import SqliteDatabase
from cases.log.store import AuditLog
from cases.log.vault_key import VaultKey

where, keys, cut = sys.argv[1:]
vault_rotation._PAGE = 2

def die(*args, **more):
    os.kill(os.getpid(), signal.SIGKILL)

def cut_at(owner, name, count=1, after=False):
    real, calls = getattr(owner, name), [0]
    def at(*args, **more):
        calls[0] += 1
        if calls[0] < count:
            return real(*args, **more)
        if after:
            real(*args, **more)
        die()
    setattr(owner, name, at)

store = PostgresDatabase if where.startswith("postgresql:") else SqliteDatabase
if cut == "before the new key":
    cut_at(VaultKey, "follow")
elif cut == "while the new key is written":
    cut_at(Path, "replace")
elif cut == "with the new key":
    cut_at(vault_rotation, "_wrap_anew")
elif cut == "inside the first page":
    real = store.replace_keys
    def half(self, conn, rows):
        if store is SqliteDatabase:
            # So small a cache writes changed pages at once: the file is half done, the journal has what was there.
            conn.exec_driver_sql("PRAGMA cache_size=1")
        real(self, conn, rows)
        die()
    store.replace_keys = half
elif cut == "between two pages":
    cut_at(store, "replace_keys", 2)
elif cut == "before the record":
    cut_at(vault_rotation, "_announce")
elif cut == "after the record":
    cut_at(Sealer, "seal")
elif cut == "before the old key goes":
    cut_at(vault_rotation, "_replace")
elif cut == "after the old key went":
    cut_at(Path, "replace", 2, after=True)
with AuditLog.open(where if where.startswith("postgresql:") else Path(where)) as log:
    vault_rotation.rotate_vault(log, Path(keys))
"""
# How far it came: whether a next key is there, how many data keys are under it, and whether the log says so.
CUTS = {
    "before the new key": (False, 0, 0),
    "while the new key is written": (False, 0, 0),
    "with the new key": (True, 0, 0),
    "inside the first page": (True, 0, 0),
    "between two pages": (True, 2, 0),
    "before the record": (True, KEYS, 0),
    "after the record": (True, KEYS, 1),
    "before the old key goes": (True, KEYS, 1),
    "after the old key went": (False, 0, 1),
}


@pytest.mark.parametrize("cut", CUTS)
def test_killed_at_any_step_every_value_can_be_read_and_running_it_again_finishes_it(filled: Filled, cut: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(filled.at.where), str(filled.keys), cut],
        cwd=ROOT, env=environment(PYTHONPATH=str(ROOT)), capture_output=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()

    between = filled.key
    has_next, moved, said = CUTS[cut]
    assert (between.following is not None) == has_next
    rows = filled.wrapped()
    assert sum(1 for row in rows if between.following and between.following.wrapped_here(*row)) == moved
    # Nothing is lost, and the service may run in between: with a new case, and one more record of an old one.
    with filled.open() as it:
        filled.check(it)
        assert len(changes(it.opened.log)) == said
        more = [it.decide(7, "2026-7", key="key 7"), it.decide(8, "2026-2", key="key 8")]

    finished = filled.change()

    assert finished.data_keys == KEYS + 1
    assert {each.name for each in filled.keys.glob("*vault*")} | {each.name for each in filled.keys.glob(".*")} == {
        KEY_FILE
    }
    assert filled.key.following is None
    assert filled.key.id == finished.new
    assert all(filled.key.wrapped_here(*row) for row in filled.wrapped())
    with filled.open() as it:
        filled.check(it)
        assert [it.values(each)["/party/姓名"] for each in more] == [person(7)["姓名"], person(8)["姓名"]]
        assert it.decide(8, "2026-2", key="key 8").repeated
        # Cut after its end it was whole, and this was another one.
        ended = cut == "after the old key went"
        assert len(changes(it.opened.log)) == (2 if ended else 1)
        assert changes(it.opened.log)[-1]["vault_key"] == {"new": finished.new, "old": between.id}


# --- what stops it ----------------------------------------------------------------------------------------------------


def untouched(it: Filled) -> Callable[[], bool]:
    """Whether keys and rows are still as they are now."""
    before = sorted(each.name for each in it.keys.iterdir()), (it.keys / KEY_FILE).read_bytes(), it.wrapped()
    return lambda: (
        (sorted(each.name for each in it.keys.iterdir()), (it.keys / KEY_FILE).read_bytes(), it.wrapped()) == before
    )


def test_where_one_data_key_does_not_open_nothing_is_begun(filled: Filled) -> None:
    tamper(filled.at, ("UPDATE vault_key SET nonce = ? WHERE case_ref = 'case 2026-4'", b"0" * 12))
    with filled.at.owner() as owner:
        owner.arm()
    same = untouched(filled)

    with AuditLog.open(filled.at.where, read_only=True) as log, pytest.raises(VaultDamaged) as told:
        rotate_vault(log, filled.keys)

    assert (told.value.record, told.value.problem) == ("case 2026-4", "unreadable")
    assert same()


def test_what_reads_back_otherwise_than_it_was_written_keeps_the_old_key(
    filled: Filled, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = filled.key
    with AuditLog.open(filled.at.where) as log, monkeypatch.context() as patched:
        patched.setattr(type(log.database), "replace_keys", lambda *_: None)  # a disk that forgets
        with pytest.raises(VaultDamaged):
            rotate_vault(log, filled.keys)
        assert changes(log) == []

    assert filled.key.id == before.id
    with filled.open() as it:
        filled.check(it)
    filled.change()
    assert filled.key.id != before.id


def test_it_is_not_changed_under_a_service_and_no_log_is_opened_while_it_is(in_a_file: Filled) -> None:
    same = untouched(in_a_file)
    with in_a_file.open(), pytest.raises(UnsafeStore, match="stop it first"):
        in_a_file.change()
    assert same()

    with lock_folder(in_a_file.keys, alone=True), pytest.raises(UnsafeStore, match="being changed"):
        OpenLog.open(in_a_file.at.where, in_a_file.keys)


def test_a_log_that_is_not_the_one_that_was_signed_keeps_its_key(in_a_file: Filled, tmp_path: Path) -> None:
    state = in_a_file.keys / "signing.sqlite3"
    kept = state.read_bytes()
    with in_a_file.open() as it:
        it.decide(9, "2026-9")
        it.sealed()
    state.write_bytes(kept)
    same = untouched(in_a_file)

    with pytest.raises(RefusedToSign):
        in_a_file.change()
    assert same()


@contextmanager
def half_changed(it: Filled, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Cut after some rows were wrapped anew, and give the path of the next key."""
    real, calls = Database.transaction, [0]

    def ending(self: Database, **more: bool) -> Any:
        calls[0] += bool(more.get("writing"))
        if calls[0] > 2:
            raise InterruptedError
        return real(self, **more)

    with monkeypatch.context() as patched:
        patched.setattr("cases.log.vault_rotation._PAGE", 2)
        patched.setattr(Database, "transaction", ending)
        with pytest.raises(InterruptedError):
            it.change()
    yield it.keys / NEXT_FILE


def test_a_next_key_that_is_lost_or_open_to_others_is_missed(
    in_a_file: Filled, monkeypatch: pytest.MonkeyPatch
) -> None:
    with half_changed(in_a_file, monkeypatch) as following:
        following.chmod(0o640)
        with pytest.raises(UnsafeStore, match="others may read it"), in_a_file.open():
            pass
        following.chmod(0o600)
        kept = following.read_bytes()
        following.write_bytes(b"no key\n")
        with pytest.raises(UnsafeStore, match="no vault key"):
            in_a_file.change()
        following.unlink()
        with AuditLog.open(in_a_file.at.where) as log:
            assert {each.code for each in verify(log, vault=in_a_file.key).findings} == {"vault_unreadable"}
            with pytest.raises(VaultDamaged):
                rotate_vault(log, in_a_file.keys)
        following.write_bytes(kept)
        following.chmod(0o600)
        in_a_file.change()
    with in_a_file.open() as it:
        in_a_file.check(it)


def test_a_key_that_wraps_a_case_is_never_made_anew(in_a_file: Filled) -> None:
    (in_a_file.keys / KEY_FILE).unlink()

    with pytest.raises(UnsafeStore, match="cannot be read"):
        in_a_file.change()
    with AuditLog.open(in_a_file.at.where) as log, pytest.raises(UnsafeStore, match="put it back"):
        Vault.open(log, in_a_file.keys)
    assert not (in_a_file.keys / NEXT_FILE).exists()


def test_without_the_folder_of_keys_nothing_is_changed(in_a_file: Filled) -> None:
    with AuditLog.open(in_a_file.at.where) as log, pytest.raises(UnsafeStore, match="put the folder of keys back"):
        rotate_vault(log, in_a_file.folder / "elsewhere")
    assert not (in_a_file.folder / "elsewhere").exists()


def test_an_empty_vault_changes_its_key_too(tmp_path: Path) -> None:
    with office(tmp_path) as it:
        before = it.opened.vault.key.id
    empty = Filled(SqlitePlace(tmp_path / "log.sqlite3"), tmp_path, ())

    done = empty.change()

    assert (done.old, done.data_keys) == (before, 0)
    with empty.open() as it:
        empty.check(it)


def test_such_a_record_makes_no_key_one_of_the_log(tmp_path: Path) -> None:
    Keyring.create(tmp_path / "keys", ORIGIN, THEN)
    listed = [*Keyring(tmp_path / "keys").keys]
    stranger = SignerKey(ORIGIN, KeyType.ED25519, b"s" * 32).verifier
    created = {"event": "created", "origin": ORIGIN, "vkeys": [str(each.key) for each in listed]}
    slipped = {"event": "vault_rotated", "origin": ORIGIN, "vkeys": [str(stranger)]}
    found: list[tuple[str, object]] = []

    check_key_events(
        [(0, created), (1, slipped)],
        [*listed, DatedKey(stranger, THEN)],
        (),
        lambda code, *_args, more=None: found.append((code, more)),
    )

    assert found == [("key_unnamed", stranger)]
