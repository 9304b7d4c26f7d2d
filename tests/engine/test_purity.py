"""Deciding touches nothing but its arguments, and no engine module could."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.engine.kit import ROOT

MODULES = sorted((ROOT / "engine").glob("*.py"))
OUTSIDE = {
    "asyncio", "concurrent", "ctypes", "fastapi", "getpass", "glob", "http", "io", "logging", "multiprocessing", "os",
    "pathlib", "platform", "pydantic", "random", "secrets", "select", "shutil", "signal", "socket", "sqlalchemy",
    "sqlite3", "subprocess", "sys", "tempfile", "threading", "time", "urllib", "uuid", "warnings",
}  # fmt: skip
BUILTINS = {
    "open",
    "print",
    "input",
    "eval",
    "exec",
    "compile",
    "__import__",
    "breakpoint",
    "globals",
    "id",
    "hash",
    "float",
}
# A stream over a text that is already in memory: what the YAML parser reads from.
ALLOWED = {("yamltext.py", "io.StringIO")}
CLOCKS = {"today", "now", "utcnow", "fromtimestamp", "utcfromtimestamp"}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_no_module_of_the_engine_imports_the_world(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}

    outside = {name for name in imported if name.partition(".")[0] in OUTSIDE}

    assert outside <= ({"io"} if path.name == "yamltext.py" else set())


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_no_module_of_the_engine_calls_what_reaches_the_world(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    attributes = {ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}

    reached = {(path.name, each) for each in attributes if each.startswith("io.") or each.split(".")[-1] in CLOCKS}

    assert reached <= ALLOWED
    assert names & (BUILTINS - {"id"}) == set()


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_no_module_of_the_engine_writes_a_float(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    # A cutoff of similarity orders near misses in a message; no amount comes near it.
    near_misses = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.keyword) and node.arg == "cutoff"}

    floats = [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, float) and id(node) not in near_misses
    ]
    divisions = [node for node in ast.walk(tree) if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div)]

    assert floats == []
    assert divisions == []


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_no_module_of_the_engine_imports_the_rooms_above_it(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    modules = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}

    above = {name for name in modules if name.partition(".")[0] in ("cases", "api", "tests")}

    assert above == set()


AUDITED = """
import sys
from pathlib import Path
from engine import decide, load_rulebook, to_wire
from engine.explain import explain
from engine.rule_cases import run_cases

root = Path("rules")
files = {path.relative_to(root).as_posix(): path.read_bytes() for path in sorted(root.rglob("*.yaml"))}
rulebook = load_rulebook(files)
asked = [(rule.code, case.on, dict(case.given)) for rule in rulebook.rules.values() for case in rule.cases]
asked += [("SZCG-", asked[0][1], {}), ("SZCG-013", asked[0][1], {"x": 1})]
seen = []
sys.addaudithook(lambda event, args: seen.append(event))
for number in range(1000):
    code, on, facts = asked[number % len(asked)]
    outcome = decide(rulebook, code, on, facts)
    to_wire(outcome)
    explain(outcome, "zh")
print(sorted({event for event in seen if not event.startswith("object.__")}))
"""


def test_a_thousand_decisions_raise_no_audit_event() -> None:
    done = subprocess.run(
        [sys.executable, "-c", AUDITED], cwd=ROOT, check=False, timeout=900, capture_output=True, text=True
    )

    assert (done.stdout.strip(), done.stderr) == ("[]", "")
