"""Strict YAML: everything stays text at its place, and a hostile file is a finding, not a cost."""

import subprocess
import sys

import pytest

from engine.errors import Complaints, Finding
from engine.yamltext import MAX_BYTES, MAX_NODES, MAX_TEXT, Listing, Mapping, Node, Scalar, read_yaml
from tests.engine.kit import ROOT, bare


def read(data: bytes | str) -> tuple[Mapping | None, tuple[Finding, ...]]:
    complaints = Complaints()
    root = read_yaml("t.yaml", data if isinstance(data, bytes) else data.encode(), complaints)
    return root, tuple(complaints.findings)


def plain(node: Node) -> object:
    match node:
        case Scalar(text=text):
            return text
        case Listing(items=items):
            return [plain(item) for item in items]
        case Mapping(entries=entries):
            return {key: plain(value) for key, (_, value) in entries.items()}


def places(node: Node) -> dict[str, str]:
    """Map each text of a file to its `line:column`."""
    match node:
        case Scalar(text=text, place=place):
            return {text: f"{place.line}:{place.column}"}
        case Listing(items=items):
            return {text: at for item in items for text, at in places(item).items()}
        case Mapping(entries=entries):
            both = [part for pair in entries.values() for part in pair]
            return {text: at for part in both for text, at in places(part).items()}


@pytest.mark.parametrize(
    "text",
    [
        "08",
        "0.10",
        "~",
        "null",
        "true",
        "no",
        "1e3",
        "0x1F",
        "2026-11-01",
        "1_000",
        ".5",
        "1:30",
        "=",
        "+1",
        "否",
        "NaN",
    ],
)
def test_no_scalar_is_typed(text: str) -> None:
    root, found = read(f"a: {text}\n")

    assert root is not None
    assert plain(root) == {"a": text}
    assert found == ()


def test_a_file_is_read_as_texts_lists_and_mappings() -> None:
    root, _ = read("a: 1\nb: [x, 'y z', \"w\"]\nc:\n  - {d: e}\n  - |\n    two\n    lines\nf:\n")

    assert root is not None
    assert plain(root) == {"a": "1", "b": ["x", "y z", "w"], "c": [{"d": "e"}, "two\nlines\n"], "f": ""}


def test_every_text_knows_its_line_and_column() -> None:
    root, _ = read("事实:\n  面积: 数\n列:\n  - {档次: 轻微, 情形: '面积 ≤ 2', 处理: \"警告\"}\n")

    assert root is not None
    assert places(root) == {
        "事实": "1:1", "面积": "2:3", "数": "2:7", "列": "3:1",
        "档次": "4:6", "轻微": "4:10", "情形": "4:14", "面积 ≤ 2": "4:19", "处理": "4:28", "警告": "4:33",
    }  # fmt: skip


@pytest.mark.parametrize("text", ["名: 甲乙丙丁\n", "名: '甲乙丙丁'\n", '名: "甲乙丙丁"\n', "{名: 甲乙丙丁}\n"])
def test_a_character_of_a_one_line_text_has_its_own_column(text: str) -> None:
    root, _ = read(text)

    assert root is not None
    value = root.entries["名"][1]
    assert isinstance(value, Scalar)
    assert value.at(2).column == text.index("丙") + 1


@pytest.mark.parametrize("text", ["名:\n  甲乙\n  丙丁\n", "名: '甲乙\n\n  丙丁'\n", "名: |\n  甲乙\n  丙丁\n"])
def test_a_character_of_a_text_over_several_lines_points_to_its_beginning(text: str) -> None:
    root, _ = read(text)

    assert root is not None
    value = root.entries["名"][1]
    assert isinstance(value, Scalar)
    assert value.at(3) == value.place


def test_characters_outside_the_basic_plane_count_once() -> None:
    root, _ = read("{𠮷𠮷: 甲, 名: 乙}\n")

    assert root is not None
    assert places(root)["乙"] == "1:12"


def test_a_byte_order_mark_is_not_part_of_the_text() -> None:
    root, found = read(b"\xef\xbb\xbfa: 1\n")

    assert root is not None
    assert (plain(root), places(root)["a"], found) == ({"a": "1"}, "1:1", ())


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_every_kind_of_line_end_is_a_line_end(newline: str) -> None:
    root, found = read(newline.join(["a: 1", "b: 2", ""]))

    assert root is not None
    assert (places(root)["b"], found) == ("2:1", ())


HOSTILE: dict[str, tuple[bytes, str, str]] = {
    "a hundred megabytes": (b"a" * 100_000_000, "file_too_large", "1:1"),
    "one byte too many": (b"#" * (MAX_BYTES + 1), "file_too_large", "1:1"),
    "nested flow lists": (b"[" * 200_000, "too_deep", "1:9"),
    "nested flow mappings": (b"{" * 200_000, "too_deep", "1:9"),
    "nested blocks": (b"\n".join(b" " * depth + b"a:" for depth in range(600)), "too_deep", "8:8"),
    "nested block lists": (b"- " * 100_000, "too_deep", "1:17"),
    "nested keys": (b"? " * 100_000, "too_deep", "1:17"),
    "an anchor": (b"a: &a 1\n", "alias", "1:4"),
    "an anchored list": (b"a: &a [1]\n", "alias", "1:4"),
    "an alias": (b"a: *a\n", "alias", "1:4"),
    "an alias alone": (b"*a\n", "alias", "1:1"),
    "an alias as a key": (b"*a : 1\n", "alias", "1:1"),
    "a python object": (b"a: !!python/object/apply:os.system [x]\n", "alias", "1:4"),
    "a known tag": (b"a: !!int 1\n", "alias", "1:4"),
    "a tag of a directive": (b"%TAG ! tag:x,2000:\n---\na: !x 1\n", "alias", "3:4"),
    "many tags": (b"!" * 200_000, "alias", "1:1"),
    "a billion laughs": (
        b"a: &a [ha, ha]\n" + b"".join(b"%c: &%c [*%c, *%c]\n" % (c, c, c - 1, c - 1) for c in range(98, 123)),
        "alias",
        "1:4",
    ),
    "a key twice": (b"a: 1\nb: 2\na: 3\n", "duplicate_key", "3:1"),
    "a key twice in a flow mapping": (b"x: {a: 1, a: 2}\n", "duplicate_key", "1:11"),
    "a tab before a key": (b"a:\n\tb: 1\n", "tab", "2:1"),
    "a tab after spaces": (b"a:\n  \tb: [1\n", "tab", "2:3"),
    "two documents": (b"a: 1\n---\nb: 2\n", "several_documents", "2:1"),
    "many documents": (b"---\n" * 60_000, "several_documents", "2:1"),
    "a nul": (b"a: \x00\n", "control_character", "1:4"),
    "only a nul": (b"\x00", "control_character", "1:1"),
    "a control character": (b"b: 1\na: \x1b[31m\n", "control_character", "2:4"),
    "bytes of another encoding": ("a: 甲\nb: 乙\n".encode("gb18030"), "not_utf8", "1:1"),
    "half a character in line three": (b"a: 1\nb: 2\nc: \xe4\xb8\n", "not_utf8", "3:1"),
    "utf-16": ("a: 1\n".encode("utf-16"), "not_utf8", "1:1"),
    "a lone surrogate in bytes": (b"a: \xed\xa0\x80\n", "not_utf8", "1:1"),
    "a lone surrogate escaped": (b'a: "\\ud800"\n', "yaml_syntax", "1:7"),
    "nothing": (b"", "empty_file", "1:1"),
    "a byte order mark alone": (b"\xef\xbb\xbf", "empty_file", "1:1"),
    "only comments": (b"#" * 200_000, "empty_file", "1:1"),
    "only line ends": (b"\n" * 260_000, "empty_file", "1:1"),
    "only a document marker": (b"---\n", "empty_file", "1:1"),
    "a list": (b"- a\n- b\n", "wrong_shape", "1:1"),
    "a word": (b"a\n", "wrong_shape", "1:1"),
    "null": (b"~\n", "wrong_shape", "1:1"),
    "a list as a key": (b"a: {[x]: 1}\n", "wrong_shape", "1:5"),
    "a mapping as a key": (b"? {x: 1}\n: 1\n", "wrong_shape", "1:3"),
    "a huge number": (b"a: " + b"9" * 100_000 + b"\n", "text_too_long", "1:4"),
    "a huge key": (b"9" * 100_000 + b": 1\n", "text_too_long", "1:1"),
    "a huge block": (b"a: |\n" + b" x\n" * 50_000, "text_too_long", "1:4"),
    "a huge folded block": (b"a: >\n" + b"\n" * 250_000 + b" x", "text_too_long", "1:4"),
    "many entries": (b"- a\n" * 60_000, "too_many_nodes", "20000:3"),
    "many empty entries": (b"- \n" * 80_000, "too_many_nodes", "20000:2"),
    "an open bracket": (b"a: [1,\n", "yaml_syntax", "1:4"),
    "an open quote": (b'a: "x\n', "yaml_syntax", "1:4"),
    "many commas": (b"a: [" + b"," * 200_000, "yaml_syntax", "1:5"),
    "many quotes": (b"a: " + b'"' * 200_000, "yaml_syntax", "1:5"),
    "many colons": (b"a: " * 80_000, "yaml_syntax", "1:5"),
    "many percents": (b"%" * 200_000, "yaml_syntax", "1:2"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_one_named_finding(name: str) -> None:
    data, code, at = HOSTILE[name]

    _, found = read(data)

    assert [(each.code, f"{each.place.line}:{each.place.column}") for each in found] == [(code, at)]
    assert len(str(found[0])) < 300


def test_all_hostile_files_together_cost_little() -> None:
    # The bound is a timeout twenty times what a slow machine needs; what it catches is work that explodes.
    script = (
        "from tests.engine.test_yamltext import HOSTILE, read\nfor data, _, _ in HOSTILE.values():\n    read(data)\n"
    )

    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, check=False, timeout=120, capture_output=True, text=True
    )

    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("text", ["字" * MAX_TEXT, "a" * MAX_TEXT])
def test_a_text_may_be_as_long_as_its_limit(text: str) -> None:
    root, found = read(f"a: {text}\n")

    assert root is not None
    assert found == ()


def test_a_file_may_be_as_large_and_as_full_as_its_limits() -> None:
    large, found_large = read(b"a: 1\n" + b"#" * (MAX_BYTES - 5))
    full, found_full = read("a: [" + ",".join(["1"] * (MAX_NODES - 3)) + "]\n")

    assert large is not None
    assert full is not None
    assert (found_large, found_full) == ((), ())


def test_eight_levels_are_deep_enough_and_nine_are_refused() -> None:
    eight, _ = read("{a: " * 7 + "1" + "}" * 7)
    nine, found = read("{a: " * 8 + "1" + "}" * 8)

    assert eight is not None
    assert nine is None
    assert [each.code for each in found] == ["too_deep"]


def test_every_duplicate_key_of_a_file_is_found_at_once() -> None:
    root, found = read("a: 1\na: 2\nb: {c: 1, c: 2}\na: 3\n")

    assert root is not None
    assert [(each.code, each.place.line, each.place.column) for each in found] == [
        ("duplicate_key", 2, 1), ("duplicate_key", 3, 11), ("duplicate_key", 4, 1),
    ]  # fmt: skip
    assert bare(found[0].message) == "a写了两次（先前在第1行）"


@pytest.mark.parametrize(
    ("text", "line", "repair"),
    [
        ("名称: 甲\n说明: 注意: 乙\n", 2, '含有冒号的文字请加引号：“说明: "注意: 乙"”'),
        ("名称: 甲\n类别：乙: 丙: 丁\n", 2, "项目后面写冒号，冒号要用半角，后面空一格：“类别: 乙: 丙: 丁”"),
    ],
)
def test_a_colon_in_the_wrong_place_is_a_finding_with_a_repair(text: str, line: int, repair: str) -> None:
    _, found = read(text)

    assert [(each.code, each.place.line, each.repair) for each in found] == [("yaml_syntax", line, repair)]


COLON = "after a key comes a colon and a space"


@pytest.mark.parametrize(
    ("text", "at", "said", "repair"),
    [
        ("a: 1\nname Spitting\ncategory: x\n", "2:1", "no colon", f"{COLON}: `name: Spitting`"),
        ("a: 1\nrows:\n  - tier light\n    when: x\n", "3:5", "no colon", f"{COLON}: `tier: light`"),
        ("a: 1\nfacts\n  area: number\n", "2:1", "no colon", f"{COLON}: `facts:`"),
        ("a: 1\n名称：占道\nb: 2\n", "2:3", "full width", f"{COLON}: `名称: 占道`"),
        ("a: 1\nname:x\nb: 2\n", "2:5", "no space", f"{COLON}: `name: x`"),
        ('a: 1\nb: "fine 50\nc: 2\nd: "x"\ne: 3\n', "2:4", "never closes", "close the quote"),
        ("a: 'it's so'\nb: 2\n", "1:7", "the text goes on", "one pair of"),
        ("a:\n  - {b: 1, c: 2\n  - {d: 1}\n", "2:5", "`{` here never closes", "close it with `}`"),
        ("a:\n  - {b: 1，c: 2}\n", "2:10", "full-width comma", "`, ` between"),
        ("t:\n  [0..5): 20 yuan\n  b: 2\n", "2:3", "begins with `[`", '`"[0..5)"`'),
        ("a: > 5\nb: 2\n", "1:4", "meaning of its own", '`"> 5"`'),
        ("a:\n  b: 1\n   c: 2\n", "3:4", "does not fit", "in the same column"),
    ],
)
def test_a_slip_is_said_on_its_own_line_in_plain_words(text: str, at: str, said: str, repair: str) -> None:
    complaints = Complaints("en")

    read_yaml("t.yaml", text.encode(), complaints)

    (finding,) = complaints.findings
    assert f"{finding.place.line}:{finding.place.column}" == at
    assert said in finding.message
    assert repair in finding.repair


@pytest.mark.parametrize(
    ("entries", "code", "column", "repair"),
    [
        ("when: area > 1, or share > 2, q: 3", "broken_cell", 18, '`when: "area > 1, or share > 2"`'),
        ("take: round up (x, 100 yuan), q: 3", "broken_cell", 21, '`take: "round up (x, 100 yuan)"`'),
        ("name Spitting, q: 3", "no_colon", 2, f"{COLON}: `name: Spitting`"),
        ("q: 3, 名：占道", "no_colon", 8, f"{COLON}: `名: 占道`"),
        ("x, q: 3", "no_colon", 2, "`key: value`"),
    ],
)
def test_what_a_comma_left_over_in_braces_is_said_once_with_the_quotes_to_write(
    entries: str, code: str, column: int, repair: str
) -> None:
    complaints = Complaints("en")

    root = read_yaml("t.yaml", f"{{{entries}}}\n".encode(), complaints)

    assert [(each.code, each.place.column) for each in complaints.findings] == [(code, column)]
    assert repair in complaints.findings[0].repair
    assert root is not None
    assert "q" in root.entries
