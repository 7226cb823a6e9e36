"""What is attached to a machine beside its definition: logging, tracing, encryption, tags.

Knows: which configurations the service takes, how it shows them, and its refusals. Must never know: executions.
All of it is kept and shown. Nothing here writes a log, traces a call or encrypts a byte.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from asl_local.services.errors import ClientError, client_error
from asl_local.services.parameters import Given
from asl_local.values import copy

MOST_TAGS = 50  # Developer Guide, quotas

LogGroups = Callable[[str], bool]
"""Whether there is a log group of this ARN."""


class Configurations(NamedTuple):
    """The three configurations of a revision, each as it is shown."""

    logging: Mapping[str, Any] = {"level": "OFF", "includeExecutionData": False}
    tracing: Mapping[str, Any] = {"enabled": False}
    encryption: Mapping[str, Any] = {"type": "AWS_OWNED_KEY"}

    def shown(self) -> dict[str, Any]:
        """The members of an answer that describes a machine."""
        return {
            "loggingConfiguration": copy(dict(self.logging)),
            "tracingConfiguration": dict(self.tracing),
            "encryptionConfiguration": dict(self.encryption),
        }


def configured(given: Given, before: Configurations, exists: LogGroups, operation: str) -> Configurations:
    """The configurations after a request; what it does not name stays. Raises the service's refusals."""
    logging, tracing, encryption = before
    if "loggingConfiguration" in given:
        logging = _logging(given["loggingConfiguration"], exists, operation)
    if "tracingConfiguration" in given:
        tracing = {"enabled": False, **given["tracingConfiguration"]}
    if "encryptionConfiguration" in given:
        encryption = check_encryption(given["encryptionConfiguration"], operation)
    return Configurations(logging, tracing, encryption)


def _logging(given: Mapping[str, Any], exists: LogGroups, operation: str) -> Mapping[str, Any]:
    """One destination exactly unless the level is OFF, then one at most (recorded); the group must exist (recorded)."""
    shown = {"level": "OFF", "includeExecutionData": False, **copy(dict(given))}
    destinations = list(shown.get("destinations", ()))
    if "destinations" in shown:
        shown["destinations"] = destinations
    if len(destinations) > 1 or (shown["level"] != "OFF" and not destinations):
        raise _invalid_logging("Must specify exactly one Log Destination.", operation)
    for destination in destinations:
        arn = destination.get("cloudWatchLogsLogGroup", {}).get("logGroupArn", "")
        # API reference, CloudWatchLogsLogGroup: the ARN must end with `:*`.
        if not re.fullmatch(r"arn:aws[\w-]*:logs:[\w-]+:\d{12}:log-group:[^:]+:\*", arn):
            raise _invalid_logging("Invalid Log Destination: the ARN of a log group ends with ':*'.", operation)
        if not exists(arn):
            raise _invalid_logging("Log Destination not found.", operation)
    return shown


def _invalid_logging(why: str, operation: str) -> ClientError:
    return client_error("InvalidLoggingConfiguration", f"Invalid Logging Configuration: {why}", operation)


def check_encryption(given: Mapping[str, Any], operation: str) -> Mapping[str, Any]:
    """The encryption configuration as it is shown; a key of one's own must be named, and only that one."""
    own = given["type"] == "CUSTOMER_MANAGED_KMS_KEY"
    surplus = [name for name in ("kmsKeyId", "kmsDataKeyReusePeriodSeconds") if name in given]
    if own and "kmsKeyId" not in given:
        why = "kmsKeyId must be given for CUSTOMER_MANAGED_KMS_KEY"
    elif not own and surplus:
        why = f"{' and '.join(surplus)} must not be given for AWS_OWNED_KEY"
    else:
        # API reference: 300 seconds unless given.
        return {**({"kmsDataKeyReusePeriodSeconds": 300} if own else {}), **given}
    raise client_error("InvalidEncryptionConfiguration", f"Invalid Encryption Configuration: {why}", operation)


# -- tags --------------------------------------------------------------------------------------------------------------


def tagged(tags: Mapping[str, str], given: Given, operation: str) -> dict[str, str]:
    """The tags after a request's `tags` were put on; the later of two with one key stays. Raises TooManyTags."""
    after = {**tags, **{tag.get("key", ""): tag.get("value", "") for tag in given.get("tags", ())}}
    if len(after) > MOST_TAGS:
        raise client_error("TooManyTags", f"A resource has {MOST_TAGS} tags at most, not {len(after)}", operation)
    return after


def shown_tags(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Tags as ListTagsForResource has them."""
    return [{"key": key, "value": value} for key, value in tags.items()]
