"""Answers the cases of kind `api`: a sequence of requests, put to the client one after the other.

Knows: what the recordings replaced (ids, page tokens, times) and when AWS began to send a member. Must never know: a case.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

import asl_local

_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_LOG_GROUP = re.compile(r"(:log-group:)[^:]+(?=:\*$)")  # the recordings have one name for all of them

# Members that AWS has answered with only since a day (its announcements of the features); older recordings lack them.
_SINCE = {
    "redriveCount": "2023-11-15",
    "redriveStatus": "2023-11-15",
    "redriveStatusReason": "2023-11-15",
    "encryptionConfiguration": "2024-07-25",
    "variableReferences": "2024-11-20",
}


class Requests:
    """One case's requests to one client, and what of its answers the recording names differently."""

    def __init__(self, case: dict[str, Any]) -> None:
        self._steps = case["steps"]
        self._day = datetime.strptime(case["source"]["recorded_date"], "%d-%m-%Y, %H:%M:%S").strftime("%Y-%m-%d")
        self._client = asl_local.StepFunctions({"*": _anything}, clock="virtual", seed=1, account="111111111111")
        self._names: dict[str, str] = {}  # an id of ours -> what the recording calls it
        self._arns: dict[str, str] = {}  # an ARN that later requests use -> ours
        self._tokens: dict[str, str] = {}  # operation -> the page token of its last answer

    def answers(self) -> list[dict[str, Any]]:
        """`{"response"}` or `{"exception"}` for every step."""
        return [self._answer(step) for step in self._steps]

    def _answer(self, step: dict[str, Any]) -> dict[str, Any]:
        try:
            call: Callable[..., Any] = getattr(self._client, step["op"])
            response = call(**self._request(step["op"], step["request"]))
        except asl_local.AslError as error:
            return {"exception": self._exception(error, step.get("expect") or {})}
        except AttributeError as error:
            return {"unsupported": str(error)}
        del response["ResponseMetadata"]
        if "nextToken" in response:
            self._tokens[step["op"]] = response["nextToken"]
        for member, arn in (step.get("answers_with") or {}).items():
            self._learn(arn, response.get(member))
        return {"response": self._as_recorded(response)}

    def _request(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        """The request with our ARNs, and with our page token where the recording has lost the real one."""
        ours = _replaced(request, self._arns)
        token = ours.get("nextToken", "")
        if token is None or token.endswith(".nextToken"):
            ours["nextToken"] = self._tokens.get(operation, token)
        return ours

    def _learn(self, recorded: str, ours: Any) -> None:
        """Later requests say `recorded` for `ours`; the ids in it that we drew have names in the recording."""
        if not isinstance(ours, str):
            return
        self._arns[recorded] = ours
        for theirs, own in zip(reversed(recorded.split(":")), reversed(ours.split(":")), strict=False):
            if _UUID.fullmatch(own):
                self._names[own] = theirs

    def _as_recorded(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {
                name: self._as_recorded(member)
                for name, member in value.items()
                if self._day >= _SINCE.get(name, "") and not (name == "timestamp" and "previousEventId" in value)
            }
        if isinstance(value, list):
            return [self._as_recorded(item) for item in value]
        if isinstance(value, str):
            value = _LOG_GROUP.sub(r"\1log_group_name", value)
            for ours, theirs in self._names.items():
                value = value.replace(ours, theirs)
        return value

    def _exception(self, error: asl_local.AslError, expected: dict[str, Any]) -> dict[str, Any]:
        """Some recordings kept an exception's code and message, others the text that str() gives and no code."""
        response = getattr(error, "response", {"Error": {"Code": type(error).__name__, "Message": str(error)}})
        code, message = response["Error"]["Code"], self._as_recorded(response["Error"]["Message"])
        if "exception" in expected and expected["exception"].get("code") is None:
            # What boto3 refuses itself has no preamble.
            return {
                "code": None,
                "message": message if code == "ParamValidationError" else self._as_recorded(str(error)),
            }
        return {"code": code, "message": message}


def _replaced(value: Any, table: dict[str, str]) -> Any:
    """The value with every text that is in the table replaced."""
    if isinstance(value, dict):
        return {name: _replaced(member, table) for name, member in value.items()}
    if isinstance(value, list):
        return [_replaced(item, table) for item in value]
    return table.get(value, value) if isinstance(value, str) else value


def _anything(event: Any) -> Any:
    """A task that succeeds: what these cases call is not what they are about."""
    return event
