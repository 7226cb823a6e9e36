"""Activities: names that workers poll, and the task tokens by which work is answered.

Knows: what the activity operations answer and refuse. Must never know: which state of which machine waits.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from asl_local.definition import json_text
from asl_local.errors import InvalidToken, TaskTimedOut
from asl_local.interfaces.stepfunctions import arns
from asl_local.interfaces.stepfunctions.machines import Configurations, check_encryption, moment, tagged
from asl_local.lazy import dataclass
from asl_local.services.errors import client_error
from asl_local.services.parameters import Answer, Given
from asl_local.values import text_of

if TYPE_CHECKING:
    from asl_local.interfaces.stepfunctions.account import Account


@dataclass(slots=True)
class Activity:
    """An activity that exists."""

    arn: str
    name: str
    created: float
    serial: int
    encryption: Mapping[str, Any]
    tags: dict[str, str]


def create(account: Account, given: Given) -> Activity:
    """CreateActivity: the same name again is the same activity (recorded), unless it is encrypted differently."""
    here, name = "CreateActivity", given["name"]
    arns.check_name(name, here)
    encryption = Configurations().encryption
    if "encryptionConfiguration" in given:
        encryption = check_encryption(given["encryptionConfiguration"], here)
    arn = account.partition.make("activity", name)
    existing = account.activities.get(arn)
    if existing is not None:
        if existing.encryption != encryption:
            raise client_error("ActivityAlreadyExists", f"Activity Already Exists: '{arn}'", here)
        return existing
    made = Activity(arn, name, account.now(), account.next_serial(), encryption, tagged({}, given, here))
    account.activities[arn] = made
    return made


def find(account: Account, arn: str, operation: str) -> Activity:
    """Raises InvalidArn and ActivityDoesNotExist."""
    arns.parts(arn, operation, "activity")
    found = account.activities.get(arn)
    if found is None:
        raise client_error("ActivityDoesNotExist", f"Activity Does Not Exist: '{arn}'", operation)
    return found


def listed(activity: Activity) -> Answer:
    """An activity as ListActivities has it."""
    return {"activityArn": activity.arn, "name": activity.name, "creationDate": moment(activity.created)}


def described(activity: Activity) -> Answer:
    """DescribeActivity."""
    return {**listed(activity), "encryptionConfiguration": dict(activity.encryption)}


def delete(account: Account, arn: str, operation: str) -> None:
    """DeleteActivity: one that is not there is no error (recorded)."""
    arns.parts(arn, operation, "activity")
    account.activities.pop(arn, None)


# -- task tokens -------------------------------------------------------------------------------------------------------


def send_success(account: Account, given: Given) -> None:
    """SendTaskSuccess: the output is JSON text, any value. Raises InvalidOutput."""
    here = "SendTaskSuccess"
    try:
        output, _ = json_text.load(given["output"])
    except json_text.UnreadableText as error:
        raise client_error("InvalidOutput", f"Invalid Output: '{error.faults[0].message}'", here) from None
    with _refusing(here):
        account.callbacks.send_task_success(given["taskToken"], output)


def send_failure(account: Account, given: Given) -> None:
    """SendTaskFailure."""
    with _refusing("SendTaskFailure"):
        account.callbacks.send_task_failure(given["taskToken"], given.get("error"), given.get("cause"))


def send_heartbeat(account: Account, given: Given) -> None:
    """SendTaskHeartbeat."""
    with _refusing("SendTaskHeartbeat"):
        account.callbacks.send_task_heartbeat(given["taskToken"])


def take(account: Account, given: Given, patience: float) -> Answer:
    """GetActivityTask: the oldest task that nobody has taken, waited for so many real seconds; `{}` if there is none."""
    task = account.callbacks.get_activity_task(given["activityArn"], given.get("workerName"), timeout=patience)
    return {} if task is None else {"taskToken": task.task_token, "input": text_of(task.input)}


@contextlib.contextmanager
def _refusing(operation: str) -> Iterator[None]:
    try:
        yield
    except InvalidToken:
        raise arns.invalid_token(operation) from None
    except TaskTimedOut:
        # In the service's words, as its users quote them (aws-samples/amazon-mwaa-examples#61).
        text = "Task Timed Out: 'Provided task does not exist anymore'"
        raise client_error("TaskTimedOut", text, operation) from None
