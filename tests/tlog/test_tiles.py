"""Tiles: one path for each, the ones a tree has, and proofs from tiles that are the proofs from leaves."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cases.tlog.errors import Malformed
from cases.tlog.tiles import (
    Bundle,
    Tile,
    TileReader,
    bundles_of,
    parse_path,
    read_bundle,
    tile_with,
    tiles_of,
    width_of,
    write_bundle,
)
from cases.tlog.tree import consistency_path, inclusion_path, verify_consistency, verify_inclusion
from tests.tlog.kit import leaves_of, mth, reader

LEAVES = leaves_of(70_000)
READ = reader(LEAVES)
READ(16, 0)  # every hash below is then known before any test begins
INDEXES = st.integers(0, (1 << 64) - 1) | st.integers(0, 2_000_000)
WIDTHS = st.integers(1, 256)
PLACES = st.builds(Tile, st.integers(0, 63), INDEXES, WIDTHS) | st.builds(Bundle, INDEXES, WIDTHS)


def test_the_published_example_of_a_path() -> None:
    assert Tile(0, 1_234_067).path == "tile/0/x001/x234/067"
    assert Tile(0, 1_234_067, 5).path == "tile/0/x001/x234/067.p/5"
    assert Bundle(1_234_067, 5).path == "tile/entries/x001/x234/067.p/5"
    assert parse_path("tile/63/000.p/255") == Tile(63, 0, 255)
    assert [Tile(1, index).path for index in (0, 999, 1000)] == ["tile/1/000", "tile/1/999", "tile/1/x001/000"]


@given(PLACES)
def test_every_path_is_read_back(place: Tile | Bundle) -> None:
    assert parse_path(place.path) == place


@given(PLACES, st.data())
def test_a_changed_path_is_refused_or_is_another_tile_in_its_own_spelling(
    place: Tile | Bundle, data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, len(place.path)))
    changed = (
        place.path[:at] + data.draw(st.sampled_from("0159x./p e٣\n")) + place.path[at + data.draw(st.integers(0, 1)) :]
    )

    try:
        found = parse_path(changed)
    except Malformed:
        return

    assert found.path == changed
    assert (found == place) == (changed == place.path)


@pytest.mark.parametrize(
    "path",
    [
        "",
        "tile/0",
        "/tile/0/000",
        "tile/0/000/",
        "tile/00/000",
        "tile/01/000",
        "tile/64/000",
        "tile/-1/000",
        "tile/8/0/000",
        "tile/data/000",
        "tile/0/0",
        "tile/0/00",
        "tile/0/0000",
        "tile/0/x000/001",
        "tile/0/x001/x001",
        "tile/0/001/001",
        "tile/0/X001/001",
        "tile/0/x001001",
        "tile/0/000.p/0",
        "tile/0/000.p/00",
        "tile/0/000.p/01",
        "tile/0/000.p/256",
        "tile/0/000.p/",
        "tile/0/000.p",
        "tile/0/000.P/1",
        "tile/0/000.p/1.p/1",
        "tile/0/000\n",
        "tile/0/٠٠٠",
        "tile/0/../000",
        "tile/0/" + "x999/" * 6 + "999",
        "tile/0/" + "x001/" * 60 + "000",
        "tile/entries/x000/000",
    ],
)
def test_every_other_spelling_is_refused(path: str) -> None:
    with pytest.raises(Malformed):
        parse_path(path)


def test_a_tree_of_70000_has_the_published_tiles() -> None:
    tiles = list(tiles_of(70_000))

    assert tiles == [
        *(Tile(0, index) for index in range(273)),
        Tile(0, 273, 112),
        Tile(1, 0),
        Tile(1, 1, 17),
        Tile(2, 0, 1),
    ]
    assert list(bundles_of(70_000)) == [*(Bundle(index) for index in range(273)), Bundle(273, 112)]


@pytest.mark.parametrize(
    ("size", "tiles"),
    [
        (0, []),
        (1, ["tile/0/000.p/1"]),
        (255, ["tile/0/000.p/255"]),
        (256, ["tile/0/000", "tile/1/000.p/1"]),
        (257, ["tile/0/000", "tile/0/001.p/1", "tile/1/000.p/1"]),
    ],
)
def test_small_trees_have_these_tiles(size: int, tiles: list[str]) -> None:
    assert [tile.path for tile in tiles_of(size)] == tiles


@given(st.integers(0, 200_000), st.integers(0, 200_000))
def test_the_tiles_since_a_size_are_those_that_tree_did_not_have(one: int, other: int) -> None:
    old, new = sorted((one, other))

    assert set(tiles_of(new, old)) == set(tiles_of(new)) - set(tiles_of(old))
    assert set(bundles_of(new, old)) == set(bundles_of(new)) - set(bundles_of(old))
    assert all(width_of(tile.level, tile.index, new) == tile.width for tile in tiles_of(new, old))


def test_the_largest_tree_is_named_from_its_root_down() -> None:
    size = (1 << 64) - 1

    assert [width_of(level, 0, size) for level in (0, 7, 8)] == [256, 255, 0]
    assert tile_with(63, 0, size) == (Tile(7, 0, 255), range(128))


class Tiles:
    """The tiles of a tree, made from its leaves, and a note of what was fetched."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.fetched: list[tuple[int, int, int]] = []

    def __call__(self, level: int, index: int, width: int) -> bytes:
        assert width_of(level, index, self.size) == width
        self.fetched.append((level, index, width))
        return b"".join(READ(8 * level, index * 256 + i) for i in range(width))


@settings(deadline=None)
@given(st.data())
def test_proofs_from_tiles_are_the_proofs_from_leaves(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 600) | st.integers(65_000, 70_000))
    index = data.draw(st.integers(0, size - 1))
    old = data.draw(st.integers(1, size))
    tiles = Tiles(size)

    read = TileReader(size, tiles)

    assert inclusion_path(index, size, read) == inclusion_path(index, size, READ)
    assert consistency_path(old, size, read) == consistency_path(old, size, READ)
    assert len(tiles.fetched) == len(set(tiles.fetched))


def test_a_proof_in_70000_reads_few_tiles_and_verifies() -> None:
    size, old = 70_000, 65_537
    tiles = Tiles(size)
    read = TileReader(size, tiles)
    root = mth(LEAVES)

    verify_inclusion(mth([LEAVES[300]]), 300, size, inclusion_path(300, size, read), root)
    verify_consistency(old, size, consistency_path(old, size, read), mth(LEAVES[:old]), root)

    assert sorted(tiles.fetched) == [(0, 1, 256), (0, 256, 256), (0, 273, 112), (1, 0, 256), (1, 1, 17), (2, 0, 1)]


def test_a_tile_of_another_length_is_refused() -> None:
    for length in (0, 31, 33, 64):
        given_bytes = {Tile(0, 0, 1): bytes(length)}

        def fetch(level: int, index: int, width: int, tiles: dict[Tile, bytes] = given_bytes) -> bytes:
            return tiles[Tile(level, index, width)]

        read = TileReader(1, fetch)
        for _ in range(2):  # and is not believed the second time
            with pytest.raises(Malformed, match=r"tile/0/000\.p/1"):
                read(0, 0)


def test_a_subtree_that_is_not_in_the_tree_is_not_read() -> None:
    for height, index in ((0, 5), (3, 0), (0, -1), (-1, 0)):
        with pytest.raises(ValueError, match="no subtree"):
            tile_with(height, index, 5)


def test_a_tile_that_cannot_be_is_not_made() -> None:
    for place in ((-1, 0, 1), (64, 0, 1), (0, -1, 1), (0, 1 << 64, 1), (0, 0, 0), (0, 0, 257)):
        with pytest.raises(Malformed):
            Tile(*place)


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=256))
def test_a_bundle_survives_being_written_and_read(entries: list[bytes]) -> None:
    assert read_bundle(write_bundle(entries), len(entries)) == entries


def test_a_bundle_is_lengths_of_two_bytes_and_entries() -> None:
    assert write_bundle([b"", b"ab"]) == b"\0\0\0\2ab"
    assert read_bundle(write_bundle([bytes(65_535)] * 2), 2) == [bytes(65_535)] * 2


def test_a_bundle_with_too_little_or_too_much_is_refused() -> None:
    whole = write_bundle([b"one", b"two"])

    for data, width in (
        (whole[:-1], 2),
        (whole[:-3], 2),
        (whole[:6], 2),
        (whole, 1),
        (whole, 3),
        (whole + b"\0", 2),
        (b"", 1),
    ):
        with pytest.raises(Malformed):
            read_bundle(data, width)
    for entries in ([], [b""] * 257, [bytes(65_536)]):
        with pytest.raises(Malformed):
            write_bundle(entries)
