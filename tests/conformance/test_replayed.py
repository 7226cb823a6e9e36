"""What AWS recorded drives the same definition along the same path again."""

from __future__ import annotations

import json
from typing import Any

import adapter
import pytest
from misses import reason
from score import shared

import asl_local

_SINCE = "since November 2024"  # misses.py: what MapStateExited follows
_WILD = ("$any", "$var", "$regex", "$opt", "$json")
PARTS = 8


def filled(recorded: Any, ours: Any) -> Any:
    """What was recorded, with our own run's values for those that the corpus has wildcards for."""
    if isinstance(recorded, dict):
        if "$json" in recorded:
            return json.dumps(filled(recorded["$json"], json.loads(ours)))
        if any(wild in recorded for wild in _WILD):
            return recorded["$opt"] if "$opt" in recorded and ours is None else ours
        mine = ours if isinstance(ours, dict) else {}
        return {key: filled(value, mine.get(key)) for key, value in recorded.items()}
    if isinstance(recorded, list):
        mine = ours if isinstance(ours, list) else []
        return [filled(value, mine[at] if at < len(mine) else None) for at, value in enumerate(recorded)]
    return recorded


def cases() -> list[dict[str, Any]]:
    """The recorded executions whose histories are whole."""
    folder = shared()
    if folder is None:
        return []
    return [
        case
        for path in sorted((folder / "conformance" / "cases").glob("*.json"))
        for case in json.loads(path.read_text("utf-8"))["cases"]
        if case["kind"] == "execution"
        and case["expected"].get("history")
        and "parallel_events_sorted" not in case.get("compare_notes", [])
        and "start_sync_execution" not in case["expected"]
    ]


def history(case: dict[str, Any]) -> list[dict[str, Any]]:
    answer = adapter.run(case)
    events: list[dict[str, Any]] = filled(case["expected"]["history"], answer.get("history") or [])
    return events


@pytest.mark.skipif(shared() is None, reason="the recorded cases are not here (ASL_LOCAL_SHARED)")
def test_there_are_many() -> None:
    assert len(cases()) > 380


@pytest.mark.parametrize("part", range(PARTS))
def test_recorded_executions_take_the_same_path_again(part: int) -> None:
    replayed = 0
    for case in cases()[part::PARTS]:
        missed = reason(case["id"]) or ""
        events = history(case)
        for level in ("path", "events") if missed else ("path", "events", "exact"):
            replay = asl_local.replay(events, case["definition"], level=level, type=case.get("type"))
            assert replay.agrees, f"{case['id']}: {replay}"
        replayed += 1
    assert replayed or shared() is None
