"""Two outcomes of the same facts held against each other: whether they differ, which way, and by how much."""

from dataclasses import dataclass
from typing import Literal

from engine.decision import Decision, Outcome, Refusal, imposed_to_wire
from engine.lighter import is_lighter_than
from engine.measures import Fine
from engine.witness import Witness

Way = Literal["same", "up", "down", "either"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A region in which two versions come to different outcomes, with a case of it; `change_fen` is new less old.

    Of a published range it is the end that changes more; None where one of them is no decision, or has no such end.
    """

    region: str
    old: Witness
    new: Outcome
    change_fen: int | None


def difference(region: str, old: Witness, new: Outcome) -> Difference:
    """Make the difference that a case of the old version, and its outcome under the new one, show of a region."""
    return Difference(region=region, old=old, new=new, change_fen=change(old.outcome, new))


def greatest(found: list[Difference]) -> list[Difference]:
    """Keep the greatest that is heavier and that is lighter, and one that only one version decides.

    Where there are none of these, one that is neither.
    """
    kept: dict[tuple[Way, bool], Difference] = {}
    for each in sorted(found, key=lambda each: -abs(each.change_fen or 0)):
        decided = isinstance(each.old.outcome, Decision) and isinstance(each.new, Decision)
        kept.setdefault((turn(each.old.outcome, each.new), decided), each)
    if len(kept) > 1:
        kept.pop(("either", True), None)
    return list(kept.values())


def outcomes_differ(old: Outcome, new: Outcome) -> bool:
    """Say whether two outcomes treat somebody otherwise: other measures, another figure, or another refusal.

    How a figure was worked out, and in which order measures are named, treats nobody otherwise.
    """
    if isinstance(old, Decision) and isinstance(new, Decision):
        one, two = (sorted(str(imposed_to_wire(each)) for each in found.measures) for found in (old, new))
        return one != two
    if isinstance(old, Refusal) and isinstance(new, Refusal):
        return old.code != new.code
    return True


def turn(old: Outcome, new: Outcome) -> Way:
    """Say whether the new outcome is the heavier or the lighter one beyond doubt."""
    if not isinstance(old, Decision) or not isinstance(new, Decision):
        return "either"
    return "up" if is_lighter_than(old, new) else "down" if is_lighter_than(new, old) else "either"


def change(old: Outcome, new: Outcome) -> int | None:
    """Return by how many fen the fine changes, of a published range the end that changes more; None where no end is."""
    if not isinstance(old, Decision) or not isinstance(new, Decision) or turn(old, new) == "either":
        return None
    pairs = zip(_ends(old), _ends(new), strict=True)
    return max((after - before for before, after in pairs if before is not None and after is not None), key=abs)


def _ends(decision: Decision) -> tuple[int, int | None]:
    """Return the least and the greatest that the party itself may be fined."""
    for each in decision.measures:
        if isinstance(each.measure, Fine) and not each.measure.payer:
            return each.spread or (each.amount_fen or 0, each.amount_fen or 0)
    return 0, 0
