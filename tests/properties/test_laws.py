"""Laws that hold for every machine: see machines.py for which machines, reference.py for the second opinion."""

from __future__ import annotations

import copy
import queue
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import assume, given, settings, target
from hypothesis import strategies as st
from machines import Case, cases, normal, really, virtually
from reference import Reference

import asl_local
from asl_local import Execution
from asl_local.drivers import RealTime, Simulation
from asl_local.drivers.drive import drive
from asl_local.engine.history import EVENTS
from asl_local.engine.messages import EXECUTION_TOKEN, Failed, Fired, Heartbeat, Refused, Stimulus, Succeeded
from cases_runner import check_history

ORDINARY = cases()
FEWER = settings(max_examples=settings().max_examples * 2 // 3)  # for those that do a machine's work several times
MIXED = st.one_of(ORDINARY, cases(variables=True), cases(variables=True, language=None, distributed=True))
# Nothing in these is a matter of time.
STEADY = st.one_of(
    cases(timed=False, errors=st.just("E")), cases(timed=False, errors=st.just("E"), variables=True, language=None)
)


def outcome(result: asl_local.Result) -> tuple[Any, ...]:
    return result.status, normal(result.output), result.error, normal(result.cause)


def agrees(case: Case) -> None:
    reference = Reference(case)
    result = case.simulate()
    target(float(len(result.history)))
    assume(not reference.tied)
    assert outcome(result) == reference.outcome


@given(ORDINARY)
def test_the_library_agrees_with_the_reference(case: Case) -> None:
    agrees(case)


@given(cases(variables=True, language="JSONata"))
def test_the_library_agrees_with_the_reference_on_jsonata(case: Case) -> None:
    agrees(case)


@given(cases(variables=True, language=None))
def test_the_library_agrees_with_the_reference_where_both_languages_meet(case: Case) -> None:
    agrees(case)


class Hurried(queue.SimpleQueue):  # type: ignore[type-arg]
    """Waits a thousandth of the time."""

    def get(self, block: bool = True, timeout: float | None = None) -> Any:
        return super().get(block, None if timeout is None else timeout / 1_000)


class Fast(RealTime):
    """Real time with real threads, a thousand times as fast."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._inbox = Hurried()

    def now(self) -> float:
        return super().now() * 1_000


@given(STEADY)
@FEWER
def test_run_and_simulate_end_alike(case: Case) -> None:
    assume(not Reference(case).racy)
    machine = asl_local.load(case.definition)
    execution = machine.execution(case.input)
    resources = asl_local.Resources(case.handlers(really))
    ended = drive(execution, Fast(resources.bind(machine.plan, execution.identity))).outcome
    really_ended = ended.status, normal(ended.output), ended.error, normal(ended.cause)
    assert really_ended == outcome(case.simulate())


def stepped(case: Case, between: Callable[[Execution, Stimulus | None], Execution]) -> Execution:
    """Simulate, with `between` called after every step; what it returns goes on."""
    machine = asl_local.load(case.definition)
    execution = machine.execution(case.input)
    driver = Simulation(asl_local.Resources(case.handlers(virtually)).bind(machine.plan, execution.identity))
    stimulus: Stimulus | None = None
    now = driver.now()
    while True:
        commands = execution.step(stimulus, now)
        execution = between(execution, stimulus)
        for command in commands:
            driver.perform(command)
        if execution.outcome is not None:
            return execution
        stimulus, now = driver.next()


@given(MIXED)
@FEWER
def test_dumping_and_loading_after_every_step_changes_nothing(case: Case) -> None:
    def reload(execution: Execution, _stimulus: Stimulus | None) -> Execution:
        again = Execution.load(execution.dump(), execution.plan)
        assert again.dump() == execution.dump()
        assert again.waiting_for() == execution.waiting_for()
        return again

    plain = stepped(case, lambda execution, _stimulus: execution)
    reloaded = stepped(case, reload)
    assert reloaded.outcome == plain.outcome
    assert reloaded.history.rows == plain.history.rows
    assert reloaded == plain


@given(MIXED)
@FEWER
def test_forks_go_on_alike_and_leave_their_parents_alone(case: Case) -> None:
    parents: list[tuple[Execution, str]] = []

    def fork(execution: Execution, _stimulus: Stimulus | None) -> Execution:
        parents.append((execution, execution.dump()))
        return execution.fork()

    plain = stepped(case, lambda execution, _stimulus: execution)
    assert stepped(case, fork) == plain
    for parent, dump in parents:
        assert parent.dump() == dump


def _is_due(execution: Execution, token: int) -> bool:
    if token == EXECUTION_TOKEN:
        limit = execution.plan.timeout
        return limit is not None and execution.started_at + limit <= execution.now
    strand = execution.waiting.get(token)
    return strand is not None and any(at is not None and at <= execution.now for at in (strand.until, strand.beat_by))


@given(MIXED, st.randoms(use_true_random=False))
@FEWER
def test_what_is_late_or_comes_twice_changes_nothing(case: Case, random: Any) -> None:
    seen: list[Stimulus] = []

    def disturb(execution: Execution, stimulus: Stimulus | None) -> Execution:
        if stimulus is not None:
            seen.append(stimulus)
        waiting = {waiting.token for waiting in execution.waiting_for()}
        for _ in range(3):
            token = random.randrange(execution.tokens + 2)
            early = [] if _is_due(execution, token) else [Fired(token)]
            stale = [Succeeded(token, "stale"), Failed(token, "Stale", ""), Refused(token, "stale"), Heartbeat(token)]
            before = execution.dump()
            for each in early if token in waiting else early + stale:
                execution.step(each, execution.now)
            for each in seen[-3:]:
                if each.token not in waiting:  # type: ignore[union-attr]
                    assert execution.step(each, execution.now) == []
            assert execution.dump() == before
        return execution

    plain = stepped(case, lambda execution, _stimulus: execution)
    assert stepped(case, disturb) == plain


@given(MIXED, st.integers(1, 2**32))
def test_a_seed_gives_one_history_and_every_seed_the_same_outcome(case: Case, seed: int) -> None:
    first = case.simulate(seed)
    assert case.simulate(seed).history.to_aws() == first.history.to_aws()
    assume(not Reference(case).tied)
    assert outcome(first) == outcome(case.simulate())


@given(MIXED)
def test_nobody_can_change_what_an_execution_holds(case: Case) -> None:
    before = copy.deepcopy((case.definition, case.input))
    told: list[dict[str, Any]] = []

    def spoil(event: asl_local.Event) -> None:
        told.append(event.to_aws())
        for value in event.details.values():
            if isinstance(value, (dict, list)):
                value.clear()

    machine = asl_local.load(case.definition)
    spoiled = machine.simulate(case.input, case.handlers(virtually, spoil=True), on_event=spoil)
    assert (case.definition, case.input) == before
    assert spoiled.history.to_aws() == told == case.simulate().history.to_aws()


# -- the history -------------------------------------------------------------------------------------------------------

STATE_ENDS = {f"{kind}StateExited" for kind in ("Task", "Pass", "Choice", "Wait", "Succeed", "Parallel", "Map")}
TASK_ENDS = {"LambdaFunctionSucceeded", "LambdaFunctionFailed", "LambdaFunctionTimedOut"}
CHILD_ENDS = (
    STATE_ENDS
    | TASK_ENDS
    | {"EvaluationFailed"}
    | {"FailStateEntered", "ChoiceStateEntered", "PassStateEntered", "ParallelStateFailed", "MapStateFailed"}
)

# What an event may follow, by its type.
FOLLOWS: dict[str, set[str]] = {
    **{f"{kind}StateEntered": STATE_ENDS | {"ParallelStateStarted", "MapIterationStarted"}
       for kind in ("Task", "Pass", "Choice", "Wait", "Succeed", "Fail", "Parallel", "Map")},
    **{f"{kind}StateExited": {f"{kind}StateEntered"} for kind in ("Pass", "Choice", "Wait", "Succeed")},
    "TaskStateExited": TASK_ENDS,
    "LambdaFunctionScheduled": {"TaskStateEntered", *TASK_ENDS},
    "LambdaFunctionStarted": {"LambdaFunctionScheduled"},
    **{kind: {"LambdaFunctionStarted"} for kind in TASK_ENDS},
    "ParallelStateStarted": {"ParallelStateEntered"} | CHILD_ENDS,
    "ParallelStateSucceeded": STATE_ENDS,
    "ParallelStateExited": STATE_ENDS | {"ParallelStateFailed"},
    "MapStateStarted": {"MapStateEntered", "MapStateStarted"} | CHILD_ENDS,
    "MapIterationStarted": {"MapStateStarted"} | STATE_ENDS,
    "MapIterationSucceeded": STATE_ENDS,
    "MapStateSucceeded": {"MapStateStarted", "MapIterationSucceeded"},
    "MapStateExited": {"MapStateStarted", "MapIterationSucceeded", "MapStateFailed"},
    "MapStateFailed": {"MapStateEntered", "MapStateStarted"} | CHILD_ENDS,
    "ParallelStateFailed": {"ParallelStateEntered", "ParallelStateStarted"} | CHILD_ENDS,
    "MapIterationFailed": CHILD_ENDS,
    "ExecutionSucceeded": STATE_ENDS,
    "EvaluationFailed": STATE_ENDS | {"ParallelStateStarted", "MapIterationStarted", "WaitStateEntered"} | TASK_ENDS,
    "ActivityScheduled": {"TaskStateEntered"} | {"ActivityFailed", "ActivityTimedOut"},
    "ActivityScheduleFailed": {"ActivityScheduled"},
    "ActivityStarted": {"ActivityScheduled"},
    **{f"Activity{end}": {"ActivityScheduled", "ActivityStarted"} for end in ("Succeeded", "Failed", "TimedOut")},
    "MapRunStarted": {"MapStateStarted"},
    **{f"MapRun{end}": {"MapRunStarted", "MapRunRedriven"} for end in ("Succeeded", "Failed", "Aborted")},
    "MapRunRedriven": {"MapStateEntered", "ExecutionRedriven"},
}  # fmt: skip


@given(MIXED)
def test_histories_are_well_formed(case: Case) -> None:
    history = case.simulate().history
    check_history(history)
    types = {event.id: event.type for event in history}
    for event in history:
        _, names = EVENTS[event.type]
        missing = set(names) - set(event.details)
        optional = {"error", "cause", "timeoutInSeconds", "heartbeatInSeconds", "taskCredentials", "assignedVariables"}
        assert missing <= optional, event
        if event.previous_event_id and event.type in FOLLOWS:
            assert types[event.previous_event_id] in FOLLOWS[event.type], (event, types[event.previous_event_id])


@pytest.mark.parametrize("kind", sorted(EVENTS))
def test_what_an_event_follows_is_known_or_an_end(kind: str) -> None:
    ends = kind.startswith(("Execution", "Task", "LambdaFunction")) or kind.endswith("Aborted")
    assert kind in FOLLOWS or ends
