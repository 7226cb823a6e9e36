"""Other people's definitions run to their end with mock answers, or end in an error that AWS would give too."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import asl_local

# Errors that a machine ends with on AWS, given such an input and such answers, and why they are no fault of ours.
WOULD_FAIL_ON_AWS = {
    "States.Runtime": "the definition reads what is not there, in an example that was never run; or it has no end",
    "States.QueryEvaluationError": "an expression computes with mocked values that have no meaning together",
    "States.IntrinsicFailure": "so does a call: MathRandom from 1 to 1, a part of a text that has no parts",
    "States.NoChoiceMatched": "a Choice without Default is asked for a value that none of its rules has",
    "States.ExceedToleratedFailureThreshold": "one of the above, in an item of a Distributed Map",
}
# AWS's sentences for States.Runtime (recorded); nothing else may stand there.
RUNTIME = re.compile(
    r"An error occurred while executing the state '.*' \(entered at the event id #\d+\)\. .+|"
    r"The execution reached the maximum number of history events \(\d+\)\.",
    re.DOTALL,
)
EVENTS = 1_000
WITH_TOKEN = "arn:aws:states:::sqs:sendMessage.waitForTaskToken"


def states(tree: Any) -> Iterator[dict[str, Any]]:
    if isinstance(tree, dict):
        if isinstance(tree.get("Resource"), str):
            yield tree
        for value in tree.values():
            yield from states(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from states(value)


def loaded(text: bytes) -> asl_local.Machine | None:
    """The machine, its placeholders filled as a deployer would: numbers, and integrations that give a task token."""
    tree = json.loads(text)
    given: dict[str, Any] = {
        state["Resource"][2:-1]: WITH_TOKEN
        for state in states(tree)
        if re.fullmatch(r"\$\{[^${}]+\}", state["Resource"]) and "$$.Task.Token" in json.dumps(state)
    }
    try:
        machine = asl_local.load(text, substitutions=given)
        if machine.unresolved:
            names = {name for each in machine.unresolved for name in re.findall(r"\$\{([^${}]+)\}", each.message)}
            machine = asl_local.load(text, substitutions={**given, **dict.fromkeys(names, "100")})
    except asl_local.InvalidDefinition:
        return None
    return None if machine.unresolved else machine


def fault(machine: asl_local.Machine, turn: int) -> tuple[str, str | None]:
    """How a mocked run ends, and what is wrong with that, if anything is."""
    result = machine.simulate(
        asl_local.mock_input(machine, turn=turn),
        asl_local.mock_answers(machine, turn=turn),
        limits=asl_local.Limits(events=EVENTS),
    )
    if result.status == "SUCCEEDED":
        return "succeeded", None
    if result.status == "TIMED_OUT":
        return "failed", None if "TimeoutSeconds" in machine.definition else "timed out without TimeoutSeconds"
    if result.status != "FAILED":
        return "failed", f"ended {result.status}"
    if re.search(r"(?:^|> )Fail '[^']*'$", result.place) and result.error not in WOULD_FAIL_ON_AWS:
        return "said so", None
    if result.error not in WOULD_FAIL_ON_AWS:
        return "failed", f"{result.error}: {result.cause}"
    if result.error == "States.Runtime" and not RUNTIME.fullmatch(result.cause or ""):
        return "failed", f"not AWS's sentence: {result.cause}"
    return "failed", None


@pytest.mark.parametrize("turn", [0, 1, 2])
def test_every_definition_runs_to_its_end(shared: Path, turn: int) -> None:
    """Each turn gives other values to compare with, which lead other ways through the same machines."""
    ends: dict[str, int] = {"succeeded": 0, "said so": 0, "failed": 0}
    faults = []
    with (shared / "definitions-corpus" / "index.jsonl").open(encoding="utf-8") as rows:
        for row in map(json.loads, rows):
            machine = loaded((shared / "definitions-corpus" / row["file"]).read_bytes())
            if machine is None:
                continue
            end, wrong = fault(machine, turn)
            ends[end] += 1
            if wrong is not None:
                faults.append(f"{row['id']}: {wrong}")
    assert faults == []
    total = sum(ends.values())
    assert total > 380
    assert ends["succeeded"] + ends["said so"] > 0.87 * total, ends
