"""The client: boto3's method names over machines, versions, aliases, executions and activities that live in memory.

Knows: which operation is answered by whom, and when the lock is held. Must never know: rules of a single operation; each is
in the file named after its subject.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from typing import TYPE_CHECKING, Any

from asl_local.drivers import START
from asl_local.interfaces.stepfunctions import activities, arns, executions, machines, versions
from asl_local.interfaces.stepfunctions.account import Account
from asl_local.interfaces.stepfunctions.operations import ERRORS, MISSING, OPERATIONS, PAGED
from asl_local.interfaces.stepfunctions.parameters import operation
from asl_local.interfaces.stepfunctions.running import Run
from asl_local.interfaces.test_state import test_state
from asl_local.lazy import hinted
from asl_local.resources import Resources
from asl_local.resources.registry import Handler
from asl_local.services.errors import ExceptionNames, client_error
from asl_local.services.parameters import Answer, Given, no_operation

if TYPE_CHECKING:
    from asl_local.resources.mocking import MockConfig
    from asl_local.services.local import LocalAWS

_CLOCKS = ("real", "virtual")
_PATIENCE = 60.0  # seconds that GetActivityTask waits (API reference)


class StepFunctions:
    """What `boto3.client("stepfunctions")` gives, over this library: the same methods, keywords, answers and errors.

    `resources` is what the tasks of all its machines may call: handlers by name, ARN or pattern, or a Resources registry.
    `aws` is a LocalAWS whose stand-ins answer service integrations; its region and account are the client's unless told
    otherwise.

    `clock="real"`: executions run in the background, on threads. `clock="virtual"`: start_execution runs one on a virtual
    clock before it answers, to its end or until it waits for a task token; then its time stands still until the token is
    answered, or `advance` lets time pass. The client's own time begins at `start` (epoch seconds) and moves on with what
    has run. `seed` fixes every id (revisions, execution names), the aliases' draws, and what States.UUID and its like
    draw; without one all of these differ from run to run.

    `log_groups` are the ARNs of the log groups that exist; None: every log group does.

    `mock_config` is Step Functions Local's MockConfigFile, a path or its content: start_execution and start_sync_execution
    of `<ARN of a machine>#<test case>` run that test case of it. Its faults are InvalidMockConfig.

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
        mock_config: MockConfig | None = None,
    ) -> None:
        if clock not in _CLOCKS:
            raise ValueError(f"clock: one of {', '.join(_CLOCKS)} is wanted, not {clock!r}")
        registry = copy(Resources.of(resources))
        registry.aws = aws = registry.aws if aws is None else aws
        registry.services = {"sfn": self, **registry.services}  # `aws-sdk:sfn:` tasks speak to this client
        partition = arns.Partition(
            region or (aws.region if aws is not None else "us-east-1"),
            account or (aws.account if aws is not None else "123456789012"),
        )
        self.exceptions = ExceptionNames(*ERRORS)
        self._account = Account(
            registry, partition, virtual_at=start if clock == "virtual" else None, seed=seed, log_groups=log_groups,
            mock_config=mock_config,
        )  # fmt: skip

    def __getattr__(self, name: str) -> Any:
        spelt = "".join(part.capitalize() for part in name.split("_"))
        if spelt in MISSING:
            raise AttributeError(f"the local stepfunctions client has no {name!r}: {MISSING[spelt]}")
        no_operation(self, "stepfunctions client", name)

    def __repr__(self) -> str:
        clock = "virtual" if self._account.is_virtual else "real"
        return f"<StepFunctions, {len(self._account.machines)} machines, {clock} clock>"

    def get_paginator(self, operation_name: str) -> arns.Pages:
        """`get_paginator("list_executions").paginate(...)` gives the answers page by page."""
        if operation_name not in PAGED:
            raise ValueError(f"{', '.join(PAGED)} have pages, not {operation_name}")
        method = getattr(self, operation_name)
        return arns.Pages(method, method.api_name)

    def advance(self, seconds: float) -> None:
        """Lets virtual time pass: for executions that wait for a task token, whose time stands still otherwise.

        What becomes due in them by then happens, timeouts among it. Raises ValueError where time is real.
        """
        if not self._account.is_virtual or seconds < 0:
            raise ValueError("advance is for clients with clock='virtual', and time goes forward")
        self._account.wake(seconds)

    # -- state machines ------------------------------------------------------------------------------------------------

    @operation("CreateStateMachine", OPERATIONS["CreateStateMachine"])
    def create_state_machine(self, given: Given) -> Answer:
        """Makes a machine, and with publish its first version: stateMachineArn, creationDate, stateMachineVersionArn."""
        with self._account.lock:
            found = machines.create(self._account, given)
            answer: Answer = {"stateMachineArn": found.arn, "creationDate": machines.moment(found.created)}
            if given.get("publish"):
                version = versions.publish(self._account, found, given.get("versionDescription"))
                answer["stateMachineVersionArn"] = version.arn
            return answer

    @operation("UpdateStateMachine", OPERATIONS["UpdateStateMachine"])
    def update_state_machine(self, given: Given) -> Answer:
        """Changes a machine: updateDate, revisionId unless it is the first, stateMachineVersionArn with publish."""
        here = "UpdateStateMachine"
        with self._account.lock:
            found = versions.unqualified(self._account, given["stateMachineArn"], here)
            machines.update(self._account, found, given)
            answer: Answer = {"updateDate": machines.moment(found.updated)}
            if found.revision.id is not None:
                answer["revisionId"] = found.revision.id
            if given.get("publish"):
                version = versions.publish(self._account, found, given.get("versionDescription"))
                answer["stateMachineVersionArn"] = version.arn
            return answer

    @operation("DescribeStateMachine", OPERATIONS["DescribeStateMachine"])
    def describe_state_machine(self, given: Given) -> Answer:
        """A machine, or one of its versions by the version's or an alias's ARN."""
        with self._account.lock:
            found, version, _ = versions.resolve(self._account, given["stateMachineArn"], "DescribeStateMachine")
            return machines.described(found, version, given)

    @operation("ListStateMachines", OPERATIONS["ListStateMachines"])
    def list_state_machines(self, given: Given) -> Answer:
        """Machines by name."""

        def show(found: machines.StateMachine) -> Answer:
            created = machines.moment(found.created)
            return {"stateMachineArn": found.arn, "name": found.name, "type": found.type, "creationDate": created}

        with self._account.lock:
            found = self._account.machines.values()
            return arns.page(found, given, "ListStateMachines", "stateMachines", show, place=lambda each: each.name)

    @operation("DeleteStateMachine", OPERATIONS["DeleteStateMachine"])
    def delete_state_machine(self, given: Given) -> Answer:
        """Removes a machine, its versions and aliases, and stops its executions; one that is not there is no error."""
        here = "DeleteStateMachine"
        arn = arns.unqualified(given["stateMachineArn"], here)
        with self._account.lock:
            found = self._account.machines.pop(arn, None)
            left = [
                record for record in self._account.executions.values() if found is not None and record.machine is found
            ]
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
        with self._account.lock:
            found = versions.unqualified(self._account, given["stateMachineArn"], here)
            versions.check_revision(found, given, here)
            version = versions.publish(self._account, found, given.get("description"))
            return {"stateMachineVersionArn": version.arn, "creationDate": machines.moment(version.created)}

    @operation("ListStateMachineVersions", OPERATIONS["ListStateMachineVersions"])
    def list_state_machine_versions(self, given: Given) -> Answer:
        """A machine's versions, newest first; none for a machine that is not there."""
        here = "ListStateMachineVersions"

        def show(version: versions.Version) -> Answer:
            return {"stateMachineVersionArn": version.arn, "creationDate": machines.moment(version.created)}

        with self._account.lock:
            found = self._account.machines.get(arns.machine_arn(given["stateMachineArn"], here).machine)
            published = [] if found is None else found.versions.values()
            return arns.page(
                published, given, here, "stateMachineVersions", show, place=lambda each: each.number, newest_first=True
            )

    @operation("DeleteStateMachineVersion", OPERATIONS["DeleteStateMachineVersion"])
    def delete_state_machine_version(self, given: Given) -> Answer:
        """Removes a version that no alias routes to; its number is not used again."""
        with self._account.lock:
            versions.delete_version(self._account, given["stateMachineVersionArn"], "DeleteStateMachineVersion")
        return {}

    @operation("CreateStateMachineAlias", OPERATIONS["CreateStateMachineAlias"])
    def create_state_machine_alias(self, given: Given) -> Answer:
        """A name that routes to one version, or by weight to two."""
        with self._account.lock:
            alias = versions.create_alias(self._account, given)
            return {"stateMachineAliasArn": alias.arn, "creationDate": machines.moment(alias.created)}

    @operation("UpdateStateMachineAlias", OPERATIONS["UpdateStateMachineAlias"])
    def update_state_machine_alias(self, given: Given) -> Answer:
        """Changes an alias's description, its routing, or both."""
        with self._account.lock:
            return {"updateDate": machines.moment(versions.update_alias(self._account, given).updated)}

    @operation("DescribeStateMachineAlias", OPERATIONS["DescribeStateMachineAlias"])
    def describe_state_machine_alias(self, given: Given) -> Answer:
        """An alias with its routing."""
        with self._account.lock:
            _, alias = versions.find_alias(self._account, given["stateMachineAliasArn"], "DescribeStateMachineAlias")
            return versions.alias_shown(alias)

    @operation("ListStateMachineAliases", OPERATIONS["ListStateMachineAliases"])
    def list_state_machine_aliases(self, given: Given) -> Answer:
        """The aliases of a machine, or those that route to a version, in the order of their creation."""
        here, arn = "ListStateMachineAliases", given["stateMachineArn"]

        def show(alias: versions.Alias) -> Answer:
            return {"stateMachineAliasArn": alias.arn, "creationDate": machines.moment(alias.created)}

        with self._account.lock:
            found, version, _ = versions.resolve(self._account, arn, here)
            aliases = [a for a in found.aliases.values() if version is None or arn in dict(a.routes)]
            return arns.page(aliases, given, here, "stateMachineAliases", show, place=lambda alias: alias.serial)

    @operation("DeleteStateMachineAlias", OPERATIONS["DeleteStateMachineAlias"])
    def delete_state_machine_alias(self, given: Given) -> Answer:
        """Removes an alias; one that is not there is no error."""
        with self._account.lock:
            versions.delete_alias(self._account, given["stateMachineAliasArn"], "DeleteStateMachineAlias")
        return {}

    # -- executions ----------------------------------------------------------------------------------------------------

    @operation("StartExecution", OPERATIONS["StartExecution"])
    def start_execution(self, given: Given) -> Answer:
        """Starts an execution: executionArn, startDate. Raises UnknownResource where nothing answers a task."""
        with self._account.lock:
            record = executions.start(self._account, given, "StartExecution")
        self._account.settle(record)
        return {"executionArn": record.arn, "startDate": record.times()["startDate"]}

    @operation("StartSyncExecution", OPERATIONS["StartSyncExecution"])
    def start_sync_execution(self, given: Given) -> Answer:
        """Runs an Express machine to its end and tells how it ended."""
        with self._account.lock:
            record = executions.start(self._account, given, "StartSyncExecution", express=True)
        self._account.settle(record)
        assert isinstance(record.run, Run)
        record.run.wait()
        return executions.sync_answer(record, given)

    @operation("TestState", OPERATIONS["TestState"])
    def test_state(self, given: Given) -> Answer:
        """Runs one state on a virtual clock and tells what became of it; see docs/test-state.md."""
        account = self._account
        request = {**given, "definition": given["definition"].encode("utf-8", "surrogatepass")}  # a text, never a path
        return test_state(resources=account.resources, seed=account.new_seed(), start=account.now(), **request)

    @operation("DescribeExecution", OPERATIONS["DescribeExecution"])
    def describe_execution(self, given: Given) -> Answer:
        """A Standard execution: its status, input, output, error and cause, times."""
        with self._account.lock:
            record = executions.find(self._account, given["executionArn"], "DescribeExecution")
            return executions.described(self._account, record, given)

    @operation("DescribeStateMachineForExecution", OPERATIONS["DescribeStateMachineForExecution"])
    def describe_state_machine_for_execution(self, given: Given) -> Answer:
        """The machine as it was when the execution started."""
        with self._account.lock:
            record = executions.find(self._account, given["executionArn"], "DescribeStateMachineForExecution")
            return executions.machine_shown(record, given)

    @operation("ListExecutions", OPERATIONS["ListExecutions"])
    def list_executions(self, given: Given) -> Answer:
        """The executions of a machine, a version or an alias, newest first."""
        with self._account.lock:
            return executions.listed(self._account, given, "ListExecutions")

    @operation("GetExecutionHistory", OPERATIONS["GetExecutionHistory"])
    def get_execution_history(self, given: Given) -> Answer:
        """The events so far, a page at a time."""
        here = "GetExecutionHistory"
        with self._account.lock:
            return executions.history(executions.find(self._account, given["executionArn"], here), given, here)

    @operation("StopExecution", OPERATIONS["StopExecution"])
    def stop_execution(self, given: Given) -> Answer:
        """Aborts an execution: stopDate; one that has ended stays as it is."""
        with self._account.lock:
            record = executions.find(self._account, given["executionArn"], "StopExecution")
        if record.status() == "RUNNING":
            record.run.stop(given.get("error"), given.get("cause"))
        return {"stopDate": record.times()["stopDate"]}

    @operation("RedriveExecution", OPERATIONS["RedriveExecution"])
    def redrive_execution(self, given: Given) -> Answer:
        """Goes on with an execution that has ended badly, from where it stopped: redriveDate."""
        with self._account.lock:
            record = executions.find(self._account, given["executionArn"], "RedriveExecution")
            answer = executions.redriven(self._account, record, given)
        self._account.settle(record)
        return answer

    @operation("ListMapRuns", OPERATIONS["ListMapRuns"])
    def list_map_runs(self, given: Given) -> Answer:
        """The Map runs of an execution."""
        here = "ListMapRuns"
        with self._account.lock:
            return executions.map_runs_listed(executions.find(self._account, given["executionArn"], here), given, here)

    @operation("DescribeMapRun", OPERATIONS["DescribeMapRun"])
    def describe_map_run(self, given: Given) -> Answer:
        """A Map run: its status, its limits, and how many items and child executions have come to what."""
        with self._account.lock:
            return executions.map_run_shown(
                *executions.find_map_run(self._account, given["mapRunArn"], "DescribeMapRun")
            )

    # -- activities and task tokens ------------------------------------------------------------------------------------

    @operation("CreateActivity", OPERATIONS["CreateActivity"])
    def create_activity(self, given: Given) -> Answer:
        """Makes an activity, or finds it."""
        with self._account.lock:
            made = activities.create(self._account, given)
            self._account.activities_changed()
            return {"activityArn": made.arn, "creationDate": machines.moment(made.created)}

    @operation("DescribeActivity", OPERATIONS["DescribeActivity"])
    def describe_activity(self, given: Given) -> Answer:
        """An activity."""
        with self._account.lock:
            return activities.described(activities.find(self._account, given["activityArn"], "DescribeActivity"))

    @operation("ListActivities", OPERATIONS["ListActivities"])
    def list_activities(self, given: Given) -> Answer:
        """Activities by name."""
        with self._account.lock:
            found = self._account.activities.values()
            return arns.page(
                found, given, "ListActivities", "activities", activities.listed, place=lambda each: each.name
            )

    @operation("DeleteActivity", OPERATIONS["DeleteActivity"])
    def delete_activity(self, given: Given) -> Answer:
        """Removes an activity; one that is not there is no error."""
        with self._account.lock:
            activities.delete(self._account, given["activityArn"], "DeleteActivity")
            self._account.activities_changed()
        return {}

    @operation("GetActivityTask", OPERATIONS["GetActivityTask"])
    def get_activity_task(self, given: Given) -> Answer:
        """A task of the activity for a worker: taskToken, input; neither if none comes within a minute.

        On a virtual clock nobody waits: there is a task or there is none.
        """
        with self._account.lock:
            activities.find(self._account, given["activityArn"], "GetActivityTask")
        answer = activities.take(self._account, given, 0.0 if self._account.is_virtual else _PATIENCE)
        self._account.wake()
        return answer

    @operation("SendTaskSuccess", OPERATIONS["SendTaskSuccess"])
    def send_task_success(self, given: Given) -> Answer:
        """The task of this token has succeeded; `output` is JSON text."""
        activities.send_success(self._account, given)
        self._account.wake()
        return {}

    @operation("SendTaskFailure", OPERATIONS["SendTaskFailure"])
    def send_task_failure(self, given: Given) -> Answer:
        """The task of this token has failed."""
        activities.send_failure(self._account, given)
        self._account.wake()
        return {}

    @operation("SendTaskHeartbeat", OPERATIONS["SendTaskHeartbeat"])
    def send_task_heartbeat(self, given: Given) -> Answer:
        """The task of this token is alive: its HeartbeatSeconds start anew."""
        activities.send_heartbeat(self._account, given)
        self._account.wake()
        return {}

    # -- tags ----------------------------------------------------------------------------------------------------------

    @operation("TagResource", OPERATIONS["TagResource"])
    def tag_resource(self, given: Given) -> Answer:
        """Puts tags on a machine or an activity."""
        here = "TagResource"
        with self._account.lock:
            found = self._tagged(given["resourceArn"], here)
            found.tags = machines.tagged(found.tags, given, here)
        return {}

    @operation("UntagResource", OPERATIONS["UntagResource"])
    def untag_resource(self, given: Given) -> Answer:
        """Takes tags off; keys that are not there are no error."""
        with self._account.lock:
            found = self._tagged(given["resourceArn"], "UntagResource")
            found.tags = {key: value for key, value in found.tags.items() if key not in given["tagKeys"]}
        return {}

    @operation("ListTagsForResource", OPERATIONS["ListTagsForResource"])
    def list_tags_for_resource(self, given: Given) -> Answer:
        """The tags of a machine or an activity."""
        with self._account.lock:
            return {"tags": machines.shown_tags(self._tagged(given["resourceArn"], "ListTagsForResource").tags)}

    # -- finding -------------------------------------------------------------------------------------------------------

    def _tagged(self, arn: str, here: str) -> machines.StateMachine | activities.Activity:
        arns.parts(arn, here, "stateMachine", "activity")
        found = self._account.machines.get(arn) or self._account.activities.get(arn)
        if found is None:
            raise client_error("ResourceNotFound", f"Resource not found: '{arn}'", here)
        return found


hinted(globals())
