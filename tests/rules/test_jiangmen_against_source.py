"""All 165 Jiangmen 2020 rule files against the published table they encode.

The source is the table as it was read from the published XLS. Its words must stand in the rules verbatim, and the fines
they state, in Chinese numerals, must be those the loaded rules charge: money, and multiples and percentages as well.
The source's own figures, read by the script that made it, are compared too, so that neither reading is trusted alone.
Where neither can be, the code is named in a table below, with the reason.
"""

import re
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from ruamel.yaml import YAML

from engine import RuleFilesInvalid, load_rulebook
from engine.measures import Bracket, Fine
from engine.rule import Row, Rule
from engine.tree import Arithmetic, Expr, Money, Number, Ref

HERE = Path(__file__).parent
RULES = HERE.parents[1] / "rules"
DIGITS = {character: value for value, character in enumerate("零一二三四五六七八九")} | {"两": 2}
TENS = {"十": 10, "百": 100, "千": 1000}
UNITS = {"元": Fraction(100), "倍": Fraction(1), "%": Fraction(1, 100), "％": Fraction(1, 100)}
FIGURE = "(百分之)?([零一二两三四五六七八九十百千万]+|[0-9.]+万?)(元|倍|[%％]|(?=以|的))"
FINE = re.compile(f"处以?[^处；罚0-9]*?(?:{FIGURE}以上)?{FIGURE}(以下)?的?罚款")

Node = dict[str, Any]


class Ends(NamedTuple):
    """A fine as its least and greatest: money in fen, or a multiple of what it is measured by."""

    low: Fraction
    high: Fraction


# --- where a tier cannot be read from its words or its figures -----------------------------------------------------

# A misprint inside an amount, as it is read; the row is marked, and the engine refuses it.
MISPRINTS = {("2-10", "处二十万元以上三十万元以下元罚款"): "处二十万元以上三十万元以下罚款"}

# By code and tier, what the row charges. Nothing where the bracket was misprinted and the row refuses: 一百万一十元以上
# and 一百万三十元以上 in 8-3, 七万元以下九万元以下 in 10-16. 4-27 states a share of the loss with a cap.
BY_HAND: dict[tuple[str, str], list[Ends]] = {
    ("8-3", "第2档（二）"): [],
    ("8-3", "第3档（二）"): [],
    ("10-16", "第2档"): [],
    ("4-27", "第4档"): [Ends(Fraction(3, 10), Fraction(3, 10))],
}

# By code and tier, figures that the source's own script misread: the person's fine for the unit's in 6-16, and the
# misprinted bracket of 10-16.
MISREAD = {("6-16", "5"), ("10-16", "2")}


def read(path: Path, kind: str) -> Node:
    """Read YAML with types (`safe`) or as the text its author wrote (`base`), with the C parser."""
    loaded: Node = YAML(typ=kind).load(path.read_text(encoding="utf-8"))
    return loaded


ITEMS: list[Node] = read(HERE / "jiangmen_2020_source.yaml", "safe")["items"]
SOURCE: dict[str, Node] = {item["code"]: item for item in ITEMS}
FILES: dict[str, Node] = {
    path.stem.removeprefix("JMHJ-"): read(path, "base") for path in sorted((RULES / "jmhj-2020").glob("JMHJ-*.yaml"))
}


@cache
def loaded() -> dict[str, Rule] | str:
    """Load the regime as it is shipped, with its catalogues, once for every test here; or say what is wrong with it."""
    paths = [
        *(RULES / "jmhj-2020").glob("*.yaml"),
        *(RULES / "catalogue").glob("jmhj-*.yaml"),
        *(RULES / "general").glob("*.yaml"),
    ]
    try:
        book = load_rulebook({path.relative_to(RULES).as_posix(): path.read_bytes() for path in sorted(paths)})
    except RuleFilesInvalid as invalid:
        return "\n".join(str(finding) for finding in invalid.findings)
    return {rule.code.removeprefix("JMHJ-"): rule for rule in book.every_rule() if rule.code.startswith("JMHJ-")}


def rules() -> dict[str, Rule]:
    """Return the rules of the regime by their codes; a test fails where it cannot be loaded."""
    found = loaded()
    if isinstance(found, str):
        pytest.fail(found, pytrace=False)
    return found


def number(numerals: str) -> Fraction:
    """Read Chinese numerals below a hundred million, or digits: 三万五千 is 35000, and so is 3.5万."""
    if numerals[0].isdigit():
        return Fraction(numerals.removesuffix("万")) * (10_000 if numerals.endswith("万") else 1)
    total = section = digit = 0
    for character in numerals:
        if character in DIGITS:
            digit = DIGITS[character]
        elif character == "万":
            total, section, digit = (section + digit) * 10_000, 0, 0
        else:
            # 十 alone is ten.
            section, digit = section + (digit or 1) * TENS[character], 0
    return Fraction(total + section + digit)


def scaled(percent: str | None, numerals: str, unit: str) -> Fraction:
    return number(numerals) * (Fraction(1, 100) if percent else UNITS[unit])


def in_words(text: str) -> list[Ends]:
    """Read every fine a published sentence states."""
    fines = []
    for found in FINE.finditer(text):
        high = scaled(found[4], found[5], found[6])
        low = scaled(found[1], found[2], found[3] or found[6]) if found[2] else Fraction(0) if found[7] else high
        fines.append(Ends(low, high))
    return fines


def stated(code: str, tier: Node) -> list[Ends]:
    """Return the fines of a published tier, as they are read."""
    text: str = tier["amount_text"]
    return in_words(MISPRINTS.get((code, text), text))


def charged(row: Row) -> list[Ends]:
    """Return the fines of an encoded row: money in fen, or the factor its fact is multiplied with."""
    amounts = [each.amount for each in row.measures if isinstance(each, Fine)]
    ends = [(each.low, each.high) if isinstance(each, Bracket) else (each, each) for each in amounts]
    return [Ends(factor(low) if low else Fraction(0), factor(high)) for low, high in ends]


def factor(amount: Expr | None) -> Fraction:
    """Return what is fixed in an amount: its money, or its multiple of a fact."""
    match amount:
        case Money():
            return Fraction(amount.fen)
        case Number():
            return amount.value
        case Arithmetic(op="*"):
            return factor(amount.left) * factor(amount.right)
        case Ref():
            return Fraction(1)
        case _:
            raise AssertionError(amount)


@pytest.mark.parametrize(
    ("text", "ends"),
    [
        ("处三万五千元以上十万元以下的罚款", [(3_500_000, 10_000_000)]),
        ("给予警告，处1500元以下罚款", [(0, 150_000)]),
        ("处二十万元罚款，个人处五千元罚款", [(20_000_000, 20_000_000), (500_000, 500_000)]),
        ("处建设项目总投资额百分之一以上百分之二以下的罚款", [(Fraction(1, 100), Fraction(1, 50))]),
        ("可以处上一年度从本单位取得收入35以上50％以下的罚款", [(Fraction(7, 20), Fraction(1, 2))]),
        ("并处违法所得三倍以上五倍以下罚款", [(3, 5)]),
        ("给予警告", []),
    ],
)
def test_published_fines_are_read_as_people_read_them(
    text: str, ends: list[tuple[Fraction | int, Fraction | int]]
) -> None:
    assert in_words(text) == [Ends(Fraction(low), Fraction(high)) for low, high in ends]


def test_every_item_of_the_source_has_one_rule_file_and_no_file_is_without_an_item() -> None:
    codes = sorted(item["code"] for item in ITEMS)

    assert len(codes) == 165
    assert codes == sorted(FILES) == sorted(rules())


def test_the_files_hold_all_677_published_tiers() -> None:
    assert sum(len(rule.get("不予处罚", [])) + len(rule["裁量表"]) for rule in FILES.values()) == 677


@pytest.mark.parametrize("code", FILES)
def test_the_name_the_chapter_and_the_article_are_the_published_ones(code: str) -> None:
    item, rule = SOURCE[code], FILES[code]
    parts = rule["依据"] if isinstance(rule["依据"], list) else [rule["依据"]]

    encoded = (rule["违法行为代码"], rule["名称"], rule["类别"])
    missing = [text for part in parts for text in (part["条款"], part["原文"]) if text not in item["basis"]]

    assert encoded == (f"JMHJ-{code}", item["violation"], item["sheet"])
    assert missing == []


@pytest.mark.parametrize("code", FILES)
def test_every_row_quotes_its_tier_verbatim_and_in_the_published_order(code: str) -> None:
    item, rule = SOURCE[code], FILES[code]
    rows = [*rule.get("不予处罚", []), *rule.get("裁量表", [])]

    quotes = [
        (row["原文"], [*tier["conditions"], tier["amount_text"]]) for row, tier in zip(rows, item["tiers"], strict=True)
    ]

    assert [text for quote, texts in quotes for text in texts if text not in quote] == []


@pytest.mark.parametrize("code", FILES)
def test_a_row_charges_exactly_the_fines_its_published_sentence_states(code: str) -> None:
    rows = rules()[code].rows
    tiers = SOURCE[code]["tiers"][-len(rows) :]

    pairs = [
        (row.tier, BY_HAND.get((code, row.tier), stated(code, tier)), charged(row))
        for row, tier in zip(rows, tiers, strict=True)
    ]

    assert [pair for pair in pairs if pair[1] != pair[2]] == []


def test_a_row_that_is_read_as_no_fine_is_marked_as_a_defect() -> None:
    unmarked = [
        each
        for each, fines in BY_HAND.items()
        if not fines and each[1] not in {d.tier for d in rules()[each[0]].defects}
    ]

    assert unmarked == []


@pytest.mark.parametrize("code", FILES)
def test_the_figures_of_the_source_are_those_its_words_say(code: str) -> None:
    tiers = [tier for tier in SOURCE[code]["tiers"] if "min" in tier and (code, tier["tier"]) not in MISREAD]

    figures = [Ends(*(Fraction(str(tier[end])) * 100 for end in ("min", "max"))) for tier in tiers]

    assert figures == [stated(code, tier)[0] for tier in tiers]
