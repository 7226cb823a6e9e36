"""Answers for every Task of a machine and an input for it, read off its definition.

Knows definitions as JSON and the language of expressions. Must never know engines or drivers.
"""

from asl_local.resources.inferred.answers import mock_answers, mock_input

__all__ = ["mock_answers", "mock_input"]
