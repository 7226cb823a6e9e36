"""Bounds read off a definition: budgets of retries and time, loops, growth with items, and what is warned of."""

from __future__ import annotations

from typing import Any

import pytest

import asl_local
from asl_local.testing.bounds import WARNINGS, Bounds

LAMBDA = "arn:aws:lambda:us-east-1:123456789012:function:"


def task(name: str, **fields: Any) -> dict[str, Any]:
    """A Task that calls a Lambda function; it ends unless it has Next."""
    return {"Type": "Task", "Resource": LAMBDA + name, **({} if "Next" in fields else {"End": True}), **fields}


def flow(**states: Any) -> dict[str, Any]:
    """A definition that starts at the first of its states."""
    return {"StartAt": next(iter(states)), "States": states}


def bounds(definition: dict[str, Any], **options: Any) -> Bounds:
    return asl_local.load(definition, **options).bounds()


def codes(definition: dict[str, Any], **options: Any) -> list[str]:
    return [each.code for each in bounds(definition, **options).warnings]


BUSY = {"ErrorEquals": ["Busy"], "IntervalSeconds": 1, "MaxAttempts": 6, "BackoffRate": 1}


def test_a_plain_machine_is_exact_and_has_no_warning() -> None:
    found = bounds(
        flow(A={"Type": "Pass", "Next": "W"}, W={"Type": "Wait", "Seconds": 60, "Next": "S"}, S={"Type": "Succeed"})
    )
    result = asl_local.load(
        flow(A={"Type": "Pass", "Next": "W"}, W={"Type": "Wait", "Seconds": 60, "Next": "S"}, S={"Type": "Succeed"})
    ).simulate({})
    assert found.seconds.is_known
    assert (found.seconds.known, found.events.known) == (60, len(result.history)) == (result.seconds, 8)
    assert found.seconds.path == ("A", "W", "S")
    assert found.warnings == []
    assert found.limit is None


@pytest.mark.parametrize(
    ("retriers", "attempts", "seconds"),
    [
        ([], 1, 0),
        ([{"ErrorEquals": ["E"]}], 4, 1 + 2 + 4),
        ([{"ErrorEquals": ["E"], "IntervalSeconds": 10, "MaxAttempts": 3, "BackoffRate": 1.5}], 4, 10 + 15 + 22.5),
        ([{"ErrorEquals": ["E"], "IntervalSeconds": 10, "MaxAttempts": 5, "MaxDelaySeconds": 30}], 6, 10 + 20 + 30 * 3),
        ([{"ErrorEquals": ["E"], "JitterStrategy": "FULL"}], 4, 7),
        ([{"ErrorEquals": ["E"], "MaxAttempts": 0}], 1, 0),
        ([{"ErrorEquals": ["E"], "MaxAttempts": 1}, {"ErrorEquals": ["F"], "MaxAttempts": 2}], 4, 1 + 1 + 2),
        ([{"ErrorEquals": ["E"], "MaxAttempts": 99999999, "BackoffRate": 1, "MaxDelaySeconds": 5}], 10**8, 99999999),
    ],
)
def test_the_retry_budget(retriers: list[dict[str, Any]], attempts: int, seconds: float) -> None:
    found = bounds(flow(A=task("a", TimeoutSeconds=20, Retry=retriers)))
    budget = found.states["/States/A"]
    assert (budget.retries.attempts, budget.retries.seconds) == (attempts, seconds)
    assert budget.task_seconds == 20
    assert found.seconds.known == seconds + attempts * 20
    assert found.events.known == 2 + 2 + 3 * attempts


@pytest.mark.parametrize(
    ("state", "seconds", "why"),
    [
        (task("a"), 900, ()),
        ({"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Parameters": {"FunctionName": "f"}}, 900, ()),
        (task("a", TimeoutSecondsPath="$.n"), 0, ("'A' has its TimeoutSeconds from its input",)),
        ({"Type": "Task", "Resource": "arn:aws:states:::dynamodb:getItem"}, 0, ("'A' has no TimeoutSeconds",)),
        ({"Type": "Task", "Resource": "arn:aws:states:us-east-1:123456789012:activity:a"}, 0, ("'A' has no TimeoutSeconds",)),
        ({"Type": "Wait", "SecondsPath": "$.n"}, 0, ("'A' waits as long as its input says",)),
        ({"Type": "Wait", "Timestamp": "2030-01-01T00:00:00Z"}, 0, ("'A' waits as long as its input says",)),
    ],
)  # fmt: skip
def test_what_is_unknown_says_why(state: dict[str, Any], seconds: float, why: tuple[str, ...]) -> None:
    found = bounds(flow(A={"End": True, **state}))
    assert (found.seconds.known, found.seconds.unknown) == (seconds, why)


def test_the_longest_way_is_taken_through_choices_catches_and_branches() -> None:
    wait = {"Type": "Wait", "Next": "Done"}
    definition = flow(
        C={"Type": "Choice", "Choices": [{"Variable": "$.n", "IsPresent": True, "Next": "Short"}], "Default": "T"},
        Short={**wait, "Seconds": 5},
        T=task("t", TimeoutSeconds=10, Catch=[{"ErrorEquals": ["States.ALL"], "Next": "Long"}], Next="Done"),
        Long={**wait, "Seconds": 100},
        Done={
            "Type": "Parallel",
            "Branches": [
                flow(P={"Type": "Wait", "Seconds": 7, "End": True}),
                flow(Q={"Type": "Wait", "Seconds": 9, "End": True}),
            ],
            "End": True,
        },
    )
    found = bounds(definition)
    assert found.seconds.path == ("C", "T", "Long", "Done", "Q")
    assert found.seconds.known == 10 + 100 + 9


def test_time_limits_bound_the_whole() -> None:
    definition = {**flow(A={"Type": "Wait", "SecondsPath": "$.n", "End": True}), "TimeoutSeconds": 50}
    assert bounds(definition).limit == 50
    assert "seconds  at most 50 s, the time limit; without it unknown" in str(bounds(definition))
    assert bounds(flow(A={"Type": "Pass", "End": True}), type="EXPRESS").limit == 300


# -- retries -----------------------------------------------------------------------------------------------------------


def storm(**fields: Any) -> dict[str, Any]:
    """A task that retries, in a Parallel that retries."""
    return flow(Both={
        "Type": "Parallel", "Branches": [flow(Call=task("call", Retry=[BUSY], **fields))], "Retry": [BUSY], "End": True,
    })  # fmt: skip


def test_retries_around_retries_multiply() -> None:
    (found,) = bounds(storm()).warnings
    assert found.code == "RETRY_STORM"
    assert found.path == "/States/Both/Branches/0/States/Call/Retry"
    assert "'Call' is tried up to 49 times when it keeps failing with Busy: 7 ('Call') x 7 ('Both')" in found.message
    calls = []

    def call(_event: Any) -> Any:
        calls.append(1)
        raise asl_local.StateError("Busy")

    asl_local.load(storm()).simulate({}, {"call": call})
    assert len(calls) == 49


def test_what_is_caught_inside_or_not_retried_outside_does_not_multiply() -> None:
    caught = storm(Next="End1", Catch=[{"ErrorEquals": ["States.ALL"], "Next": "End1"}])
    caught["States"]["Both"]["Branches"][0]["States"]["End1"] = {"Type": "Succeed"}
    assert codes(caught) == []
    other = storm()
    other["States"]["Both"]["Retry"] = [{**BUSY, "ErrorEquals": ["Other"]}]
    assert codes(other) == []
    wild = storm()
    wild["States"]["Both"]["Retry"] = [{**BUSY, "ErrorEquals": ["States.TaskFailed"]}]
    assert codes(wild) == ["RETRY_STORM"]
    fewer = storm()
    fewer["States"]["Both"]["Retry"] = [{**BUSY, "MaxAttempts": 0}]
    assert codes(fewer) == []


def test_many_attempts_in_a_short_time() -> None:
    def hammering(**fields: Any) -> list[str]:
        return codes(flow(A=task("a", Retry=[{"ErrorEquals": ["E"], "IntervalSeconds": 1, **fields}])))

    assert hammering(MaxAttempts=50, BackoffRate=1) == ["RETRY_STORM"]
    assert hammering(MaxAttempts=50, BackoffRate=2) == []
    assert hammering(MaxAttempts=50, BackoffRate=2, MaxDelaySeconds=5) == ["RETRY_STORM"]
    assert hammering(MaxAttempts=6, BackoffRate=1) == []


def test_a_time_limit_below_the_retries() -> None:
    retry = [{"ErrorEquals": ["Busy"], "IntervalSeconds": 10, "MaxAttempts": 3}]
    definition = {"TimeoutSeconds": 60, **flow(Call=task("call", Retry=retry))}
    found = bounds(definition).warnings
    assert [(each.code, each.path) for each in found] == [("TIMEOUT_BELOW_RETRIES", "/States/Call/Retry")]
    assert (
        "the retries of 'Call' take up to 70 s, and the machine's TimeoutSeconds is 60 s: 70 s between the 4 attempts; "
        "the last attempts never come" in found[0].message
    )
    assert codes({**definition, "TimeoutSeconds": 600}) == []
    slow = flow(Call=task("call", TimeoutSeconds=100, Retry=[{"ErrorEquals": ["States.Timeout"], "MaxAttempts": 3}]))
    assert codes(slow) == []
    (told,) = bounds(slow, type="EXPRESS").warnings
    assert told.code == "TIMEOUT_BELOW_RETRIES"
    assert "an Express execution's longest is 300 s" in told.message
    assert "4 x 100 s (TimeoutSeconds) in them" in told.message


def test_timeouts_that_cannot_fire_and_waits_that_nothing_ends() -> None:
    late = {"TimeoutSeconds": 60, **flow(A=task("a", TimeoutSeconds=60))}
    assert "TIMEOUT_NEVER_FIRES" in codes(late)
    token = {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken", "End": True,
             "Parameters": {"QueueUrl": "q", "MessageBody": {"t.$": "$$.Task.Token"}}}  # fmt: skip
    (found,) = bounds(flow(A=token)).warnings
    assert (found.code, found.path) == ("WAITS_WITHOUT_END", "/States/A")
    assert "'A' waits for a year when nobody answers its task token" in found.message
    assert codes(flow(A={**token, "HeartbeatSeconds": 60})) == []
    assert codes(flow(A={**token, "TimeoutSeconds": 60})) == []


def test_a_long_way_is_close_to_the_limit() -> None:
    def waiting(seconds: int) -> dict[str, Any]:
        return flow(
            A={"Type": "Wait", "Seconds": seconds, "Next": "B"}, B={"Type": "Wait", "Seconds": 100, "End": True}
        )

    assert codes(waiting(139), type="EXPRESS") == []
    (found,) = bounds(waiting(140), type="EXPRESS").warnings
    assert found.code == "DURATION"
    assert "takes up to 240 s, and an Express execution's longest is 300 s: A -> B" in found.message


# -- events ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("inner", [1, 3])
def test_the_history_grows_with_the_items_of_a_map(inner: int) -> None:
    states = {f"T{n}": task("t", Next=f"T{n + 1}") for n in range(inner)} | {f"T{inner}": {"Type": "Succeed"}}
    definition = flow(M={"Type": "Map", "ItemsPath": "$", "ItemProcessor": flow(**states), "End": True})
    (growth,) = bounds(definition).maps
    machine = asl_local.load(definition)
    handlers = {"t": lambda event: event}
    two, three = (len(machine.simulate(items, handlers).history) for items in ([1, 2], [1, 2, 3]))
    assert growth.per_item == growth.per_item_retried == three - two
    assert machine.simulate([0] * growth.items, handlers).status == "SUCCEEDED"
    full = machine.simulate([0] * (growth.items + 1), handlers)
    assert (full.status, len(full.history)) == ("FAILED", 25_000)


def test_retries_inside_make_it_grow_faster() -> None:
    inner = flow(T=task("t", Retry=[{"ErrorEquals": ["E"], "MaxAttempts": 4}]))
    (growth,) = bounds(flow(M={"Type": "Map", "ItemProcessor": inner, "End": True})).maps
    assert growth.per_item_retried == growth.per_item + 4 * 3
    assert str(growth) == (
        "'M' writes 7 events per item (with every retry 19): event 25,000 is met at about 3,570 items (1,315)"
    )


def test_a_distributed_map_keeps_its_childrens_events_to_itself() -> None:
    inner = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, **flow(T=task("t"))}
    found = bounds(flow(M={"Type": "Map", "ItemProcessor": inner, "End": True}))
    result = asl_local.load(flow(M={"Type": "Map", "ItemProcessor": inner, "End": True})).simulate(
        [1, 2, 3], {"t": lambda event: event}
    )
    assert found.maps == ()
    assert found.events.is_known
    assert found.events.known == len(result.history)
    assert found.seconds.unknown == ("how many items 'M' has",)


def test_items_in_the_definition_are_counted() -> None:
    definition = {
        "QueryLanguage": "JSONata",
        **flow(M={"Type": "Map", "Items": [1, 2, 3], "MaxConcurrency": 2, "End": True,
                  "ItemProcessor": flow(W={"Type": "Wait", "Seconds": 10, "End": True})}),
    }  # fmt: skip
    found = bounds(definition)
    result = asl_local.load(definition).simulate({})
    assert found.seconds.known == result.seconds == 20
    assert found.states["/States/M"].items == 3
    assert len(result.history) <= found.events.known <= len(result.history) + 1


def test_many_events_are_warned_of() -> None:
    retry = [{"ErrorEquals": ["E"], "MaxAttempts": 6_700, "MaxDelaySeconds": 3600, "IntervalSeconds": 3600}]
    (found,) = bounds(flow(A=task("a", Retry=retry))).warnings
    assert found.code == "EVENTS"
    assert "writes up to 20,107 of 25,000 history events: A" in found.message
    fewer = [{**retry[0], "MaxAttempts": 6_000}]
    assert codes(flow(A=task("a", Retry=fewer))) == []


def test_jobs_end_by_themselves_and_workers_may_not() -> None:
    job = {"Type": "Task", "Resource": "arn:aws:states:::batch:submitJob.sync", "End": True,
           "Parameters": {"JobName": "j", "JobDefinition": "d", "JobQueue": "q"}}  # fmt: skip
    assert codes(flow(A=job)) == []
    worker = {"Type": "Task", "Resource": "arn:aws:states:us-east-1:123456789012:activity:a", "End": True}
    (found,) = bounds(flow(A=worker)).warnings
    assert "waits for a year when no worker takes it or answers" in found.message


def test_a_placeholder_that_nobody_filled() -> None:
    machine = asl_local.load(flow(A={"Type": "Wait", "Seconds": "${Seconds}", "End": True}))
    with pytest.raises(asl_local.InvalidDefinition):
        machine.bounds()


def test_every_warning_has_a_row_in_the_table() -> None:
    assert all(text and code.isupper() for code, text in WARNINGS.items())
    seen = {each.code for each in bounds(storm()).warnings}
    assert seen < WARNINGS.keys()


def test_lines_are_told_where_there_is_a_text() -> None:
    text = '{"StartAt": "A",\n "States": {\n  "A": {"Type": "Task",\n   "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",\n   "Parameters": {"QueueUrl": "q", "MessageBody": "m"}, "End": true}}}'
    (found,) = asl_local.load(text).bounds().warnings
    assert (found.line, found.severity) == (3, "WARNING")
    assert "warning WAITS_WITHOUT_END at /States/A, line 3:" in str(asl_local.load(text).bounds())
