"""The executions of one test: told by the drivers, kept until the test is over.

Knows: listeners (asl_local.drivers.listening) and results. Must never know: pytest, or what a report looks like.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import overload

from asl_local.drivers import Ended, Heard
from asl_local.engine import Execution, Outcome
from asl_local.interfaces.result import Result, result_of
from asl_local.lazy import dataclass

_REAL = ("run", "start", "resume", "start_execution")
KEPT = 25  # executions of one test: one that explores runs thousands


@dataclass(slots=True)
class Recorded:
    """One execution that a test has run. `ended` is None while it runs, an exception if it could not go on.

    `virtual` says that its clock is.
    """

    execution: Execution
    machine: Heard
    kind: str
    virtual: bool
    ended: Ended | BaseException | None = None

    @property
    def result(self) -> Result:
        """How it ended; of one that has not, its status is RUNNING."""
        if isinstance(self.ended, Ended):
            outcome, exception, nested = self.ended
            return result_of(self.execution, outcome, exception, nested, virtual=self.virtual)
        outcome = self.execution.outcome or Outcome("RUNNING")
        exception = self.ended if isinstance(self.ended, BaseException) else None
        return result_of(self.execution, outcome, exception, virtual=self.virtual)


class Recording:
    """A listener that keeps the last executions of one test, and counts all of them."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.count = 0
        self.most: int | None = KEPT
        self._guard = threading.Lock()
        self._kept: dict[int, Recorded] = {}  # by identity: an execution is a value that changes

    def begins(self, execution: Execution, machine: Heard, kind: str) -> None:
        """An execution begins."""
        with self._guard:
            self.count += 1
            self._kept[id(execution)] = Recorded(execution, machine, kind, self._is_virtual(kind))
            if self.most is not None and len(self._kept) > self.most:
                del self._kept[next(iter(self._kept))]

    def _is_virtual(self, kind: str) -> bool:
        """One that a task has started has the clock of whoever began last and still runs."""
        if kind != "nested":
            return kind not in _REAL
        above = (each.virtual for each in reversed(self._kept.values()) if each.kind != "nested" and each.ended is None)
        return next(above, True)

    def ends(self, execution: Execution, ended: Ended | BaseException) -> None:
        """An execution has ended."""
        with self._guard:
            found = self._kept.get(id(execution))
            if found is not None:
                found.ended = ended

    @property
    def executions(self) -> list[Recorded]:
        """The last ones, in the order in which they began."""
        with self._guard:
            return list(self._kept.values())

    @property
    def results(self) -> Results:
        """Their results, those of executions that begin later too."""
        self.most = None
        return Results(self)


class Results(Sequence[Result]):
    """The results of all executions of a test, in the order in which they began; grows while the test runs."""

    def __init__(self, recording: Recording) -> None:
        self._recording = recording

    def __len__(self) -> int:
        return len(self._recording.executions)

    @overload
    def __getitem__(self, index: int) -> Result: ...
    @overload
    def __getitem__(self, index: slice) -> list[Result]: ...
    def __getitem__(self, index: int | slice) -> Result | list[Result]:
        found = self._recording.executions[index]
        return [each.result for each in found] if isinstance(found, list) else found.result

    def __repr__(self) -> str:
        return f"<{len(self)} executions of {self._recording.name}>"


__all__ = ["KEPT", "Recorded", "Recording", "Results"]
