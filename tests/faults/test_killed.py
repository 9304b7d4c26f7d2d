"""Killed at any moment, or out of space, the service loses nothing it acknowledged and goes on."""

from __future__ import annotations

import json
import os
import random
import signal
import threading
from collections.abc import Iterator, Sequence
from http.client import HTTPException
from pathlib import Path
from typing import Any

import pytest

from cases.cardfile import read_cards
from cases.log.store import AuditLog
from tests.api.kit import COUNT, FIRST_SIGNED, Served, exchange, has_supervision, question, served, small_rules, until
from tests.faults.kit import AFTER, broken_promises, signed
from tests.log.kit import appender
from tests.log.places import PostgresPlace, server, start_again

PATH = "/v1/decisions"
CLIENTS = 16
needs_supervision = pytest.mark.skipif(
    not has_supervision(), reason="durable-rules is not installed: it needs a C compiler, see README"
)


@pytest.fixture(scope="module")
def rules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_rules(tmp_path_factory.mktemp("rules"))


class Clients:
    """Threads that post until the service is gone, and keep every answer they got."""

    def __init__(self, service: Served, name: str, count: int = CLIENTS) -> None:
        self.acknowledged: list[dict[str, Any]] = []
        self.refused: list[dict[str, Any]] = []
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


def recorded(log: AuditLog) -> dict[str, dict[str, Any]]:
    """Every answer in the log by id; what else is recorded (keys, rule files) is left out."""
    entries = [(entry, json.loads(entry.data)) for entry in log.entries()]
    return {
        entry.id: {**record["decision"], "id": entry.id, "index": entry.seq}
        for entry, record in entries
        if "decision" in record
    }


# A service that answers before the commit: what durability turned down would be. Really written is every twentieth time
# what waits, so that a kill hardly ever finds nothing waiting.
HASTY = """
import cases.log.store as store

wait, really = [], store.AuditLog.append_each

def hasty(self, entries, sources=None):
    size = self.head().size + sum(len(each) for each, _ in wait)
    wait.append((entries, sources or {}))
    if len(wait) == 20:
        for each, its in wait:
            really(self, each, its)
        wait.clear()
    return tuple(store.Appended(seq=size + number) for number in range(len(entries)))

store.AuditLog.append_each = hasty
from api.cli import main
main()
"""


def killed(
    rules: Path, data: Path, rounds: int, *, store: str | None = None, program: Sequence[str] = ("-m", "api.cli")
) -> list[str]:
    """Kill the service at random moments under many clients, again and again; what that broke."""
    chance = random.Random(20261101)  # noqa: S311 - which moments, not a secret
    acknowledged: list[dict[str, Any]] = []
    for turn in range(rounds):
        service = Served(rules, data, program, **({"ZHUNSHENG_STORE": store} if store else {}))
        clients = Clients(service, f"turn{turn}")
        try:
            enough = chance.randrange(1, 120)
            until(lambda clients=clients, enough=enough: len(clients.acknowledged) >= enough, "answering")  # type: ignore[misc]
        finally:
            service.kill()
            clients.join()
        assert clients.refused == []
        acknowledged += clients.acknowledged
    assert len(acknowledged) >= rounds
    where = store or data / "log.sqlite3"
    wrong = broken_promises(where, data / "keys", {each["index"]: each["id"] for each in acknowledged})
    with AuditLog.open(where, read_only=True) as log:
        kept = recorded(log)
        wrong += [f"another answer at {each['index']}" for each in acknowledged if kept.get(each["id"]) != each]
        # At most the one answer each client was waiting for stands in the log without having been seen.
        if len(kept) - len(acknowledged) > rounds * CLIENTS:
            wrong.append(f"{len(kept)} decisions for {len(acknowledged)} answers")
        if not signed(log, data / "keys"):
            wrong.append("nothing was signed")
    return wrong


def test_killed_while_clients_post_it_keeps_every_acknowledged_decision_and_serves_on(
    rules: Path, tmp_path: Path
) -> None:
    assert killed(rules, tmp_path, 5) == []

    with AuditLog.open(tmp_path / "log.sqlite3", read_only=True) as log:
        size, last = log.head().size, list(log.entries())[-1]
        assert json.loads(last.data)["id"].startswith(AFTER)
    with served(rules, tmp_path) as service:
        status, _, answer = service.ask("POST", PATH, question())
        assert (status, answer["index"]) == (201, size)


@pytest.mark.long
def test_killed_a_thousand_times_it_keeps_every_acknowledged_decision(rules: Path, tmp_path: Path) -> None:
    for _ in range(20):
        # Many short logs and not one long one, which all those checks would go over again and again.
        assert killed(rules, tmp_path / str(_), 50) == []


@pytest.fixture
def at() -> Iterator[PostgresPlace]:
    made = PostgresPlace.new()
    yield made
    made.drop()


def test_killed_beside_postgresql_it_keeps_every_acknowledged_decision(
    rules: Path, tmp_path: Path, at: PostgresPlace
) -> None:
    assert killed(rules, tmp_path, 2, store=at.where) == []


@pytest.mark.long
def test_killed_a_hundred_times_beside_postgresql_it_keeps_every_acknowledged_decision(
    rules: Path, tmp_path: Path, at: PostgresPlace
) -> None:
    assert killed(rules, tmp_path, 100, store=at.where) == []


@pytest.mark.long
def test_a_killed_database_server_loses_no_acknowledged_decision(
    rules: Path, tmp_path: Path, at: PostgresPlace
) -> None:
    chance = random.Random(20261123)  # noqa: S311 - which moments, not a secret
    acknowledged: list[dict[str, Any]] = []
    for turn in range(20):
        service = Served(rules, tmp_path, ZHUNSHENG_STORE=at.where)
        clients = Clients(service, f"turn{turn}")
        try:
            enough = chance.randrange(1, 120)
            until(lambda clients=clients, enough=enough: len(clients.acknowledged) >= enough, "answering")  # type: ignore[misc]
            kill_server()
            until(lambda clients=clients: clients.refused != [], "refusing")  # type: ignore[misc]
        finally:
            service.kill()
            clients.join()
        assert {each["type"] for each in clients.refused} == {"urn:zhunsheng:problem:log_unavailable"}
        acknowledged += clients.acknowledged
        start_again("it was killed")
    told = {each["index"]: each["id"] for each in acknowledged}
    assert broken_promises(at.where, tmp_path / "keys", told) == []


def kill_server() -> None:
    pid = server().get_pid()
    assert pid is not None
    os.kill(pid, signal.SIGKILL)


# Commits that do not wait for the disk.
ASYNCHRONOUS = """
import cases.log.postgres as postgres

settle = postgres.PostgresDatabase._settle
postgres._NEEDED["synchronous_commit"] = (("on", "off"), "")

def hasty(self, raw):
    settle(self, raw)
    raw.autocommit = True
    raw.execute("SET synchronous_commit = off")
    raw.autocommit = False

postgres.PostgresDatabase._settle = hasty
"""


@pytest.mark.long
def test_a_database_server_that_answers_before_the_flush_is_found_out(at: PostgresPlace) -> None:
    acknowledged: dict[int, str] = {}
    for turn in range(5):
        child = appender(at.where, f"turn{turn}", 100_000, before=ASYNCHRONOUS)
        assert child.stdout is not None
        lines = [child.stdout.readline() for _ in range(100)]
        kill_server()
        lines += child.stdout.readlines()
        child.stdout.close()
        child.wait()
        acknowledged |= {int(line.split()[0]): line.split()[1] for line in lines if line.endswith("\n")}
        start_again("it was killed")

    assert any("lost" in each for each in broken_promises(at.where, None, acknowledged))


def test_a_service_that_answers_before_the_commit_is_found_out(rules: Path, tmp_path: Path) -> None:
    assert any("lost" in each for each in killed(rules, tmp_path, 2, program=("-c", HASTY)))


def test_a_decision_whose_answer_was_lost_is_had_again_with_its_key(rules: Path, tmp_path: Path) -> None:
    with served(rules, tmp_path) as service:
        first = service.ask("POST", PATH, question(), key="k")[2]
        service.kill()

    with served(rules, tmp_path) as service:
        status, _, again = service.ask("POST", PATH, question(), key="k")

    assert (status, again) == (200, first)
    with AuditLog.open(tmp_path / "log.sqlite3", read_only=True) as log:
        assert len(recorded(log)) == 1


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
    assert [(card["earlier"] - FIRST_SIGNED, card["index"] - FIRST_SIGNED) for card in found["cards"]] == [
        (number - 1, number) for number in range(15, 0, -1)
    ]


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

    with AuditLog.open(small_disk / "log.sqlite3", read_only=True) as log:
        assert [*recorded(log).values()] == [*answers, again]
    acknowledged = {each["index"]: each["id"] for each in (*answers, again)}
    assert broken_promises(small_disk / "log.sqlite3", small_disk / "keys", acknowledged) == []
