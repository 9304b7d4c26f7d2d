"""Reads rule files from a folder, and puts every file of a rulebook where a replay finds it again: in the log.

The engine takes bytes and never a path; this is the shell around it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cases.errors import LawFilesMissing, LogDamaged
from cases.lawcache import load_cached
from engine import Rulebook, digest_of, load_rulebook
from engine.rulebook import read_manifest
from engine.yamltext import MAX_BYTES

if TYPE_CHECKING:
    # It brings a database with it, which whoever only reads law does without.
    from cases.log.store import AuditLog

__all__ = ["Law", "law_from_log", "read_files", "read_law", "unread_files"]

_SUFFIXES = (".yaml", ".yml")
# What people write beside the law.
_BESIDE = (".md",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Law:
    """A loaded rulebook and the bytes it was loaded from, by digest: each file, and the manifest that lists them."""

    rulebook: Rulebook
    sources: Mapping[str, bytes]


def read_files(folder: Path) -> dict[str, bytes]:
    """Read every rule file below a folder, by its path from there with `/`.

    Raise LawFilesMissing where there is none to read. A file over the engine's limit is read only one byte past it:
    enough for the loader to refuse it, whatever its size.
    """
    if folder.is_file():
        raise LawFilesMissing(str(folder), "这是一个文件，不是文件夹", "it is a file, not a folder")
    if not folder.is_dir():
        raise LawFilesMissing(str(folder), "没有这个文件夹", "there is no such folder")
    files: dict[str, bytes] = {}
    try:
        for path in sorted(folder.rglob("*")):
            name = path.relative_to(folder).as_posix()
            hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
            if path.suffix.lower() not in _SUFFIXES or hidden or not path.is_file():
                continue
            if not name.isprintable():
                zh, en = f"文件名 {name!r} 不能显示", f"the file name {name!r} cannot be printed"
                raise LawFilesMissing(str(folder), zh, en)
            with path.open("rb") as file:
                files[name] = file.read(MAX_BYTES + 1)
    except OSError as error:
        zh, en = f"读不了（{error.strerror}）", f"it cannot be read ({error.strerror})"
        raise LawFilesMissing(str(folder), zh, en) from error
    if not files:
        raise LawFilesMissing(str(folder), "里面没有 .yaml 文件", "it holds no rule files (*.yaml)")
    return files


def unread_files(folder: Path) -> tuple[str, ...]:
    """Name the files below a folder that are neither law nor notes beside it: MS-001.yaml.txt would be law unread."""
    found = [path.relative_to(folder) for path in sorted(folder.rglob("*")) if path.is_file()]
    return tuple(
        each.as_posix()
        for each in found
        if each.suffix.lower() not in (*_SUFFIXES, *_BESIDE) and not any(part.startswith(".") for part in each.parts)
    )


def read_law(folder: Path, cache: Path | None = None) -> Law:
    """Load the rulebook of a folder, with the help of a cache folder where one is given.

    Raise LawFilesMissing, or the engine's RuleFilesInvalid with every finding.
    """
    files = read_files(folder)
    return _law(files, load_rulebook(files) if cache is None else load_cached(files, cache))


def law_from_log(log: AuditLog, digest: str) -> Law:
    """Load the rulebook a record names, from the bytes kept in the log. Raise SourceMissing, LogDamaged."""
    try:
        manifest = read_manifest(log.source(digest))
    except ValueError as error:
        raise LogDamaged(f"the bytes under `{digest}` list no rule files") from error
    files = {path: log.source(each) for path, each in manifest.items()}
    return _law(files, load_rulebook(files))


def _law(files: Mapping[str, bytes], rulebook: Rulebook) -> Law:
    sources = {digest_of(data): data for data in files.values()}
    return Law(rulebook=rulebook, sources={**sources, rulebook.digest: rulebook.manifest})
