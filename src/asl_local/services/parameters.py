"""The keyword parameters of the stand-ins' operations: one table per operation, and nothing is ever ignored.

Knows: boto3's way of checking a request before it is sent, and the shape of an answer's ResponseMetadata.
Must never know: what an operation does.
"""

from __future__ import annotations

import difflib
import functools
import os
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Concatenate, NoReturn, TypeAlias, TypeVar

from asl_local.lazy import dataclass, replace
from asl_local.services.errors import ClientError, client_error

Given: TypeAlias = Mapping[str, Any]
Answer: TypeAlias = dict[str, Any]
Service = TypeVar("Service")


@dataclass(frozen=True, slots=True)
class Rule:
    """What one parameter may be: its Python types (empty: any), needed or not, and why it is refused if it is.

    `choices` lists the only values taken; `shortest` is the least length of a text or list.
    """

    types: tuple[type, ...] = ()
    required: bool = False
    refused: str | None = None
    choices: tuple[str, ...] = ()
    shortest: int = 0


TEXT = Rule((str,))
NUMBER = Rule((int,))
FLAG = Rule((bool,))
MAP = Rule((dict,))
LIST = Rule((list, tuple))
ANY = Rule()


def needed(rule: Rule, *, shortest: int = 0) -> Rule:
    """The same rule for a parameter that must be given."""
    return replace(rule, required=True, shortest=shortest)


def one_of(*choices: str) -> Rule:
    """A text out of a list."""
    return replace(TEXT, choices=choices)


def refused(reason: str, *names: str) -> dict[str, Rule]:
    """Rows for parameters that AWS has and the stand-in has not; the reason is what the caller reads."""
    return {name: Rule(refused=reason) for name in names}


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """`; did you mean "Bucket"?` or nothing."""
    folded = {other.casefold(): other for other in known}
    close = difflib.get_close_matches(name.casefold(), folded, n=1)
    return f'; did you mean "{folded[close[0]]}"?' if close else ""


def invalid_parameters(operation: str, *problems: str) -> ClientError:
    """The error of a request that boto3 would not send; code ParamValidationError."""
    return client_error("ParamValidationError", "Parameter validation failed: " + "; ".join(problems), operation)


def fine(rules: Mapping[str, Rule], required: Iterable[str], given: Given) -> bool:
    """Whether `check` has nothing to say, which is so of almost every request."""
    for name in required:
        if name not in given:
            return False
    for name, value in given.items():
        rule = rules.get(name)
        if rule is None or rule.refused is not None or (rule.types and not isinstance(value, rule.types)):
            return False
        if (value is True or value is False or rule.choices or rule.shortest) and _problems(name, rule, value):
            return False
    return True


def check(operation: str, rules: Mapping[str, Rule], given: Given) -> None:
    """Raises ParamValidationError with every problem of `given` in boto3's words."""
    problems = [
        f'Missing required parameter in input: "{name}"'
        for name, rule in rules.items()
        if rule.required and name not in given
    ]
    for name, value in given.items():
        rule = rules.get(name)
        if rule is None:
            supported = [other for other, row in rules.items() if row.refused is None]
            hint = did_you_mean(name, rules)
            problems.append(f'Unknown parameter in input: "{name}", must be one of: {", ".join(supported)}{hint}')
        elif rule.refused is not None:
            problems.append(f'Parameter "{name}" is not supported by the local stand-in: {rule.refused}')
        else:
            problems += _problems(name, rule, value)
    if problems:
        raise invalid_parameters(operation, *problems)


def _problems(name: str, rule: Rule, value: Any) -> list[str]:
    wrong_type = rule.types and not isinstance(value, rule.types)
    if wrong_type or (isinstance(value, bool) and rule.types == NUMBER.types):
        valid = ", ".join(str(kind) for kind in rule.types)
        return [f"Invalid type for parameter {name}, value: {value!r}, type: {type(value)}, valid types: {valid}"]
    if rule.choices and value not in rule.choices:
        return [f"Invalid value for parameter {name}, value: {value!r}, valid values: {', '.join(rule.choices)}"]
    if rule.shortest and len(value) < rule.shortest:
        return [f"Invalid length for parameter {name}, value: {len(value)}, valid min length: {rule.shortest}"]
    return []


def operation(
    name: str, rules: Mapping[str, Rule]
) -> Callable[[Callable[[Service, Given], Answer]], Callable[Concatenate[Service, ...], Answer]]:
    """Makes of a method that takes the checked parameters one that takes boto3's keywords.

    `name` is the API's name (`GetObject`), which errors carry. The answer gets ResponseMetadata if it has none.
    """
    required = tuple(parameter for parameter, rule in rules.items() if rule.required)

    def wrap(method: Callable[[Service, Given], Answer]) -> Callable[Concatenate[Service, ...], Answer]:
        @functools.wraps(method)
        def call(self: Service, *arguments: Any, **given: Any) -> Answer:
            if arguments:
                raise TypeError(f"{method.__name__}() only accepts keyword arguments.")
            if not fine(rules, required, given):
                check(name, rules, given)
            answer = method(self, given)
            if "ResponseMetadata" not in answer:
                answer["ResponseMetadata"] = response_metadata()
            return answer

        call.api_name = name  # type: ignore[attr-defined]  # how a state machine finds what it may call
        return call

    return wrap


def response_metadata(status: int = 200) -> dict[str, Any]:
    """The ResponseMetadata of an answer, as boto3 gives it."""
    return {"RequestId": new_id(), "HTTPStatusCode": status, "HTTPHeaders": {}, "RetryAttempts": 0}


def new_id() -> str:
    """A random UUID as text, as str(uuid.uuid4()) gives it, in a third of the time."""
    drawn = bytearray(os.urandom(16))
    drawn[6], drawn[8] = drawn[6] & 0x0F | 0x40, drawn[8] & 0x3F | 0x80
    digits = drawn.hex()
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def no_operation(service: object, title: str, name: str) -> NoReturn:
    """For `__getattr__`: the AttributeError of an operation that the stand-in has not, naming those it has."""
    has = sorted(other for other in dir(type(service)) if not other.startswith("_"))
    hint = did_you_mean(name, has)
    raise AttributeError(f"the local {title} has no {name!r}; it has {', '.join(has)}{hint}")
