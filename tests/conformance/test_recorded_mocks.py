"""What AWS recorded, as mocks: the machine takes the recorded path to the recorded end, with no other answer than those."""

from __future__ import annotations

import json
from typing import Any

import pytest
from score import shared

import asl_local
from asl_local.testing.mocks_of_history import RecordedMocks, compared, recorded_mocks

# What a mock file cannot express, see docs/mocks.md.
OVERSIZED = "service_task_lambada_catch_state_all_data_limit_exceeded_on_large_utf8_response"
HEARTBEAT = "heartbeat_no_timeout"


def plain(value: Any) -> Any:
    """A recorded value with the corpus's wildcards filled in: JSON in a text, an example, anything."""
    if isinstance(value, list):
        return [plain(item) for item in value]
    if not isinstance(value, dict):
        return value
    if "$json" in value:
        return json.dumps(plain(value["$json"]))
    if "$opt" in value:
        return plain(value["$opt"])
    if "$regex" in value:
        return value.get("example", "any")
    if "$any" in value or "$var" in value:
        return "any"
    return {name: plain(member) for name, member in value.items()}


def cases() -> list[Any]:
    """The recorded cases whose tasks were called and that are one history, whole and in order."""
    folder = shared()
    if folder is None:
        return []
    found = []
    for path in sorted((folder / "conformance" / "cases").glob("*.json")):
        for case in json.loads(path.read_text("utf-8"))["cases"]:
            history = case.get("expected", {}).get("history") if case["kind"] == "execution" else None
            if (
                history
                and not case.get("compare_notes")
                and "$any" not in history[-1].get("executionFailedEventDetails", {})
            ):
                recorded = recorded_mocks([plain(event) for event in history])
                if recorded.calls:
                    found.append(pytest.param(case, recorded, id=case["id"]))
    return found


@pytest.mark.skipif(shared() is None, reason="the recorded cases are not here (ASL_LOCAL_SHARED)")
def test_they_are_there() -> None:
    assert len(cases()) > 100


@pytest.mark.parametrize(("case", "recorded"), cases())
def test_the_recorded_path_is_taken_again(case: dict[str, Any], recorded: RecordedMocks) -> None:
    machine = asl_local.load(case["definition"], name="Recorded")
    result = machine.simulate(recorded.input, mocks=recorded)
    assert (result.status, result.error) == (recorded.status, recorded.error)
    assert recorded_mocks(result.history).lines == recorded.lines
    file = recorded.mock_file(machine="Recorded")
    if case["id"].endswith((OVERSIZED, HEARTBEAT)):
        assert file.notes
    else:
        assert compared(machine, recorded, file) == ""
