"""THE TABLE: every field of the States Language, who has it, and what it may hold.

Knows: the language as AWS documents it, JSONata and Distributed Map included. Must never know: how a rule is checked
(checks/ does), or what a field does when a machine runs.

A row is one field of one owner (a state type, the machine, a retrier, ...). Sources: the States Language specification
("Spec"), the Step Functions Developer Guide ("Guide").
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import Enum
from functools import cache, lru_cache
from typing import Any, Final, Literal, TypeAlias

from asl_local.lazy import dataclass
from asl_local.values import Json


class Kind(Enum):
    """What a field holds. The value is how the docs name it."""

    TEXT = "string"
    BOOLEAN = "boolean"
    INTEGER = "integer"
    NUMBER = "number"
    CONSTANT = "one of"
    TIMESTAMP = "RFC 3339 timestamp"
    RESOURCE = "resource ARN"
    TARGET = "name of a state in the same States"
    PATH = "path"
    REFERENCE_PATH = "Reference Path"
    NUMBER_PATH = "Reference Path into the input"
    RESULT_PATH = "Reference Path into the input, or null"
    TEXT_PATH = "Reference Path or intrinsic function"
    OPERAND = "path, not an intrinsic function"
    EXPRESSION = "path or intrinsic function"
    TEMPLATE = "payload template"
    ASSIGN = "values by variable name"
    JSON = "any JSON"
    STATIC = "any JSON, never evaluated"
    OBJECT = "object"
    OBJECTS = "array of objects"
    STATES = "states by name"
    ERRORS = "array of error names"
    STRINGS = "array of strings"
    CONDITION = "condition"


Language = Literal["both", "JSONPath", "JSONata"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One row.

    `least` and `most` bound numbers and the length of arrays; `values` are what a
    CONSTANT may be; `item` is the owner of what an OBJECT or OBJECTS holds; `default` is text for the docs.
    `expression` says that a `{% %}` may stand for the value in a JSONata state, and `sees` which part of `$states` such
    an expression may read there besides `input` and `context`.
    """

    owner: str
    name: str
    kind: Kind
    language: Language = "both"
    required: bool = False
    nullable: bool = False
    least: float | None = None
    most: float | None = None
    values: tuple[str, ...] = ()
    item: str = ""
    default: str = ""
    expression: bool = False
    sees: Literal["", "result", "errorOutput"] = ""
    source: str = ""


_Written: TypeAlias = tuple[tuple[str, ...], dict[str, Any]]
"""Owners, and the row that they share, as it is written; a definition needs the rows of some owners only."""


def _fields(owners: str, name: str, kind: Kind, source: str, **more: object) -> list[_Written]:
    """The same row for several owners."""
    return [(tuple(owners.split()), {"name": name, "kind": kind, "source": source, **more})]


K = Kind
LONGEST_NAME = 80  # characters of a state's name; Spec, "States"
LONGEST_SECONDS = 99_999_999  # Guide, "Task", "Wait", "Error handling"
LONGEST_DELAY = 31_622_400  # a leap year; Guide, "Retry": MaxDelaySeconds is less than 31622401
LONGEST_LABEL = 40
DEEPEST_NESTING = 32  # States within States; AWS has a limit (TOO_DEEPLY_NESTED) and does not say which

STATE_TYPES: Final = ("Task", "Wait", "Pass", "Succeed", "Fail", "Choice", "Parallel", "Map")  # AWS's order
QUERY_LANGUAGES: Final = ("JSONPath", "JSONata")

_ALL = " ".join(STATE_TYPES)
_MOVING = "Task Wait Pass Parallel Map"
_PATHS = "Task Wait Pass Succeed Choice Parallel Map"
_FALLIBLE = "Task Parallel Map"
_JSONPATH: Final = {"language": "JSONPath"}
_JSONATA: Final = {"language": "JSONata"}
_STATES = "Spec: State machine data"

_OPERANDS: Final = {
    "string": K.TEXT, "pattern": K.TEXT, "number": K.NUMBER, "boolean": K.BOOLEAN, "is": K.BOOLEAN,
    "timestamp": K.TIMESTAMP,
}  # fmt: skip

_ROWS: Final[tuple[_Written | None, ...]] = (
    # -- the machine and what is like it
    *_fields("Machine Branch ItemProcessor", "States", K.STATES, "Spec: Top-level fields", required=True, least=1),
    *_fields("Machine Branch ItemProcessor", "StartAt", K.TARGET, "Spec: Top-level fields", required=True),
    *_fields("Machine Branch ItemProcessor", "Comment", K.TEXT, "Spec: Top-level fields"),
    *_fields("Machine", "Version", K.CONSTANT, "Spec: Top-level fields", values=("1.0",), default="1.0"),
    *_fields("Machine", "TimeoutSeconds", K.INTEGER, "Spec: Top-level fields", least=0, most=LONGEST_SECONDS),
    *_fields(
        "Machine", "QueryLanguage", K.CONSTANT, "Spec: Query language", values=QUERY_LANGUAGES, default="JSONPath"
    ),
    *_fields("ItemProcessor", "ProcessorConfig", K.OBJECT, "Guide: Map", item="ProcessorConfig"),
    *_fields("ProcessorConfig", "Mode", K.CONSTANT, "Guide: Map", values=("INLINE", "DISTRIBUTED"), default="INLINE"),
    *_fields("ProcessorConfig", "ExecutionType", K.CONSTANT, "Guide: Distributed Map", values=("STANDARD", "EXPRESS")),
    # -- all states
    *_fields(_ALL, "Type", K.CONSTANT, "Spec: States", values=STATE_TYPES, required=True),
    *_fields(_ALL, "Comment", K.TEXT, "Spec: States"),
    *_fields(
        _ALL, "QueryLanguage", K.CONSTANT, "Spec: Query language", values=QUERY_LANGUAGES, default="the machine's"
    ),
    *_fields(_MOVING, "Next", K.TARGET, "Spec: Transitions"),
    *_fields(_MOVING, "End", K.BOOLEAN, "Spec: Transitions", default="false"),
    # -- the data flow
    *_fields(_PATHS, "InputPath", K.PATH, _STATES, nullable=True, default="$", **_JSONPATH),
    *_fields(_PATHS, "OutputPath", K.PATH, _STATES, nullable=True, default="$", **_JSONPATH),
    *_fields("Task Pass Parallel", "Parameters", K.TEMPLATE, _STATES, **_JSONPATH),
    *_fields("Map", "Parameters", K.TEMPLATE, "Guide: Map (deprecated name of ItemSelector)", **_JSONPATH),
    *_fields(_FALLIBLE, "ResultSelector", K.TEMPLATE, _STATES, **_JSONPATH),
    *_fields("Task Pass Parallel Map", "ResultPath", K.RESULT_PATH, _STATES, nullable=True, default="$", **_JSONPATH),
    *_fields("Pass", "Result", K.STATIC, "Spec: Pass state", **_JSONPATH),
    *_fields("Task Parallel", "Arguments", K.JSON, "Spec: Arguments", expression=True, **_JSONATA),
    *_fields("Wait Pass Succeed Choice", "Output", K.JSON, "Spec: Output", expression=True, **_JSONATA),
    *_fields(_FALLIBLE, "Output", K.JSON, "Spec: Output", expression=True, sees="result", **_JSONATA),
    *_fields("Wait Pass Choice", "Assign", K.ASSIGN, "Spec: Assign", expression=True),
    *_fields(_FALLIBLE, "Assign", K.ASSIGN, "Spec: Assign", expression=True, sees="result"),
    # -- errors
    *_fields(_FALLIBLE, "Retry", K.OBJECTS, "Spec: Retrying after error", item="Retrier"),
    *_fields(_FALLIBLE, "Catch", K.OBJECTS, "Spec: Fallback states", item="Catcher"),
    *_fields("Retrier Catcher", "ErrorEquals", K.ERRORS, "Spec: Errors", required=True, least=1),
    *_fields("Retrier Catcher", "Comment", K.TEXT, "Guide: Error handling"),
    *_fields(
        "Retrier", "IntervalSeconds", K.INTEGER, "Spec: Retrying after error", least=0, most=LONGEST_SECONDS, default="1"
    ),
    *_fields(
        "Retrier", "MaxAttempts", K.INTEGER, "Spec: Retrying after error", least=0, most=LONGEST_SECONDS, default="3"
    ),
    *_fields("Retrier", "BackoffRate", K.NUMBER, "Spec: Retrying after error", least=1.0, default="2.0"),
    *_fields("Retrier", "MaxDelaySeconds", K.INTEGER, "Spec: Retrying after error", least=1, most=LONGEST_DELAY),
    *_fields(
        "Retrier", "JitterStrategy", K.CONSTANT, "Spec: Retrying after error", values=("NONE", "FULL"), default="NONE"
    ),
    *_fields("Catcher", "Next", K.TARGET, "Spec: Fallback states", required=True),
    *_fields(
        "Catcher", "ResultPath", K.RESULT_PATH, "Spec: Fallback states", nullable=True, default="$", **_JSONPATH
    ),
    *_fields(
        "Catcher", "Output", K.JSON, "Spec: Fallback states", expression=True, sees="errorOutput", **_JSONATA
    ),
    *_fields("Catcher", "Assign", K.ASSIGN, "Spec: Assign", expression=True, sees="errorOutput"),
    # -- Task
    *_fields("Task", "Resource", K.RESOURCE, "Spec: Task state", required=True),
    *_fields(
        "Task", "TimeoutSeconds", K.INTEGER, "Spec: Timeouts and heartbeats", least=1, most=LONGEST_SECONDS,
        default="99999999", expression=True,
    ),
    *_fields("Task", "TimeoutSecondsPath", K.NUMBER_PATH, "Spec: Timeouts and heartbeats", **_JSONPATH),
    *_fields(
        "Task", "HeartbeatSeconds", K.INTEGER, "Spec: Timeouts and heartbeats", least=1, most=LONGEST_SECONDS,
        expression=True,
    ),
    *_fields("Task", "HeartbeatSecondsPath", K.NUMBER_PATH, "Spec: Timeouts and heartbeats", **_JSONPATH),
    *_fields("Task", "Credentials", K.OBJECT, "Spec: Credentials", item="Credentials"),
    *_fields("Credentials", "RoleArn", K.TEXT, "Guide: Cross-account access", expression=True),
    *_fields("Credentials", "RoleArn.$", K.EXPRESSION, "Guide: Cross-account access", **_JSONPATH),
    # -- Choice
    *_fields("Choice", "Choices", K.OBJECTS, "Spec: Choice state", item="ChoiceRule", required=True, least=1),
    *_fields("Choice", "Default", K.TARGET, "Spec: Choice state"),
    *_fields("ChoiceRule", "Next", K.TARGET, "Spec: Choice state", required=True),
    *_fields("ChoiceRule NestedRule", "Comment", K.TEXT, "Guide: Choice"),
    *_fields("ChoiceRule", "Condition", K.CONDITION, "Spec: Choice state", expression=True, **_JSONATA),
    *_fields("ChoiceRule", "Assign", K.ASSIGN, "Spec: Assign", expression=True),
    *_fields("ChoiceRule", "Output", K.JSON, "Spec: Choice state", expression=True, **_JSONATA),
    *_fields("ChoiceRule NestedRule", "Variable", K.OPERAND, "Spec: Choice state", **_JSONPATH),
    *_fields("ChoiceRule NestedRule", "And", K.OBJECTS, "Spec: Choice state", item="NestedRule", least=1, **_JSONPATH),
    *_fields("ChoiceRule NestedRule", "Or", K.OBJECTS, "Spec: Choice state", item="NestedRule", least=1, **_JSONPATH),
    *_fields("ChoiceRule NestedRule", "Not", K.OBJECT, "Spec: Choice state", item="NestedRule", **_JSONPATH),
    None,  # the comparison operators, see `rows`
    # -- Wait
    *_fields("Wait", "Seconds", K.INTEGER, "Spec: Wait state", least=0, most=LONGEST_SECONDS, expression=True),
    *_fields("Wait", "Timestamp", K.TIMESTAMP, "Spec: Wait state", expression=True),
    *_fields("Wait", "SecondsPath", K.NUMBER_PATH, "Spec: Wait state", **_JSONPATH),
    *_fields("Wait", "TimestampPath", K.REFERENCE_PATH, "Spec: Wait state", **_JSONPATH),
    # -- Fail
    *_fields("Fail", "Error", K.TEXT, "Spec: Fail state", expression=True),
    *_fields("Fail", "Cause", K.TEXT, "Spec: Fail state", expression=True),
    *_fields("Fail", "ErrorPath", K.TEXT_PATH, "Spec: Fail state", **_JSONPATH),
    *_fields("Fail", "CausePath", K.TEXT_PATH, "Spec: Fail state", **_JSONPATH),
    # -- Parallel and Map
    *_fields("Parallel", "Branches", K.OBJECTS, "Spec: Parallel state", item="Branch", required=True, least=1),
    *_fields("Map", "ItemProcessor", K.OBJECT, "Spec: Map state", item="ItemProcessor"),
    *_fields("Map", "Iterator", K.OBJECT, "Guide: Map (deprecated name of ItemProcessor)", item="ItemProcessor"),
    *_fields("Map", "ItemsPath", K.REFERENCE_PATH, "Spec: Map state", default="$", **_JSONPATH),
    *_fields("Map", "Items", K.JSON, "Spec: Map state", expression=True, **_JSONATA),
    *_fields("Map", "ItemSelector", K.TEMPLATE, "Spec: Map state", expression=True),
    *_fields("Map", "MaxConcurrency", K.INTEGER, "Spec: Map state", least=0, default="0 (no limit)", expression=True),
    *_fields("Map", "MaxConcurrencyPath", K.NUMBER_PATH, "Spec: Map state", **_JSONPATH),
    # -- Distributed Map
    *_fields("Map", "Label", K.TEXT, "Guide: Distributed Map"),
    *_fields("Map", "ItemReader", K.OBJECT, "Guide: ItemReader", item="ItemReader"),
    *_fields("Map", "ItemBatcher", K.OBJECT, "Guide: ItemBatcher", item="ItemBatcher"),
    *_fields("Map", "ResultWriter", K.OBJECT, "Guide: ResultWriter", item="ResultWriter"),
    *_fields(
        "Map", "ToleratedFailurePercentage", K.NUMBER, "Guide: Distributed Map", least=0.0, most=100.0,
        expression=True,
    ),
    *_fields(
        "Map", "ToleratedFailurePercentagePath", K.NUMBER_PATH, "Guide: Distributed Map",
        language="JSONPath",
    ),
    *_fields(
        "Map", "ToleratedFailureCount", K.INTEGER, "Guide: Distributed Map", least=0, expression=True
    ),
    *_fields(
        "Map", "ToleratedFailureCountPath", K.NUMBER_PATH, "Guide: Distributed Map", language="JSONPath"
    ),
    *_fields("ItemReader", "Resource", K.TEXT, "Guide: ItemReader", required=True),
    *_fields("ResultWriter", "Resource", K.TEXT, "Guide: ResultWriter"),
    *_fields("ItemReader ResultWriter", "Parameters", K.TEMPLATE, "Guide: ItemReader, ResultWriter", **_JSONPATH),
    *_fields(
        "ItemReader ResultWriter", "Arguments", K.JSON, "Guide: ItemReader, ResultWriter", language="JSONata",
        expression=True,
    ),
    *_fields("ItemReader", "ReaderConfig", K.OBJECT, "Guide: ItemReader", item="ReaderConfig"),
    *_fields(
        "ReaderConfig", "InputType", K.CONSTANT, "Guide: ItemReader",
        values=("CSV", "JSON", "JSONL", "PARQUET", "MANIFEST"),
    ),
    *_fields("ReaderConfig", "CSVHeaderLocation", K.CONSTANT, "Guide: ItemReader", values=("FIRST_ROW", "GIVEN")),
    *_fields("ReaderConfig", "CSVHeaders", K.STRINGS, "Guide: ItemReader"),
    *_fields(
        "ReaderConfig", "CSVDelimiter", K.CONSTANT, "Guide: ItemReader",
        values=("COMMA", "PIPE", "SEMICOLON", "SPACE", "TAB"), default="COMMA",
    ),
    *_fields("ReaderConfig", "MaxItems", K.INTEGER, "Guide: ItemReader", least=0, most=100_000_000, expression=True),
    *_fields("ReaderConfig", "MaxItemsPath", K.NUMBER_PATH, "Guide: ItemReader", **_JSONPATH),
    *_fields("ReaderConfig", "ItemsPointer", K.TEXT, "Guide: ItemReader"),
    *_fields(
        "ReaderConfig", "ManifestType", K.CONSTANT, "Guide: ItemReader", values=("ATHENA_DATA", "S3_INVENTORY")
    ),
    *_fields(
        "ReaderConfig", "Transformation", K.CONSTANT, "Guide: ItemReader", values=("NONE", "LOAD_AND_FLATTEN"),
        default="NONE",
    ),
    *_fields("ItemBatcher", "BatchInput", K.TEMPLATE, "Guide: ItemBatcher", expression=True),
    *_fields("ItemBatcher", "MaxItemsPerBatch", K.INTEGER, "Guide: ItemBatcher", least=1, expression=True),
    *_fields("ItemBatcher", "MaxItemsPerBatchPath", K.NUMBER_PATH, "Guide: ItemBatcher", **_JSONPATH),
    *_fields(
        "ItemBatcher", "MaxInputBytesPerBatch", K.INTEGER, "Guide: ItemBatcher", least=1, most=262_144, expression=True
    ),
    *_fields("ItemBatcher", "MaxInputBytesPerBatchPath", K.NUMBER_PATH, "Guide: ItemBatcher", **_JSONPATH),
    *_fields("ResultWriter", "WriterConfig", K.OBJECT, "Guide: ResultWriter", item="WriterConfig"),
    *_fields(
        "WriterConfig", "Transformation", K.CONSTANT, "Guide: ResultWriter", values=("NONE", "COMPACT", "FLATTEN")
    ),
    *_fields("WriterConfig", "OutputType", K.CONSTANT, "Guide: ResultWriter", values=("JSON", "JSONL")),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Group:
    """Fields of which an owner has one at most; exactly one if `required`."""

    owner: str
    fields: tuple[str, ...]
    required: bool = False


GROUPS: Final[tuple[Group, ...]] = (
    *(Group(owner, ("Next", "End"), required=True) for owner in _MOVING.split()),
    Group("Wait", ("SecondsPath", "Seconds", "TimestampPath", "Timestamp"), required=True),
    Group("Task", ("TimeoutSeconds", "TimeoutSecondsPath")),
    Group("Task", ("HeartbeatSeconds", "HeartbeatSecondsPath")),
    Group("Credentials", ("RoleArn", "RoleArn.$")),
    Group("Fail", ("Error", "ErrorPath")),
    Group("Fail", ("Cause", "CausePath")),
    Group("Map", ("ItemProcessor", "Iterator"), required=True),
    Group("Map", ("ItemSelector", "Parameters")),
    Group("Map", ("MaxConcurrency", "MaxConcurrencyPath")),
    Group("Map", ("ToleratedFailurePercentage", "ToleratedFailurePercentagePath")),
    Group("Map", ("ToleratedFailureCount", "ToleratedFailureCountPath")),
    Group("ReaderConfig", ("MaxItems", "MaxItemsPath")),
    Group("ItemBatcher", ("MaxItemsPerBatch", "MaxItemsPerBatchPath")),
    Group("ItemBatcher", ("MaxInputBytesPerBatch", "MaxInputBytesPerBatchPath")),
)


@cache
def rows() -> tuple[Field, ...]:
    """The whole table."""
    return tuple(Field(owner=owner, **row) for owners, row in _written(operators=True) for owner in owners)


def _written(*, operators: bool) -> Iterator[_Written]:
    """The table as it is written, with the comparison operators of Choice rules, which run by a table of their own."""
    for row in _ROWS:
        if row is not None:
            yield row
        elif operators:
            yield from _operators()


def _operators() -> Iterator[_Written]:
    from asl_local.language.choice import OPERATORS  # noqa: PLC0415 - with all of JSONPath

    for name, operator in OPERATORS.items():
        kind = K.OPERAND if operator.path_form else _OPERANDS[operator.kind]
        yield from _fields("ChoiceRule NestedRule", name, kind, "Spec: Choice state", **_JSONPATH)


@lru_cache(maxsize=100)
def fields_of(owner: str) -> Mapping[str, Field]:
    """The owner's rows by field name; empty for an owner there is not."""
    written = _written(operators=owner in ("ChoiceRule", "NestedRule"))
    return {row["name"]: Field(owner=owner, **row) for owners, row in written if owner in owners}


@lru_cache(maxsize=100)
def groups_of(owner: str) -> tuple[Group, ...]:
    """Which of the owner's fields exclude each other."""
    return tuple(group for group in GROUPS if group.owner == owner)


def owners_of(name: str) -> tuple[str, ...]:
    """Who has a field of this name."""
    return tuple(row.owner for row in rows() if row.name == name)


# ------------------------------------------------------------------------------------------------------- for the docs


def _shown(row: Field) -> str:
    kind = row.kind.value
    if row.values:
        kind = f"{kind} {', '.join(f'`{value}`' for value in row.values)}"
    if row.kind in (K.INTEGER, K.NUMBER):
        least = "" if row.least is None else f"{row.least:g}" if row.kind is K.NUMBER else f"{int(row.least)}"
        most = "" if row.most is None else f"{row.most:g}" if row.kind is K.NUMBER else f"{int(row.most)}"
        if least or most:
            kind = f"{kind} {least}…{most}" if most else f"{kind} from {least}"
    if row.item:
        kind = f"{kind} ({row.item})"
    return f"{kind} or null" if row.nullable and "null" not in kind else kind


def _excludes(row: Field) -> str:
    for group in groups_of(row.owner):
        if row.name in group.fields:
            others = " or ".join(f"`{name}`" for name in group.fields if name != row.name)
            return f"{'or' if group.required else 'not with'} {others}"
    return ""


def markdown() -> str:
    """The whole table as Markdown, one line per field; owners that share a row share a line."""
    lines = ["| field | of | language | holds | default | notes | source |", "|" + " --- |" * 7]
    merged: dict[tuple[Json, ...], list[str]] = {}
    for row in rows():
        notes = "required" if row.required else _excludes(row)
        key = (
            f"`{row.name}`", row.language, _shown(row), f"`{row.default}`" if row.default else "", notes,
            row.source,
        )  # fmt: skip
        merged.setdefault(key, []).append(row.owner)
    for (name, language, holds, default, notes, source), owners in merged.items():
        cells = (name, ", ".join(owners), language, holds, default, notes, source)
        lines.append("| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines)
