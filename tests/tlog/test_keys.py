"""Keys and signatures: published vectors, real cosigned checkpoints, OpenSSL as second opinion, and every forgery."""

from __future__ import annotations

import base64
import hashlib
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cases.tlog.checkpoint import Checkpoint
from cases.tlog.errors import Malformed, SignatureInvalid, Unsigned
from cases.tlog.keys import KeyType, SignerKey, VerifierKey, open_note
from cases.tlog.note import Note, NoteSignature
from cases.tlog.tree import EMPTY, leaf_hash
from tests.needs import openssl as program
from tests.tlog.kit import HERE, flipped

# signed-note v1.0.0, "Verifier keys".
SPEC_KEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
SPEC_NOTE = (
    "This is an example message.\n\n— example.com/foo "
    "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
)
# The documentation of golang.org/x/mod/sumdb/note.
GO_KEY = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
GO_TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
GO_LINE = (
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)

TEXT = Checkpoint(origin="log.example", size=7, root=hashlib.sha256(b"root").digest()).to_text()
LOG = SignerKey("log.example", KeyType.ED25519, bytes(range(32)))
WITNESS = SignerKey("witness.example/ed", KeyType.COSIGNATURE, bytes(range(1, 33)))
QUANTUM = SignerKey("witness.example/pq", KeyType.SUBTREE, bytes(range(2, 34)))
SIGNERS = [LOG, WITNESS, QUANTUM]
TIME = 1_679_315_147


def sign(signer: SignerKey, text: str = TEXT) -> NoteSignature:
    return signer.sign(text, None if signer.type is KeyType.ED25519 else TIME)


def test_the_published_note_opens_with_the_published_key() -> None:
    (opened,) = open_note(Note.parse(SPEC_NOTE.encode()), [VerifierKey.parse(SPEC_KEY)])

    assert opened.key.name == "example.com/foo"
    assert opened.time is None


def test_a_key_of_go_signs_byte_for_byte_as_go_does() -> None:
    signer = SignerKey.parse(GO_KEY)

    assert signer.sign(GO_TEXT).line() == GO_LINE
    assert signer.private_text() == GO_KEY
    assert str(signer.verifier) == "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"


def test_a_small_log_signs_the_known_checkpoint() -> None:
    signer = SignerKey("log.example/penalty", KeyType.ED25519, hashlib.sha256(b"minilog test key").digest())
    entries = [f'{{"seq":{i},"decision":"罚款","amount":{50 * i}}}'.encode() for i in range(3)]
    tree, _ = EMPTY.extend(leaf_hash(entry) for entry in entries)

    signature = signer.sign(Checkpoint(origin=signer.name, size=3, root=tree.root()).to_text())

    assert str(signer.verifier) == "log.example/penalty+fbd6737b+Aa854LQ4axquSK6El47Q53qE+Rg9+fiBqTTSSo0h0BML"
    assert base64.b64encode(tree.root()) == b"PVeoCBSg0NVEnJbJCb0YsLKN30Y31vXj5VyiJP+oSK8="
    assert signature.line() == (
        "— log.example/penalty "
        "+9Zze1HI1f+fNGEc408gz85V2sUzv2JnX4uvCJN7rWvWsFc9feA4slpKU/X7ZAJk6/0xLAcTswCZHSe5Gox7ZRB5LAY=\n"
    )


def test_seven_signatures_on_two_checkpoints_of_real_logs_verify() -> None:
    # Certificate transparency logs and witnesses of 2026 published these; six strangers' programs signed.
    keys = [VerifierKey.parse(line) for line in (HERE / "cosigners.txt").read_text().splitlines()]

    opened = [
        (each.key.type.name, each.time)
        for name in ("cosigned_ed25519.txt", "cosigned_mldsa44.txt")
        for each in open_note(Note.parse((HERE / name).read_bytes()), keys)
    ]

    assert opened == [
        ("ED25519", None),
        *[("COSIGNATURE", 1_779_573_024)] * 4,
        ("COSIGNATURE", 1_785_704_691),
        ("SUBTREE", 1_785_704_691),
    ]


@pytest.mark.parametrize("signer", [WITNESS, QUANTUM], ids=["ed25519", "mldsa44"])
def test_a_real_or_own_cosignature_is_for_its_time_only(signer: SignerKey) -> None:
    good = sign(signer)
    later = (TIME + 1).to_bytes(8, "big") + good.signature[8:]

    assert signer.verifier.verify(TEXT, good) == TIME
    with pytest.raises(SignatureInvalid):
        signer.verifier.verify(TEXT, NoteSignature(good.name, good.key_id, later))


def test_the_cosigned_message_of_ed25519_is_the_one_of_the_specification() -> None:
    text = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
    plain = SignerKey("plain", KeyType.ED25519, WITNESS.seed)

    assert (
        WITNESS.sign(text, TIME).signature
        == TIME.to_bytes(8, "big") + plain.sign(f"cosignature/v1\ntime 1679315147\n{text}").signature
    )


def test_a_zero_time_of_subtree_v1_states_no_time() -> None:
    assert QUANTUM.verifier.verify(TEXT, QUANTUM.sign(TEXT)) is None
    assert QUANTUM.sign(TEXT).signature[:8] == bytes(8)


def test_ed25519_signs_alike_each_time_and_mldsa44_does_not() -> None:
    assert [sign(each) == sign(each) for each in SIGNERS] == [True, True, False]
    assert [len(sign(each).signature) for each in SIGNERS] == [64, 8 + 64, 8 + 2420]


@pytest.mark.parametrize("signer", SIGNERS, ids=lambda signer: signer.type.name)
def test_a_key_survives_being_written_and_read(signer: SignerKey) -> None:
    assert SignerKey.parse(signer.private_text()) == signer
    assert VerifierKey.parse(str(signer.verifier)) == signer.verifier
    secret = base64.b64encode(signer.type.value + signer.seed).decode()
    assert secret in signer.private_text()
    assert not any(hidden in shown for hidden in (secret, repr(signer.seed)) for shown in (str(signer), repr(signer)))


@pytest.mark.parametrize("signer", SIGNERS, ids=lambda signer: signer.type.name)
@settings(deadline=None)
@given(bit=st.integers(0, 100_000))
def test_any_flipped_bit_of_a_signature_is_refused(signer: SignerKey, bit: int) -> None:
    good = sign(signer)
    changed = flipped(good.signature, bit % (len(good.signature) * 8))

    with pytest.raises(SignatureInvalid):
        signer.verifier.verify(TEXT, NoteSignature(good.name, good.key_id, changed))


@pytest.mark.parametrize("signer", SIGNERS, ids=lambda signer: signer.type.name)
def test_a_changed_line_of_a_checkpoint_is_refused(signer: SignerKey) -> None:
    signature = sign(signer)
    lines = TEXT.split("\n")

    for at, changed in ((0, "other.example"), (1, "8"), (2, base64.b64encode(bytes(32)).decode())):
        text = "\n".join([*lines[:at], changed, *lines[at + 1 :]])
        with pytest.raises(SignatureInvalid):
            signer.verifier.verify(text, signature)


@pytest.mark.parametrize("signer", SIGNERS, ids=lambda signer: signer.type.name)
def test_a_signature_of_another_length_is_refused(signer: SignerKey) -> None:
    good = sign(signer)

    for raw in (good.signature[:-1], good.signature + b"\0", good.signature[:8], good.signature[:3]):
        with pytest.raises(SignatureInvalid):
            signer.verifier.verify(TEXT, NoteSignature(good.name, good.key_id, raw))


def test_an_extension_line_is_signed_by_ed25519_and_not_by_mldsa44() -> None:
    # tlog-cosignature, ML-DSA-44: "checkpoint extension lines are not included in the signed message".
    for signer in (LOG, WITNESS):
        with pytest.raises(SignatureInvalid):
            signer.verifier.verify(TEXT + "more\n", sign(signer))
    assert QUANTUM.verifier.verify(TEXT + "more\n", sign(QUANTUM)) == TIME


@pytest.mark.parametrize("signer", [WITNESS, QUANTUM], ids=lambda signer: signer.type.name)
def test_only_a_checkpoint_is_cosigned(signer: SignerKey) -> None:
    with pytest.raises(Malformed):
        signer.sign("not a checkpoint\n", TIME)
    with pytest.raises(SignatureInvalid):
        signer.verifier.verify("not a checkpoint\n", sign(signer))


def test_a_time_is_given_where_one_is_signed_and_only_there() -> None:
    with pytest.raises(ValueError, match="needs a time"):
        WITNESS.sign(TEXT)
    with pytest.raises(ValueError, match="has no time"):
        LOG.sign(TEXT, TIME)
    for time in (-1, 1 << 63):
        with pytest.raises(Malformed, match="63 bits"):
            WITNESS.sign(TEXT, time)


def test_the_known_are_verified_and_the_unknown_ignored() -> None:
    note = Note(TEXT, tuple(sign(each) for each in SIGNERS))

    assert [each.key for each in open_note(note, [QUANTUM.verifier, LOG.verifier])] == [LOG.verifier, QUANTUM.verifier]
    with pytest.raises(Unsigned):
        open_note(note, [])
    with pytest.raises(Unsigned):
        open_note(note, [VerifierKey.parse(SPEC_KEY)])


def test_one_bad_signature_of_a_known_key_refuses_the_whole_note() -> None:
    good, other = sign(LOG), sign(WITNESS)
    forged = NoteSignature(LOG.name, LOG.verifier.key_id, bytes(64))
    known = [LOG.verifier, WITNESS.verifier]

    for signatures in ((forged,), (good, forged), (forged, good), (other, forged)):
        with pytest.raises(SignatureInvalid):
            open_note(Note(TEXT, signatures), known)
    # The same name or the same id alone is another key's line.
    for name, key_id in ((LOG.name, bytes(4)), ("other", LOG.verifier.key_id)):
        assert len(open_note(Note(TEXT, (good, NoteSignature(name, key_id, bytes(64)))), known)) == 1


def test_two_known_keys_with_one_name_and_id_cannot_be_told_apart() -> None:
    twin = VerifierKey(LOG.name, KeyType.ED25519, bytes(32))
    twin.__dict__["key_id"] = LOG.verifier.key_id  # a collision of 32 bits, found by patience

    with pytest.raises(Malformed, match="share"):
        open_note(Note(TEXT, (sign(LOG),)), [LOG.verifier, twin])
    assert open_note(Note(TEXT, (sign(LOG),)), [LOG.verifier, LOG.verifier])


REFUSED_KEYS = {
    "no plus": "example.com/foo",
    "one plus": "example.com/foo+530d903a",
    "another id": SPEC_KEY.replace("530d903a", "530d903b"),
    "a short id": SPEC_KEY.replace("530d903a", "530d903"),
    "a long id": SPEC_KEY.replace("530d903a", "00530d903a"),
    "an id in capitals": SPEC_KEY.replace("530d903a", "530D903A"),
    "another name": SPEC_KEY.replace("foo", "fop"),
    "a name with a space": SPEC_KEY.replace("foo", "f o"),
    "no name": SPEC_KEY.removeprefix("example.com/foo"),
    "no key": "example.com/foo+530d903a+",
    "a short key": SPEC_KEY[:-4],
    "a newline": SPEC_KEY + "\n",
    "ECDSA": "example.com/foo+530d903a+" + base64.b64encode(b"\x02" + bytes(91)).decode(),
    "an unknown long type": "example.com/foo+530d903a+" + base64.b64encode(b"\xffRSA" + bytes(91)).decode(),
    "the bytes of no SM2 key": "example.com/foo+530d903a+" + base64.b64encode(b"\xffSM2-SM3" + bytes(91)).decode(),
}


@pytest.mark.parametrize("text", REFUSED_KEYS.values(), ids=REFUSED_KEYS)
def test_what_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(Malformed):
        VerifierKey.parse(text)


def test_what_is_no_private_key_is_refused() -> None:
    for text in (GO_KEY[:-4], GO_KEY.replace("c74f", "c74e"), GO_KEY.replace("PRIVATE", "PUBLIC"), SPEC_KEY, ""):
        with pytest.raises(Malformed):
            SignerKey.parse(text)
    with pytest.raises(Malformed, match="32 bytes"):
        SignerKey("a", KeyType.SUBTREE, bytes(31))
    with pytest.raises(Malformed, match="SM2"):
        SignerKey("a", KeyType.SM2, bytes(32))


def test_the_name_and_origin_of_subtree_v1_have_one_byte_for_their_length() -> None:
    with pytest.raises(Malformed, match="255"):
        VerifierKey("a" * 256, KeyType.SUBTREE, bytes(1312))
    with pytest.raises(Malformed, match="255"):
        QUANTUM.sign(Checkpoint(origin="准" * 86, size=1, root=bytes(32)).to_text())


def openssl(*words: str | Path) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([program(), *map(str, words)], capture_output=True, check=False)


def test_openssl_verifies_what_the_log_signed(tmp_path: Path) -> None:
    key, text, signature = (tmp_path / name for name in ("key.der", "text", "signature"))
    # SubjectPublicKeyInfo of RFC 8410, section 4.
    key.write_bytes(bytes.fromhex("302a300506032b6570032100") + LOG.verifier.public)
    text.write_text(TEXT)
    signature.write_bytes(sign(LOG).signature)
    command = ("pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey", key, "-rawin", "-in", text)

    assert openssl(*command, "-sigfile", signature).returncode == 0
    text.write_text(TEXT + " ")
    assert openssl(*command, "-sigfile", signature).returncode != 0


def test_an_sm2_line_made_by_openssl_is_judged_by_a_given_verifier_and_else_ignored(tmp_path: Path) -> None:
    secret, public, text, made = (tmp_path / name for name in ("secret.pem", "public.der", "text", "made.der"))
    identity = ("-rawin", "-digest", "sm3", "-pkeyopt", "distid:1234567812345678")
    assert openssl("genpkey", "-algorithm", "SM2", "-out", secret).returncode == 0
    assert openssl("pkey", "-in", secret, "-pubout", "-outform", "DER", "-out", public).returncode == 0
    text.write_text(TEXT)
    assert openssl("pkeyutl", "-sign", "-inkey", secret, *identity, "-in", text, "-out", made).returncode == 0

    def verify(spki: bytes, message: bytes, signature: bytes) -> bool:
        files = [tmp_path / name for name in ("k", "m", "s")]
        for file, data in zip(files, (spki, message, signature), strict=True):
            file.write_bytes(data)
        key, given, raw = files
        command = ("pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey", key, *identity, "-in", given)
        return openssl(*command, "-sigfile", raw).returncode == 0

    key = VerifierKey("log.example", KeyType.SM2, public.read_bytes())
    line = NoteSignature(key.name, key.key_id, made.read_bytes())
    forged = NoteSignature(key.name, key.key_id, flipped(made.read_bytes(), 200))
    known = [LOG.verifier, VerifierKey.parse(str(key))]

    assert [each.key for each in open_note(Note(TEXT, (sign(LOG), line)), known, verify)] == known
    assert [each.key for each in open_note(Note(TEXT, (sign(LOG), forged)), known)] == [LOG.verifier]
    with pytest.raises(SignatureInvalid):
        open_note(Note(TEXT, (sign(LOG), forged)), known, verify)
    with pytest.raises(Unsigned):
        open_note(Note(TEXT, (line,)), known)
    with pytest.raises(SignatureInvalid):
        key.verify(TEXT, line)
