"""Reads the keys of a rule file in its own vocabulary, and complains about what is unknown, missing or misshapen."""

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from engine.calendar import read_day
from engine.errors import Complaints
from engine.fact import Cell, Language, Place
from engine.near import day as near_day
from engine.vocabulary import ENUMS, KEYS, spell, spellings
from engine.words import listed
from engine.yamltext import Listing, Node, Scalar
from engine.yamltext import Mapping as YamlMapping

_SHAPES: Mapping[type, tuple[str, str]] = {
    Scalar: ("一段文字", "a text"),
    Listing: ("一个清单（每项以“- ”开头）", "a list (each entry begins with `- `)"),
    YamlMapping: ("“项目: 内容”", "`key: value` entries"),
}


@dataclass(frozen=True, slots=True)
class Section:
    """One mapping of a rule file, by the words of the language; every accessor complains for itself."""

    entries: Mapping[str, tuple[Scalar, Node]]
    place: Place
    language: Language
    complaints: Complaints

    def has(self, word: str) -> bool:
        return word in self.entries

    def node(self, word: str, *, required: bool = True) -> Node | None:
        if word in self.entries:
            return self.entries[word][1]
        if required:
            self.complaints.add("missing_key", self.place, expected=spell(KEYS, word, self.language))
        return None

    def scalar(self, word: str, *, required: bool = True) -> Scalar | None:
        node = self.node(word, required=required)
        if node is None:
            return None
        if not isinstance(node, Scalar) or not node.text.strip():
            misshapen(node, Scalar, self.complaints)
            return None
        return node

    def text(self, word: str, *, required: bool = True) -> str:
        scalar = self.scalar(word, required=required)
        return scalar.text.strip() if scalar else ""

    def listing(self, word: str, *, required: bool = True) -> list[Node]:
        node = self.node(word, required=required)
        if node is None:
            return []
        if not isinstance(node, Listing):
            misshapen(node, Listing, self.complaints)
            return []
        if not node.items:
            self.complaints.add("nothing_there", node.place, found=spell(KEYS, word, self.language))
        return node.items

    def texts(self, word: str) -> tuple[str, ...]:
        """Read an optional list of texts."""
        items = self.listing(word, required=False)
        for item in items:
            if not isinstance(item, Scalar):
                misshapen(item, Scalar, self.complaints)
        return tuple(item.text for item in items if isinstance(item, Scalar))

    def sections(self, word: str, allowed: frozenset[str], *, required: bool = True) -> Iterator["Section"]:
        for item in self.listing(word, required=required):
            inner = section(item, allowed, self.language, self.complaints)
            if inner is not None:
                yield inner

    def day(self, word: str) -> date:
        scalar = self.scalar(word)
        if scalar is None:
            return date.min
        day = read_day(scalar.text.strip())
        if day is None:
            self.complaints.add(
                "bad_day",
                scalar.place,
                found=scalar.text,
                repair=near_day(scalar.text),
            )
            return date.min
        return day

    def choice(self, word: str, *, question: tuple[str, str] | None = None) -> str:
        """Read one of the closed choices of a key; a missing answer to a `question` is asked for, never assumed."""
        options = ENUMS[word]
        column = 0 if self.language == "zh" else 1
        known = spellings(options, self.language)
        if not self.has(word) and question:
            key = spell(KEYS, word, self.language)
            offered = listed([f"{key}: {spell(options, option, self.language)}" for option in options], self.language)
            self.complaints.add(
                "question", self.place, expected=question[column], repair=(f"请写 {offered}", f"write {offered}")
            )
            return next(iter(options))
        scalar = self.scalar(word)
        if scalar is None:
            return next(iter(options))
        if scalar.text.strip() not in known:
            offered = listed([spell(options, option, self.language) for option in options], self.language)
            self.complaints.add(
                "bad_choice_of_words",
                scalar.place,
                found=scalar.text,
                repair=(f"可写 {offered}", f"allowed: {offered}"),
            )
            return next(iter(options))
        return known[scalar.text.strip()]

    def cell(self, word: str) -> Cell:
        node = self.entries[word][1]
        return Cell(text=node.text if isinstance(node, Scalar) else "", place=node.place)


def section(node: Node, allowed: frozenset[str], language: Language, complaints: Complaints) -> Section | None:
    """Turn a mapping into a Section, complaining about keys that may not stand there."""
    if not isinstance(node, YamlMapping):
        misshapen(node, YamlMapping, complaints)
        return None
    known = {spelling: word for spelling, word in spellings(KEYS, language).items() if word in allowed}
    foreign = spellings(KEYS, "en" if language == "zh" else "zh")
    entries: dict[str, tuple[Scalar, Node]] = {}
    for key, value in node.entries.values():
        word = known.get(key.text)
        other = foreign.get(key.text)
        if word is None and other in allowed:
            # Read all the same: that what it says is missing would be no second mistake.
            word, written = other, spell(KEYS, other, language)
            repair = (f"这个文件用中文的词：写“{written}”", f"this file is written in English words: write `{written}`")
            complaints.add("unknown_key", key.place, found=key.text, repair=repair)
        if word is None:
            near = difflib.get_close_matches(key.text, known, n=1, cutoff=0.5)
            names = listed([spell(KEYS, name, language) for name in KEYS if name in allowed], language)
            repair = (
                (f"是不是“{near[0]}”？", f"did you mean `{near[0]}`?")
                if near
                else (f"这里可以写 {names}", f"allowed here: {names}")
            )
            complaints.add("unknown_key", key.place, found=key.text, repair=repair)
        elif word in entries:
            complaints.add("duplicate_key", key.place, found=key.text, expected=entries[word][0].place.line)
        else:
            entries[word] = (key, value)
    return Section(entries, node.place, language, complaints)


def misshapen(node: Node, wanted: type, complaints: Complaints, repair: tuple[str, str] = ("", "")) -> None:
    """Complain that a node has another shape than wanted; a list of entries is told to be one without `- `."""
    if wanted is YamlMapping and isinstance(node, Listing) and not any(repair):
        repair = ("去掉各项前面的“- ”", "leave out the `- ` before each entry")
    complaints.add("wrong_shape", node.place, expected=_SHAPES[wanted], repair=repair)
