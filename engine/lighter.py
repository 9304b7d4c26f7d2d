"""Which of two versions of the law applies: the one of the act, unless the later is lighter (行政处罚法 第三十七条)."""

from engine.decision import Decision, Outcome, Refusal, Step
from engine.measures import Fine, Measure, NoPenalty, OrderToCorrect

# Stands for the upper end of a range that neither the row nor the statute names.
_NO_END = 10**30


def lighter(old: Outcome, new: Outcome) -> Outcome:
    """Take the new version only where it is lighter beyond doubt; both computations stay in the trace."""
    is_lighter = isinstance(old, Decision) and isinstance(new, Decision) and is_lighter_than(new, old)
    chosen, other = (new, old) if is_lighter else (old, new)
    if isinstance(old, Decision) and isinstance(new, Refusal) and new.code == "missing_fact":
        # Whether the new law is lighter still hangs on a fact that only it asks for.
        chosen, other = new, old
    rule = other.rule
    assert rule is not None
    fen = other.fine_fen if isinstance(other, Decision) else None
    note = other.message if isinstance(other, Refusal) else ""
    steps = (
        Step("other_version", rule.regime.version, rule.validity.text, rule.top, after=fen),
        *other.trace,
        Step("lighter_law", chosen.rule.regime.version if chosen.rule else "", note, holds=is_lighter),
    )
    return _with_trace(chosen, steps + chosen.trace)


def _with_trace(outcome: Outcome, trace: tuple[Step, ...]) -> Outcome:
    if isinstance(outcome, Decision):
        return Decision(rule=outcome.rule, on=outcome.on, tier=outcome.tier, measures=outcome.measures, trace=trace)
    return Refusal(
        violation=outcome.violation,
        rule=outcome.rule,
        on=outcome.on,
        code=outcome.code,
        message=outcome.message,
        field=outcome.field,
        trace=trace,
        wanted=outcome.wanted,
    )


def is_lighter_than(one: Decision, other: Decision) -> bool:
    """Say whether one decision is lighter beyond doubt: nothing in it is more, and something is less.

    Published ranges are compared at both ends.
    """

    def fines(decision: Decision) -> dict[str, tuple[int, int]]:
        found = {}
        for each in decision.measures:
            if isinstance(each.measure, Fine):
                low, high = each.spread or (each.amount_fen or 0, each.amount_fen or 0)
                found[each.measure.payer] = (low, _NO_END if high is None else high)
        return found

    def others(decision: Decision) -> set[Measure]:
        spared = (Fine, OrderToCorrect, NoPenalty)
        return {each.measure for each in decision.measures if not each.basis and not isinstance(each.measure, spared)}

    mine, theirs = fines(one), fines(other)
    nothing = (0, 0)
    pairs = [
        pair
        for payer in {*mine, *theirs}
        for pair in zip(mine.get(payer, nothing), theirs.get(payer, nothing), strict=True)
    ]
    no_worse = all(left <= right for left, right in pairs) and others(one) <= others(other)
    return no_worse and (any(left < right for left, right in pairs) or others(one) < others(other))
