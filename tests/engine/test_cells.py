"""Conditions, outcomes and statutory ranges: what a cell says, and what is said about a cell that says nothing."""

from fractions import Fraction

import pytest

from engine.cells import Builder
from engine.conventions import read_rounding, read_validity
from engine.errors import Complaints
from engine.expressions import Bounds
from engine.fact import NOWHERE, Cell, Fact, Language, Place
from engine.lexer import PLAIN, NameKind
from engine.measures import (
    ConfiscateGains,
    ConfiscateGoods,
    Educate,
    Fine,
    NoPenalty,
    OrderToCorrect,
    RevokeLicence,
    Warn,
)
from engine.tree import All, Any, Compare, Condition, Is, Not, OneOf
from engine.yamltext import Scalar
from tests.engine.kit import bare, fixed, multiple, per_unit

CELL = Cell(text="", place=NOWHERE)
FACTS = {
    fact.name: fact
    for fact in (
        Fact(name="面积", kind="number", unit="m2", scale=2, low=0, high=10_000, cell=CELL),
        Fact(name="次数", kind="integer", unit="times", low=1, high=99, cell=CELL),
        Fact(name="违法所得", kind="money", unit="yuan", scale=2, low=0, high=10**9, cell=CELL),
        Fact(name="主动改正", kind="yes_no", cell=CELL),
        Fact(name="拒不改正", kind="yes_no", cell=CELL),
        Fact(name="地段", kind="choice", choices=("主街", "小巷", "广场"), cell=CELL),
        Fact(name="往日", kind="days", cell=CELL),
    )
}
CORRECTED, REFUSED = Is(fact="主动改正"), Is(fact="拒不改正")
AT = Place("t.yaml", 5, 11)


def builder(language: Language = "zh", *, bounds: Bounds = "inclusive") -> Builder:
    names: dict[str, NameKind] = dict.fromkeys(FACTS, "FACT")
    names.update(dict.fromkeys(FACTS["地段"].choices, "OPTION"))
    return Builder(FACTS, PLAIN[language].knowing(names), Complaints(language), bounds)


def condition(text: str, language: Language = "zh", *, bounds: Bounds = "inclusive") -> Condition | None:
    return builder(language, bounds=bounds).condition(Scalar(text, AT))


def area(op: str, value: int) -> Compare:
    return Compare(fact="面积", op=op, value=value)  # type: ignore[arg-type]  # the tests spell operators as text


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("面积 ≤ 2", area("<=", 200)),
        ("面积≤2.5平方米", area("<=", 250)),
        ("面积 不超过 2.50 ㎡", area("<=", 250)),
        ("5 ≥ 面积", area("<=", 500)),
        ("5 < 面积", area(">", 500)),
        ("5 > 面积", area("<", 500)),
        ("5 ≤ 面积", area(">=", 500)),
        ("5 = 面积", area("=", 500)),
        ("5 ≠ 面积", area("!=", 500)),
        ("2 < 面积 ≤ 5", All(parts=(area(">", 200), area("<=", 500)))),
        ("5 ≥ 面积 > 2", All(parts=(area("<=", 500), area(">", 200)))),
        ("面积 > 2 且 面积 ≤ 5", All(parts=(area(">", 200), area("<=", 500)))),
        ("2平方米 < 面积 ≤ 5平方米", All(parts=(area(">", 200), area("<=", 500)))),
        ("面积不满5平方米", area("<", 500)),
        ("面积低于5", area("<", 500)),
        ("面积高于5", area(">", 500)),
        ("面积至少5", area(">=", 500)),
        ("面积至多5", area("<=", 500)),
        ("面积等于5", area("=", 500)),
        ("次数为3", Compare(fact="次数", op="=", value=3)),
        ("次数不为3", Compare(fact="次数", op="!=", value=3)),
        ("违法所得 > 5元", Compare(fact="违法所得", op=">", value=500)),
        ("违法所得 > 5万元", Compare(fact="违法所得", op=">", value=5_000_000)),
        ("违法所得 > 0.05万元", Compare(fact="违法所得", op=">", value=50_000)),
        ("违法所得 > 5分", Compare(fact="违法所得", op=">", value=5)),
        ("违法所得 > 5", Compare(fact="违法所得", op=">", value=500)),
        ("主动改正", CORRECTED),
        ("非主动改正", Not(part=CORRECTED)),
        ("未有主动改正", Not(part=CORRECTED)),
        ("非非主动改正", Not(part=Not(part=CORRECTED))),
        ("非（主动改正）", Not(part=CORRECTED)),
        ("地段 为 主街", OneOf(fact="地段", choices=("主街",))),
        ("地段=主街", OneOf(fact="地段", choices=("主街",))),
        ("地段 不为 主街", Not(part=OneOf(fact="地段", choices=("主街",)))),
        ("地段 属于 主街、广场", OneOf(fact="地段", choices=("主街", "广场"))),
        ("地段 属于 主街", OneOf(fact="地段", choices=("主街",))),
        ("非地段属于主街、广场", Not(part=OneOf(fact="地段", choices=("主街", "广场")))),
    ],
)
def test_a_condition_is_read_as_its_tree(text: str, tree: Condition) -> None:
    found = condition(text)

    assert found == tree


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("主动改正 或 拒不改正 且 面积 > 5", Any(parts=(CORRECTED, All(parts=(REFUSED, area(">", 500)))))),
        ("（主动改正 或 拒不改正）且 面积 > 5", All(parts=(Any(parts=(CORRECTED, REFUSED)), area(">", 500)))),
        ("非主动改正 且 拒不改正", All(parts=(Not(part=CORRECTED), REFUSED))),
        ("非（主动改正 且 拒不改正）", Not(part=All(parts=(CORRECTED, REFUSED)))),
        ("主动改正 或者 拒不改正 并且 主动改正", Any(parts=(CORRECTED, All(parts=(REFUSED, CORRECTED))))),
        ("((主动改正))", CORRECTED),
        ("(主动改正 且 (拒不改正 且 主动改正))", All(parts=(CORRECTED, All(parts=(REFUSED, CORRECTED))))),
    ],
)
def test_and_binds_closer_than_or_and_parentheses_closest(text: str, tree: Condition) -> None:
    found = condition(text)

    assert found == tree


@pytest.mark.parametrize(
    ("text", "inclusive", "exclusive"),
    [
        ("面积5以上", ">=", ">"),
        ("面积5平方米以下", "<=", "<"),
        ("面积 5 平方米 以上", ">=", ">"),
        ("面积5以下", "<=", "<"),
    ],
)
def test_or_more_and_or_less_mean_what_the_regime_says(text: str, inclusive: str, exclusive: str) -> None:
    found = [condition(text, bounds="inclusive"), condition(text, bounds="exclusive")]

    assert found == [area(inclusive, 500), area(exclusive, 500)]


@pytest.mark.parametrize("bounds", ["inclusive", "exclusive", "more_only"])
def test_the_convention_touches_no_other_comparison(*, bounds: Bounds) -> None:
    found = condition("面积 ≥ 2 且 面积不超过5", bounds=bounds)

    assert found == All(parts=(area(">=", 200), area("<=", 500)))


@pytest.mark.parametrize(
    ("zh", "en"),
    [
        ("2 < 面积 ≤ 5", "2 < 面积 <= 5"),
        ("面积5平方米以上", "面积 5 square metres or more"),
        ("非主动改正 且 地段 属于 主街、广场", "not 主动改正 and 地段 in 主街 / 广场"),
        ("地段 不为 主街 或 次数 超过 3", "地段 is not 主街 or 次数 more than 3"),
        ("违法所得 不足 5万元", "违法所得 below 5 ten thousand yuan"),
    ],
)
def test_chinese_and_english_give_one_tree(zh: str, en: str) -> None:
    trees = condition(zh), condition(en, "en")

    assert trees[0] == trees[1] is not None


@pytest.mark.parametrize(
    ("text", "measures"),
    [
        ("罚款 50元", (Fine(amount=fixed(5_000)),)),
        ("罚款0.5元", (Fine(amount=fixed(50)),)),
        ("罚款 5万元", (Fine(amount=fixed(5_000_000)),)),
        ("罚款 5分", (Fine(amount=fixed(5)),)),
        ("罚款 每平方米1000元 × 面积", (Fine(amount=per_unit(100_000, "面积")),)),
        ("罚款 1000元 × 面积", (Fine(amount=per_unit(100_000, "面积")),)),
        ("罚款 1.5倍 × 违法所得", (Fine(amount=multiple(Fraction(3, 2), "违法所得")),)),
        ("罚款 1.5倍乘违法所得", (Fine(amount=multiple(Fraction(3, 2), "违法所得")),)),
        ("警告", (Warn(),)),
        ("没收 违法所得", (ConfiscateGains(fact="违法所得"),)),
        ("没收「工具」", (ConfiscateGoods(goods="工具"),)),
        ("吊销「许可证」", (RevokeLicence(licence="许可证"),)),
        ("责令改正", (OrderToCorrect(),)),
        ("教育", (Educate(),)),
        ("不予处罚", (NoPenalty(),)),
        ("警告，罚款 50元；没收「工具」", (Warn(), Fine(amount=fixed(5_000)), ConfiscateGoods(goods="工具"))),
    ],
)
def test_an_outcome_is_read_as_its_measures(text: str, measures: tuple[object, ...]) -> None:
    found = builder().outcome(Scalar(text, AT))

    assert found == measures


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("罚款 50元 至 500元", fixed(5_000), fixed(50_000)),
        ("罚款 200元", fixed(20_000), fixed(20_000)),
        ("罚款 5万元到50万元", fixed(5_000_000), fixed(50_000_000)),
        ("罚款 每平方米500元 至 2000元 × 面积", per_unit(50_000, "面积"), per_unit(200_000, "面积")),
        ("罚款 每平方米500元 × 面积", per_unit(50_000, "面积"), per_unit(50_000, "面积")),
        (
            "罚款 1倍 至 2倍 × 违法所得",
            multiple(Fraction(1), "违法所得"),
            multiple(Fraction(2), "违法所得"),
        ),
        (
            "罚款 2倍 × 违法所得",
            multiple(Fraction(2), "违法所得"),
            multiple(Fraction(2), "违法所得"),
        ),
    ],
)
def test_a_statutory_range_is_read_as_two_amounts(text: str, low: object, high: object) -> None:
    found = builder().statutory(Scalar(text, AT))

    assert found == (low, high)


@pytest.mark.parametrize(
    ("start", "text", "code", "column"),
    [
        ("condition", "面积", "wrong_fact_kind", 11),
        ("condition", "主动改正 > 5", "wrong_fact_kind", 11),
        ("condition", "主动改正 为 主街", "wrong_fact_kind", 11),
        ("condition", "往日 > 5", "wrong_fact_kind", 11),
        ("condition", "往日", "wrong_fact_kind", 11),
        ("condition", "地段", "wrong_fact_kind", 11),
        ("condition", "地段 > 5", "wrong_fact_kind", 11),
        ("condition", "地段 > 主街", "wrong_fact_kind", 11),
        ("condition", "面积 > 次数", "unit_mismatch", 16),
        ("condition", "面积 属于 主街", "wrong_fact_kind", 11),
        ("condition", "面积 = 主街", "wrong_fact_kind", 11),
        ("condition", "地段 属于 5", "unknown_choice", 17),
        ("condition", "地段 属于 主街、5", "unknown_choice", 20),
        ("condition", "地段 属于 主街、面积", "unknown_choice", 20),
        ("condition", "2 < 5", "cell_syntax", 11),
        ("condition", "主街 = 地段", "wrong_fact_kind", 11),
        ("condition", "面积 > 5次", "unit_mismatch", 17),
        ("condition", "面积 > 5元", "unit_mismatch", 17),
        ("condition", "违法所得 > 5次", "unit_mismatch", 19),
        ("condition", "面积 > 5.001", "too_precise", 16),
        ("condition", "次数 > 1.5", "too_precise", 16),
        ("condition", "违法所得 > 5.5分", "too_precise", 18),
        ("condition", "面积 > 1234567890123456", "number_too_long", 16),
        ("condition", "违法所得 > 999999999999999万元", "number_too_long", 18),
        ("condition", "面积 >", "cell_ends_early", 15),
        ("condition", "面积 > 5 且", "cell_ends_early", 19),
        ("condition", "(主动改正", "cell_ends_early", 16),
        ("condition", "主动改正)", "cell_syntax", 15),
        ("condition", "且 主动改正", "cell_syntax", 11),
        ("condition", "面积 > > 5", "cell_syntax", 16),
        ("condition", "面积 5", "cell_ends_early", 15),
        ("condition", "主动改正 主动改正", "cell_ends_early", 20),
        ("condition", "罚款 50元", "cell_syntax", 11),
        ("outcome", "罚款 50元，罚款 60元", "two_fines", 11),
        ("outcome", "不予处罚，警告", "no_penalty_with_others", 11),
        ("outcome", "罚款", "cell_ends_early", 13),
        ("outcome", "罚款 50", "not_money", 14),
        ("outcome", "罚款 每平方米50元", "unit_mismatch", 15),
        ("outcome", "罚款 每次50元 × 面积", "unit_mismatch", 15),
        ("outcome", "罚款 50元 × 违法所得", "unit_mismatch", 18),
        ("outcome", "罚款 2倍 × 面积", "not_money", 14),
        ("outcome", "罚款 2倍", "not_money", 14),
        ("outcome", "罚款 0.001元", "too_precise", 14),
        ("outcome", "罚款 9999999999999万元", "number_too_long", 14),
        ("outcome", "没收 面积", "wrong_fact_kind", 14),
        ("outcome", "没收", "cell_ends_early", 13),
        ("outcome", "警告 警告", "cell_syntax", 14),
        ("statutory", "罚款 50元 至", "cell_ends_early", 19),
        ("statutory", "罚款 50元 至 2倍", "not_money", 20),
        ("statutory", "50元 至 500元", "cell_syntax", 11),
    ],
)
def test_a_cell_that_does_not_work_is_a_finding_at_its_word(start: str, text: str, code: str, column: int) -> None:
    reader = builder()

    built = getattr(reader, start)(Scalar(text, AT))

    assert built is None
    assert [(each.code, each.place) for each in reader.complaints.findings] == [(code, Place("t.yaml", 5, column))]


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("text", ["主动改正 > 5", "面积 > 5", "面积 >", "地段 = 5", "面积", "(", "面积 1"])
def test_every_message_is_one_line_without_type_names(text: str, language: Language) -> None:
    reader = builder(language)
    reader.condition(Scalar(text, AT))

    messages = [str(each) for each in reader.complaints.findings]

    assert all("\n" not in message and "Token" not in message and "None" not in message for message in messages)


def test_what_could_stand_there_is_said_in_the_words_of_the_language() -> None:
    reader = builder()
    reader.condition(Scalar("面积 > > 5", AT))

    (finding,) = reader.complaints.findings

    assert bare(finding.message) == "读到>读不通，这里可以是事实名称、选项、数字、括号或算式"


def test_a_yes_or_no_fact_that_is_compared_is_offered_bare() -> None:
    reader = builder()
    reader.condition(Scalar("主动改正 = 1", AT))

    (finding,) = reader.complaints.findings

    assert bare(finding.repair) == "直接写主动改正或非主动改正"


def test_nesting_is_bounded() -> None:
    reader = builder()

    deepest = reader.condition(Scalar("(" * 20 + "主动改正" + ")" * 20, AT))
    deeper = reader.condition(Scalar("(" * 21 + "主动改正" + ")" * 21, AT))

    assert deepest == CORRECTED
    assert deeper is None
    assert [(each.code, each.place.column) for each in reader.complaints.findings] == [("cell_too_deep", 31)]


@pytest.mark.parametrize("text", ["(" * 3_000, "非" * 3_000 + "主动改正", "((((非" * 500])
def test_hostile_nesting_is_refused_before_it_is_parsed(text: str) -> None:
    reader = builder()

    built = reader.condition(Scalar(text, AT))

    assert built is None
    assert [each.code for each in reader.complaints.findings] == ["cell_too_deep"]


def test_a_long_flat_condition_is_fine() -> None:
    text = " 或 ".join(["(面积 > 5 且 主动改正)"] * 200)

    found = condition(text)

    assert isinstance(found, Any)
    assert len(found.parts) == 200


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("start", ["condition", "outcome", "statutory"])
@pytest.mark.parametrize("text", ["", " ", "，", "(", ")", "\u3000", "\n", "5", "「甲」", "2023-12-15"])
def test_a_cell_without_sense_is_always_a_finding(text: str, start: str, language: Language) -> None:
    reader = builder(language)

    built = getattr(reader, start)(Scalar(text, AT))

    assert built is None
    assert len(reader.complaints.findings) == 1


def test_days_in_force_are_read_open_and_closed() -> None:
    complaints = Complaints()

    read = [read_validity(Scalar(text, AT), "zh", complaints) for text in ("2023-12-15 起", "2023-12-15至2028-12-14")]

    assert [str(each and each.first) for each in read] == ["2023-12-15", "2023-12-15"]
    assert [str(each and each.last) for each in read] == ["None", "2028-12-14"]


@pytest.mark.parametrize(
    ("text", "code", "column"),
    [
        ("2023-02-30 起", "bad_day", 11),
        ("2023-12-15 至 2028-02-30", "bad_day", 24),
        ("2028-12-14 至 2023-12-15", "upside_down_validity", 11),
        ("2023-12-15", "cell_ends_early", 21),
        ("2023-12", "cell_syntax", 11),
        ("起", "cell_syntax", 11),
        ("1799-01-01 起", "bad_day", 11),
    ],
)
def test_days_in_force_that_do_not_work_are_findings(text: str, code: str, column: int) -> None:
    complaints = Complaints()

    read = read_validity(Scalar(text, AT), "zh", complaints)

    assert read is None
    assert [(each.code, each.place.column) for each in complaints.findings] == [(code, column)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1分，舍去", (1, "floor")),
        ("10元，四舍五入", (1_000, "half_up")),
        ("0.1元，进位", (10, "ceiling")),
        ("1万元；舍去", (1_000_000, "floor")),
    ],
)
def test_rounding_is_a_step_and_a_direction(text: str, expected: object) -> None:
    read = read_rounding(Scalar(text, AT), "zh", Complaints(), "CNY")

    assert read == expected


@pytest.mark.parametrize(
    ("text", "code"),
    [("0元，舍去", "bad_domain"), ("0.5分，舍去", "too_precise"), ("10元", "cell_ends_early"), ("舍去", "cell_syntax")],
)
def test_rounding_that_does_not_work_is_a_finding(text: str, code: str) -> None:
    complaints = Complaints()

    read = read_rounding(Scalar(text, AT), "zh", complaints, "CNY")

    assert read is None
    assert [each.code for each in complaints.findings] == [code]
