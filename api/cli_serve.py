"""The commands that stay: serve the doors, and watch the log beside them."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer

from api.settings import Settings
from api.terminal import FOUND, AsJson, Data, Rules, Store, complain, load, misuse, say, say_json
from api.terminal_log import need_log


def serve(
    host: Annotated[
        str, typer.Option("--host", metavar="ADDRESS", help="a loopback address; others are refused")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="0 takes a free one")] = 8000,
    rules: Rules = None,
    data: Data = None,
    store: Store = None,
    as_json: AsJson = False,
) -> None:
    """启动服务 · Serve the officer's page and the HTTP API on this machine, with supervision beside it."""
    # Only serving needs the web: every other command starts without it.
    from api.serve import Address, AddressRefused, run  # noqa: PLC0415

    settings = Settings.choose(rules, data, store)
    law = load(settings)
    try:
        address = Address.of(host, port)
    except AddressRefused as error:
        misuse(
            f"不能在 {host}:{port} 服务：只用本机地址和空闲的端口（--host 127.0.0.1，--port 0 取一个空闲的）",
            str(error),
        )

    def announce(info: dict[str, Any]) -> None:
        if as_json:
            say_json(info, line=True)
        else:
            say(f"准绳 {info['url']}")
            say(f"{info['violations']} 项违法行为；日志 {info['log']}；监督 {info['supervision']}；按 Ctrl-C 停止")
            if info["notice"]:
                complain(info["notice"])
        sys.stdout.flush()

    run(address, law, settings, announce)


def watch(
    once: Annotated[bool, typer.Option("--once", help="read what is there, print the cards, and end")] = False,
    parent: Annotated[int | None, typer.Option("--parent", hidden=True)] = None,
    rules: Rules = None,
    data: Data = None,
    store: Store = None,
    as_json: AsJson = False,
) -> None:
    """监督 · Follow the log and raise yellow and red cards; `serve` runs it, and it can be killed at any moment."""
    try:
        from api.watching import follow  # noqa: PLC0415 - durable-rules may be missing, and all else must work
    except ImportError as error:
        complain(f"supervision is off: durable-rules is not installed ({error.name}); see README, what may be missing")
        raise typer.Exit(FOUND) from error
    settings = Settings.choose(rules, data, store)
    law = load(settings)
    need_log(settings)
    cards = follow(law, settings, once=once, parent=parent)
    if as_json:
        say_json({"cards": [{name: getattr(card, name) for name in card.__slots__} for card in cards]})
    else:
        for card in cards:
            level = "黄牌" if card.level == "yellow" else "红牌"
            say(f"{level} {card.name}：案件 {card.case_ref}，{card.violation}，日志第 {card.index} 号")
        say(f"{len(cards)} 张牌 · {len(cards)} cards")
    raise typer.Exit(FOUND if cards else 0)
