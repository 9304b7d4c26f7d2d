"""The grammar of rule cells.

One LALR table serves both vocabularies and every file: the lexer has already turned words into tokens, so only the
lexer knows names. Building the table costs 0.1 s and happens once.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any as Anything

import lark
from lark.lexer import Lexer as LarkLexer

from engine.currency import money_word, money_words
from engine.errors import Complaints
from engine.fact import Language
from engine.lexer import Lexicon, Token, tokens_of
from engine.near import UNIT_OF_FACT, bounded, bounds
from engine.vocabulary import FOLDED, UNITS, WORDS, spell
from engine.words import quoted
from engine.yamltext import Scalar

GRAMMAR = r"""
condition: any | always
always: ALWAYS
formula: any
any: all (OR all)*
all: negation (AND negation)*
?negation: NOT negation -> negated
         | comparison
comparison: sum (comparator sum)* -> chain
     | sum sum OR_MORE -> bounded
     | sum sum OR_LESS -> bounded
     | sum sum OR_MORE sum OR_LESS -> spanned
     | sum IN sum (SEPARATOR sum)* -> one_of
!comparator: EQ | NE | LT | LE | GT | GE
sum: product ((PLUS | MINUS) product)*
product: atom ((TIMES_SIGN | DIVIDE) atom)*
atom: FACT -> fact
    | (OPTION | TEXT) -> option
    | DAY -> day
    | per? NUMBER unit? -> literal
    | MINUS atom -> negative
    | (LIMIT_LOW | LIMIT_HIGH) -> limit
    | (ACT_DAY | DECISION_DAY | BASE_FINE | FINE_SO_FAR) -> built_in
    | (FINE_AMOUNT | IS_FINED | IS_WARNED | IS_REVOKED | IS_STOPPED) -> built_in
    | LPAR any RPAR -> group
    | function LPAR any (COMMA any)* RPAR -> call
unit: UNIT | YUAN | WAN_YUAN | FEN
per: PER UNIT
!function: GREATEST | LEAST | UP_TO | DOWN_TO | HALF_UP_TO | HALF_EVEN_TO | STARTED | FULL
         | DAYS_BETWEEN | STARTED_MONTHS | FULL_MONTHS | FULL_YEARS | DAYS_AFTER | MONTHS_AFTER | YEARS_AFTER
         | NUMBER_OF | TOTAL_OF | GREATEST_IN | LEAST_IN | ANY_OF | EVERY_OF

outcome: part (COMMA part)*
?part: measure
     | ON_PAYER TEXT measure -> on_payer
     | LE sum -> cap
     | GE sum -> floor
     | THEN sum -> beyond
measure: FINE bracket -> fine
    | WARN -> warn
    | CRITICISE -> criticise
    | CONFISCATE FACT -> confiscate_gains
    | CONFISCATE TEXT -> confiscate_goods
    | REVOKE TEXT -> revoke
    | SUSPEND TEXT figures -> suspend
    | STOP figures? -> stop
    | RESTRICT TEXT figures? -> restrict
    | DETAIN figures -> detain
    | CORRECT -> order_to_correct
    | ORDER TEXT -> order
    | OUTPUT TEXT figures -> output
    | FLAG TEXT -> flag
    | EDUCATE -> educate
    | NO_PENALTY -> no_penalty
    | MAY_NO_PENALTY -> may_no_penalty
    | REFUSE -> refuse
?figures: figure
        | figure TO figure -> two_figures
        | figure OR_MORE figure OR_LESS -> two_figures
        | figure OR_LESS -> figure_or_less
        | figure OR_MORE -> figure_or_more
figure: sum UNIT?
bracket: sum (AT sum)? -> one
       | sum TO sum (AT sum)? -> two
       | sum OR_MORE sum OR_LESS (AT sum)? -> two
       | sum OR_LESS (AT sum)? -> only_high
       | sum OR_MORE (AT sum)? -> only_low
       | sum ARROW sum ALONG sum sum ARROW sum -> along

statutory: FINE bracket
         | NO_FINE

adjustment: change (COMMA limit)*
change: UPWARD sum (TO sum)? -> up
      | DOWNWARD sum (TO sum)? -> down
      | PLUS sum -> add
      | MINUS sum -> subtract
      | TIMES_SIGN sum -> times
limit: LE sum -> cap
     | GE sum -> floor
     | BELOW_RANGE -> below_range
move: TIER_UP NUMBER TIERS (COMMA TOP_AT_END)? -> move_up
    | TIER_DOWN NUMBER TIERS -> move_down
    | TOP_OF_TIER -> top
    | BOTTOM_OF_TIER -> bottom
position: sum -> at
        | sum TO LT? sum -> between
        | TOP_OF_TIER -> top
        | BOTTOM_OF_TIER -> bottom
        | RANGE_ONLY -> range_only
key: sum -> exactly
   | (EQ | NE | LT | LE | GT | GE) sum -> beyond_key
   | sum OR_MORE -> from_key
   | sum OR_LESS -> upto_key
   | sum FROM_ON -> onwards_key
   | sum OR_MORE sum OR_LESS -> span_key
   | GT? sum TO LT? sum -> between_key
   | (LPAR | LBRACK) sum DOTS sum (RPAR | RBRACK) -> interval
   | (OPTION | TEXT) SEPARATOR (OPTION | TEXT) (SEPARATOR (OPTION | TEXT))* -> options
   | (YES | NO) -> answer

validity: DAY FROM_ON | DAY TO DAY
rounding: NUMBER (YUAN | WAN_YUAN | FEN) COMMA (FLOOR | CEILING | HALF_UP | HALF_EVEN)

declaration: kind (COMMA clause)*
!kind: YES_NO | INTEGER | NUMBER_KIND | MONEY | DATE | DAYS | CHOICE (NAME | TEXT) (SEPARATOR (NAME | TEXT))*
!clause: (UNIT | TEXT | YUAN) -> unit_clause
       | PRECISION NUMBER -> precision
       | GT? MINUS? NUMBER TO LT? MINUS? NUMBER -> domain
       | (GRAVER | LIGHTER | AGGRAVATING | MITIGATING) -> direction
       | SOURCE (OFFICER | CASE_FILE | HISTORY | REGISTER) -> source
       | COUNTS NAME NUMBER (YEARS | MONTHS | DAYS_BACK) WITHOUT_THIS? -> counts
       | COUNTS NAME EVER WITHOUT_THIS? -> counts
       | WITHOUT_THIS -> without_this
       | IF_UNKNOWN (NAME | TEXT) -> if_unknown
       | PERSONAL -> personal
       | ASK TEXT -> ask

%declare ALWAYS OR AND NOT EQ NE LT LE GT GE OR_MORE OR_LESS IN SEPARATOR COMMA LPAR RPAR LBRACK RBRACK DOTS
%declare TIMES_SIGN DIVIDE PLUS MINUS ARROW ALONG THEN AT TO FROM_ON PER LIMIT_LOW LIMIT_HIGH
%declare ACT_DAY DECISION_DAY BASE_FINE FINE_SO_FAR FINE_AMOUNT IS_FINED IS_WARNED IS_REVOKED IS_STOPPED
%declare GREATEST LEAST UP_TO DOWN_TO HALF_UP_TO HALF_EVEN_TO STARTED FULL
%declare DAYS_BETWEEN STARTED_MONTHS FULL_MONTHS FULL_YEARS DAYS_AFTER MONTHS_AFTER YEARS_AFTER
%declare NUMBER_OF TOTAL_OF GREATEST_IN LEAST_IN ANY_OF EVERY_OF
%declare FINE NO_FINE WARN CRITICISE CONFISCATE REVOKE SUSPEND STOP RESTRICT DETAIN CORRECT ORDER OUTPUT FLAG EDUCATE
%declare NO_PENALTY MAY_NO_PENALTY REFUSE ON_PAYER YUAN WAN_YUAN FEN
%declare UPWARD DOWNWARD BELOW_RANGE TIER_UP TIER_DOWN TIERS TOP_OF_TIER BOTTOM_OF_TIER TOP_AT_END RANGE_ONLY YES NO
%declare YES_NO CHOICE INTEGER NUMBER_KIND MONEY DATE DAYS PRECISION GRAVER LIGHTER AGGRAVATING MITIGATING
%declare SOURCE OFFICER CASE_FILE HISTORY REGISTER COUNTS YEARS MONTHS DAYS_BACK EVER WITHOUT_THIS
%declare PERSONAL IF_UNKNOWN ASK
%declare FLOOR CEILING HALF_UP HALF_EVEN
%declare FACT OPTION NAME NUMBER UNIT DAY TEXT
"""
STARTS = (
    "condition", "formula", "outcome", "statutory", "adjustment", "move", "position", "key", "validity", "rounding",
    "declaration",
)  # fmt: skip
# Where a cell introduces names of its own.
NAMES_AFTER = {"declaration": frozenset({"CHOICE", "SEPARATOR", "COUNTS", "IF_UNKNOWN"})}
MAX_NESTING = 20


class _Tokens(LarkLexer):
    """Hands lark the tokens that our own lexer made."""

    def __init__(self, lexer_conf: object) -> None:
        pass

    def lex(self, data: Anything) -> Iterator[lark.Token]:  # type: ignore[override]  # lark passes what parse() was given
        for token in data:
            yield lark.Token(token.kind, token.value, start_pos=token.offset)


@cache
def _parser() -> lark.Lark:
    """Build the tables, on first use: law that comes from the cache needs no parser."""
    return lark.Lark(GRAMMAR, parser="lalr", lexer=_Tokens, start=list(STARTS), maybe_placeholders=False)


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
        return _parser().parse(tokens, start=start)
    except lark.UnexpectedToken as error:
        _syntax(error, cell, tokens, lexicon, start, complaints)
        return None


def _syntax(
    error: lark.UnexpectedToken,
    cell: Scalar,
    tokens: list[Token],
    lexicon: Lexicon,
    start: str,
    complaints: Complaints,
) -> None:
    expected = _words(error.expected, lexicon)
    if error.token.type == "$END":
        # Inside {…} a comma ends a cell: what stands behind an open parenthesis was probably cut off.
        cut = sum({"LPAR": 1, "RPAR": -1}.get(token.kind, 0) for token in tokens) > 0
        repair = ("写在 {…} 里而含有逗号的一格，请加引号", "a cell inside {…} that holds a comma needs quotes")
        complaints.add(
            "cell_ends_early",
            cell.at(len(cell.text)),
            expected=expected,
            repair=repair if cut else _meant(cell, tokens, len(tokens), start),
        )
        return
    token = next(token for token in tokens if token.offset == error.token.start_pos)
    repair = _meant(cell, tokens, tokens.index(token), start)
    complaints.add("cell_syntax", cell.at(token.offset), found=token.text, expected=expected, repair=repair)


# 1,50,000 as in India: groups that are none of three digits.
_OTHER_GROUPS = re.compile(r"[0-9]{1,4}(?:,[0-9]{2,4})+,[0-9]{3,4}(?![0-9,])")
_SIGNED: Mapping[str, str] = {"GT": ">", "LT": "<", "GE": "≥", "LE": "≤", "NE": "≠"}


def _meant(cell: Scalar, tokens: list[Token], at: int, start: str) -> tuple[str, str]:
    """Guess from the words around the one that does not fit what was meant; no repair where nothing is known."""
    kinds = [token.kind for token in tokens]
    here, before = kinds[at : at + 3], kinds[at - 1] if at else ""
    if start == "condition" and (repair := bounds(cell.text, tokens, at)):
        return repair
    if before == "NUMBER" and here[:1] == ["TEXT"]:
        return UNIT_OF_FACT
    if before == "EQ" and here[:1] and here[0] in _SIGNED:
        # 面积为大于5, `area is more than 5`: the first word says nothing.
        text = tokens[at].text
        return f"去掉“{tokens[at - 1].text}”，只写“{text}”", f"leave out `{tokens[at - 1].text}`: write only `{text}`"
    if before in ("GT", "LT") and here[:1] in (["EQ"], ["OR"]):
        sign = "≥" if before == "GT" else "≤"
        return f"请写“{sign}”", f"write `{sign}`"
    limited = start != "condition" and before in ("", "FINE") and here[:1] and here[0] in ("NOT", "LE", "GE")
    if limited and (repair := bounded(cell.text.translate(FOLDED), tokens[at].offset)):
        # `fine up to 50 euros`
        return repair
    if here[:2] in (["NOT", "GT"], ["NOT", "LT"]):
        sign, words = ("≤", "at most") if here[1] == "GT" else ("≥", "at least")
        return f"请写“{sign}”", f"write `{words}`"
    if before in ("YUAN", "WAN_YUAN", "FEN", "NUMBER") and here[:1] in (["PER"], ["SEPARATOR"]) and "UNIT" in here[1:2]:
        unit = spell(UNITS, tokens[at + 1].value, "zh"), tokens[at + 1].text
        amount = cell.text[tokens[at - 2 if before != "NUMBER" else at - 1].offset : tokens[at].offset].strip()
        return (
            f"写成“每{unit[0]}{amount} × 事实”，事实要以{unit[0]}计",
            f"write `per {unit[1]} {amount} × NAME`, where the fact NAME counts what is in `{unit[1]}`",
        )
    for index in range(min(at, len(tokens) - 2), 0, -1):
        one, comma, two = tokens[index - 1 : index + 2]
        joined = one.offset + len(one.text) == comma.offset == two.offset - 1
        if (one.kind, comma.kind, two.kind) == ("NUMBER", "COMMA", "NUMBER") and joined:
            if grouped := _OTHER_GROUPS.match(cell.text.translate(FOLDED), one.offset):
                plain = grouped.group().replace(",", "")
                return (
                    f"逗号只分三位一节，也可以不写：写“{plain}”",
                    f"commas part groups of three digits, or none: write `{plain}`",
                )
            return f"小数用点：“{one.text}.{two.text}”", f"a decimal has a point: write `{one.text}.{two.text}`"
    return "", ""


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
# Where any value may stand, naming every function and every sign would bury what is meant.
_ANY_VALUE = frozenset({"FACT", "NUMBER", "LPAR", "GREATEST"})
_VALUES = frozenset(
    "FACT OPTION TEXT NUMBER DAY LPAR MINUS PER LIMIT_LOW LIMIT_HIGH ACT_DAY DECISION_DAY BASE_FINE FINE_SO_FAR "
    "FINE_AMOUNT IS_FINED IS_WARNED IS_REVOKED IS_STOPPED GREATEST LEAST "
    "UP_TO DOWN_TO HALF_UP_TO HALF_EVEN_TO STARTED FULL DAYS_BETWEEN STARTED_MONTHS FULL_MONTHS FULL_YEARS DAYS_AFTER "
    "MONTHS_AFTER YEARS_AFTER NUMBER_OF TOTAL_OF GREATEST_IN LEAST_IN ANY_OF EVERY_OF".split()
)
# Spelled by the currency of the file; `FEN` is not there where no hundredths are in use.
_MONEY = frozenset({"YUAN", "WAN_YUAN", "FEN"})
_SHOWN = 12


def _words(kinds: set[str], lexicon: Lexicon) -> str:
    language, column = lexicon.language, 0 if lexicon.language == "zh" else 1
    money = kinds.intersection(money_words(lexicon.currency, language).values())
    names: list[str] = []
    if kinds >= _ANY_VALUE:
        names = [("事实名称", "a fact")[column], ("选项", "a choice")[column], ("数字", "a number")[column]]
        names.append(("括号或算式", "parentheses or a function")[column])
        kinds = kinds - _VALUES
    known = [
        _TOKEN_NAMES[kind][column] if kind in _TOKEN_NAMES else quoted(spell(WORDS, kind, language), language)
        for kind in kinds.difference(_MONEY)
    ]
    known += [quoted(money_word(kind, lexicon.currency, language), language) for kind in money]
    return ("、" if language == "zh" else ", ").join((names + sorted(known))[:_SHOWN])


def tree_of(child: lark.Token | Parsed) -> Parsed:
    """Narrow a child that the grammar says is a tree."""
    assert isinstance(child, lark.Tree), child
    return child


def token_of(child: lark.Token | Parsed) -> lark.Token:
    """Narrow a child that the grammar says is a token."""
    assert isinstance(child, lark.Token), child
    return child


def trees(tree: Parsed) -> Iterator[Parsed]:
    """Yield the children that are trees."""
    return (child for child in tree.children if isinstance(child, lark.Tree))


def atom_of(tree: Parsed, kind: str) -> Parsed | None:
    """Return the one atom of this kind that a sum consists of."""
    if tree.data != "sum" or len(tree.children) != 1:
        return None
    product = tree_of(tree.children[0])
    atom = tree_of(product.children[0])
    return atom if len(product.children) == 1 and atom.data == kind else None


def numeric_words(language: Language) -> str:
    """Name the kinds of value that can be computed with."""
    return "整数、数或金额" if language == "zh" else "a number or money"


def signed_figure(tree: Parsed) -> tuple[int, Parsed] | None:
    """Return the sign and the literal of a sum that is one plain figure: 20, or -20."""
    literal, negative = atom_of(tree, "literal"), atom_of(tree, "negative")
    if literal is not None:
        return 1, literal
    inner = None if negative is None else tree_of(negative.children[1])
    return (-1, inner) if inner is not None and inner.data == "literal" else None


def first_token(tree: Parsed) -> lark.Token:
    """Return the word a tree begins with."""
    return next(tree.scan_values(lambda value: isinstance(value, lark.Token)))
