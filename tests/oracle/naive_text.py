"""The text of a cell, and what it is worth on the facts of a case: a tiny recursive-descent reading in Chinese.

Every method takes words from the left and gives back a function of the case, so that nothing is worked out before it is
wanted and a record of a list can be looked at with the same words. Amounts are in yuan, everything is a fraction.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from tests.oracle import naive_time as time

Worth = Callable[["Case"], Any]

# Full-width punctuation means what its plain form means.
FOLD = str.maketrans("（）＜＞＝％，；：［］＋－＊／", "()<>=%,;:[]+-*/")
COMPARISONS = {
    "不超过": "<=", "不多于": "<=", "不高于": "<=", "至多": "<=", "最高": "<=", "最多": "<=",
    "不晚于": "<=", "≤": "<=", "<=": "<=",
    "不少于": ">=", "不低于": ">=", "至少": ">=", "最低": ">=", "不早于": ">=", "≥": ">=", ">=": ">=",
    "小于": "<", "少于": "<", "不满": "<", "不足": "<", "低于": "<", "早于": "<", "<": "<",
    "大于": ">", "超过": ">", "多于": ">", "高于": ">", "晚于": ">", ">": ">",
    "不等于": "!=", "不为": "!=", "≠": "!=", "!=": "!=", "等于": "=", "为": "=", "=": "=",
}  # fmt: skip
MONEY = {"亿元": Fraction(100_000_000), "万元": Fraction(10_000), "元": Fraction(1), "分": Fraction(1, 100)}
UNITS = (
    "次 平方米 ㎡ 处 日 天 % 百分点 件 个 项 份 批 吨 千克 公斤 立方米 米 公里 千米 亩 公顷 小时 分钟 月 个月 年 人 辆 "
    "车次 只 头 羽 倍 点 分贝 株 棵 公里每小时 英里每小时"
).split()
TIMES, OVER, PLUS, MINUS = ("×", "*", "乘", "乘以"), ("÷", "/", "除以"), ("+", "加"), ("-", "−", "减")
CALLS = (
    "较大者 较小者 进位到 舍去到 四舍五入到 四舍六入到 份数 整份数 天数 月数 整月数 整年数 若干日后 若干月后 若干年后 "
    "项数 合计 最大一项 最小一项 任一项 每一项"
).split()
OTHER = (
    "或 或者 且 并且 非 未有 以上 以下 属于 、 , ; ( ) [ ] .. → -> 随 此后 按 法定下限 法定上限 行为日 决定日 罚款额 "
    "每 对 罚款 警告 通报批评 没收 吊销 暂扣 责令停产停业 限制 拘留 责令 责令改正 另计 标记 教育 不予处罚 "
    "可以不予处罚 拒绝 任何情形 上浮 下浮 可低于法定下限 至 到 起 是 否"
).split()
# What only general law asks: about the penalty that has been worked out.
AFTERWARDS = ("罚款额", "基础罚款额", "此前罚款额", "有罚款", "有警告", "有吊销", "有停产停业")
FIGURE = r"[0-9]+(?:\.[0-9]+)?"
DAY = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
HUGE = Fraction(10) ** 28


def fold(text: str) -> str:
    """Write punctuation in its plain form; a quotation keeps the characters its author wrote."""
    return re.sub("「[^」]*」|[^「]+", lambda part: part[0] if part[0][0] == "「" else part[0].translate(FOLD), text)


AMOUNT = re.compile(r"(?:人民币|RMB|CN¥|CNY|[¥￥])\s*([0-9]+(?:,[0-9]{3})*(?:\.[0-9]+)?)\s*(亿元|万元|元|分)?")
THOUSANDS = re.compile(r"[0-9]{1,3}(?:,[0-9]{3})+(?=(?:\.[0-9]+)?\s*(?:亿元|万元|元))")


def plainly(text: str) -> str:
    """Write an amount with its unit behind it, and no comma between its thousands."""
    text = AMOUNT.sub(lambda found: found[1].replace(",", "") + (found[2] or "元"), text)
    return THOUSANDS.sub(lambda found: found[0].replace(",", ""), text)


class Refused(Exception):
    """The second evaluator's refusal, by the name the rule language gives it."""


@dataclass
class Names:
    """What a file's own names are: facts and fields (those in % apart), choices, units, and lists of records."""

    facts: set[str] = field(default_factory=set)
    percent: set[str] = field(default_factory=set)
    choices: set[str] = field(default_factory=set)
    units: set[str] = field(default_factory=set)
    more: bool = True
    less: bool = True


@dataclass
class Case:
    """The facts of one decision, or of one record inside it, and what the rule works out from them."""

    given: Mapping[str, Any]
    percent: set[str]
    named: Mapping[str, Worth]
    on: time.Day
    decided: time.Day | None
    inside: Mapping[str, Mapping[str, Worth]]
    low: Worth | None = None
    high: Worth | None = None
    outer: "Case | None" = None

    def of(self, name: str) -> Any:
        """Say what a name is worth; a fact in % is a share."""
        if name in self.named:
            return self.named[name](self)
        if name in self.given:
            return self.given[name] / 100 if name in self.percent else self.given[name]
        if self.outer is None:
            raise Refused("missing_fact")
        return self.outer.of(name)

    def records(self, name: str) -> list["Case"]:
        """Open a list: each record is a small case of its own, with this one around it."""
        return [
            Case(each, self.percent, self.inside.get(name, {}), self.on, self.decided, {}, self.low, self.high, self)
            for each in self.of(name)
        ]


@dataclass
class Part:
    """A piece of a formula: its worth, and whether it is a fact in % or a figure, alone or at the head of a product."""

    worth: Worth
    percent: bool = False
    figure: str = ""
    head: str = ""
    tail: list[Worth] = field(default_factory=list)


def plain(worth: Worth) -> Part:
    return Part(worth)


def constant(value: Any) -> Worth:
    return lambda _case: value


def compare(left: Any, sign: str, right: Any) -> bool:
    if sign in ("=", "!="):
        return bool(left == right) == (sign == "=")
    return bool({"<": left < right, "<=": left <= right, ">": left > right, ">=": left >= right}[sign])


def whole(value: Fraction, way: str) -> Fraction:
    """Round to a whole number, the way its word says."""
    below = value // 1
    rest = value - below
    up = {
        "舍去": False,
        "进位": rest > 0,
        "四舍五入": rest >= Fraction(1, 2),
        "四舍六入": rest > Fraction(1, 2) or (rest == Fraction(1, 2) and below % 2 == 1),
    }[way]
    return Fraction(below + up)


class Cell:
    """The words of one cell, taken from the left."""

    def __init__(self, text: str, names: Names) -> None:
        self.text, self.names = plainly(fold(text)), names
        own = [*names.facts, *names.choices, *names.units]
        known = [*own, *COMPARISONS, *MONEY, *UNITS, *TIMES, *OVER, *PLUS, *MINUS, *CALLS, *OTHER, *AFTERWARDS]
        longest = sorted(set(known), key=len, reverse=True)
        pattern = "|".join(["「[^」]*」", DAY, FIGURE, *map(re.escape, longest)])
        self.words: list[str] = re.findall(pattern, self.text)
        assert "".join(self.words) == re.sub(r"\s", "", self.text), (text, self.words)
        self.at = 0

    # --- words

    def peek(self, ahead: int = 0) -> str:
        return self.words[self.at + ahead] if self.at + ahead < len(self.words) else ""

    def take(self, *wanted: str) -> bool:
        if self.peek() in wanted and self.peek():
            self.at += 1
            return True
        return False

    def must(self, *wanted: str) -> None:
        assert self.take(*wanted), (self.text, self.words[self.at :], wanted)

    def next(self) -> str:
        self.at += 1
        return self.words[self.at - 1]

    def quoted(self) -> str:
        word = self.next()
        assert word[0] == "「", self.text
        return word[1:-1]

    def is_figure(self, ahead: int = 0) -> bool:
        return re.fullmatch(FIGURE, self.peek(ahead)) is not None

    def done(self, worth: Worth) -> Worth:
        assert self.at == len(self.words), (self.text, self.words[self.at :])
        return worth

    @property
    def reads(self) -> set[str]:
        return set(self.words) & self.names.facts

    @property
    def constants(self) -> list[Fraction]:
        return [Fraction(word) for word in self.words if re.fullmatch(FIGURE, word)]

    # --- conditions

    def formula(self) -> Worth:
        """Read the whole cell as one formula or condition; `任何情形` is all there is of its cell."""
        if self.words == ["任何情形"]:
            return constant(True)
        return self.done(self.either().worth)

    def either(self) -> Part:
        parts = [self.both()]
        while self.take("或", "或者"):
            parts.append(self.both())
        return (
            parts[0] if len(parts) == 1 else plain(lambda case: settled(((part.worth, case) for part in parts), True))
        )

    def both(self) -> Part:
        parts = [self.negation()]
        while self.take("且", "并且"):
            parts.append(self.negation())
        return (
            parts[0] if len(parts) == 1 else plain(lambda case: settled(((part.worth, case) for part in parts), False))
        )

    def negation(self) -> Part:
        if self.take("非", "未有"):
            inner = self.negation()
            return plain(lambda case: not inner.worth(case))
        return self.comparison()

    def comparison(self) -> Part:
        left = self.sum()
        pairs: list[Worth] = []
        while (self.peek() in COMPARISONS and not pairs) or self.peek() in COMPARISONS:
            sign, before = COMPARISONS[self.next()], left
            left = self.sum()
            pairs.append(compared(before, sign, left))
        if pairs:
            return plain(lambda case: settled(((pair, case) for pair in pairs), False))
        if self.take("属于"):
            among = [self.sum()]
            while self.take("、"):
                among.append(self.sum())
            return plain(lambda case: left.worth(case) in [each.worth(case) for each in among])
        if self.peek() and self.starts_value():
            return self.bounded(left)
        return left

    def starts_value(self) -> bool:
        word = self.peek()
        return self.is_figure() or word in self.names.facts or word in CALLS or word == "每"

    def bounded(self, left: Part) -> Part:
        """Read `面积 1以上10以下`, `面积 20以上`: what they include the regime says."""
        bound = self.sum()
        if self.take("以下"):
            return plain(compared(left, "<=" if self.names.less else "<", bound))
        self.must("以上")
        lower = compared(left, ">=" if self.names.more else ">", bound)
        if not self.starts_value():
            return plain(lower)
        top = self.sum()
        self.must("以下")
        upper = compared(left, "<=" if self.names.less else "<", top)
        return plain(lambda case: settled([(lower, case), (upper, case)], False))

    # --- sums and products

    def sum(self) -> Part:
        left = self.product()
        while self.peek() in PLUS + MINUS:
            minus, right = self.next() in MINUS, self.product()
            left = plain(added(left.worth, right.worth, minus))
        return left

    def product(self) -> Part:
        left = self.atom()
        head, tail, only_times = left.figure, list[Worth](), True
        while self.peek() in TIMES + OVER:
            over, right = self.next() in OVER, self.atom()
            only_times = only_times and not over
            tail.append(right.worth)
            left = plain((divided if over else multiplied)(left.worth, right.worth))
        if tail and only_times:
            left.head, left.tail = head, tail
        return left

    def atom(self) -> Part:
        word = self.peek()
        if self.take("("):
            inner = self.either()
            self.must(")")
            return inner
        if self.take(*MINUS):
            inner = self.atom()
            return Part(lambda case: -inner.worth(case), figure=inner.figure)
        if self.take("每"):
            self.next()
            return self.atom()
        if word in CALLS:
            return self.call(self.next())
        self.next()
        if re.fullmatch(DAY, word):
            return plain(constant(time.day(word)))
        if re.fullmatch(FIGURE, word):
            return self.figure(Fraction(word))
        if word[0] == "「":
            return plain(constant(word[1:-1]))
        if word in self.names.facts:
            return Part(lambda case: case.of(word), percent=word in self.names.percent)
        if word in self.names.choices:
            return plain(constant(word))
        return self.known(word)

    def known(self, word: str) -> Part:
        if word == "法定下限":
            return plain(lambda case: case.low(case) if case.low else Fraction(0))
        if word == "法定上限":
            return plain(lambda case: case.high(case) if case.high else Fraction(0))
        if word in AFTERWARDS:
            return plain(lambda case: case.given[word])
        if word == "行为日":
            return plain(lambda case: case.on)
        assert word == "决定日", (self.text, word)
        return plain(decision_day)

    def figure(self, number: Fraction) -> Part:
        unit = self.peek()
        if unit in MONEY:
            self.next()
            return Part(constant(number * MONEY[unit]), figure="money")
        if unit in UNITS or unit in self.names.units:
            self.next()
            return Part(constant(number / 100 if unit in ("%", "百分点") else number), figure="number")
        return Part(constant(number), figure="bare")

    # --- functions

    def call(self, name: str) -> Part:
        self.must("(")
        if name in ("项数", "合计", "最大一项", "最小一项", "任一项", "每一项"):
            return self.over_records(name)
        parts = [self.either()]
        while self.take(",", ";"):
            parts.append(self.either())
        self.must(")")
        worths = [part.worth for part in parts]
        if name in ("较大者", "较小者"):
            best = max if name == "较大者" else min
            return plain(lambda case: best([worth(case) for worth in worths]))
        one, two = worths
        if parts[0].percent and parts[1].figure == "bare":
            # A bare step beside a percentage is one of percentage points.
            two = divided(two, constant(Fraction(100)))
        if name in ("份数", "整份数"):
            way = "进位" if name == "份数" else "舍去"
            return plain(lambda case: whole(one(case) / two(case), way))
        if name.endswith("到"):
            return plain(lambda case: whole(one(case) / two(case), name.removesuffix("到")) * two(case))
        return plain(over_days(name, one, two))

    def over_records(self, name: str) -> Part:
        records = self.next()
        parts: list[Worth] = []
        while self.take(",", ";"):
            parts.append(self.either().worth)
        self.must(")")
        if name == "任一项":
            return plain(lambda case: settled([(parts[0], each) for each in case.records(records)], True))
        if name == "每一项":
            return plain(lambda case: settled([(parts[0], each) for each in case.records(records)], False))
        value: Worth = constant(Fraction(1)) if name == "项数" else parts.pop(0)
        when: Worth = parts[0] if parts else constant(True)

        def worth(case: Case) -> Fraction:
            found = [value(each) for each in case.records(records) if when(each)]
            if name in ("最大一项", "最小一项"):
                return (max if name == "最大一项" else min)(found, default=Fraction(0))
            return sum(found, Fraction(0))

        return plain(worth)


def settled(parts: Iterable[tuple[Worth, "Case"]], settles: bool) -> bool:
    """Join conditions: one that settles it wins, then a missing fact, then what has no value, by its name."""
    refused: list[str] = []
    for part, case in parts:
        try:
            if bool(part(case)) is settles:
                return settles
        except Refused as refusal:
            refused.append(str(refusal))
    if refused:
        raise Refused("missing_fact" if "missing_fact" in refused else min(refused))
    return not settles


def compared(left: Part, sign: str, right: Part) -> Worth:
    """Compare two parts; a bare figure beside a fact in % is in % too."""

    def worth(case: Case) -> bool:
        one, other = left.worth(case), right.worth(case)
        if left.percent and right.figure == "bare":
            other = other / 100
        if right.percent and left.figure == "bare":
            one = one / 100
        return compare(one, sign, other)

    return worth


def added(left: Worth, right: Worth, minus: bool) -> Worth:
    return lambda case: left(case) - right(case) if minus else left(case) + right(case)


def multiplied(left: Worth, right: Worth) -> Worth:
    return lambda case: left(case) * right(case)


def divided(left: Worth, right: Worth) -> Worth:
    def worth(case: Case) -> Any:
        dividend, divisor = left(case), right(case)
        if divisor == 0:
            raise Refused("divided_by_zero")
        return dividend / divisor

    return worth


def decision_day(case: Case) -> time.Day:
    if case.decided is None:
        raise Refused("missing_fact")
    return case.decided


def over_days(name: str, one: Worth, two: Worth) -> Worth:
    between = {
        "天数": time.days_between, "月数": time.started_months, "整月数": time.full_months, "整年数": time.full_years,
    }  # fmt: skip
    if name in between:
        return lambda case: Fraction(between[name](one(case), two(case)))

    def later(case: Case) -> time.Day:
        steps = two(case)
        assert steps.denominator == 1, name
        if name == "若干日后":
            return time.days_after(one(case), int(steps))
        return time.months_after(one(case), int(steps) * (12 if name == "若干年后" else 1))

    return later
