"""What a violation asks and rests on, for forms and clients: its facts as JSON Schema, its law and tiers as data."""

from engine.currency import currency_of
from engine.decision import Wire
from engine.fact import Cell, Fact
from engine.given import domain_text, unit_text
from engine.numbers import decimal_text
from engine.rule import Rule
from engine.rulebook import PowerItem

SCHEMA_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def facts_schema(rule: Rule) -> dict[str, Wire]:
    """Describe the facts of a rule as a JSON Schema object (draft 2020-12).

    Nothing is `required`: which facts matter depends on the others, and a missing one is refused by name. A counted
    fact may be given itself or by the days it counts. Facts with `x-guard` belong to general law: given, they are
    judged, and left out, that is said in the trace.
    """
    return {
        "$schema": SCHEMA_DIALECT,
        "type": "object",
        "additionalProperties": False,
        "properties": {
            **{name: fact_schema(rule.by_name[name], rule) for name in rule.asks},
            **{
                fact.name: {**fact_schema(fact, rule), "x-guard": guard.code}
                for guard in rule.regime.guards
                for fact in guard.facts
                if fact.name not in rule.asks
            },
        },
    }


def fact_schema(fact: Fact, rule: Rule) -> dict[str, Wire]:
    """Describe one fact; `x-unit`, `x-direction` and `x-source` say what JSON Schema has no word for.

    `x-currency` is the ISO 4217 code of an amount, whose unit is written in the rule's language.
    """
    schema: dict[str, Wire] = {
        "title": fact.name,
        "description": fact.question or domain_text(fact, rule.language),
        "x-kind": fact.kind,
        "x-source": fact.source,
        "x-direction": fact.direction,
    }
    if fact.unit:
        schema["x-unit"] = unit_text(fact, rule.language)
    if fact.kind == "money":
        schema["x-currency"] = currency_of(fact.unit)
    match fact.kind:
        case "yes_no":
            schema["type"] = "boolean"
        case "choice":
            schema |= {"type": "string", "enum": list(fact.choices)}
        case "day":
            schema |= {"type": "string", "format": "date"}
        case "records":
            fields = rule.lists[fact.name].fields
            item: dict[str, Wire] = {
                "type": "object",
                "additionalProperties": False,
                "required": [each.name for each in fields],
                "properties": {each.name: fact_schema(each, rule) for each in fields},
            }
            schema |= {"type": "array", "maxItems": fact.high, "items": item}
        case "days":
            schema |= {"type": "array", "maxItems": 1000, "items": {"type": "string", "format": "date"}}
        case "integer":
            schema |= {
                "type": "integer",
                "minimum": fact.low + fact.low_open,
                "maximum": fact.high - fact.high_open,
            }
        case "number" | "money":
            # Text, because a JSON number with decimals would be a float.
            sign = "-?" if fact.low < 0 else ""
            schema |= {
                "type": "string",
                "pattern": f"^{sign}(0|[1-9][0-9]{{0,14}})(\\.[0-9]{{1,{fact.scale}}})?$"
                if fact.scale
                else f"^{sign}(0|[1-9][0-9]{{0,14}})$",
                "x-minimum": decimal_text(fact.low + fact.low_open, fact.scale),
                "x-maximum": decimal_text(fact.high - fact.high_open, fact.scale),
            }
    if fact.personal:
        schema["x-personal"] = True
    if fact.if_unknown:
        schema["x-if-unknown"] = fact.if_unknown
    if fact.count:
        schema["x-counted-from"] = fact.count.of
    return schema


def describe(rule: Rule) -> dict[str, Wire]:
    """Describe a violation: what it asks, what the table says, on what law, and what is known to be wrong with it."""
    regime, how = rule.regime, rule.conventions
    general = {each.name for guard in regime.guards for each in guard.values}
    return {
        "violation": rule.code,
        "name": rule.name,
        "category": rule.category,
        "power_item": rule.power_item,
        "in_force": {
            "first": rule.validity.first.isoformat(),
            "last": rule.validity.last.isoformat() if rule.validity.last else None,
        },
        "regime": {
            "code": regime.code,
            "name": regime.name,
            "version": regime.version,
            "number": regime.number,
            "issuer": regime.issuer,
            "published": regime.published.isoformat(),
            "source": regime.source,
            "currency": regime.currency,
        },
        "digest": rule.digest,
        "basis": [{"article": each.article, "quote": each.quote} for each in rule.basis],
        "statutory_ranges": [{"name": each.name, "text": each.cell.text} for each in rule.ranges],
        "preconditions": [{"when": each.cell.text, "otherwise": each.otherwise} for each in rule.preconditions],
        "tiers": [
            {"tier": row.tier, "when": row.when_cell.text, "outcome": row.outcome_cell.text, "quote": row.quote}
            for row in (*rule.no_penalty, *rule.rows)
        ],
        "computed": [{"name": each.name, "text": each.cell.text} for each in rule.values if each.name not in general],
        "finishing": [
            *(_finishing("tier_move", each.name, each.cell, each.outcome_cell, each.basis) for each in how.moves),
            *(_finishing("in_tier", each.name, None, each.cell, each.basis) for each in how.in_tier),
            *(
                _finishing("adjustment", each.name, each.cell, each.outcome_cell, each.basis)
                for each in how.adjustments
            ),
        ],
        "guards": [{"guard": each.code, "name": each.name, "article": each.article} for each in regime.guards],
        "defects": [{"kind": each.kind, "tier": each.tier or None, "note": each.note} for each in rule.defects],
        "remarks": list(rule.remarks),
        "facts": facts_schema(rule),
    }


def _finishing(kind: str, name: str, when: Cell | None, outcome: Cell, basis: str) -> Wire:
    return {
        "kind": kind,
        "name": name,
        "when": when.text if when is not None else None,
        "outcome": outcome.text,
        "basis": basis,
    }


def describe_power_item(item: PowerItem) -> dict[str, Wire]:
    """Describe one item of the power-item catalogue."""
    return {
        "power_item": item.code,
        "name": item.name,
        "agency": item.agency,
        "published": item.published.isoformat(),
        "in_force": {
            "first": item.validity.first.isoformat(),
            "last": item.validity.last.isoformat() if item.validity.last else None,
        },
    }
