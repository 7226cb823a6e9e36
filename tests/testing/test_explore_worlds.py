"""Calls in worlds that are equal are performed once, and nothing else can tell."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import asl_local
from asl_local.testing.exploring import Exploration
from asl_local.testing.exploring.worlds import Performer

LAMBDA = "arn:aws:lambda:us-east-1:123456789012:function:"
RETRY = [{"ErrorEquals": ["States.ALL"], "MaxAttempts": 1}]
CATCH = [{"ErrorEquals": ["States.ALL"], "Next": "Undo", "ResultPath": "$.error"}]


def task(name: str, **more: Any) -> dict[str, Any]:
    return {"Type": "Task", "Resource": LAMBDA + name, **more}


MACHINE = asl_local.load(
    {
        "StartAt": "Both",
        "States": {
            "Both": {
                "Type": "Parallel",
                "Branches": [
                    {"StartAt": "A", "States": {"A": task("a", Retry=RETRY, Next="B"), "B": task("b", End=True)}},
                    {"StartAt": "C", "States": {"C": task("c", Retry=RETRY, End=True)}},
                ],
                "Catch": CATCH, "ResultPath": "$.both", "Next": "End",
            },
            "Undo": task("undo", Next="End"),
            "End": task("end", End=True),
        },
    }
)  # fmt: skip


class Kept:
    """A world with something in it that its copies do not have."""

    def __init__(self) -> None:
        self.log: list[str] = []

    def fingerprint(self) -> int:
        return len(self.log)


def counting(world: dict[str, Any], name: str, _event: Any, _context: Any) -> Any:
    world[name] = world.get(name, 0) + 1
    return world[name]


def ordering(world: dict[str, Any], name: str, _event: Any, _context: Any) -> Any:
    world.setdefault(name, True)
    return list(world)


def sharing(world: dict[str, Any], name: str, _event: Any, _context: Any) -> Any:
    world.setdefault("one", [])
    world.setdefault("other", world["one"] if name in "ac" else [])
    world["one"].append(name)
    return len(world["other"])


def telling_time(world: dict[str, Any], name: str, _event: Any, context: Any) -> Any:
    context.sleep(2)
    world[name] = context.get_remaining_time_in_millis()
    return name


def keeping(world: Kept, name: str, event: Any, _context: Any) -> Any:
    world.log.append(f"{name}: {event}")
    return [len(world.log), event]


def explored(handler: Callable[..., Any], world: Any, calls: list[str]) -> Exploration:
    def over(kept: Any) -> dict[str, Any]:
        def made(name: str) -> Callable[[Any, Any], Any]:
            def handle(event: Any, context: Any) -> Any:
                calls.append(name)
                return handler(kept, name, event, context)

            return handle

        return {name: made(name) for name in ("a", "b", "c", "undo", "end")}

    return MACHINE.explore({}, over, world=world, faults=1, invariant=lambda run: run.status != "FAILED")


@pytest.mark.parametrize("handler", [counting, ordering, sharing, telling_time, keeping])
def test_an_exploration_finds_the_same_whether_calls_are_remembered_or_not(
    monkeypatch: pytest.MonkeyPatch, handler: Callable[..., Any]
) -> None:
    world: Any = Kept() if handler is keeping else {}
    often: list[str] = []
    seldom: list[str] = []
    found = explored(handler, world, seldom)
    monkeypatch.setattr(Performer, "_plain", lambda self, *_: None if self.worldly else b"")
    plain = explored(handler, world, often)
    for one, other in zip(found.outcomes, plain.outcomes, strict=True):
        assert (one.status, one.output, one.error, one.cause, one.count) == (
            other.status, other.output, other.error, other.cause, other.count,
        )  # fmt: skip
        assert one.example.schedule == other.example.schedule
    assert [str(each.message) for each in found.violations] == [str(each.message) for each in plain.violations]
    assert (found.states, found.transitions, found.schedules) == (plain.states, plain.transitions, plain.schedules)
    assert len(seldom) < len(often) if handler in (counting, ordering, sharing) else len(seldom) == len(often)
