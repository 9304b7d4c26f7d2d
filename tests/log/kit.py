"""What the tests of the log share: small records, a process that appends them, and a signed log in a folder."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from cases.log.keyring import Keyring
from cases.log.published import Published
from cases.log.sealing import Sealer, SigningState
from cases.log.store import AuditLog, NewEntry
from cases.request import Request
from cases.tlog.keys import open_note
from cases.tlog.tree import EMPTY, leaf_hash, verify_consistency

ORIGIN = "log.example/penalty"
THEN = "2026-11-01T08:00:00.000Z"


# A child that appends one record after the other and prints each position only after it was acknowledged.
APPENDER = """
    import sys
    from cases.log.store import AuditLog, NewEntry

    where, name, count, padding = sys.argv[1], sys.argv[2], int(sys.argv[3]), "x" * int(sys.argv[4])
    with AuditLog.open(where) as log:
        for number in range(count):
            id = f"{name}-{number}"
            place, = log.append([NewEntry(id=id, data=b'{"id":"%s","pad":"%s"}' % (id.encode(), padding.encode()))])
            print(place.seq, id, flush=True)
"""


def record(id: str, pad: str = "") -> NewEntry:  # noqa: A002 - the record's own word for it
    return NewEntry(id=id, data=f'{{"id":"{id}","pad":"{pad}"}}'.encode())


def keyed(id: str, key: str, fingerprint: str) -> NewEntry:  # noqa: A002 - see above
    return NewEntry(id=id, data=f'{{"id":"{id}"}}'.encode(), request=Request(key, fingerprint))


def appender(where: Path | str, name: str, count: int, padding: int = 0, *, before: str = "") -> subprocess.Popen[str]:
    """A process that appends; `before` is what it runs first."""
    program = before + textwrap.dedent(APPENDER)
    command = [sys.executable, "-c", program, str(where), name, str(count), str(padding)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2])


def numbered(start: int, stop: int) -> list[NewEntry]:
    """Records start..stop, each naming its number."""
    return [NewEntry(id=f"r{number}", data=b'{"id":"r%d"}' % number) for number in range(start, stop)]


@dataclass(frozen=True)
class Sealed:
    """A log that is signed, and all that signs it."""

    folder: Path
    log: AuditLog
    keyring: Keyring
    state: SigningState
    sealer: Sealer
    published: Published

    @property
    def file(self) -> Path:
        return self.folder / "log.sqlite3"

    def grow(self, count: int) -> None:
        """Append as many records, in one commit, and seal."""
        size = self.log.head().size
        self.log.append(numbered(size, size + count))
        self.sealer.seal()


@contextmanager
def sealed(folder: Path, keys: Path | None = None) -> Iterator[Sealed]:
    """Open, and make where absent, a log with its keys and its signing state."""
    place = keys or folder / "keys"
    keyring = Keyring(place) if (place / "keys.json").exists() else Keyring.create(place, ORIGIN, THEN)
    state = SigningState.create(place / "signing.sqlite3", ORIGIN)
    with AuditLog.open(folder / "log.sqlite3") as log:
        sealer = Sealer(log, state, ORIGIN, keyring.signers())
        yield Sealed(folder, log, keyring, state, sealer, Published(log))


@contextmanager
def on_the_web(folder: Path) -> Iterator[str]:
    """Serve the files in a folder, without listings, on 127.0.0.1; the address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = folder / self.path.removeprefix("/")
            self.send_response(200 if path.is_file() else 404)
            self.end_headers()
            self.wfile.write(path.read_bytes() if path.is_file() else b"")

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def check_signed(file: Path, keyring: Keyring) -> list[int]:
    """Verify every signed checkpoint: its signatures, its root from the records, that it continues the one before."""
    with closing(sqlite3.connect(file)) as raw:
        sizes = [int(row[0]) for row in raw.execute("SELECT size FROM signed ORDER BY size")]
    with AuditLog.open(file, read_only=True) as log:
        roots, tree = {0: EMPTY.root()}, EMPTY
        for entry in log.entries():
            tree = tree.append(leaf_hash(entry.data))
            roots[tree.size] = tree.root()
        published = Published(log)
        for before, size in zip([0, *sizes], sizes, strict=False):
            point = published.checkpoint(size)
            assert {each.key for each in open_note(point.note, keyring.verifiers())} == set(keyring.verifiers())
            assert (point.checkpoint.origin, point.size) == (keyring.origin, size)
            assert point.checkpoint.root == roots[size]
            if before:
                verify_consistency(before, size, published.consistency(before, size), roots[before], roots[size])
    return sizes
