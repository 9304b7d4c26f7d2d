"""A fresh record replays without a difference; a changed one is named in words."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cases.desk import Desk
from cases.log.store import AuditLog
from cases.record import Asked
from cases.replay import replay
from engine.fact import Fact
from tests.api.kit import FIRST, ask, dearer_law, rewrite, shipped_law, small_law, tamper

PRICES = (1, 2, 3, 2, 1)
"""The offence counts of the decisions in `path`, in order from FIRST."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "log.sqlite3"
    with AuditLog.open(path) as log:
        desk = Desk(small_law(), log)
        for count in PRICES:
            desk.decide(ask(count), door="test")
    return path


@pytest.fixture
def log(path: Path) -> Iterator[AuditLog]:
    with AuditLog.open(path, read_only=True) as opened:
        yield opened


days = st.dates(date(2022, 1, 1), date(2030, 1, 1))
junk = st.sampled_from(["", "是是", "-1", "3.14159", "999999999999", "2026-13-01"]) | st.integers(-3, 200)


def values(fact: Fact) -> st.SearchStrategy[str | int | bool | list[str]]:
    match fact.kind:
        case "yes_no":
            return st.booleans() | st.sampled_from(["是", "否"])
        case "choice":
            return st.sampled_from(fact.choices)
        case "days":
            return st.lists(days.map(date.isoformat), max_size=4)
        case _:
            return st.integers(0, 120) | st.decimals(0, 2000, places=1).map(str)


@st.composite
def questions(draw: st.DrawFn) -> Asked:
    rule = draw(st.sampled_from(list(shipped_law().rulebook.rules.values())))
    given = {name: draw(values(rule.by_name[name])) for name in rule.asks if draw(st.integers(0, 5))}
    if draw(st.integers(0, 5)) == 0:
        given[draw(st.sampled_from([*rule.asks, "无此事实"]))] = draw(junk)
    return Asked(violation=rule.code, on=draw(st.just(date(2026, 11, 1)) | days), facts=given)


def test_fresh_records_replay_without_a_difference(tmp_path: Path) -> None:
    with AuditLog.open(tmp_path / "log.sqlite3") as log:
        desk = Desk(shipped_law(), log)

        @settings(max_examples=80, deadline=None)
        @given(questions())
        def record(asked: Asked) -> None:
            desk.decide(asked, door="test")

        record()
        report = replay(log)

        assert report.differences == ()
        assert report.replayed == log.head().size - FIRST >= 80
        outcomes = {json.loads(entry.data)["decision"]["outcome"] for entry in log.entries(FIRST)}
        assert outcomes == {"decision", "refusal"}


def test_an_edited_fine_is_named_with_its_place_and_both_amounts(path: Path) -> None:
    rewrite(path, FIRST + 3, lambda record: record["decision"].update(fine_fen=5_000))

    with AuditLog.open(path, read_only=True) as log:
        report = replay(log)
        (found,) = report.differences

        assert not report.ok
        assert (found.index, found.id) == (FIRST + 3, log.read(FIRST + 3).id)
    assert found.message_zh == "罚款（分） 5000 → 10000"
    assert found.message_en == "fine (fen) 5000 → 10000"


def test_a_record_from_before_the_currency_was_written_is_no_difference(path: Path) -> None:
    rewrite(path, FIRST + 3, lambda record: record["decision"].pop("currency"))

    with AuditLog.open(path, read_only=True) as log:
        assert replay(log).differences == ()


def test_an_edited_currency_is_named(path: Path) -> None:
    rewrite(path, FIRST + 3, lambda record: record["decision"].update(currency="EUR"))

    with AuditLog.open(path, read_only=True) as log:
        (found,) = replay(log).differences

    assert (found.message_zh, found.message_en) == ("货币 EUR → CNY", "currency EUR → CNY")


def test_an_edited_fact_shows_as_the_outcome_it_no_longer_leads_to(path: Path) -> None:
    rewrite(path, FIRST + 1, lambda record: record["asked"]["facts"].update(一年内次数=3))

    with AuditLog.open(path, read_only=True) as log:
        (found,) = replay(log).differences

    assert found.index == FIRST + 1
    assert "fine (fen) 10000 → 20000" in found.message_en
    assert "档次 情节较重 → 情节严重" in found.message_zh


def test_an_edited_step_of_the_reasoning_is_named_by_its_number(path: Path) -> None:
    rewrite(path, FIRST + 0, lambda record: record["decision"]["trace"][2].update(text="一年内次数 = 9"))

    with AuditLog.open(path, read_only=True) as log:
        (found,) = replay(log).differences

    assert found.message_en == "step 3 of the reasoning differs (text 一年内次数 = 9 → 一年内次数 = 1)"


def test_a_lost_step_of_the_reasoning_is_counted(path: Path) -> None:
    rewrite(path, FIRST + 0, lambda record: record["decision"]["trace"].pop())

    with AuditLog.open(path, read_only=True) as log:
        (found,) = replay(log).differences

    assert found.message_en == "the reasoning had 8 steps and now has 9"


def test_an_older_meaning_of_rules_is_named_before_the_difference_it_may_explain(path: Path) -> None:
    rewrite(path, FIRST + 0, lambda record: (record.update(meaning=0), record["decision"].update(fine_fen=1)))

    with AuditLog.open(path, read_only=True) as log:
        (found,) = replay(log).differences

    assert found.message_en == "engine meaning-version 0 → 2; fine (fen) 1 → 5000"


def test_another_law_shows_what_it_would_have_decided(log: AuditLog) -> None:
    report = replay(log, law=dearer_law())

    # Every record names its rule file; the amount differs where the second offence was decided.
    assert [each.index for each in report.differences] == [FIRST + seq for seq in range(5)]
    dearer = [each.index for each in report.differences if "fine (fen) 10000 → 12000" in each.message_en]
    assert dearer == [FIRST + 1, FIRST + 3]
    assert "罚款（分） 10000 → 12000" in report.differences[1].message_zh
    assert "rule file" in report.differences[0].message_en


@pytest.mark.parametrize("lost", ["manifest", "rule file"])
def test_rule_bytes_that_are_gone_are_named(path: Path, lost: str) -> None:
    law = small_law()
    digest = law.rulebook.digest if lost == "manifest" else law.rulebook.rules["SZCG-013"].digest
    tamper(path, ("DELETE FROM source WHERE digest = ?", (digest,)))

    with AuditLog.open(path, read_only=True) as log:
        report = replay(log)

    assert report.replayed == len(report.differences) == len(PRICES)
    assert f"the rule files of the day cannot be had: no rule bytes are stored under `{digest}`" in (
        report.differences[0].message_en
    )


def test_rule_bytes_that_were_edited_are_named(path: Path) -> None:
    digest = small_law().rulebook.rules["SZCG-013"].digest
    tamper(path, ("UPDATE source SET bytes = x'00' WHERE digest = ?", (digest,)))

    with AuditLog.open(path, read_only=True) as log:
        report = replay(log)

    assert f"the rule bytes under `{digest}` have another digest" in report.differences[0].message_en


def test_rule_bytes_that_list_no_files_are_named(path: Path) -> None:
    rewrite(path, FIRST + 2, lambda record: record.update(rulebook=small_law().rulebook.rules["SZCG-013"].digest))

    with AuditLog.open(path, read_only=True) as log:
        (found,) = replay(log).differences

    assert found.index == FIRST + 2
    assert "list no rule files" in found.message_en


@pytest.mark.parametrize("data", [b"", b"no JSON", b"\xff\xfe", b"[]", b'{"v":2}', b'{"v":1}', b'{"v":1,"asked":{}}'])
def test_a_record_that_cannot_be_read_is_named_and_the_others_are_replayed(path: Path, data: bytes) -> None:
    tamper(path, ("UPDATE entry SET bytes = ? WHERE seq = ?", (data, FIRST + 2)))

    with AuditLog.open(path, read_only=True) as log:
        report = replay(log)

    assert report.replayed == len(PRICES)
    assert [(each.index, each.message_en) for each in report.differences] == [(FIRST + 2, "the record cannot be read")]


def test_a_range_replays_only_its_own_records(path: Path) -> None:
    for seq in (0, 2, 4):
        rewrite(path, FIRST + seq, lambda record: record["decision"].update(fine_fen=1))

    with AuditLog.open(path, read_only=True) as log:
        report = replay(log, start=FIRST + 1, stop=FIRST + 4)

    assert report.replayed == 3
    assert [each.index for each in report.differences] == [FIRST + 2]


def test_a_range_beyond_the_end_replays_nothing(log: AuditLog) -> None:
    report = replay(log, start=FIRST + len(PRICES))

    assert (report.replayed, report.ok) == (0, True)


def test_progress_counts_the_records_of_the_range(log: AuditLog) -> None:
    told: list[tuple[int, int]] = []

    replay(log, start=FIRST + 2, progress=lambda done, total: told.append((done, total)))

    assert told == [(1, 3), (2, 3), (3, 3)]


@pytest.mark.parametrize(
    "change",
    [
        lambda record: record["asked"].update(facts=None),
        lambda record: record["asked"].update(violation=5),
        lambda record: record.update(decision=None),
        lambda record: record.update(decision=[]),
        lambda record: record.update(decision="x"),
        lambda record: record["decision"].update(trace=5),
        lambda record: record["decision"].update(trace=[5]),
        lambda record: record.update(rulebook=[]),
    ],
)
def test_a_record_of_another_shape_is_named_and_the_others_are_replayed(
    path: Path, change: Callable[[dict[str, Any]], None]
) -> None:
    rewrite(path, FIRST + 2, change)

    with AuditLog.open(path, read_only=True) as log:
        report = replay(log)

    assert report.replayed == len(PRICES)
    assert [each.index for each in report.differences] == [FIRST + 2]
