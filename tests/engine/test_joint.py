"""Several violations at once: separate acts add up, one act is fined once, and the trace says which."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import Act, Joint, JointRefusal, Rulebook, decide_together, joint_to_wire, load_rulebook
from engine.explain_joint import explain_joint, explain_joint_wire
from engine.joined import SENTENCES
from tests.engine.kit import DAY, RULE, changed, codes, files, findings, shipped, shipped_files

COUNT = "一年内次数"
STALL: dict[str, Any] = {"拒不改正": True, "占地面积": "3.5", COUNT: 3}
CORRECT = "《中华人民共和国行政处罚法》第二十八条第一款"

ONE_ACT = shipped_files()["general/PL-29.yaml"].decode()
ENGLISH = """language: English
one_act_one_fine: PL-29
name: one act, one fine
in_force: 2021-07-15 onwards
basis: Penalty Act, article 29
quote: the provision with the higher fine applies
compare: statutory maxima
declared:
  - {question: "which fines are compared?", answer: the maxima, reason: chosen here}
"""
RANGE = "罚款 50元 至 500元"
STATUTORY = changed(ONE_ACT, ("比较: 算得的罚款", "比较: 法定最高罚款"))


def part(act: str, violation: str, on: date | None = None, **facts: Any) -> Act:
    return Act(act=act, violation=violation, facts=facts, on=on)


def spit(act: str, count: int, on: date | None = None, **facts: Any) -> Act:
    """50, 100 or 200 yuan, by count."""
    return part(act, "SZCG-013", on, **{COUNT: count}, **facts)


def stall(act: str, **facts: Any) -> Act:
    """3500 yuan and the goods."""
    return part(act, "SZCG-003", **{**STALL, **facts})


def together(*acts: Act, rulebook: Rulebook | None = None, on: date = DAY) -> Joint:
    joint = decide_together(rulebook or shipped(), on, acts)
    assert isinstance(joint, Joint), joint.message
    return joint


def refused(*acts: Act, rulebook: Rulebook | None = None, on: date = DAY) -> JointRefusal:
    joint = decide_together(rulebook or shipped(), on, acts)
    assert isinstance(joint, JointRefusal), joint.measures
    return joint


def tier(code: str, outcome: str, statutory: str, name: str = "甲") -> str:
    """Write a rule with one tier for every area."""
    return changed(
        RULE,
        ("违法行为代码: T-1", f"违法行为代码: {code}"),
        ("法定幅度: 罚款 50元 至 500元", f"法定幅度: {statutory}\n档内取值: 只给幅度"),
        ("面积 ≤ 2\n    处理: 罚款 50元", f"面积 > 0\n    处理: {outcome}"),
        ("  - 档次: 重\n    情形: 面积 > 2\n    处理: 罚款 500元\n    原文: 超过二平方米的。\n", ""),
        ('给: {面积: "1"}, 得: 罚款 50元}', f'给: {{面积: "1"}}, 得: "{outcome}"}}'),
        ("名称: 占道", f"名称: {name}"),
    )


def small(one_act: str = ONE_ACT, /, **rules: tuple[str, str]) -> Rulebook:
    """Load rules T-a, T-b, …: each an outcome and its statutory range."""
    texts = {name: tier(f"T-{name}", outcome, statutory) for name, (outcome, statutory) in rules.items()}
    found = files(next(iter(texts.values())), **dict(list(texts.items())[1:]))
    return load_rulebook(found | {"general/PL-29.yaml": one_act.encode()})


def area(act: str, code: str, **facts: Any) -> Act:
    return part(act, f"T-{code}", 面积="1", **facts)


# --- hand-computed


def test_one_act_takes_the_higher_fine_and_keeps_the_confiscation() -> None:
    wire = joint_to_wire(together(spit("甲", 2), stall("甲")))

    assert (wire["outcome"], wire["fine_fen"], wire["fine_range"]) == ("decision", 350_000, None)
    assert wire["measures"] == [
        {"kind": "fine", "amount_fen": 350_000, "act": "甲", "violations": ["SZCG-003"]},
        {"kind": "confiscate_goods", "goods": "违法堆放、摆卖的物品和实施违法行为的工具", "act": "甲",
         "violations": ["SZCG-003"]},
        {"kind": "order_to_correct", "basis": CORRECT, "act": "甲", "violations": ["SZCG-003", "SZCG-013"]},
    ]  # fmt: skip


def test_the_confiscation_of_the_violation_with_the_lower_fine_is_kept_too() -> None:
    # 0.15 square metres at 1000 yuan are 150 yuan, less than the 200 of a third offence.
    joint = together(stall("甲", 占地面积="0.15"), spit("甲", 3))

    kinds = [(each["kind"], each["violations"]) for each in joint_to_wire(joint)["measures"]]  # type: ignore
    assert joint.fine_fen == 20_000
    assert kinds == [
        ("confiscate_goods", ["SZCG-003"]),
        ("order_to_correct", ["SZCG-003", "SZCG-013"]),
        ("fine", ["SZCG-013"]),
    ]


def test_two_acts_add_up() -> None:
    joint = together(spit("甲", 2), stall("乙"))

    assert joint.fine_fen == 10_000 + 350_000
    assert [part.falls_away for part in joint.parts] == [(), ()]
    assert [step.kind for step in joint.trace] == ["act_total", "act_total", "total"]


def test_the_part_whose_fine_falls_away_says_why_and_stays_whole() -> None:
    joint = together(spit("甲", 2), stall("甲"))

    stands, falls = joint.parts
    assert stands.falls_away == ()
    assert [(each.payer, each.by) for each in falls.falls_away] == [("", "SZCG-003")]
    assert "3500 元，高于 100 元" in falls.falls_away[0].reason
    assert "第二十九条" in falls.falls_away[0].reason
    wire = joint_to_wire(joint)
    assert wire["parts"][1]["decision"]["fine_fen"] == 10_000  # type: ignore
    assert wire["comparison"]["compare"] == "computed"  # type: ignore


def test_the_trace_says_which_fine_stands_and_which_falls_away() -> None:
    joint = together(spit("甲", 2), stall("甲"))

    found = [(step.kind, step.violation, step.by) for step in joint.trace]
    assert found[:3] == [
        ("declared", "", "computed"),
        ("stands", "SZCG-003", ""),
        ("falls_away", "SZCG-013", "SZCG-003"),
    ]


def test_what_hangs_on_a_fine_falls_away_with_it() -> None:
    # 51: up to 200 yuan may be decided on the spot; 72: 3 % a day of a fine paid late. Neither is true of the 3500.
    citizen: dict[str, Any] = {"受罚人": "公民", "逾期缴纳日数": 3}
    alone = together(spit("甲", 2, **citizen))
    beside = together(spit("甲", 2, **citizen), stall("甲", 受罚人="公民"))

    def kinds(joint: Joint) -> set[str]:
        return {str(each["kind"]) for each in joint_to_wire(joint)["measures"]}  # type: ignore

    assert {"flag", "output"} <= kinds(alone)
    assert kinds(beside).isdisjoint({"flag", "output"})
    assert [step.by for step in beside.trace if step.kind == "falls_with_fine"] == ["flag", "output"]


def test_equal_fines_stand_by_the_first_code() -> None:
    rulebook = small(b=("罚款 100元", "罚款 100元"), a=("罚款 100元", "罚款 100元"))

    joint = together(area("甲", "b"), area("甲", "a"), rulebook=rulebook)

    assert joint.fine_fen == 10_000
    assert [(part.violation, [each.by for each in part.falls_away]) for part in joint.parts] == [
        ("T-a", []),
        ("T-b", ["T-a"]),
    ]


def test_statutory_maxima_are_compared_where_that_is_declared() -> None:
    rules = {"a": ("罚款 400元", RANGE), "b": ("罚款 300元", "罚款 50元 至 9000元")}
    acts = (area("甲", "a"), area("甲", "b"))

    computed, statutory = together(*acts, rulebook=small(**rules)), together(*acts, rulebook=small(STATUTORY, **rules))

    assert (computed.fine_fen, statutory.fine_fen) == (40_000, 30_000)
    assert "9000 元，高于 500 元" in statutory.parts[0].falls_away[0].reason


def test_equal_maxima_leave_the_fines_themselves_to_compare() -> None:
    rules = {"a": ("罚款 300元", RANGE), "b": ("罚款 400元", "罚款 100元 至 500元")}

    assert together(area("甲", "a"), area("甲", "b"), rulebook=small(STATUTORY, **rules)).fine_fen == 40_000


def test_a_fine_on_another_payer_is_compared_among_its_own() -> None:
    rulebook = small(
        a=("罚款 400元，对「负责人」罚款 60元", RANGE),
        b=("罚款 300元，对「负责人」罚款 70元", RANGE),
    )

    wire = joint_to_wire(together(area("甲", "a"), area("甲", "b"), rulebook=rulebook))

    fines = [each for each in wire["measures"] if each["kind"] == "fine"]  # type: ignore
    assert [(each.get("payer"), each["amount_fen"], each["violations"]) for each in fines] == [  # type: ignore
        (None, 40_000, ["T-a"]),
        ("负责人", 7_000, ["T-b"]),
    ]
    assert wire["fine_fen"] == 40_000


def test_a_published_range_of_a_separate_act_gives_a_range_in_all() -> None:
    rulebook = small(a=("罚款 100元 至 200元", RANGE), b=("罚款 70元", RANGE))

    wire = joint_to_wire(together(area("甲", "a"), area("乙", "b"), rulebook=rulebook))

    assert (wire["fine_fen"], wire["fine_range"]) == (None, {"low_fen": 17_000, "high_fen": 27_000})


def test_a_range_that_lies_above_another_fine_beyond_doubt_stands() -> None:
    rulebook = small(a=("罚款 100元 至 200元", RANGE), b=("罚款 100元", RANGE))

    joint = together(area("甲", "a"), area("甲", "b"), rulebook=rulebook)

    assert joint.fine == (10_000, 20_000)


def test_a_case_without_a_fine_has_none() -> None:
    joint = together(part("甲", "SZCG-003", 拒不改正=False))

    assert joint.fine is None
    assert joint_to_wire(joint)["fine_fen"] is None
    assert explain_joint(joint, "zh")[-1] == "结果：没有对当事人的罚款"


def test_each_act_has_the_law_of_its_own_day() -> None:
    joint = together(spit("甲", 2), spit("乙", 1, date(2025, 3, 1)))

    assert [part.outcome.on.isoformat() for part in joint.parts] == ["2025-03-01", "2026-11-01"]


# --- refusals


def test_a_refused_part_refuses_the_whole_and_is_named() -> None:
    refusal = refused(spit("甲", 2), stall("乙", 占地面积=None), part("丙", "SZCG-013"))

    wire = joint_to_wire(refusal)
    assert (refusal.code, refusal.act, refusal.violation, refusal.field) == ("part_refused", "丙", "SZCG-013", COUNT)
    assert "行为“丙”的 SZCG-013 不能裁量" in refusal.message
    assert "行为“乙”的 SZCG-003 不能裁量" in refusal.message
    assert (wire["outcome"], wire["fine_fen"], wire["measures"]) == ("refusal", None, [])
    assert len(wire["parts"]) == 3  # type: ignore


@pytest.mark.parametrize(
    ("acts", "code"),
    [
        ((), "no_parts"),
        ((spit("甲", 1), spit("甲", 2)), "same_violation_twice"),
        ((spit("甲", 1), Act(act="甲", violation="SZCG-003", facts=STALL, on=date(2026, 10, 1))),
         "act_on_two_days"),
        ((part("甲", "SZCG-033", 一年内次数=1, 违法所得="5"), part("甲", "SZCG-034", 一年内次数=1, 违法所得="6")),
         "unlike_gains"),
    ],
)  # fmt: skip
def test_acts_that_contradict_themselves_are_refused_by_name(acts: Sequence[Act], code: str) -> None:
    assert refused(*acts).code == code


def test_ranges_that_overlap_are_not_compared() -> None:
    rulebook = small(a=("罚款 100元 至 200元", RANGE), b=("罚款 150元", RANGE))

    refusal = refused(area("甲", "a"), area("甲", "b"), rulebook=rulebook)

    assert refusal.code == "fines_not_comparable"
    assert "T-a 100–200" in refusal.message


def test_without_a_statutory_maximum_there_is_nothing_to_compare() -> None:
    rules = {"a": ("罚款 100元", "罚款 50元以上"), "b": ("罚款 150元", RANGE)}

    assert refused(area("甲", "a"), area("甲", "b"), rulebook=small(STATUTORY, **rules)).code == "fines_not_comparable"


def test_without_a_declared_comparison_nothing_is_decided_together() -> None:
    rulebook = load_rulebook(files())

    assert refused(part("甲", "T-1", 面积="1"), rulebook=rulebook).code == "comparison_not_declared"


def test_before_the_article_was_in_force_fines_of_one_act_are_not_compared() -> None:
    late = changed(ONE_ACT, ("施行: 2021-07-15 起", "施行: 2026-11-02 起"))
    rulebook = small(late, a=("罚款 100元", "罚款 100元"), b=("罚款 70元", "罚款 70元"))

    assert refused(area("甲", "a"), area("甲", "b"), rulebook=rulebook).code == "comparison_not_in_force"
    assert together(area("甲", "a"), area("乙", "b"), rulebook=rulebook).fine_fen == 17_000


def test_a_sum_that_cannot_be_written_exactly_is_refused() -> None:
    most = "罚款 900000000000元 × 面积"
    rulebook = small(a=(most, most), b=(most, most))

    assert (
        refused(part("甲", "T-a", 面积="100"), part("乙", "T-b", 面积="100"), rulebook=rulebook).code
        == "amount_too_large"
    )


def test_every_refusal_has_a_sentence_in_both_languages() -> None:
    assert all(zh and en for zh, en in SENTENCES.values())


# --- properties


violations = st.sampled_from(
    [spit("x", 1), spit("x", 2), spit("x", 3), stall("x"), stall("x", 占地面积="0.15"), part("x", "SZCG-013"),
     part("x", "SZCG-033", 一年内次数=2, 违法所得="5"), part("x", "SZCG-034", 一年内次数=1, 违法所得="5")]
)  # fmt: skip
cases = st.lists(
    st.builds(
        lambda act, each: Act(act=act, violation=each.violation, facts=each.facts),
        st.sampled_from(["甲", "乙", "丙"]),
        violations,
    ),
    max_size=5,
)


@settings(max_examples=40, deadline=None)
@given(cases, st.randoms(use_true_random=False))
def test_the_order_of_acts_does_not_matter(acts: list[Act], random: Any) -> None:
    turned = list(acts)
    random.shuffle(turned)

    assert joint_to_wire(decide_together(shipped(), DAY, turned)) == joint_to_wire(
        decide_together(shipped(), DAY, acts)
    )


@settings(max_examples=40, deadline=None)
@given(cases, st.sampled_from([(spit("丁", 1), 5_000), (spit("丁", 2), 10_000), (stall("丁"), 350_000)]))
def test_a_separate_act_adds_exactly_its_fine(acts: list[Act], another: tuple[Act, int]) -> None:
    one, fen = another
    before, after = decide_together(shipped(), DAY, acts), decide_together(shipped(), DAY, [*acts, one])

    if isinstance(before, Joint):
        assert isinstance(after, Joint)
        assert after.fine_fen == (before.fine_fen or 0) + fen
        assert set(before.measures) <= set(after.measures)
    else:
        assert isinstance(after, JointRefusal) or before.code == "no_parts"


@settings(max_examples=40, deadline=None)
@given(cases)
def test_one_act_never_costs_more_than_separate_ones_nor_less_than_its_dearest(acts: list[Act]) -> None:
    joint = decide_together(shipped(), DAY, acts)

    if isinstance(joint, Joint):
        fines: dict[str, list[int]] = {}
        for each in joint.parts:
            fines.setdefault(each.act, []).append(each.outcome.fine_fen or 0)  # type: ignore[union-attr]
        assert (joint.fine_fen or 0) == sum(map(max, fines.values()))


# --- the file


def test_the_file_may_be_in_english() -> None:
    how = small(ENGLISH, a=("罚款 100元", "罚款 100元")).one_act

    assert how is not None
    assert (how.compare, how.declared[0].answer) == ("statutory", "the maxima")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (("比较: 算得的罚款\n", ""), "question"),
        (("算得的罚款\n声明", "随便\n声明"), "bad_choice_of_words"),
        (("名称: 一事不二罚款", "名字: 一事不二罚款"), "unknown_key"),
        (("施行: 2021-07-15 起\n", ""), "missing_key"),
        ((ONE_ACT[ONE_ACT.index("声明:") :], ""), "missing_key"),
    ],
)
def test_what_is_wrong_with_the_file_is_found(change: tuple[str, str], code: str) -> None:
    given = files() | {"general/PL-29.yaml": changed(ONE_ACT, change).encode()}

    assert code in codes(findings(given))


def test_two_declared_comparisons_are_none() -> None:
    given: Mapping[str, bytes] = files() | {"a.yaml": ONE_ACT.encode(), "b.yaml": STATUTORY.encode()}

    assert codes(findings(given)) == ["duplicate_code"]


# --- sentences


def test_a_case_is_explained_in_both_languages() -> None:
    joint = together(spit("甲", 2, 受罚人="公民"), stall("甲"), spit("乙", 1, 受罚人="公民"))

    zh, en = "\n".join(explain_joint(joint, "zh")), "\n".join(explain_joint(joint, "en"))
    for words in ("SZCG-013 罚款 100 元，法定最高 200 元，不再处罚（已按 SZCG-003 罚款）", "按声明比较算得的罚款",
                  "只作一次", "随罚款一并不再适用", "没有另行审查", "结果：罚款合计 3550 元"):  # fmt: skip
        assert words in zh
    for words in ("falls away beside SZCG-003", "computed fines are compared", "imposed once", "falls away with it",
                  "result: fines of 3550 yuan in all"):  # fmt: skip
        assert words in en


def test_a_refused_case_is_explained_with_the_part_at_fault() -> None:
    refusal = refused(spit("甲", 2), part("乙", "SZCG-013"))

    assert explain_joint(refusal, "zh")[-1].startswith("不能合并裁量：行为“乙”的 SZCG-013 不能裁量：还缺事实")
    assert explain_joint_wire(joint_to_wire(refusal), "en")[-1].startswith("refused together: ")


def test_a_range_and_a_payer_are_explained() -> None:
    rulebook = small(
        a=("罚款 100元 至 200元，对「负责人」罚款 60元", RANGE),
        b=("对「负责人」罚款 70元", RANGE),
    )
    joint = together(area("甲", "a"), area("甲", "b"), rulebook=rulebook)

    assert any("对负责人的罚款 60 元" in each for each in explain_joint(joint, "zh"))
    assert explain_joint(joint, "zh")[-1] == "结果：罚款合计 100 至 200 元"
    assert explain_joint(joint, "en")[-1] == "result: fines of 100 to 200 yuan in all"
