"""Proofs one can keep, and what a log and a witness say: round trips, real verification, every line tampered with."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cases.tlog.checkpoint import Checkpoint
from cases.tlog.errors import Malformed, ProofInvalid, TlogError
from cases.tlog.keys import KeyType, SignerKey, open_note
from cases.tlog.note import Note, NoteSignature
from cases.tlog.policy import KnownLog, Policy, Witness
from cases.tlog.proof import TlogProof
from cases.tlog.tree import EMPTY_ROOT, consistency_path, inclusion_path
from cases.tlog.witnessing import AddCheckpoint, parse_cosignatures, parse_size, write_cosignatures, write_size
from tests.tlog.kit import flipped, leaves_of, mth, reader

SIZE = 600
LEAVES = leaves_of(SIZE)
READ = reader(LEAVES)
HASHES = [mth([leaf]) for leaf in LEAVES]
LOG = SignerKey("log.example", KeyType.ED25519, bytes(32))
WITNESS = SignerKey("witness.example", KeyType.COSIGNATURE, bytes([1]) * 32)
POLICY = Policy(logs=(KnownLog(LOG.verifier),), witnesses=(Witness("w", WITNESS.verifier),), quorum="w")


def note(size: int = SIZE) -> Note:
    text = Checkpoint(origin=LOG.name, size=size, root=mth(LEAVES[:size])).to_text()
    return Note(text, (LOG.sign(text), WITNESS.sign(text, 1_700_000_000)))


NOTE = note()
PROOF = TlogProof(300, tuple(inclusion_path(300, SIZE, READ)), NOTE, b"opaque")
REQUEST = AddCheckpoint(300, tuple(consistency_path(300, SIZE, READ)), NOTE)


@settings(deadline=None)
@given(st.integers(0, SIZE - 1), st.none() | st.binary(min_size=1, max_size=40))
def test_every_entry_has_a_proof_that_is_read_back_and_verifies(index: int, extra: bytes | None) -> None:
    proof = TlogProof(index, tuple(inclusion_path(index, SIZE, READ)), NOTE, extra)

    again = TlogProof.parse(proof.to_bytes())

    assert again == proof
    assert again.verify(HASHES[index], POLICY).checkpoint.size == SIZE
    with pytest.raises(ProofInvalid):
        again.verify(HASHES[index - 1], POLICY)


def test_a_proof_is_the_lines_of_the_specification() -> None:
    proof = TlogProof(1, tuple(inclusion_path(1, 3, READ)), note(3), b"x")
    hashes = [base64.b64encode(each).decode() for each in (HASHES[0], HASHES[2])]

    assert proof.to_bytes() == (
        f"c2sp.org/tlog-proof@v1\nextra eA==\nindex 1\n{hashes[0]}\n{hashes[1]}\n\n".encode() + note(3).to_bytes()
    )
    assert TlogProof(0, (), note(1)).to_bytes() == b"c2sp.org/tlog-proof@v1\nindex 0\n\n" + note(1).to_bytes()


@settings(deadline=None)
@given(st.integers(0, len(PROOF.to_bytes()) * 8 - 1))
def test_any_flipped_bit_of_a_proof_but_of_its_extra_data_is_refused(bit: int) -> None:
    whole = PROOF.to_bytes()

    try:
        changed = TlogProof.parse(flipped(whole, bit))
        changed.verify(HASHES[300], POLICY)
    except TlogError:
        return

    assert changed.extra != PROOF.extra
    assert (changed.index, changed.path, changed.note) == (PROOF.index, PROOF.path, PROOF.note)


def lines_changed(whole: bytes) -> list[bytes]:
    """Without each line, with each line twice, with two exchanged, with a character more or less on each."""
    lines = whole.split(b"\n")
    changed = []
    for at, line in enumerate(lines[:-1]):
        before, after = lines[:at], lines[at + 1 :]
        changed += [[*before, *after], [*before, line, *lines[at:]], [*before, line + b" ", *after]]
        changed += [[*before, b" " + line, *after], [*before, line + b"\r", *after], [*before, line[:-1], *after]]
        changed += [[*before, after[0], line, *after[1:]], [*before, line, b"", *after]]
    return [each for each in (b"\n".join(lines) for lines in changed) if each != whole]


def test_tampering_with_any_line_of_a_proof_is_refused_or_changes_nothing_it_says() -> None:
    passed = []
    for changed in lines_changed(PROOF.to_bytes()):
        try:
            proof = TlogProof.parse(changed)
            proof.verify(HASHES[300], POLICY)
        except TlogError:
            continue
        passed.append((proof.extra, {*proof.note.signatures} == {*NOTE.signatures}, proof.note.text == NOTE.text))

    # The unsigned extra data left out; the two signatures exchanged; one of them written twice.
    assert passed == [(None, True, True), *[(b"opaque", True, True)] * 3]


HASH_LINE = base64.b64encode(bytes(32)) + b"\n"
REFUSED_PROOFS = {
    "nothing": b"",
    "another version": PROOF.to_bytes().replace(b"@v1", b"@v2", 1),
    "no index": b"c2sp.org/tlog-proof@v1\n\n" + NOTE.to_bytes(),
    "extra after the index": b"c2sp.org/tlog-proof@v1\nindex 0\nextra eA==\n\n" + NOTE.to_bytes(),
    "empty extra": b"c2sp.org/tlog-proof@v1\nextra \nindex 0\n\n" + NOTE.to_bytes(),
    "two extras": b"c2sp.org/tlog-proof@v1\nextra eA==\nextra eA==\nindex 0\n\n" + NOTE.to_bytes(),
    "a leading zero": b"c2sp.org/tlog-proof@v1\nindex 00\n\n" + NOTE.to_bytes(),
    "a short hash": b"c2sp.org/tlog-proof@v1\nindex 0\neA==\n\n" + NOTE.to_bytes(),
    "65 hashes": b"c2sp.org/tlog-proof@v1\nindex 0\n"
    + (base64.b64encode(bytes(32)) + b"\n") * 65
    + b"\n"
    + NOTE.to_bytes(),
    "no checkpoint": b"c2sp.org/tlog-proof@v1\nindex 0\n\n",
    "a note that is no checkpoint": b"c2sp.org/tlog-proof@v1\nindex 0\n\nx\n\n\xe2\x80\x94 a AAAAAAA=\n",
    "not UTF-8": b"c2sp.org/tlog-proof@v1\nindex 0\n\xff\n\n" + NOTE.to_bytes(),
}


@pytest.mark.parametrize("data", REFUSED_PROOFS.values(), ids=REFUSED_PROOFS)
def test_what_is_no_proof_is_refused(data: bytes) -> None:
    with pytest.raises(Malformed):
        TlogProof.parse(data)


@settings(deadline=None)
@given(st.integers(0, SIZE))
def test_a_request_is_read_back_and_leads_from_the_old_root(old: int) -> None:
    path = consistency_path(old, SIZE, READ) if old else []
    request = AddCheckpoint(old, tuple(path), NOTE)

    again = AddCheckpoint.parse(request.to_bytes())

    assert again == request
    again.verify(mth(LEAVES[:old]))
    with pytest.raises(ProofInvalid):
        again.verify(bytes(32))


def test_from_the_empty_tree_the_proof_is_empty() -> None:
    AddCheckpoint(0, (), NOTE).verify(EMPTY_ROOT)

    with pytest.raises(ProofInvalid):
        AddCheckpoint(0, (bytes(32),), NOTE).verify(EMPTY_ROOT)


def test_the_published_request_is_read_and_written_back() -> None:
    # tlog-witness, "Example request body".
    text = """\
old 20852014
PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=
jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=
5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=
/6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=

example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
— example.com/behind-the-sofa opLqBQsREYCgu6xQkYQwJr9fo45a62DN9EdmHXnZdXNqlcVGlCum2Wks+49/V6267UEjw6QUXTS5Rovnzv++qbSzm9Q=
"""  # noqa: E501 - the published example

    request = AddCheckpoint.parse(text.encode())

    assert (request.old, len(request.path), request.checkpoint.size) == (20_852_014, 4, 20_852_163)
    assert request.to_bytes() == text.encode()


REFUSED_REQUESTS = {
    "nothing": b"",
    "no old size": NOTE.to_bytes(),
    "a leading zero": b"old 01\n\n" + NOTE.to_bytes(),
    "no size": b"old \n\n" + NOTE.to_bytes(),
    "a size above the checkpoint's": b"old 601\n\n" + NOTE.to_bytes(),
    "no empty line": b"old 1\n" + NOTE.to_bytes(),
    "a short hash": b"old 1\neA==\n\n" + NOTE.to_bytes(),
    "64 hashes": b"old 1\n" + HASH_LINE * 64 + b"\n" + NOTE.to_bytes(),
    "no checkpoint": b"old 1\n\n",
}


@pytest.mark.parametrize("data", REFUSED_REQUESTS.values(), ids=REFUSED_REQUESTS)
def test_what_is_no_request_is_refused(data: bytes) -> None:
    with pytest.raises(Malformed):
        AddCheckpoint.parse(data)


def test_tampering_with_any_line_of_a_request_is_refused_or_changes_nothing_it_says() -> None:
    passed = []
    for changed in lines_changed(REQUEST.to_bytes()):
        try:
            request = AddCheckpoint.parse(changed)
            request.verify(mth(LEAVES[:300]))
            open_note(request.note, [LOG.verifier])
        except TlogError:
            continue
        passed.append((request.old, request.path, request.note.text))

    # Each signature twice, the two exchanged, and the witness's, which nobody asked about, left out.
    assert passed == [(300, REQUEST.path, NOTE.text)] * 4


def test_an_answer_is_lines_that_can_be_put_on_the_checkpoint() -> None:
    bare = Note(NOTE.text, NOTE.signatures[:1])
    body = write_cosignatures([WITNESS.sign(NOTE.text, 1_700_000_000)])

    signed = bare.adding(parse_cosignatures(body))

    assert signed == NOTE
    assert POLICY.satisfied(signed)
    assert not POLICY.satisfied(bare)


def test_an_answer_that_is_no_line_or_not_only_lines_is_refused() -> None:
    good = write_cosignatures([NoteSignature("a", bytes(4), b"x")])

    for body in (b"", good[:-1], good + b"\n", b"\n" + good, good * 101, good + b"x\n", good.replace(b"\n", b"\r\n")):
        with pytest.raises(Malformed):
            parse_cosignatures(body)
    assert len(parse_cosignatures(good * 100)) == 100


def test_a_size_is_answered_on_one_line() -> None:
    assert write_size(20_852_163) == b"20852163\n"
    assert [parse_size(write_size(size)) for size in (0, 7, (1 << 64) - 1)] == [0, 7, (1 << 64) - 1]
    for body in (
        b"",
        b"7",
        b"07\n",
        b"7\n\n",
        b"7\r\n",
        b" 7\n",
        b"7\n8\n",
        b"-7\n",
        b"\xff\n",
        b"18446744073709551616\n",
    ):
        with pytest.raises(Malformed):
            parse_size(body)
    with pytest.raises(Malformed):
        write_size(-1)
