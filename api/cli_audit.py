"""The commands of the auditor: verify the log, here or from files alone; export it; keep checkpoints; prove records."""

from __future__ import annotations

import os
import re
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import orjson
import typer

from api.settings import Settings
from api.terminal import FOUND, AsJson, Data, LogLang, Rules, Store, complain, load, misuse, progress, say, say_json
from api.terminal_log import need_log
from cases.errors import NotPublished
from cases.log.audit import verify_at
from cases.log.export import export as export_log
from cases.log.files import files_at
from cases.log.finding import AuditReport, Finding, Stamp
from cases.log.keyring import LIST, Keyring, lock_folder
from cases.log.published import Published
from cases.log.second_tree import leaf_of
from cases.log.store import AuditLog
from cases.log.trust import Trust
from cases.log.vault_key import KEY_FILE, VaultKey
from cases.log.verify_files import FilesReport, Kept, verify_files
from cases.log.witness_client import read_policy
from cases.tlog.errors import Malformed, TlogError
from cases.tlog.policy import Policy
from cases.tlog.proof import TlogProof

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cryptography.x509 import Certificate

Vkeys = Annotated[list[str] | None, typer.Option("--vkey", metavar="VKEY", help="a key of the log; repeatable")]
Keys = Annotated[Path | None, typer.Option("--keys", metavar="FILE", help="the log's list of keys, kept by you")]
PolicyFile = Annotated[
    Path | None, typer.Option("--policy", metavar="FILE", help="logs, witnesses and quorum (C2SP tlog-policy)")
]
_NEED_KEY = (
    "公钥必须来自被核验的文件之外（--vkey、--keys 或者 --policy）："
    "向日志的主办单位另行索取（公告、网站、函件），取一次，自己留存；"
    "放在日志旁边的公钥什么也证明不了",
    "a key must come from outside the files that are checked (--vkey, --keys or --policy): ask the log's owner for it "
    "by another way (his notice, his website, a letter), once, and keep it; a key beside the log proves nothing",
)


def verify(
    place: Annotated[
        str | None, typer.Argument(metavar="[DIR|URL]", help="an exported log [default: the log of this installation]")
    ] = None,
    vkey: Vkeys = None,
    keys: Keys = None,
    policy: PolicyFile = None,
    seen: Annotated[
        list[Path] | None, typer.Option("--seen", metavar="FILE", help="a checkpoint you kept earlier; repeatable")
    ] = None,
    ca: Annotated[
        Path | None,
        typer.Option("--ca", metavar="FILE", help="PEM: the root of a time-stamping authority; verify every token"),
    ] = None,
    jobs: Annotated[
        int | None,
        typer.Option(
            "--jobs", metavar="N", min=0, help="processes that read records; 0 (default) takes all processors"
        ),
    ] = None,
    rules: Rules = None,
    data: Data = None,
    store: Store = None,
    as_json: AsJson = False,
    lang: LogLang = "zh",
) -> None:
    """核验 · Derive the log's tree again from its records and name every record that was touched.

    Without DIR or URL: the log of this installation, its signed checkpoints too; with --rules, also say whether those
    rule files are the ones the newest record was decided by. With DIR or URL: an exported log, from its files alone.
    """
    if place is not None:
        if rules is not None or data is not None or store is not None:
            misuse(
                "--rules、--data、--store 说的是本机安装的日志，不是别处的文件",
                "--rules, --data and --store are of the log of this installation, not of files at a place",
            )
        trust = _trust(vkey, keys, policy)
        if trust is None:
            misuse(*_NEED_KEY)
        kept = [Kept(str(path), _read(path)) for path in seen or ()]
        _verify_place(place, trust, kept, _certificates(ca), jobs, as_json, lang)
    elif vkey or keys or policy or seen or jobs is not None:
        misuse(
            "--vkey、--keys、--policy、--seen、--jobs 用于导出的日志：写明它的文件夹或者网址",
            "--vkey, --keys, --policy, --seen and --jobs are for an exported log: name its folder or address",
        )
    else:
        _verify_store(Settings.choose(rules, data, store), _certificates(ca), rules is not None, as_json, lang)


def export(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="where to; what is there already is continued")],
    data: Data = None,
    store: Store = None,
    as_json: AsJson = False,
    lang: LogLang = "zh",
) -> None:
    """导出 · Write the log as files that anyone can verify (C2SP tlog-tiles), up to its newest signed checkpoint."""
    settings = Settings.choose(None, data, store)
    need_log(settings)
    keyring = Keyring(settings.keys)
    with AuditLog.open(settings.where, read_only=True) as log, progress("export") as show:
        done = export_log(log, folder, keyring.public_list(), progress=show)
        waiting = log.head().size - done.checkpoint.size
    size, root = done.checkpoint.size, done.checkpoint.root.hex()
    if as_json:
        say_json(
            {"origin": done.checkpoint.origin, "size": size, "root": root, "files": done.written, "unsigned": waiting}
        )
        return
    zh = f"已导出 {size} 条记录，新写 {done.written} 个文件，树根 {root}"
    en = f"{size} records exported, {done.written} files written, root {root}"
    say(zh if lang == "zh" else en)
    if waiting:
        zh, en = f"另有 {waiting} 条尚未签名，未导出", f"{waiting} more are not signed yet and were not exported"
        say(zh if lang == "zh" else en)


def checkpoint(data: Data = None, store: Store = None, as_json: AsJson = False) -> None:
    """检查点 · Print the newest signed checkpoint. Kept elsewhere, it binds the log: `audit verify DIR --seen FILE`."""
    settings = Settings.choose(None, data, store)
    need_log(settings)
    with AuditLog.open(settings.where, read_only=True) as log:
        latest = Published(log).latest()
    if latest is None:
        raise NotPublished("nothing was signed yet")
    note = latest.note.to_bytes().decode()
    if as_json:
        found = latest.checkpoint
        say_json({"origin": found.origin, "size": found.size, "root": found.root.hex(), "note": note})
    else:
        say(note.removesuffix("\n"))


def prove(
    record: Annotated[str, typer.Argument(metavar="ID|INDEX", help="which record")],
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="where to; beside it FILE.record")
    ] = None,
    data: Data = None,
    store: Store = None,
    as_json: AsJson = False,
) -> None:
    """证明 · Prove that a record stands in the log, by its path in the tree and the newest signed checkpoint."""
    settings = Settings.choose(None, data, store)
    need_log(settings)
    with AuditLog.open(settings.where, read_only=True) as log:
        found = log.read(int(record)) if re.fullmatch(r"[0-9]{1,18}", record) else log.find(record)
        if found is None:
            misuse(f"没有记录“{record}”", f"there is no record `{record}`")
        proof = Published(log).proof(found.seq)
    if output is not None:
        output.write_bytes(proof.to_bytes())
        output.with_name(output.name + ".record").write_bytes(found.data)
    text = proof.to_bytes().decode()
    if as_json:
        say_json({"id": found.id, "index": found.seq, "proof": text, "record": found.data.decode()})
    elif output is None:
        say(text.removesuffix("\n"))


def verify_proof(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="a .tlog-proof")],
    record: Annotated[
        Path | None, typer.Option("--record", metavar="FILE", help="the record's exact bytes, FILE.record of `proof`")
    ] = None,
    vkey: Vkeys = None,
    keys: Keys = None,
    policy: PolicyFile = None,
    data: Data = None,
    store: Store = None,
    as_json: AsJson = False,
    lang: LogLang = "zh",
) -> None:
    """核对证明 · Check, with nothing but files and a key, that the log whose key it is holds that record.

    Without --record, --data or --store names the log to take it from.
    """
    if (record is None) == (data is None and store is None):
        misuse(
            "写明记录在哪里：--record FILE，或者用 --data、--store 指明它所在的日志",
            "say where the record is: --record FILE, or --data or --store for the log it stands in",
        )
    trust = _trust(vkey, keys, policy)
    if trust is None:
        misuse(*_NEED_KEY)
    try:
        proof = TlogProof.parse(_read(file))
    except Malformed as wrong:
        misuse(f"“{file}”不是证明（{wrong}）", f"`{file}` is no proof: {wrong}")
    try:
        trust.accept(proof.note)
        content = _read(record) if record is not None else _stored(proof.index, Settings.choose(None, data, store))
        accepted = proof.verify(leaf_of(content), trust.policy)
    except TlogError as wrong:
        if as_json:
            say_json({"ok": False, "reason": str(wrong)})
        else:
            say(f"证明不成立：{wrong}" if lang == "zh" else f"the proof does not hold: {wrong}")
        raise typer.Exit(FOUND) from wrong
    found = accepted.checkpoint
    if as_json:
        say_json({"ok": True, "origin": found.origin, "index": proof.index, "size": found.size})
    else:
        zh = f"属实：这份记录是 {found.origin} 的第 {proof.index} 号（共 {found.size} 条）"
        en = f"it holds: this is record {proof.index} of {found.origin} ({found.size} records)"
        say(zh if lang == "zh" else en)


def _trust(vkeys: list[str] | None, keys: Path | None, policy: Path | None) -> Trust | None:
    given = [each for each in (vkeys, keys, policy) if each]
    if len(given) > 1:
        misuse(
            "公钥只用一种办法给：--vkey、--keys 或者 --policy", "give the keys in one way: --vkey, --keys or --policy"
        )
    try:
        if keys is not None:
            return Trust.of_list(_read(keys))
        if policy is not None:
            return Trust(Policy.parse(_read(policy)))
        return Trust.of_keys(vkeys) if vkeys else None
    except Malformed as wrong:
        what = "--vkey" if vkeys else str(keys or policy)
        misuse(f"“{what}”不能用（{wrong}）", f"`{what}` cannot be used: {wrong}")


def _stored(index: int, settings: Settings) -> bytes:
    need_log(settings)
    with AuditLog.open(settings.where, read_only=True) as log:
        return log.read(index).data


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        misuse(f"“{path}”读不了（{error.strerror}）", f"`{path}` cannot be read ({error.strerror})")


def _certificates(path: Path | None) -> Sequence[Certificate] | None:
    if path is None:
        return None
    from cases.log.stamps import read_certificates  # noqa: PLC0415 - few need it

    return read_certificates(path)


def _verify_place(
    place: str,
    trust: Trust,
    seen: list[Kept],
    authority: Sequence[Certificate] | None,
    jobs: int | None,
    as_json: bool,
    lang: str,
) -> None:
    try:
        with progress("verify") as show:
            processes = jobs or os.cpu_count() or 1
            report = verify_files(files_at(place), trust, seen, authority=authority, jobs=processes, progress=show)
    except NotPublished as error:
        misuse(f"“{place}”不是公布的日志：{error}", str(error))
    if as_json:
        say_json(
            _common(report)
            | {
                "origin": report.origin,
                "notes": _listed(report.notes),
                "kinds": report.kinds,
                "checkpoints": report.checkpoints,
                "witnesses": list(report.witnessed),
                "followed": [{"index": each.seq, "vkeys": [*map(str, each.keys)]} for each in report.followed],
                "split_view": [each.data.decode("utf-8", "replace") for each in report.shown],
            }
        )
    else:
        _say_place(report, lang)
    raise typer.Exit(0 if report.ok else FOUND)


def _say_place(report: FilesReport, lang: str) -> None:
    _say_findings(report.findings, lang)
    for each in report.shown:
        say(f"--- {each.name}\n{each.data.decode('utf-8', 'replace')}")
    _say_sum(report, lang)
    if report.ok:
        kinds = ", ".join(f"{name or '?'} {count}" for name, count in report.kinds.items())
        zh = f"{report.origin}：{report.checkpoints} 个签过名的检查点相符；记录种类：{kinds}"
        en = f"{report.origin}: {report.checkpoints} signed checkpoints agree; kinds of records: {kinds}"
        say(zh if lang == "zh" else en)
        if report.witnessed:
            names = ", ".join(report.witnessed)
            say(f"见证人：{names}" if lang == "zh" else f"witnesses: {names}")
    _say_stamps(report, lang)
    for note in report.notes:
        say(f"注意：{note.message_zh}" if lang == "zh" else f"note: {note.message_en}")


def _verify_store(
    settings: Settings, authority: Sequence[Certificate] | None, asked: bool, as_json: bool, lang: str
) -> None:
    need_log(settings)
    # Held until it is done: values are opened with the key as it was read.
    held = lock_folder(settings.keys, alone=False) if settings.keys.is_dir() else nullcontext()
    with held, progress("verify") as show:
        trust = _own_trust(settings) if (settings.keys / LIST).exists() else None
        report = verify_at(settings.where, show, trust=trust, vault=_vault_key(settings), authority=authority)
    same = _same_rules(settings) if asked and report.ok else None
    if as_json:
        say_json(_common(report) | ({"rules_match": same} if asked else {}))
    else:
        _say_findings(report.findings, lang)
        _say_sum(report, lang)
        _say_stamps(report, lang)
        if same is not None:
            zh = "最近一条记录用的" + ("就是这些规则文件" if same else "不是这些规则文件")
            en = f"the newest record was {'' if same else 'not '}decided by these rule files"
            say(zh if lang == "zh" else en)
    if trust is None and report.ok and _was_signed(settings):
        complain(f"there are no keys in `{settings.keys}`: the signatures of checkpoints were not checked")
    raise typer.Exit(0 if report.ok else FOUND)


def _own_trust(settings: Settings) -> Trust:
    keyring = Keyring(settings.keys)
    policy = read_policy(keyring)
    return Trust.of_dated(keyring.keys, () if policy is None else policy.witnesses)


def _was_signed(settings: Settings) -> bool:
    with AuditLog.open(settings.where, read_only=True) as log:
        return Published(log).latest() is not None


def _same_rules(settings: Settings) -> bool | None:
    """Say whether the newest record that rests on rule files rests on these; None where none does."""
    digest = load(settings).rulebook.digest
    with AuditLog.open(settings.where, read_only=True) as log:
        for seq in reversed(range(log.head().size)):
            if (found := orjson.loads(log.read(seq).data).get("rulebook")) is not None:
                return bool(found == digest)
    return None


def _listed(findings: tuple[Finding, ...]) -> list[dict[str, Any]]:
    return [
        {"code": each.code, "index": each.seq, "message": each.message_en, "message_zh": each.message_zh}
        for each in findings
    ]


def _common(report: AuditReport | FilesReport) -> dict[str, Any]:
    return {
        "ok": report.ok,
        "size": report.size,
        "root": report.root_hex,
        "findings": _listed(report.findings),
        "time_stamps": _stamps(report.stamps),
    }


def _stamps(stamps: tuple[Stamp, ...] | None) -> dict[str, Any] | None:
    """How many tokens hold, and what the earliest and the latest say; None where they were not checked."""
    if stamps is None:
        return None
    told = [{"time": each.time.isoformat(), "size": each.size} for each in stamps]
    return {"hold": len(told), "earliest": told[0] if told else None, "latest": told[-1] if told else None}


def _say_stamps(report: AuditReport | FilesReport, lang: str) -> None:
    if report.stamps is None:
        return
    zh, en = f"{len(report.stamps)} 枚时间戳有效", f"{len(report.stamps)} time-stamps hold"
    # What a checkpoint covers is only clear where everything agrees with it.
    for each in dict.fromkeys((*report.stamps[:1], *report.stamps[-1:])) if report.ok else ():
        zh += f"；{each.time.isoformat()} 时已有前 {each.size} 条记录"
        en += f"; at {each.time.isoformat()} the first {each.size} records existed"
    say(zh if lang == "zh" else en)


def _say_findings(findings: tuple[Finding, ...], lang: str) -> None:
    for each in findings:
        say(each.message_zh if lang == "zh" else each.message_en)


def _say_sum(report: AuditReport | FilesReport, lang: str) -> None:
    if report.ok:
        size, root = report.size, report.root_hex
        zh, en = f"{size} 条记录完好，树根 {root}", f"{size} records, sound, root {root}"
    else:
        zh, en = f"{len(report.findings)} 处问题", f"{len(report.findings)} findings"
    say(zh if lang == "zh" else en)


def _vault_key(settings: Settings) -> VaultKey | None:
    """The key that opens personal data; None where there is none, and then values are only counted."""
    path = settings.keys / KEY_FILE
    return VaultKey.read(path) if path.exists() else None
