"""What the guides under `rules` show loads, what they quote is law, and what they count is what is there."""

import os
import re
from functools import cache
from pathlib import Path

import pytest

from engine import Rulebook, load_rulebook
from engine.currency import CURRENCIES, unit_word
from engine.rule_cases import run_cases
from engine.vocabulary import ENUMS, KEYS, REFUSALS, UNITS, WORDS
from tests.engine.kit import findings, shipped, shipped_cards
from tests.house.listing import confirm_lines, defect_counts, defect_lines, sizes, written_defects

RULES = Path(__file__).resolve().parents[2] / "rules"
GUIDE = (RULES / "README.zh.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```yaml\n# (摘自 rules/)?(\S+\.yaml)\n(.*?)```", GUIDE, re.DOTALL)
WHOLE = {path: text for quoted, path, text in BLOCKS if not quoted}
QUOTED = [(path, text) for quoted, path, text in BLOCKS if quoted]
FIRST_THREE = 3

# The cells of the tables, by the chapter they stand in.
SLOTS = {"二": "事实", "三": "情形", "四": "处理", "六": "调整"}

BASE = """违法行为代码: T-1
名称: 某
类别: 某
职权编码: MS-P-001
施行: 2026-01-01 至 2026-12-31
依据: {条款: 某, 原文: 某}
法定幅度: 罚款 500元 至 10万元
超出法定幅度: 取边界
档内取值: 只给幅度
事实:
  面积: 数，平方米，精确到 0.01，0 至 10000
  区域: 选项 居住区、工业区
  货值: 金额，元，0 至 1000000
  违法所得: 金额，元，0 至 1000000
  超标倍数: 数，倍，精确到 0.01，0 至 100
  超标项数: 整数，项，1 至 100
  通知日: 日期
  改正日: 日期
  已改正: 是否，从轻
  车辆:
    每项: {超载: "数，%%，精确到 0.1，0 至 500", 超载人数: "整数，人，0 至 100"}
    最多: 20
%(事实)s
裁量表:
  - 档次: 甲
    情形: %(情形)s
    处理: %(处理)s
    原文: 某
%(整项)s
用例:
  - {名: 某, 日: 2026-05-01, 给: {}, 得: 拒绝 缺少事实}
"""
BLANK = {"事实": "", "情形": "面积 > 0", "处理": "罚款 1000元", "整项": ""}


@cache
def law() -> Rulebook:
    return shipped()


def with_cell(slot: str, cell: str) -> dict[str, bytes]:
    """Put one cell into a small rule of the guide's own regime."""
    # A declaration without a name gets one.
    filled = BLANK | {slot: cell}
    if slot == "事实":
        filled["事实"] = "  " + (cell if re.match(r"\w+: ", cell) else f"某数: {cell}")
    elif slot == "调整":
        filled = {**BLANK, "整项": f"调整:\n  - {{名: 某, 情形: 已改正, 处理: '{cell}'}}"}
    files = dict(list(WHOLE.items())[:2])
    base = BASE.replace("档内取值: 只给幅度\n", "") if cell.startswith("档内取值") else BASE
    files["某市/T-1.yaml"] = base % filled
    return {path: text.encode() for path, text in files.items()}


def rows(*titles: str) -> list[tuple[str, list[str]]]:
    """Return the rows of every table with these titles, with the number of the chapter they stand in."""
    found: list[tuple[str, list[str]]] = []
    chapter, inside = "", False
    for line in GUIDE.splitlines():
        if heading := re.match(r"## (\S+?)、", line):
            chapter = heading.group(1)
        if not line.startswith("|"):
            inside = False
            continue
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if cells == list(titles):
            inside = True
        elif inside and not set(line) <= set("|-: "):
            found.append((chapter, cells))
    return found


CELLS = [(SLOTS[chapter], cells[0].strip("`"), cells[2]) for chapter, cells in rows("写法", "意思", "出处")]
MISTAKES = [
    (cells[0].strip("`"), cells[1], cells[2].strip("`")) for _chapter, cells in rows("写成了", "系统会说", "应当写")
]

WORDINGS = [cell for _chapter, cells in rows("原文怎么说", "怎么写") for cell in re.findall(r"`([^`]+)`", cells[1])]


def test_the_first_three_files_of_the_guide_load_alone_and_their_cases_pass() -> None:
    first = dict(list(WHOLE.items())[:FIRST_THREE])

    rulebook = load_rulebook({path: text.encode() for path, text in first.items()})

    results = list(run_cases(rulebook))
    assert list(rulebook.rules) == ["MS-001"]
    assert [(each.case.name, each.found) for each in results if not each.passed] == []
    assert len(results) > 3


def test_all_whole_files_of_the_guide_load_together_and_their_cases_pass() -> None:
    rulebook = load_rulebook({path: text.encode() for path, text in WHOLE.items()})

    results = list(run_cases(rulebook))
    assert [(each.case.name, each.found) for each in results if not each.passed] == []
    assert set(rulebook.rules) == {"MS-001", "MS-002", "MS-003"}
    assert len(rulebook.versions["MS-001"]) == 2


def test_every_block_of_the_guide_is_a_whole_file_or_says_where_it_is_from() -> None:
    assert GUIDE.count("```yaml\n") == len(BLOCKS)


@pytest.mark.parametrize(("path", "text"), QUOTED, ids=[path for path, _text in QUOTED])
def test_what_the_guide_quotes_stands_in_the_law(path: str, text: str) -> None:
    assert text in (RULES / path).read_text(encoding="utf-8")


@pytest.mark.parametrize(("slot", "cell", "source"), CELLS, ids=[cell for _slot, cell, _source in CELLS])
def test_every_cell_of_the_tables_is_law_or_loads(slot: str, cell: str, source: str) -> None:
    if source == "自编":
        assert [str(each) for each in findings(with_cell(slot, cell))] == []
    else:
        assert cell in (RULES / f"{source}.yaml").read_text(encoding="utf-8")


@pytest.mark.parametrize("cell", WORDINGS, ids=WORDINGS)
def test_every_wording_of_the_guide_loads(cell: str) -> None:
    assert [str(each) for each in findings(with_cell(*cell.split(": ", 1)))] == []


def test_the_tables_are_there() -> None:
    assert len(WORDINGS) > 20
    assert len(CELLS) > 60
    assert len(MISTAKES) > 20


@pytest.mark.parametrize(("wrong", "said", "right"), MISTAKES, ids=[wrong for wrong, _said, _right in MISTAKES])
def test_a_common_mistake_is_answered_as_the_guide_says_and_its_repair_loads(wrong: str, said: str, right: str) -> None:
    told = " ".join(str(each) for each in findings(with_cell(*wrong.split(": ", 1))))

    # What stands in （…） is the guide's own word.
    assert re.sub(r"（.*）$", "", said) in told
    assert [str(each) for each in findings(with_cell(*right.split(": ", 1)))] == []


def test_every_word_unit_and_refusal_of_the_language_is_in_the_guide() -> None:
    words = [*WORDS.values(), *REFUSALS.values(), *UNITS.values()]

    missing = [zh[0] for zh, _en in words if zh[0] not in GUIDE]

    assert missing == []


def test_every_currency_is_in_both_guides_with_its_word() -> None:
    english = (RULES / "README.md").read_text(encoding="utf-8")

    assert [code for code in CURRENCIES if f"`{code}` {unit_word(code, 'zh')}" not in GUIDE] == []
    assert [code for code in CURRENCIES if f"`{code}` {unit_word(code, 'en')}" not in english] == []


def test_every_key_of_the_language_is_in_the_guide() -> None:
    missing = [zh[0] for zh, _en in KEYS.values() if zh[0] not in GUIDE]

    # That a Chinese file is in Chinese goes without saying.
    assert set(missing) <= {"语言"}


def test_every_property_of_a_proof_is_explained_in_both_guides() -> None:
    english = (RULES / "README.md").read_text(encoding="utf-8")

    missing = [zh[0] for zh, en in ENUMS["property"].values() if f"| `{zh[0]}` |" not in GUIDE]
    missing += [en[0] for zh, en in ENUMS["property"].values() if f"| `{en[0]}` |" not in english]

    assert missing == []


ENGLISH = """language: English
violation: T-1
name: A
category: A
power_item: P-001
in_force: 2023-12-15 to 2028-12-14
basis: {article: A, quote: A}
statutory_range: fine 500 yuan to 100000 yuan
beyond_range: take the limit
in_tier: range only
facts:
  area: number, square metres, precise to 0.01, 0 to 10000
  value: money, yuan, 0 to 1000000
  zone: choice residential / industrial
  corrected: yes or no
%(facts)s
tiers:
  - tier: A
    when: %(when)s
    outcome: %(outcome)s
    quote: A
cases:
  - {name: A, on: 2026-05-01, given: {}, expect: refuse missing fact}
"""
ENGLISH_MISTAKES = [
    re.findall(r"`([^`]+)`", row)
    for row in re.findall(r"^\| `(?:outcome|when|facts): .*$", (RULES / "README.md").read_text(encoding="utf-8"), re.M)
]


@pytest.mark.parametrize(("wrong", "right"), ENGLISH_MISTAKES, ids=[wrong for wrong, _right in ENGLISH_MISTAKES])
def test_a_mistake_of_the_english_guide_is_found_and_its_repair_loads(wrong: str, right: str) -> None:
    whole = re.findall(r"```yaml\n(.*?)```", (RULES / "README.md").read_text(encoding="utf-8"), re.DOTALL)[:2]

    def found(line: str) -> list[str]:
        slot, cell = line.split(": ", 1)
        filled = {"facts": "", "when": "area > 0", "outcome": "fine 1000 yuan"}
        filled[slot] = f"  {cell}" if slot == "facts" else cell
        files = {"c.yaml": whole[0], "r/r.yaml": whole[1], "r/t.yaml": ENGLISH % filled}
        return [str(each) for each in findings({path: text.encode() for path, text in files.items()})]

    assert found(wrong) != []
    assert found(right) == []


def numbers(text: str, chapter: str) -> dict[str, tuple[int, ...]]:
    """Read the numbers of a table, by the folder its rows begin with."""
    part = text.split(f"\n## {chapter}")[1].split("\n## ", maxsplit=1)[0]
    return {
        name: tuple(0 if cell == "·" else int(cell) for cell in re.findall(r"(?<=\| )(\d+|·)(?= \|)", rest))
        for name, rest in re.findall(r"^\| `([\w-]+)` (.*)$", part, re.MULTILINE)
    }


@pytest.mark.parametrize(("name", "regimes", "defects"), [
    ("README.md", "Shipped regimes", "Known defects"), ("README.zh.md", "已有的裁量基准", "已知缺陷"),
])  # fmt: skip
def test_the_counts_of_the_readmes_are_those_of_the_law(name: str, regimes: str, defects: str) -> None:
    text = (RULES / name).read_text(encoding="utf-8")

    assert numbers(text, regimes) == sizes(law())
    assert numbers(text, defects) == defect_counts(law())


def told(name: str) -> list[str]:
    """Read the lines of a list: headings, rows, and who confirms."""
    shown = (RULES / name).read_text(encoding="utf-8").splitlines()
    ruled = ("|---", "| 代码 |", "| 违法行为 |")
    return [each for each in shown if each.startswith(("## ", "| ", "由谁确认")) and not each.startswith(ruled)]


def test_the_list_of_defects_says_what_the_rule_files_and_their_proofs_say() -> None:
    """`DEFECTS=write ./run pytest tests/house/test_guides.py` writes the list anew."""
    lines = list(defect_lines(law(), shipped_cards()))
    if os.environ.get("DEFECTS") == "write":
        file = RULES / "DEFECTS.md"
        file.write_text(written_defects(file.read_text(encoding="utf-8"), lines), encoding="utf-8")

    assert told("DEFECTS.md") == lines


def test_the_list_of_open_questions_says_what_the_rule_files_say() -> None:
    assert told("TO_CONFIRM.md") == list(confirm_lines(law()))


def test_every_remark_that_awaits_confirmation_is_listed() -> None:
    told = (RULES / "TO_CONFIRM.md").read_text(encoding="utf-8")
    awaiting = {
        path.stem if path.stem != "regime" else path.parent.name
        for path in RULES.glob("*/*.yaml")
        if "待确认" in path.read_text(encoding="utf-8")
    }

    assert sorted(each for each in awaiting if not re.search(rf"{re.escape(each)}(?![\w.-])", told)) == []
