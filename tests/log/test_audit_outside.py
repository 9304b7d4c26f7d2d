"""What others signed of a checkpoint stands at that checkpoint, under its own name, written in one way only."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cases.log.audit import verify
from cases.log.published import Token
from cases.log.stamps import read_certificates
from cases.log.store import digest_of
from cases.log.timestamp import request_token
from cases.log.trust import Trust
from cases.tlog.note import NoteSignature
from cases.tlog.policy import Witness
from tests.log.kit import Sealed, sealed
from tests.log.places import SqlitePlace, tamper
from tests.log.test_timestamp import Authority
from tests.log.witness_kit import W1, W2

KEY = f"{W1.name} {W1.verifier.key_id.hex()}"
TIME = 1_790_000_000


@pytest.fixture
def it(tmp_path: Path) -> Iterator[Sealed]:
    """Two checkpoints, of 3 and 5 records, cosigned by both witnesses."""
    with sealed(tmp_path) as opened:
        for count in (3, 2):
            opened.grow(count)
            size = opened.log.head().size
            for key in (W1, W2):
                opened.published.add_cosignature(size, key.sign(opened.published.checkpoint(size).note.text, TIME))
        assert found(opened) == []
        yield opened


def found(it: Sealed, *, witnesses: bool = True) -> list[tuple[str, str]]:
    """The findings, but for the triggers that were taken out."""
    known = [Witness("w1", W1.verifier), Witness("w2", W2.verifier)] if witnesses else []
    report = verify(it.log, trust=Trust.of_dated(it.keyring.keys, known))
    return [(each.code, each.message_en) for each in report.findings if each.code != "guard_changed"]


def change(it: Sealed, *changes: tuple[object, ...]) -> None:
    tamper(SqlitePlace(it.file), *changes)


def line(it: Sealed, size: int, key: str = KEY) -> bytes:
    with SqlitePlace(it.file).owner() as owner:
        return bytes(owner.rows("SELECT line FROM cosignature WHERE size = ? AND key = ?", size, key)[0][0])


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        (
            "UPDATE cosignature SET size = 4 WHERE size = 5 AND key = ?",
            f"4, {KEY}: no checkpoint of that size was signed",
        ),
        ("UPDATE cosignature SET key = 'w2' WHERE size = 5 AND key = ?", f"5, w2: it is of the key {KEY}"),
        ("UPDATE cosignature SET line = 'text' WHERE size = 5 AND key = ?", f"5, {KEY}: "),
        ("UPDATE cosignature SET line = x'ff' WHERE size = 5 AND key = ?", f"5, {KEY}: "),
    ],
)
def test_a_cosignature_that_is_moved_or_no_line_is_named_though_its_witness_is_not_known(
    it: Sealed, statement: str, said: str
) -> None:
    change(it, (statement, KEY))

    ((code, message),) = found(it, witnesses=False)
    assert code == "cosignature_invalid"
    assert f"cannot be believed: {said}" in message


def test_a_line_has_one_spelling(it: Sealed) -> None:
    good = line(it, 5)
    # The last letter before the padding has bits that mean nothing: another letter, and the same signature.
    body = good.removesuffix(b"\n").rstrip(b"=")
    letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    padding = len(good) - len(body) - 1
    assert padding, "this signature's length leaves no padding: take another"
    spelled = body[:-1] + letters[letters.index(body[-1:]) ^ 1 :][:1] + b"=" * padding + b"\n"
    for other in (spelled, good.removesuffix(b"\n"), good + b"\n", good.replace(b" ", b"  ", 1)):
        change(it, ("UPDATE cosignature SET line = ? WHERE size = 5 AND key = ?", other, KEY))

        assert [code for code, _ in found(it, witnesses=False)] == ["cosignature_invalid"]


def test_the_cosignature_of_another_checkpoint_takes_the_witness_s_key_to_be_found(it: Sealed) -> None:
    change(it, ("UPDATE cosignature SET line = ? WHERE size = 5 AND key = ?", line(it, 3), KEY))

    assert found(it, witnesses=False) == []
    ((code, message),) = found(it)
    assert code == "cosignature_invalid"
    assert f"5, {KEY}: the signature of the key `{W1.name}` does not verify" in message


def test_the_line_of_a_witness_nobody_knows_is_no_finding(it: Sealed) -> None:
    it.published.add_cosignature(5, NoteSignature("stranger.example", b"1234", b"anything"))

    assert found(it) == []


def test_a_real_token_stands_at_its_checkpoint_and_at_no_other(it: Sealed, tmp_path: Path) -> None:
    authority = Authority(tmp_path / "authority")
    authority.make()
    with authority.serving():
        token = request_token(it.published, authority.url, read_certificates(authority.ca)).token
    assert found(it) == []

    it.published.add_token(Token(3, token.digest, token.data))
    other = token.data.replace(b"1", b"2")
    change(
        it,
        ("INSERT INTO token VALUES (4, ?, ?)", token.digest, token.data),
        ("INSERT INTO token VALUES (5, ?, ?)", "sha256:0", token.data),
        ("INSERT INTO token VALUES (5, ?, 'text')", digest_of(other)),
    )

    # Without the checkpoint there is nothing it could be over.
    assert sorted((code, message.partition("hold: ")[2]) for code, message in found(it)) == [
        ("token_invalid", f"3, {token.digest}: it is over other bytes than that checkpoint's"),
        *sorted(
            [
                ("token_invalid", "5, sha256:0: its bytes have another digest"),
                ("token_invalid", f"5, {digest_of(other)}: its bytes have another digest"),
            ]
        ),
        ("token_without_checkpoint", ""),
    ]
