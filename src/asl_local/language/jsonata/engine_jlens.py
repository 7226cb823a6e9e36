"""The engine of choice: jlens, a JSONata in Rust.

Knows: how jlens is called, and how it tells undefined, null and functions apart. Must never know: fields or states.

jlens copies every binding on every call, but reads its input document only where the expression does. So the input is
one object with `$states` and the variables, which a prologue binds; a 200 KB state costs nothing that way. An epilogue
boxes the result with its type, because undefined, null and a function would all come out as None.

That object must not be seen as the context, which is nothing on AWS. Where an expression hands its context to a
function, the variables travel as bindings.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping
from typing import Any

import jlens

from asl_local.language import Scope
from asl_local.language.jsonata import seam
from asl_local.language.jsonata.functions import BUILT_IN, FUNCTIONS, Function
from asl_local.language.jsonata.infinities import with_text_for_infinity
from asl_local.language.jsonata.seam import Bound, Exceeded, NoValue, Outcome, Program, Thrown
from asl_local.language.jsonata.syntax import parts
from asl_local.language.jsonata.tokens import next_token
from asl_local.values import Json

_NONE: frozenset[str] = frozenset()
_RESULT = "$asl_local_result"
# The box costs two levels of evaluation.
_BOX_LEVELS = 2
_LIMITS: dict[str, Any] = {
    "max_depth": seam.DEEPEST + _BOX_LEVELS,
    "max_steps": seam.MOST_STEPS,
    "max_array_length": seam.LONGEST_ARRAY,
    "max_string_length": seam.LONGEST_TEXT,
    "max_result_size": seam.LONGEST_TEXT,
    "timeout": seam.SECONDS,
}
_BOUNDS = {
    "D1011": Bound.DEPTH,
    "D1012": Bound.TIME,
    "D2016": Bound.MEMORY,
    "U1001": Bound.MEMORY,
    "U1006": Bound.TIME,
}
# Messages that write a number in another way than version 2.0.6: 9.0 for 9, and 1e7 for its (wrong) 1e6.
_OWN_NUMBERS = frozenset(("D2014", "D3060", "D3061", "D3100"))
_WHOLE = re.compile(r"(\d)\.0\b")
# A host function's None is undefined; $parse("null") is null, so its result travels in a box.
_PARSE = '$parse := function($text)<s?:x>{$lookup($asl_local_parse($text), "v")};'


class _Local(threading.local):
    """The scope's own chance, for the functions that the engine calls back on the thread that evaluates."""

    draw: Callable[[], float]


_LOCAL = _Local()


class _Jlens:
    def compile(self, text: str, names: frozenset[str]) -> Program:
        return _Expression(text, names).evaluate


class _Expression:
    """One expression; its compiled forms differ in which functions a variable of the same name has replaced."""

    def __init__(self, text: str, names: frozenset[str], *, whole: bool = False) -> None:
        self._text = text
        self._names = names
        self._hosts = names & FUNCTIONS.keys()
        self._lazy: dict[frozenset[str], tuple[int, jlens.Expression]] = {}
        self._moment = bool(names & {"now", "millis"})
        self._shuffle = "shuffle" in names
        self._draws = not names.isdisjoint(("random", "shuffle", "uuid"))
        self._whole = whole
        self._may_retry = False
        self._strict: _Expression | None = None
        if not whole:
            _parse(text)
            read = self._register(_parse(_without_objects(text))).reads().get("input")
            # With {} it is a function for texts or numbers that may come to its context: our document is neither, so that
            # then fails. But what has drawn random numbers by then must not do so again; and a join looks at it as well.
            self._may_retry = read == {} and not self._draws and not _has_joins(text)
            self._whole = read is not None and not self._may_retry

    def _register(self, expression: jlens.Expression) -> jlens.Expression:
        for name in self._hosts:
            function = FUNCTIONS[name]
            signature = f"<{function.arguments}:x>"
            expression.register_function(name, self._host(function, boxed=False), signature)
            if name == "parse":
                expression.register_function("asl_local_parse", self._host(function, boxed=True), signature)
        return expression

    def _host(self, function: Function, *, boxed: bool) -> Callable[..., Json]:
        def call(*arguments: Json) -> Json:
            value = function.apply(_LOCAL.draw, *arguments)
            if value is NoValue.UNDEFINED:
                return None
            return {"v": value} if boxed else value

        return call

    def _compile(self, replaced: frozenset[str]) -> tuple[int, jlens.Expression]:
        """The compiled form, and how many characters stand in it before the expression itself."""
        bound = [name for name in sorted(self._names) if name not in BUILT_IN or name in replaced]
        prologue = "$eval := null;" if "eval" in self._names else ""
        if "parse" in self._names and "parse" not in replaced:
            prologue += _PARSE
        if not self._whole:
            prologue += "".join(f"${name} := `{name}`;" for name in ("states", *bound))
        box = f'{{"t": $type({_RESULT}), "v": {_RESULT}}}'
        prologue = f"({prologue}{_RESULT} := "
        expression = self._register(_parse(f"{prologue}{self._text}\n;{box})"))
        found = self._lazy[replaced] = len(prologue), expression
        return found

    def evaluate(self, states: Mapping[str, Json], variables: Mapping[str, Json], scope: Scope) -> Outcome:
        if self._strict is not None:
            return self._strict.evaluate(states, variables, scope)
        options = _LIMITS
        if self._moment:
            options = {**options, "now": round(scope.moment() * 1000)}
        if self._shuffle:
            options = {**options, "seed": int(scope.draw() * 2**53)}
        if self._hosts:
            _LOCAL.draw = scope.draw
        document = {**variables, "states": states}
        replaced = BUILT_IN.intersection(variables) if variables else _NONE
        prologue, expression = self._lazy.get(replaced) or self._compile(replaced)
        try:
            arguments = (None, document) if self._whole else (document,)
            box = expression.evaluate(*arguments, **options)
        except jlens.JlensError as error:
            if error.code == "T0411" and self._may_retry:
                self._strict = _Expression(self._text, self._names, whole=True)
                return self._strict.evaluate(states, variables, scope)
            if error.code == "D1001" and error.position is not None:
                text = with_text_for_infinity(self._text, error.token, error.position - prologue)
                if text is not None:
                    return _Expression(text, self._names).evaluate(states, variables, scope)
            raise _failure(error) from None
        kind = box.get("t")
        if kind is None:
            return NoValue.UNDEFINED
        if kind == "function":
            return NoValue.FUNCTION
        value = box["v"]
        return "NaN" if value is None and kind != "null" else value


def _has_joins(text: str) -> bool:
    return any(node.kind in ("focus", "index") for node in parts(text))


def _without_objects(text: str) -> str:
    """The expression with arrays for its objects, which read their context too, but only as if: they do nothing with it."""
    characters = list(text)
    for node in parts(text):
        if node.kind == "object":
            characters[node.start], characters[node.end - 1] = "[", "]"
            for name in node.parts[::2]:
                characters[next_token(text, name.end, infix=True).start] = ","
    return "".join(characters)


def _parse(text: str) -> jlens.Expression:
    try:
        return jlens.Expression(text)
    except jlens.JlensError as error:
        raise _failure(error) from None
    except UnicodeEncodeError:
        raise Thrown("S0205", "Half of a surrogate pair is no character") from None


def _failure(error: jlens.JlensError) -> Thrown | Exceeded:
    if error.code in _BOUNDS:
        return Exceeded(_BOUNDS[error.code])
    message = str(error)
    if error.code in _OWN_NUMBERS:
        message = _WHOLE.sub(r"\1", message).replace("1e7", "1e6")
    return Thrown(error.code, message)


ENGINE = _Jlens()
