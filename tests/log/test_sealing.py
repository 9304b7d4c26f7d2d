"""Nothing is signed that does not continue what was signed; and what is signed was read back first."""

from __future__ import annotations

import base64
import shutil
import sqlite3
import threading
from pathlib import Path

import pytest

from cases.errors import LogUnavailable, NotPublished, RefusedToSign, UnsafeStore
from cases.log import sqlite
from cases.log.keyring import Keyring
from cases.log.sealing import Sealer, Sealing, SigningState
from cases.log.store import AuditLog
from cases.tlog.keys import KeyType, open_note
from cases.tlog.tiles import Bundle, Tile, bundles_of, read_bundle, tiles_of
from cases.tlog.tree import leaf_hash, verify_consistency, verify_inclusion
from tests.log.kit import ORIGIN, THEN, numbered, sealed


def rewrite(file: Path, *statements: str) -> None:
    """What the owner of the file can do: take the triggers out and change what he likes."""
    raw = sqlite3.connect(file, isolation_level=None)
    for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        raw.execute(f"DROP TRIGGER {name}")
    for each in statements:
        raw.execute(each)
    raw.close()


def rebuilt(file: Path, wrong: int) -> None:
    """Change one record, and make every hash after it anew, as a careful owner would."""
    raw = sqlite3.connect(file)
    data = [row[0] for row in raw.execute("SELECT bytes FROM entry ORDER BY seq")]
    raw.close()
    data[wrong] = data[wrong].replace(b"r", b"s", 1)
    with AuditLog.open(file.with_name("forged.sqlite3")) as forged:
        forged.append([entry.__class__(id=f"r{at}", data=data[at]) for at, entry in enumerate(numbered(0, len(data)))])
    file.unlink()
    file.with_name("forged.sqlite3").rename(file)


def test_a_checkpoint_is_signed_by_every_key_and_says_size_and_root(tmp_path: Path) -> None:
    with sealed(tmp_path) as it:
        it.grow(3)

        latest = it.published.latest()

        assert latest is not None
        assert (latest.checkpoint.origin, latest.size) == (ORIGIN, 3)
        assert latest.checkpoint.root == it.log.head().root
        signed_by = [each.key.type for each in open_note(latest.note, it.keyring.verifiers())]
        assert signed_by == [KeyType.ED25519, KeyType.SUBTREE]


def test_an_empty_log_has_no_checkpoint_and_sealing_twice_signs_once(tmp_path: Path) -> None:
    with sealed(tmp_path) as it:
        assert it.sealer.seal() is None
        it.grow(2)

        assert it.sealer.seal() == it.sealer.seal() == it.published.latest()


def test_a_signer_that_died_after_the_swap_goes_on_with_the_same_tree(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with sealed(tmp_path) as it:
        it.grow(2)
        it.log.append(numbered(2, 4))
        with monkeypatch.context() as patched:
            patched.setattr(it.sealer._published, "add_signed", lambda _note: 1 / 0)
            with pytest.raises(ZeroDivisionError):
                it.sealer.seal()
        it.log.append(numbered(4, 5))

        found = it.sealer.seal()

        assert found is not None
        assert found.size == 5
        assert it.state.read().size == 5


def test_an_older_copy_of_the_database_is_refused(tmp_path: Path) -> None:
    with sealed(tmp_path) as it:
        it.grow(4)
        shutil.copy(it.file, tmp_path / "yesterday")
        it.grow(4)
    shutil.copy(tmp_path / "yesterday", tmp_path / "log.sqlite3")

    with sealed(tmp_path) as it:
        for refused in (it.sealer.check, it.sealer.seal):
            with pytest.raises(RefusedToSign, match="4 records and 8 were signed"):
                refused()


def test_a_fork_from_an_older_copy_is_refused_though_it_is_longer(tmp_path: Path) -> None:
    with sealed(tmp_path) as it:
        it.grow(4)
        shutil.copy(it.file, tmp_path / "yesterday")
        it.grow(4)
    shutil.copy(tmp_path / "yesterday", tmp_path / "log.sqlite3")

    with sealed(tmp_path) as it:
        it.log.append([each.__class__(id=f"other-{each.id}", data=each.data + b" ") for each in numbered(4, 20)])
        with pytest.raises(RefusedToSign, match="not that of the records after the 8 signed ones"):
            it.sealer.seal()


def test_a_record_that_was_changed_before_it_was_signed_is_not_signed(tmp_path: Path) -> None:
    with sealed(tmp_path) as it:
        it.grow(2)
        it.log.append(numbered(2, 6))
        rewrite(it.file, "UPDATE entry SET bytes = x'7b7d' WHERE seq = 4")

        with pytest.raises(RefusedToSign, match="record 4 reads back with other bytes"):
            it.sealer.seal()
        assert it.state.read().size == 2


def test_a_signed_record_that_was_changed_with_all_hashes_after_it_stops_the_signer(tmp_path: Path) -> None:
    with sealed(tmp_path) as it:
        it.grow(6)
    rebuilt(tmp_path / "log.sqlite3", 3)

    with sealed(tmp_path) as it:
        with pytest.raises(RefusedToSign, match="are not those that were signed"):
            it.sealer.check()
        it.log.append(numbered(6, 8))
        with pytest.raises(RefusedToSign, match="an earlier record was changed"):
            it.sealer.seal()


def test_a_lost_or_older_or_foreign_signing_state_is_refused(tmp_path: Path) -> None:
    with sealed(tmp_path) as it:
        it.grow(2)
        older = tmp_path / "older"
        shutil.copy(it.state.path, older)
        it.grow(2)
        shutil.copy(older, it.state.path)

        with pytest.raises(RefusedToSign, match=r"size 4 is published and .* knows of 2 only"):
            it.sealer.check()
        it.state.path.unlink()
        with pytest.raises(UnsafeStore, match="put back the newest copy"):
            it.sealer.check()
        SigningState.create(it.state.path, ORIGIN)
        with pytest.raises(RefusedToSign, match="knows of 0 only"):
            it.sealer.check()
        it.state.path.unlink()
        SigningState.create(it.state.path, "another.example")
        with pytest.raises(UnsafeStore, match=r"of the log `another\.example`"):
            it.sealer.check()


def test_a_signer_that_was_paused_signs_nothing_of_what_another_signed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with sealed(tmp_path) as it:
        it.grow(2)
        it.log.append(numbered(2, 5))
        texts: list[str] = []
        slow = Sealer(it.log, it.state, ORIGIN, it.keyring.signers())
        rederived = slow._rederived
        monkeypatch.setattr(slow, "_sign", lambda tree: texts.append(str(tree.size)))

        def paused(*args: object) -> object:
            found = rederived(*args)  # type: ignore[arg-type]
            if it.state.read().size == 2:
                it.sealer.seal()  # The other one, while this one is stopped.
            return found

        monkeypatch.setattr(slow, "_rederived", paused)

        assert slow.seal() == it.published.latest()
        assert texts == []


def test_a_signing_state_that_is_locked_or_cannot_be_written_is_unavailable_and_signing_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sqlite._SETTINGS, "busy_timeout", ("20", 20))
    with sealed(tmp_path) as it:
        it.grow(2)
        it.log.append(numbered(2, 5))
        last = it.state.read()
        other = sqlite3.connect(it.state.path, isolation_level=None)
        other.execute("BEGIN EXCLUSIVE")
        covered = threading.Event()
        sealing = Sealing(it.sealer, interval=0, sealed=lambda point: covered.set())

        for refused in (it.state.read, it.sealer.seal, lambda: it.state.swap(last, last)):
            with pytest.raises(LogUnavailable, match="locked"):
                refused()
        sealing.wake()
        other.close()

        assert covered.wait(60)
        sealing.close()
        assert it.state.read().size == 5


def test_two_signers_of_one_log_never_sign_two_trees_of_one_size(tmp_path: Path) -> None:
    with sealed(tmp_path) as it:
        failures: list[BaseException] = []

        def sign() -> None:
            with sealed(tmp_path) as mine:
                for _ in range(20):
                    try:
                        mine.sealer.seal()
                    except BaseException as exc:
                        failures.append(exc)

        signers = [threading.Thread(target=sign) for _ in range(3)]
        for each in signers:
            each.start()
        for number in range(40):
            it.log.append(numbered(number, number + 1))
        for each in signers:
            each.join()
        it.sealer.seal()

        assert failures == []
        raw = sqlite3.connect(it.file)
        notes = raw.execute("SELECT size, note FROM signed ORDER BY size").fetchall()
        raw.close()
        roots = {size: note.split(b"\n")[2] for size, note in notes}
        assert max(roots) == 40
        with AuditLog.open(it.file, read_only=True) as log:
            made = {point.size: point.root for point in log.checkpoints()}
        assert {size: made[size].hex() for size in roots} == {
            size: base64.b64decode(root).hex() for size, root in roots.items()
        }


def test_sealing_in_the_background_covers_what_was_appended_and_stops_for_good_when_refused(tmp_path: Path) -> None:
    with sealed(tmp_path) as it:
        covered = threading.Event()
        sealing = Sealing(it.sealer, interval=0, sealed=lambda point: covered.set() if point.size == 3 else None)
        it.log.append(numbered(0, 3))
        sealing.wake()
        assert covered.wait(60)

        it.log.append(numbered(3, 4))
        rewrite(it.file, "UPDATE entry SET bytes = x'7b7d' WHERE seq = 3")
        sealing.wake()
        sealing.close()

        with pytest.raises(RefusedToSign):
            sealing.gate()


@pytest.mark.parametrize("size", [1, 2, 255, 256, 257, 511, 513])
def test_every_proof_of_a_published_log_verifies_and_nothing_unsigned_is_shown(tmp_path: Path, size: int) -> None:
    with sealed(tmp_path) as it:
        it.grow(size)
        it.log.append(numbered(size, size + 1))  # not sealed
        latest = it.published.latest()
        assert latest is not None

        entries = [data for each in bundles_of(size) for data in read_bundle(it.published.bundle(each), each.width)]
        assert entries == [each.data for each in numbered(0, size)]
        for index in {0, size // 2, size - 1}:
            proof = it.published.proof(index)
            verify_inclusion(leaf_hash(entries[index]), index, size, proof.path, latest.checkpoint.root)
        assert sum(len(it.published.tile(each)) for each in tiles_of(size)) >= 32 * size
        for old in {1, size}:
            root = {point.size: point.root for point in it.log.checkpoints()}.get(old)
            path = it.published.consistency(old, size)
            if root is not None:
                verify_consistency(old, size, path, root, latest.checkpoint.root)
        with pytest.raises(NotPublished):
            it.published.proof(size)
        for beyond in (Bundle(size // 256, size % 256 + 1), Bundle(size // 256 + 1, 1)):
            with pytest.raises(NotPublished):
                it.published.bundle(beyond)
        with pytest.raises(NotPublished):
            it.published.tile(Tile(1, size // 65536, size // 256 + 1))
        with pytest.raises(NotPublished):
            it.published.consistency(1, size + 1)


def test_the_private_keys_are_for_their_owner_only_and_the_list_is_public(tmp_path: Path) -> None:
    keyring = Keyring.create(tmp_path / "keys", ORIGIN, THEN)
    private = sorted((tmp_path / "keys").glob("*.key"))

    assert [path.stat().st_mode & 0o777 for path in private] == [0o600, 0o600]
    assert (tmp_path / "keys").stat().st_mode & 0o777 == 0o700
    assert b"PRIVATE" not in keyring.public_list()
    private[0].chmod(0o640)
    with pytest.raises(UnsafeStore, match="others may read it"):
        Keyring(tmp_path / "keys").signers()
    private[0].unlink()
    with pytest.raises(UnsafeStore, match="cannot be read"):
        Keyring(tmp_path / "keys").signers()
    with pytest.raises(UnsafeStore, match="holds keys already"):
        Keyring.create(tmp_path / "keys", ORIGIN, THEN)


def test_a_rotation_signs_one_checkpoint_with_both_and_then_with_the_new_keys_only(tmp_path: Path) -> None:
    with sealed(tmp_path) as it:
        it.grow(1)
        old = it.keyring.verifiers()
        it.keyring.add("2026-11-02T08:00:00.000Z")
    with sealed(tmp_path) as it:
        it.grow(1)
        overlap = it.published.checkpoint(2)
        it.keyring.retire(old, "2026-11-02T09:00:00.000Z")
    with sealed(tmp_path) as it:
        it.grow(1)
        after = it.published.checkpoint(3)
        new = tuple(each.key for each in it.keyring.keys if each.until is None)

        assert len(open_note(overlap.note, old)) == len(open_note(overlap.note, new)) == 2
        assert len(after.note.signatures) == len(open_note(after.note, new)) == 2
        assert len(list((tmp_path / "keys").glob("*.key"))) == 2
        assert [each.until for each in it.keyring.keys] == ["2026-11-02T09:00:00.000Z"] * 2 + [None] * 2
