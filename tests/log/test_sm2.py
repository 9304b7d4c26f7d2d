"""The SM2-SM3 line of a checkpoint: OpenSSL and a second SM2 agree on it, and who does not know it passes over it."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import gmalg
import pytest
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from cases.errors import LogUnavailable, UnsafeStore
from cases.log.key_events import check_endorsement
from cases.log.keyring import Keyring
from cases.log.opened import OpenLog
from cases.log.rotation import record_added, rotate
from cases.log.sm2 import FILE, IDENTITY, Sm2Signer, add_sm2, openssl_verifier, read_sm2, signers_of, spki_of
from cases.log.store import AuditLog
from cases.tlog.errors import SignatureInvalid
from cases.tlog.keys import KeyType, VerifierKey, open_note
from cases.tlog.note import Note, NoteSignature
from cases.tlog.policy import KnownLog, Policy
from tests.api.kit import ROOT
from tests.log.kit import ORIGIN, THEN, numbered
from tests.log.test_rotation import key_events
from tests.needs import openssl

SIGN = "openssl pkeyutl -sign -inkey {key} -rawin -digest sm3 -pkeyopt distid:1234567812345678"


def keys(folder: Path) -> tuple[Path, Path, str]:
    """A new SM2 key by OpenSSL: private half, public half, and the command that signs with it."""
    private, public = folder / "sm2.pem", folder / "sm2-public.pem"
    subprocess.run([openssl(), "genpkey", "-algorithm", "SM2", "-out", private], check=True, capture_output=True)
    subprocess.run([openssl(), "pkey", "-in", private, "-pubout", "-out", public], check=True, capture_output=True)
    return private, public, SIGN.format(key=shlex.quote(str(private)))


def log_with(folder: Path, command: str, public: Path) -> Keyring:
    """A log in the folder whose checkpoints carry the line."""
    with OpenLog.open(folder / "log.sqlite3", folder / "keys", origin=ORIGIN):
        pass
    keyring = Keyring(folder / "keys")
    with AuditLog.open(folder / "log.sqlite3") as log:
        signer = add_sm2(keyring, public.read_bytes(), shlex.split(command))
        record_added(log, keyring, signer.verifier)
    return keyring


def checkpoint(folder: Path) -> Note:
    with OpenLog.open(folder / "log.sqlite3", folder / "keys") as opened:
        opened.append(numbered(90, 91)[0])
        found = opened.sealer.seal()
        assert found is not None
        return found.note


def test_every_checkpoint_carries_the_line_and_ordinary_verifiers_pass_over_it(tmp_path: Path) -> None:
    _, public, command = keys(tmp_path)
    keyring = log_with(tmp_path, command, public)
    note = checkpoint(tmp_path)
    ed25519, mldsa, sm2 = keyring.verifiers()
    assert sm2 == signers_of(keyring)[-1].verifier
    check = openssl_verifier()
    assert check is not None

    assert [each.name for each in note.signatures] == [ORIGIN] * 3
    assert [each.key for each in open_note(note, [ed25519])] == [ed25519]
    assert [each.key for each in open_note(note, [ed25519, mldsa, sm2])] == [ed25519, mldsa]  # no SM2 to verify with
    assert [each.key for each in open_note(note, [ed25519, mldsa, sm2], check)] == [ed25519, mldsa, sm2]
    policy = Policy(logs=(KnownLog(ed25519), KnownLog(mldsa), KnownLog(sm2)), quorum=None)
    assert len(policy.accept(note, check).verified) == 3

    changed = Note(note.text.replace("\n", "!\n", 1), note.signatures[-1:])
    with pytest.raises(SignatureInvalid):
        open_note(changed, [sm2], check)


def test_the_new_key_is_recorded_and_endorsed_by_the_old_and_stays_when_they_change(tmp_path: Path) -> None:
    _, public, command = keys(tmp_path)
    keyring = log_with(tmp_path, command, public)
    check = openssl_verifier()
    with AuditLog.open(tmp_path / "log.sqlite3") as log:
        (_, about) = key_events(log)[-1]
        assert about["event"] == "added"
        assert about["vkeys"] == [str(signers_of(keyring)[-1].verifier)]
        assert check_endorsement(about, keyring.verifiers()) == keyring.verifiers()[:1]

        rotate(log, keyring)

        (_, about) = key_events(log)[-1]
        lines = Note.parse(about["endorsement"].encode())
        sm2 = signers_of(keyring)[-1].verifier
        assert [each.key for each in open_note(lines, [keyring.verifiers()[0], sm2], check)] == [
            keyring.verifiers()[0],
            sm2,
        ]
    assert len(checkpoint(tmp_path).signatures) == 3


def test_openssl_alone_verifies_the_line_by_the_shell_in_the_readme(tmp_path: Path) -> None:
    _, public, command = keys(tmp_path)
    keyring = log_with(tmp_path, command, public)
    note = checkpoint(tmp_path)
    sm2 = signers_of(keyring)[-1].verifier
    blocks = re.findall(r"```sh\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    (shell,) = [block for block in blocks if "-digest sm3" in block]

    def verified(data: bytes) -> str:
        for old in ("text", "sig", "line"):
            (tmp_path / old).unlink(missing_ok=True)
        (tmp_path / "checkpoint").write_bytes(data)
        public.rename(tmp_path / "public.pem") if public.exists() else None
        environment = {"PATH": "/usr/bin:/bin", "VKEY": str(sm2)}
        done = subprocess.run(["sh", "-c", shell], cwd=tmp_path, env=environment, capture_output=True, check=False)
        return (done.stdout + done.stderr).decode()

    assert "Signature Verified Successfully" in verified(note.to_bytes())
    tampered = note.to_bytes().replace(note.text.split("\n")[1].encode(), b"77", 1)
    assert "Signature Verification Failure" in verified(tampered)


def _point(spki: bytes) -> bytes:
    return spki[-65:]


def test_a_second_implementation_agrees_both_ways(tmp_path: Path) -> None:
    """gmalg verifies what OpenSSL signed, and OpenSSL what gmalg signed."""
    _, public, command = keys(tmp_path)
    log_with(tmp_path, command, public)
    note = checkpoint(tmp_path)
    r, s = decode_dss_signature(note.signatures[-1].signature)
    theirs = gmalg.SM2(uid=IDENTITY.encode(), pk=_point(spki_of(public.read_bytes())))

    assert theirs.verify(note.text.encode(), r.to_bytes(32), s.to_bytes(32))
    assert not theirs.verify(note.text.encode() + b"\n", r.to_bytes(32), s.to_bytes(32))

    secret, point = gmalg.SM2().generate_keypair()
    spki = spki_of(public.read_bytes())[:-65] + point
    r_bytes, s_bytes = gmalg.SM2(sk=secret, uid=IDENTITY.encode()).sign(note.text.encode())
    signature = encode_dss_signature(int.from_bytes(r_bytes), int.from_bytes(s_bytes))
    check = openssl_verifier()
    assert check is not None
    assert check(spki, note.text.encode(), signature)
    assert not check(spki, note.text.encode() + b"\n", signature)
    assert not check(spki_of(public.read_bytes()), note.text.encode(), signature)
    assert not check(b"no key", note.text.encode(), b"no signature")


def test_the_command_may_read_a_file_instead_of_its_input(tmp_path: Path) -> None:
    _, public, command = keys(tmp_path)

    log_with(tmp_path, f"{command} -in {{}}", public)

    assert len(checkpoint(tmp_path).signatures) == 3


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (("/nowhere/at/all",), "did not run"),
        (("false",), "ended with 1"),
        (("cat",), "no DER signature"),
        (("true",), "no DER signature"),
        (
            (sys.executable, "-c", "import sys; sys.stdout.buffer.write(bytes.fromhex('3006020101020101'))"),
            "not verify",
        ),
    ],
)
def test_a_command_that_does_not_sign_is_told_and_can_be_tried_again(
    tmp_path: Path, command: tuple[str, ...], said: str
) -> None:
    _, public, _ = keys(tmp_path)
    signer = Sm2Signer(VerifierKey(ORIGIN, KeyType.SM2, spki_of(public.read_bytes())), command)

    with pytest.raises(LogUnavailable, match=said):
        signer.sign("text\n")
    keyring = Keyring.create(tmp_path / "keys", ORIGIN, THEN)
    with pytest.raises(LogUnavailable, match=said):
        add_sm2(keyring, public.read_bytes(), command)
    assert read_sm2(keyring.folder, ORIGIN) is None  # a command that does not sign is never kept


def test_a_device_that_fails_for_a_while_delays_checkpoints_and_loses_no_record(tmp_path: Path) -> None:
    _, public, command = keys(tmp_path)
    away = tmp_path / "away"
    log_with(tmp_path, f'sh -c "test ! -e {away} && {command}"', public)
    before = checkpoint(tmp_path)
    away.touch()
    with OpenLog.open(tmp_path / "log.sqlite3", tmp_path / "keys") as opened:
        opened.append(numbered(91, 92)[0])
        with pytest.raises(LogUnavailable, match="SM2"):
            opened.sealer.seal()
        opened.append(numbered(92, 93)[0])
        latest = opened.published.latest()
        assert latest is not None
        assert latest.note == before
        away.unlink()
        found = opened.sealer.seal()
        assert found is not None
        assert (found.size, len(found.note.signatures)) == (opened.log.head().size, 3)


def test_the_file_beside_the_keys_is_read_strictly(tmp_path: Path) -> None:
    _, public, command = keys(tmp_path)
    keyring = Keyring.create(tmp_path / "keys", ORIGIN, THEN)
    place = keyring.folder / FILE
    ed25519 = tmp_path / "ed25519.pem"
    subprocess.run([openssl(), "genpkey", "-algorithm", "ed25519", "-out", tmp_path / "e"], check=True)
    subprocess.run([openssl(), "pkey", "-in", tmp_path / "e", "-pubout", "-out", ed25519], check=True)
    for pem in (ed25519.read_bytes(), b"", b"no PEM", (tmp_path / "sm2.pem").read_bytes()):
        with pytest.raises(UnsafeStore, match="cannot be used"):
            add_sm2(keyring, pem, shlex.split(command))
    add_sm2(keyring, public.read_bytes(), shlex.split(command))
    assert place.stat().st_mode & 0o777 == 0o600
    with pytest.raises(UnsafeStore, match="signs already"):
        add_sm2(keyring, public.read_bytes(), shlex.split(command))
    with pytest.raises(UnsafeStore, match="not an SM2 key of"):
        read_sm2(keyring.folder, "other.example")
    place.chmod(0o620)
    with pytest.raises(UnsafeStore, match="others may write it"):
        read_sm2(keyring.folder, ORIGIN)
    for broken in (b"", b"{}", b'{"vkey": "x", "command": []}', b"[]"):
        place.write_bytes(broken)
        with pytest.raises(UnsafeStore, match="no key and command"):
            read_sm2(keyring.folder, ORIGIN)


def test_a_line_of_an_sm2_key_has_no_time(tmp_path: Path) -> None:
    _, public, command = keys(tmp_path)
    signer = Sm2Signer(VerifierKey(ORIGIN, KeyType.SM2, spki_of(public.read_bytes())), tuple(shlex.split(command)))

    with pytest.raises(ValueError, match="no time"):
        signer.sign("text\n", 5)
    assert isinstance(signer.sign("text\n"), NoteSignature)
