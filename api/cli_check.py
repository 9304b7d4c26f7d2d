"""The commands about what is true of the rules: check (load and prove them all), card (the proof of one)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import orjson
import typer

from api.proven import card_lines, finding_lines, findings_of, totals, totals_lines, unused, unused_line
from api.sarif import sarif
from api.second import second
from api.settings import Settings
from api.terminal import (
    FOUND,
    AsJson,
    Code,
    Lang,
    Rules,
    chosen,
    files_for,
    load,
    misuse,
    progress,
    say,
    say_json,
    spoken,
)
from cases.lawcache import load_cached
from cases.lawfiles import unread_files
from cases.proofs import cards
from engine import Finding, RuleFilesInvalid, load_rulebook
from engine.card import LEVELS, Card
from engine.fact import Language
from engine.load import language_of
from engine.notices import notices, unlisted
from engine.rule import Rule

# So many warnings are written out; what is refuted or not proved is always written out in full.
SHOWN = 20


class _Checked(NamedTuple):
    """What a check found; `noticed` is what is no mistake and seldom meant, `unread` the files that are not read."""

    files: int
    violations: int
    loading: tuple[Finding, ...]
    noticed: tuple[Finding, ...]
    unread: Sequence[str]
    cards: Sequence[Card]
    findings: Sequence[Card]


def check(
    paths: Annotated[
        list[Path] | None, typer.Argument(metavar="[FILE]…", help="prove only the rules of these files or folders")
    ] = None,
    rules: Rules = None,
    code: Code = None,
    load_only: Annotated[bool, typer.Option("--load-only", help="only load the files; prove nothing")] = False,
    known: Annotated[bool, typer.Option("--known", help="also list what is marked or acknowledged")] = False,
    everything: Annotated[bool, typer.Option("--all", help=f"list all warnings, not the first {SHOWN}")] = False,
    keep: Annotated[
        bool, typer.Option("--keep", help="print each case shown as a test case to paste; edits no file")
    ] = False,
    sarif_file: Annotated[
        Path | None, typer.Option("--sarif", metavar="FILE", help="also write the findings as SARIF 2.1.0")
    ] = None,
    as_json: AsJson = False,
    lang: Lang = None,
) -> None:
    """检查并证明规则文件 · Check every rule file, then prove every rule; the worst is told first.

    It ends with 1 on anything wrong with a file, and on a property that is refuted by a case and neither marked nor
    acknowledged. Warnings, what is not proved, and what is no mistake and seldom meant (a fact that nothing uses, a
    file that is not read) are told and end with 0. A finding of the loader is in the language of its file.
    """
    settings = Settings.choose(rules)
    files = files_for(rules, code)
    language = lang or language_of(files)
    zh = language == "zh"
    found: list[Card] = []
    loading: tuple[Finding, ...] = ()
    noticed: tuple[Finding, ...] = ()
    violations = 0
    try:
        with progress("检查" if zh else "check"):
            law = load_rulebook(files) if load_only else load_cached(files, settings.cache)
            violations, noticed, loading = len(law.rules), notices(law), unlisted(law)
        every = [] if load_only or loading else list(law.every_rule())
        wanted = [every[number] for number in _wanted(map(_named, every), code, paths or [], settings.rules)]
        with progress("证明" if zh else "prove") as show:
            for made in cards(law, wanted, settings.cache, second()):
                found.append(made)
                show(len(found), len(wanted))
    except RuleFilesInvalid as error:
        loading = error.findings
    unread = unread_files(settings.rules)
    checked = _Checked(len(files), violations, loading, noticed, unread, found, findings_of(found))
    if sarif_file is not None:
        _write(sarif_file, sarif(loading, checked.findings, _root(settings.rules), language))
    proved = not (load_only or loading)
    whole = code is None and not paths
    if as_json:
        say_json(_wire(checked, proved=proved, whole=whole))
    else:
        _tell_loading(checked, language, proved=proved)
        if proved:
            _tell_proofs(checked, language, known=known, everything=everything, keep=keep, whole=whole)
    raise typer.Exit(FOUND if loading or _counted(checked)["refuted"] else 0)


def card(
    violation: Annotated[str, typer.Argument(metavar="CODE", help="code of the violation, e.g. SZCG-013")],
    rules: Rules = None,
    as_json: AsJson = False,
    lang: Lang = None,
) -> None:
    """一条规则的证明 · The proof card of one violation: each property with its verdict, findings and reasons.

    It ends with 1 where a property is refuted and that is not known, as `check` does.
    """
    settings = Settings.choose(rules)
    law = load(settings).rulebook
    language = spoken(lang, law)
    made = list(cards(law, chosen(law, violation), settings.cache, second()))
    if as_json:
        say_json({"cards": made})
    else:
        for each in made:
            for sentence in card_lines(each, language):
                say(sentence)
    blocking = any(each["level"] == "refuted" and each["known"] is None for each in findings_of(made))
    raise typer.Exit(FOUND if blocking else 0)


class _Named(NamedTuple):
    """What a rule can be chosen by."""

    code: str
    file: str
    regime: str


def _named(rule: Rule) -> _Named:
    return _Named(rule.code, rule.file, rule.regime.file)


def _wanted(rules: Iterable[_Named], code: str | None, paths: Sequence[Path], folder: Path) -> list[int]:
    """Choose the rules of a code, and of files or folders named from here or from the folder of rules, by position."""
    every = list(rules)
    wanted = [number for number, each in enumerate(every) if code in (None, each.code)]
    if not paths:
        return wanted
    found: dict[int, None] = {}
    for path in paths:
        places = {path.resolve(), (folder / path).resolve()}
        named = [number for number in wanted if not places.isdisjoint(_places(every[number], folder.resolve()))]
        if not named:
            misuse(
                f"“{path}”里没有规则；写“{folder}”下面的规则文件、基准文件或文件夹",
                f"no rule stands in `{path}`; name a rule file, a regime file or a folder below `{folder}`",
            )
        found |= dict.fromkeys(named)
    return list(found)


def _places(rule: _Named, folder: Path) -> set[Path]:
    """List what names a rule: its file, its regime's file, and the folders they stand in."""
    files = [folder / rule.file, folder / rule.regime]
    return {place for file in files for place in (file, *file.parents)}


def _root(folder: Path) -> str:
    """Name the folder of rules from here where it stands below, so that a code host finds the files."""
    here, there = Path.cwd(), folder.resolve()
    return there.relative_to(here).as_posix() if there.is_relative_to(here) and there != here else ""


def _write(path: Path, content: dict[str, Any]) -> None:
    try:
        path.write_bytes(orjson.dumps(content, option=orjson.OPT_INDENT_2) + b"\n")
    except OSError as error:
        misuse(f"“{path}”写不了（{error.strerror}）", f"`{path}` cannot be written ({error.strerror})")


def _counted(checked: _Checked) -> dict[str, int]:
    """Count the findings by level, and those that are known."""
    counts = Counter("known" if each["known"] is not None else each["level"] for each in checked.findings)
    return {each: counts[each] for each in (*LEVELS, "known")}


def _tell_loading(checked: _Checked, lang: Language, *, proved: bool) -> None:
    zh = lang == "zh"
    for each in checked.noticed:
        say(f"注意：{each}" if zh else f"note: {each}")
    for name in checked.unread:
        say(f"注意：{name} 不是 .yaml 文件，没有读" if zh else f"note: {name} is no .yaml file and was not read")
    for each in checked.loading:
        say(str(each))
    count = len(checked.loading)
    if count:
        say(f"{count} 处问题" if zh else f"{count} findings")
    elif not proved and zh:
        say(f"{checked.files} 个文件、{checked.violations} 项违法行为，没有问题")
    elif not proved:
        say(f"{checked.files} files, {checked.violations} violations, all well")


def _tell_proofs(checked: _Checked, lang: Language, *, known: bool, everything: bool, keep: bool, whole: bool) -> None:
    zh, column = lang == "zh", 0 if lang == "zh" else 1
    shown: list[Card] = []
    for level, words in {**LEVELS, "known": ("已知", "known")}.items():
        group = [each for each in checked.findings if ("known" if each["known"] else each["level"]) == level]
        if not group or (level == "known" and not known):
            continue
        say(f"{words[column]}（{len(group)} 处）" if zh else f"{words[column]} ({len(group)})")
        few = group[:SHOWN] if level == "warning" and not everything else group
        for each in few:
            for sentence in finding_lines(each, lang):
                say(sentence)
        if len(few) < len(group):
            rest = len(group) - len(few)
            say(f"  还有 {rest} 处，用 --all 列出" if zh else f"  {rest} more, list them with --all")
        say()
        shown += few
    idle = unused(checked.cards) if whole else []
    for each in idle:
        say(unused_line(each, lang))
    if keep:
        _tell_cases(shown)
    say(f"各项性质，按 {len(checked.cards)} 份规则计" if zh else f"by property, over {len(checked.cards)} rules")
    for sentence in totals_lines(totals(checked.cards), lang):
        say(sentence)
    _tell_end(checked, zh=zh)


def _tell_end(checked: _Checked, *, zh: bool) -> None:
    counts = _counted(checked)
    if zh:
        say(
            f"{checked.files} 个文件、{checked.violations} 项违法行为：{counts['refuted']} 处不成立，"
            f"{counts['not_proved']} 处未能证明，{counts['warning']} 处提示，{counts['known']} 处已知"
        )
        if counts["not_proved"]:
            say(f"未能证明的 {counts['not_proved']} 处不算通过：没有推翻，也没有证明，请逐处核对")
    else:
        say(
            f"{checked.files} files, {checked.violations} violations: {counts['refuted']} refuted,"
            f" {counts['not_proved']} not proved, {counts['warning']} warnings, {counts['known']} known"
        )
        if counts["not_proved"]:
            say(f"the {counts['not_proved']} not proved have not passed: they are neither refuted nor proved")


def _tell_cases(findings: Sequence[Card]) -> None:
    """Print the cases of findings as lines of their rule files, file by file."""
    by_file: dict[str, list[str]] = {}
    for each in findings:
        if each["case"] is not None and each["case"]["test_case"] is not None:
            by_file.setdefault(each["rule"], []).append(each["case"]["test_case"])
    for file, lines in by_file.items():
        say(f"# {file}")
        for line in lines:
            say(line)
        say()


def _wire(checked: _Checked, *, proved: bool, whole: bool) -> dict[str, Any]:
    counts = _counted(checked)
    return {
        "ok": not (checked.loading or counts["refuted"]),
        "files": checked.files,
        "violations": checked.violations,
        "findings": [_finding(each) for each in checked.loading],
        "notices": [_finding(each) for each in checked.noticed],
        "not_read": list(checked.unread),
        "proof": {
            "rules": len(checked.cards),
            **counts,
            "totals": totals(checked.cards),
            "findings": list(checked.findings),
            "unused_acknowledgements": unused(checked.cards) if whole else [],
        }
        if proved
        else None,
    }


def _finding(finding: Finding) -> dict[str, str | int]:
    place = finding.place
    return {
        "code": finding.code,
        "file": place.file,
        "line": place.line,
        "column": place.column,
        "message": finding.message,
        "repair": finding.repair,
    }
