"""After a decision: corrected, departed from, tried out beside it; nothing of it changes, everything is on record."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cases.cardfile import read_cards
from cases.cards import CardRules
from cases.desk import Desk
from cases.errors import KeyReused, StepRefused, VaultClosed
from cases.log.audit import verify
from cases.log.store import AuditLog
from cases.personal import PersonalFacts
from cases.record import Asked, AskedTogether, read_any, read_record
from cases.replay import replay
from cases.steps import Corrected, Departure, since
from cases.watch import Watch
from engine import Act
from tests.api.kit import COUNT, DAY, ask, rewrite
from tests.log.people import AT_HOME, ORIGIN, Office, office, personal_law

EVIDENCE = "sha256:" + "0" * 64


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Office]:
    with office(tmp_path) as it:
        yield it


def departure(fen: int, **changes: str) -> Departure:
    people = {"by": "4403-1", "approved_by": "4403-2"} | changes
    return Departure(imposed_fine_fen=fen, reasons=["首次经营，家庭困难"], evidence=[EVIDENCE], **people)


@contextmanager
def refused(reason: str, it: Office) -> Iterator[None]:
    """Nothing is recorded, and the reason is this one."""
    size = it.opened.log.head().size
    with pytest.raises(StepRefused) as told:
        yield
    assert told.value.reason == reason
    assert it.opened.log.head().size == size


# --- trials -----------------------------------------------------------------------------------------------------------


def test_a_trial_is_recorded_as_one_answers_the_same_and_raises_no_card(here: Office, tmp_path: Path) -> None:
    decided = here.desk.decide(ask(2, case_ref="2026-1"), door="test")
    tried = here.desk.decide(ask(3, case_ref="2026-1"), door="test", trial=True)

    record = read_record(here.opened.log.read(tried.index).data)
    assert (record.kind, tried.answer["trial"], tried.answer["fine_fen"]) == ("trial", True, 20_000)
    assert "trial" not in decided.answer
    cards = tmp_path / "cards.sqlite3"
    rulebook = personal_law().rulebook
    Watch(here.opened.log, cards, rulebook).catch_up()
    assert CardRules(rulebook.cards).raised_by({"此前已裁量": True, "事实不同": True, "已裁量次数": 2})
    assert read_cards(cards)[0] == ()


def test_a_key_used_for_a_trial_gives_no_decision(here: Office) -> None:
    here.desk.decide(ask(2), door="test", key="k", trial=True)

    with pytest.raises(KeyReused):
        here.desk.decide(ask(2), door="test", key="k")


# --- corrections ------------------------------------------------------------------------------------------------------


def correct(it: Office, index: int, count: int, reason: str = "次数录错") -> dict[str, object]:
    entry = it.opened.log.read(index)
    return dict(
        it.steps.correct(entry, Corrected(facts={COUNT: count}), reason=reason, by="4403-1", door="test").answer
    )


def test_a_correction_decides_again_and_both_records_stand(here: Office) -> None:
    first = here.desk.decide(ask(2, case_ref="2026-1"), door="test")
    before = here.opened.log.read(first.index).data

    again = correct(here, first.index, 1)

    record = read_record(here.opened.log.read(first.index + 1).data)
    assert (record.kind, record.asked.case_ref, again["fine_fen"]) == ("correction", "2026-1", 5_000)
    assert again["corrects"] == {"id": first.id, "index": first.index}
    assert (again["reason"], again["by"]) == ("次数录错", "4403-1")
    assert here.opened.log.read(first.index).data == before
    assert since(here.opened.log, first.id) == {"corrected_by": record.id}
    assert since(here.opened.log, record.id) == {}


def test_the_same_correction_twice_is_one_record_and_another_is_refused_but_of_the_newest(here: Office) -> None:
    first = here.desk.decide(ask(2), door="test")
    second = correct(here, first.index, 1)

    assert correct(here, first.index, 1) == second
    with refused("corrected_already", here):
        correct(here, first.index, 3)
    third = correct(here, int(str(second["index"])), 3)

    assert third["fine_fen"] == 20_000
    assert since(here.opened.log, str(second["id"])) == {"corrected_by": third["id"]}


def test_a_correction_that_changes_nothing_is_refused(here: Office) -> None:
    first = here.desk.decide(ask(2), door="test")

    with refused("nothing_corrected", here):
        correct(here, first.index, 2)


def test_a_party_written_wrongly_is_corrected_alone(here: Office) -> None:
    first = here.decide(1)
    entry = here.opened.log.read(first.index)

    again = here.steps.correct(
        entry, Corrected(), reason="姓名录错", by="4403-1", door="test", party={"姓名": "另一个人"}
    )

    assert here.values(again) == {"/party/姓名": "另一个人"}
    assert again.answer["fine_fen"] == first.answer["fine_fen"]


def test_what_is_no_decision_of_one_violation_is_neither_corrected_nor_departed_from(here: Office) -> None:
    tried = here.desk.decide(ask(2), door="test", trial=True)
    acts = (Act(act="一", violation="SZCG-013", facts={COUNT: 2}),)
    joint = here.desk.decide_together(AskedTogether(on=DAY, acts=acts), door="test")

    for index in (0, tried.index, joint.index):
        with refused("not_a_decision", here):
            correct(here, index, 1)
        with refused("not_a_decision", here):
            here.steps.depart(here.opened.log.read(index), departure(6_000), door="test")


# --- departures -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fen", [5_000, 9_999, 20_000])
def test_a_departure_inside_the_range_stands_beside_the_computed_fine(here: Office, fen: int) -> None:
    decided = here.desk.decide(ask(2), door="test")

    told = here.steps.depart(here.opened.log.read(decided.index), departure(fen), door="test")

    event = json.loads(here.opened.log.read(decided.index + 1).data)
    assert event["kind"] == "departure"
    assert (event["about"]["computed_fine_fen"], event["about"]["imposed_fine_fen"]) == (10_000, fen)
    assert event["about"]["range"] == {"low_fen": 5_000, "high_fen": 20_000}
    assert event["about"]["decision"] == {"id": decided.id, "index": decided.index}
    assert event["about"]["evidence"] == [EVIDENCE]
    assert since(here.opened.log, decided.id) == {"departure": told["id"]}
    assert here.opened.log.find(str(told["id"])) is not None


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (departure(4_999), "outside_range"),
        (departure(20_001), "outside_range"),
        (departure(10_000), "same_fine"),
        (departure(6_000, approved_by=" 4403-1 "), "same_person"),
    ],
)
def test_a_departure_outside_the_range_or_by_one_person_is_refused(
    here: Office, change: Departure, reason: str
) -> None:
    decided = here.desk.decide(ask(2), door="test")

    with refused(reason, here):
        here.steps.depart(here.opened.log.read(decided.index), change, door="test")


def test_where_no_fine_was_computed_or_the_decision_was_corrected_or_departed_from_no_departure_is(
    here: Office,
) -> None:
    refusal = here.desk.decide(ask(2, violation="SZCG-999"), door="test")
    corrected, departed = (here.desk.decide(ask(2), door="test") for _ in range(2))
    correct(here, corrected.index, 1)
    entry = here.opened.log.read(departed.index)
    first = here.steps.depart(entry, departure(6_000), door="test")

    assert here.steps.depart(entry, departure(6_000), door="test") == first
    for index, reason in (
        (refusal.index, "no_fine"),
        (corrected.index, "corrected_already"),
        (departed.index, "departed_already"),
    ):
        with refused(reason, here):
            here.steps.depart(here.opened.log.read(index), departure(7_000), door="test")


def test_no_departure_from_a_decision_that_does_not_replay(here: Office) -> None:
    decided = here.desk.decide(ask(2), door="test")
    rewrite(here.file, decided.index, lambda record: record["asked"]["facts"].update({COUNT: 1}))

    with refused("does_not_replay", here):
        here.steps.depart(here.opened.log.read(decided.index), departure(6_000), door="test")


# --- personal data ----------------------------------------------------------------------------------------------------


def test_personal_data_is_read_only_behind_a_record_of_the_reading(here: Office) -> None:
    decided = here.decide(1)
    entry = here.opened.log.read(decided.index)

    told = here.steps.read_personal(entry, purpose="送达", by="4403-1", door="test")

    event = json.loads(here.opened.log.read(decided.index + 1).data)
    assert told["access"] == {"id": event["id"], "index": decided.index + 1}
    assert event["about"] == {
        "record": {"id": decided.id, "index": decided.index},
        "fields": sorted(here.values(decided)),
        "purpose": "送达",
        "by": "4403-1",
    }
    assert told["personal"] == here.values(decided)
    assert json.dumps(event, ensure_ascii=False).count(AT_HOME) == 0


def test_after_erasure_the_reading_says_by_which_record(here: Office) -> None:
    decided = here.decide(1)
    erased = here.erase(decided)["erasures"][0]

    told = here.steps.read_personal(here.opened.log.read(decided.index), purpose="送达", by="4403-1", door="test")

    assert (told["personal"], told["erased_by"], told["access"]) == ({}, erased["index"], None)
    with refused("nothing_to_erase", here):
        here.erase(decided)


def test_erasing_takes_two_people_and_personal_data(here: Office) -> None:
    decided, without = here.decide(1), here.desk.decide(ask(2), door="test")
    entry = here.opened.log.read(decided.index)

    with refused("same_person", here):
        here.steps.erase(entry, basis="b", by="4403-1", approved_by="4403-1", door="test")
    with refused("nothing_to_erase", here):
        here.erase(without)
    with refused("no_personal_data", here):
        here.steps.read_personal(here.opened.log.read(without.index), purpose="p", by="b", door="test")


def test_a_case_of_several_acts_keeps_its_personal_data_apart_too(here: Office) -> None:
    acts = tuple(Act(act=name, violation="SZCG-013", facts={COUNT: 2, ORIGIN: AT_HOME}) for name in ("一", "二"))
    asked = AskedTogether(on=DAY, acts=acts, case_ref="2026-1")

    joint = here.desk.decide_together(asked, door="test", party={"姓名": "某人"})

    assert set(here.values(joint)) == {"/party/姓名", "/acts/0/facts/户籍", "/acts/1/facts/户籍"}
    assert AT_HOME not in here.opened.log.read(joint.index).data.decode()
    assert joint.answer["fine_fen"] == 20_000


def test_everything_together_verifies_and_replays(here: Office) -> None:
    first = here.decide(1, "2026-1")
    here.desk.decide(ask(3), door="test", trial=True)
    correct(here, first.index, 1)
    acts = (Act(act="一", violation="SZCG-013", facts={COUNT: 2}),)
    here.desk.decide_together(AskedTogether(on=DAY, acts=acts), door="test", party={"姓名": "某人"})
    departed = here.desk.decide(ask(2), door="test")
    here.steps.depart(here.opened.log.read(departed.index), departure(6_000), door="test")
    here.erase(first, whole_case=True)

    report = replay(here.opened.log)

    assert (report.replayed, report.differences) == (5, ())
    assert verify(here.opened.log, vault=here.opened.vault.key).ok


def test_an_edited_correction_and_an_edited_trial_replay_as_different(here: Office) -> None:
    first = here.desk.decide(ask(2), door="test")
    correct(here, first.index, 1)
    here.desk.decide(ask(3), door="test", trial=True)
    for index in (first.index + 1, first.index + 2):
        rewrite(here.file, index, lambda record: record["decision"].update({"fine_fen": 7}))

    assert [each.index for each in replay(here.opened.log).differences] == [first.index + 1, first.index + 2]


@pytest.mark.parametrize(
    "pd",
    [
        {"_sd": [], "_sd_alg": "sha-256"},
        {"_sd": ["x"], "_sd_alg": "sha-256"},
        {"_sd": ["A" * 43], "_sd_alg": "md5"},
        {"_sd": ["A" * 43], "_sd_alg": "sha-256", "name": "某人"},
    ],
)
def test_digests_of_another_shape_are_no_record(here: Office, pd: object) -> None:
    decided = here.decide(1)
    record = json.loads(here.opened.log.read(decided.index).data)

    assert read_any(json.dumps(record).encode())
    with pytest.raises(ValueError, match="pd"):
        read_any(json.dumps(record | {"pd": pd}).encode())


def test_without_a_vault_personal_data_is_refused_and_nothing_recorded(tmp_path: Path) -> None:
    with AuditLog.open(tmp_path / "log.sqlite3") as log:
        desk = Desk(personal_law(), log)
        for key in (None, "k"):
            with pytest.raises(VaultClosed):
                desk.decide(ask(2), door="test", key=key, party={"姓名": "某人"})
        assert log.head().size == 0


def test_a_fact_that_any_rule_marks_personal_is_personal_where_it_is_not_declared() -> None:
    personal = PersonalFacts(personal_law().rulebook)

    for violation in ("SZCG-013", "SZCG-003", "nothing"):
        asked, found = personal.divide(Asked(violation=violation, on=DAY, facts={COUNT: 1, ORIGIN: AT_HOME}), {})
        assert (asked.facts, found) == ({COUNT: 1}, {"/facts/户籍": AT_HOME})
