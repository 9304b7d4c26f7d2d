"""The log asks its witnesses: what it keeps verifies, what goes wrong is told, and nothing ever waits for a witness."""

from __future__ import annotations

import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from cases.errors import UnsafeStore
from cases.log.keyring import Keyring
from cases.log.published import SignedCheckpoint
from cases.log.sealing import Sealing
from cases.log.witness_client import POLICY, Refused, Witnessing, ask, read_policy
from cases.tlog.keys import KeyType, SignerKey, open_note
from cases.tlog.policy import Policy, Witness
from cases.tlog.witnessing import AddCheckpoint, write_cosignatures
from tests.api.kit import until
from tests.log.kit import ORIGIN, THEN, Sealed, numbered, sealed
from tests.log.witness_kit import W1, W2, serving, store

Reply = tuple[int, bytes]


@contextmanager
def answering(reply: Callable[[bytes], Reply]) -> Iterator[tuple[str, list[bytes]]]:
    """A server that says what it is told to say, and what it was asked."""
    asked: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append(self.rfile.read(int(self.headers["Content-Length"])))
            status, data = reply(asked[-1])
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def of(it: Sealed, url: str, *signers: SignerKey) -> list[Witness]:
    """The witnesses of the policy file in the folder of keys, read from it."""
    lines = [f"witness w{number} {key.verifier} {url}" for number, key in enumerate(signers or (W1,))]
    names = " ".join(f"w{number}" for number in range(len(lines)))
    text = "\n".join([*lines, f"group all-of-them all {names}", "quorum all-of-them"]) + "\n"
    (it.keyring.folder / POLICY).write_text(text)
    policy = read_policy(it.keyring)
    assert policy is not None
    return list(policy.witnesses)


def logs_of(it: Sealed) -> tuple[SignerKey, ...]:
    return it.keyring.signers()[:1]


def latest(it: Sealed) -> SignedCheckpoint:
    found = it.published.latest()
    assert found is not None
    return found


def test_every_new_checkpoint_is_cosigned_end_to_end_and_the_quorum_says_which(tmp_path: Path) -> None:
    with sealed(tmp_path) as it, serving(store(tmp_path, W1, W2, logs=logs_of(it))) as url:
        witnessing = Witnessing(it.published, of(it, url, W1, W2), interval=0)
        sealing = Sealing(it.sealer, interval=0, sealed=witnessing.offer)
        policy = read_policy(it.keyring)
        assert policy is not None
        assert it.published.witnessed(policy) is None
        for size in (3, 4, 300):
            it.log.append(numbered(it.log.head().size, size))
            sealing.wake()
            until(lambda size=size: _size(it, policy) == size, "the cosignatures")  # type: ignore[misc]
        sealing.close()
        witnessing.close()

        found = it.published.witnessed(policy)
        assert found is not None
        keys = [each.key for each in open_note(found.note, [W1.verifier, W2.verifier])]
        assert sorted(map(str, keys)) == sorted([str(W1.verifier), str(W2.verifier)])
        assert [(each.name, each.size, each.problem) for each in witnessing.states()] == [
            ("w0", 300, None),
            ("w1", 300, None),
        ]


def _size(it: Sealed, policy: Policy) -> int:
    found = it.published.witnessed(policy)
    return 0 if found is None else found.size


def test_a_witness_put_back_to_an_older_state_is_proved_to_from_there(tmp_path: Path) -> None:
    with sealed(tmp_path) as it:
        witness = store(tmp_path, logs=logs_of(it))
        it.grow(3)
        with serving(witness) as url:
            (known,) = of(it, url)
            ask(it.published, known, latest(it), 0, timeout=60)
            shutil.copy(witness.path, tmp_path / "older")
            it.grow(4)
            ask(it.published, known, latest(it), 3, timeout=60)
        shutil.copy(tmp_path / "older", witness.path)
        it.grow(5)
        with serving(witness) as url:
            (known,) = of(it, url)

            assert ask(it.published, known, latest(it), 7, timeout=60)

        assert [each.checkpoint.size for each in witness.kept(ORIGIN)] == [3, 12]


def test_a_new_process_begins_where_the_last_cosignature_was(tmp_path: Path) -> None:
    with sealed(tmp_path) as it:
        it.grow(3)
        cosigned = store(tmp_path, logs=logs_of(it))
        with answering(_relay(cosigned)) as (url, asked):
            for expected in (0, 3):
                witnessing = Witnessing(it.published, of(it, url), interval=0)
                until(lambda: it.published.cosigned_by(W1.verifier) == it.log.head().size, "the cosignature")
                witnessing.close()
                assert AddCheckpoint.parse(asked[-1]).old == expected
                it.grow(2)


def _relay(witness: object) -> Callable[[bytes], Reply]:
    def reply(data: bytes) -> Reply:
        verdict = witness.add(data)  # type: ignore[attr-defined]
        return verdict.status, verdict.body

    return reply


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        ((400, b""), "malformed"),
        ((403, b""), "give it the log's new vkey"),
        ((404, b""), "does not know this log"),
        ((422, b""), "does NOT continue"),
        ((500, b""), "HTTP status 500"),
        ((302, b""), "HTTP status 302"),
        ((409, b"nonsense"), "no size"),
        ((409, b"4\n"), "was the log put back"),
        ((409, b"3\n"), "ANOTHER tree of 3 records"),
        ((409, b"2\n"), "a conflict twice"),
        ((200, b""), "cannot be used"),
        ((200, b"nonsense\n"), "cannot be used"),
        ((200, b"x" * (1 << 21)), "more than"),
    ],
)
def test_every_other_answer_is_told_and_nothing_is_kept(tmp_path: Path, reply: Reply, said: str) -> None:
    with sealed(tmp_path) as it, answering(lambda _body: reply) as (url, asked):
        it.grow(3)
        (known,) = of(it, url)

        with pytest.raises(Refused, match=said):
            ask(it.published, known, latest(it), 0, timeout=60)

        assert it.published.cosigned_by(W1.verifier) == 0
        assert len(asked) == (2 if reply[0] == 409 and reply[1] in (b"3\n", b"2\n") else 1)


def test_a_cosignature_that_does_not_verify_or_is_another_keys_is_not_kept(tmp_path: Path) -> None:
    stranger = SignerKey(W1.name, KeyType.COSIGNATURE, b"s" * 32)
    with sealed(tmp_path) as it:
        it.grow(3)
        text = latest(it).note.text
        other = text.replace("\n3\n", "\n4\n")
        for lines, said in (
            ([W1.sign(other, 5)], "does not verify"),
            ([stranger.sign(text, 5)], "no cosignature of the key"),
            ([stranger.sign(text, 5), W1.sign(other, 5)], "does not verify"),
        ):
            with answering(lambda _body, lines=lines: (200, write_cosignatures(lines))) as (url, _):  # type: ignore[misc]
                (known,) = of(it, url)
                with pytest.raises(Refused, match=said):
                    ask(it.published, known, latest(it), 0, timeout=60)
        with answering(lambda _body: (200, write_cosignatures([stranger.sign(text, 5), W1.sign(text, 6)]))) as (url, _):
            (known,) = of(it, url)
            assert ask(it.published, known, latest(it), 0, timeout=60) == (W1.sign(text, 6),)


def test_a_witness_that_never_answers_holds_up_nothing_and_the_other_goes_on(tmp_path: Path) -> None:
    silent = socket.create_server(("127.0.0.1", 0))  # accepts, and never says a word
    with sealed(tmp_path) as it, serving(store(tmp_path, W2, logs=logs_of(it))) as url:
        deaf, good = of(it, "http://unused", W1, W2)
        deaf = Witness(deaf.name, deaf.key, f"http://127.0.0.1:{silent.getsockname()[1]}")
        good = Witness(good.name, good.key, url)
        witnessing = Witnessing(it.published, [deaf, good], interval=0, timeout=1, pause=0.01)
        sealing = Sealing(it.sealer, interval=0, sealed=witnessing.offer)
        for _ in range(5):
            it.log.append(numbered(it.log.head().size, it.log.head().size + 2))
            sealing.wake()
        until(lambda: it.published.cosigned_by(good.key) == 10, "the other witness")
        until(lambda: witnessing.states()[0].problem is not None, "the time limit")
        sealing.close()
        witnessing.close()

        assert "gave no answer" in (witnessing.states()[0].problem or "")
        assert it.published.cosigned_by(deaf.key) == 0
    silent.close()


def test_a_witness_that_was_down_is_asked_again_for_the_newest_only(tmp_path: Path) -> None:
    with sealed(tmp_path) as it:
        reserved = socket.create_server(("127.0.0.1", 0))
        port = reserved.getsockname()[1]
        reserved.close()
        witness = store(tmp_path, logs=logs_of(it))
        witnessing = Witnessing(it.published, of(it, f"http://127.0.0.1:{port}"), interval=0, pause=0.01)
        for _ in range(3):
            it.grow(2)
            witnessing.offer(latest(it))
        until(lambda: witnessing.states()[0].problem is not None, "the failure")
        with serving(witness, port):
            until(lambda: it.published.cosigned_by(W1.verifier) == 6, "the cosignature")
            witnessing.close()

        assert [each.checkpoint.size for each in witness.kept(ORIGIN)] == [6]


def test_a_fork_of_the_log_is_told_by_the_witness_that_saw_the_first(tmp_path: Path) -> None:
    """The owner of everything puts the log and its signing state back, and goes on otherwise: a witness sees it."""
    for part in ("one", "two"):
        (tmp_path / part).mkdir()
    keys = tmp_path / "keys"
    Keyring.create(keys, ORIGIN, THEN)
    with sealed(tmp_path / "one", keys) as it, serving(store(tmp_path, logs=logs_of(it))) as url:
        it.grow(4)
        (known,) = of(it, url)
        assert ask(it.published, known, latest(it), 0, timeout=60)
        (keys / "signing.sqlite3").unlink()
        with sealed(tmp_path / "two", keys) as fork:
            fork.log.append([each.__class__(id=each.id, data=each.data + b" ") for each in numbered(0, 6)])
            fork.sealer.seal()
            with pytest.raises(Refused, match="does NOT continue"):
                ask(fork.published, known, latest(fork), 0, timeout=60)
            assert fork.published.cosigned_by(known.key) == 0


def test_the_policy_file_is_read_strictly_and_may_be_absent(tmp_path: Path) -> None:
    keyring = Keyring.create(tmp_path / "keys", ORIGIN, THEN)
    assert read_policy(keyring) is None
    (keyring.folder / POLICY).write_text("witness w1 nonsense\nquorum w1\n")
    with pytest.raises(UnsafeStore, match=r"line 1 of the policy"):
        read_policy(keyring)
    (keyring.folder / POLICY).write_text(f"witness w1 {W1.verifier} http://127.0.0.1:1\nquorum none\n")
    policy = read_policy(keyring)
    assert policy is not None
    assert [log.key for log in policy.logs] == list(keyring.verifiers())


def test_with_no_quorum_the_newest_checkpoint_is_enough_and_with_one_an_older_may_be(tmp_path: Path) -> None:
    with sealed(tmp_path) as it:
        (known,) = of(it, "http://unused")
        policy = read_policy(it.keyring)
        assert policy is not None
        for _ in range(70):  # more than one page of checkpoints
            it.grow(1)
        it.published.add_cosignature(2, W1.sign(it.published.checkpoint(2).note.text, 5))
        it.published.add_cosignature(5, W1.sign("another text\n1\n" + "A" * 43 + "=\n", 5))

        assert _size(it, policy) == 2
        assert _size(it, Policy(logs=policy.logs, quorum=None)) == 70
        assert known.key == W1.verifier
