"""The auditor's commands as a person and a program meet them, with real decisions of the small law."""

from __future__ import annotations

import json
import sqlite3
import subprocess
from pathlib import Path
from typing import Any

import pytest

from cases.desk import Desk
from cases.log.keyring import Keyring
from cases.tlog.keys import KeyType, SignerKey
from cases.tlog.policy import KnownLog, Policy, Witness
from tests.api.kit import ask, called, small_law
from tests.log.kit import sealed


def told(done: subprocess.CompletedProcess[str]) -> Any:
    return json.loads(done.stdout)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder with a signed log of three decisions, after the record that publishes their rules."""
    with sealed(tmp_path / "data") as it:
        desk = Desk(small_law(), it.log)
        for count in (1, 2, 2):
            desk.decide(ask(count, case_ref="案一"), door="test")
        it.sealer.seal()
    return tmp_path / "data"


@pytest.fixture
def vkey(data: Path) -> str:
    return str(Keyring(data / "keys").verifiers()[0])


@pytest.fixture
def out(data: Path, tmp_path: Path) -> Path:
    assert called("audit", "export", str(tmp_path / "out"), "--data", str(data)).returncode == 0
    return tmp_path / "out"


def test_an_export_says_what_it_wrote_and_a_second_one_nothing_new(data: Path, tmp_path: Path) -> None:
    first = called("audit", "export", str(tmp_path / "x"), "--data", str(data))
    second = told(called("audit", "export", str(tmp_path / "x"), "--data", str(data), "--json"))

    assert first.stdout.startswith("已导出 4 条记录")
    assert (second["size"], second["files"], second["unsigned"]) == (4, 0, 0)


@pytest.mark.parametrize("way", ["--vkey", "--keys", "--policy"])
def test_a_stranger_verifies_the_files_with_a_key_given_in_any_way(
    out: Path, data: Path, vkey: str, tmp_path: Path, way: str
) -> None:
    policy = tmp_path / "policy.txt"
    policy.write_text(f"log {vkey}\nquorum none\n", encoding="utf-8")
    given = {"--vkey": vkey, "--keys": str(data / "keys/keys.json"), "--policy": str(policy)}[way]

    plain = called("audit", "verify", str(out), way, given)
    english = called("audit", "verify", str(out), way, given, "--lang", "en")
    machine = told(called("audit", "verify", str(out), way, given, "--json"))

    assert (plain.returncode, english.returncode) == (0, 0)
    assert "4 条记录完好" in plain.stdout
    assert "注意：没有给出早先留存的检查点" in plain.stdout
    assert "kinds of records: " in english.stdout
    assert "decision 3" in english.stdout
    assert (machine["ok"], machine["size"], machine["witnesses"]) == (True, 4, [])
    assert machine["kinds"]["decision"] == 3


def test_the_store_is_verified_with_the_witnesses_the_log_asks(data: Path) -> None:
    witness = SignerKey("witness.example/w1", KeyType.COSIGNATURE, b"1" * 32)
    (data / "keys/witnesses.txt").write_text(f"witness w1 {witness.verifier}\nquorum w1\n", encoding="utf-8")
    with sealed(data) as it:
        note = it.published.checkpoint(4).note
        it.published.add_cosignature(4, witness.sign(note.text, 1_790_000_000))
    assert called("audit", "verify", "--data", str(data)).returncode == 0
    with sealed(data) as it:
        it.grow(1)
        # Of its key, and of another checkpoint: only who has the key can tell.
        it.published.add_cosignature(5, witness.sign(note.text, 1_790_000_001))

    done = called("audit", "verify", "--data", str(data), "--json")

    (found,) = told(done)["findings"]
    assert (done.returncode, found["code"]) == (1, "cosignature_invalid")
    assert found["message_zh"].startswith("见证人对检查点的签名不可信 · 5, witness.example/w1 ")


def test_a_changed_record_is_named_in_both_languages_and_ends_with_1(out: Path, vkey: str) -> None:
    bundle = out / "tile/entries/000.p/4"
    content = bytearray(bundle.read_bytes())
    content[100] ^= 1
    bundle.chmod(0o644)
    bundle.write_bytes(content)

    plain, english = (called("audit", "verify", str(out), "--vkey", vkey, "--lang", lang) for lang in ("zh", "en"))

    assert (plain.returncode, english.returncode) == (1, 1)
    assert "第 0 号记录被改动" in plain.stdout
    assert "record 0 was edited" in english.stdout


def test_a_checkpoint_kept_outside_binds_the_log(data: Path, vkey: str, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.write_text(called("audit", "checkpoint", "--data", str(data)).stdout, encoding="utf-8")
    with sealed(tmp_path / "forged", data / "keys") as it:
        (data / "keys/signing.sqlite3").unlink()
    with sealed(tmp_path / "forged", data / "keys") as it:
        it.grow(2)
    called("audit", "export", str(tmp_path / "out"), "--data", str(tmp_path / "forged"), env={
        "ZHUNSHENG_KEYS": str(data / "keys")})  # fmt: skip

    alone = called("audit", "verify", str(tmp_path / "out"), "--vkey", vkey)
    held = called("audit", "verify", str(tmp_path / "out"), "--vkey", vkey, "--seen", str(kept))

    assert (alone.returncode, held.returncode) == (0, 1)
    assert "历史被删去" in held.stdout


def test_a_proof_is_checked_with_its_record_and_a_key_alone(data: Path, vkey: str, tmp_path: Path) -> None:
    proof, record = tmp_path / "r.tlog-proof", tmp_path / "r.tlog-proof.record"
    made = called("audit", "proof", "1", "-o", str(proof), "--data", str(data))
    by_id = told(called("audit", "proof", json.loads(record.read_bytes())["id"], "--data", str(data), "--json"))

    held = called("audit", "verify-proof", str(proof), "--record", str(record), "--vkey", vkey)
    stored = called("audit", "verify-proof", str(proof), "--data", str(data), "--vkey", vkey, "--json")

    assert (made.returncode, held.returncode) == (0, 0)
    assert "第 1 号（共 4 条）" in held.stdout
    assert told(stored) == {"ok": True, "origin": "log.example/penalty", "index": 1, "size": 4}
    assert (by_id["index"], by_id["proof"]) == (1, proof.read_text("utf-8"))
    record.write_bytes(record.read_bytes().replace(b'"fine_fen":', b'"fine_fem":', 1))
    denied = called("audit", "verify-proof", str(proof), "--record", str(record), "--vkey", vkey, "--lang", "en")
    assert denied.returncode == 1
    assert "does not hold" in denied.stdout


def test_a_policy_without_its_witness_is_not_met(out: Path, vkey: str, tmp_path: Path) -> None:
    log = Keyring(out.parent / "data/keys").verifiers()[0]
    witness = SignerKey("witness.example/w", KeyType.COSIGNATURE, b"\1" * 32).verifier
    policy = tmp_path / "policy.txt"
    policy.write_bytes(Policy(logs=(KnownLog(log),), witnesses=(Witness("w", witness),), quorum="w").to_bytes())

    done = told(called("audit", "verify", str(out), "--policy", str(policy), "--json"))

    assert [each["code"] for each in done["findings"]] == ["checkpoint_invalid"]


def test_the_store_is_verified_with_its_keys_and_a_forged_signature_is_found(data: Path) -> None:
    sound = called("audit", "verify", "--data", str(data))
    (data / "keys/keys.json").rename(data / "keys/elsewhere.json")
    without = called("audit", "verify", "--data", str(data))
    (data / "keys/elsewhere.json").rename(data / "keys/keys.json")
    rewrite_signed(data / "log.sqlite3")
    forged = told(called("audit", "verify", "--data", str(data), "--json"))

    assert (sound.returncode, sound.stderr) == (0, "")
    assert "checkpoint_invalid" in [each["code"] for each in forged["findings"]]
    assert without.returncode == 0
    assert "signatures of checkpoints were not checked" in without.stderr


def rewrite_signed(file: Path) -> None:
    """Change a character of the Ed25519 signature."""
    with sqlite3.connect(file) as raw:
        for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            raw.execute(f"DROP TRIGGER {name}")
        (note,) = raw.execute("SELECT note FROM signed").fetchone()
        at = note.index(b" ", note.index("\N{EM DASH} ".encode()) + 4) + 20
        other = b"A" if note[at : at + 1] != b"A" else b"B"
        raw.execute("UPDATE signed SET note = ?", (note[:at] + other + note[at + 1 :],))
    raw.close()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("verify", "{out}"), "a key must come from outside"),
        (("verify", "{out}", "--vkey", "nonsense"), "`--vkey` cannot be used"),
        (("verify", "{out}", "--vkey", "{vkey}", "--keys", "{keys}"), "in one way"),
        (("verify", "{out}", "--keys", "/nowhere/keys.json"), "cannot be read"),
        (("verify", "{out}", "--keys", "{out}/checkpoint"), "cannot be used"),
        (("verify", "{out}", "--policy", "{out}/checkpoint"), "cannot be used"),
        (("verify", "{out}/tile", "--vkey", "{vkey}"), "there is no `checkpoint`"),
        (("verify", "{out}", "--vkey", "{vkey}", "--seen", "/nowhere"), "cannot be read"),
        (("verify", "{out}", "--vkey", "{vkey}", "--data", "{data}"), "--data"),
        (("verify", "--vkey", "{vkey}", "--data", "{data}"), "name its folder or address"),
        (("proof", "77777777-unknown", "--data", "{data}"), "there is no record"),
        (("verify-proof", "{out}/checkpoint", "--vkey", "{vkey}", "--record", "{keys}"), "is no proof"),
        (("verify-proof", "{out}/checkpoint", "--vkey", "{vkey}"), "say where the record is"),
        (("verify-proof", "{out}/checkpoint", "--record", "{keys}"), "a key must come from outside"),
    ],
)
def test_misuse_is_named_and_ends_with_2(
    out: Path, data: Path, vkey: str, arguments: tuple[str, ...], said: str
) -> None:
    filled = [each.format(out=out, data=data, vkey=vkey, keys=data / "keys/keys.json") for each in arguments]

    done = called("audit", *filled)

    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr


def test_what_cannot_be_reached_or_was_never_signed_ends_with_1(data: Path, vkey: str, tmp_path: Path) -> None:
    away = called("audit", "verify", "http://127.0.0.1:9", "--vkey", vkey)
    beyond = called("audit", "proof", "99", "--data", str(data))
    with sealed(tmp_path / "unsigned"):
        pass
    unsigned = [called("audit", each, *place, "--data", str(tmp_path / "unsigned"))
                for each, place in (("checkpoint", ()), ("export", (str(tmp_path / "y"),)))]  # fmt: skip

    assert [each.returncode for each in (away, beyond, *unsigned)] == [1, 1, 1, 1]
    assert "cannot be fetched" in away.stderr
