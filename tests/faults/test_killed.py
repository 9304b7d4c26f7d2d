"""Killed at any moment, or out of space, the service loses nothing it acknowledged and goes on."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import threading
from collections.abc import Iterator
from http.client import HTTPException
from pathlib import Path
from typing import Any

import pytest

from cases.cardfile import read_cards
from cases.log.audit import verify_at
from cases.log.store import AuditLog
from cases.replay import replay
from tests.api.kit import COUNT, FIRST_SIGNED, Served, exchange, has_supervision, question, served, small_rules, until

PATH = "/v1/decisions"
needs_supervision = pytest.mark.skipif(
    not has_supervision(), reason="durable-rules is not installed: it needs a C compiler, see README"
)


@pytest.fixture(scope="module")
def rules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_rules(tmp_path_factory.mktemp("rules"))


class Clients:
    """Threads that post until the service is gone, and keep every answer they got."""

    def __init__(self, service: Served, name: str, count: int = 4) -> None:
        self.acknowledged: list[dict[str, Any]] = []
        self.refused: list[int] = []
        self._service, self._name = service, name
        self._threads = [threading.Thread(target=self._post, args=(number,)) for number in range(count)]
        for thread in self._threads:
            thread.start()

    def _post(self, client: int) -> None:
        number = 0
        with self._service.connection() as connection:
            while True:
                number += 1
                asked = question(facts={COUNT: number % 3 + 1}, case_ref=f"{self._name}-{client}-{number % 5}")
                try:
                    status, _, answer = exchange(connection, "POST", PATH, asked, key=f"{self._name}-{client}-{number}")
                except (OSError, HTTPException):
                    return
                (self.acknowledged if status == 201 else self.refused).append(answer)

    def join(self) -> None:
        for thread in self._threads:
            thread.join(timeout=300)
            assert not thread.is_alive()


def recorded(path: Path) -> dict[str, dict[str, Any]]:
    """Every answer in the log by id; positions without gaps, the log's own records once and first."""
    with AuditLog.open(path, read_only=True) as log:
        entries = list(log.entries())
    records = {entry.id: json.loads(entry.data) for entry in entries}
    assert [entry.seq for entry in entries] == list(range(len(entries)))
    assert [record["kind"] for record in records.values()][:FIRST_SIGNED] == ["key_event", "publication"]
    return {
        entry.id: {**records[entry.id]["decision"], "id": entry.id, "index": entry.seq}
        for entry in entries[FIRST_SIGNED:]
    }


def test_killed_while_clients_post_it_keeps_every_acknowledged_decision_and_serves_on(
    rules: Path, tmp_path: Path
) -> None:
    chance = random.Random(20261101)  # noqa: S311 - which moments, not a secret
    acknowledged: list[dict[str, Any]] = []
    log = tmp_path / "log.sqlite3"

    for turn in range(5):
        service = Served(rules, tmp_path)
        clients = Clients(service, f"turn{turn}")
        try:
            enough = chance.randrange(1, 120)
            until(lambda clients=clients, enough=enough: len(clients.acknowledged) >= enough, "answering")  # type: ignore[misc]
        finally:
            service.kill()
            clients.join()
        assert clients.refused == []
        acknowledged += clients.acknowledged

    kept = recorded(log)
    assert len(acknowledged) >= 5
    assert [answer for answer in acknowledged if kept.get(answer["id"]) != answer] == []
    # At most the one answer each client was waiting for stands in the log without having been seen.
    assert len(kept) - len(acknowledged) <= 5 * 4
    assert verify_at(log).ok
    with AuditLog.open(log, read_only=True) as opened:
        assert replay(opened).ok
    with served(rules, tmp_path) as service:
        status, _, answer = service.ask("POST", PATH, question())
        assert (status, answer["index"]) == (201, FIRST_SIGNED + len(kept))


def test_a_decision_whose_answer_was_lost_is_had_again_with_its_key(rules: Path, tmp_path: Path) -> None:
    with served(rules, tmp_path) as service:
        first = service.ask("POST", PATH, question(), key="k")[2]
        service.kill()

    with served(rules, tmp_path) as service:
        status, _, again = service.ask("POST", PATH, question(), key="k")

    assert (status, again) == (200, first)
    assert len(recorded(tmp_path / "log.sqlite3")) == 1


@needs_supervision
@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="finding the watch process needs /proc")
def test_killing_the_watch_stops_no_decision_and_it_comes_back_with_every_card(rules: Path, tmp_path: Path) -> None:
    with served(rules, tmp_path) as service:
        assert service.info["supervision"] == "on"
        decided = 0

        for _ in range(2):
            until(lambda: service.children() != [], "supervision")
            (watch,) = service.children()
            for turn in range(8):
                # Another count for the same case each time: each but the first raises a card.
                asked = question(facts={COUNT: decided % 3 + 1}, case_ref="案一")
                assert service.ask("POST", PATH, asked)[0] == 201
                decided += 1
                if turn == 3:
                    os.kill(watch, signal.SIGKILL)
            until(lambda watch=watch: service.children() not in ([], [watch]), "supervision coming back")  # type: ignore[misc]
        until(lambda: read_cards(tmp_path / "cards.sqlite3")[1] == FIRST_SIGNED + decided, "reading the whole log")
        found = service.ask("GET", "/v1/cards")[2]

    assert (found["supervision"], found["read"], decided) == ("on", FIRST_SIGNED + 16, 16)
    pairs = [(card["earlier"] - FIRST_SIGNED, card["index"] - FIRST_SIGNED) for card in found["cards"]]
    assert pairs == [(n - 1, n) for n in range(15, 0, -1)]


@needs_supervision
@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="finding the watch process needs /proc")
@pytest.mark.parametrize("how", ["killed", "ended"])
def test_the_watch_ends_when_its_service_is_gone(rules: Path, tmp_path: Path, how: str) -> None:
    service = Served(rules, tmp_path)
    try:
        until(lambda: service.children() != [], "supervision")
        (watch,) = service.children()
    finally:
        (service.kill if how == "killed" else service.end)()

    until(lambda: not running(watch), "the watch ending")


def running(pid: int) -> bool:
    """Whether a process is there, and not only its name waiting to be collected."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = shutil.which("mount")
    if mount is None or not hasattr(os, "geteuid") or os.geteuid() != 0:
        pytest.skip("a full disk needs root and `mount`; the limit of the file itself is tested in tests/api")
    done = subprocess.run(
        [mount, "-t", "tmpfs", "-o", "size=512k", "none", str(folder)], capture_output=True, check=False
    )
    if done.returncode:
        pytest.skip(f"a small disk cannot be mounted here: {done.stderr.decode(errors='replace').strip()}")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_on_a_full_disk_the_service_answers_503_loses_nothing_and_goes_on_when_there_is_room(
    rules: Path, small_disk: Path
) -> None:
    ballast, answers = small_disk / "ballast", []
    ballast.write_bytes(b"x" * 150_000)
    with served(rules, small_disk) as service:
        for number in range(400):
            status, headers, answer = service.ask("POST", PATH, question(), key=f"k{number}")
            if status != 201:
                break
            answers.append(answer)

        assert (status, headers["content-type"]) == (503, "application/problem+json")
        assert headers["retry-after"] == "5"
        assert answer["type"] == "urn:zhunsheng:problem:log_unavailable"
        assert len(answers) > 3
        assert service.ask("GET", "/healthz")[2]["log_size"] == FIRST_SIGNED + len(answers)

        ballast.unlink()
        status, _, again = service.ask("POST", PATH, question(), key=f"k{number}")
        assert (status, again["index"]) == (201, FIRST_SIGNED + len(answers))

    kept = recorded(small_disk / "log.sqlite3")
    assert [*kept.values()] == [*answers, again]
    assert verify_at(small_disk / "log.sqlite3").ok
