"""What a slip of the pen in a rule file most likely was, where the YAML parser gave up.

A parser notices a missing colon or an open quote only where nothing can follow any more, often lines below, and says so
in its own words. Here the lines around are looked at again, as a person would: which of them is it, and what should
stand there? Nothing rests on the answer: the file is refused either way.
"""

import re
from typing import NamedTuple

from engine.vocabulary import KEYS, spellings

Both = tuple[str, str]


class Mark(NamedTuple):
    """A place in a text, line and column counted from 1."""

    line: int
    column: int


class Slip(NamedTuple):
    """Where the slip is, what it is and how it is repaired, in Chinese and in English."""

    at: Mark
    what: Both
    repair: Both


_SHOWN = 40
_KEY_WORDS = frozenset([*spellings(KEYS, "zh"), *spellings(KEYS, "en")])
# A key and a colon that is full width, or that no blank follows.
_TIGHT = re.compile(
    r"(?P<before>\s*(?:- +)*)(?P<key>[^\s:：#\"'{\[][^:：#\"'{\[]{0,80}?)\s*(?:：|:(?=\S))\s*(?P<rest>.*)"
)
_OPENING = re.compile(r"(?:^\s*(?:- +)*|: +|[\[{,] *)([\"'])")
_CLOSING = {'"': re.compile(r'(?:[^"\\]|\\.)*"'), "'": re.compile(r"(?:[^']|'')*'(?!')")}
_ENTRY = re.compile(r"(\s*(?:- +)*)(.*)")
_COLON: Both = ("项目后面写冒号，冒号要用半角，后面空一格", "after a key comes a colon and a space")
_QUOTE: Both = ("给这一格加上引号：", "put the cell between quotes: ")


def explain(text: str, problem: str, context: str, at: Mark, since: Mark | None) -> Slip:
    """Say what went wrong; `at` and `since` are where the parser gave up and where what it was reading began."""
    lines = text.splitlines()
    if quote := _quote(lines, at):
        return quote
    here, before = _line(lines, at.line), _before(lines, at.line)
    if "could not find expected ':'" in problem and since is not None:
        return _colon(lines, since.line) or _fallback(since)
    if "mapping values are not allowed" in problem:
        first = here.find(": ")
        if first < 0 or at.column <= first + 1:
            # At its first colon this line is sound: the line before it lacks one, or it begins in a wrong column.
            begin = Mark(at.line, len(here) - len(here.lstrip()) + 1)
            return _colon(lines, before) or _colon(lines, at.line) or _fallback(begin)
        return _tight(here, at.line) or _second_colon(here, at)
    for number in (at.line, before):
        if number and (tight := _tight(_line(lines, number), number)):
            return tight
        if number and "{" in _line(lines, number) and "，" in _line(lines, number):
            column = _line(lines, number).index("，") + 1
            what = ("花括号 {…} 里有全角逗号", "a full-width comma stands inside {…}")
            return Slip(Mark(number, column), what, ("各项之间用半角逗号“, ”", "write `, ` between the entries"))
    if since is not None and "flow" in context:
        return _bracket(lines, since if here.strip() else _unclosed(lines, before) or since, at)
    if "cannot start any token" in problem or re.search("block scalar|directive|alias|anchor|tag", context):
        begin = since if since is not None and re.search("block scalar|alias|anchor|tag", context) else at
        what = ("这一格以一个有特殊含义的符号开头", "the cell begins with a sign that has a meaning of its own")
        return Slip(begin, what, _quoted(_line(lines, begin.line)[begin.column - 1 :].strip()))
    return _fallback(at)


def entry_meant(piece: str) -> tuple[str, str] | None:
    """Return key and content of an entry that has no colon and was meant to have one: `name Spitting`, `名：占道`."""
    if tight := _TIGHT.fullmatch(piece):
        return tight["key"], tight["rest"]
    first, _blank, rest = piece.partition(" ")
    return (first, rest.strip()) if first in _KEY_WORDS else None


def colon_repair(key: str, content: str) -> Both:
    """Return how an entry is written with its colon."""
    return _with(_COLON, f"{key}: {content}".rstrip())


def _with(advice: Both, entry: str) -> Both:
    shown = entry if len(entry) <= _SHOWN else entry[: _SHOWN - 1] + "…"
    return f"{advice[0]}：“{shown}”", f"{advice[1]}: `{shown}`"


def _quoted(cell: str) -> Both:
    shown = cell if len(cell) <= _SHOWN else cell[: _SHOWN - 1] + "…"
    return f'{_QUOTE[0]}"{shown}"', f'{_QUOTE[1]}`"{shown}"`'


def _line(lines: list[str], number: int) -> str:
    return lines[number - 1] if 1 <= number <= len(lines) else ""


def _before(lines: list[str], number: int) -> int:
    """Return the number of the nearest line above that says something; 0 where there is none."""
    for above in range(min(number, len(lines) + 1) - 1, 0, -1):
        said = lines[above - 1].strip()
        if said and not said.startswith("#"):
            return above
    return 0


def _tight(line: str, number: int) -> Slip | None:
    found = _TIGHT.match(line)
    if found is None:
        return None
    full = "：" in line[found.end("key") : found.start("rest")]
    what = ("冒号是全角的", "the colon is full width") if full else ("冒号后面没有空格", "no space follows the colon")
    entry = f"{found['key']}: {found['rest']}".rstrip()
    return Slip(Mark(number, found.end("key") + 1), what, _with(_COLON, entry))


def _colon(lines: list[str], number: int) -> Slip | None:
    """Look for a missing, full-width or unspaced colon in a line."""
    line = _line(lines, number)
    if tight := _tight(line, number):
        return tight
    entry = _ENTRY.fullmatch(line)
    if entry is None or ":" in line or not entry[2] or entry[2][0] in "#{[\"'":
        return None
    first, _blank, rest = entry[2].strip().partition(" ")
    what = ("这一行缺少冒号", "this line has no colon")
    return Slip(Mark(number, len(entry[1]) + 1), what, _with(_COLON, f"{first}: {rest.strip()}".rstrip()))


def _second_colon(line: str, at: Mark) -> Slip:
    what = ("这一格里有冒号", "the text of this cell holds a colon")
    key, colon, rest = line.partition(": ")
    entry = f'{key.strip().removeprefix("- ")}: "{rest.strip()}"' if colon else ""
    if not entry:
        return _fallback(at)
    advice = ("含有冒号的文字请加引号", "put a text that holds a colon between quotes")
    return Slip(at, what, _with(advice, entry))


def _quote(lines: list[str], at: Mark) -> Slip | None:
    """Find the first quote, not below where the parser gave up, that closes nowhere or in the middle of a text."""
    number, column = 1, 0
    while number <= min(at.line, len(lines)):
        line = lines[number - 1]
        opening = _OPENING.search(line, column) if column == 0 else _OPENING.search(line, max(column - 1, 0))
        if opening is None or line.lstrip().startswith("#"):
            number, column = number + 1, 0
            continue
        start, sign = opening.start(1), opening[1]
        mark = Mark(number, start + 1)
        closing = _CLOSING[sign].match(line, start + 1)
        spread = closing is None
        while closing is None:
            number += 1
            if number > len(lines):
                return _open(mark)
            closing = _CLOSING[sign].match(lines[number - 1])
        rest = lines[number - 1][closing.end() :].strip()
        if rest and rest[0] not in ",}]:#":
            return _open(mark) if spread else _early(Mark(number, closing.end()))
        column = closing.end()
    return None


def _open(mark: Mark) -> Slip:
    what = ("这里的引号没有配对", "a quote opens here and never closes")
    return Slip(mark, what, ("在这一格末尾补上引号", "close the quote at the end of the cell"))


def _early(mark: Mark) -> Slip:
    what = ("引号在这里已经结束，后面还有文字", "the quote closes here, and the text goes on")
    repair = ("整格用一对双引号，里面的引号换成「」", 'put the whole cell between one pair of `"`, with none inside')
    return Slip(mark, what, repair)


def _unclosed(lines: list[str], number: int) -> Mark | None:
    """Return the last bracket of a line that is still open at its end."""
    opened: list[int] = []
    for column, sign in enumerate(_line(lines, number), 1):
        if sign in "{[":
            opened.append(column)
        elif sign in "}]" and opened:
            opened.pop()
    return Mark(number, opened[-1]) if opened else None


def _bracket(lines: list[str], since: Mark, at: Mark) -> Slip:
    line = _line(lines, since.line)
    sign = line[since.column - 1 : since.column]
    if sign == "[" and (since.line == at.line or ".." in line[since.column :]):
        what = ("以“[”开头的一格要加引号", "a cell that begins with `[` needs quotes")
        return Slip(since, what, _quoted(re.split(r"[,}:]", line[since.column - 1 :])[0].strip()))
    if marked := _question_mark(lines, at):
        return marked
    if since.line == at.line:
        what = ("花括号 {…} 里的各项没有分开", "the entries inside {…} are not parted")
        return Slip(
            at, what, ("每项写成“项目: 内容”，各项之间用“, ”", "write `key: value`, with `, ` between the entries")
        )
    close = "}" if sign == "{" else "]"
    what = (f"这里的“{sign}”没有配对", f"the `{sign}` here never closes")
    return Slip(since, what, (f"在这一行末尾补上“{close}”", f"close it with `{close}` at the end of the line"))


def _question_mark(lines: list[str], at: Mark) -> Slip | None:
    """Find a plain `?` where the parser gave up: inside {…} it has a meaning of its own wherever it stands."""
    line = _line(lines, at.line)
    mark = line.find("?", max(at.column - 2, 0), at.column)
    if mark < 0:
        return None
    begin = max(line.rfind(sign, 0, mark) + len(sign) for sign in ("{", "[", ", ", ": "))
    end = re.compile(r", |[\]}]|$").search(line, mark)
    cell = line[begin : end.start() if end else None].strip()
    what = ("花括号 {…} 里的半角问号有特殊含义", "a `?` inside {…} has a meaning of its own")
    return Slip(Mark(at.line, mark + 1), what, _quoted(cell))


def _fallback(at: Mark) -> Slip:
    what = ("这一行与上下几行接不上", "this line does not fit the lines around it")
    repair = (
        "同一层的项目左边对齐（用空格），每项写成“项目: 内容”",
        "begin entries of one level in the same column, with spaces, each as `key: value`",
    )
    return Slip(at, what, repair)
