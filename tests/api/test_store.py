"""`zhunsheng store`, and every command over a log in PostgreSQL: decided, served, replayed, verified, watched."""

from __future__ import annotations

import json
from collections.abc import Iterator
from operator import itemgetter
from pathlib import Path
from typing import Any

import pytest

from tests.api.kit import FIRST_SIGNED, Served, called, has_supervision, question, served, small_rules, until
from tests.log.places import OWNER, SERVICE, STORES, PostgresPlace, place, superuser, tamper, template, url
from tests.log.test_sm2 import keys as sm2_keys
from tests.log.test_timestamp import Authority

QUESTION = ("SZCG-013", "--on", "2026-11-01", "--fact", "一年内次数=2", "--case", "案一")


@pytest.fixture
def rules(tmp_path: Path) -> str:
    return str(small_rules(tmp_path / "rules"))


@pytest.fixture
def at() -> Iterator[PostgresPlace]:
    made = PostgresPlace.new()
    yield made
    made.drop()


def test_a_file_is_made_checked_and_upgraded(tmp_path: Path) -> None:
    data = ("--data", str(tmp_path))

    assert called("store", "check", *data).returncode == 1
    made = called("store", "create", *data)
    checked = called("store", "check", *data, "--json")
    upgraded = called("store", "upgrade", *data, "--json")

    assert (made.returncode, made.stdout) == (0, f"日志已建：{tmp_path / 'log.sqlite3'}\n")
    told = json.loads(checked.stdout)
    assert told["ok"]
    assert told["problem"] is None
    assert {"name": "synchronous", "value": "3", "needed": "3", "ok": True, "note": ""} in told["settings"]
    assert json.loads(upgraded.stdout)["from"] == "0002"


def test_misuse_of_the_store_ends_with_2_and_a_place_without_a_log_with_1(tmp_path: Path) -> None:
    there = str(tmp_path / "log.db")

    assert called("store", "create", "postgresql://a@127.0.0.1:1/b").returncode == 2
    assert called("store", "create", there, "--service-role", "x").returncode == 2
    refused = called("store", "upgrade", there)
    unreachable = called("store", "check", "postgresql://a:hunter2@127.0.0.1:1/b", "--lang", "en")

    assert (refused.returncode, "no such file" in refused.stderr) == (1, True)
    assert unreachable.returncode == 1
    assert unreachable.stdout.startswith("postgresql://a@127.0.0.1:1/b")
    assert "hunter2" not in unreachable.stdout + unreachable.stderr


def test_the_owner_makes_a_log_and_the_service_uses_it(rules: str, tmp_path: Path) -> None:
    template()
    with superuser() as raw:
        raw.execute(f"CREATE DATABASE made_by_hand OWNER {OWNER}")
    owner, service = url("made_by_hand", OWNER), url("made_by_hand", SERVICE, password="hunter2")  # noqa: S106 - a test's
    common = ("--rules", rules, "--data", str(tmp_path))

    before = called("decide", *QUESTION, *common, "--store", service)
    made = called("store", "create", owner, "--service-role", SERVICE, "--json")
    decided = called("decide", *QUESTION, *common, "--store", service, "--json")
    again = called("decide", *QUESTION, *common, "--json", env={"ZHUNSHENG_STORE": service})
    replayed = called("replay", *common[2:], "--store", service, "--json")
    verified = called("audit", "verify", "--store", service, "--json")
    checked = called("store", "check", service)
    as_owner = called("store", "check", owner, "--json")

    assert (before.returncode, "zhunsheng store create" in before.stderr) == (1, True)
    assert (made.returncode, json.loads(made.stdout)["service_role"]) == (0, SERVICE)
    assert [json.loads(each.stdout)["index"] for each in (decided, again)] == [FIRST_SIGNED, FIRST_SIGNED + 1]
    assert json.loads(replayed.stdout) == {"ok": True, "replayed": 2, "differences": []}
    assert json.loads(verified.stdout)["size"] == FIRST_SIGNED + 2
    assert verified.returncode == 0
    assert checked.returncode == 0
    assert "✓ fsync = on" in checked.stdout
    assert "owns the table" in json.loads(as_owner.stdout)["problem"]
    assert not (tmp_path / "log.sqlite3").exists()
    every = [before, made, decided, again, replayed, verified, checked, as_owner]
    assert "hunter2" not in "".join(each.stdout + each.stderr for each in every)


def test_a_service_over_postgresql_records_what_it_answers_and_its_watch_follows(
    rules: str, tmp_path: Path, at: PostgresPlace
) -> None:
    with served(Path(rules), tmp_path, ZHUNSHENG_STORE=at.where) as service:
        status, _, first = service.ask("POST", "/v1/decisions", question(case_ref="案一"))
        again = service.ask("POST", "/v1/decisions", question(case_ref="案一", facts={"一年内次数": 3}))[2]
        health = service.ask("GET", "/healthz")[2]
        if has_supervision():
            until(lambda: bool(service.ask("GET", "/v1/cards")[2]["cards"]), "a card")

    assert (status, first["index"], again["index"]) == (201, FIRST_SIGNED, FIRST_SIGNED + 1)
    assert health["store"].startswith("PostgreSQL ")
    assert service.info["log"].startswith(f"postgresql://{SERVICE}@")


@pytest.mark.parametrize("store", STORES)
def test_the_time_stamps_of_a_live_service_are_verified_from_its_address(
    rules: str, tmp_path: Path, store: str
) -> None:
    made, data = place(store, tmp_path), tmp_path / "data"
    here = ("--store", str(made.where), "--data", str(data))
    authority, other = Authority(tmp_path / "tsa"), Authority(tmp_path / "other")
    authority.make()
    other.make()
    stamped: list[dict[str, Any]] = []
    try:
        with served(Path(rules), data, ZHUNSHENG_STORE=str(made.where)) as service, authority.serving():

            def verified(*more: str) -> tuple[int, dict[str, Any]]:
                done = called(
                    "audit", "verify", f"{service.url}log", "--keys", str(data / "keys/keys.json"), *more, "--json"
                )
                return done.returncode, json.loads(done.stdout)

            assert verified("--ca", str(authority.ca))[1]["time_stamps"]["hold"] == 0
            for size in (FIRST_SIGNED + 1, FIRST_SIGNED + 2):
                service.ask("POST", "/v1/decisions", question())
                until(lambda size=size: _signed(service) == size, "signing")  # type: ignore[misc]
                requested = ("--tsa", authority.url, "--ca", str(authority.ca), *here)
                stamped.append(told("audit", "timestamp", "request", *requested))
            code, found = verified("--ca", str(authority.ca))
            uncalled = verified()
            wrong = verified("--ca", str(other.ca))
            name = f"{stamped[0]['size']}.{stamped[0]['token'].removeprefix('sha256:')}.tsr"
            for path, kept in ((f"tokens/{name}", "token"), (f"checkpoints/{stamped[0]['size']}", "note")):
                (authority.folder / kept).write_bytes(service.ask("GET", f"/log/{path}")[2])
            tamper(made, ("UPDATE token SET size = ? WHERE size = ?", stamped[1]["size"], stamped[0]["size"]))
            moved = verified("--ca", str(authority.ca))
            tamper(made, ("UPDATE token SET digest = 'sha256:00' WHERE digest = ?", stamped[1]["token"]))
            renamed = verified("--ca", str(authority.ca))
    finally:
        if isinstance(made, PostgresPlace):
            made.drop()

    assert (code, found["findings"]) == (0, [])
    assert found["time_stamps"]["hold"] == 2
    assert [found["time_stamps"][each]["size"] for each in ("earliest", "latest")] == [each["size"] for each in stamped]
    authority.openssl("ts -verify -token_in -in token -data note -CAfile ca.pem")
    assert (uncalled[0], uncalled[1]["time_stamps"]) == (0, None)
    assert "tokens_unchecked" in [each["code"] for each in uncalled[1]["notes"]]
    for (ended, report), codes, hold in (
        (wrong, ["token_invalid"] * 2, 0),
        (moved, ["token_invalid"], 1),
        (renamed, ["token_invalid", "token_misnamed"], 0),
    ):
        assert (ended, sorted(each["code"] for each in report["findings"])) == (1, codes)
        assert report["time_stamps"]["hold"] == hold


def _signed(service: Served) -> int:
    return int(service.ask("GET", "/log/checkpoint")[2].split(b"\n")[1])


@pytest.mark.parametrize("store", STORES)
def test_every_command_about_the_log_takes_the_store_it_is_in(rules: str, tmp_path: Path, store: str) -> None:
    made = place(store, tmp_path)
    data = tmp_path / "data"
    here, law = ("--store", str(made.where), "--data", str(data)), ("--rules", rules)
    party = tmp_path / "party.json"
    party.write_text('{"姓名": "欧阳测试"}', encoding="utf-8")
    _, public, command = sm2_keys(tmp_path)
    authority = Authority(tmp_path / "tsa")
    authority.make()
    ca = ("--ca", str(authority.ca))
    try:
        (record, index) = itemgetter("id", "index")(told("decide", *QUESTION, "--party", str(party), *law, *here))
        wrapped = told("audit", "keys", "rotate-vault", *here)
        read = told("audit", "personal", record, "--purpose", "复核", "--by", "4403-1", *law, *here)
        erasing = ("--basis", "个人信息保护法第四十七条", "--by", "4403-1", "--approved-by", "4403-2")
        told("audit", "erase", "--record", record, *erasing, *law, *here)
        gone = told("audit", "personal", record, "--purpose", "复核", "--by", "4403-1", *law, *here)
        rotated = told("audit", "keys", "rotate", *here)
        added = called("audit", "keys", "add-sm2", "--public", str(public), "--command", command, *here)
        anchored = told("audit", "anchor", *here)["anchor"]
        with authority.serving():
            stamped = told("audit", "timestamp", "request", "--tsa", authority.url, *ca, *here)
        stamps = told("audit", "timestamp", "verify", *ca, *here)
        verified = told("audit", "verify", *here)
    finally:
        if isinstance(made, PostgresPlace):
            made.drop()

    assert (wrapped["data_keys"], wrapped["index"]) == (1, index + 1)
    assert (read["personal"], gone["personal"], gone["erased_by"]) == ({"/party/姓名": "欧阳测试"}, {}, index + 3)
    assert rotated["overlap"] == index + 5  # behind the decision: key event, access, erasure, key event
    assert (added.returncode, anchored["index"]) == (0, index + 6)
    assert [each["size"] for each in stamps["tokens"]] == [stamped["size"]]
    assert verified["size"] == index + 7
    assert not (data / "log.sqlite3").exists()


@pytest.mark.parametrize(
    "words",
    [
        "keys rotate",
        "keys rotate-vault",
        "keys add-sm2 --public {file} --command true",
        "timestamp request --tsa http://127.0.0.1:1/ --ca {file}",
        "timestamp verify --ca {file}",
        "anchor",
        "personal r --purpose p --by b",
        "erase --record r --basis b --by b --approved-by c",
    ],
)
def test_no_command_falls_back_on_the_log_of_the_data_when_its_store_is_not_there(
    rules: str, tmp_path: Path, words: str
) -> None:
    data = ("--data", str(tmp_path))
    assert called("decide", *QUESTION, "--rules", rules, *data).returncode == 0
    before = (tmp_path / "log.sqlite3").read_bytes()

    done = called("audit", *words.format(file=__file__).split(), *data, "--store", str(tmp_path / "none.db"))

    assert (done.returncode, "none.db" in done.stderr) == (2, True)
    assert (tmp_path / "log.sqlite3").read_bytes() == before


def told(*arguments: str) -> Any:
    done = called(*arguments, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
