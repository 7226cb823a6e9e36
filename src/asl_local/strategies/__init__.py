"""Hypothesis strategies for state machines: JSON values, inputs that reach every choice, whole definitions, answers.

    from asl_local.strategies import inputs

    @given(inputs(machine))
    def test_every_order_gets_an_answer(order):
        assert machine.simulate(order, handlers).status == "SUCCEEDED"

Needs Hypothesis: `pip install 'asl-local[testing]'`. Knows definitions, plans and what a machine reads. Must never know
how a test is run.
"""

from __future__ import annotations

from asl_local.errors import MissingExtra

try:
    import hypothesis as hypothesis
except ModuleNotFoundError:
    raise MissingExtra(
        "asl_local.strategies needs Hypothesis: pip install 'asl-local[testing]'", name="hypothesis"
    ) from None

from asl_local.strategies.answers import Answers, Scenario, answers, scenarios
from asl_local.strategies.definitions import definition_inputs, definitions
from asl_local.strategies.failures import Failure, FailurePlan, failure_plans
from asl_local.strategies.inputs import inputs
from asl_local.strategies.values import json_values

__all__ = [
    "Answers",
    "Failure",
    "FailurePlan",
    "Scenario",
    "answers",
    "definition_inputs",
    "definitions",
    "failure_plans",
    "inputs",
    "json_values",
    "scenarios",
]
