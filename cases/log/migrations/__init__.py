"""The layout of the log, as the steps that make it; Alembic runs them, in the caller's transaction.

Every log is made by these steps, a new one too: there is one definition, and `cases.log.schema` is compared with it in
a test. A step that stands is never edited. Importing this loads Alembic, so it is imported only to create or upgrade.
"""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config

__all__ = ["FIRST", "migrate", "stamp"]

FIRST = "0001"


def _config(conn: sa.Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = conn
    return config


def migrate(conn: sa.Connection, to: str = "head") -> None:
    """Run every step up to `to` that has not been run; all of them stand or none, as the caller's transaction ends."""
    command.upgrade(_config(conn), to)


def stamp(conn: sa.Connection, revision: str) -> None:
    """Note that the tables are of that revision already."""
    command.stamp(_config(conn), revision)
