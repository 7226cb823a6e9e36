"""Where AWS's interpreter shows that it is a Java program: texts of values, decimal numbers, string order, seeds.

Knows: Java's documented formats. Must never know: paths, functions or operators.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from asl_local.lazy import later
from asl_local.values import Json

if TYPE_CHECKING:
    import decimal
else:
    later(globals(), "decimal")

_PLAIN_LEAST, _PLAIN_BOUND = 1e-3, 1e7  # Double.toString: plain digits from 10^-3 up to below 10^7


def to_text(value: Json) -> str:
    """What `String.valueOf` gives: `{a=1, b=[]}` for an object, `[1, x]` for an array, strings bare, `null`."""
    if isinstance(value, str):
        return value
    if value is None:
        return "null"
    if value is True or value is False:
        return "true" if value else "false"
    if isinstance(value, dict):
        return "{" + ", ".join([f"{name}={to_text(member)}" for name, member in value.items()]) + "}"
    if isinstance(value, list):
        return "[" + ", ".join([to_text(item) for item in value]) + "]"
    if isinstance(value, float):
        return _double_text(value)
    return str(value)


def _double_text(value: float) -> str:
    if value == 0 or _PLAIN_LEAST <= abs(value) < _PLAIN_BOUND:
        return format(decimal.Decimal(repr(value)), "f") if value % 1 else f"{value:.1f}"
    sign, digits, exponent = decimal.Decimal(repr(value)).normalize().as_tuple()
    assert isinstance(exponent, int)
    mantissa = "".join(map(str, digits))
    return f"{'-' if sign else ''}{mantissa[0]}.{mantissa[1:] or '0'}E{exponent + len(mantissa) - 1}"


def utf16_key(text: str) -> bytes:
    """A key that orders texts as `String.compareTo` does: by UTF-16 code unit, not by code point."""
    return text.encode("utf-16-be", "surrogatepass")


def decimal_of(text: str) -> decimal.Decimal | str:
    """The number that `new BigDecimal(text)` is, or the message with which it refuses the text."""
    for character in text:
        if character not in "0123456789.eE+-" and not character.isdecimal():
            return (
                f'Character {character} is neither a decimal digit number, decimal point, nor "e" notation '
                "exponential mark."
            )
    try:
        return decimal.Decimal(text)
    except decimal.InvalidOperation:
        return f"'{text}' is not a decimal number."


_LARGEST = 2**31 - 1


class Random:
    """java.util.Random: the linear congruential generator whose sequence its documentation fixes for every seed."""

    def __init__(self, seed: int) -> None:
        self._state = (seed ^ 0x5DEECE66D) & ((1 << 48) - 1)

    def _bits(self, count: int) -> int:
        self._state = (self._state * 0x5DEECE66D + 0xB) & ((1 << 48) - 1)
        return self._state >> (48 - count)

    def integer(self, origin: int, bound: int) -> int:
        """The next of `ints(origin, bound)` as of Java 17: origin <= n < bound, both within 32 bits."""
        span = bound - origin
        if span > _LARGEST:
            number = self._signed()
            while not origin <= number < bound:
                number = self._signed()
            return number
        if span & (span - 1) == 0:
            return origin + (self._bits(32) & (span - 1))
        bits = self._bits(31)
        while bits - bits % span + span - 1 > _LARGEST:  # the last, shorter run of values would favour small ones
            bits = self._bits(31)
        return origin + bits % span

    def double(self) -> float:
        """The next of `nextDouble()`: 0 <= n < 1, of 53 bits."""
        return ((self._bits(26) << 27) + self._bits(27)) / (1 << 53)

    def _signed(self) -> int:
        bits = self._bits(32)
        return bits - (1 << 32) if bits >> 31 else bits
