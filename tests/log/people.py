"""People who never lived, an office that decides about them, and a search for what may be known of them."""

from __future__ import annotations

import json
import sqlite3
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from cases.desk import Desk, Recorded
from cases.lawfiles import Law, read_law
from cases.log.opened import OpenLog
from cases.reasons import Reasons
from cases.record import Asked
from cases.steps import Steps
from tests.api.kit import COUNT, DAY, small_rules, until

WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
ORIGIN = "户籍"
MARKED = (
    "\n裁量表:",
    f"\n事实:\n  {ORIGIN}: 选项 深圳市某某区某某街道甲号、异省某某县某某镇乙号，个人信息，问「户籍」\n\n裁量表:",
)
HEAD = 6
AT_HOME = "深圳市某某区某某街道甲号"


def personal_rules(folder: Path) -> Path:
    """Write the small law, with a personal fact in SZCG-013 that no outcome reads."""
    return small_rules(folder, szcg013=MARKED)


@cache
def personal_law() -> Law:
    """Load that law, once for the whole run."""
    with TemporaryDirectory() as folder:
        return read_law(personal_rules(Path(folder)))


def id_number(number: int) -> str:
    """The identity number (GB 11643) of the n-th person, with its check digit."""
    body = f"440301{1950 + number % 50}{number % 12 + 1:02d}{number % 28 + 1:02d}{number % 1000:03d}"
    rest = sum(int(digit) * weight for digit, weight in zip(body, WEIGHTS, strict=True)) % 11
    return body + "10X98765432"[rest]


def person(number: int) -> dict[str, str]:
    """The n-th person."""
    return {
        "姓名": f"欧阳测试{number:05d}",
        "证件号码": id_number(number),
        "电话": f"139{number:08d}",
        "地址": f"某路{number:05d}号某某花园",
        "车牌": f"粤Z{number:05d}",
    }


@dataclass(frozen=True)
class Office:
    """A signed log, and all that decides and steps there."""

    folder: Path
    opened: OpenLog
    desk: Desk
    steps: Steps

    @property
    def file(self) -> Path:
        return self.folder / "log.sqlite3"

    def decide(self, number: int, case_ref: str | None = None, **more: Any) -> Recorded:
        """Decide a case of the n-th person."""
        asked = Asked(violation="SZCG-013", on=DAY, facts={COUNT: 2, ORIGIN: AT_HOME}, case_ref=case_ref)
        return self.desk.decide(asked, door="test", party=person(number), **more)

    def sealed(self) -> int:
        """Wait until everything is signed, and give the size."""
        size = self.opened.log.head().size

        def done() -> bool:
            latest = self.opened.published.latest()
            return latest is not None and latest.size >= size

        until(done, "signing")
        return size

    def erase(self, recorded: Recorded, *, whole_case: bool = False) -> dict[str, Any]:
        entry = self.opened.log.read(recorded.index)
        return self.steps.erase(
            entry,
            basis="个人信息保护法第四十七条",
            by="4403-1",
            approved_by="4403-2",
            door="test",
            whole_case=whole_case,
        )

    def values(self, recorded: Recorded) -> dict[str, Any]:
        """What the vault gives for a record."""
        held = self.desk.vault
        assert held is not None
        digests = json.loads(self.opened.log.read(recorded.index).data)["pd"]["_sd"]
        return {each.name: each.value for each in held.read(recorded.id, digests).fields}


@contextmanager
def office(folder: Path, where: Path | str | None = None) -> Iterator[Office]:
    """Open an office in a folder; `where` names another place for its log."""
    with OpenLog.open(where or folder / "log.sqlite3", folder / "keys") as opened:
        desk = Desk(personal_law(), opened.log, opened.append, opened.vault)
        yield Office(folder, opened, desk, Steps(desk, Reasons(desk.law, opened.log)))


def traces_of(value: str) -> Iterator[bytes]:
    """What would give a value away: itself in the spellings of files, and its digests without a salt."""
    raw, digest = value.encode(), sha256(value.encode())
    yield raw
    yield value.encode("utf-16-le")
    yield json.dumps(value).strip('"').encode()
    yield b64encode(raw).rstrip(b"=")
    yield urlsafe_b64encode(raw).rstrip(b"=")
    yield digest.digest()
    yield digest.hexdigest().encode()
    yield b64encode(digest.digest()).rstrip(b"=")
    yield urlsafe_b64encode(digest.digest()).rstrip(b"=")


def found_in(data: bytes, needles: Iterable[bytes]) -> list[bytes]:
    """The needles that occur; one pass, however many there are."""
    by_head: dict[bytes, list[bytes]] = {}
    for needle in needles:
        by_head.setdefault(needle[:HEAD], []).append(needle)
    assert all(len(head) == HEAD for head in by_head), "too short to look for"
    heads = {data[at : at + HEAD] for at in range(len(data) - HEAD + 1)}
    return [needle for head in by_head if head in heads for needle in by_head[head] if needle in data]


def files_of(folder: Path) -> bytes:
    """Every byte of every file below a folder, journals too."""
    return b"\0".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


def rows(file: Path, query: str, *values: object) -> list[tuple[Any, ...]]:
    """Ask the database file itself."""
    with closing(sqlite3.connect(file)) as raw:
        return raw.execute(query, values).fetchall()
