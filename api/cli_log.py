"""The command that replays the log: its decisions decided again."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from api.settings import Settings
from api.terminal import FOUND, AsJson, Data, LogLang, Store, load, progress, say, say_json
from api.terminal_log import need_log
from cases.replay import replay_in_processes


def replay(
    start: Annotated[int, typer.Option("--from", metavar="INDEX", min=0, help="first record")] = 0,
    stop: Annotated[int | None, typer.Option("--to", metavar="INDEX", min=0, help="record to stop before")] = None,
    rules: Annotated[
        Path | None,
        typer.Option("--rules", metavar="DIR", help="decide by these rule files instead of those each record used"),
    ] = None,
    jobs: Annotated[
        int, typer.Option("--jobs", metavar="N", min=0, help="processes; 0 (default) takes all processors")
    ] = 0,
    data: Data = None,
    store: Store = None,
    as_json: AsJson = False,
    lang: LogLang = "zh",
) -> None:
    """重放 · Decide every recorded question again, from the rule bytes it used, and name every difference."""
    settings = Settings.choose(rules, data, store)
    need_log(settings)
    if rules:
        load(settings)  # What is wrong with them is told here, once.
    with progress("replay") as show:
        report = replay_in_processes(
            settings.where,
            jobs or os.cpu_count() or 1,
            start=start,
            stop=stop,
            rules=rules,
            cache=settings.cache,
            progress=show,
        )
    if as_json:
        say_json(
            {
                "ok": report.ok,
                "replayed": report.replayed,
                "differences": [
                    {"index": each.index, "id": each.id, "message": each.message_en, "message_zh": each.message_zh}
                    for each in report.differences
                ],
            }
        )
    else:
        for each in report.differences:
            say(f"第 {each.index} 号：{each.message_zh}" if lang == "zh" else f"record {each.index}: {each.message_en}")
        zh = f"重放 {report.replayed} 条，{len(report.differences)} 条不同"
        en = f"{report.replayed} records replayed, {len(report.differences)} differ"
        say(zh if lang == "zh" else en)
    raise typer.Exit(0 if report.ok else FOUND)
