"""Histories in the shapes that people have them in; tasks that wait, redrives, and histories without data."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

import asl_local
from asl_local.testing.replaying import read

DEFINITION = {
    "StartAt": "A",
    "States": {
        "A": {"Type": "Choice", "Choices": [{"Variable": "$.n", "NumericEquals": 1, "Next": "B"}], "Default": "C"},
        "B": {"Type": "Wait", "Seconds": 5, "Next": "C"},
        "C": {
            "Type": "Parallel",
            "Branches": [
                {"StartAt": "D", "States": {"D": {"Type": "Pass", "Next": "E"}, "E": {"Type": "Succeed"}}},
                {"StartAt": "F", "States": {"F": {"Type": "Pass", "End": True}}},
            ],
            "End": True,
        },
    },
}
RESULT = asl_local.load(DEFINITION).simulate({"n": 1})
EVENTS = RESULT.history.to_aws()


def with_times(make: Any) -> list[dict[str, Any]]:
    return [{**event, "timestamp": make(event["timestamp"])} for event in EVENTS]


@pytest.mark.parametrize(
    "given",
    [
        RESULT,
        RESULT.history,
        EVENTS,
        {"events": EVENTS, "ResponseMetadata": {}},
        {"history": EVENTS},
        [{"events": EVENTS[:5], "nextToken": "x"}, {"events": EVENTS[5:]}],
        list(reversed(EVENTS)),
        with_times(datetime.isoformat),
        with_times(lambda at: at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")),
        with_times(datetime.timestamp),
        with_times(lambda at: at.replace(tzinfo=None)),
        json.dumps({"events": with_times(str)}),
        [{k: v for k, v in event.items() if k != "timestamp"} for event in EVENTS],
    ],
    ids=[
        "Result",
        "History",
        "boto3",
        "answer",
        "record",
        "pages",
        "reverse",
        "iso",
        "Z",
        "numbers",
        "naive",
        "text",
        "no times",
    ],
)
def test_shapes(given: Any) -> None:
    replay = asl_local.replay(given, DEFINITION, level="exact")
    assert replay.agrees, str(replay)
    assert replay.result.output == RESULT.output


def test_times_are_read_to_the_millisecond() -> None:
    (first, *_), numbers = read(EVENTS).events, read(with_times(datetime.timestamp)).events
    assert first.at == numbers[0].at == RESULT.history[0].at


def test_a_file(tmp_path: Path) -> None:
    file = tmp_path / "history.json"
    file.write_text(json.dumps({"events": EVENTS}, default=str), "utf-8")
    assert asl_local.replay(str(file), DEFINITION).source == str(file)
    with pytest.raises(FileNotFoundError):
        asl_local.replay(tmp_path / "other.json", DEFINITION)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("{", "the history: not JSON"),
        pytest.param("[" * 100_000, "the history: not JSON", id="deep"),
        ("{}\n", "there are no `events`: is it the output of get-execution-history"),
        ("[1]", r"events\[0\] is no event: it needs `id`, `type`"),
        ({"events": EVENTS[3:]}, "the first event is not ExecutionStarted"),
        ({"events": EVENTS[:3] + EVENTS[5:]}, "event 4 is missing, the next one is 6: get every page"),
        ({"events": []}, "the first event is not ExecutionStarted"),
        (json.dumps([{**EVENTS[0], "timestamp": "soon"}]), "timestamp is 'soon': give ISO text"),
        ([{**EVENTS[0], "executionStartedEventDetails": {"input": {}}}], "input is dict, where AWS has JSON text"),
        ([{**EVENTS[0], "executionStartedEventDetails": {"input": "{"}}], "input is not JSON"),
        ([{**EVENTS[0], "executionStartedEventDetails": 7}], "executionStartedEventDetails is no object"),
        ('{"events": []}{"events": []}', "several JSON documents in one file: put them into a list"),
        (7, "a history is an object with `events`, not int"),
    ],
)
def test_what_is_no_history(given: Any, message: str) -> None:
    with pytest.raises(asl_local.InvalidHistory, match=message):
        asl_local.replay(given, DEFINITION)


# -- without data ------------------------------------------------------------------------------------------------------


def bare(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """As GetExecutionHistory answers with includeExecutionData false."""
    dropped = ("input", "output", "inputDetails", "outputDetails")
    return [
        {k: {n: x for n, x in v.items() if n not in dropped} if k.endswith("Details") else v for k, v in event.items()}
        for event in events
    ]


def test_without_data_the_states_are_compared() -> None:
    replay = asl_local.replay(bare(EVENTS), DEFINITION)
    assert replay.agrees
    assert replay.level == "states"
    assert replay.path == ("A", "B", "C", "C[D]/D", "C[D]/E", "C[F]/F")
    assert "the history has no data: only the order of states is compared" in replay.notes
    with pytest.raises(asl_local.InvalidHistory, match="--include-execution-data"):
        asl_local.replay(bare(EVENTS), DEFINITION, level="events")


STATES: Any = DEFINITION["States"]
FIRST, SECOND = STATES["C"]["Branches"]


@pytest.mark.parametrize(
    ("definition", "event", "instead"),
    [
        ({"StartAt": "C", "States": {"C": STATES["C"]}}, "ChoiceStateEntered", "enters 'C'"),
        (
            {"StartAt": "A", "States": {**STATES, "A": {"Type": "Pass", "Next": "B"}}},
            "ChoiceStateEntered", "'A' is a Pass",
        ),
        (
            {"StartAt": "A", "States": {**STATES, "C": {**STATES["C"], "Branches": [
                {"StartAt": "D", "States": {"D": {"Type": "Pass", "End": True}}}, SECOND]}}},
            "SucceedStateEntered", "'D' ends here",
        ),
        (
            {"StartAt": "A", "States": {**STATES, "C": {**STATES["C"], "Branches": [
                FIRST, {"StartAt": "G", "States": {"G": {"Type": "Pass", "End": True}}}]}}},
            "PassStateEntered", "enters 'D' or 'G'",
        ),
    ],
)  # fmt: skip
def test_without_data_a_transition_that_is_gone_is_found(definition: Any, event: str, instead: str) -> None:
    found = asl_local.replay(bare(EVENTS), definition).divergence
    assert found is not None
    assert (found.event.type, found.instead) == (event, instead)


def test_data_that_is_cut_matches_anything_and_cannot_drive() -> None:
    cut = json.loads(json.dumps(EVENTS, default=str))
    cut[3]["stateEnteredEventDetails"]["inputDetails"]["truncated"] = True
    cut[3]["stateEnteredEventDetails"]["input"] = '{"n'
    assert asl_local.replay(cut, DEFINITION)
    task = {
        "StartAt": "T",
        "States": {"T": {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:t", "End": True}},
    }
    events = asl_local.load(task).simulate({}, {"t": lambda _: 1}).history.to_aws()
    events[4]["lambdaFunctionSucceededEventDetails"]["outputDetails"]["truncated"] = True
    with pytest.raises(asl_local.InvalidHistory, match=r"event 5 \(LambdaFunctionSucceeded\) has no `output`"):
        asl_local.replay(events, task)


# -- redrives ----------------------------------------------------------------------------------------------------------


def test_a_redriven_execution() -> None:
    definition = {
        "StartAt": "P",
        "States": {
            "P": {
                "Type": "Parallel",
                "Branches": [
                    {
                        "StartAt": name,
                        "States": {
                            name: {
                                "Type": "Task",
                                "Resource": f"arn:aws:lambda:us-east-1:123456789012:function:{name}",
                                "ResultPath": f"$.{name}",
                                "Next": f"{name}End",
                            },
                            f"{name}End": {"Type": "Pass", "End": True},
                        },
                    }
                    for name in ("good", "bad")
                ],
                "End": True,
            }
        },
    }
    machine = asl_local.load(definition)

    def fails(_event: Any, context: Any) -> Any:
        context.sleep(1)
        raise asl_local.StateError("Bad")

    result = machine.simulate({}, {"good": lambda _: 1, "bad": fails})
    again = machine.redrive(result, {"good": lambda _: 1, "bad": lambda _: 2})
    assert again.status == "SUCCEEDED"
    for level in ("path", "events", "exact"):
        replay = asl_local.replay(again.history, definition, level=level)
        assert replay.agrees, str(replay)
        assert replay.result.output == again.output
