"""The proof card of a violation over HTTP: what holds for all its facts, and the cases that show what does not.

It is made when it is first asked for and kept for the life of the process, beside the penalty path and never in it. Its
cases are the engine's own choice: no caller can try facts here.
"""

from __future__ import annotations

from typing import Any, Literal

from fastapi import FastAPI
from pydantic import BaseModel, Field
from starlette.responses import Response

from api.answers import json, ok, problems
from api.models import InForce
from api.problems import NotFound
from cases.lawfiles import Law
from cases.proofs import Proofs
from engine.proof import Property, Verdict

__all__ = ["add_proof"]


class ProvedRegime(BaseModel):
    """The regime of a rule."""

    code: str
    name: str
    version: str
    file: str


class ProvedProperty(BaseModel):
    """One property: its verdict, and how the rule stands on it once what is known is set aside."""

    property: Property
    verdict: Verdict
    standing: Literal["refuted", "not_proved", "warning", "known", "proved", "not_asked"]
    zh: str
    en: str


class RefusedCase(BaseModel):
    """A case and the engine's answer."""

    on: str
    decided: str | None
    facts: dict[str, Any]
    tier: str | None
    zh: str
    en: str


class ShownCase(RefusedCase):
    """A case that shows a finding; `test_case` is its line for the rule file."""

    test_case: str | None


class Todo(BaseModel):
    """What can be done about a finding."""

    zh: str
    en: str


class ProofFinding(BaseModel):
    """One finding: where, how bad, why it is known, and the case that shows it."""

    property: Property
    level: Literal["refuted", "not_proved", "warning"]
    known: str | None = Field(description="the reason why it is to stay, from the rule file")
    file: str
    line: int
    column: int
    tier: str | None
    zh: str
    en: str
    region: list[str]
    case: ShownCase | None
    todo: Todo


class MarkedDefect(BaseModel):
    """A defect that the rule file marks, and a case that is refused by its name."""

    kind: str
    tier: str | None
    when: str | None
    note: str
    file: str
    line: int
    column: int
    case: RefusedCase | None


class AcknowledgedFinding(BaseModel):
    """What the rule file acknowledges, with its reason; `used` says whether there is such a finding."""

    property: Property
    tier: str
    about: str = Field(description="the fact or computed value it names, or nothing")
    reason: str
    file: str
    line: int
    column: int
    used: bool


class ProofCard(BaseModel):
    """The proof of one version of a rule, under the bytes and the meaning it was made of."""

    violation: str
    name: str
    regime: ProvedRegime
    in_force: InForce
    file: str
    digest: str
    meaning: int
    properties: list[ProvedProperty]
    findings: list[ProofFinding]
    defects: list[MarkedDefect]
    acknowledged: list[AcknowledgedFinding]


class ProofObject(BaseModel):
    """The cards of every version of a violation, the earliest first."""

    cards: list[ProofCard]


def add_proof(app: FastAPI, law: Law) -> None:
    """Add the route to an application."""
    rulebook = law.rulebook
    proofs = Proofs(rulebook)

    @app.get(
        "/v1/violations/{code}/proof",
        operation_id="read_proof",
        summary="What is proved of a violation's rule for all its facts, with the cases that show what is not so",
        response_class=Response,
        responses=ok("a proof card for each version of the rule", ProofObject) | problems(404),
    )
    def read_proof(code: str) -> Response:
        if code not in rulebook.versions:
            raise NotFound(f"there is no violation `{code[:64]}`")
        return json({"cards": [proofs.card(rule) for rule in rulebook.versions[code]]})
