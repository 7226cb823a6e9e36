"""Laws of replay: a machine agrees with its own histories, in whatever order things happened."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from machines import Case, cases

import asl_local


@pytest.mark.parametrize("level", ["path", "events", "exact"])
@given(case=st.one_of(cases(), cases(variables=True)), seed=st.integers(0, 3))
def test_a_machine_agrees_with_its_own_histories(level: str, case: Case, seed: int) -> None:
    result = case.simulate(seed=seed)
    events = json.loads(json.dumps(result.history.to_aws(), default=str))
    replay = asl_local.replay(events, case.definition, level=level)
    assert replay.agrees, str(replay)
    told = (result.status, result.output, result.error)
    assert (replay.result.status, replay.result.output, replay.result.error) == told


@given(cases(), st.data())
def test_what_was_recorded_so_far_agrees_too(case: Case, data: Any) -> None:
    events = case.simulate().history.to_aws()
    seen = events[: data.draw(st.integers(1, len(events)))]
    replay = asl_local.replay(seen, case.definition)
    assert replay.agrees, str(replay)
