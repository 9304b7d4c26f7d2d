"""The 75 Shenzhen rule files against the published table they encode, read without the engine.

The source is a third party's transcription of the standard (its header says which). Its figures are not trusted
either: every amount is read a second time from the Chinese numerals of the published sentence.
"""

import re
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from ruamel.yaml import YAML

HERE = Path(__file__).parent
RULES = HERE.parents[1] / "rules"
DIGITS = {character: value for value, character in enumerate("零一二三四五六七八九")} | {"两": 2}
UNITS = {"十": 10, "百": 100, "千": 1000}
NUMERALS = "零一二两三四五六七八九十百千万点"
AMOUNTS = re.compile(f"([{NUMERALS}]+)(?:至([{NUMERALS}]+))?(?:元|倍)")
FIGURES = re.compile(r"([0-9.]+)(万元|元|倍)")
ORDINALS = {"第一次": 1, "第二次": 2, "第三次": 3, "第四次": 4}
UNCOUNTED = {70, 71, 73}
COUNTED = [seq for seq in range(1, 76) if seq not in UNCOUNTED]
EVERY = range(1, 76)
FIRST_DAY_INSIDE, LAST_DAY_OUTSIDE = "2025-11-01", "2025-10-31"

Node = dict[str, Any]


class Published(NamedTuple):
    """One row as the source has it: an item that names two payers in one tier gives two."""

    tier: str
    quote: str
    amount: Fraction


def read(path: Path, kind: str) -> Node:
    """Read YAML with types (`safe`) or as the text its author wrote (`base`), with the C parser."""
    loaded: Node = YAML(typ=kind).load(path.read_text(encoding="utf-8"))
    return loaded


SOURCE: dict[int, Node] = {item["seq"]: item for item in read(HERE / "shenzhen_2023_source.yaml", "safe")["items"]}
FILES: dict[int, Node] = {seq: read(RULES / "szcg-2023" / f"SZCG-{seq:03d}.yaml", "base") for seq in EVERY}


def number(numerals: str) -> Fraction:
    """Read Chinese numerals below a hundred million: 三万五千 is 35000, 一点五 is 3/2."""
    whole, _, decimals = numerals.partition("点")
    total = section = digit = 0
    for character in whole:
        if character in DIGITS:
            digit = DIGITS[character]
        elif character == "万":
            total, section, digit = (section + digit) * 10_000, 0, 0
        else:
            # 十 alone is ten.
            section, digit = section + (digit or 1) * UNITS[character], 0
    tail = "".join(str(DIGITS[character]) for character in decimals)
    return Fraction(f"{total + section + digit}.{tail or 0}")


def amounts(sentence: str) -> list[Fraction]:
    """Read every amount of money, and every multiple, that a Chinese sentence states."""
    return [number(numerals) for found in AMOUNTS.findall(sentence) for numerals in found if numerals]


def figures(cell: str) -> list[Fraction]:
    """Read every amount or multiple of a rule's cell, in yuan."""
    fine = cell.partition("，")[0]
    return [Fraction(figure) * (10_000 if unit == "万元" else 1) for figure, unit in FIGURES.findall(fine)]


def published(item: Node) -> list[Published]:
    rows = []
    for tier in item["tiers"]:
        stated = [Fraction(str(tier[key])) for key in ("amount_unit", "amount_individual") if key in tier]
        stated = stated or [Fraction(str(tier.get("amount", tier.get("multiple"))))]
        rows += [Published(tier["tier"], tier["condition"] + tier["amount_text"], amount) for amount in stated]
    return rows


def penalised(item: Node) -> list[Published]:
    return [row for row in published(item) if not row.quote.endswith("不予处罚。")]


def unpunished(item: Node) -> list[Published]:
    return [row for row in published(item) if row.quote.endswith("不予处罚。")]


def ranges(rule: Node) -> dict[str, str]:
    stated = rule["法定幅度"]
    return {"": stated} if isinstance(stated, str) else stated


@pytest.mark.parametrize(
    ("numerals", "value"),
    [("五十", 50), ("十万", 100_000), ("十五万", 150_000), ("三万五千", 35_000), ("一百万", 1_000_000), ("两千", 2000)],
)
def test_chinese_numerals_are_read_as_people_read_them(numerals: str, value: int) -> None:
    sentence = f"处{numerals}元罚款。"

    stated = amounts(sentence)

    assert stated == [value]


def test_a_multiple_and_a_span_of_multiples_are_read_as_well() -> None:
    sentences = ["处赔偿额一点五倍的罚款。", "处赔偿额一至二倍罚款"]

    stated = [amounts(sentence) for sentence in sentences]

    assert stated == [[Fraction(3, 2)], [1, 2]]


def test_every_item_of_the_source_has_one_rule_file_and_no_file_is_without_an_item() -> None:
    expected = {f"SZCG-{seq:03d}.yaml" for seq in SOURCE}

    files = {path.name for path in (RULES / "szcg-2023").glob("SZCG-*.yaml")}

    assert files == expected
    assert len(files) == 75


def test_the_files_hold_all_234_published_tiers() -> None:
    two_payers = len(SOURCE[55]["tiers"])

    rows = sum(len(rule["裁量表"]) + len(rule.get("不予处罚", [])) for rule in FILES.values())

    assert rows == 234 + two_payers


@pytest.mark.parametrize("seq", EVERY)
def test_the_name_the_article_and_its_words_are_the_published_ones(seq: int) -> None:
    item, rule = SOURCE[seq], FILES[seq]

    encoded = (rule["违法行为代码"], rule["名称"], rule["依据"]["条款"], rule["依据"]["原文"])

    assert encoded == (f"SZCG-{seq:03d}", item["violation"], item["basis"], item["statutory_range_text"])


@pytest.mark.parametrize("seq", EVERY)
def test_every_tier_stands_in_its_order_with_the_published_words(seq: int) -> None:
    item, rule = SOURCE[seq], FILES[seq]

    rows = [(row["档次"], row["原文"]) for row in rule["裁量表"]]
    without = [(row["档次"], row["原文"]) for row in rule.get("不予处罚", [])]

    assert rows == [(row.tier, row.quote) for row in penalised(item)]
    assert without == [(row.tier, row.quote) for row in unpunished(item)]


@pytest.mark.parametrize("seq", EVERY)
def test_every_row_charges_what_the_source_states_as_a_figure(seq: int) -> None:
    item, rule = SOURCE[seq], FILES[seq]

    charged = [figures(row["处理"]) for row in rule["裁量表"]]

    assert charged == [[row.amount] for row in penalised(item)]


@pytest.mark.parametrize("seq", EVERY)
def test_every_tier_charges_what_its_published_sentence_says_in_words(seq: int) -> None:
    rule = FILES[seq]
    sentences = dict.fromkeys(row["原文"] for row in rule["裁量表"])

    charged = [[figures(row["处理"])[0] for row in rule["裁量表"] if row["原文"] == each] for each in sentences]

    assert charged == [amounts(sentence) for sentence in sentences]


@pytest.mark.parametrize("seq", EVERY)
def test_a_row_confiscates_or_revokes_exactly_where_its_published_sentence_does(seq: int) -> None:
    rule = FILES[seq]

    encoded = [("没收" in row["处理"], "吊销" in row["处理"]) for row in rule["裁量表"]]

    assert encoded == [("没收" in row["原文"], "吊销" in row["原文"]) for row in rule["裁量表"]]


@pytest.mark.parametrize("seq", EVERY)
def test_the_statutory_range_is_the_one_its_article_states_in_words(seq: int) -> None:
    rule = FILES[seq]

    encoded = [figure for cell in ranges(rule).values() for figure in figures(cell)]

    assert encoded == amounts(rule["依据"]["原文"])


@pytest.mark.parametrize("seq", EVERY)
def test_the_statutory_range_has_the_least_and_the_greatest_figure_of_the_source(seq: int) -> None:
    item, rule = SOURCE[seq], FILES[seq]

    # Where units and individuals differ, the source's two figures are those of units.
    encoded = [figure for name, cell in ranges(rule).items() if "个人" not in name for figure in figures(cell)]

    assert (min(encoded), max(encoded)) == (item["statutory_min"], item["statutory_max"])


@pytest.mark.parametrize("seq", EVERY)
def test_a_count_in_the_published_condition_is_the_count_in_the_rule(seq: int) -> None:
    rule = FILES[seq]
    stated = [re.search(r"(第[一二三四]次)(及以上)?被(?:处罚|发现)", row["原文"]) for row in rule["裁量表"]]

    encoded = [re.search(r"一年内次数 (=|≥) ([0-9]+)", row["情形"]) for row in rule["裁量表"]]

    assert [found and (found[1], int(found[2])) for found in encoded] == [
        found and ("≥" if found[2] else "=", ORDINALS[found[1]]) for found in stated
    ]


@pytest.mark.parametrize("seq", EVERY)
def test_every_row_has_a_case_of_its_own(seq: int) -> None:
    rule = FILES[seq]
    marked = {defect["档次"] for defect in rule.get("缺陷", []) if "档次" in defect}

    without = [row["档次"] for row in rule["裁量表"] if not any(shows(case, row, marked) for case in rule["用例"])]

    assert without == []


def shows(case: Node, row: Node, marked: set[str]) -> bool:
    """Say whether a case gives the count and the party of a row and expects its amount, or its marked refusal."""
    given = case["给"]
    if (party := re.search("当事人 为 (单位|个人)", row["情形"])) and given.get("当事人") != party[1]:
        return False
    if count := re.search(r"一年内次数 (=|≥) ([0-9]+)", row["情形"]):
        stated = int(given.get("一年内次数", 0))
        if stated < int(count[2]) or (count[1] == "=" and stated > int(count[2])):
            return False
    if row["档次"] in marked:
        return str(case["得"]) == "拒绝 低于法定幅度"
    fine = figures(row["处理"])[0]
    if measured := re.search(r"× (\w+)", row["处理"]):
        fine *= Fraction(given.get(measured[1], "0"))
    return figures(case["得"]) == [fine]


@pytest.mark.parametrize("seq", COUNTED)
def test_every_counted_item_tries_both_sides_of_the_first_day_that_counts(seq: int) -> None:
    rule = FILES[seq]
    past = "历次发现日期" if seq == 60 else "历次处罚日期"

    tried = {day for case in rule["用例"] if case["日"] == "2026-11-01" for day in case["给"].get(past, [])}

    assert {FIRST_DAY_INSIDE, LAST_DAY_OUTSIDE} <= tried


@pytest.mark.parametrize("seq", COUNTED)
def test_the_day_before_the_window_gives_another_result_than_its_first_day(seq: int) -> None:
    rule = FILES[seq]
    past = "历次发现日期" if seq == 60 else "历次处罚日期"
    inside = [case for case in rule["用例"] if FIRST_DAY_INSIDE in case["给"].get(past, [])]

    results = [(case["得"], opposite(case, rule["用例"], past)["得"]) for case in inside]

    assert results
    assert all(counted != uncounted for counted, uncounted in results)


def opposite(case: Node, cases: list[Node], past: str) -> Node:
    """Find the case that differs only in the day before the window."""
    settled = {"威胁辱骂殴打工作人员", "扰乱正常工作秩序", "造成较大影响和严重后果", "违法所得", past}
    rest = {name: value for name, value in case["给"].items() if name not in settled}
    return next(
        other
        for other in cases
        if LAST_DAY_OUTSIDE in other["给"].get(past, [])
        and {name: value for name, value in other["给"].items() if name not in settled} == rest
    )


@pytest.mark.parametrize("seq", EVERY)
def test_every_marked_defect_and_every_precondition_has_a_case(seq: int) -> None:
    rule = FILES[seq]
    wanted = {f"拒绝 {defect['种类']}" for defect in rule.get("缺陷", [])}
    unmet = {"只责令改正": "责令改正", "不构成本违法行为": "拒绝 不构成本违法行为"}
    wanted |= {unmet[each["否则"]] for each in rule.get("前提", [])}

    shown = {case["得"] for case in rule["用例"]}

    assert wanted <= shown


@pytest.mark.parametrize("seq", EVERY)
def test_what_the_name_makes_a_condition_is_a_precondition(seq: int) -> None:
    rule = FILES[seq]
    named = re.search("且(逾期未改正|逾期不改正|逾期未拆除|拒不改正)", rule["名称"])

    correctable = [each["情形"] for each in rule.get("前提", []) if each["否则"] == "只责令改正"]

    assert correctable == ([named[1]] if named else [])


def test_the_catalogue_lists_every_power_the_rules_rest_on() -> None:
    catalogue = read(RULES / "catalogue" / "szcg.yaml", "base")

    listed = [item["职权编码"] for item in catalogue["事项"]]

    assert listed == [rule["职权编码"] for rule in FILES.values()]
