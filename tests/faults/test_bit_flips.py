"""One bit flipped in any column of any row, behind the log's back, is found and its record named."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from cases.disclosure import ALGORITHM, digests_of, disclose
from cases.errors import LogDamaged, RefusedToSign
from cases.events import new_event
from cases.log import audit
from cases.log.audit import AuditReport, verify_at
from cases.log.keyring import Keyring
from cases.log.published import Published, Token
from cases.log.schema import (
    CHECKPOINT,
    COSIGNATURE,
    ENTRY,
    HEAD,
    IDEMPOTENCY,
    LAYOUT,
    NODE,
    SIGNED,
    SOURCE,
    TABLES,
    TOKEN,
    VAULT,
    VAULT_KEY,
)
from cases.log.sealing import Sealer, SigningState
from cases.log.store import AuditLog, NewEntry, digest_of
from cases.log.trust import Trust
from cases.log.vault import Vault, marked, scope_of
from cases.log.vault_key import VaultKey
from cases.request import Request
from cases.tlog.policy import Witness
from tests.log.kit import ORIGIN, THEN, numbered, sealed
from tests.log.places import STORES, Owner, PostgresPlace, Pristine, SqlitePlace, place
from tests.log.tampering import RULES, content
from tests.log.witness_kit import W1, W2

SIZES = (1, 3, 200, 2, 60, 4, 250, 5, 1)
SIZE = sum(SIZES)
STARTS = [sum(SIZES[:number]) for number in range(len(SIZES))]
ENDS = [*STARTS[1:], SIZE]

CASE_OF = {**dict.fromkeys((2, 70, 71), "2026-1"), **dict.fromkeys((100, 300), "2026-2"), 400: None, 5: "2026-3"}
"""The records with personal data, and the case of each."""
ERASED = 5
"""The one whose personal data the last record erases."""

KNOWN = {**TABLES.tables, LAYOUT.name: LAYOUT}
COVERED = tuple((table.name, column.name) for table in KNOWN.values() for column in table.columns)


@dataclass(frozen=True)
class Flip:
    """One bit of one value, and the row it was in."""

    table: str
    column: str
    row: tuple[Any, ...]
    bit: int


@dataclass(frozen=True)
class Filled:
    """A signed log to tamper with, and what an auditor of it knows: whose signatures he believes, the vault's key."""

    pristine: Pristine
    trust: Trust
    key: VaultKey

    def report(self) -> AuditReport:
        return verify_at(self.pristine.where, trust=self.trust, vault=self.key)


@pytest.fixture(scope="module", params=STORES)
def filled(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Filled]:
    made = place(request.param, tmp_path_factory.mktemp("flips"))
    keyring = Keyring.create(tmp_path_factory.mktemp("keys") / "keys", ORIGIN, THEN)
    state = SigningState.create(keyring.folder / "signing.sqlite3", ORIGIN)
    with AuditLog.open(made.where) as log:
        sealer = Sealer(log, state, ORIGIN, keyring.signers())
        vault = Vault.open(log, keyring.folder)
        for start, size in zip(STARTS[:-1], SIZES[:-1], strict=True):
            log.append([asked(number, vault) for number in range(start, start + size)], {digest_of(RULES): RULES})
            sealer.seal()
        log.append([erasure(log, vault)])
        sealer.seal()
        vouch(Published(log))
    witnesses = [Witness("w1", W1.verifier), Witness("w2", W2.verifier)]
    it = Filled(Pristine.of(made), Trust.of_dated(keyring.keys, witnesses), vault.key)
    it.pristine.restore()
    assert it.report().findings == ()
    yield it
    if isinstance(made, PostgresPlace):
        made.drop()


def asked(number: int, vault: Vault) -> NewEntry:
    """Record `number`; most answer a request with a key, and some hold personal data."""
    name, nonce = f"r{number}", f"{number:032x}"
    request = Request(f"key {name}", f"{number:064x}") if number % 10 else None
    said: dict[str, Any] = {"nonce": nonce, "request": None if request is None else request.digest(nonce)}
    beside = None
    if number in CASE_OF:
        party = {"/party/姓名": f"欧阳{number}", "/party/电话": f"139{number:08}"}
        disclosures = [disclose(b"%016d" % number, field, value) for field, value in party.items()]
        said["pd"] = {"_sd": list(digests_of(disclosures)), "_sd_alg": ALGORITHM}
        beside = vault.keeping(name, scope_of(CASE_OF[number], name), disclosures)
    return NewEntry(id=name, data=content(name, **said), request=request, beside=beside)


def erasure(log: AuditLog, vault: Vault) -> NewEntry:
    """The record that erases the personal data of another."""
    name = f"r{ERASED}"
    digests = json.loads(log.read(ERASED).data)["pd"]["_sd"]
    about = {"records": [{"id": name, "index": ERASED, "digests": digests}]}
    request = Request("\x1ferasing", "f")
    event_id, data = new_event("erasure", about, door="test", request=request)
    return NewEntry(id=event_id, data=data, request=request, beside=vault.erasing([name]))


def vouch(published: Published) -> None:
    """What comes from outside: one witness for every checkpoint, one for some, and tokens for some."""
    for number, size in enumerate(ENDS):
        note = published.checkpoint(size).note
        published.add_cosignature(size, W1.sign(note.text, 1_790_000_000 + number))
        if number % 2:
            published.add_cosignature(size, W2.sign(note.text, 1_790_000_000 + number))
            # The audit knows no authority, so that of a real token it reads these bytes only.
            token = b"a token over " + sha256(published.signed_bytes(size)).digest()
            published.add_token(Token(size, digest_of(token), token))


def flipped(owner: Owner, table: str, column: str, chance: random.Random) -> Flip:
    """Flip one bit of a random row; a text stays one that a database takes."""
    known = KNOWN[table]
    names = [each.name for each in known.columns]
    rows = sorted(owner.rows(f"SELECT {', '.join(names)} FROM {table}"))  # noqa: S608 - our names
    row = chance.choice(rows)
    at = names.index(column)
    old = row[at]
    if isinstance(old, int):
        bit = chance.randrange(30 if type(known.c[column].type) is sa.Integer else 40)  # PostgreSQL has 32 bits or 64
        new: object = old ^ 1 << bit
    elif isinstance(old, str):
        letter = chance.randrange(len(old))
        # Of a letter one of the lowest four bits: what comes out is printable too.
        bit = chance.randrange(4)
        new = old[:letter] + chr(ord(old[letter]) ^ 1 << bit) + old[letter + 1 :]
    else:
        data = bytearray(old)
        bit = chance.randrange(len(data) * 8)
        data[bit // 8] ^= 1 << bit % 8
        new = bytes(data)
    keys = [each.name for each in known.primary_key]
    unique = ["id"] if table == ENTRY.name and column == "id" else keys if column in keys else []
    changed = [*row[:at], new, *row[at + 1 :]]
    if unique and any(all(each[names.index(name)] == changed[names.index(name)] for name in unique) for each in rows):
        if len(unique) > 1 or isinstance(new, str):
            return flipped(owner, table, column, chance)
        # Onto another row a number would not go: the two change places, as an owner could do it.
        owner.do(f"UPDATE {table} SET {column} = -1 WHERE {column} = ?", new)  # noqa: S608 - our names
        owner.do(f"UPDATE {table} SET {column} = ? WHERE {column} = ?", new, old)  # noqa: S608 - our names
        owner.do(f"UPDATE {table} SET {column} = ? WHERE {column} = -1", old)  # noqa: S608 - our names
    else:
        where = " AND ".join(f"{name} = ?" for name in keys)
        at_row = [row[names.index(name)] for name in keys]
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
    seqs = {each.seq for each in found}
    if flip.table == ENTRY.name:
        # Moved elsewhere, what was nearest to the front shows first: the hole it left, or where it now stands.
        if flip.column == "seq":
            other = place ^ 1 << flip.bit
            # Two that changed places show only in the root of the first commit they are in.
            commit = set(commit_of(next(end for end in ENDS if end > min(place, other))))
            return any(each.seq in {place, other} | commit for each in found)
        return bool(found[0].seq == place)
    if flip.table == CHECKPOINT.name:
        return flip.column == "size" or place == SIZE or bool(seqs & set(commit_of(place)))
    if flip.table == SOURCE.name:
        return any(str(flip.row[0]) in each.message_en for each in found)
    if flip.table == IDEMPOTENCY.name:
        of = marked(flip.row[0])
        return flip.row[2] in seqs or (of is not None and int(of.removeprefix("r")) in seqs)
    if flip.table in {COSIGNATURE.name, TOKEN.name}:
        named = [
            each for each in found if each.code in ("cosignature_invalid", "token_invalid", "token_without_checkpoint")
        ]
        return any(f"{each}" in finding.message_en for finding in named for each in flip.row[:2])
    if flip.table == VAULT.name:
        return int(flip.row[0].removeprefix("r")) in seqs
    if flip.table == VAULT_KEY.name:
        return any(number in seqs for number, case in CASE_OF.items() if scope_of(case, f"r{number}") == flip.row[0])
    if flip.table == LAYOUT.name:
        return found[0].code == "file_unusable"
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
        report = filled.report()
        if report.ok or not names_it(flip, report):
            wrong.append((flip, str(report.findings[:3])))
    return wrong


def test_a_flipped_bit_is_found_and_its_record_named(filled: Filled) -> None:
    assert unnamed(filled, COVERED, 3 * len(COVERED), 20261123) == []


@pytest.mark.long
def test_each_of_a_thousand_flipped_bits_is_found_and_its_record_named(filled: Filled) -> None:
    assert unnamed(filled, COVERED, 1_000, 20261124) == []


BLIND: dict[str, tuple[Any, str, Any, tuple[tuple[str, str], ...]]] = {
    "roots": (audit._Audit, "_agrees", lambda _self, _root: True, ((CHECKPOINT.name, "root"), (HEAD.name, "root"))),
    "keys": (audit._Audit, "_keys", lambda _self: None, ((IDEMPOTENCY.name, "fingerprint"),)),
    "vault": (audit, "check_vault", lambda *_: [], ((VAULT.name, "nonce"), (VAULT_KEY.name, "wrapped"))),
    "outside": (audit, "from_outside", lambda *_: None, ((COSIGNATURE.name, "line"), (TOKEN.name, "bytes"))),
}
"""An audit that does not look there, and what it then misses."""


@pytest.mark.parametrize("blind", BLIND)
def test_an_audit_that_does_not_look_misses_them(filled: Filled, monkeypatch: pytest.MonkeyPatch, blind: str) -> None:
    where, name, instead, columns = BLIND[blind]
    monkeypatch.setattr(where, name, instead)

    for column in columns:
        assert unnamed(filled, (column,), 1, 1) != []


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
