"""Activities: names that workers poll.

Knows: what the activity operations answer and refuse. Must never know: which state of which machine waits.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from asl_local.interfaces.stepfunctions import arns
from asl_local.interfaces.stepfunctions.configurations import Configurations, check_encryption, tagged
from asl_local.interfaces.stepfunctions.machines import moment
from asl_local.services.errors import client_error
from asl_local.services.parameters import Answer, Given

if TYPE_CHECKING:
    from asl_local.interfaces.stepfunctions.client import StepFunctions


@dataclass(slots=True)
class Activity:
    """An activity that exists."""

    arn: str
    name: str
    created: float
    serial: int
    encryption: Mapping[str, Any]
    tags: dict[str, str]


def create(client: StepFunctions, given: Given) -> Activity:
    """CreateActivity: the same name again is the same activity (recorded), unless it is encrypted differently."""
    here, name = "CreateActivity", given["name"]
    arns.check_name(name, here)
    encryption = Configurations().encryption
    if "encryptionConfiguration" in given:
        encryption = check_encryption(given["encryptionConfiguration"], here)
    arn = client.partition.make("activity", name)
    existing = client.activities.get(arn)
    if existing is not None:
        if existing.encryption != encryption:
            raise client_error("ActivityAlreadyExists", f"Activity Already Exists: '{arn}'", here)
        return existing
    made = Activity(arn, name, client.now(), client.next_serial(), encryption, tagged({}, given, here))
    client.activities[arn] = made
    return made


def find(client: StepFunctions, arn: str, operation: str) -> Activity:
    """Raises InvalidArn and ActivityDoesNotExist."""
    arns.parts(arn, operation, "activity")
    found = client.activities.get(arn)
    if found is None:
        raise client_error("ActivityDoesNotExist", f"Activity Does Not Exist: '{arn}'", operation)
    return found


def listed(activity: Activity) -> Answer:
    """An activity as ListActivities has it."""
    return {"activityArn": activity.arn, "name": activity.name, "creationDate": moment(activity.created)}


def described(activity: Activity) -> Answer:
    """DescribeActivity."""
    return {**listed(activity), "encryptionConfiguration": dict(activity.encryption)}


def delete(client: StepFunctions, arn: str, operation: str) -> None:
    """DeleteActivity: one that is not there is no error (recorded)."""
    arns.parts(arn, operation, "activity")
    client.activities.pop(arn, None)
