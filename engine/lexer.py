"""The lexer of rule cells: it knows the words of the language and the names a file declares, and takes the longest.

Chinese is written without spaces, so `面积超过5平方米且非主动改正` can only be cut by someone who knows that `面积` and
`主动改正` are facts. Longest match makes the cut deterministic. Full-width punctuation folds to its plain form.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache
from typing import Literal, NamedTuple

from engine.currency import DEFAULT, money_word, money_words, other_words, signs
from engine.errors import Complaints
from engine.fact import Language
from engine.near import (
    CONSTANT,
    UNIT_OF_FACT,
    currency,
    day_in,
    foreign_sign,
    in_figures,
    meant,
    misses,
    question,
    spoken_words,
)
from engine.numbers import digits, exact, exact_text
from engine.numerals import numeral
from engine.vocabulary import FOLDED, UNITS, WORDS, spellings
from engine.words import listed
from engine.yamltext import Scalar

NameKind = Literal["FACT", "OPTION", "UNIT"]

_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)?")
# Shares as laws write them: each is read as the percentage that it is, exactly.
# Longer figures are left to be refused as any other.
_FIGURE = r"[0-9]{1,12}(?:\.[0-9]{1,9})?"
_PER_MILLE = re.compile(rf"({_FIGURE})\s*(?:‰|per mille(?![A-Za-z0-9_]))")
_PARTS_OF = re.compile(
    rf"([百千万])分之(?:({_FIGURE})(?![0-9.])|([〇零一二两三四五六七八九十百千万]+)(?:点([〇零一二三四五六七八九]{{1,9}}))?)"
)
_PARTS = {"百": 1, "千": 10, "万": 100}
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?![0-9])")
_QUOTED = re.compile(r"「([^「」]{1,200})」")
_GROUPED = re.compile(r"[0-9]{1,3}(?:,[0-9]{3})+(?![0-9])(?:\.[0-9]+)?")
# 20 000 and 1'000 as one number: a blank between its thousands is one that does not break a line.
_SPACED = re.compile("[0-9]{1,3}(?:[\u00a0\u2009\u202f'’][0-9]{3})+(?![0-9])(?:[.][0-9]+)?")
# Many of a money word, which stands behind: 1.5亿元, 20 million euros.
_MANY: Mapping[Language, tuple[re.Pattern[str], Mapping[str, int]]] = {
    "zh": (re.compile(r"\s*(亿)"), {"亿": 10**8}),
    "en": (re.compile(r"\s+(million|billion)(?![A-Za-z0-9_])"), {"million": 10**6, "billion": 10**9}),
}
_FIGURE_AFTER = re.compile(rf"\s*({_GROUPED.pattern}|[0-9]+(?:\.[0-9]+)?)")
_FREE = re.compile(r"[^\s,;、()「」<>=≤≥≠!×*/÷+−→\[\]]+")
_RUN = re.compile(r"\w+")
_SPACE = re.compile(r"\s+")
# Words that end an unknown run before them: these always, and of these the longer ones, for 为 stands in 行为 as well.
_JOINS = frozenset({"AND", "OR"})
_ENDS = frozenset("EQ NE LE GE LT GT OR_MORE OR_LESS IN".split())
# What follows one of these belongs to the name before it.
_GOVERNED = frozenset("EQ NE IN SEPARATOR NUMBER".split())
_SMART_QUOTES = "“”‘’\"'"


class Token(NamedTuple):
    """One word of a cell: its kind as the grammar names it, its meaning, and where it starts in the cell."""

    kind: str
    value: str
    offset: int
    text: str


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Everything a lexer of one file knows, by first character and longest first, and the file's currency."""

    language: Language
    by_first: Mapping[str, tuple[tuple[str, str, str], ...]]
    currency: str
    names: tuple[str, ...] = ()

    def knowing(self, names: Mapping[str, NameKind]) -> "Lexicon":
        """Return a lexicon that knows these names as well."""
        extra = [(name, kind, name) for name, kind in names.items()]
        known = (name for name, kind in names.items() if kind != "UNIT")
        return Lexicon(self.language, _index(extra, self.by_first), self.currency, (*self.names, *known))


def _index(
    words: Iterable[tuple[str, str, str]], base: Mapping[str, tuple[tuple[str, str, str], ...]]
) -> dict[str, tuple[tuple[str, str, str], ...]]:
    table = dict(base)
    for word in words:
        first = word[0][0].lower()
        # At equal length the name that came last wins.
        table[first] = tuple(sorted((word, *table.get(first, ())), key=lambda entry: -len(entry[0])))
    return table


@cache
def lexicon_of(language: Language, currency: str) -> Lexicon:
    """Return the lexicon of a file in a currency that has no names of its own yet."""
    words = [(text, kind, text) for text, kind in spellings(WORDS, language).items()]
    units = [(text, "UNIT", unit) for text, unit in spellings(UNITS, language).items()]
    money = [(text, kind, text) for text, kind in money_words(currency, language).items()]
    # Known so that they can be refused by name; a name of the file's own wins over them.
    others = [(text, OTHER_MONEY, kind) for text, kind in other_words(currency, language).items()]
    return Lexicon(language, _index((*words, *units, *money, *others), {}), currency)


# A money word of another currency than the file's.
OTHER_MONEY = "OTHER_MONEY"
# Words that only declarations use: a choice may well be called 从轻, and a file's own names win over them.
DECLARING = frozenset(
    "GRAVER LIGHTER AGGRAVATING MITIGATING OFFICER CASE_FILE HISTORY REGISTER PRECISION COUNTS ASK".split()
)

# What a file may call its own facts and choices all the same.
_OPEN = DECLARING | {OTHER_MONEY}

PLAIN: Mapping[Language, Lexicon] = {"zh": lexicon_of("zh", DEFAULT), "en": lexicon_of("en", DEFAULT)}


def reserved(text: str, language: Language, currency: str) -> bool:
    """Say whether a text is a word of the language, so that no fact may be called by it."""
    known = lexicon_of(language, currency).by_first.get(text[0].lower(), ())
    return any(text.lower() == spelling.lower() and kind not in _OPEN for spelling, kind, _ in known)


MAX_NAME = 40
_NAME = re.compile(rf"[^\W\d]\w{{0,{MAX_NAME - 1}}}")


def usable_name(name: str, language: Language, currency: str) -> bool:
    """Say whether a fact or a choice may be called so in a file of this currency."""
    # A full-width letter would be folded inside cells and never be found again.
    plain = name.translate(FOLDED) == name
    return plain and _NAME.fullmatch(name) is not None and not reserved(name, language, currency)


def reserved_name(name: str, language: Language, currency: str) -> bool:
    """Say whether a name is taken by the language, and so would be read as its word wherever it stands."""
    return bool(name) and reserved(name, language, currency)


def why_not_a_name(name: str, language: Language, currency: str) -> tuple[str, str]:
    """Say the one reason why a name cannot be used, and what to write."""
    plain = name.translate(FOLDED)
    better = "_".join(re.findall(r"\w+", plain)).lstrip("0123456789_")
    if not name.strip():
        return "名称是空的", "the name is empty"
    if reserved_name(name, language, currency):
        return (
            "这是规则语言自己的词，请换一个，如在前面加上说的是什么",
            "it is a word of the rule language: choose another",
        )
    if plain != name and _NAME.fullmatch(plain):
        return f"里面有全角字符，请写“{plain}”", f"it holds full-width characters: write `{plain}`"
    if name[0].isdecimal():
        return (
            "名称不能以数字开头，请改用汉字（如“两年内次数”）",
            "a name cannot begin with a digit: put a letter first",
        )
    if len(name) > MAX_NAME:
        return f"名称超过 {MAX_NAME} 个字", f"a name has at most {MAX_NAME} characters"
    bad = next((each for each in name if not (each.isalnum() or each == "_")), name[0])
    zh, en = ("空格", "a blank") if bad.isspace() else (f"“{bad}”", f"`{bad}`")
    if bad.translate(FOLDED) in "()[]{}":
        zh, en = "括号", "brackets"
    shown = f"：“{better}”" if better else ""
    return f"名称里不能有{zh}，请写成文字或下划线{shown}", f"a name cannot hold {en}: write `{better or 'letters'}`"


@dataclass(slots=True)
class _Scan:
    lexicon: Lexicon
    cell: Scalar
    complaints: Complaints
    names_after: frozenset[str]
    tokens: list[Token] = field(default_factory=list)


def tokens_of(
    cell: Scalar, lexicon: Lexicon, complaints: Complaints, *, names_after: frozenset[str] = frozenset()
) -> list[Token] | None:
    """Cut a cell into tokens; None when findings say what was not understood.

    After a token of a kind in `names_after`, the next run of text is a NAME whatever it says: declarations introduce
    names before anyone knows them.
    """
    scan = _Scan(lexicon, cell, complaints, names_after)
    text = cell.text.translate(FOLDED)
    position = 0
    while position < len(text):
        if space := _SPACE.match(text, position):
            if "\t" in space.group():
                offset = position + space.group().index("\t")
                complaints.add("tab", cell.at(offset), repair=("请改用空格", "use spaces instead"))
                return None
            position = space.end()
            continue
        end = _next(scan, text, position)
        if end is None:
            return None
        position = end
    return scan.tokens


def _next(scan: _Scan, text: str, position: int) -> int | None:
    if scan.tokens and scan.tokens[-1].kind in scan.names_after and (free := _FREE.match(text, position)):
        scan.tokens.append(Token("NAME", free.group(), position, free.group()))
        return free.end()
    for pattern, kind in ((_DAY, "DAY"), (_QUOTED, "TEXT")):
        if found := pattern.match(text, position):
            if kind == "TEXT" and (unit := _unit_after(scan, found[1])):
                scan.tokens.append(Token("UNIT", unit, position, found.group()))
                return found.end()
            # A quotation keeps the characters its author wrote, not their folded form.
            quoted = scan.cell.text[found.start(1) : found.end(1)] if kind == "TEXT" else found.group()
            scan.tokens.append(Token(kind, quoted, position, found.group()))
            return found.end()
    if other_day := day_in(text, position):
        scan.complaints.add("bad_day", scan.cell.at(position), found=other_day[0], repair=other_day[1])
        return None
    if sign := _sign(scan, text, position):
        return _after_sign(scan, text, position, *sign)
    # A full-width comma separates; only 1,000 with a plain comma was meant as one number.
    if (found := _GROUPED.match(text, position)) and _GROUPED.match(scan.cell.text, position):
        return _grouped(scan, text, found)
    if share := _share(scan.lexicon, text, position):
        percent, end = share
        # Every later reading knows one word for a share: it is written back as a percentage.
        scan.tokens.append(Token("NUMBER", percent, position, text[position:end]))
        scan.tokens.append(Token("UNIT", "percent", position, text[position:end]))
        return end
    if found := _SPACED.match(text, position) or _NUMBER.match(text, position):
        return _figure(scan, text, position, re.sub("[^0-9.]", "", found.group()), found.end())
    if other := foreign_sign(text, position):
        scan.complaints.add("unknown_word", scan.cell.at(position), found=other[0], repair=other[1])
        return None
    word = _longest(scan.lexicon, text, position)
    if word is None:
        _complain(scan, text, position)
        return None
    kind, meaning, end = word
    if kind in ("FACT", "OPTION") and (unit := _unit_after(scan, text[position:end])):
        # `drums > 5 drums`: no name stands behind a figure.
        kind, meaning = "UNIT", unit
    if kind == OTHER_MONEY:
        _other_currency(scan, text[position:end], meaning, position)
        return None
    scan.tokens.append(Token(kind, meaning, position, text[position:end]))
    return end


def _unit_after(scan: _Scan, text: str) -> str | None:
    """Return the unit that a text is where it stands behind a figure or `per`; None where it is none."""
    if not scan.tokens or scan.tokens[-1].kind not in ("NUMBER", "PER"):
        return None
    known = scan.lexicon.by_first.get(text[0].lower(), ())
    return next((meaning for spelling, kind, meaning in known if kind == "UNIT" and spelling == text), None)


def _grouped(scan: _Scan, text: str, found: re.Match[str]) -> int | None:
    """Read 1,000 as one number; between parentheses, where a comma separates two, only where it is an amount."""
    plain = found.group().replace(",", "")
    open_ones = sum({"LPAR": 1, "RPAR": -1}.get(token.kind, 0) for token in scan.tokens)
    if open_ones > 0 and _money_after(scan.lexicon, text, found.end()) is None:
        repair = (f"括号里的数字不加逗号：{plain}", f"between parentheses write {plain}")
        scan.complaints.add("unknown_word", scan.cell.at(found.start()), found=found.group(), repair=repair)
        return None
    return _figure(scan, text, found.start(), plain, found.end())


def _figure(scan: _Scan, text: str, start: int, figure: str, end: int, *, signed: bool = False) -> int:
    """Take a figure, with the 亿 or `million` between it and the money word behind it, or of its sign before it."""
    pattern, sizes = _MANY[scan.lexicon.language]
    many = pattern.match(text, end)
    if many and (signed or _money_after(scan.lexicon, text, many.end())) and digits(figure.replace(".", "")):
        figure, end = exact_text(exact(figure) * sizes[many[1]]), many.end()
    scan.tokens.append(Token("NUMBER", figure, start, text[start:end]))
    return end


def _sign(scan: _Scan, text: str, position: int) -> tuple[re.Match[str], bool] | None:
    """Find the sign of a currency before a figure (NT$3,000, 人民币500元), and say whether it is this file's."""
    for sign, own in signs(scan.lexicon.currency).get(text[position], ()):
        if not text.startswith(sign, position):
            continue
        figure = _FIGURE_AFTER.match(text, position + len(sign))
        known = _longest(scan.lexicon, text, position)
        # A name of the file's own wins; behind a figure the word is its unit.
        named = known is not None and known[0] in ("FACT", "OPTION", "UNIT") and known[2] >= position + len(sign)
        if figure is None or named or (scan.tokens and scan.tokens[-1].kind == "NUMBER"):
            return None
        return figure, own
    return None


def _after_sign(scan: _Scan, text: str, position: int, figure: re.Match[str], own: bool) -> int | None:
    if not own:
        _other_currency(scan, text[position : figure.start(1)].strip(), "YUAN", position, figure[1].replace(",", ""))
        return None
    plain = figure[1].replace(",", "")
    end = _figure(scan, text, figure.start(1), plain, figure.end(), signed=True)
    if _money_after(scan.lexicon, text, end) is None:
        scan.tokens.append(Token("YUAN", text[position : figure.start(1)].strip(), position, text[position:end]))
    return end


def _money_after(lexicon: Lexicon, text: str, position: int) -> tuple[str, str, int] | None:
    """Find the money word that stands behind a figure."""
    space = _SPACE.match(text, position)
    position = space.end() if space else position
    known = _longest(lexicon, text, position) if position < len(text) else None
    return known if known is not None and known[0] in ("YUAN", "WAN_YUAN", "FEN", OTHER_MONEY) else None


def _share(lexicon: Lexicon, text: str, position: int) -> tuple[str, int] | None:
    """Read 5‰, `5 per mille`, 万分之五 or 百分之十五点五 as a percentage, and say where it ends."""
    if found := _PER_MILLE.match(text, position):
        if found.group().endswith("‰") or lexicon.language == "en":
            return exact_text(Fraction(exact(found[1]), 10)), found.end()
        return None
    found = _PARTS_OF.match(text, position) if lexicon.language == "zh" else None
    if found is None:
        return None
    known = _longest(lexicon, text, position)
    if known is not None and known[2] >= found.end():
        # A name of the file's own wins.
        return None
    if found[2]:
        return exact_text(Fraction(exact(found[2]), _PARTS[found[1]])), found.end()
    whole = Fraction(0) if found[3] in ("零", "〇") else numeral(found[3])
    if whole is None:
        return None
    part = "".join(str("〇一二三四五六七八九".index(sign)) for sign in (found[4] or "").replace("零", "〇"))
    return exact_text(Fraction(whole + Fraction(int(part or 0), 10 ** len(part)), _PARTS[found[1]])), found.end()


def _longest(lexicon: Lexicon, text: str, position: int) -> tuple[str, str, int] | None:
    for spelling, kind, meaning in lexicon.by_first.get(text[position].lower(), ()):
        end = position + len(spelling)
        if text[position:end] != spelling:
            continue
        # An English word ends where its letters end: `or` is not the start of `order`.
        if _wordlike(spelling[-1]) and end < len(text) and _wordlike(text[end]):
            continue
        return kind, meaning, end
    return None


def _wordlike(character: str) -> bool:
    return character.isascii() and (character.isalnum() or character == "_")


def _other_currency(scan: _Scan, found: str, kind: str, position: int, figure: str = "") -> None:
    """Refuse a word of another currency than the regime's, and offer the regime's own."""
    code = scan.lexicon.currency
    zh, en = f"{figure}{money_word(kind, code, 'zh')}", f"{figure} {money_word(kind, code, 'en')}".strip()
    more = (
        ("（别的货币要在基准文件里写明“货币”）", " (a regime says another as `currency:`)")
        if code == DEFAULT
        else ("", "")
    )
    scan.complaints.add(
        "other_currency",
        scan.cell.at(position),
        found=found,
        repair=(
            f"本基准的货币是 {code}：写“{zh}”{more[0]}",
            f"this regime's currency is {code}: write `{en}`{more[1]}",
        ),
    )


def _complain(scan: _Scan, text: str, position: int) -> None:
    place = scan.cell.at(position)
    if money := currency(text, position, scan.lexicon.currency):
        scan.complaints.add("unknown_word", place, found=money[0], repair=money[1])
        return
    if text[position] in _SMART_QUOTES:
        scan.complaints.add(
            "smart_quote",
            place,
            found=text[position],
            repair=("引用文字请用「」", "quote a text with 「」, and leave names unquoted"),
        )
        return
    word = _unknown(scan.lexicon, text, position)
    if _follows_failed(scan):
        # A choice or a unit of a fact whose declaration has a finding: it is unknown because the fact is.
        scan.complaints.silenced += 1
        return
    scan.complaints.add("unknown_word", place, found=word, repair=_repair(scan, word, text, position))


def _unknown(lexicon: Lexicon, text: str, position: int) -> str:
    """Return the whole run that nobody understands: to the next blank or sign, or to a word that ends it."""
    run = _RUN.match(text, position)
    if run is None:
        return text[position]
    word = run.group()
    for end in range(1, len(word)):
        if _wordlike(word[end - 1]) and _wordlike(word[end]):
            # Nothing begins inside a Latin word.
            continue
        known = _longest(lexicon, text, position + end)
        ends = known is not None and (known[0] in _JOINS or (known[0] in _ENDS and known[2] - position - end > 1))
        if ends or (word[end].isdecimal() and not _wordlike(word[end - 1])):
            return word[:end]
    return word


def _repair(scan: _Scan, word: str, text: str, position: int) -> tuple[str, str]:
    lexicon = scan.lexicon
    if any(token.kind == "IF_UNKNOWN" for token in scan.tokens[-2:]):
        return CONSTANT
    if repair := in_figures(text, position, lexicon.currency) or meant(word, text, position):
        return repair
    # 违法面即: what stands before a word that is known may be the slip as well.
    shorter = [word[:end] for end in range(1, len(word)) if _longest(lexicon, text, position + end)]
    tried = [*_phrases(text, position), word] if word.isascii() else [word, *reversed(shorter)]
    if near := misses(tried, lexicon.names, spoken_words(lexicon.language, lexicon.currency)):
        return question(near)
    if scan.tokens and scan.tokens[-1].kind == "NUMBER" and lexicon.names:
        return UNIT_OF_FACT
    if lexicon.names:
        known = lexicon.names[:12]
        return f"这里认识的名称有{listed(known, 'zh')}", f"names known here: {listed(known, 'en')}"
    if scan.names_after and scan.tokens and scan.tokens[-1].kind == "COMMA":
        # A declaration: what stands between two of its commas was most likely a unit.
        return f"自己的单位写在「」里：「{word}」", f"a unit of your own stands in 「」: 「{word}」"
    return "", ""


def _phrases(text: str, position: int) -> list[str]:
    """Return the runs of three and of two words that begin here: `list of day`, `square meters`."""
    words = re.match(r"[A-Za-z]+(?: [A-Za-z]+){0,2}", text[position:])
    parts = words.group().split(" ") if words else []
    return [" ".join(parts[:count]) for count in (3, 2) if len(parts) >= count]


def _follows_failed(scan: _Scan) -> bool:
    tokens, failed = scan.tokens, scan.complaints.failed
    return bool(tokens) and tokens[-1].kind in _GOVERNED and any(token.value in failed for token in tokens)
