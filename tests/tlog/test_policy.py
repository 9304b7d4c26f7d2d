"""Trust policies: the published example, every rule of the text, and who must sign for a checkpoint to stand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cases.tlog.checkpoint import Checkpoint
from cases.tlog.errors import Malformed, QuorumMissing, SignatureInvalid, Unsigned
from cases.tlog.keys import KeyType, SignerKey, VerifierKey
from cases.tlog.note import Note, NoteSignature
from cases.tlog.policy import Group, KnownLog, Policy, Witness

LOG = SignerKey("log.example", KeyType.ED25519, bytes(32))
NAMES = ("X1", "X2", "X3", "Y1", "Y2", "Y3")
SIGNERS = {
    name: SignerKey(f"{name}.example", KeyType.SUBTREE if name == "Y3" else KeyType.COSIGNATURE, bytes([i]) * 32)
    for i, name in enumerate(NAMES, 1)
}
VKEY = {name: str(signer.verifier) for name, signer in SIGNERS.items()}
# tlog-policy, "Example policy", with keys put in.
EXAMPLE = f"""\
log {LOG.verifier}

witness X1 {VKEY["X1"]}
witness X2 {VKEY["X2"]}
witness X3 {VKEY["X3"]}
group X-witnesses 2 X1 X2 X3

witness Y1 {VKEY["Y1"]}
witness Y2 {VKEY["Y2"]}
witness Y3 {VKEY["Y3"]}
group Y-witnesses any Y1 Y2 Y3

group X-and-Y all X-witnesses Y-witnesses
quorum X-and-Y
"""
TEXT = Checkpoint(origin="log.example", size=7, root=bytes(range(32))).to_text()
SIGNED = {name: signer.sign(TEXT, 1_700_000_000) for name, signer in SIGNERS.items()}


def note(*names: str) -> Note:
    return Note(TEXT, (LOG.sign(TEXT), *(SIGNED[name] for name in names)))


def test_the_published_example_is_read() -> None:
    policy = Policy.parse(EXAMPLE.encode())

    assert policy.logs == (KnownLog(LOG.verifier),)
    assert [each.name for each in policy.witnesses] == list(NAMES)
    assert policy.groups == (
        Group("X-witnesses", 2, ("X1", "X2", "X3")),
        Group("Y-witnesses", 1, ("Y1", "Y2", "Y3")),
        Group("X-and-Y", 2, ("X-witnesses", "Y-witnesses")),
    )
    assert policy.quorum == "X-and-Y"
    assert Policy.parse(policy.to_bytes()) == policy


@given(st.sets(st.sampled_from(NAMES)))
def test_the_published_quorum_is_two_of_x_and_one_of_y(signed: set[str]) -> None:
    enough = len(signed & {"X1", "X2", "X3"}) >= 2 and bool(signed & {"Y1", "Y2", "Y3"})

    assert Policy.parse(EXAMPLE.encode()).satisfied(note(*sorted(signed))) is enough


def test_an_accepted_checkpoint_says_who_stands_behind_it() -> None:
    accepted = Policy.parse(EXAMPLE.encode()).accept(note("X1", "X3", "Y3"))

    assert accepted.checkpoint == Checkpoint.parse(TEXT)
    assert accepted.witnessed == {"X1", "X3", "Y3", "X-witnesses", "Y-witnesses", "X-and-Y"}
    assert [each.time for each in accepted.verified] == [None, 1_700_000_000, 1_700_000_000, 1_700_000_000]


def test_who_is_missing_is_told_apart() -> None:
    policy = Policy.parse(EXAMPLE.encode())
    log = LOG.sign(TEXT)
    forged = NoteSignature(log.name, log.key_id, bytes(64))
    other = SignerKey("other.example", KeyType.ED25519, bytes(32))

    with pytest.raises(QuorumMissing):
        policy.accept(note("X1", "X2"))
    with pytest.raises(QuorumMissing):
        policy.accept(note("X1", "X1", "Y1"))
    with pytest.raises(Unsigned):
        policy.accept(Note(TEXT, tuple(SIGNED.values())))
    with pytest.raises(SignatureInvalid):
        policy.accept(Note(TEXT, (*note(*NAMES).signatures, forged)))
    with pytest.raises(Unsigned):
        policy.accept(Note(TEXT, (other.sign(TEXT), *SIGNED.values())))
    foreign = TEXT.replace("log.example", "other.example")
    with pytest.raises(Unsigned):  # a known key, but not of the log the checkpoint names
        policy.accept(Note(foreign, (LOG.sign(foreign),)))
    with pytest.raises(Malformed):
        policy.accept(Note("no checkpoint\n", (LOG.sign("no checkpoint\n"),)))


def test_without_a_quorum_the_log_alone_is_enough() -> None:
    policy = Policy.parse(f"log {LOG.verifier}\nquorum none\n".encode())

    assert policy.quorum is None
    assert policy.satisfied(note())
    assert policy.satisfied(note("X1"))
    assert not Policy.parse(b"quorum none\n").satisfied(note())


def test_blanks_comments_urls_and_order_are_free() -> None:
    text = (
        f"  # first\n\t\nwitness\tw \t {VKEY['X1']}  https://witness.example/准 \n#quorum none\n"
        f"quorum w\n log {LOG.verifier} https://log.example/ \t\ngroup g 1 w\n"
    )

    policy = Policy.parse(text.encode())

    assert policy.witnesses == (Witness("w", SIGNERS["X1"].verifier, "https://witness.example/准"),)
    assert policy.logs == (KnownLog(LOG.verifier, "https://log.example/"),)
    assert Policy.parse(policy.to_bytes()) == policy


def test_names_are_opaque_octets() -> None:
    lines = [b"witness K %s", b"witness \xe2\x84\xaa %s", b"witness \xff\xfe\xc2\xa0 %s"]
    text = b"".join(line % VKEY[name].encode() + b"\n" for line, name in zip(lines, ("X1", "X2", "X3"), strict=True))

    policy = Policy.parse(text + b"group g all K \xe2\x84\xaa \xff\xfe\xc2\xa0\nquorum g\n")

    assert len({each.name for each in policy.witnesses}) == 3
    assert b"witness \xff\xfe\xc2\xa0 " in policy.to_bytes()
    assert Policy.parse(policy.to_bytes()) == policy


W = {name: f"witness {name} {VKEY[name]}\n" for name in NAMES}
REFUSED = {
    "nothing": "",
    "no quorum": W["X1"],
    "two quorums": W["X1"] + "quorum X1\nquorum X1\n",
    "no newline at the end": W["X1"] + "quorum X1",
    "a quorum nobody defined": W["X1"] + "quorum X2\n",
    "a quorum defined afterwards": "quorum X1\n" + W["X1"],
    "a quorum without a name": "quorum\n",
    "a quorum of two names": W["X1"] + "quorum X1 X1\n",
    "a comment after words": W["X1"] + "quorum X1 # mine\n",
    "an unknown word": "logs x\nquorum none\n",
    "a capital": "Quorum none\n",
    "a log without a key": "log\nquorum none\n",
    "a log with too much": f"log {LOG.verifier} url more\nquorum none\n",
    "a log twice": f"log {LOG.verifier}\nlog {LOG.verifier} url\nquorum none\n",
    "a log's key under two names": (
        f"log {LOG.verifier}\nlog {VerifierKey('b', KeyType.ED25519, LOG.verifier.public)}\nquorum none\n"
    ),
    "a log's key as two types": (
        f"log {LOG.verifier}\nlog {VerifierKey('b', KeyType.COSIGNATURE, LOG.verifier.public)}\nquorum none\n"
    ),
    "a witness's key under two names": (
        f"{W['X1']}witness b {VerifierKey('b', KeyType.COSIGNATURE, SIGNERS['X1'].verifier.public)}\nquorum none\n"
    ),
    "a broken key": f"log {str(LOG.verifier)[:-4]}\nquorum none\n",
    "a witness that signs notes only": f"witness a {LOG.verifier}\nquorum none\n",
    "a witness without a key": "witness a\nquorum none\n",
    "a witness with too much": f"witness a {VKEY['X1']} url more\nquorum none\n",
    "a name twice": W["X1"] + W["X2"].replace("X2 ", "X1 ", 1) + "quorum none\n",
    "a group with a witness's name": W["X1"] + "group X1 any X1\nquorum none\n",
    "two groups of one name": W["X1"] + W["X2"] + "group g any X1\ngroup g any X2\nquorum none\n",
    "a witness named none": f"witness none {VKEY['X1']}\nquorum none\n",
    "a group named none": W["X1"] + "group none any X1\nquorum none\n",
    "none as a member": W["X1"] + "group g any none\nquorum none\n",
    "an empty group": W["X1"] + "group g any\nquorum none\n",
    "a group without a count": W["X1"] + "group g X1\nquorum none\n",
    "a member defined afterwards": "group g any X1\n" + W["X1"] + "quorum g\n",
    "a group in itself": W["X1"] + "group g any g X1\nquorum g\n",
    "a member twice in a group": W["X1"] + "group g any X1 X1\nquorum g\n",
    "a member of two groups": W["X1"] + "group g any X1\ngroup h any X1\nquorum h\n",
    "none of one": W["X1"] + "group g 0 X1\nquorum g\n",
    "two of one": W["X1"] + "group g 2 X1\nquorum g\n",
    "a count below zero": W["X1"] + "group g -1 X1\nquorum g\n",
    "a count with a leading zero": W["X1"] + "group g 01 X1\nquorum g\n",
    "a count in hexadecimal": W["X1"] + "group g 0x1 X1\nquorum g\n",
    "a count in another script": W["X1"] + "group g ١ X1\nquorum g\n",
    "a carriage return": "quorum none\r\n",
    "a zero byte": "quorum none\n#\0\n",
    "a delete": "quorum none\n#\x7f\n",
    "a form feed for a blank": "quorum\x0cnone\n",
    "a no-break space for a blank": "quorum\u00a0none\n",
}


@pytest.mark.parametrize("text", REFUSED.values(), ids=REFUSED)
def test_what_is_no_policy_is_refused(text: str) -> None:
    with pytest.raises(Malformed):
        Policy.parse(text.encode())


def test_a_wrong_line_is_named() -> None:
    with pytest.raises(Malformed, match="line 2 of the policy: the key ID"):
        Policy.parse(f"\nlog x{LOG.verifier}\nquorum none\n".encode())


def test_a_large_policy_is_read_and_a_huge_one_refused() -> None:
    signers = [SignerKey(f"w{i}", KeyType.COSIGNATURE, i.to_bytes(32, "big")) for i in range(100)]
    lines = [f"witness w{i} {each.verifier}\n" for i, each in enumerate(signers)]
    groups = ["group g0 any w0\n", *(f"group g{i} any g{i - 1} w{i}\n" for i in range(1, 100))]

    policy = Policy.parse(("".join(lines + groups) + f"log {LOG.verifier}\nquorum g99\n").encode())

    assert policy.satisfied(Note(TEXT, (LOG.sign(TEXT), signers[0].sign(TEXT, 1))))
    with pytest.raises(Malformed, match="limit"):
        Policy.parse(b"#" + b"x" * (1 << 20) + b"\nquorum none\n")


def test_a_policy_that_could_not_be_read_again_is_not_made() -> None:
    key = SIGNERS["X1"].verifier
    for name, url in (("a b", None), ("", None), ("a\n", None), ("a", ""), ("a", "x y")):
        with pytest.raises(Malformed):
            Policy(witnesses=(Witness(name, key, url),), quorum=None)
    with pytest.raises(Malformed):
        Policy(quorum="none")
