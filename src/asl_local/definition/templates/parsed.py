"""Parsed files: a tree, and where in it things are.

Knows: JSON pointers. Must never know: the kinds of templates.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from asl_local.definition.json_text import escape, unescape
from asl_local.errors import Diagnostic
from asl_local.lazy import dataclass
from asl_local.values import Json

if TYPE_CHECKING:
    from asl_local.definition.pieces import Scalars


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed file: its tree, its text and the places of its values. `folder` is what its paths are relative to."""

    tree: Json
    text: str | None
    name: str
    folder: str
    scalars: Scalars
    problems: tuple[Diagnostic, ...] = ()

    def problems_at(self, pointer: str) -> list[Diagnostic]:
        """What reading found at a pointer or below it, named as from there."""
        return [
            Diagnostic(d.code, d.severity, d.path[len(pointer) :], d.line, d.column, d.message, d.hint)
            for d in self.problems
            if d.path == pointer or d.path.startswith(f"{pointer}/")
        ]


def at(tree: Json, pointer: str) -> Json:
    """The value at a pointer, None if there is none."""
    for step in map(unescape, pointer.split("/")[1:]):
        if isinstance(tree, dict):
            tree = tree.get(step)
        elif isinstance(tree, list) and step.isdigit() and int(step) < len(tree):
            tree = tree[int(step)]
        else:
            return None
    return tree


def pointer_to(*steps: str) -> str:
    """The JSON pointer of these steps."""
    return "".join(f"/{escape(step)}" for step in steps)
