"""What the steps share: their column types and the triggers, on each database."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from alembic import op

from cases.log.guards import FUNCTIONS, pg_frozen, sqlite_frozen

__all__ = ["NAME", "NUMBER", "column", "freeze", "guard", "is_sqlite", "make_functions"]

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
NAME = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def column(name: str, kind: Any, *rules: Any, key: bool = False) -> sa.Column[Any]:
    """A column that is never NULL and counts nothing up by itself."""
    return sa.Column(name, kind, *rules, nullable=False, primary_key=key, autoincrement=False)


def is_sqlite() -> bool:
    """Whether the step runs on SQLite; else it is PostgreSQL."""
    return op.get_bind().dialect.name == "sqlite"


def make_functions(*names: str) -> None:
    """PostgreSQL: make trigger functions of `cases.log.guards`."""
    for name in names:
        op.get_bind().exec_driver_sql(
            f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $body${FUNCTIONS[name]}$body$"
        )


def guard(table: str, sqlite: Mapping[str, str]) -> None:
    """Make the triggers of one table: these on SQLite, its own on PostgreSQL."""
    for sql in sqlite.values() if is_sqlite() else [sql for each in pg_frozen(table) for sql in each.create()]:
        op.get_bind().exec_driver_sql(sql)


def freeze(*tables: sa.Table) -> None:
    """Make the triggers of tables whose rows are inserted and never changed or deleted."""
    for table in tables:
        guard(table.name, sqlite_frozen(table.name, [key.name for key in table.primary_key]))
