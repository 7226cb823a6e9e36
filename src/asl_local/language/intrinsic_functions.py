"""The States.* functions, one table.

Knows: what every function does with its arguments. Must never know: how a call is written, or where arguments come from.

Sources: States Language specification, appendix B, and the Developer Guide's page on intrinsic functions; where the two
say nothing or AWS was recorded to differ, the recording (rounding, StringSplit's set of characters, texts of values).
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal, NoReturn, TypeAlias

from asl_local.errors import NotJson
from asl_local.language.java import Random, to_text
from asl_local.lazy import NamedTuple, later
from asl_local.values import DEEPEST, Json, accept, text_of

if TYPE_CHECKING:
    import base64
    import binascii
    import hashlib
else:
    later(
        globals(), "base64", "binascii", "hashlib",
    )  # fmt: skip

Kind: TypeAlias = Literal["any", "computed", "string", "number", "array", "object", "false"]
Draw: TypeAlias = Callable[[], float]

LONGEST_TEXT = 10_000  # characters: Base64Encode, Base64Decode, Hash
LONGEST_RANGE = 1_000  # items: ArrayRange
LEAST_INTEGER, LARGEST_INTEGER = -(2**31), 2**31 - 1

ALGORITHMS = {"MD5": "md5", "SHA-1": "sha1", "SHA-256": "sha256", "SHA-384": "sha384", "SHA-512": "sha512"}


DRAWING = ("States.MathRandom", "States.UUID")
"""Those that draw random numbers."""


class BadArgument(Exception):
    """Data that a function does not take; str() names the argument, the value and the rule."""


class Function(NamedTuple):
    """One row: `apply(draw, *arguments)`; `required` of the `kinds` must be given, `rest` kinds may follow them."""

    kinds: tuple[Kind, ...]
    required: int
    rest: Kind | None
    apply: Callable[..., Json]
    doc: str


KINDS: dict[Kind, tuple[str, Callable[[Json], bool]]] = {
    "any": ("any value", lambda _value: True),
    "computed": ("a path or a function call", lambda _value: True),
    "string": ("a string", lambda value: isinstance(value, str)),
    "number": ("a number", lambda value: isinstance(value, (int, float)) and not isinstance(value, bool)),
    "array": ("an array", lambda value: isinstance(value, list)),
    "object": ("an object", lambda value: isinstance(value, dict)),
    "false": ("false (AWS merges shallowly only)", lambda value: value is False),
}


def _short(value: Json) -> str:
    text = text_of(value)
    return text if len(text) <= 80 else text[:77] + "..."


def check(position: int, kind: Kind, value: Json) -> None:
    """Raises BadArgument if the value is not of the kind; positions count from 1."""
    name, accepts = KINDS[kind]
    if not accepts(value):
        raise BadArgument(f"argument {position} must be {name}, but was {_short(value)}")


def _fail(message: str) -> NoReturn:
    raise BadArgument(message)


def _rounded(position: int, value: float) -> int:
    """Java's Math.round (half up, so -1.5 gives -1), within the 32 bits that AWS documents."""
    whole = value if isinstance(value, int) else math.floor(value + 0.5)
    if not LEAST_INTEGER <= whole <= LARGEST_INTEGER:
        _fail(f"argument {position} must lie between {LEAST_INTEGER} and {LARGEST_INTEGER}, but was {_short(value)}")
    return whole


def _bounded(position: int, text: str) -> str:
    if len(text) > LONGEST_TEXT:
        _fail(f"argument {position} may have {LONGEST_TEXT} characters, but has {len(text)}")
    return text


# ----------------------------------------------------------------------------------------------- strings and JSON


def fill(pieces: list[str], values: tuple[Json, ...]) -> str:
    """Format's work: the pieces of the template with the values between them."""
    if len(values) != len(pieces) - 1:
        _fail(f"the template has {len(pieces) - 1} placeholders {{}}, but {len(values)} values follow it")
    parts = [pieces[0]]
    for value, piece in zip(values, pieces[1:], strict=True):
        parts += (to_text(value), piece)
    return "".join(parts)


def _format(_draw: Draw, template: str, *values: Json) -> str:
    return fill(template.split("{}"), values)


def _not_a_number(text: str) -> NoReturn:
    _fail(f"argument 1 must be JSON, which has no {text}")


def _finite(text: str) -> float:
    number = float(text)
    return number if math.isfinite(number) else _not_a_number(text)


def _string_to_json(_draw: Draw, text: str) -> Json:
    if not text.strip():
        return None  # recorded on AWS for "" and " "
    try:
        value = json.loads(text, parse_constant=_not_a_number, parse_float=_finite)
        return accept(value) if text.count("[") + text.count("{") > DEEPEST else value
    except (ValueError, RecursionError, NotJson) as error:
        _fail(f"argument 1 must be JSON, but {_short(text)} is not: {error}")


def _string_split(_draw: Draw, text: str, separators: str) -> list[str]:
    if not separators:
        return [text] if text else []
    first = separators[0]
    for character in separators[1:]:
        text = text.replace(character, first)
    return [part for part in text.split(first) if part]


def _json_merge(_draw: Draw, left: dict[str, Json], right: dict[str, Json], _deep: bool) -> Json:
    return {**left, **right}


def _base64_encode(_draw: Draw, text: str) -> str:
    return base64.b64encode(_bounded(1, text).encode("utf-8", "replace")).decode("ascii")


def _base64_decode(_draw: Draw, text: str) -> str:
    _bounded(1, text)
    # java.util.Base64 takes a last group without its padding.
    padded = text if "=" in text else text + "=" * (-len(text) % 4)
    try:
        return base64.b64decode(padded, validate=True).decode("utf-8", "replace")
    except (binascii.Error, ValueError) as error:
        _fail(f"argument 1 must be Base64, but {_short(text)} is not: {error}")


def _hash(_draw: Draw, data: Json, algorithm: str) -> str:
    if algorithm not in ALGORITHMS:
        _fail(f"argument 2 must be one of {', '.join(ALGORITHMS)}, but was {_short(algorithm)}")
    text = _bounded(1, data if isinstance(data, str) else text_of(data))
    return hashlib.new(ALGORITHMS[algorithm], text.encode("utf-8", "replace"), usedforsecurity=False).hexdigest()


# ----------------------------------------------------------------------------------------------------------- arrays


def _identity_key(value: Json) -> Any:
    """Equal for equal JSON values only: Python takes True for 1, JSON does not."""
    if isinstance(value, bool):
        return ("boolean", value)
    if isinstance(value, list):
        return ("array", *map(_identity_key, value))
    if isinstance(value, dict):
        return ("object", frozenset((name, _identity_key(member)) for name, member in value.items()))
    return value


def _array_contains(_draw: Draw, array: list[Json], wanted: Json) -> bool:
    key = _identity_key(wanted)
    return any(_identity_key(item) == key for item in array)


def _array_unique(_draw: Draw, array: list[Json]) -> list[Json]:
    unique: dict[Any, Json] = {}
    for item in array:
        unique.setdefault(_identity_key(item), item)
    return list(unique.values())


def _array_partition(_draw: Draw, array: list[Json], size: float) -> list[Json]:
    length = _rounded(2, size)
    if length < 1:
        _fail(f"argument 2 must be at least 1, but was {_short(size)}")
    return [array[start : start + length] for start in range(0, len(array), length)]


def _array_range(_draw: Draw, first: float, last: float, step: float) -> list[Json]:
    start, end, stride = _rounded(1, first), _rounded(2, last), _rounded(3, step)
    if stride == 0:
        _fail(f"argument 3 must not be 0, but was {_short(step)}")
    numbers = range(start, end + (1 if stride > 0 else -1), stride)
    if len(numbers) > LONGEST_RANGE:
        _fail(f"the range from {start} to {end} by {stride} has {len(numbers)} items, more than {LONGEST_RANGE}")
    return list(numbers)


def _array_get_item(_draw: Draw, array: list[Json], index: float) -> Json:
    if index % 1 or not 0 <= index < len(array):
        _fail(f"argument 2 must be an index of the array of {len(array)} items, but was {_short(index)}")
    return array[int(index)]


# ---------------------------------------------------------------------------------------------------------- numbers


def _math_add(_draw: Draw, left: float, right: float) -> int:
    total = _rounded(1, left) + _rounded(2, right)
    if not LEAST_INTEGER <= total <= LARGEST_INTEGER:
        _fail(f"the sum {total} does not lie between {LEAST_INTEGER} and {LARGEST_INTEGER}")
    return total


def _math_random(draw: Draw, start: float, end: float, seed: float | None = None) -> int:
    first, bound = _rounded(1, start), _rounded(2, end)
    if first >= bound:
        _fail(f"argument 1 must be less than argument 2, but they were {_short(start)} and {_short(end)}")
    if seed is not None:
        return Random(_rounded(3, seed)).integer(first, bound)
    return first + int(draw() * (bound - first))


def make_uuid(draw: Draw) -> str:
    """A version 4 UUID out of the next four numbers of a sequence."""
    bits = 0
    for _ in range(4):
        bits = bits << 32 | int(draw() * 2**32)
    bits = bits & ~(0xF << 76) & ~(0x3 << 62) | 0x4 << 76 | 0x2 << 62  # RFC 9562: version 4, variant 10
    digits = f"{bits:032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def _row(apply: Callable[..., Json], doc: str, *kinds: Kind, required: int = -1, rest: Kind | None = None) -> Function:
    return Function(kinds, len(kinds) if required < 0 else required, rest, apply, doc)


FUNCTIONS: dict[str, Function] = {
    "States.Format": _row(_format, "the template with each {} replaced by a value", "string", rest="any"),
    "States.StringToJson": _row(_string_to_json, "the value that a JSON text says", "string"),
    "States.JsonToString": _row(lambda _draw, value: text_of(value), "the compact JSON text of a value", "computed"),
    "States.Array": _row(lambda _draw, *items: list(items), "an array of the arguments", rest="any"),
    "States.ArrayPartition": _row(_array_partition, "an array cut into arrays of a size", "array", "number"),
    "States.ArrayContains": _row(_array_contains, "whether an array has an item", "array", "any"),
    "States.ArrayRange": _row(_array_range, "numbers from first to last, by step", "number", "number", "number"),
    "States.ArrayGetItem": _row(_array_get_item, "one item; the first has index 0", "array", "number"),
    "States.ArrayLength": _row(lambda _draw, array: len(array), "how many items an array has", "array"),
    "States.ArrayUnique": _row(_array_unique, "an array without repeated items", "array"),
    "States.Base64Encode": _row(_base64_encode, "Base64 of a text's UTF-8", "string"),
    "States.Base64Decode": _row(_base64_decode, "the text that Base64 holds", "string"),
    "States.Hash": _row(_hash, "lower-case hexadecimal digest", "any", "string"),
    "States.JsonMerge": _row(_json_merge, "two objects as one, the right one winning", "object", "object", "false"),
    "States.MathRandom": _row(
        _math_random, "an integer, start included, end excluded", "number", "number", "number", required=2
    ),
    "States.MathAdd": _row(_math_add, "the sum of two rounded numbers", "number", "number"),
    "States.StringSplit": _row(_string_split, "the parts between any of the separators", "string", "string"),
    "States.UUID": _row(make_uuid, "a random UUID, version 4"),
}
