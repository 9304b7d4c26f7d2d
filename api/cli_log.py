"""The commands about the log: replay its decisions, verify its records."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import orjson
import typer

from api.settings import Settings
from api.terminal import FOUND, AsJson, Data, Lang, Rules, load, need_log, progress, say, say_json
from cases.log.audit import verify_file
from cases.log.store import AuditLog
from cases.log.vault import KEY_FILE, VaultKey
from cases.replay import replay as replay_log


def replay(
    start: Annotated[int, typer.Option("--from", metavar="INDEX", min=0, help="first record")] = 0,
    stop: Annotated[int | None, typer.Option("--to", metavar="INDEX", min=0, help="record to stop before")] = None,
    rules: Annotated[
        Path | None,
        typer.Option("--rules", metavar="DIR", help="decide by these rule files instead of those each record used"),
    ] = None,
    data: Data = None,
    as_json: AsJson = False,
    lang: Lang = "zh",
) -> None:
    """重放 · Decide every recorded question again, from the rule bytes it used, and name every difference."""
    settings = Settings.choose(rules, data)
    need_log(settings)
    law = load(settings) if rules else None
    with AuditLog.open(settings.log, read_only=True) as log, progress("replay") as show:
        report = replay_log(log, start=start, stop=stop, law=law, progress=show)
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


def verify(rules: Rules = None, data: Data = None, as_json: AsJson = False, lang: Lang = "zh") -> None:
    """核验 · Derive the log's tree again from its records and name every record that was touched.

    With --rules, also say whether those rule files are the ones the newest record was decided by.
    """
    settings = Settings.choose(rules, data)
    need_log(settings)
    with progress("verify") as show:
        report = verify_file(settings.log, show, _vault_key(settings))
    same = _same_rules(settings) if rules and report.ok else None
    if as_json:
        findings = [
            {"code": each.code, "index": each.seq, "message": each.message_en, "message_zh": each.message_zh}
            for each in report.findings
        ]
        result = {"ok": report.ok, "size": report.size, "root": report.root_hex, "findings": findings}
        say_json(result | ({"rules_match": same} if rules else {}))
    else:
        for finding in report.findings:
            say(finding.message_zh if lang == "zh" else finding.message_en)
        if report.ok:
            zh, en = (
                f"{report.size} 条记录完好，树根 {report.root_hex}",
                f"{report.size} records, sound, root {report.root_hex}",
            )
        else:
            zh, en = f"{len(report.findings)} 处问题", f"{len(report.findings)} findings"
        say(zh if lang == "zh" else en)
        if same is not None:
            zh = "最近一条记录用的" + ("就是这些规则文件" if same else "不是这些规则文件")
            en = f"the newest record was {'' if same else 'not '}decided by these rule files"
            say(zh if lang == "zh" else en)
    raise typer.Exit(0 if report.ok else FOUND)


def _same_rules(settings: Settings) -> bool | None:
    """Say whether the newest record rests on the given rule files; None where there is no record."""
    digest = load(settings).rulebook.digest
    with AuditLog.open(settings.log, read_only=True) as log:
        for seq in range(log.head().size - 1, -1, -1):
            # Events of the log itself rest on no rules.
            if (used := orjson.loads(log.read(seq).data).get("rulebook")) is not None:
                return bool(used == digest)
    return None


def _vault_key(settings: Settings) -> VaultKey | None:
    """The key that opens personal data; None where there is none, and then values are only counted."""
    path = settings.keys / KEY_FILE
    return VaultKey.read(path) if path.exists() else None
