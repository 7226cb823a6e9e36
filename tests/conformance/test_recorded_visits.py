"""What AWS recorded, read as visits: every state has one, with an outcome that fits how the execution ended."""

from __future__ import annotations

import json
from typing import Any

import pytest
from score import shared
from test_recorded_mocks import plain

from asl_local.reporters.recorded import Recording, read
from asl_local.reporters.visits.model import CAUGHT, FAILED, RUNNING, SUCCEEDED, TIMED_OUT, Run
from asl_local.reporters.visits.whole import run_of_recording
from asl_local.testing.pointers import at


def cases() -> list[Any]:
    """The recorded histories; those whose events inside a Parallel were sorted have lost what follows what."""
    folder = shared()
    if folder is None:
        return []
    return [
        pytest.param(case["definition"], case["expected"]["history"], id=case["id"])
        for path in sorted((folder / "conformance" / "cases").glob("*.json"))
        for case in json.loads(path.read_text("utf-8"))["cases"]
        if case["kind"] == "execution" and case.get("expected", {}).get("history") and not case.get("compare_notes")
    ]


@pytest.mark.skipif(shared() is None, reason="the recorded cases are not here (ASL_LOCAL_SHARED)")
def test_they_are_there() -> None:
    assert len(cases()) > 300


@pytest.mark.parametrize(("definition", "history"), cases())
def test_visits_of_what_was_recorded(definition: Any, history: list[Any]) -> None:
    definition = json.loads(definition) if isinstance(definition, str) else definition
    recording = read([plain(event) for event in history])
    for run in (run_of_recording(recording, definition), run_of_recording(recording)):
        check(run, recording)
    run = run_of_recording(recording, definition)
    for visit in run.visits:
        assert at(definition, visit.pointer)["Type"] == visit.type
        if visit.outcome == SUCCEEDED:
            assert visit.edge


def check(run: Run, recording: Recording) -> None:
    entered = [event for event in recording.events if event.type.endswith("StateEntered")]
    exited = {event.id for event in recording.events if event.type.endswith("StateExited")}
    assert [(visit.state, visit.first) for visit in run.visits] == [(event.state, event.id) for event in entered]
    assert {visit.last for visit in run.visits if visit.outcome in (SUCCEEDED, CAUGHT)} == exited
    assert all(
        (number == -1) == event.type.startswith("Execution")
        for number, event in zip(run.visit_of, recording.events, strict=True)
    )
    assert recording.ended or not run.visits or any(visit.outcome == RUNNING for visit in run.visits)
    assert not recording.ended or all(visit.outcome != RUNNING for visit in run.visits)
    top = run.within(None)
    assert all(visit.outcome in (SUCCEEDED, CAUGHT) for visit in top[:-1])
    if run.status == "SUCCEEDED":
        assert top[-1].outcome == SUCCEEDED
    elif run.status == "FAILED":
        assert top[-1].outcome in (FAILED, TIMED_OUT)
        assert top[-1].error == run.error
    for visit in run.visits:
        for number, attempt in enumerate(visit.attempts):
            assert attempt.number == number
            assert (attempt.retry_at is not None) == (number + 1 < len(visit.attempts))
        if visit.parent is not None:
            around = run.visits[visit.parent]
            assert around.first < visit.first
            assert around.outcome == RUNNING or visit.last <= around.last or around.outcome not in (SUCCEEDED, CAUGHT)
