"""Laws of replay: a machine agrees with its own histories, in whatever order things happened, whoever answered."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from machines import Case, cases
from test_redrive_laws import MIXED, go_on
from test_waiting_laws import CASES, simulated
from test_waiting_laws import Case as WaitingCase

import asl_local
from asl_local.engine.messages import Redriven, Stopped

LEVELS = ["path", "events", "exact"]
FEWER = settings(max_examples=max(10, settings().max_examples // 2))


def as_recorded(history: asl_local.History) -> Any:
    """The history as the AWS CLI would have written it."""
    return json.loads(json.dumps({"events": history.to_aws()}, default=str))


@pytest.mark.parametrize("level", LEVELS)
@given(case=st.one_of(cases(), cases(variables=True, language=None, distributed=True)), seed=st.integers(0, 3))
@FEWER
def test_a_machine_agrees_with_its_own_histories(level: str, case: Case, seed: int) -> None:
    result = case.simulate(seed=seed)
    if "DISTRIBUTED" in json.dumps(case.definition) and level == "exact":
        level = (
            "events"  # in virtual time a Map Run may end in the moment in which it starts, before what stands beside it
        )
    replay = asl_local.replay(as_recorded(result.history), case.definition, level=level)
    assert replay.agrees, str(replay)
    told = (result.status, result.output, result.error)
    assert (replay.result.status, replay.result.output, replay.result.error) == told


@given(cases(), st.data())
@FEWER
def test_what_was_recorded_so_far_agrees_too(case: Case, data: Any) -> None:
    events = case.simulate().history.to_aws()
    seen = events[: data.draw(st.integers(1, len(events)))]
    replay = asl_local.replay(seen, case.definition)
    assert replay.agrees, str(replay)


@given(cases(variables=True, language=None, timed=False), st.lists(st.floats(0, 5), min_size=1, max_size=20))
@FEWER
def test_aws_may_take_its_time(case: Case, delays: list[float]) -> None:
    """Whatever time passes between two events beyond what a definition says, where nothing times out."""
    behind, events = 0.0, case.simulate().history.to_aws()
    for number, event in enumerate(events):
        behind += delays[number % len(delays)]
        event["timestamp"] += timedelta(seconds=behind)
    replay = asl_local.replay(events, case.definition, level="events")
    assert replay.agrees, str(replay)


@given(CASES, st.integers(0, 3), st.sampled_from(LEVELS))
@FEWER
def test_tokens_jobs_activities_and_nested_executions_are_answered_as_recorded(
    case: WaitingCase, seed: int, level: str
) -> None:
    result = simulated(case, seed)
    replay = asl_local.replay(as_recorded(result.history), case.definition, level=level)
    assert replay.agrees, str(replay)
    assert (replay.result.status, replay.result.error) == (result.status, result.error)


_INNER = {"StartAt": "Items", "States": {
    "Items": {"Type": "Pass", "Result": {"items": [{"n": 0}, 0]}, "Next": "Inner"},
    "Inner": {"Type": "Map", "ItemsPath": "$.items", "End": True,
              "Retry": [{"ErrorEquals": ["States.ALL"], "MaxAttempts": 1, "IntervalSeconds": 1}],
              "ItemProcessor": {"StartAt": "Put", "States": {"Put": {"Type": "Pass", "ResultPath": "$.r", "End": True}}}},
}}  # fmt: skip
RETRIED_INSIDE = Case({"StartAt": "Outer", "States": {"Outer": {
    "Type": "Map", "ItemsPath": "$.items", "ItemProcessor": _INNER, "End": True}}}, {"items": [0]}, {})  # fmt: skip
"""Stopped while the inner of two Maps waits for its retry, which then is what starts again."""


@given(MIXED, st.floats(0, 1), st.sampled_from(LEVELS))
@example(RETRIED_INSIDE, 0.0, "path")
@FEWER
def test_a_redriven_execution_is_redriven(case: Case, part: float, level: str) -> None:
    machine = asl_local.load(case.definition)
    execution = machine.execution(case.input)
    total = go_on(case, machine, execution, None, 10_000)
    if total == 1:
        return  # it never stood still
    execution = machine.execution(case.input)
    go_on(case, machine, execution, None, 1 + int(part * (total - 2)))
    places = [waiting.state for waiting in execution.waiting_for()]
    if len(set(places)) < len(places):
        return  # of several that stood in one state a history does not say which of them went on first
    execution.step(Stopped(), execution.now)
    go_on(case, machine, execution, Redriven(), 10_000)
    replay = asl_local.replay(asl_local.History(execution.history.rows), machine, level=level)
    assert replay.agrees, str(replay)
    assert replay.result.status == execution.outcome.status  # type: ignore[union-attr]
