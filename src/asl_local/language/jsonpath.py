"""JSONPath as AWS evaluates it: text -> compiled path.

Knows: JSON values and the path dialect. Must never know: which field of which state a path stands in.

AWS does not name its JSONPath library, but every published observation of it (message texts included) fits Jayway
JsonPath 2.0.0 of 2015 and none of the later releases, so that release's behaviour is the rule here, where it differs
from RFC 9535 too: a path of names and single indexes has one value or fails, every other path has a list; a filter
tests an object itself, not its members; a negative index finds nothing; `['a','b']` is one object.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Literal, NoReturn

from asl_local.errors import ExpressionSyntaxError
from asl_local.language import Flow, Scope
from asl_local.language.filters import Test, compile_filter
from asl_local.language.generated import writable, write_names
from asl_local.language.steps import NotFound, PathError, Step, compile_reference, compile_steps
from asl_local.lazy import dataclass, field, pattern
from asl_local.values import Json

__all__ = ["NotFound", "Path", "PathError", "flow", "parse"]


@dataclass(frozen=True, slots=True)
class Path:
    """A parsed path.

    `root` says what `$` stands for: the state's input, the Context Object (`$$`) or the variable named `variable`.
    `definite` paths have one value, all others a list. `reference` paths are Reference Paths in the sense of the
    States Language (names and non-negative indexes only); `steps` holds those names and indexes, for them only;
    `walk` holds the steps of every path.
    `find(document)` evaluates; it raises PathError. It takes a scope too and ignores it, and so is a Flow itself.
    """

    text: str
    root: Literal["input", "context", "variable"]
    variable: str | None
    definite: bool
    reference: bool
    steps: tuple[str | int, ...]
    find: Callable[..., Json] = field(repr=False, compare=False)
    walk: tuple[Step, ...] = field(default=(), repr=False, compare=False)


# ---------------------------------------------------------------------------------------------------------- parsing

_VARIABLE = pattern(r"\$(?=[^\W\d])\w+")
_DOTTED_NAME = pattern(r"[^.\[\]\s']+")
_QUOTED_NAMES = pattern(r"\s*'([^']*)'\s*(?:,\s*'[^']*'\s*)*")
_QUOTED_NAME = pattern(r"'([^']*)'")
_INDEXES = pattern(r"\s*-?\d+\s*(?:,\s*-?\d+\s*)*")
_SLICE = pattern(r"\s*(-?\d*)\s*:\s*(-?\d*)\s*(?::\s*-?\d*\s*)?")
_FROM_THE_END = pattern(r"\(\s*@\.(?:length|size)(?:\(\))?\s*-\s*(\d+)\s*\)")
_LARGEST_INDEX = 2**31 - 1


def _refuse(message: str, text: str, offset: int) -> NoReturn:
    raise ExpressionSyntaxError(f"{message} at character {offset + 1} of the path {text!r}", text, offset)


@lru_cache(maxsize=4096)
def parse(text: str) -> Path:
    """The compiled path: `$...` (input), `$$...` (Context Object) or `$name...` (variable).

    Raises ExpressionSyntaxError for what AWS refuses when a state machine is created. Blanks after a path do no harm.
    """
    source = text.rstrip()
    root: Literal["input", "context", "variable"] = "input"
    variable: str | None = None
    start = 1
    if not source.startswith("$"):
        _refuse("a path starts with '$'", text, 0)
    if source.startswith("$$"):
        root, start = "context", 2
    elif match := _VARIABLE.match(source):
        root, variable, start = "variable", match[0][1:], match.end()
    steps = _parse_steps(source, start)
    find = compile_steps(source, steps)
    reference = all(step.kind == "name" or (step.kind == "index" and step.value >= 0) for step in steps)
    names: tuple[str | int, ...] = ()
    if reference:
        names = tuple(step.value for step in steps)
        find = compile_reference(names, find)
        write = write_names("value", names) if names else None
        if write is not None and root == "input":
            find = writable(find, write)
    definite = all(step.definite for step in steps)
    return Path(text, root, variable, definite, reference, names, find, tuple(steps))


def _parse_steps(text: str, start: int) -> list[Step]:
    steps: list[Step] = []
    position, end = start, len(text)
    while position < end:
        character = text[position]
        if character == "[":
            close = _closing_bracket(text, position)
            steps.append(_bracket(text, position, text[position + 1 : close]))
            position = close + 1
            continue
        if character == ".":
            position += 1
            if text.startswith(".", position):
                steps.append(Step("scan", ".."))
                position += 1
            if position == end:
                _refuse("a name or a bracket is missing", text, position)
            if text[position] == "[":
                continue
        elif position == start:
            _refuse("'.' or '[' is missing", text, position)
        match = _DOTTED_NAME.match(text, position)
        if match is None:
            if text[position] == ".":
                continue  # `$...a` reads as `$..a`
            _refuse(
                f"{text[position]!r} cannot stand here (put names that hold it in brackets: ['a b'])", text, position
            )
        name = match[0]
        steps.append(Step("wildcard", "[*]") if name == "*" else Step("name", f"['{name}']", name))
        position = match.end()
    return steps


def _closing_bracket(text: str, start: int) -> int:
    is_filter = text.startswith("[?", start)
    depth, quoted = 0, False
    for position in range(start, len(text)):
        character = text[position]
        if character == "'":
            # In a filter a backslash takes a quote's meaning away; in brackets around a name it is a plain character.
            if not (is_filter and text[position - 1] == "\\"):
                quoted = not quoted
        elif not quoted and character in "[(":
            depth += 1
        elif not quoted and character in "])":
            depth -= 1
            if depth == 0:
                return position
    _refuse("a quote is not closed" if quoted else "a bracket is not closed", text, start)


def _bracket(text: str, offset: int, inner: str) -> Step:
    if inner == "*":
        return Step("wildcard", "[*]")
    if inner.startswith("?"):
        return Step("filter", "[?]", _filter(text, offset, inner))
    if _QUOTED_NAMES.fullmatch(inner):
        names = _QUOTED_NAME.findall(inner)
        shown = ", ".join([f"'{name}'" for name in names])
        return Step("name", f"[{shown}]", names[0]) if len(names) == 1 else Step("names", f"[{shown}]", names)
    if _INDEXES.fullmatch(inner):
        indexes = [_index(text, offset, number) for number in inner.split(",")]
        shown = ",".join(map(str, indexes))
        return Step("index", f"[{shown}]", indexes[0]) if len(indexes) == 1 else Step("indexes", f"[{shown}]", indexes)
    if (match := _SLICE.fullmatch(inner)) and (match[1] or match[2]):
        first, bound = (_index(text, offset, number) if number else None for number in match.group(1, 2))
        shown = f"{'' if first is None else first}:{'' if bound is None else bound}"
        return Step("slice", f"[{shown}]", (first, bound))
    if match := _FROM_THE_END.fullmatch(inner):
        return Step("last", f"[@.size()-{match[1]}]", _index(text, offset, match[1]))
    hint = " (AWS's paths know no double quotes, write ['name'])" if '"' in inner else ""
    _refuse(f"'[{inner}]' is no step{hint}", text, offset)


def _index(text: str, offset: int, number: str) -> int:
    try:
        index = int(number)
    except ValueError:
        _refuse(f"{number.strip()!r} is no index", text, offset)
    if abs(index) > _LARGEST_INDEX:
        _refuse(f"the index {index} is larger than {_LARGEST_INDEX}", text, offset)
    return index


def _filter(text: str, offset: int, inner: str) -> Test:
    inner = inner[1:].strip()
    if not (inner.startswith("(") and inner.endswith(")")):
        _refuse("a filter is written [?(...)]", text, offset)
    try:
        return compile_filter(inner[1:-1], _operand)
    except ExpressionSyntaxError as error:
        raise ExpressionSyntaxError(f"{error} in the filter of the path {text!r}", text, offset) from None


def _operand(text: str) -> Path:
    """A path inside a filter; `@` (the item) and `$` (the whole document) both read as the root here."""
    path = parse("$" + text[1:])
    if path.root != "input":
        raise ExpressionSyntaxError(f"{text!r} is neither a path from '@' nor one from '$'", text, 0)
    if not path.definite:
        raise ExpressionSyntaxError(f"{text!r} may find several values", text, 0)
    return path


def flow(text: str) -> Flow:
    """The path as a Flow: evaluated against the input, the Context Object (`$$...`) or a variable (`$name...`).

    Raises ExpressionSyntaxError at once, and PathError when it is evaluated and finds nothing.
    """
    path = parse(text)
    find = path.find
    if path.root == "context":
        read: Flow = lambda _value, scope: find(scope.context())  # noqa: E731
        inside = path.reference and path.steps[:2] == ("Map", "Item")
        write = write_names("scope.map_item()", path.steps[2:]) if inside else None
        return read if write is None else writable(read, write)
    if path.root == "variable":
        return _of_variable(path)
    return find


def _of_variable(path: Path) -> Flow:
    name, find, bare = path.variable or "", path.find, path.reference and not path.steps

    def read(_value: Json, scope: Scope) -> Json:
        try:
            value = scope.variable(name)
        except KeyError:
            error = NotFound(f"the variable ${name} has no value")
            error.path = path.text
            raise error from None
        return value if bare else find(value)

    write = write_names("scope.variable({})", path.steps) if path.reference else None
    return read if write is None else writable(read, lambda writer: write(writer).format(writer.constant(name)))
