"""JSON pointers into a definition.

Knows: RFC 6901. Must never know: what a state is.
"""

from __future__ import annotations

from asl_local.definition.json_text import unescape
from asl_local.values import Json


def at(tree: Json, pointer: str) -> Json:
    """The value at a pointer. Raises LookupError where there is none."""
    for step in pointer.split("/")[1:]:
        tree = tree[int(step)] if isinstance(tree, list) else tree[unescape(step)]
    return tree


__all__ = ["at"]
