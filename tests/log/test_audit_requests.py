"""A record vouches for the request it answered: its key can be neither changed, moved, added nor removed unseen."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import rfc8785

from cases.desk import Desk
from cases.log.anchors import anchor
from cases.log.audit import verify, verify_at
from cases.log.export import export
from cases.log.files import Folder
from cases.log.keyring import Keyring
from cases.log.rotation import rotate
from cases.log.store import AuditLog, NewEntry
from cases.log.trust import Trust
from cases.log.vault import marked
from cases.log.vault_key import KEY_FILE, VaultKey
from cases.log.verify_files import verify_files
from cases.record import AskedTogether
from cases.replay import replay
from cases.request import Request
from cases.steps import Corrected, CorrectedCase, Departure
from engine import Act
from tests.api.kit import COUNT, DAY, ask, small_law
from tests.log.kit import sealed
from tests.log.people import Office, office
from tests.log.places import Owner, Place, SqlitePlace, tamper

NONCE = "0123456789abcdef" * 2


def test_what_a_record_says_of_its_request_can_be_computed_by_hand() -> None:
    by_hand = sha256(f'["{NONCE}","Aktenzeichen-ü","ff"]'.encode()).hexdigest()

    assert Request("Aktenzeichen-ü", "ff").digest(NONCE) == f"sha256:{by_hand}"
    assert Request("Aktenzeichen-ü", "ff").digest(NONCE[1:] + "0") != f"sha256:{by_hand}"


def live(it: Office) -> None:
    """Do once all that writes a record under a key, and all that writes one without."""
    together = AskedTogether(on=DAY, acts=(Act(act="甲", violation="SZCG-013", facts={COUNT: 1}),), case_ref="2026-9")
    it.decide(1, "2026-1")
    decided = it.decide(2, "2026-2", key="a key")
    case = it.desk.decide_together(together, door="test", key="a joint key")
    it.desk.decide_together(together, door="test", key="a joint trial's key", trial=True)
    it.desk.decide(ask(2), door="test", trial=True, key="a trial's key")
    wrong = it.desk.decide(ask(1), door="test")
    log = it.opened.log
    it.steps.correct(log.read(wrong.index), Corrected(facts={COUNT: 2}), reason="笔误", by="4403-1", door="test")
    leave = Departure(
        imposed_fine_fen=5_500, reasons=["困难"], evidence=[f"sha256:{'0' * 64}"], by="4403-1", approved_by="4403-2"
    )
    it.steps.depart(log.read(decided.index), leave, door="test")
    earlier = CorrectedCase(on=DAY.replace(day=DAY.day + 1))
    again = it.steps.correct_case(log.read(case.index), earlier, reason="笔误", by="4403-1", door="test")
    it.steps.depart_case(log.read(again.index), "甲", leave, door="test")
    it.steps.read_personal(log.read(decided.index), purpose="复议", by="4403-1", door="test")
    it.erase(it.decide(3))
    it.erase(decided, whole_case=True)
    it.sealed()
    assert anchor(log) is not None


def test_every_record_that_is_written_says_which_request_it_answers(tmp_path: Path) -> None:
    with office(tmp_path) as it:
        live(it)
    with AuditLog.open(tmp_path / "log.sqlite3") as log:
        rotate(log, Keyring(tmp_path / "keys"))
        records = [json.loads(entry.data) for entry in log.entries()]
        rows = list(log.idempotency_keys())
        marks = [row for row in rows if marked(row[0]) is not None]

        assert {each["kind"] for each in records} == {
            "decision", "trial", "correction", "joint", "joint_trial", "joint_correction", "departure", "access",
            "erasure", "publication", "key_event", "anchor",
        }  # fmt: skip
        assert all("request" in each for each in records)
        asked = {seq: each["request"] for seq, each in enumerate(records) if each["request"] is not None}
        assert {each["kind"] for each in records if each["request"] is None} == {"decision", "access"}
        assert len(marks) == 2
        assert asked == {
            seq: Request(key, fingerprint).digest(records[seq]["nonce"])
            for key, fingerprint, seq in rows
            if marked(key) is None
        }
        assert verify(log, vault=VaultKey.read(tmp_path / "keys" / KEY_FILE)).findings == ()


def entry(name: str, *, key: str | None = None) -> NewEntry:
    nonce = sha256(name.encode()).hexdigest()[:32]
    request = None if key is None else Request(key, "f")
    said = {"id": name, "nonce": nonce, "request": None if request is None else request.digest(nonce)}
    return NewEntry(id=name, data=rfc8785.dumps(said), request=request)


def older(name: str, key: str) -> NewEntry:
    return NewEntry(id=name, data=rfc8785.dumps({"id": name}), request=Request(key, "f"))


UNASKED, OLDER, SIZE = 5, 6, 7  # the places of the last two, and the one after


@pytest.fixture
def filled(at: Place) -> Place:
    """Five records that answer requests, one that answers none, and one too old to say."""
    with AuditLog.open(at.where) as log:
        log.append([entry(f"r{number}", key=f"k{number}") for number in range(5)])
        log.append([entry("unasked"), older("older", "k older")])
        assert verify(log).findings == ()
    return at


Named = list[tuple[str, int | None]]


def found(at: Place) -> Named:
    return [(each.code, each.seq) for each in verify_at(at.where).findings if each.code != "guard_changed"]


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        ("UPDATE idempotency SET key = 'k9' WHERE key = 'k1'", [("key_missing", 1)]),
        ("UPDATE idempotency SET fingerprint = 'g' WHERE key = 'k1'", [("key_missing", 1)]),
        ("DELETE FROM idempotency WHERE key = 'k1'", [("key_missing", 1)]),
        ("UPDATE idempotency SET seq = 3 WHERE key = 'k1'", [("key_missing", 1), ("key_differs", 3)]),
        ("UPDATE idempotency SET seq = 5 WHERE key = 'k1'", [("key_missing", 1), ("key_differs", UNASKED)]),
        ("UPDATE idempotency SET seq = 6 WHERE key = 'k1'", [("key_missing", 1)]),
        ("UPDATE idempotency SET seq = 7 WHERE key = 'k1'", [("key_missing", 1), ("key_points_nowhere", SIZE)]),
        ("INSERT INTO idempotency VALUES ('k9', 'f', 2)", [("key_differs", 2)]),
        ("INSERT INTO idempotency VALUES ('k9', 'f', 5)", [("key_differs", UNASKED)]),
        ("UPDATE idempotency SET seq = 3 - seq WHERE seq IN (1, 2)", [("key_missing", 1)]),
        ("DELETE FROM idempotency", [("key_missing", 0)]),
        # A mark of an erasure that the record there does not say.
        ("INSERT INTO idempotency VALUES (chr(31) || 'erasure r1', 'erased', 2)", [("key_differs", 2)]),
        ("INSERT INTO idempotency VALUES ('k9', 'f', 9223372036854775807)", [("key_points_nowhere", 2**63 - 1)]),
        # What nothing vouches for: the key of a record from before.
        ("UPDATE idempotency SET key = 'k9' WHERE key = 'k older'", []),
        ("DELETE FROM idempotency WHERE key = 'k older'", []),
    ],
)
def test_a_key_changed_moved_added_or_removed_is_named_with_its_record(
    filled: Place, statement: str, named: Named
) -> None:
    if isinstance(filled.where, Path):
        statement = statement.replace("chr(", "char(")
    tamper(filled, statement)

    assert found(filled) == named


def test_what_is_wrong_with_many_keys_in_a_row_is_said_once(filled: Place) -> None:
    tamper(filled, "DELETE FROM idempotency WHERE seq IN (0, 2, 3)")

    said = [each for each in verify_at(filled.where).findings if each.code == "key_missing"]

    assert [each.seq for each in said] == [0, 2]
    assert said[1].message_zh.startswith("第 2 至 3 号记录答复过带幂等键的请求")
    assert said[1].message_en.startswith("records 2 to 3 answered a request with an idempotency key")


@pytest.mark.parametrize(
    "said",
    [{"request": 7}, {"request": "sha256:0"}, {"request": f"sha256:{'a' * 64}", "nonce": 7}, {"request": [None]}],
)
def test_a_request_that_is_none_is_that_of_no_row(at: Place, said: dict[str, Any]) -> None:
    with AuditLog.open(at.where) as log:
        data = rfc8785.dumps({"id": "r", "nonce": NONCE, **said})
        log.append([NewEntry(id="r", data=data, request=Request("k", "f"))])

    assert found(at) == [("key_missing", 0)]


# --- the marks of erasures --------------------------------------------------------------------------------------------


@pytest.fixture
def erased(tmp_path: Path) -> Iterator[tuple[Office, int, int]]:
    """An office in which one record was erased, with its place and that of the event."""
    with office(tmp_path) as it:
        kept, gone = it.decide(1, "2026-1"), it.decide(2, "2026-2", key="k")
        event = it.erase(gone)["erasures"][0]["index"]
        assert it.values(kept)
        it.sealed()
        yield it, gone.index, event


Change = Callable[[Owner, int], None]


def mark(what: str) -> Change:
    return lambda owner, _gone: owner.do(f"UPDATE idempotency SET {what} WHERE key LIKE char(31) || 'erasure %'")  # noqa: S608 - ours


@pytest.mark.parametrize(
    ("change", "codes"),
    [
        (mark("fingerprint = 'other'"), {"key_differs"}),
        (mark("key = 'other'"), {"key_differs", "vault_missing"}),
        (mark("key = char(31) || 'erasure other'"), {"key_differs", "vault_missing"}),
        (mark("seq = 0"), {"key_differs", "vault_missing"}),
        (lambda owner, gone: owner.do("DELETE FROM idempotency WHERE fingerprint = 'erased'"), {"vault_missing"}),
        (lambda owner, gone: owner.do("DELETE FROM idempotency WHERE seq = ?", gone), {"key_missing"}),
    ],
)
def test_the_mark_of_an_erasure_is_what_the_event_says(
    erased: tuple[Office, int, int], change: Change, codes: set[str]
) -> None:
    it, gone, event = erased
    with SqlitePlace(it.file).owner() as owner:
        owner.disarm()
        change(owner, gone)
        owner.arm()

    findings = verify_at(it.file, vault=it.opened.vault.key).findings
    assert {each.code for each in findings} == codes
    assert {each.seq for each in findings} <= {0, gone, event}


# --- records from before ----------------------------------------------------------------------------------------------


def test_records_written_before_still_answer_replay_verify_and_export(tmp_path: Path) -> None:
    with AuditLog.open(tmp_path / "now.sqlite3") as now, sealed(tmp_path / "before") as before:
        desk = Desk(small_law(), now)
        first = desk.decide(ask(2), door="test", key="k")
        desk.decide(ask(1, case_ref="2026-1"), door="test")
        keys = {seq: Request(key, fingerprint) for key, fingerprint, seq in now.idempotency_keys()}
        for each in now.entries():
            record = json.loads(each.data)
            del record["request"]
            old = NewEntry(id=each.id, data=rfc8785.dumps(record), request=keys.get(each.seq))
            before.log.append([old], dict(now.sources()))
        before.sealer.seal()

        again = Desk(small_law(), before.log).decide(ask(2), door="test", key="k")
        assert (again.id, again.repeated) == (first.id, True)
        report = replay(before.log)
        assert (report.replayed, report.differences) == (2, ())
        assert verify(before.log).findings == ()
        listed = before.keyring.public_list()
        export(before.log, tmp_path / "out", listed)
        trust = Trust.of_list(listed)
        assert verify_files(Folder(tmp_path / "out"), trust).ok
