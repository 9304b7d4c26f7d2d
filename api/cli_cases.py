"""The command that runs the test cases of the rule files, says what they leave unshown, and proposes cases."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from api.settings import Settings
from api.terminal import FOUND, AsJson, Code, Lang, Rules, broken, files_for, progress, say, say_json, spoken
from cases.lawcache import load_cached
from engine import RuleFilesInvalid
from engine.coverage import RuleCoverage, measure
from engine.fact import Language
from engine.load import language_of
from engine.rule import Rule
from engine.rule_cases import CaseResult, run_case
from engine.rulebook import Rulebook
from engine.suggest import Suggestions, suggest
from engine.units import KINDS

SHOWN = 20


def run_tests(
    rules: Rules = None,
    code: Code = None,
    propose: Annotated[
        bool, typer.Option("--suggest", help="print the missing cases as YAML, to tick or reject; edits no file")
    ] = False,
    everything: Annotated[
        bool, typer.Option("--all", help=f"list all that is uncovered, not the first {SHOWN}")
    ] = False,
    as_json: AsJson = False,
    lang: Lang = None,
) -> None:
    """运行规则文件里的用例 · Run the test cases inside the rule files, and say what they do not cover.

    A gap in the coverage is no failure: it ends with 0 where every case passes and every rule could be measured. With
    --code, other rule files that cannot be read are no hindrance.
    """
    law = _law(rules, code)
    language = spoken(lang, law)
    zh = language == "zh"
    chosen = list(law.every_rule()) if code is None else list(law.versions[code])
    pairs = [(rule, case) for rule in chosen for case in rule.cases]
    results: list[CaseResult] = []
    with progress("用例" if zh else "test") as show:
        for done, (rule, case) in enumerate(pairs, 1):
            show(done, len(pairs))
            results.append(run_case(law, rule, case))
    measured = measure(law, results)
    proposed: list[Suggestions] = []
    if propose:
        with progress("建议" if zh else "suggest") as show:
            for done, each in enumerate(measured, 1):
                show(done, len(measured))
                proposed.append(suggest(law, each))
    failed = [each for each in results if not each.passed]
    both: list[RuleCoverage | Suggestions] = [*proposed, *measured]
    unmeasured = {each.rule.file: (each.rule, each.failure) for each in both if each.failure}
    if as_json:
        say_json(_wire(results, failed, measured, proposed if propose else None, list(unmeasured.values())))
    else:
        _tell_cases(results, failed, language)
        _tell_coverage(measured, language, everything=everything)
        for suggestions in proposed:
            _tell_suggestions(suggestions, language)
        for rule, failure in unmeasured.values():
            say(
                f"{rule.file}: {rule.code} 的覆盖没有算完，是程序的缺陷，请报告（{failure}）"
                if zh
                else f"{rule.file}: the coverage of {rule.code} could not be measured, a defect to report ({failure})"
            )
    raise typer.Exit(FOUND if failed or unmeasured else 0)


def _law(rules: Path | None, code: str | None) -> Rulebook:
    files = files_for(rules, code)
    try:
        return load_cached(files, Settings.choose(rules).cache)
    except RuleFilesInvalid as error:
        broken(error.findings, language_of(files))


def _tell_cases(results: Sequence[CaseResult], failed: Sequence[CaseResult], lang: Language) -> None:
    zh = lang == "zh"
    for each in failed:
        told = f"应得 {each.expected}，实得 {each.found}" if zh else f"expected {each.expected}, found {each.found}"
        name = f"“{each.case.name}”" if zh else f" “{each.case.name}”: "
        say(f"{each.case.cell.place}: {each.rule.code}{name}{told}")
    say(f"{len(results)} 个用例，{len(failed)} 个不符" if zh else f"{len(results)} cases, {len(failed)} failed")


def _counted(measured: Sequence[RuleCoverage]) -> dict[str, tuple[int, int]]:
    """Count the covered units and all of them, by kind, for the kinds that occur."""
    total = Counter(unit.kind for each in measured for unit in each.units)
    uncovered = Counter(unit.kind for each in measured for unit in each.uncovered)
    return {kind: (total[kind] - uncovered[kind], total[kind]) for kind in KINDS if total[kind]}


def _tell_coverage(measured: Sequence[RuleCoverage], lang: Language, *, everything: bool) -> None:
    zh = lang == "zh"
    say()
    say("覆盖" if zh else "Coverage")
    for kind, (covered, total) in _counted(measured).items():
        words = next(words for each, words in KINDS.items() if each == kind)
        say(f"  {covered}/{total}  {words[0 if zh else 1]}")
    gaps = [(each.rule, unit) for each in measured for unit in each.uncovered]
    if not gaps:
        return
    say()
    say(f"没有覆盖的 {len(gaps)} 处" if zh else f"{len(gaps)} uncovered")
    for rule, unit in gaps if everything else gaps[:SHOWN]:
        say(f"  {unit.place.file}:{unit.place.line}: {rule.code} {unit.text(lang)}")
    if not everything and len(gaps) > SHOWN:
        more = len(gaps) - SHOWN
        say(f"  还有 {more} 处，用 --all 列出" if zh else f"  {more} more, list them with --all")


def _tell_suggestions(suggestions: Suggestions, lang: Language) -> None:
    if not suggestions.cases and not suggestions.unreached:
        return
    rule = suggestions.rule
    say()
    say(f"# {rule.file}：建议的用例" if lang == "zh" else f"# {rule.file}: suggested cases")
    for case in suggestions.cases:
        if not case.doubtful:
            say(case.yaml)
    doubtful = [case for case in suggestions.cases if case.doubtful]
    if doubtful:
        say("  # 表里可能有空档或重叠：请改规则，或者标为缺陷")
        say("  # possible gap or overlap in the table: repair the rule, or mark it as a defect")
    for case in doubtful:
        say(f"  # {case.yaml.strip()}")
    if suggestions.unreached:
        say("  # 没有试出来，不等于达不到 · not found by this search; that does not mean it cannot be reached")
    for unit in suggestions.unreached:
        say(f"  #   {unit.text(lang)}")


def _wire(
    results: Sequence[CaseResult],
    failed: Sequence[CaseResult],
    measured: Sequence[RuleCoverage],
    proposed: Sequence[Suggestions] | None,
    unmeasured: Sequence[tuple[Rule, str]],
) -> dict[str, Any]:
    wire: dict[str, Any] = {
        "ok": not failed and not unmeasured,
        "cases": len(results),
        "failed": [_failed(each) for each in failed],
        "coverage": {kind: {"covered": one, "total": all_} for kind, (one, all_) in _counted(measured).items()},
        "uncovered": [
            {
                "violation": each.rule.code,
                "kind": unit.kind,
                "file": unit.place.file,
                "line": unit.place.line,
                "zh": unit.zh,
                "en": unit.en,
            }
            for each in measured
            for unit in each.uncovered
        ],
        "not_measured": [
            {"violation": rule.code, "file": rule.file, "failure": failure} for rule, failure in unmeasured
        ],
    }
    if proposed is not None:
        wire["suggestions"] = [
            {
                "violation": each.rule.code,
                "file": each.rule.file,
                "cases": [case.yaml for case in each.cases if not case.doubtful],
                "possible_defects": [case.yaml for case in each.cases if case.doubtful],
                "unreached": [unit.text(each.rule.language) for unit in each.unreached],
            }
            for each in proposed
            if each.cases or each.unreached
        ]
    return wire


def _failed(result: CaseResult) -> dict[str, Any]:
    place = result.case.cell.place
    return {
        "violation": result.rule.code,
        "case": result.case.name,
        "file": place.file,
        "line": place.line,
        "expected": result.expected,
        "found": result.found,
    }
