"""Model -> plan: the machine, its blocks, and the states that have no expressions; states.py has all others.

Knows: what a state has that only passes on what it was given. Must never know: when or in what order anything runs.
"""

from __future__ import annotations

from asl_local.definition import model
from asl_local.definition.model import UNSET
from asl_local.lazy import TYPE_CHECKING, later
from asl_local.plan.plan import Block, Plan, State
from asl_local.values import Json, size

if TYPE_CHECKING:
    from collections.abc import Mapping

    from asl_local.plan import states as stating
else:  # with all that knows expressions
    later(globals(), stating="asl_local.plan.states")


def compile_machine(machine: model.StateMachine, tree: Mapping[str, Json]) -> Plan:
    """The plan of a checked machine; `tree` is its JSON, which the plan keeps for those who show it."""
    states: dict[str, State] = {}
    top = _block(machine.top, states)
    return Plan(top, None, machine.timeout_seconds, states, tree)


def _block(block: model.Block, all_states: dict[str, State]) -> Block:
    states = {}
    for name, state in block.states.items():
        compiled = State(
            name, state.type, state.pointer, getattr(state, "next", None),
            f"{state.type}StateEntered", f"{state.type}StateExited",
        )  # fmt: skip
        states[name] = all_states[state.pointer] = compiled
        if isinstance(state, (model.Parallel, model.Map)):
            blocks = state.branches if isinstance(state, model.Parallel) else (state.processor,)
            compiled.blocks = tuple(_block(inner, all_states) for inner in blocks)
        if not _passes_on(state, compiled):
            stating.COMPILERS[state.type](state, compiled)
    return Block(block.pointer, states[block.start_at], states)


def _passes_on(state: model.State, compiled: State) -> bool:
    """Whether the state gives its input, or a Result; it is compiled then, as states.py would do it."""
    if state.language != "JSONPath" or not isinstance(state, (model.Pass, model.Succeed)):
        return False
    if state.input_path != "$" or state.output_path != "$":
        return False
    most = 0
    if isinstance(state, model.Pass):
        if state.result_path != "$" or state.parameters is not UNSET or state.assign is not UNSET:
            return False
        if state.result is not UNSET:
            compiled.fixed = (state.result,)
            most = size(state.result)
    compiled.extent = most + 2, 1
    return True


__all__ = ["compile_machine"]
