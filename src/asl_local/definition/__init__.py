"""Text -> model and diagnostics: reads a definition, checks it, and gives it a typed form.

Knows errors, values and the language of expressions; must never know plans, execution or resources.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from asl_local.definition import model as _model
from asl_local.definition.checks import check, examine
from asl_local.definition.diagnostics import DROP
from asl_local.definition.json_text import unescape
from asl_local.definition.model import StateMachine
from asl_local.definition.source import Definition, Source, read
from asl_local.definition.templates import FoundDefinition, find, pick
from asl_local.errors import Diagnostic, InvalidDefinition
from asl_local.lazy import names
from asl_local.values import Json

if TYPE_CHECKING:
    from asl_local.definition.telling.aws import creation_error, to_aws
    from asl_local.definition.telling.terminal import render
else:
    __getattr__ = names(__name__, globals(), {"telling.aws": "creation_error to_aws", "telling.terminal": "render"})


def validate(
    definition: Definition | FoundDefinition, *, substitutions: Mapping[str, Any] | None = None,
    type: str | None = None, name: str | None = None,
) -> list[Diagnostic]:  # fmt: skip
    """Every problem of a definition, errors and warnings, in order of position; empty when there is none.

    Of a template or a folder all machines are checked, one after the other, or the one that `name` picks. `type` is
    STANDARD or EXPRESS; without it what the template says, else STANDARD. A bad definition never raises; a file that
    cannot be read does (OSError), and a name that is not there (DefinitionNotFound).
    """
    given = substitutions or {}
    try:
        found = find(definition, given)
    except InvalidDefinition as error:
        return error.diagnostics
    if name is not None:
        found = [pick(found, name, str(definition))]
    return [diagnostic for each in found for diagnostic in _examined(each, given, type)]


def _examined(found: FoundDefinition, given: Mapping[str, Any], type: str | None) -> list[Diagnostic]:
    try:
        source = found.read(given)
    except InvalidDefinition as error:
        return error.diagnostics
    return check(source, type=type or found.type)


def load_model(
    definition: Definition | FoundDefinition, substitutions: Mapping[str, Any] | None = None, type: str | None = None
) -> tuple[StateMachine, Source, list[Diagnostic]]:
    """The model of a definition, its source, and its warnings.

    Raises InvalidDefinition with every problem if one is an error. Where a placeholder stands for what must be a number
    or an expression, the model has `unresolved` errors: it can be looked at and not be run.
    """
    if isinstance(definition, FoundDefinition):
        source, kind = definition.read(substitutions or {}), type or definition.type
    else:
        source, kind = read(definition, substitutions), type or "STANDARD"
    findings = examine(source, kind)
    found = findings.placed(source)
    if any(diagnostic.severity == "ERROR" for diagnostic in found):
        raise InvalidDefinition(found, source.name)
    tree = source.tree
    for pointer, meanwhile in findings.unresolved.items():
        tree = _with(tree, [unescape(step) for step in pointer.split("/")[1:]], meanwhile)
    return _model.build(tree, findings.placed_waiting(source)), source, found


def _with(tree: Json, steps: list[str], value: Any) -> Json:
    """The tree with another value at the end of `steps`, or without it for DROP; the rest is shared."""
    step, rest = steps[0], steps[1:]
    if isinstance(tree, list):
        at = int(step)
        return [*tree[:at], _with(tree[at], rest, value) if rest else value, *tree[at + 1 :]]
    if rest:
        return {**tree, step: _with(tree[step], rest, value)}
    return {k: v for k, v in tree.items() if k != step} if value is DROP else {**tree, step: value}


__all__ = [
    "Definition", "FoundDefinition", "Source", "StateMachine", "check", "creation_error", "find", "load_model", "pick",
    "read", "render", "to_aws", "validate",
]  # fmt: skip
