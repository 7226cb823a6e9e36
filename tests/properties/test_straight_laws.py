"""Laws of the straight way: whoever takes it comes to the same end, after the same events, as who takes the
ordinary one.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from machines import Case, cases, normal

import asl_local
from asl_local.drivers import Ended, Simulation
from asl_local.drivers.drive import drive
from asl_local.engine import Execution

MIXED = st.one_of(cases(timed=False), cases(variables=True, timed=False), cases(language="JSONata", timed=False))
OFTEN = 14  # visits after which expressions are generated as source
FEWER = settings(max_examples=max(settings().max_examples // 2, 20))


@pytest.fixture(autouse=True, scope="module")
def unheard() -> Iterator[None]:
    """Nobody listens, as the pytest plugin does: executions that are heard are done step by step."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys.modules["asl_local.drivers.listening"], "_LISTENERS", [])
        yield


def handlers(case: Case) -> dict[str, Any]:
    """Functions of their events alone, which may be called within a step."""

    def handler(name: str) -> Any:
        def work(event: Any) -> Any:
            answer = case.answer(name, event, 0)
            if answer.error == "F":
                raise LookupError("planned")
            if answer.error:
                raise asl_local.StateError(answer.error, "planned")
            return asl_local.values.copy(event if answer.value == "echo" else answer.value)

        return work

    return {name: handler(name) for name in case.plans}


def ordinary(
    machine: asl_local.Machine, case: Case, limits: asl_local.Limits | None = None
) -> tuple[Execution, Ended]:  # fmt: skip
    execution = machine.execution(case.input, limits=limits)
    execution.straight = False
    work = asl_local.Resources(handlers(case)).bind(machine.plan, execution.identity)
    return execution, drive(execution, Simulation(work, start=1_704_067_200.0))


@given(MIXED)
@FEWER
def test_the_straight_way_leads_where_the_ordinary_one_leads(case: Case) -> None:
    machine = asl_local.load(case.definition)
    slow, ended = ordinary(machine, case)
    functions = handlers(case)
    for time in range(OFTEN + 2):
        fast = machine.simulate(case.input, functions)
        assert fast.execution is not None
        if time in (0, OFTEN + 1):
            assert fast.history == asl_local.reporters.History(slow.history)
            assert fast.execution.dump() == slow.dump()
            assert (fast.status, fast.output, fast.error, fast.cause) == ended.outcome[:4]


@given(MIXED, st.integers(1, 40), st.sampled_from([30, 80, 400, None]))
@FEWER
def test_limits_are_met_at_the_same_event(case: Case, events: int, payload_bytes: int | None) -> None:
    limits = asl_local.Limits(events=events, payload_bytes=payload_bytes)
    machine = asl_local.load(case.definition)
    try:
        slow, _ = ordinary(machine, case, limits)
    except asl_local.errors.InvalidExecutionInput:
        return
    fast = machine.simulate(case.input, handlers(case), limits=limits)
    assert fast.history == asl_local.reporters.History(slow.history)
    assert fast.execution is not None
    assert fast.execution.dump() == slow.dump()


INPUTS = st.sampled_from(
    [{}, {"a": 1}, {"a": {"b": 2, "c": [1]}, "n": 3}, [1, {"a": 2}], "text", None, {"a": "x" * 200, "n": 2**70}]
)


@given(MIXED, st.lists(INPUTS, min_size=1, max_size=4), st.sampled_from([None, 100, 400]))
@FEWER
def test_what_was_often_right_may_go_wrong(case: Case, inputs: list[Any], payload_bytes: int | None) -> None:
    limits = asl_local.Limits(payload_bytes=payload_bytes)
    machine = asl_local.load(case.definition)
    functions = handlers(case)
    try:
        for _ in range(OFTEN):
            machine.simulate(case.input, functions, limits=limits)
        for given_input in inputs:
            other = Case(case.definition, given_input, case.plans)
            slow, ended = ordinary(machine, other, limits)
            fast = machine.simulate(given_input, functions, limits=limits)
            assert fast.execution is not None
            assert fast.execution.dump() == slow.dump()
            assert (fast.status, fast.output, fast.error, fast.cause) == ended.outcome[:4]
            real = machine.run(given_input, functions, limits=limits)
            assert normal([real.status, real.output, real.error]) == normal([fast.status, fast.output, fast.error])
    except asl_local.errors.InvalidExecutionInput:
        return


PATHS = st.sampled_from(["$", "$.a", "$.b.c", "$$.Execution.Input", "$$.Execution.Input.a", "$.missing"])
VALUES = st.sampled_from(["x" * 40, "x" * 300, {"c": [1, 2]}, None, 1.5])


@st.composite
def passes(draw: Any) -> dict[str, Any]:
    """A chain of Pass states that grow, shrink and place their values."""
    states: dict[str, Any] = {}
    for number in range(draw(st.integers(1, 4))):
        state: dict[str, Any] = {"Type": "Pass", "Next": f"P{number + 1}"}
        for field, choices in (
            ("InputPath", PATHS | st.none()), ("OutputPath", PATHS | st.none()), ("Result", VALUES),
            ("ResultPath", st.sampled_from([None, "$", "$.a", "$.b.c", "$.d"])),
            ("Parameters", st.dictionaries(st.sampled_from(["a.$", "b.$", "e.$"]), PATHS, min_size=1)),
        ):  # fmt: skip
            if draw(st.booleans()):
                state[field] = draw(choices)
        states[f"P{number}"] = state
    del state["Next"]
    state["End"] = True
    return {"StartAt": "P0", "States": states}


@given(passes(), st.sampled_from([300, 500, 700, 900]), st.sampled_from([1, OFTEN + 2]))
@settings(max_examples=settings().max_examples * 2)
def test_sizes_are_what_they_are(definition: dict[str, Any], most: int, visits: int) -> None:
    case = Case(definition, {"a": "a" * 100, "b": {"c": "c" * 60}}, {})
    machine, limits = asl_local.load(definition), asl_local.Limits(payload_bytes=most)
    slow, ended = ordinary(machine, case, limits)
    for _ in range(visits):
        fast = machine.simulate(case.input, limits=limits)
    assert (fast.status, fast.output, fast.error, fast.cause) == ended.outcome[:4]
    assert fast.history == asl_local.reporters.History(slow.history)


@given(MIXED)
@FEWER
def test_real_and_virtual_time_come_to_the_same_end(case: Case) -> None:
    machine = asl_local.load(case.definition)
    functions = handlers(case)
    real, virtual = machine.run(case.input, functions), machine.simulate(case.input, functions)
    assert normal([real.status, real.output, real.error]) == normal([virtual.status, virtual.output, virtual.error])
