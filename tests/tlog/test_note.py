"""Signed notes and checkpoints: what the C2SP texts say a reader must take and must refuse."""

from __future__ import annotations

import base64
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cases.tlog.checkpoint import Checkpoint
from cases.tlog.errors import Malformed
from cases.tlog.note import MAX_SIGNATURES, Note, NoteSignature
from cases.tlog.tree import EMPTY_ROOT
from tests.tlog.kit import HERE

# signed-note, tlog-checkpoint and tlog-cosignature, the examples.
POEM = """\
Ognuno sta solo sul cuor della terra
trafitto da un raggio di sole:

ed è subito sera.

— quasimodo.example/salvatore NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfLW9oJKONrMouFSQU0xMcXxj99ihAQwaqP3ZekRwNtIc=
"""  # noqa: E501 - the published example
SOFA = """\
example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==
"""  # noqa: E501 - the published example

NAMES = st.text(min_size=1, max_size=12).filter(
    lambda name: name.isprintable() and "+" not in name and not re.search(r"\s", name)
)
SIGNATURES = st.builds(NoteSignature, NAMES, st.binary(min_size=4, max_size=4), st.binary(min_size=1, max_size=80))
TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"], include_characters="\n\x7f\x85"), max_size=40)
NOTES = st.builds(Note, TEXTS.map(lambda text: text + "\n"), st.lists(SIGNATURES, min_size=1, max_size=16).map(tuple))


def line(name: str = "a", size: int = 5) -> str:
    return f"— {name} {base64.b64encode(bytes(size)).decode()}\n"


@pytest.mark.parametrize("text", [POEM, SOFA])
def test_the_published_examples_are_read_and_written_back(text: str) -> None:
    note = Note.parse(text.encode())

    assert note.to_bytes() == text.encode()


def test_the_text_ends_before_the_last_empty_line() -> None:
    note = Note.parse(POEM.encode())

    assert note.text.startswith("Ognuno")
    assert note.text.endswith("raggio di sole:\n\ned è subito sera.\n")
    assert [each.name for each in note.signatures] == ["quasimodo.example/salvatore"]
    assert note.signatures[0].key_id == bytes.fromhex("367ba04b")


@given(NOTES)
def test_every_note_survives_being_written_and_read(note: Note) -> None:
    assert Note.parse(note.to_bytes()) == note


@given(NOTES, st.data())
def test_a_changed_note_is_refused_or_is_another_note_and_written_back_as_it_came(
    note: Note, data: st.DataObject
) -> None:
    whole = bytearray(note.to_bytes())
    whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))

    try:
        again = Note.parse(bytes(whole))
    except Malformed:
        return

    assert again.to_bytes() == whole
    assert (again == note) == (bytes(whole) == note.to_bytes())


REFUSED_NOTES = {
    "nothing": "",
    "no signature": "text\n\n",
    "no empty line": "text\n" + line(),
    "no text": "\n" + line(),
    "no newline at the end": "text\n\n" + line().rstrip("\n"),
    "an empty line after the signatures": "text\n\n" + line() + "\n",
    "a line between that is no signature": "text\n\n" + line() + "text\n" + line(),
    "a hyphen for the dash": "text\n\n" + line().replace("—", "-"),
    "no space after the dash": "text\n\n" + line().replace("— ", "—"),
    "two spaces before the name": "text\n\n" + line().replace("— ", "—  "),
    "two spaces after the name": "text\n\n" + line().replace(" a ", " a  "),
    "no name": "text\n\n" + line(""),
    "a plus sign in the name": "text\n\n" + line("a+b"),
    "a no-break space in the name": "text\n\n" + line("a\u00a0b"),
    "an ideographic space in the name": "text\n\n" + line("a\u3000b"),
    "a next-line character in the name": "text\n\n" + line("a\u0085b"),
    "a third word": "text\n\n" + line().rstrip("\n") + " x\n",
    "a space at the end": "text\n\n" + line().rstrip("\n") + " \n",
    "a carriage return": "text\r\n\n" + line(),
    "a tab": "te\txt\n\n" + line(),
    "a zero byte": "te\0xt\n\n" + line(),
    "a carriage return in the signature": "text\n\n" + line().replace("\n", "\r\n"),
    "a key ID and nothing more": "text\n\n" + line(size=4),
    "three bytes": "text\n\n" + line(size=3),
    "no base64": "text\n\n— a \n",
    "base64 without padding": "text\n\n" + line().replace("=", ""),
    "base64 with bits in the padding": "text\n\n" + line().replace("AA=", "AB="),
    "base64 of the other alphabet": "text\n\n— a AAAAAA-_\n",
    "base64 in digits of another script": "text\n\n— a AAAAAAA\uff11\n",
    "101 signatures": "text\n\n" + line() * (MAX_SIGNATURES + 1),
}


@pytest.mark.parametrize("text", REFUSED_NOTES.values(), ids=REFUSED_NOTES)
def test_what_is_no_note_is_refused(text: str) -> None:
    with pytest.raises(Malformed):
        Note.parse(text.encode())


def test_bytes_that_are_not_utf8_are_refused() -> None:
    for broken in (b"\xff", b"\xed\xa0\x80", b"\xc0\x80"):
        with pytest.raises(Malformed, match="UTF-8"):
            Note.parse(b"text" + broken + b"\n\n" + line().encode())


def test_a_hundred_signatures_are_read_and_a_mebibyte_is_the_limit() -> None:
    assert len(Note.parse(("text\n\n" + line() * MAX_SIGNATURES).encode()).signatures) == 100
    room = (1 << 20) - len(("\n\n" + line()).encode())
    assert len(Note.parse(("x" * room + "\n\n" + line()).encode()).text) == room + 1

    with pytest.raises(Malformed, match="limit"):
        Note.parse(("x" * (room + 1) + "\n\n" + line()).encode())
    with pytest.raises(Malformed, match="limit"):
        Note("x" * (room + 1) + "\n", (NoteSignature("a", bytes(4), b"x"),)).to_bytes()


def test_a_note_that_could_not_be_read_again_is_not_made() -> None:
    good = NoteSignature("a", bytes(4), b"x")
    for text, signatures in (("text", (good,)), ("text\n", ()), ("a\rb\n", (good,)), ("\ud800\n", (good,))):
        with pytest.raises(Malformed):
            Note(text, signatures)
    for name in ("", "a b", "a+b", "a\nb", "\udcff", "a\x1cb"):
        with pytest.raises(Malformed):
            NoteSignature(name, bytes(4), b"x")


def test_more_signatures_are_added_once_and_at_the_end() -> None:
    first, second = NoteSignature("a", bytes(4), b"x"), NoteSignature("b", bytes(4), b"x")

    note = Note("text\n", (first,)).adding([second, first])

    assert note.signatures == (first, second)
    assert note.adding([second]) == note


def test_the_published_checkpoint_says_what_it_says() -> None:
    checkpoint = Checkpoint.parse(Note.parse(SOFA.encode()).text)

    assert (checkpoint.origin, checkpoint.size) == ("example.com/behind-the-sofa", 20_852_163)
    assert checkpoint.root == base64.b64decode("CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=")
    assert checkpoint.to_text() == SOFA.partition("\n\n")[0] + "\n"


def test_checkpoints_of_real_logs_are_read_and_written_back() -> None:
    for name in ("cosigned_ed25519.txt", "cosigned_mldsa44.txt"):
        note = Note.parse((HERE / name).read_bytes())

        assert note.to_bytes() == (HERE / name).read_bytes()
        assert Checkpoint.parse(note.text).to_text() == note.text


CHECKPOINTS = st.builds(
    Checkpoint,
    origin=NAMES,
    size=st.integers(1, (1 << 64) - 1),
    root=st.binary(min_size=32, max_size=32),
    extensions=st.lists(NAMES, max_size=3).map(tuple),
)


@given(CHECKPOINTS)
def test_every_checkpoint_survives_being_written_and_read(checkpoint: Checkpoint) -> None:
    assert Checkpoint.parse(checkpoint.to_text()) == checkpoint


def test_the_empty_tree_has_the_root_of_nothing() -> None:
    empty = Checkpoint(origin="a", size=0, root=EMPTY_ROOT)

    assert empty.to_text() == "a\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"
    with pytest.raises(Malformed, match="empty tree"):
        Checkpoint(origin="a", size=0, root=bytes(32))


ROOT = base64.b64encode(bytes(32)).decode()
REFUSED_CHECKPOINTS = {
    "nothing": "",
    "two lines": "a\n5\n",
    "no newline at the end": f"a\n5\n{ROOT}",
    "no origin": f"\n5\n{ROOT}\n",
    "no size": f"a\n\n{ROOT}\n",
    "a leading zero": f"a\n05\n{ROOT}\n",
    "two zeros": f"a\n00\n{ROOT}\n",
    "a sign": f"a\n+5\n{ROOT}\n",
    "below zero": f"a\n-5\n{ROOT}\n",
    "a space": f"a\n5 \n{ROOT}\n",
    "a separator": f"a\n5_0\n{ROOT}\n",
    "digits of another script": f"a\n\u0665\n{ROOT}\n",
    "65 bits": f"a\n18446744073709551616\n{ROOT}\n",
    "a thousand digits": f"a\n{'9' * 5000}\n{ROOT}\n",
    "31 bytes": f"a\n5\n{base64.b64encode(bytes(31)).decode()}\n",
    "33 bytes": f"a\n5\n{base64.b64encode(bytes(33)).decode()}\n",
    "a root without padding": f"a\n5\n{ROOT.rstrip('=')}\n",
    "a root with bits in the padding": f"a\n5\n{ROOT.replace('AA=', 'AB=')}\n",
    "an empty extension": f"a\n5\n{ROOT}\n\n",
    "an empty line before an extension": f"a\n5\n{ROOT}\n\nx\n",
}


@pytest.mark.parametrize("text", REFUSED_CHECKPOINTS.values(), ids=REFUSED_CHECKPOINTS)
def test_what_is_no_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(Malformed):
        Checkpoint.parse(text)


@pytest.mark.parametrize("origin", ["", "a\nb", "a\rb", "\ud800"])
def test_a_checkpoint_that_could_not_be_read_again_is_not_made(origin: str) -> None:
    with pytest.raises(Malformed):
        Checkpoint(origin=origin, size=1, root=bytes(32))
