"""What all operations share: what exists, the clock, ids, one lock, and the executions on their way.

Knows: the state of one client, all of it in memory. Must never know: what an operation answers or refuses.
"""

from __future__ import annotations

import itertools
import random
import threading
import time
import uuid
from collections.abc import Callable
from copy import copy
from typing import TYPE_CHECKING

from asl_local.drivers import Callbacks, Heard, Work
from asl_local.engine import Execution, Identity, Limits
from asl_local.errors import UnknownResource
from asl_local.interfaces.stepfunctions import executions
from asl_local.interfaces.stepfunctions.arns import Partition
from asl_local.interfaces.stepfunctions.running import Run
from asl_local.plan import Plan, Resource
from asl_local.resources import Resources
from asl_local.resources.executions import STARTS
from asl_local.values import Json

if TYPE_CHECKING:
    from asl_local.interfaces.stepfunctions.activities import Activity
    from asl_local.interfaces.stepfunctions.machines import StateMachine
    from asl_local.resources.mocking import MockConfig


class Startable:
    """A revision of a machine as `states:startExecution` starts it; see asl_local.resources.executions."""

    def __init__(self, found: StateMachine, region: str) -> None:
        self._machine, self._role = found.revision.machine, found.revision.role
        self.name, self.plan, self.type = found.name, self._machine.plan, found.type
        self.definition, self.source = self._machine.definition, self._machine.source
        self._arn, self._region = found.arn, region

    def execution(
        self, input: Json, *, identity: Identity, limits: Limits | None, seed: int, shuffle: bool
    ) -> Execution:
        """An execution that has not begun."""
        return self._machine.execution(input, identity=identity, limits=limits, seed=seed, shuffle=shuffle)

    def identity(self, execution_name: str) -> Identity:
        """The names that an execution goes by."""
        execution_arn = f"{self._arn.replace(':stateMachine:', ':execution:')}:{execution_name}"
        return Identity(execution_arn, execution_name, self._arn, self.name, self._role, self._region)


class Account:
    """The state of one client. `lock` is held while something here changes, and never while somebody waits for a run.

    `virtual_at` is where the virtual clock begins; None is real time. Without a `seed` ids differ from run to run.
    `log_groups` are those that exist; None: every one does. `mock_config` has the test cases that executions may be
    started with.
    """

    def __init__(
        self,
        resources: Resources,
        partition: Partition,
        *,
        virtual_at: float | None,
        seed: int | None,
        log_groups: frozenset[str] | None,
        mock_config: MockConfig | None = None,
    ) -> None:
        self.resources, self.partition = resources, partition
        self.mock_config = mock_config
        self.machines: dict[str, StateMachine] = {}
        self.executions: dict[str, executions.Record] = {}
        self.activities: dict[str, Activity] = {}
        self.callbacks = Callbacks()
        self.lock = threading.RLock()
        self._log_groups = log_groups
        self._virtual = virtual_at
        self._standing: dict[str, executions.Record] = {}
        self._random = random.Random(uuid.uuid4().int if seed is None else seed)
        self._serials = itertools.count(1)

    @property
    def is_virtual(self) -> bool:
        """Whether time is virtual."""
        return self._virtual is not None

    def now(self) -> float:
        """The client's time, in epoch seconds."""
        return time.time() if self._virtual is None else self._virtual

    def begin(self, execution: Execution, definition: str, machine: Heard, test_case: str | None) -> Run:
        """Runs an execution. Raises UnknownResource and InvalidMockConfig before anything runs."""
        resources = self.resources
        if any(r is not None and (r.service, r.operation) in STARTS for r in _resources(execution.plan)):
            resources = copy(resources)
            resources.machines = {**self._startable(definition), **resources.machines}

        def bind(plan: Plan) -> Work:
            return resources.bind(plan, execution.identity, like=execution, late=test_case is not None)

        work = bind(execution.plan) if test_case is None else self._mocked(execution, test_case, bind)
        execution.activities = self._activities(execution)

        def began(run: Run, child: Execution) -> None:
            with self.lock:
                executions.begun(self, run, child)

        return Run(execution, work, self.callbacks, virtual_at=self._virtual, began=began, machine=machine)

    def _mocked(self, execution: Execution, test_case: str, bind: Callable[[Plan], Work]) -> Work:
        from asl_local.resources.mocking import gathered  # noqa: PLC0415 - only for those who mock

        plan, identity = execution.plan, execution.identity
        mocks = gathered(None, machine=identity.machine_name, plan=plan, config=self.mock_config, test_case=test_case)
        return bind(plan) if mocks is None else mocks.over(plan, bind, identity.execution_arn).work(mocks.begin())

    def settle(self, record: executions.Record) -> None:
        """On a virtual clock: the execution has gone as far as it can, the client's time with it, and so have those whose
        task tokens it has answered. Never under the lock.
        """
        record.run.settle()
        if self._virtual is not None:
            if record.run.outcome() is None:
                self._standing[record.arn] = record
            else:
                self._standing.pop(record.arn, None)
            self._virtual = max(self._virtual, record.run.execution.now)
            self.wake()

    def wake(self, seconds: float = 0.0) -> None:
        """On a virtual clock: executions that stand still look whether they have been answered, so much later."""
        if self._virtual is not None:
            self._virtual += seconds
            for record in [each for each in list(self._standing.values()) if each.run.wake(seconds)]:
                self.settle(record)

    def _activities(self, execution: Execution) -> frozenset[str]:
        """The activities that exist for an execution: the client's, and those that `resources` lists or answers."""
        named = [resource.arn for resource in _resources(execution.plan) if resource is not None]
        answered = [arn for arn in named if ":activity:" in arn and self.resources.find(arn) is not None]
        return frozenset([*self.activities, *(self.resources.activities or ()), *answered])

    def activities_changed(self) -> None:
        """Executions on their way learn which activities there are now."""
        for record in self.executions.values():
            if isinstance(record.run, Run):
                record.run.execution.activities = self._activities(record.run.execution)

    def _startable(self, definition: str) -> dict[str, Startable]:
        """The machines that a task may start, as they are now: those that the definition names, and of the others those
        all of whose own tasks somebody answers.
        """
        return {
            arn: startable
            for arn, found in self.machines.items()
            for startable in [Startable(found, self.partition.region)]
            if arn in definition or self._is_answered(arn, startable)
        }

    def _is_answered(self, arn: str, startable: Startable) -> bool:
        alone = copy(self.resources)
        alone.machines = {arn: startable}
        try:
            alone.bind(startable.plan, startable.identity(""))
        except UnknownResource:
            return False
        return True

    def new_id(self) -> str:
        """A new UUID, a function of the seed and of how many things were drawn."""
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))

    def new_seed(self) -> int:
        """The seed of an execution."""
        return self._random.getrandbits(63)

    def draw(self) -> float:
        """0 <= n < 1, for an alias that routes to two versions."""
        return self._random.random()

    def next_serial(self) -> int:
        """A place in the order of creation."""
        return next(self._serials)

    def log_group_exists(self, arn: str) -> bool:
        """Whether there is a log group of this ARN."""
        return self._log_groups is None or arn in self._log_groups


def _resources(plan: Plan) -> list[Resource | None]:
    return [state.resource for state in plan.tasks()]
