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


def test_two_files_that_both_lie_among_the_rules_take_their_turn_in_the_place_of_the_third(tmp_path: Path) -> None:
    rules = small_rules(tmp_path / "rules")
    shipped = rules / "szcg-2023" / "SZCG-013.yaml"
    text = shipped.read_text(encoding="utf-8")
    (rules / "drafts").mkdir()
    drafts = [rules / "szcg-2023" / "SZCG-013-a.yaml", rules / "drafts" / "b.yaml"]
    for draft, fine in zip(drafts, ("罚款 90元", "罚款 80元"), strict=True):
        draft.write_text(text.replace("罚款 100元", fine), encoding="utf-8")

    one = called("diff", str(drafts[0]), str(drafts[1]), "--rules", str(rules), "--json")
    shipped.unlink()
    other = called("diff", str(drafts[0]), str(drafts[1]), "--rules", str(rules), "--json")

    for done in (one, other):
        assert (done.returncode, done.stderr) == (1, "")
        (rule,) = json.loads(done.stdout)["rules"]
        difference = rule["differences"][0]
        assert (difference["old"]["fine_fen"], difference["new"]["fine_fen"]) == (9_000, 8_000)


def test_a_file_is_compared_although_its_code_has_a_second_version_there(tmp_path: Path) -> None:
    rules = small_rules(tmp_path / "rules")
    shipped = rules / "szcg-2023" / "SZCG-013.yaml"
    text = shipped.read_text(encoding="utf-8")
    assert "施行: 2023-12-15 至 2028-12-14" in text
    shipped.write_text(text.replace("2028-12-14", "2026-12-31"), encoding="utf-8")
    later = text.replace("施行: 2023-12-15", "施行: 2027-01-01").replace("日: 2026-", "日: 2027-")
    (rules / "szcg-2023" / "SZCG-013-2027.yaml").write_text(later, encoding="utf-8")
    draft = tmp_path / "draft.yaml"
    draft.write_text(shipped.read_text(encoding="utf-8").replace("罚款 100元", "罚款 90元"), encoding="utf-8")

    done = called("diff", str(shipped), str(draft), "--rules", str(rules), "--json")

    (rule,) = json.loads(done.stdout)["rules"]
    assert rule["differences"][0]["change_fen"] == -1_000


def test_files_that_have_no_common_code_are_not_compared(tmp_path: Path) -> None:
    rules = small_rules(tmp_path / "rules")
    one, other = (str(rules / "szcg-2023" / f"SZCG-0{number}.yaml") for number in ("03", "13"))
    regime = str(rules / "szcg-2023" / "regime.yaml")

    apart, none = (called("diff", one, with_, "--rules", str(rules)) for with_ in (other, regime))

    assert (apart.returncode, none.returncode) == (2, 2)
    assert "the two files are of two violations (`SZCG-003` and `SZCG-013`)" in apart.stderr
    assert "两个文件是两项违法行为" in apart.stderr
    assert "states no violation code" in none.stderr


def test_what_cannot_be_compared_is_said_plainly(tmp_path: Path) -> None:
    rules = small_rules(tmp_path / "rules")
    stray = tmp_path / "stray.yaml"
    stray.write_text("违法行为代码: X-1\n")

    nowhere = called("diff", str(rules), str(tmp_path / "nowhere"))
    unknown = called("diff", str(stray), str(rules), "--rules", str(rules))

    assert (nowhere.returncode, unknown.returncode) == (2, 2)
    assert "no folder and no file" in nowhere.stderr
    assert "no rule file of --rules has the violation code" in unknown.stderr
