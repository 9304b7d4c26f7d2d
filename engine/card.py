"""The proof card of a rule: its proof as plain values, the same for a file, a program and a page.

It holds no node of the tree, so it can be kept beside the rule and read without it. Sentences are in both languages;
regions and facts are in the words of the rule.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Literal, cast

from engine.decide import decide
from engine.decision import Decision, Outcome, to_wire
from engine.explain import currency_in, measure_text
from engine.fact import Language
from engine.proof import PROPERTIES, Proof, Property, Shown
from engine.rule import Given, Rule
from engine.rule_cases import expectation
from engine.rulebook import Rulebook
from engine.suggest import case_line, free_name
from engine.vocabulary import ENUMS, KEYS, REFUSALS, WORDS, spell
from engine.witness import Witness

# How bad a finding is, the worst first; one that the rule file marks or acknowledges is *known* besides.
Level = Literal["refuted", "not_proved", "warning"]
LEVELS: Mapping[str, tuple[str, str]] = {
    "refuted": ("不成立", "refuted"),
    "not_proved": ("未能证明", "not proved"),
    "warning": ("提示", "warning"),
}
Card = dict[str, Any]
_BY_SECOND = "（情形组合太多，由第二意见 z3 判断）", " (too wide for the search: judged by z3, the second opinion)"

# What a finding asks of who wrote the rule, besides acknowledging it.
_REPAIRS: Mapping[Property, tuple[str, str]] = {
    "complete": (
        "补上管到这里的一档；公布的表本来没有的，在“缺陷”下标“缺档”并写出情形",
        "add a tier for it; where the published table has none, mark it under `defects` as a `missing tier`",
    ),
    "unambiguous": (
        "改情形，使两档不再重叠；公布的表本来重叠的，在“缺陷”下标“档次重叠”",
        "change a condition so that they no longer overlap; where they do as published, mark `overlapping tiers`",
    ),
    "reachable": ("改这一行的情形，或者删去这一行", "change the condition of this row, or take the row out"),
    "defined": ("补上缺的行或者分情况，或者改重叠的条件", "add the missing line or branch, or part those that overlap"),
    "inside_statute": (
        "对照法条改数额；公布的数额本来越出的，在“缺陷”下标“低于法定幅度”或者“高于法定幅度”；"
        "或者声明“超出法定幅度: 取边界”",
        "compare the amount with the statute; where it was published so, mark `below` or `above statutory range`;"
        " or declare `beyond_range: take the limit`",
    ),
    "quoted_range": ("对照所引条文改法定幅度，或者改原文", "compare the statutory range with the quoted clause"),
    "never_lighter": (
        "改情形、数额，或者改事实的轻重方向",
        "change a condition, an amount, or the direction declared of the fact",
    ),
    "mitigation_counts": (
        "核对公布的表在这里是否真的不看这个情节",
        "make sure that the published table really ignores the fact here",
    ),
    "cliffs": (
        "改数额使相邻两档接近，或者改声明的限度",
        "bring neighbouring amounts closer, or change the declared limit",
    ),
    "impartial": ("改情形和数额，不再用个人信息", "change conditions and amounts so that they do without the fact"),
    "points": (
        "改分值，使最低分到下限、最高分不过上限",
        "change the points so that they reach both ends of the bracket",
    ),
    "versions": ("补上这些日子有效的版本", "add the version that was in force on these days"),
    "limits": ("改限额或者数额，或者删去限额", "change the limit or the amount, or take the limit out"),
    "overflow": ("收窄事实的范围，或者给罚款写上限", "narrow the domain of a fact, or cap the fine"),
}


def card(rulebook: Rulebook, proof: Proof) -> Card:
    """Write a proof as plain values."""
    rule = proof.rule
    last = rule.validity.last
    names = {case.name for case in rule.cases}
    return {
        "violation": rule.code,
        "name": rule.name,
        "regime": {
            "code": rule.regime.code, "name": rule.regime.name, "version": rule.regime.version,
            "file": rule.regime.file,
        },
        "in_force": {"first": rule.validity.first.isoformat(), "last": last.isoformat() if last else None},
        "file": rule.file,
        "digest": rule.digest,
        "meaning": proof.meaning,
        "properties": [
            {"property": each, "verdict": proof.verdicts[each], "standing": standing(proof, each),
             "zh": PROPERTIES[each][0] + (_BY_SECOND[0] if each in proof.by_second else ""),
             "en": PROPERTIES[each][1] + (_BY_SECOND[1] if each in proof.by_second else "")}
            for each in PROPERTIES
        ],
        "findings": [_finding(rulebook, rule, each, names) for each in proof.findings],
        "defects": [
            {"kind": each.kind, "tier": each.tier or None, "when": each.cell.text if each.when is not None else None,
             "note": each.note, "file": each.cell.place.file, "line": each.cell.place.line,
             "column": each.cell.place.column, "case": None if witness is None else _case(witness)}
            for each, witness in proof.defects
        ],
        "acknowledged": [
            {"property": each.prop, "tier": each.tier, "about": each.about, "reason": each.reason,
             "file": each.cell.place.file, "line": each.cell.place.line, "column": each.cell.place.column,
             "used": any((found.property, found.known) == (each.prop, each.reason) for found in proof.findings)}
            for each in rule.acknowledged
        ],
    }  # fmt: skip


def level(shown: Shown) -> Level:
    """Say how bad a finding is; whether it is known is another matter."""
    if shown.verdict == "not_proved":
        return "not_proved"
    return "warning" if shown.warning else "refuted"


def standing(proof: Proof, prop: Property) -> str:
    """Say how a rule stands on a property: its worst finding that is not known, else `known`, else the verdict."""
    found = [each for each in proof.findings if each.property == prop]
    unknown = {level(each) for each in found if not each.known}
    worst = next((each for each in LEVELS if each in unknown), None)
    return worst or ("known" if found else proof.verdicts[prop])


def todo(
    prop: Property, how_bad: Level, language: Language, file_language: Language, tier: str = "", about: str = ""
) -> str:
    """Say what can be done about a finding: repair it, mark the defect, or acknowledge it in the words of the file."""
    zh = language == "zh"
    named = {"property": spell(ENUMS["property"], prop, file_language), "tier": tier, "facts": about}
    said = [f"{spell(KEYS, key, file_language)}: {text}" for key, text in (*named.items(), ("reason", "…")) if text]
    line, key = f"{{{', '.join(said)}}}", spell(KEYS, "acknowledged", file_language)
    keep = f"确认不改的，在“{key}”下写 {line}" if zh else f"to keep it, write {line} under `{key}`"
    if how_bad == "not_proved":
        return f"逐案核对；{keep}" if zh else f"judge it by hand; {keep}"
    return f"{_REPAIRS[prop][0]}；{keep}" if zh else f"{_REPAIRS[prop][1]}; {keep}"


def answer_text(outcome: Outcome, language: Language) -> str:
    """Write the engine's answer to a case in a few words."""
    if isinstance(outcome, Decision):
        wire: Mapping[str, Any] = to_wire(outcome)
        return ("，" if language == "zh" else ", ").join(
            measure_text(each, language, currency_in(wire)) for each in wire["measures"]
        )
    return f"{spell(WORDS, 'REFUSE', language)} {spell(REFUSALS, outcome.code, language)}"


def _finding(rulebook: Rulebook, rule: Rule, shown: Shown, names: set[str]) -> Card:
    return {
        "property": shown.property,
        "level": level(shown),
        "known": shown.known or None,
        "file": shown.place.file,
        "line": shown.place.line,
        "column": shown.place.column,
        "tier": shown.tier or None,
        "zh": shown.zh,
        "en": shown.en,
        "region": list(shown.region),
        "case": None
        if shown.witness is None
        else {
            **_case(shown.witness),
            "test_case": _test_case(rulebook, rule, shown.property, shown.witness, names),
        },
        "todo": {
            "zh": todo(shown.property, level(shown), "zh", rule.language, shown.tier, shown.about),
            "en": todo(shown.property, level(shown), "en", rule.language, shown.tier, shown.about),
        },
    }


def _case(witness: Witness) -> Card:
    return {
        "on": witness.on.isoformat(),
        "decided": witness.decided.isoformat() if witness.decided else None,
        "facts": dict(witness.facts),
        "tier": witness.outcome.tier if isinstance(witness.outcome, Decision) else None,
        "zh": answer_text(witness.outcome, "zh"),
        "en": answer_text(witness.outcome, "en"),
    }


def _test_case(rulebook: Rulebook, rule: Rule, prop: Property, witness: Witness, names: set[str]) -> str | None:
    """Write the case as a test case; None where what every case of the file is given would change the answer."""
    given: dict[str, Given] = {
        name: value if isinstance(value, str) else tuple(cast(Iterable[str], value)) for name, value in witness.facts
    }
    taken: dict[str, Given] = {**dict(rule.case_given), **given}
    outcome = decide(rulebook, rule.code, witness.on, taken, decided=witness.decided)
    if expectation(outcome, rule) != expectation(witness.outcome, rule):
        return None
    word = spell(ENUMS["property"], prop, rule.language)
    name = free_name(f"反例：{word}" if rule.language == "zh" else f"counter-example: {word}", names)
    names.add(name)
    return case_line(rule, name, witness.on, witness.decided, given.items(), outcome)
