"""How a command opens the log, and what it says where there is none: apart, for it brings a database with it."""

from __future__ import annotations

from pathlib import Path

from api.settings import Settings
from api.terminal import misuse
from cases.log.opened import OpenLog
from cases.log.opening import is_url


def open_log(settings: Settings) -> OpenLog:
    """Open the log to append to it and to sign it."""
    return OpenLog.open(settings.where, settings.keys, origin=settings.origin)


def need_log(settings: Settings) -> None:
    """End with 2 where there is no log to read."""
    if not is_url(settings.where) and not Path(settings.where).is_file():
        misuse(
            f"“{settings.where}”处没有日志；用 --data 指明它所在的文件夹，或者用 --store 指明数据库",
            f"there is no log at `{settings.where}`; name its folder with --data, or a database with --store",
        )
