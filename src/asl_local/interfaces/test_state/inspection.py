"""Inspection: a state's flows, put together from their single steps so that every intermediate value is written down.

Knows: which members of inspectionData a state has, by query language and type (recorded). Must never know: how the
state runs; it is the plan's own data flow, taken step by step (the tests hold both against each other).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from asl_local.definition import model
from asl_local.definition.model import UNSET
from asl_local.language import Flow, Scope
from asl_local.lazy import dataclass, field, replace
from asl_local.plan import State, dataflow
from asl_local.plan.plan import OutputFlow
from asl_local.values import Json, text_of

_FILTERED: Final = frozenset({"input", "afterInputPath"})
_RESULT: Final = frozenset({"afterResultSelector", "afterResultPath"})
_MAP: Final = frozenset(
    {
        "input", "afterItemSelector", "afterItemBatcher", "afterItemsPointer", "maxConcurrency",
        "toleratedFailureCount", "toleratedFailurePercentage",
    }
)  # fmt: skip

MEMBERS: Final[Mapping[tuple[str, str], frozenset[str]]] = {
    ("JSONPath", "Pass"): _FILTERED | _RESULT | {"afterParameters"},
    ("JSONPath", "Task"): _FILTERED | _RESULT | {"afterParameters", "result"},
    ("JSONPath", "Map"): _FILTERED | _RESULT | _MAP | {"afterItemsPath"},
    ("JSONPath", "Parallel"): _RESULT | {"input"},
    ("JSONPath", "Choice"): _FILTERED,
    ("JSONPath", "Wait"): _FILTERED,
    ("JSONPath", "Succeed"): _FILTERED,
    ("JSONPath", "Fail"): _FILTERED,
    ("JSONata", "Task"): frozenset({"input", "afterArguments", "result"}),
    ("JSONata", "Map"): _MAP,
}
"""The data flow's members; what is not listed has `input` alone. All of it is recorded but for JSONPath's Wait, a Task's
`result` in JSONata, and what a Map selects, batches and points at, which follow the API reference."""
_ONLY_INPUT: Final = frozenset({"input"})
# A Pass with Result shows nothing of its Parameters (recorded).
_RESULT_OF_ITS_OWN: Final = _RESULT | {"input", "result"}
_NUMBERS: Final = frozenset({"maxConcurrency", "toleratedFailureCount", "toleratedFailurePercentage"})


@dataclass(slots=True)
class Trace:
    """What has been seen of a state's data flow, by the names of inspectionData."""

    shown: frozenset[str]
    seen: dict[str, Json] = field(default_factory=dict)

    def note(self, name: str, value: Json) -> Json:
        """Write a value down, if the state shows it, and give it back."""
        if name in self.shown:
            self.seen[name] = value
        return value

    def data(self) -> dict[str, Json]:
        """inspectionData: values as JSON text, numbers as they are."""
        return {name: value if name in _NUMBERS else text_of(value) for name, value in self.seen.items()}


def trace_of(state: model.State) -> Trace:
    """An empty trace that takes what AWS shows of such a state."""
    if isinstance(state, model.Pass) and state.language == "JSONPath" and state.result is not UNSET:
        return Trace(_RESULT_OF_ITS_OWN)
    return Trace(MEMBERS.get((state.language, state.type), _ONLY_INPUT))


def watched(state: model.State, plan: State, trace: Trace) -> State:
    """The state's plan with flows that write down what they make; Map has its own (maps.py)."""
    return replace(plan, arguments=_arguments(state, plan, trace), output=_output(state, plan, trace))


def _arguments(state: model.State, plan: State, trace: Trace) -> Flow:
    if state.language == dataflow.JSONATA:
        evaluate = plan.arguments

        def jsonata(raw: Json, scope: Scope) -> Json:
            trace.note("input", raw)
            return raw if evaluate is None else trace.note("afterArguments", evaluate(raw, scope))

        return jsonata
    select = selection(state)
    build = dataflow.parameters("$", getattr(state, "parameters", UNSET)) or dataflow.identity

    def jsonpath(raw: Json, scope: Scope) -> Json:
        effective = trace.note("afterInputPath", select(trace.note("input", raw), scope))
        return trace.note("afterParameters", build(effective, scope))

    return jsonpath


def selection(state: model.State) -> Flow:
    """InputPath alone."""
    path = state.input_path if isinstance(state, model.Filtered) else "$"
    return dataflow.path_filter(path) or dataflow.identity


def _output(state: model.State, plan: State, trace: Trace) -> OutputFlow | None:
    if state.language != dataflow.JSONATA and isinstance(state, (model.Pass, model.Fallible)):
        return jsonpath_output(state, trace)
    flow = plan.output

    def output(raw: Json, result: Json, scope: Scope) -> Json:
        trace.note("result", result)
        return result if flow is None else flow(raw, result, scope)

    return output if isinstance(state, model.Fallible) else flow


def jsonpath_output(state: model.Pass | model.Fallible, trace: Trace) -> OutputFlow:
    """ResultSelector, ResultPath and OutputPath, each by itself."""
    selector: Any = getattr(state, "result_selector", UNSET)
    steps = {
        "afterResultSelector": dataflow.result_flow(selector, "$", "$"),
        "afterResultPath": dataflow.result_flow(UNSET, state.result_path, "$"),
        "": dataflow.result_flow(UNSET, "$", state.output_path),
    }

    def output(raw: Json, result: Json, scope: Scope) -> Json:
        trace.note("result", result)
        for name, step in steps.items():
            result = trace.note(name, result if step is None else step(raw, result, scope))
        return result

    return output
