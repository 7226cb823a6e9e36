"""Exploring tasks that wait for more than their call, clocks, Distributed Maps, and executions that never end."""

from __future__ import annotations

from typing import Any

import pytest

import asl_local
from asl_local import Job, Resources

LAMBDA = "arn:aws:lambda:us-east-1:123456789012:function:"
ACTIVITY = "arn:aws:states:us-east-1:123456789012:activity:Paint"
TOKEN = "arn:aws:states:::sqs:sendMessage.waitForTaskToken"
World = dict[str, Any]


def machine(states: dict[str, Any], **fields: Any) -> asl_local.Machine:
    return asl_local.load({"StartAt": next(iter(states)), "States": states, **fields})


def task(resource: str, **fields: Any) -> dict[str, Any]:
    return {"Type": "Task", "Resource": resource, "End": True, **fields}


def parallel(*branches: dict[str, Any], **fields: Any) -> dict[str, Any]:
    made = [{"StartAt": next(iter(states)), "States": states} for states in branches]
    return {"Type": "Parallel", "Branches": made, "End": True, **fields}


def asks(**fields: Any) -> dict[str, Any]:
    return task(TOKEN, Parameters={"QueueUrl": "q", "MessageBody": {"token.$": "$$.Task.Token"}}, **fields)


def ends(exploration: Any) -> list[tuple[str, Any]]:
    return sorted(((each.status, each.error or each.output) for each in exploration.outcomes), key=repr)


def test_a_token_that_nobody_answers_hangs() -> None:
    exploration = machine({"Ask": asks()}).explore({}, {TOKEN: lambda _: {}}, faults=0)
    assert ends(exploration) == [("HANGS", "UnansweredToken")]
    assert exploration.outcomes[0].cause == "nobody answers the task token of Ask, and no timeout ends it"


def test_a_token_that_nobody_answers_times_out_where_it_can() -> None:
    exploration = machine({"Ask": asks(TimeoutSeconds=60)}).explore({}, {TOKEN: lambda _: {}}, faults=0)
    assert ends(exploration) == [("FAILED", "States.Timeout")]


def test_a_worker_answers_when_it_is_his_turn() -> None:
    states = {"Both": parallel({"Ask": asks()}, {"Log": task(LAMBDA + "Log")})}

    def resources(world: list[str]) -> Resources:
        return Resources(
            {"Log": lambda _: world.append("log"), TOKEN: lambda _: world.append("sent")},
            workers={"Ask": lambda _: world.append("worked")},
        )

    orders: set[tuple[str, ...]] = set()
    exploration = machine(states).explore(
        {}, resources, world=[], faults=0, invariant=lambda run: orders.add(tuple(run.world))
    )
    assert exploration.schedules == 3
    assert orders == {("sent", "worked", "log"), ("sent", "log", "worked"), ("log", "sent", "worked")}
    assert ["Both[0]/Ask", "Both[0]/Ask: reported", "Both[1]/Log"] in [
        each.example.schedule for each in exploration.outcomes
    ]


def test_a_token_may_be_answered_by_another_task() -> None:
    def ask(world: World) -> dict[str, Any]:
        def answer(_event: Any, context: Any) -> None:
            if "token" in world:
                context.send_task_success("well", token=world["token"])

        return {TOKEN: lambda event: world.update(event["MessageBody"]), "Answer": answer}

    states = {"Both": parallel({"Ask": asks()}, {"Answer": task(LAMBDA + "Answer")})}
    exploration = machine(states).explore({}, ask, world={}, faults=0)
    # Where the answer comes before the question, nobody ever gives one.
    assert ends(exploration) == [("HANGS", "UnansweredToken"), ("SUCCEEDED", ["well", None])]


def test_a_job_ends_at_any_time_or_when_it_says() -> None:
    sync = "arn:aws:states:::glue:startJobRun.sync"
    states = {"Both": parallel({"Job": task(sync)}, {"Pause": {"Type": "Wait", "Seconds": 10, "End": True}})}
    free = machine(states).explore({}, {sync: lambda _: Job("id", "done")}, faults=0)
    timed = machine(states).explore({}, {sync: lambda _: Job("id", "done", seconds=20)}, faults=0)
    assert ends(free) == ends(timed) == [("SUCCEEDED", ["done", {}])]
    assert timed.outcomes[0].example.result.seconds == 20
    failed = machine(states).explore({}, {sync: lambda _: Job("id", error="Broken")}, faults=0)
    assert ends(failed) == [("FAILED", "Broken")]


def test_an_activity_is_taken_and_then_done() -> None:
    exploration = machine({"Paint": task(ACTIVITY, TimeoutSeconds=5)}).explore({}, {ACTIVITY: lambda _: "red"})
    assert exploration.outcomes[0].example.schedule == ["Paint: taken", "Paint: reported"]
    assert ("FAILED", "States.Timeout") in ends(exploration)
    nobody = machine({"Paint": task(ACTIVITY)}).explore({}, Resources({}), faults=0)
    assert ends(nobody) == [("HANGS", "UnansweredToken")]


def test_a_wait_may_be_over_before_a_task_is_answered_or_after() -> None:
    def resources(world: list[str]) -> dict[str, Any]:
        return {"A": lambda _: world.append("a"), "B": lambda _: world.append("b")}

    states = {
        "Both": parallel(
            {"Pause": {"Type": "Wait", "Seconds": 9, "Next": "A"}, "A": task(LAMBDA + "A")}, {"B": task(LAMBDA + "B")}
        )
    }
    orders: set[str] = set()
    machine(states).explore({}, resources, world=[], faults=0, invariant=lambda run: orders.add("".join(run.world)))
    assert orders == {"ab", "ba"}


def test_a_handler_that_says_how_long_it_takes_is_believed() -> None:
    def resources(world: list[str]) -> dict[str, Any]:
        def slow(_event: Any, context: Any) -> None:
            context.sleep(20)

        return {"Slow": slow, "*": world.append}

    states = {
        "Both": parallel(
            {"Slow": task(LAMBDA + "Slow", Next="A"), "A": task(LAMBDA + "A", Parameters="a")},
            {"Pause": {"Type": "Wait", "Seconds": 9, "Next": "B"}, "B": task(LAMBDA + "B", Parameters="b")},
        )
    }
    for branch in states["Both"]["Branches"]:
        next(iter(branch["States"].values())).pop("End", None)
    orders: set[str] = set()
    machine(states).explore({}, resources, world=[], faults=0, invariant=lambda run: orders.add("".join(run.world)))
    assert orders == {"ba", "ab"}  # b is called at 9 and may take longer than 20
    states["Both"]["Branches"][1]["States"]["B"]["TimeoutSeconds"] = 5
    orders.clear()
    machine(states).explore({}, resources, world=[], faults=0, invariant=lambda run: orders.add("".join(run.world)))
    assert orders == {"ba"}


@pytest.mark.parametrize(
    ("schedule", "effects"),
    [
        (["Count: States.Timeout", "Count", "Count", "Count"], 1),
        (["Count: States.Timeout after its effect", "Count", "Count", "Count"], 2),
        (["Count: States.Timeout", "Count", "Count", "Count", "Count: unheard"], 2),  # the first call was only late
    ],
)
def test_a_timeout_before_the_effect_and_one_after_it_are_two_faults(schedule: list[str], effects: int) -> None:
    retried = {"Retry": [{"ErrorEquals": ["States.Timeout"], "MaxAttempts": 1}], "TimeoutSeconds": 10}
    counts = machine({"Count": task(LAMBDA + "Count", **retried)})

    def count(world: World) -> dict[str, Any]:
        return {"Count": lambda _: world.update(n=world["n"] + 1)}

    world = {"n": 0}
    assert counts.simulate({}, count, world=world, schedule=schedule).status == "SUCCEEDED"
    assert world == {"n": effects}
    met: set[tuple[str, int]] = set()
    counts.explore(
        {}, count, world={"n": 0}, kinds=["timeouts"], invariant=lambda run: met.add((run.status, run.world["n"]))
    )
    assert met == {("SUCCEEDED", 1), ("SUCCEEDED", 2), ("FAILED", 0), ("FAILED", 1), ("FAILED", 2)}


def test_a_lost_heartbeat_and_a_timeout_with_heartbeats_are_two_faults() -> None:
    caught = {
        "TimeoutSeconds": 100,
        "HeartbeatSeconds": 7,
        "Catch": [
            {"ErrorEquals": ["States.HeartbeatTimeout"], "Next": "Silent"},
            {"ErrorEquals": ["States.Timeout"], "Next": "Late"},
        ],
    }
    states = {
        "Work": task(LAMBDA + "Work", **caught),
        "Silent": {"Type": "Pass", "Result": "silent", "End": True},
        "Late": {"Type": "Pass", "Result": "late", "End": True},
    }
    exploration = machine(states).explore({}, {"Work": lambda _: "done"}, kinds=["timeouts", "heartbeats"])
    assert ends(exploration) == [("SUCCEEDED", "done"), ("SUCCEEDED", "late"), ("SUCCEEDED", "silent")]
    seconds = {each.output: each.example.result.seconds for each in exploration.outcomes}
    assert seconds == {"done": 0, "silent": 7, "late": 100}


def test_whoever_is_at_work_sends_heartbeats() -> None:
    def resources(world: list[str]) -> dict[str, Any]:
        return {"A": lambda _: world.append("a"), "B": lambda _: world.append("b")}

    pause = {"Pause": {"Type": "Wait", "Seconds": 60, "Next": "B"}, "B": task(LAMBDA + "B")}
    both = machine({"Both": parallel({"A": task(LAMBDA + "A", HeartbeatSeconds=7)}, pause)})
    orders: set[str] = set()
    both.explore({}, resources, world=[], faults=0, invariant=lambda run: orders.add("".join(run.world)))
    assert orders == {"ab", "ba"}
    late = both.simulate({}, resources, world=[], schedule=["Both[1]/Pause", "Both[0]/A: States.HeartbeatTimeout"])
    assert (late.error, late.seconds) == ("States.Timeout", 67)


def test_a_task_without_an_answer_ends_with_the_machines_own_timeout() -> None:
    exploration = machine({"Work": task(LAMBDA + "Work")}, TimeoutSeconds=30).explore({}, {"Work": lambda _: 1})
    assert ("TIMED_OUT", None) in ends(exploration)
    assert ends(
        machine({"Work": task(LAMBDA + "Work")}, TimeoutSeconds=30).explore({}, {"Work": lambda _: 1}, faults=0)
    ) == [("SUCCEEDED", 1)]


def test_whoever_fails_at_once_may_be_the_first() -> None:
    states = {
        "Both": parallel(*({f"Fail{number}": {"Type": "Fail", "Error": f"E{number}"}} for number in range(3))),
    }
    exploration = machine(states).explore({}, faults=0)
    assert ends(exploration) == [("FAILED", "E0"), ("FAILED", "E1"), ("FAILED", "E2")]
    last = exploration.outcomes[-1].example
    assert last.schedule == ["start, Both[2] first"]
    assert machine(states).simulate({}, schedule=last.schedule).error == "E2"


def test_what_is_asked_again_and_again_is_endless() -> None:
    states = {
        "Look": task(LAMBDA + "Look", Next="Done"),
        "Done": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.done", "BooleanEquals": True, "Next": "Yes"}],
            "Default": "Look",
        },
        "Yes": {"Type": "Succeed"},
    }
    del states["Look"]["End"]
    exploration = machine(states).explore({}, {"Look": lambda _: {"done": False}}, faults=0)
    assert exploration.complete
    assert exploration.schedules is None
    (run,) = exploration.cycles
    assert (run.schedule, run.repeats, run.status) == (["Look", "Look"], 1, "ENDLESS")
    assert "for ever" in str(exploration)


def test_the_children_of_a_distributed_map_are_explored() -> None:
    each = {
        "Type": "Map",
        "End": True,
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
            "StartAt": "Work",
            "States": {"Work": task(LAMBDA + "Work")},
        },
    }
    orders: set[tuple[int, ...]] = set()
    exploration = machine({"Each": each}).explore(
        [1, 2, 3],
        lambda world: {"Work": world.append},
        world=[],
        faults=0,
        invariant=lambda run: orders.add(tuple(run.world)),
    )
    assert exploration.complete
    assert len(orders) == exploration.schedules == 6
    assert sorted(exploration.outcomes[0].example.schedule) == ["Each[0]/Work", "Each[1]/Work", "Each[2]/Work"]


def test_executions_of_other_machines_are_refused_before_anything_runs() -> None:
    start = "arn:aws:states:::states:startExecution.sync:2"
    other = machine({"Pass": {"Type": "Pass", "End": True}})
    states = {"Start": task(start, Parameters={"StateMachineArn": "Other"})}
    with pytest.raises(asl_local.AslError, match="starts executions of other machines"):
        machine(states).explore({}, Resources(machines={"Other": other}))
    assert ends(machine(states).explore({}, {start: lambda _: "ended"}, faults=0)) == [("SUCCEEDED", "ended")]


def test_a_handler_that_asks_for_the_time_makes_it_count() -> None:
    def stamped(_event: Any, context: Any) -> int:
        return int(context.now()) % 100

    states = {
        "Both": parallel({"Stamp": task(LAMBDA + "Stamp")}, {"Pause": {"Type": "Wait", "Seconds": 7, "End": True}})
    }
    exploration = machine(states).explore({}, {"Stamp": stamped}, faults=0)
    assert ends(exploration) == [("SUCCEEDED", [0, {}]), ("SUCCEEDED", [7, {}])]
    assert not exploration.reduced


@pytest.mark.parametrize(
    ("parameters", "both"),
    [
        ({"at.$": "$$.State.EnteredTime"}, True),
        ({"at.$": "$$.Execution.StartTime"}, False),
        ({"name.$": "$$.State.Name"}, False),
    ],
)
def test_a_machine_that_reads_the_clock_has_more_to_tell(parameters: dict[str, Any], both: bool) -> None:
    branch = {
        "Work": task(LAMBDA + "Work", Next="Note"),
        "Note": {"Type": "Pass", "Parameters": parameters, "End": True},
    }
    del branch["Work"]["End"]
    states = {"Both": parallel(branch, {"Pause": {"Type": "Wait", "Seconds": 7, "End": True}})}
    exploration = machine(states).explore({}, {"Work": lambda _: 1}, faults=0)
    assert len(exploration.outcomes) == 1 + both


def test_the_budget_is_kept_and_what_is_left_is_told() -> None:
    each = {"Type": "Map", "End": True, "ItemProcessor": {"StartAt": "Work", "States": {"Work": task(LAMBDA + "Work")}}}
    exploration = machine({"Each": each}).explore(
        list(range(8)), lambda world: {"Work": world.append}, world=[], faults=0, budget=100
    )
    assert not exploration.complete
    assert exploration.left > 0
    assert 100 <= exploration.transitions < 120
    assert "NOT complete: the search ended" in str(exploration)


def test_the_search_stops_at_the_first_violation() -> None:
    def never(_run: Any) -> bool:
        return False

    retried = {"Retry": [{"ErrorEquals": ["States.ALL"]}]}
    states = {"Both": parallel({"A": task(LAMBDA + "A", **retried)}, {"B": task(LAMBDA + "B", **retried)})}
    work = {"*": lambda _: 1}
    whole, first = (machine(states).explore({}, work, invariant=never, stop=stop) for stop in (False, True))
    assert len(first.violations) == 1
    assert first.transitions < whole.transitions


def test_what_must_always_hold_is_asked_after_every_step() -> None:
    def balanced(run: Any) -> None:
        assert run.world["paid"] <= run.world["ordered"], "paid before it was ordered"

    def shop(world: World) -> dict[str, Any]:
        return {
            "Order": lambda _: world.update(ordered=world["ordered"] + 1),
            "Pay": lambda _: world.update(paid=world["paid"] + 1),
        }

    states = {"Both": parallel({"Order": task(LAMBDA + "Order")}, {"Pay": task(LAMBDA + "Pay")})}
    world = {"ordered": 0, "paid": 0}
    assert not machine(states).explore({}, shop, world=world, invariant=balanced, faults=0).violations
    (violation,) = machine(states).explore({}, shop, world=world, always=balanced, faults=0).violations
    assert violation.message.startswith("paid before it was ordered")
    assert violation.run.status == "RUNNING"
    assert violation.run.schedule == ["Both[1]/Pay"]


def test_what_cannot_be_explored_is_said_before_anything_runs() -> None:
    works = machine({"Work": task(LAMBDA + "Work")})
    with pytest.raises(asl_local.UnknownResource):
        works.explore({}, {})
    with pytest.raises(TypeError, match="resources is a function that makes handlers over it"):
        works.explore({}, {"Work": lambda _: 1}, world={})
    with pytest.raises(ValueError, match="there is no 'floods'; there are errors, unlisted"):
        works.explore({}, {"Work": lambda _: 1}, kinds=["floods"])
    with pytest.raises(ValueError, match="faults: -1"):
        works.explore({}, {"Work": lambda _: 1}, faults=-1)
    with pytest.raises(asl_local.InvalidExecutionInput):
        works.explore({"a": {1}}, {"Work": lambda _: 1})
