"""How the cases of a rule can end, and where they end so: a row decides, or none does and why.

Endings may overlap: where several rows hold, each of them that another does not surely outweigh may be the one.
"""

from collections.abc import Iterator
from typing import NamedTuple

from engine.changed import partial
from engine.heavier import lacks_of
from engine.prove_rows import Rows
from engine.region import Form, both, either
from engine.rule import Row, Rule
from engine.tree import Condition, Expr, names_in
from engine.weights import Weights


class Ending(NamedTuple):
    """One way a case can end, and where it does: `row`, `spared`, `unmet` (a precondition), or `gap` (no row holds)."""

    kind: str
    row: Row | None
    form: Form


def endings(rows: Rows) -> Iterator[Ending]:
    """Yield how the cases of a rule can end; together they are everywhere."""
    rule, weights = rows.rule, Weights(rows.rule)
    for row in rule.rows:
        heavier = [each for each in rule.rows if each is not row and _surely_outweighs(weights, each, row)]
        lost = both(rows.fails[id(each)] for each in heavier) if rule.regime.tie == "heavier" else True
        # A row that cannot be weighed loses to none.
        here = True if lost is True else either([lost, _valueless(rows, row)])
        yield Ending("row", row, both([rows.reached, rows.holds[id(row)], here]))
    spared = either(rows.normal.form(row.when) for row in rule.no_penalty)
    punishable = [rows.normal.form(row.when, False) for row in rule.no_penalty]
    unmet = either(rows.normal.form(each.when, False) for each in rule.preconditions)
    yield Ending("spared", None, spared)
    yield Ending("unmet", None, both([*punishable, unmet]))
    yield Ending("gap", None, both([rows.reached, *(rows.fails[id(row)] for row in rule.rows)]))


def without_row(kind: str, rule: Rule) -> list[object]:
    """List what can come out where no row decides; where it is one thing, whatever the conditions are."""
    match kind:
        case "spared":
            found: list[tuple[object, Condition]] = [(each.measures, each.when) for each in rule.no_penalty]
            after = rule.regime.when_not_penalised
        case "unmet":
            found = [((each.otherwise, each.measures), each.when) for each in rule.preconditions]
            after = rule.regime.always
        case _:
            return [(each.kind, each.when) for each in rule.defects if each.when is not None]
    several = len({measures for measures, _when in found}) > 1
    return [after, found if several else found[0][0] if found else ()]


def limits(rule: Rule, row: Row) -> list[tuple[Expr | None, Expr | None]]:
    """List the statutory ends of a row's fines, by who pays."""
    found = [rule.range_for(row, payer) for payer in row.payers]
    return [(each.low, each.high) for each in found]


def _surely_outweighs(weights: Weights, row: Row, other: Row) -> bool:
    """Say whether a row wins wherever another holds too and both can be weighed."""
    return weights.surely_lighter(other, row) and weights.covers(row, other) and not lacks_of(row, other)


def _valueless(rows: Rows, row: Row) -> Form:
    """Write where what a row imposes may have no value to weigh; anywhere, where that is not easily said."""
    rule, normal = rows.rule, rows.normal
    ends = [end for pair in limits(rule, row) for end in pair if end is not None]
    exprs = [*(expr for _measure, expr in row.computed), *ends]
    behind = rule.names_behind(name for expr in exprs for name in names_in(expr))
    named = [rule.named[name] for name in behind if name in rule.named]
    of_records = {each.name for records in rule.records for each in records.values}
    if not of_records.isdisjoint(behind) or any(partial(each) for each in (*exprs, *(one.how for one in named))):
        return True
    return either(form for one in named for form in (normal.missing(one), normal.doubled(one)))
