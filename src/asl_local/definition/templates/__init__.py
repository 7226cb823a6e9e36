"""Definitions from the places where people keep them: CloudFormation, SAM, CDK's output, serverless.yml, folders.

Knows: how state machines are found in such files, each with its name, type, place and substitutions. Must never know:
what a state machine is.
"""

from __future__ import annotations

import os

from asl_local.definition import source
from asl_local.definition.templates.found import FoundDefinition, has_signs, plain_text
from asl_local.lazy import TYPE_CHECKING, later, names

if TYPE_CHECKING:
    from collections.abc import Mapping

    from asl_local.definition.source import Definition
    from asl_local.definition.templates import documents
    from asl_local.definition.templates.picking import pick
    from asl_local.values import Json
else:
    later(globals(), "asl_local.definition.templates.documents")
    __getattr__ = names(__name__, globals(), {"picking": "pick"})


def find(definition: Definition | FoundDefinition | None, given: Mapping[str, Json]) -> list[FoundDefinition]:
    """Every state machine of a path, text or mapping, in order; of a folder by file."""
    plain = _plain(definition)
    return documents.find(definition, given) if plain is None else [plain]


def _plain(definition: Definition | FoundDefinition | None) -> FoundDefinition | None:
    """JSON that is a definition and nothing else, a text or a file: most are, and need nothing that knows of templates."""
    if not isinstance(definition, (str, os.PathLike)):
        return None
    called = "StateMachine"
    if isinstance(definition, os.PathLike) or source.is_path(definition):
        file = os.path.basename(source.plain_path(definition))  # noqa: PTH119 - pathlib takes long to import
        if not file.endswith(".json") or file == "manifest.json":
            return None
        called = file.split(".")[0] or called
    elif not definition.lstrip().startswith("{"):
        return None
    if os.path.isdir(definition):  # noqa: PTH112 - may be no path at all
        return None
    text, name, yaml = source.text_and_name(definition)
    return None if has_signs(text) else plain_text(text, name, yaml, called)


__all__ = ["FoundDefinition", "find", "pick"]
