"""The fallback engine: jsonata2py, pure Python, for machines that have no wheel of jlens.

Knows: how jsonata2py is called. Must never know: fields or states.

It counts calls and watches the clock, but has no bound on the size of a value or on the depth of what is no call;
docs/jsonata.md says what follows.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable

import jsonata2py
from jsonata2py.runtime.values import MISSING

from asl_local.language import Scope
from asl_local.language.jsonata import seam
from asl_local.language.jsonata.functions import BUILT_IN, FUNCTIONS, Function, number
from asl_local.language.jsonata.seam import Bound, Exceeded, NoValue, Outcome, Program, Thrown
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
_PLACE = re.compile(r" \(position \d+\)$")


class _Jsonata2py:
    def compile(self, text: str, names: frozenset[str]) -> Program:
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
            self._compiled[replaced] = found
        return found

    def evaluate(self, states: dict[str, Json], variables: dict[str, Json], scope: Scope) -> Outcome:
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
        if isinstance(cause, MemoryError):
            return Exceeded(Bound.MEMORY)
        cause = cause.__cause__ or cause.__context__
    code, message = error.error_code or "D3137", _PLACE.sub("", error.message)
    if code == "U1001":
        return Exceeded(Bound.TIME if "timeout" in message else Bound.DEPTH)
    return Thrown(code, _MESSAGES.get(code, message))


ENGINE = _Jsonata2py()
