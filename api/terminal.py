"""What every command shares: its options, its exit codes, and how it speaks to people and to machines."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal, NoReturn

import orjson
import typer
from rich.console import Console
from rich.progress import Progress
from rich.text import Text

from api.settings import Settings
from cases.errors import LawFilesMissing
from cases.lawfiles import Law, read_files, read_law
from engine import Finding, Rulebook, RuleFilesInvalid
from engine.fact import Language
from engine.load import codes_in, files_of, language_of
from engine.rule import Rule
from engine.rulebook import close_codes

FOUND, MISUSED = 1, 2
# So many findings, and files with findings, are named where a law that cannot be used stops another command.
SHOWN = 10

err = Console(stderr=True, highlight=False, soft_wrap=True)

Rules = Annotated[
    Path | None, typer.Option("--rules", metavar="DIR", help="folder of rule files [default: rules/ of the checkout]")
]
Data = Annotated[
    Path | None, typer.Option("--data", metavar="DIR", help="folder of the log [default: var/ of the checkout]")
]
Store = Annotated[
    str | None,
    typer.Option(
        "--store",
        metavar="URL",
        help="the log: postgresql://USER@HOST/DB or a file [default: a file in --data]; a password belongs in "
        "ZHUNSHENG_STORE or ~/.pgpass",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="print one JSON object")]
Code = Annotated[
    str | None, typer.Option("--code", metavar="CODE", help="only this violation and what it rests on, e.g. SZCG-013")
]
Lang = Annotated[
    Literal["zh", "en"] | None, typer.Option("--lang", help="language of sentences [default: that of the rule files]")
]
LogLang = Annotated[Literal["zh", "en"], typer.Option("--lang", help="language of sentences")]


def say(text: str = "") -> None:
    """Print for people; user content is never read as markup."""
    sys.stdout.write(text + "\n")


def say_json(value: Any, *, line: bool = False) -> None:
    """Print for machines, indented so that people can read it too; on one line where more may follow."""
    sys.stdout.write(orjson.dumps(value, option=0 if line else orjson.OPT_INDENT_2).decode() + "\n")


def complain(text: str) -> None:
    """Print a problem to standard error."""
    err.print(Text(f"zhunsheng: {text}", style="red"))


def misuse(zh: str, en: str) -> NoReturn:
    """End because the command was not used rightly; said in both languages, for nobody knows yet who reads it."""
    complain(zh)
    complain(en)
    raise typer.Exit(MISUSED)


def spoken(lang: Language | None, law: Rulebook) -> Language:
    """Return the language that was asked for, else English where every regime is written in it."""
    return lang or ("en" if all(each.language == "en" for each in law.regimes) else "zh")


@contextmanager
def progress(title: str) -> Iterator[Callable[[int, int], None]]:
    """Show how far long work has come, on a terminal."""
    with Progress(console=err, transient=True, disable=not err.is_terminal) as bar:
        task = bar.add_task(title, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def files_for(rules: Path | None, code: str | None) -> dict[str, bytes]:
    """Read the rule files, or those one violation rests on; end with 2 where there are none."""
    try:
        files = read_files(Settings.choose(rules).rules)
    except LawFilesMissing as error:
        misuse(error.message_zh, str(error))
    if code is None:
        return files
    if chosen := files_of(files, code):
        return chosen
    _no_violation(code, get_close_matches(code[:64].upper(), codes_in(files), n=1, cutoff=0.6))


def load(settings: Settings) -> Law:
    """Load the rule files, or end: with 1 and what is wrong with them, with 2 where there are none."""
    if settings.data.is_file():
        misuse(
            f"--data 要一个文件夹，“{settings.data}”是文件",
            f"`--data` names the folder of the log, and `{settings.data}` is a file",
        )
    try:
        return read_law(settings.rules, settings.cache)
    except LawFilesMissing as error:
        misuse(error.message_zh, str(error))
    except RuleFilesInvalid as error:
        broken(error.findings, language_of(read_files(settings.rules)))


def broken(findings: Sequence[Finding], language: Language) -> NoReturn:
    """End because rule files cannot be used: the first findings, how many there are, and in which files."""
    for finding in findings[:SHOWN]:
        complain(str(finding))
    count, files = len(findings), list(dict.fromkeys(each.place.file for each in findings))
    names = ", ".join(files[:SHOWN]) + (" …" if len(files) > SHOWN else "")
    complain(
        f"{len(files)} 个规则文件里有 {count} 处问题（{names}）：规则不通就不作裁量，请看 `zhunsheng check`"
        if language == "zh"
        else f"{count} findings in {len(files)} files ({names}): nothing is decided on broken rules;"
        " see `zhunsheng check`"
    )
    raise typer.Exit(FOUND)


def chosen(law: Rulebook, code: str | None) -> list[Rule]:
    """List every version of one violation, or of all where no code is given; end with 2 where there is none."""
    need_code(code, law.versions)
    return [rule for rule in law.every_rule() if code in (None, rule.code)]


def need_code(code: str | None, known: Iterable[str]) -> None:
    """End with 2 where a code is given and no violation has it."""
    codes = set(known)
    if code is not None and code not in codes:
        _no_violation(code, close_codes(code, sorted(codes)))


def _no_violation(code: str, near: Sequence[str]) -> NoReturn:
    zh, en = (f"；是不是“{near[0]}”？", f"; did you mean `{near[0]}`?") if near else ("", "")
    misuse(f"没有代码为“{code}”的违法行为{zh}", f"there is no violation `{code}`{en}")
