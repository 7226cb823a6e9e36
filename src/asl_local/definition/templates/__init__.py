"""Definitions from the places where people keep them: CloudFormation, SAM, CDK's output, serverless.yml, folders.

Knows: how state machines are found in such files, each with its name, type, place and substitutions. Must never know:
what a state machine is.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from asl_local.definition.templates.found import FoundDefinition, has_signs, pick, plain_text
from asl_local.lazy import later

if TYPE_CHECKING:
    from asl_local.definition.source import Definition
    from asl_local.definition.templates import documents
    from asl_local.values import Json
else:
    later(globals(), "asl_local.definition.templates.documents")


def find(definition: Definition | FoundDefinition | None, given: Mapping[str, Json]) -> list[FoundDefinition]:
    """Every state machine of a path, text or mapping, in order; of a folder by file."""
    if (
        isinstance(definition, str)
        and definition.lstrip().startswith("{")
        and not has_signs(definition)
        and not os.path.isdir(definition)  # noqa: PTH112 - it is hardly a path
    ):
        return [plain_text(definition, "definition", None, "StateMachine")]
    return documents.find(definition, given)


__all__ = ["FoundDefinition", "find", "pick"]
