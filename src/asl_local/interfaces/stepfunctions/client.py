"""The client: boto3's method names over machines, versions, aliases, executions and activities that live in memory.

Knows: which operation is answered by whom, and what all of them share (clock, ids, one lock). Must never know: rules of a
single operation; each is in the file named after its subject.
"""

from __future__ import annotations

import itertools
import random
import threading
import time
import uuid
from collections.abc import Mapping
from copy import copy
from typing import TYPE_CHECKING, Any

from asl_local.drivers import Callbacks
from asl_local.drivers.simulate import START
from asl_local.engine import Execution
from asl_local.interfaces.stepfunctions import activities, arns, configurations, executions, machines, versions
from asl_local.interfaces.stepfunctions.operations import ERRORS, MISSING, OPERATIONS
from asl_local.interfaces.stepfunctions.parameters import operation
from asl_local.interfaces.stepfunctions.running import Run
from asl_local.interfaces.test_state import test_state
from asl_local.resources import Resources
from asl_local.resources.registry import Handler
from asl_local.services.errors import ExceptionNames, client_error
from asl_local.services.parameters import Answer, Given, no_operation

if TYPE_CHECKING:
    from asl_local.services.local import LocalAWS

_CLOCKS = ("real", "virtual")
_PATIENCE = 60.0  # seconds that GetActivityTask waits (API reference)


class StepFunctions:
    """What `boto3.client("stepfunctions")` gives, over this library: the same methods, keywords, answers and errors.

    `resources` is what the tasks of all its machines may call: handlers by name, ARN or pattern, or a Resources registry.
    `aws` is a LocalAWS whose stand-ins answer service integrations; its region and account are the client's unless told
    otherwise.

    `clock="real"`: executions run in the background, on threads. `clock="virtual"`: start_execution runs one on a virtual
    clock before it answers, to its end or until nothing but the answer to a task token could move it on; and the client's
    own time, which begins at `start` (epoch seconds), moves on with it. `seed` fixes every id (revisions, execution names), the aliases' draws, and what States.UUID and its like
    draw; without one all of these differ from run to run.

    `log_groups` are the ARNs of the log groups that exist; None: every log group does.

    All state is in memory and ends with the object. Refusals are ClientError with the service's codes. Raises ValueError
    for another clock.
    """

    def __init__(
        self,
        resources: Mapping[str, Handler] | Resources | LocalAWS | None = None,
        *,
        aws: LocalAWS | None = None,
        clock: str = "real",
        start: float = START,
        seed: int | None = None,
        region: str | None = None,
        account: str | None = None,
        log_groups: frozenset[str] | None = None,
    ) -> None:
        if clock not in _CLOCKS:
            raise ValueError(f"clock: one of {', '.join(_CLOCKS)} is wanted, not {clock!r}")
        self.resources = copy(Resources.of(resources))
        self.resources.aws = aws = self.resources.aws if aws is None else aws
        self.partition = arns.Partition(
            region or (aws.region if aws is not None else "us-east-1"),
            account or (aws.account if aws is not None else "123456789012"),
        )
        self.exceptions = ExceptionNames(*ERRORS)
        self.machines: dict[str, machines.StateMachine] = {}
        self.executions: dict[str, executions.Record] = {}
        self.activities: dict[str, activities.Activity] = {}
        self.callbacks = Callbacks()
        self._log_groups = log_groups
        self._virtual = start if clock == "virtual" else None
        self._random = random.Random(uuid.uuid4().int if seed is None else seed)
        self._serials = itertools.count(1)
        self._lock = threading.RLock()

    def __getattr__(self, name: str) -> Any:
        spelt = "".join(part.capitalize() for part in name.split("_"))
        if spelt in MISSING:
            raise AttributeError(f"the local stepfunctions client has no {name!r}: {MISSING[spelt]}")
        no_operation(self, "stepfunctions client", name)

    def __repr__(self) -> str:
        clock = "real" if self._virtual is None else "virtual"
        return f"<StepFunctions, {len(self.machines)} machines, {clock} clock>"

    # -- what the operations share -------------------------------------------------------------------------------------

    def now(self) -> float:
        """The client's time, in epoch seconds."""
        return time.time() if self._virtual is None else self._virtual

    def begin(self, execution: Execution) -> Run:
        """Runs an execution. Raises UnknownResource before anything runs."""
        work = self.resources.bind(execution.plan, execution.identity)

        def began(run: Run, child: Execution) -> None:
            with self._lock:
                executions.begun(self, run, child)

        return Run(execution, work, self.callbacks, virtual_at=self._virtual, began=began)

    def _settle(self, record: executions.Record) -> None:
        """On a virtual clock: the execution has gone as far as it can, and the client's time with it. Never under the lock."""
        record.run.settle()
        if self._virtual is not None:
            self._virtual = max(self._virtual, record.run.execution.now)

    def _wake(self) -> None:
        """On a virtual clock: executions that stood still look whether they have been answered."""
        if self._virtual is not None:
            for record in list(self.executions.values()):
                if record.run.wake():
                    self._settle(record)

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

    # -- state machines ------------------------------------------------------------------------------------------------

    @operation("CreateStateMachine", OPERATIONS["CreateStateMachine"])
    def create_state_machine(self, given: Given) -> Answer:
        """Makes a machine, and with publish its first version: stateMachineArn, creationDate, stateMachineVersionArn."""
        with self._lock:
            found = machines.create(self, given)
            answer: Answer = {"stateMachineArn": found.arn, "creationDate": machines.moment(found.created)}
            if given.get("publish"):
                version = versions.publish(self, found, given.get("versionDescription"))
                answer["stateMachineVersionArn"] = version.arn
            return answer

    @operation("UpdateStateMachine", OPERATIONS["UpdateStateMachine"])
    def update_state_machine(self, given: Given) -> Answer:
        """Changes a machine: updateDate, revisionId unless it is the first, stateMachineVersionArn with publish."""
        here = "UpdateStateMachine"
        with self._lock:
            found = versions.unqualified(self, given["stateMachineArn"], here)
            machines.update(self, found, given)
            answer: Answer = {"updateDate": machines.moment(found.updated)}
            if found.revision.id is not None:
                answer["revisionId"] = found.revision.id
            if given.get("publish"):
                version = versions.publish(self, found, given.get("versionDescription"))
                answer["stateMachineVersionArn"] = version.arn
            return answer

    @operation("DescribeStateMachine", OPERATIONS["DescribeStateMachine"])
    def describe_state_machine(self, given: Given) -> Answer:
        """A machine, or one of its versions by the version's or an alias's ARN."""
        with self._lock:
            found, version, _ = versions.resolve(self, given["stateMachineArn"], "DescribeStateMachine")
            return machines.described(found, version, given)

    @operation("ListStateMachines", OPERATIONS["ListStateMachines"])
    def list_state_machines(self, given: Given) -> Answer:
        """Machines in the order of their creation."""

        def show(found: machines.StateMachine) -> Answer:
            created = machines.moment(found.created)
            return {"stateMachineArn": found.arn, "name": found.name, "type": found.type, "creationDate": created}

        with self._lock:
            found = self.machines.values()
            return arns.page(found, given, "ListStateMachines", "stateMachines", show, place=lambda each: each.serial)

    @operation("DeleteStateMachine", OPERATIONS["DeleteStateMachine"])
    def delete_state_machine(self, given: Given) -> Answer:
        """Removes a machine, its versions and aliases, and stops its executions; one that is not there is no error."""
        here = "DeleteStateMachine"
        arn = arns.unqualified(given["stateMachineArn"], here)
        with self._lock:
            found = self.machines.pop(arn, None)
            left = [record for record in self.executions.values() if found is not None and record.machine is found]
        for record in left:
            if isinstance(record.run, Run):
                record.run.stop(None, None)
        return {}

    @operation("ValidateStateMachineDefinition", OPERATIONS["ValidateStateMachineDefinition"])
    def validate_state_machine_definition(self, given: Given) -> Answer:
        """What is wrong with a definition: result (OK or FAIL), diagnostics, truncated."""
        return machines.validated(given)

    # -- versions and aliases ------------------------------------------------------------------------------------------

    @operation("PublishStateMachineVersion", OPERATIONS["PublishStateMachineVersion"])
    def publish_state_machine_version(self, given: Given) -> Answer:
        """The version of the newest revision, made unless there is one."""
        here = "PublishStateMachineVersion"
        with self._lock:
            found = versions.unqualified(self, given["stateMachineArn"], here)
            versions.check_revision(found, given, here)
            version = versions.publish(self, found, given.get("description"))
            return {"stateMachineVersionArn": version.arn, "creationDate": machines.moment(version.created)}

    @operation("ListStateMachineVersions", OPERATIONS["ListStateMachineVersions"])
    def list_state_machine_versions(self, given: Given) -> Answer:
        """A machine's versions, newest first; none for a machine that is not there."""
        here = "ListStateMachineVersions"

        def show(version: versions.Version) -> Answer:
            return {"stateMachineVersionArn": version.arn, "creationDate": machines.moment(version.created)}

        with self._lock:
            found = self.machines.get(arns.machine_arn(given["stateMachineArn"], here).machine)
            published = [] if found is None else found.versions.values()
            return arns.page(
                published, given, here, "stateMachineVersions", show, place=lambda each: each.number, newest_first=True
            )

    @operation("DeleteStateMachineVersion", OPERATIONS["DeleteStateMachineVersion"])
    def delete_state_machine_version(self, given: Given) -> Answer:
        """Removes a version that no alias routes to; its number is not used again."""
        with self._lock:
            versions.delete_version(self, given["stateMachineVersionArn"], "DeleteStateMachineVersion")
        return {}

    @operation("CreateStateMachineAlias", OPERATIONS["CreateStateMachineAlias"])
    def create_state_machine_alias(self, given: Given) -> Answer:
        """A name that routes to one version, or by weight to two."""
        with self._lock:
            alias = versions.create_alias(self, given)
            return {"stateMachineAliasArn": alias.arn, "creationDate": machines.moment(alias.created)}

    @operation("UpdateStateMachineAlias", OPERATIONS["UpdateStateMachineAlias"])
    def update_state_machine_alias(self, given: Given) -> Answer:
        """Changes an alias's description, its routing, or both."""
        with self._lock:
            return {"updateDate": machines.moment(versions.update_alias(self, given).updated)}

    @operation("DescribeStateMachineAlias", OPERATIONS["DescribeStateMachineAlias"])
    def describe_state_machine_alias(self, given: Given) -> Answer:
        """An alias with its routing."""
        with self._lock:
            _, alias = versions.find_alias(self, given["stateMachineAliasArn"], "DescribeStateMachineAlias")
            return versions.alias_shown(alias)

    @operation("ListStateMachineAliases", OPERATIONS["ListStateMachineAliases"])
    def list_state_machine_aliases(self, given: Given) -> Answer:
        """The aliases of a machine, or those that route to a version, in the order of their creation."""
        here, arn = "ListStateMachineAliases", given["stateMachineArn"]

        def show(alias: versions.Alias) -> Answer:
            return {"stateMachineAliasArn": alias.arn, "creationDate": machines.moment(alias.created)}

        with self._lock:
            found, version, _ = versions.resolve(self, arn, here)
            aliases = [a for a in found.aliases.values() if version is None or arn in dict(a.routes)]
            return arns.page(aliases, given, here, "stateMachineAliases", show, place=lambda alias: alias.serial)

    @operation("DeleteStateMachineAlias", OPERATIONS["DeleteStateMachineAlias"])
    def delete_state_machine_alias(self, given: Given) -> Answer:
        """Removes an alias; one that is not there is no error."""
        with self._lock:
            versions.delete_alias(self, given["stateMachineAliasArn"], "DeleteStateMachineAlias")
        return {}

    # -- executions ----------------------------------------------------------------------------------------------------

    @operation("StartExecution", OPERATIONS["StartExecution"])
    def start_execution(self, given: Given) -> Answer:
        """Starts an execution: executionArn, startDate. Raises UnknownResource where nothing answers a task."""
        with self._lock:
            record = executions.start(self, given, "StartExecution")
        self._settle(record)
        return {"executionArn": record.arn, "startDate": record.times()["startDate"]}

    @operation("StartSyncExecution", OPERATIONS["StartSyncExecution"])
    def start_sync_execution(self, given: Given) -> Answer:
        """Runs an Express machine to its end and tells how it ended."""
        with self._lock:
            record = executions.start(self, given, "StartSyncExecution", express=True)
        self._settle(record)
        assert isinstance(record.run, Run)
        record.run.wait()
        return executions.sync_answer(record, given)

    @operation("TestState", OPERATIONS["TestState"])
    def test_state(self, given: Given) -> Answer:
        """Runs one state on a virtual clock and tells what became of it; see docs/test-state.md."""
        request = {**given, "definition": given["definition"].encode()}
        return test_state(resources=self.resources, seed=self.new_seed(), start=self.now(), **request)

    @operation("DescribeExecution", OPERATIONS["DescribeExecution"])
    def describe_execution(self, given: Given) -> Answer:
        """A Standard execution: its status, input, output, error and cause, times."""
        with self._lock:
            record = executions.find(self, given["executionArn"], "DescribeExecution")
            return executions.described(self, record, given)

    @operation("DescribeStateMachineForExecution", OPERATIONS["DescribeStateMachineForExecution"])
    def describe_state_machine_for_execution(self, given: Given) -> Answer:
        """The machine as it was when the execution started."""
        with self._lock:
            record = executions.find(self, given["executionArn"], "DescribeStateMachineForExecution")
            return executions.machine_shown(record, given)

    @operation("ListExecutions", OPERATIONS["ListExecutions"])
    def list_executions(self, given: Given) -> Answer:
        """The executions of a machine, a version or an alias, newest first."""
        with self._lock:
            return executions.listed(self, given, "ListExecutions")

    @operation("GetExecutionHistory", OPERATIONS["GetExecutionHistory"])
    def get_execution_history(self, given: Given) -> Answer:
        """The events so far, a page at a time."""
        here = "GetExecutionHistory"
        with self._lock:
            return executions.history(executions.find(self, given["executionArn"], here), given, here)

    @operation("StopExecution", OPERATIONS["StopExecution"])
    def stop_execution(self, given: Given) -> Answer:
        """Aborts an execution: stopDate; one that has ended stays as it is."""
        with self._lock:
            record = executions.find(self, given["executionArn"], "StopExecution")
        record.run.stop(given.get("error"), given.get("cause"))
        return {"stopDate": record.times()["stopDate"]}

    @operation("RedriveExecution", OPERATIONS["RedriveExecution"])
    def redrive_execution(self, given: Given) -> Answer:
        """Goes on with an execution that has ended badly, from where it stopped: redriveDate."""
        with self._lock:
            record = executions.find(self, given["executionArn"], "RedriveExecution")
            answer = executions.redriven(self, record, given)
        self._settle(record)
        return answer

    # -- activities and task tokens ------------------------------------------------------------------------------------

    @operation("CreateActivity", OPERATIONS["CreateActivity"])
    def create_activity(self, given: Given) -> Answer:
        """Makes an activity, or finds it."""
        with self._lock:
            made = activities.create(self, given)
            return {"activityArn": made.arn, "creationDate": machines.moment(made.created)}

    @operation("DescribeActivity", OPERATIONS["DescribeActivity"])
    def describe_activity(self, given: Given) -> Answer:
        """An activity."""
        with self._lock:
            return activities.described(activities.find(self, given["activityArn"], "DescribeActivity"))

    @operation("ListActivities", OPERATIONS["ListActivities"])
    def list_activities(self, given: Given) -> Answer:
        """Activities in the order of their creation."""
        with self._lock:
            found = self.activities.values()
            return arns.page(
                found, given, "ListActivities", "activities", activities.listed, place=lambda each: each.serial
            )

    @operation("DeleteActivity", OPERATIONS["DeleteActivity"])
    def delete_activity(self, given: Given) -> Answer:
        """Removes an activity; one that is not there is no error."""
        with self._lock:
            activities.delete(self, given["activityArn"], "DeleteActivity")
        return {}

    @operation("GetActivityTask", OPERATIONS["GetActivityTask"])
    def get_activity_task(self, given: Given) -> Answer:
        """A task of the activity for a worker: taskToken, input; neither if none comes within a minute.

        On a virtual clock nobody waits: there is a task or there is none.
        """
        with self._lock:
            activities.find(self, given["activityArn"], "GetActivityTask")
        answer = activities.take(self, given, _PATIENCE if self._virtual is None else 0.0)
        self._wake()
        return answer

    @operation("SendTaskSuccess", OPERATIONS["SendTaskSuccess"])
    def send_task_success(self, given: Given) -> Answer:
        """The task of this token has succeeded; `output` is JSON text."""
        activities.send_success(self, given)
        self._wake()
        return {}

    @operation("SendTaskFailure", OPERATIONS["SendTaskFailure"])
    def send_task_failure(self, given: Given) -> Answer:
        """The task of this token has failed."""
        activities.send_failure(self, given)
        self._wake()
        return {}

    @operation("SendTaskHeartbeat", OPERATIONS["SendTaskHeartbeat"])
    def send_task_heartbeat(self, given: Given) -> Answer:
        """The task of this token is alive: its HeartbeatSeconds start anew."""
        activities.send_heartbeat(self, given)
        self._wake()
        return {}

    # -- tags ----------------------------------------------------------------------------------------------------------

    @operation("TagResource", OPERATIONS["TagResource"])
    def tag_resource(self, given: Given) -> Answer:
        """Puts tags on a machine or an activity."""
        here = "TagResource"
        with self._lock:
            found = self._tagged(given["resourceArn"], here)
            found.tags = configurations.tagged(found.tags, given, here)
        return {}

    @operation("UntagResource", OPERATIONS["UntagResource"])
    def untag_resource(self, given: Given) -> Answer:
        """Takes tags off; keys that are not there are no error."""
        with self._lock:
            found = self._tagged(given["resourceArn"], "UntagResource")
            found.tags = {key: value for key, value in found.tags.items() if key not in given["tagKeys"]}
        return {}

    @operation("ListTagsForResource", OPERATIONS["ListTagsForResource"])
    def list_tags_for_resource(self, given: Given) -> Answer:
        """The tags of a machine or an activity."""
        with self._lock:
            return {"tags": configurations.shown_tags(self._tagged(given["resourceArn"], "ListTagsForResource").tags)}

    # -- finding -------------------------------------------------------------------------------------------------------

    def _tagged(self, arn: str, here: str) -> machines.StateMachine | activities.Activity:
        arns.parts(arn, here, "stateMachine", "activity")
        found = self.machines.get(arn) or self.activities.get(arn)
        if found is None:
            raise client_error("ResourceNotFound", f"Resource not found: '{arn}'", here)
        return found
