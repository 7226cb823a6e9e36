"""The definition as frozen, typed values: what the plan is compiled from.

Knows: the fields of each state type, their Python types and defaults (States Language specification, "State Types").
Must never know: whether the definition is right (checks/ has said so before), or what a field does.

`UNSET` tells an absent payload field from one that is null. Paths that default to the whole document are "$";
a null InputPath, OutputPath or ResultPath is None.
"""

from __future__ import annotations

from enum import Enum
from functools import lru_cache

from asl_local.definition.json_text import escape
from asl_local.errors import Diagnostic
from asl_local.lazy import TYPE_CHECKING, dataclass, field
from asl_local.values import Json

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, ClassVar, Final, TypeAlias


class Unset(Enum):
    """The type of `UNSET`, the value of a payload field that the definition does not have."""

    UNSET = "UNSET"


UNSET: Final = Unset.UNSET
Payload: TypeAlias = "Any"  # Json | Unset, which Any swallows


@dataclass(frozen=True, slots=True, kw_only=True)
class Retrier:
    """One member of Retry; times in seconds."""

    error_equals: tuple[str, ...]
    interval_seconds: int = 1
    max_attempts: int = 3
    backoff_rate: float = 2.0
    max_delay_seconds: int | None = None
    jitter_strategy: str = "NONE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Catcher:
    """One member of Catch."""

    error_equals: tuple[str, ...]
    next: str
    result_path: str | None = "$"
    assign: Payload = UNSET
    output: Payload = UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class ChoiceRule:
    """One member of Choices: its comparison or Condition, as written, and where it leads."""

    rule: Mapping[str, Json]
    next: str
    assign: Payload = UNSET
    output: Payload = UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What every state has; `pointer` is its JSON pointer in the definition.

    `language` is the state's query language: its own, else the machine's. Fields of the other language keep their
    defaults, and where a field says so a JSONata state may have a `{% %}` string in it.
    """

    type: ClassVar[str]
    name: str
    pointer: str
    language: str = "JSONPath"
    comment: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Filtered(State):
    """A state whose input and output pass through InputPath and OutputPath, or through Output."""

    input_path: str | None = "$"
    output_path: str | None = "$"
    output: Payload = UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition(Filtered):
    """A state that leads on: exactly one of `next` and `end`."""

    next: str | None = None
    end: bool = False
    assign: Payload = UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class Fallible(Transition):
    """A state with a result of its own that Retry and Catch watch over."""

    result_selector: Payload = UNSET
    result_path: str | None = "$"
    retry: tuple[Retrier, ...] = ()
    catch: tuple[Catcher, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass(Transition):
    """Passes its input on, or a fixed `result`."""

    type: ClassVar[str] = "Pass"
    parameters: Payload = UNSET
    result: Payload = UNSET
    result_path: str | None = "$"


@dataclass(frozen=True, slots=True, kw_only=True)
class Task(Fallible):
    """Calls a resource."""

    type: ClassVar[str] = "Task"
    resource: str
    parameters: Payload = UNSET
    arguments: Payload = UNSET
    timeout_seconds: int | str | None = None  # text: {% %}
    timeout_seconds_path: str | None = None
    heartbeat_seconds: int | str | None = None  # text: {% %}
    heartbeat_seconds_path: str | None = None
    credentials: Payload = UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice(Filtered):
    """Goes where the first true rule says, else to `default`."""

    type: ClassVar[str] = "Choice"
    choices: tuple[ChoiceRule, ...]
    default: str | None = None
    assign: Payload = UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait(Transition):
    """Stands still; exactly one of the four fields is set."""

    type: ClassVar[str] = "Wait"
    seconds: int | str | None = None  # text: {% %}
    timestamp: str | None = None
    seconds_path: str | None = None
    timestamp_path: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Succeed(Filtered):
    """Ends its branch, iteration or execution well."""

    type: ClassVar[str] = "Succeed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fail(State):
    """Ends it with an error; the path forms may hold an intrinsic function call."""

    type: ClassVar[str] = "Fail"
    error: str | None = None
    cause: str | None = None
    error_path: str | None = None
    cause_path: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A `States` object with its `StartAt`: the machine, a Parallel branch, or what a Map runs per item.

    `config` is a Map's ProcessorConfig.
    """

    pointer: str
    start_at: str
    states: Mapping[str, State]
    config: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parallel(Fallible):
    """Runs every branch on the same input."""

    type: ClassVar[str] = "Parallel"
    branches: tuple[Block, ...]
    parameters: Payload = UNSET
    arguments: Payload = UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class Map(Fallible):
    """Runs `processor` (ItemProcessor, once Iterator) per item; `item_selector` was once Parameters."""

    type: ClassVar[str] = "Map"
    processor: Block
    items_path: str = "$"
    items: Payload = UNSET
    item_selector: Payload = UNSET
    max_concurrency: int | str = 0  # text: {% %}
    max_concurrency_path: str | None = None
    label: str | None = None
    item_reader: Mapping[str, Any] | None = None
    item_batcher: Mapping[str, Any] | None = None
    result_writer: Mapping[str, Any] | None = None
    tolerated_failure_count: int | str | None = None  # text: {% %}
    tolerated_failure_count_path: str | None = None
    tolerated_failure_percentage: float | str | None = None  # text: {% %}
    tolerated_failure_percentage_path: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StateMachine:
    """A whole definition; `timeout_seconds` bounds the execution.

    `unresolved` are placeholders that nobody filled and that stand where the machine needs a number or an expression;
    a machine that has any cannot run. Meanwhile the model has defaults in their places.
    """

    top: Block
    comment: str | None = None
    timeout_seconds: int | None = None
    unresolved: tuple[Diagnostic, ...] = ()


STATE_TYPES: Final[Mapping[str, type[State]]] = {
    kind.type: kind for kind in (Task, Pass, Choice, Wait, Succeed, Fail, Parallel, Map)
}

# Fields whose Python name is not their ASL name in snake case: the two spellings that a Map state still has.
_SYNONYMS = {"Map": {"Parameters": "item_selector", "Iterator": "processor", "ItemProcessor": "processor"}}
_IGNORED = {"Type", "QueryLanguage"}


def build(tree: Mapping[str, Any], unresolved: tuple[Diagnostic, ...] = ()) -> StateMachine:
    """The model of a definition that checks/ has found right."""
    return StateMachine(
        top=_Builder(tree.get("QueryLanguage", "JSONPath")).block(tree, ""),
        comment=tree.get("Comment"),
        timeout_seconds=tree.get("TimeoutSeconds"),
        unresolved=unresolved,
    )


@dataclass(frozen=True, slots=True)
class _Builder:
    """Builds blocks and states. A state's own QueryLanguage does not reach into its branches or its processor."""

    language: str

    def block(self, tree: Mapping[str, Any], pointer: str) -> Block:
        states = {
            name: self.state(name, state, f"{pointer}/States/{escape(name)}") for name, state in tree["States"].items()
        }
        config = tree.get("ProcessorConfig", {})
        return Block(pointer=pointer, start_at=tree["StartAt"], states=states, config=config)

    def state(self, name: str, tree: Mapping[str, Any], pointer: str) -> State:
        kind = STATE_TYPES[tree["Type"]]
        synonyms = _SYNONYMS.get(kind.type, {})
        fields: dict[str, Any] = {
            "name": name,
            "pointer": pointer,
            "language": tree.get("QueryLanguage", self.language),
        }
        for written, value in tree.items():
            if written not in _IGNORED:
                convert = _CONVERTERS.get(written)
                made = convert(self, value, f"{pointer}/{written}") if convert else value
                fields[synonyms.get(written) or snake(written)] = made
        return kind(**fields)


def _retrier(tree: Mapping[str, Any]) -> Retrier:
    fields = {snake(field): value for field, value in tree.items() if field != "Comment"}
    return Retrier(**{**fields, "error_equals": tuple(fields["error_equals"])})


def _catcher(tree: Mapping[str, Any]) -> Catcher:
    fields = {snake(field): value for field, value in tree.items() if field != "Comment"}
    return Catcher(**{**fields, "error_equals": tuple(fields["error_equals"])})


def _rule(tree: Mapping[str, Any]) -> ChoiceRule:
    return ChoiceRule(rule=tree, next=tree["Next"], assign=tree.get("Assign", UNSET), output=tree.get("Output", UNSET))


_CONVERTERS: Final[Mapping[str, Callable[[_Builder, Any, str], Any]]] = {
    "Branches": lambda builder, value, at: tuple(builder.block(branch, f"{at}/{i}") for i, branch in enumerate(value)),
    "ItemProcessor": _Builder.block,
    "Iterator": _Builder.block,
    "Retry": lambda _builder, value, _at: tuple(map(_retrier, value)),
    "Catch": lambda _builder, value, _at: tuple(map(_catcher, value)),
    "Choices": lambda _builder, value, _at: tuple(map(_rule, value)),
}


@lru_cache(maxsize=512)
def snake(field: str) -> str:
    """`TimeoutSecondsPath` -> `timeout_seconds_path`."""
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in field).lstrip("_")
