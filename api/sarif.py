"""Findings as SARIF 2.1.0, the format that code hosts and editors read; levels and suppressions say what blocks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from typing import Any
from urllib.parse import quote

from api.proven import case_text
from engine import Finding
from engine.card import Card, todo
from engine.fact import Language
from engine.proof import PROPERTIES

__all__ = ["sarif"]

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS = {"refuted": "error", "not_proved": "note", "warning": "warning"}


def sarif(findings: Iterable[Finding], proved: Sequence[Card], root: str, language: Language) -> dict[str, Any]:
    """Write what loading found and what the proofs found as one run; `root` stands before each file's path."""
    loading = list(findings)
    results = [*(_loading(each, root) for each in loading), *(_proof(each, root, language) for each in proved)]
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": {"name": "zhunsheng", "rules": list(_rules(loading))}},
                "columnKind": "unicodeCodePoints",
                "results": results,
            }
        ],
    }


def _rules(loading: Iterable[Finding]) -> Iterator[dict[str, Any]]:
    """Describe each property, and each code of a loading error that occurs."""
    for prop, (zh, en) in PROPERTIES.items():
        yield {
            "id": prop,
            "shortDescription": {"text": f"{zh} · {en}"},
            "messageStrings": {"zh": {"text": zh}, "en": {"text": en}},
            "help": {"text": f"{todo(prop, 'refuted', 'zh', 'zh')} · {todo(prop, 'refuted', 'en', 'en')}"},
        }
    for code in dict.fromkeys(each.code for each in loading):
        yield {"id": code, "shortDescription": {"text": code}}


def _loading(finding: Finding, root: str) -> dict[str, Any]:
    text = f"{finding.message} {finding.repair}".strip()
    place = finding.place
    return _result(finding.code, "error", text, root, place.file, place.line, place.column)


def _proof(finding: Card, root: str, language: Language) -> dict[str, Any]:
    texts = [finding[language]]
    if finding["case"] is not None:
        texts.append(case_text(finding["case"], language))
    texts.append(finding["todo"][language])
    result = _result(
        finding["property"],
        _LEVELS[finding["level"]],
        "\n".join(texts),
        root,
        finding["file"],
        finding["line"],
        finding["column"],
    )
    # The same finding keeps its fingerprint while lines move.
    told = "\n".join([finding["violation"], finding["property"], finding["zh"]])
    result["partialFingerprints"] = {"finding/v1": sha256(told.encode()).hexdigest()[:32]}
    result["properties"] = {"violation": finding["violation"], "case": finding["case"]}
    if finding["known"] is not None:
        result["suppressions"] = [{"kind": "inSource", "justification": finding["known"]}]
    return result


def _result(code: str, level: str, text: str, root: str, file: str, line: int, column: int) -> dict[str, Any]:
    location = {"uri": quote(f"{root}/{file}" if root else file)}
    region = {"startLine": max(line, 1), "startColumn": max(column, 1)}
    return {
        "ruleId": code,
        "level": level,
        "message": {"text": text},
        "locations": [{"physicalLocation": {"artifactLocation": location, "region": region}}],
    }
