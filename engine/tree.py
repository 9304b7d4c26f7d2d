"""The one tree a rule file becomes: small frozen nodes, the same for the Chinese and the English surface.

Every capability (decide, explain, schema, surface) is a reading of this tree and matches on its nodes exhaustively.
Where a node came from (`Place`, `Cell.text`) is kept for people and left out of equality: two files that mean the same
are equal.
"""

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal, NamedTuple

Language = Literal["zh", "en"]


class Place(NamedTuple):
    """Where something stands: file, line and column (both from 1; columns count characters)."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


NOWHERE = Place("", 0, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """The text of a rule as its author wrote it, and where. Two cells are always equal: text is not meaning."""

    text: str = field(compare=False)
    place: Place = field(compare=False)


# --- facts ---------------------------------------------------------------------------------------------------------

FactKind = Literal["yes_no", "choice", "integer", "number", "money", "days"]
Direction = Literal["graver", "lighter", "neither"]
Source = Literal["officer", "case_file", "history", "register"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """A number of offences counted from a list of days: those in the window before the act, and the act itself.

    The window is the `years` up to the day of the act; `first_day` says whether the day exactly `years` earlier counts.
    """

    of: str
    years: int
    first_day: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One fact a rule may ask for. `low`, `high` are scaled by 10**scale; `direction` is what a larger value means."""

    name: str
    kind: FactKind
    unit: str = ""
    scale: int = 0
    low: int = 0
    high: int = 0
    low_open: bool = False
    high_open: bool = False
    choices: tuple[str, ...] = ()
    direction: Direction = "neither"
    source: Source = "officer"
    count: Count | None = None
    question: str = field(default="", compare=False)
    cell: Cell = field(compare=False)

    @property
    def numeric(self) -> bool:
        return self.kind in ("integer", "number", "money")


# --- conditions ----------------------------------------------------------------------------------------------------

Operator = Literal["=", "!=", "<", "<=", ">", ">="]


@dataclass(frozen=True, slots=True, kw_only=True)
class Is:
    """A yes/no fact is yes."""

    fact: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Compare:
    """A numeric fact against a constant, both on the fact's scale."""

    fact: str
    op: Operator
    value: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OneOf:
    """A choice fact is one of these."""

    fact: str
    choices: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Not:
    part: "Condition"


@dataclass(frozen=True, slots=True, kw_only=True)
class All:
    parts: tuple["Condition", ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Any:
    parts: tuple["Condition", ...]


Condition = Is | Compare | OneOf | Not | All | Any


def facts_in(condition: Condition) -> tuple[str, ...]:
    """Name the facts a condition reads, each once, in the order it names them."""
    match condition:
        case Is(fact=fact) | Compare(fact=fact) | OneOf(fact=fact):
            return (fact,)
        case Not(part=part):
            return facts_in(part)
        case All(parts=parts) | Any(parts=parts):
            return tuple(dict.fromkeys(name for part in parts for name in facts_in(part)))


# --- amounts and measures ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Fixed:
    """So many fen."""

    fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PerUnit:
    """So many fen for each unit of a numeric fact (square metre, facility, item)."""

    fen: int
    fact: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Multiple:
    """A multiple of a money fact."""

    ratio: Fraction
    fact: str


Amount = Fixed | PerUnit | Multiple


@dataclass(frozen=True, slots=True, kw_only=True)
class Fine:
    amount: Amount


@dataclass(frozen=True, slots=True, kw_only=True)
class Warn:
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfiscateGains:
    """Confiscate the unlawful gains stated in a money fact; nothing where they are nil."""

    fact: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfiscateGoods:
    goods: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RevokeLicence:
    licence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderToCorrect:
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Educate:
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class NoPenalty:
    pass


Measure = Fine | Warn | ConfiscateGains | ConfiscateGoods | RevokeLicence | OrderToCorrect | Educate | NoPenalty


def facts_of_measure(measure: Measure) -> tuple[str, ...]:
    """Name the facts a measure's own fields are computed from."""
    match measure:
        case Fine(amount=PerUnit(fact=fact) | Multiple(fact=fact)) | ConfiscateGains(fact=fact):
            return (fact,)
        case _:
            return ()
