"""Facts, and where text stands: what a rule may ask for, with domain, unit, direction and source."""

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


FactKind = Literal["yes_no", "choice", "integer", "number", "money", "day", "days", "records"]
Direction = Literal["graver", "lighter", "neither"]
Source = Literal["officer", "case_file", "history", "register"]
Window = Literal["years", "months", "days", "ever"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """A number of offences counted from a list of days: those in the window before the act, and the act itself.

    The window is the `back` years, months or days up to the day of the act; `first_day` says whether its first day,
    exactly so long before, counts; `with_this` whether the present act is one of them (含本次). `ever` looks
    back without limit of time: its `back` is nought.
    """

    of: str
    back: int
    window: Window = "years"
    first_day: bool
    with_this: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One fact a rule may ask for. `low`, `high` are scaled by 10**scale; `direction` is what a larger value means.

    `if_unknown` is what the schedule itself says an unknown fact counts as, in the canonical text of a value.
    `personal` marks what says who somebody is rather than what was done: no outcome may hang on it.
    """

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
    if_unknown: str = ""
    personal: bool = False
    question: str = field(default="", compare=False)
    cell: Cell = field(compare=False)
    # What its value is divided by in expressions (`grid`): plain numbers have decimals, and a percentage is a share.
    over: int | Fraction = field(init=False, compare=False, repr=False)
    # What a value of one is on its scale.
    one: int = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "one", 10**self.scale)
        over = self.grid if self.numeric else 1
        object.__setattr__(self, "over", over if over.denominator > 1 else int(over))

    @property
    def grid(self) -> Fraction:
        """Say how many steps of the fact's own grid make one of what expressions count in.

        That is a whole of a percentage, a hundredth of the unit of money, one of anything else. An amount of a currency
        without hundredths stands on whole units.
        """
        if self.kind == "money":
            return Fraction(10**self.scale, 100)
        return Fraction(10**self.scale * (100 if self.unit == "percent" else 1))

    @property
    def numeric(self) -> bool:
        return self.kind in ("integer", "number", "money")
