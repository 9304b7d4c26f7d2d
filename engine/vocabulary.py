"""The words of the rule language: every key, operator and word has one spelling per vocabulary, plus listed synonyms.

The first spelling of a word is the one the engine writes; the others are read. Nothing else in the engine spells a
word of the language, so the Chinese and the English surface cannot drift apart; the words of money stand by currency
in `engine.currency`.
"""

from collections.abc import Mapping
from types import MappingProxyType

from engine.fact import Language

LANGUAGES: Mapping[str, Language] = MappingProxyType(
    {"中文": "zh", "Chinese": "zh", "zh": "zh", "英文": "en", "English": "en", "en": "en"}
)

Spellings = tuple[tuple[str, ...], tuple[str, ...]]

# Keys of the files: (Chinese spellings), (English spellings).
KEYS: Mapping[str, Spellings] = MappingProxyType(
    {
        "language": (("语言", "language"), ("language", "语言")),
        "violation": (("违法行为代码",), ("violation",)),
        "regime": (("基准代号",), ("regime",)),
        "catalogue": (("职权目录",), ("catalogue",)),
        "cards": (("督察牌规则",), ("cards",)),
        "name": (("名称", "名"), ("name",)),
        "category": (("类别",), ("category",)),
        "power_item": (("职权编码",), ("power_item",)),
        "in_force": (("施行",), ("in_force",)),
        "basis": (("依据",), ("basis",)),
        "article": (("条款",), ("article",)),
        "quote": (("原文",), ("quote",)),
        "statutory_range": (("法定幅度",), ("statutory_range",)),
        "facts": (("事实",), ("facts",)),
        "preconditions": (("前提",), ("preconditions",)),
        "otherwise": (("否则",), ("otherwise",)),
        "no_penalty": (("不予处罚",), ("no_penalty",)),
        "tiers": (("裁量表",), ("tiers",)),
        "tier": (("档次",), ("tier",)),
        "when": (("情形",), ("when",)),
        "outcome": (("处理",), ("outcome",)),
        "range": (("适用幅度",), ("range",)),
        "defects": (("缺陷",), ("defects",)),
        "acknowledged": (("认可",), ("acknowledged",)),
        "property": (("性质",), ("property",)),
        "cliff": (("相邻处罚款相差不超过",), ("cliff_limit",)),
        "kind": (("种类",), ("kind",)),
        "note": (("说明",), ("note",)),
        "remarks": (("备注",), ("remarks",)),
        "cases": (("用例",), ("cases",)),
        "on": (("日",), ("on",)),
        "given": (("给",), ("given",)),
        "expect": (("得",), ("expect",)),
        "version": (("版本",), ("version",)),
        "number": (("文号",), ("number",)),
        "issuer": (("发布机关",), ("issuer",)),
        "published": (("公布", "发布"), ("published",)),
        "source": (("来源",), ("source",)),
        "bounds": (("以上以下",), ("bounds",)),
        "first_day": (("回溯首日",), ("first_day",)),
        "tie": (("数档并合",), ("tie",)),
        "rounding": (("取整",), ("rounding",)),
        "always": (("一律并处",), ("always",)),
        "when_not_penalised": (("不予处罚时",), ("when_not_penalised",)),
        "declared": (("声明",), ("declared",)),
        "question": (("问题",), ("question",)),
        "answer": (("选择",), ("answer",)),
        "reason": (("理由",), ("reason",)),
        "items": (("事项",), ("items",)),
        "rules": (("规则",), ("rules",)),
        "agency": (("行使主体",), ("agency",)),
        "level": (("级别",), ("level",)),
        "compute": (("计算",), ("compute",)),
        "value": (("值",), ("value",)),
        "by_row": (("行",), ("row",)),
        "by_column": (("列",), ("column",)),
        "table": (("表",), ("table",)),
        "marginal": (("累进",), ("marginal",)),
        "each": (("每项",), ("each",)),
        "most": (("最多",), ("most",)),
        "ask": (("问",), ("ask",)),
        "decided": (("决定日",), ("decided",)),
        "in_tier": (("档内取值",), ("in_tier",)),
        "take": (("取",), ("take",)),
        "only_high": (("只有上限",), ("only_high",)),
        "only_low": (("只有下限",), ("only_low",)),
        "moves": (("移档",), ("tier_moves",)),
        "adjustments": (("调整",), ("adjustments",)),
        "combine": (("调整方式",), ("combine",)),
        "beyond_range": (("超出法定幅度",), ("beyond_range",)),
        "not_applied": (("不适用",), ("not_applied",)),
        "group": (("组",), ("group",)),
        "lighter_law": (("从旧兼从轻",), ("lighter_law",)),
        "guard": (("通则代号",), ("guard",)),
        "guards": (("通则",), ("guards",)),
        "provisions": (("规定",), ("provisions",)),
        "case_given": (("用例默认",), ("case_given",)),
        "gap_before": (("此前无规定",), ("gap_before",)),
        "currency": (("货币",), ("currency",)),
        "one_act": (("一事不二罚",), ("one_act_one_fine",)),
        "compare": (("比较",), ("compare",)),
    }
)

# Words inside cells, by the token the grammar knows them by.
WORDS: Mapping[str, Spellings] = MappingProxyType(
    {
        "OR": (("或", "或者"), ("or",)),
        "AND": (("且", "并且"), ("and",)),
        "NOT": (("非", "未有"), ("not",)),
        "EQ": (("=", "等于", "为"), ("=", "is", "equals")),
        "NE": (("≠", "!=", "不等于", "不为"), ("!=", "≠", "is not")),
        "LE": (
            ("≤", "<=", "不超过", "不多于", "不高于", "至多", "最高", "最多", "不晚于"),
            ("<=", "≤", "at most", "up to", "on or before"),
        ),
        "GE": (("≥", ">=", "不少于", "不低于", "至少", "最低", "不早于"), (">=", "≥", "at least", "on or after")),
        "LT": (("<", "小于", "少于", "不满", "不足", "低于", "早于"), ("<", "less than", "below", "before")),
        "GT": ((">", "大于", "超过", "多于", "高于", "晚于"), (">", "more than", "above", "over", "after")),
        "OR_MORE": (("以上",), ("or more",)),
        "OR_LESS": (("以下",), ("or less",)),
        "IN": (("属于",), ("in",)),
        "SEPARATOR": (("、",), ("/", "、")),
        "COMMA": ((",", ";"), (",", ";")),
        "LPAR": (("(",), ("(",)),
        "RPAR": ((")",), (")",)),
        "LBRACK": (("[",), ("[",)),
        "RBRACK": (("]",), ("]",)),
        "DOTS": (("..",), ("..",)),
        "TIMES_SIGN": (("×", "*", "乘", "乘以"), ("×", "*")),
        "DIVIDE": (("÷", "除以"), ("÷", "divided by")),
        "PLUS": (("+", "加"), ("+", "plus")),
        "MINUS": (("-", "−", "减"), ("-", "−", "minus")),
        "ARROW": (("→", "->"), ("→", "->")),
        "ALONG": (("随",), ("along",)),
        "THEN": (("此后",), ("beyond that",)),
        "AT": (("按",), ("at",)),
        "LIMIT_LOW": (("法定下限",), ("statutory minimum",)),
        "LIMIT_HIGH": (("法定上限",), ("statutory maximum",)),
        "ACT_DAY": (("行为日",), ("day of the act",)),
        "DECISION_DAY": (("决定日",), ("day of the decision",)),
        "BASE_FINE": (("基础罚款额",), ("base fine",)),
        "FINE_SO_FAR": (("此前罚款额",), ("fine so far",)),
        "FINE_AMOUNT": (("罚款额",), ("amount of the fine",)),
        "IS_FINED": (("有罚款",), ("there is a fine",)),
        "IS_WARNED": (("有警告",), ("there is a warning",)),
        "IS_REVOKED": (("有吊销",), ("a licence is revoked",)),
        "IS_STOPPED": (("有停产停业",), ("business is stopped",)),
        "GREATEST": (("较大者",), ("greatest of",)),
        "LEAST": (("较小者",), ("least of",)),
        "UP_TO": (("进位到",), ("round up",)),
        "DOWN_TO": (("舍去到",), ("round down",)),
        "HALF_UP_TO": (("四舍五入到",), ("round half up",)),
        "HALF_EVEN_TO": (("四舍六入到",), ("round half even",)),
        "STARTED": (("份数",), ("started steps of",)),
        "FULL": (("整份数",), ("full steps of",)),
        "DAYS_BETWEEN": (("天数",), ("days between",)),
        "STARTED_MONTHS": (("月数",), ("started months between",)),
        "FULL_MONTHS": (("整月数",), ("full months between",)),
        "FULL_YEARS": (("整年数",), ("full years between",)),
        "DAYS_AFTER": (("若干日后",), ("days after",)),
        "MONTHS_AFTER": (("若干月后",), ("months after",)),
        "YEARS_AFTER": (("若干年后",), ("years after",)),
        "NUMBER_OF": (("项数",), ("number of",)),
        "TOTAL_OF": (("合计",), ("total of",)),
        "GREATEST_IN": (("最大一项",), ("greatest in",)),
        "LEAST_IN": (("最小一项",), ("least in",)),
        "ANY_OF": (("任一项",), ("any of",)),
        "EVERY_OF": (("每一项",), ("every one of",)),
        "UPWARD": (("上浮",), ("increase by",)),
        "DOWNWARD": (("下浮",), ("reduce by",)),
        "BELOW_RANGE": (("可低于法定下限",), ("may fall below the statutory minimum",)),
        "TIER_UP": (("上移",), ("move up",)),
        "TIER_DOWN": (("下移",), ("move down",)),
        "TIERS": (("档",), ("tiers", "tier")),
        "TOP_OF_TIER": (("取本档上限",), ("take the top of the tier",)),
        "BOTTOM_OF_TIER": (("取本档下限",), ("take the bottom of the tier",)),
        "TOP_AT_END": (("已在最高档的取上限",), ("in the top tier take its top",)),
        "RANGE_ONLY": (("只给幅度",), ("range only",)),
        "ALWAYS": (("任何情形",), ("always",)),
        "OTHERWISE": (("其余",), ("otherwise",)),
        "YES": (("是",), ("yes",)),
        "NO": (("否",), ("no",)),
        "ON_PAYER": (("对",), ("on",)),
        "CRITICISE": (("通报批评",), ("public criticism",)),
        "SUSPEND": (("暂扣",), ("suspend",)),
        "STOP": (("责令停产停业",), ("stop business",)),
        "RESTRICT": (("限制",), ("restrict",)),
        "DETAIN": (("拘留",), ("detain",)),
        "ORDER": (("责令",), ("order",)),
        "OUTPUT": (("另计",), ("also",)),
        "FLAG": (("标记",), ("flag",)),
        "MAY_NO_PENALTY": (("可以不予处罚",), ("may be no penalty",)),
        "TO": (("至", "到"), ("to",)),
        "FROM_ON": (("起",), ("onwards",)),
        "PER": (("每",), ("per", "every")),
        "FINE": (("罚款",), ("fine",)),
        "NO_FINE": (("无罚款",), ("no fine",)),
        "WARN": (("警告",), ("warn", "warning")),
        "CONFISCATE": (("没收",), ("confiscate",)),
        "REVOKE": (("吊销",), ("revoke",)),
        "CORRECT": (("责令改正",), ("order to correct",)),
        "EDUCATE": (("教育",), ("educate",)),
        "NO_PENALTY": (("不予处罚",), ("no penalty",)),
        "REFUSE": (("拒绝",), ("refuse",)),
        "YES_NO": (("是否",), ("yes or no",)),
        "CHOICE": (("选项",), ("choice",)),
        "INTEGER": (("整数",), ("integer",)),
        "NUMBER_KIND": (("数",), ("number",)),
        "MONEY": (("金额",), ("money",)),
        "DAYS": (("日期列表",), ("list of days",)),
        "DATE": (("日期",), ("date",)),
        "PRECISION": (("精确到",), ("precise to",)),
        "GRAVER": (("越大越重",), ("larger is graver",)),
        "LIGHTER": (("越大越轻",), ("larger is lighter",)),
        "PERSONAL": (("个人信息",), ("personal",)),
        "AGGRAVATING": (("从重",), ("aggravating",)),
        "MITIGATING": (("从轻",), ("mitigating",)),
        "SOURCE": (("取自",), ("taken from",)),
        "OFFICER": (("现场",), ("officer",)),
        "CASE_FILE": (("案卷",), ("case file",)),
        "HISTORY": (("档案",), ("history",)),
        "REGISTER": (("登记",), ("register",)),
        "COUNTS": (("计",), ("counts",)),
        "YEARS": (("年内",), ("years back", "year back")),
        "MONTHS": (("个月内", "月内"), ("months back", "month back")),
        "DAYS_BACK": (("日内", "天内"), ("days back", "day back")),
        "EVER": (("不限期",), ("without limit of time",)),
        "WITHOUT_THIS": (("不含本次",), ("without this one",)),
        "IF_UNKNOWN": (("不明按",), ("if unknown",)),
        "ASK": (("问",), ("ask",)),
        "FLOOR": (("舍去",), ("floor",)),
        "CEILING": (("进位",), ("ceiling",)),
        "HALF_UP": (("四舍五入",), ("half up",)),
        "HALF_EVEN": (("四舍六入五成双",), ("half even",)),
    }
)

# Units of measure: first spelling in each language; a unit is data on the wire, so both languages know all of them.
UNITS: Mapping[str, Spellings] = MappingProxyType(
    {
        "times": (("次",), ("times",)),
        "m2": (("平方米", "㎡"), ("square metres", "square metre", "m2")),
        "facility": (("处",), ("facilities", "facility", "places")),
        "day": (("日", "天"), ("days", "day")),
        "percent": (("%", "百分点"), ("%", "percent", "per cent")),
        "item": (("件", "个", "项", "份", "批"), ("items", "item")),
        "tonne": (("吨",), ("tonnes", "tonne", "tons", "ton")),
        "kg": (("千克", "公斤"), ("kilograms", "kilogram", "kg")),
        "m3": (("立方米",), ("cubic metres", "cubic metre", "m3")),
        "metre": (("米",), ("metres", "metre")),
        "km": (("公里", "千米"), ("kilometres", "kilometre", "km")),
        "mu": (("亩",), ("mu",)),
        "hectare": (("公顷",), ("hectares", "hectare")),
        "none": (("无单位",), ("no unit",)),
        "hour": (("小时",), ("hours", "hour")),
        "minute": (("分钟",), ("minutes", "minute")),
        "month": (("月", "个月"), ("months", "month")),
        "year": (("年",), ("years", "year")),
        "person": (("人",), ("persons", "person", "people")),
        "vehicle": (("辆", "车次"), ("vehicles", "vehicle")),
        "animal": (("只", "头", "羽"), ("animals", "animal", "head")),
        "fold": (("倍",), ("fold",)),
        "point": (("点",), ("points", "point")),
        "decibel": (("分贝",), ("decibels", "decibel")),
        "tree": (("株", "棵"), ("trees", "tree")),
        "kmh": (("公里每小时",), ("km/h",)),
        "mph": (("英里每小时",), ("mph",)),
    }
)

# Closed choices of whole cells: key -> meaning -> spellings.
ENUMS: Mapping[str, Mapping[str, Spellings]] = MappingProxyType(
    {
        "bounds": {
            "inclusive": (("含本数",), ("inclusive",)),
            "exclusive": (("不含本数",), ("exclusive",)),
            "more_only": (("以上含本数而以下不含",), ("or more includes, or less excludes",)),
        },
        "first_day": {"counts": (("计入",), ("counts",)), "does_not_count": (("不计入",), ("does not count",))},
        "tie": {"heavier": (("从重",), ("heavier",)), "refuse": (("拒绝",), ("refuse",))},
        "otherwise": {
            "order_to_correct": (("只责令改正",), ("order to correct only",)),
            "not_this_violation": (("不构成本违法行为",), ("not this violation",)),
        },
        "kind": {
            "below_statutory_range": (("低于法定幅度",), ("below statutory range",)),
            "above_statutory_range": (("高于法定幅度",), ("above statutory range",)),
            "missing_tier": (("缺档",), ("missing tier",)),
            "overlapping_tiers": (("档次重叠",), ("overlapping tiers",)),
            "misprint": (("错印",), ("misprint",)),
            "unreadable": (("原文残缺",), ("unreadable",)),
            "no_benchmark": (("未公布裁量基准",), ("no published benchmark",)),
        },
        "combine": {"multiply": (("连乘",), ("multiply",)), "add": (("相加",), ("add",))},
        "beyond_range": {"clamp": (("取边界",), ("take the limit",)), "refuse": (("拒绝",), ("refuse",))},
        "property": {
            "complete": (("不遗漏",), ("complete",)),
            "unambiguous": (("不两可",), ("unambiguous",)),
            "reachable": (("无空行",), ("reachable",)),
            "defined": (("算得出",), ("defined",)),
            "inside_statute": (("不越权",), ("inside statute",)),
            "quoted_range": (("幅度有据",), ("quoted range",)),
            "never_lighter": (("过罚相当",), ("never lighter",)),
            "mitigation_counts": (("从轻有用",), ("mitigation counts",)),
            "cliffs": (("无陡坎",), ("cliffs",)),
            "impartial": (("不看身份",), ("impartial",)),
            "points": (("分值合幅",), ("points",)),
            "versions": (("版本衔接",), ("versions",)),
            "limits": (("限额有用",), ("limits",)),
            "overflow": (("不溢出",), ("overflow",)),
        },
        "lighter_law": {"yes": (("适用",), ("applies",)), "no": (("不适用",), ("does not apply",))},
        "compare": {
            "computed": (("算得的罚款",), ("computed fines",)),
            "statutory": (("法定最高罚款",), ("statutory maxima",)),
        },
        "level": {"yellow": (("黄牌",), ("yellow",)), "red": (("红牌",), ("red",))},
    }
)

# Refusals as a test case names them: 得: 拒绝 缺档.
REFUSALS: Mapping[str, Spellings] = MappingProxyType(
    {
        "unknown_violation": (("无此违法行为",), ("unknown violation",)),
        "decided_before_act": (("决定早于行为",), ("decision before the act",)),
        "no_law_on_day": (("当日无法可依",), ("no law on the day",)),
        "power_item_missing": (("职权未列入",), ("power item missing",)),
        "power_item_not_in_force": (("职权未生效",), ("power item not in force",)),
        "power_item_not_published": (("职权未公布",), ("power item not published",)),
        "unknown_fact": (("无此事实",), ("unknown fact",)),
        "missing_fact": (("缺少事实",), ("missing fact",)),
        "wrong_kind": (("种类不对",), ("wrong kind",)),
        "out_of_domain": (("超出范围",), ("out of domain",)),
        "conflicting_facts": (("事实矛盾",), ("conflicting facts",)),
        "not_this_violation": (("不构成本违法行为",), ("not this violation",)),
        "no_tier": (("无档可用",), ("no tier",)),
        "several_tiers": (("数档并合",), ("several tiers",)),
        "missing_tier": (("缺档",), ("missing tier",)),
        "below_statutory_range": (("低于法定幅度",), ("below statutory range",)),
        "above_statutory_range": (("高于法定幅度",), ("above statutory range",)),
        "overlapping_tiers": (("档次重叠",), ("overlapping tiers",)),
        "misprint": (("错印",), ("misprint",)),
        "unreadable": (("原文残缺",), ("unreadable",)),
        "no_benchmark": (("未公布裁量基准",), ("no published benchmark",)),
        "no_line": (("表中无此行",), ("no line of the table",)),
        "several_lines": (("表中数行并合",), ("several lines of the table",)),
        "outside_statutory_range": (("超出法定幅度",), ("outside statutory range",)),
        "empty_list": (("清单里没有一项",), ("nothing in the list",)),
        "divided_by_zero": (("除以零",), ("divided by zero",)),
        "ends_crossed": (("幅度两头颠倒",), ("ends of the range crossed",)),
        "no_move": (("无档可移",), ("no tier to move to",)),
        "amount_too_large": (("数额过大",), ("amount too large",)),
        "guard_refused": (("通则不许",), ("refused by a guard",)),
    }
)

YES: Mapping[Language, str] = MappingProxyType({"zh": "是", "en": "yes"})
UNKNOWN: Mapping[Language, str] = MappingProxyType({"zh": "不明", "en": "unknown"})
NO: Mapping[Language, str] = MappingProxyType({"zh": "否", "en": "no"})

# Full-width and typographic forms that mean the same as their plain form; one character each, so columns stay true.
FOLDED: Mapping[int, str] = MappingProxyType(
    {
        **{0xFF01 + offset: chr(0x21 + offset) for offset in range(94)},
        0x3000: " ",
        0xFF65: "·",
    }
)


def spellings(table: Mapping[str, Spellings], language: Language) -> dict[str, str]:
    """Map every spelling of a table in one language to its word."""
    column = 0 if language == "zh" else 1
    return {spelling: word for word, both in table.items() for spelling in both[column]}


def spell(table: Mapping[str, Spellings], word: str, language: Language) -> str:
    """Write a word the way the engine writes it in a language."""
    return table[word][0 if language == "zh" else 1][0]


def spell_for(table: Mapping[str, Spellings], word: str, figure: str, language: Language) -> str:
    """Write a unit or a span as it stands beside a figure: English says `1 year`, and `2 years`."""
    one, *more = table[word][0 if language == "zh" else 1]
    if language == "en" and figure == "1" and more and len(more[0]) < len(one) and more[0][:3] == one[:3]:
        return more[0]
    return one
