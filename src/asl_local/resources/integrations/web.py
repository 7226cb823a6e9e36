"""http:invoke and apigateway:invoke: what an answer of a web server is to a state machine.

Knows: the result and the errors of both. Must never know: how a request is sent; nothing here opens a connection.
Whoever stands for the server is a function of the request: the Task's parameters, such as `{"ApiEndpoint", "Method",
"Headers"?, "QueryParameters"?, "RequestBody"?}`. It answers with `{"StatusCode", "ResponseBody"?, "Headers"?,
"StatusText"?}`, or with a response of `requests` or `httpx`.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Mapping
from http import HTTPStatus
from typing import Any

from asl_local.drivers.driver import TaskContext, Work, is_awaitable
from asl_local.engine.messages import Call
from asl_local.errors import HTTP_SOCKET, HTTP_STATUS_CODE, StateError
from asl_local.plan import Resource
from asl_local.resources.integrations.envelope import failed, plain
from asl_local.values import Json, accept, copy, text_of

# What begins the error of a status that is not 2xx (Developer Guide), and the error where there is no answer at all.
ERRORS: Mapping[str, tuple[str, str]] = {
    "apigateway": ("ApiGateway.", "ApiGateway.SdkClientException"),
    "http": (f"{HTTP_STATUS_CODE}.", HTTP_SOCKET),
}


def web_work(server: Any, resource: Resource) -> Work | None:
    """The work of `http:invoke` or `apigateway:invoke` by this function, or by the `invoke` method of this object."""
    answer = getattr(server, "invoke", server)
    if not callable(answer):
        return None
    status_error, socket_error = ERRORS[resource.service]

    def perform(call: Call, context: TaskContext) -> Json | Awaitable[Json]:
        try:
            response = answer(copy(call.arguments))
            if not is_awaitable(response):
                return result(response, status_error)
        except Exception as error:
            raise _failure(error, socket_error, context) from error
        return _later(response, status_error, socket_error, context)

    return perform


async def _later(response: Awaitable[Any], status_error: str, socket_error: str, context: TaskContext) -> Json:
    try:
        return result(await response, status_error)
    except Exception as error:
        raise _failure(error, socket_error, context) from error


def _failure(error: Exception, socket_error: str, context: TaskContext) -> StateError:
    """No connection is the integration's error, anything else the function's own."""
    return StateError(socket_error, str(error)) if isinstance(error, OSError) else failed(error, context)


def result(response: Any, status_error: str) -> Json:
    """`{"Headers", "ResponseBody", "StatusCode", "StatusText"}` (recorded); raises StateError for a status that is not 2xx.

    The cause of that error is the response's body.
    """
    if not isinstance(response, Mapping):
        response = _of_library(response)
    status = int(response.get("StatusCode", 200))
    headers = {
        name: list(value) if isinstance(value, (list, tuple)) else [str(value)]
        for name, value in dict(response.get("Headers") or {}).items()
    }
    body = accept(plain(response.get("ResponseBody", "")))
    if not 200 <= status <= 299:
        raise StateError(f"{status_error}{status}", body if isinstance(body, str) else text_of(body))
    return {
        "Headers": headers,
        "ResponseBody": body,
        "StatusCode": status,
        "StatusText": str(response.get("StatusText", _phrase(status))),
    }


def _of_library(response: Any) -> dict[str, Any]:
    """The parts of a response as requests, httpx and their mocks have them."""
    if not hasattr(response, "status_code"):
        raise TypeError(f"a web server's answer is a dict with StatusCode, not a {type(response).__name__}")
    headers, body = dict(getattr(response, "headers", {})), getattr(response, "text", "")
    if any("json" in str(value) for name, value in headers.items() if name.lower() == "content-type"):
        body = json.loads(body)
    reason = getattr(response, "reason", None) or getattr(response, "reason_phrase", None)
    text = {"StatusText": reason} if isinstance(reason, str) else {}
    return {"StatusCode": response.status_code, "Headers": headers, "ResponseBody": body, **text}


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


__all__ = ["ERRORS", "result", "web_work"]
