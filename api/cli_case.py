"""The command about whole cases: decide several violations together, from a file."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.body import MAX_BODY
from api.problems import BadRequest, InvalidRequest
from api.settings import Settings
from api.terminal import FOUND, AsJson, Data, Lang, Rules, Store, load, misuse, say, say_json, spoken
from api.terminal_log import open_log
from cases.desk import Desk
from engine.explain_joint import explain_joint_wire

if TYPE_CHECKING:
    from api.joint import JointRequest


def decide_case(
    file: Annotated[str, typer.Argument(metavar="FILE", help="the case, JSON as for POST /v1/cases; - is stdin")],
    key: Annotated[
        str | None, typer.Option("--key", metavar="KEY", help="idempotency key: the same call twice is one record")
    ] = None,
    trial: Annotated[
        bool, typer.Option("--trial", help="try it out: recorded as a trial, never counted, no decision")
    ] = False,
    rules: Rules = None,
    data: Data = None,
    store: Store = None,
    as_json: AsJson = False,
    lang: Lang = None,
) -> None:
    """合并裁量 · Decide the violations of one case together: acts add up, one act is fined once; on the record."""
    if key is not None and not (key.isprintable() and 0 < len(key) <= 255):
        misuse("--key 应是 1 至 255 个能显示的字", "`--key` must be printable text of 1 to 255 characters")
    asked = _asked(file)
    settings = Settings.choose(rules, data, store)
    law = load(settings)
    language = spoken(lang, law.rulebook)
    with open_log(settings) as opened:
        desk = Desk(law, opened.log, opened.append, opened.vault)
        answer = desk.decide_together(asked.asked(), door="cli", key=key, party=asked.party, trial=trial).answer
    if as_json:
        say_json(answer)
    else:
        for sentence in explain_joint_wire(answer, language):
            say(sentence)
        if trial:
            say("这是试算，不是决定" if language == "zh" else "this is a trial and no decision")
        place = f"日志第 {answer['index']} 号" if language == "zh" else f"log record {answer['index']}"
        say(f"{place}，{answer['id']}" if language == "zh" else f"{place}, {answer['id']}")
    raise typer.Exit(0 if answer["outcome"] == "decision" else FOUND)


def _asked(file: str) -> JointRequest:
    """Read the case as strictly as the HTTP door does."""
    # The door's own reader, and the web with it: only this command needs it, and only now.
    from api.joint import read_joint_request  # noqa: PLC0415

    try:
        if file == "-":
            body = sys.stdin.buffer.read(MAX_BODY + 1)
        else:
            with Path(file).open("rb") as source:
                body = source.read(MAX_BODY + 1)
    except OSError as error:
        misuse(
            f"“{file}”读不了（{error.strerror}）；写一个 JSON 文件，或者用 - 从标准输入读",
            f"`{file}` cannot be read ({error.strerror}); name a JSON file, or - for standard input",
        )
    if len(body) > MAX_BODY:
        misuse(
            f"“{file}”超过 {MAX_BODY} 字节；一个案件不会这样长",
            f"`{file}` is larger than {MAX_BODY} bytes; a case is never that long",
        )
    try:
        return read_joint_request(body)
    except (BadRequest, InvalidRequest) as error:
        misuse(
            f'“{file}”不是案件：应是 JSON，如 {{"on": "2026-11-01", "acts": [{{"act": "甲", "violation": "SZCG-013", '
            '"facts": {"一年内次数": 2}}]}；错处见下一行',
            f"`{file}` is no case: {error.detail}",
        )
