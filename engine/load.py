"""From the bytes of rule files to a Rulebook; everything wrong with any of them is reported at once."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import pairwise
from types import MappingProxyType
from typing import NamedTuple

from engine.checks import checked
from engine.errors import Complaints, Finding, RuleFilesInvalid
from engine.fact import Fact, Language, Place
from engine.load_one_act import ONE_ACT_KEYS, read_one_act
from engine.load_regime import (
    CARD_KEYS,
    CATALOGUE_KEYS,
    GUARD_KEYS,
    NEVER,
    REGIME_KEYS,
    read_cards,
    read_catalogue,
    read_currency,
    read_guard,
    read_regime,
)
from engine.load_rule import RULE_KEYS, read_rule
from engine.reading import Section, section
from engine.rule import Guard, Regime, Rule
from engine.rulebook import CardRule, OneAct, PowerItem, Rulebook, digest_of, manifest_of
from engine.vocabulary import KEYS, LANGUAGES, spell, spellings
from engine.yamltext import MAX_BYTES, Scalar, read_yaml
from engine.yamltext import Mapping as YamlMapping

KINDS: Mapping[str, frozenset[str]] = {
    "regime": REGIME_KEYS,
    "violation": RULE_KEYS,
    "guard": GUARD_KEYS,
    "one_act": ONE_ACT_KEYS,
    "catalogue": CATALOGUE_KEYS,
    "cards": CARD_KEYS,
}


def load_rulebook(files: Mapping[str, bytes]) -> Rulebook:
    """Load rule files given by path (`/` between folders) and bytes.

    A regime's rules stand in its folder. Raise RuleFilesInvalid with every finding, ordered by file and line, when
    anything is wrong: a rulebook with one bad file decides nothing.
    """
    loading = _Loading()
    tops: dict[str, list[tuple[str, Section, Complaints]]] = {kind: [] for kind in KINDS}
    for path in sorted(files):
        complaints = Complaints()
        loading.complaints.append(complaints)
        if found := _top(path, files[path], complaints):
            kind, top = found
            tops[kind].append((path, top, complaints))
        else:
            loading.unread(path, files[path])
    for _path, top, complaints in tops["guard"]:
        loading.guard(top, complaints)
    for _path, top, complaints in tops["one_act"]:
        loading.one_fine(top, complaints)
    for path, top, complaints in tops["regime"]:
        loading.regime(path, top, digest_of(files[path]), complaints)
    for _path, top, complaints in tops["catalogue"]:
        loading.catalogue(top, complaints)
    for path, top, complaints in tops["violation"]:
        loading.rule(path, top, digest_of(files[path]), complaints)
    for _path, top, complaints in tops["cards"]:
        loading.card_rules(top, complaints)
    versions = loading.ordered()
    findings = [finding for complaints in loading.complaints for finding in complaints.findings]
    # What was left unsaid was left so because of something said: a law with a hole in it is never handed out.
    assert findings or not any(complaints.silenced for complaints in loading.complaints)
    if findings:
        raise RuleFilesInvalid(sorted(findings, key=_order))
    manifest = manifest_of(files)
    return Rulebook(
        regimes=tuple(loading.regimes.values()),
        rules=MappingProxyType({code: rules[-1] for code, rules in versions.items()}),
        versions=MappingProxyType(versions),
        power_items=MappingProxyType(loading.items),
        card_facts=tuple(loading.card_facts.values()),
        cards=tuple(loading.cards),
        one_act=loading.one_act,
        manifest=manifest,
        digest=digest_of(manifest),
    )


_GENERAL = ("guard", "one_act", "catalogue")


def codes_in(files: Mapping[str, bytes]) -> tuple[str, ...]:
    """Return the codes of the violations that files are about, also of files that cannot be read."""
    return tuple(sorted({code for data in files.values() if (code := said_in(data, "violation"))}))


def files_of(files: Mapping[str, bytes], code: str) -> dict[str, bytes]:
    """Return what the rules of one code rest on: their own files, their regime's, the catalogues and general law.

    So one violation can be checked and tested while others cannot be read. Nothing is decided on such a part: a
    decision names the whole law.
    """
    own = {path for path, data in files.items() if said_in(data, "violation") == code}
    folders = {path.rpartition("/")[0] for path in own}
    chosen = {
        path
        for path, data in files.items()
        if (said_in(data, "regime") is not None and path.rpartition("/")[0] in folders)
        or any(said_in(data, kind) is not None for kind in _GENERAL)
    }
    return {path: files[path] for path in sorted(own | chosen)} if own else {}


def language_of(files: Mapping[str, bytes]) -> Language:
    """Say in which language files are written, also those that cannot be read: English where every regime is.

    Files without a regime file are English where all of them are.
    """
    regimes = [data for data in files.values() if said_in(data, "regime") is not None]
    return "en" if all(_ENGLISH_KIND.search(data) for data in regimes or files.values()) else "zh"


def _order(finding: Finding) -> Place:
    return finding.place


_LANGUAGE_LINE = re.compile(
    rb"^(?:\xef\xbb\xbf)?(?:\xe8\xaf\xad\xe8\xa8\x80|language)\s*:\s*[\"']?([^\s\"']+)", re.MULTILINE
)
_ENGLISH_KIND = re.compile(
    rf"^(?:\xef\xbb\xbf)?(?:{'|'.join(spell(KEYS, kind, 'en') for kind in KINDS)})\s*:".encode("latin-1"), re.MULTILINE
)
_OTHER: Mapping[Language, Language] = {"zh": "en", "en": "zh"}
_SPOKEN: Mapping[Language, tuple[str, str]] = {"zh": ("中文", "Chinese"), "en": ("英文", "English")}


def said_in(data: bytes, word: str) -> str | None:
    """Look up what a file says under one of its first words, in either language, without parsing it.

    So a file that cannot be parsed still has a code and a kind: for saying what hangs on it, never for deciding.
    """
    for spelling in (spell(KEYS, word, "zh"), spell(KEYS, word, "en")):
        line = re.search(
            rf"^(?:\ufeff)?{spelling}\s*[:：][ \t]*[\"']?([^\s\"'#]*)",
            data[: MAX_BYTES + 1].decode("utf-8", errors="replace"),
            re.MULTILINE,
        )
        if line:
            return line[1]
    return None


def _top(path: str, data: bytes, complaints: Complaints) -> tuple[str, Section] | None:
    # The language is looked up before parsing, so that a file that cannot be parsed is answered in it too.
    said = _LANGUAGE_LINE.search(data[: MAX_BYTES + 1])
    if said and (language := LANGUAGES.get(said.group(1).decode(errors="replace"))):
        complaints.language = language
    elif _ENGLISH_KIND.search(data[: MAX_BYTES + 1]):
        # English words and no language that is known: who wrote this may not read a Chinese answer.
        complaints.both = True
    root = read_yaml(path, data, complaints)
    if root is None:
        return None
    for key, value in root.entries.values():
        if key.text in ("语言", "language") and not (isinstance(value, Scalar) and value.text in LANGUAGES):
            offered = " / ".join(LANGUAGES)
            found = value.text if isinstance(value, Scalar) else "…"
            repair = (f"可写 {offered}", f"write one of {offered}")
            if complaints.both:
                repair = ("请写“language: en”", "write `language: en`")
            complaints.add("unknown_language", value.place, found=found, repair=repair)
            return None
    kind = _kind(root, complaints.language)
    if kind is None:
        _of_no_kind(root, complaints)
        return None
    top = section(root, KINDS[kind], complaints.language, complaints)
    return (kind, top) if top else None


def _of_no_kind(root: YamlMapping, complaints: Complaints) -> None:
    """Complain of a file whose kind cannot be told: most often it is written in the other language's words."""
    other = _OTHER[complaints.language]
    if _kind(root, other) is None:
        complaints.add("unknown_kind_of_file", root.place)
        return
    line = "language: en" if other == "en" else "language: zh"
    complaints.both = True
    repair = (f"请在第一行写“{line}”", f"write `{line}` as its first line")
    complaints.add("language_missing", root.place, found=_SPOKEN[other], repair=repair)


def _kind(root: YamlMapping, language: Language) -> str | None:
    words = spellings(KEYS, language)
    present = {words.get(key) for key in root.entries}
    return next((kind for kind in KINDS if kind in present), None)


@dataclass(slots=True)
class _Loading:
    complaints: list[Complaints] = field(default_factory=list)
    guards: dict[str, Guard] = field(default_factory=dict)
    regimes: dict[str, Regime] = field(default_factory=dict)
    items: dict[str, PowerItem] = field(default_factory=dict)
    rules: dict[str, list["_Version"]] = field(default_factory=dict)
    card_facts: dict[str, Fact] = field(default_factory=dict)
    cards: list[CardRule] = field(default_factory=list)
    one_act: OneAct | None = None
    # By folder, what its regime was complained of; and the folders whose regime could not be read at all.
    regime_complaints: dict[str, Complaints] = field(default_factory=dict)
    unread_regimes: set[str] = field(default_factory=set)
    # Names that failed in general law: its facts, and the codes of guards that could not be read.
    failed: set[str] = field(default_factory=set)

    def unread(self, path: str, data: bytes) -> None:
        """Remember what else would seem missing because a file could not be read."""
        if said_in(data, "regime") is not None:
            self.unread_regimes.add(path.rpartition("/")[0])
        elif code := said_in(data, "guard"):
            self.failed.add(code)

    def guard(self, top: Section, complaints: Complaints) -> None:
        currency = read_currency(top, complaints)
        if currency is None:
            self.failed.add(top.text("guard"))
            return
        guard = read_guard(top, complaints, currency)
        self.failed |= complaints.failed
        if guard.code in self.guards:
            complaints.add("duplicate_code", top.cell("guard").place, found=guard.code, expected=guard.code)
        self.guards.setdefault(guard.code, guard)

    def one_fine(self, top: Section, complaints: Complaints) -> None:
        found = read_one_act(top, complaints)
        if self.one_act is not None:
            # Two declared comparisons are none: which one applies would be nobody's decision.
            place = self.one_act.cell.place
            complaints.add("duplicate_code", found.cell.place, found=found.code, expected=f"{place.file}:{place.line}")
        self.one_act = self.one_act or found

    def regime(self, path: str, top: Section, digest: str, complaints: Complaints) -> None:
        folder = path.rpartition("/")[0]
        if folder in self.regimes:
            complaints.add("two_regimes", Place(path, 1, 1), found=self.regimes[folder].file)
            return
        complaints.failed |= self.failed
        currency = read_currency(top, complaints)
        if currency is None:
            self.unread_regimes.add(folder)
            return
        self.regimes[folder] = read_regime(top, path, digest, self.guards, complaints, currency)
        self.regime_complaints[folder] = complaints

    def catalogue(self, top: Section, complaints: Complaints) -> None:
        for item in read_catalogue(top, complaints):
            if item.code in self.items:
                first = self.items[item.code].cell.place
                complaints.add(
                    "duplicate_code", item.cell.place, found=item.code, expected=f"{first.file}:{first.line}"
                )
            self.items.setdefault(item.code, item)

    def rule(self, path: str, top: Section, digest: str, complaints: Complaints) -> None:
        folder = path.rpartition("/")[0]
        regime = self.regimes.get(folder)
        if regime is None:
            if folder not in self.unread_regimes:
                complaints.add("no_regime", Place(path, 1, 1))
            return
        above = self.regime_complaints[folder]
        complaints.failed |= above.failed
        rule = read_rule(top, regime, path, digest, complaints)
        if not complaints.made and not above.made:
            # Checks across a file's cells make sense only when every cell could be read, the regime's as well.
            rule = checked(rule, complaints)
        if rule.validity != NEVER:
            self.rules.setdefault(rule.code, []).append(_Version(rule, top.cell("violation").place, complaints))

    def ordered(self) -> dict[str, tuple[Rule, ...]]:
        """Put the versions of every rule in order of time: no day has two, and none in between is without one."""
        versions: dict[str, tuple[Rule, ...]] = {}
        for code in sorted(self.rules):
            found = sorted(self.rules[code], key=lambda each: (each.rule.validity.first, each.rule.file))
            for one, other in pairwise(found):
                _neighbours(one.rule, other)
            for number, each in enumerate(found):
                _comparable([one.rule for one in found[:number]], each)
            versions[code] = tuple(each.rule for each in found)
        return versions

    def card_rules(self, top: Section, complaints: Complaints) -> None:
        facts, cards = read_cards(top, complaints)
        for fact in facts:
            if self.card_facts.setdefault(fact.name, fact) != fact:
                complaints.add("duplicate_name", fact.cell.place, found=fact.name)
        self.cards.extend(cards)


class _Version(NamedTuple):
    """A rule as one version of its code, and where to complain of it."""

    rule: Rule
    place: Place
    complaints: Complaints


def _neighbours(one: Rule, later: _Version) -> None:
    """Complain where one version ends after the next begins, or leaves days between that no remark declares."""
    other, place, complaints = later
    if one.validity.last is None or one.validity.last >= other.validity.first:
        same = one.validity == other.validity
        code = "duplicate_code" if same else "version_overlap"
        found = other.code if same else other.validity.first.isoformat()
        complaints.add(code, place, found=found, expected=one.file)
    elif one.validity.last + timedelta(days=1) < other.validity.first and not other.gap_before:
        gap = f"{one.validity.last.isoformat()} – {other.validity.first.isoformat()}"
        complaints.add("version_gap", place, found=other.code, expected=gap)


def _comparable(earlier: Iterable[Rule], later: _Version) -> None:
    """Complain where a version that may apply as the lighter law costs another currency than one before it."""
    regime = later.rule.regime
    other = next((one.regime.currency for one in earlier if one.regime.currency != regime.currency), None)
    if regime.lighter_law == "yes" and other is not None:
        later.complaints.add("version_currency", later.place, found=later.rule.code, expected=other)
