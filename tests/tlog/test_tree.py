"""The tree is RFC 6962's: published roots, and a transcription of the definition on random leaves."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cases.tlog.tree import EMPTY, EMPTY_ROOT, Frontier, leaf_hash, node_hash
from tests.tlog.kit import leaves_of, mth, reader

# The reference tree of Certificate Transparency; the roots as published, shortened.
CT_LEAVES = [
    bytes.fromhex(text)
    for text in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
CT_ROOTS = [
    ("e3b0c442", "b855"),
    ("6e340b9c", "a01d"),
    ("fac54203", "c125"),
    ("aeb6bcfe", "6e77"),
    ("d37ee418", "14b7"),
    ("4e3bbb1f", "64d4"),
    ("76e67dad", "87ef"),
    ("ddb89be4", "4c8c"),
    ("5dc9da79", "4328"),
]

MANY = [leaf_hash(leaf) for leaf in leaves_of(70_000)]
READ = reader(leaves_of(70_000))


def grown(leaves: list[bytes]) -> Frontier:
    frontier = EMPTY
    for leaf in leaves:
        frontier = frontier.append(leaf_hash(leaf))
    return frontier


@pytest.mark.parametrize("n", range(9))
def test_the_reference_tree_has_its_published_root(n: int) -> None:
    first, last = CT_ROOTS[n]

    root = grown(CT_LEAVES[:n]).root()

    assert root == mth(CT_LEAVES[:n])
    assert root.hex().startswith(first)
    assert root.hex().endswith(last)


def test_the_roots_of_0_to_130_one_byte_leaves_have_the_published_digest() -> None:
    lines = hashlib.sha256()
    frontier = EMPTY

    for n in range(131):
        lines.update(b"%d %s\n" % (n, frontier.root().hex().encode()))
        frontier = frontier.append(leaf_hash(bytes([n])))

    assert lines.hexdigest() == "9c67f07f906103b6bf201842a50ff0b8c91fca9b3e211334a6b7aa3133165dec"


@given(st.lists(st.binary(max_size=8), max_size=70))
def test_a_grown_tree_has_the_root_of_the_definition(leaves: list[bytes]) -> None:
    assert grown(leaves).root() == mth(leaves)


@given(st.lists(st.binary(max_size=8), max_size=70))
def test_a_frontier_survives_being_written_and_read(leaves: list[bytes]) -> None:
    frontier = grown(leaves)

    again = Frontier.from_bytes(frontier.size, frontier.to_bytes())

    assert again == frontier
    assert len(frontier.peaks) == len(leaves).bit_count()


def test_the_empty_tree_has_the_hash_of_nothing_as_root() -> None:
    assert EMPTY.root() == EMPTY_ROOT == hashlib.sha256().digest()


def test_a_leaf_is_never_hashed_as_a_node() -> None:
    left, right = leaf_hash(b"a"), leaf_hash(b"b")

    assert leaf_hash(left + right) != node_hash(left, right)


@pytest.mark.parametrize(("size", "length"), [(1, 0), (0, 32), (3, 32), (4, 33), (-1, 32)])
def test_a_frontier_of_a_length_that_cannot_be_is_refused(size: int, length: int) -> None:
    with pytest.raises(ValueError, match="cannot be the frontier"):
        Frontier.from_bytes(size, bytes(length))


@given(st.lists(st.lists(st.binary(max_size=3), max_size=20), max_size=6))
def test_growing_by_many_leaves_at_once_is_growing_by_one_at_a_time(batches: list[list[bytes]]) -> None:
    frontier = EMPTY

    for batch in batches:
        frontier, _ = frontier.extend(leaf_hash(leaf) for leaf in batch)

    assert frontier == grown([leaf for batch in batches for leaf in batch])


@pytest.mark.parametrize("cut", [0, 1, 255, 256, 257, 70_000])
def test_growing_names_every_tile_hash_above_the_leaves_once(cut: int) -> None:
    half, first = EMPTY.extend(MANY[:cut])
    _, second = half.extend(MANY[cut:])

    named = {(level, index): root for level, index, root in first + second}
    assert len(named) == len(first + second)
    assert sorted(named) == [*((1, i) for i in range(273)), (2, 0)]
    assert all(READ(8 * level, index) == root for (level, index), root in named.items())
