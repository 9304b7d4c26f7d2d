"""Proofs of the tree: published vectors, published digests over all small trees, and one flipped bit is refused."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cases.tlog.errors import ProofInvalid
from cases.tlog.tree import (
    EMPTY_ROOT,
    consistency_path,
    inclusion_path,
    range_root,
    subtree_consistency_path,
    valid_subtree,
    verify_consistency,
    verify_inclusion,
    verify_subtree_consistency,
    verify_subtree_inclusion,
)
from tests.tlog.kit import HERE, flipped, leaves_of, mth, path, reader, subproof

VECTORS: dict[str, dict[str, Any]] = json.loads((HERE / "merkle_proofs.json").read_text())["vectors"]
ONE_BYTE = [bytes([i]) for i in range(130)]
READ_ONE_BYTE = reader(ONE_BYTE)
MANY = leaves_of(600)
READ_MANY = reader(MANY)
HASHES = [mth([leaf]) for leaf in MANY]


def accepts(name: str, vector: dict[str, Any]) -> bool:
    proof = [base64.b64decode(each) for each in vector["proof"] or []]
    hashed = {key: base64.b64decode(vector[key]) for key in ("root", "root1", "root2", "leafHash") if key in vector}
    try:
        match name.split("/", maxsplit=1)[0]:
            case "inclusion":
                verify_inclusion(hashed["leafHash"], vector["leafIdx"], vector["treeSize"], proof, hashed["root"])
            case "consistency":
                verify_consistency(vector["size1"], vector["size2"], proof, hashed["root1"], hashed["root2"])
            case "subtreeinclusion":
                place = (vector["leafIdx"], vector["start"], vector["end"])
                verify_subtree_inclusion(hashed["leafHash"], *place, proof, hashed["root"])
            case "subtreeconsistency":
                place = (vector["start"], vector["end"], vector["size"])
                verify_subtree_consistency(*place, proof, hashed["root1"], hashed["root2"])
            case other:
                raise AssertionError(other)
    except ProofInvalid:
        return False
    return True


def test_all_518_published_vectors_are_judged_as_published() -> None:
    wrong = [name for name, vector in VECTORS.items() if accepts(name, vector) == vector["wantErr"]]

    assert wrong == []
    assert len(VECTORS) == 518
    assert sum(not vector["wantErr"] for vector in VECTORS.values()) == 36


def subtrees(most: int) -> list[tuple[int, int]]:
    return [(start, stop) for stop in range(most + 1) for start in range(stop + 1) if valid_subtree(start, stop)]


def test_the_roots_of_all_small_subtrees_have_the_published_digest() -> None:
    # draft-ietf-plants-merkle-tree-certs, appendix
    lines = hashlib.sha256()
    for start, stop in subtrees(130):
        lines.update(f"[{start}, {stop}) {range_root(start, stop, READ_ONE_BYTE).hex()}\n".encode())

    assert lines.hexdigest() == "b82806ad4265bb151c1119c0f4db437bb4d1a1f887b3a7fba1cd4ebf552e3e81"


def test_the_inclusion_proofs_of_all_small_subtrees_have_the_published_digest_and_verify() -> None:
    lines = hashlib.sha256()
    for start, stop in subtrees(130):
        root = range_root(start, stop, READ_ONE_BYTE)
        for index in range(start, stop):
            proof = inclusion_path(index, stop, READ_ONE_BYTE, start)
            lines.update(f"{' '.join([f'{index} [{start}, {stop})', *(each.hex() for each in proof)])}\n".encode())
            verify_subtree_inclusion(mth([ONE_BYTE[index]]), index, start, stop, proof, root)

    assert lines.hexdigest() == "ac2a8f989e44d99e399db448050ff5f19757df53cfb716aa81015d3955d8163f"


def test_the_consistency_proofs_of_all_small_subtrees_have_the_published_digest_and_verify() -> None:
    lines = hashlib.sha256()
    every = subtrees(130)
    roots = {each: range_root(*each, READ_ONE_BYTE) for each in every}
    for size in range(131):
        for start, stop in every:
            if stop > size:
                break
            proof = subtree_consistency_path(start, stop, size, READ_ONE_BYTE)
            lines.update(f"{' '.join([f'[{start}, {stop}) {size}', *(each.hex() for each in proof)])}\n".encode())
            verify_subtree_consistency(start, stop, size, proof, roots[start, stop], roots[0, size])

    assert lines.hexdigest() == "10fa99b37bf9bf9ffa26b412fbd98bd75363256d0b75d61bc4538b9c9c5a0a74"


def test_the_consistency_proofs_of_all_small_trees_have_the_digest_of_a_direct_transcription() -> None:
    lines = hashlib.sha256()
    for new in range(131):
        for old in range(1, new + 1):
            proof = consistency_path(old, new, READ_ONE_BYTE)
            lines.update(f"{' '.join([f'{old} {new}', *(each.hex() for each in proof)])}\n".encode())

    assert lines.hexdigest() == "2498232e1aebe8d1aa8d339d897fc471f4495fe0b8a55ac08f7dae3d88bc4c2a"


@settings(deadline=None)
@given(st.data())
def test_an_inclusion_proof_is_the_definitions_and_any_flipped_bit_is_refused(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 600))
    index = data.draw(st.integers(0, size - 1))
    proof = inclusion_path(index, size, READ_MANY)
    root = mth(MANY[:size])

    assert proof == path(index, MANY[:size])
    verify_inclusion(HASHES[index], index, size, proof, root)
    whole = b"".join([HASHES[index], root, *proof])
    changed = flipped(whole, data.draw(st.integers(0, len(whole) * 8 - 1)))
    leaf, wrong_root, *wrong = [changed[at : at + 32] for at in range(0, len(changed), 32)]
    with pytest.raises(ProofInvalid):
        verify_inclusion(leaf, index, size, wrong, wrong_root)


@settings(deadline=None)
@given(st.data())
def test_an_inclusion_proof_holds_for_no_other_place_and_no_other_length(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 600))
    index = data.draw(st.integers(0, size - 1))
    other = data.draw(st.integers(-2, size + 2).filter(lambda each: each != index))
    proof = inclusion_path(index, size, READ_MANY)
    root = mth(MANY[:size])

    for place, wrong in (
        (other, proof),
        (index, [*proof, root]),
        (index, [*proof, b""]),
        (index, proof[:-1] or [root]),
    ):
        with pytest.raises(ProofInvalid):
            verify_inclusion(HASHES[index], place, size, wrong, root)


@settings(deadline=None)
@given(st.data())
def test_a_consistency_proof_is_the_definitions_and_any_flipped_bit_is_refused(data: st.DataObject) -> None:
    new = data.draw(st.integers(1, 600))
    old = data.draw(st.integers(1, new))
    proof = consistency_path(old, new, READ_MANY)
    old_root, new_root = mth(MANY[:old]), mth(MANY[:new])

    assert proof == subproof(old, MANY[:new])
    verify_consistency(old, new, proof, old_root, new_root)
    whole = b"".join([old_root, new_root, *proof])
    changed = flipped(whole, data.draw(st.integers(0, len(whole) * 8 - 1)))
    wrong_old, wrong_new, *wrong = [changed[at : at + 32] for at in range(0, len(changed), 32)]
    with pytest.raises(ProofInvalid):
        verify_consistency(old, new, wrong, wrong_old, wrong_new)
    for longer in ([*proof, new_root], [*proof, b"short"]):
        with pytest.raises(ProofInvalid):
            verify_consistency(old, new, longer, old_root, new_root)


@settings(deadline=None)
@given(st.data())
def test_a_consistency_proof_cut_short_or_of_other_sizes_is_refused(data: st.DataObject) -> None:
    new = data.draw(st.integers(2, 600))
    old = data.draw(st.integers(1, new - 1))
    proof = consistency_path(old, new, READ_MANY)
    roots = mth(MANY[:old]), mth(MANY[:new])

    with pytest.raises(ProofInvalid):
        verify_consistency(old, new, proof[:-1], *roots)
    for sizes in ((new, old), (0, new), (-1, new), (old, -new), (old, old), (new, new)):
        with pytest.raises(ProofInvalid):
            verify_consistency(*sizes, proof, *roots)


def test_a_huge_tree_costs_no_more_than_its_height() -> None:
    size = (1 << 64) - 1

    with pytest.raises(ProofInvalid, match="too few"):
        verify_inclusion(EMPTY_ROOT, size - 1, size, [EMPTY_ROOT] * 62, EMPTY_ROOT)
    with pytest.raises(ProofInvalid, match="no leaf"):
        verify_inclusion(EMPTY_ROOT, 0, size + 1, [EMPTY_ROOT] * 64, EMPTY_ROOT)
    assert len(inclusion_path(size - 1, size, lambda height, index: EMPTY_ROOT)) == 63


def test_a_byte_moved_from_one_hash_to_the_next_is_refused() -> None:
    left, right = HASHES[:2]
    root = mth(MANY[:2])
    verify_inclusion(left, 0, 2, [right], root)
    verify_consistency(1, 2, [right], left, root)

    # Both halves of the node are still the same 64 bytes.
    with pytest.raises(ProofInvalid, match="bytes"):
        verify_inclusion(left[:31], 0, 2, [left[31:] + right], root)
    with pytest.raises(ProofInvalid, match="bytes"):
        verify_consistency(1, 2, [left[31:] + right], left[:31], root)


@pytest.mark.parametrize(("index", "stop", "start"), [(0, 0, 0), (3, 3, 0), (-1, 3, 0), (4, 5, 3), (1, 4, 2)])
def test_no_proof_is_made_for_a_leaf_that_is_not_there(index: int, stop: int, start: int) -> None:
    with pytest.raises(ValueError, match="there is no leaf"):
        inclusion_path(index, stop, READ_MANY, start)


def test_no_proof_is_made_between_sizes_that_cannot_be() -> None:
    for old, new in ((0, 3), (4, 3), (-1, 3)):
        with pytest.raises(ValueError, match="no proof leads"):
            consistency_path(old, new, READ_MANY)
    for place in ((1, 3, 4), (2, 4, 3), (4, 2, 8)):
        with pytest.raises(ValueError, match="no subtree"):
            subtree_consistency_path(*place, READ_MANY)
    with pytest.raises(ValueError, match="no subtree"):
        range_root(1, 3, READ_MANY)
