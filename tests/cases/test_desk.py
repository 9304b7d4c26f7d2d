"""An answer is given after its record is durable, from the record, and never otherwise."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import rfc8785

from cases.desk import Desk, answer_of
from cases.errors import KeyReused, LogUnavailable
from cases.log import sqlite
from cases.log.audit import verify
from cases.log.store import AuditLog
from cases.replay import replay
from engine import decide, to_wire
from tests.api.kit import COUNT, DAY, FIRST, SMALL, ask, dearer_law, pages_in_use, small_law
from tests.log.places import STORES, PostgresPlace, place


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "log.sqlite3"


@pytest.fixture(params=STORES)
def log(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[AuditLog]:
    made = place(request.param, tmp_path)
    with AuditLog.open(made.where) as opened:
        yield opened
    if isinstance(made, PostgresPlace):
        made.drop()


@pytest.fixture
def desk(log: AuditLog) -> Desk:
    return Desk(small_law(), log)


def test_an_answer_stands_in_the_log_with_the_same_content(desk: Desk) -> None:
    desk.decide(ask(1), door="test")

    given = desk.decide(ask(2), door="test")

    place = FIRST + 1
    entry = desk.log.read(place)
    assert (given.id, given.index, given.repeated) == (entry.id, place, False)
    assert json.loads(entry.data)["decision"] | {"id": entry.id, "index": place} == given.answer
    assert answer_of(entry.data, place) == given


def test_the_answer_is_what_the_engine_decides(desk: Desk) -> None:
    given = desk.decide(ask(2), door="test")

    decision = to_wire(decide(small_law().rulebook, "SZCG-013", DAY, {COUNT: 2}))
    assert given.answer == decision | {"id": given.id, "index": FIRST}
    assert given.answer["fine_fen"] == 10_000


def test_a_refusal_is_recorded_like_a_decision(desk: Desk) -> None:
    given = desk.decide(ask(2, violation="SZCG-999"), door="test")

    record = json.loads(desk.log.read(FIRST).data)
    assert given.answer["outcome"] == "refusal"
    assert record["decision"]["refusal"] == given.answer["refusal"]


def test_a_record_is_canonical_json_that_says_what_was_asked_under_which_law_and_through_which_door(desk: Desk) -> None:
    desk.decide(ask(2, case_ref="2026-17"), door="test")

    data = desk.log.read(FIRST).data
    record = json.loads(data)
    assert rfc8785.dumps(record) == data
    assert {*record} == {
        "v", "kind", "id", "time", "nonce", "door", "request", "rulebook", "meaning", "asked", "decision",
    }  # fmt: skip
    assert (record["v"], record["kind"], record["door"], record["request"]) == (1, "decision", "test", None)
    assert record["rulebook"] == small_law().rulebook.digest
    assert record["asked"] == {
        "violation": "SZCG-013",
        "on": "2026-11-01",
        "facts": {COUNT: 2},
        "case_ref": "2026-17",
    }


def test_each_record_has_128_random_bits_of_its_own(desk: Desk) -> None:
    for _ in range(3):
        desk.decide(ask(2), door="test")

    nonces = {json.loads(entry.data)["nonce"] for entry in desk.log.entries()}
    assert len(nonces) == FIRST + 3
    assert all(len(bytes.fromhex(nonce)) == 16 for nonce in nonces)


def test_the_first_record_stores_every_rule_file_and_the_manifest(desk: Desk) -> None:
    desk.decide(ask(1), door="test")

    assert dict(desk.log.sources()) == dict(small_law().sources)
    assert len(small_law().sources) == len(SMALL) + 1


def test_the_same_question_under_the_same_key_is_answered_from_its_record(desk: Desk) -> None:
    first = desk.decide(ask(2), door="test", key="k")

    again = desk.decide(ask(2), door="test", key="k")

    assert (first.repeated, again.repeated) == (False, True)
    assert again.answer == first.answer
    assert desk.log.head().size == FIRST + 1


def test_another_question_under_the_same_key_is_refused_and_not_recorded(desk: Desk) -> None:
    desk.decide(ask(2), door="test", key="k")

    with pytest.raises(KeyReused) as refused:
        desk.decide(ask(3), door="test", key="k")

    assert refused.value.seq == FIRST
    assert desk.log.head().size == FIRST + 1


def test_a_key_means_the_same_at_every_desk_of_a_log(desk: Desk) -> None:
    first = desk.decide(ask(2), door="test", key="k")

    again = Desk(small_law(), desk.log).decide(ask(2), door="other", key="k")

    assert (again.id, again.repeated) == (first.id, True)


def test_a_log_that_cannot_take_the_record_gives_no_answer(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    AuditLog.open(path).close()
    limit = pages_in_use(path)
    monkeypatch.setitem(sqlite._SETTINGS, "max_page_count", (str(limit), limit))

    with AuditLog.open(path) as full:
        desk = Desk(small_law(), full)
        with pytest.raises(LogUnavailable, match="full"):
            desk.decide(ask(2), door="test", key="k")

        assert full.head().size == 0
        assert dict(full.sources()) == {}


def test_after_a_failed_record_the_same_desk_and_key_give_one_record_with_its_law(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    AuditLog.open(path).close()
    limit = pages_in_use(path)
    monkeypatch.setitem(sqlite._SETTINGS, "max_page_count", (str(limit), limit))
    with AuditLog.open(path) as full:
        logs = [full]
        desk = Desk(small_law(), full, lambda entry, sources: logs[-1].append([entry], sources)[0])
        with pytest.raises(LogUnavailable):
            desk.decide(ask(2), door="test", key="k")
    monkeypatch.delitem(sqlite._SETTINGS, "max_page_count")

    with AuditLog.open(path) as roomy:
        desk.log = roomy
        logs.append(roomy)
        given = desk.decide(ask(2), door="test", key="k")

        assert (given.index, given.repeated) == (FIRST, False)
        assert dict(roomy.sources()) == dict(small_law().sources)
        assert replay(roomy).ok


def test_a_closed_log_gives_no_answer(path: Path) -> None:
    log = AuditLog.open(path)
    log.close()

    with pytest.raises(ValueError, match="closed"):
        Desk(small_law(), log).decide(ask(2), door="test")


def test_two_desks_under_different_laws_write_one_log_that_replays_both(log: AuditLog) -> None:
    old, new = Desk(small_law(), log), Desk(dearer_law(), log)

    fines = [desk.decide(ask(2), door="test").answer["fine_fen"] for desk in (old, new, old)]

    assert fines == [10_000, 12_000, 10_000]
    assert replay(log).ok
    assert replay(log).replayed == 3
    assert verify(log).ok


def test_eight_threads_at_one_desk_get_the_answer_to_their_own_question(desk: Desk) -> None:
    fines = {1: 5_000, 2: 10_000, 3: 20_000}

    with ThreadPoolExecutor(8) as pool:
        counts = [number % 3 + 1 for number in range(48)]
        answers = list(pool.map(lambda count: desk.decide(ask(count), door="test"), counts))

    assert [each.answer["fine_fen"] for each in answers] == [fines[count] for count in counts]
    assert sorted(each.index for each in answers) == list(range(FIRST, FIRST + 48))
    assert all(answer_of(desk.log.read(each.index).data, each.index) == each for each in answers)
