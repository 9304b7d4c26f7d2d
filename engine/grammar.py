"""The grammar of rule cells.

One LALR table serves both vocabularies and every file: the lexer has already turned words into tokens, so only the
lexer knows names. Building the table costs 0.1 s and happens once.
"""

from collections.abc import Iterator, Mapping
from typing import Any as Anything

import lark
from lark.lexer import Lexer as LarkLexer

from engine.errors import Complaints
from engine.lexer import Lexicon, Token, tokens_of
from engine.tree import Language
from engine.vocabulary import WORDS, spell
from engine.words import quoted
from engine.yamltext import Scalar

GRAMMAR = r"""
condition: any
any: all (OR all)*
all: negation (AND negation)*
?negation: NOT negation -> negated
         | LPAR any RPAR -> group
         | chain
chain: operand (comparator operand)*
     | operand operand bound -> bounded
     | operand IN operand (SEPARATOR operand)* -> one_of
operand: FACT -> fact
       | OPTION -> option
       | NUMBER unit? -> literal
unit: UNIT | YUAN | WAN_YUAN | FEN
!bound: OR_MORE | OR_LESS
!comparator: EQ | NE | LT | LE | GT | GE

outcome: measure (COMMA measure)*
measure: FINE amount -> fine
       | WARN -> warn
       | CONFISCATE FACT -> confiscate_gains
       | CONFISCATE TEXT -> confiscate_goods
       | REVOKE TEXT -> revoke
       | CORRECT -> order_to_correct
       | EDUCATE -> educate
       | NO_PENALTY -> no_penalty
amount: per? money (TIMES_SIGN FACT)? | fold TIMES_SIGN FACT
per: PER UNIT
money: NUMBER (YUAN | WAN_YUAN | FEN)
fold: NUMBER FOLD

statutory: FINE per? money (TO money)? (TIMES_SIGN FACT)?
         | FINE fold (TO fold)? TIMES_SIGN FACT

validity: DAY FROM_ON | DAY TO DAY
rounding: money COMMA (FLOOR | CEILING | HALF_UP)

declaration: kind (COMMA clause)*
!kind: YES_NO | INTEGER | NUMBER_KIND | MONEY | DAYS | CHOICE NAME (SEPARATOR NAME)*
!clause: UNIT -> unit_clause
       | YUAN -> unit_clause
       | PRECISION NUMBER -> precision
       | GT? NUMBER TO LT? NUMBER -> domain
       | (GRAVER | LIGHTER | AGGRAVATING | MITIGATING) -> direction
       | SOURCE (OFFICER | CASE_FILE | HISTORY | REGISTER) -> source
       | COUNTS NAME NUMBER YEARS -> counts
       | ASK TEXT -> ask

%declare OR AND NOT EQ NE LT LE GT GE OR_MORE OR_LESS IN SEPARATOR COMMA LPAR RPAR TIMES_SIGN TO FROM_ON PER
%declare FINE WARN CONFISCATE REVOKE CORRECT EDUCATE NO_PENALTY YUAN WAN_YUAN FEN FOLD
%declare YES_NO CHOICE INTEGER NUMBER_KIND MONEY DAYS PRECISION GRAVER LIGHTER AGGRAVATING MITIGATING
%declare SOURCE OFFICER CASE_FILE HISTORY REGISTER COUNTS YEARS ASK FLOOR CEILING HALF_UP
%declare FACT OPTION NAME NUMBER UNIT DAY TEXT
"""
STARTS = ("condition", "outcome", "statutory", "validity", "rounding", "declaration")
# Where a cell introduces names of its own.
NAMES_AFTER = {"declaration": frozenset({"CHOICE", "SEPARATOR", "COUNTS"})}
MAX_NESTING = 20


class _Tokens(LarkLexer):
    """Hands lark the tokens that our own lexer made."""

    def __init__(self, lexer_conf: object) -> None:
        pass

    def lex(self, data: Anything) -> Iterator[lark.Token]:  # type: ignore[override]  # lark passes what parse() was given
        for token in data:
            yield lark.Token(token.kind, token.value, start_pos=token.offset)


_PARSER = lark.Lark(GRAMMAR, parser="lalr", lexer=_Tokens, start=list(STARTS), maybe_placeholders=False)
Parsed = lark.Tree[lark.Token]


def parse_cell(cell: Scalar, start: str, lexicon: Lexicon, complaints: Complaints) -> Parsed | None:
    """Parse one cell; None when a finding says what does not fit and what could stand there."""
    tokens = tokens_of(cell, lexicon, complaints, names_after=NAMES_AFTER.get(start, frozenset()))
    if tokens is None:
        return None
    depth = negations = 0
    for token in tokens:
        depth += {"LPAR": 1, "RPAR": -1}.get(token.kind, 0)
        negations = negations + 1 if token.kind == "NOT" else 0
        if depth + negations > MAX_NESTING:
            complaints.add("cell_too_deep", cell.at(token.offset), expected=MAX_NESTING)
            return None
    try:
        return _PARSER.parse(tokens, start=start)
    except lark.UnexpectedToken as error:
        _syntax(error, cell, tokens, lexicon.language, complaints)
        return None


def _syntax(
    error: lark.UnexpectedToken, cell: Scalar, tokens: list[Token], language: Language, complaints: Complaints
) -> None:
    expected = _words(error.expected, language)
    if error.token.type == "$END":
        complaints.add("cell_ends_early", cell.at(len(cell.text)), expected=expected)
        return
    token = next(token for token in tokens if token.offset == error.token.start_pos)
    complaints.add("cell_syntax", cell.at(token.offset), found=token.text, expected=expected)


_TOKEN_NAMES: Mapping[str, tuple[str, str]] = {
    "FACT": ("事实名称", "a fact"),
    "OPTION": ("选项", "a choice"),
    "NAME": ("名称", "a name"),
    "NUMBER": ("数字", "a number"),
    "UNIT": ("单位", "a unit"),
    "DAY": ("日期", "a day"),
    "TEXT": ("「文字」", "「text」"),
    "$END": ("到此为止", "the end"),
}


def _words(kinds: set[str], language: Language) -> str:
    column = 0 if language == "zh" else 1
    known = [
        _TOKEN_NAMES[kind][column] if kind in _TOKEN_NAMES else quoted(spell(WORDS, kind, language), language)
        for kind in kinds
    ]
    return ("、" if language == "zh" else ", ").join(sorted(known)[:10])


def tree_of(child: lark.Token | Parsed) -> Parsed:
    """Narrow a child that the grammar says is a tree."""
    assert isinstance(child, lark.Tree), child
    return child


def token_of(child: lark.Token | Parsed) -> lark.Token:
    """Narrow a child that the grammar says is a token."""
    assert isinstance(child, lark.Token), child
    return child
