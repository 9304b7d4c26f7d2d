"""After a case decided together, and beside it: corrected, departed from act by act, tried out; each a record."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from cases.cardfile import read_cards
from cases.departing import fine_of, may_depart
from cases.desk import Recorded, answer_of
from cases.errors import KeyReused, LogDamaged, StepRefused
from cases.record import AskedTogether, JointRecord, read_any, write_record
from cases.steps import Corrected, CorrectedCase, Departure, since_case
from cases.watch import Watch
from engine import Act, Rulebook, decide_together, joint_to_wire
from tests.api.kit import COUNT, DAY, ask, rewrite
from tests.engine.kit import DAY as ITS_DAY
from tests.engine.test_joint import RANGE, STATUTORY, small
from tests.log.people import AT_HOME, ORIGIN, Office, office, person, personal_law

EVIDENCE = "sha256:" + "0" * 64


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Office]:
    with office(tmp_path) as it:
        yield it


def spit(act: str, count: int, on: date | None = None) -> Act:
    """50, 100 or 200 yuan, by count; the statute allows 50 to 200."""
    return Act(act=act, violation="SZCG-013", facts={COUNT: count}, on=on)


def stall(act: str, area: str) -> Act:
    """1000 yuan for each square metre, and nothing else."""
    return Act(act=act, violation="SZCG-003", facts={"拒不改正": True, "占地面积": area, COUNT: 3})


def case(*acts: Act, case_ref: str | None = "2026-1") -> AskedTogether:
    return AskedTogether(on=DAY, acts=acts or (spit("甲", 2), spit("乙", 1)), case_ref=case_ref)


def departure(fen: int, **changes: str) -> Departure:
    people = {"by": "4403-1", "approved_by": "4403-2"} | changes
    return Departure(imposed_fine_fen=fen, reasons=["首次经营，家庭困难"], evidence=[EVIDENCE], **people)


def decided(it: Office, *acts: Act, **more: Any) -> Recorded:
    return it.desk.decide_together(case(*acts), door="test", **more)


def correct(it: Office, index: int, acts: Sequence[Act] | None, on: date | None = None, **party: str) -> Recorded:
    entry, change = it.opened.log.read(index), CorrectedCase(acts=acts, on=on)
    return it.steps.correct_case(entry, change, reason="次数录错", by="4403-1", door="test", party=party)


def depart(it: Office, index: int, act: str, fen: int, **changes: str) -> dict[str, Any]:
    entry = it.opened.log.read(index)
    return dict(it.steps.depart_case(entry, act, departure(fen, **changes), door="test"))


def became(it: Office, of: Recorded) -> dict[str, Any]:
    return dict(since_case(it.opened.log, answer_of(it.opened.log.read(of.index).data, of.index)))


@contextmanager
def refused(reason: str, it: Office) -> Iterator[None]:
    """Nothing is recorded, and the reason is this one."""
    size = it.opened.log.head().size
    with pytest.raises(StepRefused) as told:
        yield
    assert told.value.reason == reason
    assert it.opened.log.head().size == size


# --- trials -----------------------------------------------------------------------------------------------------------


def test_a_trial_of_a_case_is_recorded_as_one_answers_the_same_and_raises_no_card(here: Office, tmp_path: Path) -> None:
    first = decided(here, spit("甲", 2))
    tried = decided(here, spit("甲", 3), trial=True)

    record = read_any(here.opened.log.read(tried.index).data)
    assert isinstance(record, JointRecord)
    assert (record.kind, record.trial, tried.answer["trial"], tried.answer["fine_fen"]) == (
        "joint_trial", True, True, 20_000,
    )  # fmt: skip
    assert answer_of(here.opened.log.read(tried.index).data, tried.index) == tried
    cards = tmp_path / "cards.sqlite3"
    Watch(here.opened.log, cards, personal_law().rulebook).catch_up()
    assert read_cards(cards)[0] == ()
    second = correct(here, first.index, [spit("甲", 1)])
    Watch(here.opened.log, cards, personal_law().rulebook).catch_up()
    assert [(card.earlier, card.index) for card in read_cards(cards)[0]] == [(first.index, second.index)]


def test_a_key_used_for_a_trial_of_a_case_gives_no_decision(here: Office) -> None:
    first = decided(here, key="k", trial=True)

    assert decided(here, key="k", trial=True).answer == first.answer
    with pytest.raises(KeyReused):
        decided(here, key="k")


def test_a_trial_of_a_case_is_neither_corrected_nor_departed_from(here: Office) -> None:
    tried = decided(here, trial=True)

    with refused("not_a_decision", here):
        correct(here, tried.index, [spit("甲", 1)])
    with refused("not_a_decision", here):
        depart(here, tried.index, "甲", 6_000)


# --- corrections ------------------------------------------------------------------------------------------------------


def test_a_corrected_case_is_decided_again_and_both_records_stand(here: Office) -> None:
    first = decided(here)
    before = here.opened.log.read(first.index).data

    again = correct(here, first.index, [spit("甲", 1), spit("乙", 1), spit("丙", 3)])

    record = read_any(here.opened.log.read(first.index + 1).data)
    assert isinstance(record, JointRecord)
    assert (record.kind, record.asked.case_ref, again.answer["fine_fen"]) == ("joint_correction", "2026-1", 30_000)
    assert again.answer["corrects"] == {"id": first.id, "index": first.index}
    assert (again.answer["reason"], again.answer["by"], again.together) == ("次数录错", "4403-1", True)
    assert here.opened.log.read(first.index).data == before
    assert answer_of(here.opened.log.read(again.index).data, again.index) == again
    assert became(here, first) == {"corrected_by": record.id}
    assert became(here, again) == {}


def test_the_same_correction_of_a_case_twice_is_one_record_and_another_is_refused_but_of_the_newest(
    here: Office,
) -> None:
    first = decided(here)
    second = correct(here, first.index, [spit("甲", 1)])

    repeated = correct(here, first.index, [spit("甲", 1)])
    assert (repeated.answer, repeated.repeated) == (second.answer, True)
    with refused("corrected_already", here):
        correct(here, first.index, [spit("甲", 3)])
    third = correct(here, second.index, [spit("甲", 3)])

    assert became(here, second) == {"corrected_by": third.id}


@pytest.mark.parametrize(
    ("acts", "on"),
    [
        (None, None),
        (None, DAY),
        ([spit("甲", 2), spit("乙", 1)], None),
        ([spit("乙", 1), spit("甲", 2)], None),
        ([spit("甲", 2, DAY), spit("乙", 1)], DAY),
    ],
)
def test_a_case_that_asks_the_same_is_no_correction(here: Office, acts: Sequence[Act] | None, on: date | None) -> None:
    first = decided(here)

    with refused("nothing_corrected", here):
        correct(here, first.index, acts, on)


@pytest.mark.parametrize(
    ("acts", "on"),
    [
        (None, DAY.replace(day=2)),
        ([spit("甲", 2), spit("乙", 1), spit("丙", 1)], None),
        ([spit("甲", 2)], None),
        ([spit("甲", 2), spit("丙", 1)], None),
        ([spit("甲", 2), spit("乙", 1, DAY.replace(day=2))], None),
        ([spit("甲", 2), replace(spit("乙", 1), facts={COUNT: True})], None),
    ],
)
def test_any_other_question_is_one(here: Office, acts: Sequence[Act] | None, on: date | None) -> None:
    first = decided(here)

    assert correct(here, first.index, acts, on).answer["corrects"] == {"id": first.id, "index": first.index}


def test_the_day_of_a_case_is_part_of_its_question_though_each_act_has_its_own(here: Office) -> None:
    first = decided(here, spit("甲", 2, DAY.replace(day=2)))

    assert correct(here, first.index, None, DAY.replace(day=3)).answer["on"] == DAY.replace(day=3).isoformat()


def test_a_party_of_a_case_written_wrongly_is_corrected_alone(here: Office) -> None:
    acts = tuple(replace(spit(name, 2), facts={COUNT: 2, ORIGIN: AT_HOME}) for name in ("甲", "乙"))
    first = decided(here, *acts, party=person(1))

    again = correct(here, first.index, None, 姓名="另一个人")

    assert here.values(again) == {"/party/姓名": "另一个人"}
    assert again.answer["fine_fen"] == first.answer["fine_fen"]


def test_personal_facts_of_a_corrected_case_stand_in_the_vault_whatever_they_are(here: Office) -> None:
    first = decided(here)

    # Half a pair of surrogates: what canonical JSON cannot write, and a personal value may hold.
    again = correct(here, first.index, [replace(spit("甲", 2), facts={COUNT: 2, ORIGIN: AT_HOME + "\ud800"})])

    assert here.values(again) == {"/acts/0/facts/户籍": AT_HOME + "\ud800"}
    assert AT_HOME not in here.opened.log.read(again.index).data.decode()


def test_a_refused_case_is_corrected_into_a_decided_one(here: Office) -> None:
    first = decided(here, spit("甲", 2), spit("甲", 1))

    again = correct(here, first.index, [spit("甲", 2), spit("乙", 1)])

    assert (first.answer["outcome"], again.answer["outcome"]) == ("refusal", "decision")


def test_a_decision_and_a_case_are_stepped_on_each_at_its_own_door(here: Office) -> None:
    one, many = here.desk.decide(ask(2), door="test"), decided(here)
    single, joint = here.opened.log.read(one.index), here.opened.log.read(many.index)

    with refused("not_a_case", here):
        correct(here, one.index, [spit("甲", 1)])
    with refused("not_a_case", here):
        depart(here, one.index, "甲", 6_000)
    with refused("not_a_decision", here):
        here.steps.correct(joint, Corrected(facts={COUNT: 1}), reason="r", by="b", door="test")
    with refused("not_a_decision", here):
        here.steps.depart(joint, departure(6_000), door="test")
    with refused("not_a_decision", here):
        correct(here, 0, [spit("甲", 1)])
    assert here.steps.depart(single, departure(6_000), door="test")["imposed_fine_fen"] == 6_000


# --- departures -------------------------------------------------------------------------------------------------------


def test_a_departure_from_the_fine_of_one_act_stands_beside_the_case(here: Office) -> None:
    # 100 yuan for the stall fall away beside 200 yuan for the litter.
    first = decided(here, spit("甲", 3), stall("甲", "0.1"), spit("乙", 1))

    told = depart(here, first.index, "甲", 15_000)

    event = json.loads(here.opened.log.read(first.index + 1).data)
    about = event["about"]
    assert (event["kind"], about["decision"]) == ("departure", {"id": first.id, "index": first.index})
    assert (about["act"], about["violation"]) == ("甲", "SZCG-013")
    assert (about["computed_fine_fen"], about["imposed_fine_fen"], about["currency"]) == (20_000, 15_000, "CNY")
    assert about["range"] == {"low_fen": 5_000, "high_fen": 20_000}
    assert {**about, "id": event["id"], "index": first.index + 1} == told
    assert became(here, first) == {"departures": [{"act": "甲", "id": told["id"]}]}
    # What fell away in another act binds this one to nothing.
    assert depart(here, first.index, "乙", 6_000)["range"] == {"low_fen": 5_000, "high_fen": 20_000}


def test_each_act_is_departed_from_once_and_the_same_twice_is_one_record(here: Office) -> None:
    first = decided(here)
    one, other = depart(here, first.index, "甲", 6_000), depart(here, first.index, "乙", 7_000)

    assert depart(here, first.index, "甲", 6_000) == one
    with refused("departed_already", here):
        depart(here, first.index, "甲", 7_000)
    assert became(here, first) == {
        "departures": [{"act": "乙", "id": other["id"]}, {"act": "甲", "id": one["id"]}],
    }


@pytest.mark.parametrize(
    ("act", "fen", "people", "reason"),
    [
        ("甲", 4_999, {}, "outside_range"),
        ("甲", 20_001, {}, "outside_range"),
        ("甲", 20_000, {}, "same_fine"),
        ("甲", 9_999, {}, "below_fallen_fine"),
        ("丙", 15_000, {}, "no_such_act"),
        ("SZCG-013", 15_000, {}, "no_such_act"),
        ("甲", 15_000, {"approved_by": " 4403-1 "}, "same_person"),
        ("丁", 15_000, {}, "no_fine"),
    ],
)
def test_what_is_no_lawful_departure_from_an_act_is_refused(
    here: Office, act: str, fen: int, people: dict[str, str], reason: str
) -> None:
    ordered = Act(act="丁", violation="SZCG-003", facts={"拒不改正": False})
    first = decided(here, spit("甲", 3), stall("甲", "0.1"), spit("乙", 1), ordered)
    assert first.answer["outcome"] == "decision"

    with refused(reason, here):
        depart(here, first.index, act, fen, **people)


def test_down_to_the_fine_that_fell_away_and_no_further(here: Office) -> None:
    first = decided(here, spit("甲", 3), stall("甲", "0.1"))

    assert depart(here, first.index, "甲", 10_000)["violation"] == "SZCG-013"


def test_a_case_that_was_refused_corrected_or_does_not_replay_is_not_departed_from(here: Office) -> None:
    refusal, corrected, edited = decided(here, spit("甲", 2), spit("甲", 1)), decided(here), decided(here)
    correct(here, corrected.index, [spit("甲", 1)])
    rewrite(here.file, edited.index, lambda record: record["asked"]["acts"][0]["facts"].update({COUNT: 3}))

    for index, reason in (
        (refusal.index, "no_fine"),
        (corrected.index, "corrected_already"),
        (edited.index, "does_not_replay"),
    ):
        with refused(reason, here):
            depart(here, index, "甲", 7_000)


def recorded(rulebook: Rulebook, *codes: str) -> JointRecord:
    """A case of one act that breaks all of these, as it is recorded."""
    acts = tuple(Act(act="甲", violation=f"T-{code}", facts={"面积": "1"}) for code in codes)
    asked = AskedTogether(on=ITS_DAY, acts=acts)
    joint = joint_to_wire(decide_together(rulebook, asked.on, asked.acts))
    assert joint["outcome"] == "decision", joint["refusal"]
    head = {"record_id": "a", "time": "t", "nonce": "0" * 32, "door": "test", "rulebook": "sha256:0"}
    found = read_any(write_record(asked=asked, decision=joint, **head))  # type: ignore[arg-type]
    assert isinstance(found, JointRecord)
    return found


Rules = dict[str, tuple[str, str]]
LOW: Rules = {"a": ("罚款 400元", RANGE), "b": ("罚款 300元", "罚款 50元 至 9000元")}
ON_HEAD = "对「负责人」罚款"
TIED: Rules = {"a": ("罚款 300元", RANGE), "b": ("罚款 400元", "罚款 100元 至 500元")}


@pytest.mark.parametrize(
    ("rulebook", "stands", "least"),
    [
        # The computed fines are compared: the imposed one stays no lower than what fell away.
        (lambda: small(**LOW), "T-a", ("T-b", 30_000)),
        # Statutory maxima are compared: whatever is imposed inside the range, the same provision stands.
        (lambda: small(STATUTORY, **LOW), "T-b", None),
        # Equal maxima: the fines themselves were compared.
        (lambda: small(STATUTORY, **TIED), "T-b", ("T-a", 30_000)),
        # A published range that fell away counts with its upper end.
        (lambda: small(a=("罚款 100元 至 200元", RANGE), b=("罚款 400元", RANGE)), "T-b", ("T-a", 20_000)),
        # Another payer's fine is another fine, fallen or not.
        (lambda: small(a=("罚款 400元", RANGE), b=("对「负责人」罚款 60元", RANGE)), "T-a", None),
        (lambda: small(a=(f"罚款 400元，{ON_HEAD} 60元", RANGE), b=(f"{ON_HEAD} 70元", RANGE)), "T-a", None),
    ],
)
def test_the_declared_comparison_says_what_a_departure_may_not_go_below(
    rulebook: Callable[[], Rulebook], stands: str, least: tuple[str, int] | None
) -> None:
    book = rulebook()

    fine = fine_of(recorded(book, "a", "b"), "甲", book)

    assert (fine.violation, fine.least_beside) == (stands, least)
    if least is not None:
        may_depart(fine, least[1])
        with pytest.raises(StepRefused) as told:
            may_depart(fine, least[1] - 1)
        assert told.value.reason == "below_fallen_fine"


def test_of_a_published_range_there_is_nothing_to_depart_from() -> None:
    book = small(a=("罚款 100元 至 200元", RANGE))

    with pytest.raises(StepRefused, match="only a range is published") as told:
        fine_of(recorded(book, "a"), "甲", book)

    assert told.value.reason == "no_fine"


def test_a_step_marked_as_one_of_a_case_that_says_otherwise_is_no_answer(here: Office) -> None:
    first = decided(here)
    depart(here, first.index, "甲", 6_000)
    rewrite(here.file, first.index + 1, lambda record: record["about"].update(act="乙"))

    with pytest.raises(LogDamaged, match="says otherwise"):
        became(here, first)
