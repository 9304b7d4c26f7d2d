"""The officer's pages, in Chinese, for a phone in the rain: a code or a category, a few questions, the answer and why.

Rendered on the server, without script. A form is made from the rule's own facts; the answer page is written from the
record alone, so it reads the same years later.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from fastapi import FastAPI
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.staticfiles import StaticFiles

from api.body import form_of
from api.search import by_category, exact, search
from cases.clock import today
from cases.desk import Desk, answer_of, find_decision
from cases.errors import KeyReused
from cases.reasons import NoReasons, Reasons
from cases.record import Asked, read_record
from cases.steps import since
from engine.asking import still_asked
from engine.calendar import read_day
from engine.currency import unit_word
from engine.explain import currency_in, explain_wire, measure_text
from engine.fact import Fact
from engine.given import GivenFact, domain_text, unit_text
from engine.numbers import decimal_text, yuan_text
from engine.rule import Rule

__all__ = ["add_pages", "problem_page", "wants_page"]

_HERE = Path(__file__).parent
_TEMPLATES = Environment(
    loader=FileSystemLoader(_HERE / "templates"),
    autoescape=select_autoescape(default=True),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_TEMPLATES.filters["path"] = lambda text: quote(text, safe="")
FACT = "f."
MAX_RESULTS = 30


def page(name: str, status: int = 200, **values: Any) -> HTMLResponse:
    """Render a template."""
    return HTMLResponse(_TEMPLATES.get_template(name).render(**values), status_code=status)


_PROBLEMS: Mapping[int, tuple[str, str]] = {
    404: ("没有这一页", "没有这个违法行为、这条决定或者这一页。"),
    413: ("填写的内容太长", "请把内容写短一些，再试一次。"),
    503: ("现在不能作出决定", "决定没有能够写入日志，所以没有给出结果。请稍后再试；重试不会重复记录。"),
}


def problem_page(status: int, technical: str) -> HTMLResponse:
    """Say a problem to an officer; the technical sentence stands below, for whoever is asked for help."""
    title, detail = _PROBLEMS.get(status, ("这个请求不能处理", "请返回再试一次。"))
    return page("problem.html", status, title=title, detail=detail, technical=technical)


def wants_page(request: Request) -> bool:
    """Say whether a browser asks for a page, and not a program for data."""
    data = request.url.path.startswith("/v1/") or request.url.path == "/healthz"
    return not data and "text/html" in request.headers.get("accept", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One fact as the form asks it: what to show, and what was typed before."""

    name: str
    label: str
    kind: str
    unit: str
    hint: str
    choices: tuple[str, ...]
    low: str
    high: str
    typed: str
    days: Question | None = None
    unknown: bool = False
    general: bool = False
    fields: tuple[str, ...] = ()


def questions(rule: Rule, typed: Mapping[str, str]) -> Iterator[Question]:
    """Make the form of a rule; the days a count is taken from stand with the count, not on their own."""
    counted = {fact.count.of for fact in rule.counted if fact.count}
    for name in rule.asks:
        if name not in counted:
            yield _question(rule, rule.by_name[name], typed)
    # What general law asks stands apart, and may be left open.
    for name in sorted(rule.general - set(rule.asks)):
        yield replace(_question(rule, rule.by_name[name], typed), general=True)


def _question(rule: Rule, fact: Fact, typed: Mapping[str, str]) -> Question:
    return Question(
        name=fact.name,
        label=fact.question or fact.name,
        kind=fact.kind,
        unit=unit_text(fact, "zh"),
        hint=domain_text(fact, "zh"),
        choices=fact.choices,
        low=decimal_text(fact.low + fact.low_open, fact.scale),
        high=decimal_text(fact.high - fact.high_open, fact.scale),
        typed=typed.get(fact.name, ""),
        days=_question(rule, rule.by_name[fact.count.of], typed) if fact.count else None,
        unknown=bool(fact.if_unknown),
        fields=tuple(each.name for each in rule.lists[fact.name].fields) if fact.kind == "records" else (),
    )


def read_facts(rule: Rule, typed: Mapping[str, str]) -> dict[str, GivenFact]:
    """Turn what was typed into facts; what was left empty is not given. Bad values go on to be refused by name."""
    facts: dict[str, GivenFact] = {}
    for name, text in typed.items():
        fact = rule.by_name.get(name)
        if fact is not None and fact.kind == "days":
            facts[name] = [day for day in text.replace("，", " ").replace("、", " ").replace(",", " ").split() if day]
        elif fact is not None and fact.kind == "records":
            facts[name] = _records([each.name for each in rule.lists[name].fields], text)
        else:
            facts[name] = text
    return facts


def _records(fields: list[str], text: str) -> list[dict[str, str | int | bool]]:
    """Read one record a line, its values in the order of the fields; what is left over is refused by name."""
    records: list[dict[str, str | int | bool]] = []
    for line in text.splitlines():
        values = [value.strip() for value in line.replace("，", ",").replace("、", ",").split(",")]
        if any(values):
            names = [*fields, *(f"第{number}列" for number in range(len(fields) + 1, len(values) + 1))]
            records.append(dict(zip(names, values, strict=False)))
    return records


def add_pages(app: FastAPI, desk: Desk, reasons: Reasons) -> None:
    """Add the officer's pages to an application."""
    rulebook = desk.law.rulebook
    app.mount("/static", StaticFiles(directory=_HERE / "static"), name="static")

    @app.get("/", include_in_schema=False)
    def start(q: str = "", category: str = "") -> Response:
        q = q[:100]
        rule = exact(rulebook, q)
        if rule is not None and not category:
            return RedirectResponse(f"/violations/{quote(rule.code)}", status_code=303)
        asked = bool(q.strip() or category)
        found = search(rulebook, q, category=category) if asked else []
        near = [rulebook.rules[code] for code in rulebook.near(q)] if asked and not found else []
        return page(
            "start.html", q=q, category=category, asked=asked, total=len(found),
            found=found if category else found[:MAX_RESULTS], near=near, categories=by_category(rulebook),
        )  # fmt: skip

    def form(
        rule: Rule, typed: Mapping[str, str], day: str, case_ref: str, message: str = "", status: int = 200
    ) -> Response:
        on = read_day(day)
        # A form that comes back with answers marks the questions the outcome still hangs on.
        facts, _ = desk.personal.taken_from(rule.code, read_facts(rule, typed))
        asking = still_asked(rulebook, rule.code, on, facts) if on and any(typed.values()) else None
        return page(
            "form.html", status, rule=rule, questions=list(questions(rule, typed)), on=day, today=today().isoformat(),
            case_ref=case_ref, message=message, key=secrets.token_hex(16), needed=asking.ask if asking else (),
        )  # fmt: skip

    @app.get("/violations/{code}", include_in_schema=False)
    def ask(request: Request, code: str) -> Response:
        rule = rulebook.rules.get(code)
        if rule is None:
            return RedirectResponse(f"/?{urlencode({'q': code[:64]})}", status_code=303)
        fields = dict(request.query_params)
        typed = {name.removeprefix(FACT): text for name, text in fields.items() if name.startswith(FACT)}
        return form(rule, typed, fields.get("on") or today().isoformat(), fields.get("case_ref", ""))

    @app.post("/violations/{code}", include_in_schema=False)
    async def answer(request: Request, code: str) -> Response:
        rule = rulebook.rules.get(code)
        if rule is None:
            return problem_page(404, "")
        fields = await form_of(request)
        typed = {name.removeprefix(FACT): text for name, text in fields.items() if name.startswith(FACT) and text}
        day, case_ref = read_day(fields.get("on", "")), fields.get("case_ref", "")[:100]
        if day is None:
            return form(rule, typed, fields.get("on", ""), case_ref, "请填写违法行为发生的日期。", 422)
        asked = Asked(violation=rule.code, on=day, facts=read_facts(rule, typed), case_ref=case_ref or None)
        try:
            recorded = await run_in_threadpool(desk.decide, asked, door="page", key=fields.get("key") or None)
        except KeyReused:
            # The officer went back and changed an answer: that is another question and gets its own record.
            recorded = await run_in_threadpool(desk.decide, asked, door="page")
        return RedirectResponse(f"/decisions/{recorded.id}", status_code=303)

    @app.get("/decisions/{id}", include_in_schema=False)
    def show(id: str) -> Response:  # noqa: A002 - the field's own name
        entry = find_decision(desk.log, id)
        if entry is None:
            return problem_page(404, "")
        recorded = answer_of(entry.data, entry.seq)
        if recorded.together:
            # A whole case has no page yet; case systems read it at /v1/cases.
            return problem_page(404, "")
        decision = recorded.answer
        currency = currency_in(decision)
        record = read_record(entry.data)
        asked = record.asked
        why = reasons.of(record)
        again = {"on": asked.on.isoformat(), "case_ref": asked.case_ref or ""}
        again |= {FACT + name: _typed(value) for name, value in asked.facts.items()}
        return page(
            "decision.html",
            decision=decision,
            trial=record.trial,
            later=since(desk.log, record.id),
            time=record.time,
            case_ref=asked.case_ref,
            facts={name: _typed(value) for name, value in asked.facts.items()},
            fine=yuan_text(decision["fine_fen"]) if isinstance(decision["fine_fen"], int) else None,
            unit=unit_word(currency, "zh"),
            measures=[
                measure_text(each, "zh", currency)
                for each in _list(decision["measures"])
                if each["kind"] != "fine" or each.get("payer")
            ],
            # The page shows the articles of law by themselves, above.
            reasons=explain_wire(decision, "zh")[len(_list(decision["basis"])) :],
            why=() if isinstance(why, NoReasons) else why.sentences("zh"),
            again=f"/violations/{quote(str(decision['violation']))}?{urlencode(again)}",
            known=decision["violation"] in rulebook.rules,
        )


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _typed(value: GivenFact) -> str:
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, str | int):
        return str(value)
    lines = [each if isinstance(each, str) else ", ".join(map(_typed, each.values())) for each in value]
    return ("\n" if value and not isinstance(value[0], str) else ", ").join(lines)
