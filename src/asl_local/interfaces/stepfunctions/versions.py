"""Versions and aliases: revisions that were published, and names that route to one or two of them.

Knows: numbering, routing, and what refers to what. Must never know: how an execution runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from asl_local.interfaces.stepfunctions import arns
from asl_local.interfaces.stepfunctions.machines import INITIAL, Revision, StateMachine, does_not_exist, moment
from asl_local.interfaces.stepfunctions.parameters import validation_error
from asl_local.lazy import dataclass, field
from asl_local.services.errors import ClientError, client_error
from asl_local.services.parameters import Answer, Given

if TYPE_CHECKING:
    from asl_local.interfaces.stepfunctions.account import Account


@dataclass(frozen=True, slots=True)
class Version:
    """A published revision."""

    number: int
    arn: str
    revision: Revision = field(repr=False)
    description: str | None
    created: float


@dataclass(slots=True)
class Alias:
    """A name for one or two versions; `routes` are their ARNs with weights that sum up to 100."""

    name: str
    arn: str
    description: str | None
    routes: list[tuple[str, int]]
    created: float
    updated: float
    serial: int


# -- versions ----------------------------------------------------------------------------------------------------------


def publish(account: Account, found: StateMachine, description: str | None) -> Version:
    """The version of the newest revision: the one it has already, or a new one. Numbers are never used twice (recorded)."""
    for version in found.versions.values():
        if version.revision is found.revision:
            return version
    number = found.next_version
    made = Version(number, f"{found.arn}:{number}", found.revision, description, account.now())
    found.versions[number] = made
    found.next_version += 1
    return made


def check_revision(found: StateMachine, given: Given, operation: str) -> None:
    """Raises ConflictException if the request means another revision than the newest."""
    newest = found.revision.id or INITIAL
    wanted = given.get("revisionId", newest)
    if wanted != newest:
        text = (
            f"Failed to publish the State Machine version for revision {wanted}. "
            f"The current State Machine revision is {newest}."
        )
        raise client_error("ConflictException", text, operation)


def delete_version(account: Account, arn: str, operation: str) -> None:
    """Raises ConflictException while an alias routes to it; one that is not there is no error."""
    told = arns.machine_arn(arn, operation)
    number = arns.version_number(told.qualifier)
    if number is None:
        raise arns.invalid_arn(f"Invalid ARN of a state machine version: {arn}", operation)
    found = account.machines.get(told.machine)
    if found is None:
        return
    names = [alias.name for alias in found.aliases.values() if any(route == arn for route, _ in alias.routes)]
    if names:
        text = (
            "Version to be deleted must not be referenced by an alias. "
            f"Current list of aliases referencing this version: [{', '.join(names)}]"
        )
        raise client_error("ConflictException", text, operation)
    found.versions.pop(number, None)


def unqualified(account: Account, arn: str, operation: str) -> StateMachine:
    """The machine of an ARN that names no version and no alias."""
    found = account.machines.get(arns.unqualified(arn, operation))
    if found is None:
        raise does_not_exist(arn, operation)
    return found


def resolve(account: Account, arn: str, operation: str) -> tuple[StateMachine, Version | None, Alias | None]:
    """What an ARN of a machine, a version or an alias names; an alias draws one of its versions.

    Raises InvalidArn and StateMachineDoesNotExist.
    """
    told = arns.machine_arn(arn, operation)
    found = account.machines.get(told.machine)
    if found is None:
        raise does_not_exist(arn, operation)
    if told.qualifier is None:
        return found, None, None
    number = arns.version_number(told.qualifier)
    alias = None
    if number is None:
        alias = found.aliases.get(told.qualifier)
        if alias is None:
            raise does_not_exist(arn, operation)
        number = arns.version_number(_drawn(alias, account.draw()).rpartition(":")[2])
    version = found.versions.get(number) if number is not None else None
    if version is None:
        raise does_not_exist(arn, operation)
    return found, version, alias


def _drawn(alias: Alias, chance: float) -> str:
    """The version's ARN at this place (0 <= chance < 1) of the weights laid end to end."""
    total = 0
    for arn, weight in alias.routes:
        total += weight
        if chance * 100 < total:
            return arn
    return alias.routes[-1][0]


# -- aliases -----------------------------------------------------------------------------------------------------------


def create_alias(account: Account, given: Given) -> Alias:
    """CreateStateMachineAlias; idempotent by name, description and routing (API reference)."""
    here, name = "CreateStateMachineAlias", given["name"]
    found, routes = _routes(account, given, here)
    description = given.get("description")
    existing = found.aliases.get(name)
    if existing is not None:
        if (existing.description, existing.routes) == (description, routes):
            return existing
        text = "Failed to create alias because an alias with the same name and a different routing configuration already exists."
        raise client_error("ConflictException", text, here)
    now = account.now()
    alias = Alias(name, f"{found.arn}:{name}", description, routes, now, now, account.next_serial())
    found.aliases[name] = alias
    return alias


def update_alias(account: Account, given: Given) -> Alias:
    """UpdateStateMachineAlias: the description, the routing, or both."""
    here = "UpdateStateMachineAlias"
    found, alias = find_alias(account, given["stateMachineAliasArn"], here)
    if "description" not in given and "routingConfiguration" not in given:
        raise validation_error("Either the description or the routing configuration must be specified", here)
    if "routingConfiguration" in given:
        owner, routes = _routes(account, given, here)
        if owner is not found:
            raise validation_error(
                f"Routing configuration must contain versions of {found.arn}. Received: {_listed(routes)}", here
            )
        alias.routes = routes
    alias.description = given.get("description", alias.description)
    alias.updated = account.now()
    return alias


def delete_alias(account: Account, arn: str, operation: str) -> None:
    """An alias that is not there is no error (recorded)."""
    told = arns.machine_arn(arn, operation)
    found = account.machines.get(told.machine)
    if found is not None and told.qualifier is not None:
        found.aliases.pop(told.qualifier, None)


def find_alias(account: Account, arn: str, operation: str) -> tuple[StateMachine, Alias]:
    """Raises ResourceNotFound (recorded for UpdateStateMachineAlias)."""
    told = arns.machine_arn(arn, operation)
    found = account.machines.get(told.machine)
    alias = found.aliases.get(told.qualifier or "") if found is not None else None
    if found is None or alias is None:
        raise _not_found(operation)
    return found, alias


def _not_found(operation: str) -> ClientError:
    return client_error("ResourceNotFound", "Request references a resource that does not exist.", operation)


def alias_shown(alias: Alias) -> Answer:
    """DescribeStateMachineAlias."""
    answer: Answer = {
        "stateMachineAliasArn": alias.arn,
        "name": alias.name,
        "routingConfiguration": [{"stateMachineVersionArn": arn, "weight": weight} for arn, weight in alias.routes],
        "creationDate": moment(alias.created),
        "updateDate": moment(alias.updated),
    }
    if alias.description is not None:
        answer["description"] = alias.description
    return answer


def _routes(account: Account, given: Given, operation: str) -> tuple[StateMachine, list[tuple[str, int]]]:
    """The checked routing and the machine whose versions it names; refusals in the recorded words and order."""
    routes = [(item["stateMachineVersionArn"], item["weight"]) for item in given["routingConfiguration"]]
    told = [arns.machine_arn(arn, operation) for arn, _ in routes]
    if any(arns.version_number(each.qualifier) is None for each in told):
        text = f"Routing configuration must contain state machine version ARNs. Received: {_listed(routes)}"
        raise validation_error(text, operation)
    if len({arn for arn, _ in routes}) < len(routes):
        text = f"Routing configuration must contain distinct state machine version ARNs. Received: {_listed(routes)}"
        raise validation_error(text, operation)
    if len({each.machine for each in told}) > 1:
        text = f"Routing configuration must contain versions of one state machine. Received: {_listed(routes)}"
        raise validation_error(text, operation)
    weights = [weight for _, weight in routes]
    if sum(weights) != 100:
        listed = ", ".join(map(str, weights))
        raise validation_error(f"Sum of routing configuration weights must equal 100. Received: [{listed}]", operation)
    found = account.machines.get(told[0].machine)
    numbers = [arns.version_number(each.qualifier) for each in told]
    if found is None or not all(number in found.versions for number in numbers):
        raise _not_found(operation)
    return found, routes


def _listed(routes: Sequence[tuple[str, int]]) -> str:
    return "[" + ", ".join(arn for arn, _ in routes) + "]"
