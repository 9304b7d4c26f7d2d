"""Which tier is heavier beyond doubt, where one of the two cannot be read."""

import pytest

from tests.engine.kit import ask, book, decided, refused
from tests.engine.test_decide import marked, rule


@pytest.mark.parametrize("fine", ["60元", "499元"])
def test_a_tier_that_cannot_be_read_is_never_lighter(fine: str) -> None:
    rulebook = book(rule("面积 ≥ 2 => 拒绝", f"面积 > 1 => 罚款 {fine}", defects=marked("原文残缺")))

    assert refused(ask(rulebook, {"面积": "2"})).code == "unreadable"


def test_the_statutory_maximum_is_no_lighter_than_a_tier_that_cannot_be_read() -> None:
    rulebook = book(rule("面积 ≥ 2 => 拒绝", "面积 > 1 => 罚款 500元", defects=marked("原文残缺")))

    assert decided(ask(rulebook, {"面积": "2"})).fine_fen == 50_000
