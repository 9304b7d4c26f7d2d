"""The keys that sign notes, and opening a note with the keys one knows (C2SP signed-note, tlog-cosignature).

    0x01             Ed25519 over the text                             a log's first key
    0x04             cosignature/v1, Ed25519 with the time it saw      a witness
    0x06             subtree/v1, ML-DSA-44 with the time it saw        a witness, or a log
    0xff "SM2-SM3"   SM2 with SM3 over the text, DER                   our own convention, for Chinese assessors

A key's id is SHA-256(name, newline, type, public key)[:4]. SM2: the public key is the DER SubjectPublicKeyInfo that
`openssl pkey -pubout -outform DER` writes, the signature is DER and made with the identity 1234567812345678 over the
bytes of the text. No library here computes SM2: the caller gives a verifier; without one, such a line is of an unknown
key and is ignored, which is what every other reader of the note does.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey, MLDSA44PublicKey

from cases.tlog.checkpoint import Checkpoint
from cases.tlog.encoding import from_base64, to_base64
from cases.tlog.errors import Malformed, SignatureInvalid, Unsigned
from cases.tlog.note import Note, NoteSignature, check_key_name

__all__ = ["KeyType", "SignerKey", "Sm2Verifier", "Verified", "VerifierKey", "open_note"]

SEED_BYTES = 32

Sm2Verifier = Callable[[bytes, bytes, bytes], bool]
"""`verify(spki_der, message, signature_der)` says whether an SM2-SM3 signature is good."""

_TIME_BYTES = 8
_MAX_TIME = (1 << 63) - 1  # tlog-cosignature, Format
_MAX_NAME = 255  # its length is one byte in the message of subtree/v1
# SEQUENCE { SEQUENCE { id-ecPublicKey, sm2p256v1 }, BIT STRING { 0x04 uncompressed point } }
_SM2_SPKI = bytes.fromhex("3059301306072a8648ce3d020106082a811ccf5501822d03420004")


class KeyType(Enum):
    """The signature types known here, by the bytes that stand before the public key."""

    ED25519 = b"\x01"
    COSIGNATURE = b"\x04"
    SUBTREE = b"\x06"
    SM2 = b"\xffSM2-SM3"


_PUBLIC_BYTES = {
    KeyType.ED25519: 32,
    KeyType.COSIGNATURE: 32,
    KeyType.SUBTREE: 1312,
    KeyType.SM2: len(_SM2_SPKI) + 64,
}
_COSIGNING = (KeyType.COSIGNATURE, KeyType.SUBTREE)


@dataclass(frozen=True)
class VerifierKey:
    """A public key under a name; `str()` is its vkey text, `name+id+base64`."""

    name: str
    type: KeyType
    public: bytes

    def __post_init__(self) -> None:
        check_key_name(self.name)
        if len(self.public) != _PUBLIC_BYTES[self.type]:
            raise Malformed(f"a public key of this type has {_PUBLIC_BYTES[self.type]} bytes, not {len(self.public)}")
        if self.type is KeyType.SM2 and not self.public.startswith(_SM2_SPKI):
            raise Malformed("the public key is not the DER SubjectPublicKeyInfo of an SM2 key")
        if self.type is KeyType.SUBTREE and len(self.name.encode()) > _MAX_NAME:
            raise Malformed(f"the name of a key that signs subtree/v1 is longer than {_MAX_NAME} bytes")

    @cached_property
    def key_id(self) -> bytes:
        """The first 4 bytes of SHA-256(name, newline, type, public key)."""
        return hashlib.sha256(self.name.encode() + b"\n" + self.type.value + self.public).digest()[:4]

    def __str__(self) -> str:
        return f"{self.name}+{self.key_id.hex()}+{to_base64(self.type.value + self.public)}"

    @classmethod
    def parse(cls, text: str) -> VerifierKey:
        """Read a vkey; Malformed also for a type not known here and for an id that is not the key's."""
        name, key_id, data = _parts(text)
        key = cls(name, *_typed(data))
        if key.key_id.hex() != key_id:
            raise Malformed("the key ID of the vkey is not the one its name and public key have")
        return key

    def verify(self, text: str, signature: NoteSignature, sm2: Sm2Verifier | None = None) -> int | None:
        """The POSIX second a cosigner states it signed at, None where it states none; SignatureInvalid if not good.

        A cosignature is good only on a checkpoint. ML-DSA-44 does not sign extension lines (tlog-cosignature).
        """
        if (signature.name, signature.key_id) != (self.name, self.key_id):
            raise SignatureInvalid(f"the signature names another key than `{self.name}`")
        time, raw = None, signature.signature
        if self.type in _COSIGNING:
            time, raw = int.from_bytes(raw[:_TIME_BYTES]), raw[_TIME_BYTES:]
        try:
            good = self._good(_message(self, text, time), raw, sm2)
        except (Malformed, InvalidSignature):
            good = False
        if not good:
            raise SignatureInvalid(f"the signature of the key `{self.name}` does not verify")
        # Zero says in subtree/v1 that no time is stated.
        return None if self.type is KeyType.SUBTREE and time == 0 else time

    def _good(self, message: bytes, raw: bytes, sm2: Sm2Verifier | None) -> bool:
        if self.type is KeyType.SM2:
            return sm2 is not None and sm2(self.public, message, raw)
        if self.type is KeyType.SUBTREE:
            MLDSA44PublicKey.from_public_bytes(self.public).verify(raw, message)
        else:
            Ed25519PublicKey.from_public_bytes(self.public).verify(raw, message)
        return True


@dataclass(frozen=True)
class SignerKey:
    """A private key under a name, made from a 32-byte secret seed; any type but SM2, whose keys live in hardware.

    A new key is `SignerKey(name, type, secrets.token_bytes(32))`. Neither `str()` nor `repr()` shows the seed.
    """

    name: str
    type: KeyType
    seed: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if self.type is KeyType.SM2:
            raise Malformed("an SM2 key is not made from a seed here")
        if len(self.seed) != SEED_BYTES:
            raise Malformed(f"the seed of a private key has {SEED_BYTES} bytes, not {len(self.seed)}")
        check_key_name(self.name)

    @cached_property
    def _private(self) -> Ed25519PrivateKey | MLDSA44PrivateKey:
        if self.type is KeyType.SUBTREE:
            return MLDSA44PrivateKey.from_seed_bytes(self.seed)
        return Ed25519PrivateKey.from_private_bytes(self.seed)

    @cached_property
    def verifier(self) -> VerifierKey:
        """The public half."""
        return VerifierKey(self.name, self.type, self._private.public_key().public_bytes_raw())

    def private_text(self) -> str:
        """The secret, in the form of Go's x/mod: PRIVATE+KEY+name+id+base64(type, seed)."""
        return f"PRIVATE+KEY+{self.name}+{self.verifier.key_id.hex()}+{to_base64(self.type.value + self.seed)}"

    @classmethod
    def parse(cls, text: str) -> SignerKey:
        """Read what `private_text` writes."""
        if not text.startswith("PRIVATE+KEY+"):
            raise Malformed("a private key begins with PRIVATE+KEY+")
        name, key_id, data = _parts(text.removeprefix("PRIVATE+KEY+"))
        key = cls(name, *_typed(data))
        if key.verifier.key_id.hex() != key_id:
            raise Malformed("the key ID of the private key is not the one its name and seed have")
        return key

    def sign(self, text: str, time: int | None = None) -> NoteSignature:
        """Sign a note's text; a cosigning key signs a checkpoint, at `time` in POSIX seconds.

        COSIGNATURE needs the time, SUBTREE may leave it out (it then states none), ED25519 has none: else ValueError.
        Ed25519 signatures are deterministic; those of ML-DSA-44 differ from call to call.
        """
        if self.type is KeyType.SUBTREE:
            time = time or 0
        if (time is None) == (self.type in _COSIGNING):
            raise ValueError(f"a signature of type {self.type.name} {'needs a' if time is None else 'has no'} time")
        raw = self._private.sign(_message(self.verifier, text, time))
        stamp = b"" if time is None else time.to_bytes(_TIME_BYTES)
        return NoteSignature(self.name, self.verifier.key_id, stamp + raw)


@dataclass(frozen=True, slots=True)
class Verified:
    """A signature that verified, by which key, and the POSIX second it states, if any."""

    key: VerifierKey
    signature: NoteSignature
    time: int | None


def open_note(note: Note, keys: Iterable[VerifierKey], sm2: Sm2Verifier | None = None) -> tuple[Verified, ...]:
    """The signatures of known keys, in the note's order, all verified; at least one (signed-note, Signatures).

    Lines of unknown keys are ignored. SignatureInvalid for a known key's bad signature, though others are good;
    Unsigned when no known key signed; Malformed when two different known keys share a name and an id.
    """
    known: dict[tuple[str, bytes], VerifierKey] = {}
    for key in keys:
        if (key.type is not KeyType.SM2 or sm2 is not None) and known.setdefault((key.name, key.key_id), key) != key:
            raise Malformed(f"two known keys share the name `{key.name}` and a key ID")
    verified = tuple(
        Verified(found, each, found.verify(note.text, each, sm2))
        for each in note.signatures
        if (found := known.get((each.name, each.key_id)))
    )
    if not verified:
        raise Unsigned("the note has no signature of a known key")
    return verified


def _parts(text: str) -> tuple[str, str, bytes]:
    parts = text.split("+", 2)  # base64 has plus signs too
    if len(parts) != 3:
        raise Malformed("a key is a name, a key ID and base64, with a plus sign between")
    name, key_id, data = parts
    return name, key_id, from_base64(data, "the key")


def _typed(data: bytes) -> tuple[KeyType, bytes]:
    for each in KeyType:
        if data.startswith(each.value):
            return each, data.removeprefix(each.value)
    raise Malformed("the key is of a signature type that is not known here")


def _message(key: VerifierKey, text: str, time: int | None) -> bytes:
    """What the key signs (signed-note; tlog-cosignature, Ed25519 and ML-DSA-44 signed message)."""
    if time is None:
        return text.encode()
    if not 0 <= time <= _MAX_TIME:
        raise Malformed("the time of a cosignature is not a POSIX time of 63 bits")
    checkpoint = Checkpoint.parse(text)
    if key.type is KeyType.COSIGNATURE:
        return f"cosignature/v1\ntime {time}\n{text}".encode()
    name, origin = key.name.encode(), checkpoint.origin.encode()
    if len(origin) > _MAX_NAME:
        raise Malformed(f"the origin is longer than {_MAX_NAME} bytes")
    return b"".join(
        (
            b"subtree/v1\n\0",
            len(name).to_bytes(1) + name,
            time.to_bytes(8),
            len(origin).to_bytes(1) + origin,
            (0).to_bytes(8),  # start: a checkpoint is the subtree from the first leaf on
            checkpoint.size.to_bytes(8),
            checkpoint.root,
        )
    )
