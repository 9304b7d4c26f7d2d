"""Reading a published log from where a stranger finds it: a folder, or a prefix on the web.

Only GET is sent, only below the prefix that was given, and redirects are not followed: who serves a log must not be
able to send its verifier elsewhere. What comes is bounded, and believed in nothing.
"""

from __future__ import annotations

import http.client
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from cases.errors import LogUnavailable

__all__ = ["INDEX", "MAX_FILE_BYTES", "Folder", "Web", "files_at", "names_in"]

INDEX = "index"
"""In a folder of single files, the one that lists the others, a name a line: the web has no listing."""

MAX_FILE_BYTES = 256 * (65_535 + 2)
"""The longest file there is: an entry bundle of the longest entries."""

_SECONDS = 30.0
_ABSENT = (404, 410)


class Files(Protocol):
    """Where the files are. Both raise LogUnavailable when it cannot be reached, or gives more than a file can hold."""

    def read(self, path: str) -> bytes | None:
        """The bytes at a path below it; None where there is no such file."""

    def names(self, folder: str) -> list[str] | None:
        """The names in a folder, hidden ones left out; None where they cannot be listed."""


@dataclass(frozen=True, slots=True)
class Folder:
    """Files in a folder of this machine."""

    root: Path

    def __str__(self) -> str:
        return str(self.root)

    def read(self, path: str) -> bytes | None:
        try:
            with (self.root / path).open("rb") as file:
                return _bounded(file.read(MAX_FILE_BYTES + 1), path)
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return None
        except OSError as exc:
            raise LogUnavailable(f"`{self.root / path}` cannot be read ({exc.strerror})") from exc

    def names(self, folder: str) -> list[str] | None:
        try:
            found = [each.name for each in (self.root / folder).iterdir()]
        except (FileNotFoundError, NotADirectoryError):
            return []
        except OSError as exc:
            raise LogUnavailable(f"`{self.root / folder}` cannot be read ({exc.strerror})") from exc
        return sorted(name for name in found if not name.startswith("."))


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


@dataclass(frozen=True, slots=True)
class Web:
    """Files below an http or https address."""

    prefix: str

    def __str__(self) -> str:
        return self.prefix

    def read(self, path: str) -> bytes | None:
        address = f"{self.prefix}/{path}"
        request = urllib.request.Request(address, headers={"User-Agent": "zhunsheng-audit"})  # noqa: S310 - see files_at
        try:
            with urllib.request.build_opener(_Stay).open(request, timeout=_SECONDS) as answer:
                return _bounded(answer.read(MAX_FILE_BYTES + 1), path)
        except urllib.error.HTTPError as exc:
            exc.close()
            if exc.code in _ABSENT:
                return None
            raise LogUnavailable(f"`{address}` answers {exc.code}") from exc
        except (OSError, http.client.HTTPException, ValueError) as exc:
            raise LogUnavailable(f"`{address}` cannot be fetched ({exc})") from exc

    def names(self, folder: str) -> list[str] | None:
        return None


def files_at(place: str) -> Folder | Web:
    """The files at what a user gave: an address that begins with http:// or https://, else the path of a folder."""
    if place.startswith(("http://", "https://")):
        return Web(place.rstrip("/"))
    return Folder(Path(place))


def names_in(files: Folder | Web, folder: str) -> list[str]:
    """The names of the single files in a folder: those that are there or, where they cannot be listed, its index."""
    names = files.names(folder)
    if names is None:
        data = files.read(f"{folder}/{INDEX}")
        names = [] if data is None else data.decode("utf-8", "replace").split("\n")[:-1]
    return [name for name in names if name != INDEX and "/" not in name]


def _bounded(data: bytes, path: str) -> bytes:
    if len(data) > MAX_FILE_BYTES:
        raise LogUnavailable(f"`{path}` is longer than any file of a log")
    return data
