"""What a rule file is told where it is wrong: the right line, plain words, a repair, and each mistake once."""

import pytest

from engine.explain import explain
from engine.surface import Surface
from engine.tree import Compare
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
        ("area > 5 boxes", "boxes", "behind a figure write the unit its fact is declared in, or none"),
        ("area > 5 「boxes」", "「boxes」", "behind a figure write the unit its fact is declared in, or none"),
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
        ("面积大于1不大于2", "“不”看不懂; 请写“≤”"),
        ("面积 > 2箱", "“箱”看不懂; 数字后面写该事实声明的单位，也可以不写"),
        ("面积 > 2「箱」", "读到“「箱」”读不通"),
    ],
)
def test_an_unreadable_run_of_chinese_is_said_whole_with_what_to_write(cell: str, said: str) -> None:
    (found,) = told(("情形: 面积 > 2", f"情形: {cell}"), rule=RULE)

    assert said in found


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        ("面积 超过1平方米不超过2平方米", "面积 超过1平方米 且 面积 不超过2平方米"),
        ("面积 3平方米以上不满5平方米", "面积 3平方米以上 且 面积 不满5平方米"),
        ("面积不满5平方米3平方米以上", "面积 不满5平方米 且 面积 3平方米以上"),
        ("面积超过1平方米且不超过2平方米", "面积 超过1平方米 且 面积 不超过2平方米"),
        ("主动改正 或 面积 > 5 或 < 1", "面积 > 5 或 面积 < 1"),
        ("面积 3平方米以上，不满5平方米", "面积 3平方米以上 且 面积 不满5平方米"),
        ("面积 1平方米至2平方米", "1平方米 ≤ 面积 ≤ 2平方米"),
    ],
)
def test_two_bounds_of_one_name_are_answered_with_a_cell_that_loads(cell: str, written: str) -> None:
    (found,) = told(("情形: 面积 > 2", f"情形: {cell}"), rule=RULE)

    assert f"“{written}”" in found
    assert told(("情形: 面积 > 2", f"情形: {written}"), rule=RULE) == []


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        ("area more than 1 at most 2", "area more than 1 and area at most 2"),
        ("area 3 or more less than 5", "area 3 or more and area less than 5"),
        ("corrected and area 3 or more and less than 5", "area 3 or more and area less than 5"),
        ("area > 5 or < 1", "area > 5 or area < 1"),
        ("area 1 to 2 square metres", "1 <= area <= 2 square metres"),
    ],
)
def test_two_bounds_are_answered_in_english_too(cell: str, written: str) -> None:
    (found,) = told(("when: area > 5", f"when: {cell}"))

    assert f"`{written}`" in found
    assert told(("when: area > 5", f"when: {written}")) == []


def test_a_bound_of_nothing_is_asked_of_which_fact() -> None:
    (zh,) = told(("情形: 面积 > 2", "情形: 3平方米以上"), rule=RULE)
    (en,) = told(("when: area > 5", "when: 3 or more"))

    assert "写明是哪个事实：“名称 3平方米以上”" in zh
    assert "say of which fact: `NAME 3 or more`" in en


def test_a_computed_side_is_given_no_name_it_has_not() -> None:
    (found,) = told(("when: area > 5", "when: 2 × area > 5 < 8"))

    assert "name it before each bound" not in found


@pytest.mark.parametrize("unit", ["桶", "「桶」", " 「桶」"])
def test_a_unit_of_ones_own_is_read_behind_a_figure_in_its_brackets_too(unit: str) -> None:
    facts = ("  面积:", "  桶数: 整数，「桶」，0 至 9\n  面积:")

    read = book(changed(RULE, facts, ("情形: 面积 > 2", f"情形: 桶数 > 5{unit}"))).rules["T-1"].rows[1].when

    assert read == Compare(fact="桶数", op=">", value=5)


@pytest.mark.parametrize("unit", ["drums", "「drums」"])
def test_a_unit_called_like_its_fact_is_read_behind_a_figure(unit: str) -> None:
    facts = ("  area:", "  drums: integer, 「drums」, 0 to 9\n  area:")

    read = book(changed(ENGLISH, facts, ("when: area > 5", f"when: drums > 5 {unit}"))).rules["T-1"].rows[0].when

    assert read == Compare(fact="drums", op=">", value=5)


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


# --- names, lists and question marks


def test_a_money_word_of_the_regime_is_no_name_and_says_so() -> None:
    regime = changed(REGIME, ("取整: 1分", "取整: 1欧分")) + "货币: EUR\n"
    english = told(("yuan", "euros"), ("  area:", "  euros: yes or no\n  area:"), regime=regime)
    chinese = told(("元", "欧元"), ("  面积:", "  欧元: 是否\n  面积:"), rule=RULE, regime=regime)

    assert english == ["10: `euros` cannot be a name; it is a word of the rule language: choose another"]
    assert [each.startswith("9: “欧元”不能作名称; 这是规则语言自己的词") for each in chinese] == [True]


@pytest.mark.parametrize("use", ["甲（乙）", "甲(乙) 且 面积 > 2"])
def test_a_name_with_brackets_is_said_once_with_one_that_can_be_used(use: str) -> None:
    changes = (("  面积:", "  甲（乙）: 是否\n  面积:"), ("情形: 面积 > 2", f"情形: {use}"))

    assert told(*changes, rule=RULE) == ["9: “甲（乙）”不能作名称; 名称里不能有括号，请写成文字或下划线：“甲_乙”"]


def test_a_name_with_brackets_is_answered_in_english() -> None:
    (found,) = told(("corrected:", "corrected(late):"), ("when: area > 5", "when: corrected(late)"))

    assert "a name cannot hold brackets: write `corrected_late`" in found


def test_a_list_given_by_default_says_how_it_is_given() -> None:
    days = "用例默认: {往日: [2025-01-01]}\n"
    written = '日期列表在这里写成文字，如 "2025-11-01,2026-03-05"，没有日期的写 ""'
    fleet = ("  zone:", '  fleet: {each: {weight: "integer, times, 0 to 9"}, most: 5}\n  zone:')

    assert told(rule=RULE + days) == [f"23: 这里应是一段文字; {written}"]
    assert [each for each in told(rule=RULE, regime=REGIME + days) if written in each]
    (english,) = told(rule=ENGLISH + "case_given: {priors: [2025-01-01]}\n")
    assert 'a list of days is written as text here, such as "2025-11-01,2026-03-05", and none as ""' in english
    (records,) = told(fleet, rule=ENGLISH + "case_given: {fleet: [{weight: 1}]}\n")
    assert "no list can be given by default: write it in `given` of each case" in records
    (listed,) = told(rule=ENGLISH + "case_given:\n  - share: 5\n")
    assert "leave out the `- ` before each entry" in listed


@pytest.mark.parametrize("use", ["area > 5", "any of (fleet, weight > 2)"])
def test_records_without_their_most_are_asked_for_it_once(use: str) -> None:
    fleet = ("  zone:", '  fleet: {each: {weight: "integer, times, 0 to 9"}}\n  zone:')

    assert told(fleet, ("when: area > 5", f"when: {use}")) == [
        "14: `most` is missing; say how many records a list holds at most, such as `most: 20`"
    ]
    chinese = ("  面积:", '  车辆: {每项: {重: "整数，次，0 至 9"}}\n  面积:')
    assert told(chinese, ("情形: 面积 > 2", "情形: 任一项(车辆, 重 > 2)"), rule=RULE) == [
        "9: 缺少“最多”; 写明一份清单至多几项，如“最多: 20”"
    ]


@pytest.mark.parametrize("most", ["many", "500"])
def test_a_wrong_most_is_said_once(most: str) -> None:
    fleet = f'  fleet: {{each: {{weight: "integer, times, 0 to 9"}}, most: {most}}}\n  zone:'

    assert len(told(("  zone:", fleet), ("when: area > 5", "when: any of (fleet, weight > 2)"))) == 1


@pytest.mark.parametrize(
    ("cell", "quoted"),
    [("is one enough?", '"is one enough?"'), ("one ?", '"one ?"'), ("?", '"?"'), ("? one", '"? one"')],
)
def test_a_question_mark_inside_braces_is_said_to_need_quotes(cell: str, quoted: str) -> None:
    english = told(("{name: one,", f"{{name: {cell},"))
    chinese = told(("{名: 一平方米,", f"{{名: {cell},"), rule=RULE)

    assert english == [
        "21: the file cannot be read here: a `?` inside {…} has a meaning of its own;"
        f" put the cell between quotes: `{quoted}`"
    ]
    assert chinese == [f"22: 这里的格式读不懂：花括号 {{…}} 里的半角问号有特殊含义; 给这一格加上引号：{quoted}"]
    assert told(("{name: one,", f"{{name: {quoted},")) == []


def test_a_question_mark_that_stands_alone_is_not_left_out_of_the_sentence() -> None:
    (found,) = told(("{name: one,", "{name: one, ?,"))

    assert "`?` is left over" in found
    assert 'needs quotes: `name: "one, ?"`' in found


# --- what editors and habits leave in a file


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (RULE.replace("≤", "<=").encode("gbk"), ["1: 文件不是 UTF-8 文本; “另存为”时编码选 UTF-8"]),
        (RULE.encode("utf-16"), ["1: 文件不是 UTF-8 文本; “另存为”时编码选 UTF-8"]),
        (b"\xef\xbb\xbf" + RULE.replace("\n", "\r\n").encode(), []),
        (RULE.replace("    情形: 面积 ≤", "\t情形: 面积 ≤").encode(), ["14: 这里有制表符; 请改用空格"]),
        (RULE.replace("面积 ≤", "面积\t≤").encode(), ["14: 这里有制表符; 请改用空格"]),
    ],
)
def test_the_bytes_of_other_editors_are_read_or_refused_with_what_to_do(raw: bytes, said: list[str]) -> None:
    found = findings({**files(), "r/t-1.yaml": raw})

    assert [f"{each.place.line}: {each.message}; {each.repair}" for each in found] == said


def test_a_key_of_the_other_language_is_told_its_word_and_nothing_is_missing() -> None:
    chinese = told(
        ("名称: 占道", "name: 占道"), ("    情形: 面积 ≤", "    when: 面积 ≤"), ("{名:", "{name:"), rule=RULE
    )

    assert chinese == [
        "2: 不认识的项目“name”; 这个文件用中文的词：写“名称”",
        "14: 不认识的项目“when”; 这个文件用中文的词：写“情形”",
        "22: 不认识的项目“name”; 这个文件用中文的词：写“名称”",
    ]
    assert told(("name: stall", "名称: stall")) == [
        "3: unknown key `名称`; this file is written in English words: write `name`"
    ]


def test_a_full_width_colon_inside_braces_is_one_mistake() -> None:
    (found,) = told(("{条款: ", "{条款："), rule=RULE)

    assert "冒号要用半角，后面空一格：“条款: 某条例第三条”" in found


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("日: 2026-11-01", "日: 2026/11/1"), "“2026/11/1”不是日期; 日期写成“2026-11-01”"),
        (("日: 2026-11-01", "日: 2026-02-30"), "“2026-02-30”不是日期; 没有这一天"),
        (("日: 2026-11-01", "日: 1026-02-03"), "“1026-02-03”不是日期; 年份写 1800 至 2999"),
        (("施行: 2023-12-15", "施行: 2023.12.15"), "“2023.12.15”不是日期; 日期写成“2023-12-15”"),
        (("情形: 面积 > 2", "情形: 行为日 ≥ 2026年6月1日"), "“2026年6月1日”不是日期; 日期写成“2026-06-01”"),
        (("情形: 面积 > 2", "情形: 行为日 ≥ 2026-6-1"), "“2026-6-1”不是日期; 日期写成“2026-06-01”"),
        (("大于 0 至 100", "100 至 0"), "小的写在前，大的写在后"),
        (("名称: 占道", "名称: *占道"), '给这一格加上引号："*占道"'),
    ],
)
def test_a_slip_of_everyday_writing_is_answered_with_what_to_write(change: tuple[str, str], said: str) -> None:
    (found,) = told(change, rule=RULE)

    assert said in found


def test_typographic_quotes_around_a_given_value_are_said_where_they_stand() -> None:
    chinese = told(('面积: "1"', "面积: “1”"), rule=RULE)
    english = told(('area: "1"', "area: “1”"))

    assert chinese == ['22: 这里有弯引号““”; 引号用半角的："1"，或者不写']
    assert english == ['21: a typographic quote `“` stands here; write plain quotes or none: `"1"`']


def test_a_day_written_otherwise_is_answered_in_english() -> None:
    (found,) = told(("on: 2026-11-01", "on: 2026/11/1"))

    assert found == "21: `2026/11/1` is no day; a day is written `2026-11-01`"


# --- facts as given


@pytest.mark.parametrize("value", ["１", "1平方米", "1 square metres", " 1"])
def test_a_figure_that_is_not_written_plainly_is_told_how(value: str) -> None:
    zh = refused(ask(book(), {"面积": value}))
    en = refused(ask(book(ENGLISH), {"area": value}))

    assert zh.message.endswith("；写“1”")
    assert en.message.endswith("; write `1`")
    assert not refused(ask(book(), {"面积": "1万"})).message.endswith("；写“1”")


def test_a_choice_given_as_a_number_is_told_to_be_text() -> None:
    chinese = book(changed(RULE, ("主街、小巷", "「20」、「30」、小巷"), ("情形: 面积 > 2", "情形: 地段 为 「20」")))
    english = book(changed(ENGLISH, ("choice home / shop", "choice 「20」 / 「30」"), ("area > 5", "zone = 「20」")))

    (zh, other), en = (refused(ask(chinese, {"地段": each})) for each in (20, 25)), refused(ask(english, {"zone": 20}))

    assert [each.code for each in (zh, other, en)] == ["wrong_kind"] * 3
    assert [each.message.endswith('（写成文字："20"）') for each in (zh, other)] == [True, True]
    assert en.message.endswith('(sent as text: "20")')
    assert decided(ask(english, {"zone": "20"})).fine_fen == 5_000


@pytest.mark.parametrize("days", ["2025-12-01, 2026-02-01", " 2025-12-01 ,2026-02-01", "2025-12-01，2026-02-01"])
def test_days_given_as_text_may_have_blanks_and_chinese_commas_between_them(days: str) -> None:
    rule = book(changed(RULE, ("情形: 面积 > 2", "情形: 次数 = 3"), ("情形: 面积 ≤ 2", "情形: 次数 < 3")))

    assert decided(ask(rule, {"往日": days})).tier == "重"


def test_a_blank_that_is_in_the_way_is_seen() -> None:
    refusal = refused(ask(book(), {"面积": "1", "往日": ["2025-12-01", " 2026-02-01"]}))

    assert bare(refusal.message).startswith("往日的值␣2026-02-01不对")


def test_one_year_is_singular_and_no_comma_is_needed() -> None:
    counted = "  times_before: integer, times, 0 to 9, counts priors 1 year back without this one\n  zone"

    assert told(("  zone", counted)) == []
    rule = book(changed(ENGLISH, ("  zone", counted))).rules["T-1"]
    assert "counts priors 1 year back, without this one" in Surface(rule.by_name, "en", "CNY").declaration(
        rule.by_name["times_before"]
    )


# --- what a repair must never do: offer another amount, turn the law round, or name a cause that is none


@pytest.mark.parametrize(
    ("cell", "repair"),
    [
        ("fine 20 thousand yuan", "write `20000 yuan`"),
        ("fine 10 thousand", "write `10000`"),
        ("fine ¥20k", "write `20000 yuan`"),
        ("fine 2 hundred thousand yuan", "write `200000 yuan`"),
        ("fine 3 lakh yuan", "write `300000 yuan`"),
        ("fine 1,50,000 yuan", "commas part groups of three digits, or none: write `150000`"),
        ("fine 1,5 yuan", "a decimal has a point: write `1.5`"),
        ("fine not exceeding 50 yuan", "write `50 yuan or less`"),
        ("fine not more than 50 yuan", "write `50 yuan or less`"),
        ("fine up to 50 yuan", "write `50 yuan or less`"),
        ("fine at most ¥50", "write `¥50 or less`"),
        ("fine not less than 50 yuan", "write `50 yuan or more`"),
        ("fine one third × 90 yuan", "write `1 ÷ 3`"),
        ("fine three times × 90 yuan", "write `3`"),
        (
            "imprison 5 days",
            "names known here: `home`, `shop`, `次数`, `往日`, `违法所得`, `area`, `share`, "
            "`corrected`, `priors`, `zone`",
        ),
    ],
)
def test_a_repair_of_an_amount_is_that_amount(cell: str, repair: str) -> None:
    (found,) = told(("outcome: fine 50 yuan", f'outcome: "{cell}"'))

    assert found.split("; ")[-1] == repair


@pytest.mark.parametrize(
    "cell", ["fine 50 yuan or less", "fine 20000 yuan or less", "fine 1 ÷ 3 × 900 yuan", "fine 50 yuan or more"]
)
def test_what_is_offered_for_an_amount_is_read(cell: str) -> None:
    found = told(
        ("outcome: fine 50 yuan", f"outcome: {cell}"),
        ("fine 50 yuan to 500 yuan", "fine 50 yuan to 20000 yuan"),
        ("tiers:", "beyond_range: take the limit\nin_tier: 50%\ntiers:"),
    )

    assert found == []


@pytest.mark.parametrize(
    ("cell", "repair"),
    [("罚款 不超过50元", "请写“50元以下”"), ("罚款 最高50元", "请写“50元以下”"), ("罚款 3千元", "写成数字：“3000元”")],
)
def test_a_chinese_amount_is_repaired_as_that_amount(cell: str, repair: str) -> None:
    (found,) = findings(files(changed(RULE, ("处理: 罚款 50元", f"处理: {cell}"))))

    assert found.repair == repair


@pytest.mark.parametrize(
    ("row", "repair"),
    [
        ("when: area > 1,000, outcome: fine 50 yuan, quote: q", 'when: "area > 1,000"'),
        ("when: area > 5, outcome: fine ¥50,000,000, quote: q", 'outcome: "fine ¥50,000,000"'),
    ],
)
def test_a_comma_in_a_figure_inside_braces_is_said_to_part_entries(row: str, repair: str) -> None:
    rows = "  - tier: light\n    when: area > 5\n    outcome: fine 50 yuan\n    quote: q\n"

    found = told((rows, f"  - {{tier: light, {row}}}\n"))

    (said,) = [each for each in found if "comma" in each]
    assert said.endswith(
        f"within {{…}} a comma parts entries: leave it out of the figure, or quote the whole text: `{repair}`"
    )


def test_a_comma_in_a_line_of_a_table_inside_braces_is_said_to_part_entries() -> None:
    table = "compute:\n  x: {row: gains, table: {up to ¥1,000: 10 yuan, more than ¥1,000,000: 20 yuan}}\ntiers:\n"

    found = told(("tiers:\n", table), ("  zone:", "  gains: money, yuan, 0 to 5000000\n  zone:"))

    assert [each.rpartition("whole text: ")[2] for each in found][:2] == [
        '`"up to ¥1,000": …`',
        '`"more than ¥1,000,000": …`',
    ]


def test_a_cell_that_a_comma_cut_twice_is_one_mistake() -> None:
    found = told(
        (
            "quote: q\n",
            "quote: q\n  - {tier: b, when: area <= 5, outcome: fine 50 yuan, flag 「x」, flag 「y」, quote: q}\n",
        )
    )

    assert [each.rpartition("; ")[2] for each in found] == [
        'a cell that holds a comma needs quotes: `outcome: "fine 50 yuan, flag 「x」, flag 「y」"`'
    ]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_an_unknown_currency_is_one_finding(language: str) -> None:
    regime = changed(REGIME, ("取整: 1分", "取整: 1分")) + "货币: XYZ\n"
    rule = changed(ENGLISH, ("fine 50 yuan\n", "fine 50 euros\n")) if language == "en" else RULE

    found = findings(files(rule, regime))

    assert [each.code for each in found] == ["unknown_currency"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("x: round down (area, y)", "expected a constant step: a figure, no name and no formula"),
        ("x: 2 × z\n  z: area", "`z` is declared further down: compute before use"),
    ],
)
def test_the_cause_that_is_named_is_the_cause(change: str, said: str) -> None:
    found = told(("tiers:\n", f"compute:\n  y: 2 × area\n  {change}\ntiers:\n"))

    assert any(said in each for each in found)
    assert not [each for each in found if "record" in each]


@pytest.mark.parametrize(
    "clause", ["since: date, if unknown day of the decision", "amount_of: integer, times, 0 to 9, if unknown area"]
)
def test_what_counts_for_unknown_is_a_constant(clause: str) -> None:
    (found,) = told(("  zone:", f"  {clause}\n  zone:"))

    assert found.endswith(
        "after `if unknown` stands one constant that the fact itself can have: no other name and no formula"
    )


def test_a_record_knows_no_value_of_the_file() -> None:
    lists = '  list:\n    each: {k: "integer, times, 0 to 9"}\n    compute: {v: k × base}\n    most: 9\n  zone:'

    found = told(("  zone:", lists), ("tiers:\n", "compute:\n  base: 5 yuan\ntiers:\n"))

    assert any(
        "inside a record only its own fields, its own values computed above and the facts" in each for each in found
    )


@pytest.mark.parametrize("divisor", ["times_done", "(times_done - 5)"])
def test_a_divisor_that_may_be_zero_is_named(divisor: str) -> None:
    found = told(
        ("outcome: fine 50 yuan", f"outcome: fine 50 yuan ÷ {divisor}"),
        ("  zone:", "  times_done: integer, times, 0 to 100\n  zone:"),
        ("tiers:", "beyond_range: take the limit\ntiers:"),
    )

    assert any(
        f"the divisor `{divisor.strip('()')}` can be zero within the range of its facts" in each for each in found
    )
    assert not [each for each in found if "passes" in each]


def test_the_question_about_a_bracket_offers_two_lines_that_load() -> None:
    found = told(("outcome: fine 50 yuan", "outcome: fine 50 yuan to 100 yuan"))
    chinese = findings(files(changed(RULE, ("处理: 罚款 50元", "处理: 罚款 50元 至 100元"))))

    assert any(each.endswith("write `in_tier: 50%` or `in_tier: range only`") for each in found)
    assert "请写“档内取值: 50%”或“档内取值: 只给幅度”" in [each.repair for each in chinese]
