"""An outcome in sentences, in both languages, for every kind of outcome."""

import orjson
import pytest

from engine import Outcome, to_wire
from engine.explain import explain, explain_wire, measure_text
from engine.fact import Language
from tests.engine.kit import ask, book, shipped
from tests.engine.test_decide import GROUND, HEAVIER_SECOND, ORDER_FIRST, REFUSALS, rounding, rule

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


def test_every_kind_of_step_is_told() -> None:
    outcomes = [*DECISIONS.values(), *(refusal() for refusal in REFUSALS.values())]
    steps = {step.kind for outcome in outcomes for step in outcome.trace}

    told = {step.kind for outcome in outcomes for step in outcome.trace if explain(outcome, "zh")}

    assert steps == told
    assert steps == {
        "power_item", "in_force", "count", "not_used", "no_penalty", "precondition", "tier", "heavier_tier", "amount",
        "rounding", "statutory_range", "measure", "defect",
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
    written = measure_text(measure, "zh"), measure_text(measure, "en")

    assert written == (zh, en)


@pytest.mark.parametrize("name", DECISIONS)
def test_a_record_read_back_from_its_bytes_is_explained_the_same(name: str) -> None:
    kept = orjson.loads(orjson.dumps(to_wire(DECISIONS[name])))

    told = explain_wire(kept, "zh")

    assert told == explain(DECISIONS[name], "zh")
