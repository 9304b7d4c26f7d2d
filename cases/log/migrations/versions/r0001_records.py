"""Records, keys, rule bytes, the tree's head and its checkpoints: the layout of the first logs (version 1)."""

import hashlib

import sqlalchemy as sa
from alembic import op

from cases.log.guards import HEAD_GUARDS
from cases.log.migrations.steps import NAME, NUMBER, column, freeze, guard, is_sqlite, make_functions

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    if not is_sqlite():
        make_functions("log_append_only", "log_head_forward")
    entry = op.create_table(
        "entry",
        column("seq", NUMBER, sa.CheckConstraint("seq >= 0"), key=True),
        sa.Column("id", NAME, nullable=False, unique=True),
        column("leaf_hash", sa.LargeBinary),
        column("bytes", sa.LargeBinary),
    )
    head = op.create_table(
        "head",
        column("one", sa.Integer, sa.CheckConstraint("one = 1"), key=True),
        column("size", NUMBER),
        column("root", sa.LargeBinary),
        column("frontier", sa.LargeBinary),
    )
    checkpoint = op.create_table("checkpoint", column("size", NUMBER, key=True), column("root", sa.LargeBinary))
    source = op.create_table("source", column("digest", NAME, key=True), column("bytes", sa.LargeBinary))
    idempotency = op.create_table(
        "idempotency",
        column("key", NAME, key=True),
        column("fingerprint", sa.Text),
        column("seq", NUMBER, sa.ForeignKey("entry.seq")),
    )
    meta = op.create_table("meta", column("name", sa.Text, key=True), column("value", sa.Text))
    op.bulk_insert(meta, [{"name": "version", "value": "1"}])
    op.bulk_insert(head, [{"one": 1, "size": 0, "root": hashlib.sha256(b"").digest(), "frontier": b""}])
    guard("head", HEAD_GUARDS)
    freeze(entry, checkpoint, source, idempotency, meta)
