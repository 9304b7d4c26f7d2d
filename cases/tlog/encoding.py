"""The spellings that all C2SP text formats share: base64, decimal numbers and UTF-8, each with exactly one spelling.

So reading and writing again gives the same bytes, and a parsed value needs no copy of its text.
"""

from __future__ import annotations

import base64
import binascii
import re

from cases.tlog.errors import Malformed

__all__ = ["MAX_BYTES", "MAX_SIZE", "decimal", "from_base64", "hash_of", "lines_of", "to_base64", "utf8"]

MAX_BYTES = 1 << 20
"""The longest note, and the longest of anything else that is read here but a proof's extra data: 1 MiB."""

MAX_SIZE = (1 << 64) - 1
"""The largest tree: sizes are uint64 in cosignatures (tlog-cosignature)."""

_HASH_BYTES = 32
_DECIMAL = re.compile(r"0|[1-9][0-9]{0,19}")


def to_base64(data: bytes) -> str:
    """RFC 4648, section 4, with padding."""
    return base64.b64encode(data).decode("ascii")


def from_base64(text: str, what: str) -> bytes:
    """The bytes of a base64 text, which must be the one `to_base64` writes; Malformed names `what`."""
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except (UnicodeEncodeError, binascii.Error):
        data = None
    # The comparison refuses bits that stand in the padding: two texts would mean the same bytes (RFC 4648, 3.5).
    if data is None or to_base64(data) != text:
        raise Malformed(f"{what} is not standard base64")
    return data


def hash_of(text: str, what: str) -> bytes:
    """The 32 bytes of a SHA-256 hash written in base64."""
    data = from_base64(text, what)
    if len(data) != _HASH_BYTES:
        raise Malformed(f"{what} has {len(data)} bytes and a SHA-256 hash has {_HASH_BYTES}")
    return data


def decimal(text: str, what: str) -> int:
    """A number of at most 64 bits in ASCII digits without leading zeros."""
    if not _DECIMAL.fullmatch(text) or int(text) > MAX_SIZE:
        raise Malformed(f"{what} is not a decimal number of at most 64 bits without leading zeros")
    return int(text)


def utf8(data: bytes, what: str) -> str:
    """The text of at most MAX_BYTES of UTF-8."""
    if len(data) > MAX_BYTES:
        raise Malformed(f"{what} has {len(data)} bytes and the limit is {MAX_BYTES}")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as broken:
        raise Malformed(f"{what} is not UTF-8 at byte {broken.start}") from None


def lines_of(text: str, what: str) -> list[str]:
    """The lines of a text, each of which must end in a newline."""
    # Not splitlines: it also breaks at U+0085, U+2028 and others, which are ordinary characters of a note.
    *lines, rest = text.split("\n")
    if rest:
        raise Malformed(f"the last line of {what} does not end in a newline")
    return lines
