"""Coming from older keys of a log to its newer ones, by what the log itself says and nothing else.

A key event is followed when a checkpoint that is believed covers its record (the one that old and new keys signed does)
and a key that is believed endorsed it. Then checkpoints of the new keys are believed too, and so on to the newest.
What `keys.json` beside the log says is never asked.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import chain

from cases.log.content import content_of
from cases.log.files import Folder, Web, names_in
from cases.log.key_events import Endorsed, KeyEvent, endorsed
from cases.log.looking import cut
from cases.log.second_tree import SecondTree, leaf_of
from cases.log.trust import Trust
from cases.tlog.errors import TlogError
from cases.tlog.note import Note
from cases.tlog.tiles import FULL, Bundle, bundles_of

__all__ = ["follow"]


def follow(files: Folder | Web, trust: Trust) -> tuple[Trust, tuple[Endorsed, ...]]:
    """The trust that reaches the newest checkpoint, as far as the log leads, and the records that led there.

    Nothing is read beside the newest checkpoint where that is signed as the given trust asks. Raises what `files` do.
    """
    followed: list[Endorsed] = []
    while not _reaches(files, trust):
        known = trust.keys()
        new = [
            Endorsed(each.seq, tuple(key for key in each.keys if key not in known))
            for each in endorsed(_believed_events(files, trust), known)
        ]
        new = [each for each in new if each.keys]
        if not new:
            break
        followed += new
        trust = trust.adding(chain.from_iterable(each.keys for each in new))
    return trust, tuple(followed)


def _reaches(files: Folder | Web, trust: Trust) -> bool:
    data = files.read("checkpoint")
    if data is None:
        return True  # There is nothing to come to.
    try:
        trust.signed(Note.parse(data))
    except TlogError:
        return False
    return True


def _believed_events(files: Folder | Web, trust: Trust) -> list[KeyEvent]:
    """The key events in records that a checkpoint of a known key covers, once those records are what it covers."""
    roots: dict[int, bytes] = {}
    sizes = [int(name) for name in names_in(files, "checkpoints") if re.fullmatch("[1-9][0-9]{0,17}", name)]
    for size in sizes:
        try:
            found = trust.signed(Note.parse(files.read(f"checkpoints/{size}") or b""), later=True)
        except TlogError:
            continue
        if found.size == size:
            roots[size] = found.root
    events: list[KeyEvent] = []
    tree, agreed = SecondTree(), 0
    for bundle in bundles_of(max(roots, default=0)):
        entries = cut(_bytes(files, bundle, sizes), bundle.width)[0]
        for entry in entries:
            if b'"key_event"' in entry:
                content = content_of(entry)[0]
                if content.get("kind") == "key_event":
                    events.append((tree.size, content.get("about")))
            tree.push(leaf_of(entry))
            if tree.size in roots and tree.root() == roots[tree.size]:
                agreed = tree.size
        if len(entries) < bundle.width:
            break  # What is lost is named by who checks everything.
    return [each for each in events if each[0] < agreed]


def _bytes(files: Folder | Web, bundle: Bundle, sizes: Sequence[int]) -> bytes:
    """The bundle, or a wider one that took its place: the full one, or that of a later checkpoint."""
    later = sorted((size - bundle.index * FULL for size in sizes), reverse=True)
    for width in (bundle.width, FULL, *(each for each in later if bundle.width < each < FULL)):
        data = files.read(Bundle(bundle.index, width).path)
        if data is not None:
            return data
    return b""
