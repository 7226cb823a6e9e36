"""Nested executions really run, and what AWS recorded of them is what comes out."""

from __future__ import annotations

import json
from typing import Any

import pytest
from score import shared

import asl_local

LATER = {"RedriveCount", "RedriveStatus", "RedriveStatusReason"}  # recordings of 2023 lack them
PLAIN_TASKS = {"Pass", "Succeed", "Fail", "Choice", "Wait"}


def cases() -> list[dict[str, Any]]:
    """The recorded cases that start a machine which needs nobody else."""
    folder = shared()
    if folder is None:
        return []
    found = []
    for path in sorted((folder / "conformance" / "cases").glob("*.json")):
        for case in json.loads(path.read_text("utf-8"))["cases"]:
            resources = case.get("resources") or {}
            machines = resources.get("state_machines") or {}
            alone = all(
                state["Type"] in PLAIN_TASKS
                for machine in machines.values() for state in machine["definition"]["States"].values()
            )  # fmt: skip
            calls = resources.get("calls") or []
            if machines and alone and any(":states:startExecution.sync" in call["resource"] for call in calls):
                found.append(case)
    return found


@pytest.mark.skipif(shared() is None, reason="the recorded cases are not here (ASL_LOCAL_SHARED)")
def test_they_are_there() -> None:
    assert cases()


@pytest.mark.parametrize("case", cases(), ids=lambda case: case["id"])
def test_what_comes_out(case: dict[str, Any]) -> None:
    given = case["resources"]["state_machines"]
    machines = {arn: asl_local.load(each["definition"]) for arn, each in given.items()}
    machine = asl_local.load(case["definition"])
    result = machine.simulate(case["input"], asl_local.Resources(machines=machines))
    (call,) = case["resources"]["calls"]
    recorded = call["outcome"][-1]["output"]
    assert result.status == "SUCCEEDED"
    assert recorded.keys() <= result.output.keys() <= recorded.keys() | LATER
    unknown = {name for name, value in recorded.items() if str(value).startswith("any-")}
    for name in recorded.keys() - unknown:
        assert result.output[name] == recorded[name]
    submitted = result.history.find("$[?(@.type == 'TaskSubmitted')].output")
    assert submitted[0].keys() == call["outcome"][0]["output"].keys()
