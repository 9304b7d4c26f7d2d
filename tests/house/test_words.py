"""The vocabulary itself: one spelling, one meaning."""

from collections import Counter

import pytest

from engine.vocabulary import ENUMS, KEYS, REFUSALS, UNITS, WORDS, Spellings


@pytest.mark.parametrize("column", [0, 1], ids=["zh", "en"])
def test_no_spelling_inside_cells_means_two_things(column: int) -> None:
    spellings = Counter(spelling for table in (WORDS, UNITS) for both in table.values() for spelling in both[column])

    assert [spelling for spelling, times in spellings.items() if times > 1] == []


@pytest.mark.parametrize("column", [0, 1], ids=["zh", "en"])
@pytest.mark.parametrize("table", [KEYS, REFUSALS, *ENUMS.values()], ids=lambda table: next(iter(table)))
def test_no_key_or_choice_is_spelt_like_another(table: dict[str, Spellings], column: int) -> None:
    # `language` may be written in either vocabulary: it is what says which one follows.
    spellings = Counter(spelling for word, both in table.items() if word != "language" for spelling in both[column])

    assert [spelling for spelling, times in spellings.items() if times > 1] == []
