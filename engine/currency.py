"""Currencies: a closed table of ISO 4217 codes, each with its words in Chinese and English.

A regime is in one currency, and a file under it knows the words of that currency alone, so amounts in two currencies
never meet. Whatever the currency, an amount is whole hundredths of its unit: the names `YUAN`, `WAN_YUAN` and `FEN`
of words, and `fen` of amounts, are those of the currency the engine was first written for.
"""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

from engine.fact import Language
from engine.numbers import MONEY_SCALE, decimal_text

# The currency of a file that says none, and of general law.
DEFAULT = "CNY"

Words = tuple[tuple[str, ...], tuple[str, ...]]
_DOLLARS = ("dollars", "dollar")
_CENTS = ("cents", "cent")


@dataclass(frozen=True, slots=True, kw_only=True)
class Currency:
    """The words of one currency, (Chinese, English); the first of each is the one the engine writes.

    No `hundredths` where none are in use: then an amount is written in whole units only. `signs` stand before a figure
    (NT$3,000, 人民币500元), as the code does; one sign may be that of several currencies.
    """

    units: Words
    hundredths: Words = ((), ())
    signs: tuple[str, ...] = ()


CURRENCIES: Mapping[str, Currency] = MappingProxyType(
    {
        "CNY": Currency(
            units=(("元", "人民币元"), ("yuan",)),
            hundredths=(("分",), ("fen",)),
            signs=("人民币", "人民幣", "RMB", "CN¥", "¥", "￥"),
        ),
        "USD": Currency(
            units=(("美元",), ("US dollars", "US dollar", *_DOLLARS)),
            hundredths=(("美分",), _CENTS),
            signs=("US$", "$"),
        ),
        "EUR": Currency(units=(("欧元", "€"), ("euros", "euro", "€")), hundredths=(("欧分",), _CENTS), signs=("€",)),
        "GBP": Currency(
            units=(("英镑",), ("pounds", "pound")), hundredths=(("便士",), ("pence", "penny")), signs=("£",)
        ),
        "JPY": Currency(units=(("日元", "日圆", "円"), ("yen",)), signs=("JP¥", "¥", "￥")),
        "HKD": Currency(
            units=(("港元", "港币"), ("Hong Kong dollars", "Hong Kong dollar", *_DOLLARS)),
            hundredths=(("港仙",), _CENTS),
            signs=("HK$", "$", "港币", "港幣"),
        ),
        "TWD": Currency(
            units=(
                ("新台币元", "新台币", "新台幣", "新臺幣"),
                ("New Taiwan dollars", "New Taiwan dollar", *_DOLLARS),
            ),
            # A cent exists in law and is paid by nobody: amounts are in whole units.
            signs=("NT$", "$", "新台币", "新台幣", "新臺幣"),
        ),
        "SGD": Currency(
            units=(("新加坡元", "新元"), ("Singapore dollars", "Singapore dollar", *_DOLLARS)),
            hundredths=(("新加坡分",), _CENTS),
            signs=("S$", "$"),
        ),
        "AUD": Currency(
            units=(("澳元", "澳大利亚元"), ("Australian dollars", "Australian dollar", *_DOLLARS)),
            hundredths=(("澳分",), _CENTS),
            signs=("A$", "AU$", "$"),
        ),
        "CAD": Currency(
            units=(("加拿大元", "加元"), ("Canadian dollars", "Canadian dollar", *_DOLLARS)),
            hundredths=(("加拿大分",), _CENTS),
            signs=("C$", "CA$", "$"),
        ),
        "NZD": Currency(
            units=(("新西兰元", "纽元"), ("New Zealand dollars", "New Zealand dollar", *_DOLLARS)),
            hundredths=(("新西兰分",), _CENTS),
            signs=("NZ$", "$"),
        ),
        "CHF": Currency(
            units=(("瑞士法郎", "瑞郎"), ("Swiss francs", "Swiss franc", "francs", "franc")),
            hundredths=(("生丁",), ("centimes", "centime", "rappen")),
            signs=("Fr.", "SFr."),
        ),
        "KRW": Currency(units=(("韩元", "韩圆"), ("won",)), signs=("₩",)),
        "INR": Currency(
            units=(("印度卢比", "卢比"), ("rupees", "rupee", "Indian rupees", "Indian rupee")),
            hundredths=(("派萨",), ("paise", "paisa")),
            signs=("₹", "Rs.", "Rs"),
        ),
        "MOP": Currency(
            units=(("澳门元", "澳门币"), ("patacas", "pataca")), hundredths=(("澳门仙",), ("avos",)), signs=("MOP$",)
        ),
        "SEK": Currency(
            units=(("瑞典克朗",), ("Swedish kronor", "Swedish krona", "kronor", "krona")),
            hundredths=(("欧尔",), ("öre",)),
        ),
        "NOK": Currency(
            units=(("挪威克朗",), ("Norwegian kroner", "Norwegian krone", "kroner", "krone")),
            hundredths=(("挪威欧尔",), ("øre",)),
        ),
        "DKK": Currency(
            units=(("丹麦克朗",), ("Danish kroner", "Danish krone", "kroner", "krone")),
            hundredths=(("丹麦欧尔",), ("øre",)),
        ),
        "PLN": Currency(
            units=(("波兰兹罗提",), ("zlotys", "zloty", "zł")), hundredths=(("格罗希",), ("groszy", "grosz"))
        ),
        "CZK": Currency(
            units=(("捷克克朗",), ("Czech koruna", "koruna", "Kč")), hundredths=(("赫勒",), ("haler",)), signs=("Kč",)
        ),
        "BRL": Currency(
            units=(("巴西雷亚尔",), ("Brazilian reais", "reais")),
            hundredths=(("巴西分",), ("centavos", "centavo")),
            signs=("R$",),
        ),
        "MXN": Currency(
            units=(("墨西哥比索",), ("Mexican pesos", "Mexican peso", "pesos", "peso")),
            hundredths=(("墨西哥分",), ("centavos", "centavo")),
            signs=("MX$", "$"),
        ),
        "ZAR": Currency(units=(("南非兰特",), ("rand",)), hundredths=(("南非分",), ("cents", "cent"))),
        "THB": Currency(units=(("泰铢",), ("baht",)), hundredths=(("萨当",), ("satang",)), signs=("฿",)),
        "MYR": Currency(units=(("马来西亚林吉特",), ("ringgit",)), hundredths=(("仙",), ("sen",)), signs=("RM",)),
        "PHP": Currency(
            units=(("菲律宾比索",), ("Philippine pesos", "Philippine peso", "pesos", "peso")),
            hundredths=(("菲律宾分",), ("centavos", "centavo")),
            signs=("₱",),
        ),
        "IDR": Currency(units=(("印尼盾",), ("rupiah",)), signs=("Rp",)),
        "VND": Currency(units=(("越南盾",), ("dong", "₫")), signs=("₫",)),
        "TRY": Currency(
            units=(("土耳其里拉",), ("Turkish lira", "lira")), hundredths=(("库鲁什",), ("kurus",)), signs=("₺",)
        ),
        "HUF": Currency(units=(("匈牙利福林",), ("forints", "forint"))),
        "RON": Currency(units=(("罗马尼亚列伊",), ("lei", "leu")), hundredths=(("巴尼",), ("bani",))),
        "BGN": Currency(
            units=(("保加利亚列弗",), ("leva", "lev")), hundredths=(("斯托廷基",), ("stotinki", "stotinka"))
        ),
        "RUB": Currency(
            units=(("卢布", "俄罗斯卢布"), ("roubles", "rouble", "rubles", "ruble")),
            hundredths=(("戈比",), ("kopecks", "kopeck")),
            signs=("₽",),
        ),
        "BND": Currency(
            units=(("文莱元",), ("Brunei dollars", "Brunei dollar", *_DOLLARS)),
            hundredths=(("文莱分",), _CENTS),
            signs=("B$", "$"),
        ),
        "KHR": Currency(units=(("柬埔寨瑞尔",), ("riels", "riel")), signs=("៛",)),
        "LAK": Currency(units=(("老挝基普",), ("kip",)), signs=("₭",)),
        "MMK": Currency(units=(("缅元",), ("kyats", "kyat"))),
        "EGP": Currency(
            units=(("埃及镑",), ("Egyptian pounds", "Egyptian pound")),
            hundredths=(("皮阿斯特",), ("piastres", "piastre")),
        ),
        "ETB": Currency(units=(("埃塞俄比亚比尔",), ("birr",)), hundredths=(("埃塞俄比亚分",), ("santim",))),
        "AED": Currency(units=(("阿联酋迪拉姆",), ("dirhams", "dirham")), hundredths=(("菲尔斯",), ("fils",))),
        "SAR": Currency(units=(("沙特里亚尔",), ("riyals", "riyal")), hundredths=(("哈拉拉",), ("halalas", "halala"))),
        "IRR": Currency(units=(("伊朗里亚尔",), ("rials", "rial"))),
    }
)


@cache
def money_words(code: str, language: Language) -> Mapping[str, str]:
    """Map the money words of a file to what they count: `YUAN` units, `WAN_YUAN` ten thousands, `FEN` hundredths.

    The engine's own spelling of each stands first.
    """
    currency, column = CURRENCIES[code], 0 if language == "zh" else 1
    units, hundredths = [*currency.units[column], code], list(currency.hundredths[column])
    if language == "zh" and units[0].endswith("元"):
        # A schedule in 美元 or 澳门元 says 元, and nobody under it takes that for another currency.
        units.append("元")
        hundredths += ["分"] if hundredths else []
    many = "万" if language == "zh" else "ten thousand "
    words = dict.fromkeys(units, "YUAN") | {many + word: "WAN_YUAN" for word in units}
    return MappingProxyType(words | dict.fromkeys(hundredths, "FEN"))


@cache
def other_words(code: str, language: Language) -> Mapping[str, str]:
    """Map the money words of every other currency that are none of this one."""
    own = money_words(code, language)
    others = {word: kind for other in CURRENCIES for word, kind in money_words(other, language).items()}
    return MappingProxyType({word: kind for word, kind in others.items() if word not in own})


@cache
def signs(code: str) -> Mapping[str, tuple[tuple[str, bool], ...]]:
    """Map a first character to the signs and codes that stand before a figure, longest first.

    Each is given with whether it is of this currency.
    """
    own = {*CURRENCIES[code].signs, code}
    every = own.union(*(each.signs for each in CURRENCIES.values()), CURRENCIES)
    found: dict[str, tuple[tuple[str, bool], ...]] = {}
    for sign in sorted(every, key=lambda each: (-len(each), each)):
        found[sign[0]] = (*found.get(sign[0], ()), (sign, sign in own))
    return MappingProxyType(found)


def money_word(kind: str, code: str, language: Language) -> str:
    """Write what a kind of money word is called; whole units where no hundredths are in use."""
    words = money_words(code, language)
    return next((word for word, each in words.items() if each == kind), next(iter(words)))


@cache
def unit_word(code: str, language: Language) -> str:
    """Write the unit of a currency: `元`, `euros`."""
    return money_word("YUAN", code, language)


def amount_text(fen: int, code: str, language: Language) -> str:
    """Write an amount with its unit: 10000 hundredths are `100 元`, `100 euros`."""
    return f"{decimal_text(fen, MONEY_SCALE)} {unit_word(code, language)}"


def decimals(code: str) -> int:
    """Say how many decimals a written amount may have: two, or none where no hundredths are in use."""
    return MONEY_SCALE if CURRENCIES[code].hundredths[0] else 0


def unit_of(code: str) -> str:
    """Name a currency as the unit of a fact or a figure: its code, and `yuan` as records have had it from the first."""
    return "yuan" if code == DEFAULT else code


def currency_of(unit: str) -> str | None:
    """Return the code of the currency that a unit is; None for a unit of something else."""
    code = DEFAULT if unit == "yuan" else unit
    return code if code in CURRENCIES else None


def find_currency(text: str, language: Language) -> str | None:
    """Find a currency by its code, or by a word that is of no other currency in the table."""
    if text in CURRENCIES:
        return text
    named = _called(text, language)
    return named[0] if len(named) == 1 else None


def near_currencies(text: str, language: Language) -> tuple[str, ...]:
    """Name the currencies that may be meant by a text that names none."""
    near = difflib.get_close_matches(text.upper(), CURRENCIES, n=3, cutoff=0.6)
    words = {word: None for code in CURRENCIES for word in _names(code, language)}
    close = difflib.get_close_matches(text.lower(), words, n=3, cutoff=0.6)
    found = [*_called(text, language), *near, *(code for word in close for code in _called(word, language))]
    return tuple(dict.fromkeys(found))


def _called(text: str, language: Language) -> list[str]:
    return [code for code in CURRENCIES if text.lower() in _names(code, language)]


def _names(code: str, language: Language) -> list[str]:
    """List what a currency is called; plain 元 is the word of many."""
    return [word.lower() for word in CURRENCIES[code].units[0 if language == "zh" else 1]]
