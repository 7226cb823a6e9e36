"""State machines: definitions, revisions, configurations, tags, and how they change.

Knows: what CreateStateMachine, UpdateStateMachine and DescribeStateMachine answer and refuse. Must never know: how an
execution runs. A machine is its newest revision; published versions are older ones that stay (versions.py).
Configurations are checked, kept and shown: nothing here writes a log, traces a call or encrypts a byte.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from asl_local.definition import check, creation_error, json_text, load_model, to_aws
from asl_local.definition import read as read_source
from asl_local.definition.references import variable_references
from asl_local.errors import Diagnostic, InvalidDefinition
from asl_local.interfaces.machine import Machine
from asl_local.interfaces.stepfunctions import arns
from asl_local.interfaces.stepfunctions.parameters import validation_error
from asl_local.lazy import dataclass, field
from asl_local.plan import compile_machine
from asl_local.services.errors import ClientError, client_error
from asl_local.services.parameters import Answer, Given
from asl_local.values import copy

if TYPE_CHECKING:
    from asl_local.interfaces.stepfunctions.account import Account
    from asl_local.interfaces.stepfunctions.versions import Alias, Version

INITIAL = "INITIAL"
"""What the first revision is called where a revision must be named (API reference, PublishStateMachineVersion)."""


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


@dataclass(frozen=True, slots=True)
class Revision:
    """One state of a machine. `id` is None for the first, which the service does not show."""

    id: str | None
    definition: str
    role: str
    configurations: Configurations
    machine: Machine = field(repr=False)
    references: Mapping[str, list[str]] = field(repr=False)


@dataclass(slots=True)
class StateMachine:
    """A state machine. `published_with` is what CreateStateMachine said of publish and versionDescription."""

    arn: str
    name: str
    type: str
    created: float
    serial: int
    revision: Revision
    updated: float
    published_with: tuple[bool, str | None]
    tags: dict[str, str]
    versions: dict[int, Version] = field(default_factory=dict)
    next_version: int = 1
    aliases: dict[str, Alias] = field(default_factory=dict)


def moment(at: float) -> datetime:
    """A time as boto3 gives it: a datetime with a zone, in milliseconds as the service has them."""
    return datetime.fromtimestamp(round(at, 3), UTC)


def does_not_exist(arn: str, operation: str) -> ClientError:
    """The refusal of a machine that is not there."""
    return client_error("StateMachineDoesNotExist", f"State Machine Does Not Exist: '{arn}'", operation)


def create(account: Account, given: Given) -> StateMachine:
    """CreateStateMachine; idempotent by name, definition, type, configurations, publish and versionDescription."""
    here, name = "CreateStateMachine", given["name"]
    arns.check_name(name, here)
    arns.check_role(given["roleArn"], here)
    kind = given.get("type", "STANDARD")
    check_description(given, here)
    configurations = configured(given, Configurations(), account.log_group_exists, here)
    machine = read(given["definition"], kind, name, here)
    arn = account.partition.make("stateMachine", name)
    published_with = (bool(given.get("publish")), given.get("versionDescription"))
    existing = account.machines.get(arn)
    if existing is not None:
        newest = existing.revision
        same = (newest.definition, existing.type, newest.configurations, existing.published_with)
        if same == (given["definition"], kind, configurations, published_with):
            return existing
        raise client_error("StateMachineAlreadyExists", f"State Machine Already Exists: '{arn}'", here)
    references = variable_references(machine.definition)
    revision = Revision(None, given["definition"], given["roleArn"], configurations, machine, references)
    now = account.now()
    made = StateMachine(
        arn, name, kind, now, account.next_serial(), revision, now, published_with, tagged({}, given, here)
    )
    account.machines[arn] = made
    return made


def update(account: Account, found: StateMachine, given: Given) -> None:
    """UpdateStateMachine: a new revision if anything differs from the newest one (recorded)."""
    here = "UpdateStateMachine"
    check_description(given, here)
    changes = {"definition", "roleArn", "loggingConfiguration", "tracingConfiguration", "encryptionConfiguration"}
    if not changes & set(given):
        text = "Either the definition, the role ARN, the LoggingConfiguration, or the TracingConfiguration must be specified"
        raise client_error("MissingRequiredParameter", text, here)
    before = found.revision
    if "roleArn" in given:
        arns.check_role(given["roleArn"], here)
    role = given.get("roleArn", before.role)
    configurations = configured(given, before.configurations, account.log_group_exists, here)
    definition = given.get("definition", before.definition)
    if (definition, role, configurations) != (before.definition, before.role, before.configurations):
        machine, references = before.machine, before.references
        if definition != before.definition:
            machine = read(definition, found.type, found.name, here)
            references = variable_references(machine.definition)
        found.revision = Revision(account.new_id(), definition, role, configurations, machine, references)
    found.updated = account.now()


def check_description(given: Given, operation: str) -> None:
    """A description of a version that nobody publishes is refused."""
    if "versionDescription" in given and not given.get("publish"):
        raise validation_error("Version description can only be set when publish is true", operation)


def read(text: str, kind: str, name: str, operation: str) -> Machine:
    """The machine of a definition. Raises InvalidDefinition in AWS's words, or in ours for what only we refuse."""
    found = problems(text, kind)
    message = creation_error(found, text)
    if message is None:
        try:
            model, source, warnings = load_model(_encoded(text), type=kind)
            if not model.unresolved:
                plan = compile_machine(model, source.tree)
                return Machine(plan, name=name, definition=source.tree, warnings=warnings, type=kind, source=source)
            found = list(model.unresolved)
        except InvalidDefinition as error:
            found = error.diagnostics
        texts = [f"{d.code}: {d.message} at {d.path or '/'}" for d in found if d.severity == "ERROR"]
        message = f"Invalid State Machine Definition: '{', '.join(texts)}'"
    raise client_error("InvalidDefinition", message, operation)


def problems(text: str, kind: str) -> list[Diagnostic]:
    """What is wrong with a definition that must be JSON: YAML and templates, which the library reads too, are none here."""
    try:
        json_text.load(text)
    except json_text.UnreadableText as error:
        if text.strip():
            return [
                Diagnostic("INVALID_JSON_DESCRIPTION", "ERROR", "", fault.line, fault.column, fault.message, None)
                for fault in error.faults
            ]
    try:
        return check(read_source(_encoded(text)), type=kind)
    except InvalidDefinition as error:
        return error.diagnostics


def _encoded(text: str) -> bytes:
    """Bytes are never taken for a path."""
    return text.encode("utf-8", "surrogatepass")


def validated(given: Given) -> Answer:
    """ValidateStateMachineDefinition: warnings are told for severity WARNING only (API reference)."""
    text = given["definition"]
    found = problems(text, given.get("type", "STANDARD"))
    return to_aws(found, text, severity=given.get("severity", "ERROR"), most=given.get("maxResults") or 100)


def described(found: StateMachine, version: Version | None, given: Given) -> Answer:
    """DescribeStateMachine, of the newest revision or of a version."""
    revision = found.revision if version is None else version.revision
    arn, at = (found.arn, found.created) if version is None else (version.arn, version.created)
    answer = {
        "stateMachineArn": arn,
        "name": found.name,
        "status": "ACTIVE",
        "type": found.type,
        "creationDate": moment(at),
        **revision_shown(revision, given),
    }
    if version is not None and version.description is not None:
        answer["description"] = version.description
    return answer


def revision_shown(revision: Revision, given: Given) -> Answer:
    """What every description of a machine tells of a revision."""
    metadata_only = given.get("includedData") == "METADATA_ONLY"
    answer: Answer = {
        "definition": "{}" if metadata_only else revision.definition,  # API reference, DescribeStateMachine
        "roleArn": revision.role,
        **revision.configurations.shown(),
    }
    if revision.id is not None:
        answer["revisionId"] = revision.id
    if revision.references and not metadata_only:
        answer["variableReferences"] = {state: list(names) for state, names in revision.references.items()}
    return answer


# -- configurations ----------------------------------------------------------------------------------------------------


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
