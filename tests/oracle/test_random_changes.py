"""What is said of two versions of a rule holds for every case: random rule files, and one figure of them changed."""

import json
import re
from collections.abc import Iterator
from typing import Any

from hypothesis import HealthCheck, Phase, assume, event, given, settings
from hypothesis import strategies as st

from engine import Decision, Outcome, decide
from engine.compare import compare, meaning
from engine.differing import outcomes_differ
from engine.lighter import is_lighter_than
from tests.oracle.kit import sent
from tests.oracle.naive import Oracle
from tests.oracle.random_rules import Files, rule_files
from tests.oracle.test_random_rules import loaded, situations

EXAMPLES = 15
CASES = 40
FIGURE = re.compile(r"[0-9]+(?:\.[0-9]+)?")
# What the figures of a rule stand under.
WHERE = ("裁量表", "计算", "法定幅度", "移档", "调整", "档内取值", "不予处罚", "前提", "取整")


def places(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield where a text with a figure stands in a rule file."""
    if isinstance(node, str) and FIGURE.search(node):
        yield path
    elif isinstance(node, dict):
        for key, value in node.items():
            if key in WHERE if not path else key not in ("原文", "名"):
                yield from places(value, (*path, key))
    elif isinstance(node, list):
        for number, value in enumerate(node):
            yield from places(value, (*path, number))


@st.composite
def changed(draw: st.DrawFn, files: Files) -> Files:
    """Draw the files with one figure of one of them changed."""
    all_places = [(path, where) for path, text in sorted(files.texts.items()) for where in places(json.loads(text))]
    path, where = draw(st.sampled_from(all_places))
    content = json.loads(files.texts[path])
    inner = content
    for key in where[:-1]:
        inner = inner[key]
    text = inner[where[-1]]
    found = draw(st.sampled_from(list(FIGURE.finditer(text))))
    figure = draw(st.sampled_from(["0", "1", "2", "2.5", "3", "5", "8", "10", "50", "100", "300", "1000", "3000"]))
    inner[where[-1]] = text[: found.start()] + figure + text[found.end() :]
    event(str(where[0]))
    return Files({**files.texts, path: json.dumps(content, ensure_ascii=False)})


@settings(
    deadline=None,
    max_examples=EXAMPLES,
    derandomize=True,
    phases=(Phase.generate,),
    suppress_health_check=list(HealthCheck),
)
@given(files=rule_files(), data=st.data())
def test_what_is_said_of_a_change_holds_for_every_case(files: Files, data: st.DataObject) -> None:
    old = loaded(files)
    assume(old)
    new = loaded(data.draw(changed(files)))
    assume(new)
    assert old is not None
    assert new is not None
    before, after = old.versions["T-1"][-1], new.versions["T-1"][-1]

    found = compare(old, before, new, after)

    said = (found.same, found.never_heavier, found.never_lighter)
    event(f"same, never heavier, never lighter: {said}")
    # Only what is called proved can be broken by a case.
    assume("proved" in said and meaning(before) != meaning(after))
    oracle = Oracle(files.texts)
    for _ in range(CASES):
        on, decided, facts = data.draw(situations(oracle.items["T-1"]))
        if not (before.validity.holds_on(on) and after.validity.holds_on(on)):
            continue
        given_facts = sent(oracle.items["T-1"], facts)
        one, two = (decide(book, "T-1", on, given_facts, decided=decided) for book in (old, new))
        told = (on, decided, given_facts, one, two)
        assert not (outcomes_differ(one, two) and found.same == "proved"), told
        assert not (lighter(one, two) and found.never_heavier == "proved"), (said, told)
        assert not (lighter(two, one) and found.never_lighter == "proved"), (said, told)
        if outcomes_differ(one, two):
            event("a case differs")


def lighter(one: Outcome, other: Outcome) -> bool:
    return isinstance(one, Decision) and isinstance(other, Decision) and is_lighter_than(one, other)
