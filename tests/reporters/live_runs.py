"""Runs for tests of the tree on a terminal: simulated ones, ones made by hand, and how they are drawn."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import asl_local
from asl_local.drivers.listening import listening
from asl_local.reporters.live.families import forest
from asl_local.reporters.live.picture import picture
from asl_local.reporters.live.tree import Tree
from asl_local.reporters.live.watching import Watch
from asl_local.reporters.visits.model import Iteration, Run, Visit

FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:"
PASS = {"Type": "Pass", "End": True}


def task(function: str, **fields: Any) -> dict[str, Any]:
    return {
        "Type": "Task",
        "Resource": FUNCTION + function,
        **({"End": True} if "Next" not in fields else {}),
        **fields,
    }


def drawn(trees: Tree | Sequence[Tree], now: float, width: int = 80, height: int = 30, **more: Any) -> list[str]:
    shown = [trees] if isinstance(trees, Tree) else trees
    return [line.plain.rstrip() for line in picture(shown, now, width, height, **more)]


class Pictures:
    """Takes a picture of each event."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self.taken: list[list[str]] = []
        self.tail = False

    def open(self) -> None: ...

    def close(self) -> None: ...

    def draw(self, shown: Any) -> None:
        tail = list(shown[0].lines) if self.tail else []
        self.taken.append(drawn(forest(shown), shown[0].now(), self.width, self.height, tail=tail))

    def leave(self, ended: Any) -> None:
        self.draw(ended)

    def showing(self, *words: str) -> list[str]:
        """The first picture that has all of these."""
        return next(lines for lines in self.taken if all(any(word in line for line in lines) for word in words))

    look: Callable[[], None]


def simulated(
    states: dict[str, Any], input: Any = None, handlers: Any = None, *, pictures: Pictures | None = None,
    width: int = 80, height: int = 30, tail: bool = False,
) -> Pictures:  # fmt: skip
    machine = asl_local.load({"StartAt": next(iter(states)), "States": states}, name="demo")
    pictures = pictures or Pictures(width, height)
    pictures.tail = tail
    watch = Watch(pictures, pace=lambda: 0.0)
    pictures.look = watch.look
    told: dict[str, Any] = {"on_event": lambda _: watch.look(), "on_map_progress": lambda _: watch.look()}
    with listening(watch):
        machine.simulate({} if input is None else input, handlers, execution_name="one", **told)
        watch.look()
    return pictures


def failing(times: int, error: str = "Busy", cause: str = "try later") -> Callable[[Any], Any]:
    calls: list[Any] = []

    def handler(event: Any) -> Any:
        calls.append(event)
        if len(calls) <= times:
            raise asl_local.StateError(error, cause)
        return event

    return handler


def visit(number: int, state: str, type: str = "Pass", entered: float = 0.0, **more: Any) -> Visit:
    return Visit(number, state, type, f"/States/{state}", number + 2, entered, **more)


def done(number: int, state: str, type: str = "Pass", entered: float = 0.0, left: float = 1.0, **more: Any) -> Visit:
    return visit(number, state, type, entered, left=left, outcome=more.pop("outcome", "succeeded"), **more)


def run_of(*visits: Visit, status: str = "RUNNING", **more: Any) -> Run:
    return Run(more.pop("name", "one"), status, [], "demo", started=0.0, visits=list(visits), **more)


def mapped(total: int, running: int, failed: Sequence[int] = (), *, done_too: bool = True) -> Run:
    """A Map that has come to its first states of `running` items behind those that are done."""
    ended = total // 2 if done_too else 0
    visits = [visit(0, "Each", "Map")]
    iterations = []
    for index in range(ended + running):
        outcome = "running" if index >= ended else "failed" if index in failed else "succeeded"
        visits.append(
            visit(
                len(visits),
                "Work",
                "Task",
                parent=0,
                slot=index,
                outcome=outcome,
                left=1.0,
                error="Bad" if outcome == "failed" else None,
            )
        )
        iterations.append(Iteration(index, 0.0, outcome=outcome))
    visits[0].iterations = iterations
    return run_of(*visits)
