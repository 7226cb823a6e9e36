"""Events in lines: the right item, the right words, and nothing that a terminal would obey."""

from __future__ import annotations

import copy
from typing import Any

import asl_local
from asl_local.reporters.event_table import table
from asl_local.reporters.timeline import Places, Timeline, one_line, reason

ARN = "arn:aws:lambda:us-east-1:123456789012:function:work"
NESTED: dict[str, Any] = {
    "StartAt": "Outer",
    "States": {
        "Outer": {
            "Type": "Map",
            "MaxConcurrency": 1,
            "ItemProcessor": {
                "StartAt": "Inner",
                "States": {
                    "Inner": {
                        "Type": "Map",
                        "MaxConcurrency": 2,
                        "ItemProcessor": {
                            "StartAt": "Work",
                            "States": {
                                "Work": {
                                    "Type": "Task",
                                    "Resource": ARN,
                                    "Catch": [{"ErrorEquals": ["KeyError"], "Next": "After"}],
                                    "Next": "After",
                                },
                                "After": {"Type": "Pass", "End": True},
                            },
                        },
                        "Next": "Between",
                    },
                    "Between": {"Type": "Pass", "End": True},
                },
            },
            "Next": "Last",
        },
        "Last": {"Type": "Pass", "End": True},
    },
}


def events_of(machine: asl_local.Machine, input: Any, handler: Any, **options: Any) -> list[asl_local.Event]:
    seen: list[asl_local.Event] = []
    machine.simulate(input, {"work": handler}, on_event=seen.append, **options)
    return seen


def test_every_event_is_put_to_its_items() -> None:
    """Each item carries its own indexes, so that the input of every state in it says where it is."""
    machine = asl_local.load(NESTED)
    items = [[[outer, inner] for inner in range(3)] for outer in range(2)]
    for seed in range(5):
        places = Places(machine.plan)
        checked = 0
        for event in events_of(machine, items, lambda event: event, seed=seed):
            place = places.of(event)
            if place.state in ("Work", "After"):
                assert len(place.items) == 2
            if event.type.endswith("StateEntered") and place.state in ("Work", "After"):
                assert list(place.items) == event.details["input"]
                checked += 1
            elif event.type == "LambdaFunctionSucceeded":
                assert list(place.items) == event.details["output"]
                checked += 1
            elif place.state in ("Inner", "Between") and not event.type.startswith("MapIteration"):
                assert len(place.items) == 1
            elif place.state == "Last":
                assert place.items == ()
        assert checked == 2 * 3 * 3


def test_a_failure_is_put_to_its_item_all_the_way_up() -> None:
    def work(event: Any) -> Any:
        if event == [1, 1]:
            raise ValueError(event)
        return event

    machine = asl_local.load(NESTED)
    places = Places(machine.plan)
    found = [(e, places.of(e)) for e in events_of(machine, [[[o, i] for i in range(3)] for o in range(3)], work)]
    failed = {event.type: str(place) for event, place in found if event.type.endswith("Failed")}
    # The inner Map's end comes first, so the outer's is what the dict keeps.
    assert failed["LambdaFunctionFailed"] == "[1] [1] Work"
    assert [str(place) for event, place in found if event.type == "MapStateFailed"] == ["[1] Inner", "Outer"]
    assert [str(place) for event, place in found if event.type == "MapIterationFailed"] == [
        "[1] [1] Inner",
        "[1] Outer",
    ]


def test_a_map_that_never_got_to_an_item_fails_where_it_stands() -> None:
    definition = copy.deepcopy(NESTED)
    inner = definition["States"]["Outer"]["ItemProcessor"]["States"]["Inner"]
    inner["ItemSelector"] = {"x.$": "States.StringToJson($$.Map.Item.Value)"}
    machine = asl_local.load(definition)
    places = Places(machine.plan)
    found = [(event, places.of(event)) for event in events_of(machine, [["1"], ["{"]], lambda event: event)]
    assert [str(place) for event, place in found if event.type == "MapStateFailed"] == ["[1] Inner", "Outer"]


def test_lines_for_people_who_watch() -> None:
    def work(event: Any) -> Any:
        raise KeyError(event)

    machine = asl_local.load(NESTED)
    timeline = Timeline(machine.plan)
    lines = [timeline.line(event) for event in events_of(machine, [[7]], work)]
    assert [line[12:] for line in lines if line] == [
        "Outer entered",
        "Outer has 1 item",
        "[0] Inner entered",
        "[0] Inner has 1 item",
        "[0] [0] Work entered",
        "[0] [0] Work failed: KeyError: 7",
        "[0] [0] Work left",
        "[0] [0] After entered",
        "[0] [0] After left",
        "[0] Inner left",
        "[0] Between entered",
        "[0] Between left",
        "Outer left",
        "Last entered",
        "Last left",
        "execution succeeded",
    ]
    assert all(line.startswith("   0.000 s  ") for line in lines if line)


def test_a_failed_attempt_says_when_the_next_one_is_due() -> None:
    retry = [
        {"ErrorEquals": ["Slow"], "MaxAttempts": 1, "IntervalSeconds": 90, "JitterStrategy": "FULL"},
        {"ErrorEquals": ["Busy"], "IntervalSeconds": 1, "BackoffRate": 1.5},
    ]
    work = {"Type": "Task", "Resource": ARN, "End": True, "Retry": retry}
    definition = {"StartAt": "Each", "States": {"Each": {
        "Type": "Map", "MaxConcurrency": 1, "End": True, "ItemProcessor": {"StartAt": "Work", "States": {"Work": work}},
    }}}  # fmt: skip
    errors = iter(["Busy", "Slow", "Busy", None, "Busy", "Slow", "Slow"])

    def fails(event: Any) -> Any:
        if error := next(errors):
            raise asl_local.StateError(error, None)

    machine = asl_local.load(definition)
    timeline = Timeline(machine.plan)
    lines = [timeline.line(event) for event in events_of(machine, [1, 2], fails)]
    assert [line.split(" s  ", 1)[1] for line in lines if line and "failed" in line] == [
        "[0] Work attempt 1 of 4 failed: Busy, again in 1 s",
        "[0] Work attempt 2 of 3 failed: Slow, again within 1 min 30 s",
        "[0] Work attempt 3 of 5 failed: Busy, again in 1.5 s",
        "[1] Work attempt 1 of 4 failed: Busy, again in 1 s",
        "[1] Work attempt 2 of 3 failed: Slow, again within 1 min 30 s",
        "[1] Work failed: Slow",
        "execution failed: Slow",
    ]


def test_attempts_are_counted_anew_when_a_state_is_come_to_again() -> None:
    definition = {"StartAt": "Work", "States": {
        "Work": {"Type": "Task", "Resource": ARN, "Next": "More?", "Retry": [{"ErrorEquals": ["States.ALL"]}]},
        "More?": {"Type": "Choice", "Choices": [{"Variable": "$", "NumericEquals": 1, "Next": "Work"}], "Default": "End"},
        "End": {"Type": "Succeed"},
    }}  # fmt: skip
    answers: Any = iter(["fail", 1, "fail", 2])

    def fails(event: Any) -> Any:
        answer = next(answers)
        if answer == "fail":
            raise asl_local.StateError("Busy", None)
        return answer

    machine = asl_local.load(definition)
    timeline = Timeline(machine.plan)
    lines = [timeline.line(event) for event in events_of(machine, 0, fails)]
    assert [line.split(" s  ", 1)[1] for line in lines if line and "failed" in line] == [
        "Work attempt 1 of 4 failed: Busy, again in 1 s",
    ] * 2


def test_names_cannot_command_the_terminal() -> None:
    assert one_line("a\x1b[2Jb\r\nc\u202e") == "a [2Jb  c "


def test_a_reason_is_the_functions_message_or_the_cause_cut() -> None:
    assert reason('{"errorMessage": "no\\nluck", "stackTrace": []}') == "no luck"
    assert reason("plain") == "plain"
    assert reason("[1]") == "[1]"
    assert reason(None) == ""
    assert len(reason("x" * 1000)) == 160


def test_the_table_of_a_history() -> None:
    machine = asl_local.load({"StartAt": "A", "States": {"A": {"Type": "Wait", "Seconds": 90, "End": True}}})
    shown = table(machine.simulate({}).history.to_aws())
    assert [line.split() for line in shown] == [
        ["ID", "PREV", "SECONDS", "TYPE", "ABOUT"],
        ["1", "0", "0.000", "ExecutionStarted"],
        ["2", "0", "0.000", "WaitStateEntered", "A"],
        ["3", "2", "90.000", "WaitStateExited", "A"],
        ["4", "3", "90.000", "ExecutionSucceeded"],
    ]
    assert table([]) == []


def test_who_waits_for_somebody_says_so() -> None:
    activity = "arn:aws:states:us-east-1:123456789012:activity:a"
    machine = asl_local.load({"StartAt": "A", "States": {
        "A": {"Type": "Task", "Resource": activity, "Next": "J"},
        "J": {"Type": "Task", "Resource": "arn:aws:states:::ecs:runTask.sync", "Parameters": {"TaskDefinition": "t"}, "End": True},
    }})  # fmt: skip
    timeline = Timeline(machine.plan)
    lines: list[str | None] = []
    handlers = {activity: lambda task: {}, "arn:aws:states:::ecs:runTask.sync": lambda task: {}}
    machine.simulate({}, handlers, on_event=lambda event: lines.append(timeline.line(event)))
    said = [line.split(" s  ")[1] for line in lines if line]
    assert said == [
        "A entered", "A waits for a worker", "A left", "J entered", "J submitted", "J left", "execution succeeded",
    ]  # fmt: skip
