"""What the lists under `rules` say, worked out from the loaded law: `test_guides.py` compares them with the files."""

from collections import Counter
from collections.abc import Iterable, Iterator

from engine import Rulebook
from engine.card import Card
from engine.rule import DefectKind, Regime, Rule
from engine.vocabulary import ENUMS, spell

CONFIRM = "待确认"
PREFIXES = ("待确认（法制）：", "待确认：")
KINDS: tuple[DefectKind, ...] = (
    "below_statutory_range",
    "above_statutory_range",
    "missing_tier",
    "overlapping_tiers",
    "misprint",
    "unreadable",
    "no_benchmark",
)


def folder(regime: Regime) -> str:
    return regime.file.rpartition("/")[0]


def by_folder(book: Rulebook) -> dict[str, tuple[Regime, list[Rule]]]:
    """Group every version of every rule by the folder of its regime, in the order of the law's own numbering."""
    groups: dict[str, tuple[Regime, list[Rule]]] = {
        folder(each): (each, []) for each in sorted(book.regimes, key=folder)
    }
    for rule in book.every_rule():
        groups[folder(rule.regime)][1].append(rule)
    return {name: (regime, sorted(rules, key=_number)) for name, (regime, rules) in groups.items()}


def _number(rule: Rule) -> tuple[tuple[int, ...], str]:
    parts = rule.code.replace(".", "-").split("-")
    return tuple(int(part) for part in parts if part.isdigit()), rule.file


def sizes(book: Rulebook) -> dict[str, tuple[int, int, int]]:
    """Count, for each regime, its items, the rows of their tables (no penalty included) and their test cases."""
    return {
        name: (
            len(rules),
            sum(len(rule.no_penalty) + len(rule.rows) for rule in rules),
            sum(len(rule.cases) for rule in rules),
        )
        for name, (_regime, rules) in by_folder(book).items()
    }


def defect_counts(book: Rulebook) -> dict[str, tuple[int, ...]]:
    """Count the defects of each regime that has any, kind by kind and all together."""
    counts: dict[str, tuple[int, ...]] = {}
    for name, (_regime, rules) in by_folder(book).items():
        found = Counter(defect.kind for rule in rules for defect in rule.defects)
        if found:
            counts[name] = (*(found[kind] for kind in KINDS), found.total())
    return counts


def defect_lines(book: Rulebook, cards: Iterable[Card]) -> Iterator[str]:
    """Write a heading for each regime and a line for each defect and each finding that is acknowledged."""
    by_rule = {card["file"]: card for card in cards}
    for name, (regime, rules) in by_folder(book).items():
        lines = [text for rule in rules for text in (*defects_of(by_rule[rule.file]), *kept_of(by_rule[rule.file]))]
        if lines:
            yield f"## {name}：{regime.name}"
            yield from lines


def defects_of(card: Card) -> Iterator[str]:
    for each in card["defects"]:
        where = each["tier"] or (f"情形：{each['when']}" if each["when"] else "—")
        yield line(
            card["violation"], where, spell(ENUMS["kind"], each["kind"], "zh"), each["note"], shown(each["case"])
        )


def kept_of(card: Card) -> Iterator[str]:
    """Write each acknowledgement that has a finding, with the case of its first one."""
    for each in card["acknowledged"]:
        found = [
            one for one in card["findings"] if (one["property"], one["known"]) == (each["property"], each["reason"])
        ]
        if found:
            word = f"认可：{spell(ENUMS['property'], each['property'], 'zh')}"
            case = next((one["case"] for one in found if one["case"]), None)
            yield line(card["violation"], each["tier"] or "—", word, each["reason"], shown(case))


def shown(case: Card | None) -> str:
    """Write the case that shows it, with the engine's answer."""
    if case is None:
        return "—"
    facts = "，".join(
        f"{name}={value if isinstance(value, str) else '[…]' if value else '[]'}"
        for name, value in case["facts"].items()
    )
    return f"{facts or '不填事实'} → {case['zh']}"


def written_defects(before: str, lines: Iterable[str]) -> str:
    """Write DEFECTS.md anew: what stands before its first heading, then the lines with a head above each table."""
    parts = [before.split("\n## ", maxsplit=1)[0].rstrip()]
    for text in lines:
        parts.append(
            f"\n{text}\n{line('代码', '档次', '种类', '说明', '显示它的案件')}\n|---|---|---|---|---|"
            if text[0] == "#"
            else text
        )
    return "\n".join(parts) + "\n"


def confirm_lines(book: Rulebook) -> Iterator[str]:
    """Write a heading for each regime and a line for each question; one question may stand in several items."""
    for name, (regime, rules) in by_folder(book).items():
        asked: dict[str, list[str]] = {}
        shared = [*regime.remarks, *(f"{each.question}——{each.answer}。{each.reason}" for each in regime.declared)]
        for text in (f"发布机关：{regime.issuer}", *shared):
            if CONFIRM in text:
                asked.setdefault(question(text), []).append("整份基准")
        for rule in rules:
            for text in (*rule.remarks, *(each.note for each in rule.defects)):
                if CONFIRM in text:
                    asked.setdefault(question(text), []).append(rule.code)
        if asked:
            yield f"## {name}：{regime.name}"
            yield f"由谁确认：{who(regime)}"
        for text, codes in asked.items():
            yield line("、".join(dict.fromkeys(codes)), text)


def who(regime: Regime) -> str:
    """Name who is meant to confirm: the legal office of the issuer, where the source names one."""
    unknown = ("没有写", "沒有寫", "不明", "未见")
    if any(word in regime.issuer for word in unknown):
        return f"使用这份基准的机关的法制机构（发布机关：{regime.issuer}）"
    return f"{regime.issuer}的法制机构"


def question(text: str) -> str:
    """Leave out the opening words that every such remark has."""
    return next((text.removeprefix(each) for each in PREFIXES if text.startswith(each)), text)


def line(*cells: str) -> str:
    return "| " + " | ".join(" ".join(cell.split()).replace("|", "｜") for cell in cells) + " |"
