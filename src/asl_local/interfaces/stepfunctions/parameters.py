"""Requests: how a table of parameters is checked, in boto3's words before it is sent and in the service's words after.

Knows: shapes, and both checkers' sentences. Must never know: what an operation does, or which operations there are.

boto3 checks types, required members, least lengths and least values, and raises ParamValidationError. The service
checks the rest (greatest values, enumerations, patterns) and raises ValidationException (both recorded).
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any, Concatenate, TypeAlias, TypeVar

from asl_local.lazy import dataclass, field, replace
from asl_local.services.errors import ClientError, client_error
from asl_local.services.parameters import Answer, Given, did_you_mean, response_metadata

Client = TypeVar("Client")


@dataclass(frozen=True, slots=True)
class Text:
    """A string of `shortest` to `longest` characters, out of `choices` if there are any, or of the form `pattern`.

    `choices` stand in the order in which the service's message lists them, where that is recorded.
    """

    shortest: int = 0
    longest: int | None = None
    choices: tuple[str, ...] = ()
    pattern: str | None = None


@dataclass(frozen=True, slots=True)
class Number:
    """A number; an integer unless `fraction`."""

    least: int | None = None
    most: int | None = None
    fraction: bool = False


@dataclass(frozen=True, slots=True)
class Flag:
    """True or False."""


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list of `shortest` to `longest` members of one shape."""

    member: Shape
    shortest: int = 0
    longest: int | None = None


@dataclass(frozen=True, slots=True)
class Struct:
    """Named members. `name` is the shape's name in the service model: it shows in the service's messages.

    `refused` are members that AWS has and this client has not, each with the reason that the caller reads.
    """

    members: Mapping[str, Shape]
    required: tuple[str, ...] = ()
    name: str = ""
    refused: Mapping[str, str] = field(default_factory=dict)


Shape: TypeAlias = Text | Number | Flag | ListOf | Struct

_TYPES: Mapping[type, tuple[type, ...]] = {
    Text: (str,),
    Number: (int,),
    Flag: (bool,),
    ListOf: (list, tuple),
    Struct: (dict,),
}


def needed(struct: Struct, *names: str) -> Struct:
    """The same members, these of them required."""
    return replace(struct, required=names)


# -- boto3 -------------------------------------------------------------------------------------------------------------


def check_as_boto3(operation: str, shape: Struct, given: Given) -> None:
    """Raises ParamValidationError with every problem that boto3 finds before it sends a request."""
    problems = list(_sending(shape, given, ""))
    if problems:
        raise client_error("ParamValidationError", "\n".join(["Parameter validation failed:", *problems]), operation)


def _sending(shape: Shape, value: Any, name: str) -> Iterator[str]:
    wrong = _wrong_type(shape, value, name)
    if wrong is not None:
        yield wrong
    elif isinstance(shape, Struct):
        yield from _sending_members(shape, value, name)
    elif isinstance(shape, ListOf):
        yield from _short(shape.shortest, value, name)
        for index, member in enumerate(value):
            yield from _sending(shape.member, member, f"{name}[{index}]")
    elif isinstance(shape, Text):
        yield from _short(shape.shortest, value, name)
    elif isinstance(shape, Number) and shape.least is not None and value < shape.least:
        yield f"Invalid value for parameter {name}, value: {value}, valid min value: {shape.least}"


def _wrong_type(shape: Shape, value: object, name: str) -> str | None:
    types = _TYPES[type(shape)]
    if isinstance(shape, Number) and shape.fraction:
        types = (float, Decimal, int)
    if isinstance(value, types):
        return None
    valid = ", ".join(str(kind) for kind in types)
    return f"Invalid type for parameter {name}, value: {value}, type: {type(value)}, valid types: {valid}"


def _sending_members(shape: Struct, value: Mapping[str, Any], name: str) -> Iterator[str]:
    where = name or "input"
    for member in shape.required:
        if member not in value:
            yield f'Missing required parameter in {where}: "{member}"'
    known = [*shape.members, *shape.refused]
    for member in value:
        if member in shape.refused:
            yield f'Parameter "{member}" in {where} is not supported here: {shape.refused[member]}'
        elif member not in shape.members:
            hint = did_you_mean(member, known)
            yield f'Unknown parameter in {where}: "{member}", must be one of: {", ".join(known)}{hint}'
    for member, content in value.items():
        if member in shape.members:
            yield from _sending(shape.members[member], content, f"{name}.{member}" if name else member)


def _short(shortest: int, value: Any, name: str) -> Iterator[str]:
    if len(value) < shortest:
        yield f"Invalid length for parameter {name}, value: {len(value)}, valid min length: {shortest}"


# -- the service -------------------------------------------------------------------------------------------------------


def check_as_service(operation: str, shape: Struct, given: Given) -> None:
    """Raises ValidationException with every constraint of the service model that boto3 does not look at."""
    problems = list(_receiving(shape, given, ""))
    if problems:
        count = f"{len(problems)} validation error{'' if len(problems) == 1 else 's'} detected: "
        raise validation_error(count + "; ".join(problems), operation)


def _receiving(shape: Shape, value: Any, name: str) -> Iterator[str]:
    if isinstance(shape, Struct):
        for member, content in value.items():
            yield from _receiving(shape.members[member], content, f"{name}.{member}" if name else member)
        return
    if isinstance(shape, ListOf):
        if shape.longest is not None and len(value) > shape.longest:
            yield _unsatisfied(shape, value, name, f"have length less than or equal to {shape.longest}")
        for index, content in enumerate(value, 1):
            yield from _receiving(shape.member, content, f"{name}.{index}.member")
    elif isinstance(shape, Text):
        if shape.choices and value not in shape.choices:
            yield _unsatisfied(shape, value, name, f"satisfy enum value set: [{', '.join(shape.choices)}]")
        if shape.longest is not None and len(value) > shape.longest:
            yield _unsatisfied(shape, value, name, f"have length less than or equal to {shape.longest}")
        if shape.pattern is not None and not re.fullmatch(_in_python(shape.pattern), value):
            yield _unsatisfied(shape, value, name, f"satisfy regular expression pattern: {shape.pattern}")
    elif isinstance(shape, Number) and shape.most is not None and value > shape.most:
        yield _unsatisfied(shape, value, name, f"have value less than or equal to {shape.most}")


def _in_python(pattern: str) -> str:
    """The service model's pattern, which is Java's, as Python writes it."""
    return pattern.replace(r"\p{ASCII}", r"[\x00-\x7f]")


def _unsatisfied(shape: Shape, value: Any, name: str, rule: str) -> str:
    return f"Value '{_shown(shape, value)}' at '{name}' failed to satisfy constraint: Member must {rule}"


def _shown(shape: Shape, value: Any) -> str:
    """A value as Java prints it: `[RoutingConfigurationListItem(stateMachineVersionArn=…, weight=50)]` (recorded)."""
    if isinstance(shape, ListOf):
        return "[" + ", ".join(_shown(shape.member, member) for member in value) + "]"
    if isinstance(shape, Struct):
        members = (f"{name}={_shown(kind, value.get(name))}" for name, kind in shape.members.items())
        return f"{shape.name}({', '.join(members)})"
    if isinstance(shape, Flag):
        return "true" if value else "false"
    return "null" if value is None else str(value)


# -- both --------------------------------------------------------------------------------------------------------------


def validation_error(message: str, operation: str) -> ClientError:
    """The service's ValidationException."""
    return client_error("ValidationException", message, operation)


def operation(
    name: str, shape: Struct
) -> Callable[[Callable[[Client, Given], Answer]], Callable[Concatenate[Client, ...], Answer]]:
    """Makes of a method that takes the checked parameters one that takes boto3's keywords.

    `name` is the API's name (`StartExecution`), which errors carry. The answer gets ResponseMetadata.
    """

    def wrap(method: Callable[[Client, Given], Answer]) -> Callable[Concatenate[Client, ...], Answer]:
        @functools.wraps(method)
        def call(self: Client, *arguments: Any, **given: Any) -> Answer:
            if arguments:
                raise TypeError(f"{method.__name__}() only accepts keyword arguments.")
            check_as_boto3(name, shape, given)
            check_as_service(name, shape, given)
            answer = method(self, given)
            answer["ResponseMetadata"] = response_metadata()
            return answer

        call.api_name = name  # type: ignore[attr-defined]  # how a state machine finds what it may call
        # The API's members begin with a small letter; a state machine writes them with a capital, and texts as JSON.
        call.camel_texts = frozenset(key for key, kind in shape.members.items() if isinstance(kind, Text))  # type: ignore[attr-defined]
        return call

    return wrap
