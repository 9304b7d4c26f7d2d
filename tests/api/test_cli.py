"""The command line as a person and a program meet it: what it prints, and with which exit code it ends."""

from __future__ import annotations

import json
import re
import shutil
import socket
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from api.service import create_app
from api.settings import Settings
from cases.desk import Desk, answer_of
from cases.log.opened import OpenLog
from cases.log.store import AuditLog
from cases.record import Asked
from tests.api.kit import (
    COUNT,
    DAY,
    FIRST,
    FIRST_SIGNED,
    RULES,
    SMALL,
    ask,
    called,
    has_supervision,
    question,
    rewrite,
    small_law,
    small_rules,
    zhunsheng,
)

SECOND = ("decide", "SZCG-013", "--on", "2026-11-01", "--fact", f"{COUNT}=2")
needs_supervision = pytest.mark.skipif(
    not has_supervision(), reason="durable-rules is not installed: it needs a C compiler, see README"
)


@pytest.fixture(scope="module")
def rules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_rules(tmp_path_factory.mktemp("rules"))


@pytest.fixture(scope="module")
def written(rules: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with a log of three records of one case, for reading only."""
    data = tmp_path_factory.mktemp("data")
    with AuditLog.open(data / "log.sqlite3") as log:
        desk = Desk(small_law(), log)
        for count in (1, 2, 2):
            desk.decide(ask(count, case_ref="案一"), door="test")
    return data


@pytest.fixture
def data(written: Path, tmp_path: Path) -> Path:
    """A copy of it, to do anything with."""
    shutil.copy(written / "log.sqlite3", tmp_path)
    return tmp_path


def told(done: subprocess.CompletedProcess[str]) -> Any:
    """The one JSON object on standard output, and nothing else there."""
    return json.loads(done.stdout)


def folders(rules: Path, data: Path) -> tuple[str, ...]:
    return ("--rules", str(rules), "--data", str(data))


def edited(data: Path) -> None:
    rewrite(data / "log.sqlite3", FIRST + 1, lambda record: record["decision"].update(fine_fen=5_000))


def test_deciding_prints_the_penalty_its_reasons_and_its_place_in_the_log(rules: Path, tmp_path: Path) -> None:
    done = called(*SECOND, *folders(rules, tmp_path))

    *reasons, result, place = done.stdout.splitlines()
    assert (done.returncode, done.stderr) == (0, "")
    assert result == "结果：罚款 100 元，责令改正"
    assert place.startswith(f"日志第 {FIRST_SIGNED} 号，")
    assert any("“情节较重”成立：要求 一年内次数 = 2；所填 一年内次数 2" in line for line in reasons)
    assert any("第四十一条" in line for line in reasons)


def test_deciding_in_english_prints_english_sentences(rules: Path, tmp_path: Path) -> None:
    done = called(*SECOND, *folders(rules, tmp_path), "--lang", "en")

    assert done.returncode == 0
    assert f"log record {FIRST_SIGNED}, " in done.stdout
    assert "fine 100 yuan" in done.stdout.lower()


def test_deciding_for_a_program_prints_the_decision_object_of_the_log(rules: Path, tmp_path: Path) -> None:
    done = zhunsheng(*SECOND, *folders(rules, tmp_path), "--json")

    decision = told(done)
    with AuditLog.open(tmp_path / "log.sqlite3", read_only=True) as log:
        assert answer_of(log.read(FIRST_SIGNED).data, FIRST_SIGNED).answer == decision
    assert (done.returncode, decision["fine_fen"], decision["index"]) == (0, 10_000, FIRST_SIGNED)


def test_a_refusal_ends_with_1_and_is_recorded(rules: Path, tmp_path: Path) -> None:
    done = zhunsheng("decide", "SZCG-13", "--on", "2026-11-01", *folders(rules, tmp_path))

    assert done.returncode == 1
    assert "没有代码为“SZCG-13”的违法行为" in done.stdout
    assert "SZCG-013" in done.stdout
    with AuditLog.open(tmp_path / "log.sqlite3", read_only=True) as log:
        assert log.head().size == FIRST_SIGNED + 1


def test_missing_facts_are_named(rules: Path, tmp_path: Path) -> None:
    done = called("decide", "SZCG-003", "--on", "2026-11-01", *folders(rules, tmp_path), "--json")

    refusal = told(done)["refusal"]
    assert done.returncode == 1
    assert refusal["code"] == "missing_fact"
    assert "拒不改正" in refusal["message"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        pytest.param(("SZCG-013", "--on", "2026-2-30"), "`--on 2026-2-30` is no day; there is no such day", id="day"),
        pytest.param(("SZCG-013", "--on", "2026/11/1"), "a day is written `2026-11-01`", id="day with slashes"),
        pytest.param(("SZCG-013", "--on", "2026年11月1日"), "日期写成“2026-11-01”", id="day in Chinese"),
        pytest.param(("SZCG-013", "--on", "tomorrow"), "a day is written `2026-11-01`", id="no day at all"),
        pytest.param(("SZCG-013", "--on", "3026-11-01"), "a year is 1800 to 2999", id="year"),
        pytest.param((*SECOND[1:4], "--fact", "次数"), "is no fact; write it as NAME=VALUE", id="fact"),
        pytest.param((*SECOND[1:4], "--fact", "=2"), "is no fact; write it as NAME=VALUE", id="nameless fact"),
        pytest.param((*SECOND[1:4], "--fact", "次数＝2"), "for example `--fact 次数=2`", id="full-width equals"),
        pytest.param((*SECOND[1:4], "--fact", "次数: 2"), "写成 名称=值，如 `--fact 次数=2`", id="colon"),
        pytest.param((*SECOND[1:], "--fact", f"{COUNT}=3"), "is given twice; give it once", id="fact twice"),
        pytest.param((*SECOND[1:], "--fact", f"{COUNT}=3"), "写了两次；只写一次", id="fact twice in Chinese"),
        pytest.param(
            (*SECOND[1:4], "--fact", '往日=["2026-01-01"]'),
            "a list of days as 2026-01-31,2026-05-06",
            id="days as JSON",
        ),
        pytest.param(
            (*SECOND[1:4], "--fact", "往日=[2026-01-01]"), "日期列表写成 2026-01-31,2026-05-06", id="days in brackets"
        ),
        pytest.param((*SECOND[1:4], "--fact", "a=\x1b[2J"), "use printable text", id="unprintable fact"),
        pytest.param((*SECOND[1:], "--lang", "fr"), "--lang", id="language"),
        pytest.param((*SECOND[1:], "--case", ""), "`--case` must be printable", id="empty case"),
        pytest.param((*SECOND[1:], "--key", "a\nb"), "`--key` must be printable", id="key of two lines"),
        pytest.param(("SZCG-013",), "the day of the act is missing: add `--on 2026-11-01`", id="no day"),
        pytest.param(("SZCG-013",), "没有写违法行为发生在哪一天：加上 --on 2026-11-01", id="no day in Chinese"),
        pytest.param((*SECOND[1:], "--colour"), "--colour", id="unknown option"),
    ],
)
def test_wrong_use_ends_with_2_and_says_how_to_mend_it(
    rules: Path, tmp_path: Path, arguments: tuple[str, ...], says: str
) -> None:
    done = called("decide", *arguments, *folders(rules, tmp_path))

    assert (done.returncode, done.stdout) == (2, "")
    assert says in done.stderr
    assert not (tmp_path / "log.sqlite3").exists()


def test_the_same_key_twice_is_one_record(rules: Path, tmp_path: Path) -> None:
    first, again = (called(*SECOND, *folders(rules, tmp_path), "--key", "k", "--json") for _ in range(2))

    assert (first.returncode, again.returncode) == (0, 0)
    assert told(first) == told(again)


def test_the_same_key_with_another_question_ends_with_1(rules: Path, tmp_path: Path) -> None:
    called(*SECOND, *folders(rules, tmp_path), "--key", "k")

    done = called(*SECOND[:4], "--fact", f"{COUNT}=3", *folders(rules, tmp_path), "--key", "k")

    assert (done.returncode, done.stdout) == (1, "")
    assert f"the idempotency key `k` was used for record {FIRST_SIGNED} with other content" in done.stderr


def test_checking_sound_rules_ends_with_0(rules: Path) -> None:
    loading = ("check", "--load-only", "--rules", str(rules))
    plain, machine = called(*loading), called(*loading, "--json")

    assert (plain.returncode, machine.returncode) == (0, 0)
    files = len(SMALL)
    assert plain.stdout == f"{files} 个文件、2 项违法行为，没有问题\n"
    english = called(*loading, "--lang", "en")
    assert english.stdout == f"{files} files, 2 violations, all well\n"
    assert told(machine) == {
        "ok": True,
        "files": files,
        "violations": 2,
        "findings": [],
        "notices": [],
        "not_read": [],
        "proof": None,
    }


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    return small_rules(tmp_path / "broken", szcg013=("罚款 100元", "罚金 100元"), szcg003=("或 扰乱", "或或 扰乱"))


def test_checking_broken_rules_prints_every_finding_with_place_and_ends_with_1(broken: Path) -> None:
    done = called("check", "--rules", str(broken))

    assert done.returncode == 1
    assert "szcg-2023/SZCG-013.yaml:18:9" in done.stdout
    assert "szcg-2023/SZCG-003.yaml:" in done.stdout
    assert done.stdout.splitlines()[-1].endswith(" 处问题")
    english = called("check", "--rules", str(broken), "--lang", "en")
    assert english.stdout.splitlines()[-1].endswith(" findings")


def test_checking_broken_rules_for_a_program_gives_code_place_and_repair(broken: Path) -> None:
    done = called("check", "--rules", str(broken), "--json")

    found = told(done)
    assert (done.returncode, found["ok"]) == (1, False)
    assert {*found["findings"][0]} == {"code", "file", "line", "column", "message", "repair"}
    assert {each["file"] for each in found["findings"]} == {"szcg-2023/SZCG-003.yaml", "szcg-2023/SZCG-013.yaml"}


@pytest.mark.parametrize("command", ["check", "test"])
def test_one_violation_is_looked_at_while_another_cannot_be_read(tmp_path: Path, command: str) -> None:
    rules = small_rules(tmp_path, szcg003=("名称", "名称："))

    sound = called(command, "--rules", str(rules), "--code", "SZCG-013")
    every, own = (called(command, "--rules", str(rules), *more) for more in ((), ("--code", "SZCG-003")))

    assert (sound.returncode, every.returncode, own.returncode) == (0, 1, 1)


def test_one_violation_is_not_there_for_checking_either(rules: Path) -> None:
    done = called("check", "--rules", str(rules), "--code", "SZCG-13")

    assert (done.returncode, done.stdout) == (2, "")
    assert "there is no violation `SZCG-13`; did you mean `SZCG-013`?" in done.stderr


def test_misuse_is_said_in_both_languages_each_with_its_example(rules: Path, tmp_path: Path) -> None:
    done = called(*SECOND[:4], "--fact", "x", *folders(rules, tmp_path))

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines() == [
        "zhunsheng: `--fact x` 不是事实；写成 名称=值，如 `--fact 一年内次数=2`",
        "zhunsheng: `--fact x` is no fact; write it as NAME=VALUE, for example `--fact name=value`",
    ]


def test_a_file_for_a_folder_is_named(rules: Path, tmp_path: Path) -> None:
    file = tmp_path / "file.yaml"
    file.write_text("a: b")

    data, law = called(*SECOND, *folders(rules, file)), called(*SECOND, *folders(file, tmp_path))

    assert (data.returncode, law.returncode) == (2, 2)
    assert "--data 要一个文件夹" in data.stderr
    assert "`--data` names the folder of the log" in data.stderr
    assert "这是一个文件，不是文件夹" in law.stderr
    assert "it is a file, not a folder" in law.stderr


def test_blanks_around_a_fact_and_between_days_are_not_in_the_way(rules: Path, tmp_path: Path) -> None:
    days = ("--fact", "历次处罚日期=2026-01-01, 2026-02-01")
    done = called(*SECOND[:4], "--fact", f" {COUNT} = 3 ", *days, *folders(rules, tmp_path))

    assert (done.returncode, done.stderr) == (0, "")
    assert "“情节严重”成立" in done.stdout


ENGLISH = {
    "catalogue.yaml": """language: English
catalogue: Powers of the city
source: City gazette 2023-12
agency: City sanitation department
items:
  - {power_item: P-001, name: Street cleanliness, published: 2023-12-15, in_force: 2023-12-15 onwards}
""",
    "city/regime.yaml": """language: English
regime: CITY
name: Fine schedule of the city
version: "2023"
number: Order 12/2023
issuer: City council
published: 2023-12-01
in_force: 2023-12-15 onwards
source: City gazette 2023-12, page 4
bounds: inclusive
first_day: counts
tie: refuse
rounding: 1 yuan, half up
""",
    "city/X-001.yaml": """language: English
violation: X-001
name: Spitting in the street
category: Sanitation
power_item: P-001
in_force: 2023-12-15 to 2028-12-14
basis: {article: article 41, quote: a fine of not less than 50 and not more than 200 yuan}
statutory_range: fine 50 yuan to 200 yuan
facts:
  visits: integer, times, 1 to 9, larger is graver
tiers:
  - {tier: light, when: visits < 3, outcome: fine 50 yuan, quote: q}
  - {tier: heavy, when: visits >= 3, outcome: fine 200 yuan, quote: q}
cases:
  - {name: first, on: 2026-11-01, given: {visits: 1}, expect: fine 50 yuan}
""",
}


@pytest.fixture
def english(tmp_path: Path) -> Path:
    folder = tmp_path / "english"
    for name, text in ENGLISH.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def test_a_tree_in_english_words_is_answered_in_english(english: Path, tmp_path: Path) -> None:
    rules = ("--rules", str(english))
    commands = {
        "check": ("check", *rules),
        "load": ("check", "--load-only", *rules),
        "test": ("test", *rules),
        "card": ("card", "X-001", *rules),
        "diff": ("diff", str(english), str(english)),
        "decide": ("decide", "X-001", "--on", "2026-11-01", "--fact", "visits=2", *rules, "--data", str(tmp_path)),
    }
    said = {name: called(*command) for name, command in commands.items()}

    assert {name: done.returncode for name, done in said.items()} == dict.fromkeys(commands, 0)
    assert all(not re.search("[一-鿿]", done.stdout) for done in said.values())
    assert "3 files, 1 violations, all well" in said["load"].stdout
    assert "个用例" in called(*commands["test"], "--lang", "zh").stdout


def test_a_broken_tree_in_english_words_is_answered_in_english(english: Path) -> None:
    rule = english / "city" / "X-001.yaml"
    rule.write_text(rule.read_text(encoding="utf-8").replace("visits <", "vsits <"), encoding="utf-8")

    done = called("check", "--rules", str(english))

    assert done.returncode == 1
    assert not re.search("[一-鿿]", done.stdout)
    assert done.stdout.splitlines()[-1].endswith(" findings")


def test_nothing_is_decided_on_broken_rules(broken: Path, tmp_path: Path) -> None:
    done = called(*SECOND, *folders(broken, tmp_path))

    assert (done.returncode, done.stdout) == (1, "")
    assert "szcg-2023/SZCG-013.yaml:18:9" in done.stderr
    # Said in the language of the files, as their findings are.
    assert (
        "2 个规则文件里有 4 处问题（szcg-2023/SZCG-003.yaml, szcg-2023/SZCG-013.yaml）：规则不通就不作裁量"
        in done.stderr
    )
    assert "nothing is decided on broken rules" not in done.stderr
    assert not (tmp_path / "log.sqlite3").exists()


@pytest.mark.parametrize("command", [SECOND, ("test",)])
def test_broken_english_rules_are_told_of_in_english(tmp_path: Path, command: tuple[str, ...]) -> None:
    (tmp_path / "law").mkdir()
    (tmp_path / "law" / "x.yaml").write_text("language: English\nregime: R\ncurrency: XYZ\n")

    done = zhunsheng(*command, "--rules", str(tmp_path / "law"))

    assert (done.returncode, done.stdout) == (1, "")
    assert "nothing is decided on broken rules; see `zhunsheng check`" in done.stderr
    assert not re.search("[\u4e00-\u9fff]", done.stderr)


@pytest.mark.parametrize("command", [("check",), ("test",), SECOND, ("serve", "--port", "0"), ("watch", "--once")])
def test_rules_that_are_not_there_end_with_2(tmp_path: Path, command: tuple[str, ...]) -> None:
    if command[0] == "watch" and not has_supervision():
        pytest.skip("durable-rules is not installed: it needs a C compiler, see README")

    done = zhunsheng(*command, "--rules", str(tmp_path / "none"))

    assert (done.returncode, done.stdout) == (2, "")
    assert "there is no such folder; give the folder with `--rules`" in done.stderr


def test_the_cases_inside_the_rule_files_hold(rules: Path) -> None:
    plain, machine = called("test", "--rules", str(rules)), called("test", "--rules", str(rules), "--json")

    assert (plain.returncode, machine.returncode) == (0, 0)
    assert plain.stdout.startswith("14 个用例，0 个不符\n")
    found = told(machine)
    assert (found["ok"], found["cases"], found["failed"]) == (True, 14, [])


def test_a_case_that_does_not_hold_is_named_with_its_place_and_both_outcomes(tmp_path: Path) -> None:
    rules = small_rules(tmp_path, szcg013=("一年内次数: 2}, 得: 罚款 100元", "一年内次数: 2}, 得: 罚款 120元"))

    plain, machine = called("test", "--rules", str(rules)), called("test", "--rules", str(rules), "--json")

    assert (plain.returncode, machine.returncode) == (1, 1)
    assert "SZCG-013“第二次”应得" in plain.stdout
    english = called("test", "--rules", str(rules), "--lang", "en").stdout
    assert "SZCG-013 “第二次”: expected " in english
    assert "14 cases, 1 failed" in english
    assert "应得" not in english
    (failed,) = told(machine)["failed"]
    assert (failed["violation"], failed["case"], failed["line"]) == ("SZCG-013", "第二次", 27)
    assert "120" in str(failed["expected"])
    assert "100" in str(failed["found"])


def test_replaying_a_fresh_log_finds_nothing(data: Path) -> None:
    plain, machine = called("replay", "--data", str(data)), called("replay", "--data", str(data), "--json")

    assert (plain.returncode, machine.returncode) == (0, 0)
    assert plain.stdout == "重放 3 条，0 条不同\n"
    assert told(machine) == {"ok": True, "replayed": 3, "differences": []}


def test_replaying_names_an_edited_record_and_ends_with_1(data: Path) -> None:
    edited(data)

    plain = called("replay", "--data", str(data))
    english = called("replay", "--data", str(data), "--lang", "en")
    machine = called("replay", "--data", str(data), "--json")

    assert (plain.returncode, english.returncode, machine.returncode) == (1, 1, 1)
    assert plain.stdout == f"第 {FIRST + 1} 号：罚款（分） 5000 → 10000\n重放 3 条，1 条不同\n"
    assert english.stdout == f"record {FIRST + 1}: fine (fen) 5000 → 10000\n3 records replayed, 1 differ\n"
    (difference,) = told(machine)["differences"]
    assert (difference["index"], difference["message"]) == (FIRST + 1, "fine (fen) 5000 → 10000")


def test_replaying_a_range_looks_at_no_other_record(data: Path) -> None:
    edited(data)

    done = called("replay", "--data", str(data), "--from", str(FIRST + 2), "--to", str(FIRST + 3), "--json")

    assert told(done) == {"ok": True, "replayed": 1, "differences": []}


def test_replaying_under_another_law_names_the_amounts_it_would_change(data: Path, tmp_path: Path) -> None:
    dearer = small_rules(tmp_path / "dearer", szcg013=("100元", "120元"))

    done = called("replay", "--data", str(data), "--rules", str(dearer), "--lang", "en")

    assert done.returncode == 1
    assert done.stdout.count("fine (fen) 10000 → 12000") == 2


def test_verifying_a_sound_log_prints_its_root(data: Path) -> None:
    plain = called("audit", "verify", "--data", str(data))
    english = called("audit", "verify", "--data", str(data), "--lang", "en")
    machine = called("audit", "verify", "--data", str(data), "--json")

    found = told(machine)
    assert (plain.returncode, english.returncode, machine.returncode) == (0, 0, 0)
    assert (found["ok"], found["size"], found["findings"]) == (True, FIRST + 3, [])
    assert plain.stdout == f"{FIRST + 3} 条记录完好，树根 {found['root']}\n"
    assert english.stdout == f"{FIRST + 3} records, sound, root {found['root']}\n"


def test_verifying_with_rules_says_whether_the_newest_record_rests_on_them(
    rules: Path, data: Path, tmp_path: Path
) -> None:
    other = small_rules(tmp_path / "other", szcg013=("100元", "120元"))

    same, not_same = (called("audit", "verify", *folders(each, data), "--json") for each in (rules, other))

    assert (told(same)["rules_match"], told(not_same)["rules_match"]) == (True, False)
    assert (same.returncode, not_same.returncode) == (0, 0)


def test_the_logs_own_records_rest_on_no_rules(rules: Path, data: Path, tmp_path: Path) -> None:
    for folder in (tmp_path / "new", data):
        OpenLog.open(folder / "log.sqlite3", folder / "keys").close()

    new, begun = (called("audit", "verify", *folders(rules, folder), "--json") for folder in (tmp_path / "new", data))

    assert (told(new)["size"], told(new)["rules_match"]) == (1, None)
    assert (told(begun)["size"], told(begun)["rules_match"]) == (FIRST + 4, True)


def test_one_flipped_byte_of_a_record_in_the_file_is_found_and_the_record_named(data: Path) -> None:
    file = data / "log.sqlite3"
    with AuditLog.open(file, read_only=True) as log:
        record = log.read(FIRST + 1).data
    content = bytearray(file.read_bytes())
    # A record longer than a page is cut into pieces: its first bytes are enough to find it.
    content[content.index(record[:400]) + 390] ^= 1
    file.write_bytes(content)

    plain = zhunsheng("audit", "verify", "--data", str(data))
    machine = zhunsheng("audit", "verify", "--data", str(data), "--json")

    assert (plain.returncode, machine.returncode) == (1, 1)
    assert f"第 {FIRST + 1} 号记录被改动" in plain.stdout
    assert ("record_edited", FIRST + 1) in [(each["code"], each["index"]) for each in told(machine)["findings"]]


def test_verifying_what_is_no_log_is_one_finding(tmp_path: Path) -> None:
    (tmp_path / "log.sqlite3").write_text("no log " * 1_000)

    done = called("audit", "verify", "--data", str(tmp_path), "--json")

    assert (done.returncode, told(done)["findings"][0]["code"]) == (1, "file_unusable")


def test_verifying_no_log_at_all_ends_with_2(tmp_path: Path) -> None:
    done = called("audit", "verify", "--data", str(tmp_path))

    assert (done.returncode, done.stdout) == (2, "")
    assert "name its folder with --data" in done.stderr
    assert not (tmp_path / "log.sqlite3").exists()


@needs_supervision
def test_watching_once_prints_the_cards_and_ends_with_1(rules: Path, data: Path) -> None:
    plain = called("watch", "--once", *folders(rules, data))
    machine = called("watch", "--once", *folders(rules, data), "--json")

    assert (plain.returncode, machine.returncode) == (1, 1)
    assert (
        plain.stdout == f"黄牌 同一案件换事实重新裁量：案件 案一，SZCG-013，日志第 {FIRST + 1} 号\n1 张牌 · 1 cards\n"
    )
    assert [(card["earlier"], card["index"]) for card in told(machine)["cards"]] == [(FIRST, FIRST + 1)]


@needs_supervision
def test_watching_a_log_without_cards_ends_with_0(rules: Path, tmp_path: Path) -> None:
    AuditLog.open(tmp_path / "log.sqlite3").close()

    done = called("watch", "--once", *folders(rules, tmp_path))

    assert (done.returncode, done.stdout) == (0, "0 张牌 · 0 cards\n")


@pytest.mark.parametrize("command", [("replay",), ("watch", "--once")])
def test_a_log_that_is_not_there_is_named(rules: Path, tmp_path: Path, command: tuple[str, ...]) -> None:
    if command[0] == "watch" and not has_supervision():
        pytest.skip("durable-rules is not installed: it needs a C compiler, see README")

    done = called(*command, *folders(rules, tmp_path))

    assert done.returncode == 2
    assert done.stdout == ""
    assert "there is no log at" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::", "example.org"])  # noqa: S104 - refused is the point
def test_only_this_machine_is_served(rules: Path, tmp_path: Path, host: str) -> None:
    done = called("serve", "--host", host, "--port", "0", *folders(rules, tmp_path))

    assert (done.returncode, done.stdout) == (2, "")
    assert f"`--host {host}` is refused" in done.stderr


def test_a_port_in_use_is_named(rules: Path, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = called("serve", "--port", str(port), *folders(rules, tmp_path))

    assert (done.returncode, done.stdout) == (2, "")
    assert f"port {port} of 127.0.0.1 cannot be used" in done.stderr
    assert "choose another with --port" in done.stderr


def test_the_folders_are_taken_from_the_environment_and_options_go_first(rules: Path, tmp_path: Path) -> None:
    there: Mapping[str, str] = {"ZHUNSHENG_RULES": str(rules), "ZHUNSHENG_DATA": str(tmp_path / "there")}

    by_environment = zhunsheng(*SECOND, "--json", env=there)
    by_option = called(*SECOND, "--json", "--data", str(tmp_path / "here"), env=there)
    checked = called("check", "--json", env=there)

    assert (told(by_environment)["index"], told(by_option)["index"]) == (FIRST_SIGNED, FIRST_SIGNED)
    assert told(checked)["violations"] == 2
    assert (tmp_path / "there/log.sqlite3").is_file()
    assert (tmp_path / "here/log.sqlite3").is_file()


@pytest.mark.parametrize(
    "command",
    [
        (), ("serve",), ("decide",), ("check",), ("card",), ("test",), ("replay",), ("audit",),
        ("audit", "verify"), ("audit", "export"), ("audit", "checkpoint"), ("audit", "proof"),
        ("audit", "verify-proof"), ("watch",),
    ],
)  # fmt: skip
def test_every_command_explains_itself(command: tuple[str, ...]) -> None:
    done = called(*command, "--help")

    assert (done.returncode, done.stderr) == (0, "")
    assert "Usage:" in done.stdout
    assert len(done.stdout.splitlines()) > 5


def test_no_command_at_all_shows_the_commands() -> None:
    done = called()

    assert done.returncode in {0, 2}
    assert all(name in done.stdout + done.stderr for name in ("serve", "decide", "check", "test", "replay", "audit"))


def test_an_unknown_command_ends_with_2() -> None:
    done = called("punish")

    assert done.returncode == 2
    assert "punish" in done.stderr


def test_every_door_and_the_record_give_the_same_decision_object(rules: Path, tmp_path: Path) -> None:
    settings = Settings(rules=RULES, data=tmp_path)
    with AuditLog.open(settings.log) as log:
        client = TestClient(create_app(small_law(), log, settings, supervised=False), base_url="http://127.0.0.1")
        over_http = client.post("/v1/decisions", json=question(facts={COUNT: "2"})).json()
        at_the_desk = Desk(small_law(), log).decide(
            Asked(violation="SZCG-013", on=DAY, facts={COUNT: "2"}), door="test"
        )
        on_the_command_line = told(zhunsheng(*SECOND, *folders(rules, tmp_path), "--json"))
        in_the_record = [
            answer_of(entry.data, entry.seq).answer for entry in log.entries() if b'"kind":"decision"' in entry.data
        ]

    every = [over_http, at_the_desk.answer, on_the_command_line]
    assert every == in_the_record
    assert [each.pop("index") for each in every] == [
        FIRST,
        FIRST + 1,
        FIRST + 3,
    ]  # Behind the keys that the command made.
    assert len({each.pop("id") for each in every}) == 3
    assert every[0] == every[1] == every[2]
