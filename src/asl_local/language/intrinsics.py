"""Intrinsic function calls: text -> closure.

Knows: how a call is written. Must never know: what a function computes (the table in `intrinsic_functions` does).
"""

from __future__ import annotations

import re
from functools import lru_cache
from math import isfinite
from typing import Any, NoReturn, TypeAlias

from asl_local.errors import INTRINSIC_FAILURE, EvaluationError, ExpressionSyntaxError
from asl_local.language import Flow, Scope
from asl_local.language.generated import drawing, writable, write_sum, write_text
from asl_local.language.intrinsic_functions import (
    ALGORITHMS,
    DRAWING,
    FUNCTIONS,
    KINDS,
    BadArgument,
    Function,
    check,
    fill,
)
from asl_local.language.jsonpath import flow
from asl_local.lazy import NamedTuple, dataclass, pattern
from asl_local.values import Json, text_of

__all__ = ["FUNCTIONS", "Reading", "compile_call", "is_call", "paths_in"]

DEEPEST_NESTING = 10  # Developer Guide, "Intrinsic functions": up to 10 within one field

_CALL = pattern(r"(States\.\w+)\s*\(", re.ASCII)
_NUMBER = pattern(r"-?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_WORD = pattern(r"(?:null|true|false)\b")
_WORDS: dict[str, Json] = {"null": None, "true": True, "false": False}
# Specification, appendix B: only ' { } \ may follow a backslash, and AWS refuses \" (recorded). \n is ours: AWS's own
# language service takes it for valid, and nobody recorded what AWS makes of it.
_ESCAPES = {"'": "'", "{": "{", "}": "}", "\\": "\\", "n": "\n"}


@dataclass(frozen=True, slots=True)
class _Constant:
    value: Json
    pieces: tuple[str, ...] = ()  # of a string: what stands around its unescaped {}


_Argument: TypeAlias = "_Constant | Flow"


def is_call(text: str) -> bool:
    """Whether the text starts as a call does, `States.X(`."""
    return _CALL.match(text) is not None


@lru_cache(maxsize=4096)
def compile_call(text: str) -> Flow:
    """The call as a Flow.

    Raises ExpressionSyntaxError for what AWS refuses when a state machine is created: wrong syntax, an unknown
    function, too many or too few arguments, constants of the wrong type. Evaluated, it raises EvaluationError
    (States.IntrinsicFailure) for data that a function does not take, and lets the PathError of an argument through.
    """
    parser = _Parser(text)
    call = parser.call(1)
    parser.blanks()
    if parser.at < len(text):
        parser.refuse("nothing may follow the call; use States.ArrayGetItem for one item of a result")
    return call


class Reading(NamedTuple):
    """A path in a call: which function it is an argument of, and in which place, from 0."""

    function: str
    place: int
    path: str


def paths_in(text: str) -> list[Reading]:
    """Every path that a call reads, at any depth of calls. Raises ExpressionSyntaxError."""
    parser = _Parser(text)
    parser.call(1)
    return parser.readings


class _Parser:
    """One pass over the text; `at` is the next character."""

    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0
        self.readings: list[Reading] = []

    def refuse(self, message: str, at: int | None = None) -> NoReturn:
        place = self.at if at is None else at
        raise ExpressionSyntaxError(f"{message} at character {place + 1} of {self.text!r}", self.text, place)

    def blanks(self) -> None:
        while self.at < len(self.text) and self.text[self.at].isspace():
            self.at += 1

    def peek(self) -> str:
        return self.text[self.at : self.at + 1]

    def call(self, depth: int) -> Flow:
        match = _CALL.match(self.text, self.at)
        if match is None:
            self.refuse("a function call is written States.Name(...)")
        name, start = match[1], match.start(1)
        function = FUNCTIONS.get(name)
        if function is None:
            self.refuse(f"there is no function {name}{_hint(name)}", start)
        if depth > DEEPEST_NESTING:
            self.refuse(f"calls may nest {DEEPEST_NESTING} deep", start)
        self.at = match.end()
        arguments: list[_Argument] = []
        self.blanks()
        if self.peek() == ")":
            self.at += 1
        else:
            while True:
                at = self.at
                arguments.append(self.argument(depth))
                written = self.text[at : self.at].strip()
                if written.startswith("$"):
                    self.readings.append(Reading(name, len(arguments) - 1, written))
                self.check_constant(name, function, arguments, at)
                self.blanks()
                mark = self.peek()
                self.at += 1
                if mark == ")":
                    break
                if mark != ",":
                    self.at -= 1
                    self.refuse("',' or ')' is missing")
        self.check_count(name, function, arguments, start)
        return _compile(self.text[start : self.at], name, function, arguments)

    def argument(self, depth: int) -> _Argument:
        self.blanks()
        mark = self.peek()
        if mark == "'":
            return self.string()
        if mark == "$":
            return self.path()
        if match := _NUMBER.match(self.text, self.at):
            digits = match[0]
            number = int(digits) if digits.lstrip("-").isdigit() else float(digits)
            if not isfinite(number):
                self.refuse(f"the number {digits} is too large")
            self.at = match.end()
            return _Constant(number)
        if match := _WORD.match(self.text, self.at):
            self.at = match.end()
            return _Constant(_WORDS[match[0]])
        if not _CALL.match(self.text, self.at):
            self.refuse("an argument is a path, a 'string', a number, true, false, null or a call")
        return self.call(depth + 1)

    def string(self) -> _Constant:
        start, parts = self.at, [""]
        characters: list[str] = []
        self.at += 1
        while True:
            mark = self.peek()
            if not mark:
                self.refuse("a string is not closed", start)
            self.at += 1
            if mark == "'":
                break
            if mark == "\\":
                if self.peek() not in _ESCAPES:
                    self.refuse("a backslash stands before ' { } or \\ only", self.at - 1)
                mark = _ESCAPES[self.peek()]
                self.at += 1
            elif mark == "{" and self.peek() == "}":
                self.at += 1
                characters.append("{}")
                parts.append("")
                continue
            characters.append(mark)
            parts[-1] += mark
        return _Constant("".join(characters), tuple(parts))

    def path(self) -> Flow:
        """A path ends at the comma or parenthesis that stands outside of all its brackets and quotes."""
        start, depth, quoted = self.at, 0, False
        while self.at < len(self.text):
            mark = self.text[self.at]
            if mark == "'" and self.text[self.at - 1] != "\\":
                quoted = not quoted
            elif not quoted and mark in "[(":
                depth += 1
            elif not quoted and mark in "])":
                if depth == 0:
                    break
                depth -= 1
            elif not quoted and depth == 0 and mark == ",":
                break
            self.at += 1
        try:
            return flow(self.text[start : self.at].rstrip())
        except ExpressionSyntaxError as error:
            raise ExpressionSyntaxError(f"{error} in {self.text!r}", self.text, start + (error.offset or 0)) from None

    def check_constant(self, name: str, function: Function, arguments: list[_Argument], at: int) -> None:
        position, argument = len(arguments), arguments[-1]
        if position > len(function.kinds) and function.rest is None:
            return  # the count will be refused
        kind = function.kinds[position - 1] if position <= len(function.kinds) else function.rest
        assert kind is not None
        if not isinstance(argument, _Constant):
            return
        if kind == "computed" or not KINDS[kind][1](argument.value):
            self.refuse(f"argument {position} of {name} must be {KINDS[kind][0]}, not {text_of(argument.value)}", at)
        if name == "States.Hash" and position == 2 and argument.value not in ALGORITHMS:
            self.refuse(f"argument 2 of {name} must be one of {', '.join(ALGORITHMS)}", at)

    def check_count(self, name: str, function: Function, arguments: list[_Argument], start: int) -> None:
        least, most = function.required, len(function.kinds) if function.rest is None else None
        count = len(arguments)
        if count < least or (most is not None and count > most):
            wanted = f"at least {least}" if most is None else str(least) if most == least else f"{least} to {most}"
            self.refuse(f"{name} takes {wanted} argument{'' if wanted.endswith('1') else 's'}, not {count}", start)
        template = arguments[0] if name == "States.Format" else None
        if isinstance(template, _Constant) and len(template.pieces) != count:
            self.refuse(
                f"the template of {name} has {len(template.pieces) - 1} placeholders {{}}, "
                f"but {count - 1} values follow it",
                start,
            )


def _hint(name: str) -> str:
    from difflib import get_close_matches  # noqa: PLC0415 - only when something is wrong

    close = get_close_matches(name, FUNCTIONS, 1, 0.7)
    return f" (did you mean {close[0]}?)" if close else f" (there are {', '.join(FUNCTIONS)})"


# ------------------------------------------------------------------------------------------------------- evaluation


def _compile(text: str, name: str, function: Function, arguments: list[_Argument]) -> Flow:
    apply = function.apply
    readers: list[tuple[int, Any, Flow]] = []  # (argument's place, its kind where it needs a check, how to read it)
    values: list[Json] = []
    for at, argument in enumerate(arguments):
        if isinstance(argument, _Constant):
            values.append(argument.value)
            continue
        kind = function.kinds[at] if at < len(function.kinds) else function.rest
        readers.append((at, None if kind in ("any", "computed") else kind, argument))
        values.append(None)
    if name == "States.Format" and isinstance(arguments[0], _Constant):
        pieces = list(arguments[0].pieces)  # the template's own {} are told from escaped ones here only
        apply = lambda _draw, _template, *given: fill(pieces, given)  # noqa: E731

    def evaluate(value: Json, scope: Scope) -> Json:
        given = values.copy()
        try:
            for at, kind, read in readers:
                given[at] = found = read(value, scope)
                if kind is not None:
                    check(at + 1, kind, found)
            return apply(scope.draw, *given)
        except BadArgument as error:
            raise EvaluationError(
                INTRINSIC_FAILURE, f"The function '{text}' had the following error: {error}"
            ) from None

    operands = [argument.value if isinstance(argument, _Constant) else argument for argument in arguments]
    flows = [read for _, _, read in readers]
    if name in DRAWING:
        return drawing(evaluate)
    if name == "States.MathAdd":
        return writable(evaluate, write_sum(operands[0], operands[1]), flows)
    if name == "States.Format" and isinstance(arguments[0], _Constant):
        return writable(evaluate, write_text(list(arguments[0].pieces), tuple(operands[1:])), flows)
    return writable(evaluate, None, flows)
