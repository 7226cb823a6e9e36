"""Activities. Sentences in quotes are recorded from AWS."""

from __future__ import annotations

import pytest
from sfn_helpers import STATES, Checked, refusal

import asl_local


@pytest.fixture
def client() -> Checked:
    return Checked(asl_local.StepFunctions(clock="virtual", seed=1))


def test_an_activity_lives(client: Checked) -> None:
    answer = client.create_activity(name="pack.it_1")
    arn = f"{STATES}:activity:pack.it_1"
    assert answer["activityArn"] == arn
    assert client.create_activity(name="pack.it_1") == answer
    assert client.describe_activity(activityArn=arn) == {
        **answer, "name": "pack.it_1", "encryptionConfiguration": {"type": "AWS_OWNED_KEY"},
    }  # fmt: skip
    assert client.list_activities() == {"activities": [{**answer, "name": "pack.it_1"}]}
    assert client.delete_activity(activityArn=arn) == {}
    assert client.delete_activity(activityArn=arn) == {}
    refused = refusal(client.describe_activity, activityArn=arn)
    assert refused == ("ActivityDoesNotExist", f"Activity Does Not Exist: '{arn}'")


@pytest.mark.parametrize("character", [*'<>{}[]?*"#%\\^|~`$&,;:/ ', "\x1f", "\x7f"])
def test_names_have_no_special_characters(client: Checked, character: str) -> None:
    name = f"activity{character}name"
    assert refusal(client.create_activity, name=name) == ("InvalidName", f"Invalid Name: '{name}'")


def test_another_key_is_another_activity(client: Checked) -> None:
    client.create_activity(name="pack")
    key = {"type": "CUSTOMER_MANAGED_KMS_KEY", "kmsKeyId": "alias/states"}
    assert refusal(client.create_activity, name="pack", encryptionConfiguration=key)[0] == "ActivityAlreadyExists"


def test_activities_have_tags(client: Checked) -> None:
    arn = client.create_activity(name="pack", tags=[{"key": "team", "value": "post"}])["activityArn"]
    assert client.list_tags_for_resource(resourceArn=arn)["tags"] == [{"key": "team", "value": "post"}]


def test_an_activitys_arn_is_one(client: Checked) -> None:
    arn = f"{STATES}:stateMachine:orders"
    expected = ("InvalidArn", "Invalid Arn: 'Resource type not valid in this context: stateMachine'")
    assert refusal(client.describe_activity, activityArn=arn) == expected
    assert refusal(client.delete_activity, activityArn="pack")[0] == "InvalidArn"
