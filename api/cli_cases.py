"""The command that runs the test cases of the rule files, says what they leave unshown, and proposes cases."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from api.settings import Settings
from api.terminal import FOUND, AsJson, Rules, chosen, load, progress, say, say_json
from engine.coverage import RuleCoverage, measure
from engine.rule_cases import CaseResult, run_case
from engine.suggest import Suggestions, suggest
from engine.units import KINDS

SHOWN = 20


def run_tests(
    rules: Rules = None,
    code: Annotated[
        str | None, typer.Option("--code", metavar="CODE", help="only this violation, e.g. SZCG-013")
    ] = None,
    propose: Annotated[
        bool, typer.Option("--suggest", help="print the missing cases as YAML, to tick or reject; edits no file")
    ] = False,
    everything: Annotated[
        bool, typer.Option("--all", help=f"list all that is uncovered, not the first {SHOWN}")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """运行规则文件里的用例 · Run the test cases inside the rule files, and say what they do not cover.

    A gap in the coverage is no failure: it ends with 0 where every case passes.
    """
    law = load(Settings.choose(rules)).rulebook
    tested = chosen(law, code)
    pairs = [(rule, case) for rule in tested for case in rule.cases]
    results: list[CaseResult] = []
    with progress("test") as show:
        for done, (rule, case) in enumerate(pairs, 1):
            show(done, len(pairs))
            results.append(run_case(law, rule, case))
    measured = measure(law, results)
    proposed: list[Suggestions] = []
    if propose:
        with progress("suggest") as show:
            for done, each in enumerate(measured, 1):
                show(done, len(measured))
                proposed.append(suggest(law, each))
    failed = [each for each in results if not each.passed]
    if as_json:
        say_json(_wire(results, failed, measured, proposed if propose else None))
    else:
        _tell_cases(results, failed)
        _tell_coverage(measured, everything=everything)
        for suggestions in proposed:
            _tell_suggestions(suggestions)
    raise typer.Exit(FOUND if failed else 0)


def _tell_cases(results: Sequence[CaseResult], failed: Sequence[CaseResult]) -> None:
    for each in failed:
        place = each.case.cell.place
        say(f"{place}: {each.rule.code}“{each.case.name}”应得 {each.expected}，实得 {each.found}")
    say(f"{len(results)} 个用例，{len(failed)} 个不符 · {len(results)} cases, {len(failed)} failed")


def _counted(measured: Sequence[RuleCoverage]) -> dict[str, tuple[int, int]]:
    """Count the covered units and all of them, by kind, for the kinds that occur."""
    total = Counter(unit.kind for each in measured for unit in each.units)
    uncovered = Counter(unit.kind for each in measured for unit in each.uncovered)
    return {kind: (total[kind] - uncovered[kind], total[kind]) for kind in KINDS if total[kind]}


def _tell_coverage(measured: Sequence[RuleCoverage], *, everything: bool) -> None:
    say()
    say("覆盖 · Coverage")
    for kind, (covered, total) in _counted(measured).items():
        zh, en = next(words for each, words in KINDS.items() if each == kind)
        say(f"  {covered}/{total}  {zh} · {en}")
    gaps = [(each.rule, unit) for each in measured for unit in each.uncovered]
    if not gaps:
        return
    say()
    say(f"没有覆盖的 {len(gaps)} 处 · {len(gaps)} uncovered")
    for rule, unit in gaps if everything else gaps[:SHOWN]:
        say(f"  {unit.place.file}:{unit.place.line}: {rule.code} {unit.zh} · {unit.en}")
    if not everything and len(gaps) > SHOWN:
        say(f"  还有 {len(gaps) - SHOWN} 处，用 --all 列出 · {len(gaps) - SHOWN} more, list them with --all")


def _tell_suggestions(suggestions: Suggestions) -> None:
    if not suggestions.cases and not suggestions.unreached:
        return
    rule = suggestions.rule
    say()
    say(f"# {rule.file}")
    for case in suggestions.cases:
        say(case.yaml)
    for unit in suggestions.unreached:
        say(f"  # 没有找到能走到这里的事实 · no facts found for: {unit.text(rule.language)}")


def _wire(
    results: Sequence[CaseResult],
    failed: Sequence[CaseResult],
    measured: Sequence[RuleCoverage],
    proposed: Sequence[Suggestions] | None,
) -> dict[str, Any]:
    wire: dict[str, Any] = {
        "ok": not failed,
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
    }
    if proposed is not None:
        wire["suggestions"] = [
            {
                "violation": each.rule.code,
                "file": each.rule.file,
                "cases": [case.yaml for case in each.cases],
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
