"""The tables of the log, the same on every database; how each guards and commits them is said in its own file."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

__all__ = [
    "CHECKPOINT",
    "COSIGNATURE",
    "ENTRY",
    "FROZEN",
    "HEAD",
    "IDEMPOTENCY",
    "LAYOUT",
    "NODE",
    "REVISION",
    "SIGNED",
    "SOURCE",
    "TABLES",
    "TOKEN",
    "VAULT",
    "VAULT_KEY",
]

REVISION = "0002"
"""The newest migration (`cases.log.migrations`), whose tables these are; a test compares the two."""

TABLES = sa.MetaData()
# A BIGINT primary key would not be SQLite's own row number, but a second index beside it.
_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

_NAME = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")  # in code point order, as Python sorts


def _column(name: str, kind: Any, *rules: Any, key: bool = False) -> sa.Column[Any]:
    return sa.Column(name, kind, *rules, nullable=False, primary_key=key, autoincrement=False)


# INVARIANT: the first column is the primary key, and the one a table is walked by. (NODE and what hangs on a signed
# checkpoint have a key of several columns, and are not walked.)
ENTRY = sa.Table(
    "entry",
    TABLES,
    _column("seq", _NUMBER, sa.CheckConstraint("seq >= 0"), key=True),
    sa.Column("id", _NAME, nullable=False, unique=True),
    _column("leaf_hash", sa.LargeBinary),
    _column("bytes", sa.LargeBinary),
)
HEAD = sa.Table(
    "head",
    TABLES,
    _column("one", sa.Integer, sa.CheckConstraint("one = 1"), key=True),
    _column("size", _NUMBER),
    _column("root", sa.LargeBinary),
    _column("frontier", sa.LargeBinary),
)
CHECKPOINT = sa.Table("checkpoint", TABLES, _column("size", _NUMBER, key=True), _column("root", sa.LargeBinary))
# Roots of perfect subtrees of 256 ** level leaves: the hashes of the tiles of C2SP tlog-tiles above level 0. One row
# for 256 records makes every tile a read of at most 256 rows.
NODE = sa.Table(
    "node",
    TABLES,
    _column("level", sa.Integer, sa.CheckConstraint("level >= 1"), key=True),
    _column("place", _NUMBER, key=True),
    _column("hash", sa.LargeBinary),
)
SOURCE = sa.Table("source", TABLES, _column("digest", _NAME, key=True), _column("bytes", sa.LargeBinary))
IDEMPOTENCY = sa.Table(
    "idempotency",
    TABLES,
    _column("key", _NAME, key=True),
    _column("fingerprint", sa.Text),
    _column("seq", _NUMBER, sa.ForeignKey("entry.seq")),
)

# What the signer published. A checkpoint is a signed note (C2SP tlog-checkpoint); cosignatures are further lines of it,
# and tokens are RFC 3161 time-stamps over its bytes.
SIGNED = sa.Table("signed", TABLES, _column("size", _NUMBER, key=True), _column("note", sa.LargeBinary))
COSIGNATURE = sa.Table(
    "cosignature",
    TABLES,
    _column("size", _NUMBER, sa.ForeignKey("signed.size"), key=True),
    _column("key", _NAME, key=True),  # name and key id of the witness
    _column("line", sa.LargeBinary),
)
TOKEN = sa.Table(
    "token",
    TABLES,
    _column("size", _NUMBER, sa.ForeignKey("signed.size"), key=True),
    _column("digest", _NAME, key=True),
    _column("bytes", sa.LargeBinary),
)

# Personal data, the only rows that are ever deleted: values encrypted under a key of the case, and that key wrapped by
# one outside the database.
VAULT_KEY = sa.Table(
    "vault_key",
    TABLES,
    _column("case_ref", _NAME, key=True),
    _column("nonce", sa.LargeBinary),
    _column("wrapped", sa.LargeBinary),
)
VAULT = sa.Table(
    "vault",
    TABLES,
    _column("id", _NAME, key=True),  # of the record
    _column("field", _NAME, key=True),
    _column("case_ref", _NAME, sa.ForeignKey("vault_key.case_ref")),  # `case NUMBER`, or `record ID` without a case
    sa.Index("vault_case", "case_ref"),  # deleting a key asks whether a row still needs it
    _column("nonce", sa.LargeBinary),
    _column("ciphertext", sa.LargeBinary),
)

FROZEN = (ENTRY, CHECKPOINT, NODE, SOURCE, IDEMPOTENCY, SIGNED, COSIGNATURE, TOKEN)
"""The tables whose rows are inserted and never changed or deleted."""

LAYOUT = sa.Table("alembic_version", sa.MetaData(), sa.Column("version_num", sa.String(32), primary_key=True))
"""Which migration the tables are of; Alembic's own table, named here so that reading it does not load Alembic."""
