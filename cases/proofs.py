"""Proves rules, and keeps each proof card under the content it rests on, so that only what changed is proved again.

A card is kept under the digest of every file its rule can be decided by (its own versions, their regimes, general law,
the catalogue), the meaning of the language and the bytes of the engine. The cache holds JSON and runs nothing; what
does not carry its own digest, belongs to another user or can be written by others is not believed. Deciding and
replaying never read it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from hashlib import sha256
from multiprocessing import get_context
from pathlib import Path
from threading import Lock

import orjson

from cases.lawcache import engine_digest, ours, put
from engine import MEANING, Rulebook, digest_of
from engine.asked import Ask
from engine.card import Card, card
from engine.prove import prove
from engine.rule import Rule
from engine.rulebook import manifest_of, read_manifest

__all__ = ["Proofs", "cards", "kept_cards"]

# So many packs of cards stay, as of loaded laws.
KEPT = 4
# Where fewer rules than these have to be proved, a second process costs more than it saves.
MANY = 100
WORKERS = 2


class Proofs:
    """The proof cards of one law, made when they are first asked for; safe for several threads."""

    def __init__(self, rulebook: Rulebook) -> None:
        self.rulebook = rulebook
        self._made: dict[str, Card] = {}
        self._lock = Lock()

    def card(self, rule: Rule) -> Card:
        """Return the card of one version of a rule."""
        # One at a time: two readers of the same card wait for one proof instead of making two.
        with self._lock:
            if rule.digest not in self._made:
                self._made[rule.digest] = card(self.rulebook, prove(self.rulebook, rule))
            return self._made[rule.digest]


def cards(rulebook: Rulebook, rules: Sequence[Rule], folder: Path | None, second: Ask | None = None) -> Iterator[Card]:
    """Yield the card of each rule, in order, from the cache in `folder` where it holds them; what is made is kept.

    `second` is asked about rules that are too wide for the proof; a card made without it is not taken for one with it.
    """
    keys = _keys(rulebook, second)
    kept = {} if folder is None else _read(folder, rulebook.digest, set(keys.values()))
    made = _made(rulebook, [rule for rule in rules if keys[rule.digest] not in kept], second)
    fresh = dict(kept)
    try:
        for rule in rules:
            key = keys[rule.digest]
            if key not in fresh:
                fresh[key] = next(made)
            yield fresh[key]
    finally:
        path = None if folder is None else _path(folder, rulebook.digest)
        if path is not None and (len(fresh) > len(kept) or not path.exists()):
            ordered = [keys[rule.digest] for rule in rulebook.every_rule()]
            whole = all(key in fresh for key in ordered)
            put(path, _packed({key: fresh[key] for key in ordered if key in fresh}, whole), "*.proofs", KEPT)


def kept_cards(files: Mapping[str, bytes], folder: Path) -> list[Card] | None:
    """Return the cards of every rule of these files in order, without loading them; None where one is not kept."""
    kept, whole = _unpacked(_path(folder, digest_of(manifest_of(files))))
    return list(kept.values()) if whole else None


def _made(rulebook: Rulebook, rules: Sequence[Rule], second: Ask | None) -> Iterator[Card]:
    if len(rules) < MANY:
        yield from (card(rulebook, prove(rulebook, rule, second)) for rule in rules)
        return
    # Started afresh, not forked: a command may have threads (its progress bar) that a copy would not have.
    with ProcessPoolExecutor(WORKERS, get_context("spawn"), _begin, (rulebook, second)) as pool:
        yield from pool.map(_one, [(rule.code, rule.digest) for rule in rules], chunksize=8)


_given: list[tuple[Rulebook, Ask | None]] = []


def _begin(rulebook: Rulebook, second: Ask | None) -> None:
    _given[:] = [(rulebook, second)]


def _one(named: tuple[str, str]) -> Card:
    code, digest = named
    ((rulebook, second),) = _given
    rule = next(each for each in rulebook.versions[code] if each.digest == digest)
    return card(rulebook, prove(rulebook, rule, second))


# --- what is kept ----------------------------------------------------------------------------------------------------


def _keys(rulebook: Rulebook, second: Ask | None) -> dict[str, str]:
    """Name, by the digest of each rule, all that its proof rests on."""
    lines = {path: f"{digest} {path}" for path, digest in read_manifest(rulebook.manifest).items()}
    own = {rule.file for rule in rulebook.every_rule()} | {regime.file for regime in rulebook.regimes}
    shared = [line for path, line in lines.items() if path not in own]
    asked = "" if second is None else "second opinion"
    begin = "\n".join([str(MEANING), engine_digest(), asked, *sorted(shared)])
    keys: dict[str, str] = {}
    for versions in rulebook.versions.values():
        files = {file for rule in versions for file in (rule.file, rule.regime.file)}
        rest = "\n".join(sorted(lines[file] for file in files))
        for rule in versions:
            keys[rule.digest] = sha256(f"{begin}\n\n{rest}\n\n{lines[rule.file]}".encode()).hexdigest()
    return keys


def _path(folder: Path, digest: str) -> Path:
    """Name the pack of one law as this engine reads it."""
    return folder / f"{sha256(f'{digest} {MEANING} {engine_digest()}'.encode()).hexdigest()[:32]}.proofs"


def _packed(found: dict[str, Card], whole: bool) -> bytes:
    body = orjson.dumps({"whole": whole, "cards": found})
    return sha256(body).hexdigest().encode() + b"\n" + body


def _read(folder: Path, digest: str, wanted: set[str]) -> dict[str, Card]:
    """Read the cards that are kept under these keys: from the pack of this very law, else from those of others too."""
    found: dict[str, Card] = {}
    own = _path(folder, digest)
    for path in (own, *(each for each in sorted(folder.glob("*.proofs")) if each != own)):
        if len(found) < len(wanted):
            found |= {key: each for key, each in _unpacked(path)[0].items() if key in wanted}
    return found


def _unpacked(path: Path) -> tuple[dict[str, Card], bool]:
    """Read one pack, and whether it is of a whole law; nothing where it is missing, damaged, or could be another's."""
    try:
        with path.open("rb") as file:
            if not ours(file):
                return {}, False
            digest, _, body = file.read().partition(b"\n")
    except OSError:
        return {}, False
    if sha256(body).hexdigest().encode() != digest:
        return {}, False
    pack = orjson.loads(body)
    # A pack of an older engine may look otherwise; its keys are never asked for.
    return (pack["cards"], pack["whole"]) if isinstance(pack, dict) and {*pack} == {"cards", "whole"} else ({}, False)
