"""A Machine's executions in the background, out of dumps, and after their ends: start, resume, redrive; and watched ones.

Knows: which floor does what, as machine.py does. Must never know: how any of them does it. These are methods of Machine
(its class borrows them), apart because a plain run needs none of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from asl_local.drivers import hear
from asl_local.engine import Execution
from asl_local.engine.messages import Redriven
from asl_local.interfaces.given import moment, resumed, work_of
from asl_local.interfaces.result import result_of
from asl_local.lazy import later

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from asl_local.drivers import Callbacks, Driver, Nested, drive, simulate, threads, unwatched
    from asl_local.engine import Identity, Limits, snapshot
    from asl_local.engine.messages import Stimulus
    from asl_local.interfaces.given import Given
    from asl_local.interfaces.machine import Machine
    from asl_local.interfaces.result import Result
    from asl_local.interfaces.started import Started
    from asl_local.reporters import watching
    from asl_local.reporters.watching import OnChild, OnEvent, OnProgress, Told
    from asl_local.resources.mocking import MockConfig, Mocks, MocksGiven
    from asl_local.values import Json
else:
    later(
        globals(), "asl_local.drivers.drive", "asl_local.drivers.simulate", "asl_local.drivers.threads",
        "asl_local.drivers.unwatched", "asl_local.engine.snapshot", "asl_local.reporters.watching", "asl_local.resources.registry",
    )  # fmt: skip

_NOTHING: Json = {}


def start(
    machine: Machine,
    input: Json = _NOTHING,
    resources: Given = None,
    *,
    execution_name: str | None = None,
    limits: Limits | None = None,
    on_event: OnEvent | None = None,
    on_map_progress: OnProgress | None = None,
    on_child: OnChild | None = None,
    identity: Identity | None = None,
    seed: int | None = None,
    callbacks: Callbacks | None = None,
    mocks: MocksGiven | None = None,
    mock_config: MockConfig | None = None,
    test_case: str | None = None,
    type: str | None = None,
) -> Started:
    """Run as `run` does, but in the background: answer its task tokens, stop it, ask for its result.

    `callbacks` lets several executions share their task tokens and the queues of their activities, as those of one
    account do.
    """
    execution = machine.of_type(type).execution(
        input,
        execution_name=execution_name or unwatched.new_name(),
        limits=limits,
        identity=identity,
        seed=unwatched.new_seed() if seed is None else seed,
    )
    told = watching.Told(on_event, on_map_progress, on_child)
    mocked = mocked_by(machine, mocks, mock_config, test_case)
    return _started(machine, "start", execution, resources, told, callbacks=callbacks, mocked=mocked)


def resume(
    machine: Machine,
    dump: str,
    resources: Given = None,
    *,
    on_event: OnEvent | None = None,
    on_map_progress: OnProgress | None = None,
    on_child: OnChild | None = None,
    callbacks: Callbacks | None = None,
    mocks: MocksGiven | None = None,
) -> Started:
    """Go on in real time with an execution that was dumped (`Execution.dump`, `Started.dump`).

    Calls that were out are made again, task tokens are still good, and what became due meanwhile is due at once.
    `mocks` say what happens from here on: what they count begins anew.
    Executions of other machines that it had started go on too. Raises ValueError for the dump of another machine's,
    UnknownResource if `resources` lacks one of those machines.
    """
    first, *others = snapshot.unbundle(dump)
    told = watching.Told(on_event, on_map_progress, on_child)
    execution, mocked = Execution.load(first, machine.plan), mocked_by(machine, mocks)
    return _started(machine, "resume", execution, resources, told, callbacks=callbacks, mocked=mocked, others=others)


def resume_simulation(
    machine: Machine,
    dump: str,
    resources: Given = None,
    *,
    seed: int = 0,
    on_event: OnEvent | None = None,
    on_map_progress: OnProgress | None = None,
    on_child: OnChild | None = None,
    mocks: MocksGiven | None = None,
) -> Result:
    """Go on with a dumped execution on a virtual clock, from the moment at which it was dumped; see `resume`."""
    first, *others = snapshot.unbundle(dump)
    execution = Execution.load(first, machine.plan)
    work, going_on = resumed(execution, resources, others, mocked_by(machine, mocks))
    start = max([execution.now, *(each.execution.now for each in going_on)])
    return finish(
        machine,
        "resume_simulation",
        execution,
        simulate.Simulation(work, seed=seed, start=start),
        watching.Told(on_event, on_map_progress, on_child),
        going_on=going_on,
        virtual=True,
    )


def redrive(
    machine: Machine,
    result: Result,
    resources: Given = None,
    *,
    seed: int = 0,
    at: datetime | float | None = None,
    on_event: OnEvent | None = None,
    on_map_progress: OnProgress | None = None,
    on_child: OnChild | None = None,
    mocks: MocksGiven | None = None,
) -> Result:
    """Go on with a Standard execution of this machine that did not succeed, from where it stopped (RedriveExecution).

    What has succeeded stays as it was; states that were entered and not left are done again. The clock is the one
    that the execution had: real, or virtual from the moment of its end, or from `at` (epoch seconds or a
    datetime). `mocks` say what happens from here on: what they count begins anew. `result` itself stays as it is.
    Raises ExecutionNotRedrivable, and ValueError for the execution of another machine.
    """
    if result.execution is None or result.execution.plan.fingerprint != machine.plan.fingerprint:
        raise ValueError(f"the result is not of an execution of {machine.name!r}")
    execution = result.execution.fork()
    execution.watch(None)
    driver: Driver
    work = work_of(execution, resources, mocked_by(machine, mocks))
    if result.virtual:
        start = execution.now if at is None else moment(at)
        driver = simulate.Simulation(work, seed=seed, start=max(start, execution.now))
    elif at is not None:
        raise ValueError("`at` is for executions on a virtual clock: this one ran in real time")
    else:
        driver = threads.RealTime(work)
    return finish(
        machine,
        "redrive",
        execution,
        driver,
        watching.Told(on_event, on_map_progress, on_child),
        stimulus=Redriven(),
        virtual=result.virtual,
    )


def finish(
    machine: Machine, kind: str, execution: Execution, driver: Driver, told: Told | None,
    *, stimulus: Stimulus | None = None, going_on: Sequence[Nested] = (), virtual: bool = False,
) -> Result:  # fmt: skip
    """Drive an execution to its end, telling of it."""
    observe = None if told is None else told.observer(execution)
    hearing = hear(execution, machine, kind)
    ended = drive.drive(execution, driver, observe, stimulus=stimulus, going_on=going_on, hearing=hearing)
    return result_of(execution, *ended, virtual=virtual)


def _started(
    machine: Machine, kind: str, execution: Execution, resources: Given, told: Told,
    *, callbacks: Callbacks | None = None, mocked: Mocks | None, others: Sequence[str] = (),
) -> Started:  # fmt: skip
    from asl_local.drivers import Callbacks  # noqa: PLC0415
    from asl_local.interfaces.started import Started  # noqa: PLC0415 - it makes Results as we do

    work, going_on = resumed(execution, resources, others, mocked)
    observe, hearing = told.observer(execution), hear(execution, machine, kind)
    return Started(execution, work, callbacks or Callbacks(), observe, going_on=going_on, hearing=hearing)


def mocked_by(
    machine: Machine, given: MocksGiven | None, config: MockConfig | None = None, test_case: str | None = None
) -> Mocks | None:
    """What answers Tasks by the names of their states."""
    if given is None and config is None and test_case is None:
        return None
    from asl_local.resources.mocking import gathered  # noqa: PLC0415 - only for those who mock

    return gathered(given, machine=machine.name, plan=machine.plan, config=config, test_case=test_case)
