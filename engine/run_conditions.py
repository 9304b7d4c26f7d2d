"""Conditions as functions of a scope: true, false, or `Missing`, the facts they still hang on."""

import operator
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any as Anything

from engine.arithmetic import Undefined
from engine.plain import among, passes
from engine.scope import Missing, Run, Scope, both, constant, foremost, run_of, runs
from engine.tree import COMPARE, All, Always, Any, Compare, Each, Is, Named, Not, OneOf, Relation, ways_of


@runs(Is)
def _is(condition: Is) -> Run:
    name = condition.fact

    def run(scope: Scope) -> bool | Missing:
        answer: Anything = scope.values.get(name)
        if answer is None:
            answer = scope.value(name) if isinstance(scope.declared(name), Named) else scope.raw(name)
            if type(answer) is Missing:
                return answer
        return answer is True

    return run


@runs(Compare)
def _compare(condition: Compare) -> Run:
    return _test(condition.fact, COMPARE[condition.op], condition.value)


@runs(OneOf)
def _one_of(condition: OneOf) -> Run:
    choices = condition.choices
    return (
        _test(condition.fact, operator.eq, choices[0]) if len(choices) == 1 else _test(condition.fact, among, choices)
    )


def _test(name: str, test: Callable[[Anything, Anything], bool], against: Anything) -> Run:
    def run(scope: Scope) -> bool | Missing:
        given: Anything = scope.values.get(name)
        if given is None:
            given = scope.raw(name)
            if type(given) is Missing:
                return given
        return test(given, against)

    return run


@runs(Relation)
def _relation(condition: Relation) -> Run:
    left, right, compare = run_of(condition.left), run_of(condition.right), COMPARE[condition.op]
    first, second = constant(condition.left), constant(condition.right)

    def run(scope: Scope) -> bool | Missing:
        one = left(scope) if first is None else first
        other = right(scope) if second is None else second
        if type(one) is Missing or type(other) is Missing:
            return both(one, other)
        return compare(one, other)

    return run


@runs(Not)
def _not(condition: Not) -> Run:
    part = run_of(condition.part)

    def run(scope: Scope) -> bool | Missing:
        holds: bool | Missing = part(scope)
        return holds if type(holds) is Missing else not holds

    return run


@runs(All)
def _all(condition: All) -> Run:
    return _joined(condition, False)


@runs(Any)
def _any(condition: Any) -> Run:
    return _joined(condition, True)


def _joined(condition: All | Any, settles: bool) -> Run:
    ways, settled = condition.ways, _settled(tuple(map(run_of, condition.parts)), settles)
    if not ways:
        return settled

    def run(scope: Scope) -> bool | Missing:
        holds = passes(ways, scope.values)
        return settled(scope) if holds is None else holds

    return run


@runs(Each)
def _each(condition: Each) -> Run:
    name, where, settles = condition.records, run_of(condition.where), condition.which == "any"
    ways = ways_of(condition.where)

    def run(scope: Scope) -> bool | Missing:
        records: Anything = scope.values.get(name)
        if ways and records is not None:
            # At a glance, where the records themselves say all that is asked.
            for record in records:
                holds = passes(ways, record)
                if holds is settles:
                    return settles
                if holds is None:
                    break
            else:
                return not settles
        scopes = scope.each_of(name)
        if type(scopes) is Missing:
            return scopes
        return _settled([partial(_in, where, inner) for inner in scopes], settles)(scope)  # type: ignore[no-any-return]

    return run


def _in(where: Run, inner: Scope, _outer: Scope) -> bool | Missing:
    return where(inner)  # type: ignore[no-any-return]


@runs(Always)
def _always(_condition: Always) -> Run:
    return lambda _scope: True


def _settled(parts: Sequence[Run], settles: bool) -> Run:
    """Join parts, in whatever order they are written: one that settles wins, then what is missing, then no value."""

    def run(scope: Scope) -> bool | Missing:
        missing: tuple[str, ...] = ()
        undefined: list[Undefined] | None = None
        for part in parts:
            try:
                holds: bool | Missing = part(scope)
            except Undefined as none:
                undefined = [*(undefined or ()), none]
                continue
            if holds is settles:
                return settles
            if holds is not True and holds is not False:
                missing += holds
        if missing:
            return Missing(missing)
        if undefined:
            raise foremost(undefined)
        return not settles

    return run
