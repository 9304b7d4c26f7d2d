"""Random rule files in Chinese: small, mostly sensible, and using every construct of the language.

A `Writer` draws the text of one cell after another; what it writes keeps to the kinds of the language (a product of two
measured quantities is left out), so that the loader takes most of it.
"""
# ruff: noqa: E501  # one way to write a cell stands on one line, however long its texts are

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, TypeVar

from hypothesis import strategies as st

T = TypeVar("T")

CATALOGUE = {
    "职权目录": "某局", "来源": "某网页", "行使主体": "某局",
    "事项": [{"职权编码": "P-1", "名称": "某权力", "公布": "2015-01-01", "施行": "2015-01-01 起"}],
}  # fmt: skip
SIGNS = ("=", "≠", "<", "≤", ">", "≥", "小于", "不超过", "超过", "不少于", "至少", "至多")
AREAS = ("0", "1", "2.5", "5", "10", "12.5")
SHARES = ("0%", "10%", "25%", "0.5", "60%", "1")
YUAN = (
    "100元",
    "250元",
    "500元",
    "999.99元",
    "1000元",
    "0.5万元",
    "12345分",
    "人民币300元",
    "0.00001亿元",
    "¥2,000",
    "1,250元",
)
STEPS = ("10元", "100元", "33元", "1分")


@dataclass
class Files:
    """The files of one rulebook, by path, and what facts they declare."""

    texts: dict[str, str]
    facts: list[str] = field(default_factory=list)


class Writer:
    """Writes cells by drawing from hypothesis; `facts` are declared, `numbers` and `sums` computed so far."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.draw = draw
        self.facts: dict[str, Any] = {}
        self.steps: list[str] = []
        self.amounts: list[str] = []
        self.truths: list[str] = []
        self.ratios: list[str] = []
        self.days: list[str] = []
        self.computing = True

    # --- drawing

    def pick(self, options: Sequence[T]) -> T:
        return self.draw(st.sampled_from(options))

    def chance(self, of_ten: int) -> bool:
        return self.draw(st.integers(0, 9)) < of_ten

    def among(self, ways: Sequence[tuple[bool, Callable[[], str]]]) -> str:
        return self.pick([way for possible, way in ways if possible])()

    def has(self, *names: str) -> bool:
        return all(name in self.facts for name in names)

    # --- facts

    def declare(self) -> None:
        pick, facts = self.pick, self.facts
        facts["面积"] = (
            f"数，平方米，精确到 {pick(['0.1', '0.01'])}，{pick(['0', '大于 0', '-3', '-20'])} 至 {pick(['20', '小于 15'])}"
        )
        kinds: dict[str, Callable[[], Any]] = {
            "件数": lambda: f"整数，{pick(['件', '「桶」'])}，{pick(['0', '1', '-2'])} 至 6{pick(['', '，不明按 3'])}",
            "货值": lambda: "金额，元，0 至 5000",
            "超标率": lambda: f"数，%，精确到 0.1，0 至 300{pick(['', '，不明按 12.5'])}",
            "重犯": lambda: f"是否，从重{pick(['', '，不明按 是'])}",
            "区域": lambda: (
                f"选项 城区、郊区、「山区（一类）」{pick(['', '，不明按 郊区', '，不明按 「山区（一类）」'])}"
            ),
            "责令日": lambda: "日期",
            "复查日": lambda: f"日期{pick(['', '，不明按 2024-02-29'])}",
            "次数": self.counted,
            "车辆": self.records,
        }
        for name in self.draw(st.lists(st.sampled_from(sorted(kinds)), max_size=4, unique=True)):
            facts[name] = kinds[name]()
        if "次数" in facts:
            facts["往日"] = "日期列表，取自 档案"
        self.steps = [name for name in ("件数", "次数") if name in facts]
        self.amounts = ["货值"] if "货值" in facts else []
        self.truths = ["重犯"] if "重犯" in facts else []
        self.days = [name for name in ("责令日", "复查日") if name in facts]

    def counted(self) -> str:
        window = self.pick(["1年内", "2 年内", "3个月内", "14月内", "30日内", "365 天内", "不限期"])
        least, this = self.pick([("1", ""), ("0", "，不含本次"), ("0", "")])
        return f"整数，次，{least} 至 {self.pick(['3', '99'])}，计 往日 {window}{this}"

    def records(self) -> dict[str, Any]:
        found: dict[str, Any] = {
            "每项": {
                "超载": "数，%，精确到 0.1，0 至 200",
                "车型": "选项 货车、客车",
                "座位": "整数，人，0 至 9，不明按 2",
            },
            "最多": "4",
        }
        if self.chance(7):
            lines = {"小于 30": "500元", "30% 至 小于 100%": self.pick(YUAN), "100 以上": "200元 × 座位"}
            found["计算"] = {"单车": {"行": "超载", "表": lines}, "超员": "座位 > 5"}
        return found

    # --- numbers

    def step(self, depth: int) -> str:
        """A number that varies in steps, or not at all; always a product or a call, so that it has no unit."""
        return self.among([
            (True, lambda: self.pick(["2", "3", "1.5"])),
            (bool(self.steps), lambda: f"{self.pick(['1', '2', '0.5'])} × {self.pick(self.steps)}"),
            (bool(self.steps), lambda: f"1 × ({self.pick(self.steps)} - {self.pick(['1', '2'])})"),
            (depth > 0, lambda: f"{self.pick(['份数', '整份数'])}({self.portion(depth - 1)})"),
            (depth > 0, lambda: f"{self.pick(['较大者', '较小者'])}({self.step(depth - 1)}, {self.step(depth - 1)})"),
            (depth > 0, lambda: f"({self.step(depth - 1)} {self.pick(['+', '-', '加', '减'])} {self.step(depth - 1)})"),
            (len(self.days) > 0 and depth > 0, lambda: f"1 × {self.between(depth - 1)}"),
            (self.has("车辆") and depth > 0, lambda: f"1 × 项数(车辆{self.pick(['', '，' + self.of_record()])})"),
            (self.has("车辆") and depth > 0, lambda: f"1 × 合计(车辆, 座位{self.pick(['', '，' + self.of_record()])})"),
        ])  # fmt: skip

    def portion(self, depth: int) -> str:
        return self.among([
            (True, lambda: f"面积, {self.pick(['0.2', '3', '1.5平方米'])}"),
            (self.has("超标率"), lambda: f"超标率, {self.pick(['10', '12.5%'])}"),
            (depth > 0, lambda: f"{self.money(depth - 1)}, {self.pick(['100元', '333元'])}"),
        ])  # fmt: skip

    def between(self, depth: int) -> str:
        call = self.pick(["天数", "月数", "整月数", "整年数"])
        return f"{call}({self.day(depth)}, {self.day(depth)})"

    def day(self, depth: int) -> str:
        return self.among([
            (bool(self.days), lambda: self.pick(self.days)),
            (True, lambda: self.pick(["行为日", "行为日", "决定日", "2024-02-29", "2025-03-31"])),
            (depth > 0, lambda: f"{self.pick(['较大者', '较小者'])}({self.day(depth - 1)}, {self.day(depth - 1)})"),
            (
                depth > 0 and bool(self.days),
                lambda: f"{self.pick(['若干日后', '若干月后', '若干年后'])}({self.day(0)}, {self.whole()})",
            ),
        ])  # fmt: skip

    def whole(self) -> str:
        return self.pick(["1", "6", "13", *(name for name in ("件数", "次数") if self.has(name))])

    def quantity(self, depth: int) -> str:
        """A number that may be measured."""
        return self.among([
            (True, lambda: f"{self.pick(['1', '2', '0.3'])} × 面积"),
            (True, lambda: self.step(depth)),
            (self.has("超标率"), lambda: f"{self.pick(['1', '3'])} × 超标率"),
            (depth > 0, lambda: f"({self.quantity(depth - 1)} {self.pick(['+', '-'])} {self.quantity(depth - 1)})"),
            (depth > 0, lambda: f"{self.step(depth - 1)} × ({self.quantity(depth - 1)})"),
            (depth > 0, lambda: f"({self.quantity(depth - 1)}) ÷ {self.divisor()}"),
            (depth > 0, lambda: f"较小者({self.quantity(depth - 1)}, {self.quantity(depth - 1)})"),
            (depth > 0, lambda: f"{self.rounded()}({self.quantity(depth - 1)}, {self.pick(['0.5', '1', '3'])})"),
            (self.has("车辆") and depth > 0, lambda: f"1 × {self.pick(['最大一项', '最小一项'])}(车辆, 超载{self.pick(['', '，' + self.of_record()])})"),
        ])  # fmt: skip

    def ratio(self) -> str:
        """A quotient of two lines: what it divides by is never below zero, and now and then nought."""
        lines = ["面积", "(面积 - 1)", "(2 × 面积 + 3)", "1", "较小者(面积, 4)"]
        lines += ["超标率"] if self.has("超标率") else []
        lines += [f"({name} × 面积)" for name in self.steps]
        over = ["较大者(面积, 0)", "(较大者(面积, 2) × 3 - 1)"]
        over += ["超标率", "(超标率 × 2)"] if self.has("超标率") else []
        text = f"{self.pick(lines)} ÷ {self.pick(over)}"
        if self.has("货值") and self.chance(4):
            text = f"{self.pick(['100元', '(货值 - 50元)', '较小者(货值, 500元)'])} ÷ 货值"
        return text + self.pick(["", " × 100%"])

    def divisor(self) -> str:
        return self.pick(["2", "3", "0.7", *self.steps, *(f"({name} - 1)" for name in self.steps)])

    def rounded(self) -> str:
        return self.pick(["进位到", "舍去到", "四舍五入到", "四舍六入到"])

    def share(self, depth: int) -> str:
        return self.among([
            (True, lambda: self.pick(SHARES)),
            (True, lambda: f"{self.pick(['5%', '10%', '0.02'])} × {self.quantity(depth)}"),
            (self.has("超标率"), lambda: "超标率"),
        ])  # fmt: skip

    # --- money

    def money(self, depth: int) -> str:
        return self.among([
            (True, lambda: self.pick(YUAN)),
            (True, lambda: f"{self.pick(YUAN)} × ({self.quantity(depth)})"),
            (True, lambda: f"每平方米{self.pick(['20元', '70.5元'])} × 面积"),
            (bool(self.amounts), lambda: self.pick(self.amounts)),
            (bool(self.amounts), lambda: f"{self.pick(['2倍', '30%', '1.5'])} × {self.pick(self.amounts)}"),
            (bool(self.amounts) and depth > 0, lambda: f"{self.pick(self.amounts)} × ({self.step(depth - 1)})"),
            (bool(self.amounts) and depth > 0, lambda: f"{self.pick(self.amounts)} ÷ {self.divisor()}"),
            (depth > 0, lambda: f"({self.money(depth - 1)} {self.pick(['+', '-'])} {self.money(depth - 1)})"),
            (depth > 0, lambda: f"{self.pick(['较大者', '较小者'])}({self.money(depth - 1)}, {self.money(depth - 1)})"),
            (depth > 0, lambda: f"{self.rounded()}({self.money(depth - 1)}, {self.pick(STEPS)})"),
            (not self.computing, lambda: f"{self.pick(['法定上限', '法定下限'])} × ({self.pick(['30%', '1.5', self.step(0)])})"),
            (self.has("车辆") and depth > 0, self.of_vehicles),
        ])  # fmt: skip

    def of_vehicles(self) -> str:
        call, where = self.pick(["合计", "最大一项", "最小一项"]), self.pick(["", "，" + self.of_record()])
        each = "单车" if "计算" in self.facts["车辆"] else "300元 × 座位"
        return f"{call}(车辆, {each}{where})"

    def of_record(self) -> str:
        ways = ["超载 > 100%", "超载 30 以上", "车型 为 货车", "非(车型 为 客车) 且 座位 > 3", "座位 1以上5以下"]
        ways += ["面积 > 5", "座位 × 2 > 件数" if self.has("件数") else "座位 ≥ 2"]
        ways += ["超员"] if "计算" in self.facts["车辆"] else []
        return self.pick(ways)

    # --- conditions

    def condition(self, depth: int) -> str:
        return self.among([
            (True, lambda: f"面积 {self.pick(SIGNS)} {self.pick(AREAS)}"),
            (True, lambda: f"{self.pick(['1', '0'])} {self.pick(['<', '≤'])} 面积 {self.pick(['<', '≤'])} 10"),
            (True, lambda: f"面积 {self.pick(AREAS)}{self.pick(['', '平方米'])}{self.pick(['以上', '以下', '以上10以下'])}"),
            (bool(self.steps), lambda: f"{self.pick(self.steps)} {self.pick(SIGNS)} {self.pick(['1', '2', '4'])}"),
            (self.has("超标率"), lambda: f"超标率 {self.pick(SIGNS)} {self.pick(['12.5', '50%', '100', '12.5%'])}"),
            (bool(self.amounts), lambda: f"{self.pick(self.amounts)} {self.pick(SIGNS)} {self.money(0)}"),
            (bool(self.truths), lambda: f"{self.pick(['', '非 ', '未有'])}{self.pick(self.truths)}"),
            (self.has("区域"), lambda: f"区域 {self.pick(['为 城区', '属于 城区、「山区（一类）」', '≠ 郊区', '为 「山区（一类）」'])}"),
            (bool(self.days), lambda: f"{self.pick(self.days)} {self.pick(SIGNS)} {self.day(depth)}"),
            (self.has("车辆"), lambda: f"{self.pick(['任一项', '每一项'])}(车辆, {self.of_record()})"),
            (depth > 0, lambda: f"{self.quantity(depth - 1)} × 面积 {self.pick(SIGNS)} 3 × 面积" if self.chance(0) else
                f"1 × 面积 {self.pick(SIGNS)} {self.quantity(depth - 1)}"),
            (True, lambda: f"{self.ratio()} {self.pick(SIGNS)} {self.pick(['10%', '0.5', '1', '2.5'])}"),
            (bool(self.ratios), lambda: f"{self.pick(self.ratios)} {self.pick(SIGNS)} {self.pick(['10%', '0.5', '1', '50%'])}"),
            (depth > 0, lambda: f"({self.condition(depth - 1)}) 且 ({self.condition(depth - 1)})"),
            (depth > 0, lambda: f"{self.condition(0)} 或 {self.condition(0)} 且 非({self.condition(depth - 1)})"),
        ])  # fmt: skip

    # --- computed values

    def compute(self) -> dict[str, Any]:
        """Write up to three named values of any form, each after those it may use."""
        found: dict[str, Any] = {}
        forms = ["formula", "truth", "step", "branches", "table", "points", "marginal", "day", "ratio"]
        for form in self.draw(st.lists(st.sampled_from(forms), max_size=3)):
            name = f"值{'甲乙丙'[len(found)]}"
            match form:
                case "formula":
                    found[name] = self.money(2)
                    self.amounts.append(name)
                case "step":
                    found[name] = self.step(2)
                    self.steps.append(name)
                case "ratio":
                    found[name] = self.ratio()
                    self.ratios.append(name)
                case "truth":
                    found[name] = self.condition(2)
                    self.truths.append(name)
                case "day":
                    found[name] = f"若干日后({self.day(1)}, {self.whole()})"
                    self.days.append(name)
                case "branches":
                    rows = [{"情形": self.condition(1), "值": self.money(1)} for _ in range(self.pick([1, 2]))]
                    found[name] = rows + ([{"情形": "其余", "值": self.money(1)}] if self.chance(7) else [])
                    self.amounts.append(name)
                case "table":
                    found[name] = self.table(lambda: self.money(0))
                    self.amounts.append(name)
                case "points":
                    found[name] = self.table(lambda: self.pick(["1", "2", "0.5", "10%", "3"]))
                    self.steps.append(name)
                case _:
                    found[name] = self.marginal()
                    self.amounts.append(name)
        return found

    def table(self, cell: Callable[[], str]) -> dict[str, Any]:
        row, keys = self.axis()
        column, others = self.axis()
        if column == row or self.chance(5):
            return {"行": row, "表": {key: cell() for key in keys}}
        blank = self.pick(keys), self.pick(others)
        holes = {blank} if len(keys) * len(others) > 1 and self.chance(2) else set()
        lines = {key: {other: "—" if (key, other) in holes else cell() for other in others} for key in keys}
        return {"行": row, "列": column, "表": lines}

    def axis(self) -> tuple[str, list[str]]:
        names = ["面积", *self.steps, *self.truths, *self.ratios, *self.days, "行为日"]
        names += [name for name in ("超标率", "区域", *self.amounts) if self.has(name) or name in self.amounts]
        name = self.pick(names)
        if name in self.truths:
            return name, ["是", "否"]
        if name == "行为日" or name in self.days:
            return name, self.periods()
        if name == "区域":
            return name, self.pick(
                [["城区、郊区", "「山区（一类）」"], ["城区", "郊区"], ["城区", "郊区", "「山区（一类）」"]]
            )
        if name in self.amounts:
            return name, self.bands("元", ["500", "1000"], below="0")
        if name in self.ratios:
            return name, self.bands("%", ["50", "120"], below="0")
        if name == "超标率":
            return name, self.bands(self.pick(["", "%"]), ["20", "100"], below="0")
        return name, self.bands("", self.pick([["2", "5"], ["3"], ["1", "2.5"]]), below="-3")

    def bands(self, unit: str, cuts: list[str], below: str) -> list[str]:
        """Cut an axis into lines that do not overlap; now and then one is missing."""
        first, last = cuts[0] + unit, cuts[-1] + unit
        keys = [
            self.pick([f"小于 {first}", f"[{below}{unit}..{first})", f"{below}{unit} 至 小于 {first}", f"不满{first}"])
        ]
        if len(cuts) > 1:
            keys.append(
                self.pick(
                    [f"{first} 至 {last}", f"[{first}..{last}]", f"大于 {first} 至 {last}", f"{first}以上{last}以下"]
                )
            )
            keys.append(self.pick([f"大于 {last}", f"超过{last}"]))
        else:
            keys.append(self.pick([f"{last} 以上", f"不少于 {last}"]))
        return keys[:-1] if self.chance(1) else keys

    def periods(self) -> list[str]:
        """Cut the days into lines that do not overlap; now and then one is missing, or a day between two."""
        keys = [
            self.pick(["早于 2024-07-01", "不晚于 2024-06-30", "< 2024-07-01", "2020-01-01 至 2024-06-30"]),
            self.pick(["2024-07-01 至 2025-06-30", "[2024-07-01..2025-07-01)", "2024-07-01 至 小于 2025-06-30"]),
            self.pick(["2025-07-01起", "晚于 2025-06-30", "不早于 2025-07-01", "2025-07-01"]),
        ]
        return keys[:-1] if self.chance(1) else keys

    def marginal(self) -> dict[str, Any]:
        of, unit, cuts = self.pick(
            [("面积", "", ("3", "8")), ("件数 × 2" if self.has("件数") else "面积", "", ("2", "5"))]
        )
        rates = ["10元", "25.5元", "100元"]
        if "货值" in self.amounts and self.chance(4):
            of, unit, cuts = "货值", "元", ("500", "2000")
            rates = ["5%", "0.1", "2倍"]
        low, high = (cut + unit for cut in cuts)
        lines = {
            self.pick([f"0{unit} 至 {low}", f"{low}以下", f"不超过 {low}"]): self.pick(rates),
            f"大于 {low} 至 {high}": self.pick(rates),
        }
        if self.chance(8):
            lines[self.pick([f"超过 {high}", f"大于 {high}"])] = self.pick(rates)
        return {"累进": of, "表": lines}

    # --- outcomes

    def fine(self) -> str:
        low, high = self.pick([("200元", "1000元"), ("1000元", "0.3万元"), ("100元", "5000元")])
        amounts = self.amounts or ["800元"]
        text = self.among([
            (True, lambda: self.money(2)),
            (True, lambda: f"{low} {self.pick(['至', '到'])} {high}"),
            (True, lambda: f"{low} 以上 {high} 以下"),
            (True, lambda: f"{high} 以下"),
            (True, lambda: f"{low} 以上"),
            (True, lambda: f"{low} 至 {high} 按 {self.share(1)}"),
            (True, lambda: f"{high}以下 按 {self.share(1)}"),
            (True, lambda: f"2倍 至 {self.pick(['3', '5'])}倍 × {self.pick(amounts)}"),
            (True, lambda: f"50元 至 80元 × 面积{self.pick(['', ' × 2'])}"),
            (True, lambda: f"{low} 至 ({high} + {self.money(0)})"),
            (True, lambda: f"{low}→{high} 随 {self.pick(['面积 2→5', '面积 0.5→12', '1 × 面积 3→4'])}"),
            (self.has("超标率"), lambda: f"{high}→{low} 随 超标率 {self.pick(['10→50', '10%→50%'])}，此后 {self.money(1)}"),
            (self.has("货值"), lambda: f"{low} → {high} 随 货值 100元 → 3000元"),
        ])  # fmt: skip
        floor = (
            f"，{self.pick(['不少于', '最低', '至少'])} {self.pick(['300元', self.money(0)])}" if self.chance(2) else ""
        )
        cap = (
            f"，{self.pick(['不超过', '最高', '至多'])} {self.pick(['900元', '2000元', self.money(0)])}"
            if self.chance(3)
            else ""
        )
        return f"罚款 {text}{self.pick([floor + cap, cap + floor])}"

    def outcome(self) -> str:
        self.computing = False
        parts = [self.fine()] if self.chance(9) else []
        others = [
            "警告", "通报批评", "没收「工具」", "吊销「许可证」", "暂扣「许可证」 3月", "责令停产停业", "责令停产停业 10日",
            "限制「从业」", "限制「从业」 5年", "拘留 5日", "责令改正", "责令「拆除」", "另计「记分」 12", "标记「移送」", "教育",
            "另计「培训」 2日", *(["没收货值"] if self.has("货值") else []), *([f"另计「份」 {self.step(1)}"]),
            "拘留 5日 至 15日", "暂扣「驾驶证」 6个月 以下", "限制「从业」 3年 以上", "责令停产停业 1日 以上 10日 以下",
            f"拘留 {self.step(1)} 日 至 {self.pick(['15日', self.step(1) + ' 日'])}", f"另计「课时」 {self.step(1)} 小时 至 40 小时",
            f"限制「经营」 {self.pick(['份数', '整份数'])}({self.portion(1)}) 月", f"另计「课时」 {self.step(1)} 小时",
        ]  # fmt: skip
        parts += self.draw(st.lists(st.sampled_from(others), max_size=2, unique=True))
        if self.chance(2):
            parts.append(f"对「责任人」{self.fine()}")
        self.computing = True
        if not parts or self.chance(0):
            return self.pick(["不予处罚", "可以不予处罚", "警告"])
        return "，".join(parts)

    # --- between row and amount

    def in_tier(self) -> Any:
        places = ["50%", "取本档上限", "取本档下限", "30% 至 70%", "0% 至 小于 50%", "只给幅度", "0.25"]
        if self.chance(5):
            return self.pick(places)
        rules: list[dict[str, str]] = []
        for number in range(self.pick([1, 2])):
            rules.append({"名": f"取{number}", "情形": self.condition(0), "取": self.pick(places)})
        if self.chance(9):
            rules.append({"名": "一般", "情形": "其余", "取": self.pick(places)})
        for each in rules:
            if self.chance(5):
                each["只有上限"] = self.pick(["20%", "0.5"])
            if self.chance(5):
                each["只有下限"] = self.pick(["2倍", "1.5倍"])
        return rules

    def moves(self) -> list[dict[str, str]]:
        ways = [
            "上移 1 档", "上移 1 档，已在最高档的取上限", "上移 2 档，已在最高档的取上限", "下移 1 档", "取本档上限",
            "取本档下限",
        ]  # fmt: skip
        count = self.pick([0, 0, 1, 1, 2])
        return [{"名": f"移{number}", "情形": self.condition(0), "处理": self.pick(ways)} for number in range(count)]

    def adjustments(self) -> list[dict[str, str]]:
        found = []
        for number in range(self.pick([0, 1, 1, 2])):
            when = self.pick([*[self.condition(0)] * 5, "任何情形"])
            self.computing = False
            text = self.among([
                (True, lambda: f"{self.pick(['上浮', '下浮'])} {self.pick(['20%', '30%', '150%', self.share(1)])}"),
                (True, lambda: f"{self.pick(['上浮', '下浮'])} {self.pick(['30% 至 50%', '0.1 至 20%'])}"),
                (True, lambda: f"上浮 5% × {self.step(1)}{self.pick(['，不超过 30%', '，不少于 10%', ''])}"),
                (True, lambda: f"{self.pick(['加', '减', '+', '-'])} {self.pick(['500元', self.money(1)])}"),
                (True, lambda: f"× {self.pick(['1.5', '0.5'])}"),
            ])  # fmt: skip
            below = self.pick(["", "", "，可低于法定下限"])
            self.computing = True
            found.append({"名": f"调{number}", "情形": when, "处理": text + below})
        return found

    def rounding(self) -> str:
        return (
            f"{self.pick(['1分', '1元', '10元', '70元'])}，{self.pick(['舍去', '进位', '四舍五入', '四舍六入五成双'])}"
        )

    # --- whole files

    def rows(self) -> list[dict[str, str]]:
        """Write rows that mostly cut an axis into tiers; some stand across it."""
        cuts = self.pick([["2", "5"], ["5"], ["3", "8", "12"]])
        conditions = [
            f"面积 ≤ {cuts[0]}",
            *(f"{low} < 面积 ≤ {high}" for low, high in pairwise(cuts)),
        ]
        conditions.append(f"面积 > {cuts[-1]}")
        if self.chance(3):
            at = self.draw(st.integers(0, len(conditions) - 1))
            conditions[at] = self.condition(2)
        if self.chance(1):
            conditions = ["任何情形"]
        groups = self.pick([["一"], ["一", "二"]])
        return [
            {
                "档次": f"第{number}档", "情形": when, "处理": self.outcome(), "原文": "原文", "适用幅度": self.pick(["单位", "个人"]),
                **({"组": self.pick(groups)} if self.chance(2) else {}),
            }
            for number, when in enumerate(conditions)
        ]  # fmt: skip

    def ranges(self) -> dict[str, str]:
        broad = ["罚款 100元 至 2万元", "罚款 6000元 以下", "罚款 50元 以上", *["罚款 1元 至 10万元"] * 4]
        found = {"单位": self.pick([*broad, "罚款 200元 至 (500元 × 面积 + 3000元)"]), "个人": self.pick(broad)}
        if self.chance(5):
            found["责任人"] = self.pick(["罚款 50元 至 2万元", "罚款 9000元 以下"])
        return found

    def rule(self, in_force: str) -> dict[str, Any]:
        found: dict[str, Any] = {
            "违法行为代码": "T-1", "名称": "某行为", "类别": "某类", "职权编码": "P-1", "施行": in_force,
            "依据": {"条款": "第一条", "原文": "原文"}, "法定幅度": self.ranges(), "裁量表": self.rows(),
        }  # fmt: skip
        if self.chance(2):
            whether = self.pick(["只责令改正", "不构成本违法行为"])
            found["前提"] = [{"情形": self.pick([self.condition(1), "面积 ≥ 0"]), "否则": whether}]
        if self.chance(2):
            found["不予处罚"] = [
                {"档次": f"免{number}", "情形": f"面积 < 1 且 ({self.condition(1)})", "处理": text, "原文": "原文"}
                for number, text in enumerate(
                    self.draw(st.lists(st.sampled_from(["不予处罚", "可以不予处罚"]), min_size=1, max_size=2))
                )
            ]
        if self.chance(3):
            found["缺陷"] = [{"种类": "缺档", "情形": self.condition(1), "说明": "某"}]
        found["用例"] = [{"名": "某例", "日": "2024-05-01", "给": {}, "得": "拒绝 缺少事实"}]
        return found

    def regime(self) -> dict[str, Any]:
        return {
            "基准代号": "T", "名称": "某基准", "版本": "1", "文号": "某号", "发布机关": "某局", "发布": "2015-01-01",
            "施行": "2016-01-01 起", "来源": "某网页", "以上以下": self.pick(["含本数", "不含本数", "以上含本数而以下不含"]),
            "回溯首日": self.pick(["计入", "不计入"]), "数档并合": self.pick(["从重", "拒绝"]), "取整": self.rounding(),
            "从旧兼从轻": self.pick(["适用", "适用", "不适用"]), "调整方式": self.pick(["连乘", "相加"]),
            "超出法定幅度": self.pick(["取边界", "取边界", "拒绝"]),
            "一律并处": [{"处理": "责令改正", "依据": "某法"}], "不予处罚时": [{"处理": "教育", "依据": "某法"}],
        }  # fmt: skip


def asking_what_the_fine_comes_to(writer: Writer, rule: dict[str, Any]) -> None:
    """Let the last adjustment ask for it, where every fine and every change of it is a figure and no range."""
    adjusted = rule.get("调整", [])
    texts = [text for each in (*rule["裁量表"], *adjusted) for text in each["处理"].split("，")]
    ranged = any(re.search("罚款.*(?<!进位)(?<!舍去)(?<!入)(至|到|以上|以下)|浮.*至", text) for text in texts)
    if adjusted and not ranged and writer.chance(6):
        asked = writer.pick(["基础罚款额", "此前罚款额"])
        adjusted[-1]["情形"] = asked + writer.pick([" > 1000元", " ≤ 500元", " 300元 以上"])


@st.composite
def rule_files(draw: st.DrawFn) -> Files:
    """Draw a regime, a rule under it, and now and then a later version of the rule."""
    writer = Writer(draw)
    writer.declare()
    regime = writer.regime()
    shared = writer.pick([True, False])
    (regime if shared else {})["事实"] = writer.facts
    if shared and "车辆" in writer.facts:
        # A list of records and what is computed for it stand together.
        shared = False
        del regime["事实"]
    facts = {} if shared else {"事实": writer.facts}
    compute = writer.compute()
    values = {"计算": compute} if compute else {}
    conventions: dict[str, Any] = {"档内取值": writer.in_tier()}
    for key, found in (("移档", writer.moves()), ("调整", writer.adjustments())):
        if found:
            conventions[key] = found
    late = writer.chance(2)
    first = writer.rule("2016-01-01 至 2024-06-30" if late else "2016-01-01 起") | facts | values
    if shared and not compute and writer.chance(5):
        regime |= conventions
        names = [each["名"] for key in ("移档", "调整") for each in conventions.get(key, [])]
        if names and writer.chance(3):
            first["不适用"] = [writer.pick(names)]
    else:
        first |= conventions
        if not late:
            asking_what_the_fine_comes_to(writer, first)
    if writer.chance(2):
        first["取整"] = writer.rounding()
    texts = {"catalogue.yaml": CATALOGUE, "r/regime.yaml": regime, "r/first.yaml": first}
    if late:
        second = writer.rule("2024-07-01 起") | {
            key: first[key] for key in (*facts, *values, *conventions) if key in first
        }
        texts["r/second.yaml"] = second
    return Files({path: json.dumps(each, ensure_ascii=False, indent=1) for path, each in texts.items()})
