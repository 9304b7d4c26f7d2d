"""Turns an outcome into sentences a person accepts: on what law, by which tier, from which facts, in which steps.

It reads the trace and adds nothing to it; what is not in the trace did not happen.
"""

from collections.abc import Iterator

from engine.decision import Decision, Imposed, Outcome, Step, kind_of
from engine.numbers import yuan_text
from engine.tree import ConfiscateGains, ConfiscateGoods, Fine, Language, RevokeLicence

_MEASURES: dict[str, tuple[str, str]] = {
    "fine": ("罚款", "fine"),
    "warning": ("警告", "warning"),
    "confiscate_gains": ("没收违法所得", "confiscation of unlawful gains"),
    "confiscate_goods": ("没收", "confiscation of"),
    "revoke_licence": ("吊销", "revocation of"),
    "order_to_correct": ("责令改正", "order to correct"),
    "education": ("予以教育", "education"),
    "no_penalty": ("不予处罚", "no penalty"),
}


def measure_text(imposed: Imposed, language: Language) -> str:
    """Write one imposed measure for people: `罚款 100 元`."""
    zh = language == "zh"
    word = _MEASURES[kind_of(imposed.measure)][0 if zh else 1]
    match imposed.measure:
        case Fine() | ConfiscateGains():
            return f"{word} {yuan_text(imposed.amount_fen or 0)} {'元' if zh else 'yuan'}"
        case ConfiscateGoods(goods=goods):
            return f"{word}{goods}" if zh else f"{word} {goods}"
        case RevokeLicence(licence=licence):
            return f"{word}{licence}" if zh else f"{word} {licence}"
        case _:
            return word


def explain(outcome: Outcome, language: Language) -> tuple[str, ...]:
    """Say in sentences how an outcome came about, in the order of the reasoning."""
    return tuple(_sentences(outcome, language))


def _sentences(outcome: Outcome, language: Language) -> Iterator[str]:
    zh = language == "zh"
    if outcome.rule:
        for basis in outcome.rule.basis:
            yield f"处罚依据：{basis.article}“{basis.quote}”" if zh else f"basis: {basis.article} “{basis.quote}”"
        regime = outcome.rule.regime
        tier = outcome.tier if isinstance(outcome, Decision) else ""
        if zh:
            yield f"裁量理由：{regime.name}（{regime.number}）{outcome.rule.code}" + (f"，“{tier}”一档" if tier else "")
        else:
            yield f"benchmark: {regime.name} ({regime.number}) {outcome.rule.code}" + (
                f", tier “{tier}”" if tier else ""
            )
    for step in outcome.trace:
        if sentence := _step(step, zh=zh):
            yield sentence
    if not isinstance(outcome, Decision):
        yield (f"不能作出处罚：{outcome.message}" if zh else f"refused: {outcome.message}")
        return
    measures = [measure_text(each, language) for each in outcome.measures]
    yield ("结果：" + "，".join(measures)) if zh else ("result: " + ", ".join(measures))


def _reads(step: Step, *, zh: bool) -> str:
    return ("、" if zh else ", ").join(f"{name} {value or ('无' if zh else 'none')}" for name, value in step.reads)


def _step(step: Step, *, zh: bool) -> str:
    reads = _reads(step, zh=zh)
    before, after = yuan_text(step.before or 0), yuan_text(step.after or 0)
    match step.kind:
        case "power_item":
            return (
                f"权力事项 {step.name}（{step.text}）已列入目录、已公布、在施行期内"
                if zh
                else f"power item {step.name} ({step.text}) is listed, published and in force"
            )
        case "in_force":
            return f"《{step.name}》当日有效（{step.text}）" if zh else f"{step.name} is in force ({step.text})"
        case "count":
            days, number = step.reads[0][1], step.reads[1][1]
            return (
                f"{step.name}：追溯期内的日期有 {days or '无'}，连同本次为第 {number} 次"
                if zh
                else f"{step.name}: days in the window: {days or 'none'}; with this one the count is {number}"
            )
        case "not_used":
            return f"没有用到的事实：{reads}" if zh else f"facts not used: {reads}"
        case "no_penalty" | "precondition" | "tier":
            name = f"“{step.name}”" if step.name else ("前提" if zh else "the precondition")
            if zh:
                return f"{name}{'成立' if step.holds else '不成立'}：要求 {step.text}；所填 {reads}"
            return f"{name} {'holds' if step.holds else 'does not hold'}: requires {step.text}; given {reads}"
        case "heavier_tier":
            return (
                f"同时符合 {step.text}，按本标准声明适用较重的“{step.name}”"
                if zh
                else f"{step.text} hold at once; as the regime declares, the heavier “{step.name}” applies"
            )
        case "amount":
            given = (f"（{reads}）" if zh else f" ({reads})") if reads else ""
            return (
                f"数额：{step.text}{given}，得 {after} 元" if zh else f"amount: {step.text}{given} gives {after} yuan"
            )
        case "rounding":
            return f"取整：得 {after} 元" if zh else f"rounded to {after} yuan"
        case "statutory_range":
            if step.before == step.after:
                return f"在法定幅度内（{step.text}）" if zh else f"inside the statutory range ({step.text})"
            return (
                f"取整不得越出法定幅度（{step.text}）：{before} 元改为 {after} 元"
                if zh
                else f"rounding may not leave the statutory range ({step.text}): {before} becomes {after} yuan"
            )
        case "measure":
            word = _MEASURES[step.name][0 if zh else 1]
            if step.holds is False:
                return f"{word}：没有违法所得，不适用" if zh else f"{word}: there are none"
            return f"{word}：{step.text}" if zh else f"{word}: {step.text}"
        case "defect":
            return f"公布的表有缺陷：{step.text}" if zh else f"the published table is defective: {step.text}"
