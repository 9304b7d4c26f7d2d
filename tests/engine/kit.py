"""What engine tests share: the shipped rulebook, one small rulebook to bend, and short ways to ask."""

from collections.abc import Mapping
from datetime import date
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

from cases.proofs import cards
from engine import Decision, Finding, Outcome, Refusal, Rulebook, RuleFilesInvalid, decide, load_rulebook
from engine.card import Card
from engine.tree import Arithmetic, Money, Number, Ref


def fixed(fen: int) -> Money:
    """So many fen."""
    return Money(fen=fen)


def per_unit(fen: int, fact: str) -> Arithmetic:
    """So many fen for each unit of a fact."""
    return Arithmetic(op="*", left=Money(fen=fen), right=Ref(name=fact))


def multiple(ratio: Fraction | int, fact: str) -> Arithmetic:
    """A multiple of a money fact."""
    return Arithmetic(op="*", left=Number(value=Fraction(ratio)), right=Ref(name=fact))


ROOT = Path(__file__).parents[2]
RULES = ROOT / "rules"
DAY = date(2026, 11, 1)

REGIME = """基准代号: T
名称: 某市裁量基准
版本: "1"
文号: 某管规〔2023〕1号
发布机关: 某局
发布: 2023-11-23
施行: 2023-12-15 至 2028-12-14
来源: 某网页
以上以下: 含本数
回溯首日: 计入
数档并合: 从重
取整: 1分，舍去
事实:
  次数: 整数，次，1 至 99，越大越重，取自 档案，计 往日 1年内
  往日: 日期列表，取自 档案
  违法所得: 金额，元，0 至 1000000
一律并处:
  - {处理: 责令改正, 依据: 某法第一条}
不予处罚时:
  - {处理: 教育, 依据: 某法第二条}
"""

CATALOGUE = """职权目录: 某局权力事项
来源: 某网页
行使主体: 某局
事项:
  - {职权编码: P-1, 名称: 对占道的处罚, 公布: 2023-11-23, 施行: 2023-12-15 起}
"""

RULE = """违法行为代码: T-1
名称: 占道
类别: 市容
职权编码: P-1
施行: 2023-12-15 至 2028-12-14
依据: {条款: 某条例第三条, 原文: 处五十元以上五百元以下罚款。}
法定幅度: 罚款 50元 至 500元
事实:
  面积: 数，平方米，精确到 0.01，大于 0 至 100，越大越重
  主动改正: 是否，从轻
  地段: 选项 主街、小巷、广场
裁量表:
  - 档次: 轻
    情形: 面积 ≤ 2
    处理: 罚款 50元
    原文: 二平方米以下的。
  - 档次: 重
    情形: 面积 > 2
    处理: 罚款 500元
    原文: 超过二平方米的。
用例:
  - {名: 一平方米, 日: 2026-11-01, 给: {面积: "1"}, 得: 罚款 50元}
"""


@cache
def shipped_files() -> Mapping[str, bytes]:
    """Read the rule files this project ships, by path under `rules`."""
    return {path.relative_to(RULES).as_posix(): path.read_bytes() for path in sorted(RULES.rglob("*.yaml"))}


@cache
def shipped() -> Rulebook:
    """Load them, once for the whole run."""
    return load_rulebook(shipped_files())


@cache
def shipped_cards() -> tuple[Card, ...]:
    """Prove every rule of them, once for the whole run."""
    return tuple(cards(shipped(), list(shipped().every_rule()), None))


def changed(text: str, *changes: tuple[str, str]) -> str:
    """Replace parts of a text; a part that is not there is a mistake of the test."""
    for old, new in changes:
        assert old in text, f"{old!r} is not in the text"
        text = text.replace(old, new)
    return text


def files(rule: str = RULE, regime: str = REGIME, catalogue: str = CATALOGUE, **more: str) -> dict[str, bytes]:
    """Put a small rulebook together: one regime, one catalogue, one rule, and more rules by file name."""
    texts = {"r/regime.yaml": regime, "catalogue.yaml": catalogue, "r/t-1.yaml": rule}
    texts |= {f"r/{name}.yaml": text for name, text in more.items()}
    return {path: text.encode() for path, text in texts.items()}


def book(rule: str = RULE, regime: str = REGIME, catalogue: str = CATALOGUE, **more: str) -> Rulebook:
    """Load a small rulebook."""
    return load_rulebook(files(rule, regime, catalogue, **more))


def findings(given: Mapping[str, bytes]) -> tuple[Finding, ...]:
    """Load files and return everything found wrong with them."""
    try:
        load_rulebook(given)
    except RuleFilesInvalid as invalid:
        return invalid.findings
    return ()


def codes(found: tuple[Finding, ...]) -> list[str]:
    return [each.code for each in found]


def bare(text: str) -> str:
    """Leave the words of a message: quotation marks and spaces are its typography."""
    return text.translate(dict.fromkeys(map(ord, "`“” ")))


def ask(
    rulebook: Rulebook,
    facts: Mapping[str, Any],
    *,
    on: date = DAY,
    violation: str = "T-1",
    decided: date | None = None,
) -> Outcome:
    """Decide; any JSON value may stand for a fact, as callers send any."""
    return decide(rulebook, violation, on, facts, decided=decided)


def decided(outcome: Outcome) -> Decision:
    """Narrow to a decision; a refusal fails the test with its message."""
    assert isinstance(outcome, Decision), outcome.message
    return outcome


def refused(outcome: Outcome) -> Refusal:
    assert isinstance(outcome, Refusal), outcome.measures
    return outcome
