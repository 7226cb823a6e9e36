"""Overtaking: functions are called where the step is taken, and one that blocks does not hold up other lines of control.

Knows: one execution and who steps it. Must never know: why a call was made, or what it gives.

Handing a call to another thread costs many times what a short function does. So where several lines of control may call
functions, the whole first step is handed to one thread, which calls them itself, and whoever has asked for the execution
looks every few milliseconds whether that thread is still in the same call. At the third time the one who looks takes
the execution over: the call counts as out, and the other lines go on with a driver, which has worker threads. The
thread in the call delivers what came of it, whenever that is. Either of the two takes the call's claim, which only one
can have: a list that holds one thing. A function that often takes longer than a hand-off costs is left to worker
threads from then on, too: its calls could be made at once.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TypeAlias

from asl_local.drivers.drive import Ended, Settle
from asl_local.drivers.driver import TaskContext, Work
from asl_local.engine import Execution
from asl_local.engine.messages import Call, Command, Out, Overtaken, Stopped, TakenOver
from asl_local.engine.patterns import within

PATIENCE = 0.005
"""Seconds between two looks. A call that is there at three of them blocks: for two times as long at least, three times at
most. At two it may just have been through a garbage collection, in which nobody can look."""

_OFTEN, _SHARE = 3, 20
"""So many calls that take long, and one in so many, until their resource is known to: a few are a busy machine's fault."""

_A_MOMENT = 1.0
"""Seconds that Ctrl-C gives a thread to end its step when it is in no call that can be taken over."""

GoOn: TypeAlias = Callable[[list[Command], Settle], Ended]
"""Drives the execution from here on to its end."""


class Watch:
    """The calls of an execution that are made within its first step (engine.messages.Calls)."""

    def __init__(self, execution: Execution, slow: set[str], settle: Settle) -> None:
        self.current: Out | None = None
        self.context: object = None
        self.slow = slow
        self._long: dict[str, int] = {}
        self._execution, self._settle = execution, settle
        self._told: TaskContext | None = None  # what the handler of the overtaken call was told
        self._done = threading.Event()
        self._handed = threading.Event()
        self._said: BaseException | None = None
        self._commands: list[Command] = []
        self._error: BaseException | None = None

    def took_long(self, resource: str, calls: int) -> None:
        """Count; calls of a resource that takes long go to worker threads, where they can be made at once."""
        long = self._long[resource] = self._long.get(resource, 0) + 1
        if long >= _OFTEN and long * _SHARE >= calls:
            self.slow.add(resource)

    def first_step(self, now: float, go_on: GoOn) -> Ended | None:
        """Have the first step taken and, unless it was the last one, go on.

        Gives None where it was. Raises what `step` raises. Ctrl-C aborts the execution; the thread is left to its call.
        """
        threading.Thread(target=self._step, args=(now,), name="asl-local-step", daemon=True).start()
        before: Out | None = None
        seen = 0
        try:
            while not self._done.wait(PATIENCE):
                call = self.current
                seen = seen + 1 if call is before else 0
                if call is not None and seen >= 2 and self._claim(call):
                    return self._overtake(call, go_on)
                before = call
        except KeyboardInterrupt:
            self._interrupt()
            raise
        execution = self._execution
        execution.answers = execution.plain = execution.calls = None
        if self._error is not None:
            if isinstance(self._error, KeyboardInterrupt):  # of a handler
                execution.step(Stopped(cause="interrupted"), time.time())
            raise self._error
        return None if execution.outcome is not None else go_on(self._commands, self._settle)

    def _step(self, now: float) -> None:
        try:
            self._commands = self._execution.step(None, now)
        except Overtaken as overtaken:
            self._said = overtaken.said
            self._handed.set()
        except BaseException as error:  # raised again where somebody waits
            self._error = error
        self._done.set()

    def _interrupt(self) -> None:
        """Abort the execution, unless it is over or stays in a call that cannot be taken over."""
        execution, call = self._execution, self.current
        execution.answers = execution.plain = None
        if call is not None and self._claim(call):
            execution.calls = None
            execution.step(TakenOver(call[0]), execution.now)
        elif not self._done.wait(_A_MOMENT) or self._error is not None:
            return
        execution.step(Stopped(cause="interrupted"), time.time())

    def _claim(self, call: Out) -> bool:
        try:
            draws = call[1].pop()
        except IndexError:
            return False  # it is over just now
        if draws is not None:
            self._execution.draws = draws  # its arguments are made once more, and are the same
        return True

    def _overtake(self, call: Out, go_on: GoOn) -> Ended:
        strand, _, resource = call
        self.slow.add(resource)
        execution, told = self._execution, self.context
        if isinstance(told, TaskContext) and told.call.within == within(strand) and told.call.resource == resource:
            self._told = told
        execution.answers = execution.plain = execution.calls = None
        commands = execution.step(TakenOver(strand), execution.now)
        if strand.token:
            execution.said[strand.token] = Overtaken(None)
        try:
            return go_on(commands, self._settled)
        finally:
            if self._told is not None:
                self._told.cancelled = True

    def _settled(self, said: BaseException, resource: str, execution: Execution) -> Work:
        if not isinstance(said, Overtaken):
            return self._settle(said, resource, execution)

        def wait(call: Call, context: TaskContext) -> object:
            if self._told is not None:
                self._told.twin = context  # a handler may ask whether anybody still waits for it
            self._handed.wait()
            assert self._said is not None
            return self._settle(self._said, resource, execution)(call, context)

        return wait


__all__ = ["PATIENCE", "Watch"]
