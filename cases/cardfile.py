"""The file supervision keeps (`cards.sqlite3`): what it holds, and how the doors read it.

The doors read it and nothing else of supervision: they start and serve where durable-rules is not installed.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

__all__ = ["LAYOUT", "NEW", "SCHEMA", "Card", "read_cards"]

# The layout of the file; a file of another layout is emptied and made again from the log.
LAYOUT = 2
NEW = f"""
DROP TABLE IF EXISTS place; DROP TABLE IF EXISTS seen; DROP TABLE IF EXISTS card;
PRAGMA user_version = {LAYOUT};
"""
SCHEMA = """
CREATE TABLE IF NOT EXISTS place (one INTEGER PRIMARY KEY CHECK (one = 1), next INTEGER, leaf BLOB, rules TEXT);
CREATE TABLE IF NOT EXISTS seen (case_ref TEXT, violation TEXT, facts TEXT, fault TEXT, times INTEGER,
                                 last INTEGER, PRIMARY KEY (case_ref, violation));
CREATE TABLE IF NOT EXISTS card (position INTEGER, name TEXT, level TEXT, case_ref TEXT, violation TEXT,
                                 earlier INTEGER, time TEXT, reason TEXT, basis TEXT,
                                 PRIMARY KEY (position, name, violation));
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A yellow or red card: the record that raised it, the earlier record it is held against, the rule and its law."""

    index: int
    earlier: int | None
    level: str
    name: str
    case_ref: str
    violation: str
    time: str
    reason: str
    basis: str


def read_cards(path: Path) -> tuple[tuple[Card, ...], int]:
    """Return the cards, newest first, and how many records of the log they rest on; nothing where no watch ran yet."""
    if not path.is_file():
        return (), 0
    # Not mode=ro: what a killed watch left half written must be rolled back before anything can be read.
    with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=rw", uri=True, timeout=10)) as db:
        db.execute("PRAGMA query_only=ON")
        try:
            rows = db.execute(
                "SELECT position, earlier, level, name, case_ref, violation, time, reason, basis FROM card "
                "ORDER BY position DESC, name, violation"
            ).fetchall()
            place = db.execute("SELECT next FROM place").fetchone()
        except sqlite3.OperationalError as error:
            if "no such table" in str(error):
                return (), 0
            raise
    names = ("index", "earlier", "level", "name", "case_ref", "violation", "time", "reason", "basis")
    return tuple(Card(**dict(zip(names, row, strict=True))) for row in rows), place[0] if place else 0
