"""Every shipped rule is proved; what is refuted and not known stands in a list that can only shrink."""

from __future__ import annotations

from engine.card import Card
from tests.engine.kit import shipped_cards

# To take a line out: repair the rule, mark the defect of the published table, or acknowledge it with a reason.
_OPEN: dict[str, str] = {}
OPEN = frozenset((code, prop) for prop, codes in _OPEN.items() for code in codes.split())


def refuted(card: Card) -> set[tuple[str, str]]:
    found = [each for each in card["findings"] if each["level"] == "refuted" and each["known"] is None]
    return {(card["violation"], each["property"]) for each in found}


def test_nothing_more_is_refuted_than_is_listed() -> None:
    found = {each for card in shipped_cards() for each in refuted(card)}

    assert found - OPEN == set()


def test_what_is_no_longer_refuted_is_taken_out_of_the_list() -> None:
    found = {each for card in shipped_cards() for each in refuted(card)}

    assert OPEN - found == set()


def test_every_refuted_property_is_shown_by_a_case() -> None:
    silent = [
        (card["violation"], each["property"])
        for card in shipped_cards()
        for each in card["findings"]
        if each["level"] == "refuted" and each["case"] is None
    ]

    assert silent == []
