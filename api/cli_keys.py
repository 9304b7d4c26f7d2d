"""The commands about what vouches for the log: its keys, time-stamps from outside, SM3 anchors."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated, Any

import typer

from api.settings import Settings
from api.terminal import FOUND, AsJson, Data, LogLang, Store, complain, misuse, say, say_json
from api.terminal_log import need_log
from cases.log.anchors import anchor as append_anchor
from cases.log.keyring import Keyring, lock_folder, write_durably
from cases.log.published import Published
from cases.log.rotation import record_added
from cases.log.rotation import rotate as rotate_keys
from cases.log.sm2 import add_sm2, openssl_verifier, read_sm2
from cases.log.store import AuditLog
from cases.log.vault_rotation import rotate_vault

UNVERIFIED = "no `openssl` that knows SM2 is here: the SM2-SM3 lines are made and not verified on this machine"


def _group(text: str) -> typer.Typer:
    return typer.Typer(help=text, no_args_is_help=True, add_completion=False, rich_markup_mode=None)


keys_app = _group("日志密钥 · The log's keys.")
timestamp_app = _group("时间戳 · Time-stamps by an authority outside (RFC 3161).")

Authority = Annotated[
    Path, typer.Option("--ca", metavar="FILE", help="PEM: the authority's root certificate, and those between")
]


@keys_app.command("list")
def list_keys(data: Data = None, as_json: AsJson = False) -> None:
    """列出密钥 · Every key the log ever had, and when it signed."""
    keyring, _ = _keys(data)
    sm2 = read_sm2(keyring.folder, keyring.origin)
    if as_json:
        listed: dict[str, Any] = {"origin": keyring.origin, "keys": [each.to_json() for each in keyring.keys]}
        say_json(listed | {"sm2": None if sm2 is None else str(sm2.verifier)})
        return
    if sm2 is not None and openssl_verifier() is None:
        complain(UNVERIFIED)
    for each in keyring.keys:
        say(f"{each.since} – {each.until or '…'}  {each.key}")
    if sm2 is not None:
        say(f"SM2-SM3  {sm2.verifier}")


@keys_app.command()
def rotate(data: Data = None, store: Store = None, as_json: AsJson = False, lang: LogLang = "zh") -> None:
    """更换密钥 · Change the log's keys, or finish a change that was cut; stop the service first."""
    keyring, settings = _keys(data, store)
    need_log(settings)
    with AuditLog.open(settings.where) as log:
        done = rotate_keys(log, keyring)
    size = None if done.overlap is None else done.overlap.size
    if as_json:
        say_json({"new": [*map(str, done.new)], "old": [*map(str, done.old)], "overlap": size})
        return
    for key in done.new:
        say(str(key))
    if size is None:
        say("上次更换已补完" if lang == "zh" else "the earlier change is finished now")
    else:
        zh, en = f"新旧密钥同签 {size} 条的检查点", f"old and new keys signed the checkpoint of {size} records"
        say(zh if lang == "zh" else en)


@keys_app.command("rotate-vault")
def rotate_vault_key(data: Data = None, store: Store = None, as_json: AsJson = False, lang: LogLang = "zh") -> None:
    """更换个人信息密钥 · Change the key of personal data, or finish a change that was cut; stop the service first."""
    keyring, settings = _keys(data, store)
    need_log(settings)
    with AuditLog.open(settings.where) as log:
        done = rotate_vault(log, keyring.folder)
    if as_json:
        say_json({"new": done.new, "old": done.old, "data_keys": done.data_keys, "index": done.index})
        return
    zh = f"个人信息密钥已由 {done.old} 换为 {done.new}：{done.data_keys} 个案件密钥已重新封装，见第 {done.index} 号记录"
    en = (
        f"the key of personal data is now {done.new} and no longer {done.old}; data keys of cases wrapped under it: "
        f"{done.data_keys}; record {done.index} says so"
    )
    say(zh if lang == "zh" else en)


@keys_app.command("add-sm2")
def add_sm2_key(
    public: Annotated[Path, typer.Option("--public", metavar="PEM", help="the SM2 public key")],
    command: Annotated[
        str,
        typer.Option("--command", help="signs standard input, or the file {}, and writes a DER signature"),
    ],
    data: Data = None,
    store: Store = None,
) -> None:
    """国密签名 · Have every checkpoint carry an SM2-SM3 line made by a command; stop the service first."""
    keyring, settings = _keys(data, store)
    need_log(settings)
    try:
        pem = public.read_bytes()
    except OSError as error:
        misuse(f"“{public}”读不了（{error.strerror}）", f"`{public}` cannot be read ({error.strerror})")
    with lock_folder(keyring.folder, alone=True), AuditLog.open(settings.where) as log:
        signer = add_sm2(keyring, pem, shlex.split(command))
        record_added(log, keyring, signer.verifier)
    if openssl_verifier() is None:
        complain(UNVERIFIED)
    say(str(signer.verifier))


@timestamp_app.command("request")
def request_timestamp(
    tsa: Annotated[str, typer.Option("--tsa", metavar="URL", help="the authority's address")],
    ca: Authority,
    data: Data = None,
    store: Store = None,
    as_json: AsJson = False,
) -> None:
    """申请时间戳 · Have the newest checkpoint time-stamped and keep the token; for cron, every hour or day."""
    from cases.log.stamps import TokenRefused, read_certificates  # noqa: PLC0415 - few need it
    from cases.log.timestamp import request_token  # noqa: PLC0415 - few need it

    settings = Settings.choose(None, data, store)
    need_log(settings)
    trusted = read_certificates(ca)
    with AuditLog.open(settings.where) as log:
        try:
            found = request_token(Published(log), tsa, trusted)
        except TokenRefused as error:
            complain(str(error))
            raise typer.Exit(FOUND) from error
    if as_json:
        say_json({"size": found.size, "time": found.time.isoformat(), "token": found.token.digest})
    else:
        say(f"{found.size}  {found.time.isoformat()}  {found.token.digest}")


@timestamp_app.command("verify")
def verify_timestamps(
    ca: Authority,
    size: Annotated[
        int | None, typer.Option("--size", min=0, help="of which checkpoint [default: all that have tokens]")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="write SIZE.checkpoint and its tokens, for `openssl ts -verify`"),
    ] = None,
    data: Data = None,
    store: Store = None,
    as_json: AsJson = False,
    lang: LogLang = "zh",
) -> None:
    """核验时间戳 · Verify the tokens that are kept; none at all is a finding."""
    from cases.log.stamps import read_certificates, verify_tokens  # noqa: PLC0415 - few need it

    settings = Settings.choose(None, data, store)
    need_log(settings)
    trusted = read_certificates(ca)
    good: list[dict[str, Any]] = []
    bad: list[dict[str, Any]] = []
    with AuditLog.open(settings.where, read_only=True) as log:
        published = Published(log)
        for each in published.stamped_sizes() if size is None else [size]:
            for stamped, problem in verify_tokens(published, each, trusted):
                if stamped is None:
                    bad.append({"size": each, "problem": problem})
                else:
                    good.append({"size": each, "time": stamped.time.isoformat(), "token": stamped.token.digest})
            if out is not None:
                out.mkdir(parents=True, exist_ok=True)
                write_durably(out / f"{each}.checkpoint", published.signed_bytes(each))
                for number, token in enumerate(published.tokens(each)):
                    write_durably(out / f"{each}.{number}.token", token.data)
    ok = bool(good) and not bad
    if as_json:
        say_json({"ok": ok, "tokens": good, "findings": bad})
    else:
        for found in good:
            say(f"{found['size']}  {found['time']}  {found['token']}")
        for found in bad:
            say(f"{found['size']}  {found['problem']}")
        zh, en = f"{len(good)} 枚时间戳有效，{len(bad)} 枚有问题", f"{len(good)} time-stamps hold, {len(bad)} do not"
        say(zh if lang == "zh" else en)
    raise typer.Exit(0 if ok else FOUND)


def anchor(data: Data = None, store: Store = None, as_json: AsJson = False, lang: LogLang = "zh") -> None:
    """国密锚点 · Append a record with SM3 over all that was signed since the last anchor; for cron, hourly or daily."""
    settings = Settings.choose(None, data, store)
    need_log(settings)
    with AuditLog.open(settings.where) as log:
        found = append_anchor(log)
    if as_json:
        fields = (
            None if found is None else {"index": found.seq, "from": found.start, "to": found.stop, "sm3": found.sm3}
        )
        say_json({"anchor": fields})
    elif found is None:
        say("自上个锚点以来没有新签的记录" if lang == "zh" else "nothing was signed since the last anchor")
    else:
        say(f"{found.start}–{found.stop}  SM3 {found.sm3}")


def _keys(data: Path | None, store: str | None = None) -> tuple[Keyring, Settings]:
    settings = Settings.choose(None, data, store)
    return Keyring(settings.keys), settings
