"""Whom a verifier believes: keys that came to him from outside the files he checks.

A key that stands beside the log proves nothing: who rewrote the log wrote that file too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import orjson

from cases.log.keyring import DatedKey
from cases.tlog.checkpoint import Checkpoint
from cases.tlog.errors import Malformed, SignatureInvalid, Unsigned
from cases.tlog.keys import KeyType, VerifierKey, open_note
from cases.tlog.note import Note
from cases.tlog.policy import Accepted, KnownLog, Policy, Witness

__all__ = ["Trust", "continues", "read_key_list"]

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?Z")


@dataclass(frozen=True, slots=True)
class Trust:
    """The policy a checkpoint must meet, and the log's whole dated list where the verifier was given it.

    `learned` are keys that came later, endorsed by those (`cases.log.following`).
    """

    policy: Policy
    listed: tuple[DatedKey, ...] = ()
    learned: tuple[VerifierKey, ...] = ()

    @classmethod
    def of_keys(cls, vkeys: Sequence[str]) -> Trust:
        """Any one of these keys of the log is enough; Malformed for one that signs no checkpoints as a log."""
        return cls(_policy([VerifierKey.parse(each) for each in vkeys]))

    @classmethod
    def of_list(cls, data: bytes) -> Trust:
        """The dated list of a log, `keys.json`: then every kind of key it began with must have signed."""
        return cls.of_dated(read_key_list(data)[1])

    @classmethod
    def of_dated(cls, keys: Sequence[DatedKey], witnesses: Sequence[Witness] = ()) -> Trust:
        """As `of_list`, of what was read already; the witnesses are known, and none is asked for."""
        # Nothing here computes SM2: its lines are known, and pass.
        policy = _policy([each.key for each in keys if each.key.type is not KeyType.SM2])
        return cls(replace(policy, witnesses=tuple(witnesses)), tuple(keys))

    def adding(self, keys: Iterable[VerifierKey]) -> Trust:
        """The same with later keys of the logs it knows."""
        learned = tuple(dict.fromkeys((*self.learned, *keys)))
        known = {log.key.public for log in self.policy.logs}
        new = [KnownLog(key) for key in learned if key.type is not KeyType.SM2 and key.public not in known]
        return replace(self, policy=replace(self.policy, logs=(*self.policy.logs, *new)), learned=learned)

    def keys(self) -> tuple[VerifierKey, ...]:
        """Every key of a log that is known."""
        return tuple(dict.fromkeys((*(log.key for log in self.policy.logs), *self._listed(), *self.learned)))

    def origins(self) -> frozenset[str]:
        """The names of the logs that are known."""
        return frozenset(log.key.name for log in self.policy.logs)

    def signed(self, note: Note, *, later: bool = False) -> Checkpoint:
        """The checkpoint, when a known log signed it; witnesses are not asked. Raises as `Policy.accept`.

        Where `later` is set, keys that are not in the list may have signed it too: it may be newer than the list.
        """
        checkpoint = Checkpoint.parse(note.text)
        keys = [log.key for log in self.policy.logs if log.key.name == checkpoint.origin]
        verified = open_note(note, keys)
        if self.listed:
            self._need_kinds({each.key for each in verified})
            if not later:
                self._need_no_other(note)
        return checkpoint

    def accept(self, note: Note) -> Accepted:
        """What the policy says of the newest checkpoint, quorum and all. Raises as `Policy.accept`."""
        self.signed(note)
        return self.policy.accept(note)

    def _listed(self) -> tuple[VerifierKey, ...]:
        return tuple(each.key for each in self.listed)

    def _need_kinds(self, signed: set[VerifierKey]) -> None:
        """With the whole list no kind of key falls silent that the log began with."""
        begun = min(each.since for each in self.listed)
        for kind in {each.key.type for each in self.listed if each.since == begun} - {each.type for each in signed}:
            raise Unsigned(f"the line of the log's {kind.name} key is missing or names another key")

    def _need_no_other(self, note: Note) -> None:
        """With the whole list there are no unknown lines under the log's name."""
        own = {key.name for key in self._listed()}
        known = {(key.name, key.key_id) for key in (*self._listed(), *self.learned)}
        for line in note.signatures:
            if line.name in own and (line.name, line.key_id) not in known:
                raise SignatureInvalid(f"a line under the log's own name `{line.name}` is of a key not in the list")


def read_key_list(data: bytes) -> tuple[str, tuple[DatedKey, ...]]:
    """The origin and the keys of a `keys.json`; Malformed unless it is exactly as this program writes it."""
    try:
        found = orjson.loads(data)
        if orjson.dumps(found, option=orjson.OPT_INDENT_2) + b"\n" != data:
            raise Malformed("the list of keys is not written as this program writes it")
        origin = found["origin"]
        keys = tuple(DatedKey(VerifierKey.parse(each["vkey"]), each["from"], each["until"]) for each in found["keys"])
        days = [each.since for each in keys] + [each.until for each in keys if each.until is not None]
        if {*found} != {"origin", "keys"} or any({*each} != {"vkey", "from", "until"} for each in found["keys"]):
            raise Malformed("the list of keys has other fields than origin and keys, or vkey, from and until")
        if not keys or any(each.key.name != origin for each in keys):
            raise Malformed("the list of keys is empty, or has a key under another name than its origin")
        if not all(_DAY.fullmatch(day) for day in days):
            raise Malformed("a key in the list has a date that is none")
    except (ValueError, KeyError, TypeError, AttributeError) as exc:
        raise Malformed(f"it is no list of keys ({exc})") from None
    return origin, keys


def continues(known: Sequence[DatedKey], found: Sequence[DatedKey]) -> bool:
    """Whether `found` is the list `known` some time later: the same keys first, no date changed, others after them."""
    return len(found) >= len(known) and all(
        (old.key, old.since) == (new.key, new.since) and old.until in (None, new.until)
        for old, new in zip(known, found, strict=False)
    )


def _policy(keys: Sequence[VerifierKey]) -> Policy:
    for key in keys:
        if key.type is KeyType.COSIGNATURE:
            raise Malformed(f"`{key.name}` is the key of a witness: name it in a policy")
        if key.type is KeyType.SM2:
            raise Malformed(f"`{key.name}` is an SM2 key, which nothing here can compute: give the log's Ed25519 key")
    return Policy(logs=tuple(KnownLog(key) for key in dict.fromkeys(keys)), quorum=None)
