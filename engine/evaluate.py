"""What a condition and an expression are on given facts: exact, and honest about facts that are missing.

A condition is true, false, or `Missing`: the facts it still hangs on (Kleene's three values). An expression is an exact
number, an amount in fen, a day, or `Missing`. Named values are worked out once, on first use.
"""

from typing import Any as Anything

# The first of the two is imported for what it declares: how a condition runs.
import engine.run_conditions  # noqa: F401
from engine.run_values import line_of
from engine.scope import Missing, Scope, run_of
from engine.tree import Condition, Expr


def evaluate(condition: Condition, scope: Scope) -> bool | Missing:
    """Evaluate in Kleene's three values: Missing where a missing fact still decides."""
    return run_of(condition)(scope)  # type: ignore[no-any-return]


def compute(expr: Expr, scope: Scope) -> Anything:
    """Compute exactly: a number, fen, or a day; Missing where a fact is; raise Undefined where there is no value."""
    return run_of(expr)(scope)


__all__ = ["Missing", "Scope", "compute", "evaluate", "line_of", "run_of"]
