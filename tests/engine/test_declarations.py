"""Fact declarations: each kind, each clause, and each combination that makes no sense."""

import pytest

from engine.declarations import read_facts
from engine.errors import Complaints
from engine.fact import NOWHERE, Cell, Count, Fact, Language, Place
from engine.lexer import usable_name
from engine.yamltext import Listing, Mapping, Node, Scalar

CELL = Cell(text="", place=NOWHERE)


def declare(
    text: str, *, name: str = "某事", language: Language = "zh", first_day_counts: bool = True
) -> tuple[Fact | None, Complaints]:
    complaints = Complaints(language)
    entries: dict[str, tuple[Scalar, Node]] = {
        name: (Scalar(name, Place("t.yaml", 9, 3)), Scalar(text, Place("t.yaml", 9, 7)))
    }
    facts = read_facts(Mapping(entries, Place("t.yaml", 9, 3)), language, first_day_counts, complaints, "CNY")
    return facts.get(name), complaints


@pytest.mark.parametrize(
    ("text", "fact"),
    [
        ("是否", Fact(name="某事", kind="yes_no", cell=CELL)),
        ("是否，从重", Fact(name="某事", kind="yes_no", direction="graver", cell=CELL)),
        ("是否，从轻，取自 案卷", Fact(name="某事", kind="yes_no", direction="lighter", source="case_file", cell=CELL)),
        ("选项 个人、单位", Fact(name="某事", kind="choice", choices=("个人", "单位"), cell=CELL)),
        (
            "选项 甲、乙、丙，取自 登记",
            Fact(name="某事", kind="choice", choices=("甲", "乙", "丙"), source="register", cell=CELL),
        ),
        ("日期列表", Fact(name="某事", kind="days", cell=CELL)),
        ("日期列表，取自 档案", Fact(name="某事", kind="days", source="history", cell=CELL)),
        ("整数，次，1 至 99", Fact(name="某事", kind="integer", unit="times", low=1, high=99, cell=CELL)),
        (
            "整数，日，0 至 366，越大越轻",
            Fact(name="某事", kind="integer", unit="day", high=366, direction="lighter", cell=CELL),
        ),
        (
            "整数，处，大于 0 至 小于 5",
            Fact(name="某事", kind="integer", unit="facility", high=5, low_open=True, high_open=True, cell=CELL),
        ),
        (
            "数，㎡，精确到 0.01，大于 0 至 10000，越大越重",
            Fact(
                name="某事",
                kind="number",
                unit="m2",
                scale=2,
                high=1_000_000,
                low_open=True,
                direction="graver",
                cell=CELL,
            ),
        ),
        ("数，%，精确到 1，0 到 100", Fact(name="某事", kind="number", unit="percent", high=100, cell=CELL)),
        (
            "数，件，精确到 0.000001，0 至 0.5",
            Fact(name="某事", kind="number", unit="item", scale=6, high=500_000, cell=CELL),
        ),
        ("金额，元，0 至 1000", Fact(name="某事", kind="money", unit="yuan", scale=2, high=100_000, cell=CELL)),
        (
            "金额，大于 0 至 0.01",
            Fact(name="某事", kind="money", unit="yuan", scale=2, high=1, low_open=True, cell=CELL),
        ),
        (
            "整数，次，1 至 99，计 往日 2年内",
            Fact(
                name="某事",
                kind="integer",
                unit="times",
                low=1,
                high=99,
                count=Count(of="往日", back=2, first_day=True),
                cell=CELL,
            ),
        ),
        (
            "整数，点，-20 至 20",
            Fact(name="某事", kind="integer", unit="point", low=-20, high=20, cell=CELL),
        ),
        (
            "数，点，精确到 0.1，大于 -20 至 小于 20",
            Fact(
                name="某事",
                kind="number",
                unit="point",
                scale=1,
                low=-200,
                high=200,
                low_open=True,
                high_open=True,
                cell=CELL,
            ),
        ),
        (
            "金额，元，-100 至 100",
            Fact(name="某事", kind="money", unit="yuan", scale=2, low=-10_000, high=10_000, cell=CELL),
        ),
        ("整数，点，-20 至 -20", Fact(name="某事", kind="integer", unit="point", low=-20, high=-20, cell=CELL)),
        ("整数;次;5 至 5", Fact(name="某事", kind="integer", unit="times", low=5, high=5, cell=CELL)),
    ],
)
def test_a_declaration_is_read_as_its_fact(text: str, fact: Fact) -> None:
    found, complaints = declare(text)

    assert found == fact
    assert complaints.findings == []


def test_the_question_is_kept_as_written() -> None:
    found, _ = declare("是否，问「是否（经责令）改正，Ａ？」")

    assert found is not None
    assert found.question == "是否（经责令）改正，Ａ？"


def test_the_order_of_clauses_does_not_matter() -> None:
    one, _ = declare("数，平方米，精确到 0.01，0 至 5，越大越重，取自 案卷")
    other, _ = declare("数，取自 案卷，越大越重，0 至 5，精确到 0.01，平方米")

    assert one == other is not None


def test_whether_the_first_day_counts_comes_from_the_regime() -> None:
    found = [declare("整数，次，1 至 9，计 往日 1年内", first_day_counts=counts)[0] for counts in (True, False)]

    assert [fact and fact.count and fact.count.first_day for fact in found] == [True, False]


@pytest.mark.parametrize(
    ("zh", "en"),
    [
        ("是否，从重，取自 现场", "yes or no, aggravating, taken from officer"),
        ("是否，从轻，取自 案卷", "yes or no, mitigating, taken from case file"),
        ("选项 个人、单位", "choice 个人 / 单位"),
        ("日期列表，取自 登记", "list of days, taken from register"),
        ("整数，日，大于 0 至 小于 9，越大越轻", "integer, days, more than 0 to less than 9, larger is lighter"),
        ("数，平方米，精确到 0.1，0 至 9，越大越重", "number, m2, precise to 0.1, 0 to 9, larger is graver"),
        ("金额，元，0 至 9", "money, yuan, 0 to 9"),
        (
            "整数，件，1 至 9，取自 档案，计 往日 不限期，不含本次",
            "integer, items, 1 to 9, taken from history, counts 往日 without limit of time, without this one",
        ),
        (
            "整数，件，1 至 9，取自 档案，计 往日 3年内",
            "integer, items, 1 to 9, taken from history, counts 往日 3 years back",
        ),
    ],
)
def test_chinese_and_english_declare_one_fact(zh: str, en: str) -> None:
    facts = declare(zh)[0], declare(en, language="en")[0]

    assert facts[0] == facts[1] is not None


@pytest.mark.parametrize(
    ("text", "code", "column"),
    [
        # A clause that the kind has no room for.
        ("是否，平方米", "wrong_fact_kind", 10),
        ("是否，0 至 5", "wrong_fact_kind", 10),
        ("是否，精确到 0.1", "wrong_fact_kind", 10),
        ("是否，越大越重", "wrong_fact_kind", 10),
        ("是否，计 往日 1年内", "wrong_fact_kind", 10),
        ("选项 甲、乙，从重", "wrong_fact_kind", 14),
        ("选项 甲、乙，越大越轻", "wrong_fact_kind", 14),
        ("选项 甲、乙，件", "wrong_fact_kind", 14),
        ("日期列表，0 至 5", "wrong_fact_kind", 12),
        ("日期列表，从重", "wrong_fact_kind", 12),
        ("日期列表，元", "wrong_fact_kind", 12),
        ("整数，次，1 至 9，从重", "wrong_fact_kind", 18),
        ("整数，次，1 至 9，精确到 0.1", "wrong_fact_kind", 18),
        ("数，次，精确到 1，1 至 9，计 往日 1年内", "wrong_fact_kind", 23),
        ("金额，元，0 至 9，计 往日 1年内", "wrong_fact_kind", 18),
        ("金额，元，精确到 0.1，0 至 9", "wrong_fact_kind", 12),
        # What must be said and is not.
        ("整数，1 至 9", "question", 7),
        ("整数，次", "question", 7),
        ("数，平方米，0 至 9", "question", 7),
        ("数，精确到 0.1，0 至 9", "question", 7),
        ("金额，元", "question", 7),
        # A domain, a precision, a window that do not work.
        ("整数，次，9 至 1", "bad_domain", 12),
        ("整数，次，大于 5 至 5", "bad_domain", 15),
        ("整数，次，大于 5 至 小于 6", "bad_domain", 15),
        ("整数，次，1.5 至 9", "too_precise", 12),
        ("数，平方米，精确到 0.1，0 至 9.99", "too_precise", 21),
        ("整数，次，0 至 1234567890123456", "number_too_long", 12),
        ("数，平方米，精确到 0.02，0 至 9", "bad_domain", 17),
        ("数，平方米，精确到 10，0 至 9", "bad_domain", 17),
        ("数，平方米，精确到 0.0000001，0 至 9", "bad_domain", 17),
        ("整数，次，1 至 9，计 往日 0年内", "bad_domain", 23),
        ("整数，次，1 至 9，计 往日 21年内", "past_limit", 23),
        ("整数，次，1 至 9，计 往日 1.5年内", "bad_domain", 23),
        ("整数，元，1 至 9", "unit_mismatch", 10),
        # Choices.
        ("选项 甲", "bad_domain", 7),
        ("选项 甲、甲", "bad_domain", 7),
        ("选项 甲、罚款", "bad_name", 7),
        ("选项 甲、2乙", "bad_name", 7),
        ("选项", "cell_ends_early", 9),
        # Twice, or not a declaration at all.
        ("整数，次，次，1 至 9", "duplicate_name", 12),
        ("是否，从重，从轻", "duplicate_name", 13),
        ("罚款 50元", "cell_syntax", 7),
        ("是否 从重", "cell_syntax", 10),
        ("面积", "unknown_word", 7),
        ("整数，公尺，1 至 9", "unknown_word", 10),
    ],
)
def test_a_declaration_that_does_not_work_is_a_finding_at_its_word(text: str, code: str, column: int) -> None:
    found, complaints = declare(text)

    assert found is None
    assert [(each.code, each.place.column) for each in complaints.findings] == [(code, column)]


@pytest.mark.parametrize("name", ["面积", "a", "A1", "一年内次数", "非机动车", "é", "_x"])
def test_a_word_of_letters_may_be_a_name(name: str) -> None:
    usable = usable_name(name, "zh", "CNY")

    assert usable


@pytest.mark.parametrize(
    "name",
    [
        "",
        "5平方米",
        "面 积",
        "面积（大）",
        "面-积",
        "罚款",
        "且",
        "元",
        "平方米",
        "是否",
        "「甲」",
        "甲、乙",
        "字" * 41,
    ],
)
def test_a_word_of_the_language_or_not_a_word_may_not_be_a_name(name: str) -> None:
    found, complaints = declare("是否", name=name)

    assert found is None
    assert [(each.code, each.place.column) for each in complaints.findings] == [("bad_name", 3)]


def test_each_language_reserves_its_own_words() -> None:
    usable = {
        (name, language): usable_name(name, language, "CNY")
        for name in ("fine", "Fine", "罚款")
        for language in ("zh", "en")
    }

    assert usable == {
        ("fine", "zh"): True, ("Fine", "zh"): True, ("罚款", "zh"): False,
        ("fine", "en"): False, ("Fine", "en"): False, ("罚款", "en"): True,
    }  # fmt: skip


def test_a_declaration_that_is_no_text_is_a_finding() -> None:
    complaints = Complaints()
    at = Place("t.yaml", 2, 3)
    entries: dict[str, tuple[Scalar, Node]] = {"面积": (Scalar("面积", at), Listing([], at))}

    facts = [read_facts(node, "zh", True, complaints, "CNY") for node in (Mapping(entries, at), Listing([], at), None)]

    assert facts == [{}, {}, {}]
    assert [each.code for each in complaints.findings] == ["wrong_shape", "wrong_shape"]
