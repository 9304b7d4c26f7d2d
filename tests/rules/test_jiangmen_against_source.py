"""The Jiangmen 2020 rule files against the published table they encode.

The source is the table as it was read from the published XLS. Its words must stand in the rules verbatim, and its
figures must be those the loaded rules charge. The figures were read from the Chinese numerals by the source's own
script; here they are read a second time, so that neither reading is trusted alone.
"""

import re
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from ruamel.yaml import YAML

from engine import Rulebook, load_rulebook
from engine.measures import Bracket, Fine
from engine.rule import Rule
from engine.tree import Expr, Money

HERE = Path(__file__).parent
RULES = HERE.parents[1] / "rules"
DIGITS = {character: value for value, character in enumerate("零一二三四五六七八九")} | {"两": 2}
UNITS = {"十": 10, "百": 100, "千": 1000}
AMOUNTS = re.compile("([零一二两三四五六七八九十百千万]+)元|([0-9]+)万元")

Node = dict[str, Any]


class Ends(NamedTuple):
    """A fine as its least and greatest sum, in fen."""

    low: Fraction
    high: Fraction


def read(path: Path, kind: str) -> Node:
    """Read YAML with types (`safe`) or as the text its author wrote (`base`)."""
    loaded: Node = YAML(typ=kind, pure=True).load(path.read_text(encoding="utf-8"))
    return loaded


SOURCE: dict[str, Node] = {item["code"]: item for item in read(HERE / "jiangmen_2020_source.yaml", "safe")["items"]}
FILES: dict[str, Node] = {
    path.stem.removeprefix("JMHJ-"): read(path, "base") for path in sorted((RULES / "jmhj-2020").glob("JMHJ-*.yaml"))
}


def number(numerals: str) -> int:
    """Read Chinese numerals below a hundred million: 三万五千 is 35000."""
    total = section = digit = 0
    for character in numerals:
        if character in DIGITS:
            digit = DIGITS[character]
        elif character == "万":
            total, section, digit = (section + digit) * 10_000, 0, 0
        else:
            # 十 alone is ten.
            section, digit = section + (digit or 1) * UNITS[character], 0
    return total + section + digit


def stated(tier: Node) -> Ends | None:
    """Return the one fine of a tier that the source gives as a figure; None where it names several, or none."""
    if "min" not in tier or tier["amount_text"].count("罚款") != 1:
        return None
    return Ends(Fraction(str(tier["min"])) * 100, Fraction(str(tier["max"])) * 100)


def marked(rule: Node) -> set[str]:
    """Name the rows that are marked as a defect of the published table."""
    return {defect["档次"] for defect in rule.get("缺陷", []) if "档次" in defect}


def fen(amount: Expr | None) -> Fraction:
    assert amount is None or isinstance(amount, Money), amount
    return Fraction(0 if amount is None else amount.fen)


def charged(fine: Fine) -> Ends:
    """Read the ends of a fine from the tree the engine made of it."""
    amount = fine.amount
    low, high = (amount.low, amount.high) if isinstance(amount, Bracket) else (amount, amount)
    assert high is not None, amount
    return Ends(fen(low), fen(high))


@pytest.fixture(scope="module")
def book() -> Rulebook:
    paths = [
        *(RULES / "jmhj-2020").glob("*.yaml"),
        *(RULES / "catalogue").glob("jmhj-*.yaml"),
        *(RULES / "general").glob("*.yaml"),
    ]
    return load_rulebook({path.relative_to(RULES).as_posix(): path.read_bytes() for path in paths})


def loaded(book: Rulebook, code: str) -> Rule:
    return next(rule for rule in book.every_rule() if rule.code == f"JMHJ-{code}")


@pytest.mark.parametrize("code", FILES)
def test_the_name_the_chapter_and_the_article_are_the_published_ones(code: str) -> None:
    item, rule = SOURCE[code], FILES[code]
    parts = rule["依据"] if isinstance(rule["依据"], list) else [rule["依据"]]

    encoded = (rule["违法行为代码"], rule["名称"], rule["类别"])
    missing = [text for part in parts for text in (part["条款"], part["原文"]) if text not in item["basis"]]

    assert encoded == (f"JMHJ-{code}", item["violation"], item["sheet"])
    assert missing == []


@pytest.mark.parametrize("code", FILES)
def test_a_rule_has_one_row_for_every_published_tier(code: str) -> None:
    item, rule = SOURCE[code], FILES[code]

    rows = [*rule.get("不予处罚", []), *rule.get("裁量表", [])]

    assert len(rows) == len(item["tiers"])


@pytest.mark.parametrize("code", FILES)
def test_every_row_quotes_its_tier_verbatim_and_in_the_published_order(code: str) -> None:
    item, rule = SOURCE[code], FILES[code]
    rows = [*rule.get("不予处罚", []), *rule.get("裁量表", [])]

    quotes = [
        (row["原文"], [*tier["conditions"], tier["amount_text"]]) for row, tier in zip(rows, item["tiers"], strict=True)
    ]

    assert [text for quote, texts in quotes for text in texts if text not in quote] == []


@pytest.mark.parametrize("code", FILES)
def test_a_row_charges_exactly_the_figures_the_source_gives(code: str, book: Rulebook) -> None:
    item, rule = SOURCE[code], FILES[code]
    pairs = list(zip(loaded(book, code).rows, item["tiers"], strict=True))
    sound = [(row, ends) for row, tier in pairs if (ends := stated(tier)) and row.tier not in marked(rule)]

    fines = [[charged(each) for each in row.measures if isinstance(each, Fine)] for row, _ends in sound]

    assert fines == [[ends] for _row, ends in sound]


@pytest.mark.parametrize("code", FILES)
def test_the_figures_of_the_source_are_those_its_words_say(code: str) -> None:
    tiers = [tier for tier in SOURCE[code]["tiers"] if stated(tier)]

    for tier in tiers:
        fine = tier["amount_text"].partition("罚款")[0]
        words = [number(zh) if zh else int(wan) * 10_000 for zh, wan in AMOUNTS.findall(fine)]
        assert words[-1] == tier["max"]
        assert len(words) == 1 or words[0] == tier["min"]
