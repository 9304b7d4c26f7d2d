"""The base of every node of the tree."""

from collections.abc import Callable
from typing import Any as Anything


class Node:
    """What can be asked of facts: its function of a scope is made at first use and kept here (`engine.scope.run_of`).

    No field: copies, pickles and comparisons know nothing of it.
    """

    __slots__ = ("run",)
    run: Callable[[Anything], Anything]
