"""What was most likely meant by a word or sign that the rule language does not have.

Words that other languages have (`==`, `boolean`, `between`), money written the way it is spoken (`$50`), and slips of a
letter. Each answer is a repair in Chinese and in English; a word nothing is known of gets none.
"""

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache

from engine.calendar import FIRST_YEAR, LAST_YEAR, read_day
from engine.currency import CURRENCIES, money_words, unit_word
from engine.fact import Language
from engine.numbers import exact, exact_text
from engine.vocabulary import FOLDED, UNITS, WORDS, spell, spellings
from engine.words import listed

Both = tuple[str, str]

# Signs of other languages and of everyday writing; some begin like one of ours, so they are looked for first.
_SIGNS: Mapping[str, Both] = {
    "==": ("=", "="),
    "=>": ("≥", ">="),
    "=<": ("≤", "<="),
    "<>": ("≠", "!="),
    "&&": ("且", "and"),
    "||": ("或", "or"),
    "–": ("至", "to"),
    "—": ("至", "to"),
    "~": ("至", "to"),
}
_SIGN = re.compile("|".join(map(re.escape, _SIGNS)))
_CURRENCY = re.compile(r"([$£€¥￥]|RMB(?![A-Za-z0-9_]))\s*([0-9]+(?:\.[0-9]+)?)?")
_FIGURE_BEFORE = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*$")
_BAND = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?)\s*[-~–—]\s*([0-9]+(?:\.[0-9]+)?)\s*(.*)")
_BETWEEN = re.compile(r"(?:between|介于|在)\s*(\S+?)\s*(?:and|和|与|至|到)\s*(\S+?)(?:\s*之间|(?=[\s,;，；]|$))")
_SUBJECT = re.compile(r"(\w+)\s*(?:is\s*)?$")

_MEANT: Mapping[str, str] = {
    "until": "on or before", "from": "on or after", "since": "on or after",
    "exceeds": "more than", "exceeding": "more than", "exceed": "more than", "greater": "more than",
    "bigger": "more than", "under": "below", "smaller": "less than", "fewer": "less than",
    "boolean": "yes or no", "bool": "yes or no", "flagged": "yes or no", "decimal": "number", "float": "number",
    "real": "number", "numeric": "number", "int": "integer", "whole": "integer", "enum": "choice", "option": "choice",
    "currency": "money", "amount": "money", "datetime": "date", "true": "yes", "false": "no", "x": "×", "X": "×",
    "布尔": "是否", "小数": "数", "整型": "整数", "枚举": "选项", "钱": "金额", "和": "且", "以及": "且", "并": "且",
    "不是": "非", "没有": "非", "未": "非", "大于或等于": "≥", "小于或等于": "≤", "不大于": "≤", "不小于": "≥",
}  # fmt: skip
CONSTANT: Both = (
    "“不明按”后面只写一个确定的值，是这个事实自己可以取的，不能是另一个事实、名称或算式",
    "after `if unknown` stands one constant that the fact itself can have: no other name and no formula",
)
UNIT_OF_FACT: Both = (
    "数字后面写该事实声明的单位，也可以不写",
    "behind a figure write the unit its fact is declared in, or none",
)
# Figures in words, and what they are multiplied or divided by: an amount is written out, never another one offered.
_IN_WORDS = {word: number for number, word in enumerate("one two three four five six seven eight nine ten".split(), 1)}
_PARTS = {"half": 2, "third": 3, "quarter": 4, "fourth": 4, "fifth": 5, "sixth": 6, "eighth": 8, "tenth": 10}
_FRACTION = re.compile(rf"(a|{'|'.join(_IN_WORDS)})[ -]({'|'.join(_PARTS)})s?(?!\w)")
_SCALES = {
    "hundred": 100, "thousand": 1000, "million": 10**6, "billion": 10**9, "lakhs": 10**5, "lakh": 10**5, "lac": 10**5,
    "crores": 10**7, "crore": 10**7, "bn": 10**9, "k": 1000, "K": 1000, "m": 10**6, "M": 10**6,
    "百万": 10**6, "千万": 10**7, "亿": 10**8, "百": 100, "千": 1000,
}  # fmt: skip
_SCALE = re.compile(rf"\s*({'|'.join(_SCALES)})(?![A-Za-z0-9_])")
_SCALED = re.compile(r"([0-9]{1,12}(?:,[0-9]{3}){0,3}(?:\.[0-9]{1,9})?)\s*$")
# What bounds a fine from above or below in everyday words.
_BOUNDED = re.compile(
    r"(?P<most>not exceeding|not to exceed|not more than|no more than|not over|up to|at most|不超过|不高于|最高)"
    r"|(?P<least>not less than|no less than|not under|at least|不低于|不少于|最低)"
)
_BOUNDED_AMOUNT = re.compile(r"\s*([^,;，；()（）]*?[^,;，；()（）\s])\s*(?=$|[,;，；()（）]|\bor less\b|\bor more\b)")
_NOT_NEAR = frozenset({"imprison", "imprisonment", "imprisoned", "jail", "prison", "a", "an", "the"})
_BEGINNINGS = tuple(each for each in _MEANT if not each.isascii() and len(each) > 1)
_OR_EQUAL = re.compile(r"(more|greater|less|smaller) than or $")
_OF = re.compile(r"的\s*([0-9]+(?:\.[0-9]+)?\s*(?:倍|%))")


def foreign_sign(text: str, position: int) -> tuple[str, Both] | None:
    """Return a sign of another language that stands here, and what to write for it."""
    found = _SIGN.match(text, position)
    if found is None:
        return None
    zh, en = _SIGNS[found.group()]
    return found.group(), (f"请写“{zh}”", f"write `{en}`")


def currency(text: str, position: int, code: str) -> tuple[str, Both] | None:
    """Return money written with a sign of a currency, and how an amount is written in that of the file."""
    found = _CURRENCY.match(text, position)
    if found is None:
        return None
    before = _FIGURE_BEFORE.search(text, 0, position)
    figure = found[2] or (before[1] if before else "50")
    return found.group().strip(), (
        f"金额写成数字加单位：“{figure}{unit_word(code, 'zh')}”",
        f"an amount is a figure and then its unit: `{figure} {unit_word(code, 'en')}`",
    )


def bounded(text: str, position: int) -> Both | None:
    """Return how an amount with a limit in everyday words is written: `not exceeding 50 euros` is `50 euros or less`.

    The words may begin before the position, at `not`.
    """
    begin = next((at for at in (position, text.rfind("not ", 0, position)) if at >= 0 and _BOUNDED.match(text, at)), -1)
    found = _BOUNDED.match(text, begin) if begin >= 0 else None
    if found is None or found.end() < position or not (amount := _BOUNDED_AMOUNT.match(text, found.end())):
        return None
    zh, en = ("以下", "or less") if found["most"] else ("以上", "or more")
    return f"请写“{amount[1]}{zh}”", f"write `{amount[1]} {en}`"


def in_figures(text: str, position: int, code: str) -> Both | None:
    """Return the figure for one in words that stands here: `20 thousand euros` is 20000 euros, `one third` 1 ÷ 3."""
    before, at, scale = _SCALED.search(text, 0, position), position, 1
    while before and (found := _SCALE.match(text, at)):
        at, scale = found.end(), scale * _SCALES[found[1]]
    if before and at > position:
        figure = exact_text(exact(before[1].replace(",", "")) * scale)
        follows = text[at:].lstrip()
        zh, en = money_words(code, "zh"), money_words(code, "en")
        sign = any(text[: before.start()].rstrip().endswith(each) for each in CURRENCIES[code].signs)
        if sign or any(follows.startswith(word) for word in (*zh, *en)):
            return f"写成数字：“{figure}{unit_word(code, 'zh')}”", f"write `{figure} {unit_word(code, 'en')}`"
        return f"写成数字：“{figure}”", f"write `{figure}`"
    if part := _FRACTION.match(text, position):
        written = f"{_IN_WORDS.get(part[1], 1)} ÷ {_PARTS[part[2]]}"
        return f"请写“{written}”", f"write `{written}`"
    word = re.compile(r"[a-z]+").match(text, position)
    number = _IN_WORDS.get(word.group()) if word else None
    return None if number is None else (f"请写“{number}”", f"write `{number}`")


def meant(word: str, text: str, position: int) -> Both | None:
    """Return what to write for a word of everyday speech or of another language."""
    if found := bounded(text, position):
        return found
    if between := _BETWEEN.match(text, position):
        subject = _SUBJECT.search(text, 0, position)
        name = subject[1] if subject else "…"
        low, high = between[1], between[2]
        return f"请写“{name} ≥ {low} 且 {name} ≤ {high}”", f"write `{name} >= {low} and {name} <= {high}`"
    if word in ("equal", "equals") and (compared := _OR_EQUAL.search(text, 0, position)):
        sign = "<=" if compared[1] in ("less", "smaller") else ">="
        return f"请写“{sign}”", f"instead of `{compared[0].strip()} equal to` write `{sign}`"
    if word == "在":
        return "去掉“在”", "leave out 在"
    if share := _OF.match(text, position):
        subject = _SUBJECT.search(text, 0, position)
        product = f"{share[1]} × {subject[1] if subject else '…'}"
        return f"请写“{product}”", f"write `{product}`"
    plain = _MEANT.get(word)
    if plain is None:
        # Chinese has no blanks: 不是已改正 begins with the word that was meant.
        plain = next((_MEANT[each] for each in _BEGINNINGS if text.startswith(each, position)), None)
    if plain is None:
        return None
    return f"请写“{plain}”", f"write `{plain}`"


def per_unit(code: str) -> Both:
    """Return how an amount for each unit is multiplied."""
    return (
        f"“每……”要乘以一个同单位的事实，如“每平方米50{unit_word(code, 'zh')} × 面积”",
        f"multiply it by a fact in that unit: `per square metre 50 {unit_word(code, 'en')} × area`",
    )


def misses(words: Iterable[str], names: Iterable[str], spoken: Sequence[str] = ()) -> list[str]:
    """Return what these spellings of one unknown word are near to: names of the file, or words of the language."""
    known = list(dict.fromkeys(names))
    for word in words:
        if word in _NOT_NEAR:
            return []
        if " " in word:
            near = difflib.get_close_matches(word, [each for each in spoken if " " in each], n=1, cutoff=0.8)
        elif word.isascii():
            begun = [each for each in spoken if each.startswith(f"{word} ")][:2]
            # A slip of the pen seldom spares no first letter: `imprison` is no `person`.
            same = [each for each in (*known, *spoken) if each[:1].lower() == word[:1].lower()]
            near = begun or difflib.get_close_matches(word, same, n=2, cutoff=0.7)
        else:
            near = difflib.get_close_matches(word, known, n=2, cutoff=0.5)
            if not near and len(word) > 1:
                near = difflib.get_close_matches(word, spoken, n=1, cutoff=0.6)
        if near:
            return near
    return []


@cache
def spoken_words(language: Language, code: str) -> tuple[str, ...]:
    """Return the words of the language that could be misspelt, with those of the file's currency."""
    # Not `ten thousand euros`: what is near to it is another amount.
    money = [word for word in money_words(code, language) if not word.startswith("ten ")]
    every = [*spellings(WORDS, language), *spellings(UNITS, language), *money]
    return tuple(word for word in every if len(word) > (1 if language == "zh" else 2) and word[0].isalpha())


def question(near: list[str]) -> Both:
    """Ask whether one of these was meant."""
    zh, en = listed(near, "zh", "或"), listed(near, "en", " or ")
    return f"是不是{zh}？", f"did you mean {en}?"


_AMOUNT = r"(?:MINUS )?(?:NUMBER (?:UNIT |YUAN |WAN_YUAN |FEN )?|DAY )"
_BOUND = rf"(?:(?:LT|LE|GT|GE) {_AMOUNT}|{_AMOUNT}OR_(?:MORE|LESS) )"
_TWO_BOUNDS = re.compile(rf"FACT (?P<one>{_BOUND})(?P<join>(?:AND |OR |COMMA )?)(?P<other>{_BOUND})")
_FROM_TO = re.compile(rf"FACT (?P<low>{_AMOUNT})TO (?P<high>{_AMOUNT})")
_NAMELESS = re.compile(rf"(?:^|(?<=AND )|(?<=OR )|(?<=NOT )|(?<=LPAR ))(?P<one>{_BOUND})")


def bounds(text: str, words: Sequence[tuple[str, str, int, str]], at: int) -> Both | None:
    """Return how two bounds of one name are written, where the words around one of them give two and the name once.

    The words of a cell are given as the lexer cuts them, the one that does not fit by its number. A bound is kept as it
    stands: what 以上 includes is the regime's to say.
    """
    line = "".join(f"{kind} " for kind, *_ in words)

    def number(position: int) -> int:
        return line.count(" ", 0, position)

    def said(found: re.Match[str], group: str) -> str:
        first, last = words[number(found.start(group))], words[number(found.end(group)) - 1]
        return text[first[2] : last[2] + len(last[3])]

    for pattern in (_TWO_BOUNDS, _FROM_TO, _NAMELESS):
        for found in pattern.finditer(line):
            first = number(found.start())
            computed = first > 0 and words[first - 1][0] in ("PLUS", "MINUS", "TIMES_SIGN", "DIVIDE")
            if computed or not first <= at <= number(found.end()):
                continue
            if pattern is _NAMELESS:
                bound = said(found, "one")
                return f"写明是哪个事实：“名称 {bound}”", f"say of which fact: `NAME {bound}`"
            name = words[first][3]
            if pattern is _FROM_TO:
                low, high = said(found, "low"), said(found, "high")
                return f"请写“{low} ≤ {name} ≤ {high}”", f"write `{low} <= {name} <= {high}`"
            one, other = (f"{name} {said(found, each)}" for each in ("one", "other"))
            zh, en = ("或", "or") if found["join"] == "OR " else ("且", "and")
            return f"每个界限前都写名称：“{one} {zh} {other}”", f"name it before each bound: `{one} {en} {other}`"
    return None


def band(text: str) -> Both | None:
    """Return how a band is written, where a line of a table says `0-5`."""
    found = _BAND.fullmatch(text)
    if found is None:
        return None
    low, high, unit = found[1], found[2], f" {found[3]}" if found[3] else ""
    return (
        f"一段写成“{low} 至 {high}{unit}”，或不含上端的“[{low}..{high})”",
        f"write a band as `{low} to {high}{unit}`, or as `[{low}..{high})` without its upper end",
    )


_DAY = re.compile(r"([0-9]{4})(?: ?[-/.年] ?)([0-9]{1,2})(?: ?[-/.月] ?)([0-9]{1,2})(?: ?日)?(?![0-9])")


def day(text: str) -> Both:
    """Return how a day is written, where a text is none: that day where one can be told, else an example."""
    found = _DAY.fullmatch(text.translate(FOLDED).strip())
    written = _written(found) if found else ""
    if found and not FIRST_YEAR <= int(found[1]) <= LAST_YEAR:
        return f"年份写 {FIRST_YEAR} 至 {LAST_YEAR}", f"a year is {FIRST_YEAR} to {LAST_YEAR}"
    if found and not read_day(written):
        return "没有这一天", "there is no such day"
    return f"日期写成“{written or '2026-11-01'}”", f"a day is written `{written or '2026-11-01'}`"


def day_in(text: str, position: int) -> tuple[str, Both] | None:
    """Return a day that stands here and is written otherwise than days are: 2026/6/1, 2026年6月1日."""
    found = _DAY.match(text, position)
    if found is None or not read_day(_written(found)):
        return None
    return found.group(), day(found.group())


def _written(found: re.Match[str]) -> str:
    return f"{found[1]}-{int(found[2]):02}-{int(found[3]):02}"


def in_unit(name: str, kind: str, unit: str, code: str, figure: str = "50") -> Both:
    """Return the unit that a name was declared in, and how a figure beside it is written."""
    if kind == "money":
        zh, en = unit_word(code, "zh"), unit_word(code, "en")
        return f"“{name}”是金额，写“{figure}{zh}”", f"`{name}` is money: write `{figure} {en}`"
    if kind not in ("integer", "number") or not unit:
        return f"“{name}”没有单位，只写数字", f"`{name}` has no unit: write the figure alone"
    zh, en = (spell(UNITS, unit, "zh"), spell(UNITS, unit, "en")) if unit in UNITS else (unit, unit)
    return f"“{name}”的单位是{zh}，写“{figure}{zh}”", f"`{name}` is declared in {en}: write `{figure} {en}`"


def in_units(one: tuple[str, str], other: tuple[str, str]) -> Both:
    """Say what two sides that do not go together are in, each given as its kind and unit."""
    (zh, en), (zh_other, en_other) = _what(*one), _what(*other)
    return f"前者是{zh}，后者是{zh_other}", f"the first is {en}, the second {en_other}"


_KINDS: Mapping[str, Both] = {
    "money": ("金额", "money"), "day": ("日期", "a day"), "yes_no": ("是否", "a yes or no"),
    "choice": ("选项", "a choice"), "days": ("日期列表", "a list of days"), "records": ("清单", "a list of records"),
}  # fmt: skip


def _what(kind: str, unit: str) -> Both:
    if kind in _KINDS:
        return _KINDS[kind]
    if not unit:
        return "没有单位的数", "a number without a unit"
    zh, en = (spell(UNITS, unit, "zh"), spell(UNITS, unit, "en")) if unit in UNITS else (unit, unit)
    return f"以{zh}计的数", f"a number in {en}"
