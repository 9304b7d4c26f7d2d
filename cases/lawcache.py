"""Keeps a loaded rulebook for the next start, keyed by the bytes of every rule file and of the engine that read them.

It saves seconds at the start of a command, and nothing rests on it: a replay always loads from the bytes in the log,
so a cache that had been tampered with would show up as a difference. It is read only where its file belongs to this
user and nobody else can write it, because unpickling runs what it reads.
"""

from __future__ import annotations

import copyreg
import gc
import os
import pickle
import stat
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import fields, is_dataclass
from functools import cache
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from tempfile import NamedTemporaryFile
from types import MappingProxyType
from typing import IO, Any

import engine
from engine import Rulebook, digest_of, load_rulebook
from engine.rulebook import manifest_of

__all__ = ["engine_digest", "load_cached", "ours", "put"]


# So many laws stay: two folders of rules used in turn should not push each other out.
KEPT = 4


def _proxy(values: dict[Any, Any]) -> MappingProxyType[Any, Any]:
    return MappingProxyType(values)


def _reduced(proxy: MappingProxyType[Any, Any]) -> tuple[Any, tuple[dict[Any, Any]]]:
    return _proxy, (dict(proxy),)


copyreg.pickle(MappingProxyType, _reduced)


class _Pickler(pickle.Pickler):
    """Writes a frozen dataclass by the values of its slots: it is read back in a third of the time of the default."""

    def reducer_override(self, obj: Any) -> Any:
        if is_dataclass(type(obj)) and "__slots__" in vars(type(obj)):
            return _made, (type(obj), *[getattr(obj, each.name) for each in fields(obj)])
        return NotImplemented


def _made(kind: type, *values: Any) -> Any:
    found: Any = object.__new__(kind)
    for put_in, value in zip(_slots(kind), values, strict=True):
        put_in(found, value)
    return found


@cache
def _slots(kind: Any) -> list[Callable[[Any, Any], None]]:
    # The slots themselves: setting them asks nobody whether the object is frozen.
    return [getattr(kind, each.name).__set__ for each in fields(kind)]


def load_cached(files: Mapping[str, bytes], folder: Path) -> Rulebook:
    """Load rule files, from the cache in `folder` where it holds them. Raise RuleFilesInvalid as loading does.

    A cache that cannot be read or written is no error: the files are loaded then.
    """
    digest = digest_of(manifest_of(files))
    path = folder / f"{_key(digest)}.rulebook"
    if (kept := _read(path)) is not None and kept.digest == digest:
        return kept
    rulebook = load_rulebook(files)
    written = BytesIO()
    _Pickler(written, protocol=pickle.HIGHEST_PROTOCOL).dump(rulebook)
    put(path, written.getvalue(), "*.rulebook", KEPT)
    return rulebook


def _key(digest: str) -> str:
    return sha256(f"{digest} {engine_digest()} {sys.implementation.cache_tag}".encode()).hexdigest()[:32]


@cache
def engine_digest() -> str:
    """Name the engine by the bytes of its modules: another engine may read the same files otherwise."""
    folder = Path(engine.__file__).parent
    return digest_of(b"".join(path.read_bytes() for path in sorted(folder.glob("*.py"))))


def _read(path: Path) -> Rulebook | None:
    try:
        with path.open("rb") as file:
            if not ours(file):
                return None
            with _uncollected():
                found = pickle.load(file)  # noqa: S301 - our own file, and writable by us alone
    except (OSError, pickle.PickleError, EOFError, AttributeError, ImportError, TypeError, ValueError):
        return None
    return found if isinstance(found, Rulebook) else None


@contextmanager
def _uncollected() -> Iterator[None]:
    """Look for no garbage meanwhile: among a hundred thousand objects that all stay, a third of the time went there."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def ours(file: IO[bytes]) -> bool:
    """Say whether an open file belongs to this user and nobody else can write it."""
    seen = os.fstat(file.fileno())
    return seen.st_uid == os.getuid() and not seen.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def put(path: Path, data: bytes, pattern: str, kept: int) -> None:
    """Put bytes beside the few before them, whole or not at all; a folder that cannot be written is no error."""
    with suppress(OSError):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with NamedTemporaryFile(dir=path.parent, suffix=".new") as file:
            file.write(data)
            file.flush()
            # Linked under its name only when it is whole; the temporary name goes away with the file.
            path.unlink(missing_ok=True)
            os.link(file.name, path)
        found = sorted(path.parent.glob(pattern), key=lambda each: each.stat().st_mtime, reverse=True)
        for old in found[kept:]:
            old.unlink(missing_ok=True)
