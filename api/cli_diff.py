"""The command that says what two versions of the rules mean differently."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from api.proven import fact_value
from api.settings import Settings
from api.terminal import FOUND, AsJson, Lang, Rules, complain, misuse, progress, say, say_json, spoken
from cases.errors import LawFilesMissing
from cases.lawfiles import read_files
from engine import Rulebook, RuleFilesInvalid, load_rulebook
from engine.compare import Comparison, compare
from engine.currency import amount_text
from engine.decision import to_wire
from engine.differing import Difference
from engine.explain import outcome_text
from engine.fact import Language
from engine.load import files_of, said_in

_VERDICTS = {"proved": ("已证明", "proved"), "refuted": ("不成立", "refuted"), "not_proved": ("未能证明", "not proved")}
_OPEN = {
    "general_law": ("通则有变动", "general law changed"),
    "computed_values": ("情形所看的计算值或者清单有变动", "computed values or lists that conditions look at changed"),
    "too_wide": ("情形组合太多，没有比完", "too many combinations to compare all"),
}


def diff(
    old: Annotated[Path, typer.Argument(metavar="OLD", help="a folder of rule files, or one rule file")],
    new: Annotated[Path, typer.Argument(metavar="NEW", help="a folder of rule files, or one rule file")],
    rules: Rules = None,
    as_json: AsJson = False,
    lang: Lang = None,
) -> None:
    """比较含义 · Say what two versions of the rules mean differently: for whom, by how much, never heavier or lighter.

    Two folders are compared rule by rule. A single file is read as part of the rule files of --rules, where it stands
    alone for its violation: OLD and NEW may lie there themselves, each takes its turn.
    """
    folder = Settings.choose(rules).rules
    base = {} if old.is_dir() and new.is_dir() else _base(folder, old, new)
    before, after = _book(old, base, folder), _book(new, base, folder)
    comparisons: list[Comparison] = []
    dropped = sorted(before.versions.keys() - after.versions.keys())
    added = sorted(after.versions.keys() - before.versions.keys())
    common = [code for code in after.versions if code in before.versions]
    with progress("diff") as show:
        for number, code in enumerate(common):
            # The latest version of each is what a reader means by the rule.
            comparisons.append(compare(before, before.versions[code][-1], after, after.versions[code][-1]))
            show(number + 1, len(common))
    changed = [each for each in comparisons if each.same != "proved"]
    if as_json:
        say_json({"added": added, "dropped": dropped, "rules": [_wire(each) for each in comparisons]})
    else:
        _tell(changed, len(common), added, dropped, spoken(lang, after))
    raise typer.Exit(FOUND if changed or added or dropped else 0)


def _folder(path: Path) -> dict[str, bytes]:
    try:
        return read_files(path)
    except LawFilesMissing as error:
        misuse(error.message_zh, str(error))


def _base(folder: Path, old: Path, new: Path) -> dict[str, bytes]:
    """Read the rule files that single files are compared among: of two files, what their one code rests on."""
    codes = [_code(path) for path in (old, new) if not path.is_dir()]
    files = _folder(folder)
    if len(codes) == 2 and codes[0] != codes[1]:
        misuse(
            f"两个文件是两项违法行为（“{codes[0]}”和“{codes[1]}”），比不出变动",
            f"the two files are of two violations (`{codes[0]}` and `{codes[1]}`): there is nothing to compare",
        )
    if not any(said_in(data, "violation") == codes[0] for data in files.values()):
        path = next(path for path in (old, new) if not path.is_dir())
        misuse(
            f"--rules 里没有与“{path}”同一违法行为代码的规则文件",
            f"no rule file of --rules has the violation code of `{path}`",
        )
    return files_of(files, codes[0]) if len(codes) == 2 else files


def _code(path: Path) -> str:
    """Read the violation code that a file states; the loader judges the rest."""
    code = said_in(_bytes(path), "violation")
    if not code:
        misuse(f"“{path}”里没有违法行为代码", f"`{path}` states no violation code")
    return code


def _bytes(path: Path) -> bytes:
    if not path.is_file():
        misuse(f"“{path}”既不是文件夹，也不是文件", f"`{path}` is no folder and no file")
    try:
        return path.read_bytes()
    except OSError as error:
        misuse(f"“{path}”读不了（{error.strerror}）", f"`{path}` cannot be read ({error.strerror})")


def _book(path: Path, base: dict[str, bytes], folder: Path) -> Rulebook:
    """Load a folder, or one file in the place of the rule it is a version of."""
    files = _folder(path) if path.is_dir() else _replaced(base, path, folder)
    try:
        return load_rulebook(files)
    except RuleFilesInvalid as error:
        for finding in error.findings:
            complain(str(finding))
        count = len(error.findings)
        complain(f"“{path}”有 {count} 处问题：请看 `zhunsheng check`")
        complain(f"{count} findings in `{path}`: see `zhunsheng check`")
        raise typer.Exit(FOUND) from error


def _replaced(base: dict[str, bytes], path: Path, folder: Path) -> dict[str, bytes]:
    """Let a file stand alone for its violation, whichever other files of it lie beside it, under their regime."""
    data = _bytes(path)
    same = [place for place, known in base.items() if said_in(known, "violation") == said_in(data, "violation")]
    regimes = {place.rpartition("/")[0] for place, known in base.items() if said_in(known, "regime") is not None}
    own = [place for place in same if (folder / place).resolve() == path.resolve()]
    place = next((each for each in (*own, *same) if each.rpartition("/")[0] in regimes), same[0])
    return {each: known for each, known in base.items() if each not in same} | {place: data}


def _tell(changed: list[Comparison], total: int, added: list[str], dropped: list[str], lang: Language) -> None:
    zh = lang == "zh"
    for code in added:
        say(f"{code}：新增" if zh else f"{code}: added")
    for code in dropped:
        say(f"{code}：删去" if zh else f"{code}: dropped")
    for each in changed:
        for line in sentences(each, lang):
            say(line)
    same = total - len(changed)
    say(f"{same} 项含义相同，{len(changed)} 项有变动" if zh else f"{same} rules mean the same, {len(changed)} changed")


def sentences(comparison: Comparison, lang: Language) -> list[str]:
    """Write what changed in one rule, most important first."""
    zh, column = lang == "zh", 0 if lang == "zh" else 1
    most = (comparison.most_up_fen, -comparison.most_down_fen)
    up, down = (amount_text(fen, comparison.currency, lang) for fen in most)
    never = [_VERDICTS[each][column] for each in (comparison.never_heavier, comparison.never_lighter)]
    lines = [
        f"{comparison.code}：不会更重——{never[0]}；不会更轻——{never[1]}；所见最多加 {up}、减 {down}"
        if zh
        else f"{comparison.code}: never heavier: {never[0]}; never lighter: {never[1]};"
        f" up by {up}, down by {down} at most in the cases shown"
    ]
    if comparison.facts:
        names = ("、" if zh else ", ").join(comparison.facts)
        lines.append(f"  事实有变动：{names}" if zh else f"  facts changed: {names}")
    for each in comparison.not_compared:
        lines.append(f"  {'没有比到：' if zh else 'not compared: '}{_OPEN.get(each, (each, each))[column]}")
    for found in comparison.differences:
        lines.append(
            f"  {found.region}：{_from_to(found, lang)}" if zh else f"  {found.region}: {_from_to(found, lang)}"
        )
    return lines


def _from_to(found: Difference, lang: Language) -> str:
    between = "，" if lang == "zh" else ", "
    facts = between.join(f"{name} {fact_value(value)}" for name, value in found.old.facts)
    case = f"（例：{facts}）" if lang == "zh" else f" (e.g. {facts})"
    return f"{outcome_text(found.old.outcome, lang)} → {outcome_text(found.new, lang)}{case}"


def _wire(comparison: Comparison) -> dict[str, Any]:
    return {
        "violation": comparison.code,
        "currency": comparison.currency,
        "same": comparison.same,
        "never_heavier": comparison.never_heavier,
        "never_lighter": comparison.never_lighter,
        "most_up_fen": comparison.most_up_fen,
        "most_down_fen": comparison.most_down_fen,
        "facts": comparison.facts,
        "not_compared": comparison.not_compared,
        "differences": [
            {
                "region": each.region,
                "on": each.old.on.isoformat(),
                "facts": dict(each.old.facts),
                "change_fen": each.change_fen,
                "old": to_wire(each.old.outcome),
                "new": to_wire(each.new),
            }
            for each in comparison.differences
        ],
    }
