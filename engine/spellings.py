"""How what stands on the nodes of the tree is called among the words of the language."""

from engine.fact import Language
from engine.vocabulary import WORDS, spell

OPERATORS = {"=": "EQ", "!=": "NE", "<": "LT", "<=": "LE", ">": "GT", ">=": "GE"}
SIGNS = {"+": "PLUS", "-": "MINUS", "*": "TIMES_SIGN", "/": "DIVIDE"}
KINDS = {
    "yes_no": "YES_NO",
    "choice": "CHOICE",
    "integer": "INTEGER",
    "number": "NUMBER_KIND",
    "money": "MONEY",
    "day": "DATE",
    "days": "DAYS",
}
ROUNDED = {"ceiling": "UP_TO", "floor": "DOWN_TO", "half_up": "HALF_UP_TO", "half_even": "HALF_EVEN_TO"}
SPANS = {
    "days": "DAYS_BETWEEN",
    "started_months": "STARTED_MONTHS",
    "full_months": "FULL_MONTHS",
    "full_years": "FULL_YEARS",
}
TALLIES = {"count": "NUMBER_OF", "total": "TOTAL_OF", "greatest": "GREATEST_IN", "least": "LEAST_IN"}
LATER = {"days": "DAYS_AFTER", "months": "MONTHS_AFTER", "years": "YEARS_AFTER"}
WINDOWS = {"years": "YEARS", "months": "MONTHS", "days": "DAYS_BACK", "ever": "EVER"}
BUILT_IN = {
    "@on": "ACT_DAY",
    "@decided": "DECISION_DAY",
    "@base": "BASE_FINE",
    "@so_far": "FINE_SO_FAR",
    "@fine": "FINE_AMOUNT",
    "@fined": "IS_FINED",
    "@warned": "IS_WARNED",
    "@revoked": "IS_REVOKED",
    "@stopped": "IS_STOPPED",
}


def called(name: str, language: Language) -> str:
    """Call a value by its name, or by its words where the engine itself gives it."""
    return spell(WORDS, BUILT_IN[name], language) if name in BUILT_IN else name


CHANGES = {"up": "UPWARD", "down": "DOWNWARD", "add": "PLUS", "subtract": "MINUS", "times": "TIMES_SIGN"}
