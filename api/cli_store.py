"""The commands about the store itself: make a log, upgrade an older one, read back what its durability rests on."""

from __future__ import annotations

from typing import Annotated

import typer

from api.settings import Settings
from api.terminal import FOUND, AsJson, Data, LogLang, misuse, say, say_json
from cases.log.opening import check_store, create_store, is_url, name_of, upgrade_store

Place = Annotated[
    str | None,
    typer.Argument(
        metavar="URL",
        show_default=False,
        help="postgresql://USER@HOST/DB or a file [default: ZHUNSHENG_STORE, else the file in --data]",
    ),
]


def create(
    service_role: Annotated[
        str | None,
        typer.Option(
            "--service-role", metavar="NAME", help="PostgreSQL: the role the service connects as; it must exist"
        ),
    ] = None,
    store: Place = None,
    data: Data = None,
    as_json: AsJson = False,
    lang: LogLang = "zh",
) -> None:
    """建库 · Make an empty log. In PostgreSQL the owner runs it: tables, guards, rights of the service's role."""
    where = Settings.choose(data=data, store=store).where
    if is_url(where) and service_role is None:
        misuse(
            "用 --service-role 写明服务登录用的角色；它不能是所有者",
            "name the role the service will connect as with --service-role; it must not be the owner",
        )
    if service_role is not None and not is_url(where):
        misuse(
            "--service-role 用于 PostgreSQL；文件没有角色", "`--service-role` is for PostgreSQL; a file has no roles"
        )
    create_store(where, service_role)
    if as_json:
        say_json({"ok": True, "store": name_of(where), "service_role": service_role})
    else:
        say(f"日志已建：{name_of(where)}" if lang == "zh" else f"the log stands: {name_of(where)}")


def upgrade(store: Place = None, data: Data = None, as_json: AsJson = False, lang: LogLang = "zh") -> None:
    """升级 · Bring an older log up to this program's layout, all or nothing. Copy it, and stop what appends, first."""
    where = Settings.choose(data=data, store=store).where
    before = upgrade_store(where)
    if as_json:
        say_json({"ok": True, "store": name_of(where), "from": before})
    else:
        zh = f"日志已是现行版式（原为 {before}）：{name_of(where)}"
        en = f"the log has the layout of this program (it had `{before}`): {name_of(where)}"
        say(zh if lang == "zh" else en)


def check(store: Place = None, data: Data = None, as_json: AsJson = False, lang: LogLang = "zh") -> None:
    """检查 · Read back every setting that durability rests on, and say what would keep the log from being opened."""
    found = check_store(Settings.choose(data=data, store=store).where)
    if as_json:
        settings = [
            {"name": each.name, "value": each.value, "needed": each.needed or None, "ok": each.ok, "note": each.note}
            for each in found.settings
        ]
        say_json(
            {
                "ok": found.ok,
                "store": found.name,
                "version": found.version,
                "settings": settings,
                "problem": found.problem,
            }
        )
    else:
        say(f"{found.name} {found.version}".strip())
        for each in found.settings:
            note = f"; {each.note}" if each.note else ""
            say(f"{'✓' if each.ok else '✗'} {each.name} = {each.value or '-'}{note}")
        if found.problem:
            say(found.problem)
        zh, en = ("可以使用" if found.ok else "不可使用"), ("it may be used" if found.ok else "it may not be used")
        say(zh if lang == "zh" else en)
    raise typer.Exit(0 if found.ok else FOUND)
