"""Histories that are not whole, as people have them of production: read as far as they go, and what is missing is told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import asl_local
from asl_local.errors import InvalidHistory
from asl_local.reporters.aws import Event
from asl_local.reporters.recorded import Recording, read

DEFINITION = {
    "StartAt": "A",
    "States": {
        "A": {"Type": "Pass", "Assign": {"v": 1}, "Result": {"a": "é"}, "Next": "B"},
        "B": {"Type": "Pass", "End": True},
    },
}


@pytest.fixture
def events() -> list[dict[str, Any]]:
    """The events of a run, as the aws command prints them."""
    shown = asl_local.load(DEFINITION).simulate({"in": 1}).history.to_aws()
    return json.loads(json.dumps(shown, default=str))


def loose(given: Any) -> Recording:
    return read(given, whole=False)


def test_of_a_whole_history_nothing_is_missing(events: list[dict[str, Any]]) -> None:
    recording = loose({"events": events})
    assert recording.notes == ()
    assert recording.events == read(events).events


def test_reversed_and_given_twice(events: list[dict[str, Any]]) -> None:
    recording = loose([{"events": events[::-1]}, {"events": events[2:4]}])
    assert [event.id for event in recording.events] == [1, 2, 3, 4, 5, 6]
    assert recording.notes == ()


@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize(
    "other",
    [{"type": "FailStateEntered"}, {"previousEventId": 1}, {"timestamp": "2030-01-01T00:00:00+00:00"},
     {"stateExitedEventDetails": {"name": "A", "output": "7"}}],
)  # fmt: skip
def test_histories_of_different_executions(
    events: list[dict[str, Any]], tmp_path: Path, other: dict[str, Any], whole: bool
) -> None:
    files = [tmp_path / "0.json", tmp_path / "1.json", tmp_path / "2.json"]
    files[0].write_text(json.dumps(events[:2]))
    files[1].write_text(json.dumps(events))
    files[2].write_text(json.dumps({"events": [*events[:2], {**events[2], **other}, *events[3:]]}))
    with pytest.raises(
        InvalidHistory, match=r"^[^ ]*1\.json and .*2\.json: event 3 is there twice, as PassStateExited of"
    ):
        read(files, whole=whole)
    assert loose(files[:2]).source == str(files[0])


def test_holes_and_a_cut_end(events: list[dict[str, Any]]) -> None:
    with pytest.raises(InvalidHistory, match="first event is not ExecutionStarted"):
        read(events[1:])
    recording = loose([events[2], events[4]])
    assert [event.id for event in recording.events] == [3, 5]
    assert recording.notes == (
        "Events 1 to 2 are missing: the history is cut, or lacks pages.",
        "Event 4 is missing: the history is cut, or lacks pages.",
        "The history ends with event 5: the execution was running when it was asked for, or pages are missing.",
    )


@pytest.mark.parametrize("name", ["nextToken", "NextToken"])
def test_a_page_that_is_not_the_last(events: list[dict[str, Any]], name: str) -> None:
    assert loose({"events": events[:3], name: "AAAA"}).notes == (
        "The history goes on after event 3: its last page has a nextToken.",
    )
    pages = [{"events": events[:3], name: "AAAA"}, {"events": events[3:]}]
    assert loose(pages).notes == loose(pages[::-1]).notes == ()


def test_without_data(events: list[dict[str, Any]]) -> None:
    for event in events:
        for member in [name for name in event if name.endswith("EventDetails")]:
            event[member] = {name: value for name, value in event[member].items() if name == "name"}
    assert loose(events).notes == ("The history was asked for without data: there are no inputs and outputs.",)


def test_data_that_was_cut_is_text(events: list[dict[str, Any]]) -> None:
    details = events[1]["stateEnteredEventDetails"]
    details["input"], details["inputDetails"] = '{"in": "a long te', {"truncated": True}
    recording = loose(events)
    assert recording.events[1].details["input"] == '{"in": "a long te'
    assert recording.events[1].cut == ("input",)
    assert recording.notes == ("AWS has cut data of event 2, which is shown as text.",)
    assert "input" not in read(events).events[1].details


def test_what_is_no_json_is_text(events: list[dict[str, Any]]) -> None:
    events[2]["stateExitedEventDetails"]["output"] = "no JSON"
    events[2]["stateExitedEventDetails"]["assignedVariables"] = {"v": "{", "w": 7}
    with pytest.raises(InvalidHistory, match="is not JSON"):
        read(events)
    details = loose(events).events[2].details
    assert (details["output"], details["assignedVariables"]) == ("no JSON", {"v": "{", "w": 7})


@pytest.mark.parametrize(
    ("text", "value"), [("NaN", "NaN"), ("[1e999, 1e100]", ["1e999", 1e100]), ("[1E+400]", ["1E+400"])]
)
def test_numbers_that_json_or_a_double_does_not_have(events: list[dict[str, Any]], text: str, value: Any) -> None:
    events[2]["stateExitedEventDetails"]["output"] = text
    assert loose(events).events[2].details["output"] == value


def test_events_of_the_future(events: list[dict[str, Any]]) -> None:
    events.insert(5, {
        "id": 6, "previousEventId": 5, "type": "CoffeeStarted", "timestamp": events[5]["timestamp"],
        "coffeeStartedEventDetails": {"cups": 2, "input": "{}", "inputDetails": {"truncated": False}},
    })  # fmt: skip
    events[6]["id"] = 7
    recording = loose(events)
    assert recording.events[5].details == {"cups": 2, "input": {}}
    assert recording.notes == ("Events of a type that is not known here are shown as they are: CoffeeStarted.",)
    shape = Event(6, "CoffeeStarted", 0.0, 5, {"cups": 2}).to_aws()
    assert shape["coffeeStartedEventDetails"] == {"cups": 2}


def test_without_times(events: list[dict[str, Any]]) -> None:
    for event in events:
        del event["timestamp"]
    assert loose(events).notes == ("The history has no times.",)


def test_pages_one_after_the_other_in_a_file(events: list[dict[str, Any]], tmp_path: Path) -> None:
    file = tmp_path / "history.json"
    file.write_text(json.dumps({"events": events[:3], "nextToken": "A"}) + "\n" + json.dumps({"events": events[3:]}))
    recording = loose(file)
    assert ([event.id for event in recording.events], recording.notes) == ([1, 2, 3, 4, 5, 6], ())
    with pytest.raises(InvalidHistory, match="put them into a list"):
        read(file)
    file.write_text('{"events": []} {')
    with pytest.raises(InvalidHistory, match="not JSON"):
        loose(file)


def test_pages_in_several_files(events: list[dict[str, Any]], tmp_path: Path) -> None:
    files = [tmp_path / "1.json", tmp_path / "2.json", tmp_path / "3.json"]
    pages = [{"events": events[:2], "nextToken": "A"}, events[2:3], [{"events": events[3:5]}, {"events": events[5:]}]]
    for file, page in zip(files, pages, strict=True):
        file.write_text(json.dumps(page))
    assert loose(files).events == read([str(file) for file in files]).events == read(events).events
    assert (loose(files).notes, loose(files).source) == ((), str(files[0]))


def test_what_stands_beside_the_events(events: list[dict[str, Any]]) -> None:
    assert loose({"history": events, "status": "SUCCEEDED"}).beside == {"status": "SUCCEEDED"}
    assert loose(events).beside == {}


@pytest.mark.parametrize("given", [{"events": []}, {"name": "x"}, [{"id": 1}], "[7]", []])
def test_what_is_no_history(given: Any) -> None:
    with pytest.raises(InvalidHistory):
        loose(given)
