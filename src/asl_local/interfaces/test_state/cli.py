"""`asl-local test-state`: TestState from the command line, with the options of `aws stepfunctions test-state`.

Knows: how the aws command reads option values and prints an answer. Must never know: what a request may say.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any, Final

from asl_local.interfaces import cli
from asl_local.interfaces.aws.values import Shorthand, ValueProblem, text_value
from asl_local.interfaces.cli_run import stand_ins
from asl_local.interfaces.commands.functions import gather
from asl_local.interfaces.test_state.run import test_state

_TEXTS: Final = {
    "role_arn": "roleArn", "input": "input", "inspection_level": "inspectionLevel", "variables": "variables",
    "state_name": "stateName", "context": "context",
}  # fmt: skip
_STRUCTURES: Final = {"mock": "mock", "state_configuration": "stateConfiguration"}
_COUNTS: Final = ("retrierRetryCount", "mapIterationFailureCount")


def run(options: argparse.Namespace) -> int:
    """The command. Gives 0 where there is an answer, whatever its status, as the aws command does."""
    try:
        request = _request(options)
    except ValueProblem as error:
        cli.complain(str(error))
        return cli.USAGE
    aws = None if "mock" in request else stand_ins(options)
    answer = test_state(
        resources=gather(options.resources, aws), substitutions=dict(options.substitute) or None, **request
    )
    print(json.dumps(answer, indent=4, ensure_ascii=False))
    return 0


def _request(options: argparse.Namespace) -> dict[str, Any]:
    """The request's members; what shorthand writes as text and the API has as number becomes one."""
    definition = options.definition
    named = definition.removeprefix("file://")
    is_text = definition.lstrip().startswith("{")
    request: dict[str, Any] = {"definition": definition if is_text else Path(named).expanduser()}
    for option, member in _TEXTS.items():
        given = getattr(options, option)
        if given is not None:
            request[member] = text_value(given)
    for option, member in _STRUCTURES.items():
        given = getattr(options, option)
        if given is not None:
            request[member] = _structure(text_value(given))
    configuration: dict[str, Any] = request.get("stateConfiguration") or {}
    for name in _COUNTS:
        count = configuration.get(name)
        if isinstance(count, str) and count.isascii() and count.isdecimal():
            configuration[name] = int(count)
    if options.reveal_secrets is not None:
        request["revealSecrets"] = options.reveal_secrets
    return request


def _structure(text: str) -> Any:
    """JSON or shorthand, as the aws command takes either."""
    if not text.lstrip().startswith("{"):
        return Shorthand(text).read()
    try:
        return json.loads(text)
    except ValueError as error:
        raise ValueProblem(f"invalid JSON: {error}\nJSON received: {text}") from None
