"""Finds what one step of a fact does: a cliff, where the fine jumps, and a mitigating fact that changes nothing."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from engine.courses import Courses
from engine.decision import Decision
from engine.fact import Fact
from engine.measures import Fine
from engine.proof import Property, Shown, fines_text
from engine.prove_rows import MAX_REGIONS, Rows
from engine.region import Box, Form, Part, Range, both, either
from engine.rule import Row
from engine.settled import SIDES, Step
from engine.tree import Condition, Money, names_in
from engine.witness import Witness, Witnesses


@dataclass(slots=True)
class Steps:
    """The steps of one rule's facts."""

    courses: Courses

    @property
    def rows(self) -> Rows:
        return self.courses.rows

    def leave_open(self, left: bool, prop: Property) -> None:
        """Leave a property open: a search could not speak for every case."""
        if left:
            self.rows.unsure.add(prop)

    # --- cliffs

    def cliffs(self) -> Iterator[Shown]:
        """Find steps of a numeric fact across which the fine jumps by more than the rule declares it may."""
        rule = self.rows.rule
        most = rule.cliff_fen
        assert most is not None
        how = rule.conventions
        plain = not (how.moves or how.adjustments or how.in_tier) and all(
            isinstance(expr, Money) for row in rule.rows for _measure, expr in row.computed
        )
        for fact in rule.facts:
            if fact.numeric and fact.name in rule.asks:
                moved = [row for row in rule.rows if self.courses.reads(row, fact)]
                steps, stretches = self.courses.turns(fact)
                # Somewhere in a stretch a row gives way to another: where, other facts decide.
                self.leave_open(bool(stretches), "cliffs")
                for before, after in (*steps, *(self.edges(fact) if moved else ())):
                    yield from self.jumps(Step(self.rows.normal, fact, before, after), most)
        # Where every amount is a constant, one case of a settled region stands for all of it.
        self.leave_open(not plain, "cliffs")

    def edges(self, fact: Fact) -> Iterator[tuple[Part, Part]]:
        """Yield the first and the last step of a fact's domain: between thresholds a line is steepest anywhere."""
        domain = self.rows.normal.domain[fact.name]
        if isinstance(domain, Range) and domain.low < domain.high:
            yield Range(domain.low, domain.low), Range(domain.low + 1, domain.low + 1)
            yield Range(domain.high - 1, domain.high - 1), Range(domain.high, domain.high)

    def jumps(self, step: Step, most: int) -> Iterator[Shown]:
        rows, rule = self.rows, self.rows.rule
        for row in rule.rows:
            here = step.form(both([rows.reached, rows.holds[id(row)]]), "mild")
            others = [each for each in rule.rows if each is not row or self.courses.reads(row, step.fact)]
            there = either(step.form(rows.holds[id(each)], "grave") for each in others)
            boxes = [piece.box for box in step.boxes(here, there) for piece in step.settled(box, self.courses.forms())]
            yield from rows.several("cliffs", boxes, partial(self.jump, row, step, most))

    def jump(self, row: Row, step: Step, most: int, box: Box) -> Iterator[Shown]:
        """Decide both sides of a step at a point of a region; a finding where the fine jumps."""
        fact = step.fact
        cases = Witnesses(self.rows.rulebook, self.rows.normal)
        low = cases.find(step.on(box, "mild"), lambda outcome: isinstance(outcome, Decision))
        value = step.grave.low if isinstance(step.grave, Range) else True
        high = None if low is None else cases.again(low, fact.name, value)
        if low is None or high is None:
            self.leave_open(not cases.empty, "cliffs")
            return
        if not isinstance(low.outcome, Decision) or not isinstance(high.outcome, Decision):
            return
        fines = low.outcome.fine_fen, high.outcome.fine_fen
        if None in fines or abs((fines[1] or 0) - (fines[0] or 0)) <= most:
            return
        where = self.rows.regions.text(step.others(box))
        texts = [dict(each.facts)[fact.name] for each in (low, high)]
        yield Shown(
            property="cliffs",
            verdict="refuted",
            place=row.when_cell.place,
            zh=f"“{fact.name}”从 {texts[0]} 到 {texts[1]}，罚款一步从 {fines_text((low, high), 'zh')}：{where}",
            en=f"`{fact.name}` from {texts[0]} to {texts[1]}: the fine jumps {fines_text((low, high), 'en')}: {where}",
            tier=row.tier,
            about=fact.name,
            region=(where,),
            witness=high,
            warning=True,
        )

    # --- a mitigating fact that changes nothing

    def mitigation(self) -> Iterator[Shown]:
        """Find where a yes to a mitigating question changes no condition of the rule."""
        rows, rule = self.rows, self.rows.rule
        how = rule.conventions
        late: list[Condition] = [move.when for move in how.moves]
        late += [each.when for each in how.adjustments]
        late += [each.when for each in how.in_tier if each.when is not None]
        for fact in self.courses.directed():
            if fact.kind != "yes_no" or fact.direction != "lighter":
                continue
            step = Step(rows.normal, fact, frozenset({True}), frozenset({False}))
            same: list[Form] = [step.form(rows.reached, side) for side in SIDES]
            for when in late:
                met, unmet = rows.normal.form(when), rows.normal.form(when, False)
                same.append(either(both(step.form(each, side) for side in SIDES) for each in (met, unmet)))
            # Where the amount itself is computed from the fact, it does change something.
            fined = [row for row in rule.rows if any(isinstance(each, Fine) for each in row.measures)]
            fined = [row for row in fined if not self.courses.reads(row, fact)]
            changes = [each.change for each in how.adjustments]
            bounds = [
                bound for each in changes for bound in (each.by, each.to, each.floor, each.cap) if bound is not None
            ]
            bounds += [end for each in rule.ranges for end in (each.low, each.high) if end is not None]
            if fact.name in rule.names_behind(name for bound in bounds for name in names_in(bound)):
                continue
            stays = either(both(step.form(self.courses.winning(row), side) for side in SIDES) for row in fined)
            boxes = step.merged(*same, stays)
            if not boxes:
                yield from self.swallowed(step)
                continue
            texts = [rows.regions.text(step.others(box)) for box in boxes[:MAX_REGIONS]]
            witness = Witnesses(rows.rulebook, rows.normal).find(
                step.on(boxes[0], "mild"), lambda outcome: isinstance(outcome, Decision)
            )
            yield Shown(
                property="mitigation_counts",
                verdict="refuted" if witness is not None else "not_proved",
                place=fact.cell.place,
                zh=f"从轻的事实“{fact.name}”在这里不起作用：{texts[0]}",
                en=f"the mitigating fact `{fact.name}` changes nothing here: {texts[0]}",
                about=fact.name,
                region=tuple(texts),
                witness=witness,
                warning=True,
            )

    def swallowed(self, step: Step) -> Iterator[Shown]:
        """Show a case in which a yes changes conditions and nothing that is imposed: a cap or a limit swallows it.

        One case of each row is tried, and it with each figure at either end of its domain: where limits bite.
        """
        rows, fact = self.rows, step.fact
        search = Witnesses(rows.rulebook, rows.normal)
        for box in rows.regions_of_rows():
            part = box.narrowed(fact.name, step.mild) if fact.name in box.parts else box
            first = search.find(part, lambda outcome: isinstance(outcome, Decision))
            for case in () if first is None else (first, *self.at_ends(search, first)):
                yes, no = (search.again(case, fact.name, answer) for answer in (True, False))
                if yes is None or no is None or not _fined_the_same(yes, no):
                    continue
                yield Shown(
                    property="mitigation_counts",
                    verdict="refuted",
                    place=fact.cell.place,
                    zh=f"从轻的事实“{fact.name}”在这个案件里不起作用：填“是”填“否”，处理都一样",
                    en=f"the mitigating fact `{fact.name}` changes nothing in this case: yes and no impose the same",
                    about=fact.name,
                    witness=yes,
                    warning=True,
                )
                return

    def at_ends(self, search: Witnesses, case: Witness) -> Iterator[Witness]:
        """Yield a case again with each of its figures at either end of its domain."""
        rule = self.rows.rule
        for name in dict(case.facts):
            each = rule.by_name[name]
            for value in (each.high - each.high_open, each.low + each.low_open) if each.numeric else ():
                other = search.again(case, name, value)
                if other is not None:
                    yield other


def _fined_the_same(one: Witness, other: Witness) -> bool:
    """Say whether two cases end in decisions that fine and impose the same, whatever their tiers are called."""
    mine, theirs = one.outcome, other.outcome
    if not (isinstance(mine, Decision) and isinstance(theirs, Decision)):
        return False
    return mine.measures == theirs.measures and any(isinstance(each.measure, Fine) for each in mine.measures)
