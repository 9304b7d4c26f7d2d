"""The log for strangers over HTTP: what is served verifies with `cases.tlog` alone, and nothing unsigned is served."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from itertools import combinations_with_replacement
from pathlib import Path

import pytest
from httpx2 import Response
from starlette.testclient import TestClient

from api.service import create_app
from api.settings import Settings
from cases.log.export import export
from cases.log.opened import STATE, OpenLog
from cases.log.published import Token
from cases.log.sealing import SigningState
from cases.log.store import AuditLog, NewEntry, digest_of
from cases.tlog.checkpoint import Checkpoint
from cases.tlog.errors import ProofInvalid, TlogError
from cases.tlog.keys import KeyType, VerifierKey, open_note
from cases.tlog.note import Note
from cases.tlog.policy import KnownLog, Policy
from cases.tlog.proof import TlogProof
from cases.tlog.tiles import Bundle, Tile, TileReader, bundles_of, read_bundle, tiles_of
from cases.tlog.tree import inclusion_path, leaf_hash, range_root, verify_consistency, verify_inclusion
from tests.api.kit import FIRST_SIGNED, RULES, question, small_law, until

ORIGIN = "log.example/penalty"
TEXT, BYTES = "text/plain; charset=utf-8", "application/octet-stream"
FOREVER, BRIEFLY = "public, max-age=31536000, immutable", "public, max-age=1"


class Office:
    """A service over a signed log, and what a stranger makes of it."""

    def __init__(self, folder: Path) -> None:
        settings = Settings(rules=RULES, data=folder)
        self.keys = settings.keys
        self.opened = OpenLog.open(settings.log, settings.keys, origin=ORIGIN)
        app = create_app(
            small_law(),
            self.opened.log,
            settings,
            supervised=False,
            append=self.opened.append,
            keyring=self.opened.keyring,
        )
        self.client = TestClient(app, base_url="http://127.0.0.1")

    def get(self, path: str, kind: str, cache: str | None = None) -> bytes:
        """The bytes at a path, which must be of exactly that type, with that Cache-Control and Content-Length."""
        answer = self.client.get(path)
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"] == kind
        assert answer.headers.get("cache-control") == cache
        assert answer.headers["content-length"] == str(len(answer.content))
        return answer.content

    def missing(self, path: str, code: str) -> Response:
        """Asserts that the path is a problem of that name: nothing of it is given."""
        answer = self.client.get(path)
        assert answer.status_code == 404, path
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["type"] == f"urn:zhunsheng:problem:{code}"
        return answer

    def listed(self) -> list[VerifierKey]:
        """The keys the service lists."""
        listed = json.loads(self.get("/log/keys.json", "application/json", BRIEFLY))
        return [VerifierKey.parse(each["vkey"]) for each in listed["keys"]]

    def checkpoint(self, path: str = "/log/checkpoint") -> Checkpoint:
        """A checkpoint, both of whose signatures verified."""
        data = self.get(path, TEXT, BRIEFLY)
        note = Note.parse(data)
        assert note.to_bytes() == data
        assert data.endswith(b"\n")
        assert [each.key.type for each in open_note(note, self.listed())] == [KeyType.ED25519, KeyType.SUBTREE]
        return Checkpoint.parse(note.text)

    def decide(self, count: int) -> list[dict[str, object]]:
        """Decide as often, and wait until it is signed."""
        given = [self.client.post("/v1/decisions", json=question()).json() for _ in range(count)]
        self.sealed()
        return given

    def grow(self, size: int) -> None:
        """Fill the log up to that size, in one commit, and wait until it is signed."""
        start = self.opened.log.head().size
        records = [NewEntry(id=f"r{at}", data=b'{"id":"r%d"}' % at) for at in range(start, size)]
        self.opened.log.append(records)
        self.opened.sealer.seal()

    def sealed(self) -> None:
        """Wait until everything is signed."""
        last = self.opened.log.head().size - 1
        until(lambda: self.opened.published.covering(last) is not None, "signing")


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    made = Office(tmp_path)
    try:
        yield made
    finally:
        made.opened.close()


def policy(keys: list[VerifierKey]) -> Policy:
    return Policy(logs=tuple(KnownLog(key) for key in keys), quorum=None)


def test_the_checkpoint_is_signed_by_the_listed_keys_and_names_the_size_and_root(office: Office) -> None:
    office.decide(3)

    found = office.checkpoint()

    head = office.opened.log.head()
    assert (found.origin, found.size, found.root) == (ORIGIN, FIRST_SIGNED + 3, head.root)
    assert office.checkpoint(f"/log/checkpoints/{found.size}") == found


def test_the_list_of_keys_is_the_file_and_holds_nothing_private(office: Office, tmp_path: Path) -> None:
    data = office.get("/log/keys.json", "application/json", BRIEFLY)

    assert data == (tmp_path / "keys/keys.json").read_bytes()
    assert data.endswith(b"\n")
    assert [key.type for key in office.listed()] == [KeyType.ED25519, KeyType.SUBTREE]
    assert all(key.name == ORIGIN for key in office.listed())
    listed = json.loads(data)
    assert {*listed} == {"origin", "keys"}
    assert all({*each} == {"vkey", "from", "until"} for each in listed["keys"])


@pytest.mark.parametrize("size", [4, 256, 257, 515])
def test_every_tile_and_every_bundle_give_the_records_and_the_signed_root(office: Office, size: int) -> None:
    decided = {answer["id"] for answer in office.decide(2)}
    office.grow(size)
    point = office.checkpoint()
    assert point.size == size

    records = [
        data
        for each in bundles_of(size)
        for data in read_bundle(office.get(f"/log/{each.path}", BYTES, FOREVER), each.width)
    ]
    tiles = {each: office.get(f"/log/{each.path}", BYTES, FOREVER) for each in tiles_of(size)}

    assert records == [entry.data for entry in office.opened.log.entries()]
    assert decided <= {json.loads(data)["id"] for data in records}
    assert {each: len(data) for each, data in tiles.items()} == {each: 32 * each.width for each in tiles}
    leaves = b"".join(data for each, data in tiles.items() if each.level == 0)
    assert leaves == b"".join(leaf_hash(data) for data in records)
    reader = TileReader(size, lambda *place: tiles[Tile(*place)])
    assert range_root(0, size, reader) == point.root
    for index in {0, 1, size // 2, size - 1}:
        verify_inclusion(leaf_hash(records[index]), index, size, inclusion_path(index, size, reader), point.root)


def test_a_tile_or_bundle_of_a_smaller_signed_tree_is_still_served(office: Office) -> None:
    office.grow(5)
    narrow = office.get("/log/tile/0/000.p/3", BYTES, FOREVER)
    few = office.get("/log/tile/entries/000.p/3", BYTES, FOREVER)
    office.grow(300)

    assert office.get("/log/tile/0/000.p/3", BYTES, FOREVER) == narrow
    assert office.get("/log/tile/entries/000.p/3", BYTES, FOREVER) == few
    assert office.get("/log/tile/0/000", BYTES, FOREVER).startswith(narrow)
    assert office.get("/log/tile/entries/000", BYTES, FOREVER).startswith(few)


def test_nothing_is_served_that_no_signed_checkpoint_covers(office: Office) -> None:
    given = office.decide(2)
    size = office.checkpoint().size
    before = office.get("/log/checkpoint", TEXT, BRIEFLY)
    # As another process would append it; while the state is held the service's own signer waits.
    with SigningState(office.keys / STATE, ORIGIN).alone():
        (place,) = office.opened.log.append([NewEntry(id="unsigned", data=b'{"id":"unsigned"}')])
        assert place.seq == size

        assert office.get("/log/checkpoint", TEXT, BRIEFLY) == before
        for path in (
            f"/log/checkpoints/{size + 1}",
            f"/log/tile/0/000.p/{size + 1}",
            f"/log/tile/entries/000.p/{size + 1}",
            "/log/tile/0/000",
            "/log/tile/entries/000",
            "/log/tile/0/001.p/1",
            "/log/tile/1/000.p/1",
            "/log/tile/63/000.p/1",
            "/log/tile/0/x999/x999/999",
            "/v1/decisions/unsigned/proof",
            f"/v1/log/consistency?old=1&new={size + 1}",
            f"/v1/log/consistency?old={size}&new={size - 1}",
            f"/v1/log/consistency?old={size + 1}&new={2**61}",
        ):
            office.missing(path, "not_published")
    office.missing("/v1/decisions/never/proof", "not_found")
    office.missing("/v1/decisions/never/record", "not_found")

    office.opened.sealer.seal()
    proof = TlogProof.parse(office.get("/v1/decisions/unsigned/proof", TEXT))
    proof.verify(leaf_hash(b'{"id":"unsigned"}'), policy(office.listed()))
    assert office.client.get(f"/v1/decisions/{given[0]['id']}").json() == given[0]


def test_before_the_first_signature_there_is_no_checkpoint_and_no_tile(tmp_path: Path) -> None:
    settings = Settings(rules=RULES, data=tmp_path)
    with AuditLog.open(settings.log) as log:
        client = TestClient(create_app(small_law(), log, settings, supervised=False), base_url="http://127.0.0.1")
        given = client.post("/v1/decisions", json=question()).json()

        for path in (
            "/log/checkpoint",
            "/log/checkpoints/1",
            "/log/tile/0/000.p/1",
            "/log/tile/entries/000.p/1",
            "/log/keys.json",
            f"/v1/decisions/{given['id']}/proof",
            "/v1/log/consistency?old=1&new=1",
        ):
            assert client.get(path).status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "0/0", "0/00", "0/0000", "0/x000/000", "0/000.p/0", "0/000.p/256", "0/000.p/257", "0/000.p/01",
        "0/000.p/1/", "0/000.p", "0/000.p/", "0/000/", "0//000", "/0/000", "00/000", "01/000", "64/000", "+0/000",
        "-1/000", "0/-01", "0/000.P/1", "0/000.p/1.p/1", "0/1000", "0/x001", "0/001/001", "0/x1/000", "0/X001/000",
        "0/x001/x000", "0/000.p/+1", "0/000.p/1%0A", "0/000%0A", "0/%200", "0/０００", "0/٠٠٠", "entries", "entries/",
        "entries/0", "entries/000.p/0", "entries/000.p/256", "entries/x000/000", "Entries/000", "data/000", "0", "",
        "tile/0/000", "0/000?width=1/", "0/000.p/1%2F", "0/000%00", "0/" + "x999/" * 7 + "999", "9" * 5000,
    ],
)  # fmt: skip
def test_every_spelling_of_a_tile_but_its_own_is_not_found(office: Office, path: str) -> None:
    office.grow(3)

    assert office.client.get(f"/log/tile/{path}", follow_redirects=False).status_code == 404


def test_time_stamp_tokens_are_served_as_they_stand_in_an_export(office: Office, tmp_path: Path) -> None:
    assert office.get("/log/tokens/index", TEXT, BRIEFLY) == b""
    for size, kept in ((3, [b"one", b"two"]), (12, [b"three"])):
        office.grow(size)
        for data in kept:
            office.opened.published.add_token(Token(size, digest_of(data), data))
    export(office.opened.log, tmp_path / "out", office.opened.keyring.public_list())

    listed = office.get("/log/tokens/index", TEXT, BRIEFLY)

    assert listed == (tmp_path / "out/tokens/index").read_bytes()
    names = listed.decode().split()
    assert sorted(names) == sorted(path.name for path in (tmp_path / "out/tokens").glob("*.tsr"))
    assert len(names) == 3
    for name in names:
        assert office.get(f"/log/tokens/{name}", BYTES, FOREVER) == (tmp_path / "out/tokens" / name).read_bytes()
    first = names[-1]
    for other in (
        *(first.replace("3.", size, 1) for size in ("03.", "4.", "٣.", f"{'9' * 30}.")), "3.tsr",
        first.removesuffix(".tsr"), first.upper(), f"{first}%0A", f"%20{first}", f"..%2Ftokens%2F{first}", "x" * 5000,
    ):  # fmt: skip
        assert office.client.get(f"/log/tokens/{other}").status_code == 404, other
    office.missing("/log/tokens/5.00.tsr", "not_published")


def test_the_proof_of_every_record_verifies_offline_with_its_exact_bytes(office: Office) -> None:
    office.decide(5)
    known = policy(office.listed())

    for entry in office.opened.log.entries():
        data = office.get(f"/v1/decisions/{entry.id}/record", BYTES, FOREVER)
        text = office.get(f"/v1/decisions/{entry.id}/proof", TEXT)
        proof = TlogProof.parse(text)

        assert data == entry.data
        assert proof.to_bytes() == text
        assert text.endswith(b"\n")
        assert proof.index == entry.seq
        accepted = proof.verify(leaf_hash(data), known)
        assert (accepted.checkpoint.origin, accepted.checkpoint.size) == (ORIGIN, FIRST_SIGNED + 5)
        with pytest.raises(ProofInvalid):
            proof.verify(leaf_hash(data + b" "), known)
        with pytest.raises(TlogError):
            proof.verify(leaf_hash(data), policy([]))


def test_a_proof_is_a_file_to_keep_under_the_name_of_its_record(office: Office) -> None:
    (given,) = office.decide(1)

    answer = office.client.get(f"/v1/decisions/{given['id']}/proof")

    assert answer.headers["content-disposition"] == f'attachment; filename="{given["id"]}.tlog-proof"'


def test_what_the_service_answered_is_what_stands_under_the_proof(office: Office) -> None:
    (given,) = office.decide(1)

    record = json.loads(office.get(f"/v1/decisions/{given['id']}/record", BYTES, FOREVER))

    assert record["decision"] | {"id": given["id"], "index": given["index"]} == given
    proof = TlogProof.parse(office.get(f"/v1/decisions/{given['id']}/proof", TEXT))
    assert proof.index == given["index"]


def test_every_signed_checkpoint_continues_every_earlier_one(office: Office) -> None:
    sizes = []
    for more in (1, 2, 1, 3, 1):
        office.decide(more)
        sizes.append(office.checkpoint().size)
    for size in (255, 256, 257, 300):
        office.grow(size)
        sizes.append(size)
    points = [office.checkpoint(f"/log/checkpoints/{size}") for size in sizes]

    for old, new in combinations_with_replacement(points, 2):
        answer = office.client.get(f"/v1/log/consistency?old={old.size}&new={new.size}")
        assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
        said = answer.json()
        assert (said["old"], said["new"]) == (old.size, new.size)
        path = [base64.b64decode(each, validate=True) for each in said["proof"]]
        verify_consistency(old.size, new.size, path, old.root, new.root)
        if old.size < new.size:
            with pytest.raises(ProofInvalid):
                verify_consistency(old.size, new.size, path, old.root, old.root)


def test_sizes_that_are_no_sizes_are_refused_by_name(office: Office) -> None:
    for path in ("/log/checkpoints/0", "/log/checkpoints/-1", "/log/checkpoints/x", "/v1/log/consistency?old=0&new=1"):
        answer = office.client.get(path)

        assert answer.status_code == 422
        assert answer.json()["type"] == "urn:zhunsheng:problem:invalid_request"


def test_the_logs_own_records_have_bytes_and_a_proof_and_are_no_decisions(office: Office) -> None:
    office.decide(1)

    for entry in office.opened.log.entries(0, FIRST_SIGNED):
        assert office.get(f"/v1/decisions/{entry.id}/record", BYTES, FOREVER) == entry.data
        office.get(f"/v1/decisions/{entry.id}/proof", TEXT)
        for path in (f"/v1/decisions/{entry.id}", f"/v1/decisions/{entry.id}/why", f"/v1/cases/{entry.id}"):
            office.missing(path, "not_found")
        page = office.client.get(f"/decisions/{entry.id}", headers={"Accept": "text/html"})
        assert page.status_code == 404


def test_what_is_served_stays_byte_for_byte_the_same_after_the_service_starts_again(tmp_path: Path) -> None:
    first = Office(tmp_path)
    given = first.decide(3)
    size = first.checkpoint().size
    paths = [
        *(f"/log/{each.path}" for each in tiles_of(size)),
        *(f"/log/{each.path}" for each in bundles_of(size)),
        f"/log/checkpoints/{size}",
        "/log/keys.json",
        *(f"/v1/decisions/{each['id']}/record" for each in given),
        *(f"/v1/decisions/{each['id']}/proof" for each in given),
    ]
    before = [first.client.get(path).content for path in paths]
    first.opened.close()

    again = Office(tmp_path)
    try:
        assert [again.client.get(path).content for path in paths] == before
    finally:
        again.opened.close()
    assert Bundle(0, size).path in paths[1]
