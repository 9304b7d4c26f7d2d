"""What a log and a witness say to each other (C2SP tlog-witness v1.0.0, add-checkpoint), without the HTTP around it.

    old <size>                                   the request: the size the witness has seen,
    [consistency hashes in base64]               the proof from it to the checkpoint,
    (an empty line)
    (the new checkpoint, a signed note)

The answer is cosignature lines (200) or, when the witness has seen another size, that size on a line (409).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from cases.tlog.checkpoint import Checkpoint
from cases.tlog.encoding import MAX_SIZE, decimal, hash_of, lines_of, to_base64, utf8
from cases.tlog.errors import Malformed, ProofInvalid
from cases.tlog.note import MAX_SIGNATURES, Note, NoteSignature
from cases.tlog.tree import EMPTY_ROOT, HASH_BYTES, verify_consistency

__all__ = ["AddCheckpoint", "parse_cosignatures", "parse_size", "write_cosignatures", "write_size"]

_MAX_HASHES = 63


@dataclass(frozen=True, slots=True)
class AddCheckpoint:
    """The request; `old` is not above the size of the checkpoint in `note` (else Malformed, over HTTP 400)."""

    old: int
    path: tuple[bytes, ...]
    note: Note

    def __post_init__(self) -> None:
        if not 0 <= self.old <= self.checkpoint.size:
            raise Malformed(f"the old size {self.old} is above the size {self.checkpoint.size} of the checkpoint")
        if len(self.path) > _MAX_HASHES or any(len(each) != HASH_BYTES for each in self.path):
            raise Malformed(
                f"the consistency proof has more than {_MAX_HASHES} hashes, or one not of {HASH_BYTES} bytes"
            )

    @property
    def checkpoint(self) -> Checkpoint:
        """What the note says; not verified."""
        return Checkpoint.parse(self.note.text)

    def verify(self, old_root: bytes) -> None:
        """That the checkpoint's tree begins with the one of `old` leaves; else ProofInvalid.

        With `old` 0 the root is EMPTY_ROOT and the proof empty: every tree begins with nothing.
        """
        checkpoint = self.checkpoint
        if self.old > 0:
            verify_consistency(self.old, checkpoint.size, self.path, old_root, checkpoint.root)
        elif self.path or old_root != EMPTY_ROOT:
            raise ProofInvalid("from the empty tree the proof is empty and the root is the empty tree's")

    def to_bytes(self) -> bytes:
        """The body of the request; `parse` gives it back, and gives back every body it reads."""
        lines = [f"old {self.old}", *(to_base64(each) for each in self.path)]
        return "\n".join(lines).encode() + b"\n\n" + self.note.to_bytes()

    @classmethod
    def parse(cls, data: bytes) -> AddCheckpoint:
        """Read the body of a request; verifies nothing."""
        head, _, rest = data.partition(b"\n\n")
        old, *hashes = utf8(head, "the request").split("\n")
        if not old.startswith("old "):
            raise Malformed("the request does not begin with the old size")
        if len(hashes) > _MAX_HASHES:
            raise Malformed(f"the consistency proof has {len(hashes)} hashes, more than {_MAX_HASHES}")
        return cls(
            decimal(old.removeprefix("old "), "the old size"),
            tuple(hash_of(each, "a hash of the consistency proof") for each in hashes),
            Note.parse(rest),
        )


def write_cosignatures(signatures: Iterable[NoteSignature]) -> bytes:
    """The body of the answer 200, one line for each signature."""
    return "".join(each.line() for each in signatures).encode()


def parse_cosignatures(data: bytes) -> tuple[NoteSignature, ...]:
    """Read the body of an answer 200: 1 to 100 lines. Not verified: put them on the note and open it."""
    lines = lines_of(utf8(data, "the answer"), "the answer")
    if not 1 <= len(lines) <= MAX_SIGNATURES:
        raise Malformed(f"the answer has {len(lines)} signature lines, not 1 to {MAX_SIGNATURES}")
    return tuple(NoteSignature.parse(line) for line in lines)


def write_size(size: int) -> bytes:
    """The body of the answer 409, of content type text/x.tlog.size."""
    if not 0 <= size <= MAX_SIZE:
        raise Malformed(f"a tree cannot have {size} leaves")
    return b"%d\n" % size


def parse_size(data: bytes) -> int:
    """Read the body of an answer 409."""
    lines = lines_of(utf8(data, "the answer"), "the answer")
    if len(lines) != 1:
        raise Malformed("the answer is not a tree size on one line")
    return decimal(lines[0], "the tree size")
