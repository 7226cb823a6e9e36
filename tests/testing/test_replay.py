"""Replay: does yesterday's execution take the same path with today's definition, and where does it leave it?"""

from __future__ import annotations

import copy
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

import asl_local

LAMBDA = "arn:aws:lambda:us-east-1:123456789012:function:"
ORDER: dict[str, Any] = {
    "StartAt": "Check",
    "States": {
        "Check": {
            "Type": "Task",
            "Resource": f"{LAMBDA}check",
            "ResultPath": "$.check",
            "Retry": [{"ErrorEquals": ["Busy"], "MaxAttempts": 2, "IntervalSeconds": 3}],
            "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "Sorry"}],
            "Next": "Enough",
        },
        "Enough": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.check.total", "NumericGreaterThan": 100, "Next": "Ask"}],
            "Default": "Items",
        },
        "Ask": {"Type": "Wait", "Seconds": 60, "Next": "Items"},
        "Items": {
            "Type": "Map",
            "ItemsPath": "$.items",
            "ResultPath": "$.done",
            "ItemProcessor": {
                "StartAt": "Pack",
                "States": {
                    "Pack": {"Type": "Task", "Resource": f"{LAMBDA}pack", "TimeoutSeconds": 30, "End": True},
                },
            },
            "Next": "Done",
        },
        "Sorry": {"Type": "Fail", "Error": "Sorry"},
        "Done": {"Type": "Succeed"},
    },
}


def recorded() -> list[dict[str, Any]]:
    """Two attempts fail, the third one's total is 150; items are packed in reverse order."""
    attempts = iter(range(3))

    def check(_event: Any) -> Any:
        if next(attempts) < 2:
            raise asl_local.StateError("Busy", "later")
        return {"total": 150}

    def pack(event: int, context: Any) -> Any:
        context.sleep(10 - event)
        return event * 2

    result = asl_local.load(ORDER).simulate({"items": [1, 2, 3]}, {"check": check, "pack": pack})
    assert result.status == "SUCCEEDED"
    return result.history.to_aws()


HISTORY = recorded()


def changed(pointer: str, value: Any) -> dict[str, Any]:
    """The order machine with another value at a place such as `Check/Retry/0/MaxAttempts`; None removes it."""
    definition = copy.deepcopy(ORDER)
    holder: Any = definition["States"]
    *way, last = [int(step) if step.isdigit() else step for step in pointer.split("/")]
    for step in way:
        holder = holder[step]
    if value is None:
        del holder[last]
    else:
        holder[last] = value
    return definition


def divergence(definition: Any, history: Any = HISTORY, **options: Any) -> Any:
    replay = asl_local.replay(history, definition, **options)
    assert not replay.agrees
    assert not replay
    assert replay.result is None
    return replay.divergence


@pytest.mark.parametrize("level", ["path", "events", "exact"])
def test_the_same_definition_agrees_and_comes_to_the_same_end(level: str) -> None:
    replay = asl_local.replay(HISTORY, ORDER, level=level)
    assert replay.agrees, str(replay)
    assert bool(replay)
    assert (replay.result.status, replay.result.output["done"]) == ("SUCCEEDED", [2, 4, 6])
    assert replay.result.history.to_aws() == HISTORY
    assert replay.events == replay.matched == len(HISTORY)
    assert replay.notes == ()
    assert replay.path == ("Check", "Enough", "Ask", "Items", "Items[0]/Pack", "Items[1]/Pack", "Items[2]/Pack", "Done")


def test_a_renamed_state_is_met_where_it_would_be_entered() -> None:
    text = json.dumps(ORDER, indent=1).replace('"Ask"', '"Asks"')
    found = divergence(text)
    assert (found.event.id, found.event.type) == (15, "WaitStateEntered")
    assert (found.recorded, found.instead) == ("enters Wait 'Ask'", "enters Wait 'Asks'")
    assert found.hint == "the definition has no state 'Ask'; is it 'Asks' now?"
    assert (found.state, found.place, found.pointer) == ("Enough", "Enough", "/States/Enough")
    assert found.line == text.splitlines().index('  "Enough": {') + 1
    assert found.path == ("Check", "Enough")
    assert found.difference is None


def test_another_result_path_is_met_where_the_state_is_left() -> None:
    found = divergence(changed("Check/ResultPath", "$.checked"))
    assert (found.event.id, found.event.type, found.state) == (12, "TaskStateExited", "Check")
    assert (found.difference.path, found.difference.recorded) == ("$.check", {"total": 150})
    assert repr(found.difference.now) == "nothing"
    assert found.line is None


def test_another_choice_rule_leads_elsewhere() -> None:
    found = divergence(changed("Enough/Choices/0/NumericGreaterThan", 200))
    assert (found.event.id, found.state) == (15, "Enough")
    assert (found.recorded, found.instead) == ("enters Wait 'Ask'", "enters Map 'Items'")


def test_fewer_attempts_give_up_earlier() -> None:
    found = divergence(changed("Check/Retry/0/MaxAttempts", 1))
    assert (found.event.id, found.event.type) == (9, "LambdaFunctionScheduled")
    assert (found.recorded, found.instead) == ("the task is tried again", "leaves Task 'Check'")


def test_more_attempts_go_on_where_the_recording_gave_up() -> None:
    def busy(_event: Any) -> Any:
        raise asl_local.StateError("Busy")

    fewer = changed("Check/Retry/0/MaxAttempts", 1)
    result = asl_local.load(fewer).simulate({}, {"check": busy, "pack": busy})
    found = divergence(ORDER, result.history)
    assert found.event.type == "TaskStateExited"
    assert found.instead == "'Check' waits for its next attempt, 6 s (retry 2)"


def test_other_delays_are_told_and_no_divergence() -> None:
    replay = asl_local.replay(HISTORY, changed("Check/Retry/0/IntervalSeconds", 10))
    assert replay.agrees
    assert replay.notes == (
        "Check: is retried after 10 s, not 3 s as recorded",
        "Check: is retried after 20 s, not 6 s as recorded",
    )
    assert asl_local.replay(HISTORY, changed("Ask/Seconds", 10)).notes == ("Ask: waits 10 s, not 60 s as recorded",)


def test_a_timeout_that_would_have_come_is_a_divergence() -> None:
    found = divergence(changed("Items/ItemProcessor/States/Pack/TimeoutSeconds", 5))
    assert (found.event.type, found.place) == ("LambdaFunctionSucceeded", "Items[0]/Pack")
    assert found.instead == "'Pack' has timed out after its 5 s (TimeoutSeconds)"
    found = divergence({**ORDER, "TimeoutSeconds": 40})
    assert found.event.type == "WaitStateExited"
    assert found.instead == "the execution has timed out after its 40 s (TimeoutSeconds)"


def test_a_timeout_counts_from_when_aws_scheduled_the_task() -> None:
    """The engine schedules the tasks of a Map as soon as it starts; AWS may take its time."""
    events = copy.deepcopy(HISTORY)
    first = next(number for number, event in enumerate(events) if event["id"] > 18 and "Scheduled" in event["type"])
    for event in events[first:]:
        event["timestamp"] += timedelta(seconds=20)
    assert asl_local.replay(events, changed("Items/ItemProcessor/States/Pack/TimeoutSeconds", 10)).agrees
    assert not asl_local.replay(events, changed("Items/ItemProcessor/States/Pack/TimeoutSeconds", 5)).agrees


def test_a_timeout_that_would_not_have_come_is_a_divergence() -> None:
    def slow(_event: Any, context: Any) -> Any:
        context.sleep(100)

    short = changed("Check/TimeoutSeconds", 5)
    history = asl_local.load(short).simulate({}, {"check": slow, "pack": slow}).history
    assert asl_local.replay(history, short)
    found = divergence(ORDER, history)
    assert found.instead == "'Check' waits on: it has no TimeoutSeconds"
    found = divergence(changed("Check/TimeoutSeconds", 50), history)
    assert found.instead == "'Check' waits on: its TimeoutSeconds are 50"


def test_the_machines_own_timeout() -> None:
    def slow(_event: Any, context: Any) -> Any:
        context.sleep(100)

    limited = {**ORDER, "TimeoutSeconds": 20}
    result = asl_local.load(limited).simulate({}, {"check": slow, "pack": slow})
    assert result.status == "TIMED_OUT"
    assert asl_local.replay(result.history, limited).result.status == "TIMED_OUT"
    assert "has no TimeoutSeconds" in divergence(ORDER, result.history).instead
    assert "TimeoutSeconds are 60" in divergence({**ORDER, "TimeoutSeconds": 60}, result.history).instead


def test_another_request_is_told_or_a_divergence_by_level() -> None:
    definition = changed("Items/ItemProcessor/States/Pack/Parameters", {"n.$": "$"})
    replay = asl_local.replay(HISTORY, definition)
    assert replay.agrees
    assert replay.notes[0] == (
        'Items[0]/Pack: in its request, $ is {"n": 1}, not 1 as recorded; the recorded answer stands'
    )
    found = divergence(definition, level="events")
    assert (found.event.type, found.place) == ("LambdaFunctionScheduled", "Items[0]/Pack")


def test_a_state_more_is_met_at_the_end_of_the_line() -> None:
    processor = copy.deepcopy(ORDER["States"]["Items"]["ItemProcessor"])
    processor["States"]["Pack"] = {"Type": "Task", "Resource": f"{LAMBDA}pack", "Next": "More"}
    processor["States"]["More"] = {"Type": "Pass", "End": True}
    found = divergence(changed("Items/ItemProcessor", processor))
    assert found.recorded == "item 2 of 'Items' succeeds"
    assert found.instead == "enters Pass 'More'"
    assert found.place == "Items[2]/Pack"
    assert found.pointer == "/States/Items/ItemProcessor/States/Pack"


def test_a_state_of_another_type() -> None:
    found = divergence(changed("Ask", {"Type": "Pass", "Next": "Items"}))
    assert found.hint == "'Ask' was a Wait and is a Pass"


def branches(*names: str) -> dict[str, Any]:
    """A Parallel with a Pass of each of these names."""
    flows = [{"StartAt": name, "States": {name: {"Type": "Pass", "Result": name, "End": True}}} for name in names]
    return {"StartAt": "Both", "States": {"Both": {"Type": "Parallel", "Branches": flows, "End": True}}}


@pytest.mark.parametrize(
    ("names", "event", "recorded", "instead"),
    [
        (("A1", "A3"), "PassStateEntered", "enters Pass 'A2'", "enters Pass 'A3'"),
        (("A1",), "PassStateEntered", "enters Pass 'A2'", "nothing that leads to it"),
        (("A1", "A2", "A3"), "ParallelStateSucceeded", "nothing more in Both[A3]", "enters Pass 'A3'"),
    ],
    ids=["renamed", "removed", "added"],
)
def test_branches(names: tuple[str, ...], event: str, recorded: str, instead: str) -> None:
    history = asl_local.load(branches("A1", "A2")).simulate({}).history
    for level in ("path", "events"):
        found = divergence(branches(*names), history, level=level)
        assert (found.event.type, found.recorded, found.instead) == (event, recorded, instead)
        assert (found.state, found.place) == ("Both", "Both")


def test_lines_of_control_may_take_turns_otherwise_on_the_same_path() -> None:
    one_by_one = changed("Items/MaxConcurrency", 1)
    replay = asl_local.replay(HISTORY, one_by_one)
    assert replay.agrees, str(replay)
    assert replay.result.output["done"] == [2, 4, 6]
    assert not asl_local.replay(HISTORY, one_by_one, level="events")
    later = changed("Items/ItemProcessor/States/Pack/ResultPath", "$.n")
    later["States"]["Items"]["MaxConcurrency"] = 1
    assert divergence(later).place == "Items[0]/Pack"


def test_the_recording_of_an_execution_that_still_runs() -> None:
    replay = asl_local.replay(HISTORY[:20], ORDER)
    assert replay.agrees
    assert replay.result is None
    assert str(replay) == (
        "the history, 20 events, with StateMachine: agrees (path); the recording ends before the execution does"
    )


def test_a_stopped_execution_stops_again() -> None:
    machine = asl_local.load({"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 99, "End": True}}})
    started = machine.start({})
    started.stop("Enough", "it takes too long")
    history = started.result().history
    replay = asl_local.replay(history, machine)
    assert (replay.result.status, replay.result.error) == ("ABORTED", "Enough")


def test_what_clock_and_chance_gave_is_taken_over() -> None:
    definition = {
        "StartAt": "Number",
        "States": {
            "Number": {
                "Type": "Pass",
                "Parameters": {
                    "id.$": "States.UUID()",
                    "n.$": "States.MathRandom(1, 1000000)",
                    "at.$": "$$.State.EnteredTime",
                    "me.$": "$$.Execution.Id",
                },
                "ResultPath": "$.made",
                "Next": "Map",
            },
            "Map": {
                "Type": "Map",
                "ItemsPath": "$.items",
                "ItemSelector": {"item.$": "$$.Map.Item.Value", "id.$": "States.UUID()"},
                "ItemProcessor": {"StartAt": "Keep", "States": {"Keep": {"Type": "Pass", "End": True}}},
                "End": True,
            },
        },
    }
    result = asl_local.load(definition).simulate(
        {"items": [1, 2]}, seed=7, start=1_800_000_000.0, execution_name="yesterday"
    )
    replay = asl_local.replay(result.history.to_aws(), definition)
    assert replay.agrees, str(replay)
    assert replay.result.output == result.output
    moved = copy.deepcopy(definition)
    moved["States"]["Number"]["ResultPath"] = "$.numbers"  # type: ignore[index]
    found = divergence(moved, result.history)
    assert found.state == "Number"
    assert "reads the clock, chance or names" in found.hint


def test_a_distributed_maps_children_are_known_by_their_result() -> None:
    definition = {
        "StartAt": "Each",
        "States": {
            "Each": {
                "Type": "Map",
                "ItemsPath": "$.items",
                "ResultPath": "$.done",
                "ItemProcessor": {
                    "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
                    "StartAt": "Pack",
                    "States": {"Pack": {"Type": "Task", "Resource": f"{LAMBDA}pack", "End": True}},
                },
                "End": True,
            }
        },
    }
    result = asl_local.load(definition).simulate({"items": [1, 2]}, {"pack": lambda event: event + 1})
    for level in ("path", "events", "exact"):
        replay = asl_local.replay(result.history, definition, level=level)
        assert replay.agrees, str(replay)
        assert replay.result.output == {"items": [1, 2], "done": [2, 3]}
    assert replay.notes == (
        "Each: what the children of 'Each' did is not in the history; their recorded result stands",
    )  # fmt: skip
    definition["States"]["Each"]["ResultPath"] = "$.packed"  # type: ignore[index]
    assert divergence(definition, result.history).state == "Each"

    def broken(_event: Any) -> Any:
        raise asl_local.StateError("Broken")

    failed = asl_local.load(definition).simulate({"items": [1, 2]}, {"pack": broken})
    replay = asl_local.replay(failed.history, definition, level="exact")
    assert (replay.result.status, replay.result.error) == ("FAILED", failed.error)


def test_a_result_that_was_too_large_is_too_large_again() -> None:
    definition = changed("Check/Catch/0/ErrorEquals", ["States.TaskFailed"])
    result = asl_local.load(definition).simulate({}, {"check": lambda _: "x" * 300_000, "pack": lambda _: None})
    assert "Sorry" in result.path
    replay = asl_local.replay(result.history, definition, level="exact")
    assert replay.agrees, str(replay)


def test_replays_count_as_coverage() -> None:
    machine = asl_local.load(ORDER)
    with asl_local.Coverage() as coverage:
        asl_local.replay(HISTORY, machine)
    assert 0 < coverage.of(machine).percent < 100


def test_what_cannot_be_replayed() -> None:
    with pytest.raises(ValueError, match="there are path, events, exact"):
        asl_local.replay(HISTORY, ORDER, level="close")
    with pytest.raises(asl_local.InvalidDefinition):
        asl_local.replay(HISTORY, {"StartAt": "A", "States": {}})


def test_how_it_reads(tmp_path: Path) -> None:
    file = tmp_path / "order.asl.json"
    file.write_text(json.dumps(changed("Enough/Choices/0/NumericGreaterThan", 200), indent=2), "utf-8")
    recording = tmp_path / "history.json"
    recording.write_text(json.dumps({"events": HISTORY}, default=str), "utf-8")
    assert str(asl_local.replay(recording, file)).splitlines() == [
        f"{recording}, 44 events, with {file}: diverges at event 15 (WaitStateEntered), in Enough (/States/Enough, line 28)",
        "  recorded: enters Wait 'Ask'",
        "  now:      enters Map 'Items'",
        "  path so far: Check -> Enough",
    ]
