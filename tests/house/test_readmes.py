"""What the READMEs show is what happens."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from engine import Rulebook, load_rulebook
from engine.rule_cases import run_cases

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def zhunsheng(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "api.cli", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )


def test_the_first_decision_prints_what_readme_shows(tmp_path: Path) -> None:
    command, shown = re.findall(r"\$ \./run zhunsheng (decide [^\n]+)\n(.*?)```", README, re.DOTALL)[0]

    done = zhunsheng(*command.split(), "--data", str(tmp_path))

    # The id differs from run to run; all else is promised.
    assert done.stdout.splitlines()[:-1] == shown.splitlines()[:-1]
    assert done.stdout.startswith("处罚依据")


def test_the_decision_object_begins_as_readme_shows(tmp_path: Path) -> None:
    shown = re.findall(r"head -25\n(.*?)```", README, re.DOTALL)[0]
    arguments = ("SZCG-013", "--on", "2026-11-01", "--fact", "一年内次数=2", "--json", "--data", str(tmp_path))

    answer = json.loads(zhunsheng("decide", *arguments).stdout)

    assert json.dumps(answer, ensure_ascii=False, indent=4).startswith(shown.rstrip())


def test_every_command_readme_lists_is_there() -> None:
    rows = re.findall(r"^\| `([a-z ]+?)(?: [A-Z-].*?)?`(?: \(|\s*\|)", README, re.MULTILINE)
    known = zhunsheng("--help").stdout
    commands = [row.replace(" --once", "").split() for row in rows if row.split()[0] in known]

    codes = {" ".join(command): zhunsheng(*command, "--help").returncode for command in commands}

    assert len(codes) >= 7
    assert set(codes.values()) == {0}


@pytest.mark.parametrize(
    "path", [*sorted(ROOT.glob("*/README*.md")), ROOT / "README.md"], ids=lambda path: path.parent.name + path.name
)
def test_every_file_a_readme_names_is_there(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    named = re.findall(r"`((?:engine|cases|api|rules|tests|benchmarks)/[\w./-]*\w)`", text)

    missing = [name for name in named if not (ROOT / name).exists()]

    assert missing == []


def test_the_whole_example_of_the_rules_readme_loads_and_its_case_passes() -> None:
    text = (ROOT / "rules/README.md").read_text(encoding="utf-8")
    catalogue, regime, rule = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)[:3]
    files = {"catalogue.yaml": catalogue, "city/regime.yaml": regime, "city/X-001.yaml": rule}

    rulebook: Rulebook = load_rulebook({path: each.encode() for path, each in files.items()})

    results = list(run_cases(rulebook))
    assert [result.found for result in results if not result.passed] == []
    assert results
    assert rulebook.rules["X-001"].language == "en"
