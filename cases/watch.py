"""Supervision (数字监察): follows the log from behind and raises cards; the penalty path never waits for it.

It keeps the counters of each case in a file of its own (`cards.sqlite3`), turns each record into one self-contained
event and asks the card rules. Its place in the log, the counters and the cards are written in one transaction, so it
can be killed at any moment; when the file is missing, or belongs to another log, it is made again from the log.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from cases.cardfile import LAYOUT, NEW, SCHEMA
from cases.cards import CardRules
from cases.log.store import AuditLog, Entry
from cases.record import Asked, JointRecord, Record, read_any
from engine.given import BETWEEN_DAYS, GivenFact, GivenRecord
from engine.rulebook import Rulebook

__all__ = ["Watch", "canonical", "facts_differ"]

_BATCH = 500
# The name under which the day of the act stands among the facts; no fact is called so.
_DAY = ""
# Refusals for a fact that is missing or cannot be used: no amount was shown, and the officer is asked to correct it.
_CORRIGIBLE = {"missing_fact", "wrong_kind", "out_of_domain", "unknown_fact", "conflicting_facts"}
_NUMBER = re.compile(r"[0-9]+(\.[0-9]+)?")
_DAYS = re.compile(r"[,，、\s]*[0-9]{4}-[0-9]{2}-[0-9]{2}[0-9,，、\s-]*")


class Watch:
    """Reads a log from where it stopped and keeps the cards in `path`. One writer at a time; a second one waits."""

    def __init__(self, log: AuditLog, path: Path, rulebook: Rulebook) -> None:
        self._log = log
        self._path = path
        # Cards rest on the card rules: when those change, every card is raised anew from the log.
        self._rules_text = repr(
            [(card.name, card.level, card.when, card.reason, card.basis) for card in rulebook.cards]
        )
        self._rules = CardRules(rulebook.cards)
        with self._writing() as db:
            self._check_place(db)

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self._path, isolation_level=None, timeout=10)) as db:
            if db.execute("PRAGMA user_version").fetchone() != (LAYOUT,):
                db.executescript(NEW)
            db.executescript(SCHEMA)
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
            except BaseException:
                db.execute("ROLLBACK")
                raise
            db.execute("COMMIT")

    def _check_place(self, db: sqlite3.Connection) -> None:
        row = db.execute("SELECT next, leaf, rules FROM place").fetchone()
        if row is not None and row[2] == self._rules_text and self._same_log(row[0], row[1]):
            return
        for table in ("seen", "card", "place"):
            db.execute(f"DELETE FROM {table}")  # noqa: S608 - the names stand one line above
        db.execute("INSERT INTO place VALUES (1, 0, NULL, ?)", (self._rules_text,))

    def _same_log(self, following: int, leaf: bytes | None) -> bool:
        if following == 0:
            return True
        last = next(self._log.entries(following - 1, following), None)
        return last is not None and last.leaf_hash == leaf

    def catch_up(self) -> int:
        """Read every record that is new, raise its cards, and return how many records were read."""
        read = 0
        while batch := self._step():
            read += batch
        return read

    def _step(self) -> int:
        with self._writing() as db:
            (following,) = db.execute("SELECT next FROM place").fetchone()
            entries = list(self._log.entries(following, following + _BATCH))
            for entry in entries:
                self._look(db, entry)
            if entries:
                last = entries[-1]
                db.execute("UPDATE place SET next = ?, leaf = ?", (last.seq + 1, last.leaf_hash))
            return len(entries)

    def _look(self, db: sqlite3.Connection, entry: Entry) -> None:
        try:
            record = read_any(entry.data)
        except ValueError:
            # A record of another kind or version: the audit judges it, no card rule can.
            return
        if record.asked.case_ref is None or record.trial:
            # A trial decided nothing, so it counts for nothing.
            return
        for asked, refusal in _questions(record):
            self._compare(db, entry, record.time, asked, refusal)

    def _compare(
        self, db: sqlite3.Connection, entry: Entry, time: str, asked: Asked, refusal: Mapping[str, Any]
    ) -> None:
        key = (asked.case_ref, asked.violation)
        facts = {name: canonical(value) for name, value in asked.facts.items()} | {_DAY: asked.on.isoformat()}
        before = db.execute(
            "SELECT facts, fault, times, last FROM seen WHERE case_ref = ? AND violation = ?", key
        ).fetchone()
        differ = before is not None and facts_differ(json.loads(before[0]), facts, before[1])
        times = before[2] if before else 0
        event = {"此前已裁量": before is not None, "事实不同": differ, "已裁量次数": times + 1}
        for rule in self._rules.raised_by(event):
            db.execute(
                "INSERT INTO card VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    entry.seq,
                    rule.name,
                    rule.level,
                    asked.case_ref,
                    asked.violation,
                    before[3] if before else None,
                    time,
                    rule.reason,
                    rule.basis,
                ),
            )
        fault = (refusal.get("field") or "") if refusal.get("code") in _CORRIGIBLE else None
        db.execute(
            "INSERT OR REPLACE INTO seen VALUES (?, ?, ?, ?, ?, ?)",
            (*key, json.dumps(facts, ensure_ascii=False, sort_keys=True), fault, times + 1, entry.seq),
        )


def _questions(record: Record | JointRecord) -> Iterator[tuple[Asked, Mapping[str, Any]]]:
    """Yield what a record asked, violation by violation, each with its refusal.

    A violation that a case holds in several acts is left out: which of them an earlier question was about is not said.
    """
    if isinstance(record, Record):
        yield record.asked, record.decision["refusal"] or {}
        return
    asked = record.asked
    codes = [each.violation for each in asked.acts]
    refusals = {part["decision"]["violation"]: part["decision"]["refusal"] for part in record.joint["parts"]}
    for each in asked.acts:
        if codes.count(each.violation) == 1:
            on = each.on or asked.on
            question = Asked(violation=each.violation, on=on, facts=each.facts, case_ref=asked.case_ref)
            yield question, refusals.get(each.violation) or {}


def facts_differ(before: dict[str, str], after: dict[str, str], fault: str | None) -> bool:
    """Say whether a case is asked again with other facts.

    `fault` is None where the earlier question was answered on its facts: then any difference counts. Where it was
    refused because a fact was missing or could not be used, no amount was shown: then completing it, or correcting
    the fact at fault, changes nothing, and only a change of another fact counts.
    """
    if fault is None:
        return before != after
    return any(after.get(name) != value for name, value in before.items() if name != fault)


def canonical(value: GivenFact) -> str:
    """Write a fact as given in one way, so that 2 and "2", true and 是, 3.50 and 03.5 are the same."""
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, str | int):
        text = str(value).strip()
        if _NUMBER.fullmatch(text):
            whole, point, decimals = text.partition(".")
            return (whole.lstrip("0") or "0") + (point + decimals).rstrip("0").rstrip(".")
        if not _DAYS.fullmatch(text):
            return {"yes": "是", "no": "否"}.get(text, text)
        value = [part.strip() for part in BETWEEN_DAYS.split(text)]
    parts = [each if isinstance(each, str) else _record(each) for each in value]
    return ",".join(sorted(part for part in parts if part))


def _record(record: GivenRecord) -> str:
    """Write one record of a list, its fields in the order of their names."""
    return "{" + ";".join(f"{name}={canonical(record[name])}" for name in sorted(record)) + "}"
