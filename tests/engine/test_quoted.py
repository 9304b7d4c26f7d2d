"""What a clause of law says of a fine is read as a person reads it, and nothing else in it is taken for a fine."""

from collections import Counter
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.numerals import lower_of, numeral
from engine.proof import Shown, Verdict
from engine.prove_quoted import quoted_range, verdict_on
from engine.quoted import Of, Stated, ranges_in
from engine.rule import Rule
from engine.tree import Arithmetic, Expr, Money, Number
from tests.engine.kit import RULE, book, changed, fixed, shipped

Read = tuple[Of, Fraction | None, Fraction | None, int]
Number_ = int | str | None


def yuan(low: Number_, high: Number_, each: int = 0) -> Read:
    return "money", _times(low, 100), _times(high, 100), each


def times(low: Number_, high: Number_) -> Read:
    return "multiple", _times(low, 1), _times(high, 1), 0


def share(low: Number_, high: Number_, each: int = 0) -> Read:
    """A share in percent."""
    return "share", _times(low, Fraction(1, 100)), _times(high, Fraction(1, 100)), each


def _times(value: Number_, by: int | Fraction) -> Fraction | None:
    return None if value is None else Fraction(value) * by


def read(clause: str) -> list[Read]:
    return [(each.of, each.low, each.high, each.each) for each in ranges_in(clause)]


# Clauses as the shipped rules and the collected laws quote them; the figures are read by hand.
CLAUSES: dict[str, list[Read]] = {
    # two ends
    "处五十元以上二百元以下罚款": [yuan(50, 200)],
    "处二千元以上二万元以下罚款": [yuan(2000, 20_000)],
    "处一千元以上一万元以下罚款": [yuan(1000, 10_000)],
    "处五万元以上五十万元以下罚款": [yuan(50_000, 500_000)],
    "对单位处十万元以上一百万元以下罚款，对个人处一百元以上五百元以下罚款": [yuan(100_000, 10**6), yuan(100, 500)],
    "情节严重的，对单位处五万元以上五十万元以下罚款；[个人] 对个人处二百元罚款": [
        yuan(50_000, 500_000),
        yuan(200, 200),
    ],
    "处五万元以上十万元以下罚款；情节严重的，处十万元以上五十万元以下罚款": [
        yuan(50_000, 100_000),
        yuan(100_000, 500_000),
    ],
    "对单位处两万元以上五万元以下罚款；情节严重的，对单位处五万元以上十万元以下罚款；个人情节严重处一千元罚款": [
        yuan(20_000, 50_000),
        yuan(50_000, 100_000),
        yuan(1000, 1000),
    ],
    "处警告或者五元以上五十元以下罚款；非机动车驾驶人拒绝接受罚款处罚的，可以扣留其非机动车。": [yuan(5, 50)],
    "饮酒后驾驶机动车的，处暂扣六个月机动车驾驶证，并处一千元以上二千元以下罚款。": [yuan(1000, 2000)],
    "再次饮酒后驾驶机动车的，处十日以下拘留，并处一千元以上二千元以下罚款，吊销机动车驾驶证。": [yuan(1000, 2000)],
    "可以处五百元以上二千元以下罚款。": [yuan(500, 2000)],
    "并可处以二百元以上二千元以下的罚款。": [yuan(200, 2000)],
    "给予警告或者处以300元以上3000元以下罚款": [yuan(300, 3000)],
    "并处以5万元以上10万元以下罚款": [yuan(50_000, 100_000)],
    "可以根据所造成的危害和损失处以1万元以上10万元以下的罚款": [yuan(10_000, 100_000)],
    "由有关自然保护区行政主管部门给予300元以上3000元以下的罚款": [yuan(300, 3000)],
    "处５万元以上５０万元以下的罚款": [yuan(50_000, 500_000)],
    "处１．５万元以上3．5万元以下罚款": [yuan(15_000, 35_000)],
    "处五〇〇元以上二〇〇〇元以下罚款": [yuan(500, 2000)],
    "处五万元以上、二十万元以下的罚款": [yuan(50_000, 200_000)],
    "处二万以上二十万元以下的罚款;拒不改正的，责令停产整治。": [yuan(20_000, 200_000)],
    "处 5000 元以上 2 万元以下的罚款": [yuan(5000, 20_000)],
    "罰鍰6000元至30000元": [yuan(6000, 30_000)],
    "處新臺幣六千元以上三萬元以下罰鍰": [yuan(6000, 30_000)],
    "法定罚则20–50元": [yuan(20, 50)],
    "处1000元以上5000元以下罚款，处以1—3万元罚款": [yuan(1000, 5000), yuan(10_000, 30_000)],
    # one end, and fixed amounts
    "拒不改正的，可以处五十元以下罚款。": [yuan(None, 50)],
    "违法所得无法确定的，处5万元以下的罚款": [yuan(None, 50_000)],
    "并处1万元以下罚款": [yuan(None, 10_000)],
    "可以并处5000元以下的罚款": [yuan(None, 5000)],
    "并可以按照应建防空地下室面积每平方米四十元以上八十元以下的标准处以罚款，但最高不得超过十万元。": [
        yuan(40, 80, 1),
        yuan(None, 100_000),
    ],
    "罚款上限100元": [yuan(None, 100)],
    "没有违法所得的最高五十万元": [yuan(None, 500_000)],
    "处十五日拘留，并处五千元罚款，吊销机动车驾驶证，五年内不得重新取得机动车驾驶证。": [yuan(5000, 5000)],
    "由公安机关交通管理部门处警告或者五十元罚款。": [yuan(50, 50)],
    "可以处三千元罚款；未指派专业人员到现场指导的，可以处五千元罚款": [yuan(3000, 3000), yuan(5000, 5000)],
    # for each of something
    "按照占地面积处每平方米一千元罚款，并处没收违法堆放、摆卖的物品": [yuan(1000, 1000, 1)],
    "按照每处设施处五千元以上二万元以下罚款": [yuan(5000, 20_000, 1)],
    "按照占用或者拆除立体绿化面积每平方米五百元以上二千元以下的标准处以罚款": [yuan(500, 2000, 1)],
    "每超养一只并处二百元以上五百元以下罚款。": [yuan(200, 500, 1)],
    "可以处所占用绿地面积每平方米每日五十元以上二百元以下罚款。": [yuan(50, 200, 2)],
    "处每次5千元以上2万元以下的罚款": [yuan(5000, 20_000, 1)],
    "并可以处每车次五百元以上一千元以下的罚款": [yuan(500, 1000, 1)],
    "处100元/平方米的罚款": [yuan(100, 100, 1)],
    "处每台非道路移动机械一百元罚款。": [yuan(100, 100, 1)],
    "对个人处每平方米二元罚款，对单位处每平方米五元以上十元以下罚款": [yuan(2, 2, 1), yuan(5, 10, 1)],
    # multiples and shares
    "处赔偿额一至二倍罚款": [times(1, 2)],
    "处所收费用1倍以上3倍以下的罚款": [times(1, 3)],
    "处所需处置费用三倍以上五倍以下的罚款，所需处置费用不足二十万元的，按二十万元计算": [times(3, 5)],
    "可以并处违法所得三倍以下的罚款": [times(None, 3)],
    "并处依照规定投保最低责任限额应缴纳的保险费的二倍罚款。": [times(2, 2)],
    "并可以对建设单位处绿化工程投资额1倍以下的罚款；未达到审定比例的，处绿化补偿费3至5倍的罚款": [
        times(None, 1),
        times(3, 5),
    ],
    "处建设项目总投资额百分之一以上百分之五以下的罚款": [share(1, 5)],
    "处上一年度从本单位取得的收入百分之五十以下的罚款": [share(None, 50)],
    "处建设工程造价百分之五以上百分之十以下的罚款；不能拆除的，没收实物，可以并处百分之十以下的罚款": [
        share(5, 10),
        share(None, 10),
    ],
    "没收违法所得，违法所得50％以下": [share(None, 50)],
    "处10%以上20%以下的罚款": [share(10, 20)],
    "按照直接损失的百分之三十计算罚款，但是最高不超过一百万元": [share(30, 30), yuan(None, 10**6)],
    "按照事故造成的直接经济损失的一倍以上三倍以下计算罚款": [times(1, 3)],
    "对用人单位处以不缴或者欠缴费额百分之五十以上二倍以下的罚款": [times("1/2", 2)],
    "每日按罚款数额的百分之三加处罚款": [share(3, 3, 1)],
    "根据情节处以违法所得一倍以上三倍以下或者五千元以上五万元以下的罚款": [times(1, 3), yuan(5000, 50_000)],
    # amounts of a condition
    "货值金额不足一万元的，并处五万元以上十万元以下罚款；货值金额一万元以上的，并处货值金额十倍以上二十倍以下罚款": [
        yuan(50_000, 100_000),
        times(10, 20),
    ],
    "违法所得十万元以上的，并处违法所得一倍以上五倍以下罚款；"
    "没有违法所得或者违法所得不足十万元的，并处一万元以上十万元以下罚款": [
        times(1, 5),
        yuan(10_000, 100_000),
    ],
    "货运机动车超过核定载质量的，处二百元以上五百元以下罚款；"
    "超过核定载质量百分之三十或者违反规定载客的，处五百元以上二千元以下罚款": [
        yuan(200, 500),
        yuan(500, 2000),
    ],
    "违法所得2000元以上不足1万元的，从轻处罚": [],
    # no fine word at all: a summary is its range
    "二千元以下；情节严重的二千元以上一万元以下": [yuan(None, 2000), yuan(2000, 10_000)],
    "单位三千元以下、个人二百元以下": [yuan(None, 3000), yuan(None, 200)],
    "18万以上20万元以下": [yuan(180_000, 200_000)],
    # English
    "A fine of not less than 50 yuan and not more than 200 yuan shall be imposed.": [yuan(50, 200)],
    "is liable to a fine of up to 16,131 dollars": [yuan(None, 16_131)],
    "shall be fined not less than one time but not more than three times the illegal gains": [times(1, 3)],
    "a fine of between $500 and $1,000": [yuan(500, 1000)],
    "a penalty not exceeding RMB 50,000": [yuan(None, 50_000)],
    "a fine of 200 yuan for each dog": [yuan(200, 200, 1)],
    "a fine of 5% to 10% of the cost": [share(5, 10)],
    "where the value exceeds 10,000 yuan, a fine of 10 to 20 times the value": [times(10, 20)],
    "a fine of 1 to 2 million dollars": [yuan(10**6, 2 * 10**6)],
}


@pytest.mark.parametrize(("clause", "ranges"), CLAUSES.items(), ids=range(len(CLAUSES)))
def test_a_clause_states_the_ranges_a_person_reads_in_it(clause: str, ranges: list[Read]) -> None:
    assert read(clause) == ranges


@pytest.mark.parametrize(
    "text",
    [
        "违反本条例第四十一条第一款、第三款、第二十二项规定的，处以罚款",
        "二〇二三年十二月十五日起施行，2023-11-23公布，处以罚款",
        "三十日内改正的，处五日以上十五日以下拘留，可以处罚款",
        "2023年元月，3单元，5元件，二元结构，超标排放的倍数在0.1倍以下，应当处以罚款",
        "超标0.5倍以上的，处以罚款",
        "受到两次以上行政处罚，违法所得5万元以上",
        "涉案金额一万元以上三万元以下的，依法给予处分",
        "处数百元罚款，处几十元罚款，处三五元罚款，处十余万元罚款",
        "处一百五元罚款，处三万五元以下罚款",
        # What stands there cannot be read, and half of it would be another range.
        "可以并处货值金额等值以上三倍以下罚款",
        "处违法所得三倍以上但不超过五万元罚款",
        "处二千元以上二万元下罚款",
        "处百分之二十以上百分之三十的罚款",
        "one of the 3 dogs over 20 kg, article 41, 2023-01-02, a fine applies",
        "a fine applies where the value is not less than 10,000 yuan",
        "",
    ],
)
def test_what_is_no_range_of_a_fine_is_not_read_as_one(text: str) -> None:
    assert read(text) == []


def test_a_range_says_where_it_was_read() -> None:
    clause = "第四十一条 逾期不改正的，处每平方米５００元以上二千元以下罚款。"

    (found,) = ranges_in(clause)

    assert found == Stated(
        of="money",
        low=Fraction(50_000),
        high=Fraction(200_000),
        each=1,
        text="每平方米５００元以上二千元以下",
        start=clause.index("每"),
    )


def test_an_upper_end_that_is_itself_left_out_is_told() -> None:
    (found,) = ranges_in("处1000元以上不满6000元的罚款")

    assert (found.low, found.high, found.high_open) == (Fraction(100_000), Fraction(600_000), True)


SCRAPS = (
    "处 并处 罚款 的 ， 。 每 五十 二万 500 １.5 元 万元 倍 % 百分之 以上 以下 至 不超过 最高 fine of 20 yuan to and"
)


@given(st.lists(st.sampled_from(SCRAPS.split()) | st.just(" ") | st.text(max_size=3), max_size=20).map("".join))
def test_whatever_a_clause_says_a_range_has_an_end_and_stands_where_it_says(clause: str) -> None:
    for each in ranges_in(clause):
        assert clause.startswith(each.text, each.start)
        assert each.low is not None or each.high is not None


@pytest.mark.parametrize(
    "text", ["一" * 50_000, "一〇" * 50_000, "5" + " " * 50_000, "每处五" * 10_000, "1,000" * 10_000]
)
def test_a_clause_of_any_length_is_read(text: str) -> None:
    assert len(read(f"处{text}元罚款")) <= 1


# --- numerals


def chinese(number: int) -> str:
    """Write a number in Chinese numerals, the way laws do."""
    if number >= 10_000:
        unit, sign = (10**8, "亿") if number >= 10**8 else (10**4, "万")
        head, rest = divmod(number, unit)
        return chinese(head) + sign + (_gap(rest, unit) + chinese(rest) if rest else "")
    for unit, sign in ((1000, "千"), (100, "百"), (10, "十")):
        if number >= unit:
            head, rest = divmod(number, unit)
            return chinese(head) + sign + (_gap(rest, unit) + chinese(rest) if rest else "")
    return "零一二三四五六七八九"[number]


def _gap(rest: int, unit: int) -> str:
    return "零" if rest * 10 < unit else ""


@given(st.integers(1, 10**12 - 1))
def test_a_number_in_chinese_numerals_is_read_back(number: int) -> None:
    assert numeral(chinese(number)) == number


@given(st.integers(1, 10**12 - 1))
def test_a_number_shortened_as_people_write_it_is_read_back(number: int) -> None:
    text = chinese(number)
    short = text.removeprefix("一") if text.startswith("一十") else text

    assert numeral(short.replace("二千", "两千").replace("二万", "两万").replace("零", "〇")) == number


@given(st.text("〇零一二两三四五六七八九十百千万亿", max_size=8))
def test_a_numeral_that_is_read_is_the_one_way_or_a_known_variant_of_writing_it(text: str) -> None:
    number = numeral(text)

    if number is not None:
        plain = text.replace("〇", "零").replace("两", "二")
        digits = "".join(str("零一二三四五六七八九".find(sign)) for sign in plain)
        assert digits == str(number) or _loose(chinese(int(number))) == _loose(plain)


def _loose(text: str) -> str:
    """Leave out what writers leave out: the 一 of 一十, and the 零 before a smaller unit."""
    return text.replace("一十", "十").replace("零", "")


@pytest.mark.parametrize(
    ("lower", "higher", "value"),
    [
        ("3", "5万", 30_000),
        ("500", "1万", 500),
        ("五", "十万", 50_000),
        ("三", "五千", 3000),
        ("1", "2 million", 10**6),
    ],
)
def test_the_lower_of_two_numbers_shares_a_unit_only_where_it_stays_lower(lower: str, higher: str, value: int) -> None:
    assert lower_of(lower, higher) == value


# --- rules


def declaring(range_: str, quote: str, *changes: tuple[str, str]) -> Rule:
    """Write a rule with this statutory range, no table, and this quote."""
    head, _table = RULE.split("裁量表:")
    text = changed(head, ("罚款 50元 至 500元", range_), ("处五十元以上五百元以下罚款。", quote), *changes)
    table = "缺陷: [{种类: 未公布裁量基准, 说明: 没有基准}]\n"
    table += "用例: [{名: 没有基准, 日: 2026-11-01, 给: {}, 得: 拒绝 未公布裁量基准}]\n"
    (rule,) = book(text + table).rules.values()
    return rule


def found(rule: Rule) -> tuple[Verdict, list[Shown]]:
    findings = list(quoted_range(rule))
    return verdict_on(rule, findings), findings


@pytest.mark.parametrize(
    ("range_", "quote"),
    [
        ("罚款 50元 至 500元", "处五十元以上五百元以下罚款"),
        ("罚款 500元 以下", "可以处五百元以下罚款"),
        ("罚款 0元 至 500元", "可以处五百元以下罚款"),
        ("罚款 200元", "处二百元罚款"),
        ("罚款 1倍 至 3倍 × 违法所得", "处违法所得一倍以上三倍以下罚款"),
        ("罚款 50% × 违法所得 以下", "处违法所得0.5倍以下罚款"),
        ("罚款 每平方米500元 至 2000元 × 面积", "按每平方米五百元以上二千元以下处以罚款"),
        ("罚款 50元 至 200元 × 面积 × 次数", "处每平方米每次五十元以上二百元以下罚款"),
    ],
)
def test_a_declared_range_that_the_clause_states_is_proved(range_: str, quote: str) -> None:
    assert found(declaring(range_, quote)) == ("proved", [])


@pytest.mark.parametrize(
    ("range_", "quote"),
    [
        ("罚款 50元 至 400元", "处五十元以上五百元以下罚款"),
        ("罚款 50元 至 5000元", "处五十元以上五百元以下罚款"),
        ("罚款 500元 以下", "处五十元以上五百元以下罚款"),
        ("罚款 50元 以上", "处五十元以上五百元以下罚款"),
        ("罚款 1倍 至 5倍 × 违法所得", "处违法所得一倍以上三倍以下罚款"),
        ("罚款 50元 至 500元 × 面积", "处每平方米五十元以上二百元以下罚款"),
    ],
)
def test_a_declared_range_that_is_not_the_only_one_of_its_kind_in_the_clause_is_refuted(
    range_: str, quote: str
) -> None:
    verdict, (finding,) = found(declaring(range_, quote))

    assert verdict == finding.verdict == "refuted"
    assert finding.place.file == "r/t-1.yaml"
    assert finding.zh.startswith(f"法定幅度写的是 {range_}；所引条文里读到：“")
    assert finding.zh.endswith("请核对，或者把条文引全")


@pytest.mark.parametrize(
    ("range_", "quote"),
    [
        ("罚款 50元 至 500元", "处以罚款"),
        ("罚款 50元 至 500元", "处违法所得一倍以上三倍以下罚款"),
        ("罚款 50元 至 500元", "处五元以上五十元以下罚款；情节严重的，处五十元以上二百元以下罚款"),
        # One offence is not each offence.
        ("罚款 50元 至 500元", "处每次五十元以上五百元以下罚款"),
        ("罚款 50元 至 500元 × 面积", "处每平方米每日五十元以上五百元以下罚款"),
        # What a named value hides is not seen.
        ("罚款 1倍 × 最高额 以下", "处违法所得一倍以下罚款"),
        ("罚款 较小者(30% × 违法所得, 100元)", "处违法所得百分之三十的罚款，最高不超过一百元"),
        # Without an end there is nothing to compare.
        ("罚款 0元 以上", "处五十元以上五百元以下罚款"),
        ("罚款 50元 至 500元", "处五十元以上不满五百元罚款"),
        ("罚款 50元 至 500元", "五十元以上五百元以下（来源归纳，不是条文）"),
    ],
)
def test_what_no_clause_states_for_certain_is_a_question(range_: str, quote: str) -> None:
    named = ("裁量表:", "裁量表:") if "最高额" not in range_ else ("事实:", "计算: {最高额: 3 × 违法所得}\n事实:")
    rule = declaring(range_, quote, *([named] if "最高额" in range_ else []))
    verdict, findings = found(rule)

    assert verdict == "not_proved"
    assert [each.verdict for each in findings] == ["not_proved"]


def test_a_quote_of_no_named_article_is_a_question() -> None:
    rule = declaring("罚款 50元 至 500元", "处五十元以上五百元以下罚款", ("某条例第三条", "摘录没有写条款"))
    verdict, (finding,) = found(rule)

    assert verdict == "not_proved"
    assert "没有读到幅度；不是条文原文的引文里读到：“五十元以上五百元以下”" in finding.zh


def test_ranges_said_of_each_other_are_a_question() -> None:
    quote = "对单位处五百元以上三千元以下罚款，对个人处二百元以上一千元以下罚款"
    straight = declaring("\n  单位: 罚款 500元 至 3000元\n  个人: 罚款 200元 至 1000元", quote)
    crossed = declaring("\n  单位: 罚款 200元 至 1000元\n  个人: 罚款 500元 至 3000元", quote)

    assert found(straight) == ("proved", [])
    verdict, findings = found(crossed)
    assert verdict == "not_proved"
    assert [each.zh.split("；")[-1] for each in findings] == [
        "同样的幅度说的是“个人”。请核对，或者把条文引全",
        "同样的幅度说的是“单位”。请核对，或者把条文引全",
    ]


def test_a_range_beside_the_one_that_is_quoted_is_a_question() -> None:
    rule = declaring("\n  一般: 罚款 50元 至 200元\n  严重: 罚款 200元 至 500元", "处五十元以上二百元以下罚款")
    verdict, (finding,) = found(rule)

    assert (verdict, finding.verdict) == ("not_proved", "not_proved")
    assert finding.zh.startswith("法定幅度写的是 罚款 200元 至 500元；")


def test_a_range_narrower_than_the_clause_is_refuted_with_a_hint() -> None:
    _verdict, (finding,) = found(declaring("罚款 50元 至 400元", "处五十元以上五百元以下罚款"))

    assert "；比条文窄，如果是条文的一支，请引那一支。" in finding.zh
    assert "narrower than the clause" in finding.en


# --- the shipped rules


def rules() -> list[Rule]:
    return [rule for versions in shipped().versions.values() for rule in versions]


def test_the_shipped_rules_declare_the_ranges_they_quote() -> None:
    findings = {rule.code: list(quoted_range(rule)) for rule in rules()}
    verdicts = Counter(verdict_on(rule, findings[rule.code]) for rule in rules())
    told = [f"{code}: {each.verdict}: {each.zh}" for code, shown in findings.items() for each in shown]

    assert verdicts == {"proved": 598, "not_proved": 38}, "\n".join(told)
    assert (sum(len(rule.ranges) for rule in rules()), len(told)) == (766, 46), "\n".join(told)


def test_no_shipped_range_is_proved_with_another_upper_end() -> None:
    """Three times a limit is never the quoted one, unless the same clause states that too."""
    for rule in rules():
        for number, each in enumerate(rule.ranges):
            bent = replace(each, high=_thrice(each.high))
            other = replace(rule, ranges=(*rule.ranges[:number], bent, *rule.ranges[number + 1 :]))

            assert each.high is None or verdict_on(other, quoted_range(other)) != "proved", f"{rule.code} {each.name}"


def _thrice(expr: Expr | None) -> Expr | None:
    if expr is None:
        return None
    if isinstance(expr, Money):
        return fixed(3 * expr.fen)
    return Arithmetic(op="*", left=Number(value=Fraction(3)), right=expr)
