"""Turns a decision object into sentences a person accepts: on what law, by which tier, from which facts and steps.

It reads the object as it stands on the wire and in the record, and adds nothing: what is not in the trace did not
happen. So a decision can be explained years later, from its record alone.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from engine.decision import Outcome, to_wire
from engine.numbers import yuan_text
from engine.tree import Language

MEASURES: Mapping[str, tuple[str, str]] = {
    "fine": ("罚款", "fine"),
    "warning": ("警告", "warning"),
    "confiscate_gains": ("没收违法所得", "confiscation of unlawful gains"),
    "confiscate_goods": ("没收", "confiscation of"),
    "revoke_licence": ("吊销", "revocation of"),
    "order_to_correct": ("责令改正", "order to correct"),
    "education": ("予以教育", "education"),
    "no_penalty": ("不予处罚", "no penalty"),
}

Object = Mapping[str, Any]


def explain(outcome: Outcome, language: Language) -> tuple[str, ...]:
    """Say in sentences how an outcome came about, in the order of the reasoning."""
    return explain_wire(to_wire(outcome), language)


def explain_wire(decision: Object, language: Language) -> tuple[str, ...]:
    """Say the same of a decision object read from a record or a door."""
    return tuple(_sentences(decision, zh=language == "zh"))


def measure_text(measure: Object, language: Language) -> str:
    """Write one measure of a decision object for people: `罚款 100 元`."""
    zh = language == "zh"
    word = MEASURES[measure["kind"]][0 if zh else 1]
    if measure.get("amount_fen") is not None:
        return f"{word} {yuan_text(measure['amount_fen'])} {'元' if zh else 'yuan'}"
    thing = measure.get("goods") or measure.get("licence") or ""
    return f"{word}{thing}" if zh or not thing else f"{word} {thing}"


def _sentences(decision: Object, *, zh: bool) -> Iterator[str]:
    for basis in decision["basis"]:
        yield (
            f"处罚依据：{basis['article']}“{basis['quote']}”" if zh else f"basis: {basis['article']} “{basis['quote']}”"
        )
    for step in decision["trace"]:
        yield _step(step, decision, zh=zh)
    if decision["refusal"]:
        message = decision["refusal"]["message"]
        yield f"不能作出处罚：{message}" if zh else f"refused: {message}"
        return
    measures = [measure_text(each, "zh" if zh else "en") for each in decision["measures"]]
    yield ("结果：" + "，".join(measures)) if zh else ("result: " + ", ".join(measures))


def _reads(step: Object, *, zh: bool) -> str:
    reads = step.get("reads", {})
    return ("、" if zh else ", ").join(f"{name} {value or ('无' if zh else 'none')}" for name, value in reads.items())


def _step(step: Object, decision: Object, *, zh: bool) -> str:
    name, text, holds = step.get("name", ""), step.get("text", ""), step.get("holds")
    reads = _reads(step, zh=zh)
    before, after = yuan_text(step.get("before_fen") or 0), yuan_text(step.get("after_fen") or 0)
    match step["step"]:
        case "power_item":
            if zh:
                return f"权力事项 {name}（{text}）已列入目录、已公布、在施行期内"
            return f"power item {name} ({text}) is listed, published and in force"
        case "in_force":
            code = decision["violation"]
            if zh:
                return f"裁量理由：{name} {code}，当日有效（{text}）"
            return f"benchmark: {name} {code}, in force on the day ({text})"
        case "count":
            given = list(step["reads"].values())
            days, number = given[0], given[1]
            if zh:
                return f"{name}：追溯期内的日期有 {days or '无'}，连同本次为第 {number} 次"
            return f"{name}: days in the window: {days or 'none'}; with this one the count is {number}"
        case "not_used":
            return f"没有用到的事实：{reads}" if zh else f"facts not used: {reads}"
        case "no_penalty" | "precondition" | "tier":
            what = f"“{name}”" if name else ("前提" if zh else "the precondition")
            if holds is None and decision["refusal"]:
                return f"{what}还不能判断：要求 {text}" if zh else f"{what} cannot be settled yet: requires {text}"
            if holds is None and zh:
                return f"{what}不必查明：要求 {text}；不论是否成立，结果相同"
            if holds is None:
                return f"{what} need not be settled: requires {text}; the outcome is the same either way"
            if zh:
                return f"{what}{'成立' if holds else '不成立'}：要求 {text}；所填 {reads or '无'}"
            return f"{what} {'holds' if holds else 'does not hold'}: requires {text}; given {reads or 'nothing'}"
        case "heavier_tier":
            if zh:
                return f"同时符合 {text}，按本标准的声明适用较重的“{name}”"
            return f"{text} hold at once; as the regime declares, the heavier “{name}” applies"
        case "amount":
            where = (f"（{reads}）" if zh else f" ({reads})") if reads else ""
            return f"数额：{text}{where}，得 {after} 元" if zh else f"amount: {text}{where} gives {after} yuan"
        case "rounding":
            return f"取整：得 {after} 元" if zh else f"rounded to {after} yuan"
        case "statutory_range":
            if before == after:
                return f"在法定幅度内（{text}）" if zh else f"inside the statutory range ({text})"
            if zh:
                return f"取整不得越出法定幅度（{text}）：{before} 元改为 {after} 元"
            return f"rounding may not leave the statutory range ({text}): {before} becomes {after} yuan"
        case "measure":
            word = MEASURES[name][0 if zh else 1]
            if holds is False:
                return f"{word}：没有违法所得，不适用" if zh else f"{word}: there are none"
            return f"{word}：{text}" if zh else f"{word}: {text}"
        case "defect":
            return f"公布的表有缺陷：{text}" if zh else f"the published table is defective: {text}"
        case other:
            raise ValueError(other)
