"""What a stranger's verification costs, beside its floor in the same run: hashing the same bytes and nothing else.

Named inputs: recorded second offences of SZCG-013 under the small law of the tests, only their ids differ.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from benchmarks.test_cases import entry
from cases.desk import Desk
from cases.log.export import export
from cases.log.files import Folder
from cases.log.looking import cut
from cases.log.store import AuditLog
from cases.log.trust import Trust
from cases.log.verify_files import verify_files
from tests.api.kit import FIRST, ask, small_law
from tests.log.kit import sealed

MANY = 20 * 256 + 100


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> tuple[Folder, Trust, Path]:
    """An exported log of many recorded decisions."""
    with AuditLog.open(tmp_path_factory.mktemp("one") / "log.sqlite3") as log:
        Desk(small_law(), log).decide(ask(), door="benchmark")
        record = log.read(FIRST).data
    folder = tmp_path_factory.mktemp("many")
    with sealed(folder) as it:
        it.log.append([entry(number, record) for number in range(MANY)], small_law().sources)
        it.sealer.seal()
        keys = it.keyring.public_list()
        export(it.log, folder / "out", keys)
        return Folder(folder / "out"), Trust.of_list(keys), folder


@pytest.fixture(scope="module")
def records(shown: tuple[Folder, Trust, Path]) -> list[bytes]:
    folder = shown[0].root / "tile/entries"
    return [each for path in sorted(folder.rglob("*")) if path.is_file() for each in cut(path.read_bytes(), 256)[0]]


@pytest.mark.benchmark(group="verify files")
def test_floor_hashing_the_same_bytes(benchmark: BenchmarkFixture, records: list[bytes]) -> None:
    def hashed() -> int:
        sha256 = hashlib.sha256
        return len([sha256(b"\x00" + each).digest() for each in records])

    assert benchmark(hashed) == MANY


@pytest.mark.benchmark(group="verify files")
def test_verify_the_tree_of_an_export(benchmark: BenchmarkFixture, shown: tuple[Folder, Trust, Path]) -> None:
    files, trust, _ = shown

    assert benchmark(lambda: verify_files(files, trust, contents=False)).ok


@pytest.mark.benchmark(group="verify files")
def test_verify_an_export_with_its_records(benchmark: BenchmarkFixture, shown: tuple[Folder, Trust, Path]) -> None:
    files, trust, _ = shown

    assert benchmark(lambda: verify_files(files, trust)).size == MANY


@pytest.mark.benchmark(group="export")
def test_export_everything(benchmark: BenchmarkFixture, shown: tuple[Folder, Trust, Path]) -> None:
    _, _, folder = shown
    number = iter(range(1_000_000))
    with sealed(folder) as it:
        keys = it.keyring.public_list()

        assert benchmark(lambda: export(it.log, folder / f"again {next(number)}", keys)).checkpoint.size == MANY
