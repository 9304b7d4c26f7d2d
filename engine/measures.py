"""What a row imposes and what happens between the row and the amount: measures, brackets, changes, moves, positions.

Frozen nodes like those of `engine.tree`, on which they stand.
"""

from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Literal

from engine.fact import Cell
from engine.tree import Condition, Expr, Money, Number, Ref, names_in

# --- amounts and measures ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Bracket:
    """A fine between two amounts, as published; an end that is None was left open (…以下, …以上).

    `at` says where in it the fine lies, from 0 (the lower end) to 1; without it the in-tier rule (档内取值) does.
    """

    low: Expr | None
    high: Expr | None
    at: Expr | None = None
    reads: tuple[str, ...] = field(init=False, compare=False, repr=False)
    at_reads: tuple[str, ...] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "at_reads", () if self.at is None else tuple(names_in(self.at)))
        ends = [each for each in (self.low, self.high) if each is not None]
        object.__setattr__(self, "reads", tuple([name for each in ends for name in names_in(each)]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Borne:
    """What is imposed on the party (no `payer`), or on another person or body named (对「直接负责的主管人员」)."""

    payer: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fine(Borne):
    """A fine; `floor` and `cap` bound the computed amount of this fine alone."""

    amount: Expr | Bracket
    floor: Expr | None = None
    cap: Expr | None = None
    reads: tuple[str, ...] = field(init=False, compare=False, repr=False)
    # Its least and its greatest in fen, where the row itself says both and nothing bounds them.
    plain: tuple[int, int] | None = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        amount = self.amount
        reads = amount.reads if isinstance(amount, Bracket) else tuple(names_in(amount))
        object.__setattr__(self, "reads", reads)
        plain = None
        match (amount, self.floor, self.cap):
            case (Money(fen=fen), None, None):
                plain = (fen, fen)
            case (Bracket(low=Money(fen=low), high=Money(fen=high)), None, None):
                plain = (low, high)
        object.__setattr__(self, "plain", plain)


@dataclass(frozen=True, slots=True, kw_only=True)
class FigureRange:
    """A time or another figure that the law leaves between two ends (十日以下, 三个月至六个月); an open end is None.

    Nothing picks a figure inside it: the outcome is the range, with the figures that computed ends come to.
    Both ends are in one unit.
    """

    low: Expr | None
    high: Expr | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Warn(Borne):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Criticise(Borne):
    """Criticism by public notice (通报批评)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfiscateGains(Borne):
    """Confiscate the unlawful gains stated in a money fact; nothing where they are nil."""

    fact: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfiscateGoods(Borne):
    goods: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RevokeLicence(Borne):
    licence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SuspendLicence(Borne):
    licence: str
    time: Expr | FigureRange
    unit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StopBusiness(Borne):
    """Production or business is stopped (责令停产停业), for a time or until it is allowed again."""

    time: Expr | FigureRange | None = None
    unit: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Restrict(Borne):
    """An activity or a calling is restricted or closed (限制、禁止), for a time or without one."""

    what: str
    time: Expr | FigureRange | None = None
    unit: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Detain(Borne):
    """Administrative detention, in days."""

    time: Expr | FigureRange
    unit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderToCorrect(Borne):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Order(Borne):
    """An order to do or to stop something named (责令「限期拆除」)."""

    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Output(Borne):
    """Another figure besides the fine, by name: points on a licence, days of training, a share."""

    name: str
    value: Expr | FigureRange
    unit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Flag(Borne):
    """Something the case must be marked with: hearing due, legal review due."""

    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Educate(Borne):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class NoPenalty:
    """No penalty: because the law says none shall be, or (`may`) that none need be (不予处罚, 可以不予处罚)."""

    may: bool = False


Measure = (
    Fine
    | Warn
    | Criticise
    | ConfiscateGains
    | ConfiscateGoods
    | RevokeLicence
    | SuspendLicence
    | StopBusiness
    | Restrict
    | Detain
    | OrderToCorrect
    | Order
    | Output
    | Flag
    | Educate
    | NoPenalty
)


# --- what happens between the row and the amount --------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What an adjustment does to the amount: a share of it up or down, or money more or less, or times a factor.

    `to` is the greater share where the published rule leaves one between two (下浮 30% 至 50%): a range comes out.
    `floor` and `cap` bound the share or the money of the change itself; `below_range` lets the result fall below the
    statutory range (减轻).
    """

    kind: Literal["up", "down", "add", "subtract", "times"]
    by: Expr
    to: Expr | None = None
    floor: Expr | None = None
    cap: Expr | None = None
    below_range: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """What a tier move does: so many tiers up (or down, negative), or to an end of the bracket of the tier."""

    tiers: int = 0
    end: Literal["", "low", "high"] = ""
    top_at_end: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """Where in a bracket the fine lies: from `low` to `high` of 0..1; equal is one figure, else a published range."""

    low: Fraction
    high: Fraction
    high_open: bool = False
    cell: Cell = field(compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class InTier:
    """A published rule that picks the figure inside a bracket: where it lies, under a condition (None: always).

    `only_high` is the share of the upper end where the bracket has no lower one (otherwise `position`, from 0 to that
    end), `only_low` the multiple of the lower end where it has no upper one.
    """

    name: str
    when: Condition | None
    position: Position
    only_high: Fraction | None = None
    only_low: Fraction | None = None
    basis: str = field(default="", compare=False)
    cell: Cell
    reads: tuple[str, ...] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "reads", () if self.when is None else tuple(names_in(self.when)))


@dataclass(frozen=True, slots=True, kw_only=True)
class TierMove:
    """A published rule that moves to another tier, or to an end of this one (江门 第五条)."""

    name: str
    when: Condition
    move: Move
    basis: str = field(default="", compare=False)
    cell: Cell
    outcome_cell: Cell
    reads: tuple[str, ...] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "reads", tuple(names_in(self.when)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Adjustment:
    """A published rule that changes the amount after the tier is known."""

    name: str
    when: Condition
    change: Change
    basis: str = field(default="", compare=False)
    cell: Cell
    outcome_cell: Cell
    reads: tuple[str, ...] = field(init=False, compare=False, repr=False)
    # Whether it asks what the fine has come to (基础罚款额, 此前罚款额).
    of_fine: bool = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "reads", (*names_in(self.when), *names_in(self.change.by)))
        ends = (self.change.to, self.change.floor, self.change.cap)
        read = {*self.reads, *(name for end in ends if end is not None for name in names_in(end))}
        object.__setattr__(self, "of_fine", not read.isdisjoint(("@base", "@so_far")))


def range_of(measure: Measure) -> FigureRange | None:
    """Return the range that the law leaves for the time or the figure of a measure, where it leaves one."""
    match measure:
        case SuspendLicence(time=FigureRange() as found) | StopBusiness(time=FigureRange() as found):
            return found
        case Restrict(time=FigureRange() as found) | Detain(time=FigureRange() as found):
            return found
        case Output(value=FigureRange() as found):
            return found
        case _:
            return None


def with_figure(measure: Measure, figure: Expr | FigureRange) -> Measure:
    """Return a measure with another time or figure."""
    match measure:
        case SuspendLicence() | StopBusiness() | Restrict() | Detain():
            return replace(measure, time=figure)
        case Output():
            return replace(measure, value=figure)
        case _:
            return measure


def exprs_of(measure: Measure) -> tuple[Expr, ...]:
    """Return the expressions a measure's own fields are computed from; of a range, its ends that are computed."""
    found: tuple[Expr | FigureRange | None, ...] = ()
    match measure:
        case Fine(amount=Bracket(low=low, high=high, at=at), floor=floor, cap=cap):
            found = (low, high, at, floor, cap)
        case Fine(amount=amount, floor=floor, cap=cap):
            assert not isinstance(amount, Bracket)
            found = (amount, floor, cap)
        case ConfiscateGains(fact=fact):
            found = (Ref(name=fact),)
        case SuspendLicence(time=time) | StopBusiness(time=time) | Restrict(time=time) | Detain(time=time):
            found = (time,)
        case Output(value=value):
            found = (value,)
        case _:
            pass
    if (left := range_of(measure)) is not None:
        found = tuple(end for end in (left.low, left.high) if not isinstance(end, Number | Money))
    return tuple(each for each in found if each is not None and not isinstance(each, FigureRange))
