"""RFC 3161 over checkpoints, against a real authority: OpenSSL's, behind HTTP on 127.0.0.1."""

from __future__ import annotations

import sqlite3
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from cases.errors import NotPublished, UnsafeStore
from cases.log.audit import verify, verify_at
from cases.log.export import export
from cases.log.files import Folder, files_at
from cases.log.opened import OpenLog
from cases.log.published import Token
from cases.log.stamps import TokenRefused, read_certificates, verify_token, verify_tokens
from cases.log.store import digest_of
from cases.log.timestamp import request_token
from cases.log.trust import Trust
from cases.log.verify_files import FilesReport, verify_files
from cases.tlog.note import NoteSignature
from tests.log.kit import ORIGIN, Sealed, numbered, on_the_web, sealed
from tests.log.places import Place, tamper
from tests.needs import openssl

CONFIG = """
[req]
distinguished_name = name
prompt = no
[name]
CN = unused
[root]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign
[stamping]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = critical,timeStamping
[tsa]
default_tsa = authority
[authority]
serial = serial
signer_cert = tsa.pem
signer_key = tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = {digests}
accuracy = secs:1
ess_cert_id_alg = sha256
"""
# Without `certs =`: OpenSSL writes such a chain in an order that strict DER does not have for a set.


@dataclass
class Authority:
    """A time-stamp authority in a folder, with a root of its own."""

    folder: Path
    digests: str = "sha256"
    url: str = ""
    asked: list[bytes] = field(default_factory=list)
    replay: bytes | None = None

    def make(self) -> None:
        self.folder.mkdir()
        (self.folder / "config").write_text(CONFIG.format(digests=self.digests))
        (self.folder / "serial").write_text("01\n")
        new = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -config config"
        self.openssl(f"req -x509 {new} -keyout ca.key -out ca.pem -days 30 -subj /CN=Root -extensions root")
        self.openssl(f"req {new} -keyout tsa.key -out tsa.csr -subj /CN=Authority")
        signed = "x509 -req -in tsa.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out tsa.pem -days 30 -extfile config"
        self.openssl(f"{signed} -extensions stamping")

    @property
    def ca(self) -> Path:
        return self.folder / "ca.pem"

    def openssl(self, words: str, data: bytes = b"") -> bytes:
        return subprocess.run(
            [openssl(), *words.split()], cwd=self.folder, input=data, capture_output=True, check=True
        ).stdout

    def reply(self, request: bytes) -> bytes:
        self.asked.append(request)
        if self.replay is not None:
            return self.replay
        (self.folder / "query").write_bytes(request)
        return self.openssl("ts -reply -config config -queryfile query")

    @contextmanager
    def serving(self) -> Iterator[None]:
        authority = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                data = authority.reply(self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(200 if self.path == "/stamp" else 500)
                self.send_header("Content-Type", "application/timestamp-reply")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *args: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        self.url = f"http://127.0.0.1:{server.server_port}/stamp"
        try:
            yield
        finally:
            server.shutdown()
            thread.join()
            server.server_close()


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Authority]:
    made = Authority(tmp_path_factory.mktemp("tsa") / "authority")
    made.make()
    with made.serving():
        yield made


@pytest.fixture
def it(tmp_path: Path) -> Iterator[Sealed]:
    with sealed(tmp_path) as opened:
        yield opened


def test_the_newest_checkpoint_is_stamped_once_and_openssl_agrees(
    it: Sealed, authority: Authority, tmp_path: Path
) -> None:
    trusted = read_certificates(authority.ca)
    with pytest.raises(NotPublished):
        request_token(it.published, authority.url, trusted)
    it.grow(3)

    stamped = request_token(it.published, authority.url, trusted)

    assert stamped.size == 3
    assert list(it.published.tokens(3)) == [stamped.token]
    assert stamped.token.digest == digest_of(stamped.token.data)
    count = len(authority.asked)
    assert request_token(it.published, authority.url, trusted) == stamped
    assert len(authority.asked) == count  # a checkpoint that is stamped is not stamped again
    (tmp_path / "token").write_bytes(stamped.token.data)
    (tmp_path / "data").write_bytes(it.published.signed_bytes(3))
    verify = f"ts -verify -token_in -in {tmp_path}/token -data {tmp_path}/data -CAfile ca.pem"
    authority.openssl(verify)
    (tmp_path / "data").write_bytes(it.published.signed_bytes(3) + b"\n")
    with pytest.raises(subprocess.CalledProcessError):
        authority.openssl(verify)

    it.grow(1)
    assert request_token(it.published, authority.url, trusted).size == 4
    assert it.published.stamped_sizes() == [3, 4]


def test_a_cosignature_that_comes_later_leaves_the_token_good(it: Sealed, authority: Authority) -> None:
    it.grow(2)
    trusted = read_certificates(authority.ca)
    stamped = request_token(it.published, authority.url, trusted)
    note = it.published.checkpoint(2).note
    it.published.add_cosignature(2, note.signatures[0].__class__("w.example", b"1234", b"anything"))

    assert it.published.checkpoint(2).note != note
    assert verify_tokens(it.published, 2, trusted) == [(stamped, None)]


def test_every_changed_byte_that_is_signed_and_every_other_checkpoint_is_refused(
    it: Sealed, authority: Authority, tmp_path: Path
) -> None:
    it.grow(2)
    trusted = read_certificates(authority.ca)
    token = request_token(it.published, authority.url, trusted).token
    data = it.published.signed_bytes(2)
    time = verify_token(token, data, trusted)

    with pytest.raises(TokenRefused, match="over other bytes"):
        verify_token(token, data.replace(b"\n2\n", b"\n3\n"), trusted)
    with pytest.raises(TokenRefused, match="another digest"):
        verify_token(Token(2, "sha256:" + "0" * 64, token.data), data, trusted)
    (tmp_path / "data").write_bytes(data)
    survived = 0
    for place in range(len(token.data)):
        changed = bytearray(token.data)
        changed[place] ^= 1
        try:
            found = verify_token(Token(2, digest_of(bytes(changed)), bytes(changed)), data, trusted)
        except TokenRefused:
            continue
        # Two version numbers of CMS and the name of the signature's algorithm are signed by nobody: OpenSSL takes them
        # too, and nothing else is said by it.
        assert found == time
        (tmp_path / "token").write_bytes(changed)
        authority.openssl(f"ts -verify -token_in -in {tmp_path}/token -data {tmp_path}/data -CAfile ca.pem")
        survived += 1
    assert survived <= 10


def test_an_authority_that_is_not_trusted_is_refused_and_nothing_kept(
    it: Sealed, authority: Authority, tmp_path: Path
) -> None:
    it.grow(2)
    other = Authority(tmp_path / "other")
    other.make()
    with pytest.raises(TokenRefused):
        request_token(it.published, authority.url, read_certificates(other.ca))
    with other.serving():
        token = request_token(it.published, other.url, read_certificates(other.ca)).token
    data = it.published.signed_bytes(2)
    with pytest.raises(TokenRefused):
        verify_token(token, data, read_certificates(authority.ca))
    assert list(it.published.tokens(2)) == [token]  # that of the trusted one only


def test_an_answer_to_another_request_or_none_at_all_is_refused(it: Sealed, tmp_path: Path) -> None:
    it.grow(2)
    made = Authority(tmp_path / "authority")
    made.make()
    with made.serving():
        trusted = read_certificates(made.ca)
        request_token(it.published, made.url, trusted)
        first = made.reply(made.asked[0])
        it.grow(1)
        for replay, said in (
            (first, "another request"),
            (b"", "no time-stamp response"),
            (b"\x30\x00", "no time-stamp"),
        ):
            made.replay = replay
            with pytest.raises(TokenRefused, match=said):
                request_token(it.published, made.url, trusted)
        with pytest.raises(TokenRefused, match="HTTP status 500"):
            request_token(it.published, made.url.replace("/stamp", "/other"), trusted)
    with pytest.raises(TokenRefused, match="no answer"):
        request_token(it.published, made.url, trusted, timeout=1)
    with pytest.raises(TokenRefused, match="no http or https"):
        request_token(it.published, "file:///etc/passwd", trusted)
    assert it.published.tokens(3) == []


def test_a_request_that_the_authority_rejects_is_told(it: Sealed, tmp_path: Path) -> None:
    made = Authority(tmp_path / "authority", digests="sha512")
    made.make()
    it.grow(2)
    with made.serving(), pytest.raises(TokenRefused, match="gave no token: status 2"):
        request_token(it.published, made.url, read_certificates(made.ca))


def test_certificates_are_read_strictly(tmp_path: Path, authority: Authority) -> None:
    with pytest.raises(UnsafeStore, match="cannot be read"):
        read_certificates(tmp_path / "none")
    (tmp_path / "text").write_text("no certificates")
    with pytest.raises(UnsafeStore, match="holds no certificates"):
        read_certificates(tmp_path / "text")
    with pytest.raises(UnsafeStore, match="no root"):
        read_certificates(authority.folder / "tsa.pem")


@dataclass(frozen=True)
class Stamped:
    """An exported log with two time-stamped checkpoints, the first of them cosigned after that."""

    folder: Path
    trust: Trust
    ca: Path

    def verify(self, ca: Path | None = None) -> FilesReport:
        return verify_files(Folder(self.folder), self.trust, authority=read_certificates(ca or self.ca))

    def found(self) -> list[str]:
        """What is wrong, beside that the index is another."""
        return [each.code for each in self.verify().findings if each.code != "index_differs"]

    def tokens(self) -> list[Path]:
        return sorted(self.folder.glob("tokens/*.tsr"))


@pytest.fixture
def stamped(it: Sealed, authority: Authority, tmp_path: Path) -> Stamped:
    trusted = read_certificates(authority.ca)
    for count in (3, 2):
        it.grow(count)
        request_token(it.published, authority.url, trusted)
    it.published.add_cosignature(3, NoteSignature("w.example", b"1234", b"anything"))
    it.grow(1)
    export(it.log, tmp_path / "out", it.keyring.public_list())
    return Stamped(tmp_path / "out", Trust.of_list(it.keyring.public_list()), authority.ca)


def test_the_tokens_of_an_export_say_what_existed_by_when(stamped: Stamped) -> None:
    assert len((stamped.folder / "checkpoints/3").read_bytes().split(b"\n\n")[1].splitlines()) == 3  # and a witness
    report = stamped.verify()
    unchecked = verify_files(Folder(stamped.folder), stamped.trust)

    assert (report.findings, [each.code for each in report.notes]) == ((), ["nothing_kept", "no_nonce"])
    assert report.stamps is not None
    assert [each.size for each in report.stamps] == [3, 5]
    assert report.stamps[0].time <= report.stamps[1].time
    assert (unchecked.ok, unchecked.stamps) == (True, None)
    assert "tokens_unchecked" in [each.code for each in unchecked.notes]


def test_a_token_that_proves_nothing_about_its_checkpoint_is_named(
    stamped: Stamped, authority: Authority, tmp_path: Path
) -> None:
    first, second = stamped.tokens()
    data = first.read_bytes()

    def standing(name: str, content: bytes = data) -> list[str]:
        path = first.with_name(name)
        path.write_bytes(content)
        try:
            found = stamped.verify()
            assert [each.code for each in found.findings if path.name in each.message_en] == [
                each.code for each in found.findings if path.name in each.message_zh
            ]
            assert found.stamps is not None
            assert len(found.stamps) == 2
            return [each.code for each in found.findings if each.code != "index_differs"]
        finally:
            path.unlink()

    digest = first.name.split(".")[1]
    changed = data[:-1] + bytes([data[-1] ^ 1])
    own = digest_of(changed).removeprefix("sha256:")
    # A time-stamp of this authority over something else than the log's checkpoint.
    authority.openssl(f"ts -query -data {authority.ca} -sha256 -out other")
    answer = authority.openssl("ts -reply -config config -queryfile other -token_out")
    elsewhere = digest_of(answer).removeprefix("sha256:")
    assert standing(f"3.{own}.tsr", changed) == ["token_invalid"]
    assert standing(f"3.{elsewhere}.tsr", answer) == ["token_invalid"]
    assert standing(f"5.{digest}.tsr") == ["token_invalid"]
    assert standing(f"6.{digest}.tsr") == ["token_invalid"]
    assert standing(f"4.{digest}.tsr") == ["token_without_checkpoint"]
    assert standing(f"3.{own}.tsr") == ["token_misnamed"]
    assert standing(f"03.{digest}.tsr") == ["token_misnamed"]
    assert standing("notes.txt") == ["token_misnamed"]
    other = Authority(tmp_path / "other")
    other.make()
    refused = stamped.verify(other.ca)
    assert [each.code for each in refused.findings] == ["token_invalid", "token_invalid"]
    assert refused.stamps == ()
    assert first.name in refused.findings[0].message_zh
    assert stamped.found() == []
    first.chmod(0o644)
    first.write_bytes(changed)
    assert stamped.found() == ["token_misnamed"]
    first.unlink()
    second.unlink()
    missing = stamped.verify()
    assert [each.code for each in missing.findings] == ["index_differs"]
    assert missing.stamps == ()


def test_a_token_over_a_checkpoint_that_nobody_believes_holds_nothing(stamped: Stamped) -> None:
    path = stamped.folder / "checkpoints/3"
    note = path.read_bytes()
    text, lines = note.split(b"\n\n")
    for broken in (note.replace(b"\n3\n", b"\n4\n"), text + b"\n\n" + lines.splitlines(keepends=True)[-1]):
        path.write_bytes(broken)
        assert stamped.found() == ["checkpoint_invalid", "token_without_checkpoint"]
    path.write_bytes(text + b"\n\n" + b"".join(lines.splitlines(keepends=True)[:2]))
    assert stamped.found() == []  # without its cosignature it is as the log signed it


def test_a_token_that_a_web_server_lists_and_does_not_have_is_missing(stamped: Stamped) -> None:
    first = stamped.tokens()[0]
    first.unlink()
    with on_the_web(stamped.folder) as address:
        report = verify_files(files_at(address), stamped.trust, authority=read_certificates(stamped.ca))

    assert [each.code for each in report.findings] == ["file_missing"]
    assert first.name in report.findings[0].message_en
    assert [each.size for each in report.stamps or ()] == [5]


def test_the_audit_of_a_store_verifies_its_tokens(at: Place, authority: Authority, tmp_path: Path) -> None:
    trusted = read_certificates(authority.ca)
    with OpenLog.open(at.where, tmp_path / "keys", origin=ORIGIN) as opened:
        opened.append(numbered(0, 1)[0])
        opened.sealer.seal()
        size = request_token(opened.published, authority.url, trusted).size
        assert verify(opened.log).stamps is None
        sound = verify(opened.log, authority=trusted)

    tamper(at, "UPDATE token SET digest = 'sha256:00'")

    assert (sound.findings, [each.size for each in sound.stamps or ()]) == ((), [size])
    found = verify_at(at.where, authority=trusted)
    assert (found.stamps, [each.code for each in found.findings if each.code != "guard_changed"]) == (
        (),
        ["token_invalid"],
    )


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ("UPDATE token SET bytes = x'00' WHERE size = 3", "token_invalid"),
        ("UPDATE token SET bytes = 'text' WHERE size = 3", "token_invalid"),
        ("UPDATE token SET size = 5 WHERE size = 3", "token_invalid"),
        ("UPDATE token SET size = 4 WHERE size = 3", "token_without_checkpoint"),
        ("UPDATE signed SET note = 'text' WHERE size = 3", "token_without_checkpoint"),
    ],
)
def test_rows_of_tokens_are_part_of_the_audit(stamped: Stamped, it: Sealed, change: str, code: str) -> None:
    with sqlite3.connect(it.file, isolation_level=None) as raw:
        for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            raw.execute(f"DROP TRIGGER {name}")
        raw.execute(change)
    raw.close()

    report = verify_at(it.file, authority=read_certificates(stamped.ca))

    assert code in [each.code for each in report.findings]
    assert [each.size for each in report.stamps or ()] == [5]
