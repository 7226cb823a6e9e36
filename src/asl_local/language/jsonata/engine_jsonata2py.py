"""The fallback engine: jsonata2py, pure Python, for machines that have no wheel of jlens.

Knows: how jsonata2py is called. Must never know: fields or states.

The library counts calls and watches the clock between them. How large a value grows and how long one regular expression
searches it does not bound: for that, the helpers that its generated code calls by name are wrapped here.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping

import jsonata2py
from jsonata2py.runtime.values import MISSING, JRegex

from asl_local.language import Scope
from asl_local.language.jsonata import seam
from asl_local.language.jsonata.functions import BUILT_IN, FUNCTIONS, Function, number
from asl_local.language.jsonata.seam import Bound, Exceeded, NoValue, Outcome, Program, Thrown
from asl_local.language.jsonata.syntax import parse, walk
from asl_local.values import Json

# Names of the library's own functions win over bindings there, so a prologue puts ours in their place.
_PROLOGUES = {
    "now": "$now := function($picture, $zone){$fromMillis($asl_local_moment, $picture, $zone)};",
    "millis": "$millis := function(){$asl_local_moment};",
    "random": "$random := function($seed){$asl_local_random($seed)};",
    "shuffle": "$shuffle := function($array){$asl_local_shuffle($array)};",
}
_ARGUMENT = re.compile(r"(\(\w+\)|\w)(\??)")
_KINDS: dict[str, Callable[[Json], bool]] = {
    "s": lambda value: isinstance(value, str),
    "n": lambda value: isinstance(value, (int, float)) and not isinstance(value, bool),
    "(absno)": lambda value: value is not None,
}
_MESSAGES = {"T1006": "Attempted to invoke a non-function"}
_OPERATOR = re.compile(r"of the (\S+) operator must")
_PLACE = re.compile(r" \(position \d+\)$")


# Generated code finds these among its globals; what they return is looked at, or what they are given.
_GROWING = ("concat", "array_of", "fn_append", "fn_append_all", "fn_join", "fn_spread", "fn_zip")
_WRITING = ("concat", "fn_string")
_RANGES = ("range_", "range_flatten")
_ESCAPING = ("fn_encodeUrl", "fn_encodeUrlComponent")


class _Jsonata2py:
    def compile(self, text: str, names: frozenset[str]) -> Program:
        if any(node.kind in ("focus", "index") for node in walk(parse(text))):
            # It would find nothing in a path that starts at a variable, without a word.
            raise Thrown("S0500", "@ and # in a path need jlens: pip install jlens")
        _compile(text)
        return _Expression(text, names).evaluate


def _compile(text: str) -> jsonata2py.CompiledExpression:
    try:
        return jsonata2py.compile(text)
    except jsonata2py.JsonataCompilationError as error:
        if isinstance(error.__cause__, RecursionError):
            raise Exceeded(Bound.DEPTH) from None
        raise Thrown(error.error_code or "S0500", _PLACE.sub("", error.message)) from None


class _Expression:
    def __init__(self, text: str, names: frozenset[str]) -> None:
        self._text = text
        self._names = names
        self._compiled: dict[frozenset[str], jsonata2py.CompiledExpression] = {}

    def _for(self, replaced: frozenset[str]) -> jsonata2py.CompiledExpression:
        found = self._compiled.get(replaced)
        if found is None:
            prologue = "$eval := null;" if "eval" in self._names else ""
            prologue += "".join(_PROLOGUES[name] for name in sorted(self._names & _PROLOGUES.keys()))
            prologue += "".join(f"${name} := $asl_local_variable_{name};" for name in sorted(replaced))
            found = _compile(f"({prologue}{self._text}\n)" if prologue else self._text)
            found.set_timeout(int(seam.SECONDS * 1000))
            _bound(found._entry_point.__globals__)  # noqa: SLF001  the library is pinned exactly
            self._compiled[replaced] = found
        return found

    def evaluate(self, states: Mapping[str, Json], variables: Mapping[str, Json], scope: Scope) -> Outcome:
        replaced = BUILT_IN.intersection(variables)
        bindings = jsonata2py.JsonataBindings()
        bindings.bind_value("states", states)
        for name, value in variables.items():
            bindings.bind_value(f"asl_local_variable_{name}" if name in replaced else name, value)
        for name in self._names & FUNCTIONS.keys() - replaced:
            bindings.bind_function("asl_local_random" if name == "random" else name, _host(name, scope))
        if "shuffle" in self._names:
            bindings.bind_function("asl_local_shuffle", _shuffle(scope))
        if self._names & {"now", "millis"}:
            bindings.bind_value("asl_local_moment", round(scope.moment() * 1000))
        try:
            return _outcome(self._for(replaced).evaluate(MISSING, bindings))
        except jsonata2py.JsonataEvaluationError as error:
            raise _failure(error) from None
        except RecursionError:
            raise Exceeded(Bound.DEPTH) from None
        except MemoryError:
            raise Exceeded(Bound.MEMORY) from None


def _host(name: str, scope: Scope) -> jsonata2py.JsonataBoundFunction:
    function: Function = FUNCTIONS[name]
    parameters = _ARGUMENT.findall(function.arguments)

    def call(*arguments: Json) -> Json:
        given = [argument for argument in arguments[: len(parameters)] if argument is not MISSING]
        for at, (kind, optional) in enumerate(parameters):
            present = at < len(arguments) and arguments[at] is not MISSING
            if present and not _KINDS[kind](arguments[at]):
                raise _signature(name, at + 1)
            if not present and not optional and not given:
                raise _signature(name, at + 1)
        if len(arguments) > len(parameters) and arguments[len(parameters)] is not MISSING:
            raise _signature(name, len(parameters) + 1)
        values = [None if argument is MISSING else argument for argument in arguments[: len(parameters)]]
        value = function.apply(scope.draw, *values)
        return MISSING if value is NoValue.UNDEFINED else value

    return jsonata2py.bound_function(f"<{'x?' * max(1, len(parameters))}:x>")(call)


def _signature(name: str, position: int) -> Thrown:
    return Thrown("T0410", f'Argument {position} of function "{name}" does not match function signature')


def _shuffle(scope: Scope) -> jsonata2py.JsonataBoundFunction:
    def call(array: Json) -> Json:
        if array is MISSING:
            return MISSING
        items = list(array) if isinstance(array, list) else [array]
        for last in range(len(items) - 1, 0, -1):
            other = int(scope.draw() * (last + 1))
            items[last], items[other] = items[other], items[last]
        return items

    return jsonata2py.bound_function("<x?:x>")(call)


def _is_function(value: object) -> bool:
    return not isinstance(value, (str, int, float, list, dict)) and value is not None and value is not MISSING


def _outcome(value: Json) -> Outcome:
    if value is MISSING:
        return NoValue.UNDEFINED
    if _is_function(value):
        return NoValue.FUNCTION
    if isinstance(value, (list, dict)):
        _measure(value)
    return _json(value)


def _json(value: Json) -> Json:
    """A result as JSON: infinities become texts as on AWS, functions in objects vanish."""
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, (int, float)):
        return number(value)
    if isinstance(value, dict):
        return {
            name: _json(member) for name, member in value.items() if member is not MISSING and not _is_function(member)
        }
    return [None if _is_function(item) or item is MISSING else _json(item) for item in value]


def _failure(error: jsonata2py.JsonataEvaluationError) -> Thrown | Exceeded:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, (Thrown, Exceeded)):
            return cause
        if isinstance(cause, (MemoryError, TimeoutError)):
            return Exceeded(Bound.MEMORY if isinstance(cause, MemoryError) else Bound.TIME)
        cause = cause.__cause__ or cause.__context__
    code, message = error.error_code or "D3137", _PLACE.sub("", error.message)
    if code == "U1001":
        return Exceeded(Bound.TIME if "timeout" in message else Bound.DEPTH)
    return Thrown(code, _MESSAGES.get(code) or _OPERATOR.sub(r'of the "\1" operator must', message))


# ------------------------------------------------------------------------------------------------------------ bounds


def _bound(helpers: dict[str, Callable[..., Json]]) -> None:
    if "asl_local_bound" in helpers:
        return
    helpers["asl_local_bound"] = _bound
    for names, wrap in ((_GROWING, _growing), (_WRITING, _writing), (_RANGES, _range), (_ESCAPING, _escaping)):
        for name in names:
            helpers[name] = wrap(helpers[name])
    helpers["fn_pad"] = _pad(helpers["fn_pad"])
    helpers["fn_replace"] = _replace(helpers["fn_replace"])
    helpers["regex_value"] = _regex(helpers["regex_value"])


def _growing(helper: Callable[..., Json]) -> Callable[..., Json]:
    def call(*arguments: Json) -> Json:
        value = helper(*arguments)
        if isinstance(value, (str, list)):
            _check(len(value), seam.LONGEST_TEXT if isinstance(value, str) else seam.LONGEST_ARRAY)
        return value

    return call


def _check(size: float, limit: int) -> None:
    if size > limit:
        raise Exceeded(Bound.MEMORY)


def _writing(helper: Callable[..., Json]) -> Callable[..., Json]:
    """What is written as text may share its parts many times over, so it is measured first."""

    def call(*arguments: Json) -> Json:
        for argument in arguments:
            if isinstance(argument, (list, dict)):
                _measure(argument)
        return helper(*arguments)

    return call


def _measure(value: Json) -> None:
    stack, seen = [value], 0
    while stack:
        part = stack.pop()
        seen += len(part) if isinstance(part, str) else 1
        _check(seen, seam.LONGEST_ARRAY)
        if isinstance(part, dict):
            stack.extend(part.values())
        elif isinstance(part, list):
            stack.extend(part)


def _range(helper: Callable[..., Json]) -> Callable[..., Json]:
    def call(first: Json, last: Json) -> Json:
        if _KINDS["n"](first) and _KINDS["n"](last) and last - first < 10_000_000:  # from there on D2014
            _check(last - first + 1, seam.LONGEST_ARRAY)
        return helper(first, last)

    return call


def _escaping(helper: Callable[..., Json]) -> Callable[..., Json]:
    def call(text: Json) -> Json:
        if isinstance(text, str):
            _check(3 * len(text), seam.LONGEST_TEXT)
        return helper(text)

    return call


def _pad(helper: Callable[..., Json]) -> Callable[..., Json]:
    def call(text: Json, width: Json, *more: Json) -> Json:
        if _KINDS["n"](width):
            _check(abs(width), seam.LONGEST_TEXT)
        return helper(text, width, *more)

    return call


def _replace(helper: Callable[..., Json]) -> Callable[..., Json]:
    def call(text: Json, pattern: Json, replacement: Json, *more: Json) -> Json:
        if isinstance(text, str) and isinstance(replacement, str):
            longest = len(text) * (1 + len(replacement))
            if longest > seam.LONGEST_TEXT:
                _check(len(text) + len(replacement) * _occurrences(text, pattern), seam.LONGEST_TEXT)
        return helper(text, pattern, replacement, *more)

    return call


def _occurrences(text: str, pattern: Json) -> int:
    return text.count(pattern) if isinstance(pattern, str) else pattern.compiled.count(text)


class _Timed:
    """A compiled regular expression whose searches end."""

    def __init__(self, pattern: Json) -> None:
        self._pattern = pattern

    def search(self, text: str, position: int = 0) -> Json:
        return self._pattern.search(text, position, timeout=seam.SECONDS)

    def count(self, text: str) -> int:
        return sum(1 for _ in self._pattern.finditer(text, timeout=seam.SECONDS))


def _regex(helper: Callable[..., JRegex]) -> Callable[..., JRegex]:
    def call(pattern: str, flags: str) -> JRegex:
        found = helper(pattern, flags)
        return JRegex(found.pattern, found.flags, _Timed(found.compiled))

    return call


ENGINE = _Jsonata2py()
