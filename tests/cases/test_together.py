"""A case decided together is one record: canonical, replayed, verified, and never taken for a single decision."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from cases.desk import Desk, answer_of
from cases.errors import KeyReused
from cases.log.audit import verify
from cases.log.store import AuditLog
from cases.record import AskedTogether, JointRecord, read_any, read_record
from cases.replay import replay
from engine import Act, decide_together, joint_to_wire
from tests.api.kit import COUNT, DAY, FIRST, ask, dearer_law, rewrite, small_law

STALL: dict[str, Any] = {"拒不改正": True, "占地面积": "3.5", COUNT: 3}


def spit(act: str, count: int) -> Act:
    return Act(act=act, violation="SZCG-013", facts={COUNT: count})


def case(*acts: Act, case_ref: str | None = None) -> AskedTogether:
    given = acts or (spit("甲", 2), Act(act="甲", violation="SZCG-003", facts=STALL), spit("乙", 1))
    return AskedTogether(on=DAY, acts=given, case_ref=case_ref)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "log.sqlite3"
    with AuditLog.open(path) as log:
        desk = Desk(small_law(), log)
        desk.decide(ask(1), door="test")
        desk.decide_together(case(), door="test")
        desk.decide_together(case(spit("甲", 2), spit("乙", 100)), door="test")
    return path


@pytest.fixture
def log(tmp_path: Path) -> Iterator[AuditLog]:
    with AuditLog.open(tmp_path / "fresh.sqlite3") as opened:
        yield opened


@pytest.fixture
def desk(log: AuditLog) -> Desk:
    return Desk(small_law(), log)


def test_a_case_is_one_record_of_its_own_kind(desk: Desk) -> None:
    given = desk.decide_together(case(case_ref="2026-17"), door="test")

    data = desk.log.read(FIRST).data
    record = json.loads(data)
    assert desk.log.head().size == FIRST + 1
    assert rfc8785.dumps(record) == data
    assert (record["kind"], record["asked"]) == ("joint", case(case_ref="2026-17").to_wire())
    assert record["joint"] | {"id": given.id, "index": FIRST} == given.answer
    assert given.answer["fine_fen"] == 350_000 + 5_000
    assert answer_of(data, FIRST) == given


def test_a_case_comes_back_from_its_record_and_is_no_single_decision(desk: Desk) -> None:
    desk.decide_together(case(), door="test")

    data = desk.log.read(FIRST).data
    record = read_any(data)
    assert isinstance(record, JointRecord)
    assert record.asked == case()
    with pytest.raises(ValueError, match="kind"):
        read_record(data)


def test_the_answer_is_what_the_engine_decides(desk: Desk) -> None:
    answer = desk.decide_together(case(), door="test").answer

    joint = joint_to_wire(decide_together(small_law().rulebook, DAY, case().acts))
    assert {**answer, "id": None, "index": None} == {**joint, "id": None, "index": None}


def test_a_key_means_one_case(desk: Desk) -> None:
    first = desk.decide_together(case(), door="test", key="k")
    again = desk.decide_together(case(), door="test", key="k")

    assert (again.answer, again.repeated, again.together) == (first.answer, True, True)
    with pytest.raises(KeyReused):
        desk.decide_together(case(spit("甲", 1)), door="test", key="k")
    with pytest.raises(KeyReused):
        desk.decide(ask(2), door="test", key="k")
    assert desk.log.head().size == FIRST + 1


def test_a_log_with_cases_is_sound_and_replays(path: Path) -> None:
    with AuditLog.open(path, read_only=True) as log:
        assert verify(log).ok
        assert replay(log).differences == ()
        assert replay(log).replayed == 3


acts = st.builds(
    Act,
    act=st.sampled_from(["甲", "乙"]),
    violation=st.sampled_from(["SZCG-013", "SZCG-003", "SZCG-999"]),
    facts=st.dictionaries(st.sampled_from(list(STALL)), st.sampled_from([True, 1, 3, "2.5", 100]), max_size=3),
    on=st.sampled_from([None, None, DAY.replace(year=2024)]),
)


def test_fresh_cases_replay_without_a_difference(desk: Desk) -> None:
    @settings(max_examples=40, deadline=None)
    @given(st.lists(acts, max_size=4))
    def record(found: list[Act]) -> None:
        desk.decide_together(AskedTogether(on=DAY, acts=tuple(found)), door="test")

    record()

    assert replay(desk.log).differences == ()
    assert verify(desk.log).ok


@pytest.mark.parametrize(
    ("seq", "change", "said"),
    [
        (1, lambda it: it["joint"].update(fine_fen=1), "fine (fen) 1 → 355000"),
        (1, lambda it: it["joint"]["measures"].pop(), "measures "),
        (1, lambda it: it["joint"]["parts"][0]["decision"].update(fine_fen=7), "part 1: fine (fen) 7 → 5000"),
        (1, lambda it: it["joint"]["parts"][2]["falls_away"].clear(), "part 3: fines that fall away [] → "),
        (1, lambda it: it["joint"]["parts"][0].update(act="丙"), "part 1: act 丙 → 乙"),
        (1, lambda it: it["joint"]["parts"].pop(), "there were 2 parts and now are 3"),
        (1, lambda it: it["joint"]["trace"][1].update(violation="SZCG-013"), "step 2 of the reasoning differs"),
        (1, lambda it: it["joint"]["comparison"].update(compare="statutory"), "declared comparison "),
        (1, lambda it: it["asked"]["acts"][2]["facts"].update({COUNT: 2}), "fine (fen) 355000 → 360000"),
        (2, lambda it: it["joint"]["refusal"].update(act="甲"), "part at fault "),
        (2, lambda it: it["joint"]["refusal"].update(message="x"), "sentence of the refusal x → "),
    ],
)
def test_a_changed_case_is_named_in_words(
    path: Path, seq: int, change: Callable[[dict[str, Any]], object], said: str
) -> None:
    rewrite(path, FIRST + seq, change)

    with AuditLog.open(path, read_only=True) as log:
        (found,) = replay(log).differences
        assert [each.seq for each in verify(log).findings][:1] == [FIRST + seq]

    assert found.index == FIRST + seq
    assert said in found.message_en


def test_another_law_shows_what_a_case_would_have_cost(path: Path) -> None:
    with AuditLog.open(path, read_only=True) as log:
        found = {each.index: each.message_en for each in replay(log, law=dearer_law()).differences}

    assert "part 3: " in found[FIRST + 1]
    assert "10000 → 12000" in found[FIRST + 1]


@pytest.mark.parametrize("lost", ["joint", "asked", "id"])
def test_a_case_of_another_shape_is_named_as_unreadable(path: Path, lost: str) -> None:
    rewrite(path, FIRST + 1, lambda record: record.pop(lost))

    with AuditLog.open(path, read_only=True) as log:
        (found,) = replay(log).differences

    assert (found.index, found.message_en) == (FIRST + 1, "the record cannot be read")
