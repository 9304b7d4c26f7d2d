"""The SM2-SM3 line of a checkpoint: made by a command (of an HSM, a KMS, or OpenSSL), for assessors in China.

    sm2.json   in the folder of keys: the vkey, and the command that signs

No library here computes SM2, on purpose: such a key belongs in certified hardware, and pure Python leaks it through
time. The command gets the text on standard input, or in a file where one of its words is `{}`, and writes the DER
signature, made with the identity 1234567812345678, to standard output.

Every other verifier passes over the line, as over any unknown key's. OpenSSL checks it (`openssl_verifier`).
"""

from __future__ import annotations

import base64
import binascii
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import orjson

from cases.clock import now
from cases.errors import LogUnavailable, UnsafeStore
from cases.log.keyring import Keyring, Signer, write_durably
from cases.tlog.errors import TlogError
from cases.tlog.keys import KeyType, Sm2Verifier, VerifierKey
from cases.tlog.note import NoteSignature

__all__ = ["FILE", "Sm2Signer", "add_sm2", "openssl_verifier", "read_sm2", "signers_of", "spki_of"]

FILE = "sm2.json"
IDENTITY = "1234567812345678"
SECONDS = 10.0
"""How long a signing command may take."""

_MOST = 72  # a DER signature: two whole numbers of at most 33 bytes, in their frames


@dataclass(frozen=True, slots=True)
class Sm2Signer:
    """Signs a checkpoint's text by running a command (see `Signer` in `cases.log.keyring`)."""

    verifier: VerifierKey
    command: tuple[str, ...]

    def sign(self, text: str, time: int | None = None) -> NoteSignature:
        """The SM2-SM3 line for this text; LogUnavailable when the command fails, so that sealing tries again later."""
        if time is not None:
            raise ValueError("an SM2-SM3 signature has no time")
        with tempfile.TemporaryDirectory(prefix="zhunsheng-sm2-") as folder:
            place = Path(folder, "text")
            place.write_bytes(text.encode())
            words = [str(place) if word == "{}" else word for word in self.command]
            try:
                with place.open("rb") as given:
                    done = subprocess.run(  # noqa: S603 - the operator's own command, from the folder of the keys
                        words, stdin=given, capture_output=True, timeout=SECONDS, check=False
                    )
            except (OSError, subprocess.TimeoutExpired) as exc:
                raise LogUnavailable(f"the command that signs with SM2 did not run ({exc})") from exc
        if done.returncode != 0:
            said = done.stderr.decode(errors="replace").strip()[-200:]
            raise LogUnavailable(f"the command that signs with SM2 ended with {done.returncode}: {said}")
        if not 8 <= len(done.stdout) <= _MOST or done.stdout[0] != 0x30 or done.stdout[1] != len(done.stdout) - 2:
            raise LogUnavailable("the command that signs with SM2 wrote no DER signature to standard output")
        check = openssl_verifier()
        # Without OpenSSL the line goes out unverified; whoever reads it verifies it.
        if check is not None and not check(self.verifier.public, text.encode(), done.stdout):
            raise LogUnavailable("the SM2 signature does not verify under the public key: see the command and its key")
        return NoteSignature(self.verifier.name, self.verifier.key_id, done.stdout)


def add_sm2(keyring: Keyring, public_pem: bytes, command: Sequence[str]) -> Sm2Signer:
    """Keep the public key and the command beside the log's keys, once the command has signed a trial text.

    The dated list has the public key too, from now on: its lines are known to whoever has the list.
    UnsafeStore when one is there already or the key is none of SM2; LogUnavailable when the command does not sign.
    """
    folder, origin = keyring.folder, keyring.origin
    path = folder / FILE
    if path.exists():
        raise UnsafeStore(str(path), "an SM2 key signs already", "move that file away to end it")
    try:
        signer = Sm2Signer(VerifierKey(origin, KeyType.SM2, spki_of(public_pem)), tuple(command))
    except (TlogError, ValueError) as exc:
        raise UnsafeStore(str(folder), f"the key cannot be used ({exc})", "give its public half as PEM") from exc
    signer.sign("This is no checkpoint, only a trial.\n")
    keyring.enlist(signer.verifier, now())
    found = {"vkey": str(signer.verifier), "command": list(command)}
    write_durably(path, orjson.dumps(found, option=orjson.OPT_INDENT_2) + b"\n", 0o600)
    return signer


def read_sm2(folder: Path, origin: str) -> Sm2Signer | None:
    """The SM2 signer of the log; None where there is none, UnsafeStore where its file is not as it was written."""
    path = folder / FILE
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        found = orjson.loads(path.read_bytes())
        key, command = VerifierKey.parse(found["vkey"]), tuple(map(str, found["command"]))
    except FileNotFoundError:
        return None
    except OSError as exc:
        raise UnsafeStore(str(path), f"it cannot be read ({exc.strerror})", "make it readable") from exc
    except (ValueError, KeyError, TypeError, TlogError) as exc:
        raise UnsafeStore(str(path), f"it says no key and command ({exc})", "put back the one that was there") from exc
    if mode & 0o022:
        raise UnsafeStore(str(path), f"others may write it (mode {mode:o})", "chmod 600 it: the log runs its command")
    if key.name != origin or key.type is not KeyType.SM2:
        raise UnsafeStore(str(path), f"its key is not an SM2 key of `{origin}`", "put back the one that was there")
    return Sm2Signer(key, command)


def signers_of(keyring: Keyring) -> tuple[Signer, ...]:
    """Everything that signs a checkpoint now: the keys in files, and the SM2 command where there is one."""
    sm2 = read_sm2(keyring.folder, keyring.origin)
    return (*keyring.signers(), *(() if sm2 is None else (sm2,)))


def spki_of(pem: bytes) -> bytes:
    """The DER SubjectPublicKeyInfo in a PEM file; ValueError where there is none."""
    head, found, rest = pem.partition(b"-----BEGIN PUBLIC KEY-----")
    body, end, _ = rest.partition(b"-----END PUBLIC KEY-----")
    if not found or not end or head.strip():
        raise ValueError("it is no PEM file with one public key")
    try:
        return base64.b64decode(b"".join(body.split()), validate=True)
    except binascii.Error as exc:
        raise ValueError("it is no PEM file with one public key") from exc


@cache
def openssl_verifier() -> Sm2Verifier | None:
    """Verify SM2-SM3 lines with the `openssl` of this machine; None where there is none that knows SM2.

    Give it to `open_note` and `Policy.accept`. Without it such lines are passed over: say so.
    """
    program = shutil.which("openssl")
    if program is None:
        return None
    listed = subprocess.run(  # noqa: S603
        [program, "list", "-public-key-algorithms"], capture_output=True, check=False, timeout=SECONDS
    )
    if b"SM2" not in listed.stdout:
        return None

    def verify(spki: bytes, message: bytes, signature: bytes) -> bool:
        with tempfile.TemporaryDirectory(prefix="zhunsheng-sm2-") as folder:
            for name, data in (("key", spki), ("text", message), ("sig", signature)):
                Path(folder, name).write_bytes(data)
            words = "pkeyutl -verify -pubin -keyform DER -inkey key -rawin -digest sm3 -in text -sigfile sig".split()
            done = subprocess.run(  # noqa: S603
                [program, *words, "-pkeyopt", f"distid:{IDENTITY}"],
                cwd=folder, capture_output=True, check=False, timeout=SECONDS,
            )  # fmt: skip
        return done.returncode == 0

    return verify
