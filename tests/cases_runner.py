"""Reads and runs the cases of tests/cases/*.yaml.

One YAML document is one behaviour:

    name: what is shown, a sentence
    states: {A: {...}, B: {...}}     # StartAt is the first; a state without Next or End gets "End": true (nested ones too)
    definition: {...}                # or the whole machine, taken as it is
    input: any JSON                  # default {}
    tasks: {work: [answer, ...]}     # what the function `work` does, call by call; the last answer repeats
    aws: [[s3, create_bucket, {...}]]  # a LocalAWS, and what its clients do first; [] for an empty one
    workers: {State: [answer, ...]}  # who answers the state's task token, once its request is submitted
    machines: {Name: {states: ...}}  # other machines, for states:startExecution
    activities: [ARN, ...]           # those that exist; any unless given
    limits: {events: n, payload_bytes: n}, seed: n
    expect: {status, output, error, cause, seconds, events, calls, raises}

`Resource: fn:work` stands for the ARN of the Lambda function `work`. An answer is a JSON value (returned as it is) or
`{fail: Name, cause: text}`, `{raise: text}` (a ValueError), `{sleep: s, then: answer}`, `{heartbeats: [s, ...], then:
answer}` (seconds before each), `{python: name}` (one of ODDITIES), `{echo: true}` (its input). Where an answer is
`{value: x}`, x is returned. `{reply: {success: x} | {failure: [error, cause]}, after: s, then: answer}` answers the task
token s virtual seconds later, `{job: {submitted, result, error, cause, seconds}}` reports a job. `expect.seconds` is
virtual time. `expect.events` has every event as "Type", "Type StateName" or "Type StateName index" where it has these,
with " <-n" for its previousEventId if that matters. `expect.locations` has the location of every EvaluationFailed
event, null where it has none. A cause or error like "/.../" is a regular expression that must match all of it.
`expect.raises` names the exception that `load` or `simulate` raises, with a regular expression for its text after a colon.
"""

from __future__ import annotations

import copy
import math
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

import asl_local
from asl_local.engine.history import EVENTS

CASES = Path(__file__).resolve().parent / "cases"
LAMBDA = "arn:aws:lambda:us-east-1:123456789012:function:"
_KEYS = {
    "name",
    "states",
    "definition",
    "input",
    "tasks",
    "aws",
    "limits",
    "seed",
    "expect",
    "workers",
    "machines",
    "activities",
}
_EXPECTED = {"status", "output", "error", "cause", "seconds", "events", "locations", "calls", "raises"}
_ANSWERS = {"fail", "cause", "raise", "sleep", "then", "heartbeats", "python", "echo", "value", "reply", "after", "job"}
_ENDLESS = {"Choice", "Succeed", "Fail"}


def cases() -> Iterator[tuple[str, dict[str, Any]]]:
    """(id, case) of every document."""
    for path in sorted(CASES.glob("*.yaml")):
        for case in yaml.safe_load_all(path.read_text("utf-8")):
            if case is not None:
                yield f"{path.stem}: {case['name']}", case


def _circular() -> Any:
    value: list[Any] = []
    value.append(value)
    return value


def _deep() -> Any:
    value: Any = []
    for _ in range(1_000):
        value = [value]
    return value


ODDITIES: dict[str, Callable[[], Any]] = {
    "set": lambda: {"faces": {1, 2}},
    "nan": lambda: [math.nan],
    "infinity": lambda: {"a": {"b": -math.inf}},
    "bytes": lambda: b"\x00",
    "circular": _circular,
    "deep": _deep,
    "large": lambda: "x" * 300_000,
    "tuple": lambda: (1, (2,)),
    "integer keys": lambda: {2: "two", None: "null", True: "true"},
    "object": object,
    "generator": lambda: (i for i in range(3)),
    "exit": lambda: sys.exit(3),
}


def _machine(case: dict[str, Any]) -> dict[str, Any]:
    definition = copy.deepcopy(case.get("definition"))
    if definition is None:
        states = copy.deepcopy(case["states"])
        definition = {"StartAt": next(iter(states)), "States": states}
        _complete(definition)
    _expand(definition)
    return definition


def _complete(block: dict[str, Any]) -> None:
    if "states" in block:
        states = block.pop("states")
        block["StartAt"], block["States"] = next(iter(states)), states
    for state in block["States"].values():
        if state["Type"] not in _ENDLESS and "Next" not in state and "End" not in state:
            state["End"] = True
        for inner in [*state.get("Branches", []), *(state[k] for k in ("ItemProcessor", "Iterator") if k in state)]:
            _complete(inner)


def _expand(block: dict[str, Any]) -> None:
    for state in block["States"].values():
        if str(state.get("Resource", "")).startswith("fn:"):
            state["Resource"] = LAMBDA + state["Resource"][3:]
        for inner in [*state.get("Branches", []), *(state[k] for k in ("ItemProcessor", "Iterator") if k in state)]:
            _expand(inner)


def _handler(answers: list[Any], calls: list[Any]) -> Callable[[Any, Any], Any]:
    def handler(event: Any, context: Any) -> Any:
        calls.append(copy.deepcopy(event))
        return _behave(answers[min(len(calls), len(answers)) - 1], event, context)

    return handler


def _behave(answer: Any, event: Any, context: Any) -> Any:
    if not isinstance(answer, dict) or not answer or not set(answer) <= _ANSWERS:
        return copy.deepcopy(answer)
    if "fail" in answer:
        raise asl_local.StateError(answer["fail"], answer.get("cause", ""))
    if "raise" in answer:
        raise ValueError(answer["raise"])
    if "python" in answer:
        return ODDITIES[answer["python"]]()
    if "value" in answer:
        return copy.deepcopy(answer["value"])
    if "echo" in answer:
        return event
    if "reply" in answer:
        if "success" in answer["reply"]:
            context.send_task_success(answer["reply"]["success"], after=answer.get("after", 0))
        else:
            context.send_task_failure(*answer["reply"]["failure"], after=answer.get("after", 0))
    if "job" in answer:
        return asl_local.Job(**copy.deepcopy(answer["job"]))
    if "sleep" in answer:
        context.sleep(answer["sleep"])
    for gap in answer.get("heartbeats", ()):
        context.sleep(gap)
        context.heartbeat()
    return _behave(answer.get("then"), event, context)


def run(case: dict[str, Any], scratch: Path) -> None:
    """Run one case and compare. `scratch` is an empty folder for its LocalAWS."""
    assert set(case) <= _KEYS, f"unknown keys {set(case) - _KEYS}"
    expect = case["expect"]
    assert set(expect) <= _EXPECTED, f"unknown keys {set(expect) - _EXPECTED}"
    if "raises" in expect:
        kind, _, text = expect["raises"].partition(": ")
        with pytest.raises(getattr(asl_local, kind)) as caught:
            _simulate(case, scratch)
        assert re.search(text, str(caught.value), re.DOTALL), f"{text!r} is not in: {caught.value}"
        return
    result, calls = _simulate(case, scratch)
    actual = {
        "status": result.status,
        "output": result.output,
        "error": result.error,
        "cause": result.cause,
        "events": [_shown(event, wanted) for event, wanted in _paired(result.history, expect.get("events", []))],
        "locations": [e.details.get("location") for e in result.history if e.type == "EvaluationFailed"],
        "calls": {name: calls[name] for name in expect.get("calls", {})},
    }
    for key, wanted in expect.items():
        if key == "seconds":
            took = result.history[-1].at - result.history[0].at
            assert math.isclose(took, wanted, abs_tol=1e-6), f"took {took} s, not {wanted}"
        elif key in ("error", "cause") and isinstance(wanted, str) and wanted.startswith("/"):
            found = actual[key] or ""
            assert re.fullmatch(wanted[1:-1], found, re.DOTALL), f"{key}: {found!r} is not {wanted}"
        else:
            assert actual[key] == wanted, f"{key}; error {result.error!r}, cause {result.cause!r}"
    if expect.get("status", "SUCCEEDED") != "SUCCEEDED":
        assert result.output is None
    check_history(result.history)


def _simulate(case: dict[str, Any], scratch: Path) -> tuple[asl_local.Result, dict[str, list[Any]]]:
    calls: dict[str, list[Any]] = {name: [] for name in case.get("tasks", {})}
    handlers = {name: _handler(answers, calls[name]) for name, answers in case.get("tasks", {}).items()}
    aws = None
    if "aws" in case:
        aws = asl_local.LocalAWS(scratch)
        for client, method, parameters in case["aws"]:
            getattr(aws.client(client), method)(**parameters)
    limits = asl_local.Limits(**case["limits"]) if "limits" in case else None
    given = case.get("input", {})
    workers = {
        state: _handler(answers, calls.setdefault(state, [])) for state, answers in case.get("workers", {}).items()
    }
    machines = {name: asl_local.load(_machine(each), name=name) for name, each in case.get("machines", {}).items()}
    resources = asl_local.Resources(
        handlers, aws=aws, workers=workers, machines=machines, activities=case.get("activities")
    )
    result = asl_local.load(_machine(case)).simulate(given, resources, seed=case.get("seed", 0), limits=limits)
    return result, calls


def _paired(history: asl_local.History, wanted: list[str]) -> Iterator[tuple[asl_local.Event, str]]:
    for number, event in enumerate(history):
        yield event, wanted[number] if number < len(wanted) else ""


def _shown(event: asl_local.Event, wanted: str) -> str:
    parts = [event.type, *(str(event.details[key]) for key in ("name", "index") if key in event.details)]
    if "<-" in wanted:
        parts.append(f"<-{event.previous_event_id}")
    return " ".join(parts)


def check_history(history: asl_local.History) -> None:
    """What holds for every history."""
    entered: dict[int, str] = {}
    last = 0.0
    for number, event in enumerate(history, 1):
        assert event.id == number
        assert event.at >= last, "time never runs backwards"
        last = event.at
        if number == 1:
            assert (event.type, event.previous_event_id) == ("ExecutionStarted", 0)
        ends = event.type in ("ExecutionTimedOut", "ExecutionAborted")
        first_state = (number, event.type) == (3, "EvaluationFailed") or (
            number == 2 and event.type.endswith("StateEntered")
        )
        if number > 1 and not ends and not (first_state and event.previous_event_id == 0):
            assert 0 < event.previous_event_id < number, event
        else:
            assert event.previous_event_id == 0
        assert set(event.details) <= set(EVENTS[event.type][1])
        if event.type.endswith("StateEntered"):
            entered[number] = event.details["name"]
        elif event.type.endswith("StateExited"):
            open_ones = [at for at, name in entered.items() if name == event.details["name"]]
            assert open_ones, f"{event} leaves a state that nobody is in"
            del entered[open_ones[0]]
    kinds = [event.type for event in history if event.type.startswith("Execution")]
    assert kinds[0] == "ExecutionStarted"
    assert len(kinds) == 2, "it starts once and ends once"
    assert history[-1].type == kinds[1]
    assert len(history.to_aws()) == len(history)
