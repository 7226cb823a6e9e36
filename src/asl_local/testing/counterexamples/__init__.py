"""Counterexamples: made as small as they can be, told as a story, and written down so that they can be run again.

Knows what an exploration found. Must never know who asked for it.
"""

from asl_local.testing.counterexamples.counterexample import Counterexample, counterexamples
from asl_local.testing.counterexamples.mock_file import MockFile
from asl_local.testing.counterexamples.pytest_file import Written
from asl_local.testing.counterexamples.shrinking.json_trees import shrink_json
from asl_local.testing.counterexamples.shrinking.machines import shrink_definition
from asl_local.testing.counterexamples.shrinking.reducing import Shrunk, reduce
from asl_local.testing.counterexamples.state_command import Command
from asl_local.testing.counterexamples.story import Step

__all__ = [
    "Command", "Counterexample", "MockFile", "Shrunk", "Step", "Written", "counterexamples", "reduce", "shrink_definition",
    "shrink_json",
]  # fmt: skip
