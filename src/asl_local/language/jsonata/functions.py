"""The functions that AWS adds to JSONata: $partition, $range, $hash, $random, $uuid, $parse.

Knows: what each does with its arguments. Must never know: which engine calls it.

Sources: the Developer Guide's page on JSONata; the values and errors at the edges (no step, a chunk of zero, JSON with
a key twice) were measured on AWS by others, who published them. Fractions are cut towards zero.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from asl_local.language.jsonata.seam import Bound, Exceeded, NoValue, Outcome, Thrown
from asl_local.lazy import later
from asl_local.values import Json

if TYPE_CHECKING:
    import hashlib

    from asl_local.language import intrinsic_functions, java
else:
    later(globals(), "hashlib", "asl_local.language.intrinsic_functions", "asl_local.language.java")

Draw = Callable[[], float]

LONGEST_RANGE = 360_145  # items; one more is "memory limit exceeded" on AWS
LONG = 2**63  # integers from here on are doubles
LARGEST = sys.float_info.max


class Function(NamedTuple):
    """One row: the signature of the arguments in JSONata's notation, and `apply(draw, *arguments)`.

    An argument that is undefined arrives as None; arguments that are left out at the end do not arrive.
    """

    arguments: str
    apply: Callable[..., Outcome]
    doc: str


def number(value: float) -> float:
    """A number as AWS passes it on: 1.0 is 1, and an integer that no Java long holds is a double."""
    if -LONG <= value < LONG:
        return int(value) if isinstance(value, float) and value.is_integer() else value
    return float(value) if -LARGEST <= value <= LARGEST else value  # larger ones have no double


def _partition(_draw: Draw, array: Json = None, size: float | None = None) -> Outcome:
    if array is None:
        return NoValue.UNDEFINED
    if not isinstance(array, list):
        raise Thrown("T0412", 'Argument 1 of function "partition" must be an array of undefined')
    if size is None:
        return [array] if array else NoValue.UNDEFINED
    length = int(size)
    if length < 0:
        raise Thrown("D3137", "Second argument must be zero or greater")
    if length == 0 or not array:
        return NoValue.UNDEFINED
    return [array[start : start + length] for start in range(0, len(array), length)]


def _range(_draw: Draw, start: float | None = None, end: float | None = None, step: float | None = None) -> Outcome:
    if start is None or end is None or step is None:
        return NoValue.UNDEFINED
    first, last, stride = int(start), int(end), int(step)
    if stride == 0:
        return NoValue.UNDEFINED
    numbers = range(first, last + (1 if stride > 0 else -1), stride)
    items = (last - first) // stride + 1  # not len(), which refuses what no array could hold anyway
    if items > LONGEST_RANGE:
        raise Exceeded(Bound.MEMORY)
    if items <= 0:
        return NoValue.UNDEFINED
    return first if items == 1 else list(numbers)


def _hash(_draw: Draw, text: str | None = None, algorithm: str | None = None) -> Outcome:
    if text is None or algorithm is None:
        return NoValue.UNDEFINED
    if algorithm not in intrinsic_functions.ALGORITHMS:
        names = "SHA-1, SHA-384, SHA-256, SHA-512, MD5"
        raise Thrown("D3137", f"Hash algorithm '{algorithm}' must be one of {names}")
    return _digest(intrinsic_functions.ALGORITHMS[algorithm], text)


def _digest(algorithm: str, text: str) -> str:
    return hashlib.new(algorithm, text.encode("utf-8", "replace"), usedforsecurity=False).hexdigest()


def _random(draw: Draw, seed: float | None = None) -> Outcome:
    return draw() if seed is None else java.Random(int(seed)).double()


def _uuid(draw: Draw) -> Outcome:
    return intrinsic_functions.make_uuid(draw)


def _invalid(_value: object = None) -> Any:
    raise Thrown("D3137", "Invalid JSON")


def _object(members: list[tuple[str, Json]]) -> dict[str, Json]:
    result = dict(members)
    return result if len(result) == len(members) else _invalid()


def _fraction(text: str) -> float:
    value = float(text)
    return number(value) if math.isfinite(value) else _invalid()


def _parse(_draw: Draw, text: str | None = None) -> Outcome:
    if text is None:
        return NoValue.UNDEFINED
    try:
        return json.loads(
            text,
            object_pairs_hook=_object,
            parse_constant=_invalid,
            parse_float=_fraction,
            parse_int=lambda digits: number(int(digits)),
        )
    except (ValueError, OverflowError, RecursionError):
        return _invalid()


FUNCTIONS: dict[str, Function] = {
    "partition": Function("(absno)n?", _partition, "an array cut into arrays of a size"),
    "range": Function("nnn?", _range, "the numbers from first to last, by step"),
    "hash": Function("ss?", _hash, "lower-case hexadecimal digest of a text"),
    "random": Function("n?", _random, "a number from 0 up to 1, always the same one for a seed"),
    "uuid": Function("", _uuid, "a random UUID, version 4"),
    "parse": Function("s?", _parse, "the value that a JSON text says"),
}

# Every function of JSONata 2.0.6. A variable of the same name takes its place, as on AWS.
BUILT_IN = frozenset(FUNCTIONS) | {
    "abs", "append", "assert", "average", "base64decode", "base64encode", "boolean", "ceil", "clone",
    "contains", "count", "decodeUrl", "decodeUrlComponent", "distinct", "each", "encodeUrl",
    "encodeUrlComponent", "error", "eval", "exists", "filter", "floor", "formatBase", "formatInteger",
    "formatNumber", "fromMillis", "join", "keys", "length", "lookup", "lowercase", "map", "match", "max",
    "merge", "millis", "min", "not", "now", "number", "pad", "parseInteger", "power", "random", "reduce",
    "replace", "reverse", "round", "shuffle", "sift", "single", "sort", "split", "spread", "sqrt", "string",
    "substring", "substringAfter", "substringBefore", "sum", "toMillis", "trim", "type", "uppercase",
    "zip",
}  # fmt: skip
