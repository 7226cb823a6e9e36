"""The log of an Express execution in CloudWatch Logs, in the forms in which people get at it."""

from __future__ import annotations

import json
from typing import Any

import pytest

import asl_local
from asl_local.errors import InvalidHistory
from asl_local.reporters.recorded import read

ARN = "arn:aws:states:us-east-1:123456789012:express:Orders:order-7:6b2d"
DEFINITION = {
    "StartAt": "Charge",
    "States": {
        "Charge": {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:charge", "Next": "Done"},
        "Done": {"Type": "Succeed"},
    },
}


@pytest.fixture
def recorded() -> list[dict[str, Any]]:
    return asl_local.load(DEFINITION).simulate({"id": 7}, {"charge": lambda event: [1]}).history.to_aws()


@pytest.fixture
def lines(recorded: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The events as Step Functions logs them at the level ALL."""
    return [
        {
            "id": str(event["id"]), "type": event["type"], "previous_event_id": str(event["previousEventId"]),
            "details": next((event[name] for name in event if name.endswith("EventDetails")), {}),
            "event_timestamp": str(int(event["timestamp"].timestamp() * 1000)), "execution_arn": ARN,
            "redrive_count": "0",
        }
        for event in recorded
    ]  # fmt: skip


def forms(lines: list[dict[str, Any]]) -> dict[str, Any]:
    messages = [json.dumps(line) for line in lines]
    return {
        "lines": lines,
        "as text": "\n".join(messages),
        "filter-log-events": {"events": [{"message": each, "timestamp": 1, "eventId": "3"} for each in messages]},
        "get-query-results": {"results": [[{"field": "@ptr", "value": "x"}, {"field": "@message", "value": each}]
                                          for each in messages], "status": "Complete"},
    }  # fmt: skip


@pytest.mark.parametrize("form", ["lines", "as text", "filter-log-events", "get-query-results"])
def test_the_events_are_those_of_the_history(recorded: Any, lines: Any, form: str) -> None:
    recording = read(forms(lines)[form], whole=False)
    assert recording.events == read(recorded).events
    assert (recording.notes, recording.beside) == ((), {"executionArn": ARN})


def test_it_can_be_viewed_and_replayed(lines: Any) -> None:
    run = asl_local.view(lines, DEFINITION).run
    assert (run.name, run.machine, run.type, run.status) == ("order-7", "Orders", "EXPRESS", "SUCCEEDED")
    assert [visit.state for visit in run.visits] == ["Charge", "Done"]
    assert asl_local.replay(lines, DEFINITION).agrees


def test_a_log_of_errors_only_has_holes(lines: Any) -> None:
    assert read([lines[0], lines[-1]], whole=False).notes[0].startswith("Events 2 to 8 are missing")


def test_several_executions(lines: Any) -> None:
    with pytest.raises(
        InvalidHistory, match=r"a log of 2 executions; keep the lines of one execution_arn: arn.*6b2d, arn"
    ):
        read([*lines, {**lines[0], "execution_arn": ARN + "2"}], whole=False)
