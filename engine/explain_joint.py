"""Turns a joint object into sentences: each violation's own reasons, then what happened between them, then the sum.

Like `engine.explain` it reads the object as it stands on the wire and in the record, and adds nothing.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from engine.currency import amount_text, unit_word
from engine.explain import MEASURES, currency_in, explain_wire, measure_text
from engine.fact import Language
from engine.joined import Joint, JointRefusal, joint_to_wire
from engine.numbers import yuan_text

Object = Mapping[str, Any]
_COMPARED = {"computed": ("算得的罚款", "computed fines"), "statutory": ("法定最高罚款", "statutory maxima")}


def explain_joint(joint: Joint | JointRefusal, language: Language) -> tuple[str, ...]:
    """Say in sentences how the outcome of a whole case came about."""
    return explain_joint_wire(joint_to_wire(joint), language)


def explain_joint_wire(joint: Object, language: Language) -> tuple[str, ...]:
    """Say the same of a joint object read from a record or a door."""
    return tuple(_sentences(joint, language))


def _sentences(joint: Object, language: Language) -> Iterator[str]:
    zh = language == "zh"
    for part in joint["parts"]:
        decision = part["decision"]
        code, name = decision["violation"], decision["name"]
        title = (f"{code}（{name}）" if zh else f"{code} ({name})") if name else code
        yield f"—— 行为“{part['act']}”，{title}" if zh else f"—— act “{part['act']}”, {title}"
        yield from explain_wire(decision, language)
    yield "—— 合并裁量" if zh else "—— together"
    if joint["comparison"] and any(step["step"] == "declared" for step in joint["trace"]):
        for each in joint["comparison"]["declared"]:
            question, answer = each["question"], each["answer"]
            yield f"声明：{question}{answer}" if zh else f"declared: {question} {answer}"
    steps = [_step(step, currency_in(joint), language) for step in joint["trace"]]
    yield from steps
    if joint["refusal"]:
        message = joint["refusal"]["message"]
        yield f"不能合并裁量：{message}" if zh else f"refused together: {message}"
        return
    for each in joint["measures"]:
        codes = ("、" if zh else ", ").join(each["violations"])
        text = measure_text(each, language, currency_in(joint))
        line = f"行为“{each['act']}”：{text}（{codes}）" if zh else f"act “{each['act']}”: {text} ({codes})"
        if line not in steps:
            # The sum of an act with one fine is that fine, and was told as it was added up.
            yield line
    yield _result(joint, language)


def _result(joint: Object, language: Language) -> str:
    zh = language == "zh"
    spread, fen = joint["fine_range"], joint["fine_fen"]
    if fen is not None:
        spread = {"low_fen": fen, "high_fen": fen}
    if spread is None:
        return "结果：没有对当事人的罚款" if zh else "result: no fine on the party"
    amount = _range(spread, currency_in(joint), language)
    return f"结果：罚款合计 {amount}" if zh else f"result: fines of {amount} in all"


def _range(amounts: Object, currency: str, language: Language) -> str:
    """Write an amount of one figure or of two ends, with its unit."""
    zh, unit = language == "zh", unit_word(currency, language)
    low, high = yuan_text(amounts["low_fen"]), amounts["high_fen"]
    if low == (high if high is None else yuan_text(high)):
        return f"{low} {unit}"
    if high is None:
        return f"{low} {unit}以上" if zh else f"{low} {unit} or more"
    return f"{low} 至 {yuan_text(high)} {unit}" if zh else f"{low} to {yuan_text(high)} {unit}"


def _step(step: Object, currency: str, language: Language) -> str:
    zh = language == "zh"
    act, code, by = step.get("act", ""), step.get("violation", ""), step.get("by", "")
    amount = _range(step, currency, language) if "low_fen" in step else ""
    limit = step.get("limit_fen")
    highest = "" if limit is None else amount_text(limit, currency, language)
    most = (f"，法定最高 {highest}" if zh else f", at most {highest}") if highest else ""
    payer = step.get("payer", "")
    whom = (f"对{payer}的" if zh else f" on {payer}") if payer else ""
    match step["step"]:
        case "declared":
            how = _COMPARED[by][0 if zh else 1]
            if zh:
                return f"行为“{act}”：{step['text']}，同一个行为只罚款一次；按声明比较{how}"
            return f"act “{act}”: {step['text']}, one act is fined once; as declared, the {how} are compared"
        case "stands":
            return (
                f"{code} {whom}罚款 {amount}{most}，数额高，保留"
                if zh
                else f"the fine of {code}{whom}, {amount}{most}, is the higher and stands"
            )
        case "falls_away":
            return (
                f"{code} {whom}罚款 {amount}{most}，不再处罚（已按 {by} 罚款），其他处理保留"
                if zh
                else f"the fine of {code}{whom}, {amount}{most}, falls away beside {by}; its other measures stay"
            )
        case "falls_with_fine":
            word = MEASURES[by][0 if zh else 1]
            if zh:
                return f"{code} 因罚款而附加的“{word}”（{step['text']}）随罚款一并不再适用"
            return f"what {code} attached because of its fine ({word}, {step['text']}) falls away with it"
        case "kept_once":
            word = MEASURES[step["text"]][0 if zh else 1]
            if zh:
                return f"{code} 的“{word}”与 {by} 的相同，只作一次"
            return f"“{word}” of {code} is that of {by}, and is imposed once"
        case "judged_apart":
            if zh:
                return "程序标记是按每一项处罚分别审查的，合计后的处罚没有另行审查"
            return "procedure was looked at for each penalty by itself, not for what they come to together"
        case "act_total":
            return f"行为“{act}”：罚款 {amount}（{code}）" if zh else f"act “{act}”: fine {amount} ({code})"
        case "total":
            return f"各行为的罚款相加：{amount}" if zh else f"the fines of the acts add up to {amount}"
        case other:
            raise ValueError(other)
