"""The recorded cases that are not met, and why: one line each, printed into docs/conformance.md.

Knows: the ids of cases. Must never know: how to meet one.
"""

from __future__ import annotations

MISSES: dict[str, str] = {}
"""The reason by the case's id, or by the beginning of several ids."""
