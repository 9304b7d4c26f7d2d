"""A second reading of the rules, written from the prose of the rule language and sharing nothing with the engine.

It is slow and plain on purpose. It reads the raw YAML as text, cuts conditions by regular expressions, evaluates them
by recursive descent over complete facts, and computes with fractions. It knows two truth values only: a missing fact is
no value here, so the callers try every value a missing fact could have.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

Day = tuple[int, int, int]
Fact = bool | str | Fraction | list[Day]

# Full-width punctuation means what its plain form means.
FOLD = str.maketrans("（）＜＞＝％，；：", "()<>=%,;:")
COMPARISONS = {
    "不超过": "<=", "不多于": "<=", "至多": "<=", "≤": "<=", "<=": "<=",
    "不少于": ">=", "不低于": ">=", "至少": ">=", "≥": ">=", ">=": ">=",
    "小于": "<", "少于": "<", "不满": "<", "不足": "<", "低于": "<", "<": "<",
    "大于": ">", "超过": ">", "多于": ">", "高于": ">", ">": ">",
    "不等于": "!=", "不为": "!=", "≠": "!=", "等于": "=", "为": "=", "=": "=",
}  # fmt: skip
MONEY = {"万元": Fraction(10_000), "元": Fraction(1), "分": Fraction(1, 100)}
CARRIED = ("平方米", "㎡", "次", "处", "日", "天", "%", "件", "个")
NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)?")


class Refused(Exception):
    """The oracle's refusal, by the name the rule language gives it."""


@dataclass
class Declaration:
    """One fact as its line in the file declares it."""

    name: str
    kind: str
    choices: list[str] = field(default_factory=list)
    step: Fraction = Fraction(1)
    low: Fraction = Fraction(0)
    high: Fraction = Fraction(0)
    above_low: bool = False
    below_high: bool = False
    counts: str = ""
    years: int = 0

    def values(self, constants: list[Fraction]) -> list[Fact]:
        """List values that stand for all others: both answers, every choice, each side of every constant."""
        if self.kind == "是否":
            return [True, False]
        if self.kind == "选项":
            return list(self.choices)
        least = self.low + self.step if self.above_low else self.low
        most = self.high - self.step if self.below_high else self.high
        near = {least, most, *(constant + side * self.step for constant in constants for side in (-1, 0, 1))}
        return sorted(value for value in near if least <= value <= most and (value / self.step).denominator == 1)


def declaration(name: str, text: str) -> Declaration:
    """Read `数，平方米，精确到 0.01，大于 0 至 100，计 往日 1年内`."""
    found = Declaration(name, "")
    for clause in re.split("[，,；;]", re.sub("「[^」]*」", "", text)):
        words = clause.strip()
        if not found.kind:
            found.kind = words.split()[0]
            if found.kind == "选项":
                found.choices = [choice.strip() for choice in words.removeprefix("选项").split("、")]
        elif words.startswith("精确到"):
            found.step = Fraction(words.removeprefix("精确到").strip())
        elif words.startswith("计"):
            found.counts, years = words.removeprefix("计").strip().rsplit(" ", 1)
            found.years = int(years.removesuffix("年内"))
        elif bounds := re.fullmatch(r"(大于 *)?([0-9.]+) *(?:至|到) *(小于 *)?([0-9.]+)", words):
            found.above_low, found.below_high = bool(bounds[1]), bool(bounds[3])
            found.low, found.high = Fraction(bounds[2]), Fraction(bounds[4])
    if found.kind == "金额":
        found.step = Fraction(1, 100)
    return found


def money(number: str, unit: str) -> Fraction:
    """Read an amount in yuan."""
    return Fraction(number) * MONEY[unit]


@dataclass
class Amount:
    """So many yuan, or so many for each unit of a fact, or so many times a fact."""

    yuan: Fraction
    of: str = ""

    def at(self, facts: Mapping[str, Fact]) -> Fraction:
        if not self.of:
            return self.yuan
        quantity = facts[self.of]
        assert isinstance(quantity, Fraction)
        return self.yuan * quantity


def amounts(text: str) -> list[Amount]:
    """Read `罚款 每平方米500元 至 2000元 × 面积`: one amount, or two where it is a range."""
    body, _, of = text.partition("×")
    quantities = re.findall(r"([0-9.]+) *(万元|元|分|倍)", body)
    return [Amount(Fraction(n) if unit == "倍" else money(n, unit), of.strip()) for n, unit in quantities]


class Condition:
    """Truth of a condition by recursive descent: 或 binds least, then 且, then 非, then a comparison or a fact."""

    def __init__(self, text: str, facts: Mapping[str, Declaration], inclusive: bool) -> None:
        names = sorted(facts, key=len, reverse=True)
        choices = sorted((choice for fact in facts.values() for choice in fact.choices), key=len, reverse=True)
        words = sorted(COMPARISONS, key=len, reverse=True)
        parts = [*names, *choices, *words, "以上", "以下", "属于", "、", "或者", "或", "并且", "且", "非", "(", ")"]
        units = [*CARRIED, *sorted(MONEY, key=len, reverse=True)]
        pattern = "|".join([NUMBER.pattern, *(re.escape(part) for part in [*parts, *units])])
        self.text, self.facts, self.inclusive = text.translate(FOLD), facts, inclusive
        self.words = re.findall(pattern, self.text)
        assert "".join(self.words) == re.sub(r"\s", "", self.text), (text, self.words)
        self.position = 0

    @property
    def constants(self) -> list[Fraction]:
        return [Fraction(word) for word in self.words if NUMBER.fullmatch(word)]

    @property
    def reads(self) -> set[str]:
        return {word for word in self.words if word in self.facts}

    def holds(self, values: Mapping[str, Fact]) -> bool:
        self.position = 0
        truth = self.either(values)
        assert self.position == len(self.words), self.text
        return truth

    def peek(self) -> str:
        return self.words[self.position] if self.position < len(self.words) else ""

    def take(self, *wanted: str) -> bool:
        if self.peek() in wanted:
            self.position += 1
            return True
        return False

    def either(self, values: Mapping[str, Fact]) -> bool:
        truth = self.both(values)
        while self.take("或", "或者"):
            # The right side is always read to its end, and only then joined.
            right = self.both(values)
            truth = truth or right
        return truth

    def both(self, values: Mapping[str, Fact]) -> bool:
        truth = self.negation(values)
        while self.take("且", "并且"):
            right = self.negation(values)
            truth = truth and right
        return truth

    def negation(self, values: Mapping[str, Fact]) -> bool:
        if self.take("非"):
            return not self.negation(values)
        if self.take("("):
            truth = self.either(values)
            assert self.take(")"), self.text
            return truth
        return self.comparison(values)

    def comparison(self, values: Mapping[str, Fact]) -> bool:
        left = self.operand(values)
        truth, compared = True, False
        while self.peek() in COMPARISONS:
            sign = COMPARISONS[self.peek()]
            self.position += 1
            right = self.operand(values)
            truth, left, compared = truth and compare(left, sign, right), right, True
        if compared:
            return truth
        if self.take("属于"):
            among = [self.operand(values)]
            while self.take("、"):
                among.append(self.operand(values))
            return left in among
        if NUMBER.fullmatch(self.peek()):
            bound = self.operand(values)
            sign = {"以上": ">", "以下": "<"}[self.peek()] + ("=" if self.inclusive else "")
            self.position += 1
            return compare(left, sign, bound)
        assert isinstance(left, bool), self.text
        return left

    def operand(self, values: Mapping[str, Fact]) -> Fact:
        word = self.peek()
        self.position += 1
        if word in self.facts:
            return values[word]
        if NUMBER.fullmatch(word):
            if self.peek() in MONEY:
                self.position += 1
                return money(word, self.words[self.position - 1])
            self.take(*CARRIED)
            return Fraction(word)
        return word


def compare(left: Any, sign: str, right: Any) -> bool:
    if sign in ("=", "!="):
        return bool(left == right) == (sign == "=")
    return bool({"<": left < right, "<=": left <= right, ">": left > right, ">=": left >= right}[sign])


@dataclass
class Row:
    tier: str
    when: Condition
    outcome: str
    low: Amount
    high: Amount

    @property
    def parts(self) -> list[str]:
        """Cut the outcome into measures; a quotation may hold commas of its own."""
        return [part.strip() for part in re.split("[，,；;](?![^「]*」)", self.outcome)]

    def fine(self, facts: Mapping[str, Fact]) -> Fraction:
        """Give the exact fine in yuan, nothing where the row has none."""
        return sum((amounts(part)[0].at(facts) for part in self.parts if part.startswith("罚款")), Fraction(0))


@dataclass
class Item:
    """One violation as its file and its regime have it."""

    code: str
    power: str
    days: tuple[Day, Day | None]
    facts: dict[str, Declaration]
    grounds: list[Row]
    preconditions: list[tuple[Condition, str]]
    rows: list[Row]
    gaps: list[Condition]
    regime: Mapping[str, Any]
    cases: list[Mapping[str, Any]]

    @property
    def reads(self) -> list[str]:
        """Name the facts any part of the table looks at, with the days that a count is counted from."""
        conditions = [
            *(row.when for row in [*self.grounds, *self.rows]),
            *(when for when, _ in self.preconditions),
            *self.gaps,
        ]
        read = {name for condition in conditions for name in condition.reads}
        for row in self.rows:
            for part in row.parts:
                read |= {name for name in self.facts if part.endswith(name)}
        return [name for name in self.facts if name in read]

    def constants(self, name: str) -> list[Fraction]:
        """Collect the numbers a fact is compared with (and a few more: all of the conditions it stands in)."""
        conditions = [row.when for row in [*self.grounds, *self.rows]] + [when for when, _ in self.preconditions]
        return [
            number
            for condition in [*conditions, *self.gaps]
            if name in condition.reads
            for number in condition.constants
        ]


@dataclass
class Answer:
    """What a violation owes: a refusal by its name, or a tier, a fine in fen and measures."""

    refusal: str = ""
    tier: str = ""
    fine_fen: int | None = None
    measures: tuple[tuple[str, str], ...] = ()


def day(text: str) -> Day:
    year, month, number = (int(part) for part in text.split("-"))
    return year, month, number


def span(text: str) -> tuple[Day, Day | None]:
    days = re.findall("[0-9]{4}-[0-9]{2}-[0-9]{2}", text)
    return day(days[0]), day(days[1]) if len(days) == 2 else None


def within(on: Day, days: tuple[Day, Day | None]) -> bool:
    return days[0] <= on and (days[1] is None or on <= days[1])


def leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def month_length(year: int, month: int) -> int:
    return 28 + leap(year) if month == 2 else 30 if month in (4, 6, 9, 11) else 31


class Oracle:
    """The whole rulebook, read naively."""

    def __init__(self, rules: Path) -> None:
        self.items: dict[str, Item] = {}
        self.powers: dict[str, tuple[Day, tuple[Day, Day | None]]] = {}
        files = {path: read(path) for path in sorted(rules.rglob("*.yaml"))}
        for content in files.values():
            for power in content.get("事项", []) if "职权目录" in content else []:
                self.powers[power["职权编码"]] = (day(power["公布"]), span(power["施行"]))
        regimes = {path.parent: content for path, content in files.items() if "基准代号" in content}
        for path, content in files.items():
            if "违法行为代码" in content:
                self.items[content["违法行为代码"]] = item(content, regimes[path.parent])

    def answer(self, code: str, on: Day, facts: Mapping[str, Fact]) -> Answer:
        """Decide with complete facts: every fact that could be read is given, or days for a count."""
        try:
            return self.decided(self.items[code], on, facts)
        except Refused as refused:
            return Answer(refusal=str(refused))

    def decided(self, it: Item, on: Day, facts: Mapping[str, Fact]) -> Answer:
        # A power that is not listed, not published or not in force may not be used.
        if it.power not in self.powers:
            raise Refused("power_item_missing")
        published, in_force = self.powers[it.power]
        if on < published:
            raise Refused("power_item_not_published")
        if not within(on, in_force):
            raise Refused("power_item_not_in_force")
        if not within(on, it.days):
            raise Refused("no_law_on_day")
        values = self.counted(it, on, facts)
        for ground in it.grounds:
            if ground.when.holds(values):
                return Answer(tier=ground.tier, measures=(("no_penalty", ""), *general(it.regime, "不予处罚时")))
        for when, otherwise in it.preconditions:
            if not when.holds(values):
                if otherwise == "不构成本违法行为":
                    raise Refused("not_this_violation")
                return Answer(measures=(("order_to_correct", ""),))
        return self.tier(it, values)

    def counted(self, it: Item, on: Day, facts: Mapping[str, Fact]) -> dict[str, Fact]:
        values = dict(facts)
        for fact in it.facts.values():
            if not fact.counts or fact.counts not in values:
                continue
            past = values[fact.counts]
            assert isinstance(past, list)
            year, month, number = on[0] - fact.years, on[1], on[2]
            # No such day in that year: the last day of the month.
            first = (year, month, min(number, month_length(year, month)))
            inside = [each for each in past if first <= each <= on]
            if it.regime["回溯首日"] == "不计入":
                inside = [each for each in inside if each != first]
            count = Fraction(len(inside) + 1)
            if values.get(fact.name, count) != count:
                raise Refused("conflicting_facts")
            if count > fact.high:
                raise Refused("out_of_domain")
            values[fact.name] = count
        return values

    def tier(self, it: Item, values: Mapping[str, Fact]) -> Answer:
        holding = [row for row in it.rows if row.when.holds(values)]
        if not holding:
            raise Refused("missing_tier" if any(gap.holds(values) for gap in it.gaps) else "no_tier")
        greatest = max(row.fine(values) for row in holding)
        heaviest = [row for row in holding if row.fine(values) == greatest]
        row = heaviest[0]
        # Heavier beyond doubt: the greatest fine, and every other measure that the rest impose.
        lacking = {part for each in holding for part in each.parts if not part.startswith("罚款")} - set(row.parts)
        if len(holding) > 1 and (it.regime["数档并合"] != "从重" or len(heaviest) > 1 or lacking):
            raise Refused("several_tiers")
        if row.parts == ["不予处罚"]:
            return Answer(tier=row.tier, measures=(("no_penalty", ""), *general(it.regime, "不予处罚时")))
        measures: list[tuple[str, str]] = []
        fen: int | None = None
        for part in row.parts:
            if part.startswith("罚款"):
                fen = fine_in_fen(row, values, it.regime["取整"])
                measures.append(("fine", str(fen)))
            elif part.startswith("没收「"):
                measures.append(("confiscate_goods", part[3:-1]))
            elif part.startswith("吊销「"):
                measures.append(("revoke_licence", part[3:-1]))
            elif part.startswith("没收"):
                gains = values[part.removeprefix("没收").strip()]
                assert isinstance(gains, Fraction)
                # There is nothing to confiscate where there are no gains.
                if gains > 0:
                    measures.append(("confiscate_gains", str(int(gains * 100))))
            else:
                measures.append(({"警告": "warning", "责令改正": "order_to_correct", "教育": "education"}[part], ""))
        return Answer(tier=row.tier, fine_fen=fen, measures=(*measures, *general(it.regime, "一律并处")))


def fine_in_fen(row: Row, values: Mapping[str, Fact], rounding: str) -> int:
    """Round as the regime says and never out of the statutory range; outside it from the start is a refusal."""
    low, high, exact = row.low.at(values) * 100, row.high.at(values) * 100, row.fine(values) * 100
    if exact < low:
        raise Refused("below_statutory_range")
    if exact > high:
        raise Refused("above_statutory_range")
    step_text, way = re.split("[，,]", rounding)
    found = re.fullmatch(r" *([0-9.]+) *(万元|元|分) *", step_text)
    assert found, rounding
    step = money(found[1], found[2]) * 100
    steps = {"舍去": exact // step, "进位": -(-exact // step), "四舍五入": (exact / step + Fraction(1, 2)) // 1}
    rounded = steps[way.strip()] * step
    if rounded < low:
        rounded = Fraction(-(-low // 1))
    if rounded > high:
        rounded = Fraction(high // 1)
    return int(rounded)


def general(regime: Mapping[str, Any], key: str) -> Iterator[tuple[str, str]]:
    for each in regime.get(key, []):
        yield {"责令改正": "order_to_correct", "教育": "education"}[each["处理"]], ""


def read(path: Path) -> dict[str, Any]:
    """Read YAML as the text its author wrote: nothing is typed."""
    loaded: dict[str, Any] = YAML(typ="base", pure=True).load(path.read_text(encoding="utf-8"))
    return loaded


def item(content: Mapping[str, Any], regime: Mapping[str, Any]) -> Item:
    declared = dict(regime.get("事实", {})) | dict(content.get("事实", {}))
    facts = {name: declaration(name, text) for name, text in declared.items()}
    inclusive = regime["以上以下"] == "含本数"
    statutory = content["法定幅度"]
    named = dict(statutory) if isinstance(statutory, Mapping) else {"": statutory}
    ranges = {name: amounts(text) for name, text in named.items()}

    def condition(text: str) -> Condition:
        return Condition(text, facts, inclusive)

    def rows(key: str) -> list[Row]:
        found = []
        for each in content.get(key, []):
            limits = ranges.get(each.get("适用幅度", ""), next(iter(ranges.values())))
            found.append(Row(each["档次"], condition(each["情形"]), each["处理"], limits[0], limits[-1]))
        return found

    return Item(
        code=content["违法行为代码"],
        power=content["职权编码"],
        days=span(content["施行"]),
        facts=facts,
        grounds=rows("不予处罚"),
        preconditions=[(condition(each["情形"]), each["否则"]) for each in content.get("前提", [])],
        rows=rows("裁量表"),
        gaps=[condition(each["情形"]) for each in content.get("缺陷", []) if each["种类"] == "缺档"],
        regime=regime,
        cases=content["用例"],
    )
