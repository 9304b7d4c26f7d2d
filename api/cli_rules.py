"""The command that decides one violation."""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path
from typing import Annotated, Never

import typer

from api.settings import Settings
from api.terminal import FOUND, AsJson, Data, Lang, Rules, Store, load, misuse, say, say_json, spoken
from api.terminal_log import open_log
from cases.desk import Desk
from cases.lawfiles import Law
from cases.log.store import AuditLog
from cases.reasons import NoReasons, Reasons
from cases.record import Asked, read_record
from engine import GivenFact, GivenFacts
from engine.calendar import read_day
from engine.explain import explain_wire
from engine.fact import Language
from engine.near import day as near_day

# What stands for the sign between name and value where people write as in a text.
_OTHER_EQUALS = re.compile(r"([^＝:：=]+?)\s*[＝:：]\s*(.+)")


def decide(
    violation: Annotated[str, typer.Argument(metavar="CODE", help="code of the violation, e.g. SZCG-013")],
    on: Annotated[str | None, typer.Option("--on", metavar="YYYY-MM-DD", help="day of the act  [required]")] = None,
    fact: Annotated[
        list[str] | None,
        typer.Option("--fact", metavar="NAME=VALUE", help="a fact; repeat it; days as 2026-01-31,2026-05-06"),
    ] = None,
    decided: Annotated[
        str | None, typer.Option("--decided", metavar="YYYY-MM-DD", help="day of the decision, for 从旧兼从轻")
    ] = None,
    case: Annotated[
        str | None, typer.Option("--case", metavar="NUMBER", help="the case it belongs to (no names)")
    ] = None,
    key: Annotated[
        str | None, typer.Option("--key", metavar="KEY", help="idempotency key: the same call twice is one record")
    ] = None,
    trial: Annotated[
        bool, typer.Option("--trial", help="try it out: recorded as a trial, never counted, no decision")
    ] = False,
    party: Annotated[
        Path | None,
        typer.Option(
            "--party",
            metavar="FILE",
            help='who it is about, a JSON object of texts ({"姓名": "…"}); never on the command line, which others see',
        ),
    ] = None,
    why: Annotated[
        bool, typer.Option("--why", help="also print what would have changed it, once it is on the record")
    ] = False,
    rules: Rules = None,
    data: Data = None,
    store: Store = None,
    as_json: AsJson = False,
    lang: Lang = None,
) -> None:
    """裁量 · Decide a violation: one fixed penalty or a refusal by name, recorded before it is shown."""
    for name, text, limit in (("CODE", violation, 64), ("--case", case, 100), ("--key", key, 255)):
        if text is not None and not (text.isprintable() and 0 < len(text) <= limit):
            misuse(
                f"`{name}` 应是 1 至 {limit} 个能显示的字",
                f"`{name}` must be printable text of 1 to {limit} characters",
            )
    if why and as_json:
        misuse(
            "--why 输出句子，--json 输出一个决定对象：只写一个",
            "`--why` prints sentences, and `--json` one decision object: give one of them",
        )
    if on is None:
        misuse(
            "没有写违法行为发生在哪一天：加上 --on 2026-11-01", "the day of the act is missing: add `--on 2026-11-01`"
        )
    given = {} if party is None else _party(party)
    asked = Asked(
        violation=violation,
        on=_day("--on", on),
        facts=_facts(fact or []),
        case_ref=case,
        decided=_day("--decided", decided) if decided is not None else None,
    )
    settings = Settings.choose(rules, data, store)
    law = load(settings)
    language = spoken(lang, law.rulebook)
    with open_log(settings) as opened:
        log = opened.log
        desk = Desk(law, log, opened.append, opened.vault)
        recorded = desk.decide(asked, door="cli", key=key, party=given, trial=trial)
        answer = recorded.answer
        otherwise = _otherwise(law, log, recorded.index, language) if why else ()
    if as_json:
        say_json(answer)
    else:
        for sentence in explain_wire(answer, language):
            say(sentence)
        for sentence in otherwise:
            say(sentence)
        if trial:
            say("这是试算，不是决定" if language == "zh" else "this is a trial and no decision")
        place = f"日志第 {answer['index']} 号" if language == "zh" else f"log record {answer['index']}"
        say(f"{place}，{answer['id']}" if language == "zh" else f"{place}, {answer['id']}")
    raise typer.Exit(0 if answer["outcome"] == "decision" else FOUND)


def _otherwise(law: Law, log: AuditLog, index: int, lang: Language) -> tuple[str, ...]:
    """Say what would have changed a decision that stands in the log, or why nothing can be said of it."""
    found = Reasons(law, log).of(read_record(log.read(index).data))
    if isinstance(found, NoReasons):
        return (found.message_zh if lang == "zh" else found.message_en,)
    return ("怎样会不同：" if lang == "zh" else "what would have changed it:", *found.sentences(lang))


def _party(path: Path) -> dict[str, str]:
    """Read who it is about; what is in the file is never repeated."""
    try:
        found = json.loads(path.read_bytes())
    except OSError as error:
        misuse(
            f"“{path}”读不了（{error.strerror}）；要一个 JSON 文件",
            f"`{path}` cannot be read ({error.strerror}); name a JSON file",
        )
    except ValueError:
        misuse(f"“{path}”不是 JSON", f"`{path}` is no JSON")
    pairs = found.items() if isinstance(found, dict) and len(found) <= 20 else [("", "")]
    if not all(isinstance(text, str) and 0 < len(text) <= 200 and 0 < len(name) <= 40 for name, text in pairs):
        misuse(
            f"“{path}”应是一个对象：至多 20 个名称（40 字以内）和文字（1 至 200 字）",
            f"`{path}` is no object of at most 20 names (40 characters) and texts (1 to 200 characters)",
        )
    return dict(pairs)


def _day(option: str, text: str) -> date:
    day = read_day(text)
    if day is None:
        zh, en = near_day(text)
        misuse(f"`{option} {text}` 不是日期；{zh}", f"`{option} {text}` is no day; {en}")
    return day


def _facts(given: list[str]) -> GivenFacts:
    facts: dict[str, GivenFact] = {}
    for each in given:
        name, equals, value = (part.strip() for part in each.partition("="))
        if not equals or not name:
            meant = _OTHER_EQUALS.fullmatch(each)
            zh, en = (f"{meant[1]}={meant[2]}",) * 2 if meant else ("一年内次数=2", "name=value")
            misuse(
                f"`--fact {each}` 不是事实；写成 名称=值，如 `--fact {zh}`",
                f"`--fact {each}` is no fact; write it as NAME=VALUE, for example `--fact {en}`",
            )
        if name in facts:
            misuse(f"事实“{name}”写了两次；只写一次", f"the fact `{name}` is given twice; give it once")
        if not (name + value).isprintable() or len(each) > 2_000:
            misuse(
                f"事实“{name[:40]}”记录不了；只能用能显示的字，至多 2000 个",
                f"the fact `{name[:40]}` cannot be recorded; use printable text of at most 2,000 characters",
            )
        facts[name] = _records(name, value) if value.startswith("[") else value
    return facts


def _records(name: str, text: str) -> GivenFact:
    """Read a list of records, given as JSON; numbers with decimals stand as text there too."""
    try:
        records = json.loads(text, parse_float=_no_float, parse_constant=_no_float)
    except ValueError as error:
        misuse(
            f'事实“{name}”以“[”开头，而不是 JSON 清单（{error}）；写成 [{{"字段": "值"}}, …]，没有的写 []，'
            "日期列表写成 2026-01-31,2026-05-06",
            f'the fact `{name}` is no JSON list: {error}; write it as [{{"FIELD": "VALUE"}}, …], none as [], '
            "a list of days as 2026-01-31,2026-05-06",
        )
    plain = isinstance(records, list) and all(
        isinstance(each, dict) and all(isinstance(value, str | int) for value in each.values()) for each in records
    )
    if not plain:
        misuse(
            f'事实“{name}”不是清单；写成 [{{"字段": "值"}}, …]，日期列表写成 2026-01-31,2026-05-06',
            f'the fact `{name}` is no list of records; write it as [{{"FIELD": "VALUE"}}, …], '
            "a list of days as 2026-01-31,2026-05-06",
        )
    found: list[dict[str, str | int | bool]] = records
    return found


def _no_float(text: str) -> Never:
    raise ValueError(f'{text} would be a float; write it as text: "{text}"')
