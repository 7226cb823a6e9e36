"""Clients of anybody's: boto3's by their model, fakes by their methods; envelopes and error names are the library's."""

from __future__ import annotations

import asyncio
import base64
from datetime import UTC, datetime
from typing import Any

import pytest

import asl_local
from asl_local.resources.integrations import sdk_names


def call(service: str, client: Any, resource: str, parameters: dict[str, Any], **more: Any) -> asl_local.Result:
    state = {"Type": "Task", "Resource": f"arn:aws:states:::{resource}", "Parameters": parameters, "End": True, **more}
    machine = asl_local.load({"StartAt": "Call", "States": {"Call": state}})
    return machine.simulate({}, asl_local.Resources(services={service: client}))


class ResourceNotFoundException(Exception):
    """What a fake may raise."""


class Secrets:
    """A fake in boto3's style."""

    def __init__(self) -> None:
        self.calls: list[dict[str, Any]] = []

    def get_secret_value(self, **given: Any) -> dict[str, Any]:
        self.calls.append(given)
        if given["SecretId"] != "db":
            raise ResourceNotFoundException("Secrets Manager can't find the specified secret.")
        return {
            "Name": "db",
            "SecretString": "s3cret",
            "CreatedDate": datetime(2024, 1, 1, tzinfo=UTC),
            "SecretBinary": b"\x00",
            "ResponseMetadata": {"HTTPStatusCode": 200},
        }

    async def list_secrets(self, **_given: Any) -> dict[str, Any]:
        await asyncio.sleep(0)
        return {"SecretList": []}

    def delete_secret(self) -> None:
        raise KeyError("a bug")

    def put_secret_value(self) -> dict[str, Any]:
        return {"Bad": {1, 2} and object()}


def test_a_fake_is_called_with_the_states_parameters_and_answers_bare() -> None:
    fake = Secrets()
    result = call("secretsmanager", fake, "aws-sdk:secretsmanager:getSecretValue", {"SecretId": "db"})
    assert result.output == {
        "Name": "db",
        "SecretString": "s3cret",
        "CreatedDate": "2024-01-01T00:00:00.000Z",
        "SecretBinary": "AA==",
    }
    assert fake.calls == [{"SecretId": "db"}]


def test_an_exception_of_a_fake_is_named_by_its_class_in_awss_words() -> None:
    result = call("secretsmanager", Secrets(), "aws-sdk:secretsmanager:getSecretValue", {"SecretId": "x"})
    assert result.error == "SecretsManager.ResourceNotFoundException"
    assert result.cause is not None
    head, _, tail = result.cause.partition("Request ID: ")
    assert head == "Secrets Manager can't find the specified secret. (Service: SecretsManager, Status Code: 400, "
    assert tail[36:] == ") (SDK Attempt Count: 1)"
    assert isinstance(result.exception, ResourceNotFoundException)


def test_what_python_raises_in_a_fake_is_its_own_failure() -> None:
    result = call("secretsmanager", Secrets(), "aws-sdk:secretsmanager:deleteSecret", {})
    assert (result.error, type(result.exception)) == ("KeyError", KeyError)
    not_json = call("secretsmanager", Secrets(), "aws-sdk:secretsmanager:putSecretValue", {})
    assert not_json.error == "Runtime.MarshalError"


def test_a_fake_may_be_async() -> None:
    result = call("secretsmanager", Secrets(), "aws-sdk:secretsmanager:listSecrets", {})
    assert result.output == {"SecretList": []}


class Containers:
    """A fake whose signature has the API's small letters."""

    def run_task(self, cluster: str, taskDefinition: str, **others: Any) -> dict[str, Any]:
        return {"Tasks": [{"ClusterArn": cluster, "TaskDefinitionArn": taskDefinition}], "Failures": [], **others}


def test_an_optimised_integration_has_the_envelope_and_the_signatures_spelling() -> None:
    parameters = {"Cluster": "c", "TaskDefinition": "t", "LaunchType": "FARGATE"}
    result = call("ecs", Containers(), "ecs:runTask", parameters)
    assert result.output["Tasks"] == [{"ClusterArn": "c", "TaskDefinitionArn": "t"}]
    assert result.output["LaunchType"] == "FARGATE"
    assert result.output["SdkHttpMetadata"]["HttpStatusCode"] == 200
    assert set(result.output["SdkResponseMetadata"]) == {"RequestId"}
    assert "SdkHttpMetadata" not in call("ecs", Containers(), "aws-sdk:ecs:runTask", parameters).output


def test_an_operation_that_the_client_lacks_is_found_before_anything_runs() -> None:
    with pytest.raises(asl_local.UnknownResource) as caught:
        call("secretsmanager", Secrets(), "aws-sdk:secretsmanager:getSecretValues", {})
    assert "is no operation of the Secrets given for 'secretsmanager'; did you mean 'getSecretValue'?" in str(
        caught.value
    )


def test_a_service_that_nobody_answers_names_the_door() -> None:
    with pytest.raises(asl_local.UnknownResource) as caught:
        call("s3", Secrets(), "aws-sdk:secretmanager:getSecretValue", {})
    text = str(caught.value)
    assert "or a client for the service (resources=Resources({...}, services={'secretmanager': client}))" in text
    assert "did you mean 'secretsmanager'?" in text


@pytest.mark.parametrize(
    ("given", "service", "prefix"),
    [
        ("logs", "cloudwatchlogs", "CloudWatchLogs"),
        ("stepfunctions", "sfn", "Sfn"),
        ("cognito-idp", "cognitoidentityprovider", "CognitoIdentityProvider"),
        ("dynamodb", "dynamodb", "DynamoDb"),
        ("elbv2", "elasticloadbalancingv2", "ElasticLoadBalancingV2"),
        ("config", "config", "Config"),
        ("bedrock-runtime", "bedrockruntime", "BedrockRuntime"),
        ("states", "sfn", "Sfn"),
        ("newservice", "newservice", "Newservice"),
    ],
)
def test_services_have_the_names_of_arns_boto3_and_errors(given: str, service: str, prefix: str) -> None:
    assert sdk_names.in_arns(given) == service
    assert sdk_names.prefix(service) == prefix


def test_a_service_has_one_client() -> None:
    with pytest.raises(TypeError, match="service 'ecs': None is no client"):
        asl_local.Resources(services={"ecs": None})
    with pytest.raises(TypeError, match="service 'cloudwatchlogs': 'cloudwatchlogs' has a client already"):
        asl_local.Resources(services={"logs": Secrets(), "cloudwatchlogs": Secrets()})


def test_a_client_tells_no_jobs_end() -> None:
    with pytest.raises(asl_local.UnknownResource, match=r"waits for a job's end \(\.sync\), which no client tells"):
        call("ecs", Containers(), "ecs:runTask.sync", {"TaskDefinition": "t"})


def test_a_client_gets_the_request_of_a_task_that_waits_for_its_token() -> None:
    class Queue:
        token = ""

        def send_message(self, QueueUrl: str, MessageBody: Any) -> dict[str, Any]:
            self.token = MessageBody["token"]
            return {"MessageId": "m"}

    queue = Queue()
    state = {
        "Type": "Task",
        "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
        "Parameters": {"QueueUrl": "q", "MessageBody": {"token.$": "$$.Task.Token"}},
        "End": True,
    }
    machine = asl_local.load({"StartAt": "A", "States": {"A": state}})
    resources = asl_local.Resources(services={"sqs": queue}, workers={"A": lambda event: "answered"})
    result = machine.simulate({}, resources)
    assert result.output == "answered"
    (submitted,) = [event for event in result.history if event.type == "TaskSubmitted"]
    assert submitted.details["output"]["MessageId"] == "m"
    assert "SdkHttpMetadata" in submitted.details["output"]
    assert queue.token


def test_a_handler_wins_over_a_client_and_a_client_over_the_stand_ins(tmp_path: Any) -> None:
    arn = "arn:aws:states:::aws-sdk:sqs:listQueues"
    machine = asl_local.load({"StartAt": "A", "States": {"A": {"Type": "Task", "Resource": arn, "End": True}}})

    class Queues:
        def list_queues(self) -> dict[str, Any]:
            return {"QueueUrls": ["fake"]}

    aws = asl_local.LocalAWS(tmp_path)
    stand_in = asl_local.Resources(aws=aws)
    client = asl_local.Resources(aws=aws, services={"sqs": Queues()})
    handler = asl_local.Resources({arn: lambda event: "mine"}, aws=aws, services={"sqs": Queues()})
    assert machine.simulate({}, stand_in).output == {}
    assert machine.simulate({}, client).output == {"QueueUrls": ["fake"]}
    assert machine.simulate({}, handler).output == "mine"


def test_the_librarys_own_step_functions_client_is_one() -> None:
    client = asl_local.StepFunctions(clock="virtual", seed=1)
    made = client.create_state_machine(
        name="child",
        definition='{"StartAt": "A", "States": {"A": {"Type": "Pass", "End": true}}}',
        roleArn="arn:aws:iam::123456789012:role/r",
    )
    started = call(
        "sfn", client, "aws-sdk:sfn:startExecution",
        {"StateMachineArn": made["stateMachineArn"], "Input": {"key": "value"}, "Name": "one"},
    )  # fmt: skip
    assert started.output["ExecutionArn"].endswith(":execution:child:one")
    assert started.output["StartDate"].endswith("Z")
    described = client.describe_execution(executionArn=started.output["ExecutionArn"])
    assert described["input"] == '{"key":"value"}'
    gone = call("sfn", client, "aws-sdk:sfn:startExecution", {"StateMachineArn": made["stateMachineArn"] + "x"})
    assert gone.error == "Sfn.StateMachineDoesNotExistException"


class Bus:
    """A fake of EventBridge that rejects what has no Source."""

    def __init__(self) -> None:
        self.put: list[dict[str, Any]] = []

    def put_events(self, Entries: list[dict[str, Any]]) -> dict[str, Any]:
        self.put += Entries
        answers = [{"EventId": "e"} if "Source" in entry else {"ErrorCode": "InvalidArgument"} for entry in Entries]
        return {"FailedEntryCount": sum("ErrorCode" in answer for answer in answers), "Entries": answers}


def test_events_of_a_client_are_completed_and_rejected_ones_fail_the_task() -> None:
    bus = Bus()
    good = {"Source": "a", "DetailType": "b", "Detail": "{}", "Resources": ["r"]}
    assert call("events", bus, "events:putEvents", {"Entries": [good]}).output["FailedEntryCount"] == 0
    stem = "arn:aws:states:us-east-1:123456789012"
    ours = [f"{stem}:execution:StateMachine:execution", f"{stem}:stateMachine:StateMachine"]
    assert bus.put == [{**good, "Resources": ["r", *ours]}]
    failed = call("eventbridge", bus, "events:putEvents", {"Entries": [good, {}]})
    assert failed.error == "EventBridge.FailedEntry"
    assert '"FailedEntryCount":1' in str(failed.cause)
    bare = call("events", bus, "aws-sdk:eventbridge:putEvents", {"Entries": [{}]})
    assert (bare.output["FailedEntryCount"], bus.put[-1]) == (1, {})


# -- boto3's own clients -----------------------------------------------------------------------------------------------


@pytest.fixture
def boto3() -> Any:
    return pytest.importorskip("boto3")


def stubbed(boto3: Any, service: str) -> tuple[Any, Any]:
    stub = pytest.importorskip("botocore.stub")
    client = boto3.client(service, "us-east-1", aws_access_key_id="a", aws_secret_access_key="b")
    stubber = stub.Stubber(client)
    stubber.activate()
    return client, stubber


def test_a_boto3_client_is_called_in_its_own_spelling_and_its_answer_is_capitalised(boto3: Any) -> None:
    client, stubber = stubbed(boto3, "ecs")
    stubber.add_response(
        "run_task",
        {"tasks": [{"taskArn": "arn", "startedAt": datetime(2024, 1, 1, tzinfo=UTC)}], "failures": []},
        {
            "taskDefinition": "t",
            "overrides": {"containerOverrides": [{"name": "c", "environment": [{"name": "N", "value": "1"}]}]},
        },
    )
    environment = [{"Name": "N", "Value": "1"}]
    parameters = {
        "TaskDefinition": "t",
        "Overrides": {"ContainerOverrides": [{"Name": "c", "Environment": environment}]},
    }
    result = call("ecs", client, "ecs:runTask", parameters)
    assert result.output["Tasks"] == [{"TaskArn": "arn", "StartedAt": "2024-01-01T00:00:00.000Z"}]
    assert "SdkHttpMetadata" in result.output


def test_the_keys_of_a_boto3_map_are_the_users(boto3: Any) -> None:
    client, stubber = stubbed(boto3, "batch")
    stubber.add_response(
        "submit_job",
        {"jobName": "j", "jobId": "i"},
        {"jobName": "j", "jobQueue": "q", "jobDefinition": "d", "parameters": {"Key": "1"}},
    )
    given = {"JobName": "j", "JobQueue": "q", "JobDefinition": "d", "Parameters": {"Key": "1"}}
    assert call("batch", client, "aws-sdk:batch:submitJob", given).output == {"JobName": "j", "JobId": "i"}


def test_a_member_equals_is_spelt_equals_value(boto3: Any) -> None:
    client, stubber = stubbed(boto3, "cloudtrail")

    def selectors(name: str) -> list[Any]:
        return [{"Name": "s", "FieldSelectors": [{"Field": "eventCategory", name: ["Data"]}]}]

    stubber.add_response(
        "put_event_selectors",
        {"TrailARN": "t", "AdvancedEventSelectors": selectors("Equals")},
        {"TrailName": "t", "AdvancedEventSelectors": selectors("Equals")},
    )
    resource = "aws-sdk:cloudtrail:putEventSelectors"
    given = {"TrailName": "t", "AdvancedEventSelectors": selectors("EqualsValue")}
    result = call("cloudtrail", client, resource, given)
    assert result.output == {"TrailARN": "t", "AdvancedEventSelectors": selectors("EqualsValue")}
    refused = call("cloudtrail", client, resource, {"TrailName": "t", "AdvancedEventSelectors": selectors("Equals")})
    assert "The field 'Equals' is not supported by Step Functions" in (refused.cause or "")


def test_objects_go_out_as_json_text_and_bytes_as_base64(boto3: Any) -> None:
    client, stubber = stubbed(boto3, "stepfunctions")
    stubber.add_response(
        "start_execution",
        {"executionArn": "e", "startDate": datetime(2024, 1, 1, tzinfo=UTC)},
        {"stateMachineArn": "m", "input": '{"key":"value"}'},
    )
    started = call("sfn", client, "aws-sdk:sfn:startExecution", {"StateMachineArn": "m", "Input": {"key": "value"}})
    assert started.output == {"ExecutionArn": "e", "StartDate": "2024-01-01T00:00:00.000Z"}
    keys, stubber = stubbed(boto3, "kms")
    stubber.add_response("encrypt", {"CiphertextBlob": b"\xff"}, {"KeyId": "k", "Plaintext": b"hello"})
    plaintext = base64.b64encode(b"hello").decode()
    assert call("kms", keys, "aws-sdk:kms:encrypt", {"KeyId": "k", "Plaintext": plaintext}).output == {
        "CiphertextBlob": "/w=="
    }
    wrong = call("kms", keys, "aws-sdk:kms:encrypt", {"KeyId": "k", "Plaintext": "?"})
    assert (wrong.error, "'Plaintext' must be base64 text" in str(wrong.cause)) == ("States.Runtime", True)


def test_modelled_errors_have_their_names_and_others_the_services_general_one(boto3: Any) -> None:
    client, stubber = stubbed(boto3, "secretsmanager")
    for code in ("ResourceNotFoundException", "AccessDeniedException"):
        stubber.add_client_error("get_secret_value", code, "no", http_status_code=400)
    found = [
        call("secretsmanager", client, "aws-sdk:secretsmanager:getSecretValue", {"SecretId": "x"}) for _ in range(2)
    ]
    assert [result.error for result in found] == [
        "SecretsManager.ResourceNotFoundException",
        "SecretsManager.SecretsManagerException",
    ]
    assert all(str(result.cause).startswith("no (Service: SecretsManager, Status Code: 400, ") for result in found)


def test_a_member_that_the_api_has_not_ends_the_execution(boto3: Any) -> None:
    client, stubber = stubbed(boto3, "secretsmanager")
    stubber.add_response("get_secret_value", {})
    result = call("secretsmanager", client, "aws-sdk:secretsmanager:getSecretValue", {"SecretId": "x", "Nope": 1})
    assert result.error == "States.Runtime"
    assert "[The field 'Nope' is not supported by Step Functions]" in str(result.cause)
    missing = call("secretsmanager", client, "aws-sdk:secretsmanager:getSecretValue", {})
    assert (missing.error, "SecretId" in str(missing.cause)) == ("States.Runtime", True)


def test_names_of_operations_are_boto3s(boto3: Any) -> None:
    from asl_local.resources.integrations.clients import method_of, snake

    for service in ("rds", "s3", "iam", "memorydb", "stepfunctions"):
        client, _ = stubbed(boto3, service)
        for name, operation in client.meta.method_to_api_mapping.items():
            action = operation[:1].lower() + operation[1:]
            found = method_of(client, action)
            assert found is not None
            assert found.model.name == operation
            assert snake(action) == name


# -- handlers that stand for a service ---------------------------------------------------------------------------------


def test_a_handler_can_add_the_envelope() -> None:
    def run_task(event: Any, context: Any) -> Any:
        return asl_local.service_response({"Tasks": [], "At": datetime(2024, 1, 1, tzinfo=UTC)}, context)

    arn = "arn:aws:states:::ecs:runTask"
    machine = asl_local.load({"StartAt": "A", "States": {"A": {"Type": "Task", "Resource": arn, "End": True}}})
    output = machine.simulate({}, {arn: run_task}).output
    assert (output["Tasks"], output["At"]) == ([], "2024-01-01T00:00:00.000Z")
    request = output["SdkResponseMetadata"]["RequestId"]
    assert output["SdkHttpMetadata"]["HttpHeaders"]["x-amzn-RequestId"] == request
    assert asl_local.service_response({})["SdkResponseMetadata"]["RequestId"].startswith("0000")


# -- http:invoke and apigateway:invoke ---------------------------------------------------------------------------------

HTTP = {"ApiEndpoint": "https://api.example.com/riders", "Method": "GET"}


def test_an_http_task_gives_the_four_members() -> None:
    asked: list[Any] = []

    def server(request: dict[str, Any]) -> dict[str, Any]:
        asked.append(request)
        return {"StatusCode": 201, "Headers": {"Content-Type": "application/json"}, "ResponseBody": {"id": 7}}

    assert call("http", server, "http:invoke", HTTP).output == {
        "Headers": {"Content-Type": ["application/json"]},
        "ResponseBody": {"id": 7},
        "StatusCode": 201,
        "StatusText": "Created",
    }
    assert asked == [HTTP]


@pytest.mark.parametrize(
    ("service", "answer", "error", "cause"),
    [
        ("http", {"StatusCode": 404, "ResponseBody": "none"}, "States.Http.StatusCode.404", "none"),
        ("http", {"StatusCode": 503, "ResponseBody": {"a": 1}}, "States.Http.StatusCode.503", '{"a":1}'),
        ("http", {"StatusCode": 301}, "States.Http.StatusCode.301", ""),
        ("apigateway", {"StatusCode": 403, "ResponseBody": {"message": "no"}}, "ApiGateway.403", '{"message":"no"}'),
        ("http", ConnectionRefusedError("refused"), "States.Http.Socket", "refused"),
        ("apigateway", ConnectionRefusedError("refused"), "ApiGateway.SdkClientException", "refused"),
        ("http", asl_local.StateError("Mine", "why"), "Mine", "why"),
    ],
)
def test_a_status_that_is_not_2xx_is_an_error(service: str, answer: Any, error: str, cause: str) -> None:
    def server(_request: dict[str, Any]) -> Any:
        if isinstance(answer, Exception):
            raise answer
        return answer

    result = call(service, server, f"{service}:invoke", HTTP)
    assert (result.status, result.error, result.cause) == ("FAILED", error, cause)


def test_a_response_of_an_http_library_will_do() -> None:
    class Response:
        status_code = 200
        reason = "OK"
        headers = {"content-type": "application/json; charset=utf-8"}  # noqa: RUF012
        text = '{"id": 7}'

    class Server:
        async def invoke(self, _request: dict[str, Any]) -> Response:
            await asyncio.sleep(0)
            return Response()

    output = call("http", Server(), "http:invoke", HTTP).output
    assert (output["ResponseBody"], output["StatusText"]) == ({"id": 7}, "OK")
    broken = call("http", lambda request: 7, "http:invoke", HTTP)
    assert (broken.error, "a dict with StatusCode" in str(broken.cause)) == ("TypeError", True)


@pytest.mark.parametrize(
    ("headers", "problem"),
    [
        ({"X-Name": "text"}, "[The value of the field 'Headers' has an invalid format]"),
        ({"X-Name": ["text"]}, None),
        ({"X-Name": ["a", "b"]}, None),
    ],
)
def test_the_headers_of_api_gateway_are_lists(headers: Any, problem: str | None) -> None:
    result = call("apigateway", lambda request: {}, "apigateway:invoke", {**HTTP, "Headers": headers})
    if problem is None:
        assert result.status == "SUCCEEDED"
    else:
        assert result.error == "States.Runtime"
        assert problem in str(result.cause)
        assert [event.type for event in result.history][1:] == ["TaskStateEntered", "ExecutionFailed"]
