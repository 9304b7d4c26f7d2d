"""How sentences quote what others wrote: “甲”、“乙” in Chinese, `a`, `b` in English."""

from collections.abc import Iterable

from engine.fact import Language


def quoted(text: str, language: Language) -> str:
    """Quote one word or value."""
    return f"“{text}”" if language == "zh" else f"`{text}`"


def listed(texts: Iterable[str], language: Language, between: str = "") -> str:
    """Quote several and join them."""
    return (between or ("、" if language == "zh" else ", ")).join(quoted(text, language) for text in texts)
