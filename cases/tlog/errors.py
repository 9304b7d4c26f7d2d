"""Everything the log's formats can refuse, in one tree; read this when you catch one of them.

    TlogError
    ├── Malformed         the bytes, or the parts given to a value, are not the format
    ├── ProofInvalid      a Merkle proof does not lead from the one hash to the other
    ├── SignatureInvalid  a signature that says it is a known key's does not verify
    ├── Unsigned          no known key signed at all
    └── QuorumMissing     the log signed, but too few witnesses did

`str()` is one plain sentence. A misuse by our own code (a proof asked of leaves that are not there) is ValueError.
"""

from __future__ import annotations

__all__ = ["Malformed", "ProofInvalid", "QuorumMissing", "SignatureInvalid", "TlogError", "Unsigned"]


class TlogError(Exception):
    """The base of the tree; catch it to catch every refusal of the formats."""


class Malformed(TlogError):
    """The bytes, or the parts given to a value, are not the format."""


class ProofInvalid(TlogError):
    """A Merkle proof does not lead from the one hash to the other."""


class SignatureInvalid(TlogError):
    """A line with the name and id of a known key does not verify under it: the whole note is refused."""


class Unsigned(TlogError):
    """No known key signed the note; its text must be ignored (signed-note, Format)."""


class QuorumMissing(TlogError):
    """A known log signed the checkpoint, but fewer witnesses than the policy's quorum cosigned it."""
