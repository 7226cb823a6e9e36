"""Anybody's client for a service: a boto3 client, moto's, or a fake of your own.

Knows: how a state's parameters become keywords and a response a result, by the client's own model where it has one.
Must never know: which services there are, or who gave the client.
Step Functions spells every member with a capital, whatever the API does; a client with a model (`client.meta`, as every
boto3 client has) is called in its own spelling, and what it answers is capitalised. A fake without a model is called
with the names that the state has, or with those of its signature where only the first letter differs, and answers in
the spelling that the state machine is to see.
"""

from __future__ import annotations

import base64
import inspect
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple

from asl_local.drivers.driver import TaskContext, Work, is_awaitable
from asl_local.engine.messages import Call
from asl_local.errors import NotJson, StateError
from asl_local.plan import Resource, unusable
from asl_local.resources.integrations.envelope import Words, accepted, added_to, api_name, failed, plain, words_of
from asl_local.services.errors import ClientError
from asl_local.values import Json, accept, copy, text_of


class Method(NamedTuple):
    """One operation of a client.

    `model` is botocore's OperationModel where the client has one. `camel_texts` are the parameters that are texts, where
    the client has no model but says that its members begin with small letters, as asl_local.StepFunctions does.
    """

    call: Callable[..., Any]
    model: Any = None
    camel_texts: frozenset[str] | None = None


def client_work(client: Any, resource: Resource) -> Work | None:
    """The work of one action by this client; None if it has no such operation."""
    method = method_of(client, resource.operation)
    if method is None:
        return None
    words = words_of(resource.service)

    def perform(call: Call, context: TaskContext) -> Json | Awaitable[Json]:
        if not isinstance(call.arguments, dict):
            raise unusable(call.arguments, "The Parameters must be an object")
        parameters = _parameters(method, added_to(resource.service, call.arguments, context.execution_arn))
        try:
            response = method.call(**parameters)
        except Exception as error:
            raise failure(error, words, call, context, modelled=method.model is not None) from error
        if is_awaitable(response):
            return _later(response, method, resource.service, call, context)
        return _result(response, method, resource.service, context)

    return perform


async def _later(response: Awaitable[Any], method: Method, service: str, call: Call, context: TaskContext) -> Json:
    try:
        answer = await response
    except Exception as error:
        raise failure(error, words_of(service), call, context, modelled=method.model is not None) from error
    return _result(answer, method, service, context)


# -- which method ------------------------------------------------------------------------------------------------------


def method_of(client: Any, action: str) -> Method | None:
    """The client's operation for an ARN's action: `getSecretValue` is `get_secret_value`, or a method of that name."""
    mapping = getattr(getattr(client, "meta", None), "method_to_api_mapping", None)
    model = getattr(getattr(client, "meta", None), "service_model", None)
    if isinstance(mapping, Mapping) and model is not None:
        wanted = api_name(action).casefold()
        for name, operation in mapping.items():
            if operation.casefold() == wanted:
                return Method(getattr(client, name), model.operation_model(operation))
        return None
    for name in (snake(action), action):
        method = None if name.startswith("_") else getattr(client, name, None)
        if callable(method):
            return Method(method, camel_texts=getattr(method, "camel_texts", None))
    return None


def snake(action: str) -> str:
    """boto3's name of an operation: `describeDBInstances` -> `describe_db_instances`."""
    action = re.sub(r"([A-Z]{2,}s)(?=[A-Z]|$)", lambda found: found[1].capitalize(), action)  # URLs, ACLs
    split = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", action)
    return re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", split).lower()


def offered(client: Any) -> list[str]:
    """The operations of a client in the spelling of an ARN, for hints."""
    mapping = getattr(getattr(client, "meta", None), "method_to_api_mapping", None)
    if isinstance(mapping, Mapping):
        return sorted(name[:1].lower() + name[1:] for name in mapping.values())
    methods = [name for name in dir(client) if not name.startswith("_") and callable(getattr(client, name, None))]
    return sorted(re.sub(r"_([a-z0-9])", lambda found: found[1].upper(), name) for name in methods)


# -- on the way to a client --------------------------------------------------------------------------------------------


def _parameters(method: Method, arguments: Json) -> dict[str, Any]:
    if method.camel_texts is not None:
        lowered = {_small(name): value for name, value in arguments.items()}
        return {
            name: text_of(value) if name in method.camel_texts and not isinstance(value, str) else _spelt(value, _small)
            for name, value in lowered.items()
            if value is not None
        }
    if method.model is None:
        return _as_signed(method.call, copy(arguments))
    shape = method.model.input_shape
    problems: list[str] = []
    body = None if shape is None else shape.serialization.get("payload")
    sent = {} if shape is None else _structure(shape, arguments, problems, body)
    if shape is None:
        problems += [_unknown(name) for name in arguments]
    if problems:
        raise unusable(arguments, *problems)
    return sent


def _as_signed(method: Callable[..., Any], arguments: dict[str, Json]) -> dict[str, Json]:
    """The same arguments under the names that the method's signature has for them."""
    try:
        names = inspect.signature(method).parameters
    except (TypeError, ValueError):  # a built-in without a signature
        return arguments
    lowered = {name: _small(name) for name in arguments}
    return {
        lowered[name] if name not in names and lowered[name] in names else name: value
        for name, value in arguments.items()
    }


def _small(name: str) -> str:
    return name[:1].lower() + name[1:]


def _spelt(value: Any, spell: Callable[[str], str]) -> Any:
    """The same value with every member's name spelt so, at every depth."""
    if isinstance(value, Mapping):
        return {spell(name): _spelt(member, spell) for name, member in value.items()}
    return [_spelt(item, spell) for item in value] if isinstance(value, list) else value


def _member(name: str) -> str:
    """How a state spells a member of the API; Equals is a method of every object in Java (Developer Guide, AWS SDK)."""
    return "EqualsValue" if name in ("equals", "Equals") else api_name(name)


def _unknown(name: str) -> str:
    return f"The field '{name}' is not supported by Step Functions"


def _structure(shape: Any, value: Mapping[str, Json], problems: list[str], body: str | None = None) -> dict[str, Any]:
    members = {_member(name): name for name in shape.members}
    sent = {}
    for name, member in value.items():
        known = members.get(name)
        if known is None:
            problems.append(_unknown(name))
        elif member is not None:  # null is what is not there, as for the SDK
            sent[known] = _sent(shape.members[known], member, name, problems, text=known == body)
    return sent


def _sent(shape: Any, value: Json, name: str, problems: list[str], *, text: bool = False) -> Any:
    """A state's value as the client takes it: objects where a text is wanted go out as JSON text (recorded)."""
    kind = shape.type_name
    if kind == "structure" and isinstance(value, dict):
        return value if getattr(shape, "is_document_type", False) else _structure(shape, value, problems)
    if kind == "list" and isinstance(value, list):
        return [_sent(shape.member, item, name, problems) for item in value]
    if kind == "map" and isinstance(value, dict):
        return {key: _sent(shape.value, item, name, problems) for key, item in value.items()}
    if kind == "string" and not isinstance(value, str):
        return text_of(value)
    if kind != "blob":
        return value
    if text:
        return (value if isinstance(value, str) else text_of(value)).encode("utf-8", "surrogatepass")
    try:
        return base64.b64decode(value, validate=True)
    except (TypeError, ValueError):
        problems.append(f"The value for the field '{name}' must be base64 text")
        return b""


# -- on the way back ---------------------------------------------------------------------------------------------------


def _result(response: Any, method: Method, service: str, context: TaskContext) -> Json:
    if not isinstance(response, Mapping):
        response = {} if response is None else {"Result": response}
    if method.model is not None and method.model.output_shape is not None:
        response = _capitalised(method.model.output_shape, response)
    elif method.camel_texts is not None:
        response = _spelt(response, api_name)
    try:
        result = accept(words_of(service).result(response, context.aws_request_id))
    except NotJson as error:
        raise failed(error, context) from error
    return accepted(service, result)


def _capitalised(shape: Any, value: Any) -> Any:
    """A response with the members of its structures capitalised; the keys of maps are the user's own."""
    kind = shape.type_name
    if kind == "structure" and isinstance(value, Mapping) and not getattr(shape, "is_document_type", False):
        members = shape.members
        return {
            _member(name): _capitalised(members[name], member) if name in members else member
            for name, member in value.items()
        }
    if kind == "list" and isinstance(value, list):
        return [_capitalised(shape.member, item) for item in value]
    if kind == "map" and isinstance(value, Mapping):
        return {key: _capitalised(shape.value, item) for key, item in value.items()}
    return plain(value)


def failure(error: Exception, words: Words, call: Call, context: TaskContext, *, modelled: bool) -> StateError:
    """The error that the machine sees for what a client raised; to be raised from that, which is for people.

    An AWS error has its exception's name, or its code where a fake has no exceptions of its own. An exception that is
    no AWS error is named by its class, a request that was never sent is SdkClientException, and what Python itself
    raises in a fake is its own failure.
    """
    if isinstance(error, StateError):
        return error
    request, kind = context.aws_request_id, type(error).__name__
    response = getattr(error, "response", None)
    if isinstance(response, Mapping) and isinstance(response.get("Error"), Mapping):
        code, message = str(response["Error"].get("Code", "Unknown")), str(response["Error"].get("Message", ""))
        status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 400)
        plainly = kind == "ClientError" or type(error) is ClientError
        name = (None if modelled else code) if plainly else kind
        return words.error(name, code, status, message, request)
    module = type(error).__module__
    if module.startswith("botocore"):
        if kind == "ParamValidationError":
            return unusable(call.arguments, *str(error).splitlines()[1:])
        return words.unreachable(str(error))
    if module == "builtins":
        return failed(error, context)
    return words.error(kind, kind, 400, str(error), request)


__all__ = ["client_work", "failure", "method_of", "offered", "snake"]
