"""A witness, MUST by MUST of C2SP tlog-witness v1.0.0, over HTTP; and it never cosigns two pasts of one log."""

from __future__ import annotations

import itertools
import shutil
import sqlite3
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from api.witness import MAX_BODY
from cases.errors import LogUnavailable, UnsafeStore
from cases.log.keyring import write_private
from cases.log.witness import WitnessStore, cosigner_keys
from cases.tlog.keys import KeyType, SignerKey, open_note
from cases.tlog.note import Note, NoteSignature
from cases.tlog.tree import verify_consistency
from cases.tlog.witnessing import parse_cosignatures
from tests.log.witness_kit import LOG, ORIGIN, STRANGER, W1, W2, body, note, raw, send, serving, store, tree
from tests.tlog.kit import subproof


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A witness that has cosigned 8 records and no more in all of this file."""
    with serving(store(tmp_path_factory.mktemp("witness"), W1, W2)) as address:
        assert send(address, body(0, tree(8)))[0].status == 200
        yield address


def test_the_answer_is_signature_lines_of_its_keys_that_verify_on_the_checkpoint(url: str) -> None:
    answer, _ = send(url, body(8, tree(8)))

    assert answer.status == 200
    lines = parse_cosignatures(answer.body)
    assert answer.body.decode().splitlines(keepends=True) == [each.line() for each in lines]
    assert all(line.startswith("— ") for line in answer.body.decode().splitlines())
    verified = open_note(note(tree(8)).adding(lines), [W1.verifier, W2.verifier])
    assert [(each.key, each.time) for each in verified] == [(W1.verifier, 1_790_000_000), (W2.verifier, 1_790_000_000)]


@pytest.mark.parametrize(
    "wrong",
    [
        b"",
        b"\n",
        b"old 8\n",
        b"old 08\n\n" + note(tree(8)).to_bytes(),
        b"old -1\n\n" + note(tree(8)).to_bytes(),
        b"old +8\n\n" + note(tree(8)).to_bytes(),
        b"old  8\n\n" + note(tree(8)).to_bytes(),
        b"Old 8\n\n" + note(tree(8)).to_bytes(),
        b"old 8\r\n\r\n" + note(tree(8)).to_bytes(),
        b"old 8\n" + note(tree(8)).to_bytes(),
        b"old 8\nAAAA\n\n" + note(tree(8)).to_bytes(),
        b"old 8\nnot base64\n\n" + note(tree(8)).to_bytes(),
        b"old 99999999999999999999\n\n" + note(tree(8)).to_bytes(),
        raw(8, [bytes(32)] * 64, note(tree(8))),
        body(8, tree(8)).rstrip(b"\n"),
        b"old 0\n\nnot a checkpoint\n\n" + note(tree(8)).to_bytes().split(b"\n\n")[1],
        b"\xff" + body(8, tree(8)),
    ],
)
def test_what_is_not_the_format_is_400(url: str, wrong: bytes) -> None:
    assert send(url, wrong)[0].status == 400


@pytest.mark.parametrize("old", [9, 10, 1 << 60])
def test_an_old_size_above_the_checkpoints_is_400(url: str, old: int) -> None:
    assert send(url, raw(old, [], note(tree(8))))[0].status == 400


def test_an_unknown_origin_is_404_though_it_is_signed_well(url: str) -> None:
    other = SignerKey("other.example", KeyType.ED25519, bytes(32))

    assert send(url, raw(0, [], note(tree(8), other, origin="other.example")))[0].status == 404


def test_a_checkpoint_no_trusted_key_signed_is_403(url: str) -> None:
    forged = note(tree(8), STRANGER)
    named = Note(forged.text, (NoteSignature(ORIGIN, LOG.verifier.key_id, forged.signatures[0].signature),))

    assert send(url, raw(8, [], forged))[0].status == 403
    assert send(url, raw(8, [], named))[0].status == 403  # the trusted key's name and id over another's signature
    assert send(url, raw(8, [], note(tree(8), W1_AS_LOG)))[0].status == 403


W1_AS_LOG = SignerKey("witness.example/w1", KeyType.ED25519, b"1" * 32)


def test_signatures_of_unknown_keys_are_ignored(url: str) -> None:
    assert send(url, body(8, tree(8), STRANGER, W1_AS_LOG, LOG))[0].status == 200


@pytest.mark.parametrize("old", [0, 1, 7])
def test_an_old_size_other_than_the_last_is_409_and_tells_the_size(url: str, old: int) -> None:
    answer, content = send(url, body(old, tree(9)))

    assert (answer.status, content, answer.body) == (409, "text/x.tlog.size", b"8\n")


def test_a_log_never_seen_counts_as_size_zero(tmp_path: Path) -> None:
    witness = store(tmp_path)

    assert witness.add(body(3, tree(8))).body == b"0\n"
    assert witness.add(raw(0, [bytes(32)], note(tree(8)))).status == 422  # from zero the proof is empty
    assert witness.add(body(0, tree(0))).status == 200
    assert witness.add(body(0, tree(8))).status == 200


def test_another_root_for_the_size_it_has_is_409(url: str) -> None:
    answer, content = send(url, body(8, tree(8, b"x", 5)))

    assert (answer.status, content, answer.body) == (409, "text/x.tlog.size", b"8\n")


@pytest.mark.parametrize("size", [9, 11, 16, 17])
def test_a_proof_that_does_not_verify_is_422(url: str, size: int) -> None:
    good = subproof(8, tree(size))
    wrongs = [
        [],
        [*good, bytes(32)],
        good[:-1],
        [*good[:-1], bytes(32)],
        subproof(8, tree(size, b"x", 3)),
    ]

    assert [send(url, raw(8, path, note(tree(size))))[0].status for path in wrongs if path != good] == [422] * 5
    assert send(url, raw(8, [bytes(32)], note(tree(8))))[0].status == 422


def test_a_fork_is_422_and_its_signed_checkpoint_is_kept_as_proof(tmp_path: Path) -> None:
    witness = store(tmp_path)
    assert witness.add(body(0, tree(8))).status == 200

    fork = tree(12, b"x", 6)
    assert witness.add(raw(8, subproof(8, fork), note(fork))).status == 422

    (kept,) = witness.refused()
    assert (kept.checkpoint.size, kept.status) == (12, 422)
    assert open_note(kept.note, [LOG.verifier])
    assert [each.checkpoint.size for each in witness.kept(ORIGIN)] == [8]


def test_two_forks_offered_to_one_witness_never_both_get_cosignatures(tmp_path: Path) -> None:
    witness = store(tmp_path)
    assert witness.add(body(0, tree(4))).status == 200
    branches = [[tree(size, mark, 4) for size in range(5, 25)] for mark in (b"a", b"b")]
    cosigned: list[list[bytes]] = []

    def press(branch: list[list[bytes]]) -> None:
        for leaves in branch:
            verdict = witness.add(body(4, leaves))
            if verdict.status == 409 and int(verdict.body) <= len(leaves):
                verdict = witness.add(body(int(verdict.body), leaves))
            assert verdict.status in (200, 409, 422)
            if verdict.status == 200:
                cosigned.append(leaves)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(press, branches))

    assert cosigned
    marks = {leaves[4] for leaves in cosigned}
    assert len(marks) == 1
    assert len(witness.refused()) >= 1


def test_requests_at_once_never_roll_it_back(tmp_path: Path) -> None:
    """The race of the specification: A with size N is checked, B with N+K is checked and kept, A is kept."""
    witness = store(tmp_path)
    assert witness.add(body(0, tree(4))).status == 200
    for start in range(4, 40, 6):
        together = threading.Barrier(6)

        def offer(size: int, old: int = start, all_ready: threading.Barrier = together) -> tuple[int, int]:
            data = body(old, tree(size))
            all_ready.wait()
            return witness.add(data).status, size

        with ThreadPoolExecutor(6) as pool:
            found = list(pool.map(offer, range(start + 1, start + 7)))

        # One of them won; the others came after it, with an old size that is no longer the last.
        won = [size for status, size in found if status == 200]
        assert (len(won), {status for status, _ in found}) == (1, {200, 409})
        (latest,) = witness.latest()
        assert latest.checkpoint.size == won[0]
        assert witness.add(body(won[0], tree(start + 6))).status == 200
    kept = list(witness.kept(ORIGIN))
    for before, after in itertools.pairwise(kept):
        old, new = before.checkpoint, after.checkpoint
        verify_consistency(old.size, new.size, subproof(old.size, tree(new.size)), old.root, new.root)


def test_what_was_cosigned_is_on_disk_before_the_answer(tmp_path: Path) -> None:
    witness = store(tmp_path)
    with sqlite3.connect(witness.path, isolation_level=None) as other:
        other.execute("PRAGMA busy_timeout=0")
        other.execute("BEGIN EXCLUSIVE")
        statuses: list[object] = []

        def ask() -> None:
            try:
                statuses.append(witness.add(body(0, tree(3))).status)
            except LogUnavailable as exc:
                statuses.append(exc)

        asking = threading.Thread(target=ask)
        asking.start()
        asking.join(0.3)
        assert statuses == []  # it cannot keep it, so it says nothing
        other.execute("COMMIT")
        asking.join()
    other.close()
    assert statuses == [200]
    assert [each.checkpoint.size for each in store(tmp_path).latest()] == [3]


def test_a_witness_that_cannot_keep_anything_cosigns_nothing(tmp_path: Path) -> None:
    witness = store(tmp_path)
    with serving(witness) as url:
        assert send(url, body(0, tree(3)))[0].status == 200
        witness.path.rename(tmp_path / "away")

        assert send(url, body(3, tree(4)))[0].status == 503  # no new file, that would cosign any past
        assert not witness.path.exists()
        shutil.move(tmp_path / "away", witness.path)
        assert send(url, body(3, tree(4)))[0].status == 200


def test_one_log_has_many_keys_while_it_changes_them_and_two_logs_stand_apart(tmp_path: Path) -> None:
    other = SignerKey("other.example", KeyType.ED25519, b"o" * 32)
    witness = store(tmp_path, W1, logs=(LOG, STRANGER, other))

    assert witness.add(body(0, tree(2), LOG)).status == 200
    assert witness.add(body(2, tree(3), LOG, STRANGER)).status == 200
    assert witness.add(body(3, tree(4), STRANGER)).status == 200
    assert witness.add(raw(0, [], note(tree(9, b"z"), other, origin="other.example"))).status == 200
    assert [(each.checkpoint.origin, each.checkpoint.size) for each in witness.latest()] == [
        (ORIGIN, 4),
        ("other.example", 9),
    ]


def test_it_keeps_every_checkpoint_with_the_logs_signature_and_its_own_and_nothing_else(tmp_path: Path) -> None:
    witness = store(tmp_path)
    for old, new in ((0, 2), (2, 3), (3, 300), (300, 300)):
        assert witness.add(body(old, tree(new), LOG, STRANGER)).status == 200

    kept = list(witness.kept(ORIGIN))

    assert [each.checkpoint.size for each in kept] == [2, 3, 300]
    for each in kept:
        assert len(each.note.signatures) == 2
        assert [found.key for found in open_note(each.note, [LOG.verifier, W1.verifier])] == [LOG.verifier, W1.verifier]
    raw_file = sqlite3.connect(witness.path)
    for statement in ("DELETE FROM cosigned", "UPDATE cosigned SET size = 1"):
        with pytest.raises(sqlite3.IntegrityError, match="kept for ever"):
            raw_file.execute(statement)
    raw_file.close()


@pytest.mark.parametrize(("method", "path"), [("GET", "/add-checkpoint"), ("PUT", "/add-checkpoint"), ("POST", "/")])
def test_there_is_nothing_else_to_ask(url: str, method: str, path: str) -> None:
    assert send(url, b"", method, path)[0].status in (404, 405)


def test_a_request_beyond_the_limit_is_not_read_to_its_end(url: str) -> None:
    assert send(url, b"old 0\n\n" + bytes(MAX_BODY))[0].status == 413


def test_a_size_that_no_database_holds_is_refused(tmp_path: Path) -> None:
    text = f"{ORIGIN}\n{2**64 - 1}\n{'A' * 43}=\n"

    assert store(tmp_path).add(raw(0, [], Note(text, (LOG.sign(text),)))).status == 400


def test_a_lost_or_foreign_state_or_key_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnsafeStore, match="retire the key"):
        WitnessStore(tmp_path / "none.sqlite3", [W1], [LOG.verifier]).latest()
    (tmp_path / "text").write_text("not a database, and long enough to be read as one" * 40)
    with pytest.raises(UnsafeStore, match="no state of a witness"):
        WitnessStore(tmp_path / "text", [W1], [LOG.verifier]).latest()
    WitnessStore.create(tmp_path / "w.sqlite3")
    with pytest.raises(UnsafeStore, match="there already"):
        WitnessStore.create(tmp_path / "w.sqlite3")

    write_private(tmp_path / "log.key", LOG)
    with pytest.raises(UnsafeStore, match="a log's key"):
        cosigner_keys([tmp_path / "log.key"])
    write_private(tmp_path / "w.key", W1)
    assert cosigner_keys([tmp_path / "w.key"]) == (W1,)
    (tmp_path / "w.key").chmod(0o644)
    with pytest.raises(UnsafeStore, match="others may read it"):
        cosigner_keys([tmp_path / "w.key"])
