"""Checkpoints (C2SP tlog-checkpoint v1.0.0): the text of the note by which a log states its size and root.

    <origin>
    <tree size>
    <root hash in base64>
    [extension lines]

There is no time in it: time comes from cosignatures (`cases.tlog.keys`) or from a time-stamp authority.
"""

from __future__ import annotations

from dataclasses import dataclass

from cases.tlog.encoding import MAX_SIZE, decimal, hash_of, lines_of, to_base64
from cases.tlog.errors import Malformed
from cases.tlog.note import check_text
from cases.tlog.tree import EMPTY_ROOT, HASH_BYTES

__all__ = ["Checkpoint"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """The log named `origin` has `size` leaves with this 32-byte root; `extensions` are lines nobody audits.

    The root of size 0 is that of the empty tree, else Malformed.
    """

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for line in (self.origin, *self.extensions):
            check_text(line, "the checkpoint")
            if not line or "\n" in line:
                raise Malformed("the origin and each extension of a checkpoint is one line that is not empty")
        if not 0 <= self.size <= MAX_SIZE:
            raise Malformed(f"a tree cannot have {self.size} leaves")
        if len(self.root) != HASH_BYTES:
            raise Malformed(f"the root has {len(self.root)} bytes, not {HASH_BYTES}")
        if self.size == 0 and self.root != EMPTY_ROOT:
            raise Malformed("the root is not that of the empty tree, and the tree has no leaves")

    def to_text(self) -> str:
        """The text of the note."""
        return "".join(f"{line}\n" for line in (self.origin, self.size, to_base64(self.root), *self.extensions))

    @classmethod
    def parse(cls, text: str) -> Checkpoint:
        """Read the text of a note."""
        lines = lines_of(text, "the checkpoint")
        if len(lines) < 3:
            raise Malformed("a checkpoint has at least three lines: origin, tree size and root hash")
        origin, size, root, *extensions = lines
        return cls(
            origin=origin,
            size=decimal(size, "the tree size"),
            root=hash_of(root, "the root hash"),
            extensions=tuple(extensions),
        )
