"""How executions run: in the background in real time, or at once on a virtual clock.

Knows: how a machine is run, and what can be seen of a run meanwhile. Must never know: requests and answers.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Any

from asl_local.engine import Identity
from asl_local.interfaces.machine import Machine, Result
from asl_local.reporters import Event
from asl_local.resources import Resources
from asl_local.values import Json


@dataclass(frozen=True, slots=True)
class Start:
    """What an execution is started with. `virtual_at` is where the virtual clock begins; None is real time."""

    machine: Machine
    input: Json
    resources: Resources
    identity: Identity
    seed: int
    virtual_at: float | None


class Run:
    """One execution on its way or at its end. Raises UnknownResource before anything runs.

    In real time it runs on a thread of its own; in virtual time it has run to its end when the constructor returns.
    """

    def __init__(self, start: Start) -> None:
        start.resources.bind(start.machine.plan, start.identity)
        self._start = start
        self._events: list[Event] = []
        self._begun, self._over = threading.Event(), threading.Event()
        self._result: Result | None = None
        self._failure: BaseException | None = None
        if start.virtual_at is None:
            threading.Thread(target=self._run, name="asl-local-execution", daemon=True).start()
            self._begun.wait()
        else:
            self._run()

    def _run(self) -> None:
        start = self._start
        arguments: dict[str, Any] = {
            "identity": start.identity, "seed": start.seed, "on_event": self._note,
        }  # fmt: skip
        try:
            if start.virtual_at is None:
                self._result = start.machine.run(start.input, start.resources, **arguments)
            else:
                self._result = start.machine.simulate(start.input, start.resources, start=start.virtual_at, **arguments)
        except BaseException as error:  # told to whoever asks; nobody hears a thread
            self._failure = error
        self._over.set()
        self._begun.set()

    def _note(self, event: Event) -> None:
        self._events.append(event)
        self._begun.set()

    def events(self) -> list[Event]:
        """The history so far."""
        self._check()
        return list(self._events)

    def result(self) -> Result | None:
        """How it ended; None while it runs."""
        self._check()
        return self._result

    def wait(self, timeout: float | None = None) -> Result | None:
        """How it ended, waited for that many real seconds; None if it still runs then."""
        self._over.wait(timeout)
        return self.result()

    def _check(self) -> None:
        if self._failure is not None:
            raise self._failure


__all__ = ["Run", "Start"]
