"""What a service's answer looks like, by its API model: a Task's Resource and a mocked result -> what is wrong with it.

Knows: AWS's sentences about a wrong member (recorded), botocore's service models where botocore is installed, and a
table of our own for the integrations that most machines use. Must never know: requests, states, or stand-ins.

What AWS does not say here either: members that the model does not have pass, and neither patterns nor lists of values
are compared (docs/decisions/0009).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple

from asl_local.definition.resource_arns import ResourceArn
from asl_local.errors import AslError
from asl_local.lazy import dataclass, field
from asl_local.values import Json


@dataclass(slots=True)
class Shape:
    """What one value may be. `kind` is string, number, boolean, array, object or any; `least` and `most` bound a number
    or the length of a text. An object has `members`, or `item` for whatever its members are called.
    """

    kind: str
    least: float | None = None
    most: float | None = None
    members: dict[str, Shape] = field(default_factory=dict)
    required: tuple[str, ...] = ()
    item: Shape | None = None


_TYPES: Final[Mapping[str, tuple[tuple[type, ...], str]]] = {
    "string": ((str,), "a string"),
    "number": ((int, float), "a number"),
    "boolean": ((bool,), "a boolean"),
    "array": ((list,), "an array"),
    "object": ((dict,), "an object"),
}


class Problem(NamedTuple):
    """What is wrong with a value: the JSON pointer into the result, and AWS's sentence."""

    path: str
    sentence: str


def problem(resource: ResourceArn, result: Json, *, strict: bool) -> Problem | None:
    """The first thing that is wrong with a Task's mocked result; None if nothing is.

    `strict` wants what the model requires, too. Raises AslError where the model is needed and not at hand.
    """
    shape = answer_shape(resource)
    return None if shape is None else _problem(shape, result, "Result", "", strict)


def _problem(shape: Shape, value: Json, name: str, path: str, strict: bool) -> Problem | None:
    if shape.kind == "any":
        return None
    types, called = _TYPES[shape.kind]
    right = isinstance(value, types) and not (shape.kind == "number" and isinstance(value, bool))
    if not right:
        return Problem(path, f"Field '{name}' must be {called}")
    if shape.kind in ("number", "string", "boolean"):
        wrong = _out_of_bounds(shape, value)
        return None if wrong is None else Problem(path, f"Field '{name}' {wrong}")
    if shape.kind == "array":
        inner = [(shape.item, item, name, f"{path}/{at}") for at, item in enumerate(value)]
    else:
        inner = [
            (shape.members.get(member, shape.item), item, member, f"{path}/{member}") for member, item in value.items()
        ]
    for expected, item, member, place in inner:
        found = None if expected is None else _problem(expected, item, member, place, strict)
        if found is not None:
            return found
    missing = [member for member in shape.required if strict and member not in value]
    return Problem(path, f"Required field '{missing[0]}' is missing") if missing else None


def _out_of_bounds(shape: Shape, value: Json) -> str | None:
    if shape.kind == "number":
        size, under, over = value, "is less than the minimum value", "exceeds the maximum value"
    elif shape.kind == "string":
        size, under, over = len(value), "is smaller than the minimum length", "exceeds the maximum length"
    else:
        return None
    if shape.least is not None and size < shape.least:
        return under
    if shape.most is not None and size > shape.most:
        return over
    return None


def answer_shape(resource: ResourceArn) -> Shape | None:
    """The shape of what a Resource answers; None where no API model says it.

    That is so for functions and activities, for answers that come by SendTaskSuccess, for jobs whose last description
    is put together by Step Functions, and for integrations that are no API of a service.
    """
    called = f"{resource.service}:{resource.action}{resource.pattern}"
    if resource.kind not in ("optimised", "sdk") or resource.pattern == ".waitForTaskToken" or called in _NO_MODEL:
        return None
    if resource.pattern and not called.startswith("states:"):
        return None
    api = _APIS.get(called, called)
    if resource.kind == "sdk":
        api = called
    found = COMMON.get(api) if resource.kind == "optimised" else None
    if found is None:
        service, _, action = api.partition(":")
        found = _model_shape(service, action)
    changed = _JSON_MEMBERS.get(called, ()) if resource.kind == "optimised" else ()
    if not changed:
        return found
    members = {**found.members, **dict.fromkeys(changed, ANY)}
    return Shape("object", members=members, required=found.required)


# Optimised integrations that are no API, or one that Step Functions gives other names and shapes.
_NO_MODEL: Final = frozenset(
    {
        "apigateway:invoke", "bedrock:invokeModel", "eks:call", "eks:runJob", "elasticmapreduce:addStep",
        "elasticmapreduce:cancelStep", "elasticmapreduce:createCluster", "elasticmapreduce:modifyInstanceFleetByName",
        "elasticmapreduce:modifyInstanceGroupByName", "elasticmapreduce:setClusterTerminationProtection",
        "elasticmapreduce:terminateCluster", "http:invoke",
    }
)  # fmt: skip
# Whose answer it is where it is another API's: a job's is the description of the job when it is done.
_APIS: Final = {
    "states:startExecution.sync": "states:describeExecution",
    "states:startExecution.sync:2": "states:describeExecution",
}
# Members that are JSON here and text or bytes in the API.
_JSON_MEMBERS: Final = {"lambda:invoke": ("Payload",), "states:startExecution.sync:2": ("Input", "Output")}


# ------------------------------------------------------------------------------------------------------ our own table

ANY: Final = Shape("any")
_TEXT: Final = Shape("string")
_NUMBER: Final = Shape("number")
_YES_NO: Final = Shape("boolean")


def _texts(*names: str) -> dict[str, Shape]:
    return dict.fromkeys(names, _TEXT)


def _object(required: tuple[str, ...] = (), /, **members: Shape) -> Shape:
    return Shape("object", members=members, required=required)


def _each(shape: Shape) -> Shape:
    return Shape("array", item=shape)


def _named(shape: Shape) -> Shape:
    return Shape("object", item=shape)


_VALUE: Final = _object(
    **_texts("S", "N", "B"), SS=_each(_TEXT), NS=_each(_TEXT), BS=_each(_TEXT), NULL=_YES_NO, BOOL=_YES_NO
)
_VALUE.members.update(M=_named(_VALUE), L=_each(_VALUE))
_UNITS: Final = _object(ReadCapacityUnits=_NUMBER, WriteCapacityUnits=_NUMBER, CapacityUnits=_NUMBER)
_CAPACITY: Final = _object(
    TableName=Shape("string", 1, 1024), **_UNITS.members, Table=_UNITS, LocalSecondaryIndexes=_named(_UNITS),
    GlobalSecondaryIndexes=_named(_UNITS),
    VectorIndexes=_named(_object(VectorSearchRequestBytes=_NUMBER, VectorWriteRequestBytes=_NUMBER)),
)  # fmt: skip
_METRICS: Final = _object(ItemCollectionKey=_named(_VALUE), SizeEstimateRangeGB=_each(_NUMBER))
_WRITTEN: Final = _object(Attributes=_named(_VALUE), ConsumedCapacity=_CAPACITY, ItemCollectionMetrics=_METRICS)

COMMON: Final[Mapping[str, Shape]] = {
    "dynamodb:deleteItem": _WRITTEN,
    "dynamodb:getItem": _object(Item=_named(_VALUE), ConsumedCapacity=_CAPACITY),
    "dynamodb:putItem": _WRITTEN,
    "dynamodb:updateItem": _WRITTEN,
    "events:putEvents": _object(
        FailedEntryCount=_NUMBER, Entries=_each(_object(EventId=Shape("string", most=64), **_texts("ErrorCode", "ErrorMessage")))
    ),
    "lambda:invoke": _object(
        StatusCode=_NUMBER, **_texts("FunctionError", "LogResult"), Payload=_TEXT,
        ExecutedVersion=Shape("string", 1, 1024), DurableExecutionArn=Shape("string", 1, 1024),
    ),
    "sns:publish": _object(**_texts("MessageId", "SequenceNumber")),
    "sqs:sendMessage": _object(
        **_texts("MD5OfMessageBody", "MD5OfMessageAttributes", "MD5OfMessageSystemAttributes", "MessageId",
                 "SequenceNumber")
    ),
    "states:startExecution": _object(("ExecutionArn", "StartDate"), ExecutionArn=Shape("string", 1, 256), StartDate=_TEXT),
}  # fmt: skip
"""Answers of the optimised integrations that most machines use, so that these need no botocore."""


# --------------------------------------------------------------------------------------------------- botocore's models

_KINDS: Final = {
    "string": "string", "timestamp": "string", "blob": "string", "character": "string",
    "integer": "number", "long": "number", "float": "number", "double": "number", "bigdecimal": "number",
    "boolean": "boolean", "list": "array", "structure": "object", "map": "object",
}  # fmt: skip
_FOLDERS: Final = {"states": "stepfunctions", "elasticmapreduce": "emr"}


def _model_shape(service: str, action: str) -> Shape:
    model = _model(service)
    if model is None:
        raise AslError(
            f"nothing here knows the API of {service!r}: the mocked result of {service}:{action} cannot be compared "
            "with it; say fieldValidationMode NONE"
        )
    names = {name.casefold(): name for name in model["operations"]}
    name = names.get(action.casefold())
    if name is None:
        raise AslError(f"the API of {service!r} has no operation {action!r}; say fieldValidationMode NONE")
    output = model["operations"][name].get("output")
    return Shape("object") if output is None else _convert(model["shapes"], output["shape"], {})


def _convert(shapes: Mapping[str, Any], name: str, made: dict[str, Shape]) -> Shape:
    """A shape of the model; members are spelt as Step Functions spells them, with a capital."""
    if name in made:
        return made[name]
    given = shapes[name]
    if given.get("document") or given.get("eventstream"):
        return ANY
    shape = made[name] = Shape(_KINDS[given["type"]])
    if shape.kind in ("string", "number"):
        shape.least, shape.most = given.get("min"), given.get("max")
    for member, inner in given.get("members", {}).items():
        shape.members[_capital(member)] = _convert(shapes, inner["shape"], made)
    shape.required = tuple(map(_capital, given.get("required", ())))
    for key in ("member", "value"):
        if key in given:
            shape.item = _convert(shapes, given[key]["shape"], made)
    return shape


def _capital(name: str) -> str:
    return name[:1].upper() + name[1:]


@cache
def _model(service: str) -> Any:
    """The model that botocore has of a service, by the name that a Resource has for it; None if it has none."""
    try:
        import botocore.loaders  # noqa: PLC0415 - heavy, optional
    except ImportError:
        raise AslError(
            f"to compare a mocked result with the API model of {service!r}, asl_local needs botocore: "
            "pip install 'asl-local[mocks]', or say fieldValidationMode NONE"
        ) from None
    loader = botocore.loaders.create_loader()
    folder = _FOLDERS.get(service) or _folders().get(service.replace("-", ""))
    return None if folder is None else loader.load_service_model(folder, "service-2")


@cache
def _folders() -> Mapping[str, str]:
    """Where botocore keeps the model of a service, by the name that the new SDK, and so aws-sdk:, has for it."""
    import gzip  # noqa: PLC0415

    import botocore  # noqa: PLC0415

    found = {}
    for file in sorted((Path(botocore.__file__).parent / "data").glob("*/*/service-2.json*")):
        with gzip.open(file) if file.suffix == ".gz" else file.open("rb") as stream:
            named = re.search(rb'"serviceId"\s*:\s*"([^"]+)"', stream.read(6000))  # it stands at the top
        if named:
            found[named[1].decode().replace(" ", "").replace("-", "").lower()] = file.parts[-3]
    return {**{folder.replace("-", ""): folder for folder in found.values()}, **found}
