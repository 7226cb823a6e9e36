"""Which ways of Choice states executions take, read off their histories."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import asl_local

Way = tuple[str, str]


def ways_in(definition: dict[str, Any]) -> Iterator[tuple[str, int | None, str | None]]:
    """(Choice state, rule or None for Default, target) of every way."""
    for name, state in definition["States"].items():
        if state["Type"] == "Choice":
            yield from ((name, at, rule["Next"]) for at, rule in enumerate(state["Choices"]))
            yield name, None, state.get("Default")
        inner = state.get("ItemProcessor", state.get("Iterator"))
        for block in [*state.get("Branches", ()), *([inner] if inner else [])]:
            yield from ways_in(block)


def taken(result: asl_local.Result) -> set[tuple[str, str]]:
    """(Choice state, state entered next) of every transition out of a Choice state, in children of Map Runs too."""
    found = set()
    histories = [result.history, *(child.history for run in result.map_runs for child in run.children)]
    for history in histories:
        left = {event.id: event.details["name"] for event in history if event.type == "ChoiceStateExited"}
        for event in history:
            if event.type.endswith("StateEntered") and event.previous_event_id in left:
                found.add((left[event.previous_event_id], event.details["name"]))
    return found
