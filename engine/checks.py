"""What must be true of a rule before it may be used: amounts inside the statute, defects real, nothing overflowing."""

from dataclasses import replace
from fractions import Fraction

from engine.errors import Complaints
from engine.numbers import MAX_SAFE_INTEGER
from engine.rule import DefectKind, Row, Rule, StatutoryRange
from engine.tree import Amount, Fact, Fine, Fixed, Multiple, PerUnit, Place
from engine.vocabulary import ENUMS, spell


def checked(rule: Rule, complaints: Complaints) -> Rule:
    """Return the rule with every row that leaves the statutory range tied to its marked defect; complain otherwise."""
    facts = {fact.name: fact for fact in rule.facts}
    for each in rule.ranges:
        _range_checks(each, facts, complaints)
    rows = tuple(_row(row, rule, facts, complaints) for row in rule.rows)
    used = {id(row.defect) for row in rows if row.defect}
    for defect in rule.defects:
        if defect.kind != "missing_tier" and id(defect) not in used:
            name = spell(ENUMS["kind"], defect.kind, rule.language)
            complaints.add("defect_not_there", defect.cell.place, found=f"{defect.tier} {name}")
    regime = rule.regime.validity
    inside = regime.holds_on(rule.validity.first) and (
        regime.last is None or (rule.validity.last is not None and rule.validity.last <= regime.last)
    )
    if not inside:
        complaints.add("not_in_force", _top(rule), expected=f"{regime.first} – {regime.last or ''}")
    return replace(rule, rows=rows)


def _top(rule: Rule) -> Place:
    return Place(rule.file, 1, 1)


def _range_checks(each: StatutoryRange, facts: dict[str, Fact], complaints: Complaints) -> None:
    if _comparable(each.low, each.high) and _rate(each.low) > _rate(each.high):
        complaints.add("range_upside_down", each.cell.place)
    if _greatest(each.high, facts) > MAX_SAFE_INTEGER:
        complaints.add("amount_may_overflow", each.cell.place, expected=MAX_SAFE_INTEGER)


def _row(row: Row, rule: Rule, facts: dict[str, Fact], complaints: Complaints) -> Row:
    fine = next((measure for measure in row.measures if isinstance(measure, Fine)), None)
    statutory = next((each for each in rule.ranges if each.name == row.range_name), None)
    if fine is None or statutory is None:
        return row
    place = row.outcome_cell.place
    if _greatest(fine.amount, facts) > MAX_SAFE_INTEGER:
        complaints.add("amount_may_overflow", place, expected=MAX_SAFE_INTEGER)
    if not (_comparable(fine.amount, statutory.low) and _comparable(fine.amount, statutory.high)):
        complaints.add("range_not_comparable", place, found=row.tier, expected=statutory.cell.text)
        return row
    kind: DefectKind | None = None
    if _rate(fine.amount) < _rate(statutory.low):
        kind = "below_statutory_range"
    elif _rate(fine.amount) > _rate(statutory.high):
        kind = "above_statutory_range"
    if kind is None:
        return row
    marked = next((each for each in rule.defects if each.kind == kind and each.tier == row.tier), None)
    if marked is None:
        word = spell(ENUMS["kind"], kind, rule.language)
        complaints.add(
            "outside_statutory_range",
            place,
            found=row.tier,
            expected=statutory.cell.text,
            repair=(
                f"请核对原文；公布的表确实如此的，在“缺陷”里写明“种类: {word}”、“档次: {row.tier}”",
                f"compare with the source; if it was published so, mark it under `defects` as `kind: {word}`",
            ),
        )
    return replace(row, defect=marked)


def _rate(amount: Amount) -> Fraction:
    match amount:
        case Fixed(fen=fen) | PerUnit(fen=fen):
            return Fraction(fen)
        case Multiple(ratio=ratio):
            return ratio


def _comparable(one: Amount, other: Amount) -> bool:
    """Two amounts order the same way for all facts only where both are a rate of the same fact, or both fixed."""
    match one, other:
        case (Fixed(), Fixed()):
            return True
        case (PerUnit(fact=left), PerUnit(fact=right)) | (Multiple(fact=left), Multiple(fact=right)):
            return left == right
        case _:
            return False


def _greatest(amount: Amount, facts: dict[str, Fact]) -> Fraction:
    match amount:
        case Fixed(fen=fen):
            return Fraction(fen)
        case PerUnit(fen=fen, fact=name):
            return Fraction(fen * facts[name].high, 10 ** facts[name].scale)
        case Multiple(ratio=ratio, fact=name):
            return ratio * facts[name].high
