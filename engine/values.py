"""Reads lists of records and the `计算` section: named values as formulas, branches, tables and marginal bands."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import cast

from engine.cells import Builder
from engine.declarations import check_name, read_facts
from engine.errors import Complaints
from engine.expressions import BUILT_IN
from engine.fact import Cell, Fact, Language
from engine.given import MAX_RECORDS
from engine.near import misses, question
from engine.numbers import exact_text
from engine.reading import Section, misshapen, section
from engine.shapes import LINEAR, RATIO, STEPS, Typed
from engine.tree import (
    Axis,
    Band,
    Branches,
    Condition,
    Expr,
    Formula,
    Key,
    Marginal,
    Named,
    Period,
    Records,
    Ref,
    Table,
)
from engine.vocabulary import KEYS, WORDS, spell, spellings
from engine.words import listed
from engine.yamltext import Listing, Node, Scalar
from engine.yamltext import Mapping as YamlMapping

RECORD_KEYS = frozenset({"each", "compute", "most", "ask"})
TABLE_KEYS = frozenset({"by_row", "by_column", "table", "marginal"})
BRANCH_KEYS = frozenset({"when", "value"})
MAX_LINES = 500


def record_sections(node: Node | None, language: Language, complaints: Complaints) -> dict[str, tuple[Scalar, Section]]:
    """Return the declarations of lists of records among the facts, by name."""
    found: dict[str, tuple[Scalar, Section]] = {}
    if isinstance(node, YamlMapping):
        for key, value in node.entries.values():
            if isinstance(value, YamlMapping):
                inner = section(value, RECORD_KEYS, language, complaints)
                if inner is not None:
                    found[key.text] = (key, inner)
    return found


def read_record_facts(name: str, key: Scalar, inner: Section, first_day_counts: bool, currency: str) -> Records | None:
    """Read what each record of a list holds; what is computed for each comes later, when every name is known."""
    complaints = inner.complaints
    fields = read_facts(inner.node("each"), inner.language, first_day_counts, complaints, currency)
    most = inner.scalar("most", required=False)
    if not inner.has("most"):
        word = spell(KEYS, "most", inner.language)
        repair = ("写明一份清单至多几项，如“最多: 20”", "say how many records a list holds at most, such as `most: 20`")
        complaints.add("missing_key", key.place, expected=word, repair=repair)
    if most is None:
        # Its fields are names all the same: that they stand nowhere now is no further mistake.
        complaints.failed |= {name, *fields}
        return None
    if not most.text.strip().isdigit() or int(most.text.strip()) < 1:
        repair = ("写一个整数，如“最多: 20”", "write a whole number, such as `most: 20`")
        complaints.add("bad_domain", most.place, found=most.text, repair=repair)
        complaints.failed |= {name, *fields}
        return None
    if int(most.text.strip()) > MAX_RECORDS:
        # What one request can carry: a list that is declared longer could not be given.
        repair = (
            "更多的分案办理，或者把项数、合计另设为事实",
            "decide more in several cases, or declare their number and totals as facts",
        )
        complaints.add("past_limit", most.place, found=most.text.strip(), expected=str(MAX_RECORDS), repair=repair)
        complaints.failed |= {name, *fields}
        return None
    if any(fact.kind in ("days", "records") or fact.count for fact in fields.values()):
        complaints.add("wrong_fact_kind", inner.place, found=name, expected="-")
        complaints.failed.add(name)
        return None
    question = inner.text("ask", required=False)
    fact = Fact(
        name=name, kind="records", high=int(most.text.strip()), question=question, cell=Cell(text="", place=key.place)
    )
    return Records(fact=fact, fields=tuple(fields.values()))


def read_values(node: Node | None, builder: Builder) -> tuple[Named, ...]:
    """Read a `计算` section in order: a value may use those before it, so there are no circles."""
    if node is None:
        return ()
    complaints = builder.complaints
    if not isinstance(node, YamlMapping):
        misshapen(node, YamlMapping, complaints)
        return ()
    found: list[Named] = []
    builder.computing = True
    for key, value in node.entries.values():
        if not check_name(key, builder.language, complaints, builder.lexicon.currency):
            continue
        if key.text in builder.facts:
            complaints.add("duplicate_name", key.place, found=key.text)
            continue
        before = complaints.made
        named = _named(key, value, builder)
        if named is None:
            if complaints.made == before:
                complaints.add("wrong_shape", key.place, expected=key.text)
            complaints.failed.add(key.text)
            continue
        found.append(named)
        if builder.record is None:
            builder.named[named.name] = named
        else:
            builder.record = replace(builder.record, values=(*builder.record.values, named))
    builder.computing = False
    return tuple(found)


def _named(key: Scalar, value: Node, builder: Builder) -> Named | None:
    place = value.place
    cell = Cell(text=value.text if isinstance(value, Scalar) else key.text, place=place)
    if isinstance(value, Scalar):
        typed = builder.formula(value)
        if typed is None:
            return None
        if typed.kind not in ("number", "money", "day", "yes_no"):
            expected = ("数、金额、日期或是否", "a number, money, a day, or yes or no")
            builder.complaints.add("mixed_kinds", place, expected=expected)
            return None
        return _made(key.text, Formula(part=typed.node), [typed], cell, builder)
    if isinstance(value, Listing):
        return _branches(key.text, value, cell, builder)
    inner = section(value, TABLE_KEYS, builder.language, builder.complaints)
    if inner is None:
        return None
    return (
        _marginal(key.text, inner, cell, builder) if inner.has("marginal") else _table(key.text, inner, cell, builder)
    )


def _made(
    name: str, how: Formula | Branches | Table | Marginal, typed: list[Typed], cell: Cell, builder: Builder
) -> Named | None:
    """Make a named value of cells that must all be of one kind; tables of constants vary in steps."""
    kinds = {each.kind for each in typed}
    if len(kinds) != 1:
        builder.complaints.add("mixed_kinds", cell.place, expected=("一种", "one kind"))
        return None
    shape = max(each.shape for each in typed)
    if shape == RATIO and not isinstance(how, Formula):
        builder.complaints.add("ratio_used", cell.place, found=name)
        return None
    if not isinstance(how, Formula):
        shape = max(shape, STEPS)
    kind = typed[0].kind
    assert kind in ("number", "money", "day", "yes_no")
    shape = LINEAR if isinstance(how, Marginal) else shape
    return Named(name=name, kind=kind, how=how, shape=shape, cell=cell)


def _branches(name: str, value: Listing, cell: Cell, builder: Builder) -> Named | None:
    rows: list[tuple[Condition | None, Expr]] = []
    texts: list[str] = []
    typed: list[Typed] = []
    otherwise = spell(WORDS, "OTHERWISE", builder.language)
    for item in value.items:
        inner = section(item, BRANCH_KEYS, builder.language, builder.complaints)
        if inner is None:
            return None
        when_cell, value_cell = inner.scalar("when"), inner.scalar("value")
        if when_cell is None or value_cell is None:
            return None
        last = when_cell.text.strip() == otherwise
        when = None if last else builder.condition(when_cell)
        part = builder.formula(value_cell)
        if part is None or (when is None and not last):
            return None
        if part.kind not in ("number", "money", "day"):
            zh = builder.language == "zh"
            expected = "数、金额或日期" if zh else "numbers, money or days"
            builder.complaints.add("mixed_kinds", value_cell.place, expected=expected)
            return None
        rows.append((when, cast(Expr, part.node)))
        texts.append(when_cell.text.strip())
        typed.append(part)
    if sum(when is None for when, _value in rows) > 1 or not rows:
        builder.complaints.add("lines_overlap", value.place, found=otherwise)
        return None
    return _made(name, Branches(rows=tuple(rows), texts=tuple(texts)), typed, cell, builder)


def _axis(word: str, inner: Section, builder: Builder) -> tuple[Scalar, Fact | Named] | None:
    scalar = inner.scalar(word)
    if scalar is None:
        return None
    name = scalar.text.strip()
    known: dict[str, Fact | Named] = {**builder.facts, **builder.named}
    if builder.record is not None:
        known |= {each.name: each for each in builder.record.fields}
        known |= {each.name: each for each in builder.record.values}
    declared = known.get(name)
    built_in = BUILT_IN.get(spellings(WORDS, builder.language).get(name, ""), "")
    if declared is None and built_in in ("@on", "@decided"):
        # A day that the engine gives: looked up as if it had been given a name.
        cell = Cell(text=scalar.text, place=scalar.place)
        return scalar, Named(name=built_in, kind="day", how=Formula(part=Ref(name=built_in)), shape=LINEAR, cell=cell)
    if declared is None or declared.kind in ("days", "records"):
        builder.complaints.add("unknown_fact", scalar.place, found=name, repair=_offer(name, known), about=name)
        return None
    return scalar, declared


def _offer(name: str, known: Iterable[str]) -> tuple[str, str]:
    if near := misses([name], known):
        return question(near)
    names = list(known)[:12]
    return f"这里认识的名称有{listed(names, 'zh')}", f"names known here: {listed(names, 'en')}"


def _table(name: str, inner: Section, cell: Cell, builder: Builder) -> Named | None:
    rows = _axis("by_row", inner, builder)
    columns = _axis("by_column", inner, builder) if inner.has("by_column") else None
    node = inner.node("table")
    if rows is None or node is None or (inner.has("by_column") and columns is None):
        return None
    if not isinstance(node, YamlMapping) or not node.entries or len(node.entries) > MAX_LINES:
        misshapen(node, YamlMapping, builder.complaints)
        return None
    row_scalars = [key for key, _value in node.entries.values()]
    row_keys = _keys(row_scalars, rows[1], builder)
    if row_keys is None:
        return None
    columns_read = _columns(node, columns[1], builder) if columns is not None else None
    if columns is not None and columns_read is None:
        return None
    lines: list[tuple[Expr | None, ...]] = []
    typed: list[Typed] = []
    for _key, value in node.entries.values():
        cells: list[Node] = [value]
        if columns_read is not None and isinstance(value, YamlMapping):
            cells = [value.entries[each.text][1] for each in columns_read[0]]
        line = _line(cells, builder)
        if line is None:
            return None
        typed += [each for each in line if each is not None]
        lines.append(tuple(None if each is None else cast(Expr, each.node) for each in line))
    if not typed:
        builder.complaints.add("nothing_there", node.place, found=name)
        return None
    second = None
    if columns is not None and columns_read is not None:
        second = Axis(name=columns[1].name, keys=columns_read[1], texts=_texts(columns_read[0]))
    how = Table(
        rows=Axis(name=rows[1].name, keys=row_keys, texts=_texts(row_scalars)), columns=second, cells=tuple(lines)
    )
    return _made(name, how, typed, cell, builder)


def _columns(node: YamlMapping, axis: Fact | Named, builder: Builder) -> tuple[list[Scalar], tuple[Key, ...]] | None:
    """Read the columns of a table: those of its fullest line, which every other line must have as well."""
    whole = True
    for _key, value in node.entries.values():
        if not isinstance(value, YamlMapping):
            misshapen(value, YamlMapping, builder.complaints)
            whole = False
    lines = [(key, value) for key, value in node.entries.values() if isinstance(value, YamlMapping)]
    if not whole or not lines:
        return None
    fullest = max(lines, key=lambda line: len(line[1].entries))[1]
    scalars = [key for key, _cell in fullest.entries.values()]
    keys = _keys(scalars, axis, builder)
    if keys is None:
        return None
    known = [each.text for each in scalars]
    for key, value in lines:
        extra = [scalar for scalar, _cell in value.entries.values() if scalar.text not in known]
        for scalar in extra:
            whole = False
            repair = question(misses([scalar.text], known) or known[:12])
            builder.complaints.add("unknown_column", scalar.place, found=scalar.text, repair=repair)
        missing = [each for each in known if each not in value.entries]
        if missing and not extra:
            whole = False
            repair = (
                f"补上“{missing[0]}: …”一格；原文这一格空着的，写“—”",
                f"add a cell `{missing[0]}: …`; where the source prints none, write `—`",
            )
            expected = ("、".join(missing), ", ".join(missing))
            builder.complaints.add("missing_column", key.place, found=key.text, expected=expected, repair=repair)
    return (scalars, keys) if whole else None


def _texts(scalars: list[Scalar]) -> tuple[str, ...]:
    return tuple([scalar.text.strip() for scalar in scalars])


# How published tables print a cell in which nothing stands.
_BLANK = frozenset(("—", "——", "－", "-", "/", "／"))


def _blank(node: Node) -> bool:
    return isinstance(node, Scalar) and node.text.strip() in _BLANK


def _line(cells: Sequence[Node], builder: Builder) -> list[Typed | None] | None:
    """Read the cells of a line; None stands for one that the source leaves blank."""
    filled = _figures([each for each in cells if not _blank(each)], builder)
    if filled is None:
        return None
    left = iter(filled)
    return [None if _blank(each) else next(left) for each in cells]


def _figures(cells: Iterable[Node], builder: Builder) -> list[Typed] | None:
    line: list[Typed] = []
    for each in cells:
        if not isinstance(each, Scalar):
            misshapen(each, Scalar, builder.complaints)
            return None
        part = builder.formula(each)
        if part is None:
            return None
        if part.kind not in ("number", "money"):
            builder.complaints.add(
                "mixed_kinds", each.place, expected="数或金额" if builder.language == "zh" else "numbers or money"
            )
            return None
        line.append(part)
    return line


def _keys(scalars: list[Scalar], axis: Fact | Named, builder: Builder) -> tuple[Key, ...] | None:
    """Read the lines of an axis; two lines that can hold at once are an error."""
    keys: list[Key] = []
    for scalar in scalars:
        key = builder.key(scalar, axis)
        if key is None:
            return None
        clash = next((index for index, other in enumerate(keys) if overlap(key, other)), None)
        if clash is not None:
            builder.complaints.add("lines_overlap", scalar.place, found=scalars[clash].text)
            return None
        keys.append(key)
    return tuple(keys)


def overlap(one: Key, other: Key) -> bool:
    """Say whether two lines of a table can hold at once."""
    if isinstance(one, Band) and isinstance(other, Band):
        lows = [(each.low, each.low_open) for each in (one, other) if each.low is not None]
        highs = [(each.high, not each.high_open) for each in (one, other) if each.high is not None]
        if not lows or not highs:
            return True
        low = max(lows)
        high = min(highs)
        return low[0] < high[0] or (low[0] == high[0] and not low[1] and high[1])
    if isinstance(one, Period) and isinstance(other, Period):
        firsts = [each.first for each in (one, other) if each.first is not None]
        lasts = [each.last for each in (one, other) if each.last is not None]
        return not firsts or not lasts or max(firsts) <= min(lasts)
    if isinstance(one, tuple) and isinstance(other, tuple):
        return bool(set(one) & set(other))
    return one == other


def _marginal(name: str, inner: Section, cell: Cell, builder: Builder) -> Named | None:
    scalar, node = inner.scalar("marginal"), inner.node("table")
    if scalar is None or node is None:
        return None
    of = builder.formula(scalar)
    if of is None:
        return None
    if of.shape == RATIO:
        builder.complaints.add("ratio_used", scalar.place, found=scalar.text.strip())
        return None
    if not isinstance(node, YamlMapping) or not node.entries or of.kind not in ("number", "money"):
        misshapen(node, YamlMapping, builder.complaints)
        return None
    # The axis of the bands is what they cut: a fact with its own unit, or a value of its own name while it is read.
    known: dict[str, Fact] = dict(builder.facts)
    if builder.record is not None:
        known |= {each.name: each for each in builder.record.fields}
    axis: Fact | Named = Named(
        name=scalar.text.strip(),
        kind="money" if of.kind == "money" else "number",
        how=Formula(part=of.node),
        shape=LINEAR,
        cell=cell,
    )
    if isinstance(of.node, Ref):
        axis = known.get(of.node.name, axis)
    scalars = [key for key, _value in node.entries.values()]
    keys = _keys(scalars, axis, builder)
    rates = _figures([value for _key, value in node.entries.values()], builder)
    if keys is None or rates is None:
        return None
    if any(rate.shape >= LINEAR or (of.kind == "money" and rate.kind == "money") for rate in rates):
        builder.complaints.add("not_linear", node.place, found=name)
        return None
    bands = tuple((key, cast(Expr, rate.node)) for key, rate in zip(keys, rates, strict=True) if isinstance(key, Band))
    reached = Fraction(0)
    for low, high in sorted((band.low or Fraction(0), band.high or band.low or Fraction(0)) for band, _rate in bands):
        if low > reached:
            # What lies between would cost nothing, and nobody has said so.
            ends = [exact_text(Fraction(end, 100) if of.kind == "money" else end) for end in (reached, low)]
            builder.complaints.add("bands_gap", node.place, found=ends[0], expected=ends[1])
            return None
        reached = max(reached, high)
    kind = "money" if of.kind == "money" else rates[0].kind
    typed = [rate._replace(kind=kind) for rate in rates]
    return _made(
        name,
        Marginal(of=of.node, bands=bands, texts=_texts(scalars), of_money=of.kind == "money"),
        typed,
        cell,
        builder,
    )
