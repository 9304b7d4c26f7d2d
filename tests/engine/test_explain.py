"""An outcome in sentences, in both languages, for every kind of outcome."""

from datetime import date

import orjson
import pytest

from engine import Outcome, to_wire
from engine.explain import explain, explain_wire, measure_text
from engine.fact import Language
from tests.engine.kit import RULE, ask, book, changed, shipped
from tests.engine.test_decide import GROUND, HEAVIER_SECOND, ORDER_FIRST, REFUSALS, rounding, rule
from tests.engine.test_language import BANDS, BASES, IN_TIER, LADDER, MOVES, TWO_CHANGES, TWO_WAYS, law, versions
from tests.engine.test_second_reading import FINISHED

QUIET = {"威胁辱骂殴打工作人员": False, "扰乱正常工作秩序": False, "造成较大影响和严重后果": False}

DECISIONS: dict[str, Outcome] = {
    "counted": ask(shipped(), {"历次处罚日期": ["2026-01-01"]}, violation="SZCG-013"),
    "counted none": ask(shipped(), {"历次处罚日期": []}, violation="SZCG-013"),
    "goods": ask(shipped(), {"拒不改正": True, "占地面积": "3.5", "一年内次数": 3}, violation="SZCG-003"),
    "heavier": ask(book(rule(*HEAVIER_SECOND)), {"面积": "2", "主动改正": True, "地段": "主街"}),
    "no penalty": ask(book(rule("面积 ≤ 2 => 罚款 50元", before=GROUND)), {"主动改正": True}),
    "order": ask(book(rule("面积 ≤ 2 => 罚款 50元", before=ORDER_FIRST)), {"地段": "小巷"}),
    "no gains": ask(book(rule("次数 = 1 => 罚款 50元，没收 违法所得")), {"次数": 1, "违法所得": 0}),
    "gains": ask(book(rule("次数 = 1 => 警告，没收 违法所得，吊销「证」")), {"次数": 1, "违法所得": "12.34"}),
    "unused": ask(book(), {"面积": "1", "次数": 2}),
    "rounded": ask(
        book(rule("次数 = 1 => 罚款 15元 × 面积", statutory="罚款 15元 至 16元 × 面积"), rounding("10元，四舍五入")),
        {"次数": 1, "面积": "1"},
    ),
}
MONEY_BANDS = "累进额: {累进: 货值, 表: {0元至1万元: 10%, 大于1万元: 20%}}"
CORRECTED_TWICE = {"面积": "1", "同类": 9, "改正": True}
OTHERS = (
    "通报批评，暂扣「证」 6月，责令停产停业 10日，限制「从业」 5年，"
    "拘留 5日，责令「拆除」，另计「记分」 12，标记「移送」"
)
MITIGATED = "档内取值: 只给幅度\n调整: [{名: 减轻, 情形: 改正, 处理: '下浮 60%，可低于法定下限', 依据: 某规定第五条}]\n"
RAISED = "档内取值: 只给幅度\n调整: [{名: 加重, 情形: 改正, 处理: 上浮 20%}]\n"
WHOLE: dict[str, Outcome] = {
    "table": ask(law("面积 > 0 => 罚款 单价 × 面积", computed=TWO_WAYS), {"面积": "10", "区域": "不明"}),
    "branch": ask(law("面积 ≥ 0 => 罚款 基数", computed=BASES), {"面积": "1", "货值": "1000"}),
    "otherwise": ask(law("面积 ≥ 0 => 罚款 基数", computed=BASES), {"面积": "1", "货值": "0"}),
    "bands": ask(law("面积 ≥ 0 => 罚款 累进额", computed=BANDS), {"面积": "110"}),
    "no band reached": ask(law("面积 ≥ 0 => 罚款 累进额", computed=BANDS), {"面积": "0"}),
    "bands of money": ask(law("面积 ≥ 0 => 罚款 累进额", computed=MONEY_BANDS), {"面积": "1", "货值": "10001"}),
    "formula": ask(
        law("面积 ≥ 0 => 罚款 100元 × 档数", computed="档数: 份数(倍数, 0.2)"), {"面积": "1", "倍数": "0.7"}
    ),
    "bracket": ask(law("货值 > 0元 => 罚款 1万元 至 3万元", more=IN_TIER), {"货值": "1", "改正": True}),
    "figure": ask(law("货值 > 0元 => 罚款 1万元 至 3万元", more=IN_TIER), {"货值": "1", "改正": False}),
    "moved": ask(law(*LADDER, more=MOVES), {"面积": "1", "同类": 3, "改正": False}),
    "same": ask(law("面积 > 0 => 罚款 1000元", "面积 > 1 => 罚款 1000元"), {"面积": "2"}),
    "young": ask(shipped(), {"一年内次数": 2, "出生日期": "2010-01-01"}, violation="SZCG-013"),
    "child": ask(shipped(), {"一年内次数": 2, "出生日期": "2013-01-01"}, violation="SZCG-013"),
    "capped": ask(law("面积 > 0 => 罚款 500元 × 面积，不超过 3000元"), {"面积": "7"}),
    "adjusted": ask(law("面积 > 0 => 罚款 1000元", more=TWO_CHANGES), CORRECTED_TWICE),
    "mitigated": ask(law("面积 > 0 => 罚款 100元", more=MITIGATED), {"面积": "1", "改正": True}),
    "adjusted range": ask(law("面积 > 0 => 罚款 200元 至 1000元", more=MITIGATED), {"面积": "1", "改正": True}),
    "raised range": ask(law("面积 > 0 => 罚款 200元 以上", more=RAISED), {"面积": "1", "改正": True}),
    "lighter": ask(versions("5000元", "2000元"), {"面积": "1"}, on=date(2026, 1, 5), decided=date(2026, 11, 1)),
    "other measures": ask(
        law("面积 > 0 => " + OTHERS),
        {"面积": "1"},
    ),
}
SHOWN: dict[str, tuple[list[str], list[str]]] = {
    "counted": (
        ["2026-01-01", "第 2 次", "情节较重", "结果：罚款 100 元，责令改正"],
        ["2026-01-01", "is 2", "result: fine 100 yuan, order to correct"],
    ),
    "counted none": (["无", "第 1 次", "罚款 50 元"], ["none", "is 1", "fine 50 yuan"]),
    "goods": (["占地面积 3.5", "3500 元", "没收违法堆放"], ["占地面积 3.5", "3500 yuan", "confiscation of 违法堆放"]),
    "heavier": (["较重", "“乙”", "70 元"], ["heavier", "70 yuan"]),
    "no penalty": (["结果：不予处罚，予以教育"], ["result: no penalty, education"]),
    "order": (["地段 为 主街", "不成立", "结果：责令改正"], ["does not hold", "result: order to correct"]),
    "no gains": (["没有违法所得"], ["there are none"]),
    "gains": (
        ["没收违法所得 12.34 元", "吊销证", "警告"],
        ["confiscation of unlawful gains 12.34 yuan", "revocation of 证", "warning"],
    ),
    "unused": (["没有用到的事实", "次数 2"], ["not used", "次数 2"]),
    "rounded": (["取整", "20 元", "16 元"], ["rounded", "20", "16 yuan"]),
}


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("name", DECISIONS)
def test_a_decision_is_explained_in_sentences(name: str, language: Language) -> None:
    sentences = explain(DECISIONS[name], language)

    told = "\n".join(sentences)
    assert [words for words in SHOWN[name][0 if language == "zh" else 1] if words not in told] == []
    assert sentences[0].startswith("处罚依据：" if language == "zh" else "basis: ")


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("code", REFUSALS)
def test_a_refusal_is_explained_by_its_message(code: str, language: Language) -> None:
    outcome = REFUSALS[code]()

    sentences = explain(outcome, language)

    assert sentences[-1].startswith("不能作出处罚：" if language == "zh" else "refused: ")
    assert getattr(outcome, "message", "") in sentences[-1]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_sentence_is_one_line_without_holes(language: Language) -> None:
    outcomes = [*DECISIONS.values(), *(refusal() for refusal in REFUSALS.values())]

    sentences = [sentence for outcome in outcomes for sentence in explain(outcome, language)]

    bad = [each for each in sentences if not each.strip() or "\n" in each or "None" in each or "{" in each]
    assert bad == []


@pytest.mark.parametrize(
    ("name", "zh", "en"),
    [
        (
            "table",
            "计算：单价 = 20 元（面积“[0..500)”，区域“一般”；用到 面积 10、区域 一般）",
            "computed: 单价 = 20 元 (面积“[0..500)”，区域“一般”; from 面积 10, 区域 一般)",
        ),
        ("branch", "计算：基数 = 3000 元（“货值 > 0元”；用到 货值 1000）", "(“货值 > 0元”; from 货值 1000)"),
        ("otherwise", "计算：基数 = 50000 元（“其余”；用到 货值 0）", "(“其余”; from 货值 0)"),
        (
            "bands",
            "计算：累进额 = 1200 元（“0 至 100” 100 → 1000 元，“大于 100 至 500” 10 → 200 元；用到 面积 110）",
            "(“0 至 100” 100 → 1000 元，“大于 100 至 500” 10 → 200 元; from 面积 110)",
        ),
        ("no band reached", "计算：累进额 = 0 元（用到 面积 0）", "= 0 元 (from 面积 0)"),
        ("bands of money", "“0元至1万元” 10000 元 → 1000 元，“大于1万元” 1 元 → 0.2 元", "“大于1万元” 1 元 → 0.2 元"),
        ("formula", "计算：档数 = 4（份数(倍数, 0.2)；用到 倍数 0.7）", "(份数(倍数, 0.2); from 倍数 0.7)"),
        ("bracket", "结果：罚款 10000 至 20000 元", "result: fine 10000 to 20000 yuan"),
        ("figure", "档内取值：一般 50%，得 20000 元", "in the tier: 一般 50% gives 20000 yuan"),
        ("moved", "由“甲”移到“乙”", "moved from “甲” to “乙”"),
        ("capped", "不超过：改为 3000 元", "at most: becomes 3000 yuan"),
        ("adjusted", "1200 元 → 840 元", "1200 yuan → 840 yuan"),
        ("mitigated", "低于法定幅度（罚款 100元 至 100万元）", "below the statutory range (罚款 100元 至 100万元)"),
        (
            "mitigated",
            "低于法定下限 100 元，得 40 元：调整“减轻”允许低于法定下限（依据：某规定第五条）",
            "40 yuan is below the statutory minimum of 100: adjustment “减轻” allows it (basis: 某规定第五条)",
        ),
        ("adjusted range", "200 至 1000 元 → 80 至 400 元", "200 to 1000 yuan → 80 to 400 yuan"),
        ("adjusted range", "得 80 元：调整“减轻”允许低于法定下限", "80 yuan is below the statutory minimum of 100"),
        ("raised range", "200 至 1000000 元 → 240 至 1200000 元", "200 to 1000000 yuan → 240 to 1200000 yuan"),
        ("young", "标记应当从轻或者减轻", "flag: 应当从轻或者减轻"),
        ("child", "结果：不予处罚，予以教育", "result: no penalty, education"),
        ("same", "处理相同", "come to the same"),
        ("lighter", "从旧兼从轻（《行政处罚法》第三十七条）：适用版本 2，较轻", "version 2 applies, the lighter"),
        ("other measures", "暂扣证 6 月，责令停产停业 10 日，限制从业 5 年，行政拘留 5 日", "detention 5 days"),
    ],
)
def test_every_step_of_the_whole_language_is_said_in_words(name: str, zh: str, en: str) -> None:
    told = ["\n".join(explain(WHOLE[name], language)) for language in ("zh", "en")]

    assert zh in told[0]
    assert en in told[1]


def test_every_kind_of_step_is_told() -> None:
    outcomes = [*DECISIONS.values(), *(refusal() for refusal in REFUSALS.values()), *WHOLE.values()]
    steps = {step.kind for outcome in outcomes for step in outcome.trace}

    told = {step.kind for outcome in outcomes for step in outcome.trace if explain(outcome, "zh")}

    assert steps == told
    assert steps == {
        "power_item", "in_force", "count", "not_used", "no_penalty", "precondition", "tier", "heavier_tier", "amount",
        "rounding", "statutory_range", "measure", "defect", "assumed", "value", "tier_move", "moved_tier", "bracket",
        "in_tier", "position", "bound", "guard", "not_reviewed", "same_outcome", "adjustment", "other_version",
        "lighter_law", "below_range",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("measure", "zh", "en"),
    [
        ({"kind": "fine", "amount_fen": 5_050}, "罚款 50.5 元", "fine 50.5 yuan"),
        (
            {"kind": "confiscate_gains", "amount_fen": 1},
            "没收违法所得 0.01 元",
            "confiscation of unlawful gains 0.01 yuan",
        ),
        ({"kind": "confiscate_goods", "goods": "工具"}, "没收工具", "confiscation of 工具"),
        ({"kind": "revoke_licence", "licence": "证"}, "吊销证", "revocation of 证"),
        ({"kind": "warning"}, "警告", "warning"),
    ],
)
def test_a_measure_is_written_with_its_amount_or_its_thing(measure: dict[str, str | int], zh: str, en: str) -> None:
    written = measure_text(measure, "zh", "CNY"), measure_text(measure, "en", "CNY")

    assert written == (zh, en)


@pytest.mark.parametrize("name", DECISIONS)
def test_a_record_read_back_from_its_bytes_is_explained_the_same(name: str) -> None:
    kept = orjson.loads(orjson.dumps(to_wire(DECISIONS[name])))

    told = explain_wire(kept, "zh")

    assert told == explain(DECISIONS[name], "zh")


@pytest.mark.parametrize(("name", "told"), [
    ("counted", "连同本次为第 2 次"), ("worked out", "计算："),
])  # fmt: skip
def test_a_record_with_its_members_in_the_order_of_their_names_is_told_the_same(name: str, told: str) -> None:
    worked = "计算:\n  甲价: 5元 × 面积\n裁量表:"
    bent = changed(RULE, ("裁量表:", worked), ("罚款 500元\n", "罚款 甲价，不少于 50元\n"))
    outcome = DECISIONS["counted"] if name == "counted" else ask(book(bent, FINISHED), {"面积": "90"})
    sorted_wire = orjson.loads(orjson.dumps(to_wire(outcome), option=orjson.OPT_SORT_KEYS))

    plain, again = (
        [each for each in sentences if told in each]
        for sentences in (explain(outcome, "zh"), explain_wire(sorted_wire, "zh"))
    )
    assert plain == again != []
