"""Executions that nobody watches: begun without a driver, since most of them never need one.

Knows: an execution that is over after its first step needs neither a world nor a name. Must never know: what is called.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, TypeAlias

from asl_local import lazy
from asl_local.drivers.listening import Ended
from asl_local.engine import Execution, Identity

if TYPE_CHECKING:
    from asl_local.drivers import drive, simulate, threads
    from asl_local.drivers.drive import Settle
    from asl_local.drivers.driver import Driver, Work
    from asl_local.engine.messages import Answer
else:
    lazy.later(globals(), "asl_local.drivers.drive", "asl_local.drivers.simulate", "asl_local.drivers.threads")

Bind: TypeAlias = "Callable[[Execution], Work]"
"""Who answers an execution's calls."""


def run(execution: Execution, answers: Mapping[str, Answer] | None, settle: Settle, bind: Bind) -> Ended:
    """Run an execution in real time. `answers` may be given within a step, `settle` as in `drive`."""
    began = time.time() - time.monotonic()
    # Where a clock runs, whoever answers at once could outrun it.
    if answers is not None and execution.plan.timeout is None and execution.limits.seconds is None:
        execution.answers = answers
        execution.clock = lambda: began + time.monotonic()
    commands = execution.step(None, time.time())
    if execution.outcome is not None:
        return Ended(execution.outcome, None)
    world: Driver = threads.RealTime(bind(execution), began=began)
    return drive.drive(execution, world, commands=commands, settle=settle)


def simulate_from(
    start: float, execution: Execution, answers: Mapping[str, Answer] | None, settle: Settle, bind: Bind, *, seed: int
) -> Ended:  # fmt: skip
    """Run an execution on a virtual clock; see `run`. A seed other than 0 draws a number for every answer, so all go out."""
    if seed == 0:
        execution.answers = answers
    commands = execution.step(None, start)
    if execution.outcome is not None:
        return Ended(execution.outcome, None)
    world: Driver = simulate.Simulation(bind(execution), seed=seed, start=start)
    return drive.drive(execution, world, commands=commands, settle=settle)


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
