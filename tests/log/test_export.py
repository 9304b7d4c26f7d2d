"""The log as files: what is written, in which order it becomes true, and that a stranger's tree agrees with it."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from cases.clock import posix_now
from cases.errors import LogUnavailable, NotPublished, UnsafeStore
from cases.log import export as export_module
from cases.log.audit import verify
from cases.log.export import export
from cases.log.files import Folder, Web, files_at
from cases.log.keyring import Keyring
from cases.log.published import Token
from cases.log.sealing import Sealer, SigningState
from cases.log.store import AuditLog, NewEntry, digest_of
from cases.log.trust import Trust
from cases.log.verify_files import verify_files
from cases.tlog.checkpoint import Checkpoint
from cases.tlog.keys import KeyType, SignerKey
from cases.tlog.note import Note
from cases.tlog.tiles import bundles_of, read_bundle, tiles_of
from tests.log.kit import ORIGIN, THEN, Sealed, numbered, sealed
from tests.log.places import Place

SIZES = [1, 2, 255, 256, 257, 511, 512, 513]
LARGE = [65_535, 65_536, 65_537, 70_000]


def exported(it: Sealed, name: str = "out") -> Path:
    export(it.log, it.folder / name, it.keyring.public_list())
    return it.folder / name


def trust_of(it: Sealed) -> Trust:
    return Trust.of_list(it.keyring.public_list())


def tree_of(folder: Path) -> dict[str, bytes]:
    """Every file with its bytes; partial tiles of earlier sizes too."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def mth(leaves: list[bytes]) -> bytes:
    """RFC 6962, 2.1, word for word."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\x00" + leaves[0]).digest()
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return hashlib.sha256(b"\x01" + mth(leaves[:split]) + mth(leaves[split:])).digest()


def check_whole(it: Sealed, size: int) -> None:
    out = exported(it)
    report = verify_files(Folder(out), trust_of(it))
    paths = {each.path for each in tiles_of(size)} | {each.path for each in bundles_of(size)}

    assert (report.ok, report.size, report.origin) == (True, size, ORIGIN), report.findings
    assert {name for name in tree_of(out) if name.startswith("tile/")} == paths
    entries = [data for each in bundles_of(size) for data in read_bundle((out / each.path).read_bytes(), each.width)]
    assert entries == [each.data for each in numbered(0, size)]
    assert report.root_hex == mth(entries).hex() == it.log.head().root.hex()


@pytest.mark.parametrize("size", SIZES)
def test_an_export_of_any_size_verifies_and_holds_every_record(tmp_path: Path, size: int) -> None:
    with sealed(tmp_path) as it:
        it.grow(size)

        check_whole(it, size)


@pytest.mark.long
@pytest.mark.parametrize("size", LARGE)
def test_an_export_across_the_third_level_verifies(tmp_path: Path, size: int) -> None:
    with sealed(tmp_path) as it:
        it.grow(size)

        check_whole(it, size)
        report = verify_files(Folder(tmp_path / "out"), trust_of(it), jobs=2)
        assert (report.ok, report.size) == (True, size)


def test_a_log_in_either_store_is_exported_and_verified(tmp_path: Path, at: Place) -> None:
    keyring = Keyring.create(tmp_path / "keys", ORIGIN, THEN)
    with AuditLog.open(at.where) as log:
        sealer = Sealer(log, SigningState.create(tmp_path / "state", ORIGIN), ORIGIN, keyring.signers())
        for start, stop in ((0, 100), (100, 700)):
            log.append(numbered(start, stop))
            sealer.seal()
        trust = Trust.of_dated(keyring.keys)

        export(log, tmp_path / "out", keyring.public_list())

        assert verify_files(Folder(tmp_path / "out"), trust).ok
        assert verify(log, trust=trust).ok
        bundle = (tmp_path / "out/tile/entries/002.p/188").read_bytes()
        assert read_bundle(bundle, 188) == [each.data for each in numbered(512, 700)]


def test_nothing_is_exported_before_something_is_signed_and_an_empty_signed_log_verifies(tmp_path: Path) -> None:
    with sealed(tmp_path) as it:
        with pytest.raises(NotPublished):
            exported(it)
        text = Checkpoint(origin=ORIGIN, size=0, root=hashlib.sha256(b"").digest()).to_text()
        now = {KeyType.SUBTREE: posix_now()}
        it.published.add_signed(Note(text, tuple(each.sign(text, now.get(each.type)) for each in it.keyring.signers())))

        report = verify_files(Folder(exported(it)), trust_of(it))

        assert (report.ok, report.size) == (True, 0)
        assert report.root_hex == hashlib.sha256(b"").hexdigest()


def test_growing_step_by_step_gives_the_files_of_one_export_at_the_end(tmp_path: Path) -> None:
    with sealed(tmp_path) as it:
        for count in (1, 254, 1, 1, 255, 100, 200):
            it.grow(count)
            stepwise = exported(it, "stepwise")
            assert verify_files(Folder(stepwise), trust_of(it)).ok
        at_once = exported(it, "at once")

        steps, once = tree_of(stepwise), tree_of(at_once)
        assert once.items() <= steps.items()
        # What remains of earlier sizes are narrower copies of the last, partial tile.
        assert {name.rpartition("/")[0] for name in steps.keys() - once.keys()} <= {
            "tile/0/003.p", "tile/1/000.p", "tile/entries/003.p"
        }  # fmt: skip


def test_a_second_export_writes_nothing_and_a_lost_tile_comes_back_the_same(tmp_path: Path) -> None:
    with sealed(tmp_path) as it:
        it.grow(600)
        out = exported(it)
        before = tree_of(out)

        assert export(it.log, out, it.keyring.public_list()).written == 0
        tiles = [path for path in out.rglob("*") if path.is_file() and "tile" in path.parts]
        for path in sorted(tiles)[1::2]:
            path.unlink()
        assert export(it.log, out, it.keyring.public_list()).written == len(tiles) // 2
        assert tree_of(out) == before


def test_full_tiles_are_for_reading_only_and_hold_no_leftovers(tmp_path: Path) -> None:
    with sealed(tmp_path) as it:
        it.grow(257)
        out = exported(it)

        assert {(out / name).stat().st_mode & 0o777 for name in tree_of(out) if name.startswith("tile/")} == {0o444}
        assert not list(out.rglob(".*"))


@pytest.mark.parametrize("broken", range(0, 14, 2))
def test_an_export_that_was_broken_off_is_finished_by_the_next(
    tmp_path: Path, broken: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk fills at one file after the other: what is there never shows a checkpoint without its tiles."""
    put = export_module._Export._put
    left = [broken]

    def failing(self: export_module._Export, path: Path, data: bytes, mode: int) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise OSError(28, "No space left on device")
        put(self, path, data, mode)

    with sealed(tmp_path) as it:
        it.grow(513)
        with monkeypatch.context() as patched:
            patched.setattr(export_module._Export, "_put", failing)
            with suppress(LogUnavailable):
                exported(it)
        if (tmp_path / "out/checkpoint").exists():
            codes = {each.code for each in verify_files(Folder(tmp_path / "out"), trust_of(it)).findings}
            assert codes <= {"index_differs"}

        exported(it)

        assert verify_files(Folder(tmp_path / "out"), trust_of(it)).ok
        assert tree_of(tmp_path / "out") == tree_of(exported(it, "other"))


@pytest.mark.parametrize(("count", "reason"), [(300, "fork"), (500, "fork"), (200, "older copy")])
def test_another_history_is_never_written_over_an_export(tmp_path: Path, count: int, reason: str) -> None:
    with sealed(tmp_path / "a") as it:
        it.grow(300)
        out = exported(it)
    before = tree_of(out)
    (tmp_path / "b").mkdir()
    with sealed(tmp_path / "b", tmp_path / "keys b") as fork:
        fork.log.append([NewEntry(id=f"x{at}", data=b'{"id":"x%d"}' % at) for at in range(count)])
        fork.sealer.seal()

        with pytest.raises(UnsafeStore, match=reason):
            export(fork.log, out, fork.keyring.public_list())

        (out / "checkpoint").unlink()
        if count >= 256:
            with pytest.raises(UnsafeStore, match="a fork"):
                export(fork.log, out, fork.keyring.public_list())
    after = tree_of(out)
    assert {name: data for name, data in before.items() if name != "checkpoint"}.items() <= after.items()


def test_cosignatures_that_come_later_tokens_and_rule_bytes_are_exported_too(tmp_path: Path) -> None:
    witness = SignerKey("witness.example/w", KeyType.COSIGNATURE, b"\7" * 32)
    with sealed(tmp_path) as it:
        rules = b"rules"
        data = b'{"id":"r","rulebook":"' + digest_of(rules).encode() + b'"}'
        it.log.append([NewEntry(id="r", data=data)], {digest_of(rules): rules})
        it.sealer.seal()
        out = exported(it)
        latest = it.published.checkpoint(1)
        it.published.add_cosignature(1, witness.sign(latest.note.text, 1_700_000_000))
        it.published.add_token(Token(1, "sha256:" + "ab" * 32, b"token"))

        export(it.log, out, it.keyring.public_list())
        report = verify_files(Folder(out), trust_of(it))

        assert report.ok
        assert witness.name in (out / "checkpoint").read_text("utf-8")
        assert (out / "checkpoint").read_bytes() == (out / "checkpoints/1").read_bytes()
        assert (out / f"tokens/1.{'ab' * 32}.tsr").read_bytes() == b"token"
        assert (out / "sources" / hashlib.sha256(rules).hexdigest()).read_bytes() == rules
        assert [each.code for each in report.notes] == ["tokens_unchecked", "nothing_kept", "no_nonce"]


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Elsewhere(Quiet):
    def do_GET(self) -> None:
        self.send_response(302)
        self.send_header("Location", "http://127.0.0.1:9/")
        self.end_headers()


def served(handler: Callable[..., SimpleHTTPRequestHandler]) -> ThreadingHTTPServer:
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def test_a_log_on_the_web_verifies_as_its_folder_does(tmp_path: Path) -> None:
    with sealed(tmp_path) as it:
        it.grow(200)
        exported(it)
        it.grow(400)
        out = exported(it)
        server = served(partial(Quiet, directory=str(out)))
        try:
            here = f"http://127.0.0.1:{server.server_port}"
            assert files_at(here + "/") == Web(here)
            report = verify_files(Web(here), trust_of(it))
            assert (report.ok, report.size, report.checkpoints) == (True, 600, 3), report.findings
            (out / "tile/entries/001").unlink()
            found = verify_files(Web(here), trust_of(it)).findings
            assert [(each.code, each.seq) for each in found] == [("file_missing", 256)]
            with pytest.raises(NotPublished):
                verify_files(Web(here + "/nowhere"), trust_of(it))
        finally:
            server.shutdown()
            server.server_close()
        with pytest.raises(LogUnavailable):
            verify_files(Web(here), trust_of(it))


def test_a_redirect_is_not_followed(tmp_path: Path) -> None:
    with sealed(tmp_path) as it:
        server = served(Elsewhere)
        try:
            with pytest.raises(LogUnavailable, match="answers 302"):
                verify_files(Web(f"http://127.0.0.1:{server.server_port}"), trust_of(it))
        finally:
            server.shutdown()
            server.server_close()
