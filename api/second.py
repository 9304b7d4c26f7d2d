"""The second opinion on rules too wide for the proof by cells: z3, asked by `check` and `card` where it is installed.

It is the only module outside the engine that knows of it, and imports it when a rule first needs it: serving, deciding
and replaying stand below and cannot.
"""

from __future__ import annotations

from importlib.util import find_spec

from engine.asked import Ask, Opinion
from engine.rule import Rule

__all__ = ["second"]


def second() -> Ask | None:
    """Return whom to ask; None where z3 (the extra `prove`) is not installed."""
    return None if find_spec("z3") is None else _asked


def _asked(rule: Rule) -> Opinion:
    from engine.second_opinion import opinion  # noqa: PLC0415  # an optional package, and slow to import

    return opinion(rule)
