"""Answers a recorded case as the conformance corpus wants it: `run(case) -> dict`.

Knows: the corpus's format. Must never know: a case. Functions behave as the case describes them, other services replay
what AWS recorded, time is virtual, so a case that waits a minute takes none.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable
from typing import Any

from api_requests import Requests
from replay import Replay

import asl_local
from asl_local.definition import creation_error, to_aws
from asl_local.services.errors import ClientError


def run(case: dict[str, Any]) -> dict[str, Any]:
    kind = case["kind"]
    if kind == "execution":
        return _execution(case)
    if kind == "validate_definition":
        return _validation(case)
    if kind == "create_state_machine":
        return _creation(case)
    if kind == "api":
        return {"steps": Requests(case).answers()}
    if kind == "test_state":
        return _test_state(case)
    return {"unsupported": f"cases of kind {kind}"}


def _execution(case: dict[str, Any]) -> dict[str, Any]:
    environment = case["environment"]
    identity = asl_local.Identity(
        execution_arn=environment["execution_arn"],
        execution_name=environment["execution_name"],
        machine_arn=environment["state_machine_arn"],
        machine_name=environment["state_machine_name"],
        role_arn=environment["role_arn"],
        region=environment["region"],
        redrivable="start_sync_execution" not in case["expected"],
    )
    try:
        machine = asl_local.load(
            case["definition"], type=case.get("type") or "STANDARD", name=environment["state_machine_name"]
        )
    except asl_local.InvalidDefinition as error:
        return {"unsupported": str(error)}
    events: list[asl_local.Event] = []
    try:
        with tempfile.TemporaryDirectory() as folder:
            result = machine.simulate(
                {} if case.get("input_omitted") else case["input"],
                resources=_resources(case, machine, _stand_ins(case, folder)),
                identity=identity,
                start=float(int(time.time())),
                mock_config=case.get("mock_config"),
                test_case=case.get("mock_test_name"),
                on_event=events.append,
            )
    except asl_local.ExecutionHangs:
        history = [{k: v for k, v in event.to_aws().items() if k != "timestamp"} for event in events]
        return {"status": "RUNNING", "output_value": None, "error": None, "cause": None, "history": history}
    except asl_local.UnknownResource as error:
        return {"unsupported": str(error)}
    history = [{k: v for k, v in event.items() if k != "timestamp"} for event in result.history.to_aws()]
    stop = case.get("stop_after_seconds")
    if stop is not None and result.history[-1].at > result.history[0].at + stop:
        end = result.history[0].at + stop
        seen = [event for event, at in zip(history, result.history, strict=True) if at.at <= end]
        return {"status": "RUNNING", "output_value": None, "error": None, "cause": None, "history": seen}
    if "parallel_events_sorted" in case.get("compare_notes", []):
        # Those recordings lost the events that end a block (the ids of what follows still count them).
        lost = ("ParallelStateSucceeded", "ParallelStateFailed")
        history = [event for event in history if event["type"] not in lost]
    return {
        "status": result.status,
        "output_value": result.output,
        "error": result.error,
        "cause": result.cause,
        "history": history,
    }


def _stand_ins(case: dict[str, Any], folder: str) -> asl_local.LocalAWS | None:
    """S3 with the case's objects, for the readers and writers of Map states."""
    buckets = (case.get("resources") or {}).get("s3")
    if buckets is None:
        return None
    aws = asl_local.LocalAWS(folder, account=case["environment"]["account"])
    s3 = aws.client("s3")
    for bucket, objects in buckets.items():
        s3.create_bucket(Bucket=bucket)
        for key, text in objects.items():
            s3.put_object(Bucket=bucket, Key=key, Body=text)
    return aws


def _resources(case: dict[str, Any], machine: asl_local.Machine, aws: asl_local.LocalAWS | None) -> asl_local.Resources:
    resources = case.get("resources") or {}
    handlers: dict[str, Callable[..., Any]] = {}
    for name, function in (resources.get("functions") or {}).items():
        if not function.get("deleted"):
            handlers[name] = _function(function)
    replay = Replay(resources.get("calls") or [])
    activities = {arn: each for arn, each in (resources.get("activities") or {}).items() if not each.get("deleted")}
    for state in machine.plan.tasks():
        resource = state.resource
        assert resource is not None
        if resource.kind == "lambda":
            if asl_local.Resources(handlers).find(resource.arn) is None:
                handlers[resource.arn] = replay.handler(resource.arn)
        elif resource.kind == "activity":
            worker = activities.get(resource.arn, {}).get("worker_name")
            handlers[resource.arn] = replay.handler(resource.arn, worker)
        elif (resource.service, resource.action) != ("lambda", "invoke"):
            handlers[resource.arn] = replay.handler(resource.arn)
    causes = [str(outcome.get("cause")) for call in resources.get("calls") or [] for outcome in call["outcome"]]
    refused = any("is not authorized to assume the task state's role" in cause for cause in causes)
    return asl_local.Resources(handlers, activities=activities, aws=aws, roles=() if refused else None)


def _function(function: dict[str, Any]) -> Callable[[Any, Any], Any]:
    def behave(event: Any, context: Any) -> Any:
        kind = function["behaviour"]
        if kind == "identity":
            return event
        if kind == "constant":
            return function["value"]
        if kind == "large-string":
            return function["char"] * function["length"]
        if kind == "python-format":
            return function["format"].format(event=event)
        if kind == "sleep":
            context.sleep(function["seconds"])
            then = function.get("then")
            return _function(then)(event, context) if then else None
        if kind == "raise":
            cause = {
                "errorMessage": function["errorMessage"],
                "errorType": function["errorType"],
                "requestId": context.aws_request_id,
                "stackTrace": function["stackTrace"],
            }
            raise asl_local.StateError(function["errorType"], json.dumps(cause))
        raise AssertionError(f"a function that should {kind}")

    return behave


def _validation(case: dict[str, Any]) -> dict[str, Any]:
    definition = case["definition_text"] if "definition_text" in case else case["definition"]
    text = definition if isinstance(definition, str) else json.dumps(definition)
    request = case["request"]
    found = asl_local.validate(text.encode(), type=request.get("type") or "STANDARD")
    answer = to_aws(found, text, severity=request.get("severity") or "ERROR", most=request.get("maxResults") or 100)
    return {"response": answer}


def _creation(case: dict[str, Any]) -> dict[str, Any]:
    message = creation_error(asl_local.validate(case["definition"], type=case.get("type") or "STANDARD"))
    if message is None:
        return {"response": {}}
    return {"exception": {"code": "InvalidDefinition", "message": message}}


def _test_state(case: dict[str, Any]) -> dict[str, Any]:
    functions = (case.get("resources") or {}).get("functions") or {}
    handlers = {name: _function(function) for name, function in functions.items() if not function.get("deleted")}
    try:
        response = asl_local.test_state(json.dumps(case["definition"]), resources=handlers, **case["request"])
    except ClientError as error:
        return {"exception": {"code": error.code, "message": error.message}}
    return {"response": response}
