"""Regions hold what a formula says and nothing else: on a grid, between its points, and when they are joined."""

from fractions import Fraction

from engine.region import Box, In, Range, Search, both, either, merged

YES = frozenset({True})
NO = frozenset({False})


def searched(grain: Fraction | None) -> Search:
    answers = frozenset({True, False})
    return Search({"x": Range(0, 10), "y": answers, "z": answers}, {"x": grain}, left=1_000)


def test_nothing_is_found_between_two_neighbours_of_a_grid() -> None:
    low, high = In("x", Range(0, 4)), In("x", Range(5, 10))
    form = both([either([low, In("y", YES)]), either([high, In("z", YES)])])

    boxes = list(searched(Fraction(1)).boxes(form))

    assert {box.parts["x"] for box in boxes} == {Range(0, 4), Range(5, 10)}


def test_what_both_ranges_leave_out_is_not_joined_in() -> None:
    boxes = list(searched(None).boxes(either([In("x", Range(0, 5, False, True)), In("x", Range(5, 10, True, False))])))

    assert len(merged(boxes, {"x": None})) == 2


def test_whole_numbers_are_no_neighbours_where_there_is_no_grid() -> None:
    boxes = [Box({"x": Range(0, 4)}), Box({"x": Range(5, 10)})]

    assert len(merged(boxes, {"x": None})) == 2
    assert merged(boxes, {"x": Fraction(1)}) == [Box({"x": Range(0, 10)})]


def test_answers_that_differ_once_are_joined() -> None:
    boxes = [Box({"y": YES, "z": YES}), Box({"y": YES, "z": NO})]

    assert merged(boxes, {}) == [Box({"y": YES, "z": YES | NO})]
