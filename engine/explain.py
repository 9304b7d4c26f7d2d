"""Turns a decision object into sentences a person accepts: on what law, by which tier, from which facts and steps.

It reads the object as it stands on the wire and in the record, and adds nothing: what is not in the trace did not
happen. So a decision can be explained years later, from its record alone.
"""

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

from engine.currency import DEFAULT, amount_text, currency_of, unit_word
from engine.decision import Decision, Outcome, imposed_to_wire, to_wire
from engine.fact import Language
from engine.numbers import exact_text, yuan_text
from engine.vocabulary import UNITS, spell_for

MEASURES: Mapping[str, tuple[str, str]] = {
    "fine": ("罚款", "fine"),
    "fine_range": ("罚款", "fine"),
    "warning": ("警告", "warning"),
    "public_criticism": ("通报批评", "public criticism"),
    "suspend_licence": ("暂扣", "suspension of"),
    "stop_business": ("责令停产停业", "stop of business"),
    "restrict": ("限制", "restriction of"),
    "detention": ("行政拘留", "detention"),
    "order": ("责令", "order:"),
    "output": ("另计", "also"),
    "flag": ("标记", "flag:"),
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


def currency_in(answer: Object) -> str:
    """Return the currency of a decision or joint object; a record from before it was written is in yuan."""
    return str(answer.get("currency") or DEFAULT)


def measure_text(measure: Object, language: Language, currency: str) -> str:
    """Write one measure of a decision object in its currency for people: `罚款 100 元`."""
    zh = language == "zh"
    word = MEASURES[measure["kind"]][0 if zh else 1]
    if measure.get("may"):
        word = "可以不予处罚" if zh else "no penalty need be imposed"
    on = ""
    if payer := measure.get("payer"):
        word, on = (f"对{payer}{word}", "") if zh else (word, f" on {payer}")
    if measure["kind"] == "fine_range":
        return f"{word}{on} {range_text(measure['low_fen'], measure['high_fen'], currency, language)}"
    if measure.get("amount_fen") is not None:
        return f"{word}{on} {amount_text(measure['amount_fen'], currency, language)}"
    thing = next((str(measure[key]) for key in ("goods", "licence", "what", "name") if measure.get(key)), "")
    figure = _shown(measure, "time") or _shown(measure, "value")
    if figure and measure.get("unit"):
        figure = f"{figure} {measure_unit(measure, language, currency)}"
    figure = figure or _figure_range(measure, language, currency)
    text = (f"{word}{thing}" if zh or not thing else f"{word} {thing}") + on
    return f"{text} {figure}" if figure else text


def _figure_range(measure: Object, language: Language, currency: str) -> str:
    """Write the range that the law leaves for a time or a figure; nothing where the measure has none."""
    key = next((each for each in ("time", "value") if f"{each}_low" in measure), "")
    if not key:
        return ""
    zh, unit = language == "zh", measure_unit(measure, language, currency)
    low, high = _shown(measure, f"{key}_low"), _shown(measure, f"{key}_high")
    if not low:
        return f"{high} {unit}".strip() + "以下" if zh else f"up to {high} {unit}".strip()
    if not high:
        return f"{low} {unit}".strip() + "以上" if zh else f"{low} {unit}".strip() + " or more"
    return f"{low} {'至' if zh else 'to'} {high} {unit}".strip()


def _shown(measure: Object, key: str) -> str:
    """Write a figure of a measure as people do; a percentage is carried as a share."""
    figure = str(measure.get(key) or "")
    return exact_text(Fraction(figure) * 100) if figure and measure.get("unit") == "percent" else figure


def measure_unit(measure: Object, language: Language, currency: str) -> str:
    """Write the unit that the figure of a measure is in; an amount is in its decision's currency."""
    unit = measure.get("unit", "")
    money = currency if not unit and "amount_fen" in measure else currency_of(unit)
    if money is not None and unit not in UNITS:
        return unit_word(money, language)
    keys = ("time", "value", "time_high", "value_high", "time_low", "value_low")
    figure = next((str(measure[key]) for key in keys if measure.get(key)), "")
    return spell_for(UNITS, unit, figure, language) if unit in UNITS else str(unit)


def outcome_text(outcome: Outcome, language: Language) -> str:
    """Write what an outcome comes to on one line: its own measures, or why nothing could be decided."""
    zh = language == "zh"
    if not isinstance(outcome, Decision):
        return f"不能作出处罚：{outcome.message}" if zh else f"refused: {outcome.message}"
    own = [each for each in outcome.measures if not each.basis] or list(outcome.measures)
    currency = outcome.rule.regime.currency
    text = ("，" if zh else ", ").join(measure_text(imposed_to_wire(each), language, currency) for each in own)
    return text or ("无处罚" if zh else "nothing is imposed")


def range_text(low: int | None, high: int | None, currency: str, language: Language) -> str:
    """Write a range of fen; an end the law does not name is left out."""
    zh = language == "zh"
    least, most = (None if fen is None else amount_text(fen, currency, language) for fen in (low, high))
    if low is None:
        return f"{most}以下" if zh else f"up to {most}"
    if high is None:
        return f"{least}以上" if zh else f"{least} or more"
    return f"{yuan_text(low)} 至 {most}" if zh else f"{yuan_text(low)} to {most}"


def _around(step: Object, end: str, currency: str, language: Language) -> str:
    """Write the amount before or after a step: both ends where it is a published range."""
    if f"least_{end}" in step:
        return range_text(step[f"least_{end}"], step.get(end), currency, language)
    fen = step.get(end)
    return "—" if fen is None else amount_text(fen, currency, language)


def _sentences(decision: Object, *, zh: bool) -> Iterator[str]:
    for basis in decision["basis"]:
        yield (
            f"处罚依据：{basis['article']}“{basis['quote']}”" if zh else f"basis: {basis['article']} “{basis['quote']}”"
        )
    for step, cut in _with_cut(decision["trace"]):
        yield _step(step, decision, zh=zh, cut=cut)
    if decision["refusal"]:
        message = decision["refusal"]["message"]
        yield f"不能作出处罚：{message}" if zh else f"refused: {message}"
        return
    currency = currency_in(decision)
    measures = [measure_text(each, "zh" if zh else "en", currency) for each in decision["measures"]]
    yield ("结果：" + "，".join(measures)) if zh else ("result: " + ", ".join(measures))


def _with_cut(trace: Sequence[Object]) -> Iterator[tuple[Object, bool]]:
    """Yield the steps, each with whether its amount goes on behind the hundredths that a step holds.

    A step holds whole hundredths; that there was more shows where rounding to a hundredth had something to do.
    """
    rounding = next((at for at, step in enumerate(trace) if step["step"] == "rounding"), -1)
    found = trace[rounding] if rounding >= 0 else {}
    more = rounding >= 0 and (found["before_fen"] == found["after_fen"] or found["text"] == "1")
    last = next((at for at in range(rounding - 1, -1, -1) if "after_fen" in trace[at]), -1) if more else -1
    if last >= 0 and trace[last]["after_fen"] != found["before_fen"]:
        last = -1
    for at, step in enumerate(trace):
        yield step, at == last


def _reads(step: Object, *, zh: bool) -> str:
    reads = step.get("reads", {})
    return ("、" if zh else ", ").join(f"{name} {value or ('无' if zh else 'none')}" for name, value in reads.items())


def _step(step: Object, decision: Object, *, zh: bool, cut: bool) -> str:
    name, text, holds = step.get("name", ""), step.get("text", ""), step.get("holds")
    reads = _reads(step, zh=zh)
    language: Language = "zh" if zh else "en"
    currency = currency_in(decision)
    before_fen, after_fen = step.get("before_fen"), step.get("after_fen")
    low, before = yuan_text(before_fen or 0), amount_text(before_fen or 0, currency, language)
    after = amount_text(after_fen or 0, currency, language)
    if cut:
        # 39.9997 is held as 39.99: shown so, it would seem to be rounded to itself.
        after = f"{yuan_text(after_fen or 0)}… {unit_word(currency, language)}"
    match step["step"]:
        case "power_item":
            if zh:
                return f"权力事项 {name}（{text}）已列入目录、已公布、在施行期内"
            return f"power item {name} ({text}) is listed, published and in force"
        case "in_force":
            code = decision["violation"]
            if zh:
                return f"裁量理由：{name} {code}，当日有效（{text}）"
            if name.replace("（", "").replace("）", "").isascii():
                name = name.replace("（", " (").replace("）", ")")
            return f"benchmark: {name} {code}, in force on the day ({text})"
        case "count":
            # A record has its members in the order of their names: what was counted is told from the count by its own.
            number = step["reads"][name]
            days = next((text for each, text in step["reads"].items() if each != name), "")
            # Whether the present act was counted shows in the figures: it is one more than the days, or it is not.
            with_this = int(number) == days.count(",") + bool(days) + 1
            if zh:
                told = f"连同本次为第 {number} 次" if with_this else f"不含本次，共 {number} 次"
                return f"{name}：追溯期内的日期有 {days or '无'}，{told}"
            told = (
                f"with this one the count is {number}" if with_this else f"this one not counted, the count is {number}"
            )
            return f"{name}: days in the window: {days or 'none'}; {told}"
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
        case "guard":
            verdict = ("成立" if zh else "holds") if holds else ("不成立" if zh else "does not hold")
            where = (f"；所填 {reads}" if zh else f"; given {reads}") if reads else ""
            return (
                f"通则 {name}：{verdict}（{text}{where}）" if zh else f"general law, {name}: {verdict} ({text}{where})"
            )
        case "not_reviewed":
            return f"没有填写、未审查的通则：{name}" if zh else f"general law not reviewed for want of facts: {name}"
        case "assumed":
            if zh:
                return f"{reads}：不明，按裁量标准的规定作此认定（{text}）"
            return f"{reads}: unknown, and the schedule says what that counts as ({text})"
        case "value":
            worked = step["reads"][name]
            used = _reads({"reads": {each: text for each, text in step["reads"].items() if each != name}}, zh=zh)
            used = ("用到 " if zh else "from ") + used if used else ""
            how = ("；" if zh else "; ").join(each for each in (text, used) if each)
            if zh:
                return f"计算：{name} = {worked}（{how}）"
            return f"computed: {name} = {worked} ({how})"
        case "other_version":
            if zh:
                return f"另一版本 {name}（{text}）也算一遍：" + (f"罚款 {after}" if "after_fen" in step else "见下")
            return f"the other version {name} ({text}) is worked out too: " + (
                f"fine {after}" if "after_fen" in step else "see below"
            )
        case "lighter_law":
            if zh:
                return f"从旧兼从轻（《行政处罚法》第三十七条）：适用版本 {name}" + ("，较轻" if holds else "")
            return f"act-day law unless the later is lighter (article 37): version {name} applies" + (
                ", the lighter" if holds else ""
            )
        case "same_outcome":
            return f"同时符合 {text}，处理相同" if zh else f"{text} hold at once, and come to the same"
        case "tier_move":
            if zh:
                return f"移档“{name}”{'成立' if holds else '不成立'}：{text}；所填 {reads or '无'}"
            return f"tier move “{name}” {'holds' if holds else 'does not hold'}: {text}; given {reads or 'nothing'}"
        case "moved_tier":
            return f"由“{text}”移到“{name}”" if zh else f"moved from “{text}” to “{name}”"
        case "bracket":
            span = range_text(before_fen, after_fen, currency, language)
            return f"幅度：{text}，即 {span}" if zh else f"bracket: {text}, that is {span}"
        case "in_tier":
            if zh:
                return f"档内取值“{name}”{'成立' if holds else '不成立'}；所填 {reads or '无'}"
            return f"in-tier rule “{name}” {'holds' if holds else 'does not hold'}; given {reads or 'nothing'}"
        case "position":
            if name in ("high", "low", "at"):
                name = (
                    {"high": "取上限", "low": "取下限", "at": "按所定位置"}[name]
                    if zh
                    else ({"high": "top", "low": "bottom", "at": "at the stated share"}[name])
                )
            where = f"{name} {text}".strip()
            if "before_fen" in step:
                return f"档内取值：{where}，{low} 至 {after}" if zh else f"in the tier: {where}, {low} to {after}"
            return f"档内取值：{where}，得 {after}" if zh else f"in the tier: {where} gives {after}"
        case "bound":
            kind = ("不超过" if name == "cap" else "不低于") if zh else ("at most" if name == "cap" else "at least")
            return f"{kind}：改为 {after}" if zh else f"{kind}: becomes {after}"
        case "adjustment":
            if not holds:
                return f"调整“{name}”不成立：{text}" if zh else f"adjustment “{name}” does not hold: {text}"
            change = (
                f"{_around(step, 'before_fen', currency, language)} → {_around(step, 'after_fen', currency, language)}"
            )
            return f"调整“{name}”：{text}，{change}" if zh else f"adjustment “{name}”: {text}, {change}"
        case "amount":
            where = (f"（{reads}）" if zh else f" ({reads})") if reads else ""
            return f"数额：{text}{where}，得 {after}" if zh else f"amount: {text}{where} gives {after}"
        case "rounding":
            return f"取整：得 {after}" if zh else f"rounded to {after}"
        case "statutory_range" if holds is False and before == after:
            return f"低于法定幅度（{text}）" if zh else f"below the statutory range ({text})"
        case "below_range":
            why = (f"（依据：{text}）" if zh else f" (basis: {text})") if text else ""
            if zh:
                return f"低于法定下限 {before}，得 {after}：调整“{name}”允许低于法定下限{why}"
            return f"{after} is below the statutory minimum of {low}: adjustment “{name}” allows it{why}"
        case "statutory_range":
            if before == after:
                return f"在法定幅度内（{text}）" if zh else f"inside the statutory range ({text})"
            if zh:
                return f"不得越出法定幅度（{text}）：{before}改为 {after}"
            return f"the fine may not leave the statutory range ({text}): {low} becomes {after}"
        case "measure":
            word = MEASURES[name][0 if zh else 1]
            if holds is False:
                return f"{word}：没有违法所得，不适用" if zh else f"{word}: there are none"
            return f"{word}：{text}" if zh else f"{word}: {text}"
        case "defect":
            return f"公布的表有缺陷：{text}" if zh else f"the published table is defective: {text}"
        case other:
            raise ValueError(other)
