"""Supervision raises a card where a case is asked again with other facts, and can be killed or lost at any moment."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest

from cases.cardfile import SCHEMA, Card, read_cards
from cases.desk import Desk
from cases.log.store import AuditLog, NewEntry
from cases.record import Asked, AskedTogether, write_record
from engine import Act, GivenFacts, decide, to_wire
from tests.api.kit import COUNT, DAY, FIRST, ROOT, environment, rewrite, small_law, small_rules, until

watching = pytest.importorskip(
    "cases.watch", reason="durable-rules is not installed: it needs a C compiler, see README"
)

AREA: dict[str, str | int | bool | list[str]] = {"拒不改正": "是", "占地面积": "3.5", COUNT: 3}


@pytest.fixture
def cards(tmp_path: Path) -> Path:
    return tmp_path / "cards.sqlite3"


@pytest.fixture
def log(tmp_path: Path) -> Iterator[AuditLog]:
    with AuditLog.open(tmp_path / "log.sqlite3") as opened:
        yield opened


class Office:
    """Decides questions about cases and lets supervision look at them."""

    def __init__(self, log: AuditLog, cards: Path) -> None:
        self.log, self.cards, self.desk = log, cards, Desk(small_law(), log)

    def ask(self, facts: GivenFacts, *, case: str | None = "案一", violation: str = "SZCG-013", on: date = DAY) -> None:
        self.desk.decide(Asked(violation=violation, on=on, facts=facts, case_ref=case), door="test")

    def raised(self) -> tuple[Card, ...]:
        watching.Watch(self.log, self.cards, small_law().rulebook).catch_up()
        return read_cards(self.cards)[0]


@pytest.fixture
def office(log: AuditLog, cards: Path) -> Office:
    return Office(log, cards)


def test_a_case_asked_again_with_other_facts_raises_one_card_that_names_both_records(office: Office) -> None:
    office.ask({COUNT: 3}, case="别案")
    office.ask({COUNT: 3})
    office.ask({COUNT: 1})

    (card,) = office.raised()

    assert (card.earlier, card.index) == (FIRST + 1, FIRST + 2)
    assert (card.level, card.name) == ("yellow", "同一案件换事实重新裁量")
    assert (card.case_ref, card.violation) == ("案一", "SZCG-013")
    assert "最老的滥用方式" in card.reason
    assert "行政处罚法" in card.basis


def test_a_case_decided_together_is_held_against_what_was_asked_before(office: Office) -> None:
    def together(count: int, area: str) -> None:
        acts = (
            Act(act="甲", violation="SZCG-013", facts={COUNT: count}),
            Act(act="乙", violation="SZCG-003", facts={**AREA, "占地面积": area}),
        )
        office.desk.decide_together(AskedTogether(on=DAY, acts=acts, case_ref="案一"), door="test")

    office.ask({COUNT: 3})
    together(3, "3.5")
    together(1, "2")

    raised = office.raised()

    assert [(card.earlier, card.index, card.violation) for card in raised] == [
        (FIRST + 1, FIRST + 2, "SZCG-003"),
        (FIRST + 1, FIRST + 2, "SZCG-013"),
    ]


def test_a_violation_in_several_acts_of_a_case_is_not_compared(office: Office) -> None:
    acts = tuple(Act(act=str(count), violation="SZCG-013", facts={COUNT: count}) for count in (1, 2))
    office.desk.decide_together(AskedTogether(on=DAY, acts=acts, case_ref="案一"), door="test")
    office.ask({COUNT: 3})

    assert office.raised() == ()


def test_each_further_change_raises_a_card_of_its_own_newest_first(office: Office) -> None:
    for count in (3, 2, 1, 1, 3):
        office.ask({COUNT: count})

    raised = office.raised()

    pairs = [(card.earlier, card.index) for card in raised]
    assert pairs == [(FIRST + 3, FIRST + 4), (FIRST + 1, FIRST + 2), (FIRST, FIRST + 1)]


def test_another_day_of_the_act_is_another_fact(office: Office) -> None:
    office.ask({COUNT: 2})
    office.ask({COUNT: 2}, on=date(2026, 11, 2))

    assert len(office.raised()) == 1


def test_the_same_facts_again_raise_none(office: Office) -> None:
    for _ in range(3):
        office.ask({COUNT: 2})

    assert office.raised() == ()


@pytest.mark.parametrize(
    ("first", "again"),
    [
        pytest.param({COUNT: 2}, {COUNT: "2"}, id="number and text"),
        pytest.param({**AREA, "占地面积": "3.50"}, {**AREA, "占地面积": "3.5"}, id="trailing zero"),
        pytest.param({**AREA, "占地面积": "3.00"}, {**AREA, "占地面积": 3}, id="whole number"),
        pytest.param({**AREA, "拒不改正": True}, {**AREA, "拒不改正": "是"}, id="true and 是"),
        pytest.param({**AREA, "拒不改正": False}, {**AREA, "拒不改正": "否"}, id="false and 否"),
        pytest.param(
            {"历次处罚日期": ["2026-05-06", "2026-01-31"]},
            {"历次处罚日期": ["2026-01-31", "2026-05-06"]},
            id="order of days",
        ),
        pytest.param(
            {"历次处罚日期": ["2026-01-31", "2026-05-06"]}, {"历次处罚日期": "2026-01-31,2026-05-06"}, id="days as text"
        ),
        pytest.param(
            {"历次处罚日期": ["2026-01-31", "2026-05-06"]},
            {"历次处罚日期": "2026-05-06,2026-01-31"},
            id="days as text, turned",
        ),
        pytest.param({"历次处罚日期": ["2026-01-31"]}, {"历次处罚日期": "2026-01-31,"}, id="one day as text"),
        pytest.param(
            {"历次处罚日期": "2026-01-31,2026-05-06"},
            {"历次处罚日期": "2026-01-31, 2026-05-06"},
            id="blank between days",
        ),
        pytest.param(
            {"历次处罚日期": ["2026-01-31", "2026-05-06"]},
            {"历次处罚日期": "2026-01-31，2026-05-06"},
            id="Chinese comma between days",
        ),
        pytest.param({**AREA, "占地面积": "3.5"}, {**AREA, "占地面积": "03.5"}, id="leading zero"),
    ],
)
def test_facts_that_mean_the_same_raise_none(office: Office, first: GivenFacts, again: GivenFacts) -> None:
    violation = "SZCG-003" if "拒不改正" in first else "SZCG-013"
    office.ask(first, violation=violation)
    office.ask(again, violation=violation)
    office.ask(first, violation=violation)

    assert office.raised() == ()


def test_adding_the_facts_that_were_missing_raises_none(office: Office) -> None:
    office.ask({}, violation="SZCG-003")
    office.ask({"拒不改正": "是"}, violation="SZCG-003")
    office.ask(AREA, violation="SZCG-003")

    assert office.raised() == ()


def test_changing_a_fact_while_adding_the_missing_ones_raises_one(office: Office) -> None:
    office.ask({"占地面积": "3.5"}, violation="SZCG-003")
    office.ask({**AREA, "占地面积": "2"}, violation="SZCG-003")

    assert [(card.earlier, card.index) for card in office.raised()] == [(FIRST, FIRST + 1)]


def test_taking_a_given_fact_back_while_others_are_missing_raises_one(office: Office) -> None:
    office.ask({"占地面积": "3.5"}, violation="SZCG-003")
    office.ask({"拒不改正": "是"}, violation="SZCG-003")

    assert len(office.raised()) == 1


def test_adding_a_fact_to_a_complete_question_raises_one(office: Office) -> None:
    office.ask(AREA, violation="SZCG-003")
    office.ask({**AREA, "威胁辱骂殴打工作人员": "是"}, violation="SZCG-003")

    assert len(office.raised()) == 1


def test_another_violation_of_the_same_case_raises_none(office: Office) -> None:
    office.ask({COUNT: 2})
    office.ask(AREA, violation="SZCG-003")

    assert office.raised() == ()


def test_another_case_raises_none(office: Office) -> None:
    office.ask({COUNT: 2})
    office.ask({COUNT: 3}, case="案二")

    assert office.raised() == ()


def test_questions_without_a_case_raise_none(office: Office) -> None:
    office.ask({COUNT: 2}, case=None)
    office.ask({COUNT: 3}, case=None)

    assert office.raised() == ()


def test_watching_record_by_record_raises_what_watching_at_once_does(office: Office, tmp_path: Path) -> None:
    for count in (3, 2, 2, 1):
        office.ask({COUNT: count})
        office.raised()

    at_once = Office(office.log, tmp_path / "other.sqlite3").raised()

    assert office.raised() == at_once
    assert len(at_once) == 2


def test_a_lost_card_file_is_made_again_from_the_log(office: Office, cards: Path) -> None:
    for count in (3, 2, 1):
        office.ask({COUNT: count})
    before = office.raised()

    cards.unlink()

    assert office.raised() == before
    assert len(before) == 2


def test_the_card_file_of_another_log_is_noticed_and_made_again(office: Office, cards: Path, tmp_path: Path) -> None:
    for count in (3, 2, 1):
        office.ask({COUNT: count})
    office.raised()

    with AuditLog.open(tmp_path / "other.sqlite3") as other:
        elsewhere = Office(other, cards)
        for count in (1, 1, 2, 2):
            elsewhere.ask({COUNT: count}, case="别案")
        raised = elsewhere.raised()

    assert [(card.case_ref, card.earlier, card.index) for card in raised] == [("别案", FIRST + 1, FIRST + 2)]


def test_a_log_shorter_than_the_cards_rest_on_is_noticed_and_read_again(
    office: Office, cards: Path, tmp_path: Path
) -> None:
    for count in (3, 2, 1):
        office.ask({COUNT: count})
    office.raised()

    with AuditLog.open(tmp_path / "other.sqlite3") as other:
        raised = Office(other, cards).raised()

    assert raised == ()
    assert read_cards(cards) == ((), 0)


def test_a_changed_card_rule_raises_every_card_anew(office: Office, cards: Path, tmp_path: Path) -> None:
    from cases.lawfiles import read_law  # noqa: PLC0415

    for count in (3, 2, 2):
        office.ask({COUNT: count})
    office.raised()
    changed = read_law(
        small_rules(tmp_path / "rules", cards=("此前已裁量 且 事实不同", "此前已裁量 且 已裁量次数 ≥ 3"))
    )

    watching.Watch(office.log, cards, changed.rulebook).catch_up()

    assert [(card.earlier, card.index) for card in read_cards(cards)[0]] == [(FIRST + 1, FIRST + 2)]


def test_where_no_watch_ran_yet_there_are_no_cards(cards: Path) -> None:
    assert read_cards(cards) == ((), 0)


def test_records_of_another_version_are_passed_over(office: Office) -> None:
    office.ask({COUNT: 2})
    office.log.append([NewEntry(id="other", data=b'{"id":"other","v":2}')])
    office.ask({COUNT: 3})

    assert [(card.earlier, card.index) for card in office.raised()] == [(FIRST, FIRST + 2)]
    assert read_cards(office.cards)[1] == FIRST + 3


def long_log(path: Path, records: int) -> None:
    """A log of many cases, most of them asked again with other facts; written in few commits, for it is only read."""
    rulebook = small_law().rulebook

    def entry(number: int) -> NewEntry:
        asked = Asked(
            violation="SZCG-013", on=DAY, facts={COUNT: number * 7 // 5 % 3 + 1}, case_ref=f"案{number % 499}"
        )
        data = write_record(
            record_id=str(number),
            time="2026-11-01T00:00:00.000Z",
            nonce="0" * 32,
            door="test",
            rulebook=rulebook.digest,
            asked=asked,
            decision=to_wire(decide(rulebook, asked.violation, asked.on, asked.facts)),
        )
        return NewEntry(id=str(number), data=data)

    with AuditLog.open(path) as log:
        log.append([entry(number) for number in range(records)], small_law().sources)


def test_a_watch_killed_in_the_middle_of_a_long_log_raises_exactly_the_same_cards(tmp_path: Path) -> None:
    records, rules = 4_000, small_rules(tmp_path / "rules")
    long_log(tmp_path / "log.sqlite3", records)
    command = [sys.executable, "-m", "api.cli", "watch", "--rules", str(rules), "--data", str(tmp_path)]
    file, stopped_at = tmp_path / "cards.sqlite3", [0]

    def moved_on() -> bool:
        return file.is_file() and read_cards(file)[1] > stopped_at[-1]

    while stopped_at[-1] < records and len(stopped_at) <= 2:
        killed_in_the_middle(command, moved_on)
        # Opened for writing, as the next watch does: what the killed one left half done is rolled back.
        with AuditLog.open(tmp_path / "log.sqlite3", read_only=True) as log:
            watching.Watch(log, file, small_law().rulebook)
        stopped_at.append(read_cards(file)[1])
    done = subprocess.run([*command, "--once"], cwd=ROOT, env=environment(), capture_output=True, check=False)

    with AuditLog.open(tmp_path / "log.sqlite3", read_only=True) as log:
        watching.Watch(log, tmp_path / "undisturbed.sqlite3", small_law().rulebook).catch_up()
    assert done.returncode == 1
    assert any(0 < place < records for place in stopped_at)
    assert read_cards(file) == read_cards(tmp_path / "undisturbed.sqlite3")
    assert len(read_cards(file)[0]) > 500


def killed_in_the_middle(command: list[str], moved_on: Callable[[], bool]) -> None:
    process = subprocess.Popen(command, cwd=ROOT, env=environment(), stdout=subprocess.DEVNULL)
    try:
        until(moved_on, "reading on")
    finally:
        process.kill()
        process.wait()


def test_a_record_of_another_kind_is_passed_over(office: Office, tmp_path: Path) -> None:
    office.ask({COUNT: 1})
    office.ask({COUNT: 2})
    rewrite(tmp_path / "log.sqlite3", FIRST, lambda record: record.update(asked=None, kind="departure"))

    raised = office.raised()

    assert raised == ()


def test_correcting_a_fact_that_could_not_be_used_raises_none(office: Office) -> None:
    office.ask({COUNT: 1_000})
    office.ask({COUNT: 2})

    raised = office.raised()

    assert raised == ()


HALF_DONE = """
import os, signal, sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute("PRAGMA cache_size = 1")
db.execute("BEGIN IMMEDIATE")
for n in range(2_000):
    db.execute("INSERT INTO card VALUES (?, ?, 'yellow', 'c', 'v', 0, 't', 'r', 'b')", (n, "x" * 500))
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_cards_can_be_read_after_a_watch_was_killed_while_writing(tmp_path: Path) -> None:
    cards = tmp_path / "cards.sqlite3"
    with closing(sqlite3.connect(cards)) as db:
        db.executescript(SCHEMA)
    subprocess.run([sys.executable, "-c", HALF_DONE, str(cards)], check=False)

    found = read_cards(cards)

    assert found == ((), 0)


def test_a_cards_file_of_another_layout_is_made_again(office: Office, tmp_path: Path) -> None:
    office.ask({COUNT: 1})
    office.ask({COUNT: 2})
    with closing(sqlite3.connect(tmp_path / "cards.sqlite3")) as db:
        db.executescript("CREATE TABLE seen (case_ref TEXT); CREATE TABLE card (x TEXT);")

    raised = office.raised()

    assert [card.index for card in raised] == [FIRST + 1]
