"""The Guangdong 2021 rule files against the published tables they encode; the amounts are read without the engine.

The source was pulled from the PDF (its header says how). Its figures are not trusted either: every plain amount is
read a second time from the published text. Items are covered as their files exist.
"""

import re
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from ruamel.yaml import YAML

from engine import load_rulebook
from engine.measures import Bracket, Fine
from engine.rule import Row, Rule
from engine.tree import Expr, Money

HERE = Path(__file__).parent
RULES = HERE.parents[1] / "rules"
REGIME = RULES / "gdhj-2021"
CODES = sorted(path.stem for path in REGIME.glob("GDHJ-*.yaml"))
BRACKET = re.compile(r"(?:([0-9.]+)(万?)元{1,2}以上)?([0-9.]+)(万?)元{1,2}(以下)?")

Node = dict[str, Any]


class Ends(NamedTuple):
    """A published fine in fen; an upper bound alone begins at nothing."""

    low: int
    high: int


def source() -> dict[str, Node]:
    """Read the source by the codes of the rule files; with the C parser, for it is long."""
    text = (HERE / "guangdong_2021_source.yaml").read_text(encoding="utf-8")
    items = {}
    for item in YAML(typ="safe").load(text)["items"]:
        code = item["code"].replace("GD-", "GDHJ-")
        # The document prints GD-8.17 twice and no GD-8.18.
        items["GDHJ-8.18" if code == "GDHJ-8.17" and code in items else code] = item
    return items


SOURCE = source()
TABLES = [code for code in CODES if SOURCE[code]["kind"] == "decision_table"]
WEIGHTED = [code for code in CODES if SOURCE[code]["kind"] != "decision_table"]


@cache
def rules() -> dict[str, Rule]:
    """Load the regime as it is shipped, with every catalogue."""
    paths = [*REGIME.glob("*.yaml"), *(RULES / "catalogue").glob("*.yaml"), *(RULES / "general").glob("*.yaml")]
    book = load_rulebook({path.relative_to(RULES).as_posix(): path.read_bytes() for path in sorted(paths)})
    return {rule.code: rule for rule in book.every_rule() if rule.code in SOURCE}


def published(code: str) -> list[Node]:
    """Return the rows of the source; a line without an amount is the rest of a cell that the extraction split."""
    return [row for row in SOURCE[code]["tiers"] if row["amount_text"]]


def stated(row: Node) -> list[Ends]:
    """Return what the source gives as figures: one fine, or the fines of the payers whose figure it gives."""
    cells = [each for each in row.get("amounts", {"": row}).values() if "min" in each]
    return [Ends(fen(each["min"]), fen(each["max"])) for each in cells]


def charged(row: Row) -> list[Ends]:
    """Return the fines of an encoded row that are plain money."""
    amounts = [each.amount for each in row.measures if isinstance(each, Fine)]
    ends = [(each.low, each.high) if isinstance(each, Bracket) else (each, each) for each in amounts]
    return [Ends(plain(low), plain(high)) for low, high in ends if isinstance(high, Money)]


def plain(amount: Expr | None) -> int:
    return amount.fen if isinstance(amount, Money) else 0


def fen(yuan: float) -> int:
    return int(Fraction(str(yuan)) * 100)


def in_words(text: str) -> Ends | None:
    """Read `1万元以上3万元以下`, `1万元以下` or `5万元`; None where the text says anything else."""
    found = BRACKET.fullmatch(text)
    if found is None or (found[1] and not found[5]):
        return None
    high = int(Fraction(found[3]) * (1_000_000 if found[4] else 100))
    low = int(Fraction(found[1]) * (1_000_000 if found[2] else 100)) if found[1] else 0 if found[5] else high
    return Ends(low, high)


def marked(code: str) -> set[str]:
    return {defect.tier for defect in rules()[code].defects}


@pytest.mark.parametrize(
    ("text", "ends"),
    [
        ("1万元以上3万元以下", Ends(1_000_000, 3_000_000)),
        ("8.5万元元以上10万元元以下", Ends(8_500_000, 10_000_000)),
        ("200元以下", Ends(0, 20_000)),
        ("5万元", Ends(5_000_000, 5_000_000)),
        ("45万元以上60万元以上", None),
        ("货值金额3倍", None),
    ],
)
def test_published_amounts_are_read_as_people_read_them(text: str, ends: Ends | None) -> None:
    assert in_words(text) == ends


def test_every_file_of_the_regime_encodes_an_item_of_the_source() -> None:
    assert set(CODES) <= set(SOURCE)
    assert set(rules()) == set(CODES)


@pytest.mark.parametrize("code", TABLES)
def test_every_published_row_stands_in_its_order_with_its_amount_in_the_published_words(code: str) -> None:
    rows = rules()[code].rows

    unsaid = [each["amount_text"] not in row.quote for row, each in zip(rows, published(code), strict=True)]

    assert not any(unsaid)


@pytest.mark.parametrize("code", TABLES)
def test_every_row_charges_what_the_source_states_as_figures_and_in_words(code: str) -> None:
    wrong = []
    for row, each in zip(rules()[code].rows, published(code), strict=True):
        figures, words = stated(each), in_words(each["amount_text"])
        if row.tier in marked(code) or not figures:
            continue
        if not set(figures) <= set(charged(row)) or ("min" in each and figures != [words]):
            wrong.append((row.tier, figures, words, charged(row)))

    assert wrong == []


@pytest.mark.parametrize("code", WEIGHTED)
def test_a_table_of_weights_keeps_every_published_line_in_its_one_row(code: str) -> None:
    (row,) = rules()[code].rows

    lines = [text for each in SOURCE[code]["tiers"] for text in (*each["conditions"], each["amount_text"])]

    assert [text for text in lines if text not in row.quote] == []
