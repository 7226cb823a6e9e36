"""The checks of a definition: every problem at once, in AWS's words where they are known.

Knows: the grammar and the tree. Must never know: how a tree is read, or what a machine does when it runs.
"""

from __future__ import annotations

from asl_local.lazy import TYPE_CHECKING, names

if TYPE_CHECKING:
    from asl_local.definition.checks.walk import MACHINE_TYPES, check, examine
else:
    __getattr__ = names(__name__, globals(), {"walk": "MACHINE_TYPES check examine"})

__all__ = ["MACHINE_TYPES", "check", "examine"]
