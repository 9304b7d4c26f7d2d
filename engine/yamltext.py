"""Strict YAML as text with places: every scalar stays the text its author wrote, at its line and column.

Plain YAML would turn `08` into 8, `~` into null and `0.10` into a float; here nothing is typed. Anchors, aliases, tags,
tabs, duplicate keys and several documents are findings. Size and depth are bounded before anything is built, so a
hostile file costs milliseconds.
"""

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from engine.errors import Complaints, shorten
from engine.fact import Place
from engine.slips import Mark, colon_repair, entry_meant, explain

MAX_BYTES = 256 * 1024
MAX_DEPTH = 8
MAX_NODES = 20_000
MAX_TEXT = 4_000


@dataclass(frozen=True, slots=True)
class Scalar:
    """A text; `columns_hold` says whether character n of it stands n columns after `place`."""

    text: str
    place: Place
    columns_hold: bool = True

    def at(self, offset: int) -> Place:
        """Return the place of one character of the text."""
        if not self.columns_hold:
            return self.place
        return Place(self.place.file, self.place.line, self.place.column + offset)


@dataclass(frozen=True, slots=True)
class Listing:
    items: list["Node"]
    place: Place


@dataclass(frozen=True, slots=True)
class Mapping:
    entries: dict[str, tuple[Scalar, "Node"]]
    place: Place


Node = Scalar | Listing | Mapping

# What no text of law holds: control characters, and the rarer line ends that editors do not show.
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")


class _Yaml(YAML):
    """ruamel.yaml without its plug-ins: it would look for them in the file system each time."""

    def official_plug_ins(self) -> list[str]:
        return []


class _Refused(Exception):
    """A finding was recorded and the file cannot be read further."""


def read_yaml(file: str, data: bytes, complaints: Complaints) -> Mapping | None:
    """Read one file; None when findings say why it cannot be used at all."""
    start = Place(file, 1, 1)
    if len(data) > MAX_BYTES:
        complaints.add(
            "file_too_large",
            start,
            expected=MAX_BYTES,
            repair=("请把它拆成几个文件", "split it into several files"),
        )
        return None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        complaints.add(
            "not_utf8", Place(file, line, 1), repair=("“另存为”时编码选 UTF-8", "save it in the UTF-8 encoding")
        )
        return None
    if control := _CONTROL.search(text):
        before = text[: control.start()]
        place = Place(file, before.count("\n") + 1, control.start() - before.rfind("\n"))
        complaints.add(
            "control_character", place, found=f"U+{ord(control.group()):04X}", repair=("请删去", "remove it")
        )
        return None
    try:
        return _Builder(file=file, complaints=complaints).document(text)
    except _Refused:
        return None
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = Place(file, mark.line + 1, mark.column + 1) if mark else start
        _explain(text, error, place, complaints)
    except YAMLError as error:
        complaints.add("yaml_syntax", start, found=shorten(str(error)))
    return None


def _explain(text: str, error: MarkedYAMLError, place: Place, complaints: Complaints) -> None:
    lines = text.splitlines()
    line = lines[place.line - 1] if place.line <= len(lines) else ""
    if "\t" in line:
        tab = Place(place.file, place.line, line.index("\t") + 1)
        complaints.add("tab", tab, repair=("请改用空格", "use spaces instead"))
        return
    since = None if error.context_mark is None else Mark(error.context_mark.line + 1, error.context_mark.column + 1)
    at, what, repair = explain(text, error.problem or "", error.context or "", Mark(place.line, place.column), since)
    complaints.add("yaml_syntax", Place(place.file, at.line, at.column), found=what, repair=repair)


@dataclass(slots=True)
class _Builder:
    file: str
    complaints: Complaints
    nodes: int = 0
    documents: int = 0
    events: Iterator[Event] = field(default_factory=lambda: iter(()))

    def document(self, text: str) -> Mapping | None:
        # The C parser: linear where the pure one is quadratic on nested brackets, and 30 times faster.
        self.events = _Yaml(typ="safe", pure=False).parse(io.StringIO(text))
        root: Node | None = None
        for event in self.events:
            if isinstance(event, DocumentStartEvent):
                self.documents += 1
                if self.documents > 1:
                    self.refuse("several_documents", event, repair=("每个文件只写一份", "write one document a file"))
            elif isinstance(event, NodeEvent):
                root = self.node(event, depth=1)
        if root is None or (isinstance(root, Scalar) and not root.text):
            self.complaints.add("empty_file", Place(self.file, 1, 1))
            return None
        if not isinstance(root, Mapping):
            self.complaints.add(
                "wrong_shape",
                root.place,
                expected=("“项目: 内容”" if self.complaints.language == "zh" else "`key: value`"),
            )
            return None
        return root

    def place(self, event: Event) -> Place:
        return Place(self.file, event.start_mark.line + 1, event.start_mark.column + 1)

    def refuse(self, code: str, event: Event, *, found: str = "", expected: int = 0, repair: tuple[str, str]) -> None:
        self.complaints.add(code, self.place(event), found=found, expected=expected, repair=repair)
        raise _Refused

    def node(self, event: Event, depth: int) -> Node:
        self.nodes += 1
        if self.nodes > MAX_NODES:
            self.refuse("too_many_nodes", event, expected=MAX_NODES, repair=("请拆成几个文件", "split the file"))
        if depth > MAX_DEPTH:
            self.refuse("too_deep", event, expected=MAX_DEPTH, repair=("请写得平一些", "write it flatter"))
        # Only scalars, sequences and mappings may carry an anchor or a tag, and an alias is nothing but an anchor.
        anchor, tag = getattr(event, "anchor", None), getattr(event, "tag", None)
        if anchor or tag not in (None, "!"):
            mark = ("*" if isinstance(event, AliasEvent) else "&") + anchor if anchor else str(tag)
            repair = ("请把内容直接写出来", "write the content itself")
            self.refuse("alias", event, found=mark, repair=repair)
        if isinstance(event, ScalarEvent):
            return self.scalar(event)
        if isinstance(event, SequenceStartEvent):
            items: list[Node] = []
            while not isinstance(inner := next(self.events), SequenceEndEvent):
                items.append(self.node(inner, depth + 1))
            return Listing(items, self.place(event))
        assert isinstance(event, MappingStartEvent), event
        return self.mapping(event, depth)

    def scalar(self, event: ScalarEvent) -> Scalar:
        if len(event.value) > MAX_TEXT:
            self.refuse("text_too_long", event, expected=MAX_TEXT, repair=("请缩短", "shorten it"))
        place = self.place(event)
        if event.style in ("'", '"'):
            place = Place(place.file, place.line, place.column + 1)
        # As long in the file as it reads: on one line and without escapes, so that columns can be counted.
        width = event.end_mark.column - event.start_mark.column - (2 if event.style in ("'", '"') else 0)
        one_line = event.start_mark.line == event.end_mark.line
        return Scalar(event.value, place, one_line and width == len(event.value))

    def mapping(self, event: MappingStartEvent, depth: int) -> Mapping:
        entries: dict[str, tuple[Scalar, Node]] = {}
        last, end, cut = "", 0, None
        # By the key of the cell, what a comma cut off it first.
        left: dict[str, Scalar] = {}
        while not isinstance(inner := next(self.events), MappingEndEvent):
            key = self.node(inner, depth + 1)
            after = next(self.events)
            value = self.node(after, depth + 1)
            tight, end = inner.start_mark.index == end + 1, after.end_mark.index
            if cut is not None and isinstance(key, Scalar) and tight and _GROUP.match(key.text):
                # `up to €1,000: 10` is one line of a table, and its comma stands inside a figure.
                key = Scalar(f"{cut.text},{key.text}", cut.place, cut.columns_hold)
                if after.start_mark.index != inner.end_mark.index:
                    repair = _parted(f'"{key.text}": …')
                    self.complaints.add("broken_cell", cut.place, found=key.text.rpartition(",")[2], repair=repair)
                    tight = False
            elif cut is not None:
                self.left_over(cut, entries, last, left)
            cut = None
            if isinstance(key, Scalar) and event.flow_style and after.start_mark.index == inner.end_mark.index:
                # Inside {…} a comma ends a cell, and what stood behind it is an entry that has no colon.
                if tight and last in entries and _grouped(entries[last][1], key):
                    self.left_over(key, entries, last, left, ",")
                elif key.text[-1:].isdecimal():
                    cut = key
                else:
                    self.left_over(key, entries, last, left)
                continue
            last = key.text if isinstance(key, Scalar) else ""
            if not isinstance(key, Scalar):
                zh = self.complaints.language == "zh"
                self.complaints.add("wrong_shape", key.place, expected="一个名称" if zh else "a name")
            elif key.text in entries:
                self.complaints.add(
                    "duplicate_key",
                    key.place,
                    found=key.text,
                    expected=entries[key.text][0].place.line,
                    repair=("请只留一处", "keep one of them"),
                )
            else:
                entries[key.text] = (key, value)
        if cut is not None:
            self.left_over(cut, entries, last, left)
        for name, rest in left.items():
            whole = entries[name][1]
            assert isinstance(whole, Scalar)
            self.complaints.add("broken_cell", rest.place, found=rest.text, repair=_parted(f'{name}: "{whole.text}"'))
        return Mapping(entries, self.place(event))

    def left_over(
        self,
        key: Scalar,
        entries: dict[str, tuple[Scalar, Node]],
        last: str,
        left: dict[str, Scalar],
        comma: str = ", ",
    ) -> None:
        """Note an entry without a colon; a cell that commas cut is put together again and complained of once."""
        if meant := entry_meant(key.text):
            self.complaints.add("no_colon", key.place, found=key.text, repair=colon_repair(*meant))
            # Read as it was meant: that the entry is missing would be no second mistake.
            name, content = (Scalar(text, key.place, columns_hold=False) for text in meant)
            entries.setdefault(name.text, (name, content))
            return
        before = entries[last][1] if last in entries else None
        if not isinstance(before, Scalar):
            repair = ("每项写成“项目: 内容”", "write each entry as `key: value`")
            self.complaints.add("no_colon", key.place, found=key.text, repair=repair)
            return
        rest = key.text or "?"  # Nothing is read for a `?` that stands alone.
        left.setdefault(last, Scalar(rest, key.place))
        entries[last] = (entries[last][0], Scalar(f"{before.text}{comma}{rest}", before.place, before.columns_hold))


# What follows the comma of 50,000.
_GROUP = re.compile(r"[0-9]{3}(?![0-9])")


def _grouped(before: Node, key: Scalar) -> bool:
    """Say whether a comma stood inside a figure: 50,000 and not 50, 000."""
    return isinstance(before, Scalar) and before.text[-1:].isdecimal() and _GROUP.match(key.text) is not None


def _parted(entry: str) -> tuple[str, str]:
    shown = shorten(entry)
    if not re.search(r"[0-9],[0-9]{3}(?![0-9])", entry):
        return f"含有逗号的一格，请加引号：{shown}", f"a cell that holds a comma needs quotes: `{shown}`"
    return (
        f"{{…}} 里逗号分隔各项：数字不写逗号，或者给整格加引号：{shown}",
        f"within {{…}} a comma parts entries: leave it out of the figure, or quote the whole text: `{shown}`",
    )
