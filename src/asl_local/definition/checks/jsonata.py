"""Checks of JSONata in a definition: delimiters, each expression at its place, and the variables it reads.

Knows: which strings a JSONata state evaluates, and AWS's codes for those it refuses. Must never know: states and their
fields; the caller says what stands where and what may be read there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from asl_local.definition import diagnostics as codes
from asl_local.definition.checks.variables import Variables, is_variable_name
from asl_local.definition.diagnostics import Findings
from asl_local.definition.json_text import escape
from asl_local.definition.source import PLACEHOLDER
from asl_local.language.jsonata import is_jsonata, problems
from asl_local.values import Json

_OPEN, _CLOSE = "{%", "%}"
_NOT_CODE = re.compile(r'"(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)*\'|`[^`]*`|/\*.*?\*/', re.DOTALL)
_NAMES = re.compile(r"\$(\w+)(\s*(?:\(|:=))?")
_PARAMETERS = re.compile(r"(?:function|λ)\s*\(([^)]*)\)")
_BOUND_TO = re.compile(r"[@#]\s*\$(\w+)")
# The functions that an expression may hand on by name: jsonata.org, "Built-in functions", and AWS's own.
FUNCTIONS: Final = frozenset(
    ["abs", "append", "assert", "average", "base64decode", "base64encode", "boolean", "ceil", "clone", "contains", "count", "decodeUrl", "decodeUrlComponent", "distinct", "each", "encodeUrl", "encodeUrlComponent", "error", "eval", "exists", "filter", "floor", "formatBase", "formatInteger", "formatNumber", "fromMillis", "join", "keys", "length", "lookup", "lowercase", "map", "match", "max", "merge", "millis", "min", "not", "now", "number", "pad", "parseInteger", "power", "random", "reduce", "replace", "reverse", "round", "shuffle", "sift", "single", "sort", "split", "spread", "sqrt", "string", "substring", "substringAfter", "substringBefore", "sum", "toMillis", "trim", "type", "uppercase", "zip", "hash", "parse", "partition", "range", "uuid"]
)


@dataclass(frozen=True, slots=True)
class Jsonata:
    """The checks of expressions, told into `findings`."""

    findings: Findings
    variables: Variables

    def payload(self, value: Json, at: str, visible: frozenset[str]) -> None:
        """Every string of a value, at any depth; object keys are never evaluated.

        `visible`: which of "result" and "errorOutput" the expressions may read.
        """
        if isinstance(value, str):
            self._text(value, at, visible)
        elif isinstance(value, list):
            for index, item in enumerate(value):
                self.payload(item, f"{at}/{index}", visible)
        elif isinstance(value, dict):
            for name, member in value.items():
                self.payload(member, f"{at}/{escape(name)}", visible)

    def _text(self, text: str, at: str, visible: frozenset[str]) -> None:
        if is_jsonata(text):
            self._expression(text[2:-2].strip(), at, visible)
        elif text.startswith(_OPEN) or text.endswith(_CLOSE):
            self.findings.error(
                at, "JSONata string must start with {% and end with %}", hint="nothing may stand outside of them"
            )
        elif is_jsonata(text.strip()):
            self.findings.warning(
                at, "An expression with blanks around it is text", code=codes.LIKELY_MISTAKE,
                hint="remove the blanks before {% and after %}",
            )  # fmt: skip

    def _expression(self, text: str, at: str, visible: frozenset[str]) -> None:
        if found := problems(text, visible):
            if PLACEHOLDER.search(text):
                self.findings.placeholder(at, text, "{% null %}")
                return
            for problem in found:
                self.findings.error(at, problem.message, code=problem.code)
            return
        for name in free_names(text):
            self.variables.read(name, at)


def free_names(text: str) -> frozenset[str]:
    """The variables that an expression reads from outside: not its own, not functions, not `$states`."""
    code = _NOT_CODE.sub(" ", text)
    names = {match[1] for match in _NAMES.finditer(code)}
    own = {match[1] for match in _NAMES.finditer(code) if match[2]}  # called, or bound
    own.update(_BOUND_TO.findall(code))
    for parameters in _PARAMETERS.findall(code):
        own.update(name.lstrip("$") for name in re.findall(r"\$\w+", parameters))
    return frozenset(filter(is_variable_name, names - own - FUNCTIONS - {"states"}))


__all__ = ["FUNCTIONS", "Jsonata", "free_names", "is_jsonata"]
