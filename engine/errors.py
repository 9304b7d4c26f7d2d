"""What can be wrong with rule files, and the room's error tree.

    EngineError
    └── RuleFilesInvalid      one or more rule files cannot be used; carries every Finding, in file order

A refusal to decide is no error: it is a value (`engine.decision.Refusal`). Any other exception out of the engine is a
defect of the engine and stays loud.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from engine.fact import Language, Place

# Code of a finding -> (Chinese, English): what stands there, what was expected. The repair is a second sentence.
SENTENCES: dict[str, tuple[str, str]] = {
    "file_too_large": ("文件超过上限 {expected} 字节", "the file is larger than the limit of {expected} bytes"),
    "not_utf8": ("文件不是 UTF-8 文本", "the file is not UTF-8 text"),
    "yaml_syntax": ("这里的格式读不懂：{found}", "the file cannot be read here: {found}"),
    "broken_cell": (
        "花括号 {{…}} 里的逗号把这一格截断了，多出“{found}”",
        "a comma inside {{…}} cut this cell in two: `{found}` is left over",
    ),
    "no_colon": ("“{found}”里没有分开项目和内容的冒号", "no colon parts key and content in `{found}`"),
    "language_missing": (
        "这个文件用{found}的词写成，却没有这样写明",
        "this file is written in {found} words and does not say so",
    ),
    "tab": ("这里有制表符", "a tab stands here"),
    "alias": (
        "不能用 YAML 锚点、别名或标签（“{found}”）",
        "YAML anchors, aliases and tags may not be used (`{found}`)",
    ),
    "too_deep": ("嵌套超过 {expected} 层", "nested deeper than {expected} levels"),
    "too_many_nodes": ("内容超过 {expected} 项", "more than {expected} entries"),
    "text_too_long": ("一格文字超过 {expected} 字", "a cell is longer than {expected} characters"),
    "empty_file": ("文件是空的", "the file is empty"),
    "several_documents": ("一个文件里有多份 YAML 文档", "the file holds several YAML documents"),
    "duplicate_key": (
        "“{found}”写了两次（先前在第 {expected} 行）",
        "`{found}` is written twice (first on line {expected})",
    ),
    "unknown_key": ("不认识的项目“{found}”", "unknown key `{found}`"),
    "missing_key": ("缺少“{expected}”", "`{expected}` is missing"),
    "nothing_there": ("“{found}”下面没有内容", "nothing stands under `{found}`"),
    "not_general": (
        "这里只能写责令改正、教育",
        "only an order to correct or education can stand here",
    ),
    "control_character": ("这里有看不见的控制字符（{found}）", "a control character stands here ({found})"),
    "wrong_shape": ("这里应是{expected}", "expected {expected} here"),
    "unknown_kind_of_file": (
        "看不出这是哪种文件：首项应是“违法行为代码”、“基准代号”、“通则代号”、“一事不二罚”、“职权目录”或“督察牌规则”",
        "the kind of file cannot be told: "
        "expected a `violation`, `regime`, `guard`, `one_act_one_fine`, `catalogue` or `cards` key",
    ),
    "unknown_language": ("不认识的语言“{found}”", "unknown language `{found}`"),
    "unknown_word": ("“{found}”看不懂", "`{found}` is not understood"),
    "other_currency": ("“{found}”是别的货币", "`{found}` is money of another currency"),
    "unknown_currency": ("不认识的货币“{found}”", "unknown currency `{found}`"),
    "guard_currency": (
        "通则“{found}”写的是 {expected} 的金额，与本基准的货币不同",
        "the guard `{found}` states amounts in {expected}, which is not this regime's currency",
    ),
    "version_currency": (
        "“{found}”先前的版本用的货币是 {expected}：两种货币的罚款比不出轻重，不能从旧兼从轻",
        "an earlier version of `{found}` is in {expected}: of fines in two currencies neither is the lighter",
    ),
    "smart_quote": ("这里有弯引号“{found}”", "a typographic quote `{found}` stands here"),
    "cell_syntax": ("读到“{found}”读不通，这里可以是 {expected}", "`{found}` does not fit here; expected {expected}"),
    "cell_ends_early": ("这一格没有写完，后面还应有 {expected}", "the cell ends too early; expected {expected}"),
    "cell_too_deep": ("括号或“非”嵌套超过 {expected} 层", "parentheses or `not` nested deeper than {expected} levels"),
    "bad_name": ("“{found}”不能作名称", "`{found}` cannot be a name"),
    "number_too_long": ("数字“{found}”太长", "the number `{found}` is too long"),
    "too_precise": (
        "“{found}”比“{expected}”声明的精度更细",
        "`{found}` is finer than the precision `{expected}` declares",
    ),
    "unit_mismatch": (
        "“{found}”与“{expected}”声明的单位不同",
        "`{found}` does not go with the unit declared for `{expected}`",
    ),
    "wrong_fact_kind": (
        "“{found}”的种类不能这样用：应是{expected}",
        "`{found}` cannot be used so: expected {expected}",
    ),
    "unknown_choice": ("“{found}”不是“{expected}”的选项", "`{found}` is no choice of `{expected}`"),
    "unknown_fact": ("“{found}”不是本规则声明的事实", "`{found}` is no fact this rule declares"),
    "bad_domain": ("取值范围不通：{found}", "the domain does not work: {found}"),
    "unused_fact": ("事实“{found}”没有用到", "the fact `{found}` is used by nothing"),
    "unused_value": ("算出的“{found}”没有用到", "the computed value `{found}` is used by nothing"),
    "tier_twice": (
        "同一组、同一法定幅度里有两行都叫“{found}”",
        "two rows of one group and one statutory range are called `{found}`",
    ),
    "past_limit": ("{found} 超过上限 {expected}", "{found} is past the limit of {expected}"),
    "question": ("没有写明：{expected}", "not said: {expected}"),
    "bad_day": ("“{found}”不是日期", "`{found}` is no day"),
    "bad_choice_of_words": ("“{found}”不是可选的写法", "`{found}` is none of the words allowed here"),
    "outside_statutory_range": (
        "“{found}”的罚款越出法定幅度“{expected}”",
        "the fine of `{found}` lies outside the statutory range `{expected}`",
    ),
    "points_or_money": (
        "“{found}”会读成钱的零头，不是记分",
        "`{found}` would be read as a part of an amount of money, not as points",
    ),
    "fine_without_range": (
        "“{found}”写到罚款，而所适用的法定幅度是“{expected}”",
        "`{found}` speaks of a fine, and its statutory range is `{expected}`",
    ),
    "range_not_named": (
        "有多个法定幅度，“{found}”没有写明适用哪一个",
        "there are several statutory ranges and `{found}` does not say which applies",
    ),
    "range_upside_down": ("法定幅度的下限高于上限", "the lower end of the statutory range is above its upper end"),
    "refused_tier_not_marked": (
        "“{found}”一档写了“拒绝”，却没有标明缺陷",
        "the tier `{found}` says `refuse` but no defect is marked",
    ),
    "version_overlap": (
        "与“{expected}”在“{found}”起同时有效：一个代码一天只能有一个版本",
        "in force together with `{expected}` from `{found}`: one code has one version a day",
    ),
    "version_gap": (
        "“{found}”的两个版本之间有空档（{expected}），没有声明",
        "between two versions of `{found}` there is a gap ({expected}) that nobody declared",
    ),
    "defect_not_there": ("标明的缺陷不存在：{found}", "the marked defect is not there: {found}"),
    "not_known_here": ("“{found}”在这里还不认识", "`{found}` is not known here"),
    "not_for_cards": (
        "督察牌规则只能看单个事实，不能比较两个量",
        "a card rule looks at single facts and cannot compare two figures",
    ),
    "not_for_guards": (
        "通则里不能写罚款：数额由各违法行为的规则决定",
        "a guard imposes no fine: what a violation costs is its own rule's business",
    ),
    "unknown_guard": ("没有通则“{found}”", "there is no guard `{found}`"),
    "not_linear": (
        "“{found}”两边都是随事实连续变化的量，这样的乘积无法证明不越出法定幅度",
        "both sides of `{found}` vary without steps: such a product cannot be proved to stay inside the statute",
    ),
    "ratio_used": (
        "两个连续变化的量相除得到的比值，只能和固定的数比较（写在情形里），或者作表的行、列；“{found}”这里不行",
        "a ratio of two quantities that vary without steps may only be compared with a constant, or be the row or "
        "column of a table: not so at `{found}`",
    ),
    "not_straight": (
        "“{found}”两边都连续变化时，只能是事实的和、差、倍数：取整、份数、累进、同一事实自乘的，不能这样除",
        "where both sides of `{found}` vary without steps they may be sums, differences and multiples of facts: "
        "nothing rounded, counted in portions, marginal, or multiplied by itself",
    ),
    "divisor_below_zero": (
        "“{found}”的除数按取值范围可能小于零，这样的比值不能比较；请把除数的事实声明为从 0（或大于 0）起",
        "the divisor at `{found}` may be below zero within the domains: such a ratio cannot be compared; declare what "
        "it is made of from 0 (or more than 0) on",
    ),
    "wrong_arguments": ("“{found}”用得不对：应是{expected}", "`{found}` is used wrongly: expected {expected}"),
    "not_money": (
        "“{found}”起的这一段不是金额；金额要写单位，如 50{expected}",
        "what begins with `{found}` is no money; an amount has its unit, as in 50 {expected}",
    ),
    "bound_without_fine": (
        "“{found}”要紧跟在它所限制的罚款后面，且写一个金额，每种一次",
        "`{found}` must follow the fine it bounds, with an amount, once of each",
    ),
    "at_without_bracket": (
        "只有写明下限和上限的罚款才能写“按”，法定幅度不能写",
        "only a fine with two ends can say `at`, and no statutory range can",
    ),
    "not_a_band": ("“{found}”不是表里的一行", "`{found}` is no line of a table"),
    "missing_column": ("“{found}”这一行缺少“{expected}”一列", "the line `{found}` has no column `{expected}`"),
    "unknown_column": ("“{found}”不是这张表的列", "`{found}` is no column of this table"),
    "lines_overlap": ("这一行与“{found}”一行重叠", "this line and the line `{found}` overlap"),
    "fine_not_decided": (
        "“{found}”要问罚款数额，而这里的罚款是一个幅度",
        "`{found}` asks what the fine comes to, and the fine here is a range",
    ),
    "bands_gap": (
        "{found} 到 {expected} 之间没有一行：这一段要收多少写明（不收写 0%）",
        "no line says what the part from {found} to {expected} costs; where it costs nothing, write 0%",
    ),
    "mixed_kinds": (
        "这里的值种类不一致：应都是{expected}",
        "the values here are of several kinds: expected {expected}",
    ),
    "two_fines": ("一档里对同一人有两笔罚款", "one tier imposes two fines on the same payer"),
    "no_penalty_with_others": ("不予处罚不能与其他处罚并列", "no penalty cannot stand beside other measures"),
    "only_no_penalty": (
        "“不予处罚”一节里只能写“不予处罚”",
        "under `no_penalty` the outcome can only be `no penalty`",
    ),
    "amount_may_overflow": (
        "按事实的上限算，罚款会超过 {expected}",
        "at the upper end of its facts the fine passes {expected}",
    ),
    "divisor_may_be_zero": (
        "除数“{found}”按事实的范围可以是零，除出来没有上限",
        "the divisor `{found}` can be zero within the range of its facts, and the amount has no upper end",
    ),
    "power_item_missing": (
        "职权编码“{found}”没有列入任何职权目录：本规则的案件一律拒绝",
        "no catalogue lists the power item `{found}`: every case of this rule is refused",
    ),
    "no_regime": ("这个文件夹里没有基准文件", "there is no regime file in this folder"),
    "two_regimes": ("这个文件夹里已有基准文件“{found}”", "this folder already has the regime file `{found}`"),
    "duplicate_code": ("“{found}”在“{expected}”里已经写过", "`{found}` is already written in `{expected}`"),
    "duplicate_name": ("“{found}”已经用过", "`{found}` is already used"),
    "not_in_force": (
        "施行期越出基准的施行期（{expected}）",
        "in force on days on which its regime is not ({expected})",
    ),
    "upside_down_validity": ("施行期的末日早于首日", "the last day in force is before the first"),
    "no_test_case": ("“{found}”没有用例", "`{found}` has no test case"),
}

# What fills a blank of a sentence; a pair is its Chinese and its English.
Fields = str | int | tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing wrong with a rule file: a stable code, its place, a sentence for people, and how to repair it."""

    code: str
    place: Place
    message: str
    repair: str = ""

    def __str__(self) -> str:
        return f"{self.place}: {self.message}" + (f"; {self.repair}" if self.repair else "")


class EngineError(Exception):
    """The base of everything the engine raises on purpose."""


class RuleFilesInvalid(EngineError):
    """Rule files that cannot be used; `findings` names everything wrong with them at once."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = tuple(findings)
        super().__init__("\n".join(map(str, self.findings)))


@dataclass(slots=True)
class Complaints:
    """Collects findings while a file is read, in the language of that file.

    `both` is for a file that does not say its language: it is answered in both. `failed` holds the names whose own
    declaration already has a finding: that they are unknown wherever they are used is no second mistake, so what is
    said `about` one of them is counted and not recorded.
    """

    language: Language = "zh"
    findings: list[Finding] = field(default_factory=list)
    both: bool = False
    failed: set[str] = field(default_factory=set)
    silenced: int = 0

    @property
    def made(self) -> int:
        """How often something was wrong, said or not."""
        return len(self.findings) + self.silenced

    def add(
        self,
        code: str,
        place: Place,
        *,
        found: Fields = "",
        expected: Fields = "",
        repair: tuple[str, str] = ("", ""),
        about: str = "",
    ) -> None:
        """Record one finding; `repair` gives the Chinese and the English sentence."""
        if about in self.failed:
            self.silenced += 1
            return
        columns = (0, 1) if self.both else (0,) if self.language == "zh" else (1,)
        said = [
            SENTENCES[code][each].format(found=shorten(_in(found, each)), expected=_in(expected, each))
            for each in columns
        ]
        repairs = [repair[each] for each in columns if repair[each]]
        self.findings.append(Finding(code=code, place=place, message=" · ".join(said), repair=" · ".join(repairs)))


def _in(blank: Fields, column: int) -> str:
    return blank[column] if isinstance(blank, tuple) else str(blank)


def shorten(text: str, limit: int = 60) -> str:
    """Cut a long text for a message, on one line."""
    flat = " ".join(text.split())
    return flat if len(flat) <= limit else flat[: limit - 1] + "…"
