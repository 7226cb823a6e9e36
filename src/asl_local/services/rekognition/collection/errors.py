"""What a collection refuses to work on.

Knows: two exceptions. Must never know: files, or whom they are told.
"""

from __future__ import annotations


class CollectionGone(LookupError):
    """The collection does not exist, or no longer does."""


class CollectionDamaged(RuntimeError):
    """A file does not hold what this program wrote: nothing that it should repair."""
