"""Where things are: the rule files and the data, by option, by environment, or beside this checkout."""

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

    @property
    def log(self) -> Path:
        """The audit log."""
        return self.data / "log.sqlite3"

    @property
    def keys(self) -> Path:
        """The log's keys and what was signed last; better on another volume than the log. ZHUNSHENG_KEYS names it."""
        return Path(os.environ.get("ZHUNSHENG_KEYS") or self.data / "keys")

    @property
    def cards(self) -> Path:
        """What supervision keeps; it can always be made again from the log."""
        return self.data / "cards.sqlite3"

    @property
    def cache(self) -> Path:
        """Loaded rule files, kept for the next start; it can be deleted at any time. ZHUNSHENG_CACHE names another."""
        return Path(os.environ.get("ZHUNSHENG_CACHE") or self.data / "cache")

    @classmethod
    def choose(cls, rules: Path | None = None, data: Path | None = None) -> Settings:
        """Take what is given, else ZHUNSHENG_RULES and ZHUNSHENG_DATA, else `rules/` and `var/` of the checkout."""
        return cls(
            rules=rules or Path(os.environ.get("ZHUNSHENG_RULES") or _HOME / "rules"),
            data=data or Path(os.environ.get("ZHUNSHENG_DATA") or _HOME / "var"),
        )


def is_loopback(host: str) -> bool:
    """Say whether an address can be reached from this machine only."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
