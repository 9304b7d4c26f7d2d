"""Text becomes exact scaled numbers, and only plain decimals are numbers."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.numbers import NotANumber, Rounding, decimal_text, exact, round_to, scaled, yuan_text


@pytest.mark.parametrize(
    ("text", "scale", "value"),
    [
        ("0", 0, 0),
        ("08", 0, 8),
        ("5", 2, 500),
        ("3.5", 2, 350),
        ("3.50", 2, 350),
        ("3.5000", 2, 350),
        ("0.01", 2, 1),
        ("5.0", 0, 5),
        ("-5", 0, -5),
        ("-0.5", 1, -5),
        ("999999999999999", 0, 999_999_999_999_999),
    ],
)
def test_a_plain_decimal_becomes_a_whole_number_on_its_scale(text: str, scale: int, value: int) -> None:
    number = scaled(text, scale)

    assert number == value
    assert type(number) is int


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        " 1",
        "1 ",
        "1\n",
        "+1",
        "--1",
        "-",
        "1e3",
        "1E3",
        "1_000",
        "1,000",
        ".5",
        "5.",
        ".",
        "-.5",
        "1.2.3",
        "0x10",
        "²",
        "٣",
        "１",
        "三",
        "1½",
        "1.٣",
        "nan",
        "inf",
        "-inf",
        "1234567890123456",
        "9" * 5000,
        "1.1234567890123456",
        "\ud800",
        "\x00",
    ],
)
def test_what_is_no_plain_decimal_is_no_number(text: str) -> None:
    with pytest.raises(NotANumber) as raised:
        scaled(text, 2)

    assert not raised.value.too_precise


@pytest.mark.parametrize(("text", "scale"), [("0.001", 2), ("1.5", 0), ("-1.25", 1), ("0.1000001", 6)])
def test_a_number_finer_than_its_scale_is_refused_as_too_precise(text: str, scale: int) -> None:
    with pytest.raises(NotANumber) as raised:
        scaled(text, scale)

    assert raised.value.too_precise


@pytest.mark.parametrize(
    ("text", "value"), [("1.5", Fraction(3, 2)), ("0.1", Fraction(1, 10)), ("2", Fraction(2)), ("0", Fraction(0))]
)
def test_an_exact_number_is_the_fraction_it_says(text: str, value: Fraction) -> None:
    number = exact(text)

    assert number == value


@pytest.mark.parametrize("text", ["", "1e3", "²", "+1", "1" * 16])
def test_exact_takes_only_plain_decimals_too(text: str) -> None:
    with pytest.raises(NotANumber):
        exact(text)


@pytest.mark.parametrize(
    ("value", "scale", "text"),
    [(350, 2, "3.5"), (300, 2, "3"), (1, 2, "0.01"), (-50, 2, "-0.5"), (0, 2, "0"), (7, 0, "7"), (-7, 0, "-7")],
)
def test_a_number_is_written_one_way(value: int, scale: int, text: str) -> None:
    written = decimal_text(value, scale)

    assert written == text


def test_an_amount_of_fen_is_written_in_yuan() -> None:
    written = [yuan_text(10_000), yuan_text(1), yuan_text(246_912)]

    assert written == ["100", "0.01", "2469.12"]


@given(st.integers(-(10**15) + 1, 10**15 - 1), st.integers(0, 6))
def test_what_is_written_is_read_back(value: int, scale: int) -> None:
    written = decimal_text(value, scale)

    assert scaled(written, scale) == value


@pytest.mark.parametrize(
    ("numerator", "denominator", "step", "direction", "rounded"),
    [
        (149, 1, 100, "floor", 100),
        (149, 1, 100, "half_up", 100),
        (150, 1, 100, "half_up", 200),
        (101, 1, 100, "ceiling", 200),
        (100, 1, 100, "ceiling", 100),
        (3, 2, 1, "floor", 1),
        (3, 2, 1, "half_up", 2),
        (3, 2, 1, "ceiling", 2),
        (0, 1, 1000, "ceiling", 0),
    ],
)
def test_rounding_goes_the_way_it_says(
    numerator: int, denominator: int, step: int, direction: Rounding, rounded: int
) -> None:
    found = round_to(numerator, denominator, step, direction)

    assert found == rounded


@given(
    st.integers(0, 10**15),
    st.integers(1, 10**6),
    st.integers(1, 10**6),
    st.sampled_from(["floor", "ceiling", "half_up"]),
)
def test_rounding_reaches_a_multiple_less_than_a_step_away(
    numerator: int, denominator: int, step: int, direction: Rounding
) -> None:
    value = Fraction(numerator, denominator)

    rounded = round_to(numerator, denominator, step, direction)

    assert rounded % step == 0
    assert abs(rounded - value) < step
    if direction == "floor":
        assert rounded <= value
    elif direction == "ceiling":
        assert rounded >= value
    else:
        assert -step < 2 * (value - rounded) < step or 2 * (rounded - value) == step
