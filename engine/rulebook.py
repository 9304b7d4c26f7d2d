"""The law in force as one frozen value: regimes, rules, the power-item catalogue and the card rules, with digests.

A rulebook is made from bytes (`engine.load`), never from a path: who reads files is the shell's business. Its digest
is the SHA-256 of its manifest, so that a record can name the whole law a decision was made under.
"""

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from typing import Literal

from engine.fact import Cell, Fact, Language
from engine.rule import Declared, Regime, Rule, Validity
from engine.tree import Condition

_LINE = re.compile(r"(sha256:[0-9a-f]{64}) (.+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerItem:
    """One power of an agency (权力事项), as listed and published; without it nothing may be decided."""

    code: str
    name: str
    agency: str
    published: date
    validity: Validity
    cell: Cell


@dataclass(frozen=True, slots=True, kw_only=True)
class CardRule:
    """When supervision raises a card: a condition over one self-contained event."""

    name: str
    level: str
    when: Condition
    reason: str
    basis: str
    cell: Cell


@dataclass(frozen=True, slots=True, kw_only=True)
class OneAct:
    """One act, one fine (行政处罚法 第二十九条); which fines are compared the article does not say, so it is declared.

    `computed` compares the fines as they come out, `statutory` the greatest fine each provision allows.
    """

    code: str
    name: str
    validity: Validity
    article: str
    quote: str
    compare: Literal["computed", "statutory"]
    declared: tuple[Declared, ...]
    cell: Cell


@dataclass(frozen=True, slots=True, kw_only=True)
class Rulebook:
    """Everything a decision may rest on. `manifest` lists `digest path` lines, sorted by path.

    `versions` holds every version of a rule by its code, the earliest first; `rules` the latest of each. `one_act` is
    None where nobody declared how the fines of one act are compared: then nothing is decided together.
    """

    regimes: tuple[Regime, ...]
    rules: Mapping[str, Rule]
    versions: Mapping[str, tuple[Rule, ...]]
    power_items: Mapping[str, PowerItem]
    card_facts: tuple[Fact, ...]
    cards: tuple[CardRule, ...]
    one_act: OneAct | None = None
    manifest: bytes
    digest: str

    def every_rule(self) -> Iterator[Rule]:
        """Yield every version of every rule, by code and then by time."""
        for versions in self.versions.values():
            yield from versions

    @property
    def language(self) -> Language:
        """The language to answer in where no rule is at hand: Chinese unless every regime is in English."""
        return "en" if self.regimes and all(regime.language == "en" for regime in self.regimes) else "zh"

    def near(self, code: str) -> tuple[str, ...]:
        """Name up to three codes that look like a mistyped one."""
        return close_codes(code, self.rules)


def close_codes(code: str, known: Iterable[str]) -> tuple[str, ...]:
    """Name up to three of the known codes that look like a mistyped one."""
    return tuple(difflib.get_close_matches(code[:64].upper(), list(known), n=3, cutoff=0.6))


def digest_of(data: bytes) -> str:
    """Name bytes by content: `sha256:` and 64 hex digits, as `sha256sum` prints them."""
    return "sha256:" + sha256(data).hexdigest()


def manifest_of(files: Mapping[str, bytes]) -> bytes:
    """Write the list of files that make up a rulebook, one `digest path` line each, sorted by path."""
    return "".join(f"{digest_of(files[path])} {path}\n" for path in sorted(files)).encode()


def read_manifest(manifest: bytes) -> dict[str, str]:
    """Read a manifest back: path -> digest; ValueError where the bytes are none."""
    lines = [_LINE.fullmatch(line) for line in manifest.decode().splitlines()]
    if not all(lines):
        raise ValueError("no manifest")
    return {line.group(2): line.group(1) for line in lines if line}
