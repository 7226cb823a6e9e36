"""Shrinking: values and definitions as small as they can be while something stays true of them."""

from asl_local.testing.counterexamples.shrinking.json_trees import shrink_json
from asl_local.testing.counterexamples.shrinking.machines import shrink_definition
from asl_local.testing.counterexamples.shrinking.reducing import Shrunk, reduce

__all__ = ["Shrunk", "reduce", "shrink_definition", "shrink_json"]
