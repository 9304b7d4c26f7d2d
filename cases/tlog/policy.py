"""Trust policies (C2SP tlog-policy): which logs are known, and how many of which witnesses must have cosigned.

    log <vkey> [<url>]
    witness <name> <vkey> [<url>]
    group <name> all|any|<k> <name>...     counts as a witness when k of its members do
    quorum <name>|none

Names are for the file alone, and opaque octets: those that are not UTF-8 are kept as surrogates (PEP 383).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

from cases.tlog.checkpoint import Checkpoint
from cases.tlog.encoding import MAX_BYTES, lines_of
from cases.tlog.errors import Malformed, QuorumMissing, TlogError, Unsigned
from cases.tlog.keys import KeyType, Sm2Verifier, Verified, VerifierKey, open_note
from cases.tlog.note import Note

__all__ = ["Accepted", "Group", "KnownLog", "Policy", "Witness"]

NONE = "none"

_FORBIDDEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_SPACE = re.compile(r"[\t ]+")
_WORD = re.compile(r"[^\x00-\x20\x7f]+")


@dataclass(frozen=True, slots=True)
class KnownLog:
    """A log whose checkpoints are accepted; the name of its key is its origin."""

    key: VerifierKey
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Witness:
    """A witness under the name the policy gives it; its key is of type COSIGNATURE or SUBTREE."""

    name: str
    key: VerifierKey
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """Counts as a witness when at least `threshold` of its members, witnesses or earlier groups, do."""

    name: str
    threshold: int
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Accepted:
    """A checkpoint a policy accepts, the signatures that verified, and the witnesses and groups behind it by name."""

    checkpoint: Checkpoint
    verified: tuple[Verified, ...]
    witnessed: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Logs, witnesses, groups each after its members, and the name of the quorum (None: no cosignature is needed).

    Malformed when a public key stands twice among the logs or among the witnesses, a name is defined twice, is not
    defined, or is a member twice, or a threshold cannot be reached.
    """

    logs: tuple[KnownLog, ...] = ()
    witnesses: tuple[Witness, ...] = ()
    groups: tuple[Group, ...] = ()
    quorum: str | None

    def __post_init__(self) -> None:
        _need_once([log.key.public for log in self.logs], "the same public key stands in two log lines")
        _need_once([each.key.public for each in self.witnesses], "the same public key stands in two witness lines")
        if not all(each.key.type in (KeyType.COSIGNATURE, KeyType.SUBTREE) for each in self.witnesses):
            raise Malformed("a witness has a key of a type that makes no cosignatures")
        _need_once(
            [*(each.name for each in self.witnesses), *(each.name for each in self.groups)],
            "two witnesses or groups have one name",
        )
        _need_once(list(chain(*(each.members for each in self.groups))), "a name is a member of a group twice")
        defined = {each.name for each in self.witnesses}
        for group in self.groups:
            if not defined.issuperset(group.members):
                raise Malformed(f"the group {group.name!r} has a member that is not defined before it")
            if not 1 <= group.threshold <= len(group.members):
                raise Malformed(f"the group {group.name!r} asks for {group.threshold} of {len(group.members)} members")
            defined.add(group.name)
        if NONE in defined:
            raise Malformed("the name `none` is taken: it stands for no witness at all")
        if self.quorum is not None and self.quorum not in defined:
            raise Malformed(f"the quorum {self.quorum!r} is not defined")
        urls = [*(log.url for log in self.logs), *(each.url for each in self.witnesses)]
        if not all(_WORD.fullmatch(word) for word in (*defined, *urls) if word is not None):
            raise Malformed("a name or URL is empty or has a space or control character")

    def accept(self, note: Note, sm2: Sm2Verifier | None = None) -> Accepted:
        """The checkpoint in the note: signed by a known log of its origin and cosigned by the quorum.

        Malformed, Unsigned (by a known log of that origin), SignatureInvalid or QuorumMissing otherwise.
        """
        checkpoint = Checkpoint.parse(note.text)
        logs = [log.key for log in self.logs if log.key.name == checkpoint.origin]
        verified = open_note(note, [*logs, *(each.key for each in self.witnesses)], sm2)
        signed = {each.key for each in verified}
        if signed.isdisjoint(logs):
            raise Unsigned(f"no log that the policy knows as `{checkpoint.origin}` signed the checkpoint")
        witnessed = {each.name for each in self.witnesses if each.key in signed}
        for group in self.groups:
            if len(witnessed.intersection(group.members)) >= group.threshold:
                witnessed.add(group.name)
        if self.quorum is not None and self.quorum not in witnessed:
            raise QuorumMissing(f"too few witnesses cosigned: the quorum {self.quorum!r} is not met")
        return Accepted(checkpoint, verified, frozenset(witnessed))

    def satisfied(self, note: Note, sm2: Sm2Verifier | None = None) -> bool:
        """Whether `accept` accepts the note."""
        try:
            self.accept(note, sm2)
        except TlogError:
            return False
        return True

    def to_bytes(self) -> bytes:
        """The policy file; `parse` gives an equal policy."""
        return "".join(f"{' '.join(words)}\n" for words in self._lines()).encode("utf-8", "surrogateescape")

    def _lines(self) -> Iterator[list[str]]:
        for log in self.logs:
            yield ["log", str(log.key), *([] if log.url is None else [log.url])]
        for each in self.witnesses:
            yield ["witness", each.name, str(each.key), *([] if each.url is None else [each.url])]
        for group in self.groups:
            yield ["group", group.name, str(group.threshold), *group.members]
        yield ["quorum", self.quorum or NONE]

    @classmethod
    def parse(cls, data: bytes) -> Policy:
        """Read a policy file of at most 1 MiB; Malformed says which line is wrong where one is."""
        if len(data) > MAX_BYTES:
            raise Malformed(f"the policy has {len(data)} bytes and the limit is {MAX_BYTES}")
        text = data.decode("utf-8", "surrogateescape")
        if _FORBIDDEN.search(text):
            raise Malformed("the policy has a control character that is neither tab nor newline")
        reader = _Reader()
        for number, line in enumerate(lines_of(text, "the policy"), 1):
            words = _SPACE.split(line.strip("\t "))
            if words == [""] or words[0].startswith("#"):
                continue
            try:
                reader.take(words)
            except Malformed as wrong:
                raise Malformed(f"line {number} of the policy: {wrong}") from None
        if len(reader.quorums) != 1:
            raise Malformed(f"the policy has {len(reader.quorums)} quorum lines, not one")
        (quorum,) = reader.quorums
        return cls(
            logs=tuple(reader.logs),
            witnesses=tuple(reader.witnesses),
            groups=tuple(reader.groups),
            quorum=None if quorum == NONE else quorum,
        )


class _Reader:
    """The lines so far. A line may only speak of names on the lines before it; all else `Policy` checks."""

    def __init__(self) -> None:
        self.logs: list[KnownLog] = []
        self.witnesses: list[Witness] = []
        self.groups: list[Group] = []
        self.quorums: list[str] = []
        self.defined: set[str] = set()

    def take(self, words: list[str]) -> None:
        match words:
            case ["log", vkey] | ["log", vkey, _]:
                self.logs.append(KnownLog(VerifierKey.parse(vkey), *words[2:]))
            case ["witness", name, vkey] | ["witness", name, vkey, _]:
                self.witnesses.append(Witness(name, VerifierKey.parse(vkey), *words[3:]))
                self.defined.add(name)
            case ["group", name, count, *members] if members:
                self._need_defined(*members)
                self.groups.append(Group(name, _threshold(count, len(members)), tuple(members)))
                self.defined.add(name)
            case ["quorum", name]:
                if name != NONE:
                    self._need_defined(name)
                self.quorums.append(name)
            case _:
                raise Malformed("it is not a log, witness, group or quorum line with the words such a line has")

    def _need_defined(self, *names: str) -> None:
        for name in names:
            if name not in self.defined:
                raise Malformed(f"the name {name!r} is not defined on a line before")


def _threshold(count: str, members: int) -> int:
    if count in ("any", "all"):
        return 1 if count == "any" else members
    if not re.fullmatch(r"[1-9][0-9]{0,5}", count):
        raise Malformed(f"{count!r} is not all, any or a number of members")
    return int(count)


def _need_once(values: list[str] | list[bytes], otherwise: str) -> None:
    if len(set(values)) != len(values):
        raise Malformed(otherwise)
