"""z3 as the second opinion on the proof by cells, and every point of small rules as the judge of both."""

from collections.abc import Iterable
from itertools import combinations

from hypothesis import HealthCheck, Phase, given, settings

from engine.prove_rows import Rows
from engine.region import Form, both, merged
from engine.second_opinion import Answer, SecondOpinion
from engine.tree import Condition
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
        assert within - self.odd == points - self.odd
        assert points <= within
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


@settings(deadline=None, max_examples=150, derandomize=True, phases=PHASES, suppress_health_check=list(HealthCheck))
@given(judged(computing=False))
def test_on_random_conditions_cells_z3_and_every_point_agree(small: Judged) -> None:
    compare(small)


@settings(deadline=None, max_examples=150, derandomize=True, phases=PHASES, suppress_health_check=list(HealthCheck))
@given(judged(computing=True))
def test_with_tables_branches_and_bands_too(small: Judged) -> None:
    compare(small)
