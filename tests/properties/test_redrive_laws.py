"""Laws of redrive: an execution that was stopped anywhere and redriven ends as if nobody had stopped it."""

from __future__ import annotations

from hypothesis import assume, given, settings, target
from hypothesis import strategies as st
from machines import Case, cases, go_on, normal
from reference import Reference

import asl_local
from asl_local import Execution
from asl_local.engine.messages import Redriven, Stopped

STEADY = st.one_of(cases(timed=False, errors=st.just("E")), cases(timed=False, errors=st.just("E"), language="JSONata"))
MIXED = cases(timed=False, errors=st.just("E"), variables=True, language=None)
FEWER = settings(max_examples=settings().max_examples * 2 // 3)


def ended(execution: Execution) -> tuple[object, ...]:
    assert execution.outcome is not None
    status, output, error, cause, _ = execution.outcome
    return status, normal(output), error, normal(cause)


@given(STEADY, st.floats(0, 1), st.booleans())
@FEWER
def test_stopped_and_redriven_is_as_if_nobody_had_stopped_it(case: Case, part: float, reload: bool) -> None:
    assume(not Reference(case).racy)
    machine = asl_local.load(case.definition)
    whole = machine.execution(case.input)
    total = go_on(case, machine, whole, None, 10_000)
    target(float(total))
    execution = machine.execution(case.input)
    go_on(case, machine, execution, None, 1 + int(part * (total - 2)))
    if total == 1:
        return  # it never stood still
    assert execution.outcome is None
    execution.step(Stopped(), execution.now)
    assert ended(execution)[0] == "ABORTED"
    if reload:
        execution = Execution.load(execution.dump(), machine.plan)
    go_on(case, machine, execution, Redriven(), 10_000)
    assert ended(execution) == ended(whole)
    assert execution.redrives == 1


@given(MIXED, st.floats(0, 1))
@FEWER
def test_variables_survive_a_redrive(case: Case, part: float) -> None:
    """Without the reference's word on races, so only what fails or succeeds in one way counts."""
    machine = asl_local.load(case.definition)
    whole = machine.execution(case.input)
    total = go_on(case, machine, whole, None, 10_000)
    if total == 1 or ended(whole)[0] != "SUCCEEDED":
        return
    execution = machine.execution(case.input)
    go_on(case, machine, execution, None, 1 + int(part * (total - 2)))
    execution.step(Stopped(), execution.now)
    execution = Execution.load(execution.dump(), machine.plan)
    go_on(case, machine, execution, Redriven(), 10_000)
    assert ended(execution) == ended(whole)


@given(STEADY)
@FEWER
def test_a_failure_that_stays_fails_again_alike(case: Case) -> None:
    assume(not Reference(case).racy)
    machine = asl_local.load(case.definition)
    execution = machine.execution(case.input)
    go_on(case, machine, execution, None, 10_000)
    first = ended(execution)
    if first[0] != "FAILED":
        return
    go_on(case, machine, execution, Redriven(), 10_000)
    again = ended(execution)
    assert (again[0], again[2]) == (first[0], first[2])


@given(MIXED, st.floats(0, 1))
@FEWER
def test_a_dump_of_a_redriven_execution_wants_the_same_done(case: Case, part: float) -> None:
    machine = asl_local.load(case.definition)
    whole = machine.execution(case.input)
    total = go_on(case, machine, whole, None, 10_000)
    execution = machine.execution(case.input)
    go_on(case, machine, execution, None, 1 + int(part * (total - 2)))
    if execution.outcome is None:
        execution.step(Stopped(), execution.now)
    if execution.outcome.status == "SUCCEEDED":
        return
    execution.step(Redriven(), execution.now)
    loaded = Execution.load(execution.dump(), machine.plan)
    assert loaded == execution
    assert loaded.pending() == execution.pending()
    assert loaded.waiting_for() == execution.waiting_for()
