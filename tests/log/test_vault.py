"""Personal data is beside the log and never in it: it can be erased, and everything else goes on being true."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
from base64 import urlsafe_b64decode
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import combinations
from pathlib import Path

import pytest

from cases.disclosure import digest_of, disclose, read_disclosure
from cases.errors import KeyReused, StepRefused, UnsafeStore, VaultDamaged
from cases.log.audit import verify, verify_at
from cases.log.store import AuditLog
from cases.log.vault_key import KEY_FILE, VaultKey
from cases.replay import replay
from cases.tlog.checkpoint import Checkpoint
from cases.tlog.tiles import Bundle
from cases.tlog.tree import leaf_hash, verify_inclusion
from tests.api.kit import ROOT, environment, tamper
from tests.log.people import (
    AT_HOME,
    Office,
    files_of,
    found_in,
    id_number,
    office,
    person,
    rows,
    traces_of,
)


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Office]:
    with office(tmp_path) as it:
        yield it


def pd_of(it: Office, index: int) -> list[str]:
    found: list[str] = json.loads(it.opened.log.read(index).data)["pd"]["_sd"]
    return found


# --- disclosures ------------------------------------------------------------------------------------------------------


def test_the_vector_of_rfc_9901_has_its_digest_and_reads_back() -> None:
    text = "WyIyR0xDNDJzS1F2ZUNmR2ZyeU5STjl3IiwgImdpdmVuX25hbWUiLCAiSm9obiJd"

    assert digest_of(text) == "jsu9yVulwQQlhFlM_3JlzMaSFzglhQG0DpfayQwLUK4"
    assert (read_disclosure(text).name, read_disclosure(text).value) == ("given_name", "John")
    salt = urlsafe_b64decode("2GLC42sKQveCfGfryNRN9w==")
    assert disclose(salt, "given_name", "John").text == text


def test_a_salt_of_less_than_128_bits_is_refused() -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        disclose(b"short", "a", "b")


@pytest.mark.parametrize("text", ["", "WzFd", "e30", "WzEsMiwzXQ", "***", "é"])
def test_what_is_no_disclosure_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no disclosure"):
        read_disclosure(text)


# --- erasing people ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [pytest.param(50), pytest.param(1000, marks=pytest.mark.long)])
def test_erased_people_are_gone_from_every_file_and_the_log_is_as_true_as_before(tmp_path: Path, count: int) -> None:
    needles = [trace for number in range(count) for value in person(number).values() for trace in traces_of(value)]
    with office(tmp_path) as it:
        decided = [it.decide(number, f"2026-{number}") for number in range(count)]
        before = it.sealed()
        proofs = [it.opened.published.proof(each.index) for each in decided]
        root = it.opened.log.head().root
        # What stands in their place is there, whole, and only the vault's key opens it.
        assert [it.values(each)["/party/证件号码"] for each in decided] == [id_number(n) for n in range(count)]
        sealed = [blob for row in rows(it.file, "SELECT nonce, ciphertext FROM vault") for blob in row]
        sealed += [blob for row in rows(it.file, "SELECT nonce, wrapped FROM vault_key") for blob in row]
        assert len(sealed) == count * 14
        assert len(found_in(it.file.read_bytes(), sealed)) == len(sealed)
        assert found_in(files_of(tmp_path), needles) == []

        for each in decided:
            it.erase(each, whole_case=True)

        size = it.sealed()
        assert rows(it.file, "SELECT count(*) FROM vault UNION ALL SELECT count(*) FROM vault_key") == [(0,), (0,)]
        whole = files_of(tmp_path) + published(it, size)
        assert found_in(whole, [*needles, *sealed]) == []

        # The tree, old proofs and new ones, and replay hold.
        assert verify(it.opened.log, vault=VaultKey.read(tmp_path / "keys" / KEY_FILE)).ok
        report = replay(it.opened.log)
        assert (report.replayed, report.ok) == (count, True)
        for each, old in zip(decided, proofs, strict=True):
            leaf = leaf_hash(it.opened.log.read(each.index).data)
            for proof in (old, it.opened.published.proof(each.index)):
                signed = Checkpoint.parse(proof.note.text)
                verify_inclusion(leaf, each.index, signed.size, proof.path, signed.root)
        assert it.opened.published.checkpoint(before).checkpoint.root == root
        assert it.opened.published.consistency(before, size)
        events = [json.loads(entry.data) for entry in it.opened.log.entries(before)]
        assert [event["kind"] for event in events] == ["erasure"] * count
        erased = [(record["id"], record["digests"]) for event in events for record in event["about"]["records"]]
        assert erased == [(each.id, pd_of(it, each.index)) for each in decided]


def published(it: Office, size: int) -> bytes:
    """Every entry bundle of the published log."""
    last, rest = divmod(size, 256)
    whole = [Bundle(number, 256) for number in range(last)] + ([Bundle(last, rest)] if rest else [])
    return b"".join(it.opened.published.bundle(each) for each in whole)


def test_the_personal_fact_stands_in_no_leaf_and_in_no_answer_and_is_kept(here: Office) -> None:
    recorded = here.decide(1)

    data = here.opened.log.read(recorded.index).data
    assert recorded.answer["fine_fen"] == 10_000
    assert (
        found_in(data + json.dumps(recorded.answer, ensure_ascii=False).encode(), [AT_HOME.encode(), "户籍".encode()])
        == []
    )
    assert here.values(recorded)["/facts/户籍"] == AT_HOME


def test_one_person_in_two_records_leaves_nothing_in_common(here: Office) -> None:
    found = [pd_of(here, here.decide(7, "2026-7").index) for _ in range(8)]

    for one, other in combinations(found, 2):
        runs = [{digest[at : at + 9] for digest in each for at in range(len(digest) - 8)} for each in (one, other)]
        assert not runs[0] & runs[1]
    assert all(each == sorted(each) for each in found)


@pytest.mark.parametrize("tries", [pytest.param(20_000), pytest.param(1_000_000, marks=pytest.mark.long)])
def test_no_guessed_identity_number_matches_a_digest(here: Office, tries: int) -> None:
    number = tries // 2
    digests = {urlsafe_b64decode(each + "=") for each in pd_of(here, here.decide(number).index)}
    fingerprints = {row[0] for row in rows(here.file, "SELECT fingerprint FROM idempotency")}

    for guess in range(tries):
        for text in (
            id_number(guess),
            f'["/party/证件号码", "{id_number(guess)}"]',
            f'["", "证件号码", "{id_number(guess)}"]',
        ):
            digest = hashlib.sha256(text.encode())
            assert digest.digest() not in digests
            assert digest.hexdigest() not in fingerprints


def test_the_fingerprint_of_a_request_with_a_person_in_it_is_keyed(tmp_path: Path) -> None:
    found = []
    for folder in (tmp_path / "one", tmp_path / "other"):
        with office(folder) as it:
            it.decide(3, key="k")
            assert it.decide(3, key="k").repeated
            with pytest.raises(KeyReused):
                it.decide(4, key="k")
            found += rows(it.file, "SELECT fingerprint FROM idempotency WHERE key = 'k'")

    # The same request under two keys: nothing that was computed from the request alone could differ.
    assert len(set(found)) == 2


def test_of_two_records_of_a_case_one_can_be_erased_alone(here: Office) -> None:
    first, second = here.decide(1, "2026-1"), here.decide(2, "2026-1")

    here.erase(first)

    assert here.values(second)["/party/姓名"] == person(2)["姓名"]
    assert here.values(first) == {}
    assert len(rows(here.file, "SELECT 1 FROM vault_key")) == 1
    here.erase(second)
    assert rows(here.file, "SELECT 1 FROM vault_key") == []


def test_many_threads_of_one_new_case_share_one_key(here: Office) -> None:
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda number: here.decide(number, "2026-1"), range(40)))

    assert [here.values(each)["/party/电话"] for each in made] == [person(number)["电话"] for number in range(40)]
    assert len(rows(here.file, "SELECT 1 FROM vault_key")) == 1


def test_deciding_and_erasing_one_case_at_the_same_time_leaves_every_record_whole_or_erased(here: Office) -> None:
    here.decide(0, "2026-1")

    def erase(_number: int) -> None:
        with suppress(StepRefused):  # nothing is there at this moment
            here.steps.erase_case("2026-1", basis="b", by="1", approved_by="2", door="test")

    with ThreadPoolExecutor(6) as pool:
        erasing = [pool.submit(erase, number) for number in range(12)]
        made = list(pool.map(lambda number: here.decide(number, "2026-1"), range(1, 40)))
        for each in erasing:
            each.result()

    assert codes(here) == []
    kept = [here.values(each) for each in made]
    assert {len(each) for each in kept} <= {0, 6}
    assert len(rows(here.file, "SELECT 1 FROM vault_key")) == int(any(kept))


# --- tampering --------------------------------------------------------------------------------------------------------


def codes(it: Office) -> list[tuple[str, int | None]]:
    key = VaultKey.read(it.folder / "keys" / KEY_FILE)
    return [(each.code, each.seq) for each in verify(it.opened.log, vault=key).findings if each.code != "guard_changed"]


OTHER = "FROM vault other WHERE other.id = ? AND other.field = vault.field)"
SWAPPED = f"UPDATE vault SET nonce = (SELECT nonce {OTHER}, ciphertext = (SELECT ciphertext {OTHER} WHERE id = ?"  # noqa: S608 - ours


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ("UPDATE vault SET ciphertext = zeroblob(40) WHERE id = ? AND field = '/party/姓名'", "unreadable"),
        ("UPDATE vault SET field = '/party/电话2' WHERE id = ? AND field = '/party/电话'", "unreadable"),
        ("UPDATE vault SET nonce = 'text' WHERE id = ?", "unreadable"),
        ("DELETE FROM vault WHERE id = ? AND field = '/party/姓名'", "missing"),
        ("DELETE FROM vault WHERE id = ?", "missing"),
        ("UPDATE vault_key SET wrapped = zeroblob(48) WHERE ? IS NOT NULL", "unreadable"),
    ],
)
def test_an_edited_or_removed_value_is_found_and_named(here: Office, change: str, problem: str) -> None:
    recorded = here.decide(1, "2026-1")
    assert codes(here) == []

    tamper(here.file, (change, (recorded.id,)))

    with pytest.raises(VaultDamaged) as told:
        here.values(recorded)
    assert (told.value.record, told.value.problem) == (recorded.id, problem)
    assert codes(here) == [(f"vault_{problem}", recorded.index)]


def test_values_exchanged_between_two_records_of_a_case_open_in_neither(here: Office) -> None:
    one, other = here.decide(1, "2026-1"), here.decide(2, "2026-1")

    tamper(here.file, (SWAPPED, (one.id, one.id, other.id)))

    assert codes(here) == [("vault_unreadable", other.index)]
    assert here.values(one)


def test_a_value_that_opens_and_is_not_vouched_for_is_found(here: Office) -> None:
    recorded = here.decide(1, "2026-1")
    vault = here.desk.vault
    assert vault is not None

    # What someone with the vault's key could do: another value, well encrypted.
    write = vault.keeping(recorded.id, "case 2026-1", [disclose(os.urandom(16), "/party/绰号", "某")])
    with here.opened.log.database.transaction(writing=True) as conn:
        write(conn, recorded.index)

    assert codes(here) == [("vault_mismatch", recorded.index)]


def test_values_of_no_record_are_found(here: Office) -> None:
    here.decide(1, "2026-1")
    vault = here.desk.vault
    assert vault is not None

    write = vault.keeping("nobody", "case 2026-1", [disclose(os.urandom(16), "/party/姓名", "某")])
    with here.opened.log.database.transaction(writing=True) as conn:
        write(conn, 0)

    assert codes(here) == [("vault_orphan", None)]


def test_erased_values_that_are_put_back_are_found_even_when_the_mark_is_removed(here: Office) -> None:
    recorded = here.decide(1, "2026-1")
    kept, key = rows(here.file, "SELECT * FROM vault"), rows(here.file, "SELECT * FROM vault_key")
    here.erase(recorded)
    assert codes(here) == []

    tamper(
        here.file,
        ("INSERT INTO vault_key VALUES (?, ?, ?)", key[0]),
        *(("INSERT INTO vault VALUES (?, ?, ?, ?, ?)", row) for row in kept),
    )

    with pytest.raises(VaultDamaged, match="says that it was erased"):
        here.values(recorded)
    assert codes(here) == [("vault_erased_yet_present", recorded.index)]
    tamper(here.file, ("DELETE FROM idempotency WHERE key LIKE '%' || ?", (recorded.id,)))
    assert [code for code, _ in codes(here)] == ["vault_erased_yet_present"]


def test_without_the_key_the_audit_still_counts(here: Office) -> None:
    recorded, erased = here.decide(1, "2026-1"), here.decide(2, "2026-2")
    here.erase(erased)
    assert verify_at(here.file).ok

    tamper(here.file, ("DELETE FROM vault WHERE id = ? AND field = '/party/姓名'", (recorded.id,)))

    findings = verify_at(here.file).findings
    assert [(each.code, each.seq) for each in findings if each.code != "guard_changed"] == [
        ("vault_missing", recorded.index)
    ]


# --- the key ----------------------------------------------------------------------------------------------------------


def test_the_key_is_a_private_file_outside_the_database_and_is_missed(tmp_path: Path) -> None:
    with office(tmp_path) as it:
        it.decide(1)
    path = tmp_path / "keys" / KEY_FILE
    assert path.stat().st_mode & 0o777 == 0o600
    assert bytes.fromhex(path.read_text()) not in (tmp_path / "log.sqlite3").read_bytes()

    path.chmod(0o644)
    with pytest.raises(UnsafeStore, match="others may read it"), office(tmp_path):
        pass
    path.unlink()
    with pytest.raises(UnsafeStore, match="personal data was encrypted under it"), office(tmp_path):
        pass
    path.write_text("no key\n")
    path.chmod(0o600)
    with pytest.raises(UnsafeStore, match="no vault key"), office(tmp_path):
        pass


def test_under_another_key_a_case_is_refused_and_nothing_is_recorded(tmp_path: Path) -> None:
    with office(tmp_path) as it:
        it.decide(1, "2026-1")
        size = it.opened.log.head().size
    (tmp_path / "keys" / KEY_FILE).unlink()
    VaultKey.create(tmp_path / "keys" / KEY_FILE)

    with office(tmp_path) as it:
        with pytest.raises(VaultDamaged, match="another key"):
            it.decide(1, "2026-1")
        assert it.opened.log.head().size == size


def test_of_many_who_start_at_once_all_have_the_same_key(tmp_path: Path) -> None:
    path = tmp_path / "keys" / KEY_FILE

    with ThreadPoolExecutor(8) as pool:
        prints = set(pool.map(lambda _: VaultKey.create(path).fingerprint(b"x"), range(16)))

    assert len(prints) == 1
    assert [each.name for each in path.parent.iterdir()] == [KEY_FILE]


# --- killed -----------------------------------------------------------------------------------------------------------

KILLED = """
import os, signal, sys
from pathlib import Path
from cases.log.vault import Vault
from tests.log.people import office

real, where = Vault.erasing, sys.argv[2]

def erasing(self, record_ids):
    erase = real(self, record_ids)
    def die(conn, seq):
        # So small a cache writes the changed pages at once: the file is half erased, the journal has what was there.
        conn.exec_driver_sql("PRAGMA cache_size=1")
        erase(conn, seq)
        os.kill(os.getpid(), signal.SIGKILL)
    return die

if where == "before_commit":
    Vault.erasing = erasing
with office(Path(sys.argv[1])) as it:
    entry = it.opened.log.find(sys.argv[3])
    it.steps.erase(entry, basis="b", by="1", approved_by="2", door="test")
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("where", ["before_commit", "after_commit"])
def test_killed_while_it_erases_it_leaves_all_or_nothing(tmp_path: Path, where: str) -> None:
    with office(tmp_path) as it:
        recorded = it.decide(1, "2026-1")
        size = it.opened.log.head().size

    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path), where, recorded.id],
        cwd=ROOT, env=environment(PYTHONPATH=str(ROOT)), capture_output=True, timeout=300, check=False,
    )  # fmt: skip

    assert done.returncode == -signal.SIGKILL, done.stderr.decode()
    journal = tmp_path / "log.sqlite3-journal"
    assert (journal.exists() and journal.stat().st_size > 512) == (where == "before_commit")
    with office(tmp_path) as it:
        assert codes(it) == []
        if where == "before_commit":
            assert it.opened.log.head().size == size
            assert it.values(recorded)["/party/姓名"] == person(1)["姓名"]
        else:
            assert it.opened.log.head().size == size + 1
            assert it.values(recorded) == {}
            assert len(rows(it.file, "SELECT 1 FROM vault UNION ALL SELECT 1 FROM vault_key")) == 0


def test_deleted_bytes_are_overwritten_and_an_unsafe_setting_is_not_taken(tmp_path: Path) -> None:
    with AuditLog.open(tmp_path / "log.sqlite3") as log, log.database.transaction() as conn:
        assert conn.exec_driver_sql("PRAGMA secure_delete").scalar() == 1
