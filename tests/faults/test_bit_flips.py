"""One bit flipped in any column of any row, behind the log's back, is found and its record named."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from cases.errors import LogDamaged, RefusedToSign
from cases.log import audit
from cases.log.audit import AuditReport, verify_at
from cases.log.keyring import Keyring
from cases.log.published import Published
from cases.log.schema import CHECKPOINT, ENTRY, HEAD, IDEMPOTENCY, NODE, SIGNED, SOURCE, TABLES
from cases.log.sealing import Sealer, SigningState
from cases.log.store import AuditLog, NewEntry, digest_of
from cases.log.trust import Trust
from tests.log.kit import ORIGIN, THEN, numbered, sealed
from tests.log.places import STORES, Owner, PostgresPlace, Pristine, SqlitePlace, place
from tests.log.tampering import RULES, content

SIZES = (1, 3, 200, 2, 60, 4, 250, 5)
SIZE = sum(SIZES)
STARTS = [sum(SIZES[:number]) for number in range(len(SIZES))]
ENDS = [*STARTS[1:], SIZE]

COVERED = (
    *((ENTRY.name, name) for name in ("seq", "id", "leaf_hash", "bytes")),
    *((HEAD.name, name) for name in ("size", "root", "frontier")),
    *((CHECKPOINT.name, name) for name in ("size", "root")),
    *((SOURCE.name, name) for name in ("digest", "bytes")),
    *((NODE.name, name) for name in ("level", "place", "hash")),
    *((SIGNED.name, name) for name in ("size", "note")),
)
# What the audit reads and the log never vouched for: a key is not in the record, nor is what was asked with it.
UNVOUCHED = tuple((IDEMPOTENCY.name, name) for name in ("key", "fingerprint", "seq"))


@dataclass(frozen=True)
class Flip:
    """One bit of one value, and the row it was in."""

    table: str
    column: str
    row: tuple[Any, ...]
    bit: int


@dataclass(frozen=True)
class Filled:
    """A signed log to tamper with, and whose signatures an auditor of it believes."""

    pristine: Pristine
    trust: Trust


@pytest.fixture(scope="module", params=STORES)
def filled(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Filled]:
    made = place(request.param, tmp_path_factory.mktemp("flips"))
    keyring = Keyring.create(tmp_path_factory.mktemp("keys") / "keys", ORIGIN, THEN)
    state = SigningState.create(keyring.folder / "signing.sqlite3", ORIGIN)
    with AuditLog.open(made.where) as log:
        sealer = Sealer(log, state, ORIGIN, keyring.signers())
        for start, size in zip(STARTS, SIZES, strict=True):
            names = [f"r{number}" for number in range(start, start + size)]
            log.append(
                [NewEntry(id=name, data=content(name), key=f"key {name}", fingerprint="f") for name in names],
                {digest_of(RULES): RULES},
            )
            sealer.seal()
        assert Published(log).latest() is not None
    yield Filled(Pristine.of(made), Trust.of_list(keyring.public_list()))
    if isinstance(made, PostgresPlace):
        made.drop()


def test_every_column_is_listed() -> None:
    listed = {table for table, _ in (*COVERED, *UNVOUCHED)}

    # The rest is what witnesses and time-stampers signed, and what the vault encrypts: each has its own check.
    assert TABLES.tables.keys() - listed == {"cosignature", "token", "vault", "vault_key"}
    for name in listed:
        columns = {column.name for column in TABLES.tables[name].columns} - {"one"}
        assert {column for table, column in (*COVERED, *UNVOUCHED) if table == name} == columns


def flipped(owner: Owner, table: str, column: str, chance: random.Random) -> Flip:
    """Flip one bit of a random row; a text stays one that a database takes."""
    names = [each.name for each in TABLES.tables[table].columns]
    rows = sorted(owner.rows(f"SELECT {', '.join(names)} FROM {table}"))  # noqa: S608 - our names
    row = chance.choice(rows)
    old = row[names.index(column)]
    if isinstance(old, int):
        bit = chance.randrange(30 if column == "level" else 40)  # `level` has 32 bits in PostgreSQL
        new: object = old ^ 1 << bit
    elif isinstance(old, str):
        at = chance.randrange(len(old))
        # Of a letter one of the lowest four bits: what comes out is printable too.
        bit = chance.randrange(4)
        new = old[:at] + chr(ord(old[at]) ^ 1 << bit) + old[at + 1 :]
    else:
        data = bytearray(old)
        bit = chance.randrange(len(data) * 8)
        data[bit // 8] ^= 1 << bit % 8
        new = bytes(data)
    keys = [each.name for each in TABLES.tables[table].primary_key]
    where = " AND ".join(f"{name} = ?" for name in keys)
    at_row = [row[names.index(name)] for name in keys]
    if new in [each[names.index(column)] for each in rows] and (column in keys or column == "id"):
        if len(keys) > 1 or isinstance(new, str):
            return flipped(owner, table, column, chance)
        # Onto another row a number would not go: the two change places, as an owner could do it.
        owner.do(f"UPDATE {table} SET {column} = -1 WHERE {column} = ?", new)  # noqa: S608 - our names
        owner.do(f"UPDATE {table} SET {column} = ? WHERE {column} = ?", new, old)  # noqa: S608 - our names
        owner.do(f"UPDATE {table} SET {column} = ? WHERE {column} = -1", old)  # noqa: S608 - our names
    else:
        owner.do(f"UPDATE {table} SET {column} = ? WHERE {where}", new, *at_row)  # noqa: S608 - our names
    return Flip(table, column, tuple(row), bit)


def commit_of(size: int) -> range:
    """The records of the commit whose checkpoint has that size."""
    return range(STARTS[ENDS.index(size)], size)


def names_it(flip: Flip, report: AuditReport) -> bool:
    """Whether the report says where: the record, the records of the commit, or what is not of one record."""
    found = report.findings
    if not found:
        return False
    place = flip.row[0]
    if flip.table == ENTRY.name:
        # Moved elsewhere, what was nearest to the front shows first: the hole it left, or where it now stands.
        if flip.column == "seq":
            other = place ^ 1 << flip.bit
            # Two that changed places show only in the root of the first commit they are in.
            commit = set(commit_of(next(end for end in ENDS if end > min(place, other))))
            return any(each.seq in {place, other} | commit for each in found)
        return bool(found[0].seq == place)
    if flip.table == CHECKPOINT.name:
        seqs = {each.seq for each in found}
        return flip.column == "size" or place == SIZE or bool(seqs & set(commit_of(place)))
    if flip.table == SOURCE.name:
        return any(str(flip.row[0]) in each.message_en for each in found)
    if flip.table in {NODE.name, SIGNED.name}:
        return any(each.code.startswith(("node", "signed", "checkpoint", "integrity")) for each in found)
    return any(each.code.startswith(("head", "record_missing", "record_beyond", "checkpoint")) for each in found)


def unnamed(filled: Filled, columns: tuple[tuple[str, str], ...], count: int, seed: int) -> list[tuple[Flip, str]]:
    """The flips that verifying does not find, or does not name."""
    chance = random.Random(seed)  # noqa: S311 - which bits, not a secret
    wrong = []
    for number in range(count):
        table, column = columns[number % len(columns)]
        with filled.pristine.restored() as owner:
            flip = flipped(owner, table, column, chance)
        report = verify_at(filled.pristine.where, trust=filled.trust)
        if report.ok or not names_it(flip, report):
            wrong.append((flip, str(report.findings[:3])))
    return wrong


def test_a_flipped_bit_is_found_and_its_record_named(filled: Filled) -> None:
    assert unnamed(filled, COVERED, 3 * len(COVERED), 20261123) == []


@pytest.mark.long
def test_each_of_a_thousand_flipped_bits_is_found_and_its_record_named(filled: Filled) -> None:
    assert unnamed(filled, COVERED, 1_000, 20261124) == []


def test_an_audit_that_believes_every_root_does_not_find_them_all(
    filled: Filled, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit._Audit, "_agrees", lambda _self, _root: True)

    assert unnamed(filled, ((CHECKPOINT.name, "root"), (HEAD.name, "root")), 2, 1) != []


@pytest.mark.parametrize(("table", "column"), UNVOUCHED)
def test_what_the_audit_does_not_vouch_for_is_known(filled: Filled, table: str, column: str) -> None:
    """Each column here stands in no promise; when the audit learns to find it, it moves to those above."""
    assert unnamed(filled, ((table, column),), 3, 2) != []


@pytest.mark.parametrize("column", ["bytes", "leaf_hash", "seq"])
def test_a_flipped_bit_in_what_is_not_signed_yet_stops_the_signer(tmp_path: Path, column: str) -> None:
    chance = random.Random(3)  # noqa: S311 - which bits, not a secret
    with sealed(tmp_path) as it:
        it.grow(40)
        it.log.append(numbered(40, 60))
        made = Pristine.of(SqlitePlace(it.file))
    for _ in range(5):
        with made.restored() as owner:
            # The signed ones are left out of the choice: those stop it at the next root only.
            owner.do("UPDATE entry SET seq = seq + 1000000 WHERE seq < 40")
            owner.do("CREATE TEMP TABLE signed_ones AS SELECT * FROM entry WHERE seq >= 1000000")
            owner.do("DELETE FROM entry WHERE seq >= 1000000")
            flipped(owner, ENTRY.name, column, chance)
            owner.do("INSERT INTO entry SELECT seq - 1000000, id, leaf_hash, bytes FROM signed_ones")
            owner.do("DROP TABLE signed_ones")
        with AuditLog.open(made.where) as log:
            sealer = Sealer(log, it.state, ORIGIN, it.keyring.signers())
            with pytest.raises((RefusedToSign, LogDamaged)):
                sealer.seal()
        assert it.state.read().size == 40
