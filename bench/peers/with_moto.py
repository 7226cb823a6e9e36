"""moto's interpreter, through boto3 as its users have it.

moto runs a Lambda function in Docker or answers for it; here the backend that answers calls our Python functions instead.
"""

from __future__ import annotations

import io
import itertools
import json
import os
import time
import zipfile
from collections.abc import Callable
from typing import Any

os.environ |= {
    "AWS_ACCESS_KEY_ID": "bench",
    "AWS_SECRET_ACCESS_KEY": "bench",
    "AWS_DEFAULT_REGION": "us-east-1",
}

import boto3
import moto
from moto.awslambda_simple import models
from protocol import function_of, resources_of, serve, workload

LONGEST_PAUSE = 0.05  # seconds; who asks more often takes the interpreter's time away
ROLE = "arn:aws:iam::123456789012:role/bench"


def answer(_: Any, function_name: str, __: Any, body: Any, *___: Any) -> bytes:
    return json.dumps(function_of(function_name)(json.loads(body))).encode()


def make_functions(names: set[str]) -> None:
    """The Lambda functions must exist, with some code and a role."""
    models.LambdaSimpleBackend.invoke = answer
    boto3.client("iam").create_role(RoleName="bench", AssumeRolePolicyDocument="{}")
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("code.py", "")
    for name in names:
        boto3.client("lambda").create_function(
            FunctionName=name,
            Runtime="python3.11",
            Role=ROLE,
            Handler="code.handler",
            Code={"ZipFile": code.getvalue()},
        )


def load(definition: str) -> Callable[[Any], Any]:
    if names := {resource.split(":")[-1] for resource in resources_of(json.loads(definition))}:
        make_functions(names)
    client = boto3.client("stepfunctions")
    machine = client.create_state_machine(name="bench", definition=definition, roleArn=ROLE)["stateMachineArn"]
    numbers = itertools.count()

    def run(given: Any) -> Any:
        started = client.start_execution(
            stateMachineArn=machine, name=f"execution-{next(numbers)}", input=json.dumps(given)
        )
        pause = 0.001
        while True:
            said = client.describe_execution(executionArn=started["executionArn"])
            # It has succeeded for a moment before it has an output.
            if said["status"] != "RUNNING" and ("output" in said or said["status"] != "SUCCEEDED"):
                break
            time.sleep(pause)
            pause = min(LONGEST_PAUSE, pause * 2)
        if said["status"] != "SUCCEEDED":
            raise RuntimeError(f"{said['status']}: {said.get('error')}: {said.get('cause')}")
        return json.loads(said["output"])

    return run


if __name__ == "__main__":
    assert workload()
    with moto.mock_aws(config={"stepfunctions": {"execute_state_machine": True}, "lambda": {"use_docker": False}}):
        serve(load)
