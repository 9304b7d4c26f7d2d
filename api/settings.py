"""Where things are: the rule files, the data and the log, by option, by environment, or beside this checkout."""

from __future__ import annotations

import os
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

__all__ = ["Settings", "is_loopback"]

_HOME = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The folders of one installation."""

    rules: Path
    data: Path
    store: str | None = None

    @property
    def log(self) -> Path:
        """The audit log, where no other store is named."""
        return self.data / "log.sqlite3"

    @property
    def where(self) -> Path | str:
        """Where the audit log is: a file, or a PostgreSQL database by URL, which may hold a password."""
        return self.store or self.log

    @property
    def keys(self) -> Path:
        """The log's keys and what was signed last; better on another volume than the log. ZHUNSHENG_KEYS names it."""
        return Path(os.environ.get("ZHUNSHENG_KEYS") or self.data / "keys")

    @property
    def origin(self) -> str | None:
        """The name a new log takes, a URL without scheme: ZHUNSHENG_ORIGIN; else it takes a random one."""
        return os.environ.get("ZHUNSHENG_ORIGIN") or None

    @property
    def cards(self) -> Path:
        """What supervision keeps; it can always be made again from the log."""
        return self.data / "cards.sqlite3"

    @property
    def cache(self) -> Path:
        """Loaded rule files, kept for the next start; it can be deleted at any time. ZHUNSHENG_CACHE names another."""
        return Path(os.environ.get("ZHUNSHENG_CACHE") or self.data / "cache")

    @classmethod
    def choose(cls, rules: Path | None = None, data: Path | None = None, store: str | None = None) -> Settings:
        """Take what is given, else ZHUNSHENG_RULES, ZHUNSHENG_DATA and ZHUNSHENG_STORE, else the checkout's own.

        Those are `rules/`, `var/`, and a file in the folder of the data.
        """
        return cls(
            rules=rules or Path(os.environ.get("ZHUNSHENG_RULES") or _HOME / "rules"),
            data=data or Path(os.environ.get("ZHUNSHENG_DATA") or _HOME / "var"),
            store=store or os.environ.get("ZHUNSHENG_STORE") or None,
        )


def is_loopback(host: str) -> bool:
    """Say whether an address can be reached from this machine only."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
