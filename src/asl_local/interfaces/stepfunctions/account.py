"""What all operations share: what exists, the clock, ids, one lock, and the executions on their way.

Knows: the state of one client, all of it in memory. Must never know: what an operation answers or refuses.
"""

from __future__ import annotations

import itertools
import random
import threading
import time
import uuid
from copy import copy
from typing import TYPE_CHECKING

from asl_local.drivers import Callbacks
from asl_local.engine import Execution, Identity, Limits
from asl_local.interfaces.stepfunctions import executions
from asl_local.interfaces.stepfunctions.arns import Partition
from asl_local.interfaces.stepfunctions.running import Run
from asl_local.resources import Resources
from asl_local.values import Json

if TYPE_CHECKING:
    from asl_local.interfaces.stepfunctions.activities import Activity
    from asl_local.interfaces.stepfunctions.machines import StateMachine


class Startable:
    """A machine as `states:startExecution` starts it; see asl_local.resources.executions."""

    def __init__(self, found: StateMachine, region: str) -> None:
        self.plan, self.type = found.revision.machine.plan, found.type
        self._found, self._region = found, region

    def execution(
        self, input: Json, *, identity: Identity, limits: Limits | None, seed: int, shuffle: bool
    ) -> Execution:
        """An execution of the newest revision."""
        machine = self._found.revision.machine
        return machine.execution(input, identity=identity, limits=limits, seed=seed, shuffle=shuffle)

    def identity(self, execution_name: str) -> Identity:
        """The names that an execution goes by."""
        arn, name = self._found.arn, self._found.name
        execution_arn = f"{arn.replace(':stateMachine:', ':execution:')}:{execution_name}"
        return Identity(execution_arn, execution_name, arn, name, self._found.revision.role, self._region)


class Account:
    """The state of one client. `lock` is held while something here changes, and never while somebody waits for a run.

    `virtual_at` is where the virtual clock begins; None is real time. Without a `seed` ids differ from run to run.
    `log_groups` are those that exist; None: every one does.
    """

    def __init__(
        self,
        resources: Resources,
        partition: Partition,
        *,
        virtual_at: float | None,
        seed: int | None,
        log_groups: frozenset[str] | None,
    ) -> None:
        self.resources, self.partition = copy(resources), partition
        self.resources.machines = dict(resources.machines)
        self.machines: dict[str, StateMachine] = {}
        self.executions: dict[str, executions.Record] = {}
        self.activities: dict[str, Activity] = {}
        self.callbacks = Callbacks()
        self.lock = threading.RLock()
        self._log_groups = log_groups
        self._virtual = virtual_at
        self._random = random.Random(uuid.uuid4().int if seed is None else seed)
        self._serials = itertools.count(1)

    @property
    def is_virtual(self) -> bool:
        """Whether time is virtual."""
        return self._virtual is not None

    def now(self) -> float:
        """The client's time, in epoch seconds."""
        return time.time() if self._virtual is None else self._virtual

    def begin(self, execution: Execution) -> Run:
        """Runs an execution. Raises UnknownResource before anything runs."""
        work = self.resources.bind(execution.plan, execution.identity, like=execution)
        execution.activities = self._activities(execution)

        def began(run: Run, child: Execution) -> None:
            with self.lock:
                executions.begun(self, run, child)

        return Run(execution, work, self.callbacks, virtual_at=self._virtual, began=began)

    def settle(self, record: executions.Record) -> None:
        """On a virtual clock: the execution has gone as far as it can, and the client's time with it. Never under the lock."""
        record.run.settle()
        if self._virtual is not None:
            self._virtual = max(self._virtual, record.run.execution.now)

    def wake(self, seconds: float = 0.0) -> None:
        """On a virtual clock: executions that stood still look whether they have been answered, so much later."""
        if self._virtual is not None:
            self._virtual += seconds
            for record in list(self.executions.values()):
                if record.run.wake(seconds):
                    self.settle(record)

    def _activities(self, execution: Execution) -> frozenset[str]:
        """The activities that exist for an execution: the client's, and those that `resources` lists or answers."""
        named = [state.resource.arn for state in execution.plan.tasks() if state.resource is not None]
        answered = [arn for arn in named if ":activity:" in arn and self.resources.find(arn) is not None]
        return frozenset([*self.activities, *(self.resources.activities or ()), *answered])

    def activities_changed(self) -> None:
        """Executions on their way learn which activities there are now."""
        for record in self.executions.values():
            if isinstance(record.run, Run):
                record.run.execution.activities = self._activities(record.run.execution)

    def machine_changed(self, arn: str) -> None:
        """`states:startExecution` starts the machine as it is now, or no longer."""
        found = self.machines.get(arn)
        if found is None:
            self.resources.machines.pop(arn, None)
        else:
            self.resources.machines[arn] = Startable(found, self.partition.region)

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
