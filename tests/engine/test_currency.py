"""A regime's currency is real: its words alone are read, and everything written back says it."""

import ast
import re
from collections import Counter
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any, cast

import pytest

from engine import Act, Decision, JointRefusal, Rulebook, decide, decide_together, joint_to_wire, load_rulebook, to_wire
from engine.card import answer_text, card
from engine.coverage import measure
from engine.currency import (
    CURRENCIES,
    amount_text,
    currency_of,
    decimals,
    find_currency,
    money_words,
    other_words,
    unit_of,
    unit_word,
)
from engine.cuts import sites_of
from engine.errors import Complaints
from engine.explain import explain, explain_wire, measure_text, measure_unit
from engine.explain_joint import explain_joint
from engine.fact import NOWHERE, Language
from engine.given import domain_text
from engine.load_regime import builder_for
from engine.prove import prove
from engine.prove_rows import Rows
from engine.rule_cases import expectation, run_cases
from engine.schema import describe, facts_schema
from engine.suggest import suggest
from engine.surface import Surface
from engine.vocabulary import UNITS, WORDS
from engine.why import step_text, why
from engine.yamltext import Scalar
from tests.engine.kit import (
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
    refused,
    shipped_files,
)

BOTH: tuple[Language, Language] = ("zh", "en")
EUR_CATALOGUE = """language: English
catalogue: Powers of the city
source: City gazette 2023-12
agency: City sanitation department
items:
  - {power_item: P-001, name: Street cleanliness, published: 2023-12-15, in_force: 2023-12-15 onwards}
"""
EUR_REGIME = """language: English
regime: CITY
name: Fine schedule of the city
version: "2023"
number: Order 12/2023
issuer: City council
published: 2023-12-01
in_force: 2023-12-15 onwards
source: City gazette 2023-12, page 4
currency: EUR
bounds: inclusive
first_day: counts
tie: heavier
rounding: 1 cent, floor
"""
EUR_RULE = """language: English
violation: X-001
name: Dumping in the street
category: Sanitation
power_item: P-001
in_force: 2023-12-15 to 2028-12-14
basis: {article: "Sanitation Regulation, article 41", quote: a fine of 50 to 5000 euros}
statutory_range: fine 50 euros to 5000 EUR
beyond_range: take the limit
facts:
  area: number, square metres, precise to 0.01, more than 0 to 100
  gains: money, euros, 0 to 1000000
compute:
  base: 20 euros × area
tiers:
  - tier: light
    when: area at most 5 and gains < 1000 euros
    outcome: fine 80 euros + base, confiscate gains
    quote: the published words
  - tier: heavy
    when: area > 5 or gains 1000 euros or more
    outcome: fine 0.1 ten thousand euros, also 「costs」 2 euros × area, confiscate gains
    quote: the published words
cases:
  - {name: light, on: 2026-11-01, given: {area: "5", gains: "0"}, expect: fine 180 euros}
  - name: heavy
    on: 2026-11-01
    given: {area: "6", gains: "2.5"}
    expect: fine 1000 euros, also 「costs」 12 euros, confiscate gains
"""


def city(rule: str = EUR_RULE, regime: str = EUR_REGIME) -> dict[str, bytes]:
    texts = {"catalogue.yaml": EUR_CATALOGUE, "city/regime.yaml": regime, "city/x.yaml": rule}
    return {path: text.encode() for path, text in texts.items()}


def euros() -> Rulebook:
    return load_rulebook(city())


def heavy() -> Decision:
    return decided(ask(euros(), {"area": "6", "gains": "2.5"}, violation="X-001"))


# --- the table


def test_the_table_is_closed_and_its_codes_are_three_capitals() -> None:
    wanted = "CNY USD EUR GBP JPY HKD TWD SGD AUD CAD NZD CHF KRW INR MOP"
    wanted += " SEK NOK DKK PLN CZK BRL MXN ZAR THB MYR PHP IDR VND TRY"
    wanted += " HUF RON BGN RUB BND KHR LAK MMK EGP ETB AED SAR IRR"

    assert list(CURRENCIES) == wanted.split()


@pytest.mark.parametrize("language", BOTH)
@pytest.mark.parametrize("code", CURRENCIES)
def test_no_money_word_of_any_currency_means_anything_else(code: str, language: Language) -> None:
    column = 0 if language == "zh" else 1
    spelled = Counter(text for table in (WORDS, UNITS) for both in table.values() for text in both[column])
    spelled.update([*money_words(code, language), *other_words(code, language)])

    assert [text for text, times in spelled.items() if times > 1] == []


@pytest.mark.parametrize(
    ("code", "zh", "en"),
    [("CNY", "1.5 元", "1.5 yuan"), ("EUR", "1.5 欧元", "1.5 euros"), ("CHF", "1.5 瑞士法郎", "1.5 Swiss francs")],
)
def test_an_amount_is_written_with_its_unit(code: str, zh: str, en: str) -> None:
    assert [amount_text(150, code, language) for language in BOTH] == [zh, en]


@pytest.mark.parametrize("code", CURRENCIES)
def test_the_unit_on_the_wire_names_its_currency(code: str) -> None:
    assert currency_of(unit_of(code)) == code
    assert unit_of("CNY") == "yuan"
    assert [currency_of(unit) for unit in ("m2", "", "percent")] == [None, None, None]


@pytest.mark.parametrize("code", CURRENCIES)
def test_its_code_is_a_unit_word_of_every_currency(code: str) -> None:
    for language in BOTH:
        assert money_words(code, language)[code] == "YUAN"
        assert code not in other_words(code, language)


def test_plain_yuan_fits_every_currency_whose_chinese_unit_ends_so() -> None:
    fitting = {code for code in CURRENCIES if "元" in money_words(code, "zh")}

    assert fitting == set("CNY USD EUR JPY HKD TWD SGD AUD CAD NZD KRW MOP BND MMK".split())
    assert {code for code in fitting if "万元" not in money_words(code, "zh")} == set()
    assert {code for code in fitting if "分" not in money_words(code, "zh")} == {"JPY", "KRW", "TWD", "MMK"}


def test_a_specific_word_is_of_one_currency() -> None:
    for code in CURRENCIES:
        for language in BOTH:
            assert find_currency(unit_word(code, language), language) in (code, None)
            others = [other for other in CURRENCIES if unit_word(code, language) in money_words(other, language)]
            assert others == [code] or unit_word(code, language) == "元"


def test_some_currencies_have_no_hundredths_in_use() -> None:
    assert {code for code in CURRENCIES if decimals(code) == 0} == set(
        "JPY KRW TWD IDR VND HUF KHR LAK MMK IRR".split()
    )


# --- what a regime says


@pytest.mark.parametrize("text", ["EUR", "euros", "Euro"])
def test_a_regime_is_in_the_currency_it_says(text: str) -> None:
    rulebook = load_rulebook(city(regime=changed(EUR_REGIME, ("currency: EUR", f"currency: {text}"))))

    assert rulebook.regimes[0].currency == "EUR"


def test_a_regime_that_says_none_is_in_yuan() -> None:
    assert book().regimes[0].currency == "CNY"


@pytest.mark.parametrize(
    ("text", "near"),
    [("wampum", ()), ("eur", ("EUR",)), ("dollars", ("USD", "HKD", "CAD")), ("yens", ("JPY",)), ("UER", ("EUR",))],
)
def test_an_unknown_currency_is_a_finding_with_near_misses_and_the_list(text: str, near: tuple[str, ...]) -> None:
    found = findings(city(regime=changed(EUR_REGIME, ("currency: EUR", f"currency: {text}"))))

    (unknown,) = (each for each in found if each.code == "unknown_currency")
    assert (unknown.place.file, unknown.place.line) == ("city/regime.yaml", 10)
    assert bare(unknown.message) == f"unknowncurrency{text}"
    assert all(f"`{code}`" in unknown.repair for code in near)
    assert ("did you mean" in unknown.repair) == bool(near)
    assert all(code in unknown.repair for code in CURRENCIES)


def test_an_unknown_currency_is_answered_in_chinese_too() -> None:
    (unknown,) = findings(files(regime=REGIME + "货币: 贝壳\n"))

    assert (unknown.code, bare(unknown.message)) == ("unknown_currency", "不认识的货币贝壳")
    assert unknown.repair == f"可写{'、'.join(CURRENCIES)}"


# --- words of other currencies


@pytest.mark.parametrize(
    ("cell", "word", "offered"),
    [
        ("fine 180 yuan", "yuan", "euros"),
        ("fine 10 euros + 10 pounds", "pounds", "euros"),
        ("fine 18 US dollars", "US dollars", "euros"),
        ("fine 18 dollars", "dollars", "euros"),
        ("fine 180 CHF", "CHF", "euros"),
        ("fine 18000 pence", "pence", "cents"),
        ("fine 2 ten thousand yuan", "ten thousand yuan", "ten thousand euros"),
    ],
)
def test_a_money_word_of_another_currency_is_a_finding_with_a_repair(cell: str, word: str, offered: str) -> None:
    found = findings(city(changed(EUR_RULE, ("fine 80 euros + base", cell))))

    assert codes(found) == ["other_currency"]
    assert found[0].message == f"`{word}` is money of another currency"
    assert found[0].repair == f"this regime's currency is EUR: write `{offered}`"


@pytest.mark.parametrize("cell", ["fine 80 euros", "fine 80 euro", "fine 80 EUR", "fine 8000 cents"])
def test_the_words_of_the_currency_itself_all_fit(cell: str) -> None:
    rulebook = load_rulebook(
        city(changed(EUR_RULE, ("fine 80 euros + base", cell), ("expect: fine 180 euros", "expect: fine 80 euros")))
    )

    assert [each.passed for each in run_cases(rulebook)] == [True, True]


def test_a_regime_in_yuan_says_how_another_currency_is_declared() -> None:
    (chinese,) = findings(files(changed(RULE, ("处理: 罚款 50元", "处理: 罚款 50美元"))))
    english = findings(city(regime=changed(EUR_REGIME, ("currency: EUR\n", ""), ("1 cent", "1 fen"))))

    assert (chinese.code, chinese.message) == ("other_currency", "“美元”是别的货币")
    assert chinese.repair == "本基准的货币是 CNY：写“元”（别的货币要在基准文件里写明“货币”）"
    assert codes(english)[0] == "other_currency"
    assert english[0].repair == "this regime's currency is CNY: write `yuan` (a regime says another as `currency:`)"


@pytest.mark.parametrize("code", ["USD", "EUR", "HKD", "SGD", "AUD", "MOP"])
def test_a_chinese_schedule_in_another_yuan_may_say_so(code: str) -> None:
    rulebook = book(regime=REGIME + f"货币: {code}\n")

    (result,) = run_cases(rulebook)
    assert result.passed
    assert result.expected == result.found.partition("，")[0] == f"罚款 50 {unit_word(code, 'zh')}"


@pytest.mark.parametrize(("code", "word"), [("GBP", "英镑"), ("CHF", "瑞士法郎"), ("INR", "印度卢比")])
def test_a_chinese_schedule_in_pounds_may_not_say_yuan(code: str, word: str) -> None:
    found = findings(files(regime=REGIME + f"货币: {code}\n"))

    assert set(codes(found)) == {"other_currency"}
    assert any(each.repair == f"本基准的货币是 {code}：写“{word}”" for each in found)


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("处理: 罚款 50元", "处理: 罚款 50.5元", "too_precise"),
        ("处理: 罚款 50元", "处理: 罚款 5000分", "other_currency"),
        ("面积 ≤ 2", "违法所得 > 5.5", "too_precise"),
        ("事实:\n", "事实:\n  货值: 金额，日元，0 至 10.5\n", "too_precise"),
    ],
)
def test_hundredths_of_a_yen_cannot_be_written(old: str, new: str, code: str) -> None:
    yen = changed(REGIME, ("取整: 1分，舍去", "取整: 1元，舍去")) + "货币: JPY\n"

    assert findings(files(regime=yen)) == ()
    assert codes(findings(files(changed(RULE, (old, new)), yen))) == [code]


@pytest.mark.parametrize(("step", "code"), [("0.5日元", "too_precise"), ("1分", "other_currency")])
def test_yen_are_rounded_to_whole_ones(step: str, code: str) -> None:
    regime = changed(REGIME, ("取整: 1分，舍去", f"取整: {step}，舍去")) + "货币: JPY\n"

    assert codes(findings(files(regime=regime))) == [code]


def test_whole_yen_are_kept_as_hundredths_like_every_amount() -> None:
    yen = changed(REGIME, ("取整: 1分，舍去", "取整: 1元，舍去")) + "货币: JPY\n"

    wire = to_wire(ask(book(regime=yen), {"面积": "1"}))

    assert (wire["fine_fen"], wire["currency"]) == (5_000, "JPY")


@pytest.mark.parametrize("unit", ["「贝壳」", "tons", "「EUR」"])
def test_money_is_in_no_unit_but_the_currency(unit: str) -> None:
    found = findings(city(changed(EUR_RULE, ("gains: money, euros", f"gains: money, {unit}"))))

    assert codes(found)[0] == "unit_mismatch"


@pytest.mark.parametrize("unit", ["「EUR」", "「yuan」", "「euros」"])
def test_a_plain_figure_has_no_unit_called_like_a_currency(unit: str) -> None:
    rule = changed(EUR_RULE, ("facts:\n", f"facts:\n  price: number, {unit}, precise to 0.01, 0 to 9\n"))

    assert codes(findings(city(rule))) == ["bad_name"]


def test_a_name_may_be_a_word_of_a_currency_that_is_not_the_regimes() -> None:
    rule = changed(
        EUR_RULE, ("facts:\n", "facts:\n  won: yes or no\n"), ("area at most 5 and", "area at most 5 and not won and")
    )

    assert codes(findings(city(rule))) == []
    assert codes(findings(city(changed(rule, ("won", "euros"))))) != []


def test_a_question_about_rounding_offers_the_currency_itself() -> None:
    (question,) = findings({"r/regime.yaml": changed(EUR_REGIME, ("rounding: 1 cent, floor\n", "")).encode()})
    (chinese,) = findings({"r/r.yaml": (changed(REGIME, ("取整: 1分，舍去\n", "")) + "货币: JPY\n").encode()})

    assert question.repair == "write, for example, `rounding: 1 cents, floor`"
    assert (chinese.message, chinese.repair) == ("没有写明：罚款不是整日元时怎样取整？", "请写，如“取整: 1日元，舍去”")


def test_what_may_stand_in_a_cell_is_said_in_the_currency() -> None:
    (found,) = findings(city(regime=changed(EUR_REGIME, ("1 cent, floor", "1, floor"))))
    (bare_figure,) = findings(city(changed(EUR_RULE, ("fine 80 euros + base", "fine 80"))))

    assert "`euros`" in found.message
    assert "yuan" not in found.message
    assert bare_figure.message.endswith("as in 50 euros")


# --- general law


def guard(money: str, currency: str = "") -> bytes:
    return f"""语言: 中文
通则代号: G-1
名称: 某
施行: 2021-07-15 起
依据: 某法
原文: 某
{currency}
规定:
  - {{名: 某, 情形: {money}, 处理: 标记「某」}}
""".encode()


@pytest.mark.parametrize("code", ["PL-45", "PL-51", "PL-63", "PL-72"])
def test_general_law_in_yuan_is_not_put_around_a_regime_in_another_currency(code: str) -> None:
    given = city(regime=EUR_REGIME + f"guards: [{code}]\n") | {
        f"general/{code}.yaml": shipped_files()[f"general/{code}.yaml"]
    }

    (found,) = findings(given)

    assert (found.code, found.place.file) == ("guard_currency", "city/regime.yaml")
    assert found.message == f"the guard `{code}` states amounts in CNY, which is not this regime's currency"
    assert "currency: EUR" in found.repair


@pytest.mark.parametrize("code", ["PL-30", "PL-36"])
def test_general_law_that_names_no_money_stands_around_any_regime(code: str) -> None:
    given = city(regime=EUR_REGIME + f"guards: [{code}]\n") | {
        f"general/{code}.yaml": shipped_files()[f"general/{code}.yaml"]
    }

    assert findings(given) == ()


@pytest.mark.parametrize(
    ("money", "named"), [("有罚款", False), ("罚款额 > 3000元", True), ("100元 × 次 > 500元", True)]
)
def test_a_guard_names_money_where_any_condition_does(money: str, named: bool) -> None:
    facts = "事实:\n  次: 整数，件，0 至 9" if "次" in money else ""
    text = guard(money, facts).decode().replace("  次:", "  回数:").replace("× 次", "× 回数").encode()

    found = findings(city(regime=EUR_REGIME + "guards: [G-1]\n") | {"general/g.yaml": text})

    assert codes(found) == (["guard_currency"] if named else [])


def test_a_guard_of_the_regimes_own_currency_applies() -> None:
    text = guard("罚款额 ≥ 200欧元", "货币: EUR")
    rulebook = load_rulebook(city(regime=EUR_REGIME + "guards: [G-1]\n") | {"general/g.yaml": text})

    kinds = [
        each["kind"]  # type: ignore[index,call-overload]  # an object
        for each in to_wire(ask(rulebook, {"area": "6", "gains": "0"}, violation="X-001"))["measures"]  # type: ignore[union-attr]  # a list
    ]

    assert "flag" in kinds


# --- end to end, and everything a person reads


def test_an_english_regime_in_euros_is_decided_in_euros() -> None:
    wire: dict[str, Any] = to_wire(heavy())

    assert [each.passed for each in run_cases(euros())] == [True, True]
    assert (wire["fine_fen"], wire["currency"]) == (100_000, "EUR")
    assert wire["measures"] == [
        {"kind": "fine", "amount_fen": 100_000},
        {"kind": "output", "name": "costs", "value": "12", "unit": "EUR"},
        {"kind": "confiscate_gains", "amount_fen": 250},
    ]


def test_its_reasons_say_euros_in_both_languages() -> None:
    english, chinese = (explain(heavy(), language) for language in ("en", "zh"))

    assert english[-1] == "result: fine 1000 euros, also costs 12 euros, confiscation of unlawful gains 2.5 euros"
    assert chinese[-1] == "结果：罚款 1000 欧元，另计costs 12 欧元，没收违法所得 2.5 欧元"
    assert [each for each in (*english, *chinese) if "yuan" in each or " 元" in each] == []


def test_a_named_value_and_a_cap_say_euros_in_the_trace() -> None:
    light = decided(ask(euros(), {"area": "4", "gains": "0"}, violation="X-001"))

    told = "\n".join(explain(light, "en"))

    assert "computed: base = 80 euros (20 euros × area; from area 4)" in told
    assert "gives 160 euros" in told


def test_a_record_from_before_the_currency_was_written_is_in_yuan() -> None:
    wire = to_wire(decided(ask(book(), {"面积": "1"})))
    del wire["currency"]

    assert explain_wire(wire, "zh")[-1].startswith("结果：罚款 50 元")


def test_refusals_say_the_currency() -> None:
    rule = changed(EUR_RULE, ("take the limit", "refuse"), ("80 euros + base", "40 euros × area"))
    rule = changed(rule, ("expect: fine 180 euros", "expect: fine 200 euros"))

    refusal = refused(ask(load_rulebook(city(rule)), {"area": "1", "gains": "0"}, violation="X-001"))

    assert refusal.message.startswith("the computed 40 euros lie outside")


def test_no_violation_has_no_currency() -> None:
    assert to_wire(ask(euros(), {}, violation="X-9"))["currency"] is None


def test_a_case_that_fails_and_a_case_that_is_suggested_say_euros() -> None:
    failing = load_rulebook(city(changed(EUR_RULE, ("expect: fine 180 euros", "expect: fine 181 euros"))))

    (result, _other) = run_cases(failing)
    (coverage,) = measure(euros(), run_cases(euros()))
    proposed = suggest(euros(), coverage)

    assert (result.passed, result.expected) == (False, "fine 181 euros")
    assert result.found == "fine 180 euros"
    assert expectation(heavy(), euros().rules["X-001"]) == "fine 1000 euros, also 「costs」 12 euros, confiscate gains"
    written = "\n".join(each.yaml for each in proposed.cases)
    assert " euros" in written
    assert "yuan" not in written


def test_a_case_may_expect_a_figure_of_money_beside_the_fine() -> None:
    rule = changed(
        RULE,
        ("处理: 罚款 50元", "处理: 罚款 50元，另计「清理费」 3元 × 面积"),
        ("得: 罚款 50元", "得: 罚款 50元，另计「清理费」 3元"),
    )

    (result,) = run_cases(book(rule))

    assert (result.passed, result.expected) == (True, "罚款 50 元，另计 「清理费」 3 元")


def test_forms_and_schemas_say_the_currency() -> None:
    rule = euros().rules["X-001"]
    schema: dict[str, Any] = facts_schema(rule)
    described: dict[str, Any] = describe(rule)

    assert schema["properties"]["gains"]["x-unit"] == "euros"
    assert schema["properties"]["gains"]["x-currency"] == "EUR"
    assert "x-currency" not in schema["properties"]["area"]
    assert described["regime"]["currency"] == "EUR"
    assert domain_text(rule.by_name["gains"], "zh").startswith("0 至 1000000 欧元")


def test_what_would_have_changed_it_says_euros() -> None:
    found = why(euros(), "X-001", date(2026, 11, 1), {"area": "4", "gains": "0"})

    assert found is not None
    told = "\n".join(found.sentences("en") + found.sentences("zh"))
    assert "gains 0 euros, less than 1000 euros, 1000 euros too little" in told
    assert "if area were at least 5.01 square metres → fine 1000 euros, also costs 10.02 euros" in told
    assert "gains 0 欧元，不到 1000 欧元，差 1000 欧元" in told
    assert "若area不低于 5.01 平方米 → 罚款 1000 欧元，另计costs 10.02 欧元" in told
    assert {each["currency"] for each in found.to_wire()["counterfactuals"]} == {"EUR"}  # type: ignore[union-attr,index,call-overload]  # a list of objects


# --- cases of several violations


PL_29 = {"general/PL-29.yaml": shipped_files()["general/PL-29.yaml"]}


def two() -> Rulebook:
    other = changed(EUR_RULE, ("violation: X-001", "violation: X-002"))
    yuan = {f"zh/{path}": text for path, text in files().items()}
    return load_rulebook(city() | PL_29 | yuan | {"city/y.yaml": other.encode()})


def test_a_case_in_one_currency_is_decided_and_told_in_it() -> None:
    facts = {"gains": "0"}
    acts = [
        Act(act="a", violation="X-001", facts={**facts, "area": "1"}),
        Act(act="a", violation="X-002", facts={**facts, "area": "6"}),
        Act(act="b", violation="X-001", facts={**facts, "area": "1"}),
    ]

    joint = decide_together(two(), date(2026, 11, 1), acts)

    wire: dict[str, Any] = joint_to_wire(joint)
    assert (wire["outcome"], wire["fine_fen"], wire["currency"]) == ("decision", 110_000, "EUR")
    assert explain_joint(joint, "en")[-1] == "result: fines of 1100 euros in all"
    assert explain_joint(joint, "zh")[-1] == "结果：罚款合计 1100 欧元"
    assert wire["parts"][0]["falls_away"][0]["reason"].endswith("按罚款数额高的 X-002 处罚：1000 欧元，高于 100 欧元")
    assert [each for language in BOTH for each in explain_joint(joint, language) if "yuan" in each] == []


@pytest.mark.parametrize("language", BOTH)
def test_the_fine_of_an_act_is_told_once(language: Language) -> None:
    acts = [
        Act(act=act, violation="X-001", facts={"area": area, "gains": "0"}) for act, area in (("a", "1"), ("b", "2"))
    ]

    told = explain_joint(decide_together(two(), date(2026, 11, 1), acts), language)

    for act, fine in (("a", 100), ("b", 120)):
        line = (
            f"行为“{act}”：罚款 {fine} 欧元（X-001）" if language == "zh" else f"act “{act}”: fine {fine} euros (X-001)"
        )
        assert told.count(line) == 1


@pytest.mark.parametrize("code", ["EUR", "JPY"])
def test_what_goes_on_behind_the_hundredths_is_marked(code: str) -> None:
    rule = changed(EUR_RULE, ("20 euros × area", "20 euros × area ÷ 3"))
    rulebook = load_rulebook(city(rule) if code == "EUR" else in_yen(rule))

    told = explain(decide(rulebook, "X-001", date(2026, 11, 1), {"area": "4", "gains": "0"}), "en")
    whole = explain(decide(rulebook, "X-001", date(2026, 11, 1), {"area": "3", "gains": "0"}), "en")

    # 80 and 26 2/3: held as 106.66, and in yen rounded to 106.
    assert any(each.endswith(f"gives {'106.66… euros' if code == 'EUR' else '106.66 yen'}") for each in told)
    assert f"rounded to {'106.66 euros' if code == 'EUR' else '106 yen'}" in told
    assert not [each for each in whole if "…" in each]
    assert any("benchmark: Fine schedule of the city (Order 12/2023) X-001" in each for each in told)


def test_a_case_in_two_currencies_is_refused_by_name() -> None:
    acts = [
        Act(act="a", violation="X-001", facts={"area": "1", "gains": "0"}),
        Act(act="b", violation="T-1", facts={"面积": "1"}),
    ]

    joint = decide_together(two(), date(2026, 11, 1), acts)

    assert isinstance(joint, JointRefusal)
    assert (joint.code, joint.message) == (
        "several_currencies", "各项的货币不同（T-1 CNY、X-001 EUR），数额不能相加，也不能比较",
    )  # fmt: skip
    assert joint_to_wire(joint)["currency"] is None
    assert len(joint.parts) == 2


# --- versions


@pytest.mark.parametrize(("lighter", "found"), [("适用", ["version_currency"]), ("不适用", [])])
def test_a_later_law_in_another_currency_is_not_weighed_against_the_earlier(lighter: str, found: list[str]) -> None:
    regime = changed(REGIME, ("施行: 2023-12-15 至 2028-12-14", "施行: 2028-12-15 起"))
    regime += f"货币: USD\n从旧兼从轻: {lighter}\n"
    rule = changed(
        RULE, ("施行: 2023-12-15 至 2028-12-14", "施行: 2028-12-15 起"), ("日: 2026-11-01", "日: 2029-01-01")
    )

    given = files() | {"s/regime.yaml": regime.encode(), "s/t.yaml": rule.encode()}

    assert codes(findings(given)) == found


# --- signs before the figure


@pytest.mark.parametrize(
    ("code", "amount", "yuan"),
    [
        ("CNY", "人民币500元", "500"), ("CNY", "¥300", "300"), ("CNY", "￥1,200.5", "1200.5"), ("CNY", "RMB 80", "80"),
        ("CNY", "人民币3万元", "30000"), ("CNY", "CNY 75", "75"), ("TWD", "新臺幣3000元", "3000"),
        ("TWD", "NT$3,000", "3000"),
        ("TWD", "NT$ 1,200元", "1200"), ("HKD", "HK$1,000", "1000"), ("HKD", "港币450", "450"), ("USD", "US$ 50", "50"),
        ("USD", "$1,000.50", "1000.5"), ("EUR", "€ 50", "50"), ("EUR", "50 €", "50"), ("EUR", "EUR 135", "135"),
        ("GBP", "£80", "80"), ("JPY", "¥300", "300"), ("JPY", "3000円", "3000"), ("CHF", "Fr. 40", "40"),
        ("CHF", "CHF 250", "250"), ("INR", "Rs. 500", "500"), ("INR", "₹10,000", "10000"), ("KRW", "₩50,000", "50000"),
        ("SGD", "S$70", "70"), ("AUD", "A$1,200", "1200"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("wrapped", ["{}", "较大者({}, {})", "{} 至 {}"])
def test_a_sign_stands_before_the_figure(code: str, amount: str, yuan: str, wrapped: str) -> None:
    builder = builder_for({}, "zh", complaints := Complaints("zh"), currency=code)

    measures = builder.outcome(Scalar(f"罚款 {wrapped.format(amount, amount)}", NOWHERE))

    assert complaints.findings == []
    assert measures is not None
    (fine,) = measures
    surface = Surface({}, "en", code)
    written = f"{yuan} {unit_word(code, 'en')}"
    assert (
        surface.measure(fine)
        == "fine "
        + {
            "{}": written,
            "较大者({}, {})": f"greatest of ({written}, {written})",
            "{} 至 {}": f"{written} to {written}",
        }[wrapped]
    )


@pytest.mark.parametrize(
    ("code", "amount", "sign"),
    [
        ("CNY", "$50", "$"), ("CNY", "NT$3,000", "NT$"), ("EUR", "£80", "£"), ("USD", "HK$1,000", "HK$"),
        ("USD", "¥300", "¥"), ("TWD", "人民币500元", "人民币"), ("HKD", "US$ 50", "US$"), ("GBP", "EUR 50", "EUR"),
    ],
)  # fmt: skip
def test_the_sign_of_another_currency_is_refused_by_name(code: str, amount: str, sign: str) -> None:
    builder = builder_for({}, "zh", complaints := Complaints("zh"), currency=code)

    assert builder.outcome(Scalar(f"罚款 {amount}", NOWHERE)) is None
    (finding,) = complaints.findings
    assert (finding.code, f"“{sign}”" in finding.message) == ("other_currency", True)


@pytest.mark.parametrize(("amount", "repair"), [("€ 1.000", "1000"), ("1.500 欧元", "1500")])
def test_a_point_between_thousands_is_not_read_as_a_decimal(amount: str, repair: str) -> None:
    builder = builder_for({}, "zh", complaints := Complaints("zh"), currency="EUR")

    assert builder.outcome(Scalar(f"罚款 {amount}", NOWHERE)) is None
    (finding,) = complaints.findings
    assert (finding.code, finding.repair) == ("too_precise", f"千位不用点：写 {repair}")


# --- facts in a currency without hundredths

YEN = changed(REGIME, ("取整: 1分，舍去", "取整: 1元，舍去"))
YEN_RULE = changed(
    RULE,
    ("事实:\n", "事实:\n  货值: 金额，元，大于 0 至 10000，越大越重\n"),
    ("情形: 面积 > 2", "情形: 面积 > 2 且 货值 > 50"),
    ("处理: 罚款 500元", "处理: 罚款 较大者(50元, 较小者(500元, 2 × 货值))，没收 货值"),
)


@pytest.mark.parametrize("code", ["JPY", "KRW", "TWD"])
@pytest.mark.parametrize(
    ("given", "refusal"), [("60.5", "wrong_kind"), ("60.01", "wrong_kind"), ("0", "out_of_domain")]
)
def test_a_fact_in_whole_units_takes_no_decimals(code: str, given: str, refusal: str) -> None:
    outcome = refused(ask(book(YEN_RULE, YEN + f"货币: {code}\n"), {"面积": "3", "货值": given}))

    assert (outcome.code, outcome.field) == (refusal, "货值")
    assert "整数" in outcome.message


def test_a_fact_in_yen_is_reckoned_in_the_same_unit_as_amounts() -> None:
    rulebook = book(YEN_RULE, YEN + "货币: JPY\n")
    outcome = decided(ask(rulebook, {"面积": "3", "货值": "60"}))

    assert [each.amount_fen for each in outcome.measures[:2]] == [12000, 6000]
    # Nothing lies between two neighbouring yen: what would have changed it is told in whole ones.
    told = why(rulebook, "T-1", date(2026, 11, 1), {"面积": "3", "货值": "60"})
    assert told is not None
    assert [(each.fact.name, each.value) for each in told.found.changes if each.side == "below"][-1] == ("货值", 50)


def test_a_proof_in_yen_goes_by_whole_ones() -> None:
    rulebook = book(changed(YEN_RULE, ("情形: 面积 ≤ 2", "情形: 面积 ≤ 2 或 货值 < 51")), YEN + "货币: JPY\n")
    rows = Rows(rulebook, rulebook.rules["T-1"])

    # On the grid of yen `> 50` and `< 51` leave no gap, and no overlap.
    assert [each.verdict for each in (*rows.complete(), *rows.unambiguous())] == []
    assert {cut.low for cut in sites_of(rulebook.rules["T-1"]).cuts if cut.fact.name == "货值"} == {50}


# --- every sentence in the currency of its rule

# A fine by each step of a fact, one along a share of gains, a published range, a formula past the statute, a figure.
SENTENCES_RULE = changed(
    EUR_RULE,
    ("fine 50 euros to 5000 EUR", "fine 50 euros to greatest of (5000 EUR, 2 × gains)"),
    ("beyond_range: take the limit", "beyond_range: refuse\nin_tier: range only"),
    ("  area: number", "  flags: integer, times, 0 to 900\n  area: number"),
    ("fine 80 euros + base", "fine 10 euros × flags"),
    ("fine 0.1 ten thousand euros, also", "fine 1 fold to 3 fold × 20 euros × flags, also"),
)
NOT_OURS = re.compile(r"\byuan\b|CNY|(?<![欧日])元|\bfen\b(?!_)")


def in_yen(rule: str) -> dict[str, bytes]:
    regime = changed(EUR_REGIME, ("currency: EUR", "currency: JPY"), ("1 cent, floor", "1 yen, floor"))
    return city(rule.replace("euros", "yen").replace("EUR", "yen").replace('"2.5"', '"3"'), regime)


@pytest.mark.parametrize("language", BOTH)
@pytest.mark.parametrize(("load", "word"), [(city, ("欧元", "euros")), (in_yen, ("日元", "yen"))])
@pytest.mark.parametrize("area", ["3", "6"])
def test_each_step_of_a_fact_is_told_in_the_currency(
    load: Callable[[str], dict[str, bytes]], word: tuple[str, str], area: str, language: Language
) -> None:
    unit = word[0 if language == "zh" else 1]
    found = why(
        load_rulebook(load(SENTENCES_RULE)),
        "X-001",
        date(2026, 11, 1),
        {"area": area, "flags": "20", "gains": "500" if area == "3" else "1500"},
    )

    assert found is not None
    assert found.found.gradual
    steps = [step_text(each, found.found.decision.rule.regime.currency, language) for each in found.found.gradual]
    assert steps == [each[language] for each in cast(list[dict[str, str]], found.to_wire()["gradual"])]
    if area == "3":
        one = "1" if unit in ("日元", "yen") else "0.01"
        assert {
            "zh": f"flags每多 1 次，罚款多 10 {unit}（21 次 → 罚款 210 {unit}）",
            "en": f"each 1 times more of flags: fine 10 {unit} more (21 times → fine 210 {unit})",
        }[language] in steps
        confiscated = ("没收违法所得多", "confiscation of unlawful gains")[language == "en"]
        assert any(f"{confiscated} {one} {unit}" in each for each in steps)
    assert [each for each in found.sentences(language) if NOT_OURS.search(each)] == []
    assert all(unit in each for each in steps if "罚款" in each or "fine " in each)


@pytest.mark.parametrize("language", BOTH)
@pytest.mark.parametrize(("load", "word"), [(city, ("欧元", "euros")), (in_yen, ("日元", "yen"))])
def test_a_card_says_ranges_formulas_and_cases_in_the_currency(
    load: Callable[[str], dict[str, bytes]], word: tuple[str, str], language: Language
) -> None:
    rulebook = load_rulebook(load(SENTENCES_RULE))

    shown = card(rulebook, prove(rulebook, rulebook.rules["X-001"]))

    unit = word[0 if language == "zh" else 1]
    findings = [each for each in shown["findings"] if each["property"] == "inside_statute"]
    assert findings
    # A formula is told as the file writes it, in the file's language.
    light = [each[language] for each in findings if each["tier"] == "light"]
    assert any(f"flags ≥ 501 times, 2 × gains - (10 {word[1]} × flags) ≤ -" in each for each in light)
    told = [each[language] for each in shown["findings"]]
    told += [each["case"][language] for each in shown["findings"] if each["case"]]
    outcome = decide(rulebook, "X-001", date(2026, 11, 1), {"area": "3", "flags": "5", "gains": "1"})
    told.append(answer_text(outcome, language))
    assert f" 50 {unit}" in told[-1]
    assert [each for each in told if NOT_OURS.search(each)] == []


@pytest.mark.parametrize("language", BOTH)
def test_a_measure_is_written_in_the_currency_it_is_asked_for(language: Language) -> None:
    euro, yen = ("欧元", "日元") if language == "zh" else ("euros", "yen")
    spread = {"kind": "fine_range", "low_fen": 5994, "high_fen": 14985}
    gains = {"kind": "confiscate_gains", "amount_fen": 100}

    assert f"59.94 {'至' if language == 'zh' else 'to'} 149.85 {euro}" in measure_text(spread, language, "EUR")
    assert measure_text(gains, language, "JPY").endswith(f" 1 {yen}")
    assert measure_unit(gains, language, "EUR") == euro


def test_no_function_of_the_engine_takes_a_currency_unsaid() -> None:
    root = Path(__file__).parents[2] / "engine"
    unsaid = []
    for path in sorted(root.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            match node:
                case ast.FunctionDef(args=args):
                    places = [*args.posonlyargs, *args.args]
                    given = places[len(places) - len(args.defaults) :] if args.defaults else []
                    given += [each for each, default in zip(args.kwonlyargs, args.kw_defaults, strict=True) if default]
                    unsaid += [f"{path.name}:{node.name}" for each in given if each.arg == "currency"]
                case ast.AnnAssign(target=ast.Name(id="currency"), value=ast.expr()):
                    unsaid.append(f"{path.name}:{node.lineno}")

    # A local name with a value is no default; a field of a class or a parameter is.
    assert unsaid == []


def test_an_amount_for_each_unit_and_a_line_of_a_table_are_explained_in_the_currency() -> None:
    per = findings(city(changed(EUR_RULE, ("base: 20 euros × area", "base: per kilogram 20 euros × area"))))
    line = changed(
        EUR_RULE, ("  base: 20 euros × area", "  base: 20 euros × area\n  part: {row: base, table: {up to 5: 1}}")
    )
    unit = findings(city(changed(EUR_RULE, ("area: number, square metres", "area: number, euros"))))

    assert "per square metre 50 euros × area" in per[0].repair
    assert "`base` is money: write `5 euros`" in [each.repair for each in findings(city(line))]
    assert "what is in euros is of the kind `money`" in [each.repair for each in unit]
