"""The sentences of refusals: for each code, what is said in Chinese and in English.

A refusal is a value with a stable code; these sentences are for people. They carry the user's own words in backticks,
what was expected, and what to do.
"""

from collections.abc import Mapping
from typing import Literal

RefusalCode = Literal[
    "unknown_violation",
    "decided_before_act",
    "no_law_on_day",
    "power_item_missing",
    "power_item_not_in_force",
    "power_item_not_published",
    "unknown_fact",
    "missing_fact",
    "wrong_kind",
    "out_of_domain",
    "conflicting_facts",
    "not_this_violation",
    "no_tier",
    "several_tiers",
    "missing_tier",
    "below_statutory_range",
    "above_statutory_range",
    "overlapping_tiers",
    "misprint",
    "unreadable",
    "no_benchmark",
    "no_line",
    "several_lines",
    "outside_statutory_range",
    "empty_list",
    "divided_by_zero",
    "ends_crossed",
    "no_move",
    "amount_too_large",
    "guard_refused",
]

SENTENCES: Mapping[RefusalCode, tuple[str, str]] = {
    "unknown_violation": ("没有代码为“{found}”的违法行为{near}", "there is no violation `{found}`{near}"),
    "decided_before_act": (
        "决定之日“{found}”早于行为之日“{expected}”：两个日期有一个写错了",
        "the day of the decision `{found}` is before the day of the act `{expected}`: one of the two is wrong",
    ),
    "no_law_on_day": (
        "“{found}”那天没有可适用的裁量标准（{expected}）",
        "no benchmark is in force on `{found}` ({expected})",
    ),
    "power_item_missing": (
        "职权编码“{found}”不在权力事项目录里；未列入目录的职权不得行使",
        "power item `{found}` is not in the catalogue, and a power that is not listed may not be used",
    ),
    "power_item_not_in_force": (
        "权力事项“{found}”在“{day}”不在施行期（{expected}）",
        "power item `{found}` is not in force on `{day}` ({expected})",
    ),
    "power_item_not_published": (
        "权力事项“{found}”在“{day}”尚未公布（{expected} 公布）；未公布的职权不得行使",
        "power item `{found}` was not yet published on `{day}` (published {expected}): it may not be used",
    ),
    "unknown_fact": ("没有名为“{found}”的事实{near}", "there is no fact `{found}`{near}"),
    "missing_fact": ("还缺事实{found}；事实不清，不得处罚", "{found} still missing: no penalty on unclear facts"),
    "wrong_kind": ("“{field}”的值“{found}”不对，应是{expected}", "`{field}` is `{found}`, expected {expected}"),
    "out_of_domain": ("“{field}”的值“{found}”超出范围（{expected}）", "`{field}` is `{found}`, outside {expected}"),
    "conflicting_facts": (
        "“{field}”填的是“{found}”，但按“{other}”计算是“{expected}”",
        "`{field}` is given as `{found}` but `{other}` gives `{expected}`",
    ),
    "not_this_violation": (
        "所填事实不构成本违法行为（须符合：{expected}）",
        "these facts do not make out this violation (required: {expected})",
    ),
    "no_tier": ("公布的裁量表没有一档适用于这些事实", "no tier of the published table fits these facts"),
    "several_tiers": (
        "这些事实同时符合{found}，{expected}",
        "these facts fit {found} at once, {expected}",
    ),
    "missing_tier": ("公布的裁量表在这里缺档：{note}", "the published table has no tier here: {note}"),
    "below_statutory_range": (
        "公布的“{found}”一档低于法定幅度（{expected}），不得适用：{note}",
        "the published tier `{found}` lies below the statutory range ({expected}) and may not be applied: {note}",
    ),
    "above_statutory_range": (
        "公布的“{found}”一档高于法定幅度（{expected}），不得适用：{note}",
        "the published tier `{found}` lies above the statutory range ({expected}) and may not be applied: {note}",
    ),
    "overlapping_tiers": (
        "公布的“{found}”一档与别的档次重叠，又没有规定适用哪一档：{note}",
        "the published tier `{found}` overlaps another and nothing says which applies: {note}",
    ),
    "misprint": ("公布的“{found}”一档有错印：{note}", "the published tier `{found}` is misprinted: {note}"),
    "unreadable": (
        "公布的“{found}”一档原文残缺，不能据以处罚：{note}",
        "the published text of `{found}` is cut, and nothing may rest on it: {note}",
    ),
    "no_benchmark": (
        "法律给出的幅度是“{expected}”，但没有公布的裁量基准，数额不能由本系统决定：{note}",
        "the statute gives `{expected}`, but no benchmark has been published, so no figure can be decided: {note}",
    ),
    "no_line": ("“{found}”的表里没有这一行：{expected}", "the table `{found}` has no line for {expected}"),
    "several_lines": (
        "“{found}”的表里有几行同时符合：{expected}",
        "several lines of the table `{found}` hold at once: {expected}",
    ),
    "outside_statutory_range": (
        "算出的 {found}不在法定幅度内（{expected}）",
        "the computed {found} lie outside the statutory range ({expected})",
    ),
    "empty_list": (
        "“{found}”里没有符合的一项，也就没有日期可取：{expected}",
        "`{found}` holds no record to take a day from: {expected}",
    ),
    "divided_by_zero": ("“{found}”里的除数是零", "a divisor in `{found}` is zero"),
    "ends_crossed": (
        "算出的下限 {found} 大于上限 {expected}：公布的幅度在这里说不通",
        "the lower end comes to {found}, past the upper end {expected}: the published range says nothing here",
    ),
    "no_move": ("“{found}”没有可以移到的档次：{expected}", "there is no tier to move to from `{found}`: {expected}"),
    "guard_refused": ("{found}不许这样处罚：{expected}", "{found} does not allow this penalty: {expected}"),
    "amount_too_large": ("算出的数额超过 {expected}", "the computed amount passes {expected}"),
}
