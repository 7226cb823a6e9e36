"""Executions that most likely are over at once: begun without a driver, since most of them never need one.

Knows: an execution that is over after its first step needs neither a world nor a name. Must never know: what is called.
"""

from __future__ import annotations

import os
import sys
import time

from asl_local import lazy
from asl_local.drivers.listening import Ended, Hearing
from asl_local.engine import Execution, Identity
from asl_local.engine.messages import Stopped
from asl_local.lazy import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import TypeAlias

    from asl_local.drivers import drive, overtaking, simulate, threads
    from asl_local.drivers.drive import Observer, Settle
    from asl_local.drivers.driver import Driver, Work
    from asl_local.engine.messages import Answer, Command
    from asl_local.values import Json
else:
    lazy.later(
        globals(), "asl_local.drivers.drive", "asl_local.drivers.overtaking", "asl_local.drivers.simulate",
        "asl_local.drivers.threads",
    )  # fmt: skip

Bind: TypeAlias = "Callable[[Execution], Work]"
"""Who answers an execution's calls."""

Answers: TypeAlias = "tuple[Mapping[str, Answer] | None, Mapping[str, Callable[[Json], object]] | None]"
"""Who answers calls within a step, and which of them are functions of the event alone; see Execution."""

Interruptible: TypeAlias = "Callable[[Callable[[BaseException], None]], None]"


def run(
    execution: Execution, answers: Answers, settle: Settle, bind: Bind,
    *, slow: set[str] | None, hearing: Hearing | None, observe: Observer | None = None,
) -> Ended:  # fmt: skip
    """Run an execution in real time.

    `answers` may be given within a step, `settle`, `hearing` and `observe` as in `drive`; `slow` are resources that
    were found to block, None where no two tasks of the machine are ever called side by side.
    """
    # Where a clock runs, whoever answers at once could outrun it.
    if answers[0] is not None and execution.plan.timeout is None and execution.limits.seconds is None:
        execution.answers, execution.plain = answers
        execution.clock = time.time
        if slow is None and _in_event_loop():
            slow = set()  # a thread of its own for the step: a handler may want to run a loop in it
    else:
        slow = None
    if slow is None:
        commands = _first_step(execution, time.time(), hearing, observe)
        execution.answers = execution.plain = None
        if execution.outcome is not None:
            return _over(execution, hearing)
    began, driven = time.time() - time.monotonic(), False

    def go_on(commands: list[Command], settle: Settle) -> Ended:
        nonlocal driven
        driven = True
        alone = (
            None
            if observe is not None or _in_event_loop()
            else lambda: len(execution.waiting) == 1 and not execution.errands
        )
        world = threads.RealTime(bind(execution), began=began, alone=alone)
        return drive.drive(execution, world, observe, commands=commands, settle=settle, hearing=hearing)

    if slow is None:
        return go_on(commands, settle)
    watch = execution.calls = overtaking.Watch(execution, slow, settle)
    try:
        ended = watch.first_step(time.time(), go_on)
    except BaseException as error:
        if hearing is not None and not driven:
            hearing.ends(execution, error if execution.outcome is None else Ended(execution.outcome, None))
        raise
    return ended or _over(execution, hearing)


def simulate_from(
    start: float, execution: Execution, answers: Answers, settle: Settle, bind: Bind,
    *, seed: int, hearing: Hearing | None, observe: Observer | None = None,
) -> Ended:  # fmt: skip
    """Run an execution on a virtual clock; see `run`. A seed other than 0 draws a number for every answer, so
    all go out.
    """
    if seed == 0:
        execution.answers, execution.plain = answers
    commands = _first_step(execution, start, hearing, observe)
    if execution.outcome is not None:
        return _over(execution, hearing)
    world: Driver = simulate.Simulation(bind(execution), seed=seed, start=start)
    return drive.drive(execution, world, observe, commands=commands, settle=settle, hearing=hearing)


def _first_step(
    execution: Execution, now: float, hearing: Hearing | None, observe: Observer | None
) -> list[Command]:  # fmt: skip
    try:
        try:
            return execution.step(None, now)
        finally:
            if observe is not None:
                observe(execution)
    except KeyboardInterrupt:
        execution.step(Stopped(cause="interrupted"), execution.now)
        if observe is not None:
            observe(execution)
        _over(execution, hearing)
        raise
    except BaseException as error:
        if hearing is not None:
            hearing.ends(execution, error)
        raise


def _in_event_loop() -> bool:
    asyncio = sys.modules.get("asyncio")
    return asyncio is not None and asyncio._get_running_loop() is not None  # noqa: SLF001 - get_running_loop raises


def _over(execution: Execution, hearing: Hearing | None) -> Ended:
    assert execution.outcome is not None
    ended = Ended(execution.outcome, None)
    if hearing is not None:
        hearing.ends(execution, ended)
    return ended


class LaterNamed:
    """The names of executions that nobody has named: a random one for each, when somebody asks."""

    __slots__ = ("_names", "role_arn")

    def __init__(self, names: Callable[[str], Identity], role_arn: str) -> None:
        self._names, self.role_arn = names, role_arn

    def identity(self) -> Identity:
        """The names of one more."""
        return self._names(new_name())


def new_name() -> str:
    """A random UUID, as uuid.uuid4 makes it; that module's import takes longer than a run."""
    drawn = bytearray(os.urandom(16))
    drawn[6], drawn[8] = drawn[6] & 0x0F | 0x40, drawn[8] & 0x3F | 0x80
    digits = drawn.hex()
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def new_seed() -> int:
    """A random seed."""
    return int.from_bytes(os.urandom(8), "big") >> 1


__all__ = ["LaterNamed", "new_name", "new_seed", "run", "simulate_from"]
