"""State machines: definitions, revisions, and how they change.

Knows: what CreateStateMachine, UpdateStateMachine and DescribeStateMachine answer and refuse. Must never know: how an
execution runs. A machine is its newest revision; published versions are older ones that stay (versions.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from asl_local.definition import creation_error, json_text, to_aws
from asl_local.definition.references import variable_references
from asl_local.errors import Diagnostic, InvalidDefinition
from asl_local.interfaces.machine import Machine, load, validate
from asl_local.interfaces.stepfunctions import arns
from asl_local.interfaces.stepfunctions.configurations import Configurations, configured, tagged
from asl_local.interfaces.stepfunctions.parameters import validation_error
from asl_local.services.errors import ClientError, client_error
from asl_local.services.parameters import Answer, Given

if TYPE_CHECKING:
    from asl_local.interfaces.stepfunctions.client import StepFunctions
    from asl_local.interfaces.stepfunctions.versions import Alias, Version

INITIAL = "INITIAL"
"""What the first revision is called where a revision must be named (API reference, PublishStateMachineVersion)."""


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


def create(client: StepFunctions, given: Given) -> StateMachine:
    """CreateStateMachine; idempotent by name, definition, type, configurations, publish and versionDescription."""
    here, name = "CreateStateMachine", given["name"]
    arns.check_name(name, here)
    arns.check_role(given["roleArn"], here)
    kind = given.get("type", "STANDARD")
    check_description(given, here)
    configurations = configured(given, Configurations(), client.log_group_exists, here)
    machine = read(given["definition"], kind, name, here)
    arn = client.partition.make("stateMachine", name)
    published_with = (bool(given.get("publish")), given.get("versionDescription"))
    existing = client.machines.get(arn)
    if existing is not None:
        newest = existing.revision
        same = (newest.definition, existing.type, newest.configurations, existing.published_with)
        if same == (given["definition"], kind, configurations, published_with):
            return existing
        raise client_error("StateMachineAlreadyExists", f"State Machine Already Exists: '{arn}'", here)
    references = variable_references(machine.definition)
    revision = Revision(None, given["definition"], given["roleArn"], configurations, machine, references)
    now = client.now()
    made = StateMachine(
        arn, name, kind, now, client.next_serial(), revision, now, published_with, tagged({}, given, here)
    )
    client.machines[arn] = made
    return made


def update(client: StepFunctions, found: StateMachine, given: Given) -> None:
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
    configurations = configured(given, before.configurations, client.log_group_exists, here)
    definition = given.get("definition", before.definition)
    if (definition, role, configurations) != (before.definition, before.role, before.configurations):
        machine, references = before.machine, before.references
        if definition != before.definition:
            machine = read(definition, found.type, found.name, here)
            references = variable_references(machine.definition)
        found.revision = Revision(client.new_id(), definition, role, configurations, machine, references)
    found.updated = client.now()


def check_description(given: Given, operation: str) -> None:
    """A description of a version that nobody publishes is refused."""
    if "versionDescription" in given and not given.get("publish"):
        raise validation_error("Version description can only be set when publish is true", operation)


def read(text: str, kind: str, name: str, operation: str) -> Machine:
    """The machine of a definition. Raises InvalidDefinition in AWS's words, or in ours for what only we refuse."""
    found = problems(text, kind)
    message = creation_error(found)
    if message is None:
        try:
            machine = load(text.encode("utf-8", "surrogatepass"), name=name)
            if not machine.unresolved:
                return machine
            found = list(machine.unresolved)
        except InvalidDefinition as error:
            found = error.diagnostics
        texts = [f"{d.code}: {d.message} at {d.path or '/'}" for d in found if d.severity == "ERROR"]
        message = f"Invalid State Machine Definition: '{', '.join(texts)}'"
    raise client_error("InvalidDefinition", message, operation)


def problems(text: str, kind: str) -> list[Diagnostic]:
    """What is wrong with a definition that must be JSON: YAML, which the library reads too, is none here."""
    try:
        json_text.load(text)
    except json_text.UnreadableText as error:
        if text.strip():
            return [
                Diagnostic("INVALID_JSON_DESCRIPTION", "ERROR", "", fault.line, fault.column, fault.message, None)
                for fault in error.faults
            ]
    return validate(text.encode("utf-8", "surrogatepass"), type=kind)


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
