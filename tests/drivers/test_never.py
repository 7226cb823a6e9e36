"""Handlers that never come to an end by themselves, on the virtual clock."""

from __future__ import annotations

import asyncio
import gc
import sys
from typing import Any

import pytest

import asl_local

ARN = "arn:aws:lambda:us-east-1:123456789012:function:Work"


def machine(**fields: Any) -> asl_local.Machine:
    return asl_local.load({"StartAt": "T", "States": {"T": {"Type": "Task", "Resource": ARN, "End": True, **fields}}})


def test_a_handler_that_polls_is_told_when_its_time_is_up() -> None:
    polled = []

    def poll(_event: Any, context: Any) -> None:
        while not context.cancelled:
            context.sleep(1)
            polled.append(context.now())

    result = machine(TimeoutSeconds=3).simulate({}, {"Work": poll})
    assert (result.status, result.error) == ("FAILED", "States.Timeout")
    assert result.history[-1].at - result.history[0].at == 3
    assert len(polled) == 4


async def never(_event: Any) -> None:
    await asyncio.Event().wait()


def test_an_async_handler_that_waits_for_nothing_times_out() -> None:
    result = machine(TimeoutSeconds=3).simulate({}, {"Work": never})
    assert (result.status, result.error) == ("FAILED", "States.Timeout")
    assert result.history[-1].at - result.history[0].at == 3


def test_without_a_timeout_it_is_said_who_waits_forever() -> None:
    with pytest.raises(asl_local.AslError, match="state 'T' waits for something that never comes"):
        machine().simulate({}, {"Work": never})


def test_what_waits_forever_is_let_go_of_at_the_end_and_not_by_the_garbage_collector(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    complaints: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", complaints.append)
    branches = [
        {"StartAt": name, "States": {name: {"Type": "Task", "Resource": ARN.replace("Work", name), "End": True}}}
        for name in ("Waits", "Collects")
    ]
    both = asl_local.load({"StartAt": "P", "States": {"P": {"Type": "Parallel", "Branches": branches, "End": True}}})
    with pytest.raises(asl_local.AslError, match="state 'Waits' waits for something that never comes"):
        both.simulate({}, {"Waits": never, "Collects": lambda event: gc.collect()})
    gc.collect()
    assert complaints == []
