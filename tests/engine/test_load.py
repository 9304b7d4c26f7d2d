"""Loading: a good folder becomes one rulebook, and everything wrong with a bad one is said at once."""

from dataclasses import replace

import pytest

from engine import RuleFilesInvalid, digest_of, load_rulebook
from engine.errors import SENTENCES, Finding
from engine.fact import Place
from engine.prove import prove
from engine.rule import Validity
from engine.rule_cases import run_cases
from engine.rulebook import read_manifest
from engine.tree import Compare
from tests.engine.kit import (
    CATALOGUE,
    REGIME,
    RULE,
    ask,
    bare,
    book,
    changed,
    codes,
    decided,
    files,
    findings,
    shipped,
    shipped_files,
)


def at(finding: Finding) -> tuple[str, int, int, str]:
    return (finding.place.file, finding.place.line, finding.place.column, finding.code)


# --- good files


def test_the_small_rulebook_loads() -> None:
    rulebook = book()

    assert list(rulebook.rules) == ["T-1"]
    assert list(rulebook.power_items) == ["P-1"]
    assert [regime.code for regime in rulebook.regimes] == ["T"]


def test_the_shipped_rulebook_holds_all_seventy_five_items() -> None:
    rulebook = shipped()

    shenzhen = [code for code in rulebook.rules if code.startswith("SZCG-")]
    assert shenzhen == [f"SZCG-{number:03d}" for number in range(1, 76)]
    assert {rule.power_item for rule in rulebook.rules.values()} == set(rulebook.power_items)


def test_the_manifest_names_every_file_by_its_digest() -> None:
    given = files()

    rulebook = load_rulebook(given)

    assert read_manifest(rulebook.manifest) == {path: digest_of(data) for path, data in given.items()}
    assert rulebook.digest == digest_of(rulebook.manifest)
    assert rulebook.rules["T-1"].digest == digest_of(given["r/t-1.yaml"])


def test_the_order_of_files_does_not_matter() -> None:
    given = shipped_files()

    rulebook = load_rulebook({path: given[path] for path in sorted(given, reverse=True)})

    assert (rulebook.digest, rulebook.rules, rulebook.power_items) == (
        shipped().digest, shipped().rules, shipped().power_items,
    )  # fmt: skip


def test_a_comment_changes_the_digest_and_not_the_rule() -> None:
    one, other = book(), book("# 说明\n" + RULE)

    assert one.digest != other.digest
    assert one.rules == other.rules


def test_a_rule_inherits_the_facts_and_the_conventions_of_its_regime() -> None:
    rule = book().rules["T-1"]

    assert list(rule.by_name) == ["次数", "往日", "违法所得", "面积", "主动改正", "地段"]
    assert (rule.regime.tie, rule.conventions.rounding_step, rule.conventions.rounding) == ("heavier", 1, "floor")


def test_a_rule_says_otherwise_than_its_regime_by_declaring_the_fact_again() -> None:
    rule = book(changed(RULE, ("事实:\n", "事实:\n  违法所得: 金额，元，大于 0 至 5\n"))).rules["T-1"]

    assert rule.by_name["违法所得"].high == 500
    assert rule.regime.facts[2].high == 100_000_000


@pytest.mark.parametrize(("word", "op"), [("含本数", ">="), ("不含本数", ">")])
def test_or_more_is_read_by_the_convention_of_the_regime(word: str, op: str) -> None:
    regime = changed(REGIME, ("以上以下: 含本数", f"以上以下: {word}"))

    rule = book(changed(RULE, ("面积 > 2", "面积 2 以上")), regime).rules["T-1"]

    assert rule.rows[1].when == Compare(fact="面积", op=op, value=200)  # type: ignore[arg-type]  # spelled in the table


def test_regimes_in_two_folders_do_not_meet() -> None:
    given = files()
    given["s/regime.yaml"] = changed(
        REGIME, ("基准代号: T", "基准代号: S"), ("数档并合: 从重", "数档并合: 拒绝")
    ).encode()
    given["s/s-1.yaml"] = changed(RULE, ("T-1", "S-1")).encode()

    rulebook = load_rulebook(given)

    assert [(code, rule.regime.code, rule.regime.tie) for code, rule in rulebook.rules.items()] == [
        ("S-1", "S", "refuse"), ("T-1", "T", "heavier"),
    ]  # fmt: skip


def test_an_english_rule_stands_under_a_chinese_regime() -> None:
    english = """language: English
violation: T-2
name: stall
category: streets
power_item: P-1
in_force: 2023-12-15 to 2028-12-14
basis: {article: article 3, quote: a fine}
statutory_range: fine 50 yuan to 500 yuan
facts:
  area: number, m2, precise to 0.01, more than 0 to 100, larger is graver
tiers:
  - {tier: light, when: area at most 2 m2 and 次数 = 1, outcome: fine 50 yuan, quote: q}
cases:
  - {name: one, on: 2026-11-01, given: {area: "1", 次数: 1}, expect: fine 50 yuan}
"""

    rulebook = book(english=english)

    assert rulebook.rules["T-2"].language == "en"
    assert rulebook.rules["T-2"].rows[0].reads == ("area", "次数")


def test_an_article_may_be_one_or_a_list() -> None:
    many = changed(
        RULE,
        (
            "依据: {条款: 某条例第三条, 原文: 处五十元以上五百元以下罚款。}",
            "依据:\n  - {条款: 甲, 原文: 一}\n  - {条款: 乙, 原文: 二}",
        ),
    )

    rule = book(many).rules["T-1"]

    assert [each.article for each in rule.basis] == ["甲", "乙"]


def test_no_files_are_an_empty_rulebook() -> None:
    rulebook = load_rulebook({})

    assert (dict(rulebook.rules), rulebook.manifest) == ({}, b"")


# --- everything at once


def test_all_that_is_wrong_with_a_file_is_found_at_once_in_its_order() -> None:
    bad = changed(
        RULE,
        ("类别: 市容", "类型: 市容"),
        ("50元 至 500元", "50园 至 500元"),
        ("  主动改正: 是否，从轻", "  主动改正: 是否，越大越重"),
        ("情形: 面积 ≤ 2", "情形: 面即 ≤ 2"),
        ("处理: 罚款 500元", "处理: 罚款 500"),
        ("日: 2026-11-01", "日: 2026-11-31"),
    )

    found = findings(files(bad))

    assert [at(each) for each in found] == [
        ("r/t-1.yaml", 1, 1, "missing_key"),
        ("r/t-1.yaml", 3, 1, "unknown_key"),
        ("r/t-1.yaml", 7, 12, "unknown_word"),
        ("r/t-1.yaml", 10, 12, "wrong_fact_kind"),
        ("r/t-1.yaml", 14, 9, "unknown_word"),
        ("r/t-1.yaml", 19, 12, "not_money"),
        ("r/t-1.yaml", 22, 18, "bad_day"),
    ]
    assert [bare(found[number].repair) for number in (1, 4, 6)] == [
        "是不是类别？", "是不是面积？", "没有这一天",
    ]  # fmt: skip


def test_all_that_is_wrong_with_several_files_is_found_at_once() -> None:
    given = files(
        changed(RULE, ("面积 ≤ 2", "面即 ≤ 2")),
        changed(REGIME, ("数档并合: 从重", "数档并合: 从轻")),
        changed(CATALOGUE, ("名称: 对占道的处罚", "名子: 对占道的处罚")),
        another=changed(RULE, ("T-1", "T-2"), ("2026-11-01", "某日")),
        hostile="[" * 1_000,
        empty="",
    )

    found = findings(given)

    assert [at(each) for each in found] == [
        ("catalogue.yaml", 5, 5, "missing_key"),
        ("catalogue.yaml", 5, 17, "unknown_key"),
        ("r/another.yaml", 22, 18, "bad_day"),
        ("r/empty.yaml", 1, 1, "empty_file"),
        ("r/hostile.yaml", 1, 9, "too_deep"),
        ("r/regime.yaml", 11, 7, "bad_choice_of_words"),
        ("r/t-1.yaml", 14, 9, "unknown_word"),
    ]


def test_the_error_says_every_finding_on_its_own_line() -> None:
    with pytest.raises(RuleFilesInvalid) as raised:
        load_rulebook(files(changed(RULE, ("面积 ≤ 2", "面即 ≤ 2"), ("面积 > 2", "面基 > 2"))))

    assert bare(str(raised.value)) == (
        "r/t-1.yaml:14:9:面即看不懂;是不是面积？\nr/t-1.yaml:18:9:面基看不懂;是不是面积？"
    )


def test_findings_are_in_the_language_of_their_file() -> None:
    given = files(
        english="language: English\nviolation: T-2\nnam: x\n", chinese="语言: 中文\n违法行为代码: T-3\n名子: x\n"
    )

    found = findings(given)

    unknown = {each.place.file: bare(str(each)) for each in found if each.code == "unknown_key"}
    assert unknown == {
        "r/english.yaml": "r/english.yaml:3:1:unknownkeynam;didyoumeanname?",
        "r/chinese.yaml": "r/chinese.yaml:3:1:不认识的项目名子;是不是名？",
    }


@pytest.mark.parametrize(
    "text",
    [
        "  - {档次: 轻, 情形: 面积 ≤ 2 且 丁, 处理: 罚款 50元, 原文: 某}\n",
        "  - {档次: 轻, 情形: '面积 ≤ 2 且 丁', 处理: 罚款 50元, 原文: 某}\n",
        '  - {档次: 轻, 情形: "面积 ≤ 2 且 丁", 处理: 罚款 50元, 原文: 某}\n',
        "  - {档次: 轻, 原文: 某, 处理: 罚款 50元, 情形:   面积 ≤ 2 且 丁}\n",
        "  - 档次: 轻\n    处理: 罚款 50元\n    原文: 某\n    情形: 面积　≤　２　且　丁\n",
        "  - {档次: 𠮷, 情形: 面积 ≤ 2 且 丁, 处理: 罚款 50元, 原文: 某}\n",
    ],
)
def test_a_finding_points_to_its_character_wherever_the_cell_stands(text: str) -> None:
    rule = RULE[: RULE.index("裁量表:\n")] + "裁量表:\n" + text + RULE[RULE.index("用例:") :]

    found = findings(files(rule))

    assert codes(found) == ["unknown_word"]
    assert rule.splitlines()[found[0].place.line - 1][found[0].place.column - 1 :].startswith("丁")


def test_a_cell_over_two_lines_is_pointed_to_at_its_beginning() -> None:
    rule = changed(RULE, ("    情形: 面积 ≤ 2\n", "    情形:\n      面积 ≤ 2\n      且 丁\n"))

    found = findings(files(rule))

    assert [at(each) for each in found] == [("r/t-1.yaml", 15, 7, "unknown_word")]


# --- each thing that can be wrong


@pytest.mark.parametrize(
    ("line", "question", "answers"),
    [
        ("以上以下: 含本数\n", "没有写明：“以上”“以下”是否包括本数？", ("以上以下: 含本数", "以上以下: 不含本数")),
        (
            "回溯首日: 计入\n",
            "没有写明：回溯期的第一天（恰满周年的那一天）算不算？",
            ("回溯首日: 计入", "回溯首日: 不计入"),
        ),
        (
            "数档并合: 从重\n",
            "没有写明：一件事同时符合两档时，适用更重的一档，还是拒绝？",
            ("数档并合: 从重", "数档并合: 拒绝"),
        ),
        ("取整: 1分，舍去\n", "没有写明：罚款不是整分时怎样取整？", ()),
    ],
)
def test_a_missing_convention_is_asked_for_and_never_assumed(
    line: str, question: str, answers: tuple[str, ...]
) -> None:
    found = findings(files(regime=changed(REGIME, (line, ""))))

    assert [at(each) for each in found] == [("r/regime.yaml", 1, 1, "question")]
    assert bare(found[0].message) == bare(question)
    assert all(answer in found[0].repair for answer in answers)


def test_an_unanswered_precondition_is_asked_for() -> None:
    found = findings(files(changed(RULE, ("裁量表:\n", "前提:\n  - {情形: 主动改正}\n裁量表:\n"))))

    assert [at(each) for each in found] == [("r/t-1.yaml", 13, 5, "question")]
    assert all(answer in found[0].repair for answer in ("否则: 只责令改正", "否则: 不构成本违法行为"))


LOW, HIGH = ("处理: 罚款 50元", "处理: 罚款 49.99元"), ("处理: 罚款 500元", "处理: 罚款 500.01元")


@pytest.mark.parametrize(
    ("change", "line", "kind", "tier"), [(LOW, 15, "低于法定幅度", "轻"), (HIGH, 19, "高于法定幅度", "重")]
)
def test_a_fine_outside_the_statutory_range_is_a_finding_unless_the_file_says_so(
    change: tuple[str, str], line: int, kind: str, tier: str
) -> None:
    outside = changed(RULE, change)
    marked = outside + f"缺陷:\n  - {{种类: {kind}, 档次: {tier}, 说明: 照录}}\n"

    unmarked_found, marked_found = findings(files(outside)), findings(files(marked))

    assert [at(each) for each in unmarked_found] == [("r/t-1.yaml", line, 9, "outside_statutory_range")]
    assert kind in unmarked_found[0].repair
    assert marked_found == ()


@pytest.mark.parametrize(
    "defect",
    [
        "{种类: 低于法定幅度, 档次: 轻, 说明: 照录}",
        "{种类: 高于法定幅度, 档次: 重, 说明: 照录}",
        "{种类: 低于法定幅度, 档次: 没有, 说明: 照录}",
    ],
)
def test_a_marked_defect_that_is_not_there_is_a_finding(defect: str) -> None:
    found = findings(files(RULE + f"缺陷:\n  - {defect}\n"))

    assert codes(found) == ["defect_not_there"]


def test_a_defect_of_the_wrong_kind_does_not_excuse_a_row() -> None:
    found = findings(files(changed(RULE, LOW) + "缺陷:\n  - {种类: 高于法定幅度, 档次: 轻, 说明: 照录}\n"))

    assert sorted(codes(found)) == ["defect_not_there", "outside_statutory_range"]


ROW = "    处理: 罚款 50元\n"
RANGES = ("法定幅度: 罚款 50元 至 500元", "法定幅度: {单位: 罚款 50元 至 500元, 个人: 罚款 50元 至 600元}")
NO_FINE = ("法定幅度: 罚款 50元 至 500元", "法定幅度: 无罚款")
PER_M2 = ("法定幅度: 罚款 50元 至 500元", "法定幅度: 罚款 每平方米50元 × 面积")


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ([RANGES], [("range_not_named", 13, 5), ("range_not_named", 17, 5)]),
        ([RANGES, ("    原文", "    适用幅度: 单位\n    原文")], []),
        # What imposes no fine goes by no range; what is worked out from one does, and so does what cannot be read.
        ([RANGES, ("处理: 罚款 50元\n", "处理: 警告\n")], [("range_not_named", 17, 5)]),
        ([RANGES, ("处理: 罚款 50元\n", "处理: 警告，对「个人」罚款 50元\n")], [("range_not_named", 17, 5)]),
        (
            [RANGES, ("处理: 罚款 50元\n", "处理: 另计「某」 法定上限 × 3%\n")],
            [("range_not_named", 13, 5), ("range_not_named", 17, 5)],
        ),
        ([NO_FINE, ("处理: 罚款 50元\n", "处理: 警告\n"), ("处理: 罚款 500元", "处理: 吊销「证」")], []),
        ([NO_FINE, ("处理: 罚款 50元\n", "处理: 警告\n")], [("fine_without_range", 19, 9)]),
        (
            [NO_FINE, ("处理: 罚款 50元\n", "处理: 警告\n"), ("处理: 罚款 500元", "处理: 另计「某」 法定上限 × 3%")],
            [("fine_without_range", 19, 9)],
        ),
        (
            [
                NO_FINE,
                ("无罚款", "{单位: 罚款 50元 至 500元, 个人: 无罚款}"),
                ("    原文", "    适用幅度: 个人\n    原文"),
            ],
            [("fine_without_range", 15, 9), ("fine_without_range", 20, 9)],
        ),
        ([("法定幅度: 罚款 50元 至 500元", "法定幅度: 无罚款 500元")], [("cell_syntax", 7, 11)]),
        (
            [RANGES, ("    原文", "    适用幅度: 单元\n    原文")],
            [("bad_choice_of_words", 16, 11), ("bad_choice_of_words", 21, 11)],
        ),
        ([PER_M2], [("question", 15, 9), ("question", 19, 9)]),
        ([("处理: 罚款 50元", "处理: 罚款 50元 × 面积")], [("question", 15, 9)]),
        (
            [("罚款 50元 至 500元", "罚款 500元 至 50元")],
            [("range_upside_down", 7, 7), ("outside_statutory_range", 15, 9), ("outside_statutory_range", 19, 9)],
        ),
        (
            [
                ("大于 0 至 100，", "大于 0 至 999999999，"),
                ("法定幅度: 罚款 50元 至 500元", "法定幅度: 罚款 每平方米99999999元 × 面积"),
                ("处理: 罚款 500元", "处理: 罚款 99999999元 × 面积"),
                ("处理: 罚款 50元", "处理: 警告"),
            ],
            [("amount_may_overflow", 7, 7), ("amount_may_overflow", 19, 9)],
        ),
        ([("处理: 罚款 50元", "处理: 罚款 50元，罚款 60元")], [("two_fines", 15, 9)]),
        ([("处理: 罚款 50元", "处理: 不予处罚，警告")], [("no_penalty_with_others", 15, 9)]),
        ([("2023-12-15 至 2028-12-14", "2023-12-14 至 2028-12-14")], [("not_in_force", 1, 1)]),
        ([("2023-12-15 至 2028-12-14", "2023-12-15 至 2028-12-15")], [("not_in_force", 1, 1)]),
        ([("2023-12-15 至 2028-12-14", "2023-12-15 起")], [("not_in_force", 1, 1)]),
        ([("2023-12-15 至 2028-12-14", "2024-01-01 至 2024-12-31")], []),
        ([("2023-12-15 至 2028-12-14", "2024-12-31 至 2024-01-01")], [("upside_down_validity", 5, 5)]),
        ([("施行: 2023-12-15 至 2028-12-14\n", "")], [("missing_key", 1, 1)]),
        ([("违法行为代码: T-1", "违法行为代码:")], [("wrong_shape", 1, 8)]),
        ([("违法行为代码: T-1", "违法行为代号: T-1")], [("unknown_kind_of_file", 1, 1)]),
        ([("违法行为代码: T-1", "语言: 法文\n违法行为代码: T-1")], [("unknown_language", 1, 5)]),
        ([("违法行为代码: T-1", "语言: [中文]\n违法行为代码: T-1")], [("unknown_language", 1, 5)]),
        ([("类别: 市容", "类别: [市容]")], [("wrong_shape", 3, 5)]),
        ([("裁量表:\n", "裁量表: 无\n旧表:\n")], [("wrong_shape", 12, 6), ("unknown_key", 13, 1)]),
        ([("  - 档次: 轻\n", "  - 轻\n  - 档次: 轻\n")], [("wrong_shape", 13, 5)]),
        ([("    情形: 面积 ≤ 2\n", "")], [("missing_key", 13, 5)]),
        ([("    情形: 面积 ≤ 2\n", "    情形: 面积 ≤ 2\n    情形: 面积 ≤ 3\n")], [("duplicate_key", 15, 5)]),
        ([("名称: 占道", "名称: 占道\n名: 占道")], [("duplicate_key", 3, 1)]),
        ([("选项 主街、小巷、广场", "选项 主街、面积")], [("duplicate_name", 11, 7)]),
        ([("  地段", "  次数: 整数，次，1 至 9，计 面积 1年内\n  地段")], [("unknown_fact", 11, 7)]),
        ([("  地段", "  次数: 整数，次，1 至 9，计 没有 1年内\n  地段")], [("unknown_fact", 11, 7)]),
        ([('面积: "1"', '面即: "1"')], [("unknown_fact", 22, 34)]),
        ([('面积: "1"', "面积: {甲: 乙}")], [("wrong_shape", 22, 38)]),
        ([('给: {面积: "1"}', "给: [面积]")], [("wrong_shape", 22, 33)]),
        ([("得: 罚款 50元", "得: 拒绝 没有")], [("bad_choice_of_words", 22, 47)]),
        ([("得: 罚款 50元", "得: 罚款 50")], [("not_money", 22, 50)]),
        ([("名: 一平方米, ", "")], [("missing_key", 22, 5)]),
        ([("用例:\n", "备注: 无\n用例:\n")], [("wrong_shape", 21, 5)]),
        (
            [("裁量表:\n", "缺陷:\n  - {种类: 没有, 说明: 照录, 档次: 轻}\n裁量表:\n")],
            [("bad_choice_of_words", 13, 10)],
        ),
        ([("裁量表:\n", "缺陷:\n  - {种类: 缺档, 说明: 照录}\n裁量表:\n")], [("missing_key", 13, 5)]),
    ],
)
def test_what_is_wrong_with_a_rule_is_found_at_its_place(
    changes: list[tuple[str, str]], found: list[tuple[str, int, int]]
) -> None:
    rule = changed(RULE, *changes)

    reported = findings(files(rule))

    assert [(each.code, each.place.line, each.place.column) for each in reported] == found
    assert all(each.place.file == "r/t-1.yaml" for each in reported)


@pytest.mark.parametrize("outcome", ["警告", "罚款 50元", "责令改正"])
def test_a_ground_for_no_penalty_that_imposes_something_is_a_finding(outcome: str) -> None:
    ground = f"不予处罚:\n  - {{档次: 微, 情形: 主动改正, 处理: {outcome}, 原文: 某}}\n"

    found = findings(files(changed(RULE, ("裁量表:\n", ground + "裁量表:\n"))))

    assert [(each.place.line, each.place.column) for each in found] == [(13, 27)]


def test_a_remark_with_a_colon_is_never_dropped_in_silence() -> None:
    found = findings(files(RULE + "备注:\n  - 转录者注: 某事\n"))

    assert [at(each) for each in found] == [("r/t-1.yaml", 24, 5, "wrong_shape")]


def test_a_rule_without_a_test_case_is_a_finding() -> None:
    found = findings(files(RULE[: RULE.index("用例:")]))

    assert [at(each) for each in found] == [("r/t-1.yaml", 1, 1, "no_test_case")]


def test_two_cases_of_one_name_are_a_finding() -> None:
    found = findings(files(RULE + '  - {名: 一平方米, 日: 2026-11-01, 给: {面积: "1"}, 得: 罚款 50元}\n'))

    assert [at(each) for each in found] == [("r/t-1.yaml", 23, 9, "duplicate_name")]


def test_a_folder_without_a_regime_is_a_finding_for_each_of_its_rules() -> None:
    given = files()
    del given["r/regime.yaml"]
    given["r/t-2.yaml"] = changed(RULE, ("T-1", "T-2")).encode()

    found = findings(given)

    assert [at(each) for each in found] == [("r/t-1.yaml", 1, 1, "no_regime"), ("r/t-2.yaml", 1, 1, "no_regime")]


def test_a_regime_in_another_folder_is_no_regime_of_this_one() -> None:
    given = files()
    given["r/inner/t-2.yaml"] = changed(RULE, ("T-1", "T-2")).encode()

    found = findings(given)

    assert [at(each) for each in found] == [("r/inner/t-2.yaml", 1, 1, "no_regime")]


def test_two_regimes_in_a_folder_are_a_finding() -> None:
    given = files() | {"r/second.yaml": REGIME.encode()}

    found = findings(given)

    assert [at(each) for each in found] == [("r/second.yaml", 1, 1, "two_regimes")]
    assert "r/regime.yaml" in found[0].message


def test_a_code_written_twice_is_a_finding_that_names_the_first_file() -> None:
    found = findings(files(twin=RULE))

    assert [at(each) for each in found] == [("r/twin.yaml", 1, 9, "duplicate_code")]
    assert bare(found[0].message) == "T-1在r/t-1.yaml里已经写过"


def test_a_power_item_listed_twice_is_a_finding_that_names_the_first() -> None:
    found = findings(files(catalogue=CATALOGUE + CATALOGUE.splitlines()[-1] + "\n"))

    assert [at(each) for each in found] == [("catalogue.yaml", 6, 5, "duplicate_code")]
    assert "catalogue.yaml:5" in found[0].message


def test_an_unknown_key_without_a_near_one_lists_what_may_stand_there() -> None:
    found = findings(files(changed(RULE, ("    原文: 二平方米以下的。\n", "    原文: 二平方米以下的。\n    xyz: 1\n"))))

    assert [at(each) for each in found] == [("r/t-1.yaml", 17, 5, "unknown_key")]
    assert all(key in found[0].repair for key in ("档次", "情形", "处理", "适用幅度", "原文"))


def test_every_finding_has_a_sentence_in_both_languages_with_the_same_words() -> None:
    blanks = {
        code: [{word for word in ("{found}", "{expected}") if word in text} for text in both]
        for code, both in SENTENCES.items()
    }

    uneven = {code for code, (zh, en) in blanks.items() if zh != en}

    assert uneven == set()


def test_a_tree_knows_where_it_came_from_and_equality_does_not() -> None:
    rule = book().rules["T-1"]
    moved = book("\n\n" + RULE).rules["T-1"]

    assert rule.rows[0].when_cell.place == Place("r/t-1.yaml", 14, 9)
    assert moved.rows[0].when_cell.place == Place("r/t-1.yaml", 16, 9)
    assert rule == moved


def test_rules_that_mean_otherwise_are_not_equal() -> None:
    rule = book().rules["T-1"]

    others = [
        book(changed(RULE, ("面积 ≤ 2", "面积 < 2"))).rules["T-1"],
        book(changed(RULE, ("处理: 罚款 50元", "处理: 罚款 51元"))).rules["T-1"],
        book(regime=changed(REGIME, ("数档并合: 从重", "数档并合: 拒绝"))).rules["T-1"],
        replace(rule, validity=Validity(first=rule.validity.first)),
    ]

    assert all(other != rule for other in others)


def test_a_statute_that_knows_no_fine_is_decided_and_proved_under() -> None:
    text = changed(
        RULE,
        NO_FINE,
        ("原文: 处五十元以上五百元以下罚款。", "原文: 给予警告；情节严重的，吊销许可证。"),
        ("处理: 罚款 50元\n", "处理: 警告\n"),
        ("处理: 罚款 500元", "处理: 吊销「许可证」"),
        ("得: 罚款 50元", "得: 警告"),
    )
    rulebook = load_rulebook(files(text))
    (result,) = run_cases(rulebook)
    (rule,) = rulebook.rules.values()

    assert result.passed
    assert decided(ask(rulebook, {"面积": "3"})).fine_fen is None
    assert prove(rulebook, rule).verdicts["quoted_range"] == "not_asked"


def test_a_quoted_clause_that_knows_a_fine_is_not_proved_to_know_none() -> None:
    text = changed(RULE, NO_FINE, ("处理: 罚款 50元\n", "处理: 警告\n"), ("处理: 罚款 500元", "处理: 吊销「证」"))
    rulebook = load_rulebook(files(text))
    (rule,) = rulebook.rules.values()

    assert prove(rulebook, rule).verdicts["quoted_range"] == "not_proved"
