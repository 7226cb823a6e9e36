"""Counterexamples: made as small as they can be, told as a story, and written down so that they can be run again.

Knows what an exploration found. Must never know who asked for it.
"""

from asl_local.testing.counterexamples.json_trees import shrink_json
from asl_local.testing.counterexamples.machines import shrink_definition
from asl_local.testing.counterexamples.reducing import Shrunk, reduce

__all__ = ["Shrunk", "reduce", "shrink_definition", "shrink_json"]
