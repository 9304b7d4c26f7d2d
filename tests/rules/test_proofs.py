"""Every shipped rule is proved; what is refuted and not known stands in a list that can only shrink."""

from __future__ import annotations

from collections.abc import Mapping

from engine.card import Card
from engine.proof import Property
from tests.engine.kit import shipped_cards

# To take a line out: repair the rule, mark the defect of the published table, or acknowledge it with a reason.
_OPEN: Mapping[Property, str] = {
    "complete": """
        GDHJ-2.9 JMHJ-2-1 JMHJ-2-3 JMHJ-2-6 JMHJ-2-8 JMHJ-2-21 JMHJ-2-24 JMHJ-3-1 JMHJ-3-3 JMHJ-3-5 JMHJ-3-7
        JMHJ-3-9 JMHJ-3-14 JMHJ-3-15 JMHJ-3-18 JMHJ-3-23 JMHJ-4-1 JMHJ-4-4 JMHJ-4-6 JMHJ-4-10 JMHJ-4-13 JMHJ-4-14
        JMHJ-4-17 JMHJ-4-21 JMHJ-6-3 JMHJ-6-8 JMHJ-7-2 JMHJ-7-14 JMHJ-10-6 JMHJ-10-10 JMHJ-11-1 JMHJ-11-9
        JMHJ-11-10 SXZR-006
    """,
    "unambiguous": """
        JMHJ-1-4 JMHJ-2-6 JMHJ-3-3 JMHJ-11-1 JXCG-001 SCSP-054 SWJZ-001 SXZR-003
    """,
    "defined": """
        SXHJ-001
    """,
    "never_lighter": """
        JMHJ-3-4 JMHJ-3-15 JMHJ-11-9
    """,
    "points": """
        JMHJ-2-6 JMHJ-3-3 JMHJ-11-1
    """,
}
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
