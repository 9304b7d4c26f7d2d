"""A retry is answered by the record that vouches for it, and by no other that a changed row points to."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path

import pytest
import rfc8785

from cases.errors import CaseError, KeyReused, LogDamaged, StepRefused
from cases.log.sqlite import GUARDS
from cases.log.store import Appended, AuditLog, KeySeen, NewEntry
from cases.request import Request
from cases.steps import Corrected
from engine import Wire
from tests.api.kit import COUNT, ask
from tests.log.people import Office, office
from tests.log.places import Place, tamper


def entry(name: str, key: str, fingerprint: str = "f", **said: Wire) -> NewEntry:
    nonce, request = sha256(name.encode()).hexdigest()[:32], Request(key, fingerprint)
    record = {"id": name, "nonce": nonce, "request": request.digest(nonce), **said}
    return NewEntry(id=name, data=rfc8785.dumps(record), request=request)


def older(name: str, key: str) -> NewEntry:
    return NewEntry(id=name, data=rfc8785.dumps({"id": name}), request=Request(key, "f"))


UNASKED, OLDER = 3, 4


@pytest.fixture
def filled(at: Place) -> Place:
    """Three records that answer requests, one that answers none, and one too old to say."""
    with AuditLog.open(at.where) as log:
        log.append([entry(f"r{number}", f"k{number}") for number in range(3)])
        unasked = entry("unasked", "")
        log.append([NewEntry(id="unasked", data=unasked.data.replace(b'"request":"sha256:', b'"request":null,"x":"'))])
        log.append([older("older", "k older")])
    return at


def changed(at: Place, *changes: str | tuple[object, ...]) -> None:
    """Change rows, and leave no trace of it in the triggers."""
    tamper(at, *changes)
    with at.owner() as owner:
        for name, sql in GUARDS.items() if isinstance(at.where, Path) else ():
            owner.do(f"DROP TRIGGER IF EXISTS {name}")
            owner.do(sql)
        owner.arm()


@pytest.mark.parametrize(
    ("statements", "retried", "place"),
    [
        (["UPDATE idempotency SET seq = 0 WHERE key = 'k1'"], "k1", 0),
        (["UPDATE idempotency SET seq = 3 WHERE key = 'k1'"], "k1", UNASKED),
        (["UPDATE idempotency SET seq = 9 WHERE key = 'k1'"], "k1", 9),
        (["UPDATE idempotency SET fingerprint = 'g' WHERE key = 'k1'"], "k1", 1),
        (["UPDATE idempotency SET seq = 2 - seq WHERE seq IN (0, 2)"], "k0", 2),
        (["DELETE FROM idempotency WHERE key = 'k1'", "UPDATE idempotency SET key = 'k1' WHERE key = 'k0'"], "k1", 0),
        (["INSERT INTO idempotency VALUES ('never used', 'f', 2)"], "never used", 2),
    ],
)
def test_a_retry_through_a_changed_row_is_refused_by_name_and_alone(
    filled: Place, statements: list[str], retried: str, place: int
) -> None:
    changed(filled, *statements)

    with AuditLog.open(filled.where) as log:
        size, again = log.head().size, entry("again", retried)
        with pytest.raises(LogDamaged, match=f"does not vouch for the idempotency key `{retried}`") as told:
            log.append([again, entry("beside", "beside")])
        assert told.value.seq == place
        assert log.head().size == size
        # Others in the same commit are answered and appended as ever.
        refused, new, seen, reused = log.append_each(
            [again, entry("new", "new"), older("o", "k older"), entry("x", "k older", "g")]
        )
        assert isinstance(refused, LogDamaged)
        assert (new, seen) == (Appended(seq=size), KeySeen(seq=OLDER))
        assert isinstance(reused, KeyReused)


def test_what_is_as_it_was_written_is_answered_as_ever(filled: Place) -> None:
    with AuditLog.open(filled.where) as log:
        again = [entry(f"again {number}", f"k{number}") for number in range(3)]
        assert log.append([*again, older("again", "k older")]) == tuple(KeySeen(seq=seq) for seq in (0, 1, 2, OLDER))
        with pytest.raises(KeyReused):
            log.append([entry("again", "k1", "g")])


@pytest.mark.parametrize("data", ["not json", '{"id":"r1","request":7}', '{"id":"r1","nonce":"\\ud800","request":""}'])
def test_a_record_that_was_changed_vouches_for_nothing(filled: Place, data: str) -> None:
    changed(filled, ("UPDATE entry SET bytes = ? WHERE id = 'r1'", data.encode()))
    if isinstance(filled.where, Path):
        changed(filled, "UPDATE entry SET bytes = 'text' WHERE id = 'r2'")
        with AuditLog.open(filled.where) as log, pytest.raises(LogDamaged, match="does not vouch"):
            log.append([entry("again", "k2")])

    with AuditLog.open(filled.where) as log, pytest.raises(LogDamaged, match="does not vouch"):
        log.append([entry("again", "k1")])


# --- at the desk ------------------------------------------------------------------------------------------------------


@pytest.fixture
def here(at: Place, tmp_path: Path) -> Iterator[tuple[Office, Place]]:
    with office(tmp_path, at.where) as it:
        yield it, at


def test_nobody_is_answered_with_somebody_elses_decision(here: tuple[Office, Place]) -> None:
    it, at = here
    mine, theirs = it.decide(1, "2026-1", key="mine"), it.decide(2, "2026-2", key="theirs")
    prints = {key: fingerprint for key, fingerprint, _ in it.opened.log.idempotency_keys()}
    # All that a row can be made to say: my key and my request, and their record.
    changed(at, ("UPDATE idempotency SET seq = ? WHERE key = 'mine'", theirs.index))
    size = it.opened.log.head().size

    with ThreadPoolExecutor(4) as pool:
        told = list(pool.map(lambda _: refusal(it, 1, "2026-1", "mine"), range(8)))

    assert {(type(each), getattr(each, "seq", None)) for each in told} == {(LogDamaged, theirs.index)}
    assert len({id(each) for each in told}) == 8  # each caller has an error of his own
    assert it.decide(2, "2026-2", key="theirs").repeated
    assert it.opened.log.head().size == size
    changed(at, ("UPDATE idempotency SET seq = ?, fingerprint = ? WHERE key = 'mine'", mine.index, prints["theirs"]))
    assert isinstance(refusal(it, 1, "2026-1", "mine"), LogDamaged)  # and not: your key was used for something else
    changed(at, ("UPDATE idempotency SET fingerprint = ? WHERE key = 'mine'", prints["mine"]))
    again = it.decide(1, "2026-1", key="mine")
    assert (again.id, again.repeated) == (mine.id, True)


def refusal(it: Office, number: int, case_ref: str, key: str) -> CaseError | None:
    try:
        it.decide(number, case_ref, key=key)
    except CaseError as error:
        return error
    return None


def test_the_rows_of_the_logs_own_keys_are_held_to_their_records_too(here: tuple[Office, Place]) -> None:
    it, at = here
    first, second = it.desk.decide(ask(1), door="test"), it.desk.decide(ask(1), door="test")
    log = it.opened.log

    def correct(index: int, count: int = 2) -> str:
        change = Corrected(facts={COUNT: count})
        return it.steps.correct(log.read(index), change, reason="笔误", by="4403-1", door="test").id

    made = correct(first.index)
    other = correct(second.index)
    assert correct(first.index) == made
    changed(
        at,
        ("UPDATE idempotency SET seq = ? WHERE key LIKE ?", log.head().size - 1, f"%correction {first.id}"),
    )

    assert correct(second.index) == other
    for count in (2, 3):
        with pytest.raises(LogDamaged, match="does not vouch"):
            correct(first.index, count)
    with pytest.raises(StepRefused):
        correct(second.index, 3)
