"""Rule files are read from a folder whatever lies there, and found again in the log."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import pytest

from cases.desk import Desk
from cases.errors import LawFilesMissing, LogDamaged, SourceMissing
from cases.lawfiles import law_from_log, read_files, read_law, unread_files
from cases.log.store import AuditLog, digest_of
from engine import RuleFilesInvalid
from engine.yamltext import MAX_BYTES
from tests.api.kit import SMALL, ask, small_law, small_rules


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return small_rules(tmp_path / "rules")


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(LawFilesMissing, match=r"there is no such folder; give the folder with `--rules`") as missing:
        read_law(tmp_path / "none")

    assert missing.value.folder == str(tmp_path / "none")


def test_a_folder_without_rule_files_is_named(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("no rules")

    with pytest.raises(LawFilesMissing, match="it holds no rule files"):
        read_law(tmp_path)


def test_a_file_in_place_of_the_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "rules").write_text("no folder")

    with pytest.raises(LawFilesMissing, match="it is a file, not a folder"):
        read_law(tmp_path / "rules")


def test_every_rule_file_below_the_folder_is_read_byte_for_byte(folder: Path) -> None:
    files = read_files(folder)

    assert tuple(sorted(files)) == tuple(sorted(SMALL))
    assert files[SMALL[0]] == (folder / SMALL[0]).read_bytes()


def test_a_yml_file_is_a_rule_file_too(folder: Path) -> None:
    (folder / "szcg-2023/SZCG-013.yaml").rename(folder / "szcg-2023/SZCG-013.yml")

    law = read_law(folder)

    assert "SZCG-013" in law.rulebook.rules


def test_hidden_files_other_suffixes_and_folders_are_passed_over(folder: Path) -> None:
    (folder / ".hidden.yaml").write_text("?")
    (folder / ".git").mkdir()
    (folder / ".git/config.yaml").write_text("?")
    (folder / "notes.txt").write_text("?")
    (folder / "SZCG-013.yaml~").write_text("?")
    (folder / "folder.yaml").mkdir()

    law = read_law(folder)

    assert law.rulebook.digest == small_law().rulebook.digest


def test_a_file_name_that_cannot_be_printed_is_refused(folder: Path) -> None:
    (folder / "a\nb.yaml").write_text("?")

    with pytest.raises(LawFilesMissing, match=r"the file name 'a\\nb.yaml' cannot be printed"):
        read_files(folder)


def test_a_file_over_the_limit_is_refused_by_the_loader(folder: Path) -> None:
    (folder / "large.yaml").write_bytes(b"#" * (MAX_BYTES + 1))

    with pytest.raises(RuleFilesInvalid) as refused:
        read_law(folder)

    assert [(each.code, each.place.file) for each in refused.value.findings] == [("file_too_large", "large.yaml")]


def test_a_huge_file_is_not_read_whole(folder: Path) -> None:
    with (folder / "huge.yaml").open("wb") as file:
        file.truncate(100 * 1024 * 1024)

    tracemalloc.start()
    files = read_files(folder)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert len(files["huge.yaml"]) == MAX_BYTES + 1
    assert peak < 10 * MAX_BYTES


def test_broken_files_are_refused_with_every_finding(folder: Path) -> None:
    for name in ("SZCG-003", "SZCG-013"):
        file = folder / f"szcg-2023/{name}.yaml"
        file.write_text(file.read_text(encoding="utf-8").replace("处理: 罚款", "处理: 罚金"), encoding="utf-8")

    with pytest.raises(RuleFilesInvalid) as refused:
        read_law(folder)

    assert {each.place.file for each in refused.value.findings} == {
        "szcg-2023/SZCG-003.yaml",
        "szcg-2023/SZCG-013.yaml",
    }


def test_a_law_names_every_byte_it_was_loaded_from(folder: Path) -> None:
    law = read_law(folder)

    assert all(digest_of(data) == digest for digest, data in law.sources.items())
    assert law.sources[law.rulebook.digest] == law.rulebook.manifest
    assert {law.sources[digest_of(data)] for data in read_files(folder).values()} < set(law.sources.values())


def test_the_law_of_a_record_is_found_again_in_the_log(tmp_path: Path) -> None:
    with AuditLog.open(tmp_path / "log.sqlite3") as log:
        Desk(small_law(), log).decide(ask(), door="test")

        found = law_from_log(log, small_law().rulebook.digest)

    assert found.rulebook.digest == small_law().rulebook.digest
    assert found.sources == small_law().sources


def test_a_law_the_log_never_held_is_missing(tmp_path: Path) -> None:
    with AuditLog.open(tmp_path / "log.sqlite3") as log, pytest.raises(SourceMissing):
        law_from_log(log, small_law().rulebook.digest)


def test_bytes_that_list_no_rule_files_are_no_law(tmp_path: Path) -> None:
    with AuditLog.open(tmp_path / "log.sqlite3") as log:
        log.append([], {digest_of(b"no list"): b"no list"})

        with pytest.raises(LogDamaged, match="list no rule files"):
            law_from_log(log, digest_of(b"no list"))


def test_a_file_that_looks_like_law_and_is_not_read_is_named(tmp_path: Path) -> None:
    for name in ("a.yaml", "b.yml", "README.md", "MS-001.yaml.txt", "裁量.docx", ".hidden.txt"):
        (tmp_path / name).write_text("x", encoding="utf-8")

    assert unread_files(tmp_path) == ("MS-001.yaml.txt", "裁量.docx")
