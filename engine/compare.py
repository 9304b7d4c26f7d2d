"""The difference of two versions of a rule in meaning, not in text: who is treated otherwise, and by how much.

Wherever an outcome of the old version and one of the new meet on the same facts they are compared; a region is told
with a case that both versions have decided. “Never heavier” and “never lighter” are proved over all facts or not said.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from engine.checks import Order
from engine.decision import Decision, Outcome, Refusal
from engine.lighter import is_lighter_than
from engine.proof import Regions, Verdict
from engine.prove_rows import Rows
from engine.region import Axis, Box, Form, Part, Search, TooWide, both, common, either, merged, nothing
from engine.rule import Row, Rule
from engine.rulebook import Rulebook
from engine.weights import Weights
from engine.witness import Witness, Witnesses

BUDGET = 50_000
MAX_REGIONS = 20

Way = Literal["same", "up", "down", "either"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A region in which two versions come to different outcomes, with a case of it; `change_fen` is new less old.

    `change_fen` is None where one of them is no decision, or a published range.
    """

    region: str
    old: Witness
    new: Outcome
    change_fen: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What two versions of one rule differ in.

    `same`, `never_heavier` and `never_lighter` are verdicts over all facts. The greatest changes are those of the cases
    shown. `facts` names facts that only one version has, or declares otherwise; `not_compared` what was left out.
    """

    code: str
    currency: str
    same: Verdict
    never_heavier: Verdict
    never_lighter: Verdict
    differences: tuple[Difference, ...] = ()
    most_up_fen: int = 0
    most_down_fen: int = 0
    facts: tuple[str, ...] = ()
    not_compared: tuple[str, ...] = ()


def compare(old_book: Rulebook, old: Rule, new_book: Rulebook, new: Rule) -> Comparison:
    """Compare two versions of one rule over all facts; the day of a case is one on which the old one is in force."""
    if meaning(old) == meaning(new):
        return Comparison(
            code=new.code, currency=new.regime.currency, same="proved", never_heavier="proved", never_lighter="proved"
        )
    return _Comparing(Rows(old_book, old), Rows(new_book, new)).comparison()


def meaning(rule: Rule) -> tuple[object, ...]:
    """Return all of a rule that an outcome can hang on, and nothing of how it is written."""
    regime = rule.regime
    guards = [(each.code, each.validity, each.facts, each.values, each.provisions) for each in regime.guards]
    return (
        rule.facts, rule.records, rule.values, rule.ranges, rule.conventions, rule.preconditions, rule.no_penalty,
        rule.rows, rule.defects, rule.validity, rule.power_item, regime.tie, regime.always, regime.when_not_penalised,
        regime.lighter_law, guards,
    )  # fmt: skip


@dataclass(slots=True)
class _Comparing:
    """Two versions of a rule over the facts that both declare alike."""

    old: Rows
    new: Rows
    domain: dict[Axis, Part] = field(default_factory=dict)
    facts: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    found: list[Difference] = field(default_factory=list)
    up: bool = False
    down: bool = False

    def comparison(self) -> Comparison:
        self.join()
        old, new = self.old.rule, self.new.rule
        if old.conventions != new.conventions:
            self.skipped.append("conventions")
        if [each.provisions for each in old.regime.guards] != [each.provisions for each in new.regime.guards]:
            self.skipped.append("general_law")
        if (old.values, old.records, old.ranges) != (new.values, new.records, new.ranges):
            self.skipped.append("computed_values")
        try:
            for one in _outcomes(self.old):
                for two in _outcomes(self.new):
                    self.met(one, two)
        except TooWide:
            self.skipped.append("too_wide")
        changes = [each.change_fen for each in self.found if each.change_fen is not None]
        heavier, lighter = any(each > 0 for each in changes), any(each < 0 for each in changes)
        return Comparison(
            code=new.code,
            currency=new.regime.currency,
            same="refuted" if self.found else "not_proved" if self.skipped or self.up or self.down else "proved",
            never_heavier="refuted" if heavier else "not_proved" if self.skipped or self.up else "proved",
            never_lighter="refuted" if lighter else "not_proved" if self.skipped or self.down else "proved",
            differences=tuple(self.found[:MAX_REGIONS]),
            most_up_fen=max([0, *changes]),
            most_down_fen=min([0, *changes]),
            facts=tuple(self.facts),
            not_compared=tuple(dict.fromkeys(self.skipped)),
        )

    def join(self) -> None:
        """Bring the facts of both versions together: alike where they have the same kind, unit and precision."""
        one, two = self.old.rule.by_name, self.new.rule.by_name
        for name in dict.fromkeys((*self.old.rule.asks, *self.new.rule.asks)):
            if name not in one or name not in two:
                self.facts.append(name)
            elif (one[name].kind, one[name].unit, one[name].scale) != (two[name].kind, two[name].unit, two[name].scale):
                self.facts.append(name)
                self.skipped.append(name)
            elif one[name].choices != two[name].choices or (one[name].low, one[name].high) != (
                two[name].low,
                two[name].high,
            ):
                self.facts.append(name)
        self.domain = {**self.old.normal.domain}
        for axis, part in self.new.normal.domain.items():
            known = self.domain.get(axis)
            self.domain[axis] = part if known is None or axis in self.skipped else common(known, part)
            if nothing(self.domain[axis]):
                self.domain[axis] = part

    def linked(self, box: Box) -> Box | None:
        narrow = self.old.normal.linked(box)
        return None if narrow is None else self.new.normal.linked(narrow)

    def met(self, one: "_Course", two: "_Course") -> None:
        """Compare two outcomes wherever they meet."""
        way = self.way(one, two)
        if way == "same":
            return
        self.domain.update({axis: part for axis, part in self.old.normal.domain.items() if axis not in self.domain})
        self.domain.update({axis: part for axis, part in self.new.normal.domain.items() if axis not in self.domain})
        grains = {**self.old.normal.grains, **self.new.normal.grains}
        boxes = Search(self.domain, grains, self.linked, BUDGET).boxes(both([one.form, two.form]))
        for box in merged(boxes, grains):
            shown = self.shown(box)
            if shown is None:
                self.up, self.down = True, True
            elif shown:
                self.found += shown
                self.up = self.up or way in ("up", "either")
                self.down = self.down or way in ("down", "either")

    def way(self, old: "_Course", new: "_Course") -> Way:
        """Say how the outcome of a new course stands to that of an old one, as far as their amounts show."""
        one, two = old.row, new.row
        if one is None or two is None:
            if old.kind == new.kind:
                return "same"
            # Whoever was not punished can only be treated more heavily, whoever is not any more only more lightly.
            return "down" if new.kind == "spared" else "up" if old.kind == "spared" else "either"
        if (one.measures, one.range_name, one.defect) == (two.measures, two.range_name, two.defect):
            return "same" if "computed_values" not in self.skipped else "either"
        orders: list[Order] = [
            *Weights(self.new.rule).orders(two, one),
            *_turned(Weights(self.old.rule).orders(one, two)),
        ]
        if any(each == "unknown" for each in orders) or "computed_values" in self.skipped:
            return "either"
        if all(each in ("same", "at_least", "above") for each in orders):
            return "up"
        return "down" if all(each in ("same", "at_most", "below") for each in orders) else "either"

    def shown(self, box: Box) -> list[Difference] | None:
        """Decide cases of a region under both versions; None where no case of it was found."""
        search = Witnesses(self.old.rulebook, self.old.normal)
        found: Difference | None = None
        any_case = False
        own = Box({axis: part for axis, part in box.parts.items() if axis in self.old.normal.domain})
        for values in search.points(own):
            if search.left <= 0:
                break
            case = search.case(values, {}, box)
            if case is None:
                continue
            other = self.answered(case, box)
            if other is None:
                continue
            any_case = True
            if outcomes_differ(case.outcome, other):
                change = _change(case.outcome, other)
                region = Regions(self.old.normal).text(own)
                if found is None or abs(change or 0) > abs(found.change_fen or 0):
                    found = Difference(region=region, old=case, new=other, change_fen=change)
        if not any_case and not search.empty:
            return None
        return [] if found is None else [found]

    def answered(self, case: Witness, box: Box) -> Outcome | None:
        """Decide a case of the old version under the new one, on its own first day where the old day is too early."""
        new = self.new.rule
        on = case.on if new.validity.holds_on(case.on) else new.validity.first
        facts = {name: value for name, value in case.facts if name in new.by_name}
        search = Witnesses(self.new.rulebook, self.new.normal)
        found = search.answered(facts, on, case.decided, box)
        return None if found is None else found.outcome


def outcomes_differ(old: Outcome, new: Outcome) -> bool:
    """Say whether two outcomes treat somebody otherwise: other measures, another figure, or another refusal."""
    if isinstance(old, Decision) and isinstance(new, Decision):
        return [each[:5] for each in old.measures] != [each[:5] for each in new.measures]
    if isinstance(old, Refusal) and isinstance(new, Refusal):
        return old.code != new.code
    return True


class _Course(NamedTuple):
    """One way a case can go, and where it goes so: a row decides, or none does and why."""

    kind: str
    row: Row | None
    form: Form


def _outcomes(rows: Rows) -> Iterator[_Course]:
    """Yield each row with where it decides, and where none does: not penalised, precondition unmet, or no tier."""
    rule, orders = rows.rule, Weights(rows.rule)
    for row in rule.rows:
        heavier = [each for each in rule.rows if each is not row and orders.surely_lighter(row, each)]
        over = [rows.fails[id(each)] for each in heavier if rule.regime.tie == "heavier"]
        yield _Course("row", row, both([rows.reached, rows.holds[id(row)], *over]))
    spared = either(rows.normal.form(row.when) for row in rule.no_penalty)
    punishable = [rows.normal.form(row.when, False) for row in rule.no_penalty]
    unmet = either(rows.normal.form(each.when, False) for each in rule.preconditions)
    yield _Course("spared", None, spared)
    yield _Course("unmet", None, both([*punishable, unmet]))
    yield _Course("gap", None, both([rows.reached, *(rows.fails[id(row)] for row in rule.rows)]))


def _turned(orders: list[Order]) -> list[Order]:
    turned: dict[Order, Order] = {"below": "above", "above": "below", "at_most": "at_least", "at_least": "at_most"}
    return [turned.get(each, each) for each in orders]


def _change(old: Outcome, new: Outcome) -> int | None:
    """Return by how many fen the fine changes; None where it is not one figure on both sides."""
    if not isinstance(old, Decision) or not isinstance(new, Decision):
        return None
    if is_lighter_than(old, new) or is_lighter_than(new, old):
        fines = [each.fine_fen for each in (old, new)]
        ranged = any(imposed.spread is not None for each in (old, new) for imposed in each.measures)
        return None if ranged else (fines[1] or 0) - (fines[0] or 0)
    return None
