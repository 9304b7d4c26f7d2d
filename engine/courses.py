"""How the cases of a rule can go: which conditions decide, which row they lead to, and what follows it."""

from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from engine.cuts import Sites, sites_of
from engine.evaluate import Scope
from engine.fact import Fact
from engine.heavier import as_heavy, lacks_of, outweighs
from engine.measures import Bracket, Fine, InTier
from engine.prove_rows import Rows
from engine.region import Form, Part, Range, both, either
from engine.rule import Row, Rule
from engine.settled import steps_of
from engine.tree import Expr, Money, Number, names_in
from engine.weights import Late, Weights, blocked, late

_OTHER = "not_this_violation"


class Course(NamedTuple):
    """How a case goes in a settled region: a row and what follows it, nothing imposed, refused, or still to be seen."""

    kind: Literal["row", "spared", "refused", "open"]
    row: Row | None = None
    late: Late | None = None


@dataclass(slots=True)
class Courses:
    """The courses of one rule; `weights` compares its rows, `constant` says whether every fine of it is a constant."""

    rows: Rows
    weights: Weights = field(init=False)
    constant: bool = field(init=False)
    sites: Sites = field(init=False)
    # What brings a fact to a turn, by its name.
    steps: dict[str, tuple[list[tuple[Part, Part]], list[Range]]] = field(default_factory=dict)
    known: dict[tuple[bool, ...], Course] = field(default_factory=dict)
    written: list[tuple[Form, Form]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.weights = Weights(self.rows.rule)
        self.constant = _constant(self.rows.rule)
        self.sites = sites_of(self.rows.rule)

    def directed(self) -> list[Fact]:
        """List the facts that a rule asks for and says a direction of."""
        rule = self.rows.rule
        return [fact for fact in rule.facts if fact.direction != "neither" and fact.name in rule.asks]

    def turns(self, fact: Fact) -> tuple[list[tuple[Part, Part]], list[Range]]:
        """Find where a fact turns a condition, or what an amount looks up (see `steps_of`)."""
        if fact.name not in self.steps:
            looked_up = {low for records, cut, low, _place in self.sites.cuts if not records and cut.name == fact.name}
            forms = [form for pair in self.forms() for form in pair]
            self.steps[fact.name] = steps_of(self.rows.normal, fact, forms, looked_up)
        return self.steps[fact.name]

    def forms(self) -> list[tuple[Form, Form]]:
        """Return every condition that decides a case, with its contrary, in the order of a decision."""
        if not self.written:
            rule, normal = self.rows.rule, self.rows.normal
            how = rule.conventions
            self.written = [
                (normal.form(when), normal.form(when, False))
                for when in (
                    *(row.when for row in rule.no_penalty), *(each.when for each in rule.preconditions),
                    *(row.when for row in rule.rows), *(each.when for each in how.moves),
                    *(each.when for each in self.placing), *(each.when for each in how.adjustments),
                ) if when is not None
            ]  # fmt: skip
        return self.written

    @property
    def placing(self) -> list[InTier]:
        """List the in-tier rules that have a condition."""
        return [each for each in self.rows.rule.conventions.in_tier if each.when is not None]

    def course(self, answers: tuple[bool, ...]) -> Course:
        """Say how a case goes where these conditions hold (in the order of `forms`)."""
        if answers not in self.known:
            self.known[answers] = self.gone(answers)
        return self.known[answers]

    def gone(self, answers: tuple[bool, ...]) -> Course:
        rule, how = self.rows.rule, self.rows.rule.conventions
        told = iter(answers)
        spared = [row for row in rule.no_penalty if next(told)]
        unmet = [each for each in rule.preconditions if not next(told)]
        held = [row for row in rule.rows if next(told)]
        moves = [each for each in how.moves if next(told)]
        placed = [each for each in self.placing if next(told)]
        adjusted = [each for each in how.adjustments if next(told)]
        if spared:
            return Course("spared")
        if unmet:
            otherwise = unmet[0].otherwise
            return Course("spared" if otherwise == "order_to_correct" else "refused" if otherwise == _OTHER else "open")
        if not held:
            return Course("refused")
        row = self.heaviest(held)
        if row is None:
            none_can = self.constant or all(any(self.falls_short(one, other) for other in held) for one in held)
            return Course("refused" if none_can else "open")
        if blocked(row):
            return Course("refused")
        always = next((each for each in how.in_tier if each.when is None), None)
        after = late(moves, placed[0] if placed else always, adjusted)
        if after is None or len(placed) > 1 or (how.in_tier and not placed and always is None):
            brackets = any(isinstance(each, Fine) and isinstance(each.amount, Bracket) for each in row.measures)
            return Course("refused" if after is None or (brackets and not after.end and not after.tiers) else "open")
        return Course("row", row, after)

    def heaviest(self, held: list[Row]) -> Row | None:
        """Return the row that decides where these hold; None where its shape does not say."""
        rule = self.rows.rule
        scope = Scope({}, rule.by_name, rule.named, rule.lists)
        if all(as_heavy(rule, held[0], each, scope) for each in held[1:]):
            return min(held, key=lambda each: each.tier)
        for row in held:
            if all(as_heavy(rule, row, each, scope) or outweighs(rule, row, each, scope) for each in held):
                return row
        if rule.regime.tie != "heavier" or any(move.move.tiers for move in rule.conventions.moves):
            # Of two that come to the same on some facts either may be the one, and a tier move starts from it.
            return None
        for row in held:
            if all(self.weights.covers(row, each) for each in held if each is not row):
                return row
        return None

    def falls_short(self, row: Row, other: Row) -> bool:
        """Say whether a row lacks what another imposes, whatever the facts are; where every one does, none decides."""
        return bool(row.measures and other.measures) and (
            lacks_of(row, other) or "below" in self.weights.orders(row, other)
        )

    def reads(self, row: Row, fact: Fact) -> bool:
        """Say whether an amount of a row is computed from a fact."""
        rule = self.rows.rule
        return fact.name in rule.names_behind(name for _measure, expr in row.computed for name in names_in(expr))

    def winning(self, row: Row) -> Form:
        """Say where a row holds and no row that is surely the heavier does, where the heavier wins."""
        rows, rule = self.rows, self.rows.rule
        heavier = [each for each in rule.rows if each is not row and self.weights.surely_lighter(row, each)]
        over = [rows.fails[id(each)] for each in heavier if rule.regime.tie == "heavier"]
        return both([rows.holds[id(row)], *over])

    def spared(self) -> Form:
        """Say where nothing is imposed: a ground of no penalty holds, or a precondition fails."""
        normal, rule = self.rows.normal, self.rows.rule
        unmet = [normal.form(each.when, False) for each in rule.preconditions if each.otherwise != "not_this_violation"]
        return either([*(normal.form(row.when) for row in rule.no_penalty), *unmet])

    def late_names(self) -> list[str]:
        how = self.rows.rule.conventions
        late = [name for move in how.moves for name in move.reads]
        late += [name for each in how.adjustments for name in each.reads]
        return late + [name for each in how.in_tier for name in each.reads]


def _constant(rule: Rule) -> bool:
    found: list[Expr | None] = [
        expr for row in rule.rows for measure, expr in row.computed if isinstance(measure, Fine)
    ]
    found += [end for each in rule.ranges for end in (each.low, each.high)]
    changes = [each.change for each in rule.conventions.adjustments]
    found += [end for each in changes for end in (each.by, each.to, each.floor, each.cap)]
    return all(each is None or isinstance(each, Money | Number) for each in found)
