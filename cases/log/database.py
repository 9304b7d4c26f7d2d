"""What the log asks of a database, whichever it is; `cases.log.store` is written against this and nothing else."""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import AbstractContextManager

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from cases.errors import CaseError

__all__ = ["Database"]


class Database(ABC):
    """One database with every setting that durability rests on in force, on each connection, or refused (UnsafeStore).

    INVARIANT: a transaction that ended well is on stable storage, and of two that write, one waits for the other
    before it reads (SQLite: BEGIN IMMEDIATE; PostgreSQL: the head row, which the store selects FOR UPDATE).
    """

    read_only: bool

    @property
    @abstractmethod
    def name(self) -> str:
        """What people call it: the path of a file, or a URL without its password."""

    @property
    @abstractmethod
    def version(self) -> str:
        """The database and its version, for health reports: `SQLite 3.40.1`."""

    @abstractmethod
    def close(self) -> None:
        """Close every connection that this process opened."""

    @abstractmethod
    def transaction(self, *, writing: bool = False) -> AbstractContextManager[sa.Connection]:
        """One transaction, committed when the block ends well; database errors come out as `meaning` says."""

    @abstractmethod
    def check_schema(self) -> None:
        """Make the tables where there are none; UnsafeStore when it is not a log of this version."""

    @abstractmethod
    def meaning(self, exc: DBAPIError, *, writing: bool = False) -> CaseError | None:
        """What a database error means here; None for one that is not about the database: our bug, or the caller's."""

    @abstractmethod
    def changed_guards(self, conn: sa.Connection) -> tuple[str, ...]:
        """The names of append-only guards that are missing, other than ours, or added."""

    @abstractmethod
    def integrity(self, conn: sa.Connection) -> tuple[str, ...]:
        """What the database's own check finds, at most 20 sentences; none when all is well."""
