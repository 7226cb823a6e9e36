"""Step Functions as a service that tasks call: `states:startExecution`, and answers to task tokens.

Knows: what AWS answers and refuses there. Must never know: how an execution is driven.
Request-response comes back at once, `.sync` with the description of the execution that has ended, its Input and Output
as text, `.sync:2` with both as JSON (recorded). A failed execution is States.TaskFailed, whose cause is that
description. Names are checked as StartExecution does, among the executions of one run. `aws-sdk:sfn:sendTaskSuccess`
and its like answer the task tokens of whatever runs in the same world.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Protocol

from asl_local.definition import Source
from asl_local.drivers.driver import Later, Nested, TaskContext, Work
from asl_local.engine import Execution, Identity, Limits
from asl_local.engine.messages import Call
from asl_local.errors import TASK_FAILED, InvalidToken, StateError, TaskTimedOut
from asl_local.plan import Plan, Resource, unusable
from asl_local.resources.integrations.envelope import plain, words_of
from asl_local.values import Json, accept, text_of

if TYPE_CHECKING:
    from asl_local.resources.registry import Family

_PARAMETERS = frozenset({"StateMachineArn", "Input", "Name", "TraceHeader"})
_NAME = re.compile(r"[^\s<>{}\[\]?*\"#%\\^|~`$&,;:/\x00-\x1f\x7f-\x9f]{1,80}")
_ARN = re.compile(r"arn:[^:]*:states:([^:]*):([^:]*):stateMachine:([^:]+)(:[^:]+)?")

_BILLED_STEP = 100  # milliseconds
_BILLED_MEMORY = 64  # MB: the least that Express executions are billed for
_SYNC = "startSyncExecution"
STARTS = frozenset({("states", "startExecution"), ("aws-sdk:sfn", "startExecution"), ("aws-sdk:sfn", _SYNC)})
"""The tasks that start executions, by service and operation."""


SENDS: Mapping[str, tuple[frozenset[str], frozenset[str]]] = {
    "sendTaskSuccess": (frozenset({"TaskToken", "Output"}), frozenset()),
    "sendTaskFailure": (frozenset({"TaskToken"}), frozenset({"Error", "Cause"})),
    "sendTaskHeartbeat": (frozenset({"TaskToken"}), frozenset()),
}
"""Those of `aws-sdk:sfn` that answer task tokens: the parameters they must have, and those they may."""


class Startable(Protocol):
    """A machine that a task may start; `asl_local.Machine` is one."""

    name: str
    plan: Plan
    type: str
    definition: Json
    source: Source | None

    def execution(
        self, input: Json, *, identity: Identity, limits: Limits | None, seed: int, shuffle: bool
    ) -> Execution:
        """An execution that has not begun."""

    def identity(self, execution_name: str) -> Identity:
        """The names that an execution goes by unless it is given others."""


def find_machine(machines: Mapping[str, Startable], name: str) -> Startable | None:
    """The machine of an ARN: given under it, under its name, a pattern, or a `${placeholder}`'s inside."""
    bare = name
    if match := _ARN.fullmatch(name):
        bare = match[3]
        name = name.removesuffix(match[4] or "")
    elif name.startswith("${") and name.endswith("}"):
        bare = name[2:-1]
    for key in (name, bare):
        if key in machines:
            return machines[key]
    return next((machine for key, machine in machines.items() if fnmatchcase(name, key)), None)


def start(
    resource: Resource,
    *,
    machines: Mapping[str, Startable],
    parent: Identity,
    like: Execution | None,
    bind: Callable[[Startable, Execution], Work],
    family: Family,
) -> Work:
    """The work of one such task. `like` lends its limits, seed and shuffling to whom it starts."""
    words = words_of(resource.service)

    def perform(call: Call, context: TaskContext) -> Nested | Later:
        if call.made:
            return Later()
        request = context.aws_request_id
        parameters = _checked(call.arguments, frozenset({"StateMachineArn"}), _PARAMETERS, ("StateMachineArn", "Name"))
        arn, name = parameters["StateMachineArn"], parameters.get("Name") or request

        def refuse(code: str, message: str) -> StateError:
            return words.error(code, code, 400, message, request)

        if not _NAME.fullmatch(name):
            raise refuse("InvalidName", f"Invalid Name: '{name}'")
        given = _input(parameters.get("Input"), refuse)
        machine = find_machine(machines, arn)
        if machine is None:
            raise refuse("StateMachineDoesNotExist", f"State Machine Does Not Exist: '{arn}'")
        if resource.operation == _SYNC and machine.type != "EXPRESS":
            text = "This operation is not supported by this type of state machine"
            raise refuse("StateMachineTypeNotSupported", text)
        identity = _identity(machine, arn, name, parent, request)
        with family.lock:
            child = family.known.get(identity.execution_arn)
            anew = identity.execution_arn not in family.loaded
            family.loaded.discard(identity.execution_arn)
            if child is not None and anew and (child.outcome is not None or child.input != given):
                raise refuse("ExecutionAlreadyExists", f"Execution Already Exists: '{identity.execution_arn}'")
            if child is None:
                child = machine.execution(
                    given, identity=identity, limits=None if like is None else like.limits,
                    seed=_seed(like, identity), shuffle=like is not None and like.shuffle,
                )  # fmt: skip
                child.activities = None if like is None else like.activities
                family.known[identity.execution_arn] = child
        at = child.started_at or context.now()
        began = {
            "ExecutionArn": child.identity.execution_arn,
            "StartDate": datetime.fromtimestamp(at, UTC) if words.sdk else _date(at),  # aws-sdk: ISO text (recorded)
        }
        return Nested(
            child, bind(machine, child), words.result(began, request), _report(resource), resource.operation == _SYNC, machine
        )  # fmt: skip

    return perform


def send(resource: Resource) -> Work:
    """The work of a task that answers somebody's task token."""
    words, (required, optional) = words_of(resource.service), SENDS[resource.operation]

    def perform(call: Call, context: TaskContext) -> Json:
        parameters = _checked(call.arguments, required, required | optional, ("TaskToken", "Error", "Cause"))
        token = parameters["TaskToken"]

        def refuse(code: str, message: str) -> StateError:
            return words.error(code, code, 400, message, context.aws_request_id)

        try:
            context.require_token(token)
            if resource.operation == "sendTaskSuccess":
                context.send_task_success(_output(parameters["Output"], refuse), token=token)
            elif resource.operation == "sendTaskFailure":
                context.send_task_failure(parameters.get("Error"), parameters.get("Cause"), token=token)
            else:
                context.send_task_heartbeat(token=token)
        except InvalidToken:
            raise refuse("InvalidToken", "Invalid Token: 'Invalid token'") from None  # recorded
        except TaskTimedOut:
            raise refuse("TaskTimedOut", "Task Timed Out: 'Provided task does not exist anymore'") from None
        return {}

    return perform


def _output(given: Json, refuse: Callable[[str, str], StateError]) -> Json:
    """SendTaskSuccess's output: a string is JSON text, anything else is written as JSON by the integration."""
    if not isinstance(given, str):
        return given
    try:
        return accept(json.loads(given))
    except (ValueError, RecursionError) as error:
        raise refuse("InvalidOutput", f"Invalid Output: '{error}'") from None


def _checked(
    parameters: Json, required: frozenset[str], known: frozenset[str], texts: Iterable[str]
) -> dict[str, Any]:  # fmt: skip
    """Parameters that AWS would start a task with."""
    if not isinstance(parameters, dict):
        raise unusable(parameters, "The Parameters must be an object")
    problems = [f"The field '{name}' is not supported by Step Functions" for name in parameters if name not in known]
    problems += [f"The field '{name}' is required but was missing" for name in sorted(required - parameters.keys())]
    problems += [
        f"The value for the field '{name}' must be a STRING"
        for name in texts
        if parameters.get(name) is not None and not isinstance(parameters[name], str)
    ]
    if problems:
        raise unusable(parameters, *problems)
    return parameters


def _input(given: Json, refuse: Callable[[str, str], StateError]) -> Json:
    """The execution's input: none or null is `{}`, a string is JSON text (both recorded)."""
    if given is None:
        return {}
    if not isinstance(given, str):
        return given
    try:
        return accept(json.loads(given))
    except (ValueError, RecursionError) as error:
        raise refuse("InvalidExecutionInput", f"Invalid State Machine Execution Input: '{error}'") from None


def _identity(machine: Startable, arn: str, name: str, parent: Identity, request: str) -> Identity:
    """The names of the execution, in the region and account of the machine's ARN."""
    own = machine.identity(name)
    express = machine.type == "EXPRESS"
    match = _ARN.fullmatch(arn)
    if match is None:
        return own
    region, account, machine_name, _ = match.groups()
    machine_arn = arn.removesuffix(match[4] or "")
    return Identity(
        execution_arn=machine_arn.replace(":stateMachine:", ":express:" if express else ":execution:")
        + (f":{name}:{request}" if express else f":{name}"),
        execution_name=name,
        machine_arn=machine_arn,
        machine_name=machine_name,
        role_arn=re.sub(r"(?<=iam::)\d*", account, own.role_arn),
        region=region or parent.region,
    )


def _seed(like: Execution | None, identity: Identity) -> int:
    """A seed that is a function of the starter's and the execution's name."""
    text = f"{0 if like is None else like.seed}:{identity.execution_arn}"
    return int.from_bytes(blake2b(text.encode(), digest_size=7).digest(), "big")


def _report(resource: Resource) -> Callable[[Execution], Json] | None:
    if resource.operation == _SYNC:
        return _sync_description
    if resource.waits != "job":
        return None
    parsed = resource.pattern == ".sync:2"

    def report(execution: Execution) -> Json:
        description = describe(execution, parsed=parsed)
        if execution.outcome is None or execution.outcome.status != "SUCCEEDED":
            raise StateError(TASK_FAILED, text_of(describe(execution, parsed=False)))
        return description

    return report


def describe(execution: Execution, *, parsed: bool) -> Json:
    """An execution that has ended, as `.sync` gives it; members in AWS's order."""
    outcome, identity = execution.outcome, execution.identity
    if outcome is None:
        raise ValueError(f"{identity.execution_arn} has not ended yet")
    shown: Callable[[Json], Json] = (lambda value: value) if parsed else text_of
    well = outcome.status == "SUCCEEDED"
    return {
        **({} if outcome.cause is None else {"Cause": outcome.cause}),
        **({} if outcome.error is None else {"Error": outcome.error}),
        "ExecutionArn": identity.execution_arn,
        "Input": shown(execution.input),
        "InputDetails": {"Included": True},
        "Name": identity.execution_name,
        **({"Output": shown(outcome.output), "OutputDetails": {"Included": True}} if well else {}),
        "RedriveCount": 0,
        "RedriveStatus": "NOT_REDRIVABLE" if well else "REDRIVABLE",
        **({"RedriveStatusReason": "Execution is SUCCEEDED and cannot be redriven"} if well else {}),
        "StartDate": _date(execution.started_at),
        "StateMachineArn": identity.machine_arn,
        "Status": outcome.status,
        "StopDate": _date(execution.now),
    }


def _sync_description(execution: Execution) -> Json:
    """StartSyncExecution's answer, whatever became of the execution; times are ISO text, as in all of aws-sdk."""
    description = describe(execution, parsed=False)
    began, ended = description["StartDate"] / 1000, description["StopDate"] / 1000
    for redrive in ("RedriveCount", "RedriveStatus", "RedriveStatusReason"):
        description.pop(redrive, None)
    billed = max(1, math.ceil((ended - began) * 1000 / _BILLED_STEP)) * _BILLED_STEP
    return plain({
        "BillingDetails": {"BilledDurationInMilliseconds": billed, "BilledMemoryUsedInMB": _BILLED_MEMORY},
        **description,
        "StartDate": datetime.fromtimestamp(began, UTC),
        "StopDate": datetime.fromtimestamp(ended, UTC),
    })  # fmt: skip


def _date(at: float) -> int:
    """Milliseconds of the epoch."""
    return round(at * 1000)


__all__ = ["SENDS", "STARTS", "Family", "Startable", "describe", "find_machine", "send", "start"]
