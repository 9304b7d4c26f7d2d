"""What is asked of the second opinion, where the proof by cells of a rule is too wide to be finished.

The opinion is handed in (`engine.second_opinion.opinion` is one, and needs z3); nothing here knows how it answers.
Where it says that nothing is there, the property is proved; a point that it names is decided by the engine before it is
shown; where it gives up, the property stays not proved.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Literal, Protocol

from engine.decision import Refusal
from engine.fact import Place
from engine.proof import Property, Shown
from engine.prove_rows import Rows, refused_as, undecided_tiers
from engine.region import Axis, Box, Part, Range
from engine.rule import Row, Rule
from engine.tree import Formula, Named
from engine.witness import Check, Witness, Witnesses

ASKED: tuple[Property, ...] = ("complete", "unambiguous", "reachable", "defined")


class Answer(Protocol):
    """Whether what was asked for is somewhere (at `point`, facts on their own grids), nowhere, or unknown."""

    @property
    def where(self) -> Literal["somewhere", "nowhere", "unknown"]: ...

    @property
    def point(self) -> Mapping[str, bool | int | str]: ...


class Opinion(Protocol):
    """Questions about one rule; `engine.second_opinion` says what each asks."""

    def gap(self) -> Answer: ...

    def overlap(self, one: Row, other: Row, *without: Row) -> Answer: ...

    def reach(self, row: Row) -> Answer: ...

    def without_a_line(self, named: Named) -> Answer: ...


# Who has an opinion of a rule. It is handed to other processes: a function of a module.
Ask = Callable[[Rule], Opinion]


@dataclass(slots=True)
class Asked:
    """One rule and what is asked about it."""

    rows: Rows
    opinion: Opinion

    @property
    def rule(self) -> Rule:
        return self.rows.rule

    def findings(self, prop: Property) -> Iterator[Shown]:
        """Ask for all that would refute a property; nothing found proves it."""
        match prop:
            case "complete":
                yield from self.complete()
            case "unambiguous":
                yield from self.unambiguous()
            case "reachable":
                yield from self.reachable()
            case _:
                yield from self.defined()

    def complete(self) -> Iterator[Shown]:
        yield from self.told(
            "complete", self.opinion.gap(), self.rule.top, refused_as("no_tier"),
            "没有一档管这样的案件", "no tier covers this case",
        )  # fmt: skip

    def unambiguous(self) -> Iterator[Shown]:
        rows, rule = self.rows, self.rule
        for one, other in combinations(rule.rows, 2):
            if (one.measures, one.range_name) == (other.measures, other.range_name):
                continue
            if rows.outweighs(one, other) or rows.outweighs(other, one):
                continue
            above = [each for each in rule.rows if rows.outweighs(each, one) and rows.outweighs(each, other)]
            yield from self.told(
                "unambiguous", self.opinion.overlap(one, other, *above), other.when_cell.place, undecided_tiers,
                f"“{one.tier}”和“{other.tier}”同时成立，不知适用哪一档",
                f"`{one.tier}` and `{other.tier}` both hold and nothing decides", tier=other.tier,
            )  # fmt: skip

    def reachable(self) -> Iterator[Shown]:
        rule = self.rule
        moved = any(move.move.tiers for move in rule.conventions.moves)
        for row in (*rule.no_penalty, *rule.rows):
            where = self.opinion.reach(row).where
            if where == "somewhere":
                continue
            idle = where == "nowhere" and not (moved and row in rule.rows)
            yield Shown(
                property="reachable", verdict="refuted" if idle else "not_proved", place=row.when_cell.place,
                zh=f"没有案件用得到“{row.tier}”（z3）" if idle else f"没有找到用得到“{row.tier}”的案件",
                en=f"no case comes to `{row.tier}` (z3)" if idle else f"no case was found that comes to `{row.tier}`",
                tier=row.tier, warning=True,
            )  # fmt: skip

    def defined(self) -> Iterator[Shown]:
        def check(outcome: object) -> bool:
            return isinstance(outcome, Refusal) and outcome.code in ("no_line", "several_lines")

        for named in self.rule.values:
            if not isinstance(named.how, Formula):
                yield from self.told(
                    "defined", self.opinion.without_a_line(named), named.cell.place, check,
                    f"“{named.name}”没有一行管到，或者有几行同时成立", f"`{named.name}` has no line, or several",
                    about=named.name,
                )  # fmt: skip

    def told(
        self,
        prop: Property,
        answer: Answer,
        place: Place,
        check: Check,
        zh: str,
        en: str,
        *,
        tier: str = "",
        about: str = "",
    ) -> Iterator[Shown]:
        """Show what was found by a case of the engine; say what stays open."""
        if answer.where == "nowhere":
            return
        case = self.case(answer) if answer.where == "somewhere" else None
        if case is not None and check(case.outcome):
            zh, en = f"{zh}（z3 找到的案件）", f"{en} (a case found by z3)"
        else:
            case = None
            zh, en = f"{zh}？情形组合太多，z3 也没有算出", f"{en}? too wide for the search, and z3 did not settle it"
        yield Shown(
            property=prop, verdict="not_proved" if case is None else "refuted", place=place, zh=zh, en=en,
            tier=tier, about=about, witness=case,
        )  # fmt: skip

    def case(self, answer: Answer) -> Witness | None:
        """Decide at a point that was named; facts it does not speak of are answered as they are asked for."""
        normal = self.rows.normal
        values: dict[Axis, object] = {}
        parts: dict[Axis, Part] = {}
        for name, value in answer.point.items():
            if name in normal.domain:
                plain = isinstance(value, int) and not isinstance(value, bool)
                values[name] = value
                parts[name] = Range(int(value), int(value)) if plain else frozenset({value})
        return Witnesses(self.rows.rulebook, normal).case(values, {}, Box(parts))
