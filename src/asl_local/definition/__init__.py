"""Text -> model and diagnostics: reads a definition, checks it, and gives it a typed form.

Knows errors, values and the language of expressions; must never know plans, execution or resources.
"""

from __future__ import annotations

from asl_local.definition import model as _model
from asl_local.definition.checks.plain import is_plain
from asl_local.definition.json_text import unescape
from asl_local.definition.model import StateMachine
from asl_local.definition.source import Definition, Source, read
from asl_local.definition.templates import FoundDefinition, find
from asl_local.errors import Diagnostic, InvalidDefinition
from asl_local.lazy import TYPE_CHECKING, later, names
from asl_local.values import Json

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from asl_local.definition import diagnostics
    from asl_local.definition.checks import check, walk
    from asl_local.definition.telling.aws import creation_error, to_aws
    from asl_local.definition.telling.terminal import render
    from asl_local.definition.templates import picking
    from asl_local.definition.templates.picking import pick
else:  # a plain definition without faults needs none of these
    later(
        globals(), "asl_local.definition.checks.walk", "asl_local.definition.diagnostics",
        "asl_local.definition.templates.picking",
    )  # fmt: skip
    __getattr__ = names(__name__, globals(), {
        "checks": "check", "telling.aws": "creation_error to_aws", "telling.terminal": "render",
        "templates.picking": "pick",
    })  # fmt: skip


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
        found = [picking.pick(found, name, str(definition))]
    return [diagnostic for each in found for diagnostic in _examined(each, given, type)]


def _examined(found: FoundDefinition, given: Mapping[str, Any], type: str | None) -> list[Diagnostic]:
    try:
        source = found.read(given)
    except InvalidDefinition as error:
        return error.diagnostics
    kind = type or found.type
    return [] if _nothing_wrong(source, kind) else walk.check(source, type=kind)


def _nothing_wrong(source: Source, type: str) -> bool:
    """Whether reading has found nothing to tell of, and the checks would not either."""
    return type in ("STANDARD", "EXPRESS") and not source.problems and not source.worded and is_plain(source.tree)


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
    if _nothing_wrong(source, kind):
        return _model.build(source.tree), source, []
    findings = walk.examine(source, kind)
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
    return {k: v for k, v in tree.items() if k != step} if value is diagnostics.DROP else {**tree, step: value}


__all__ = [
    "Definition", "FoundDefinition", "Source", "StateMachine", "check", "creation_error", "find", "load_model", "pick",
    "read", "render", "to_aws", "validate",
]  # fmt: skip
