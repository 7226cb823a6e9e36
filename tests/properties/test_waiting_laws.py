"""Laws of tasks that wait for somebody: whoever answers, whenever the process dies, in whichever clock.

Random machines of task tokens, activities, jobs, nested executions and plain tasks, one after the other, in branches
and in iterations. What somebody answers depends on the state's name and the attempt alone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

import asl_local
from asl_local import Callbacks, Execution, Resources
from asl_local.drivers import Simulation
from asl_local.drivers.drive import drive
from asl_local.engine import snapshot
from asl_local.engine.messages import Failed, Heartbeat, Stimulus, Succeeded, Taken, TaskFailed, TaskSucceeded
from asl_local.resources.registry import Family
from cases_runner import check_history

LAMBDA = "arn:aws:lambda:us-east-1:123456789012:function:f"
SEND = "arn:aws:states:::sqs:sendMessage"
JOB = "arn:aws:states:::ecs:runTask.sync"
ACTIVITY = "arn:aws:states:us-east-1:123456789012:activity:a"
START = "arn:aws:states:::states:startExecution.sync:2"
CHILD = "arn:aws:states:us-east-1:123456789012:stateMachine:Child"
FEWER = settings(max_examples=max(10, settings().max_examples // 3))

KINDS: dict[str, dict[str, Any]] = {
    "plain": {"Resource": LAMBDA, "Parameters": {"state.$": "$$.State.Name"}},
    "token": {"Resource": f"{SEND}.waitForTaskToken", "HeartbeatSeconds": 1000,
              "Parameters": {"QueueUrl": "q", "MessageBody": {"Token.$": "$$.Task.Token"}}},
    "job": {"Resource": JOB, "Parameters": {"TaskDefinition.$": "$$.State.Name"}},
    "activity": {"Resource": ACTIVITY, "HeartbeatSeconds": 1000, "Parameters": {"state.$": "$$.State.Name"}},
    "nested": {"Resource": START, "Parameters": {"StateMachineArn": CHILD, "Input": {"state.$": "$$.State.Name"}},
               "ResultSelector": {"child.$": "$.Output"}},
}  # fmt: skip


class Answer(NamedTuple):
    """What somebody answers once: after so many seconds he fails, or gives the value."""

    seconds: int
    fails: bool
    value: Any


class Case(NamedTuple):
    """A machine and, by state, what is answered attempt by attempt."""

    definition: dict[str, Any]
    plan: dict[str, list[Answer]]

    def answer(self, state: str, attempt: int) -> Answer:
        """What is answered in this attempt."""
        answers = self.plan[state]
        return answers[min(attempt, len(answers) - 1)]

    def resources(self) -> Resources:
        """Everybody who answers."""

        def work(_event: Any, context: Any) -> Any:
            answer = self.answer(context.state, context.attempt)
            context.sleep(answer.seconds)
            if answer.fails:
                raise asl_local.StateError("E", "planned")
            return answer.value

        def job(_event: Any, context: Any) -> Any:
            answer = self.answer(context.state, context.attempt)
            return asl_local.Job(
                {"submitted": True}, answer.value, "E" if answer.fails else None, seconds=answer.seconds
            )  # fmt: skip

        child = asl_local.load({"StartAt": "W", "States": {
            "W": {"Type": "Wait", "Seconds": 2, "Next": "T"},
            "T": {"Type": "Task", "Resource": LAMBDA, "End": True}}}, name="Child")  # fmt: skip

        def function(event: Any, context: Any) -> Any:
            return f"child of {event['state']}" if context.state == "T" else work(event, context)

        return Resources(
            {"f": function, SEND: lambda event: {"MessageId": "m"}, JOB: job, ACTIVITY: work},
            workers={f"{SEND}.waitForTaskToken": work}, machines={"Child": child},
        )  # fmt: skip


class _Builder:
    def __init__(self, draw: Callable[[st.SearchStrategy[Any]], Any]) -> None:
        self.draw, self.count = draw, 0
        self.plan: dict[str, list[Answer]] = {}

    def block(self, depth: int) -> dict[str, Any]:
        names: list[str] = []
        states: dict[str, Any] = {}
        for _ in range(self.draw(st.integers(1, 3))):
            self.count += 1
            kind = self.draw(st.sampled_from([*KINDS] + (["Parallel", "Map"] if depth else [])))
            name = f"{kind}{self.count}"
            states[name] = self.state(kind, name, depth)
            names.append(name)
        for name, after in zip(names, [*names[1:], None], strict=True):
            states[name].update({"End": True} if after is None else {"Next": after})
        return {"StartAt": names[0], "States": states}

    def state(self, kind: str, name: str, depth: int) -> dict[str, Any]:
        if kind == "Parallel":
            branches = [self.block(depth - 1) for _ in range(self.draw(st.integers(1, 2)))]
            return {"Type": "Parallel", "Branches": branches, "ResultPath": f"$.{name}"}
        if kind == "Map":
            return {
                "Type": "Map", "ItemsPath": "$$.Execution.Input.items", "ItemProcessor": self.block(depth - 1),
                "ResultPath": f"$.{name}", "MaxConcurrency": self.draw(st.integers(0, 2)),
            }  # fmt: skip
        answers = st.builds(Answer, st.integers(0, 3), st.booleans(), st.sampled_from([None, 1, "ü", {"a": []}]))
        self.plan[name] = self.draw(st.lists(answers, min_size=1, max_size=3))
        retry = {"ErrorEquals": ["E"], "MaxAttempts": self.draw(st.integers(0, 2)), "IntervalSeconds": 1}
        return {"Type": "Task", **KINDS[kind], "ResultPath": f"$.{name}", "Retry": [retry]}


@st.composite
def cases(draw: Any) -> Case:
    builder = _Builder(draw)
    definition = builder.block(2)
    return Case(definition, builder.plan)


CASES = cases()
INPUT = {"items": [{}, {}]}


def ended(result: asl_local.Result) -> tuple[Any, ...]:
    return result.status, result.output, result.error, result.cause


def simulated(case: Case, seed: int = 0) -> asl_local.Result:
    return asl_local.load(case.definition).simulate(INPUT, case.resources(), seed=seed)


@given(CASES)
@FEWER
def test_histories_are_well_formed_and_the_events_of_a_task_in_order(case: Case) -> None:
    history = simulated(case).history
    check_history(history)
    types = {event.id: event.type for event in history}
    follows = {
        "TaskSubmitted": {"TaskStarted"},
        "TaskSucceeded": {"TaskSubmitted"},
        "TaskFailed": {"TaskSubmitted"},
        "ActivityStarted": {"ActivityScheduled"},
        "ActivitySucceeded": {"ActivityStarted"},
        "ActivityFailed": {"ActivityStarted"},
    }
    for event in history:
        if event.type in follows:
            assert types[event.previous_event_id] in follows[event.type], event


@given(CASES, st.integers(1, 2**32))
@FEWER
def test_every_seed_ends_alike(case: Case, seed: int) -> None:
    first = simulated(case, seed)
    assert simulated(case, seed).history.to_aws() == first.history.to_aws()
    assert ended(first) == ended(simulated(case))


@given(CASES, st.randoms(use_true_random=False), st.booleans())
@FEWER
def test_a_process_that_dies_anywhere_changes_nothing(case: Case, random: Any, whole: bool) -> None:
    """After some step the driver and all that it knew are gone; what is left is the dump.

    With `whole` that is the dump of all executions, else of the first one, which then starts the others again.
    """
    plan = asl_local.load(case.definition).plan
    execution = asl_local.load(case.definition).execution(INPUT)
    crashes = 0
    dumps: list[str] = []

    class Dies(Exception):
        pass

    def observe(here: Execution) -> None:
        if here.outcome is None and crashes < 4 and random.random() < 0.3:
            raise Dies

    while True:
        resources, family, nested = case.resources(), Family.of(execution), []
        work = resources.bind(plan, execution.identity, like=execution, family=family)
        going_on = [resources.take_up(dump, family) for dump in dumps]
        start = max([1_704_067_200.0, execution.now, *(each.execution.now for each in going_on)])
        try:
            outcome = drive(execution, Simulation(work, start=start), observe, going_on=going_on, nested=nested).outcome
            break
        except Dies:
            crashes += 1
            text = snapshot.bundle([execution, *(nested if whole else [])])
            first, *dumps = snapshot.unbundle(text)
            execution = Execution.load(first, plan)
    plain = simulated(case)
    assert (outcome.status, outcome.output, outcome.error, outcome.cause) == ended(plain)
    if outcome.status == "SUCCEEDED":
        assert sorted(row[0] for row in execution.history.rows) == sorted(plain.history.types())


@given(CASES)
@FEWER
def test_real_time_and_virtual_time_end_alike(case: Case) -> None:
    """On threads, with the same answers and without the seconds."""
    hurried = Case(case.definition, {k: [a._replace(seconds=0) for a in v] for k, v in case.plan.items()})
    here = asl_local.load(hurried.definition)
    for state in here.plan.states.values():
        for retrier in state.retry:  # nobody waits here
            retrier.interval = 0.0
    given_ = hurried.resources()
    given_.machines["Child"] = asl_local.load({"StartAt": "T", "States": {
        "T": {"Type": "Task", "Resource": LAMBDA, "End": True}}}, name="Child")  # fmt: skip
    result = here.start(INPUT, given_, callbacks=Callbacks()).result(60)
    expected = simulated(hurried)
    assert result.status == expected.status
    if result.status == "SUCCEEDED":
        assert result.output == expected.output


@given(CASES, st.randoms(use_true_random=False))
@FEWER
def test_words_that_come_too_late_or_twice_change_nothing(case: Case, random: Any) -> None:
    machine = asl_local.load(case.definition)
    execution = machine.execution(INPUT)
    resources = case.resources()
    driver = Simulation(resources.bind(machine.plan, execution.identity, like=execution))
    finished: set[int] = set()

    def observe(here: Execution) -> None:
        waiting = {waiting.token for waiting in here.waiting_for()}
        finished.update(set(range(1, here.tokens + 1)) - waiting)
        for _ in range(3):
            if not finished:
                return
            token = random.choice(sorted(finished))
            stale: list[Stimulus] = [
                Succeeded(token, 1), Failed(token, "S", ""), TaskSucceeded(token, 1), TaskFailed(token, "S"),
                Taken(token, "w"), Heartbeat(token),
            ]  # fmt: skip
            before = here.dump()
            for each in stale:
                assert here.step(each, here.now) == []
            assert here.dump() == before
        for waiting_ in here.waiting_for():
            if waiting_.why in ("token", "job"):
                before = here.dump()
                for each in (Succeeded(waiting_.token, 1), Failed(waiting_.token, "S", ""), Taken(waiting_.token)):
                    assert here.step(each, here.now) == []
                assert here.dump() == before

    outcome = drive(execution, driver, observe).outcome
    assert (outcome.status, outcome.output, outcome.error, outcome.cause) == ended(simulated(case))


@given(CASES)
@FEWER
def test_forks_with_tokens_are_equal_and_independent(case: Case) -> None:
    machine = asl_local.load(case.definition)
    execution = machine.execution(INPUT)
    driver = Simulation(case.resources().bind(machine.plan, execution.identity, like=execution))
    kept: list[tuple[Execution, str]] = []

    def observe(here: Execution) -> None:
        twin = here.fork()
        assert twin == here
        assert twin.pending() == here.pending()
        kept.append((twin, here.dump()))

    drive(execution, driver, observe)
    for twin, dump in kept:
        assert twin.dump() == dump
