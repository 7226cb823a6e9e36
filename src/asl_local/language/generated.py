"""Expressions as Python source: what is evaluated again and again becomes one function without calls in it.

Knows: how to write a path, a call or an object as a Python expression. Must never know: what goes wrong in one.

The closures of templates.py, intrinsics.py and choice.py say what every expression means. A generated function is the same
for inputs with which nothing goes wrong; at any exception it asks the closure, which gives the value or the error in AWS's
words. Since there is one code object per shape (names and constants are its parameters, with defaults), a thousand
states that differ in their names cost one compilation. A closure that has a generated form carries it as `written`.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from sys import intern
from types import CodeType, FunctionType
from typing import Any, TypeAlias, TypeVar, cast

from asl_local.language.java import to_text
from asl_local.values import Json

F = TypeVar("F", bound=Callable[..., Any])
Write: TypeAlias = "Callable[[Writer], str]"
"""Gives the Python expression over `value` and `scope`, after telling the writer its constants."""


GENERATED = "<asl_local.language.generated>"
"""The name of the file that generated functions say they are in."""


class Unwritten(Exception):
    """The expression has no generated form; or, in one, something is not plain."""


class Writer:
    """Collects the constants of one expression."""

    __slots__ = ("constants", "count", "names")

    def __init__(self) -> None:
        self.constants: list[Any] = []
        self.names: dict[str, str] = {}
        self.count = 0

    def constant(self, value: Any) -> str:
        """The name under which the expression finds the value.

        Texts that are equal have one, and are one object in all functions, which a processor then has at hand.
        """
        if type(value) is str:
            known = self.names.get(value)
            if known is not None:
                return known
            self.names[value] = f"c{len(self.constants)}"
            value = intern(value)
        self.constants.append(value)
        return f"c{len(self.constants) - 1}"

    def variable(self) -> str:
        """The name of a variable that nobody else has."""
        self.count += 1
        return f"n{self.count}"

    def back_to(self, count: int) -> None:
        """Forget the constants that were told since there were so many."""
        del self.constants[count:]
        self.names = {text: name for text, name in self.names.items() if int(name[1:]) < count}

    def ask(self, flow: Callable[..., Any]) -> str:
        """An expression for what a closure gives."""
        write: Write | None = getattr(flow, "write", None)
        return f"{self.constant(flow)}(value, scope)" if write is None else write(self)


def writable(flow: F, write: Write | None, parts: Iterable[Any] = ()) -> F:
    """The closure, which from here on can be written as source, too, unless one of its parts draws random numbers."""
    for part in parts:
        if hasattr(part, "draws"):
            return drawing(flow)
    if write is not None:
        cast("Any", flow).write = write
    return flow


def drawing(flow: F) -> F:
    """The closure, marked: evaluated a second time, it would draw other numbers."""
    cast("Any", flow).draws = True
    return flow


def has_written(flow: Any) -> bool:
    """Whether there is a generated form of a closure."""
    return hasattr(flow, "write")


def written(flow: Any, parameters: str = "value, scope") -> Any:
    """The generated form of a closure with such parameters, the closure itself where there is none."""
    write: Write | None = getattr(flow, "write", None)
    if write is None or hasattr(flow, "closure"):
        return flow
    writer = Writer()
    try:
        expression = write(writer)
        lines = ("try:", f"    return {expression}", "except Exception:", f"    return closure({parameters})")
        made = generate(parameters, lines, writer, closure=flow)
    except Unwritten:
        return flow
    made.write, made.closure = write, flow
    return made


def generate(parameters: str, lines: Sequence[str], writer: Writer, **names: Any) -> Any:
    """A function of these lines, which know the writer's constants and these names.

    They are further parameters with defaults: a variable is found sooner than a closure's cell, and takes less room.
    Raises Unwritten where that is too much for Python's compiler.
    """
    code = _code(parameters, tuple(lines), tuple(names), len(writer.constants))
    return FunctionType(code, _SPACE, "written", (*names.values(), _text, *writer.constants))


@lru_cache(maxsize=1024)
def _code(parameters: str, lines: tuple[str, ...], names: tuple[str, ...], count: int) -> CodeType:
    given = "".join(f", {name}" for name in [*names, "text", *(f"c{number}" for number in range(count))])
    body = "".join(f"    {line}\n" for line in lines)
    space: dict[str, Any] = {}
    source = f"def written({parameters}{given}):\n{body}"
    try:
        exec(compile(source, GENERATED, "exec"), space)  # noqa: S102 - no text of a definition is in it
    except (RecursionError, MemoryError, SyntaxError):  # thousands of rules, or parentheses, are too many for Python
        raise Unwritten from None
    code: CodeType = space["written"].__code__
    return code


_SPACE: dict[str, Any] = {"__builtins__": builtins}


def _text(value: Json) -> str:
    return value if type(value) is str else str(value) if type(value) is int else to_text(value)


def write_names(root: str, names: tuple[str | int, ...]) -> Write | None:
    """`root['a']['b']`; a name looked up in anything but an object raises. None where an index is among the names."""
    if not all(isinstance(name, str) for name in names):
        return None
    return lambda writer: root + "".join(f"[{writer.constant(name)}]" for name in names)


def write_object(members: dict[str, Any]) -> Write:
    """A new object; members that are closures are evaluated, the others are constants."""
    return lambda writer: (
        "{" + ", ".join(f"{writer.constant(name)}: {_member(writer, member)}" for name, member in members.items()) + "}"
    )


def write_array(items: list[Any]) -> Write:
    """A new array; see write_object."""
    return lambda writer: "[" + ", ".join(_member(writer, item) for item in items) + "]"


def _member(writer: Writer, member: Any) -> str:
    return writer.ask(member) if callable(member) else writer.constant(member)


def write_placement(names: tuple[str | int, ...]) -> Write | None:
    """`raw` with `result` in the place that the names lead to, all objects on the way copied."""
    if not names or not all(isinstance(name, str) for name in names):
        return None

    def write(writer: Writer) -> str:
        opening, inner = "", "raw"
        for number, name in enumerate(names):
            key = writer.constant(name)
            opening += f"{{**{inner}, {key}: "
            inner = f"{inner}[{key}]"
            if number == len(names) - 1:
                opening += "result"
        return opening + "}" * len(names)

    def steps(writer: Writer) -> list[str]:
        lines, holder = ["p0 = raw.copy()"], "p0"
        for number, name in enumerate(names[:-1], 1):
            key = writer.constant(name)
            lines.append(f"{holder}[{key}] = p{number} = {holder}[{key}].copy()")
            holder = f"p{number}"
        return [*lines, f"{holder}[{writer.constant(names[-1])}] = result"]

    cast("Any", write).steps = steps
    return write


def statements(write: Write, writer: Writer) -> tuple[list[str], str]:
    """What a generated function does for an expression, and the expression that then gives its value.

    Copying and setting takes half as long as `{**...}`. An array has no place of a name, and raises.
    """
    steps = getattr(write, "steps", None)
    return ([], write(writer)) if steps is None else (steps(writer), "p0")


def write_choice(tests: Sequence[Any]) -> Write:
    """The number of the first test that is true; how many tests there are if none is."""

    def write(writer: Writer) -> str:
        return "".join(f"{number} if {test} else " for number, test in enumerate(asked(writer))) + str(len(tests))

    def asked(writer: Writer) -> list[str]:
        return [writer.ask(test) for test in tests]

    cast("Any", write).tests = asked
    return write


def written_tests(choose: Any, writer: Writer) -> list[str]:
    """The tests of a choice, one by one, for whoever forks where they do. Raises Unwritten."""
    tests = getattr(getattr(choose, "write", None), "tests", None)
    if tests is None:
        raise Unwritten
    return cast("list[str]", tests(writer))


_SMALL = 2**29
"""Two integers of which each is less have a sum within every bound, and Python compares them faster than larger ones."""


def write_sum(left: Any, right: Any) -> Write:
    """The sum of two integers that are small; anything else raises."""

    def write(writer: Writer) -> str:
        tests, terms = [], []
        for operand in (left, right):
            written = _member(writer, operand)
            if type(operand) is int and abs(operand) < _SMALL:
                terms.append(written)
                continue
            name = writer.variable()
            tests.append(f"type({name} := {written}) is int and -{_SMALL} < {name} < {_SMALL}")
            terms.append(name)
        return f"({terms[0]} + {terms[1]} if {' and '.join(tests) or 'True'} else 0 / 0)"

    return write


def write_text(pieces: list[str], values: tuple[Any, ...]) -> Write:
    """Pieces of text with the values between them, as Java writes them."""

    def write(writer: Writer) -> str:
        parts = [writer.constant(pieces[0])]
        for value, piece in zip(values, pieces[1:], strict=True):
            parts += (f"text({_member(writer, value)})", writer.constant(piece))
        return "(" + " + ".join(parts) + ")"

    return write


__all__ = [
    "GENERATED", "Unwritten", "Write", "Writer", "drawing", "generate", "has_written", "statements", "writable", "write_array", "write_choice",
    "write_names", "write_object", "write_placement", "write_sum", "write_text", "written",
    "written_tests",
]  # fmt: skip
