"""`zhunsheng diff`: what two versions of the rules mean differently, for people and for machines."""

import json
from pathlib import Path

from tests.api.kit import called, small_rules


def test_the_same_rules_mean_the_same(tmp_path: Path) -> None:
    rules = small_rules(tmp_path / "rules")

    done = called("diff", str(rules), str(rules))

    assert done.returncode == 0
    assert "0 项有变动" in done.stdout


def test_a_dearer_tier_is_told_with_a_case_and_ends_with_one(tmp_path: Path) -> None:
    old = small_rules(tmp_path / "old")
    new = small_rules(tmp_path / "new", **{"SZCG-013": ("罚款 100元", "罚款 120元")})

    zh, en = called("diff", str(old), str(new)), called("diff", str(old), str(new), "--lang", "en")

    assert (zh.returncode, en.returncode) == (1, 1)
    assert "不会更重——不成立" in zh.stdout
    assert "一年内次数 = 2" in zh.stdout
    assert "fine 100 yuan → fine 120 yuan" in en.stdout


def test_one_file_is_compared_in_its_place(tmp_path: Path) -> None:
    rules = small_rules(tmp_path / "rules")
    text = (rules / "szcg-2023" / "SZCG-013.yaml").read_text()
    draft = tmp_path / "draft.yaml"
    draft.write_text(text.replace("罚款 100元", "罚款 90元"))

    done = called("diff", str(rules / "szcg-2023" / "SZCG-013.yaml"), str(draft), "--rules", str(rules), "--json")

    (rule,) = [each for each in json.loads(done.stdout)["rules"] if each["same"] != "proved"]
    assert (rule["violation"], rule["never_heavier"], rule["most_down_fen"]) == ("SZCG-013", "proved", -1_000)
    assert rule["differences"][0]["new"]["fine_fen"] == 9_000


def test_what_cannot_be_compared_is_said_plainly(tmp_path: Path) -> None:
    rules = small_rules(tmp_path / "rules")
    stray = tmp_path / "stray.yaml"
    stray.write_text("违法行为代码: X-1\n")

    nowhere = called("diff", str(rules), str(tmp_path / "nowhere"))
    unknown = called("diff", str(stray), str(rules), "--rules", str(rules))

    assert (nowhere.returncode, unknown.returncode) == (2, 2)
    assert "no folder and no file" in nowhere.stderr
    assert "no rule file of --rules has the violation code" in unknown.stderr
