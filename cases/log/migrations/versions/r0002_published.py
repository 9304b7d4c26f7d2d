"""Tiles, signed checkpoints and the vault; Alembic's table says the version from here on, and no longer `meta`.

A program that knows version 1 only looks for `meta`, and refuses a log without it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator

import sqlalchemy as sa
from alembic import op

from cases.errors import LogDamaged
from cases.log.guards import REVISION_GUARDS
from cases.log.migrations.steps import NAME, NUMBER, column, freeze, guard, is_sqlite, make_functions

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_FULL = 256


def upgrade() -> None:
    if not is_sqlite():
        make_functions("log_layout_forward")
    op.drop_table("meta")
    node = op.create_table(
        "node",
        column("level", sa.Integer, sa.CheckConstraint("level >= 1"), key=True),
        column("place", NUMBER, key=True),
        column("hash", sa.LargeBinary),
    )
    signed = op.create_table("signed", column("size", NUMBER, key=True), column("note", sa.LargeBinary))
    cosignature = op.create_table(
        "cosignature",
        column("size", NUMBER, sa.ForeignKey("signed.size"), key=True),
        column("key", NAME, key=True),
        column("line", sa.LargeBinary),
    )
    token = op.create_table(
        "token",
        column("size", NUMBER, sa.ForeignKey("signed.size"), key=True),
        column("digest", NAME, key=True),
        column("bytes", sa.LargeBinary),
    )
    op.create_table(
        "vault_key",
        column("case_ref", NAME, key=True),
        column("nonce", sa.LargeBinary),
        column("wrapped", sa.LargeBinary),
    )
    op.create_table(
        "vault",
        column("id", NAME, key=True),
        column("field", NAME, key=True),
        column("case_ref", NAME, sa.ForeignKey("vault_key.case_ref")),
        column("nonce", sa.LargeBinary),
        column("ciphertext", sa.LargeBinary),
    )
    op.create_index("vault_case", "vault", ["case_ref"])
    _fill(op.get_bind(), node)
    freeze(node, signed, cosignature, token)
    guard("alembic_version", REVISION_GUARDS)


def _fill(conn: sa.Connection, node: sa.Table) -> None:
    """Derive the roots of all full subtrees from the leaf hashes; LogDamaged where a record is missing."""
    level, hashes = 1, _leaves(conn)
    while roots := list(_roots(hashes)):
        rows = [{"level": level, "place": place, "hash": root} for place, root in enumerate(roots)]
        conn.execute(sa.insert(node), rows)
        level, hashes = level + 1, iter(roots)


def _leaves(conn: sa.Connection) -> Iterator[bytes]:
    entry = sa.table("entry", sa.column("seq"), sa.column("leaf_hash", sa.LargeBinary))
    (size,) = conn.execute(sa.text("SELECT size FROM head")).scalars()
    for start in range(0, size, _FULL):
        stop = min(start + _FULL, size)
        page = sa.select(entry.c.leaf_hash).where(entry.c.seq >= start, entry.c.seq < stop).order_by(entry.c.seq)
        found = conn.scalars(page).all()
        if len(found) != stop - start:
            raise LogDamaged(f"a record from {start} to {stop - 1} is missing")
        yield from found


def _roots(hashes: Iterable[bytes]) -> Iterator[bytes]:
    waiting: list[bytes] = []
    for each in hashes:
        waiting.append(each)
        if len(waiting) == _FULL:
            while len(waiting) > 1:
                pairs = zip(waiting[::2], waiting[1::2], strict=True)
                waiting = [hashlib.sha256(b"\x01" + left + right).digest() for left, right in pairs]
            yield waiting.pop()
