"""The triggers that keep the log append-only, on each database; the migrations make them, and opening reads them back.

They are a seat belt: who owns the database can take them out, and `cases.log.audit` finds what was done then. A change
here is a migration that drops them and makes them anew: a log that stands has the old ones.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

__all__ = ["FUNCTIONS", "HEAD_GUARDS", "REVISION_GUARDS", "PgGuard", "pg_frozen", "sqlite_frozen"]

_REFUSE = "BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END"


def _sqlite(*rules: tuple[str, str]) -> dict[str, str]:
    return {name: f"CREATE TRIGGER {name} BEFORE {when} {_REFUSE}" for name, when in rules}


HEAD_GUARDS = _sqlite(
    ("head_delete", "DELETE ON head"),
    ("head_shrink", "UPDATE ON head WHEN NEW.size <= OLD.size"),
)
"""SQLite: the head grows and never goes."""

REVISION_GUARDS = _sqlite(
    ("alembic_version_delete", "DELETE ON alembic_version"),
    ("alembic_version_back", "UPDATE ON alembic_version WHEN NEW.version_num <= OLD.version_num"),
    ("alembic_version_second", "INSERT ON alembic_version WHEN EXISTS (SELECT 1 FROM alembic_version)"),
)
"""SQLite: the layout goes forward only."""


def sqlite_frozen(name: str, keys: Sequence[str]) -> dict[str, str]:
    """SQLite: the triggers, by name, of a table whose rows are inserted and never changed or deleted."""
    # INSERT OR REPLACE deletes without asking the delete trigger.
    same = " AND ".join(f"{key} = NEW.{key}" for key in keys)
    return _sqlite(
        (f"{name}_update", f"UPDATE ON {name}"),
        (f"{name}_delete", f"DELETE ON {name}"),
        (f"{name}_replace", f"INSERT ON {name} WHEN EXISTS (SELECT 1 FROM {name} WHERE {same})"),  # noqa: S608 - our names
    )


FUNCTIONS = {
    "log_append_only": "BEGIN RAISE EXCEPTION 'the log is append-only' USING ERRCODE = '23000'; END",
    "log_head_forward": (
        "BEGIN IF NEW.size <= OLD.size THEN RAISE EXCEPTION 'the log is append-only' USING ERRCODE = '23000'; END IF; "
        "RETURN NEW; END"
    ),
    "log_layout_forward": (
        "BEGIN IF NEW.version_num <= OLD.version_num THEN "
        "RAISE EXCEPTION 'the log is append-only' USING ERRCODE = '23000'; END IF; RETURN NEW; END"
    ),
}
"""PostgreSQL: the bodies of the trigger functions, by name. The class of the error is that of a broken constraint."""

_ROW, _BEFORE, _DELETE, _UPDATE, _TRUNCATE = 1, 2, 8, 16, 32  # pg_trigger.tgtype


@dataclass(frozen=True, slots=True)
class PgGuard:
    """One trigger of PostgreSQL, as the catalogue says it and as it is made."""

    table: str
    name: str
    function: str
    kind: int

    def create(self) -> Iterator[str]:
        """The statements that make it; it fires for replication roles too, which skip plain triggers."""
        verbs = [
            verb for bit, verb in ((_DELETE, "DELETE"), (_UPDATE, "UPDATE"), (_TRUNCATE, "TRUNCATE")) if self.kind & bit
        ]
        each = "ROW" if self.kind & _ROW else "STATEMENT"
        when = f"BEFORE {' OR '.join(verbs)} ON {self.table} FOR EACH {each}"
        yield f"CREATE TRIGGER {self.name} {when} EXECUTE FUNCTION {self.function}()"
        yield f"ALTER TABLE {self.table} ENABLE ALWAYS TRIGGER {self.name}"


def pg_frozen(table: str) -> tuple[PgGuard, ...]:
    """PostgreSQL: the guards of a table; a statement that would touch no row is refused as well."""
    if table in ("head", "alembic_version"):
        forward = "log_head_forward" if table == "head" else "log_layout_forward"
        return (
            PgGuard(table, f"{table}_kept", "log_append_only", _BEFORE | _DELETE | _TRUNCATE),
            PgGuard(table, f"{table}_forward", forward, _ROW | _BEFORE | _UPDATE),
        )
    return (PgGuard(table, f"{table}_frozen", "log_append_only", _BEFORE | _DELETE | _UPDATE | _TRUNCATE),)
