"""What the lists under `rules` say, worked out from the loaded law: `test_guides.py` compares them with the files."""

from collections import Counter
from collections.abc import Iterator

from engine import Rulebook
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


def defect_lines(book: Rulebook) -> Iterator[str]:
    """Write a heading for each regime and a line for each defect."""
    for name, (regime, rules) in by_folder(book).items():
        if any(rule.defects for rule in rules):
            yield f"## {name}：{regime.name}"
        for rule in rules:
            for defect in rule.defects:
                where = defect.tier or (f"情形：{defect.cell.text}" if defect.cell.text else "—")
                yield line(rule.code, where, spell(ENUMS["kind"], defect.kind, "zh"), defect.note)


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
