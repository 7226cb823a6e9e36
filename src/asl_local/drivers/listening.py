"""Who listens to the executions of this process: told when one of a Machine begins, and when it ends.

Knows: a stack of listeners. Must never know: what they make of it, or how an execution runs.
Tests do not hand a collector to every machine that they run, as coverage.py's users do not hand one to every function;
so this is the one piece of state that is the process's own (decision 0017). While nobody listens it costs nothing.
"""

from __future__ import annotations

from contextlib import contextmanager

from asl_local.lazy import TYPE_CHECKING, NamedTuple, Protocol, hinted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asl_local.definition import Source
    from asl_local.engine import Execution, Outcome
    from asl_local.plan import Plan
    from asl_local.values import Json


class Ended(NamedTuple):
    """What became of an execution; `exception` is what a handler raised in the call that ended it, if one did.

    `nested` are the executions that it started, directly or not, in that order.
    """

    outcome: Outcome
    exception: BaseException | None
    nested: tuple[Execution, ...] = ()


class Heard(Protocol):
    """A machine that is listened to; `asl_local.Machine` is one."""

    @property
    def name(self) -> str:
        """What it is called."""

    @property
    def plan(self) -> Plan:
        """The plan, whose fingerprint names the definition."""

    @property
    def definition(self) -> Json:
        """The definition's JSON."""

    @property
    def source(self) -> Source | None:
        """The definition as it was given."""


class Listener(Protocol):
    """Whoever wants to know which executions there are.

    An execution may begin in one thread and end in another. `kind` is how it was asked for: `run`, `simulate`, `start`,
    `resume`, `resume_simulation`, `redrive`, `test_state`, `explore`, `replay`, `start_execution` (a client's), `nested`
    (a task's).
    """

    def begins(self, execution: Execution, machine: Heard, kind: str, /) -> None:
        """Called before the execution's first step, or before the first one after it was loaded or redriven."""

    def ends(self, execution: Execution, ended: Ended | BaseException, /) -> None:
        """Called once for each that has begun: with how it ended, or with the exception for which it could not go on."""


_LISTENERS: list[Listener] = []


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Tell the listener of every execution that begins meanwhile, in whatever thread, and of the end of each of those."""
    _LISTENERS.append(listener)
    try:
        yield
    finally:
        last = max(at for at, each in enumerate(_LISTENERS) if each is listener)
        del _LISTENERS[last]


class Hearing:
    """Those who listened when an execution began: they hear of its end, and of the executions that it starts."""

    __slots__ = ("_listeners",)

    def __init__(self, listeners: tuple[Listener, ...]) -> None:
        self._listeners = listeners

    def begins(self, execution: Execution, machine: Heard, kind: str) -> None:
        """Tell of an execution that begins."""
        for listener in self._listeners:
            listener.begins(execution, machine, kind)

    def ends(self, execution: Execution, ended: Ended | BaseException) -> None:
        """Tell of an execution that has ended, or that cannot go on."""
        for listener in self._listeners:
            listener.ends(execution, ended)


def listened() -> bool:
    """Whether anybody listens."""
    return bool(_LISTENERS)


def hear(execution: Execution, machine: Heard, kind: str) -> Hearing | None:
    """Tell who listens now that the execution begins; None where nobody does. `drive` tells the rest."""
    if not _LISTENERS:
        return None
    hearing = Hearing(tuple(_LISTENERS))
    hearing.begins(execution, machine, kind)
    return hearing


__all__ = ["Ended", "Heard", "Hearing", "Listener", "hear", "listened", "listening"]

hinted(globals())
