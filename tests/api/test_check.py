"""`check` and `card`: what legal staff, CI and auditors are told of the proofs, and how it ends."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from engine.proof import PROPERTIES
from tests.api.kit import RULES, called, small_rules

# The published JSON schema of the format (2.1.0-rtm.5), as the npm package @microsoft/jest-sarif carries it; one `]` in
# its patterns is escaped, as strict readers of patterns ask.
SARIF = json.loads(Path(__file__).with_name("sarif-2.1.0.json").read_text(encoding="utf-8"))
GAP = ("一年内次数 = 2", "一年内次数 = 3")
CASE = "{名: 反例：不遗漏, 日: 2026-11-01, 给: {一年内次数: 2}, 得: 拒绝 无档可用}"


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_rules(tmp_path_factory.mktemp("sound"))


@pytest.fixture(scope="module")
def wrong(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A law without a tier for the second time; its third row is idle."""
    return small_rules(tmp_path_factory.mktemp("wrong"), szcg013=GAP)


def checked(folder: Path, *more: str) -> tuple[int, str]:
    done = called("check", "--rules", str(folder), *more)
    return done.returncode, done.stdout


def proof(folder: Path, *more: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(checked(folder, "--json", *more)[1])
    return found


def test_a_sound_law_ends_with_0_and_counts_what_is_known(sound: Path) -> None:
    code, told = checked(sound)

    assert code == 0
    assert "  不遗漏：已知 1，已证明 1" in told.splitlines()
    assert told.splitlines()[-1].endswith("0 处不成立，0 处未能证明，0 处提示，1 处已知")
    assert "szcg-2023" not in told


def test_what_is_known_is_listed_when_asked_for(sound: Path) -> None:
    code, told = checked(sound, "--known")

    assert code == 0
    assert told.startswith("已知（1 处）\nszcg-2023/SZCG-003.yaml:")
    assert "    已知：" in told


def test_a_refuted_property_is_told_with_place_case_and_repair_and_ends_with_1(wrong: Path) -> None:
    code, told = checked(wrong)

    lines = told.splitlines()
    assert code == 1
    assert lines[0] == "不成立（1 处）"
    assert lines[1].startswith("szcg-2023/SZCG-013.yaml:1:1 SZCG-013 [不遗漏] ")
    assert lines[2] == "    案例（2026-11-01）：一年内次数=2 → 拒绝 无档可用"
    assert "在“认可”下写 {性质: 不遗漏, 理由: …}" in lines[3]
    assert told.index("不成立（1 处）") < told.index("提示（1 处）")


def test_it_speaks_english_and_keeps_the_keys_of_the_file(wrong: Path) -> None:
    code, told = checked(wrong, "--lang", "en")

    assert code == 1
    assert "    case (2026-11-01): 一年内次数=2 → refuse no tier" in told.splitlines()
    assert "to keep it, write {性质: 不遗漏, 理由: …} under `认可`" in told


def test_an_acknowledged_finding_no_longer_blocks(tmp_path: Path) -> None:
    said = "\n认可:\n  - {性质: 不遗漏, 理由: 第二次由另一文件规定}\n\n裁量表:"
    folder = small_rules(tmp_path, szcg013=GAP)
    file = folder / "szcg-2023/SZCG-013.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("\n裁量表:", said), encoding="utf-8")

    code, told = checked(folder, "--known")

    assert code == 0
    assert "    已知：第二次由另一文件规定" in told.splitlines()


def test_an_acknowledgement_of_nothing_is_told(tmp_path: Path) -> None:
    folder = small_rules(tmp_path, szcg013=("\n裁量表:", "\n认可:\n  - {性质: 不两可, 理由: 某}\n\n裁量表:"))

    code, told = checked(folder)

    assert code == 0
    assert "szcg-2023/SZCG-013.yaml:12:19 [不两可] 这条认可没有对应的发现，可以删去：某" in told.splitlines()
    assert [each["reason"] for each in proof(folder)["proof"]["unused_acknowledgements"]] == ["某"]


def test_the_cases_shown_can_be_pasted_as_test_cases_and_pass(wrong: Path, tmp_path: Path) -> None:
    _code, told = checked(wrong, "--keep")
    assert f"# szcg-2023/SZCG-013.yaml\n  - {CASE}\n" in told
    folder = small_rules(tmp_path, szcg013=GAP)
    file = folder / "szcg-2023/SZCG-013.yaml"
    file.write_text(file.read_text(encoding="utf-8") + f"  - {CASE}\n", encoding="utf-8")

    tested = json.loads(called("test", "--rules", str(folder), "--code", "SZCG-013", "--json").stdout)

    assert "反例：不遗漏" not in [each["case"] for each in tested["failed"]]
    assert tested["cases"] == 6


def test_a_program_is_told_everything_known_or_not(wrong: Path) -> None:
    found = proof(wrong)

    told = found["proof"]
    assert (found["ok"], found["findings"]) == (False, [])
    assert (told["refuted"], told["not_proved"], told["warning"], told["known"]) == (1, 0, 1, 1)
    assert [each["property"] for each in told["findings"]] == ["complete", "reachable", "complete"]
    assert set(told["totals"]) == set(PROPERTIES)
    first = told["findings"][0]
    assert first["case"]["facts"] == {"一年内次数": "2"}
    assert first["case"]["test_case"] == f"  - {CASE}"
    assert {*first} == {
        "violation", "rule", "property", "level", "known", "file", "line", "column", "tier", "zh", "en", "region",
        "case", "todo",
    }  # fmt: skip


@pytest.mark.parametrize("named", [("--code", "SZCG-003"), ("szcg-2023/SZCG-003.yaml",)])
def test_one_rule_can_be_checked_alone(wrong: Path, named: tuple[str, ...]) -> None:
    found = proof(wrong, *named)

    assert found["ok"]
    assert found["proof"]["rules"] == 1


def test_a_folder_or_a_regime_file_names_its_rules(wrong: Path) -> None:
    by_folder, by_regime = proof(wrong, str(wrong / "szcg-2023")), proof(wrong, "szcg-2023/regime.yaml")

    assert (by_folder["proof"]["rules"], by_regime["proof"]["rules"]) == (2, 2)


@pytest.mark.parametrize("named", [("--code", "SZCG-0133"), ("nowhere.yaml",), ("catalogue",)])
def test_naming_no_rule_ends_with_2(wrong: Path, named: tuple[str, ...]) -> None:
    assert checked(wrong, *named) == (2, "")


def test_sarif_holds_every_finding_and_suppresses_the_known(wrong: Path, tmp_path: Path) -> None:
    file = tmp_path / "found.sarif"

    code, _told = checked(wrong, "--sarif", str(file))

    written = json.loads(file.read_text(encoding="utf-8"))
    jsonschema_rs.validator_for(SARIF).validate(written)
    (run,) = written["runs"]
    assert code == 1
    assert {each["id"] for each in run["tool"]["driver"]["rules"]} == set(PROPERTIES)
    told = [(each["ruleId"], each["level"], "suppressions" in each) for each in run["results"]]
    assert told == [("complete", "error", False), ("reachable", "warning", False), ("complete", "error", True)]
    place = run["results"][1]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "szcg-2023/SZCG-013.yaml"
    assert place["region"] == {"startLine": 17, "startColumn": 9}


def test_sarif_of_files_that_do_not_load_names_what_is_wrong(tmp_path: Path) -> None:
    file, folder = tmp_path / "found.sarif", small_rules(tmp_path / "rules", szcg013=("罚款 100元", "罚金 100元"))

    code, _told = checked(folder, "--sarif", str(file))

    written = json.loads(file.read_text(encoding="utf-8"))
    jsonschema_rs.validator_for(SARIF).validate(written)
    results = written["runs"][0]["results"]
    assert code == 1
    assert {each["level"] for each in results} == {"error"}
    assert {each["ruleId"] for each in results} < {each["id"] for each in written["runs"][0]["tool"]["driver"]["rules"]}


def test_a_sarif_file_that_cannot_be_written_ends_with_2(sound: Path, tmp_path: Path) -> None:
    assert checked(sound, "--sarif", str(tmp_path / "none/found.sarif"))[0] == 2


def test_the_card_of_a_rule_says_what_was_proved_under_which_bytes(sound: Path) -> None:
    plain, machine = (called("card", "SZCG-003", "--rules", str(sound), *more) for more in ((), ("--json",)))

    (card,) = json.loads(machine.stdout)["cards"]
    assert (plain.returncode, machine.returncode) == (0, 0)
    assert card["digest"].startswith("sha256:")
    assert card["digest"] in plain.stdout
    assert [each["property"] for each in card["properties"]] == list(PROPERTIES)
    assert plain.stdout.startswith("SZCG-003 ")
    assert "  已知：不遗漏：每个案件都落在某一档" in plain.stdout.splitlines()


def test_the_card_of_a_refuted_rule_ends_with_1(wrong: Path) -> None:
    done = called("card", "SZCG-013", "--rules", str(wrong), "--lang", "en")

    assert done.returncode == 1
    assert "  refuted: complete: every case falls into a tier" in done.stdout.splitlines()


def test_sarif_names_files_from_here_where_the_rules_stand_below(tmp_path: Path) -> None:
    file = tmp_path / "found.sarif"

    called("check", "szcg-2023/SZCG-003.yaml", "--rules", str(RULES), "--sarif", str(file))

    (result,) = json.loads(file.read_text(encoding="utf-8"))["runs"][0]["results"]
    place = result["locations"][0]["physicalLocation"]["artifactLocation"]
    assert place["uri"] == "rules/szcg-2023/SZCG-003.yaml"


@pytest.mark.parametrize("more", [(), ("--load-only",), ("--code", "SZCG-013")])
def test_a_power_that_no_catalogue_lists_ends_with_1(tmp_path: Path, more: tuple[str, ...]) -> None:
    folder = small_rules(tmp_path, szcg013=("SZCG-P-013", "SZCG-P-913"))

    code, told = checked(folder, *more)

    assert code == 1
    assert "SZCG-013.yaml:" in told
    assert "SZCG-P-913" in told
    assert proof(folder, *more)["findings"][0]["code"] == "power_item_missing"
