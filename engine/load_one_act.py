"""Reads the article on one act and one fine, and the comparison that is declared for it."""

from typing import Literal

from engine.errors import Complaints
from engine.load_regime import read_in_force
from engine.reading import Section
from engine.rule import Declared
from engine.rulebook import OneAct

ONE_ACT_KEYS = frozenset("language one_act name in_force basis quote compare declared remarks".split())

QUESTION = (
    "一个行为违反几项规定时，比较算得的罚款，还是比较法定最高罚款？",
    "when one act breaks several provisions, are the computed fines compared, or the statutory maxima?",
)


def read_one_act(top: Section, complaints: Complaints) -> OneAct:
    """Read the file; a comparison that is not declared is asked for, and so is the reason for it."""
    compare: Literal["computed", "statutory"] = (
        "statutory" if top.choice("compare", question=QUESTION) == "statutory" else "computed"
    )
    top.texts("remarks")
    return OneAct(
        code=top.text("one_act"),
        name=top.text("name"),
        validity=read_in_force(top, complaints),
        article=top.text("basis"),
        quote=top.text("quote"),
        compare=compare,
        declared=tuple(
            Declared(question=inner.text("question"), answer=inner.text("answer"), reason=inner.text("reason"))
            for inner in top.sections("declared", frozenset({"question", "answer", "reason"}))
        ),
        cell=top.cell("one_act"),
    )
