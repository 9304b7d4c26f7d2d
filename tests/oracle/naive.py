"""A second reading of the rules, written from the prose of the rule language and sharing nothing with the engine.

It is slow and plain on purpose. It reads the raw YAML as text, the words of its cells by recursive descent, and
computes with fractions and its own calendar. It knows two truth values only: a missing fact is no value here, so the
callers try every value a missing fact could have. `naive_text` reads formulas, `naive_facts` declarations and tables,
`naive_money` goes from an outcome to fen; here stand whole rules and the order of a decision.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from tests.oracle import naive_time as time
from tests.oracle.naive_facts import Declaration, Fact, computed, declaration, names_of
from tests.oracle.naive_money import (
    FineText,
    Finishing,
    Measure,
    OtherText,
    adjustment,
    bounded,
    fine,
    in_tier,
    open_ends,
    outcome,
    rounding,
    with_limits,
)
from tests.oracle.naive_text import Case, Cell, Names, Refused, Worth
from tests.oracle.naive_time import Day, day

Imposed = tuple[str, ...]
# What marks a measure that general law adds.
GENERAL = "by general law"
NO_END = Fraction(10**30)
Span = tuple[Worth | None, Worth | None]


@dataclass
class Condition:
    """A condition with the names it reads and the figures it compares with."""

    holds: Worth
    reads: set[str]
    constants: list[Fraction]


@dataclass
class Row:
    tier: str
    group: str
    when: Condition
    measures: list[Measure]
    reads: set[str]
    range_name: str
    outcome: str
    defect: str = ""


@dataclass
class Move:
    when: Condition
    tiers: int
    end: str
    top_at_end: bool


@dataclass
class Item:
    """One version of one violation as its file and its regime have it."""

    code: str
    power: str
    days: tuple[Day, Day | None]
    facts: dict[str, Declaration]
    percent: set[str]
    named: dict[str, Worth]
    behind: dict[str, set[str]]
    inside: dict[str, dict[str, Worth]]
    grounds: list[Row]
    preconditions: list[tuple[Condition, str]]
    rows: list[Row]
    gaps: list[Condition]
    unpublished: bool
    moves: list[Move]
    finishing: Finishing
    limits: dict[str, Span]
    regime: Mapping[str, Any]
    finishing_reads: set[str] = field(default_factory=set)
    cases: list[Mapping[str, Any]] = field(default_factory=list)

    @property
    def conditions(self) -> list[Condition]:
        rows = [row.when for row in [*self.grounds, *self.rows]]
        return [*rows, *(when for when, _ in self.preconditions), *self.gaps]

    @property
    def reads(self) -> list[str]:
        """Name the facts any part of the table looks at, through what is computed."""
        read = {name for condition in self.conditions for name in condition.reads}
        read |= {name for row in self.rows for name in row.reads} | self.finishing_reads
        for name in reversed(self.behind):
            read |= self.behind[name] if name in read else set()
        return [name for name in self.facts if name in read]

    def constants(self, name: str) -> list[Fraction]:
        """Collect the numbers a fact is compared with (and a few more: all of the conditions it stands in)."""
        return [number for each in self.conditions if name in each.reads for number in each.constants]


@dataclass
class Provision:
    """What general law adds where its condition holds."""

    days: tuple[Day, Day | None]
    when: Condition
    measures: list[Measure]


@dataclass
class Answer:
    """What a violation owes: a refusal by its name, or a tier, a fine in fen and measures."""

    refusal: str = ""
    tier: str = ""
    fine_fen: int | None = None
    measures: tuple[Imposed, ...] = ()


class Oracle:
    """The whole rulebook, read naively."""

    def __init__(self, files: Mapping[str, str]) -> None:
        self.versions: dict[str, list[Item]] = {}
        self.powers: dict[str, tuple[Day, tuple[Day, Day | None]]] = {}
        contents = {path: read(text) for path, text in sorted(files.items())}
        for content in contents.values():
            for power in content.get("事项", []) if "职权目录" in content else []:
                self.powers[power["职权编码"]] = (day(power["公布"]), time.span(power["施行"]))
        guards = {each["通则代号"]: each for each in contents.values() if "通则代号" in each}
        self.guards = {name: provisions(guard) for name, guard in guards.items()}
        regimes = {path.rpartition("/")[0]: each for path, each in contents.items() if "基准代号" in each}
        for path, content in contents.items():
            if "违法行为代码" in content:
                found = item(content, regimes[path.rpartition("/")[0]])
                self.versions.setdefault(found.code, []).append(found)
        for versions in self.versions.values():
            versions.sort(key=lambda each: each.days[0])
        self.items = {code: versions[-1] for code, versions in self.versions.items()}

    def answer(self, code: str, on: Day, facts: Mapping[str, Fact], decided: Day | None = None) -> Answer:
        """Decide with complete facts: every fact that could be read is given, or days for a count."""
        versions = self.versions[code]
        item = in_force(versions, on)
        if decided is not None and decided < on:
            return Answer(refusal="decided_before_act")
        old = self.by(item, on, facts, decided, on)
        if decided is None or decided <= on:
            return old
        later = in_force(versions, decided)
        if later is item or not time.within(decided, later.days) or not time.within(on, item.days):
            return old
        if later.regime.get("从旧兼从轻") != "适用":
            return old
        new = self.by(later, on, facts, decided, decided)
        return new if lighter(new, old) else old

    def by(self, item: Item, on: Day, facts: Mapping[str, Fact], decided: Day | None, law_of: Day) -> Answer:
        try:
            return self.reviewed(item, on, self.decided(item, on, facts, decided, law_of))
        except Refused as refused:
            return Answer(refusal=str(refused))

    def reviewed(self, it: Item, on: Day, answer: Answer) -> Answer:
        """Add what general law attaches to the penalty that was worked out."""
        fines = [each for each in answer.measures if each[0] in ("fine", "fine_range")]
        own = next((each for each in fines if each[-1][0] != "对"), ("fine", "0"))
        kinds_there = {each[0] for each in answer.measures}
        known_now: dict[str, Any] = {
            "罚款额": NO_END if own[-1] == "None" else Fraction(own[-1]) / 100,
            "有罚款": bool(fines),
            "有警告": "warning" in kinds_there,
            "有吊销": bool(kinds_there & {"revoke_licence", "suspend_licence", "restrict"}),
            "有停产停业": "stop_business" in kinds_there,
        }
        case = Case(known_now, set(), {}, on, None, {})
        added: list[Imposed] = []
        for name in it.regime.get("通则", []):
            for each in self.guards[name]:
                if time.within(on, each.days) and each.when.holds(case):
                    added += [(*imposed, GENERAL) for part in each.measures for imposed in general_part(part, case)]
        return Answer(answer.refusal, answer.tier, answer.fine_fen, (*answer.measures, *added))

    def decided(self, it: Item, on: Day, facts: Mapping[str, Fact], decided: Day | None, law_of: Day) -> Answer:
        # A power that is not listed, not published or not in force may not be used.
        if it.power not in self.powers:
            raise Refused("power_item_missing")
        published, days = self.powers[it.power]
        if on < published:
            raise Refused("power_item_not_published")
        if not time.within(on, days):
            raise Refused("power_item_not_in_force")
        if not time.within(law_of, it.days):
            raise Refused("no_law_on_day")
        case = Case(counted(it, on, facts), it.percent, it.named, on, decided, it.inside)
        if it.unpublished:
            raise Refused("no_benchmark")
        holding = [ground for ground in it.grounds if ground.when.holds(case)]
        if holding:
            # A ground on which none shall be imposed comes before one on which none need be.
            ground = min(holding, key=lambda each: (kinds(each) != ["no_penalty"], each.tier))
            return Answer(tier=ground.tier, measures=((kinds(ground)[0],), *general(it.regime, "不予处罚时")))
        for when, otherwise in it.preconditions:
            if not when.holds(case):
                if otherwise == "不构成本违法行为":
                    raise Refused("not_this_violation")
                rest = [each for each in general(it.regime, "一律并处") if each[0] != "order_to_correct"]
                return Answer(measures=(("order_to_correct",), *rest))
        return penalty(it, case)


def provisions(guard: Mapping[str, Any]) -> list[Provision]:
    """Read what general law adds to a penalty; what needs facts of its own is left out: nobody gives them here."""
    own = {*guard.get("事实", {}), *guard.get("计算", {})}
    names = names_of({name: declaration(name, text) for name, text in guard.get("事实", {}).items()}, own, "含本数")
    found = []
    for each in guard["规定"]:
        when = condition(each["情形"], names)
        if not when.reads:
            found.append(Provision(time.span(guard["施行"]), when, outcome(each["处理"], names)))
    return found


def in_force(versions: list[Item], on: Day) -> Item:
    holding = [each for each in versions if time.within(on, each.days)]
    begun = [each for each in versions if each.days[0] <= on]
    return (holding or begun[-1:] or versions)[0]


def kinds(row: Row) -> list[str]:
    return [each.kind for each in row.measures if isinstance(each, OtherText)]


def counted(it: Item, on: Day, facts: Mapping[str, Fact]) -> dict[str, Fact]:
    """Take what an unknown fact counts as, and fill counts from their days."""
    values: dict[str, Fact] = {}
    for name, value in facts.items():
        if name in it.facts:
            values[name] = known(it.facts[name], value)
    for fact in it.facts.values():
        if not fact.counts or fact.counts not in values:
            continue
        past = values[fact.counts]
        assert isinstance(past, list)
        if fact.window == "不限期":
            first = (1, 1, 1)
        elif fact.window in ("日内", "天内"):
            first = time.days_after(on, -fact.back)
        else:
            # No such day in that month: the last day of the month.
            first = time.months_after(on, -fact.back * (12 if fact.window == "年内" else 1))
        inside = [each for each in past if first <= each <= on]  # type: ignore[operator]  # days
        if it.regime["回溯首日"] == "不计入":
            inside = [each for each in inside if each != first]
        count = Fraction(len(inside) + fact.with_this)
        if values.get(fact.name, count) != count:
            raise Refused("conflicting_facts")
        if not fact.least <= count <= fact.greatest:
            raise Refused("out_of_domain")
        values[fact.name] = count
    return values


def known(fact: Declaration, value: Any) -> Any:
    if fact.kind == "清单":
        return [{name: known(fact.fields[name], inner) for name, inner in each.items()} for each in value]
    return fact.read(fact.if_unknown) if value == "不明" and fact.if_unknown else value


# --- tier and measures


def penalty(it: Item, case: Case) -> Answer:
    row, end = moved(it, the_tier(it, case), case)
    # A tier that overlaps another stands where it alone holds.
    if row.defect and not (row.defect == "overlapping_tiers" and row.measures):
        raise Refused(row.defect)
    measures: list[Imposed] = []
    party: int | None = None
    for each in row.measures:
        if isinstance(each, FineText):
            low, high = fine(each, it.finishing, limits(it, row, each), end, case)
            who = (f"对{each.payer}",) if each.payer else ()
            if low == high:
                party = party if each.payer else low
                measures.append(("fine", str(low), *who))
            else:
                measures.append(("fine_range", str(low), str(high), *who))
        else:
            measures += other(each, case)
    key = "不予处罚时" if kinds(row)[:1] in (["no_penalty"], ["may_no_penalty"]) else "一律并处"
    return Answer(tier=row.tier, fine_fen=party, measures=(*measures, *general(it.regime, key)))


def other(each: OtherText, case: Case) -> Iterator[Imposed]:
    if each.kind == "confiscate_gains":
        assert each.figure is not None
        gains = each.figure(case)
        # There is nothing to confiscate where there are no gains.
        if gains > 0:
            yield each.kind, str(int(gains * 100 // 1))
        return
    yield each.kind, *((each.what,) if each.what else ()), *figure_of(each, case)


def figure_of(each: OtherText, case: Case) -> tuple[str, ...]:
    """Say what a measure's figure is, or the two ends of its range; two ends that meet are one figure."""
    if not each.ranged:
        return () if each.figure is None else (str(each.figure(case)),)
    low, high = ends_of(each, case)
    if low is None or high is None or low < high:
        return (f"{low}..{high}",)
    if low > high:
        raise Refused("ends_crossed")
    return (str(low),)


def ends_of(each: OtherText, case: Case) -> tuple[Fraction | None, Fraction | None]:
    return None if each.low is None else each.low(case), None if each.high is None else each.high(case)


def general_part(part: Measure, case: Case) -> Iterator[Imposed]:
    assert isinstance(part, OtherText)
    return other(part, case)


def limits(it: Item, row: Row, text: FineText) -> Span:
    return it.limits[text.payer] if text.payer and text.payer in it.limits else it.limits[row.range_name]


def the_tier(it: Item, case: Case) -> Row:
    holding = [row for row in it.rows if row.when.holds(case)]
    if not holding:
        raise Refused("missing_tier" if any(gap.holds(case) for gap in it.gaps) else "no_tier")
    if len(holding) == 1:
        return holding[0]
    if all((each.outcome, each.range_name) == (holding[0].outcome, holding[0].range_name) for each in holding):
        # Whichever row counts, the outcome is the same one.
        return min(holding, key=lambda each: each.tier)
    if all(weighs_the_same(it, holding[0], each, case) for each in holding[1:]):
        return min(holding, key=lambda each: each.tier)
    if it.regime["数档并合"] == "从重":
        for row in holding:
            if all(weighs_the_same(it, row, each, case) or heavier(it, row, each, case) for each in holding):
                return row
    for row in holding:
        if row.defect == "overlapping_tiers" or (row.defect and not row.measures):
            raise Refused(row.defect)
    raise Refused("several_tiers")


def heavier(it: Item, row: Row, than: Row, case: Case) -> bool:
    """Say whether a row is heavier beyond doubt: no fine less, one greater, and every other measure of the second."""
    if not row.measures:
        return False
    if not than.measures:
        # What the other imposes could not be read: only the most that the law allows is beyond doubt no lighter.
        most = it.limits[row.range_name][1]
        least = both_ends(it, row, "", case)[0]
        return row.range_name == than.range_name and most is not None and least >= most(case)
    # A warning alone is the lightest penalty there is and gives way to a fine.
    only_warned = kinds_of(than) == ["warning"]
    if not only_warned and not others(than, case) <= others(row, case):
        return False
    payers = {each.payer for each in [*row.measures, *than.measures] if isinstance(each, FineText)}
    try:
        mine = [both_ends(it, row, payer, case) for payer in payers]
        theirs = [both_ends(it, than, payer, case) for payer in payers]
    except Refused:
        # What has no value cannot be weighed.
        return False
    pairs = [(one[end], two[end]) for one, two in zip(mine, theirs, strict=True) for end in (0, 1)]
    return all(one >= two for one, two in pairs) and any(one > two for one, two in pairs)


def weighs_the_same(it: Item, row: Row, other: Row, case: Case) -> bool:
    """Say whether two rows come to the same: the same outcome as written, or equal fines and equal other measures."""
    if (row.outcome, row.range_name) == (other.outcome, other.range_name):
        return True
    if row.range_name != other.range_name or not row.measures or not other.measures:
        return False
    fines = [each for each in [*row.measures, *other.measures] if isinstance(each, FineText)]
    if others(row, case) != others(other, case) or any(each.at for each in fines):
        return False
    try:
        return all(both_ends(it, row, each.payer, case) == both_ends(it, other, each.payer, case) for each in fines)
    except Refused:
        return False


def kinds_of(row: Row) -> list[str]:
    return [each.kind if isinstance(each, OtherText) else "fine" for each in row.measures]


def others(row: Row, case: Case) -> set[tuple[str, ...]]:
    # Weighing compares what is written: what has no value, or ends that cross, is only told of the row that applies.
    return {(each.kind, each.what, *shown(each, case)) for each in row.measures if isinstance(each, OtherText)}


def shown(each: OtherText, case: Case) -> tuple[str, ...]:
    try:
        return tuple(map(str, ends_of(each, case))) if each.ranged else figure_of(each, case)
    except Refused as refused:
        return str(refused), repr(each)


def both_ends(it: Item, row: Row, payer: str, case: Case) -> tuple[Fraction, Fraction]:
    """Give the least and the greatest that a row's fine on somebody can be; nothing where there is none."""
    for each in row.measures:
        if isinstance(each, FineText) and each.payer == payer:
            statutory = limits(it, row, each)
            inner = with_limits(case, statutory)
            ends = (each.low(inner) if each.low else None, each.high(inner) if each.high else None)
            low, high = bounded(each, open_ends(*ends, inner), inner)
            # What comes to less than nothing is no fine.
            return max(low, Fraction(0)), NO_END if high is None else max(high, Fraction(0))
    return Fraction(0), Fraction(0)


def moved(it: Item, row: Row, case: Case) -> tuple[Row, str]:
    holding = [move for move in it.moves if move.when.holds(case)]
    ends = {move.end for move in holding if move.end}
    if len(ends) > 1:
        raise Refused("several_tiers")
    end = ends.pop() if ends else ""
    steps = sum(move.tiers for move in holding)
    if steps == 0:
        return row, end
    ladder: list[str] = []
    for each in it.rows:
        if each.group == row.group and each.tier not in ladder:
            ladder.append(each.tier)
    at = ladder.index(row.tier) + steps
    if at < 0 or (at >= len(ladder) and not any(move.top_at_end for move in holding)):
        raise Refused("no_move")
    if at >= len(ladder):
        at = len(ladder) - 1
        end = "high" if row.tier == ladder[-1] else end
    there = [each for each in it.rows if each.group == row.group and each.tier == ladder[at]]
    if len(there) != 1:
        raise Refused("no_move")
    return there[0], end


def lighter(new: Answer, old: Answer) -> bool:
    """Say whether one outcome is lighter beyond doubt: no greater fine on anyone, no measure more, and less of one."""
    if new.refusal or old.refusal:
        return False
    spared = ("order_to_correct", "no_penalty", "may_no_penalty", "fine", "fine_range")

    def fines(answer: Answer) -> dict[str, tuple[Fraction, Fraction]]:
        found = {}
        for each in answer.measures:
            if each[0] in ("fine", "fine_range"):
                payer = next((text for text in each if text[0] == "对"), "")
                figures = [NO_END if text == "None" else Fraction(text) for text in each[1:] if text != payer]
                found[payer] = (figures[0], figures[-1])
        return found

    mine, theirs = fines(new), fines(old)
    nothing = (Fraction(0), Fraction(0))
    pairs = [
        pair for who in {*mine, *theirs} for pair in zip(mine.get(who, nothing), theirs.get(who, nothing), strict=True)
    ]
    more, before = (
        {each for each in answer.measures if each[0] not in spared and GENERAL not in each} for answer in (new, old)
    )
    no_worse = all(one <= two for one, two in pairs) and more <= before
    return no_worse and (any(one < two for one, two in pairs) or more < before)


def general(regime: Mapping[str, Any], key: str) -> Iterator[Imposed]:
    for each in regime.get(key, []):
        yield {"责令改正": "order_to_correct", "教育": "education"}[each["处理"]], GENERAL


# --- reading


def read(text: str) -> dict[str, Any]:
    """Read YAML as the text its author wrote: nothing is typed."""
    loaded: dict[str, Any] = YAML(typ="base", pure=True).load(text)
    return loaded


def texts(rules: Path) -> dict[str, str]:
    """Read the rule files of a folder, by their path."""
    return {str(path.relative_to(rules)): path.read_text(encoding="utf-8") for path in sorted(rules.rglob("*.yaml"))}


def condition(text: str, names: Names) -> Condition:
    cell = Cell(text, names)
    return Condition(cell.formula(), cell.reads, cell.constants)


def move(entry: Mapping[str, str], names: Names) -> Move:
    """Read `上移 1 档，已在最高档的取上限`, `下移 1 档`, `取本档上限`, `取本档下限`."""
    words, when = entry["处理"], condition(entry["情形"], names)
    end = {"取本档上限": "high", "取本档下限": "low"}.get(words.strip(), "")
    steps = 0 if end else int("".join(each for each in words if each.isdigit()))
    return Move(when, -steps if "下移" in words else steps, end, "已在最高档的取上限" in words)


def item(content: Mapping[str, Any], regime: Mapping[str, Any]) -> Item:
    declared = dict(regime.get("事实", {})) | dict(content.get("事实", {}))
    facts = {name: declaration(name, text) for name, text in declared.items()}
    entries = dict(regime.get("计算", {})) | dict(content.get("计算", {}))
    of_records = {name: dict(each.get("计算", {})) for name, each in declared.items() if not isinstance(each, str)}
    own = set(entries) | {name for inner in of_records.values() for name in inner}
    names = names_of(facts, own, regime["以上以下"])
    statutory = content["法定幅度"]
    ranges = dict(statutory) if isinstance(statutory, Mapping) else {"": statutory}
    marked = {each["档次"]: each["种类"] for each in content.get("缺陷", []) if "档次" in each}

    def rows(key: str) -> list[Row]:
        found = []
        for each in content.get(key, []):
            text = each["处理"]
            range_name = each.get("适用幅度", next(iter(ranges)))
            when = condition(each["情形"], names)
            defect = DEFECTS.get(marked.get(each["档次"], ""), "")
            reads = Cell(text, names).reads
            found.append(
                Row(each["档次"], each.get("组", ""), when, outcome(text, names), reads, range_name, text, defect)
            )
        return found

    dropped = content.get("不适用", [])
    dropped = [dropped] if isinstance(dropped, str) else dropped

    def inherited(key: str) -> list[Mapping[str, str]]:
        return [each for each in regime.get(key, []) if each["名"] not in dropped] + list(content.get(key, []))

    def said(key: str) -> str:
        return str(content.get(key, regime.get(key, "")))

    step, way = rounding(said("取整"))
    picking = content.get("档内取值", regime.get("档内取值", []))
    finishing = [each.get("情形", "") for each in picking if isinstance(each, Mapping)]
    finishing += [each["情形"] for key in ("移档", "调整") for each in inherited(key)]
    finishing += [each["处理"] for each in inherited("调整")] + list(ranges.values())
    finishing = [each for each in finishing if each != "其余"]
    return Item(
        code=content["违法行为代码"],
        power=content["职权编码"],
        days=time.span(content["施行"]),
        facts=facts,
        percent=names.percent,
        named={name: computed(each, names) for name, each in entries.items()},
        behind={name: Cell(flat(each), names).reads for name, each in entries.items()},
        inside={
            name: {each: computed(text, names) for each, text in inner.items()} for name, inner in of_records.items()
        },
        grounds=rows("不予处罚"),
        preconditions=[(condition(each["情形"], names), each["否则"]) for each in content.get("前提", [])],
        rows=rows("裁量表"),
        gaps=[condition(each["情形"], names) for each in content.get("缺陷", []) if each["种类"] == "缺档"],
        unpublished=any(each["种类"] == "未公布裁量基准" for each in content.get("缺陷", [])),
        moves=[move(each, names) for each in inherited("移档")],
        finishing=Finishing(
            in_tier=in_tier(picking, names),
            adjustments=[adjustment(each, names) for each in inherited("调整")],
            combine=said("调整方式"),
            beyond=said("超出法定幅度"),
            step=step,
            way=way,
        ),
        limits={name: span_of(text, names) for name, text in ranges.items()},
        regime=regime,
        finishing_reads=Cell(" , ".join(finishing), names).reads,
        cases=content.get("用例", []),
    )


DEFECTS = {
    "低于法定幅度": "below_statutory_range", "高于法定幅度": "above_statutory_range", "档次重叠": "overlapping_tiers",
    "错印": "misprint", "原文残缺": "unreadable",
}  # fmt: skip


def span_of(text: str, names: Names) -> Span:
    (found,) = outcome(text, names)
    assert isinstance(found, FineText)
    return found.low, found.high


def flat(entry: Any) -> str:
    """Put every word of a named value behind each other, for the names in it."""
    if isinstance(entry, str):
        return "" if entry.strip() in ("其余", "—") else entry
    if isinstance(entry, Mapping):
        keep = [value for key, value in entry.items()]
        return " , ".join(flat(each) for each in keep)
    return " , ".join(flat(each) for each in entry)
