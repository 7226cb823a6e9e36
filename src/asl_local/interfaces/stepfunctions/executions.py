"""Executions: started by a request, seen through others.

Knows: what StartExecution, DescribeExecution, ListExecutions and GetExecutionHistory answer and refuse. Must never know:
how an execution runs (running.py does).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from asl_local.definition import json_text
from asl_local.engine import Execution, Identity, Outcome, redrive
from asl_local.engine.map_runs.run import MOST_CHILDREN, MapRun
from asl_local.errors import InvalidExecutionInput
from asl_local.interfaces.stepfunctions import arns
from asl_local.interfaces.stepfunctions.machines import Revision, StateMachine, moment, revision_shown
from asl_local.interfaces.stepfunctions.running import Child, Run
from asl_local.interfaces.stepfunctions.versions import resolve
from asl_local.lazy import dataclass, field
from asl_local.services.errors import ClientError, client_error
from asl_local.services.parameters import Answer, Given
from asl_local.values import Json, text_of

if TYPE_CHECKING:
    from asl_local.interfaces.stepfunctions.account import Account

# Express workflows are billed in steps of 100 ms and 64 MB, which an answer of StartSyncExecution shows.
_BILLED_STEP, _BILLED_MEMORY = 100, 64
_DATA_MEMBERS = ("input", "inputDetails", "output", "outputDetails")
_STARTED_FROM = ("stateMachineVersionArn", "stateMachineAliasArn")


@dataclass(slots=True)
class Record:
    """One execution. `text` is its input as it was given; version, alias and Map run are None where they do not apply.

    `redriven` has the time of each redrive by its client token. `item_count` is that of a Map run's child.
    """

    arn: str
    name: str
    serial: int
    created: float
    machine: StateMachine
    revision: Revision
    updated: float
    text: str
    run: Run | Child = field(repr=False)
    version_arn: str | None = None
    alias_arn: str | None = None
    redriven: dict[str, float] = field(default_factory=dict)
    map_run_arn: str | None = None
    item_count: int = 0

    def status(self) -> str:
        """RUNNING, SUCCEEDED, FAILED, TIMED_OUT or ABORTED."""
        outcome = self.run.outcome()
        return "RUNNING" if outcome is None else outcome.status

    def times(self) -> Answer:
        """startDate, and stopDate once there is one."""
        outcome = self.run.outcome()
        with self.run.home.changing:
            rows = self.run.execution.history.rows
            first, last = (rows[0][1], rows[-1][1]) if rows else (self.created, self.created)
        answer: Answer = {"startDate": moment(first)}
        return answer if outcome is None else {**answer, "stopDate": moment(last)}

    def redrives(self) -> Answer:
        """redriveCount, and redriveDate once there is one."""
        execution = self.run.execution
        answer: Answer = {"redriveCount": execution.redrives}
        if execution.redriven_at is not None:
            answer["redriveDate"] = moment(execution.redriven_at)
        return answer

    def names(self) -> Answer:
        """The ARNs of the execution and of what it was started from."""
        machine = self.run.execution.identity.machine_arn  # of a Map run's child: the machine's, and the label
        answer: Answer = {"executionArn": self.arn, "stateMachineArn": machine, "name": self.name}
        if self.map_run_arn is not None:
            answer["mapRunArn"] = self.map_run_arn
        if self.version_arn is not None:
            answer["stateMachineVersionArn"] = self.version_arn
        if self.alias_arn is not None:
            answer["stateMachineAliasArn"] = self.alias_arn
        return answer


def start(account: Account, given: Given, operation: str, *, express: bool = False) -> Record:
    """Starts an execution, or finds the one that the same request has started and that still runs.

    `#name` at the end of the machine's ARN is a test case of the client's mock_config, as in Step Functions Local. Raises
    InvalidMockConfig for one that cannot be used.
    """
    arn, named, test_case = given["stateMachineArn"].partition("#")
    if named and account.mock_config is None:
        raise arns.invalid_arn(
            f"{arn}{named}{test_case} names a test case, and this client has no mock_config", operation
        )
    found, version, alias = resolve(account, arn, operation)
    if express and found.type != "EXPRESS":
        raise type_not_supported(operation)
    name = given.get("name") or account.new_id()
    arns.check_name(name, operation)
    text = given.get("input", "{}")
    value = read_input(text, operation)
    if found.type == "EXPRESS":
        arn = account.partition.make("express", found.name, name, account.new_id())
    else:
        arn = account.partition.make("execution", found.name, name)
        existing = account.executions.get(arn)
        if existing is not None:
            if existing.text == text and existing.status() == "RUNNING":
                return existing
            raise client_error("ExecutionAlreadyExists", f"Execution Already Exists: '{arn}'", operation)
    revision = found.revision if version is None else version.revision
    identity = Identity(
        execution_arn=arn,
        execution_name=name,
        machine_arn=found.arn,
        machine_name=found.name,
        role_arn=revision.role,
        region=account.partition.region,
        redrivable=not express,
    )
    try:
        execution = revision.machine.execution(value, identity=identity, seed=account.new_seed())
    except InvalidExecutionInput as error:
        raise _invalid_input(str(error), operation) from None
    run = account.begin(execution, revision.definition, revision.machine, test_case if named else None)
    record = Record(
        arn, name, account.next_serial(), account.now(), found, revision, found.updated, text, run,
        None if version is None else version.arn,
        None if alias is None else alias.arn,
    )  # fmt: skip
    account.executions[arn] = record
    return record


def begun(account: Account, parent: Run, execution: Execution) -> None:
    """Takes note of an execution that a task has started, if it is of a machine that the client has."""
    identity = execution.identity
    found = account.machines.get(identity.machine_arn)
    if found is not None and identity.execution_arn not in account.executions:
        account.executions[identity.execution_arn] = Record(
            identity.execution_arn, identity.execution_name, account.next_serial(), parent.execution.now, found,
            found.revision, found.updated, text_of(execution.input), Child(parent, execution),
        )  # fmt: skip


def read_input(text: str, operation: str) -> Json:
    """Any JSON value. Raises InvalidExecutionInput with the parser's words (recorded)."""
    why = "Invalid execution input."
    if text:
        try:
            value, layout = json_text.load(text)
        except json_text.UnreadableText as error:
            why = error.faults[0].message
        else:
            faults = [f.message for f in layout.faults if not f.message.startswith("Duplicate")] if layout else []
            if not faults:
                return value
            why = faults[0]
    raise _invalid_input(why, operation)


def _invalid_input(why: str, operation: str) -> ClientError:
    return client_error("InvalidExecutionInput", f"Invalid State Machine Execution Input: '{why}'", operation)


def type_not_supported(operation: str) -> ClientError:
    """A Standard machine where an Express one is needed, or the other way round (recorded)."""
    text = "This operation is not supported by this type of state machine"
    return client_error("StateMachineTypeNotSupported", text, operation)


def find(account: Account, arn: str, operation: str) -> Record:
    """Raises InvalidArn (for an Express execution's ARN too, which nothing describes) and ExecutionDoesNotExist."""
    arns.parts(arn, operation, "execution")
    record = account.executions.get(arn) or _child_named(account, arn)
    if record is None:
        raise client_error("ExecutionDoesNotExist", f"Execution Does Not Exist: '{arn}'", operation)
    return record


def described(account: Account, record: Record, given: Given) -> Answer:
    """DescribeExecution."""
    outcome = record.run.outcome()
    answer: Answer = {**record.names(), "status": record.status(), **record.times(), **_data(record, outcome, given)}
    answer |= record.redrives()
    reason = redrive.why_not(record.run.execution, account.now())
    redrivable = "REDRIVABLE" if record.map_run_arn is None else "REDRIVABLE_BY_MAP_RUN"
    answer["redriveStatus"] = redrivable if reason is None else "NOT_REDRIVABLE"
    if reason is not None:
        answer["redriveStatusReason"] = reason
    return answer


def _data(record: Record, outcome: Outcome | None, given: Given) -> Answer:
    """Input, output, error and cause, the first two as text; absent is absent (measured for TIMED_OUT)."""
    answer: Answer = {}
    if outcome is not None:
        answer |= {name: text for name in ("error", "cause") if (text := getattr(outcome, name)) is not None}
    if given.get("includedData") == "METADATA_ONLY":
        return answer
    answer |= {"input": record.text, "inputDetails": {"included": True}}
    if outcome is not None and outcome.status == "SUCCEEDED":
        answer |= {"output": text_of(outcome.output), "outputDetails": {"included": True}}
    return answer


def sync_answer(record: Record, given: Given) -> Answer:
    """StartSyncExecution, once the execution has ended."""
    outcome = record.run.outcome()
    history = record.run.history()
    took = math.ceil(max(history[-1].at - history[0].at, 0.001) * 1000 / _BILLED_STEP) * _BILLED_STEP
    answer: Answer = {**record.names(), "status": record.status(), **record.times(), **_data(record, outcome, given)}
    for name in _STARTED_FROM:
        answer.pop(name, None)  # not among this operation's members
    answer["billingDetails"] = {"billedMemoryUsedInMB": _BILLED_MEMORY, "billedDurationInMilliseconds": took}
    return answer


def redriven(account: Account, record: Record, given: Given) -> Answer:
    """RedriveExecution; the same client token again is the same redrive."""
    token = given.get("clientToken")
    if token is None or token not in record.redriven:
        reason = redrive.why_not(record.run.execution, account.now())
        if reason is not None:
            raise client_error("ExecutionNotRedrivable", reason, "RedriveExecution")
        record.run.redrive(account.now())
        record.redriven[token or str(len(record.redriven))] = account.now()
    return {"redriveDate": moment(record.redriven[token or str(len(record.redriven) - 1)])}


def machine_shown(record: Record, given: Given) -> Answer:
    """DescribeStateMachineForExecution: the machine as it was when the execution started."""
    answer = {
        "stateMachineArn": record.run.execution.identity.machine_arn,
        "name": record.machine.name,
        "updateDate": moment(record.updated),
        **revision_shown(record.revision, given),
    }
    if record.map_run_arn is not None:
        answer |= {"mapRunArn": record.map_run_arn, "label": record.map_run_arn.split(":")[6].partition("/")[2]}
    return answer


def listed(account: Account, given: Given, operation: str) -> Answer:
    """ListExecutions: newest first, of a machine, a version, an alias or a Map run."""
    if ("stateMachineArn" in given) == ("mapRunArn" in given):
        text = "Must specify exactly one of stateMachineArn and mapRunArn"
        raise client_error("ValidationException", text, operation)
    records = _of_map_run(account, given, operation) if "mapRunArn" in given else _of_machine(account, given, operation)
    status = given.get("statusFilter")
    if status is not None:
        records = [record for record in records if record.status() == status]
    if "redriveFilter" in given:
        redriven = given["redriveFilter"] == "REDRIVEN"
        records = [record for record in records if (record.run.execution.redrives > 0) is redriven]

    def show(record: Record) -> Answer:
        shown = {**record.names(), "status": record.status(), **record.times(), **record.redrives()}
        return shown if record.map_run_arn is None else {**shown, "itemCount": record.item_count}

    return arns.page(
        records, given, operation, "executions", show, place=lambda record: record.serial, newest_first=True
    )


def _of_machine(account: Account, given: Given, operation: str) -> list[Record]:
    arn: str = given["stateMachineArn"]
    found, version, alias = resolve(account, arn, operation)
    if found.type == "EXPRESS":
        raise type_not_supported(operation)

    def wanted(record: Record) -> bool:
        if record.machine is not found:
            return False
        if alias is not None:
            return record.alias_arn == arn
        return version is None or record.version_arn == arn

    return [record for record in list(account.executions.values()) if wanted(record)]


def history(record: Record, given: Given, operation: str) -> Answer:
    """GetExecutionHistory: the events so far."""
    with_data = given.get("includeExecutionData", True)

    def show(event: Any) -> Answer:
        shape: Answer = event.to_aws()
        details = next((name for name in shape if name.endswith("EventDetails")), None)
        if event.id == 1 and details is not None:
            shape[details] |= {"input": record.text}  # passed through as it was given (recorded)
            shape[details] |= {name: arn for name, arn in record.names().items() if name in _STARTED_FROM}
        if not with_data and details is not None:
            shape[details] = {name: value for name, value in shape[details].items() if name not in _DATA_MEMBERS}
        return shape

    newest_first = bool(given.get("reverseOrder"))
    events = record.run.history()
    return arns.page(events, given, operation, "events", show, place=lambda event: event.id, newest_first=newest_first)


# -- Map runs ----------------------------------------------------------------------------------------------------------


def _map_runs(record: Record) -> list[MapRun]:
    with record.run.home.changing:
        return list(record.run.execution.map_runs)


def _children(record: Record, run: MapRun) -> list[Record]:
    """The child executions that run or are kept (`Limits.kept_children`), each as a record."""
    with record.run.home.changing:
        children = {**run.kept, **run.live}
    return [
        Record(
            child.execution.identity.execution_arn, child.execution.identity.execution_name, index, run.started_at,
            record.machine, record.revision, record.updated, text_of(child.execution.input),
            Child(record.run, child.execution), map_run_arn=run.arn, item_count=child.count,
        )
        for index, child in children.items()
    ]  # fmt: skip


def _child_named(account: Account, arn: str) -> Record | None:
    """The child execution of a Map run by its ARN, which has the Map state's label: `...:execution:machine/label:name`."""
    if "/" not in arn:
        return None
    children = (
        child
        for record in list(account.executions.values())
        for run in _map_runs(record)
        for child in _children(record, run)
    )
    return next((child for child in children if child.arn == arn), None)


def find_map_run(account: Account, arn: str, operation: str) -> tuple[Record, MapRun]:
    """Raises InvalidArn and ResourceNotFound."""
    arns.parts(arn, operation, "mapRun")
    for record in list(account.executions.values()):
        for run in _map_runs(record):
            if run.arn == arn:
                return record, run
    raise client_error("ResourceNotFound", f"Resource not found: '{arn}'", operation)


def _of_map_run(account: Account, given: Given, operation: str) -> list[Record]:
    return _children(*find_map_run(account, given["mapRunArn"], operation))


def map_runs_listed(record: Record, given: Given, operation: str) -> Answer:
    """ListMapRuns: the Map runs of an execution in the order of their start."""
    runs = dict(enumerate(_map_runs(record)))

    def show(number: int) -> Answer:
        run = runs[number]
        label = run.arn.split(":")[6].partition("/")[2]
        machine = f"{record.machine.arn}/{label}"
        shown = {"executionArn": record.arn, "mapRunArn": run.arn, "stateMachineArn": machine}
        return {**shown, **_map_run_times(run)}

    return arns.page(runs, given, operation, "mapRuns", show, place=lambda number: number)


def map_run_shown(record: Record, run: MapRun) -> Answer:
    """DescribeMapRun."""
    with record.run.home.changing:
        of_executions, of_items = run.counts()
        return {
            "mapRunArn": run.arn,
            "executionArn": record.arn,
            "status": run.status,
            **_map_run_times(run),
            "maxConcurrency": 0 if run.limit >= MOST_CHILDREN else run.limit,
            "toleratedFailurePercentage": float(run.tolerated_percentage or 0.0),
            "toleratedFailureCount": run.tolerated_count or 0,
            "itemCounts": of_items,
            "executionCounts": of_executions,
            "redriveCount": run.redrives,
        }


def _map_run_times(run: MapRun) -> Answer:
    stopped = {} if run.stopped_at is None else {"stopDate": moment(run.stopped_at)}
    return {"startDate": moment(run.started_at), **stopped}
