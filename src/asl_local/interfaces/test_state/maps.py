"""A Map state up to its iterations: what it maps over, and how much failure it takes.

Knows: the order in which AWS evaluates a Map's own fields. Must never know: iterations; their outcome is the mock's.
"""

from __future__ import annotations

from dataclasses import replace

from asl_local.definition import model
from asl_local.engine import Execution
from asl_local.interfaces.test_state.inspection import Trace, jsonpath_output, selection
from asl_local.language import Scope
from asl_local.plan import State, dataflow
from asl_local.plan.plan import Number
from asl_local.values import Json


def watched_map(state: model.Map, plan: State, trace: Trace, execution: Execution) -> State:
    """The Map as a state that evaluates its own fields, writes them down and then waits for one answer, the mock's."""
    jsonata = state.language == dataflow.JSONATA
    select = dataflow.identity if jsonata else selection(state)

    def arguments(raw: Json, scope: Scope) -> Json:
        effective = trace.note("afterInputPath", select(trace.note("input", raw), scope))
        trace.note("maxConcurrency", _number(plan.concurrency, effective, scope) or 0)
        items = [] if plan.items is None else plan.items(effective, scope)
        trace.note("afterItemsPath", items)
        if plan.selector is not None:
            selected = []
            for index, item in enumerate(items):
                execution.item = {"Index": index, "Value": item}
                selected.append(plan.selector(effective, scope))
            execution.item = None
            trace.note("afterItemSelector", selected)
        return effective

    output = plan.output if jsonata else jsonpath_output(state, trace)
    return replace(plan, arguments=arguments, output=output)


def _number(number: Number | None, value: Json, scope: Scope) -> Json:
    if number is None:
        return None
    return number.constant if number.flow is None else number.flow(value, scope)
