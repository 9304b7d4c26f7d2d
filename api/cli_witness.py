"""The commands of an auditor's own machine: a witness that keeps every checkpoint and cosigns what continues it."""

from __future__ import annotations

import secrets
import signal
import socket
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated
from urllib.parse import quote

import typer

from api.terminal import FOUND, AsJson, LogLang, misuse, say, say_json
from cases.log.keyring import write_durably, write_private
from cases.log.witness import Kept, WitnessStore, cosigner_keys
from cases.tlog.errors import Malformed
from cases.tlog.keys import KeyType, SignerKey, VerifierKey

witness_app = typer.Typer(
    help="见证 · Witness logs, on a machine of your own.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)

KeyFile = Annotated[Path, typer.Option("--key", metavar="FILE", help="the witness's private key")]
State = Annotated[
    Path | None, typer.Option("--state", metavar="FILE", help="what it cosigned [default: beside the key, .sqlite3]")
]


@witness_app.command("key")
def make_key(
    name: Annotated[str, typer.Argument(help="the witness's name, a URL without scheme: audit.example/w1")],
    key: KeyFile = Path("witness.key"),
    state: State = None,
    ml_dsa: Annotated[bool, typer.Option("--ml-dsa", help="ML-DSA-44 (subtree/v1) instead of Ed25519")] = False,
) -> None:
    """见证人密钥 · Make a witness's key and its empty state, and print the vkey to give to the log."""
    if key.exists():
        misuse(f"“{key}”已经存在；换一个文件名", f"`{key}` is there already; name another file")
    try:
        made = SignerKey(name, KeyType.SUBTREE if ml_dsa else KeyType.COSIGNATURE, secrets.token_bytes(32))
        vkey = str(made.verifier)
    except Malformed as error:
        misuse(f"名称不能用（{error}）", f"the name cannot be used: {error}")
    # The state first: a key without one cosigns nothing, a state without a key is only an empty file.
    WitnessStore.create(_state(key, state))
    write_private(key, made)
    say(vkey)


@witness_app.command()
def serve(
    log: Annotated[list[str], typer.Option("--log", metavar="VKEY", help="a key of a log; again for each key and log")],
    key: Annotated[list[Path], typer.Option("--key", metavar="FILE", help="a private key; again for a second one")],
    host: Annotated[str, typer.Option("--host", metavar="ADDRESS", help="the address to be reached at")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="0 takes a free one")] = 8700,
    state: State = None,
    as_json: AsJson = False,
) -> None:
    """见证服务 · Cosign the checkpoints of these logs that continue what was cosigned before (C2SP tlog-witness)."""
    # Only serving needs the web: every other command starts without it.
    import uvicorn  # noqa: PLC0415

    from api.witness import witness_app as application  # noqa: PLC0415

    try:
        logs = [VerifierKey.parse(each) for each in log]
    except Malformed as error:
        misuse(f"--log 要日志的 vkey（{error}）", f"--log takes a vkey of the log: {error}")
    store = WitnessStore(_state(key[0], state), cosigner_keys(key), logs)
    store.latest()  # A state that cannot be used is told now, and not to the log.
    try:
        bound = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        misuse(
            f"{host} 的端口 {port} 不能用（{error.strerror}）；用 --host 和 --port 换一个",
            f"port {port} of {host} cannot be used ({error.strerror}); choose another with --host and --port",
        )
    shown = f"[{host}]" if ":" in host else host
    url = f"http://{shown}:{bound.getsockname()[1]}"
    if as_json:
        say_json({"url": url, "state": str(store.path), "logs": sorted({each.name for each in logs})}, line=True)
    else:
        say(f"见证 {url}；记录 {store.path}；按 Ctrl-C 停止")
    sys.stdout.flush()
    config = uvicorn.Config(
        application(store), log_level="warning", access_log=False, server_header=False, limit_concurrency=64
    )
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(0))
    try:
        uvicorn.Server(config).run(sockets=[bound])
    except KeyboardInterrupt:
        pass
    finally:
        bound.close()


@witness_app.command()
def show(
    key: KeyFile = Path("witness.key"),
    state: State = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="write every checkpoint cosigned into DIR/LOG/SIZE")
    ] = None,
    as_json: AsJson = False,
    lang: LogLang = "zh",
) -> None:
    """见证所见 · Show the newest checkpoint cosigned of each log, and what a log signed that was refused."""
    store = WitnessStore(_state(key, state))
    latest, refused = store.latest(), store.refused()
    if out is not None:
        for each in latest:
            folder = out / quote(each.checkpoint.origin, safe="")
            folder.mkdir(parents=True, exist_ok=True)
            for kept in store.kept(each.checkpoint.origin):
                write_durably(folder / str(kept.checkpoint.size), kept.note.to_bytes())
    if as_json:
        say_json({"ok": not refused, "cosigned": [*map(_wire, latest)], "refused": [*map(_wire, refused)]})
    else:
        for each in latest:
            point = each.checkpoint
            records = "条，树根" if lang == "zh" else "records, root"
            say(f"{point.origin}  {point.size} {records} {point.root.hex()}  {_time(each)}")
        for each in refused:
            point = each.checkpoint
            said = "拒签：此树接不上已签的" if lang == "zh" else "refused: this tree does not continue the one cosigned"
            say(f"{said}  {point.origin}  {point.size}  {_time(each)}")
    raise typer.Exit(FOUND if refused else 0)


def _state(key: Path, state: Path | None) -> Path:
    return state or key.with_suffix(".sqlite3")


def _time(each: Kept) -> str:
    return datetime.fromtimestamp(each.time, UTC).isoformat().replace("+00:00", "Z")


def _wire(each: Kept) -> dict[str, object]:
    return {
        "origin": each.checkpoint.origin,
        "size": each.checkpoint.size,
        "root": each.checkpoint.root.hex(),
        "time": _time(each),
        "status": each.status,
        "note": each.note.to_bytes().decode(),
    }
