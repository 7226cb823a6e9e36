"""The one loop: executions in a driver's world, until they are over.

Knows: stimuli go in, commands come out. Must never know: which clock it is, or what decides the next state.
An execution may start others (states:startExecution): they live in the same world and clock, each with a number that
stands in the high bits of the driver's tokens, so that they take turns in the order in which things happen.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TypeAlias

from asl_local.drivers.driver import TOKEN_BITS, Begun, Driver, Nested, Work
from asl_local.drivers.listening import Ended, Hearing
from asl_local.engine import Execution
from asl_local.engine.messages import (
    Call,
    Cancel,
    Command,
    Failed,
    Redriven,
    Stimulus,
    Stopped,
    Succeeded,
    TakenOver,
    TaskFailed,
    TaskSucceeded,
)
from asl_local.errors import AslError, StateError, UnansweredToken

_OWN = (1 << TOKEN_BITS) - 1  # an execution's own part of a driver's token

_MOST_IN_A_ROW = 10_000
"""Executions started one by the other; AWS has no such bound, but a virtual clock would never get to an end."""

_TOKENLESS = frozenset({Stopped, Redriven, TakenOver})
"""Stimuli for the first execution as a whole."""

Observer: TypeAlias = Callable[[Execution], None]
Settle: TypeAlias = Callable[[BaseException, str, Execution], Work]
"""(what came of a call within a step, its resource, whose it was) -> a Work that gives or raises that."""


def drive(
    execution: Execution,
    driver: Driver,
    observe: Observer | None = None,
    *,
    stimulus: Stimulus | None = None,
    on_end: Callable[[Ended], None] | None = None,
    guard: AbstractContextManager[object] | None = None,
    going_on: Sequence[Nested] = (),
    nested: list[Execution] | None = None,
    on_begin: Callable[[], None] | None = None,
    hearing: Hearing | None = None,
    commands: Sequence[Command] | None = None,
    settle: Settle | None = None,
) -> Ended:
    """Run an execution to its end in the driver's world, and those it starts to theirs.

    One that has begun before (it was loaded) goes on: its calls are made again; one that has ended goes on with
    `stimulus`, which is Redriven. `observe` is called after every step of the execution (progress displays), `on_begin`
    when its first commands have been performed, `on_end` when it has ended, which may be before those that it started
    and did not wait for. `guard` is held while something changes, for readers in other threads. `going_on` are
    executions that it had started before it was dumped, `nested` is where all that it has started are kept. `hearing`
    are those who were told that it begins; they are told of its end, and of those that it starts. `commands` are those of
    its first step, where that has been taken already; `settle` makes of what came of a call within a step (Execution.said)
    what performs it. Ctrl-C aborts the execution, writes its last event and goes on to the caller, who still holds the
    execution.
    """
    kept: list[Execution] = [] if nested is None else nested
    world = _World(execution, driver, observe, on_end, guard=guard, nested=kept, hearing=hearing)
    world.settle = settle
    return world.run(stimulus, going_on, on_begin, commands)


class _World:
    def __init__(
        self, first: Execution, driver: Driver, observe: Observer | None, on_end: Callable[[Ended], None] | None,
        *, guard: AbstractContextManager[object] | None, nested: list[Execution], hearing: Hearing | None,
    ) -> None:  # fmt: skip
        self.first, self.driver, self.observe, self.on_end, self.guard = first, driver, observe, on_end, guard
        self.hearing = hearing
        self.heard: dict[int, Execution] = {} if hearing is None else {0: first}  # begun and not ended, by number
        self.nested = nested  # their numbers count from 1
        self.numbers: dict[int, int] = {}  # the same by identity
        self.depths: dict[int, int] = {}  # by number, how many were started one by the other
        self.running: dict[int, Execution] = {}
        self.waiters: dict[int, list[tuple[int, Nested]]] = {}  # child's number -> tokens of tasks that wait for it
        self.children: dict[int, int] = {}  # the other way round
        self.inbox: deque[tuple[Stimulus | Begun, float]] = deque()
        self.settle: Settle | None = None
        self.ended: Ended | None = None

    def run(
        self, stimulus: Stimulus | None, going_on: Sequence[Nested], on_begin: Callable[[], None] | None,
        commands: Sequence[Command] | None,
    ) -> Ended:  # fmt: skip
        driver, first = self.driver, self.first
        driver.raised.clear()
        try:
            for each in going_on:
                self.adopt(each)
            if first.outcome is None or stimulus is not None:
                self.running[0] = first
            if commands is not None:
                self.perform(first, 0, commands, driver.now())
            elif first.history.count and stimulus is None:
                for number in (0, *range(1, len(self.nested) + 1)):
                    self.go_on(number)
            else:
                self.step(0, stimulus, driver.now())
            if on_begin is not None:
                on_begin()
            while self.running:
                try:
                    arrived, now = self.inbox.popleft() if self.inbox else driver.next()
                except UnansweredToken as error:
                    if self.ended is None:
                        raise
                    self.give_up(error)
                    break  # only executions that nobody waits for are left, and they stand still
                if isinstance(arrived, Begun):
                    self.begin(arrived, now)
                elif type(arrived) in _TOKENLESS:
                    self.step(0, arrived, now)
                else:
                    token = arrived.token  # type: ignore[union-attr]
                    self.step(token >> TOKEN_BITS, arrived, now, token)
        except KeyboardInterrupt as error:
            self.interrupt()
            self.give_up(error)
            raise
        except BaseException as error:
            self.give_up(error)
            raise
        finally:
            driver.close()
        if self.ended is None:  # it had ended before it was loaded
            assert first.outcome is not None
            self.ended = Ended(first.outcome, None)
            self.tell_end(0, self.ended)
        return self.ended._replace(nested=tuple(self.nested))

    def go_on(self, number: int) -> None:
        """Take up an execution that was loaded: what it had commanded is done anew."""
        execution = self.running.get(number)
        if execution is None:
            return
        if not execution.history.count:
            self.step(number, None, self.driver.now())
            return
        for command in execution.pending():
            self.driver.perform(command._replace(token=command.token + (number << TOKEN_BITS)))

    def adopt(self, nested: Nested) -> int:
        """An execution joins; the number it has from now on."""
        with self.guard or nullcontext():
            self.nested.append(nested.execution)
        number = self.numbers[id(nested.execution)] = len(self.nested)
        if nested.execution.outcome is None:
            self.running[number] = nested.execution
            self.driver.works[number] = nested.work
            if self.hearing is not None and nested.machine is not None:
                self.heard[number] = nested.execution
                self.hearing.begins(nested.execution, nested.machine, "nested")
        return number

    def step(self, number: int, stimulus: Stimulus | None, now: float, token: int | None = None) -> None:
        """One step of one execution, and all that it commands. `token` is the driver's, where the stimulus has one."""
        execution = self.running.get(number)
        if execution is None:
            return
        exception = None
        kind, own = type(stimulus), token
        if kind is Failed or kind is TaskFailed:
            exception = self.noted(execution, stimulus)  # type: ignore[arg-type]
        if number and token is not None:
            own = token & _OWN
            stimulus = stimulus._replace(token=own)  # type: ignore[union-attr, call-arg]
        try:
            if self.guard is None:
                commands = execution.step(stimulus, now)
            else:
                with self.guard:
                    commands = execution.step(stimulus, now)
        finally:
            if self.observe is not None and number == 0:
                self.observe(execution)
        if commands:
            self.perform(execution, number << TOKEN_BITS, commands, now)
        if own is not None and not execution.waits_for(own):
            self.driver.over(token)  # type: ignore[arg-type]
        if execution.outcome is not None:
            self.finish(number, execution, now, exception if execution.told else None)

    def perform(self, execution: Execution, base: int, commands: Sequence[Command], now: float) -> None:
        """Do what a step wants done."""
        perform, said = self.driver.perform, execution.said
        for command in commands:
            placed = command._replace(token=command.token + base) if base else command
            if type(placed) is Cancel and placed.token in self.children:
                self.abandon(placed.token, now)
            if said and type(placed) is Call and (what := said.pop(command.token, None)) is not None:
                assert self.settle is not None
                self.driver.settled[placed.token] = self.settle(what, placed.resource, execution)
            perform(placed)

    def finish(self, number: int, execution: Execution, now: float, exception: BaseException | None) -> None:
        """An execution has ended: tell who waits for it."""
        assert execution.outcome is not None
        del self.running[number]
        self.driver.works.pop(number, None)
        for token, nested in self.waiters.pop(number, ()):
            self.children.pop(token, None)
            self.inbox.append((_told(token, nested, execution), now))
        ended = Ended(execution.outcome, exception, tuple(self.nested) if number == 0 else ())
        self.tell_end(number, ended)
        if number == 0:
            self.ended = ended
            if self.on_end is not None:
                self.on_end(self.ended)

    def tell_end(self, number: int, ended: Ended | BaseException) -> None:
        """Tell those who listen how it ended, once."""
        execution = self.heard.pop(number, None)
        if execution is not None and self.hearing is not None:
            self.hearing.ends(execution, ended)

    def give_up(self, error: BaseException) -> None:
        """What has not ended never will."""
        for number in list(self.heard):
            self.tell_end(number, error)

    def begin(self, begun: Begun, now: float) -> None:
        """A task has started an execution: first the task hears of it, then the execution begins."""
        token, nested = begun
        child = nested.execution
        parent = self.running.get(token >> TOKEN_BITS)
        if parent is None or not parent.waits_for(token & _OWN):
            return  # the task was too slow, and its execution has not begun yet
        known = self.numbers.get(id(child))
        number = self.adopt(nested) if known is None else known
        self._deeper(token >> TOKEN_BITS, number, child)
        if nested.report is not None and child.outcome is None:
            self.waiters.setdefault(number, []).append((token, nested))
            self.children[token] = number
        elif nested.report is not None:  # it had ended before it was loaded
            self.inbox.append((_told(token, nested, child), now))
        if not nested.synchronous:
            self.step(token >> TOKEN_BITS, Succeeded(token, nested.answer), now, token)
        if known is None:
            self.step(number, None, now)

    def _deeper(self, parent: int, number: int, child: Execution) -> None:
        """Raises AslError for a machine that starts itself, directly or not, and never stops doing so."""
        depth = self.depths.setdefault(number, self.depths.get(parent, 0) + 1)
        if depth > _MOST_IN_A_ROW:
            raise AslError(
                f"{depth:,} executions were started one by the other, the last one of {child.identity.machine_name!r}: "
                "a machine starts itself without end"
            )

    def abandon(self, token: int, now: float) -> None:
        """Nobody waits for a task that waits for an execution: AWS stops that one."""
        number = self.children.pop(token)
        left = [waiter for waiter in self.waiters.pop(number, ()) if waiter[0] != token]
        if left:
            self.waiters[number] = left
        else:
            self.step(number, Stopped(), now)

    def interrupt(self) -> None:
        """Ctrl-C."""
        for number in list(self.running):
            self.step(number, Stopped(cause="interrupted"), self.driver.now())

    def noted(self, execution: Execution, failure: Failed | TaskFailed) -> BaseException | None:
        """The handler's own exception, told where in the machine it was called."""
        error = self.driver.raised.pop(failure.token, None)
        place = execution.place_of(failure.token & _OWN)
        if error is not None and place:
            note = f"in {place}"
            if note not in getattr(error, "__notes__", ()):  # a handler may raise the same object again and again
                error.add_note(note)
        return error


def _told(token: int, nested: Nested, execution: Execution) -> Stimulus:
    assert nested.report is not None
    well, ill = (Succeeded, Failed) if nested.synchronous else (TaskSucceeded, TaskFailed)
    try:
        return well(token, nested.report(execution))
    except StateError as error:
        return ill(token, error.error, error.cause)


__all__ = ["Ended", "drive"]
