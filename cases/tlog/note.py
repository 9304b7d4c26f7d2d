"""Signed notes (C2SP signed-note v1.0.0): a text and the signature lines under it; keys are `cases.tlog.keys`.

    text, ending in a newline
    (an empty line)
    — <key name> <base64 of 4 bytes key ID and the signature>

A note that parses says nothing yet: its text must be ignored until `open_note` has verified a signature on it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from cases.tlog.encoding import MAX_BYTES, from_base64, lines_of, to_base64, utf8
from cases.tlog.errors import Malformed

__all__ = ["MAX_SIGNATURES", "Note", "NoteSignature", "check_key_name", "check_text"]

MAX_SIGNATURES = 100
"""The most signatures read or written on one note; the specification asks for at least 16."""

KEY_ID_BYTES = 4

_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")
_DASH = "\N{EM DASH} "


def check_text(text: str, what: str) -> None:
    """Malformed when the text can stand in no note: not UTF-8, or an ASCII control character but the newline."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise Malformed(f"{what} cannot be written in UTF-8") from None
    if _CONTROL.search(text):
        raise Malformed(f"{what} has an ASCII control character")


def check_key_name(name: str) -> None:
    """Malformed unless the name can stand on a signature line: non-empty, no Unicode space, no plus sign."""
    check_text(name, "the key name")
    if not name or "+" in name or any(each.isspace() for each in name):
        raise Malformed("the key name is empty, or has a space or a plus sign")


@dataclass(frozen=True, slots=True)
class NoteSignature:
    """One signature line: the name and the 4-byte id of the key, and what that key's algorithm gave (not empty)."""

    name: str
    key_id: bytes
    signature: bytes

    def __post_init__(self) -> None:
        check_key_name(self.name)
        if len(self.key_id) != KEY_ID_BYTES or not self.signature:
            raise Malformed("a signature has a key ID of 4 bytes and at least one byte more")

    def line(self) -> str:
        """The line, with its newline."""
        return f"{_DASH}{self.name} {to_base64(self.key_id + self.signature)}\n"

    @classmethod
    def parse(cls, line: str) -> NoteSignature:
        """Read a line, given without its newline."""
        name, space, text = line.removeprefix(_DASH).partition(" ")
        if not line.startswith(_DASH) or not space:
            raise Malformed("a signature line is not an em dash, a key name and base64, with one space between")
        data = from_base64(text, "a signature")
        return cls(name, data[:KEY_ID_BYTES], data[KEY_ID_BYTES:])


@dataclass(frozen=True, slots=True)
class Note:
    """A text that ends in a newline, and its signatures, at least one, in their order."""

    text: str
    signatures: tuple[NoteSignature, ...]

    def __post_init__(self) -> None:
        check_text(self.text, "the note")
        if not self.text.endswith("\n"):
            raise Malformed("the text of the note does not end in a newline")
        if not 1 <= len(self.signatures) <= MAX_SIGNATURES:
            raise Malformed(f"the note has {len(self.signatures)} signatures, not 1 to {MAX_SIGNATURES}")

    def to_bytes(self) -> bytes:
        """The note; `parse` gives it back, and gives back every note it reads. Malformed when it is too long."""
        data = f"{self.text}\n{''.join(each.line() for each in self.signatures)}".encode()
        if len(data) > MAX_BYTES:
            raise Malformed(f"the note has {len(data)} bytes and the limit is {MAX_BYTES}")
        return data

    @classmethod
    def parse(cls, data: bytes) -> Note:
        """Read a note of at most 1 MiB; verifies nothing."""
        whole = utf8(data, "the note")
        text, empty, lines = whole.rpartition("\n\n")  # The text may have empty lines too: the last one counts.
        if not empty:
            raise Malformed("the note has no empty line between its text and its signatures")
        signatures = lines_of(lines, "the note")
        if len(signatures) > MAX_SIGNATURES:  # before any is decoded
            raise Malformed(f"the note has {len(signatures)} signatures, not 1 to {MAX_SIGNATURES}")
        return cls(text + "\n", tuple(NoteSignature.parse(line) for line in signatures))

    def adding(self, signatures: Iterable[NoteSignature]) -> Note:
        """The note with these lines at its end, without those it already has."""
        return Note(self.text, tuple(dict.fromkeys((*self.signatures, *signatures))))
