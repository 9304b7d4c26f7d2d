"""The commands about personal data in the log: erase it, read it. Either is a record of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from api.settings import Settings
from api.terminal import AsJson, Data, LogLang, Rules, Store, load, misuse, say, say_json
from api.terminal_log import need_log, open_log
from cases.desk import Desk
from cases.log.store import AuditLog, Entry
from cases.reasons import Reasons
from cases.steps import Steps

_MOST = {"--basis": 500, "--purpose": 500, "--by": 64, "--approved-by": 64}


def erase(
    basis: Annotated[str, typer.Option("--basis", metavar="TEXT", help="the law or request it rests on; no names")],
    by: Annotated[str, typer.Option("--by", metavar="STAFF", help="staff number")],
    approved_by: Annotated[str, typer.Option("--approved-by", metavar="STAFF", help="staff number of a second person")],
    case: Annotated[str | None, typer.Option("--case", metavar="NUMBER", help="every record of this case")] = None,
    record: Annotated[str | None, typer.Option("--record", metavar="ID", help="this record only")] = None,
    rules: Rules = None,
    data: Data = None,
    store: Store = None,
    as_json: AsJson = False,
    lang: LogLang = "zh",
) -> None:
    """抹除个人信息 · Erase the personal data of a case or a record; the log and its proofs stay whole."""
    if (case is None) == (record is None):
        misuse("--case 和 --record 写一个", "give one of `--case` and `--record`")
    _check({"--basis": basis, "--by": by, "--approved-by": approved_by})
    with _steps(rules, data, store) as (log, steps):
        if record is not None:
            erased = steps.erase(_entry(log, record), basis=basis, by=by, approved_by=approved_by, door="cli")
        else:
            erased = steps.erase_case(case or "", basis=basis, by=by, approved_by=approved_by, door="cli")
    if as_json:
        say_json(erased)
        return
    for event in _list(erased["erasures"]):
        count, index = len(event["records"]), event["index"]
        say(
            f"已抹除 {count} 条记录的个人信息；日志第 {index} 号"
            if lang == "zh"
            else f"the personal data of {count} records is erased; log record {index}"
        )


def personal(
    record: Annotated[str, typer.Argument(metavar="ID", help="id of the record")],
    purpose: Annotated[str, typer.Option("--purpose", metavar="TEXT", help="what for; no names")],
    by: Annotated[str, typer.Option("--by", metavar="STAFF", help="staff number")],
    rules: Rules = None,
    data: Data = None,
    store: Store = None,
    as_json: AsJson = False,
    lang: LogLang = "zh",
) -> None:
    """读取个人信息 · Read the personal data of a record; the reading is itself recorded first."""
    _check({"--purpose": purpose, "--by": by})
    with _steps(rules, data, store) as (log, steps):
        found = steps.read_personal(_entry(log, record), purpose=purpose, by=by, door="cli")
    if as_json:
        say_json(found)
        return
    values: Any = found["personal"]
    for name, value in values.items():
        say(f"{name}: {value}")
    if found["erased_by"] is not None:
        place = found["erased_by"]
        say(f"个人信息已抹除，见日志第 {place} 号" if lang == "zh" else f"personal data was erased by record {place}")


@contextmanager
def _steps(rules: Path | None, data: Path | None, store: str | None) -> Iterator[tuple[AuditLog, Steps]]:
    settings = Settings.choose(rules, data, store)
    need_log(settings)
    law = load(settings)
    with open_log(settings) as opened:
        desk = Desk(law, opened.log, opened.append, opened.vault)
        yield opened.log, Steps(desk, Reasons(law, opened.log))


def _entry(log: AuditLog, record_id: str) -> Entry:
    entry = log.find(record_id)
    if entry is None:
        misuse(f"没有记录“{record_id[:64]}”", f"there is no record `{record_id[:64]}`")
    return entry


def _check(given: dict[str, str]) -> None:
    for name, text in given.items():
        if not (text.isprintable() and 0 < len(text) <= _MOST[name]):
            misuse(
                f"`{name}` 应是 1 至 {_MOST[name]} 个能显示的字",
                f"`{name}` must be printable text of 1 to {_MOST[name]} characters",
            )


def _list(value: Any) -> list[Any]:
    return list(value)
