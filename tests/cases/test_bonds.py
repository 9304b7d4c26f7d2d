"""What corrections and departures say of earlier records: replay names what is wrong, the audit what was edited."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cases.log.audit import verify
from cases.replay import replay
from cases.steps import Corrected
from tests.api.kit import COUNT, ask, rewrite
from tests.cases.test_case_steps import correct, decided, depart, departure, spit, stall
from tests.log.people import Office, office, person, personal_law


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Office]:
    with office(tmp_path) as it:
        yield it


def whole(it: Office) -> dict[str, int]:
    """Every step of a case once; where each stands."""
    first = decided(it, spit("甲", 3), stall("甲", "0.1"), spit("乙", 1), party=person(1))
    tried = decided(it, spit("甲", 1), trial=True)
    corrected = correct(it, first.index, [spit("甲", 3), stall("甲", "0.1")])
    departed = depart(it, corrected.index, "甲", 15_000)
    single = it.desk.decide(ask(2, case_ref="2026-1"), door="test")
    entry = it.opened.log.read(single.index)
    again = it.steps.correct(entry, Corrected(facts={COUNT: 1}), reason="r", by="b", door="test")
    other = it.steps.depart(it.opened.log.read(again.index), departure(6_000), door="test")
    it.erase(first)
    return {
        "first": first.index, "trial": tried.index, "correction": corrected.index, "departure": int(departed["index"]),
        "single": single.index, "single correction": again.index, "single departure": int(str(other["index"])),
    }  # fmt: skip


def test_all_steps_of_a_case_verify_and_replay(here: Office) -> None:
    whole(here)

    report = replay(here.opened.log)

    assert (report.replayed, report.differences) == (5, ())
    assert verify(here.opened.log, vault=here.opened.vault.key).findings == ()


@pytest.mark.parametrize(
    ("which", "change", "said"),
    [
        ("trial", lambda it: it["joint"].update(fine_fen=7), "fine (fen) 7 → 5000"),
        ("correction", lambda it: it["joint"].update(fine_fen=7), "fine (fen) 7 → 20000"),
        ("correction", lambda it: it.pop("corrects"), "the record cannot be read"),
        ("trial", lambda it: it.update(kind="trial"), "the record cannot be read"),
        ("correction", lambda it: it["corrects"].update(index=99), "record 99 does not stand before it"),
        ("correction", lambda it: it["corrects"].update(index=-1), "record -1 does not stand before it"),
        ("correction", lambda it: it["corrects"].update(id="x"), "has another id than it says"),
        ("correction", lambda it: it["asked"].update(case_ref="2"), "its case number is not that of record"),
        ("single correction", lambda it: it["corrects"].update(id="x"), "has another id than it says"),
        ("departure", lambda it: it["about"].update(computed_fine_fen=1), "computed_fine_fen 1 → 20000"),
        ("departure", lambda it: it["about"].update(violation="SZCG-003"), "violation SZCG-003 → SZCG-013"),
        ("departure", lambda it: it["about"].update(currency="EUR"), "currency EUR → CNY"),
        ("departure", lambda it: it["about"]["range"].update(low_fen=1), "range {'low_fen': 1, "),
        ("departure", lambda it: it["about"].update(imposed_fine_fen=1), "1 fen is outside the statutory range"),
        ("departure", lambda it: it["about"].update(imposed_fine_fen=9_999), "9999 fen is below the 10000 fen of"),
        ("departure", lambda it: it["about"].update(act="乙"), "name the act whose fine is another: the case has `甲`"),
        ("departure", lambda it: it["about"].pop("act"), "name the act whose fine is another: the case has `甲`"),
        ("departure", lambda it: it["about"].update(approved_by="4403-1"), "are one person"),
        ("departure", lambda it: it["about"].pop("reasons"), "the departure cannot be read"),
        ("departure", lambda it: it.update(rulebook="sha256:0"), "its rule files are not those of the decision"),
        ("departure", lambda it: it["about"]["decision"].update(index=0), "record 0 has another id than it says"),
        ("single departure", lambda it: it["about"].update(imposed_fine_fen=1), "outside the statutory range"),
        ("single departure", lambda it: it["about"].update(act="甲"), "a decision of one violation has no acts"),
    ],
)
def test_a_wrong_step_is_named_in_words_and_an_edited_one_by_the_audit(
    here: Office, which: str, change: Callable[[dict[str, Any]], object], said: str
) -> None:
    seq = whole(here)[which]
    rewrite(here.file, seq, change)

    found = {each.index: each for each in replay(here.opened.log).differences}

    assert seq in found
    assert said in found[seq].message_en
    assert found[seq].message_zh != ""
    assert ("record_edited", seq) in [(each.code, each.seq) for each in verify(here.opened.log).findings]


def naming(it: Office, seq: int) -> Callable[[dict[str, Any]], object]:
    """Make a step say that it is about the record at `seq`."""
    place = {"id": it.opened.log.read(seq).id, "index": seq}

    def change(record: dict[str, Any]) -> None:
        if "about" in record:
            record["about"]["decision"] = place
        else:
            record["corrects"] = place

    return change


@pytest.mark.parametrize(
    ("which", "of", "said"),
    [
        ("correction", "trial", "is a trial and no decision"),
        ("departure", "trial", "is a trial and no decision"),
        ("single correction", "first", "a decision and a whole case never correct each other"),
        ("single departure", "departure", "is no decision"),
    ],
)
def test_a_step_about_the_wrong_kind_of_record_is_named(here: Office, which: str, of: str, said: str) -> None:
    places = whole(here)
    rewrite(here.file, places[which], naming(here, places[of]))

    found = {each.index: each.message_en for each in replay(here.opened.log).differences}

    assert said in found[places[which]]


def test_under_another_law_only_what_it_would_have_decided_is_told(here: Office) -> None:
    places = whole(here)
    rewrite(here.file, places["departure"], lambda it: it["about"].update(computed_fine_fen=1))

    assert replay(here.opened.log, law=personal_law()).differences == ()
