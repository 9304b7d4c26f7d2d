"""The difference of two versions of a rule in meaning, not in text: who is treated otherwise, and by how much.

Wherever an outcome of the old version and one of the new meet on the same facts they are compared; a region is told
with a case that both versions have decided. “Never heavier” and “never lighter” are proved over all facts or not said.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain

from engine.changed import Changed
from engine.checks import Order
from engine.differing import Difference, Way, difference, greatest, outcomes_differ, turn
from engine.endings import Ending, endings, limits, without_row
from engine.fact import Fact
from engine.measures import Adjustment, Bracket, InTier, TierMove, exprs_of
from engine.normal import Normal
from engine.proof import Regions, Verdict
from engine.prove_rows import Rows
from engine.redeclared import shown_by
from engine.region import Axis, Box, Form, Part, Search, TooWide, both, common, merged, nothing
from engine.rule import Row, Rule
from engine.rulebook import Rulebook
from engine.tree import Condition, names_in
from engine.weights import Weights, others
from engine.witness import Witness, Witnesses, highest, text_of

BUDGET = 50_000
MAX_REGIONS = 20


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
    # Whether somebody may be treated more heavily, or more lightly, for all that was shown.
    up: bool = False
    down: bool = False
    # Facts of which the same is given and another thing read, or read by one version alone.
    redeclared: list[tuple[Fact, Fact]] = field(default_factory=list)
    changed: Changed = field(init=False)
    # Where what follows the row may do otherwise in the new version, and which way; and where it does not.
    late: dict[Form, Way] = field(default_factory=dict)
    sure: Form = True

    def comparison(self) -> Comparison:
        self.join()
        old, new = self.old.rule, self.new.rule
        fields = {each.fact.name: (each.fact, each.fields) for each in new.records}
        lists = [each.fact.name for each in old.records if fields.get(each.fact.name) != (each.fact, each.fields)]
        self.changed = Changed(self.old.normal, self.new.normal, frozenset([*lists, *self.skipped]))
        self.after_the_row()
        if _general_law(old) != _general_law(new):
            self.skipped.append("general_law")
        if any(self.changed.any_of(_asked(rule)) is not False for rule in (old, new)):
            self.skipped.append("computed_values")
        try:
            for one in endings(self.old):
                for two in endings(self.new):
                    self.met(one, two)
            self.declared_otherwise()
        except TooWide:
            self.skipped.append("too_wide")
        changes = [each.change_fen for each in self.found if each.change_fen is not None]
        turns = {turn(each.old.outcome, each.new) for each in self.found}
        unsure = self.skipped or self.redeclared
        return Comparison(
            code=new.code,
            currency=new.regime.currency,
            same="refuted" if self.found else "not_proved" if unsure or self.up or self.down else "proved",
            never_heavier="refuted" if "up" in turns else "not_proved" if self.skipped or self.up else "proved",
            never_lighter="refuted" if "down" in turns else "not_proved" if self.skipped or self.down else "proved",
            differences=tuple(sorted(self.found, key=lambda each: -abs(each.change_fen or 0))[:MAX_REGIONS]),
            most_up_fen=max([0, *changes]),
            most_down_fen=min([0, *changes]),
            facts=tuple(self.facts),
            not_compared=tuple(dict.fromkeys(self.skipped)),
        )

    def join(self) -> None:
        """Bring the facts of both versions together: alike where they have the same kind, unit and precision."""
        one, two = self.old.rule.by_name, self.new.rule.by_name
        for name in dict.fromkeys((*self.old.rule.asks, *self.new.rule.asks)):
            before, after = one.get(name), two.get(name)
            if before is None or after is None:
                self.facts.append(name)
            elif (before.kind, before.unit, before.scale) != (after.kind, after.unit, after.scale):
                self.facts.append(name)
                self.skipped.append(name)
            elif (before.count, before.if_unknown, _span(before)) != (after.count, after.if_unknown, _span(after)):
                self.facts.append(name)
                self.redeclared.append((before, after))
                if before.count != after.count or (
                    before.if_unknown and after.if_unknown not in ("", before.if_unknown)
                ):
                    # The same days come to another number, or the same silence to another value.
                    self.skipped.append(name)
        self.domain = {**self.old.normal.domain}
        for axis, part in self.new.normal.domain.items():
            known = self.domain.get(axis)
            self.domain[axis] = part if known is None or axis in self.skipped else common(known, part)
            if nothing(self.domain[axis]):
                self.domain[axis] = part

    def linked(self, box: Box) -> Box | None:
        for normal in (self.old.normal, self.new.normal):
            narrow = normal.linked(_known(normal, box))
            if narrow is None:
                return None
            box = Box({**box.parts, **narrow.parts})
        return box

    # --- what may differ where

    def after_the_row(self) -> None:
        """Find where tier moves, in-tier rules, adjustments or what goes with every penalty may do otherwise."""
        one, two = self.old.rule.conventions, self.new.rule.conventions
        anywhere = _always(self.old.rule) != _always(self.new.rule) or any(
            # Where one version has nothing to combine, or to cut, it declares nothing.
            before != after and before and after
            for before, after in ((one.combine, two.combine), (one.beyond_range, two.beyond_range))
        )
        # Moves lead to other rows than those whose conditions hold.
        ladder = self.ladder()
        sure: list[Form] = []
        for before, after in ((one.moves, two.moves), (one.in_tier, two.in_tier), (one.adjustments, two.adjustments)):
            kept = [each for each in before if each in after]
            if kept != [each for each in after if each in before]:
                anywhere = True
            if any(self.changed.any_of(_late_names(each)) is not False for each in (*before, *after)):
                anywhere = True
            for rows, entries in ((self.old, before), (self.new, after)):
                for each in entries:
                    if each not in kept or (isinstance(each, TierMove) and each.move.tiers):
                        form, way = _holding(rows, each), ladder if each in kept else "either"
                        self.late[form] = way if self.late.get(form, way) == way else "either"
                        sure.append(_holding(rows, each, False))
        if anywhere:
            self.late[True] = "either"
        self.sure = False if anywhere else both(sure)

    def ladder(self) -> Way:
        """Say which way the rows changed that tier moves lead to, and from."""
        before, after = self.old.rule.rows, self.new.rule.rows
        if [(each.tier, each.group) for each in before] != [(each.tier, each.group) for each in after]:
            return "either"
        ways = {self.way(one, two)[0] for one, two in zip(before, after, strict=True)} - {"same"}
        return "same" if not ways else ways.pop() if len(ways) == 1 else "either"

    def met(self, one: Ending, two: Ending) -> None:
        """Compare two outcomes wherever they meet."""
        here = both([one.form, two.form])
        if one.row is None or two.row is None:
            way = self.other_way(one, two)
            if way != "same":
                self.look(one, two, way, here)
            return
        way, differ = self.way(one.row, two.row)
        if way != "same":
            self.look(one, two, way, both([here, differ, self.sure]))
        alike = self.old.rule.rows.index(one.row) == self.new.rule.rows.index(two.row)
        for late, moved in self.late.items():
            if not alike or moved != "same":  # from another row a move leads to another row
                self.look(one, two, moved if alike else "either", both([here, late]))

    def look(self, one: Ending, two: Ending, way: Way, form: Form) -> None:
        """Show where two outcomes differ within a formula, and remember which way they may where nothing is shown."""
        if form is False:
            return
        self.domain.update({axis: part for axis, part in self.old.normal.domain.items() if axis not in self.domain})
        self.domain.update({axis: part for axis, part in self.new.normal.domain.items() if axis not in self.domain})
        grains = {**self.old.normal.grains, **self.new.normal.grains}
        boxes = Search(self.domain, grains, self.linked, BUDGET).boxes(form)
        behind = [name for ending in (one, two) if ending.row is not None for name in _amount_names(ending.row)]
        for box in merged(boxes, grains):
            empty, found = self.shown(box, self.old.rule.facts_behind(behind))
            self.found += found
            if not empty:
                self.up = self.up or way in ("up", "either")
                self.down = self.down or way in ("down", "either")

    def other_way(self, old: Ending, new: Ending) -> Way:
        """Say how two outcomes stand of which one is no row's."""
        if old.kind == new.kind:
            one, two = (without_row(ending.kind, rows.rule) for ending, rows in ((old, self.old), (new, self.new)))
            return "same" if one == two else "either"
        # Whoever was not punished can only be treated more heavily, whoever is not any more only more lightly.
        return "down" if new.kind == "spared" else "up" if old.kind == "spared" else "either"

    def way(self, one: Row, two: Row) -> tuple[Way, Form]:
        """Say how what a new row imposes stands to an old one as far as their amounts show, and where it may differ."""
        within, inside = limits(self.old.rule, one), limits(self.new.rule, two)
        ends = [end for each in (*within, *inside) for end in each if end is not None]
        of_ends = [name for end in ends for name in names_in(end)]
        apart = self.changed.any_of([*_amount_names(one), *_amount_names(two), *of_ends])
        if (one.measures, one.defect, within) == (two.measures, two.defect, inside):
            return ("same", False) if apart is False else ("either", apart)
        if apart is not False or (one.defect, within) != (two.defect, inside) or not _alike(one, two):
            return "either", True
        orders: list[Order] = [
            *Weights(self.new.rule).orders(two, one),
            *_turned(Weights(self.old.rule).orders(one, two)),
        ]
        if set(orders) <= {"same"} and {*one.besides} == {*two.besides} and {*one.payers} == {*two.payers}:
            # The same amounts and measures, written in another way.
            return "same", False
        before, after = others(one.measures), others(two.measures)
        if before <= after and all(each in ("same", "at_least", "above") for each in orders):
            return "up", True
        falls = after <= before and all(each in ("same", "at_most", "below") for each in orders)
        return ("down" if falls else "either"), True

    # --- cases

    def shown(self, box: Box, behind: tuple[str, ...]) -> tuple[bool, list[Difference]]:
        """Decide cases of a region under both versions: whether none lies in it, and the greatest differences."""
        search, other_search = (Witnesses(rows.rulebook, rows.normal) for rows in (self.old, self.new))
        found: list[Difference] = []
        search.empty = True
        own, others = _known(self.old.normal, box), _known(self.new.normal, box)
        region = Regions(self.old.normal).text(own)
        points, lists = chain(search.points(own), search.corners(own, behind)), list(search.lists_of(behind))
        for values, given in ((values, given) for values in points for given in lists):
            search.empty = False
            if search.left <= 0:
                break
            case = search.case(values, given, box)
            if case is None or not search.lies_in(case, own):
                continue
            for other in self.answered(other_search, case, box):
                if other_search.lies_in(other, others) and outcomes_differ(case.outcome, other.outcome):
                    found.append(difference(region, case, other.outcome))
        return search.empty, greatest(found)

    def declared_otherwise(self) -> None:
        """Show what comes of facts that are declared otherwise, given in a case of each row so that it shows."""
        old, new = self.old.rule, self.new.rule
        found: dict[str, list[Difference]] = {}
        for box in self.old.regions_of_rows() if self.redeclared else ():
            search, other_search = (Witnesses(rows.rulebook, rows.normal) for rows in (self.old, self.new))
            case = search.find(box, lambda _outcome: True)
            if case is None:
                continue
            for before, after in self.redeclared:
                region = _declared(Regions(self.old.normal), before.name, box)
                for name, given in shown_by((old, before), (new, after), case.on):
                    kept = {each: value for each, value in case.facts if each not in (name, before.name)}
                    mine = search.answered(kept | {name: given}, case.on, case.decided, box)
                    if mine is None:
                        continue
                    for other in self.answered(other_search, mine, box):
                        if outcomes_differ(mine.outcome, other.outcome):
                            found.setdefault(name, []).append(difference(region, mine, other.outcome))
        for each in found.values():
            self.found += greatest(each)

    def answered(self, search: Witnesses, case: Witness, box: Box) -> Iterator[Witness]:
        """Decide a case of the old version under the new one, on its own first day where the old day is too early.

        What only the new version asks for is answered by a round value, and then by the greatest.
        """
        new = self.new.rule
        on = case.on if new.validity.holds_on(case.on) else new.validity.first
        facts = {name: value for name, value in case.facts if name in new.by_name}
        added = [name for name in self.facts if name not in self.old.rule.by_name and name in search.normal.domain]
        greatest = {
            name: text_of(new.by_name[name], highest(search.normal.domain[name], new.by_name[name]), new)
            for name in added
        }
        for more in ({}, greatest) if greatest else ({},):
            found = search.answered(facts | more, on, case.decided, box)
            if found is not None:
                yield found


def _known(normal: Normal, box: Box) -> Box:
    """Leave out what only the other version speaks of."""
    return Box({axis: part for axis, part in box.parts.items() if axis in normal.domain})


def _span(fact: Fact) -> tuple[object, ...]:
    return frozenset(fact.choices), fact.low, fact.low_open, fact.high, fact.high_open


def _declared(regions: Regions, name: str, box: Box) -> str:
    """Tell a region in which a fact is declared otherwise."""
    rest = regions.text(Box({axis: part for axis, part in box.parts.items() if axis != name}))
    return f"“{name}”的声明不同，{rest}" if regions.language == "zh" else f"`{name}` is declared otherwise, {rest}"


def _general_law(rule: Rule) -> tuple[object, ...]:
    regime = rule.regime
    guards = [(each.code, each.validity, each.facts, each.values, each.provisions) for each in regime.guards]
    return (guards, regime.lighter_law)


def _asked(rule: Rule) -> Iterator[str]:
    """Yield the names that say which row decides, and what there is where none does."""
    conditions: list[Condition] = [each.when for each in (*rule.no_penalty, *rule.rows)]
    conditions += [each.when for each in rule.preconditions]
    conditions += [each.when for each in rule.defects if each.when is not None]
    for each in conditions:
        yield from names_in(each)
    for measure in (measure for each in rule.preconditions for measure in each.measures):
        for expr in exprs_of(measure):
            yield from names_in(expr)


def _always(rule: Rule) -> tuple[object, ...]:
    """List what finishes every outcome of a row."""
    how, regime = rule.conventions, rule.regime
    return (how.rounding_step, how.rounding, regime.always, regime.when_not_penalised, rule.power_item)


def _late_names(entry: TierMove | InTier | Adjustment) -> Iterator[str]:
    yield from entry.reads
    ends = (entry.change.to, entry.change.floor, entry.change.cap) if isinstance(entry, Adjustment) else ()
    for end in ends:
        yield from () if end is None else names_in(end)


def _holding(rows: Rows, entry: TierMove | InTier | Adjustment, holds: bool = True) -> Form:
    """Say where something that follows the row holds; anywhere, where it asks what the fine came to."""
    if entry.when is None or (isinstance(entry, Adjustment) and entry.of_fine):
        return holds
    return rows.normal.form(entry.when, holds)


def _amount_names(row: Row) -> list[str]:
    return [name for _measure, expr in row.computed for name in names_in(expr)]


def _alike(one: Row, two: Row) -> bool:
    """Say whether the same share of both brackets is taken: the row's own, or the one of the same in-tier rule."""
    for payer, fine in one.fines.items():
        other = two.fines.get(payer)
        mine, theirs = fine.amount, None if other is None else other.amount
        if isinstance(mine, Bracket) != isinstance(theirs, Bracket) and other is not None:
            return False
        if not isinstance(mine, Bracket) or not isinstance(theirs, Bracket):
            continue
        if (mine.at, mine.low is None, mine.high is None) != (theirs.at, theirs.low is None, theirs.high is None):
            return False
    return True


def _turned(orders: list[Order]) -> list[Order]:
    turned: dict[Order, Order] = {"below": "above", "above": "below", "at_most": "at_least", "at_least": "at_most"}
    return [turned.get(each, each) for each in orders]
