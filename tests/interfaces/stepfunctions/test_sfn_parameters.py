"""The table of parameters is the service model's, and what boto3 says of a bad request is said here."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.model import Shape as ModelShape
from botocore.validate import ParamValidator
from sfn_helpers import ROLE, STATES, Checked, made, passing, refusal, service_model

import asl_local
from asl_local.interfaces.stepfunctions.operations import ERRORS, MISSING, OPERATIONS
from asl_local.interfaces.stepfunctions.parameters import Flag, ListOf, Number, Shape, Struct, Text, check_as_boto3

MACHINE = f"{STATES}:stateMachine:orders"


@pytest.fixture
def client() -> Checked:
    return Checked(asl_local.StepFunctions(clock="virtual", seed=1))


def test_every_operation_of_the_service_is_offered_or_listed_as_missing() -> None:
    assert set(OPERATIONS) | set(MISSING) == set(service_model().operation_names)
    assert not set(OPERATIONS) & set(MISSING)


def test_the_exceptions_are_the_service_models() -> None:
    assert set(ERRORS) == {shape.name for shape in service_model().error_shapes}


@pytest.mark.parametrize("name", OPERATIONS)
def test_the_table_is_the_service_models(name: str) -> None:
    shape = service_model().operation_model(name).input_shape
    assert shape is not None
    same(OPERATIONS[name], shape, name)


def same(ours: Shape, theirs: ModelShape, place: str) -> None:
    limits = {key: theirs.metadata.get(key) for key in ("min", "max")}
    if isinstance(ours, Struct):
        assert theirs.type_name == "structure", place
        assert {*ours.members, *ours.refused} == set(theirs.members), place
        assert sorted(ours.required) == sorted(theirs.required_members), place
        assert ours.name in ("", theirs.name), place
        for member, shape in ours.members.items():
            same(shape, theirs.members[member], f"{place}.{member}")
    elif isinstance(ours, ListOf):
        assert theirs.type_name == "list", place
        assert (ours.shortest, ours.longest) == (limits["min"] or 0, limits["max"]), place
        same(ours.member, theirs.member, f"{place}[]")
    elif isinstance(ours, Text):
        assert theirs.type_name == "string", place
        assert (ours.shortest, ours.longest) == (limits["min"] or 0, limits["max"]), place
        assert set(ours.choices) == set(theirs.enum), place
        assert ours.pattern == theirs.metadata.get("pattern"), place
    elif isinstance(ours, Number):
        assert theirs.type_name == ("float" if ours.fraction else "integer"), place
        assert (ours.least, ours.most) == (limits["min"], limits["max"]), place
    else:
        assert isinstance(ours, Flag)
        assert theirs.type_name == "boolean", place


BAD: list[tuple[str, dict[str, Any]]] = [
    ("CreateStateMachine", {}),
    ("CreateStateMachine", {"name": "", "definition": 1, "roleArn": None}),
    ("CreateStateMachine", {"name": "a", "definition": "{}", "roleArn": ROLE, "publish": "yes", "type": 5}),
    ("CreateStateMachine", {"name": "a", "definition": "{}", "roleArn": ROLE, "loggingConfiguration": {"level": None}}),
    (
        "CreateStateMachine",
        {
            "name": "a",
            "definition": "{}",
            "roleArn": ROLE,
            "encryptionConfiguration": {"kmsDataKeyReusePeriodSeconds": 1},
        },
    ),
    ("ListExecutions", {"stateMachineArn": MACHINE, "maxResults": -1, "nextToken": ""}),
    ("ListExecutions", {"stateMachineArn": MACHINE, "maxResults": "1"}),
    ("TagResource", {"resourceArn": MACHINE, "tags": [{"key": "", "value": "v"}, {"key": 1}, "x"]}),
    ("TagResource", {"resourceArn": MACHINE, "tags": {"key": "value"}}),
    ("UntagResource", {"resourceArn": MACHINE, "tagKeys": ["", None]}),
    ("CreateStateMachineAlias", {"name": "a", "routingConfiguration": []}),
    ("CreateStateMachineAlias", {"routingConfiguration": [{"weight": -1}, {"stateMachineVersionArn": ""}]}),
    ("UpdateStateMachine", {"stateMachineArn": MACHINE, "definition": None, "roleArn": None}),
]


@pytest.mark.parametrize(("name", "request_"), BAD)
def test_what_boto3_refuses_is_refused_in_its_words(client: Checked, name: str, request_: dict[str, Any]) -> None:
    report = ParamValidator().validate(request_, service_model().operation_model(name).input_shape)
    assert report.has_errors()
    method = next(m for m in dir(client.client) if getattr(getattr(client.client, m, None), "api_name", "") == name)
    code, message = refusal(getattr(client, method), **request_)
    assert code == "ParamValidationError"
    assert message == f"Parameter validation failed:\n{report.generate_report()}"


def test_an_unknown_parameter_is_named_with_a_hint(client: Checked) -> None:
    code, message = refusal(client.describe_state_machine, stateMachineArn=MACHINE, includeData="ALL_DATA")
    assert code == "ParamValidationError"
    assert 'Unknown parameter in input: "includeData", must be one of: stateMachineArn, includedData' in message
    assert 'did you mean "includedData"?' in message


def test_a_parameter_that_is_not_supported_is_refused_with_the_reason() -> None:
    shape = Struct({"a": Text()}, refused={"b": "there is no b here"})
    with pytest.raises(asl_local.AslError, match='Parameter "b" in input is not supported here: there is no b here'):
        check_as_boto3("Do", shape, {"a": "", "b": 1})


def test_positional_arguments_are_refused(client: Checked) -> None:
    with pytest.raises(TypeError, match="only accepts keyword arguments"):
        client.client.describe_state_machine(MACHINE)


# The words of these are recorded.
@pytest.mark.parametrize(
    ("given", "detail"),
    [
        ({"maxResults": 1001}, "Value '1001' at 'maxResults' failed to satisfy constraint: Member must have value less than or equal to 1000"),
        (
            {"statusFilter": "succeeded"},
            ("Value 'succeeded' at 'statusFilter' failed to satisfy constraint: Member must satisfy enum value set: "
            "[SUCCEEDED, TIMED_OUT, PENDING_REDRIVE, ABORTED, FAILED, RUNNING]"),
        ),
        (
            {"nextToken": "x" * 3097},
            f"Value '{'x' * 3097}' at 'nextToken' failed to satisfy constraint: Member must have length less than or equal to 3096",
        ),
    ],
)  # fmt: skip
def test_the_service_counts_and_names_what_it_finds(client: Checked, given: dict[str, Any], detail: str) -> None:
    made(client)
    refused = refusal(client.list_executions, stateMachineArn=MACHINE, **given)
    assert refused == ("ValidationException", f"1 validation error detected: {detail}")


def test_two_validation_errors_are_counted(client: Checked) -> None:
    code, message = refusal(client.list_executions, stateMachineArn=MACHINE, maxResults=1001, statusFilter="x")
    assert code == "ValidationException"
    assert message.startswith("2 validation errors detected: Value '1001' at 'maxResults'")
    assert "; Value 'x' at 'statusFilter' failed" in message


def test_lists_and_structures_are_shown_as_java_prints_them(client: Checked) -> None:
    version = f"{MACHINE}:1"
    routes = [{"weight": weight, "stateMachineVersionArn": version} for weight in (50, 30, 20)]
    shown = ", ".join(
        f"RoutingConfigurationListItem(stateMachineVersionArn={version}, weight={weight})" for weight in (50, 30, 20)
    )
    assert refusal(client.create_state_machine_alias, name="live", routingConfiguration=routes) == (
        "ValidationException",
        (
            f"1 validation error detected: Value '[{shown}]' at 'routingConfiguration' failed to satisfy constraint: "
            "Member must have length less than or equal to 2"
        ),
    )


def test_a_member_of_a_list_is_named_by_its_number(client: Checked) -> None:
    route = {"stateMachineVersionArn": f"{MACHINE}:1", "weight": 101}
    assert refusal(client.create_state_machine_alias, name="live", routingConfiguration=[route]) == (
        "ValidationException",
        (
            "1 validation error detected: Value '101' at 'routingConfiguration.1.member.weight' failed to satisfy constraint: "
            "Member must have value less than or equal to 100"
        ),
    )


def test_a_pattern_of_the_service_model_holds(client: Checked) -> None:
    arn = made(client, publish=True)
    route = {"stateMachineVersionArn": f"{arn}:1", "weight": 100}
    code, message = refusal(client.create_state_machine_alias, name="12", routingConfiguration=[route])
    assert code == "ValidationException"
    assert r"Member must satisfy regular expression pattern: ^(?=.*[a-zA-Z_\-\.])[a-zA-Z0-9_\-\.]+$" in message
    code, message = refusal(client.start_execution, stateMachineArn=arn, traceHeader="Root=ü")
    assert code == "ValidationException"
    assert r"\p{ASCII}*" in message


def test_an_operation_that_is_missing_says_what_to_do(client: Checked) -> None:
    with pytest.raises(AttributeError, match="no 'update_map_run': a Map run takes its limits from the definition"):
        _ = client.client.update_map_run
    with pytest.raises(AttributeError, match='did you mean "start_execution"'):
        _ = client.client.start_executions


def test_errors_carry_their_operation_and_are_caught_by_name() -> None:
    client = asl_local.StepFunctions()
    with pytest.raises(client.exceptions.StateMachineDoesNotExist) as raised:
        client.describe_state_machine(stateMachineArn=MACHINE)
    assert str(raised.value) == (
        "An error occurred (StateMachineDoesNotExist) when calling the DescribeStateMachine operation: "
        f"State Machine Does Not Exist: '{MACHINE}'"
    )
    assert raised.value.operation_name == "DescribeStateMachine"


def test_answers_have_boto3s_metadata() -> None:
    client = asl_local.StepFunctions()
    answer = client.create_state_machine(name="orders", definition=passing(), roleArn=ROLE)
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200
