"""Checks of JSONata in a definition: delimiters, each expression at its place, and the variables it reads.

Knows: which strings a JSONata state evaluates, and AWS's codes for those it refuses. Must never know: states and their
fields; the caller says what stands where and what may be read there.
"""

from __future__ import annotations

from asl_local.definition import diagnostics as codes
from asl_local.definition.checks.variables import Variables
from asl_local.definition.diagnostics import Findings, did_you_mean
from asl_local.definition.json_text import escape
from asl_local.definition.source import PLACEHOLDER
from asl_local.language.jsonata import is_jsonata
from asl_local.language.jsonata.problems import Problem, never_there, problems, variables_read
from asl_local.lazy import dataclass
from asl_local.values import Json

_OPEN, _CLOSE = "{%", "%}"


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
                self._problem(problem, at)
            return
        for name in never_there(text):
            member = name.removeprefix("$states.")
            self.findings.warning(
                at, f"{name} does not exist", code=codes.LIKELY_MISTAKE,
                hint=did_you_mean(member, _MEMBERS) or _HINTS.get(name),
            )  # fmt: skip
        for name in sorted(variables_read(text)):
            self.variables.read(name, at)

    def _problem(self, problem: Problem, at: str) -> None:
        # Published machines read $states.result where there is none; they start here, and fail when they come there.
        if problem.message.startswith("Field '$states.") and "errorOutput" not in problem.message:
            self.findings.warning(
                at, problem.message, code=problem.code, aws="ERROR",
                hint="result: Output and Assign of Task, Parallel, Map; errorOutput: those of Catch; input, context",
            )  # fmt: skip
        else:
            self.findings.error(at, problem.message, code=problem.code, hint=_HINTS.get(problem.message))


_MEMBERS = ("input", "context", "result", "errorOutput")
_HINTS = {
    "$eval": "Step Functions has no $eval; $parse reads JSON text",
    "Reference to '$' at the top level is not supported.": "$states.input is the state's input",
    "Reference to '$$' is not supported.": "$states.context is the Context Object",
}

__all__ = ["Jsonata", "is_jsonata"]
