"""A log opened with what signs it: made once, refused where they do not belong together, killed at any moment."""

from __future__ import annotations

import json
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPException
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from api.service import create_app
from api.settings import Settings
from cases.desk import Desk
from cases.errors import LogUnavailable, RefusedToSign, UnsafeStore
from cases.lawfiles import Law
from cases.log import opened as opening
from cases.log.audit import verify_at
from cases.log.keyring import Keyring
from cases.log.opened import OpenLog
from cases.log.sealing import SigningState
from cases.log.store import Appended, AuditLog, NewEntry
from cases.request import Request
from tests.api.kit import (
    COUNT,
    FIRST_SIGNED,
    RULES,
    Served,
    ask,
    called,
    dearer_law,
    exchange,
    question,
    served,
    small_law,
    small_rules,
    until,
    zhunsheng,
)
from tests.log.kit import ORIGIN, check_signed, numbered

PATH = "/v1/decisions"
DECIDE = ("decide", "SZCG-013", "--on", "2026-11-01", "--fact", f"{COUNT}=2")


@pytest.fixture(scope="module")
def rules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_rules(tmp_path_factory.mktemp("rules"))


def open_in(folder: Path, **more: Any) -> OpenLog:
    settings = Settings(rules=RULES, data=folder)
    return OpenLog.open(settings.log, settings.keys, **more)


def kinds(folder: Path) -> list[str]:
    with AuditLog.open(folder / "log.sqlite3", read_only=True) as log:
        return [json.loads(entry.data)["kind"] for entry in log.entries()]


def grown(folder: Path, count: int) -> None:
    """Append as many records and sign them."""
    with open_in(folder) as opened:
        start = opened.log.head().size
        for entry in numbered(start, start + count):
            opened.append(entry)


# What a log begins with


def test_the_first_record_is_of_the_first_keys_and_it_is_made_once(tmp_path: Path) -> None:
    for _ in range(3):
        with open_in(tmp_path, origin=ORIGIN) as opened:
            keyring = opened.keyring

    with AuditLog.open(tmp_path / "log.sqlite3", read_only=True) as log:
        (entry,) = log.entries()
    event = json.loads(entry.data)
    assert (event["kind"], event["door"], event["id"]) == ("key_event", "log", entry.id)
    assert event["about"] == {
        "event": "created",
        "origin": ORIGIN,
        "vkeys": [str(key) for key in keyring.verifiers()],
    }
    assert check_signed(tmp_path / "log.sqlite3", keyring) == [1]


def test_a_log_without_a_name_takes_one_of_its_own_and_keeps_it(tmp_path: Path) -> None:
    names = set()
    for folder in ("a", "a", "b"):
        with open_in(tmp_path / folder) as opened:
            names.add(opened.keyring.origin)

    assert len(names) == 2
    assert all(name.startswith("zhunsheng.local/") for name in names)


def test_rules_are_published_once_for_each_rulebook_before_its_first_decision(tmp_path: Path) -> None:
    def decide(law: Law, opened: OpenLog) -> None:
        Desk(law, opened.log, opened.append).decide(ask(), door="test")

    for _ in range(2):
        with open_in(tmp_path) as opened, ThreadPoolExecutor(8) as pool:
            for each in [pool.submit(decide, small_law(), opened) for _ in range(8)]:
                each.result()
    with open_in(tmp_path) as opened:
        for law in (dearer_law(), small_law(), dearer_law()):
            decide(law, opened)
        records = [json.loads(entry.data) for entry in opened.log.entries()]
        stored = {digest for digest, _ in opened.log.sources()}

    published = {record["rulebook"]: at for at, record in enumerate(records) if record["kind"] == "publication"}
    assert [record["kind"] for record in records] == [
        *("key_event", "publication"), *["decision"] * 16, "publication", *["decision"] * 3,
    ]  # fmt: skip
    assert published == {small_law().rulebook.digest: 1, dearer_law().rulebook.digest: 18}
    for at, record in enumerate(records):
        assert at == 0 or published[record["rulebook"]] <= at
    assert stored == {*small_law().sources, *dearer_law().sources}
    assert verify_at(tmp_path / "log.sqlite3").ok


def test_a_desk_that_dies_between_the_publication_and_the_decision_publishes_no_second_time(tmp_path: Path) -> None:
    with open_in(tmp_path) as opened:

        def dying(entry: NewEntry, sources: Any) -> Any:
            if json.loads(entry.data)["kind"] == "decision":
                raise LogUnavailable("the power went")
            return opened.append(entry, sources)

        with pytest.raises(LogUnavailable):
            Desk(small_law(), opened.log, dying).decide(ask(), door="test")
    with open_in(tmp_path) as opened:
        given = Desk(small_law(), opened.log, opened.append).decide(ask(), door="test")

    assert given.index == FIRST_SIGNED
    assert kinds(tmp_path) == ["key_event", "publication", "decision"]


# A first start that does not come to its end, or comes twice


@pytest.mark.parametrize("place", ["keys", "record"])
def test_a_first_start_that_was_killed_is_finished_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    with monkeypatch.context() as patched:
        if place == "keys":
            patched.setattr(Keyring, "create", lambda *_: 1 / 0)
        else:
            patched.setattr(OpenLog, "_record_first_keys", lambda _: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            open_in(tmp_path, origin=ORIGIN)

    with open_in(tmp_path) as opened:
        keyring = opened.keyring

    assert keyring.origin == ORIGIN
    assert kinds(tmp_path) == ["key_event"]
    assert check_signed(tmp_path / "log.sqlite3", keyring) == [1]


def test_of_many_that_open_a_new_log_at_once_one_makes_the_keys(tmp_path: Path) -> None:
    start = threading.Barrier(6)

    def begin(number: int) -> tuple[str, ...]:
        start.wait(60)
        with open_in(tmp_path) as opened:
            opened.append(numbered(number, number + 1)[0])
            return tuple(str(key) for key in opened.keyring.verifiers())

    with ThreadPoolExecutor(6) as pool:
        (keys,) = set(pool.map(begin, range(6)))

    with AuditLog.open(tmp_path / "log.sqlite3", read_only=True) as log:
        records = [json.loads(entry.data) for entry in log.entries()]
    assert len(records) == 7
    assert [record["about"]["vkeys"] for record in records if "about" in record] == [list(keys)]
    assert check_signed(tmp_path / "log.sqlite3", Keyring(tmp_path / "keys"))[-1] == 7


# What does not belong together


def refused_everywhere(folder: Path, rules: Path, words: str) -> None:
    """Opening is refused, and so is each command that would append: exit code 1, the sentence, and nothing recorded."""
    with AuditLog.open(folder / "log.sqlite3", read_only=True) as log:
        before = log.head()
    with pytest.raises(RefusedToSign, match=words) as refused:
        open_in(folder)
    places = ("--rules", str(rules), "--data", str(folder))
    for command in (DECIDE, ("serve", "--port", "0")):
        ended = called(*command, *places)
        assert (ended.returncode, ended.stdout) == (1, "")
        assert ended.stderr == f"zhunsheng: {refused.value}\n"
    with AuditLog.open(folder / "log.sqlite3", read_only=True) as log:
        assert log.head() == before


def test_a_database_put_back_from_an_older_copy_is_refused(tmp_path: Path, rules: Path) -> None:
    log = tmp_path / "log.sqlite3"
    grown(tmp_path, 3)
    shutil.copy(log, tmp_path / "yesterday")
    grown(tmp_path, 2)
    shutil.copy(tmp_path / "yesterday", log)

    refused_everywhere(tmp_path, rules, "it holds 4 records and 6 were signed: it was put back from an older copy")


def test_a_new_database_under_the_old_keys_is_refused(tmp_path: Path, rules: Path) -> None:
    grown(tmp_path, 3)
    (tmp_path / "log.sqlite3").unlink()
    AuditLog.open(tmp_path / "log.sqlite3").close()

    refused_everywhere(tmp_path, rules, "it holds 0 records and 4 were signed")


def test_an_older_copy_of_what_was_signed_is_refused(tmp_path: Path, rules: Path) -> None:
    grown(tmp_path, 3)
    shutil.copy(tmp_path / "keys/signing.sqlite3", tmp_path / "yesterday")
    grown(tmp_path, 2)
    shutil.copy(tmp_path / "yesterday", tmp_path / "keys/signing.sqlite3")

    refused_everywhere(tmp_path, rules, "a checkpoint of size 6 is published and .* knows of 4 only")


def test_a_signed_log_without_its_folder_of_keys_is_refused_and_no_folder_is_made(tmp_path: Path, rules: Path) -> None:
    grown(tmp_path, 1)
    (tmp_path / "keys").rename(tmp_path / "elsewhere")

    refused_everywhere(tmp_path, rules, r"it was signed before, and the folder .* has no keys: put them back")
    assert not (tmp_path / "keys").exists()

    (tmp_path / "elsewhere").rename(tmp_path / "keys")
    grown(tmp_path, 1)
    assert kinds_of_own(tmp_path) == ["key_event"]


def kinds_of_own(folder: Path) -> list[str]:
    with AuditLog.open(folder / "log.sqlite3", read_only=True) as log:
        return [record["kind"] for entry in log.entries() if "kind" in (record := json.loads(entry.data))]


def test_a_log_whose_keys_are_recorded_and_that_was_never_signed_takes_no_others(tmp_path: Path, rules: Path) -> None:
    with open_in(tmp_path, origin=ORIGIN):
        pass
    with AuditLog.open(tmp_path / "log.sqlite3", read_only=True) as log:
        entry = log.read(0)
    for name in ("keys", "log.sqlite3"):
        (tmp_path / name).rename(tmp_path / f"old-{name}")
    with AuditLog.open(tmp_path / "log.sqlite3") as log:
        log.append([NewEntry(id=entry.id, data=entry.data, request=Request(opening.FIRST_KEYS, "created"))])

    refused_everywhere(tmp_path, rules, "has no keys: put them back")


def test_a_lost_list_of_keys_beside_what_was_signed_is_refused(tmp_path: Path) -> None:
    grown(tmp_path, 1)
    (tmp_path / "keys/keys.json").unlink()
    (tmp_path / "log.sqlite3").unlink()

    with pytest.raises(RefusedToSign, match="knows of 2 signed records and no keys are there"):
        open_in(tmp_path)
    assert not (tmp_path / "keys/keys.json").exists()


def test_a_lost_signing_state_is_refused_and_not_made_anew(tmp_path: Path) -> None:
    grown(tmp_path, 1)
    (tmp_path / "keys/signing.sqlite3").unlink()

    with pytest.raises(UnsafeStore, match="put back the newest copy"):
        open_in(tmp_path)
    assert not (tmp_path / "keys/signing.sqlite3").exists()


def test_a_signing_state_that_cannot_be_made_or_is_no_such_file_is_told_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys/signing.sqlite3").mkdir()
    with pytest.raises(LogUnavailable, match=r"signing\.sqlite3` cannot be used"):
        open_in(tmp_path)
    (tmp_path / "keys/signing.sqlite3").rmdir()
    (tmp_path / "keys/signing.sqlite3").write_text("no database at all, and long enough to be one" * 100)
    with pytest.raises(UnsafeStore, match="not a database"):
        open_in(tmp_path)


# While it is open


def test_once_signing_was_refused_nothing_is_recorded_and_what_stands_is_still_read(tmp_path: Path) -> None:
    settings = Settings(rules=RULES, data=tmp_path)
    state = settings.keys / "signing.sqlite3"
    with open_in(tmp_path) as opened:
        app = create_app(
            small_law(), opened.log, settings, supervised=False, append=opened.append, keyring=opened.keyring
        )
        client = TestClient(app, base_url="http://127.0.0.1")
        until(lambda: opened.published.covering(0) is not None, "signing")
        shutil.copy(state, tmp_path / "older")
        first = client.post(PATH, json=question())
        until(lambda: opened.published.covering(FIRST_SIGNED) is not None, "signing")
        signed = client.get("/log/checkpoint").content
        shutil.copy(tmp_path / "older", state)
        # One more: the signer has to look before it can refuse.
        assert client.post(PATH, json=question()).status_code == 201

        until(lambda: opened._sealing.refused is not None, "refusing")
        size = opened.log.head().size
        answers = [client.post(PATH, json=question(), headers={"Idempotency-Key": '"k"'}) for _ in range(3)]

        for answer in answers:
            assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.json()["type"] == "urn:zhunsheng:problem:refused_to_sign"
            assert "knows of 1 only" in answer.json()["detail"]
            assert "fine_fen" not in answer.text
        with pytest.raises(RefusedToSign):
            opened.append(numbered(0, 1)[0])
        assert opened.log.head().size == size == FIRST_SIGNED + 2
        assert client.get(first.headers["Location"]).json() == first.json()
        assert client.get("/log/checkpoint").content == signed
    with pytest.raises(RefusedToSign, match="knows of 1 only"):
        open_in(tmp_path)


def test_a_signing_state_that_cannot_be_written_for_a_while_is_no_refusal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_in(tmp_path) as opened:
        until(lambda: opened.published.covering(0) is not None, "signing")
        connect, asked = SigningState._connect, threading.Event()

        def limited(self: SigningState) -> Any:
            raw = connect(self)
            raw.execute("PRAGMA query_only=1")  # what is written fails, as on a full or read-only disk
            asked.set()
            return raw

        with monkeypatch.context() as patched:
            patched.setattr(SigningState, "_connect", limited)
            assert opened.append(numbered(0, 1)[0]) == Appended(seq=1)
            assert asked.wait(60)
            assert opened.append(numbered(1, 2)[0]) == Appended(seq=2)
            assert opened._sealing.refused is None

        until(lambda: opened.published.covering(2) is not None, "signing once it can be written")


# Several processes, and the end of one


class Load:
    """Threads that post until the service is gone or they are told to stop, and keep what was acknowledged."""

    def __init__(self, service: Served, name: str) -> None:
        self.acknowledged: list[dict[str, Any]] = []
        self.stopped = threading.Event()
        self._service, self._name = service, name
        self._threads = [threading.Thread(target=self._post, args=(number,)) for number in range(4)]
        for thread in self._threads:
            thread.start()

    def _post(self, client: int) -> None:
        with self._service.connection() as connection:
            number = 0
            while not self.stopped.is_set():
                number += 1
                try:
                    found = exchange(connection, "POST", PATH, question(), key=f"{self._name}-{client}-{number}")
                except (OSError, HTTPException):
                    return
                assert found[0] == 201, found
                self.acknowledged.append(found[2])

    def join(self) -> None:
        self.stopped.set()
        for thread in self._threads:
            thread.join(timeout=120)
            assert not thread.is_alive()


def test_a_service_and_the_command_line_append_to_one_log_and_sign_one_history(tmp_path: Path, rules: Path) -> None:
    said = []
    with served(rules, tmp_path) as service:
        load = Load(service, "both")
        try:
            until(lambda: len(load.acknowledged) >= 5, "answering")
            for _ in range(3):
                ended = zhunsheng(*DECIDE, "--json", "--rules", str(rules), "--data", str(tmp_path))
                assert ended.returncode == 0, ended.stderr
                said.append(json.loads(ended.stdout))
            before = len(load.acknowledged)
            until(lambda: len(load.acknowledged) > before, "answering after the command line")
        finally:
            load.join()
        size = service.ask("GET", "/healthz")[2]["log_size"]

    with AuditLog.open(tmp_path / "log.sqlite3", read_only=True) as log:
        records = [json.loads(entry.data) for entry in log.entries()]
    assert len(records) == size == FIRST_SIGNED + len(load.acknowledged) + len(said)
    assert [record["kind"] for record in records[:FIRST_SIGNED]] == ["key_event", "publication"]
    for answer in (*load.acknowledged, *said):
        assert records[answer["index"]]["id"] == answer["id"]
    assert [record["door"] for record in records if record["door"] == "cli"] == ["cli"] * 3
    signed = check_signed(tmp_path / "log.sqlite3", Keyring(tmp_path / "keys"))
    assert signed[-1] == size
    assert len(signed) > 3


def test_killed_in_the_middle_of_its_work_the_service_signs_on_after_the_next_start(
    tmp_path: Path, rules: Path
) -> None:
    kept: list[dict[str, Any]] = []
    signed: list[int] = []
    for turn in range(3):
        service = Served(rules, tmp_path)
        load = Load(service, f"turn{turn}")
        try:
            until(lambda load=load, turn=turn: len(load.acknowledged) >= 5 + 20 * turn, "answering")  # type: ignore[misc]
        finally:
            service.kill()
            load.join()
        kept += load.acknowledged
        signed = check_signed(tmp_path / "log.sqlite3", Keyring(tmp_path / "keys"))
        assert signed

    with served(rules, tmp_path) as service:
        assert service.ask("POST", PATH, question())[0] == 201
        size = service.ask("GET", "/healthz")[2]["log_size"]
        until(lambda: f"\n{size}\n".encode() in service.ask("GET", "/log/checkpoint")[2], "signing all of it")

    after = check_signed(tmp_path / "log.sqlite3", Keyring(tmp_path / "keys"))
    assert after[: len(signed)] == signed
    assert after[-1] == size > len(kept)
    with AuditLog.open(tmp_path / "log.sqlite3", read_only=True) as log:
        ids = {entry.seq: entry.id for entry in log.entries()}
    assert [answer for answer in kept if ids[answer["index"]] != answer["id"]] == []
    assert kinds(tmp_path)[:FIRST_SIGNED] == ["key_event", "publication"]
    assert set(kinds(tmp_path)[FIRST_SIGNED:]) == {"decision"}
    assert verify_at(tmp_path / "log.sqlite3").ok
