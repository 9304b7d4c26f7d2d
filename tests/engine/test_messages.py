"""What a rule file is told where it is wrong: the right line, plain words, a repair, and each mistake once."""

import pytest

from engine.explain import explain
from engine.surface import Surface
from tests.engine.kit import (
    REGIME,
    RULE,
    ask,
    bare,
    book,
    changed,
    decided,
    files,
    findings,
    refused,
)

ENGLISH = """language: English
violation: T-1
name: stall
category: streets
power_item: P-1
in_force: 2023-12-15 to 2028-12-14
basis: {article: article 3, quote: a fine}
statutory_range: fine 50 yuan to 500 yuan
facts:
  area: number, square metres, precise to 0.01, more than 0 to 100
  share: number, %, precise to 0.1, 0 to 100
  corrected: yes or no
  priors: list of days
  zone: choice home / shop
tiers:
  - tier: light
    when: area > 5
    outcome: fine 50 yuan
    quote: q
cases:
  - {name: one, on: 2026-11-01, given: {area: "1"}, expect: refuse no tier}
"""


def told(*changes: tuple[str, str], rule: str = ENGLISH, regime: str = REGIME) -> list[str]:
    """Bend a rule and return what is said of it: `line: message; repair`."""
    return [
        f"{each.place.line}: {each.message}; {each.repair}" for each in findings(files(changed(rule, *changes), regime))
    ]


# --- words and signs nobody knows


@pytest.mark.parametrize(
    ("cell", "word", "repair"),
    [
        ("index_base > 1", "index_base", "names known here"),
        ("again", "again", "names known here"),
        ("this > 1", "this", "names known here"),
        ("arae > 5", "arae", "did you mean `area`?"),
        ("area > 5 square meters", "square", "did you mean `square metres`?"),
        ("area == 5", "==", "write `=`"),
        ("area => 5", "=>", "write `>=`"),
        ("area exceeds 5", "exceeds", "write `more than`"),
        ("area between 2 and 5", "between", "write `area >= 2 and area <= 5`"),
        ("area more than or equal to 5", "equal", "write `>=`"),
        ("area is less than 5", "less than", "leave out `is`"),
        ("area not more than 5", "not", "write `at most`"),
        ("area > 5,5", ",", "write `5.5`"),
        ("area > 5 mu", "mu", "`area` is declared in square metres: write `5 square metres`"),
        ("area > share", "share", "the first is a number in square metres, the second a number in %"),
    ],
)
def test_a_condition_that_cannot_be_read_names_the_whole_word_and_what_to_write(
    cell: str, word: str, repair: str
) -> None:
    (found,) = told(("when: area > 5", f"when: {cell}"))

    assert found.startswith(f"17: `{word}`")
    assert repair in found


@pytest.mark.parametrize(
    ("amount", "repair"),
    [
        ("50 yaun", "did you mean `yuan`?"),
        ("$50", "`50 yuan`"),
        ("£50", "`50 yuan`"),
        ("50 EUR", "this regime's currency is CNY"),
        ("50,5 yuan", "write `50.5`"),
        ("50 yuan per day", "write `per day 50 yuan × NAME`"),
        ("50 yuan / day", "write `per day 50 yuan × NAME`"),
        ("area × area", "a whole-number fact only up to 100,000 values"),
        ("500 yuan ÷ area", "may only be compared with a constant"),
        ("per day 50 yuan × area", "multiply it by a fact in that unit"),
    ],
)
def test_an_amount_that_cannot_be_read_says_what_to_write(amount: str, repair: str) -> None:
    (found,) = told(("outcome: fine 50 yuan", f"outcome: fine {amount}"))

    assert repair in found


@pytest.mark.parametrize(
    ("declaration", "repair"),
    [
        ("corrected: boolean", "write `yes or no`"),
        ("corrected: decimal, square metres, 0 to 5", "write `number`"),
        ("corrected: number, %, precise to 0,1, 0 to 5", "write `0.1`"),
        ("corrected: list of day", "did you mean `list of days`?"),
        ("corrected: integer, drums, 0 to 9", "「drums」"),
        ("corrected it: yes or no", "cannot hold a blank: write `corrected_it`"),
        ("2corrected: yes or no", "cannot begin with a digit"),
        ("fine: yes or no", "it is a word of the rule language"),
    ],
)
def test_a_declaration_that_cannot_be_read_gives_its_one_reason(declaration: str, repair: str) -> None:
    (found,) = told(("corrected: yes or no", declaration))

    assert repair in found


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("大面积 > 5", "“大面积”看不懂; 是不是“面积”？"),
        ("行为性质 > 5", "“行为性质”看不懂"),
        ("不是主动改正", "“不是主动改正”看不懂; 请写“非”"),
        ("面积介于2和5之间", "请写“面积 ≥ 2 且 面积 ≤ 5”"),
        ("面积 == 2", "“==”看不懂; 请写“=”"),
        ("面积为大于2", "去掉“为”，只写“大于”"),
        ("面积大于等于2", "请写“≥”"),
        ("面积 > 2亩", "“亩”与“面积”声明的单位不同; “面积”的单位是平方米，写“2平方米”"),
        ("面积在2以上", "“在”看不懂; 去掉“在”"),
    ],
)
def test_an_unreadable_run_of_chinese_is_said_whole_with_what_to_write(cell: str, said: str) -> None:
    (found,) = told(("情形: 面积 > 2", f"情形: {cell}"), rule=RULE)

    assert said in found


def test_an_amount_in_the_way_it_is_spoken_says_how_it_is_written() -> None:
    (share,) = told(("处理: 罚款 50元", "处理: 罚款 违法所得的2倍"), rule=RULE)
    (sign,) = told(("处理: 罚款 50元", "处理: 罚款 50￥"), rule=RULE)

    assert "请写“2倍 × 违法所得”" in share
    assert "金额写成数字加单位：“50元”" in sign


# --- tables

TABLE = """compute:
  rate:
    row: area
    column: zone
    table:
      0 to 5: {home: 20 yuan, shop: 25 yuan}
      above 5: {home: 20 yuan, shop: 30 yuan}
tiers:
"""


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (
            "0-5: {home: 20 yuan, shop: 25 yuan}",
            "20: `0-5` is no line of a table; write a band as `0 to 5`, or as `[0..5)`",
        ),
        ("0–5: {home: 20 yuan, shop: 25 yuan}", "20: `–` is not understood; write `to`"),
        ("0 to 5: {home: 20 yuan}", "20: the line `0 to 5` has no column `shop`; add a cell `shop: …`"),
        ("0 to 5 mu: {home: 20 yuan, shop: 25 yuan}", "`area` is declared in square metres: write `5 square metres`"),
    ],
)
def test_a_line_of_a_table_that_is_wrong_is_blamed_itself(line: str, said: str) -> None:
    (found,) = told(("tiers:\n", changed(TABLE, ("0 to 5: {home: 20 yuan, shop: 25 yuan}", line))))

    assert said in found


def test_a_value_on_no_line_names_the_table_and_the_value() -> None:
    computed = "计算:\n  剩余: 面积 - 1\n  单价:\n    行: 剩余\n    表: {2 以下: 10元}\n裁量表:\n"
    rule = changed(RULE, ("裁量表:\n", computed), ("处理: 罚款 500元", "处理: 罚款 500元 - 单价"))
    rule = changed(rule, ("法定幅度:", "超出法定幅度: 拒绝\n法定幅度:"))

    refusal = refused(ask(book(rule), {"面积": "4"}))

    assert refusal.code == "no_line"
    assert bare(refusal.message) == "单价的表里没有这一行：剩余3"


# --- one mistake is said once


def test_a_failed_declaration_is_not_reported_where_its_name_stands() -> None:
    fact = told(
        ("area: number, square metres", "area: number, sqare metres"),
        ("tiers:\n", changed(TABLE, ("above 5", "more than 5"))),
        ("outcome: fine 50 yuan", "outcome: fine rate"),
    )
    value = told(
        ("tiers:\n", "compute:\n  bad: area × area\n  next: 3 × bad\n  sum: 2 yuan × next\ntiers:\n"),
        ("outcome: fine 50 yuan", "outcome: fine sum"),
    )
    choice = told(
        ("zone: choice home / shop", "zone: choice home"), ("when: area > 5", "when: zone = shop or area > 5")
    )

    assert [len(each) for each in (fact, value, choice)] == [1, 1, 1]


def test_what_failed_in_the_regime_is_not_reported_in_its_rules() -> None:
    fact = told(
        rule=changed(RULE, ("情形: 面积 > 2", "情形: 次数 > 2")), regime=changed(REGIME, ("往日 1年内", "往日 1世纪内"))
    )
    unreadable = told(rule=RULE, regime=changed(REGIME, ("名称: ", "名称：")))

    assert [len(each) for each in (fact, unreadable)] == [1, 1]


# --- the language of a file


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("language: English\n", ""), "this file is written in English words and does not say so"),
        (("language: English", "language: english"), "unknown language `english`"),
    ],
)
def test_a_file_that_does_not_say_its_language_is_answered_in_both(change: tuple[str, str], said: str) -> None:
    (found,) = told(change)

    assert said in found
    assert "语言" in found or "英文" in found
    assert "language: en" in found


def test_the_short_name_of_a_language_is_read() -> None:
    assert told(("language: English", "language: en")) == []


# --- leaving the statute

CHANGE = ("裁量表:\n", "调整:\n  - {名: 某, 情形: 主动改正, 处理: %s}\n裁量表:\n")


@pytest.mark.parametrize(
    ("outcome", "asked"),
    [
        ("× 2", False), ("上浮 20%", False), ("加 50元", False), ("减 50元", False), ("下浮 50%", False),
        ('"下浮 90%，可低于法定下限"', False), ("上浮 较小者(10%, 面积 × 1%)", False),
        ("× 3", True), ("下浮 51%", True), ("减 51元", True), ("上浮 面积 × 10%", True),
    ],
)  # fmt: skip
def test_leaving_the_statute_is_asked_where_an_adjustment_may_and_only_there(outcome: str, asked: bool) -> None:
    outcome = f'"{outcome}"' if "," in outcome else outcome
    rule = changed(
        RULE, (CHANGE[0], CHANGE[1] % outcome), ("处理: 罚款 50元", "处理: 罚款 100元"), ("罚款 500元", "罚款 200元")
    )
    rule = changed(rule, ("得: 罚款 50元", "得: 罚款 100元"))

    found = findings(files(rule))

    assert [(each.code, each.place.line) for each in found] == ([("question", 13)] if asked else [])


def test_an_adjustment_of_the_regime_is_asked_about_at_the_row_it_meets() -> None:
    regime = REGIME + "  \n调整:\n  - {名: 某, 情形: 次数 > 1, 处理: × 2}\n"

    (found,) = findings(files(RULE, regime))

    assert (found.place.file, found.place.line) == ("r/t-1.yaml", 19)


# --- counts


@pytest.mark.parametrize("clause", ["，不含本次", " 不含本次"])
def test_a_count_without_this_one_is_read_and_told_so(clause: str) -> None:
    regime = changed(REGIME, ("1 至 99", "0 至 99"), ("往日 1年内", f"往日 1年内{clause}"))
    rule = changed(RULE, ("情形: 面积 ≤ 2", "情形: 面积 ≤ 2 或 次数 > 90"))
    outcome = decided(ask(book(rule, regime), {"面积": "1", "往日": ["2026-05-01"]}))

    zh, en = (next(each for each in explain(outcome, lang) if "2026-05-01" in each) for lang in ("zh", "en"))

    assert zh == "次数：追溯期内的日期有 2026-05-01，不含本次，共 1 次"
    assert en == "次数: days in the window: 2026-05-01; this one not counted, the count is 1"


def test_a_count_with_this_one_is_told_so() -> None:
    rule = changed(RULE, ("情形: 面积 ≤ 2", "情形: 面积 ≤ 2 或 次数 > 90"))
    outcome = decided(ask(book(rule), {"面积": "1", "往日": []}))

    assert "次数：追溯期内的日期有 无，连同本次为第 1 次" in explain(outcome, "zh")


def test_a_missing_count_may_be_given_or_counted_and_both_are_named() -> None:
    rule = changed(RULE, ("情形: 面积 ≤ 2", "情形: 次数 > 1"), ("情形: 面积 > 2", "情形: 次数 = 1"))

    refusal = refused(ask(book(rule), {"面积": "1"}))

    assert (refusal.code, refusal.field) == ("missing_fact", "次数")
    assert bare(refusal.message).startswith("还缺事实次数（或填写据以计数的往日）")


def test_one_year_is_singular_and_no_comma_is_needed() -> None:
    counted = "  times_before: integer, times, 0 to 9, counts priors 1 year back without this one\n  zone"

    assert told(("  zone", counted)) == []
    rule = book(changed(ENGLISH, ("  zone", counted))).rules["T-1"]
    assert "counts priors 1 year back, without this one" in Surface(rule.by_name, "en").declaration(
        rule.by_name["times_before"]
    )
