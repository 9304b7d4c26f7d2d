"""What the tests of the outer rooms share: a small law, questions, the command line, a served process, tampering."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, redirect_stderr, redirect_stdout
from datetime import date
from functools import cache
from http.client import HTTPConnection
from importlib.util import find_spec
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir
from typing import Any
from unittest.mock import patch
from urllib.parse import urlsplit

import rfc8785

from api.cli import main
from cases.lawfiles import Law, read_law
from cases.record import Asked

ROOT = Path(__file__).parents[2]
RULES = ROOT / "rules"
DAY = date(2026, 11, 1)
COUNT = "一年内次数"
FIRST = 1
"""Where the first decision of a log stands: behind the record that publishes its rule files."""
FIRST_SIGNED = FIRST + 1
"""The same in a log that is signed: the record of its first keys stands before both."""
SHARED = Path(gettempdir()) / f"zhunsheng-tests-{os.getuid()}"

# A law that loads in a moment: one flat fine by count, one fine by area with a guard and a published defect.
SMALL = (
    "catalogue/szcg.yaml",
    *sorted(path.relative_to(RULES).as_posix() for path in (RULES / "general").glob("*.yaml")),
    "supervision/cards.yaml",
    "szcg-2023/regime.yaml",
    "szcg-2023/SZCG-003.yaml",
    "szcg-2023/SZCG-013.yaml",
)


def small_rules(folder: Path, **changes: tuple[str, str]) -> Path:
    """Copy the small law into a folder; `changes` replaces a text in a file, named by the end of its stem."""
    for name in SMALL:
        text = (RULES / name).read_text(encoding="utf-8")
        for stem, (old, new) in changes.items():
            if Path(name).stem.endswith(stem.removeprefix("szcg")):
                assert old in text, f"{old!r} is not in {name}"
                text = text.replace(old, new)
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


@cache
def small_law() -> Law:
    """Load the small law, once for the whole run."""
    with TemporaryDirectory() as folder:
        return read_law(small_rules(Path(folder)))


@cache
def shipped_law() -> Law:
    """Load the law this project ships, once for the whole run."""
    return read_law(RULES)


@cache
def dearer_law() -> Law:
    """Load the small law with one amount changed: the second offence of SZCG-013 costs 120 yuan."""
    with TemporaryDirectory() as folder:
        return read_law(small_rules(Path(folder), szcg013=("100元", "120元")))


def ask(count: object = 2, *, case_ref: str | None = None, violation: str = "SZCG-013", on: date = DAY) -> Asked:
    """Ask what the n-th offence of SZCG-013 costs."""
    return Asked(violation=violation, on=on, facts={COUNT: count}, case_ref=case_ref)  # type: ignore[dict-item]


def question(**changes: Any) -> dict[str, Any]:
    """The same question as an HTTP caller writes it."""
    return {"violation": "SZCG-013", "on": DAY.isoformat(), "facts": {COUNT: 2}, **changes}


def tamper(path: Path, *changes: tuple[str, tuple[object, ...]]) -> None:
    """Do what the owner of a log file can do: take the triggers out, then change rows."""
    with closing(sqlite3.connect(path)) as raw:
        for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            raw.execute(f"DROP TRIGGER {name}")
        for change, values in changes:
            raw.execute(change, values)
        raw.commit()


def rewrite(path: Path, seq: int, change: Callable[[dict[str, Any]], object]) -> None:
    """Change the content of one record and write it back in canonical form."""
    with closing(sqlite3.connect(path)) as raw:
        (data,) = raw.execute("SELECT bytes FROM entry WHERE seq = ?", (seq,)).fetchone()
    record = json.loads(data)
    change(record)
    tamper(path, ("UPDATE entry SET bytes = ? WHERE seq = ?", (rfc8785.dumps(record), seq)))


def pages_in_use(path: Path) -> int:
    """How many pages an SQLite file has."""
    with closing(sqlite3.connect(path)) as raw:
        return int(raw.execute("PRAGMA page_count").fetchone()[0])


def environment(**more: str) -> dict[str, str]:
    """The environment of a child: ours, without what would tell it other folders."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("ZHUNSHENG_")}
    # Loading all the shipped law takes seconds: the processes of one run share what the first of them loaded.
    return {**clean, "COLUMNS": "200", "ZHUNSHENG_CACHE": str(SHARED), **more}


def zhunsheng(*arguments: str, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run the command line to its end as a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "api.cli", *arguments],
        cwd=ROOT,
        env=environment(**(env or {})),
        capture_output=True,
        encoding="utf-8",
        timeout=300,
        check=False,
    )


def called(*arguments: str, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run the command line to its end in this process: the same entrance, without a second of importing."""
    out, err, code = StringIO(), StringIO(), 0
    with (
        redirect_stdout(out),
        redirect_stderr(err),
        patch.dict(os.environ, environment(**(env or {})), clear=True),
        patch.object(sys, "argv", ["zhunsheng", *arguments]),
    ):
        try:
            main()
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else int(end.code is not None)
    return subprocess.CompletedProcess(arguments, code, out.getvalue(), err.getvalue())


def until(holds: Callable[[], bool], what: str, seconds: float = 120.0) -> None:
    """Wait for a real condition, and fail when it never comes."""
    for _ in range(int(seconds / 0.02)):
        if holds():
            return
        time.sleep(0.02)
    raise AssertionError(f"{what} did not happen within {seconds} seconds")


class Served:
    """A really served application: a process of its own on a free loopback port.

    `program` is how Python is told to run the command line.
    """

    def __init__(self, rules: Path, data: Path, program: Sequence[str] = ("-m", "api.cli"), **env: str) -> None:
        self.data = data
        command = [sys.executable, *program, "serve", "--port", "0", "--json"]
        self._process = subprocess.Popen(
            [*command, "--rules", str(rules), "--data", str(data)],
            cwd=ROOT,
            env=environment(**env),
            stdout=subprocess.PIPE,
            encoding="utf-8",
        )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            self.end()
            raise AssertionError("the service did not start")
        self.info: dict[str, Any] = json.loads(line)
        self.url: str = self.info["url"]

    @property
    def log(self) -> Path:
        return self.data / "log.sqlite3"

    def children(self) -> list[int]:
        """The processes this service started, by id."""
        tasks = Path(f"/proc/{self._process.pid}/task")
        return [int(pid) for task in tasks.iterdir() for pid in (task / "children").read_text().split()]

    def kill(self) -> None:
        """End it as a power cut would."""
        self._process.kill()
        self._reap()

    def end(self) -> None:
        """End it as its operator would."""
        self._process.terminate()
        self._reap()

    def _reap(self) -> None:
        self._process.wait(timeout=120)
        if self._process.stdout is not None:
            self._process.stdout.close()

    def ask(
        self, method: str, path: str, body: object = None, key: str | None = None
    ) -> tuple[int, dict[str, str], Any]:
        """Send one request and read the answer: status, headers, JSON."""
        with self.connection() as connection:
            return exchange(connection, method, path, body, key)

    @contextmanager
    def connection(self) -> Iterator[HTTPConnection]:
        """A connection to it, for many requests."""
        connection = HTTPConnection(urlsplit(self.url).netloc, timeout=120)
        try:
            yield connection
        finally:
            connection.close()


def exchange(
    connection: HTTPConnection, method: str, path: str, body: object = None, key: str | None = None
) -> tuple[int, dict[str, str], Any]:
    """Send one request over a connection and read the answer: status, headers, JSON."""
    headers = {"Content-Type": "application/json"} | ({"Idempotency-Key": f'"{key}"'} if key else {})
    connection.request(method, path, json.dumps(body) if body is not None else None, headers)
    answer = connection.getresponse()
    content = answer.read()
    found = {name.lower(): value for name, value in answer.getheaders()}
    return answer.status, found, json.loads(content) if "json" in found.get("content-type", "") else content


@contextmanager
def served(rules: Path, data: Path, **env: str) -> Iterator[Served]:
    """Serve until the block ends."""
    service = Served(rules, data, **env)
    try:
        yield service
    finally:
        service.end()


def has_supervision() -> bool:
    """Whether durable-rules is there; without it supervision is off and all else works."""
    return find_spec("durable") is not None and find_spec("durable_rules_engine") is not None
