"""Java's formats, against what Java 17 prints."""

import pytest

from asl_local.language.java import Random, decimal_of, to_text

TEXTS = [
    (100.0, "100.0"), (1e7, "1.0E7"), (9999999.5, "9999999.5"), (12345678.9, "1.23456789E7"), (0.001, "0.001"), (1e-4, "1.0E-4"),
    (-1e-5, "-1.0E-5"), (-0.0, "-0.0"), (0.0, "0.0"), (0.1, "0.1"), (1e21, "1.0E21"), (123456789.123, "1.23456789123E8"),
    (1.7976931348623157e308, "1.7976931348623157E308"), (-2.5, "-2.5"), (12, "12"), (10**20, "100000000000000000000"), (True, "true"),
    (False, "false"), (None, "null"), ("a b", "a b"), ("", ""), ([], "[]"), ({}, "{}"), ([1, "x", [None]], "[1, x, [null]]"),
    ({"a": 1, "b": {"c": [True, 1.0]}}, "{a=1, b={c=[true, 1.0]}}"),
]  # fmt: skip


@pytest.mark.parametrize(("value", "text"), TEXTS)
def test_texts(value, text):
    assert to_text(value) == text


SEEDS = (0, 1, 2, 3, -7, 42, 2147483647)
FIRST = {
    (0, 999): [672, 105, 805, 239, 175, 125, 270],
    (0, 1024): [96, 371, 569, 844, 652, 309, 179],
    (-5, 5): [-5, 0, 3, -1, -3, -5, -4],
    (-(2**31), 2**31 - 1): [
        -1155484576, -1155869325, -1154715079, -1155099828, 1155869324, -1170105035, -1631654733,
    ],
    (1, 1431655765): [516548030, 215764589, 630021373, 1207763661, 577934663, 117392764, 1331656282],
}  # fmt: skip


@pytest.mark.parametrize("bounds", FIRST)
def test_seeded_sequences(bounds):
    assert [Random(seed).integer(*bounds) for seed in SEEDS] == FIRST[bounds]


def test_decimals():
    assert [str(decimal_of(text)) for text in ("1", "-1.50", ".85", "1.", "+3", "1e3")] == [
        "1",
        "-1.50",
        "0.85",
        "1",
        "3",
        "1E+3",
    ]
    assert decimal_of("1x") == (
        'Character x is neither a decimal digit number, decimal point, nor "e" notation exponential mark.'
    )
    assert [isinstance(decimal_of(text), str) for text in ("", "-", "e5", "1.2.3", "NaN", "Infinity", "1_0")] == [
        True
    ] * 7
