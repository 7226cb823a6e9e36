"""Versions and aliases. Sentences in quotes are recorded from AWS."""

from __future__ import annotations

from typing import Any

import pytest
from sfn_helpers import STATES, Checked, made, passing, refusal

import asl_local

ARN = f"{STATES}:stateMachine:orders"


@pytest.fixture
def client() -> Checked:
    return Checked(asl_local.StepFunctions(clock="virtual", seed=1))


def route(*weights: int) -> list[dict[str, Any]]:
    """Versions 1, 2, ... by these weights."""
    return [{"stateMachineVersionArn": f"{ARN}:{n}", "weight": weight} for n, weight in enumerate(weights, 1)]


def publish(client: Checked, count: int) -> None:
    """A machine with so many versions."""
    made(client, publish=True)
    for number in range(2, count + 1):
        client.update_state_machine(stateMachineArn=ARN, definition=passing(str(number)), publish=True)


def numbers(client: Checked, **given: Any) -> list[str]:
    listed = client.list_state_machine_versions(stateMachineArn=ARN, **given)["stateMachineVersions"]
    return [each["stateMachineVersionArn"].rpartition(":")[2] for each in listed]


def test_a_version_is_a_revision_that_stays(client: Checked) -> None:
    answer = client.create_state_machine(
        name="orders",
        definition=passing(),
        roleArn="arn:aws:iam::123456789012:role/r",
        publish=True,
        versionDescription="first",
    )
    assert answer["stateMachineVersionArn"] == f"{ARN}:1"
    client.update_state_machine(stateMachineArn=ARN, definition=passing("2"))
    described = client.describe_state_machine(stateMachineArn=f"{ARN}:1")
    assert (described["stateMachineArn"], described["description"]) == (f"{ARN}:1", "first")
    assert described["definition"] == passing()
    assert "revisionId" not in described
    assert client.describe_state_machine(stateMachineArn=ARN)["definition"] == passing("2")


def test_a_revision_has_one_version(client: Checked) -> None:
    made(client)
    first = client.publish_state_machine_version(stateMachineArn=ARN)
    assert first == client.publish_state_machine_version(stateMachineArn=ARN, description="again")
    answer = client.update_state_machine(stateMachineArn=ARN, definition=passing(), publish=True)
    assert answer["stateMachineVersionArn"] == f"{ARN}:1"
    answer = client.update_state_machine(stateMachineArn=ARN, definition=passing("2"), publish=True)
    assert answer["stateMachineVersionArn"] == f"{ARN}:2"
    assert numbers(client) == ["2", "1"]


def test_the_same_creation_again_is_the_same_version(client: Checked) -> None:
    assert made(client, publish=True) == made(client, publish=True)
    assert numbers(client) == ["1"]


def test_numbers_are_not_used_twice(client: Checked) -> None:
    publish(client, 2)
    client.delete_state_machine_version(stateMachineVersionArn=f"{ARN}:2")
    assert client.publish_state_machine_version(stateMachineArn=ARN)["stateMachineVersionArn"] == f"{ARN}:3"
    assert numbers(client) == ["3", "1"]


def test_publishing_may_insist_on_a_revision(client: Checked) -> None:
    made(client)
    assert refusal(client.publish_state_machine_version, stateMachineArn=ARN, revisionId="old") == (
        "ConflictException",
        "Failed to publish the State Machine version for revision old. The current State Machine revision is INITIAL.",
    )
    client.publish_state_machine_version(stateMachineArn=ARN, revisionId="INITIAL")
    first = client.update_state_machine(stateMachineArn=ARN, definition=passing("2"))["revisionId"]
    second = client.update_state_machine(stateMachineArn=ARN, definition=passing("3"))["revisionId"]
    assert refusal(client.publish_state_machine_version, stateMachineArn=ARN, revisionId=first) == (
        "ConflictException",
        (
            f"Failed to publish the State Machine version for revision {first}. "
            f"The current State Machine revision is {second}."
        ),
    )
    client.publish_state_machine_version(stateMachineArn=ARN, revisionId=second, description="third")
    assert client.describe_state_machine(stateMachineArn=f"{ARN}:2")["description"] == "third"


def test_a_description_needs_a_version(client: Checked) -> None:
    with pytest.raises(asl_local.AslError, match="Version description can only be set when publish is true"):
        made(client, versionDescription="first")
    made(client)
    given = {"stateMachineArn": ARN, "definition": passing("2"), "versionDescription": "second"}
    assert refusal(client.update_state_machine, **given)[0] == "ValidationException"


def test_versions_are_listed_in_pages_newest_first(client: Checked) -> None:
    publish(client, 12)
    first = client.list_state_machine_versions(stateMachineArn=ARN, maxResults=10)
    assert len(first["stateMachineVersions"]) == 10
    assert first["stateMachineVersions"][0]["stateMachineVersionArn"] == f"{ARN}:12"
    assert numbers(client, nextToken=first["nextToken"]) == ["2", "1"]
    assert client.list_state_machine_versions(stateMachineArn=f"{ARN}s") == {"stateMachineVersions": []}


def test_versions_that_are_not_there(client: Checked) -> None:
    made(client)
    assert client.delete_state_machine_version(stateMachineVersionArn=f"{ARN}:7") == {}
    assert client.delete_state_machine_version(stateMachineVersionArn=f"{ARN}s:7") == {}
    assert refusal(client.describe_state_machine, stateMachineArn=f"{ARN}:7")[0] == "StateMachineDoesNotExist"
    assert refusal(client.delete_state_machine_version, stateMachineVersionArn=ARN)[0] == "InvalidArn"


# -- aliases -----------------------------------------------------------------------------------------------------------


def test_an_alias_lives(client: Checked) -> None:
    publish(client, 2)
    alias = client.create_state_machine_alias(name="live", routingConfiguration=route(100), description="now")
    arn = alias["stateMachineAliasArn"]
    assert arn == f"{ARN}:live"
    client.update_state_machine_alias(stateMachineAliasArn=arn, description="then")
    client.update_state_machine_alias(stateMachineAliasArn=arn, routingConfiguration=route(50, 50))
    described = client.describe_state_machine_alias(stateMachineAliasArn=arn)
    assert described == {
        "stateMachineAliasArn": arn,
        "name": "live",
        "description": "then",
        "routingConfiguration": route(50, 50),
        "creationDate": alias["creationDate"],
        "updateDate": described["updateDate"],
    }
    assert client.delete_state_machine_alias(stateMachineAliasArn=arn) == {}
    assert client.delete_state_machine_alias(stateMachineAliasArn=arn) == {}
    expected = ("ResourceNotFound", "Request references a resource that does not exist.")
    assert refusal(client.update_state_machine_alias, stateMachineAliasArn=arn, description="x") == expected
    assert refusal(client.describe_state_machine_alias, stateMachineAliasArn=arn) == expected


def test_the_same_alias_again_and_another_of_its_name(client: Checked) -> None:
    publish(client, 2)
    first = client.create_state_machine_alias(name="live", routingConfiguration=route(100))
    assert first == client.create_state_machine_alias(name="live", routingConfiguration=route(100))
    code, _ = refusal(client.create_state_machine_alias, name="live", routingConfiguration=route(50, 50))
    assert code == "ConflictException"


RECEIVED = {"unqualified": [(ARN, 70), (f"{ARN}:2", 30)], "twice": [(f"{ARN}:1", 50), (f"{ARN}:1", 50)]}


@pytest.mark.parametrize(
    ("pairs", "message"),
    [
        (RECEIVED["unqualified"], f"Routing configuration must contain state machine version ARNs. Received: [{ARN}, {ARN}:2]"),
        ([(f"{ARN}:live", 100)], f"Routing configuration must contain state machine version ARNs. Received: [{ARN}:live]"),
        (RECEIVED["twice"], f"Routing configuration must contain distinct state machine version ARNs. Received: [{ARN}:1, {ARN}:1]"),
        ([(f"{ARN}:1", 70), (f"{ARN}:2", 29)], "Sum of routing configuration weights must equal 100. Received: [70, 29]"),
        ([(f"{ARN}:1", 70), (f"{ARN}:2", 31)], "Sum of routing configuration weights must equal 100. Received: [70, 31]"),
        ([(f"{ARN}:1", 50), (f"{ARN}s:1", 50)], f"Routing configuration must contain versions of one state machine. Received: [{ARN}:1, {ARN}s:1]"),
    ],
)  # fmt: skip
def test_routing_that_cannot_be(client: Checked, pairs: list[tuple[str, int]], message: str) -> None:
    publish(client, 2)
    routing = [{"stateMachineVersionArn": arn, "weight": weight} for arn, weight in pairs]
    refused = refusal(client.create_state_machine_alias, name="live", routingConfiguration=routing)
    assert refused == ("ValidationException", message)


def test_an_alias_routes_to_versions_that_exist_and_are_its_machines(client: Checked) -> None:
    publish(client, 1)
    code, _ = refusal(client.create_state_machine_alias, name="live", routingConfiguration=route(50, 50))
    assert code == "ResourceNotFound"
    arn = client.create_state_machine_alias(name="live", routingConfiguration=route(100))["stateMachineAliasArn"]
    other = made(client, "other", publish=True)
    routing = [{"stateMachineVersionArn": f"{other}:1", "weight": 100}]
    given = {"stateMachineAliasArn": arn, "routingConfiguration": routing}
    assert refusal(client.update_state_machine_alias, **given)[0] == "ValidationException"
    assert refusal(client.update_state_machine_alias, stateMachineAliasArn=arn)[0] == "ValidationException"


def test_a_version_with_an_alias_stays(client: Checked) -> None:
    publish(client, 2)
    for name in ("live", "test"):
        client.create_state_machine_alias(name=name, routingConfiguration=route(100))
    assert refusal(client.delete_state_machine_version, stateMachineVersionArn=f"{ARN}:1") == (
        "ConflictException",
        (
            "Version to be deleted must not be referenced by an alias. Current list of aliases referencing this version: "
            "[live, test]"
        ),
    )
    assert client.delete_state_machine_version(stateMachineVersionArn=f"{ARN}:2") == {}


def test_aliases_are_listed_in_the_order_of_their_creation(client: Checked) -> None:
    publish(client, 2)
    for name in ("c", "a"):
        client.create_state_machine_alias(name=name, routingConfiguration=route(100))
    client.create_state_machine_alias(name="b", routingConfiguration=route(50, 50))

    def names(answer: dict[str, Any]) -> list[str]:
        return [each["stateMachineAliasArn"].rpartition(":")[2] for each in answer["stateMachineAliases"]]

    first = client.list_state_machine_aliases(stateMachineArn=ARN, maxResults=1)
    assert names(first) == ["c"]
    assert names(client.list_state_machine_aliases(stateMachineArn=ARN, nextToken=first["nextToken"])) == ["a", "b"]
    assert names(client.list_state_machine_aliases(stateMachineArn=ARN, maxResults=0)) == ["c", "a", "b"]
    assert names(client.list_state_machine_aliases(stateMachineArn=f"{ARN}:2")) == ["b"]
    refused = refusal(client.list_state_machine_aliases, stateMachineArn=ARN, nextToken="InvalidToken")
    assert refused == ("InvalidToken", "Invalid Token: 'Invalid token'")


def test_an_alias_starts_its_versions_by_weight(client: Checked) -> None:
    publish(client, 2)
    arn = client.create_state_machine_alias(name="live", routingConfiguration=route(80, 20))["stateMachineAliasArn"]
    for _ in range(100):
        client.start_execution(stateMachineArn=arn)
    counts = [len(client.list_executions(stateMachineArn=f"{ARN}:{n}")["executions"]) for n in (1, 2)]
    assert sum(counts) == 100
    assert 70 < counts[0] < 90  # a seed, so no chance
    listed = client.list_executions(stateMachineArn=arn, maxResults=1)["executions"][0]
    assert listed["stateMachineAliasArn"] == arn
    assert listed["stateMachineVersionArn"].startswith(f"{ARN}:")
    assert refusal(client.start_execution, stateMachineArn=f"{ARN}:dead")[0] == "StateMachineDoesNotExist"
