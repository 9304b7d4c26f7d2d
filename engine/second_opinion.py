"""What z3 says of the conditions of a rule: no gap, no overlap, no idle row, no missing line. A second opinion.

It answers what `engine.prove_rows` answers, from the same tree and by nothing else in common, and it is the judge of
that proof in the tests. Nothing that decides imports it. The effort of a question is counted in steps of z3 and not in
time, so that the same questions in the same order have the same answers.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

import z3

from engine.evaluate import Scope
from engine.heavier import outweighs
from engine.measures import Fine
from engine.rule import Row, Rule
from engine.tree import Condition, Named, names_in
from engine.z3_numbers import Term, Truth, every, no, some
from engine.z3_terms import Terms

STEPS = 4_000_000
# A whole rule may take so many; what is asked once they are spent is not known.
RULE_STEPS = 40_000_000

Point = Mapping[str, bool | int | str]


@dataclass(frozen=True, slots=True)
class Answer:
    """Whether what was asked for exists: at a point (facts on their own grids), nowhere, or nobody knows."""

    where: Literal["somewhere", "nowhere", "unknown"]
    point: Point = field(default_factory=dict)


def opinion(rule: Rule) -> "SecondOpinion":
    """Return the second opinion of a rule, within bounded steps."""
    return SecondOpinion(rule, most=RULE_STEPS)


@dataclass(slots=True)
class SecondOpinion:
    """Questions about one rule, each answered for all its facts at once; `most` bounds the steps of all of them."""

    rule: Rule
    steps: int = STEPS
    most: int | None = None
    terms: Terms = field(init=False)
    solver: Term = field(init=False)
    told: int = 0
    spent: int = 0
    # By the number of a term, which stays its own while the solver holds it.
    literals: dict[int, Term] = field(default_factory=dict)
    truths: dict[int, Truth] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.terms = Terms(self.rule)
        self.solver = z3.Solver(ctx=self.terms.context)
        self.solver.set("rlimit", self.steps)

    # --- what is asked

    def gap(self) -> Answer:
        """Find a case that the table is asked about, and that no row and no marked gap covers."""
        marked = [defect.when for defect in self.rule.defects if defect.when is not None]
        return self.ask(*self.unmet(), *(self.truth(when).fails for when in marked))

    def overlap(self, one: Row, other: Row, *without: Row) -> Answer:
        """Find a case in which both rows hold, whatever they impose, and none of some others does."""
        return self.ask(*self.reached(), self.holds(one), self.holds(other), *map(self.fails, without))

    def reach(self, row: Row) -> Answer:
        """Find a case that comes to a row: it holds, and no row that is heavier whatever the facts are holds too."""
        if row in self.rule.no_penalty:
            return self.ask(self.holds(row))
        scope = Scope({}, self.rule.by_name, self.rule.named, self.rule.lists)
        heavier = [each for each in self.rule.rows if outweighs(self.rule, each, row, scope)]
        return self.ask(*self.reached(), self.holds(row), *(self.fails(each) for each in heavier))

    def without_a_line(self, named: Named) -> Answer:
        """Find a case in which a value is wanted and has no line, or several."""
        wrong = some([self.terms.missing(named), self.terms.doubled(named)])
        if wrong is False:
            return Answer("nowhere")
        found = [self.ask(wrong, *region) for region in self.wanted(named)]
        return next((each for each in found if each.where != "nowhere"), Answer("nowhere"))

    # --- what the rule says

    def truth(self, condition: Condition) -> Truth:
        """Return where a condition holds and fails, written once."""
        if id(condition) not in self.truths:
            self.truths[id(condition)] = self.terms.truth(condition)
        return self.truths[id(condition)]

    def holds(self, row: Row) -> Term:
        return self.truth(row.when).holds

    def fails(self, row: Row) -> Term:
        return self.truth(row.when).fails

    def spared(self) -> list[Term]:
        """Say where no ground of no penalty holds."""
        return [self.fails(row) for row in self.rule.no_penalty]

    def reached(self) -> list[Term]:
        """Say where the tiers are looked at: no ground of no penalty, every precondition."""
        return [*self.spared(), *(self.truth(each.when).holds for each in self.rule.preconditions)]

    def unmet(self) -> list[Term]:
        """Say where the tiers are looked at and none holds."""
        return [*self.reached(), *map(self.fails, self.rule.rows)]

    def wanted(self, named: Named) -> Iterator[list[Term]]:
        """Yield where a named value may be worked out: in a condition, only where that then has no value."""
        rule = self.rule
        for row in rule.no_penalty:
            if self.rests(row.reads, named):
                yield [self.valueless(row.when)]
        region = self.spared()
        for each in rule.preconditions:
            if self.rests(each.reads, named):
                yield [*region, self.valueless(each.when)]
            region = [*region, self.truth(each.when).holds]
        for row in rule.rows:
            if self.rests(row.reads, named):
                yield [*region, self.valueless(row.when)]
        for defect in rule.defects:
            if defect.when is not None and self.rests(names_in(defect.when), named):
                yield [*self.unmet(), self.valueless(defect.when)]
        how = rule.conventions
        reads_of = [each.reads for each in how.moves] + [each.reads for each in how.adjustments]
        later = [name for reads in (*reads_of, *(each.reads for each in how.in_tier)) for name in reads]
        later += [name for each in rule.ranges for end in (each.low, each.high) if end for name in names_in(end)]
        moved = some(map(self.holds, rule.rows)) if any(move.move.tiers for move in how.moves) else False
        for row in rule.rows:
            reads = [name for _measure, expr in row.computed for name in names_in(expr)]
            fined = any(isinstance(measure, Fine) for measure in row.measures)
            if self.rests([*reads, *(later if fined else ())], named):
                # That it may stand in a branch which is not taken is not looked into here.
                yield [*self.reached(), some([self.holds(row), moved])]

    def rests(self, names: Iterable[str], named: Named) -> bool:
        return named.name in self.rule.names_behind(names)

    def valueless(self, condition: Condition) -> Term:
        """Say where a condition has no value; anywhere, where a guess could hide it."""
        truth = self.truth(condition)
        return True if self.terms.guesses else every([no(truth.holds), no(truth.fails)])

    # --- z3

    def ask(self, *parts: Term) -> Answer:
        """Ask whether all of these hold at some point of the facts."""
        if any(part is False for part in parts):
            return Answer("nowhere")
        if self.most is not None and self.spent >= self.most:
            return Answer("unknown")
        literals = [self.literal(part) for part in parts if part is not True]
        self.solver.add(*self.terms.sides[self.told :])
        self.told = len(self.terms.sides)
        said = self.solver.check(*literals)
        counted = self.solver.statistics()
        self.spent = counted.get_key_value("rlimit count") if "rlimit count" in counted.keys() else self.spent  # noqa: SIM118
        if said == z3.unsat:
            return Answer("nowhere")
        if said == z3.unknown or self.terms.guesses:
            return Answer("unknown")
        return Answer("somewhere", self.point(self.solver.model()))

    def literal(self, part: Term) -> Term:
        """Name a formula, once: the solver keeps what it has learnt about a name from question to question."""
        number = part.get_id()
        if number not in self.literals:
            self.literals[number] = z3.FreshBool("asked", self.terms.context)
            self.solver.add(self.literals[number] == part)
        return self.literals[number]

    def point(self, model: Term) -> Point:
        """Read the facts of a model that the rule reads: a choice by its name, a day by its number."""
        found: dict[str, bool | int | str] = {}
        for name, variable in self.terms.variables.items():
            value = model.eval(variable, model_completion=True)
            fact = self.rule.by_name.get(name)
            if fact is not None and fact.kind == "yes_no":
                found[name] = z3.is_true(value)
            elif fact is not None and fact.kind == "choice":
                found[name] = fact.choices[value.as_long()]
            else:
                found[name] = value.as_long()
        return found
