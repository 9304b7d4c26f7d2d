"""Proofs one can keep (C2SP tlog-proof): an entry's place, its Merkle path and a signed checkpoint, in one text.

    c2sp.org/tlog-proof@v1
    [extra <base64>]
    index <n>
    [hashes in base64, the leaf's sibling first]
    (an empty line)
    (the checkpoint, a signed note, as the log gave it)

Whoever has the entry's bytes, such a text and a policy can check offline that the log holds the entry. The suffix of
a file is `.tlog-proof`. `extra` is signed by nobody.
"""

from __future__ import annotations

from dataclasses import dataclass

from cases.tlog.checkpoint import Checkpoint
from cases.tlog.encoding import MAX_BYTES, MAX_SIZE, decimal, from_base64, hash_of, to_base64, utf8
from cases.tlog.errors import Malformed
from cases.tlog.keys import Sm2Verifier
from cases.tlog.note import Note
from cases.tlog.policy import Accepted, Policy
from cases.tlog.tree import HASH_BYTES, verify_inclusion

__all__ = ["TlogProof"]

_MAX_HASHES = 64  # the height of the largest tree
_FIRST_LINE = "c2sp.org/tlog-proof@v1"


@dataclass(frozen=True, slots=True)
class TlogProof:
    """The entry at `index` is in the tree of the checkpoint in `note`; `extra` is None or some bytes."""

    index: int
    path: tuple[bytes, ...]
    note: Note
    extra: bytes | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.index <= MAX_SIZE or len(self.path) > _MAX_HASHES:
            raise Malformed("the index or the number of hashes cannot be that of any tree")
        if any(len(each) != HASH_BYTES for each in self.path):
            raise Malformed(f"a hash of the proof has not {HASH_BYTES} bytes")
        if self.extra == b"":
            raise Malformed("the extra data is empty: leave it out")
        Checkpoint.parse(self.note.text)

    def verify(self, leaf: bytes, policy: Policy, sm2: Sm2Verifier | None = None) -> Accepted:
        """That the policy accepts the checkpoint and that the entry with this leaf hash stands at `index` in its tree.

        Raises what `Policy.accept` raises, then ProofInvalid.
        """
        accepted = policy.accept(self.note, sm2)
        verify_inclusion(leaf, self.index, accepted.checkpoint.size, self.path, accepted.checkpoint.root)
        return accepted

    def to_bytes(self) -> bytes:
        """The proof; `parse` gives it back, and gives back every proof it reads."""
        extra = [] if self.extra is None else [f"extra {to_base64(self.extra)}"]
        lines = [_FIRST_LINE, *extra, f"index {self.index}", *(to_base64(each) for each in self.path)]
        return "\n".join(lines).encode() + b"\n\n" + self.note.to_bytes()

    @classmethod
    def parse(cls, data: bytes) -> TlogProof:
        """Read a proof of at most 1 MiB before the checkpoint; verifies nothing."""
        # Bounded before it is copied; the parts have their own limits.
        if len(data) > 2 * MAX_BYTES:
            raise Malformed(f"the proof has {len(data)} bytes and the limit is {2 * MAX_BYTES}")
        head, _, rest = data.partition(b"\n\n")
        first, *lines = utf8(head, "the proof").split("\n")
        if first != _FIRST_LINE:
            raise Malformed(f"the proof does not begin with {_FIRST_LINE}")
        extra = None
        if lines and lines[0].startswith("extra "):
            extra = from_base64(lines.pop(0).removeprefix("extra "), "the extra data")
        if not lines or not lines[0].startswith("index "):
            raise Malformed("the proof has no index line where it must stand")
        index, *hashes = lines
        if len(hashes) > _MAX_HASHES:
            raise Malformed(f"the proof has {len(hashes)} hashes, more than any tree is high")
        return cls(
            decimal(index.removeprefix("index "), "the index"),
            tuple(hash_of(each, "a hash of the proof") for each in hashes),
            Note.parse(rest),
            extra,
        )
