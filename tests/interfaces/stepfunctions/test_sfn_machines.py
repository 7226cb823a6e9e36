"""State machines: names, definitions, revisions, configurations, tags. Sentences in quotes are recorded from AWS."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from sfn_helpers import ROLE, STATES, Checked, made, passing, refusal

import asl_local

ARN = f"{STATES}:stateMachine:orders"
GROUP = "arn:aws:logs:us-east-1:123456789012:log-group:/aws/states/orders:*"


@pytest.fixture
def client() -> Checked:
    return Checked(asl_local.StepFunctions(clock="virtual", seed=1))


def destination(arn: str = GROUP) -> dict[str, Any]:
    return {"cloudWatchLogsLogGroup": {"logGroupArn": arn}}


def test_a_machine_is_described_as_it_was_created(client: Checked) -> None:
    answer = client.create_state_machine(name="orders", definition=passing(), roleArn=ROLE)
    assert answer == {"stateMachineArn": ARN, "creationDate": datetime(2024, 1, 1, tzinfo=UTC)}
    assert client.describe_state_machine(stateMachineArn=ARN) == {
        "stateMachineArn": ARN,
        "name": "orders",
        "status": "ACTIVE",
        "type": "STANDARD",
        "definition": passing(),
        "roleArn": ROLE,
        "creationDate": datetime(2024, 1, 1, tzinfo=UTC),
        "loggingConfiguration": {"level": "OFF", "includeExecutionData": False},
        "tracingConfiguration": {"enabled": False},
        "encryptionConfiguration": {"type": "AWS_OWNED_KEY"},
    }


def test_metadata_only_hides_the_definition(client: Checked) -> None:
    made(client)
    assert client.describe_state_machine(stateMachineArn=ARN, includedData="METADATA_ONLY")["definition"] == "{}"


def test_the_arn_follows_region_and_account_and_an_aws_gives_them(tmp_path: Any) -> None:
    aws = asl_local.LocalAWS(tmp_path, region="eu-central-1", account="111122223333")
    assert made(asl_local.StepFunctions(aws=aws)).startswith("arn:aws:states:eu-central-1:111122223333:")
    assert made(asl_local.StepFunctions(aws)).startswith("arn:aws:states:eu-central-1:111122223333:")
    assert made(asl_local.StepFunctions(aws=aws, region="us-west-2")).startswith("arn:aws:states:us-west-2:1111")


@pytest.mark.parametrize("character", [*'<>{}[]?*"#%\\^|~`$&,;:/ ', "\t", "\x1f", "\x7f", "\x9f", "\ufffe", "\ud800"])
def test_names_have_no_special_characters(client: Checked, character: str) -> None:
    name = f"or{character}ders"
    given = {"definition": passing(), "roleArn": ROLE}
    assert refusal(client.create_state_machine, name=name, **given) == ("InvalidName", f"Invalid Name: '{name}'")


@pytest.mark.parametrize("name", ["orders.v2", "a-b_c", "A" * 80, "Bestellungen-ä", "1"])
def test_other_names_are_taken(client: Checked, name: str) -> None:
    assert made(client, name).endswith(f":stateMachine:{name}")


def test_a_name_too_long_is_a_validation_error(client: Checked) -> None:
    code, message = refusal(client.create_state_machine, name="a" * 81, definition=passing(), roleArn=ROLE)
    assert code == "ValidationException"
    assert message.endswith("at 'name' failed to satisfy constraint: Member must have length less than or equal to 80")


def test_the_same_request_again_is_the_same_machine(client: Checked) -> None:
    first = client.create_state_machine(name="orders", definition=passing(), roleArn=ROLE)
    role = "arn:aws:iam::123456789012:role/another"  # roleArn and tags do not count (API reference)
    assert first == client.create_state_machine(name="orders", definition=passing(), roleArn=role, tags=[])
    assert len(client.list_state_machines()["stateMachines"]) == 1
    assert client.describe_state_machine(stateMachineArn=ARN)["roleArn"] == ROLE


@pytest.mark.parametrize(
    "other",
    [
        {"definition": passing("other")},
        {"definition": json.dumps(json.loads(passing()), indent=1)},
        {"type": "EXPRESS"},
        {"tracingConfiguration": {"enabled": True}},
        {"publish": True},
    ],
)
def test_another_machine_of_the_same_name_exists_already(client: Checked, other: dict[str, Any]) -> None:
    made(client)
    given = {"name": "orders", "definition": passing(), "roleArn": ROLE, **other}
    expected = ("StateMachineAlreadyExists", f"State Machine Already Exists: '{ARN}'")
    assert refusal(client.create_state_machine, **given) == expected


def test_a_definition_that_aws_refuses_is_refused_in_its_words(client: Checked) -> None:
    definition = json.dumps({"StartAt": "P", "States": {"P": {"Type": "Pass", "Next": "Q"}}})
    code, message = refusal(client.create_state_machine, name="orders", definition=definition, roleArn=ROLE)
    assert code == "InvalidDefinition"
    assert message.startswith("Invalid State Machine Definition: '")
    assert "MISSING_TRANSITION_TARGET: Missing 'Next' target: Q at /States/P/Next" in message
    assert client.list_state_machines()["stateMachines"] == []


def test_yaml_is_no_definition_here(client: Checked) -> None:
    yaml = "StartAt: P\nStates:\n  P:\n    Type: Pass\n    End: true\n"
    code, message = refusal(client.create_state_machine, name="orders", definition=yaml, roleArn=ROLE)
    assert code == "InvalidDefinition"
    assert "INVALID_JSON_DESCRIPTION: Unrecognized token 'StartAt'" in message
    assert client.validate_state_machine_definition(definition=yaml)["result"] == "FAIL"


def test_a_template_is_no_definition_here(client: Checked) -> None:
    properties = {"DefinitionString": passing()}
    template = {"Resources": {"orders": {"Type": "AWS::StepFunctions::StateMachine", "Properties": properties}}}
    given = {"name": "orders", "definition": json.dumps(template), "roleArn": ROLE}
    code, message = refusal(client.create_state_machine, **given)
    assert code == "InvalidDefinition"
    assert "These fields are required: [States, StartAt]" in message
    assert client.validate_state_machine_definition(definition=json.dumps(template))["result"] == "FAIL"


def test_a_definition_is_text_and_never_a_path(client: Checked, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "orders.asl.json").write_text(passing(), "utf-8")
    monkeypatch.chdir(tmp_path)
    given = {"name": "orders", "definition": "orders.asl.json", "roleArn": ROLE}
    assert refusal(client.create_state_machine, **given)[0] == "InvalidDefinition"


def test_what_the_type_does_not_allow_is_refused(client: Checked) -> None:
    activity = f"{STATES}:activity:pack"
    definition = json.dumps({"StartAt": "T", "States": {"T": {"Type": "Task", "Resource": activity, "End": True}}})
    given = {"name": "orders", "definition": definition, "roleArn": ROLE, "type": "EXPRESS"}
    assert refusal(client.create_state_machine, **given) == (
        "InvalidDefinition",
        (
            "Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED: Express state machine does not support Activity ARN "
            "at /States/T/Resource'"
        ),
    )


def test_a_role_is_an_arn_of_a_role(client: Checked) -> None:
    given = {"name": "orders", "definition": passing(), "roleArn": "states"}
    assert refusal(client.create_state_machine, **given) == ("InvalidArn", "Invalid Role Arn: 'states'")


@pytest.mark.parametrize(
    ("arn", "why"),
    [
        ("not_a_valid_arn", "Invalid ARN prefix: not_a_valid_arn"),
        (
            "arn:aws:lambda:us-east-1:123456789012:function:f",
            "Invalid ARN prefix: arn:aws:lambda:us-east-1:123456789012:function:f",
        ),
        (f"{STATES}:express:orders:e:1", "Resource type not valid in this context: express"),
    ],
)
def test_invalid_arns(client: Checked, arn: str, why: str) -> None:
    assert refusal(client.describe_state_machine, stateMachineArn=arn) == ("InvalidArn", f"Invalid Arn: '{why}'")
    assert refusal(client.start_execution, stateMachineArn=arn) == ("InvalidArn", f"Invalid Arn: '{why}'")


@pytest.mark.parametrize(
    "method",
    [
        "describe_state_machine",
        "start_execution",
        "list_executions",
        "publish_state_machine_version",
        "list_state_machine_aliases",
    ],
)
def test_a_machine_that_is_not_there(client: Checked, method: str) -> None:
    expected = ("StateMachineDoesNotExist", f"State Machine Does Not Exist: '{ARN}'")
    assert refusal(getattr(client, method), stateMachineArn=ARN) == expected


def test_deleting_takes_versions_and_aliases_along_and_may_be_repeated(client: Checked) -> None:
    made(client, publish=True)
    client.create_state_machine_alias(
        name="live", routingConfiguration=[{"stateMachineVersionArn": f"{ARN}:1", "weight": 100}]
    )
    assert client.delete_state_machine(stateMachineArn=ARN) == {}
    assert client.delete_state_machine(stateMachineArn=ARN) == {}
    for arn in (ARN, f"{ARN}:1", f"{ARN}:live"):
        assert refusal(client.describe_state_machine, stateMachineArn=arn)[0] == "StateMachineDoesNotExist"
    made(client, publish=True)
    assert client.list_state_machine_aliases(stateMachineArn=ARN)["stateMachineAliases"] == []


def test_machines_are_listed_in_pages(client: Checked) -> None:
    for name in ("c", "a", "b"):
        made(client, name)
    first = client.list_state_machines(maxResults=2)
    assert [each["name"] for each in first["stateMachines"]] == ["a", "b"]
    client.delete_state_machine(stateMachineArn=first["stateMachines"][1]["stateMachineArn"])
    rest = client.list_state_machines(nextToken=first["nextToken"])  # what went meanwhile shifts nothing
    assert [each["name"] for each in rest["stateMachines"]] == ["c"]
    assert "nextToken" not in rest
    assert refusal(client.list_activities, nextToken=first["nextToken"])[0] == "InvalidToken"


# -- updates -----------------------------------------------------------------------------------------------------------


def test_an_update_is_a_new_revision_if_it_changes_anything(client: Checked) -> None:
    made(client)
    same = client.update_state_machine(stateMachineArn=ARN, definition=passing())
    assert set(same) == {"updateDate"}
    assert "revisionId" not in client.describe_state_machine(stateMachineArn=ARN)

    first = client.update_state_machine(stateMachineArn=ARN, definition=passing("2"))["revisionId"]
    described = client.describe_state_machine(stateMachineArn=ARN)
    assert (described["revisionId"], described["definition"]) == (first, passing("2"))
    assert client.update_state_machine(stateMachineArn=ARN, definition=passing("2"))["revisionId"] == first
    assert client.update_state_machine(stateMachineArn=ARN, roleArn=f"{ROLE}2")["revisionId"] != first
    described = client.describe_state_machine(stateMachineArn=ARN)
    assert (described["roleArn"], described["definition"]) == (f"{ROLE}2", passing("2"))


def test_an_update_says_what_to_change(client: Checked) -> None:
    made(client)
    message = (
        "Either the definition, the role ARN, the LoggingConfiguration, or the TracingConfiguration must be specified"
    )
    assert refusal(client.update_state_machine, stateMachineArn=ARN) == ("MissingRequiredParameter", message)
    assert refusal(client.update_state_machine, stateMachineArn=ARN, publish=True)[0] == "MissingRequiredParameter"


def test_a_bad_update_changes_nothing(client: Checked) -> None:
    made(client)
    assert refusal(client.update_state_machine, stateMachineArn=ARN, definition="{}")[0] == "InvalidDefinition"
    assert client.describe_state_machine(stateMachineArn=ARN)["definition"] == passing()


def test_a_version_is_not_updated(client: Checked) -> None:
    made(client, publish=True)
    assert refusal(client.update_state_machine, stateMachineArn=f"{ARN}:1", definition=passing("2"))[0] == "InvalidArn"


# -- configurations ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("level", ["ALL", "ERROR", "FATAL", "OFF"])
def test_logging_is_shown_as_configured(client: Checked, level: str) -> None:
    logging = {"level": level, "includeExecutionData": True, "destinations": [destination()]}
    made(client, loggingConfiguration=logging)
    assert client.describe_state_machine(stateMachineArn=ARN)["loggingConfiguration"] == logging


def test_incomplete_logging_is_off(client: Checked) -> None:
    made(client, "a", loggingConfiguration={})
    made(client, "b", loggingConfiguration={"destinations": []})
    off = {"level": "OFF", "includeExecutionData": False}
    shown = [client.describe_state_machine(stateMachineArn=f"{STATES}:stateMachine:{n}") for n in "ab"]
    assert [each["loggingConfiguration"] for each in shown] == [off, {**off, "destinations": []}]


@pytest.mark.parametrize(
    ("logging", "why"),
    [
        ({"level": "ALL"}, "Must specify exactly one Log Destination."),
        ({"level": "FATAL", "destinations": []}, "Must specify exactly one Log Destination."),
        ({"level": "ALL", "destinations": [destination(), destination()]}, "Must specify exactly one Log Destination."),
        (
            {"level": "ALL", "destinations": [destination(GROUP.replace("orders", "gone"))]},
            "Log Destination not found.",
        ),
        (
            {"level": "ALL", "destinations": [destination("orders")]},
            "Invalid Log Destination: the ARN of a log group ends with ':*'.",
        ),
    ],
)
def test_invalid_logging(logging: dict[str, Any], why: str) -> None:
    client = Checked(asl_local.StepFunctions(log_groups=frozenset({GROUP})))
    given = {"name": "orders", "definition": passing(), "roleArn": ROLE}
    expected = ("InvalidLoggingConfiguration", f"Invalid Logging Configuration: {why}")
    assert refusal(client.create_state_machine, **given, loggingConfiguration=logging) == expected
    made(client)
    assert refusal(client.update_state_machine, stateMachineArn=ARN, loggingConfiguration=logging) == expected


def test_what_a_caller_does_with_its_request_later_changes_nothing(client: Checked) -> None:
    logging = {"level": "ALL", "destinations": [destination()]}
    made(client, loggingConfiguration=logging)
    logging["level"] = "OFF"
    shown = client.describe_state_machine(stateMachineArn=ARN)["loggingConfiguration"]
    assert shown["level"] == "ALL"
    shown["destinations"].clear()
    assert client.describe_state_machine(stateMachineArn=ARN)["loggingConfiguration"]["destinations"]


def test_tracing_and_encryption(client: Checked) -> None:
    made(
        client,
        tracingConfiguration={"enabled": True},
        encryptionConfiguration={"type": "CUSTOMER_MANAGED_KMS_KEY", "kmsKeyId": "alias/states"},
    )
    described = client.describe_state_machine(stateMachineArn=ARN)
    assert described["tracingConfiguration"] == {"enabled": True}
    assert described["encryptionConfiguration"] == {
        "type": "CUSTOMER_MANAGED_KMS_KEY", "kmsKeyId": "alias/states", "kmsDataKeyReusePeriodSeconds": 300,
    }  # fmt: skip


@pytest.mark.parametrize(
    "encryption", [{"type": "CUSTOMER_MANAGED_KMS_KEY"}, {"type": "AWS_OWNED_KEY", "kmsKeyId": "alias/states"}]
)
def test_a_key_is_named_where_it_is_ones_own(client: Checked, encryption: dict[str, Any]) -> None:
    given = {"name": "orders", "definition": passing(), "roleArn": ROLE, "encryptionConfiguration": encryption}
    assert refusal(client.create_state_machine, **given)[0] == "InvalidEncryptionConfiguration"


# -- tags --------------------------------------------------------------------------------------------------------------


def test_tags_come_and_go(client: Checked) -> None:
    arn = made(client, tags=[{"key": "team", "value": "shop"}])
    client.tag_resource(resourceArn=arn, tags=[{"key": "stage", "value": ""}, {"key": "team", "value": "post"}])
    tags = client.list_tags_for_resource(resourceArn=arn)["tags"]
    assert tags == [{"key": "team", "value": "post"}, {"key": "stage", "value": ""}]
    client.untag_resource(resourceArn=arn, tagKeys=["team", "team", "never"])
    assert client.list_tags_for_resource(resourceArn=arn)["tags"] == [{"key": "stage", "value": ""}]


def test_tags_need_a_resource_and_have_a_limit(client: Checked) -> None:
    assert refusal(client.list_tags_for_resource, resourceArn=ARN) == (
        "ResourceNotFound",
        f"Resource not found: '{ARN}'",
    )
    arn = made(client)
    tags = [{"key": str(number), "value": ""} for number in range(51)]
    assert refusal(client.tag_resource, resourceArn=arn, tags=tags)[0] == "TooManyTags"
    assert client.list_tags_for_resource(resourceArn=arn)["tags"] == []


# -- validation --------------------------------------------------------------------------------------------------------


def test_validation_tells_what_is_wrong(client: Checked) -> None:
    assert client.validate_state_machine_definition(definition=passing()) == {
        "result": "OK", "diagnostics": [], "truncated": False,
    }  # fmt: skip
    bad = json.dumps({"StartAt": "P", "States": {"P": {"Type": "Pass"}, "Q": {"Type": "Pass"}}})
    answer = client.validate_state_machine_definition(definition=bad)
    assert answer["result"] == "FAIL"
    assert len(answer["diagnostics"]) > 1
    cut = client.validate_state_machine_definition(definition=bad, maxResults=1)
    assert (cut["diagnostics"], cut["truncated"]) == (answer["diagnostics"][:1], True)


def test_warnings_are_told_when_asked_for(client: Checked) -> None:
    warned = json.dumps({"StartAt": "P", "States": {"P": {"Type": "Pass", "Result": {"a.$": "$.a"}, "End": True}}})
    assert client.validate_state_machine_definition(definition=warned)["diagnostics"] == []
    answer = client.validate_state_machine_definition(definition=warned, severity="WARNING")
    assert answer["result"] == "OK"
    assert [each["severity"] for each in answer["diagnostics"]] == ["WARNING"]


def test_a_state_is_tested(client: Checked) -> None:
    state = json.dumps({"Type": "Pass", "Parameters": {"b.$": "$.a"}, "Next": "Q"})
    answer = client.test_state(definition=state, input='{"a": 1}', roleArn=ROLE, inspectionLevel="DEBUG")
    assert (answer["status"], answer["output"], answer["nextState"]) == ("SUCCEEDED", '{"b":1}', "Q")
    assert json.loads(answer["inspectionData"]["afterParameters"]) == {"b": 1}
    refused = refusal(client.test_state, definition=state, context="{}")
    assert refused == ("ValidationException", "Context can only be specified when a mock is specified")
