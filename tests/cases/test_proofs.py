"""The cache of proof cards: the same cards, of the same content only, and nothing believed that is damaged."""

from pathlib import Path

import pytest

from cases import proofs
from cases.lawfiles import read_files
from cases.proofs import KEPT, Proofs, cards, kept_cards
from engine import Rulebook, load_rulebook
from engine.asked import Ask
from engine.card import Card
from engine.proof import Proof
from engine.prove import prove
from engine.rule import Rule
from tests.api.kit import small_rules


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The codes of the rules that were really proved, in order."""
    seen: list[str] = []

    def proved(rulebook: Rulebook, rule: Rule, second: Ask | None = None) -> Proof:
        seen.append(rule.code)
        return prove(rulebook, rule, second)

    monkeypatch.setattr(proofs, "prove", proved)
    return seen


def law(folder: Path, **changes: tuple[str, str]) -> tuple[dict[str, bytes], Rulebook]:
    files = read_files(small_rules(folder, **changes))
    return files, load_rulebook(files)


def all_cards(rulebook: Rulebook, cache: Path | None) -> list[Card]:
    return list(cards(rulebook, list(rulebook.every_rule()), cache))


def pack(cache: Path) -> Path:
    (file,) = cache.glob("*.proofs")
    return file


def test_cards_from_the_cache_are_the_cards(tmp_path: Path, made: list[str]) -> None:
    files, rulebook = law(tmp_path / "rules")

    first, again = all_cards(rulebook, tmp_path / "cache"), all_cards(rulebook, tmp_path / "cache")

    assert first == again == all_cards(rulebook, None) == kept_cards(files, tmp_path / "cache")
    assert made == ["SZCG-003", "SZCG-013"] * 2


def test_only_what_changed_is_proved_again(tmp_path: Path, made: list[str]) -> None:
    all_cards(law(tmp_path / "a")[1], tmp_path / "cache")
    made.clear()

    files, dearer = law(tmp_path / "b", szcg013=("处理: 罚款 50元", "处理: 罚款 60元"))
    all_cards(dearer, tmp_path / "cache")

    assert made == ["SZCG-013"]
    assert kept_cards(files, tmp_path / "cache") is not None


def test_a_change_of_the_regime_or_of_general_law_proves_all_again(tmp_path: Path, made: list[str]) -> None:
    all_cards(law(tmp_path / "a")[1], tmp_path / "cache")

    for number, (stem, change) in enumerate(
        (("regime", ("回溯首日: 计入", "回溯首日: 不计入")), ("PL-33", ("。", "！")))
    ):
        made.clear()
        all_cards(law(tmp_path / f"{number}", **{stem: change})[1], tmp_path / "cache")

        assert made == ["SZCG-003", "SZCG-013"]


def test_another_engine_proves_all_again(tmp_path: Path, made: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    files, rulebook = law(tmp_path / "rules")
    all_cards(rulebook, tmp_path / "cache")
    made.clear()
    monkeypatch.setattr(proofs, "engine_digest", lambda: "sha256:another")

    assert kept_cards(files, tmp_path / "cache") is None
    all_cards(rulebook, tmp_path / "cache")

    assert made == ["SZCG-003", "SZCG-013"]


@pytest.mark.parametrize("damage", [b"", b"no cards", b"\n{}"])
def test_a_damaged_cache_is_made_anew(tmp_path: Path, damage: bytes) -> None:
    files, rulebook = law(tmp_path / "rules")
    right = all_cards(rulebook, tmp_path / "cache")
    pack(tmp_path / "cache").write_bytes(damage)

    assert kept_cards(files, tmp_path / "cache") is None
    assert all_cards(rulebook, tmp_path / "cache") == right
    assert kept_cards(files, tmp_path / "cache") == right


def test_a_verdict_changed_by_hand_is_not_believed(tmp_path: Path) -> None:
    files, rulebook = law(tmp_path / "rules", szcg013=("一年内次数 = 2", "一年内次数 = 3"))
    right = all_cards(rulebook, tmp_path / "cache")
    data = pack(tmp_path / "cache").read_bytes()
    assert b'"refuted"' in data
    pack(tmp_path / "cache").write_bytes(data.replace(b'"refuted"', b'"warning"'))

    assert kept_cards(files, tmp_path / "cache") is None
    assert all_cards(rulebook, tmp_path / "cache") == right


def test_a_cache_that_others_can_write_is_not_read(tmp_path: Path) -> None:
    files, rulebook = law(tmp_path / "rules")
    all_cards(rulebook, tmp_path / "cache")
    pack(tmp_path / "cache").chmod(0o666)

    assert kept_cards(files, tmp_path / "cache") is None


def test_the_cards_of_some_rules_are_not_those_of_the_law(tmp_path: Path, made: list[str]) -> None:
    files, rulebook = law(tmp_path / "rules")
    list(cards(rulebook, [rulebook.rules["SZCG-013"]], tmp_path / "cache"))

    assert kept_cards(files, tmp_path / "cache") is None
    all_cards(rulebook, tmp_path / "cache")

    assert made == ["SZCG-013", "SZCG-003"]
    assert kept_cards(files, tmp_path / "cache") is not None


def test_only_a_few_packs_are_kept(tmp_path: Path) -> None:
    for fine in range(60, 60 + KEPT + 2):
        all_cards(law(tmp_path / f"{fine}", szcg013=("处理: 罚款 50元", f"处理: 罚款 {fine}元"))[1], tmp_path / "cache")

    assert len(list((tmp_path / "cache").glob("*.proofs"))) == KEPT


def test_a_cache_folder_that_cannot_be_made_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file stands there")

    assert len(all_cards(law(tmp_path / "rules")[1], tmp_path / "cache")) == 2


def test_many_rules_are_proved_by_two_processes_alike(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rulebook = law(tmp_path / "rules")[1]
    alone = all_cards(rulebook, None)
    monkeypatch.setattr(proofs, "MANY", 1)

    assert all_cards(rulebook, None) == alone


def test_a_card_is_made_once_for_many_readers(tmp_path: Path, made: list[str]) -> None:
    rulebook = law(tmp_path / "rules")[1]
    kept = Proofs(rulebook)

    assert kept.card(rulebook.rules["SZCG-013"]) is kept.card(rulebook.rules["SZCG-013"])
    assert made == ["SZCG-013"]
