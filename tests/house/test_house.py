"""The house itself: floors, names, and that what the README shows is what happens."""

import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("engine", "cases", "api")


def test_every_import_goes_downwards_and_every_file_stands_on_a_floor() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert ", 0 broken" in done.stdout


@pytest.mark.parametrize("room", ROOMS)
def test_no_other_installed_distribution_claims_a_room(room: str) -> None:
    claimed = packages_distributions().get(room, [])

    assert set(claimed) <= {"zhunsheng"}


def test_the_rules_folder_holds_no_code() -> None:
    code = [path for path in (ROOT / "rules").rglob("*") if path.suffix in {".py", ".pyc", ".sh", ".js"}]

    assert code == []


def test_every_folder_says_what_belongs_in_it() -> None:
    folders = [ROOT / name for name in (*ROOMS, "rules", "benchmarks", "tests")]

    missing = [folder.name for folder in folders if not (folder / "README.md").is_file()]

    assert missing == []


def test_a_file_is_a_page() -> None:
    lengths = {
        path.relative_to(ROOT).as_posix(): len(path.read_text(encoding="utf-8").splitlines())
        for room in ROOMS
        for path in (ROOT / room).rglob("*.py")
    }

    long = {name: lines for name, lines in lengths.items() if lines > 450}

    assert long == {}


def test_every_dependency_says_why_it_is_there() -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    pyproject = tomllib.loads(text)
    named = [*pyproject["project"]["dependencies"], *pyproject["dependency-groups"]["dev"]]

    silent = [each for each in named if not re.search(re.escape(f'"{each}"') + r",\s+# \w", text)]

    assert silent == []
