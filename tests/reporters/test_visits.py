"""What an execution did: a small machine for each thing that can become of a state, and every member of its visits."""

from __future__ import annotations

from typing import Any

import pytest

import asl_local
from asl_local import Limits, StateError
from asl_local.engine.messages import Redriven, Stopped, Succeeded
from asl_local.reporters.aws import History
from asl_local.reporters.recorded import read
from asl_local.reporters.visits.model import CAUGHT, FAILED, RUNNING, SUCCEEDED, Run
from asl_local.reporters.visits.reading import Visits
from asl_local.reporters.visits.text import timeline_text
from asl_local.reporters.visits.whole import run_of, run_of_recording

LAMBDA = "arn:aws:lambda:us-east-1:123456789012:function:"


def machine(**states: Any) -> dict[str, Any]:
    """The states; the first one begins."""
    return {"StartAt": next(iter(states)), "States": states}


def task(**fields: Any) -> dict[str, Any]:
    return {"Type": "Task", "Resource": f"{LAMBDA}work", **({} if "Next" in fields else {"End": True}), **fields}


def wait(seconds: int, **fields: Any) -> dict[str, Any]:
    return {"Type": "Wait", "Seconds": seconds, **({} if "Next" in fields else {"End": True}), **fields}


def catch(target: str, *errors: str) -> dict[str, Any]:
    return {"ErrorEquals": list(errors or ["States.ALL"]), "Next": target}


PASS = {"Type": "Pass", "End": True}
RETRY = [{"ErrorEquals": ["E"], "IntervalSeconds": 3, "MaxAttempts": 1}]


def failing(*times: str, after: float = 2, then: Any = "done") -> Any:
    """A handler that takes so many seconds, and fails with these errors first."""
    left = list(times)

    def work(event: Any, context: Any) -> Any:
        context.sleep(after)
        if left:
            raise StateError(left.pop(0), "because")
        return then

    return work


def by_item(event: Any, context: Any) -> Any:
    """Item 1 fails after 2 s, the others take as many seconds as they say."""
    context.sleep(event)
    if event == 2:
        raise StateError("E", "because")
    return event


def told(run: Run) -> list[str]:
    """Each visit on a line, attempts and iterations below; times in seconds since the start."""
    lines = []
    for visit in run.visits:
        depth, parent = 0, visit.parent
        while parent is not None:
            depth, parent = depth + 1, run.visits[parent].parent
        slot = "" if visit.slot is None else f"[{visit.slot}]"
        again = f" round {visit.round}" if visit.round else ""
        left = "" if visit.left is None else f"{visit.left - (run.started or 0):g}"
        edge = visit.edge.removeprefix(f"{visit.pointer}/")
        said = [visit.outcome, *([visit.error] if visit.error else []), *([f"-> {edge}"] if edge else [])]
        times = f"{visit.entered - (run.started or 0):g}..{left}"
        lines.append(f"{'  ' * depth}{slot}{visit.state}{again} {times} {' '.join(said)}")
        for attempt in visit.attempts:
            ended = "" if attempt.ended is None else f"{attempt.ended - (run.started or 0):g}"
            retry = "" if attempt.retry_at is None else f" again at {attempt.retry_at - (run.started or 0):g}"
            error = f" {attempt.error}" if attempt.error else ""
            times = f"{attempt.scheduled - (run.started or 0):g}..{ended}"
            lines.append(f"{'  ' * depth}  #{attempt.number} {times} {attempt.outcome}{error}{retry}")
        for each in visit.iterations:
            ended = "" if each.ended is None else f"{each.ended - (run.started or 0):g}"
            again = f" round {each.round}" if each.round else ""
            lines.append(
                f"{'  ' * depth}  ({each.index}) {each.started - (run.started or 0):g}..{ended} {each.outcome}{again}"
            )
    return lines


CHOICE = machine(
    A={
        "Type": "Choice",
        "Choices": [
            {"Variable": "$.n", "NumericEquals": 1, "Next": "B"},
            {"Variable": "$.n", "NumericEquals": 2, "Next": "C"},
            {"Variable": "$.n", "NumericEquals": 3, "Next": "C"},
        ],
        "Default": "D",
    },
    B=PASS, C={"Type": "Succeed"}, D={"Type": "Fail", "Error": "No", "Cause": "none of them"},
)  # fmt: skip
PARALLEL: dict[str, Any] = {
    "Type": "Parallel",
    "Branches": [
        machine(Slow=wait(9)),
        machine(Quick=wait(1, Next="Stop"), Stop={"Type": "Fail", "Error": "E"}),
    ],
    "End": True,
}
MAP: dict[str, Any] = {"Type": "Map", "ItemsPath": "$.items", "ItemProcessor": machine(T=task()), "End": True}

TABLE: dict[str, tuple[dict[str, Any], Any, Any, list[str]]] = {
    "a Choice by its rule": (CHOICE, {"n": 1}, None, [
        "A 0..0 succeeded -> Choices/0",
        "B 0..0 succeeded -> End",
    ]),
    "of two rules that lead to one state the first": (CHOICE, {"n": 3}, None, [
        "A 0..0 succeeded -> Choices/1",
        "C 0..0 succeeded -> End",
    ]),
    "a Choice's default, and a Fail state": (CHOICE, {"n": 9}, None, [
        "A 0..0 succeeded -> Default",
        "D 0..0 failed No -> End",
    ]),
    "a Choice that nothing fits": (
        machine(A={"Type": "Choice", "Choices": [{"Variable": "$.n", "NumericEquals": 1, "Next": "B"}]}, B=PASS),
        {"n": 9}, None,
        ["A 0..0 failed States.NoChoiceMatched"],
    ),
    "a Task that is tried again": (machine(A=task(Retry=RETRY)), {}, failing("E"), [
        "A 0..7 succeeded -> End",
        "  #0 0..2 failed E again at 5",
        "  #1 5..7 succeeded",
    ]),
    "a Task that fails": (machine(A=task(Retry=RETRY)), {}, failing("E", "E"), [
        "A 0..7 failed E",
        "  #0 0..2 failed E again at 5",
        "  #1 5..7 failed E",
    ]),
    "a Task that is caught, by the catcher for its error": (
        machine(A=task(Catch=[catch("B", "X"), catch("B", "E"), catch("B")]), B=PASS), {}, failing("E"),
        ["A 0..2 caught E -> Catch/1", "  #0 0..2 failed E", "B 2..2 succeeded -> End"],
    ),
    "a Task that takes too long": (machine(A=task(TimeoutSeconds=1)), {}, failing(), [
        "A 0..1 timed out States.Timeout",
        "  #0 0..1 timed out States.Timeout",
    ]),
    "a Task that took too long and is caught": (
        machine(A=task(TimeoutSeconds=1, Catch=[catch("B", "States.Timeout")]), B=PASS), {}, failing(),
        ["A 0..1 caught States.Timeout -> Catch/0", "  #0 0..1 timed out States.Timeout", "B 1..1 succeeded -> End"],
    ),
    "an execution whose time is up": (
        machine(A={"Type": "Parallel", "Branches": [machine(T=task()), machine(W=wait(1))], "End": True})
        | {"TimeoutSeconds": 2},
        {}, failing(after=5),
        [
            "A 0..2 timed out",
            "  #0 0..2 timed out",
            "  [0]T 0..2 timed out",
            "    #0 0..2 timed out",
            "  [1]W 0..1 succeeded -> End",
        ],
    ),
    "a branch that fails, and the one beside it": (machine(A=PARALLEL), {}, None, [
        "A 0..1 failed E",
        "  #0 0..1 failed E",
        "  [0]Slow 0..1 aborted",
        "  [1]Quick 0..1 succeeded -> Next",
        "  [1]Stop 1..1 failed E -> End",
    ]),
    "a Parallel that is tried again and caught": (
        machine(A={**PARALLEL, "Retry": RETRY, "Catch": [catch("B")]}, B=PASS), {}, None,
        [
            "A 0..5 caught E -> Catch/0",
            "  #0 0..1 failed E again at 4",
            "  #1 4..5 failed E",
            "  [0]Slow 0..1 aborted",
            "  [1]Quick 0..1 succeeded -> Next",
            "  [1]Stop 1..1 failed E -> End",
            "  [0]Slow round 1 4..5 aborted",
            "  [1]Quick round 1 4..5 succeeded -> Next",
            "  [1]Stop round 1 5..5 failed E -> End",
            "B 5..5 succeeded -> End",
        ],
    ),
    "a Map with an item that fails": (machine(A={**MAP, "Catch": [catch("B")]}, B=PASS), {"items": [1, 2, 3]}, by_item, [
        "A 0..2 caught E -> Catch/0",
        "  #0 0..2 failed E",
        "  (0) 0..1 succeeded",
        "  (1) 0..2 failed",
        "  (2) 0..2 aborted",
        "  [0]T 0..1 succeeded -> End",
        "    #0 0..1 succeeded",
        "  [1]T 0..2 failed E",
        "    #0 0..2 failed E",
        "  [2]T 0..2 aborted",
        "    #0 0..2 aborted",
        "B 2..2 succeeded -> End",
    ]),
    "items of items, all cut short by one": (
        machine(A={**MAP, "ItemProcessor": machine(M={**MAP, "ItemsPath": "$"})}), {"items": [[3, 2], [1, 4]]}, by_item,
        [
            "A 0..2 failed E",
            "  #0 0..2 failed E",
            "  (0) 0..2 failed",
            "  (1) 0..2 aborted",
            "  [0]M 0..2 failed E",
            "    #0 0..2 failed E",
            "    (0) 0..2 aborted",
            "    (1) 0..2 failed",
            "  [1]M 0..2 aborted",
            "    #0 0..2 aborted",
            "    (0) 0..1 succeeded",
            "    (1) 0..2 aborted",
            "    [0]T 0..2 aborted",
            "      #0 0..2 aborted",
            "    [1]T 0..2 failed E",
            "      #0 0..2 failed E",
            "    [0]T 0..1 succeeded -> End",
            "      #0 0..1 succeeded",
            "    [1]T 0..2 aborted",
            "      #0 0..2 aborted",
        ],
    ),
    "a catcher that fails itself": (
        machine(A={**MAP, "ItemProcessor": machine(T=task(Catch=[{**catch("U"), "ResultPath": "$.a"}]), U=PASS),
                   "Catch": [catch("B")]}, B=PASS),
        {"items": [2]}, by_item,
        [
            "A 0..2 caught States.ResultPathMatchFailure -> Catch/0",
            "  #0 0..2 failed States.ResultPathMatchFailure",
            "  (0) 0..2 failed",
            "  [0]T 0..2 failed E",
            "    #0 0..2 failed E",
            "B 2..2 succeeded -> End",
        ],
    ),
    "a Map that is tried again": (machine(A={**MAP, "Retry": RETRY}), {"items": [0]}, failing("E"), [
        "A 0..7 succeeded -> End",
        "  #0 0..2 failed E again at 5",
        "  #1 5..7 succeeded",
        "  (0) 0..2 failed",
        "  (0) 5..7 succeeded round 1",
        "  [0]T 0..2 failed E",
        "    #0 0..2 failed E",
        "  [0]T round 1 5..7 succeeded -> End",
        "    #0 5..7 succeeded",
    ]),
    "a Map without items": (machine(A=MAP), {"items": []}, None, ["A 0..0 succeeded -> End", "  #0 0..0 succeeded"]),
    "an item that ends the whole execution": (
        machine(A={**MAP, "Catch": [catch("B")], "ItemProcessor": machine(
            T=task(Parameters={"a.$": "$.nowhere"}))}, B=PASS),
        {"items": [0, 1]}, failing(),
        [
            "A 0..0 failed States.Runtime",
            "  #0 0..0 failed States.Runtime",
            "  (0) 0..0 failed",
            "  (1) 0..0 aborted",
            "  [0]T 0..0 failed States.Runtime",
        ],
    ),
    "a field that cannot be evaluated": (
        machine(A={"Type": "Pass", "Output": "{% $nowhere.a.b + 'x' %}", "End": True}) | {"QueryLanguage": "JSONata"},
        {}, None,
        ["A 0..0 failed States.QueryEvaluationError"],
    ),
    "an answer that cannot be put where it should go": (
        machine(A=task(ResultPath="$.a.b", Catch=[catch("B", "States.ResultPathMatchFailure")], Next="C"), B=PASS, C=PASS),
        "text", failing(),
        [
            "A 0..2 caught States.ResultPathMatchFailure -> Catch/0",
            "  #0 0..2 succeeded",
            "B 2..2 succeeded -> End",
        ],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", TABLE)
def test_what_became_of_each_state(name: str) -> None:
    definition, given, handler, expected = TABLE[name]
    result = asl_local.load(definition).simulate(given, {"work": handler or failing()}, start=0)
    assert told(run_of(result)) == expected


def test_the_members_of_a_visit() -> None:
    definition = machine(A=task(Retry=RETRY, Assign={"v": 1}, Output={"out": 2})) | {"QueryLanguage": "JSONata"}
    result = asl_local.load(definition, name="M").simulate({"in": 1}, {"work": failing("E")}, start=100)
    run = run_of(result)
    (visit,) = run.visits
    assert (run.name, run.machine, run.type) == (result.identity.execution_name, "M", "STANDARD")
    assert (run.arn, run.machine_arn) == (result.identity.execution_arn, result.identity.machine_arn)
    assert (run.started, run.stopped, run.virtual, run.status) == (100, 107, True, "SUCCEEDED")
    assert (run.input, run.output, run.error, run.place) == ({"in": 1}, {"out": 2}, None, "")
    assert run.definition == definition
    assert run.visit_of == [-1, 0, 0, 0, 0, 0, 0, 0, 0, -1]
    assert (visit.pointer, visit.type, visit.first, visit.last) == ("/States/A", "Task", 2, 9)
    assert (visit.input, visit.output, visit.assigned) == ({"in": 1}, {"out": 2}, {"v": 1})
    assert (visit.error, visit.cause, visit.retries) == (None, None, 1)
    failed, answered = visit.attempts
    assert (failed.first, failed.last, failed.started, failed.cause) == (3, 5, 100, "because")
    assert (failed.resource, failed.input, failed.output) == (f"{LAMBDA}work", {"in": 1}, None)
    assert (answered.first, answered.last, answered.output) == (6, 8, "done")


def test_without_a_definition_branches_count_as_they_appear() -> None:
    result = asl_local.load(machine(A=PARALLEL)).simulate({}, start=0)
    visits = Visits()
    for event in result.history:
        visits.take(event)
    expected = [line.partition(" ->")[0] for line in told(run_of(result))]
    assert told(visits.run) == expected
    assert {visit.pointer for visit in visits.run.visits} == {""}


def test_names_are_looked_up_in_their_block() -> None:
    inner = machine(A=PASS)
    definition = machine(A={"Type": "Parallel", "Branches": [inner, inner], "End": True})
    visits = Visits(definition)
    for event in asl_local.load(machine(P={**definition["States"]["A"], "Branches": [inner]})).simulate({}).history:
        if event.details.get("name") == "P":
            event.details["name"] = "A"
        visits.take(event)
    assert [visit.pointer for visit in visits.run.visits] == ["/States/A", "/States/A/Branches/0/States/A"]


def test_a_task_that_waits_for_a_token_is_running() -> None:
    definition = machine(A={
        "Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
        "Parameters": {"QueueUrl": "q", "MessageBody.$": "$$.Task.Token"}, "End": True,
    })  # fmt: skip
    execution = asl_local.load(definition).execution({})
    (call,) = execution.step(None, 0)
    execution.step(Succeeded(call.token, {}), 1)
    visits = Visits(definition)
    for event in History(execution.history.rows):
        visits.take(event)
    assert told(visits.run) == ["A 0.. running", "  #0 0.. running"]
    assert visits.run.visits[0].attempts[0].resource == "sqs:sendMessage.waitForTaskToken"
    rows = len(execution.history.rows)
    execution.step(Stopped("Enough", "of it"), 9)
    for event in History(execution.history.rows)[rows:]:
        visits.take(event)
    assert told(visits.run) == ["A 0..9 aborted", "  #0 0..9 aborted"]
    assert (visits.run.status, visits.run.error, visits.run.cause) == ("ABORTED", "Enough", "of it")


def test_a_redrive_goes_on_with_the_same_visit() -> None:
    definition = machine(A=PARALLEL | {"Branches": [machine(T=task()), machine(P=PASS)]})
    loaded = asl_local.load(definition)
    failed = loaded.simulate({}, {"work": failing("E")}, start=0)
    again = loaded.redrive(failed, {"work": failing()}, at=60)
    run = run_of(again)
    assert told(run) == [
        "A 0..62 succeeded -> End",
        "  #0 0..62 succeeded",
        "  [0]T 0..62 succeeded -> End",
        "    #0 0..2 failed E again at 60",
        "    #1 60..62 succeeded",
        "  [1]P 0..0 succeeded -> End",
    ]
    assert (run.status, run.stopped, run.error) == ("SUCCEEDED", 62, None)


def test_a_parallel_that_is_redriven_starts_again_itself() -> None:
    branches = [machine(P=PASS), machine(Q=PASS)]
    definition = machine(A={**PARALLEL, "Branches": branches, "ResultSelector": {"a.$": "$$.Map.Item.Index"}})
    loaded = asl_local.load(definition)
    again = loaded.redrive(loaded.simulate({}, start=0), at=60)
    assert told(run_of(again)) == [
        "A 0..60 failed States.Runtime",
        "  #0 0..0 failed States.Runtime again at 60",
        "  #1 60..60 failed States.Runtime",
        "  [0]P 0..0 succeeded -> End",
        "  [1]Q 0..0 succeeded -> End",
        "  [0]P round 1 60..60 succeeded -> End",
        "  [1]Q round 1 60..60 succeeded -> End",
    ]


def test_a_map_that_waits_for_its_retry_starts_again_itself() -> None:
    inner = {**MAP, "ItemsPath": "$", "ItemProcessor": machine(T={"Type": "Fail", "Error": "E"})}
    definition = machine(A={**MAP, "ItemProcessor": machine(M=inner), "Retry": RETRY})
    loaded = asl_local.load(definition)
    execution = loaded.execution({"items": [[1]]})
    execution.step(None, 0)
    execution.step(Stopped(), 1)
    execution.step(Redriven(), 60)
    visits = Visits(definition)
    for event in History(execution.history.rows):
        visits.take(event)
    assert told(visits.run) == [
        "A 0.. running E",
        "  #0 0..0 failed E again at 60",
        "  #1 60..60 failed E",
        "  (0) 0..0 failed",
        "  (0) 60..60 failed round 1",
        "  [0]M 0..0 failed E",
        "    #0 0..0 failed E",
        "    (0) 0..0 failed",
        "    [0]T 0..0 failed E -> End",
        "  [0]M round 1 60..60 failed E",
        "    #0 60..60 failed E",
        "    (0) 60..60 failed",
        "    [0]T 60..60 failed E -> End",
    ]


def test_a_map_run_has_its_children() -> None:
    inner = {**machine(T=task()), "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}}
    definition = machine(A={**MAP, "ItemProcessor": inner, "Catch": [catch("B")]}, B=PASS)
    result = asl_local.load(definition).simulate({"items": [1, 2]}, {"work": by_item}, start=0)
    run = run_of(result)
    assert told(run) == [
        "A 0..2 caught States.ExceedToleratedFailureThreshold -> Catch/0",
        "  #0 0..2 failed States.ExceedToleratedFailureThreshold",
        "B 2..2 succeeded -> End",
    ]
    counts = run.map_runs[0]
    assert (counts["total"], counts["succeeded"], counts["failed"]) == (2, 1, 1)
    assert [(child.visit, child.index, child.run.status) for child in run.children] == [
        (0, 0, "SUCCEEDED"), (0, 1, "FAILED"),
    ]  # fmt: skip
    child = run.children[1].run
    assert told(child) == ["T 0..2 failed E", "  #0 0..2 failed E"]
    assert child.definition == inner
    assert (child.visits[0].pointer, child.type, child.virtual) == ("/States/T", "STANDARD", True)
    assert child.machine_arn.endswith(f":stateMachine:{child.machine}")


@pytest.mark.parametrize("pattern", ["", ".sync:2"])
def test_an_execution_of_another_machine_hangs_where_it_was_started(pattern: str) -> None:
    starts = {
        "Type": "Task", "Resource": f"arn:aws:states:::states:startExecution{pattern}",
        "Parameters": {"StateMachineArn": "arn:aws:states:us-east-1:123456789012:stateMachine:Other", "Input": {}},
        "End": True,
    }  # fmt: skip
    definition = machine(A={**MAP, "ItemProcessor": machine(S=starts)})
    other = machine(B=wait(3))
    resources = asl_local.Resources(machines={"Other": asl_local.load(other, name="Other")})
    result = asl_local.load(definition).simulate({"items": [1, 2]}, resources, start=0)
    run = run_of(result)
    assert [(run.visits[child.visit].state, run.visits[child.visit].slot) for child in run.children] == [
        ("S", 0),
        ("S", 1),
    ]
    for child in run.children:
        assert (child.index, child.round, child.run.definition, child.run.machine) == (None, 0, other, "Other")
        assert told(child.run) == ["B 0..3 succeeded -> End"]


def test_what_is_within() -> None:
    run = run_of(asl_local.load(machine(A={**MAP, "Retry": RETRY})).simulate({"items": [0, 0]}, {"work": failing("E")}))
    assert [each.number for each in run.within(None)] == [0]
    assert [(each.slot, each.round) for each in run.within(0)] == [(0, 0), (1, 0), (0, 1), (1, 1)]
    assert [(each.slot, each.round) for each in run.within(0, 1)] == [(1, 0), (1, 1)]
    assert [(each.index, each.round) for each in run.iterations_of(0)] == [(0, 1), (1, 1)]
    assert [(each.index, each.round) for each in run.iterations_of(0, 0)] == [(0, 0), (1, 0)]


def test_an_execution_that_is_too_long_ends_in_the_state_it_was_in() -> None:
    definition = machine(A={"Type": "Pass", "Next": "B"}, B=task())
    result = asl_local.load(definition).simulate({}, {"work": failing()}, start=0, limits=Limits(events=6))
    assert told(run_of(result))[-2:] == ["B 0..0 failed States.Runtime", "  #0 0..0 failed States.Runtime"]


def test_a_recorded_history_without_times_and_end() -> None:
    events = [
        {"id": 1, "type": "ExecutionStarted", "previousEventId": 0, "executionStartedEventDetails": {"input": "{}"}},
        {
            "id": 2,
            "type": "WaitStateEntered",
            "previousEventId": 0,
            "stateEnteredEventDetails": {"name": "A", "input": "{}"},
        },
    ]
    run = run_of_recording(read(events), machine(A=wait(3)), name="mine")
    assert (run.name, run.status, run.started, run.stopped, run.input) == ("mine", "RUNNING", None, None, {})
    assert told(run) == ["A 0.. running"]


def test_holes_do_no_harm() -> None:
    definition = machine(A={**MAP, "Catch": [catch("B")]}, B=PASS)
    result = asl_local.load(definition).simulate({"items": [1, 2, 3]}, {"work": by_item}, start=0)
    events = result.history.to_aws()
    for hole in range(1, len(events)):
        recording = read([*events[:hole], *events[hole + 3 :]], whole=False)
        run = run_of_recording(recording, definition)
        assert len(run.visit_of) == len(run.events) == len(recording.events)
        assert run.notes == list(recording.notes)
        cut = run_of_recording(read(events[hole:], whole=False), definition)
        assert len(cut.visit_of) == len(events) - hole


def fanned(fail: bool) -> tuple[Any, list[Any]]:
    inner = {"StartAt": "Look", "States": {
        "Look": {"Type": "Choice", "Choices": [{"Variable": "$", "NumericEquals": 3, "Next": "Break"}], "Default": "Keep"},
        "Keep": {"Type": "Pass", "End": True},
        "Break": {"Type": "Fail", "Error": "Broken"},
    }}  # fmt: skip
    definition = machine(Start={"Type": "Pass", "Next": "Each"}, Each={
        "Type": "Map", "ItemsPath": "$.items", "MaxConcurrency": 1, "ItemProcessor": inner, "Next": "Last"}, Last=PASS,
    )  # fmt: skip
    result = asl_local.load(definition).simulate({"items": [1, 2, 3 if fail else 4]}, {}, start=0)
    return definition, list(result.history.to_aws())


def cut_run(definition: Any, events: list[Any]) -> Run:
    return run_of_recording(read(events, whole=False), definition)


@pytest.mark.parametrize("fail", [True, False])
@pytest.mark.parametrize("hole", [1, 3, 6, None])
def test_what_is_cut_in_a_map_says_nothing_false(fail: bool, hole: int | None) -> None:
    definition, events = fanned(fail)
    whole = {(each.state, each.first): each.outcome for each in cut_run(definition, events).visits}
    for at in range(2, len(events)):
        given = events[at:] if hole is None else [*events[:at], *events[at + hole :]]
        run = cut_run(definition, given)
        exited = {each["id"] for each in given if each["type"].endswith("StateExited")}
        for visit in run.visits:
            assert visit.outcome in (SUCCEEDED, RUNNING) or (fail and visit.state in ("Each", "Break"))
            assert visit.last not in exited or visit.outcome == SUCCEEDED
            assert visit.parent is None or run.visits[visit.parent].state == "Each"
            assert (visit.state, visit.first) not in whole or visit.outcome in (
                RUNNING, whole[visit.state, visit.first],
            )  # fmt: skip
            assert len({each.index for each in visit.iterations}) == len(visit.iterations)
            assert all(each.outcome in (SUCCEEDED, RUNNING, FAILED) for each in visit.iterations)
        assert len([visit for visit in run.visits if visit.state == "Each"]) <= 1


def test_a_map_that_was_entered_before_the_cut() -> None:
    definition, events = fanned(True)
    first = next(at for at, each in enumerate(events) if each["type"] == "PassStateExited" and at > 5)
    run = cut_run(definition, events[first:])
    assert [visit.state for visit in run.within(None)] == ["Keep", "Each"]
    each = run.visits[1]
    assert (each.pointer, each.outcome, each.error) == ("/States/Each", FAILED, "Broken")
    assert [(it.index, it.outcome) for it in run.iterations_of(1)] == [(0, SUCCEEDED), (1, SUCCEEDED), (2, FAILED)]
    assert [visit.state for visit in run.within(1, 1)] == ["Look", "Keep"]
    assert "[2]" in timeline_text(run)
    assert "Break" in timeline_text(run)


def test_what_failed_before_its_exit_was_caught_though_it_was_entered_before_the_cut() -> None:
    definition = machine(P={
        "Type": "Parallel", "Branches": [machine(F={"Type": "Fail", "Error": "E"})], "Catch": [catch("B")], "End": True,
    }, B=PASS)  # fmt: skip
    events = list(asl_local.load(definition).simulate({}, {}, start=0).history.to_aws())
    cut = next(at for at, each in enumerate(events) if each["type"] == "ParallelStateFailed")
    assert [(visit.state, visit.outcome) for visit in cut_run(definition, events[cut:]).visits] == [
        ("P", CAUGHT), ("B", SUCCEEDED),
    ]  # fmt: skip
