"""`zhunsheng test` as a person and a program meet it: coverage, the gaps, and the cases it proposes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer

from api.cli_cases import run_tests
from tests.api.kit import called, small_rules

GAP = ("  - {名: 第三次, 日: 2026-11-01, 给: {一年内次数: 3}, 得: 罚款 200元}\n", "")


@pytest.fixture(scope="module")
def rules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small law, one case of which has been left out."""
    return small_rules(tmp_path_factory.mktemp("rules"), szcg013=GAP)


def test_coverage_and_gaps_are_told_and_a_gap_is_no_failure(rules: Path) -> None:
    done = called("test", "--rules", str(rules), "--code", "SZCG-013")

    english = called("test", "--rules", str(rules), "--code", "SZCG-013", "--suggest", "--lang", "en")
    assert (done.returncode, english.returncode) == (0, 0)
    assert "rows" in english.stdout
    assert "Coverage" in english.stdout
    assert "suggested cases" in english.stdout
    assert "覆盖" not in english.stdout
    assert "覆盖" in done.stdout
    assert "SZCG-013 一年内次数 = 3 次" in done.stdout


def test_a_program_reads_coverage_gaps_and_suggestions(rules: Path) -> None:
    done = called("test", "--rules", str(rules), "--code", "SZCG-013", "--suggest", "--json")

    found = json.loads(done.stdout)
    assert done.returncode == 0
    assert found["coverage"]["row"]["total"] >= found["coverage"]["row"]["covered"]
    assert {*found["uncovered"][0]} == {"violation", "kind", "file", "line", "zh", "en"}
    assert [each["file"] for each in found["suggestions"]] == ["szcg-2023/SZCG-013.yaml"]


def test_what_is_proposed_can_be_pasted_and_nothing_is_written_by_itself(rules: Path, tmp_path: Path) -> None:
    before = (rules / "szcg-2023/SZCG-013.yaml").read_text(encoding="utf-8")
    done = called("test", "--rules", str(rules), "--code", "SZCG-013", "--suggest")
    lines = [line for line in done.stdout.splitlines() if line.startswith("  - {名: 建议：")]

    folder = small_rules(tmp_path, szcg013=GAP)
    file = folder / "szcg-2023/SZCG-013.yaml"
    file.write_text(before.rstrip("\n") + "\n" + "\n".join(lines) + "\n", encoding="utf-8")
    after = called("test", "--rules", str(folder), "--code", "SZCG-013", "--json")

    assert lines != []
    assert (rules / "szcg-2023/SZCG-013.yaml").read_text(encoding="utf-8") == before
    assert after.returncode == 0
    assert json.loads(after.stdout)["uncovered"] == []


def test_a_violation_that_is_not_there_is_misuse_with_the_nearest(rules: Path) -> None:
    done = called("test", "--rules", str(rules), "--code", "SZCG-13")

    assert (done.returncode, done.stdout) == (2, "")
    assert "there is no violation `SZCG-13`; did you mean `SZCG-013`?" in done.stderr


def test_only_the_first_gaps_are_listed_unless_all_are_wanted(rules: Path) -> None:
    few, every = (called("test", "--rules", str(rules), *more) for more in ((), ("--all",)))

    assert (few.returncode, every.returncode) == (0, 0)
    assert len(every.stdout.splitlines()) >= len(few.stdout.splitlines()) - 1
    assert "--all" not in every.stdout


def test_a_rule_that_cannot_be_measured_is_named_and_ends_with_1(
    rules: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_given: object) -> None:
        raise KeyError("某")

    monkeypatch.setattr("engine.coverage.units_of", broken)

    with pytest.raises(typer.Exit) as ended:
        run_tests(rules=rules, code="SZCG-013", propose=False, everything=False, as_json=False)

    told = capsys.readouterr().out
    assert ended.value.exit_code == 1
    assert "的覆盖没有算完，是程序的缺陷，请报告（KeyError: '某'）" in told
