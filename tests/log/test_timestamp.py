"""RFC 3161 over checkpoints, against a real authority: OpenSSL's, behind HTTP on 127.0.0.1."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from cases.errors import NotPublished, UnsafeStore
from cases.log.published import Token
from cases.log.store import digest_of
from cases.log.timestamp import TokenRefused, read_certificates, request_token, verify_token, verify_tokens
from tests.log.kit import Sealed, sealed
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
