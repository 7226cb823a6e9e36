"""Laws of recorded mocks: whatever a random machine did, its history makes it do again."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from machines import LAMBDA, Case, cases, virtually

import asl_local
from asl_local import mock
from asl_local.testing.mocks_of_history import compared

STEADY = cases(timed=False, errors=st.just("E"))  # no task takes time, so a mock file, which knows none, can say it all


@given(cases())
@settings(max_examples=settings().max_examples * 2 // 3)
def test_a_recorded_execution_comes_out_again_event_by_event(case: Case) -> None:
    result = case.simulate()
    recorded = mock.recorded(result.history.to_aws())
    assert asl_local.load(case.definition).simulate(recorded.input, mocks=recorded) == result


@given(STEADY)
@settings(max_examples=settings().max_examples * 2 // 3)
def test_a_mock_file_takes_the_same_path_where_no_task_takes_time(case: Case) -> None:
    recorded = mock.recorded(case.simulate().history.to_aws())
    machine = asl_local.load(case.definition)
    assert compared(machine, recorded, recorded.mock_file(machine=machine.name)) == ""


@given(cases())
@settings(max_examples=settings().max_examples // 3)
def test_functions_by_the_states_names_answer_as_handlers_by_resources_do(case: Case) -> None:
    machine, handlers = asl_local.load(case.definition), case.handlers(virtually)
    arns = {state.name: state.resource.arn for state in machine.plan.tasks() if state.resource is not None}
    mocks = {name: handlers[arn.removeprefix(LAMBDA)] for name, arn in arns.items()}
    assert machine.simulate(case.input, mocks=mocks) == case.simulate()
