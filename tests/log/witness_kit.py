"""What the tests of witnessing share: small trees by RFC 6962's own words, signed, and a witness really served."""

from __future__ import annotations

import http.client
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import uvicorn

from api.witness import witness_app
from cases.log.post import Answer
from cases.log.witness import WitnessStore
from cases.tlog.checkpoint import Checkpoint
from cases.tlog.encoding import to_base64
from cases.tlog.keys import KeyType, SignerKey
from cases.tlog.note import Note
from tests.api.kit import until
from tests.tlog.kit import mth, subproof

ORIGIN = "log.example/penalty"
LOG = SignerKey(ORIGIN, KeyType.ED25519, bytes(range(32)))
STRANGER = SignerKey(ORIGIN, KeyType.ED25519, bytes(32))
W1 = SignerKey("witness.example/w1", KeyType.COSIGNATURE, b"1" * 32)
W2 = SignerKey("witness.example/w1", KeyType.SUBTREE, b"2" * 32)


def tree(size: int, branch: bytes = b"", fork: int = 0) -> list[bytes]:
    """Leaves 0..size; those from `fork` on belong to the branch."""
    return [b"%d" % number + (branch if number >= fork else b"") for number in range(size)]


def note(leaves: list[bytes], *keys: SignerKey, origin: str = ORIGIN) -> Note:
    """The signed checkpoint over these leaves."""
    text = Checkpoint(origin=origin, size=len(leaves), root=mth(leaves)).to_text()
    return Note(text, tuple(key.sign(text) for key in (keys or (LOG,))))


def body(old: int, leaves: list[bytes], *keys: SignerKey) -> bytes:
    """An add-checkpoint request with its proof, written by hand."""
    path = subproof(old, leaves) if 0 < old <= len(leaves) else []
    return raw(old, path, note(leaves, *keys))


def raw(old: int, path: list[bytes], checkpoint: Note) -> bytes:
    lines = [f"old {old}", *(to_base64(each) for each in path)]
    return "\n".join(lines).encode() + b"\n\n" + checkpoint.to_bytes()


def store(
    folder: Path, *signers: SignerKey, logs: tuple[SignerKey, ...] = (LOG,), clock: int = 1_790_000_000
) -> WitnessStore:
    """A witness whose state is in the folder, made where absent."""
    path = folder / "witness.sqlite3"
    if not path.exists():
        WitnessStore.create(path)
    return WitnessStore(path, signers or (W1,), [each.verifier for each in logs], lambda: clock)


@contextmanager
def serving(witness: WitnessStore, port: int = 0) -> Iterator[str]:
    """The witness behind a real server on a free port of 127.0.0.1; its URL."""
    bound = socket.create_server(("127.0.0.1", port))
    server = uvicorn.Server(uvicorn.Config(witness_app(witness), log_level="warning", access_log=False, lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]})
    thread.start()
    until(lambda: server.started, "the witness's start")
    try:
        yield f"http://127.0.0.1:{bound.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
        bound.close()


def send(url: str, data: bytes, method: str = "POST", path: str = "/add-checkpoint") -> tuple[Answer, str | None]:
    """One request, by the standard library alone; the answer and its exact Content-Type."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=60)
    try:
        connection.request(method, path, data)
        answer = connection.getresponse()
        content = answer.headers.get("Content-Type")
        return Answer(answer.status, answer.headers.get_content_type(), answer.read()), content
    finally:
        connection.close()
