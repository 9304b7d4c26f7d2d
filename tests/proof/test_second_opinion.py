"""z3 as the second opinion on the proof by cells: on every shipped rule, and on small ones judged by every point."""

from collections import defaultdict
from collections.abc import Iterable
from itertools import combinations

from hypothesis import HealthCheck, Phase, given, settings

from engine import Outcome
from engine.proof import Shown
from engine.prove_rows import BUDGET, Rows
from engine.region import Form, both, merged
from engine.rule import Row, Rule
from engine.second_opinion import Answer, SecondOpinion
from engine.tree import Condition
from engine.witness import Witnesses
from tests.engine.kit import shipped
from tests.proof.kit import Judged, Point, Value, judged, plain

# A whole rule shrinks for minutes; the first one that differs says enough.
PHASES = (Phase.generate,)


Key = tuple[Value, ...]


class Three:
    """One rule judged three ways: by cells, by z3, and by every point."""

    def __init__(self, small: Judged) -> None:
        self.small = small
        self.rule = small.rule
        self.cells = Rows(small.rulebook, small.rule)
        self.z3 = SecondOpinion(small.rule)
        self.all = [self.key(point) for point in small.points()]
        conditions = [row.when for row in (*self.rule.no_penalty, *self.rule.rows)]
        conditions += [each.when for each in self.rule.preconditions]
        self.truths = {id(when): {self.key(p): small.truth(when, p) for p in small.points()} for when in conditions}
        # Where some condition has no value, the cells may say more than the engine, which reads from left to right.
        self.odd = {key for key in self.all if any(found[key] is None for found in self.truths.values())}
        self.named = {key: dict(zip(small.facts, key, strict=True)) for key in self.all}

    def key(self, point: Point) -> Key:
        return tuple(point[name] for name in self.small.facts)

    def where(self, *wanted: tuple[Condition, bool]) -> set[Key]:
        """Find the points at which conditions hold, or fail."""
        return {key for key in self.all if all(self.truths[id(when)][key] is value for when, value in wanted)}

    def reached(self) -> list[tuple[Condition, bool]]:
        grounds = [(row.when, False) for row in self.rule.no_penalty]
        return [*grounds, *((each.when, True) for each in self.rule.preconditions)]

    def agree(self, points: set[Key], forms: Iterable[Form], answer: Answer) -> None:
        boxes = self.cells.boxes(both(forms))
        covered = [[key for key in self.all if self.small.inside(box, self.named[key])] for box in boxes]
        within = {key for keys in covered for key in keys}
        # What settles a condition does so whatever else has no value; a region cannot say on which side that lies.
        neither = {key for key in self.all if any(self.small.valueless(box, self.named[key]) for box in boxes)}
        assert within - self.odd - neither == points - self.odd - neither
        assert points - neither <= within
        assert sum(map(len, covered)) == len(within), "the regions overlap"
        assert all(keys for keys, box in zip(covered, boxes, strict=True) if plain(box)), "a region without a point"
        told = {
            key
            for box in merged(boxes, self.cells.normal.grains)
            for key in self.all
            if self.small.inside(box, self.named[key])
        }
        assert told == within, "joining regions changed what they hold"
        assert answer.where == "unknown" or (answer.where == "somewhere") == bool(points)
        if answer.where == "somewhere":
            free = [name for name in self.small.facts if name not in answer.point]
            found = {key for key in self.all if all(self.named[key][n] == v for n, v in answer.point.items())}
            assert found <= points, free


def compare(small: Judged) -> None:
    three = Three(small)
    cells, rows = three.cells, small.rule.rows
    reached = three.reached()
    gap = three.where(*reached, *((row.when, False) for row in rows))
    three.agree(gap, [cells.reached, *cells.fails.values()], three.z3.gap())
    for one, other in combinations(rows, 2):
        points = three.where(*reached, (one.when, True), (other.when, True))
        three.agree(points, [cells.reached, cells.holds[id(one)], cells.holds[id(other)]], three.z3.overlap(one, other))


@settings(deadline=None, max_examples=100, derandomize=True, phases=PHASES, suppress_health_check=list(HealthCheck))
@given(judged(computing=False))
def test_on_random_conditions_cells_z3_and_every_point_agree(small: Judged) -> None:
    compare(small)


@settings(deadline=None, max_examples=100, derandomize=True, phases=PHASES, suppress_health_check=list(HealthCheck))
@given(judged(computing=True))
def test_with_tables_branches_and_bands_too(small: Judged) -> None:
    compare(small)


# Lists of records are guesses to z3, and a case with records is not looked for by the proof by cells.
WITH_RECORDS = {"JMHJ-11-1", "JMHJ-2-6", "JMHJ-2-8", "JMHJ-3-3"}
# So are the years from one day to another.
WITH_YEARS = {"LYCG-001"}


def said(found: Iterable[Shown]) -> str:
    """Sum up findings as an answer of the second opinion; what the file marks itself is left out of both."""
    verdicts = {each.verdict for each in found if not each.known}
    return "somewhere" if "refuted" in verdicts else "unknown" if verdicts else "nowhere"


def together(rows: Rows, one: Row, other: Row) -> str:
    """Say where two rows hold by cells: a region of facts alone has a point, of another a case has to be found."""
    both_hold = [(row.tier, row.when_cell.place) for row in (one, other)]

    def shown(outcome: Outcome) -> bool:
        return {(step.name, step.at) for step in outcome.trace if step.kind == "tier" and step.holds}.issuperset(
            both_hold
        )

    found = "nowhere"
    for box in rows.normal.search(BUDGET).boxes(both([rows.reached, rows.holds[id(one)], rows.holds[id(other)]])):
        search = Witnesses(rows.rulebook, rows.normal)
        if plain(box) or search.find(box, shown) is not None:
            return "somewhere"
        found = found if search.empty else "unknown"
    return found


class Ledger:
    """What was compared, and where one of the two did not know."""

    def __init__(self) -> None:
        self.compared = 0
        self.unknown: dict[str, set[str]] = defaultdict(set)

    def enter(self, prop: str, rule: Rule, cells: str, answer: Answer) -> None:
        self.compared += 1
        if "unknown" in (cells, answer.where):
            self.unknown[prop].add(rule.code)
        else:
            assert cells == answer.where, (prop, rule.code, rule.file, answer.point)


def test_on_every_shipped_rule_cells_and_z3_say_the_same() -> None:
    book, ledger = shipped(), Ledger()
    for rule in book.every_rule():
        rows, z3 = Rows(book, rule), SecondOpinion(rule)
        for one, other in combinations(rule.rows, 2):
            ledger.enter("overlap", rule, together(rows, one, other), z3.overlap(one, other))
        if rows.unpublished is not None:
            # Nothing gets as far as the rows, and nothing is asked of them.
            continue
        ledger.enter("gap", rule, said(rows.complete()), z3.gap())
        idle = {each.place: each for each in rows.reachable()}
        for row in (*rule.no_penalty, *rule.rows):
            shown = idle.get(row.when_cell.place)
            cells = "somewhere" if shown is None else "nowhere" if shown.verdict == "refuted" else "unknown"
            ledger.enter("reach", rule, cells, z3.reach(row))
        wrong = list(rows.defined())
        for named in rule.values:
            here = [each for each in wrong if each.place == named.cell.place]
            ledger.enter("line", rule, said(here), z3.without_a_line(named))

    assert ledger.compared > 10_000
    assert ledger.unknown == {"gap": WITH_RECORDS, "reach": WITH_RECORDS | WITH_YEARS, "overlap": WITH_RECORDS}
