"""The definition that a history is looked at with -> its plain tree.

Knows: the forms in which people have definitions. Must never know: histories, or what is drawn. A definition is not
compiled, since nothing runs: one with problems, or with placeholders that only a deployment fills, is good enough.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, TypeAlias

from asl_local import definition as definitions
from asl_local.definition import FoundDefinition
from asl_local.errors import DefinitionNotFound, InvalidDefinition
from asl_local.interfaces.machine import Definition, Machine
from asl_local.reporters.graph.outline import outline
from asl_local.values import Json

Shown: TypeAlias = "Definition | FoundDefinition | Machine"


def tree_of(
    given: Shown, *, name: str | None = None, substitutions: Mapping[str, Any] | None = None
) -> tuple[Json, str]:
    """The tree of a definition, and what the machine is called ("" if nothing says it).

    `given` is whatever `load` takes, a Machine, or the answer of DescribeStateMachine (ForExecution), whose `definition`
    is text. Raises InvalidDefinition, DefinitionNotFound, and OSError for a file that cannot be read.
    """
    if isinstance(given, Machine):
        return given.definition, given.name
    found = definitions.pick(definitions.find(given, substitutions or {}), name, str(given))
    source = found.read(substitutions or {})
    tree, called = source.tree, found.name if found.template else ""
    if isinstance(tree, Mapping) and "States" not in tree and isinstance(tree.get("definition"), str):
        called = str(tree.get("name") or called)
        try:
            tree = json.loads(tree["definition"])
        except (ValueError, RecursionError) as error:
            raise DefinitionNotFound(f"{source.name}: its definition is not JSON: {error}") from None
    if not _can_be_drawn(tree):
        errors = [each for each in definitions.check(source) if each.severity == "ERROR"]
        if errors:
            raise InvalidDefinition(errors, source.name)
        raise DefinitionNotFound(f"{source.name} holds no state machine")
    return tree, called


def _can_be_drawn(tree: Any) -> bool:
    try:
        return bool(outline(tree).nodes)
    except (TypeError, KeyError, AttributeError, ValueError, IndexError):  # of whatever shape it is
        return False


__all__ = ["Shown", "tree_of"]
