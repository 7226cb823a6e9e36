"""Attribute values: the border between boto3's form and the stored form.

Knows: the ten types, exact numbers, sizes, order. Must never know: keys, tables, expressions or files.

boto3's form is `{"N": "12.50"}`, `{"B": b"..."}`, `{"SS": ["b", "a"]}`. The stored form is plain JSON and normal:
numbers as AWS writes them back (`"12.5"`), binary as base64 text, sets in order. So two stored values mean the same
exactly if Python's `==` says so, and a stored item is a line of JSON that a person can read.

Types, limits and sizes: Developer Guide, "Supported data types and naming rules in Amazon DynamoDB" and "DynamoDB item
sizes and formats".
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, TypeAlias

Value: TypeAlias = dict[str, Any]  # one stored attribute value, {type: content}
Item: TypeAlias = dict[str, Value]  # a stored item, {attribute name: value}

TYPES = ("S", "N", "B", "SS", "NS", "BS", "M", "L", "NULL", "BOOL")
DIGITS = 38  # significant digits of a number
LARGEST_EXPONENT, SMALLEST_EXPONENT = 125, -130  # of a number in scientific notation
DEEPEST = 31  # lists and maps inside each other: 32 levels with the value inside them
LONGEST_NAME = 65_535  # bytes of an attribute name
ITEM_LIMIT = 409_600  # bytes, attribute names included

INVALID = "One or more parameter values were invalid: "

_PLAIN_INTEGER = re.compile(r"-?[1-9][0-9]{0,37}|0", re.ASCII)
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?", re.ASCII)


class Refusal(Exception):
    """A request that is refused: AWS's code and sentence, and what else its response carries (`Item`, ...).

    It never leaves the package: the client turns it into the error of the operation that was called.
    """

    def __init__(self, message: str, code: str = "ValidationException", **members: Any) -> None:
        super().__init__(message)
        self.message, self.code, self.members = message, code, members


def wrong_type(where: str, value: object, *valid: str) -> Refusal:
    """Refuses as botocore does: a parameter of a wrong Python type, which AWS never gets to see."""
    return malformed(
        f"Invalid type for parameter {where}, value: {value!r:.200}, type: {type(value)}, valid types: {', '.join(valid)}"
    )


def malformed(message: str) -> Refusal:
    """A request whose shape is wrong; botocore raises ParamValidationError for it before anything is sent."""
    return Refusal(f"Parameter validation failed: {message}", "ParamValidationError")


# Numbers.


def number(text: str) -> str:
    """The number as AWS gives it back: no leading or trailing zeros, no exponent, `-0` as `0`.

    Raises Refusal for text that is no number, more than 38 significant digits, or a magnitude outside
    1e-130 to 9.99...e+125.
    """
    if _PLAIN_INTEGER.fullmatch(text):
        return text
    if not _NUMBER.fullmatch(text):
        raise Refusal("The parameter cannot be converted to a numeric value" + (f": {text}" if text else ""))
    try:
        return plain(Decimal(text))
    except InvalidOperation:  # an exponent of more digits than the decimal module can hold
        if not any(digit in "123456789" for digit in text.lower().partition("e")[0]):
            return "0"
        raise _out_of_range("-" in text.lower().partition("e")[2]) from None


def plain(exact: Decimal) -> str:
    """The text of a number within DynamoDB's limits, without an exponent."""
    sign, digits, exponent = exact.as_tuple()
    assert isinstance(exponent, int)
    significant = "".join(map(str, digits)).lstrip("0")
    if not significant:
        return "0"
    stripped = significant.rstrip("0")
    magnitude = exponent + len(significant) - 1
    if magnitude > LARGEST_EXPONENT or magnitude < SMALLEST_EXPONENT:
        raise _out_of_range(magnitude < 0)
    if len(stripped) > DIGITS:
        raise Refusal("Attempting to store more than 38 significant digits in a Number")
    point = magnitude + 1  # digits before the decimal point
    if point <= 0:
        text = "0." + "0" * -point + stripped
    elif point >= len(stripped):
        text = stripped + "0" * (point - len(stripped))
    else:
        text = f"{stripped[:point]}.{stripped[point:]}"
    return "-" + text if sign else text


def _out_of_range(small: bool) -> Refusal:
    name, side = ("underflow", "smaller") if small else ("overflow", "larger")
    return Refusal(f"Number {name}. Attempting to store a number with magnitude {side} than supported range")


# In: from boto3's form to the stored form.


def accept_item(item: object, where: str) -> Item:
    """The stored form of a map of attribute values; `where` names the parameter in errors (`Item`)."""
    if not isinstance(item, Mapping):
        raise wrong_type(where, item, "<class 'dict'>")
    return _accept_members(item, where, 0)


def accept_value(value: object, where: str, depth: int = 0) -> Value:
    """The stored form of one attribute value. Raises Refusal with AWS's sentence, or botocore's for a wrong shape."""
    if not isinstance(value, Mapping):
        raise wrong_type(where, value, "<class 'dict'>")
    given = {kind: content for kind, content in value.items() if content is not None}
    for kind in given:
        if kind not in _ACCEPT:
            raise malformed(f'Unknown parameter in {where}: "{kind}", must be one of: {", ".join(TYPES)}')
    if len(given) != 1:
        problem = "has more than one datatypes set" if given else "is empty"
        raise Refusal(f"Supplied AttributeValue {problem}, must contain exactly one of the supported datatypes")
    ((kind, content),) = given.items()
    return {kind: _ACCEPT[kind](content, f"{where}.{kind}", depth)}


def _accept_string(content: object, where: str, _depth: int) -> str:
    if not isinstance(content, str):
        raise wrong_type(where, content, "<class 'str'>")
    if not content.isascii():
        try:
            content.encode()
        except UnicodeEncodeError as error:
            raise malformed(f"Invalid value for parameter {where}: a lone surrogate is not Unicode ({error})") from None
    return str(content)


def _accept_number(content: object, where: str, _depth: int) -> str:
    if not isinstance(content, str):
        raise wrong_type(where, content, "<class 'str'>")
    return number(content)


def _accept_binary(content: object, where: str, _depth: int) -> str:
    if isinstance(content, str):  # as botocore: text stands for its UTF-8 bytes
        content = _accept_string(content, where, 0).encode()
    if not isinstance(content, (bytes, bytearray, memoryview)):
        raise wrong_type(where, content, "<class 'bytes'>", "<class 'bytearray'>")
    return base64.b64encode(content).decode("ascii")


def _set_of(
    accept: Callable[[object, str, int], str], order: Callable[[str], Any], empty: str, duplicates: str
) -> Callable[[object, str, int], list[str]]:
    def accept_set(content: object, where: str, _depth: int) -> list[str]:
        if not isinstance(content, (list, tuple)):
            raise wrong_type(where, content, "<class 'list'>", "<class 'tuple'>")
        members = [accept(member, f"{where}[{i}]", 0) for i, member in enumerate(content)]
        if not members:
            raise Refusal(INVALID + empty)
        if len(set(members)) < len(members):
            raise Refusal(duplicates.format(f"[{', '.join(members)}]"))
        return sorted(members, key=order)

    return accept_set


def _accept_members(content: Mapping[Any, Any], where: str, depth: int) -> Item:
    members: Item = {}
    for name, member in content.items():
        if not isinstance(name, str):
            raise wrong_type(f"{where} (key: {name!r})", name, "<class 'str'>")
        check_name(name, where)
        members[_accept_string(name, where, 0)] = accept_value(member, f"{where}.{name}", depth)
    return members


def check_name(name: str, where: str) -> None:
    """Refuse an attribute name that is empty or has 64 KB."""
    if not name:
        raise Refusal(INVALID + f"An attribute name must not be empty, in {where}")
    if len(name) > LONGEST_NAME or len(name.encode("utf-8", "surrogatepass")) > LONGEST_NAME:
        raise Refusal(INVALID + f"Attribute name is too large, must be less than {LONGEST_NAME + 1} bytes, in {where}")


def _accept_map(content: object, where: str, depth: int) -> Item:
    if not isinstance(content, Mapping):
        raise wrong_type(where, content, "<class 'dict'>")
    _check_depth(depth)
    return _accept_members(content, where, depth + 1)


def _accept_list(content: object, where: str, depth: int) -> list[Value]:
    if not isinstance(content, (list, tuple)):
        raise wrong_type(where, content, "<class 'list'>", "<class 'tuple'>")
    _check_depth(depth)
    return [accept_value(member, f"{where}[{i}]", depth + 1) for i, member in enumerate(content)]


def _check_depth(depth: int) -> None:
    if depth >= DEEPEST:
        raise Refusal(
            "Nesting Levels have exceeded supported limits: Attributes in the item have nested levels beyond supported "
            "limit"
        )


def _accept_boolean(content: object, where: str, _depth: int) -> bool:
    if not isinstance(content, bool):
        raise wrong_type(where, content, "<class 'bool'>")
    return content


def _accept_null(content: object, where: str, _depth: int) -> bool:
    # False is taken, and comes back as True: AWS refused it once, and since June 2026 does so no more.
    return _accept_boolean(content, where, 0) or True


_ACCEPT: dict[str, Callable[[Any, str, int], Any]] = {
    "S": _accept_string,
    "N": _accept_number,
    "B": _accept_binary,
    # AWS's own texts, the odd blanks included.
    "SS": _set_of(
        _accept_string, str, "An string set  may not be empty", INVALID + "Input collection {} contains duplicates."
    ),
    "NS": _set_of(_accept_number, Decimal, "An number set  may not be empty", "Input collection contains duplicates"),
    "BS": _set_of(
        _accept_binary,
        base64.b64decode,
        "Binary sets should not be empty",
        INVALID + "Input collection {}of type BS contains duplicates.",
    ),
    "M": _accept_map,
    "L": _accept_list,
    "NULL": _accept_null,
    "BOOL": _accept_boolean,
}


# Out: from the stored form to boto3's form. Always a copy: the stored value is shared and never edited.


def give_item(item: Item) -> dict[str, Any]:
    """boto3's form of a stored item, binary as bytes; the caller may edit it."""
    return {name: give_value(value) for name, value in item.items()}


def give_value(value: Value) -> dict[str, Any]:
    """boto3's form of one stored value."""
    ((kind, content),) = value.items()
    if kind == "B":
        return {"B": base64.b64decode(content)}
    if kind == "BS":
        return {"BS": [base64.b64decode(member) for member in content]}
    if kind == "M":
        return {"M": give_item(content)}
    if kind == "L":
        return {"L": [give_value(member) for member in content]}
    return {kind: list(content) if kind in {"SS", "NS"} else content}


def binary_from_json(parameters: Any) -> Any:
    """A copy of request parameters given as JSON (by a state machine), with the base64 text of B and BS as bytes.

    Raises Refusal (SerializationException) for text that is not base64.
    """
    if isinstance(parameters, Mapping):
        return {name: _member_from_json(name, member) for name, member in parameters.items()}
    if isinstance(parameters, (list, tuple)):
        return [binary_from_json(member) for member in parameters]
    return parameters


def _member_from_json(name: str, member: Any) -> Any:
    # Only an attribute value has text under B: an attribute of that name has a map there.
    if name == "B" and isinstance(member, str):
        return _decode(member)
    if name == "BS" and isinstance(member, (list, tuple)):
        return [_decode(text) if isinstance(text, str) else text for text in member]
    return binary_from_json(member)


def binary_to_json(response: Any) -> Any:
    """A copy of a response in which bytes are base64 text, as a state machine sees it."""
    if isinstance(response, Mapping):
        return {name: binary_to_json(member) for name, member in response.items()}
    if isinstance(response, (list, tuple)):
        return [binary_to_json(member) for member in response]
    return base64.b64encode(response).decode("ascii") if isinstance(response, bytes) else response


def _decode(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Refusal(f"'{text:.60}' can not be converted to a Blob: {error}", "SerializationException") from None


# What a stored value is worth.


def type_of(value: Value) -> str:
    """The type's letters, such as N."""
    return next(iter(value))


def order_of(value: Value) -> Any:
    """Something to compare two S, two N or two B by: code points (which is UTF-8 order), numbers, bytes."""
    ((kind, content),) = value.items()
    if kind == "N":
        return Decimal(content)
    return base64.b64decode(content) if kind == "B" else content


def size_of_item(item: Item) -> int:
    """Bytes that AWS counts for an item: names in UTF-8 and values."""
    return sum(len(name.encode()) + size_of_value(value) for name, value in item.items())


def size_of_value(value: Value) -> int:
    """Bytes that AWS counts for a value; a number takes about a byte per two digits, and one more."""
    ((kind, content),) = value.items()
    if kind == "S":
        return len(content.encode())
    if kind == "N":
        return _size_of_number(content)
    if kind == "B":
        return _size_of_binary(content)
    if kind in {"NULL", "BOOL"}:
        return 1
    if kind == "M":
        return 3 + len(content) + size_of_item(content)
    if kind == "L":
        return 3 + len(content) + sum(map(size_of_value, content))
    member = {"SS": lambda text: len(text.encode()), "NS": _size_of_number, "BS": _size_of_binary}[kind]
    return sum(map(member, content))


def _size_of_number(text: str) -> int:
    """One byte, one for each two digits on either side of the decimal point, one for a minus.

    So it was measured at the 400 KB limit; the guide's "one byte per two significant digits" is short of it for
    `1.5`, whose digits lie on both sides.
    """
    whole, _, fraction = text.lstrip("-").partition(".")
    whole = whole.lstrip("0") if fraction else whole.strip("0")
    fraction = fraction if whole else fraction.lstrip("0")
    return 1 + (len(whole) + 1) // 2 + (len(fraction) + 1) // 2 + text.startswith("-")


def _size_of_binary(text: str) -> int:
    return len(text) * 3 // 4 - text.count("=", -2)
