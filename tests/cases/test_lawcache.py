"""The cache of loaded rule files: the same law, and never another one."""

import pickle
from pathlib import Path

import pytest

from cases.lawcache import KEPT, load_cached
from cases.lawfiles import read_files
from engine import RuleFilesInvalid, load_rulebook
from engine.rule_cases import run_cases
from tests.api.kit import small_rules


def kept(folder: Path) -> Path:
    (file,) = folder.glob("*.rulebook")
    return file


def test_a_law_from_the_cache_is_the_law_and_decides_the_same(tmp_path: Path) -> None:
    files, cache = read_files(small_rules(tmp_path / "rules")), tmp_path / "cache"

    first, again = load_cached(files, cache), load_cached(files, cache)

    assert first.rules == again.rules == load_rulebook(files).rules
    assert again.digest == first.digest
    assert [result.found for result in run_cases(again)] == [result.found for result in run_cases(first)]


def test_another_law_is_loaded_anew_and_only_a_few_are_kept(tmp_path: Path) -> None:
    cache = tmp_path / "cache"

    for fine in range(60, 60 + 2 * KEPT):
        files = read_files(small_rules(tmp_path / f"{fine}", szcg013=("处理: 罚款 50元", f"处理: 罚款 {fine}元")))
        dearer = load_cached(files, cache)

        assert f"罚款 {fine}元" in dearer.rules["SZCG-013"].rows[0].outcome_cell.text

    assert len(list(cache.glob("*.rulebook"))) == KEPT


@pytest.mark.parametrize("bytes_there", [b"", b"no pickle", pickle.dumps("another thing"), pickle.dumps(3)[:-1]])
def test_a_cache_that_cannot_be_read_is_no_error(tmp_path: Path, bytes_there: bytes) -> None:
    files, cache = read_files(small_rules(tmp_path / "rules")), tmp_path / "cache"
    rulebook = load_cached(files, cache)
    kept(cache).write_bytes(bytes_there)

    again = load_cached(files, cache)

    assert again.rules == rulebook.rules
    assert pickle.loads(kept(cache).read_bytes()).digest == rulebook.digest  # noqa: S301 - our own file


def test_a_cache_that_others_can_write_is_not_read(tmp_path: Path) -> None:
    files, cache = read_files(small_rules(tmp_path / "rules")), tmp_path / "cache"
    rulebook = load_cached(files, cache)
    kept(cache).write_bytes(pickle.dumps("another thing"))
    kept(cache).chmod(0o666)

    assert load_cached(files, cache).digest == rulebook.digest


def test_a_cache_folder_that_cannot_be_made_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file stands there")

    assert load_cached(read_files(small_rules(tmp_path / "rules")), tmp_path / "cache").rules


def test_broken_rules_are_broken_with_a_cache_too(tmp_path: Path) -> None:
    files = read_files(small_rules(tmp_path / "rules", szcg013=("处理: 罚款 50元", "处理: 罚款 50园")))

    with pytest.raises(RuleFilesInvalid):
        load_cached(files, tmp_path / "cache")
    assert not list(tmp_path.glob("cache/*"))
