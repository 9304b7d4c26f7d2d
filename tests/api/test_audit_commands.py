"""The commands of `zhunsheng audit` beside verify: witness, keys, time-stamps, anchors; run as people run them."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import pytest

from cases.log.keyring import Keyring, lock_folder
from cases.log.opened import OpenLog
from cases.log.witness_client import POLICY
from cases.tlog.keys import KeyType, SignerKey, VerifierKey, open_note
from cases.tlog.note import Note
from tests.api.kit import ROOT, RULES, Served, called, environment, question, until, zhunsheng
from tests.log.kit import ORIGIN, numbered
from tests.log.test_sm2 import keys as sm2_keys
from tests.log.test_timestamp import Authority
from tests.log.witness_kit import LOG, body, note, raw, send, tree
from tests.tlog.kit import subproof


def grown(data: Path, start: int, stop: int) -> None:
    with OpenLog.open(data / "log.sqlite3", data / "keys", origin=ORIGIN) as opened:
        for entry in numbered(start, stop):
            opened.append(entry)


@contextmanager
def witnessing(*arguments: str) -> Iterator[str]:
    """`audit witness serve` as a process of its own, on a free port; its URL."""
    process = subprocess.Popen(
        [sys.executable, "-m", "api.cli", "audit", "witness", "serve", "--port", "0", "--json", *arguments],
        cwd=ROOT, env=environment(), stdout=subprocess.PIPE, encoding="utf-8",
    )  # fmt: skip
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        assert line, "the witness did not start"
        yield json.loads(line)["url"]
    finally:
        process.terminate()
        process.wait(60)
        process.stdout.close()


def test_an_auditor_witnesses_a_served_log_in_three_commands(tmp_path: Path) -> None:
    data, key = tmp_path / "var", tmp_path / "witness.key"
    grown(data, 0, 2)
    log_key = str(Keyring(data / "keys").verifiers()[0])
    assert log_key in called("audit", "keys", "list", "--data", str(data)).stdout

    made = called("audit", "witness", "key", "audit.example/w1", "--key", str(key))
    vkey = VerifierKey.parse(made.stdout.strip())
    assert (vkey.name, vkey.type, key.stat().st_mode & 0o777) == ("audit.example/w1", KeyType.COSIGNATURE, 0o600)
    with witnessing("--key", str(key), "--log", log_key) as url:
        (data / "keys" / POLICY).write_text(f"witness w1 {vkey} {url}\nquorum w1\n")
        served = Served(RULES, data)
        try:
            until(lambda: vkey.name.encode() in _get(served, "log/checkpoint"), "the cosignature")
            note = Note.parse(_get(served, "log/checkpoint"))
        finally:
            served.end()
    shown = called("audit", "witness", "show", "--key", str(key), "--out", str(tmp_path / "seen"), "--json")

    assert shown.returncode == 0
    (seen,) = json.loads(shown.stdout)["cosigned"]
    assert seen["origin"] == ORIGIN
    kept = Note.parse((tmp_path / "seen" / quote(ORIGIN, safe="") / str(seen["size"])).read_bytes())
    assert kept.to_bytes().decode() == seen["note"]
    for each in (kept, note):
        assert vkey in [found.key for found in open_note(each, [vkey, VerifierKey.parse(log_key)])]


def _get(served: Served, path: str) -> bytes:
    with urllib.request.urlopen(served.url + path, timeout=60) as answer:  # noqa: S310 - our own loopback
        return bytes(answer.read())


def test_a_fork_that_was_refused_is_shown_and_is_a_finding(tmp_path: Path) -> None:
    key = tmp_path / "w.key"
    called("audit", "witness", "key", "audit.example/w1", "--key", str(key), "--ml-dsa")
    fork = tree(5, b"x", 2)
    with witnessing("--key", str(key), "--log", str(LOG.verifier)) as url:
        assert send(url, body(0, tree(4)))[0].status == 200
        assert send(url, raw(4, subproof(4, fork), note(fork)))[0].status == 422
    shown = called("audit", "witness", "show", "--key", str(key), "--lang", "en")

    assert shown.returncode == 1
    assert f"refused: this tree does not continue the one cosigned  {ORIGIN}  5" in shown.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["key", "two words"], 2, "key name"),
        (["serve", "--key", "{none}", "--log", "nonsense"], 2, "--log"),
        (["serve", "--key", "{none}", "--log", "{vkey}"], 1, "cannot be read"),
        (["show", "--key", "{none}"], 1, "retire the key"),
    ],
)
def test_a_witness_is_told_what_is_wrong(tmp_path: Path, arguments: list[str], code: int, said: str) -> None:
    filled = [each.format(none=tmp_path / "none.key", vkey=LOG.verifier) for each in arguments]
    extra = ["--key", str(tmp_path / "new.key")] if arguments[0] == "key" else []

    done = called("audit", "witness", *filled, *extra)

    assert (done.returncode, said in done.stderr) == (code, True), done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_key_is_never_written_over_another(tmp_path: Path) -> None:
    arguments = ("audit", "witness", "key", "audit.example/w1", "--key", str(tmp_path / "w.key"))
    assert called(*arguments).returncode == 0
    before = (tmp_path / "w.key").read_bytes()

    assert called(*arguments).returncode == 2
    assert (tmp_path / "w.key").read_bytes() == before


def test_keys_are_changed_listed_and_refused_while_the_log_is_served(tmp_path: Path) -> None:
    data = tmp_path / "var"
    served = Served(RULES, data)
    try:
        refused = zhunsheng("audit", "keys", "rotate", "--data", str(data))
        assert (refused.returncode, "stop it first" in refused.stderr) == (1, True)
    finally:
        served.end()
    done = called("audit", "keys", "rotate", "--data", str(data), "--json")
    assert done.returncode == 0
    told = json.loads(done.stdout)
    listed = json.loads(called("audit", "keys", "list", "--data", str(data), "--json").stdout)

    assert [each["vkey"] for each in listed["keys"] if each["until"] is None] == told["new"]
    assert [each["vkey"] for each in listed["keys"] if each["until"] is not None] == told["old"]
    assert called("audit", "verify", "--data", str(data)).returncode == 0


def vault(data: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return called("audit", "keys", "rotate-vault", "--data", str(data), *arguments)


def test_the_key_of_personal_data_is_changed_and_refused_while_the_log_is_served(tmp_path: Path) -> None:
    data = tmp_path / "var"
    served = Served(RULES, data)
    try:
        status, _, decided = served.ask("POST", "/v1/decisions", question(party={"姓名": "某甲"}), "k")
        assert status == 201
        refused = zhunsheng("audit", "keys", "rotate-vault", "--data", str(data))
        assert (refused.returncode, "stop it first" in refused.stderr, refused.stdout) == (1, True, "")
    finally:
        served.end()
    before = (data / "keys/vault.key").read_bytes()

    first, plain, english = vault(data, "--json"), vault(data), vault(data, "--lang", "en")

    assert [each.returncode for each in (first, plain, english)] == [0, 0, 0]
    told = json.loads(first.stdout)
    assert told["data_keys"] == 1
    assert f"个人信息密钥已由 {told['new']} 换为 " in plain.stdout
    assert f"1 个案件密钥已重新封装，见第 {told['index'] + 1} 号记录" in plain.stdout
    assert f"data keys of cases wrapped under it: 1; record {told['index'] + 2} says so" in english.stdout
    assert (data / "keys/vault.key").read_bytes() != before
    reading = (decided["id"], "--purpose", "复议", "--by", "4403-1", "--data", str(data), "--json")
    read = called("audit", "personal", *reading, "--rules", str(RULES))
    assert json.loads(read.stdout)["personal"]["/party/姓名"] == "某甲", read.stderr
    assert called("audit", "verify", "--data", str(data)).returncode == 0
    with lock_folder(data / "keys", alone=True):
        busy = called("audit", "verify", "--data", str(data))
    assert (busy.returncode, "its keys are being changed" in busy.stderr) == (1, True)


def test_a_change_of_the_key_of_personal_data_says_what_is_wrong_and_changes_nothing(tmp_path: Path) -> None:
    data = tmp_path / "var"
    nothing = vault(data)
    assert (nothing.returncode, "cannot be read" in nothing.stderr) == (1, True)
    assert not data.exists()
    grown(data, 0, 2)
    keys, key = data / "keys", data / "keys/vault.key"
    kept = key.read_bytes()

    no_log = called("audit", "keys", "rotate-vault", "--data", str(data), "--store", str(tmp_path / "none.db"))
    assert (no_log.returncode, "没有日志" in no_log.stderr) == (2, True)
    assert vault(data, "--lang", "fr").returncode == 2
    for spoil, said in (
        (lambda: key.chmod(0o644), "others may read it"),
        (lambda: key.write_bytes(b"no key\n"), "it is no vault key"),
        (lambda: key.write_bytes(kept + b"zz\n"), "it is no vault key"),
        (lambda: key.write_bytes(kept[:-3]), "it is no vault key"),
        (key.unlink, "cannot be read"),
    ):
        spoil()
        found = key.read_bytes() if key.exists() else None
        refused = vault(data)
        assert (refused.returncode, said in refused.stderr) == (1, True), refused.stderr
        assert (key.read_bytes() if key.exists() else None) == found
        key.write_bytes(kept)
        key.chmod(0o600)
    keys.rename(tmp_path / "elsewhere")
    gone = vault(data)
    assert (gone.returncode, "put the folder of keys back" in gone.stderr, keys.exists()) == (1, True, False)
    (tmp_path / "elsewhere").rename(keys)
    assert vault(data).returncode == 0
    assert sorted(each.name for each in keys.glob("*vault*")) == ["vault.key"]


def test_an_auditor_with_the_first_key_verifies_a_log_whose_keys_were_changed_twice(tmp_path: Path) -> None:
    data, out, kept = tmp_path / "var", tmp_path / "out", tmp_path / "kept.json"
    grown(data, 0, 2)
    first = str(Keyring(data / "keys").verifiers()[0])
    kept.write_bytes((data / "keys/keys.json").read_bytes())
    changed = []
    for start in (2, 4):
        changed.append(json.loads(called("audit", "keys", "rotate", "--data", str(data), "--json").stdout))
        grown(data, start, start + 2)
    assert called("audit", "export", str(out), "--data", str(data)).returncode == 0

    for given in (("--vkey", first), ("--keys", str(kept))):
        machine = json.loads(called("audit", "verify", str(out), *given, "--json").stdout)
        plain, english = (called("audit", "verify", str(out), *given, "--lang", lang) for lang in ("zh", "en"))

        assert (machine["ok"], plain.returncode, english.returncode) == (True, 0, 0)
        assert [each["vkeys"] for each in machine["followed"]] == [each["new"] for each in changed]
        for step in machine["followed"]:
            vkeys = ", ".join(step["vkeys"])
            assert (
                f"注意：第 {step['index']} 号记录里，已相信的密钥签认了更新的密钥，据此也予相信：{vkeys}"
                in plain.stdout
            )
            assert (
                f"note: record {step['index']} names newer keys, endorsed by a key that was believed" in english.stdout
            )
            assert vkeys in english.stdout
    stranger = str(SignerKey(ORIGIN, KeyType.ED25519, b"s" * 32).verifier)
    assert called("audit", "verify", str(out), "--vkey", stranger).returncode == 1


def test_a_key_slipped_into_the_list_is_found_by_command(tmp_path: Path) -> None:
    data, out, keys = tmp_path / "var", tmp_path / "out", tmp_path / "var/keys/keys.json"
    grown(data, 0, 2)
    assert called("audit", "keys", "rotate", "--data", str(data)).returncode == 0
    assert called("audit", "export", str(out), "--data", str(data)).returncode == 0
    stranger = str(SignerKey(ORIGIN, KeyType.ED25519, b"s" * 32).verifier)
    sound = [called("audit", "verify", *place) for place in (("--data", str(data)), (str(out), "--keys", str(keys)))]

    listed = json.loads(keys.read_bytes())
    listed["keys"].append({"vkey": stranger, "from": listed["keys"][0]["from"], "until": None})
    for path in (keys, out / "keys.json"):
        path.write_text(json.dumps(listed, indent=2) + "\n", encoding="utf-8")

    assert [each.returncode for each in sound] == [0, 0]
    for place in (("--data", str(data)), (str(out), "--keys", str(keys))):
        plain, english = (called("audit", "verify", *place, "--lang", lang) for lang in ("zh", "en"))
        assert (plain.returncode, english.returncode) == (1, 1)
        assert f"密钥清单里的 {stranger}，日志里没有" in plain.stdout
        assert f"the key `{stranger}` is in the list, and no record" in english.stdout


def test_an_sm2_line_and_an_anchor_by_command(tmp_path: Path) -> None:
    data = tmp_path / "var"
    grown(data, 0, 3)
    _, public, command = sm2_keys(tmp_path)

    added = called("audit", "keys", "add-sm2", "--public", str(public), "--command", command, "--data", str(data))
    assert added.returncode == 0, added.stderr
    assert VerifierKey.parse(added.stdout.strip()).type is KeyType.SM2
    listed = json.loads(called("audit", "keys", "list", "--data", str(data), "--json").stdout)
    assert listed["sm2"] == added.stdout.strip()
    again = called("audit", "keys", "add-sm2", "--public", str(public), "--command", command, "--data", str(data))
    assert again.returncode == 1
    grown(data, 3, 4)
    with OpenLog.open(data / "log.sqlite3", data / "keys") as opened:
        latest = opened.published.latest()
        assert latest is not None
        assert len(latest.note.signatures) == 3

    first = json.loads(called("audit", "anchor", "--data", str(data), "--json").stdout)["anchor"]
    assert (first["from"], first["to"]) == (0, latest.size)
    nothing = called("audit", "anchor", "--data", str(data), "--lang", "en")
    assert "nothing was signed" in nothing.stdout
    assert called("audit", "verify", "--data", str(data)).returncode == 0


def test_time_stamps_by_command_and_openssl_agrees(tmp_path: Path) -> None:
    data, out = tmp_path / "var", tmp_path / "out"
    grown(data, 0, 3)
    authority = Authority(tmp_path / "tsa")
    authority.make()
    common = ("--data", str(data), "--ca", str(authority.ca))
    none = called("audit", "timestamp", "verify", *common, "--json")
    assert (none.returncode, json.loads(none.stdout)) == (1, {"ok": False, "tokens": [], "findings": []})
    with authority.serving():
        done = called("audit", "timestamp", "request", "--tsa", authority.url, *common, "--json")
        assert done.returncode == 0, done.stderr
    gone = called("audit", "timestamp", "request", "--tsa", "http://127.0.0.1:1/", *common)
    assert gone.returncode == 0  # stamped already: the authority is not even asked

    found = called("audit", "timestamp", "verify", *common, "--out", str(out), "--json")

    size = json.loads(done.stdout)["size"]
    assert (found.returncode, json.loads(found.stdout)["tokens"]) == (0, [json.loads(done.stdout)])
    files = f"-in {out / f'{size}.0.token'} -data {out / f'{size}.checkpoint'} -CAfile ca.pem"
    authority.openssl(f"ts -verify -token_in {files}")
    other = Authority(tmp_path / "other")
    other.make()
    wrong = called("audit", "timestamp", "verify", "--data", str(data), "--ca", str(other.ca), "--json")
    assert (wrong.returncode, len(json.loads(wrong.stdout)["findings"])) == (1, 1)


def test_verifying_with_the_authority_says_what_existed_by_when(tmp_path: Path) -> None:
    data, out = tmp_path / "var", tmp_path / "out"
    authority = Authority(tmp_path / "tsa")
    authority.make()
    ca = ("--ca", str(authority.ca))
    sizes = []
    with authority.serving():
        for start in (0, 3):
            grown(data, start, start + 3)
            done = called("audit", "timestamp", "request", "--tsa", authority.url, *ca, "--data", str(data), "--json")
            sizes.append(json.loads(done.stdout)["size"])
    assert called("audit", "export", str(out), "--data", str(data)).returncode == 0
    vkey = ("--vkey", str(Keyring(data / "keys").verifiers()[0]))

    for place in ((str(out), *vkey), ("--data", str(data))):
        told = json.loads(called("audit", "verify", *place, *ca, "--json").stdout)
        said = called("audit", "verify", *place, *ca, "--lang", "en")
        plain = called("audit", "verify", *place, *ca)
        without = json.loads(called("audit", "verify", *place, "--json").stdout)

        assert (said.returncode, plain.returncode, without["time_stamps"]) == (0, 0, None)
        stamps = told["time_stamps"]
        assert (stamps["hold"], [stamps[each]["size"] for each in ("earliest", "latest")]) == (2, sizes)
        for each in ("earliest", "latest"):
            assert f"at {stamps[each]['time']} the first {stamps[each]['size']} records existed" in said.stdout
            assert f"{stamps[each]['time']} 时已有前 {stamps[each]['size']} 条记录" in plain.stdout
    other = Authority(tmp_path / "other")
    other.make()
    for place in ((str(out), *vkey), ("--data", str(data))):
        wrong = called("audit", "verify", *place, "--ca", str(other.ca), "--lang", "en")
        assert (wrong.returncode, wrong.stdout.count("a time-stamp token does not hold")) == (1, 2)
        assert "0 time-stamps hold\n" in wrong.stdout
        none = called("audit", "verify", *place, "--ca", str(tmp_path / "none.pem"))
        assert (none.returncode, "cannot be read" in none.stderr) == (1, True)
