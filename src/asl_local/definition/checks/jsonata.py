"""Checks of JSONata in a definition: delimiters, and each expression at its place.

Knows: which strings a JSONata state evaluates, and AWS's codes for those it refuses. Must never know: states and their
fields; the caller says what stands where and what may be read there.
"""

from __future__ import annotations

from dataclasses import dataclass

from asl_local.definition import diagnostics as codes
from asl_local.definition.diagnostics import Findings
from asl_local.definition.json_text import escape
from asl_local.values import Json

_OPEN, _CLOSE = "{%", "%}"


def is_jsonata(value: Json) -> bool:
    """Whether a JSONata state evaluates the value: a string that is `{% ... %}` and nothing around it."""
    return isinstance(value, str) and len(value) >= 4 and value.startswith(_OPEN) and value.endswith(_CLOSE)


@dataclass(frozen=True, slots=True)
class Jsonata:
    """The checks of expressions, told into `findings`."""

    findings: Findings

    def payload(self, value: Json, at: str, visible: frozenset[str]) -> None:
        """Every string of a value, at any depth; object keys are never evaluated."""
        if isinstance(value, str):
            self._text(value, at, visible)
        elif isinstance(value, list):
            for index, item in enumerate(value):
                self.payload(item, f"{at}/{index}", visible)
        elif isinstance(value, dict):
            for name, member in value.items():
                self.payload(member, f"{at}/{escape(name)}", visible)

    def _text(self, text: str, at: str, visible: frozenset[str]) -> None:  # noqa: ARG002 - for the expressions to come
        if is_jsonata(text):
            return
        if text.startswith(_OPEN) or text.endswith(_CLOSE):
            self.findings.error(
                at, "JSONata string must start with {% and end with %}", hint="nothing may stand outside of them"
            )
        elif is_jsonata(text.strip()):
            self.findings.warning(
                at, "An expression with blanks around it is text", code=codes.LIKELY_MISTAKE,
                hint="remove the blanks before {% and after %}",
            )  # fmt: skip
