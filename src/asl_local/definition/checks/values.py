"""Checks of single values: one function per kind of the grammar that a value alone can answer for.

Knows: types, ranges, names and ARNs, and AWS's words for what breaks them. Must never know: the object that holds the
value, or what lies around it.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from asl_local import errors
from asl_local.definition import diagnostics as codes
from asl_local.definition import grammar
from asl_local.definition.checks.expressions import NOT_A_PATH, NOT_AN_OPERAND, Expressions, looks_dynamic
from asl_local.definition.diagnostics import DROP, Findings, did_you_mean
from asl_local.definition.grammar import Field, Kind
from asl_local.definition.source import PLACEHOLDER
from asl_local.lazy import dataclass, later
from asl_local.values import Json

if TYPE_CHECKING:
    import difflib

    from asl_local.definition import resource_arns
    from asl_local.language import timestamps
else:
    later(globals(), "difflib", "asl_local.definition.resource_arns", "asl_local.language.timestamps")

_NOT_RECOGNISED = (
    "The resource provided {} is not recognized. The value is not a valid resource ARN, or the resource is not "
    "available in this region."
)


# Errors that AWS raises under names of its own (Developer Guide, "Error handling"; what Workflow Studio writes).
KNOWN_ERRORS: Final = frozenset(
    {
        *(name for name in vars(errors).values() if isinstance(name, str) and name.startswith("States.")),
        "States.Http.Socket", "Lambda.ServiceException", "Lambda.AWSLambdaException", "Lambda.SdkClientException",
        "Lambda.TooManyRequestsException", "Lambda.ClientExecutionTimeoutException", "Lambda.Unknown",
        "Lambda.ResourceNotFoundException",
    }
)  # fmt: skip
_FOLDED_ERRORS: Final = {each.casefold(): each for each in KNOWN_ERRORS}
_LIKE_ENOUGH = 0.88  # of two error names: a slip of a letter or two
_NO_INTEGER = "Expected value of type Integer"  # so AWS words it (measured), unlike the other types
_NO_ARN = "Value is not a valid resource ARN"


def _as_expression(path: str) -> str:
    """A JSONPath as JSONata spells it: `$.a` is `$states.input.a`, a variable is itself."""
    for root, name in (("$$", "$states.context"), ("$.", "$states.input."), ("$[", "$states.input[")):
        if path.startswith(root):
            return name + path[len(root) :]
    return "$states.input" if path == "$" else path


def type_name(kind: str) -> str:
    """AWS's words for a value of the wrong type."""
    return f"Expected value of type [{kind}]"


@dataclass(frozen=True, slots=True)
class Values:
    """The checks of values, told into `findings`; each takes the row, the value and its pointer."""

    findings: Findings
    expressions: Expressions
    express: bool
    jsonata: bool = False
    """Whether the values stand in a JSONata state, which has no Path forms."""

    def instead(self, row: Field, value: Json) -> str | None:
        """What would be evaluated where a path stands as a constant: the Path form, or an expression; None if nothing."""
        if not isinstance(value, str) or not (
            value.startswith("$") or (row.kind is Kind.TEXT and looks_dynamic(value))
        ):
            return None
        if self.jsonata:
            return f"{{% {_as_expression(value)} %}}" if row.expression and value.startswith("$") else None
        fields = grammar.fields_of(row.owner)
        return next((form for form in (f"{row.name}Path", f"{row.name}.$") if form in fields), None)

    def text(self, row: Field, value: Json, at: str) -> None:
        """A string; one that reads as a path where a Path form exists is warned of."""
        if not isinstance(value, str):
            self.findings.error(at, type_name("STRING"))
            return
        if row.name != "Comment" and looks_dynamic(value) and (other := self.instead(row, value)):
            code = codes.NO_DOLLAR if other.endswith(".$") else codes.NO_PATH
            self.findings.warning(
                at, f"The value of '{row.name}' looks like a path",
                code=codes.LIKELY_MISTAKE if self.jsonata else code,
                hint=f"'{other}' would be evaluated; this is taken as text",
            )  # fmt: skip

    def boolean(self, row: Field, value: Json, at: str) -> None:
        """A boolean."""
        value = self.spoken(value, at, (bool,))
        meanwhile: Any = False if row.owner.endswith("Rule") else DROP
        if not isinstance(value, bool) and not self.waits(value, at, meanwhile):
            self.findings.error(at, type_name("BOOLEAN"))

    def number(self, row: Field, value: Json, at: str) -> None:
        """A number within the row's bounds."""
        whole = row.kind is Kind.INTEGER
        value = self.spoken(value, at, (int,) if whole else (int, float))
        meanwhile: Any = 0 if row.owner.endswith("Rule") else DROP
        if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)):
            if not self.waits(value, at, meanwhile):
                other = self.instead(row, value)
                hint = f"use {other}" if other else None
                if hint is None and isinstance(value, str) and _is_number_text(value):
                    hint = "remove the quotes"
                elif isinstance(value, float) and value == int(value):
                    hint = f"write {int(value)}"
                self.findings.error(at, _NO_INTEGER if whole else type_name("NUMBER"), hint=hint)
        elif row.least is not None and value < row.least:
            self.findings.error(at, f"Minimum value is {row.least if not whole else int(row.least)}")
        elif row.most is not None and value > row.most:
            self.findings.error(at, f"Maximum value is {row.most if not whole else int(row.most)}")

    def constant(self, row: Field, value: Json, at: str) -> None:
        """One of the row's values; AWS has words of its own for Type."""
        if isinstance(value, str) and value in row.values:
            return
        listed = f"[{', '.join(row.values)}]"
        if row.name == "Type":
            message = f"The field 'Type' should have one of these values: {listed}"
        elif isinstance(value, str):
            message = f"Value should be one of the following: {listed}"
        else:
            message = type_name("STRING")
        if isinstance(value, str):
            hint = did_you_mean(value, row.values)
        else:
            hint = f'write "{value}"' if str(value) in row.values else None
        self.findings.error(at, message, hint=hint)

    def timestamp(self, row: Field, value: Json, at: str) -> None:
        """An RFC 3339 timestamp as AWS reads it."""
        if not isinstance(value, str):
            self.findings.error(at, type_name("STRING"))
        elif timestamps.parse_rfc3339(value) is None and not self.waits(
            value, at, "1970-01-01T00:00:00Z", anywhere=True
        ):
            other = self.instead(row, value)
            hint = f"use {other}" if other else "such as 2016-03-14T01:59:00Z"
            self.findings.error(at, "String does not match RFC3339 timestamp", hint=hint)

    def target(self, _row: Field, value: Json, at: str) -> None:
        """A state's name; flow.py looks whether there is one."""
        if not isinstance(value, str):
            self.findings.error(at, type_name("STRING"))

    def path(self, row: Field, value: Json, at: str) -> None:
        """Any path; Choice rules have words of their own for what is none."""
        if self.is_text(value, at):
            self.expressions.path(value, at, message=NOT_AN_OPERAND if row.kind is Kind.OPERAND else NOT_A_PATH)

    def reference_path(self, row: Field, value: Json, at: str) -> None:
        """A Reference Path, into the Context Object only where the row allows it."""
        if self.is_text(value, at):
            self.expressions.reference_path(value, at, context=row.kind is Kind.REFERENCE_PATH)

    def result_path(self, _row: Field, value: Json, at: str) -> None:
        """Where a result goes in the input."""
        if self.is_text(value, at):
            self.expressions.reference_path(value, at, context=False, variables=False)

    def text_path(self, _row: Field, value: Json, at: str) -> None:
        """A path or call that gives text."""
        if self.is_text(value, at):
            self.expressions.text_path(value, at)

    def is_text(self, value: Json, at: str) -> bool:
        """Whether the value is a string; told if not."""
        if not isinstance(value, str):
            self.findings.error(at, type_name("STRING"))
        return isinstance(value, str)

    def static(self, _row: Field, value: Json, at: str) -> None:
        """A Result, which nothing evaluates."""
        self.expressions.template(value, at, evaluated=False)

    def anything(self, _row: Field, _value: Json, _at: str) -> None:
        """Any JSON will do."""

    def error_names(self, row: Field, value: Json, at: str) -> None:
        """The error names of a retrier or catcher."""
        if not isinstance(value, list):
            hint = f"write [{value!r}]".replace("'", '"') if isinstance(value, str) else None
            self.findings.error(at, type_name("ARRAY"), hint=hint)
            return
        if not value and row.least:
            self.findings.error(at, "Value cannot be empty")
        for index, name in enumerate(value):
            if not isinstance(name, str):
                self.findings.error(f"{at}/{index}", type_name("STRING"))
            elif name not in KNOWN_ERRORS and (hint := _near(name)):
                self.findings.warning(
                    f"{at}/{index}", f"No error of AWS is called '{name}'", code=codes.LIKELY_MISTAKE, hint=hint
                )

    def resource(self, _row: Field, value: Json, at: str) -> None:
        """A Task's Resource, and what of it runs here and in an Express machine."""
        if not self.is_text(value, at):
            return
        arn = resource_arns.parse(value)
        if arn is None:
            message = _NOT_RECOGNISED.format(value) if value.startswith("arn:") else _NO_ARN
            self.findings.error(at, message, hint=_resource_hint(value))
        elif arn.kind == "other":
            if not PLACEHOLDER.search(value):
                self.findings.warning(
                    at, _NOT_RECOGNISED.format(value) if value.startswith("arn:") else _NO_ARN, code=codes.SCHEMA,
                    hint="a handler of that name can answer it here", aws="ERROR",
                )  # fmt: skip
        elif arn.kind == "activity":
            if self.express:
                self.findings.error(at, "Express state machine does not support Activity ARN")
        elif arn.pattern and self.express:
            base = arn.pattern.removesuffix(":2")
            blank = " " if base == ".waitForTaskToken" else ""  # sic
            self.findings.error(at, f"Express state machine does not support '{base}' service integration{blank}")

    def strings(self, _row: Field, value: Json, at: str) -> None:
        """An array of strings."""
        if not isinstance(value, list):
            self.findings.error(at, type_name("ARRAY"))
            return
        for index, item in enumerate(value):
            self.is_text(item, f"{at}/{index}")

    def condition(self, _row: Field, value: Json, at: str) -> None:
        """A JSONata rule's Condition that is no expression."""
        if not isinstance(value, bool):
            self.findings.error(at, "Expected a boolean or a JSONata expression")

    def spoken(self, value: Json, at: str, kinds: tuple[type, ...]) -> Json:
        """The number or boolean that a substitution gave as text; any other value as it is.

        Substitutions are text in text: CloudFormation's come from parameters, and the command line knows text only.
        """
        if at not in self.findings.worded or not isinstance(value, str):
            return value
        try:
            meant = json.loads(value)
        except ValueError:
            return value
        if type(meant) not in kinds or (type(meant) is float and not math.isfinite(meant)):
            return value
        self.findings.until_filled(at, meant)
        return meant

    def waits(self, value: Json, at: str, meanwhile: Any, *, anywhere: bool = False) -> bool:
        """Whether the value is a placeholder that nobody filled, which reading has warned of."""
        if not isinstance(value, str):
            return False
        if not (PLACEHOLDER.search(value) if anywhere else PLACEHOLDER.fullmatch(value)):
            return False
        self.findings.placeholder(at, value, meanwhile)
        return True


CHECKS: Final[Mapping[Kind, Callable[[Values, Field, Any, str], None]]] = {
    Kind.TEXT: Values.text,
    Kind.BOOLEAN: Values.boolean,
    Kind.INTEGER: Values.number,
    Kind.NUMBER: Values.number,
    Kind.CONSTANT: Values.constant,
    Kind.TIMESTAMP: Values.timestamp,
    Kind.RESOURCE: Values.resource,
    Kind.TARGET: Values.target,
    Kind.PATH: Values.path,
    Kind.REFERENCE_PATH: Values.reference_path,
    Kind.NUMBER_PATH: Values.reference_path,
    Kind.RESULT_PATH: Values.result_path,
    Kind.TEXT_PATH: Values.text_path,
    Kind.OPERAND: Values.path,
    Kind.STATIC: Values.static,
    Kind.JSON: Values.anything,
    Kind.ERRORS: Values.error_names,
    Kind.STRINGS: Values.strings,
    Kind.CONDITION: Values.condition,
}


def _resource_hint(text: str) -> str | None:
    if text.startswith("arn:") and ":states:" in text and (found := text.rpartition(":states:::")[2].split(":")):
        service = found[0]
        actions = resource_arns.OPTIMISED.get(service)
        if actions is None:
            return (
                did_you_mean(service, resource_arns.OPTIMISED)
                or "AWS SDK calls are arn:aws:states:::aws-sdk:service:action"
            )
        action = found[1].split(".")[0] if len(found) > 1 else ""
        if action in actions:
            patterns = ", ".join(pattern or "no suffix" for pattern in actions[action])
            return f"{service}:{action} takes {patterns}"
        return f"{service} has {', '.join(actions)}; try arn:aws:states:::aws-sdk:{service}:{action}"
    if text.startswith("arn:"):
        return None
    example = f": arn:aws:lambda:us-east-1:123456789012:function:{text}" if re.fullmatch(r"[\w-]+", text) else ""
    return f"a Resource is an ARN{example}"


def _is_number_text(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


@lru_cache(maxsize=1024)
def _near(name: str) -> str | None:
    """A hint if an error name in ErrorEquals is one of AWS's but for a slip."""
    if name.startswith("States.Http.StatusCode."):
        return None
    close = difflib.get_close_matches(name.casefold(), _FOLDED_ERRORS, 1, _LIKE_ENOUGH)
    return f"did you mean '{_FOLDED_ERRORS[close[0]]}'? names match exactly or not at all" if close else None
