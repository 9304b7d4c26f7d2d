"""Cells are cut into words by the language and the names a file declares, the longest first."""

import pytest

from engine.errors import Complaints
from engine.fact import Language, Place
from engine.lexer import DECLARING, PLAIN, Lexicon, NameKind, reserved, tokens_of
from engine.surface import Surface
from engine.vocabulary import UNITS, WORDS
from engine.yamltext import Scalar
from tests.engine.kit import bare
from tests.engine.test_language import law

NAMES: dict[str, NameKind] = {
    "面积": "FACT",
    "面积差": "FACT",
    "主动改正": "FACT",
    "非机动车": "FACT",
    "主街": "OPTION",
}
AT = Place("t.yaml", 3, 7)


def cut(text: str, language: Language = "zh", names: dict[str, NameKind] | None = None) -> tuple[list[str], Complaints]:
    """Cut a text; return `KIND value@offset` for each token, and what was complained about."""
    complaints = Complaints(language)
    tokens = tokens_of(Scalar(text, AT), PLAIN[language].knowing(NAMES if names is None else names), complaints)
    return [f"{token.kind} {token.value}@{token.offset}" for token in tokens or []], complaints


def test_unspaced_chinese_is_cut_by_the_names_the_file_declares() -> None:
    tokens, complaints = cut("面积超过5平方米且非主动改正")

    assert tokens == ["FACT 面积@0", "GT 超过@2", "NUMBER 5@4", "UNIT m2@5", "AND 且@8", "NOT 非@9", "FACT 主动改正@10"]
    assert complaints.findings == []


def test_the_longest_name_wins() -> None:
    tokens, _ = cut("面积差大于面积")

    assert tokens == ["FACT 面积差@0", "GT 大于@3", "FACT 面积@5"]


def test_a_name_that_begins_with_a_word_of_the_language_is_a_name() -> None:
    tokens, _ = cut("非机动车或非主动改正")

    assert tokens == ["FACT 非机动车@0", "OR 或@4", "NOT 非@5", "FACT 主动改正@6"]


def test_the_longest_word_wins() -> None:
    tokens, _ = cut("面积不超过5万元或者面积不为5")

    assert tokens == [
        "FACT 面积@0", "LE 不超过@2", "NUMBER 5@5", "WAN_YUAN 万元@6", "OR 或者@8", "FACT 面积@10",
        "NE 不为@12", "NUMBER 5@14",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("wide", "plain"),
    [
        ("面积＞５", "面积>5"),
        ("面积＜＝５．２５", "面积<=5.25"),
        ("（面积＞５）且主动改正", "(面积>5)且主动改正"),
        ("面积　>　5", "面积 > 5"),
        ("警告，没收「甲」；教育", "警告,没收「甲」;教育"),
        ("版面％", "版面%"),
    ],
)
def test_full_width_forms_fold_to_their_plain_form(wide: str, plain: str) -> None:
    names: dict[str, NameKind] = {**NAMES, "版面": "FACT"}

    folded, complaints = cut(wide, names=names)

    assert folded == cut(plain, names=names)[0] != []
    assert complaints.findings == []


def test_a_quotation_keeps_its_own_characters() -> None:
    tokens, _ = cut("没收「Ａ（甲），乙；1,000元」")

    assert tokens == ["CONFISCATE 没收@0", "TEXT Ａ（甲），乙；1,000元@2"]


def test_a_day_is_one_word_and_an_unfinished_one_is_not() -> None:
    tokens, _ = cut("2023-12-15起")

    assert tokens == ["DAY 2023-12-15@0", "FROM_ON 起@10"]


def test_an_english_word_ends_where_its_letters_end() -> None:
    names: dict[str, NameKind] = {"order": "FACT", "area": "FACT", "notice": "FACT"}

    tokens, complaints = cut("order or area more than 5 m2 and not notice", "en", names)

    assert tokens == [
        "FACT order@0", "OR or@6", "FACT area@9", "GT more than@14", "NUMBER 5@24", "UNIT m2@26", "AND and@29",
        "NOT not@33", "FACT notice@37",
    ]  # fmt: skip
    assert complaints.findings == []


@pytest.mark.parametrize("text", ["areaor", "area_ > 5", "area5"])
def test_an_english_name_is_not_found_inside_a_longer_word(text: str) -> None:
    tokens, complaints = cut(text, "en", {"area": "FACT"})

    assert tokens == []
    assert [each.code for each in complaints.findings] == ["unknown_word"]


def test_a_tab_is_a_finding_at_its_place() -> None:
    _, complaints = cut("面积 \t> 5")

    (finding,) = complaints.findings
    assert (finding.code, finding.place) == ("tab", Place("t.yaml", 3, 10))
    assert finding.repair == "请改用空格"


@pytest.mark.parametrize("quote", ["“", "”", "‘", "’", '"', "'", "＂", "＇"])
def test_a_quote_that_is_no_corner_bracket_is_a_finding_with_a_repair(quote: str) -> None:
    _, complaints = cut(f"没收{quote}工具{quote}")

    (finding,) = complaints.findings
    assert (finding.code, finding.place) == ("smart_quote", Place("t.yaml", 3, 9))
    assert "「」" in finding.repair


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("罚款 1,000元", "1000"), ("面积 > 12,345,678", "12345678"), ("较大者(1,000元", "1000"),
        ("罚款 1,234.50元", "1234.50"),
        ("较大者(¥1,000", "1000"),
    ],
)  # fmt: skip
def test_a_number_grouped_by_commas_is_one_number(text: str, number: str) -> None:
    tokens, complaints = cut(text)

    assert complaints.findings == []
    assert [each for each in tokens if each.startswith("NUMBER")] == [f"NUMBER {number}@{text.index('1')}"]


def test_between_parentheses_a_comma_separates_two_figures_unless_they_are_money() -> None:
    _, complaints = cut("较大者(1,200)")

    (finding,) = complaints.findings
    assert (finding.code, finding.repair) == ("unknown_word", "括号里的数字不加逗号：1200")


def test_a_near_miss_is_offered() -> None:
    _, complaints = cut("面即 ≤ 2")

    (finding,) = complaints.findings
    assert finding.place == AT
    assert (bare(finding.message), bare(finding.repair)) == ("面即看不懂", "是不是面积？")


def test_an_unknown_word_ends_where_a_known_one_begins() -> None:
    _, complaints = cut("占道宽度超过5")

    (finding,) = complaints.findings
    assert bare(finding.message) == "占道宽度看不懂"
    assert "面积" in finding.repair


def test_an_unknown_word_far_from_every_name_lists_the_names() -> None:
    _, complaints = cut("xyz > 5", "en", {"area": "FACT", "repeat": "FACT"})

    (finding,) = complaints.findings
    assert bare(finding.message) == "xyzisnotunderstood"
    assert "area" in finding.repair
    assert "repeat" in finding.repair


@pytest.mark.parametrize("text", ["5e3", "1.2.3", "²", "٣", "5²", "@", "\x00", "\ud800", "👍", "「", "」", "「」"])
def test_what_the_language_does_not_know_is_a_finding_and_never_a_crash(text: str) -> None:
    tokens, complaints = cut(f"面积 > {text}")

    assert tokens == []
    assert [each.code for each in complaints.findings] == ["unknown_word"]


def test_a_quotation_longer_than_its_limit_is_not_understood() -> None:
    accepted, _ = cut("没收「" + "物" * 200 + "」")
    refused, complaints = cut("没收「" + "物" * 201 + "」")

    assert len(accepted) == 2
    assert refused == []
    assert [each.code for each in complaints.findings] == ["unknown_word"]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_no_spelling_means_two_things(language: Language) -> None:
    column = 0 if language == "zh" else 1
    spelled = [text for table in (WORDS, UNITS) for both in table.values() for text in both[column]]

    twice = {text for text in spelled if spelled.count(text) > 1}

    assert twice == set()


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_spelling_is_cut_as_its_word_and_is_reserved(language: Language) -> None:
    column = 0 if language == "zh" else 1
    expected = {text: word for word, both in WORDS.items() for text in both[column]}
    expected |= {text: "UNIT" for both in UNITS.values() for text in both[column]}

    found = {text: cut(text, language, {})[0][0].split(" ")[0] for text in expected}

    assert found == expected
    assert all(reserved(text, language, "CNY") == (word not in DECLARING) for text, word in expected.items())


def test_a_lexicon_that_learns_names_leaves_the_shared_one_alone() -> None:
    before: Lexicon = PLAIN["zh"]

    learned = before.knowing({"全新名称": "FACT"})

    assert learned.names == ("全新名称",)
    assert PLAIN["zh"].names == ()
    assert "全" not in PLAIN["zh"].by_first


@pytest.mark.parametrize(
    ("text", "language", "percent"),
    [
        ("5‰", "zh", "0.5"),
        ("0.5 ‰", "en", "0.05"),
        ("5 per mille", "en", "0.5"),
        ("万分之五", "zh", "0.05"),
        ("千分之三", "zh", "0.3"),
        ("百分之十", "zh", "10"),
        ("百分之十五点五", "zh", "15.5"),
        ("百分之零点五", "zh", "0.5"),
        ("百分之一百五十", "zh", "150"),
        ("万分之 5", "zh", None),
        ("万分之0.5", "zh", "0.005"),
        ("百分之三五", "zh", None),  # 3.5, or 35?
        ("5 per mille", "zh", None),
        ("百分之五", "en", None),
        ("1234567890123‰", "zh", None),
        ("0.1234567891‰", "zh", None),
    ],
)
def test_a_share_is_read_as_the_percentage_that_it_is(text: str, language: Language, percent: str | None) -> None:
    tokens, complaints = cut(text, language)

    assert tokens == ([] if percent is None else [f"NUMBER {percent}@0", "UNIT percent@0"])
    assert [each.code for each in complaints.findings] == ([] if percent is not None else ["unknown_word"])


def test_a_name_of_the_file_that_begins_like_a_share_is_a_name() -> None:
    assert cut("百分之十以上", names={"百分之十以上": "FACT"})[0] == ["FACT 百分之十以上@0"]
    assert cut("百分之十以上", names={})[0] == ["NUMBER 10@0", "UNIT percent@0", "OR_MORE 以上@4"]


@pytest.mark.parametrize(
    ("cell", "written"),
    [("罚款 5‰ × 货值", "0.5 %"), ("罚款 万分之五 × 货值", "0.05 %"), ("罚款 百分之十五点五 × 货值", "15.5 %")],
)
def test_a_share_counts_exactly(cell: str, written: str) -> None:
    one, other = (law(f"面积 ≥ 0 => {text}") for text in (cell, f"罚款 {written} × 货值"))

    assert [row.measures for rule in one.rules.values() for row in rule.rows] == [
        row.measures for rule in other.rules.values() for row in rule.rows
    ]


def test_a_share_beside_a_fact_in_percent_is_on_its_scale() -> None:
    (rule,) = law("占比 ≥ 千分之五十 => 罚款 100元", "占比 < 5% => 罚款 200元").rules.values()

    assert "占比 ≥ 5 %" in Surface.of(rule).condition(rule.rows[0].when)
