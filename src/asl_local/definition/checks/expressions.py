"""Checks of JSONPath's expressions: paths, intrinsic function calls, payload templates.

Knows: which expressions AWS takes in which kind of field, and its words for those it does not take. Must never know:
states and their fields; the caller says what stands where.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from asl_local.definition import diagnostics as codes
from asl_local.definition.checks.variables import Variables
from asl_local.definition.diagnostics import Findings
from asl_local.definition.json_text import escape
from asl_local.definition.source import PLACEHOLDER
from asl_local.errors import ExpressionSyntaxError
from asl_local.language.jsonata import is_jsonata
from asl_local.lazy import dataclass, later, pattern
from asl_local.values import Json

if TYPE_CHECKING:
    from asl_local.language import intrinsics, jsonpath
else:
    later(globals(), "asl_local.language.intrinsics", "asl_local.language.jsonpath")

NOT_A_PATH = "Value must be a valid JSONPath."
NOT_A_REFERENCE_PATH = "Value is not a Reference Path"
NOT_AN_OPERAND = f"{NOT_A_REFERENCE_PATH}: Reference path didn't start with '$'"  # of a Choice rule (measured)

# What a Fail state's ErrorPath and CausePath may call: the functions whose value is text, and ArrayGetItem, whose value
# may be (Developer Guide, "Fail").
TEXT_FUNCTIONS: Final = (
    "States.Format", "States.JsonToString", "States.ArrayGetItem", "States.Base64Encode", "States.Base64Decode",
    "States.Hash", "States.UUID",
)  # fmt: skip
_LOOKS_LIKE_A_PATH = pattern(r"\$\$?(?:\.[\w\[]|\[['\d*?]).*|\$\$", re.DOTALL)
_LOOKS_LIKE_A_CALL = pattern(r"States\.[A-Za-z]\w*\(.*\)\s*", re.DOTALL)
_QUOTED = pattern(r"'(?:[^'\\]|\\.)*'", re.DOTALL)
_VARIABLE = pattern(r"(?<![\w$])\$((?=[^\W\d])\w+)")


def looks_dynamic(value: Json) -> bool:
    """Whether a string reads as a path or a call that somebody meant to be evaluated."""
    return isinstance(value, str) and bool(_LOOKS_LIKE_A_PATH.fullmatch(value) or _LOOKS_LIKE_A_CALL.fullmatch(value))


@dataclass(frozen=True, slots=True)
class Expressions:
    """The checks of expressions, told into `findings`."""

    findings: Findings
    variables: Variables

    # -- paths

    def path(self, text: str, pointer: str, *, message: str = NOT_A_PATH) -> None:
        """Any path: into the input or the Context Object, with one value or several."""
        self._parsed(text, pointer, message)

    def reference_path(
        self, text: str, pointer: str, *, context: bool, variables: bool = True, message: str = NOT_A_REFERENCE_PATH
    ) -> None:
        """A Reference Path: names and indexes only; into the Context Object only if `context`."""
        path = self._parsed(text, pointer, NOT_A_PATH if message == NOT_A_REFERENCE_PATH else message, variables)
        if path is None:
            return
        if path.root == "variable" and not variables:
            self.findings.error(pointer, message, hint="a result goes into the input; Assign sets variables")
        elif not path.reference:
            why = "a Reference Path leads to one value: only names and indexes, no [*], .., filters or slices"
            self.findings.error(pointer, message, hint=why)
        elif path.root == "context" and not context:
            self.findings.error(pointer, message, hint="this field cannot look into the Context Object ($$)")

    def _parsed(self, text: str, pointer: str, message: str, reads: bool = True) -> jsonpath.Path | None:
        """The path; None if it does not parse, which has then been told."""
        try:
            path = jsonpath.parse(text)
        except ExpressionSyntaxError as error:
            if PLACEHOLDER.search(text):
                self.findings.placeholder(pointer, text, "$")
            else:
                hint = "an intrinsic function cannot stand here" if intrinsics.is_call(text) else str(error)
                self.findings.error(pointer, message, hint=hint)
            return None
        if path.variable is not None and reads:
            self.variables.read(path.variable, pointer)
        return path

    def text_path(self, text: str, pointer: str) -> None:
        """ErrorPath and CausePath: a Reference Path or one of the functions that give text."""
        if not intrinsics.is_call(text):
            message = "Value must be a valid Reference Path or a valid intrinsic function call"
            self.reference_path(text, pointer, context=True, message=message)
            return
        name = text.partition("(")[0].strip()
        if name not in TEXT_FUNCTIONS:
            self.findings.error(
                pointer, f"The intrinsic function {name} cannot be used here", hint=f"use {', '.join(TEXT_FUNCTIONS)}"
            )
            return
        self._call(text, pointer, pointer, "Value must be a valid Reference Path or a valid intrinsic function call")

    # -- payload templates

    def expression(self, value: Json, name: str, owner: str, at: str) -> None:
        """The value of a `name` that ends in `.$`, anywhere below the field at `owner`."""
        message = f"The value for the field '{name}' must be a valid JSONPath or a valid intrinsic function call"
        if not isinstance(value, str):
            kind = _TYPES[type(value)]
            self.findings.error(
                owner,
                f"The value for the field '{name}' must be a STRING that contains a JSONPath but was {kind}",
                at=at,
            )
            return
        if intrinsics.is_call(value):
            self._call(value, owner, at, message)
            return
        try:
            path = jsonpath.parse(value)
        except ExpressionSyntaxError as error:
            if PLACEHOLDER.search(value):
                self.findings.placeholder(owner, value, "$", at=at)
            else:
                self.findings.error(owner, message, hint=_expression_hint(value, error), at=at)
            return
        if path.variable is not None:
            self.variables.read(path.variable, at)

    def _call(self, text: str, owner: str, at: str, message: str) -> None:
        try:
            intrinsics.compile_call(text)
        except ExpressionSyntaxError as error:
            if PLACEHOLDER.search(text):
                self.findings.placeholder(owner, text, "$", at=at)
            else:
                self.findings.error(owner, message, hint=str(error), at=at)
            return
        for variable in _VARIABLE.findall(_QUOTED.sub("''", text)):
            self.variables.read(variable, at)

    def template(self, payload: Json, pointer: str, *, evaluated: bool = True) -> None:
        """A payload template at `pointer`; `evaluated` is False for a Pass state's Result, which is static."""
        if not isinstance(payload, (dict, list)):
            if evaluated:
                # The specification wants an object, its linter takes anything; nothing but an object evaluates a path.
                self.findings.warning(
                    pointer, "A payload template should be an object", code=codes.NO_DOLLAR,
                    hint="this is passed on as it is" + ("; write {\"x.$\": ...}" if looks_dynamic(payload) else ""),
                )  # fmt: skip
            elif looks_dynamic(payload):
                self._static(payload, pointer, pointer)
            return
        self._walk(payload, pointer, pointer, evaluated)

    def _walk(self, payload: Json, owner: str, at: str, evaluated: bool) -> None:
        if isinstance(payload, list):
            for index, item in enumerate(payload):
                self._walk(item, owner, f"{at}/{index}", evaluated)
        if not isinstance(payload, dict):
            return
        for name, value in payload.items():
            here = f"{at}/{escape(name)}"
            if not evaluated:
                if looks_dynamic(value):
                    self._static(value, owner, here)
                else:
                    self._walk(value, owner, here, evaluated)
            elif name.endswith(".$"):
                if name[:-2] in payload:
                    self.findings.error(
                        owner, f"The fields '{name[:-2]}' and '{name}' cannot stand side by side",
                        hint="keep one of the two", at=here, key=True,
                    )  # fmt: skip
                self.expression(value, name, owner, here)
            elif looks_dynamic(value):
                self.findings.warning(
                    owner, f"The value of the field '{name}' looks like a path or an intrinsic function call",
                    code=codes.NO_DOLLAR, hint=f"'{name}.$' would be evaluated; this is passed on as text", at=here,
                )  # fmt: skip
            else:
                self._walk(value, owner, here, evaluated)

    def _static(self, value: Json, owner: str, at: str) -> None:
        self.findings.warning(
            owner, f"Result is static: {value!r} is passed on as text", code=codes.PASS_RESULT_IS_STATIC,
            hint="use Parameters to take something out of the input", at=at,
        )  # fmt: skip


_TYPES: Final = {
    dict: "an OBJECT", list: "an ARRAY", bool: "a BOOLEAN", int: "a NUMBER", float: "a NUMBER", type(None): "NULL",
}  # fmt: skip


def _expression_hint(value: str, error: ExpressionSyntaxError) -> str:
    if intrinsics.is_call(value.strip()):
        return "remove the blanks before the function's name"
    if is_jsonata(value):
        return 'JSONata needs "QueryLanguage": "JSONata"'
    return str(error)


__all__ = ["TEXT_FUNCTIONS", "Expressions", "looks_dynamic"]
