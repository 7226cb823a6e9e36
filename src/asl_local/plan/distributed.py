"""The fields of a Distributed Map -> flows: ItemReader, ItemBatcher, ResultWriter, failure thresholds.

Knows: what these fields mean in both query languages. Must never know: how items are read, batched or written.
The sentences of the path forms are AWS's (recorded); every path looks into the state's effective input.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from asl_local.definition import model
from asl_local.definition.model import UNSET
from asl_local.errors import QUERY_EVALUATION_ERROR, RUNTIME, EvaluationError
from asl_local.language import Flow, Scope
from asl_local.language.templates import compile_path_field, compile_template
from asl_local.plan import dataflow
from asl_local.plan.dataflow import JSONATA
from asl_local.plan.plan import Block, Distributed, Number
from asl_local.values import Json, text_of

_ANY = -(2**63)  # no lower bound of its own: what is out of range is said elsewhere, and later


def compile_distributed(state: model.Map, child: Block) -> Distributed | None:
    """What a Map of mode DISTRIBUTED has besides; None for an inline one."""
    config = state.processor.config
    if config.get("Mode", "INLINE") != "DISTRIBUTED":
        return None
    made = Distributed(child, config.get("ExecutionType") == "EXPRESS", state.label)
    if state.item_reader is not None:
        _reader(made, state.item_reader, state.language)
    elif state.language == JSONATA:
        made.items = _evaluated_items(state.items)
    else:
        made.items = _items(state.items_path)
    batcher = state.item_batcher or {}
    for name, slot in (("MaxItemsPerBatch", "batch_items"), ("MaxInputBytesPerBatch", "batch_bytes")):
        setattr(made, slot, _number(f"ItemBatcher/{name}", batcher, state.language, least=1))
    if "BatchInput" in batcher:
        made.batch_input = _payload(batcher["BatchInput"], state.language, "ItemBatcher/BatchInput")
    if state.result_writer is not None:
        _writer(made, state.result_writer, state.language)
    made.tolerated_count, made.tolerated_percentage = tolerances(state)
    return made


def tolerances(state: model.Map) -> tuple[Number | None, Number | None]:
    """ToleratedFailureCount and ToleratedFailurePercentage. AWS takes them from an inline Map, too (recorded)."""
    return _tolerated_count(state), _tolerated_percentage(state)


def _payload(payload: Json, language: str, field: str) -> Flow | None:
    return dataflow.evaluated(payload, field) if language == JSONATA else compile_template(payload)


def _number(field: str, owner: Mapping[str, Json], language: str, least: int) -> Number | None:
    """A number of a nested object, by its place in the state; AWS's sentences have its own name only."""
    name = field.rsplit("/", 1)[-1]
    named = field if language == JSONATA else name
    return dataflow.number(named, owner.get(name), owner.get(f"{name}Path"), least)


def _reader(made: Distributed, reader: Mapping[str, Any], language: str) -> None:
    payload = reader.get("Arguments" if language == JSONATA else "Parameters", {})
    made.reader = _payload(payload, language, "ItemReader/Arguments")
    made.reader_resource = reader["Resource"]
    config = reader.get("ReaderConfig", {})
    made.reader_config = {name: value for name, value in config.items() if name not in ("MaxItems", "MaxItemsPath")}
    made.max_items = _number("ItemReader/ReaderConfig/MaxItems", config, language, _ANY)


def _writer(made: Distributed, writer: Mapping[str, Any], language: str) -> None:
    config = writer.get("WriterConfig", {})
    made.transformation = config.get("Transformation")
    made.output_type = config.get("OutputType", "JSON")
    if "Resource" in writer:
        payload = writer.get("Arguments" if language == JSONATA else "Parameters", {})
        made.writer = _payload(payload, language, "ResultWriter/Arguments")
        made.writer_resource = writer["Resource"]


def _evaluated_items(payload: Any) -> Callable[[Json, Scope], Json]:
    """Items of a JSONata state: an array or an object, its input where there are none."""
    find = None if payload is UNSET else dataflow.evaluated(payload, "Items")

    def items(value: Json, scope: Scope) -> Json:
        found = value if find is None else find(value, scope)
        if type(found) is list or type(found) is dict:
            return found
        shown = text_of(found)
        if find is None:
            raise EvaluationError(QUERY_EVALUATION_ERROR, f"Map state input must be an array but was: {shown}")
        raise EvaluationError(
            QUERY_EVALUATION_ERROR,
            f"The JSONata expression '{_bare(payload)}' specified for the field 'Items' returned an unexpected result "
            f"type. Expected 'array', but was '{_kind(found)}' for value: {shown}",
            "Items",
        )

    return items


def _bare(payload: Json) -> str:
    return payload[2:-2].strip() if isinstance(payload, str) else text_of(payload)


def _kind(value: Json) -> str:
    if value is None:
        return "null"
    return {bool: "boolean", int: "number", float: "number", str: "string"}[type(value)]


def _items(path: str) -> Callable[[Json, Scope], Json]:
    find: Flow = dataflow.identity if path == "$" else compile_path_field(path)
    named = path.removeprefix("$") if path.startswith("$$") else path  # one dollar, whichever document (recorded)

    def items(value: Json, scope: Scope) -> Json:
        found = find(value, scope)
        if type(found) is list or type(found) is dict:
            return found
        raise EvaluationError(RUNTIME, f'Reference path "{named}" must point to array.')

    return items


# -- failure thresholds ------------------------------------------------------------------------------------------------


def _tolerated_count(state: model.Map) -> Number | None:
    found = dataflow.number(
        "ToleratedFailureCount", state.tolerated_failure_count, state.tolerated_failure_count_path, _ANY
    )
    rule = "ToleratedFailureCount cannot be negative."
    return _within(found, 0, None, _refused(state.language, rule, "ToleratedFailureCount"))


def _tolerated_percentage(state: model.Map) -> Number | None:
    name, given, path = (
        "ToleratedFailurePercentage",
        state.tolerated_failure_percentage,
        state.tolerated_failure_percentage_path,
    )
    if isinstance(given, str):
        made = Number(None, dataflow.value_of(given, name, "number"))
    elif path is not None:
        made = Number(None, _float_at(name, path))
    else:
        return None if given is None else Number(given)
    return _within(made, 0, 100, _refused(state.language, f"{name} must be between 0 and 100.", name))


def _float_at(name: str, path: str) -> Flow:
    find = compile_path_field(path)

    def flow(value: Json, scope: Scope) -> Json:
        found = find(value, scope)
        if type(found) is str and re.fullmatch(r"-?\d{1,18}(\.\d{1,18})?", found):
            return float(found)
        if type(found) not in (int, float):
            raise EvaluationError(
                RUNTIME,
                f'The {name}Path field refers to value "{dataflow.shown(found)}" which is not a valid float: {path}',
            )
        return found

    return flow


def _refused(language: str, rule: str, field: str) -> EvaluationError:
    if language == JSONATA:
        return EvaluationError(QUERY_EVALUATION_ERROR, rule, field)
    return EvaluationError(RUNTIME, rule)


def _within(number: Number | None, least: float, most: float | None, refusal: EvaluationError) -> Number | None:
    """A threshold that is evaluated, and refused when it is out of range."""
    if number is None or number.flow is None:
        return number
    find = number.flow

    def flow(value: Json, scope: Scope) -> Json:
        found = find(value, scope)
        if found < least or (most is not None and found > most):
            raise EvaluationError(refusal.error, refusal.cause, refusal.location)
        return found

    return Number(None, flow)


__all__ = ["compile_distributed", "tolerances"]
