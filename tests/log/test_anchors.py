"""SM3 anchors: each names the records since the last one, OpenSSL alone can check it, and the audit does."""

from __future__ import annotations

import json
import sqlite3
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import rfc8785

from cases.errors import NotPublished
from cases.events import new_event
from cases.log.anchors import anchor, last_anchor
from cases.log.audit import verify_at
from cases.log.store import AuditLog, NewEntry
from cases.request import Request
from cases.tlog.tiles import bundles_of
from tests.log.kit import numbered, sealed
from tests.log.test_sealing import rewrite
from tests.needs import openssl


def codes(folder: Path) -> list[tuple[str, int | None]]:
    return [(each.code, each.seq) for each in verify_at(folder / "log.sqlite3").findings]


def test_anchors_follow_each_other_and_cover_every_signed_record_once(tmp_path: Path) -> None:
    with sealed(tmp_path) as it:
        with pytest.raises(NotPublished):
            anchor(it.log)
        assert last_anchor(it.log) is None
        it.grow(3)
        first = anchor(it.log)
        it.sealer.seal()
        assert anchor(it.log) is None  # only the anchor itself is new
        it.log.append(numbered(4, 300))
        it.sealer.seal()
        second = anchor(it.log)
        it.sealer.seal()

        assert first is not None
        assert second is not None
        assert [(each.start, each.stop, each.seq) for each in (first, second)] == [(0, 3, 3), (3, 300, 300)]
        assert first.root == it.published.checkpoint(3).checkpoint.root.hex()
        assert last_anchor(it.log) == second
    assert codes(tmp_path) == []


def test_openssl_alone_derives_the_digest_from_the_entry_bundles(tmp_path: Path) -> None:
    with sealed(tmp_path) as it:
        it.grow(600)
        found = anchor(it.log)
        assert found is not None
        stream = b"".join(it.published.bundle(each) for each in bundles_of(600))
    done = subprocess.run([openssl(), "dgst", "-sm3", "-r"], input=stream, capture_output=True, check=True)

    assert done.stdout.split()[0].decode() == found.sm3


def test_two_at_once_make_one_anchor(tmp_path: Path) -> None:
    with sealed(tmp_path) as it:
        it.grow(5)
        with ThreadPoolExecutor(4) as pool:
            found = list(pool.map(lambda _: anchor(it.log), range(4)))

        assert len({each.seq for each in found if each is not None}) == 1
        assert it.log.head().size == 6


def test_a_record_changed_under_an_anchor_is_named_and_so_is_the_anchor(tmp_path: Path) -> None:
    with sealed(tmp_path) as it:
        it.grow(5)
        anchor(it.log)
    rewrite(tmp_path / "log.sqlite3", "UPDATE entry SET bytes = replace(bytes, 'r2', 's2') WHERE seq = 2")
    raw = sqlite3.connect(tmp_path / "log.sqlite3")
    raw.execute("UPDATE entry SET bytes = CAST(bytes AS BLOB)")
    raw.commit()
    raw.close()

    assert {("record_edited", 2), ("anchor_differs", 5)} <= set(codes(tmp_path))


def test_a_consistent_rewrite_that_forgets_the_anchors_is_found(tmp_path: Path) -> None:
    """Every SHA-256 hash made anew, the anchor left as it was."""
    with sealed(tmp_path) as it:
        it.grow(5)
        anchor(it.log)
        data = [entry.data for entry in it.log.entries()]
    data[1] = data[1].replace(b"r1", b"s1")
    with AuditLog.open(tmp_path / "new" / "log.sqlite3") as forged:
        ids = [json.loads(each)["id"] for each in data]
        forged.append([NewEntry(id=id_, data=each) for id_, each in zip(ids[:5], data[:5], strict=True)])
        forged.append([NewEntry(id=ids[5], data=data[5], request=Request("\x1fanchor 0", "anchor"))])

    assert codes(tmp_path / "new") == [("anchor_differs", 5)]


@pytest.mark.parametrize(
    "change",
    [
        {"sm3": "0" * 64},
        {"root": "0" * 64},
        {"from": 1},
        {"to": 4},
        {"to": 4, "size": 4},
        {"to": 6, "size": 6},
        {"from": -1},
        {"from": True},
        {"sm3": 5},
        {"more": 1},
        {"from": None},
    ],
)
def test_an_anchor_that_says_something_else_is_found(tmp_path: Path, change: dict[str, object]) -> None:
    with sealed(tmp_path) as it:
        it.grow(5)
        good = anchor(it.log)
        assert good is not None
        about = {"from": 0, "to": 5, "sm3": good.sm3, "size": 5, "root": good.root} | change
    event_id, data = new_event("anchor", about, door="log")
    with AuditLog.open(tmp_path / "other" / "log.sqlite3") as log:
        log.append(numbered(0, 5))
        log.append([NewEntry(id=event_id, data=data)])

    assert codes(tmp_path / "other") == [("anchor_differs", 5)]


def test_what_only_looks_like_an_anchor_is_none(tmp_path: Path) -> None:
    inside = rfc8785.dumps({"id": "a", "facts": [{"kind": "anchor"}]})
    with sealed(tmp_path) as it:
        it.log.append([NewEntry(id="a", data=inside)])
        it.sealer.seal()

        assert last_anchor(it.log) is None
        found = anchor(it.log)
        assert found is not None
        assert (found.start, found.stop) == (0, 1)
    assert codes(tmp_path) == []
