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
ENGLISH_REGIME = """\
language: English
regime: X
name: Example benchmark
version: "1"
number: none
issuer: Example office
published: 2023-11-23
in_force: 2023-12-15 to 2028-12-14
source: rules/README.md
bounds: inclusive
first_day: counts
tie: heavier
rounding: 1 fen, floor
facts:
  times_in_a_year: integer, times, 1 to 99, counts earlier_days 1 years back
  earlier_days: list of days
  not_corrected: yes or no, aggravating
"""
ENGLISH_CATALOGUE = """\
language: English
catalogue: Example
source: rules/README.md
agency: Example office
items:
  - {power_item: P-001, name: Spitting, published: 2023-11-23, in_force: 2023-12-15 onwards}
"""


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
    shown = re.findall(r"head -24\n(.*?)```", README, re.DOTALL)[0]
    arguments = ("SZCG-013", "--on", "2026-11-01", "--fact", "一年内次数=2", "--json", "--data", str(tmp_path))

    answer = json.loads(zhunsheng("decide", *arguments).stdout)

    assert json.dumps(answer, ensure_ascii=False, indent=4).startswith(shown.rstrip())


def test_every_command_readme_lists_is_there() -> None:
    rows = re.findall(r"^\| `([a-z ]+?)(?: [A-Z-].*?)?`(?: \(|\s*\|)", README, re.MULTILINE)
    commands = [row.replace(" --once", "").split() for row in rows if row.split()[0] in zhunsheng("--help").stdout]

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


def test_the_english_example_of_the_rules_readme_loads_and_its_case_passes() -> None:
    text = (ROOT / "rules/README.md").read_text(encoding="utf-8")
    example = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)[0]
    files = {
        "x/regime.yaml": ENGLISH_REGIME.encode(),
        "x/X-001.yaml": example.encode(),
        "catalogue.yaml": ENGLISH_CATALOGUE.encode(),
    }

    rulebook: Rulebook = load_rulebook(files)

    assert [result.found for result in run_cases(rulebook) if not result.passed] == []
    assert rulebook.rules["X-001"].language == "en"
