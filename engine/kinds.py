"""The kinds of records a list can hold: one record for each way in which the conditions on it can turn out.

Where every comparison inside a list is of a field with a constant, the records at the thresholds stand for all others:
what none of them can be, none is. They are also what a case is made of.
"""

from collections.abc import Iterable, Mapping
from itertools import product

from engine.arithmetic import Undefined
from engine.cuts import Sites
from engine.evaluate import Missing, Scope, evaluate
from engine.fact import Fact
from engine.given import Value
from engine.rule import Rule
from engine.tree import Condition, Each, Not, Records

# So many records are tried; a list with more of them is not looked into.
MOST = 2_000
Record = Mapping[str, Value]
# What is asked of a list: conditions of which some record must (or none may) meet.
Asked = Iterable[tuple[Condition, bool]]


class Kinds:
    """The kinds of records of one list; `known` says whether they are all there are."""

    def __init__(self, rule: Rule, sites: Sites, records: Records) -> None:
        self.rule, self.records = rule, records
        name = records.fact.name
        cuts = [(cut.fact.name, cut.low) for cut in sites.cuts if cut.records == name]
        values = [_values(each, [low for field, low in cuts if field == each.name]) for each in records.fields]
        many = 1
        for each in values:
            many *= len(each)
        self.known = all(values) and many <= MOST and not any(at == name for at, _relation, _place in sites.relations)
        names = [each.name for each in records.fields]
        self.every: list[Record] = (
            [dict(zip(names, each, strict=True)) for each in product(*values)] if self.known else []
        )
        self.scope = Scope({}, rule.by_name, rule.named, rule.lists)
        self.met: dict[Condition, list[bool | None]] = {}

    def meets(self, where: Condition) -> list[bool | None]:
        """Say of each kind whether it meets a condition; None where other facts decide too."""
        if where not in self.met:
            of = self.records
            found: list[bool | None] = []
            for record in self.every:
                try:
                    answer = evaluate(where, Scope(record, of.by_name, of.named, {}, outer=self.scope))
                except Undefined:
                    answer = Missing()
                found.append(None if isinstance(answer, Missing) else answer)
            self.met[where] = found
        return self.met[where]

    def list_of(self, asked: Asked, least: int, most: int, *, last: bool = False) -> list[Record] | None:
        """Return a list of so many records that some meet each condition, or none does; None: there is no such list.

        Where a condition hangs on other facts too, it is taken for met and for not met. Of records that will do, the
        first is taken, with the lowest figures; or the `last`.
        """
        wanted = [where for where, some in asked if some]
        barred = [where for where, some in asked if not some]
        allowed = [at for at in range(len(self.every)) if all(self.meets(where)[at] is not True for where in barred)]
        fitting = [[at for at in allowed if self.meets(where)[at] is not False] for where in wanted]
        if (not allowed and (least > 0 or wanted)) or not all(fitting) or (wanted and most < 1):
            return None
        together = set(allowed).intersection(*fitting) if wanted else set[int]()
        if wanted and not together and most < 2:
            return None
        pick = -1 if last else 0
        chosen = [sorted(together)[pick]] if together else list(dict.fromkeys(each[pick] for each in fitting))
        if len(chosen) > most > 1:
            # Fewer records could still meet all: which, is not looked for.
            chosen = chosen[:most]
        if len(chosen) < least:
            chosen += [chosen[0] if chosen else allowed[pick]] * (least - len(chosen))
        return [self.every[at] for at in chosen]


def some_record(axis: Each, met: bool) -> tuple[Condition, bool]:
    """Say of which condition some record must, or none may, where a condition over a list is met or not."""
    return (axis.where, met) if axis.which == "any" else (Not(part=axis.where), not met)


def _values(fact: Fact, lows: list[int]) -> list[Value]:
    match fact.kind:
        case "yes_no":
            return [False, True]
        case "choice":
            return list(fact.choices)
        case "integer" | "number" | "money":
            low, high = fact.low + fact.low_open, fact.high - fact.high_open
            return sorted({low, high, *(each for at in lows for each in (at, at + 1) if low <= each <= high)})
        case _:
            return []
