"""All 237 Guangdong 2021 rule files against the published tables they encode; the amounts are read without the engine.

The source was pulled from the PDF (its header says how). Its figures are not trusted either: every amount, and every
multiple, is read a second time from the published text. Where a rule file cannot stand as its table was printed, its
code is named in one of the small tables below, with the reason; every other item is held to the letter.
"""

import re
from collections.abc import Iterator
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
REGIME = RULES / "gdhj-2021"
CODES = sorted(path.stem for path in REGIME.glob("GDHJ-*.yaml"))
MONEY = re.compile(r"(?:([0-9.]+)(万?)元{1,2}以上)?([0-9.]+)(万?)元{1,2}(以下)?(?:/车次)?")
UNITS = {"": Fraction(100), "万": Fraction(1_000_000), "倍": Fraction(1), "%": Fraction(1, 100)}
MULTIPLE = re.compile(r"[^0-9.]*(?:([0-9.]+)(倍|%)以上)?([0-9.]+)(倍|%)(以下)?(?:（含本数）|的)?(?:罚款)?")

# --- where a rule file stands otherwise than its table was printed -------------------------------------------------

# The fine is printed inside a sentence (警告 with it, or a fine that may or must be added), not alone in its cell.
IN_A_SENTENCE = {"GDHJ-4.45", "GDHJ-4.46", "GDHJ-4.47", "GDHJ-4.48", "GDHJ-4.49"}
SENTENCE = re.compile("(?:给予警告，(?:可以)?并)?处(.+)罚款")

# Misprints inside an amount, as they are read. 4.31 and 5.2 are marked as well: the engine refuses those rows.
MISPRINTS = {
    "GDHJ-4.31": {"2.5元万以上3.5万元以下": "2.5万元以上3.5万元以下"},
    "GDHJ-5.2": {"1000元以2000元以下": "1000元以上2000元以下"},
    "GDHJ-6.16": {"11000元以上13000以下": "11000元以上13000元以下", "13000元以上15000以下": "13000元以上15000元以下"},
} | {f"GDHJ-8.{item}": {"18万以上20万元以下": "18万元以上20万元以下"} for item in range(30, 36)}

# Blanks inside an amount: the extraction kept the spaces that fill a line of the PDF.
SPACED = {"GDHJ-6.1", "GDHJ-6.2"}

# The unit's cell is readable and the person's is not (19000元以下2万元以下): the row refuses, so it charges neither.
REFUSED = {"GDHJ-6.16": "围堵滞留恐吓、有同类违法"}

# Each published row stands twice, for 单位 and for 个人: the statute fines the one or the other, not both at once.
ONE_ROW_FOR_EACH_PAYER = {"GDHJ-4.34"}

# The last published row stands twice: 逾期未改正, and 限期内改正, where its amount lies above the statutory range.
LAST_ROW_TWICE = {"GDHJ-6.17", "GDHJ-6.18", "GDHJ-6.21"}

# One cell over several rows, read into the first ones and blank in the others: a blank cell says what stands above it.
MERGED_CELLS = {"GDHJ-1.4", "GDHJ-6.17", "GDHJ-6.21"}

# Lines without an amount: the rest of a cell that the extraction tore in two; both parts stand in the one row.
TORN_CELLS = {"GDHJ-3.13": "批区", "GDHJ-3.20": "万元以下", "GDHJ-7.21": "影响的"}

# The name of the violation is not the printed one: 3.42 and 3.46 list several acts in its place, 4.28 leaves the size
# of the accident to its tiers, 7.28 prints 未出厂 where the statute has 出厂.
RENAMED = {"GDHJ-3.42", "GDHJ-3.46", "GDHJ-4.28", "GDHJ-7.28"}

Node = dict[str, Any]


class Ends(NamedTuple):
    """A published fine in fen, or as a multiple of what it is measured by; an upper bound alone begins at nothing."""

    low: Fraction
    high: Fraction


def source() -> list[tuple[str, Node]]:
    """Read the source by the codes of the rule files; with the C parser, for it is long."""
    text = (HERE / "guangdong_2021_source.yaml").read_text(encoding="utf-8")
    items: list[tuple[str, Node]] = []
    for item in YAML(typ="safe").load(text)["items"]:
        code = item["code"].replace("GD-", "GDHJ-")
        # The document prints GD-8.17 twice and no GD-8.18.
        again = code == "GDHJ-8.17" and code in dict(items)
        items.append(("GDHJ-8.18" if again else code, item))
    return items


ITEMS = source()
SOURCE = dict(ITEMS)
TABLES = [code for code in CODES if code != "GDHJ-2.27"]


@cache
def loaded() -> dict[str, Rule] | str:
    """Load the regime as it is shipped, with its catalogues, once for every test here; or say what is wrong with it."""
    paths = [*REGIME.glob("*.yaml"), *(RULES / "catalogue").glob("gdhj-*.yaml"), *(RULES / "general").glob("*.yaml")]
    try:
        book = load_rulebook({path.relative_to(RULES).as_posix(): path.read_bytes() for path in sorted(paths)})
    except RuleFilesInvalid as invalid:
        return "\n".join(str(finding) for finding in invalid.findings)
    return {rule.code: rule for rule in book.every_rule() if rule.code.startswith("GDHJ-")}


def rules() -> dict[str, Rule]:
    """Return the rules of the regime by their codes; a test fails where it cannot be loaded."""
    found = loaded()
    if isinstance(found, str):
        pytest.fail(found, pytrace=False)
    return found


def published(code: str) -> list[Node]:
    """Return the rows of the source; the torn end of a cell is put back to the row it was torn from."""
    rows: list[Node] = []
    for row in SOURCE[code]["tiers"]:
        if row["amount_text"] or row["conditions"][-1] != TORN_CELLS.get(code):
            rows.append(row)
        else:
            rows[-1] = rows[-1] | {"conditions": [*rows[-1]["conditions"], TORN_CELLS[code]]}
    return rows


def cells(code: str) -> Iterator[tuple[Node, list[Node]]]:
    """Yield the rows as the rule file has them, each with the cells of its amount (one, or one for each payer)."""
    above: dict[str, Node] = {}
    rows = published(code)
    for row in [*rows, *rows[-1:]] if code in LAST_ROW_TWICE else rows:
        stated = row.get("amounts") or {"": row | {"text": row["amount_text"]}}
        if code in MERGED_CELLS:
            stated = {payer: cell if cell["text"] else above[payer] for payer, cell in stated.items()}
        above = stated
        if code in ONE_ROW_FOR_EACH_PAYER:
            yield from ((row, [cell]) for cell in stated.values())
        else:
            yield row, list(stated.values())


def cleaned(code: str, text: str) -> str:
    """Take off a cell what the item is named for above."""
    if code in IN_A_SENTENCE and (found := SENTENCE.fullmatch(text)):
        return found[1]
    return MISPRINTS.get(code, {}).get(text, text.replace(" ", "") if code in SPACED else text)


def in_words(text: str) -> Ends | None:
    """Read `1万元以上3万元以下`, `1万元以下`, `5万元` or `货值金额3倍`; None where the text says anything else."""
    found = MONEY.fullmatch(text) or MULTIPLE.fullmatch(text)
    if found is None or (found[1] and not found[5]):
        return None
    high = Fraction(found[3]) * UNITS[found[4]]
    return Ends(Fraction(found[1]) * UNITS[found[2]] if found[1] else Fraction(0) if found[5] else high, high)


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


def figures(cell: Node) -> Ends | None:
    """Return what the source gives as figures, in yuan."""
    if "min" not in cell:
        return None
    return Ends(*(Fraction(str(cell[end])) * 100 for end in ("min", "max")))


@pytest.mark.parametrize(
    ("text", "ends"),
    [
        ("1万元以上3万元以下", Ends(Fraction(1_000_000), Fraction(3_000_000))),
        ("8.5万元元以上10万元元以下", Ends(Fraction(8_500_000), Fraction(10_000_000))),
        ("200元以下", Ends(Fraction(0), Fraction(20_000))),
        ("5万元", Ends(Fraction(5_000_000), Fraction(5_000_000))),
        ("45万元以上60万元以上", None),
        ("18万以上20万元以下", None),
        ("货值金额3倍", Ends(Fraction(3), Fraction(3))),
        ("上一年度从本单位取得的收入15%以下的", Ends(Fraction(0), Fraction(3, 20))),
        ("没收违法所得，并处所收费用3倍以上3.5倍以下罚款", Ends(Fraction(3), Fraction(7, 2))),
        ("警告", None),
    ],
)
def test_published_amounts_are_read_as_people_read_them(text: str, ends: Ends | None) -> None:
    assert in_words(text) == ends


def test_every_item_of_the_source_has_one_rule_file_and_no_file_is_without_an_item() -> None:
    codes = sorted(code for code, _item in ITEMS)

    assert len(codes) == 237
    assert codes == CODES == sorted(rules())


def test_only_the_torn_cells_leave_a_line_without_an_amount() -> None:
    torn = {code: row["conditions"][-1] for code in TABLES for row in SOURCE[code]["tiers"] if not row["amount_text"]}

    assert torn == TORN_CELLS


def test_the_source_prints_every_misprint_that_is_named_here() -> None:
    named = [(code, text) for code, texts in MISPRINTS.items() for text in texts]

    assert [each for each in named if each[1] not in [cell["text"] for _, row in cells(each[0]) for cell in row]] == []


@pytest.mark.parametrize("code", CODES)
def test_the_name_the_chapter_and_the_article_are_the_published_ones(code: str) -> None:
    item, rule = SOURCE[code], rules()[code]
    # The extraction cut some names short, and kept the spaces of one; the rule file completes them.
    name = item["violation"].replace(" ", "")
    # 7.11 is printed without the first mark of the title.
    missing = [text for part in rule.basis for text in (part.article[1:], part.quote) if text not in item["basis"]]

    assert rule.category == item["chapter"]
    assert rule.name.startswith(name) is (code not in RENAMED)
    assert missing == []


@pytest.mark.parametrize("code", TABLES)
def test_every_published_row_stands_in_its_order_with_its_conditions_and_its_amount(code: str) -> None:
    pairs = zip(rules()[code].rows, cells(code), strict=True)

    unsaid = [
        (row.tier, text)
        for row, (each, _cells) in pairs
        for text in (*each["conditions"], each["amount_text"])
        if text not in row.quote
    ]

    assert unsaid == []


@pytest.mark.parametrize("code", TABLES)
def test_the_figures_of_the_source_are_those_its_words_say(code: str) -> None:
    stated = [
        (cell["text"], figures(cell), in_words(cleaned(code, cell["text"]))) for _, row in cells(code) for cell in row
    ]

    assert [each for each in stated if each[1] and each[1] != each[2]] == []


@pytest.mark.parametrize("code", TABLES)
def test_every_row_charges_exactly_what_its_cells_say_in_words(code: str) -> None:
    wrong = []
    for row, (_each, stated) in zip(rules()[code].rows, cells(code), strict=True):
        words = [ends for cell in stated if (ends := in_words(cleaned(code, cell["text"])))]
        if words != charged(row) and REFUSED.get(code) != row.tier:
            wrong.append((row.tier, words, charged(row)))

    assert wrong == []


@pytest.mark.parametrize("code", TABLES)
def test_a_row_that_charges_nothing_is_a_warning_or_marked_as_a_defect(code: str) -> None:
    marked = {defect.tier for defect in rules()[code].defects}

    free = [row.tier for row in rules()[code].rows if not charged(row) and not row.quote.endswith("警告")]

    assert [tier for tier in free if tier not in marked] == []


def test_the_table_of_weights_keeps_every_published_line_in_its_one_row() -> None:
    (row,) = rules()["GDHJ-2.27"].rows

    lines = [text for each in SOURCE["GDHJ-2.27"]["tiers"] for text in (*each["conditions"], each["amount_text"])]

    assert [text for text in lines if text not in row.quote] == []
